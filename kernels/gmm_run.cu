// Runs of passes and updates that stay on the device: the host looks in from time to time whether they have ended.
#include <algorithm>
#include <array>
#include <vector>

#include "kernels/gmm_fused.hpp"
#include "kernels/gmm_pack.hpp"
#include "kernels/guard.hpp"
#include "kernels/tables.hpp"
#include "kernels/tree_fold.hpp"
#include "kernels/work_space.hpp"
#include "lib/gmm_parameters.hpp"

namespace samebits::kernels {
namespace {

// ---- a run's memory ------------------------------------------------------------------------------------------------

/// Where the parts of a run's parameters begin, in doubles. A run has two sets, that of the last pass and the next.
struct parameters_layout {
  std::int64_t n_components;
  std::int64_t n_cols;
  std::int64_t covariance_size;

  SAMEBITS_HD std::int64_t means() const { return n_components; }  // after the weights
  SAMEBITS_HD std::int64_t covariances() const { return means() + n_components * n_cols; }
  SAMEBITS_HD std::int64_t inverse_factors() const { return covariances() + n_components * covariance_size; }
  SAMEBITS_HD std::int64_t log_constants() const { return inverse_factors() + n_components * covariance_size; }
  SAMEBITS_HD std::int64_t size() const { return log_constants() + n_components; }
  /// Sums: S0, S1, S2, each of all components.
  SAMEBITS_HD std::int64_t sums_size() const { return n_components * (1 + n_cols + covariance_size); }
};

/// How far a run is.
struct run_state {
  double log_likelihood;  // total, of the last pass
  double before;          // objective of the pass before it
  std::int64_t most_updates;
  std::int64_t n_updates;
  double sum_of_weights;
  double smallest_variance;
};

/// What all runs have in common, and where they are.
template <class T>
struct device_runs {
  parameters_layout layout;
  core::mixture_update update;  // with the rules; reg_covar and pointers to sums and parameters are a run's own
  double tolerance;
  gmm_components<T> components;  // for the passes, of all runs
  T* packed;                     // components.packed, to be written
  double* parameters;            // [n_runs x 2] of layout.size(); of n updates, set n % 2 is the last pass's
  double* sums;                  // [n_runs] of layout.sums_size()
  double* work;                  // [n_runs x k] of update.work_size()
  std::int64_t* ranks;           // [n_runs x k]
  const double* reg_covar;       // [n_runs x n_cols]
  double* trace;                 // [most_updates x n_runs], so that the first updates of all runs lie together
  run_state* states;             // [n_runs]
  std::int32_t* ended;           // [n_runs]
  const double* node;            // the root of the last pass

  /// Where a run's parameters after so many updates begin.
  SAMEBITS_HD std::int64_t parameters_at(std::int64_t run, std::int64_t n_updates) const {
    return (2 * run + n_updates % 2) * layout.size();
  }
  SAMEBITS_HD double* parameters_of(std::int64_t run, std::int64_t n_updates) const {
    return parameters + parameters_at(run, n_updates);
  }
  SAMEBITS_HD std::int64_t trace_at(std::int64_t run, std::int64_t number) const {
    return number * components.n_mixtures + run;
  }
  /// The update of a run whose next parameters lie at `next`.
  SAMEBITS_HD core::mixture_update update_of(std::int64_t run, double* next) const {
    core::mixture_update u = update;
    const double* const s = sums + run * layout.sums_size();
    u.reg_covar = reg_covar + run * layout.n_cols;
    u.sum_0 = s;
    u.sum_1 = s + layout.means();
    u.sum_2 = s + layout.covariances();
    u.weights = next;
    u.means = next + layout.means();
    u.covariances = next + layout.covariances();
    u.inverse_factors = next + layout.inverse_factors();
    u.log_constants = next + layout.log_constants();
    return u;
  }
};

// ---- the update ----------------------------------------------------------------------------------------------------

/// A block per run. What must follow each other lies in phases of its own: see core/gmm_update.hpp.
template <class T>
struct update_kernel {
  static constexpr int block_threads = 64;
  struct block_memory {
    double objective;
    std::int64_t n_updates;  // before this one
    std::int32_t goes_on;
    std::int32_t is_updated;
  };
  using thread_memory = no_state;

  device_runs<T> runs;

