// Bulk random numbers: sample i is a function of (seed, task, i) and the parameters alone, so any part filled anywhere
// equals that part of the whole.
#pragma once

#include <cstdint>
#include <span>

#include "samebits/context.hpp"
#include "samebits/distributions.hpp"
#include "samebits/export.hpp"
#include "samebits/stream.hpp"

namespace samebits {

/// Fills `out` with samples first, first + 1, ... of a distribution along a stream.
///
///   fill(ctx, dist::gamma{.shape = 2.5}, {seed, task}, 0, out);
///
/// Samples that are rows (multinomial, Dirichlet, ...) lie one after the other; `first` counts samples. Two sequences
/// of one stream are made of the same words: unrelated quantities want streams of their own, `id.child("noise")`.
///
/// @param distribution  one of the namespace dist
/// @param out           its element type must suit the distribution: double or float for continuous ones, int64 for
///                      counts, uint64 for integers and words64, uint32 for words
/// @throws invalid_argument  a parameter is out of range, the type does not suit, out is not a whole number of rows, or
///                           the range ends beyond the sequence: 2^60 elements, 2^56 samples where a sample may take
///                           several attempts
/// @bits   identical on every backend, instruction set, thread count and device; docs/numerics.md
SAMEBITS_API void fill(const context& ctx, const samebits_distribution& distribution, stream_id stream,
                       std::uint64_t first, std::span<double> out);
SAMEBITS_API void fill(const context& ctx, const samebits_distribution& distribution, stream_id stream,
                       std::uint64_t first, std::span<float> out);
SAMEBITS_API void fill(const context& ctx, const samebits_distribution& distribution, stream_id stream,
                       std::uint64_t first, std::span<std::int64_t> out);
SAMEBITS_API void fill(const context& ctx, const samebits_distribution& distribution, stream_id stream,
                       std::uint64_t first, std::span<std::uint64_t> out);
SAMEBITS_API void fill(const context& ctx, const samebits_distribution& distribution, stream_id stream,
                       std::uint64_t first, std::span<std::uint32_t> out);

/// The most used ones: words, dist::uniform{} and dist::normal{}.
SAMEBITS_API void fill_words(const context& ctx, stream_id stream, std::uint64_t first, std::span<std::uint32_t> out);
SAMEBITS_API void fill_uniform(const context& ctx, stream_id stream, std::uint64_t first, std::span<double> out);
SAMEBITS_API void fill_normal(const context& ctx, stream_id stream, std::uint64_t first, std::span<double> out);

}  // namespace samebits
