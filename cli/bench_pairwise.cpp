// samebits bench pairwise: sums over all pairs, as pairs a second and as a share of what the processor can compute.
//
// Operations of a pair, an fma counted as two, everything else that computes as one:
//
//   product, 1 column                     2   an fma
//   gaussian, 3 columns, total           41   3 differences, 3 fmas, a product, exp (30), the sum
//                              float     31   its exp has 20
//   gaussian, 3 columns, K V, 16 columns 72   as above with 16 fmas for the sum
//   permutation test             2 B + 10    3 differences, 3 fmas, a root, and an fma for each relabelling: a product
//                                            of the matrix of distances with one of labels; pairs i < j count alone
//
// A difference takes the time of an fma, so that a share of 1 is out of reach for all but products.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>

#include "cli/bench.hpp"
#include "cli/fma_rate.hpp"
#include "cli/progress.hpp"
#include "samebits/digest.hpp"
#include "samebits/distributions.hpp"
#include "samebits/random.hpp"
#include "samebits/two_sample.hpp"

namespace samebits::cli {
namespace {

using json = nlohmann::ordered_json;

constexpr std::int64_t n_cols = 3;
constexpr std::int64_t n_columns = 16;  // of V

struct pairwise_bench_options {
  std::int64_t n = 100'000;
  std::int64_t n_sample = 2'000;
  std::int64_t n_permutations = 9'999;
  std::string only = "all";
  int repeat = 3;
  bool all = false;
  bool as_json = false;
  compute_options compute;
};

// ---- what is computed --------------------------------------------------------------------------------------------

/// The rows of all jobs: normals, in both types.
struct rows {
  explicit rows(const context& ctx, const pairwise_bench_options& o)
      : doubles(size(std::max(o.n, 2 * o.n_sample) * n_cols)), columns(size(o.n * n_columns)) {
    fill(ctx, dist::normal{}, {1, 0}, 0, std::span(doubles));
    fill(ctx, dist::normal{}, {1, 1}, 0, std::span(columns));
    copy = doubles;
    floats.assign(doubles.begin(), doubles.end());
    copy_of_floats = floats;
  }

  static std::size_t size(std::int64_t n) { return static_cast<std::size_t>(n); }

  std::vector<double> doubles;
  std::vector<double> copy;  // two sets of rows: nothing is known to be symmetric
  std::vector<float> floats;
  std::vector<float> copy_of_floats;
  std::vector<double> columns;
};

struct job {
  const char* name;
  bool is_float;
  double pairs;
  double flop_per_pair;
  std::function<std::vector<double>(const context&)> run;
};

template <class T>
matrix_view<const T> view_of(const std::vector<T>& values, std::int64_t n_rows, std::int64_t n) {
  return {values.data(), n_rows, n};
}

pairwise_options direct(pair_kernel kernel) {
  pairwise_options options;
  options.kernel = kernel;
  options.algorithm = pairwise_algorithm::direct;
  return options;
}

job product_job(const rows& r, std::int64_t n) {
  return {"product", false, static_cast<double>(n) * static_cast<double>(n), 2, [&r, n](const context& ctx) {
            return std::vector<double>{
                pairwise_sum(ctx, view_of(r.doubles, n, 1), view_of(r.copy, n, 1), direct(pair_kernel::product))};
          }};
}

template <class T>
job gaussian_job(const std::vector<T>& x, const std::vector<T>& y, std::int64_t n, double flop_per_pair) {
  return {"gaussian", std::is_same_v<T, float>, static_cast<double>(n) * static_cast<double>(n), flop_per_pair,
          [&x, &y, n](const context& ctx) {
            return std::vector<double>{
                pairwise_sum(ctx, view_of(x, n, n_cols), view_of(y, n, n_cols), direct(pair_kernel::gaussian))};
          }};
}

job columns_job(const rows& r, std::int64_t n) {
  return {"columns", false, static_cast<double>(n) * static_cast<double>(n), 72, [&r, n](const context& ctx) {
            std::vector<double> out(rows::size(n * n_columns));
            pairwise_product(ctx, view_of(r.doubles, n, n_cols), view_of(r.copy, n, n_cols),
                             view_of(r.columns, n, n_columns), direct(pair_kernel::gaussian),
                             {out.data(), n, n_columns});
            return out;
          }};
}

job permutations_job(const rows& r, std::int64_t n_sample, std::int64_t n_permutations) {
  const auto n = static_cast<double>(2 * n_sample);
  return {"permutations", false, n * (n - 1) / 2, 2 * static_cast<double>(n_permutations) + 10,
          [&r, n_sample, n_permutations](const context& ctx) {
            permutation_test_options test;
            test.n_permutations = n_permutations;
            test.stream = {1, 2};
            test.callback = [](std::int64_t) { return !interrupted(); };
            const matrix_view<const double> x(r.doubles.data(), n_sample, n_cols);
            const matrix_view<const double> y(r.doubles.data() + n_sample * n_cols, n_sample, n_cols);
            const permutation_test_result result = energy_test(ctx, x, y, test);
            return std::vector<double>{result.statistic, result.p_value};
          }};
}

std::vector<job> jobs_of(const pairwise_bench_options& o, const rows& r) {
  std::vector<job> jobs = {product_job(r, o.n), gaussian_job(r.doubles, r.copy, o.n, 41),
                           gaussian_job(r.floats, r.copy_of_floats, o.n, 31), columns_job(r, o.n),
                           permutations_job(r, o.n_sample, o.n_permutations)};
  if (o.only != "all") {
    std::erase_if(jobs, [&](const job& j) { return j.name != o.only; });
  }
  return jobs;
}

// ---- measuring ---------------------------------------------------------------------------------------------------

struct pairwise_result {
  const job* what;
  const context* where;
  run_times times;
  std::optional<double> fma_rate;  // the best of all rounds
  double peak_memory_mib = 0;
  double value = 0;  // the first number of the result
  std::string digest;