  SAMEBITS_HD int phases() const { return 9; }
  SAMEBITS_HD void run(int phase, thread_position at, block_memory& shared, thread_memory&) const {
    const std::int64_t run = at.block;
    run_state& state = runs.states[run];
    if (phase == 0) {
      if (runs.ended[run] == 0) {
        take_pass(run, state, at.thread);
      }
    } else if (phase == 1) {
      if (at.thread == 0) {
        judge(run, state, shared);
      }
    } else if (shared.goes_on != 0) {
      const core::mixture_update next = runs.update_of(run, runs.parameters_of(run, shared.n_updates + 1));
      update(phase, run, at.thread, next, state, shared);
    }
  }

 private:
  /// Sums from the tree's root to where the update reads them; the last parameters to where it changes them.
  SAMEBITS_HD void take_pass(std::int64_t run, run_state& state, int thread) const {
    const parameters_layout& layout = runs.layout;
    const gmm_components<T>& all = runs.components;
    const std::int64_t n_moments = all.n_moments();
    const double* const moments = runs.node + all.n_mixtures + run * all.n_components * n_moments;
    double* const sums = runs.sums + run * layout.sums_size();
    each(thread, all.n_components, [&](std::int64_t k) {
      unpack_component(moments + k * n_moments, k, runs.update.type.is_triangle, all.n_cols, sums,
                       sums + layout.means(), sums + layout.covariances());
    });
    const double* const last = runs.parameters_of(run, state.n_updates);
    double* const next = runs.parameters_of(run, state.n_updates + 1);
    each(thread, layout.size(), [&](std::int64_t i) { next[i] = last[i]; });
    if (thread == 0) {
      state.log_likelihood = runs.node[run];
    }
  }

  SAMEBITS_HD void judge(std::int64_t run, const run_state& state, block_memory& shared) const {
    const double now = core::mean_log_likelihood(state.log_likelihood, state.sum_of_weights);
    shared.objective = now;
    shared.n_updates = state.n_updates;
    shared.is_updated = 0;
    shared.goes_on = runs.ended[run] == 0 && core::is_finite(now) && state.n_updates < state.most_updates &&
                     !core::has_converged(state.before, now, runs.tolerance);
    runs.ended[run] = shared.goes_on == 0;
  }

  SAMEBITS_HD void update(int phase, std::int64_t run, int thread, const core::mixture_update& u, run_state& state,
                          block_memory& shared) const {
    double* const work = runs.work + run * u.n_components * u.work_size();
    std::int64_t* const ranks = runs.ranks + run * u.n_components;
    switch (phase) {
      case 2: each(thread, u.n_components, [&](std::int64_t k) { u.move(k, work + k * u.work_size()); }); break;
      case 3:
        if (const double total = u.pooled_rows(); u.type.is_tied && total > 0.0) {
          each(thread, u.covariance_size(), [&](std::int64_t i) { u.pool(i, total); });
        }
        break;
      case 4:
        if (thread == 0) {
          finish_sums(u);
        }
        break;
      case 5:
        each(thread, u.n_prepared(), [&](std::int64_t k) { ranks[k] = u.prepare(k, work + k * u.work_size()); });
        break;
      case 6:
        if (u.type.is_tied) {
          each(thread, u.n_components - 1, [&](std::int64_t k) { u.share_factor(k + 1); });
        }
        break;
      case 7:
        if (thread == 0) {
          commit(run, u, ranks, state, shared);
        }
        break;
      default:
        if (shared.is_updated != 0) {
          each(thread, u.n_components, [&](std::int64_t k) { pack(run, k, u); });
        }
        break;
    }
  }

  template <class Work>
  SAMEBITS_HD static void each(int thread, std::int64_t n, const Work& work) {
    for (std::int64_t i = thread; i < n; i += block_threads) {
      work(i);
    }
  }

  SAMEBITS_HD static void finish_sums(const core::mixture_update& u) {
    if (u.type.is_tied && u.pooled_rows() > 0.0) {
      u.regularise_pool();
    }
    u.update_weights();
  }

  /// The next parameters become the last, or the run ends where they are not to be had.
  SAMEBITS_HD void commit(std::int64_t run, const core::mixture_update& u, const std::int64_t* ranks, run_state& state,
                          block_memory& shared) const {
    if (!is_regular(u, ranks, state.smallest_variance)) {
      runs.ended[run] = 1;
      return;
    }
    shared.is_updated = 1;
    runs.trace[runs.trace_at(run, shared.n_updates)] = shared.objective;
    state.before = shared.objective;
    state.n_updates = shared.n_updates + 1;
  }

