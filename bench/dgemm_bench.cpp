// The machine's own matrix-product rate, from a tuned BLAS: the yardstick for wide mixtures.
// Prints one JSON object: dgemm_bench N THREADS
#include <cblas.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

extern "C" void openblas_set_num_threads(int);

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: dgemm_bench N THREADS\n");
    return 2;
  }
  const int n = std::atoi(argv[1]);
  const int n_threads = std::atoi(argv[2]);
  openblas_set_num_threads(n_threads);
  const std::vector<double> a(static_cast<std::size_t>(n) * n, 1.1);
  const std::vector<double> b(a.size(), 1.2);
  std::vector<double> c(a.size());
  double best = 0;
  for (int run = 0; run < 7; ++run) {
    const auto begin = std::chrono::steady_clock::now();
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1, a.data(), n, b.data(), n, 0, c.data(), n);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    best = std::max(best, 2.0 * n * n * n / seconds * 1e-9);
  }
  std::printf("{\"n\": %d, \"threads\": %d, \"gflops\": %.1f}\n", n, n_threads, best);
  return 0;
}
