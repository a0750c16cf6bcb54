// The formulas of variational inference for Gaussian mixtures with priors.
//
// C. M. Bishop: Pattern Recognition and Machine Learning (2006), section 10.2; numbers in brackets are its equations.
// D. M. Blei, M. I. Jordan: "Variational inference for Dirichlet process mixtures", Bayesian Analysis 1 (2006), for the
// sticks. As many are broken as there are components, and no row belongs to what the last one leaves (in the paper all
// of it belongs to the last component); sticks that come later keep their prior.
//
// The prior of a component is N(mu; m0, (beta0 Lambda)^-1) Wishart(Lambda; W0, nu0), its posterior that with m, beta, W
// and nu. Like scikit-learn's BayesianGaussianMixture, W0 is given by its inverse, the "covariance prior", and W is
// kept as the covariance C = (nu W)^-1, the inverse of the mean of Lambda. So an E-step is that of core/gmm.hpp with
// means m, covariances C and other constants (expected_log_constant). With diagonal covariances the posterior is
// restricted to diagonal W: the best one has the diagonal of the other's inverse, and everything else stays.
//
// After an E-step the lower bound of the log-likelihood is the sum over the rows of log sum_k exp(log p_k), less the
// Kullback-Leibler divergence of each factor of the posterior from its prior. No constant is left out.
#pragma once

#include "samebits/core/gmm.hpp"
#include "samebits/core/special.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

// ---- means and precisions ----------------------------------------------------------------------------------------

/// A parameter that counts rows, the prior ones included: beta (10.60), nu (10.63), a concentration (10.58).
SAMEBITS_HD SAMEBITS_INLINE double posterior_count(double prior, double sum_0) { return prior + sum_0; }

/// The covariance of all rows has the divisor n, as a prior n - 1; n is their number or the sum of their weights.
SAMEBITS_HD SAMEBITS_INLINE double sample_covariance(double element, double n) { return element * (n / (n - 1.0)); }

/// The prior of each component's mean and precision.
struct normal_wishart_prior {
  const double* mean;        // [n]
  const double* covariance;  // W0^-1 in its shape: [n x n] or [n]
  double mean_precision;
  double degrees_of_freedom;
};

/// What one component's update is made of.
struct posterior_update {
  SAMEBITS_HD posterior_update(const normal_wishart_prior& p, double count)
      : prior(p),
        sum_0(count),
        mean_precision(posterior_count(p.mean_precision, count)),
        degrees_of_freedom(posterior_count(p.degrees_of_freedom, count)),
        pull(p.mean_precision / mean_precision) {}

  /// (beta0 m0 + N mean) / beta (10.61), written so that nothing is lost far from the origin.
  SAMEBITS_HD double mean(double of_rows, double of_prior) const { return fma(pull, of_prior - of_rows, of_rows); }

  /// (W0^-1 + N S + N beta0 / beta d d^T) / nu with d = mean of the rows - m0 (10.62).
  SAMEBITS_HD double covariance(double of_rows, double of_prior, double d_a, double d_b) const {
    const double about_prior = fma(pull * d_a, d_b, of_rows);
    return fma(sum_0, about_prior, of_prior) / degrees_of_freedom;
  }

  const normal_wishart_prior& prior;
  double sum_0;
  double mean_precision;
  double degrees_of_freedom;
  double pull;  // beta0 / beta: how far the prior draws the mean to itself
};

/// Adds reg_covar [n] to variances that are `step` apart.
SAMEBITS_HD inline void regularise(const double* reg_covar, std::int64_t n, std::int64_t step, double* variances) {
  for (std::int64_t a = 0; a < n; ++a) {
    variances[a * step] = variances[a * step] + reg_covar[a];
  }
}

/// Moves mean and covariance from those of the rows to those of the posterior. A component without rows is the prior.
///
/// @param n            columns; the covariances are n x n
/// @param difference   [n] work space
/// @param mean         [n]
/// @param covariance   [n x n], both triangles
SAMEBITS_HD inline void move_to_posterior(const posterior_update& u, std::int64_t n, double* difference, double* mean,
                                          double* covariance) {
  for (std::int64_t a = 0; a < n; ++a) {
    difference[a] = mean[a] - u.prior.mean[a];
    mean[a] = u.mean(mean[a], u.prior.mean[a]);
  }
  for (std::int64_t a = 0; a < n; ++a) {
    for (std::int64_t b = 0; b <= a; ++b) {
      const double element =
          u.covariance(covariance[a * n + b], u.prior.covariance[a * n + b], difference[a], difference[b]);
      covariance[a * n + b] = element;
      covariance[b * n + a] = element;
    }
  }
}

