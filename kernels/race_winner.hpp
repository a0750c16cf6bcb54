// The winner of the exponential race that picks a seed (samebits/core/seeding.hpp).
#pragma once

#include "samebits/core/seeding.hpp"

namespace samebits::kernels {

/// The winner among the entries of a block's threads, by rounds with a barrier after each. A minimum is exact, so any
/// order of comparing will do.
template <int BlockThreads>
struct block_race {
  static_assert((BlockThreads & (BlockThreads - 1)) == 0);
  core::race_entry entries[BlockThreads];  // after the last round the winner comes first

  static constexpr int n_rounds() {
    int rounds = 0;
    while (BlockThreads >> rounds > 1) {
      ++rounds;
    }
    return rounds;
  }

  SAMEBITS_HD void compare(int round, int thread) {
    const int n_left = BlockThreads >> (round + 1);
    if (thread < n_left && core::wins(entries[thread + n_left], entries[thread])) {
      entries[thread] = entries[thread + n_left];
    }
  }
};

}  // namespace samebits::kernels
