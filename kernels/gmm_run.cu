// Runs of passes and updates that stay on the device: the host looks in from time to time whether they have ended.
#include <algorithm>
#include <array>
#include <vector>

#include "kernels/gmm_e_step.hpp"
#include "kernels/gmm_fused.hpp"
#include "kernels/gmm_moments.hpp"
#include "kernels/gmm_pack.hpp"
#include "kernels/gmm_runs.hpp"
#include "kernels/guard.hpp"
#include "kernels/tables.hpp"
#include "kernels/tree_fold.hpp"
#include "kernels/work_space.hpp"
#include "lib/gmm_parameters.hpp"

namespace samebits::kernels {
namespace {

/// What a run keeps beside its rows, but for the trace: parameters, also as passes read them, sums, the update's work
/// space, and of every pass the nodes of leaves and what rows need.
template <class T>
std::int64_t run_bytes(gmm_components<T> components, samebits_gmm_shape shape, std::int64_t n_rows) {
  components.n_mixtures = 1;
  const std::int64_t k = components.n_components;
  const std::int64_t n = components.n_cols;
  const bool is_triangle = shape == samebits_gmm_triangle;
  const parameters_layout layout{k, n, is_triangle ? n * n : n};
  const std::int64_t n_leaves = (n_rows + leaf_rows - 1) / leaf_rows;
  const std::int64_t n_doubles = 2 * layout.size() + layout.sums_size() + k * core::update_work_size(is_triangle, n) +
                                 n_leaves * node_size(components, true);
  const std::int64_t n_values = k * components.size() + (fits_fused_pass(components) ? 0 : n_rows * (1 + k));
  return n_doubles * static_cast<std::int64_t>(sizeof(double)) + n_values * static_cast<std::int64_t>(sizeof(T));
}

/// A part of a run's parameters or sums on the host.
struct run_part {
  double* values;
  std::int64_t size;
};

template <class T>
std::vector<T> downloaded(const device_array<T>& array, std::int64_t n) {
  std::vector<T> values(static_cast<std::size_t>(n));
  if (n > 0) {
    download(values.data(), array.data(), n);
  }
  return values;
}

template <class T>
class run_loop {
 public:
  run_loop(gmm_problem_of<T>& problem, const samebits_gmm_rules& rules, double tolerance, std::int64_t n_runs,
           samebits_gmm_run* runs)
      : problem_(problem),
        rules_(rules),
        runs_(runs),
        n_runs_(n_runs),
        shape_(core::covariance_rules_of(rules.covariance).is_triangle ? samebits_gmm_triangle
                                                                       : samebits_gmm_diagonal) {
    device_.components = {nullptr, n_runs, runs->parameters.n_components, problem.n_cols,
                          factor_size(shape_, problem.n_cols)};
    device_.update = core::make_mixture_update(samebits_gmm_sums{}, rules, runs->parameters);
    device_.layout = {device_.components.n_components, problem.n_cols, device_.update.covariance_size()};
    device_.tolerance = tolerance;
    for (std::int64_t r = 0; r < n_runs; ++r) {
      most_updates_ = std::max(most_updates_, runs[r].most_updates);
      most_rows_ = std::max(most_rows_, runs[r].n_rows);
      have_ranges_ = have_ranges_ || runs[r].n_rows < problem.n_rows;
    }
    n_leaves_ = (most_rows_ + leaf_rows - 1) / leaf_rows;
  }

  /// How many of the runs the work space holds at once. None where rows pass through the device, or where it does not
  /// hold one.
  std::int64_t runs_at_once() const {
    const std::int64_t bytes = run_bytes(device_.components, shape_, most_rows_);
    const std::int64_t trace_bytes = most_updates_ * static_cast<std::int64_t>(sizeof(double));
    return !problem_.passes_through() && bytes <= work_bytes ? fitting(n_runs_, bytes + trace_bytes) : 0;
  }

  void run() {
    upload_runs();
    constexpr std::int64_t most_ahead = 32;
    std::int64_t ahead = 4;
    do {
      for (std::int64_t i = 0; i < ahead; ++i) {
        pass();
        update_runs(device_);
      }
      ahead = 2 * ahead < most_ahead ? 2 * ahead : most_ahead;
    } while (!have_ended());
    download_runs();
  }

 private:
  std::int64_t n_components() const { return device_.components.n_components; }

