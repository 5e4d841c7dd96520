// A 32-bit two's complement integer in binary32, rounded to nearest, ties to even.
module integer_to_float (
    input  logic [31:0] word,
    output logic [31:0] value
);
  logic [31:0] magnitude, normal;
  logic [4:0] zeros;
  logic [24:0] rounded;
  assign magnitude = (word ^ {32{word[31]}}) + 32'(word[31]);
  leading_zeros #(.BITS(32)) normalize (.word(magnitude), .normal, .zeros);
  assign rounded = {1'b0, normal[31:8]} + 25'(normal[7] && (normal[8] || normal[6:0] != 0));
  assign value[31] = word[31];
  assign value[30:0] = normal[31] ? {8'd158 - 8'(zeros) + 8'(rounded[24]), rounded[22:0]} : '0;
endmodule
