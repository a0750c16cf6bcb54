// The kernels of pairs of lib/backend.h: their constants, and the one whose sums have a formula of their own.
#pragma once

#include "lib/backend.h"
#include "samebits/core/pairwise.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

/// In the type of the rows.
template <class T>
pair_constants<T> constants_of(const samebits_pair_kernel& c) {
  return rounded_to<T>(pair_constants<double>{c.scale, c.offset, c.slope, c.rate, c.degree});
}

/// Are the sums of a call those of products of single numbers, which are not rounded?
inline bool are_of_numbers(const samebits_pairs& pairs) {
  return pairs.n_kernels == 1 && pairs.n_cols == 1 && pairs.y_weights == nullptr &&
         pairs.map == static_cast<std::int32_t>(pair_map::value) &&
         pairs.kernels[0].kernel == static_cast<std::int32_t>(pair_kernel::product);
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
