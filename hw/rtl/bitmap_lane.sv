// Decoder of one source's spike flits, payload `bitmap`: shows the next event, one event at a time, as spike_lane.sv
// does for address events.
//
//     oldest flits --> [ bits of the stream | mask of the chunk under way ] --> event
//
// Timing   the event shown is the next one of the chunk under way, of a chunk that is there as a whole, or of the one
//          that the flits at the front complete: as many are taken at once as it needs. `spike_left`: the bits at hand
//          go on with a spike. `look` lets the lane take flits in this cycle, `take` moves on to the next event,
//          `take_head` takes a window's head flit, `window_ends` drops what is left.
// Config   tokens of a batch, inputs of the window, which of them are digit pairs; constant within a window.
// Differs  SHOWN flits bring a whole chunk, each behind a head flit. A mark needs no bits: it follows a step's last
//          chunk, or the mark before where a window has no inputs.
module bitmap_lane #(
    parameter int LINK_BITS = 128,
    parameter int SHOWN = 4,
    parameter int SLOTS = 4,
    parameter int INPUTS = 32,        // most of a window
    parameter int PAIRS = 32,         // of input and token, in a chunk
    localparam int ADDRESS_BITS = $clog2(INPUTS),
    localparam int COUNT_BITS = $clog2(INPUTS + 1),
    localparam int SLOT_BITS = SLOTS > 1 ? $clog2(SLOTS) : 1,
    localparam int TOKEN_BITS = $clog2(SLOTS + 1)
) (
    input  logic                       clk,
    input  logic                       reset,
    input  logic [TOKEN_BITS-1:0]      format_slots,
    input  logic [1:0]                 format_slope_bits,
    input  logic                       format_sign,
    input  logic [COUNT_BITS-1:0]      count,
    input  logic [INPUTS-1:0]          digit_pairs,
    input  logic [SHOWN-1:0]           valid,
    input  logic [SHOWN-1:0]           head,
    input  logic [SHOWN*LINK_BITS-1:0] bits,
    output logic [SHOWN-1:0]           pop,
    input  logic                       take_head,
    input  logic                       window_ends,
    input  logic                       look,
    input  logic                       take,
    output logic                       spike_left,
    output logic                       found,
    output logic                       mark,
    output logic                       empty,  // a chunk without a spike
    output logic [SLOT_BITS-1:0]       slot,
    output logic [ADDRESS_BITS-1:0]    address,
    output logic [2:0]                 slope,
    output logic                       negative
);
  localparam int BODIES = SHOWN / 2;
  localparam int MASK_BITS = 2 * PAIRS;               // of a chunk, at most
  localparam int STREAM_BITS = 5 * PAIRS + LINK_BITS;  // a chunk but for a bit, and a flit
  localparam int LEFT_BITS = $clog2(5 * PAIRS + SHOWN * LINK_BITS + 1);
  localparam int PAIR_BITS = $clog2(PAIRS);
  localparam int INPUTS_BITS = $clog2(PAIRS + 1);

  logic [STREAM_BITS-1:0] stream, extended;  // bits not yet taken; with the flits at the front
  logic [LEFT_BITS-1:0]   left, extended_left;
  logic [COUNT_BITS-1:0]  begin_input, inputs_left;  // of the chunk at the front
  logic                   opened;            // its mask has been taken: what is left of it is `mask_left`
  logic                   mark_due;
  logic [MASK_BITS-1:0]   mask_left;

  // Pairs of the chunk: by input, then token.
  logic [INPUTS_BITS-1:0]         chunk_inputs;
  logic [PAIRS*INPUTS_BITS-1:0]   pair_input;
  logic [PAIRS*SLOT_BITS-1:0]     pair_slot;
  logic [PAIRS-1:0]               pair_used, pair_digits;
  always_comb begin
    chunk_inputs = '0;
    pair_input = '0;
    pair_slot = '0;
    for (int s = 1; s <= SLOTS; s = s + 1)
      if (format_slots == TOKEN_BITS'(s)) begin
        chunk_inputs = INPUTS_BITS'(PAIRS / s);
        for (int q = 0; q < PAIRS; q = q + 1) begin
          pair_input[q*INPUTS_BITS +: INPUTS_BITS] = INPUTS_BITS'(q / s);
          pair_slot[q*SLOT_BITS +: SLOT_BITS] = SLOT_BITS'(q % s);
        end
      end
  end
  logic [PAIRS-1:0] chunk_digits;
  assign inputs_left = count - begin_input;
  assign chunk_digits = PAIRS'(digit_pairs >> begin_input);
  always_comb
    for (int q = 0; q < PAIRS; q = q + 1) begin
      pair_used[q] = pair_input[q*INPUTS_BITS +: INPUTS_BITS] < chunk_inputs
                     && 32'(pair_input[q*INPUTS_BITS +: INPUTS_BITS]) < 32'(inputs_left);
      pair_digits[q] = 1'(chunk_digits >> pair_input[q*INPUTS_BITS +: INPUTS_BITS]);
    end

  // Body flits at the front, side by side, behind the bits at hand.
  logic [BODIES*LINK_BITS-1:0] bodies;
  logic [LEFT_BITS-1:0]        bodies_bits;
  always_comb begin
    bodies = '0;
    bodies_bits = '0;
    for (int i = 0; i < SHOWN; i = i + 1)
      if (valid[i] && !head[i]) begin
        bodies = bodies | ((BODIES*LINK_BITS)'(bits[i*LINK_BITS +: LINK_BITS]) << bodies_bits);
        bodies_bits = bodies_bits + LEFT_BITS'(LINK_BITS);
      end
  end
  assign extended = (stream & ~({STREAM_BITS{1'b1}} << left)) | (STREAM_BITS'(bodies) << left);

  // The mask at the front, two bits for each pair, and all bits of its chunk: slope and sign of each spike, but only
  // the sign of a digit.
  logic [MASK_BITS-1:0] spread, mask_now;
  logic [LEFT_BITS-1:0] width, chunk_bits;
  logic [LEFT_BITS-1:0] digit_bits, spike_bits;  // behind the mask
  assign digit_bits = LEFT_BITS'(format_sign);
  assign spike_bits = LEFT_BITS'(format_slope_bits) + digit_bits;
  always_comb begin
    spread = '0;
    width = '0;
    for (int q = 0; q < PAIRS; q = q + 1)
      if (pair_used[q]) begin
        spread[2*q] = 1'(extended[MASK_BITS-1:0] >> width);
        width = width + LEFT_BITS'(1);
        if (pair_digits[q]) begin
          spread[2*q+1] = 1'(extended[MASK_BITS-1:0] >> width);
          width = width + LEFT_BITS'(1);
        end
      end
    chunk_bits = width == '0 ? LEFT_BITS'(1) : width;  // a window without inputs has a flit, too
    for (int q = 0; q < PAIRS; q = q + 1) begin
      if (spread[2*q]) chunk_bits = chunk_bits + (pair_digits[q] ? digit_bits : spike_bits);
      if (spread[2*q+1]) chunk_bits = chunk_bits + digit_bits;
    end
  end

  // Flits up to the one that completes the chunk.
  logic [SHOWN-1:0] taken;
  always_comb begin
    extended_left = left;
    taken = '0;
    for (int i = 0; i < SHOWN; i = i + 1)
      if (valid[i] && !opened && !mark_due && extended_left < chunk_bits) begin
        taken[i] = 1'b1;
        if (!head[i]) extended_left = extended_left + LEFT_BITS'(LINK_BITS);
      end
  end
  assign pop = look ? taken : SHOWN'(take_head);

  // The event: the first spike of the mask.
  logic [PAIR_BITS-1:0] pair;
  logic [LEFT_BITS-1:0] width_now;
  logic [3:0]           details;
  logic                 digits;
  assign mask_now = opened ? mask_left : spread;
  assign width_now = opened ? '0 : width;
  always_comb begin
    pair = '0;
    for (int q = PAIRS - 1; q >= 0; q = q - 1) if (mask_now[2*q +: 2] != '0) pair = PAIR_BITS'(q);
  end
  assign found = mark_due || opened || extended_left >= chunk_bits;
  assign mark = mark_due || count == '0;
  assign empty = !mark && mask_now == '0;
  assign spike_left = opened || (!mark && left >= chunk_bits && spread != '0);
  assign slot = pair_slot[32'(pair)*SLOT_BITS +: SLOT_BITS];
  assign address = ADDRESS_BITS'(begin_input) + ADDRESS_BITS'(pair_input[32'(pair)*INPUTS_BITS +: INPUTS_BITS]);
  assign digits = pair_digits[pair];
  assign details = 4'(extended >> width_now);
  assign slope = digits ? 3'd5 + 3'(!mask_now[{pair, 1'b0}]) : details[2:0] & ~(3'b111 << format_slope_bits);
  assign negative = 1'(details >> (digits ? 2'd0 : format_slope_bits)) && format_sign;

  logic [LEFT_BITS-1:0] used;
  logic [MASK_BITS-1:0] mask_next;
  logic                 chunk_ends;
  assign mask_next = mask_now & (mask_now - MASK_BITS'(1));
  assign chunk_ends = !mark && mask_next == '0;
  assign used = mark ? '0 : empty ? width_now : width_now + (digits ? digit_bits : spike_bits);

  always_ff @(posedge clk) begin
    if (reset || window_ends) begin
      left <= '0;
      begin_input <= '0;
      opened <= 1'b0;
      mark_due <= 1'b0;
    end else if (take) begin
      stream <= extended >> used;
      left <= extended_left - used;
      mask_left <= mask_next;
      opened <= !mark && !chunk_ends;
      mark_due <= chunk_ends && 32'(inputs_left) <= 32'(chunk_inputs);
      if (mark) begin_input <= '0;
      else if (chunk_ends) begin_input <= begin_input + COUNT_BITS'(chunk_inputs);
    end else if (look) begin
      stream <= extended;
      left <= extended_left;
    end
  end
endmodule
