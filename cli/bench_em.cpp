// samebits bench em: Gaussian mixtures.
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "cli/bench.hpp"
#include "cli/progress.hpp"
#include "samebits/datasets.hpp"
#include "samebits/gmm.hpp"

namespace samebits::cli {
namespace {

using json = nlohmann::ordered_json;

struct em_options {
  std::int64_t rows = 4'000'000;
  std::int64_t cols = 2;
  std::int64_t components = 4;
  std::int64_t iterations = 25;
  int repeat = 5;
  bool all = false;
  bool as_json = false;
  compute_options compute;
};

struct em_result {
  std::string backend;
  std::string isa;
  int n_threads;
  run_times times;
  double peak_memory_mib;
  gmm_model model;
};

double rows_per_second(const em_options& o, const em_result& r) {
  return static_cast<double>(o.rows) * static_cast<double>(o.iterations) / r.times.best();
}

/// Two triangles of multiply-adds per row and component: |W dx|^2 and dx dx^T.
double gflops(const em_options& o, const em_result& r) {
  return rows_per_second(o, r) * static_cast<double>(o.components * o.cols * o.cols) * 2e-9;
}

/// The start: equal weights, unit covariances, and the row in the middle of each blob as mean.
struct em_start {
  em_start(const em_options& o, const std::vector<double>& x) {
    for (std::int64_t k = 0; k < o.components; ++k) {
      const std::int64_t row = (2 * k + 1) * o.rows / (2 * o.components);
      means.insert(means.end(), x.begin() + row * o.cols, x.begin() + (row + 1) * o.cols);
      for (std::int64_t i = 0; i < o.cols * o.cols; ++i) {
        covariances.push_back(i % (o.cols + 1) == 0 ? 1.0 : 0.0);
      }
    }
  }
  std::vector<double> means;
  std::vector<double> covariances;
};

double peak_memory_mib() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

em_result measure(const em_options& o, const context& ctx, const std::vector<double>& x, const em_start& start,
                  progress& bar) {
  gmm_options options;
  options.n_components = o.components;
  options.max_iter = o.iterations;
  options.tol = -1;
  options.means_init = {start.means.data(), o.components, o.cols};
  options.covariances_init = {start.covariances.data(), o.components * o.cols, o.cols};
  em_result result{ctx.backend(), ctx.isa(), ctx.n_threads(), {}, 0, {}};
  for (int run = 0; run < o.repeat; ++run) {
    options.callback = [&](const gmm_iteration& i) {
      const double share = static_cast<double>(i.iteration) / static_cast<double>(o.iterations);
      bar.show((run + share) / o.repeat, result.backend + " " + result.isa + ", run " + std::to_string(run + 1));
      return !interrupted();
    };
    result.times.seconds.push_back(seconds_of([&] {
      result.model = gmm_fit(ctx, {x.data(), o.rows, o.cols}, options);
    }));
  }
  result.peak_memory_mib = peak_memory_mib();
  return result;
}

json result_json(const em_options& o, const em_result& r) {
  return {{"backend", r.backend},
          {"isa", r.isa},
          {"threads", r.n_threads},
          {"seconds", r.times.json()},
          {"rows_per_second", rows_per_second(o, r)},
          {"gflops", gflops(o, r)},
          {"peak_memory_mib", r.peak_memory_mib},
          {"data_mib", static_cast<double>(o.rows * o.cols) / (1 << 17)},
          {"log_likelihood", r.model.log_likelihood},
          {"n_iter", r.model.n_iter},
          {"digest", gmm_digest(r.model)}};
}

json problem_json(const em_options& o) {
  json answer = json_header();
  answer["benchmark"] = "em";
  answer["rows"] = o.rows;
  answer["cols"] = o.cols;
  answer["components"] = o.components;
  answer["iterations"] = o.iterations;
  return answer;
}

void print_results(const em_options& o, const std::vector<em_result>& results) {
  std::printf("EM, %lld rows x %lld columns, %lld components, full covariances, %lld iterations\n\n",
              static_cast<long long>(o.rows), static_cast<long long>(o.cols), static_cast<long long>(o.components),
              static_cast<long long>(o.iterations));
  std::printf("%-14s %-8s %7s %9s %9s %11s %9s  %s\n", "backend", "isa", "threads", "min s", "median s", "Mrows/s",
              "GFLOP/s", "digest");
  for (const em_result& r : results) {
    std::printf("%-14s %-8s %7d %9.4f %9.4f %11.1f %9.1f  %.23s\n", r.backend.c_str(), r.isa.c_str(), r.n_threads,
                r.times.best(), r.times.median(), rows_per_second(o, r) * 1e-6, gflops(o, r),
                gmm_digest(r.model).c_str());
  }
}

/// True when all results have the same digest.
bool agree(const std::vector<em_result>& results) {
  return std::all_of(results.begin(), results.end(),
                     [&](const em_result& r) { return gmm_digest(r.model) == gmm_digest(results.front().model); });
}

int run(const em_options& o) {
  const std::vector<context> where = bench_contexts(o.compute, o.all);
  if (o.components > o.rows) {
    throw invalid_argument("bench em: components is " + std::to_string(o.components) + " but there are " +
                           std::to_string(o.rows) + " rows");
  }
  if (o.rows > (std::int64_t{1} << 40) / o.cols) {
    throw invalid_argument("bench em: rows x cols is more than 2^40 values");
  }
  std::vector<double> x(static_cast<std::size_t>(o.rows * o.cols));
  make_blobs(where.front(), {1, 0}, o.components, {x.data(), o.rows, o.cols});
  const em_start start(o, x);
  std::vector<em_result> results;
  {
    progress bar;
    for (const context& ctx : where) {
      results.push_back(measure(o, ctx, x, start, bar));
    }
  }
  if (!o.as_json) {
    print_results(o, results);
  } else if (o.all) {
    json answer = problem_json(o);
    answer["results"] = json::array();
    for (const em_result& r : results) {
      answer["results"].push_back(result_json(o, r));
    }
    print_json(answer);
  } else {
    json answer = problem_json(o);
    answer.update(result_json(o, results.front()));
    print_json(answer);
  }
  return agree(results) ? exit_done : exit_failed;
}

}  // namespace

void add_bench_em(CLI::App& bench, int& result) {
  CLI::App* const em = bench.add_subcommand(
      "em", "Gaussian-mixture EM on synthetic blobs (blob k at 5k in every coordinate), a fixed number of iterations");
  const auto o = std::make_shared<em_options>();
  em->add_option("--rows", o->rows, "rows")->check(CLI::PositiveNumber)->capture_default_str();
  em->add_option("--cols", o->cols, "columns")->check(CLI::PositiveNumber)->capture_default_str();
  em->add_option("--components", o->components, "components")->check(CLI::PositiveNumber)->capture_default_str();
  em->add_option("--iterations", o->iterations, "iterations")->check(CLI::PositiveNumber)->capture_default_str();
  em->add_option("--repeat", o->repeat, "runs; the table shows the fastest and the median")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  em->add_flag("--all", o->all, "every available backend and instruction set side by side; exit 1 if digests differ");
  em->add_flag("--json", o->as_json, "print JSON");
  o->compute.add_to(*em);
  em->callback([o, &result] { result = run(*o); });
}

}  // namespace samebits::cli
