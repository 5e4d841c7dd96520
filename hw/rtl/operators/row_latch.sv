// The latch between weight memory and adders: keeps a synapse row until the next one is read.
module row_latch #(
    parameter int BITS = 64
) (
    input  logic            clk,
    input  logic            row,
    input  logic [BITS-1:0] data,
    output logic [BITS-1:0] latched
);
  always_ff @(posedge clk) if (row) latched <= data;
endmodule
