// A Monte-Carlo loop with OpenMP whose result does not depend on the number of threads.
//
//   OMP_NUM_THREADS=1 ./stream_openmp
//   OMP_NUM_THREADS=7 ./stream_openmp     prints the same
//
// The trick is what the random numbers are keyed by. A generator per thread gives other numbers as soon as the number
// of threads changes. A stream per task does not: task 17 draws the numbers of stream (seed, 17), whoever runs it.
#include <cstdint>
#include <cstdio>

#include "samebits/stream.hpp"

int main() {
  constexpr std::uint64_t seed = 2024;
  constexpr std::int64_t n_tasks = 1000;
  constexpr std::int64_t points_per_task = 10'000;

  // Counts are integers, so the order in which threads add them does not matter. Sums of floating-point numbers depend
  // on it: store one per task and add them up in the order of the tasks.
  std::int64_t n_inside = 0;
#pragma omp parallel for schedule(dynamic) reduction(+ : n_inside)
  for (std::int64_t task = 0; task < n_tasks; ++task) {
    samebits::stream random(seed, static_cast<std::uint64_t>(task));
    for (std::int64_t i = 0; i < points_per_task; ++i) {
      const std::uint64_t x = random.next_u32();
      const std::uint64_t y = random.next_u32();
      const std::uint64_t x_squared = (x * x) >> 2;  // makes room for the sum
      const std::uint64_t y_squared = (y * y) >> 2;
      n_inside += x_squared + y_squared < (std::uint64_t{1} << 62) ? 1 : 0;
    }
  }
  std::printf("points in the quarter circle %lld of %lld\npi is about %.6f\n", static_cast<long long>(n_inside),
              static_cast<long long>(n_tasks * points_per_task),
              4.0 * static_cast<double>(n_inside) / static_cast<double>(n_tasks * points_per_task));
  return 0;
}
