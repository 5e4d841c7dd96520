// A binary32 accumulator. `first` opens a sum.
module float_accumulate (
    input  logic        clk,
    input  logic        first,
    input  logic [31:0] term,
    output logic [31:0] accumulator
);
  logic first_held;
  logic [31:0] term_held, sum;
  float_sum add (.a(first_held ? 32'd0 : accumulator), .b(term_held), .sum);
  always_ff @(posedge clk) begin
    first_held <= first;
    term_held <= term;
    accumulator <= sum;
  end
endmodule