  void pass() const {
    const std::int64_t size = node_size(device_.components, true);
    gmm_batch<T> batch{problem_.data(), device_.components, 0,   most_rows_, nullptr, true,
                       n_leaves_,       nodes_.data(),      size};
    batch.ended = ended_.data();
    batch.ranges = have_ranges_ ? ranges_.data() : nullptr;
    if (fits_fused_pass(device_.components)) {
      fused_pass(batch, shape_, false);
    } else {
      batch.row_values = row_values_.data();
      run_e_step(batch, shape_, samebits_gmm_by_rows, e_step::soft);
      sum_leaves(batch, shape_);
    }
    fold_nodes(batch.nodes, n_leaves_, size);
  }

  bool have_ended() const {
    for (const std::int32_t flag : downloaded(ended_, n_runs_)) {
      if (flag == 0) {
        return false;
      }
    }
    return true;
  }

  // ---- to the device and back ----

  /// In the order of parameters_layout.
  std::array<run_part, 5> parts_of(const samebits_gmm_parameters& p) const {
    const parameters_layout& layout = device_.layout;
    return {{{p.weights, layout.n_components},
             {p.means, layout.n_components * layout.n_cols},
             {p.covariances, layout.n_components * layout.covariance_size},
             {p.inverse_factors, layout.n_components * layout.covariance_size},
             {p.log_constants, layout.n_components}}};
  }
  std::array<run_part, 3> parts_of(const samebits_gmm_sums& sums) const {
    const parameters_layout& layout = device_.layout;
    return {{{sums.sum_0, layout.n_components},
             {sums.sum_1, layout.n_components * layout.n_cols},
             {sums.sum_2, layout.n_components * layout.covariance_size}}};
  }

  void upload_runs() {
    std::vector<double> parameters;
    std::vector<run_state> states;
    std::vector<row_range> ranges;
    for (std::int64_t r = 0; r < n_runs_; ++r) {
      for (const run_part& part : parts_of(runs_[r].parameters)) {
        parameters.insert(parameters.end(), part.values, part.values + part.size);
      }
      parameters.resize(parameters.size() + static_cast<std::size_t>(device_.layout.size()));  // the next ones
      const samebits_gmm_run& run = runs_[r];
      states.push_back({0, run.before, run.most_updates, 0, run.sum_of_weights, run.smallest_variance});
      ranges.push_back({run.first_row, run.n_rows});
    }
    upload_all(parameters, parameters_);
    upload_all(states, states_);
    upload_all(ranges, ranges_);
    upload_rules();
    const auto mixture_of = [&](std::int64_t r) {
      const samebits_gmm_parameters& p = runs_[r].parameters;
      return samebits_gmm_components{p.n_components, p.n_cols, shape_, p.means, p.inverse_factors, p.log_constants};
    };
    device_.components = upload_mixtures<T>(n_runs_, mixture_of, problem_.components);
    make_room();
  }

  void upload_rules() {
    const std::int64_t k = n_components();
    std::vector<double> reg_covar;
    for (std::int64_t r = 0; r < n_runs_; ++r) {
      reg_covar.insert(reg_covar.end(), runs_[r].reg_covar, runs_[r].reg_covar + problem_.n_cols);
    }
    upload_all(reg_covar, reg_covar_);
    device_.reg_covar = reg_covar_.data();
    frozen_.make_room(3 * k);
    const auto flags = [&](const std::uint8_t* host, std::int64_t place) -> const std::uint8_t* {
      if (host == nullptr) {
        return nullptr;
      }
      upload(frozen_.data() + place * k, host, k);
      return frozen_.data() + place * k;
    };
    device_.update.frozen_weights = flags(rules_.frozen_weights, 0);
    device_.update.frozen_means = flags(rules_.frozen_means, 1);
    device_.update.frozen_covariances = flags(rules_.frozen_covariances, 2);
  }

