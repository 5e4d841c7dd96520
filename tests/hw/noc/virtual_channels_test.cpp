// Which channels packets may take.
#include "hw/noc/virtual_channels.h"

#include <gtest/gtest.h>

namespace spikeloom {
namespace {

Flit head_of(int message_class, int flow, bool ordered) {
  Flit head;
  head.message_class = uint8_t(message_class);
  head.flow = uint8_t(flow);
  head.ordered = ordered;
  return head;
}

// Class 1 has channels 4 .. 7, of which partition 0 has 4 and 5. Flows 0 and 2 meet in channel 4 between routers: where
// they entered on two, each could hold an output that the other one waits for.
TEST(VirtualChannelsUnit, FlowsThatShareAChannelBetweenRoutersEnterOnOne) {
  const VirtualChannels channels{2, 4, 2, {}};
  for (int flow = 0; flow < 8; ++flow) {
    const Flit head = head_of(1, flow, true);
    EXPECT_EQ(channels.into_network(head), flow % 2 ? 1u << 5 : 1u << 4) << flow;
    EXPECT_EQ(channels.into_network(head), channels.between_routers(head, 0)) << flow;
  }
}

TEST(VirtualChannelsUnit, PacketsWithoutOrderEnterOnAnyChannelOfTheirClass) {
  EXPECT_EQ((VirtualChannels{2, 4, 2, {}}.into_network(head_of(1, 3, false))), 0xf0u);
}

TEST(VirtualChannelsUnit, EveryPartitionHasAnEqualShareOfAClass) {
  const VirtualChannels channels{2, 4, 2, {}};
  for (int vc = 0; vc < 8; ++vc) EXPECT_EQ(channels.partition_of(vc), vc % 4 / 2) << vc;
}

}  // namespace
}  // namespace spikeloom
