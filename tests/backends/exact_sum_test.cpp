// Exact sums on every backend. tests/core/exact_sum_test.cpp compares the integers with MPFR; here they are the oracle.
#include "samebits/exact_sum.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <limits>
#include <numeric>
#include <random>
#include <span>

#include "tests/backends/backend_test.hpp"

namespace samebits::tests {
namespace {

using exact_sums = backend_test;
SAMEBITS_ON_EVERY_BACKEND(exact_sums);
INSTANTIATE_TEST_SUITE_P(in_pieces_on, exact_sums, testing::Values("cuda-emulated-small"), backend_test_name);

using limits = std::numeric_limits<double>;
using numbers = std::vector<double>;

/// Bit patterns, which tell 0.0 from -0.0.
std::vector<std::uint64_t> bits(const numbers& values) {
  std::vector<std::uint64_t> patterns(values.size());
  std::transform(values.begin(), values.end(), patterns.begin(),
                 [](double x) { return std::bit_cast<std::uint64_t>(x); });
  return patterns;
}
std::uint64_t bits(double value) { return std::bit_cast<std::uint64_t>(value); }

// ---- data ----------------------------------------------------------------------------------------------------------

/// Magnitudes of 2^low to 2^high, in the range of T.
template <class T>
std::vector<T> wide_numbers(std::size_t n, int low, int high, unsigned seed = 1) {
  std::mt19937_64 source(seed);
  std::vector<T> x(n);
  for (T& value : x) {
    const int exponent = low + static_cast<int>(source() % static_cast<unsigned>(high - low));
    const double significand = 1 + static_cast<double>(source() >> 12) * 0x1p-52;
    value = static_cast<T>(std::ldexp(source() % 2 == 0 ? significand : -significand, exponent));
  }
  return x;
}

/// Blocks of every kind, one after the other: close together, far apart, everywhere, tiny, huge, zeros of both signs.
numbers mixed_numbers(std::size_t n) {
  constexpr std::size_t piece = 1500;
  constexpr int ranges[][2] = {{-3, 3}, {-60, 10}, {-1074, 1024}, {-1074, -1030}, {1000, 1024}, {-1, 0}};
  numbers x;
  for (unsigned i = 0; x.size() < n; ++i) {
    const auto& range = ranges[i % std::size(ranges)];
    const numbers part = wide_numbers<double>(piece, range[0], range[1], i);
    x.insert(x.end(), part.begin(), part.end());
    x.insert(x.end(), {0.0, -0.0, -part[0], 1e300, -1e300});
  }
  x.resize(n);
  return x;
}

// ---- the oracle ----------------------------------------------------------------------------------------------------

template <class T>
core::exact_sum scalar_sum(std::span<const T> x, std::size_t stride = 1) {
  core::exact_sum sum;
  sum.clear();
  for (std::size_t i = 0; i < x.size(); i += stride) {
    sum.add(static_cast<double>(x[i]));
  }
  return sum;
}

template <class T>
core::exact_sum scalar_dot(std::span<const T> x, std::span<const T> y, std::size_t stride = 1) {
  core::exact_sum sum;
  sum.clear();
  for (std::size_t i = 0; i < x.size(); i += stride) {
    sum.add_product(static_cast<double>(x[i]), static_cast<double>(y[i]));
  }
  return sum;
}

/// All functions of lists.
template <class T>
void expect_exact(const context& ctx, const std::vector<T>& x, const std::vector<T>& y) {
  const std::span<const T> all(x);
  const std::span<const T> factors(y);
  const core::exact_sum sum = scalar_sum(all);

  EXPECT_EQ(bits(exact_sum(ctx, all)), bits(sum.rounded())) << x.size() << " numbers";
  EXPECT_EQ(bits(exact_dot(ctx, all, factors)), bits(scalar_dot(all, factors).rounded())) << x.size() << " products";
  if (!x.empty()) {
    EXPECT_EQ(bits(exact_mean(ctx, all)), bits(sum.mean(std::ssize(x)))) << x.size() << " numbers";
  }
}

/// All functions of matrices.
template <class T>
void expect_exact_columns(const context& ctx, const std::vector<T>& x, const std::vector<T>& y, std::int64_t n_rows,
                          std::int64_t n_cols) {
  const matrix_view<const T> matrix(x.data(), n_rows, n_cols);
  const matrix_view<const T> factors(y.data(), n_rows, n_cols);
  numbers sums;
  numbers dots;
  numbers means;
  for (std::int64_t j = 0; j < n_cols; ++j) {
    const auto from_column = [&](const std::vector<T>& values) {
      return std::span<const T>(values).subspan(n_rows == 0 ? 0 : static_cast<std::size_t>(j));
    };
    const auto stride = static_cast<std::size_t>(n_cols);
    const core::exact_sum sum = scalar_sum(from_column(x), stride);
    sums.push_back(sum.rounded());
    means.push_back(sum.mean(std::max<std::int64_t>(n_rows, 1)));
    dots.push_back(scalar_dot(from_column(x), from_column(y), stride).rounded());
  }

  EXPECT_EQ(bits(exact_sum(ctx, matrix)), bits(sums)) << n_rows << " x " << n_cols;
  EXPECT_EQ(bits(exact_dot(ctx, matrix, factors)), bits(dots)) << n_rows << " x " << n_cols;
  if (n_rows > 0) {
    EXPECT_EQ(bits(exact_mean(ctx, matrix)), bits(means)) << n_rows << " x " << n_cols;
  }
}

// ---- results -------------------------------------------------------------------------------------------------------

TEST_P(exact_sums, are_those_of_the_scalar_integers_for_any_number_of_elements) {
  for (const std::size_t n : {0u,   1u,   2u,   3u,   7u,   8u,    9u,    31u,   32u,   33u,   255u,
                              256u, 257u, 511u, 512u, 513u, 1023u, 1024u, 1025u, 1055u, 1056u, 5000u}) {
    expect_exact(ctx(), wide_numbers<double>(n, -10, 10), wide_numbers<double>(n, -5, 8, 2));
    expect_exact(ctx(), wide_numbers<double>(n, -60, 10), wide_numbers<double>(n, -40, 40, 2));
    expect_exact(ctx(), wide_numbers<double>(n, -1074, 1024), wide_numbers<double>(n, -1074, 1024, 2));
    expect_exact(ctx(), wide_numbers<float>(n, -10, 10), wide_numbers<float>(n, -5, 8, 2));
    expect_exact(ctx(), wide_numbers<float>(n, -149, 127), wide_numbers<float>(n, -149, 127, 2));
  }
}

TEST_P(exact_sums, are_those_of_the_scalar_integers_for_many_numbers_of_all_kinds) {
  const std::size_t n = is_emulated() ? 20'000 : 400'003;
  const numbers x = mixed_numbers(n);
  numbers y = mixed_numbers(n + 777);
  y.erase(y.begin(), y.begin() + 777);

  expect_exact(ctx(), x, y);
  expect_exact(ctx(), wide_numbers<float>(n, -20, 20), wide_numbers<float>(n, -149, 127));
}

TEST_P(exact_sums, take_matrices_of_any_shape) {
  for (const std::int64_t n_cols : {1, 2, 3, 7, 8, 9, 16, 17, 100}) {
    for (const std::int64_t n_rows : {0, 1, 2, 31, 511, 512, 513, 1025}) {
      const auto n = static_cast<std::size_t>(n_rows * n_cols);
      expect_exact_columns(ctx(), mixed_numbers(n), wide_numbers<double>(n, -20, 20), n_rows, n_cols);
      expect_exact_columns(ctx(), wide_numbers<float>(n, -20, 20), wide_numbers<float>(n, -149, 127), n_rows, n_cols);
    }
  }
}

TEST_P(exact_sums, take_many_columns) {
  const std::int64_t n_cols = is_emulated() ? 66'000 : 70'001;  // more than a device holds at a time
  const auto n = static_cast<std::size_t>(3 * n_cols);
  expect_exact_columns(ctx(), mixed_numbers(n), wide_numbers<double>(n, -20, 20), 3, n_cols);
}

TEST_P(exact_sums, find_the_small_number_between_large_ones_that_cancel) {
  for (const std::size_t n : {3u, 40u, 3000u}) {
    numbers x(n, 0.0);
    x[0] = 1e308;
    x[n / 2] = 1e-308;
    x[n - 1] = -1e308;

    EXPECT_EQ(exact_sum(ctx(), x), 1e-308);
    EXPECT_EQ(exact_dot(ctx(), x, x), limits::infinity());
    const numbers ones(n, 1.0);
    EXPECT_EQ(exact_dot(ctx(), x, ones), 1e-308);
  }
  EXPECT_EQ(exact_dot(ctx(), numbers{1e200, 1e200, 3}, numbers{1e200, -1e200, 5}), 15);
}

TEST_P(exact_sums, of_nothing_and_of_zeros_are_plus_zero) {
  for (const std::size_t n : {0u, 1u, 50u, 2000u}) {
    for (const double zero : {0.0, -0.0}) {
      const numbers x(n, zero);

      EXPECT_EQ(bits(exact_sum(ctx(), x)), bits(0.0));
      EXPECT_EQ(bits(exact_dot(ctx(), x, x)), bits(0.0));
    }
  }
  EXPECT_EQ(exact_sum(ctx(), matrix_view<const double>(nullptr, 0, 2)), numbers(2, 0.0));
  EXPECT_EQ(exact_sum(ctx(), matrix_view<const double>(nullptr, 2, 0)), numbers());
  EXPECT_EQ(exact_mean(ctx(), matrix_view<const double>(nullptr, 2, 0)), numbers());
}

TEST_P(exact_sums, of_large_numbers_overflow_but_their_means_do_not) {
  const numbers x(3000, limits::max());

  EXPECT_EQ(exact_sum(ctx(), x), limits::infinity());
  EXPECT_EQ(exact_mean(ctx(), x), limits::max());
}

// ---- independence --------------------------------------------------------------------------------------------------

TEST_P(exact_sums, do_not_depend_on_the_order_of_the_numbers) {
  numbers x = mixed_numbers(is_emulated() ? 10'000 : 100'001);
  const double sum = exact_sum(ctx(), x);
  std::mt19937_64 order(3);
  for (int round = 0; round < 5; ++round) {
    std::shuffle(x.begin(), x.end(), order);

    EXPECT_EQ(bits(exact_sum(ctx(), x)), bits(sum));
  }
}

TEST_P(exact_sums, do_not_depend_on_the_order_of_rows) {
  constexpr std::size_t n_cols = 3;
  const std::size_t n_rows = is_emulated() ? 2'000 : 50'001;
  const numbers x = mixed_numbers(n_rows * n_cols);
  std::vector<std::size_t> order(n_rows);
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), std::mt19937_64(4));
  numbers shuffled;
  for (const std::size_t row : order) {
    shuffled.insert(shuffled.end(), x.begin() + static_cast<std::ptrdiff_t>(row * n_cols),
                    x.begin() + static_cast<std::ptrdiff_t>((row + 1) * n_cols));
  }
  const auto view_of = [&](const numbers& values) {
    return matrix_view<const double>(values.data(), static_cast<std::int64_t>(n_rows), n_cols);
  };

