// Do two samples come from one distribution? Energy distance and maximum mean discrepancy, each with a permutation
// test.
//
// Both are made of three means over pairs: of the rows of x with each other, of those of y with each other, and of the
// rows of x with those of y. They come from one pass over the pairs i < j of all rows; a test multiplies the values of
// the pairs with labels (1 for a row of the first sample, 0 for one of the second), a column for each permutation, so
// that its permutations share the pass. core/two_sample.hpp has the formulas. Memory grows with the number of rows, not
// with that of pairs or permutations.
//
// Rows are double or float. For rows of float the values of pairs, and their sums inside a leaf of 512 rows, are float;
// everything else is double, and so are results.
//
// Szekely, Rizzo: "Energy statistics: a class of statistics based on distances", J. Stat. Plan. Inference 143 (2013).
// Gretton, Borgwardt, Rasch, Schoelkopf, Smola: "A kernel two-sample test", JMLR 13 (2012).
#pragma once

#include "samebits/pairwise.hpp"
#include "samebits/permutation_test.hpp"

namespace samebits {

/// Which mean over the pairs of a sample with itself.
enum class estimator {
  v,  ///< over all pairs, a row with itself included: biased, never negative
  u   ///< over pairs of different rows: unbiased, may be negative
};

/// The squared energy distance: 2 mean |x - y|^exponent - mean |x - x'|^exponent - mean |y - y'|^exponent, with
/// Euclidean distances. With estimator v it is at least 0 up to rounding; of equal samples it is 0 up to rounding.
/// (scipy.stats.energy_distance is the square root of this, for numbers and exponent 1.)
///
/// @param x         row-major [n_x x n_cols], finite; at least 1 row, with estimator u at least 2
/// @param y         row-major [n_y x n_cols], the same
/// @param exponent  in (0, 2)
/// @return  in the unit of x to the power of exponent
/// @throws invalid_argument   a shape or option is out of range, or x or y is not finite (the message names the place)
/// @throws numerical_failure  distances overflow
/// @bits   identical on every backend, instruction set, thread count and device, and those of the statistic of
///         energy_test; docs/numerics.md
SAMEBITS_API double energy_distance(const context& ctx, matrix_view<const double> x, matrix_view<const double> y,
                                    double exponent = 1, estimator type = estimator::v);
SAMEBITS_API double energy_distance(const context& ctx, matrix_view<const float> x, matrix_view<const float> y,
                                    double exponent = 1, estimator type = estimator::v);

/// The squared maximum mean discrepancy: mean k(x, x') + mean k(y, y') - 2 mean k(x, y), for a kernel k with its
/// parameters. With estimator v and a positive definite kernel it is at least 0 up to rounding.
///
/// @param x        row-major [n_x x n_cols], finite; at least 1 row, with estimator u at least 2
/// @param y        row-major [n_y x n_cols], the same
/// @param options  the kernel and its parameters; `mode`, `bandwidths` and weights must be left alone, `algorithm` has
///                 no effect
/// @return  in the unit of the kernel
/// @throws as energy_distance
/// @bits   identical everywhere, and those of the statistic of maximum_mean_discrepancy_test
SAMEBITS_API double maximum_mean_discrepancy(const context& ctx, matrix_view<const double> x,
                                             matrix_view<const double> y, const pairwise_options& options,
                                             estimator type = estimator::v);
SAMEBITS_API double maximum_mean_discrepancy(const context& ctx, matrix_view<const float> x, matrix_view<const float> y,
                                             const pairwise_options& options, estimator type = estimator::v);

/// The permutation test of the energy distance: all rows are dealt out anew, n_x of them to the first sample. With rows
/// 0 .. n_x - 1 those of x and the others those of y, the first sample of permutation b are the rows that its first n_x
/// elements name (sample_without_replacement() gives the same ones).
///
/// With float rows what counts as equal up to rounding comes near the spread of the statistic from about 10^4 rows on:
/// p-values get too large there, so use double rows.
///
/// @throws as energy_distance; invalid_argument where an option of the test is out of range; interrupted where the
///         callback returned false, and what it throws
/// @bits   identical everywhere
SAMEBITS_API permutation_test_result energy_test(const context& ctx, matrix_view<const double> x,
                                                 matrix_view<const double> y, const permutation_test_options& test,
                                                 double exponent = 1, estimator type = estimator::v);
SAMEBITS_API permutation_test_result energy_test(const context& ctx, matrix_view<const float> x,
                                                 matrix_view<const float> y, const permutation_test_options& test,
                                                 double exponent = 1, estimator type = estimator::v);

/// The same for the maximum mean discrepancy. Not for distances, of which it is the negative of an energy distance.
///
/// @throws as energy_test; invalid_argument where the kernel is a distance
/// @bits   identical everywhere
SAMEBITS_API permutation_test_result maximum_mean_discrepancy_test(const context& ctx, matrix_view<const double> x,
                                                                   matrix_view<const double> y,
                                                                   const permutation_test_options& test,
                                                                   const pairwise_options& options,
                                                                   estimator type = estimator::v);
SAMEBITS_API permutation_test_result maximum_mean_discrepancy_test(const context& ctx, matrix_view<const float> x,
                                                                   matrix_view<const float> y,
                                                                   const permutation_test_options& test,
                                                                   const pairwise_options& options,
                                                                   estimator type = estimator::v);

}  // namespace samebits
