#include "sim/app/vcd_writer.h"

#include <gtest/gtest.h>

#include "tests/support/temp_folder.h"
#include "tests/support/user_error.h"
#include "tests/support/vcd_file.h"

namespace spikeloom {
namespace {

std::string content(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

TEST(VcdWriterUnit, AFileIsHeaderThenFirstValuesThenChanges) {
  const TempFolder folder;
  VcdWriter writer(500, 1 << 20);
  const int count = writer.signal("a.b.count", 3), on = writer.signal("a.b.on", 1), other = writer.signal("a.c.on", 1);
  writer.open(folder.file("w.vcd"));
  writer.set(count, 2, 5);
  writer.begin(3);
  writer.set(on, 4, 1);
  writer.set(on, 5, 0);
  writer.set(other, 5, 0);  // as it was
  writer.set(count, 7, 1);
  writer.set(count, 7, 4);  // has the last word
  EXPECT_TRUE(writer.write(6));
  writer.close(10);
  EXPECT_EQ(content(folder.file("w.vcd")), R"($version Spikeloom $end
$timescale 1 ps $end
$comment a cycle takes 2000 ps $end
$scope module a $end
$scope module b $end
$var wire 3 ! count [2:0] $end
$var wire 1 " on $end
$upscope $end
$scope module c $end
$var wire 1 # on $end
$upscope $end
$upscope $end
$enddefinitions $end
#6000
$dumpvars
b101 !
0"
0#
$end
#8000
1"
#10000
0"
#14000
b100 !
#20000
)");
  EXPECT_EQ(writer.bytes(), content(folder.file("w.vcd")).size());
}

TEST(VcdWriterUnit, EverySignalHasACodeOfItsOwn) {
  const TempFolder folder;
  VcdWriter writer(500, 1 << 20);
  for (int i = 0; i < 9000; ++i) writer.signal("s.n" + std::to_string(i), 1);  // more than 94 + 94 x 94
  writer.open(folder.file("w.vcd"));
  writer.begin(0);
  writer.close(1);
  EXPECT_EQ(VcdFile(folder.file("w.vcd")).signals.size(), 9000u);
}

TEST(VcdWriterUnit, AFullFileEndsBeforeTheCycleThatNoLongerFits) {
  const TempFolder folder;
  VcdWriter writer(500, 1000);
  const int on = writer.signal("a.on", 1);
  writer.open(folder.file("w.vcd"));
  writer.begin(0);
  Cycle cycle = 1;
  for (; writer.write(cycle); ++cycle) writer.set(on, cycle, cycle % 2);
  EXPECT_TRUE(writer.full());
  writer.set(on, cycle, 1);
  writer.close(1000000);
  const VcdFile read(folder.file("w.vcd"));
  EXPECT_LE(content(folder.file("w.vcd")).size(), 1000u);
  EXPECT_GT(content(folder.file("w.vcd")).size(), 950u);
  EXPECT_EQ(read.times.back(), 2000 * writer.end());
  EXPECT_EQ(read.at("a.on", 2000 * (writer.end() - 1)), (writer.end() - 1) % 2);
}

TEST(VcdWriterUnit, AFileThatCannotBeWrittenIsNamed) {
  VcdWriter writer(500, 1000);
  EXPECT_EQ(user_error_of([&] { writer.open("/no/such/folder/w.vcd"); }), "/no/such/folder/w.vcd: cannot be written");
}

}  // namespace
}  // namespace spikeloom
