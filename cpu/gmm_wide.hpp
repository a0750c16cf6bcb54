// Mixture sums for many columns: matrix-product micro-kernels over register tiles, triangles only.
//
// The E-step runs SIMD across rows, on the block turned on its side; the M-step runs SIMD across columns, on the rows
// as they lie. In both, an output element is one fma chain, so tile shapes and block sizes do not touch the bits.
#pragma once

#include "cpu/gmm_layout.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

template <class T>
struct gmm_wide {
  using value_type = T;
  using vec = pack<T>;
  static constexpr bool takes_whole_leaves = true;
  static constexpr int width = vec_width<T>;
  /// Rows and columns of matrices are stored in blocks of this many, whatever the SIMD width.
  static constexpr int block = lanes<T>;
  /// Register tiles: tile_rows x 3 vectors of sums, and room for what is multiplied.
  static constexpr int tile_rows = width == block ? 8 : 4;
  static constexpr int tile_vecs = width == 1 ? 2 : 3;
  /// Vectors of columns whose first moments are in registers together.
  static constexpr int column_vecs = width == 1 ? 8 : 4;

  static std::int64_t padded(std::int64_t cols) { return round_up(cols, block); }
  /// Numbers of a lower triangle stored as blocks of rows, block number p with block (p + 1) columns.
  static std::int64_t packed_triangle(std::int64_t padded_cols) {
    const std::int64_t n_blocks = padded_cols / block;
    return block * block * triangle_size(n_blocks);
  }
  static std::int64_t block_offset(std::int64_t p) { return block * block * triangle_size(p); }

  static std::int64_t component_size(std::int64_t cols) { return padded(cols) + packed_triangle(padded(cols)); }

  /// The mean, then the inverse factor: per block of rows, column after column, the rows of the block beside each
  /// other.
  static void pack_component(const double* mean, const double* inverse_factor, std::int64_t cols, T* packed) {
    const std::int64_t n = padded(cols);
    for (std::int64_t a = 0; a < n; ++a) {
      packed[a] = a < cols ? static_cast<T>(mean[a]) : T(0);
    }
    packed += n;
    for (std::int64_t a0 = 0; a0 < n; a0 += block) {
      for (std::int64_t b = 0; b < a0 + block; ++b) {
        for (std::int64_t a = a0; a < a0 + block; ++a) {
          *packed++ = a < cols && b <= a ? static_cast<T>(inverse_factor[a * cols + b]) : T(0);
        }
      }
    }
  }

  /// S0 (a lane per row lane while summing, folded to the first), S1, packed S2.
  static std::int64_t lane_sums_size(std::int64_t cols) { return lanes<T> + component_size(cols); }
  static std::int64_t sums_size(std::int64_t cols) { return 1 + component_size(cols); }
  /// Two blocks of rows: differences, and differences times responsibilities.
  static std::int64_t work_size(std::int64_t block_rows, std::int64_t cols) { return 2 * block_rows * padded(cols); }

  static std::int64_t block_rows(std::int64_t, std::int64_t cols) {
    return cols * static_cast<std::int64_t>(sizeof(T)) <= 512 ? 192 : 96;
  }

  static void turn(const T* rows, std::int64_t n_rows, std::int64_t cols, std::int64_t stride, T* columns) {
    turn_elements(rows, 0, n_rows, cols, stride, columns);
  }

  /// |W (x - mean)|^2 of every row of the block. The padding of W adds nothing: z = 0 there.
  static void distances(const column_block<T>& x, const T* component, std::int64_t cols, T* work, T* squared) {
    const std::int64_t n = padded(cols);
    const std::int64_t n_padded_rows = round_up(x.n_rows, lanes<T>);
    for (std::int64_t b = 0; b < cols; ++b) {
      const vec mean(component[b]);
      for (std::int64_t i = 0; i < n_padded_rows; i += width) {
        store(work + b * x.stride + i, load<vec>(x.columns + b * x.stride + i) - mean);
      }
    }
    for (std::int64_t i = cols * x.stride; i < n * x.stride; ++i) {
      work[i] = T(0);
    }
    const std::int64_t n_vecs = n_padded_rows / width;
    for (std::int64_t i = 0; i < n_vecs;) {
      const std::int64_t left = n_vecs - i;
      // Two tiles of two beat one of three and one of one.
      const std::int64_t taken = left >= tile_vecs && left != tile_vecs + 1 ? tile_vecs : (left >= 2 ? 2 : 1);
      const T* const dx = work + i * width;
      T* const out = squared + i * width;
      if (taken == 3) {
        distances_of_tile<3>(component + n, dx, x.stride, n, out);
      } else if (taken == 2) {
        distances_of_tile<2>(component + n, dx, x.stride, n, out);
      } else {
        distances_of_tile<1>(component + n, dx, x.stride, n, out);
      }
      i += taken;
    }
  }

