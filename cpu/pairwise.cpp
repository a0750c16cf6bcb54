// Sums over pairs of rows on the CPU: threads take groups of blocks of rows of x, and chunks of leaves of y where there
// are few of those.
#include "cpu/leaf_chunks.hpp"
#include "cpu/memory.hpp"
#include "cpu/memory_plan.hpp"
#include "cpu/pairwise_counts.hpp"
#include "cpu/pairwise_dependences.hpp"
#include "cpu/pairwise_nearest.hpp"
#include "cpu/pairwise_products.hpp"
#include "cpu/pairwise_reductions.hpp"
#include "cpu/parallel.hpp"
#include "cpu/report.hpp"
#include "cpu/tables.hpp"
#include "lib/fp_environment.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {
namespace {

/// Rows of y in a tile: its values stay in the first-level cache while the phases pass over them.
constexpr std::int64_t tile_rows = 64;

/// The dyadic tree over nodes that come one after the other, with one open node per level.
template <class Reduction>
class open_nodes {
 public:
  open_nodes(const Reduction& reduction, double* memory) : reduction_(reduction), memory_(memory) {}

  /// Nodes in memory while n are taken in.
  static std::int64_t levels(std::int64_t n) {
    std::int64_t levels = 1;
    for (; n > 1; n /= 2) {
      ++levels;
    }
    return levels;
  }

  /// Where the next node goes.
  node_place next() const {
    std::int64_t n_merges = 0;
    for (std::int64_t filled = count_; filled & 1; filled >>= 1) {
      ++n_merges;
    }
    return {at(depth_), n_merges};
  }

  /// Takes in the node at next().
  void push() {
    const std::int64_t n_merges = next().n_merges;
    ++depth_;
    ++count_;
    for (std::int64_t i = 0; i < n_merges; ++i) {
      merge_last();
    }
  }

  /// The same where the node has been merged already.
  void push_merged() {
    depth_ += 1 - next().n_merges;
    ++count_;
  }

  /// Completes the node of all, which lies where the first one did.
  void finish() {
    while (depth_ > 1) {
      merge_last();
    }
  }

 private:
  double* at(std::int64_t depth) const { return memory_ + depth * reduction_.node_size(); }
  void merge_last() {
    --depth_;
    reduction_.merge(at(depth_ - 1), at(depth_));
  }

  const Reduction& reduction_;
  double* memory_;
  std::int64_t depth_ = 0;
  std::int64_t count_ = 0;
};

/// The kernels of a call, with constants in the type of the rows.
template <class T>
class pair_mappings {
 public:
  explicit pair_mappings(const samebits_pairs& pairs) : pairs_(pairs) {}

  pair_base base() const { return base_of(static_cast<pair_kernel>(pairs_.kernels[0].kernel)); }
  std::int64_t size() const { return pairs_.n_kernels; }
  pair_mapping<T> operator[](std::int64_t k) const {
    return mapping_of<T>(pairs_.kernels[k], static_cast<pair_map>(pairs_.map));
  }

 private:
  const samebits_pairs& pairs_;
};

template <class T, class Reduction>
class pair_job {
 public:
  pair_job(const samebits_pairs& pairs, const Reduction& reduction)
      : pairs_(pairs), reduction_(reduction), mappings_(pairs) {}

  /// False when there is no memory.
  bool run(int n_threads) {
    const std::int64_t n_leaves = (pairs_.n_y + leaf_rows - 1) / leaf_rows;
    n_threads = is_small() ? 1 : n_threads;
    chunks_ = share_out(n_leaves, n_threads);
    n_chunks_ = chunks_.size() > 1 ? chunks_.size() : 1;
    n_threads = n_groups() * n_chunks_ < n_threads ? static_cast<int>(n_groups() * n_chunks_) : n_threads;
    levels_ = open_nodes<Reduction>::levels(n_chunks_ > 1 ? chunks_.largest() : n_leaves);
    thread_size_ = workspace(*this, nullptr).size;
    if (!scratch_.allocate(static_cast<std::size_t>(n_threads * thread_size_)) ||
        (n_chunks_ > 1 &&
         !nodes_.allocate(static_cast<std::size_t>(n_groups() * n_chunks_ * reduction_.node_size())))) {
      return false;
    }
    parallel_for<&pair_job::reduce_chunk>(n_threads, n_groups() * n_chunks_, *this);
    if (n_chunks_ > 1) {
      parallel_for<&pair_job::fold_chunks>(n_threads, n_groups(), *this);
    }
    return true;
  }

