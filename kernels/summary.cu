// Sums, moments and covariances of rows on the device: a node for each leaf, then the tree over them.
#include <algorithm>
#include <vector>

#include "kernels/device_memory.hpp"
#include "kernels/guard.hpp"
#include "kernels/reduce.hpp"
#include "kernels/tables.hpp"
#include "kernels/work_space.hpp"
#include "lib/summary_nodes.hpp"

namespace samebits::kernels {
namespace {

using core::leaf_rows;

/// Some leaves on the device.
template <class T>
struct leaf_batch {
  const T* x;
  const T* y;             // for products
  const double* weights;  // null: all 1
  std::int64_t n_rows;
  std::int64_t n_cols;

  SAMEBITS_HD std::int64_t n_leaves() const { return (n_rows + leaf_rows - 1) / leaf_rows; }
  SAMEBITS_HD std::int64_t n_lanes() const { return core::row_lanes(n_cols); }
  /// Sums that a leaf's elements go round through.
  SAMEBITS_HD std::int64_t period() const { return n_cols * n_lanes(); }
  SAMEBITS_HD std::int64_t end_of(std::int64_t leaf) const {
    return (leaf + 1) * leaf_rows < n_rows ? (leaf + 1) * leaf_rows : n_rows;
  }
  SAMEBITS_HD double weight(std::int64_t row) const { return weights == nullptr ? 1.0 : weights[row]; }
  SAMEBITS_HD double at(std::int64_t row, std::int64_t a) const { return static_cast<double>(x[row * n_cols + a]); }

  SAMEBITS_HD double factor(samebits_statistic statistic, std::int64_t row, std::int64_t a) const {
    switch (statistic) {
      case samebits_statistic_absolute: return core::sign_of(at(row, a));
      case samebits_statistic_product: return static_cast<double>(y[row * n_cols + a]);
      case samebits_statistic_sum: return 1.0;
      default: return weight(row);
    }
  }
};

/// A thread per leaf, lane and column: lane sums [n_leaves x period].
template <class T>
struct leaf_sums {
  leaf_batch<T> batch;
  samebits_statistic statistic;
  double* sums;

  SAMEBITS_HD std::int64_t n_threads() const { return batch.n_leaves() * batch.period(); }
  SAMEBITS_HD void reduce(std::int64_t thread) const {
    const std::int64_t leaf = thread / batch.period();
    const std::int64_t e = thread % batch.period();
    const std::int64_t a = e % batch.n_cols;
    double sum = core::empty_sum<double>();
    for (std::int64_t row = leaf * leaf_rows + e / batch.n_cols; row < batch.end_of(leaf); row += batch.n_lanes()) {
      sum = core::add_product(sum, batch.at(row, a), batch.factor(statistic, row, a));
    }
    sums[thread] = sum;
  }
};

/// A thread per leaf and column: folds lane sums to the first lane's place.
struct lane_fold {
  double* sums;
  std::int64_t n_leaves;
  std::int64_t n_cols;

  SAMEBITS_HD std::int64_t n_threads() const { return n_leaves * n_cols; }
  SAMEBITS_HD void reduce(std::int64_t thread) const {
    core::fold_row_lanes(sums + thread / n_cols * n_cols * core::row_lanes(n_cols), n_cols, thread % n_cols);
  }
};

/// A thread per leaf: its weight, where the rows have weights, as the sum of a single column.
struct leaf_weights {
  leaf_batch<double> weights;  // as rows of one column; x null: all 1
  double* nodes;
  std::int64_t node_size;

