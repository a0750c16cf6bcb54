// Energy distance, maximum mean discrepancy and their permutation tests, on every backend: plain loops as the golden
// bits, the long-double oracle with the same permutations, errors.
#include "samebits/two_sample.hpp"

#include <cmath>
#include <limits>
#include <random>

#include "samebits/core/permutation_test.hpp"
#include "samebits/core/two_sample.hpp"
#include "samebits/permutation.hpp"
#include "tests/backends/pair_cases.hpp"

namespace samebits::tests {
namespace {

class two_sample : public backend_test {};
SAMEBITS_ON_EVERY_BACKEND(two_sample);

constexpr estimator estimators[] = {estimator::v, estimator::u};

// ---- data --------------------------------------------------------------------------------------------------------

/// Two samples, one below the other.
template <class T>
struct samples {
  samples(std::int64_t n_x, std::int64_t n_y, std::int64_t cols, double shift = 0.3)
      : n_first(n_x), n_rows(n_x + n_y), n_cols(cols) {
    std::mt19937_64 bits(static_cast<std::uint64_t>(n_x * 1000 + n_y));
    for (std::int64_t i = 0; i < n_rows * cols; ++i) {
      const double value = static_cast<double>(bits() >> 11) * 0x1p-52 - 0.7;
      values.push_back(static_cast<T>(i < n_x * cols ? value : value + shift));
    }
  }
  matrix_view<const T> x() const { return {values.data(), n_first, n_cols}; }
  matrix_view<const T> y() const { return {values.data() + n_first * n_cols, n_rows - n_first, n_cols}; }
  const T* row(std::int64_t i) const { return values.data() + i * n_cols; }

  std::int64_t n_first;
  std::int64_t n_rows;
  std::int64_t n_cols;
  std::vector<T> values;
};

pairwise_options kernel_options(pair_kernel kernel) {
  pairwise_options o;
  o.kernel = kernel;
  o.bandwidth = 0.8;
  o.exponent = 1.3;
  o.gamma = 0.7;
  o.offset = 0.4;
  o.degree = 3;
  return o;
}

pairwise_options distance_options(double exponent) {
  pairwise_options o;
  o.kernel = pair_kernel::power;
  o.exponent = exponent;
  return o;
}

permutation_test_options permutations(std::int64_t n) {
  permutation_test_options o;
  o.n_permutations = n;
  o.stream = {11, 3};
  o.keep_statistics = true;
  return o;
}

/// 1 for the rows of the first sample: of the data as they are for b = -1, else of permutation b.
std::vector<int> labels_of(std::int64_t n_rows, std::int64_t n_first, const permutation_test_options& o,
                           std::int64_t b) {
  std::vector<std::int64_t> first(static_cast<std::size_t>(n_first));
  for (std::size_t i = 0; i < first.size(); ++i) {
    first[i] = static_cast<std::int64_t>(i);
  }
  if (b >= 0) {
    std::vector<std::int64_t> all(static_cast<std::size_t>(n_rows));
    permutation(o.stream.child("permutation").child(static_cast<std::uint64_t>(b)), all);
    std::copy_n(all.begin(), first.size(), first.begin());
  }
  std::vector<int> labels(static_cast<std::size_t>(n_rows), 0);
  for (const std::int64_t i : first) {
    labels[static_cast<std::size_t>(i)] = 1;
  }
  return labels;
}

// ---- the same statistics as plain loops over the formulas of core/ -----------------------------------------------

template <class T>
class plain_loops {
 public:
  plain_loops(const samples<T>& s, const pairwise_options& o, estimator type) : samples_(s), options_(o), type_(type) {
    const plain_kernel<T> value_of(o);
    for (std::int64_t i = 0; i < s.n_rows; ++i) {
      for (std::int64_t j = 0; j < s.n_rows; ++j) {
        values_.push_back(value_of(s.row(i), s.row(j), s.n_cols));
      }
    }
    const std::vector<int> everybody(static_cast<std::size_t>(s.n_rows), 1);
    row_sums_ = upper_products(everybody);
    all_ = sums(everybody);
  }

