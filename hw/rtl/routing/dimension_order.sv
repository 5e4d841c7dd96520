// X first, then Y. On a torus with datelines packets that will cross a ring's end travel in partition 1 of the ring,
// others in partition 0. The twin of hw/noc/routing/dimension_order.cpp; directions are bits {west, south, east, north}.
module dimension_order (
    input  logic [3:0] left,       // directions that lead closer
    input  logic       crosses_x,  // the way left in x goes over the end of its ring
    input  logic       crosses_y,
    input  logic [3:0] travels,    // direction in which the packet came in; none: from a node
    input  logic       partition,  // in which it came
    output logic [3:0] directions,
    output logic       next_partition
);
  logic in_x;
  assign in_x = |(left & 4'b1010);
  assign directions = left & (in_x ? 4'b1010 : 4'b0101);
  assign next_partition = |(directions & travels) ? partition : in_x ? crosses_x : crosses_y;
endmodule
