// Sums, moments and covariances of rows: what a leaf of rows becomes (a node), and how two nodes become one.
//
// Rows are cut into leaves of `leaf_rows` by their global numbers. Inside a leaf every column has `row_lanes(n_cols)`
// interleaved chains: 8 with fewer than 8 columns, where row i belongs to lane i % 8, and one from 8 columns on. A
// leaf's elements, as they lie in memory, therefore go round through n_cols * row_lanes(n_cols) sums: one period. Lanes
// are folded by halving, nodes by the dyadic tree over leaf numbers. All of it is in double; float rows are widened.
#pragma once

#include "samebits/core/tree_sum.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

// ---- shape -------------------------------------------------------------------------------------------------------

/// Interleaved chains per column.
SAMEBITS_HD SAMEBITS_INLINE constexpr std::int64_t row_lanes(std::int64_t n_cols) {
  return n_cols < lanes<double> ? lanes<double> : 1;
}

/// Calls visit(first_leaf, n_leaves) for the largest whole subtrees that leaves first .. first + n - 1 consist of, in
/// order.
template <class Visit>
void for_each_subtree(std::int64_t first, std::int64_t n, const Visit& visit) {
  while (n > 0) {
    std::int64_t size = 1;
    while (2 * size <= n && first % (2 * size) == 0) {
      size *= 2;
    }
    visit(first, size);
    first += size;
    n -= size;
  }
}

/// Folds the `n_lanes` lanes of element a by halving: sums[lane * n + a] into sums[a].
SAMEBITS_HD inline void fold_lanes_of(double* sums, std::int64_t n, std::int64_t n_lanes, std::int64_t a) {
  for (int half = static_cast<int>(n_lanes) / 2; half > 0; half /= 2) {
    for (int j = 0; j < half; ++j) {
      sums[j * n + a] = sums[j * n + a] + sums[fold_partner(j, half) * n + a];
    }
  }
}

/// Folds the lanes of column a.
SAMEBITS_HD inline void fold_row_lanes(double* sums, std::int64_t n_cols, std::int64_t a) {
  fold_lanes_of(sums, n_cols, row_lanes(n_cols), a);
}

// ---- what is added up --------------------------------------------------------------------------------------------

/// A sum of products. With a factor of 1 it is the sum of x, bit by bit.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V add_product(V sum, V x, V factor) {
  return fma(factor, x, sum);
}

/// The factor that makes x its absolute value.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V sign_of(V x) {
  return select_less(x, V(0.0), V(-1.0), V(1.0));
}

/// What the second look at a leaf collects about its mean, as rounded: what the rounding left, squares, extremes.
template <class V>
struct spread {
  V rest;
  V squares;
  V least;
  V largest;

  SAMEBITS_HD static SAMEBITS_INLINE spread nothing() {
    constexpr double infinity = __builtin_huge_val();
    return {empty_sum<V>(), empty_sum<V>(), V(infinity), V(-infinity)};
  }
};

template <class V>
SAMEBITS_HD SAMEBITS_INLINE void add_to_spread(V x, V weight, V mean, spread<V>& s) {
  const V dx = x - mean;
  const V weighted = weight * dx;
  s.rest = s.rest + weighted;
  s.squares = fma(weighted, dx, s.squares);
  s.least = select_less(x, s.least, x, s.least);
  s.largest = max(s.largest, x);
}

// ---- moments -----------------------------------------------------------------------------------------------------
//
// A node is the sum of the weights and six numbers per column. The mean is held in two parts, so that data far from the
// origin lose nothing when means are compared; second moments are about the mean. They merge by Chan, Golub, LeVeque:
// Algorithms for computing the sample variance, The American Statistician 37 (1983); the correction by `rest` is their
// equation 1.7.

struct moments_node {
  double* weight;  // [1]
  double* sum;     // [n_cols], and so on
  double* mean;
  double* mean_rest;
  double* second;
  double* least;
  double* largest;

  SAMEBITS_HD moments_node(double* start, std::int64_t n_cols)
      : weight(start),
        sum(start + 1),
        mean(sum + n_cols),
        mean_rest(mean + n_cols),
        second(mean_rest + n_cols),
        least(second + n_cols),
        largest(least + n_cols) {}

  SAMEBITS_HD static std::int64_t size(std::int64_t n_cols) { return 1 + 6 * n_cols; }
};

