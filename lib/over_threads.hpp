// Work of the library itself on the threads of a context.
#pragma once

#include <cstdint>
#include <type_traits>

#include "cpu/parallel.hpp"

namespace samebits {

/// Calls task(i) or task(i, thread) for every i in [0, n_tasks); `thread` lies in [0, n_threads). Tasks must not throw.
template <class Task>
void over_threads(int n_threads, std::int64_t n_tasks, const Task& task) {
  const auto run = [](void* to_do, std::int64_t i, [[maybe_unused]] int thread) {
    const Task& work = *static_cast<const Task*>(to_do);
    if constexpr (std::is_invocable_v<const Task&, std::int64_t, int>) {
      work(i, thread);
    } else {
      work(i);
    }
  };
  cpu::parallel_for(n_threads, n_tasks, run, const_cast<Task*>(&task));
}

}  // namespace samebits
