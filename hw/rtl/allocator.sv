// Allocator: a matching between inputs and outputs, once a cycle. The twin of hw/noc/allocators, written for synthesis.
//
//     request[output][input] --> [ arbiters of one side --> arbiters of the other ] --> grant[output][input]
//
// Timing   grants are of the same cycle; the arbiters' pointers move on at its end by what was granted.
// Config   KIND: 0 islip (one iteration), 1 separable_input_first, 2 separable_output_first.
// Differs  islip with more iterations than one is left out.
module allocator #(
    parameter int KIND = 0,
    parameter int INPUTS = 4,
    parameter int OUTPUTS = 4,
    parameter int LABEL_BITS = 1
) (
    input  logic                                 clk,
    input  logic                                 reset,
    input  logic [OUTPUTS*INPUTS-1:0]            request,
    input  logic [OUTPUTS*INPUTS-1:0]            urgent,    // goes first; islip does not look at it
    input  logic [OUTPUTS*INPUTS-1:0]            together,  // may be granted beside others of its input and label
    input  logic [OUTPUTS*INPUTS*LABEL_BITS-1:0] label,
    output logic [OUTPUTS*INPUTS-1:0]            grant
);
  localparam int LOWEST_BITS = INPUTS > 1 ? $clog2(INPUTS) : 1;
  localparam bit INPUT_FIRST = KIND == 1;

  // What each side's arbiters are asked for, and choose: [output][input] and [input][output].
  logic [OUTPUTS*INPUTS-1:0] output_asked, output_choice;
  logic [INPUTS*OUTPUTS-1:0] input_asked, input_choice, input_urgent, input_served;
  // May go when its input's choice goes.
  logic [OUTPUTS*INPUTS-1:0] joins;
  // Lowest input that asks each output's arbiter: of several grants to an input, the one of the output with the
  // highest of these moves the pointer.
  logic [OUTPUTS*LOWEST_BITS-1:0] lowest;

  genvar i, o;
  generate
    for (i = 0; i < INPUTS; i = i + 1) begin : inputs
      logic [LABEL_BITS-1:0] chosen_label;
      logic [OUTPUTS-1:0] last;
      logic [LOWEST_BITS-1:0] last_lowest;
      always_comb begin
        chosen_label = '0;
        for (int p = 0; p < OUTPUTS; p = p + 1)
          if (input_choice[i*OUTPUTS+p]) chosen_label = chosen_label | label[(p*INPUTS+i)*LABEL_BITS+:LABEL_BITS];
      end
      always_comb begin
        last = '0;
        last_lowest = '0;
        for (int p = 0; p < OUTPUTS; p = p + 1) begin
          if (grant[p*INPUTS+i] && lowest[p*LOWEST_BITS+:LOWEST_BITS] >= last_lowest) begin
            last = '0;
            last[p] = 1'b1;
            last_lowest = lowest[p*LOWEST_BITS+:LOWEST_BITS];
          end
        end
      end
      assign input_served[i*OUTPUTS+:OUTPUTS] = last;
      for (o = 0; o < OUTPUTS; o = o + 1) begin : crossings
        assign input_asked[i*OUTPUTS+o] = INPUT_FIRST ? request[o*INPUTS+i] : output_choice[o*INPUTS+i];
        assign input_urgent[i*OUTPUTS+o] = KIND != 0 && urgent[o*INPUTS+i];
        assign joins[o*INPUTS+i] = input_choice[i*OUTPUTS+o] ||
            (together[o*INPUTS+i] && label[(o*INPUTS+i)*LABEL_BITS+:LABEL_BITS] == chosen_label);
      end
      round_robin_arbiter #(.CHOICES(OUTPUTS)) arbiter (
          .clk(clk),
          .reset(reset),
          .request(input_asked[i*OUTPUTS+:OUTPUTS]),
          .urgent(input_urgent[i*OUTPUTS+:OUTPUTS]),
          .served(input_served[i*OUTPUTS+:OUTPUTS]),
          .choice(input_choice[i*OUTPUTS+:OUTPUTS])
      );
    end
    for (o = 0; o < OUTPUTS; o = o + 1) begin : outputs
      logic [LOWEST_BITS-1:0] first;
      always_comb begin
        first = '0;
        for (int n = INPUTS - 1; n >= 0; n = n - 1) if (output_asked[o*INPUTS+n]) first = LOWEST_BITS'(n);
      end
      assign lowest[o*LOWEST_BITS+:LOWEST_BITS] = first;
      round_robin_arbiter #(.CHOICES(INPUTS)) arbiter (
          .clk(clk),
          .reset(reset),
          .request(output_asked[o*INPUTS+:INPUTS]),
          .urgent(KIND != 0 ? urgent[o*INPUTS+:INPUTS] : '0),
          .served(grant[o*INPUTS+:INPUTS]),
          .choice(output_choice[o*INPUTS+:INPUTS])
      );
    end
    if (INPUT_FIRST) begin : input_first
      assign output_asked = request & joins;
      assign grant = output_choice;
    end else begin : output_first
      assign output_asked = request;
      assign grant = output_choice & joins;
    end
  endgenerate
endmodule
