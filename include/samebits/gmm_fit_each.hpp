// Gaussian mixtures fitted to many data sets in one call: simulation studies, bootstraps, fits by group.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "samebits/gmm.hpp"

namespace samebits {

/// Rows to fit to; T is double or float.
template <class T>
struct gmm_data_set {
  matrix_view<const T> x;                    ///< [n_rows x n_cols]
  std::span<const double> sample_weights{};  ///< [n_rows], or empty: all 1
};

/// What became of one fit.
struct gmm_fit_outcome {
  gmm_model model;      ///< empty where the fit failed
  std::string failure;  ///< why it did, else empty
};

/// Called with the number of fits that are over, failed ones too, on any thread but never by two at once; false stops
/// the call. On a GPU some hundreds to thousands of fits end together.
using gmm_fit_each_callback = std::function<bool(std::int64_t n_done)>;

/// Fits a mixture to each data set. Outcome i has the bits of
///
///     gmm_fit(ctx, data_sets[i].x, o)   with o = options, but o.task = options.task + i and
///                                            o.sample_weights = data_sets[i].sample_weights
///
/// and a fit that fails, because a covariance is singular or x is not finite, takes no other with it.
///
/// On the CPU whole fits have a thread each, where there are as many fits as threads. On a GPU the iterations of small
/// fits (up to 8,192 rows, and 2^27 fmas or so a pass) are made in the same launches, with blocks for each restart and
/// 512 of the rows. They may differ in their numbers of rows; those with as many columns, and with weights or without,
/// go together. Their starts are drawn by the host's threads, which need the rows: rows in device memory come over
/// once. Larger fits take their turns on the GPU.
///
/// @param data_sets  each with n_components rows or more
/// @param options    of all fits; no sample_weights and no callback. A given start is that of each fit, and one whose
///                   covariances are none fails in each
/// @return one outcome for each data set
/// @throws invalid_argument  a shape, a weight or an option is out of range; the message names the data set
/// @throws interrupted       the callback returned false
/// @bits   identical everywhere
SAMEBITS_API std::vector<gmm_fit_outcome> gmm_fit_each(const context& ctx,
                                                       std::span<const gmm_data_set<double>> data_sets,
                                                       const gmm_options& options,
                                                       const gmm_fit_each_callback& callback = {});
SAMEBITS_API std::vector<gmm_fit_outcome> gmm_fit_each(const context& ctx,
                                                       std::span<const gmm_data_set<float>> data_sets,
                                                       const gmm_options& options,
                                                       const gmm_fit_each_callback& callback = {});

}  // namespace samebits
