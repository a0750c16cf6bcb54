// The yearly losses of an insurer, simulated with OpenMP: the same to the last bit with any number of threads.
//
//   OMP_NUM_THREADS=1 ./openmp_tasks
//   OMP_NUM_THREADS=7 ./openmp_tasks     prints the same
//
// Two things make it so. Random numbers are keyed by the task, and sums of floating-point numbers have an order: within
// a task that of the years, and over the tasks that of their indices, whoever finished first.
#include <cstdint>
#include <cstdio>
#include <vector>

#include "samebits/sequence.hpp"

struct losses {
  double sum = 0;
  std::int64_t n_above_20 = 0;
};

// What a task computes is a function of its name.
static losses simulate(samebits::stream_id task, int n_years) {
  // Each quantity has a stream of its own, called after what it is.
  samebits::sequence<samebits::dist::poisson> claims({.mean = 3}, task.child("claims"));
  samebits::sequence<samebits::dist::gamma> amounts({.shape = 0.5, .scale = 4}, task.child("amounts"));
  losses all;
  for (int year = 0; year < n_years; ++year) {
    double loss = 0;
    for (std::int64_t n = claims.next(); n > 0; --n) {
      loss += amounts.next();
    }
    all.sum += loss;
    all.n_above_20 += loss > 20 ? 1 : 0;
  }
  return all;
}

int main() {
  constexpr std::uint64_t seed = 2024;
  constexpr std::int64_t n_tasks = 200;
  constexpr int years_per_task = 1'000;

  std::vector<losses> by_task(n_tasks);
#pragma omp parallel for schedule(dynamic)
  for (std::int64_t task = 0; task < n_tasks; ++task) {
    const samebits::stream_id id{seed, static_cast<std::uint64_t>(task)};
    by_task[static_cast<std::size_t>(task)] = simulate(id, years_per_task);
  }

  losses all;
  for (const losses& some : by_task) {  // in the order of the tasks; a reduction clause has none
    all.sum += some.sum;
    all.n_above_20 += some.n_above_20;
  }
  constexpr double n_years = static_cast<double>(n_tasks) * years_per_task;
  std::printf("mean loss %.17g\nyears with a loss above 20: %lld of %.0f\n", all.sum / n_years,
              static_cast<long long>(all.n_above_20), n_years);
  return 0;
}
