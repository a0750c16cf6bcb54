// S1 and S2 of components with many columns and diagonals: one chain over the rows of a leaf per element. Rows come
// through shared memory, a few at a time.
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
  SAMEBITS_HD wide_steps(const gmm_batch<T>& batch, std::int64_t leaf, const row_range& range, int phase)
      : first(leaf * leaf_rows + phase / 2 * rows), n_rows(0), fetches(phase % 2 == 0) {
    const std::int64_t left = batch.end_of_leaf(leaf, range) - first;
    n_rows = left < rows ? static_cast<int>(left < 0 ? 0 : left) : rows;
  }
};

/// Diagonals. A block per leaf and tile of columns and components of a mixture, a thread for each pair: what is fetched
/// of the rows serves several components.
template <class T>
struct wide_diagonal_kernel {
  static constexpr int tile_cols = 16;
  static constexpr int tile_components = 8;
  static constexpr int block_threads = tile_cols * tile_components;
  struct block_memory {
    T x[tile_cols][wide_steps::rows + 1];
    T responsibilities[tile_components][wide_steps::rows + 1];
  };
  /// Where in the problem a block works; found once, because divisions take long.
  struct place {
    std::int64_t leaf;
    std::int64_t mixture;
    std::int64_t first_component;
    std::int64_t first_col;
  };
  struct thread_memory {
    place here;
    T sum_1;
    T sum_2;
  };

  gmm_batch<T> batch;

  SAMEBITS_HD std::int64_t n_column_tiles() const { return (batch.data.n_cols + tile_cols - 1) / tile_cols; }
  SAMEBITS_HD std::int64_t n_component_tiles() const {
    return (batch.components.n_components + tile_components - 1) / tile_components;
  }
  std::int64_t n_blocks() const {
    return batch.n_leaves * batch.components.n_mixtures * n_component_tiles() * n_column_tiles();
  }

  SAMEBITS_HD int phases() const { return wide_steps::n_phases; }
  SAMEBITS_HD void run(int phase, thread_position at, block_memory& shared, thread_memory& local) const {
    if (phase == 0) {
      local = {place_of(at.block), core::empty_sum<T>(), core::empty_sum<T>()};
    }
    const place& here = local.here;
    if (batch.has_ended(here.mixture)) {
      return;
    }
    const row_range rows = batch.range(here.mixture);
    const wide_steps step(batch, here.leaf, rows, phase);
    if (step.fetches) {
      fetch(here, rows, step, at.thread, shared);
      return;
    }
    const std::int64_t k = here.first_component + at.thread / tile_cols;
    const std::int64_t column = here.first_col + at.thread % tile_cols;
    if (k >= batch.components.n_components || column >= batch.data.n_cols) {
      return;
    }
    const std::int64_t number = number_of(here, k);
    add_rows(batch.components.mean(number)[column], step.n_rows, at.thread, shared, local);
    if (phase == phases() - 1) {
      double* const sum_1 = batch.component_sums(here.leaf, number) + 1;
      sum_1[column] = static_cast<double>(local.sum_1);
      sum_1[batch.data.n_cols + column] = static_cast<double>(local.sum_2);
    }
  }

 private:
  SAMEBITS_HD place place_of(std::int64_t block) const {
    const std::int64_t tile = block / n_column_tiles();
    const std::int64_t group = tile / n_component_tiles();
    return {group / batch.components.n_mixtures, group % batch.components.n_mixtures,
            tile % n_component_tiles() * tile_components, block % n_column_tiles() * tile_cols};
  }
  SAMEBITS_HD std::int64_t number_of(const place& here, std::int64_t k) const {
    return here.mixture * batch.components.n_components + k;
  }

  SAMEBITS_HD void fetch(const place& here, const row_range& rows, const wide_steps& step, int thread,
                         block_memory& shared) const {
    const int i = thread % wide_steps::rows;
    if (i >= step.n_rows) {
      return;
    }
    constexpr int stride = block_threads / wide_steps::rows;
    const T* const x = batch.data.columns + rows.first + step.first + i;
    for (int c = thread / wide_steps::rows; c < tile_cols && here.first_col + c < batch.data.n_cols; c += stride) {
      shared.x[c][i] = x[(here.first_col + c) * batch.data.n_rows];
    }
    const std::int64_t n_components = batch.components.n_components - here.first_component;
    const std::int64_t first_number = number_of(here, here.first_component);
    for (int k = thread / wide_steps::rows; k < tile_components && k < n_components; k += stride) {
      shared.responsibilities[k][i] = batch.values(first_number + k)[step.first + i];
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
