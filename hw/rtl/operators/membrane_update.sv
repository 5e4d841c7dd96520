// A step mark: the slope, shifted left, is added to the membrane. `first` clears the membrane.
module membrane_update #(
    parameter int SLOPE_BITS = 18,
    parameter int SHIFT_BITS = 4,
    parameter int MEMBRANE_BITS = 32
) (
    input  logic                     clk,
    input  logic                     first,
    input  logic [SLOPE_BITS-1:0]    slope,
    input  logic [SHIFT_BITS-1:0]    shift,
    output logic [MEMBRANE_BITS-1:0] membrane
);
  logic first_held;
  logic [SLOPE_BITS-1:0] slope_held;
  logic [SHIFT_BITS-1:0] shift_held;
  logic [MEMBRANE_BITS-1:0] slope_extended;
  assign slope_extended = {{(MEMBRANE_BITS - SLOPE_BITS) {slope_held[SLOPE_BITS-1]}}, slope_held};
  always_ff @(posedge clk) begin
    first_held <= first;
    slope_held <= slope;
    shift_held <= shift;
    membrane <= (first_held ? '0 : membrane) + (slope_extended << shift_held);
  end
endmodule
