// Gaussian mixtures with priors, fitted by variational Bayes.
#pragma once

#include "samebits/gmm.hpp"

namespace samebits {

enum class weight_prior {
  dirichlet,         ///< a symmetric Dirichlet distribution
  dirichlet_process  ///< sticks broken one after the other, as many as there are components
};

/// Names, defaults and meanings of the priors are those of scikit-learn's BayesianGaussianMixture.
struct bayesian_gmm_options {
  /// n_components is the most there can be. Given: n_components, covariance (full or diag), seed, task, n_init (the
  /// best bound wins), init, max_iter, tol (on the bound per row), reg_covar, reg_covar_relative, schedule,
  /// sample_weights, responsibilities_init, means_init, callback (its log_likelihood is the bound per row). The rest
  /// must be empty.
  ///
  /// Weights count rows, so their unit matters here. A run starts from responsibilities: those given or drawn, or every
  /// row wholly to the nearest of the means (given, drawn, or those of k-means). reg_covar is added to the covariance
  /// of each component's rows; priors seldom leave it a use, and the bound can fall by as much as it changes.
  gmm_options fit;
  weight_prior prior = weight_prior::dirichlet_process;
  /// Concentration of the weights, positive: of each component, or of the process. 0: 1 / n_components.
  double weight_concentration_prior = 0;
  /// The prior of the means: as many rows as this, positive, at `mean_prior`.
  double mean_precision_prior = 1;
  std::span<const double> mean_prior;  ///< [n_cols]; empty: the mean of the rows
  /// The prior of the precisions, a Wishart distribution; above n_cols - 1. 0: n_cols.
  double degrees_of_freedom_prior = 0;
  /// Inverse of that distribution's scale matrix: n_cols x n_cols, diag: 1 x n_cols. Empty: the covariance of all rows
  /// (divisor n - 1) with what reg_covar adds to it.
  matrix_view<const double> covariance_prior;
};

/// A mixture at the means of the posterior, and the posterior.
///
/// Functions of a mixture (gmm_predict, gmm_score, gmm_evaluate and the like) take `mixture` as it stands: their
/// densities, responsibilities and criteria are plug-in values at the means of the posterior. They differ from the
/// responsibilities of the fit, which average over the posterior, and most where components have few rows. A file
/// (gmm_save) has the mixture without the posterior.
struct bayesian_gmm_model {
  /// Weights and means are means of the posterior, covariances the inverses of its mean precisions. log_likelihood and
  /// trace are the lower bound of the log-likelihood, mean nats per row, no constant left out.
  gmm_model mixture;
  weight_prior prior = weight_prior::dirichlet_process;
  std::vector<double> weight_concentration;  ///< Dirichlet: [k]; process: [2 x k], the two parameters of each stick
  std::vector<double> mean_precision;        ///< [k]
  std::vector<double> degrees_of_freedom;    ///< [k]
};

/// Fits by variational inference (Bishop: Pattern Recognition and Machine Learning, 2006, section 10.2; Blei, Jordan:
/// "Variational inference for Dirichlet process mixtures", Bayesian Analysis 1, 2006).
///
/// The bound never falls from one iteration to the next (reg_covar 0). With diag covariances the scale matrices of the
/// posterior's Wishart distributions are restricted to diagonal ones. A component without rows has its prior: the
/// mixture keeps it, with little weight.
///
/// @throws as gmm_fit; numerical_failure also where the prior is so far from the rows that the bound overflows
/// @bits   identical everywhere
SAMEBITS_API bayesian_gmm_model bayesian_gmm_fit(const context& ctx, matrix_view<const double> x,
                                                 const bayesian_gmm_options& options);
SAMEBITS_API bayesian_gmm_model bayesian_gmm_fit(const context& ctx, matrix_view<const float> x,
                                                 const bayesian_gmm_options& options);

}  // namespace samebits
