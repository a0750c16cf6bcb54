// Histograms on the device. In a block, every bin belongs to one thread: it looks through the bins of a leaf's numbers
// for its own, and alone writes their counters and sums. So nothing is atomic, and weights are added in order.
#include <vector>

#include "kernels/device_memory.hpp"
#include "kernels/guard.hpp"
#include "kernels/launch.hpp"
#include "kernels/tables.hpp"
#include "kernels/tree_fold.hpp"
#include "kernels/work_space.hpp"
#include "samebits/core/histogram.hpp"

namespace samebits::kernels {
namespace {

using core::leaf_rows;

/// Numbers on the device, the first one at the start of a leaf.
template <class T>
struct number_batch {
  const T* x;
  const double* weights;  // or null
  std::int64_t n;
  core::bin_finder finder;

  SAMEBITS_HD std::int64_t n_leaves() const { return (n + leaf_rows - 1) / leaf_rows; }
  SAMEBITS_HD std::int64_t size_of(std::int64_t leaf) const {
    const std::int64_t left = n - leaf * leaf_rows;
    return left < leaf_rows ? left : leaf_rows;
  }
  /// Counters or sums of a block: one more for numbers without a bin.
  SAMEBITS_HD std::int64_t row_size() const { return finder.n_bins + 1; }
};

struct leaf_bins {
  std::int64_t bin[leaf_rows];
};

/// Threads of a block share a leaf out: each finds the bins of some numbers, and owns some bins.
template <class T, int Threads>
struct leaf_work {
  number_batch<T> batch;
  std::int64_t leaf;
  int thread;

  SAMEBITS_HD void find_bins(leaf_bins& bins) const {
    for (std::int64_t i = thread; i < batch.size_of(leaf); i += Threads) {
      const auto x = static_cast<double>(batch.x[leaf * leaf_rows + i]);
      bins.bin[i] = batch.finder.bin(x);
    }
  }

  /// Calls add(i, bin) for the numbers in the thread's bins, in order.
  template <class Add>
  SAMEBITS_HD void for_own(const leaf_bins& bins, const Add& add) const {
    const std::int64_t n = batch.size_of(leaf);
    for (std::int64_t i = 0; i < n; ++i) {
      if (bins.bin[i] % Threads == thread) {
        add(i, bins.bin[i]);
      }
    }
  }
};

/// Sets the thread's own elements of a row.
template <int Threads, class T>
SAMEBITS_HD void fill_own(T* row, std::int64_t size, int thread, T value) {
  for (std::int64_t b = thread; b < size; b += Threads) {
    row[b] = value;
  }
}

/// Block k counts leaves k, k + n_blocks, ... in a row of its own.
template <class T>
struct count_kernel {
  static constexpr int block_threads = 128;
  using block_memory = leaf_bins;
  using thread_memory = no_state;

  number_batch<T> batch;
  std::int64_t n_blocks;
  bool is_first;         // of the batches: nothing is counted yet
  std::int64_t* counts;  // [n_blocks x row_size]

  SAMEBITS_HD int phases() const {
    const std::int64_t n_rounds = (batch.n_leaves() + n_blocks - 1) / n_blocks;
    return static_cast<int>(2 * n_rounds);
  }
  SAMEBITS_HD void run(int phase, thread_position at, block_memory& bins, thread_memory&) const {
    std::int64_t* const row = counts + at.block * batch.row_size();
    if (phase == 0 && is_first) {
      fill_own<block_threads>(row, batch.row_size(), at.thread, std::int64_t{0});
    }
    const std::int64_t leaf = at.block + phase / 2 * n_blocks;
    if (leaf >= batch.n_leaves()) {
      return;
    }
    const leaf_work<T, block_threads> work{batch, leaf, at.thread};
    if (phase % 2 == 0) {
      work.find_bins(bins);
    } else {
      work.for_own(bins, [&](std::int64_t, std::int64_t bin) { row[bin] += 1; });
    }
  }
};

/// A thread per bin adds up the blocks' counters.
struct add_counts_kernel {
  static constexpr int block_threads = 128;
  using block_memory = no_state;
  using thread_memory = no_state;

  std::int64_t* counts;  // [n_rows x row_size], the sums go to the first row
  std::int64_t n_rows;
  std::int64_t row_size;

  SAMEBITS_HD int phases() const { return 1; }
  SAMEBITS_HD void run(int, thread_position at, block_memory&, thread_memory&) const {
    const std::int64_t b = global_thread<add_counts_kernel>(at);
    for (std::int64_t row = 1; b < row_size && row < n_rows; ++row) {
      counts[b] += counts[row * row_size + b];
    }
  }
};

/// A block per leaf: its node, a chain of weights for each bin.
template <class T>
struct weigh_kernel {
  static constexpr int block_threads = 128;
  using block_memory = leaf_bins;
  using thread_memory = no_state;

  number_batch<T> batch;
  double* nodes;  // [n_leaves x row_size]

