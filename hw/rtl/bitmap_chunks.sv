// Bitmap chunks: reads the codes of a window chunk by chunk, all chunks for every step; part of spike_encoder.sv.
//
//     write_* --> [ code_store ] --> [ decode: who fires ] --> next chunk --> chunk
//
// Timing   one chunk a cycle: `take` has the next one follow in the next cycle. The first chunk is there three cycles
//          after read_start, the one behind it as `next`.
// Config   as spike_encoder.sv. A chunk has 32 / slots inputs.
// Differs  the codes of a chunk are read in one cycle, of each token main bits, mask or places of the index list, and
//          further bits from ports of their own: SystemC, too, takes a cycle for them and charges their words. Of a
//          list, as many places are read as a chunk has inputs, with its first chunk the count, too: SystemC charges
//          those that name inputs of the chunk. Recorded spikes lie token by token, as they come: SystemC charges a
//          chunk as if the tokens' spikes lay side by side (DEVIATIONS 51).
module bitmap_chunks #(
    parameter int LINK_BITS = 128,
    parameter int MOST_INPUTS = 128,
    parameter int MOST_TOKENS = 4,
    parameter int MOST_CODES = 512,
    parameter int SIDE_LISTS = 0,
    parameter int PAIRS = 32,             // of input and token, in a chunk
    localparam int MASK_BITS = 2 * PAIRS,
    localparam int CHUNK_BITS = 5 * PAIRS,
    localparam int LENGTH_BITS = $clog2(CHUNK_BITS + 1),
    localparam int COUNT_BITS = $clog2(MOST_INPUTS + 1),
    localparam int TOKENS_BITS = $clog2(MOST_TOKENS + 1)
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
    input logic write_start,
    input logic [COUNT_BITS-1:0] window_count,
    input logic [TOKENS_BITS-1:0] window_tokens,
    input logic [MOST_INPUTS-1:0] digit_pairs,
    input logic window_lists,
    input logic write_flit,
    input logic [LINK_BITS-1:0] write_data,
    input logic read_start,
    input logic take,
    output logic chunk_valid,
    output logic [CHUNK_BITS-1:0] chunk,  // mask, then slope and sign of each spike
    output logic [LENGTH_BITS-1:0] chunk_mask_bits,
    output logic [LENGTH_BITS-1:0] chunk_bits,
    output logic next_valid,
    output logic [MASK_BITS-1:0] next_mask,
    output logic [LENGTH_BITS-1:0] next_mask_bits
);
  localparam int AT_BITS = $clog2(4 * MOST_CODES);
  localparam int TOKEN_LIST_BITS = COUNT_BITS + MOST_INPUTS * ($clog2(MOST_INPUTS) > 3 ? $clog2(MOST_INPUTS) + 1 : 4);
  localparam int LIST_AT_BITS = SIDE_LISTS != 0 ? $clog2(MOST_TOKENS * TOKEN_LIST_BITS) : 1;
  localparam int SIDE_AT_BITS = LIST_AT_BITS > AT_BITS ? LIST_AT_BITS : AT_BITS;
  localparam int WIDTH_BITS = $clog2(COUNT_BITS + 1);
  localparam int VALUES_BITS = 3 * PAIRS;  // further bits of a chunk, at most
  localparam int LIST_BITS = SIDE_LISTS != 0 ? COUNT_BITS * (PAIRS + 1) : PAIRS;  // a count, and as many places; a mask
  localparam int SIDE_READ_BITS = LIST_BITS > VALUES_BITS ? LIST_BITS : VALUES_BITS;
  localparam int ROW_BITS = LINK_BITS > 4 * PAIRS ? LINK_BITS : 4 * PAIRS;
  localparam int SIDE_ROW_BITS = SIDE_READ_BITS > ROW_BITS ? 1 << $clog2(SIDE_READ_BITS) : ROW_BITS;
  localparam int INPUTS_BITS = $clog2(PAIRS + 1);

  // The lowest `width` bits set.
  function automatic [COUNT_BITS-1:0] low_mask(input [WIDTH_BITS-1:0] width);
    low_mask = ~({COUNT_BITS{1'b1}} << width);
  endfunction

  // --- Which chunk is read: again the one that shows, or the one behind it.
  logic [COUNT_BITS-1:0] count, inputs_left, issue_begin, next_begin;
  logic [TOKENS_BITS-1:0] tokens;
  logic [MOST_INPUTS-1:0] wide;
  logic [INPUTS_BITS-1:0] chunk_inputs;
  logic [4:0] next_step;
  logic fetch_first, advance, last_of_step, last;
  logic [MOST_TOKENS*AT_BITS-1:0] main_at;
  logic [MOST_TOKENS*SIDE_AT_BITS-1:0] mark_base, issue_mark_at, mark_at, mark_after;  // of mask or list
  logic [MOST_TOKENS*SIDE_AT_BITS-1:0] value_base, issue_value_at, value_at, value_after;

  always_comb begin
    chunk_inputs = '0;
    for (int s = 1; s <= MOST_TOKENS; s++) if (slots == TOKENS_BITS'(s)) chunk_inputs = INPUTS_BITS'(PAIRS / s);
  end
  assign inputs_left = count - next_begin;
  assign last_of_step = 32'(inputs_left) <= 32'(chunk_inputs);
  assign last = last_of_step && next_step + 1'b1 == steps;
  assign advance = next_valid && (!chunk_valid || take);

  always_comb begin
    issue_begin = next_begin;
    if (fetch_first) issue_begin = '0;
    else if (advance) issue_begin = last_of_step ? '0 : next_begin + COUNT_BITS'(chunk_inputs);
    for (int t = 0; t < MOST_TOKENS; t++) begin
      main_at[t*AT_BITS+:AT_BITS] = AT_BITS'(t) * AT_BITS'(count) + AT_BITS'(issue_begin);
      if (!format_recorded) main_at[t*AT_BITS+:AT_BITS] = main_at[t*AT_BITS+:AT_BITS] << 2;
    end
    issue_mark_at = advance ? mark_after : mark_at;
    issue_value_at = advance ? value_after : value_at;
    if (issue_begin == '0) begin
      issue_mark_at = mark_base;
      issue_value_at = value_base;
    end
  end

  always_ff @(posedge clk) begin
    if (reset) begin
      fetch_first <= 1'b0;
      next_valid <= 1'b0;
      chunk_valid <= 1'b0;
    end else begin
      fetch_first <= read_start;
      next_valid <= fetch_first ? count != '0 : next_valid && !(advance && last);
      chunk_valid <= advance || (chunk_valid && !take);
    end
    if (fetch_first) next_step <= '0;
    else if (advance) next_step <= next_step + 5'(last_of_step);
    next_begin <= issue_begin;
    mark_at <= issue_mark_at;
    value_at <= issue_value_at;
    if (advance) listed_held <= listed_after;
    if (advance) begin
      chunk <= CHUNK_BITS'(next_mask) | (details << next_mask_bits);
      chunk_mask_bits <= next_mask_bits;
      chunk_bits <= next_mask_bits + details_bits;
    end
  end

  // --- The codes.
  logic [MOST_TOKENS*4*PAIRS-1:0] mains;
  logic [MOST_TOKENS*SIDE_READ_BITS-1:0] marks, values;
  logic read_lists;
  logic [WIDTH_BITS-1:0] read_count_width, read_place_width, count_width;
  logic [MOST_TOKENS*COUNT_BITS-1:0] listed_held, listed_after;  // places still to come
  assign count_width = next_begin == '0 ? read_count_width : '0;
  logic unused_bits;  // of later tokens, whose chunks are shorter, and of whole reads
  assign unused_bits = &{1'b0, mains, marks, values};
  // Its ports that show accesses are for counting.
  // verilator lint_off PINCONNECTEMPTY
  code_store #(
      .LINK_BITS(LINK_BITS), .ROW_BITS(ROW_BITS), .SIDE_ROW_BITS(SIDE_ROW_BITS), .MOST_INPUTS(MOST_INPUTS),
      .MOST_TOKENS(MOST_TOKENS), .MOST_CODES(MOST_CODES), .MAIN_READS(MOST_TOKENS), .MAIN_READ_BITS(4 * PAIRS),
      .SIDE_READS(2 * MOST_TOKENS), .SIDE_READ_BITS(SIDE_READ_BITS), .SIDE_LISTS(SIDE_LISTS)
  ) store (
      .clk(clk),
      .reset(reset),
      .write_start(write_start),
      .window_count(window_count),
      .window_tokens(window_tokens),
      .window_wide(digit_pairs),
      .window_lists(window_lists),
      .window_plain(format_recorded),
      .window_further('0),
      .window_recorded(format_recorded),
      .write_flit(write_flit),
      .write_data(write_data),
      .main_write_at(),
      .main_write_bits(),
      .side_write_at(),
      .side_write_bits(),
      .read_start(read_start),
      .filled_value_base(),
      .read_count(count),
      .read_tokens(tokens),
      .read_wide(wide),
      .read_lists(read_lists),
      .read_plain(),
      .read_further(),
      .read_recorded(),
      .read_count_width(read_count_width),
      .read_place_width(read_place_width),
      .read_mark_base(mark_base),
      .read_value_base(value_base),
      .main_read_at(main_at),
      .main_read_data(mains),
      .side_read_at({issue_value_at, issue_mark_at}),
      .side_read_data({values, marks})
  );
  // verilator lint_on PINCONNECTEMPTY

  // --- Who fires in this step: [token][input of the chunk]; of a digit pair the low digit, then the high one.
  logic [PAIRS-1:0] pairs;
  logic [MOST_TOKENS*PAIRS-1:0] used, fires0, fires1;
  logic [MOST_TOKENS*PAIRS*4-1:0] signed_slopes;  // sign, slope
  assign pairs = PAIRS'(wide >> next_begin);
  for (genvar t = 0; t < MOST_TOKENS; t++) begin : token
    localparam int INPUTS = PAIRS / (t + 1);  // with t + 1 tokens or more
    // Salient: the mask's bits; or those that the list's next places name, up to the first one of a later chunk.
    logic [INPUTS-1:0] salients;
    logic [SIDE_READ_BITS-1:0] places;
    logic [COUNT_BITS-1:0] listed, place;  // place: counted from the chunk's first
    logic [SIDE_AT_BITS-1:0] marks_end;
    always_comb begin
      salients = marks[t*SIDE_READ_BITS+:INPUTS] & {INPUTS{!format_recorded}};
      listed = '0;
      place = '0;
      places = marks[t*SIDE_READ_BITS+:SIDE_READ_BITS];
      marks_end = mark_at[t*SIDE_AT_BITS+:SIDE_AT_BITS] + SIDE_AT_BITS'(chunk_inputs);
      if (SIDE_LISTS != 0 && read_lists) begin
        salients = '0;
        listed = next_begin == '0 ? places[COUNT_BITS-1:0] & low_mask(count_width)
                                  : listed_held[t*COUNT_BITS+:COUNT_BITS];
        places = places >> count_width;
        marks_end = mark_at[t*SIDE_AT_BITS+:SIDE_AT_BITS] + SIDE_AT_BITS'(count_width);
        for (int i = 0; i < INPUTS; i++) begin
          place = (places[COUNT_BITS-1:0] & low_mask(read_place_width)) - next_begin;
          if (listed != '0 && place < COUNT_BITS'(chunk_inputs)) begin
            salients = salients | (INPUTS'(1) << place);
            listed = listed - 1'b1;
            places = places >> read_place_width;
            marks_end = marks_end + SIDE_AT_BITS'(read_place_width);
          end
        end
      end
      listed_after[t*COUNT_BITS+:COUNT_BITS] = listed;
      mark_after[t*SIDE_AT_BITS+:SIDE_AT_BITS] = marks_end;
    end

    logic [VALUES_BITS-1:0] rest;
    logic [3*INPUTS-1:0] further;
    logic [1:0] width;
    always_comb begin
      rest = values[t*SIDE_READ_BITS+:VALUES_BITS];
      value_after[t*SIDE_AT_BITS+:SIDE_AT_BITS] = value_at[t*SIDE_AT_BITS+:SIDE_AT_BITS];
      width = '0;
      further = '0;
      for (int i = 0; i < INPUTS; i++) begin
        width = !used[t*PAIRS+i] ? 2'd0 : pairs[i] ? 2'd3 : 2'(salients[i]);
        further[3*i+:3] = rest[2:0] & ~(3'b111 << width);
        rest = rest >> width;
        value_after[t*SIDE_AT_BITS+:SIDE_AT_BITS] = value_after[t*SIDE_AT_BITS+:SIDE_AT_BITS] + SIDE_AT_BITS'(width);
      end
    end
    for (genvar i = 0; i < INPUTS; i++) begin : chunk_code
      localparam int N = t * PAIRS + i;
      logic [3:0] main;
      logic negative;
      logic [2:0] slope;
      logic [4:0] magnitude0, magnitude1;
      assign used[N] = TOKENS_BITS'(t) < slots && INPUTS_BITS'(i) < chunk_inputs && COUNT_BITS'(i) < inputs_left;
      assign main = format_recorded ? {3'b000, mains[t*4*PAIRS+i]} : mains[t*4*PAIRS+4*i+:4];
      code_spikes decode (
          .format_unsigned(format_unsigned),
          .format_salient(format_salient),
          .code({further[3*i+:3], main}),
          .salient(salients[i]),
          .digit_pair(pairs[i]),
          .magnitude0(magnitude0),
          .magnitude1(magnitude1),
          .slope(slope),
          .negative(negative)
      );
      spike_time time0 (
          .code_repeats, .code_radix, .steps, .step(next_step), .magnitude(magnitude0), .fires(fires0[N])
      );
      spike_time time1 (
          .code_repeats, .code_radix, .steps, .step(next_step), .magnitude(magnitude1), .fires(fires1[N])
      );
      assign signed_slopes[4*N+:4] = {negative, slope};
    end
    for (genvar i = INPUTS; i < PAIRS; i++) begin : no_code
      localparam int N = t * PAIRS + i;
      assign {used[N], fires0[N], fires1[N], signed_slopes[4*N+:4]} = '0;
    end
  end

  // --- The chunk's bits: by input, then token, then digit.
  logic [CHUNK_BITS-1:0] details;
  logic [LENGTH_BITS-1:0] details_bits;
  logic sign_bits;
  logic [1:0] slope_bits, slope_width;
  logic [3:0] detail;
  assign sign_bits = !format_recorded && !format_salient[2];
  assign slope_bits = format_recorded ? 2'd0 : format_digits || format_salient[0] ? 2'd3 : 2'd1;
  always_comb begin
    next_mask = '0;
    next_mask_bits = '0;
    details = '0;
    details_bits = '0;
    detail = '0;
    slope_width = '0;
    for (int i = 0; i < PAIRS; i++)
      for (int t = 0; t < MOST_TOKENS; t++)
        if (i < PAIRS / (t + 1) && used[t*PAIRS+i]) begin
          if (fires0[t*PAIRS+i] && TOKENS_BITS'(t) < tokens) begin
            next_mask = next_mask | (MASK_BITS'(1) << next_mask_bits);
            slope_width = pairs[i] ? 2'd0 : slope_bits;
            detail = {1'b0, signed_slopes[4*(t*PAIRS+i)+:3]} & ~(4'b1111 << slope_width);
            detail = detail | ({3'b000, signed_slopes[4*(t*PAIRS+i)+3] && sign_bits} << slope_width);
            details = details | (CHUNK_BITS'(detail) << details_bits);
            details_bits = details_bits + LENGTH_BITS'(slope_width) + LENGTH_BITS'(sign_bits);
          end
          next_mask_bits = next_mask_bits + LENGTH_BITS'(1);
          if (pairs[i]) begin
            if (fires1[t*PAIRS+i] && TOKENS_BITS'(t) < tokens) begin
              next_mask = next_mask | (MASK_BITS'(1) << next_mask_bits);
              details = details | (CHUNK_BITS'(signed_slopes[4*(t*PAIRS+i)+3] && sign_bits) << details_bits);
              details_bits = details_bits + LENGTH_BITS'(sign_bits);
            end
            next_mask_bits = next_mask_bits + LENGTH_BITS'(1);
          end
        end
  end
endmodule