/// The same for variances [n].
SAMEBITS_HD inline void move_variances_to_posterior(const posterior_update& u, std::int64_t n, double* mean,
                                                    double* variances) {
  for (std::int64_t a = 0; a < n; ++a) {
    const double difference = mean[a] - u.prior.mean[a];
    mean[a] = u.mean(mean[a], u.prior.mean[a]);
    variances[a] = u.covariance(variances[a], u.prior.covariance[a], difference, difference);
  }
}

/// log sqrt det C^-1 from the inverse factor of C, whose diagonal elements are `step` apart.
SAMEBITS_HD inline double log_determinant_of_factor(const double* inverse_factor, std::int64_t n, std::int64_t step) {
  return log_determinant_of(n, [&](std::int64_t a) { return log(inverse_factor[a * step]); });
}

/// sum_j digamma((nu - j) / 2) for j = 0 .. n - 1.
SAMEBITS_HD inline double sum_of_digammas(double degrees_of_freedom, std::int64_t n) {
  double sum = 0.0;
  for (std::int64_t j = 0; j < n; ++j) {
    sum = sum + digamma(0.5 * (degrees_of_freedom - static_cast<double>(j)));
  }
  return sum;
}

/// sum_j log Gamma((nu - j) / 2): the logarithm of the multivariate gamma function less n (n - 1) / 4 log pi.
SAMEBITS_HD inline double sum_of_log_gammas(double degrees_of_freedom, std::int64_t n) {
  double sum = 0.0;
  for (std::int64_t j = 0; j < n; ++j) {
    sum = sum + log_gamma(0.5 * (degrees_of_freedom - static_cast<double>(j)));
  }
  return sum;
}

/// E[log pi] - n / 2 log(2 pi) + E[log det Lambda] / 2 - n / (2 beta), the constant of an E-step (10.46, 10.64, 10.65).
///
/// @param log_determinant  log sqrt det C^-1; det W is that of C^-1 over nu^n
SAMEBITS_HD inline double expected_log_constant(double expected_log_weight, double log_determinant,
                                                double mean_precision, double degrees_of_freedom, std::int64_t n) {
  const double cols = static_cast<double>(n);
  const double spread = fma(-cols, log(0.5 * degrees_of_freedom), sum_of_digammas(degrees_of_freedom, n));
  const double lost = fma(-0.5 * cols, log_2_pi, 0.5 * (spread - cols / mean_precision));
  return expected_log_weight + (log_determinant + lost);
}

/// The Cholesky factor L0 of the prior's W0^-1 = L0 L0^T.
///
/// @param factor           [n x n], out: L0, lower triangle
/// @param log_determinant  out: log sqrt det W0
/// @return n, or the first column at which the covariance is not positive definite
SAMEBITS_HD inline std::int64_t factor_prior(const double* covariance, std::int64_t n, double* factor,
                                             double& log_determinant) {
  for (std::int64_t i = 0; i < n * n; ++i) {
    factor[i] = covariance[i];
  }
  const std::int64_t rank = cholesky_upper(factor, covariance, n);
  if (rank < n) {
    return rank;
  }
  log_determinant = 0.0;
  for (std::int64_t a = 0; a < n; ++a) {
    log_determinant = log_determinant - log(factor[a * n + a]);
    for (std::int64_t b = 0; b < a; ++b) {
      factor[a * n + b] = factor[b * n + a];
    }
  }
  return n;
}

/// The same for variances [n] and their square roots.
SAMEBITS_HD inline std::int64_t factor_prior_variances(const double* variances, std::int64_t n, double* factor,
                                                       double& log_determinant) {
  log_determinant = 0.0;
  for (std::int64_t a = 0; a < n; ++a) {
    if (!(variances[a] > 0.0)) {
      return a;
    }
    factor[a] = sqrt(variances[a]);
    log_determinant = log_determinant - log(factor[a]);
  }
  return n;
}

