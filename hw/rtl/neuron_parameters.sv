// Parameters of a neuron array: thresholds and V0 of each lane, and the shifts of each group's weights; two sets.
//
//     parameters_in --> [ theta, V0: registers, 2 sets ] --> lanes
//                       [ weight shifts: memory of flits, 2 sets ] --> h
//
// Timing   a flit is always taken. A window's start fetches its group's shifts, which are there from the next cycle on.
// Config   sizes are parameters; outputs and set of the pass whose parameters come, and of the one that is worked on,
//          are the program's.
module neuron_parameters #(
    parameter int LANES = 8,
    parameter int PASSES = 64,
    parameter int GROUPS = 4,
    parameter int LINK_BITS = 128,
    parameter int LANE_BITS = 56,  // of theta and V0
    localparam int PASS_BITS = PASSES > 1 ? $clog2(PASSES) : 1,
    localparam int GROUP_BITS = GROUPS > 1 ? $clog2(GROUPS) : 1,
    localparam int OUTPUTS_BITS = $clog2(LANES + 1)
) (
    input  logic                    clk,
    input  logic                    reset,
    // Of the tag, the pass.
    input  logic                    parameters_in_valid,
    input  logic [LINK_BITS-1:0]    parameters_in_bits,
    input  logic [PASS_BITS-1:0]    parameters_in_tag,
    input  logic                    parameters_in_head,
    input  logic                    parameters_in_tail,
    input  logic                    parameters_in_last_packet,
    output logic                    parameters_in_pop,
    output logic [PASS_BITS-1:0]    parameter_pass,
    input  logic [OUTPUTS_BITS-1:0] parameter_outputs,
    input  logic                    parameter_set,
    input  logic                    window_start,
    input  logic [GROUP_BITS-1:0]   group,
    input  logic [OUTPUTS_BITS-1:0] outputs,
    input  logic                    set,
    input  logic                    weight_shifts,
    output logic [2*LANES*LANE_BITS-1:0] lanes,  // of set 0, then of set 1
    output logic [LANES*2-1:0]      h
);
  localparam int LANE_WORDS = (LANES * LANE_BITS + LINK_BITS - 1) / LINK_BITS;
  localparam int SHIFT_WORDS = (GROUPS * LANES * 2 + 2 * LINK_BITS - 2) / LINK_BITS;  // they start inside a word
  localparam int SHIFT_READ = (LANES * 2 + 2 * LINK_BITS - 2) / LINK_BITS;  // words that one group's shifts touch
  localparam int WORD_BITS = $clog2(LANE_WORDS + SHIFT_WORDS + 1);

  logic [WORD_BITS-1:0] parameter_word, first_shift_word, shift_word;
  logic parameter_body;
  logic [LANE_WORDS*LINK_BITS-1:0] lane_words[0:1];
  logic [LINK_BITS-1:0] shift_words[0:2*SHIFT_WORDS-1];
  assign parameters_in_pop = parameters_in_valid;
  assign parameter_body = parameters_in_valid && !parameters_in_head;
  assign first_shift_word = WORD_BITS'(32'(parameter_outputs) * LANE_BITS / LINK_BITS);
  assign shift_word = parameter_word - first_shift_word;
  always_ff @(posedge clk) begin
    if (parameters_in_valid && parameters_in_head) parameter_pass <= parameters_in_tag;
    if (reset || (parameters_in_valid && parameters_in_tail && parameters_in_last_packet)) parameter_word <= '0;
    else if (parameter_body) parameter_word <= parameter_word + 1'b1;
  end
  always_ff @(posedge clk) begin
    if (parameter_body && parameter_word >= first_shift_word && shift_word < WORD_BITS'(SHIFT_WORDS))
      shift_words[(parameter_set ? SHIFT_WORDS : 0) + 32'(shift_word)] <= parameters_in_bits;
  end
  genvar w;
  generate
    for (w = 0; w < LANE_WORDS; w = w + 1) begin : lane_word
      always_ff @(posedge clk) begin
        if (parameter_body && parameter_word == WORD_BITS'(w))
          lane_words[parameter_set][w*LINK_BITS+:LINK_BITS] <= parameters_in_bits;
      end
    end
  endgenerate

  // The shifts of a group's weights, fetched at the window's start: 2 bits of each output, right after the bits of
  // the groups before.
  logic [31:0] group_bit;
  logic [31:0] group_word;
  logic [SHIFT_READ*LINK_BITS-1:0] group_bits;
  assign group_bit = 32'(outputs) * LANE_BITS % LINK_BITS + 32'(group) * 32'(outputs) * 2;
  assign group_word = group_bit / LINK_BITS;
  generate
    for (w = 0; w < SHIFT_READ; w = w + 1) begin : group_read
      logic [31:0] at;
      assign at = group_word + w < SHIFT_WORDS ? group_word + w : SHIFT_WORDS - 1;
      assign group_bits[w*LINK_BITS+:LINK_BITS] = shift_words[(set ? SHIFT_WORDS : 0) + at];
    end
  endgenerate
  logic [LANES*2-1:0] group_shifts;
  assign group_shifts = (LANES*2)'(group_bits >> (group_bit % LINK_BITS));
  always_ff @(posedge clk) begin
    if (window_start) h <= weight_shifts ? group_shifts : '0;
  end
  assign lanes = {(LANES*LANE_BITS)'(lane_words[1]), (LANES*LANE_BITS)'(lane_words[0])};
endmodule
