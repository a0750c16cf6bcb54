// Summaries and covariances of rows, at once and from ranges, on every backend.
#include "samebits/summary.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "samebits/sum.hpp"
#include "tests/backends/backend_test.hpp"

namespace samebits::tests {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

using summaries = backend_test;
SAMEBITS_ON_EVERY_BACKEND(summaries);
INSTANTIATE_TEST_SUITE_P(in_batches_on, summaries, testing::Values("cuda-emulated-small"), backend_test_name);

constexpr statistic statistics[] = {statistic::sum, statistic::absolute_sum, statistic::product, statistic::moments,
                                    statistic::covariance};

// ---- data ----------------------------------------------------------------------------------------------------------

/// Rows of every sign and of several magnitudes, far from the origin in every other column, and weights.
template <class T>
struct table {
  table(std::int64_t rows, std::int64_t cols) : n_rows(rows), n_cols(cols) {
    std::mt19937_64 bits(static_cast<std::uint64_t>(rows * 1000 + cols));
    const auto uniform = [&] { return static_cast<double>(bits() >> 11) * 0x1p-53; };
    for (std::int64_t i = 0; i < rows * cols; ++i) {
      const std::int64_t column = i % cols;
      x.push_back(static_cast<T>((uniform() - 0.5) * std::ldexp(1.0, static_cast<int>(column % 5)) +
                                 (column % 2 == 1 ? 1000.0 : 0.0)));
      y.push_back(static_cast<T>(uniform() - 0.25));
    }
    for (std::int64_t i = 0; i < rows; ++i) {
      weights.push_back(i % 7 == 3 ? 0.0 : 3 * uniform());
    }
  }

  matrix_view<const T> view() const { return {x.data(), n_rows, n_cols}; }
  matrix_view<const T> rows(std::int64_t first, std::int64_t end) const {
    return {x.data() + first * n_cols, end - first, n_cols};
  }
  matrix_view<const T> rows_of_y(std::int64_t first, std::int64_t end) const {
    return {y.data() + first * n_cols, end - first, n_cols};
  }
  std::span<const double> weights_of(std::int64_t first, std::int64_t end) const {
    return std::span(weights).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(end - first));
  }

  std::int64_t n_rows;
  std::int64_t n_cols;
  std::vector<T> x;
  std::vector<T> y;
  std::vector<double> weights;
};

