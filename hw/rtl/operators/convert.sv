// The integer to binary32 converter of a dequantizer, with its registers.
module convert (
    input  logic        clk,
    input  logic [31:0] word,
    output logic [31:0] value
);
  logic [31:0] word_held, rounded;
  integer_to_float convert_word (.word(word_held), .value(rounded));
  always_ff @(posedge clk) begin
    word_held <= word;
    value <= rounded;
  end
endmodule
