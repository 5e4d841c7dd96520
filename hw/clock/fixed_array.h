// An array of objects that cannot be moved, each made in its place from the same arguments.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

namespace spikeloom {

template <typename T>
class FixedArray {
 public:
  template <typename... Arguments>
  explicit FixedArray(size_t size, Arguments&&... arguments) : data_(std::allocator<T>().allocate(size)), size_(size) {
    for (size_t i = 0; i < size; ++i) new (data_ + i) T(arguments...);
  }
  ~FixedArray() {
    std::destroy_n(data_, size_);
    std::allocator<T>().deallocate(data_, size_);
  }
  FixedArray(const FixedArray&) = delete;
  FixedArray& operator=(const FixedArray&) = delete;

  T& operator[](size_t i) { return data_[i]; }
  const T& operator[](size_t i) const { return data_[i]; }
  T* begin() { return data_; }
  T* end() { return data_ + size_; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }
  size_t size() const { return size_; }

 private:
  T* data_;
  size_t size_;
};

}  // namespace spikeloom
