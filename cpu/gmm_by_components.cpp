// The component-parallel pass: a stretch of leaves at a time, each thread takes components. It fits few rows and many
// large components, where there are fewer leaves than threads. Sums and trees are those of the data-parallel pass.
#include "cpu/gmm_pass.hpp"
#include "cpu/parallel.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {
namespace {

template <class T>
class component_pass : pass_parts<T> {
 public:
  component_pass(gmm_problem* problem, const samebits_gmm_step& step)
      : pass_parts<T>(problem, step.components),
        with_sums_(step.sums.sum_0 != nullptr),
        make_shares_(problem->data, step),
        levels_(node_stack::levels(leaves_of(problem->data.n_rows))) {}

  bool run(int n_threads, samebits_gmm_step* step) {
    if (!prepare(n_threads)) {
      return false;
    }
    for (std::int64_t leaf = 0; leaf < leaves_of(problem_.data.n_rows); leaf += stretch_leaves_) {
      first_leaf_ = leaf;
      parallel_for<&component_pass::turn_block>(n_threads, n_blocks(), *this);
      if (make_shares_.needs_distances()) {
        parallel_for<&component_pass::find_distances>(n_threads, n_components(), *this);
      }
      parallel_for<&component_pass::share_leaf>(n_threads, n_leaves(), *this);
      push_log_likelihoods();
      if (with_sums_) {
        parallel_for<&component_pass::sum_component>(n_threads, n_components(), *this);
      }
    }
    unpack_node(engine_, finish(), n_threads, step);
    return true;
  }

 private:
  using pass_parts<T>::problem_;
  using pass_parts<T>::engine_;
  using pass_parts<T>::components_;
  using pass_parts<T>::block_rows_;
  using pass_parts<T>::lane_sums_stride_;
  using pass_parts<T>::n_components;

  std::int64_t blocks_per_leaf() const { return (leaf_rows + block_rows_ - 1) / block_rows_; }

  // The stretch at hand.
  std::int64_t n_leaves() const {
    const std::int64_t left = leaves_of(problem_.data.n_rows) - first_leaf_;
    return left < stretch_leaves_ ? left : stretch_leaves_;
  }
  std::int64_t n_blocks() const { return n_leaves() * blocks_per_leaf(); }

  /// Block number `number` of the stretch; the last leaf of the data may leave some empty.
  column_block<T> block(std::int64_t number) const {
    const std::int64_t leaf_end = (first_leaf_ + number / blocks_per_leaf() + 1) * leaf_rows;
    const std::int64_t end = leaf_end < problem_.data.n_rows ? leaf_end : problem_.data.n_rows;
    const std::int64_t left = end - first_row(number);
    const std::int64_t n_rows = left < 0 ? 0 : (left < block_rows_ ? left : block_rows_);
    return {shared_.columns + number * block_rows_ * engine_.n_cols, block_rows_, n_rows, engine_.n_cols};
  }
  std::int64_t first_row(std::int64_t number) const {
    return (first_leaf_ + number / blocks_per_leaf()) * leaf_rows + number % blocks_per_leaf() * block_rows_;
  }
  T* values(std::int64_t number, std::int64_t k) const {
    return shared_.values + (number * n_components() + k) * block_rows_;
  }

  void turn_block(std::int64_t number, int) const {
    const column_block<T> x = block(number);
    if (x.n_rows > 0) {
      const std::int64_t row = first_row(number);
      engine_.turn(this->row_at(row), x.n_rows, x.n_cols, x.stride,
                   shared_.columns + number * block_rows_ * engine_.n_cols);
      fetch_weights(problem_.data, row, x.n_rows, shared_.row_weights + number * block_rows_);
    }
  }

  void find_distances(std::int64_t k, int thread) const {
    const thread_memory memory(*this, this->thread_start(thread));
    for (std::int64_t number = 0; number < n_blocks(); ++number) {
      const column_block<T> x = block(number);
      if (x.n_rows > 0) {
        engine_.distances(x, components_.component(k), x.n_cols, memory.work, values(number, k));
      }
    }
  }

  void share_leaf(std::int64_t leaf, int) const {
    T lanes_of_leaf[lanes<T>];
    clear_lanes(lanes_of_leaf, lanes<T>);
    for (std::int64_t i = 0; i < blocks_per_leaf(); ++i) {
      const std::int64_t number = leaf * blocks_per_leaf() + i;
      const column_block<T> x = block(number);
      if (x.n_rows > 0) {
        const char* const own_rows = reinterpret_cast<const char*>(this->row_at(first_row(number)));
        make_shares_({x, first_row(number), n_components(), components_.log_constants,
                      shared_.row_weights + number * block_rows_, own_rows, values(number, 0), lanes_of_leaf});
      }
    }
    shared_.log_likelihoods[leaf] = static_cast<double>(fold_lanes(lanes_of_leaf));
  }

  void push_log_likelihoods() {
    for (std::int64_t leaf = 0; leaf < n_leaves(); ++leaf) {
      *log_likelihood_.next() = shared_.log_likelihoods[leaf];
      log_likelihood_.push();
    }
  }