  /// Adds the block's rows, row-major at `rows`, to one component's sums.
  static void add_block(const column_block<T>& x, const T* rows, const T* component, const T* responsibilities,
                        std::int64_t cols, T* work, T* sums) {
    add_responsibilities(responsibilities, x.n_rows, sums);
    const std::int64_t n = padded(cols);
    T* const dx = work;
    T* const weighted = work + x.stride * n;
    T* const sum_1 = sums + lanes<T>;
    for (std::int64_t b = 0; b < n;) {
      const bool is_group = b + column_vecs * width <= n;
      const auto add = is_group ? add_first_moments<column_vecs> : add_first_moments<1>;
      add(rows + b, x.n_rows, cols, cols - b, component + b, responsibilities, n, dx + b, weighted + b, sum_1 + b);
      b += (is_group ? column_vecs : 1) * width;
    }
    for (std::int64_t a = 0; a < n; a += tile_rows) {
      const std::int64_t a0 = a / block * block;  // the row's storage block
      const std::int64_t sum_2_stride = a0 + block;
      T* const sum_2 = sum_1 + n + block_offset(a0 / block) + (a - a0) * sum_2_stride;
      const std::int64_t n_vecs = (a + tile_rows + width - 1) / width;
      for (std::int64_t v = 0; v < n_vecs;) {
        const std::int64_t left = n_vecs - v;
        const std::int64_t b = v * width;
        if (left >= tile_vecs && tile_vecs == 3 && left != 4) {
          add_second_moments<3>(weighted + a, dx + b, x.n_rows, n, sum_2 + b, sum_2_stride);
          v += 3;
        } else if (left >= 2) {
          add_second_moments<2>(weighted + a, dx + b, x.n_rows, n, sum_2 + b, sum_2_stride);
          v += 2;
        } else {
          add_second_moments<1>(weighted + a, dx + b, x.n_rows, n, sum_2 + b, sum_2_stride);
          v += 1;
        }
      }
    }
  }

  static void fold_sums(const T* lane_sums, std::int64_t cols, double* sums) {
    sums[0] = static_cast<double>(fold_lanes(lane_sums));
    for (std::int64_t j = 0; j < component_size(cols); ++j) {
      sums[1 + j] = static_cast<double>(lane_sums[lanes<T> + j]);
    }
  }

  static void unpack_sums(const double* sums, std::int64_t cols, double* sum_0, double* sum_1, double* sum_2) {
    const std::int64_t n = padded(cols);
    *sum_0 = sums[0];
    for (std::int64_t a = 0; a < cols; ++a) {
      sum_1[a] = sums[1 + a];
      const std::int64_t a0 = a / block * block;
      const double* const row = sums + 1 + n + block_offset(a0 / block) + (a - a0) * (a0 + block);
      for (std::int64_t b = 0; b <= a; ++b) {
        sum_2[a * cols + b] = row[b];
      }
    }
  }

 private:
  template <int Vecs>
  static void distances_of_tile(const T* factor, const T* dx, std::int64_t stride, std::int64_t n, T* squared) {
    vec distance[Vecs];
    for (int v = 0; v < Vecs; ++v) {
      distance[v] = empty_sum<vec>();
    }
    for (std::int64_t a0 = 0; a0 < n; a0 += block) {
      for (int within = 0; within < block; within += tile_rows) {
        add_tile_distances<Vecs>(factor + block_offset(a0 / block) + within, a0 + within, dx, stride, distance);
      }
    }
    for (int v = 0; v < Vecs; ++v) {
      store(squared + v * width, distance[v]);
    }
  }

