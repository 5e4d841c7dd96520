// A code's magnitude, sign and slope index; of a digit pair the high digit's magnitude, too, whose slope index is 6.
module code_spikes (
    input logic format_unsigned,
    input logic [2:0] format_salient,
    input logic [6:0] code,
    input logic salient,
    input logic digit_pair,
    output logic [4:0] magnitude0,
    output logic [4:0] magnitude1,
    output logic [2:0] slope,
    output logic negative
);
  always_comb begin
    magnitude0 = {1'b0, code[3:0]};
    magnitude1 = '0;
    slope = 3'd0;
    negative = 1'b0;
    if (digit_pair) begin
      magnitude0 = {2'b0, code[2:0]};
      magnitude1 = {2'b0, code[5:3]};
      slope = 3'd5;
      negative = code[6];
    end else if (salient && format_salient[0]) begin
      magnitude0 = {3'b001, code[1:0]};
      slope = 3'd1 + {1'b0, code[3:2]};
      negative = code[4];
    end else if (salient && format_salient[1]) begin
      slope = 3'd1;
      negative = code[4];
    end else if (salient) begin
      magnitude0 = code[4:0];
    end else if (!format_unsigned) begin
      magnitude0 = {2'b0, code[2:0]};
      negative = code[3];
    end else if (format_salient[2]) begin
      magnitude0 = {1'b0, code[3:0]} + 5'd8;
    end
  end
endmodule
