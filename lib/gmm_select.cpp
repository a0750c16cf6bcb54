// Choice of a mixture: a sweep over types of covariances and numbers of components.
#include <algorithm>
#include <exception>
#include <mutex>

#include "lib/fp_environment.hpp"
#include "lib/gmm_checks.hpp"
#include "lib/gmm_model.hpp"

namespace samebits {
namespace {

constexpr const char* function = "gmm_select";

double criterion_of(const gmm_criteria& criteria, gmm_criterion criterion) {
  switch (criterion) {
    case gmm_criterion::aic: return criteria.aic;
    case gmm_criterion::icl: return criteria.icl;
    default: return criteria.bic;
  }
}

// ---- checks ------------------------------------------------------------------------------------------------------

void check_not_given(const char* name, bool is_given) {
  if (is_given) {
    refuse(function, std::string(name) + " is given, but candidates differ in the shapes of their parameters");
  }
}

void check_nothing_given(const gmm_options& o) {
  check_not_given("weights_init", !o.weights_init.empty());
  check_not_given("means_init", !o.means_init.empty());
  check_not_given("covariances_init", !o.covariances_init.empty());
  check_not_given("precisions_init", !o.precisions_init.empty());
  check_not_given("responsibilities_init", !o.responsibilities_init.empty());
  check_not_given("warm_start", o.warm_start != nullptr);
  check_not_given("frozen_weights", !o.frozen_weights.empty());
  check_not_given("frozen_means", !o.frozen_means.empty());
  check_not_given("frozen_covariances", !o.frozen_covariances.empty());
}

void check_criterion(gmm_criterion criterion) {
  if (criterion != gmm_criterion::bic && criterion != gmm_criterion::aic && criterion != gmm_criterion::icl) {
    refuse(function, "criterion is " + std::to_string(static_cast<int>(criterion)) + " but must be 0 to 2");
  }
}

gmm_options options_of(const gmm_candidate& candidate, gmm_options options) {
  options.covariance = candidate.covariance;
  options.n_components = candidate.n_components;
  return options;
}

/// All candidates, each with arguments that gmm_fit takes.
std::vector<gmm_candidate> checked_candidates(const context& ctx, const data_view& x,
                                              std::span<const covariance_type> types,
                                              std::span<const std::int64_t> n_components, const gmm_options& options) {
  if (types.empty()) {
    refuse(function, "types is empty");
  }
  if (n_components.empty()) {
    refuse(function, "n_components is empty");
  }
  check_nothing_given(options);
  std::vector<gmm_candidate> candidates;
  for (const covariance_type type : types) {
    for (const std::int64_t k : n_components) {
      candidates.push_back({type, k, {}, 0, false, {}});
      gmm::check_fit(ctx, function, x, options_of(candidates.back(), options));
    }
  }
  return candidates;
}

// ---- the sweep ---------------------------------------------------------------------------------------------------

/// The fits, in any order and on any threads. The best is that of the lowest criterion, then of the lowest number, so
/// that the order does not matter.
class sweep {
 public:
  sweep(const data_view& x, const gmm_options& options, gmm_criterion criterion, gmm_selection& result)
      : x_(x), options_(options), criterion_(criterion), result_(result) {}

  /// Fits candidate i. A failure of its numbers is its own; any other ends the sweep.
  void run(const context& ctx, std::int64_t i) noexcept {
    try {
      if (!is_stopped()) {
        fit_or_note(ctx, i);
      }
    } catch (const interrupted&) {
      if (is_stopped_by(i)) {  // fits that end because another one stopped the sweep have nothing to say
        stop(i, std::current_exception());
      }
    } catch (...) {
      stop(i, std::current_exception());
    }
  }

  /// Throws what ended the sweep.
  void finish() const {
    if (failure_ != nullptr) {
      std::rethrow_exception(failure_);
    }
    if (result_.best < 0) {
      throw numerical_failure(std::string(function) +
                              ": no candidate could be fitted; the first: " + result_.candidates.front().failure);
    }
  }

 private:
  bool is_stopped() {
    const std::lock_guard lock(mutex_);
    return stopped_by_ >= 0;
  }

  bool is_stopped_by(std::int64_t i) {
    const std::lock_guard lock(mutex_);
    return stopped_by_ == i;
  }

  /// Of several candidates that fail at the same time the lowest is the one that is heard.
  void stop(std::int64_t i, std::exception_ptr failure) {
    const std::lock_guard lock(mutex_);
    if (stopped_by_ < 0 || i <= stopped_by_) {
      stopped_by_ = i;
      failure_ = std::move(failure);
    }
  }

