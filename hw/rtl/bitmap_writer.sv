// Bitmap writer: the codes of a window to the flits of a bitmap; part of spike_encoder.sv.
//
//     write_* --> [ bitmap_chunks ] --> [ bits not yet sent ] --> flit
//
// Timing   scatter_start when `filled` and no window waits or is emitted, emit_start in the next cycle. In cycles with
//          `body` it takes a chunk, for the flit in which its mask ends; a flit in which none ends takes a cycle, too.
//          flit_full says that a flit is complete, which waits for `ready`.
// Config   as spike_encoder.sv.
// Differs  where a mask begins in one flit and ends in the next, its first bits are sent before its chunk is taken.
module bitmap_writer #(
    parameter int LINK_BITS = 128,
    parameter int MOST_INPUTS = 128,
    parameter int MOST_TOKENS = 4,
    parameter int MOST_CODES = 512,
    parameter int SIDE_LISTS = 0,
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
  localparam int PAIRS = 32;
  localparam int MASK_BITS = 2 * PAIRS;
  localparam int CHUNK_BITS = 5 * PAIRS;
  localparam int LENGTH_BITS = $clog2(CHUNK_BITS + 1);
  localparam int HELD_BITS = LINK_BITS + CHUNK_BITS;
  localparam int AT_BITS = $clog2(HELD_BITS + MASK_BITS + 1);

  logic sends;  // a flit goes out in this cycle
  assign sends = body && flit_full && ready;
  assign scatter_start = filled && !emit_start && (!emitting || (sends && last_flit));
  always_ff @(posedge clk) emit_start <= !reset && scatter_start;

  logic take, chunk_valid, next_valid;
  logic [CHUNK_BITS-1:0] chunk;
  logic [MASK_BITS-1:0] next_mask;
  logic [LENGTH_BITS-1:0] chunk_mask_bits, chunk_bits, next_mask_bits;
  bitmap_chunks #(
      .LINK_BITS(LINK_BITS), .MOST_INPUTS(MOST_INPUTS), .MOST_TOKENS(MOST_TOKENS), .MOST_CODES(MOST_CODES),
      .SIDE_LISTS(SIDE_LISTS), .PAIRS(PAIRS)
  ) chunks (
      .clk, .reset, .code_repeats, .code_radix, .format_unsigned, .format_salient, .format_digits, .format_recorded,
      .steps, .slots,
      .write_start, .window_count, .window_tokens, .digit_pairs, .window_lists, .write_flit, .write_data,
      .read_start(scatter_start), .take, .chunk_valid, .chunk, .chunk_mask_bits, .chunk_bits,
      .next_valid, .next_mask, .next_mask_bits
  );

  logic [HELD_BITS-1:0] held, gathered;      // bits not yet sent; with the chunk that is taken
  logic [AT_BITS-1:0] held_bits, gathered_bits;
  logic [LENGTH_BITS-1:0] sent_bits;         // of the chunk's mask, before it is taken
  logic absorbs, mask_splits, whole;
  logic [MASK_BITS-1:0] mask_behind;         // of the chunk that follows
  logic [AT_BITS-1:0] mask_behind_bits;
  logic mask_is_behind;

  always_comb begin
    // A flit that the bits at hand fill goes first; so does one in which the chunk's mask does not end.
    absorbs = chunk_valid && held_bits < AT_BITS'(LINK_BITS) &&
              held_bits + AT_BITS'(chunk_mask_bits - sent_bits) <= AT_BITS'(LINK_BITS);
    gathered = held;
    gathered_bits = held_bits;
    mask_is_behind = chunk_valid;
    mask_behind = chunk[MASK_BITS-1:0];
    mask_behind_bits = AT_BITS'(chunk_mask_bits);
    if (absorbs) begin
      gathered = held | ((HELD_BITS'(chunk) >> sent_bits) << held_bits);
      gathered_bits = held_bits + AT_BITS'(chunk_bits - sent_bits);
      mask_is_behind = next_valid;
      mask_behind = next_mask;
      mask_behind_bits = AT_BITS'(next_mask_bits);
    end
    whole = gathered_bits >= AT_BITS'(LINK_BITS);
    mask_splits = !whole && mask_is_behind && gathered_bits + mask_behind_bits > AT_BITS'(LINK_BITS);
    flit_full = whole || mask_splits || !mask_is_behind;
    last_flit = !mask_is_behind && gathered_bits <= AT_BITS'(LINK_BITS);
    flit = gathered[LINK_BITS-1:0];
    if (mask_splits) flit = flit | (LINK_BITS'(mask_behind) << gathered_bits);
  end
  assign take = body && absorbs && (!flit_full || ready);

  always_ff @(posedge clk) begin
    if (emit_start) begin
      held <= '0;
      held_bits <= '0;
      sent_bits <= '0;
    end else if (sends) begin
      held <= whole ? gathered >> LINK_BITS : '0;
      held_bits <= whole ? gathered_bits - AT_BITS'(LINK_BITS) : '0;
      sent_bits <= mask_splits ? LENGTH_BITS'(AT_BITS'(LINK_BITS) - gathered_bits) : '0;
    end else if (take) begin
      held <= gathered;
      held_bits <= gathered_bits;
      sent_bits <= '0;
    end
  end
endmodule
