// Products of small matrices, a warp each. Every element is one chain of fmas over the depth, whoever computes it.
//
// A tile is 8 x 8 elements. Thread l of the warp holds two of them side by side: row l / 4, columns 2 (l % 4) and the
// next, as the tensor cores have it (PTX ISA, "Matrix fragments for mma with .f64"). An operand is a
// function of the step along the depth, the tile, and the row or column of the tile.
#pragma once

#include "samebits/core/gmm.hpp"

namespace samebits::kernels {

/// Where a thread stands in the tiles of its warp.
struct warp_place {
  int warp;    // in the block
  int row;     // of a tile; also its column as an operand
  int column;  // first of two; half of it is a step along the depth as an operand

  static constexpr int size = 32;
  SAMEBITS_HD explicit warp_place(int thread) : warp(thread / size), row(thread % size / 4), column(thread % 4 * 2) {}
};

constexpr int tile_side = 8;

/// What a thread holds of Rows x Columns tiles.
template <class T, int Rows, int Columns>
using warp_sums = T[Rows][Columns][2];

template <class T, int Rows, int Columns>
SAMEBITS_HD void clear(warp_sums<T, Rows, Columns>& sums) {
  SAMEBITS_UNROLL
  for (int i = 0; i < Rows; ++i) {
    SAMEBITS_UNROLL
    for (int j = 0; j < Columns; ++j) {
      sums[i][j][0] = core::empty_sum<T>();
      sums[i][j][1] = core::empty_sum<T>();
    }
  }
}

// ---- which tiles count ---------------------------------------------------------------------------------------------

struct all_tiles {
  static constexpr bool has(int, int) { return true; }
};
/// Those on and below the diagonal.
struct lower_tiles {
  static constexpr bool has(int i, int j) { return j <= i; }
};
template <int First>
struct columns_from {
  static constexpr bool has(int, int j) { return j >= First; }
};

// ---- operands ------------------------------------------------------------------------------------------------------

/// Of shared memory, so that steps of a panel that follow each other begin in banks of their own.
template <class T>
inline constexpr int panel_pad = 32 / static_cast<int>(sizeof(T));

/// Where row or column i of a tile lies in a step of a panel; which one of all tiles lies at a place.
template <int Tiles>
struct in_order {
  static constexpr int size = tile_side * Tiles;
  SAMEBITS_HD static constexpr int place(int tile, int i) { return tile_side * tile + i; }
  SAMEBITS_HD static constexpr int at(int place) { return place; }
};
/// The rows of a thread side by side, so that it reads several at once.
template <class T, int Tiles>
struct rows_by_thread {
  static constexpr int size = tile_side * Tiles;
  static constexpr int alignment = Tiles * sizeof(T) % 16 == 0 ? 16 : sizeof(T);
  SAMEBITS_HD static constexpr int place(int tile, int i) { return i * Tiles + tile; }
  SAMEBITS_HD static constexpr int at(int place) { return place % Tiles * tile_side + place / Tiles; }
};
/// The columns of a thread, which come in pairs. A gap keeps the four threads of a row in banks of their own.
template <class T, int Tiles>
struct columns_by_thread {
  static constexpr int each = 2 * Tiles + 16 / static_cast<int>(sizeof(T));
  static constexpr int size = 4 * each;
  static constexpr int alignment = each * sizeof(T) % 16 == 0 ? 16 : sizeof(T);
  SAMEBITS_HD static constexpr int place(int tile, int j) { return j / 2 * each + 2 * tile + j % 2; }
};
/// The same for a row or column of all tiles.
template <class Layout>
SAMEBITS_HD constexpr int place_in(int i) {
  return Layout::place(i / tile_side, i % tile_side);
}

/// A matrix in shared memory, a step along the depth after the other.
template <class T, class Layout>
struct panel {
  const T* numbers;
  int stride;

  SAMEBITS_HD T operator()(int step, int tile, int i) const { return numbers[step * stride + Layout::place(tile, i)]; }
  /// What a thread reads in a step of a layout by thread, from its first row or column on.
  SAMEBITS_HD const T* of_thread(int step, int first) const {
    const void* const begin = numbers + step * stride + Layout::place(0, first);
    return static_cast<const T*>(__builtin_assume_aligned(begin, Layout::alignment));
  }
};

// ---- the two ways --------------------------------------------------------------------------------------------------

/// sums += a b, step by step, for the tiles that Tiles has.
struct arithmetic_units {
  template <class T, int Tiles>
  using rows = rows_by_thread<T, Tiles>;
  template <class T, int Tiles>
  using columns = columns_by_thread<T, Tiles>;

  template <class Tiles, class T, int Rows, int Columns>
  SAMEBITS_HD static void multiply(const panel<T, rows<T, Rows>>& a, const panel<T, columns<T, Columns>>& b, int depth,
                                   const warp_place& at, warp_sums<T, Rows, Columns>& sums) {
    for (int step = 0; step < depth; ++step) {
      const T* const of_a = a.of_thread(step, at.row);
      const T* const of_b = b.of_thread(step, at.column);
      T elements_of_a[Rows];
      SAMEBITS_UNROLL
      for (int i = 0; i < Rows; ++i) {
        elements_of_a[i] = of_a[rows<T, Rows>::place(i, 0)];
      }
      SAMEBITS_UNROLL
      for (int j = 0; j < Columns; ++j) {
        const T first = of_b[columns<T, Columns>::place(j, 0)];
        const T second = of_b[columns<T, Columns>::place(j, 1)];
        SAMEBITS_UNROLL
        for (int i = 0; i < Rows; ++i) {
          if (Tiles::has(i, j)) {
            sums[i][j][0] = core::chain(elements_of_a[i], first, sums[i][j][0]);
            sums[i][j][1] = core::chain(elements_of_a[i], second, sums[i][j][1]);
          }
        }
      }
    }
  }
};

}  // namespace samebits::kernels
