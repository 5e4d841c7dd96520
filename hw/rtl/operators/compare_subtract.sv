// One radix firing step a cycle: where R >= theta << step, it is subtracted. `load` takes a new R.
module compare_subtract #(
    parameter int RESIDUE_BITS = 48,
    parameter int THRESHOLD_BITS = 24,
    parameter int STEP_BITS = 4
) (
    input  logic                      clk,
    input  logic                      load,
    input  logic [RESIDUE_BITS-1:0]   R,
    input  logic [THRESHOLD_BITS-1:0] theta,
    input  logic [STEP_BITS-1:0]      step,
    output logic                      fired,
    output logic [RESIDUE_BITS-1:0]   residue
);
  logic load_held, above;
  logic [RESIDUE_BITS-1:0] R_held;
  logic [THRESHOLD_BITS-1:0] theta_held;
  logic [STEP_BITS-1:0] step_held;
  logic signed [RESIDUE_BITS-1:0] residue_signed, theta_shifted;
  assign residue_signed = residue;
  assign theta_shifted = {{(RESIDUE_BITS - THRESHOLD_BITS) {1'b0}}, theta_held} << step_held;
  assign above = residue_signed >= theta_shifted;
  always_ff @(posedge clk) begin
    load_held <= load;
    if (load) R_held <= R;
    theta_held <= theta;
    step_held <= step;
    fired <= above && !load_held;
    if (load_held) residue <= R_held;
    else if (above) residue <= residue - theta_shifted;
  end
endmodule