/// x / weight, 0 where there is no weight.
SAMEBITS_HD SAMEBITS_INLINE double per_weight(double x, double weight) { return weight > 0.0 ? x / weight : 0.0; }

/// The exact sum of a and b as the rounded sum and the rest. Knuth: The Art of Computer Programming, vol. 2, 4.2.2.
SAMEBITS_HD SAMEBITS_INLINE double two_sum(double a, double b, double& rest) {
  const double sum = a + b;
  const double b_part = sum - a;
  rest = (a - (sum - b_part)) + (b - b_part);
  return sum;
}

/// The spreads of a column's lanes as one, by halving: lane j of column a at lanes[j * n_cols + a].
SAMEBITS_HD inline spread<double> fold_spreads(spread<double>* lanes, std::int64_t n_cols, std::int64_t a) {
  for (int half = static_cast<int>(row_lanes(n_cols)) / 2; half > 0; half /= 2) {
    for (int j = 0; j < half; ++j) {
      spread<double>& left = lanes[j * n_cols + a];
      const spread<double>& right = lanes[fold_partner(j, half) * n_cols + a];
      left.rest = left.rest + right.rest;
      left.squares = left.squares + right.squares;
      left.least = select_less(right.least, left.least, right.least, left.least);
      left.largest = max(left.largest, right.largest);
    }
  }
  return lanes[a];
}

/// Completes column a of a leaf: `s` holds its spread about node.mean[a].
SAMEBITS_HD inline void close_column(const spread<double>& s, std::int64_t a, const moments_node& node) {
  const double shift = per_weight(s.rest, *node.weight);
  node.mean[a] = two_sum(node.mean[a], shift, node.mean_rest[a]);
  node.second[a] = fnma(s.rest, shift, s.squares);
  node.least[a] = s.least;
  node.largest[a] = s.largest;
}

/// How far apart two means are, and the mean of both groups together into the left one.
struct mean_merge {
  double left_weight;
  double right_share;  // of the weight of both

  SAMEBITS_HD mean_merge(double left, double right) : left_weight(left), right_share(per_weight(right, left + right)) {}

  SAMEBITS_HD SAMEBITS_INLINE double move(double& mean, double& rest, double right_mean, double right_rest) const {
    const double apart = (right_mean - mean) + (right_rest - rest);
    mean = two_sum(mean, fma(apart, right_share, rest), rest);
    return apart;
  }

  /// The second moment of two columns about the mean of both groups.
  SAMEBITS_HD SAMEBITS_INLINE double second(double left, double right, double apart_a, double apart_b) const {
    return (left + right) + (apart_a * apart_b) * (left_weight * right_share);
  }
};

/// Column a of left and right, as one, to the left. Weights stay.
SAMEBITS_HD inline void merge_moments_column(const moments_node& left, const moments_node& right,
                                             const mean_merge& means, std::int64_t a) {
  const double apart = means.move(left.mean[a], left.mean_rest[a], right.mean[a], right.mean_rest[a]);
  left.second[a] = means.second(left.second[a], right.second[a], apart, apart);
  left.sum[a] = left.sum[a] + right.sum[a];
  left.least[a] = select_less(right.least[a], left.least[a], right.least[a], left.least[a]);
  left.largest[a] = max(left.largest[a], right.largest[a]);
}

/// left and right, as one, to the left.
SAMEBITS_HD inline void merge_moments(double* left_start, double* right_start, std::int64_t n_cols) {
  const moments_node left(left_start, n_cols);
  const moments_node right(right_start, n_cols);
  const mean_merge means(*left.weight, *right.weight);
  for (std::int64_t a = 0; a < n_cols; ++a) {
    merge_moments_column(left, right, means, a);
  }
  *left.weight = *left.weight + *right.weight;
}

/// The covariance with `ddof` degrees of freedom taken off; 0 where nothing is left of them.
SAMEBITS_HD inline double covariance_of(double second, double weight, double ddof) {
  return per_weight(second, weight - ddof);
}

/// The same for a variance, which rounding must not make negative.
SAMEBITS_HD inline double variance_of(double second, double weight, double ddof) {
  return covariance_of(select_less(0.0, second, second, 0.0), weight, ddof);
}

// ---- sums --------------------------------------------------------------------------------------------------------

/// left += right, [size].
SAMEBITS_HD inline void merge_sums(double* left, const double* right, std::int64_t size) {
  for (std::int64_t j = 0; j < size; ++j) {
    left[j] = left[j] + right[j];
  }
}

// ---- norms -------------------------------------------------------------------------------------------------------

