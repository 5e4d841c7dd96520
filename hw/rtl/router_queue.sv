// Flits of an output on their way from the switch to its link: they cross, several at a time, and leave one by one,
// those that came first first. The twin of Router::wait_for_crossbar() in hw/noc/router.cpp, of one output.
module router_queue #(
    parameter int WAYS = 1,    // flits that come in a cycle
    parameter int BITS = 64,   // of a flit and what goes with it
    parameter int CYCLES = 1,  // of a crossing; where it takes none or one, flits that come have crossed
    parameter int PLACES = 4,
    localparam int RANK_BITS = WAYS > 1 ? $clog2(WAYS) : 1
) (
    input  logic                      clk,
    input  logic                      reset,
    input  logic [WAYS-1:0]           in_valid,
    input  logic [WAYS*RANK_BITS-1:0] in_rank,   // the flits' order
    input  logic [WAYS*BITS-1:0]      in_flit,
    input  logic                      ends,      // the crossing under way, with this cycle
    input  logic                      takes,     // one begins with this cycle, if there are flits
    output logic                      asks,      // there are
    output logic                      out_valid,
    output logic [BITS-1:0]           out_flit
);
  localparam int PLACE_BITS = PLACES > 1 ? $clog2(PLACES) : 1;
  localparam int COUNT_BITS = $clog2(PLACES + 1);

  logic [BITS-1:0] flits[0:PLACES-1];
  logic [PLACE_BITS-1:0] front, back, next_back;
  logic [COUNT_BITS-1:0] entering, crossed, crossed_now;  // have crossed
  logic [WAYS*PLACE_BITS-1:0] place;

  function automatic logic [PLACE_BITS-1:0] after(input logic [PLACE_BITS-1:0] from, input logic [COUNT_BITS-1:0] by);
    logic [COUNT_BITS:0] sum;
    sum = (COUNT_BITS + 1)'(from) + (COUNT_BITS + 1)'(by);
    after = PLACE_BITS'(sum >= (COUNT_BITS + 1)'(PLACES) ? sum - (COUNT_BITS + 1)'(PLACES) : sum);
  endfunction

  always_comb begin
    entering = '0;
    for (int w = 0; w < WAYS; w = w + 1) begin
      entering = entering + COUNT_BITS'(in_valid[w]);
      place[w*PLACE_BITS+:PLACE_BITS] = after(back, COUNT_BITS'(in_rank[w*RANK_BITS+:RANK_BITS]));
    end
  end
  assign next_back = after(back, entering);
  assign out_valid = crossed_now != '0;

  generate
    if (CYCLES > 1) begin : several
      logic [COUNT_BITS-1:0] crossing, waiting, next_crossing;  // cross; wait for the next crossing
      assign crossed_now = ends ? crossed + crossing : crossed;
      assign next_crossing = waiting + entering;
      assign asks = next_crossing != '0;
      assign out_flit = flits[front];
      always_ff @(posedge clk) begin
        if (reset) begin
          crossing <= '0;
          waiting <= '0;
        end else if (takes) begin
          crossing <= next_crossing;
          waiting <= '0;
        end else begin
          waiting <= next_crossing;
        end
      end
    end else begin : at_once
      logic unused;
      assign unused = &{1'b0, ends, takes};
      assign crossed_now = crossed + entering;
      assign asks = 1'b0;
      always_comb begin
        out_flit = flits[front];
        for (int w = 0; w < WAYS; w = w + 1)
          if (crossed == '0 && in_valid[w] && in_rank[w*RANK_BITS+:RANK_BITS] == '0) out_flit = in_flit[w*BITS+:BITS];
      end
    end
  endgenerate

  always_ff @(posedge clk) begin
    if (reset) begin
      front <= '0;
      back <= '0;
      crossed <= '0;
    end else begin
      crossed <= crossed_now - COUNT_BITS'(out_valid);
      back <= next_back;
      front <= after(front, COUNT_BITS'(out_valid));
    end
    for (int w = 0; w < WAYS; w = w + 1)
      if (in_valid[w]) flits[place[w*PLACE_BITS+:PLACE_BITS]] <= in_flit[w*BITS+:BITS];
  end
endmodule
