#include "hw/spike_encoder/stream_merger.h"

#include <gtest/gtest.h>

#include "tests/support/fifo_probe.h"
#include "tests/support/tiny_layer.h"

namespace spikeloom {
namespace {

// Two parts of one input on two tiles, one memory node with two ports: port p carries part p. Four batches of a token.
struct MergerProbe {
  explicit MergerProbe(int outputs = 4)
      : layer([outputs] {
          TinySpec spec;
          spec.tokens = 4;
          spec.operations = {{0, outputs}};
          return spec;
        }()),
        tiny(layer, chip()),
        merger("merger", clock, 2, tiny.context, 0) {
    port_0.out(fifo_0);
    port_1.out(fifo_1);
    merger.in[0](fifo_0);
    merger.in[1](fifo_1);
    merger.out(merged);
    sink.in(merged);
  }
  static ChipSpec chip() {
    ChipSpec spec = tiny_chip(2, 1);
    spec.mapping.input_split = 2;
    spec.encoder.ports = 2;
    return spec;
  }
  // A window of one packet.
  static std::vector<Flit> window(int pass, int part, int batch, int flits) {
    std::vector<Flit> made(flits);
    made.front().head = made.back().tail = made.front().last_packet = made.back().last_packet = true;
    made.front().tag = WindowTag{pass, part, 0, batch}.pack();
    for (Flit& flit : made) flit.bits[0] = uint64_t(100 * pass + 10 * part + batch);
    return made;
  }
  // The cycle in which the first flit of a window left.
  Cycle left(int pass, int part, int batch) const {
    for (size_t i = 0; i < sink.count(); ++i)
      if (sink.values[i].bits[0] == uint64_t(100 * pass + 10 * part + batch)) return sink.cycles[i] - 1;
    return 0;
  }

  Clock clock{"clock", 500};
  TinyLayer layer;
  TinyContext tiny;
  RegisteredFifo<Flit> fifo_0{clock, 64}, fifo_1{clock, 64}, merged{clock, 4};
  FifoSource<Flit> port_0{"port_0", clock}, port_1{"port_1", clock};
  StreamMerger merger;
  FifoSink<Flit> sink{"sink", clock};
};

TEST(StreamMergerTiming, OneFlitACycleAndNoPacketInterleaved) {
  MergerProbe probe;
  for (int batch = 0; batch < 2; ++batch) {
    probe.port_0.add_all(10, MergerProbe::window(0, 0, batch, 5));
    probe.port_1.add_all(10, MergerProbe::window(0, 1, batch, 5));
  }
  sc_core::sc_start();
  ASSERT_EQ(probe.sink.count(), 20u);
  for (size_t i = 0; i < 20; ++i) {
    EXPECT_EQ(probe.sink.cycles[i], 12 + i);  // pushed in 10, passed on in 11
    EXPECT_EQ(probe.sink.values[i].bits[0], probe.sink.values[i / 5 * 5].bits[0]) << i;
  }
}

// Batch 2 of part 0 is there early, but may pass only after batch 0 of part 1, pushed in 100 to 102 and passed on in
// 101 to 103: in 104.
TEST(StreamMergerTiming, ABatchWaitsForTheBatchBeforeTheLastOfTheOtherPart) {
  MergerProbe probe;
  for (int batch = 0; batch < 3; ++batch) probe.port_0.add_all(10, MergerProbe::window(0, 0, batch, 3));
  probe.port_1.add_all(100, MergerProbe::window(0, 1, 0, 3));
  sc_core::sc_start();
  EXPECT_EQ(probe.left(0, 0, 0), 11u);
  EXPECT_EQ(probe.left(0, 0, 1), 14u);
  EXPECT_EQ(probe.left(0, 1, 0), 101u);
  EXPECT_EQ(probe.left(0, 0, 2), 104u);
}

// 20 outputs on 8 lanes and one chain of two tiles: three passes. Batch 0 of pass 1 waits for all of pass 0, here for
// part 1 of its last batch: were it let through, it would wait at its tile for weights that find room only when pass 0
// has fired, and hold the channel that pass 0's last spikes need.
TEST(StreamMergerTiming, ANewPassWaitsForAllBatchesOfThePassBefore) {
  MergerProbe probe(20);
  ASSERT_GE(probe.tiny.program.passes.size(), 2u);
  for (int batch = 0; batch < 4; ++batch) probe.port_0.add_all(10, MergerProbe::window(0, 0, batch, 1));
  probe.port_0.add_all(10, MergerProbe::window(1, 0, 0, 1));
  for (int batch = 0; batch < 3; ++batch) probe.port_1.add_all(10, MergerProbe::window(0, 1, batch, 1));
  probe.port_1.add_all(100, MergerProbe::window(0, 1, 3, 1));
  sc_core::sc_start();
  EXPECT_EQ(probe.left(0, 1, 3), 101u);
  EXPECT_EQ(probe.left(1, 0, 0), 102u);
}

}  // namespace
}  // namespace spikeloom
