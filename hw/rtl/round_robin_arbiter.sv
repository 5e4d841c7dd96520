// Round-robin arbiter: chooses the first request at or after its pointer, among urgent ones if there are any. The pointer
// moves behind what was served. The twin of hw/noc/allocators/round_robin.h.
module round_robin_arbiter #(
    parameter int CHOICES = 4
) (
    input  logic               clk,
    input  logic               reset,
    input  logic [CHOICES-1:0] request,
    input  logic [CHOICES-1:0] urgent,
    input  logic [CHOICES-1:0] served,  // at most one
    output logic [CHOICES-1:0] choice   // one of `request`, or none
);
  logic [CHOICES-1:0] later;  // the choices from the pointer on; none: the pointer is 0
  logic [CHOICES-1:0] first, ahead, pool;
  assign first = |(request & urgent) ? request & urgent : request;
  assign ahead = first & later;
  assign pool = |ahead ? ahead : first;
  assign choice = pool & (~pool + CHOICES'(1));
  always_ff @(posedge clk) begin
    if (reset) later <= '0;
    else if (|served) later <= ~(served | (served - CHOICES'(1)));
  end
endmodule
