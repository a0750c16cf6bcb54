// The kernels of one pass over a batch of leaves: responsibilities of rows, then sums of leaves. The batch starts at
// `first_row`, a multiple of leaf_rows; its row i is row first_row + i of the problem.
#pragma once

#include "kernels/gmm_problem.hpp"
#include "kernels/launch.hpp"
#include "samebits/core/gmm.hpp"

namespace samebits::kernels {

inline constexpr int row_lanes = core::lanes<double>;
using core::leaf_rows;

/// Rows of a batch and what is computed for each of them.
struct gmm_batch {
  gmm_rows rows;
  gmm_components components;
  std::int64_t first_row;
  std::int64_t n_rows;
  std::int64_t n_leaves;
  double* row_values;  // log-likelihoods, then the responsibilities of each component: n_rows of each
  double* nodes;       // one per leaf
  std::int64_t node_size;

  SAMEBITS_HD double* log_likelihoods() const { return row_values; }
  SAMEBITS_HD double* responsibilities(std::int64_t k) const { return row_values + (k + 1) * n_rows; }
  SAMEBITS_HD double* component_sums(std::int64_t leaf, std::int64_t k) const {
    return nodes + leaf * node_size + gmm_component_node(k, rows.n_cols);
  }
  /// One past the last row of a leaf.
  SAMEBITS_HD std::int64_t end_of_leaf(std::int64_t leaf) const {
    const std::int64_t end = (leaf + 1) * leaf_rows;
    return end < n_rows ? end : n_rows;
  }
};

// ---- E-step --------------------------------------------------------------------------------------------------------

/// A thread per row: its log-likelihood and, when sums follow, its responsibilities.
template <int Cols>
struct responsibilities_kernel {
  static constexpr int block_threads = 128;
  using block_memory = no_state;
  using thread_memory = no_state;

  gmm_batch batch;
  bool with_sums;

  SAMEBITS_HD int phases() const { return 1; }
  SAMEBITS_HD void run(int, thread_position at, block_memory&, thread_memory&) const {
    const std::int64_t i = global_thread<responsibilities_kernel>(at);
    if (i < batch.n_rows) {
      const double largest = log_probs(i);
      const double sum = exponentials(i, largest);
      batch.log_likelihoods()[i] = core::row_log_likelihood(largest, sum);
      if (with_sums) {
        scale(i, core::responsibility_scale(sum));
      }
    }
  }

 private:
  /// Returns the largest.
  SAMEBITS_HD double log_probs(std::int64_t i) const {
    const gmm_components& components = batch.components;
    const gmm_row<Cols> row(batch.rows, batch.first_row + i);
    double largest = 0.0;
    for (std::int64_t k = 0; k < components.n_components; ++k) {
      const double squared = row.squared_distance(components.mean(k), components.inverse_factor(k));
      const double log_prob = core::component_log_prob(components.log_constant(k), squared);
      batch.responsibilities(k)[i] = log_prob;
      largest = k == 0 ? log_prob : core::max(largest, log_prob);
    }
    return largest;
  }

  /// Returns their sum.
  SAMEBITS_HD double exponentials(std::int64_t i, double largest) const {
    double sum = core::empty_sum<double>();
    for (std::int64_t k = 0; k < batch.components.n_components; ++k) {
      double& value = batch.responsibilities(k)[i];
      value = core::unnormalised_responsibility(value, largest);
      sum = sum + value;
    }
    return sum;
  }

  SAMEBITS_HD void scale(std::int64_t i, double factor) const {
    for (std::int64_t k = 0; k < batch.components.n_components; ++k) {
      double& value = batch.responsibilities(k)[i];
      value = value * factor;
    }
  }
};

// ---- sums in lanes -------------------------------------------------------------------------------------------------

/// Sums of single row values over leaves: the log-likelihood and, for the wide order, S0 of each component. A thread
/// per leaf, value and lane.
struct lane_sums_kernel {
  static constexpr int block_threads = 128;
  struct block_memory {
    double lanes[block_threads];
  };
  using thread_memory = no_state;

  gmm_batch batch;
  std::int64_t n_values;  // 1 or 1 + n_components

