// A signed weight times a magnitude.
module multiplier #(
    parameter int WEIGHT_BITS = 4,
    parameter int MAGNITUDE_BITS = 4,
    localparam int PRODUCT_BITS = WEIGHT_BITS + MAGNITUDE_BITS
) (
    input  logic                      clk,
    input  logic [WEIGHT_BITS-1:0]    weight,
    input  logic [MAGNITUDE_BITS-1:0] magnitude,
    output logic [PRODUCT_BITS-1:0]   product
);
  logic [WEIGHT_BITS-1:0] weight_held;
  logic [MAGNITUDE_BITS-1:0] magnitude_held;
  logic [PRODUCT_BITS-1:0] exact;
  signed_product #(WEIGHT_BITS, MAGNITUDE_BITS) multiply (
      .weight(weight_held), .magnitude(magnitude_held), .product(exact)
  );
  always_ff @(posedge clk) begin
    weight_held <= weight;
    magnitude_held <= magnitude;
    product <= exact;
  end
endmodule
