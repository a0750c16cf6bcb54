// Kernel density estimates.
//
// Silverman: Density Estimation for Statistics and Data Analysis (1986), chapter 4.
#pragma once

#include "samebits/pairwise.hpp"

namespace samebits {

/// The logarithm of a kernel density estimate, normalised to integrate to 1:
///
///   log sum_j w_j k(at_i, points_j) - log sum_j w_j - n_cols log I
///
/// where I, the integral of the kernel over one column, is sqrt(2 pi) h for kernel gaussian and 2 h for laplacian
/// (which is the product of exp(-|.| / h) over the columns). The first term is pairwise_log_sum_exp: nothing underflows
/// far from all points.
///
/// @param points   row-major [n_points x n_cols], finite; at least 1 row
/// @param at       row-major [n_at x n_cols], finite; any number of rows
/// @param options  kernel gaussian or laplacian, `bandwidth`, and y_weights: of the points, at least 0 and not all 0,
///                 empty: all 1. `mode`, `bandwidths` and x_weights must be left alone, `algorithm` has no effect.
/// @param out      [n_at], nats: the logarithm of 1 per unit of x to the power of n_cols. -infinity where all points
///                 have weight 0 or a distance that overflows.
/// @throws invalid_argument   a shape or option is out of range, or points, at or weights are not finite (the message
///                            names the place)
/// @throws numerical_failure  the sum of the weights overflows
/// @bits   identical on every backend, instruction set, thread count and device; docs/numerics.md
SAMEBITS_API void kernel_log_density(const context& ctx, matrix_view<const double> points, matrix_view<const double> at,
                                     const pairwise_options& options, std::span<double> out);
SAMEBITS_API void kernel_log_density(const context& ctx, matrix_view<const float> points, matrix_view<const float> at,
                                     const pairwise_options& options, std::span<double> out);

}  // namespace samebits
