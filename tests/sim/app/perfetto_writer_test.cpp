// The encoding byte by byte; tests/python/test_timeline.py reads whole files back with Perfetto's own classes.
#include "sim/app/perfetto_writer.h"

#include <gtest/gtest.h>

namespace spikeloom {
namespace {

// What `more` writes behind what is there.
template <typename More>
std::string written(PerfettoWriter* writer, More more) {
  const size_t before = writer->bytes().size();
  more();
  return writer->bytes().substr(before);
}

std::string bytes(std::initializer_list<int> list) {
  std::string text;
  for (const int byte : list) text += char(byte);
  return text;
}

// Keys are field << 3 | type, with type 0 a varint, 1 eight bytes, 2 a length: 0x0a is field 1 with a length.
TEST(PerfettoWriterUnit, MessagesAreEncodedAsProtocolBuffersSay) {
  PerfettoWriter writer({"go"});
  EXPECT_EQ(writer.bytes(), bytes({0x0a, 14,                                      // Trace.packet
                                   0x68, 1,                                       // sequence_flags
                                   0x62, 8, 0x12, 6, 0x08, 1, 0x12, 2, 'g', 'o',  // interned_data
                                   0x50, 1}));                                    // sequence id
  uint64_t track = 0;
  EXPECT_EQ(written(&writer, [&] { track = writer.track("t", 0); }),
            bytes({0x0a, 14, 0xe2, 0x03, 9, 0x08, 1, 0x12, 1, 't', 0x58, 3, 0x60, 1, 0x50, 1}));
  EXPECT_EQ(written(&writer, [&] { writer.slice(track, 0, 5, 300); }),
            bytes({0x0a, 14, 0x40, 5,    0x68, 2,    0x5a, 6,    0x48, 1,    0x58, 1,    0x50, 1, 0x50, 1,  //
                   0x0a, 11, 0x40, 0xac, 0x02, 0x5a, 4,    0x48, 2,    0x58, 1,    0x50, 1}));
  EXPECT_EQ(written(&writer, [&] { writer.count(track, 5, 1.0); }),
            bytes({0x0a, 20, 0x40, 5, 0x5a, 14, 0x48, 4, 0x58, 1, 0xe1, 0x02, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x50, 1}));
  EXPECT_EQ(written(&writer, [&] { writer.count(track, 5, int64_t{7}); }),
            bytes({0x0a, 13, 0x40, 5, 0x5a, 7, 0x48, 4, 0x58, 1, 0xf0, 0x01, 7, 0x50, 1}));
}

TEST(PerfettoWriterUnit, NoEventTakesMoreThanItsBound) {
  PerfettoWriter writer(std::vector<std::string>(1000, "name"));
  uint64_t track = 0;
  while (track < 20000) track = writer.track("t", 0);
  const uint64_t late = PerfettoWriter::kLatestNs - 1;
  EXPECT_LE(written(&writer, [&] { writer.slice(track, 999, late - 1, late); }).size(), PerfettoWriter::kSliceBytes);
  EXPECT_LE(written(&writer, [&] { writer.count(track, late, 0.1); }).size(), PerfettoWriter::kCounterBytes);
  EXPECT_LE(written(&writer, [&] { writer.count(track, late, int64_t{-1}); }).size(), PerfettoWriter::kCounterBytes);
}

}  // namespace
}  // namespace spikeloom