/// What numbers are multiplied with before they are squared, when their squares come to `squares`: 1, or where these
/// overflow or lose bits a power of two. It brings all numbers that count to where squares and their sums have room.
SAMEBITS_HD SAMEBITS_INLINE double norm_scale(double squares) {
  if (squares > 0x1p-900 && squares < 0x1p1000) {
    return 1;
  }
  return squares < 1 ? 0x1p600 : 0x1p-600;
}
SAMEBITS_HD SAMEBITS_INLINE double scaled(double x, double scale) { return x * scale; }

/// The norm, from the squares of the scaled numbers.
SAMEBITS_HD SAMEBITS_INLINE double norm_of(double squares, double scale) { return sqrt(squares) / scale; }

// ---- covariances -------------------------------------------------------------------------------------------------

/// What a row's columns a and b add to a second moment: first the weighted difference of a, then the product with that
/// of b. The sums of a mixture's moments (core/gmm.hpp) are made of the same two steps.
SAMEBITS_HD SAMEBITS_INLINE double weighted_difference(double x, double mean, double weight) {
  return weight * (x - mean);
}
SAMEBITS_HD SAMEBITS_INLINE double add_second(double x, double mean, double weighted, double sum) {
  return fma(weighted, x - mean, sum);
}

/// A node: the weight, means in two parts, second moments [n_cols x n_cols], lower triangle.
struct covariance_node {
  double* weight;     // [1]
  double* mean;       // [n_cols]
  double* mean_rest;  // [n_cols]
  double* second;     // [n_cols x n_cols]

  SAMEBITS_HD covariance_node(double* start, std::int64_t n_cols)
      : weight(start), mean(start + 1), mean_rest(mean + n_cols), second(mean_rest + n_cols) {}

  SAMEBITS_HD static std::int64_t size(std::int64_t n_cols) { return 1 + 2 * n_cols + n_cols * n_cols; }
};

/// A second moment of columns a and b about their means, from that about their means as rounded: `shift_a` is what the
/// rounding left, and `rest_b` the sum of the differences.
SAMEBITS_HD SAMEBITS_INLINE double centred_second(double second, double shift_a, double rest_b) {
  return fnma(shift_a, rest_b, second);
}
SAMEBITS_HD SAMEBITS_INLINE void close_mean(double shift, std::int64_t a, const covariance_node& node) {
  node.mean[a] = two_sum(node.mean[a], shift, node.mean_rest[a]);
}

/// Completes a leaf whose second moments are about node.mean; `rest` [n_cols] holds the sums of the differences from
/// it.
SAMEBITS_HD inline void close_covariance(double* rest, std::int64_t n_cols, const covariance_node& node) {
  for (std::int64_t a = 0; a < n_cols; ++a) {
    const double shift = per_weight(rest[a], *node.weight);
    for (std::int64_t b = 0; b <= a; ++b) {
      node.second[a * n_cols + b] = centred_second(node.second[a * n_cols + b], shift, rest[b]);
    }
    for (std::int64_t b = a + 1; b < n_cols; ++b) {
      node.second[a * n_cols + b] = 0.0;  // equal states have equal bytes
    }
  }
  for (std::int64_t a = 0; a < n_cols; ++a) {
    close_mean(per_weight(rest[a], *node.weight), a, node);
  }
}

/// The mean of column a of left and right, to the left. Weights stay; how far the means were apart goes to the right,
/// and is returned.
SAMEBITS_HD SAMEBITS_INLINE double merge_mean(const covariance_node& left, const covariance_node& right,
                                              const mean_merge& means, std::int64_t a) {
  return right.mean[a] = means.move(left.mean[a], left.mean_rest[a], right.mean[a], right.mean_rest[a]);
}

/// left and right, as one. `right` is used up.
SAMEBITS_HD inline void merge_covariances(double* left_start, double* right_start, std::int64_t n_cols) {
  const covariance_node left(left_start, n_cols);
  const covariance_node right(right_start, n_cols);
  const mean_merge means(*left.weight, *right.weight);
  for (std::int64_t a = 0; a < n_cols; ++a) {
    const double apart = merge_mean(left, right, means, a);
    for (std::int64_t b = 0; b <= a; ++b) {
      double& second = left.second[a * n_cols + b];
      second = means.second(second, right.second[a * n_cols + b], apart, right.mean[b]);
    }
  }
  *left.weight = *left.weight + *right.weight;
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
