// LANES products of a signed weight and (sign, magnitude), summed in a tree, the sum shifted left (SHIFT_BITS 0: not)
// and accumulated. Lane i holds bits i * width of each port. `first` opens a sum.
module dot_product #(
    parameter int LANES = 16,
    parameter int WEIGHT_BITS = 4,
    parameter int MAGNITUDE_BITS = 4,
    parameter int SHIFT_BITS = 0,
    parameter int ACCUMULATOR_BITS = 32,
    localparam int SHIFT_PORT_BITS = SHIFT_BITS > 0 ? SHIFT_BITS : 1
) (
    input  logic                            clk,
    input  logic                            first,
    input  logic [LANES*WEIGHT_BITS-1:0]    weights,
    input  logic [LANES-1:0]                negatives,
    input  logic [LANES*MAGNITUDE_BITS-1:0] magnitudes,
    input  logic [SHIFT_PORT_BITS-1:0]      shift,
    output logic [ACCUMULATOR_BITS-1:0]     accumulator
);
  localparam int PRODUCT_BITS = WEIGHT_BITS + MAGNITUDE_BITS;
  localparam int SUM_BITS = PRODUCT_BITS + $clog2(LANES);
  logic first_held;
  logic [LANES*WEIGHT_BITS-1:0] weights_held;
  logic [LANES-1:0] negatives_held;
  logic [LANES*MAGNITUDE_BITS-1:0] magnitudes_held;
  logic [SHIFT_PORT_BITS-1:0] shift_held;

  // Inverted sign bits bias each product by 2^(PRODUCT_BITS-1), so that no sign is extended.
  logic [LANES*PRODUCT_BITS-1:0] terms;
  genvar lane;
  generate
    for (lane = 0; lane < LANES; lane = lane + 1) begin : products
      logic [PRODUCT_BITS-1:0] product;
      signed_product #(WEIGHT_BITS, MAGNITUDE_BITS) multiply (
          .weight(weights_held[lane*WEIGHT_BITS+:WEIGHT_BITS]),
          .magnitude(magnitudes_held[lane*MAGNITUDE_BITS+:MAGNITUDE_BITS]),
          .product
      );
      assign terms[lane*PRODUCT_BITS+:PRODUCT_BITS] =
          product ^ {~negatives_held[lane], {(PRODUCT_BITS - 1) {negatives_held[lane]}}};
    end
  endgenerate

  logic [SUM_BITS-1:0] sum;
  always_comb begin
    sum = SUM_BITS'(-(LANES << (PRODUCT_BITS - 1)));
    for (int i = 0; i < LANES; i++)
      sum = sum + SUM_BITS'(terms[i*PRODUCT_BITS+:PRODUCT_BITS]) + SUM_BITS'(negatives_held[i]);
  end

  logic [ACCUMULATOR_BITS-1:0] extended;
  assign extended = {{(ACCUMULATOR_BITS - SUM_BITS) {sum[SUM_BITS-1]}}, sum};
  always_ff @(posedge clk) begin
    first_held <= first;
    weights_held <= weights;
    negatives_held <= negatives;
    magnitudes_held <= magnitudes;
    shift_held <= shift;
    accumulator <= (first_held ? '0 : accumulator) + (SHIFT_BITS > 0 ? extended << shift_held : extended);
  end
endmodule
