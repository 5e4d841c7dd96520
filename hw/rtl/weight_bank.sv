// A bank of the weight SRAM, or all banks of a half: one port, a row a cycle; what was read stays until the next read.
module weight_bank #(
    parameter int ROW_BYTES = 4,
    parameter int ROWS = 32,
    localparam int ROW_BITS = $clog2(ROWS)
) (
    input  logic                   clk,
    input  logic                   write,
    input  logic [ROW_BITS-1:0]    write_row,
    input  logic [ROW_BYTES*8-1:0] write_data,
    input  logic                   read,
    input  logic [ROW_BITS-1:0]    read_row,
    output logic [ROW_BYTES*8-1:0] read_data
);
  logic [ROW_BYTES*8-1:0] memory[ROWS];
  logic [ROW_BITS-1:0]    row;
  assign row = write ? write_row : read_row;
  always_ff @(posedge clk) begin
    if (write) memory[row] <= write_data;
    else if (read) read_data <= memory[row];
  end
endmodule
