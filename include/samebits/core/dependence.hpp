// The formulas of HSIC, distance covariance and distance correlation.
//
// K_ij are the values of the pairs of x, L_ij those of y, k_i and l_i their sums over j (with j = i), k and l their
// totals. The inner product of the two matrices, each without the means of its rows and columns, is
//
//   sum_ij K_ij L_ij - (2 / n) sum_i k_i l_i + k l / n^2
//   = sum_ij K_ij L_ij - (2 / n) sum_i (k_i - k / n) (l_i - l / n) - k l / n^2
//
// and the statistic is that over n^2. In the second form the two terms that cancel most have become one. When the rows
// of y change places only its first two terms change. The first is twice the sum over i < j plus that of K_ii L_ii.
//
// Gretton, Bousquet, Smola, Schoelkopf: "Measuring statistical dependence with Hilbert-Schmidt norms", ALT 2005,
// definition 2. Szekely, Rizzo, Bakirov: "Measuring and testing dependence by correlation of distances", Ann. Stat. 35
// (2007), definitions 4 and 5 and theorem 1.
#pragma once

#include "samebits/core/pairwise.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

/// k_i - k / n
SAMEBITS_HD SAMEBITS_INLINE double deviation_of(double row_sum, double total, double n) { return row_sum - total / n; }

/// Sums over the pairs of n rows.
struct dependence_sums {
  double upper;       ///< of K_ij L_ij over i < j
  double diagonal;    ///< of K_ii L_ii
  double deviations;  ///< of (k_i - k / n) (l_i - l / n)
  double total_x;     ///< k
  double total_y;     ///< l
  double n;
};

/// The three terms of the statistic.
struct dependence_terms {
  double products;
  double deviations;
  double means;
};

SAMEBITS_HD SAMEBITS_INLINE dependence_terms terms_of(const dependence_sums& s) {
  const double n_pairs = s.n * s.n;
  return {symmetric_total(s.upper, s.diagonal) / n_pairs, 2.0 * (s.deviations / s.n) / n_pairs,
          (s.total_x / n_pairs) * (s.total_y / n_pairs)};
}

SAMEBITS_HD SAMEBITS_INLINE double dependence_of(const dependence_terms& t) {
  return (t.products - t.means) - t.deviations;
}

/// The size of what the statistic is made of.
SAMEBITS_HD SAMEBITS_INLINE double magnitude_of(const dependence_terms& t) {
  return magnitude(t.products) + magnitude(t.deviations) + magnitude(t.means);
}

/// The squared distance correlation from squared distance covariances: exactly 1 where all are equal, 0 where that of a
/// sample with itself is not above 0.
SAMEBITS_HD SAMEBITS_INLINE double distance_correlation_of(double xy, double xx, double yy) {
  return 0 < xx && 0 < yy ? (xy / xx) * (sqrt(xx) / sqrt(yy)) : 0.0;
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
