// What the tests share that compare the C interface of sums and sums over pairs with its C++ twin.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "samebits/context.hpp"
#include "samebits/samebits.h"
#include "tests/support.hpp"

namespace samebits::tests {

/// "" for no failure.
inline std::string text_of(const char* failure) { return failure == nullptr ? "" : failure; }

inline std::vector<std::uint64_t> bits_of(std::span<const double> numbers) {
  std::vector<std::uint64_t> bits(numbers.size());
  std::memcpy(bits.data(), numbers.data(), numbers.size_bytes());
  return bits;
}

/// Rows of one type for both interfaces, with a context of each. n is more than a leaf.
template <class T>
struct twins {
  twins() {
    samebits_context_options options;
    samebits_context_options_init(&options);
    options.backend = "cpu";
    options.n_threads = 2;
    EXPECT_EQ(samebits_context_create(&options, &c_ctx), SAMEBITS_OK);
    std::iota(weights.begin(), weights.end(), 0.25);
  }
  ~twins() { samebits_context_destroy(c_ctx); }
  twins(const twins&) = delete;
  twins& operator=(const twins&) = delete;

  static std::vector<T> rows(const context& ctx, std::int64_t n_rows) {
    const matrix m = blobs(ctx, n_rows, cols, 3);
    return std::vector<T>(m.values.begin(), m.values.end());
  }

  std::span<const T> list() const { return x; }
  matrix_view<const T> x_view() const { return {x.data(), n, cols}; }
  matrix_view<const T> y_view() const { return {y.data(), n_y, cols}; }
  /// The first rows of x, as many as y has.
  matrix_view<const T> head() const { return {x.data(), n_y, cols}; }
  std::span<const double> y_weights() const { return {weights.data(), static_cast<std::size_t>(n_y)}; }

  /// Expects that both interfaces fill an array with the same bits.
  template <class C, class Cpp>
  static void expect_same(std::int64_t size, const C& c_call, const Cpp& cpp_call) {
    std::vector<double> c(static_cast<std::size_t>(size), -7.0);
    ASSERT_EQ(c_call(c.data()), SAMEBITS_OK) << samebits_last_error();
    const std::vector<double> cpp = cpp_call();
    EXPECT_EQ(bits_of(c), bits_of(cpp));
  }

  static constexpr std::int64_t n = 700;
  static constexpr std::int64_t n_y = 530;
  static constexpr std::int64_t cols = 3;
  static constexpr samebits_dtype dtype = sizeof(T) == sizeof(float) ? SAMEBITS_FLOAT32 : SAMEBITS_FLOAT64;
  const context ctx = context({"cpu", "", 2});
  const std::vector<T> x = rows(ctx, n);
  const std::vector<T> y = rows(ctx, n_y + 1);
  std::vector<double> weights = std::vector<double>(n);
  samebits_context* c_ctx = nullptr;
};

using row_types = testing::Types<double, float>;

}  // namespace samebits::tests
