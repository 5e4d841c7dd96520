// Weight loader: fetches loads from DRAM into a buffer and sends them to tiles as flits.
//
//     loads_in --> [ requests | buffer | flits ] --> weights_out
//                 requests_out |  ^ responses_in[channel]
//                              v  |
//                              DRAM          cached_in --> [ writes of keys and values ] --> cached_out
//
// Timing   up to kOutstanding loads are taken ahead, one a cycle, and requested from the cycle in which they are taken:
//          one request a cycle, as large as the buffer has room for. A flit leaves in the first cycle in which its
//          bytes are in the buffer (a head flit: those of the flit behind it), in order, at most one a cycle, and frees
//          their place. A full output stops the flits; a full buffer stops the requests. Rows of keys are dimensions:
//          the first leaves when the whole slice has come. The SRAM for keys and values is read ahead into the buffer,
//          too, a word a cycle, in the order of the loads: what follows in DRAM is requested when its last word has
//          been read. New keys and values take a word a cycle there, before which no read goes, or requests to DRAM,
//          which go first.
// Energy   WeightBufferWrite per flit's worth of every burst, WeightBufferRead per body flit (of keys once for each
//          position in it); KvCacheRead and -Write per word.
// Config   WeightLoaderSpec, sections memory_node.weight_loader and kv_cache.
// Differs  weights lie in DRAM as they travel (DEVIATIONS 10, 31).
#pragma once

#include <array>
#include <deque>
#include <vector>

#include "hw/clock/registered_fifo.h"
#include "hw/dram/dram_request.h"
#include "hw/dram/dram_spec.h"
#include "hw/mapping/layer_context.h"
#include "hw/weight_loader/kv_cache.h"
#include "hw/weight_loader/weight_layout.h"
#include "sim/base/activity.h"

namespace spikeloom {

struct WeightLoaderSpec {
  int buffer_bytes = 0;
  int word_bytes = 0;  // a flit's payload
  KvCacheSpec kv_cache;

  SramMacro buffer() const { return {uint64_t(buffer_bytes), uint64_t(word_bytes)}; }
};

class WeightLoader : public Block {
  // What every cycle looks at comes before the ports: what has come in, and from when each one's front is visible.
  static constexpr int kLoads = DramSpec::kMostChannels, kCached = kLoads + 1, kInputs = kCached + 1;
  uint64_t occupied_ = 0;                      // bits: channels' responses, loads, cached phases
  RegisteredFifo<Flit>* flits_out_ = nullptr;  // what weights_out is bound to
  RegisteredFifo<DramRequest>* requests_ = nullptr;
  std::array<Cycle, kInputs> visible_from_;
  std::vector<RegisteredFifo<DramResponse>*> responses_;  // [channel]: what responses_in is bound to

 public:
  static constexpr int kOutstanding = 4;
  FifoIn<Load> loads_in;
  FifoOut<DramRequest> requests_out;
  sc_core::sc_vector<FifoIn<DramResponse>> responses_in;
  FifoOut<Flit> weights_out;
  FifoIn<int> cached_in;    // a phase whose new keys or values have come to this node
  FifoOut<int> cached_out;  // and have been written

  WeightLoader(const sc_core::sc_module_name& name, Clock& clock, const WeightLoaderSpec& spec, const DramSpec& dram,
               const LayerContext& context, int source, const NeuronArraySpec& neurons, EnergyLedger& ledger);

  std::string waits_for() const override;
  // Busy: a flit leaves. Stalled for input: its bytes have not come.
  const Activity& activity() const { return activity_; }
  Activity& activity() { return activity_; }
  const WeightLayout& layout() const { return layout_; }

 private:
  // A load under way: its bursts, and how far it is.
  struct Stream {
    Load load;
    std::vector<RowMessage> messages;
    bool parameters;               // come in a message before them
    uint64_t first_burst, bursts;  // in DRAM
    uint64_t dram_bytes;           // of it, that flits carry; what follows comes from SRAM
    uint64_t sram_bytes;
    uint64_t sram_read = 0;  // of them, in earlier cycles
    bool transposes;
    size_t made = 0;         // messages, that of parameters counted
    uint64_t skipped;        // bytes of the first burst that are not the load's
    uint64_t first_id;       // of its first burst
    uint64_t requested = 0;  // bursts
    bool all_made() const { return made == messages.size() + parameters; }
  };
  void end_of_elaboration() override;
  void tick() override;
  void take_load();
  void take_cached();
  void write_cached();
  void finish_cached();
  bool has(int input) const { return occupied_ >> input & 1 && visible_from_[size_t(input)] <= now(); }
  void take_responses();
  void request();
  void read_cached();
  size_t arrived_place(uint64_t id) const {
    const size_t at = arrived_at_ + (id - arrived_before_);
    return at < arrived_.size() ? at : at - arrived_.size();
  }
  void send();
  void end_stream();
  void make_next_message();
  // `bits` bits of payload_.
  void make_message(const Load& load, Flit head, uint64_t bits, int packet_flits);
  void make_parameters(const Load& load);
  void make_rows(const Load& load, const RowMessage& message);
  // Whether the front load's first `bytes` bytes are in the buffer.
  bool has_come(uint64_t bytes) const;
  uint64_t flit_bytes() const { return uint64_t(spec_.word_bytes); }

  WeightLoaderSpec spec_;
  LayerContext context_;
  int source_;
  NeuronArraySpec neurons_;
  uint64_t burst_bytes_, burst_words_;
  WeightLayout layout_;
  EnergyCounter &buffer_read_, &buffer_write_;
  EnergyCounter *cache_read_ = nullptr, *cache_write_ = nullptr;  // null: no SRAM for keys and values
  std::deque<Stream> streams_;                                    // the front one is being sent
  PacketCutter packets_;                                          // of the message that is being sent
  std::vector<uint64_t> payload_;                                 // its
  uint64_t sent_bytes_ = 0;                                       // of the front load, in flits
  uint64_t reserved_ = 0;                                         // bytes of the buffer that hold data or wait for them
  uint64_t next_id_ = 0;                                          // of the next load's first burst
  uint64_t arrived_before_ = 0;                                   // all bursts with a lower id are in the buffer
  std::vector<uint8_t> arrived_;  // a ring, as many bursts as the buffer holds and one: whether one is in the buffer
  size_t arrived_at_ = 0;         // place in it of burst arrived_before_
  // Writes of keys and values of one phase at a time.
  static constexpr uint64_t kWriteIds = uint64_t{1} << 63;
  int caching_ = -1;            // phase
  std::deque<KvWrite> writes_;  // to DRAM, not yet requested
  uint64_t write_bursts_ = 0;   // requested, not yet acknowledged
  Cycle cache_written_ = 0;     // from when the SRAM has them all
  Activity activity_;
};

}  // namespace spikeloom
