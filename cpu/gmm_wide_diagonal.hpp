// Mixture sums for many columns with diagonal covariances. As in gmm_wide, the E-step runs SIMD across rows and the
// M-step across columns, and every sum is one chain.
#pragma once

#include "cpu/gmm_layout.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

template <class T>
struct gmm_wide_diagonal {
  using value_type = T;
  using vec = pack<T>;
  static constexpr bool takes_whole_leaves = true;
  static constexpr int width = vec_width<T>;
  /// Vectors of rows that share a mean and a scale in the E-step, and of columns with sums in registers in the M-step.
  static constexpr int row_vecs = 4;
  static constexpr int column_vecs = 4;

  static std::int64_t padded(std::int64_t cols) { return round_up(cols, lanes<T>); }

  /// The mean, then the scales.
  static std::int64_t component_size(std::int64_t cols) { return 2 * padded(cols); }

  static void pack_component(const double* mean, const double* scales, std::int64_t cols, T* packed) {
    const std::int64_t n = padded(cols);
    for (std::int64_t a = 0; a < n; ++a) {
      packed[a] = a < cols ? static_cast<T>(mean[a]) : T(0);
      packed[n + a] = a < cols ? static_cast<T>(scales[a]) : T(0);
    }
  }

  /// S0 (a lane per row lane while summing, folded to the first), S1, S2.
  static std::int64_t lane_sums_size(std::int64_t cols) { return lanes<T> + component_size(cols); }
  static std::int64_t sums_size(std::int64_t cols) { return 1 + component_size(cols); }
  static std::int64_t work_size(std::int64_t, std::int64_t) { return 0; }

  /// Rows per block: as many as keep their columns in the second-level cache.
  static std::int64_t block_rows(std::int64_t, std::int64_t cols) {
    return cols * static_cast<std::int64_t>(sizeof(T)) <= 512 ? 256 : 128;
  }

  static void turn(const T* rows, std::int64_t n_rows, std::int64_t cols, std::int64_t stride, T* columns) {
    turn_rows(rows, n_rows, cols, stride, columns);
  }

  static void distances(const column_block<T>& x, const T* component, std::int64_t cols, T*, T* squared) {
    const std::int64_t n_vecs = round_up(x.n_rows, lanes<T>) / width;
    std::int64_t i = 0;
    for (; i + row_vecs <= n_vecs; i += row_vecs) {
      distances_of_rows<row_vecs>(x, i * width, component, cols, squared);
    }
    for (; i < n_vecs; ++i) {
      distances_of_rows<1>(x, i * width, component, cols, squared);
    }
  }

  static void add_block(const column_block<T>& x, const T* rows, const T* component, const T* responsibilities,
                        std::int64_t cols, T*, T* sums) {
    add_responsibilities(responsibilities, x.n_rows, sums);
    T* const sum_1 = sums + lanes<T>;
    T* const sum_2 = sum_1 + padded(cols);
    std::int64_t b = 0;
    for (; b + column_vecs * width <= cols; b += column_vecs * width) {
      add_columns<column_vecs>(rows + b, x.n_rows, cols, cols - b, component + b, responsibilities, sum_1 + b,
                               sum_2 + b);
    }
    for (; b < cols; b += width) {
      add_columns<1>(rows + b, x.n_rows, cols, cols - b, component + b, responsibilities, sum_1 + b, sum_2 + b);
    }
  }

  static void fold_sums(const T* lane_sums, std::int64_t cols, double* sums) {
    sums[0] = static_cast<double>(fold_lanes(lane_sums));
    for (std::int64_t j = 0; j < component_size(cols); ++j) {
      sums[1 + j] = static_cast<double>(lane_sums[lanes<T> + j]);
    }
  }

  static void unpack_sums(const double* sums, std::int64_t cols, double* sum_0, double* sum_1, double* sum_2) {
    *sum_0 = sums[0];
    for (std::int64_t a = 0; a < cols; ++a) {
      sum_1[a] = sums[1 + a];
      sum_2[a] = sums[1 + padded(cols) + a];
    }
  }

 private:
  template <int Vecs>
  static void distances_of_rows(const column_block<T>& x, std::int64_t i, const T* component, std::int64_t cols,
                                T* squared) {
    const T* const scales = component + padded(cols);
    vec distance[Vecs];
    SAMEBITS_UNROLL
    for (int v = 0; v < Vecs; ++v) {
      distance[v] = empty_sum<vec>();
    }
    for (std::int64_t b = 0; b < cols; ++b) {
      const vec mean(component[b]);
      const vec scale(scales[b]);
      const T* const column = x.columns + b * x.stride + i;
      SAMEBITS_UNROLL
      for (int v = 0; v < Vecs; ++v) {
        distance[v] = add_scaled_square(load<vec>(column + v * width) - mean, scale, distance[v]);
      }
    }
    SAMEBITS_UNROLL
    for (int v = 0; v < Vecs; ++v) {
      store(squared + i + v * width, distance[v]);
    }
  }

  /// Vecs vectors of columns; only the last of a row may be cut short by its end.
  template <int Vecs>
  static void add_columns(const T* rows, std::int64_t n_rows, std::int64_t stride, std::int64_t n_cols_left,
                          const T* means, const T* responsibilities, T* sums_1, T* sums_2) {
    vec mean[Vecs];
    vec sum_1[Vecs];
    vec sum_2[Vecs];
    SAMEBITS_UNROLL
    for (int v = 0; v < Vecs; ++v) {
      mean[v] = load<vec>(means + v * width);
      sum_1[v] = load<vec>(sums_1 + v * width);
      sum_2[v] = load<vec>(sums_2 + v * width);
    }
    for (std::int64_t i = 0; i < n_rows; ++i) {
      const vec responsibility(responsibilities[i]);
      SAMEBITS_UNROLL
      for (int v = 0; v < Vecs; ++v) {
        const vec dx = load_columns<T>(rows + i * stride + v * width, n_cols_left - v * width) - mean[v];
        const vec weighted = responsibility * dx;
        sum_1[v] = sum_1[v] + weighted;
        sum_2[v] = chain(weighted, dx, sum_2[v]);
      }
    }
    SAMEBITS_UNROLL
    for (int v = 0; v < Vecs; ++v) {
      store(sums_1 + v * width, sum_1[v]);
      store(sums_2 + v * width, sum_2[v]);
    }
  }
};

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
