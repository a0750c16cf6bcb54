// Histograms: numbers, or their weights, by bins.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "samebits/context.hpp"
#include "samebits/export.hpp"

namespace samebits {

/// Histograms of parts of the data, by the same edges, are put together by adding: counts, n_below and n_above of the
/// whole are exactly the sums of those of its parts, whatever the parts are.
///
///     histogram_result all = histogram(ctx, first_part, edges);
///     const histogram_result more = histogram(ctx, second_part, edges);
///     for (std::size_t b = 0; b < all.counts.size(); ++b) {
///       all.counts[b] += more.counts[b];
///     }
///
/// Sums of weights may be added in the same way, but are rounded then in an order that depends on the parts; a part
/// that got no array of weights has none.
struct histogram_result {
  std::vector<double> edges;         ///< [n_bins + 1] as given
  std::vector<std::int64_t> counts;  ///< [n_bins] numbers
  std::vector<double> weights;       ///< [n_bins] sums of the weights, 0 in bins without numbers; empty without weights
  std::int64_t n_below = 0;          ///< numbers left of the first edge, in no bin
  std::int64_t n_above = 0;          ///< numbers right of the last edge, in no bin
};

/// Counts the numbers by bins: bin b is [edges[b], edges[b + 1]), and the last one has its right edge too.
///
/// Numbers are compared with the edges themselves, so that a number on an edge, or next to it, is never in the wrong
/// bin. Float numbers are widened to double first. Edges of any distances will do; where they are equal or nearly so,
/// bins are found by one multiplication and one comparison, otherwise by a search.
///
/// Weights are summed up like sums (samebits/sum.hpp), bin by bin: in order inside leaves of 512 numbers, those without
/// a bin among them, and by a balanced tree above.
///
/// @param x        finite; may be empty
/// @param edges    [n_bins + 1] at least two, finite, each larger than the one before
/// @param weights  [x.size()] finite, of either sign; none: only counts
/// @throws invalid_argument   one of these does not hold
/// @throws numerical_failure  the sum of the weights of a bin overflows
/// @bits   identical on every backend, instruction set, thread count and device
SAMEBITS_API histogram_result histogram(const context& ctx, std::span<const double> x, std::span<const double> edges,
                                        std::span<const double> weights = {});
SAMEBITS_API histogram_result histogram(const context& ctx, std::span<const float> x, std::span<const double> edges,
                                        std::span<const double> weights = {});

/// The edges of n_bins bins of equal width: edge b is fma(b, (high - low) / n_bins, low), and the last one is high.
///
/// @return [n_bins + 1]
/// @throws invalid_argument  low or high is not finite, low is not less than high, or high - low overflows; n_bins is
///                           less than 1, or so large that edges would coincide
SAMEBITS_API std::vector<double> equal_bins(double low, double high, std::int64_t n_bins);

}  // namespace samebits
