// HSIC, distance covariance and correlation and their permutation tests, on every backend: plain loops as the golden
// bits, centred matrices in long double, cases by hand, ties, errors.
#include "samebits/dependence.hpp"

#include <cmath>
#include <limits>
#include <numeric>

#include "lib/backend.h"
#include "samebits/core/dependence.hpp"
#include "samebits/permutation.hpp"
#include "tests/backends/pair_cases.hpp"

namespace samebits::tests {
namespace {

class dependence : public backend_test {
 protected:
  void SetUp() override {
    backend_test::SetUp();
    if (!IsSkipped() && !HasFatalFailure() && ctx().table()->pairwise == nullptr) {
      GTEST_SKIP() << "no sums over pairs there";
    }
  }
};
SAMEBITS_ON_EVERY_BACKEND(dependence);

std::size_t size_of(std::int64_t n) { return static_cast<std::size_t>(n); }

// ---- data --------------------------------------------------------------------------------------------------------

/// Rows that depend on those of x, with noise.
template <class T>
row_set<T> followers(const row_set<T>& x, std::int64_t n_cols, std::uint64_t seed) {
  row_set<T> y(x.n_rows, n_cols, seed);
  for (std::int64_t i = 0; i < x.n_rows; ++i) {
    y.values[size_of(i * n_cols)] += x.row(i)[0] * x.row(i)[0];
  }
  return y;
}

pairwise_options options_of(pair_kernel kernel, double parameter = 0.8) {
  pairwise_options o;
  o.kernel = kernel;
  o.bandwidth = parameter;
  o.exponent = parameter;
  o.degree = 3;
  return o;
}

std::vector<std::int64_t> identity(std::int64_t n) {
  std::vector<std::int64_t> rows(size_of(n));
  std::iota(rows.begin(), rows.end(), std::int64_t{0});
  return rows;
}

/// Permutation b of a test, as its options say.
std::vector<std::int64_t> permutation_of(const permutation_test_options& test, std::int64_t b, std::int64_t n) {
  std::vector<std::int64_t> rows(size_of(n));
  permutation(test.stream.child("permutation").child(static_cast<std::uint64_t>(b)), rows);
  return rows;
}

// ---- the statistic as plain loops over the formulas of core/ ------------------------------------------------------

template <class T>
class plain_sample {
 public:
  plain_sample(const row_set<T>& x, const pairwise_options& o) : n_(x.n_rows), values_(size_of(n_ * n_)) {
    const plain_kernel<T> value_of(o);
    const row_set<T> rows = value_of.prepared(x);
    for (std::int64_t i = 0; i < n_; ++i) {
      for (std::int64_t j = 0; j < n_; ++j) {
        values_[size_of(i * n_ + j)] = value_of(rows.row(i), rows.row(j), x.n_cols);
      }
    }
    const bool is_number = o.kernel == pair_kernel::product && x.n_cols == 1;  // sums of those round no products
    for (std::int64_t i = 0; i < n_; ++i) {
      sums_.push_back(sum_of_row<T>(n_, [&](std::int64_t j, T sum) {
        return is_number ? core::fma(*x.row(i), *x.row(j), sum) : sum + value(i, j);
      }));
    }
    total_ = narrow_sum(n_, [&](std::int64_t i, double sum) { return sum + sums_[size_of(i)]; });
  }

  std::int64_t n() const { return n_; }
  T value(std::int64_t i, std::int64_t j) const { return values_[size_of(i * n_ + j)]; }
  double total() const { return total_; }
  double deviation(std::int64_t i) const { return sums_[size_of(i)] - total_ / static_cast<double>(n_); }

