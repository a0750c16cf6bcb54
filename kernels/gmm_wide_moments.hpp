// S1 and S2 of components with many columns and triangles: one chain over the rows of a leaf per element, in tiles of a
// warp.
#pragma once

#include "kernels/gmm_batch.hpp"
#include "kernels/tensor_units.hpp"

namespace samebits::kernels {

/// A block per four pairs of leaf and component and part of S2; a warp for each pair, which keeps the part in registers
/// while it goes through the leaf `depth` rows at a time. In even phases the warp makes r dx of the part's rows and dx
/// of its columns, in odd ones it multiplies them. Parts are triangles on the diagonal, which make S1, too, or
/// rectangles below it.
template <class T, int RowTiles, int ColumnTiles, class Tiles, class Units>
struct wide_moments_kernel {
  static constexpr bool is_triangle = std::is_same_v<Tiles, lower_tiles>;
  static constexpr int n_warps = 4;
  static constexpr int block_threads = n_warps * warp_place::size;
  static constexpr int depth = 16;
  static constexpr int height = tile_side * RowTiles;
  static constexpr int width = tile_side * ColumnTiles;
  using rows = typename Units::template rows<T, RowTiles>;
  using columns = typename Units::template columns<T, ColumnTiles>;
  static constexpr int row_stride = rows::size + panel_pad<T>;
  static constexpr int column_stride = columns::size + panel_pad<T>;
  static constexpr int sums_1 = is_triangle ? (height + warp_place::size - 1) / warp_place::size : 1;

  struct warp_memory {
    alignas(16) T weighted[depth][row_stride];
    alignas(16) T dx[depth][column_stride];
  };
  struct block_memory {
    warp_memory warps[n_warps];
  };
  /// What a warp works on; found once, because divisions take long.
  struct place {
    std::int32_t leaf;
    std::int32_t number;  // of the component
    std::int32_t mixture;
    std::int32_t row;  // where its part of S2 begins
    std::int32_t column;
  };
  struct thread_memory {
    place here;
    warp_sums<T, RowTiles, ColumnTiles> sum_2;
    T sum_1[sums_1];  // of the columns at places lane, lane + 32, ...
  };

  gmm_batch<T> batch;
  int n_steps;

  explicit wide_moments_kernel(const gmm_batch<T>& of) : batch(of) {
    const std::int64_t longest = batch.n_rows < leaf_rows ? batch.n_rows : leaf_rows;
    n_steps = static_cast<int>((longest + depth - 1) / depth);
  }

  SAMEBITS_HD std::int64_t n_pairs() const { return batch.n_leaves * batch.components.n_all(); }
  /// Squares of height x height that S2 has in each direction.
  SAMEBITS_HD std::int64_t n_squares() const { return (batch.data.n_cols + height - 1) / height; }
  SAMEBITS_HD std::int64_t n_parts() const {
    return is_triangle ? n_squares() : core::triangle_size(n_squares() - 1) * (height / width);
  }
  std::int64_t n_blocks() const { return (n_pairs() + n_warps - 1) / n_warps * n_parts(); }

  SAMEBITS_HD int phases() const { return 2 * n_steps; }
  SAMEBITS_HD void run(int phase, thread_position at, block_memory& shared, thread_memory& own) const {
    const warp_place in_warp(at.thread);
    if (phase == 0) {
      own.here = place_of(at.block, in_warp.warp);
    }
    if (own.here.leaf >= batch.n_leaves) {
      return;
    }
    const int lane = at.thread % warp_place::size;
    warp_memory& panels = shared.warps[in_warp.warp];
    if (phase % 2 == 0) {
      is_whole(own.here, phase / 2) ? fetch<true>(own.here, phase / 2, lane, panels)
                                    : fetch<false>(own.here, phase / 2, lane, panels);
      return;
    }
    if (phase == 1) {
      start(own);
    }
    const panel<T, rows> weighted{panels.weighted[0], row_stride};
    const panel<T, columns> dx{panels.dx[0], column_stride};
    Units::template multiply<Tiles>(weighted, dx, depth, in_warp, own.sum_2);
    if (is_triangle) {
      add_first_moments(lane, panels, own);
    }
    if (phase == phases() - 1) {
      store(in_warp, lane, own);
    }
  }

 private:
  /// A warp behind the last pair, or with a mixture that has ended, has a leaf that is not there.
  SAMEBITS_HD place place_of(std::int64_t block, int warp) const {
    const std::int64_t pair = block / n_parts() * n_warps + warp;
    if (pair >= n_pairs()) {
      return {static_cast<std::int32_t>(batch.n_leaves), 0, 0, 0, 0};
    }
    const leaf_and_component of(batch, pair);
    if (batch.has_ended(of.mixture)) {
      return {static_cast<std::int32_t>(batch.n_leaves), 0, 0, 0, 0};
    }
    place here{static_cast<std::int32_t>(of.leaf), static_cast<std::int32_t>(of.number),
               static_cast<std::int32_t>(of.mixture), 0, 0};
    set_part(static_cast<int>(block % n_parts()), here);
    return here;
  }

  SAMEBITS_HD static void set_part(int part, place& here) {
    if (is_triangle) {
      here.row = part * height;
      here.column = here.row;
      return;
    }
    constexpr int in_square = height / width;
    const int square = part / in_square;
    int row = 0;
    while (core::triangle_size(row + 1) <= square) {
      ++row;
    }
    here.row = (row + 1) * height;
    here.column = (square - static_cast<int>(core::triangle_size(row))) * height + part % in_square * width;
  }

  SAMEBITS_HD static void start(thread_memory& own) {
    clear(own.sum_2);
    SAMEBITS_UNROLL
    for (int c = 0; c < sums_1; ++c) {
      own.sum_1[c] = core::empty_sum<T>();
    }
  }

