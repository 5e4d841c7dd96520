// An input's buffers, one per virtual channel. Headers are read at once, the payload with the clock or at once, too.
module router_input #(
    parameter int VCS = 4,
    parameter int DEPTH = 4,
    parameter int HEADER_BITS = 8,
    parameter int FLIT_BITS = 64,
    parameter int READS = 1,        // in a cycle: channels v, v + READS ... are read one by one
    parameter int READ_CYCLES = 1,
    localparam int VC_BITS = VCS > 1 ? $clog2(VCS) : 1
) (
    input  logic                       clk,
    input  logic                       reset,
    input  logic                       push,      // seen from the next cycle on
    input  logic [VC_BITS-1:0]         push_vc,
    input  logic [HEADER_BITS-1:0]     push_header,
    input  logic [FLIT_BITS-1:0]       push_bits,
    output logic [VCS-1:0]             valid,     // a flit is at the front
    output logic [VCS*HEADER_BITS-1:0] header,    // of the flit at the front
    input  logic [VCS-1:0]             read,      // at most one for each of the READS
    input  logic [VCS-1:0]             pop,
    output logic [READS*FLIT_BITS-1:0] read_bits  // of what was read READ_CYCLES before
);
  localparam int PLACES = VCS * DEPTH;
  localparam int PLACE_BITS = PLACES > 1 ? $clog2(PLACES) : 1;
  localparam int AT_BITS = DEPTH > 1 ? $clog2(DEPTH) : 1;
  localparam int COUNT_BITS = $clog2(DEPTH + 1);

  logic [HEADER_BITS-1:0] headers[0:PLACES-1];
  logic [FLIT_BITS-1:0] payloads[0:PLACES-1];
  logic [VCS*PLACE_BITS-1:0] front_place, back_place;
  logic [PLACE_BITS-1:0] push_place;

  genvar v, r;
  generate
    for (v = 0; v < VCS; v = v + 1) begin : channels
      logic [AT_BITS-1:0] front, back;
      logic [COUNT_BITS-1:0] count;
      logic pushed;
      assign pushed = push && push_vc == VC_BITS'(v);
      assign valid[v] = count != '0;
      assign front_place[v*PLACE_BITS+:PLACE_BITS] = PLACE_BITS'(v * DEPTH) + PLACE_BITS'(front);
      assign back_place[v*PLACE_BITS+:PLACE_BITS] = PLACE_BITS'(v * DEPTH) + PLACE_BITS'(back);
      assign header[v*HEADER_BITS+:HEADER_BITS] = headers[front_place[v*PLACE_BITS+:PLACE_BITS]];
      always_ff @(posedge clk) begin
        if (reset) begin
          front <= '0;
          back <= '0;
          count <= '0;
        end else begin
          if (pushed) back <= back == AT_BITS'(DEPTH - 1) ? '0 : back + AT_BITS'(1);
          if (pop[v]) front <= front == AT_BITS'(DEPTH - 1) ? '0 : front + AT_BITS'(1);
          count <= count + COUNT_BITS'(pushed) - COUNT_BITS'(pop[v]);
        end
      end
    end
  endgenerate

  always_comb begin
    push_place = '0;
    for (int c = 0; c < VCS; c = c + 1)
      if (push_vc == VC_BITS'(c)) push_place = push_place | back_place[c*PLACE_BITS+:PLACE_BITS];
  end
  always_ff @(posedge clk) begin
    if (push) begin
      headers[push_place] <= push_header;
      payloads[push_place] <= push_bits;
    end
  end
  generate
    for (r = 0; r < READS; r = r + 1) begin : ports
      logic any;
      logic [PLACE_BITS-1:0] place;
      always_comb begin
        any = 1'b0;
        place = '0;
        for (int c = r; c < VCS; c = c + READS) begin
          any = any || read[c];
          if (read[c]) place = place | front_place[c*PLACE_BITS+:PLACE_BITS];
        end
      end
      if (READ_CYCLES == 0) begin : at_once
        logic unused;
        assign unused = &{1'b0, any};
        assign read_bits[r*FLIT_BITS+:FLIT_BITS] = payloads[place];
      end else begin : clocked
        always_ff @(posedge clk) if (any) read_bits[r*FLIT_BITS+:FLIT_BITS] <= payloads[place];
      end
    end
  endgenerate
endmodule
