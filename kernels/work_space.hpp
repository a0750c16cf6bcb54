// Work space on the device beside the rows. A test build makes it small, so that few rows take many batches.
#pragma once

#include <cstdint>

#if !defined(SAMEBITS_WORK_BYTES)
#define SAMEBITS_WORK_BYTES (std::int64_t{256} << 20)
#endif

namespace samebits::kernels {

inline constexpr std::int64_t work_bytes = SAMEBITS_WORK_BYTES;

/// How many of n things, each of that many bytes, fit the work space; at least one.
constexpr std::int64_t fitting(std::int64_t n, std::int64_t bytes_each) {
  const std::int64_t most = work_bytes / bytes_each;
  return most < 1 ? 1 : most < n ? most : n;
}

}  // namespace samebits::kernels
