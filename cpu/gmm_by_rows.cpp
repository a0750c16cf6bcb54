// The data-parallel pass: threads take aligned chunks of leaves.
#include "cpu/gmm_pass.hpp"
#include "cpu/parallel.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {
namespace {

template <class T>
class row_pass : pass_parts<T> {
 public:
  row_pass(gmm_problem* problem, const samebits_gmm_step& step)
      : pass_parts<T>(problem, step.components),
        with_sums_(step.sums.sum_0 != nullptr),
        make_shares_(problem->data, step) {}

  bool run(int n_threads, samebits_gmm_step* step) {
    if (!prepare(n_threads)) {
      return false;
    }
    cpu::parallel_for<&row_pass::sum_chunk>(n_threads, n_chunks(), *this);
    fold_nodes();
    unpack_node(engine_, nodes_, step);
    return true;
  }

 private:
  using pass_parts<T>::problem_;
  using pass_parts<T>::engine_;
  using pass_parts<T>::components_;
  using pass_parts<T>::block_rows_;
  using pass_parts<T>::lane_sums_stride_;
  using pass_parts<T>::n_components;

  std::int64_t n_chunks() const {
    return (leaves_of(problem_.data.n_rows) + leaves_per_chunk_ - 1) / leaves_per_chunk_;
  }

  /// One thread's memory.
  struct workspace {
    workspace(const row_pass& pass, double* start) {
      memory_plan plan(start);
      const std::int64_t rows = pass.block_rows_;
      columns = plan.take<T>(rows * pass.engine_.n_cols);
      values = plan.take<T>(rows * pass.n_components());
      row_weights = plan.take<T>(rows);
      work = plan.take<T>(pass.work_size_);
      log_likelihood_lanes = plan.take<T>(lanes<T>);
      lane_sums = plan.take<T>(pass.n_components() * pass.lane_sums_stride_);
      open_nodes = plan.take<double>(pass.levels_ * pass.node_size_);
      size = plan.used();
    }
    T* columns;
    T* values;
    T* row_weights;
    T* work;
    T* log_likelihood_lanes;
    T* lane_sums;
    double* open_nodes;
    std::int64_t size;  // doubles
  };

  bool prepare(int n_threads) {
    node_size_ = 1 + (with_sums_ ? n_components() * engine_.sums_size : 0);
    // Many chunks keep the threads busy to the end, few keep the memory small. The bits do not depend on it.
    constexpr std::int64_t largest_nodes = 4 << 20;
    leaves_per_chunk_ = 1;
    while (n_chunks() > 64 * n_threads || (n_chunks() > 2 * n_threads && n_chunks() * node_size_ > largest_nodes)) {
      leaves_per_chunk_ *= 2;
    }
    levels_ = node_stack::levels(leaves_per_chunk_);
    if (!this->make_ready(n_threads, workspace(*this, nullptr).size) ||
        !problem_.shared.allocate(static_cast<std::size_t>(n_chunks() * node_size_))) {
      return false;
    }
    nodes_ = problem_.shared.data();
    return true;
  }

  /// The node of leaf number `leaf`.
  void sum_leaf(std::int64_t leaf, const workspace& memory, double* node) const {
    const std::int64_t first = leaf * leaf_rows;
    const std::int64_t n_rows = problem_.data.n_rows;
    const std::int64_t last = n_rows - first < leaf_rows ? n_rows : first + leaf_rows;
    clear_lanes(memory.log_likelihood_lanes, lanes<T>);
    if (with_sums_) {
      clear_lanes(memory.lane_sums, n_components() * lane_sums_stride_);
    }
    for (std::int64_t row = first; row < last; row += block_rows_) {
      add_block(row, last - row < block_rows_ ? last - row : block_rows_, memory);
    }
    *node++ = static_cast<double>(fold_lanes(memory.log_likelihood_lanes));
    for (std::int64_t k = 0; with_sums_ && k < n_components(); ++k) {
      engine_.fold_sums(memory.lane_sums + k * lane_sums_stride_, engine_.n_cols, node);
      node += engine_.sums_size;
    }
  }

  void add_block(std::int64_t row, std::int64_t n_rows, const workspace& memory) const {
    const std::int64_t n_cols = engine_.n_cols;
    const std::int64_t stride = block_rows_;
    const T* const rows = this->row_at(row);
    const column_block<T> x{memory.columns, stride, n_rows, n_cols};
    engine_.turn(rows, n_rows, n_cols, stride, memory.columns);
    fetch_weights(problem_.data, row, n_rows, memory.row_weights);
    for (std::int64_t k = 0; make_shares_.needs_distances() && k < n_components(); ++k) {
      engine_.distances(x, components_.component(k), n_cols, memory.work, memory.values + k * stride);
    }
    make_shares_({x, row, n_components(), components_.log_constants, memory.row_weights,
                  rows_behind<T>(problem_, row, n_rows), memory.values, memory.log_likelihood_lanes});
    for (std::int64_t k = 0; with_sums_ && k < n_components(); ++k) {
      engine_.add_block(x, rows, components_.component(k), memory.values + k * stride, n_cols, memory.work,
                        memory.lane_sums + k * lane_sums_stride_);
    }
  }

  void sum_chunk(std::int64_t chunk, int thread) const {
    const workspace memory(*this, this->thread_start(thread));
    const std::int64_t first = chunk * leaves_per_chunk_;
    const std::int64_t left = leaves_of(problem_.data.n_rows) - first;
    node_stack open(memory.open_nodes, node_size_);
    for (std::int64_t i = 0; i < left && i < leaves_per_chunk_; ++i) {
      sum_leaf(first + i, memory, open.next());
      open.push();
    }
    const double* const sum = open.finish();
    for (std::int64_t j = 0; j < node_size_; ++j) {
      nodes_[chunk * node_size_ + j] = sum[j];
    }
  }

  void fold_nodes() const {
    for (std::int64_t step = 1; step < n_chunks(); step *= 2) {
      for (std::int64_t i = 0; i + step < n_chunks(); i += 2 * step) {
        merge_nodes(nodes_ + i * node_size_, nodes_ + (i + step) * node_size_, node_size_);
      }
    }
  }

  bool with_sums_;
  share_maker<T> make_shares_;
  std::int64_t leaves_per_chunk_;  // a power of two
  std::int64_t levels_;            // of the tree over a chunk's leaves
  std::int64_t node_size_;         // doubles
  double* nodes_;                  // one per chunk
};

}  // namespace

template <class T>
bool pass_by_rows(gmm_problem* problem, int n_threads, samebits_gmm_step* step) {
  return row_pass<T>(problem, *step).run(n_threads, step);
}

template bool pass_by_rows<double>(gmm_problem*, int, samebits_gmm_step*);
template bool pass_by_rows<float>(gmm_problem*, int, samebits_gmm_step*);

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
