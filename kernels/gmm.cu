// Gaussian mixtures on the device: problems and passes over their rows.
#include <memory>
#include <vector>

#include "kernels/gmm_kernels.hpp"
#include "kernels/gmm_pack.hpp"
#include "kernels/guard.hpp"
#include "kernels/tables.hpp"
#include "kernels/tree_fold.hpp"

// Work space of a pass on the device. A test build makes it small, so that few rows take many batches.
#if !defined(SAMEBITS_WORK_BYTES)
#define SAMEBITS_WORK_BYTES (std::int64_t{256} << 20)
#endif

namespace samebits::kernels {
namespace {

// ---- upload --------------------------------------------------------------------------------------------------------

/// Turns rows of the caller's layout on their side. A thread per element.
struct turn_kernel {
  static constexpr int block_threads = 256;
  using block_memory = no_state;
  using thread_memory = no_state;

  const double* from;  // n_rows x n_cols
  std::int64_t n_rows;
  std::int64_t n_cols;
  double* to;  // column b of row i at to[b * stride + i]
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

/// Fills problem.columns, some rows at a time so that the device holds the data once.
void upload_rows(const double* x, gmm_problem& problem) {
  constexpr std::int64_t staged_doubles = std::int64_t{1} << 22;
  const std::int64_t n_rows = problem.n_rows;
  const std::int64_t n_cols = problem.n_cols;
  const std::int64_t fitting = staged_doubles / n_cols > 0 ? staged_doubles / n_cols : 1;
  const std::int64_t step = fitting < n_rows ? fitting : n_rows;
  device_array<double> staged;
  staged.make_room(step * n_cols);
  problem.columns.make_room(n_rows * n_cols);
  for (std::int64_t first = 0; first < n_rows; first += step) {
    const std::int64_t count = n_rows - first < step ? n_rows - first : step;
    upload(staged.data(), x + first * n_cols, count * n_cols);
    const turn_kernel kernel{staged.data(), count, n_cols, problem.columns.data() + first, n_rows};
    launch(kernel, blocks_for<turn_kernel>(count * n_cols));
  }
  synchronize();  // other host threads may use the problem, each with a queue of its own
}

// ---- one pass ------------------------------------------------------------------------------------------------------

/// Works through aligned batches of leaves, as many as fit the work space, and keeps one open node per level of the
/// tree over batches.
class gmm_pass {
 public:
  gmm_pass(gmm_problem& problem, const samebits_gmm_components& components, bool with_sums)
      : problem_(problem),
        components_(upload_components(components, problem.components)),
        with_sums_(with_sums),
        node_size_(with_sums ? gmm_component_node(components.n_components, problem.n_cols) : 1),
        n_leaves_((problem.n_rows + leaf_rows - 1) / leaf_rows) {
    const std::int64_t row_values = 1 + components.n_components;
    while (batch_leaves_ < n_leaves_ && 2 * batch_leaves_ * (leaf_rows * row_values + node_size_) <= work_doubles) {
      batch_leaves_ *= 2;
    }
    int levels = 2;
    while (batch_leaves_ << levels < 2 * n_leaves_) {
      ++levels;
    }
    const std::int64_t batch_rows =
        batch_leaves_ * leaf_rows < problem.n_rows ? batch_leaves_ * leaf_rows : problem.n_rows;
    problem.row_values.make_room(batch_rows * row_values);
    problem.nodes.make_room(batch_leaves_ * node_size_);
    problem.open_nodes.make_room(levels * node_size_);
  }

  /// The node of the whole problem.
  std::vector<double> run() const {
    int depth = 0;
    for (std::int64_t batch = 0; batch * batch_leaves_ < n_leaves_; ++batch) {
      sum_batch(batch * batch_leaves_);
      copy_on_device(open_node(depth), problem_.nodes.data(), node_size_);
      ++depth;
      for (std::int64_t filled = batch; filled & 1; filled >>= 1) {
        merge_last(depth--);
      }
    }
    while (depth > 1) {  // batches missing at the end of the data
      merge_last(depth--);
    }
    std::vector<double> node(static_cast<std::size_t>(node_size_));
    download(node.data(), open_node(0), node_size_);
    return node;
  }

 private:
  static constexpr std::int64_t work_doubles = SAMEBITS_WORK_BYTES / sizeof(double);

  double* open_node(int level) const { return problem_.open_nodes.data() + level * node_size_; }

