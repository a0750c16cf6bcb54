#include "lib/pairwise_totals.hpp"

#include "lib/pair_kernels.hpp"
#include "lib/row_sum.hpp"

namespace samebits::pairs {

using core::pair_map;

namespace {

template <class T>
void fill_typed_diagonal(const samebits_pairs& pairs, const samebits_pair_kernel& kernel, std::span<double> out) {
  const auto id = static_cast<pair_kernel>(kernel.kernel);
  const core::pair_constants<T> constants = core::constants_of<T>(kernel);
  const T* const weights = static_cast<const T*>(pairs.y_weights);
  for (std::int64_t i = 0; i < pairs.n_x; ++i) {
    const T* const x = static_cast<const T*>(pairs.x) + i * pairs.n_cols;
    const T base = core::pair_base_of(core::base_of(id), x, x, pairs.n_cols);
    const T value = core::map_pair(id, static_cast<pair_map>(pairs.map), base, constants);
    out[size_of(i)] =
        static_cast<double>(weights == nullptr ? value : core::fma(weights[i], value, core::empty_sum<T>()));
  }
}

/// Weights as backends see them.
std::vector<double> rounded_weights(const arguments& a) {
  std::vector<double> weights(a.options.x_weights.begin(), a.options.x_weights.end());
  for (double& weight : weights) {
    weight = rounded_to_rows(weight, a.x);
  }
  return weights;
}

}  // namespace

double total_of_rows(const double* values, std::int64_t n, std::span<const double> weights) {
  row_sum sum;
  for (std::int64_t i = 0; i < n; ++i) {
    weights.empty() ? sum.add(values[i]) : sum.add_product(weights[size_of(i)], values[i]);
  }
  return sum.finish();
}

void fill_diagonal(const samebits_pairs& pairs, const samebits_pair_kernel& kernel, std::span<double> out) {
  pairs.dtype == SAMEBITS_FLOAT32 ? fill_typed_diagonal<float>(pairs, kernel, out)
                                  : fill_typed_diagonal<double>(pairs, kernel, out);
}

std::vector<double> direct_totals(const context& ctx, const arguments& a, pair_map map) {
  prepared_call call(a, map, a.y_weights);
  samebits_pairs& pairs = call.pairs();
  if (a.is_self) {
    pairs.set = samebits_upper_pairs;
  }
  std::vector<double> rows(size_of(pairs.n_kernels * pairs.n_x));
  call.run(ctx, samebits_pair_sums, rows.data());
  const std::vector<double> weights = rounded_weights(a);
  std::vector<double> totals;
  std::vector<double> diagonal(a.options.mode == pairwise_mode::v ? size_of(pairs.n_x) : 0);
  const host_rows read(ctx, a.function, data_view(pairs.x, pairs.dtype, std::ssize(diagonal), pairs.n_cols));
  samebits_pairs own = pairs;
  own.x = read.view().x;
  for (std::int64_t k = 0; k < pairs.n_kernels; ++k) {
    double total = total_of_rows(rows.data() + k * pairs.n_x, pairs.n_x, weights);
    if (a.options.mode == pairwise_mode::v) {
      fill_diagonal(own, pairs.kernels[k], diagonal);
    }
    if (a.options.mode == pairwise_mode::u || a.options.mode == pairwise_mode::v) {
      const std::int64_t n = std::ssize(diagonal);  // nothing in mode u
      total = core::symmetric_total(total, total_of_rows(diagonal.data(), n, weights));
    }
    totals.push_back(require_finite_total(a, total));
  }
  return totals;
}

}  // namespace samebits::pairs
