// The jobs of `samebits check` for sums, products of matrices and sums over pairs.
#include <algorithm>
#include <array>

#include "cli/check_stages.hpp"
#include "samebits/dependence.hpp"
#include "samebits/exact_sum.hpp"
#include "samebits/histogram.hpp"
#include "samebits/kernel_density.hpp"
#include "samebits/matmul.hpp"
#include "samebits/pairwise.hpp"
#include "samebits/random.hpp"
#include "samebits/sum.hpp"
#include "samebits/summary.hpp"
#include "samebits/two_sample.hpp"

namespace samebits::cli {
namespace {

/// Rows of normal numbers, a little off the origin.
template <class T>
struct table {
  table(const context& ctx, std::uint64_t task, std::int64_t rows, std::int64_t cols)
      : n_rows(rows), n_cols(cols), values(static_cast<std::size_t>(rows * cols)) {
    std::vector<double> drawn(values.size());
    fill_normal(ctx, check_stream.child(task), 0, drawn);
    std::transform(drawn.begin(), drawn.end(), values.begin(), [](double z) { return static_cast<T>(z + 0.75); });
  }

  matrix_view<const T> view() const { return {values.data(), n_rows, n_cols}; }
  matrix_view<const T> rows(std::int64_t first, std::int64_t n) const {
    return {values.data() + first * n_cols, n, n_cols};
  }

