// |W dx|^2 of many columns: z = W dx in tiles of a warp, then a thread for each row's squares.
#pragma once

#include "kernels/gmm_batch.hpp"
#include "kernels/tensor_units.hpp"
#include "kernels/work_space.hpp"

namespace samebits::kernels {

/// A block takes its rows through some components, one after the other. z is made `width` elements at a time, from as
/// many rows of W, `depth` columns of W at a time; tiles of W above the diagonal are left out. Of up to
/// `kept_cols` columns the rows are read once for all components that follow each other on the same rows.
template <class T, int Tiles, class Units>
struct wide_distances_kernel {
  static constexpr int block_threads = 128;
  static constexpr int row_tiles = sizeof(T) == sizeof(double) ? 4 : 8;  // of a warp: up to 64 sums of a thread, or 128
  static constexpr int width = tile_side * Tiles;
  static constexpr int depth = 2 * tile_side;
  static constexpr int kept_cols = 64;
  static constexpr int warp_rows = tile_side * row_tiles;
  static constexpr int n_rows = block_threads / warp_place::size * warp_rows;
  static constexpr int thread_rows = n_rows / block_threads;

  using rows = typename Units::template rows<T, row_tiles>;
  using columns = typename Units::template columns<T, Tiles>;
  static constexpr int row_stride = n_rows + panel_pad<T>;
  static constexpr int column_stride = columns::size + panel_pad<T>;

  struct block_memory {
    T x[kept_cols][n_rows];
    alignas(16) T step[depth][row_stride];  // dx, then z
    alignas(16) T factor[depth][column_stride];
  };
  /// How far a thread is; counted, because divisions take long.
  struct place {
    std::int64_t first_row;  // of the block, in the batch
    std::int64_t data_row;   // the same row of the data
    std::int32_t n_rows;     // of the block that the component's mixture has
    std::int32_t number;     // of the component
    std::int32_t first;      // element of z
    std::int32_t phase;      // of these elements
    bool keeps_rows;         // in shared memory
  };
  struct thread_memory {
    place here;
    warp_sums<T, row_tiles, Tiles> z;
    T distances[thread_rows];
  };

  gmm_batch<T> batch;
  bool with_log_probs;
  std::int64_t group_size;  // components of a block
  int component_phases;

  wide_distances_kernel(const gmm_batch<T>& of, bool log_probs) : batch(of), with_log_probs(log_probs) {
    component_phases = 0;
    for (std::int64_t first = 0; first < batch.data.n_cols; first += width) {
      component_phases += tile_phases(first);
    }
    // Small problems need the components side by side to fill a device.
    const std::int64_t n = batch.components.n_all();
    group_size = n_row_blocks() * n / enough_blocks;
    group_size = group_size < 1 ? 1 : group_size > n ? n : group_size;
  }

  SAMEBITS_HD std::int64_t n_row_blocks() const { return (batch.n_rows + n_rows - 1) / n_rows; }
  std::int64_t n_blocks() const { return n_row_blocks() * ((batch.components.n_all() + group_size - 1) / group_size); }
  SAMEBITS_HD int phases() const { return component_phases * static_cast<int>(group_size); }

  SAMEBITS_HD void run(int phase, thread_position at, block_memory& shared, thread_memory& own) const {
    move_on(phase, at.block, own.here);
    const place& here = own.here;
    if (here.n_rows == 0) {
      return;
    }
    const int turn = here.phase / 2;
    const int n_steps = n_chunks(here.first);
    if (turn < n_steps) {
      if (here.phase % 2 == 0) {
        fetch(own.here, turn * depth, at.thread, shared);
      } else {
        multiply(here, turn * depth, at.thread, shared, own);
      }
    } else {
      const int first = (turn - n_steps) * depth;
      if (here.phase % 2 == 0) {
        put(first, at.thread, shared, own);
      } else {
        square(here, first, at.thread, shared, own);
      }
    }
  }

