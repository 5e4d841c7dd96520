// binary16 x binary16, exact in binary32. Subnormal operands count as zero; infinities and NaNs do not occur.
module half_product (
    input  logic [15:0] a,
    input  logic [15:0] b,
    output logic [31:0] product
);
  logic zero;
  logic [21:0] significand;  // in [1, 4), 20 fraction bits
  logic [7:0] exponent;
  assign zero = a[14:10] == 0 || b[14:10] == 0;
  assign significand = {1'b1, a[9:0]} * {1'b1, b[9:0]};
  assign exponent = 8'(a[14:10]) + 8'(b[14:10]) + 8'd97 + 8'(significand[21]);  // 127 - 2 x 15
  assign product[31] = a[15] ^ b[15];
  assign product[30:0] = zero ? '0 : {exponent, significand[21] ? significand[20:0] : {significand[19:0], 1'b0}, 2'b00};
endmodule
