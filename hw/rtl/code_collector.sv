// Code collector: takes the flits of one window's codes after the other's, from one source or, in a tile, from all that
// have inputs of it. The twin of hw/mixed_precision_buffer/code_collector.h, written for synthesis; part of
// spike_encoder.sv.
//
//     codes_in[s] --> [ round robin ] --> write_start, write_flit
//
// Timing   one flit a cycle while `open`; a source waits from its window's last flit until every other one's has come.
// Config   window_serves: which sources send codes of the window under way, or of the next one.
module code_collector #(
    parameter int SOURCES = 1
) (
    input logic clk,
    input logic reset,
    input logic open,
    input logic [SOURCES-1:0] window_serves,
    input logic [SOURCES-1:0] valid,
    input logic [SOURCES-1:0] head,
    input logic [SOURCES-1:0] ends,         // the flit is the last one of its window
    output logic [SOURCES-1:0] pop,
    output logic [SOURCES-1:0] write_start,  // with a source's first head flit
    output logic [SOURCES-1:0] write_flit,   // with each body flit
    output logic window_begins,
    output logic window_ends
);
  localparam int SOURCE_BITS = SOURCES > 1 ? $clog2(SOURCES) : 1;

  logic [SOURCES-1:0] done, waiting, head_seen;
  logic [SOURCE_BITS-1:0] next_input, chosen;
  logic filling;

  assign waiting = window_serves & ~done;
  always_comb begin
    pop = '0;
    chosen = next_input;
    for (int i = 0; i < 2 * SOURCES; i++)
      if (open && pop == '0 && i >= 32'(next_input) && valid[i%SOURCES] && waiting[i%SOURCES]) begin
        pop[i%SOURCES] = 1'b1;
        chosen = SOURCE_BITS'(i % SOURCES);
      end
  end
  assign write_start = pop & head & ~head_seen;
  assign write_flit = pop & ~head;
  assign window_begins = pop != '0 && !filling;
  assign window_ends = (pop & ends) != '0 && (waiting & ~pop) == '0;

  always_ff @(posedge clk) begin
    if (reset) begin
      done <= '0;
      head_seen <= '0;
      filling <= 1'b0;
      next_input <= '0;
    end else if (pop != '0) begin
      done <= window_ends ? '0 : done | (pop & ends);
      head_seen <= window_ends ? '0 : head_seen | write_start;
      filling <= !window_ends;
      next_input <= 32'(chosen) == SOURCES - 1 ? '0 : chosen + SOURCE_BITS'(1);
    end
  end
endmodule
