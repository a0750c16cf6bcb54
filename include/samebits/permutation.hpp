// Random orders and samples of whole numbers. Host code, integer arithmetic. For random access see bijection.hpp.
#pragma once

#include <cstdint>
#include <iterator>
#include <ranges>
#include <span>

#include "samebits/core/integers.hpp"
#include "samebits/core/philox.hpp"
#include "samebits/export.hpp"
#include "samebits/stream.hpp"

namespace samebits {

namespace core {
inline namespace SAMEBITS_TARGET {

/// The place that element i of n changes with in a shuffle: i + d, where d is an integer in [0, n - i) from block i.
SAMEBITS_HD SAMEBITS_INLINE std::uint64_t shuffle_partner(std::uint64_t seed, std::uint64_t task, std::uint64_t i,
                                                          std::uint64_t n) {
  std::uint64_t draws[2];
  philox_draws(seed, task, i, draws);
  return i + bounded_integer(draws, n - i);
}

}  // namespace SAMEBITS_TARGET
}  // namespace core

/// Fills `out` with a permutation of 0, 1, ..., out.size() - 1, each of the n! with the same probability: for i = 0, 1,
/// ..., n - 1 element i changes places with element i + d, where d is an integer in [0, n - i) from block i of the
/// stream (core/integers.hpp). From n = 35 on there are more permutations than names of streams.
///
/// R. A. Fisher, F. Yates: "Statistical tables", 1938. R. Durstenfeld: "Algorithm 235: Random permutation", CACM 7,
/// 1964.
///
/// @bits identical everywhere
SAMEBITS_API void permutation(stream_id stream, std::span<std::int64_t> out);

/// Fills `out` with different numbers below n in random order: the first out.size() elements of the permutation of n
/// that permutation() makes of the same stream. A larger sample therefore starts with the smaller one. Takes memory in
/// proportion to the sample, not to n.
///
/// @throws invalid_argument  n is negative, or out has more than n elements
/// @bits   identical everywhere
SAMEBITS_API void sample_without_replacement(stream_id stream, std::int64_t n, std::span<std::int64_t> out);

/// Fills `out` with numbers below n, drawn with replacement: number i is element first + i of dist::integers{n} along
/// the stream, so that a part of a resample is that part wherever it is drawn. Key resample b by its number:
/// `id.child("bootstrap").child(b)`.
///
/// B. Efron: "Bootstrap methods: another look at the jackknife", Annals of Statistics 7, 1979.
///
/// @throws invalid_argument  n is not positive
/// @bits   identical everywhere
SAMEBITS_API void bootstrap_indices(stream_id stream, std::int64_t n, std::uint64_t first, std::span<std::int64_t> out);

/// Puts the elements of a range into random order in place: element i becomes what was element p[i], where p is the
/// permutation that permutation() makes of the same stream.
///
/// @bits identical everywhere
template <std::ranges::random_access_range Range>
void shuffle(stream_id stream, Range&& range) {
  const auto first = std::ranges::begin(range);
  const std::uint64_t n = static_cast<std::uint64_t>(std::ranges::distance(range));
  for (std::uint64_t i = 0; i + 1 < n; ++i) {
    const std::uint64_t j = core::shuffle_partner(stream.seed, stream.task, i, n);
    using difference = std::ranges::range_difference_t<Range>;
    std::ranges::iter_swap(first + static_cast<difference>(i), first + static_cast<difference>(j));
  }
}

}  // namespace samebits
