#include "samebits/pairwise.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string>

#include "lib/call.hpp"
#include "lib/fp_environment.hpp"
#include "lib/pairwise_totals.hpp"

namespace samebits {
namespace {

using core::pair_map;
using namespace pairs;

constexpr const char* kernel_names[n_pair_kernels] = {
    "product",    "polynomial", "cosine",     "squared-distance",     "power", "gaussian",
    "matern-1/2", "matern-3/2", "matern-5/2", "inverse-multiquadric", "l1",    "laplacian"};
constexpr const char* mode_names[] = {"cross", "v", "u", "upper"};

// ---- the functions -----------------------------------------------------------------------------------------------

double sum(const context& ctx, const data_view& x, const data_view& y, const pairwise_options& o) {
  const default_fp_environment environment;
  const arguments a = checked(ctx, "pairwise_sum", x, y, o);
  refuse_bandwidths(a);
  if (!has_algebra(o)) {
    return direct_totals(ctx, a, pair_map::value)[0];
  }
  const host_rows own(ctx, a.function, a.x);
  const host_rows others(ctx, a.function, a.y);
  return total_by_algebra({ctx, a.function, own.view(), others.view(), o, a.is_self, a.y_weights});
}

std::vector<double> sums(const context& ctx, const data_view& x, const data_view& y, const pairwise_options& o) {
  const default_fp_environment environment;
  const arguments a = checked(ctx, "pairwise_sums", x, y, o);
  if (!core::has_bandwidth(o.kernel)) {
    refuse_map(a, "which has no bandwidth");
  }
  if (o.bandwidths.empty()) {
    return {};
  }
  return direct_totals(ctx, a, pair_map::value);
}

double bandwidth_gradient(const context& ctx, const data_view& x, const data_view& y, const pairwise_options& o) {
  const default_fp_environment environment;
  const arguments a = checked(ctx, "pairwise_bandwidth_gradient", x, y, o);
  refuse_bandwidths(a);
  if (!core::has_map(o.kernel, pair_map::d_bandwidth)) {
    refuse_map(a, "which has no bandwidth");
  }
  return direct_totals(ctx, a, pair_map::d_bandwidth)[0];
}

void rows(const context& ctx, const data_view& x, const data_view& y, const pairwise_options& o,
          std::span<double> out) {
  const default_fp_environment environment;
  const arguments a = checked(ctx, "pairwise_rows", x, y, o);
  refuse_x_weights(a);
  prepared_call call(a, pair_map::value, a.y_weights);
  check_size(a, "out", std::ssize(out), call.pairs().n_kernels * x.n_rows);
  call.run(ctx, samebits_pair_sums, out.data());
  for (std::int64_t k = 0; k < call.pairs().n_kernels; ++k) {
    require_finite_results(a, "the sum", out.data() + k * x.n_rows, x.n_rows, 1);
  }
}

void log_sum_exp(const context& ctx, const data_view& x, const data_view& y, const pairwise_options& o,
                 std::span<double> out) {
  const default_fp_environment environment;
  const arguments a = checked(ctx, "pairwise_log_sum_exp", x, y, o);
  refuse_bandwidths(a);
  refuse_x_weights(a);
  if (!core::has_map(o.kernel, pair_map::log)) {
    refuse_map(a, "which is not an exponential");
  }
  check_size(a, "out", std::ssize(out), x.n_rows);
  const std::vector<double> logs = log_weights(a);
  prepared_call(a, pair_map::log, logs).run(ctx, samebits_pair_log_sums, out.data());
}

void check_nearest(const arguments& a, matrix_view<std::int64_t> indices, matrix_view<double> values) {
  const std::int64_t k = indices.n_cols();
  refuse_bandwidths(a);
  if (a.options.mode == pairwise_mode::upper) {
    refuse(a.function, "mode is upper, in which rows have different numbers of pairs");
  }
  if (!a.options.x_weights.empty() || !a.options.y_weights.empty()) {
    refuse(a.function, "weights are given but have no effect on an order");
  }
  const std::int64_t n_pairs = std::max<std::int64_t>(a.y.n_rows - (a.options.mode == pairwise_mode::u ? 1 : 0), 0);
  check_shape(a.function, "indices", indices.n_rows(), k, a.x.n_rows, k);
  check_present(a, "indices", indices.data(), a.x.n_rows * k);
  if (k < 1 || (a.x.n_rows > 0 && k > n_pairs)) {
    refuse(a.function,
           "indices have " + text(k) + " columns but a row has " + text(n_pairs) + (n_pairs == 1 ? " pair" : " pairs"));
  }
  if (values.data() != nullptr) {
    check_shape(a.function, "values", values.n_rows(), values.n_cols(), a.x.n_rows, k);
  }
}

void nearest(const context& ctx, const data_view& x, const data_view& y, const pairwise_options& o,
             matrix_view<std::int64_t> indices, matrix_view<double> values) {
  const default_fp_environment environment;
  const arguments a = checked(ctx, "pairwise_nearest", x, y, o);
  check_nearest(a, indices, values);
  const std::int64_t k = indices.n_cols();
  std::vector<double> own(values.data() == nullptr ? size_of(x.n_rows * k) : 0);
  double* const out = values.data() == nullptr ? own.data() : values.data();
  prepared_call call(a, pair_map::value, {});
  call.pairs().n_nearest = k;
  call.pairs().indices = indices.data();
  call.run(ctx, samebits_pair_nearest, out);
  require_finite_results(a, "a value", out, x.n_rows, k);
}

void product(const context& ctx, const data_view& x, const data_view& y, const data_view& columns,
             const pairwise_options& o, matrix_view<double> out) {
  const default_fp_environment environment;
  const arguments a = checked(ctx, "pairwise_product", x, y, o);
  refuse_bandwidths(a);
  refuse_x_weights(a);
  check_shape(a.function, "columns", columns.n_rows, columns.n_cols, a.y.n_rows, columns.n_cols);
  check_matrix(a, "columns", columns);
  check_shape(a.function, "out", out.n_rows(), out.n_cols(), x.n_rows, columns.n_cols);
  check_present(a, "out", out.data(), x.n_rows * columns.n_cols);
  prepared_call call(a, pair_map::value, a.y_weights);
  call.pairs().columns = columns.x;
  call.pairs().n_columns = columns.n_cols;
  call.run(ctx, samebits_pair_products, out.data());
  require_finite_results(a, "the product", out.data(), x.n_rows, columns.n_cols);
}

void gradient(const context& ctx, const data_view& x, const data_view& y, const pairwise_options& o,
              matrix_view<double> out) {
  const default_fp_environment environment;
  const arguments a = checked(ctx, "pairwise_gradient", x, y, o);
  refuse_bandwidths(a);
  refuse_x_weights(a);
  if (!core::has_map(o.kernel, pair_map::d_base)) {
    refuse_map(a, "whose gradient is not supported");
  }
  check_shape(a.function, "out", out.n_rows(), out.n_cols(), x.n_rows, x.n_cols);
  check_present(a, "out", out.data(), x.n_rows * x.n_cols);
  prepared_call(a, pair_map::d_base, a.y_weights).run(ctx, samebits_pair_gradients, out.data());
  require_finite_results(a, "the gradient", out.data(), x.n_rows, x.n_cols);
}

template <std::size_t N>
int find_name(const char* function, const char* what, const char* const (&names)[N], std::string_view name) {
  const auto found = std::find(std::begin(names), std::end(names), name);
  if (found == std::end(names)) {
    refuse(function, std::string("there is no ") + what + " \"" + std::string(name) + "\"");
  }
  return static_cast<int>(found - std::begin(names));
}

}  // namespace

const char* name_of(pair_kernel kernel) { return kernel_names[static_cast<int>(kernel)]; }
pair_kernel pair_kernel_named(std::string_view name) {
  return static_cast<pair_kernel>(find_name("pair_kernel_named", "kernel", kernel_names, name));
}
const char* name_of(pairwise_mode mode) { return mode_names[static_cast<int>(mode)]; }
pairwise_mode pairwise_mode_named(std::string_view name) {
  return static_cast<pairwise_mode>(find_name("pairwise_mode_named", "mode", mode_names, name));
}

double pairwise_sum(const context& ctx, matrix_view<const double> x, matrix_view<const double> y,
                    const pairwise_options& options) {
  return sum(ctx, x, y, options);
}
double pairwise_sum(const context& ctx, matrix_view<const float> x, matrix_view<const float> y,
                    const pairwise_options& options) {
  return sum(ctx, x, y, options);
}

std::vector<double> pairwise_sums(const context& ctx, matrix_view<const double> x, matrix_view<const double> y,
                                  const pairwise_options& options) {
  return sums(ctx, x, y, options);
}
std::vector<double> pairwise_sums(const context& ctx, matrix_view<const float> x, matrix_view<const float> y,
                                  const pairwise_options& options) {
  return sums(ctx, x, y, options);
}

void pairwise_rows(const context& ctx, matrix_view<const double> x, matrix_view<const double> y,
                   const pairwise_options& options, std::span<double> out) {
  rows(ctx, x, y, options, out);
}
void pairwise_rows(const context& ctx, matrix_view<const float> x, matrix_view<const float> y,
                   const pairwise_options& options, std::span<double> out) {
  rows(ctx, x, y, options, out);
}

void pairwise_log_sum_exp(const context& ctx, matrix_view<const double> x, matrix_view<const double> y,
                          const pairwise_options& options, std::span<double> out) {
  log_sum_exp(ctx, x, y, options, out);
}
void pairwise_log_sum_exp(const context& ctx, matrix_view<const float> x, matrix_view<const float> y,
                          const pairwise_options& options, std::span<double> out) {
  log_sum_exp(ctx, x, y, options, out);
}

void pairwise_nearest(const context& ctx, matrix_view<const double> x, matrix_view<const double> y,
                      const pairwise_options& options, matrix_view<std::int64_t> indices, matrix_view<double> values) {
  nearest(ctx, x, y, options, indices, values);
}
void pairwise_nearest(const context& ctx, matrix_view<const float> x, matrix_view<const float> y,
                      const pairwise_options& options, matrix_view<std::int64_t> indices, matrix_view<double> values) {
  nearest(ctx, x, y, options, indices, values);
}

void pairwise_product(const context& ctx, matrix_view<const double> x, matrix_view<const double> y,
                      matrix_view<const double> columns, const pairwise_options& options, matrix_view<double> out) {
  product(ctx, x, y, columns, options, out);
}
void pairwise_product(const context& ctx, matrix_view<const float> x, matrix_view<const float> y,
                      matrix_view<const float> columns, const pairwise_options& options, matrix_view<double> out) {
  product(ctx, x, y, columns, options, out);
}

void pairwise_gradient(const context& ctx, matrix_view<const double> x, matrix_view<const double> y,
                       const pairwise_options& options, matrix_view<double> out) {
  gradient(ctx, x, y, options, out);
}
void pairwise_gradient(const context& ctx, matrix_view<const float> x, matrix_view<const float> y,
                       const pairwise_options& options, matrix_view<double> out) {
  gradient(ctx, x, y, options, out);
}

double pairwise_bandwidth_gradient(const context& ctx, matrix_view<const double> x, matrix_view<const double> y,
                                   const pairwise_options& options) {
  return bandwidth_gradient(ctx, x, y, options);
}
double pairwise_bandwidth_gradient(const context& ctx, matrix_view<const float> x, matrix_view<const float> y,
                                   const pairwise_options& options) {
  return bandwidth_gradient(ctx, x, y, options);
}

}  // namespace samebits