  SAMEBITS_HD int phases() const { return 2; }
  SAMEBITS_HD void run(int phase, thread_position at, block_memory& shared, thread_memory&) const {
    const std::int64_t group = global_thread<lane_sums_kernel>(at) / row_lanes;
    const std::int64_t leaf = group / n_values;
    const std::int64_t value = group % n_values;
    const int lane = at.thread % row_lanes;
    if (leaf >= batch.n_leaves) {
      return;
    }
    if (phase == 0) {
      shared.lanes[at.thread] = sum_of_lane(batch.row_values + value * batch.n_rows, leaf, lane);
    } else if (lane == 0) {
      double* const sum = value == 0 ? batch.nodes + leaf * batch.node_size : batch.component_sums(leaf, value - 1);
      *sum = core::fold_lanes(shared.lanes + at.thread);
    }
  }

 private:
  SAMEBITS_HD double sum_of_lane(const double* values, std::int64_t leaf, int lane) const {
    double sum = core::empty_sum<double>();
    for (std::int64_t i = leaf * leaf_rows + lane; i < batch.end_of_leaf(leaf); i += row_lanes) {
      sum = sum + values[i];
    }
    return sum;
  }
};

/// All sums of a component, narrow order. A thread per leaf, component and lane.
template <int Cols>
struct narrow_moments_kernel {
  static constexpr int block_threads = 128;
  static constexpr int n_moments = static_cast<int>(core::gmm_moments(Cols));
  struct block_memory {
    double lanes[n_moments][block_threads];
  };
  using thread_memory = no_state;

  gmm_batch batch;

  SAMEBITS_HD int phases() const { return 2; }
  SAMEBITS_HD void run(int phase, thread_position at, block_memory& shared, thread_memory&) const {
    const std::int64_t group = global_thread<narrow_moments_kernel>(at) / row_lanes;
    const std::int64_t leaf = group / batch.components.n_components;
    const std::int64_t k = group % batch.components.n_components;
    if (leaf >= batch.n_leaves) {
      return;
    }
    if (phase == 0) {
      sum_lane(leaf, k, at.thread, shared);
    } else {
      fold(at.thread, shared, batch.component_sums(leaf, k));
    }
  }

 private:
  SAMEBITS_HD void sum_lane(std::int64_t leaf, std::int64_t k, int thread, block_memory& shared) const {
    double sums[n_moments];
    SAMEBITS_UNROLL
    for (int m = 0; m < n_moments; ++m) {
      sums[m] = core::empty_sum<double>();
    }
    const double* const mean = batch.components.mean(k);
    for (std::int64_t i = leaf * leaf_rows + thread % row_lanes; i < batch.end_of_leaf(leaf); i += row_lanes) {
      const gmm_row<Cols> row(batch.rows, batch.first_row + i);
      double dx[Cols];
      row.centre(mean, dx);
      core::add_moments<Cols>(batch.responsibilities(k)[i], dx, sums);
    }
    SAMEBITS_UNROLL
    for (int m = 0; m < n_moments; ++m) {
      shared.lanes[m][thread] = sums[m];
    }
  }

  /// The threads of a group share the moments out among themselves.
  SAMEBITS_HD void fold(int thread, const block_memory& shared, double* sums) const {
    const int lane = thread % row_lanes;
    for (int m = lane; m < n_moments; m += row_lanes) {
      sums[m] = core::fold_lanes(shared.lanes[m] + (thread - lane));
    }
  }
};

// ---- sums of matrices ----------------------------------------------------------------------------------------------

/// S1 and S2 of a component, wide order. A block per leaf, component and square tile of S2 on or below the diagonal;
/// a thread holds Side x Side sums of the tile. Rows come through shared memory, a few at a time.
template <int Side>
struct wide_moments_kernel {
  static constexpr int edge_threads = 8;
  static constexpr int block_threads = edge_threads * edge_threads;
  static constexpr int tile = Side * edge_threads;
  static constexpr int step_rows = 32;
  static constexpr int n_steps = leaf_rows / step_rows;
  struct block_memory {
    // One column more than rows, so that neighbouring threads do not meet in a memory bank.
    double weighted[tile][step_rows + 1];
    double dx[tile][step_rows + 1];
  };
  struct thread_memory {
    double sum_1;
    double sum_2[Side][Side];
  };
  /// Where in the problem a block works.
  struct place {
    std::int64_t leaf;
    std::int64_t k;
    std::int64_t first_a;  // the tile's first row in S2
    std::int64_t first_b;  // and column
  };

  gmm_batch batch;

  SAMEBITS_HD std::int64_t n_tiles() const { return core::triangle_size((batch.rows.n_cols + tile - 1) / tile); }
  SAMEBITS_HD std::int64_t n_blocks() const { return batch.n_leaves * batch.components.n_components * n_tiles(); }

