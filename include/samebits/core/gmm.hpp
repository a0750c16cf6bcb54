// The formulas of Gaussian-mixture expectation-maximisation.
//
// Dempster, Laird, Rubin: "Maximum likelihood from incomplete data via the EM algorithm", JRSS B 39 (1977).
// Bishop: Pattern Recognition and Machine Learning (2006), section 9.2.
//
// One pass over the rows does both steps. With the previous mean mu_k and W_k the inverse of the Cholesky factor of the
// previous covariance:
//   dx = x - mu_k,  z = W_k dx,  log p_k = c_k - |z|^2 / 2                      (E-step)
//   r_k = exp(log p_k - max) / sum,  log-likelihood of the row = max + log sum
//   S0 += r_k,  S1 += r_k dx,  S2 += (r_k dx) dx^T                              (M-step, centred on the previous mean)
// Centring on the previous mean loses nothing for data far from the origin. With diagonal covariances W_k is diagonal
// and S2 is a vector: sums of r_k dx^2. A covariance that components or columns share is a mean of what they would have
// had alone, so there are two shapes of sums and six types of covariance. A row of weight v has r_k and its
// log-likelihood multiplied by v; weights of 1 change no bit.
#pragma once

#include "samebits/core/cholesky.hpp"
#include "samebits/core/distributions.hpp"
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

/// One more element of |W dx|^2 for a diagonal W.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V add_scaled_square(V dx, V scale, V distance) {
  const V z = dx * scale;
  return chain(z, z, distance);
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
SAMEBITS_HD SAMEBITS_INLINE V responsibility_scale(V row_weight, V sum_of_exponentials) {
  return row_weight / sum_of_exponentials;
}

/// What a row adds to the log-likelihood.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V weighted_log_likelihood(V row_weight, V log_likelihood) {
  return row_weight * log_likelihood;
}

/// log r_k of a row.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V log_responsibility(V log_prob, V log_likelihood) {
  return log_prob - log_likelihood;
}

/// Shares of a row that are uniform over the simplex: independent exponentials over their sum. Draw j belongs to
/// component j.
template <class Draw>
SAMEBITS_HD inline double random_share_sum(std::int64_t n_components, const Draw& draw) {
  double sum = empty_sum<double>();
  for (std::int64_t k = 0; k < n_components; ++k) {
    sum = sum + exponential<double>(draw(k));
  }
  return sum;
}
SAMEBITS_HD SAMEBITS_INLINE double random_share(std::uint64_t draw, double sum) {
  return exponential<double>(draw) / sum;
}

/// What a share that does not come from the E-step counts for.
SAMEBITS_HD SAMEBITS_INLINE double weighted_share(double row_weight, double share) { return row_weight * share; }

// ---- shapes ------------------------------------------------------------------------------------------------------

/// Inverse factors and second moments that are lower triangles, packed row after row.
struct triangle_shape {
  static constexpr bool is_diagonal = false;
  SAMEBITS_HD static constexpr std::int64_t size(std::int64_t cols) { return triangle_size(cols); }

  template <int Cols, class V>
  SAMEBITS_HD SAMEBITS_INLINE static V squared_distance(const V (&dx)[Cols], const scalar_t<V>* inverse_factor) {
    return squared_mahalanobis<Cols>(dx, inverse_factor);
  }
  /// Row a of S2.
  template <int Cols, class V>
  SAMEBITS_HD SAMEBITS_INLINE static void add_second_moments(int a, V weighted, const V (&dx)[Cols], V* sum_2) {
    SAMEBITS_UNROLL
    for (int b = 0; b <= a; ++b) {
      V& sum = sum_2[triangle_size(a) + b];
      sum = chain(weighted, dx[b], sum);
    }
  }
};

/// Inverse factors and second moments that are diagonal: a number for each column.
struct diagonal_shape {
  static constexpr bool is_diagonal = true;
  SAMEBITS_HD static constexpr std::int64_t size(std::int64_t cols) { return cols; }

