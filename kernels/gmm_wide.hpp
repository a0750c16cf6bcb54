// S1 and S2 of components in the wide order: one chain over the rows of a leaf per element. Rows come through shared
// memory, a few at a time.
#pragma once

#include "kernels/gmm_batch.hpp"

namespace samebits::kernels {

/// Rows of a leaf in steps, each of two phases: first fetched by all threads of the block, then added up.
struct wide_steps {
  static constexpr int rows = 32;
  static constexpr int n_phases = 2 * leaf_rows / rows;

  std::int64_t first;  // of the step, in the batch
  int n_rows;
  bool fetches;

  template <class T>
  SAMEBITS_HD wide_steps(const gmm_batch<T>& batch, std::int64_t leaf, int phase)
      : first(leaf * leaf_rows + phase / 2 * rows), n_rows(0), fetches(phase % 2 == 0) {
    const std::int64_t left = batch.end_of_leaf(leaf) - first;
    n_rows = left < rows ? static_cast<int>(left < 0 ? 0 : left) : rows;
  }
};

/// Triangles. A block per leaf, component and square tile of S2 on or below the diagonal; a thread holds Side x Side
/// sums of the tile.
template <class T, int Side>
struct wide_triangle_kernel {
  static constexpr int edge_threads = 8;
  static constexpr int block_threads = edge_threads * edge_threads;
  static constexpr int tile = Side * edge_threads;
  struct block_memory {
    // One column more than rows, so that neighbouring threads do not meet in a memory bank.
    T weighted[tile][wide_steps::rows + 1];
    T dx[tile][wide_steps::rows + 1];
  };
  struct thread_memory {
    T sum_1;
    T sum_2[Side][Side];
  };
  /// Where in the problem a block works.
  struct place {
    std::int64_t leaf;
    std::int64_t number;   // of the component
    std::int64_t first_a;  // the tile's first row in S2
    std::int64_t first_b;  // and column
  };

  gmm_batch<T> batch;

  SAMEBITS_HD std::int64_t n_tiles() const { return core::triangle_size((batch.data.n_cols + tile - 1) / tile); }
  std::int64_t n_blocks() const { return batch.n_leaves * batch.components.n_all() * n_tiles(); }

  SAMEBITS_HD int phases() const { return wide_steps::n_phases; }
  SAMEBITS_HD void run(int phase, thread_position at, block_memory& shared, thread_memory& local) const {
    const place here = place_of(at.block);
    const wide_steps step(batch, here.leaf, phase);
    if (phase == 0) {
      clear(local);
    }
    if (step.fetches) {
      fetch(here, step, at.thread, shared);
      return;
    }
    add_rows(step.n_rows, at.thread, shared, local);
    if (here.first_a == here.first_b) {
      add_first_moments(step.n_rows, at.thread, shared, local);
    }
    if (phase == phases() - 1) {
      store(here, at.thread, local);
    }
  }

 private:
  SAMEBITS_HD place place_of(std::int64_t block) const {
    const std::int64_t n = n_tiles();
    const std::int64_t tile_number = block % n;
    std::int64_t row = 0;
    while (core::triangle_size(row + 1) <= tile_number) {
      ++row;
    }
    const leaf_and_component of(batch, block / n);
    return {of.leaf, of.number, row * tile, (tile_number - core::triangle_size(row)) * tile};
  }

  SAMEBITS_HD static void clear(thread_memory& local) {
    local.sum_1 = core::empty_sum<T>();
    SAMEBITS_UNROLL
    for (int i = 0; i < Side; ++i) {
      SAMEBITS_UNROLL
      for (int j = 0; j < Side; ++j) {
        local.sum_2[i][j] = core::empty_sum<T>();
      }
    }
  }

  /// Differences from the mean, and the same times the responsibility, into shared memory. Columns beyond the last are
  /// zero; what is made of them is not stored.
  SAMEBITS_HD void fetch(const place& here, const wide_steps& step, int thread, block_memory& shared) const {
    const T* const responsibilities = batch.values(here.number) + step.first;
    for (int item = thread; item < tile * wide_steps::rows; item += block_threads) {
      const int c = item / wide_steps::rows;
      const int i = item % wide_steps::rows;
      if (i < step.n_rows) {
        shared.dx[c][i] = difference(here, step.first + i, here.first_b + c);
        shared.weighted[c][i] = responsibilities[i] * difference(here, step.first + i, here.first_a + c);
      }
    }
  }

  SAMEBITS_HD T difference(const place& here, std::int64_t i, std::int64_t column) const {
    if (column >= batch.data.n_cols) {
      return T(0);
    }
    return batch.data.columns[column * batch.data.n_rows + batch.first_row + i] -
           batch.components.mean(here.number)[column];
  }

  /// Element (i, j) of a thread is row y + 8 i, column x + 8 j of the tile.
  SAMEBITS_HD static void add_rows(int n_rows, int thread, const block_memory& shared, thread_memory& local) {
    const int y = thread / edge_threads;
    const int x = thread % edge_threads;
    for (int row = 0; row < n_rows; ++row) {
      T dx[Side];
      SAMEBITS_UNROLL
      for (int j = 0; j < Side; ++j) {
        dx[j] = shared.dx[x + edge_threads * j][row];
      }
      SAMEBITS_UNROLL
      for (int i = 0; i < Side; ++i) {
        const T weighted = shared.weighted[y + edge_threads * i][row];
        SAMEBITS_UNROLL
        for (int j = 0; j < Side; ++j) {
          local.sum_2[i][j] = core::chain(weighted, dx[j], local.sum_2[i][j]);
        }
      }
    }
  }