  SAMEBITS_HD int phases() const { return 2 * n_steps; }
  SAMEBITS_HD void run(int phase, thread_position at, block_memory& shared, thread_memory& local) const {
    const place here = place_of(at.block);
    const std::int64_t first = here.leaf * leaf_rows + phase / 2 * step_rows;
    const std::int64_t left = batch.end_of_leaf(here.leaf) - first;
    const int n_rows = left < step_rows ? static_cast<int>(left < 0 ? 0 : left) : step_rows;
    if (phase == 0) {
      clear(local);
    }
    if (phase % 2 == 0) {
      fetch(here, first, n_rows, at.thread, shared);
      return;
    }
    add_rows(n_rows, at.thread, shared, local);
    if (here.first_a == here.first_b) {
      add_first_moments(n_rows, at.thread, shared, local);
    }
    if (phase == phases() - 1) {
      store(here, at.thread, local);
    }
  }

 private:
  SAMEBITS_HD place place_of(std::int64_t block) const {
    const std::int64_t n = n_tiles();
    const std::int64_t number = block % n;
    std::int64_t row = 0;
    while (core::triangle_size(row + 1) <= number) {
      ++row;
    }
    const std::int64_t group = block / n;
    return {group / batch.components.n_components, group % batch.components.n_components, row * tile,
            (number - core::triangle_size(row)) * tile};
  }

  SAMEBITS_HD static void clear(thread_memory& local) {
    local.sum_1 = core::empty_sum<double>();
    SAMEBITS_UNROLL
    for (int i = 0; i < Side; ++i) {
      SAMEBITS_UNROLL
      for (int j = 0; j < Side; ++j) {
        local.sum_2[i][j] = core::empty_sum<double>();
      }
    }
  }

  /// Differences from the mean, and the same times the responsibility, into shared memory. Columns beyond the last are
  /// zero; what is made of them is not stored.
  SAMEBITS_HD void fetch(const place& here, std::int64_t first, int n_rows, int thread, block_memory& shared) const {
    const double* const responsibilities = batch.responsibilities(here.k) + first;
    for (int item = thread; item < tile * step_rows; item += block_threads) {
      const int c = item / step_rows;
      const int i = item % step_rows;
      if (i < n_rows) {
        shared.dx[c][i] = difference(here, first + i, here.first_b + c);
        shared.weighted[c][i] = responsibilities[i] * difference(here, first + i, here.first_a + c);
      }
    }
  }

  SAMEBITS_HD double difference(const place& here, std::int64_t i, std::int64_t column) const {
    if (column >= batch.rows.n_cols) {
      return 0.0;
    }
    return batch.rows.columns[column * batch.rows.n_rows + batch.first_row + i] - batch.components.mean(here.k)[column];
  }

  /// Element (i, j) of a thread is row y + 8 i, column x + 8 j of the tile.
  SAMEBITS_HD static void add_rows(int n_rows, int thread, const block_memory& shared, thread_memory& local) {
    const int y = thread / edge_threads;
    const int x = thread % edge_threads;
    for (int row = 0; row < n_rows; ++row) {
      double dx[Side];
      SAMEBITS_UNROLL
      for (int j = 0; j < Side; ++j) {
        dx[j] = shared.dx[x + edge_threads * j][row];
      }
      SAMEBITS_UNROLL
      for (int i = 0; i < Side; ++i) {
        const double weighted = shared.weighted[y + edge_threads * i][row];
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
    const std::int64_t n_cols = batch.rows.n_cols;
    double* const sum_1 = batch.component_sums(here.leaf, here.k) + 1;
    double* const sum_2 = sum_1 + n_cols;
    if (here.first_a == here.first_b && thread < tile && here.first_a + thread < n_cols) {
      sum_1[here.first_a + thread] = local.sum_1;
    }
    SAMEBITS_UNROLL
    for (int i = 0; i < Side; ++i) {
      const std::int64_t a = here.first_a + thread / edge_threads + edge_threads * i;
      SAMEBITS_UNROLL
      for (int j = 0; j < Side; ++j) {
        const std::int64_t b = here.first_b + thread % edge_threads + edge_threads * j;
        if (a < n_cols && b <= a) {
          sum_2[core::triangle_size(a) + b] = local.sum_2[i][j];
        }
      }
    }
  }
};

}  // namespace samebits::kernels
