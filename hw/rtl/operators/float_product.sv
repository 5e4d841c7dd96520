// binary32 x binary32, rounded to nearest, ties to even. Subnormal operands count as zero, subnormal results become
// zero, results beyond the range infinity; infinities and NaNs do not occur as operands.
module float_product (
    input  logic [31:0] a,
    input  logic [31:0] b,
    output logic [31:0] product
);
  logic [47:0] exact, normal;  // in [1, 4), then in [1, 2)
  logic [24:0] rounded;
  logic [9:0] exponent;        // signed: without bias after the product, biased again
  logic up, zero;
  assign exact = {1'b1, a[22:0]} * {1'b1, b[22:0]};
  assign normal = exact[47] ? exact : exact << 1;
  assign up = normal[23] && (normal[24] || normal[22:0] != 0);
  assign rounded = {1'b0, normal[47:24]} + 25'(up);
  assign exponent = 10'(a[30:23]) + 10'(b[30:23]) - 10'd127 + 10'(exact[47]) + 10'(rounded[24]);
  assign zero = a[30:23] == 0 || b[30:23] == 0 || exponent[9] || exponent == 0;
  assign product = {a[31] ^ b[31],
                    zero ? 31'd0 : exponent >= 10'd255 ? {8'd255, 23'd0} : {exponent[7:0], rounded[22:0]}};
endmodule
