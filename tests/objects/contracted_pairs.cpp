// Built with -ffp-contract=fast for a machine with fma, in a namespace of its own (SAMEBITS_TARGET).
#include "tests/objects/contracted_pairs.hpp"

#include "samebits/pair_functor.hpp"

namespace samebits::tests {
namespace {

struct product {
  template <class T>
  T operator()(const T* x, const T* y, std::int64_t) const {
    return x[0] * y[0];
  }
};

template <class T>
void sum_products(const context& ctx, matrix_view<const T> x, bool row_by_row, std::span<double> out) {
  if (!row_by_row) {
    return pairwise_rows_of(ctx, x, {}, product(), {.mode = pairwise_mode::v}, out);
  }
  const functor_pairs<T> pairs{.x = x.data(), .n_x = x.n_rows(), .n_cols = 1, .mode = pairwise_mode::v};
  for (std::int64_t i = 0; i < x.n_rows(); ++i) {
    out[static_cast<std::size_t>(i)] = pair_row_sum(pairs, product(), i);
  }
}

}  // namespace

void contracted_product_sums(const context& ctx, matrix_view<const double> x, bool row_by_row, std::span<double> out) {
  sum_products(ctx, x, row_by_row, out);
}
void contracted_product_sums(const context& ctx, matrix_view<const float> x, bool row_by_row, std::span<double> out) {
  sum_products(ctx, x, row_by_row, out);
}

}  // namespace samebits::tests
