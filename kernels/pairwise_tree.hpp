// Nodes of leaves of y for rows of x on the device: where they go, and how they fit the work space.
#pragma once

#include "kernels/pairwise_device.hpp"
#include "kernels/tree_fold.hpp"
#include "kernels/work_space.hpp"

namespace samebits::kernels {

/// Where the nodes of a batch go: part k of that of row i and a leaf at nodes[(leaf * n_parts + k) * n_rows + i], row
/// and leaf counted in the batch.
struct pair_nodes {
  double* nodes;
  std::int64_t n_parts;

  /// The widened sums of the rows of a thread. Rows behind the last are left out.
  template <int Rows, class T>
  SAMEBITS_HD void store(const pair_batch<Rows>& batch, std::int64_t number, std::int64_t part,
                         const T (&sums)[Rows]) const {
    const row_group<Rows> rows = batch.rows(number);
    double* const out = nodes + (batch.leaf(number) * n_parts + part) * batch.n_rows;
    SAMEBITS_UNROLL
    for (int r = 0; r < Rows; ++r) {
      if (rows.row(r) < batch.end()) {
        out[rows.row(r) - batch.first_row] = static_cast<double>(sums[r]);
      }
    }
  }
};

template <class T, int Rows>
SAMEBITS_HD SAMEBITS_INLINE void set_all(T (&numbers)[Rows], T value) {
  SAMEBITS_UNROLL
  for (int r = 0; r < Rows; ++r) {
    numbers[r] = value;
  }
}

/// Nodes of leaves, folded by the tree. They fit the work space: rows of x come in batches, and leaves in batches that
/// are whole subtrees.
class leaf_tree {
 public:
  leaf_tree(std::int64_t n_rows, std::int64_t n_leaves, std::int64_t n_parts)
      : n_rows_(n_rows), n_leaves_(n_leaves), n_parts_(n_parts) {
    while (batch_leaves_ < n_leaves && batch_leaves_ < most_leaves) {
      batch_leaves_ *= 2;
    }
    const std::int64_t enough = n_rows < enough_rows ? n_rows : enough_rows;
    while (batch_leaves_ * batch_leaves_ > n_leaves && batch_leaves_ > 1 && rows_that_fit() < enough) {
      batch_leaves_ /= 2;
    }
    batch_rows_ = rows_that_fit();
    nodes_.make_room(batch_leaves_ * n_parts * batch_rows_);
    tops_.make_room(n_batches() * n_parts * batch_rows_);
    out_.make_room(n_parts * batch_rows_);
  }

  /// Calls make(batch, nodes) for nodes of leaves, fold(nodes, n, rows) for subtrees, and finish(first row, rows,
  /// node).
  template <int Rows, class Make, class Fold, class Finish>
  void run(const Make& make, const Fold& fold, const Finish& finish) {
    for (std::int64_t first = 0; first < n_rows_; first += batch_rows_) {
      const std::int64_t n = smaller(batch_rows_, n_rows_ - first);
      for (std::int64_t b = 0; b < n_batches(); ++b) {
        const std::int64_t n_leaves = smaller(batch_leaves_, n_leaves_ - b * batch_leaves_);
        make(pair_batch<Rows>{first, n, b * batch_leaves_, n_leaves}, pair_nodes{nodes_.data(), n_parts_});
        fold(nodes_.data(), n_leaves, n);
        copy_on_device(tops_.data() + b * n_parts_ * n, nodes_.data(), n_parts_ * n);
      }
      fold(tops_.data(), n_batches(), n);
      finish(first, n, tops_.data());
    }
  }

  /// Room for the results of a batch.
  double* out() const { return out_.data(); }

 private:
  static constexpr std::int64_t most_leaves = 1024;
  static constexpr std::int64_t enough_rows = 4096;

  std::int64_t n_batches() const { return (n_leaves_ + batch_leaves_ - 1) / batch_leaves_; }
  std::int64_t rows_that_fit() const {
    return fitting(n_rows_, (batch_leaves_ + n_batches() + 1) * n_parts_ * static_cast<std::int64_t>(sizeof(double)));
  }

  std::int64_t n_rows_;
  std::int64_t n_leaves_;
  std::int64_t n_parts_;  // doubles of a node
  std::int64_t batch_leaves_ = 1;
  std::int64_t batch_rows_ = 1;
  device_array<double> nodes_;
  device_array<double> tops_;  // of batches of leaves
  device_array<double> out_;
};

// ---- sums --------------------------------------------------------------------------------------------------------

struct sum_fold {
  std::int64_t n_parts;
  void operator()(double* nodes, std::int64_t n, std::int64_t n_rows) const { fold_nodes(nodes, n, n_parts * n_rows); }
};

/// From the node of all leaves to results: part k of row i at out[i * n_parts + k], or turned at out[k * n_rows + i].
struct finished_sums {
  const double* node;
  std::int64_t n_rows;
  std::int64_t n_parts;
  double factor;
  bool is_turned;
  double* out;

  SAMEBITS_HD std::int64_t n_threads() const { return n_rows * n_parts; }
  SAMEBITS_HD void reduce(std::int64_t number) const {
    const std::int64_t i = is_turned ? number % n_rows : number / n_parts;
    const std::int64_t k = is_turned ? number / n_rows : number % n_parts;
    out[number] = core::finished_sum(factor, node[k * n_rows + i]);
  }
};

/// Calls make(batch, nodes) for nodes of n_parts sums, folds them and writes results: part k is array number first + k
/// of those in `out`, each with a number for every row of x.
template <int Rows, class T, class Make>
void sum_arrays(const pair_call<T>& call, std::int64_t first, std::int64_t n_parts, const Make& make) {
  const std::int64_t n_x = call.pairs().n_x;
  leaf_tree tree(n_x, call.n_leaves(), n_parts);
  tree.run<Rows>(make, sum_fold{n_parts}, [&](std::int64_t first_row, std::int64_t n_rows, const double* node) {
    launch_reduction(finished_sums{node, n_rows, n_parts, 1.0, true, tree.out()});
    for (std::int64_t k = 0; k < n_parts; ++k) {
      deliver(call.pairs().out + (first + k) * n_x + first_row, tree.out() + k * n_rows, n_rows);
    }
  });
}

/// The same with results, each times a factor, in the rows of a matrix.
template <int Rows, class T, class Make>
void sum_columns(const pair_call<T>& call, std::int64_t n_parts, double factor, const Make& make) {
  leaf_tree tree(call.pairs().n_x, call.n_leaves(), n_parts);
  tree.run<Rows>(make, sum_fold{n_parts}, [&](std::int64_t first_row, std::int64_t n_rows, const double* node) {
    launch_reduction(finished_sums{node, n_rows, n_parts, factor, false, tree.out()});
    deliver(call.pairs().out + first_row * n_parts, tree.out(), n_rows * n_parts);
  });
}

}  // namespace samebits::kernels
