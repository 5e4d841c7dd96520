// The physical limit that the simulator's rate is held against: a plain int4 matrix-vector product of the same layer
// size, compiled for this machine. Prints one line: multiply-adds per second, best and median of the repetitions.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

// y[n] = sum_k x[k] * w[n,k]; two signed 4-bit weights a byte, rows of K/2 bytes; x split into even and odd inputs.
void matvec(const std::vector<uint8_t>& weights, const std::vector<int8_t>& even, const std::vector<int8_t>& odd,
            std::vector<int32_t>* y) {
  const size_t half = even.size();
  for (size_t n = 0; n < y->size(); ++n) {
    const uint8_t* row = &weights[n * half];
    int32_t sum = 0;
    for (size_t i = 0; i < half; ++i) {
      const int16_t low = int16_t(((row[i] & 15) ^ 8) - 8), high = int16_t((row[i] >> 4 ^ 8) - 8);
      sum += low * even[i] + high * odd[i];
    }
    (*y)[n] = sum;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const size_t K = argc > 1 ? std::atoi(argv[1]) : 4096, N = argc > 2 ? std::atoi(argv[2]) : 4096;
  std::vector<uint8_t> weights(N * K / 2);
  uint32_t state = 1;
  for (uint8_t& byte : weights) byte = uint8_t((state = state * 1664525u + 1013904223u) >> 24);
  std::vector<int8_t> even(K / 2), odd(K / 2);
  for (size_t i = 0; i < K / 2; ++i) {
    even[i] = int8_t(i % 15) - 7;
    odd[i] = int8_t(i % 13) - 6;
  }
  std::vector<int32_t> y(N);
  std::vector<double> rates;
  int64_t check = 0;
  for (int repeat = 0; repeat < 41; ++repeat) {
    const auto start = std::chrono::steady_clock::now();
    matvec(weights, even, odd, &y);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    check += y[repeat % N];
    if (repeat > 0) rates.push_back(double(N) * double(K) / seconds);
  }
  std::sort(rates.begin(), rates.end());
  std::printf("%.6g %.6g %lld\n", rates.back(), rates[rates.size() / 2], static_cast<long long>(check));
  return 0;
}
