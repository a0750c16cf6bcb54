// Sums made by the caller's own threads: the bits of samebits::sum, whoever makes which leaf.
#include "samebits/tree_sum.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <numeric>
#include <thread>
#include <vector>

#include "samebits/context.hpp"
#include "samebits/random.hpp"
#include "samebits/sum.hpp"

namespace samebits::tests {
namespace {

/// Numbers whose sum depends on its order.
template <class T>
std::vector<T> numbers(std::int64_t n) {
  std::vector<double> uniform(static_cast<std::size_t>(n));
  fill_uniform(context(), {2024, 6}, 0, uniform);
  std::vector<T> x(uniform.begin(), uniform.end());
  for (std::size_t i = 0; i < x.size(); i += 7) {
    x[i] = x[i] * T(-1e6);
  }
  return x;
}

template <class T>
double own_sum(const std::vector<T>& x, int n_threads) {
  const auto n = static_cast<std::int64_t>(x.size());
  std::vector<double> leaves(static_cast<std::size_t>(n_leaves(n)));
  std::vector<std::thread> threads;
  for (int t = 0; t < n_threads; ++t) {
    threads.emplace_back([&, t] {
      for (std::int64_t leaf = n_leaves(n) - 1 - t; leaf >= 0; leaf -= n_threads) {  // backwards, by turns
        leaves[static_cast<std::size_t>(leaf)] =
            leaf_sum(n, leaf, [&](std::int64_t i) { return x[static_cast<std::size_t>(i)]; });
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  return fold_leaves(leaves.data(), n_leaves(n));
}

template <class T>
void expect_bits_of_sum(std::int64_t n) {
  const std::vector<T> x = numbers<T>(n);
  const double expected = sum(context(), std::span(x));
  for (const int n_threads : {1, 2, 3}) {
    const double found = own_sum(x, n_threads);
    EXPECT_EQ(std::memcmp(&found, &expected, sizeof found), 0) << n << " numbers, " << n_threads << " threads";
  }
}

TEST(tree_sum, has_the_bits_of_the_library_for_any_number_of_numbers_and_threads) {
  for (const std::int64_t n : {0, 1, 7, 8, 9, 17, 511, 512, 513, 1024, 1025, 100'003}) {
    expect_bits_of_sum<double>(n);
    expect_bits_of_sum<float>(n);
  }
}

TEST(tree_sum, of_nothing_is_zero_without_a_sign) {
  EXPECT_EQ(n_leaves(0), 0);
  EXPECT_FALSE(std::signbit(fold_leaves(nullptr, 0)));
}

TEST(tree_sum, differs_from_a_plain_loop_so_that_the_test_can_fail) {
  const std::vector<double> x = numbers<double>(100'003);

  EXPECT_NE(own_sum(x, 1), std::accumulate(x.begin(), x.end(), 0.0));
}

}  // namespace
}  // namespace samebits::tests
