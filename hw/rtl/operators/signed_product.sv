// A signed weight times a magnitude, from WEIGHT_BITS x MAGNITUDE_BITS partial product bits. The weight's sign bit
// counts negative: -x 2^(W-1) = (~x + 1 - 2^M) 2^(W-1) for x of M bits, so its row is inverted and two constant bits
// are added.
module signed_product #(
    parameter int WEIGHT_BITS = 4,
    parameter int MAGNITUDE_BITS = 4,
    localparam int PRODUCT_BITS = WEIGHT_BITS + MAGNITUDE_BITS
) (
    input  logic [WEIGHT_BITS-1:0]    weight,
    input  logic [MAGNITUDE_BITS-1:0] magnitude,
    output logic [PRODUCT_BITS-1:0]   product
);
  localparam int SIGN = WEIGHT_BITS - 1;
  logic [MAGNITUDE_BITS-1:0] negative_row;
  assign negative_row = ~(magnitude & {MAGNITUDE_BITS{weight[SIGN]}});
  always_comb begin
    product = (PRODUCT_BITS'(1) << SIGN) + (PRODUCT_BITS'(1) << (PRODUCT_BITS - 1));
    for (int i = 0; i < SIGN; i++)
      product = product + (PRODUCT_BITS'(magnitude & {MAGNITUDE_BITS{weight[i]}}) << i);
    product = product + (PRODUCT_BITS'(negative_row) << SIGN);
  end
endmodule
