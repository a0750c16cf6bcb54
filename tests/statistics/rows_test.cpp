// Distributions whose samples are rows: each number of a row, and functions of several, follow their laws. The rules
// are those of distribution_report.hpp.
#include <numeric>

#include "tests/statistics/distribution_laws.hpp"
#include "tests/statistics/distribution_report.hpp"

namespace samebits::tests {
namespace {

/// Functions of rows, and what they are compared with.
template <class T>
class row_checks {
 public:
  row_checks(std::string name, const samebits_distribution& d, double share = 1)
      : name_(std::move(name)),
        distribution_(d),
        n_cols_(static_cast<std::size_t>(row_size(d))),
        per_stream_(samples_per_stream(share)) {}

  /// The function follows the law.
  template <class Function>
  void expect_law(const std::string& what, const law& expected, const Function& function) {
    laws_.push_back({what, sample_checks<T>(expected, static_cast<double>(n_streams * per_stream_), n_streams),
                     function, std::vector<T>(chunk)});
  }
  /// The mean of the function is this.
  template <class Function>
  void expect_mean(const std::string& what, double expected, const Function& function) {
    means_.push_back({what, expected, function});
  }
  /// The function is at most this, for every row.
  template <class Function>
  void expect_at_most(const std::string& what, double most, const Function& function) {
    bounds_.push_back({what, most, function});
  }

  void run() {
    const std::size_t n_rows_at_once = chunk / 10;
    std::vector<T> rows(n_rows_at_once * n_cols_);
    const stream_id id = statistics_root.child(name_);
    for (std::size_t s = 0; s < n_streams; ++s) {
      for (std::size_t first = 0; first < per_stream_; first += n_rows_at_once) {
        fill(shared_context(), distribution_, id.child(s), first, rows);
        add(s, rows);
      }
    }
    judge();
  }

 private:
  using function_of_row = std::function<double(const T*)>;
  struct law_check {
    std::string what;
    sample_checks<T> checks;
    function_of_row function;
    std::vector<T> values;
  };
  struct mean_check {
    std::string what;
    double expected;
    function_of_row function;
    double sum = 0;
    double sum_of_squares = 0;
  };
  struct bound_check {
    std::string what;
    double most;
    function_of_row function;
    double seen = -infinity;
  };

  void add(std::size_t s, const std::vector<T>& rows) {
    const std::size_t n = rows.size() / n_cols_;
    for (law_check& check : laws_) {
      for (std::size_t i = 0; i < n; ++i) check.values[i] = static_cast<T>(check.function(&rows[i * n_cols_]));
      check.checks.add(s, std::span<const T>(check.values).first(n));
    }
    for (mean_check& check : means_) {
      for (std::size_t i = 0; i < n; ++i) {
        const double excess = check.function(&rows[i * n_cols_]) - check.expected;
        check.sum += excess;
        check.sum_of_squares += excess * excess;
      }
    }
    for (bound_check& check : bounds_) {
      for (std::size_t i = 0; i < n; ++i) {
        const double value = check.function(&rows[i * n_cols_]);
        check.seen = check.seen < value || std::isnan(value) ? value : check.seen;
      }
    }
  }

  void judge() {
    const auto n = static_cast<double>(n_streams * per_stream_);
    for (const law_check& check : laws_) {
      EXPECT_EQ(check.checks.n_outside(), 0) << name_ << ", " << check.what;
      EXPECT_EQ(check.checks.inconsistency(), "") << name_ << ", " << check.what;
      expect_no_rejection(name_ + ", " + check.what, check.checks.n_cells(), check.checks.findings());
    }
    std::vector<finding> means;
    for (const mean_check& check : means_) {
      const double variance = check.sum_of_squares / n - (check.sum / n) * (check.sum / n);
      const double z = check.sum / std::sqrt(n * variance);
      means.push_back({"mean", "mean of " + check.what, z, normal_tails(z)});
    }
    if (!means.empty()) {
      expect_no_rejection(name_ + ", " + std::to_string(means.size()) + " means of functions", 0, means);
    }
    for (const bound_check& check : bounds_) {
      EXPECT_LE(check.seen, check.most) << name_ << ", " << check.what;
      char text[64];
      std::snprintf(text, sizeof text, ": %.3g, allowed %.3g", check.seen, check.most);
      distribution_report::get().note("- " + name_ + ", largest " + check.what + text);
    }
  }

