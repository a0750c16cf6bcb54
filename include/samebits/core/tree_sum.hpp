// The shape of every sum: a function of the global row numbers alone (docs/numerics.md, section 4).
//
// Rows are cut into leaves of `leaf_rows`. Inside a leaf, row i belongs to lane i % lanes; every lane is one sequential
// chain; the lanes are folded by halving. Leaf values are folded by the dyadic tree over leaf numbers. A missing row,
// lane or node contributes nothing, which is the same as adding -0.0.
#pragma once

#include "samebits/core/value.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

/// Rows per leaf. Part of the format; docs/decisions/0003-leaf-rows.md has the measurements.
inline constexpr int leaf_rows = 512;

/// Interleaved chains inside a leaf: one 64-byte vector.
template <class T>
inline constexpr int lanes = static_cast<int>(64 / sizeof(T));

/// The identity of +: x + (-0.0) has the bits of x for every x, which +0.0 has not.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V empty_sum() {
  return V(static_cast<scalar_t<V>>(-0.0));
}

/// The partner that lane j takes in the halving step that leaves `half` lanes: lane j + half.
SAMEBITS_HD SAMEBITS_INLINE constexpr int fold_partner([[maybe_unused]] int j, int half) {
#if defined(SAMEBITS_CONTROL_ORDER)
  return 2 * half - 1 - j;  // negative control: another order, which every identity test must refuse
#else
  return j + half;
#endif
}

/// Folds the lanes of one leaf by halving: (j, j + 4), (j, j + 2), (j, j + 1) for eight lanes.
template <class T>
SAMEBITS_HD SAMEBITS_INLINE T fold_lanes(const T* lane) {
  T fold[lanes<T>];
  for (int j = 0; j < lanes<T>; ++j) {
    fold[j] = lane[j];
  }
  for (int half = lanes<T> / 2; half > 0; half /= 2) {
    for (int j = 0; j < half; ++j) {
      fold[j] = fold[j] + fold[fold_partner(j, half)];
    }
  }
  return fold[0];
}

/// A sum that goes out: nothing is +0.0.
SAMEBITS_HD SAMEBITS_INLINE double finished_sum(double sum) { return sum + 0.0; }

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
