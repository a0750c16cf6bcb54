// What a mixture problem keeps on the device, and how its arrays are laid out. T is the type of the rows: double or
// float.
#pragma once

#include <vector>

#include "kernels/device_memory.hpp"
#include "lib/backend.h"
#include "samebits/core/gmm.hpp"

namespace samebits::kernels {

using core::leaf_rows;

/// Rows turned on their side, so that neighbouring threads read neighbouring memory: column b of row i at
/// columns[b * n_rows + i].
template <class T>
struct gmm_data {
  const T* columns;
  std::int64_t n_rows;
  std::int64_t n_cols;
  const double* weights;  // null: all 1

  SAMEBITS_HD double weight(std::int64_t i) const { return weights == nullptr ? 1.0 : weights[i]; }
};

/// Components made ready for the device: of each the mean, the inverse factor in its shape, the constant. Those of
/// several mixtures lie one after the other: component k of mixture m has number m * n_components + k.
template <class T>
struct gmm_components {
  const T* packed;
  std::int64_t n_mixtures;
  std::int64_t n_components;  // of each mixture
  std::int64_t n_cols;
  std::int64_t factor_size;

  SAMEBITS_HD std::int64_t n_all() const { return n_mixtures * n_components; }
  SAMEBITS_HD std::int64_t size() const { return n_cols + factor_size + 1; }
  SAMEBITS_HD const T* mean(std::int64_t number) const { return packed + number * size(); }
  SAMEBITS_HD const T* inverse_factor(std::int64_t number) const { return mean(number) + n_cols; }
  SAMEBITS_HD T log_constant(std::int64_t number) const { return mean(number)[size() - 1]; }
  /// Doubles of a component's sums: S0, S1 and S2 in its shape.
  SAMEBITS_HD std::int64_t n_moments() const { return 1 + n_cols + factor_size; }
};

/// Every call on a problem ends when its work is done, also one that fails. So the next call, and the end of the
/// memory, may come from any host thread and in any stream.
struct gmm_problem {
  virtual ~gmm_problem() = default;

  const int device = current_device;
  samebits_dtype dtype;  // of the rows: this is a gmm_problem_of that type
  std::int64_t n_rows;
  std::int64_t n_cols;
  device_array<double> weights;  // per row; empty: all 1
};

template <class T>
struct gmm_problem_of : gmm_problem {
  /// The caller's, where the device has no room for them all: then they pass through it, window after window
  /// (gmm_windows.hpp), and `columns` has those of a window.
  const T* passing_rows = nullptr;
  const double* passing_weights = nullptr;
  device_array<T> columns;
  device_array<T> components;

  /// For the next race of a run whose races are called one by one: each row's squared distance to the nearest seed.
  device_array<double> nearest;
  std::vector<double> passing_nearest;

  bool passes_through() const { return passing_rows != nullptr; }
  /// Of rows that are there.
  gmm_data<T> data() const { return {columns.data(), n_rows, n_cols, weights.data()}; }
};

/// Calls visit(problem) with the problem as what it is.
template <class Visitor>
void with_problem(void* problem, const Visitor& visit) {
  gmm_problem& p = *static_cast<gmm_problem*>(problem);
  if (p.device != current_device) {
    throw std::invalid_argument("the problem lies on device " + std::to_string(p.device) +
                                " but the call is for device " + std::to_string(current_device));
  }
  if (p.dtype == SAMEBITS_FLOAT32) {
    visit(static_cast<gmm_problem_of<float>&>(p));
  } else {
    visit(static_cast<gmm_problem_of<double>&>(p));
  }
}

}  // namespace samebits::kernels
