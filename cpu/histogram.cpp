// Histograms on the CPU. The bins of a leaf are found first; then its numbers are counted and their weights added.
#include "samebits/core/histogram.hpp"

#include "cpu/leaf_chunks.hpp"
#include "cpu/memory.hpp"
#include "cpu/pack.hpp"
#include "cpu/parallel.hpp"
#include "cpu/report.hpp"
#include "cpu/tables.hpp"
#include "lib/fp_environment.hpp"
#include "samebits/core/tree_sum.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {
namespace {

/// Bins from which on one counter per bin will do: with fewer of them, the next number is often in the bin whose
/// counter is still on its way to memory.
constexpr std::int64_t many_bins = 4096;
constexpr int n_copies = 4;

/// Chunks per thread, and bins from which on a sparse node is worth while.
constexpr std::int64_t thread_chunks = 16;
constexpr std::int64_t sparse_bins = 4096;

/// The bins of N packs of numbers.
template <int N>
SAMEBITS_INLINE void find_packs(const bin_finder& finder, const double* x, std::uint64_t* bins) {
  using V = pack<double>;
  constexpr int width = value_traits<V>::width;
  V numbers[N];
  bits_t<V> found[N];
  SAMEBITS_UNROLL
  for (int j = 0; j < N; ++j) {
    numbers[j] = load<V>(x + j * width);
  }
  finder.find(numbers, found);
  SAMEBITS_UNROLL
  for (int j = 0; j < N; ++j) {
    store(bins + j * width, found[j]);
  }
}

void find_bins(const bin_finder& shared_finder, const double* x, std::int64_t n, std::uint64_t* bins) {
  constexpr int n_together = 4;
  constexpr std::int64_t step = n_together * value_traits<pack<double>>::width;
  const bin_finder finder = shared_finder;  // a copy stays in registers, whatever the stores do
  std::int64_t i = 0;
  for (; i + step <= n; i += step) {
    find_packs<n_together>(finder, x + i, bins + i);
  }
  for (; i < n; ++i) {
    bins[i] = static_cast<std::uint64_t>(finder.bin(x[i]));
  }
}

/// Counts in n_copies copies of the counters, `stride` apart.
void count_bins(const std::uint64_t* bins, std::int64_t n, std::int64_t stride, std::int64_t* counts) {
  std::int64_t i = 0;
  for (; i + n_copies <= n; i += n_copies) {
    SAMEBITS_UNROLL
    for (int copy = 0; copy < n_copies; ++copy) {
      ++counts[copy * stride + static_cast<std::int64_t>(bins[i + copy])];
    }
  }
  for (; i < n; ++i) {
    ++counts[bins[i]];
  }
}

// ---- weights -----------------------------------------------------------------------------------------------------

/// The sums of some leaves: -0.0 in bins without numbers. As long as few bins have numbers, they are listed (some of
/// them more than once), and the others need not be looked at: adding -0.0 changes nothing.
struct weight_node {
  double* sums;
  std::int64_t* list;
  std::int64_t* n_listed;  // more than fit: all bins may have numbers
};

/// How nodes lie in memory, and what is done with them.
class weight_nodes {
 public:
  explicit weight_nodes(std::int64_t n_bins)
      : n_sums_(n_bins + 1),  // the last one for what lies in no bin
        list_size_(n_bins < sparse_bins ? 0 : n_bins / 4) {}

  /// Doubles that a node takes.
  std::int64_t stride() const { return n_sums_ + list_size_ + 1; }

  weight_node at(double* nodes, std::int64_t number) const {
    double* const sums = nodes + number * stride();
    auto* const list = reinterpret_cast<std::int64_t*>(sums + n_sums_);
    return {sums, list, list + list_size_};
  }

  void clear(const weight_node& node) const {
    for (std::int64_t b = 0; b < n_sums_; ++b) {
      node.sums[b] = empty_sum<double>();
    }
    *node.n_listed = 0;
  }

  /// A leaf: one chain per bin, in the order of the numbers.
  void add_leaf(const std::uint64_t* bins, const double* weights, std::int64_t n, const weight_node& node) const {
    for (std::int64_t i = 0; i < n; ++i) {
      node.sums[bins[i]] = node.sums[bins[i]] + weights[i];
    }
    append(node, bins, n);
  }

