// Random values for property tests, uniform in their range from the first case on (inRange alone starts near its end).
#pragma once

#include <rapidcheck/gtest.h>

namespace spikeloom {

template <typename T>
T any_in(T least, T end) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<T>(least, end));
}

template <typename T>
std::vector<T> any_list(size_t count, T least, T end) {
  return *rc::gen::container<std::vector<T>>(count, rc::gen::resize(rc::kNominalSize, rc::gen::inRange<T>(least, end)));
}

}  // namespace spikeloom