  double pairs_per_second() const { return what->pairs / times.best(); }
  double flop_per_second() const { return pairs_per_second() * what->flop_per_pair; }
};

void measure_once(pairwise_result& r) {
  if (interrupted()) {
    throw samebits::interrupted("bench pairwise: stopped by Ctrl-C");
  }
  const std::optional<double> rate = measured_fma_rate(*r.where, r.what->is_float);
  r.fma_rate = std::max(r.fma_rate, rate);
  std::vector<double> numbers;
  r.times.seconds.push_back(seconds_of([&] { numbers = r.what->run(*r.where); }));
  r.value = numbers.front();
  r.digest = digest_text(numbers);
  r.peak_memory_mib = peak_memory_mib();
}

/// All jobs in all places in turn, so that what disturbs the machine for a while disturbs all of them.
std::vector<pairwise_result> measure(const pairwise_bench_options& o, const std::vector<job>& jobs,
                                     const std::vector<context>& places) {
  std::vector<pairwise_result> results;
  for (const job& j : jobs) {
    for (const context& ctx : places) {
      results.push_back({&j, &ctx, {}, {}, 0, 0, {}});
    }
  }
  progress bar;
  for (int run = 0; run < o.repeat; ++run) {
    for (std::size_t i = 0; i < results.size(); ++i) {
      const double share = (run + static_cast<double>(i) / static_cast<double>(results.size())) / o.repeat;
      bar.show(share, std::string(results[i].what->name) + " " + results[i].where->isa());
      measure_once(results[i]);
    }
  }
  return results;
}

// ---- results -----------------------------------------------------------------------------------------------------

json result_json(const pairwise_result& r) {
  json rate;  // null where it is unknown
  json share;
  if (r.fma_rate) {
    rate = *r.fma_rate;
    share = r.flop_per_second() / *r.fma_rate;
  }
  return {{"job", r.what->name},
          {"dtype", r.what->is_float ? "float32" : "float64"},
          {"backend", r.where->backend()},
          {"isa", r.where->isa()},
          {"threads", r.where->n_threads()},
          {"pairs", r.what->pairs},
          {"flop_per_pair", r.what->flop_per_pair},
          {"seconds", r.times.json()},
          {"pairs_per_second", r.pairs_per_second()},
          {"flop_per_second", r.flop_per_second()},
          {"fma_flop_per_second", rate},
          {"share_of_fma_peak", share},
          {"peak_memory_mib", r.peak_memory_mib},
          {"value", r.value},
          {"digest", r.digest}};
}

void print_results(const pairwise_bench_options& o, const std::vector<pairwise_result>& results) {
  std::printf("%lld rows with as many others; a permutation test of 2 x %lld rows and %lld permutations\n\n",
              static_cast<long long>(o.n), static_cast<long long>(o.n_sample),
              static_cast<long long>(o.n_permutations));
  std::printf("%-12s %-8s %-14s %-8s %7s %9s %9s %9s %9s %9s  %s\n", "", "type", "backend", "isa", "threads", "min s",
              "median s", "Gpairs/s", "GFLOP/s", "of peak", "digest");
  for (const pairwise_result& r : results) {
    const std::string share = r.fma_rate ? short_number(r.flop_per_second() / *r.fma_rate) : "-";
    std::printf("%-12s %-8s %-14s %-8s %7d %9.4f %9.4f %9.3f %9.1f %9s  %.23s\n", r.what->name,
                r.what->is_float ? "float32" : "float64", r.where->backend(), r.where->isa(), r.where->n_threads(),
                r.times.best(), r.times.median(), r.pairs_per_second() * 1e-9, r.flop_per_second() * 1e-9,
                share.c_str(), r.digest.c_str());
  }
}

int run(const pairwise_bench_options& o) {
  const std::vector<context> places = bench_contexts(o.compute, o.all);
  const rows r(places.front(), o);
  const std::vector<job> jobs = jobs_of(o, r);
  const std::vector<pairwise_result> results = measure(o, jobs, places);
  if (o.as_json) {
    print_bench_json("pairwise", {{"n", o.n}, {"n_sample", o.n_sample}, {"n_permutations", o.n_permutations}}, results,
                     result_json);
  } else {
    print_results(o, results);
  }
  return digests_agree(results, &pairwise_result::what) ? exit_done : exit_failed;
}

}  // namespace

void add_bench_pairwise(CLI::App& bench, int& result) {
  CLI::App* const command = bench.add_subcommand("pairwise", "Sums over all pairs of rows, and a permutation test");
  const auto o = std::make_shared<pairwise_bench_options>();
  constexpr std::int64_t most = std::int64_t{1} << 30;
  command->add_option("--n", o->n, "rows, and as many others")
      ->check(CLI::Range(std::int64_t{1}, most))
      ->capture_default_str();
  command->add_option("--sample", o->n_sample, "rows of each sample of the permutation test")
      ->check(CLI::Range(std::int64_t{1}, most))
      ->capture_default_str();
  command->add_option("--permutations", o->n_permutations, "of the permutation test")
      ->check(CLI::Range(std::int64_t{0}, most))
      ->capture_default_str();
  command
      ->add_option("--only", o->only,
                   "product: of single numbers; gaussian: of 3 columns; columns: the same kernel times 16 columns; "
                   "permutations; or all")
      ->check(CLI::IsMember({"all", "product", "gaussian", "columns", "permutations"}))
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
