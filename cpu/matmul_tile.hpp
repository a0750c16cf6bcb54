// Register tiles of a matrix product. Every element of out is one fma chain in increasing inner index; between blocks
// of the inner dimension the chains rest in out itself, which rounds nothing. So neither the shapes of tiles and blocks
// nor the order of the work touches the bits.
#pragma once

#include "cpu/gmm_layout.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

/// out = a b, row-major and dense.
template <class T>
struct matrix_product {
  const T* a;
  const T* b;
  T* out;
  std::int64_t n_rows;
  std::int64_t n_inner;
  std::int64_t n_cols;
};

/// Rows, columns or inner elements first .. first + size - 1.
struct index_range {
  std::int64_t first;
  std::int64_t size;
};

constexpr std::int64_t quotient_up(std::int64_t n, std::int64_t divisor) { return (n + divisor - 1) / divisor; }

/// The part of 0 .. n - 1 that starts at `first`, with up to `most` elements.
constexpr index_range part_of(std::int64_t n, std::int64_t first, std::int64_t most) {
  return {first, n - first < most ? n - first : most};
}

/// The size of parts of 0 .. n - 1: about equal, multiples of `multiple`, of which `most` is one.
constexpr std::int64_t even_part(std::int64_t n, std::int64_t most, std::int64_t multiple) {
  return round_up(quotient_up(n, quotient_up(n, most)), multiple);
}

/// What n numbers take in a cpu::buffer.
template <class T>
constexpr std::size_t n_doubles(std::int64_t n) {
  return (static_cast<std::size_t>(n) * sizeof(T) + sizeof(double) - 1) / sizeof(double);
}

/// The largest tile: rows x vectors of sums, which with a row of b's vectors fill the registers.
template <class T>
struct matmul_tile {
  static constexpr int width = vec_width<T>;
  static constexpr int rows = width * static_cast<int>(sizeof(T)) == 64 ? 8 : 4;
  static constexpr int vecs = width == 1 ? 4 : 3;
  static constexpr int cols = vecs * width;
};

/// The rows of a for a tile, packed: those of one inner index beside each other.
template <class T>
struct packed_rows {
  const T* first;

  SAMEBITS_INLINE T operator()(int i, std::int64_t k) const { return first[k * matmul_tile<T>::rows + i]; }
};

/// The same as they lie.
template <class T>
struct rows_in_place {
  const T* first;
  std::int64_t stride;

  SAMEBITS_INLINE T operator()(int i, std::int64_t k) const { return first[i * stride + k]; }
};

/// Columns of b for a tile, whole vectors: packed, or as they lie.
template <class T>
struct matmul_panel {
  const T* first;
  std::int64_t stride;
};

/// Where a tile's sums go.
template <class T>
struct matmul_out {
  T* first;
  std::int64_t stride;
  bool continues;  // the chains that lie there, rather than start new ones
};

/// A tile of whole vectors: adds n_inner terms to its chains.
template <int Rows, int Vecs, class T, class A>
void multiply_tile(const A& a, const matmul_panel<T>& b, std::int64_t n_inner, const matmul_out<T>& out) {
  using vec = pack<T>;
  constexpr int width = vec_width<T>;
  vec sums[Rows][Vecs];
  SAMEBITS_UNROLL
  for (int i = 0; i < Rows; ++i) {
    SAMEBITS_UNROLL
    for (int v = 0; v < Vecs; ++v) {
      sums[i][v] = out.continues ? load<vec>(out.first + i * out.stride + v * width) : empty_sum<vec>();
    }
  }
  for (std::int64_t k = 0; k < n_inner; ++k) {
    vec y[Vecs];
    SAMEBITS_UNROLL
    for (int v = 0; v < Vecs; ++v) {
      y[v] = load<vec>(b.first + k * b.stride + v * width);
    }
    SAMEBITS_UNROLL
    for (int i = 0; i < Rows; ++i) {
      const vec x(a(i, k));
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
      store(out.first + i * out.stride + v * width, sums[i][v]);
    }
  }
}

/// A tile of which only some rows and columns exist in out: its chains rest elsewhere meanwhile.
template <int Rows, int Vecs, class T, class A>
void multiply_edge_tile(const A& a, const matmul_panel<T>& b, std::int64_t n_inner, const matmul_out<T>& out,
                        std::int64_t n_rows, std::int64_t n_cols) {
  constexpr std::int64_t cols = Vecs * vec_width<T>;
  alignas(64) T tile[Rows * cols] = {};
  if (out.continues) {
    for (std::int64_t i = 0; i < n_rows; ++i) {
      __builtin_memcpy(tile + i * cols, out.first + i * out.stride, n_cols * sizeof(T));
    }
  }
  multiply_tile<Rows, Vecs>(a, b, n_inner, {tile, cols, out.continues});
  for (std::int64_t i = 0; i < n_rows; ++i) {
    __builtin_memcpy(out.first + i * out.stride, tile + i * cols, n_cols * sizeof(T));
  }
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