  template <int Cols, class V>
  SAMEBITS_HD SAMEBITS_INLINE static V squared_distance(const V (&dx)[Cols], const scalar_t<V>* scales) {
    V distance = empty_sum<V>();
    SAMEBITS_UNROLL
    for (int a = 0; a < Cols; ++a) {
      distance = add_scaled_square(dx[a], V(scales[a]), distance);
    }
    return distance;
  }
  template <class V, class Difference>
  SAMEBITS_HD SAMEBITS_INLINE static V squared_distance(std::int64_t cols, const Difference& dx,
                                                        const scalar_t<V>* scales) {
    V distance = empty_sum<V>();
    for (std::int64_t a = 0; a < cols; ++a) {
      distance = add_scaled_square(dx(a), V(scales[a]), distance);
    }
    return distance;
  }
  template <int Cols, class V>
  SAMEBITS_HD SAMEBITS_INLINE static void add_second_moments(int a, V weighted, const V (&dx)[Cols], V* sum_2) {
    sum_2[a] = chain(weighted, dx[a], sum_2[a]);
  }
};

// ---- M-step sums, narrow order -----------------------------------------------------------------------------------

/// Sums per component: S0, then S1[Cols], then S2 in its shape.
template <class Shape>
SAMEBITS_HD SAMEBITS_INLINE constexpr std::int64_t gmm_moments(std::int64_t cols) {
  return 1 + cols + Shape::size(cols);
}

/// Adds one row (or one pack of rows, one per lane) to the sums of a component.
template <class Shape, int Cols, class V>
SAMEBITS_HD SAMEBITS_INLINE void add_moments(V responsibility, const V (&dx)[Cols],
                                             V (&sums)[gmm_moments<Shape>(Cols)]) {
  sums[0] = sums[0] + responsibility;
  SAMEBITS_UNROLL
  for (int a = 0; a < Cols; ++a) {
    const V weighted = responsibility * dx[a];
    sums[1 + a] = sums[1 + a] + weighted;
    Shape::add_second_moments(a, weighted, dx, sums + 1 + Cols);
  }
}

// ---- parameters --------------------------------------------------------------------------------------------------

/// What the sums of float rows are centred on; those of double rows on the mean itself.
SAMEBITS_HD SAMEBITS_INLINE double float_centre(double mean) { return static_cast<double>(static_cast<float>(mean)); }

/// One component's part in the sums: what its new mean and its second moments follow from.
struct component_shift {
  double* shift;  // [n] mean of the rows minus the centre of the sums
  double* rest;   // [n] mean of the rows minus the new mean, where the mean is frozen
  bool frozen;
};

/// Moves element a of the mean to that of the rows, unless the mean is frozen.
///
/// @param sum_0  S0 > 0
/// @param sum_1  [n]
/// @param mean   [n], in: the old mean, out: the new mean
SAMEBITS_HD SAMEBITS_INLINE void move_mean_element(double sum_0, const double* sum_1, std::int64_t a, bool float_rows,
                                                   const component_shift& s, double* mean) {
  s.shift[a] = sum_1[a] / sum_0;
  const double centre = float_rows ? float_centre(mean[a]) : mean[a];
  if (s.frozen) {
    s.rest[a] = s.shift[a] - (mean[a] - centre);
  } else {
    mean[a] = centre + s.shift[a];
  }
}

/// The same for all n elements.
SAMEBITS_HD inline void move_mean(double sum_0, const double* sum_1, std::int64_t n, bool float_rows,
                                  const component_shift& s, double* mean) {
  for (std::int64_t a = 0; a < n; ++a) {
    move_mean_element(sum_0, sum_1, a, float_rows, s, mean);
  }
}

/// An element of the covariance about the new mean, from that of S2.
SAMEBITS_HD SAMEBITS_INLINE double covariance_element(double sum_0, double sum_2, const component_shift& s,
                                                      std::int64_t a, std::int64_t b) {
  const double element = fnma(s.shift[a], s.shift[b], sum_2 / sum_0);
  return s.frozen ? fma(s.rest[a], s.rest[b], element) : element;
}

/// The covariance of one component [n x n], both triangles.
SAMEBITS_HD inline void component_covariance(double sum_0, const double* sum_2, const component_shift& s,
                                             std::int64_t n, double* covariance) {
  for (std::int64_t a = 0; a < n; ++a) {
    for (std::int64_t b = 0; b <= a; ++b) {
      const double element = covariance_element(sum_0, sum_2[a * n + b], s, a, b);
      covariance[a * n + b] = element;
      covariance[b * n + a] = element;
    }
  }
}

