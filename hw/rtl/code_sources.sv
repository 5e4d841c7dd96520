// Code sources: the codes of a window, a mixed-precision buffer for those of each source, read as if they were of one;
// part of spike_encoder.sv.
//
//     write_* --> [ mixed_precision_buffer (s) ] --> code
//
// Timing   as mixed_precision_buffer.sv; one source's codes follow the other's in the next cycle.
// Config   as mixed_precision_buffer.sv; window_counts: inputs of each source, whose places follow one another. Each
//          source's index lists name places among its own inputs. format_recorded: as spike_encoder.sv.
module code_sources #(
    parameter int SOURCES = 1,
    parameter int LINK_BITS = 128,
    parameter int MOST_INPUTS = 128,
    parameter int MOST_TOKENS = 4,
    parameter int MOST_CODES = 512,
    parameter int SIDE_LISTS = 0,
    localparam int COUNT_BITS = $clog2(MOST_INPUTS + 1),
    localparam int TOKENS_BITS = $clog2(MOST_TOKENS + 1),
    localparam int SLOT_BITS = $clog2(MOST_TOKENS)
) (
    input logic clk,
    input logic reset,
    input logic [SOURCES-1:0] write_start,
    input logic [SOURCES*COUNT_BITS-1:0] window_counts,
    input logic [TOKENS_BITS-1:0] window_tokens,
    input logic [MOST_INPUTS-1:0] digit_pairs,
    input logic window_lists,
    input logic format_recorded,
    input logic [SOURCES-1:0] write_flit,
    input logic [LINK_BITS-1:0] write_data,
    input logic read_start,
    input logic read_next,
    output logic [COUNT_BITS-1:0] read_count,  // of all sources
    output logic [6:0] code,
    output logic salient,
    output logic digit_pair,
    output logic [COUNT_BITS-1:0] code_address,
    output logic [SLOT_BITS-1:0] code_slot,
    output logic last_code
);
  localparam int SOURCE_BITS = SOURCES > 1 ? $clog2(SOURCES) : 1;

  logic [SOURCES*COUNT_BITS-1:0] filled_counts, read_counts, window_first, read_first;
  logic [SOURCES-1:0] pending;  // sources with codes to be read
  logic [SOURCE_BITS-1:0] now;  // the first of them
  logic [COUNT_BITS-1:0] window_count;
  always_comb begin
    window_count = '0;
    read_count = '0;
    for (int s = 0; s < SOURCES; s++) begin
      window_first[s*COUNT_BITS+:COUNT_BITS] = window_count;
      read_first[s*COUNT_BITS+:COUNT_BITS] = read_count;
      window_count = window_count + window_counts[s*COUNT_BITS+:COUNT_BITS];
      read_count = read_count + read_counts[s*COUNT_BITS+:COUNT_BITS];
    end
    now = '0;
    for (int s = SOURCES - 1; s >= 0; s--) if (pending[s]) now = SOURCE_BITS'(s);
  end

  logic [SOURCES*7-1:0] codes;
  logic [SOURCES-1:0] salients, pairs, lasts, chosen;
  logic [SOURCES*COUNT_BITS-1:0] addresses;
  logic [SOURCES*SLOT_BITS-1:0] slots;
  // Ports that show accesses are for counting.
  // verilator lint_off PINCONNECTEMPTY
  for (genvar s = 0; s < SOURCES; s++) begin : source
    assign chosen[s] = pending[s] && now == SOURCE_BITS'(s);
    mixed_precision_buffer #(
        .LINK_BITS(LINK_BITS), .MOST_INPUTS(MOST_INPUTS), .MOST_TOKENS(MOST_TOKENS), .MOST_CODES(MOST_CODES),
        .SIDE_LISTS(SIDE_LISTS)
    ) buffer (
        .clk(clk),
        .reset(reset),
        .write_start(write_start[s]),
        .window_count(window_counts[s*COUNT_BITS+:COUNT_BITS]),
        .window_tokens(window_tokens),
        .window_wide((digit_pairs >> window_first[s*COUNT_BITS+:COUNT_BITS]) &
                     ~({MOST_INPUTS{1'b1}} << window_counts[s*COUNT_BITS+:COUNT_BITS])),
        .window_lists(window_lists),
        .window_plain(format_recorded),
        .window_further('0),
        .window_recorded(format_recorded),
        .write_flit(write_flit[s]),
        .write_data(write_data),
        .read_start(read_start),
        .read_next(read_next && chosen[s] && !lasts[s]),
        .code(codes[s*7+:7]),
        .salient(salients[s]),
        .digit_pair(pairs[s]),
        .code_address(addresses[s*COUNT_BITS+:COUNT_BITS]),
        .code_slot(slots[s*SLOT_BITS+:SLOT_BITS]),
        .last_code(lasts[s]),
        .main_write_at(),
        .main_write_bits(),
        .side_write_at(),
        .side_write_bits(),
        .read_issued(),
        .main_read_at(),
        .mark_read_at(),
        .value_read_at(),
        .read_shown(),
        .mark_width(),
        .value_width()
    );
  end
  // verilator lint_on PINCONNECTEMPTY

  assign code = codes[32'(now)*7+:7];
  assign salient = salients[now];
  assign digit_pair = pairs[now];
  assign code_address = read_first[32'(now)*COUNT_BITS+:COUNT_BITS] + addresses[32'(now)*COUNT_BITS+:COUNT_BITS];
  assign code_slot = slots[32'(now)*SLOT_BITS+:SLOT_BITS];
  assign last_code = lasts[now] && (pending & ~chosen) == '0;

  always_ff @(posedge clk) begin
    if (write_start != '0) filled_counts <= window_counts;
    if (read_start) read_counts <= filled_counts;
    for (int s = 0; s < SOURCES; s++)
      if (read_start) pending[s] <= filled_counts[s*COUNT_BITS+:COUNT_BITS] != '0;
      else if (read_next && chosen[s] && lasts[s]) pending[s] <= 1'b0;
  end
endmodule
