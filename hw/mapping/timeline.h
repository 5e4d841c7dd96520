// When passes that follow each other are estimated to load their weights and to work: loads one after another, ahead of
// the work as far as halves of the weight SRAM are free.
#pragma once

#include <algorithm>
#include <array>

namespace spikeloom {

class Timeline {
 public:
  // The cycle in which the last pass has ended.
  double worked() const { return worked_; }

  // A pass whose tiles load `slices` slices in `load` cycles together and work for `work` cycles, from the first slice
  // on. One of more than two slices takes both halves and loads until its end.
  void add_pass(int slices, double load, double work) {
    const int taken = std::min(slices, 2);
    double first = 0;
    for (int slice = 0; slice < taken; ++slice) {
      loaded_ = std::max(loaded_, free_[(half_ + slice) % 2]) + load / taken;
      if (slice == 0) first = loaded_;
    }
    end_pass(taken, std::max(std::max(worked_, first) + work, loaded_));
  }
  // A pass of one slice of keys or values: its load waits for the phase that makes them, and passes by others.
  void add_late_pass(double load, double work) { end_pass(1, std::max(worked_, free_[half_]) + load + work); }

  // Tiles wait; loads go on.
  void wait(double cycles) { worked_ += cycles; }

 private:
  void end_pass(int taken, double end) {
    worked_ = end;
    for (int slice = 0; slice < taken; ++slice) free_[(half_ + slice) % 2] = end;
    half_ = (half_ + taken) % 2;
  }

  double loaded_ = 0, worked_ = 0;
  std::array<double, 2> free_{};  // from when each half takes the next slice
  int half_ = 0;                  // that the next slice goes to
};

}  // namespace spikeloom
