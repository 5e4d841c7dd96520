// One lane: its slopes and membranes, its residue and output code.
module neuron_lane #(
    parameter int SLOTS = 1,
    parameter int SLOPES = 14,
    parameter int SLOPE_BITS = 20,
    parameter int MEMBRANE_BITS = 32,
    parameter int THRESHOLD_BITS = 24,
    parameter int RESIDUE_BITS = 48,
    parameter int OUTPUT_BITS = 10,
    parameter int UNARY = 0,
    parameter int SHIFT_BITS = 5,
    parameter int SLOPE_ADDRESS_BITS = 4,
    parameter int MEMBRANE_ADDRESS_BITS = 1,
    parameter int STEP_BITS = 4
) (
    input  logic                             clk,
    // One weight onto one slope, or one slope, shifted, onto one membrane.
    input  logic                             row,
    input  logic [3:0]                       weight,
    input  logic                             negative,
    input  logic                             unsigned_weights,
    input  logic                             slope_holds,       // else this row is the first: written, not added
    input  logic [SLOPE_ADDRESS_BITS-1:0]    slope_address,
    input  logic                             update,
    input  logic [SHIFT_BITS-1:0]            shift,
    input  logic [MEMBRANE_ADDRESS_BITS-1:0] update_address,
    input  logic                             update_fresh,      // the membrane is still V0
    input  logic [MEMBRANE_BITS-1:0]         update_V0,
    // The token that fires.
    input  logic [MEMBRANE_ADDRESS_BITS-1:0] fire_address,
    input  logic                             fire_fresh,
    input  logic [MEMBRANE_BITS-1:0]         fire_V0,
    input  logic                             add_partial,
    input  logic [MEMBRANE_BITS-1:0]         partial,
    input  logic [THRESHOLD_BITS-1:0]        theta,
    input  logic [4:0]                       F,
    input  logic                             fire,              // forms R, or keeps V when it is handed on
    input  logic                             hand_on,
    input  logic                             compare,
    input  logic [STEP_BITS-1:0]             step,              // theta << step is compared
    output logic                             above,
    output logic [MEMBRANE_BITS-1:0]         V,                 // of the token that fires, in the cycle of `fire`
    output logic [MEMBRANE_BITS-1:0]         V_handed_on,
    output logic [OUTPUT_BITS-1:0]           code
);
  logic [SLOPE_BITS-1:0] slopes[0:SLOTS*SLOPES-1];
  logic [MEMBRANE_BITS-1:0] membranes[0:2*SLOTS-1];

  logic [SLOPE_BITS-1:0] slope, weight_value, addend;
  assign slope = slopes[slope_address];
  assign weight_value = {{(SLOPE_BITS - 4) {weight[3] & ~unsigned_weights}}, weight};
  assign addend = negative ? -weight_value : weight_value;
  always_ff @(posedge clk) begin
    if (row) slopes[slope_address] <= slope_holds ? slope + addend : addend;
  end

  logic [MEMBRANE_BITS-1:0] slope_extended, updated;
  assign slope_extended = {{(MEMBRANE_BITS - SLOPE_BITS) {slope[SLOPE_BITS-1]}}, slope};
  assign updated = (update_fresh ? update_V0 : membranes[update_address]) + (slope_extended << shift);
  always_ff @(posedge clk) begin
    if (update) membranes[update_address] <= updated;
  end

  // R is formed in the cycle of the last update: the update is bypassed.
  logic [MEMBRANE_BITS-1:0] stored;
  assign stored = update && update_address == fire_address ? updated
                : fire_fresh ? fire_V0 : membranes[fire_address];
  assign V = add_partial ? stored + partial : stored;

  logic signed [RESIDUE_BITS-1:0] R, theta_extended, theta_shifted, V_extended;
  assign theta_extended = {{(RESIDUE_BITS - THRESHOLD_BITS) {1'b0}}, theta};
  assign theta_shifted = theta_extended << step;
  assign V_extended = {{(RESIDUE_BITS - MEMBRANE_BITS) {V[MEMBRANE_BITS-1]}}, V};
  assign V_handed_on = R[MEMBRANE_BITS-1:0];
  always_ff @(posedge clk) begin
    if (fire)
      R <= hand_on ? V_extended
         : (V_extended << F) + (theta_extended >> 1) + (theta_extended << (OUTPUT_BITS - 1));
    else if (compare && above) R <= R - theta_shifted;
  end

  // o = bits - 2^(B-1): the highest bit is the sign, turned over.
  generate
    if (UNARY != 0) begin : unary
      assign above = R >= theta_shifted && code != {1'b0, {(OUTPUT_BITS - 1) {1'b1}}};
      always_ff @(posedge clk) begin
        if (fire) code <= {1'b1, {(OUTPUT_BITS - 1) {1'b0}}};
        else if (compare && above) code <= code + 1'b1;
      end
    end else begin : radix
      assign above = R >= theta_shifted;
      always_ff @(posedge clk) begin
        if (compare) code <= {code[OUTPUT_BITS-2:0], above ^ (step == STEP_BITS'(OUTPUT_BITS - 1))};
      end
    end
  endgenerate
endmodule