/// The variances of one component [n].
SAMEBITS_HD inline void component_variances(double sum_0, const double* sum_2, const component_shift& s, std::int64_t n,
                                            double* variances) {
  for (std::int64_t a = 0; a < n; ++a) {
    variances[a] = covariance_element(sum_0, sum_2[a], s, a, a);
  }
}

/// Adds a component's covariance to the pool that tied covariances are made of.
SAMEBITS_HD SAMEBITS_INLINE double pooled(double share, double element, double pool) {
  return fma(share, element, pool);
}

/// The mean of the variances of a spherical component.
SAMEBITS_HD inline double mean_variance(const double* variances, std::int64_t n) {
  double sum = empty_sum<double>();
  for (std::int64_t a = 0; a < n; ++a) {
    sum = sum + variances[a];
  }
  return sum / static_cast<double>(n);
}

/// c_k = log(weight) - n/2 log(2 pi) + sum_a log W_aa.
SAMEBITS_HD SAMEBITS_INLINE double log_constant(double weight, std::int64_t n, double log_determinant) {
  return fma(-0.5 * static_cast<double>(n), log_2_pi, log(weight)) + log_determinant;
}

/// sum_a log W_aa, with log W_aa from log_of(a).
template <class LogOf>
SAMEBITS_HD SAMEBITS_INLINE double log_determinant_of(std::int64_t n, const LogOf& log_of) {
  double sum = 0.0;
  for (std::int64_t a = 0; a < n; ++a) {
    sum = sum + log_of(a);
  }
  return sum;
}

/// Factors one covariance [n x n] for the E-step.
///
/// @param factor          [n x n] work space
/// @param inverse_factor  [n x n], out: the inverse W of the Cholesky factor
/// @param log_determinant out: sum_a log W_aa
/// @return n, or the first column at which the covariance is not positive definite (the outputs are then undefined)
SAMEBITS_HD inline std::int64_t factor_covariance(const double* covariance, std::int64_t n, double* factor,
                                                  double* inverse_factor, double& log_determinant) {
  for (std::int64_t i = 0; i < n * n; ++i) {
    factor[i] = covariance[i];
  }
  const std::int64_t rank = cholesky_upper(factor, covariance, n);
  if (rank < n) {
    return rank;
  }
  triangular_inverse(factor, n, inverse_factor);
  log_determinant = log_determinant_of(n, [&](std::int64_t a) { return log(inverse_factor[a * n + a]); });
  return n;
}

/// W_aa of a component whose columns are independent.
SAMEBITS_HD SAMEBITS_INLINE double scale_of(double variance) { return 1.0 / sqrt(variance); }

/// The same for variances [n] and the reciprocals of their square roots.
SAMEBITS_HD inline std::int64_t factor_variances(const double* variances, std::int64_t n, double* scales,
                                                 double& log_determinant) {
  for (std::int64_t a = 0; a < n; ++a) {
    if (!(variances[a] > 0.0)) {
      return a;
    }
    scales[a] = scale_of(variances[a]);
  }
  log_determinant = log_determinant_of(n, [&](std::int64_t a) { return log(scales[a]); });
  return n;
}

