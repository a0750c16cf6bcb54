// The M-step's end: the parameters of a mixture from its sums, and their preparation for the next pass.
//
// The parts are for one thread each, with barriers between them:
//
//   move(k)       mean and covariance of component k; those of tied types wait for pool
//   pool(i)       tied types: element i of the covariance of all, each component with its share of the rows
//   regularise_pool, update_weights
//   prepare(k)    factor of the covariance and constant of component k; of tied types only k = 0
//   share_factor(k)  tied types: component k > 0 gets what component 0 has
//
// Where threads share a component they call instead:
//
//   move_mean(k, a)            for move
//   move_covariance(k, a, b)
//   pool(i)                    as above
//   regularise_variance(k, a)  for the end of move, or regularise_pool
//   share_variance(k)
//   the steps of cholesky.hpp  for prepare
//   set_constants(k)
//   share_factor_element(k, i) for share_factor
#pragma once

#include "samebits/core/gmm.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

/// What a component's covariance has in common with others, and its shape.
struct covariance_rules {
  bool is_triangle;   // full, tied: [n x n]; otherwise variances [n]
  bool is_tied;       // the same for all components
  bool is_spherical;  // the same for all columns
};

/// Doubles of work space for the update of one component.
SAMEBITS_HD SAMEBITS_INLINE constexpr std::int64_t update_work_size(bool is_triangle, std::int64_t n_cols) {
  return 2 * n_cols + (is_triangle ? n_cols * n_cols : 0);
}

/// Arrays as lib/backend.h has them. A component without rows keeps its mean and covariance.
struct mixture_update {
  std::int64_t n_components;
  std::int64_t n_cols;
  covariance_rules type;
  bool float_rows;

  const double* sum_0;  // [k]
  const double* sum_1;  // [k x n]
  const double* sum_2;  // [k] of the shape, lower triangles

  const double* reg_covar;                 // [n]
  const std::uint8_t* frozen_weights;      // [k] of 0 and 1, or null
  const std::uint8_t* frozen_means;        // the same
  const std::uint8_t* frozen_covariances;  // the same; not for tied types

  double* weights;          // [k]
  double* means;            // [k x n]
  double* covariances;      // [k] of the shape, both triangles
  double* inverse_factors;  // [k] of the shape
  double* log_constants;    // [k]

  SAMEBITS_HD std::int64_t covariance_size() const { return type.is_triangle ? n_cols * n_cols : n_cols; }
  SAMEBITS_HD double* covariance(std::int64_t k) const { return covariances + k * covariance_size(); }
  /// From a variance to the next.
  SAMEBITS_HD std::int64_t diagonal_step() const { return type.is_triangle ? n_cols + 1 : 1; }
  /// Doubles of work space for one component.
  SAMEBITS_HD std::int64_t work_size() const { return update_work_size(type.is_triangle, n_cols); }
  SAMEBITS_HD std::int64_t n_prepared() const { return type.is_tied ? 1 : n_components; }

  SAMEBITS_HD void move(std::int64_t k, double* work) const {
    const std::int64_t n = n_cols;
    const component_shift shift = shift_of(k, work);
    if (moves_mean(k)) {
      core::move_mean(sum_0[k], sum_1 + k * n, n, float_rows, shift, means + k * n);
    }
    if (!moves_covariance(k)) {
      return;
    }
    if (type.is_triangle) {
      component_covariance(sum_0[k], sum_2 + k * covariance_size(), shift, n, covariance(k));
    } else {
      component_variances(sum_0[k], sum_2 + k * covariance_size(), shift, n, covariance(k));
    }
    if (!type.is_tied) {
      regularise(k);
    }
  }

  SAMEBITS_HD component_shift shift_of(std::int64_t k, double* work) const {
    return {work, work + n_cols, is_set(frozen_means, k)};
  }
  SAMEBITS_HD bool moves_mean(std::int64_t k) const { return sum_0[k] > 0.0; }
  SAMEBITS_HD bool moves_covariance(std::int64_t k) const { return moves_mean(k) && !is_set(frozen_covariances, k); }
  /// Element a of the mean; a frozen one only gives its shift.
  SAMEBITS_HD void move_mean(std::int64_t k, std::int64_t a, const component_shift& shift) const {
    move_mean_element(sum_0[k], sum_1 + k * n_cols, a, float_rows, shift, means + k * n_cols);
  }
  /// Elements (a, b) and (b, a) of the covariance, b <= a; of variances a == b.
  SAMEBITS_HD void move_covariance(std::int64_t k, std::int64_t a, std::int64_t b, const component_shift& shift) const {
    const std::int64_t place = type.is_triangle ? a * n_cols + b : a;
    const double element = covariance_element(sum_0[k], sum_2[k * covariance_size() + place], shift, a, b);
    covariance(k)[place] = element;
    if (type.is_triangle) {
      covariance(k)[b * n_cols + a] = element;
    }
  }

