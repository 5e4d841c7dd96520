#include "models/spike_code.h"

#include <cassert>

#include "models/spike_codes/count.h"
#include "models/spike_codes/radix.h"
#include "models/spike_codes/rate.h"
#include "models/spike_codes/ttfs.h"

namespace spikeloom {

const std::vector<std::string>& spike_code_names() {
  static const std::vector<std::string> names = {"ttfs", "count", "radix", "rate"};
  return names;
}

std::unique_ptr<SpikeCode> make_spike_code(int index) {
  switch (index) {
    case 0:
      return std::make_unique<TtfsCode>();
    case 1:
      return std::make_unique<CountCode>();
    case 2:
      return std::make_unique<RadixCode>();
    case kRateCode:
      return std::make_unique<RateCode>();
  }
  assert(false);
  return nullptr;
}

}  // namespace spikeloom
