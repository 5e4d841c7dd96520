// Two words added: the unit in which the prices of the other operators are counted.
module adder #(
    parameter int BITS = 18
) (
    input  logic            clk,
    input  logic [BITS-1:0] a,
    input  logic [BITS-1:0] b,
    output logic [BITS-1:0] sum
);
  logic [BITS-1:0] a_held, b_held;
  always_ff @(posedge clk) begin
    a_held <= a;
    b_held <= b;
    sum <= a_held + b_held;
  end
endmodule
