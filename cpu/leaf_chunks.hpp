// The leaves of a tree sum shared out among threads.
#pragma once

#include <cstdint>

#include "samebits/core/value.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

/// Chunks of leaves that are whole subtrees: of `largest` leaves at first, of fewer towards the end, so that threads
/// that take them one by one finish together, but not of fewer than `smallest` (both are powers of two); the last chunk
/// may be incomplete. The bits do not depend on the chunks.
class leaf_chunks {
 public:
  struct chunk {
    std::int64_t first_leaf;
    std::int64_t n_leaves;
  };

  leaf_chunks(std::int64_t n_leaves, std::int64_t largest, std::int64_t smallest, std::int64_t n_threads)
      : n_leaves_(n_leaves), largest_(largest), smallest_(smallest), n_threads_(n_threads) {
    std::int64_t first = 0;
    for (std::int64_t n = largest_; n >= smallest_; n /= 2) {
      size_ += n_of_size(n, first);
      first += n_of_size(n, first) * n;
    }
  }

  std::int64_t size() const { return size_; }
  /// Leaves of the largest chunks.
  std::int64_t largest() const { return largest_; }

  chunk operator[](std::int64_t i) const {
    const chunk whole = subtree(i);
    const std::int64_t left = n_leaves_ - whole.first_leaf;
    return {whole.first_leaf, left < whole.n_leaves ? left : whole.n_leaves};
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
      n_leaves[n_open] = subtree(i).n_leaves;
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
  /// Chunk i, the last one as if no leaf were missing.
  chunk subtree(std::int64_t i) const {
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

  /// Chunks of n leaves, when those from `first` on are left: as long as every thread can have two more.
  std::int64_t n_of_size(std::int64_t n, std::int64_t first) const {
    const std::int64_t left = n_leaves_ - first;
    if (n == smallest_) {
      return (left + n - 1) / n;
    }
    const std::int64_t most = left / n - 2 * n_threads_ + 1;
    return most > 0 ? most : 0;
  }

  std::int64_t n_leaves_;
  std::int64_t largest_;
  std::int64_t smallest_;
  std::int64_t n_threads_;
  std::int64_t size_ = 0;
};

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
