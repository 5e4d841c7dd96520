// The cycles of a crossing, where there are several. The crossbar is not pipelined: flits that come while it is busy
// cross together, when it is free. Of an output, they leave it one by one. The twin of Router::wait_for_crossbar() in
// hw/noc/router.cpp.
module router_crossing #(
    parameter int PORTS = 5,
    parameter int BITS = 64,  // of a flit and what goes with it
    parameter int CYCLES = 2  // at least
) (
    input  logic                  clk,
    input  logic                  reset,
    input  logic [PORTS-1:0]      in_valid,  // by output
    input  logic [PORTS*BITS-1:0] in_flit,
    output logic [PORTS-1:0]      out_valid,  // CYCLES - 1 later at the earliest
    output logic [PORTS*BITS-1:0] out_flit
);
  localparam int MOST = 2 * CYCLES - 2;  // cycles from in to out: those of a crossing under way, and its own
  localparam int COUNT_BITS = $clog2(MOST + 2);
  localparam int PLACE_BITS = $clog2(MOST);

  // Cycles from this one on that the crossings under way take, and the next one if flits wait for it: such a one has
  // all its cycles left.
  logic [COUNT_BITS-1:0] busy, busy_now;
  assign busy_now = |in_valid && busy < COUNT_BITS'(CYCLES) ? busy + COUNT_BITS'(CYCLES) : busy;
  always_ff @(posedge clk) begin
    if (reset || busy_now == '0) busy <= '0;
    else busy <= busy_now - COUNT_BITS'(1);
  end

  genvar o;
  generate
    for (o = 0; o < PORTS; o = o + 1) begin : outputs
      logic [BITS-1:0] flits[0:MOST-1];
      logic [PLACE_BITS-1:0] front, back;
      logic [MOST-1:0] leaving, arriving;   // bit c: a flit leaves in c cycles
      logic [COUNT_BITS-1:0] taken;         // cycles until those that came have left
      logic [COUNT_BITS-1:0] first, delay;  // of the flit that comes: by the crossing alone; after those, too
      assign first = busy_now - COUNT_BITS'(1);
      assign delay = taken > first ? taken : first;
      assign arriving = in_valid[o] ? MOST'(1) << (delay - COUNT_BITS'(1)) : '0;
      assign out_valid[o] = leaving[0];
      assign out_flit[o*BITS+:BITS] = flits[front];
      always_ff @(posedge clk) begin
        if (reset) begin
          leaving <= '0;
          taken <= '0;
          front <= '0;
          back <= '0;
        end else begin
          leaving <= leaving >> 1 | arriving;
          if (in_valid[o]) taken <= delay;
          else if (taken != '0) taken <= taken - COUNT_BITS'(1);
          if (in_valid[o]) back <= back == PLACE_BITS'(MOST - 1) ? '0 : back + PLACE_BITS'(1);
          if (leaving[0]) front <= front == PLACE_BITS'(MOST - 1) ? '0 : front + PLACE_BITS'(1);
        end
        if (in_valid[o]) flits[back] <= in_flit[o*BITS+:BITS];
      end
    end
  endgenerate
endmodule
