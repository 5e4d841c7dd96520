// A spiking lane: a signed weight is added to, or subtracted from, a slope. `first` opens a window.
module slope_adder #(
    parameter int WEIGHT_BITS = 4,
    parameter int SLOPE_BITS = 18
) (
    input  logic                   clk,
    input  logic                   first,
    input  logic                   negative,
    input  logic [WEIGHT_BITS-1:0] weight,
    output logic [SLOPE_BITS-1:0]  slope
);
  logic first_held, negative_held;
  logic [WEIGHT_BITS-1:0] weight_held;
  logic [SLOPE_BITS-1:0] addend;
  assign addend = {{(SLOPE_BITS - WEIGHT_BITS) {weight_held[WEIGHT_BITS-1]}}, weight_held}
                  ^ {SLOPE_BITS{negative_held}};
  always_ff @(posedge clk) begin
    first_held <= first;
    negative_held <= negative;
    weight_held <= weight;
    slope <= (first_held ? '0 : slope) + addend + SLOPE_BITS'(negative_held);
  end
endmodule
