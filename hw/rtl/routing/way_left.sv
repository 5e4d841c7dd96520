// The way that a packet has left in a row or column; around a ring the shorter way. The twin of offset_to() in
// hw/noc/routing/routing.h for one dimension.
module way_left #(
    parameter int SIZE = 4,
    parameter int RING = 0,
    parameter int BITS = 4
) (
    input  logic [BITS-1:0] at,
    input  logic [BITS-1:0] target,
    input  logic            tie_backward,  // where both ways around are as long
    output logic            forward,
    output logic            backward,
    output logic            crosses        // the ring's end
);
  logic [BITS-1:0] ahead, behind;  // steps forward, and backward around a ring
  assign ahead = target >= at ? target - at : target + BITS'(SIZE) - at;
  assign behind = BITS'(SIZE) - ahead;
  assign forward = RING == 0 ? target > at : target != at && (ahead < behind || (ahead == behind && !tie_backward));
  assign backward = target != at && !forward;
  assign crosses = (forward && target < at) || (backward && target > at);
endmodule
