// One pass over rows for their node, and what is read from it: what sums, summaries and partial results share.
#pragma once

#include <vector>

#include "lib/call.hpp"
#include "lib/summary_nodes.hpp"
#include "samebits/summary.hpp"

namespace samebits {

inline samebits_statistic to_c(statistic what) { return static_cast<samebits_statistic>(what); }

inline samebits_rows rows_of(matrix_view<const double> x) {
  return {x.data(), nullptr, nullptr, SAMEBITS_FLOAT64, x.n_rows(), x.n_cols()};
}
inline samebits_rows rows_of(matrix_view<const float> x) {
  return {x.data(), nullptr, nullptr, SAMEBITS_FLOAT32, x.n_rows(), x.n_cols()};
}

/// The node of the rows, which start a leaf. Empty without rows.
std::vector<double> node_of(const context& ctx, const char* function, statistic what, const samebits_rows& rows);

/// The same. Where it is not finite, it takes a look at the rows, which may be the reason.
///
/// @throws invalid_argument  a number of x or y is not finite
std::vector<double> node_of_finite(const context& ctx, const char* function, statistic what, const samebits_rows& rows);

/// @throws numerical_failure  the node is not finite: sums of finite numbers overflowed
void require_finite_node(const char* function, std::span<const double> node);

/// The shape of x, and the weights.
///
/// @throws invalid_argument  one of them is out of range
void check_summary(const char* function, statistic what, const samebits_rows& rows, std::span<const double> weights);

/// Covariances have so many columns at most.
inline constexpr std::int64_t most_columns = std::int64_t{1} << 24;

void check_ddof(const char* function, double ddof);

summary summary_of(std::span<double> node, std::int64_t n_rows, std::int64_t n_cols, double ddof);
std::vector<double> covariance_of(std::span<double> node, std::int64_t n_cols, double ddof);

}  // namespace samebits
