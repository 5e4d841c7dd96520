// Decoder of one source's spike flits: shows the next event, one event at a time.
//
//     two oldest flits --> [ head dropped | flit under way ] --> event
//
// Timing   the event shown is the next one of the flit under way or, if that has none left, the first one of the body
//          flit at the front (or behind a head flit at the front). `spike_left`: the flit under way goes on with a
//          spike. `look` lets the lane take flits in this cycle, `take` moves on to the next event, `take_head` takes a
//          window's head flit and drops what is left.
// Config   tokens of a batch, inputs of the window, and widths of slope and sign; constant within a window. An event's
//          fields, from low to high: kind (1 bit), slot, address, slope, sign.
// Differs  every body flit begins with an event.
module spike_lane #(
    parameter int LINK_BITS = 128,
    parameter int SLOTS = 4,
    parameter int INPUTS = 32,  // most of a window
    localparam int SLOT_BITS = SLOTS > 1 ? $clog2(SLOTS) : 1,
    localparam int TOKEN_BITS = $clog2(SLOTS + 1),
    localparam int ADDRESS_BITS = $clog2(INPUTS),
    localparam int COUNT_BITS = $clog2(INPUTS + 1)
) (
    input  logic                    clk,
    input  logic                    reset,
    input  logic [TOKEN_BITS-1:0]   format_slots,
    input  logic [1:0]              format_slope_bits,
    input  logic                    format_sign,
    input  logic [COUNT_BITS-1:0]   count,
    input  logic [1:0]              valid,
    input  logic [1:0]              head,
    input  logic [2*LINK_BITS-1:0]  bits,
    output logic [1:0]              pop,
    input  logic                    take_head,
    input  logic                    look,
    input  logic                    take,
    output logic                    spike_left,
    output logic                    found,
    output logic                    mark,
    output logic [SLOT_BITS-1:0]    slot,
    output logic [ADDRESS_BITS-1:0] address,
    output logic [2:0]              slope,
    output logic                    negative
);
  localparam int EVENT_BITS = 1 + SLOT_BITS + ADDRESS_BITS + 3 + 1;
  localparam int LEFT_BITS = $clog2(LINK_BITS + 1);

  logic [LINK_BITS-1:0]  flit, now;
  logic [LEFT_BITS-1:0]  left, now_left;  // bits not yet taken
  logic [LEFT_BITS-1:0]  width;
  logic                  left_any, own, skip_head, body_second, body;
  logic [EVENT_BITS-1:0] front, at_address, at_slope;

  logic [3:0] slot_bits, address_bits;
  always_comb begin
    slot_bits = '0;
    for (int i = 0; i < SLOT_BITS; i = i + 1) if (32'(format_slots) > (1 << i)) slot_bits = 4'(i + 1);
    address_bits = 4'd1;
    for (int i = 1; i < ADDRESS_BITS; i = i + 1) if (32'(count) > (1 << i)) address_bits = 4'(i + 1);
  end
  assign width = LEFT_BITS'(2) + LEFT_BITS'(slot_bits) + LEFT_BITS'(address_bits) + LEFT_BITS'(format_slope_bits)
                 - LEFT_BITS'(!format_sign);

  // Padding (kind 1, address 1) ends a flit.
  logic [ADDRESS_BITS-1:0] left_address;
  assign left_address = ADDRESS_BITS'(flit[EVENT_BITS-1:0] >> (4'd1 + slot_bits))
                        & ~(ADDRESS_BITS'('1) << address_bits);
  assign left_any = left >= width && !(flit[0] && left_address == ADDRESS_BITS'(1));
  assign spike_left = left_any && !flit[0];
  assign own = left_any && !take_head;
  assign skip_head = !take_head && !own && valid[0] && head[0];
  assign body_second = (take_head || skip_head) && valid[1] && !head[1];
  assign body = !own && (take_head || skip_head ? body_second : valid[0]);
  assign found = own || body;
  assign now = own ? flit : body_second ? bits[LINK_BITS +: LINK_BITS] : bits[0 +: LINK_BITS];
  assign now_left = own ? left : LEFT_BITS'(LINK_BITS);
  assign pop[0] = take_head || (look && (skip_head || body));
  assign pop[1] = look && body_second;

  assign front = now[EVENT_BITS-1:0];
  assign at_address = front >> (4'd1 + slot_bits);
  assign at_slope = at_address >> address_bits;
  assign mark = front[0];
  assign slot = front[SLOT_BITS:1] & ~(SLOT_BITS'('1) << slot_bits);
  assign address = at_address[ADDRESS_BITS-1:0] & ~(ADDRESS_BITS'('1) << address_bits);
  assign slope = at_slope[2:0] & ~(3'b111 << format_slope_bits);
  assign negative = 1'(at_slope >> format_slope_bits) && format_sign;

  always_ff @(posedge clk) begin
    if (reset) left <= '0;
    else if (take) begin
      flit <= now >> width;
      left <= now_left - width;
    end else if (look && body) begin
      flit <= now;
      left <= now_left;
    end else if (take_head) left <= '0;
  end
endmodule
