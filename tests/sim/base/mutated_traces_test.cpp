// Whatever bytes a file holds, it loads or is refused with a message; sanitizer builds also see every wild read.

#include <gtest/gtest.h>

#include <random>

#include "sim/base/mac_trace.h"
#include "sim/base/trace.h"
#include "tests/support/attention_files.h"
#include "tests/support/mac_files.h"
#include "tests/support/user_error.h"

namespace spikeloom {
namespace {

struct GoodTrace {
  const char* name;
  TracePair (*make)();
  void (*open)(const std::string& file);
};

void PrintTo(const GoodTrace& good, std::ostream* out) { *out << good.name; }

class Mutator {
 public:
  explicit Mutator(unsigned seed) : random_(seed) {}
  void flip(std::string& bytes) {
    for (int i = 0, flips = 1 + pick(3); i < flips; ++i) bytes[pick(bytes.size())] ^= static_cast<char>(1 + pick(255));
  }

 private:
  size_t pick(size_t end) { return random_() % end; }
  std::mt19937 random_;
};

class MutatedTraceConfig : public testing::TestWithParam<GoodTrace> {};

TEST_P(MutatedTraceConfig, TwoThousandDamagedFilesLoadOrAreRefused) {
  const TempFolder folder;
  int refused = 0;
  for (unsigned seed = 0; seed < 2000; ++seed) {
    TracePair pair = GetParam().make();
    TraceFile& target = seed % 2 == 0 ? pair.activations : pair.weights;
    target.edit_bytes = [seed](std::string& bytes) { Mutator(seed).flip(bytes); };
    const std::string file = pair.write(folder);
    const std::string message = user_error_of([&] { GetParam().open(file); });
    refused += message != "(no error)";
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
  EXPECT_GT(refused, 1000);
  EXPECT_LT(refused, 2000);
}

void open_layer(const std::string& file) { LayerTrace::open(file); }
void open_mac(const std::string& file) { MacTrace::open(file); }

const GoodTrace kGood[] = {{"Small", small_trace, open_layer},
                           {"Attention", small_attention_trace, open_layer},
                           {"MultiplyAccumulate", small_mac_trace, open_mac},
                           {"Binary16", small_binary16_trace, open_mac}};
INSTANTIATE_TEST_SUITE_P(Traces, MutatedTraceConfig, testing::ValuesIn(kGood),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace spikeloom
