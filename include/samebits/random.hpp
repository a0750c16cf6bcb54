// Bulk random numbers: element i of a sequence is a function of (seed, task, i) alone, so any part filled anywhere
// equals that part of the whole.
#pragma once

#include <cstdint>
#include <span>

#include "samebits/context.hpp"
#include "samebits/export.hpp"
#include "samebits/stream.hpp"

namespace samebits {

/// Fill `out` with elements first, first + 1, ... of a sequence of the stream: 32-bit words, doubles in [0, 1) that are
/// multiples of 2^-53, or standard normals (Box and Muller, two per Philox block, at most 8.57 in magnitude).
///
/// @throws invalid_argument  first + out.size() is above 2^60
/// @bits   identical on every backend, instruction set, thread count and device; docs/numerics.md
SAMEBITS_API void fill_words(const context& ctx, stream_id stream, std::uint64_t first, std::span<std::uint32_t> out);
SAMEBITS_API void fill_uniform(const context& ctx, stream_id stream, std::uint64_t first, std::span<double> out);
SAMEBITS_API void fill_normal(const context& ctx, stream_id stream, std::uint64_t first, std::span<double> out);

}  // namespace samebits
