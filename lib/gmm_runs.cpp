#include "lib/gmm_runs.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <mutex>

#include "lib/fp_environment.hpp"
#include "lib/over_threads.hpp"
#include "samebits/core/gmm.hpp"

namespace samebits::gmm {

// ---- one run -----------------------------------------------------------------------------------------------------

fit_run::fit_run(const fit_setting& setting, std::int64_t restart, parameters start)
    : setting_(setting),
      mixture_(std::move(start)),
      sums_(mixture_.type, mixture_.n_components, mixture_.n_cols),
      restart_(restart) {
  trace_.reserve(static_cast<std::size_t>(std::min<std::int64_t>(setting.options.max_iter, 255) + 1));
}

bool fit_run::advance(const problem& rows, double total, const std::function<void(const gmm_iteration&)>& show) {
  const double now = objective_of(total);
  if (!std::isfinite(now)) {
    require_finite_result(rows, now, "at iteration " + text(iteration()));
  }
  if (setting_.options.callback) {
    const std::vector<double> covariances = mixture_.compact_covariances();
    show({restart_, iteration(), now, mixture_.weights, mixture_.means, covariances});
  }
  const bool is_end = is_last();
  converged_ = !trace_.empty() && core::has_converged(trace_.back(), now, setting_.options.tol);
  trace_.push_back(now);
  if (converged_ || is_end) {
    return false;
  }
  maximise(rows, "after iteration " + text(iteration()));
  return true;
}

gmm_model fit_run::finish() {
  gmm_model model = model_of(std::move(mixture_));
  model.log_likelihood = trace_.back();
  model.n_iter = std::ssize(trace_) - 1;
  model.converged = converged_;
  model.restart = restart_;
  model.trace = std::move(trace_);
  return model;
}

namespace {

// ---- what runs have in common ------------------------------------------------------------------------------------

/// The best of the runs so far, the first failure, and the end of all. Threads may share it.
class outcome {
 public:
  outcome(const char* function, const gmm_options& o) : function_(function), callback_(o.callback) {}

  /// Largest objective, then lowest restart: the choice does not depend on the order in which runs end.
  void add(std::unique_ptr<fit_run> run) {
    const std::scoped_lock lock(mutex_);
    const bool is_better = best_ == nullptr || best_->objective() < run->objective() ||
                           (best_->objective() == run->objective() && run->restart() < best_->restart());
    if (is_better) {
      best_ = std::move(run);
    }
  }

  /// The restart has no fit; others may have one.
  void fail(std::int64_t restart, std::exception_ptr why) {
    const std::scoped_lock lock(mutex_);
    keep_lowest(failure_, restart, std::move(why));
  }

  /// The restart ends them all.
  void stop(std::int64_t restart, std::exception_ptr why) {
    const std::scoped_lock lock(mutex_);
    keep_lowest(stop_, restart, std::move(why));
    is_stopped_ = true;
  }
  bool is_stopped() const { return is_stopped_; }

  /// Shows an iteration to the callback. A floating-point mode that it sets ends with it.
  ///
  /// @throws interrupted  it returned false; and what it throws
  void show(const gmm_iteration& iteration) {
    const std::scoped_lock lock(callback_mutex_);
    const default_fp_environment environment;
    try {
      if (!is_stopped_ && !callback_(iteration)) {
        throw interrupted(std::string(function_) + ": stopped by the callback at iteration " +
                          text(iteration.iteration) + " of restart " + text(iteration.restart));
      }
    } catch (...) {
      stop(iteration.restart, std::current_exception());  // before another thread asks
      throw;
    }
  }

  /// The best run, or the exception of the lowest restart that stopped all or, where all failed, failed.
  std::unique_ptr<fit_run> result() {
    if (stop_.why) {
      std::rethrow_exception(stop_.why);
    }
    if (best_ == nullptr) {
      std::rethrow_exception(failure_.why);
    }
    return std::move(best_);
  }

 private:
  struct failed_restart {
    std::int64_t restart = 0;
    std::exception_ptr why;
  };

  static void keep_lowest(failed_restart& kept, std::int64_t restart, std::exception_ptr why) {
    if (!kept.why || restart < kept.restart) {
      kept = {restart, std::move(why)};
    }
  }

