// What the benchmarks share.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
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

/// True when all results of the same work have the same digest. `work` is what tells work apart.
template <class Result, class Work>
bool digests_agree(const std::vector<Result>& results, const Work& work) {
  return std::all_of(results.begin(), results.end(), [&](const Result& a) {
    return std::all_of(results.begin(), results.end(), [&](const Result& b) {
      return std::invoke(work, a) != std::invoke(work, b) || a.digest == b.digest;
    });
  });
}

/// The same for results of one work.
template <class Result>
bool digests_agree(const std::vector<Result>& results) {
  return digests_agree(results, [](const Result&) { return 0; });
}

/// Prints what was measured and, one by one, the results.
template <class Result, class ToJson>
void print_bench_json(const char* benchmark, const nlohmann::ordered_json& problem, const std::vector<Result>& results,
                      const ToJson& to_json) {
  nlohmann::ordered_json answer = json_header();
  answer["benchmark"] = benchmark;
  answer.update(problem);
  answer["results"] = nlohmann::ordered_json::array();
  for (const Result& r : results) {
    answer["results"].push_back(to_json(r));
  }
  print_json(answer);
}

}  // namespace samebits::cli