  SAMEBITS_HD static bool is_regular(const core::mixture_update& u, const std::int64_t* ranks,
                                     double smallest_variance) {
    for (std::int64_t k = 0; k < u.n_prepared(); ++k) {
      if (ranks[k] < u.n_cols) {
        return false;
      }
      for (std::int64_t a = 0; a < u.n_cols; ++a) {
        if (u.covariance(k)[a * u.diagonal_step()] < smallest_variance) {
          return false;
        }
      }
    }
    return true;
  }

  /// For the passes: gmm_components.
  SAMEBITS_HD void pack(std::int64_t run, std::int64_t k, const core::mixture_update& u) const {
    const std::int64_t n = u.n_cols;
    pack_component(u.means + k * n, u.inverse_factors + k * u.covariance_size(), u.log_constants[k], u.type.is_triangle,
                   n, runs.packed + (run * u.n_components + k) * runs.components.size());
  }
};

// ---- the loop ------------------------------------------------------------------------------------------------------

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

  /// How many of the runs the work space holds at once. None where rows pass through the device, where passes read them
  /// more than once, or where the nodes of all leaves are too many.
  std::int64_t runs_at_once() const {
    const std::int64_t bytes = n_leaves_ * leaf_bytes();
    const bool fits = !problem_.passes_through() && fits_fused_pass(device_.components) && bytes <= work_bytes;
    return fits ? fitting(n_runs_, bytes + run_bytes()) : 0;
  }

  void run() {
    upload_runs();
    constexpr std::int64_t most_ahead = 32;
    std::int64_t ahead = 4;
    do {
      for (std::int64_t i = 0; i < ahead; ++i) {
        pass();
        launch(update_kernel<T>{device_}, n_runs_);
      }
      ahead = 2 * ahead < most_ahead ? 2 * ahead : most_ahead;
    } while (!have_ended());
    download_runs();
  }

 private:
  std::int64_t n_components() const { return device_.components.n_components; }

  /// Of a leaf's node, for one run.
  std::int64_t leaf_bytes() const {
    gmm_components<T> one = device_.components;
    one.n_mixtures = 1;
    return node_size(one, true) * static_cast<std::int64_t>(sizeof(double));
  }

  /// Of a run's own memory.
  std::int64_t run_bytes() const {
    const std::int64_t n_doubles = 2 * device_.layout.size() + device_.layout.sums_size() +
                                   n_components() * device_.update.work_size() + most_updates_;
    return n_doubles * static_cast<std::int64_t>(sizeof(double));
  }

  void pass() const {
    const std::int64_t size = node_size(device_.components, true);
    gmm_batch<T> batch{problem_.data(), device_.components, 0,   most_rows_, nullptr, true,
                       n_leaves_,       nodes_.data(),      size};
    batch.ended = ended_.data();
    batch.ranges = have_ranges_ ? ranges_.data() : nullptr;
    fused_pass(batch, shape_, false);
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
    nodes_.make_room(n_leaves_ * node_size(device_.components, true));
    device_.packed = problem_.components.data();
    device_.parameters = parameters_.data();
    device_.sums = sums_.data();
    device_.work = work_.data();
    device_.ranks = ranks_.data();
    device_.trace = trace_.data();
    device_.states = states_.data();
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
  device_array<double> nodes_;  // one per leaf
  device_array<double> sums_;
  device_array<double> work_;
  device_array<std::int64_t> ranks_;
  device_array<double> trace_;
  device_array<run_state> states_;
  device_array<row_range> ranges_;
  device_array<std::int32_t> ended_;
  device_array<double> reg_covar_;
  device_array<std::uint8_t> frozen_;
};

}  // namespace

std::int32_t gmm_has_run(samebits_dtype dtype, std::int64_t n_components, std::int64_t n_cols) {
  const bool has_loop = dtype == SAMEBITS_FLOAT32
                            ? fits_fused_pass(gmm_components<float>{nullptr, 1, n_components, n_cols, 0})
                            : fits_fused_pass(gmm_components<double>{nullptr, 1, n_components, n_cols, 0});
  return has_loop ? 1 : 0;
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
