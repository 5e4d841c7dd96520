// Spike sorter: the codes of a window to address events in the order of time steps; part of spike_encoder.sv.
//
//     write_* --> [ code_sources ] --> [ scatter ] --> [ index memory ] --> [ emit ] --> flit
//
// Timing   scatter takes one code a cycle, further spikes of a code one more each; emit one a spike or mark.
//          scatter_start when `filled`, emit_start when the window is scattered and none is `emitting`. In cycles with
//          `body` emit goes on: flit_full says that the event completes a flit, which waits for `ready`.
// Config   as spike_encoder.sv.
// Differs  entries of a step are a linked list (first, last, next), not counted beforehand: masks (or index lists) and
//          further bits come in a window's last flits, and scatter starts in the cycle after, too early for a count of
//          one code a cycle.
module spike_sorter #(
    parameter int SOURCES = 1,
    parameter int LINK_BITS = 128,
    parameter int MOST_INPUTS = 128,
    parameter int MOST_TOKENS = 4,
    parameter int MOST_CODES = 512,
    parameter int MOST_ENTRIES = 2048,
    parameter int SIDE_LISTS = 0,
    localparam int COUNT_BITS = $clog2(MOST_INPUTS + 1),
    localparam int TOKENS_BITS = $clog2(MOST_TOKENS + 1),
    localparam int SLOT_BITS = $clog2(MOST_TOKENS)
) (
    input logic clk,
    input logic reset,
    input logic code_repeats,
    input logic code_radix,
    input logic format_unsigned,
    input logic [2:0] format_salient,
    input logic format_digits,
    input logic format_recorded,
    input logic [4:0] steps,
    input logic [TOKENS_BITS-1:0] slots,
    input logic [SOURCES-1:0] write_start,
    input logic [SOURCES*COUNT_BITS-1:0] window_counts,
    input logic [TOKENS_BITS-1:0] window_tokens,
    input logic [MOST_INPUTS-1:0] digit_pairs,
    input logic window_lists,
    input logic [SOURCES-1:0] write_flit,
    input logic [LINK_BITS-1:0] write_data,
    input logic filled,
    input logic emitting,
    output logic scatter_start,
    output logic emit_start,
    input logic body,
    input logic ready,
    output logic flit_full,
    output logic last_flit,
    output logic [LINK_BITS-1:0] flit
);
  localparam int ENTRY_BITS = $clog2(MOST_ENTRIES);
  localparam int EVENTS_BITS = ENTRY_BITS + 6;
  localparam int ADDRESS_BITS = MOST_INPUTS > 2 ? $clog2(MOST_INPUTS) : 1;
  localparam int PAYLOAD_BITS = 1 + 3 + ADDRESS_BITS + SLOT_BITS;
  localparam int EVENT_BITS = 1 + PAYLOAD_BITS;
  localparam int USED_BITS = $clog2(LINK_BITS + 1);

  // --- The codes.
  logic [6:0] code;
  logic code_salient, code_digits, code_last, read_next;
  logic [COUNT_BITS-1:0] code_address, sort_count, emit_count;
  logic [SLOT_BITS-1:0] code_slot;
  code_sources #(
      .SOURCES(SOURCES), .LINK_BITS(LINK_BITS), .MOST_INPUTS(MOST_INPUTS), .MOST_TOKENS(MOST_TOKENS),
      .MOST_CODES(MOST_CODES), .SIDE_LISTS(SIDE_LISTS)
  ) sources (
      .clk, .reset, .write_start, .window_counts, .window_tokens, .digit_pairs, .window_lists, .format_recorded,
      .write_flit, .write_data, .read_start(scatter_start), .read_next, .read_count(sort_count), .code, .salient(code_salient),
      .digit_pair(code_digits), .code_address, .code_slot, .last_code(code_last)
  );

  // --- Scatter: the code that the buffer shows, as up to two magnitudes with a slope each; every spike an entry at the
  // end of its step's list.
  logic scattering, scattered, scatter_half, scatter_ends, begun, code_done, has_entry;
  logic [4:0] magnitude0, magnitude1;
  logic [2:0] slope;
  logic negative;
  logic [9:0] spikes, spikes_left, spike, spikes_after;  // of magnitude0, then magnitude1: one bit per step in radix
  logic [4:0] magnitude, step_of_entry, bit_of_entry;
  logic [ENTRY_BITS-1:0] entries;
  logic [EVENTS_BITS-1:0] events, events_next;
  logic [PAYLOAD_BITS-1:0] entry_payload;

  code_spikes decode (
      .format_unsigned(format_unsigned),
      .format_salient(format_salient),
      .code(code),
      .salient(code_salient),
      .digit_pair(code_digits),
      .magnitude0(magnitude0),
      .magnitude1(magnitude1),
      .slope(slope),
      .negative(negative)
  );

  always_comb begin
    spikes = code_radix ? {magnitude1, magnitude0} : {4'b0, magnitude1 != '0, 4'b0, magnitude0 != '0};
    if (begun) spikes = spikes_left;
    spike = spikes & (~spikes + 1'b1);
    spikes_after = spikes & ~spike;
    magnitude = spike[4:0] != '0 ? magnitude0 : magnitude1;
    bit_of_entry = '0;
    for (int i = 0; i < 5; i++) if (spike[i] || spike[i+5]) bit_of_entry = bit_of_entry | 5'(i);
    step_of_entry = code_radix ? bit_of_entry : steps - magnitude;
    entry_payload = {negative, spike[4:0] != '0 ? slope : 3'd6, ADDRESS_BITS'(code_address), code_slot};
  end

  logic unused_bits;
  assign unused_bits = &{1'b0, code_address};  // COUNT_BITS may be one more than ADDRESS_BITS

  assign has_entry = scattering && sort_count != '0 && spikes != '0;
  assign code_done = scattering && spikes_after == '0;
  assign scatter_ends = scattering && (sort_count == '0 || (code_done && code_last));
  assign read_next = code_done && !scatter_ends;
  assign events_next = !has_entry ? events : events + (code_repeats ? EVENTS_BITS'(magnitude) : EVENTS_BITS'(1));
  assign scatter_start = filled && ((!scattering && !scattered) || emit_start);

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
  logic fetch_first, at_spike, event_taken;
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
      if (list_used[{emit_half, 5'(i)}] && 5'(i) >= search_from && 5'(i) <= search_to &&
          !(at_spike && list == 5'd31)) begin
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
  logic [LINK_BITS-1:0] packed_events, packed_next, padding, padding_next, event_padding;
  logic [2:0] slot_bits;

  assign slope_bits = format_recorded ? 3'd0 : format_digits || format_salient[0] ? 3'd3 : 3'd1;
  assign sign_bits = !format_recorded && !format_salient[2];
  assign {emit_negative, emit_slope, emit_address, emit_slot} = spike_payload;

  always_comb begin
    slot_bits = '0;
    for (int i = 0; i < SLOT_BITS; i++) if (slots > (TOKENS_BITS'(1) << i)) slot_bits = 3'(i + 1);
    address_bits = 4'd1;
    for (int i = 1; i < ADDRESS_BITS; i++) if (emit_count > (COUNT_BITS'(1) << i)) address_bits = 4'(i + 1);
    event_bits = 5'd1 + 5'(slot_bits) + 5'(address_bits) + 5'(slope_bits) + 5'(sign_bits);
    per_flit = '0;
    flit_bits = '0;
    for (int i = 2; i <= EVENT_BITS; i++) begin
      if (event_bits == 5'(i)) begin
        per_flit = USED_BITS'(LINK_BITS / i);
        flit_bits = USED_BITS'(LINK_BITS / i * i);
      end
    end
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
    packed_next = packed_events | (LINK_BITS'(event_word) << at);
    last_flit = events_left == EVENTS_BITS'(1);
    flit_full = used + 1'b1 == per_flit || last_flit;
  end

  assign event_taken = body && (!flit_full || ready);
  assign flit = packed_next |
                (last_flit ? padding & ({LINK_BITS{1'b1}} << (at + USED_BITS'(event_bits))) : LINK_BITS'(0));

  always_ff @(posedge clk) begin
    if (emit_start) begin
      emit_count <= sort_count;
      events_left <= events_next;
      packed_events <= '0;
      used <= '0;
      at <= '0;
    end else begin
      padding <= padding_next;
      if (event_taken) begin
        events_left <= events_left - 1'b1;
        packed_events <= flit_full ? '0 : packed_next;
        used <= flit_full ? '0 : used + 1'b1;
        at <= flit_full ? '0 : at + USED_BITS'(event_bits);
      end
    end
  end
endmodule
