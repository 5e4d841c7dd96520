// Router: moves packets from input buffers to output links; wormhole, virtual channels, credits; multicasts fork.
// The twin of hw/noc/router.h and of the buffers and credits of hw/noc/link.h, written for synthesis.
//
//     in_*  --> [ router_input: buffers | router_slot: route | allocators: VC, switch ] --> | crossbar | --> out_*
//     in_credit <-- places freed                                     credits of each output <-- out_credit
//
// Timing   a flit on the input wires in cycle c is in its buffer from c + 1 on; one whose switch allocation ends in c
//          is on the output wires in c + SWITCH_CYCLES. A place freed in c is told in c. A credit that comes in c can
//          be used in c + 1. Stages of several cycles are not pipelined: router_stage, router_grants, router_crossbar.
//          WAIT_FOR_TAIL_CREDIT: a channel is offered again when all its credits are here. Channel v of an input
//          crosses by the v % INPUT_SPEEDUP-th of its crossbar inputs; input i by the i % OUTPUT_SPEEDUP-th crossbar
//          output of an output, and its flits wait behind it until the link is free.
// Config   sizes, SPECULATIVE, the allocators, the shape, the routing policy, the cycles of stages and these three
//          are parameters.
//          x, y, to_node, arrival_channels, memory_* and branches are configuration registers: where the router is,
//          which outputs lead to nodes, how many channels of each class packets arrive on there, where memory nodes
//          hang, the outputs of each multicast set here.
// Differs  one credit a cycle and channel. Destination, flow and order travel beside the payload. An allocator of
//          several cycles decides in the first of them: its logic is not spread out.
module router #(
    parameter int PORTS = 5,
    parameter int CLASSES = 2,
    parameter int VCS_PER_CLASS = 2,
    parameter int DEPTH = 4,             // flits of a buffer here, and of those behind the outputs
    parameter int FLIT_BITS = 64,
    parameter int MESH_WIDTH = 4,
    parameter int MESH_HEIGHT = 3,
    parameter int CONCENTRATION = 1,     // tiles of a router
    parameter int MEMORY_NODES = 2,
    parameter int SETS = 6,              // of multicasts
    parameter int SPECULATIVE = 0,
    parameter int VC_ALLOCATOR = 0,      // KIND of allocator.sv
    parameter int SWITCH_ALLOCATOR = 0,
    parameter int ITERATIONS = 1,        // of islip
    parameter int TORUS = 0,
    parameter int PARTITIONS = 1,        // of each class's channels: 2 on a torus with datelines
    parameter int ROUTING = 0,           // 0 dimension_order, 1 west_first, 2 odd_even
    parameter int ROUTING_CYCLES = 0,    // 0: routed ahead
    parameter int VC_CYCLES = 1,
    parameter int SWITCH_ALLOCATION_CYCLES = 1,  // VC_CYCLES, where SPECULATIVE
    parameter int SWITCH_CYCLES = 1,
    parameter int WAIT_FOR_TAIL_CREDIT = 0,
    parameter int INPUT_SPEEDUP = 1,     // crossbar inputs of each input
    parameter int OUTPUT_SPEEDUP = 1,    // crossbar outputs of each output; behind them a place for every credit
    localparam int VCS = CLASSES * VCS_PER_CLASS,
    localparam int VC_BITS = VCS > 1 ? $clog2(VCS) : 1,
    localparam int NODES = MESH_WIDTH * MESH_HEIGHT * CONCENTRATION + MEMORY_NODES,
    localparam int DESTINATION_BITS = $clog2(NODES + SETS),
    localparam int PORT_BITS = $clog2(PORTS),
    localparam int COUNT_BITS = $clog2(VCS_PER_CLASS + 1)
) (
    input  logic                              clk,
    input  logic                              reset,
    input  logic [DESTINATION_BITS-1:0]       x,
    input  logic [DESTINATION_BITS-1:0]       y,
    input  logic [PORTS-1:0]                  to_node,
    input  logic [CLASSES*COUNT_BITS-1:0]     arrival_channels,
    input  logic [MEMORY_NODES*DESTINATION_BITS-1:0] memory_x,
    input  logic [MEMORY_NODES*DESTINATION_BITS-1:0] memory_y,
    input  logic [MEMORY_NODES*PORT_BITS-1:0] memory_port,
    input  logic [SETS*PORTS-1:0]             branches,
    input  logic [PORTS-1:0]                  in_valid,
    input  logic [PORTS*VC_BITS-1:0]          in_vc,
    input  logic [PORTS-1:0]                  in_head,
    input  logic [PORTS-1:0]                  in_tail,
    input  logic [PORTS-1:0]                  in_ordered,
    input  logic [PORTS*8-1:0]                in_flow,
    input  logic [PORTS*DESTINATION_BITS-1:0] in_destination,
    input  logic [PORTS*FLIT_BITS-1:0]        in_bits,
    output logic [PORTS*VCS-1:0]              in_credit,   // a place of this channel is free again
    output logic [PORTS-1:0]                  out_valid,
    output logic [PORTS*VC_BITS-1:0]          out_vc,
    output logic [PORTS-1:0]                  out_head,
    output logic [PORTS-1:0]                  out_tail,
    output logic [PORTS-1:0]                  out_ordered,
    output logic [PORTS*8-1:0]                out_flow,
    output logic [PORTS*DESTINATION_BITS-1:0] out_destination,
    output logic [PORTS*FLIT_BITS-1:0]        out_bits,
    input  logic [PORTS*VCS-1:0]              out_credit
);
  localparam int SHARE = VCS_PER_CLASS;
  localparam int SIDE = PORTS * SHARE;  // slots, or output channels, of a class
  localparam int CROSSBAR_INPUTS = PORTS * INPUT_SPEEDUP;
  localparam int HEADER_BITS = 3 + 8 + DESTINATION_BITS;
  localparam int WAYS = OUTPUT_SPEEDUP < PORTS ? OUTPUT_SPEEDUP : PORTS;  // crossbar outputs that inputs lead to
  localparam int CROSSING_BITS = VC_BITS + HEADER_BITS + FLIT_BITS;
  localparam int CREDIT_BITS = $clog2(DEPTH + 1);

  // Slots: [input][channel]. Everything that one has at the outputs: [class][input][channel of the class], and of each
  // [output][channel of the class].
  logic [PORTS*VCS-1:0] valid, multicast, pop, read;
  logic [PORTS*VCS*HEADER_BITS-1:0] header;
  logic [CLASSES*SIDE*SIDE-1:0] vc_request, vc_grant, slot_sent, slot_freed;
  logic [PORTS*VCS*PORTS-1:0] slot_wanted, slot_speculative, slot_may_cross, slot_crossed;
  // Output channels: [class][output][channel of the class].
  logic [CLASSES*SIDE-1:0] free, offered, can_send, sent;  // free: no packet holds it
  // The switch: [output][crossbar input], and channels of the input.
  logic [PORTS*CROSSBAR_INPUTS-1:0] switch_request, switch_urgent, switch_together, switch_grant, crosses;
  logic [PORTS*CROSSBAR_INPUTS*VCS-1:0] switch_vc;
  // Its grants that take effect in this cycle.
  logic [PORTS*CROSSBAR_INPUTS-1:0] due_grant;
  logic [PORTS*CROSSBAR_INPUTS*VCS-1:0] due_vc;
  // Stages, and the slots for which they begin.
  logic routing_open, vc_open, switch_open;
  logic [PORTS*VCS-1:0] begins_routing, begins_vc, begins_switch;
  // Of the flits that cross, by crossbar input, and their channels by [output][way].
  logic [CROSSBAR_INPUTS*HEADER_BITS-1:0] front_header;
  logic [CROSSBAR_INPUTS*FLIT_BITS-1:0] read_bits;
  logic [WAYS*CLASSES*SIDE-1:0] sent_by_way;  // `sent`, by the inputs of each way
  logic [PORTS*WAYS*VC_BITS-1:0] crossing_vc;
  logic [PORTS*CROSSING_BITS-1:0] out_flit;

  assign in_credit = pop;

  genvar i, n, o, v, k, c, w;
  generate
    for (i = 0; i < PORTS; i = i + 1) begin : inputs
      logic [VCS-1:0] asking_vc;
      router_input #(
          .VCS(VCS),
          .DEPTH(DEPTH),
          .HEADER_BITS(HEADER_BITS),
          .FLIT_BITS(FLIT_BITS),
          .READS(INPUT_SPEEDUP),
          .READ_CYCLES(SWITCH_CYCLES == 0 ? 0 : 1)
      ) buffers (
          .clk(clk),
          .reset(reset),
          .push(in_valid[i]),
          .push_vc(in_vc[i*VC_BITS+:VC_BITS]),
          .push_header({
            in_head[i],
            in_tail[i],
            in_ordered[i],
            in_flow[i*8+:8],
            in_destination[i*DESTINATION_BITS+:DESTINATION_BITS]
          }),
          .push_bits(in_bits[i*FLIT_BITS+:FLIT_BITS]),
          .valid(valid[i*VCS+:VCS]),
          .header(header[i*VCS*HEADER_BITS+:VCS*HEADER_BITS]),
          .read(read[i*VCS+:VCS]),
          .pop(pop[i*VCS+:VCS]),
          .read_bits(read_bits[i*INPUT_SPEEDUP*FLIT_BITS+:INPUT_SPEEDUP*FLIT_BITS])
      );

      for (v = 0; v < VCS; v = v + 1) begin : slots
        localparam int S = i * VCS + v;
        localparam int CLASS = v / SHARE;
        localparam int AT = CLASS * SIDE + i * SHARE + v % SHARE;
        localparam bit [3:0] TRAVELS = i < 4 ? 4'(1 << (i + 2) % 4) : 4'b0;
        localparam bit PARTITION = PARTITIONS == 2 && v % SHARE >= SHARE / 2;
        router_slot #(
            .PORTS(PORTS),
            .VCS_PER_CLASS(VCS_PER_CLASS),
            .MESH_WIDTH(MESH_WIDTH),
            .MESH_HEIGHT(MESH_HEIGHT),
            .CONCENTRATION(CONCENTRATION),
            .MEMORY_NODES(MEMORY_NODES),
            .SETS(SETS),
            .SPECULATIVE(SPECULATIVE),
            .TORUS(TORUS),
            .ROUTING(ROUTING),
            .PARTITIONS(PARTITIONS),
            .ROUTING_CYCLES(ROUTING_CYCLES),
            .SWITCH_ALLOCATION_CYCLES(SWITCH_ALLOCATION_CYCLES)
        ) slot (
            .clk(clk),
            .reset(reset),
            .x(x),
            .y(y),
            .to_node(to_node),
            .arrival_channels(arrival_channels[CLASS*COUNT_BITS+:COUNT_BITS]),
            .memory_x(memory_x),
            .memory_y(memory_y),
            .memory_port(memory_port),
            .branches(branches),
            .travels(TRAVELS),
            .partition(PARTITION),
            .valid(valid[S]),
            .tail(header[S*HEADER_BITS+9+DESTINATION_BITS]),
            .ordered(header[S*HEADER_BITS+8+DESTINATION_BITS]),
            .flow(header[S*HEADER_BITS+DESTINATION_BITS+:8]),
            .destination(header[S*HEADER_BITS+:DESTINATION_BITS]),
            .routing_open(routing_open),
            .vc_open(vc_open),
            .switch_open(switch_open),
            .begins_routing(begins_routing[S]),
            .begins_vc(begins_vc[S]),
            .begins_switch(begins_switch[S]),
            .free(offered[CLASS*SIDE+:SIDE]),
            .can_send(can_send[CLASS*SIDE+:SIDE]),
            .vc_request(vc_request[AT*SIDE+:SIDE]),
            .vc_grant(vc_grant[AT*SIDE+:SIDE]),
            .wanted(slot_wanted[S*PORTS+:PORTS]),
            .speculative(slot_speculative[S*PORTS+:PORTS]),
            .may_cross(slot_may_cross[S*PORTS+:PORTS]),
            .asks_switch(asking_vc[v]),
            .crossed(slot_crossed[S*PORTS+:PORTS]),
            .multicast(multicast[S]),
            .pop(pop[S]),
            .sent(slot_sent[AT*SIDE+:SIDE]),
            .freed(slot_freed[AT*SIDE+:SIDE])
        );
        assign read[S] = |slot_crossed[S*PORTS+:PORTS];
      end

      // For each output one channel of a crossbar input asks for the switch, in turn; speculative ones where no other
      // does. A grant is void when the packet got no channel there (speculation), or one without a credit.
      for (n = 0; n < INPUT_SPEEDUP; n = n + 1) begin : crossbar_inputs
        localparam int N = i * INPUT_SPEEDUP + n;
        logic [VCS-1:0] later;  // channels from the next one in turn on
        logic [VCS-1:0] granted_vc;
        for (o = 0; o < PORTS; o = o + 1) begin : requests
          localparam int R = o * CROSSBAR_INPUTS + N;
          logic [VCS-1:0] wanted, speculative, may_cross, vcs, ahead, pool;
          for (v = 0; v < VCS; v = v + 1) begin : slots
            localparam bit OWN = v % INPUT_SPEEDUP == n;
            assign wanted[v] = OWN && slot_wanted[(i*VCS+v)*PORTS+o];
            assign speculative[v] = OWN && slot_speculative[(i*VCS+v)*PORTS+o];
            assign may_cross[v] = slot_may_cross[(i*VCS+v)*PORTS+o];
            if (OWN) begin : own
              assign slot_crossed[(i*VCS+v)*PORTS+o] = crosses[R] && due_vc[R*VCS+v];
            end
          end
          assign vcs = |wanted ? wanted : speculative;
          assign ahead = vcs & later;
          assign pool = |ahead ? ahead : vcs;
          assign switch_vc[R*VCS+:VCS] = pool & (~pool + VCS'(1));
          assign switch_request[R] = |vcs;
          assign switch_urgent[R] = |wanted;
          assign switch_together[R] = |(switch_vc[R*VCS+:VCS] & multicast[i*VCS+:VCS]);
          assign crosses[R] = due_grant[R] && |(due_vc[R*VCS+:VCS] & may_cross);
        end
        always_comb begin
          granted_vc = '0;
          for (int p = 0; p < PORTS; p = p + 1)
            if (switch_grant[p*CROSSBAR_INPUTS+N])
              granted_vc = granted_vc | switch_vc[(p*CROSSBAR_INPUTS+N)*VCS+:VCS];
        end
        always_ff @(posedge clk) begin
          if (reset) later <= '0;
          else if (|granted_vc) later <= ~(granted_vc | (granted_vc - VCS'(1)));
        end
        always_comb begin
          front_header[N*HEADER_BITS+:HEADER_BITS] = '0;
          for (int u = n; u < VCS; u = u + INPUT_SPEEDUP)
            if (read[i*VCS+u]) front_header[N*HEADER_BITS+:HEADER_BITS] = header[(i*VCS+u)*HEADER_BITS+:HEADER_BITS];
        end
      end
      always_comb begin
        asking_vc = '0;
        for (int p = 0; p < PORTS; p = p + 1)
          for (int m = i * INPUT_SPEEDUP; m < (i + 1) * INPUT_SPEEDUP; m = m + 1)
            asking_vc = asking_vc | switch_vc[(p*CROSSBAR_INPUTS+m)*VCS+:VCS];
      end
    end

    // Virtual channels of each class are allocated apart: no packet asks for those of another.
    for (k = 0; k < CLASSES; k = k + 1) begin : classes
      logic [SIDE*SIDE-1:0] request, together, decided, grant;
      logic [SIDE-1:0] taken, freed, sent_now;
      logic [WAYS*SIDE-1:0] sent_now_by_way;
      for (i = 0; i < SIDE; i = i + 1) begin : slots
        for (o = 0; o < SIDE; o = o + 1) begin : channels
          assign request[o*SIDE+i] = vc_request[(k*SIDE+i)*SIDE+o];
          assign together[o*SIDE+i] = multicast[i/SHARE*VCS+k*SHARE+i%SHARE];
          assign vc_grant[(k*SIDE+i)*SIDE+o] = grant[o*SIDE+i];
        end
      end
      allocator #(
          .KIND(VC_ALLOCATOR),
          .ITERATIONS(ITERATIONS),
          .INPUTS(SIDE),
          .OUTPUTS(SIDE)
      ) vc_allocator (
          .clk(clk),
          .reset(reset),
          .request(request),
          .urgent('0),
          .together(together),
          .label('0),
          .grant(decided)
      );
      router_grants #(
          .BITS(SIDE * SIDE),
          .CYCLES(VC_CYCLES)
      ) vc_grants (
          .clk(clk),
          .reset(reset),
          .decided(decided),
          .due(grant)
      );
      always_comb begin
        taken = '0;
        freed = '0;
        sent_now = '0;
        sent_now_by_way = '0;
        for (int s = 0; s < SIDE; s = s + 1) begin
          taken = taken | vc_grant[(k*SIDE+s)*SIDE+:SIDE];
          freed = freed | slot_freed[(k*SIDE+s)*SIDE+:SIDE];
          sent_now = sent_now | slot_sent[(k*SIDE+s)*SIDE+:SIDE];
          sent_now_by_way[s/SHARE%WAYS*SIDE+:SIDE] =
              sent_now_by_way[s/SHARE%WAYS*SIDE+:SIDE] | slot_sent[(k*SIDE+s)*SIDE+:SIDE];
        end
      end
      assign sent[k*SIDE+:SIDE] = sent_now;
      for (w = 0; w < WAYS; w = w + 1) begin : ways
        assign sent_by_way[(w*CLASSES+k)*SIDE+:SIDE] = sent_now_by_way[w*SIDE+:SIDE];
      end
      always_ff @(posedge clk) begin
        if (reset) free[k*SIDE+:SIDE] <= '1;
        else free[k*SIDE+:SIDE] <= (free[k*SIDE+:SIDE] & ~taken) | freed;
      end
      for (o = 0; o < PORTS; o = o + 1) begin : outputs
        for (c = 0; c < SHARE; c = c + 1) begin : credits
          localparam int AT = k * SIDE + o * SHARE + c;
          logic [CREDIT_BITS-1:0] credit;
          assign can_send[AT] = credit != '0;
          assign offered[AT] = free[AT] && (WAIT_FOR_TAIL_CREDIT == 0 || credit == CREDIT_BITS'(DEPTH));
          always_ff @(posedge clk) begin
            if (reset) credit <= CREDIT_BITS'(DEPTH);
            else credit <= credit + CREDIT_BITS'(out_credit[o*VCS+k*SHARE+c]) - CREDIT_BITS'(sent[AT]);
          end
        end
      end
    end
  endgenerate

  router_switch #(
      .PORTS(PORTS),
      .INPUT_SPEEDUP(INPUT_SPEEDUP),
      .WAYS(WAYS),
      .KIND(SWITCH_ALLOCATOR),
      .ITERATIONS(ITERATIONS),
      .LABEL_BITS(VCS)
  ) switch_allocators (
      .clk(clk),
      .reset(reset),
      .request(switch_request),
      .urgent(switch_urgent),
      .together(switch_together),
      .label(switch_vc),
      .grant(switch_grant)
  );
  router_grants #(
      .BITS(PORTS * CROSSBAR_INPUTS * (1 + VCS)),
      .CYCLES(SWITCH_ALLOCATION_CYCLES)
  ) switch_grants (
      .clk(clk),
      .reset(reset),
      .decided({switch_grant, switch_vc}),
      .due({due_grant, due_vc})
  );

  router_stage #(
      .CYCLES(ROUTING_CYCLES)
  ) routing_stage (
      .clk(clk),
      .reset(reset),
      .begins(|begins_routing),
      .open(routing_open)
  );
  router_stage #(
      .CYCLES(VC_CYCLES)
  ) vc_stage (
      .clk(clk),
      .reset(reset),
      .begins(|begins_vc),
      .open(vc_open)
  );
  router_stage #(
      .CYCLES(SWITCH_ALLOCATION_CYCLES)
  ) switch_stage (
      .clk(clk),
      .reset(reset),
      .begins(|begins_switch),
      .open(switch_open)
  );

  generate
    for (o = 0; o < PORTS; o = o + 1) begin : outputs
      for (w = 0; w < WAYS; w = w + 1) begin : ways
        logic [VC_BITS-1:0] vc;
        always_comb begin
          vc = '0;
          for (int u = 0; u < VCS; u = u + 1)
            if (sent_by_way[(w*CLASSES+u/SHARE)*SIDE+o*SHARE+u%SHARE]) vc = VC_BITS'(u);
        end
        assign crossing_vc[(o*WAYS+w)*VC_BITS+:VC_BITS] = vc;
      end
      assign {out_vc[o*VC_BITS+:VC_BITS], out_head[o], out_tail[o], out_ordered[o], out_flow[o*8+:8],
              out_destination[o*DESTINATION_BITS+:DESTINATION_BITS], out_bits[o*FLIT_BITS+:FLIT_BITS]} =
          out_flit[o*CROSSING_BITS+:CROSSING_BITS];
    end
  endgenerate
  router_crossbar #(
      .PORTS(PORTS),
      .INPUT_SPEEDUP(INPUT_SPEEDUP),
      .WAYS(WAYS),
      .VC_BITS(VC_BITS),
      .HEADER_BITS(HEADER_BITS),
      .FLIT_BITS(FLIT_BITS),
      .CYCLES(SWITCH_CYCLES),
      .CREDITS(VCS * DEPTH)
  ) crossbar (
      .clk(clk),
      .reset(reset),
      .crosses(crosses),
      .crossing_vc(crossing_vc),
      .front_header(front_header),
      .read_bits(read_bits),
      .out_valid(out_valid),
      .out_flit(out_flit)
  );
endmodule
