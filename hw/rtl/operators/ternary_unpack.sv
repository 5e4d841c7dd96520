// Five ternary weights out of a byte, their sum of (w + 1) 3^i: weight i in bits 2i and 2i + 1, two's complement.
module ternary_unpack (
    input  logic       clk,
    input  logic [7:0] packed_weights,
    output logic [9:0] weights
);
  logic [7:0] held;
  logic [9:0] unpacked;
  always_comb begin
    unpacked = '0;
    for (int b = 0; b < 243; b++) begin
      if (held == 8'(b)) begin
        unpacked[1:0] = 2'(b % 3 - 1);
        unpacked[3:2] = 2'(b / 3 % 3 - 1);
        unpacked[5:4] = 2'(b / 9 % 3 - 1);
        unpacked[7:6] = 2'(b / 27 % 3 - 1);
        unpacked[9:8] = 2'(b / 81 % 3 - 1);
      end
    end
  end
  always_ff @(posedge clk) begin
    held <= packed_weights;
    weights <= unpacked;
  end
endmodule
