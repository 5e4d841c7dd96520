// Spike encoder: turns the codes of a window into spikes in the order of time steps, by a counting sort.
//
//     codes_in[n] --> [ fill, count | scatter | emit ] --> spikes_out
//
// Timing   fill and scatter take one code a cycle, scatter one more for each further spike of a code; emit takes one
//          cycle for a window's start, one a head flit, one a spike or mark; the three stages work on three windows at
//          once. Recorded spikes are filled a word a cycle. `bitmap` needs no sort: emit reads one chunk a cycle, and
//          the next window is not filled before it ends. A full output stalls emit.
// Energy   buffer words at fill and scatter; EncoderIndexWrite per entry, EncoderIndexRead per spike, two
//          EncoderHistogramBit increments per entry; `bitmap`: buffer words at every step.
// Config   EncoderSpec, section encoder.
// Differs  in `count`, spikes of a step are ordered by first step, then input (DEVIATIONS 6).
#pragma once

#include <algorithm>
#include <deque>
#include <vector>

#include "hw/clock/registered_fifo.h"
#include "hw/mapping/side_choice.h"
#include "hw/mixed_precision_buffer/code_collector.h"
#include "hw/spike_encoder/spike_stream.h"
#include "sim/base/activity.h"

namespace spikeloom {

struct EncoderSpec {
  int ports = 1;  // encoders per memory node; a tile has one (payload packed_codes)
  MixedPrecisionBufferSpec buffer;
  SidePolicy side_format = SidePolicy::kMask;
  int index_bytes = 0, index_entry_bytes = 0;
};

// Cycles that one phase takes of each stage at least: what is not shared with a wait for another block.
struct EncoderCycles {
  Cycle fill = 0, scatter = 0, emit = 0;
  Cycle most() const { return std::max({fill, scatter, emit}); }
};

class SpikeEncoder : public Block {
 public:
  sc_core::sc_vector<FifoIn<Flit>> codes_in;  // one, or in a tile one per source
  FifoOut<Flit> spikes_out;

  // source: whose codes these are. -1: of all sources, in a tile that works on `windows`, in this order.
  SpikeEncoder(const sc_core::sc_module_name& name, Clock& clock, const EncoderSpec& spec, const LayerContext& context,
               int source, EnergyLedger& ledger, std::vector<WindowTag> windows = {});

  std::string waits_for() const override;
  const Activity& activity() const { return activity_; }
  Activity& activity() { return activity_; }
  uint64_t spikes() const { return spikes_; }
  const EncoderCycles& cycles(int phase) const { return cycles_[phase]; }

 private:
  // A window on its way through the stages.
  struct Job {
    Flit head;  // of the stream to be sent
    WindowTag tag;
    int tokens = 0;
    PackedCodes codes;
    std::vector<MadeFlit> flits;
    Cycle ready = 0;  // when the stage it is in has finished with it
  };
  void tick() override;
  void fill();
  void finish_fill();
  void scatter();
  void emit();
  void charge_emission(const MadeFlit& made);
  void sort(Job* job);
  void packetize(Job* job, std::vector<MadeFlit> body) const;
  EncoderCycles& cycles_of(const Job& job) { return cycles_[context_.program->passes[job.tag.pass].phase]; }

  EncoderSpec spec_;
  LayerContext context_;
  int source_;
  MixedPrecisionBuffer buffer_;
  EnergyCounter &index_read_, &index_write_, &histogram_;
  CodeCollector collector_;
  Cycle fill_began_ = 0;
  std::deque<Job> filled_, sorted_;  // at most one each, beside the one being filled
  Job emitting_job_;
  size_t emitted_ = 0;
  int emitted_chunks_ = 0;  // of a bitmap, over all steps
  bool emitting_ = false;
  Cycle emit_ready_ = 0;
  Activity activity_;
  uint64_t spikes_ = 0;
  std::vector<EncoderCycles> cycles_;  // [phase]
};

}  // namespace spikeloom