  SAMEBITS_HD std::int64_t n_threads() const { return weights.n_leaves(); }
  SAMEBITS_HD void reduce(std::int64_t leaf) const {
    const std::int64_t first = leaf * leaf_rows;
    if (weights.x == nullptr) {
      nodes[leaf * node_size] = static_cast<double>(weights.end_of(leaf) - first);
      return;
    }
    constexpr int n_lanes = core::lanes<double>;
    double sums[n_lanes];
    for (int j = 0; j < n_lanes; ++j) {
      sums[j] = core::empty_sum<double>();
      for (std::int64_t row = first + j; row < weights.end_of(leaf); row += n_lanes) {
        sums[j] = core::add_product(sums[j], weights.x[row], 1.0);
      }
    }
    core::fold_row_lanes(sums, 1, 0);
    nodes[leaf * node_size] = sums[0];
  }
};

/// A thread per leaf, lane and column: the spread about the leaf's mean.
template <class T>
struct leaf_spreads {
  leaf_batch<T> batch;
  const double* sums;  // folded
  const double* nodes;
  std::int64_t node_size;
  core::spread<double>* spreads;  // [n_leaves x period]

  SAMEBITS_HD std::int64_t n_threads() const { return batch.n_leaves() * batch.period(); }
  SAMEBITS_HD void reduce(std::int64_t thread) const {
    const std::int64_t leaf = thread / batch.period();
    const std::int64_t e = thread % batch.period();
    const std::int64_t a = e % batch.n_cols;
    const double mean = core::per_weight(sums[leaf * batch.period() + a], nodes[leaf * node_size]);
    core::spread<double> s = core::spread<double>::nothing();
    for (std::int64_t row = leaf * leaf_rows + e / batch.n_cols; row < batch.end_of(leaf); row += batch.n_lanes()) {
      core::add_to_spread(batch.at(row, a), batch.weight(row), mean, s);
    }
    spreads[thread] = s;
  }
};

/// A thread per leaf and column completes the moments.
struct closed_moments {
  const double* sums;  // folded
  core::spread<double>* spreads;
  double* nodes;
  std::int64_t n_leaves;
  std::int64_t n_cols;

  SAMEBITS_HD std::int64_t n_threads() const { return n_leaves * n_cols; }
  SAMEBITS_HD void reduce(std::int64_t thread) const {
    const std::int64_t leaf = thread / n_cols;
    const std::int64_t a = thread % n_cols;
    const std::int64_t period = n_cols * core::row_lanes(n_cols);
    const core::moments_node node(nodes + leaf * core::moments_node::size(n_cols), n_cols);
    node.sum[a] = sums[leaf * period + a];
    node.mean[a] = core::per_weight(node.sum[a], *node.weight);
    core::close_column(core::fold_spreads(spreads + leaf * period, n_cols, a), a, node);
  }
};

/// Second moments of a leaf and the sums of differences: the lower triangle, row after row, and then the sums.
SAMEBITS_HD constexpr std::int64_t triangle(std::int64_t n) { return n * (n + 1) / 2; }
SAMEBITS_HD constexpr std::int64_t elements(std::int64_t n_cols) { return triangle(n_cols) + n_cols; }

/// A thread per leaf, lane and element of these: chains about the leaf's mean.
template <class T>
struct second_moments {
  leaf_batch<T> batch;
  const double* sums;  // folded
  const double* nodes;
  std::int64_t node_size;
  double* out;  // [n_leaves x lanes x elements]

  SAMEBITS_HD std::int64_t n_threads() const { return batch.n_leaves() * batch.n_lanes() * elements(batch.n_cols); }
  SAMEBITS_HD void reduce(std::int64_t thread) const {
    const std::int64_t n = elements(batch.n_cols);
    const std::int64_t leaf = thread / (n * batch.n_lanes());
    const std::int64_t lane = thread / n % batch.n_lanes();
    std::int64_t b = thread % n;
    const bool is_rest = b >= triangle(batch.n_cols);
    std::int64_t a = 0;
    if (is_rest) {
      a = b = b - triangle(batch.n_cols);
    } else {
      while (b > a) {
        b -= ++a;
      }
    }
    const double weight = nodes[leaf * node_size];
    const double mean_a = core::per_weight(sums[leaf * batch.period() + a], weight);
    const double mean_b = core::per_weight(sums[leaf * batch.period() + b], weight);
    double sum = core::empty_sum<double>();
    for (std::int64_t row = leaf * leaf_rows + lane; row < batch.end_of(leaf); row += batch.n_lanes()) {
      const double weighted = core::weighted_difference(batch.at(row, a), mean_a, batch.weight(row));
      sum = is_rest ? sum + weighted : core::add_second(batch.at(row, b), mean_b, weighted, sum);
    }
    out[thread] = sum;
  }
};

/// A thread per leaf and element: folds the lanes of second moments to the first lane's place.
struct second_fold {
  double* second;  // of second_moments
  std::int64_t n_leaves;
  std::int64_t n_lanes;
  std::int64_t n_elements;

