// Spike encoder: turns the codes of a window into spikes in the order of time steps. The twin of
// hw/spike_encoder/spike_encoder.h, written for synthesis.
//
//     codes_in[s] --> [ code_collector ] --> [ spike_sorter or bitmap_writer ] --> spikes_out
//
// Timing   as the SystemC block: fill and scatter take one code a cycle, further spikes of a code one more each, but
//          fill of recorded spikes a word of the buffer's main array; emit takes one cycle for a window's start, one a
//          head flit, one a spike or mark, or a bitmap's chunk; three windows at once, two of a bitmap.
// Config   SOURCES: inputs, one in a memory node; in a tile (payload packed_codes) one per source. BITMAP: 1 payload
//          bitmap, of one source, 0 address events. SIDE_LISTS: 1 where inputs may have index lists. window_*: the
//          program's entry for the window that is filled, or the next one (sources that have inputs of it, how many
//          each, tokens of the batch, inputs that are digit pairs, whether salient values come as index lists).
//          format_* and steps: the layer's codes, code_*: its spike code; of recorded spikes (one step) format_recorded
//          alone is set; slots: a batch's tokens. All hold while a layer runs.
// Differs  in a tile, each source's codes have a buffer of their own. Not here: the phase of a flit, which is not on
//          wires.
module spike_encoder #(
    parameter int SOURCES = 1,
    parameter int LINK_BITS = 128,
    parameter int PACKET_FLITS = 16,
    parameter int MOST_INPUTS = 128,    // of a window; of a bitmap 32 at least
    parameter int MOST_TOKENS = 4,      // of a batch, 2 at least
    parameter int MOST_CODES = 512,     // of a window, all tokens; a power of two
    parameter int MOST_ENTRIES = 2048,  // of a window; a power of two
    parameter int BITMAP = 0,           // 1: payload bitmap
    parameter int SIDE_LISTS = 0,       // 1: index lists, too
    parameter int WORD_BITS = 128,      // of the buffer's main array; a power of two
    localparam int COUNT_BITS = $clog2(MOST_INPUTS + 1),
    localparam int TOKENS_BITS = $clog2(MOST_TOKENS + 1)
) (
    input logic clk,
    input logic reset,
    input logic code_repeats,          // spike code count
    input logic code_radix,            // spike code radix; neither: ttfs
    input logic format_unsigned,
    input logic [2:0] format_salient,  // one of: 1 floating, 2 shifted, 4 extended
    input logic format_digits,
    input logic format_recorded,
    input logic [4:0] steps,
    input logic [TOKENS_BITS-1:0] slots,
    input logic [SOURCES-1:0] window_serves,
    input logic [SOURCES*COUNT_BITS-1:0] window_counts,
    input logic [TOKENS_BITS-1:0] window_tokens,
    input logic [MOST_INPUTS-1:0] window_wide,
    input logic window_lists,
    input logic [SOURCES-1:0] codes_in_valid,
    input logic [SOURCES*LINK_BITS-1:0] codes_in_bits,
    input logic [SOURCES*48-1:0] codes_in_tag,
    input logic [SOURCES*32-1:0] codes_in_destination,
    input logic [SOURCES*8-1:0] codes_in_class,
    input logic [SOURCES*8-1:0] codes_in_flow,
    input logic [SOURCES*3-1:0] codes_in_type,
    input logic [SOURCES-1:0] codes_in_head,
    input logic [SOURCES-1:0] codes_in_tail,
    input logic [SOURCES-1:0] codes_in_last_packet,
    output logic [SOURCES-1:0] codes_in_pop,
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
  localparam logic [CODES_BITS-1:0] LAST_WORD = CODES_BITS'(WORD_BITS - 1);
  localparam int HEAD_BITS = 8 + 8 + 32 + 48 + LINK_BITS;
  localparam logic [2:0] kCodes = 3'd0, kSpikes = 3'd1;

  // --- Fill: flits into the buffer, head flit kept; a cycle per code at least.
  logic filled, fill_begins, fill_ends;
  logic [CODES_BITS-1:0] fill_wait, window_codes, window_words, fill_cycles;
  logic [HEAD_BITS-1:0] fill_head, sort_head, emit_head, taken;
  logic [SOURCES-1:0] write_start, write_flit, ends;
  logic scatter_start, emit_start;

  for (genvar s = 0; s < SOURCES; s++) begin : source
    assign ends[s] = codes_in_tail[s] && codes_in_type[3*s+:3] == kCodes && codes_in_last_packet[s];
  end
  code_collector #(.SOURCES(SOURCES)) collector (
      .clk, .reset, .open(!filled || scatter_start), .window_serves, .valid(codes_in_valid), .head(codes_in_head),
      .ends, .pop(codes_in_pop), .write_start, .write_flit, .window_begins(fill_begins), .window_ends(fill_ends)
  );

  always_comb begin
    taken = '0;
    window_codes = '0;
    for (int s = 0; s < SOURCES; s++) begin
      if (codes_in_pop[s])
        taken = {codes_in_class[8*s+:8], codes_in_flow[8*s+:8], codes_in_destination[32*s+:32], codes_in_tag[48*s+:48],
                 codes_in_bits[LINK_BITS*s+:LINK_BITS]};
      for (int i = 0; i < TOKENS_BITS; i++)
        if (window_tokens[i]) window_codes = window_codes + (CODES_BITS'(window_counts[COUNT_BITS*s+:COUNT_BITS]) << i);
    end
  end

  assign window_words = (window_codes >> $clog2(WORD_BITS)) + CODES_BITS'((window_codes & LAST_WORD) != '0);
  assign fill_cycles = format_recorded ? window_words : window_codes;

  always_ff @(posedge clk) begin
    if (reset) begin
      filled <= 1'b0;
      fill_wait <= '0;
    end else begin
      if (fill_ends) filled <= 1'b1;
      else if (scatter_start) filled <= 1'b0;
      if (fill_begins) fill_wait <= fill_cycles == '0 ? '0 : fill_cycles - 1'b1;
      else if (fill_wait != '0) fill_wait <= fill_wait - 1'b1;
      if (write_start != '0) fill_head <= taken;
    end
  end

  // --- The window's flits.
  logic emitting, send_head, body, flit_full, last_flit;
  logic [LINK_BITS-1:0] flit;
  logic [MOST_INPUTS-1:0] digit_pairs;
  logic [$clog2(PACKET_FLITS)-1:0] packet_left;
  assign body = emitting && !send_head;
  assign digit_pairs = format_digits ? window_wide : '0;

  if (BITMAP != 0) begin : form
    bitmap_writer #(
        .LINK_BITS(LINK_BITS), .MOST_INPUTS(MOST_INPUTS), .MOST_TOKENS(MOST_TOKENS), .MOST_CODES(MOST_CODES),
        .SIDE_LISTS(SIDE_LISTS)
    ) writer (
        .clk, .reset, .code_repeats, .code_radix, .format_unsigned, .format_salient, .format_digits, .format_recorded,
        .steps, .slots, .write_start(write_start[0]), .window_count(window_counts[COUNT_BITS-1:0]), .window_tokens,
        .digit_pairs, .window_lists, .write_flit(write_flit[0]), .write_data(taken[LINK_BITS-1:0]),
        .filled(filled && fill_wait == '0), .emitting, .scatter_start, .emit_start,
        .body, .ready(spikes_out_ready), .flit_full, .last_flit, .flit
    );
  end else begin : form
    spike_sorter #(
        .SOURCES(SOURCES), .LINK_BITS(LINK_BITS), .MOST_INPUTS(MOST_INPUTS), .MOST_TOKENS(MOST_TOKENS),
        .MOST_CODES(MOST_CODES), .MOST_ENTRIES(MOST_ENTRIES), .SIDE_LISTS(SIDE_LISTS)
    ) sorter (
        .clk, .reset, .code_repeats, .code_radix, .format_unsigned, .format_salient, .format_digits, .format_recorded,
        .steps, .slots, .write_start, .window_counts, .window_tokens, .digit_pairs, .window_lists, .write_flit,
        .write_data(taken[LINK_BITS-1:0]),
        .filled(filled && fill_wait == '0), .emitting, .scatter_start, .emit_start,
        .body, .ready(spikes_out_ready), .flit_full, .last_flit, .flit
    );
  end

  // --- In packets, each behind a head flit.
  assign spikes_out_push = emitting && spikes_out_ready && (send_head || flit_full);
  assign spikes_out_head = send_head;
  assign spikes_out_type = kSpikes;
  assign spikes_out_tail = body && (last_flit || packet_left == '0);
  assign spikes_out_last_packet = body && last_flit;
  assign spikes_out_class = emit_head[HEAD_BITS-1-:8];
  assign spikes_out_flow = emit_head[HEAD_BITS-9-:8];
  assign spikes_out_destination = send_head ? emit_head[HEAD_BITS-17-:32] : '0;
  assign spikes_out_tag = send_head ? emit_head[LINK_BITS+47-:48] : '0;
  assign spikes_out_bits = send_head ? emit_head[LINK_BITS-1:0] : flit;

  always_ff @(posedge clk) begin
    if (scatter_start) sort_head <= fill_head;
    if (emit_start) emit_head <= sort_head;
    if (reset) begin
      emitting <= 1'b0;
      send_head <= 1'b0;
    end else if (emit_start) begin
      emitting <= 1'b1;
      send_head <= 1'b1;
    end else if (spikes_out_push) begin
      send_head <= body && !last_flit && packet_left == '0;
      emitting <= !(body && last_flit);
      packet_left <= send_head ? ($clog2(PACKET_FLITS))'(PACKET_FLITS - 2) : packet_left - 1'b1;
    end
  end
endmodule
