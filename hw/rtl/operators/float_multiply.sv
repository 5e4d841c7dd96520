// The binary32 multiplier of a dequantizer, with its registers.
module float_multiply (
    input  logic        clk,
    input  logic [31:0] a,
    input  logic [31:0] b,
    output logic [31:0] product
);
  logic [31:0] a_held, b_held, rounded;
  float_product multiply (.a(a_held), .b(b_held), .product(rounded));
  always_ff @(posedge clk) begin
    a_held <= a;
    b_held <= b;
    product <= rounded;
  end
endmodule
