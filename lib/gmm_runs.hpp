// The runs of a fit: one from each start, whatever is fitted, and the choice between them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lib/gmm_start.hpp"

namespace samebits::gmm {

/// Iterations from one start: asks for passes and takes their results until it ends.
class fit_run {
 public:
  fit_run(const fit_setting& setting, std::int64_t restart, parameters start);
  virtual ~fit_run() = default;
  fit_run(const fit_run&) = delete;
  fit_run& operator=(const fit_run&) = delete;

  std::int64_t restart() const { return restart_; }
  /// What the fit makes large, per row, after the last pass.
  double objective() const { return trace_.back(); }

  /// The pass that the run needs next. The last needs no sums.
  pass next_pass() { return {&mixture_, is_last() ? nullptr : &sums_, {}}; }

  /// True where a backend may go on alone: the fit is plain expectation-maximisation and nobody looks at its
  /// iterations.
  bool may_run_on() const { return plain_rules() != nullptr && !setting_.options.callback && !is_last(); }
  long_run run_on(const run_rows& rows) {
    return {rows, &mixture_, &sums_, &trace_, setting_.options.max_iter - iteration()};
  }
  /// How parameters follow from sums, where nothing else happens between passes; or nullptr.
  virtual const samebits_gmm_rules* plain_rules() const { return nullptr; }

  /// Takes the total log-likelihood that the pass gave, shows the iteration and moves on. False when the run has ended.
  ///
  /// @param show  called with each iteration where the options have a callback
  bool advance(const problem& rows, double total, const std::function<void(const gmm_iteration&)>& show);

  /// What the run ended with; the run is then empty.
  gmm_model finish();

 protected:
  /// The objective, per row, from the total log-likelihood.
  virtual double objective_of(double total) const = 0;
  /// The next mixture, from the sums of the last pass.
  virtual void maximise(const problem& rows, const std::string& when) = 0;

  const fit_setting& setting_;
  parameters mixture_;
  sums sums_;

 private:
  /// Iterations that are over, once the start has been seen.
  std::int64_t iteration() const { return std::ssize(trace_); }
  bool is_last() const { return iteration() == setting_.options.max_iter; }

  std::int64_t restart_;
  std::vector<double> trace_;
  bool converged_ = false;
};

/// Makes a run at its start, from any thread.
using run_maker =
    std::function<std::unique_ptr<fit_run>(const problem& rows, drawn_starts& drawn, std::int64_t restart)>;

/// The best of all runs: largest objective, then lowest restart. On the CPU whole runs share out the threads where a
/// pass is too short for that; a device gets the passes of many runs at once.
///
/// @throws interrupted        the callback returned false
/// @throws numerical_failure  no run has a result; the reason is that of the lowest restart
std::unique_ptr<fit_run> best_run(const problem& rows, const fit_setting& setting, const run_maker& make);

/// Runs at once on a device: many, so that the host has little to ask for, as far as they take little memory of the
/// host. A device with less memory than they need works through some of them at a time. A callback waits for all starts
/// of a group.
std::int64_t group_size(std::int64_t n_cols, const gmm_options& o);

/// The same in stages, for those who let a device make the passes of many fits at once.
class staged_runs {
 public:
  /// Starts the runs.
  staged_runs(const problem& rows, const fit_setting& setting, run_maker make);
  ~staged_runs();
  staged_runs(const staged_runs&) = delete;
  staged_runs& operator=(const staged_runs&) = delete;

  /// Runs that a backend may go on with alone, all that have started or none. `first_row` is the first of theirs in the
  /// problem of that backend.
  std::vector<long_run> run_on(std::int64_t first_row);
  /// Of the long runs.
  const samebits_gmm_rules& rules() const;

  /// Makes the passes that are left, and chooses.
  ///
  /// @param totals  log-likelihoods of the last passes of the long runs, or none where there were no such passes
  /// @throws as best_run
  std::unique_ptr<fit_run> finish(const problem& rows, const std::vector<double>& totals);

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace samebits::gmm
