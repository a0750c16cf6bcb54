// Gaussian mixtures fitted by expectation-maximisation.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "samebits/context.hpp"
#include "samebits/export.hpp"
#include "samebits/view.hpp"

namespace samebits {

/// What a callback sees after every pass over the rows.
struct gmm_iteration {
  std::int64_t restart;                 ///< 0 .. n_init - 1
  std::int64_t iteration;               ///< 0: the start; t: after t iterations
  double log_likelihood;                ///< of the parameters below, mean nats per row
  std::span<const double> weights;      ///< [k]
  std::span<const double> means;        ///< [k x n_cols]
  std::span<const double> covariances;  ///< [k x n_cols x n_cols]
};

struct gmm_options {
  std::int64_t n_components = 1;  ///< k, in [1, n_rows]
  std::uint64_t seed = 0;         ///< stream of the random start, with `task`
  std::uint64_t task = 0;
  std::int64_t n_init = 1;  ///< random starts; the best log-likelihood wins, then the earliest
  std::int64_t max_iter = 300;
  double tol = 1e-6;        ///< stop when the mean log-likelihood changes by at most this; negative: never
  double reg_covar = 1e-6;  ///< added to the diagonal of every covariance, in squared units of the data

  /// The start, each given or empty. Given means are the start of a single run: n_init has no effect.
  /// Empty weights are equal. Empty means are rows drawn by k-means++. Empty covariances are that of all rows, shrunk
  /// so that k ellipsoids together have its volume.
  std::span<const double> weights_init;        ///< [k], positive, sum 1 within 1e-6
  matrix_view<const double> means_init;        ///< [k x n_cols]
  matrix_view<const double> covariances_init;  ///< [k n_cols x n_cols], one symmetric matrix below the other

  /// Called after every pass over the rows; false stops the fit, which then throws `interrupted`.
  std::function<bool(const gmm_iteration&)> callback;
};

struct gmm_model {
  std::int64_t n_components = 0;
  std::int64_t n_cols = 0;
  std::vector<double> weights;      ///< [k], sum 1
  std::vector<double> means;        ///< [k x n_cols]
  std::vector<double> covariances;  ///< [k x n_cols x n_cols]
  double log_likelihood = 0;        ///< of this model, mean nats per row
  std::int64_t n_iter = 0;          ///< iterations of the run that won
  bool converged = false;           ///< it stopped by `tol`, not by `max_iter`
};

/// Fits a Gaussian mixture with full covariances by expectation-maximisation (Dempster, Laird, Rubin, 1977).
///
/// One iteration reads the rows once. Sums are centred on the previous means, so that data far from the origin lose
/// nothing. Seeds are drawn with k-means++ (Arthur, Vassilvitskii, 2007) in the metric of the data's own covariance,
/// which makes the start independent of the units of the columns. A component whose weight reaches 0 keeps its mean and
/// covariance.
///
/// @param x        samples, row-major [n_rows x n_cols], finite, at most 2^1022 in magnitude
/// @param options  see gmm_options
/// @throws invalid_argument   a shape or option is out of range, or x is not finite (the message names the place)
/// @throws numerical_failure  a covariance is singular (the message names the component, iteration and column), or the
///                            log-likelihood overflows
/// @throws interrupted        the callback returned false
/// @bits   identical on every backend, instruction set, thread count and device; docs/numerics.md
SAMEBITS_API gmm_model gmm_fit(const context& ctx, matrix_view<const double> x, const gmm_options& options);

/// "sha256:..." over the little-endian bytes of weights, means, covariances and log_likelihood, in this order.
SAMEBITS_API std::string gmm_digest(const gmm_model& model);

}  // namespace samebits
