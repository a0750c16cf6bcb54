// Sums, dot products and norms of arrays, on every backend.
#include "samebits/sum.hpp"

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "samebits/core/summary.hpp"
#include "tests/backends/backend_test.hpp"

namespace samebits::tests {
namespace {

using sums = backend_test;
SAMEBITS_ON_EVERY_BACKEND(sums);
INSTANTIATE_TEST_SUITE_P(in_batches_on, sums, testing::Values("cuda-emulated-small"), backend_test_name);

template <class T>
std::vector<T> scattered(std::int64_t n, std::uint64_t seed) {
  std::mt19937_64 bits(seed);
  std::vector<T> x;
  for (std::int64_t i = 0; i < n; ++i) {
    const double unit = static_cast<double>(bits() >> 11) * 0x1p-53;
    x.push_back(static_cast<T>(std::ldexp(unit - 0.5, static_cast<int>(bits() % 9))));
  }
  return x;
}

std::vector<std::int64_t> sizes(bool few) {
  return few ? std::vector<std::int64_t>{0, 1, 9, 512, 1'033}
             : std::vector<std::int64_t>{0, 1, 2, 7, 8, 9, 511, 512, 513, 2'047, 2'048, 2'049, 100'003};
}

/// The tree as docs/numerics.md describes it, without any of the library's loops.
double plain_tree(const std::vector<double>& x, const std::vector<double>& y) {
  std::vector<double> nodes;
  for (std::size_t first = 0; first < x.size(); first += 512) {
    double lane[8];
    std::fill(lane, lane + 8, -0.0);
    for (std::size_t i = first; i < first + 512 && i < x.size(); ++i) {
      lane[i % 8] = std::fma(y[i], x[i], lane[i % 8]);
    }
    for (int half = 4; half > 0; half /= 2) {
      for (int j = 0; j < half; ++j) {
        lane[j] += lane[j + half];
      }
    }
    nodes.push_back(lane[0]);
  }
  while (nodes.size() > 1) {
    std::vector<double> above;
    for (std::size_t i = 0; i < nodes.size(); i += 2) {
      above.push_back(i + 1 < nodes.size() ? nodes[i] + nodes[i + 1] : nodes[i]);
    }
    nodes = above;
  }
  return nodes.empty() ? 0.0 : nodes.front();
}

bool same(double a, double b) { return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b); }

TEST_P(sums, have_the_bits_of_the_tree_on_any_number_of_threads) {
  for (const std::int64_t n : sizes(is_emulated())) {
    const std::vector<double> x = scattered<double>(n, 1);
    const std::vector<double> y = scattered<double>(n, 2);
    const std::vector<double> ones(x.size(), 1.0);
    for (const int n_threads : {1, 2, 3, 8}) {
      const context threads = on_threads(n_threads);

      EXPECT_TRUE(same(sum(threads, std::span<const double>(x)), plain_tree(x, ones))) << n;
      EXPECT_TRUE(same(dot(threads, std::span<const double>(x), std::span<const double>(y)), plain_tree(x, y))) << n;
    }
  }
}

TEST_P(sums, of_floats_are_those_of_the_same_numbers_as_doubles) {
  for (const std::int64_t n : sizes(is_emulated())) {
    const std::vector<float> x = scattered<float>(n, 3);
    const std::vector<float> y = scattered<float>(n, 4);
    const std::vector<double> wide_x(x.begin(), x.end());
    const std::vector<double> wide_y(y.begin(), y.end());

    EXPECT_TRUE(same(sum(ctx(), std::span<const float>(x)), sum(ctx(), std::span<const double>(wide_x)))) << n;
    EXPECT_TRUE(same(dot(ctx(), std::span<const float>(x), std::span<const float>(y)),
                     dot(ctx(), std::span<const double>(wide_x), std::span<const double>(wide_y))))
        << n;
  }
}

TEST_P(sums, of_nothing_are_zero) {
  const std::span<const double> nothing;

  EXPECT_TRUE(same(sum(ctx(), nothing), 0.0));
  EXPECT_TRUE(same(dot(ctx(), nothing, nothing), 0.0));
  for (const norm_kind kind : {norm_kind::l1, norm_kind::l2, norm_kind::max}) {
    EXPECT_TRUE(same(norm(ctx(), nothing, kind), 0.0));
  }
  EXPECT_EQ(mean(ctx(), nothing), 0);
  EXPECT_EQ(variance(ctx(), nothing), 0);
}

TEST_P(sums, keep_the_sign_of_zeros) {
  const std::vector<double> zeros(700, -0.0);

  EXPECT_TRUE(same(sum(ctx(), std::span<const double>(zeros)), -0.0));
}

TEST_P(sums, norms_are_those_of_the_oracle) {
  for (const std::int64_t n : sizes(is_emulated())) {
    const std::vector<double> x = scattered<double>(n, 5);
    long double absolute = 0;
    long double squares = 0;
    double largest = 0;
    for (const double value : x) {
      absolute += std::abs(value);
      squares += static_cast<long double>(value) * value;
      largest = std::max(largest, std::abs(value));
    }
    const std::span<const double> view(x);

    EXPECT_NEAR(norm(ctx(), view, norm_kind::l1), static_cast<double>(absolute), 1e-14 * static_cast<double>(absolute));
    EXPECT_NEAR(norm(ctx(), view), static_cast<double>(std::sqrt(squares)),
                1e-14 * static_cast<double>(std::sqrt(squares)));
    EXPECT_EQ(norm(ctx(), view, norm_kind::max), largest);
  }
}

TEST_P(sums, l2_norms_neither_overflow_nor_underflow_on_the_way) {
  for (const double scale : {0x1p1020, 0x1p-1000, 0x1p-1070, 1.0}) {
    const std::vector<double> x = {3 * scale, -4 * scale};

    EXPECT_EQ(norm(ctx(), std::span<const double>(x)), 5 * scale) << scale;
  }
}

TEST_P(sums, that_overflow_are_refused) {
  const std::vector<double> x = {1e308, 1e308};
  std::vector<double> both(1'024, 1e308);  // infinity less infinity
  std::fill(both.begin() + 512, both.end(), -1e308);

  EXPECT_EQ(error_of<numerical_failure>([&] { sum(ctx(), std::span<const double>(x)); }),
            "sum: sums of the numbers overflow");
  EXPECT_THROW(sum(ctx(), std::span<const double>(both)), numerical_failure);
  EXPECT_THROW(mean(ctx(), std::span<const double>(x)), numerical_failure);
  EXPECT_THROW(variance(ctx(), std::span<const double>(x)), numerical_failure);
  EXPECT_THROW(dot(ctx(), std::span<const double>(x), std::span<const double>(x)), numerical_failure);
  EXPECT_THROW(norm(ctx(), std::span<const double>(x), norm_kind::l1), numerical_failure);
  EXPECT_EQ(norm(ctx(), std::span<const double>(x), norm_kind::max), 1e308);
}

TEST_P(sums, norms_of_zeros_have_no_sign) {
  const std::vector<double> zeros = {-0.0, 0.0};

  for (const norm_kind kind : {norm_kind::l1, norm_kind::l2, norm_kind::max}) {
    EXPECT_FALSE(std::signbit(norm(ctx(), std::span<const double>(zeros), kind)));
  }
}

TEST_P(sums, do_not_depend_on_the_floating_point_mode_of_the_caller) {
  const std::vector<double> x = {1, 1, 1};
  const std::vector<double> small = {3e-320, 4e-320};
  const auto results = [&] {
    return std::vector<double>{sum(ctx(), std::span<const double>(x)), norm(ctx(), std::span<const double>(x)),
                               norm(ctx(), std::span<const double>(small)),
                               variance(ctx(), std::span<const double>(small))};
  };
  const std::vector<double> expected = results();

  const fp_mode hostile(flush_to_zero | round_upward);
  EXPECT_EQ(results(), expected);
}

TEST_P(sums, refuse_degrees_of_freedom_that_are_no_number) {
  const std::vector<double> x = {1, 2};

  EXPECT_EQ(error_of<invalid_argument>([&] { variance(ctx(), std::span<const double>(x), std::nan("")); }),
            "variance: ddof is nan but must be finite");
}

TEST_P(sums, refuse_what_is_not_finite) {
  std::vector<double> x(600, 1.0);
  x[555] = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> ones(600, 1.0);

  const auto message = [](const char* function, const char* name) {
    return std::string(function) + ": " + name + " is nan at row 555, column 0 (counted from 0) but must be finite";
  };
  EXPECT_EQ(error_of<invalid_argument>([&] { sum(ctx(), std::span<const double>(x)); }), message("sum", "x"));
  EXPECT_EQ(error_of<invalid_argument>([&] { norm(ctx(), std::span<const double>(x)); }), message("norm", "x"));
  EXPECT_EQ(error_of<invalid_argument>([&] { dot(ctx(), std::span<const double>(ones), std::span<const double>(x)); }),
            message("dot", "y"));
  EXPECT_EQ(error_of<invalid_argument>([&] { dot(ctx(), std::span<const double>(x), std::span(ones).first(2)); }),
            "dot: x has 600 elements but y has 2");
}

}  // namespace
}  // namespace samebits::tests