/// How far a posterior is from its prior, in units of its covariance C.
struct prior_distances {
  double mean;   // (m - m0)^T C^-1 (m - m0)
  double trace;  // tr(W0^-1 C^-1)
};

/// Both are sums of squares: |F (m - m0)|^2 and |F L0|^2 with F the inverse factor of C.
///
/// @param work  [n]
SAMEBITS_HD inline prior_distances distances_from_prior(const double* inverse_factor, const double* mean,
                                                        const double* prior_mean, const double* prior_factor,
                                                        std::int64_t n, double* work) {
  prior_distances distances{0.0, 0.0};
  for (std::int64_t a = 0; a < n; ++a) {
    const double* const row = inverse_factor + a * n;
    double z = 0.0;
    for (std::int64_t c = 0; c <= a; ++c) {
      z = fma(row[c], mean[c] - prior_mean[c], z);
      work[c] = 0.0;
    }
    distances.mean = fma(z, z, distances.mean);
    for (std::int64_t c = 0; c <= a; ++c) {
      for (std::int64_t b = 0; b <= c; ++b) {
        work[b] = fma(row[c], prior_factor[c * n + b], work[b]);
      }
    }
    for (std::int64_t b = 0; b <= a; ++b) {
      distances.trace = fma(work[b], work[b], distances.trace);
    }
  }
  return distances;
}

/// The same for a diagonal C.
SAMEBITS_HD inline prior_distances diagonal_distances_from_prior(const double* scales, const double* mean,
                                                                 const double* prior_mean, const double* prior_factor,
                                                                 std::int64_t n) {
  prior_distances distances{0.0, 0.0};
  for (std::int64_t a = 0; a < n; ++a) {
    distances.mean = add_scaled_square(mean[a] - prior_mean[a], scales[a], distances.mean);
    distances.trace = add_scaled_square(prior_factor[a], scales[a], distances.trace);
  }
  return distances;
}

/// log sqrt det W from log sqrt det C^-1.
SAMEBITS_HD SAMEBITS_INLINE double scale_log_determinant(double log_determinant, double degrees_of_freedom,
                                                         std::int64_t n) {
  return fma(-0.5 * static_cast<double>(n), log(degrees_of_freedom), log_determinant);
}

/// Divergence of a component's posterior from its prior: that of the mean given the precision, and that of the
/// precision. Terms in log 2 and log pi cancel.
///
/// @param log_scale        log sqrt det W
/// @param prior_log_scale  log sqrt det W0
SAMEBITS_HD inline double normal_wishart_divergence(const normal_wishart_prior& prior, double mean_precision,
                                                    double degrees_of_freedom, std::int64_t n,
                                                    const prior_distances& distances, double log_scale,
                                                    double prior_log_scale) {
  const double cols = static_cast<double>(n);
  const double ratio = prior.mean_precision / mean_precision;
  const double mean = fma(cols, (ratio - 1.0) - log(ratio), prior.mean_precision * distances.mean);
  const double count = degrees_of_freedom - prior.degrees_of_freedom;
  const double gammas = sum_of_log_gammas(prior.degrees_of_freedom, n) - sum_of_log_gammas(degrees_of_freedom, n);
  const double counts = fma(0.5 * count, sum_of_digammas(degrees_of_freedom, n), gammas);
  const double spread = fma(0.5, fma(-cols, degrees_of_freedom, distances.trace), counts);
  const double precision = fma(prior.degrees_of_freedom, prior_log_scale - log_scale, spread);
  return fma(0.5, mean, precision);
}

// ---- weights -----------------------------------------------------------------------------------------------------

/// E[log pi_k] of a Dirichlet distribution (10.66), [k].
SAMEBITS_HD inline void dirichlet_log_weights(const double* concentration, std::int64_t k, double* log_weights) {
  double sum = 0.0;
  for (std::int64_t i = 0; i < k; ++i) {
    sum = sum + concentration[i];
  }
  const double digamma_of_sum = digamma(sum);
  for (std::int64_t i = 0; i < k; ++i) {
    log_weights[i] = digamma(concentration[i]) - digamma_of_sum;
  }
}

