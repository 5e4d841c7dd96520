// No turn into west; other shortest paths are free to choose. The twin of hw/noc/routing/west_first.cpp; directions are
// bits {west, south, east, north}.
module west_first (
    input  logic [3:0] left,  // directions that lead closer
    output logic [3:0] directions
);
  assign directions = left[3] ? 4'b1000 : left;
endmodule
