#include "cpu/parallel.hpp"

#include <omp.h>
#include <pthread.h>

#include <atomic>

#include "lib/fp_environment.hpp"

#if defined(__SANITIZE_THREAD__)
#define SAMEBITS_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SAMEBITS_TSAN 1
#endif
#endif
#if defined(SAMEBITS_TSAN)
#include <sanitizer/tsan_interface.h>
// What the compiler hands to the threads of a region is read before the first line of ours, so the accesses of
// parallel_for itself go unwatched; those of the tasks do not.
#define SAMEBITS_UNWATCHED __attribute__((no_sanitize("thread")))
#else
#define SAMEBITS_UNWATCHED
#endif

namespace samebits::cpu {
namespace {

std::atomic<bool> forked_child{false};

[[maybe_unused]] const int fork_handler = pthread_atfork(nullptr, nullptr, [] { forked_child = true; });

// The OpenMP runtime is not instrumented, so ThreadSanitizer cannot see that a region starts after what came before it
// and ends before what comes after. These two calls tell it; elsewhere they are nothing.
void happens_before([[maybe_unused]] void* tag) {
#if defined(SAMEBITS_TSAN)
  __tsan_release(tag);
#endif
}
void happens_after([[maybe_unused]] void* tag) {
#if defined(SAMEBITS_TSAN)
  __tsan_acquire(tag);
#endif
}

char region_start;
char region_end;

}  // namespace

SAMEBITS_UNWATCHED
void parallel_for(int n_threads, std::int64_t n_tasks, void (*task)(void*, std::int64_t, int), void* context) {
  if (n_threads > n_tasks) {
    n_threads = static_cast<int>(n_tasks);
  }
  if (n_threads <= 1 || forked_child) {
    const default_fp_environment environment;
    for (std::int64_t i = 0; i < n_tasks; ++i) {
      task(context, i, 0);
    }
    return;
  }
  std::atomic<std::int64_t> next{0};
  happens_before(&region_start);
#pragma omp parallel num_threads(n_threads)
  {
    happens_after(&region_start);
    {
      const default_fp_environment environment;
      const int thread = omp_get_thread_num();
      for (std::int64_t i = next++; i < n_tasks; i = next++) {
        task(context, i, thread);
      }
    }
    happens_before(&region_end);
  }
  happens_after(&region_end);
}

}  // namespace samebits::cpu
