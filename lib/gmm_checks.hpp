// The arguments of functions of mixtures, looked at once for all backends. Every function throws invalid_argument.
#pragma once

#include <span>
#include <string>

#include "lib/gmm_problem.hpp"

namespace samebits::gmm {

/// "covariances_init[2]", or without a number where there is one for all components.
std::string spread_name(const char* name, std::int64_t k, covariance_type type);

/// Rows to fit to: some, at most 2^56 values. Whether they are finite shows later.
void check_rows(const char* function, const data_view& x);

/// One weight for each row or none, in the host's memory, finite and at least 0, with a sum above 0.
void check_sample_weights(const context& ctx, const char* function, std::span<const double> weights,
                          const data_view& x);

/// Matrices one below the other, named by spread_name. Fitted covariances are symmetric to the bit; those from
/// elsewhere may have been rounded, to 1e-9 of an element.
void check_symmetric(const char* function, const char* name, matrix_view<const double> matrices, covariance_type type);

/// At least one component, and no more memory for them than there can be.
void check_components(const char* function, std::int64_t n_components, covariance_type type, std::int64_t n_cols);

/// Responsibilities [n_rows x n_components]: finite, at least 0, the largest in the same range as weights.
void check_responsibilities(const char* function, const char* name, matrix_view<const double> responsibilities,
                            const data_view& x, std::int64_t n_components);

/// reg_covar and reg_covar_relative.
void check_regularisation(const char* function, double reg_covar, double reg_covar_relative);

/// All arguments of gmm_fit.
void check_fit(const context& ctx, const char* function, const data_view& x, const gmm_options& o);

/// All arguments of gmm_maximization.
void check_maximization(const context& ctx, const char* function, const data_view& x,
                        matrix_view<const double> responsibilities, const gmm_options& o);

}  // namespace samebits::gmm
