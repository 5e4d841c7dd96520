// Codes as they lie in flits and in the buffer, with salient values marked by a mask or an index list.
#include <gtest/gtest.h>

#include <random>

#include "hw/mixed_precision_buffer/mixed_precision_buffer.h"

namespace spikeloom {
namespace {

// One row or more of random codes, owner of what the input points to.
struct RandomRows {
  RandomRows(unsigned seed) : engine(seed) {
    input.size = between(1, between(0, 1) ? 9 : 300);
    rows = between(1, 4);
    input.code = ActivationCode(between(0, 1));
    input.salient_format =
        input.code == ActivationCode::kSigned ? SalientFormat(between(0, 1)) : SalientFormat(between(0, 2));
    input.digits = between(0, 1);
    input.all_digits = input.digits && between(0, 3) == 0;
    const int wide_share = 20 * between(0, 5), salient_share = 25 * between(0, 4);
    for (int k = 0; k < input.size; ++k) input.wide_rank.push_back(between(1, 100) <= wide_share ? k : -1);
    mask.resize(size_t(rows) * ((input.size + 7) / 8));
    for (int m = 0; m < rows; ++m)
      for (int k = 0; k < input.size; ++k) {
        const bool salient = between(1, 100) <= salient_share;
        codes.push_back(uint8_t(input.two_digits(k) ? between(0, 127) : between(0, salient ? 31 : 15)));
        mask[size_t(m) * ((input.size + 7) / 8) + k / 8] |= uint8_t(salient << (k % 8));
      }
    input.codes = codes.data();
    input.salient_mask = mask.data();
    first = between(0, input.size - 1);
    count = between(0, input.size - first);
    first_row = between(0, rows - 1);
  }
  int between(int least, int most) { return least + int(engine() % unsigned(most - least + 1)); }

  std::mt19937 engine;
  InputTrace input;
  int rows = 0, first = 0, count = 0, first_row = 0;
  std::vector<uint8_t> codes, mask;
};

// A row of `codes`, of which `salient` are salient, signed and floating.
struct HandRow {
  HandRow(std::vector<uint8_t> codes_of_row, const std::vector<int>& salient) : codes(std::move(codes_of_row)) {
    input.size = int(codes.size());
    mask.resize((codes.size() + 7) / 8);
    for (const int k : salient) mask[k / 8] |= uint8_t(1 << (k % 8));
    input.wide_rank.assign(codes.size(), -1);
    input.codes = codes.data();
    input.salient_mask = mask.data();
  }
  PackedCodes packed(SideFormat side_format) { return PackedCodes::of(input, side_format, 0, input.size, 0, 1); }

  InputTrace input;
  std::vector<uint8_t> codes, mask;
};

// Fields of a packed row, read one after another.
class Fields {
 public:
  explicit Fields(std::vector<uint64_t> bits) : bits_(std::move(bits)) {}
  uint64_t next(int width) { return get_bits(bits_.data(), std::exchange(at_, at_ + width), width); }

