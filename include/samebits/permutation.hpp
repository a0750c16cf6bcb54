// Random orders and samples of whole numbers, by integer arithmetic: on the host, or on a context's backend. For random
// access see bijection.hpp.
#pragma once

#include <cstdint>
#include <iterator>
#include <memory>
#include <ranges>
#include <span>

#include "samebits/context.hpp"
#include "samebits/core/permutation.hpp"
#include "samebits/export.hpp"
#include "samebits/stream.hpp"

namespace samebits {

/// Fills `out` with a permutation of 0, 1, ..., out.size() - 1, each of the n! with the same probability: for i = 0, 1,
/// ..., n - 1 element i changes places with element i + d, where d is an integer in [0, n - i) from block i of the
/// stream (core/integers.hpp). From n = 35 on there are more permutations than names of streams.
///
/// R. A. Fisher, F. Yates: "Statistical tables", 1938. R. Durstenfeld: "Algorithm 235: Random permutation", CACM 7,
/// 1964.
///
/// @bits identical everywhere
SAMEBITS_API void permutation(stream_id stream, std::span<std::int64_t> out);

/// The same permutation by a backend. `out` may lie in the memory of the context's device; the call then returns when
/// the work is in its stream. A GPU links the steps to each other and follows the links in parallel
/// (core/permutation.hpp); its work space is 4 bytes for each element, 8 above 2^32 elements. The CPU takes the steps
/// in order, on one thread.
///
/// J. Shun, Y. Gu, G. E. Blelloch, J. T. Fineman, P. B. Gibbons: "Sequential random permutation, list contraction and
/// tree contraction are highly parallel", SODA 2015.
///
/// @throws out_of_memory  the device has no room
/// @bits   identical everywhere
SAMEBITS_API void permutation(const context& ctx, stream_id stream, std::span<std::int64_t> out);

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

/// The same numbers by a backend. `out` may lie in the memory of the context's device; see fill() in random.hpp.
///
/// @throws invalid_argument  n is not positive, or the sequence ends before the last number
/// @bits   identical everywhere
SAMEBITS_API void bootstrap_indices(const context& ctx, stream_id stream, std::int64_t n, std::uint64_t first,
                                    std::span<std::int64_t> out);

/// Puts the elements of a range into random order in place: element i becomes what was element p[i], where p is the
/// permutation that permutation() makes of the same stream.
///
/// @bits identical everywhere
template <std::ranges::random_access_range Range>
void shuffle(stream_id stream, Range&& range) {
  using difference = std::ranges::range_difference_t<Range>;
  const auto first = std::ranges::begin(range);
  const auto element = [&](std::uint64_t i) { return first + static_cast<difference>(i); };
  const std::uint64_t n = static_cast<std::uint64_t>(std::ranges::distance(range));
  const auto fetch = [&](std::uint64_t j) {
    if constexpr (std::ranges::contiguous_range<Range>) {
      __builtin_prefetch(std::to_address(element(j)), 1);
    }
  };
  const auto exchange = [&](std::uint64_t i, std::uint64_t j) { std::ranges::iter_swap(element(i), element(j)); };
  core::for_shuffle_steps(stream.seed, stream.task, n == 0 ? 0 : n - 1, n, fetch, exchange);
}

}  // namespace samebits
