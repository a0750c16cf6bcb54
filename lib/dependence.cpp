#include "samebits/dependence.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "lib/fp_environment.hpp"
#include "lib/over_threads.hpp"
#include "lib/pairwise_totals.hpp"
#include "lib/permutation_test.hpp"
#include "lib/row_sum.hpp"
#include "samebits/core/dependence.hpp"
#include "samebits/permutation.hpp"

namespace samebits {
namespace {

using pairs::size_of;

// ---- arguments ---------------------------------------------------------------------------------------------------

/// What the messages call the arguments of a function.
struct names {
  const char* function;
  std::string options;  // "hsic: y_options", or the function alone
};

void check_samples(const context& ctx, const char* function, const data_view& x, const data_view& y) {
  const pairwise_options none;
  const pairs::arguments a{ctx, function, x, x, none, true, {}};
  pairs::check_matrix(a, "x", x);
  pairs::check_matrix(a, "y", y);
  if (x.n_rows != y.n_rows) {
    refuse(function, "y has " + counted(y.n_rows, "row") + " but x has " + text(x.n_rows));
  }
}

/// Refuses what a kernel of all pairs of a sample has no use for.
void check_left_alone(const char* function, const std::string& name, const pairwise_options& o) {
  if (o.mode != pairwise_mode::cross) {
    refuse(function, name + ".mode is " + text(static_cast<std::int64_t>(o.mode)) +
                         " but must be left alone: all pairs of a sample count");
  }
  if (!o.x_weights.empty() || !o.y_weights.empty()) {
    refuse(function,
           name + (o.x_weights.empty() ? ".y_weights" : ".x_weights") + " are given but rows have no weights here");
  }
  if (!o.bandwidths.empty()) {
    refuse(function, name + ".bandwidths are given but there is one result for one bandwidth");
  }
}

pairwise_options distance_of(double exponent) {
  pairwise_options o;
  o.kernel = pair_kernel::power;
  o.exponent = exponent;
  return o;
}

pairwise_options against_itself(pairwise_options o) {
  o.mode = pairwise_mode::v;
  return o;
}

pairs::arguments checked_arguments(const context& ctx, const names& n, const data_view& x, const pairwise_options& o) {
  pairs::arguments a = pairs::checked(ctx, n.options.c_str(), x, matrix_view<const double>(), o);
  a.function = n.function;
  return a;
}

// ---- sums over the pairs of a sample -----------------------------------------------------------------------------

/// One of the two samples with its kernel, and what stays the same when its rows change places.
class sample {
 public:
  sample(const context& ctx, const names& n, const data_view& x, const pairwise_options& o)
      : rows_(ctx, n.function, x),
        options_(against_itself(o)),
        arguments_(checked_arguments(ctx, n, rows_.view(), options_)),
        call_(arguments_, core::pair_map::value, {}) {}
  sample(const sample&) = delete;
  sample& operator=(const sample&) = delete;

  std::int64_t n_rows() const { return arguments_.x.n_rows; }
  samebits_dtype dtype() const { return arguments_.x.dtype; }
  double total() const { return total_; }
  /// Of the sum of row i from the mean of all of them.
  double deviation(std::int64_t i) const { return deviations_[size_of(i)]; }
  /// The value of row i with itself.
  double own(std::int64_t i) const { return diagonal_[size_of(i)]; }

  /// Passes over all pairs. `name` is what messages call the sample.
  void sum_rows(const context& ctx, const char* name) {
    deviations_.resize(size_of(n_rows()));
    diagonal_.resize(size_of(n_rows()));
    call_.run(ctx, samebits_pair_sums, deviations_.data());
    require_finite_sums(name);
    pairs::fill_diagonal(call_.pairs(), call_.pairs().kernels[0], diagonal_);
    total_ = pairs::total_of_rows(deviations_.data(), n_rows(), {});
    for (double& sum : deviations_) {
      sum = core::deviation_of(sum, total_, static_cast<double>(n_rows()));
    }
  }

