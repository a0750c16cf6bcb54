// What one leaf of the mixture sums looks like in the CPU backend's memory, and the loop sizes.
#pragma once

#include "cpu/pack.hpp"
#include "samebits/core/gmm.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

using vec = pack<double>;
inline constexpr int vec_width = value_traits<vec>::width;
inline constexpr int row_lanes = lanes<double>;

constexpr std::int64_t round_up(std::int64_t n, std::int64_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

/// A block of rows turned on its side: column b of row i at columns[b * stride + i], rows padded to a whole group of
/// lanes with copies of the last one, so that SIMD may run over the padding.
struct column_block {
  const double* columns;
  std::int64_t stride;
  std::int64_t n_rows;
};

/// Turns rows first .. n_rows - 1 of a block on their side, one element at a time, and fills the padding.
inline void turn_elements(const double* rows, std::int64_t first, std::int64_t n_rows, std::int64_t n_cols,
                          std::int64_t stride, double* columns) {
  for (std::int64_t b = 0; b < n_cols; ++b) {
    double* const column = columns + b * stride;
    for (std::int64_t i = first; i < n_rows; ++i) {
      column[i] = rows[i * n_cols + b];
    }
    for (std::int64_t i = n_rows; i < round_up(n_rows, row_lanes); ++i) {
      column[i] = rows[(n_rows - 1) * n_cols + b];
    }
  }
}

/// Adds the lanes of `value` that belong to rows (the last group of a block may have fewer) to their lane sums.
SAMEBITS_INLINE void add_to_lanes(vec value, std::int64_t n_valid, double* lane_sums) {
  if (n_valid >= vec_width) {
    store(lane_sums, load<vec>(lane_sums) + value);
    return;
  }
  double values[vec_width];
  store(values, value);
  for (std::int64_t j = 0; j < n_valid; ++j) {
    lane_sums[j] = lane_sums[j] + values[j];
  }
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
