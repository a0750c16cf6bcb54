// Mixtures of some of the columns: marginal and conditional ones.
#include <algorithm>
#include <cmath>
#include <limits>

#include "lib/fp_environment.hpp"
#include "lib/gmm_checks.hpp"
#include "lib/gmm_model.hpp"
#include "samebits/core/gmm_conditional.hpp"

namespace samebits {
namespace {

using columns_view = std::span<const std::int64_t>;

void check_columns(const char* function, const gmm_model& model, columns_view columns) {
  gmm::require_valid(function, model);
  if (columns.empty()) {
    refuse(function, "columns is empty");
  }
  for (std::int64_t i = 0; i < std::ssize(columns); ++i) {
    const std::string name = "columns[" + text(i) + "] is " + text(columns[i]);
    if (columns[i] < 0 || columns[i] >= model.n_cols) {
      refuse(function, name + " but the model has " + counted(model.n_cols, "column"));
    }
    const auto before = std::find(columns.begin(), columns.begin() + i, columns[i]);
    if (before != columns.begin() + i) {
      refuse(function, name + ", as is columns[" + text(before - columns.begin()) + "]");
    }
  }
}

/// The columns that `columns` leaves, in their order.
std::vector<std::int64_t> other_columns(std::int64_t n_cols, columns_view columns) {
  std::vector<std::int64_t> others;
  for (std::int64_t j = 0; j < n_cols; ++j) {
    if (std::find(columns.begin(), columns.end(), j) == columns.end()) {
      others.push_back(j);
    }
  }
  return others;
}

/// Elements (a, b) of an n x n matrix, a in `rows` and b in `columns`.
std::vector<double> block_of(const double* matrix, std::int64_t n, columns_view rows, columns_view columns) {
  std::vector<double> block;
  block.reserve(rows.size() * columns.size());
  for (const std::int64_t a : rows) {
    for (const std::int64_t b : columns) {
      block.push_back(matrix[a * n + b]);
    }
  }
  return block;
}

std::vector<double> elements_of(const double* values, columns_view columns) {
  std::vector<double> elements;
  for (const std::int64_t j : columns) {
    elements.push_back(values[j]);
  }
  return elements;
}

/// The covariances of some columns, in the model's own layout.
std::vector<double> covariances_of(const gmm_model& model, columns_view columns) {
  const std::int64_t n = model.n_cols;
  const matrix_shape shape = covariances_shape(model.covariance, model.n_components, n);
  if (model.covariance == covariance_type::spherical || model.covariance == covariance_type::tied_spherical) {
    return model.covariances;
  }
  const bool is_triangle = gmm::shape_of(model.covariance) == samebits_gmm_triangle;
  const std::int64_t size = is_triangle ? n * n : n;
  std::vector<double> covariances;
  for (const double* from = model.covariances.data(); from < model.covariances.data() + shape.n_rows * shape.n_cols;
       from += size) {
    const std::vector<double> part = is_triangle ? block_of(from, n, columns, columns) : elements_of(from, columns);
    covariances.insert(covariances.end(), part.begin(), part.end());
  }
  return covariances;
}

gmm_model marginal(const gmm_model& model, columns_view columns) {
  gmm_model part;
  part.covariance = model.covariance;
  part.n_components = model.n_components;
  part.n_cols = std::ssize(columns);
  part.weights = model.weights;
  for (std::int64_t k = 0; k < model.n_components; ++k) {
    const std::vector<double> mean = elements_of(model.means.data() + k * model.n_cols, columns);
    part.means.insert(part.means.end(), mean.begin(), mean.end());
  }
  part.covariances = covariances_of(model, columns);
  return part;
}

// ---- conditional -------------------------------------------------------------------------------------------------

constexpr const char* conditional_name = "gmm_conditional";

[[noreturn]] void refuse_singular(std::int64_t component, const std::string& what) {
  throw numerical_failure(std::string(conditional_name) + ": the covariance of component " + text(component) +
                          " is singular in " + what);
}

/// What one covariance tells about columns A from columns B: W_B, the sum of its logarithms, V.
struct regression {
  std::vector<double> inverse_factor;  // W_B [n_given x n_given]
  double log_determinant;
  std::vector<double> cross_factor;  // V [n_given x n_kept]
};

/// The regression of component k. Its covariance [n x n] becomes that of the kept columns, appended to `covariances`.
regression regress(const double* covariance, std::int64_t n, columns_view kept, columns_view given, std::int64_t k,
                   std::vector<double>& covariances) {
  const std::int64_t n_given = std::ssize(given);
  const std::int64_t n_kept = std::ssize(kept);
  regression r{std::vector<double>(given.size() * given.size()), 0, std::vector<double>(given.size() * kept.size())};
  const std::vector<double> of_given = block_of(covariance, n, given, given);
  std::vector<double> work(of_given.size());
  const std::int64_t rank =
      core::factor_covariance(of_given.data(), n_given, work.data(), r.inverse_factor.data(), r.log_determinant);
  if (rank < n_given) {
    refuse_singular(k, "the given columns, at column " + text(given[rank]) + " (counted from 0)");
  }
  core::conditional_cross_factor(r.inverse_factor.data(), block_of(covariance, n, given, kept).data(), n_given, n_kept,
                                 r.cross_factor.data());
  std::vector<double> rest = block_of(covariance, n, kept, kept);
  core::conditional_covariance(r.cross_factor.data(), n_given, n_kept, rest.data());
  covariances.insert(covariances.end(), rest.begin(), rest.end());
  work = rest;
  const std::int64_t rest_rank = core::cholesky_upper(work.data(), rest.data(), n_kept);
  if (rest_rank < n_kept) {
    refuse_singular(k, "column " + text(kept[rest_rank]) + " (counted from 0), which the given ones determine");
  }
  return r;
}

/// The log-prob of values at a squared distance from component k. Values and means are finite, so that a distance that
/// is not has overflowed: infinite, or NaN where infinities of both signs met.
double log_prob_at(const gmm_model& model, std::int64_t k, std::int64_t n_given, double log_determinant,
                   double distance) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  return core::component_log_prob(core::log_constant(model.weights[k], n_given, log_determinant),
                                  std::isfinite(distance) ? distance : infinity);
}

/// Means and covariances of the kept columns, and the log-probs of the values.
void condition_by_triangles(const gmm_model& model, columns_view kept, columns_view given, const double* values,
                            gmm_model& part, std::vector<double>& log_probs) {
  const std::int64_t n = model.n_cols;
  const std::int64_t n_given = std::ssize(given);
  part.covariances.clear();
  std::vector<double> z(given.size());
  regression r;
  for (std::int64_t k = 0; k < model.n_components; ++k) {
    if (k == 0 || !gmm::is_tied(model.covariance)) {
      r = regress(model.covariances.data() + k * n * n, n, kept, given, k, part.covariances);
    }
    const std::vector<double> mean = elements_of(model.means.data() + k * n, given);
    const double distance =
        core::standardised_by_triangle(r.inverse_factor.data(), values, mean.data(), n_given, z.data());
    core::conditional_mean(r.cross_factor.data(), z.data(), n_given, part.n_cols, part.means.data() + k * part.n_cols);
    log_probs[k] = log_prob_at(model, k, n_given, r.log_determinant, distance);
  }
}

/// Without covariances between columns only the weights change.
void condition_by_scales(const gmm_model& model, columns_view given, const double* values,
                         std::vector<double>& log_probs) {
  const std::int64_t n_given = std::ssize(given);
  const gmm::parameters p(model);
  std::vector<double> scales(given.size());
  double log_determinant = 0;
  for (std::int64_t k = 0; k < model.n_components; ++k) {
    core::factor_variances(elements_of(p.covariance(k), given).data(), n_given, scales.data(), log_determinant);
    const std::vector<double> mean = elements_of(p.means.data() + k * p.n_cols, given);
    const double distance = core::standardised_by_scales(scales.data(), values, mean.data(), n_given);
    log_probs[k] = log_prob_at(model, k, n_given, log_determinant, distance);
  }
}

/// The place among the values of the one that is farthest from its nearest component, in standard deviations.
std::int64_t farthest_value(const gmm_model& model, columns_view columns, std::span<const double> values) {
  const gmm::parameters p(model);
  const std::int64_t n = model.n_cols;
  const std::int64_t stride = gmm::shape_of(model.covariance) == samebits_gmm_triangle ? n + 1 : 1;
  std::int64_t farthest = 0;
  double largest = 0;
  for (std::int64_t i = 0; i < std::ssize(values); ++i) {
    double least = std::numeric_limits<double>::infinity();
    for (std::int64_t k = 0; k < p.n_components; ++k) {
      const double deviation = core::sqrt(p.covariance(k)[columns[i] * stride]);
      least = std::min(least, std::abs(values[i] - p.means[k * n + columns[i]]) / deviation);
    }
    if (least > largest) {
      largest = least;
      farthest = i;
    }
  }
  return farthest;
}

[[noreturn]] void refuse_far(const gmm_model& model, columns_view columns, std::span<const double> values) {
  const std::int64_t i = farthest_value(model, columns, values);
  throw numerical_failure(std::string(conditional_name) + ": values[" + text(i) + "] is " + text(values[i]) +
                          " for column " + text(columns[i]) +
                          " (counted from 0), so far from every component that squared distances overflow");
}

/// A component that is out of reach has weight 0; where its mean has overflowed it gets that of the marginal.
void repair_means(const std::vector<double>& marginal_means, gmm_model& part) {
  for (std::int64_t k = 0; k < part.n_components; ++k) {
    double* const mean = part.means.data() + k * part.n_cols;
    if (std::all_of(mean, mean + part.n_cols, [](double value) { return std::isfinite(value); })) {
      continue;
    }
    if (part.weights[k] > 0) {
      throw numerical_failure(std::string(conditional_name) + ": the mean of component " + text(k) + " overflows");
    }
    std::copy_n(marginal_means.data() + k * part.n_cols, part.n_cols, mean);
  }
}

void check_values(const gmm_model& model, columns_view columns, std::span<const double> values) {
  if (std::ssize(columns) == model.n_cols) {
    refuse(conditional_name, "columns has all " + text(model.n_cols) + " columns of the model");
  }
  if (values.size() != columns.size()) {
    refuse(conditional_name,
           "values has " + counted(std::ssize(values), "element") + " but columns has " + text(std::ssize(columns)));
  }
  for (std::int64_t i = 0; i < std::ssize(values); ++i) {
    if (!std::isfinite(values[i])) {
      refuse(conditional_name, "values[" + text(i) + "] is " + text(values[i]) + " but must be finite");
    }
  }
}

}  // namespace

gmm_model gmm_marginal(const gmm_model& model, std::span<const std::int64_t> columns) {
  const default_fp_environment environment;
  check_columns("gmm_marginal", model, columns);
  return marginal(model, columns);
}

gmm_model gmm_conditional(const gmm_model& model, std::span<const std::int64_t> columns,
                          std::span<const double> values) {
  const default_fp_environment environment;
  check_columns(conditional_name, model, columns);
  check_values(model, columns, values);
  const std::vector<std::int64_t> kept = other_columns(model.n_cols, columns);
  gmm_model part = marginal(model, kept);
  const std::vector<double> marginal_means = part.means;
  std::vector<double>& log_probs = part.weights;
  if (gmm::shape_of(model.covariance) == samebits_gmm_triangle) {
    condition_by_triangles(model, kept, columns, values.data(), part, log_probs);
  } else {
    condition_by_scales(model, columns, values.data(), log_probs);
  }
  if (!std::isfinite(core::normalise_log_probs(part.n_components, log_probs.data()))) {
    refuse_far(model, columns, values);
  }
  repair_means(marginal_means, part);
  return part;
}

}  // namespace samebits
