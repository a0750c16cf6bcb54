// What the benchmarks share.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <vector>

#include "cli/command.hpp"

namespace samebits::cli {

/// Each adds its benchmark to the subcommand.
void add_bench_em(CLI::App& bench, int& result);
void add_bench_fits(CLI::App& bench, int& result);
void add_bench_pairwise(CLI::App& bench, int& result);
void add_bench_random(CLI::App& bench, int& result);
void add_bench_sum(CLI::App& bench, int& result);

/// Every available backend and instruction set, or the one asked for.
std::vector<context> bench_contexts(const compute_options& o, bool all);

template <class Action>
double seconds_of(const Action& action) {
  const auto begin = std::chrono::steady_clock::now();
  action();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// The most memory that this process has had so far.
double peak_memory_mib();

/// The times of the same work, done again and again.
struct run_times {
  std::vector<double> seconds;

  double best() const;
  double median() const;
  nlohmann::ordered_json json() const;
};

}  // namespace samebits::cli