  const char* function_;
  const std::function<bool(const gmm_iteration&)>& callback_;
  std::mutex mutex_;
  std::mutex callback_mutex_;
  std::atomic<bool> is_stopped_{false};
  std::unique_ptr<fit_run> best_;
  failed_restart failure_;
  failed_restart stop_;
};

/// What all runs need.
struct runs {
  const problem& rows;
  const fit_setting& setting;
  const run_maker& make;
  outcome& result;
};

/// Runs a part of a restart: true when it went well, otherwise the outcome knows.
template <class Part>
bool guarded(outcome& result, std::int64_t restart, const Part& part) {
  try {
    part();
    return true;
  } catch (const numerical_failure&) {
    result.fail(restart, std::current_exception());
  } catch (...) {
    result.stop(restart, std::current_exception());
  }
  return false;
}

bool advance(const problem& rows, outcome& result, double total, fit_run& run) {
  return run.advance(rows, total, [&](const gmm_iteration& iteration) { result.show(iteration); });
}

using run_group = std::vector<std::unique_ptr<fit_run>>;

/// The runs of a group for a backend to go on with, or none where there is one that it may not.
std::vector<long_run> long_runs_of(std::span<const std::unique_ptr<fit_run>> group, const run_rows& rows) {
  std::vector<long_run> long_runs;
  for (const std::unique_ptr<fit_run>& run : group) {
    if (!run->may_run_on()) {
      return {};
    }
    long_runs.push_back(run->run_on(rows));
  }
  return long_runs;
}

/// What the ends of a fit's runs are measured by. `first` is the first of its rows in the problem.
run_rows rows_of_runs(const problem& rows, const fit_setting& setting, std::int64_t first) {
  return {first, rows.x().n_rows, setting.sum_of_weights, smallest_variance(rows), setting.reg_covar.data()};
}

/// Lets the backend make passes of a group's runs until each may be at its end, where it can. Returns the total
/// log-likelihood of each run's last pass, or none.
std::vector<double> run_on(const runs& all, const problem& rows, std::span<const std::unique_ptr<fit_run>> group) {
  if (!rows.may_run_on()) {
    return {};
  }
  std::vector<long_run> long_runs = long_runs_of(group, rows_of_runs(rows, all.setting, 0));
  std::vector<double> totals;
  if (!long_runs.empty() && rows.run_on(long_runs, *group.front()->plain_rules(), all.setting.options.tol)) {
    for (const long_run& run : long_runs) {
      totals.push_back(run.log_likelihood);
    }
  }
  return totals;
}

/// The totals of a pass of each run, the next one or, where the backend went on alone, a later one.
std::vector<double> make_passes(const runs& all, const problem& rows, std::span<const std::unique_ptr<fit_run>> group) {
  std::vector<double> totals = run_on(all, rows, group);
  if (!totals.empty()) {
    return totals;
  }
  std::vector<pass> passes;
  for (const std::unique_ptr<fit_run>& run : group) {
    passes.push_back(run->next_pass());
  }
  rows.step(passes);
  for (const pass& p : passes) {
    totals.push_back(p.log_likelihood);
  }
  return totals;
}

/// The same of one run, without a detour through memory: small fits have passes of a microsecond.
double make_pass(const runs& all, const problem& rows, const std::unique_ptr<fit_run>& run) {
  const std::vector<double> totals = run_on(all, rows, std::span(&run, 1));
  if (!totals.empty()) {
    return totals.front();
  }
  const pass next = run->next_pass();
  return rows.step(*next.mixture, next.into);
}

void run_one(const runs& all, const problem& rows, std::int64_t restart) {
  guarded(all.result, restart, [&] {
    drawn_starts drawn = draw_starts(rows, all.setting, restart, 1);
    std::unique_ptr<fit_run> run = all.make(rows, drawn, restart);
    bool goes_on = true;
    while (goes_on && !all.result.is_stopped()) {
      goes_on = advance(rows, all.result, make_pass(all, rows, run), *run);
    }
    if (!goes_on) {
      all.result.add(std::move(run));
    }
  });
}

// ---- all runs ----------------------------------------------------------------------------------------------------

void run_in_turn(const runs& all, std::int64_t n) {
  for (std::int64_t restart = 0; restart < n && !all.result.is_stopped(); ++restart) {
    run_one(all, all.rows, restart);
  }
}

/// Whole runs on the threads of the CPU, where a pass is too short to be shared out.
class side_by_side {
 public:
  explicit side_by_side(const runs& all)
      : all_(all),
        one_thread_(all.rows.ctx().on_one_thread()),
        problems_(static_cast<std::size_t>(all.rows.ctx().n_threads())) {}

  void run(std::int64_t n) {
    over_threads(all_.rows.ctx().n_threads(), n,
                 [this](std::int64_t restart, int thread) { run_restart(restart, thread); });
  }

 private:
  void run_restart(std::int64_t restart, int thread) {
    std::unique_ptr<problem>& own = problems_[static_cast<std::size_t>(thread)];
    const gmm_options& o = all_.setting.options;
    const problem& rows = all_.rows;
    const bool is_open =
        all_.result.is_stopped() || own != nullptr || guarded(all_.result, restart, [&] {
          own = std::make_unique<problem>(one_thread_, rows.function(), rows.x(), o.sample_weights, o.schedule);
        });
    if (is_open && !all_.result.is_stopped()) {
      run_one(all_, *own, restart);
    }
  }

