// The formulas of Gaussian-mixture expectation-maximisation with full covariances.
//
// Dempster, Laird, Rubin: "Maximum likelihood from incomplete data via the EM algorithm", JRSS B 39 (1977).
// Bishop: Pattern Recognition and Machine Learning (2006), section 9.2.
//
// One pass over the rows does both steps. With the previous mean mu_k and W_k the inverse of the Cholesky factor of the
// previous covariance:
//   dx = x - mu_k,  z = W_k dx,  log p_k = c_k - |z|^2 / 2                      (E-step)
//   r_k = exp(log p_k - max) / sum,  log-likelihood of the row = max + log sum
//   S0 += r_k,  S1 += r_k dx,  S2 += (r_k dx) dx^T                              (M-step, centred on the previous mean)
// Centring on the previous mean loses nothing for data far from the origin.
#pragma once

#include "samebits/core/cholesky.hpp"
#include "samebits/core/math.hpp"
#include "samebits/core/tree_sum.hpp"
#include "samebits/core/value.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

/// Up to this number of columns the sums of a leaf run in interleaved lanes of rows ("narrow" order). From here on the
/// first and second moments are one chain over the rows of the leaf per element ("wide" order). Part of the format.
inline constexpr int gmm_wide_cols = 8;

inline constexpr double log_2_pi = 0x1.d67f1c864beb5p+0;

/// Elements of the lower triangle of an n x n matrix; element (a, b), b <= a, has index triangle_size(a) + b.
SAMEBITS_HD SAMEBITS_INLINE constexpr std::int64_t triangle_size(std::int64_t n) { return n * (n + 1) / 2; }

// ---- E-step ------------------------------------------------------------------------------------------------------

/// Adds one term to an inner product. Chains start from empty_sum(), so the first term is a plain product.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V chain(V a, V b, V sum) {
  return fma(a, b, sum);
}

/// |W dx|^2 for a compile-time number of columns. `inverse_factor` is the lower triangle of W, packed row after row.
template <int Cols, class V>
SAMEBITS_HD SAMEBITS_INLINE V squared_mahalanobis(const V (&dx)[Cols], const scalar_t<V>* inverse_factor) {
  V distance = empty_sum<V>();
  SAMEBITS_UNROLL
  for (int a = 0; a < Cols; ++a) {
    V z = empty_sum<V>();
    SAMEBITS_UNROLL
    for (int b = 0; b <= a; ++b) {
      z = chain(V(inverse_factor[triangle_size(a) + b]), dx[b], z);
    }
    distance = chain(z, z, distance);
  }
  return distance;
}

/// The next Rows elements of z = W dx, from element `a` on, and their squares into the distance.
template <int Rows, class V, class Difference>
SAMEBITS_HD SAMEBITS_INLINE V add_squared_elements(std::int64_t a, const Difference& dx,
                                                   const scalar_t<V>* inverse_factor, V distance) {
  V z[Rows];
  SAMEBITS_UNROLL
  for (int i = 0; i < Rows; ++i) {
    z[i] = empty_sum<V>();
  }
  for (std::int64_t b = 0; b < a; ++b) {
    const V dx_b = dx(b);
    SAMEBITS_UNROLL
    for (int i = 0; i < Rows; ++i) {
      z[i] = chain(V(inverse_factor[triangle_size(a + i) + b]), dx_b, z[i]);
    }
  }
  SAMEBITS_UNROLL
  for (int j = 0; j < Rows; ++j) {
    const V dx_b = dx(a + j);
    SAMEBITS_UNROLL
    for (int i = j; i < Rows; ++i) {
      z[i] = chain(V(inverse_factor[triangle_size(a + i) + a + j]), dx_b, z[i]);
    }
  }
  SAMEBITS_UNROLL
  for (int i = 0; i < Rows; ++i) {
    distance = chain(z[i], z[i], distance);
  }
  return distance;
}

/// The same for a number of columns known at run time, where dx(b) gives element b of dx. A few elements of z at a time
/// share what dx gives; every chain is that of the other overload.
template <class V, class Difference>
SAMEBITS_HD SAMEBITS_INLINE V squared_mahalanobis(std::int64_t cols, const Difference& dx,
                                                  const scalar_t<V>* inverse_factor) {
  constexpr int rows = 4;
  V distance = empty_sum<V>();
  std::int64_t a = 0;
  for (; a + rows <= cols; a += rows) {
    distance = add_squared_elements<rows>(a, dx, inverse_factor, distance);
  }
  for (; a < cols; ++a) {
    distance = add_squared_elements<1>(a, dx, inverse_factor, distance);
  }
  return distance;
}

/// log(weight) + log N(x; mean, covariance), from the constant c_k and |W dx|^2.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V component_log_prob(scalar_t<V> log_constant, V squared_distance) {
  return fma(V(scalar_t<V>(-0.5)), squared_distance, V(log_constant));
}

/// exp(log p - max), the responsibility before it is divided by the sum over components.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V unnormalised_responsibility(V log_prob, V max_log_prob) {
  return exp_nonpositive(log_prob - max_log_prob);
}

