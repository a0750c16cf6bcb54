// The formulas of the synthetic data sets.
#pragma once

#include "samebits/core/value.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

/// The blob of row i: rows are dealt out in n_blobs runs of equal length.
SAMEBITS_HD SAMEBITS_INLINE std::int64_t blob_of_row(std::int64_t i, std::int64_t n_rows, std::int64_t n_blobs) {
  return static_cast<std::int64_t>(static_cast<__uint128_t>(i) * static_cast<__uint128_t>(n_blobs) /
                                   static_cast<__uint128_t>(n_rows));
}

/// A coordinate of a row: its blob's centre, 5 apart, plus noise.
SAMEBITS_HD SAMEBITS_INLINE double blob_coordinate(double noise, std::int64_t blob) {
  return noise + 5.0 * static_cast<double>(blob);
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
