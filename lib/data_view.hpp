// Rows of either type.
#pragma once

#include <cstdint>

#include "samebits/samebits.h"
#include "samebits/view.hpp"

namespace samebits {

/// Rows of either type.
struct data_view {
  data_view(matrix_view<const double> matrix)
      : x(matrix.data()), dtype(SAMEBITS_FLOAT64), n_rows(matrix.n_rows()), n_cols(matrix.n_cols()) {}
  data_view(matrix_view<const float> matrix)
      : x(matrix.data()), dtype(SAMEBITS_FLOAT32), n_rows(matrix.n_rows()), n_cols(matrix.n_cols()) {}

  data_view(const void* numbers, samebits_dtype type, std::int64_t rows, std::int64_t cols)
      : x(numbers), dtype(type), n_rows(rows), n_cols(cols) {}

  double operator()(std::int64_t i, std::int64_t j) const {
    const std::int64_t at = i * n_cols + j;
    return dtype == SAMEBITS_FLOAT32 ? static_cast<double>(static_cast<const float*>(x)[at])
                                     : static_cast<const double*>(x)[at];
  }
  bool empty() const { return x == nullptr || n_rows <= 0 || n_cols <= 0; }
  /// Rows first .. first + n - 1.
  data_view rows(std::int64_t first, std::int64_t n) const {
    data_view part = *this;
    const std::int64_t size = dtype == SAMEBITS_FLOAT32 ? sizeof(float) : sizeof(double);
    part.x = static_cast<const char*>(x) + first * n_cols * size;
    part.n_rows = n;
    return part;
  }

  const void* x;
  samebits_dtype dtype;
  std::int64_t n_rows;
  std::int64_t n_cols;
};

}  // namespace samebits
