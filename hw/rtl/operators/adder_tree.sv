// LANES signed words summed in a tree. Lane i holds bits i * BITS of `terms`. Inverted sign bits bias each word by
// 2^(BITS-1), so that no sign is extended.
module adder_tree #(
    parameter int LANES = 16,
    parameter int BITS = 8,
    localparam int SUM_BITS = BITS + $clog2(LANES)
) (
    input  logic                  clk,
    input  logic [LANES*BITS-1:0] terms,
    output logic [SUM_BITS-1:0]   sum
);
  logic [LANES*BITS-1:0] terms_held;
  logic [SUM_BITS-1:0] total;
  always_comb begin
    total = SUM_BITS'(-(LANES << (BITS - 1)));
    for (int i = 0; i < LANES; i++) total = total + SUM_BITS'({~terms_held[i*BITS+BITS-1], terms_held[i*BITS+:BITS-1]});
  end
  always_ff @(posedge clk) begin
    terms_held <= terms;
    sum <= total;
  end
endmodule
