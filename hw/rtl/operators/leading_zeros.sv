// Counts leading zeros and shifts them out, in stages of 2^i: `normal` begins with 1 unless the word is 0.
module leading_zeros #(
    parameter int BITS = 32,
    localparam int COUNT_BITS = $clog2(BITS)
) (
    input  logic [BITS-1:0]       word,
    output logic [BITS-1:0]       normal,
    output logic [COUNT_BITS-1:0] zeros
);
  always_comb begin
    normal = word;
    for (int stage = COUNT_BITS - 1; stage >= 0; stage--) begin
      zeros[stage] = (normal >> (BITS - (1 << stage))) == 0;
      if (zeros[stage]) normal = normal << (1 << stage);
    end
  end
endmodule
