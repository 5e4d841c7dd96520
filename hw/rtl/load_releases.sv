// Releases of weight loads: one that is used no more is given back to every source when enough batches have fired. Both
// halves of the weight memory may wait for it.
//
//     releases_load, batch_done --> [ 2 places ] --> release_push, one source a cycle
module load_releases #(
    parameter int SOURCES = 1,
    parameter int FIRED_BITS = 32
) (
    input  logic                  clk,
    input  logic                  reset,
    input  logic                  releases_load,
    input  logic [FIRED_BITS-1:0] needs_fired,
    input  logic                  batch_done,
    input  logic                  ready,
    output logic                  release_push,
    output logic [7:0]            release_source
);
  logic [FIRED_BITS-1:0] fired, fired_now, front_needs;
  logic [FIRED_BITS-1:0] release_needs[0:1];
  logic [1:0] releases, releases_now;
  logic release_done;
  assign fired_now = fired + FIRED_BITS'(batch_done);
  assign front_needs = releases == 2'd0 ? needs_fired : release_needs[0];
  assign release_push = (releases != 2'd0 || releases_load) && fired_now >= front_needs && ready;
  assign release_done = release_push && release_source == 8'(SOURCES - 1);
  assign releases_now = releases - {1'b0, release_done};
  always_ff @(posedge clk) begin
    if (reset) begin
      fired <= '0;
      releases <= 2'd0;
      release_source <= '0;
    end else begin
      fired <= fired_now;
      releases <= releases_now + {1'b0, releases_load};
      if (release_push) release_source <= release_done ? '0 : release_source + 1'b1;
    end
    if (release_done) release_needs[0] <= release_needs[1];
    if (releases_load && !(release_done && releases == 2'd0)) release_needs[releases_now[0]] <= needs_fired;
  end
endmodule
