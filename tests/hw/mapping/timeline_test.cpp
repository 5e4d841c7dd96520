// When loads and work of passes that follow each other end, by hand.
#include "hw/mapping/timeline.h"

#include <gtest/gtest.h>

namespace spikeloom {
namespace {

// Work 4 to 14, 14 to 24; the third load begins when the first half is free, at 14, and ends at 18, in time.
TEST(TimelineUnit, LoadsAreHiddenBehindLongerWork) {
  Timeline timeline;
  for (const int end : {14, 24, 34, 44}) {
    timeline.add_pass(1, 4, 10);
    EXPECT_EQ(timeline.worked(), end);
  }
}

// Loads end at 10, 20, 30, work 4 later.
TEST(TimelineUnit, WorkWaitsForLongerLoads) {
  Timeline timeline;
  for (const int end : {14, 24, 34}) {
    timeline.add_pass(1, 10, 4);
    EXPECT_EQ(timeline.worked(), end);
  }
}

// Slices end at 4 and 8, work from 4 to 14. No half is free before: the next ones end at 18 and 22, work at 28.
TEST(TimelineUnit, APassOfTwoSlicesLeavesNoRoomToLoadAhead) {
  Timeline timeline;
  timeline.add_pass(2, 8, 10);
  EXPECT_EQ(timeline.worked(), 14);
  timeline.add_pass(2, 8, 10);
  EXPECT_EQ(timeline.worked(), 28);
}

// A load of 100 takes longer than work from 25 on.
TEST(TimelineUnit, WeightsThatStreamTakeAsLongAsTheirLoad) {
  Timeline timeline;
  timeline.add_pass(4, 100, 10);
  EXPECT_EQ(timeline.worked(), 100);
}

// The second load ends at 20, and tiles wait until 14 + 8 for the vector unit.
TEST(TimelineUnit, LoadsGoOnWhileTilesWait) {
  Timeline timeline;
  timeline.add_pass(1, 10, 4);
  timeline.wait(8);
  timeline.add_pass(1, 10, 4);
  EXPECT_EQ(timeline.worked(), 26);
}

// Work to 14, then a late load to 19 and work to 21; the load of the pass behind it was done at 8 but for room: its
// half is free at 14, so it ends at 18.
TEST(TimelineUnit, KeysAndValuesAreLoadedWhenTheyAreMade) {
  Timeline timeline;
  timeline.add_pass(1, 4, 10);
  timeline.add_late_pass(5, 2);
  EXPECT_EQ(timeline.worked(), 21);
  timeline.add_pass(1, 4, 10);
  EXPECT_EQ(timeline.worked(), 31);
}

}  // namespace
}  // namespace spikeloom