  /// The user's callback, for one fit at a time.
  bool goes_on(std::int64_t i, const gmm_iteration& iteration) {
    const std::lock_guard lock(mutex_);
    if (stopped_by_ >= 0) {
      return false;
    }
    stopped_by_ = i;  // stays if the callback throws
    if (options_.callback(iteration)) {
      stopped_by_ = -1;
    }
    return stopped_by_ < 0;
  }

  /// Noting the failure takes memory, which may be what is missing: `run` looks after that.
  void fit_or_note(const context& ctx, std::int64_t i) {
    try {
      if (x_.dtype == SAMEBITS_FLOAT32) {
        fit<float>(ctx, i);
      } else {
        fit<double>(ctx, i);
      }
    } catch (const numerical_failure& failure) {
      result_.candidates[i].failure = failure.what();
    }
  }

  template <class T>
  void fit(const context& ctx, std::int64_t i) {
    const matrix_view<const T> x(static_cast<const T*>(x_.x), x_.n_rows, x_.n_cols);
    gmm_candidate& candidate = result_.candidates[i];
    gmm_options options = options_of(candidate, options_);
    if (options_.callback) {
      options.callback = [this, i](const gmm_iteration& iteration) { return goes_on(i, iteration); };
    }
    gmm_model model = gmm_fit(ctx, x, options);
    candidate.criteria = gmm_evaluate(ctx, model, x, options_.sample_weights);
    candidate.n_iter = model.n_iter;
    candidate.converged = model.converged;
    keep_best(i, std::move(model));
  }

  void keep_best(std::int64_t i, gmm_model model) {
    const std::lock_guard lock(mutex_);
    const double value = criterion_of(result_.candidates[i].criteria, criterion_);
    if (result_.best < 0 || value < best_ || (value == best_ && i < result_.best)) {
      best_ = value;
      result_.best = i;
      result_.model = std::move(model);
    }
  }

  const data_view x_;
  const gmm_options& options_;
  const gmm_criterion criterion_;
  gmm_selection& result_;
  std::mutex mutex_;
  double best_ = 0;               // the criterion of result_.best
  std::int64_t stopped_by_ = -1;  // the candidate that ended the sweep
  std::exception_ptr failure_;
};

/// Fits of rows that stay in the cache run on one thread each: a pass over so few rows is too short to be shared.
bool runs_side_by_side(const context& ctx, const data_view& x) {
  constexpr std::int64_t most_values = 1 << 20;
  return gmm::is_host(ctx) && ctx.n_threads() > 1 && x.n_rows < most_values / x.n_cols;
}

/// Candidate numbers, those with the most components first: long fits that start late would run alone in the end.
std::vector<std::int64_t> order_of(const std::vector<gmm_candidate>& candidates) {
  std::vector<std::int64_t> order(candidates.size());
  for (std::int64_t i = 0; i < std::ssize(order); ++i) {
    order[i] = i;
  }
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t i, std::int64_t j) {
    return candidates[i].n_components > candidates[j].n_components;
  });
  return order;
}

gmm_selection select(const context& ctx, const data_view& x, std::span<const covariance_type> types,
                     std::span<const std::int64_t> n_components, const gmm_options& options, gmm_criterion criterion) {
  gmm_selection selection;
  {
    const default_fp_environment environment;
    check_criterion(criterion);
    selection.candidates = checked_candidates(ctx, x, types, n_components, options);
  }
  sweep fits(x, options, criterion, selection);
  const std::vector<std::int64_t> order = order_of(selection.candidates);
  if (runs_side_by_side(ctx, x)) {
    const context one_thread = ctx.on_one_thread();
    over_threads(ctx.n_threads(), std::ssize(order), [&](std::int64_t i) { fits.run(one_thread, order[i]); });
  } else {
    for (const std::int64_t i : order) {
      fits.run(ctx, i);
    }
  }
  fits.finish();
  return selection;
}

}  // namespace

gmm_selection gmm_select(const context& ctx, matrix_view<const double> x, std::span<const covariance_type> types,
                         std::span<const std::int64_t> n_components, const gmm_options& options,
                         gmm_criterion criterion) {
  return select(ctx, x, types, n_components, options, criterion);
}
gmm_selection gmm_select(const context& ctx, matrix_view<const float> x, std::span<const covariance_type> types,
                         std::span<const std::int64_t> n_components, const gmm_options& options,
                         gmm_criterion criterion) {
  return select(ctx, x, types, n_components, options, criterion);
}

}  // namespace samebits