  /// The total of S0; without any the pool stays as it is.
  SAMEBITS_HD double pooled_rows() const { return sum_of_rows(nullptr); }

  SAMEBITS_HD void pool(std::int64_t i, double total) const {
    double element = empty_sum<double>();
    for (std::int64_t k = 0; k < n_components; ++k) {
      if (sum_0[k] > 0.0) {
        element = pooled(sum_0[k] / total, covariance(k)[i], element);
      }
    }
    covariances[i] = element;
  }

  SAMEBITS_HD void regularise_pool() const { regularise(0); }

  /// Adds reg_covar to variance a.
  SAMEBITS_HD void regularise_variance(std::int64_t k, std::int64_t a) const {
    double& variance = covariance(k)[a * diagonal_step()];
    variance = variance + reg_covar[a];
  }
  /// Makes variances equal where the type wants that.
  SAMEBITS_HD void share_variance(std::int64_t k) const {
    if (type.is_spherical) {
      const double mean = mean_variance(covariance(k), n_cols);
      for (std::int64_t a = 0; a < n_cols; ++a) {
        covariance(k)[a] = mean;
      }
    }
  }

  SAMEBITS_HD void update_weights() const {
    const double free_sum = sum_of_rows(frozen_weights);
    if (!(free_sum > 0.0)) {
      return;  // every row belongs to components with frozen weights
    }
    double frozen = 0.0;
    for (std::int64_t k = 0; k < n_components; ++k) {
      frozen = is_set(frozen_weights, k) ? frozen + weights[k] : frozen;
    }
    for (std::int64_t k = 0; k < n_components; ++k) {
      if (!is_set(frozen_weights, k)) {
        weights[k] = component_weight(sum_0[k], free_sum, frozen);
      }
    }
  }

  /// Returns n_cols, or the column at which the covariance is singular.
  SAMEBITS_HD std::int64_t prepare(std::int64_t k, double* work) const {
    double* const inverse_factor = inverse_factors + k * covariance_size();
    double log_determinant = 0.0;
    const std::int64_t rank = type.is_triangle
                                  ? factor_covariance(covariance(k), n_cols, work, inverse_factor, log_determinant)
                                  : factor_variances(covariance(k), n_cols, inverse_factor, log_determinant);
    set_constants(k, log_determinant);
    return rank;
  }

  /// Of component k; of tied types, of all.
  SAMEBITS_HD void set_constants(std::int64_t k, double log_determinant) const {
    const std::int64_t end = type.is_tied ? n_components : k + 1;
    for (std::int64_t j = k; j < end; ++j) {
      log_constants[j] = log_constant(weights[j], n_cols, log_determinant);
    }
  }

  SAMEBITS_HD void share_factor(std::int64_t k) const {
    for (std::int64_t i = 0; i < covariance_size(); ++i) {
      share_factor_element(k, i);
    }
  }
  SAMEBITS_HD void share_factor_element(std::int64_t k, std::int64_t i) const {
    covariance(k)[i] = covariances[i];
    inverse_factors[k * covariance_size() + i] = inverse_factors[i];
  }

 private:
  SAMEBITS_HD static bool is_set(const std::uint8_t* flags, std::int64_t k) {
    return flags != nullptr && flags[k] != 0;
  }

  SAMEBITS_HD double sum_of_rows(const std::uint8_t* skipped) const {
    double total = 0.0;
    for (std::int64_t k = 0; k < n_components; ++k) {
      total = is_set(skipped, k) ? total : total + sum_0[k];
    }
    return total;
  }

  SAMEBITS_HD void regularise(std::int64_t k) const {
    for (std::int64_t a = 0; a < n_cols; ++a) {
      regularise_variance(k, a);
    }
    share_variance(k);
  }
};

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
