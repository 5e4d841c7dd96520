// Spike encoder: turns the codes of a window into spikes in the order of time steps. The twin of
// hw/spike_encoder/spike_encoder.h, written for synthesis.
//
//     codes_in --> [ fill | scatter | emit ] --> spikes_out
//
// Timing   as the SystemC block: fill and scatter take one code a cycle, further spikes of a code one more each; emit
//          takes one cycle for a window's start, one a head flit, one a spike or mark; three windows at once.
// Config   window_count, window_tokens, window_wide: the program's entry for codes_in_tag, in the same cycle (inputs of
//          the window, tokens of the batch, inputs that are digit pairs). format_* and steps: the layer's codes,
//          code_*: its spike code; slot_bits: of a batch's tokens. All hold while a layer runs.
// Differs  entries of a step are a linked list (first, last, next), not counted beforehand: masks and further bits come
//          in a window's last flits, and scatter starts in the cycle after, too early for a count of one code a cycle.
//          Not here: index lists (encoder.side_format; the lockstep packs with masks); payload bitmap; several inputs
//          (payload packed_codes); the phase of a flit, which is not on wires.
module spike_encoder #(
    parameter int LINK_BITS = 128,
    parameter int PACKET_FLITS = 16,
    parameter int MOST_INPUTS = 128,    // of a window
    parameter int MOST_TOKENS = 4,      // of a batch, 2 at least
    parameter int MOST_CODES = 512,     // of a window, all tokens; a power of two
    parameter int MOST_ENTRIES = 2048,  // of a window; a power of two
    localparam int COUNT_BITS = $clog2(MOST_INPUTS + 1),
    localparam int TOKENS_BITS = $clog2(MOST_TOKENS + 1),
    localparam int SLOT_BITS = $clog2(MOST_TOKENS)
) (
    input logic clk,
    input logic reset,
    input logic code_repeats,          // spike code count
    input logic code_radix,            // spike code radix; neither: ttfs
    input logic format_unsigned,
    input logic [2:0] format_salient,  // one of: 1 floating, 2 shifted, 4 extended
    input logic format_digits,
    input logic [4:0] steps,
    input logic [2:0] slot_bits,
    input logic [COUNT_BITS-1:0] window_count,
    input logic [TOKENS_BITS-1:0] window_tokens,
    input logic [MOST_INPUTS-1:0] window_wide,
    input logic codes_in_valid,
    input logic [LINK_BITS-1:0] codes_in_bits,
    input logic [47:0] codes_in_tag,
    input logic [31:0] codes_in_destination,
    input logic [7:0] codes_in_class,
    input logic [7:0] codes_in_flow,
    input logic [2:0] codes_in_type,
    input logic codes_in_head,
    input logic codes_in_tail,
    input logic codes_in_last_packet,
    output logic codes_in_pop,
    input logic spikes_out_ready,
    output logic spikes_out_push,
    output logic [LINK_BITS-1:0] spikes_out_bits,
    output logic [47:0] spikes_out_tag,
    output logic [31:0] spikes_out_destination,
    output logic [7:0] spikes_out_class,
    output logic [7:0] spikes_out_flow,
    output logic [2:0] spikes_out_type,
    output logic spikes_out_head,
    output logic spikes_out_tail,
    output logic spikes_out_last_packet
);
  localparam int CODES_BITS = $clog2(MOST_CODES + 1);
  localparam int ENTRY_BITS = $clog2(MOST_ENTRIES);
  localparam int EVENTS_BITS = ENTRY_BITS + 6;
  localparam int ADDRESS_BITS = MOST_INPUTS > 2 ? $clog2(MOST_INPUTS) : 1;
  localparam int PAYLOAD_BITS = 1 + 3 + ADDRESS_BITS + SLOT_BITS;
  localparam int EVENT_BITS = 1 + PAYLOAD_BITS;
  localparam int HEAD_BITS = 8 + 8 + 32 + 48 + LINK_BITS;
  localparam int USED_BITS = $clog2(LINK_BITS + 1);
  localparam logic [2:0] kCodes = 3'd0, kSpikes = 3'd1;

  // --- Fill: flits into the buffer, head flit kept; a cycle per code at least.
  logic filling, filled, head_seen, fill_ends;
  logic [CODES_BITS-1:0] fill_wait, window_codes;
  logic [HEAD_BITS-1:0] fill_head, sort_head, emit_head, codes_in_fields;
  logic [COUNT_BITS-1:0] fill_count, sort_count, emit_count;
  logic scatter_start, emit_start;
  logic first_head;

  assign codes_in_fields = {codes_in_class, codes_in_flow, codes_in_destination, codes_in_tag, codes_in_bits};
  assign codes_in_pop = codes_in_valid && (!filled || scatter_start);
  assign first_head = codes_in_pop && codes_in_head && !head_seen;
  assign fill_ends = codes_in_pop && codes_in_tail && codes_in_type == kCodes && codes_in_last_packet;

  always_comb begin
    window_codes = '0;
    for (int i = 0; i < TOKENS_BITS; i++)
      if (window_tokens[i]) window_codes = window_codes + (CODES_BITS'(window_count) << i);
  end

  always_ff @(posedge clk) begin
    if (reset) begin
      filling <= 1'b0;
      filled <= 1'b0;
      head_seen <= 1'b0;
      fill_wait <= '0;
    end else begin
      if (codes_in_pop) filling <= !fill_ends;
      if (fill_ends) filled <= 1'b1;
      else if (scatter_start) filled <= 1'b0;
      if (fill_ends) head_seen <= 1'b0;
      else if (first_head) head_seen <= 1'b1;
      if (codes_in_pop && !filling) fill_wait <= window_codes == '0 ? '0 : window_codes - 1'b1;
      else if (fill_wait != '0) fill_wait <= fill_wait - 1'b1;
      if (first_head) begin
        fill_head <= codes_in_fields;
        fill_count <= window_count;
      end
    end
  end

  // --- The buffer.
  logic [6:0] code;
  logic code_salient, code_digits, code_last;
  logic [COUNT_BITS-1:0] code_address;
  logic [SLOT_BITS-1:0] code_slot;
  logic read_next;
  logic [MOST_INPUTS-1:0] digit_pairs;
  assign digit_pairs = format_digits ? window_wide : '0;

  // Its ports that show accesses are for counting.
  // verilator lint_off PINCONNECTEMPTY
  mixed_precision_buffer #(
      .LINK_BITS(LINK_BITS), .MOST_INPUTS(MOST_INPUTS), .MOST_TOKENS(MOST_TOKENS), .MOST_CODES(MOST_CODES)
  ) buffer (
      .clk(clk),
      .reset(reset),
      .write_start(first_head),
      .window_count(window_count),
      .window_tokens(window_tokens),
      .window_wide(digit_pairs),
      .write_flit(codes_in_pop && !codes_in_head),
      .write_data(codes_in_bits),
      .read_start(scatter_start),
      .read_next(read_next),
      .code(code),
      .salient(code_salient),
      .digit_pair(code_digits),
      .code_address(code_address),
      .code_slot(code_slot),
      .last_code(code_last),
      .main_write_at(),
      .main_write_bits(),
      .side_write_at(),
      .side_write_bits(),
      .read_issued(),
      .main_read_at(),
      .mask_read_at(),
      .value_read_at(),
      .read_shown(),
      .value_width()
  );
  // verilator lint_on PINCONNECTEMPTY

  // --- Scatter: the code that the buffer shows, as up to two magnitudes with a slope each; every spike an entry at the
  // end of its step's list.
  logic scattering, scattered, scatter_half, scatter_ends, begun, code_done, has_entry;
  logic [4:0] magnitude0, magnitude1;
  logic [2:0] slope0, slope1;
  logic negative;
  logic [9:0] spikes, spikes_left, spike, spikes_after;  // of magnitude0, then magnitude1: one bit per step in radix
  logic [4:0] magnitude, step_of_entry, bit_of_entry;
  logic [ENTRY_BITS-1:0] entries;
  logic [EVENTS_BITS-1:0] events, events_next;
  logic [PAYLOAD_BITS-1:0] entry_payload;

  always_comb begin
    magnitude0 = {1'b0, code[3:0]};
    magnitude1 = '0;
    slope0 = 3'd0;
    slope1 = 3'd6;
    negative = 1'b0;
    if (code_digits) begin
      magnitude0 = {2'b0, code[2:0]};
      magnitude1 = {2'b0, code[5:3]};
      slope0 = 3'd5;
      negative = code[6];
    end else if (code_salient && format_salient[0]) begin
      magnitude0 = {3'b001, code[1:0]};
      slope0 = 3'd1 + {1'b0, code[3:2]};
      negative = code[4];
    end else if (code_salient && format_salient[1]) begin
      slope0 = 3'd1;
      negative = code[4];
    end else if (code_salient) begin
      magnitude0 = code[4:0];
    end else if (!format_unsigned) begin
      magnitude0 = {2'b0, code[2:0]};
      negative = code[3];
    end else if (format_salient[2]) begin
      magnitude0 = {1'b0, code[3:0]} + 5'd8;
    end
    spikes = code_radix ? {magnitude1, magnitude0} : {4'b0, magnitude1 != '0, 4'b0, magnitude0 != '0};
    if (begun) spikes = spikes_left;
    spike = spikes & (~spikes + 1'b1);
    spikes_after = spikes & ~spike;
    magnitude = spike[4:0] != '0 ? magnitude0 : magnitude1;
    bit_of_entry = '0;
    for (int i = 0; i < 5; i++) if (spike[i] || spike[i+5]) bit_of_entry = bit_of_entry | 5'(i);
    step_of_entry = code_radix ? bit_of_entry : steps - magnitude;
    entry_payload = {negative, spike[4:0] != '0 ? slope0 : slope1, ADDRESS_BITS'(code_address), code_slot};
  end

  logic unused_bits;
  assign unused_bits = &{1'b0, code_address};  // COUNT_BITS may be one more than ADDRESS_BITS

  assign has_entry = scattering && sort_count != '0 && spikes != '0;
  assign code_done = scattering && spikes_after == '0;
  assign scatter_ends = scattering && (sort_count == '0 || (code_done && code_last));
  assign read_next = code_done && !scatter_ends;
  assign events_next = !has_entry ? events : events + (code_repeats ? EVENTS_BITS'(magnitude) : EVENTS_BITS'(1));
  assign scatter_start = filled && fill_wait == '0 && ((!scattering && !scattered) || emit_start);

  // Lists of both halves, 32 steps each.
  logic [63:0] list_used;
  logic [ENTRY_BITS-1:0] list_first[0:63];
  logic [ENTRY_BITS-1:0] list_last[0:63];
  logic [5:0] scatter_list;
  assign scatter_list = {scatter_half, step_of_entry};

  always_ff @(posedge clk) begin
    if (reset) begin
      scattering <= 1'b0;
      scattered <= 1'b0;
      scatter_half <= 1'b0;
      begun <= 1'b0;
      list_used <= '0;
    end else begin
      if (scatter_start) scattering <= 1'b1;
      else if (scatter_ends) scattering <= 1'b0;
      if (emit_start) scattered <= 1'b0;
      else if (scatter_ends) scattered <= 1'b1;
      begun <= scattering && !code_done && !scatter_ends;
      spikes_left <= spikes_after;
      if (has_entry) begin
        list_used[scatter_list] <= 1'b1;
        list_last[scatter_list] <= entries;
        if (!list_used[scatter_list]) list_first[scatter_list] <= entries;
        entries <= entries + 1'b1;
      end
      events <= events_next;
      if (scatter_start) begin
        sort_head <= fill_head;
        sort_count <= fill_count;
        entries <= '0;
        events <= EVENTS_BITS'(steps);
        scatter_half <= !scatter_half;
        if (scatter_half) list_used[31:0] <= '0;
        else list_used[63:32] <= '0;
      end
    end
  end

  // --- Index memory: entries, and which entry is next in its list.
  logic [PAYLOAD_BITS-1:0] index_entry[0:2*MOST_ENTRIES-1];
  logic [ENTRY_BITS-1:0] index_next[0:2*MOST_ENTRIES-1];
  logic [PAYLOAD_BITS-1:0] spike_payload;
  logic [ENTRY_BITS-1:0] spike_next, read_node;
  logic index_read, emit_half;

  always_ff @(posedge clk) begin
    if (has_entry) index_entry[{scatter_half, entries}] <= entry_payload;
    if (has_entry && list_used[scatter_list]) index_next[{scatter_half, list_last[scatter_list]}] <= entries;
    if (index_read) begin
      spike_payload <= index_entry[{emit_half, read_node}];
      spike_next <= index_next[{emit_half, read_node}];
    end
  end

  // --- Emit. An event is a spike of list `list`, or the mark that ends `step`; in count, a step takes the lists of all
  // earlier steps again.
  logic emitting, send_head, fetch_first, at_spike, event_taken, flit_full;
  logic [4:0] step, list, search_from, search_to, found_list, next_step;
  logic [ENTRY_BITS-1:0] node;
  logic found, list_continues;
  logic [5:0] emit_list;
  logic [EVENTS_BITS-1:0] events_left;

  assign emit_start = !emitting && (scattered || scatter_ends);
  assign emit_list = {emit_half, list};
  assign list_continues = at_spike && node != list_last[emit_list];

  always_comb begin
    next_step = fetch_first ? 5'd0 : at_spike ? step : step + 1'b1;
    search_to = next_step;
    search_from = at_spike ? list + 1'b1 : code_repeats ? 5'd0 : next_step;
    if (fetch_first) search_from = 5'd0;
    found = 1'b0;
    found_list = list;
    for (int i = 31; i >= 0; i--) begin
      if (list_used[{emit_half, 5'(i)}] && 5'(i) >= search_from && 5'(i) <= search_to && !(at_spike && list == 5'd31)) begin
        found = 1'b1;
        found_list = 5'(i);
      end
    end
    read_node = list_continues ? spike_next : list_first[{emit_half, found_list}];
  end
  assign index_read = fetch_first || event_taken;

  always_ff @(posedge clk) begin
    if (reset) begin
      at_spike <= 1'b0;
      fetch_first <= 1'b0;
      emit_half <= 1'b0;
    end else begin
      fetch_first <= emit_start;
      if (emit_start) begin
        emit_half <= scatter_half;
        at_spike <= 1'b0;
      end else if (index_read) begin
        step <= next_step;
        at_spike <= list_continues || found;
        node <= read_node;
        if (!list_continues) list <= found_list;
      end
    end
  end

  // --- An event's fields, and a flit of them.
  logic [2:0] slope_bits, emit_slope;
  logic sign_bits, emit_negative;
  logic [3:0] address_bits;
  logic [ADDRESS_BITS-1:0] emit_address;
  logic [SLOT_BITS-1:0] emit_slot;
  logic [4:0] event_bits;
  logic [EVENT_BITS-1:0] event_word;
  logic [USED_BITS-1:0] per_flit, flit_bits, used, at;
  logic [LINK_BITS-1:0] body, body_next, padding, padding_next, event_padding;
  logic [EVENTS_BITS-1:0] per_packet;
  logic [$clog2(PACKET_FLITS)-1:0] packet_left;
  logic last_event;

  assign slope_bits = format_digits || format_salient[0] ? 3'd3 : 3'd1;
  assign sign_bits = !format_salient[2];
  assign {emit_negative, emit_slope, emit_address, emit_slot} = spike_payload;

  always_comb begin
    address_bits = 4'd1;
    for (int i = 1; i < ADDRESS_BITS; i++) if (emit_count > (COUNT_BITS'(1) << i)) address_bits = 4'(i + 1);
    event_bits = 5'd1 + 5'(slot_bits) + 5'(address_bits) + 5'(slope_bits) + 5'(sign_bits);
    per_flit = '0;
    flit_bits = '0;
    for (int i = 3; i <= EVENT_BITS; i++) begin
      if (event_bits == 5'(i)) begin
        per_flit = USED_BITS'(LINK_BITS / i);
        flit_bits = USED_BITS'(LINK_BITS / i * i);
      end
    end
    per_packet = '0;
    for (int i = 0; i < 16; i++)
      if (((PACKET_FLITS - 1) >> i) % 2 == 1) per_packet = per_packet + (EVENTS_BITS'(per_flit) << i);
    // Kind 1 and address 1 over and over, as far as whole events go.
    event_padding = LINK_BITS'(1) | (LINK_BITS'(1) << (slot_bits + 1'b1));
    padding_next = event_padding;
    for (int i = 0; (2 << i) < LINK_BITS; i++) padding_next = padding_next | (padding_next << (10'(event_bits) << i));
    padding_next = padding_next & ~({LINK_BITS{1'b1}} << flit_bits);
    event_word = EVENT_BITS'(1);
    if (at_spike)
      event_word = (EVENT_BITS'(emit_slot) << 1) | (EVENT_BITS'(emit_address) << (5'd1 + 5'(slot_bits))) |
                   (EVENT_BITS'(emit_slope) << (5'd1 + 5'(slot_bits) + 5'(address_bits))) |
                   (EVENT_BITS'(emit_negative && sign_bits) << (event_bits - 1'b1));
    body_next = body | (LINK_BITS'(event_word) << at);
    last_event = events_left == EVENTS_BITS'(1);
    flit_full = used + 1'b1 == per_flit || last_event;
  end

  assign event_taken = emitting && !send_head && (!flit_full || spikes_out_ready);
  assign spikes_out_push = emitting && spikes_out_ready && (send_head || flit_full);
  assign spikes_out_head = send_head;
  assign spikes_out_type = kSpikes;
  assign spikes_out_tail = !send_head && (last_event || packet_left == '0);
  assign spikes_out_last_packet = send_head ? events_left <= per_packet : last_event;
  assign spikes_out_class = emit_head[HEAD_BITS-1-:8];
  assign spikes_out_flow = emit_head[HEAD_BITS-9-:8];
  assign spikes_out_destination = send_head ? emit_head[HEAD_BITS-17-:32] : '0;
  assign spikes_out_tag = send_head ? emit_head[LINK_BITS+47-:48] : '0;
  assign spikes_out_bits = send_head ? emit_head[LINK_BITS-1:0] :
                           last_event ? body_next | (padding & ({LINK_BITS{1'b1}} << (at + USED_BITS'(event_bits)))) :
                                        body_next;

  always_ff @(posedge clk) begin
    if (reset) begin
      emitting <= 1'b0;
      send_head <= 1'b0;
    end else if (emit_start) begin
      emitting <= 1'b1;
      send_head <= 1'b1;
      emit_head <= sort_head;
      emit_count <= sort_count;
      events_left <= events_next;
      body <= '0;
      used <= '0;
      at <= '0;
    end else begin
      padding <= padding_next;
      if (spikes_out_push && send_head) begin
        send_head <= 1'b0;
        packet_left <= ($clog2(PACKET_FLITS))'(PACKET_FLITS - 2);
      end
      if (event_taken) begin
        events_left <= events_left - 1'b1;
        body <= flit_full ? '0 : body_next;
        used <= flit_full ? '0 : used + 1'b1;
        at <= flit_full ? '0 : at + USED_BITS'(event_bits);
      end
      if (spikes_out_push && !send_head) begin
        packet_left <= packet_left - 1'b1;
        if (last_event) emitting <= 1'b0;
        else if (packet_left == '0) send_head <= 1'b1;
      end
    end
  end
endmodule
