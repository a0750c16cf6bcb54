// A batch of leaves, and what is computed for its rows.
#pragma once

#include "kernels/gmm_problem.hpp"
#include "kernels/launch.hpp"

namespace samebits::kernels {

/// Rows of the data, one after the other.
struct row_range {
  std::int64_t first;
  std::int64_t n;
};

/// The batch starts at `first_row`, a multiple of leaf_rows where sums are taken; its row i is row first_row + i of the
/// data. All mixtures of a batch work on the same rows, unless they have ranges of their own: then row i is that of
/// the mixture's range.
template <class T>
struct gmm_batch {
  gmm_data<T> data;
  gmm_components<T> components;
  std::int64_t first_row;
  std::int64_t n_rows;
  T* row_values;  // log-likelihoods of each mixture, then the values of each component: n_rows of each

  // For sums over leaves:
  bool with_sums;  // false: log-likelihoods only
  std::int64_t n_leaves;
  double* nodes;  // one per leaf
  std::int64_t node_size;
  const std::int32_t* ended = nullptr;  // of soft passes, per mixture: those set are left out; null: none
  const row_range* ranges = nullptr;    // of soft passes, per mixture, n_rows the longest; null: all of the batch

  /// Each row's log-likelihood times its weight.
  SAMEBITS_HD T* log_likelihoods(std::int64_t mixture) const { return row_values + mixture * n_rows; }
  /// A number of each row for a component: squared distance, log-prob or responsibility, as the work goes on.
  SAMEBITS_HD T* values(std::int64_t number) const { return row_values + (components.n_mixtures + number) * n_rows; }
  SAMEBITS_HD double weight(std::int64_t i) const { return data.weight(first_row + i); }
  SAMEBITS_HD bool has_ended(std::int64_t mixture) const { return ended != nullptr && ended[mixture] != 0; }

  SAMEBITS_HD double* node(std::int64_t leaf) const { return nodes + leaf * node_size; }
  SAMEBITS_HD double* component_sums(std::int64_t leaf, std::int64_t number) const {
    return node(leaf) + components.n_mixtures + number * components.n_moments();
  }
  SAMEBITS_HD row_range range(std::int64_t mixture) const {
    return ranges == nullptr ? row_range{first_row, n_rows} : ranges[mixture];
  }
  /// One past the last row of a leaf.
  SAMEBITS_HD std::int64_t end_of_leaf(std::int64_t leaf) const { return end_of_leaf(leaf, {first_row, n_rows}); }
  /// The same in a mixture's range. It may lie before the leaf.
  SAMEBITS_HD static std::int64_t end_of_leaf(std::int64_t leaf, const row_range& rows) {
    const std::int64_t end = (leaf + 1) * leaf_rows;
    return end < rows.n ? end : rows.n;
  }
};

/// Doubles of a leaf's node, the sums of all mixtures: their log-likelihoods, then the sums of each component.
template <class T>
std::int64_t node_size(const gmm_components<T>& components, bool with_sums) {
  return components.n_mixtures + (with_sums ? components.n_all() * components.n_moments() : 0);
}

/// A leaf and a component by a number that counts mixtures, then leaves, then components: rows that are read for one
/// component are at hand for the next.
struct leaf_and_component {
  std::int64_t leaf;
  std::int64_t number;
  std::int64_t mixture;

  template <class T>
  SAMEBITS_HD leaf_and_component(const gmm_batch<T>& batch, std::int64_t item) {
    const std::int64_t n_components = batch.components.n_components;
    const std::int64_t group = item / n_components;
    leaf = group % batch.n_leaves;
    mixture = group / batch.n_leaves;
    number = mixture * n_components + item % n_components;
  }
};

/// One row in registers, or for many columns (Cols = 0) and diagonals in memory.
template <class T, class Shape, int Cols>
struct gmm_row {
  T x[Cols];

  SAMEBITS_HD gmm_row(const gmm_data<T>& data, std::int64_t i) {
    SAMEBITS_UNROLL
    for (int b = 0; b < Cols; ++b) {
      x[b] = data.columns[b * data.n_rows + i];
    }
  }
  SAMEBITS_HD void centre(const T* mean, T (&dx)[Cols]) const {
    SAMEBITS_UNROLL
    for (int b = 0; b < Cols; ++b) {
      dx[b] = x[b] - mean[b];
    }
  }
  SAMEBITS_HD T squared_distance(const T* mean, const T* inverse_factor) const {
    T dx[Cols];
    centre(mean, dx);
    return Shape::squared_distance(dx, inverse_factor);
  }
};

template <class T, class Shape>
struct gmm_row<T, Shape, 0> {
  const T* x;
  std::int64_t stride;
  std::int64_t n_cols;

  SAMEBITS_HD gmm_row(const gmm_data<T>& data, std::int64_t i)
      : x(data.columns + i), stride(data.n_rows), n_cols(data.n_cols) {}
  SAMEBITS_HD T squared_distance(const T* mean, const T* inverse_factor) const {
    const auto dx = [this, mean](std::int64_t b) { return x[b * stride] - mean[b]; };
    return Shape::template squared_distance<T>(n_cols, dx, inverse_factor);
  }
};

/// Calls visit.template operator()<Shape, Cols>() with the number of columns, or with 0 for the wide order.
template <class Shape, class Visitor>
void with_columns(std::int64_t n_cols, const Visitor& visit) {
  static_assert(core::gmm_wide_cols == 8);
  switch (n_cols) {
    case 1: return visit.template operator()<Shape, 1>();
    case 2: return visit.template operator()<Shape, 2>();
    case 3: return visit.template operator()<Shape, 3>();
    case 4: return visit.template operator()<Shape, 4>();
    case 5: return visit.template operator()<Shape, 5>();
    case 6: return visit.template operator()<Shape, 6>();
    case 7: return visit.template operator()<Shape, 7>();
    default: return visit.template operator()<Shape, 0>();
  }
}
template <class Visitor>
void with_columns(samebits_gmm_shape shape, std::int64_t n_cols, const Visitor& visit) {
  if (shape == samebits_gmm_triangle) {
    with_columns<core::triangle_shape>(n_cols, visit);
  } else {
    with_columns<core::diagonal_shape>(n_cols, visit);
  }
}

}  // namespace samebits::kernels
