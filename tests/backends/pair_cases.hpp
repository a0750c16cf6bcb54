// What the tests of sums over pairs share: rows, kernels, sums as plain loops over the formulas of core/, values in
// long double.
#pragma once

#include <bit>
#include <cmath>
#include <random>

#include "samebits/pairwise.hpp"
#include "tests/backends/backend_test.hpp"

namespace samebits::tests {

inline constexpr pair_kernel pair_kernels[] = {pair_kernel::product,    pair_kernel::polynomial,
                                               pair_kernel::cosine,     pair_kernel::squared_distance,
                                               pair_kernel::power,      pair_kernel::gaussian,
                                               pair_kernel::matern_1_2, pair_kernel::matern_3_2,
                                               pair_kernel::matern_5_2, pair_kernel::inverse_multiquadric,
                                               pair_kernel::l1,         pair_kernel::laplacian};

// ---- data --------------------------------------------------------------------------------------------------------

struct pair_shape {
  std::int64_t n_x;
  std::int64_t n_y;
  std::int64_t n_cols;
};

template <class T>
struct row_set {
  /// Noise.
  row_set(std::int64_t rows, std::int64_t cols, std::uint64_t seed) : n_rows(rows), n_cols(cols) {
    std::mt19937_64 bits(seed);
    for (std::int64_t i = 0; i < rows * cols; ++i) {
      values.push_back(static_cast<T>(static_cast<double>(bits() >> 11) * 0x1p-52 - 0.7));
    }
  }
  row_set(std::vector<T> numbers, std::int64_t cols)
      : n_rows(std::ssize(numbers) / cols), n_cols(cols), values(std::move(numbers)) {}
  matrix_view<const T> view() const { return {values.data(), n_rows, n_cols}; }
  const T* row(std::int64_t i) const { return values.data() + i * n_cols; }

  std::int64_t n_rows;
  std::int64_t n_cols;
  std::vector<T> values;
};

inline std::vector<double> numbers(std::int64_t n, std::uint64_t seed) { return row_set<double>(n, 1, seed).values; }
inline std::vector<double> positive_numbers(std::int64_t n, std::uint64_t seed) {
  std::vector<double> values = numbers(n, seed);
  for (double& value : values) {
    value = std::abs(value);
  }
  return values;
}

inline std::uint64_t bits_of(double value) { return std::bit_cast<std::uint64_t>(value); }
inline std::vector<std::uint64_t> bits_of(const std::vector<double>& values) {
  std::vector<std::uint64_t> bits;
  for (const double value : values) {
    bits.push_back(bits_of(value));
  }
  return bits;
}

// ---- plain loops -------------------------------------------------------------------------------------------------

/// What is made of the pairs of rows that are prepared for the kernel.
template <class T>
class plain_kernel {
 public:
  explicit plain_kernel(const pairwise_options& o, core::pair_map map = core::pair_map::value)
      : kernel_(o.kernel),
        map_(map),
        constants_(core::rounded_to<T>(core::prepare_pair_kernel(
            o.kernel, core::has_bandwidth(o.kernel) ? o.bandwidth : o.exponent, o.gamma, o.offset, o.degree))) {}

  T operator()(const T* x, const T* y, std::int64_t n_cols) const {
    return core::map_pair(kernel_, map_, core::pair_base_of(core::base_of(kernel_), x, y, n_cols), constants_);
  }

  row_set<T> prepared(const row_set<T>& x) const {
    row_set<T> rows = x;
    for (std::int64_t i = 0; i < (kernel_ == pair_kernel::cosine ? x.n_rows : 0); ++i) {
      core::normalise_row(x.row(i), x.n_cols, rows.values.data() + i * x.n_cols);
    }
    return rows;
  }

