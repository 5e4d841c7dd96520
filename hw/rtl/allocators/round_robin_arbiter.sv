// Round-robin arbiter: chooses the first request from the next one in turn on, among urgent ones if there are any. The
// twin of hw/noc/allocators/round_robin.h; whose turn it is next is kept by the allocator.
module round_robin_arbiter #(
    parameter int CHOICES = 4
) (
    input  logic [CHOICES-1:0] request,
    input  logic [CHOICES-1:0] urgent,
    input  logic [CHOICES-1:0] later,   // the choices from the next one in turn on; none: all are
    output logic [CHOICES-1:0] choice   // one of `request`, or none
);
  logic [CHOICES-1:0] first, ahead, pool;
  assign first = |(request & urgent) ? request & urgent : request;
  assign ahead = first & later;
  assign pool = |ahead ? ahead : first;
  assign choice = pool & (~pool + CHOICES'(1));
endmodule