  void merge_last(int depth) const {
    const merge_kernel kernel{open_node(depth - 2), open_node(depth - 1), node_size_};
    launch(kernel, blocks_for<merge_kernel>(node_size_));
  }

  /// The node of a batch into the first node.
  void sum_batch(std::int64_t first_leaf) const {
    const std::int64_t leaves_left = n_leaves_ - first_leaf;
    const std::int64_t n_leaves = leaves_left < batch_leaves_ ? leaves_left : batch_leaves_;
    const std::int64_t first_row = first_leaf * leaf_rows;
    const std::int64_t rows_left = problem_.n_rows - first_row;
    const std::int64_t n_rows = rows_left < n_leaves * leaf_rows ? rows_left : n_leaves * leaf_rows;
    const gmm_batch batch{problem_.rows(),       components_, first_row, n_rows, n_leaves, problem_.row_values.data(),
                          problem_.nodes.data(), node_size_};
    with_columns(problem_.n_cols, [&]<int Cols>() {
      using kernel = responsibilities_kernel<Cols>;
      launch(kernel{batch, with_sums_}, blocks_for<kernel>(n_rows));
      if (with_sums_) {
        sum_components<Cols>(batch);
      }
    });
    const std::int64_t n_values =
        with_sums_ && problem_.n_cols >= core::gmm_wide_cols ? 1 + components_.n_components : 1;
    launch(lane_sums_kernel{batch, n_values}, blocks_for<lane_sums_kernel>(n_leaves * n_values * row_lanes));
    fold_nodes(batch.nodes, n_leaves, node_size_);
  }

  template <int Cols>
  void sum_components(const gmm_batch& batch) const {
    if constexpr (Cols > 0) {
      using kernel = narrow_moments_kernel<Cols>;
      launch(kernel{batch}, blocks_for<kernel>(batch.n_leaves * components_.n_components * row_lanes));
    } else if (problem_.n_cols <= wide_moments_kernel<1>::tile) {
      sum_matrices<1>(batch);
    } else if (problem_.n_cols <= wide_moments_kernel<2>::tile) {
      sum_matrices<2>(batch);
    } else {
      sum_matrices<4>(batch);
    }
  }

  template <int Side>
  void sum_matrices(const gmm_batch& batch) const {
    const wide_moments_kernel<Side> kernel{batch};
    launch(kernel, kernel.n_blocks());
  }

  gmm_problem& problem_;
  gmm_components components_;
  bool with_sums_;
  std::int64_t node_size_;
  std::int64_t n_leaves_;
  std::int64_t batch_leaves_ = 1;  // a power of two
};

void unpack_sums(const std::vector<double>& node, std::int64_t n_components, std::int64_t n_cols,
                 samebits_gmm_sums* sums) {
  sums->log_likelihood = node[0];
  for (std::int64_t k = 0; sums->sum_0 != nullptr && k < n_components; ++k) {
    const double* from = node.data() + gmm_component_node(k, n_cols);
    sums->sum_0[k] = *from++;
    for (std::int64_t a = 0; a < n_cols; ++a) {
      sums->sum_1[k * n_cols + a] = *from++;
    }
    for (std::int64_t a = 0; a < n_cols; ++a) {
      for (std::int64_t b = 0; b <= a; ++b) {
        sums->sum_2[(k * n_cols + a) * n_cols + b] = *from++;
      }
    }
  }
}

}  // namespace

samebits_status gmm_open(samebits_call* call, const double* x, std::int64_t n_rows, std::int64_t n_cols,
                         void** problem) {
  return guarded(call, [&] {
    auto opened = std::make_unique<gmm_problem>();
    opened->n_rows = n_rows;
    opened->n_cols = n_cols;
    upload_rows(x, *opened);
    *problem = opened.release();
  });
}

void gmm_close(void* problem) {
  samebits_call call;
  guarded(&call, [&] { delete static_cast<gmm_problem*>(problem); });
}

samebits_status gmm_step(samebits_call* call, void* problem, const samebits_gmm_components* components,
                         samebits_gmm_sums* sums) {
  return guarded(call, [&] {
    const gmm_pass pass(*static_cast<gmm_problem*>(problem), *components, sums->sum_0 != nullptr);
    unpack_sums(pass.run(), components->n_components, components->n_cols, sums);
  });
}

}  // namespace samebits::kernels
