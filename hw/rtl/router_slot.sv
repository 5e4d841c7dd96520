// An input's virtual channel and the packet at its front: the route, and the channels that it holds at the outputs.
module router_slot #(
    parameter int PORTS = 5,
    parameter int VCS_PER_CLASS = 2,
    parameter int MESH_WIDTH = 4,
    parameter int MESH_HEIGHT = 3,
    parameter int CONCENTRATION = 1,
    parameter int MEMORY_NODES = 2,
    parameter int SETS = 6,
    parameter int SPECULATIVE = 0,
    parameter int TORUS = 0,
    parameter int ROUTING = 0,
    parameter int PARTITIONS = 1,
    parameter int ROUTING_CYCLES = 0,
    parameter int SWITCH_ALLOCATION_CYCLES = 1,
    localparam int SHARE = VCS_PER_CLASS,  // a packet stays within its class
    localparam int NODES = MESH_WIDTH * MESH_HEIGHT * CONCENTRATION + MEMORY_NODES,
    localparam int DESTINATION_BITS = $clog2(NODES + SETS),
    localparam int PORT_BITS = $clog2(PORTS),
    localparam int COUNT_BITS = $clog2(VCS_PER_CLASS + 1)
) (
    input  logic                                     clk,
    input  logic                                     reset,
    input  logic [DESTINATION_BITS-1:0]              x,
    input  logic [DESTINATION_BITS-1:0]              y,
    input  logic [PORTS-1:0]                         to_node,
    input  logic [COUNT_BITS-1:0]                    arrival_channels,
    input  logic [MEMORY_NODES*DESTINATION_BITS-1:0] memory_x,
    input  logic [MEMORY_NODES*DESTINATION_BITS-1:0] memory_y,
    input  logic [MEMORY_NODES*PORT_BITS-1:0]        memory_port,
    input  logic [SETS*PORTS-1:0]                    branches,
    input  logic [3:0]                               travels,    // direction in which packets came in
    input  logic                                     partition,  // in which they came
    // The flit at the front; of a head, where its packet goes.
    input  logic                                     valid,
    input  logic                                     tail,
    input  logic                                     ordered,
    input  logic [7:0]                               flow,
    input  logic [DESTINATION_BITS-1:0]              destination,
    // Whether a stage may begin in this cycle, and whether it does for this slot.
    input  logic                                     routing_open,
    input  logic                                     vc_open,
    input  logic                                     switch_open,
    output logic                                     begins_routing,
    output logic                                     begins_vc,
    output logic                                     begins_switch,
    // [output][channel of the class]
    input  logic [PORTS*SHARE-1:0]                   free,
    input  logic [PORTS*SHARE-1:0]                   can_send,
    output logic [PORTS*SHARE-1:0]                   vc_request,
    input  logic [PORTS*SHARE-1:0]                   vc_grant,
    // By output: the switch is wanted; only if a channel is granted, too; a grant is good; it is granted and good.
    output logic [PORTS-1:0]                         wanted,
    output logic [PORTS-1:0]                         speculative,
    output logic [PORTS-1:0]                         may_cross,
    input  logic                                     asks_switch,  // the allocator is asked for it
    input  logic [PORTS-1:0]                         crossed,
    output logic                                     multicast,
    output logic                                     pop,
    output logic [PORTS*SHARE-1:0]                   sent,   // a flit in this channel
    output logic [PORTS*SHARE-1:0]                   freed
);
  localparam int OF_PARTITION = SHARE / PARTITIONS;  // channels between routers

  logic known;   // the packet's route, by now
  logic rested;  // the switch may be asked for again
  logic routed, kept_multicast;
  logic [PORTS-1:0] kept_ports, kept_remaining;  // outputs of the packet; by which its front flit has to leave yet
  logic [PORTS-1:0] missing, ready;              // outputs where it lacks a channel; where the front flit has one
  logic [PORTS*SHARE-1:0] held, held_now;        // channels that it has, and with those of this cycle
  logic route_multicast, route_partition;
  logic [PORTS-1:0] route, ports, remaining, left;
  logic [SHARE-1:0] between_routers, arriving;   // channels that the packet may have

  router_route #(
      .PORTS(PORTS),
      .MESH_WIDTH(MESH_WIDTH),
      .MESH_HEIGHT(MESH_HEIGHT),
      .CONCENTRATION(CONCENTRATION),
      .MEMORY_NODES(MEMORY_NODES),
      .SETS(SETS),
      .TORUS(TORUS),
      .ROUTING(ROUTING)
  ) routing (
      .x(x),
      .y(y),
      .memory_x(memory_x),
      .memory_y(memory_y),
      .memory_port(memory_port),
      .branches(branches),
      .travels(travels),
      .partition(partition),
      .destination(destination),
      .ordered(ordered),
      .ties(flow[1:0]),
      .multicast(route_multicast),
      .route(route),
      .next_partition(route_partition)
  );
  assign ports = routed ? kept_ports : route;
  assign multicast = routed ? kept_multicast : route_multicast;
  assign remaining = routed ? kept_remaining : route;

  // One of the channels of its class, and there of its partition, if the flow is ordered, else any.
  always_comb begin
    arriving = '0;
    for (int n = 0; n < SHARE; n = n + 1) begin
      between_routers[n] = (PARTITIONS == 1 || route_partition == (n >= OF_PARTITION)) &&
          (!ordered || flow % 8'(OF_PARTITION) == 8'(n % OF_PARTITION));
      if (!ordered && COUNT_BITS'(n) < arrival_channels) arriving[n] = 1'b1;
      for (int m = n + 1; m <= SHARE; m = m + 1)
        if (ordered && arrival_channels == COUNT_BITS'(m) && flow % 8'(m) == 8'(n)) arriving[n] = 1'b1;
    end
  end

  // Routing: ahead, or in a stage.
  generate
    if (ROUTING_CYCLES == 0) begin : ahead
      logic unused;
      assign unused = &{1'b0, routing_open};
      assign begins_routing = 1'b0;
      assign known = valid;
    end else begin : in_a_stage
      logic begun;  // it is known as soon as the stage is open again
      assign begins_routing = valid && !routed && !begun && routing_open;
      assign known = valid && (routed || (begun && routing_open));
      always_ff @(posedge clk) begin
        if (reset || routing_open) begun <= !reset && begins_routing;
      end
    end

    // A speculative request goes with the stage of VC allocation, also while that of the switch is under way for
    // others: the slot does not ask again before its own cycles have ended.
    if (SPECULATIVE != 0 && SWITCH_ALLOCATION_CYCLES > 1) begin : rest
      router_stage #(
          .CYCLES(SWITCH_ALLOCATION_CYCLES)
      ) own_cycles (
          .clk(clk),
          .reset(reset),
          .begins(asks_switch),
          .open(rested)
      );
    end else begin : no_rest
      logic unused;
      assign unused = &{1'b0, asks_switch};
      assign rested = 1'b1;
    end
  endgenerate

  assign held_now = held | vc_grant;
  always_comb begin
    for (int o = 0; o < PORTS; o = o + 1) begin
      missing[o] = known && remaining[o] && !(multicast ? |held[o*SHARE+:SHARE] : |held);
      vc_request[o*SHARE+:SHARE] = missing[o] && vc_open
          ? free[o*SHARE+:SHARE] & (to_node[o] ? arriving : between_routers) : '0;
      ready[o] = known && remaining[o] && rested && |held[o*SHARE+:SHARE];
      wanted[o] = known && remaining[o] && rested && switch_open && |(held[o*SHARE+:SHARE] & can_send[o*SHARE+:SHARE]);
      speculative[o] = SPECULATIVE != 0 && |(vc_request[o*SHARE+:SHARE] & can_send[o*SHARE+:SHARE]);
      may_cross[o] = |(held_now[o*SHARE+:SHARE] & can_send[o*SHARE+:SHARE]);
      sent[o*SHARE+:SHARE] = held_now[o*SHARE+:SHARE] & {SHARE{crossed[o]}};
    end
  end
  assign begins_vc = vc_open && |missing;
  assign begins_switch = switch_open && |ready;
  assign freed = sent & {(PORTS * SHARE) {tail}};
  assign left = remaining & ~crossed;
  assign pop = |crossed && (!multicast || left == '0);

  always_ff @(posedge clk) begin
    if (reset) begin
      routed <= 1'b0;
      held <= '0;
    end else begin
      if (valid) routed <= (ROUTING_CYCLES == 0 || known) && !(pop && tail);
      held <= held_now & ~freed;
    end
    if (valid) begin
      kept_multicast <= multicast;
      kept_ports <= ports;
      kept_remaining <= pop ? ports : left;
    end
  end
endmodule