  /// Rows a .. a + tile_rows - 1 of z = W dx, and their squares into the distances. `factor` holds a block of rows per
  /// column.
  template <int Vecs>
  SAMEBITS_INLINE static void add_tile_distances(const T* factor, std::int64_t a, const T* dx, std::int64_t stride,
                                                 vec (&distance)[Vecs]) {
    vec z[tile_rows][Vecs];
    SAMEBITS_UNROLL
    for (int i = 0; i < tile_rows; ++i) {
      SAMEBITS_UNROLL
      for (int v = 0; v < Vecs; ++v) {
        z[i][v] = empty_sum<vec>();
      }
    }
    for (std::int64_t b = 0; b < a; ++b) {
      vec x[Vecs];
      SAMEBITS_UNROLL
      for (int v = 0; v < Vecs; ++v) {
        x[v] = load<vec>(dx + b * stride + v * width);
      }
      SAMEBITS_UNROLL
      for (int i = 0; i < tile_rows; ++i) {
        const vec w(factor[b * block + i]);
        SAMEBITS_UNROLL
        for (int v = 0; v < Vecs; ++v) {
          z[i][v] = chain(w, x[v], z[i][v]);
        }
      }
    }
    // The triangle on the diagonal.
    SAMEBITS_UNROLL
    for (int bb = 0; bb < tile_rows; ++bb) {
      const std::int64_t b = a + bb;
      SAMEBITS_UNROLL
      for (int i = bb; i < tile_rows; ++i) {
        const vec w(factor[b * block + i]);
        SAMEBITS_UNROLL
        for (int v = 0; v < Vecs; ++v) {
          z[i][v] = chain(w, load<vec>(dx + b * stride + v * width), z[i][v]);
        }
      }
    }
    SAMEBITS_UNROLL
    for (int i = 0; i < tile_rows; ++i) {
      SAMEBITS_UNROLL
      for (int v = 0; v < Vecs; ++v) {
        distance[v] = chain(z[i][v], z[i][v], distance[v]);
      }
    }
  }

  /// Vectors of columns: differences, weighted differences, and the chains of the first moments. A row's vectors lie
  /// together, so that memory is written line after line.
  template <int Vecs>
  static void add_first_moments(const T* rows, std::int64_t n_rows, std::int64_t stride, std::int64_t n_cols_left,
                                const T* means, const T* responsibilities, std::int64_t n, T* dx, T* weighted,
                                T* sum_1) {
    vec mean[Vecs];
    vec sums[Vecs];
    SAMEBITS_UNROLL
    for (int v = 0; v < Vecs; ++v) {
      mean[v] = load<vec>(means + v * width);
      sums[v] = load<vec>(sum_1 + v * width);
    }
    for (std::int64_t i = 0; i < n_rows; ++i) {
      const vec responsibility(responsibilities[i]);
      SAMEBITS_UNROLL
      for (int v = 0; v < Vecs; ++v) {
        const vec difference = load_columns<T>(rows + i * stride + v * width, n_cols_left - v * width) - mean[v];
        const vec product = responsibility * difference;
        store(dx + i * n + v * width, difference);
        store(weighted + i * n + v * width, product);
        sums[v] = sums[v] + product;
      }
    }
    SAMEBITS_UNROLL
    for (int v = 0; v < Vecs; ++v) {
      store(sum_1 + v * width, sums[v]);
    }
  }

  /// tile_rows x Vecs sums: S2 += (r dx) dx^T over the rows of the block.
  template <int Vecs>
  static void add_second_moments(const T* weighted, const T* dx, std::int64_t n_rows, std::int64_t n, T* sum_2,
                                 std::int64_t stride) {
    vec sums[tile_rows][Vecs];
    SAMEBITS_UNROLL
    for (int i = 0; i < tile_rows; ++i) {
      SAMEBITS_UNROLL
      for (int v = 0; v < Vecs; ++v) {
        sums[i][v] = load<vec>(sum_2 + i * stride + v * width);
      }
    }
    for (std::int64_t row = 0; row < n_rows; ++row) {
      vec y[Vecs];
      SAMEBITS_UNROLL
      for (int v = 0; v < Vecs; ++v) {
        y[v] = load<vec>(dx + row * n + v * width);
      }
      SAMEBITS_UNROLL
      for (int i = 0; i < tile_rows; ++i) {
        const vec x(weighted[row * n + i]);
        SAMEBITS_UNROLL
        for (int v = 0; v < Vecs; ++v) {
          sums[i][v] = chain(x, y[v], sums[i][v]);
        }
      }
    }
    SAMEBITS_UNROLL
    for (int i = 0; i < tile_rows; ++i) {
      SAMEBITS_UNROLL
      for (int v = 0; v < Vecs; ++v) {
        store(sum_2 + i * stride + v * width, sums[i][v]);
      }
    }
  }
};

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
