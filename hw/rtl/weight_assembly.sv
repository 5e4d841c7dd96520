// Weight rows from weight flits: a message of each source may be under way, its packets between those of others.
//
//     weights_in --> [ flit under way | rows under way, one per source ] --> one row a cycle
//
// Timing   a flit's first row is written in the cycle in which the flit is taken; a flit that completes r > 1 rows
//          occupies the port for r cycles. A row that write_waits holds back is tried again in the next cycle; its flit
//          has been taken. Parameter packets pass through in the cycle in which they are taken.
// Config   load_row_bytes: bytes of a row of load `load_index`, read in the cycle of a message's head flit; with the
//          exponent behind its weights where rows have one.
// Differs  a flit's last bytes beyond its message are dropped, as in SystemC.
module weight_assembly #(
    parameter int ROW_BYTES = 4,
    parameter int HALF_ROWS = 32,
    parameter int SOURCES = 3,
    parameter int LINK_BITS = 128,
    localparam int ROW_BITS = $clog2(HALF_ROWS),
    localparam int FILL_BITS = $clog2(ROW_BYTES + 1)
) (
    input  logic                   clk,
    input  logic                   reset,
    input  logic                   weights_in_valid,
    input  logic                   weights_in_head,
    input  logic                   weights_in_parameters,
    input  logic [47:0]            weights_in_tag,
    input  logic [LINK_BITS-1:0]   weights_in_bits,
    output logic                   weights_in_pop,
    output logic [15:0]            load_index,
    input  logic [FILL_BITS-1:0]   load_row_bytes,
    input  logic                   parameters_out_ready,
    output logic                   parameters_out_push,
    output logic                   complete,       // a row could be written,
    input  logic                   write_waits,    // unless its bank is taken
    output logic                   write_half,
    output logic [ROW_BITS-1:0]    write_row,
    output logic [ROW_BYTES*8-1:0] write_data,
    output logic [2:0]             write_shift,    // of the row's last byte
    output logic [1:0]             half_busy       // a flit for this half is at work
);
  localparam int SOURCE_BITS = SOURCES > 1 ? $clog2(SOURCES) : 1;
  localparam int LINK_BYTES = LINK_BITS / 8;
  localparam int MOST_BYTES = LINK_BYTES > ROW_BYTES ? LINK_BYTES : ROW_BYTES;
  localparam int BYTE_BITS = $clog2(MOST_BYTES + 1);
  localparam int TAG_ROW_BITS = 14;

  logic [SOURCE_BITS-1:0] source;      // of the packet under way
  logic                   parameters;  // the packet under way holds parameters
  logic                   held;        // a flit with further rows
  logic [LINK_BITS-1:0]   held_bits;
  logic [BYTE_BITS-1:0]   held_bytes;

  // Per source: rows still to come, the next one, and the row being assembled.
  logic [SOURCES-1:0]               message_half;
  logic [SOURCES*TAG_ROW_BITS-1:0]  message_row, message_rows;
  logic [SOURCES*FILL_BITS-1:0]     message_row_bytes, message_fill;
  logic [SOURCES*ROW_BYTES*8-1:0]   message_data;

  logic is_parameters, head_taken, body_taken, working, written, waits, more;
  assign is_parameters = weights_in_head ? weights_in_parameters : parameters;
  assign weights_in_pop = weights_in_valid && !held && (!is_parameters || parameters_out_ready);
  assign parameters_out_push = weights_in_pop && is_parameters;
  assign head_taken = weights_in_pop && !is_parameters && weights_in_head;
  assign body_taken = weights_in_pop && !is_parameters && !weights_in_head;
  assign working = held || body_taken;
  assign load_index = weights_in_tag[47:32];

  logic [SOURCE_BITS-1:0]  head_source;
  assign head_source = SOURCE_BITS'(weights_in_tag[31:28]);

  logic [LINK_BITS-1:0]    bits, rest;
  logic [BYTE_BITS-1:0]    bytes, need, rest_bytes, row_bytes, fill;
  logic [TAG_ROW_BITS-1:0] row, rows_left;
  logic [ROW_BYTES*8-1:0]  joined;
  assign bits = held ? held_bits : weights_in_bits;
  assign bytes = held ? held_bytes : BYTE_BITS'(LINK_BYTES);
  assign row = message_row[32'(source)*TAG_ROW_BITS +: TAG_ROW_BITS];
  assign rows_left = message_rows[32'(source)*TAG_ROW_BITS +: TAG_ROW_BITS];
  assign row_bytes = BYTE_BITS'(message_row_bytes[32'(source)*FILL_BITS +: FILL_BITS]);
  assign fill = BYTE_BITS'(message_fill[32'(source)*FILL_BITS +: FILL_BITS]);
  assign need = row_bytes - fill;
  assign complete = working && rows_left != '0 && bytes >= need;
  assign rest = bits >> {need, 3'b000};
  assign rest_bytes = bytes - need;
  assign waits = complete && write_waits;
  assign written = complete && !write_waits;
  assign more = written && rows_left != TAG_ROW_BITS'(1) && rest_bytes >= row_bytes;
  assign joined = message_data[32'(source)*ROW_BYTES*8 +: ROW_BYTES*8]
                  | (ROW_BYTES*8)'({{(ROW_BYTES*8){1'b0}}, bits} << {fill, 3'b000});

  assign write_half = message_half[source];
  assign write_row = ROW_BITS'(row);
  assign write_data = joined;
  assign write_shift = 3'(joined >> {row_bytes - BYTE_BITS'(1), 3'b000});
  assign half_busy = working ? (write_half ? 2'b10 : 2'b01) : 2'b00;

  always_ff @(posedge clk) begin
    if (reset) begin
      source <= '0;
      parameters <= 1'b0;
      held <= 1'b0;
      message_rows <= '0;
      message_fill <= '0;
      message_data <= '0;
    end else begin
      if (weights_in_valid && !held && weights_in_head) parameters <= weights_in_parameters;
      held <= more || waits;
      if (more || waits) begin
        held_bits <= waits ? bits : rest;
        held_bytes <= waits ? bytes : rest_bytes;
      end
      if (head_taken) begin
        source <= head_source;
        // A further packet of a message continues it.
        if (message_rows[32'(head_source)*TAG_ROW_BITS +: TAG_ROW_BITS] == '0) begin
          message_half[head_source] <= load_index[0];
          message_row[32'(head_source)*TAG_ROW_BITS +: TAG_ROW_BITS] <= weights_in_tag[13:0];
          message_rows[32'(head_source)*TAG_ROW_BITS +: TAG_ROW_BITS] <= weights_in_tag[27:14];
          message_row_bytes[32'(head_source)*FILL_BITS +: FILL_BITS] <= load_row_bytes;
        end
      end
      if (written) begin
        message_row[32'(source)*TAG_ROW_BITS +: TAG_ROW_BITS] <= row + TAG_ROW_BITS'(1);
        message_rows[32'(source)*TAG_ROW_BITS +: TAG_ROW_BITS] <= rows_left - TAG_ROW_BITS'(1);
      end
      if (working && rows_left != '0 && !waits) begin
        if (!complete) begin
          message_data[32'(source)*ROW_BYTES*8 +: ROW_BYTES*8] <= joined;
          message_fill[32'(source)*FILL_BITS +: FILL_BITS] <= FILL_BITS'(fill + bytes);
        end else if (more || rows_left == TAG_ROW_BITS'(1)) begin
          message_data[32'(source)*ROW_BYTES*8 +: ROW_BYTES*8] <= '0;
          message_fill[32'(source)*FILL_BITS +: FILL_BITS] <= '0;
        end else begin
          message_data[32'(source)*ROW_BYTES*8 +: ROW_BYTES*8] <= (ROW_BYTES*8)'(rest);
          message_fill[32'(source)*FILL_BITS +: FILL_BITS] <= FILL_BITS'(rest_bytes);
        end
      end
    end
  end
endmodule
