// Kernel density estimates, on every backend: the long-double oracle, reference values, integrals, errors.
#include "samebits/kernel_density.hpp"

#include <cmath>
#include <limits>

#include "samebits/core/kernel_density.hpp"
#include "tests/backends/pair_cases.hpp"

namespace samebits::tests {
namespace {

class kernel_density : public backend_test {};
SAMEBITS_ON_EVERY_BACKEND(kernel_density);

constexpr pair_kernel kernels[] = {pair_kernel::gaussian, pair_kernel::laplacian};

pairwise_options options_of(pair_kernel kernel, double bandwidth = 0.8) {
  pairwise_options o;
  o.kernel = kernel;
  o.bandwidth = bandwidth;
  return o;
}

template <class T>
std::vector<double> densities(const context& ctx, const row_set<T>& points, const row_set<T>& at,
                              const pairwise_options& o) {
  std::vector<double> out(static_cast<std::size_t>(at.n_rows), 5.0);
  kernel_log_density(ctx, points.view(), at.view(), o, out);
  return out;
}

template <class T>
long double oracle(const row_set<T>& points, const T* at, const pairwise_options& o) {
  const long double h = o.bandwidth;
  const bool is_gaussian = o.kernel == pair_kernel::gaussian;
  long double sum = 0;
  long double total = 0;
  for (std::int64_t j = 0; j < points.n_rows; ++j) {
    long double distance = 0;
    for (std::int64_t c = 0; c < points.n_cols; ++c) {
      const long double d = static_cast<long double>(at[c]) - points.row(j)[c];
      distance += is_gaussian ? d * d / (2 * h * h) : std::abs(d) / h;
    }
    const long double weight = o.y_weights.empty() ? 1 : o.y_weights[static_cast<std::size_t>(j)];
    sum += weight * std::exp(-distance);
    total += weight;
  }
  const long double integral = is_gaussian ? std::sqrt(2 * std::acos(-1.0L)) * h : 2 * h;
  return std::log(sum) - std::log(total) - static_cast<long double>(points.n_cols) * std::log(integral);
}

template <class T>
void expect_oracle(const context& ctx, std::int64_t n_points, std::int64_t n_at, std::int64_t n_cols) {
  const double bound = sizeof(T) == sizeof(float) ? 2e-6 : 1e-14;
  const row_set<T> points(n_points, n_cols, 1);
  const row_set<T> at(n_at, n_cols, 2);
  const std::vector<double> weights = positive_numbers(n_points, 77);
  for (const pair_kernel kernel : kernels) {
    for (const double bandwidth : {0.05, 0.8, 30.0}) {
      pairwise_options o = options_of(kernel, bandwidth);
      for (const bool is_weighted : {false, true}) {
        o.y_weights = is_weighted ? std::span<const double>(weights) : std::span<const double>();

        const std::vector<double> out = densities(ctx, points, at, o);

        for (std::int64_t i = 0; i < n_at; ++i) {
          const double expected = static_cast<double>(oracle(points, at.row(i), o));
          ASSERT_NEAR(out[static_cast<std::size_t>(i)], expected, bound * (10 + std::abs(expected)))
              << name_of(kernel) << ", bandwidth " << bandwidth << ", " << n_points << " points, row " << i;
        }
      }
    }
  }
}

TEST_P(kernel_density, agrees_with_the_oracle) {
  expect_oracle<double>(ctx(), 1, 3, 1);
  expect_oracle<double>(ctx(), 70, 5, 2);
  expect_oracle<float>(ctx(), 33, 40, 3);
  expect_oracle<double>(ctx(), 513, 70, 17);
  expect_oracle<float>(ctx(), 1025, 31, 4);
}

// scipy 1.17.1, stats.gaussian_kde(points, weights).logpdf with bandwidth 0.8.
TEST_P(kernel_density, agrees_with_scipy) {
  const row_set<double> points({0.25, 1.5, -0.75, 3.0, 2.25, 0.5, -1.25}, 1);
  const row_set<double> at({-2.0, 0.0, 1.0, 8.0, 40.0}, 1);
  const double weights[] = {1, 2, 0.5, 1, 3, 0, 1};
  const double expected[] = {-2.6760742949608587, -1.5746535615882729, -1.6340923917878745, -22.171116959962944,
                             -1072.1729551309456};
  const double expected_weighted[] = {-3.0451030255476947, -2.156427361053095, -1.64698082134307, -22.36160813395078,
                                      -1072.3671111453866};
  pairwise_options o = options_of(pair_kernel::gaussian);

  const std::vector<double> out = densities(ctx(), points, at, o);
  o.y_weights = weights;
  const std::vector<double> weighted = densities(ctx(), points, at, o);

  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_NEAR(out[i], expected[i], 4e-15 * std::abs(expected[i])) << i;
    EXPECT_NEAR(weighted[i], expected_weighted[i], 4e-15 * std::abs(expected_weighted[i])) << i;
  }
}

TEST_P(kernel_density, integrates_to_1) {
  const row_set<double> points({0.25, -1.0, 0.5}, 1);
  std::vector<double> grid;
  for (int i = -8000; i < 8000; ++i) {
    grid.push_back((i + 0.5) / 250);
  }
  const row_set<double> at(grid, 1);
  for (const pair_kernel kernel : kernels) {
    double total = 0;
    for (const double log_density : densities(ctx(), points, at, options_of(kernel))) {
      total += std::exp(log_density) / 250;
    }
    EXPECT_NEAR(total, 1, 1e-5) << name_of(kernel);
  }
}

TEST_P(kernel_density, has_the_bits_of_log_sums_and_their_normaliser) {
  const row_set<double> points(130, 3, 1);
  const row_set<double> at(40, 3, 2);
  for (const pair_kernel kernel : kernels) {
    const pairwise_options o = options_of(kernel);
    std::vector<double> expected(40);
    pairwise_log_sum_exp(ctx(), at.view(), points.view(), o, expected);

    const std::vector<double> out = densities(ctx(), points, at, o);

    for (std::size_t i = 0; i < expected.size(); ++i) {
      const double density = core::log_density(expected[i], core::log(130.0), core::log_integral(kernel, 0.8), 3);
      EXPECT_EQ(bits_of(out[i]), bits_of(density));
    }
  }
}

TEST_P(kernel_density, has_the_same_bits_on_any_number_of_threads) {
  const row_set<double> points(1500, 2, 1);
  const row_set<double> at(300, 2, 2);
  const std::vector<double> weights = positive_numbers(points.n_rows, 77);
  pairwise_options o = options_of(pair_kernel::laplacian);
  o.y_weights = weights;
  const std::vector<double> serial = densities(on_threads(1), points, at, o);

  for (const int n_threads : {2, 3, 8}) {
    EXPECT_EQ(densities(on_threads(n_threads), points, at, o), serial) << n_threads << " threads";
  }
  const fp_mode hostile(flush_to_zero | round_upward);
  EXPECT_EQ(densities(ctx(), points, at, o), serial);
}

TEST_P(kernel_density, points_of_weight_0_are_as_if_missing) {
  const row_set<double> points({0.0, 3.0, 1.0}, 1);
  const row_set<double> kept({0.0, 1.0}, 1);
  const row_set<double> at({-1.0, 3.0}, 1);
  const double weights[] = {1, 0, 1};
  pairwise_options o = options_of(pair_kernel::gaussian);
  const std::vector<double> expected = densities(ctx(), kept, at, o);
  o.y_weights = weights;

  EXPECT_EQ(densities(ctx(), points, at, o), expected);
}

TEST_P(kernel_density, is_minus_infinity_where_distances_overflow) {
  const row_set<double> points({0.0, 1.0}, 1);
  const row_set<double> at({1e200, 0.5}, 1);

  const std::vector<double> out = densities(ctx(), points, at, options_of(pair_kernel::gaussian));

  EXPECT_EQ(out[0], -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isfinite(out[1]));
}

TEST_P(kernel_density, takes_no_rows_to_estimate_at) {
  const row_set<double> points(3, 2, 1);
  const row_set<double> none(0, 2, 1);

  EXPECT_TRUE(densities(ctx(), points, none, options_of(pair_kernel::gaussian)).empty());
}

TEST_P(kernel_density, names_bad_arguments) {
  const row_set<double> points(3, 2, 1);
  const row_set<double> at(4, 2, 2);
  const row_set<double> none(0, 2, 1);
  const row_set<double> narrow(4, 1, 1);
  const auto message = [&](const row_set<double>& from, const row_set<double>& to, const pairwise_options& o,
                           std::size_t n_out = 4) {
    std::vector<double> out(n_out, 7.0);
    const std::string what =
        error_of<invalid_argument>([&] { kernel_log_density(ctx(), from.view(), to.view(), o, out); });
    EXPECT_EQ(out, std::vector<double>(n_out, 7.0)) << "outputs stay";
    return what;
  };
  const auto weighted = [&](const std::vector<double>& weights) {
    pairwise_options o = options_of(pair_kernel::gaussian);
    o.y_weights = weights;
    return message(points, at, o);
  };
  const pairwise_options o = options_of(pair_kernel::gaussian);

  EXPECT_EQ(message(none, at, o), "kernel_log_density: points has 0 rows but must have at least 1");
  EXPECT_EQ(message(points, narrow, o), "kernel_log_density: at has 1 column but points has 2");
  EXPECT_EQ(message(points, at, o, 3), "kernel_log_density: out has 3 elements but must have 4");
  EXPECT_EQ(message(points, at, options_of(pair_kernel::matern_1_2)),
            "kernel_log_density: kernel is matern-1/2, but must be gaussian or laplacian");
  EXPECT_NE(message(points, at, options_of(pair_kernel::gaussian, -1)).find("bandwidth is -1"), std::string::npos);
  EXPECT_EQ(weighted({1, 2}), "kernel_log_density: y_weights has 2 elements but points has 3 rows");
  EXPECT_EQ(weighted({1, -2, 1}), "kernel_log_density: y_weights[1] is -2 but must not be negative");
  EXPECT_EQ(weighted({0, 0, 0}), "kernel_log_density: y_weights are all 0");
  EXPECT_EQ(weighted({0, std::numeric_limits<double>::infinity(), 0}),
            "kernel_log_density: y_weights[1] is inf but must be finite");
  const std::vector<double> four(4, 1.0);
  pairwise_options other = o;
  other.x_weights = four;
  EXPECT_EQ(message(points, at, other), "kernel_log_density: x_weights are given but belong to totals");
  other = o;
  other.bandwidths = four;
  EXPECT_EQ(message(points, at, other),
            "kernel_log_density: bandwidths are given but there is one result for one bandwidth");
  other = o;
  other.mode = pairwise_mode::v;
  EXPECT_EQ(message(points, at, other), "kernel_log_density: mode is 1 but must be 0 (cross)");
  row_set<double> bad = points;
  bad.values[4] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(message(bad, at, o),
            "kernel_log_density: points is nan at row 2, column 0 (counted from 0) but must be finite");
}

TEST_P(kernel_density, weights_whose_sum_overflows_are_a_failure) {
  const row_set<double> points(2, 1, 1);
  const double weights[] = {1e308, 1e308};
  pairwise_options o = options_of(pair_kernel::gaussian);
  o.y_weights = weights;

  EXPECT_THROW(densities(ctx(), points, points, o), numerical_failure);
}

}  // namespace
}  // namespace samebits::tests
