// Synapse array: turns one spike's address into one weight row a cycle. The twin of hw/synapse_array/synapse_array.h,
// written for synthesis.
//
//     spikes_in[s] --> [ lane: decode ] ----> [ issue ] --> [ weight_bank (b) ] --> neurons_out
//     weights_in   --> [ weight_assembly ] -------------> [ weight_bank (b) ]
//     weights_in   ------------------------------------------------------------> parameters_out
//
// Timing   as the SystemC block: one row a cycle, seen at neurons_out LATENCY cycles after its issue (the first of them
//          is the memory's own); a mark takes one cycle per active slope and token, at least one; one row is written a
//          cycle, of shared banks in one in which its bank is not read. The bursts between two arbitrations are the
//          rows of the bits at hand up to a mark or an empty chunk, at most 31 or 32.
// Config   sizes are parameters; SLOTS * 8 <= LINK_BITS (DEVIATIONS 11). SHARED_BANKS: in which both halves lie, row r
//          of half h at word h * HALF_ROWS + r, in bank word mod SHARED_BANKS; 0: halves have banks of their own, which
//          stand as one memory each. BITMAP: 1 payload bitmap (bitmap_lane.sv), 0 address events (spike_lane.sv).
//          item_*, format_*, window_* and lane_* are configuration registers: they show the window under way, or the
//          next one to start, until window_done, and its slice with it. load_row_bytes: how long the rows of load
//          `load_index` are. ROW_SHIFTS: rows may have exponents of their own (attention's values), a byte behind their
//          weights; then they choose the slope with the spike (models/activation_code.h). code_keeps_slopes: constant.
// Differs  a command has one flag per kind: what SystemC pushes in one cycle is one word, in the order batch start,
//          window start, row or mark, slice end. neurons_out_room counts the places of its queue (7: 7 or more). Inputs
//          show their oldest flits: two, so that a head passes with the flit behind it, or as many as a chunk of a
//          bitmap needs (DEVIATIONS 4). The last byte of every row is kept as its exponent, whether it is one or not;
//          exponents are a register file, read without a clock edge.
module synapse_array #(
    parameter int LANES = 8,
    parameter int HALF_ROWS = 32,   // rows of half the weight SRAM
    parameter int SOURCES = 3,
    parameter int SLOTS = 4,        // most tokens of a batch
    parameter int WIDE = 8,         // most wide inputs of a slice
    parameter int LINK_BITS = 128,
    parameter int LATENCY = 2,
    parameter int BITMAP = 0,       // 1: payload bitmap
    parameter int SHARED_BANKS = 0,
    parameter int ROW_SHIFTS = 0,   // 1: rows may have exponents
    localparam int PAIRS = 32,      // of input and token, in a bitmap's chunk
    localparam int SHOWN = BITMAP != 0 ? 2 * ((5 * PAIRS + LINK_BITS - 1) / LINK_BITS) : 2,
    localparam int ROW_BYTES = (LANES + 1) / 2,
    localparam int LOAD_ROW_BYTES = ROW_BYTES + ROW_SHIFTS,
    localparam int ROW_BITS = $clog2(HALF_ROWS),
    localparam int COUNT_BITS = $clog2(HALF_ROWS + 1),
    localparam int FILL_BITS = $clog2(LOAD_ROW_BYTES + 1),
    localparam int SLOPE_BITS = ROW_SHIFTS != 0 ? 5 : 4,
    localparam int WIDE_BITS = $clog2(WIDE + 1),
    localparam int SLOT_BITS = SLOTS > 1 ? $clog2(SLOTS) : 1,
    localparam int TOKEN_BITS = $clog2(SLOTS + 1)
) (
    input  logic                           clk,
    input  logic                           reset,
    // The slice and the formats of its spikes.
    input  logic                           code_keeps_slopes,
    input  logic                           item_valid,          // 0: the program is done
    input  logic [11:0]                    item_pass,
    input  logic [19:0]                    item_batch,
    input  logic [TOKEN_BITS-1:0]          item_tokens,
    input  logic                           item_first_slice,
    input  logic                           item_last_slice,
    input  logic                           item_releases_load,
    input  logic [31:0]                    item_load,           // bit 0: the half that it lies in
    input  logic [31:0]                    item_needs_fired,
    input  logic [ROW_BITS-1:0]            item_wide_row,       // the first `hi` row
    input  logic [COUNT_BITS-1:0]          item_rows,
    input  logic [WIDE_BITS-1:0]           item_wides,
    input  logic [WIDE*ROW_BITS-1:0]       item_wide,           // rows of wide inputs, ascending
    input  logic [TOKEN_BITS-1:0]          format_slots,        // tokens of a batch that spikes may belong to
    input  logic                           format_digits,       // bitmap: wide inputs have two digits,
    input  logic                           format_all_digits,   // or all inputs
    input  logic [1:0]                     format_slope_bits,
    input  logic                           format_sign,         // 0: no sign bit
    input  logic                           format_row_shifts,   // rows have exponents
    input  logic [5:0]                     format_steps,
    // The window, and what each source holds of it.
    input  logic [15:0]                    window_group,
    input  logic                           window_last,         // of its slice
    input  logic [SOURCES-1:0]             lane_serves,
    input  logic [SOURCES*ROW_BITS-1:0]    lane_first,          // row of address 0
    input  logic [SOURCES*COUNT_BITS-1:0]  lane_inputs,
    output logic                           window_done,
    // Per source the oldest flit (bit SHOWN * s) and those behind it.
    input  logic [SHOWN*SOURCES-1:0]           spikes_in_valid,
    input  logic [SHOWN*SOURCES-1:0]           spikes_in_head,
    input  logic [SHOWN*SOURCES*LINK_BITS-1:0] spikes_in_bits,
    output logic [SHOWN*SOURCES-1:0]           spikes_in_pop,
    input  logic                           weights_in_valid,
    input  logic                           weights_in_head,
    input  logic                           weights_in_parameters,  // head flits: type kParameters
    input  logic [47:0]                    weights_in_tag,
    input  logic [LINK_BITS-1:0]           weights_in_bits,
    output logic                           weights_in_pop,
    output logic [15:0]                    load_index,
    input  logic [FILL_BITS-1:0]           load_row_bytes,
    input  logic                           parameters_out_ready,
    output logic                           parameters_out_push,    // the flit at weights_in, unchanged
    input  logic                           membrane_free_in_valid,
    output logic                           membrane_free_in_pop,
    // What reaches the slopes in this cycle.
    input  logic [2:0]                     neurons_out_room,
    output logic                           neurons_out_batch_start,
    output logic [11:0]                    neurons_out_pass,
    output logic [19:0]                    neurons_out_batch,
    output logic [TOKEN_BITS-1:0]          neurons_out_tokens,
    output logic                           neurons_out_window_start,
    output logic [15:0]                    neurons_out_group,
    output logic [SLOTS*8-1:0]             neurons_out_shifts,     // per token: E 3, E7 3, g 2
    output logic                           neurons_out_row,
    output logic [ROW_BYTES*8-1:0]         neurons_out_weights,
    output logic [SLOT_BITS-1:0]           neurons_out_slot,
    output logic [SLOPE_BITS-1:0]          neurons_out_slope,
    output logic                           neurons_out_negative,
    output logic                           neurons_out_unsigned_weights,
    output logic                           neurons_out_mark,
    output logic [5:0]                     neurons_out_step,
    output logic                           neurons_out_slice_end,
    output logic                           neurons_out_batch_complete,
    output logic                           neurons_out_releases_load,
    output logic [31:0]                    neurons_out_load,
    output logic [31:0]                    neurons_out_needs_fired,
    // For observation: a row is read from SRAM; a row waits for its bank.
    output logic                           weight_read,
    output logic                           weight_waits
);
  localparam int SOURCE_BITS = SOURCES > 1 ? $clog2(SOURCES) : 1;
  localparam int SLOPE_BASES = 7;
  // With exponents, normal spikes have a slope for each exponent of a row, salient ones one for each sum of exponents.
  localparam int MIX_SALIENT_BASE = 8;
  localparam int SLOPES = ROW_SHIFTS != 0 ? MIX_SALIENT_BASE + 11 : 2 * SLOPE_BASES;
  localparam int ACTIVE_BITS = SLOTS * SLOPES;
  localparam int UPDATE_BITS = $clog2(ACTIVE_BITS + 1);
  localparam int LAST_RUN_ROWS = 30;  // a run with more rows has no place for a wide input's two

  // Weight side: rows as they become complete, and where they go.
  logic                        complete, written, write_half;
  logic [ROW_BITS-1:0]         write_row;
  logic [LOAD_ROW_BYTES*8-1:0] write_data;
  logic [2:0]                  write_shift;
  logic [1:0]                  half_busy;
  weight_assembly #(
      .ROW_BYTES(LOAD_ROW_BYTES), .HALF_ROWS(HALF_ROWS), .SOURCES(SOURCES), .LINK_BITS(LINK_BITS)
  ) assembly (
      .clk, .reset, .weights_in_valid, .weights_in_head, .weights_in_parameters, .weights_in_tag, .weights_in_bits,
      .weights_in_pop, .load_index, .load_row_bytes, .parameters_out_ready, .parameters_out_push,
      .complete, .write_waits(weight_waits), .write_half, .write_row, .write_data, .write_shift, .half_busy
  );
  assign written = complete && !weight_waits;

  // State of the spike side.
  logic [2*COUNT_BITS-1:0]  received;  // rows of each half
  logic [2:0]               membrane_credits;
  logic                     item_started, window_started;
  logic [SOURCES-1:0]       in_window, at_mark;
  logic [5:0]               step;
  logic [SLOTS*8-1:0]       shifts;
  logic [ACTIVE_BITS-1:0]   active;       // per token: slopes that hold something
  logic [UPDATE_BITS-1:0]   updates_left; // of the mark under way, after this cycle
  logic                     window_ends;  // the mark under way is the window's last
  logic                     in_run, second;  // second: the `hi` row of a wide input is due
  logic [5:0]               run_rows;
  logic [SOURCE_BITS-1:0]   run_lane, next_lane;
  logic                     latched_valid;
  logic [ROW_BITS-1:0]      latched_row;  // input whose row (of a wide input: both) was read last

  // One decoder per source.
  logic [SOURCES-1:0]           take_head, look, take;
  logic [SOURCES-1:0]           lane_spike_left, lane_found, lane_mark, lane_empty, lane_negative;
  logic [SOURCES*SLOT_BITS-1:0] lane_slot;
  logic [SOURCES*ROW_BITS-1:0]  lane_address;
  logic [SOURCES*3-1:0]         lane_slope;
  logic                         last_mark;  // of the window
  for (genvar s = 0; s < SOURCES; s = s + 1) begin : lanes
    if (BITMAP != 0) begin : decode
      logic [HALF_ROWS-1:0] digit_pairs;
      always_comb begin
        digit_pairs = '0;
        for (int w = 0; w < WIDE; w = w + 1)
          if (format_digits && WIDE_BITS'(w) < item_wides)
            digit_pairs = digit_pairs | (HALF_ROWS'(1) << item_wide[w*ROW_BITS +: ROW_BITS]);
        digit_pairs = (digit_pairs >> lane_first[s*ROW_BITS +: ROW_BITS]) | {HALF_ROWS{format_all_digits}};
      end
      bitmap_lane #(.LINK_BITS(LINK_BITS), .SHOWN(SHOWN), .SLOTS(SLOTS), .INPUTS(HALF_ROWS), .PAIRS(PAIRS)) lane (
          .clk, .reset, .format_slots, .format_slope_bits, .format_sign, .digit_pairs,
          .count(lane_inputs[s*COUNT_BITS +: COUNT_BITS]), .valid(spikes_in_valid[SHOWN*s +: SHOWN]),
          .head(spikes_in_head[SHOWN*s +: SHOWN]), .bits(spikes_in_bits[SHOWN*s*LINK_BITS +: SHOWN*LINK_BITS]),
          .pop(spikes_in_pop[SHOWN*s +: SHOWN]), .take_head(take_head[s]), .window_ends(last_mark),
          .look(look[s]), .take(take[s]), .spike_left(lane_spike_left[s]), .found(lane_found[s]), .mark(lane_mark[s]),
          .empty(lane_empty[s]), .slot(lane_slot[s*SLOT_BITS +: SLOT_BITS]),
          .address(lane_address[s*ROW_BITS +: ROW_BITS]), .slope(lane_slope[s*3 +: 3]), .negative(lane_negative[s])
      );
    end else begin : decode
      assign lane_empty[s] = 1'b0;
      spike_lane #(.LINK_BITS(LINK_BITS), .SLOTS(SLOTS), .INPUTS(HALF_ROWS)) lane (
          .clk, .reset, .format_slots, .format_slope_bits, .format_sign,
          .count(lane_inputs[s*COUNT_BITS +: COUNT_BITS]), .valid(spikes_in_valid[2*s +: 2]),
          .head(spikes_in_head[2*s +: 2]), .bits(spikes_in_bits[2*s*LINK_BITS +: 2*LINK_BITS]),
          .pop(spikes_in_pop[2*s +: 2]), .take_head(take_head[s]), .look(look[s]), .take(take[s]),
          .spike_left(lane_spike_left[s]), .found(lane_found[s]), .mark(lane_mark[s]),
          .slot(lane_slot[s*SLOT_BITS +: SLOT_BITS]), .address(lane_address[s*ROW_BITS +: ROW_BITS]),
          .slope(lane_slope[s*3 +: 3]), .negative(lane_negative[s])
      );
    end
  end
  logic unused_bits;  // but of a bitmap, or where rows have exponents
  assign unused_bits = &{1'b0, format_digits, format_all_digits, last_mark, format_row_shifts, write_shift, write_data};

  // A slice starts when its weights are there and, for a new batch, a membrane set is free.
  logic       half, weights_there, continues, free_cycle, item_ready, batch_starts;
  logic [2:0] credits;
  assign half = item_load[0];
  assign weights_there = received[32'(half)*COUNT_BITS +: COUNT_BITS] >= item_rows && !half_busy[half];
  assign membrane_free_in_pop = membrane_free_in_valid;
  assign credits = membrane_credits + 3'(membrane_free_in_valid);
  assign continues = in_run && (second || (lane_spike_left[run_lane] && run_rows <= 6'(LAST_RUN_ROWS)));
  assign free_cycle = updates_left == '0 && !continues;
  assign item_ready = free_cycle && (item_started || (item_valid && weights_there && neurons_out_room != '0
                                                      && (!item_first_slice || credits != '0)));
  assign batch_starts = item_ready && !item_started && item_first_slice;

  // A window starts when every source's head flit has come; the last one's shifts hold.
  logic               heads_there, window_starts, window_ready;
  logic [SLOTS*8-1:0] shifts_now;
  logic [2:0]         room_for_window, room;
  always_comb begin
    heads_there = item_ready && !window_started;
    take_head = '0;
    shifts_now = shifts;
    for (int s = 0; s < SOURCES; s = s + 1)
      if (lane_serves[s] && !in_window[s]) begin
        if (heads_there && spikes_in_valid[SHOWN*s]) begin
          take_head[s] = 1'b1;
          shifts_now = spikes_in_bits[SHOWN*s*LINK_BITS +: SLOTS*8];
        end else heads_there = 1'b0;
      end
  end
  assign room_for_window = neurons_out_room - 3'(batch_starts);
  assign window_starts = heads_there && room_for_window != '0;
  assign window_ready = item_ready && (window_started || window_starts);
  assign room = room_for_window - 3'(window_starts);

  // Arbitration: the first source, counted from next_lane, whose next event is a spike issues; a chunk without one
  // passes its cycle instead; marks on the way are taken for free. All need room for a mark and a slice's end.
  logic                   issue, passes, go, marks;
  logic [SOURCE_BITS-1:0] issue_lane;
  logic [SOURCES-1:0]     at_mark_now, arbitrated;
  always_comb begin
    issue = continues;
    passes = 1'b0;
    issue_lane = run_lane;
    look = '0;
    arbitrated = '0;
    at_mark_now = at_mark;
    go = window_ready;
    for (int i = 0; i < 2 * SOURCES; i = i + 1)
      if (go && i >= 32'(next_lane) && i < SOURCES + 32'(next_lane) && lane_serves[i % SOURCES]
          && !at_mark[i % SOURCES]) begin
        look[i % SOURCES] = 1'b1;
        if (lane_found[i % SOURCES]) begin
          if (room < 3'd2) go = 1'b0;
          else if (lane_mark[i % SOURCES]) begin
            arbitrated[i % SOURCES] = 1'b1;
            at_mark_now[i % SOURCES] = 1'b1;
          end else begin
            issue = !lane_empty[i % SOURCES];
            passes = lane_empty[i % SOURCES];
            issue_lane = SOURCE_BITS'(i % SOURCES);
            go = 1'b0;
          end
        end
      end
  end
  assign marks = window_ready && !issue && !passes && (at_mark_now | ~lane_serves) == '1;

  // The row of the event; a wide input's `hi` row follows in the next cycle.
  logic [SLOT_BITS-1:0]  event_slot;
  logic [ROW_BITS-1:0]   event_row, read_row;
  logic [2:0]            event_slope, event_shift;  // the latter: exponent of the event's row
  logic [SLOPE_BITS-1:0] slope;
  logic                  wide, latched, event_done;
  logic [ROW_BITS-1:0]   wide_rank;
  always_comb begin
    event_slot = lane_slot[32'(issue_lane)*SLOT_BITS +: SLOT_BITS];
    event_slope = lane_slope[32'(issue_lane)*3 +: 3];
    event_row = lane_first[32'(issue_lane)*ROW_BITS +: ROW_BITS] + lane_address[32'(issue_lane)*ROW_BITS +: ROW_BITS];
    wide = 1'b0;
    wide_rank = '0;
    for (int w = 0; w < WIDE; w = w + 1)
      if (WIDE_BITS'(w) < item_wides && item_wide[w*ROW_BITS +: ROW_BITS] == event_row) begin
        wide = 1'b1;
        wide_rank = ROW_BITS'(w);
      end
    slope = SLOPE_BITS'(event_slope);
    if (second) slope = slope + SLOPE_BITS'(SLOPE_BASES);
    else if (ROW_SHIFTS != 0 && format_row_shifts)
      slope = event_slope == '0 ? SLOPE_BITS'(event_shift)
                                : slope + SLOPE_BITS'(event_shift) + SLOPE_BITS'(MIX_SALIENT_BASE - 1);
    latched = latched_valid && latched_row == event_row;
    read_row = second ? item_wide_row + wide_rank : event_row;
    event_done = issue && (!wide || second);
    take = arbitrated;
    if (event_done || passes) take[issue_lane] = 1'b1;
  end
  assign weight_read = issue && !latched;

  // A mark: as many cycles as there are slopes to add.
  logic [UPDATE_BITS-1:0] updates;
  logic                   last_step, slice_ends;
  always_comb begin
    updates = '0;
    for (int i = 0; i < ACTIVE_BITS; i = i + 1) updates = updates + UPDATE_BITS'(active[i]);
  end
  assign last_step = step + 6'd1 == format_steps;
  assign last_mark = marks && last_step;
  assign window_done = updates_left == UPDATE_BITS'(1) ? window_ends : last_mark && updates <= UPDATE_BITS'(1);
  assign slice_ends = window_done && window_last;

  always_ff @(posedge clk) begin
    if (reset) begin
      received <= '0;
      membrane_credits <= 3'd2;
      item_started <= 1'b0;
      window_started <= 1'b0;
      in_window <= '0;
      at_mark <= '0;
      step <= '0;
      shifts <= '0;
      active <= '0;
      updates_left <= '0;
      window_ends <= 1'b0;
      in_run <= 1'b0;
      second <= 1'b0;
      run_rows <= '0;
      run_lane <= '0;
      next_lane <= '0;
      latched_valid <= 1'b0;
      latched_row <= '0;
    end else begin
      if (written) received[32'(write_half)*COUNT_BITS +: COUNT_BITS] <=
          received[32'(write_half)*COUNT_BITS +: COUNT_BITS] + COUNT_BITS'(1);
      if (slice_ends && item_releases_load) received[32'(half)*COUNT_BITS +: COUNT_BITS] <= '0;
      membrane_credits <= credits - 3'(batch_starts);
      if (slice_ends) item_started <= 1'b0;
      else if (item_ready) item_started <= 1'b1;
      shifts <= shifts_now;
      at_mark <= marks ? '0 : at_mark_now;
      in_run <= issue;
      second <= issue && wide && !second;
      run_lane <= issue_lane;
      run_rows <= continues ? run_rows + 6'd1 : 6'd1;
      if (passes || (issue && !continues))
        next_lane <= 32'(issue_lane) == SOURCES - 1 ? '0 : issue_lane + SOURCE_BITS'(1);
      if (event_done) begin
        latched_valid <= 1'b1;
        latched_row <= event_row;
      end
      if (issue) active[32'(event_slot)*SLOPES + 32'(slope)] <= 1'b1;
      if (window_starts) window_started <= 1'b1;
      in_window <= in_window | take_head;
      if (marks) begin
        updates_left <= updates == '0 ? '0 : updates - UPDATE_BITS'(1);
        window_ends <= last_step;
        step <= last_step ? '0 : step + 6'd1;
        if (!code_keeps_slopes || last_step) active <= '0;
        if (last_step) begin
          in_window <= '0;
          window_started <= 1'b0;
          latched_valid <= 1'b0;
        end
      end else if (updates_left != '0) updates_left <= updates_left - UPDATE_BITS'(1);
    end
  end

  // Weight SRAM: one half is read while the other is filled. A read goes first. While a row of a wide input's second
  // read goes out, the first is kept, so that both stay latched.
  localparam int BANKS = SHARED_BANKS != 0 ? SHARED_BANKS : 2;
  localparam int BANK_ROWS = (2 * HALF_ROWS + BANKS - 1) / BANKS;
  localparam int BANK_BITS = BANKS > 1 ? $clog2(BANKS) : 1;
  localparam int PLACE_BITS = $clog2(BANK_ROWS);
  logic [BANK_BITS-1:0]         read_bank, write_bank, bank_read;  // bank_read: the last one
  logic [PLACE_BITS-1:0]        read_place, write_place;
  logic [BANKS*ROW_BYTES*8-1:0] bank_data;
  logic [ROW_BYTES*8-1:0]       read_data, bank_row, kept_row;
  logic                         read_kept;
  if (SHARED_BANKS != 0) begin : shared
    int read_word, write_word;
    assign read_word = 32'(half) * HALF_ROWS + 32'(read_row);
    assign write_word = 32'(write_half) * HALF_ROWS + 32'(write_row);
    assign read_bank = BANK_BITS'(read_word % BANKS);
    assign write_bank = BANK_BITS'(write_word % BANKS);
    assign read_place = PLACE_BITS'(read_word / BANKS);
    assign write_place = PLACE_BITS'(write_word / BANKS);
    assign weight_waits = complete && weight_read && write_bank == read_bank;
  end else begin : own
    assign read_bank = half;
    assign write_bank = write_half;
    assign read_place = read_row;
    assign write_place = write_row;
    assign weight_waits = 1'b0;
  end
  for (genvar b = 0; b < BANKS; b = b + 1) begin : banks
    weight_bank #(.ROW_BYTES(ROW_BYTES), .ROWS(BANK_ROWS)) weights (
        .clk, .write(written && 32'(write_bank) == b), .write_row(write_place),
        .write_data(write_data[ROW_BYTES*8-1:0]), .read(weight_read && 32'(read_bank) == b), .read_row(read_place),
        .read_data(bank_data[b*ROW_BYTES*8 +: ROW_BYTES*8])
    );
  end
  if (ROW_SHIFTS != 0) begin : exponents
    logic [2:0] row_shifts[2*HALF_ROWS];  // of both halves
    always_ff @(posedge clk) begin
      if (written) row_shifts[(write_half ? HALF_ROWS : 0) + 32'(write_row)] <= write_shift;
    end
    assign event_shift = row_shifts[(half ? HALF_ROWS : 0) + 32'(event_row)];
  end else begin : exponents
    assign event_shift = '0;
  end
  assign bank_row = bank_data[32'(bank_read)*ROW_BYTES*8 +: ROW_BYTES*8];
  always_ff @(posedge clk) begin
    if (weight_read) bank_read <= read_bank;
    read_kept <= wide && !second && latched;
    if (weight_read && second) kept_row <= bank_row;
  end
  assign read_data = read_kept ? kept_row : bank_row;

  // The rigid pipeline to the slopes: commands from the cycle of issue, weights from one cycle later.
  localparam int WORD_BITS = 1 + 12 + 20 + TOKEN_BITS + 1 + 16 + SLOTS * 8 + 1 + SLOT_BITS + SLOPE_BITS + 2 + 1 + 6 + 3
                             + 64;
  logic [WORD_BITS-1:0]               word;
  logic [SLOTS*8-1:0]                 live_shifts;  // of the batch's tokens
  logic [LATENCY*WORD_BITS-1:0]       words;
  logic [LATENCY*ROW_BYTES*8-1:0]     rows, row_stages;  // the first is the memory's own
  always_comb begin
    for (int t = 0; t < SLOTS; t = t + 1)
      live_shifts[t*8 +: 8] = TOKEN_BITS'(t) < item_tokens ? shifts_now[t*8 +: 8] : '0;
    word = {batch_starts, item_pass, item_batch, item_tokens, window_starts, window_group, live_shifts, issue,
            event_slot, slope, lane_negative[issue_lane], wide && !second, marks, step, slice_ends, item_last_slice,
            item_releases_load, item_load, item_needs_fired};
    rows[0 +: ROW_BYTES*8] = read_data;
    for (int i = 1; i < LATENCY; i = i + 1)
      rows[i*ROW_BYTES*8 +: ROW_BYTES*8] = row_stages[i*ROW_BYTES*8 +: ROW_BYTES*8];
  end
  always_ff @(posedge clk) begin
    words[0 +: WORD_BITS] <= reset ? '0 : word;
    row_stages[0 +: ROW_BYTES*8] <= '0;
    for (int i = 1; i < LATENCY; i = i + 1) begin
      words[i*WORD_BITS +: WORD_BITS] <= reset ? '0 : words[(i-1)*WORD_BITS +: WORD_BITS];
      row_stages[i*ROW_BYTES*8 +: ROW_BYTES*8] <= rows[(i-1)*ROW_BYTES*8 +: ROW_BYTES*8];
    end
  end
  assign {neurons_out_batch_start, neurons_out_pass, neurons_out_batch, neurons_out_tokens, neurons_out_window_start,
          neurons_out_group, neurons_out_shifts, neurons_out_row, neurons_out_slot, neurons_out_slope,
          neurons_out_negative, neurons_out_unsigned_weights, neurons_out_mark, neurons_out_step, neurons_out_slice_end,
          neurons_out_batch_complete, neurons_out_releases_load, neurons_out_load, neurons_out_needs_fired}
         = words[(LATENCY-1)*WORD_BITS +: WORD_BITS];
  assign neurons_out_weights = rows[(LATENCY-1)*ROW_BYTES*8 +: ROW_BYTES*8];
endmodule
