// Sums, means, variances, extremes and covariances of rows, of all at once or of ranges put together later.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "samebits/context.hpp"
#include "samebits/export.hpp"
#include "samebits/view.hpp"

namespace samebits {

// ---- summaries ---------------------------------------------------------------------------------------------------

/// What is known of the columns of some rows.
struct summary {
  std::int64_t n_rows = 0;
  double weight = 0;             ///< the sum of the weights; n_rows without weights
  std::vector<double> sum;       ///< [n_cols] of the values times their weights
  std::vector<double> mean;      ///< [n_cols] better than sum / weight far from the origin; 0 without rows
  std::vector<double> variance;  ///< [n_cols] about the mean, over weight - ddof; 0 where that is not positive
  std::vector<double> min;       ///< [n_cols] of all rows, whatever their weight; infinity without rows
  std::vector<double> max;       ///< [n_cols] minus infinity without rows
};

/// Summarises the columns of x.
///
/// Leaves of 512 rows are looked at twice, for the mean and for what lies about it; their results are merged by Chan,
/// Golub and LeVeque, Algorithms for computing the sample variance, The American Statistician 37 (1983). So the memory
/// is read once, and data far from the origin lose no digit that they had. Float data are widened to double first.
///
/// @param x        [n_rows x n_cols], finite
/// @param weights  [n_rows], finite and at least 0; none: all 1. With ddof = 1, as for sample variances, weights count
///                 repetitions
/// @throws invalid_argument   x, weights or ddof are not finite, a weight is negative, the sizes differ, there are no
///                            columns
/// @throws numerical_failure  sums of the numbers overflow
/// @bits   identical on every backend, instruction set, thread count and device, and however the rows are split
///         (partial_summary)
SAMEBITS_API summary summarize(const context& ctx, matrix_view<const double> x, std::span<const double> weights = {},
                               double ddof = 1);
SAMEBITS_API summary summarize(const context& ctx, matrix_view<const float> x, std::span<const double> weights = {},
                               double ddof = 1);

/// The covariance matrix of the columns of x.
///
/// @return [n_cols x n_cols], row-major, symmetric, over weight - ddof; 0 where that is not positive
/// @throws as summarize; invalid_argument  there are more than 2^24 columns
/// @bits   as summarize; its diagonal agrees with summarize's variances up to rounding
SAMEBITS_API std::vector<double> covariance(const context& ctx, matrix_view<const double> x,
                                            std::span<const double> weights = {}, double ddof = 1);
SAMEBITS_API std::vector<double> covariance(const context& ctx, matrix_view<const float> x,
                                            std::span<const double> weights = {}, double ddof = 1);

// ---- partial results ---------------------------------------------------------------------------------------------

/// What a partial_summary collects.
enum class statistic {
  sum,           ///< sums of the columns
  absolute_sum,  ///< sums of absolute values
  product,       ///< sums of the products of two matrices, column by column
  moments,       ///< everything of `summary`
  covariance,    ///< means and second moments of all pairs of columns
};

struct partial_state;

/// The state of a summary over some ranges of the rows of a larger whole, to be computed where the rows are, saved,
/// sent and merged in any order. Once all rows are in, the result has the bits of one pass over them.
///
/// A range is cut at multiples of 512 rows; whole leaves are summed up at once, and the rows at the ends, at most 511
/// each, are kept until the others of their leaf arrive. So a state of a range takes O(log n_rows) results and a
/// thousand rows. A value: copies are cheap and independent of each other.
class SAMEBITS_API partial_summary {
 public:
  /// @throws invalid_argument  n_cols is not 1 to 2^24
  partial_summary(statistic what, std::int64_t n_cols);
  // What has been moved from would hold nothing: copies are as cheap.
  partial_summary(const partial_summary&) = default;
  partial_summary& operator=(const partial_summary&) = default;

  /// Adds rows first_row .. first_row + x.n_rows - 1 of the whole. Weights are for moments and covariances.
  ///
  /// @throws out_of_memory     the rows may be in or not
  /// @throws invalid_argument  as summarize; the rows have other columns, or overlap rows that are in already; nothing
  ///                           is added then
  void add(const context& ctx, std::int64_t first_row, matrix_view<const double> x,
           std::span<const double> weights = {});
  void add(const context& ctx, std::int64_t first_row, matrix_view<const float> x,
           std::span<const double> weights = {});
  /// The same for statistic::product; y has the shape of x.
  void add_product(const context& ctx, std::int64_t first_row, matrix_view<const double> x,
                   matrix_view<const double> y);
  void add_product(const context& ctx, std::int64_t first_row, matrix_view<const float> x, matrix_view<const float> y);

  /// Adds what is in `other`.
  ///
  /// @throws invalid_argument  it collects something else, or rows that are in already; nothing is added then
  void merge(const partial_summary& other);

  statistic what() const;
  std::int64_t n_cols() const;
  /// Rows that are in.
  std::int64_t n_rows() const;
  /// True when these are rows 0 .. n_rows() - 1.
  bool is_whole() const;

  /// The sums of sum, absolute_sum and product [n_cols].
  ///
  /// @throws invalid_argument   rows are missing before others that are in
  /// @throws numerical_failure  sums of the numbers overflow
  std::vector<double> sums() const;
  /// The summary of moments.
  summary moments(double ddof = 1) const;
  /// The matrix of covariance [n_cols x n_cols].
  std::vector<double> covariance(double ddof = 1) const;

  /// The state as bytes that every machine and version with the same numerics version reads, and back.
  ///
  /// @throws invalid_argument  the bytes are no state, or one of another version
  std::vector<std::byte> bytes() const;
  static partial_summary from_bytes(std::span<const std::byte> bytes);

 private:
  explicit partial_summary(partial_state&& state);
  template <class T>
  void add_products(const context& ctx, std::int64_t first_row, matrix_view<const T> x, matrix_view<const T> y);

  std::shared_ptr<partial_state> state_;  // shared by copies until one of them changes
};

}  // namespace samebits