 private:
  std::vector<uint64_t> bits_;
  uint64_t at_ = 0;
};

TEST(PackedCodesUnit, CodesComeBackWhateverTheFormatAndTheRange) {
  for (unsigned seed = 0; seed < 2000; ++seed) {
    const RandomRows drawn(seed);
    const InputTrace& input = drawn.input;
    const int tokens = drawn.rows - drawn.first_row;
    for (const SideFormat side_format : {SideFormat::kMask, SideFormat::kIndexList}) {
      const PackedCodes packed = PackedCodes::of(input, side_format, drawn.first, drawn.count, drawn.first_row, tokens);
      std::vector<uint64_t> bits;
      const uint64_t size = packed.pack(input, drawn.first, &bits);
      ASSERT_EQ(size, packed.main_bits() + packed.side_bits()) << seed;
      bits.push_back(~uint64_t{0});  // what lies behind is not read
      const PackedCodes back = PackedCodes::unpack(input, side_format, drawn.first, drawn.count, tokens, bits.data());
      ASSERT_EQ(back.side_bits(), packed.side_bits()) << seed;
      uint64_t most = 0;
      for (int t = 0; t < tokens; ++t) {
        most += most_side_bits(input, side_format, drawn.first, drawn.count);
        for (int i = 0; i < drawn.count; ++i) {
          const int k = drawn.first + i;
          const size_t at = size_t(t) * drawn.count + i;
          ASSERT_EQ(back.code[at], input.code_at(drawn.first_row + t, k)) << seed << " input " << k;
          if (side_format == SideFormat::kMask || !input.two_digits(k)) {
            ASSERT_EQ(back.salient[at], input.salient(drawn.first_row + t, k)) << seed << " input " << k;
          }
        }
      }
      ASSERT_LE(packed.side_bits(), most) << seed;
    }
  }
}

// Five values, the ones at 1 and 4 salient. Counts 0..5 take 3 bits, places 0..4 take 3.
TEST(PackedCodesUnit, AnIndexListIsACountThenPlacesThenFifthBits) {
  HandRow row({1, 0x12, 3, 4, 0x0f}, {1, 4});
  const PackedCodes codes = row.packed(SideFormat::kIndexList);
  EXPECT_EQ(codes.main_bits(), 5u * 4);
  EXPECT_EQ(codes.side_bits(), 3u + 2 * 3 + 2);
  std::vector<uint64_t> bits;
  ASSERT_EQ(codes.pack(row.input, 0, &bits), 31u);
  Fields fields(bits);
  for (const uint64_t nibble : {1, 2, 3, 4, 15}) EXPECT_EQ(fields.next(4), nibble);
  EXPECT_EQ(fields.next(3), 2u);
  EXPECT_EQ(fields.next(3), 1u);
  EXPECT_EQ(fields.next(3), 4u);
  EXPECT_EQ(fields.next(1), 1u);  // of 0x12
  EXPECT_EQ(fields.next(1), 0u);  // of 0x0f
}

// The mask of the same row: 5 bits, and 2 fifth bits. All salient: 5 of them; in a list 5 places besides.
TEST(PackedCodesUnit, AMaskIsABitForEveryValue) {
  HandRow row({1, 0x12, 3, 4, 0x0f}, {1, 4});
  EXPECT_EQ(row.packed(SideFormat::kMask).side_bits(), 5u + 2);
  EXPECT_EQ(most_side_bits(row.input, SideFormat::kMask, 0, 5), 5u + 5);
  EXPECT_EQ(most_side_bits(row.input, SideFormat::kIndexList, 0, 5), 3u + 5 * 3 + 5);
}

// Input 2 has two digits, 3 bits more, and is not listed though it is salient: counts 0..4 take 3 bits.
TEST(PackedCodesUnit, TwoDigitInputsAreNotListed) {
  HandRow row({1, 2, 0x75, 4, 0x1f}, {2, 4});
  row.input.digits = true;
  row.input.wide_rank[2] = 0;
  const PackedCodes codes = row.packed(SideFormat::kIndexList);
  EXPECT_EQ(codes.side_bits(), 3u + 3 + 3 + 1);
  std::vector<uint64_t> bits;
  codes.pack(row.input, 0, &bits);
  Fields fields(bits);
  for (const uint64_t nibble : {1, 2, 5, 4, 15}) EXPECT_EQ(fields.next(4), nibble);
  EXPECT_EQ(fields.next(3), 1u);
  EXPECT_EQ(fields.next(3), 4u);
  EXPECT_EQ(fields.next(3), 7u);
  EXPECT_EQ(fields.next(1), 1u);
  EXPECT_EQ(most_side_bits(row.input, SideFormat::kIndexList, 0, 5), 3u + 4 * 3 + 4 + 3);
}

// Where every value has two digits there is neither count nor place.
TEST(PackedCodesUnit, RowsOfDigitsHaveNoList) {
  HandRow row({1, 2, 0x75, 4, 0x1f}, {2, 4});
  row.input.digits = row.input.all_digits = true;
  EXPECT_EQ(row.packed(SideFormat::kIndexList).side_bits(), 5u * 3);
  EXPECT_EQ(row.packed(SideFormat::kMask).side_bits(), 5u + 5 * 3);
}

}  // namespace
}  // namespace spikeloom
