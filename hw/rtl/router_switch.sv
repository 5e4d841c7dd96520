// Allocation of the switch. As input i reaches the i % WAYS-th crossbar output of each output only, inputs of different
// ways never meet: each way has an allocator of its own.
module router_switch #(
    parameter int PORTS = 5,
    parameter int INPUT_SPEEDUP = 1,
    parameter int WAYS = 1,        // crossbar outputs of each output
    parameter int KIND = 0,        // of allocator.sv
    parameter int ITERATIONS = 1,
    parameter int LABEL_BITS = 1,
    localparam int INPUTS = PORTS * INPUT_SPEEDUP
) (
    input  logic                               clk,
    input  logic                               reset,
    input  logic [PORTS*INPUTS-1:0]            request,  // [output][crossbar input]: see allocator.sv
    input  logic [PORTS*INPUTS-1:0]            urgent,
    input  logic [PORTS*INPUTS-1:0]            together,
    input  logic [PORTS*INPUTS*LABEL_BITS-1:0] label,
    output logic [PORTS*INPUTS-1:0]            grant
);
  genvar w, o, m;
  generate
    for (w = 0; w < WAYS; w = w + 1) begin : ways
      localparam int OWN = (PORTS - w + WAYS - 1) / WAYS * INPUT_SPEEDUP;  // crossbar inputs
      logic [PORTS*OWN-1:0] own_request, own_urgent, own_together, own_grant;
      logic [PORTS*OWN*LABEL_BITS-1:0] own_label;
      for (o = 0; o < PORTS; o = o + 1) begin : outputs
        for (m = 0; m < OWN; m = m + 1) begin : inputs
          localparam int AT = o * INPUTS + (m / INPUT_SPEEDUP * WAYS + w) * INPUT_SPEEDUP + m % INPUT_SPEEDUP;
          assign own_request[o*OWN+m] = request[AT];
          assign own_urgent[o*OWN+m] = urgent[AT];
          assign own_together[o*OWN+m] = together[AT];
          assign own_label[(o*OWN+m)*LABEL_BITS+:LABEL_BITS] = label[AT*LABEL_BITS+:LABEL_BITS];
          assign grant[AT] = own_grant[o*OWN+m];
        end
      end
      allocator #(
          .KIND(KIND),
          .ITERATIONS(ITERATIONS),
          .INPUTS(OWN),
          .OUTPUTS(PORTS),
          .LABEL_BITS(LABEL_BITS)
      ) own (
          .clk(clk),
          .reset(reset),
          .request(own_request),
          .urgent(own_urgent),
          .together(own_together),
          .label(own_label),
          .grant(own_grant)
      );
    end
  endgenerate
endmodule
