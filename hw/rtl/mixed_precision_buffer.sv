// Mixed-precision buffer: codes of two windows; 4 bits of each in a main array, further bits of some in a side array.
// The twin of hw/mixed_precision_buffer/mixed_precision_buffer.h, written for synthesis.
//
//     write_flit --> [ code_store ] --> code, salient
//
// Timing   a flit is written in its own cycle; a code shows in the cycle after read_start or read_next. Reading may
//          start in the cycle after the last flit.
// Config   window_count, window_tokens and window_wide (inputs that are digit pairs, bit k: the window's input k) hold
//          with write_start. LINK_BITS is a power of two.
// Differs  a word in which the pieces of two flits meet is written twice, and one in which mask meets further bits is
//          read twice, where SystemC charges each word once. Masks only: index lists (encoder.side_format) are not
//          here, and the lockstep packs with masks.
module mixed_precision_buffer #(
    parameter int LINK_BITS = 128,
    parameter int MOST_INPUTS = 128,  // of a window
    parameter int MOST_TOKENS = 4,    // of a batch, 2 at least
    parameter int MOST_CODES = 512,   // of a window, all tokens; a power of two
    localparam int COUNT_BITS = $clog2(MOST_INPUTS + 1),
    localparam int TOKENS_BITS = $clog2(MOST_TOKENS + 1),
    localparam int SLOT_BITS = $clog2(MOST_TOKENS),
    localparam int AT_BITS = $clog2(4 * MOST_CODES),
    localparam int PIECE_BITS = $clog2(LINK_BITS + 1)
) (
    input logic clk,
    input logic reset,
    // Filling: write_start with a window's head flit, write_flit with each body flit.
    input logic write_start,
    input logic [COUNT_BITS-1:0] window_count,
    input logic [TOKENS_BITS-1:0] window_tokens,
    input logic [MOST_INPUTS-1:0] window_wide,
    input logic write_flit,
    input logic [LINK_BITS-1:0] write_data,
    // Reading the window that was filled last: its codes by input, then token.
    input logic read_start,
    input logic read_next,
    output logic [6:0] code,
    output logic salient,
    output logic digit_pair,
    output logic [COUNT_BITS-1:0] code_address,
    output logic [SLOT_BITS-1:0] code_slot,
    output logic last_code,
    // Accesses of this cycle, by bit position in the window's arrays; for counting.
    output logic [AT_BITS-1:0] main_write_at,
    output logic [PIECE_BITS-1:0] main_write_bits,
    output logic [AT_BITS-1:0] side_write_at,
    output logic [PIECE_BITS-1:0] side_write_bits,
    output logic read_issued,
    output logic [AT_BITS-1:0] main_read_at,
    output logic [AT_BITS-1:0] mask_read_at,
    output logic [AT_BITS-1:0] value_read_at,
    output logic read_shown,          // a code shows: value_width bits of its value_read_at were used
    output logic [1:0] value_width
);
  // Codes come input by input, of each input token by token; each token has its own place among the further bits.
  logic [COUNT_BITS-1:0] filled_count, read_count, next_address, issue_address;
  logic [MOST_INPUTS-1:0] read_wide;
  logic [MOST_TOKENS*AT_BITS-1:0] read_mask_base;
  logic [TOKENS_BITS-1:0] read_tokens;
  logic [SLOT_BITS-1:0] next_slot, issue_slot;
  logic [AT_BITS-1:0] code_index, issue_index, value_at, value_after, issue_mask_base;
  logic [AT_BITS-1:0] values_at[0:MOST_TOKENS-1];
  logic last_slot;

  logic [3:0] nibble, mask_nibble, value_nibble;

  assign last_slot = TOKENS_BITS'(code_slot) + 1'b1 == read_tokens;
  assign last_code = last_slot && code_address + 1'b1 == read_count;
  assign next_slot = last_slot ? '0 : code_slot + 1'b1;
  assign next_address = code_address + COUNT_BITS'(last_slot);

  assign digit_pair = 1'(read_wide >> code_address);
  logic unused_bits;
  assign unused_bits = &{1'b0, mask_nibble[3:1], value_nibble[3]};

  assign salient = mask_nibble[0];
  assign value_width = digit_pair ? 2'd3 : {1'b0, salient};
  assign code = {value_nibble[2:0] & {digit_pair, digit_pair, digit_pair | salient}, nibble};
  assign value_after = value_at + AT_BITS'(value_width);

  always_comb begin
    issue_address = code_address;
    issue_slot = code_slot;
    issue_index = code_index;
    if (read_start) begin
      issue_address = '0;
      issue_slot = '0;
      issue_index = '0;
    end else if (read_next) begin
      issue_address = next_address;
      issue_slot = next_slot;
      issue_index = last_slot ? AT_BITS'(next_address) : code_index + AT_BITS'(read_count);
    end
    issue_mask_base = read_start ? '0 : read_mask_base[issue_slot*AT_BITS+:AT_BITS];
    if (read_start) value_read_at = AT_BITS'(filled_count);
    else if (issue_address == '0) value_read_at = issue_mask_base + AT_BITS'(read_count);
    else if (!read_next) value_read_at = value_at;
    else if (issue_slot == code_slot) value_read_at = value_after;
    else value_read_at = values_at[issue_slot];
    main_read_at = issue_index << 2;
    mask_read_at = issue_mask_base + AT_BITS'(issue_address);
  end
  assign read_issued = read_start || read_next;

  always_ff @(posedge clk) begin
    if (reset) begin
      read_shown <= 1'b0;
    end else begin
      read_shown <= read_issued;
      code_address <= issue_address;
      code_slot <= issue_slot;
      code_index <= issue_index;
      value_at <= value_read_at;
      if (read_next) values_at[code_slot] <= value_after;
    end
  end

  code_store #(
      .LINK_BITS(LINK_BITS), .ROW_BITS(LINK_BITS), .MOST_INPUTS(MOST_INPUTS), .MOST_TOKENS(MOST_TOKENS),
      .MOST_CODES(MOST_CODES)
  ) store (
      .clk(clk),
      .reset(reset),
      .write_start(write_start),
      .window_count(window_count),
      .window_tokens(window_tokens),
      .window_wide(window_wide),
      .write_flit(write_flit),
      .write_data(write_data),
      .main_write_at(main_write_at),
      .main_write_bits(main_write_bits),
      .side_write_at(side_write_at),
      .side_write_bits(side_write_bits),
      .read_start(read_start),
      .filled_count(filled_count),
      .read_count(read_count),
      .read_tokens(read_tokens),
      .read_wide(read_wide),
      .read_mask_base(read_mask_base),
      .main_read_at(main_read_at),
      .main_read_data(nibble),
      .side_read_at({value_read_at, mask_read_at}),
      .side_read_data({value_nibble, mask_nibble})
  );
endmodule
