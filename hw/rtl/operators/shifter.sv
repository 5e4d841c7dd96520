// A signed word shifted left by 0 .. 2^SHIFT_BITS - 1: SHIFT_BITS stages of 2:1 multiplexers.
module shifter #(
    parameter int BITS = 32,
    parameter int SHIFT_BITS = 1,
    parameter int TERM_BITS = 31
) (
    input  logic                  clk,
    input  logic [TERM_BITS-1:0]  term,
    input  logic [SHIFT_BITS-1:0] shift,
    output logic [BITS-1:0]       shifted
);
  logic [TERM_BITS-1:0] term_held;
  logic [SHIFT_BITS-1:0] shift_held;
  always_ff @(posedge clk) begin
    term_held <= term;
    shift_held <= shift;
    shifted <= {{(BITS - TERM_BITS) {term_held[TERM_BITS-1]}}, term_held} << shift_held;
  end
endmodule