  EXPECT_EQ(bits(exact_sum(ctx(), view_of(shuffled))), bits(exact_sum(ctx(), view_of(x))));
  EXPECT_EQ(bits(exact_mean(ctx(), view_of(shuffled))), bits(exact_mean(ctx(), view_of(x))));
  EXPECT_EQ(bits(exact_dot(ctx(), view_of(shuffled), view_of(shuffled))),
            bits(exact_dot(ctx(), view_of(x), view_of(x))));
}

TEST_P(exact_sums, have_the_same_bits_on_any_number_of_threads) {
  const std::size_t n = is_emulated() ? 70'000 : 700'000;
  const numbers x = mixed_numbers(n);
  for (const int n_threads : {1, 2, 3, 8}) {
    const context ctx = on_threads(n_threads);
    expect_exact(ctx, x, x);
    for (const std::int64_t n_cols : {2, 10, 70}) {
      expect_exact_columns(ctx, x, x, static_cast<std::int64_t>(n) / n_cols, n_cols);
    }
  }
}

TEST_P(exact_sums, do_not_depend_on_the_floating_point_modes_of_the_caller) {
  const numbers x = mixed_numbers(10'000);
  const double sum = exact_sum(ctx(), x);
  const double subnormal = exact_mean(ctx(), numbers{5e-324, 2.5e-322, 0});
  for (const std::uint64_t mode : {flush_to_zero, round_upward}) {
    const fp_mode guard(mode);

    EXPECT_EQ(bits(exact_sum(ctx(), x)), bits(sum));
    EXPECT_EQ(bits(exact_mean(ctx(), numbers{5e-324, 2.5e-322, 0})), bits(subnormal));
  }
}

// ---- totals --------------------------------------------------------------------------------------------------------

/// Cuts 0 .. n into ranges of any size, some of them empty.
std::vector<std::size_t> random_cuts(std::size_t n, std::size_t n_parts, std::mt19937_64& source) {
  std::vector<std::size_t> cuts = {0, n};
  while (cuts.size() < n_parts + 1) {
    cuts.push_back(source() % (n + 1));
  }
  std::sort(cuts.begin(), cuts.end());
  return cuts;
}

TEST_P(exact_sums, of_any_parts_merged_in_any_order_have_the_bytes_of_one_pass) {
  const numbers x = mixed_numbers(is_emulated() ? 5'000 : 40'000);
  const numbers y = wide_numbers<double>(x.size(), -500, 500);
  exact_total whole;
  whole.add(ctx(), x);
  whole.add_product(ctx(), x, y);
  std::mt19937_64 source(5);
  for (std::size_t n_parts = 1; n_parts <= 17; ++n_parts) {
    const std::vector<std::size_t> cuts = random_cuts(x.size(), n_parts, source);
    std::vector<exact_total> parts(n_parts);
    for (std::size_t i = 0; i < n_parts; ++i) {
      const std::span<const double> part = std::span(x).subspan(cuts[i], cuts[i + 1] - cuts[i]);
      parts[i].add(ctx(), part);
      parts[i].add_product(ctx(), part, std::span(y).subspan(cuts[i], part.size()));
    }
    std::shuffle(parts.begin(), parts.end(), source);
    while (parts.size() > 1) {  // any tree of merges
      const std::size_t i = source() % (parts.size() - 1);
      parts[i].merge(exact_total::from_bytes(parts.back().bytes()));
      parts.pop_back();
    }

    EXPECT_EQ(parts[0], whole) << n_parts << " parts";
    EXPECT_EQ(parts[0].bytes(), whole.bytes()) << n_parts << " parts";
    EXPECT_EQ(bits(parts[0].sum()), bits(whole.sum()));
    EXPECT_EQ(bits(parts[0].mean()), bits(whole.mean()));
  }
  EXPECT_EQ(whole.count(), 2 * std::ssize(x));
}

TEST_P(exact_sums, of_totals_are_those_of_lists) {
  const std::vector<float> x = wide_numbers<float>(3000, -100, 100);
  const std::vector<float> y = wide_numbers<float>(3000, -20, 20);
  exact_total sum;
  sum.add(ctx(), x);
  exact_total dot;
  dot.add_product(ctx(), x, y);

  EXPECT_EQ(bits(sum.sum()), bits(exact_sum(ctx(), x)));
  EXPECT_EQ(bits(sum.mean()), bits(exact_mean(ctx(), x)));
  EXPECT_EQ(bits(dot.sum()), bits(exact_dot(ctx(), x, y)));
  EXPECT_EQ(dot.count(), 3000);
}

TEST_P(exact_sums, of_totals_stay_as_they_were_when_a_call_fails) {
  exact_total total;
  total.add(ctx(), numbers{1, 2});
  const exact_total before = total;

  EXPECT_THROW(total.add(ctx(), numbers{5, limits::quiet_NaN()}), invalid_argument);
  EXPECT_THROW(total.add_product(ctx(), numbers{5}, numbers{1, 2}), invalid_argument);

  EXPECT_EQ(total, before);
}

// ---- bytes ---------------------------------------------------------------------------------------------------------

TEST(exact_total_bytes, are_the_same_everywhere) {
  const context ctx({"cpu", "scalar", 1});
  exact_total total;
  total.add(ctx, numbers{-1.5});

  const std::vector<std::byte> bytes = total.bytes();

  // Bit 2176 is worth 1: -1.5 is ...1110 followed by a 1 in the half below, in limbs 67 and 68 of 134.
  std::vector<std::byte> expected(16 + 4 * 134, std::byte{0});
  const char start[] = "SBES\1\0\0\0\1\0\0\0\0\0\0\0";
  std::transform(start, start + 16, expected.begin(), [](char c) { return static_cast<std::byte>(c); });
  std::fill(expected.begin() + 16 + 4 * 68, expected.end(), std::byte{0xff});
  expected[16 + 4 * 67 + 3] = std::byte{0x80};
  expected[16 + 4 * 68] = std::byte{0xfe};
  EXPECT_EQ(bytes, expected);
  EXPECT_EQ(exact_total::from_bytes(bytes).sum(), -1.5);
}

TEST(exact_total_bytes, give_back_every_total) {
  const context ctx({"cpu", "scalar", 1});
  for (const numbers& x : {numbers{}, {0.0}, {1e308, 1e308}, {-5e-324}, {1e308, -1e-308, 3}, mixed_numbers(5000)}) {
    exact_total total;
    total.add(ctx, x);

    const exact_total copy = exact_total::from_bytes(total.bytes());

    EXPECT_EQ(copy, total);
    EXPECT_EQ(copy.count(), std::ssize(x));
    EXPECT_EQ(bits(copy.sum()), bits(total.sum()));
  }
}

std::string refusal(const std::vector<std::byte>& bytes) {
  return error_of<invalid_argument>([&] { exact_total::from_bytes(bytes); });
}

TEST(exact_total_bytes, of_something_else_are_refused) {
  std::vector<std::byte> bytes = exact_total().bytes();
  const auto changed = [&](std::size_t place, int value) {
    std::vector<std::byte> copy = bytes;
    copy[place] = static_cast<std::byte>(value);
    return copy;
  };

  EXPECT_EQ(refusal({}), "exact_total::from_bytes: bytes do not start like those of an exact_total");
  EXPECT_EQ(refusal(changed(0, 'x')), "exact_total::from_bytes: bytes do not start like those of an exact_total");
  EXPECT_EQ(refusal(changed(4, 2)), "exact_total::from_bytes: bytes have version 2 but this library reads version 1");
  EXPECT_EQ(refusal(changed(15, 0x80)),
            "exact_total::from_bytes: the count is -9223372036854775808 but must be 0 to 2^62");
  EXPECT_EQ(refusal(changed(40, 1)), "exact_total::from_bytes: the sum cannot be one of 0 numbers");
  bytes[8] = std::byte{1};
  EXPECT_EQ(refusal(changed(bytes.size() - 1, 0x7f)), "exact_total::from_bytes: the sum cannot be one of 1 numbers");
  bytes.pop_back();
  EXPECT_EQ(refusal(bytes), "exact_total::from_bytes: bytes has 551 elements but must have 552");
}

TEST(exact_total_merge, refuses_a_count_above_2_to_the_62) {
  std::vector<std::byte> bytes = exact_total().bytes();
  bytes[15] = std::byte{0x40};
  exact_total total = exact_total::from_bytes(bytes);
  bytes[15] = std::byte{0};
  bytes[8] = std::byte{1};

  EXPECT_EQ(error_of<invalid_argument>([&] { total.merge(exact_total::from_bytes(bytes)); }),
            "exact_total::merge: the counts are 4611686018427387904 and 1 but their sum must be at most 2^62");
  EXPECT_EQ(total.count(), std::int64_t{1} << 62);
}

TEST(exact_total_merge, takes_a_total_and_itself) {
  const context ctx({"cpu", "scalar", 1});
  exact_total total;
  total.add(ctx, numbers{0.1, 1e300});

  total.merge(total);

  exact_total twice;
  twice.add(ctx, numbers{0.1, 1e300, 0.1, 1e300});
  EXPECT_EQ(total, twice);
}

TEST(exact_total_mean, of_nothing_is_refused) {
  EXPECT_EQ(error_of<invalid_argument>([] { exact_total().mean(); }),
            "exact_total::mean: the count is 0 but a mean needs at least one number");
  EXPECT_EQ(bits(exact_total().sum()), bits(0.0));
}

// ---- errors --------------------------------------------------------------------------------------------------------

TEST_P(exact_sums, refuse_numbers_that_are_not_finite) {
  for (const std::size_t n : {5u, 4000u}) {
    for (const std::size_t place : {std::size_t{3}, n - 1}) {
      numbers x(n, 1.0);
      const numbers ones(n, 1.0);
      const std::string index = "[" + std::to_string(place) + "]";
      x[place] = limits::quiet_NaN();
      EXPECT_EQ(error_of<invalid_argument>([&] { exact_sum(ctx(), x); }),
                "exact_sum: x" + index + " is nan but must be finite");
      EXPECT_EQ(error_of<invalid_argument>([&] { exact_dot(ctx(), ones, x); }),
                "exact_dot: y" + index + " is nan but must be finite");
      x[place] = -limits::infinity();
      EXPECT_EQ(error_of<invalid_argument>([&] { exact_mean(ctx(), x); }),
                "exact_mean: x" + index + " is -inf but must be finite");
      EXPECT_EQ(error_of<invalid_argument>([&] { exact_dot(ctx(), x, numbers(n, 0.0)); }),
                "exact_dot: x" + index + " is -inf but must be finite");
      exact_total total;
      EXPECT_EQ(error_of<invalid_argument>([&] { total.add(ctx(), x); }),
                "exact_total::add: x" + index + " is -inf but must be finite");
    }
  }
  const std::vector<float> floats = {1, 2, std::numeric_limits<float>::infinity()};
  EXPECT_EQ(error_of<invalid_argument>([&] { exact_sum(ctx(), floats); }), "exact_sum: x[2] is inf but must be finite");
}

TEST_P(exact_sums, refuse_matrices_with_numbers_that_are_not_finite) {
  numbers x(12, 1.0);
  x[7] = limits::infinity();
  const matrix_view<const double> matrix(x.data(), 4, 3);

  EXPECT_EQ(error_of<invalid_argument>([&] { exact_sum(ctx(), matrix); }),
            "exact_sum: x is inf at row 2, column 1 (counted from 0) but must be finite");
  EXPECT_EQ(error_of<invalid_argument>([&] { exact_mean(ctx(), matrix); }),
            "exact_mean: x is inf at row 2, column 1 (counted from 0) but must be finite");
}

TEST_P(exact_sums, refuse_two_sizes) {
  const numbers two(2);
  const numbers three(3);
  const numbers six(6);

  EXPECT_EQ(error_of<invalid_argument>([&] { exact_dot(ctx(), two, three); }),
            "exact_dot: x has 2 elements but y has 3 elements");
  EXPECT_EQ(error_of<invalid_argument>([&] {
              exact_dot(ctx(), matrix_view<const double>(six.data(), 2, 3),
                        matrix_view<const double>(six.data(), 3, 2));
            }),
            "exact_dot: x has 2 x 3 values but y has 3 x 2 values");
  exact_total total;
  EXPECT_EQ(error_of<invalid_argument>([&] { total.add_product(ctx(), three, two); }),
            "exact_total::add_product: x has 3 elements but y has 2 elements");
}

TEST_P(exact_sums, refuse_means_of_nothing_and_matrices_that_cannot_be) {
  EXPECT_EQ(error_of<invalid_argument>([&] { exact_mean(ctx(), numbers()); }),
            "exact_mean: x has 0 elements but a mean needs at least one element");
  EXPECT_EQ(error_of<invalid_argument>([&] { exact_mean(ctx(), matrix_view<const double>(nullptr, 0, 3)); }),
            "exact_mean: x has 0 x 3 values but a mean needs at least one row");
  EXPECT_EQ(error_of<invalid_argument>([&] { exact_sum(ctx(), matrix_view<const double>(nullptr, -1, 3)); }),
            "exact_sum: x cannot have -1 x 3 values");
  EXPECT_EQ(error_of<invalid_argument>([&] { exact_sum(ctx(), matrix_view<const double>(nullptr, 2, 3)); }),
            "exact_sum: x has 2 x 3 values but its data pointer is null");
}

}  // namespace
}  // namespace samebits::tests
