// Mixture sums for few columns: the columns are a compile-time number and everything about a row fits in registers.
#pragma once

#include "cpu/gmm_layout.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

template <int Cols>
struct gmm_narrow {
  static constexpr int n_moments = static_cast<int>(gmm_moments(Cols));

  /// Doubles per prepared component: the mean, then the packed lower triangle of the inverse factor.
  static std::int64_t component_size(std::int64_t) { return Cols + triangle_size(Cols); }

  static void pack_component(const double* mean, const double* inverse_factor, std::int64_t, double* packed) {
    for (int a = 0; a < Cols; ++a) {
      *packed++ = mean[a];
    }
    for (int a = 0; a < Cols; ++a) {
      for (int b = 0; b <= a; ++b) {
        *packed++ = inverse_factor[a * Cols + b];
      }
    }
  }

  /// Doubles of one leaf's sums per component, and while the leaf is being summed (a lane each).
  static std::int64_t sums_size(std::int64_t) { return n_moments; }
  static std::int64_t lane_sums_size(std::int64_t) { return n_moments * row_lanes; }
  static std::int64_t work_size(std::int64_t, std::int64_t) { return 0; }

  /// Rows per block: as many as keep the columns and the responsibilities in the first-level cache.
  static std::int64_t block_rows(std::int64_t n_components, std::int64_t) {
    std::int64_t rows = leaf_rows;
    while (rows > 64 && rows * (n_components + Cols) > 24 * 1024 / 8) {
      rows /= 2;
    }
    return rows;
  }

  static column_block turn(const double* rows, std::int64_t n_rows, std::int64_t, std::int64_t stride,
                           double* columns) {
    std::int64_t i = 0;
    for (; i + vec_width <= n_rows; i += vec_width) {
      vec column[Cols];
      load_rows<Cols>(rows + i * Cols, column);
      for (int b = 0; b < Cols; ++b) {
        store(columns + b * stride + i, column[b]);
      }
    }
    turn_elements(rows, i, n_rows, Cols, stride, columns);
    return {columns, stride, n_rows};
  }

  SAMEBITS_INLINE static void centred(const column_block& x, std::int64_t i, const double* mean, vec (&dx)[Cols]) {
    SAMEBITS_UNROLL
    for (int a = 0; a < Cols; ++a) {
      dx[a] = load<vec>(x.columns + a * x.stride + i) - vec(mean[a]);
    }
  }

  /// |W (x - mean)|^2 of every row of the block.
  static void distances(const column_block& x, const double* component, std::int64_t, double*, double* squared) {
    for (std::int64_t i = 0; i < x.n_rows; i += vec_width) {
      vec dx[Cols];
      centred(x, i, component, dx);
      store(squared + i, squared_mahalanobis<Cols>(dx, component + Cols));
    }
  }

  static void clear_sums(double* lane_sums, std::int64_t) {
    for (int j = 0; j < n_moments * row_lanes; ++j) {
      lane_sums[j] = empty_sum<double>();
    }
  }

  /// Adds the block's rows to one component's lane sums.
  static void add_block(const column_block& x, const double*, const double* component, const double* responsibilities,
                        std::int64_t, double*, double* lane_sums) {
    const std::int64_t n_whole = x.n_rows / row_lanes * row_lanes;
    for (int part = 0; part < row_lanes; part += vec_width) {
      vec sums[n_moments];
      SAMEBITS_UNROLL
      for (int m = 0; m < n_moments; ++m) {
        sums[m] = load<vec>(lane_sums + m * row_lanes + part);
      }
      for (std::int64_t i = part; i < n_whole; i += row_lanes) {
        vec dx[Cols];
        centred(x, i, component, dx);
        add_moments<Cols>(load<vec>(responsibilities + i), dx, sums);
      }
      SAMEBITS_UNROLL
      for (int m = 0; m < n_moments; ++m) {
        store(lane_sums + m * row_lanes + part, sums[m]);
      }
    }
    for (std::int64_t i = n_whole; i < x.n_rows; ++i) {
      add_row(x, i, component, responsibilities[i], lane_sums + (i - n_whole));
    }
  }

  static void fold_sums(const double* lane_sums, std::int64_t, double* sums) {
    for (int m = 0; m < n_moments; ++m) {
      sums[m] = fold_lanes(lane_sums + m * row_lanes);
    }
  }

  static void unpack_sums(const double* sums, std::int64_t, double* sum_0, double* sum_1, double* sum_2) {
    *sum_0 = *sums++;
    for (int a = 0; a < Cols; ++a) {
      sum_1[a] = *sums++;
    }
    for (int a = 0; a < Cols; ++a) {
      for (int b = 0; b <= a; ++b) {
        sum_2[a * Cols + b] = *sums++;
      }
    }
  }

 private:
  /// One row into one lane: the rows after the last whole group.
  static void add_row(const column_block& x, std::int64_t i, const double* mean, double responsibility, double* lane) {
    double dx[Cols];
    for (int a = 0; a < Cols; ++a) {
      dx[a] = x.columns[a * x.stride + i] - mean[a];
    }
    double sums[n_moments];
    for (int m = 0; m < n_moments; ++m) {
      sums[m] = lane[m * row_lanes];
    }
    add_moments<Cols>(responsibility, dx, sums);
    for (int m = 0; m < n_moments; ++m) {
      lane[m * row_lanes] = sums[m];
    }
  }
};

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
