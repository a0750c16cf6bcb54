// Products of matrices, in turn with those of a tuned BLAS where there is one: the best of some runs of each.
// Prints one JSON object: matmul_bench N_ROWS N_INNER N_COLS THREADS
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "samebits/matmul.hpp"

#if defined(SAMEBITS_HAVE_CBLAS)
#include <cblas.h>
extern "C" void openblas_set_num_threads(int);
#endif

namespace {

using samebits::matrix_view;

struct sizes {
  std::int64_t n_rows;
  std::int64_t n_inner;
  std::int64_t n_cols;

  double gigaflops() const {
    return 2e-9 * static_cast<double>(n_rows) * static_cast<double>(n_inner) * static_cast<double>(n_cols);
  }
};

struct competitor {
  std::string name;
  std::function<void()> multiply;
  double best_seconds = 1e9;
};

template <class T>
struct operands {
  explicit operands(const sizes& n)
      : a(static_cast<std::size_t>(n.n_rows * n.n_inner), T(1.1)),
        b(static_cast<std::size_t>(n.n_inner * n.n_cols), T(1.2)),
        out(static_cast<std::size_t>(n.n_rows * n.n_cols)) {}
  std::vector<T> a;
  std::vector<T> b;
  std::vector<T> out;
};

template <class T>
competitor samebits_of(const samebits::context& ctx, const sizes& n, operands<T>& x, const char* name) {
  return {name, [&ctx, &x, n] {
            samebits::matmul(ctx, matrix_view<const T>(x.a.data(), n.n_rows, n.n_inner),
                             matrix_view<const T>(x.b.data(), n.n_inner, n.n_cols),
                             matrix_view<T>(x.out.data(), n.n_rows, n.n_cols));
          }};
}

#if defined(SAMEBITS_HAVE_CBLAS)
void gemm(int m, int n, int k, const operands<double>& x, double* out) {
  cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1, x.a.data(), k, x.b.data(), n, 0, out, n);
}
void gemm(int m, int n, int k, const operands<float>& x, float* out) {
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1, x.a.data(), k, x.b.data(), n, 0, out, n);
}

template <class T>
competitor blas_of(const sizes& n, operands<T>& x, const char* name) {
  return {name, [&x, n] {
            gemm(static_cast<int>(n.n_rows), static_cast<int>(n.n_cols), static_cast<int>(n.n_inner), x, x.out.data());
          }};
}
#endif

/// Seconds of one product; small ones are repeated for at least some milliseconds.
double seconds_of(const competitor& c, const sizes& n) {
  const int repeats = static_cast<int>(std::clamp(1 / (n.gigaflops() + 1e-6), 1.0, 10'000.0));
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < repeats; ++i) {
    c.multiply();
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() / repeats;
}

}  // namespace

int main(int argc, char** argv) {
  const sizes n = argc == 5 ? sizes{std::atoll(argv[1]), std::atoll(argv[2]), std::atoll(argv[3])} : sizes{};
  const int n_threads = argc == 5 ? std::atoi(argv[4]) : 0;
  if (n.n_rows < 1 || n.n_inner < 1 || n.n_cols < 1 || n_threads < 1) {
    std::fprintf(stderr, "usage: matmul_bench N_ROWS N_INNER N_COLS THREADS\n");
    return 2;
  }
  const samebits::context ctx({"cpu", "", n_threads});
  operands<double> doubles(n);
  operands<float> floats(n);
  std::vector<competitor> competitors = {samebits_of(ctx, n, doubles, "gflops"),
                                         samebits_of(ctx, n, floats, "gflops_float")};
#if defined(SAMEBITS_HAVE_CBLAS)
  openblas_set_num_threads(n_threads);
  competitors.push_back(blas_of(n, doubles, "gflops_blas"));
  competitors.push_back(blas_of(n, floats, "gflops_blas_float"));
#endif
  for (int run = 0; run < 9; ++run) {
    for (competitor& c : competitors) {
      c.best_seconds = std::min(c.best_seconds, seconds_of(c, n));
    }
  }
  std::printf("{\"n_rows\": %lld, \"n_inner\": %lld, \"n_cols\": %lld, \"threads\": %d",
              static_cast<long long>(n.n_rows), static_cast<long long>(n.n_inner), static_cast<long long>(n.n_cols),
              n_threads);
  for (const competitor& c : competitors) {
    std::printf(", \"%s\": %.1f", c.name.c_str(), n.gigaflops() / c.best_seconds);
  }
  std::printf("}\n");
  return 0;
}
