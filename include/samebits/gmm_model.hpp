// What one does with a Gaussian mixture: labels, scores, samples, criteria, marginals, conditionals, merging, choice of
// the number of components; and the file it is kept in (gmm_file.hpp).
//
// Functions of rows take double or float rows [n_rows x n_cols], finite. They throw invalid_argument for shapes that do
// not fit, outputs without memory, a model that is not one or rows that are not finite, and numerical_failure for a row
// whose squared distance to every component overflows. Memory beside what the caller gives does not grow with rows
// times components. All bits are identical on every backend, instruction set, thread count and device.
#pragma once

#include <string>

#include "samebits/gmm.hpp"
#include "samebits/stream.hpp"

namespace samebits {

/// Checks shapes, weights (at least 0, sum 1 within 1e-6), finite means and positive definite covariances.
/// @throws invalid_argument  naming the place
SAMEBITS_API void gmm_require_valid(const gmm_model& model);

/// The covariance of component k as an n_cols x n_cols matrix, whatever the type.
SAMEBITS_API std::vector<double> gmm_covariance(const gmm_model& model, std::int64_t k);

/// The likeliest component of each row; of equal ones the first.
/// @param labels  [n_rows]
SAMEBITS_API void gmm_predict(const context& ctx, const gmm_model& model, matrix_view<const double> x,
                              std::span<std::int64_t> labels);
SAMEBITS_API void gmm_predict(const context& ctx, const gmm_model& model, matrix_view<const float> x,
                              std::span<std::int64_t> labels);

/// The probability of each component, given the row.
/// @param out  [n_rows x k]
SAMEBITS_API void gmm_predict_proba(const context& ctx, const gmm_model& model, matrix_view<const double> x,
                                    matrix_view<double> out);
SAMEBITS_API void gmm_predict_proba(const context& ctx, const gmm_model& model, matrix_view<const float> x,
                                    matrix_view<float> out);

/// The log-likelihood of each row, in nats.
/// @param out  [n_rows]
SAMEBITS_API void gmm_score_samples(const context& ctx, const gmm_model& model, matrix_view<const double> x,
                                    std::span<double> out);
SAMEBITS_API void gmm_score_samples(const context& ctx, const gmm_model& model, matrix_view<const float> x,
                                    std::span<float> out);

/// The mean log-likelihood of the rows, in nats.
/// @param sample_weights  as in gmm_options
SAMEBITS_API double gmm_score(const context& ctx, const gmm_model& model, matrix_view<const double> x,
                              std::span<const double> sample_weights = {});
SAMEBITS_API double gmm_score(const context& ctx, const gmm_model& model, matrix_view<const float> x,
                              std::span<const double> sample_weights = {});

/// Rows first .. first + n - 1 of the endless sample that the stream is of this mixture. Row i depends on the stream
/// and i alone: its component is categorical sample i of child 0, its normals are those from number i n_cols of
/// child 1.
///
/// @param out     [n x n_cols]
/// @param labels  [n], the components drawn, or empty
SAMEBITS_API void gmm_sample(const context& ctx, const gmm_model& model, stream_id stream, std::uint64_t first,
                             matrix_view<double> out, std::span<std::int64_t> labels = {});

// ---- criteria ----------------------------------------------------------------------------------------------------

/// Free parameters: k - 1 weights, k n_cols means, and the variances and covariances that the type leaves free.
SAMEBITS_API std::int64_t gmm_n_parameters(const gmm_model& model);

/// Numbers to choose a model by. n is the number of rows, or the sum of their weights.
struct gmm_criteria {
  double log_likelihood;      ///< total, nats
  std::int64_t n_parameters;  ///< p
  double aic;                 ///< -2 log-likelihood + 2 p (Akaike, 1974)
  double bic;                 ///< -2 log-likelihood + p log n (Schwarz, 1978)
  double entropy;             ///< of the responsibilities, -sum r log r over rows and components, nats
  double icl;                 ///< bic + 2 entropy (Biernacki, Celeux, Govaert, 2000)
};
SAMEBITS_API gmm_criteria gmm_evaluate(const context& ctx, const gmm_model& model, matrix_view<const double> x,
                                       std::span<const double> sample_weights = {});
SAMEBITS_API gmm_criteria gmm_evaluate(const context& ctx, const gmm_model& model, matrix_view<const float> x,
                                       std::span<const double> sample_weights = {});

// ---- other mixtures ----------------------------------------------------------------------------------------------

/// The mixture of some of the columns, in the order given.
/// @throws invalid_argument  no column, or one that is out of range or repeated
SAMEBITS_API gmm_model gmm_marginal(const gmm_model& model, std::span<const std::int64_t> columns);

/// The mixture of the other columns, in their order, where `columns` have `values`. A component so far from the values
/// that its weight is 0 and its mean overflows has the mean that it has in the marginal.
/// @throws invalid_argument   as gmm_marginal; no column is left; values is not finite or of another length
/// @throws numerical_failure  the values are so far from every component that their squared distances overflow, or they
///                            determine another column up to rounding, or the mean of a component that has weight
///                            overflows
SAMEBITS_API gmm_model gmm_conditional(const gmm_model& model, std::span<const std::int64_t> columns,
                                       std::span<const double> values);

/// Clusters made of several components, one merger after the other (Baudry, Raftery, Celeux, Lo, Gottardo, 2010): each
/// joins the two clusters whose joint responsibilities have the lowest entropy; of equal ones the first.
struct gmm_merger {
  std::int64_t kept;    ///< clusters are named by their lowest component
  std::int64_t joined;  ///< into `kept`; kept < joined
  double entropy;       ///< of the clusters' responsibilities after the merger, total nats
};
struct gmm_merging {
  double entropy;                   ///< of the components themselves
  std::vector<gmm_merger> mergers;  ///< k - 1

