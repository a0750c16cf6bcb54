// Sums and products of arrays: sum, dot, norms, mean, variance. samebits/exact_sum.hpp has sums that are correctly
// rounded.
#pragma once

#include <span>

#include "samebits/context.hpp"
#include "samebits/export.hpp"

namespace samebits {

/// The sum of the numbers; 0 when there are none.
///
/// Pairwise summation: eight interleaved chains inside leaves of 512, a balanced tree above them, so that the rounding
/// error grows with the logarithm of n (Higham: Accuracy and Stability of Numerical Algorithms, 2nd ed., section 4.2).
/// Float numbers are widened to double first.
///
/// @throws invalid_argument   a number is NaN or infinite
/// @throws numerical_failure  the sum overflows, or a part of it does: exact_sum has the true value
/// @bits   identical on every backend, instruction set, thread count and device; those of partial_summary over any
///         ranges
SAMEBITS_API double sum(const context& ctx, std::span<const double> x);
SAMEBITS_API double sum(const context& ctx, std::span<const float> x);

/// The sum of x[i] * y[i], in fused multiply-adds along the same tree.
///
/// @throws as sum; invalid_argument  the sizes differ
/// @bits   as sum
SAMEBITS_API double dot(const context& ctx, std::span<const double> x, std::span<const double> y);
SAMEBITS_API double dot(const context& ctx, std::span<const float> x, std::span<const float> y);

enum class norm_kind {
  l1,   ///< the sum of the absolute values
  l2,   ///< the square root of the sum of squares, without overflow or underflow on the way
  max,  ///< the largest absolute value
};

/// A norm of x; 0 when it is empty.
///
/// @throws as sum; norm_kind::max does not overflow
/// @bits   as sum
SAMEBITS_API double norm(const context& ctx, std::span<const double> x, norm_kind kind = norm_kind::l2);
SAMEBITS_API double norm(const context& ctx, std::span<const float> x, norm_kind kind = norm_kind::l2);

/// The mean; 0 when there are no numbers.
///
/// @throws as sum
/// @bits   as sum
SAMEBITS_API double mean(const context& ctx, std::span<const double> x);
SAMEBITS_API double mean(const context& ctx, std::span<const float> x);

/// The variance over n - ddof; 0 where that is not positive.
///
/// @throws as sum; invalid_argument  ddof is not finite
/// @bits   as sum
SAMEBITS_API double variance(const context& ctx, std::span<const double> x, double ddof = 1);
SAMEBITS_API double variance(const context& ctx, std::span<const float> x, double ddof = 1);

}  // namespace samebits
