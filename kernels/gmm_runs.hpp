// Runs of passes and updates that stay on the device: their memory, and when they go on.
#pragma once

#include "kernels/gmm_problem.hpp"
#include "samebits/core/gmm_update.hpp"

namespace samebits::kernels {

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

/// How far the update after a pass is.
struct update_state {
  double objective;         // of the pass
  std::int64_t n_updates;   // before this one
  std::int32_t has_pass;    // the run had not ended before the pass
  std::int32_t goes_on;     // nor does it with it
  std::int32_t is_updated;  // the next parameters are there
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
  std::int64_t* ranks;           // [n_runs x k] n_cols where a covariance is regular
  const double* reg_covar;       // [n_runs x n_cols]
  double* trace;                 // [most_updates x n_runs], so that the first updates of all runs lie together
  run_state* states;             // [n_runs]
  update_state* updates;         // [n_runs], of updates in several kernels
  std::int32_t* ended;           // [n_runs]
  const double* node;            // the root of the last pass

  /// Where a run's parameters after so many updates begin.
  SAMEBITS_HD std::int64_t parameters_at(std::int64_t run, std::int64_t n_updates) const {
    return (2 * run + n_updates % 2) * layout.size();
  }
  SAMEBITS_HD double* parameters_of(std::int64_t run, std::int64_t n_updates) const {
    return parameters + parameters_at(run, n_updates);
  }
  SAMEBITS_HD double* sums_of(std::int64_t run) const { return sums + run * layout.sums_size(); }
  SAMEBITS_HD double* work_of(std::int64_t run, std::int64_t k) const {
    return work + (run * layout.n_components + k) * update.work_size();
  }
  SAMEBITS_HD std::int64_t* ranks_of(std::int64_t run) const { return ranks + run * layout.n_components; }
  SAMEBITS_HD std::int64_t trace_at(std::int64_t run, std::int64_t number) const {
    return number * components.n_mixtures + run;
  }
  /// The sums of component k as the pass left them: S0, S1 and S2 in its shape.
  SAMEBITS_HD const double* moments_of(std::int64_t run, std::int64_t k) const {
    return node + components.n_mixtures + (run * layout.n_components + k) * components.n_moments();
  }
  SAMEBITS_HD T* packed_of(std::int64_t run, std::int64_t k) const {
    return packed + (run * layout.n_components + k) * components.size();
  }

  /// The update of a run whose next parameters lie at `next`.
  SAMEBITS_HD core::mixture_update update_of(std::int64_t run, double* next) const {
    core::mixture_update u = update;
    const double* const s = sums_of(run);
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

  /// After a pass: does the run go on? `ended` says so from here on.
  SAMEBITS_HD void judge(std::int64_t run, update_state& now) const {
    run_state& state = states[run];
    now.has_pass = ended[run] == 0;
    if (now.has_pass != 0) {
      state.log_likelihood = node[run];
    }
    now.objective = core::mean_log_likelihood(state.log_likelihood, state.sum_of_weights);
    now.n_updates = state.n_updates;
    now.goes_on = now.has_pass != 0 && core::is_finite(now.objective) && state.n_updates < state.most_updates &&
                  !core::has_converged(state.before, now.objective, tolerance);
    now.is_updated = 0;
    ended[run] = now.goes_on == 0;
  }

  /// After the update, all ranks known: the next parameters become the last, or the run ends where they are not to be
  /// had.
  SAMEBITS_HD void commit(std::int64_t run, update_state& now) const {
    bool is_regular = true;
    for (std::int64_t k = 0; k < update.n_prepared(); ++k) {
      is_regular = is_regular && ranks_of(run)[k] == layout.n_cols;
    }
    ended[run] = !is_regular;
    now.is_updated = is_regular;
    if (is_regular) {
      run_state& state = states[run];
      trace[trace_at(run, now.n_updates)] = now.objective;
      state.before = now.objective;
      state.n_updates = now.n_updates + 1;
    }
  }
};

/// Are all variances of a covariance positive and not below `smallest`? A NaN is neither.
SAMEBITS_HD inline bool has_variances(const core::mixture_update& u, std::int64_t k, double smallest) {
  for (std::int64_t a = 0; a < u.n_cols; ++a) {
    const double variance = u.covariance(k)[a * u.diagonal_step()];
    if (!(variance > 0.0 && variance >= smallest)) {
      return false;
    }
  }
  return true;
}

/// After a pass over the rows of all runs: their next parameters, for those that go on.
template <class T>
void update_runs(const device_runs<T>& runs);

}  // namespace samebits::kernels
