// The rows of a mixture problem for kernels: those that the device keeps, or those of the host that pass through it.
#pragma once

#include "kernels/gmm_problem.hpp"
#include "kernels/launch.hpp"
#include "kernels/work_space.hpp"

namespace samebits::kernels {

/// Turns rows of the caller's layout on their side. A thread per element.
template <class T>
struct turn_kernel {
  static constexpr int block_threads = 256;
  using block_memory = no_state;
  using thread_memory = no_state;

  const T* from;  // n_rows x n_cols
  std::int64_t n_rows;
  std::int64_t n_cols;
  T* to;  // column b of row i at to[b * stride + i]
  std::int64_t stride;

  SAMEBITS_HD int phases() const { return 1; }
  SAMEBITS_HD void run(int, thread_position at, block_memory&, thread_memory&) const {
    const std::int64_t item = global_thread<turn_kernel>(at);
    const std::int64_t b = item / n_rows;
    const std::int64_t i = item % n_rows;
    if (b < n_cols) {
      to[b * stride + i] = from[i * n_cols + b];
    }
  }
};

/// Some rows of a problem: row `first_row` of `data` is the first of them.
template <class T>
struct row_window {
  gmm_data<T> data;
  std::int64_t first_row;
};

/// All windows of one way through the rows.
template <class T>
class row_windows {
 public:
  explicit row_windows(gmm_problem_of<T>& problem)
      : problem_(problem),
        rows_(problem.passing_rows, problem.n_rows * problem.n_cols),
        weights_(problem.passing_weights, problem.n_rows) {}

  /// Leaves that a window may have, or some more, up to a power of two.
  static std::int64_t most_leaves(const gmm_problem_of<T>& problem) {
    const std::int64_t n_leaves = (problem.n_rows - 1) / leaf_rows + 1;
    const std::int64_t of_a_piece = piece_numbers / (leaf_rows * problem.n_cols) + 1;
    return problem.passes_through() && of_a_piece < n_leaves ? of_a_piece : n_leaves;
  }

  /// Rows first .. first + n - 1 of the problem, for kernels that are launched before the next window.
  row_window<T> window(std::int64_t first, std::int64_t n) {
    if (!problem_.passes_through()) {
      return {problem_.data(), first};
    }
    const T* const rows = rows_.piece(first * problem_.n_cols, n * problem_.n_cols);
    problem_.columns.make_room(n * problem_.n_cols);
    const turn_kernel<T> kernel{rows, n, problem_.n_cols, problem_.columns.data(), n};
    launch(kernel, blocks_for<turn_kernel<T>>(n * problem_.n_cols));
    return {{problem_.columns.data(), n, problem_.n_cols, weights_.piece(first, n)}, 0};
  }

 private:
  gmm_problem_of<T>& problem_;
  device_input<T> rows_;
  device_input<double> weights_;
};

}  // namespace samebits::kernels