  SAMEBITS_HD int phases() const { return 2; }
  SAMEBITS_HD void run(int phase, thread_position at, block_memory& bins, thread_memory&) const {
    double* const node = nodes + at.block * batch.row_size();
    const double* const weights = batch.weights + at.block * leaf_rows;
    const leaf_work<T, block_threads> work{batch, at.block, at.thread};
    if (phase == 0) {
      fill_own<block_threads>(node, batch.row_size(), at.thread, core::empty_sum<double>());
      work.find_bins(bins);
    } else {
      work.for_own(bins, [&](std::int64_t i, std::int64_t bin) { node[bin] = node[bin] + weights[i]; });
    }
  }
};

/// Leaves on the device at a time: a power of two.
constexpr std::int64_t leaves_of_a_piece() {
  std::int64_t n = 1;
  while (2 * n * leaf_rows <= piece_numbers) {
    n *= 2;
  }
  return n;
}

/// Counters and sums on the device at most (or as many as bins), and blocks that count.
constexpr std::int64_t most_cells = std::int64_t{1} << 23;
constexpr std::int64_t most_blocks = std::int64_t{1} << 10;

template <class T>
class histogram_on_device {
 public:
  histogram_on_device(const samebits_rows& rows, const double* edges, std::int64_t n_bins, bool has_sums)
      : rows_(rows),
        n_bins_(n_bins),
        has_sums_(has_sums),
        x_(static_cast<const T*>(rows.x), rows.n_rows),
        weights_(has_sums ? rows.weights : nullptr, rows.n_rows) {
    std::vector<double> inner(static_cast<std::size_t>(core::bin_finder::room(n_bins)));
    finder_ = core::bin_finder::prepare(edges, n_bins, inner.data());
    const auto n_inner = static_cast<std::int64_t>(inner.size());
    if (n_inner > 0) {
      inner_.make_room(n_inner);
      upload(inner_.data(), inner.data(), n_inner);
    }
    finder_.inner = inner_.data();
  }

  void run(std::int64_t* counts, double* sums) {
    const std::int64_t n_batches = (rows_.n_rows - 1) / batch_size() + 1;
    make_room(n_batches);
    for (std::int64_t i = 0; i < n_batches; ++i) {
      const number_batch<T> batch = batch_from(i * batch_size());
      launch(count_kernel<T>{batch, n_blocks_, i == 0, counts_.data()}, n_blocks_);
      if (has_sums_) {
        weigh(batch, i);
      }
    }
    launch(add_counts_kernel{counts_.data(), n_blocks_, row_size()}, blocks_for<add_counts_kernel>(row_size()));
    download(counts, counts_.data(), n_bins_);
    if (has_sums_) {
      take_sums(counts, sums);
    }
  }

 private:
  std::int64_t row_size() const { return n_bins_ + 1; }

  /// A power of two: a batch is a whole subtree of the sums, unless it is the last one.
  std::int64_t batch_leaves() const {
    std::int64_t n = leaves_of_a_piece();
    while (has_sums_ && n > 1 && n * row_size() > most_cells) {
      n /= 2;
    }
    return n;
  }
  std::int64_t batch_size() const { return batch_leaves() * leaf_rows; }

  void make_room(std::int64_t n_batches) {
    const std::int64_t n_leaves = smaller((rows_.n_rows - 1) / leaf_rows + 1, batch_leaves());
    n_blocks_ = smaller(n_leaves, smaller(most_blocks, most_cells / row_size()));
    n_blocks_ = n_blocks_ < 1 ? 1 : n_blocks_;
    counts_.make_room(n_blocks_ * row_size());
    if (has_sums_) {
      std::int64_t n_levels = 2;
      while ((std::int64_t{1} << (n_levels - 2)) < n_batches) {
        ++n_levels;
      }
      nodes_.make_room(n_leaves * row_size());
      open_.make_room(n_levels * row_size());
    }
  }

  number_batch<T> batch_from(std::int64_t first) {
    const std::int64_t n = smaller(batch_size(), rows_.n_rows - first);
    return {x_.piece(first, n), weights_.piece(first, n), n, finder_};
  }

  double* open_node(std::int64_t depth) const { return open_.data() + depth * row_size(); }

  void merge_last() {
    launch(merge_kernel{open_node(depth_ - 2), open_node(depth_ - 1), row_size()},
           blocks_for<merge_kernel>(row_size()));
    --depth_;
  }

  /// The node of batch number i, merged with those of the batches before it that it completes.
  void weigh(const number_batch<T>& batch, std::int64_t i) {
    launch(weigh_kernel<T>{batch, nodes_.data()}, batch.n_leaves());
    fold_nodes(nodes_.data(), batch.n_leaves(), row_size());
    copy_on_device(open_node(depth_), nodes_.data(), row_size());
    ++depth_;
    for (std::int64_t filled = i; filled & 1; filled >>= 1) {
      merge_last();
    }
  }

  void take_sums(const std::int64_t* counts, double* sums) {
    while (depth_ > 1) {
      merge_last();
    }
    download(sums, open_node(0), n_bins_);
    for (std::int64_t b = 0; b < n_bins_; ++b) {
      sums[b] = counts[b] == 0 ? 0.0 : sums[b];
    }
  }

  const samebits_rows& rows_;
  std::int64_t n_bins_;
  bool has_sums_;
  core::bin_finder finder_;
  std::int64_t n_blocks_ = 1;
  std::int64_t depth_ = 0;  // open nodes
  device_array<double> inner_;
  device_input<T> x_;
  device_input<double> weights_;
  device_array<std::int64_t> counts_;
  device_array<double> nodes_;
  device_array<double> open_;
};

}  // namespace

samebits_status histogram(samebits_call* call, const samebits_rows* rows, const double* edges, std::int64_t n_bins,
                          std::int64_t* counts, double* sums) {
  return guarded(call, [&] {
    if (rows->dtype == SAMEBITS_FLOAT32) {
      histogram_on_device<float>(*rows, edges, n_bins, sums != nullptr).run(counts, sums);
    } else {
      histogram_on_device<double>(*rows, edges, n_bins, sums != nullptr).run(counts, sums);
    }
  });
}

}  // namespace samebits::kernels
