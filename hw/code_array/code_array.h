// Code array: what every tile that multiplies does before its multipliers. The codes of a window come packed, in index
// order; the derived array multiplies them with the window's weight rows.
//
//     codes_in[s] --> [ mixed-precision buffer ] --> (derived: multipliers) --> neurons_out
//     weights_in  --> [ row assembly ] ------------> [ weight SRAM ]            (weight_array.h)
//
// Timing   a flit of codes a cycle into the buffer, which holds two windows.
// Energy   ActivationMain- and -SideWrite/Read.
// Config   buffer from encoder.
// Differs  codes are latched, and their signs and exponents steer, for free (DEVIATIONS 43).
#pragma once

#include <deque>
#include <vector>

#include "hw/mixed_precision_buffer/code_collector.h"
#include "hw/weight_array/weight_array.h"

namespace spikeloom {

class CodeArray : public WeightArray {
 public:
  sc_core::sc_vector<FifoIn<Flit>> codes_in;  // [source]

  uint64_t products() const override { return products_; }

 protected:
  CodeArray(const sc_core::sc_module_name& name, Clock& clock, const SynapseArraySpec& sram,
            const MixedPrecisionBufferSpec& buffer, const LayerContext& context, int tile, EnergyLedger& ledger);

  // What the multipliers take, one after another: for each input of the window one row, or several.
  struct Row {
    int input;  // counted from the window's first
    int row;    // of the slice
    bool high;  // the `hi` row of a wide input
  };
  // Fills rows_ for a new window.
  virtual void list_rows() = 0;
  // Issues the next rows; false while there is no room for what they say to the neurons.
  virtual bool issue_group() = 0;
  // Once all products are under way, as far as the derived array has to wait for them; false until then.
  virtual bool end_window() = 0;

  // Hands products on to the neurons; false while there is no room.
  bool hand_on(NeuronCommand::Kind kind);
  // Goes on to the next window, or item.
  void next_window();
  // Cycles until what has been issued so far is.
  Cycle issued_after() const { return issue_free_ > now() ? issue_free_ - now() - 1 : 0; }
  // Whether the window is the tile's first, or last, of its group in this batch.
  bool begins_group() const;
  bool ends_group() const;
  const Window& window() const { return slice().windows[window_]; }

  MixedPrecisionBuffer buffer_;
  CollectedWindow codes_;  // of the window under way
  CodeFormat format_{};
  const InputTrace* input_ = nullptr;
  int first_input_ = 0;
  std::vector<Row> rows_;
  size_t next_row_ = 0;
  std::vector<WeightedRow> products_out_;  // not handed on yet
  uint64_t products_ = 0;

 private:
  void issue() override;
  void take_codes();
  bool start_window();

  CodeCollector collector_;
  std::deque<CollectedWindow> collected_;  // at most one beside the one under way
  Cycle collected_from_ = 0;               // when its last flit is in the buffer
  size_t window_ = 0;                      // of the item's slice
  bool window_started_ = false;
};

}  // namespace spikeloom
