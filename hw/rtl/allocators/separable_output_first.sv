// Outputs choose an input each, inputs choose among those outputs. The twin of
// hw/noc/allocators/separable_output_first.cpp.
module separable_output_first #(
    parameter int INPUTS = 4,
    parameter int OUTPUTS = 4,
    parameter int LABEL_BITS = 1
) (
    input  logic [OUTPUTS*INPUTS-1:0]            request,       // [output][input], as the next ones
    input  logic [OUTPUTS*INPUTS-1:0]            urgent,
    input  logic [OUTPUTS*INPUTS-1:0]            together,
    input  logic [OUTPUTS*INPUTS*LABEL_BITS-1:0] label,
    input  logic [OUTPUTS*INPUTS-1:0]            output_later,
    input  logic [INPUTS*OUTPUTS-1:0]            input_later,   // [input][output]
    output logic [OUTPUTS*INPUTS-1:0]            grant
);
  logic [OUTPUTS*INPUTS-1:0] choice, accepted;
  genvar o;
  generate
    for (o = 0; o < OUTPUTS; o = o + 1) begin : outputs
      round_robin_arbiter #(.CHOICES(INPUTS)) arbiter (
          .request(request[o*INPUTS+:INPUTS]),
          .urgent(urgent[o*INPUTS+:INPUTS]),
          .later(output_later[o*INPUTS+:INPUTS]),
          .choice(choice[o*INPUTS+:INPUTS])
      );
    end
  endgenerate
  input_arbiters #(
      .INPUTS(INPUTS),
      .OUTPUTS(OUTPUTS),
      .LABEL_BITS(LABEL_BITS)
  ) inputs (
      .asked(choice),
      .urgent(urgent),
      .together(together),
      .label(label),
      .later(input_later),
      .accepted(accepted)
  );
  assign grant = choice & accepted;
endmodule