  std::string name_;
  samebits_distribution distribution_;
  std::size_t n_cols_;
  std::size_t per_stream_;
  std::vector<law_check> laws_;
  std::vector<mean_check> means_;
  std::vector<bound_check> bounds_;
};

std::string numbered(const std::string& what, std::size_t j) { return what + " " + std::to_string(j); }
std::string numbered(const std::string& what, std::size_t i, std::size_t j) {
  return numbered(what, i) + " " + std::to_string(j);
}

double sum_of(const std::vector<double>& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

law beta_law(double a, double b) { return on(0, 1, with_its_moments(bm::beta_distribution<double, quiet>(a, b))); }

/// A coordinate of a uniform point on the unit sphere of n >= 2 dimensions.
law coordinate_law(double n) { return affine(beta_law((n - 1) / 2, (n - 1) / 2), -1, 2); }

// ---- Dirichlet ---------------------------------------------------------------------------------------------------

template <class T>
void check_dirichlet(const std::string& name, const std::vector<double>& concentrations, double share = 1) {
  const double total = sum_of(concentrations);
  const std::size_t n = concentrations.size();
  row_checks<T> checks("dirichlet " + name, dist::dirichlet{concentrations}, share);
  for (std::size_t j = 0; j < n; j += n < 5 ? 1 : 3) {
    const double a = concentrations[j];
    checks.expect_law(numbered("proportion", j), beta_law(a, total - a), [=](const T* row) { return row[j]; });
    for (std::size_t k = 0; k < j; k += n < 5 ? 1 : 2) {
      checks.expect_mean(numbered("product", k, j), a * concentrations[k] / (total * (total + 1)),
                         [=](const T* row) { return static_cast<double>(row[j]) * static_cast<double>(row[k]); });
    }
  }
  const double epsilon = static_cast<double>(std::numeric_limits<T>::epsilon());
  checks.expect_at_most("|sum - 1|", static_cast<double>(n) * epsilon / 2, [=](const T* row) {
    double sum = 0;
    for (std::size_t j = 0; j < n; ++j) sum += static_cast<double>(row[j]);
    return std::fabs(sum - 1);
  });
  checks.run();
}

TEST(rows, of_dirichlet_have_beta_proportions) { check_dirichlet<double>("1 1 1", {1, 1, 1}); }
TEST(rows, of_dirichlet_with_unequal_concentrations_have_beta_proportions) {
  check_dirichlet<double>("0.5 2 30", {0.5, 2, 30});
}
TEST(rows, of_dirichlet_with_small_concentrations_have_beta_proportions) {
  check_dirichlet<double>("0.02 0.01", {0.02, 0.01});
}
TEST(rows, of_dirichlet_with_many_proportions_have_beta_ones) {
  check_dirichlet<double>("10 times 0.3", std::vector<double>(10, 0.3), 0.1);
}
TEST(rows, of_dirichlet_in_float_have_beta_proportions) { check_dirichlet<float>("2 3 4 float", {2, 3, 4}, 0.3); }

// ---- multinomial -------------------------------------------------------------------------------------------------

void check_multinomial(const std::string& name, std::int64_t trials, const std::vector<double>& weights) {
  const double total = sum_of(weights);
  const auto n = static_cast<double>(trials);
  row_checks<std::int64_t> checks("multinomial " + name, dist::multinomial{trials, weights});
  for (std::size_t j = 0; j < weights.size(); ++j) {
    const double p = weights[j] / total;
    if (p > 0 && p < 1) {
      checks.expect_law(numbered("count", j), binomial_law(n, p),
                        [=](const std::int64_t* row) { return static_cast<double>(row[j]); });
    } else {
      checks.expect_at_most(numbered("|count - its certain value|", j), 0,
                            [=](const std::int64_t* row) { return std::fabs(static_cast<double>(row[j]) - n * p); });
    }
    for (std::size_t k = 0; k < j; ++k) {
      const double q = weights[k] / total;
      if (p == 0 || q == 0) continue;
      const double unit = std::sqrt(n);
      checks.expect_mean(numbered("covariance", k, j), -p * q, [=](const std::int64_t* row) {
        return (static_cast<double>(row[j]) - n * p) / unit * ((static_cast<double>(row[k]) - n * q) / unit);
      });
    }
  }
  checks.expect_at_most("|sum - n|", 0, [=](const std::int64_t* row) {
    return std::fabs(static_cast<double>(std::accumulate(row, row + weights.size(), std::int64_t{0}) - trials));
  });
  checks.run();
}

TEST(rows, of_multinomial_have_binomial_counts) { check_multinomial("20", 20, {0.2, 0.3, 0.5}); }
TEST(rows, of_multinomial_have_no_counts_without_weight) { check_multinomial("9, zeros", 9, {0, 1, 0, 2, 3, 0}); }
TEST(rows, of_multinomial_with_many_trials_have_binomial_counts) { check_multinomial("1000", 1000, {5, 1, 4}); }
TEST(rows, of_multinomial_with_2_to_the_50_trials_have_binomial_counts) {
  check_multinomial("2^50", std::int64_t{1} << 50, {1, 2, 1});
}
TEST(rows, of_multinomial_with_one_category_are_certain) { check_multinomial("17, certain", 17, {0.1}); }

TEST(rows, of_multinomial_have_the_joint_law) {
  const std::vector<double> weights = {0.2, 0.3, 0.5};
  const double n = 4;
  row_checks<std::int64_t> checks("multinomial joint", dist::multinomial{4, weights});
  // The outcomes in order of their number 5 a + b.
  std::array<double, 25> p = {};
  const auto factorial = [](int k) { return std::tgamma(k + 1.0); };
  for (int a = 0; a <= 4; ++a) {
    for (int b = 0; a + b <= 4; ++b) {
      const int c = 4 - a - b;
      p[static_cast<std::size_t>(5 * a + b)] = factorial(4) / (factorial(a) * factorial(b) * factorial(c)) *
                                               std::pow(0.2, a) * std::pow(0.3, b) * std::pow(0.5, c);
    }
  }
  law x;
  x.below = [=](double k) {
    double sum = 0;
    for (std::size_t i = 0; i < p.size(); ++i) sum += static_cast<double>(i) < k ? p[i] : 0;
    return sum;
  };
  x.above = [=](double k) {
    double sum = 0;
    for (std::size_t i = 0; i < p.size(); ++i) sum += static_cast<double>(i) >= k ? p[i] : 0;
    return sum;
  };
  x.lower_quantile = [](double) { return 0; };
  x.upper_quantile = [](double) { return 25; };
  x.is_count = true;
  x.step = 1;
  checks.expect_law("outcome", on(0, 20, x),
                    [=](const std::int64_t* row) { return static_cast<double>(5 * row[0] + row[1]); });
  checks.expect_at_most("|sum - n|", 0, [=](const std::int64_t* row) {
    return std::fabs(static_cast<double>(row[0] + row[1] + row[2]) - n);
  });
  checks.run();
}

// ---- multivariate normal -----------------------------------------------------------------------------------------

/// Whitens rows by the inverse of the factor: each coordinate must be a standard normal, and they are uncorrelated.
template <class T>
void check_multivariate_normal(const std::string& name, const std::vector<double>& mean,
                               const std::vector<double>& factor, double share = 1) {
  const std::size_t n = mean.size();
  std::vector<double> values = mean;
  values.insert(values.end(), factor.begin(), factor.end());
  row_checks<T> checks("multivariate_normal " + name, dist::multivariate_normal{static_cast<std::int64_t>(n), values},
                       share);
  const auto whitened = [=](const T* row, std::size_t which) {
    std::array<double, 8> z;
    for (std::size_t a = 0; a <= which; ++a) {
      double rest = static_cast<double>(row[a]) - mean[a];
      for (std::size_t b = 0; b < a; ++b) rest -= factor[a * n + b] * z[b];
      z[a] = rest / factor[a * n + a];
    }
    return z[which];
  };
  for (std::size_t j = 0; j < n; ++j) {
    checks.expect_law(numbered("whitened", j), normal_law(0, 1), [=](const T* row) { return whitened(row, j); });
    double variance = 0;
    for (std::size_t b = 0; b <= j; ++b) variance += factor[j * n + b] * factor[j * n + b];
    checks.expect_law(numbered("column", j), normal_law(mean[j], std::sqrt(variance)),
                      [=](const T* row) { return row[j]; });
    for (std::size_t k = 0; k < j; ++k) {
      double covariance = 0;
      for (std::size_t b = 0; b <= k; ++b) covariance += factor[j * n + b] * factor[k * n + b];
      checks.expect_mean(numbered("covariance", k, j), covariance, [=](const T* row) {
        return (static_cast<double>(row[j]) - mean[j]) * (static_cast<double>(row[k]) - mean[k]);
      });
      checks.expect_mean(numbered("product of squares", k, j), 1,
                         [=](const T* row) { return std::pow(whitened(row, j), 2) * std::pow(whitened(row, k), 2); });
    }
  }
  checks.run();
}

TEST(rows, of_one_normal_are_normal) { check_multivariate_normal<double>("1", {3}, {0.5}); }
TEST(rows, of_two_normals_have_their_covariance) {
  check_multivariate_normal<double>("2", {1, -1}, {2, 99, -1.5, 0.5});
}
TEST(rows, of_three_normals_have_their_covariance) {
  check_multivariate_normal<double>("3", {0, 10, -5}, {1, 99, 99, 0.9, 0.5, 99, -0.3, 0.2, 3});
}
TEST(rows, of_three_normals_in_float_have_their_covariance) {
  check_multivariate_normal<float>("3 float", {0, 0.5, -1}, {1, 99, 99, 0.9, 0.5, 99, -0.3, 0.2, 3}, 0.3);
}

// ---- sphere ------------------------------------------------------------------------------------------------------

template <class T>
double length_error(const T* row, std::size_t n) {
  long double sum = 0;
  for (std::size_t j = 0; j < n; ++j) sum += static_cast<long double>(row[j]) * static_cast<long double>(row[j]);
  return static_cast<double>(std::fabs(std::sqrt(sum) - 1));
}

template <class T>
void check_sphere(const std::string& name, std::size_t n, double share = 1) {
  row_checks<T> checks("sphere " + name, dist::sphere{static_cast<std::int64_t>(n)}, share);
  for (std::size_t j = 0; j < n; ++j) {
    checks.expect_law(numbered("coordinate", j), on(-1, 1, coordinate_law(static_cast<double>(n))),
                      [=](const T* row) { return row[j]; });
    for (std::size_t k = 0; k < j; ++k) {
      checks.expect_mean(numbered("product", k, j), 0,
                         [=](const T* row) { return static_cast<double>(row[j]) * static_cast<double>(row[k]); });
      const auto d = static_cast<double>(n);
      checks.expect_mean(numbered("product of squares", k, j), 1 / (d * (d + 2)), [=](const T* row) {
        return std::pow(static_cast<double>(row[j]), 2) * std::pow(static_cast<double>(row[k]), 2);
      });
    }
  }
  if (n == 2) {
    checks.expect_law("angle", on(-pi, pi, law_of(bm::uniform_distribution<double, quiet>(-pi, pi))),
                      [](const T* row) { return std::atan2(row[1], row[0]); });
  }
  checks.expect_at_most("|length - 1|", 2 * static_cast<double>(std::numeric_limits<T>::epsilon()),
                        [=](const T* row) { return length_error(row, n); });
  checks.run();
}

TEST(rows, on_the_circle_have_uniform_angles) { check_sphere<double>("2", 2); }
TEST(rows, on_the_sphere_have_uniform_coordinates) { check_sphere<double>("3", 3); }
TEST(rows, on_the_sphere_of_4_dimensions_have_beta_coordinates) { check_sphere<double>("4", 4, 0.5); }
TEST(rows, on_the_sphere_of_7_dimensions_have_beta_coordinates) { check_sphere<double>("7", 7, 0.1); }
TEST(rows, on_the_sphere_in_float_have_uniform_coordinates) { check_sphere<float>("3 float", 3, 0.3); }

TEST(rows, on_the_sphere_of_1_dimension_are_signs) {
  row_checks<double> checks("sphere 1", dist::sphere{1});
  checks.expect_at_most("||x| - 1|", 0, [](const double* row) { return std::fabs(std::fabs(row[0]) - 1); });
  checks.expect_mean("mean", 0, [](const double* row) { return row[0]; });
  checks.run();
}

TEST(rows, on_the_sphere_of_1000_dimensions_have_length_1) {
  const std::size_t n = 1000;
  std::vector<double> rows(100 * n);
  fill(shared_context(), dist::sphere{1000}, statistics_root, 0, rows);
  // The errors of 1,000 additions do not cancel altogether.
  for (std::size_t i = 0; i < 100; ++i) EXPECT_LE(length_error(&rows[i * n], n), 16 * 0x1p-52);
}

// ---- rotations ---------------------------------------------------------------------------------------------------

/// The largest element of |Q Q^T - I|.
template <class T>
double orthogonality_error(const T* q, std::size_t n) {
  double worst = 0;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      long double dot = i == j ? -1 : 0;
      for (std::size_t k = 0; k < n; ++k) {
        dot += static_cast<long double>(q[i * n + k]) * static_cast<long double>(q[j * n + k]);
      }
      worst = std::max(worst, static_cast<double>(std::fabs(dot)));
    }
  }
  return worst;
}

/// By elimination with pivots.
template <class T>
double determinant(const T* q, std::size_t n) {
  std::vector<double> a(q, q + n * n);
  double product = 1;
  for (std::size_t k = 0; k < n; ++k) {
    std::size_t pivot = k;
    for (std::size_t i = k + 1; i < n; ++i) pivot = std::fabs(a[i * n + k]) > std::fabs(a[pivot * n + k]) ? i : pivot;
    if (pivot != k) {
      std::swap_ranges(&a[k * n], &a[k * n] + n, &a[pivot * n]);
      product = -product;
    }
    product *= a[k * n + k];
    for (std::size_t i = k + 1; i < n; ++i) {
      const double factor = a[i * n + k] / a[k * n + k];
      for (std::size_t j = k; j < n; ++j) a[i * n + j] -= factor * a[k * n + j];
    }
  }
  return product;
}

template <class T>
double trace(const T* q, std::size_t n) {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += static_cast<double>(q[i * n + i]);
  return sum;
}

template <class T>
void expect_rotations(row_checks<T>& checks, std::size_t n) {
  const double unit = static_cast<double>(std::numeric_limits<T>::epsilon()) / 0x1p-52 * static_cast<double>(n);
  checks.expect_at_most("|Q Q^T - I|", 1e-15 * unit, [=](const T* q) { return orthogonality_error(q, n); });
  checks.expect_at_most("|det Q - 1|", 1e-15 * unit, [=](const T* q) { return std::fabs(determinant(q, n) - 1); });
  for (std::size_t i = 0; i < n * n; i += n < 5 ? 1 : 7) {
    checks.expect_mean(numbered("element", i / n, i % n), 0, [=](const T* q) { return static_cast<double>(q[i]); });
    checks.expect_mean(numbered("squared element", i / n, i % n), 1 / static_cast<double>(n),
                       [=](const T* q) { return static_cast<double>(q[i]) * static_cast<double>(q[i]); });
  }
}

/// E tr(Q)^k for k = 1, 2, ...: how often the trivial representation of SO(n) lies in the k-fold tensor power.
template <class T>
void expect_trace_moments(row_checks<T>& checks, std::size_t n, const std::vector<double>& expected) {
  for (std::size_t k = 1; k <= expected.size(); ++k) {
    checks.expect_mean(numbered("trace to the power", k), expected[k - 1],
                       [=](const T* q) { return std::pow(trace(q, n), static_cast<double>(k)); });
  }
}

TEST(rows, of_1_x_1_rotations_are_1) {
  row_checks<double> checks("rotation 1", dist::rotation{1}, 0.01);
  checks.expect_at_most("|Q - 1|", 0, [](const double* q) { return std::fabs(q[0] - 1); });
  checks.run();
}

TEST(rows, of_2_x_2_rotations_have_uniform_angles) {
  row_checks<double> checks("rotation 2", dist::rotation{2});
  expect_rotations(checks, 2);
  checks.expect_law("angle", on(-pi, pi, law_of(bm::uniform_distribution<double, quiet>(-pi, pi))),
                    [](const double* q) { return std::atan2(q[2], q[0]); });
  expect_trace_moments(checks, 2, {0, 2, 0, 6});
  checks.run();
}

/// The angle of a rotation in space has the density (1 - cos a) / pi.
law rotation_angle_law() {
  law x = law_of_density([](double a) { return 2 * std::pow(std::sin(a / 2), 2); }, 0, pi);
  return on(0, pi, x);
}

template <class T>
void check_rotations_in_space(const std::string& name, double share) {
  row_checks<T> checks("rotation " + name, dist::rotation{3}, share);
  expect_rotations(checks, 3);
  const auto axis = [](const T* q, std::size_t j) {  // times twice the sine of the angle
    const std::size_t a = (j + 1) % 3;
    const std::size_t b = (j + 2) % 3;
    return static_cast<double>(q[3 * b + a]) - static_cast<double>(q[3 * a + b]);
  };
  const auto length = [=](const T* q) { return std::hypot(axis(q, 0), axis(q, 1), axis(q, 2)); };
  checks.expect_law("angle", on(0, std::max(pi, static_cast<double>(static_cast<T>(pi))), rotation_angle_law()),
                    [=](const T* q) { return std::atan2(length(q), trace(q, 3) - 1); });
  for (std::size_t j = 0; j < 3; ++j) {
    checks.expect_law(numbered("axis", j), on(-1, 1, coordinate_law(3)),
                      [=](const T* q) { return axis(q, j) / length(q); });
  }
  for (std::size_t i = 0; i < 9; ++i) {
    checks.expect_law(numbered("element", i / 3, i % 3), on(-1, 1, coordinate_law(3)),
                      [=](const T* q) { return static_cast<double>(q[i]); });
  }
  expect_trace_moments(checks, 3, {0, 1, 1, 3, 6});
  checks.run();
}

TEST(rows, of_rotations_in_space_have_the_haar_law) { check_rotations_in_space<double>("3", 0.5); }
TEST(rows, of_rotations_in_space_in_float_have_the_haar_law) { check_rotations_in_space<float>("3 float", 0.1); }

TEST(rows, of_4_x_4_rotations_have_the_haar_law) {
  row_checks<double> checks("rotation 4", dist::rotation{4}, 0.3);
  expect_rotations(checks, 4);
  for (const std::size_t i : {0, 3, 6, 12, 15}) {
    checks.expect_law(numbered("element", i / 4, i % 4), on(-1, 1, coordinate_law(4)),
                      [=](const double* q) { return q[i]; });
  }
  expect_trace_moments(checks, 4, {0, 1, 0, 4});
  checks.run();
}

TEST(rows, of_9_x_9_rotations_have_the_haar_law) {
  row_checks<double> checks("rotation 9", dist::rotation{9}, 0.04);
  expect_rotations(checks, 9);
  for (const std::size_t i : {0, 8, 40, 72, 80}) {
    checks.expect_law(numbered("element", i / 9, i % 9), on(-1, 1, coordinate_law(9)),
                      [=](const double* q) { return q[i]; });
  }
  expect_trace_moments(checks, 9, {0, 1, 0, 3, 0, 15});
  checks.run();
}

TEST(rows, of_100_x_100_rotations_are_orthogonal) {
  const std::size_t n = 100;
  std::vector<double> q(10 * n * n);
  fill(shared_context(), dist::rotation{100}, statistics_root, 0, q);
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_LE(orthogonality_error(&q[i * n * n], n), 1e-15 * n);
    EXPECT_NEAR(determinant(&q[i * n * n], n), 1, 1e-12);
  }
}

}  // namespace
}  // namespace samebits::tests