  SAMEBITS_HD std::int64_t n_threads() const { return n_leaves * n_elements; }
  SAMEBITS_HD void reduce(std::int64_t thread) const {
    core::fold_lanes_of(second + thread / n_elements * n_lanes * n_elements, n_elements, n_lanes, thread % n_elements);
  }
};

/// A thread per leaf and element of its matrix completes the covariances; those of the diagonal see to the means.
struct closed_covariances {
  const double* sums;    // folded
  const double* second;  // folded
  double* nodes;
  std::int64_t n_leaves;
  std::int64_t n_cols;

  SAMEBITS_HD std::int64_t n_threads() const { return n_leaves * n_cols * n_cols; }
  SAMEBITS_HD void reduce(std::int64_t thread) const {
    const std::int64_t leaf = thread / (n_cols * n_cols);
    const std::int64_t a = thread / n_cols % n_cols;
    const std::int64_t b = thread % n_cols;
    const std::int64_t n_lanes = core::row_lanes(n_cols);
    const double* const own = second + leaf * n_lanes * elements(n_cols);
    const double* const rest = own + triangle(n_cols);
    const core::covariance_node node(nodes + leaf * core::covariance_node::size(n_cols), n_cols);
    const double shift = core::per_weight(rest[a], *node.weight);
    // Equal states have equal bytes: there are zeros above the diagonal.
    node.second[a * n_cols + b] = b > a ? 0.0 : core::centred_second(own[triangle(a) + b], shift, rest[b]);
    if (a == b) {
      node.mean[a] = core::per_weight(sums[leaf * n_cols * n_lanes + a], *node.weight);
      core::close_mean(shift, a, node);
    }
  }
};

/// Copies folded sums to the nodes: a thread per leaf and column.
struct taken_sums {
  const double* sums;
  double* nodes;
  std::int64_t n_leaves;
  std::int64_t n_cols;

  SAMEBITS_HD std::int64_t n_threads() const { return n_leaves * n_cols; }
  SAMEBITS_HD void reduce(std::int64_t thread) const {
    nodes[thread] = sums[thread / n_cols * n_cols * core::row_lanes(n_cols) + thread % n_cols];
  }
};

/// One level of the tree: some threads of a block per pair of nodes, for its numbers in turn. Means come first, then
/// second moments of two columns, which need how far both means were apart; last the weights, which all of them need.
struct node_merge_kernel {
  static constexpr int block_threads = 128;
  using block_memory = no_state;
  using thread_memory = no_state;

  samebits_statistic statistic;
  double* nodes;
  std::int64_t n_nodes;
  std::int64_t n_cols;
  std::int64_t node_size;
  std::int64_t step;
  int pair_threads;  // divides block_threads

  node_merge_kernel(samebits_statistic statistic_, double* nodes_, std::int64_t n_nodes_, std::int64_t n_cols_,
                    std::int64_t step_)
      : statistic(statistic_),
        nodes(nodes_),
        n_nodes(n_nodes_),
        n_cols(n_cols_),
        node_size(core::node_size(statistic_, n_cols_)),
        step(step_),
        pair_threads(1) {
    const std::int64_t numbers = statistic == samebits_statistic_covariance ? n_cols * n_cols : n_cols;
    while (pair_threads < block_threads && pair_threads < numbers) {
      pair_threads *= 2;
    }
  }

  std::int64_t n_threads() const { return (n_nodes + step - 1) / (2 * step) * pair_threads; }

