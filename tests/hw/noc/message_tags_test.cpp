// What head flits say fits the 48 bits of a tag.
#include "hw/noc/message_tags.h"

#include <gtest/gtest.h>

namespace spikeloom {
namespace {

TEST(MessageTagsUnit, TheLastWindowOfTheLastPartComesBackFromItsTag) {
  const WindowTag last{WindowTag::kMostPasses - 1, WindowTag::kMostParts - 1, WindowTag::kMostWindows - 1,
                       WindowTag::kMostBatches - 1};
  EXPECT_EQ(last.pack(), (uint64_t{1} << 48) - 1);
  const WindowTag back = WindowTag::unpack(last.pack());
  EXPECT_EQ(back.pass, 4095);
  EXPECT_EQ(back.part, 1023);
  EXPECT_EQ(back.window, 1023);
  EXPECT_EQ(back.batch, 65535);
}

// 32 heads in four parts each: more than 64.
TEST(MessageTagsUnit, FieldsDoNotRunIntoEachOther) {
  const WindowTag back = WindowTag::unpack(WindowTag{3, 127, 2, 1}.pack());
  EXPECT_EQ(back.pass, 3);
  EXPECT_EQ(back.part, 127);
  EXPECT_EQ(back.window, 2);
  EXPECT_EQ(back.batch, 1);
}

}  // namespace
}  // namespace spikeloom
