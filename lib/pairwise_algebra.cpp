// Totals that follow from sums over rows.
#include "lib/pairwise_totals.hpp"
#include "lib/row_sum.hpp"
#include "samebits/core/summary.hpp"

namespace samebits::pairs {

using core::pair_base;

namespace {

/// The tree sum of weight(i) * value(i).
template <class Weight, class Value>
double sum_over_rows(std::int64_t n, const Weight& weight, const Value& value) {
  row_sum sum;
  for (std::int64_t i = 0; i < n; ++i) {
    sum.add_product(weight(i), value(i));
  }
  return core::finished_sum(sum.finish());
}

/// A set of rows with their weights.
struct weighted_rows {
  const data_view& x;
  std::span<const double> weights;

  double weight(std::int64_t i) const { return weights.empty() ? 1.0 : rounded_to_rows(weights[size_of(i)], x); }
  template <class Value>
  double sum(const Value& value) const {
    return sum_over_rows(
        x.n_rows, [this](std::int64_t i) { return weight(i); }, value);
  }
};

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  return core::pair_base_of<pair_base::dot>(a.data(), b.data(), std::ssize(a));
}

std::vector<double> column_sums(const weighted_rows& rows) {
  std::vector<double> sums;
  for (std::int64_t c = 0; c < rows.x.n_cols; ++c) {
    sums.push_back(rows.sum([&](std::int64_t i) { return rows.x(i, c); }));
  }
  return sums;
}

/// The sum of the squared distances to a point.
double squares_about(const weighted_rows& rows, const std::vector<double>& centre) {
  return rows.sum([&](std::int64_t i) {
    double squared = core::empty_sum<double>();
    for (std::int64_t c = 0; c < rows.x.n_cols; ++c) {
      squared = core::add_column<pair_base::squared>(rows.x(i, c), centre[size_of(c)], squared);
    }
    return squared;
  });
}

/// Sum of all products; for x against itself also that of its squares.
double product_total(const arguments& a) {
  const weighted_rows x{a.x, a.options.x_weights};
  const std::vector<double> x_sums = column_sums(x);
  if (!a.is_self) {
    return dot(x_sums, column_sums({a.y, a.options.y_weights}));
  }
  const double all = dot(x_sums, x_sums);
  if (a.options.mode == pairwise_mode::v) {
    return all;
  }
  const std::vector<double> origin(size_of(a.x.n_cols), 0.0);
  const auto pair_weight = [&](std::int64_t i) { return core::own_pair_weight(x.weight(i)); };
  const double own = sum_over_rows(a.x.n_rows, pair_weight, [&](std::int64_t i) {
    return squares_about({a.x.rows(i, 1), {}}, origin);
  });
  const double others = core::others_total(all, own);
  return a.options.mode == pairwise_mode::upper ? core::upper_total(others) : others;
}

/// The moments of weighted rows about a point that is their mean, up to rounding, where no weight is negative.
struct moments {
  explicit moments(const weighted_rows& rows) : centre(size_of(rows.x.n_cols)), first(centre.size()) {
    weight = rows.sum([](std::int64_t) { return 1.0; });
    const auto size = [&](std::int64_t i) { return core::magnitude(rows.weight(i)); };
    const double sizes = sum_over_rows(rows.x.n_rows, size, [](std::int64_t) { return 1.0; });
    for (std::size_t c = 0; c < centre.size(); ++c) {
      const auto value = [&](std::int64_t i) { return rows.x(i, static_cast<std::int64_t>(c)); };
      centre[c] = core::per_weight(sum_over_rows(rows.x.n_rows, size, value), sizes);
      first[c] = rows.sum([&](std::int64_t i) { return core::offset_from(value(i), centre[c]); });
    }
    second = squares_about(rows, centre);
  }

  double weight;
  std::vector<double> centre;
  std::vector<double> first;
  double second;
};

double squared_total(const moments& x, const moments& y) {
  std::vector<double> d(x.centre.size());
  for (std::size_t c = 0; c < d.size(); ++c) {
    d[c] = core::offset_from(x.centre[c], y.centre[c]);
  }
  return core::pair_moments_total(
      {x.weight, y.weight, x.second, y.second, dot(x.first, y.first), dot(x.first, d), dot(y.first, d), dot(d, d)});
}

double squared_distance_total(const arguments& a) {
  const moments x({a.x, a.options.x_weights});
  if (a.is_self) {
    const double all = squared_total(x, x);
    return a.options.mode == pairwise_mode::upper ? core::upper_total(all) : all;
  }
  return squared_total(x, moments({a.y, a.options.y_weights}));
}

bool is_squared_distance(const pairwise_options& o) {
  return o.kernel == pair_kernel::squared_distance || (o.kernel == pair_kernel::power && o.exponent == 2);
}

}  // namespace

bool has_algebra(const pairwise_options& o) {
  return o.algorithm == pairwise_algorithm::automatic && (o.kernel == pair_kernel::product || is_squared_distance(o));
}

double total_by_algebra(const arguments& a) {
  return require_finite_total(a, is_squared_distance(a.options) ? squared_distance_total(a) : product_total(a));
}

}  // namespace samebits::pairs
