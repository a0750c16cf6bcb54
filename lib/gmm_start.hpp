// The start of a fit: what all rows together are like, and the mixture that a run starts from.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/gmm_problem.hpp"

namespace samebits::gmm {

/// What the runs of one fit share.
struct fit_setting {
  const gmm_options& options;
  double sum_of_weights;               ///< of the rows
  std::vector<double> reg_covar;       ///< [n_cols], added to variances
  std::optional<parameters> all_rows;  ///< one component: mean and covariance of all rows, of its type's shape
  bool from_clusters = false;          ///< runs start from clusters, whatever the start

  samebits_gmm_rules rules() const;  ///< with nothing frozen
};

/// @throws numerical_failure  the covariance of all rows is singular or lost in reg_covar
fit_setting make_setting(const problem& rows, const gmm_options& o);

/// As many runs as n_init says, or one where the start is given.
std::int64_t n_restarts(const gmm_options& o);

/// Clusters that rows are shared out to, and the sums of these shares, centred on the clusters' means.
struct clusters {
  parameters mixture;
  sums shares;
  double log_likelihood = 0;  ///< total, of the pass that made the shares
};

/// What the starts of some restarts need from the backend, of all of them at once.
struct drawn_starts {
  std::int64_t first_restart = 0;
  std::vector<double> means;     ///< [n_restarts x n_components x n_cols]; empty where they follow from shares
  std::vector<clusters> shared;  ///< [n_restarts], or empty where rows are not shared out. A start takes its own
};

/// Draws what n restarts start from, and makes the passes over the rows that this takes. Restarts whose passes have no
/// finite result fail later, each by itself.
drawn_starts draw_starts(const problem& rows, const fit_setting& setting, std::int64_t first_restart, std::int64_t n);

/// The mixture that restart number `restart` starts from, ready for a pass.
parameters make_start(const problem& rows, const fit_setting& setting, drawn_starts& drawn, std::int64_t restart);

/// The start of fits that make mixtures of their own, where fit_setting::from_clusters. The shares are those given or
/// drawn, or every row's whole share for the nearest of the means (of the given or drawn ones, or those of k-means).
clusters start_clusters(const problem& rows, const fit_setting& setting, drawn_starts& drawn, std::int64_t restart);

/// Passes over rows with NaN or infinity have no finite log-likelihood, so the rows need no look before that happens.
void require_finite_result(const problem& rows, double log_likelihood, const std::string& where);

/// Below this, squares of the type of the rows, times their weights, lose digits.
double smallest_variance(const problem& rows);

/// Throws numerical_failure when a covariance of `p` is singular, with what was added to it, or underflows.
void require_regular(const problem& rows, const gmm_options& o, const samebits_gmm_defect& defect, const parameters& p,
                     const std::string& when);

/// Components of equal weight that all have the mean and the covariance of all rows, pooled as the type says and times
/// k^(-2/n) if `shrunk`. Not yet ready for a pass.
parameters like_all_rows(const parameters& all_rows, covariance_type type, std::int64_t n_components, bool shrunk);

/// The mixture that the shares of `source` make: a pass for the means and one centred on them. A component without
/// shares stays as it is in `p`, which has the means of all rows.
///
/// @throws numerical_failure  a covariance is singular
void maximise(const problem& rows, const fit_setting& setting, const share_source& source, const char* when,
              parameters& p);

/// What a model has in common with parameters.
gmm_model model_of(parameters p);

}  // namespace samebits::gmm