  /// The smaller sample is the one with labels.
  core::pair_means means(std::vector<int> labels) const {
    double n = static_cast<double>(samples_.n_first);
    double m = static_cast<double>(samples_.n_rows - samples_.n_first);
    if (m < n) {
      std::swap(n, m);
      for (int& label : labels) {
        label = 1 - label;
      }
    }
    const double own = type_ == estimator::u ? 1 : 0;
    return core::means_of(sums(labels), all_, {n * (n - own), m * (m - own), n * m});
  }

 private:
  static std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }
  T value(std::int64_t i, std::int64_t j) const { return values_[at(i * samples_.n_rows + j)]; }

  std::vector<double> upper_products(const std::vector<int>& labels) const {
    std::vector<double> products;
    for (std::int64_t i = 0; i < samples_.n_rows; ++i) {
      products.push_back(sum_of_row<T>(samples_.n_rows, [&](std::int64_t j, T sum) {
        return i < j ? core::fma(value(i, j), static_cast<T>(labels[at(j)]), sum) : sum;
      }));
    }
    return products;
  }

  core::label_sums sums(const std::vector<int>& labels) const {
    const std::vector<double> products = upper_products(labels);
    const auto labelled = [&](const auto& of_row) {
      return chain_sum<double>(samples_.n_rows, [&](std::int64_t i, double sum) {
        return core::add_labelled(sum, static_cast<double>(labels[at(i)]), of_row(i));
      });
    };
    return {labelled([&](std::int64_t i) { return products[at(i)]; }),
            labelled([&](std::int64_t i) { return row_sums_[at(i)]; }),
            chain_sum<double>(samples_.n_rows, [&](std::int64_t i, double sum) { return sum + products[at(i)]; }),
            labelled([&](std::int64_t i) { return type_ == estimator::v ? static_cast<double>(value(i, i)) : 0.0; })};
  }

