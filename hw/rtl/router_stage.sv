// When a stage of the router may begin. It is not pipelined: it takes what waits in the cycle in which it begins, and
// begins again CYCLES later. The twin of Router::Stage in hw/noc/router.h.
module router_stage #(
    parameter int CYCLES = 1
) (
    input  logic clk,
    input  logic reset,
    input  logic begins,  // in this cycle; only if it is open
    output logic open
);
  generate
    if (CYCLES > 1) begin : several
      localparam int BITS = $clog2(CYCLES);
      logic [BITS-1:0] left;
      assign open = left == '0;
      always_ff @(posedge clk) begin
        if (reset) left <= '0;
        else if (begins) left <= BITS'(CYCLES - 1);
        else if (!open) left <= left - BITS'(1);
      end
    end else begin : one
      logic unused;
      assign unused = &{1'b0, clk, reset, begins};
      assign open = 1'b1;
    end
  endgenerate
endmodule
