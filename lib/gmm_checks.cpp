#include "lib/gmm_checks.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "lib/gmm_model.hpp"
#include "lib/host_rows.hpp"

namespace samebits::gmm {
namespace {

template <class Enum>
void check_enum(const char* function, const char* name, Enum value, Enum last) {
  if (static_cast<int>(value) < 0 || value > last) {
    refuse(function, std::string(name) + " is " + std::to_string(static_cast<int>(value)) + " but must be 0 to " +
                         std::to_string(static_cast<int>(last)));
  }
}

// ---- the start ---------------------------------------------------------------------------------------------------

void check_weights(const char* function, std::span<const double> weights, std::int64_t k) {
  if (static_cast<std::int64_t>(weights.size()) != k) {
    refuse(function, "weights_init has " + text(std::ssize(weights)) + " elements but n_components is " + text(k));
  }
  double sum = 0;
  for (std::int64_t i = 0; i < std::ssize(weights); ++i) {
    if (!(weights[i] > 0) || !std::isfinite(weights[i])) {
      refuse(function, "weights_init[" + text(i) + "] is " + text(weights[i]) + " but must be positive");
    }
    sum += weights[i];
  }
  if (!(std::abs(sum - 1) <= 1e-6)) {
    refuse(function, "weights_init sums to " + text(sum) + " but must sum to 1");
  }
}

void check_positive(const char* function, const char* name, matrix_view<const double> values) {
  for (std::int64_t i = 0; i < values.n_rows(); ++i) {
    for (std::int64_t j = 0; j < values.n_cols(); ++j) {
      if (!(values(i, j) > 0)) {
        refuse(function, std::string(name) + " is " + text(values(i, j)) + place_text(i, j) + " but must be positive");
      }
    }
  }
}

/// covariances_init or precisions_init.
void check_spreads(const char* function, const char* name, matrix_view<const double> spreads, const gmm_options& o,
                   std::int64_t n_cols) {
  const matrix_shape needed = covariances_shape(o.covariance, o.n_components, n_cols);
  check_shape(function, name, spreads.n_rows(), spreads.n_cols(), needed.n_rows, needed.n_cols);
  require_finite(function, name, spreads);
  if (shape_of(o.covariance) == samebits_gmm_triangle) {
    check_symmetric(function, name, spreads, o.covariance);
  } else {
    check_positive(function, name, spreads);
  }
}

void refuse_both(const char* function, const char* one, bool has_one, const char* other, bool has_other) {
  if (has_one && has_other) {
    refuse(function, std::string(one) + " and " + other + " are both given");
  }
}

void check_warm_start(const char* function, const gmm_model& model, const gmm_options& o, std::int64_t n_cols) {
  if (model.covariance != o.covariance) {
    refuse(function, std::string("warm_start has covariance ") + name_of(model.covariance) + " but covariance is " +
                         name_of(o.covariance));
  }
  if (model.n_components != o.n_components) {
    refuse(function,
           "warm_start has n_components " + text(model.n_components) + " but n_components is " + text(o.n_components));
  }
  if (model.n_cols != n_cols) {
    refuse(function, "warm_start has " + text(model.n_cols) + " columns but x has " + text(n_cols));
  }
  require_valid(function, model);
}

void check_start(const context& ctx, const char* function, const data_view& x, const gmm_options& o) {
  require_on_host(ctx, function, "weights_init", o.weights_init.data());
  require_on_host(ctx, function, "means_init", o.means_init.data());
  require_on_host(ctx, function, "covariances_init", o.covariances_init.data());
  require_on_host(ctx, function, "precisions_init", o.precisions_init.data());
  require_on_host(ctx, function, "responsibilities_init", o.responsibilities_init.data());
  const bool has_responsibilities = !o.responsibilities_init.empty();
  refuse_both(function, "covariances_init", !o.covariances_init.empty(), "precisions_init", !o.precisions_init.empty());
  refuse_both(function, "means_init", !o.means_init.empty(), "responsibilities_init", has_responsibilities);
  if (!o.weights_init.empty()) {
    check_weights(function, o.weights_init, o.n_components);
  }
  if (!o.means_init.empty()) {
    check_shape(function, "means_init", o.means_init.n_rows(), o.means_init.n_cols(), o.n_components, x.n_cols);
    require_finite(function, "means_init", o.means_init);
  }
  if (!o.covariances_init.empty()) {
    check_spreads(function, "covariances_init", o.covariances_init, o, x.n_cols);
  }
  if (!o.precisions_init.empty()) {
    check_spreads(function, "precisions_init", o.precisions_init, o, x.n_cols);
  }
  if (has_responsibilities) {
    check_responsibilities(function, "responsibilities_init", o.responsibilities_init, x, o.n_components);
  }
  if (o.warm_start != nullptr) {
    refuse_both(function, "warm_start", true, "weights_init", !o.weights_init.empty());
    refuse_both(function, "warm_start", true, "means_init", !o.means_init.empty());
    refuse_both(function, "warm_start", true, "covariances_init", !o.covariances_init.empty());
    refuse_both(function, "warm_start", true, "precisions_init", !o.precisions_init.empty());
    refuse_both(function, "warm_start", true, "responsibilities_init", has_responsibilities);
    check_warm_start(function, *o.warm_start, o, x.n_cols);
  }
}

// ---- frozen parameters -------------------------------------------------------------------------------------------

void check_frozen(const char* function, const char* name, std::span<const std::uint8_t> frozen, std::int64_t k) {
  if (!frozen.empty() && static_cast<std::int64_t>(frozen.size()) != k) {
    refuse(function,
           std::string(name) + " has " + text(std::ssize(frozen)) + " elements but n_components is " + text(k));
  }
  for (std::int64_t i = 0; i < std::ssize(frozen); ++i) {
    if (frozen[i] > 1) {
      refuse(function, std::string(name) + "[" + text(i) + "] is " + std::to_string(frozen[i]) + " but must be 0 or 1");
    }
  }
}

/// Weights given sum to 1 within 1e-6, so frozen ones may leave less than nothing.
void check_frozen_sum(const char* function, std::span<const double> weights, const gmm_options& o) {
  double sum = 0;
  for (std::size_t k = 0; k < o.frozen_weights.size(); ++k) {
    sum += o.frozen_weights[k] != 0 ? weights[k] : 0;
  }
  const bool has_free = std::find(o.frozen_weights.begin(), o.frozen_weights.end(), 0) != o.frozen_weights.end();
  if (has_free && !(sum < 1)) {
    refuse(function,
           "frozen_weights keeps weights that sum to " + text(sum) + ", which leaves nothing for the free ones");
  }
}

void check_all_frozen(const char* function, const gmm_options& o) {
  check_frozen(function, "frozen_weights", o.frozen_weights, o.n_components);
  check_frozen(function, "frozen_means", o.frozen_means, o.n_components);
  check_frozen(function, "frozen_covariances", o.frozen_covariances, o.n_components);
  if (is_tied(o.covariance) && !o.frozen_covariances.empty()) {
    refuse(function, std::string("frozen_covariances is given but covariance is ") + name_of(o.covariance) +
                         ", which all components share");
  }
  if (!o.frozen_weights.empty() && !o.weights_init.empty()) {
    check_frozen_sum(function, o.weights_init, o);
  }
  if (!o.frozen_weights.empty() && o.warm_start != nullptr) {
    check_frozen_sum(function, o.warm_start->weights, o);
  }
}

// ---- numbers -----------------------------------------------------------------------------------------------------

void check_numbers(const char* function, const data_view& x, const gmm_options& o) {
  if (o.n_init < 1) {
    refuse(function, "n_init is " + text(o.n_init) + " but must be at least 1");
  }
  if (o.n_init > (std::int64_t{1} << 62) / x.n_rows / o.n_components) {
    refuse(function, "n_init is " + text(o.n_init) + ", which with " + text(x.n_rows) + " rows and " +
                         text(o.n_components) + " components takes more than 2^62 random numbers");
  }
  if (o.max_iter < 1) {
    refuse(function, "max_iter is " + text(o.max_iter) + " but must be at least 1");
  }
  if (!std::isfinite(o.tol)) {
    refuse(function, "tol is " + text(o.tol) + " but must be finite");
  }
}

/// Products of weights or shares with squares must stay in the range of numbers.
void check_largest(const char* function, const char* name, double largest, const data_view& x) {
  const double limit = x.dtype == SAMEBITS_FLOAT32 ? 0x1p60 : 0x1p700;
  if (largest > limit || largest < 1 / limit) {
    refuse(function, std::string("the largest of ") + name + " is " + text(largest) + " but must be from " +
                         text(1 / limit) + " to " + text(limit));
  }
}

}  // namespace

std::string spread_name(const char* name, std::int64_t k, covariance_type type) {
  return is_tied(type) ? name : std::string(name) + "[" + text(k) + "]";
}

void check_rows(const char* function, const data_view& x) {
  if (x.empty()) {
    refuse(function, "x is " + shape_text(x.n_rows, x.n_cols) + " but must not be empty");
  }
  if (x.n_rows > most_values / x.n_cols) {
    refuse(function, "x is " + shape_text(x.n_rows, x.n_cols) + ", which is more than 2^56 values");
  }
}

void check_sample_weights(const context& ctx, const char* function, std::span<const double> weights,
                          const data_view& x) {
  require_on_host(ctx, function, "sample_weights", weights.data());
  if (weights.empty()) {
    return;
  }
  if (std::ssize(weights) != x.n_rows) {
    refuse(function, "sample_weights has " + text(std::ssize(weights)) + " elements but x has " + text(x.n_rows) +
                         (x.n_rows == 1 ? " row" : " rows"));
  }
  double largest = 0;
  for (std::int64_t i = 0; i < std::ssize(weights); ++i) {
    if (!(weights[i] >= 0) || !std::isfinite(weights[i])) {
      refuse(function, "sample_weights[" + text(i) + "] is " + text(weights[i]) + " but must be finite and at least 0");
    }
    largest = std::max(largest, weights[i]);
  }
  if (largest == 0) {
    refuse(function, "sample_weights sums to 0 but must have a sum above 0");
  }
  check_largest(function, "sample_weights", largest, x);
}

void check_symmetric(const char* function, const char* name, matrix_view<const double> matrices, covariance_type type) {
  const std::int64_t n = matrices.n_cols();
  for (std::int64_t i = 0; i < matrices.n_rows(); ++i) {
    const std::int64_t k = i / n;
    const std::int64_t a = i % n;
    for (std::int64_t b = 0; b < a; ++b) {
      const double lower = matrices(i, b);
      const double upper = matrices(k * n + b, a);
      if (std::abs(lower - upper) > 1e-9 * (std::abs(lower) + std::abs(upper))) {
        refuse(function, spread_name(name, k, type) + " is not symmetric: row " + text(a) + ", column " + text(b) +
                             " is " + text(lower) + " but its mirror is " + text(upper));
      }
    }
  }
}

void check_components(const char* function, std::int64_t n_components, covariance_type type, std::int64_t n_cols) {
  if (n_components < 1) {
    refuse(function, "n_components is " + text(n_components) + " but must be at least 1");
  }
  const std::int64_t per_column = shape_of(type) == samebits_gmm_triangle ? n_cols : 1;
  if (n_components > most_values / n_cols / per_column) {
    refuse(function, "n_components is " + text(n_components) + " with " + text(n_cols) +
                         " columns, whose covariances have more than 2^56 elements");
  }
}

void check_responsibilities(const char* function, const char* name, matrix_view<const double> responsibilities,
                            const data_view& x, std::int64_t n_components) {
  check_shape(function, name, responsibilities.n_rows(), responsibilities.n_cols(), x.n_rows, n_components);
  if (responsibilities.data() == nullptr) {
    refuse(function, std::string(name) + " is NULL");
  }
  double largest = 0;
  for (std::int64_t i = 0; i < x.n_rows; ++i) {
    for (std::int64_t k = 0; k < n_components; ++k) {
      const double share = responsibilities(i, k);
      if (!(share >= 0) || !std::isfinite(share)) {
        refuse(function,
               std::string(name) + " is " + text(share) + place_text(i, k) + " but must be finite and at least 0");
      }
      largest = std::max(largest, share);
    }
  }
  if (largest == 0) {
    refuse(function, std::string(name) + " is 0 everywhere");
  }
  check_largest(function, name, largest, x);
}

void check_regularisation(const char* function, double reg_covar, double reg_covar_relative) {
  if (!(reg_covar >= 0) || !std::isfinite(reg_covar)) {
    refuse(function, "reg_covar is " + text(reg_covar) + " but must be finite and at least 0");
  }
  if (!(reg_covar_relative >= 0) || !std::isfinite(reg_covar_relative)) {
    refuse(function, "reg_covar_relative is " + text(reg_covar_relative) + " but must be finite and at least 0");
  }
}

void check_fit(const context& ctx, const char* function, const data_view& x, const gmm_options& o) {
  check_rows(function, x);
  check_enum(function, "covariance", o.covariance, covariance_type::tied_spherical);
  check_enum(function, "init", o.init, gmm_init::random_responsibilities);
  check_enum(function, "schedule", o.schedule, gmm_schedule::components);
  if (o.n_components > x.n_rows) {
    refuse(function, "n_components is " + text(o.n_components) + " but x has " + text(x.n_rows) +
                         (x.n_rows == 1 ? " row" : " rows"));
  }
  check_components(function, o.n_components, o.covariance, x.n_cols);
  check_numbers(function, x, o);
  check_regularisation(function, o.reg_covar, o.reg_covar_relative);
  check_sample_weights(ctx, function, o.sample_weights, x);
  check_start(ctx, function, x, o);
  check_all_frozen(function, o);
}

void check_maximization(const context& ctx, const char* function, const data_view& x,
                        matrix_view<const double> responsibilities, const gmm_options& o) {
  check_rows(function, x);
  check_enum(function, "covariance", o.covariance, covariance_type::tied_spherical);
  check_enum(function, "schedule", o.schedule, gmm_schedule::components);
  check_components(function, o.n_components, o.covariance, x.n_cols);
  check_regularisation(function, o.reg_covar, o.reg_covar_relative);
  check_sample_weights(ctx, function, o.sample_weights, x);
  require_on_host(ctx, function, "responsibilities", responsibilities.data());
  check_responsibilities(function, "responsibilities", responsibilities, x, o.n_components);
}

}  // namespace samebits::gmm
