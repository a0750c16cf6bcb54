// A matrix times a vector: SIMD runs across rows, since one column would leave the lanes of a tile empty.
#pragma once

#include "cpu/matmul_tile.hpp"
#include "cpu/parallel.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

/// For products with one column and at least one vector of rows.
template <class T>
class matmul_vector {
 public:
  explicit matmul_vector(const matrix_product<T>& product) : product_(product) {}

  void run(int n_threads) const {
    parallel_for<&matmul_vector::multiply_task>(n_threads, quotient_up(product_.n_rows, task_rows), *this);
  }

 private:
  using vec = pack<T>;
  static constexpr std::int64_t width = vec_width<T>;
  /// Vectors of rows side by side, to hide the latency of an fma.
  static constexpr int groups = width == 1 ? 8 : 2;
  static constexpr std::int64_t task_rows = 128;
  static_assert(task_rows % (groups * width) == 0);

  void multiply_task(std::int64_t task, int) const {
    const index_range rows = part_of(product_.n_rows, task * task_rows, task_rows);
    const std::int64_t end = rows.first + rows.size;
    std::int64_t i = rows.first;
    for (; end - i >= groups * width; i += groups * width) {
      vec sums[groups];
      multiply_rows(i, sums);
      SAMEBITS_UNROLL
      for (int g = 0; g < groups; ++g) {
        store(product_.out + i + g * width, sums[g]);
      }
    }
    for (; i < end; i += width) {
      multiply_last_rows(i);
    }
  }

  /// A vector of rows from row i on, or the last one of the matrix, of which only the rows from i on are new.
  void multiply_last_rows(std::int64_t i) const {
    const std::int64_t last = product_.n_rows - width;
    const std::int64_t first = i < last ? i : last;
    vec sums[1];
    multiply_rows(first, sums);
    T values[width];
    store(values, sums[0]);
    for (std::int64_t j = i - first; j < width; ++j) {
      product_.out[first + j] = values[j];
    }
  }

  template <int Groups>
  SAMEBITS_INLINE void multiply_rows(std::int64_t first, vec (&sums)[Groups]) const {
    constexpr int n = turned_cols<T>;
    const std::int64_t stride = product_.n_inner;
    const T* const a = product_.a + first * stride;
    SAMEBITS_UNROLL
    for (int g = 0; g < Groups; ++g) {
      sums[g] = empty_sum<vec>();
    }
    std::int64_t k = 0;
    for (; k + n <= product_.n_inner; k += n) {
      SAMEBITS_UNROLL
      for (int g = 0; g < Groups; ++g) {
        vec columns[n];
        load_turned<T>(a + g * width * stride + k, stride, columns);
        SAMEBITS_UNROLL
        for (int j = 0; j < n; ++j) {
          sums[g] = chain(columns[j], vec(product_.b[k + j]), sums[g]);
        }
      }
    }
    for (; k < product_.n_inner; ++k) {
      SAMEBITS_UNROLL
      for (int g = 0; g < Groups; ++g) {
        sums[g] = chain(load_column(a + g * width * stride + k), vec(product_.b[k]), sums[g]);
      }
    }
  }

  vec load_column(const T* first) const {
    T values[width];
    for (std::int64_t i = 0; i < width; ++i) {
      values[i] = first[i * product_.n_inner];
    }
    return load<vec>(values);
  }

  matrix_product<T> product_;
};

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
