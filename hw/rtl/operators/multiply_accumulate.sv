// A multiply-accumulate lane: signed weight x (sign, magnitude), product shifted left (SHIFT_BITS 0: not), accumulated.
// `first` opens a sum.
module multiply_accumulate #(
    parameter int WEIGHT_BITS = 4,
    parameter int MAGNITUDE_BITS = 4,
    parameter int SHIFT_BITS = 4,
    parameter int ACCUMULATOR_BITS = 32,
    localparam int SHIFT_PORT_BITS = SHIFT_BITS > 0 ? SHIFT_BITS : 1
) (
    input  logic                        clk,
    input  logic                        first,
    input  logic [WEIGHT_BITS-1:0]      weight,
    input  logic                        negative,
    input  logic [MAGNITUDE_BITS-1:0]   magnitude,
    input  logic [SHIFT_PORT_BITS-1:0]  shift,
    output logic [ACCUMULATOR_BITS-1:0] accumulator
);
  localparam int PRODUCT_BITS = WEIGHT_BITS + MAGNITUDE_BITS;
  logic first_held, negative_held;
  logic [WEIGHT_BITS-1:0] weight_held;
  logic [MAGNITUDE_BITS-1:0] magnitude_held;
  logic [SHIFT_PORT_BITS-1:0] shift_held;
  logic [PRODUCT_BITS-1:0] product;
  logic [ACCUMULATOR_BITS-1:0] extended, term;
  signed_product #(WEIGHT_BITS, MAGNITUDE_BITS) multiply (.weight(weight_held), .magnitude(magnitude_held), .product);
  assign extended = {{(ACCUMULATOR_BITS - PRODUCT_BITS) {product[PRODUCT_BITS-1]}}, product};
  assign term = (SHIFT_BITS > 0 ? extended << shift_held : extended) ^ {ACCUMULATOR_BITS{negative_held}};
  always_ff @(posedge clk) begin
    first_held <= first;
    weight_held <= weight;
    negative_held <= negative;
    magnitude_held <= magnitude;
    shift_held <= shift;
    accumulator <= (first_held ? '0 : accumulator) + term + ACCUMULATOR_BITS'(negative_held);
  end
endmodule
