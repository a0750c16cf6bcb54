// The sums of an M-step over the leaves of a batch.
#pragma once

#include "kernels/gmm_batch.hpp"

namespace samebits::kernels {

/// The node of each leaf of the batch: log-likelihoods, and with_sums the moments of each component.
template <class T>
void sum_leaves(const gmm_batch<T>& batch, samebits_gmm_shape shape);

}  // namespace samebits::kernels