/// True where a pass is over before a second thread has woken up. `shape_size` is that of the second moments.
SAMEBITS_HD SAMEBITS_INLINE constexpr bool is_small_pass(std::int64_t n_rows, std::int64_t n_components,
                                                         std::int64_t shape_size) {
  return n_rows < (1 << 18) / (n_components * (shape_size + 32));
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

/// What is added to the variance of a column whose variance over all rows is `variance`.
SAMEBITS_HD SAMEBITS_INLINE double column_regularisation(double reg_covar, double relative, double variance) {
  return fma(relative, variance, reg_covar);
}

/// True when reg_covar would be nearly all that is left of the data: their own variance is lost in its rounding long
/// before.
SAMEBITS_HD SAMEBITS_INLINE bool reg_covar_swamps(double reg_covar, double largest_variance) {
  return largest_variance > 0.0 && reg_covar >= 100.0 * largest_variance;
}

/// Gives each weight of 0 what one row has, and makes the sum 1 again. Without rows a component could never get any.
SAMEBITS_HD inline void fill_empty_weights(double* weights, std::int64_t n_components, std::int64_t n_rows) {
  double sum = empty_sum<double>();
  for (std::int64_t k = 0; k < n_components; ++k) {
    weights[k] = weights[k] > 0.0 ? weights[k] : 1.0 / static_cast<double>(n_rows);
    sum = sum + weights[k];
  }
  for (std::int64_t k = 0; k < n_components; ++k) {
    weights[k] = weights[k] / sum;
  }
}

SAMEBITS_HD SAMEBITS_INLINE double mean_log_likelihood(double total, double sum_of_weights) {
  return total / sum_of_weights;
}

/// The weight of a free component where `frozen` is what frozen components keep: its share of the rest.
SAMEBITS_HD SAMEBITS_INLINE double component_weight(double sum_0, double free_sum, double frozen) {
  return frozen > 0.0 ? sum_0 / free_sum * (1.0 - frozen) : sum_0 / free_sum;
}

SAMEBITS_HD SAMEBITS_INLINE bool is_finite(double value) { return value - value == 0.0; }

/// True when the mean log-likelihood changed by at most `tolerance`, up or down.
SAMEBITS_HD SAMEBITS_INLINE bool has_converged(double before, double now, double tolerance) {
  const double change = now - before;
  return change <= tolerance && -change <= tolerance;
}

// ---- criteria ----------------------------------------------------------------------------------------------------

/// -2 log-likelihood + 2 p.
SAMEBITS_HD SAMEBITS_INLINE double akaike_criterion(double log_likelihood, double n_parameters) {
  return 2.0 * (n_parameters - log_likelihood);
}

/// -2 log-likelihood + p log n.
SAMEBITS_HD SAMEBITS_INLINE double bayesian_criterion(double log_likelihood, double n_parameters, double n) {
  return fma(n_parameters, log(n), -2.0 * log_likelihood);
}

/// BIC + 2 entropy.
SAMEBITS_HD SAMEBITS_INLINE double integrated_criterion(double bayesian, double entropy) {
  return fma(2.0, entropy, bayesian);
}

/// -sum r log r of a row, times its weight; a share of 0 adds nothing.
///
/// @param shares      the r, each `stride` after the one before
/// @param log_shares  their logarithms, likewise
SAMEBITS_HD inline double row_entropy(double row_weight, const double* shares, const double* log_shares,
                                      std::int64_t n_components, std::int64_t stride) {
  double entropy = 0.0;
  for (std::int64_t k = 0; k < n_components; ++k) {
    const double share = shares[k * stride];
    entropy = share > 0.0 ? fnma(share, log_shares[k * stride], entropy) : entropy;
  }
  return row_weight * entropy;
}

/// A row's share of two components together. Shares sum to 1 but for rounding, which must not make an entropy negative.
SAMEBITS_HD SAMEBITS_INLINE double joint_share(double a, double b) {
  const double sum = a + b;
  return sum < 1.0 ? sum : 1.0;
}

/// What a row's entropy loses when two components become one: a log(t / a) + b log(t / b) with t = a + b, times the
/// row's weight. Both terms are positive, so that nothing cancels in the sum over rows.
SAMEBITS_HD inline double entropy_of_joining(double row_weight, double a, double log_a, double b, double log_b,
                                             double log_joint) {
  const double from_a = a > 0.0 ? a * (log_joint - log_a) : 0.0;
  const double loss = b > 0.0 ? fma(b, log_joint - log_b, from_a) : from_a;
  return row_weight * loss;
}

// ---- samples -----------------------------------------------------------------------------------------------------

SAMEBITS_HD inline void standard_deviations(const double* variances, std::int64_t n, double* deviations) {
  for (std::int64_t a = 0; a < n; ++a) {
    deviations[a] = sqrt(variances[a]);
  }
}

/// A row of independent normals. core/multivariate.hpp has the row for a Cholesky factor.
SAMEBITS_HD inline void diagonal_normal_row(const double* mean, const double* deviations, std::int64_t n,
                                            const double* normals, double* row) {
  for (std::int64_t a = 0; a < n; ++a) {
    row[a] = fma(deviations[a], normals[a], mean[a]);
  }
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
