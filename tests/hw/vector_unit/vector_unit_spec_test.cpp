#include "hw/vector_unit/vector_unit_spec.h"

#include <gtest/gtest.h>

#include "tests/support/temp_folder.h"
#include "tests/support/user_error.h"

namespace spikeloom {
namespace {

const std::string kGood =
    "number_format: binary32-index-order\n"
    "lanes: 16\n"
    "add_cycles: 3\n"
    "multiply_cycles: 4\n"
    "double_add_cycles: 5\n"
    "double_multiply_cycles: 6\n"
    "table_ports: 4\n"
    "table_cycles: 2\n"
    "buffer_bytes: 16384\n"
    "vectors_in_flight: 3\n";

VectorUnitSpec read(const std::string& text) {
  TempFolder folder;
  ConfigNode root = ConfigNode::load(folder.write("c.yaml", text));
  const VectorUnitSpec spec = VectorUnitSpec::read(root);
  root.finish();
  return spec;
}

// The message for the good section with one line replaced, without the folder.
std::string message_with(const std::string& old_line, const std::string& new_line) {
  std::string text = kGood;
  text.replace(text.find(old_line), old_line.size(), new_line);
  const std::string full = user_error_of([&text] { read(text); });
  return full.substr(full.find("c.yaml"));
}

TEST(VectorUnitSpecConfig, ReadsEveryKey) {
  const VectorUnitSpec spec = read(kGood);
  EXPECT_STREQ(spec.format().name, "binary32-index-order");
  EXPECT_EQ(spec.lanes, 16);
  EXPECT_EQ(spec.add_cycles, 3);
  EXPECT_EQ(spec.multiply_cycles, 4);
  EXPECT_EQ(spec.double_add_cycles, 5);
  EXPECT_EQ(spec.double_multiply_cycles, 6);
  EXPECT_EQ(spec.table_ports, 4);
  EXPECT_EQ(spec.table_cycles, 2);
  EXPECT_EQ(spec.buffer_bytes, 16384);
  EXPECT_EQ(spec.vectors_in_flight, 3);
}

// 16 KiB of words of 16 * 4 bytes: 256 words, 4096 elements; counts 0 .. 4096 take 13 bits.
TEST(VectorUnitSpecConfig, TheBufferBoundsVectorsAndCounters) {
  const VectorUnitSpec spec = read(kGood);
  EXPECT_EQ(spec.buffer().bytes, 16384u);
  EXPECT_EQ(spec.buffer().word_bytes, 64u);
  EXPECT_EQ(spec.longest_vector(), 4096);
  EXPECT_EQ(spec.counter_bits(), 13);
}

TEST(VectorUnitSpecConfig, RefusesWhatIsOutOfBounds) {
  EXPECT_EQ(message_with("lanes: 16", "lanes: 33"), "c.yaml:2:8: lanes: 33 is out of range (allowed: 1 to 32)");
  EXPECT_EQ(message_with("table_ports: 4", "table_ports: 17"),
            "c.yaml:7:14: table_ports: 17 is out of range (allowed: 1 to 16)");
  EXPECT_EQ(message_with("add_cycles: 3", "add_cycles: 0"),
            "c.yaml:3:13: add_cycles: 0 is out of range (allowed: 1 to 16)");
  EXPECT_EQ(message_with("buffer_bytes: 16384", "buffer_bytes: 128"),
            "c.yaml:9:15: buffer_bytes: 128 is out of range (allowed: 256 to 4194304)");
}

TEST(VectorUnitSpecConfig, RefusesUnknownAndMissingKeys) {
  EXPECT_NE(message_with("binary32-index-order", "fixed16").find("number_format"), std::string::npos);
  EXPECT_NE(message_with("table_cycles: 2\n", "").find("table_cycles"), std::string::npos);
  EXPECT_NE(message_with("table_cycles: 2\n", "table_cycles: 2\nwords: 1\n").find("words"), std::string::npos);
}

// Registers of a lane: 32 * (3 + 4) bits of pipelines, 64 * 5 of the binary64 adder's and as many of partial sums; of
// the end of vectors 64 * (5 + 6); two histograms of 16 counters of 13 bits; 4 values for each of 3 vectors.
TEST(VectorUnitSpecUnit, InventoryIsWhatTheSpecBuilds) {
  const VectorUnitInventory all = inventory(read(kGood));
  EXPECT_EQ(all.register_bits, 16 * (32 * 7 + 2 * 64 * 5) + 64 * 11 + 2 * 16 * 13 + 3 * 4 * 32u);
  ASSERT_EQ(all.srams.size(), 3u);
  EXPECT_EQ(all.srams[0].first.bytes, 16384u);
  EXPECT_EQ(all.srams[0].second, 1);
  EXPECT_EQ(all.srams[1].first.bytes, 1024 * 8u);  // T[i] and its difference to the next, binary32 each
  EXPECT_EQ(all.srams[1].second, 4);
  EXPECT_EQ(all.srams[2].first.bytes, 2 * 256 * 2u);
  EXPECT_EQ(all.srams[2].second, 4);
}

// Aladdin power_func.h at 2 ns, leakage in mW, of the floating-point units over that of an adder bit (2.380803e-3 /
// 32): single adder 2.148941e-2, multiplier 5.942110e-2, double adder 4.503745e-2, multiplier 1.947566e-1.
TEST(VectorUnitSpecUnit, AdderBitsLeakLikeTheFloatingPointUnits) {
  const double bit = 2.380803e-3 / 32;
  const double lane = (2.148941e-2 + 5.942110e-2 + 4.503745e-2) / bit + 32, end = (4.503745e-2 + 1.947566e-1) / bit;
  EXPECT_NEAR(double(inventory(read(kGood)).adder_bits), 16 * lane + end, 16 * 2);
}

}  // namespace
}  // namespace spikeloom