  SAMEBITS_HD int phases() const {
    return statistic == samebits_statistic_covariance ? 3 : statistic == samebits_statistic_moments ? 2 : 1;
  }
  SAMEBITS_HD void run(int phase, thread_position at, block_memory&, thread_memory&) const {
    const std::int64_t thread = global_thread<node_merge_kernel>(at);
    const std::int64_t left_node = thread / pair_threads * 2 * step;
    if (left_node + step >= n_nodes) {
      return;
    }
    double* const left = nodes + left_node * node_size;
    double* const right = left + step * node_size;
    const std::int64_t own = thread % pair_threads;
    if (statistic < samebits_statistic_moments) {
      merge_sums(own, left, right);
    } else if (phase == phases() - 1) {
      if (own == 0) {
        core::merge_sums(left, right, 1);  // nodes begin with their weights
      }
    } else if (statistic == samebits_statistic_moments) {
      merge_moments(own, core::moments_node(left, n_cols), core::moments_node(right, n_cols));
    } else {
      merge_covariances(phase, own, core::covariance_node(left, n_cols), core::covariance_node(right, n_cols));
    }
  }

 private:
  SAMEBITS_HD void merge_sums(std::int64_t own, double* left, const double* right) const {
    for (std::int64_t a = own; a < n_cols; a += pair_threads) {
      core::merge_sums(left + a, right + a, 1);
    }
  }
  SAMEBITS_HD void merge_moments(std::int64_t own, const core::moments_node& left,
                                 const core::moments_node& right) const {
    const core::mean_merge means(*left.weight, *right.weight);
    for (std::int64_t a = own; a < n_cols; a += pair_threads) {
      core::merge_moments_column(left, right, means, a);
    }
  }
  SAMEBITS_HD void merge_covariances(int phase, std::int64_t own, const core::covariance_node& left,
                                     const core::covariance_node& right) const {
    const core::mean_merge means(*left.weight, *right.weight);
    if (phase == 0) {
      for (std::int64_t a = own; a < n_cols; a += pair_threads) {
        core::merge_mean(left, right, means, a);
      }
      return;
    }
    for (std::int64_t e = own; e < n_cols * n_cols; e += pair_threads) {
      const std::int64_t a = e / n_cols;
      const std::int64_t b = e % n_cols;
      if (b <= a) {
        left.second[e] = means.second(left.second[e], right.second[e], right.mean[a], right.mean[b]);
      }
    }
  }
};

/// What the device holds while rows pass through.
template <class T>
class summary_on_device {
 public:
  summary_on_device(samebits_statistic statistic, const samebits_rows& rows)
      : statistic_(statistic),
        rows_(rows),
        n_cols_(rows.n_cols),
        node_size_(core::node_size(statistic, rows.n_cols)),
        n_leaves_((rows.n_rows + leaf_rows - 1) / leaf_rows),
        x_(static_cast<const T*>(rows.x), rows.n_rows * rows.n_cols),
        y_(statistic == samebits_statistic_product ? static_cast<const T*>(rows.y) : nullptr,
           rows.n_rows * rows.n_cols),
        weights_(rows.weights, rows.n_rows) {}

  /// Batches are whole subtrees, but for the last one: their nodes merge on the host.
  void run(double* node) {
    const std::int64_t batch_leaves = leaves_at_once();
    nodes_.make_room(std::min(batch_leaves, n_leaves_) * node_size_);
    for (std::int64_t first = 0; first < n_leaves_; first += batch_leaves) {
      const std::int64_t left = rows_.n_rows - first * leaf_rows;
      const leaf_batch<T> batch = batch_of(first * leaf_rows, std::min(left, batch_leaves * leaf_rows));
      if (first > 0) {
        push(first / batch_leaves - 1);  // waits: this batch is on its way
      }
      make_leaves(batch, nodes_.data());
      merge_leaves(batch.n_leaves());
    }
    push((n_leaves_ - 1) / batch_leaves);
    while (open_.size() > 1) {
      merge_last();
    }
    std::copy(open_.front().begin(), open_.front().end(), node);
  }

