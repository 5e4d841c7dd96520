// Code store: codes of two windows, read by mixed_precision_buffer.sv and bitmap_chunks.sv: 4 bits of each in a main
// array, mask and further bits in a side array.
//
//     write_flit --> [ splitter ] --> [ main array: 4 bits per code ] --> main_read_data
//                                     [ side array: mask, then 1 or 3 bits of each masked code ] --> side_read_data
//
// Timing   a flit is written in its own cycle, with all tokens that end in it; reading may start in the cycle after the
//          last one, and shows bits a cycle after their position.
// Config   as mixed_precision_buffer.sv. ROW_BITS: of an array's row, a power of two; a flit or a read at least.
// Differs  arrays are rows in two banks, with a write enable per bit, so that a flit's pieces land anywhere in one
//          cycle: a word in which the pieces of two flits meet is written twice, where SystemC charges each word once.
module code_store #(
    parameter int LINK_BITS = 128,
    parameter int ROW_BITS = 128,
    parameter int MOST_INPUTS = 128,
    parameter int MOST_TOKENS = 4,
    parameter int MOST_CODES = 512,
    parameter int MAIN_READS = 1,
    parameter int MAIN_READ_BITS = 4,
    parameter int SIDE_READS = 2,
    parameter int SIDE_READ_BITS = 4,
    localparam int COUNT_BITS = $clog2(MOST_INPUTS + 1),
    localparam int TOKENS_BITS = $clog2(MOST_TOKENS + 1),
    localparam int AT_BITS = $clog2(4 * MOST_CODES),
    localparam int PIECE_BITS = $clog2(LINK_BITS + 1)
) (
    input logic clk,
    input logic reset,
    input logic write_start,
    input logic [COUNT_BITS-1:0] window_count,
    input logic [TOKENS_BITS-1:0] window_tokens,
    input logic [MOST_INPUTS-1:0] window_wide,
    input logic write_flit,
    input logic [LINK_BITS-1:0] write_data,
    output logic [AT_BITS-1:0] main_write_at,
    output logic [PIECE_BITS-1:0] main_write_bits,
    output logic [AT_BITS-1:0] side_write_at,
    output logic [PIECE_BITS-1:0] side_write_bits,
    // The window that was filled last is the one that is read from read_start on.
    input logic read_start,
    output logic [COUNT_BITS-1:0] filled_count,
    output logic [COUNT_BITS-1:0] read_count,
    output logic [TOKENS_BITS-1:0] read_tokens,
    output logic [MOST_INPUTS-1:0] read_wide,
    output logic [MOST_TOKENS*AT_BITS-1:0] read_mask_base,  // of each token
    input logic [MAIN_READS*AT_BITS-1:0] main_read_at,
    output logic [MAIN_READS*MAIN_READ_BITS-1:0] main_read_data,
    input logic [SIDE_READS*AT_BITS-1:0] side_read_at,
    output logic [SIDE_READS*SIDE_READ_BITS-1:0] side_read_data
);
  localparam int LEFT_BITS = COUNT_BITS + 2 > PIECE_BITS ? COUNT_BITS + 2 : PIECE_BITS;
  localparam int WIDE_BITS = MOST_INPUTS > LINK_BITS ? MOST_INPUTS : LINK_BITS;

  // The lowest `count` bits set.
  function automatic [LINK_BITS-1:0] low_mask(input [PIECE_BITS-1:0] count);
    low_mask = ~({LINK_BITS{1'b1}} << count);
  endfunction

  // The smaller of what is left and what a flit still holds.
  function automatic [PIECE_BITS-1:0] piece(input [LEFT_BITS-1:0] left, input [PIECE_BITS-1:0] held);
    piece = left < LEFT_BITS'(held) ? PIECE_BITS'(left) : held;
  endfunction

  // --- Windows: two halves.
  logic fill_half, read_half, now_read_half;
  logic [COUNT_BITS-1:0] count[0:1];
  logic [TOKENS_BITS-1:0] tokens[0:1];
  logic [WIDE_BITS-1:0] wide[0:1];
  logic [LEFT_BITS-1:0] wide_bits;  // three per digit pair: of every token of the window being filled
  logic [MOST_TOKENS*AT_BITS-1:0] mask_base[0:1];
  logic [TOKENS_BITS-1:0] filled_tokens;
  logic [WIDE_BITS-1:0] filled_wide;

  logic [LEFT_BITS-1:0] window_wide_count;
  assign window_wide_count = LEFT_BITS'($countones(window_wide));

  assign now_read_half = read_start ? fill_half : read_half;
  assign filled_count = count[fill_half];
  assign filled_tokens = tokens[fill_half];
  assign filled_wide = wide[fill_half];
  assign read_count = count[read_half];
  assign read_tokens = tokens[read_half];
  assign read_wide = wide[read_half][MOST_INPUTS-1:0];
  assign read_mask_base = mask_base[read_half];

  always_ff @(posedge clk) begin
    if (reset) begin
      fill_half <= 1'b0;
      read_half <= 1'b0;
    end else begin
      read_half <= now_read_half;
      if (write_start) begin
        fill_half <= !fill_half;
        count[!fill_half] <= window_count;
        tokens[!fill_half] <= window_tokens;
        wide[!fill_half] <= WIDE_BITS'(window_wide);
        wide_bits <= window_wide_count + (window_wide_count << 1);
      end
    end
  end

  // --- Splitter: of each token in the flit, the bits of the main array, then mask and further bits.
  logic begins;  // the next flit is a window's first
  logic [TOKENS_BITS-1:0] token, token_next;
  logic [LEFT_BITS-1:0] main_left, values_left, main_left_next, values_left_next;
  logic [COUNT_BITS-1:0] mask_left, mask_left_next;
  logic [AT_BITS-1:0] main_at, side_at;
  logic [MOST_TOKENS*AT_BITS-1:0] mask_base_next;
  logic [PIECE_BITS-1:0] used, main_take, mask_take, value_take, main_bits, side_bits;
  logic [LINK_BITS-1:0] main_piece, side_piece, rest, wide_rest, mask;
  logic [LEFT_BITS-1:0] all_values;
  logic token_ends;

  always_comb begin
    token_next = begins ? '0 : token;
    main_left_next = begins ? LEFT_BITS'(filled_count) << 2 : main_left;
    mask_left_next = begins ? filled_count : mask_left;
    values_left_next = begins ? wide_bits : values_left;
    main_write_at = begins ? '0 : main_at;
    side_write_at = begins ? '0 : side_at;
    mask_base_next = mask_base[fill_half];
    if (begins) mask_base_next[AT_BITS-1:0] = '0;
    used = '0;
    main_bits = '0;
    side_bits = '0;
    main_piece = '0;
    side_piece = '0;
    main_take = '0;
    mask_take = '0;
    value_take = '0;
    rest = '0;
    mask = '0;
    wide_rest = '0;
    all_values = '0;
    token_ends = 1'b0;
    for (int i = 0; i < MOST_TOKENS; i++) begin
      if (token_next < filled_tokens) begin
        main_take = piece(main_left_next, PIECE_BITS'(LINK_BITS) - used);
        rest = write_data >> used;
        main_piece = main_piece | ((rest & low_mask(main_take)) << main_bits);
        main_bits = main_bits + main_take;
        used = used + main_take;
        rest = rest >> main_take;
        mask_take = piece(LEFT_BITS'(mask_left_next), PIECE_BITS'(LINK_BITS) - used);
        wide_rest = LINK_BITS'(filled_wide >> (filled_count - mask_left_next));
        mask = rest & low_mask(mask_take) & ~wide_rest;
        all_values = values_left_next + LEFT_BITS'($countones(mask));
        value_take = piece(all_values, PIECE_BITS'(LINK_BITS) - used - mask_take);
        side_piece = side_piece | ((rest & low_mask(mask_take + value_take)) << side_bits);
        side_bits = side_bits + mask_take + value_take;
        used = used + mask_take + value_take;
        token_ends = main_left_next == LEFT_BITS'(main_take) &&
                     LEFT_BITS'(mask_left_next) == LEFT_BITS'(mask_take) && all_values == LEFT_BITS'(value_take);
        if (token_ends) begin
          token_next = token_next + 1'b1;
          main_left_next = LEFT_BITS'(filled_count) << 2;
          mask_left_next = filled_count;
          values_left_next = wide_bits;
          for (int t = 1; t < MOST_TOKENS; t++)
            if (token_next == TOKENS_BITS'(t)) mask_base_next[t*AT_BITS+:AT_BITS] = side_write_at + AT_BITS'(side_bits);
        end else begin
          main_left_next = main_left_next - LEFT_BITS'(main_take);
          mask_left_next = mask_left_next - COUNT_BITS'(mask_take);
          values_left_next = all_values - LEFT_BITS'(value_take);
        end
      end
    end
  end
  assign main_write_bits = write_flit ? main_bits : '0;
  assign side_write_bits = write_flit ? side_bits : '0;

  always_ff @(posedge clk) begin
    if (reset) begins <= 1'b0;
    else if (write_start) begins <= 1'b1;
    else if (write_flit) begins <= 1'b0;
    if (write_flit) begin
      token <= token_next;
      main_left <= main_left_next;
      mask_left <= mask_left_next;
      values_left <= values_left_next;
      main_at <= main_write_at + AT_BITS'(main_bits);
      side_at <= side_write_at + AT_BITS'(side_bits);
      mask_base[fill_half] <= mask_base_next;
    end
  end

  // --- Arrays: each half of its own bits.
  logic [MAIN_READS*(AT_BITS+1)-1:0] main_at_of_half;
  logic [SIDE_READS*(AT_BITS+1)-1:0] side_at_of_half;
  always_comb begin
    for (int i = 0; i < MAIN_READS; i++)
      main_at_of_half[i*(AT_BITS+1)+:AT_BITS+1] = {now_read_half, main_read_at[i*AT_BITS+:AT_BITS]};
    for (int i = 0; i < SIDE_READS; i++)
      side_at_of_half[i*(AT_BITS+1)+:AT_BITS+1] = {now_read_half, side_read_at[i*AT_BITS+:AT_BITS]};
  end
  bit_array #(
      .ROW_BITS(ROW_BITS), .BITS(8 * MOST_CODES), .READS(MAIN_READS), .READ_BITS(MAIN_READ_BITS)
  ) main_array (
      .clk(clk),
      .write_at({fill_half, main_write_at}),
      .write_bits(($clog2(ROW_BITS + 1))'(main_write_bits)),
      .write_data(ROW_BITS'(main_piece)),
      .read_at(main_at_of_half),
      .read_data(main_read_data)
  );
  bit_array #(
      .ROW_BITS(ROW_BITS), .BITS(8 * MOST_CODES), .READS(SIDE_READS), .READ_BITS(SIDE_READ_BITS)
  ) side_array (
      .clk(clk),
      .write_at({fill_half, side_write_at}),
      .write_bits(($clog2(ROW_BITS + 1))'(side_write_bits)),
      .write_data(ROW_BITS'(side_piece)),
      .read_at(side_at_of_half),
      .read_data(side_read_data)
  );
endmodule
