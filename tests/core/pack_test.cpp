// SIMD packs against scalars, double and float, on random bit patterns and the numbers around limits.
#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "samebits/context.hpp"
#include "tests/core/pack_checks.hpp"

namespace samebits::core {
namespace {

bool can_run(const std::string& isa) {
  for (const backend_info& b : list_backends()) {
    if (b.isa == isa) {
      return b.available;
    }
  }
  return false;
}

/// Any bit pattern, and as many numbers of ordinary size.
template <class T, class Bits>
std::vector<T> numbers() {
  std::mt19937_64 generator(1);
  std::uniform_real_distribution<T> ordinary(-100, 100);
  std::vector<T> x;
  for (int i = 0; i < 40'000; ++i) {
    x.push_back(std::bit_cast<T>(static_cast<Bits>(generator())));
    x.push_back(ordinary(generator));
  }
  for (const double limit : {0.0, -0.0, 1.0, -708.0, 709.782712893384, -87.328125, 88.72283, 0.5, 1e300, 0x1p-1074}) {
    for (int i = 0; i < 16; ++i) {
      x.push_back(static_cast<T>(limit));
    }
  }
  return x;
}

template <class Check>
void expect_agreement(const std::string& isa, const Check& disagreement) {
  if (!can_run(isa)) {
    GTEST_SKIP() << "this CPU has no " << isa;
  }
  const std::vector<double> doubles = numbers<double, std::uint64_t>();
  const std::vector<float> floats = numbers<float, std::uint32_t>();

  const char* const in_double = disagreement(doubles.data(), doubles.size());
  const char* const in_float = disagreement(floats.data(), floats.size());

  EXPECT_EQ(in_double, nullptr) << in_double;
  EXPECT_EQ(in_float, nullptr) << in_float;
}

TEST(pack, does_in_every_avx2_lane_what_the_scalar_does) {
  expect_agreement("avx2", [](const auto* x, std::size_t n) { return avx2::pack_disagreement(x, n); });
}

TEST(pack, does_in_every_avx512_lane_what_the_scalar_does) {
  expect_agreement("avx512", [](const auto* x, std::size_t n) { return avx512::pack_disagreement(x, n); });
}

}  // namespace
}  // namespace samebits::core
