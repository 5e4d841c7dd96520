// Odd-even turn model: no turn from east to north or south in an even column, none from north or south to west in an
// odd one. The twin of hw/noc/routing/odd_even.cpp; directions are bits {west, south, east, north}.
module odd_even (
    input  logic [3:0] left,        // directions that lead closer
    input  logic       odd_here,    // column
    input  logic       odd_target,
    input  logic       one_east,    // of x one step is left, eastwards
    input  logic       heads_east,  // as the packet came in
    output logic [3:0] directions
);
  logic vertical, east;
  always_comb begin
    vertical = 1'b1;
    east = left[1];
    if (left[3]) begin
      vertical = !odd_here;
    end else if (left[1] && |(left & 4'b0101)) begin
      vertical = odd_here || !heads_east;
      east = odd_target || !one_east;
    end
    directions = {left[3], left[2] && vertical, east, left[0] && vertical};
  end
endmodule
