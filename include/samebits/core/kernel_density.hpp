// What normalises kernel density estimates.
#pragma once

#include "samebits/core/pairwise.hpp"

namespace samebits::core {

/// Kernels whose integral over all space is known here.
constexpr bool has_density(pair_kernel kernel) {
  return kernel == pair_kernel::gaussian || kernel == pair_kernel::laplacian;
}

inline namespace SAMEBITS_TARGET {

/// The logarithm of the integral of a kernel with bandwidth h over one column: of sqrt(2 pi) h for gaussian, of 2 h for
/// laplacian. Both are products over columns.
SAMEBITS_HD inline double log_integral(pair_kernel kernel, double h) {
  constexpr double log_sqrt_2_pi = 0x1.d67f1c864beb5p-1;
  return kernel == pair_kernel::gaussian ? log(h) + log_sqrt_2_pi : log(2 * h);
}

/// From the logarithm of the sum of the weighted kernels to that of the density.
SAMEBITS_HD SAMEBITS_INLINE double log_density(double log_sum, double log_weight, double log_integral_of_column,
                                               std::int64_t n_cols) {
  return fnma(static_cast<double>(n_cols), log_integral_of_column, log_sum - log_weight);
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
