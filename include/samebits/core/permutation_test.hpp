// The decisions of permutation tests.
#pragma once

#include "samebits/core/value.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

/// How far statistics that are equal in exact arithmetic may lie apart, because their sums were made in another order:
/// 64 eps times the size of what the statistic is made of. T is the type in which values are made.
template <class T>
SAMEBITS_HD SAMEBITS_INLINE double permutation_tolerance(double magnitude) {
  constexpr double eps = sizeof(T) == sizeof(double) ? 0x1p-52 : 0x1p-23;
  return 64 * eps * magnitude;
}

/// Does a permutation count as a statistic as large as that of the data?
SAMEBITS_HD SAMEBITS_INLINE bool is_as_large(double statistic, double observed, double tolerance) {
  return !(statistic < observed - tolerance);
}

/// The data as they are count as one more permutation, so that p is never 0. Phipson, Smyth: "Permutation p-values
/// should never be zero", Stat. Appl. Genet. Mol. Biol. 9 (2010).
SAMEBITS_HD SAMEBITS_INLINE double permutation_p_value(std::int64_t n_as_large, std::int64_t n_permutations) {
  return static_cast<double>(n_as_large + 1) / static_cast<double>(n_permutations + 1);
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
