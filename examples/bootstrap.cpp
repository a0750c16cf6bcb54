// How sure a fit is: standard errors of a mixture's parameters by the bootstrap (Efron, 1979). 1,000 resamples of the
// rows are fitted in one call, on a GPU side by side; resample b is the same whoever draws it, and so is its fit.
//
//   ./bootstrap faithful.csv     a header, then rows of two columns
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <samebits/samebits.hpp>
#include <sstream>
#include <string>
#include <vector>

namespace {

constexpr std::int64_t n_cols = 2;
constexpr std::int64_t n_resamples = 1000;

std::vector<double> read_rows(const char* file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  std::vector<double> values;
  for (char comma = 0; std::getline(in, line);) {
    double first = 0;
    double second = 0;
    if (std::istringstream(line) >> first >> comma >> second) {
      values.insert(values.end(), {first, second});
    }
  }
  return values;
}

/// How often each row is in the resample: the weight it has there.
std::vector<double> counts_of(samebits::stream_id resample, std::int64_t n_rows) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(n_rows));
  samebits::bootstrap_indices(resample, n_rows, 0, rows);
  std::vector<double> counts(rows.size());
  for (const std::int64_t row : rows) {
    counts[static_cast<std::size_t>(row)] += 1;
  }
  return counts;
}

/// Resamples without a fit, which the standard errors know nothing of.
std::int64_t count_failures(const std::vector<samebits::gmm_fit_outcome>& outcomes) {
  return std::count_if(outcomes.begin(), outcomes.end(), [](const auto& o) { return !o.failure.empty(); });
}

/// Of number `of(model)` over the fits.
template <class Number>
double standard_error(const std::vector<samebits::gmm_fit_outcome>& outcomes, const Number& of) {
  std::vector<double> values;
  for (const samebits::gmm_fit_outcome& o : outcomes) {
    if (o.failure.empty()) {
      values.push_back(of(o.model));
    }
  }
  return std::sqrt(samebits::variance(samebits::context(), values));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: bootstrap faithful.csv\n");
    return 2;
  }
  const std::vector<double> values = read_rows(argv[1]);
  if (values.empty()) {
    std::fprintf(stderr, "bootstrap: %s has no rows of two numbers\n", argv[1]);
    return 1;
  }
  const auto n_rows = static_cast<std::int64_t>(values.size()) / n_cols;
  const samebits::matrix_view<const double> x(values.data(), n_rows, n_cols);
  const samebits::context ctx;  // CUDA where there is a GPU, else the CPU

  samebits::gmm_options options;
  options.n_components = 2;
  const samebits::gmm_model model = samebits::gmm_fit(ctx, x, options);

  const samebits::stream_id study{1, 0};
  std::vector<std::vector<double>> weights;
  std::vector<samebits::gmm_data_set<double>> resamples;
  for (std::int64_t b = 0; b < n_resamples; ++b) {
    weights.push_back(counts_of(study.child("bootstrap").child(static_cast<std::uint64_t>(b)), n_rows));
    resamples.push_back({x, weights.back()});
  }
  options.warm_start = &model;  // components keep their order
  const std::vector<samebits::gmm_fit_outcome> outcomes =
      samebits::gmm_fit_each(ctx, std::span<const samebits::gmm_data_set<double>>(resamples), options);

  for (std::size_t k = 0; k < 2; ++k) {
    std::printf("component %zu: weight %.4f +- %.4f, mean", k, model.weights[k],
                standard_error(outcomes, [&](const samebits::gmm_model& m) { return m.weights[k]; }));
    for (std::size_t j = 0; j < n_cols; ++j) {
      std::printf(" %.3f +- %.3f", model.means[n_cols * k + j],
                  standard_error(outcomes, [&](const samebits::gmm_model& m) { return m.means[n_cols * k + j]; }));
    }
    std::printf("\n");
  }
  std::printf("%lld of %lld resamples have no fit\n", static_cast<long long>(count_failures(outcomes)),
              static_cast<long long>(n_resamples));
  return 0;
}
