// Sums over all pairs of rows, without the matrix of their values.
//
// Every pair (i, j) of a row of x and a row of y has a value, by a kernel (pair_kernel, core/pairwise.hpp). The
// functions below reduce the values: to their total, to a number for each row of x, to nearest neighbours, to products
// with matrices, to gradients. Memory beside the arguments and results does not grow with the number of pairs.
//
// Rows are double or float. Values are computed, and the sums of a leaf of 512 rows of y made, in their type; above
// that everything is double, and so are results. Parameters and weights are rounded to float for rows of float.
//
// All functions are for two sets of rows, or for x against itself: see pairwise_mode. Any number of rows may be 0.
//
// Szekely, Rizzo: "Energy statistics: a class of statistics based on distances", J. Stat. Plan. Inference 143 (2013).
// Gretton, Borgwardt, Rasch, Schoelkopf, Smola: "A kernel two-sample test", JMLR 13 (2012), has V- and U-statistics.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "samebits/context.hpp"
#include "samebits/core/pairwise.hpp"
#include "samebits/export.hpp"
#include "samebits/view.hpp"

namespace samebits {

/// "product", "polynomial", "cosine", "squared-distance", "power", "gaussian", "matern-1/2", "matern-3/2",
/// "matern-5/2", "inverse-multiquadric", "l1", "laplacian".
SAMEBITS_API const char* name_of(pair_kernel kernel);
/// @throws invalid_argument  there is no kernel of that name
SAMEBITS_API pair_kernel pair_kernel_named(std::string_view name);

/// Which pairs count. All but `cross` are for x against itself and take an empty y.
enum class pairwise_mode {
  cross,  ///< every row of x with every row of y
  v,      ///< every row of x with every row of x, itself included, as in V-statistics
  u,      ///< without the pairs of a row with itself, as in U-statistics
  upper   ///< i < j
};

/// "cross", "v", "u", "upper".
SAMEBITS_API const char* name_of(pairwise_mode mode);
/// @throws invalid_argument  there is no mode of that name
SAMEBITS_API pairwise_mode pairwise_mode_named(std::string_view name);

enum class pairwise_algorithm {
  automatic,  ///< totals of `product`, `squared_distance` and `power` with exponent 2 follow from sums over rows
  direct      ///< every pair is looked at
};

struct pairwise_options {
  pair_kernel kernel = pair_kernel::gaussian;
  /// h of the kernels that have one, in the units of x (of its L1 distances for laplacian): from 2^-400 to 2^400, for
  /// rows of float from 2^-50 to 2^50.
  double bandwidth = 1;
  /// Several of them at once, for pairwise_sums and pairwise_rows, instead of `bandwidth`. What depends on the rows
  /// alone is computed once.
  std::span<const double> bandwidths = {};
  double exponent = 1;      ///< of `power`, in (0, 2]
  double gamma = 1;         ///< of `polynomial`
  double offset = 0;        ///< of `polynomial`
  std::int32_t degree = 2;  ///< of `polynomial`, 1 to 64
  pairwise_mode mode = pairwise_mode::cross;
  pairwise_algorithm algorithm = pairwise_algorithm::automatic;
  /// Weights of rows, of any sign, empty: all 1. A pair counts x_weights[i] times y_weights[j]. In the modes for x
  /// against itself x_weights are those of both sides, and y_weights must be empty. What is computed for each row of x
  /// does not depend on the row's own weight: with `cross`, x_weights belong to totals alone.
  std::span<const double> x_weights = {};  ///< [n_x]
  std::span<const double> y_weights = {};  ///< [n_y]
};

/// The sum of the values of all pairs.
///
/// With x against itself every pair i < j is computed once: the total for mode v is defined as twice the sum for i < j
/// plus that of the pairs of a row with itself, for mode u as twice the sum for i < j. With algorithm `automatic`
/// products come from sums, (sum x) . (sum y), and squared distances from weights, means and second moments about them,
/// all in double, in time O(n): more accurate than the double loop, with other bits. (In mode u and `upper` products
/// are what remains of |sum x|^2 without the squares: accurate to the rounding of those.)
///
/// @param x  row-major [n_x x n_cols], finite
/// @param y  row-major [n_y x n_cols], finite; {} for x against itself
/// @return   the total, in the unit of the kernel; 0 where there are no pairs
/// @throws invalid_argument   a shape or option is out of range, or x, y or weights are not finite (the message names
///                            the place)
/// @throws numerical_failure  values overflow, so that the result is not finite
/// @bits   identical on every backend, instruction set, thread count and device; docs/numerics.md
SAMEBITS_API double pairwise_sum(const context& ctx, matrix_view<const double> x, matrix_view<const double> y,
                                 const pairwise_options& options);
SAMEBITS_API double pairwise_sum(const context& ctx, matrix_view<const float> x, matrix_view<const float> y,
                                 const pairwise_options& options);

/// The totals for all `bandwidths`, each with the bits that pairwise_sum gives it alone.
///
/// @return  [n_bandwidths]
/// @throws as pairwise_sum, and invalid_argument where the kernel has no bandwidth
SAMEBITS_API std::vector<double> pairwise_sums(const context& ctx, matrix_view<const double> x,
                                               matrix_view<const double> y, const pairwise_options& options);
SAMEBITS_API std::vector<double> pairwise_sums(const context& ctx, matrix_view<const float> x,
                                               matrix_view<const float> y, const pairwise_options& options);

/// The sum of each row's values, times the weights of the rows they come from.
///
/// @param out  [n_x]; with `bandwidths` [n_bandwidths x n_x]
/// @throws as pairwise_sum; numerical_failure names the row
/// @bits   identical everywhere
SAMEBITS_API void pairwise_rows(const context& ctx, matrix_view<const double> x, matrix_view<const double> y,
                                const pairwise_options& options, std::span<double> out);
SAMEBITS_API void pairwise_rows(const context& ctx, matrix_view<const float> x, matrix_view<const float> y,
                                const pairwise_options& options, std::span<double> out);

/// The logarithm of the sum of each row's kernels, as for the logarithm of a kernel density estimate: the sum of the
/// exponentials of the kernel's logarithms, less their largest in every leaf, so that nothing underflows.
///
/// For gaussian, laplacian and the Matern kernels.
///
/// @param out  [n_x], nats; -infinity for a row without pairs, or whose pairs all have weight 0 or infinite distances
/// @throws as pairwise_sum, and invalid_argument where a weight is negative
/// @bits   identical everywhere
SAMEBITS_API void pairwise_log_sum_exp(const context& ctx, matrix_view<const double> x, matrix_view<const double> y,
                                       const pairwise_options& options, std::span<double> out);
SAMEBITS_API void pairwise_log_sum_exp(const context& ctx, matrix_view<const float> x, matrix_view<const float> y,
                                       const pairwise_options& options, std::span<double> out);

/// The k smallest values of each row, and whose they are, in increasing order; of equal values the lower index comes
/// first. Not with weights, and not in mode upper.
///
/// @param indices  [n_x x k], rows of y; k is at least 1 and at most the number of pairs of a row
/// @param values   the same shape, or empty
/// @throws as pairwise_sum
/// @bits   identical everywhere
SAMEBITS_API void pairwise_nearest(const context& ctx, matrix_view<const double> x, matrix_view<const double> y,
                                   const pairwise_options& options, matrix_view<std::int64_t> indices,
                                   matrix_view<double> values);
SAMEBITS_API void pairwise_nearest(const context& ctx, matrix_view<const float> x, matrix_view<const float> y,
                                   const pairwise_options& options, matrix_view<std::int64_t> indices,
                                   matrix_view<double> values);

/// The matrix K of all values (pairs that do not count: 0), its columns times the weights of the rows they come from,
/// times a matrix.
///
/// @param columns  row-major [n_y x n_columns], finite; in the modes for x against itself [n_x x n_columns]
/// @param out      [n_x x n_columns]
/// @throws as pairwise_sum
/// @bits   identical everywhere
SAMEBITS_API void pairwise_product(const context& ctx, matrix_view<const double> x, matrix_view<const double> y,
                                   matrix_view<const double> columns, const pairwise_options& options,
                                   matrix_view<double> out);
SAMEBITS_API void pairwise_product(const context& ctx, matrix_view<const float> x, matrix_view<const float> y,
                                   matrix_view<const float> columns, const pairwise_options& options,
                                   matrix_view<double> out);

/// The gradient of what pairwise_rows computes for row i by the elements of x_i, for y held fast. Pairs at a distance
/// where the kernel has no derivative (0, for roots of distances, or a column of 0 for L1) count 0. For x against
/// itself the gradient of the total of mode u by x_i is twice this times the weight of row i.
///
/// Not for cosine.
///
/// @param out  [n_x x n_cols], in the unit of the kernel per unit of x
/// @throws as pairwise_sum
/// @bits   identical everywhere
SAMEBITS_API void pairwise_gradient(const context& ctx, matrix_view<const double> x, matrix_view<const double> y,
                                    const pairwise_options& options, matrix_view<double> out);
SAMEBITS_API void pairwise_gradient(const context& ctx, matrix_view<const float> x, matrix_view<const float> y,
                                    const pairwise_options& options, matrix_view<double> out);

/// The derivative of pairwise_sum by the bandwidth.
///
/// @throws as pairwise_sum, and invalid_argument where the kernel has no bandwidth
/// @bits   identical everywhere
SAMEBITS_API double pairwise_bandwidth_gradient(const context& ctx, matrix_view<const double> x,
                                                matrix_view<const double> y, const pairwise_options& options);
SAMEBITS_API double pairwise_bandwidth_gradient(const context& ctx, matrix_view<const float> x,
                                                matrix_view<const float> y, const pairwise_options& options);

/// The median of the values of all pairs, exactly: the middle one in order, the lower of the middle two where their
/// number is even. Of |x - y| (kernel power) it is the median heuristic for bandwidths. For kernels whose values are at
/// least 0; not with weights; mode upper, u or cross. Takes passes over the pairs, not memory for them.
///
/// @return  in the unit of the kernel; NaN where there are no pairs
/// @throws as pairwise_sum
/// @bits   identical everywhere
SAMEBITS_API double pairwise_median(const context& ctx, matrix_view<const double> x, matrix_view<const double> y,
                                    const pairwise_options& options);
SAMEBITS_API double pairwise_median(const context& ctx, matrix_view<const float> x, matrix_view<const float> y,
                                    const pairwise_options& options);

}  // namespace samebits