 private:
  /// Leaves that are on the device together, a power of two: bounds the memory there.
  std::int64_t leaves_at_once() const {
    const std::int64_t seconds =
        statistic_ == samebits_statistic_covariance ? core::row_lanes(n_cols_) * n_cols_ * n_cols_ : 0;
    const std::int64_t values = leaf_rows * n_cols_ + seconds + node_size_;
    const std::int64_t most = fitting(n_leaves_, values * static_cast<std::int64_t>(sizeof(double)));
    const std::int64_t most_of_host = x_.is_there() ? most : piece_numbers / (leaf_rows * n_cols_);
    std::int64_t n = 1;
    while (2 * n <= std::min(most, most_of_host)) {
      n *= 2;
    }
    return n;
  }

  /// The node of the leaves on the device, to the first one.
  void merge_leaves(std::int64_t n_leaves) {
    for (std::int64_t step = 1; step < n_leaves; step *= 2) {
      const node_merge_kernel kernel(statistic_, nodes_.data(), n_leaves, n_cols_, step);
      launch(kernel, blocks_for<node_merge_kernel>(kernel.n_threads()));
    }
  }

  /// Takes in the node of a batch; with its number the open nodes count in binary.
  void push(std::int64_t batch) {
    open_.emplace_back(static_cast<std::size_t>(node_size_));
    download(open_.back().data(), nodes_.data(), node_size_);
    for (; batch & 1; batch >>= 1) {
      merge_last();
    }
  }
  void merge_last() {
    core::merge_nodes(statistic_, open_[open_.size() - 2].data(), open_.back().data(), n_cols_);
    open_.pop_back();
  }

  leaf_batch<T> batch_of(std::int64_t first, std::int64_t n_rows) {
    return {x_.piece(first * n_cols_, n_rows * n_cols_), y_.piece(first * n_cols_, n_rows * n_cols_),
            weights_.piece(first, n_rows), n_rows, n_cols_};
  }

  void make_leaves(const leaf_batch<T>& batch, double* nodes) {
    const std::int64_t n_leaves = batch.n_leaves();
    sums_.make_room(n_leaves * batch.period());
    launch_reduction(leaf_sums<T>{batch, statistic_, sums_.data()});
    launch_reduction(lane_fold{sums_.data(), n_leaves, n_cols_});
    if (statistic_ < samebits_statistic_moments) {
      launch_reduction(taken_sums{sums_.data(), nodes, n_leaves, n_cols_});
      return;
    }
    const leaf_batch<double> weights{batch.weights, nullptr, nullptr, batch.n_rows, 1};
    launch_reduction(leaf_weights{weights, nodes, node_size_});
    if (statistic_ == samebits_statistic_moments) {
      spreads_.make_room(n_leaves * batch.period());
      launch_reduction(leaf_spreads<T>{batch, sums_.data(), nodes, node_size_, spreads_.data()});
      launch_reduction(closed_moments{sums_.data(), spreads_.data(), nodes, n_leaves, n_cols_});
      return;
    }
    second_.make_room(n_leaves * batch.n_lanes() * elements(n_cols_));
    launch_reduction(second_moments<T>{batch, sums_.data(), nodes, node_size_, second_.data()});
    launch_reduction(second_fold{second_.data(), n_leaves, batch.n_lanes(), elements(n_cols_)});
    launch_reduction(closed_covariances{sums_.data(), second_.data(), nodes, n_leaves, n_cols_});
  }

  samebits_statistic statistic_;
  const samebits_rows& rows_;
  std::int64_t n_cols_;
  std::int64_t node_size_;
  std::int64_t n_leaves_;
  device_input<T> x_;
  device_input<T> y_;
  device_input<double> weights_;
  device_array<double> sums_;
  device_array<core::spread<double>> spreads_;
  device_array<double> second_;
  device_array<double> nodes_;
  std::vector<std::vector<double>> open_;  // nodes of batches whose right neighbour is missing
};

}  // namespace

samebits_status summarize(samebits_call* call, samebits_statistic statistic, const samebits_rows* rows, double* node) {
  return guarded(call, [&] {
    if (rows->dtype == SAMEBITS_FLOAT32) {
      summary_on_device<float>(statistic, *rows).run(node);
    } else {
      summary_on_device<double>(statistic, *rows).run(node);
    }
  });
}

}  // namespace samebits::kernels