/// E[pi_k], [k].
SAMEBITS_HD inline void dirichlet_weights(const double* concentration, std::int64_t k, double* weights) {
  double sum = 0.0;
  for (std::int64_t i = 0; i < k; ++i) {
    sum = sum + concentration[i];
  }
  for (std::int64_t i = 0; i < k; ++i) {
    weights[i] = concentration[i] / sum;
  }
}

/// Divergence of Dirichlet(concentration) from the symmetric one with `prior`.
SAMEBITS_HD inline double dirichlet_divergence(const double* concentration, std::int64_t k, double prior) {
  double sum = 0.0;
  for (std::int64_t i = 0; i < k; ++i) {
    sum = sum + concentration[i];
  }
  const double digamma_of_sum = digamma(sum);
  double divergence = log_gamma(sum) - log_gamma(rounded(prior * static_cast<double>(k)));
  for (std::int64_t i = 0; i < k; ++i) {
    divergence = divergence - (log_gamma(concentration[i]) - log_gamma(prior));
    divergence = fma(concentration[i] - prior, digamma(concentration[i]) - digamma_of_sum, divergence);
  }
  return divergence;
}

/// The two parameters of each stick, first [k] and second [k], from the sums of responsibilities: one more than its own
/// rows, and the prior more than the rows of all later ones (Blei and Jordan, section 3).
SAMEBITS_HD inline void stick_parameters(const double* sum_0, std::int64_t k, double prior, double* first,
                                         double* second) {
  double later = 0.0;
  for (std::int64_t i = k - 1; i >= 0; --i) {
    first[i] = posterior_count(1.0, sum_0[i]);
    second[i] = posterior_count(prior, later);
    later = later + sum_0[i];
  }
}

/// E[log pi_k] = E[log v_k] + sum of E[log(1 - v_j)] over the sticks before it, [k].
SAMEBITS_HD inline void stick_log_weights(const double* first, const double* second, std::int64_t k,
                                          double* log_weights) {
  double left = 0.0;
  for (std::int64_t i = 0; i < k; ++i) {
    const double digamma_of_sum = digamma(first[i] + second[i]);
    log_weights[i] = digamma(first[i]) - digamma_of_sum + left;
    left = left + (digamma(second[i]) - digamma_of_sum);
  }
}

/// The products of the sticks' means, over their sum: what the last stick leaves belongs to no component.
SAMEBITS_HD inline void stick_weights(const double* first, const double* second, std::int64_t k, double* weights) {
  double left = 1.0;
  double sum = 0.0;
  for (std::int64_t i = 0; i < k; ++i) {
    const double whole = first[i] + second[i];
    const double share = first[i] / whole;
    weights[i] = share * left;
    sum = fma(share, left, sum);
    left = second[i] / whole * left;
  }
  for (std::int64_t i = 0; i < k; ++i) {
    weights[i] = weights[i] / sum;
  }
}

/// Divergence of the sticks Beta(first, second) from their prior, Beta(1, prior) each.
SAMEBITS_HD inline double stick_divergence(const double* first, const double* second, std::int64_t k, double prior) {
  double divergence = 0.0;
  for (std::int64_t i = 0; i < k; ++i) {
    const double whole = first[i] + second[i];
    const double digamma_of_sum = digamma(whole);
    divergence = divergence + (log_gamma(whole) - log_gamma(first[i]) - log_gamma(second[i]) - log(prior));
    divergence = fma(first[i] - 1.0, digamma(first[i]) - digamma_of_sum, divergence);
    divergence = fma(second[i] - prior, digamma(second[i]) - digamma_of_sum, divergence);
  }
  return divergence;
}

// ---- the bound ---------------------------------------------------------------------------------------------------

SAMEBITS_HD SAMEBITS_INLINE double add_divergence(double sum, double divergence) { return sum + divergence; }

/// The mean over the rows, from the total log-likelihood of a pass and all divergences.
SAMEBITS_HD SAMEBITS_INLINE double mean_lower_bound(double total, double divergence, double sum_of_weights) {
  return (total - divergence) / sum_of_weights;
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
