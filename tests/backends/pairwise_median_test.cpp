// The median of the values of pairs, on every backend: the one that sorting finds, bit by bit, and errors.
#include <cmath>
#include <limits>

#include "tests/backends/pair_cases.hpp"

namespace samebits::tests {
namespace {

class pair_median : public backend_test {};
SAMEBITS_ON_EVERY_BACKEND(pair_median);

constexpr pair_kernel kernels[] = {pair_kernel::squared_distance,     pair_kernel::power,      pair_kernel::gaussian,
                                   pair_kernel::matern_1_2,           pair_kernel::matern_3_2, pair_kernel::matern_5_2,
                                   pair_kernel::inverse_multiquadric, pair_kernel::l1,         pair_kernel::laplacian};

pairwise_options options_of(pair_kernel kernel, pairwise_mode mode) {
  pairwise_options o;
  o.kernel = kernel;
  o.bandwidth = 0.8;
  o.exponent = 1;
  o.mode = mode;
  return o;
}

/// The lower of the middle two of all values, sorted.
template <class T>
double sorted_median(const row_set<T>& x, const row_set<T>& y, const pairwise_options& o) {
  const plain_kernel<T> value(o);
  std::vector<double> values;
  for (std::int64_t i = 0; i < x.n_rows; ++i) {
    for (std::int64_t j = 0; j < y.n_rows; ++j) {
      const bool counts = o.mode == pairwise_mode::cross || (o.mode == pairwise_mode::u ? i != j : i < j);
      if (counts) {
        values.push_back(static_cast<double>(value(x.row(i), y.row(j), x.n_cols)));
      }
    }
  }
  if (values.empty()) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  std::sort(values.begin(), values.end());
  return values[(values.size() - 1) / 2];
}

template <class T>
void expect_sorted_median(const context& ctx, const row_set<T>& x, const row_set<T>& y, const pairwise_options& o) {
  const bool is_self = o.mode != pairwise_mode::cross;

  const double median = pairwise_median(ctx, x.view(), is_self ? matrix_view<const T>() : y.view(), o);

  EXPECT_EQ(bits_of(median), bits_of(sorted_median(x, is_self ? x : y, o)))
      << name_of(o.kernel) << ", " << name_of(o.mode) << ", " << x.n_rows << " and " << y.n_rows << " rows";
}

TEST_P(pair_median, is_that_of_the_sorted_values) {
  for (const pair_shape& s : {pair_shape{2, 1, 1}, {3, 4, 2}, {33, 65, 3}, {130, 511, 1}, {260, 70, 4}, {2, 1025, 5}}) {
    const row_set<double> x(s.n_x, s.n_cols, 1);
    const row_set<double> y(s.n_y, s.n_cols, 2);
    const row_set<float> x_floats(s.n_x, s.n_cols, 3);
    const row_set<float> y_floats(s.n_y, s.n_cols, 4);
    for (const pair_kernel kernel : kernels) {
      for (const pairwise_mode mode : {pairwise_mode::cross, pairwise_mode::u, pairwise_mode::upper}) {
        expect_sorted_median(ctx(), x, y, options_of(kernel, mode));
        expect_sorted_median(ctx(), x_floats, y_floats, options_of(kernel, mode));
      }
    }
  }
}

TEST_P(pair_median, is_found_among_equal_values_and_zeros) {
  row_set<double> x(40, 2, 1);
  for (std::size_t i = 0; i < x.values.size(); ++i) {
    x.values[i] = static_cast<double>(i % 3);
  }
  const row_set<double> zeros = [] {
    row_set<double> same(9, 1, 1);
    std::fill(same.values.begin(), same.values.end(), -4.5);
    return same;
  }();

  expect_sorted_median(ctx(), x, x, options_of(pair_kernel::power, pairwise_mode::upper));
  expect_sorted_median(ctx(), x, x, options_of(pair_kernel::l1, pairwise_mode::cross));
  EXPECT_EQ(pairwise_median(ctx(), zeros.view(), {}, options_of(pair_kernel::power, pairwise_mode::upper)), 0);
}

TEST_P(pair_median, is_found_among_values_of_all_sizes) {
  row_set<double> x(70, 1, 1);
  row_set<float> x_floats(70, 1, 1);
  for (std::size_t i = 0; i < x.values.size(); ++i) {
    x.values[i] = std::ldexp(x.values[i], static_cast<int>(i) * 29 - 1050);
    x_floats.values[i] = std::ldexp(x_floats.values[i], static_cast<int>(i) * 3 - 140);
  }

  expect_sorted_median(ctx(), x, x, options_of(pair_kernel::l1, pairwise_mode::upper));
  expect_sorted_median(ctx(), x_floats, x_floats, options_of(pair_kernel::l1, pairwise_mode::upper));
}

TEST_P(pair_median, is_the_lower_one_of_the_middle_two) {
  // Distances 1, 2, 3 and 1, 3, 4, 2, 3, 1.
  const double three[] = {0, 1, 3};
  const double four[] = {0, 1, 3, 4};
  const pairwise_options upper = options_of(pair_kernel::power, pairwise_mode::upper);

  EXPECT_EQ(pairwise_median(ctx(), {three, 3, 1}, {}, upper), 2);
  EXPECT_EQ(pairwise_median(ctx(), {four, 4, 1}, {}, upper), 2);
  EXPECT_EQ(pairwise_median(ctx(), {four, 4, 1}, {}, options_of(pair_kernel::power, pairwise_mode::u)), 2);
}

TEST_P(pair_median, is_not_a_number_without_pairs) {
  const row_set<double> one(1, 2, 1);
  const row_set<double> none(0, 2, 1);
  const row_set<float> no_floats(0, 2, 1);

  for (const pairwise_mode mode : {pairwise_mode::u, pairwise_mode::upper}) {
    EXPECT_TRUE(std::isnan(pairwise_median(ctx(), one.view(), {}, options_of(pair_kernel::power, mode))));
    EXPECT_TRUE(std::isnan(pairwise_median(ctx(), none.view(), {}, options_of(pair_kernel::power, mode))));
  }
  const pairwise_options cross = options_of(pair_kernel::gaussian, pairwise_mode::cross);
  EXPECT_TRUE(std::isnan(pairwise_median(ctx(), one.view(), none.view(), cross)));
  EXPECT_TRUE(std::isnan(pairwise_median(ctx(), none.view(), one.view(), cross)));
  EXPECT_TRUE(std::isnan(pairwise_median(ctx(), no_floats.view(), no_floats.view(), cross)));
}

TEST_P(pair_median, has_the_same_bits_on_any_number_of_threads) {
  for (const pair_shape& s : {pair_shape{900, 700, 2}, {3, 20000, 1}}) {
    const row_set<double> x(s.n_x, s.n_cols, 5);
    const row_set<double> y(s.n_y, s.n_cols, 6);
    const pairwise_options o = options_of(pair_kernel::power, pairwise_mode::cross);
    const double expected = sorted_median(x, y, o);
    for (const int n_threads : {1, 2, 3, 8}) {
      EXPECT_EQ(pairwise_median(on_threads(n_threads), x.view(), y.view(), o), expected) << n_threads << " threads";
    }
  }
}

TEST_P(pair_median, has_the_same_bits_in_a_hostile_floating_point_environment) {
  const row_set<double> x(60, 3, 5);
  const pairwise_options o = options_of(pair_kernel::matern_5_2, pairwise_mode::upper);
  const double calm = pairwise_median(ctx(), x.view(), {}, o);

  const fp_mode hostile(flush_to_zero | round_upward);

  EXPECT_EQ(pairwise_median(ctx(), x.view(), {}, o), calm);
}

TEST_P(pair_median, survives_values_that_overflow_unless_it_is_one) {
  row_set<double> x(6, 1, 5);
  x.values[0] = 1e300;
  const pairwise_options o = options_of(pair_kernel::squared_distance, pairwise_mode::upper);
  EXPECT_EQ(pairwise_median(ctx(), x.view(), {}, o), sorted_median(x, x, o));  // 5 pairs of 15

  x.values[1] = -1e300;
  EXPECT_EQ(error_of<numerical_failure>([&] { pairwise_median(ctx(), x.view(), {}, o); }),
            "pairwise_median: the median is inf: values overflow");  // 9 of 15
}

TEST_P(pair_median, names_bad_arguments) {
  row_set<double> x(5, 2, 5);
  const double numbers[5] = {1, 1, 1, 1, 1};
  const auto message = [&](const pairwise_options& o) {
    const bool is_self = o.mode != pairwise_mode::cross;
    return error_of<invalid_argument>(
        [&] { pairwise_median(ctx(), x.view(), is_self ? matrix_view<const double>() : x.view(), o); });
  };
  for (const pair_kernel kernel : {pair_kernel::product, pair_kernel::polynomial, pair_kernel::cosine}) {
    EXPECT_EQ(message(options_of(kernel, pairwise_mode::upper)),
              std::string("pairwise_median: kernel is ") + name_of(kernel) + ", whose values may be negative");
  }
  EXPECT_EQ(message(options_of(pair_kernel::power, pairwise_mode::v)),
            "pairwise_median: mode is v, which counts every row with itself, but must be cross, u or upper");
  pairwise_options o = options_of(pair_kernel::power, pairwise_mode::upper);
  o.x_weights = numbers;
  EXPECT_EQ(message(o), "pairwise_median: weights are given but a median has none");
  o = options_of(pair_kernel::gaussian, pairwise_mode::upper);
  o.bandwidths = numbers;
  EXPECT_EQ(message(o), "pairwise_median: bandwidths are given but there is one result for one bandwidth");
  o = options_of(pair_kernel::power, pairwise_mode::u);
  EXPECT_EQ(error_of<invalid_argument>([&] { pairwise_median(ctx(), x.view(), x.view(), o); }),
            "pairwise_median: y is given but mode is u, x against itself");
  x.values[3] = std::numeric_limits<double>::infinity();
  EXPECT_EQ(message(options_of(pair_kernel::power, pairwise_mode::upper)),
            "pairwise_median: x is inf at row 1, column 1 (counted from 0) but must be finite");
}

}  // namespace
}  // namespace samebits::tests
