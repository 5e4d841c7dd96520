// The crossbar and what is behind it. Flits cross from the cycle after that in which their grant takes effect, or at
// once, where it takes no time. A crossing of several cycles is not pipelined: flits that come meanwhile cross
// together, when it has ended. Input i reaches the i % WAYS-th of each output's crossbar outputs; a queue joins those.
module router_crossbar #(
    parameter int PORTS = 5,
    parameter int INPUT_SPEEDUP = 1,
    parameter int WAYS = 1,         // crossbar outputs of each output
    parameter int VC_BITS = 2,
    parameter int HEADER_BITS = 16,
    parameter int FLIT_BITS = 64,
    parameter int CYCLES = 1,
    parameter int CREDITS = 16,     // of all channels of an output
    localparam int INPUTS = PORTS * INPUT_SPEEDUP,
    localparam int BITS = VC_BITS + HEADER_BITS + FLIT_BITS
) (
    input  logic                          clk,
    input  logic                          reset,
    input  logic [PORTS*INPUTS-1:0]       crosses,       // [output][crossbar input]
    input  logic [PORTS*WAYS*VC_BITS-1:0] crossing_vc,   // [output][way]
    input  logic [INPUTS*HEADER_BITS-1:0] front_header,  // by crossbar input
    input  logic [INPUTS*FLIT_BITS-1:0]   read_bits,     // the same, as late as the crossing
    output logic [PORTS-1:0]              out_valid,
    output logic [PORTS*BITS-1:0]         out_flit       // its channel, header and payload
);
  localparam int RANK_BITS = WAYS > 1 ? $clog2(WAYS) : 1;
  // Flits in a queue: those that a crossing can hold up, or that credits let through.
  localparam int PLACES = WAYS > 1 ? CREDITS : 2 * CYCLES - 2;

  logic [PORTS*INPUTS-1:0] from;
  logic [INPUTS*HEADER_BITS-1:0] header;
  logic [PORTS*WAYS*VC_BITS-1:0] vc;
  logic [PORTS-1:0] asks;
  logic ends, takes;

  genvar o, w;
  generate
    if (CYCLES == 0) begin : at_once
      logic unused;
      assign unused = &{1'b0, clk, reset};
      assign from = crosses;
      assign header = front_header;
      assign vc = crossing_vc;
    end else begin : clocked
      always_ff @(posedge clk) begin
        from <= reset ? '0 : crosses;
        header <= front_header;
        vc <= crossing_vc;
      end
    end

    if (CYCLES > 1) begin : several_cycles
      localparam int COUNT_BITS = $clog2(CYCLES);
      logic [COUNT_BITS-1:0] left;  // of the crossing under way, this cycle counted; none: one begins, if flits wait
      assign ends = left == COUNT_BITS'(1);
      assign takes = left == '0;
      always_ff @(posedge clk) begin
        if (reset) left <= '0;
        else if (!takes) left <= left - COUNT_BITS'(1);
        else if (|asks) left <= COUNT_BITS'(CYCLES - 1);
      end
    end else begin : one_cycle
      logic unused;
      assign unused = &{1'b0, asks};
      assign ends = 1'b1;
      assign takes = 1'b1;
    end

    for (o = 0; o < PORTS; o = o + 1) begin : outputs
      logic [INPUTS-1:0] entering;
      logic [WAYS-1:0] valid;
      logic [WAYS*RANK_BITS-1:0] rank;
      logic [WAYS*BITS-1:0] flit;
      assign entering = from[o*INPUTS+:INPUTS];
      for (w = 0; w < WAYS; w = w + 1) begin : ways
        logic [HEADER_BITS-1:0] flit_header;
        logic [FLIT_BITS-1:0] flit_bits;
        logic [RANK_BITS-1:0] earlier;  // flits of lower inputs, by other ways
        always_comb begin
          flit_header = '0;
          flit_bits = '0;
          earlier = '0;
          valid[w] = 1'b0;
          for (int m = 0; m < INPUTS; m = m + 1) begin
            if (m / INPUT_SPEEDUP % WAYS != w) begin
              if (!valid[w]) earlier = earlier + RANK_BITS'(entering[m]);
            end else if (entering[m]) begin
              valid[w] = 1'b1;
              flit_header = header[m*HEADER_BITS+:HEADER_BITS];
              flit_bits = read_bits[m*FLIT_BITS+:FLIT_BITS];
            end
          end
        end
        assign rank[w*RANK_BITS+:RANK_BITS] = earlier;
        assign flit[w*BITS+:BITS] = {vc[(o*WAYS+w)*VC_BITS+:VC_BITS], flit_header, flit_bits};
      end
      if (WAYS > 1 || CYCLES > 1) begin : queued
        router_queue #(
            .WAYS(WAYS),
            .BITS(BITS),
            .CYCLES(CYCLES),
            .PLACES(PLACES)
        ) queue (
            .clk(clk),
            .reset(reset),
            .in_valid(valid),
            .in_rank(rank),
            .in_flit(flit),
            .ends(ends),
            .takes(takes),
            .asks(asks[o]),
            .out_valid(out_valid[o]),
            .out_flit(out_flit[o*BITS+:BITS])
        );
      end else begin : straight
        logic unused;
        assign unused = &{1'b0, ends, takes, rank};
        assign asks[o] = 1'b0;
        assign out_valid[o] = valid;
        assign out_flit[o*BITS+:BITS] = flit;
      end
    end
  endgenerate
endmodule