  /// The cluster of each component when n_clusters are left, numbered from 0 in the order of their lowest component.
  SAMEBITS_API std::vector<std::int64_t> clusters(std::int64_t n_clusters) const;
};

/// Reads the rows once for each merger. Takes about 280 k^2 bytes for the losses of all pairs of components (k = 1000:
/// 280 MB), beside a block of rows.
SAMEBITS_API gmm_merging gmm_merge(const context& ctx, const gmm_model& model, matrix_view<const double> x,
                                   std::span<const double> sample_weights = {});
SAMEBITS_API gmm_merging gmm_merge(const context& ctx, const gmm_model& model, matrix_view<const float> x,
                                   std::span<const double> sample_weights = {});

// ---- choice of a model -------------------------------------------------------------------------------------------

enum class gmm_criterion { bic, aic, icl };

/// One fit of a sweep.
struct gmm_candidate {
  covariance_type covariance;
  std::int64_t n_components;
  gmm_criteria criteria;  ///< of the fit, when it has not failed
  std::int64_t n_iter = 0;
  bool converged = false;
  std::string failure;  ///< why there is no fit ("gmm_fit: ..."), empty when there is one
};

struct gmm_selection {
  std::vector<gmm_candidate> candidates;  ///< types in the order given, and in each the numbers of components
  std::int64_t best = -1;                 ///< the candidate with the lowest criterion; of equal ones the first
  gmm_model model;                        ///< its fit
};

/// Fits every type of covariance with every number of components and keeps the best. With fewer than 2^20 values on a
/// CPU whole fits run side by side, one thread each; otherwise one fit follows the other, each on all threads. The
/// callback is called for one fit at a time.
///
/// A numerical_failure of a fit is its candidate's own. Any other failure ends the sweep and is thrown; of several at
/// the same time, that of the lowest candidate. Messages from a candidate's fit begin with gmm_fit, those about
/// arguments with gmm_select.
///
/// @param options  for every fit; its n_components and covariance do not count. Means and the like must not be given.
///                 Every fit draws from (seed, task): a candidate alone gives the bits it has in the sweep.
/// @throws invalid_argument   as gmm_fit, before any fit; rows that are not finite are found by the first fit
/// @throws numerical_failure  no candidate could be fitted (the message has the first reason)
SAMEBITS_API gmm_selection gmm_select(const context& ctx, matrix_view<const double> x,
                                      std::span<const covariance_type> types,
                                      std::span<const std::int64_t> n_components, const gmm_options& options,
                                      gmm_criterion criterion = gmm_criterion::bic);
SAMEBITS_API gmm_selection gmm_select(const context& ctx, matrix_view<const float> x,
                                      std::span<const covariance_type> types,
                                      std::span<const std::int64_t> n_components, const gmm_options& options,
                                      gmm_criterion criterion = gmm_criterion::bic);

}  // namespace samebits
