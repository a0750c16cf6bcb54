// One pass over the rows of a problem: leaves, blocks, threads and the tree of leaf sums.
#pragma once

#include "cpu/gmm_shares.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

/// left += right, element by element.
inline void merge_nodes(double* left, const double* right, std::int64_t size) {
  using vec = pack<double>;
  std::int64_t j = 0;
  for (; j + vec_width<double> <= size; j += vec_width<double>) {
    store(left + j, load<vec>(left + j) + load<vec>(right + j));
  }
  for (; j < size; ++j) {
    left[j] = left[j] + right[j];
  }
}

/// The dyadic tree over nodes that come one after the other, with one open node per level.
class node_stack {
 public:
  /// The node of all comes to lie at `root`, the open ones below it at `rest`. With `count` nodes taken in already.
  node_stack(double* root, double* rest, std::int64_t node_size, std::int64_t count = 0)
      : root_(root), rest_(rest), node_size_(node_size), count_(count) {
    for (; count != 0; count &= count - 1) {
      ++depth_;  // a full node for each bit
    }
  }

  /// Levels that n nodes may need.
  static std::int64_t levels(std::int64_t n_nodes) {
    std::int64_t levels = 2;
    while ((std::int64_t{1} << (levels - 2)) < n_nodes) {
      ++levels;
    }
    return levels;
  }

  /// Where the next node goes.
  double* next() const { return at(depth_); }

  /// Takes in the node at next().
  void push() {
    push_part(0, node_size_);
    end_push();
  }

  /// The same in parts: elements first .. first + n - 1, each part once, and then the end of it.
  void push_part(std::int64_t first, std::int64_t n) const {
    std::int64_t depth = depth_;
    for (std::int64_t filled = count_; filled & 1; filled >>= 1) {
      --depth;
      merge_nodes(at(depth) + first, at(depth + 1) + first, n);
    }
  }
  void end_push() {
    ++depth_;
    for (std::int64_t filled = count_++; filled & 1; filled >>= 1) {
      --depth_;
    }
  }

  /// Completes the node of all, once the nodes missing at the end are accounted for.
  double* finish() {
    for (; depth_ > 1; --depth_) {
      merge_nodes(at(depth_ - 2), at(depth_ - 1), node_size_);
    }
    return root_;
  }

 private:
  double* at(std::int64_t depth) const { return depth == 0 ? root_ : rest_ + (depth - 1) * node_size_; }

  double* root_;
  double* rest_;
  std::int64_t node_size_;
  std::int64_t depth_ = 0;
  std::int64_t count_;
};

/// What a pass over the rows has, whichever way it is shared out.
template <class T>
class pass_parts {
 public:
  pass_parts(gmm_problem* problem, const samebits_gmm_components& components)
      : problem_(*problem),
        components_of_caller_(components),
        engine_(find_engine<T>(components.shape, problem->data.n_cols)),
        block_rows_(engine_.block_rows(components.n_components, engine_.n_cols)),
        lane_sums_stride_(round_up(engine_.lane_sums_size, lanes<T>)),
        work_size_(engine_.work_size(block_rows_, engine_.n_cols)) {}

 protected:
  std::int64_t n_components() const { return components_of_caller_.n_components; }
  const T* row_at(std::int64_t i) const { return problem_.template row<T>(i); }

  /// Makes the components ready and room for the threads; false when there is no memory.
  bool make_ready(int n_threads, std::int64_t thread_size) {
    thread_size_ = thread_size;
    return packed_components<T>::prepare(engine_, components_of_caller_, n_threads, problem_.components,
                                         &components_) &&
           problem_.scratch.allocate(static_cast<std::size_t>(n_threads * thread_size));
  }
  double* thread_start(int thread) const { return problem_.scratch.data() + thread * thread_size_; }

  gmm_problem& problem_;
  const samebits_gmm_components& components_of_caller_;
  gmm_engine<T> engine_;
  packed_components<T> components_;
  std::int64_t block_rows_;
  std::int64_t lane_sums_stride_;  // from component to component
  std::int64_t work_size_;
  std::int64_t thread_size_ = 0;  // doubles of scratch per thread
};

inline std::int64_t leaves_of(std::int64_t n_rows) { return (n_rows + leaf_rows - 1) / leaf_rows; }

template <class T>
void clear_lanes(T* lane_sums, std::int64_t n) {
  for (std::int64_t j = 0; j < n; ++j) {
    lane_sums[j] = empty_sum<T>();
  }
}

/// Rows that may be fetched ahead of a block: those behind it, or its own at the end of the data.
template <class T>
const char* rows_behind(const gmm_problem& problem, std::int64_t row, std::int64_t n_rows) {
  const bool is_inside = row + 2 * n_rows <= problem.data.n_rows;
  return reinterpret_cast<const char*>(problem.row<T>(is_inside ? row + n_rows : row));
}

/// The node of a mixture: its log-likelihood, then the sums of each component.
template <class T>
void unpack_node(const gmm_engine<T>& engine, const double* node, int n_threads, samebits_gmm_step* step) {
  const samebits_gmm_components& c = step->components;
  const samebits_gmm_sums& sums = step->sums;
  const std::int64_t factor_size = c.shape == samebits_gmm_triangle ? c.n_cols * c.n_cols : c.n_cols;
  const bool has_log_likelihood = step->shares == samebits_gmm_soft || step->shares == samebits_gmm_hard;
  step->sums.log_likelihood = has_log_likelihood ? *node : 0.0;
  if (sums.sum_0 != nullptr) {
    for_components(n_threads, c.n_components, engine.sums_size, [&](std::int64_t k) {
      engine.unpack_sums(node + 1 + k * engine.sums_size, c.n_cols, sums.sum_0 + k, sums.sum_1 + k * c.n_cols,
                         sums.sum_2 + k * factor_size);
    });
  }
}

/// Data-parallel: threads take aligned chunks of leaves. False when there is no memory.
template <class T>
bool pass_by_rows(gmm_problem* problem, int n_threads, samebits_gmm_step* step);

/// Component-parallel: threads take components, some leaves at a time.
template <class T>
bool pass_by_components(gmm_problem* problem, int n_threads, samebits_gmm_step* step);

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
