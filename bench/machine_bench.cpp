// What the machine can do at most: the rate of fused multiply-adds in registers, and of reading memory. The roofs of
// the reports. Prints one JSON object: machine_bench THREADS
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include "cli/multiply_adds.hpp"
#include "cpu/pack.hpp"

namespace {

using namespace samebits::core;

double seconds_of(const auto& action) {
  const auto begin = std::chrono::steady_clock::now();
  action();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// Runs action(thread) on all threads at once; the fastest of some runs counts.
double best_seconds(int n_threads, const auto& action) {
  double best = 1e9;
  for (int run = 0; run < 7; ++run) {
    best = std::min(best, seconds_of([&] {
                      std::vector<std::thread> threads;
                      for (int t = 0; t < n_threads; ++t) {
                        threads.emplace_back([&action, t] { action(t); });
                      }
                      for (std::thread& thread : threads) {
                        thread.join();
                      }
                    }));
  }
  return best;
}

volatile double sink;

template <class T>
double gflops(int n_threads) {
  constexpr std::int64_t n_steps = 4'000'000;
  const double seconds = best_seconds(n_threads, [](int) { sink = static_cast<double>(multiply_adds<T>(n_steps)); });
  return flop_of_fma_step<T> * n_steps * n_threads / seconds * 1e-9;
}

/// Each thread reads its part of an array that no cache holds.
double read_gigabytes_per_second(int n_threads) {
  const std::size_t part = std::size_t{48} << 20;
  const std::vector<double> x(part * static_cast<std::size_t>(n_threads), 1.0);
  const double seconds = best_seconds(n_threads, [&](int thread) {
    using vec = pack<double>;
    constexpr std::size_t width = value_traits<vec>::width;
    const double* const begin = x.data() + part * static_cast<std::size_t>(thread);
    vec sums[8];
    for (vec& sum : sums) {
      sum = vec(0.0);
    }
    for (std::size_t i = 0; i + 8 * width <= part; i += 8 * width) {
      SAMEBITS_UNROLL
      for (std::size_t j = 0; j < 8; ++j) {
        sums[j] = sums[j] + load<vec>(begin + i + j * width);
      }
    }
    for (int j = 1; j < 8; ++j) {
      sums[0] = sums[0] + sums[j];
    }
    double values[width];
    store(values, sums[0]);
    sink = values[0];
  });
  return static_cast<double>(x.size()) * 8 / seconds * 1e-9;
}

}  // namespace

int main(int argc, char** argv) {
  const int n_threads = argc == 2 ? std::atoi(argv[1]) : 0;
  if (n_threads < 1) {
    std::fprintf(stderr, "usage: machine_bench THREADS\n");
    return 2;
  }
  std::printf("{\"threads\": %d, \"gflops\": %.1f, \"gflops_float\": %.1f, \"read_gb_per_second\": %.1f}\n", n_threads,
              gflops<double>(n_threads), gflops<float>(n_threads), read_gigabytes_per_second(n_threads));
  return 0;
}