 private:
  static constexpr std::int64_t block_rows = pair_block_rows<T>;
  static constexpr std::int64_t values_rows = Reduction::values_of_leaves ? leaf_rows : tile_rows;
  static constexpr std::int64_t tile_size = Reduction::needs_values ? values_rows * block_rows : 0;

  /// One thread's memory.
  struct workspace {
    workspace(const pair_job& job, double* start) {
      memory_plan plan(start);
      columns = plan.take<T>(job.reduction_.group() * job.block_size());
      values = plan.take<T>((Reduction::values_of_leaves ? job.reduction_.group() : 1) * tile_size);
      bases = plan.take<T>(job.keeps_bases() ? tile_size : 0);
      work = plan.take<T>(job.reduction_.work_size());
      nodes = plan.take<double>((Reduction::folds_leaves ? job.levels_ : 1) * job.reduction_.node_size());
      size = plan.used();
    }
    T* columns;
    T* values;
    T* bases;
    T* work;
    double* nodes;
    std::int64_t size;  // doubles
  };

  std::int64_t group_rows() const { return reduction_.group() * block_rows; }
  std::int64_t n_groups() const { return (pairs_.n_x + group_rows() - 1) / group_rows(); }
  std::int64_t block_size() const { return pairs_.n_cols * block_rows; }
  bool keeps_bases() const { return mappings_.size() > 1; }
  const T* y_row(std::int64_t j) const { return static_cast<const T*>(pairs_.y) + j * pairs_.n_cols; }

  /// Done before other threads have woken up.
  bool is_small() const {
    const std::int64_t most_pairs = (1 << 16) / (pairs_.n_cols + pairs_.n_kernels + pairs_.n_columns + 2);
    return pairs_.n_y == 0 || pairs_.n_x <= most_pairs / pairs_.n_y;
  }

  /// One chunk of all leaves where the groups keep the threads busy. Large nodes go into few chunks.
  leaf_chunks share_out(std::int64_t n_leaves, int n_threads) const {
    constexpr std::int64_t large_node = 1 << 16;
    const bool is_large = Reduction::has_large_nodes || reduction_.node_size() > large_node;
    const std::int64_t wanted = (is_large ? 2 : 16) * static_cast<std::int64_t>(n_threads);
    if (n_threads == 1 || n_groups() >= wanted || n_leaves < 2) {
      return leaf_chunks(0, 1, 1, 1);
    }
    std::int64_t largest = 1;
    while (2 * largest * wanted <= n_leaves * n_groups()) {
      largest *= 2;
    }
    return leaf_chunks(n_leaves, largest, largest > 4 ? largest / 4 : 1, n_threads);
  }

  leaf_chunks::chunk chunk(std::int64_t number) const {
    return n_chunks_ > 1 ? chunks_[number] : leaf_chunks::chunk{0, (pairs_.n_y + leaf_rows - 1) / leaf_rows};
  }

  void reduce_chunk(std::int64_t task, int thread) const {
    const workspace memory(*this, scratch_.data() + thread * thread_size_);
    const std::int64_t first = task / n_chunks_ * group_rows();
    turn_group(first, memory.columns);
    const auto leaves = chunk(task % n_chunks_);
    if constexpr (Reduction::folds_leaves) {
      fold_leaves(first, leaves, memory);
    } else {
      reduction_.begin(memory.work, memory.nodes);
      for (std::int64_t leaf = 0; leaf < leaves.n_leaves; ++leaf) {
        reduce_leaf(first, leaves.first_leaf + leaf, memory, {memory.nodes, 0});
      }
      reduction_.end(memory.work, memory.nodes);
    }
    if (n_chunks_ == 1) {
      reduction_.finish(first, memory.nodes);
    } else {
      __builtin_memcpy(chunk_node(task), memory.nodes,
                       static_cast<std::size_t>(reduction_.node_size()) * sizeof(double));
    }
  }

  void fold_leaves(std::int64_t first, const leaf_chunks::chunk& leaves, const workspace& memory) const {
    open_nodes<Reduction> open(reduction_, memory.nodes);
    for (std::int64_t leaf = leaves.first_leaf; leaf < leaves.first_leaf + leaves.n_leaves; ++leaf) {
      const node_place place = open.next();
      if (is_left_out(first, leaf_end(leaf))) {
        reduction_.clear(place.node);
        open.push();
        continue;
      }
      reduction_.begin(memory.work, place.node);
      reduce_leaf(first, leaf, memory, place);
      reduction_.end(memory.work, place.node);
      Reduction::merges_itself ? open.push_merged() : open.push();
    }
    if (leaves.n_leaves == 0) {
      reduction_.clear(open.next().node);
      open.push();
    }
    open.finish();
  }

