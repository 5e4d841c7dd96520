// Slopes of a neuron array that hold something: a mark goes through them, one a cycle, and each is added to its token's
// membranes with a shift.
//
//     rows, marks --> [ active | pending ] --> slope_address, update, shift
//
// Timing   a mark's first update is in its own cycle. With TTFS slopes go on holding after a mark until the window
//          ends.
// Config   the window's shifts per token (E 3 bits, E7 3, g 2) come with its start; the salient format, and whether
//          rows have exponents, are the pass's. ROW_SHIFTS: slopes of rows with exponents exist.
module neuron_marks #(
    parameter int SLOTS = 1,
    parameter int SLOPES = 14,
    parameter int SHIFT_BITS = 5,
    parameter int SPIKE_CODE = 0,  // 0 ttfs, 1 count, 2 radix
    parameter int ROW_SHIFTS = 0,
    parameter int INDEX_BITS = 4,  // of a slope
    localparam int SLOPE_COUNT = SLOTS * SLOPES,
    localparam int SLOPE_ADDRESS_BITS = $clog2(SLOPE_COUNT),
    localparam int SLOT_BITS = SLOTS > 1 ? $clog2(SLOTS) : 1
) (
    input  logic                   clk,
    input  logic                   reset,
    input  logic                   window_start,
    input  logic [SLOTS*8-1:0]     window_shifts,
    input  logic                   row,
    input  logic [SLOT_BITS-1:0]   row_slot,
    input  logic [INDEX_BITS-1:0]  row_index,
    input  logic                   mark,
    input  logic [2:0]             mark_step,
    input  logic                   floating,
    input  logic                   row_shifts,
    // The row's slope holds a sum already; the slope that is read: of the update, else of the row.
    output logic                   slope_holds,
    output logic [SLOPE_ADDRESS_BITS-1:0] slope_address,
    output logic                   update,
    output logic [SLOT_BITS-1:0]   update_slot,
    output logic [SHIFT_BITS-1:0]  shift
);
  logic [SLOTS*8-1:0] shifts;
  logic [SLOPE_COUNT-1:0] active, active_now, pending, pending_now, row_bit, update_bit;
  logic [SLOPE_ADDRESS_BITS-1:0] row_slope, update_slope;
  logic [INDEX_BITS-1:0] update_index;
  logic [2:0] step, step_now;
  assign row_slope = SLOPE_ADDRESS_BITS'(32'(row_slot) * SLOPES + 32'(row_index));
  assign row_bit = row ? SLOPE_COUNT'(1) << row_slope : '0;
  assign active_now = window_start ? '0 : active;
  assign pending_now = mark ? active_now : pending;
  assign step_now = mark ? mark_step : step;
  assign update = pending_now != '0;
  assign update_bit = pending_now & (~pending_now + 1'b1);
  assign slope_address = update ? update_slope : row_slope;
  assign slope_holds = (active_now & row_bit) != '0;
  always_comb begin
    update_slope = '0;
    update_slot = '0;
    update_index = '0;
    for (int t = 0; t < SLOTS; t = t + 1)
      for (int j = 0; j < SLOPES; j = j + 1)
        if (update_bit[t*SLOPES+j]) begin
          update_slope = SLOPE_ADDRESS_BITS'(t * SLOPES + j);
          update_slot = SLOT_BITS'(t);
          update_index = INDEX_BITS'(j);
        end
  end
  always_ff @(posedge clk) begin
    if (reset) begin
      active <= '0;
      pending <= '0;
    end else begin
      active <= (SPIKE_CODE == 0 ? active_now : active_now & ~update_bit) | row_bit;
      pending <= pending_now & ~update_bit;
    end
    step <= step_now;
    if (window_start) shifts <= window_shifts;
  end

  // The shift of a slope, as CodeFormat::shift says: 0 normal values, 1..4 salient ones, 5 and 6 digits, 7.. `hi` rows.
  logic wide;
  logic [3:0] base;
  logic [7:0] token_shifts;
  logic [2:0] field_shift, field_exponent;
  assign wide = update_index >= INDEX_BITS'(7);
  assign base = 4'(wide ? update_index - INDEX_BITS'(7) : update_index);
  assign token_shifts = shifts[32'(update_slot)*8+:8];
  always_comb begin
    field_exponent = 3'd0;
    field_shift = 3'd0;
    if (base >= 4'd5) begin
      field_exponent = token_shifts[5:3];
      field_shift = base == 4'd6 ? 3'd3 : 3'd0;
    end else if (base != 4'd0) begin
      field_exponent = token_shifts[2:0];
      field_shift = floating ? base[2:0] : 3'd0;
    end
  end

  // As mix_shift says, where rows have exponents: 0..7 normal values of each exponent, 8.. the sums of both fields.
  logic mix, mix_salient;
  logic [SHIFT_BITS-1:0] slope_shift, mix_shift;
  assign mix = ROW_SHIFTS != 0 && row_shifts;
  assign mix_salient = update_index >= INDEX_BITS'(8);
  assign mix_shift = SHIFT_BITS'(update_index) -
      (mix_salient ? SHIFT_BITS'(7) - SHIFT_BITS'(token_shifts[2:0]) : SHIFT_BITS'(0));
  assign slope_shift = mix ? mix_shift
      : SHIFT_BITS'(field_exponent) + SHIFT_BITS'(field_shift) + (wide ? SHIFT_BITS'(4) : SHIFT_BITS'(0));
  assign shift = slope_shift + SHIFT_BITS'(token_shifts[7:6]) +
      (SPIKE_CODE == 2 ? SHIFT_BITS'(step_now) : SHIFT_BITS'(0));
endmodule
