// Bits at any position, in rows of two banks, for code_store.sv.
//
// Timing   one piece of up to a row is written a cycle; each read port shows, in the cycle after, READ_BITS from its
//          position on, as they were before that cycle's write.
module bit_array #(
    parameter int ROW_BITS = 128,  // a power of two
    parameter int BITS = 4096,     // a power of two
    parameter int READS = 1,
    parameter int READ_BITS = 4,   // a row at most
    localparam int AT_BITS = $clog2(BITS),
    localparam int PIECE_BITS = $clog2(ROW_BITS + 1)
) (
    input logic clk,
    input logic [AT_BITS-1:0] write_at,
    input logic [PIECE_BITS-1:0] write_bits,
    input logic [ROW_BITS-1:0] write_data,
    input logic [READS*AT_BITS-1:0] read_at,
    output logic [READS*READ_BITS-1:0] read_data
);
  localparam int OFFSET_BITS = $clog2(ROW_BITS);
  localparam int BANK_BITS = AT_BITS - OFFSET_BITS - 1;

  logic [ROW_BITS-1:0] even[0:(1 << BANK_BITS)-1];
  logic [ROW_BITS-1:0] odd[0:(1 << BANK_BITS)-1];

  logic [2*ROW_BITS-1:0] spread_data, spread_mask;
  logic [ROW_BITS-1:0] even_data, even_mask, odd_data, odd_mask;
  logic [BANK_BITS-1:0] write_row, even_write_row;
  logic write_odd;

  always_comb begin
    write_row = write_at[AT_BITS-1:OFFSET_BITS+1];
    write_odd = write_at[OFFSET_BITS];
    even_write_row = write_row + BANK_BITS'(write_odd);
    spread_data = {{ROW_BITS{1'b0}}, write_data} << write_at[OFFSET_BITS-1:0];
    spread_mask = {{ROW_BITS{1'b0}}, ~({ROW_BITS{1'b1}} << write_bits)} << write_at[OFFSET_BITS-1:0];
    {odd_data, even_data} = write_odd ? {spread_data[ROW_BITS-1:0], spread_data[2*ROW_BITS-1:ROW_BITS]} : spread_data;
    {odd_mask, even_mask} = write_odd ? {spread_mask[ROW_BITS-1:0], spread_mask[2*ROW_BITS-1:ROW_BITS]} : spread_mask;
  end

  always_ff @(posedge clk) begin
    if (write_bits != '0) begin  // a write enable per bit
      even[even_write_row] <= (even[even_write_row] & ~even_mask) | (even_data & even_mask);
      odd[write_row] <= (odd[write_row] & ~odd_mask) | (odd_data & odd_mask);
    end
  end

  genvar port;
  generate
    for (port = 0; port < READS; port = port + 1) begin : reads
      logic [AT_BITS-1:0] at;
      logic [ROW_BITS-1:0] even_row, odd_row;
      logic [OFFSET_BITS:0] offset;  // and which bank comes first
      assign at = read_at[port*AT_BITS+:AT_BITS];
      always_ff @(posedge clk) begin
        even_row <= even[at[AT_BITS-1:OFFSET_BITS+1]+BANK_BITS'(at[OFFSET_BITS])];
        odd_row <= odd[at[AT_BITS-1:OFFSET_BITS+1]];
        offset <= at[OFFSET_BITS:0];
      end
      assign read_data[port*READ_BITS+:READ_BITS] =
          READ_BITS'((offset[OFFSET_BITS] ? {even_row, odd_row} : {odd_row, even_row}) >> offset[OFFSET_BITS-1:0]);
    end
  endgenerate
endmodule