  std::int64_t leaf_end(std::int64_t leaf) const {
    return (leaf + 1) * leaf_rows < pairs_.n_y ? (leaf + 1) * leaf_rows : pairs_.n_y;
  }
  /// Is j <= i for all rows j of y before `end`?
  bool is_left_out(std::int64_t first, std::int64_t end) const {
    return pairs_.set == samebits_upper_pairs && end <= first + 1;
  }

  void reduce_leaf(std::int64_t first, std::int64_t leaf, const workspace& memory, const node_place& place) const {
    const std::int64_t end = leaf_end(leaf);
    for (std::int64_t j = leaf * leaf_rows; j < end; j += values_rows) {
      const std::int64_t n = end - j < values_rows ? end - j : values_rows;
      if (is_left_out(first, j + n)) {
        continue;
      }
      for (std::int64_t g = 0; g < reduction_.group(); ++g) {
        T* const values = memory.values + (Reduction::values_of_leaves ? g * tile_size : 0);
        reduce_tile({{memory.columns + g * block_size(), first + g * block_rows}, g, 0, {values, j, n}}, memory, place);
      }
    }
  }

  /// One tile through all kernels.
  void reduce_tile(pair_step<T> step, const workspace& memory, const node_place& place) const {
    if constexpr (!Reduction::needs_values) {
      reduction_.add(memory.work, place, step);
    } else {
      T* const bases = keeps_bases() ? memory.bases : step.tile.values;
      make_bases(mappings_.base(), step.block, y_row(step.tile.first), pairs_.n_cols,
                 pair_tile<T>{bases, step.tile.first, step.tile.n_rows});
      for (; step.kernel < mappings_.size(); ++step.kernel) {
        map_tile(mappings_[step.kernel], bases, step.tile.n_rows * block_rows, step.tile.values);
        leave_out(pairs_.set, step.block, step.tile, Reduction::nothing());
        reduction_.add(memory.work, place, step);
      }
    }
  }

  /// The blocks of a group, turned on their side one after the other. Rows behind the last are copies of it.
  void turn_group(std::int64_t first, T* columns) const {
    for (std::int64_t row = 0; row < group_rows(); ++row) {
      const std::int64_t i = first + row < pairs_.n_x ? first + row : pairs_.n_x - 1;
      const T* const x = static_cast<const T*>(pairs_.x) + i * pairs_.n_cols;
      for (std::int64_t c = 0; c < pairs_.n_cols; ++c) {
        columns[row / block_rows * block_size() + c * block_rows + row % block_rows] = x[c];
      }
    }
  }

  double* chunk_node(std::int64_t task) const { return nodes_.data() + task * reduction_.node_size(); }

  void fold_chunks(std::int64_t group, int) const {
    const std::int64_t first = group * n_chunks_;
    chunks_.fold([&](std::int64_t left, std::int64_t right) {
      reduction_.merge(chunk_node(first + left), chunk_node(first + right));
    });
    reduction_.finish(group * group_rows(), chunk_node(first));
  }

  const samebits_pairs& pairs_;
  const Reduction& reduction_;
  pair_mappings<T> mappings_;
  leaf_chunks chunks_{0, 1, 1, 1};
  std::int64_t n_chunks_ = 1;
  std::int64_t levels_ = 1;
  std::int64_t thread_size_ = 0;  // doubles
  cpu::buffer scratch_;           // per thread
  cpu::buffer nodes_;             // per group and chunk
};

template <class Reduction, class T>
bool reduce(const samebits_pairs& pairs, int n_threads, const Reduction& reduction) {
  return pair_job<T, Reduction>(pairs, reduction).run(n_threads);
}

/// Packs the matrix, all leaves side by side.
template <class T>
class panel_packing {
 public:
  bool run(const samebits_pairs& pairs, int n_threads) {
    pairs_ = &pairs;
    const std::int64_t n_leaves = (pairs.n_y + leaf_rows - 1) / leaf_rows;
    if (!memory_.allocate(static_cast<std::size_t>(doubles_for<T>(n_leaves * size())))) {
      return false;
    }
    parallel_for<&panel_packing::pack>(n_threads, n_leaves, *this);
    return true;
  }
  const T* panels() const { return reinterpret_cast<const T*>(memory_.data()); }

