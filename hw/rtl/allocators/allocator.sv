// Allocator: a matching between inputs and outputs, once a cycle. The twin of hw/noc/allocators, written for synthesis.
//
//     request[output][input] --> [ islip | separable_input_first | separable_output_first ] --> grant[output][input]
//                                           pointers of the arbiters
//
// Timing   grants are of the same cycle; the arbiters' pointers move on at its end by what was granted.
// Config   KIND: 0 islip, 1 separable_input_first, 2 separable_output_first. ITERATIONS: of islip.
// Differs  all iterations of islip take one cycle, as in the SystemC, whatever that means for the clock.
module allocator #(
    parameter int KIND = 0,
    parameter int ITERATIONS = 1,
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

  // Each arbiter's choices from the next one in turn on: [output][input] and [input][output].
  logic [OUTPUTS*INPUTS-1:0] output_later;
  logic [INPUTS*OUTPUTS-1:0] input_later;
  // What outputs' arbiters are asked for, and the grants that move pointers.
  logic [OUTPUTS*INPUTS-1:0] asked, moving;
  // Lowest input that asks each output's arbiter: of several grants to an input, the one of the output with the
  // highest of these moves the pointer.
  logic [OUTPUTS*LOWEST_BITS-1:0] lowest;

  genvar i, o;
  generate
    if (KIND == 0) begin : iterative
      logic unused_urgent;
      assign unused_urgent = &{1'b0, urgent};
      islip #(
          .ITERATIONS(ITERATIONS),
          .INPUTS(INPUTS),
          .OUTPUTS(OUTPUTS),
          .LABEL_BITS(LABEL_BITS)
      ) matching (
          .request(request),
          .together(together),
          .label(label),
          .output_later(output_later),
          .input_later(input_later),
          .first_grant(moving),
          .grant(grant)
      );
      assign asked = request;
    end else if (KIND == 1) begin : input_first
      separable_input_first #(
          .INPUTS(INPUTS),
          .OUTPUTS(OUTPUTS),
          .LABEL_BITS(LABEL_BITS)
      ) matching (
          .request(request),
          .urgent(urgent),
          .together(together),
          .label(label),
          .output_later(output_later),
          .input_later(input_later),
          .asked(asked),
          .grant(grant)
      );
      assign moving = grant;
    end else begin : output_first
      separable_output_first #(
          .INPUTS(INPUTS),
          .OUTPUTS(OUTPUTS),
          .LABEL_BITS(LABEL_BITS)
      ) matching (
          .request(request),
          .urgent(urgent),
          .together(together),
          .label(label),
          .output_later(output_later),
          .input_later(input_later),
          .grant(grant)
      );
      assign asked = request;
      assign moving = grant;
    end

    for (o = 0; o < OUTPUTS; o = o + 1) begin : outputs
      logic [LOWEST_BITS-1:0] first;
      logic [INPUTS-1:0] served;
      always_comb begin
        first = '0;
        for (int n = INPUTS - 1; n >= 0; n = n - 1) if (asked[o*INPUTS+n]) first = LOWEST_BITS'(n);
      end
      assign lowest[o*LOWEST_BITS+:LOWEST_BITS] = first;
      assign served = moving[o*INPUTS+:INPUTS];
      always_ff @(posedge clk) begin
        if (reset) output_later[o*INPUTS+:INPUTS] <= '0;
        else if (|served) output_later[o*INPUTS+:INPUTS] <= ~(served | (served - INPUTS'(1)));
      end
    end

    for (i = 0; i < INPUTS; i = i + 1) begin : inputs
      logic [OUTPUTS-1:0] served;  // at most one
      logic [LOWEST_BITS-1:0] last_lowest;
      always_comb begin
        served = '0;
        last_lowest = '0;
        for (int p = 0; p < OUTPUTS; p = p + 1) begin
          if (moving[p*INPUTS+i] && lowest[p*LOWEST_BITS+:LOWEST_BITS] >= last_lowest) begin
            served = '0;
            served[p] = 1'b1;
            last_lowest = lowest[p*LOWEST_BITS+:LOWEST_BITS];
          end
        end
      end
      always_ff @(posedge clk) begin
        if (reset) input_later[i*OUTPUTS+:OUTPUTS] <= '0;
        else if (|served) input_later[i*OUTPUTS+:OUTPUTS] <= ~(served | (served - OUTPUTS'(1)));
      end
    end
  endgenerate
endmodule