  void make_room() {
    const std::int64_t k = n_components();
    sums_.make_room(n_runs_ * device_.layout.sums_size());
    fill_zeros(sums_.data(), n_runs_ * device_.layout.sums_size());  // the upper triangles
    ended_.make_room(n_runs_);
    fill_zeros(ended_.data(), n_runs_);
    work_.make_room(n_runs_ * k * device_.update.work_size());
    ranks_.make_room(n_runs_ * k);
    trace_.make_room(n_runs_ * most_updates_ + 1);
    fill_zeros(trace_.data(), n_runs_ * most_updates_);  // it comes back whole, with what is behind the end of a run
    updates_.make_room(n_runs_);
    nodes_.make_room(n_leaves_ * node_size(device_.components, true));
    if (!fits_fused_pass(device_.components)) {
      row_values_.make_room(most_rows_ * (n_runs_ + device_.components.n_all()));
    }
    device_.packed = problem_.components.data();
    device_.parameters = parameters_.data();
    device_.sums = sums_.data();
    device_.work = work_.data();
    device_.ranks = ranks_.data();
    device_.trace = trace_.data();
    device_.states = states_.data();
    device_.updates = updates_.data();
    device_.ended = ended_.data();
    device_.node = nodes_.data();
  }

  /// In a few copies: each has to be waited for.
  void download_runs() const {
    const std::vector<run_state> states = downloaded(states_, n_runs_);
    std::int64_t n_updates = 0;
    for (const run_state& state : states) {
      n_updates = state.n_updates > n_updates ? state.n_updates : n_updates;
    }
    const std::vector<double> parameters = downloaded(parameters_, 2 * n_runs_ * device_.layout.size());
    const std::vector<double> sums = downloaded(sums_, n_runs_ * device_.layout.sums_size());
    const std::vector<double> trace = downloaded(trace_, n_updates * n_runs_);
    for (std::int64_t r = 0; r < n_runs_; ++r) {
      const run_state& state = states[static_cast<std::size_t>(r)];
      runs_[r].n_updates = state.n_updates;
      runs_[r].sums.log_likelihood = state.log_likelihood;
      take(parameters.data() + device_.parameters_at(r, state.n_updates), parts_of(runs_[r].parameters));
      take(sums.data() + r * device_.layout.sums_size(), parts_of(runs_[r].sums));
      for (std::int64_t i = 0; i < state.n_updates; ++i) {
        runs_[r].trace[i] = trace[static_cast<std::size_t>(device_.trace_at(r, i))];
      }
    }
  }

  template <class Parts>
  static void take(const double* from, const Parts& parts) {
    for (const run_part& part : parts) {
      std::copy(from, from + part.size, part.values);
      from += part.size;
    }
  }

  gmm_problem_of<T>& problem_;
  const samebits_gmm_rules& rules_;
  samebits_gmm_run* runs_;
  std::int64_t n_runs_;
  samebits_gmm_shape shape_;
  std::int64_t most_updates_ = 0;
  std::int64_t most_rows_ = 0;  // of a run
  bool have_ranges_ = false;    // runs with some of the rows
  std::int64_t n_leaves_;       // of these
  device_runs<T> device_{};
  device_array<double> parameters_;
  device_array<T> row_values_;  // of passes that are not fused
  device_array<double> nodes_;  // one per leaf
  device_array<double> sums_;
  device_array<double> work_;
  device_array<std::int64_t> ranks_;
  device_array<double> trace_;
  device_array<run_state> states_;
  device_array<update_state> updates_;
  device_array<row_range> ranges_;
  device_array<std::int32_t> ended_;
  device_array<double> reg_covar_;
  device_array<std::uint8_t> frozen_;
};

}  // namespace

std::int32_t gmm_has_run(samebits_dtype dtype, samebits_gmm_shape shape, std::int64_t n_components, std::int64_t n_cols,
                         std::int64_t n_rows) {
  const auto bytes = [&]<class T>(T) {
    return run_bytes(gmm_components<T>{nullptr, 1, n_components, n_cols, factor_size(shape, n_cols)}, shape, n_rows);
  };
  return (dtype == SAMEBITS_FLOAT32 ? bytes(float()) : bytes(double())) <= work_bytes ? 1 : 0;
}

samebits_status gmm_run(samebits_call* call, void* problem, const samebits_gmm_rules* rules, double tolerance,
                        std::int64_t n_runs, samebits_gmm_run* runs, std::int32_t* answer) {
  return guarded(call, [&] {
    with_problem(problem, [&]<class T>(gmm_problem_of<T>& p) {
      const std::int64_t at_once = run_loop<T>(p, *rules, tolerance, n_runs, runs).runs_at_once();
      *answer = at_once > 0 ? 1 : 0;
      for (std::int64_t first = 0; at_once > 0 && first < n_runs; first += at_once) {
        const std::int64_t left = n_runs - first;
        run_loop<T>(p, *rules, tolerance, left < at_once ? left : at_once, runs + first).run();
      }
    });
  });
}

}  // namespace samebits::kernels
