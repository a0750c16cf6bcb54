// Products of matrices on the CPU.
#include "cpu/matmul_in_place.hpp"
#include "cpu/matmul_packed.hpp"
#include "cpu/matmul_vector.hpp"
#include "cpu/report.hpp"
#include "cpu/tables.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {
namespace {

/// Multiply-adds that do not pay for waking other threads.
constexpr std::int64_t serial_work = std::int64_t{1} << 18;
/// Bytes of matrices that stay in the second-level cache, in whatever order they are read.
constexpr std::int64_t cached_bytes = 384 << 10;

template <class T>
constexpr std::int64_t n_cached = cached_bytes / static_cast<std::int64_t>(sizeof(T));

template <class T>
bool is_short(const matrix_product<T>& product) {
  return product.n_inner <= serial_work / product.n_rows / product.n_cols;
}

/// How many inner elements to take at a time if both matrices are to be read in place; 0 if they are to be packed.
/// Packing takes time for every element read, in-place tiles take cache lines and pages for every row of b.
template <class T>
std::int64_t inner_block_in_place(const matrix_product<T>& product) {
  using tile = matmul_tile<T>;
  if (product.n_inner <= n_cached<T> / (product.n_rows + product.n_cols)) {
    return product.n_inner;
  }
  if (product.n_cols <= 4 * tile::cols) {
    return n_cached<T> / product.n_cols;  // b, which every row of a meets, in the cache
  }
  if (product.n_rows <= 4 * tile::rows) {
    return 16;  // b is read about once: a few of its rows side by side, in order
  }
  return 0;
}

/// False when memory runs out.
template <class T>
bool multiply(const matrix_product<T>& product, int n_threads) {
  if (product.n_cols == 1 && product.n_rows >= vec_width<T>) {
    matmul_vector<T>(product).run(n_threads);
    return true;
  }
  const std::int64_t inner_block = inner_block_in_place(product);
  return inner_block > 0 ? matmul_in_place<T>(product, inner_block).run(n_threads)
                         : matmul_packed<T>(product).run(n_threads);
}

template <class T>
samebits_status run(samebits_call* call, const samebits_product& p) {
  const matrix_product<T> product{
      static_cast<const T*>(p.a), static_cast<const T*>(p.b), static_cast<T*>(p.out), p.n_rows, p.n_inner, p.n_cols};
  if (p.n_inner == 0) {
    __builtin_memset(p.out, 0, static_cast<std::size_t>(p.n_rows * p.n_cols) * sizeof(T));
    return SAMEBITS_OK;
  }
  const bool done = multiply(product, is_short(product) ? 1 : call->n_threads);
  return done ? SAMEBITS_OK : cpu::out_of_memory(call, "a product of matrices");
}

}  // namespace

samebits_status matmul(samebits_call* call, const samebits_product* product) {
  if (product->n_rows == 0 || product->n_cols == 0) {
    return SAMEBITS_OK;
  }
  return product->dtype == SAMEBITS_FLOAT32 ? run<float>(call, *product) : run<double>(call, *product);
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
