// samebits bench fits: many small mixtures, as in a study over data sets and restarts.
#include <cstdio>
#include <memory>

#include "cli/bench.hpp"
#include "cli/progress.hpp"
#include "samebits/datasets.hpp"
#include "samebits/digest.hpp"
#include "samebits/gmm_fit_each.hpp"

namespace samebits::cli {
namespace {

using json = nlohmann::ordered_json;

struct fits_options {
  std::int64_t data_sets = 40;
  std::int64_t restarts = 20;
  std::int64_t rows = 300;
  std::int64_t cols = 2;
  std::int64_t components = 3;
  double tol = 1e-3;
  std::int64_t max_iter = 100;
  int repeat = 7;
  bool all = false;
  bool as_json = false;
  compute_options compute;
};

struct fits_result {
  std::string backend;
  std::string isa;
  int n_threads;
  run_times times;
  std::int64_t n_iter;  // of the restarts that won
  std::string digest;   // of all models
};

/// Overlapping blobs: two standard deviations apart instead of the five of make_blobs.
std::vector<double> make_data(const context& ctx, const fits_options& o) {
  std::vector<double> x(static_cast<std::size_t>(o.data_sets * o.rows * o.cols));
  for (std::int64_t i = 0; i < o.data_sets; ++i) {
    double* const rows = x.data() + i * o.rows * o.cols;
    make_blobs(ctx, {1, static_cast<std::uint64_t>(i)}, o.components, {rows, o.rows, o.cols});
    for (std::int64_t row = 0; row < o.rows; ++row) {
      const std::int64_t blob = row * o.components / o.rows;
      for (std::int64_t j = 0; j < o.cols; ++j) {
        rows[row * o.cols + j] -= 3.0 * static_cast<double>(blob);
      }
    }
  }
  return x;
}

/// One fit with restarts for each data set, and the digest of all.
void fit_all(const context& ctx, const fits_options& o, const std::vector<double>& x, fits_result& result) {
  std::vector<gmm_data_set<double>> data_sets;
  for (std::int64_t i = 0; i < o.data_sets; ++i) {
    data_sets.push_back({{x.data() + i * o.rows * o.cols, o.rows, o.cols}, {}});
  }
  gmm_options options;
  options.n_components = o.components;
  options.n_init = o.restarts;
  options.tol = o.tol;
  options.max_iter = o.max_iter;
  sha256 digest;
  result.n_iter = 0;
  const auto outcomes = gmm_fit_each(ctx, std::span<const gmm_data_set<double>>(data_sets), options);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const gmm_fit_outcome& outcome = outcomes[i];
    if (!outcome.failure.empty()) {
      throw numerical_failure("bench fits: data set " + std::to_string(i) + ": " + outcome.failure);
    }
    result.n_iter += outcome.model.n_iter;
    digest.update(std::span(outcome.model.weights));
    digest.update(std::span(outcome.model.means));
    digest.update(std::span(outcome.model.covariances));
  }
  result.digest = digest_text(digest.finish());
}

fits_result measure(const fits_options& o, const context& ctx, const std::vector<double>& x, progress& bar) {
  fits_result result{ctx.backend(), ctx.isa(), ctx.n_threads(), {}, 0, {}};
  for (int run = 0; run < o.repeat; ++run) {
    if (interrupted()) {
      throw samebits::interrupted("bench fits: stopped by Ctrl-C");
    }
    bar.show(static_cast<double>(run) / o.repeat, result.backend + " " + result.isa);
    result.times.seconds.push_back(seconds_of([&] { fit_all(ctx, o, x, result); }));
  }
  return result;
}

json result_json(const fits_result& r) {
  return {{"backend", r.backend},      {"isa", r.isa},       {"threads", r.n_threads},
          {"seconds", r.times.json()}, {"n_iter", r.n_iter}, {"digest", r.digest}};
}

void print_results(const fits_options& o, const std::vector<fits_result>& results) {
  std::printf("%lld fits of %lld x %lld, %lld components: %lld data sets with %lld restarts each, tol %g\n\n",
              static_cast<long long>(o.data_sets) * o.restarts, static_cast<long long>(o.rows),
              static_cast<long long>(o.cols), static_cast<long long>(o.components), static_cast<long long>(o.data_sets),
              static_cast<long long>(o.restarts), o.tol);
  std::printf("%-14s %-8s %7s %9s %9s %11s  %s\n", "backend", "isa", "threads", "min s", "median s", "us per fit",
              "digest");
  for (const fits_result& r : results) {
    std::printf("%-14s %-8s %7d %9.4f %9.4f %11.1f  %.23s\n", r.backend.c_str(), r.isa.c_str(), r.n_threads,
                r.times.best(), r.times.median(), r.times.best() * 1e6 / static_cast<double>(o.data_sets * o.restarts),
                r.digest.c_str());
  }
}

int run(const fits_options& o) {
  const std::vector<context> where = bench_contexts(o.compute, o.all);
  const std::vector<double> x = make_data(where.front(), o);
  std::vector<fits_result> results;
  {
    progress bar;
    for (const context& ctx : where) {
      results.push_back(measure(o, ctx, x, bar));
    }
  }
  if (o.as_json) {
    print_bench_json("fits", {{"fits", o.data_sets * o.restarts}}, results, result_json);
  } else {
    print_results(o, results);
  }
  return digests_agree(results) ? exit_done : exit_failed;
}

}  // namespace

void add_bench_fits(CLI::App& bench, int& result) {
  CLI::App* const fits =
      bench.add_subcommand("fits", "Many small mixtures: data sets with restarts, as in a study (overlapping blobs)");
  const auto o = std::make_shared<fits_options>();
  const auto count = [&](const char* name, std::int64_t& value, const char* text) {
    fits->add_option(name, value, text)
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 30))
        ->capture_default_str();
  };
  count("--data-sets", o->data_sets, "data sets");
  count("--restarts", o->restarts, "random starts for each");
  count("--rows", o->rows, "rows of a data set");
  count("--cols", o->cols, "columns");
  count("--components", o->components, "components");
  count("--max-iter", o->max_iter, "most iterations of a fit");
  fits->add_option("--tol", o->tol, "tolerance on the mean log-likelihood")->capture_default_str();
  fits->add_option("--repeat", o->repeat, "runs; the table shows the fastest and the median")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  fits->add_flag("--all", o->all, "every available backend and instruction set; exit 1 if digests differ");
  fits->add_flag("--json", o->as_json, "print JSON");
  o->compute.add_to(*fits);
  fits->callback([o, &result] { result = run(*o); });
}

}  // namespace samebits::cli
