// samebits bench: how fast, and the digest that shows it computed the same.
#include "cli/bench.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace samebits::cli {

std::vector<context> bench_contexts(const compute_options& o, bool all) {
  if (!all) {
    return {o.context()};
  }
  std::vector<context> found;
  for (const backend_info& b : list_backends()) {
    if (b.available) {
      found.push_back(o.on(b.backend, b.backend == "cpu" ? b.isa : "", o.n_threads));
    }
  }
  return found;
}

double peak_memory_mib() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

double run_times::best() const { return *std::min_element(seconds.begin(), seconds.end()); }

double run_times::median() const {
  std::vector<double> sorted = seconds;
  std::sort(sorted.begin(), sorted.end());
  const std::size_t half = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

nlohmann::ordered_json run_times::json() const { return {{"runs", seconds}, {"min", best()}, {"median", median()}}; }

void add_bench(CLI::App& app, int& result) {
  CLI::App* const bench = app.add_subcommand("bench", "Measure speed");
  bench->require_subcommand(1);
  add_bench_em(*bench, result);
  add_bench_fits(*bench, result);
  add_bench_pairwise(*bench, result);
  add_bench_random(*bench, result);
  add_bench_sum(*bench, result);
}

}  // namespace samebits::cli
