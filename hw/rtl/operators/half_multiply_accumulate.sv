// A binary16 lane: exact product of two binary16 numbers, added to a binary32 accumulator in the next cycle.
module half_multiply_accumulate (
    input  logic        clk,
    input  logic        first,
    input  logic [15:0] a,
    input  logic [15:0] b,
    output logic [31:0] accumulator
);
  logic first_held, first_product;
  logic [15:0] a_held, b_held;
  logic [31:0] exact, product, sum;
  half_product multiply (.a(a_held), .b(b_held), .product(exact));
  float_sum add (.a(first_product ? 32'd0 : accumulator), .b(product), .sum);
  always_ff @(posedge clk) begin
    first_held <= first;
    first_product <= first_held;
    a_held <= a;
    b_held <= b;
    product <= exact;
    accumulator <= sum;
  end
endmodule