 private:
  std::int64_t n_;
  std::vector<T> values_;
  std::vector<double> sums_;
  double total_ = 0;
};

template <class T>
core::dependence_terms plain_terms(const plain_sample<T>& x, const plain_sample<T>& y,
                                   const std::vector<std::int64_t>& to) {
  const std::int64_t n = x.n();
  if (n < 2) {
    return {0, 0, 0};
  }
  const auto at = [&](std::int64_t i) { return to[size_of(i)]; };
  const double upper = narrow_sum(n, [&](std::int64_t i, double sum) {
    return sum + sum_of_row<T>(n, [&](std::int64_t j, T s) {
             return i < j ? core::fma(x.value(i, j), y.value(at(i), at(j)), s) : s;
           });
  });
  const double diagonal = narrow_sum(n, [&](std::int64_t i, double sum) {
    return core::fma(static_cast<double>(x.value(i, i)), static_cast<double>(y.value(at(i), at(i))), sum);
  });
  const double deviations =
      narrow_sum(n, [&](std::int64_t i, double sum) { return core::fma(x.deviation(i), y.deviation(at(i)), sum); });
  return core::terms_of({upper, diagonal, deviations, x.total(), y.total(), static_cast<double>(n)});
}

template <class T>
double plain_value(const plain_sample<T>& x, const plain_sample<T>& y, const std::vector<std::int64_t>& to) {
  return core::dependence_of(plain_terms(x, y, to)) + 0.0;
}

template <class T>
double plain_value(const plain_sample<T>& x, const plain_sample<T>& y) {
  return plain_value(x, y, identity(x.n()));
}

// ---- bits --------------------------------------------------------------------------------------------------------

template <class T>
void expect_bits_of_plain_loops(const context& ctx, std::int64_t n, std::int64_t x_cols, std::int64_t y_cols) {
  const row_set<T> x(n, x_cols, 1);
  const row_set<T> y = followers(x, y_cols, 2);
  const pairwise_options gaussian = options_of(pair_kernel::gaussian);
  const pairwise_options laplacian = options_of(pair_kernel::laplacian, 1.5);
  const pairwise_options distance = options_of(pair_kernel::power, 1);

  const double criterion = hsic(ctx, x.view(), y.view(), gaussian, laplacian);
  const double covariance = distance_covariance(ctx, x.view(), y.view());
  const double correlation = distance_correlation(ctx, x.view(), y.view());

  EXPECT_EQ(bits_of(criterion), bits_of(plain_value(plain_sample(x, gaussian), plain_sample(y, laplacian)))) << n;
  const plain_sample x_sample(x, distance);
  const plain_sample y_sample(y, distance);
  EXPECT_EQ(bits_of(covariance), bits_of(plain_value(x_sample, y_sample))) << n;
  EXPECT_EQ(bits_of(correlation),
            bits_of(core::distance_correlation_of(plain_value(x_sample, y_sample), plain_value(x_sample, x_sample),
                                                  plain_value(y_sample, y_sample))))
      << n;
}

TEST_P(dependence, has_the_bits_of_plain_loops) {
  struct shape {
    std::int64_t n;
    std::int64_t x_cols;
    std::int64_t y_cols;
  };
  for (const shape& s : {shape{1, 1, 1},
                         {2, 1, 3},
                         {3, 5, 1},
                         {33, 2, 2},
                         {64, 1, 1},
                         {65, 3, 9},
                         {129, 1, 2},
                         {511, 2, 1},
                         {512, 1, 1},
                         {513, 1, 4},
                         {1500, 2, 3}}) {
    expect_bits_of_plain_loops<double>(ctx(), s.n, s.x_cols, s.y_cols);
    expect_bits_of_plain_loops<float>(ctx(), s.n, s.x_cols, s.y_cols);
  }
}

template <class T>
void expect_bits_of_all_kernels(const context& ctx, std::int64_t n, std::int64_t n_cols) {
  const row_set<T> x(n, n_cols, 1);
  const row_set<T> y = followers(x, n_cols, 2);
  for (const pair_kernel kernel : pair_kernels) {
    const pairwise_options x_options = options_of(kernel, 1.3);
    for (const pair_kernel other : {kernel, pair_kernel::gaussian}) {
      const pairwise_options y_options = options_of(other, 0.6);

      const double value = hsic(ctx, x.view(), y.view(), x_options, y_options);

      EXPECT_EQ(bits_of(value), bits_of(plain_value(plain_sample(x, x_options), plain_sample(y, y_options))))
          << name_of(kernel) << " and " << name_of(other) << ", " << n_cols << " columns";
    }
  }
}

TEST_P(dependence, has_the_bits_of_plain_loops_for_all_kernels) {
  for (const std::int64_t n_cols : {1, 3}) {
    expect_bits_of_all_kernels<double>(ctx(), 70, n_cols);
    expect_bits_of_all_kernels<float>(ctx(), 70, n_cols);
  }
}

permutation_test_options test_of(std::int64_t n_permutations) {
  permutation_test_options test;
  test.n_permutations = n_permutations;
  test.stream = {42, 7};
  test.keep_statistics = true;
  return test;
}

template <class T>
void expect_permutations_by_hand(const context& ctx, std::int64_t n, std::int64_t n_permutations) {
  const row_set<T> x(n, 2, 1);
  const row_set<T> y = followers(x, 3, 2);
  const pairwise_options x_options = options_of(pair_kernel::matern_3_2);
  const pairwise_options y_options = options_of(pair_kernel::gaussian, 1.1);
  const permutation_test_options test = test_of(n_permutations);

  const permutation_test_result result = hsic_test(ctx, x.view(), y.view(), test, x_options, y_options);

  const plain_sample x_sample(x, x_options);
  const plain_sample y_sample(y, y_options);
  const core::dependence_terms observed = plain_terms(x_sample, y_sample, identity(n));
  const double tolerance = 64 * static_cast<double>(std::numeric_limits<T>::epsilon()) * core::magnitude_of(observed);
  std::vector<double> statistics;
  std::int64_t n_as_large = 0;
  for (std::int64_t b = 0; b < n_permutations; ++b) {
    statistics.push_back(plain_value(x_sample, y_sample, permutation_of(test, b, n)));
    n_as_large += statistics.back() >= result.statistic - tolerance ? 1 : 0;
  }
  EXPECT_EQ(bits_of(result.statistic), bits_of(hsic(ctx, x.view(), y.view(), x_options, y_options))) << n;
  EXPECT_EQ(bits_of(result.statistics), bits_of(statistics)) << n << " rows, " << n_permutations << " permutations";
  EXPECT_EQ(result.n_as_large, n_as_large);
  EXPECT_EQ(result.n_permutations, n_permutations);
  EXPECT_EQ(result.p_value, static_cast<double>(n_as_large + 1) / static_cast<double>(n_permutations + 1));
}

TEST_P(dependence, permutation_tests_have_the_bits_of_plain_loops_with_the_same_permutations) {
  for (const std::int64_t n : {1, 2, 5, 40, 130, 513, 700}) {
    expect_permutations_by_hand<double>(ctx(), n, 6);
    expect_permutations_by_hand<float>(ctx(), n, 6);
  }
}

TEST_P(dependence, permutation_tests_go_on_past_the_permutations_made_at_once) {
  expect_permutations_by_hand<double>(ctx(), 9, 700);
  expect_permutations_by_hand<float>(ctx(), 9, 256);
  expect_permutations_by_hand<double>(ctx(), 9, 255);
}

TEST_P(dependence, tests_with_more_permutations_begin_with_the_same_ones) {
  const row_set<double> x(30, 1, 1);
  const row_set<double> y = followers(x, 1, 2);

  const permutation_test_result few = distance_covariance_test(ctx(), x.view(), y.view(), test_of(5));
  const permutation_test_result many = distance_covariance_test(ctx(), x.view(), y.view(), test_of(300));

  EXPECT_EQ(few.statistics, std::vector<double>(many.statistics.begin(), many.statistics.begin() + 5));
}

/// Two samples that belong together.
template <class T>
struct pair_of_samples {
  explicit pair_of_samples(std::int64_t n) : x(n, 2, 1), y(followers(x, 1, 2)) {}
  row_set<T> x;
  row_set<T> y;
};

/// Everything that can be computed, one number after the other.
template <class T>
std::vector<double> all_results(const context& ctx, const pair_of_samples<T>& samples, std::int64_t n_permutations) {
  const auto& [x, y] = samples;
  const pairwise_options kernel = options_of(pair_kernel::inverse_multiquadric);  // fast on one thread, too
  const permutation_test_result criterion = hsic_test(ctx, x.view(), y.view(), test_of(n_permutations), kernel, kernel);
  const permutation_test_result covariance =
      distance_covariance_test(ctx, x.view(), y.view(), test_of(n_permutations), 0.5);
  std::vector<double> results = {criterion.statistic, criterion.p_value, covariance.statistic, covariance.p_value,
                                 distance_correlation(ctx, x.view(), y.view())};
  results.insert(results.end(), criterion.statistics.begin(), criterion.statistics.end());
  results.insert(results.end(), covariance.statistics.begin(), covariance.statistics.end());
  return results;
}

TEST_P(dependence, has_the_same_bits_on_any_number_of_threads) {
  struct size {
    std::int64_t n;
    std::int64_t n_permutations;
  };
  // Threads share out rows, leaves, or permutations.
  for (const size& s : {size{1100, 3}, {200, 200}, {600, 40}}) {
    if (is_emulated() && s.n != 200) {
      continue;
    }
    const pair_of_samples<double> doubles(s.n);
    const pair_of_samples<float> floats(s.n);
    const std::vector<double> serial = all_results(on_threads(1), doubles, s.n_permutations);
    const std::vector<double> serial_floats = all_results(on_threads(1), floats, s.n_permutations);

    for (const int n_threads : {2, 3, 8}) {
      EXPECT_EQ(bits_of(all_results(on_threads(n_threads), doubles, s.n_permutations)), bits_of(serial))
          << s.n << " rows on " << n_threads << " threads";
      EXPECT_EQ(bits_of(all_results(on_threads(n_threads), floats, s.n_permutations)), bits_of(serial_floats))
          << s.n << " rows of float on " << n_threads << " threads";
    }
  }
}

TEST_P(dependence, has_the_same_bits_in_a_hostile_floating_point_environment) {
  const pair_of_samples<double> samples(120);
  const std::vector<double> calm = all_results(ctx(), samples, 3);

  const fp_mode hostile(flush_to_zero | round_upward);

  EXPECT_EQ(bits_of(all_results(ctx(), samples, 3)), bits_of(calm));
}

// ---- the oracle --------------------------------------------------------------------------------------------------

/// All values of a sample.
struct long_matrix {
  template <class T>
  long_matrix(const row_set<T>& x, const pairwise_options& o) : n(x.n_rows), values(size_of(n * n)) {
    for (std::int64_t i = 0; i < n; ++i) {
      for (std::int64_t j = 0; j < n; ++j) {
        (*this)(i, j) = long_value(x.row(i), x.row(j), x.n_cols, o);
        mean_size += std::abs((*this)(i, j)) / static_cast<long double>(n * n);
      }
    }
  }
  long double& operator()(std::int64_t i, std::int64_t j) { return values[size_of(i * n + j)]; }
  long double operator()(std::int64_t i, std::int64_t j) const { return values[size_of(i * n + j)]; }

