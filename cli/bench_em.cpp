// samebits bench em: Gaussian mixtures.
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
  covariance_type covariance = covariance_type::full;
  bool single = false;
  bool weighted = false;
  std::string schedule = "both";
  int repeat = 5;
  bool all = false;
  bool as_json = false;
  compute_options compute;
};

struct em_result {
  std::string backend;
  std::string isa;
  std::string schedule;
  int n_threads;
  run_times times;
  double peak_memory_mib;
  gmm_model model;
  std::string digest;
};

double rows_per_second(const em_options& o, const em_result& r) {
  return static_cast<double>(o.rows) * static_cast<double>(o.iterations) / r.times.best();
}

bool is_triangular(covariance_type type) { return type == covariance_type::full || type == covariance_type::tied; }

/// Floating-point operations per row and component, an fma counted as two. Triangles: |W dx|^2 and dx dx^T. Diagonals:
/// dx, its scaled square, and both moments.
double flop(const em_options& o) {
  const double cols = static_cast<double>(o.cols);
  return is_triangular(o.covariance) ? 2 * cols * cols : 9 * cols;
}

double gflops(const em_options& o, const em_result& r) {
  return rows_per_second(o, r) * static_cast<double>(o.components) * flop(o) * 1e-9;
}

/// The start: equal weights, unit covariances, and the row in the middle of each blob as mean.
struct em_start {
  em_start(const em_options& o, const std::vector<double>& x) {
    for (std::int64_t k = 0; k < o.components; ++k) {
      const std::int64_t row = (2 * k + 1) * o.rows / (2 * o.components);
      means.insert(means.end(), x.begin() + row * o.cols, x.begin() + (row + 1) * o.cols);
    }
    const matrix_shape shape = covariances_shape(o.covariance, o.components, o.cols);
    covariances.assign(static_cast<std::size_t>(shape.n_rows * shape.n_cols), is_triangular(o.covariance) ? 0.0 : 1.0);
    for (std::int64_t i = 0; i < shape.n_rows && is_triangular(o.covariance); ++i) {
      covariances[static_cast<std::size_t>(i * shape.n_cols + i % shape.n_cols)] = 1;
    }
  }
  std::vector<double> means;
  std::vector<double> covariances;
};

/// Rows in the type that the fit reads.
struct em_data {
  em_data(const em_options& o, std::vector<double> rows) : x(std::move(rows)) {
    if (o.single) {
      x_float.assign(x.begin(), x.end());
      std::vector<double>().swap(x);
    }
    if (o.weighted) {
      weights.assign(static_cast<std::size_t>(o.rows), 1.0);
    }
  }
  std::vector<double> x;
  std::vector<float> x_float;
  std::vector<double> weights;
};

em_result measure(const em_options& o, const context& ctx, const em_data& data, const em_start& start,
                  const std::string& schedule, progress& bar) {
  gmm_options options;
  options.n_components = o.components;
  options.covariance = o.covariance;
  options.schedule = schedule == "rows" ? gmm_schedule::rows : gmm_schedule::components;
  options.sample_weights = data.weights;
  options.max_iter = o.iterations;
  options.tol = -1;
  options.means_init = {start.means.data(), o.components, o.cols};
  const matrix_shape shape = covariances_shape(o.covariance, o.components, o.cols);
  options.covariances_init = {start.covariances.data(), shape.n_rows, shape.n_cols};
  em_result result{ctx.backend(), ctx.isa(), schedule, ctx.n_threads(), {}, 0, {}, {}};
  for (int run = 0; run < o.repeat; ++run) {
    options.callback = [&](const gmm_iteration& i) {
      const double share = static_cast<double>(i.iteration) / static_cast<double>(o.iterations);
      bar.show((run + share) / o.repeat, result.backend + " " + result.isa + ", run " + std::to_string(run + 1));
      return !interrupted();
    };
    result.times.seconds.push_back(seconds_of([&] {
      if (o.single) {
        result.model = gmm_fit(ctx, matrix_view<const float>(data.x_float.data(), o.rows, o.cols), options);
      } else {
        result.model = gmm_fit(ctx, matrix_view<const double>(data.x.data(), o.rows, o.cols), options);
      }
    }));
  }
  result.peak_memory_mib = peak_memory_mib();
  result.digest = gmm_digest(result.model);
  return result;
}