std::vector<std::int64_t> row_counts(bool few) {
  return few ? std::vector<std::int64_t>{1, 7, 513, 1100}
             : std::vector<std::int64_t>{1, 2, 7, 8, 9, 511, 512, 513, 1024, 4 * 512, 4 * 512 + 3, 9'001};
}

// ---- oracle --------------------------------------------------------------------------------------------------------

struct exact_moments {
  long double mean;
  long double second;
};

template <class T>
exact_moments moments_of(const table<T>& t, std::int64_t column, bool weighted) {
  long double weight = 0;
  long double sum = 0;
  const auto weight_of = [&](std::int64_t i) { return weighted ? static_cast<long double>(t.weights[i]) : 1.0L; };
  for (std::int64_t i = 0; i < t.n_rows; ++i) {
    weight += weight_of(i);
    sum += weight_of(i) * t.view()(i, column);
  }
  const long double mean = weight > 0 ? sum / weight : 0;
  long double second = 0;
  for (std::int64_t i = 0; i < t.n_rows; ++i) {
    const long double dx = t.view()(i, column) - mean;
    second += weight_of(i) * dx * dx;
  }
  return {mean, second};
}

template <class T>
void expect_oracle(const context& ctx, const table<T>& t, bool weighted) {
  SCOPED_TRACE(testing::Message() << t.n_rows << " x " << t.n_cols << (weighted ? " weighted" : ""));
  const std::span<const double> weights = weighted ? std::span<const double>(t.weights) : std::span<const double>();

  const summary s = summarize(ctx, t.view(), weights, 0);

  const double total =
      weighted ? std::accumulate(t.weights.begin(), t.weights.end(), 0.0) : static_cast<double>(t.n_rows);
  EXPECT_EQ(s.n_rows, t.n_rows);
  EXPECT_NEAR(s.weight, total, 1e-13 * total);
  for (std::int64_t a = 0; a < t.n_cols; ++a) {
    const std::size_t at = static_cast<std::size_t>(a);
    const exact_moments exact = moments_of(t, a, weighted);
    const double mean = static_cast<double>(exact.mean);
    const double scale = std::ldexp(1.0, static_cast<int>(a % 5));
    EXPECT_NEAR(s.mean[at], mean, 3e-16 * std::max(scale, std::abs(mean))) << "column " << a;
    EXPECT_NEAR(s.sum[at], mean * total, 1e-13 * std::max(1.0, std::abs(mean)) * total) << "column " << a;
    const double variance = total > 0 ? static_cast<double>(exact.second) / total : 0;
    EXPECT_NEAR(s.variance[at], variance, 3e-14 * variance + 1e-30) << "column " << a;
    double least = infinity;
    double largest = -infinity;
    for (std::int64_t i = 0; i < t.n_rows; ++i) {
      least = std::min<double>(least, t.view()(i, a));
      largest = std::max<double>(largest, t.view()(i, a));
    }
    EXPECT_EQ(s.min[at], least);
    EXPECT_EQ(s.max[at], largest);
  }
}

TEST_P(summaries, are_those_of_the_oracle) {
  for (const std::int64_t n_rows : row_counts(is_emulated())) {
    for (const std::int64_t n_cols : {1, 2, 5, 7, 8, 9, 33}) {
      expect_oracle(ctx(), table<double>(n_rows, n_cols), false);
      expect_oracle(ctx(), table<double>(n_rows, n_cols), true);
      expect_oracle(ctx(), table<float>(n_rows, n_cols), false);
      expect_oracle(ctx(), table<float>(n_rows, n_cols), true);
    }
  }
}

TEST_P(summaries, covariances_are_those_of_the_oracle) {
  for (const std::int64_t n_rows : row_counts(is_emulated())) {
    for (const std::int64_t n_cols : {1, 2, 7, 8, 9, 33}) {
      const table<double> t(n_rows, n_cols);
      SCOPED_TRACE(testing::Message() << n_rows << " x " << n_cols);

      const std::vector<double> matrix = covariance(ctx(), t.view(), {}, 0);

      for (std::int64_t a = 0; a < n_cols; ++a) {
        for (std::int64_t b = 0; b <= a; ++b) {
          const long double mean_a = moments_of(t, a, false).mean;
          const long double mean_b = moments_of(t, b, false).mean;
          long double exact = 0;
          for (std::int64_t i = 0; i < n_rows; ++i) {
            exact += (t.view()(i, a) - mean_a) * (t.view()(i, b) - mean_b);
          }
          const double scale = std::ldexp(1.0, static_cast<int>(a % 5 + b % 5));
          const double found = matrix[static_cast<std::size_t>(a * n_cols + b)];
          EXPECT_NEAR(found, static_cast<double>(exact) / static_cast<double>(n_rows), 3e-15 * scale);
          EXPECT_EQ(found, matrix[static_cast<std::size_t>(b * n_cols + a)]);
        }
      }
    }
  }
}

TEST_P(summaries, of_the_nist_data_have_their_certified_digits) {
  const auto around = [](double middle, double low, double high) {
    std::vector<double> x = {middle};
    for (int i = 0; i < 500; ++i) {
      x.push_back(low);
      x.push_back(high);
    }
    return x;
  };
  struct certified {
    const char* name;
    std::vector<double> x;
    double mean;
    double deviation;  // of the data as doubles
  };
  const certified sets[] = {
      {"NumAcc1", {10000001, 10000003, 10000002}, 10000002, 1},
      {"NumAcc2", around(1.2, 1.1, 1.3), 1.2, 0.1},
      {"NumAcc3", around(1000000.2, 1000000.1, 1000000.3), 1000000.2, 0.1000000000349246},
      {"NumAcc4", around(10000000.2, 10000000.1, 10000000.3), 10000000.2, 0.10000000055879354},
  };
  for (const certified& set : sets) {
    EXPECT_DOUBLE_EQ(mean(ctx(), std::span<const double>(set.x)), set.mean) << set.name;
    const double deviation = std::sqrt(variance(ctx(), std::span<const double>(set.x)));
    EXPECT_NEAR(deviation, set.deviation, 5e-16 * std::max(1.0, set.deviation)) << set.name;
  }
}

TEST_P(summaries, far_from_the_origin_lose_no_digit_that_the_data_have) {
  for (const double offset : {1e3, 1e8, 1e12, 1e15}) {
    std::vector<double> x;
    for (int i = 0; i < 5'000; ++i) {
      x.push_back(offset + i % 5);
    }
    const summary s = summarize(ctx(), matrix_view<const double>(x.data(), 5'000, 1), {}, 0);

    EXPECT_EQ(s.mean[0], offset + 2) << offset;
    EXPECT_DOUBLE_EQ(s.variance[0], 2) << offset;
  }
}

// ---- bits ----------------------------------------------------------------------------------------------------------

std::vector<double> numbers_of(const summary& s) {
  std::vector<double> all = {s.weight};
  for (const std::vector<double>* part : {&s.sum, &s.mean, &s.variance, &s.min, &s.max}) {
    all.insert(all.end(), part->begin(), part->end());
  }
  return all;
}

testing::AssertionResult same_bits(const std::vector<double>& found, const std::vector<double>& expected) {
  if (found.size() != expected.size()) {
    return testing::AssertionFailure() << found.size() << " numbers, not " << expected.size();
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (std::bit_cast<std::uint64_t>(found[i]) != std::bit_cast<std::uint64_t>(expected[i])) {
      return testing::AssertionFailure() << "number " << i << " is " << std::hexfloat << found[i] << ", not "
                                         << expected[i];
    }
  }
  return testing::AssertionSuccess();
}

TEST_P(summaries, have_the_bits_of_the_scalar_cpu_on_any_number_of_threads) {
  const context scalar({"cpu", "scalar", 1});
  for (const std::int64_t n_rows : row_counts(is_emulated())) {
    for (const std::int64_t n_cols : {1, 2, 3, 7, 8, 9, 17, 33}) {
      const table<double> doubles(n_rows, n_cols);
      const table<float> floats(n_rows, n_cols);
      for (const int n_threads : {1, 2, 3, 8}) {
        SCOPED_TRACE(testing::Message() << n_rows << " x " << n_cols << ", " << n_threads << " threads");
        const context threads = on_threads(n_threads);
        EXPECT_TRUE(same_bits(numbers_of(summarize(threads, doubles.view(), doubles.weights)),
                              numbers_of(summarize(scalar, doubles.view(), doubles.weights))));
        EXPECT_TRUE(
            same_bits(numbers_of(summarize(threads, floats.view())), numbers_of(summarize(scalar, floats.view()))));
        EXPECT_TRUE(same_bits(covariance(threads, doubles.view(), doubles.weights),
                              covariance(scalar, doubles.view(), doubles.weights)));
        EXPECT_TRUE(same_bits(covariance(threads, floats.view()), covariance(scalar, floats.view())));
      }
    }
  }
}

TEST_P(summaries, with_weights_of_one_have_the_bits_of_those_without) {
  const table<double> t(1'300, 3);
  const std::vector<double> ones(1'300, 1.0);

  EXPECT_TRUE(same_bits(numbers_of(summarize(ctx(), t.view(), ones)), numbers_of(summarize(ctx(), t.view()))));
  EXPECT_TRUE(same_bits(covariance(ctx(), t.view(), ones), covariance(ctx(), t.view())));
}

// ---- ranges --------------------------------------------------------------------------------------------------------

void add_range(partial_summary& state, const context& ctx, const table<double>& t, std::int64_t first,
               std::int64_t end) {
  switch (state.what()) {
    case statistic::product: state.add_product(ctx, first, t.rows(first, end), t.rows_of_y(first, end)); return;
    case statistic::moments:
    case statistic::covariance: state.add(ctx, first, t.rows(first, end), t.weights_of(first, end)); return;
    default: state.add(ctx, first, t.rows(first, end)); return;
  }
}

std::vector<double> result_of(const partial_summary& state) {
  switch (state.what()) {
    case statistic::moments: return numbers_of(state.moments());
    case statistic::covariance: return state.covariance();
    default: return state.sums();
  }
}

/// Bounds of `n` ranges of uneven length, some of them empty.
std::vector<std::int64_t> uneven_bounds(std::int64_t n_rows, int n, std::mt19937_64& bits) {
  std::vector<std::int64_t> bounds = {0, n_rows};
  while (static_cast<int>(bounds.size()) <= n) {
    bounds.push_back(static_cast<std::int64_t>(bits() % static_cast<std::uint64_t>(n_rows + 1)));
  }
  std::sort(bounds.begin(), bounds.end());
  return bounds;
}

// More columns than a block of a GPU has threads, and leaves without a neighbour on two levels of the tree.
TEST_P(summaries, of_wide_rows_have_the_bits_of_the_scalar_cpu) {
  const context scalar({"cpu", "scalar", 1});
  const table<double> t(5 * 512 + 1, 131);
  for (const statistic what : statistics) {
    partial_summary expected(what, t.n_cols);
    partial_summary found(what, t.n_cols);

    add_range(expected, scalar, t, 0, t.n_rows);
    add_range(found, ctx(), t, 0, t.n_rows);

    EXPECT_TRUE(same_bits(result_of(found), result_of(expected))) << "statistic " << static_cast<int>(what);
  }
}

TEST_P(summaries, of_ranges_merged_in_any_order_have_the_bits_of_one_pass) {
  std::mt19937_64 bits(3);
  for (const statistic what : statistics) {
    for (const std::int64_t n_cols : {1, 3, 9}) {
      const table<double> t(is_emulated() ? 2'600 : 20'011, n_cols);
      partial_summary whole(what, n_cols);
      add_range(whole, ctx(), t, 0, t.n_rows);
      for (int n_ranges = 1; n_ranges <= 17; n_ranges += is_emulated() ? 8 : 1) {
        const std::vector<std::int64_t> bounds = uneven_bounds(t.n_rows, n_ranges, bits);
        std::vector<partial_summary> states;
        for (std::size_t i = 0; i + 1 < bounds.size(); ++i) {
          states.emplace_back(what, n_cols);
          add_range(states.back(), ctx(), t, bounds[i], bounds[i + 1]);
        }
        std::shuffle(states.begin(), states.end(), bits);

        partial_summary merged(what, n_cols);
        for (const partial_summary& state : states) {
          merged.merge(partial_summary::from_bytes(state.bytes()));
        }

        EXPECT_TRUE(merged.is_whole());
        EXPECT_EQ(merged.n_rows(), t.n_rows);
        EXPECT_TRUE(same_bits(result_of(merged), result_of(whole)))
            << n_ranges << " ranges, " << n_cols << " columns, statistic " << static_cast<int>(what);
        EXPECT_EQ(merged.bytes(), whole.bytes());
      }
    }
  }
}

TEST_P(summaries, of_ranges_have_the_bits_of_the_functions_for_all_rows) {
  const table<double> t(is_emulated() ? 1'500 : 7'777, 4);
  partial_summary moments(statistic::moments, 4);
  partial_summary matrix(statistic::covariance, 4);
  for (const std::int64_t first : {1'000, 0}) {
    const std::int64_t end = first == 0 ? 1'000 : t.n_rows;
    moments.add(ctx(), first, t.rows(first, end));
    matrix.add(ctx(), first, t.rows(first, end));
  }

  EXPECT_TRUE(same_bits(numbers_of(moments.moments()), numbers_of(summarize(ctx(), t.view()))));
  EXPECT_TRUE(same_bits(matrix.covariance(), covariance(ctx(), t.view())));
}

TEST_P(summaries, of_a_long_range_take_little_memory) {
  const table<double> t(is_emulated() ? 3'000 : 100'000, 1);
  partial_summary state(statistic::sum, 1);

  state.add(ctx(), 300, t.view());

  EXPECT_LT(state.bytes().size(), 12'000);
  EXPECT_FALSE(state.is_whole());
}

// ---- edges and errors ----------------------------------------------------------------------------------------------

TEST_P(summaries, of_nothing_are_defined) {
  const matrix_view<const double> nothing(nullptr, 0, 2);

  const summary s = summarize(ctx(), nothing);

  EXPECT_EQ(s.n_rows, 0);
  EXPECT_EQ(s.weight, 0);
  EXPECT_EQ(s.sum, std::vector<double>(2, 0.0));
  EXPECT_EQ(s.mean, std::vector<double>(2, 0.0));
  EXPECT_EQ(s.variance, std::vector<double>(2, 0.0));
  EXPECT_EQ(s.min, std::vector<double>(2, infinity));
  EXPECT_EQ(s.max, std::vector<double>(2, -infinity));
  EXPECT_EQ(covariance(ctx(), nothing), std::vector<double>(4, 0.0));
}

TEST_P(summaries, of_one_row_have_no_variance) {
  const std::vector<double> x = {2.5, -1};

  const summary s = summarize(ctx(), matrix_view<const double>(x.data(), 1, 2));

  EXPECT_EQ(s.mean, x);
  EXPECT_EQ(s.variance, std::vector<double>(2, 0.0));
  EXPECT_EQ(s.min, x);
  EXPECT_EQ(s.max, x);
}

TEST_P(summaries, without_any_weight_are_those_of_nothing_but_for_the_extremes) {
  const table<double> t(600, 2);

  const summary s = summarize(ctx(), t.view(), std::vector<double>(600, 0.0));

  EXPECT_EQ(s.weight, 0);
  EXPECT_EQ(s.mean, std::vector<double>(2, 0.0));
  EXPECT_EQ(s.variance, std::vector<double>(2, 0.0));
  EXPECT_LT(s.min[0], s.max[0]);
}

TEST_P(summaries, refuse_what_is_not_finite_and_name_its_place) {
  table<double> t(700, 3);
  t.x[601 * 3 + 2] = infinity;

  EXPECT_EQ(error_of<invalid_argument>([&] { summarize(ctx(), t.view()); }),
            "summarize: x is inf at row 601, column 2 (counted from 0) but must be finite");
  EXPECT_EQ(error_of<invalid_argument>([&] { covariance(ctx(), t.view()); }),
            "covariance: x is inf at row 601, column 2 (counted from 0) but must be finite");
  partial_summary state(statistic::sum, 3);
  EXPECT_EQ(error_of<invalid_argument>([&] { state.add(ctx(), 0, t.view()); }),
            "partial_summary::add: x is inf at row 601, column 2 (counted from 0) but must be finite");
  EXPECT_EQ(state.n_rows(), 0);
}

TEST_P(summaries, refuse_weights_that_are_none) {
  const table<double> t(3, 1);

  EXPECT_EQ(error_of<invalid_argument>([&] {
              summarize(ctx(), t.view(), std::vector<double>{1, 2});
            }),
            "summarize: weights has 2 elements but x has 3 rows");
  EXPECT_EQ(error_of<invalid_argument>([&] {
              summarize(ctx(), t.view(), std::vector<double>{1, -2, 1});
            }),
            "summarize: weights[1] is -2 but must be finite and at least 0");
}

TEST_P(summaries, refuse_shapes_that_are_none) {
  const auto error = [&](std::int64_t n_rows, std::int64_t n_cols, const double* data) {
    return error_of<invalid_argument>([&] { summarize(ctx(), matrix_view<const double>(data, n_rows, n_cols)); });
  };
  const std::string rule = " but must have at least 0 rows, 1 to 2^56 columns, and at most 2^56 values";
  const double one = 1;

  EXPECT_EQ(error(3, 0, nullptr), "summarize: x is 3 x 0" + rule);
  EXPECT_EQ(error(-1, 1, &one), "summarize: x is -1 x 1" + rule);
  EXPECT_EQ(error(3, 2, nullptr), "summarize: x is 3 x 2 but its data is NULL");
  EXPECT_THROW(covariance(ctx(), matrix_view<const double>(&one, 0, std::int64_t{1} << 32)), invalid_argument);
  EXPECT_THROW(partial_summary(statistic::covariance, (std::int64_t{1} << 24) + 1), invalid_argument);
}

TEST_P(summaries, of_constant_columns_have_no_negative_variance) {
  const std::vector<double> x(7, 0.495);
  const std::vector<double> weights = {7.6, 2.3, 4, 8.2, 1.5, 6.6, 6.2};
  const matrix_view<const double> column(x.data(), 7, 1);

  EXPECT_GE(summarize(ctx(), column, weights, 0).variance[0], 0);
  EXPECT_GE(covariance(ctx(), column, weights, 0)[0], 0);
}

TEST_P(summaries, that_overflow_are_refused) {
  const std::vector<double> x = {1, 2};

  EXPECT_THROW(summarize(ctx(), matrix_view<const double>(x.data(), 2, 1), std::vector<double>{1e308, 1e308}),
               numerical_failure);
}

TEST_P(summaries, of_ranges_do_not_depend_on_the_floating_point_mode_of_the_caller) {
  const table<double> t(3'000, 2);
  const auto variance_by_parts = [&] {
    partial_summary state(statistic::moments, 2);
    for (const std::int64_t first : {2'000, 0, 1'000}) {
      state.add(ctx(), first, t.rows(first, first + 1'000));
    }
    return state.moments().variance;
  };
  const std::vector<double> expected = summarize(ctx(), t.view()).variance;

  const fp_mode hostile(flush_to_zero | round_upward);
  EXPECT_EQ(variance_by_parts(), expected);
}

TEST_P(summaries, of_products_of_floats_are_those_of_the_same_numbers_as_doubles) {
  const std::vector<float> x = {1, 2, 3, 4};
  const std::vector<double> wide(x.begin(), x.end());
  partial_summary floats(statistic::product, 2);
  partial_summary doubles(statistic::product, 2);
  floats.add_product(ctx(), 0, matrix_view<const float>(x.data(), 2, 2), matrix_view<const float>(x.data(), 2, 2));
  doubles.add_product(ctx(), 0, matrix_view<const double>(wide.data(), 2, 2),
                      matrix_view<const double>(wide.data(), 2, 2));

  EXPECT_EQ(floats.sums(), (std::vector<double>{10, 20}));
  EXPECT_EQ(floats.bytes(), doubles.bytes());
}

TEST_P(summaries, share_their_state_with_copies_until_one_changes) {
  const table<double> t(700, 1);
  partial_summary first(statistic::moments, 1);
  first.add(ctx(), 0, t.rows(0, 600));
  partial_summary second = first;
  second.add(ctx(), 600, t.rows(600, 700));
  partial_summary third = std::move(first);

  EXPECT_EQ(first.n_rows(), 600);
  EXPECT_EQ(third.n_rows(), 600);
  EXPECT_EQ(second.n_rows(), 700);
}

TEST_P(summaries, refuse_ranges_that_overlap_or_leave_gaps) {
  const table<double> t(1'200, 2);
  partial_summary state(statistic::moments, 2);
  state.add(ctx(), 600, t.rows(600, 1'200));
  const std::vector<std::byte> before = state.bytes();

  EXPECT_EQ(error_of<invalid_argument>([&] { state.add(ctx(), 500, t.rows(0, 101)); }),
            "partial_summary::add: row 600 is in already");
  EXPECT_EQ(error_of<invalid_argument>([&] { state.merge(state); }), "partial_summary::merge: row 600 is in already");
  EXPECT_EQ(error_of<invalid_argument>([&] { state.moments(); }), "partial_summary::moments: row 0 is missing");
  EXPECT_EQ(error_of<invalid_argument>([&] { state.sums(); }),
            "partial_summary::sums: the state collects something else");
  EXPECT_EQ(error_of<invalid_argument>([&] { state.add(ctx(), -1, t.view()); }),
            "partial_summary::add: first_row is -1 but must be 0 to 2^62 - n_rows");
  EXPECT_EQ(state.bytes(), before);
}

TEST_P(summaries, refuse_bytes_that_are_no_state) {
  const table<double> t(700, 1);
  partial_summary state(statistic::moments, 1);
  state.add(ctx(), 0, t.view(), t.weights);
  const std::vector<std::byte> bytes = state.bytes();

  for (std::size_t n = 0; n < bytes.size(); n += 7) {
    EXPECT_THROW(partial_summary::from_bytes(std::span(bytes).first(n)), invalid_argument) << n << " bytes";
  }
  std::vector<std::byte> longer = bytes;
  longer.push_back(std::byte{0});
  EXPECT_THROW(partial_summary::from_bytes(longer), invalid_argument);
  std::vector<std::byte> other_version = bytes;
  other_version[16] = std::byte{77};
  EXPECT_THROW(partial_summary::from_bytes(other_version), invalid_argument);
}

}  // namespace
}  // namespace samebits::tests