 private:
  /// To the next phase, whose number in the kernel is `phase`.
  SAMEBITS_HD void move_on(int phase, std::int64_t block, place& here) const {
    if (phase == 0) {
      here = {block % n_row_blocks() * n_rows,
              0,
              0,
              static_cast<std::int32_t>(block / n_row_blocks() * group_size),
              0,
              0,
              false};
      take_mixture(here);
      return;
    }
    if (++here.phase == tile_phases(here.first)) {
      here.phase = 0;
      here.first += width;
    }
    if (here.first >= batch.data.n_cols) {
      here.first = 0;
      ++here.number;
      take_mixture(here);
    }
  }

  /// The rows that its mixture has. None behind the last component, or where the mixture has ended.
  SAMEBITS_HD void take_mixture(place& here) const {
    const place before = here;
    here.n_rows = 0;
    if (here.number < batch.components.n_all()) {
      const std::int32_t mixture = here.number / static_cast<std::int32_t>(batch.components.n_components);
      const row_range mine = batch.range(mixture);
      const std::int64_t left = batch.has_ended(mixture) ? 0 : mine.n - here.first_row;
      here.data_row = mine.first + here.first_row;
      here.n_rows = static_cast<std::int32_t>(left < 0 ? 0 : left < n_rows ? left : n_rows);
    }
    here.keeps_rows = before.keeps_rows && before.data_row == here.data_row && before.n_rows == here.n_rows;
  }
  /// Columns of W that elements first .. first + width - 1 need, in steps of `depth`.
  SAMEBITS_HD int n_chunks(std::int64_t first) const {
    const std::int64_t n_cols = batch.data.n_cols;
    const std::int64_t needed = first + width < n_cols ? first + width : n_cols;
    return static_cast<int>((needed + depth - 1) / depth);
  }
  SAMEBITS_HD int tile_phases(std::int64_t first) const { return 2 * (n_chunks(first) + width / depth); }

  // ---- fetching ----

  SAMEBITS_HD void fetch(place& here, std::int64_t chunk, int thread, block_memory& shared) const {
    const bool is_kept = batch.data.n_cols <= kept_cols;
    if (is_kept && !here.keeps_rows) {
      keep_rows(here, thread, shared);
      here.keeps_rows = true;
    }
    chunk + depth <= batch.data.n_cols ? fetch_differences<true>(here, chunk, is_kept, thread, shared)
                                       : fetch_differences<false>(here, chunk, is_kept, thread, shared);
    fetch_factor(here, chunk, thread, shared);
  }

  SAMEBITS_HD void keep_rows(const place& here, int thread, block_memory& shared) const {
    for (int b = 0; b < batch.data.n_cols; ++b) {
      SAMEBITS_UNROLL
      for (int r = 0; r < thread_rows; ++r) {
        const int row = thread + r * block_threads;
        shared.x[b][row] = element(here, row, b);
      }
    }
  }

  /// dx of the thread's rows. What is not there is zero, times a zero of the factor.
  template <bool IsWhole>
  SAMEBITS_HD void fetch_differences(const place& here, std::int64_t chunk, bool is_kept, int thread,
                                     block_memory& shared) const {
    const T* const mean = batch.components.mean(here.number) + chunk;
    SAMEBITS_UNROLL
    for (int b = 0; b < depth; ++b) {
      const bool is_there = IsWhole || chunk + b < batch.data.n_cols;
      const T own_mean = is_there ? mean[b] : T(0);
      SAMEBITS_UNROLL
      for (int r = 0; r < thread_rows; ++r) {
        const int row = thread + r * block_threads;
        T dx = T(0);
        if (is_there) {
          dx = (is_kept ? shared.x[chunk + b][row] : element(here, row, chunk + b)) - own_mean;
        }
        shared.step[b][row] = dx;
      }
    }
  }

  SAMEBITS_HD T element(const place& here, int row, std::int64_t column) const {
    return row < here.n_rows ? batch.data.columns[column * batch.data.n_rows + here.data_row + row] : T(0);
  }

