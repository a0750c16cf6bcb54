#include "samebits/kernel_density.hpp"

#include <cmath>
#include <string>

#include "lib/fp_environment.hpp"
#include "lib/pairwise_call.hpp"
#include "lib/row_sum.hpp"
#include "samebits/core/kernel_density.hpp"

namespace samebits {
namespace {

constexpr const char* function = "kernel_log_density";

/// What the pairs' own checks would tell under other names.
void check_rows(const pairs::arguments& a) {
  pairs::check_matrix(a, "points", a.y);
  pairs::check_matrix(a, "at", a.x);
  if (a.x.n_cols != a.y.n_cols) {
    refuse(function, "at has " + counted(a.x.n_cols, "column") + " but points has " + text(a.y.n_cols));
  }
  if (a.y.n_rows == 0) {
    refuse(function, "points has 0 rows but must have at least 1");
  }
  if (!a.y_weights.empty() && std::ssize(a.y_weights) != a.y.n_rows) {
    refuse(function, "y_weights has " + counted(std::ssize(a.y_weights), "element") + " but points has " +
                         counted(a.y.n_rows, "row"));
  }
}

void check(const pairs::arguments& a, std::span<double> out) {
  if (a.options.mode != pairwise_mode::cross) {
    refuse(function, "mode is " + text(static_cast<std::int64_t>(a.options.mode)) + " but must be 0 (cross)");
  }
  check_rows(a);
  pairs::check_options(a);
  pairs::check_weights(a);
  pairs::refuse_bandwidths(a);
  pairs::refuse_x_weights(a);
  if (!core::has_density(a.options.kernel)) {
    pairs::refuse_map(a, "but must be gaussian or laplacian");
  }
  pairs::check_size(a, "out", std::ssize(out), a.x.n_rows);
}

/// The logarithm of the weight of all points.
double log_total_weight(const pairs::arguments& a) {
  if (a.y_weights.empty()) {
    return core::log(static_cast<double>(a.y.n_rows));
  }
  row_sum sum;
  sum.add(a.y_weights);
  const double total = sum.finish();
  if (!(total > 0)) {
    refuse(function, "y_weights are all 0");
  }
  if (!std::isfinite(total)) {
    throw numerical_failure(std::string(function) + ": the sum of y_weights is " + text(total) + ": they overflow");
  }
  return core::log(total);
}

template <class T>
void log_density(const context& ctx, matrix_view<const T> points, matrix_view<const T> at, const pairwise_options& o,
                 std::span<double> out) {
  const default_fp_environment environment;
  const pairs::arguments a{ctx, function, at, points, o, false, o.y_weights};
  require_on_host(ctx, function, "out", out.data());
  check(a, out);
  const std::vector<double> log_weights = pairs::log_weights(a);
  const double log_total = log_total_weight(a);
  const double log_integral = core::log_integral(o.kernel, o.bandwidth);
  pairs::prepared_call(a, core::pair_map::log, log_weights).run(ctx, samebits_pair_log_sums, out.data());
  for (double& density : out) {
    density = core::log_density(density, log_total, log_integral, a.x.n_cols);
  }
}

}  // namespace

void kernel_log_density(const context& ctx, matrix_view<const double> points, matrix_view<const double> at,
                        const pairwise_options& options, std::span<double> out) {
  log_density(ctx, points, at, options, out);
}
void kernel_log_density(const context& ctx, matrix_view<const float> points, matrix_view<const float> at,
                        const pairwise_options& options, std::span<double> out) {
  log_density(ctx, points, at, options, out);
}

}  // namespace samebits