  /// Takes the means of rows and then of columns away.
  void centre() {
    for (const bool by_rows : {true, false}) {
      for (std::int64_t i = 0; i < n; ++i) {
        const auto at = [&](std::int64_t j) -> long double& { return by_rows ? (*this)(i, j) : (*this)(j, i); };
        long double mean = 0;
        for (std::int64_t j = 0; j < n; ++j) {
          mean += at(j) / static_cast<long double>(n);
        }
        for (std::int64_t j = 0; j < n; ++j) {
          at(j) -= mean;
        }
      }
    }
  }

  std::int64_t n;
  std::vector<long double> values;
  long double mean_size = 0;
};

long double mean_product(const long_matrix& x, const long_matrix& y) {
  long double sum = 0;
  for (std::size_t i = 0; i < x.values.size(); ++i) {
    sum += x.values[i] * y.values[i];
  }
  return sum / static_cast<long double>(x.n * x.n);
}

template <class T>
void expect_oracle(const context& ctx, std::int64_t n, const pairwise_options& x_options,
                   const pairwise_options& y_options) {
  const row_set<T> x(n, 3, 5);
  const row_set<T> y = followers(x, 2, 6);
  long_matrix x_matrix(x, x_options);
  long_matrix y_matrix(y, y_options);
  x_matrix.centre();
  y_matrix.centre();

  const double value = hsic(ctx, x.view(), y.view(), x_options, y_options);

  const long double tolerance = (std::is_same_v<T, double> ? 1e-14L : 5e-6L) * x_matrix.mean_size * y_matrix.mean_size;
  EXPECT_NEAR(value, static_cast<double>(mean_product(x_matrix, y_matrix)), static_cast<double>(tolerance))
      << name_of(x_options.kernel) << " and " << name_of(y_options.kernel) << ", " << n << " rows";
}

TEST_P(dependence, agrees_with_products_of_centred_matrices_in_long_double) {
  for (const std::int64_t n : {2, 3, 100, 520}) {
    for (const pair_kernel kernel : {pair_kernel::product, pair_kernel::power, pair_kernel::gaussian}) {
      expect_oracle<double>(ctx(), n, options_of(kernel, 1.2), options_of(pair_kernel::laplacian, 0.7));
      expect_oracle<float>(ctx(), n, options_of(kernel, 1.2), options_of(pair_kernel::laplacian, 0.7));
    }
  }
}

TEST_P(dependence, distance_correlation_agrees_with_centred_matrices_in_long_double) {
  const row_set<double> x(90, 3, 5);
  const row_set<double> y = followers(x, 2, 6);
  for (const double exponent : {0.5, 1.0, 1.7, 2.0}) {
    const pairwise_options distance = options_of(pair_kernel::power, exponent);
    long_matrix x_matrix(x, distance);
    long_matrix y_matrix(y, distance);
    x_matrix.centre();
    y_matrix.centre();
    const long double exact = mean_product(x_matrix, y_matrix) /
                              std::sqrt(mean_product(x_matrix, x_matrix) * mean_product(y_matrix, y_matrix));

    EXPECT_NEAR(distance_correlation(ctx(), x.view(), y.view(), exponent), static_cast<double>(exact), 1e-13)
        << exponent;
  }
}

// ---- cases by hand -----------------------------------------------------------------------------------------------

TEST_P(dependence, of_three_rows_is_what_it_is_by_hand) {
  // Distances 1, 2, 1 and 1, 0, 1: products 4, sums of rows (3, 2, 3) and (1, 2, 1), totals 8 and 4;
  // (4 - 2/3 10 + 32/9) / 9.
  const row_set<double> x({0, 1, 2}, 1);
  const row_set<double> y({0, 1, 0}, 1);

  EXPECT_NEAR(distance_covariance(ctx(), x.view(), y.view()), 8.0 / 81, 1e-16);
}

TEST_P(dependence, of_two_rows_is_a_quarter_of_the_product_of_their_distances) {
  const row_set<double> x({3, 7}, 1);
  const row_set<double> y({0.5, -1}, 1);

  EXPECT_EQ(distance_covariance(ctx(), x.view(), y.view()), 1.5);
  EXPECT_EQ(distance_correlation(ctx(), x.view(), y.view()), 1);
}

TEST_P(dependence, with_products_is_the_squared_covariance) {
  const row_set<double> x({1, 2, 3, 6}, 1);  // means 3 and 1, covariance -1/4
  const row_set<double> y({2, 0, 1, 1}, 1);
  const pairwise_options product = options_of(pair_kernel::product);

  EXPECT_NEAR(hsic(ctx(), x.view(), y.view(), product, product), 1.0 / 16, 1e-15);
  EXPECT_NEAR(distance_covariance(ctx(), x.view(), y.view(), 2), 4.0 / 16, 1e-15);
}

TEST_P(dependence, of_yes_and_no_is_the_squared_correlation) {
  // n (both) = 3, (x only) = 1, (y only) = 2, (none) = 4: phi^2 = (3 4 - 1 2)^2 / (4 6 5 5).
  const row_set<double> x({1, 1, 1, 1, 0, 0, 0, 0, 0, 0}, 1);
  const row_set<double> y({1, 1, 1, 0, 1, 1, 0, 0, 0, 0}, 1);

  EXPECT_NEAR(distance_correlation(ctx(), x.view(), y.view()), 100.0 / 600, 1e-15);
}

TEST_P(dependence, correlation_has_the_value_of_a_common_example) {
  // The documented result of several implementations, 0.762676242417, is the root.
  const row_set<double> x({1, 2, 3, 4, 5}, 1);
  const row_set<double> y({1, 2, 9, 4, 4}, 1);

  EXPECT_NEAR(std::sqrt(distance_correlation(ctx(), x.view(), y.view())), 0.762676242417, 1e-12);
}

TEST_P(dependence, correlation_of_rows_with_themselves_is_exactly_1) {
  const row_set<double> x(77, 3, 1);
  const row_set<float> floats(77, 3, 1);

  EXPECT_EQ(distance_correlation(ctx(), x.view(), x.view()), 1);
  EXPECT_EQ(distance_correlation(ctx(), floats.view(), floats.view(), 0.5), 1);
}

TEST_P(dependence, correlation_does_not_depend_on_units) {
  const row_set<double> x(77, 1, 1);
  row_set<double> small = x;
  row_set<double> large = x;
  for (std::size_t i = 0; i < 77; ++i) {
    small.values[i] *= 0x1p-400;
    large.values[i] *= -0x1p400;
  }

  EXPECT_NEAR(distance_correlation(ctx(), small.view(), large.view()), 1, 1e-14);
}

TEST_P(dependence, of_equal_rows_is_0) {
  const row_set<double> x(20, 2, 1);
  const row_set<double> equal(std::vector<double>(40, 0.1), 2);

  EXPECT_EQ(bits_of(distance_covariance(ctx(), x.view(), equal.view())), bits_of(0.0));
  EXPECT_EQ(bits_of(distance_correlation(ctx(), x.view(), equal.view())), bits_of(0.0));
  EXPECT_EQ(bits_of(distance_correlation(ctx(), equal.view(), x.view())), bits_of(0.0));
  EXPECT_EQ(bits_of(distance_correlation(ctx(), equal.view(), equal.view())), bits_of(0.0));
}

TEST_P(dependence, of_fewer_than_two_rows_is_0_and_every_permutation_as_large) {
  const pairwise_options gaussian = options_of(pair_kernel::gaussian);
  for (const std::int64_t n : {0, 1}) {
    const row_set<double> x(n, 2, 1);
    const row_set<double> y(n, 1, 2);

    EXPECT_EQ(bits_of(hsic(ctx(), x.view(), y.view(), gaussian, gaussian)), bits_of(0.0));
    EXPECT_EQ(bits_of(distance_covariance(ctx(), x.view(), y.view())), bits_of(0.0));
    EXPECT_EQ(bits_of(distance_correlation(ctx(), x.view(), y.view())), bits_of(0.0));
    const permutation_test_result result = hsic_test(ctx(), x.view(), y.view(), test_of(3), gaussian, gaussian);
    EXPECT_EQ(result.statistic, 0);
    EXPECT_EQ(result.statistics, std::vector<double>(3, 0.0));
    EXPECT_EQ(result.n_as_large, 3);
    EXPECT_EQ(result.p_value, 1);
  }
}

// ---- permutation tests -------------------------------------------------------------------------------------------

TEST_P(dependence, test_without_permutations_has_p_value_1) {
  const row_set<double> x(20, 2, 1);

  const permutation_test_result result = distance_covariance_test(ctx(), x.view(), x.view(), test_of(0));

  EXPECT_EQ(result.statistic, distance_covariance(ctx(), x.view(), x.view()));
  EXPECT_EQ(result.p_value, 1);
  EXPECT_EQ(result.n_permutations, 0);
  EXPECT_TRUE(result.statistics.empty());
}

TEST_P(dependence, test_of_rows_with_themselves_has_the_smallest_p_value) {
  const row_set<double> x(60, 2, 1);

  EXPECT_EQ(distance_covariance_test(ctx(), x.view(), x.view(), test_of(99)).p_value, 0.01);
}

TEST_P(dependence, statistics_are_kept_where_that_is_asked_for) {
  const row_set<double> x(10, 2, 1);
  permutation_test_options test = test_of(9);
  test.keep_statistics = false;

  EXPECT_TRUE(distance_covariance_test(ctx(), x.view(), x.view(), test).statistics.empty());
}

/// Permutations that leave a sample of two values as it is, or turn one value into the other, give the same statistic
/// with other roundings.
template <class T>
void expect_ties_count(const context& ctx) {
  row_set<T> x(std::vector<T>(40), 1);
  row_set<T> y(std::vector<T>(40), 1);
  for (std::int64_t i = 0; i < 40; ++i) {
    x.values[size_of(i)] = i < 20 ? T(0.1) : T(0.73);
    y.values[size_of(i)] = i % 4 == 0 ? T(-0.3) : T(0.4);
  }
  permutation_test_options test = test_of(200);

  const permutation_test_result result = distance_covariance_test(ctx, x.view(), y.view(), test);

  // The statistic grows with the difference of the numbers of rare values in the halves, here 0: all are as large.
  EXPECT_EQ(result.n_as_large, 200);
  EXPECT_EQ(result.p_value, 1);

  y.values.assign(40, T(0.4));
  for (const std::size_t i : {0, 8, 12, 16, 17, 20, 24}) {
    y.values[i] = T(-0.3);
  }
  const permutation_test_result uneven = distance_covariance_test(ctx, x.view(), y.view(), test);

  const auto rare_in_first_half = [&](const std::vector<std::int64_t>& to) {
    std::int64_t n = 0;
    for (std::int64_t i = 0; i < 20; ++i) {
      n += y.values[size_of(to[size_of(i)])] < 0 ? 1 : 0;
    }
    return n;
  };
  const auto difference = [&](const std::vector<std::int64_t>& to) { return std::abs(2 * rare_in_first_half(to) - 7); };
  std::int64_t n_as_large = 0;
  for (std::int64_t b = 0; b < 200; ++b) {
    n_as_large += difference(permutation_of(test, b, 40)) >= difference(identity(40)) ? 1 : 0;
  }
  EXPECT_EQ(uneven.n_as_large, n_as_large);
}

TEST_P(dependence, permutations_with_an_equal_statistic_count_as_large) {
  expect_ties_count<double>(ctx());
  expect_ties_count<float>(ctx());
}

TEST_P(dependence, test_asks_the_callback_and_stops_where_it_says_so) {
  const row_set<double> x(12, 1, 1);
  permutation_test_options test = test_of(600);
  std::vector<std::int64_t> done;
  test.callback = [&](std::int64_t n) {
    done.push_back(n);
    return true;
  };

  distance_covariance_test(ctx(), x.view(), x.view(), test);

  ASSERT_FALSE(done.empty());
  EXPECT_TRUE(std::is_sorted(done.begin(), done.end()));
  EXPECT_EQ(done.back(), 600);

  test.callback = [](std::int64_t) { return false; };
  const std::string message = error_of<interrupted>([&] { distance_covariance_test(ctx(), x.view(), x.view(), test); });
  EXPECT_TRUE(contains(message, "distance_covariance_test: ")) << message;
}

// ---- errors ------------------------------------------------------------------------------------------------------

std::string refusal_of_hsic(const context& ctx, const row_set<double>& x, const row_set<double>& y,
                            const pairwise_options& x_options, const pairwise_options& y_options) {
  return error_of<invalid_argument>([&] { hsic(ctx, x.view(), y.view(), x_options, y_options); });
}

TEST_P(dependence, does_not_see_the_rows_behind_the_end_of_a_strip) {
  const row_set<float> x(9, 1, 1);
  row_set<float> y(9, 1, 2);
  for (float& value : y.values) {
    value = 2e19F + 1e13F * value;  // the square of its distance from 0 is infinite
  }
  const context scalar(context_options{"cpu", "scalar", 1});

  EXPECT_EQ(bits_of(distance_covariance(ctx(), x.view(), y.view())),
            bits_of(distance_covariance(scalar, x.view(), y.view())));
}

TEST_P(dependence, refuses_samples_that_do_not_belong_together) {
  const pairwise_options o = options_of(pair_kernel::gaussian);
  const row_set<double> x(4, 2, 1);
  row_set<double> bad(4, 1, 2);
  bad.values[3] = std::numeric_limits<double>::infinity();

  EXPECT_EQ(refusal_of_hsic(ctx(), x, row_set<double>(3, 1, 2), o, o), "hsic: y has 3 rows but x has 4");
  EXPECT_EQ(refusal_of_hsic(ctx(), x, bad, o, o),
            "hsic: y is inf at row 3, column 0 (counted from 0) but must be finite");
  EXPECT_EQ(error_of<invalid_argument>([&] { distance_correlation(ctx(), bad.view(), x.view()); }),
            "distance_correlation: x is inf at row 3, column 0 (counted from 0) but must be finite");
  EXPECT_EQ(error_of<invalid_argument>(
                [&] { distance_covariance(ctx(), x.view(), matrix_view<const double>(nullptr, 4, 1)); }),
            "distance_covariance: y is NULL");
}

TEST_P(dependence, refuses_options_that_have_no_place_here) {
  const pairwise_options o = options_of(pair_kernel::gaussian);
  const row_set<double> x(2, 2, 1);
  const std::vector<double> numbers = {1, 2};
  pairwise_options mode = o;
  mode.mode = pairwise_mode::u;
  pairwise_options x_weights = o;
  x_weights.x_weights = numbers;
  pairwise_options y_weights = o;
  y_weights.y_weights = numbers;
  pairwise_options bandwidths = o;
  bandwidths.bandwidths = numbers;
  pairwise_options bandwidth = o;
  bandwidth.bandwidth = 0;
  pairwise_options kernel = o;
  kernel.kernel = static_cast<pair_kernel>(12);

  EXPECT_TRUE(contains(refusal_of_hsic(ctx(), x, x, mode, o), "hsic: x_options.mode is 2 but must be left alone"));
  EXPECT_TRUE(contains(refusal_of_hsic(ctx(), x, x, o, mode), "hsic: y_options.mode is 2 but must be left alone"));
  EXPECT_TRUE(contains(refusal_of_hsic(ctx(), x, x, x_weights, o), "hsic: x_options.x_weights are given"));
  EXPECT_TRUE(contains(refusal_of_hsic(ctx(), x, x, o, y_weights), "hsic: y_options.y_weights are given"));
  EXPECT_TRUE(contains(refusal_of_hsic(ctx(), x, x, o, bandwidths), "hsic: y_options.bandwidths are given"));
  EXPECT_TRUE(contains(refusal_of_hsic(ctx(), x, x, bandwidth, o), "hsic: x_options: bandwidth is 0 but must be"));
  EXPECT_TRUE(contains(refusal_of_hsic(ctx(), x, x, o, kernel), "hsic: y_options: kernel is 12 but must be"));
}

TEST_P(dependence, refuses_exponents_and_numbers_of_permutations_out_of_range) {
  const row_set<double> x(3, 2, 1);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double exponent : {0.0, -1.0, 2.5, nan}) {
    const std::string message =
        error_of<invalid_argument>([&] { distance_covariance(ctx(), x.view(), x.view(), exponent); });
    EXPECT_TRUE(contains(message, "distance_covariance: exponent is ")) << message;
  }
  const std::string message =
      error_of<invalid_argument>([&] { distance_covariance_test(ctx(), x.view(), x.view(), test_of(-1)); });
  EXPECT_TRUE(contains(message, "distance_covariance_test: n_permutations is -1 but must be")) << message;
}

TEST_P(dependence, says_where_values_overflow) {
  row_set<double> x(5, 1, 1);
  const row_set<double> y(5, 1, 2);
  row_set<double> large = y;
  x.values[2] = 1e200;
  for (double& value : large.values) {
    value *= 1e100;
  }
  const pairwise_options product = options_of(pair_kernel::product);

  EXPECT_EQ(error_of<numerical_failure>([&] { distance_covariance(ctx(), y.view(), x.view()); }),
            "distance_covariance: the values of row 0 of y with all rows overflow");
  EXPECT_EQ(error_of<numerical_failure>([&] { hsic(ctx(), large.view(), large.view(), product, product); }),
            "hsic: the sum of the products of values overflows");
  const std::string message =
      error_of<numerical_failure>([&] { hsic_test(ctx(), large.view(), large.view(), test_of(2), product, product); });
  EXPECT_TRUE(contains(message, "hsic_test: ")) << message;
}

}  // namespace
}  // namespace samebits::tests