  const samples<T>& samples_;
  const pairwise_options& options_;
  estimator type_;
  std::vector<T> values_;
  std::vector<double> row_sums_;
  core::label_sums all_{};
};

// Around leaves, blocks and words of labels.
constexpr pair_shape shapes[] = {{2, 2, 1}, {2, 3, 4}, {33, 31, 2}, {255, 256, 3}, {512, 1, 1}, {2, 511, 2}};

template <class Body>
void for_shapes(const Body& body) {
  for (const pair_shape& s : shapes) {
    for (const estimator type : estimators) {
      if (type == estimator::u && s.n_y < 2) {
        continue;
      }
      body(samples<double>(s.n_x, s.n_y, s.n_cols), type);
      body(samples<float>(s.n_x, s.n_y, s.n_cols), type);
    }
  }
}

/// The statistics of a test, that of the data first.
std::vector<double> statistics_of(const permutation_test_result& result) {
  std::vector<double> all = {result.statistic};
  all.insert(all.end(), result.statistics.begin(), result.statistics.end());
  return all;
}

template <class T>
void expect_plain_loops(const samples<T>& s, const pairwise_options& o, estimator type, double sign,
                        const permutation_test_options& test, const permutation_test_result& result) {
  const plain_loops<T> loops(s, o, type);
  std::vector<double> expected;
  std::int64_t n_as_large = 0;
  double tolerance = 0;
  for (std::int64_t b = -1; b < test.n_permutations; ++b) {
    const core::pair_means means = loops.means(labels_of(s.n_rows, s.n_first, test, b));
    expected.push_back(sign * core::energy_of(means) + 0.0);
    if (b < 0) {
      tolerance = core::permutation_tolerance<T>(core::magnitude_of(means));
    } else {
      n_as_large += core::is_as_large(expected.back(), expected.front(), tolerance) ? 1 : 0;
    }
  }
  EXPECT_EQ(bits_of(statistics_of(result)), bits_of(expected)) << name_of(o.kernel) << ", " << s.n_rows << " rows";
  EXPECT_EQ(result.n_as_large, n_as_large);
  EXPECT_EQ(result.n_permutations, test.n_permutations);
  EXPECT_EQ(result.p_value, static_cast<double>(n_as_large + 1) / static_cast<double>(test.n_permutations + 1));
}

TEST_P(two_sample, energy_tests_have_the_bits_of_plain_loops) {
  for_shapes([&](const auto& s, estimator type) {
    const permutation_test_options test = permutations(s.n_rows < 100 ? 70 : 2);
    for (const double exponent : {1.0, 0.7}) {
      const permutation_test_result result = energy_test(ctx(), s.x(), s.y(), test, exponent, type);

      expect_plain_loops(s, distance_options(exponent), type, 1, test, result);
    }
  });
}

TEST_P(two_sample, discrepancy_tests_have_the_bits_of_plain_loops) {
  for_shapes([&](const auto& s, estimator type) {
    const permutation_test_options test = permutations(3);
    for (const pair_kernel kernel : {pair_kernel::product, pair_kernel::polynomial, pair_kernel::gaussian,
                                     pair_kernel::matern_3_2, pair_kernel::laplacian}) {
      const pairwise_options o = kernel_options(kernel);

      const permutation_test_result result = maximum_mean_discrepancy_test(ctx(), s.x(), s.y(), test, o, type);

      expect_plain_loops(s, o, type, -1, test, result);
    }
  });
}

TEST_P(two_sample, the_statistic_alone_has_the_bits_of_the_one_of_a_test) {
  for_shapes([&](const auto& s, estimator type) {
    const pairwise_options o = kernel_options(pair_kernel::inverse_multiquadric);
    const permutation_test_options test = permutations(9);

    const double energy = energy_distance(ctx(), s.x(), s.y(), 1.5, type);
    const double mmd = maximum_mean_discrepancy(ctx(), s.x(), s.y(), o, type);

    EXPECT_EQ(bits_of(energy), bits_of(energy_test(ctx(), s.x(), s.y(), test, 1.5, type).statistic));
    EXPECT_EQ(bits_of(mmd), bits_of(maximum_mean_discrepancy_test(ctx(), s.x(), s.y(), test, o, type).statistic));
  });
}

TEST_P(two_sample, more_permutations_begin_with_the_same_ones) {
  // More than a block of columns.
  const samples<double> s(5, 7, 2);
  const std::vector<double> few = energy_test(ctx(), s.x(), s.y(), permutations(100)).statistics;

  const std::vector<double> many = energy_test(ctx(), s.x(), s.y(), permutations(2 * 2046 + 1)).statistics;

  ASSERT_EQ(many.size(), 2u * 2046 + 1);
  EXPECT_EQ(bits_of({many.begin(), many.begin() + 100}), bits_of(few));
  const permutation_test_options test = permutations(1);
  for (const std::int64_t b : {2043, 2044, 2045, 2046, 4089, 4090, 4091, 4092}) {
    const plain_loops<double> loops(s, distance_options(1), estimator::v);
    const core::pair_means means = loops.means(labels_of(s.n_rows, s.n_first, test, b));
    EXPECT_EQ(bits_of(many[static_cast<std::size_t>(b)]), bits_of(core::energy_of(means) + 0.0)) << b;
  }
}

TEST_P(two_sample, has_the_same_bits_on_any_number_of_threads) {
  const samples<double> doubles(400, 300, 3);
  const samples<float> floats(300, 400, 2);
  const auto results = [&](const context& on) {
    std::vector<double> all = statistics_of(energy_test(on, doubles.x(), doubles.y(), permutations(150), 0.9));
    const std::vector<double> more = statistics_of(maximum_mean_discrepancy_test(
        on, floats.x(), floats.y(), permutations(150), kernel_options(pair_kernel::cosine)));
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  const std::vector<double> serial = results(on_threads(1));

  for (const int n_threads : {2, 3, 8}) {
    EXPECT_EQ(bits_of(results(on_threads(n_threads))), bits_of(serial)) << n_threads << " threads";
  }
}

TEST_P(two_sample, has_the_same_bits_in_a_hostile_floating_point_environment) {
  const samples<double> s(40, 50, 3);
  const std::vector<double> calm = statistics_of(energy_test(ctx(), s.x(), s.y(), permutations(70)));

  const fp_mode hostile(flush_to_zero | round_upward);

  EXPECT_EQ(bits_of(statistics_of(energy_test(ctx(), s.x(), s.y(), permutations(70)))), bits_of(calm));
}

// ---- the oracle --------------------------------------------------------------------------------------------------

struct long_means {
  long double first = 0;
  long double second = 0;
  long double between = 0;
  long double energy() const { return 2 * between - first - second; }
};

template <class T>
long_means oracle(const samples<T>& s, const std::vector<int>& labels, const pairwise_options& o, estimator type) {
  long_means sums;
  for (std::int64_t i = 0; i < s.n_rows; ++i) {
    for (std::int64_t j = i; j < s.n_rows; ++j) {
      const long double times = i < j ? 2 : (type == estimator::v ? 1 : 0);
      const int n_first = labels[static_cast<std::size_t>(i)] + labels[static_cast<std::size_t>(j)];
      (n_first == 2 ? sums.first : (n_first == 0 ? sums.second : sums.between)) +=
          times * long_value(s.row(i), s.row(j), s.n_cols, o);
    }
  }
  const long double n_x = static_cast<long double>(s.n_first);
  const long double n_y = static_cast<long double>(s.n_rows - s.n_first);
  const long double own = type == estimator::u ? 1 : 0;
  return {sums.first / (n_x * (n_x - own)), sums.second / (n_y * (n_y - own)), sums.between / (2 * n_x * n_y)};
}

TEST_P(two_sample, statistics_agree_with_the_oracle) {
  for_shapes([&](const auto& s, estimator type) {
    const bool is_float = sizeof(s.values[0]) == sizeof(float);
    const double bound = is_float ? 2e-6 : 1e-14;
    const std::vector<int> labels = labels_of(s.n_rows, s.n_first, permutations(0), -1);
    for (const pair_kernel kernel : {pair_kernel::product, pair_kernel::cosine, pair_kernel::power,
                                     pair_kernel::gaussian, pair_kernel::laplacian}) {
      const pairwise_options o = kernel_options(kernel);
      const long_means means = oracle(s, labels, o, type);
      const double size =
          static_cast<double>(2 * std::abs(means.between) + std::abs(means.first) + std::abs(means.second));

      const double mmd = maximum_mean_discrepancy(ctx(), s.x(), s.y(), o, type);

      EXPECT_NEAR(mmd, static_cast<double>(-means.energy()), bound * (size + 1)) << name_of(kernel) << s.n_rows;
      if (kernel == pair_kernel::power) {
        EXPECT_NEAR(energy_distance(ctx(), s.x(), s.y(), o.exponent, type), static_cast<double>(means.energy()),
                    bound * size);
      }
    }
  });
}

TEST_P(two_sample, a_test_agrees_with_one_by_brute_force) {
  const samples<double> s(9, 14, 2, 0.25);
  const permutation_test_options test = permutations(999);
  for (const estimator type : estimators) {
    const pairwise_options o = distance_options(1);
    const long double observed = oracle(s, labels_of(s.n_rows, s.n_first, test, -1), o, type).energy();
    std::int64_t n_as_large = 0;

    const permutation_test_result result = energy_test(ctx(), s.x(), s.y(), test, 1, type);

    for (std::int64_t b = 0; b < test.n_permutations; ++b) {
      const long double statistic = oracle(s, labels_of(s.n_rows, s.n_first, test, b), o, type).energy();
      ASSERT_NEAR(result.statistics[static_cast<std::size_t>(b)], static_cast<double>(statistic), 1e-13) << b;
      n_as_large += statistic >= observed - 1e-15L ? 1 : 0;
    }
    EXPECT_EQ(result.n_as_large, n_as_large);
    EXPECT_GT(n_as_large, 0);
    EXPECT_LT(n_as_large, test.n_permutations);
  }
}

TEST_P(two_sample, the_energy_distance_of_numbers_is_the_square_of_scipys) {
  const std::vector<double> x = {0.25, 1.5, -0.75, 3.0, 2.25, 0.5, -1.25};
  const std::vector<double> y = {1.0, 4.5, -0.5, 2.75, 3.5};

  const double distance = energy_distance(ctx(), {x.data(), 7, 1}, {y.data(), 5, 1});

  EXPECT_NEAR(std::sqrt(distance), 0.9465296441987111, 1e-15);  // scipy 1.17.1, stats.energy_distance
}

// ---- known answers -----------------------------------------------------------------------------------------------

TEST_P(two_sample, equal_samples_are_at_distance_0_up_to_rounding) {
  samples<double> s(150, 150, 2);
  std::copy_n(s.values.begin(), 300, s.values.begin() + 300);

  const permutation_test_result energy = energy_test(ctx(), s.x(), s.y(), permutations(99));
  const double mmd = maximum_mean_discrepancy(ctx(), s.x(), s.y(), kernel_options(pair_kernel::gaussian));

  EXPECT_NEAR(energy.statistic, 0, 1e-14);
  EXPECT_EQ(energy.p_value, 1) << "no permutation is below 0 by more than rounding";
  EXPECT_NEAR(mmd, 0, 1e-14);
}

TEST_P(two_sample, samples_far_apart_are_below_no_permutation) {
  const samples<float> s(20, 25, 3, 50);

  EXPECT_EQ(energy_test(ctx(), s.x(), s.y(), permutations(199)).p_value, 1.0 / 200);
}

/// Rows of two kinds only: the statistic is a function of how many of a kind are in the first sample.
template <class T>
samples<T> two_kinds(std::int64_t n_x, std::int64_t n_y, std::int64_t n_special_x, std::int64_t n_special_y) {
  samples<T> s(n_x, n_y, 1);
  for (std::int64_t i = 0; i < s.n_rows; ++i) {
    const bool is_special = i < n_x ? i < n_special_x : i - n_x < n_special_y;
    s.values[static_cast<std::size_t>(i)] = is_special ? T(1.7) : T(0.1);
  }
  return s;
}

template <class T>
void expect_ties_to_count(const context& ctx, const samples<T>& s) {
  const permutation_test_options test = permutations(400);
  std::int64_t n_special_first = 0;
  std::int64_t n_special = 0;
  for (std::int64_t i = 0; i < s.n_rows; ++i) {
    n_special += *s.row(i) > T(1) ? 1 : 0;
    n_special_first += *s.row(i) > T(1) && i < s.n_first ? 1 : 0;
  }
  // The statistic grows with the difference of the shares of special rows, here as a whole number.
  const auto size = [&](std::int64_t special) {
    return std::abs(special * (s.n_rows - s.n_first) - (n_special - special) * s.n_first);
  };
  std::int64_t n_as_large = 0;
  std::int64_t n_equal = 0;
  for (std::int64_t b = 0; b < test.n_permutations; ++b) {
    const std::vector<int> labels = labels_of(s.n_rows, s.n_first, test, b);
    std::int64_t special = 0;
    for (std::int64_t i = 0; i < s.n_rows; ++i) {
      special += *s.row(i) > T(1) ? labels[static_cast<std::size_t>(i)] : 0;
    }
    n_as_large += size(special) >= size(n_special_first) ? 1 : 0;
    n_equal += size(special) == size(n_special_first) ? 1 : 0;
  }

  for (const estimator type : estimators) {
    EXPECT_EQ(energy_test(ctx, s.x(), s.y(), test, 1, type).n_as_large, n_as_large);
    EXPECT_EQ(
        maximum_mean_discrepancy_test(ctx, s.x(), s.y(), test, kernel_options(pair_kernel::gaussian), type).n_as_large,
        n_as_large);
  }
  EXPECT_GT(n_equal, 5) << "or nothing is tested";
}

TEST_P(two_sample, equal_statistics_count_as_as_large) {
  // Of two rows either is the first sample, and the statistic is the same.
  const samples<double> two(1, 1, 3);
  EXPECT_EQ(energy_test(ctx(), two.x(), two.y(), permutations(64)).p_value, 1);

  expect_ties_to_count(ctx(), two_kinds<double>(30, 40, 5, 4));
  expect_ties_to_count(ctx(), two_kinds<float>(30, 40, 5, 4));
  expect_ties_to_count(ctx(), two_kinds<double>(300, 400, 34, 36));
  expect_ties_to_count(ctx(), two_kinds<float>(600, 30, 40, 4));
}

TEST_P(two_sample, without_permutations_p_is_1) {
  const samples<double> s(12, 13, 2, 9);

  const permutation_test_result result = energy_test(ctx(), s.x(), s.y(), permutations(0));

  EXPECT_EQ(result.p_value, 1);
  EXPECT_EQ(result.n_permutations, 0);
  EXPECT_EQ(result.n_as_large, 0);
  EXPECT_TRUE(result.statistics.empty());
  EXPECT_GT(result.statistic, 0);
}

TEST_P(two_sample, statistics_are_kept_on_demand_only) {
  const samples<double> s(12, 13, 2);
  permutation_test_options test = permutations(40);
  const permutation_test_result kept = energy_test(ctx(), s.x(), s.y(), test);
  test.keep_statistics = false;

  const permutation_test_result result = energy_test(ctx(), s.x(), s.y(), test);

  EXPECT_TRUE(result.statistics.empty());
  EXPECT_EQ(result.p_value, kept.p_value);
}

// ---- callbacks ---------------------------------------------------------------------------------------------------

TEST_P(two_sample, the_callback_sees_the_number_of_permutations_done) {
  const samples<double> s(3, 4, 1);
  permutation_test_options test = permutations(5000);
  std::vector<std::int64_t> seen;
  test.callback = [&](std::int64_t n_done) {
    seen.push_back(n_done);
    return true;
  };

  energy_test(ctx(), s.x(), s.y(), test);

  ASSERT_GT(seen.size(), 1u);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_EQ(seen.back(), 5000);
}

TEST_P(two_sample, the_callback_may_stop_a_test) {
  const samples<double> s(3, 4, 1);
  permutation_test_options test = permutations(5000);
  int n_calls = 0;
  test.callback = [&](std::int64_t) { return ++n_calls < 2; };

  try {
    energy_test(ctx(), s.x(), s.y(), test);
    FAIL() << "nothing was thrown";
  } catch (const interrupted& e) {
    EXPECT_EQ(std::string(e.what()), "energy_test: stopped by the callback after 4090 permutations");
  }
  EXPECT_EQ(n_calls, 2);
}

TEST_P(two_sample, what_the_callback_throws_comes_out) {
  const samples<double> s(3, 4, 1);
  permutation_test_options test = permutations(10);
  test.callback = [](std::int64_t) -> bool { throw std::runtime_error("from the callback"); };

  EXPECT_THROW(energy_test(ctx(), s.x(), s.y(), test), std::runtime_error);
}

// ---- errors ------------------------------------------------------------------------------------------------------

TEST_P(two_sample, names_bad_arguments) {
  const samples<double> s(3, 4, 2);
  const auto energy = [&](matrix_view<const double> x, matrix_view<const double> y, double exponent = 1,
                          estimator type = estimator::v) {
    return error_of<invalid_argument>([&] { energy_distance(ctx(), x, y, exponent, type); });
  };
  const auto mmd = [&](const pairwise_options& o) {
    return error_of<invalid_argument>([&] { maximum_mean_discrepancy(ctx(), s.x(), s.y(), o); });
  };
  const auto test = [&](std::int64_t n_permutations) {
    return error_of<invalid_argument>([&] { energy_test(ctx(), s.x(), s.y(), permutations(n_permutations)); });
  };
  const matrix_view<const double> none(nullptr, 0, 2);
  const matrix_view<const double> one(s.values.data(), 1, 2);
  const matrix_view<const double> narrow(s.values.data(), 3, 1);
  const double nan = std::numeric_limits<double>::quiet_NaN();

  EXPECT_EQ(energy(none, s.y()), "energy_distance: x has 0 rows but must have at least 1");
  EXPECT_EQ(energy(s.x(), none), "energy_distance: y has 0 rows but must have at least 1");
  EXPECT_EQ(energy(one, s.y(), 1, estimator::u),
            "energy_distance: x has 1 row but must have at least 2 with estimator u");
  EXPECT_EQ(energy(s.x(), one, 1, estimator::u),
            "energy_distance: y has 1 row but must have at least 2 with estimator u");
  EXPECT_EQ(energy(s.x(), narrow), "energy_distance: y has 1 columns but x has 2");
  EXPECT_EQ(energy(s.x(), s.y(), 0), "energy_distance: exponent is 0 but must be above 0 and below 2");
  EXPECT_EQ(energy(s.x(), s.y(), 2), "energy_distance: exponent is 2 but must be above 0 and below 2");
  EXPECT_EQ(energy(s.x(), s.y(), nan), "energy_distance: exponent is nan but must be above 0 and below 2");
  EXPECT_EQ(energy(s.x(), s.y(), 1, static_cast<estimator>(2)), "energy_distance: estimator is 2 but must be 0 or 1");
  EXPECT_EQ(test(-1), "energy_test: n_permutations is -1 but must be 0 to 2^53");
  EXPECT_EQ(test(std::numeric_limits<std::int64_t>::max()),
            "energy_test: n_permutations is 9223372036854775807 but must be 0 to 2^53");

  EXPECT_EQ(error_of<invalid_argument>([&] {
              maximum_mean_discrepancy_test(ctx(), s.x(), s.y(), permutations(9), kernel_options(pair_kernel::l1));
            }),
            "maximum_mean_discrepancy_test: kernel is l1, a distance: use energy_test");

  pairwise_options o = kernel_options(pair_kernel::gaussian);
  o.mode = pairwise_mode::u;
  EXPECT_EQ(
      mmd(o),
      "maximum_mean_discrepancy: mode is 2 but must be 0 (cross): which pairs count is a matter of the estimator");
  o = kernel_options(pair_kernel::gaussian);
  const double weights[3] = {1, 1, 1};
  o.x_weights = weights;
  EXPECT_EQ(mmd(o), "maximum_mean_discrepancy: weights are given but rows that change samples have none");
  o = kernel_options(pair_kernel::gaussian);
  o.bandwidths = weights;
  EXPECT_EQ(mmd(o), "maximum_mean_discrepancy: bandwidths are given but there is one result for one bandwidth");
  o = kernel_options(pair_kernel::gaussian);
  o.bandwidth = 0;
  EXPECT_NE(mmd(o).find("maximum_mean_discrepancy: bandwidth is 0 but must be from "), std::string::npos);
}

TEST_P(two_sample, numbers_that_are_not_finite_are_named) {
  samples<float> s(3, 4, 2);
  s.values[11] = std::numeric_limits<float>::quiet_NaN();

  EXPECT_EQ(error_of<invalid_argument>([&] { energy_test(ctx(), s.x(), s.y(), permutations(5)); }),
            "energy_test: y is nan at row 2, column 1 (counted from 0) but must be finite");
}

TEST_P(two_sample, distances_that_overflow_are_a_failure) {
  samples<double> s(3, 4, 1);
  s.values[0] = 1e200;
  samples<float> floats(3, 4, 1);
  floats.values[0] = 1e30f;

  EXPECT_EQ(error_of<numerical_failure>([&] {
              energy_distance(ctx(), s.x(), s.y(), 1.5);
            }).find("energy_distance: the statistic is "),
            0u);
  EXPECT_THROW(energy_distance(ctx(), floats.x(), floats.y(), 1.5), numerical_failure);
}

}  // namespace
}  // namespace samebits::tests
