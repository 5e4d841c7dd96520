// A word of flip-flops.
module register_word #(
    parameter int BITS = 32
) (
    input  logic            clk,
    input  logic [BITS-1:0] data,
    output logic [BITS-1:0] held
);
  always_ff @(posedge clk) held <= data;
endmodule
