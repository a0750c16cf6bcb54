// The machine's own matrix-product rate, from a tuned BLAS: the yardstick for wide mixtures and
// permutation tests.
// Prints one JSON object: dgemm_bench N THREADS, or dgemm_bench N_ROWS N_INNER N_COLS THREADS
#include <cblas.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

extern "C" void openblas_set_num_threads(int);

namespace {

struct sizes {
  int n_rows;
  int n_inner;
  int n_cols;

  double gigaflop() const { return 2e-9 * n_rows * n_inner * n_cols; }
};

/// The shortest of some runs: few where one takes long.
double best_seconds(const sizes& n) {
  const std::vector<double> a(static_cast<std::size_t>(n.n_rows) * n.n_inner, 1.1);
  const std::vector<double> b(static_cast<std::size_t>(n.n_inner) * n.n_cols, 1.2);
  std::vector<double> c(static_cast<std::size_t>(n.n_rows) * n.n_cols);
  const int n_runs = n.gigaflop() > 100 ? 3 : 7;
  double best = 1e9;
  for (int run = 0; run < n_runs; ++run) {
    const auto begin = std::chrono::steady_clock::now();
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n.n_rows, n.n_cols, n.n_inner, 1, a.data(), n.n_inner,
                b.data(), n.n_cols, 0, c.data(), n.n_cols);
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  return best;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 && argc != 5) {
    std::fprintf(stderr, "usage: dgemm_bench N THREADS or dgemm_bench N_ROWS N_INNER N_COLS THREADS\n");
    return 2;
  }
  const int n_threads = std::atoi(argv[argc - 1]);
  const sizes n = {std::atoi(argv[1]), std::atoi(argv[argc == 5 ? 2 : 1]), std::atoi(argv[argc == 5 ? 3 : 1])};
  openblas_set_num_threads(n_threads);
  const double seconds = best_seconds(n);
  std::printf(
      "{\"n_rows\": %d, \"n_inner\": %d, \"n_cols\": %d, \"threads\": %d, \"seconds\": %.6f, \"gflops\": %.1f}\n",
      n.n_rows, n.n_inner, n.n_cols, n_threads, seconds, n.gigaflop() / seconds);
  return 0;
}
