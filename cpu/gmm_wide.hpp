// Mixture sums for many columns: matrix-product micro-kernels over register tiles, triangles only.
//
// The E-step runs SIMD across rows, on the block turned on its side; the M-step runs SIMD across columns, on the rows
// as they lie. In both, an output element is one fma chain, so tile shapes and block sizes do not touch the bits.
#pragma once

#include <type_traits>

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
  /// Register tiles: tile_rows x tile_vecs vectors of sums, and room for what is multiplied.
  static constexpr int tile_rows = width == block ? 8 : 4;
  static constexpr int tile_vecs = width == 1 ? 4 : 3;
  /// Tiles of one vector, on the diagonal, have as many rows as the vector has columns, for more chains side by side.
  static constexpr int rows_of_tile(std::int64_t vecs) { return vecs == 1 && width > tile_rows ? width : tile_rows; }
  /// The M-step goes by panels of columns, as wide as a tile.
  static constexpr int panel_cols = tile_vecs * width;

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
  /// A panel's differences, and all differences times responsibilities. What a tile of the E-step needs is less.
  static std::int64_t work_size(std::int64_t block_rows, std::int64_t cols) {
    return block_rows * (panel_cols + padded(cols));
  }

  /// A panel's differences stay in the first-level cache, with the weighted ones that a tile meets.
  static std::int64_t block_rows(std::int64_t, std::int64_t) { return 128; }

  static void turn(const T* rows, std::int64_t n_rows, std::int64_t cols, std::int64_t stride, T* columns) {
    turn_rows(rows, n_rows, cols, stride, columns);
  }

  /// |W (x - mean)|^2 of every row of the block.
  static void distances(const column_block<T>& x, const T* component, std::int64_t cols, T* work, T* squared) {
    const std::int64_t n_vecs = round_up(x.n_rows, lanes<T>) / width;
    for (std::int64_t i = 0; i < n_vecs;) {
      const std::int64_t left = n_vecs - i;
      // Two tiles of two beat one of three and one of one.
      const std::int64_t taken = left >= tile_vecs && left != tile_vecs + 1 ? tile_vecs : (left >= 2 ? 2 : 1);
      with_vecs(taken, [&](auto vecs) {
        distances_of_tile<vecs>(x.columns + i * width, x.stride, component, cols, work, squared + i * width);
      });
      i += taken;
    }
  }

  /// Adds the block's rows, row-major at `rows`, to one component's sums. Panels of columns from the last to the first:
  /// a panel meets the columns at and behind it, and only its own differences have to stay in the first-level cache.
  static void add_block(const column_block<T>& x, const T* rows, const T* component, const T* responsibilities,
                        std::int64_t cols, T* work, T* sums) {
    add_responsibilities(responsibilities, x.n_rows, sums);
    const std::int64_t n = padded(cols);
    T* const dx = work;
    T* const weighted = work + x.stride * panel_cols;
    T* const sum_1 = sums + lanes<T>;
    T* const sum_2 = sum_1 + n;
    for (std::int64_t b = (n - 1) / panel_cols * panel_cols; b >= 0; b -= panel_cols) {
      const std::int64_t vecs = n - b >= panel_cols ? tile_vecs : (n - b) / width;
      with_vecs(vecs, [&](auto n_vecs) {
        add_first_moments<n_vecs>({rows + b, x.n_rows, cols, b, cols - b}, component + b, responsibilities, x.stride,
                                  dx, weighted, sum_1 + b);
      });
      for (std::int64_t a = b; a < n;) {
        const std::int64_t a0 = a / block * block;  // the row's storage block
        T* const tile = sum_2 + block_offset(a0 / block) + (a - a0) * (a0 + block) + b;
        const std::int64_t in_triangle = (a + tile_rows - b + width - 1) / width;
        const std::int64_t taken = in_triangle < vecs ? in_triangle : vecs;
        with_vecs(taken, [&](auto n_vecs) {
          add_second_moments<rows_of_tile(n_vecs), n_vecs>(weighted + weighted_offset(a, x.stride), dx, vecs * width,
                                                           x.n_rows, tile, a0 + block);
        });
        a += rows_of_tile(taken);
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
  /// The rows of a block in a panel's columns.
  struct row_panel {
    const T* rows;
    std::int64_t n_rows;
    std::int64_t stride;  // from row to row
    std::int64_t first;   // column
    std::int64_t left;    // columns from there to the end
  };

  /// f(n) with a number of vectors that is known when f is compiled: tile_vecs, 2 or 1.
  template <class Function>
  SAMEBITS_INLINE static void with_vecs(std::int64_t n, const Function& f) {
    if (n == tile_vecs) {
      f(std::integral_constant<int, tile_vecs>());
    } else if (n == 2) {
      f(std::integral_constant<int, 2>());
    } else {
      f(std::integral_constant<int, 1>());
    }
  }

  /// Where column a of the weighted differences starts: they lie in blocks of columns, row after row.
  static std::int64_t weighted_offset(std::int64_t a, std::int64_t block_rows) {
    return a / block * block * block_rows + a % block;
  }

  /// Of Vecs vectors of rows. Up to some 250 columns their differences stay in the first-level cache. The padding of W
  /// adds nothing: z = 0 there.
  template <int Vecs>
  static void distances_of_tile(const T* columns, std::int64_t stride, const T* component, std::int64_t cols, T* dx,
                                T* squared) {
    const std::int64_t n = padded(cols);
    const T* const factor = component + n;
    for (std::int64_t b = 0; b < cols; ++b) {
      const vec mean(component[b]);
      SAMEBITS_UNROLL
      for (int v = 0; v < Vecs; ++v) {
        store(dx + (b * Vecs + v) * width, load<vec>(columns + b * stride + v * width) - mean);
      }
    }
    for (std::int64_t i = cols * Vecs * width; i < n * Vecs * width; ++i) {
      dx[i] = T(0);
    }
    vec distance[Vecs];
    SAMEBITS_UNROLL
    for (int v = 0; v < Vecs; ++v) {
      distance[v] = empty_sum<vec>();
    }
    for (std::int64_t a0 = 0; a0 < n; a0 += block) {
      for (int within = 0; within < block; within += tile_rows) {
        add_tile_distances<Vecs>(factor + block_offset(a0 / block) + within, a0 + within, dx, distance);
      }
    }
    for (int v = 0; v < Vecs; ++v) {
      store(squared + v * width, distance[v]);
    }
  }

  /// Rows a .. a + tile_rows - 1 of z = W dx, and their squares into the distances. `factor` holds a block of rows per
  /// column.
  template <int Vecs>
  SAMEBITS_INLINE static void add_tile_distances(const T* factor, std::int64_t a, const T* dx, vec (&distance)[Vecs]) {
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
        x[v] = load<vec>(dx + (b * Vecs + v) * width);
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
          z[i][v] = chain(w, load<vec>(dx + (b * Vecs + v) * width), z[i][v]);
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

  /// A panel of columns: differences, weighted differences, and the chains of the first moments.
  template <int Vecs>
  static void add_first_moments(const row_panel& x, const T* means, const T* responsibilities, std::int64_t block_rows,
                                T* dx, T* weighted, T* sum_1) {
    vec mean[Vecs];
    vec sums[Vecs];
    T* weighted_columns[Vecs];
    SAMEBITS_UNROLL
    for (int v = 0; v < Vecs; ++v) {
      mean[v] = load<vec>(means + v * width);
      sums[v] = load<vec>(sum_1 + v * width);
      weighted_columns[v] = weighted + weighted_offset(x.first + v * width, block_rows);
    }
    const auto add_rows = [&, stride = x.stride, n_rows = x.n_rows](const T* row, const auto& get) {
      for (std::int64_t i = 0; i < n_rows; ++i, row += stride) {
        const vec responsibility(responsibilities[i]);
        SAMEBITS_UNROLL
        for (int v = 0; v < Vecs; ++v) {
          const vec difference = get(row, v) - mean[v];
          const vec product = responsibility * difference;
          store(dx + (i * Vecs + v) * width, difference);
          store(weighted_columns[v] + i * block, product);
          sums[v] = sums[v] + product;
        }
      }
    };
    if (x.left >= Vecs * width) {
      add_rows(x.rows, [](const T* row, int v) { return load<vec>(row + v * width); });
    } else {
      add_rows(x.rows,
               [left = x.left](const T* row, int v) { return load_columns<T>(row + v * width, left - v * width); });
    }
    SAMEBITS_UNROLL
    for (int v = 0; v < Vecs; ++v) {
      store(sum_1 + v * width, sums[v]);
    }
  }

  /// Rows x Vecs sums: S2 += (r dx) dx^T over the rows of the block.
  template <int Rows, int Vecs>
  static void add_second_moments(const T* weighted, const T* dx, std::int64_t dx_stride, std::int64_t n_rows, T* sum_2,
                                 std::int64_t stride) {
    vec sums[Rows][Vecs];
    SAMEBITS_UNROLL
    for (int i = 0; i < Rows; ++i) {
      SAMEBITS_UNROLL
      for (int v = 0; v < Vecs; ++v) {
        sums[i][v] = load<vec>(sum_2 + i * stride + v * width);
      }
    }
    for (std::int64_t row = 0; row < n_rows; ++row) {
      vec y[Vecs];
      SAMEBITS_UNROLL
      for (int v = 0; v < Vecs; ++v) {
        y[v] = load<vec>(dx + row * dx_stride + v * width);
      }
      SAMEBITS_UNROLL
      for (int i = 0; i < Rows; ++i) {
        const vec x(weighted[row * block + i]);
        SAMEBITS_UNROLL
        for (int v = 0; v < Vecs; ++v) {
          sums[i][v] = chain(x, y[v], sums[i][v]);
        }
      }
    }
    SAMEBITS_UNROLL
    for (int i = 0; i < Rows; ++i) {
      SAMEBITS_UNROLL
      for (int v = 0; v < Vecs; ++v) {
        store(sum_2 + i * stride + v * width, sums[i][v]);
      }
    }
  }
};

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
