// Grants of an allocator that takes CYCLES cycles: decided in the first of them, they take effect in the last.
module router_grants #(
    parameter int BITS = 1,
    parameter int CYCLES = 1
) (
    input  logic            clk,
    input  logic            reset,
    input  logic [BITS-1:0] decided,
    output logic [BITS-1:0] due
);
  generate
    if (CYCLES > 1) begin : several
      logic [(CYCLES-1)*BITS-1:0] waiting;  // those due next lie lowest
      assign due = waiting[BITS-1:0];
      always_ff @(posedge clk) begin
        if (reset) waiting <= '0;
        else waiting <= ((CYCLES - 1) * BITS)'({decided, waiting} >> BITS);
      end
    end else begin : one
      logic unused;
      assign unused = &{1'b0, clk, reset};
      assign due = decided;
    end
  endgenerate
endmodule