  /// left += right, and clears the right one.
  void merge(const weight_node& left, const weight_node& right) const {
    if (*right.n_listed > list_size_) {
      for (std::int64_t b = 0; b < n_sums_; ++b) {
        left.sums[b] = left.sums[b] + right.sums[b];
        right.sums[b] = empty_sum<double>();
      }
    } else {
      for (std::int64_t i = 0; i < *right.n_listed; ++i) {
        const std::int64_t b = right.list[i];
        left.sums[b] = left.sums[b] + right.sums[b];
        right.sums[b] = empty_sum<double>();
      }
    }
    append(left, right.list, *right.n_listed);
    *right.n_listed = 0;
  }

 private:
  template <class Integer>
  void append(const weight_node& node, const Integer* bins, std::int64_t n) const {
    if (n > list_size_ - *node.n_listed) {
      *node.n_listed = list_size_ + 1;
      return;
    }
    for (std::int64_t i = 0; i < n; ++i) {
      node.list[*node.n_listed + i] = static_cast<std::int64_t>(bins[i]);
    }
    *node.n_listed += n;
  }

  std::int64_t n_sums_;
  std::int64_t list_size_;
};

// ---- the pass ----------------------------------------------------------------------------------------------------

class histogram_pass {
 public:
  histogram_pass(const samebits_rows& rows, const double* edges, std::int64_t n_bins, bool has_sums)
      : rows_(rows),
        edges_(edges),
        n_bins_(n_bins),
        has_sums_(has_sums),
        n_leaves_((rows.n_rows + leaf_rows - 1) / leaf_rows),
        copy_stride_(n_bins < many_bins ? whole_lines(n_bins + 1) : 0),
        nodes_(n_bins) {}

  bool run(int n_threads, std::int64_t* counts, double* sums) {
    if (!prepare(n_threads)) {
      return false;
    }
    parallel_for<&histogram_pass::add_chunk>(n_threads_, chunks_.size(), *this);
    add_counts(counts);
    if (has_sums_) {
      fold_chunks(counts, sums);
    }
    return true;
  }

 private:
  /// Counters of a thread.
  std::int64_t n_counters() const { return copy_stride_ == 0 ? whole_lines(n_bins_ + 1) : n_copies * copy_stride_; }
  /// Threads must not share a line of the cache.
  static constexpr std::int64_t whole_lines(std::int64_t n) { return (n + 7) / 8 * 8; }
  std::int64_t* counters(std::int64_t thread) const {
    return reinterpret_cast<std::int64_t*>(counters_.data()) + thread * n_counters();
  }
  weight_node open_node(std::int64_t thread, std::int64_t depth) const {
    return nodes_.at(open_nodes_.data(), thread * levels_ + depth);
  }
  double* chunk_sums(std::int64_t i) const { return chunk_sums_.data() + i * n_bins_; }

  /// A chunk has as many numbers as there are bins: what is done for each bin of it then costs little.
  bool prepare(int n_threads) {
    std::int64_t largest = 1;
    while (largest < n_leaves_ && (largest * leaf_rows < n_bins_ || n_leaves_ > thread_chunks * n_threads * largest)) {
      largest *= 2;
    }
    chunks_ = leaf_chunks(n_leaves_, largest, largest, n_threads);
    n_threads_ = n_threads < chunks_.size() ? n_threads : static_cast<int>(chunks_.size());
    while ((std::int64_t{1} << (levels_ - 2)) < largest) {
      ++levels_;
    }
    if (!allocate()) {
      return false;
    }
    clear();
    return true;
  }

  bool allocate() {
    const auto n_bins = static_cast<std::size_t>(n_bins_);
    const auto n_open = static_cast<std::size_t>(n_threads_ * levels_ * nodes_.stride());
    return inner_.allocate(static_cast<std::size_t>(bin_finder::room(n_bins_))) &&
           counters_.allocate(static_cast<std::size_t>(n_threads_ * n_counters())) &&
           (!has_sums_ ||
            (open_nodes_.allocate(n_open) && chunk_sums_.allocate(static_cast<std::size_t>(chunks_.size()) * n_bins)));
  }

  void clear() {
    finder_ = bin_finder::prepare(edges_, n_bins_, inner_.data());
    for (std::int64_t i = 0; i < n_threads_ * n_counters(); ++i) {
      counters(0)[i] = 0;
    }
    for (std::int64_t i = 0; has_sums_ && i < n_threads_ * levels_; ++i) {
      nodes_.clear(open_node(0, i));
    }
  }

