// Do two sets of measurements of the same things depend on each other? HSIC, distance covariance and correlation, each
// with a permutation test.
//
// Row i of x and row i of y belong together; they may have different numbers of columns and different units. Every
// pair of rows of x has a value K_ij, every pair of rows of y a value L_ij: those of a kernel, or distances. The
// statistic is the mean of the products of the centred values,
//
//   1/n^2 sum_ij K~_ij L~_ij,  K~ = K without the means of its rows and columns (and with their mean)
//
// over all pairs, a row with itself included: the biased estimate, or V-statistic. It is at least 0 up to rounding for
// kernels that are positive definite and for distances. core/dependence.hpp has the formulas.
//
// Time is O(n^2) for each permutation, with the values of x made once for some hundred of them; memory beside the
// arguments is O(n).
//
// Accuracy: the terms of the statistic cancel where the values vary little, and their rounding errors do not: the error
// is a few eps (of the type of the rows) times the mean of |K_ij| times that of |L_ij|, however small the statistic. A
// bandwidth far above the distances makes all values almost 1, and leaves nothing.
//
// Gretton, Bousquet, Smola, Schoelkopf: "Measuring statistical dependence with Hilbert-Schmidt norms", ALT 2005.
// Szekely, Rizzo, Bakirov: "Measuring and testing dependence by correlation of distances", Ann. Stat. 35 (2007).
#pragma once

#include "samebits/pairwise.hpp"
#include "samebits/permutation_test.hpp"

namespace samebits {

/// The Hilbert-Schmidt independence criterion of the two kernels, biased. (With n^2 in place of the paper's
/// (n - 1)^2.)
///
/// @param x          row-major [n x n_cols], finite
/// @param y          row-major [n x any number of columns], finite
/// @param x_options  kernel of the pairs of x and its parameters; mode, weights and bandwidths must be left alone, and
///                   algorithm has no effect
/// @param y_options  the same for y
/// @return  in the product of the kernels' units; 0 for n < 2
/// @throws invalid_argument   a shape or option is out of range, x and y have different numbers of rows, or one of them
///                            is not finite (the message names the place)
/// @throws numerical_failure  values or their products overflow
/// @bits   identical on every backend, instruction set, thread count and device; docs/numerics.md
SAMEBITS_API double hsic(const context& ctx, matrix_view<const double> x, matrix_view<const double> y,
                         const pairwise_options& x_options, const pairwise_options& y_options);
SAMEBITS_API double hsic(const context& ctx, matrix_view<const float> x, matrix_view<const float> y,
                         const pairwise_options& x_options, const pairwise_options& y_options);

/// The squared distance covariance, V-statistic: the same with |x - x'|^exponent and |y - y'|^exponent. (The papers'
/// dCov, and that of the R package energy, is its square root.) For exponents below 2 it tends to 0 with n only where x
/// and y are independent; at 2 it sees linear dependence alone.
///
/// @param exponent  above 0, at most 2
/// @return  in (unit of x times unit of y)^exponent; 0 for n < 2, and where all rows of x or of y are equal
/// @throws as hsic
/// @bits   identical everywhere
SAMEBITS_API double distance_covariance(const context& ctx, matrix_view<const double> x, matrix_view<const double> y,
                                        double exponent = 1);
SAMEBITS_API double distance_covariance(const context& ctx, matrix_view<const float> x, matrix_view<const float> y,
                                        double exponent = 1);

/// The squared distance correlation: dcov(x, y) / sqrt(dcov(x, x) dcov(y, y)) of squared distance covariances.
///
/// @return  in [0, 1] up to rounding, and exactly 1 for y = x; 0 for n < 2, and where all rows of x or of y are equal
/// @throws as distance_covariance
/// @bits   identical everywhere
SAMEBITS_API double distance_correlation(const context& ctx, matrix_view<const double> x, matrix_view<const double> y,
                                         double exponent = 1);
SAMEBITS_API double distance_correlation(const context& ctx, matrix_view<const float> x, matrix_view<const float> y,
                                         double exponent = 1);

/// The permutation test of independence by hsic(): in permutation b row permutation[i] of y belongs to row i of x. See
/// permutation_test_options for the permutations.
///
/// A permutation counts as large where its statistic is at least that of the data less 64 eps (of the type of the rows)
/// times the sum of the magnitudes of the statistic's three terms: statistics that are equal but for rounding count.
/// For rows of float that is 1.5e-5 of the product of the mean values, and statistics of independent samples are near
/// 1/n of it: from about ten thousand rows of float on p-values come out too large, and rows of double are the better
/// ones.
///
/// @throws as hsic; invalid_argument where n_permutations is out of range; interrupted where the callback returned
///         false
/// @bits   identical everywhere, whatever the number of permutations
SAMEBITS_API permutation_test_result hsic_test(const context& ctx, matrix_view<const double> x,
                                               matrix_view<const double> y, const permutation_test_options& test,
                                               const pairwise_options& x_options, const pairwise_options& y_options);
SAMEBITS_API permutation_test_result hsic_test(const context& ctx, matrix_view<const float> x,
                                               matrix_view<const float> y, const permutation_test_options& test,
                                               const pairwise_options& x_options, const pairwise_options& y_options);

/// The same by distance_covariance(). Permutations leave dcov(x, x) and dcov(y, y) as they are, so it is the test by
/// distance_correlation() as well.
///
/// @throws as hsic_test
/// @bits   identical everywhere
SAMEBITS_API permutation_test_result distance_covariance_test(const context& ctx, matrix_view<const double> x,
                                                              matrix_view<const double> y,
                                                              const permutation_test_options& test,
                                                              double exponent = 1);
SAMEBITS_API permutation_test_result distance_covariance_test(const context& ctx, matrix_view<const float> x,
                                                              matrix_view<const float> y,
                                                              const permutation_test_options& test,
                                                              double exponent = 1);

}  // namespace samebits
