// Mixed-precision buffer: codes of two windows; 4 bits of each in a main array, further bits of some in a side array.
// The twin of hw/mixed_precision_buffer/mixed_precision_buffer.h, written for synthesis.
//
//     write_flit --> [ code_store ] --> code, salient
//
// Timing   a flit is written in its own cycle; a code shows in the cycle after read_start or read_next. Reading may
//          start in the cycle after the last flit.
// Config   window_count, window_tokens, window_wide (inputs that are digit pairs, bit k: the window's input k),
//          window_lists (salient values by index list, not mask; of a buffer with SIDE_LISTS), window_plain (neither:
//          no value is salient), window_further (then: further bits of every code, FURTHER_BITS at most) and
//          window_recorded (recorded spikes: of each one bit in the main array; plain, too) hold with write_start.
//          LINK_BITS is a power of two.
// Differs  a word in which the pieces of two flits meet is written twice, one in which mask or list meets further bits
//          is read twice, and a listed place is read with every code up to its own, where SystemC charges each word
//          once. Where each token's further bits begin is a register (DEVIATIONS 7).
module mixed_precision_buffer #(
    parameter int LINK_BITS = 128,
    parameter int MOST_INPUTS = 128,  // of a window
    parameter int MOST_TOKENS = 4,    // of a batch, 2 at least
    parameter int MOST_CODES = 512,   // of a window, all tokens; a power of two
    parameter int SIDE_LISTS = 0,     // 1: windows with index lists, too
    parameter int FURTHER_BITS = 3,   // of a code, at most: 3 at least, of binary16 12
    localparam int COUNT_BITS = $clog2(MOST_INPUTS + 1),
    localparam int WIDTH_BITS = $clog2(COUNT_BITS + 1),
    localparam int TOKENS_BITS = $clog2(MOST_TOKENS + 1),
    localparam int SLOT_BITS = $clog2(MOST_TOKENS),
    localparam int FURTHER_WIDTH_BITS = $clog2(FURTHER_BITS + 1),
    localparam int AT_BITS = $clog2(4 * MOST_CODES),
    localparam int CODES_AT_BITS = $clog2(MOST_CODES * (FURTHER_BITS > 4 ? FURTHER_BITS : 4)),
    localparam int TOKEN_LIST_BITS = COUNT_BITS + MOST_INPUTS * ($clog2(MOST_INPUTS) > 3 ? $clog2(MOST_INPUTS) + 1 : 4),
    localparam int LIST_AT_BITS = SIDE_LISTS != 0 ? $clog2(MOST_TOKENS * TOKEN_LIST_BITS) : 1,
    localparam int SIDE_AT_BITS = LIST_AT_BITS > CODES_AT_BITS ? LIST_AT_BITS : CODES_AT_BITS,
    localparam int PIECE_BITS = $clog2(LINK_BITS + 1)
) (
    input logic clk,
    input logic reset,
    // Filling: write_start with a window's head flit, write_flit with each body flit.
    input logic write_start,
    input logic [COUNT_BITS-1:0] window_count,
    input logic [TOKENS_BITS-1:0] window_tokens,
    input logic [MOST_INPUTS-1:0] window_wide,
    input logic window_lists,
    input logic window_plain,
    input logic [FURTHER_WIDTH_BITS-1:0] window_further,
    input logic window_recorded,
    input logic write_flit,
    input logic [LINK_BITS-1:0] write_data,
    // Reading the window that was filled last: its codes by input, then token.
    input logic read_start,
    input logic read_next,
    output logic [FURTHER_BITS+3:0] code,
    output logic salient,
    output logic digit_pair,
    output logic [COUNT_BITS-1:0] code_address,
    output logic [SLOT_BITS-1:0] code_slot,
    output logic last_code,
    // Accesses of this cycle, by bit position in the window's arrays; for counting.
    output logic [AT_BITS-1:0] main_write_at,
    output logic [PIECE_BITS-1:0] main_write_bits,
    output logic [SIDE_AT_BITS-1:0] side_write_at,
    output logic [PIECE_BITS-1:0] side_write_bits,
    output logic read_issued,
    output logic [AT_BITS-1:0] main_read_at,
    output logic [SIDE_AT_BITS-1:0] mark_read_at,
    output logic [SIDE_AT_BITS-1:0] value_read_at,
    output logic read_shown,  // a code shows: mark_width bits of its mark_read_at, value_width of its value_read_at
    output logic [WIDTH_BITS:0] mark_width,
    output logic [FURTHER_WIDTH_BITS-1:0] value_width
);
  localparam int MARK_BITS = 2 * COUNT_BITS;  // a list's count and its first place
  localparam int READ_BITS = MARK_BITS > FURTHER_BITS ? MARK_BITS : FURTHER_BITS;

  // Codes come input by input, of each input token by token; each token has its own place among the further bits, and
  // in its list.
  logic [COUNT_BITS-1:0] read_count, next_address, issue_address;
  logic [MOST_INPUTS-1:0] read_wide;
  logic [MOST_TOKENS*SIDE_AT_BITS-1:0] read_mark_base, read_value_base;
  logic [TOKENS_BITS-1:0] read_tokens;
  logic [SLOT_BITS-1:0] next_slot, issue_slot;
  logic [AT_BITS-1:0] code_index, issue_index;
  logic [SIDE_AT_BITS-1:0] filled_value_base, issue_mark_base, issue_value_base, value_at, value_after;
  logic [SIDE_AT_BITS-1:0] values_at[0:MOST_TOKENS-1];
  logic last_slot;

  logic [3:0] nibble;
  logic [READ_BITS-1:0] mark_word, value_word;

  assign last_slot = TOKENS_BITS'(code_slot) + 1'b1 == read_tokens;
  assign last_code = last_slot && code_address + 1'b1 == read_count;
  assign next_slot = last_slot ? '0 : code_slot + 1'b1;
  assign next_address = code_address + COUNT_BITS'(last_slot);

  assign digit_pair = 1'(read_wide >> code_address);
  logic unused_bits;
  assign unused_bits = &{1'b0, mark_word, value_word};

  logic read_plain, read_recorded;
  logic [FURTHER_WIDTH_BITS-1:0] read_further;
  assign value_width = read_plain ? read_further : digit_pair ? FURTHER_WIDTH_BITS'(3) : FURTHER_WIDTH_BITS'(salient);
  assign code = {value_word[FURTHER_BITS-1:0] & ~({FURTHER_BITS{1'b1}} << value_width),
                 nibble & {{3{!read_recorded}}, 1'b1}};
  assign value_after = value_at + SIDE_AT_BITS'(value_width);

  // Salient: the mask's bit; or whether the code's place is the one that comes next in the token's list. The list's
  // count is read with the token's first code.
  logic read_lists, at_first;
  logic [WIDTH_BITS-1:0] read_count_width, read_place_width, count_width;
  logic [COUNT_BITS-1:0] place, listed, listed_held, listed_after, issue_listed;  // listed: places still to come
  logic [COUNT_BITS-1:0] listed_of[0:MOST_TOKENS-1];
  logic [SIDE_AT_BITS-1:0] mark_at, mark_after;
  logic [SIDE_AT_BITS-1:0] marks_at[0:MOST_TOKENS-1];

  // The lowest `width` bits set.
  function automatic [COUNT_BITS-1:0] low_mask(input [WIDTH_BITS-1:0] width);
    low_mask = ~({COUNT_BITS{1'b1}} << width);
  endfunction

  always_comb begin
    at_first = code_address == '0;
    count_width = at_first ? read_count_width : '0;
    listed = at_first ? COUNT_BITS'(mark_word) & low_mask(read_count_width) : listed_held;
    place = COUNT_BITS'(mark_word >> count_width) & low_mask(read_place_width);
    salient = read_lists ? listed != '0 && place == code_address : mark_word[0] && !read_plain;
    listed_after = listed - COUNT_BITS'(salient);
    mark_after = mark_at + SIDE_AT_BITS'(count_width) + (salient ? SIDE_AT_BITS'(read_place_width) : '0);
    mark_width = {1'b0, count_width} + (listed != '0 ? {1'b0, read_place_width} : '0);
    if (!read_lists) mark_width = (WIDTH_BITS + 1)'(!read_plain);
  end

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
    issue_mark_base = read_start ? '0 : read_mark_base[issue_slot*SIDE_AT_BITS+:SIDE_AT_BITS];
    issue_value_base = read_start ? filled_value_base : read_value_base[issue_slot*SIDE_AT_BITS+:SIDE_AT_BITS];
    mark_read_at = mark_at;
    value_read_at = value_at;
    issue_listed = listed_held;
    if (read_next && issue_slot == code_slot) begin
      mark_read_at = mark_after;
      value_read_at = value_after;
      issue_listed = listed_after;
    end else if (read_next) begin
      mark_read_at = marks_at[issue_slot];
      value_read_at = values_at[issue_slot];
      issue_listed = listed_of[issue_slot];
    end
    if (issue_address == '0) value_read_at = issue_value_base;
    if (issue_address == '0 || !read_lists) mark_read_at = issue_mark_base + SIDE_AT_BITS'(issue_address);
    main_read_at = issue_index << (read_recorded ? 2'd0 : 2'd2);
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
      mark_at <= mark_read_at;
      listed_held <= issue_listed;
      if (read_next) begin
        values_at[code_slot] <= value_after;
        marks_at[code_slot] <= mark_after;
        listed_of[code_slot] <= listed_after;
      end
    end
  end

  code_store #(
      .LINK_BITS(LINK_BITS), .ROW_BITS(LINK_BITS), .SIDE_ROW_BITS(LINK_BITS), .MOST_INPUTS(MOST_INPUTS),
      .MOST_TOKENS(MOST_TOKENS), .MOST_CODES(MOST_CODES), .SIDE_READ_BITS(READ_BITS), .SIDE_LISTS(SIDE_LISTS),
      .FURTHER_BITS(FURTHER_BITS)
  ) store (
      .clk(clk),
      .reset(reset),
      .write_start(write_start),
      .window_count(window_count),
      .window_tokens(window_tokens),
      .window_wide(window_wide),
      .window_lists(window_lists),
      .window_plain(window_plain),
      .window_further(window_further),
      .window_recorded(window_recorded),
      .write_flit(write_flit),
      .write_data(write_data),
      .main_write_at(main_write_at),
      .main_write_bits(main_write_bits),
      .side_write_at(side_write_at),
      .side_write_bits(side_write_bits),
      .read_start(read_start),
      .filled_value_base(filled_value_base),
      .read_count(read_count),
      .read_tokens(read_tokens),
      .read_wide(read_wide),
      .read_lists(read_lists),
      .read_plain(read_plain),
      .read_further(read_further),
      .read_recorded(read_recorded),
      .read_count_width(read_count_width),
      .read_place_width(read_place_width),
      .read_mark_base(read_mark_base),
      .read_value_base(read_value_base),
      .main_read_at(main_read_at),
      .main_read_data(nibble),
      .side_read_at({value_read_at, mark_read_at}),
      .side_read_data({value_word, mark_word})
  );
endmodule