  SAMEBITS_HD static void add_first_moments(int n_rows, int thread, const block_memory& shared, thread_memory& local) {
    if (thread < tile) {
      for (int row = 0; row < n_rows; ++row) {
        local.sum_1 = local.sum_1 + shared.weighted[thread][row];
      }
    }
  }

  SAMEBITS_HD void store(const place& here, int thread, const thread_memory& local) const {
    const std::int64_t n_cols = batch.data.n_cols;
    double* const sum_1 = batch.component_sums(here.leaf, here.number) + 1;
    double* const sum_2 = sum_1 + n_cols;
    if (here.first_a == here.first_b && thread < tile && here.first_a + thread < n_cols) {
      sum_1[here.first_a + thread] = static_cast<double>(local.sum_1);
    }
    SAMEBITS_UNROLL
    for (int i = 0; i < Side; ++i) {
      const std::int64_t a = here.first_a + thread / edge_threads + edge_threads * i;
      SAMEBITS_UNROLL
      for (int j = 0; j < Side; ++j) {
        const std::int64_t b = here.first_b + thread % edge_threads + edge_threads * j;
        if (a < n_cols && b <= a) {
          sum_2[core::triangle_size(a) + b] = static_cast<double>(local.sum_2[i][j]);
        }
      }
    }
  }
};

/// Diagonals. A block per leaf and tile of columns and components, a thread for each pair: what is fetched of the rows
/// serves several components.
template <class T>
struct wide_diagonal_kernel {
  static constexpr int tile_cols = 16;
  static constexpr int tile_components = 8;
  static constexpr int block_threads = tile_cols * tile_components;
  struct block_memory {
    T x[tile_cols][wide_steps::rows + 1];
    T responsibilities[tile_components][wide_steps::rows + 1];
  };
  struct thread_memory {
    T sum_1;
    T sum_2;
  };
  /// Where in the problem a block works.
  struct place {
    std::int64_t leaf;
    std::int64_t first_number;  // of the components of all mixtures
    std::int64_t first_col;
  };

  gmm_batch<T> batch;

  SAMEBITS_HD std::int64_t n_column_tiles() const { return (batch.data.n_cols + tile_cols - 1) / tile_cols; }
  SAMEBITS_HD std::int64_t n_component_tiles() const {
    return (batch.components.n_all() + tile_components - 1) / tile_components;
  }
  std::int64_t n_blocks() const { return batch.n_leaves * n_component_tiles() * n_column_tiles(); }

  SAMEBITS_HD int phases() const { return wide_steps::n_phases; }
  SAMEBITS_HD void run(int phase, thread_position at, block_memory& shared, thread_memory& local) const {
    const place here = place_of(at.block);
    const wide_steps step(batch, here.leaf, phase);
    if (phase == 0) {
      local = {core::empty_sum<T>(), core::empty_sum<T>()};
    }
    if (step.fetches) {
      fetch(here, step, at.thread, shared);
      return;
    }
    const std::int64_t number = here.first_number + at.thread / tile_cols;
    const std::int64_t column = here.first_col + at.thread % tile_cols;
    if (number >= batch.components.n_all() || column >= batch.data.n_cols) {
      return;
    }
    add_rows(batch.components.mean(number)[column], step.n_rows, at.thread, shared, local);
    if (phase == phases() - 1) {
      double* const sum_1 = batch.component_sums(here.leaf, number) + 1;
      sum_1[column] = static_cast<double>(local.sum_1);
      sum_1[batch.data.n_cols + column] = static_cast<double>(local.sum_2);
    }
  }

 private:
  SAMEBITS_HD place place_of(std::int64_t block) const {
    const std::int64_t group = block / n_column_tiles();
    return {group / n_component_tiles(), group % n_component_tiles() * tile_components,
            block % n_column_tiles() * tile_cols};
  }

  SAMEBITS_HD void fetch(const place& here, const wide_steps& step, int thread, block_memory& shared) const {
    const int i = thread % wide_steps::rows;
    if (i >= step.n_rows) {
      return;
    }
    constexpr int stride = block_threads / wide_steps::rows;
    const T* const x = batch.data.columns + batch.first_row + step.first + i;
    for (int c = thread / wide_steps::rows; c < tile_cols && here.first_col + c < batch.data.n_cols; c += stride) {
      shared.x[c][i] = x[(here.first_col + c) * batch.data.n_rows];
    }
    const std::int64_t n_components = batch.components.n_all() - here.first_number;
    for (int k = thread / wide_steps::rows; k < tile_components && k < n_components; k += stride) {
      shared.responsibilities[k][i] = batch.values(here.first_number + k)[step.first + i];
    }
  }

  SAMEBITS_HD static void add_rows(T mean, int n_rows, int thread, const block_memory& shared, thread_memory& local) {
    const T* const x = shared.x[thread % tile_cols];
    const T* const responsibilities = shared.responsibilities[thread / tile_cols];
    for (int row = 0; row < n_rows; ++row) {
      const T dx = x[row] - mean;
      const T weighted = responsibilities[row] * dx;
      local.sum_1 = local.sum_1 + weighted;
      local.sum_2 = core::chain(weighted, dx, local.sum_2);
    }
  }
};

}  // namespace samebits::kernels