  const runs& all_;
  context one_thread_;
  std::vector<std::unique_ptr<problem>> problems_;  // per thread
};

run_group start_group(const runs& all, std::int64_t first, std::int64_t last) {
  run_group group;
  drawn_starts drawn;
  if (!guarded(all.result, first, [&] { drawn = draw_starts(all.rows, all.setting, first, last - first); })) {
    return group;
  }
  for (std::int64_t restart = first; restart < last && !all.result.is_stopped(); ++restart) {
    guarded(all.result, restart, [&] { group.push_back(all.make(all.rows, drawn, restart)); });
  }
  return group;
}

/// Takes the totals that a pass of each run of a group gave; runs that end leave it.
void advance_group(const runs& all, run_group& group, const std::vector<double>& totals) {
  run_group left;
  for (std::size_t i = 0; i < group.size() && !all.result.is_stopped(); ++i) {
    guarded(all.result, group[i]->restart(), [&] {
      if (advance(all.rows, all.result, totals[i], *group[i])) {
        left.push_back(std::move(group[i]));
      } else {
        all.result.add(std::move(group[i]));
      }
    });
  }
  group = std::move(left);
}

void step_group(const runs& all, run_group& group) {
  std::vector<double> totals;
  if (!guarded(all.result, group.front()->restart(), [&] { totals = make_passes(all, all.rows, group); })) {
    group.clear();
    return;
  }
  advance_group(all, group, totals);
}

/// Groups of runs in step, so that a device has the passes of many at once.
void run_in_step(const runs& all, std::int64_t n) {
  const std::int64_t at_once = group_size(all.rows.x().n_cols, all.setting.options);
  for (std::int64_t first = 0; first < n && !all.result.is_stopped(); first += at_once) {
    run_group group = start_group(all, first, std::min(n, first + at_once));
    while (!group.empty() && !all.result.is_stopped()) {
      step_group(all, group);
    }
  }
}

/// Whole restarts on a thread each, where a pass is too short for threads or has fewer leaves than there are restarts
/// and threads.
bool fits_threads(const problem& rows, const gmm_options& o, std::int64_t n_runs) {
  const std::int64_t n_threads = rows.ctx().n_threads();
  const std::int64_t n_leaves = (rows.x().n_rows + core::leaf_rows - 1) / core::leaf_rows;
  const std::int64_t size = covariance_size(o.covariance, rows.x().n_cols);
  return n_threads > 1 &&
         (core::is_small_pass(rows.x().n_rows, o.n_components, size) || (n_leaves < n_threads && n_leaves < n_runs));
}

}  // namespace

std::int64_t group_size(std::int64_t n_cols, const gmm_options& o) {
  constexpr std::int64_t fewest = 64;
  const std::int64_t most = o.callback ? fewest : 4096;
  constexpr std::int64_t most_bytes = std::int64_t{64} << 20;
  const std::int64_t traces = 2 * std::min(o.max_iter, most_bytes);  // max_iter may be any number
  const std::int64_t n_numbers =
      o.n_components * (3 * (1 + covariance_size(o.covariance, n_cols)) + 2 * n_cols) + traces;
  return std::clamp(most_bytes / (n_numbers * static_cast<std::int64_t>(sizeof(double))), fewest, most);
}

std::unique_ptr<fit_run> best_run(const problem& rows, const fit_setting& setting, const run_maker& make) {
  const std::int64_t n = n_restarts(setting.options);
  outcome result(rows.function(), setting.options);
  const runs all{rows, setting, make, result};
  if (n > 1 && !is_host(rows.ctx())) {
    run_in_step(all, n);
  } else if (n > 1 && fits_threads(rows, setting.options, n)) {
    side_by_side(all).run(n);
  } else {
    run_in_turn(all, n);
  }
  return result.result();
}

// ---- stages ------------------------------------------------------------------------------------------------------

struct staged_runs::state {
  const fit_setting& setting;
  run_maker make;
  outcome result;
  run_group group;
  run_rows where;  // the first row is not known yet

  runs all(const problem& rows) { return {rows, setting, make, result}; }
};

staged_runs::staged_runs(const problem& rows, const fit_setting& setting, run_maker make)
    : state_(
          new state{setting, std::move(make), {rows.function(), setting.options}, {}, rows_of_runs(rows, setting, 0)}) {
  state_->group = start_group(state_->all(rows), 0, n_restarts(setting.options));
}

staged_runs::~staged_runs() = default;

std::vector<long_run> staged_runs::run_on(std::int64_t first_row) {
  run_rows where = state_->where;
  where.first = first_row;
  return long_runs_of(state_->group, where);
}

const samebits_gmm_rules& staged_runs::rules() const { return *state_->group.front()->plain_rules(); }

std::unique_ptr<fit_run> staged_runs::finish(const problem& rows, const std::vector<double>& totals) {
  const runs all = state_->all(rows);
  if (!totals.empty()) {
    advance_group(all, state_->group, totals);
  }
  while (!state_->group.empty() && !state_->result.is_stopped()) {
    step_group(all, state_->group);
  }
  return state_->result.result();
}

}  // namespace samebits::gmm