/// log sum_k exp(log p_k): the log-likelihood of the row. The sum of exponentials lies in [1, k].
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V row_log_likelihood(V max_log_prob, V sum_of_exponentials) {
  return max_log_prob + log_normal(sum_of_exponentials);
}

/// What the unnormalised responsibilities of a row are multiplied by.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V responsibility_scale(V sum_of_exponentials) {
  return V(scalar_t<V>(1)) / sum_of_exponentials;
}

// ---- M-step sums, narrow order -----------------------------------------------------------------------------------

/// Sums per component: S0, then S1[Cols], then the packed lower triangle of S2.
SAMEBITS_HD SAMEBITS_INLINE constexpr std::int64_t gmm_moments(std::int64_t cols) {
  return 1 + cols + triangle_size(cols);
}

/// Adds one row (or one pack of rows, one per lane) to the sums of a component.
template <int Cols, class V>
SAMEBITS_HD SAMEBITS_INLINE void add_moments(V responsibility, const V (&dx)[Cols], V (&sums)[gmm_moments(Cols)]) {
  sums[0] = sums[0] + responsibility;
  SAMEBITS_UNROLL
  for (int a = 0; a < Cols; ++a) {
    const V weighted = responsibility * dx[a];
    sums[1 + a] = sums[1 + a] + weighted;
    SAMEBITS_UNROLL
    for (int b = 0; b <= a; ++b) {
      V& sum = sums[1 + Cols + triangle_size(a) + b];
      sum = chain(weighted, dx[b], sum);
    }
  }
}

// ---- parameters --------------------------------------------------------------------------------------------------

/// Moves the mean and covariance of one component from its sums, which are centred on the mean given.
///
/// @param sum_0       S0 > 0
/// @param sum_1       [n], @param sum_2 [n x n], lower triangle
/// @param reg_covar   added to the diagonal of the covariance
/// @param shift       [n] work space
/// @param mean        [n], in: the centre of the sums, out: the new mean
/// @param covariance  [n x n], out: symmetric
template <class T>
SAMEBITS_HD inline void update_component(T sum_0, const T* sum_1, const T* sum_2, std::int64_t n, T reg_covar, T* shift,
                                         T* mean, T* covariance) {
  for (std::int64_t a = 0; a < n; ++a) {
    shift[a] = sum_1[a] / sum_0;
    mean[a] = mean[a] + shift[a];
  }
  for (std::int64_t a = 0; a < n; ++a) {
    for (std::int64_t b = 0; b <= a; ++b) {
      const T element = fnma(shift[a], shift[b], sum_2[a * n + b] / sum_0);
      covariance[a * n + b] = element;
      covariance[b * n + a] = element;
    }
    covariance[a * n + a] = covariance[a * n + a] + reg_covar;
  }
}

/// Prepares one component for the E-step: the inverse Cholesky factor W of its covariance and the constant
/// c = log(weight) - n/2 log(2 pi) + sum_a log W_aa.
///
/// @param factor  [n x n] work space
/// @return n, or the first column at which the covariance is not positive definite (the outputs are then undefined)
template <class T>
SAMEBITS_HD inline std::int64_t prepare_component(T weight, const T* covariance, std::int64_t n, T* factor,
                                                  T* inverse_factor, T& log_constant) {
  for (std::int64_t i = 0; i < n * n; ++i) {
    factor[i] = covariance[i];
  }
  const std::int64_t rank = cholesky_upper(factor, covariance, n);
  if (rank < n) {
    return rank;
  }
  triangular_inverse(factor, n, inverse_factor);
  T log_determinant = T(0);
  for (std::int64_t a = 0; a < n; ++a) {
    log_determinant = log_determinant + log(inverse_factor[a * n + a]);
  }
  log_constant = fma(T(-0.5) * T(n), T(log_2_pi), log(weight)) + log_determinant;
  return n;
}

// ---- the start and the end of a fit ------------------------------------------------------------------------------

SAMEBITS_HD SAMEBITS_INLINE double equal_weight(std::int64_t n_components) {
  return 1.0 / static_cast<double>(n_components);
}

/// An element of the covariance of all rows, times k^(-2/n): k such ellipsoids have the volume of one.
SAMEBITS_HD inline double shrunk_covariance(double element, std::int64_t n_components, std::int64_t n_cols) {
  const double log_scale = log(static_cast<double>(n_components)) * (-2.0 / static_cast<double>(n_cols));
  return element * exp(log_scale);
}

SAMEBITS_HD SAMEBITS_INLINE double mean_log_likelihood(double total, std::int64_t n_rows) {
  return total / static_cast<double>(n_rows);
}

/// True when the mean log-likelihood changed by at most `tolerance`, up or down.
SAMEBITS_HD SAMEBITS_INLINE bool has_converged(double before, double now, double tolerance) {
  const double change = now - before;
  return change <= tolerance && -change <= tolerance;
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
