// Gaussian mixtures on the device: problems and passes over their rows.
#include <memory>
#include <vector>

#include "kernels/gmm_e_step.hpp"
#include "kernels/gmm_fused.hpp"
#include "kernels/gmm_moments.hpp"
#include "kernels/gmm_pack.hpp"
#include "kernels/gmm_windows.hpp"
#include "kernels/guard.hpp"
#include "kernels/tables.hpp"
#include "kernels/tree_fold.hpp"
#include "kernels/work_space.hpp"

namespace samebits::kernels {
namespace {

// ---- rows ----------------------------------------------------------------------------------------------------------

/// Fills problem.columns. Rows of the host come some at a time, so that the device holds the data little more than
/// once.
template <class T>
void turn_rows(const T* x, gmm_problem_of<T>& problem) {
  const std::int64_t n_rows = problem.n_rows;
  const std::int64_t n_cols = problem.n_cols;
  const std::int64_t fitting_rows = piece_numbers / n_cols > 0 ? piece_numbers / n_cols : 1;
  device_input<T> rows(x, n_rows * n_cols);
  const std::int64_t step = fitting_rows < n_rows && !rows.is_there() ? fitting_rows : n_rows;
  problem.columns.make_room(n_rows * n_cols);
  for (std::int64_t first = 0; first < n_rows; first += step) {
    const std::int64_t count = n_rows - first < step ? n_rows - first : step;
    const T* const piece = rows.piece(first * n_cols, count * n_cols);
    const turn_kernel<T> kernel{piece, count, n_cols, problem.columns.data() + first, n_rows};
    launch(kernel, blocks_for<turn_kernel<T>>(count * n_cols));
  }
}

/// Is there room for the rows, for what seeds take of each, and for work beside them? Of few rows nobody asks.
template <class T>
bool fits_device(const samebits_gmm_data& data) {
  constexpr auto size = static_cast<std::int64_t>(sizeof(double));
  const std::int64_t weight_bytes = data.sample_weights == nullptr ? 0 : size;
  const std::int64_t row_bytes = data.n_cols * static_cast<std::int64_t>(sizeof(T)) + weight_bytes + 2 * size;
  return data.n_rows <= work_bytes / 4 / row_bytes || data.n_rows <= (free_bytes() - 4 * work_bytes) / row_bytes;
}

template <class T>
std::unique_ptr<gmm_problem_of<T>> describe(const samebits_gmm_data& data) {
  auto problem = std::make_unique<gmm_problem_of<T>>();
  problem->dtype = data.dtype;
  problem->n_rows = data.n_rows;
  problem->n_cols = data.n_cols;
  return problem;
}

template <class T>
std::unique_ptr<gmm_problem> keep_rows(const samebits_gmm_data& data) {
  auto problem = describe<T>(data);
  turn_rows(static_cast<const T*>(data.x), *problem);
  if (data.sample_weights != nullptr) {
    problem->weights.make_room(data.n_rows);
    upload(problem->weights.data(), data.sample_weights, data.n_rows);
  }
  synchronize();  // a call on a problem ends when its work is done
  return problem;
}

template <class T>
std::unique_ptr<gmm_problem> open(const samebits_gmm_data& data) {
  if (fits_device<T>(data)) {
    try {
      return keep_rows<T>(data);
    } catch (const out_of_device_memory&) {
      forget_last_error();  // others have taken the room meanwhile
    }
  }
  auto problem = describe<T>(data);
  problem->passing_rows = static_cast<const T*>(data.x);
  problem->passing_weights = data.sample_weights;
  return problem;
}

// ---- one pass ------------------------------------------------------------------------------------------------------

/// The layout of the components of n mixtures like that of the step; they have no numbers yet.
template <class T>
gmm_components<T> layout_of(const samebits_gmm_step& step, std::int64_t n) {
  const samebits_gmm_components& c = step.components;
  return {nullptr, n, c.n_components, c.n_cols, factor_size(c.shape, c.n_cols)};
}

/// True where responsibilities never leave the block that makes them.
template <class T>
bool is_fused(const samebits_gmm_step& step, samebits_gmm_order order) {
  const bool from_mixture = step.shares == samebits_gmm_soft || step.shares == samebits_gmm_hard;
  return from_mixture && order == samebits_gmm_by_rows && fits_fused_pass(layout_of<T>(step, 1));
}

/// How much of a pass the work space holds at once: so many mixtures, and for them an aligned batch of so many leaves.
template <class T>
struct pass_plan {
  std::int64_t n_leaves;
  std::int64_t n_mixtures;
  bool fused;
  std::int64_t batch_leaves = 1;  // a power of two
  int levels = 2;                 // of the tree over batches

