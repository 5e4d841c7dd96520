// One bit of LANES two's complement activations a cycle: AND with the signed weights, summed in a tree, the sum shifted
// left to the bit's place, subtracted for the sign bit (`negative`), accumulated. `first` opens a sum.
module bit_serial #(
    parameter int LANES = 16,
    parameter int WEIGHT_BITS = 4,
    parameter int SHIFT_BITS = 4,
    parameter int ACCUMULATOR_BITS = 32
) (
    input  logic                         clk,
    input  logic                         first,
    input  logic [LANES*WEIGHT_BITS-1:0] weights,
    input  logic [LANES-1:0]             bits,
    input  logic                         negative,
    input  logic [SHIFT_BITS-1:0]        shift,
    output logic [ACCUMULATOR_BITS-1:0]  accumulator
);
  localparam int SUM_BITS = WEIGHT_BITS + $clog2(LANES);
  logic first_held, negative_held;
  logic [LANES*WEIGHT_BITS-1:0] weights_held;
  logic [LANES-1:0] bits_held;
  logic [SHIFT_BITS-1:0] shift_held;

  // Inverted sign bits bias each weight by 2^(WEIGHT_BITS-1), so that no sign is extended.
  logic [LANES*WEIGHT_BITS-1:0] gated;
  logic [SUM_BITS-1:0] sum;
  always_comb begin
    sum = SUM_BITS'(-(LANES << (WEIGHT_BITS - 1)));
    for (int i = 0; i < LANES; i++) begin
      gated[i*WEIGHT_BITS+:WEIGHT_BITS] = weights_held[i*WEIGHT_BITS+:WEIGHT_BITS] & {WEIGHT_BITS{bits_held[i]}};
      sum = sum + SUM_BITS'({~gated[i*WEIGHT_BITS+WEIGHT_BITS-1], gated[i*WEIGHT_BITS+:WEIGHT_BITS-1]});
    end
  end

  logic [ACCUMULATOR_BITS-1:0] term;
  assign term = ({{(ACCUMULATOR_BITS - SUM_BITS) {sum[SUM_BITS-1]}}, sum} << shift_held)
                ^ {ACCUMULATOR_BITS{negative_held}};
  always_ff @(posedge clk) begin
    first_held <= first;
    negative_held <= negative;
    weights_held <= weights;
    bits_held <= bits;
    shift_held <= shift;
    accumulator <= (first_held ? '0 : accumulator) + term + ACCUMULATOR_BITS'(negative_held);
  end
endmodule
