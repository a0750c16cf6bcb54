// The data-parallel pass: threads take aligned chunks of leaves.
#include "cpu/gmm_pass.hpp"
#include "cpu/leaf_chunks.hpp"
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
    parallel_for<&row_pass::sum_chunk>(n_threads, chunks_.size(), *this);
    parallel_for<&row_pass::fold_slice>(n_threads, (node_size_ + slice_size - 1) / slice_size, *this);
    unpack_node(engine_, nodes_, n_threads, step);
    return true;
  }

 private:
  using pass_parts<T>::problem_;
  using pass_parts<T>::engine_;
  using pass_parts<T>::components_;
  using pass_parts<T>::block_rows_;
  using pass_parts<T>::lane_sums_stride_;
  using pass_parts<T>::n_components;

  /// Elements of the nodes that are folded together, few enough to stay in the first-level cache.
  static constexpr std::int64_t slice_size = 1024;

  /// One thread's memory.
  struct workspace {
    workspace(const row_pass& pass, double* start) {
      memory_plan plan(start);
      const std::int64_t rows = pass.stretch_blocks_ * pass.block_rows_;
      columns = plan.take<T>(rows * pass.engine_.n_cols);
      values = plan.take<T>(rows * pass.n_components());
      row_weights = plan.take<T>(rows);
      work = plan.take<T>(pass.work_size_);
      log_likelihood_lanes = plan.take<T>(lanes<T>);
      lane_sums = plan.take<T>((pass.is_whole_leaf() ? 1 : pass.n_components()) * pass.lane_sums_stride_);
      open_nodes = plan.take<double>((pass.levels_ - 1) * pass.node_size_);
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
    node_stride_ = round_up(node_size_, lanes<double>);  // threads write to no cache line of each other
    chunks_ = plan_chunks(n_threads);
    levels_ = node_stack::levels(chunks_.largest());
    stretch_blocks_ = engine_.takes_whole_leaves ? blocks_per_leaf() : 1;
    if (!this->make_ready(n_threads, workspace(*this, nullptr).size) ||
        !problem_.shared.allocate(static_cast<std::size_t>(chunks_.size() * node_stride_))) {
      return false;
    }
    nodes_ = problem_.shared.data();
    return true;
  }

  /// Many chunks keep the threads busy to the end, few keep the memory small. The bits do not depend on it.
  leaf_chunks plan_chunks(int n_threads) const {
    constexpr std::int64_t most_doubles = 4 << 20;
    const std::int64_t n_leaves = leaves_of(problem_.data.n_rows);
    std::int64_t largest = 1;
    for (std::int64_t n = n_leaves; n > 64 * n_threads || (n > 2 * n_threads && n * node_stride_ > most_doubles);
         n = (n + 1) / 2) {
      largest *= 2;
    }
    std::int64_t smallest = 1;
    while (smallest < largest &&
           leaf_chunks(n_leaves, largest, smallest, n_threads).size() * node_stride_ > 2 * most_doubles) {
      smallest *= 2;
    }
    return {n_leaves, largest, smallest, n_threads};
  }

  std::int64_t blocks_per_leaf() const { return (leaf_rows + block_rows_ - 1) / block_rows_; }
  bool is_whole_leaf() const { return stretch_blocks_ == blocks_per_leaf(); }

  /// Some blocks of one leaf on their way through the pass.
  struct stretch {
    std::int64_t first_row;
    std::int64_t end_row;
    bool is_first;  // of its leaf
    bool is_last;
  };

  std::int64_t n_blocks(const stretch& s) const { return (s.end_row - s.first_row + block_rows_ - 1) / block_rows_; }
  std::int64_t block_row(const stretch& s, std::int64_t i) const { return s.first_row + i * block_rows_; }
  column_block<T> block(const stretch& s, std::int64_t i, const workspace& memory) const {
    const std::int64_t left = s.end_row - block_row(s, i);
    return {memory.columns + i * block_rows_ * engine_.n_cols, block_rows_, left < block_rows_ ? left : block_rows_,
            engine_.n_cols};
  }
  T* values(std::int64_t i, std::int64_t k, const workspace& memory) const {
    return memory.values + (i * n_components() + k) * block_rows_;
  }

  void sum_leaf(std::int64_t leaf, const workspace& memory, node_stack& open) const {
    const std::int64_t first = leaf * leaf_rows;
    const std::int64_t n_left = problem_.data.n_rows - first;
    const std::int64_t last = first + (n_left < leaf_rows ? n_left : leaf_rows);
    const std::int64_t stretch_rows = stretch_blocks_ * block_rows_;
    clear_lanes(memory.log_likelihood_lanes, lanes<T>);
    for (std::int64_t row = first; row < last; row += stretch_rows) {
      const std::int64_t end = last - row < stretch_rows ? last : row + stretch_rows;
      const stretch s{row, end, row == first, end == last};
      make_shares(s, memory);
      for (std::int64_t k = 0; with_sums_ && k < n_components(); ++k) {
        sum_component(s, k, memory, open);
      }
    }
    *open.next() = static_cast<double>(fold_lanes(memory.log_likelihood_lanes));
    open.push_part(0, 1);
    open.end_push();
  }

  void make_shares(const stretch& s, const workspace& memory) const {
    for (std::int64_t i = 0; i < n_blocks(s); ++i) {
      const column_block<T> x = block(s, i, memory);
      engine_.turn(this->row_at(block_row(s, i)), x.n_rows, x.n_cols, x.stride,
                   memory.columns + i * block_rows_ * engine_.n_cols);
      fetch_weights(problem_.data, block_row(s, i), x.n_rows, memory.row_weights + i * block_rows_);
    }
    for (std::int64_t k = 0; make_shares_.needs_distances() && k < n_components(); ++k) {
      for (std::int64_t i = 0; i < n_blocks(s); ++i) {
        engine_.distances(block(s, i, memory), components_.component(k), engine_.n_cols, memory.work,
                          values(i, k, memory));
      }
    }
    for (std::int64_t i = 0; i < n_blocks(s); ++i) {
      const column_block<T> x = block(s, i, memory);
      make_shares_({x, block_row(s, i), n_components(), components_.log_constants, memory.row_weights + i * block_rows_,
                    rows_behind<T>(problem_, block_row(s, i), x.n_rows), values(i, 0, memory),
                    memory.log_likelihood_lanes});
    }
  }

  /// Adds the stretch to the sums of a component; the end of the leaf takes them into the tree, while they are in the
  /// first-level cache.
  void sum_component(const stretch& s, std::int64_t k, const workspace& memory, const node_stack& open) const {
    T* const lane_sums = memory.lane_sums + (is_whole_leaf() ? 0 : k * lane_sums_stride_);
    if (s.is_first) {
      clear_lanes(lane_sums, lane_sums_stride_);
    }
    for (std::int64_t i = 0; i < n_blocks(s); ++i) {
      engine_.add_block(block(s, i, memory), this->row_at(block_row(s, i)), components_.component(k),
                        values(i, k, memory), engine_.n_cols, memory.work, lane_sums);
    }
    if (s.is_last) {
      const std::int64_t first = 1 + k * engine_.sums_size;
      engine_.fold_sums(lane_sums, engine_.n_cols, open.next() + first);
      open.push_part(first, engine_.sums_size);
    }
  }

  void sum_chunk(std::int64_t number, int thread) const {
    const workspace memory(*this, this->thread_start(thread));
    const auto chunk = chunks_[number];
    node_stack open(nodes_ + number * node_stride_, memory.open_nodes, node_size_);
    for (std::int64_t i = 0; i < chunk.n_leaves; ++i) {
      sum_leaf(chunk.first_leaf + i, memory, open);
    }
    open.finish();
  }

  /// The tree over the chunks for some elements of the nodes, into the first chunk's.
  void fold_slice(std::int64_t slice, int) const {
    const std::int64_t first = slice * slice_size;
    const std::int64_t size = node_size_ - first < slice_size ? node_size_ - first : slice_size;
    chunks_.fold([&](std::int64_t left, std::int64_t right) {
      merge_nodes(nodes_ + left * node_stride_ + first, nodes_ + right * node_stride_ + first, size);
    });
  }

  bool with_sums_;
  share_maker<T> make_shares_;
  leaf_chunks chunks_{0, 1, 1, 1};
  std::int64_t levels_;          // of the tree over a chunk's leaves
  std::int64_t stretch_blocks_;  // that go through the pass together
  std::int64_t node_size_;       // doubles
  std::int64_t node_stride_;     // from node to node of the chunks
  double* nodes_;                // one per chunk
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
