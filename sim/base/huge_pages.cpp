#include "sim/base/huge_pages.h"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <climits>
#include <cstdint>
#include <cstdlib>

namespace spikeloom {

void use_huge_pages() {
  constexpr int kHeapBytes = 1 << 30, kLargest = 32 << 20;
  constexpr uintptr_t kHugePage = uintptr_t{2} << 20;
  mallopt(M_TOP_PAD, kHeapBytes);  // of address space: the heap grows by so much at once
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
  mallopt(M_MMAP_THRESHOLD, kLargest);  // what is larger lies outside the heap
  const uintptr_t begin = reinterpret_cast<uintptr_t>(sbrk(0));
  void* volatile block = std::malloc(kLargest / 2);  // it grows
  std::free(block);
  const uintptr_t end = reinterpret_cast<uintptr_t>(sbrk(0)), from = (begin + kHugePage - 1) / kHugePage * kHugePage;
  if (end > from) madvise(reinterpret_cast<void*>(from), end - from, MADV_HUGEPAGE);
}

}  // namespace spikeloom
