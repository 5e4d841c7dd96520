// Whether a magnitude has a spike at a step.
module spike_time (
    input logic code_repeats,  // spike code count: from its first spike on at every step
    input logic code_radix,    // radix: one step per bit; neither: ttfs, the larger the sooner
    input logic [4:0] steps,
    input logic [4:0] step,
    input logic [4:0] magnitude,
    output logic fires
);
  logic [4:0] first;
  assign first = steps - magnitude;
  assign fires = code_radix ? 1'(magnitude >> step)
                            : magnitude != '0 && (step == first || (code_repeats && step > first));
endmodule