  /// The sums of each row's products with the values of the other sample, for the permutations of that one, one below
  /// the other: those of the pairs with later rows.
  void sum_products(const context& ctx, sample& other, std::span<const std::int64_t> permutations,
                    std::span<double> out) {
    const samebits_pairs& z = other.call_.pairs();
    const samebits_pair_companion companion{z.x, z.n_cols, z.kernels[0], permutations.data(),
                                            std::ssize(permutations) / n_rows()};
    call_.pairs().set = samebits_upper_pairs;
    call_.pairs().companion = &companion;
    call_.run(ctx, samebits_pair_dependences, out.data());
    call_.pairs().companion = nullptr;
    call_.pairs().set = samebits_all_pairs;
  }

 private:
  void require_finite_sums(const char* name) const {
    const auto found =
        std::find_if_not(deviations_.begin(), deviations_.end(), [](double s) { return std::isfinite(s); });
    if (found != deviations_.end()) {
      throw numerical_failure(std::string(arguments_.function) + ": the values of row " +
                              text(static_cast<std::int64_t>(found - deviations_.begin())) + " of " + name +
                              " with all rows overflow");
    }
  }

  host_rows rows_;
  pairwise_options options_;
  pairs::arguments arguments_;
  pairs::prepared_call call_;
  double total_ = 0;
  std::vector<double> deviations_;
  std::vector<double> diagonal_;
};

// ---- the statistic -----------------------------------------------------------------------------------------------

/// Calls task(p) for every permutation, on several threads where they have many rows. Tasks must not throw.
template <class Task>
void over_permutations(const context& ctx, std::int64_t n_permutations, std::int64_t n_rows, const Task& task) {
  const bool is_small = n_permutations * n_rows < 1 << 15;
  over_threads(is_small ? 1 : ctx.n_threads(), n_permutations, task);
}

std::vector<std::int64_t> identity(std::int64_t n) {
  std::vector<std::int64_t> rows(size_of(n));
  std::iota(rows.begin(), rows.end(), std::int64_t{0});
  return rows;
}

/// How much y depends on x, after sum_rows() of both.
class dependence {
 public:
  dependence(const context& ctx, sample& x, sample& y) : ctx_(ctx), x_(x), y_(y) {}

  /// The terms of the statistic for permutations of the rows of y, one below the other. Without two rows all are 0.
  std::vector<core::dependence_terms> terms(std::span<const std::int64_t> permutations, std::int64_t n_permutations) {
    std::vector<core::dependence_terms> terms(size_of(n_permutations), core::dependence_terms{0, 0, 0});
    if (n_rows() < 2) {
      return terms;
    }
    products_.resize(permutations.size());
    x_.sum_products(ctx_, y_, permutations, products_);
    over_permutations(ctx_, n_permutations, n_rows(), [&](std::int64_t p) {
      const auto first = size_of(p * n_rows());
      terms[size_of(p)] = terms_of(std::span(products_).subspan(first, size_of(n_rows())),
                                   permutations.subspan(first, size_of(n_rows())));
    });
    return terms;
  }

  /// Of the data as they are.
  double value() { return core::dependence_of(terms(identity(n_rows()), 1)[0]); }

 private:
  std::int64_t n_rows() const { return x_.n_rows(); }

  core::dependence_terms terms_of(std::span<const double> products, std::span<const std::int64_t> permutation) const {
    row_sum diagonal;
    row_sum deviations;
    for (std::int64_t i = 0; i < n_rows(); ++i) {
      const std::int64_t j = permutation[size_of(i)];
      diagonal.add_product(x_.own(i), y_.own(j));
      deviations.add_product(x_.deviation(i), y_.deviation(j));
    }
    return core::terms_of({pairs::total_of_rows(products.data(), n_rows(), {}), diagonal.finish(), deviations.finish(),
                           x_.total(), y_.total(), static_cast<double>(n_rows())});
  }

