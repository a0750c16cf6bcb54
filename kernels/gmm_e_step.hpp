// The values of rows for components: distances, log-probs, responsibilities.
#pragma once

#include "kernels/draw_stream.hpp"
#include "kernels/gmm_batch.hpp"
#include "kernels/gmm_row.hpp"

namespace samebits::kernels {

template <class T>
void run_e_step(const gmm_batch<T>& batch, samebits_gmm_shape shape, samebits_gmm_order order, e_step until);

/// Responsibilities that the caller has, [n_mixtures x n_rows x n_components] on the device; log-likelihoods are zero.
template <class T>
void take_given_shares(const gmm_batch<T>& batch, const double* given);

/// Responsibilities drawn from a stream for each mixture (on the device); log-likelihoods are zero.
template <class T>
void draw_shares(const gmm_batch<T>& batch, const draw_stream* streams);

}  // namespace samebits::kernels