  pass_plan(const gmm_problem_of<T>& problem, samebits_gmm_order order, const samebits_gmm_step& step,
            std::int64_t n_steps)
      : n_leaves((problem.n_rows + leaf_rows - 1) / leaf_rows), fused(is_fused<T>(step, order)) {
    const gmm_components<T> one = layout_of<T>(step, 1);
    const std::int64_t node_bytes = node_size(one, true) * static_cast<std::int64_t>(sizeof(double));
    const std::int64_t leaf_bytes = node_bytes + (fused ? 0 : leaf_rows * row_bytes(step));
    int most_levels = levels;
    while (std::int64_t{1} << most_levels < 2 * n_leaves) {
      ++most_levels;
    }
    n_mixtures = fitting(n_steps, leaf_bytes + most_levels * node_bytes);
    const std::int64_t most_leaves = row_windows<T>::most_leaves(problem);
    while (batch_leaves < most_leaves &&
           n_mixtures * (2 * batch_leaves * leaf_bytes + most_levels * node_bytes) <= work_bytes) {
      batch_leaves *= 2;
    }
    while (batch_leaves << levels < 2 * n_leaves) {
      ++levels;
    }
  }

  std::int64_t batch_rows(std::int64_t n_rows) const {
    return batch_leaves * leaf_rows < n_rows ? batch_leaves * leaf_rows : n_rows;
  }

 private:
  /// Of row_values, and of responsibilities that the caller gives.
  static std::int64_t row_bytes(const samebits_gmm_step& step) {
    const std::int64_t k = step.components.n_components;
    const std::int64_t given = step.shares == samebits_gmm_given ? k : 0;
    return (1 + k) * static_cast<std::int64_t>(sizeof(T)) + given * static_cast<std::int64_t>(sizeof(double));
  }
};

/// A pass for some mixtures side by side. Works through batches of leaves and keeps one open node per level of the tree
/// over batches.
template <class T>
class gmm_pass {
 public:
  gmm_pass(gmm_problem_of<T>& problem, const pass_plan<T>& plan, samebits_gmm_order order, samebits_gmm_step* steps,
           std::int64_t n_steps)
      : problem_(problem),
        windows_(problem),
        plan_(plan),
        order_(order),
        steps_(steps),
        n_steps_(n_steps),
        components_(upload_mixtures<T>(
            n_steps, [&](std::int64_t m) -> const samebits_gmm_components& { return steps[m].components; },
            problem.components)) {
    for (std::int64_t m = 0; m < n_steps; ++m) {
      with_sums_ = with_sums_ || steps[m].sums.sum_0 != nullptr;
    }
    node_size_ = node_size(components_, with_sums_);
    const std::int64_t rows = plan.batch_rows(problem.n_rows);
    if (!plan.fused) {
      row_values_.make_room(rows * (n_steps + components_.n_all()));
    }
    nodes_.make_room(plan.batch_leaves * node_size_);
    open_nodes_.make_room(plan.levels * node_size_);
    if (steps->shares == samebits_gmm_given) {
      given_.make_room(rows * components_.n_all());
    }
  }

