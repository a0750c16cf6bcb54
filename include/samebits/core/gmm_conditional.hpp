// Conditional Gaussian mixtures: the mixture of columns A where columns B have given values b.
//
// Bishop: Pattern Recognition and Machine Learning (2006), section 2.3.1. With W_B the inverse of the Cholesky factor
// of S_BB, z = W_B (b - mu_B) and V = W_B S_BA, a component becomes
//   mean mu_A + V^T z,  covariance S_AA - V^T V,  log weight + log N(b; mu_B, S_BB) = c_B - |z|^2 / 2, normalised.
// V^T V is symmetric to the bit. Matrices are dense, row-major; every element is one fma chain in increasing index.
#pragma once

#include "samebits/core/gmm.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

/// V = W_B S_BA.
///
/// @param inverse_factor  [n_given x n_given], W_B
/// @param cross           [n_given x n_kept], S_BA
/// @param v               [n_given x n_kept], out
SAMEBITS_HD inline void conditional_cross_factor(const double* inverse_factor, const double* cross,
                                                 std::int64_t n_given, std::int64_t n_kept, double* v) {
  for (std::int64_t i = 0; i < n_given; ++i) {
    for (std::int64_t a = 0; a < n_kept; ++a) {
      double element = empty_sum<double>();
      for (std::int64_t j = 0; j <= i; ++j) {
        element = chain(inverse_factor[i * n_given + j], cross[j * n_kept + a], element);
      }
      v[i * n_kept + a] = element;
    }
  }
}

/// S_AA - V^T V, in place.
SAMEBITS_HD inline void conditional_covariance(const double* v, std::int64_t n_given, std::int64_t n_kept,
                                               double* covariance) {
  for (std::int64_t a = 0; a < n_kept; ++a) {
    for (std::int64_t b = 0; b <= a; ++b) {
      double element = covariance[a * n_kept + b];
      for (std::int64_t i = 0; i < n_given; ++i) {
        element = fnma(v[i * n_kept + a], v[i * n_kept + b], element);
      }
      covariance[a * n_kept + b] = element;
      covariance[b * n_kept + a] = element;
    }
  }
}

/// mu_A + V^T z, in place.
SAMEBITS_HD inline void conditional_mean(const double* v, const double* z, std::int64_t n_given, std::int64_t n_kept,
                                         double* mean) {
  for (std::int64_t a = 0; a < n_kept; ++a) {
    for (std::int64_t i = 0; i < n_given; ++i) {
      mean[a] = fma(v[i * n_kept + a], z[i], mean[a]);
    }
  }
}

/// z = W_B (b - mu_B), and its squared length.
SAMEBITS_HD inline double standardised_by_triangle(const double* inverse_factor, const double* values,
                                                   const double* mean, std::int64_t n, double* z) {
  double distance = empty_sum<double>();
  for (std::int64_t i = 0; i < n; ++i) {
    z[i] = empty_sum<double>();
    for (std::int64_t j = 0; j <= i; ++j) {
      z[i] = chain(inverse_factor[i * n + j], values[j] - mean[j], z[i]);
    }
    distance = chain(z[i], z[i], distance);
  }
  return distance;
}

/// The squared length of z for a diagonal W_B.
SAMEBITS_HD inline double standardised_by_scales(const double* scales, const double* values, const double* mean,
                                                 std::int64_t n) {
  double distance = empty_sum<double>();
  for (std::int64_t a = 0; a < n; ++a) {
    distance = add_scaled_square(values[a] - mean[a], scales[a], distance);
  }
  return distance;
}

/// Log-probs [k] to responsibilities, in place, by the formulas of the E-step.
///
/// @return the log-likelihood, not finite where no log-prob is
SAMEBITS_HD inline double normalise_log_probs(std::int64_t n_components, double* log_probs) {
  double largest = log_probs[0];
  for (std::int64_t k = 1; k < n_components; ++k) {
    largest = max(largest, log_probs[k]);
  }
  double sum = empty_sum<double>();
  for (std::int64_t k = 0; k < n_components; ++k) {
    log_probs[k] = unnormalised_responsibility(log_probs[k], largest);
    sum = sum + log_probs[k];
  }
  const double scale = responsibility_scale(1.0, sum);
  for (std::int64_t k = 0; k < n_components; ++k) {
    log_probs[k] = log_probs[k] * scale;
  }
  return row_log_likelihood(largest, sum);
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