  void sum_component(std::int64_t k, int thread) const {
    const thread_memory memory(*this, this->thread_start(thread));
    for (std::int64_t leaf = 0; leaf < n_leaves(); ++leaf) {
      clear_lanes(memory.lane_sums, lane_sums_stride_);
      for (std::int64_t i = 0; i < blocks_per_leaf(); ++i) {
        const std::int64_t number = leaf * blocks_per_leaf() + i;
        const column_block<T> x = block(number);
        if (x.n_rows > 0) {
          engine_.add_block(x, this->row_at(first_row(number)), components_.component(k), values(number, k), x.n_cols,
                            memory.work, memory.lane_sums);
        }
      }
      node_stack open = component_stack(k, first_leaf_ + leaf);
      engine_.fold_sums(memory.lane_sums, engine_.n_cols, open.next());
      open.push();
    }
  }

  /// The open nodes of a component after `n_leaves` leaves.
  node_stack component_stack(std::int64_t k, std::int64_t n_leaves) const {
    double* const root = shared_.open_nodes + k * levels_ * engine_.sums_size;
    return node_stack(root, root + engine_.sums_size, engine_.sums_size, n_leaves);
  }

  /// The node of the problem.
  const double* finish() {
    double* node = shared_.node;
    *node++ = *log_likelihood_.finish();
    for (std::int64_t k = 0; with_sums_ && k < n_components(); ++k) {
      const double* const sums = component_stack(k, leaves_of(problem_.data.n_rows)).finish();
      for (std::int64_t j = 0; j < engine_.sums_size; ++j) {
        *node++ = sums[j];
      }
    }
    return shared_.node;
  }

  // ---- memory ----------------------------------------------------------------------------------------------------

  struct thread_memory {
    thread_memory(const component_pass& pass, double* start) {
      memory_plan plan(start);
      work = plan.take<T>(pass.work_size_);
      lane_sums = plan.take<T>(pass.lane_sums_stride_);
      size = plan.used();
    }
    T* work;
    T* lane_sums;
    std::int64_t size;
  };

  struct shared_memory {
    shared_memory() = default;
    shared_memory(const component_pass& pass, double* start) {
      memory_plan plan(start);
      const std::int64_t rows = pass.stretch_leaves_ * pass.blocks_per_leaf() * pass.block_rows_;
      const std::int64_t nodes = pass.with_sums_ ? pass.n_components() * pass.engine_.sums_size : 0;
      columns = plan.take<T>(rows * pass.engine_.n_cols);
      values = plan.take<T>(rows * pass.n_components());
      row_weights = plan.take<T>(rows);
      log_likelihoods = plan.take<double>(pass.stretch_leaves_);
      log_likelihood_nodes = plan.take<double>(pass.levels_);
      open_nodes = plan.take<double>(nodes * pass.levels_);
      node = plan.take<double>(1 + nodes);
      size = plan.used();
    }
    T* columns;
    T* values;
    T* row_weights;
    double* log_likelihoods;
    double* log_likelihood_nodes;
    double* open_nodes;
    double* node;
    std::int64_t size;
  };

  bool prepare(int n_threads) {
    // A stretch that stays in the caches, and long enough that threads seldom wait for each other.
    constexpr std::int64_t stretch_bytes = 4 << 20;
    const std::int64_t leaf_bytes =
        leaf_rows * (engine_.n_cols + n_components()) * static_cast<std::int64_t>(sizeof(T));
    stretch_leaves_ = leaf_bytes < stretch_bytes ? stretch_bytes / leaf_bytes : 1;
    if (stretch_leaves_ > leaves_of(problem_.data.n_rows)) {
      stretch_leaves_ = leaves_of(problem_.data.n_rows);
    }
    if (!this->make_ready(n_threads, thread_memory(*this, nullptr).size) ||
        !problem_.shared.allocate(static_cast<std::size_t>(shared_memory(*this, nullptr).size))) {
      return false;
    }
    shared_ = shared_memory(*this, problem_.shared.data());
    log_likelihood_ = node_stack(shared_.log_likelihood_nodes, shared_.log_likelihood_nodes + 1, 1);
    return true;
  }

  bool with_sums_;
  share_maker<T> make_shares_;
  std::int64_t levels_;  // of the tree over all leaves
  std::int64_t stretch_leaves_ = 1;
  std::int64_t first_leaf_ = 0;  // of the stretch at hand
  shared_memory shared_;
  node_stack log_likelihood_{nullptr, nullptr, 1};
};

}  // namespace

template <class T>
bool pass_by_components(gmm_problem* problem, int n_threads, samebits_gmm_step* step) {
  return component_pass<T>(problem, *step).run(n_threads, step);
}

template bool pass_by_components<double>(gmm_problem*, int, samebits_gmm_step*);
template bool pass_by_components<float>(gmm_problem*, int, samebits_gmm_step*);

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
