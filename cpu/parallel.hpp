// Threads for the CPU backend. OpenMP is used in parallel.cpp alone.
#pragma once

#include <cstdint>

#include "samebits/core/value.hpp"

namespace samebits::cpu {

/// Runs task(context, i, thread) for every i in [0, n_tasks), handing the next index to whichever thread is free.
///
/// `thread` lies in [0, n_threads). Which thread runs which index varies from run to run: results must not depend on
/// it. Every thread runs in the default floating-point environment. In a forked child everything runs on one thread,
/// because an OpenMP pool does not survive fork().
void parallel_for(int n_threads, std::int64_t n_tasks, void (*task)(void* context, std::int64_t index, int thread),
                  void* context);

/// The same for a member function (task, thread) of `object`.
template <auto Member, class Object>
void parallel_for(int n_threads, std::int64_t n_tasks, const Object& object) {
  const auto run = [](void* context, std::int64_t task, int thread) {
    (static_cast<const Object*>(context)->*Member)(task, thread);
  };
  parallel_for(n_threads, n_tasks, run, const_cast<Object*>(&object));
}

}  // namespace samebits::cpu

// In the namespace of its instruction set, so that no other one can define the same function.
namespace samebits::core {
inline namespace SAMEBITS_TARGET {

/// The same for a member function (task, thread) of `object`.
template <auto Member, class Object>
void parallel_for(int n_threads, std::int64_t n_tasks, const Object& object) {
  const auto run = [](void* context, std::int64_t task, int thread) {
    (static_cast<const Object*>(context)->*Member)(task, thread);
  };
  cpu::parallel_for(n_threads, n_tasks, run, const_cast<Object*>(&object));
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
