#include "lib/summary.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "lib/checks.hpp"
#include "lib/fp_environment.hpp"
#include "lib/host_rows.hpp"

namespace samebits {
namespace {

/// Refuses numbers that are not finite.
void look_at(const context& ctx, const char* function, const samebits_rows& rows) {
  const auto look = [&](const char* name, const void* numbers) {
    if (numbers != nullptr) {
      const host_rows read(ctx, function, data_view(numbers, rows.dtype, rows.n_rows, rows.n_cols));
      require_finite(function, name, read.view());
    }
  };
  look("x", rows.x);
  look("y", rows.y);
}

/// The node of weighted rows, all arguments looked at.
template <class T>
std::vector<double> weighted_node(const context& ctx, const char* function, statistic what, matrix_view<const T> x,
                                  std::span<const double> weights, double ddof) {
  samebits_rows rows = rows_of(x);
  require_on_host(ctx, function, "weights", weights.data());
  check_summary(function, what, rows, weights);
  check_ddof(function, ddof);
  rows.weights = weights.empty() ? nullptr : weights.data();
  std::vector<double> node = node_of_finite(ctx, function, what, rows);
  require_finite_node(function, node);
  return node;
}

template <class T>
summary summarize_rows(const context& ctx, matrix_view<const T> x, std::span<const double> weights, double ddof) {
  const default_fp_environment environment;
  std::vector<double> node = weighted_node(ctx, "summarize", statistic::moments, x, weights, ddof);
  return summary_of(node, x.n_rows(), x.n_cols(), ddof);
}

template <class T>
std::vector<double> covariance_of_rows(const context& ctx, matrix_view<const T> x, std::span<const double> weights,
                                       double ddof) {
  const default_fp_environment environment;
  std::vector<double> node = weighted_node(ctx, "covariance", statistic::covariance, x, weights, ddof);
  return covariance_of(node, x.n_cols(), ddof);
}

}  // namespace

std::vector<double> node_of(const context& ctx, const char* function, statistic what, const samebits_rows& rows) {
  if (rows.n_rows == 0) {
    return {};
  }
  std::vector<double> node(static_cast<std::size_t>(core::node_size(to_c(what), rows.n_cols)));
  samebits_call call = make_call(ctx);
  require_ok(ctx.table()->summarize(&call, to_c(what), &rows, node.data()), call, function);
  return node;
}

std::vector<double> node_of_finite(const context& ctx, const char* function, statistic what,
                                   const samebits_rows& rows) {
  std::vector<double> node = node_of(ctx, function, what, rows);
  if (!std::all_of(node.begin(), node.end(), [](double number) { return std::isfinite(number); })) {
    look_at(ctx, function, rows);
  }
  return node;
}

void require_finite_node(const char* function, std::span<const double> node) {
  if (!std::all_of(node.begin(), node.end(), [](double number) { return std::isfinite(number); })) {
    throw numerical_failure(std::string(function) + ": sums of the numbers overflow");
  }
}

void check_summary(const char* function, statistic what, const samebits_rows& rows, std::span<const double> weights) {
  const std::int64_t most = what == statistic::covariance ? most_columns : most_values;
  if (rows.n_rows < 0 || rows.n_cols < 1 || rows.n_cols > most || rows.n_rows > most_values / rows.n_cols) {
    refuse(function, "x is " + shape_text(rows.n_rows, rows.n_cols) + " but must have at least 0 rows, 1 to 2^" +
                         (what == statistic::covariance ? "24" : "56") + " columns, and at most 2^56 values");
  }
  if (rows.x == nullptr && rows.n_rows > 0) {
    refuse(function, "x is " + shape_text(rows.n_rows, rows.n_cols) + " but its data is NULL");
  }
  if (!weights.empty() && std::ssize(weights) != rows.n_rows) {
    refuse(function,
           "weights has " + counted(std::ssize(weights), "element") + " but x has " + counted(rows.n_rows, "row"));
  }
  for (std::int64_t i = 0; i < std::ssize(weights); ++i) {
    const double weight = weights[static_cast<std::size_t>(i)];
    if (!(weight >= 0) || !std::isfinite(weight)) {
      refuse(function, "weights[" + text(i) + "] is " + text(weight) + " but must be finite and at least 0");
    }
  }
}

void check_ddof(const char* function, double ddof) {
  if (!std::isfinite(ddof)) {
    refuse(function, "ddof is " + text(ddof) + " but must be finite");
  }
}

summary summary_of(std::span<double> numbers, std::int64_t n_rows, std::int64_t n_cols, double ddof) {
  const std::size_t n = static_cast<std::size_t>(n_cols);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  summary s;
  s.n_rows = n_rows;
  if (numbers.empty()) {
    s.sum.assign(n, 0.0);
    s.mean = s.variance = s.sum;
    s.min.assign(n, infinity);
    s.max.assign(n, -infinity);
    return s;
  }
  const core::moments_node node(numbers.data(), n_cols);
  s.weight = *node.weight;
  s.sum.assign(node.sum, node.sum + n);
  s.mean.assign(node.mean, node.mean + n);
  for (std::size_t a = 0; a < n; ++a) {
    s.variance.push_back(core::variance_of(node.second[a], s.weight, ddof));
  }
  s.min.assign(node.least, node.least + n);
  s.max.assign(node.largest, node.largest + n);
  return s;
}

std::vector<double> covariance_of(std::span<double> numbers, std::int64_t n_cols, double ddof) {
  std::vector<double> matrix(static_cast<std::size_t>(n_cols * n_cols), 0.0);
  if (numbers.empty()) {
    return matrix;
  }
  const core::covariance_node node(numbers.data(), n_cols);
  for (std::int64_t a = 0; a < n_cols; ++a) {
    for (std::int64_t b = 0; b <= a; ++b) {
      const double second = node.second[a * n_cols + b];
      const double element =
          a == b ? core::variance_of(second, *node.weight, ddof) : core::covariance_of(second, *node.weight, ddof);
      matrix[static_cast<std::size_t>(a * n_cols + b)] = element;
      matrix[static_cast<std::size_t>(b * n_cols + a)] = element;
    }
  }
  return matrix;
}

summary summarize(const context& ctx, matrix_view<const double> x, std::span<const double> weights, double ddof) {
  return summarize_rows(ctx, x, weights, ddof);
}
summary summarize(const context& ctx, matrix_view<const float> x, std::span<const double> weights, double ddof) {
  return summarize_rows(ctx, x, weights, ddof);
}

std::vector<double> covariance(const context& ctx, matrix_view<const double> x, std::span<const double> weights,
                               double ddof) {
  return covariance_of_rows(ctx, x, weights, ddof);
}
std::vector<double> covariance(const context& ctx, matrix_view<const float> x, std::span<const double> weights,
                               double ddof) {
  return covariance_of_rows(ctx, x, weights, ddof);
}

}  // namespace samebits
