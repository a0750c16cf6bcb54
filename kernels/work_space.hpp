// Sizes on the device. A test build makes them small, so that few rows take many batches and pieces.
#pragma once

#include <cstdint>
#if defined(__CUDACC__)
#include "kernels/cuda_error.hpp"
#endif

#if !defined(SAMEBITS_WORK_BYTES)
#define SAMEBITS_WORK_BYTES (std::int64_t{256} << 20)
#endif

#if !defined(SAMEBITS_PIECE_NUMBERS)
#define SAMEBITS_PIECE_NUMBERS (std::int64_t{1} << 22)
#endif

#if !defined(SAMEBITS_SHORT_LINKS)
#define SAMEBITS_SHORT_LINKS (std::int64_t{1} << 32)
#endif

#if !defined(SAMEBITS_ENOUGH_BLOCKS)
#define SAMEBITS_ENOUGH_BLOCKS 1024
#endif

namespace samebits::kernels {

/// Work space beside the rows.
inline constexpr std::int64_t work_bytes = SAMEBITS_WORK_BYTES;

/// Numbers of an array of the host that come to the device together, or leave it. Two such pieces are there at a time.
inline constexpr std::int64_t piece_numbers = SAMEBITS_PIECE_NUMBERS;

constexpr std::int64_t smaller(std::int64_t a, std::int64_t b) { return a < b ? a : b; }

/// Steps of a shuffle that 32 bits can number.
inline constexpr std::int64_t short_links = SAMEBITS_SHORT_LINKS;

/// Blocks that fill any device: more than these take several things each.
inline constexpr std::int64_t enough_blocks = SAMEBITS_ENOUGH_BLOCKS;

/// How many of n things, each of that many bytes, fit the work space; at least one.
constexpr std::int64_t fitting(std::int64_t n, std::int64_t bytes_each) {
  const std::int64_t most = work_bytes / bytes_each;
  return most < 1 ? 1 : smaller(most, n);
}

}  // namespace samebits::kernels