 private:
  std::int64_t size() const { return pair_products<T>::leaf_size(*pairs_); }
  void pack(std::int64_t leaf, int) const {
    pair_products<T>::pack_leaf(*pairs_, leaf, reinterpret_cast<T*>(memory_.data()) + leaf * size());
  }

  const samebits_pairs* pairs_ = nullptr;
  cpu::buffer memory_;
};

/// Dependences for many permutations of few rows: threads take slices of the permutations, and of all rows. Every slice
/// makes the values of the pairs of x again.
template <class T>
class permutation_slices {
 public:
  permutation_slices(const samebits_pairs& pairs, int n_threads) : pairs_(pairs), n_threads_(n_threads) {
    constexpr std::int64_t smallest = 4;
    constexpr std::int64_t few_rows = 32 * pair_block_rows<T>;  // for each thread
    const std::int64_t n_permutations = pairs.companion->n_permutations;
    const bool is_small = pairs.n_x == 0 || n_permutations < (1 << 14) / pairs.n_x / pairs.n_x;
    if (!is_small && n_threads > 1 && n_permutations >= smallest * n_threads && pairs.n_x < few_rows * n_threads) {
      const std::int64_t wanted = 4 * static_cast<std::int64_t>(n_threads);
      n_slices_ = n_permutations / smallest < wanted ? n_permutations / smallest : wanted;
    }
  }

  /// False when there is no memory.
  bool run() {
    if (n_slices_ == 1) {
      return run_slice(pairs_, n_threads_);
    }
    if (!is_done_.allocate(static_cast<std::size_t>(n_slices_))) {
      return false;
    }
    parallel_for<&permutation_slices::run_task>(n_threads_, n_slices_, *this);
    bool all_done = true;
    for (std::int64_t s = 0; s < n_slices_; ++s) {
      all_done = all_done && is_done_.data()[s] != 0;
    }
    return all_done;
  }

 private:
  static bool run_slice(const samebits_pairs& pairs, int n_threads) {
    return reduce<pair_dependences<T>, T>(pairs, n_threads, pair_dependences<T>(pairs));
  }

  void run_task(std::int64_t slice, int) const {
    const std::int64_t n_permutations = pairs_.companion->n_permutations;
    const std::int64_t first = slice * n_permutations / n_slices_;
    samebits_pair_companion companion = *pairs_.companion;
    companion.permutations += first * pairs_.n_x;
    companion.n_permutations = (slice + 1) * n_permutations / n_slices_ - first;
    samebits_pairs part = pairs_;
    part.companion = &companion;
    part.out += first * pairs_.n_x;
    is_done_.data()[slice] = run_slice(part, 1) ? 1 : 0;
  }

  const samebits_pairs& pairs_;
  int n_threads_;
  std::int64_t n_slices_ = 1;
  cpu::buffer is_done_;
};

template <class T>
bool reduce_pairs(const samebits_pairs& pairs, int n_threads) {
  switch (pairs.reduction) {
    case samebits_pair_sums:
      return are_of_numbers(pairs) ? reduce<number_products<T>, T>(pairs, n_threads, number_products<T>(pairs))
                                   : reduce<pair_sums<T>, T>(pairs, n_threads, pair_sums<T>(pairs));
    case samebits_pair_log_sums: return reduce<pair_log_sums<T>, T>(pairs, n_threads, pair_log_sums<T>(pairs));
    case samebits_pair_nearest: return reduce<pair_nearest<T>, T>(pairs, n_threads, pair_nearest<T>(pairs));
    case samebits_pair_products: {
      panel_packing<T> packing;
      return packing.run(pairs, n_threads) &&
             reduce<pair_products<T>, T>(pairs, n_threads, pair_products<T>(pairs, packing.panels()));
    }
    case samebits_pair_gradients: return reduce<pair_gradients<T>, T>(pairs, n_threads, pair_gradients<T>(pairs));
    case samebits_pair_dependences: return permutation_slices<T>(pairs, n_threads).run();
    case samebits_pair_counts: return reduce<pair_counts<T>, T>(pairs, n_threads, pair_counts<T>(pairs));
  }
  return true;
}

}  // namespace

samebits_status pairwise(samebits_call* call, const samebits_pairs* pairs) {
  const default_fp_environment environment;
  const bool done = pairs->dtype == SAMEBITS_FLOAT32 ? reduce_pairs<float>(*pairs, call->n_threads)
                                                     : reduce_pairs<double>(*pairs, call->n_threads);
  return done ? SAMEBITS_OK : cpu::out_of_memory(call, "pairs of rows");
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
