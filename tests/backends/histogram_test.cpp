// Histograms on every backend, against plain loops over the definition.
#include "samebits/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <span>

#include "tests/backends/backend_test.hpp"

namespace samebits::tests {
namespace {

using histograms = backend_test;
SAMEBITS_ON_EVERY_BACKEND(histograms);
INSTANTIATE_TEST_SUITE_P(in_pieces_on, histograms, testing::Values("cuda-emulated-small"), backend_test_name);

using limits = std::numeric_limits<double>;
using numbers = std::vector<double>;

std::vector<std::size_t> sizes() { return {0, 1, 2, 7, 8, 9, 511, 512, 513, 1'024, 5'000, 100'003}; }

// ---- data ----------------------------------------------------------------------------------------------------------

double unit(std::mt19937_64& bits) { return static_cast<double>(bits() >> 11) * 0x1p-53; }

/// Numbers from `low` to `high`.
template <class T = double>
std::vector<T> scattered(std::size_t n, double low, double high, std::uint64_t seed = 1) {
  std::mt19937_64 bits(seed);
  std::vector<T> x(n);
  for (T& value : x) {
    value = static_cast<T>(low + (high - low) * unit(bits));
  }
  return x;
}

/// Weights of all magnitudes and both signs: another order of their sums has other bits.
numbers scattered_weights(std::size_t n) {
  std::mt19937_64 bits(2);
  numbers weights(n);
  for (double& weight : weights) {
    weight = std::ldexp(unit(bits) - 0.4, static_cast<int>(bits() % 40) - 20);
  }
  return weights;
}

/// All edges, and the numbers just before and after them.
numbers near_edges(const numbers& edges) {
  numbers x;
  for (const double edge : edges) {
    for (const double value : {std::nextafter(edge, -limits::max()), edge, std::nextafter(edge, limits::max())}) {
      x.push_back(value);
    }
  }
  return x;
}

/// `n_bins` bins whose widths grow from the middle on, by `ratio` from one to the next.
numbers growing_bins(std::int64_t n_bins, double ratio) {
  numbers edges = {0};
  double width = 1e-3;
  for (std::int64_t b = 0; b < n_bins; ++b) {
    edges.push_back(edges.back() + width);
    width *= b < n_bins / 2 ? 1 : ratio;
  }
  return edges;
}

/// Edges of every kind: equal, nearly equal, unequal, subnormal, huge, across zero, a single bin.
std::vector<numbers> all_kinds_of_edges() {
  constexpr double least = limits::denorm_min();
  numbers shaken = equal_bins(-1, 2, 64);
  std::mt19937_64 bits(3);
  for (double& edge : shaken) {
    edge += 0.02 * (unit(bits) - 0.5);  // less than half a bin, so that bins are still guessed
  }
  numbers more_shaken = equal_bins(-1, 2, 64);
  for (double& edge : more_shaken) {
    edge += 0.045 * (unit(bits) - 0.5);
  }
  return {
      equal_bins(0, 1, 1),
      equal_bins(0, 1, 2),
      equal_bins(-1, 2, 3),
      equal_bins(-1, 2, 10),
      equal_bins(0.1, 0.7, 100),
      equal_bins(-1, 1, 5'000),
      equal_bins(1e15, 1e15 + 100, 37),
      equal_bins(-limits::max() / 2, limits::max() / 2, 9),
      shaken,
      more_shaken,
      growing_bins(30, 1.5),
      growing_bins(5'000, 1.01),
      {0, least},
      {-3 * least, -least, 0, least, 2 * least, limits::min()},
      {-0.0, 1},
      {-1, 0.0, 1},
      {-limits::max(), -1e300, 0, 1, 1e300, limits::max()},
      {-limits::max(), limits::max()},
      {limits::max() / 2, limits::max()},
      {-limits::max(), std::nextafter(-limits::max(), 0)},
      {-1e300, -1e-300, 1e-300, 1, std::nextafter(1, 2), 1e300},
  };
}

// ---- the oracle ----------------------------------------------------------------------------------------------------

/// Below all bins: -1; above: n_bins.
std::int64_t plain_bin(double x, const numbers& edges) {
  if (x == edges.back()) {
    return std::ssize(edges) - 2;
  }
  return std::upper_bound(edges.begin(), edges.end(), x) - edges.begin() - 1;
}

template <class T>
histogram_result plain_histogram(const std::vector<T>& x, const numbers& edges) {
  histogram_result expected;
  expected.edges = edges;
  expected.counts.resize(edges.size() - 1);
  for (const T value : x) {
    const std::int64_t bin = plain_bin(static_cast<double>(value), edges);
    if (bin < 0) {
      ++expected.n_below;
    } else if (bin == std::ssize(expected.counts)) {
      ++expected.n_above;
    } else {
      ++expected.counts[static_cast<std::size_t>(bin)];
    }
  }
  return expected;
}

/// The sums that docs/numerics.md describes: chains in leaves, the tree over the leaves' numbers. Missing nodes are
/// left out, which is what adding -0.0 does.
template <class T>
numbers plain_sums(const std::vector<T>& x, const numbers& weights, const numbers& edges) {
  std::map<std::int64_t, std::map<std::size_t, double>> nodes;  // of each bin, by leaf
  for (std::size_t i = 0; i < x.size(); ++i) {
    auto& node = nodes[plain_bin(static_cast<double>(x[i]), edges)].try_emplace(i / 512, -0.0).first->second;
    node += weights[i];
  }
  numbers sums(edges.size() - 1);
  for (auto& [bin, level] : nodes) {
    for (std::size_t n = x.size() / 512 + 1; n > 1; n = (n + 1) / 2) {
      std::map<std::size_t, double> above;
      for (const auto& [leaf, sum] : level) {
        const auto [node, is_new] = above.try_emplace(leaf / 2, sum);
        if (!is_new) {
          node->second += sum;
        }
      }
      level = above;
    }
    if (bin >= 0 && bin < std::ssize(sums)) {
      sums[static_cast<std::size_t>(bin)] = level.begin()->second;
    }
  }
  return sums;
}

std::vector<std::uint64_t> bits(const numbers& values) {
  std::vector<std::uint64_t> patterns;
  for (const double value : values) {
    patterns.push_back(std::bit_cast<std::uint64_t>(value));
  }
  return patterns;
}

void expect_equal(const histogram_result& result, const histogram_result& expected) {
  EXPECT_EQ(result.edges, expected.edges);
  EXPECT_EQ(result.counts, expected.counts);
  EXPECT_EQ(result.n_below, expected.n_below);
  EXPECT_EQ(result.n_above, expected.n_above);
}

template <class T>
void expect_counted(const context& ctx, const std::vector<T>& x, const numbers& edges) {
  const histogram_result result = histogram(ctx, x, edges);

  SCOPED_TRACE(std::to_string(x.size()) + " numbers, " + std::to_string(edges.size()) + " edges from " +
               std::to_string(edges[0]) + " to " + std::to_string(edges.back()));
  expect_equal(result, plain_histogram(x, edges));
  EXPECT_TRUE(result.weights.empty());
}

template <class T>
void expect_weighted(const context& ctx, const std::vector<T>& x, const numbers& edges, const numbers& weights) {
  const histogram_result result = histogram(ctx, x, edges, weights);

  SCOPED_TRACE(std::to_string(x.size()) + " numbers, " + std::to_string(edges.size()) + " edges");
  expect_equal(result, plain_histogram(x, edges));
  EXPECT_EQ(bits(result.weights), bits(plain_sums(x, weights, edges)));
}

// ---- counts --------------------------------------------------------------------------------------------------------

TEST_P(histograms, count_numbers_on_edges_and_next_to_them) {
  for (const numbers& edges : all_kinds_of_edges()) {
    expect_counted(ctx(), near_edges(edges), edges);
  }
}

TEST_P(histograms, count_numbers_of_all_magnitudes) {
  std::mt19937_64 source(4);
  numbers x;
  while (x.size() < 3'000) {
    const double value = std::bit_cast<double>(source());
    if (std::isfinite(value)) {
      x.push_back(value);
    }
  }
  for (const double value : {0.0, limits::denorm_min(), limits::min(), 1.0, limits::max()}) {
    x.push_back(value);
    x.push_back(-value);
  }
  for (const numbers& edges : all_kinds_of_edges()) {
    expect_counted(ctx(), x, edges);
  }
}

TEST_P(histograms, count_any_number_of_numbers) {
  for (const std::size_t n : sizes()) {
    const numbers x = scattered(n, -1.5, 2.5);
    expect_counted(ctx(), x, equal_bins(-1, 2, 100));
    expect_counted(ctx(), x, growing_bins(100, 1.1));
  }
}

TEST_P(histograms, count_floats_as_the_same_numbers_in_double) {
  for (const std::size_t n : sizes()) {
    const std::vector<float> x = scattered<float>(n, -1.5, 2.5);
    expect_counted(ctx(), x, equal_bins(-1, 2, 100));
    expect_counted(ctx(), x, growing_bins(100, 1.1));
  }
  expect_counted(ctx(), std::vector<float>{0.1f, 0.1f, std::nextafter(0.1f, 0.0f)}, {0, 0.1, 1});
}

TEST_P(histograms, count_into_few_and_many_bins) {
  const numbers x = scattered(is_emulated() ? 5'000 : 30'000, -0.1, 1.1);
  for (const std::int64_t n_bins : {1, 2, 3, 4, 7, 8, 9, 100, 4'095, 4'096, 4'097, 5'000, 100'000}) {
    expect_counted(ctx(), x, equal_bins(0, 1, n_bins));
  }
}

TEST_P(histograms, count_numbers_that_are_all_in_one_bin_or_none) {
  const numbers edges = equal_bins(0, 1, 10);
  expect_counted(ctx(), numbers(3'000, 0.55), edges);
  expect_counted(ctx(), numbers(3'000, 1.0), edges);
  expect_counted(ctx(), numbers(3'000, -7.0), edges);
  expect_counted(ctx(), numbers(3'000, 7.0), edges);
}

TEST_P(histograms, of_the_parts_of_any_split_add_up_to_that_of_the_whole) {
  const numbers x = scattered(is_emulated() ? 5'000 : 50'000, -1, 2);
  const numbers edges = growing_bins(50, 1.1);
  const histogram_result whole = histogram(ctx(), x, edges);
  std::mt19937_64 source(5);
  for (int split = 0; split < 5; ++split) {
    histogram_result sum = histogram(ctx(), numbers(), edges);
    for (std::size_t first = 0; first < x.size();) {
      const std::size_t n = std::min<std::size_t>(source() % 3'000, x.size() - first);
      const histogram_result part = histogram(ctx(), std::span<const double>(x).subspan(first, n), edges);
      for (std::size_t b = 0; b < sum.counts.size(); ++b) {
        sum.counts[b] += part.counts[b];
      }
      sum.n_below += part.n_below;
      sum.n_above += part.n_above;
      first += n;
    }

    expect_equal(sum, whole);
  }
}

// ---- sums of weights -----------------------------------------------------------------------------------------------

TEST_P(histograms, sum_weights_along_the_tree) {
  for (const std::size_t n : sizes()) {
    if (n == 0) {
      continue;  // no weights are given then
    }
    const numbers weights = scattered_weights(n);
    expect_weighted(ctx(), scattered(n, -1.5, 2.5), equal_bins(-1, 2, 10), weights);
    expect_weighted(ctx(), scattered<float>(n, -1.5, 2.5), growing_bins(100, 1.1), weights);
  }
}

TEST_P(histograms, sum_weights_in_many_bins) {
  const std::size_t n = is_emulated() ? 20'000 : 100'003;
  const numbers x = scattered(n, -0.1, 1.1);
  const numbers weights = scattered_weights(n);
  for (const std::int64_t n_bins : {1, 4'095, 4'096, 5'000, 40'000, 300'000}) {
    expect_weighted(ctx(), x, equal_bins(0, 1, n_bins), weights);
  }
}

TEST_P(histograms, sum_weights_of_few_bins_of_many) {
  const std::size_t n = is_emulated() ? 20'000 : 100'003;
  numbers x = scattered(n, 0, 1e-4);
  for (std::size_t i = n / 2; i < n; i += 700) {
    x[i] = 0.5;  // leaves that a bin has no numbers in
  }

  expect_weighted(ctx(), x, equal_bins(0, 1, 50'000), scattered_weights(n));
}

TEST_P(histograms, have_zero_where_nothing_is_and_keep_the_sign_of_sums_of_zeros) {
  const numbers x(700, 0.5);
  const numbers weights(700, -0.0);

  const histogram_result result = histogram(ctx(), x, numbers{0, 0.25, 0.75, 1}, weights);

  EXPECT_EQ(bits(result.weights), bits({0.0, -0.0, 0.0}));
  EXPECT_EQ(bits(histogram(ctx(), numbers(), numbers{0, 1}).weights), bits({}));
}

TEST_P(histograms, refuse_weights_whose_sum_overflows) {
  EXPECT_EQ(error_of<numerical_failure>([&] {
              histogram(ctx(), numbers{0.5, 0.5}, numbers{0, 1}, numbers{1e308, 1e308});
            }),
            "histogram: the sum of the weights of a bin overflows");
}

TEST_P(histograms, of_no_numbers_with_weights_have_sums_of_0) {
  const double nothing = 0;

  const histogram_result result =
      histogram(ctx(), std::span<const double>(), numbers{0, 1, 2}, std::span<const double>(&nothing, 0));

  EXPECT_EQ(result.weights, (numbers{0, 0}));
}

// ---- independence --------------------------------------------------------------------------------------------------

TEST_P(histograms, are_the_same_on_any_number_of_threads) {
  const std::size_t n = is_emulated() ? 20'000 : 400'003;
  const numbers x = scattered(n, -0.1, 1.1);
  const numbers weights = scattered_weights(n);
  for (const std::int64_t n_bins : {5, 100, 5'000, 50'000}) {
    const numbers edges = equal_bins(0, 1, n_bins);
    const histogram_result expected = histogram(on_threads(1), x, edges, weights);
    for (const int n_threads : {2, 3, 8}) {
      const histogram_result result = histogram(on_threads(n_threads), x, edges, weights);

      expect_equal(result, expected);
      EXPECT_EQ(bits(result.weights), bits(expected.weights)) << n_bins << " bins, " << n_threads << " threads";
    }
  }
}

TEST_P(histograms, do_not_depend_on_the_floating_point_modes_of_the_caller) {
  const numbers edges = {-limits::min(), -limits::denorm_min(), 0, limits::denorm_min(), 1e-310, 1, 2};
  const numbers x = near_edges(edges);
  const numbers weights = scattered_weights(x.size());
  const numbers equal = equal_bins(0.1, 0.7, 100);
  const histogram_result expected = histogram(ctx(), x, edges, weights);
  for (const std::uint64_t mode : {flush_to_zero, round_upward}) {
    const fp_mode guard(mode);
    const histogram_result result = histogram(ctx(), x, edges, weights);

    expect_equal(result, expected);
    EXPECT_EQ(bits(result.weights), bits(expected.weights));
    EXPECT_EQ(bits(equal_bins(0.1, 0.7, 100)), bits(equal));
  }
}

// ---- equal bins ----------------------------------------------------------------------------------------------------

TEST(equal_bins, are_multiples_of_the_width_and_end_where_they_should) {
  EXPECT_EQ(equal_bins(0, 1, 4), (numbers{0, 0.25, 0.5, 0.75, 1}));
  EXPECT_EQ(equal_bins(-1, 1, 1), (numbers{-1, 1}));
  const numbers edges = equal_bins(0.1, 0.7, 100);
  for (std::size_t b = 0; b < 100; ++b) {
    EXPECT_EQ(edges[b], std::fma(static_cast<double>(b), (0.7 - 0.1) / 100, 0.1));
  }
  EXPECT_EQ(edges[100], 0.7);
}

TEST(equal_bins, refuse_what_makes_no_bins) {
  const auto message = [](double low, double high, std::int64_t n_bins) {
    return error_of<invalid_argument>([&] { equal_bins(low, high, n_bins); });
  };

  EXPECT_EQ(message(0, 1, 0), "equal_bins: n_bins is 0 but must be 1 to 9007199254740992");
  EXPECT_EQ(message(0, 1, -3), "equal_bins: n_bins is -3 but must be 1 to 9007199254740992");
  EXPECT_EQ(message(1, 1, 5), "equal_bins: low is 1 but must be less than high, which is 1");
  EXPECT_EQ(message(2, 1, 5), "equal_bins: low is 2 but must be less than high, which is 1");
  EXPECT_EQ(message(limits::quiet_NaN(), 1, 5), "equal_bins: low is nan but must be finite");
  EXPECT_EQ(message(0, limits::infinity(), 5), "equal_bins: high is inf but must be finite");
  EXPECT_EQ(message(-1e308, 1e308, 5), "equal_bins: the difference of high and low, 1e+308 and -1e+308, is too large");
  EXPECT_EQ(message(1, std::nextafter(1, 2), 2),
            "equal_bins: n_bins is 2 but there is no room for so many bins from 1 to 1.0000000000000002");
}

// ---- refusals ------------------------------------------------------------------------------------------------------

TEST_P(histograms, refuse_edges_that_make_no_bins) {
  const auto message = [&](const numbers& edges) {
    return error_of<invalid_argument>([&] { histogram(ctx(), numbers{1, 2}, edges); });
  };

  EXPECT_EQ(message({}), "histogram: edges has 0 elements but needs at least 2");
  EXPECT_EQ(message({1}), "histogram: edges has 1 element but needs at least 2");
  EXPECT_EQ(message({0, limits::quiet_NaN(), 1}), "histogram: edges[1] is nan but must be finite");
  EXPECT_EQ(message({-limits::infinity(), 0}), "histogram: edges[0] is -inf but must be finite");
  EXPECT_EQ(message({0, 1, 1}), "histogram: edges[2] is 1 but must be larger than 1 before it");
  EXPECT_EQ(message({0, 2, 1.5}), "histogram: edges[2] is 1.5 but must be larger than 2 before it");
  EXPECT_EQ(message({-0.0, 0.0}), "histogram: edges[1] is 0 but must be larger than -0 before it");
}

TEST_P(histograms, refuse_weights_that_do_not_fit) {
  const auto message = [&](const numbers& weights) {
    return error_of<invalid_argument>([&] { histogram(ctx(), numbers{1, 2}, numbers{0, 3}, weights); });
  };

  EXPECT_EQ(message({1}), "histogram: weights has 1 elements but x has 2");
  EXPECT_EQ(message({1, 2, 3}), "histogram: weights has 3 elements but x has 2");
  EXPECT_EQ(message({1, limits::infinity()}), "histogram: weights[1] is inf but must be finite");
  EXPECT_EQ(error_of<invalid_argument>([&] {
              histogram(ctx(), numbers(), numbers{0, 3}, numbers{1});
            }),
            "histogram: weights has 1 elements but x has 0");
}

TEST_P(histograms, refuse_the_first_number_that_is_not_finite) {
  const auto message = [&](const auto& x, const numbers& edges) {
    return error_of<invalid_argument>([&] { histogram(ctx(), x, edges); });
  };
  for (const numbers& edges : {equal_bins(-1, 2, 10), growing_bins(9, 1.5), numbers{-limits::max(), limits::max()}}) {
    for (const std::size_t place : {0u, 3u, 8u, 511u, 512u, 600u}) {
      numbers x(601, 0.5);
      x.back() = limits::quiet_NaN();
      x[place] = limits::quiet_NaN();
      EXPECT_EQ(message(x, edges), "histogram: x[" + std::to_string(place) + "] is nan but must be finite");
      x[place] = limits::infinity();
      EXPECT_EQ(message(x, edges), "histogram: x[" + std::to_string(place) + "] is inf but must be finite");
      x[place] = -limits::infinity();
      EXPECT_EQ(message(x, edges), "histogram: x[" + std::to_string(place) + "] is -inf but must be finite");
    }
  }
  EXPECT_EQ(message(std::vector<float>{1, std::numeric_limits<float>::infinity()}, {0, 1}),
            "histogram: x[1] is inf but must be finite");
}

}  // namespace
}  // namespace samebits::tests
