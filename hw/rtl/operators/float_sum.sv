// binary32 + binary32, rounded to nearest, ties to even. Subnormal operands count as zero, subnormal results become
// zero, results beyond the range infinity; infinities and NaNs do not occur as operands.
module float_sum (
    input  logic [31:0] a,
    input  logic [31:0] b,
    output logic [31:0] sum
);
  logic swap;
  logic [31:0] larger, smaller;
  assign swap = b[30:0] > a[30:0];
  assign larger = swap ? b : a;
  assign smaller = swap ? a : b;

  // Three bits below the significand: guard, round, sticky.
  logic [7:0] distance;
  logic [26:0] kept, whole, aligned;
  logic sticky;
  assign distance = larger[30:23] - smaller[30:23];
  assign kept = larger[30:23] == 0 ? '0 : {1'b1, larger[22:0], 3'b000};
  assign whole = smaller[30:23] == 0 ? '0 : {1'b1, smaller[22:0], 3'b000};
  assign sticky = (whole & ~(27'h7ffffff << distance)) != 0;
  assign aligned = (whole >> distance) | 27'(sticky);

  logic subtract;
  logic [27:0] total;
  assign subtract = larger[31] ^ smaller[31];
  assign total = {1'b0, kept} + ({1'b0, aligned} ^ {28{subtract}}) + 28'(subtract);

  logic [27:0] normal;
  logic [4:0] zeros;
  leading_zeros #(.BITS(28)) normalize (.word(total), .normal, .zeros);

  logic [24:0] rounded;
  logic [9:0] exponent;  // signed
  assign rounded = {1'b0, normal[27:4]} + 25'(normal[3] && (normal[4] || normal[2:0] != 0));
  assign exponent = 10'(larger[30:23]) + 10'd1 - 10'(zeros) + 10'(rounded[24]);
  logic zero;
  assign zero = total == 0 || exponent[9] || exponent == 0;
  assign sum = {larger[31] && !(subtract && total == 0),
                zero ? 31'd0 : exponent >= 10'd255 ? {8'd255, 23'd0} : {exponent[7:0], rounded[22:0]}};
endmodule
