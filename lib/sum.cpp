#include "samebits/sum.hpp"

#include <iterator>

#include "lib/checks.hpp"
#include "lib/fp_environment.hpp"
#include "lib/host_rows.hpp"
#include "lib/row_sum.hpp"
#include "lib/summary.hpp"

namespace samebits {
namespace {

template <class T>
matrix_view<const T> as_column(std::span<const T> x) {
  return {x.data(), static_cast<std::int64_t>(x.size()), 1};
}

/// The node of the numbers, which is finite.
template <class T>
std::vector<double> finite_node(const context& ctx, const char* function, statistic what, std::span<const T> x) {
  std::vector<double> node = node_of_finite(ctx, function, what, rows_of(as_column(x)));
  require_finite_node(function, node);
  return node;
}

template <class T>
double sum_of(const context& ctx, const char* function, statistic what, std::span<const T> x) {
  const default_fp_environment environment;
  const std::vector<double> node = finite_node(ctx, function, what, x);
  return node.empty() ? 0.0 : node.front();
}

/// May overflow.
template <class T>
double products_of(const context& ctx, const char* function, std::span<const T> x, std::span<const T> y) {
  samebits_rows rows = rows_of(as_column(x));
  rows.y = y.data();
  const std::vector<double> node = node_of_finite(ctx, function, statistic::product, rows);
  return node.empty() ? 0.0 : node.front();
}

template <class T>
double dot_of(const context& ctx, std::span<const T> x, std::span<const T> y) {
  const default_fp_environment environment;
  if (x.size() != y.size()) {
    refuse("dot", "x has " + counted(std::ssize(x), "element") + " but y has " + text(std::ssize(y)));
  }
  const double sum = products_of(ctx, "dot", x, y);
  require_finite_node("dot", {&sum, 1});
  return sum;
}

template <class T>
summary moments_of(const context& ctx, const char* function, std::span<const T> x, double ddof) {
  const default_fp_environment environment;
  check_ddof(function, ddof);
  std::vector<double> node = finite_node(ctx, function, statistic::moments, x);
  return summary_of(node, std::ssize(x), 1, ddof);
}

/// Of finite numbers, whose moments may overflow.
template <class T>
double largest_magnitude(const context& ctx, std::span<const T> x) {
  std::vector<double> node = node_of_finite(ctx, "norm", statistic::moments, rows_of(as_column(x)));
  const summary s = summary_of(node, std::ssize(x), 1, 0);
  return x.empty() ? 0.0 : core::max(-s.min.front(), s.max.front());
}

/// The square root of the sum of squares.
template <class T>
double l2_norm(const context& ctx, std::span<const T> x) {
  const double squares = products_of(ctx, "norm", x, x);
  const double scale = core::norm_scale(squares);
  if (scale == 1) {
    return core::norm_of(squares, scale);
  }
  const host_rows read(ctx, "norm", as_column(x));
  row_sum sum;
  for (std::int64_t i = 0; i < std::ssize(x); ++i) {
    const double scaled = core::scaled(read.view()(i, 0), scale);
    sum.add_product(scaled, scaled);
  }
  return core::norm_of(sum.finish(), scale);
}

template <class T>
double norm_of(const context& ctx, std::span<const T> x, norm_kind kind) {
  const default_fp_environment environment;
  double norm = 0;
  switch (kind) {
    case norm_kind::l1: norm = sum_of(ctx, "norm", statistic::absolute_sum, x); break;
    case norm_kind::l2: norm = l2_norm(ctx, x); break;
    case norm_kind::max: norm = largest_magnitude(ctx, x); break;
    default: refuse("norm", "kind is " + std::to_string(static_cast<int>(kind)) + " but must be 0 to 2");
  }
  require_finite_node("norm", {&norm, 1});
  return core::finished_sum(norm);
}

}  // namespace

double sum(const context& ctx, std::span<const double> x) { return sum_of(ctx, "sum", statistic::sum, x); }
double sum(const context& ctx, std::span<const float> x) { return sum_of(ctx, "sum", statistic::sum, x); }

double dot(const context& ctx, std::span<const double> x, std::span<const double> y) { return dot_of(ctx, x, y); }
double dot(const context& ctx, std::span<const float> x, std::span<const float> y) { return dot_of(ctx, x, y); }

double norm(const context& ctx, std::span<const double> x, norm_kind kind) { return norm_of(ctx, x, kind); }
double norm(const context& ctx, std::span<const float> x, norm_kind kind) { return norm_of(ctx, x, kind); }

double mean(const context& ctx, std::span<const double> x) { return moments_of(ctx, "mean", x, 0).mean.front(); }
double mean(const context& ctx, std::span<const float> x) { return moments_of(ctx, "mean", x, 0).mean.front(); }

double variance(const context& ctx, std::span<const double> x, double ddof) {
  return moments_of(ctx, "variance", x, ddof).variance.front();
}
double variance(const context& ctx, std::span<const float> x, double ddof) {
  return moments_of(ctx, "variance", x, ddof).variance.front();
}

}  // namespace samebits
