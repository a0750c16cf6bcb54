#include "cli/fma_rate.hpp"

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "cli/bench.hpp"

namespace samebits::cli {
namespace {

fma_steps steps_of([[maybe_unused]] const std::string& isa) {
#if defined(SAMEBITS_HAS_X86_VARIANTS)
  return isa == "avx512" ? avx512::take_fma_steps : isa == "avx2" ? avx2::take_fma_steps : nullptr;
#elif defined(__FP_FAST_FMA)
  return scalar::take_fma_steps;
#else
  return nullptr;
#endif
}

double run_on_threads(fma_steps take_steps, int n_threads, bool is_float, std::int64_t n_steps) {
  return seconds_of([&] {
    std::vector<std::thread> threads;
    threads.reserve(static_cast<std::size_t>(n_threads));
    for (int i = 0; i < n_threads; ++i) {
      threads.emplace_back([&] { take_steps(is_float, n_steps); });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
  });
}

/// Steps that take some milliseconds, in builds without optimisation too.
std::int64_t steps_of_a_run(fma_steps take_steps, bool is_float) {
  constexpr double run_seconds = 6e-3;
  constexpr std::int64_t n_probed = 10'000;
  const double seconds = seconds_of([&] { take_steps(is_float, n_probed); });
  return n_probed * static_cast<std::int64_t>(std::clamp(run_seconds / seconds, 1.0, 1000.0));
}

}  // namespace

std::optional<double> measured_fma_rate(const context& ctx, bool is_float) {
  constexpr int n_runs = 5;
  const std::string backend = ctx.backend();
  const fma_steps take_steps = backend == "cpu" ? steps_of(ctx.isa()) : nullptr;
  if (take_steps == nullptr) {
    return std::nullopt;
  }
  const std::int64_t n_steps = steps_of_a_run(take_steps, is_float);
  const double flop = take_steps(is_float, 1) * static_cast<double>(n_steps) * ctx.n_threads();
  double best = run_on_threads(take_steps, ctx.n_threads(), is_float, n_steps);
  for (int run = 1; run < n_runs; ++run) {
    best = std::min(best, run_on_threads(take_steps, ctx.n_threads(), is_float, n_steps));
  }
  return flop / best;
}

}  // namespace samebits::cli
