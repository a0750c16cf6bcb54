// Products of large matrices: both are packed, slab by slab, into panels that tiles read in order (Goto, van de Geijn:
// Anatomy of high-performance matrix multiplication, ACM TOMS 34, 2008). All threads share the packed slabs.
#pragma once

#include "cpu/matmul_tile.hpp"
#include "cpu/memory.hpp"
#include "cpu/parallel.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

template <class T>
class matmul_packed {
 public:
  explicit matmul_packed(const matrix_product<T>& product) : product_(product) {}

  /// False when memory runs out; then nothing was written.
  bool run(int n_threads) {
    const std::int64_t rows = even_part(product_.n_rows, slab_rows, tile::rows);
    const std::int64_t inner = even_part(product_.n_inner, slab_inner, 1);
    const std::int64_t cols = even_part(product_.n_cols, slab_cols, tile::cols);
    if (!memory_.allocate(n_doubles<T>((rows + cols) * inner))) {
      return false;
    }
    a_ = reinterpret_cast<T*>(memory_.data());
    b_ = a_ + rows * inner;
    for (std::int64_t col = 0; col < product_.n_cols; col += cols) {
      for (std::int64_t k = 0; k < product_.n_inner; k += inner) {
        for (std::int64_t row = 0; row < product_.n_rows; row += rows) {
          rows_ = part_of(product_.n_rows, row, rows);
          inner_ = part_of(product_.n_inner, k, inner);
          cols_ = part_of(product_.n_cols, col, cols);
          run_slabs(n_threads);
        }
      }
    }
    return true;
  }

 private:
  using tile = matmul_tile<T>;

  /// Panels of a stay in the first-level cache, a task's panels of b in the second-level one, slabs in the last.
  static constexpr std::int64_t slab_inner = 384;
  static constexpr std::int64_t slab_rows = 2688;
  static constexpr std::int64_t slab_cols = 2688;
  static constexpr std::int64_t task_rows = 96;
  static constexpr std::int64_t task_cols = 8 * tile::cols;

  T* a_panel(std::int64_t row) const { return a_ + row * inner_.size; }
  T* b_panel(std::int64_t col) const { return b_ + col * inner_.size; }

  std::int64_t n_row_tasks() const { return quotient_up(rows_.size, task_rows); }
  std::int64_t n_col_tasks() const { return quotient_up(cols_.size, task_cols); }

  void run_slabs(int n_threads) const {
    const bool is_new_b = rows_.first == 0;
    parallel_for<&matmul_packed::pack_task>(n_threads, n_row_tasks() + (is_new_b ? n_col_tasks() : 0), *this);
    parallel_for<&matmul_packed::multiply_task>(n_threads, n_row_tasks() * n_col_tasks(), *this);
  }

  // ---- packing -----------------------------------------------------------------------------------------------------

  void pack_task(std::int64_t task, int) const {
    if (task < n_row_tasks()) {
      const index_range rows = part_of(rows_.size, task * task_rows, task_rows);
      for (std::int64_t i = 0; i < rows.size; i += tile::rows) {
        pack_rows(part_of(rows_.size, rows.first + i, tile::rows));
      }
    } else {
      pack_cols(part_of(cols_.size, (task - n_row_tasks()) * task_cols, task_cols));
    }
  }

  /// A panel of rows; those that are missing are zeros.
  void pack_rows(const index_range& rows) const {
    const std::int64_t stride = product_.n_inner;
    const T* const from = product_.a + (rows_.first + rows.first) * stride + inner_.first;
    T* const to = a_panel(rows.first);
    std::int64_t k = 0;
    if constexpr (tile::width == tile::rows) {
      constexpr int n = turned_cols<T>;
      for (; rows.size == tile::rows && k + n <= inner_.size; k += n) {
        pack<T> columns[n];
        load_turned<T>(from + k, stride, columns);
        SAMEBITS_UNROLL
        for (int j = 0; j < n; ++j) {
          store(to + (k + j) * tile::rows, columns[j]);
        }
      }
    }
    for (; k < inner_.size; ++k) {
      for (std::int64_t i = 0; i < tile::rows; ++i) {
        to[k * tile::rows + i] = i < rows.size ? from[i * stride + k] : T(0);
      }
    }
  }

  /// Some panels of columns, row after row of b; columns that are missing are zeros.
  void pack_cols(const index_range& cols) const {
    const T* from = product_.b + inner_.first * product_.n_cols + cols_.first + cols.first;
    for (std::int64_t k = 0; k < inner_.size; ++k, from += product_.n_cols) {
      for (std::int64_t j = 0; j < cols.size; j += tile::cols) {
        T* const to = b_panel(cols.first + j) + k * tile::cols;
        SAMEBITS_UNROLL
        for (int v = 0; v < tile::vecs; ++v) {
          const std::int64_t first = j + v * tile::width;
          store(to + v * tile::width, load_columns<T>(from + first, cols.size - first));
        }
      }
    }
  }

  // ---- products ----------------------------------------------------------------------------------------------------

  void multiply_task(std::int64_t task, int) const {
    const index_range rows = part_of(rows_.size, task / n_col_tasks() * task_rows, task_rows);
    const index_range cols = part_of(cols_.size, task % n_col_tasks() * task_cols, task_cols);
    for (std::int64_t i = 0; i < rows.size; i += tile::rows) {
      for (std::int64_t j = 0; j < cols.size; j += tile::cols) {
        multiply_panels(part_of(rows_.size, rows.first + i, tile::rows),
                        part_of(cols_.size, cols.first + j, tile::cols));
      }
    }
  }

  void multiply_panels(const index_range& rows, const index_range& cols) const {
    const packed_rows<T> a{a_panel(rows.first)};
    const matmul_panel<T> b{b_panel(cols.first), tile::cols};
    const std::int64_t stride = product_.n_cols;
    const matmul_out<T> out{product_.out + (rows_.first + rows.first) * stride + cols_.first + cols.first, stride,
                            inner_.first > 0};
    if (rows.size == tile::rows && cols.size == tile::cols) {
      multiply_tile<tile::rows, tile::vecs>(a, b, inner_.size, out);
    } else {
      multiply_edge_tile<tile::rows, tile::vecs>(a, b, inner_.size, out, rows.size, cols.size);
    }
  }

  matrix_product<T> product_;
  cpu::buffer memory_;
  T* a_ = nullptr;  // the slabs, packed: panels one after the other
  T* b_ = nullptr;
  index_range rows_{};  // of the slabs in the matrices
  index_range inner_{};
  index_range cols_{};
};

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
