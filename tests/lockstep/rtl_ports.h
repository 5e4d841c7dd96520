// Ports of a Verilated module: a signal at each, and values wider than 64 bits as words.
#pragma once

#include <array>
#include <cstdint>
#include <systemc>
#include <type_traits>

#include "sim/base/bits.h"

namespace spikeloom {

// The clock is written by two processes.
template <class T>
using Signal = sc_core::sc_signal<T, sc_core::SC_MANY_WRITERS>;

// Bits of a port of any width, from and to 64-bit words.
template <class T>
void write_words(Signal<T>& signal, const uint64_t* words) {
  if constexpr (std::is_integral_v<T>) {
    signal.write(T(words[0]));
  } else {
    T value;
    for (int i = 0; i < value.length(); i += 32) value.set_word(i / 32, uint32_t(words[i / 64] >> (i % 64)));
    signal.write(value);
  }
}
template <class T>
void read_words(const Signal<T>& signal, uint64_t* words) {
  if constexpr (std::is_integral_v<T>) {
    words[0] = uint64_t(signal.read());
  } else {
    const T& value = signal.read();
    for (int i = 0; i < value.length(); i += 64) words[i / 64] = 0;
    for (int i = 0; i < value.length(); i += 32)
      words[i / 64] |= uint64_t(uint32_t(value.get_word(i / 32))) << (i % 64);
  }
}

// Fields of the same width side by side in a port of up to 512 bits.
class Fields {
 public:
  explicit Fields(int bits) : bits_(bits) {}
  void set(int field, uint64_t value) { put_bits(words_.data(), uint64_t(field) * bits_, bits_, value); }
  uint64_t get(int field) const { return get_bits(words_.data(), uint64_t(field) * bits_, bits_); }

  template <class T>
  void write(Signal<T>* signal) const {
    write_words(*signal, words_.data());
  }
  template <class T>
  Fields& read(const Signal<T>& signal) {
    read_words(signal, words_.data());
    return *this;
  }

 private:
  int bits_;
  std::array<uint64_t, 8> words_{};
};

}  // namespace spikeloom