  void add_chunk(std::int64_t number, int thread) const {
    const leaf_chunks::chunk chunk = chunks_[number];
    std::int64_t depth = 0;
    for (std::int64_t i = 0; i < chunk.n_leaves; ++i) {
      add_leaf((chunk.first_leaf + i) * leaf_rows, thread, depth);
      if (!has_sums_) {
        continue;
      }
      ++depth;
      for (std::int64_t filled = i; filled & 1; filled >>= 1, --depth) {
        nodes_.merge(open_node(thread, depth - 2), open_node(thread, depth - 1));
      }
    }
    for (; depth > 1; --depth) {
      nodes_.merge(open_node(thread, depth - 2), open_node(thread, depth - 1));
    }
    if (has_sums_) {
      close_chunk(number, thread);
    }
  }

  void add_leaf(std::int64_t first, int thread, std::int64_t depth) const {
    alignas(64) std::uint64_t bins[leaf_rows];
    alignas(64) double copy[leaf_rows];
    const std::int64_t left = rows_.n_rows - first;
    const std::int64_t n = left < leaf_rows ? left : leaf_rows;
    find_bins(finder_, doubles(first, n, copy), n, bins);
    count_bins(bins, n, copy_stride_, counters(thread));
    if (has_sums_) {
      nodes_.add_leaf(bins, rows_.weights + first, n, open_node(thread, depth));
    }
  }

  /// Numbers `first` and on, as doubles: where they lie, or widened.
  const double* doubles(std::int64_t first, std::int64_t n, double* copy) const {
    if (rows_.dtype != SAMEBITS_FLOAT32) {
      return static_cast<const double*>(rows_.x) + first;
    }
    const float* const from = static_cast<const float*>(rows_.x) + first;
    for (std::int64_t i = 0; i < n; ++i) {
      copy[i] = static_cast<double>(from[i]);
    }
    return copy;
  }

  /// Takes the sums of a chunk out of the thread's first node.
  void close_chunk(std::int64_t number, int thread) const {
    const weight_node node = open_node(thread, 0);
    for (std::int64_t b = 0; b < n_bins_; ++b) {
      chunk_sums(number)[b] = node.sums[b];
    }
    nodes_.clear(node);
  }

  void add_counts(std::int64_t* counts) const {
    for (std::int64_t b = 0; b < n_bins_; ++b) {
      counts[b] = 0;
    }
    const std::int64_t stride = copy_stride_ == 0 ? n_counters() : copy_stride_;
    for (std::int64_t copy = 0; copy < n_threads_ * n_counters(); copy += stride) {
      for (std::int64_t b = 0; b < n_bins_; ++b) {
        counts[b] += counters(0)[copy + b];
      }
    }
  }

  void fold_chunks(const std::int64_t* counts, double* sums) const {
    chunks_.fold([&](std::int64_t left, std::int64_t right) {
      for (std::int64_t b = 0; b < n_bins_; ++b) {
        chunk_sums(left)[b] = chunk_sums(left)[b] + chunk_sums(right)[b];
      }
    });
    for (std::int64_t b = 0; b < n_bins_; ++b) {
      sums[b] = counts[b] == 0 ? 0.0 : chunk_sums(0)[b];
    }
  }

  const samebits_rows& rows_;
  const double* edges_;
  std::int64_t n_bins_;
  bool has_sums_;
  std::int64_t n_leaves_;
  std::int64_t copy_stride_;  // 0: one copy
  weight_nodes nodes_;
  int n_threads_ = 1;
  std::int64_t levels_ = 2;  // of open nodes in a chunk
  leaf_chunks chunks_{0, 1, 1, 1};
  bin_finder finder_{};
  cpu::buffer inner_;
  cpu::buffer counters_;
  cpu::buffer open_nodes_;
  cpu::buffer chunk_sums_;
};

}  // namespace

samebits_status histogram(samebits_call* call, const samebits_rows* rows, const double* edges, std::int64_t n_bins,
                          std::int64_t* counts, double* sums) {
  const default_fp_environment environment;
  histogram_pass pass(*rows, edges, n_bins, sums != nullptr);
  return pass.run(call->n_threads, counts, sums) ? SAMEBITS_OK : cpu::out_of_memory(call, "a histogram");
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
