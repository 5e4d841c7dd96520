// WORDS registers of which one is read, into a register, and one is written a cycle.
module register_file #(
    parameter int WORDS = 16,
    parameter int BITS = 18,
    localparam int ADDRESS_BITS = $clog2(WORDS)
) (
    input  logic                    clk,
    input  logic [ADDRESS_BITS-1:0] read_address,
    input  logic [ADDRESS_BITS-1:0] write_address,
    input  logic [BITS-1:0]         data,
    output logic [BITS-1:0]         word
);
  logic [ADDRESS_BITS-1:0] read_held, write_held;
  logic [BITS-1:0] data_held;
  logic [BITS-1:0] words[0:WORDS-1];
  always_ff @(posedge clk) begin
    read_held <= read_address;
    write_held <= write_address;
    data_held <= data;
    words[write_held] <= data_held;
    word <= words[read_held];
  end
endmodule
