// The formulas of two-sample statistics: means over the pairs of a sample and of both.
//
// The rows of both samples are pooled, and labels say which of them are in the smaller sample. With U the values of the
// pairs i < j, s the labels (1 for the smaller sample, 0 for the other one) and d the values of the rows with
// themselves, four sums over rows give everything:
//
//   within    s' U s    pairs of two labelled rows
//   lower     s' U 1    pairs whose lower row is labelled
//   upper     1' U s    pairs whose higher row is
//   own       s' d
//
// What the others come to are differences of these and of the sums over all rows. With labels for the larger sample
// little would be left of these differences where the samples are of very different size.
//
// Each is the sum over all rows i, a row's addend being left out where its label is 0: one chain inside a leaf of
// leaf_rows, and the dyadic tree over leaves (tree_sum.hpp), for every labelling alike. Row i of U s comes from the
// products of core/pairwise.hpp.
#pragma once

#include "samebits/core/special.hpp"
#include "samebits/core/tree_sum.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

struct label_sums {
  double within;
  double lower;
  double upper;
  double own;
};

/// sum + value where the label is above 0.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V add_labelled(V sum, V label, V value) {
  return sum + select_less(V(0), label, value, empty_sum<V>());
}

/// Means of the values of pairs.
struct pair_means {
  double labelled;  ///< of the labelled rows with each other
  double others;    ///< of the other rows
  double between;   ///< of both
};

/// Numbers of pairs.
struct pair_numbers {
  double labelled;
  double others;
  double between;
};

/// Of the pairs of two samples. `left_out` is 1 where rows have no pair with themselves, otherwise 0.
SAMEBITS_HD SAMEBITS_INLINE pair_numbers numbers_of(double n_labelled, double n_others, double left_out) {
  return {n_labelled * (n_labelled - left_out), n_others * (n_others - left_out), n_labelled * n_others};
}

/// `all` are the sums for the labelling of all rows.
SAMEBITS_HD inline pair_means means_of(const label_sums& s, const label_sums& all, const pair_numbers& n) {
  const double touched = s.lower + s.upper;  // pairs with a labelled row; those of two count twice
  const double rest = (all.within - touched) + s.within;
  return {fma(2.0, s.within, s.own) / n.labelled, fma(2.0, rest, all.own - s.own) / n.others,
          fma(-2.0, s.within, touched) / n.between};
}

/// The squared energy distance of means of distances; with means of a kernel the squared maximum mean discrepancy is
/// its negative.
SAMEBITS_HD SAMEBITS_INLINE double energy_of(const pair_means& m) {
  return fma(2.0, m.between, -(m.labelled + m.others));
}

/// What goes out: `sign` is 1 for the energy distance and -1 for the discrepancy.
SAMEBITS_HD SAMEBITS_INLINE double two_sample_statistic(const pair_means& m, double sign) {
  return finished_sum(sign * energy_of(m));
}

/// The size of what a statistic is made of.
SAMEBITS_HD SAMEBITS_INLINE double magnitude_of(const pair_means& m) {
  return fma(2.0, magnitude(m.between), magnitude(m.labelled) + magnitude(m.others));
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
