// An integer sum to binary32, times its scale, added to a binary32 accumulator: three stages, a result a cycle.
module dequantizer (
    input  logic        clk,
    input  logic        first,
    input  logic [31:0] word,
    input  logic [31:0] scale,
    output logic [31:0] accumulator
);
  logic first_held, first_value, first_product;
  logic [31:0] word_held, scale_held, converted, value, scale_value, rounded, product, sum;
  integer_to_float convert_word (.word(word_held), .value(converted));
  float_product multiply (.a(value), .b(scale_value), .product(rounded));
  float_sum add (.a(first_product ? 32'd0 : accumulator), .b(product), .sum);
  always_ff @(posedge clk) begin
    first_held <= first;
    first_value <= first_held;
    first_product <= first_value;
    word_held <= word;
    scale_held <= scale;
    value <= converted;
    scale_value <= scale_held;
    product <= rounded;
    accumulator <= sum;
  end
endmodule
