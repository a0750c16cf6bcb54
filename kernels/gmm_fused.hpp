// Both steps of a pass in one reading of the rows.
#pragma once

#include "kernels/gmm_row.hpp"

namespace samebits::kernels {

/// True where fused_pass takes the components: few columns, and few enough components for the threads of a block.
template <class T>
bool fits_fused_pass(const gmm_components<T>& components);

/// The node of each leaf of the batch, as by run_e_step and sum_leaves, with the same bits. The batch needs no
/// row_values.
template <class T>
void fused_pass(const gmm_batch<T>& batch, samebits_gmm_shape shape, bool hard);

}  // namespace samebits::kernels
