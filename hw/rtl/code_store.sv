// Code store: codes of two windows, read by mixed_precision_buffer.sv and bitmap_chunks.sv: 4 bits of each, or the one
// of recorded spikes, in a main array; mask, index list or neither, and further bits in a side array.
//
//     write_flit --> [ splitter ] --> [ main array: 4 bits per code, or 1 ] --> main_read_data
//                                     [ side array: mask, index list or neither, then further bits ] --> side_read_data
//
// Timing   a flit is written in its own cycle, with all tokens that end in it; reading may start in the cycle after the
//          last one, and shows bits a cycle after their position.
// Config   as mixed_precision_buffer.sv, with its side layouts. Rows of either array are a power of two of bits, a flit
//          or a read at least.
// Differs  arrays are rows in two banks, with a write enable per bit, so that a flit's pieces land anywhere in one
//          cycle: a word in which the pieces of two flits meet is written twice, where SystemC charges each word once.
module code_store #(
    parameter int LINK_BITS = 128,
    parameter int ROW_BITS = 128,       // of the main array
    parameter int SIDE_ROW_BITS = 128,
    parameter int MOST_INPUTS = 128,
    parameter int MOST_TOKENS = 4,
    parameter int MOST_CODES = 512,
    parameter int MAIN_READS = 1,
    parameter int MAIN_READ_BITS = 4,
    parameter int SIDE_READS = 2,
    parameter int SIDE_READ_BITS = 4,
    parameter int SIDE_LISTS = 0,
    parameter int FURTHER_BITS = 3,
    localparam int COUNT_BITS = $clog2(MOST_INPUTS + 1),
    localparam int WIDTH_BITS = $clog2(COUNT_BITS + 1),
    localparam int TOKENS_BITS = $clog2(MOST_TOKENS + 1),
    localparam int FURTHER_WIDTH_BITS = $clog2(FURTHER_BITS + 1),
    localparam int AT_BITS = $clog2(4 * MOST_CODES),
    // Of the side array: a code has a mask bit and up to 3 further bits, or FURTHER_BITS alone; with lists a token has
    // at most a count, and of each input a place and further bits.
    localparam int CODES_AT_BITS = $clog2(MOST_CODES * (FURTHER_BITS > 4 ? FURTHER_BITS : 4)),
    localparam int TOKEN_LIST_BITS = COUNT_BITS + MOST_INPUTS * ($clog2(MOST_INPUTS) > 3 ? $clog2(MOST_INPUTS) + 1 : 4),
    localparam int LIST_AT_BITS = SIDE_LISTS != 0 ? $clog2(MOST_TOKENS * TOKEN_LIST_BITS) : 1,
    localparam int SIDE_AT_BITS = LIST_AT_BITS > CODES_AT_BITS ? LIST_AT_BITS : CODES_AT_BITS,
    localparam int PIECE_BITS = $clog2(LINK_BITS + 1)
) (
    input logic clk,
    input logic reset,
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
    output logic [AT_BITS-1:0] main_write_at,
    output logic [PIECE_BITS-1:0] main_write_bits,
    output logic [SIDE_AT_BITS-1:0] side_write_at,
    output logic [PIECE_BITS-1:0] side_write_bits,
    // The window that was filled last is the one that is read from read_start on.
    input logic read_start,
    output logic [SIDE_AT_BITS-1:0] filled_value_base,  // of the first token
    output logic [COUNT_BITS-1:0] read_count,
    output logic [TOKENS_BITS-1:0] read_tokens,
    output logic [MOST_INPUTS-1:0] read_wide,
    output logic read_lists,
    output logic read_plain,
    output logic [FURTHER_WIDTH_BITS-1:0] read_further,
    output logic read_recorded,
    output logic [WIDTH_BITS-1:0] read_count_width,  // of a list's count
    output logic [WIDTH_BITS-1:0] read_place_width,
    output logic [MOST_TOKENS*SIDE_AT_BITS-1:0] read_mark_base,   // of each token: where its mask or list begins
    output logic [MOST_TOKENS*SIDE_AT_BITS-1:0] read_value_base,  // and its further bits
    input logic [MAIN_READS*AT_BITS-1:0] main_read_at,
    output logic [MAIN_READS*MAIN_READ_BITS-1:0] main_read_data,
    input logic [SIDE_READS*SIDE_AT_BITS-1:0] side_read_at,
    output logic [SIDE_READS*SIDE_READ_BITS-1:0] side_read_data
);
  localparam int LIST_WIDTH_BITS = SIDE_LISTS != 0 ? $clog2(COUNT_BITS + 3) : 1;
  localparam int SIDE_LEFT_BITS =
      COUNT_BITS + (LIST_WIDTH_BITS > FURTHER_WIDTH_BITS ? LIST_WIDTH_BITS : FURTHER_WIDTH_BITS);
  localparam int LEFT_BITS = SIDE_LEFT_BITS > PIECE_BITS ? SIDE_LEFT_BITS : PIECE_BITS;
  localparam int WIDE_BITS = MOST_INPUTS > LINK_BITS ? MOST_INPUTS : LINK_BITS;

  // The lowest `count` bits set.
  function automatic [LINK_BITS-1:0] low_bits(input [PIECE_BITS-1:0] count);
    low_bits = ~({LINK_BITS{1'b1}} << count);
  endfunction

  // The smaller of what is left and what a flit still holds.
  function automatic [PIECE_BITS-1:0] piece(input [LEFT_BITS-1:0] left, input [PIECE_BITS-1:0] held);
    piece = left < LEFT_BITS'(held) ? PIECE_BITS'(left) : held;
  endfunction

  // Bits of the numbers 0 .. most.
  function automatic [WIDTH_BITS-1:0] width_of(input [COUNT_BITS-1:0] most);
    width_of = '0;
    for (int i = 0; i < COUNT_BITS; i++) if (most[i]) width_of = WIDTH_BITS'(i + 1);
  endfunction

  // --- Windows: two halves.
  logic fill_half, read_half, now_read_half;
  logic [COUNT_BITS-1:0] count[0:1];
  logic [TOKENS_BITS-1:0] tokens[0:1];
  logic [WIDE_BITS-1:0] wide[0:1];
  logic [1:0] lists, plain, recorded;
  logic [FURTHER_WIDTH_BITS-1:0] further[0:1];
  logic [WIDTH_BITS-1:0] count_width[0:1];
  logic [WIDTH_BITS-1:0] place_width[0:1];
  // Further bits that every token of the window being filled has: three per digit pair, or those of plain codes.
  logic [LEFT_BITS-1:0] fixed_bits;
  logic [MOST_TOKENS*SIDE_AT_BITS-1:0] mark_base[0:1];
  logic [MOST_TOKENS*SIDE_AT_BITS-1:0] value_base[0:1];
  logic filled_lists;
  logic [COUNT_BITS-1:0] filled_count, filled_marks;
  logic [LEFT_BITS-1:0] filled_main_bits;  // of a token
  logic [WIDTH_BITS-1:0] filled_place_width;
  logic [TOKENS_BITS-1:0] filled_tokens;
  logic [WIDE_BITS-1:0] filled_wide;

  logic [LEFT_BITS-1:0] window_wide_count;
  assign window_wide_count = LEFT_BITS'($countones(window_wide));

  assign now_read_half = read_start ? fill_half : read_half;
  assign filled_lists = SIDE_LISTS != 0 && lists[fill_half];
  assign filled_count = count[fill_half];
  assign filled_marks = filled_lists ? COUNT_BITS'(count_width[fill_half]) : plain[fill_half] ? '0 : filled_count;
  assign filled_main_bits = LEFT_BITS'(filled_count) << (recorded[fill_half] ? 2'd0 : 2'd2);
  assign filled_place_width = place_width[fill_half];
  assign filled_value_base = value_base[fill_half][SIDE_AT_BITS-1:0];
  assign filled_tokens = tokens[fill_half];
  assign filled_wide = wide[fill_half];
  assign read_count = count[read_half];
  assign read_tokens = tokens[read_half];
  assign read_wide = wide[read_half][MOST_INPUTS-1:0];
  assign read_lists = SIDE_LISTS != 0 && lists[read_half];
  assign read_plain = plain[read_half];
  assign read_further = further[read_half];
  assign read_recorded = recorded[read_half];
  assign read_count_width = count_width[read_half];
  assign read_place_width = place_width[read_half];
  assign read_mark_base = mark_base[read_half];
  assign read_value_base = value_base[read_half];

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
        lists[!fill_half] <= window_lists;
        plain[!fill_half] <= window_plain;
        further[!fill_half] <= window_further;
        recorded[!fill_half] <= window_recorded;
        count_width[!fill_half] <= width_of(window_count - COUNT_BITS'(window_wide_count));
        place_width[!fill_half] <= width_of(window_count - 1'b1);
        fixed_bits <= window_plain ? LEFT_BITS'(window_count) * LEFT_BITS'(window_further)
                                   : window_wide_count + (window_wide_count << 1);
      end
    end
  end

  // --- Splitter: of each token in the flit, the bits of the main array, then mask (or a list's count), then the bits
  // behind it: further bits, before them a list's places. Behind the last token nothing is taken.
  logic begins;  // the next flit is a window's first
  logic [TOKENS_BITS-1:0] token, token_next;
  logic [LEFT_BITS-1:0] main_left, values_left, main_left_next, values_left_next;
  logic [COUNT_BITS-1:0] marks_left, marks_left_next;
  logic [COUNT_BITS-1:0] listed, listed_next;  // of the token's list: its count, as far as it has come
  logic [AT_BITS-1:0] main_at;
  logic [SIDE_AT_BITS-1:0] side_at, token_end;
  logic [MOST_TOKENS*SIDE_AT_BITS-1:0] mark_base_next, value_base_next;
  logic [PIECE_BITS-1:0] used, main_take, marks_take, value_take, main_bits, side_bits;
  logic [LINK_BITS-1:0] main_piece, side_piece, rest, wide_rest, marks;
  logic [LEFT_BITS-1:0] all_values;
  logic token_ends;

  always_comb begin
    token_next = begins ? '0 : token;
    main_left_next = begins ? filled_main_bits : main_left;
    marks_left_next = begins ? filled_marks : marks_left;
    values_left_next = begins ? fixed_bits : values_left;
    listed_next = begins ? '0 : listed;
    main_write_at = begins ? '0 : main_at;
    side_write_at = begins ? '0 : side_at;
    mark_base_next = mark_base[fill_half];
    value_base_next = value_base[fill_half];
    if (begins) mark_base_next[SIDE_AT_BITS-1:0] = '0;
    used = '0;
    main_bits = '0;
    side_bits = '0;
    main_piece = '0;
    side_piece = '0;
    main_take = '0;
    marks_take = '0;
    value_take = '0;
    rest = '0;
    marks = '0;
    wide_rest = '0;
    all_values = '0;
    token_ends = 1'b0;
    token_end = '0;
    for (int i = 0; i < MOST_TOKENS; i++) begin
      if (token_next < filled_tokens) begin
        main_take = piece(main_left_next, PIECE_BITS'(LINK_BITS) - used);
        rest = write_data >> used;
        main_piece = main_piece | ((rest & low_bits(main_take)) << main_bits);
        main_bits = main_bits + main_take;
        used = used + main_take;
        rest = rest >> main_take;
        marks_take = piece(LEFT_BITS'(marks_left_next), PIECE_BITS'(LINK_BITS) - used);
        marks = rest & low_bits(marks_take);
        all_values = values_left_next;
        if (filled_lists) begin  // as soon as the count is there, a place and a further bit of each
          listed_next = listed_next | (COUNT_BITS'(marks) << (filled_marks - marks_left_next));
          if (marks_take != '0 && LEFT_BITS'(marks_left_next) == LEFT_BITS'(marks_take))
            all_values = all_values + LEFT_BITS'(listed_next) * (LEFT_BITS'(filled_place_width) + 1'b1);
        end else begin
          wide_rest = LINK_BITS'(filled_wide >> (filled_count - marks_left_next));
          all_values = all_values + LEFT_BITS'($countones(marks & ~wide_rest));
        end
        value_take = piece(all_values, PIECE_BITS'(LINK_BITS) - used - marks_take);
        side_piece = side_piece | ((rest & low_bits(marks_take + value_take)) << side_bits);
        side_bits = side_bits + marks_take + value_take;
        used = used + marks_take + value_take;
        token_ends = main_left_next == LEFT_BITS'(main_take) &&
                     LEFT_BITS'(marks_left_next) == LEFT_BITS'(marks_take) && all_values == LEFT_BITS'(value_take);
        if (token_ends) begin
          token_end = side_write_at + SIDE_AT_BITS'(side_bits);
          for (int t = 0; t < MOST_TOKENS; t++) begin
            if (token_next == TOKENS_BITS'(t))
              value_base_next[t*SIDE_AT_BITS+:SIDE_AT_BITS] = filled_lists ?
                  token_end - SIDE_AT_BITS'(fixed_bits) - SIDE_AT_BITS'(listed_next) :
                  mark_base_next[t*SIDE_AT_BITS+:SIDE_AT_BITS] + SIDE_AT_BITS'(filled_marks);
            if (t > 0 && token_next + 1'b1 == TOKENS_BITS'(t))
              mark_base_next[t*SIDE_AT_BITS+:SIDE_AT_BITS] = token_end;
          end
          token_next = token_next + 1'b1;
          main_left_next = filled_main_bits;
          marks_left_next = filled_marks;
          values_left_next = fixed_bits;
          listed_next = '0;
        end else begin
          main_left_next = main_left_next - LEFT_BITS'(main_take);
          marks_left_next = marks_left_next - COUNT_BITS'(marks_take);
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
      marks_left <= marks_left_next;
      values_left <= values_left_next;
      listed <= listed_next;
      main_at <= main_write_at + AT_BITS'(main_bits);
      side_at <= side_write_at + SIDE_AT_BITS'(side_bits);
      mark_base[fill_half] <= mark_base_next;
      value_base[fill_half] <= value_base_next;
    end
  end

  // --- Arrays: each half of its own bits.
  logic [MAIN_READS*(AT_BITS+1)-1:0] main_at_of_half;
  logic [SIDE_READS*(SIDE_AT_BITS+1)-1:0] side_at_of_half;
  always_comb begin
    for (int i = 0; i < MAIN_READS; i++)
      main_at_of_half[i*(AT_BITS+1)+:AT_BITS+1] = {now_read_half, main_read_at[i*AT_BITS+:AT_BITS]};
    for (int i = 0; i < SIDE_READS; i++)
      side_at_of_half[i*(SIDE_AT_BITS+1)+:SIDE_AT_BITS+1] =
          {now_read_half, side_read_at[i*SIDE_AT_BITS+:SIDE_AT_BITS]};
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
      .ROW_BITS(SIDE_ROW_BITS), .BITS(2 << SIDE_AT_BITS), .READS(SIDE_READS), .READ_BITS(SIDE_READ_BITS)
  ) side_array (
      .clk(clk),
      .write_at({fill_half, side_write_at}),
      .write_bits(($clog2(SIDE_ROW_BITS + 1))'(side_write_bits)),
      .write_data(SIDE_ROW_BITS'(side_piece)),
      .read_at(side_at_of_half),
      .read_data(side_read_data)
  );
endmodule
