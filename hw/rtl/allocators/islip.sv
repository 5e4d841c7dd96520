// iSLIP: outputs grant, inputs accept, several times over what is still free. The twin of hw/noc/allocators/islip.cpp;
// the iterations are one behind the other in the same cycle.
module islip #(
    parameter int ITERATIONS = 1,
    parameter int INPUTS = 4,
    parameter int OUTPUTS = 4,
    parameter int LABEL_BITS = 1
) (
    input  logic [OUTPUTS*INPUTS-1:0]            request,       // [output][input], as the next ones
    input  logic [OUTPUTS*INPUTS-1:0]            together,
    input  logic [OUTPUTS*INPUTS*LABEL_BITS-1:0] label,
    input  logic [OUTPUTS*INPUTS-1:0]            output_later,
    input  logic [INPUTS*OUTPUTS-1:0]            input_later,   // [input][output]
    output logic [OUTPUTS*INPUTS-1:0]            first_grant,   // of the first iteration
    output logic [OUTPUTS*INPUTS-1:0]            grant
);
  genvar t, i, o;
  generate
    for (t = 0; t < ITERATIONS; t = t + 1) begin : iterations
      logic [OUTPUTS*INPUTS-1:0] earlier, open, matched, all;  // all: that are matched by now
      if (t == 0) begin : first
        assign earlier = '0;
      end else begin : further
        assign earlier = iterations[t-1].all;
      end
      assign all = earlier | matched;
      // Free outputs with free inputs, or with further branches of the flit that an input sends.
      for (i = 0; i < INPUTS; i = i + 1) begin : inputs
        logic served;
        logic [LABEL_BITS-1:0] served_label;
        always_comb begin
          served = 1'b0;
          served_label = '0;
          for (int p = 0; p < OUTPUTS; p = p + 1) begin
            if (earlier[p*INPUTS+i]) begin
              served = 1'b1;
              served_label = served_label | label[(p*INPUTS+i)*LABEL_BITS+:LABEL_BITS];
            end
          end
        end
        for (o = 0; o < OUTPUTS; o = o + 1) begin : crossings
          assign open[o*INPUTS+i] = request[o*INPUTS+i] && !(|earlier[o*INPUTS+:INPUTS]) && (!served ||
              (together[o*INPUTS+i] && label[(o*INPUTS+i)*LABEL_BITS+:LABEL_BITS] == served_label));
        end
      end
      separable_output_first #(
          .INPUTS(INPUTS),
          .OUTPUTS(OUTPUTS),
          .LABEL_BITS(LABEL_BITS)
      ) matching (
          .request(open),
          .urgent('0),
          .together(together),
          .label(label),
          .output_later(output_later),
          .input_later(input_later),
          .grant(matched)
      );
    end
  endgenerate
  assign first_grant = iterations[0].all;
  assign grant = iterations[ITERATIONS-1].all;
endmodule
