// Kernels whose threads have no need of each other.
#pragma once

#include "kernels/launch.hpp"

namespace samebits::kernels {

/// Runs reduction.reduce(number) for every number below reduction.n_threads().
template <class Reduction, int Threads>
struct reduce_kernel {
  static constexpr int block_threads = Threads;
  using block_memory = no_state;
  using thread_memory = no_state;

  Reduction reduction;

  SAMEBITS_HD int phases() const { return 1; }
  SAMEBITS_HD void run(int, thread_position at, block_memory&, thread_memory&) const {
    const std::int64_t number = global_thread<reduce_kernel>(at);
    if (number < reduction.n_threads()) {
      reduction.reduce(number);
    }
  }
};

template <int Threads = 128, class Reduction>
void launch_reduction(const Reduction& reduction) {
  using kernel = reduce_kernel<Reduction, Threads>;
  launch(kernel{reduction}, blocks_for<kernel>(reduction.n_threads()));
}

}  // namespace samebits::kernels
