// Gaussian mixtures fitted by expectation-maximisation.
//
// Rows are double or float. Parameters are double in both cases: with float rows, what is computed for a row and the
// sums of a leaf are float, everything above is double (docs/numerics.md). gmm_model.hpp has what one does with a fit.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "samebits/context.hpp"
#include "samebits/export.hpp"
#include "samebits/view.hpp"

namespace samebits {

/// What the covariances of the k components have in common.
enum class covariance_type {
  full,           ///< a matrix each
  tied,           ///< one matrix for all
  diag,           ///< a variance for each component and column
  spherical,      ///< a variance each
  tied_diag,      ///< a variance for each column, the same for all components
  tied_spherical  ///< one variance
};

inline constexpr covariance_type covariance_types[] = {covariance_type::full,      covariance_type::tied,
                                                       covariance_type::diag,      covariance_type::spherical,
                                                       covariance_type::tied_diag, covariance_type::tied_spherical};

/// "full", "tied", "diag", "spherical", "tied-diag", "tied-spherical".
SAMEBITS_API const char* name_of(covariance_type type);
/// @throws invalid_argument  there is no type of that name
SAMEBITS_API covariance_type covariance_type_named(std::string_view name);

/// Rows and columns of the matrix that holds the covariances of k components in n_cols columns:
/// full k n x n (one below the other), tied n x n, diag k x n, spherical k x 1, tied_diag 1 x n, tied_spherical 1 x 1.
struct matrix_shape {
  std::int64_t n_rows;
  std::int64_t n_cols;
};
SAMEBITS_API matrix_shape covariances_shape(covariance_type type, std::int64_t n_components, std::int64_t n_cols);

struct gmm_model {
  covariance_type covariance = covariance_type::full;
  std::int64_t n_components = 0;
  std::int64_t n_cols = 0;
  std::vector<double> weights;      ///< [k], sum 1
  std::vector<double> means;        ///< [k x n_cols]
  std::vector<double> covariances;  ///< row-major, see covariances_shape
  double log_likelihood = 0;        ///< of the rows it was fitted to, mean nats per row
  std::int64_t n_iter = 0;          ///< iterations of the run that won
  bool converged = false;           ///< it stopped by `tol`, not by `max_iter`
  std::int64_t restart = 0;         ///< the run that won
  std::vector<double> trace;        ///< log-likelihood of the start and after each iteration, mean nats per row
};

/// What a callback sees after every pass over the rows.
struct gmm_iteration {
  std::int64_t restart;                 ///< 0 .. n_init - 1
  std::int64_t iteration;               ///< 0: the start; t: after t iterations
  double log_likelihood;                ///< of the parameters below, mean nats per row
  std::span<const double> weights;      ///< [k]
  std::span<const double> means;        ///< [k x n_cols]
  std::span<const double> covariances;  ///< row-major, see covariances_shape
};

/// Where means that are not given come from.
enum class gmm_init {
  kmeans_plus_plus,  ///< rows far apart: k-means++ in the metric of the data's own covariance
  kmeans,            ///< k-means in that metric, from such rows; weights and covariances are those of its clusters
  random_rows,       ///< k different rows, all equally likely
  random_responsibilities  ///< each row shared out at random, uniform over all shares; then one maximisation
};

/// "k-means++", "k-means", "random-rows", "random-responsibilities".
SAMEBITS_API const char* name_of(gmm_init init);
/// @throws invalid_argument  there is no start of that name
SAMEBITS_API gmm_init gmm_init_named(std::string_view name);

/// How threads share the work of a pass. It changes the time, never the bits.
enum class gmm_schedule {
  automatic,  ///< by rows where there are enough of them for all threads
  rows,       ///< data-parallel: each thread takes some of the rows
  components  ///< component-parallel: each thread takes some of the components
};

struct gmm_options {
  std::int64_t n_components = 1;  ///< k, in [1, n_rows]
  covariance_type covariance = covariance_type::full;
  std::uint64_t seed = 0;  ///< stream of the random start, with `task`
  std::uint64_t task = 0;
  std::int64_t n_init = 1;  ///< random starts, run side by side; the best log-likelihood wins, then the earliest
  gmm_init init = gmm_init::kmeans_plus_plus;
  std::int64_t max_iter = 300;
  double tol = 1e-6;        ///< stop when the mean log-likelihood changes by at most this; negative: never
  double reg_covar = 1e-6;  ///< added to the diagonal of every covariance, in squared units of the data
  /// Added as well: this times the variance of the column over all rows, whatever its unit.
  double reg_covar_relative = 0;
  gmm_schedule schedule = gmm_schedule::automatic;

  /// A weight for each row, at least 0, in any unit: a row of weight 2 counts as two. The largest lies from 2^-700 to
  /// 2^700 (float rows: 2^-60 to 2^60). Empty: all 1.
  std::span<const double> sample_weights;  ///< [n_rows]