  std::int64_t n_rows;
  std::int64_t n_cols;
  std::vector<T> values;
};

// ---- sums --------------------------------------------------------------------------------------------------------

template <class T>
std::vector<stage> sums_job(const context& ctx) {
  const auto n = static_cast<std::int64_t>(n_check_elements);
  const table<T> x(ctx, 1, n, 1);
  const table<T> y(ctx, 2, n, 1);
  const std::span<const T> a = x.values;
  const std::span<const T> b = y.values;
  const auto one = [](const char* name, double value) { return stage_of(name, {std::span(&value, 1)}); };
  return {one("sum", sum(ctx, a)),
          one("dot", dot(ctx, a, b)),
          one("norm l1", norm(ctx, a, norm_kind::l1)),
          one("norm l2", norm(ctx, a, norm_kind::l2)),
          one("norm max", norm(ctx, a, norm_kind::max)),
          one("mean", mean(ctx, a)),
          one("variance", variance(ctx, a)),
          one("exact sum", exact_sum(ctx, a)),
          one("exact dot", exact_dot(ctx, a, b))};
}

stage summary_stage(const char* name, const summary& s) {
  return stage_of(name, {std::span(&s.weight, 1), s.sum, s.mean, s.variance, s.min, s.max});
}

/// Uneven ranges that come in another order: with the bits of one pass.
template <class T>
summary summary_by_parts(const context& ctx, const table<T>& x, std::span<const double> weights) {
  const std::array<std::int64_t, 6> ends = {0, 3, 700, 5'120, 15'001, x.n_rows};
  partial_summary all(statistic::moments, x.n_cols);
  for (const std::size_t part : {3, 0, 4, 1, 2}) {
    const std::int64_t first = ends[part];
    const std::int64_t n = ends[part + 1] - first;
    partial_summary state(statistic::moments, x.n_cols);
    state.add(ctx, first, x.rows(first, n),
              weights.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(n)));
    all.merge(partial_summary::from_bytes(state.bytes()));
  }
  return all.moments();
}

template <class T, std::int64_t Cols>
std::vector<stage> summary_job(const context& ctx) {
  const table<T> x(ctx, 3, 20'011, Cols);
  const std::vector<double> weights = check_weights(x.n_rows);
  return {summary_stage("summary", summarize(ctx, x.view())),
          summary_stage("weighted", summarize(ctx, x.view(), weights)),
          summary_stage("by parts", summary_by_parts(ctx, x, weights)),
          stage_of("covariance", {covariance(ctx, x.view(), weights)})};
}

std::vector<stage> histogram_job(const context& ctx) {
  const table<double> x(ctx, 4, static_cast<std::int64_t>(n_check_elements), 1);
  const histogram_result h = histogram(ctx, x.values, equal_bins(-2, 3, 37), check_weights(x.n_rows));
  return {stage_of("counts", std::as_bytes(std::span(h.counts))), stage_of("weights", {h.weights})};
}

template <class T>
std::vector<stage> matmul_job(const context& ctx) {
  std::vector<stage> stages;
  for (const auto& [m, k, n] : {std::array{1, 300, 70}, std::array{65, 700, 33}, std::array{200, 31, 1}}) {
    const table<T> a(ctx, 5, m, k);
    const table<T> b(ctx, 6, k, n);
    std::vector<T> out(static_cast<std::size_t>(m * n));
    matmul(ctx, a.view(), b.view(), {out.data(), m, n});
    stages.push_back(stage_of(std::to_string(m) + " x " + std::to_string(k) + " x " + std::to_string(n),
                              std::as_bytes(std::span(out))));
  }
  return stages;
}

// ---- pairs -------------------------------------------------------------------------------------------------------

constexpr std::int64_t n_x = 300;
constexpr std::int64_t n_y = 1'100;

template <class T>
stage kernel_stage(const context& ctx, const table<T>& x, const table<T>& y, const pairwise_options& o) {
  std::vector<double> rows(static_cast<std::size_t>(x.n_rows));
  pairwise_rows(ctx, x.view(), y.view(), o, rows);
  pairwise_options self = o;
  self.mode = pairwise_mode::v;
  self.y_weights = {};
  const double totals[] = {pairwise_sum(ctx, x.view(), y.view(), o), pairwise_sum(ctx, x.view(), {}, self)};
  return stage_of(name_of(o.kernel), {rows, totals});
}

/// All kernels with weights: sums of rows, totals, with another set and with itself.
template <class T, std::int64_t Cols>
std::vector<stage> kernels_job(const context& ctx) {
  const table<T> x(ctx, 7, n_x, Cols);
  const table<T> y(ctx, 8, n_y, Cols);
  const std::vector<double> weights = check_weights(n_y);
  std::vector<stage> stages;
  for (int kernel = 0; kernel < n_pair_kernels; ++kernel) {
    pairwise_options o;
    o.kernel = static_cast<pair_kernel>(kernel);
    o.bandwidth = 1.5;
    o.exponent = 1.25;
    o.gamma = 0.5;
    o.offset = 1;
    o.degree = 3;
    o.y_weights = weights;
    stages.push_back(kernel_stage(ctx, x, y, o));
  }
  return stages;
}

template <class T>
std::vector<stage> pair_reductions_job(const context& ctx) {
  constexpr std::int64_t n_cols = 3;
  constexpr std::int64_t n_columns = 7;
  constexpr std::int64_t n_nearest = 4;
  const table<T> x(ctx, 9, n_x, n_cols);
  const table<T> y(ctx, 10, n_y, n_cols);
  const table<T> columns(ctx, 11, n_y, n_columns);
  const pairwise_options o{.kernel = pair_kernel::gaussian, .bandwidth = 0.7};
  std::vector<double> logs(n_x);
  pairwise_log_sum_exp(ctx, x.view(), y.view(), o, logs);
  std::vector<std::int64_t> indices(n_x * n_nearest);
  std::vector<double> distances(indices.size());
  pairwise_nearest(ctx, x.view(), y.view(), {.kernel = pair_kernel::squared_distance}, {indices.data(), n_x, n_nearest},
                   {distances.data(), n_x, n_nearest});
  std::vector<double> product(n_x * n_columns);
  pairwise_product(ctx, x.view(), y.view(), columns.view(), o, {product.data(), n_x, n_columns});
  std::vector<double> gradient(n_x * n_cols);
  pairwise_gradient(ctx, x.view(), y.view(), o, {gradient.data(), n_x, n_cols});
  const double slope = pairwise_bandwidth_gradient(ctx, x.view(), y.view(), o);
  const double median =
      pairwise_median(ctx, x.view(), {}, {.kernel = pair_kernel::power, .mode = pairwise_mode::upper});
  std::vector<double> density(n_x);
  kernel_log_density(ctx, y.view(), x.view(), o, density);
  return {stage_of("log-sum-exp", {logs}),
          stage_of("nearest", std::as_bytes(std::span(indices))),
          stage_of("distances", {distances}),
          stage_of("product", {product}),
          stage_of("gradient", {gradient}),
          stage_of("bandwidth gradient", {std::span(&slope, 1)}),
          stage_of("median", {std::span(&median, 1)}),
          stage_of("density", {density})};
}

stage test_stage(const char* name, const permutation_test_result& r) {
  const double p[] = {r.statistic, r.p_value};
  return stage_of(name, {p, r.statistics});
}

template <class T>
std::vector<stage> tests_job(const context& ctx) {
  const table<T> x(ctx, 12, 150, 2);
  const table<T> y(ctx, 13, 150, 2);
  const permutation_test_options test{.n_permutations = 99, .stream = check_stream, .keep_statistics = true};
  const pairwise_options gaussian{.kernel = pair_kernel::gaussian, .bandwidth = 1.5};
  return {test_stage("energy", energy_test(ctx, x.view(), y.view(), test)),
          test_stage("mmd", maximum_mean_discrepancy_test(ctx, x.view(), y.view(), test, gaussian, estimator::u)),
          test_stage("hsic", hsic_test(ctx, x.view(), y.view(), test, gaussian, gaussian)),
          test_stage("distance covariance", distance_covariance_test(ctx, x.view(), y.view(), test))};
}

}  // namespace

std::vector<check_job> sum_jobs() {
  return {
      {"sums", sums_job<double>},
      {"sums float", sums_job<float>},
      {"summary 1 column", summary_job<double, 1>},
      {"summary 3 columns", summary_job<double, 3>},
      {"summary 13 columns", summary_job<double, 13>},
      {"summary float", summary_job<float, 5>},
      {"histogram", histogram_job},
      {"matmul", matmul_job<double>},
      {"matmul float", matmul_job<float>},
      {"pairs 3 columns", kernels_job<double, 3>},
      {"pairs 11 columns", kernels_job<double, 11>},
      {"pairs float 3 columns", kernels_job<float, 3>},
      {"pair reductions", pair_reductions_job<double>},
      {"pair reductions float", pair_reductions_job<float>},
      {"permutation tests", tests_job<double>},
      {"permutation tests float", tests_job<float>},
  };
}

}  // namespace samebits::cli