  // ---- fetching ----

  /// What a thread fetches in a step: every fourth row of every eighth place, so that neither side meets in banks or
  /// wastes what it reads. Everything that follows from the thread's number is found once.
  struct fetched {
    static constexpr int n_rows = depth / 4;
    int row;                 // the first
    std::int64_t first_row;  // the same row of the batch
    T responsibilities[n_rows];
    bool are_there[n_rows];
  };

  /// Are all rows and columns of a step there, so that nothing needs to be asked?
  SAMEBITS_HD bool is_whole(const place& here, int step) const {
    const std::int64_t end = (static_cast<std::int64_t>(here.leaf) * leaf_rows) + (step + 1) * depth;
    return end <= batch.end_of_leaf(here.leaf, batch.range(here.mixture)) && here.row + height <= batch.data.n_cols &&
           here.column + width <= batch.data.n_cols;
  }

  /// Rows behind the end of the leaf add the empty sum.
  template <bool IsWhole>
  SAMEBITS_HD void fetch(const place& here, int step, int lane, warp_memory& panels) const {
    const std::int64_t first = static_cast<std::int64_t>(here.leaf) * leaf_rows + step * depth;
    const std::int64_t left = batch.end_of_leaf(here.leaf, batch.range(here.mixture)) - first;
    fetched own;
    own.row = lane % 4;
    own.first_row = first + own.row;
    SAMEBITS_UNROLL
    for (int r = 0; r < fetched::n_rows; ++r) {
      own.are_there[r] = IsWhole || own.row + 4 * r < left;
      own.responsibilities[r] =
          own.are_there[r] ? batch.values(here.number)[own.first_row + 4 * r] : core::empty_sum<T>();
    }
    const int eighth = lane / 4;
    const int first_a = rows::at(eighth);
    const int place_of_a = place_in<columns>(first_a);
    fetch_columns<IsWhole, RowTiles, rows::at(tile_side)>(here, here.row + first_a, own, [&](int tile, int r, T dx) {
      panels.weighted[own.row + 4 * r][eighth + tile_side * tile] = own.responsibilities[r] * dx;
      if (is_triangle) {
        panels.dx[own.row + 4 * r][place_of_a + place_in<columns>(rows::at(tile_side) * tile)] = dx;
      }
    });
    if (!is_triangle) {
      const int place_of_b = place_in<columns>(eighth);
      fetch_columns<IsWhole, ColumnTiles, tile_side>(here, here.column + eighth, own, [&](int tile, int r, T dx) {
        panels.dx[own.row + 4 * r][place_of_b + place_in<columns>(tile_side * tile)] = dx;
      });
    }
  }

  /// Calls keep(i, r, dx) for the thread's rows and columns first, first + Step, ..., N of them. Columns behind the
  /// last are zero; what is made of them is not stored.
  template <bool IsWhole, int N, int Step, class Keep>
  SAMEBITS_HD void fetch_columns(const place& here, std::int64_t first, const fetched& own, const Keep& keep) const {
    const T* const mean = batch.components.mean(here.number);
    std::int64_t element = first * batch.data.n_rows + batch.range(here.mixture).first + own.first_row;
    SAMEBITS_UNROLL
    for (int i = 0; i < N; ++i) {
      const std::int64_t column = first + Step * i;
      const bool is_there = IsWhole || column < batch.data.n_cols;
      const T own_mean = is_there ? mean[column] : T(0);
      SAMEBITS_UNROLL
      for (int r = 0; r < fetched::n_rows; ++r) {
        keep(i, r, is_there && own.are_there[r] ? batch.data.columns[element + 4 * r] - own_mean : T(0));
      }
      element += Step * batch.data.n_rows;
    }
  }

  // ---- sums ----

  SAMEBITS_HD static void add_first_moments(int lane, const warp_memory& panels, thread_memory& own) {
    SAMEBITS_UNROLL
    for (int c = 0; c < sums_1; ++c) {
      const int slot = lane + warp_place::size * c;
      if (slot < height) {
        SAMEBITS_UNROLL
        for (int row = 0; row < depth; ++row) {
          own.sum_1[c] = own.sum_1[c] + panels.weighted[row][slot];
        }
      }
    }
  }

  SAMEBITS_HD void store(const warp_place& at, int lane, const thread_memory& own) const {
    const std::int64_t n_cols = batch.data.n_cols;
    double* const sum_1 = batch.component_sums(own.here.leaf, own.here.number) + 1;
    double* const sum_2 = sum_1 + n_cols;
    SAMEBITS_UNROLL
    for (int c = 0; is_triangle && c < sums_1; ++c) {
      const int slot = lane + warp_place::size * c;
      const std::int64_t a = own.here.row + rows::at(slot);
      if (slot < height && a < n_cols) {
        sum_1[a] = static_cast<double>(own.sum_1[c]);
      }
    }
    SAMEBITS_UNROLL
    for (int i = 0; i < RowTiles; ++i) {
      const std::int64_t a = own.here.row + tile_side * i + at.row;
      SAMEBITS_UNROLL
      for (int j = 0; j < ColumnTiles; ++j) {
        if (Tiles::has(i, j)) {
          const std::int64_t b = own.here.column + tile_side * j + at.column;
          put(own.sum_2[i][j][0], a, b, sum_2);
          put(own.sum_2[i][j][1], a, b + 1, sum_2);
        }
      }
    }
  }

  SAMEBITS_HD void put(T sum, std::int64_t a, std::int64_t b, double* sum_2) const {
    if (a < batch.data.n_cols && b <= a) {
      sum_2[core::triangle_size(a) + b] = static_cast<double>(sum);
    }
  }
};

}  // namespace samebits::kernels