  void run() {
    int depth = 0;
    for (std::int64_t batch = 0; batch * plan_.batch_leaves < plan_.n_leaves; ++batch) {
      sum_batch(batch * plan_.batch_leaves);
      copy_on_device(open_node(depth), nodes_.data(), node_size_);
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
    unpack(node.data());
  }

 private:
  double* open_node(int level) const { return open_nodes_.data() + level * node_size_; }

  void merge_last(int depth) const {
    const merge_kernel kernel{open_node(depth - 2), open_node(depth - 1), node_size_};
    launch(kernel, blocks_for<merge_kernel>(node_size_));
  }

  /// The node of a batch into the first node.
  void sum_batch(std::int64_t first_leaf) {
    const std::int64_t leaves_left = plan_.n_leaves - first_leaf;
    const std::int64_t n_leaves = leaves_left < plan_.batch_leaves ? leaves_left : plan_.batch_leaves;
    const std::int64_t first_row = first_leaf * leaf_rows;
    const std::int64_t rows_left = problem_.n_rows - first_row;
    const std::int64_t n_rows = rows_left < n_leaves * leaf_rows ? rows_left : n_leaves * leaf_rows;
    const row_window<T> window = windows_.window(first_row, n_rows);
    const gmm_batch<T> batch{window.data, components_, window.first_row, n_rows,    row_values_.data(),
                             with_sums_,  n_leaves,    nodes_.data(),    node_size_};
    if (plan_.fused) {
      fused_pass(batch, shape(), steps_->shares == samebits_gmm_hard);
    } else {
      share_rows(batch, first_row);
      sum_leaves(batch, shape());
    }
    fold_nodes(batch.nodes, n_leaves, node_size_);
  }

  samebits_gmm_shape shape() const { return steps_->components.shape; }

  /// `first_row` is that of the problem.
  void share_rows(const gmm_batch<T>& batch, std::int64_t first_row) {
    switch (steps_->shares) {
      case samebits_gmm_given:
        upload_given(batch, first_row);
        take_given_shares(batch, given_.data());
        break;
      case samebits_gmm_random:
        upload_streams(first_row - batch.first_row);
        draw_shares(batch, streams_.data());
        break;
      case samebits_gmm_hard: run_e_step(batch, shape(), order_, e_step::hard); break;
      case samebits_gmm_soft: run_e_step(batch, shape(), order_, e_step::soft); break;
    }
  }

  void upload_given(const gmm_batch<T>& batch, std::int64_t first_row) const {
    const std::int64_t n_components = components_.n_components;
    for (std::int64_t m = 0; m < n_steps_; ++m) {
      upload(given_.data() + m * batch.n_rows * n_components, steps_[m].responsibilities + first_row * n_components,
             batch.n_rows * n_components);
    }
  }

  /// `skipped` rows of the problem lie before those that batches count.
  void upload_streams(std::int64_t skipped) {
    std::vector<draw_stream> streams;
    for (std::int64_t m = 0; m < n_steps_; ++m) {
      const auto skipped_draws = static_cast<std::uint64_t>(skipped * components_.n_components);
      streams.push_back({steps_[m].seed, steps_[m].task, steps_[m].first_draw + skipped_draws});
    }
    upload_all(streams, streams_);
  }

  void unpack(const double* node) const {
    for (std::int64_t m = 0; m < n_steps_; ++m) {
      samebits_gmm_sums& sums = steps_[m].sums;
      sums.log_likelihood = node[m];
      for (std::int64_t k = 0; sums.sum_0 != nullptr && k < components_.n_components; ++k) {
        const std::int64_t number = m * components_.n_components + k;
        unpack_component(node + n_steps_ + number * components_.n_moments(), k, shape() == samebits_gmm_triangle,
                         components_.n_cols, sums.sum_0, sums.sum_1, sums.sum_2);
      }
    }
  }

  gmm_problem_of<T>& problem_;
  row_windows<T> windows_;
  const pass_plan<T>& plan_;
  samebits_gmm_order order_;
  samebits_gmm_step* steps_;
  std::int64_t n_steps_;
  gmm_components<T> components_;
  device_array<draw_stream> streams_;
  device_array<T> row_values_;       // of a batch, see gmm_batch
  device_array<double> given_;       // of a batch: responsibilities as the caller has them
  device_array<double> nodes_;       // of a batch: one per leaf
  device_array<double> open_nodes_;  // one per level of the tree over batches
  bool with_sums_ = false;
  std::int64_t node_size_ = 0;
};

template <class T>
void run_passes(gmm_problem_of<T>& problem, samebits_gmm_order order, std::int64_t n_steps, samebits_gmm_step* steps) {
  if (n_steps == 0) {
    return;
  }
  const pass_plan<T> plan(problem, order, *steps, n_steps);
  for (std::int64_t first = 0; first < n_steps; first += plan.n_mixtures) {
    const std::int64_t left = n_steps - first;
    gmm_pass<T>(problem, plan, order, steps + first, left < plan.n_mixtures ? left : plan.n_mixtures).run();
  }
}

}  // namespace

samebits_status gmm_open(samebits_call* call, const samebits_gmm_data* data, void** problem) {
  return guarded(
      call, [&] { *problem = (data->dtype == SAMEBITS_FLOAT32 ? open<float>(*data) : open<double>(*data)).release(); });
}

void gmm_close(void* problem) {
  const gmm_problem* const to_close = static_cast<gmm_problem*>(problem);
  samebits_call call{};
  call.device = to_close->device;
  guarded(&call, [&] {
    delete to_close;
    synchronize();  // so that its memory is free for the next problem
  });
}

samebits_status gmm_step(samebits_call* call, void* problem, samebits_gmm_order order, std::int64_t n_steps,
                         samebits_gmm_step* steps) {
  return guarded(call, [&] { with_problem(problem, [&](auto& p) { run_passes(p, order, n_steps, steps); }); });
}

}  // namespace samebits::kernels