  /// The start, each given or empty. Given means or responsibilities are the start of a single run: n_init has no
  /// effect. Empty weights are equal. Empty means follow from `init`. Empty covariances are that of all rows, shrunk so
  /// that k ellipsoids together have its volume. Given weights and covariances replace those that `init` or
  /// responsibilities would make.
  std::span<const double> weights_init;             ///< [k], positive, sum 1 within 1e-6
  matrix_view<const double> means_init;             ///< [k x n_cols]
  matrix_view<const double> covariances_init;       ///< see covariances_shape; or
  matrix_view<const double> precisions_init;        ///< their inverses, in the same layout
  matrix_view<const double> responsibilities_init;  ///< [n_rows x k], at least 0: a maximisation from these comes first
  const gmm_model* warm_start = nullptr;            ///< a model of the same type and shape to go on from

  /// Components that keep what the start gave them, each empty or [k] of 0 (free) and 1 (frozen).
  std::span<const std::uint8_t> frozen_weights;  ///< free weights share what the frozen ones leave
  std::span<const std::uint8_t> frozen_means;
  std::span<const std::uint8_t> frozen_covariances;  ///< not for tied types

  /// Called after every pass over the rows, on any thread but never by two at once; false stops the fit, which then
  /// throws `interrupted`. Restarts run side by side: their iterations come in any order, those of one restart in
  /// theirs.
  std::function<bool(const gmm_iteration&)> callback;
};

/// Fits a Gaussian mixture by expectation-maximisation (Dempster, Laird, Rubin, 1977).
///
/// One iteration reads the rows once. Sums are centred on the previous means, so that data far from the origin lose
/// nothing. Seeds are drawn with k-means++ (Arthur, Vassilvitskii, 2007) in the metric of the data's own covariance,
/// which makes the start independent of the units of the columns. A component whose weight reaches 0 keeps its mean and
/// covariance. Memory beside the rows does not grow with them times the components; while k-means++ draws it takes a
/// double for each row.
///
/// @param x        samples, row-major [n_rows x n_cols], finite, at most 2^1022 (float: 2^126) in magnitude
/// @param options  see gmm_options
/// @throws invalid_argument   a shape or option is out of range, or x is not finite (the message names the place)
/// @throws numerical_failure  a covariance is singular (the message names the component, iteration and column), the
///                            log-likelihood overflows, or reg_covar swamps the variances of the data
/// @throws interrupted        the callback returned false
/// @bits   identical on every backend, instruction set, thread count, schedule and device; docs/numerics.md
SAMEBITS_API gmm_model gmm_fit(const context& ctx, matrix_view<const double> x, const gmm_options& options);
SAMEBITS_API gmm_model gmm_fit(const context& ctx, matrix_view<const float> x, const gmm_options& options);

/// "sha256:..." over the little-endian bytes of weights, means, covariances and log_likelihood, in this order.
SAMEBITS_API std::string gmm_digest(const gmm_model& model);

// ---- the steps, for an EM of one's own ---------------------------------------------------------------------------

/// log(weight_k) + log N(x_i; mean_k, covariance_k) for every row and component.
///
/// @param out  [n_rows x k]
/// @throws invalid_argument   a shape does not fit, the model is not one (a covariance is not positive definite), or x
///                            is not finite
/// @throws numerical_failure  a row is so far from every component that its squared distances overflow
/// @bits   identical everywhere
SAMEBITS_API void gmm_log_prob(const context& ctx, const gmm_model& model, matrix_view<const double> x,
                               matrix_view<double> out);
SAMEBITS_API void gmm_log_prob(const context& ctx, const gmm_model& model, matrix_view<const float> x,
                               matrix_view<float> out);

/// The E-step: logarithms of the responsibilities, and the log-likelihood of each row.
///
/// @param log_responsibilities  [n_rows x k], or empty
/// @param log_likelihoods       [n_rows], nats, or empty
/// @throws as gmm_log_prob
/// @bits   identical everywhere
SAMEBITS_API void gmm_expectation(const context& ctx, const gmm_model& model, matrix_view<const double> x,
                                  matrix_view<double> log_responsibilities, std::span<double> log_likelihoods);
SAMEBITS_API void gmm_expectation(const context& ctx, const gmm_model& model, matrix_view<const float> x,
                                  matrix_view<float> log_responsibilities, std::span<float> log_likelihoods);

/// The M-step: the mixture that the shares of the rows make.
///
/// Two passes: one for the means, one centred on them. Of the options, covariance, reg_covar, reg_covar_relative,
/// sample_weights and schedule count. A component without rows has weight 0, the mean and the covariance of all rows.
///
/// @param responsibilities  [n_rows x k], finite, at least 0; rows need not sum to 1
/// @return a model without log_likelihood (0), n_iter 0
/// @throws as gmm_fit
/// @bits   identical everywhere
SAMEBITS_API gmm_model gmm_maximization(const context& ctx, matrix_view<const double> x,
                                        matrix_view<const double> responsibilities, const gmm_options& options);
SAMEBITS_API gmm_model gmm_maximization(const context& ctx, matrix_view<const float> x,
                                        matrix_view<const double> responsibilities, const gmm_options& options);

}  // namespace samebits
