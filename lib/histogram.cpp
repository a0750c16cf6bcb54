#include "samebits/histogram.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "lib/call.hpp"
#include "lib/checks.hpp"
#include "lib/fp_environment.hpp"
#include "lib/host_rows.hpp"
#include "samebits/core/histogram.hpp"

namespace samebits {
namespace {

constexpr double largest = std::numeric_limits<double>::max();
/// More edges than this have no place in memory, and fewer are exact as doubles.
constexpr std::int64_t most_bins = std::int64_t{1} << 53;

// ---- checks --------------------------------------------------------------------------------------------------------

std::string element_text(const char* name, std::size_t i, double value) {
  return std::string(name) + '[' + std::to_string(i) + "] is " + text(value);
}

template <class T>
void require_finite_list(const char* function, const char* name, std::span<const T> list) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!std::isfinite(list[i])) {
      refuse(function, element_text(name, i, static_cast<double>(list[i])) + " but must be finite");
    }
  }
}

void check_edges(std::span<const double> edges) {
  if (edges.size() < 2) {
    refuse("histogram", "edges has " + std::to_string(edges.size()) + (edges.size() == 1 ? " element" : " elements") +
                            " but needs at least 2");
  }
  require_finite_list("histogram", "edges", edges);
  for (std::size_t i = 1; i < edges.size(); ++i) {
    if (!(edges[i - 1] < edges[i])) {
      refuse("histogram",
             element_text("edges", i, edges[i]) + " but must be larger than " + text(edges[i - 1]) + " before it");
    }
  }
}

template <class T>
void check_arguments(std::span<const T> x, std::span<const double> edges, std::span<const double> weights) {
  check_edges(edges);
  if (!weights.empty() && weights.size() != x.size()) {
    refuse("histogram",
           "weights has " + std::to_string(weights.size()) + " elements but x has " + std::to_string(x.size()));
  }
  require_finite_list("histogram", "weights", weights);
}

// ---- bins ----------------------------------------------------------------------------------------------------------

/// Bins that hold every finite number: the bins asked for, and those left and right of them where there is room.
struct all_bins {
  explicit all_bins(std::span<const double> inner) {
    if (inner.front() > -largest) {
      edges.push_back(-largest);
      has_below = 1;
    }
    edges.insert(edges.end(), inner.begin(), inner.end());
    if (inner.back() < largest) {
      edges.back() = core::next_up(inner.back());  // its bin has its right edge
      edges.push_back(largest);
      has_above = 1;
    }
    counts.resize(edges.size() - 1);
  }

  std::vector<double> edges;
  std::vector<std::int64_t> counts;
  std::vector<double> sums;
  std::int64_t has_below = 0;
  std::int64_t has_above = 0;
};

template <class T>
constexpr samebits_dtype dtype_of = sizeof(T) == sizeof(float) ? SAMEBITS_FLOAT32 : SAMEBITS_FLOAT64;

template <class T>
void fill_bins(const context& ctx, std::span<const T> x, std::span<const double> weights, all_bins& bins) {
  const auto n = static_cast<std::int64_t>(x.size());
  const auto n_bins = static_cast<std::int64_t>(bins.counts.size());
  const samebits_rows rows{x.data(), nullptr, weights.empty() ? nullptr : weights.data(), dtype_of<T>, n, 1};
  samebits_call call = make_call(ctx);
  require_ok(ctx.table()->histogram(&call, &rows, bins.edges.data(), n_bins, bins.counts.data(),
                                    weights.empty() ? nullptr : bins.sums.data()),
             call, "histogram");
  if (std::accumulate(bins.counts.begin(), bins.counts.end(), std::int64_t{0}) != n) {
    const host_rows read(ctx, "histogram", matrix_view<const T>(x.data(), n, 1));
    const std::span<const T> numbers(static_cast<const T*>(read.view().x), x.size());
    require_finite_list("histogram", "x", numbers);  // only such numbers are in no bin
  }
  const auto is_finite = [](double sum) { return std::isfinite(sum); };
  if (!std::all_of(bins.sums.begin(), bins.sums.end(), is_finite)) {
    throw numerical_failure("histogram: the sum of the weights of a bin overflows");
  }
}

histogram_result result_of(std::span<const double> edges, const all_bins& bins) {
  histogram_result result;
  result.edges.assign(edges.begin(), edges.end());
  result.counts.assign(bins.counts.begin() + bins.has_below, bins.counts.end() - bins.has_above);
  if (!bins.sums.empty()) {
    result.weights.assign(bins.sums.begin() + bins.has_below, bins.sums.end() - bins.has_above);
  }
  result.n_below = bins.has_below * bins.counts.front();
  result.n_above = bins.has_above * bins.counts.back();
  return result;
}

template <class T>
histogram_result histogram_of(const context& ctx, std::span<const T> x, std::span<const double> edges,
                              std::span<const double> weights) {
  const default_fp_environment environment;  // comparisons know subnormal edges
  require_on_host(ctx, "histogram", "edges", edges.data());
  require_on_host(ctx, "histogram", "weights", weights.data());
  check_arguments(x, edges, weights);
  all_bins bins(edges);
  if (weights.data() != nullptr) {  // an array without elements is one, too
    bins.sums.resize(bins.counts.size());
  }
  if (!x.empty()) {
    fill_bins(ctx, x, weights, bins);
  }
  return result_of(edges, bins);
}

void check_range(double low, double high, std::int64_t n_bins) {
  for (const auto& [name, value] : {std::pair("low", low), std::pair("high", high)}) {
    if (!std::isfinite(value)) {
      refuse("equal_bins", std::string(name) + " is " + text(value) + " but must be finite");
    }
  }
  if (!(low < high)) {
    refuse("equal_bins", "low is " + text(low) + " but must be less than high, which is " + text(high));
  }
  if (!std::isfinite(high - low)) {
    refuse("equal_bins", "the difference of high and low, " + text(high) + " and " + text(low) + ", is too large");
  }
  if (n_bins < 1 || n_bins > most_bins) {
    refuse("equal_bins", "n_bins is " + text(n_bins) + " but must be 1 to " + text(most_bins));
  }
}

}  // namespace

histogram_result histogram(const context& ctx, std::span<const double> x, std::span<const double> edges,
                           std::span<const double> weights) {
  return histogram_of(ctx, x, edges, weights);
}
histogram_result histogram(const context& ctx, std::span<const float> x, std::span<const double> edges,
                           std::span<const double> weights) {
  return histogram_of(ctx, x, edges, weights);
}

std::vector<double> equal_bins(double low, double high, std::int64_t n_bins) {
  const default_fp_environment environment;
  check_range(low, high, n_bins);
  std::vector<double> edges{low};
  for (std::int64_t b = 1; b <= n_bins; ++b) {
    const double edge = b < n_bins ? core::equal_edge(low, high, n_bins, b) : high;
    if (!(edges.back() < edge)) {
      refuse("equal_bins", "n_bins is " + text(n_bins) + " but there is no room for so many bins from " + text(low) +
                               " to " + text(high));
    }
    edges.push_back(edge);
  }
  return edges;
}

}  // namespace samebits
