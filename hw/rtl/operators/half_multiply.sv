// The multiplier of a binary16 lane, with its registers.
module half_multiply (
    input  logic        clk,
    input  logic [15:0] a,
    input  logic [15:0] b,
    output logic [31:0] product
);
  logic [15:0] a_held, b_held;
  logic [31:0] exact;
  half_product multiply (.a(a_held), .b(b_held), .product(exact));
  always_ff @(posedge clk) begin
    a_held <= a;
    b_held <= b;
    product <= exact;
  end
endmodule
