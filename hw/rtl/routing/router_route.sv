// Route of a packet: the branches of a multicast set, the port of a node of this router, or what the policy offers;
// ordered flows take dimension order. The twin of RouteTable::route() in hw/noc/route_table.h.
module router_route #(
    parameter int PORTS = 5,
    parameter int MESH_WIDTH = 4,
    parameter int MESH_HEIGHT = 3,
    parameter int CONCENTRATION = 1,
    parameter int MEMORY_NODES = 2,
    parameter int SETS = 6,
    parameter int TORUS = 0,
    parameter int ROUTING = 0,
    localparam int NODES = MESH_WIDTH * MESH_HEIGHT * CONCENTRATION + MEMORY_NODES,
    localparam int DESTINATION_BITS = $clog2(NODES + SETS),
    localparam int PORT_BITS = $clog2(PORTS)
) (
    input  logic [DESTINATION_BITS-1:0]              x,
    input  logic [DESTINATION_BITS-1:0]              y,
    input  logic [MEMORY_NODES*DESTINATION_BITS-1:0] memory_x,
    input  logic [MEMORY_NODES*DESTINATION_BITS-1:0] memory_y,
    input  logic [MEMORY_NODES*PORT_BITS-1:0]        memory_port,
    input  logic [SETS*PORTS-1:0]                    branches,
    input  logic [3:0]                               travels,    // of packets of this input: see dimension_order
    input  logic                                     partition,
    input  logic [DESTINATION_BITS-1:0]              destination,
    input  logic                                     ordered,
    input  logic [1:0]                               ties,       // go west, go north: where both ways are as long
    output logic                                     multicast,
    output logic [PORTS-1:0]                         route,      // all of them for a multicast, one of them else
    output logic                                     next_partition
);
  localparam int LOCAL = 4;

  logic [DESTINATION_BITS-1:0] target_x, target_y;
  logic [PORT_BITS-1:0] target_port;
  logic [3:0] left, ordered_directions, free_directions;  // {west, south, east, north}
  logic crosses_x, crosses_y, ring_partition, in_order;

  always_comb begin
    // Tiles are numbered router by router.
    target_x = destination / DESTINATION_BITS'(CONCENTRATION) % DESTINATION_BITS'(MESH_WIDTH);
    target_y = destination / DESTINATION_BITS'(CONCENTRATION * MESH_WIDTH);
    target_port = PORT_BITS'(LOCAL) + PORT_BITS'(destination % DESTINATION_BITS'(CONCENTRATION));
    for (int m = 0; m < MEMORY_NODES; m = m + 1) begin
      if (destination == DESTINATION_BITS'(NODES - MEMORY_NODES + m)) begin
        target_x = memory_x[m*DESTINATION_BITS+:DESTINATION_BITS];
        target_y = memory_y[m*DESTINATION_BITS+:DESTINATION_BITS];
        target_port = memory_port[m*PORT_BITS+:PORT_BITS];
      end
    end
  end

  way_left #(
      .SIZE(MESH_WIDTH),
      .RING(TORUS),
      .BITS(DESTINATION_BITS)
  ) way_x (
      .at(x),
      .target(target_x),
      .tie_backward(ties[0]),
      .forward(left[1]),
      .backward(left[3]),
      .crosses(crosses_x)
  );
  way_left #(
      .SIZE(MESH_HEIGHT),
      .RING(TORUS),
      .BITS(DESTINATION_BITS)
  ) way_y (
      .at(y),
      .target(target_y),
      .tie_backward(ties[1]),
      .forward(left[2]),
      .backward(left[0]),
      .crosses(crosses_y)
  );
  dimension_order order (
      .left(left),
      .crosses_x(crosses_x),
      .crosses_y(crosses_y),
      .travels(travels),
      .partition(partition),
      .directions(ordered_directions),
      .next_partition(ring_partition)
  );
  generate
    if (ROUTING == 1) begin : policy
      west_first free (
          .left(left),
          .directions(free_directions)
      );
    end else if (ROUTING == 2) begin : policy
      logic [DESTINATION_BITS-1:0] east_x;  // the next column's
      assign east_x = TORUS != 0 && x == DESTINATION_BITS'(MESH_WIDTH - 1) ? '0 : x + DESTINATION_BITS'(1);
      odd_even free (
          .left(left),
          .odd_here(x[0]),
          .odd_target(target_x[0]),
          .one_east(target_x == east_x),
          .heads_east(travels[1]),
          .directions(free_directions)
      );
    end else begin : policy
      assign free_directions = ordered_directions;
    end
  endgenerate

  assign in_order = ordered || ROUTING == 0;
  assign multicast = destination >= DESTINATION_BITS'(NODES);
  assign next_partition = !multicast && in_order && ring_partition;
  always_comb begin
    route = '0;
    if (multicast) begin
      for (int m = 0; m < SETS; m = m + 1)
        if (destination == DESTINATION_BITS'(NODES + m)) route = branches[m*PORTS+:PORTS];
    end else if (left == '0) begin
      route[target_port] = 1'b1;
    end else begin
      route[3:0] = in_order ? ordered_directions : free_directions;
    end
  end
endmodule
