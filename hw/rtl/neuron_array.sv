// Neuron array: slopes, membranes and thresholds of a tile's lanes; integrates, sums partial membranes, fires. The twin
// of hw/neuron_array/neuron_array.h, written for synthesis.
//
//     commands_in --> [ slopes | membranes (2 sets) ] --> [ partials | fire ] --> outputs_out, partials_out
//     parameters_in --> thresholds, V0, h (2 sets)             ^       releases, grants --> control_out
//     partials_in, grants_in ----------------------------------'
//
// Timing   as the SystemC block: a row a cycle; a mark takes one cycle per active slope and token, the first in the
//          mark's own cycle; firing 1 + OUTPUT_BITS cycles (radix) or 1 + most spikes of a lane (unary) per token, then
//          one flit a cycle. Slopes and membranes are register files: read without a clock edge, written at the edge.
// Config   sizes are parameters. The tile's share of the program is a table of PASSES entries, written by config_write
//          before the first command: outputs, F, which of the two parameter sets, salient format, weight shifts,
//          partial membranes in and out, destination (the sink's node, or the tile that gets the partial membranes),
//          the tile that partial membranes come from, rows with exponents (ROW_SHIFTS alone: attention's values).
// Differs  a command has one flag per kind: what SystemC takes in one cycle comes as one word, in the order batch
//          start, window start, row or mark, slice end, and is always taken. A batch ends later than it starts; rows
//          and marks come after the updates of the mark before; a pass's parameters come when the pass before last has
//          fired. Membranes are not written at a batch's start: the first update reads V0 instead (same for slopes).
//          The fields of a flit lie beside its payload; its phase is not on the wires. Two releases may wait. Batches
//          that have fewer outputs than their pass, or no partial membranes where others do, are left out.
module neuron_array #(
    parameter int LANES = 8,
    parameter int SLOTS = 1,             // tokens of a batch
    parameter int PASSES = 64,
    parameter int GROUPS = 4,            // groups with weight shifts
    parameter int LINK_BITS = 128,
    parameter int SOURCES = 1,
    parameter int TILES = 1,             // memory nodes follow the tiles
    parameter int TILE = 0,
    parameter int SLOPE_BITS = 20,
    parameter int MEMBRANE_BITS = 32,
    parameter int THRESHOLD_BITS = 24,
    parameter int RESIDUE_BITS = 48,
    parameter int OUTPUT_BITS = 10,
    parameter int UNARY = 0,             // firing: 0 radix, 1 unary
    parameter int SPIKE_CODE = 0,        // 0 ttfs, 1 count, 2 radix
    parameter int FIRED_BITS = 32,
    parameter int ROW_SHIFTS = 0,               // 1: rows may have exponents, and slopes for them
    localparam int SLOPES = ROW_SHIFTS != 0 ? 19 : 14,
    localparam int INDEX_BITS = $clog2(SLOPES),
    localparam int SLOT_BITS = SLOTS > 1 ? $clog2(SLOTS) : 1,
    localparam int COUNT_BITS = $clog2(SLOTS + 1),
    localparam int PASS_BITS = PASSES > 1 ? $clog2(PASSES) : 1,
    localparam int GROUP_BITS = GROUPS > 1 ? $clog2(GROUPS) : 1,
    localparam int OUTPUTS_BITS = $clog2(LANES + 1)
) (
    input  logic                    clk,
    input  logic                    reset,
    // One entry of the program.
    input  logic                    config_write,
    input  logic [PASS_BITS-1:0]    config_pass,
    input  logic [OUTPUTS_BITS-1:0] config_outputs,
    input  logic [4:0]              config_F,
    input  logic                    config_set,
    input  logic                    config_floating,
    input  logic                    config_row_shifts,
    input  logic                    config_weight_shifts,
    input  logic                    config_receives_partials,
    input  logic                    config_sends_partials,
    input  logic [15:0]             config_destination,
    input  logic [15:0]             config_partials_from,
    // What the synapse array tells in this cycle.
    input  logic                    commands_in_batch_start,
    input  logic [PASS_BITS-1:0]    commands_in_pass,
    input  logic [19:0]             commands_in_batch,
    input  logic [COUNT_BITS-1:0]   commands_in_tokens,
    input  logic                    commands_in_window_start,
    input  logic [GROUP_BITS-1:0]   commands_in_group,
    input  logic [SLOTS*8-1:0]      commands_in_shifts,        // per token: E 3, E7 3, g 2
    input  logic                    commands_in_row,
    input  logic [LANES*4-1:0]      commands_in_weights,
    input  logic [SLOT_BITS-1:0]    commands_in_slot,
    input  logic [INDEX_BITS-1:0]   commands_in_slope,
    input  logic                    commands_in_negative,
    input  logic                    commands_in_unsigned_weights,
    input  logic                    commands_in_mark,
    input  logic [2:0]              commands_in_step,
    input  logic                    commands_in_slice_end,
    input  logic                    commands_in_batch_complete,
    input  logic                    commands_in_releases_load,
    input  logic [FIRED_BITS-1:0]   commands_in_needs_fired,
    // Of the tag, the pass.
    input  logic                    parameters_in_valid,
    input  logic [LINK_BITS-1:0]    parameters_in_bits,
    input  logic [PASS_BITS-1:0]    parameters_in_tag,
    input  logic                    parameters_in_head,
    input  logic                    parameters_in_tail,
    input  logic                    parameters_in_last_packet,
    output logic                    parameters_in_pop,
    input  logic                    partials_in_valid,
    input  logic [LINK_BITS-1:0]    partials_in_bits,
    input  logic                    partials_in_head,
    input  logic                    partials_in_tail,
    output logic                    partials_in_pop,
    input  logic                    grants_in_valid,
    output logic                    grants_in_pop,
    input  logic                    outputs_out_ready,
    output logic                    outputs_out_push,
    output logic [LINK_BITS-1:0]    outputs_out_bits,
    output logic [47:0]             outputs_out_tag,
    output logic [15:0]             outputs_out_destination,
    output logic [7:0]              outputs_out_class,
    output logic [7:0]              outputs_out_flow,
    output logic [3:0]              outputs_out_type,
    output logic                    outputs_out_head,
    output logic                    outputs_out_tail,
    output logic                    outputs_out_last_packet,
    input  logic                    partials_out_ready,
    output logic                    partials_out_push,
    output logic [LINK_BITS-1:0]    partials_out_bits,
    output logic [47:0]             partials_out_tag,
    output logic [15:0]             partials_out_destination,
    output logic [7:0]              partials_out_class,
    output logic [7:0]              partials_out_flow,
    output logic [3:0]              partials_out_type,
    output logic                    partials_out_head,
    output logic                    partials_out_tail,
    output logic                    partials_out_last_packet,
    input  logic                    control_out_ready,
    output logic                    control_out_push,
    output logic [LINK_BITS-1:0]    control_out_bits,
    output logic [47:0]             control_out_tag,
    output logic [15:0]             control_out_destination,
    output logic [7:0]              control_out_class,
    output logic [7:0]              control_out_flow,
    output logic [3:0]              control_out_type,
    output logic                    control_out_head,
    output logic                    control_out_tail,
    output logic                    control_out_last_packet,
    output logic                    membrane_free_out_push,    // never refused: two sets, at least two places
    // The membranes that fire in this cycle, with what was received; for observation.
    output logic                    fire_valid,
    output logic [LANES*MEMBRANE_BITS-1:0] fire_V
);
  // Values of MessageType in hw/noc/flit.h.
  localparam logic [3:0] TYPE_OUTPUTS = 4'd4, TYPE_PARTIALS = 4'd5, TYPE_RELEASE = 4'd6, TYPE_GRANT = 4'd9;
  localparam int SLOPE_ADDRESS_BITS = $clog2(SLOTS * SLOPES);
  localparam int MEMBRANE_ADDRESS_BITS = $clog2(2 * SLOTS);
  localparam int SHIFT_BITS = 5;  // at most 7 + 4 + 4 + 3 + 4 + 3, or 18 + 3 + 4 + 3
  localparam int STEP_BITS = $clog2(OUTPUT_BITS + 1);
  localparam int LANE_BITS = THRESHOLD_BITS + MEMBRANE_BITS;
  localparam int PARTIAL_WORDS = (LANES * MEMBRANE_BITS + LINK_BITS - 1) / LINK_BITS;
  localparam int CODE_WORDS = (LANES * OUTPUT_BITS + LINK_BITS - 1) / LINK_BITS;
  localparam int SENT_BITS = $clog2(PARTIAL_WORDS + 2);

  // ---- the program: partials from, outputs, destination, F, set, floating, row and weight shifts, receives, sends
  localparam int ENTRY_BITS = 16 + OUTPUTS_BITS + 16 + 5 + 6;
  logic [ENTRY_BITS-1:0] program_table[0:PASSES-1];
  always_ff @(posedge clk) begin
    if (config_write)
      program_table[config_pass] <= {config_partials_from, config_outputs, config_destination, config_F, config_set,
                                     config_floating, config_row_shifts, config_weight_shifts,
                                     config_receives_partials, config_sends_partials};
  end

  // ---- two membrane sets, used in turn
  logic integrating, integrating_now, firing;
  logic [PASS_BITS-1:0] set_pass[0:1];
  logic [19:0] set_batch[0:1];
  logic [COUNT_BITS-1:0] set_tokens[0:1];
  logic [2*SLOTS-1:0] fresh;  // membranes that are still V0
  assign integrating_now = integrating ^ commands_in_batch_start;
  always_ff @(posedge clk) begin
    if (reset) integrating <= 1'b1;
    else integrating <= integrating_now;
    if (commands_in_batch_start) begin
      set_pass[integrating_now] <= commands_in_pass;
      set_batch[integrating_now] <= commands_in_batch;
      set_tokens[integrating_now] <= commands_in_tokens;
    end
  end

  logic [PASS_BITS-1:0] pass;
  logic [OUTPUTS_BITS-1:0] outputs;
  logic set, floating, row_shifts, weight_shifts;
  logic [15:0] unused_destination, unused_from;
  logic [4:0] unused_F;
  logic [1:0] unused_partials;
  assign pass = commands_in_batch_start ? commands_in_pass : set_pass[integrating];
  assign {unused_from, outputs, unused_destination, unused_F, set, floating, row_shifts, weight_shifts,
          unused_partials} =
      program_table[pass];

  // ---- parameters
  logic [PASS_BITS-1:0] parameter_pass;
  logic [OUTPUTS_BITS-1:0] parameter_outputs;
  logic parameter_set;
  logic [15:0] unused_parameter_destination, unused_parameter_from;
  logic [4:0] unused_parameter_F;
  logic [4:0] unused_parameter_flags;
  logic [LANES*LANE_BITS-1:0] lane_parameters[0:1];  // [set]: theta and V0 of each lane
  logic [LANES*2-1:0] h;
  neuron_parameters #(
      .LANES(LANES),
      .PASSES(PASSES),
      .GROUPS(GROUPS),
      .LINK_BITS(LINK_BITS),
      .LANE_BITS(LANE_BITS)
  ) parameters (
      .clk(clk),
      .reset(reset),
      .parameters_in_valid(parameters_in_valid),
      .parameters_in_bits(parameters_in_bits),
      .parameters_in_tag(parameters_in_tag),
      .parameters_in_head(parameters_in_head),
      .parameters_in_tail(parameters_in_tail),
      .parameters_in_last_packet(parameters_in_last_packet),
      .parameters_in_pop(parameters_in_pop),
      .parameter_pass(parameter_pass),
      .parameter_outputs(parameter_outputs),
      .parameter_set(parameter_set),
      .window_start(commands_in_window_start),
      .group(commands_in_group),
      .outputs(outputs),
      .set(set),
      .weight_shifts(weight_shifts),
      .lanes({lane_parameters[1], lane_parameters[0]}),
      .h(h)
  );
  assign {unused_parameter_from, parameter_outputs, unused_parameter_destination, unused_parameter_F, parameter_set,
          unused_parameter_flags} = program_table[parameter_pass];

  // ---- slopes
  logic [SLOPE_ADDRESS_BITS-1:0] slope_address;
  logic [SLOT_BITS-1:0] update_slot;
  logic update, slope_holds;
  logic [SHIFT_BITS-1:0] shift;
  neuron_marks #(
      .SLOTS(SLOTS),
      .SLOPES(SLOPES),
      .SHIFT_BITS(SHIFT_BITS),
      .SPIKE_CODE(SPIKE_CODE),
      .ROW_SHIFTS(ROW_SHIFTS),
      .INDEX_BITS(INDEX_BITS)
  ) marks (
      .clk(clk),
      .reset(reset),
      .window_start(commands_in_window_start),
      .window_shifts(commands_in_shifts),
      .row(commands_in_row),
      .row_slot(commands_in_slot),
      .row_index(commands_in_slope),
      .mark(commands_in_mark),
      .mark_step(commands_in_step),
      .floating(floating),
      .row_shifts(row_shifts),
      .slope_holds(slope_holds),
      .slope_address(slope_address),
      .update(update),
      .update_slot(update_slot),
      .shift(shift)
  );

  // ---- firing: partial membranes in, R and comparisons, messages out
  logic sending_stage;  // else it waits for a batch or for partial membranes
  logic [1:0] finished;
  logic [COUNT_BITS-1:0] token;
  logic [STEP_BITS-1:0] steps_left;
  logic [SENT_BITS-1:0] sent, sent_now, body_flits, flit_index;
  logic [SENT_BITS-1:0] partial_count;
  logic [PASS_BITS-1:0] fire_pass;
  logic [OUTPUTS_BITS-1:0] fire_outputs;
  logic [15:0] fire_destination, partials_from;
  logic [4:0] fire_F;
  logic fire_set, receives_partials, sends_partials;
  logic [2:0] unused_fire_flags;
  logic granted, granted_now, opened, opens, opened_now, grants;  // the chain, for the batch that fires
  logic finishes_now, batch_waits, has_batch, fire, compare, sending, push, last_flit, token_done, batch_done;
  logic [LANES-1:0] above, used;
  assign fire_pass = set_pass[firing];
  assign {partials_from, fire_outputs, fire_destination, fire_F, fire_set, unused_fire_flags, receives_partials,
          sends_partials} = program_table[fire_pass];
  assign finishes_now = commands_in_slice_end && commands_in_batch_complete;
  assign batch_waits = !sending_stage && (finished != 2'd0 || finishes_now);
  assign grants_in_pop = grants_in_valid && !granted;
  assign granted_now = granted || grants_in_valid;
  assign opens =
      batch_waits && !opened && (!sends_partials || granted_now) && (!receives_partials || control_out_ready);
  assign opened_now = opened || opens;
  assign grants = opens && receives_partials;
  assign has_batch = batch_waits && opened_now;
  assign partials_in_pop = has_batch && receives_partials && partials_in_valid;
  assign fire = has_batch && (!receives_partials || (partials_in_pop && partials_in_tail));
  assign compare = sending_stage && !sends_partials && (UNARY != 0 ? above != '0 : steps_left != '0);
  assign sending = sends_partials ? fire || sending_stage : sending_stage && !compare;
  assign push = sending && (sends_partials ? partials_out_ready : outputs_out_ready);
  assign sent_now = fire ? '0 : sent;
  assign body_flits = SENT_BITS'((32'(fire_outputs) * (sends_partials ? MEMBRANE_BITS : OUTPUT_BITS) + LINK_BITS - 1) /
                                 LINK_BITS);
  assign last_flit = sent_now == body_flits;
  assign token_done = push && last_flit;
  assign batch_done = token_done && token + 1'b1 == set_tokens[firing];
  always_ff @(posedge clk) begin
    if (reset) begin
      sending_stage <= 1'b0;
      granted <= 1'b0;
      opened <= 1'b0;
      firing <= 1'b0;
      finished <= 2'd0;
      token <= '0;
      partial_count <= '0;
    end else begin
      sending_stage <= (sending_stage || fire) && !token_done;
      granted <= granted_now && !(opens && sends_partials);
      opened <= opened_now && !batch_done;
      firing <= firing ^ batch_done;
      finished <= finished + {1'b0, finishes_now} - {1'b0, batch_done};
      if (token_done) token <= batch_done ? '0 : token + 1'b1;
      if (fire) partial_count <= '0;
      else if (partials_in_pop && !partials_in_head) partial_count <= partial_count + 1'b1;
    end
    if (fire) steps_left <= STEP_BITS'(OUTPUT_BITS);
    else if (compare && UNARY == 0) steps_left <= steps_left - 1'b1;
    sent <= push ? sent_now + 1'b1 : sent_now;
  end

  logic [STEP_BITS-1:0] compare_step;
  assign compare_step = UNARY != 0 ? '0 : steps_left - 1'b1;

  // A partial membrane message is added when its last flit is here.
  logic [PARTIAL_WORDS*LINK_BITS-1:0] partial_stored, partial_now;
  genvar w, i;
  generate
    for (w = 0; w < PARTIAL_WORDS; w = w + 1) begin : partial_word
      assign partial_now[w*LINK_BITS+:LINK_BITS] =
          partial_count == SENT_BITS'(w) ? partials_in_bits : partial_stored[w*LINK_BITS+:LINK_BITS];
      always_ff @(posedge clk) begin
        if (partials_in_pop && !partials_in_head)
          partial_stored[w*LINK_BITS+:LINK_BITS] <= partial_now[w*LINK_BITS+:LINK_BITS];
      end
    end
  endgenerate

  // ---- membranes that are still V0, by set and token
  logic [2*SLOTS-1:0] update_membrane_bit, set_bits;
  logic [MEMBRANE_ADDRESS_BITS-1:0] update_address, fire_address;
  assign update_address = MEMBRANE_ADDRESS_BITS'((integrating ? SLOTS : 0) + 32'(update_slot));
  assign fire_address = MEMBRANE_ADDRESS_BITS'((firing ? SLOTS : 0) + 32'(token));
  assign update_membrane_bit = update ? (2*SLOTS)'(1) << update_address : '0;
  assign set_bits = !commands_in_batch_start ? '0
                  : integrating_now ? {{SLOTS{1'b1}}, {SLOTS{1'b0}}} : {{SLOTS{1'b0}}, {SLOTS{1'b1}}};
  always_ff @(posedge clk) begin
    fresh <= (fresh & ~update_membrane_bit) | set_bits;
  end

  // ---- the lanes
  logic [PARTIAL_WORDS*LINK_BITS-1:0] handed_on;
  logic [CODE_WORDS*LINK_BITS-1:0] codes;
  generate
    for (i = 0; i < LANES; i = i + 1) begin : lane
      logic [MEMBRANE_BITS-1:0] V_handed_on;
      logic [OUTPUT_BITS-1:0] code;
      logic lane_above;
      assign used[i] = OUTPUTS_BITS'(i) < fire_outputs;
      assign above[i] = used[i] && lane_above;
      assign handed_on[i*MEMBRANE_BITS+:MEMBRANE_BITS] = used[i] ? V_handed_on : '0;
      assign codes[i*OUTPUT_BITS+:OUTPUT_BITS] = used[i] ? code : '0;
      neuron_lane #(
          .SLOTS(SLOTS),
          .SLOPES(SLOPES),
          .SLOPE_BITS(SLOPE_BITS),
          .MEMBRANE_BITS(MEMBRANE_BITS),
          .THRESHOLD_BITS(THRESHOLD_BITS),
          .RESIDUE_BITS(RESIDUE_BITS),
          .OUTPUT_BITS(OUTPUT_BITS),
          .UNARY(UNARY),
          .SHIFT_BITS(SHIFT_BITS),
          .SLOPE_ADDRESS_BITS(SLOPE_ADDRESS_BITS),
          .MEMBRANE_ADDRESS_BITS(MEMBRANE_ADDRESS_BITS),
          .STEP_BITS(STEP_BITS)
      ) neuron (
          .clk(clk),
          .row(commands_in_row),
          .weight(commands_in_weights[i*4+:4]),
          .negative(commands_in_negative),
          .unsigned_weights(commands_in_unsigned_weights),
          .slope_holds(slope_holds),
          .slope_address(slope_address),
          .update(update),
          .shift(shift + SHIFT_BITS'(h[i*2+:2])),
          .update_address(update_address),
          .update_fresh(fresh[update_address]),
          .update_V0(lane_parameters[set][i*LANE_BITS+THRESHOLD_BITS+:MEMBRANE_BITS]),
          .fire_address(fire_address),
          .fire_fresh(fresh[fire_address]),
          .fire_V0(lane_parameters[fire_set][i*LANE_BITS+THRESHOLD_BITS+:MEMBRANE_BITS]),
          .add_partial(receives_partials),
          .partial(partial_now[i*MEMBRANE_BITS+:MEMBRANE_BITS]),
          .theta(lane_parameters[fire_set][i*LANE_BITS+:THRESHOLD_BITS]),
          .F(fire_F),
          .fire(fire),
          .hand_on(sends_partials),
          .compare(compare),
          .step(compare_step),
          .above(lane_above),
          .V(fire_V[i*MEMBRANE_BITS+:MEMBRANE_BITS]),
          .V_handed_on(V_handed_on),
          .code(code)
      );
    end
    if (CODE_WORDS * LINK_BITS > LANES * OUTPUT_BITS) begin : code_padding
      assign codes[CODE_WORDS*LINK_BITS-1:LANES*OUTPUT_BITS] = '0;
    end
    if (PARTIAL_WORDS * LINK_BITS > LANES * MEMBRANE_BITS) begin : partial_padding
      assign handed_on[PARTIAL_WORDS*LINK_BITS-1:LANES*MEMBRANE_BITS] = '0;
    end
  endgenerate
  assign fire_valid = fire;

  // ---- messages
  logic head;
  logic [47:0] tag;
  assign head = sent_now == '0;
  assign flit_index = sent_now - 1'b1;
  assign tag = {24'(32'(set_batch[firing]) * SLOTS + 32'(token)), 12'(TILE), 12'(fire_pass)};
  assign outputs_out_push = push && !sends_partials;
  assign outputs_out_bits = head ? '0 : codes[32'(flit_index)*LINK_BITS+:LINK_BITS];
  assign outputs_out_tag = head ? tag : '0;
  assign outputs_out_destination = head ? fire_destination : '0;
  assign outputs_out_class = 8'(SOURCES + 1);
  assign outputs_out_flow = 8'(TILE);
  assign outputs_out_type = TYPE_OUTPUTS;
  assign outputs_out_head = head;
  assign outputs_out_tail = last_flit;
  assign outputs_out_last_packet = last_flit;
  assign partials_out_push = push && sends_partials;
  assign partials_out_bits = head ? '0 : handed_on[32'(flit_index)*LINK_BITS+:LINK_BITS];
  assign partials_out_tag = outputs_out_tag;
  assign partials_out_destination = outputs_out_destination;
  assign partials_out_class = 8'(SOURCES + 2);
  assign partials_out_flow = 8'(TILE);
  assign partials_out_type = TYPE_PARTIALS;
  assign partials_out_head = head;
  assign partials_out_tail = last_flit;
  assign partials_out_last_packet = last_flit;
  assign membrane_free_out_push = batch_done;

  // ---- releases
  logic release_push;
  logic [7:0] release_source;
  load_releases #(
      .SOURCES(SOURCES),
      .FIRED_BITS(FIRED_BITS)
  ) load_releases (
      .clk(clk),
      .reset(reset),
      .releases_load(commands_in_slice_end && commands_in_releases_load),
      .needs_fired(commands_in_needs_fired),
      .batch_done(batch_done),
      .ready(control_out_ready && !grants),
      .release_push(release_push),
      .release_source(release_source)
  );
  assign control_out_push = grants || release_push;
  assign control_out_bits = '0;
  assign control_out_tag = grants ? tag : 48'(TILE);
  assign control_out_destination = grants ? partials_from : 16'(TILES) + 16'(release_source);
  assign control_out_class = 8'(SOURCES + 3);
  assign control_out_flow = '0;
  assign control_out_type = grants ? TYPE_GRANT : TYPE_RELEASE;
  assign control_out_head = 1'b1;
  assign control_out_tail = 1'b1;
  assign control_out_last_packet = 1'b1;
endmodule
