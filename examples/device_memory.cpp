// Numbers that stay in the memory of the GPU: made there, summed up there, fitted there. The same program on the CPU,
// where that memory is the ordinary one, prints the same digits.
//
//   ./device_memory
#include <cstdio>
#include <samebits/samebits.hpp>

int main() {
  constexpr std::int64_t n_rows = 100000;
  constexpr std::int64_t n_cols = 2;
  const samebits::context ctx;  // CUDA where there is a GPU, else the CPU
  const samebits::stream_id id{1, 0};

  samebits::device_array<double> x(ctx, n_rows * n_cols);
  samebits::fill(ctx, samebits::dist::gamma{.shape = 2.5}, id, 0, x.span());

  const samebits::matrix_view<const double> rows(x.data(), n_rows, n_cols);
  const samebits::summary s = samebits::summarize(ctx, rows);
  std::printf("mean %.17g, variance %.17g\n", s.mean[0], s.variance[0]);

  samebits::gmm_options options;
  options.n_components = 2;
  options.max_iter = 10;
  const samebits::gmm_model model = samebits::gmm_fit(ctx, rows, options);
  std::printf("log-likelihood %.17g nats per row\n", model.log_likelihood);

  samebits::device_array<std::int64_t> labels(ctx, n_rows);
  samebits::gmm_predict(ctx, model, rows, labels.span());  // written there
  std::int64_t n_first = 0;
  for (const std::int64_t label : labels.to_host()) {
    n_first += label == 0 ? 1 : 0;
  }
  std::printf("rows of the first component: %lld of %lld\n", static_cast<long long>(n_first),
              static_cast<long long>(n_rows));
  return 0;
}
