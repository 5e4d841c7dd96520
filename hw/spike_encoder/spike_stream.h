// How the spikes of one window and source lie in flits, and back.
//
// address_events  fixed fields per event: 1 bit kind, token slot, input address, slope index, sign; a whole number of
//                 events per flit. Kind 1 is a step mark (address 0) or padding (address 1).
// bitmap          per step, chunks of inputs: one bit per input and token (two where an input has two digits), then
//                 for each set bit its slope index (not for digits) and sign. Marks need no bits: every step has the
//                 same number of chunks.
#pragma once

#include <cstdint>
#include <vector>

#include "hw/mapping/layer_context.h"
#include "hw/noc/messages.h"
#include "models/activation_code.h"

namespace spikeloom {

struct SpikeEvent {
  enum class Kind : uint8_t { kSpike, kMark, kEmptyChunk };
  Kind kind = Kind::kSpike;
  uint16_t address = 0;  // input, counted from the source's first input of the window
  uint8_t slot = 0;      // token of the batch
  uint8_t slope = 0;
  bool negative = false;
};

// The fields of one stream: constant for a phase, but for the range of inputs.
struct StreamFormat {
  CodeFormat code;
  const InputTrace* input = nullptr;  // of the layer: which inputs have two digits
  InputRange range{0, 0};
  int slots = 1;  // tokens per batch that the fields provide for
  int steps = 1;  // T
  int link_bits = 128;
  bool bitmap = false;

  int slot_bits() const { return ceil_log2(slots); }
  int address_bits() const { return range.count > 2 ? ceil_log2(range.count) : 1; }
  int slope_bits() const { return ceil_log2(code.slope_bases()); }
  int sign_bits() const { return code.has_signs() ? 1 : 0; }
  int event_bits() const { return 1 + slot_bits() + address_bits() + slope_bits() + sign_bits(); }
  int events_per_flit() const { return link_bits / event_bits(); }
  // Inputs of one bitmap chunk: two bits for each token of the batch fit 64 bits.
  int chunk_inputs() const { return 32 / slots > 0 ? 32 / slots : 1; }
  int chunks() const { return static_cast<int>(ceil_div(range.count, chunk_inputs())); }
  bool two_digits(int address) const { return input->two_digits(range.first + address); }
};

// The stream of one source, or of the whole window when source is -1 (encoder in the tile).
StreamFormat stream_format(const LayerContext& context, const WindowTag& tag, int source);

// A body flit and what it took to make: cycles of the encoder, bitmap chunks read, spikes in it.
struct MadeFlit {
  Flit flit;
  int cycles = 0;
  int chunks = 0;
  int events = 0;
};

// Writes one window's stream into body flits.
class SpikeStreamWriter {
 public:
  explicit SpikeStreamWriter(const StreamFormat& format) : format_(format) {}

  // All events of one step, by address, then slot, then digit; ends the step.
  void step(const std::vector<SpikeEvent>& events);
  // The finished body flits.
  std::vector<MadeFlit> finish();

 private:
  void put_event(const SpikeEvent& event, bool padding);
  void step_bitmap(const std::vector<SpikeEvent>& events);
  void put_stream(int bits, uint64_t value);
  MadeFlit& current();

  StreamFormat format_;
  std::vector<MadeFlit> flits_;
  int used_ = 0;  // events or bits used in the last flit
  bool open_ = false;
};

// Reads a stream back, flit by flit.
class SpikeStreamReader {
 public:
  void start(const StreamFormat& format);
  // Appends the events that this body flit completes. A cycle per event is what taking them costs.
  void read(const Flit& flit, std::vector<SpikeEvent>* events);

 private:
  void read_address_events(const Flit& flit, std::vector<SpikeEvent>* events);
  bool read_chunk(std::vector<SpikeEvent>* events);
  uint64_t available() const { return written_ - read_; }

  StreamFormat format_;
  int step_ = 0, chunk_ = 0;
  std::vector<uint64_t> bits_;  // bitmap bits that did not complete a chunk yet
  uint64_t read_ = 0, written_ = 0;
};

}  // namespace spikeloom