  /// A thread takes every fourth column of W in some rows, so that neither side wastes what it reads.
  SAMEBITS_HD void fetch_factor(const place& here, std::int64_t chunk, int thread, block_memory& shared) const {
    constexpr int rows_at_once = block_threads / 4;
    const int first_row = thread / 4;
    const int column = thread % 4;
    const int place_of_first = place_in<columns>(first_row);
    const T* const factor = batch.components.inverse_factor(here.number) + chunk + column;
    SAMEBITS_UNROLL
    for (int a = 0; a < width; a += rows_at_once) {
      if (first_row + a >= width) {
        return;
      }
      const std::int64_t row = here.first + first_row + a;
      const bool is_there = row < batch.data.n_cols;
      const std::int64_t last = is_there ? row - chunk - column : -1;  // element of the row from here on
      const std::int64_t start = core::triangle_size(row);
      SAMEBITS_UNROLL
      for (int b = 0; b < depth; b += 4) {
        shared.factor[column + b][place_of_first + place_in<columns>(a)] = b <= last ? factor[start + b] : T(0);
      }
    }
  }

  // ---- multiplying ----

  SAMEBITS_HD void multiply(const place& here, std::int64_t chunk, int thread, const block_memory& shared,
                            thread_memory& own) const {
    if (chunk == 0) {
      clear(own.z);
    }
    for (int half = 0; half < depth && chunk + half < batch.data.n_cols; half += tile_side) {
      const std::int64_t b = chunk + half;
      multiply_from<0>(b <= here.first ? 0 : static_cast<int>(b - here.first) / tile_side, half, thread, shared, own);
    }
  }

  /// Eight columns of W by the tiles of z from `first_tile` on.
  template <int First>
  SAMEBITS_HD void multiply_from(int first_tile, int half, int thread, const block_memory& shared,
                                 thread_memory& own) const {
    if constexpr (First < Tiles) {
      if (first_tile != First) {
        return multiply_from<First + 1>(first_tile, half, thread, shared, own);
      }
      const warp_place at(thread);
      const panel<T, rows> dx{shared.step[half] + at.warp * warp_rows, row_stride};
      const panel<T, columns> factor{shared.factor[half], column_stride};
      Units::template multiply<columns_from<First>>(dx, factor, tile_side, at, own.z);
    }
  }

  // ---- squares ----

  /// Elements first .. first + depth - 1 of these rows of z, where the rows' threads find them.
  SAMEBITS_HD static void put(int first, int thread, block_memory& shared, const thread_memory& own) {
    const warp_place at(thread);
    SAMEBITS_UNROLL
    for (int j = 0; j < Tiles; ++j) {
      const int column = tile_side * j - first;
      if (0 <= column && column < depth) {
        SAMEBITS_UNROLL
        for (int i = 0; i < row_tiles; ++i) {
          const int row = at.warp * warp_rows + rows::place(i, at.row);
          shared.step[column + at.column][row] = own.z[i][j][0];
          shared.step[column + at.column + 1][row] = own.z[i][j][1];
        }
      }
    }
  }

  SAMEBITS_HD void square(const place& here, int first_in_tile, int thread, const block_memory& shared,
                          thread_memory& own) const {
    const std::int64_t first = here.first + first_in_tile;
    const std::int64_t left = batch.data.n_cols - first;
    SAMEBITS_UNROLL
    for (int r = 0; r < thread_rows; ++r) {
      const int row = thread + r * block_threads;
      T distance = first == 0 ? core::empty_sum<T>() : own.distances[r];
      SAMEBITS_UNROLL
      for (int a = 0; a < depth; ++a) {
        if (a < left) {
          distance = core::chain(shared.step[a][row], shared.step[a][row], distance);
        }
      }
      own.distances[r] = distance;
      if (0 < left && left <= depth) {
        store(here, row, distance);
      }
    }
  }

  SAMEBITS_HD void store(const place& here, int row, T distance) const {
    if (row < here.n_rows) {
      batch.values(here.number)[here.first_row + row] =
          with_log_probs ? core::component_log_prob(batch.components.log_constant(here.number), distance) : distance;
    }
  }
};

}  // namespace samebits::kernels