 private:
  pair_kernel kernel_;
  core::pair_map map_;
  core::pair_constants<T> constants_;
};

/// Nodes in order, folded by the dyadic tree.
template <class Node, class Merge>
Node tree_fold(std::vector<Node> nodes, const Node& nothing, const Merge& merge) {
  if (nodes.empty()) {
    return nothing;
  }
  while (nodes.size() > 1) {
    std::vector<Node> next;
    for (std::size_t i = 0; i < nodes.size(); i += 2) {
      next.push_back(i + 1 < nodes.size() ? merge(nodes[i], nodes[i + 1]) : nodes[i]);
    }
    nodes = next;
  }
  return nodes[0];
}

inline double tree_sum(const std::vector<double>& nodes) {
  return tree_fold(nodes, -0.0, [](double a, double b) { return a + b; });
}

/// A chain inside every leaf of rows 0 .. n - 1, in the type of the rows: add(j, sum) is the next sum.
template <class T, class Add>
double chain_sum(std::int64_t n, const Add& add) {
  std::vector<double> leaves;
  for (std::int64_t first = 0; first < n; first += core::leaf_rows) {
    T sum = core::empty_sum<T>();
    for (std::int64_t j = first; j < std::min<std::int64_t>(first + core::leaf_rows, n); ++j) {
      sum = add(j, sum);
    }
    leaves.push_back(static_cast<double>(sum));
  }
  return tree_sum(leaves);
}

/// The same as it goes out: nothing is +0.0.
template <class T, class Add>
double sum_of_row(std::int64_t n, const Add& add) {
  return chain_sum<T>(n, add) + 0.0;
}

/// The narrow tree sum, the same way.
template <class Add>
double narrow_sum(std::int64_t n, const Add& add) {
  std::vector<double> leaves;
  for (std::int64_t first = 0; first < n; first += core::leaf_rows) {
    double lanes[core::lanes<double>];
    std::fill(std::begin(lanes), std::end(lanes), -0.0);
    for (std::int64_t i = first; i < std::min<std::int64_t>(first + core::leaf_rows, n); ++i) {
      double& lane = lanes[i % core::lanes<double>];
      lane = add(i, lane);
    }
    leaves.push_back(core::fold_lanes(lanes));
  }
  return tree_sum(leaves);
}

// ---- the oracle --------------------------------------------------------------------------------------------------

template <class T>
long double long_value(const T* x, const T* y, std::int64_t n, const pairwise_options& o) {
  long double dot = 0;
  long double squared = 0;
  long double l1 = 0;
  long double xx = 0;
  long double yy = 0;
  for (std::int64_t c = 0; c < n; ++c) {
    const long double a = x[c];
    const long double b = y[c];
    dot += a * b;
    xx += a * a;
    yy += b * b;
    squared += (a - b) * (a - b);
    l1 += std::abs(a - b);
  }
  const long double h = o.bandwidth;
  const long double r = std::sqrt(squared) / h;
  const long double t3 = std::sqrt(3.0L) * r;
  const long double t5 = std::sqrt(5.0L) * r;
  switch (o.kernel) {
    case pair_kernel::product: return dot;
    case pair_kernel::polynomial: return std::pow(o.gamma * dot + o.offset, static_cast<long double>(o.degree));
    case pair_kernel::cosine: return xx == 0 || yy == 0 ? 0 : dot / std::sqrt(xx * yy);
    case pair_kernel::squared_distance: return squared;
    case pair_kernel::power: return std::pow(squared, static_cast<long double>(o.exponent) / 2);
    case pair_kernel::gaussian: return std::exp(-r * r / 2);
    case pair_kernel::matern_1_2: return std::exp(-r);
    case pair_kernel::matern_3_2: return (1 + t3) * std::exp(-t3);
    case pair_kernel::matern_5_2: return (1 + t5 + t5 * t5 / 3) * std::exp(-t5);
    case pair_kernel::inverse_multiquadric: return 1 / std::sqrt(1 + r * r);
    case pair_kernel::l1: return l1;
    case pair_kernel::laplacian: return std::exp(-l1 / h);
  }
  return 0;
}

}  // namespace samebits::tests
