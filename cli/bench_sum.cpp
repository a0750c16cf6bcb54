// samebits bench sum: reductions of one long array, as bytes a second, with the digest of their results.
#include <cstdio>
#include <functional>
#include <memory>

#include "cli/bench.hpp"
#include "cli/numbers.hpp"
#include "cli/progress.hpp"
#include "samebits/digest.hpp"
#include "samebits/distributions.hpp"
#include "samebits/exact_sum.hpp"
#include "samebits/histogram.hpp"
#include "samebits/random.hpp"
#include "samebits/sum.hpp"
#include "samebits/summary.hpp"

namespace samebits::cli {
namespace {

using json = nlohmann::ordered_json;

struct sum_options {
  std::int64_t n = 50'000'000;
  std::string dtype = "float64";
  int repeat = 7;
  bool all = false;
  bool as_json = false;
  compute_options compute;
};

/// One reduction: what it is called, how many arrays it reads, and what it gives.
template <class T>
struct reduction {
  const char* name;
  int n_arrays;
  std::function<std::vector<double>(const context&, std::span<const T> x)> run;
};

std::vector<double> numbers_of(const summary& s) {
  return {s.weight, s.sum[0], s.mean[0], s.variance[0], s.min[0], s.max[0]};
}

/// In 100 bins of equal width.
template <class T>
std::vector<double> counts_of(const context& ctx, std::span<const T> x) {
  const histogram_result h = histogram(ctx, x, equal_bins(-8, 8, 100));
  return {h.counts.begin(), h.counts.end()};
}

template <class T>
std::vector<reduction<T>> reductions() {
  const auto as_column = [](std::span<const T> x) {
    return matrix_view<const T>(x.data(), static_cast<std::int64_t>(x.size()), 1);
  };
  return {
      {"sum", 1, [](const context& c, std::span<const T> x) { return std::vector<double>{sum(c, x)}; }},
      {"dot", 1, [](const context& c, std::span<const T> x) { return std::vector<double>{dot(c, x, x)}; }},
      {"norm l1", 1,
       [](const context& c, std::span<const T> x) { return std::vector<double>{norm(c, x, norm_kind::l1)}; }},
      {"summarize", 1,
       [as_column](const context& c, std::span<const T> x) { return numbers_of(summarize(c, as_column(x))); }},
      {"exact sum", 1, [](const context& c, std::span<const T> x) { return std::vector<double>{exact_sum(c, x)}; }},
      {"histogram", 1, [](const context& c, std::span<const T> x) { return counts_of(c, x); }},
  };
}

struct sum_result {
  std::string name;
  std::string backend;
  std::string isa;
  int n_threads;
  double bytes;
  run_times times;
  std::string digest;
};

template <class T>
sum_result measure(const sum_options& o, const context& ctx, const reduction<T>& what, std::span<const T> x) {
  sum_result result{
      what.name, ctx.backend(), ctx.isa(), ctx.n_threads(), static_cast<double>(x.size_bytes()) * what.n_arrays, {},
      {}};
  std::vector<double> numbers;
  for (int run = 0; run < o.repeat; ++run) {
    if (interrupted()) {
      throw samebits::interrupted("bench sum: stopped by Ctrl-C");
    }
    result.times.seconds.push_back(seconds_of([&] { numbers = what.run(ctx, x); }));
  }
  result.digest = digest_text(numbers);
  return result;
}

template <class T>
std::vector<sum_result> measure_all(const sum_options& o, const std::vector<context>& where) {
  std::vector<T> x(static_cast<std::size_t>(o.n));
  fill(where.front(), dist::normal{}, {1, 0}, 0, std::span(x));
  std::vector<sum_result> results;
  progress bar;
  for (const reduction<T>& what : reductions<T>()) {
    for (const context& ctx : where) {
      bar.show(static_cast<double>(results.size()) / static_cast<double>(where.size() * reductions<T>().size()),
               std::string(what.name) + " " + ctx.backend() + " " + ctx.isa());
      results.push_back(measure<T>(o, ctx, what, x));
    }
  }
  return results;
}

json result_json(const sum_result& r) {
  return {{"name", r.name},         {"backend", r.backend},      {"isa", r.isa},
          {"threads", r.n_threads}, {"seconds", r.times.json()}, {"gb_per_second", r.bytes / r.times.best() * 1e-9},
          {"digest", r.digest}};
}

void print_results(const sum_options& o, const std::vector<sum_result>& results) {
  std::printf("%lld numbers, %s\n\n", static_cast<long long>(o.n), o.dtype.c_str());
  std::printf("%-10s %-14s %-8s %7s %9s %9s %7s  %s\n", "", "backend", "isa", "threads", "min s", "median s", "GB/s",
              "digest");
  for (const sum_result& r : results) {
    std::printf("%-10s %-14s %-8s %7d %9.4f %9.4f %7.1f  %.23s\n", r.name.c_str(), r.backend.c_str(), r.isa.c_str(),
                r.n_threads, r.times.best(), r.times.median(), r.bytes / r.times.best() * 1e-9, r.digest.c_str());
  }
}

int run(const sum_options& o) {
  const std::vector<context> where = bench_contexts(o.compute, o.all);
  const std::vector<sum_result> results =
      o.dtype == "float32" ? measure_all<float>(o, where) : measure_all<double>(o, where);
  if (o.as_json) {
    print_bench_json("sum", {{"n", o.n}, {"dtype", o.dtype}}, results, result_json);
  } else {
    print_results(o, results);
  }
  return digests_agree(results, &sum_result::name) ? exit_done : exit_failed;
}

}  // namespace

void add_bench_sum(CLI::App& bench, int& result) {
  CLI::App* const command = bench.add_subcommand("sum", "Sums, dot products and summaries of one long array");
  const auto o = std::make_shared<sum_options>();
  command->add_option("--n", o->n, "numbers")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 40))
      ->capture_default_str();
  command->add_option("--dtype", o->dtype, "type of the numbers")
      ->check(CLI::IsMember({"float64", "float32"}))
      ->capture_default_str();
  command->add_option("--repeat", o->repeat, "runs; the table shows the fastest and the median")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->add_flag("--all", o->all, "every available backend and instruction set; exit 1 if digests differ");
  command->add_flag("--json", o->as_json, "print JSON");
  o->compute.add_to(*command);
  command->callback([o, &result] { result = run(*o); });
}

}  // namespace samebits::cli
