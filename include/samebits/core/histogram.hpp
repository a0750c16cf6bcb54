// The bins of a histogram: [edges[b], edges[b + 1]), and the last one has its right edge too.
//
// The bin of a number is the number of inner edges that are at most it: a whole number with one right value, however it
// is found. So bins may be guessed where that is quicker than to search.
#pragma once

#include "samebits/core/value.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

/// Where bin b of n_bins equal ones from `low` to `high` starts.
SAMEBITS_HD inline double equal_edge(double low, double high, std::int64_t n_bins, std::int64_t b) {
  return fma(static_cast<double>(b), (high - low) / static_cast<double>(n_bins), low);
}

/// The next larger double; infinity after the largest.
SAMEBITS_HD SAMEBITS_INLINE double next_up(double a) {
  if (a == 0) {
    return from_bits(std::uint64_t{1});
  }
  return from_bits(a < 0 ? to_bits(a) - 1 : to_bits(a) + 1);
}

/// p[at], lane by lane.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V gather(const scalar_t<V>* p, bits_t<V> at) {
  if constexpr (value_traits<V>::width == 1) {
    return p[at];
  } else {
    return V::gather(p, at);
  }
}

/// Edges made ready to look numbers up in. The inner ones lie in memory of the caller.
struct bin_finder {
  /// Room for the inner edges: one less than a power of two, for a search that halves.
  SAMEBITS_HD static std::int64_t room(std::int64_t n_bins) {
    std::int64_t size = 1;
    while (size < n_bins) {
      size *= 2;
    }
    return size - 1;
  }

  /// @param edges  [n_bins + 1] finite, increasing
  /// @param room_for_inner  [room(n_bins)]
  SAMEBITS_HD static bin_finder prepare(const double* edges, std::int64_t n_bins, double* room_for_inner) {
    constexpr std::uint64_t infinity = 0x7ff0000000000000;
    bin_finder finder{};
    finder.inner = room_for_inner;
    finder.n_bins = n_bins;
    finder.n_inner = room(n_bins);
    for (std::int64_t i = 0; i < finder.n_inner; ++i) {
      room_for_inner[i] = i < n_bins - 1 ? edges[i + 1] : from_bits(infinity);
    }
    finder.first = edges[0];
    finder.beyond = next_up(edges[n_bins]);
    finder.prepare_guesses();
    return finder;
  }

  /// The bins of N packs of numbers, side by side because looking up takes long; n_bins for what lies in none, as NaN.
  template <int N, class V>
  SAMEBITS_HD SAMEBITS_INLINE void find(const V (&x)[N], bits_t<V> (&bins)[N]) const {
    V found[N];
    if (are_guessed) {
      guess_and_correct(x, found);
    } else {
      search(x, found);
    }
    const V none(zero + static_cast<double>(n_bins));
    SAMEBITS_UNROLL
    for (int j = 0; j < N; ++j) {
      found[j] = select_less(x[j], V(beyond), found[j], none);
      found[j] = select_less(x[j], V(first), none, found[j]);
      bins[j] = index(found[j]);
    }
  }

  SAMEBITS_HD SAMEBITS_INLINE std::int64_t bin(double x) const {
    const double one[] = {x};
    std::uint64_t bins[1];
    find(one, bins);
    return static_cast<std::int64_t>(bins[0]);
  }

  const double* inner;  // [n_inner] inner edges, and infinities behind them
  std::int64_t n_inner;
  std::int64_t n_bins;
  double first;   // the leftmost edge
  double beyond;  // the first number right of all bins
  // For guesses, from the first inner edge to the last.
  double low;
  double high;
  double scale;  // edges per unit
  bool are_guessed;

 private:
  /// Whole numbers k are kept as zero + k: the sum of this and a number is rounded to a whole one, which is the low
  /// bits.
  static constexpr double zero = 0x1.8p52;

  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE static bits_t<V> index(V whole) {
    return to_bits(whole) - to_bits(V(zero));
  }

  /// found, or `step` more where x is not less than the edge. A single number takes no branch that may be mispredicted.
  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE static V passed(V found, V x, V edge, std::int64_t step) {
    if constexpr (value_traits<V>::width == 1) {
      const std::uint64_t all_or_none = std::uint64_t{0} - static_cast<std::uint64_t>(!(x < edge));
      return from_bits(to_bits(found) + (all_or_none & static_cast<std::uint64_t>(step)));
    } else {
      return found + select_less(x, edge, V(0.0), V(static_cast<double>(step)));
    }
  }

  /// The inner edge next to x, were all of them equally far apart. Increases with x.
  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE V guess(V x) const {
    const V not_less = max(V(low), x);  // not NaN
    const V inside = select_less(not_less, V(high), not_less, V(high));
    return rounded((inside - V(low)) * V(scale)) + V(zero);
  }

  /// The guess of x is that of the inner edge before it or of the one after it, or between them, because guesses
  /// increase. prepare_guesses() has seen that the guesses of edges are right, so one comparison decides.
  template <int N, class V>
  SAMEBITS_HD SAMEBITS_INLINE void guess_and_correct(const V (&x)[N], V (&found)[N]) const {
    SAMEBITS_UNROLL
    for (int j = 0; j < N; ++j) {
      const V near = guess(x[j]);
      found[j] = passed(near, x[j], gather<V>(inner, index(near)), 1);
    }
  }

  /// Passes edges far apart one after the other, then halves what is left: the first comparisons need no gathering.
  template <int N, class V>
  SAMEBITS_HD SAMEBITS_INLINE void search(const V (&x)[N], V (&found)[N]) const {
    constexpr std::int64_t n_strides = 16;
    SAMEBITS_UNROLL
    for (int j = 0; j < N; ++j) {
      found[j] = V(zero);
    }
    const std::int64_t stride = n_inner < n_strides ? 1 : (n_inner + 1) / n_strides;
    for (std::int64_t i = stride - 1; i < n_inner; i += stride) {
      SAMEBITS_UNROLL
      for (int j = 0; j < N; ++j) {
        found[j] = passed(found[j], x[j], V(inner[i]), stride);
      }
    }
    for (std::int64_t step = stride / 2; step > 0; step /= 2) {
      SAMEBITS_UNROLL
      for (int j = 0; j < N; ++j) {
        const bits_t<V> next = index(found[j]) + bits_t<V>(static_cast<std::uint64_t>(step - 1));
        found[j] = passed(found[j], x[j], gather<V>(inner, next), step);
      }
    }
  }

  /// Edges that are nearly equally far apart are guessed; those between the two outer ones decide, because the outer
  /// bins may reach to the ends of all numbers.
  SAMEBITS_HD void prepare_guesses() {
    constexpr double largest = 0x1.fffffffffffffp1023;
    const std::int64_t n = n_bins - 1;
    if (n < 2) {
      return;
    }
    low = inner[0];
    high = inner[n - 1];
    scale = static_cast<double>(n - 1) / (high - low);
    are_guessed = scale <= largest && high - low <= largest;
    for (std::int64_t i = 0; i < n && are_guessed; ++i) {
      are_guessed = guess(inner[i]) == zero + static_cast<double>(i);
    }
  }
};

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
