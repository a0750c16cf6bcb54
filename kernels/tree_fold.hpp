// Folding nodes by the dyadic tree over their numbers (samebits/core/tree_sum.hpp).
#pragma once

#include "kernels/launch.hpp"
#include "samebits/core/tree_sum.hpp"

namespace samebits::kernels {

/// Nodes of one level: node i, of `size` doubles, at nodes + i * stride.
struct node_level {
  double* nodes;
  std::int64_t n_nodes;
  std::int64_t size;
  std::int64_t stride;
};

/// Folds aligned groups of `width` nodes, each into its first node. A thread per group and element.
struct fold_kernel {
  static constexpr int block_threads = 128;
  static constexpr int width = 32;
  using block_memory = no_state;
  using thread_memory = no_state;

  node_level level;

  SAMEBITS_HD std::int64_t n_groups() const { return (level.n_nodes + width - 1) / width; }

  SAMEBITS_HD int phases() const { return 1; }
  SAMEBITS_HD void run(int, thread_position at, block_memory&, thread_memory&) const {
    const std::int64_t group = global_thread<fold_kernel>(at) / level.size;
    const std::int64_t element = global_thread<fold_kernel>(at) % level.size;
    if (group >= n_groups()) {
      return;
    }
    double* const first = level.nodes + group * width * level.stride + element;
    const std::int64_t n_present = level.n_nodes - group * width;
    double fold[width];
    SAMEBITS_UNROLL
    for (int i = 0; i < width; ++i) {
      fold[i] = i < n_present ? first[i * level.stride] : core::empty_sum<double>();
    }
    SAMEBITS_UNROLL
    for (int step = 1; step < width; step *= 2) {
      SAMEBITS_UNROLL
      for (int i = 0; i < width; i += 2 * step) {
        fold[i] = fold[i] + fold[i + step];
      }
    }
    *first = fold[0];
  }
};

/// left += right, element by element.
struct merge_kernel {
  static constexpr int block_threads = 128;
  using block_memory = no_state;
  using thread_memory = no_state;

  double* left;
  const double* right;
  std::int64_t size;

  SAMEBITS_HD int phases() const { return 1; }
  SAMEBITS_HD void run(int, thread_position at, block_memory&, thread_memory&) const {
    const std::int64_t j = global_thread<merge_kernel>(at);
    if (j < size) {
      left[j] = left[j] + right[j];
    }
  }
};

/// Folds nodes 0 .. n_nodes - 1, which lie one after the other, into node 0.
inline void fold_nodes(double* nodes, std::int64_t n_nodes, std::int64_t size) {
  node_level level{nodes, n_nodes, size, size};
  while (level.n_nodes > 1) {
    const fold_kernel kernel{level};
    launch(kernel, blocks_for<fold_kernel>(kernel.n_groups() * size));
    level = {nodes, kernel.n_groups(), size, level.stride * fold_kernel::width};
  }
}

}  // namespace samebits::kernels
