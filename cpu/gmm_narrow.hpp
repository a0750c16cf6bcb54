// Mixture sums for few columns: the columns are a compile-time number and everything about a row fits in registers.
#pragma once

#include "cpu/gmm_layout.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

template <class T, class Shape, int Cols>
struct gmm_narrow {
  using value_type = T;
  using vec = pack<T>;
  static constexpr bool takes_whole_leaves = false;
  static constexpr int n_moments = static_cast<int>(gmm_moments<Shape>(Cols));

  /// Numbers per prepared component: the mean, then the packed inverse factor.
  static std::int64_t component_size(std::int64_t) { return Cols + Shape::size(Cols); }

  static void pack_component(const double* mean, const double* inverse_factor, std::int64_t, T* packed) {
    for (int a = 0; a < Cols; ++a) {
      *packed++ = static_cast<T>(mean[a]);
    }
    for (int a = 0; a < Cols; ++a) {
      if constexpr (Shape::is_diagonal) {
        *packed++ = static_cast<T>(inverse_factor[a]);
      } else {
        for (int b = 0; b <= a; ++b) {
          *packed++ = static_cast<T>(inverse_factor[a * Cols + b]);
        }
      }
    }
  }

  /// Doubles of one leaf's sums per component, and numbers while the leaf is being summed (a lane each).
  static std::int64_t sums_size(std::int64_t) { return n_moments; }
  static std::int64_t lane_sums_size(std::int64_t) { return n_moments * lanes<T>; }
  static std::int64_t work_size(std::int64_t, std::int64_t) { return 0; }

  /// Rows per block: as many as keep the columns and the responsibilities in the first-level cache.
  static std::int64_t block_rows(std::int64_t n_components, std::int64_t) {
    constexpr std::int64_t fitting = 24 * 1024 / sizeof(T);
    std::int64_t rows = leaf_rows;
    while (rows > 64 && rows * (n_components + Cols) > fitting) {
      rows /= 2;
    }
    return rows;
  }

  static void turn(const T* rows, std::int64_t n_rows, std::int64_t, std::int64_t stride, T* columns) {
    std::int64_t i = 0;
    for (; i + vec_width<T> <= n_rows; i += vec_width<T>) {
      vec column[Cols];
      load_rows<Cols, T>(rows + i * Cols, column);
      for (int b = 0; b < Cols; ++b) {
        store(columns + b * stride + i, column[b]);
      }
    }
    for (int b = 0; b < Cols; ++b) {
      turn_column(rows + b, i, n_rows, Cols, columns + b * stride);
    }
  }

  SAMEBITS_INLINE static void centred(const column_block<T>& x, std::int64_t i, const T* mean, vec (&dx)[Cols]) {
    SAMEBITS_UNROLL
    for (int a = 0; a < Cols; ++a) {
      dx[a] = load<vec>(x.columns + a * x.stride + i) - vec(mean[a]);
    }
  }

  /// |W (x - mean)|^2 of every row of the block.
  static void distances(const column_block<T>& x, const T* component, std::int64_t, T*, T* squared) {
    for (std::int64_t i = 0; i < x.n_rows; i += vec_width<T>) {
      vec dx[Cols];
      centred(x, i, component, dx);
      store(squared + i, Shape::template squared_distance<Cols>(dx, component + Cols));
    }
  }

  /// Adds the block's rows to one component's lane sums.
  static void add_block(const column_block<T>& x, const T*, const T* component, const T* responsibilities, std::int64_t,
                        T*, T* lane_sums) {
    const std::int64_t n_whole = x.n_rows / lanes<T> * lanes<T>;
    for (int part = 0; part < lanes<T>; part += vec_width<T>) {
      vec sums[n_moments];
      SAMEBITS_UNROLL
      for (int m = 0; m < n_moments; ++m) {
        sums[m] = load<vec>(lane_sums + m * lanes<T> + part);
      }
      for (std::int64_t i = part; i < n_whole; i += lanes<T>) {
        vec dx[Cols];
        centred(x, i, component, dx);
        add_moments<Shape, Cols>(load<vec>(responsibilities + i), dx, sums);
      }
      SAMEBITS_UNROLL
      for (int m = 0; m < n_moments; ++m) {
        store(lane_sums + m * lanes<T> + part, sums[m]);
      }
    }
    for (std::int64_t i = n_whole; i < x.n_rows; ++i) {
      add_row(x, i, component, responsibilities[i], lane_sums + (i - n_whole));
    }
  }

  static void fold_sums(const T* lane_sums, std::int64_t, double* sums) {
    for (int m = 0; m < n_moments; ++m) {
      sums[m] = static_cast<double>(fold_lanes(lane_sums + m * lanes<T>));
    }
  }

  static void unpack_sums(const double* sums, std::int64_t, double* sum_0, double* sum_1, double* sum_2) {
    *sum_0 = *sums++;
    for (int a = 0; a < Cols; ++a) {
      sum_1[a] = *sums++;
    }
    for (int a = 0; a < Cols; ++a) {
      if constexpr (Shape::is_diagonal) {
        sum_2[a] = *sums++;
      } else {
        for (int b = 0; b <= a; ++b) {
          sum_2[a * Cols + b] = *sums++;
        }
      }
    }
  }

 private:
  /// One row into one lane: the rows after the last whole group.
  static void add_row(const column_block<T>& x, std::int64_t i, const T* mean, T responsibility, T* lane) {
    T dx[Cols];
    for (int a = 0; a < Cols; ++a) {
      dx[a] = x.columns[a * x.stride + i] - mean[a];
    }
    T sums[n_moments];
    for (int m = 0; m < n_moments; ++m) {
      sums[m] = lane[m * lanes<T>];
    }
    add_moments<Shape, Cols>(responsibility, dx, sums);
    for (int m = 0; m < n_moments; ++m) {
      lane[m * lanes<T>] = sums[m];
    }
  }
};

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
