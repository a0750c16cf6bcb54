// Products of small or thin matrices: tiles read a and b where they lie, since packing would take as long as the work.
#pragma once

#include "cpu/matmul_tile.hpp"
#include "cpu/memory.hpp"
#include "cpu/parallel.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

template <class T>
class matmul_in_place {
 public:
  /// The inner dimension goes by blocks of `inner_block`: few for few rows, so that b is read in order.
  matmul_in_place(const matrix_product<T>& product, std::int64_t inner_block)
      : product_(product), inner_block_(inner_block) {}

  /// False when memory runs out; then nothing was written.
  bool run(int n_threads) {
    if (n_last_cols() > 0 && !copy_last_cols()) {
      return false;
    }
    share_out(n_threads);
    parallel_for<&matmul_in_place::multiply_task>(n_threads, quotient_up(product_.n_rows, task_rows_) * n_col_tasks(),
                                                  *this);
    return true;
  }

 private:
  using tile = matmul_tile<T>;

  /// Columns at the end that fill no vector.
  std::int64_t n_last_cols() const { return product_.n_cols % tile::width; }

  bool copy_last_cols() {
    if (!last_cols_.allocate(n_doubles<T>(product_.n_inner * tile::width))) {
      return false;
    }
    T* const to = reinterpret_cast<T*>(last_cols_.data());
    const T* const from = product_.b + product_.n_cols - n_last_cols();
    for (std::int64_t k = 0; k < product_.n_inner; ++k) {
      store(to + k * tile::width, load_first<pack<T>>(from + k * product_.n_cols, n_last_cols()));
    }
    return true;
  }

  /// A few tasks per thread: parts of the rows if there are enough of them, else of the columns.
  void share_out(int n_threads) {
    constexpr std::int64_t most_cols = 1024;  // a block of b and the sums stay in the second-level cache
    const std::int64_t n_tasks = n_threads > 1 ? 4 * n_threads : 1;
    const bool by_rows = product_.n_rows >= n_tasks * tile::rows;
    task_rows_ = by_rows ? round_up(quotient_up(product_.n_rows, n_tasks), tile::rows) : product_.n_rows;
    const std::int64_t cols = by_rows ? product_.n_cols : quotient_up(product_.n_cols, n_tasks);
    task_cols_ = round_up(cols < most_cols ? cols : most_cols, tile::width);
  }
  std::int64_t n_col_tasks() const { return quotient_up(product_.n_cols, task_cols_); }

  void multiply_task(std::int64_t task, int) const {
    const index_range rows = part_of(product_.n_rows, task / n_col_tasks() * task_rows_, task_rows_);
    const index_range cols = part_of(product_.n_cols, task % n_col_tasks() * task_cols_, task_cols_);
    for (std::int64_t k = 0; k < product_.n_inner; k += inner_block_) {
      multiply_block(rows, part_of(product_.n_inner, k, inner_block_), cols);
    }
  }

  /// Fewer rows at a time have more vectors of columns, for as many chains side by side.
  void multiply_block(const index_range& rows, const index_range& inner, const index_range& cols) const {
    std::int64_t i = rows.first;
    const std::int64_t end = rows.first + rows.size;
    for (; end - i >= tile::rows; i += tile::rows) {
      multiply_rows<tile::rows, tile::vecs>(i, inner, cols);
    }
    if constexpr (tile::rows > 4) {
      if (end - i >= 4) {
        multiply_rows<4, tile::vecs>(i, inner, cols);
        i += 4;
      }
    }
    if (end - i >= 2) {
      multiply_rows<2, 4>(i, inner, cols);
      i += 2;
    }
    if (end - i == 1) {
      multiply_rows<1, 8>(i, inner, cols);
    }
  }

  /// Rows row .. row + Rows - 1, Vecs vectors of columns at a time; towards the end fewer.
  template <int Rows, int Vecs>
  void multiply_rows(std::int64_t row, const index_range& inner, const index_range& cols) const {
    const rows_in_place<T> a{product_.a + row * product_.n_inner + inner.first, product_.n_inner};
    std::int64_t j = multiply_vecs<Rows, Vecs>(a, row, inner, cols.first, cols.first + cols.size);
    if constexpr (Vecs > 4) {
      j = multiply_vecs<Rows, 4>(a, row, inner, j, cols.first + cols.size);
    }
    if constexpr (Vecs > 2) {
      j = multiply_vecs<Rows, 2>(a, row, inner, j, cols.first + cols.size);
    }
    j = multiply_vecs<Rows, 1>(a, row, inner, j, cols.first + cols.size);
    if (j < cols.first + cols.size) {
      const matmul_panel<T> last{reinterpret_cast<const T*>(last_cols_.data()) + inner.first * tile::width,
                                 tile::width};
      multiply_edge_tile<Rows, 1>(a, last, inner.size, out(row, inner, j), Rows, n_last_cols());
    }
  }

  /// Tiles of Vecs vectors from column j on, as many as there are before column `end`. The column behind them.
  template <int Rows, int Vecs>
  std::int64_t multiply_vecs(const rows_in_place<T>& a, std::int64_t row, const index_range& inner, std::int64_t j,
                             std::int64_t end) const {
    for (; end - j >= Vecs * tile::width; j += Vecs * tile::width) {
      const matmul_panel<T> b{product_.b + inner.first * product_.n_cols + j, product_.n_cols};
      multiply_tile<Rows, Vecs>(a, b, inner.size, out(row, inner, j));
    }
    return j;
  }

  matmul_out<T> out(std::int64_t row, const index_range& inner, std::int64_t col) const {
    return {product_.out + row * product_.n_cols + col, product_.n_cols, inner.first > 0};
  }

  matrix_product<T> product_;
  std::int64_t inner_block_;
  std::int64_t task_rows_ = 0;
  std::int64_t task_cols_ = 0;
  cpu::buffer last_cols_;
};

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
