// Each input's choice among the outputs that it is asked about, and what goes beside it: the branches of one multicast
// flit have the same label.
module input_arbiters #(
    parameter int INPUTS = 4,
    parameter int OUTPUTS = 4,
    parameter int LABEL_BITS = 1
) (
    input  logic [OUTPUTS*INPUTS-1:0]            asked,     // [output][input], as the next ones
    input  logic [OUTPUTS*INPUTS-1:0]            urgent,
    input  logic [OUTPUTS*INPUTS-1:0]            together,
    input  logic [OUTPUTS*INPUTS*LABEL_BITS-1:0] label,
    input  logic [INPUTS*OUTPUTS-1:0]            later,     // [input][output]
    output logic [OUTPUTS*INPUTS-1:0]            accepted   // [output][input]; of what was not asked it says nothing
);
  genvar i, o;
  generate
    for (i = 0; i < INPUTS; i = i + 1) begin : inputs
      logic [OUTPUTS-1:0] of_input, urgent_of_input, choice;
      logic [LABEL_BITS-1:0] chosen_label;
      for (o = 0; o < OUTPUTS; o = o + 1) begin : crossings
        assign of_input[o] = asked[o*INPUTS+i];
        assign urgent_of_input[o] = urgent[o*INPUTS+i];
        assign accepted[o*INPUTS+i] = choice[o] ||
            (together[o*INPUTS+i] && label[(o*INPUTS+i)*LABEL_BITS+:LABEL_BITS] == chosen_label);
      end
      round_robin_arbiter #(.CHOICES(OUTPUTS)) arbiter (
          .request(of_input),
          .urgent(urgent_of_input),
          .later(later[i*OUTPUTS+:OUTPUTS]),
          .choice(choice)
      );
      always_comb begin
        chosen_label = '0;
        for (int p = 0; p < OUTPUTS; p = p + 1)
          if (choice[p]) chosen_label = chosen_label | label[(p*INPUTS+i)*LABEL_BITS+:LABEL_BITS];
      end
    end
  endgenerate
endmodule
