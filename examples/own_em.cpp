// An EM of one's own from the steps of the library: responsibilities are tempered, so that early iterations commit
// themselves less (Ueda, Nakano: "Deterministic annealing EM algorithm", Neural Networks 11, 1998). The library's steps
// have the same bits everywhere; what is done between them is in the hands of this program.
#include <cstdio>
#include <samebits/samebits.hpp>
#include <vector>

namespace {

constexpr std::int64_t n_rows = 3000;
constexpr std::int64_t n_cols = 2;
constexpr std::int64_t n_components = 3;

/// r^temper, over their sum: log r times `temper`, then the library's own E-step would give temper = 1.
void temper_rows(const samebits::context& ctx, std::vector<double>& log_responsibilities, double temper) {
  for (double& value : log_responsibilities) {
    value *= temper;
  }
  samebits::exp(ctx, log_responsibilities, log_responsibilities);
  for (std::int64_t i = 0; i < n_rows; ++i) {
    double sum = 0;
    for (std::int64_t k = 0; k < n_components; ++k) {
      sum += log_responsibilities[i * n_components + k];
    }
    for (std::int64_t k = 0; k < n_components; ++k) {
      log_responsibilities[i * n_components + k] /= sum;
    }
  }
}

}  // namespace

int main() {
  const samebits::context ctx;
  std::vector<double> x(n_rows * n_cols);
  samebits::make_blobs(ctx, {1, 0}, n_components, {x.data(), n_rows, n_cols});
  const samebits::matrix_view<const double> rows(x.data(), n_rows, n_cols);

  samebits::gmm_options options;
  options.n_components = n_components;
  options.max_iter = 1;
  samebits::gmm_model model = samebits::gmm_fit(ctx, rows, options);
  std::vector<double> responsibilities(n_rows * n_components);
  for (const double temper : {0.25, 0.5, 0.75, 1.0, 1.0, 1.0}) {
    samebits::gmm_expectation(ctx, model, rows, {responsibilities.data(), n_rows, n_components}, {});
    temper_rows(ctx, responsibilities, temper);
    model = samebits::gmm_maximization(ctx, rows, {responsibilities.data(), n_rows, n_components}, options);
    std::printf("temper %.2f: log-likelihood %.6f nats per row\n", temper, samebits::gmm_score(ctx, model, rows));
  }
  return 0;
}
