// What the spike encoder's lockstep runs on: settings, layers and chips for them, random windows of random codes, and
// the blocks around the encoder.
#pragma once

#include <array>
#include <deque>
#include <random>
#include <vector>

#include "hw/spike_encoder/spike_encoder.h"
#include "tests/support/tiny_layer.h"

namespace spikeloom {

constexpr int kPacketFlits = 16, kMostSources = 3;

struct Setting {
  const char* name;
  int spike_code;  // as in spike_code_names()
  ActivationCode code;
  SalientFormat salient;
  bool digits;
  int batch;
  int sources;  // that share a window: the encoder is the first one's, or gathers all their codes
  int parts = 1;
  SidePolicy side_format = SidePolicy::kMask;
  int word_bytes = 16;  // of the buffer's main array
  bool recorded() const { return spike_code == 3; }
};

// Inputs of several sizes, wide ones among them; the largest is cut into windows. Of an input of one, the first of two
// sources has none.
TinySpec layer_of(const Setting& setting, uint32_t seed);
// Where the setting says so, makes all inputs' codes recorded spikes. Returns the layer.
const LayerTrace& record(const Setting& setting, LayerTrace* layer);
ChipSpec chip_of(const Setting& setting, Payload payload, int link_bits);

// Random windows of random codes: silent, dense, none or all salient ...
class WindowSource {
 public:
  WindowSource(const TinyContext& tiny, uint32_t seed) : tiny_(tiny), random_(seed) {}

  WindowTag window();
  // The flits in which a source's codes come.
  std::vector<Flit> flits(const WindowTag& tag, int source);

 private:
  int below(int n) { return int(random_() % uint32_t(n)); }

  const TinyContext& tiny_;
  std::mt19937 random_;
};

// Pushes codes of `windows` and pops spikes at random, every cycle another try.
class Traffic : public Block {
 public:
  sc_core::sc_vector<FifoOut<Flit>> codes;  // [input]
  FifoIn<Flit> spikes;
  uint64_t flits = 0;
  std::array<int, kMostSources> pushed{};  // in this cycle
  bool popped = false;
  Flit taken;  // what was popped

  // gather: an input per source, of which some have inputs of a window; else one input, of source 0.
  Traffic(const sc_core::sc_module_name& name, Clock& clock, const TinyContext& tiny, WindowSource& source,
          const std::vector<WindowTag>& windows, bool gather, uint32_t seed)
      : Block(name, clock),
        codes("codes", gather ? tiny.context.sources : 1),
        spikes("spikes"),
        tiny_(tiny),
        source_(source),
        windows_(windows),
        gather_(gather),
        random_(seed) {
    wake_at(1);
  }
  bool serves(const WindowTag& tag, int input) const {
    return !gather_ || tiny_.context.share(tag).serves(input, tag.part);
  }
  // Flits of the first windows, as far as any of their flits has been pushed.
  const std::vector<uint64_t>& flits_until() const { return flits_until_; }

 private:
  void tick() override;
  void add_window();

  const TinyContext& tiny_;
  WindowSource& source_;
  const std::vector<WindowTag>& windows_;
  bool gather_;
  std::mt19937 random_;
  std::array<std::deque<Flit>, kMostSources> waiting_;
  std::vector<uint64_t> flits_until_;
  std::array<uint32_t, kMostSources> gap_{};
  uint32_t stall_ = 0;
};

}  // namespace spikeloom