  const context& ctx_;
  sample& x_;
  sample& y_;
  std::vector<double> products_;
};

double require_finite(const char* function, double value) {
  if (!std::isfinite(value)) {
    throw numerical_failure(std::string(function) + ": the sum of the products of values overflows");
  }
  return core::finished_sum(value);
}

/// Two samples whose rows belong together.
struct samples {
  samples(const context& ctx, const char* name, const data_view& x_rows, const data_view& y_rows,
          const pairwise_options& x_options, const pairwise_options& y_options)
      : function(name),
        x(ctx, {name, std::string(name) + ": x_options"}, x_rows, x_options),
        y(ctx, {name, std::string(name) + ": y_options"}, y_rows, y_options) {}
  samples(const context& ctx, const char* name, const data_view& x_rows, const data_view& y_rows, double exponent)
      : function(name),
        x(ctx, {name, name}, x_rows, distance_of(exponent)),
        y(ctx, {name, name}, y_rows, distance_of(exponent)) {}

  void sum_rows(const context& ctx) {
    if (x.n_rows() > 1) {
      x.sum_rows(ctx, "x");
      y.sum_rows(ctx, "y");
    }
  }

  const char* function;
  sample x;
  sample y;
};

double statistic(const context& ctx, samples& s) {
  s.sum_rows(ctx);
  return require_finite(s.function, dependence(ctx, s.x, s.y).value());
}

double correlation(const context& ctx, samples& s) {
  s.sum_rows(ctx);
  const double xy = require_finite(s.function, dependence(ctx, s.x, s.y).value());
  const double xx = require_finite(s.function, dependence(ctx, s.x, s.x).value());
  const double yy = require_finite(s.function, dependence(ctx, s.y, s.y).value());
  return core::distance_correlation_of(xy, xx, yy);
}

// ---- permutation tests -------------------------------------------------------------------------------------------

/// Permutations that go over the pairs of x together: their indices and sums take at most 64 MiB where one has room.
std::int64_t permutations_at_once(std::int64_t n_rows) {
  constexpr std::int64_t most_numbers = (std::int64_t{64} << 20) / (sizeof(double) + sizeof(std::int64_t));
  constexpr std::int64_t most = 256;
  return std::clamp<std::int64_t>(most_numbers / std::max<std::int64_t>(n_rows, 1), 1, most);
}

/// Permutations first .. first + n - 1 of those of a test, where number 0 leaves all rows in their places.
std::vector<std::int64_t> permutations_of(const context& ctx, const permutation_test& test, std::int64_t first,
                                          std::int64_t n, std::int64_t n_rows) {
  std::vector<std::int64_t> rows(size_of(n * n_rows));
  over_permutations(ctx, n, n_rows, [&](std::int64_t p) {
    const std::span<std::int64_t> one = std::span(rows).subspan(size_of(p * n_rows), size_of(n_rows));
    if (first + p == 0) {
      std::iota(one.begin(), one.end(), std::int64_t{0});
    } else {
      permutation(test.stream(first + p - 1), one);
    }
  });
  return rows;
}

permutation_test_result run_test(const context& ctx, samples& s, permutation_test& test) {
  s.sum_rows(ctx);
  dependence xy(ctx, s.x, s.y);
  const std::int64_t at_once = permutations_at_once(s.x.n_rows());
  for (std::int64_t first = 0; first <= test.n_permutations(); first += at_once) {
    const std::int64_t n = std::min(at_once, test.n_permutations() + 1 - first);
    const auto terms = xy.terms(permutations_of(ctx, test, first, n, s.x.n_rows()), n);
    std::vector<double> statistics;
    statistics.reserve(terms.size());
    for (const core::dependence_terms& t : terms) {
      statistics.push_back(core::finished_sum(core::dependence_of(t)));
    }
    const bool is_first = first == 0;
    if (is_first) {
      test.observe(statistics[0], core::magnitude_of(terms[0]), s.x.dtype());
    }
    if (n > (is_first ? 1 : 0)) {
      test.add(std::span(statistics).subspan(is_first ? 1 : 0));
    }
  }
  return test.finish();
}

// ---- the functions -----------------------------------------------------------------------------------------------

samples checked_samples(const context& ctx, const char* function, const data_view& x, const data_view& y,
                        const pairwise_options& x_options, const pairwise_options& y_options) {
  check_samples(ctx, function, x, y);
  check_left_alone(function, "x_options", x_options);
  check_left_alone(function, "y_options", y_options);
  return samples(ctx, function, x, y, x_options, y_options);
}

samples checked_samples(const context& ctx, const char* function, const data_view& x, const data_view& y,
                        double exponent) {
  check_samples(ctx, function, x, y);
  return samples(ctx, function, x, y, exponent);
}

double hsic_of(const context& ctx, const data_view& x, const data_view& y, const pairwise_options& x_options,
               const pairwise_options& y_options) {
  const default_fp_environment environment;
  samples s = checked_samples(ctx, "hsic", x, y, x_options, y_options);
  return statistic(ctx, s);
}

permutation_test_result hsic_test_of(const context& ctx, const data_view& x, const data_view& y,
                                     const permutation_test_options& options, const pairwise_options& x_options,
                                     const pairwise_options& y_options) {
  const default_fp_environment environment;
  permutation_test test("hsic_test", options);
  samples s = checked_samples(ctx, "hsic_test", x, y, x_options, y_options);
  return run_test(ctx, s, test);
}

double distance_covariance_of(const context& ctx, const data_view& x, const data_view& y, double exponent) {
  const default_fp_environment environment;
  samples s = checked_samples(ctx, "distance_covariance", x, y, exponent);
  return statistic(ctx, s);
}

double distance_correlation_of(const context& ctx, const data_view& x, const data_view& y, double exponent) {
  const default_fp_environment environment;
  samples s = checked_samples(ctx, "distance_correlation", x, y, exponent);
  return correlation(ctx, s);
}

permutation_test_result distance_covariance_test_of(const context& ctx, const data_view& x, const data_view& y,
                                                    const permutation_test_options& options, double exponent) {
  const default_fp_environment environment;
  permutation_test test("distance_covariance_test", options);
  samples s = checked_samples(ctx, "distance_covariance_test", x, y, exponent);
  return run_test(ctx, s, test);
}

}  // namespace

double hsic(const context& ctx, matrix_view<const double> x, matrix_view<const double> y,
            const pairwise_options& x_options, const pairwise_options& y_options) {
  return hsic_of(ctx, x, y, x_options, y_options);
}
double hsic(const context& ctx, matrix_view<const float> x, matrix_view<const float> y,
            const pairwise_options& x_options, const pairwise_options& y_options) {
  return hsic_of(ctx, x, y, x_options, y_options);
}

double distance_covariance(const context& ctx, matrix_view<const double> x, matrix_view<const double> y,
                           double exponent) {
  return distance_covariance_of(ctx, x, y, exponent);
}
double distance_covariance(const context& ctx, matrix_view<const float> x, matrix_view<const float> y,
                           double exponent) {
  return distance_covariance_of(ctx, x, y, exponent);
}

double distance_correlation(const context& ctx, matrix_view<const double> x, matrix_view<const double> y,
                            double exponent) {
  return distance_correlation_of(ctx, x, y, exponent);
}
double distance_correlation(const context& ctx, matrix_view<const float> x, matrix_view<const float> y,
                            double exponent) {
  return distance_correlation_of(ctx, x, y, exponent);
}

permutation_test_result hsic_test(const context& ctx, matrix_view<const double> x, matrix_view<const double> y,
                                  const permutation_test_options& test, const pairwise_options& x_options,
                                  const pairwise_options& y_options) {
  return hsic_test_of(ctx, x, y, test, x_options, y_options);
}
permutation_test_result hsic_test(const context& ctx, matrix_view<const float> x, matrix_view<const float> y,
                                  const permutation_test_options& test, const pairwise_options& x_options,
                                  const pairwise_options& y_options) {
  return hsic_test_of(ctx, x, y, test, x_options, y_options);
}

permutation_test_result distance_covariance_test(const context& ctx, matrix_view<const double> x,
                                                 matrix_view<const double> y, const permutation_test_options& test,
                                                 double exponent) {
  return distance_covariance_test_of(ctx, x, y, test, exponent);
}
permutation_test_result distance_covariance_test(const context& ctx, matrix_view<const float> x,
                                                 matrix_view<const float> y, const permutation_test_options& test,
                                                 double exponent) {
  return distance_covariance_test_of(ctx, x, y, test, exponent);
}

}  // namespace samebits
