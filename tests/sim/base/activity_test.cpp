#include "sim/base/activity.h"

#include <gtest/gtest.h>

#include "tests/support/property.h"

namespace spikeloom {
namespace {

constexpr int kStates = static_cast<int>(ActivityState::kCount);

Cycle sum(const Activity& activity) {
  Cycle all = 0;
  for (int i = 0; i < kStates; ++i) all += activity.cycles(ActivityState(i));
  return all;
}

TEST(ActivityUnit, CyclesGoToTheStateThatHeldThem) {
  Activity activity;  // idle from 0
  activity.enter(ActivityState::kBusy, 3);
  activity.enter(ActivityState::kStalledOutput, 10);
  activity.enter(ActivityState::kBusy, 11);
  activity.close(20);
  EXPECT_EQ(activity.cycles(ActivityState::kIdle), 3u);
  EXPECT_EQ(activity.cycles(ActivityState::kBusy), 7u + 9u);
  EXPECT_EQ(activity.cycles(ActivityState::kStalledOutput), 1u);
  EXPECT_EQ(activity.cycles(ActivityState::kStalledInput), 0u);
  EXPECT_EQ(activity.state(), ActivityState::kBusy);
}

TEST(ActivityUnit, LeavingAStateInTheSameCycleCountsNothing) {
  Activity activity;
  activity.enter(ActivityState::kBusy, 5);
  activity.enter(ActivityState::kIdle, 5);
  activity.close(8);
  EXPECT_EQ(activity.cycles(ActivityState::kBusy), 0u);
  EXPECT_EQ(activity.cycles(ActivityState::kIdle), 8u);
}

TEST(ActivityUnit, ListenerHearsOfEveryChangeOnce) {
  struct Listener : ActivityListener {
    std::vector<std::pair<ActivityState, Cycle>> heard;
    void state_changes(ActivityState state, Cycle from) override { heard.emplace_back(state, from); }
  } listener;
  Activity activity;
  activity.enter(ActivityState::kBusy, 3);  // nobody listens yet
  activity.set_listener(&listener);
  activity.enter(ActivityState::kBusy, 4);
  activity.enter(ActivityState::kStalledOutput, 10);
  activity.enter(ActivityState::kStalledOutput, 11);
  activity.enter(ActivityState::kIdle, 12);
  activity.close(20);
  const std::vector<std::pair<ActivityState, Cycle>> expected = {{ActivityState::kStalledOutput, 10},
                                                                 {ActivityState::kIdle, 12}};
  EXPECT_EQ(listener.heard, expected);
}

TEST(ActivityUnit, EveryStateHasAName) {
  for (const char* name : kActivityNames) EXPECT_NE(name, nullptr);
  EXPECT_STREQ(kActivityNames[static_cast<size_t>(ActivityState::kStalledOutput)], "stalled_output");
}

RC_GTEST_PROP(ActivityUnit, BusyStalledAndIdleAddUpToAllCycles, ()) {
  Activity activity;
  Cycle now = 0;
  for (const int state : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, kStates))) {
    now += any_in(0, 50);
    activity.enter(ActivityState(state), now);
  }
  const Cycle end = now + any_in(0, 50);
  activity.close(end);
  RC_ASSERT(sum(activity) == end);
}

}  // namespace
}  // namespace spikeloom
