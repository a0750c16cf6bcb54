// What a mixture problem keeps on the device, and how its arrays are laid out.
#pragma once

#include "kernels/device_memory.hpp"
#include "lib/backend.h"
#include "samebits/core/gmm.hpp"

namespace samebits::kernels {

/// Rows turned on their side, so that neighbouring threads read neighbouring memory: column b of row i at
/// columns[b * n_rows + i].
struct gmm_rows {
  const double* columns;
  std::int64_t n_rows;
  std::int64_t n_cols;
};

/// Doubles of one component made ready for the device: the mean, the packed lower triangle of the inverse factor, the
/// constant.
SAMEBITS_HD constexpr std::int64_t gmm_component_size(std::int64_t n_cols) {
  return n_cols + core::triangle_size(n_cols) + 1;
}

struct gmm_components {
  const double* packed;
  std::int64_t n_components;
  std::int64_t n_cols;

  SAMEBITS_HD const double* mean(std::int64_t k) const { return packed + k * gmm_component_size(n_cols); }
  SAMEBITS_HD const double* inverse_factor(std::int64_t k) const { return mean(k) + n_cols; }
  SAMEBITS_HD double log_constant(std::int64_t k) const { return mean(k)[gmm_component_size(n_cols) - 1]; }
};

/// Doubles of one node of the tree of sums: the log-likelihood, then S0, S1 and the packed lower triangle of S2 of each
/// component. Without sums, the log-likelihood alone.
SAMEBITS_HD constexpr std::int64_t gmm_component_node(std::int64_t k, std::int64_t n_cols) {
  return 1 + k * core::gmm_moments(n_cols);
}

struct gmm_problem {
  std::int64_t n_rows;
  std::int64_t n_cols;
  device_array<double> columns;
  device_array<double> components;
  device_array<double> row_values;      // of a batch: log-likelihoods, then the responsibilities of each component
  device_array<double> nodes;           // of a batch: one per leaf
  device_array<double> open_nodes;      // one per level of the tree over batches
  device_array<double> seed_distances;  // per row, while seeds are drawn
  device_array<double> race_times;      // per row, while seeds are drawn

  gmm_rows rows() const { return {columns.data(), n_rows, n_cols}; }
};

/// One row in registers, or for many columns (Cols = 0) in memory.
template <int Cols>
struct gmm_row {
  double x[Cols];

  SAMEBITS_HD gmm_row(const gmm_rows& rows, std::int64_t i) {
    SAMEBITS_UNROLL
    for (int b = 0; b < Cols; ++b) {
      x[b] = rows.columns[b * rows.n_rows + i];
    }
  }
  SAMEBITS_HD void centre(const double* mean, double (&dx)[Cols]) const {
    SAMEBITS_UNROLL
    for (int b = 0; b < Cols; ++b) {
      dx[b] = x[b] - mean[b];
    }
  }
  SAMEBITS_HD double squared_distance(const double* mean, const double* inverse_factor) const {
    double dx[Cols];
    centre(mean, dx);
    return core::squared_mahalanobis<Cols>(dx, inverse_factor);
  }
};

template <>
struct gmm_row<0> {
  const double* x;
  std::int64_t stride;
  std::int64_t n_cols;

  SAMEBITS_HD gmm_row(const gmm_rows& rows, std::int64_t i)
      : x(rows.columns + i), stride(rows.n_rows), n_cols(rows.n_cols) {}
  SAMEBITS_HD double squared_distance(const double* mean, const double* inverse_factor) const {
    const auto dx = [this, mean](std::int64_t b) { return x[b * stride] - mean[b]; };
    return core::squared_mahalanobis<double>(n_cols, dx, inverse_factor);
  }
};

/// Calls visit.template operator()<Cols>() with the number of columns, or with 0 for the wide order.
template <class Visitor>
void with_columns(std::int64_t n_cols, const Visitor& visit) {
  static_assert(core::gmm_wide_cols == 8);
  switch (n_cols) {
    case 1: return visit.template operator()<1>();
    case 2: return visit.template operator()<2>();
    case 3: return visit.template operator()<3>();
    case 4: return visit.template operator()<4>();
    case 5: return visit.template operator()<5>();
    case 6: return visit.template operator()<6>();
    case 7: return visit.template operator()<7>();
    default: return visit.template operator()<0>();
  }
}

}  // namespace samebits::kernels
