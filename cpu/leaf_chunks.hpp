// The leaves of a tree sum shared out among threads.
#pragma once

#include <cstdint>

#include "samebits/core/value.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

/// Chunks of leaves that are whole subtrees: of `largest` leaves (a power of two) at first, of fewer towards the end,
/// so that threads that take them one by one finish together. The bits do not depend on the chunks.
class leaf_chunks {
 public:
  struct chunk {
    std::int64_t first_leaf;
    std::int64_t n_leaves;
  };

  leaf_chunks(std::int64_t n_leaves, std::int64_t largest, std::int64_t n_threads)
      : n_leaves_(n_leaves), largest_(largest), n_threads_(n_threads) {
    std::int64_t first = 0;
    for (std::int64_t n = largest_; n > 0; n /= 2) {
      size_ += n_of_size(n, first);
      first += n_of_size(n, first) * n;
    }
  }

  std::int64_t size() const { return size_; }

  chunk operator[](std::int64_t i) const {
    std::int64_t n = largest_;
    std::int64_t first = 0;
    while (i >= n_of_size(n, first)) {
      const std::int64_t n_before = n_of_size(n, first);
      i -= n_before;
      first += n_before * n;
      n /= 2;
    }
    return {first + i * n, n};
  }

  /// Calls merge(i, j), which adds node j to node i, along the tree over the chunks' nodes; all ends in node 0.
  template <class Merge>
  void fold(const Merge& merge) const {
    // Complete subtrees, each smaller than the one before it, like the digits of a binary counter.
    std::int64_t open[64];
    std::int64_t n_leaves[64];
    int n_open = 0;
    for (std::int64_t i = 0; i < size_; ++i) {
      open[n_open] = i;
      n_leaves[n_open] = (*this)[i].n_leaves;
      for (++n_open; n_open > 1 && n_leaves[n_open - 2] == n_leaves[n_open - 1]; --n_open) {
        merge(open[n_open - 2], open[n_open - 1]);
        n_leaves[n_open - 2] *= 2;
      }
    }
    for (; n_open > 1; --n_open) {
      merge(open[n_open - 2], open[n_open - 1]);
    }
  }

 private:
  /// Chunks of n leaves, when those from `first` on are left: as long as every thread can have two more.
  std::int64_t n_of_size(std::int64_t n, std::int64_t first) const {
    const std::int64_t left = n_leaves_ - first;
    const std::int64_t most = n == 1 ? left : left / n - 2 * n_threads_ + 1;
    return most > 0 ? most : 0;
  }

  std::int64_t n_leaves_;
  std::int64_t largest_;
  std::int64_t n_threads_;
  std::int64_t size_ = 0;
};

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
