// A simulation study over data sets and random restarts, of which any machine can compute any part.
//
//   ./simulation_study          everything
//   ./simulation_study 2 5      the share of job 2 of 5, as in a job array of a cluster: the same lines
//
// Every result is keyed by what it is: (data set, restart). So a job that failed can be run again alone, and more data
// sets or restarts leave the old lines as they are.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <vector>

#include "samebits/samebits.hpp"

constexpr samebits::stream_id study{2024, 0};
constexpr std::uint64_t n_data_sets = 5;
constexpr std::uint64_t n_restarts = 4;
constexpr std::int64_t n_rows = 300;
constexpr std::int64_t n_cols = 2;

static std::vector<double> make_data(const samebits::context& here, samebits::stream_id id) {
  std::vector<double> values(n_rows * n_cols);
  samebits::fill(here, samebits::dist::student_t{.df = 3}, id, 0, std::span(values));
  return values;
}

static samebits::gmm_model fit(const samebits::context& here, const std::vector<double>& data, samebits::stream_id id) {
  samebits::gmm_options options;
  options.n_components = 4;
  options.seed = id.seed;
  options.task = id.task;
  return samebits::gmm_fit(here, {data.data(), n_rows, n_cols}, options);
}

static void run_task(const samebits::context& here, std::uint64_t data_set, std::uint64_t restart) {
  const samebits::stream_id this_set = study.child("data set").child(data_set);
  const std::vector<double> data = make_data(here, this_set.child("values"));
  const samebits::gmm_model model = fit(here, data, this_set.child("restart").child(restart));
  std::printf("data set %d, restart %d: log-likelihood %.17g\n", static_cast<int>(data_set), static_cast<int>(restart),
              model.log_likelihood);
}

int main(int argc, char** argv) try {
  const std::uint64_t job = argc == 3 ? std::strtoull(argv[1], nullptr, 10) : 0;
  const std::uint64_t n_jobs = argc == 3 ? std::max<std::uint64_t>(1, std::strtoull(argv[2], nullptr, 10)) : 1;
  const samebits::context here;
  for (std::uint64_t task = job; task < n_data_sets * n_restarts; task += n_jobs) {
    run_task(here, task / n_restarts, task % n_restarts);
  }
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "simulation_study: %s\n", e.what());
  return 1;
}
