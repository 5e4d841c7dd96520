// Mixed-precision buffer: codes of two windows; 4 bits of each in a main array, further bits of some in a side array.
// The twin of hw/mixed_precision_buffer/mixed_precision_buffer.h, written for synthesis.
//
//     write_flit --> [ splitter ] --> [ main array: 4 bits per code ] --> code, salient
//                                     [ side array: mask, then 1 or 3 bits of each masked code ]
//
// Timing   a flit is written in its own cycle, but for the tokens after the first that end in it, one a cycle more; a
//          code shows in the cycle after read_start or read_next. Reading may start in the cycle after the last flit.
// Config   window_count, window_tokens and window_wide (inputs that are digit pairs, bit k: the window's input k) hold
//          with write_start. LINK_BITS is a power of two.
// Differs  arrays are rows of one flit in two banks, with a write enable per bit, so that a piece of a flit lands
//          anywhere in one cycle: a word in which two pieces meet is written twice, and one in which mask meets further
//          bits is read twice, where SystemC charges each word once. Masks only: index lists (encoder.side_format) are
//          not here, and the lockstep packs with masks.
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
  localparam int QUEUE_BITS = SLOT_BITS;
  localparam int LEFT_BITS = COUNT_BITS + 2 > PIECE_BITS ? COUNT_BITS + 2 : PIECE_BITS;
  localparam int WIDE_BITS = MOST_INPUTS > LINK_BITS ? MOST_INPUTS : LINK_BITS;

  // Number of ones.
  function automatic [LEFT_BITS-1:0] ones(input [LINK_BITS-1:0] bits);
    ones = '0;
    for (int i = 0; i < LINK_BITS; i++) ones = ones + {{LEFT_BITS - 1{1'b0}}, bits[i]};
  endfunction

  // The lowest `count` bits set.
  function automatic [LINK_BITS-1:0] low_mask(input [PIECE_BITS-1:0] count);
    low_mask = ~({LINK_BITS{1'b1}} << count);
  endfunction

  // --- Windows: two halves.
  logic fill_half, read_half;
  logic filled_next;
  logic [COUNT_BITS-1:0] count[0:1];
  logic [TOKENS_BITS-1:0] tokens[0:1];
  logic [WIDE_BITS-1:0] wide[0:1];
  logic [LEFT_BITS-1:0] wide_bits[0:1];  // three per digit pair: of every token

  logic [LEFT_BITS-1:0] window_wide_count;
  always_comb begin
    window_wide_count = '0;
    for (int i = 0; i < MOST_INPUTS; i++) window_wide_count = window_wide_count + LEFT_BITS'(window_wide[i]);
  end

  assign filled_next = !fill_half;

  always_ff @(posedge clk) begin
    if (reset) begin
      fill_half <= 1'b0;
    end else if (write_start) begin
      fill_half <= filled_next;
      count[filled_next] <= window_count;
      tokens[filled_next] <= window_tokens;
      wide[filled_next] <= WIDE_BITS'(window_wide);
      wide_bits[filled_next] <= window_wide_count + (window_wide_count << 1);
    end
  end

  // --- Flits that wait for the splitter: as many as tokens can end in one flit.
  logic [LINK_BITS+1:0] queue[0:(1 << QUEUE_BITS)-1];  // half, first flit of a window, data
  logic [QUEUE_BITS:0] queue_count;
  logic [QUEUE_BITS-1:0] queue_read, queue_write;
  logic begins;
  logic [LINK_BITS+1:0] arriving, entry;
  logic have, used_up, from_queue;

  assign arriving = {fill_half, begins, write_data};
  assign from_queue = queue_count != '0;
  assign entry = from_queue ? queue[queue_read] : arriving;
  assign have = from_queue || write_flit;

  always_ff @(posedge clk) begin
    if (reset) begin
      queue_count <= '0;
      queue_read <= '0;
      queue_write <= '0;
      begins <= 1'b0;
    end else begin
      if (write_start) begins <= 1'b1;
      else if (write_flit) begins <= 1'b0;
      if (write_flit && (from_queue || !used_up)) begin
        queue[queue_write] <= arriving;
        queue_write <= queue_write + 1'b1;
      end
      if (from_queue && used_up) queue_read <= queue_read + 1'b1;
      queue_count <= queue_count + (QUEUE_BITS + 1)'(write_flit && (from_queue || !used_up)) -
                     (QUEUE_BITS + 1)'(from_queue && used_up);
    end
  end

  // --- Splitter: of one token and flit, the bits of the main array, then mask and further bits.
  logic half, first;
  logic [LINK_BITS-1:0] data;
  logic [PIECE_BITS-1:0] used;  // bits of the flit that earlier cycles took
  logic [TOKENS_BITS-1:0] token;
  logic [LEFT_BITS-1:0] main_left, values_left;
  logic [COUNT_BITS-1:0] mask_left;
  logic [AT_BITS-1:0] main_at, side_at;
  logic [LEFT_BITS-1:0] now_main_left, now_values_left, all_values;
  logic [COUNT_BITS-1:0] now_mask_left;
  logic [AT_BITS-1:0] now_main_at, now_side_at;
  logic [TOKENS_BITS-1:0] now_token;
  logic [PIECE_BITS-1:0] after_main, after_mask, main_take, mask_take, value_take, used_next;
  logic [LINK_BITS-1:0] main_piece, side_piece, wide_piece, mask_bits;
  logic token_ends, window_ends;

  assign {half, first, data} = entry;

  always_comb begin
    if (first && used == '0) begin
      now_token = '0;
      now_main_left = LEFT_BITS'(count[half]) << 2;
      now_mask_left = count[half];
      now_values_left = wide_bits[half];
      now_main_at = '0;
      now_side_at = '0;
    end else begin
      now_token = token;
      now_main_left = main_left;
      now_mask_left = mask_left;
      now_values_left = values_left;
      now_main_at = main_at;
      now_side_at = side_at;
    end
    main_take = PIECE_BITS'(LINK_BITS) - used;
    if (now_main_left < LEFT_BITS'(main_take)) main_take = PIECE_BITS'(now_main_left);
    after_main = PIECE_BITS'(LINK_BITS) - used - main_take;
    main_piece = data >> used;
    side_piece = main_piece >> main_take;
    mask_take = after_main;
    if (LEFT_BITS'(now_mask_left) < LEFT_BITS'(mask_take)) mask_take = PIECE_BITS'(now_mask_left);
    after_mask = after_main - mask_take;
    wide_piece = LINK_BITS'(wide[half] >> (count[half] - now_mask_left));
    mask_bits = side_piece & low_mask(mask_take) & ~wide_piece;
    all_values = now_values_left + ones(mask_bits);
    value_take = after_mask;
    if (all_values < LEFT_BITS'(value_take)) value_take = PIECE_BITS'(all_values);
    used_next = used + main_take + mask_take + value_take;
    token_ends = now_main_left == LEFT_BITS'(main_take) && LEFT_BITS'(now_mask_left) == LEFT_BITS'(mask_take) &&
                 all_values == LEFT_BITS'(value_take);
    window_ends = token_ends && now_token + 1'b1 == tokens[half];
    used_up = have && (window_ends || used_next == PIECE_BITS'(LINK_BITS));
  end

  assign main_write_at = now_main_at;
  assign main_write_bits = have ? main_take : '0;
  assign side_write_at = now_side_at;
  assign side_write_bits = have ? mask_take + value_take : '0;

  // Where each token's mask begins.
  logic [AT_BITS-1:0] mask_base[0:2*MOST_TOKENS-1];

  always_ff @(posedge clk) begin
    if (reset) begin
      used <= '0;
    end else if (have) begin
      used <= used_up ? '0 : used_next;
      main_at <= now_main_at + AT_BITS'(main_take);
      side_at <= now_side_at + AT_BITS'(mask_take) + AT_BITS'(value_take);
      if (token_ends) begin
        token <= now_token + 1'b1;
        main_left <= LEFT_BITS'(count[half]) << 2;
        mask_left <= count[half];
        values_left <= wide_bits[half];
        mask_base[{half, SLOT_BITS'(now_token + 1'b1)}] <= now_side_at + AT_BITS'(mask_take) + AT_BITS'(value_take);
      end else begin
        token <= now_token;
        main_left <= now_main_left - LEFT_BITS'(main_take);
        mask_left <= now_mask_left - COUNT_BITS'(mask_take);
        values_left <= all_values - LEFT_BITS'(value_take);
      end
    end
  end

  // --- Reading: input by input, of each input token by token; each token has its own place among the further bits.
  logic now_read_half;
  logic [COUNT_BITS-1:0] read_count, next_address, issue_address;
  logic [TOKENS_BITS-1:0] read_tokens;
  logic [SLOT_BITS-1:0] next_slot, issue_slot;
  logic [AT_BITS-1:0] code_index, issue_index, value_at, value_after, issue_mask_base;
  logic [AT_BITS-1:0] values_at[0:MOST_TOKENS-1];
  logic last_slot;

  logic [3:0] nibble, mask_nibble, value_nibble;

  assign now_read_half = read_start ? fill_half : read_half;
  assign read_count = count[read_half];
  assign read_tokens = tokens[read_half];
  assign last_slot = TOKENS_BITS'(code_slot) + 1'b1 == read_tokens;
  assign last_code = last_slot && code_address + 1'b1 == read_count;
  assign next_slot = last_slot ? '0 : code_slot + 1'b1;
  assign next_address = code_address + COUNT_BITS'(last_slot);

  assign digit_pair = 1'(wide[read_half] >> code_address);
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
    issue_mask_base = issue_slot == '0 ? '0 : mask_base[{read_half, issue_slot}];
    if (read_start) value_read_at = AT_BITS'(count[fill_half]);
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
      read_half <= 1'b0;
      read_shown <= 1'b0;
    end else begin
      read_half <= now_read_half;
      read_shown <= read_issued;
      code_address <= issue_address;
      code_slot <= issue_slot;
      code_index <= issue_index;
      value_at <= value_read_at;
      if (read_next) values_at[code_slot] <= value_after;
    end
  end

  // --- Arrays.
  bit_array #(.ROW_BITS(LINK_BITS), .BITS(8 * MOST_CODES), .READS(1)) main_array (
      .clk(clk),
      .write_at({half, now_main_at}),
      .write_bits(main_write_bits),
      .write_data(main_piece),
      .read_at({now_read_half, main_read_at}),
      .read_data(nibble)
  );
  bit_array #(.ROW_BITS(LINK_BITS), .BITS(8 * MOST_CODES), .READS(2)) side_array (
      .clk(clk),
      .write_at({half, now_side_at}),
      .write_bits(side_write_bits),
      .write_data(side_piece),
      .read_at({now_read_half, value_read_at, now_read_half, mask_read_at}),
      .read_data({value_nibble, mask_nibble})
  );
endmodule