json result_json(const em_options& o, const em_result& r) {
  return {{"backend", r.backend},
          {"isa", r.isa},
          {"schedule", r.schedule},
          {"threads", r.n_threads},
          {"seconds", r.times.json()},
          {"rows_per_second", rows_per_second(o, r)},
          {"gflops", gflops(o, r)},
          {"peak_memory_mib", r.peak_memory_mib},
          {"data_mib", static_cast<double>(o.rows * o.cols) / (o.single ? 1 << 18 : 1 << 17)},
          {"log_likelihood", r.model.log_likelihood},
          {"n_iter", r.model.n_iter},
          {"digest", r.digest}};
}

json problem_json(const em_options& o) {
  json answer = json_header();
  answer["benchmark"] = "em";
  answer["rows"] = o.rows;
  answer["cols"] = o.cols;
  answer["components"] = o.components;
  answer["iterations"] = o.iterations;
  answer["covariance_type"] = name_of(o.covariance);
  answer["dtype"] = o.single ? "float32" : "float64";
  return answer;
}

void print_results(const em_options& o, const std::vector<em_result>& results) {
  std::printf("EM, %lld %s rows x %lld columns, %lld components, %s covariances, %lld iterations\n\n",
              static_cast<long long>(o.rows), o.single ? "float" : "double", static_cast<long long>(o.cols),
              static_cast<long long>(o.components), name_of(o.covariance), static_cast<long long>(o.iterations));
  std::printf("%-14s %-8s %-10s %7s %9s %9s %11s %9s  %s\n", "backend", "isa", "schedule", "threads", "min s",
              "median s", "Mrows/s", "GFLOP/s", "digest");
  for (const em_result& r : results) {
    std::printf("%-14s %-8s %-10s %7d %9.4f %9.4f %11.1f %9.1f  %.23s\n", r.backend.c_str(), r.isa.c_str(),
                r.schedule.c_str(), r.n_threads, r.times.best(), r.times.median(), rows_per_second(o, r) * 1e-6,
                gflops(o, r), r.digest.c_str());
  }
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
  const em_data data(o, std::move(x));
  std::vector<em_result> results;
  {
    progress bar;
    for (const context& ctx : where) {
      for (const char* const schedule : {"rows", "components"}) {
        if (o.schedule == schedule || o.schedule == "both") {
          results.push_back(measure(o, ctx, data, start, schedule, bar));
        }
      }
    }
  }
  if (o.as_json) {
    json answer = problem_json(o);
    if (!o.all) {
      answer.update(result_json(o, results.front()));
    }
    if (o.all || results.size() > 1) {
      answer["results"] = json::array();
      for (const em_result& r : results) {
        answer["results"].push_back(result_json(o, r));
      }
    }
    print_json(answer);
  } else {
    print_results(o, results);
  }
  return digests_agree(results) ? exit_done : exit_failed;
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
  em->add_option_function<std::string>(
        "--covariance", [o](const std::string& name) { o->covariance = covariance_type_named(name); },
        "full, tied, diag, spherical, tied-diag, tied-spherical")
      ->default_str("full");
  em->add_option_function<std::string>(
        "--dtype", [o](const std::string& name) { o->single = name == "float32"; }, "type of the rows")
      ->check(CLI::IsMember({"float64", "float32"}))
      ->default_str("float64");
  em->add_flag("--weighted", o->weighted, "with a weight for each row (all 1)");
  em->add_option("--schedule", o->schedule, "how threads share the work: by rows, by components, or both in turn")
      ->check(CLI::IsMember({"rows", "components", "both"}))
      ->capture_default_str();
  em->add_option("--repeat", o->repeat, "runs; the table shows the fastest and the median")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  em->add_flag("--all", o->all, "every available backend and instruction set side by side; exit 1 if digests differ");
  em->add_flag("--json", o->as_json, "print JSON");
  o->compute.add_to(*em);
  em->callback([o, &result] { result = run(*o); });
}

}  // namespace samebits::cli
