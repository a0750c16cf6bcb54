// What one leaf of the mixture sums looks like in the CPU backend's memory, and the loop sizes. T is the type of the
// rows.
#pragma once

#include "cpu/memory_plan.hpp"
#include "cpu/pack.hpp"
#include "samebits/core/gmm.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

template <class T>
inline constexpr int vec_width = value_traits<pack<T>>::width;

/// A block of rows turned on its side: column b of row i at columns[b * stride + i], rows padded to a whole group of
/// lanes with copies of the last one, so that SIMD may run over the padding.
template <class T>
struct column_block {
  const T* columns;
  std::int64_t stride;
  std::int64_t n_rows;
  std::int64_t n_cols;
};

/// Turns rows first .. n_rows - 1 of a column on their side, one element at a time, and fills the padding. Its first
/// element is at `rows`, and a row takes row_size elements.
template <class T>
void turn_column(const T* rows, std::int64_t first, std::int64_t n_rows, std::int64_t row_size, T* column) {
  for (std::int64_t i = first; i < n_rows; ++i) {
    column[i] = rows[i * row_size];
  }
  for (std::int64_t i = n_rows; i < round_up(n_rows, lanes<T>); ++i) {
    column[i] = rows[(n_rows - 1) * row_size];
  }
}

/// Turns a block of any number of columns on its side.
template <class T>
void turn_rows(const T* rows, std::int64_t n_rows, std::int64_t n_cols, std::int64_t stride, T* columns) {
  constexpr int n_together = turned_cols<T>;
  const std::int64_t cols_in_groups = n_cols / n_together * n_together;
  const std::int64_t rows_in_vecs = n_rows / vec_width<T> * vec_width<T>;
  for (std::int64_t i = 0; i < rows_in_vecs; i += vec_width<T>) {
    for (std::int64_t b = 0; b < cols_in_groups; b += n_together) {
      pack<T> group[n_together];
      load_turned<T>(rows + i * n_cols + b, n_cols, group);
      SAMEBITS_UNROLL
      for (int j = 0; j < n_together; ++j) {
        store(columns + (b + j) * stride + i, group[j]);
      }
    }
  }
  for (std::int64_t b = 0; b < n_cols; ++b) {
    turn_column(rows + b, b < cols_in_groups ? rows_in_vecs : 0, n_rows, n_cols, columns + b * stride);
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
  constexpr int n_vecs = lanes<T> / vec_width<T>;
  pack<T> sums[n_vecs];  // in registers: every step waits for the one before it
  for (int v = 0; v < n_vecs; ++v) {
    sums[v] = load<pack<T>>(lane_sums + v * vec_width<T>);
  }
  std::int64_t i = 0;
  for (; i + lanes<T> <= n_rows; i += lanes<T>) {
    SAMEBITS_UNROLL
    for (int v = 0; v < n_vecs; ++v) {
      sums[v] = sums[v] + load<pack<T>>(responsibilities + i + v * vec_width<T>);
    }
  }
  for (int v = 0; v < n_vecs; ++v) {
    store(lane_sums + v * vec_width<T>, sums[v]);
  }
  for (; i < n_rows; ++i) {
    lane_sums[i % lanes<T>] = lane_sums[i % lanes<T>] + responsibilities[i];
  }
}

/// The row's next columns, zeros after its end.
template <class T>
SAMEBITS_INLINE pack<T> load_columns(const T* row, std::int64_t n_left) {
  return n_left >= vec_width<T> ? load<pack<T>>(row) : load_first<pack<T>>(row, n_left);
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
