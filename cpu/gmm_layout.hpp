// What one leaf of the mixture sums looks like in the CPU backend's memory, and the loop sizes. T is the type of the
// rows.
#pragma once

#include "cpu/pack.hpp"
#include "samebits/core/gmm.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

template <class T>
inline constexpr int vec_width = value_traits<pack<T>>::width;

constexpr std::int64_t round_up(std::int64_t n, std::int64_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

/// A block of rows turned on its side: column b of row i at columns[b * stride + i], rows padded to a whole group of
/// lanes with copies of the last one, so that SIMD may run over the padding.
template <class T>
struct column_block {
  const T* columns;
  std::int64_t stride;
  std::int64_t n_rows;
  std::int64_t n_cols;
};

/// Turns rows first .. n_rows - 1 of a block on their side, one element at a time, and fills the padding.
template <class T>
void turn_elements(const T* rows, std::int64_t first, std::int64_t n_rows, std::int64_t n_cols, std::int64_t stride,
                   T* columns) {
  for (std::int64_t b = 0; b < n_cols; ++b) {
    T* const column = columns + b * stride;
    for (std::int64_t i = first; i < n_rows; ++i) {
      column[i] = rows[i * n_cols + b];
    }
    for (std::int64_t i = n_rows; i < round_up(n_rows, lanes<T>); ++i) {
      column[i] = rows[(n_rows - 1) * n_cols + b];
    }
  }
}

/// Adds the lanes of `value` that belong to rows (the last group of a block may have fewer) to their lane sums.
template <class T>
SAMEBITS_INLINE void add_to_lanes(pack<T> value, std::int64_t n_valid, T* lane_sums) {
  if (n_valid >= vec_width<T>) {
    store(lane_sums, load<pack<T>>(lane_sums) + value);
    return;
  }
  T values[vec_width<T>];
  store(values, value);
  for (std::int64_t j = 0; j < n_valid; ++j) {
    lane_sums[j] = lane_sums[j] + values[j];
  }
}

/// The sum of S0 in the wide orders: responsibilities of a block into their lanes.
template <class T>
void add_responsibilities(const T* responsibilities, std::int64_t n_rows, T* lane_sums) {
  for (std::int64_t i = 0; i < n_rows; i += vec_width<T>) {
    add_to_lanes<T>(load<pack<T>>(responsibilities + i), n_rows - i, lane_sums + i % lanes<T>);
  }
}

/// The row's next columns, zeros after its end.
template <class T>
SAMEBITS_INLINE pack<T> load_columns(const T* row, std::int64_t n_left) {
  return n_left >= vec_width<T> ? load<pack<T>>(row) : load_first<pack<T>>(row, n_left);
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
