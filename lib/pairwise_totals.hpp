// Totals over all pairs: from every pair, or from sums over rows.
#pragma once

#include <span>
#include <vector>

#include "lib/pairwise_call.hpp"

namespace samebits::pairs {

/// The tree sum of the rows' values, each times its weight.
double total_of_rows(const double* values, std::int64_t n, std::span<const double> weights);

/// What the pairs of a row with itself contribute to the sums of rows: out [n_x].
void fill_diagonal(const samebits_pairs& pairs, const samebits_pair_kernel& kernel, std::span<double> out);

/// The totals for all kernels of the options, with a look at every pair.
std::vector<double> direct_totals(const context& ctx, const arguments& a, core::pair_map map);

/// Does the total follow from sums over rows?
bool has_algebra(const pairwise_options& o);
/// Where it does: in time O(n), without a look at the pairs.
double total_by_algebra(const arguments& a);

}  // namespace samebits::pairs
