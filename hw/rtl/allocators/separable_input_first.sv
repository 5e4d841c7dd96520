// Inputs choose an output each, outputs choose among those inputs. The twin of
// hw/noc/allocators/separable_input_first.cpp.
module separable_input_first #(
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
    output logic [OUTPUTS*INPUTS-1:0]            asked,         // what outputs chose among
    output logic [OUTPUTS*INPUTS-1:0]            grant
);
  logic [OUTPUTS*INPUTS-1:0] accepted;
  input_arbiters #(
      .INPUTS(INPUTS),
      .OUTPUTS(OUTPUTS),
      .LABEL_BITS(LABEL_BITS)
  ) inputs (
      .asked(request),
      .urgent(urgent),
      .together(together),
      .label(label),
      .later(input_later),
      .accepted(accepted)
  );
  assign asked = request & accepted;

  genvar o;
  generate
    for (o = 0; o < OUTPUTS; o = o + 1) begin : outputs
      round_robin_arbiter #(.CHOICES(INPUTS)) arbiter (
          .request(asked[o*INPUTS+:INPUTS]),
          .urgent(urgent[o*INPUTS+:INPUTS]),
          .later(output_later[o*INPUTS+:INPUTS]),
          .choice(grant[o*INPUTS+:INPUTS])
      );
    end
  endgenerate
endmodule
