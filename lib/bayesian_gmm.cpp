// Mixtures with priors: argument checks, the prior, the variational loop.
#include "samebits/bayesian_gmm.hpp"

#include <algorithm>
#include <cmath>

#include "lib/fp_environment.hpp"
#include "lib/gmm_checks.hpp"
#include "lib/gmm_runs.hpp"
#include "lib/gmm_start.hpp"
#include "lib/over_threads.hpp"
#include "samebits/core/bayesian_gmm.hpp"

namespace samebits {
namespace gmm {
namespace {

constexpr const char* function = "bayesian_gmm_fit";

// ---- checks ------------------------------------------------------------------------------------------------------

void refuse_given(const char* name, bool is_given) {
  if (is_given) {
    refuse(function, std::string(name) + " is given but is no option of this fit");
  }
}

void check_unused_options(const gmm_options& o) {
  refuse_given("weights_init", !o.weights_init.empty());
  refuse_given("covariances_init", !o.covariances_init.empty());
  refuse_given("precisions_init", !o.precisions_init.empty());
  refuse_given("warm_start", o.warm_start != nullptr);
  refuse_given("frozen_weights", !o.frozen_weights.empty());
  refuse_given("frozen_means", !o.frozen_means.empty());
  refuse_given("frozen_covariances", !o.frozen_covariances.empty());
}

void check_options(const context& ctx, const data_view& x, const gmm_options& o) {
  check_unused_options(o);
  check_fit(ctx, function, x, o);
  if (o.covariance != covariance_type::full && o.covariance != covariance_type::diag) {
    refuse(function, std::string("covariance is ") + name_of(o.covariance) + " but must be full or diag");
  }
}

/// Squares of such numbers, and products with counts of rows, stay in the range of numbers.
constexpr double limit = 0x1p500;

void check_count(const char* name, double value) {
  if (!(value >= 1 / limit && value <= limit)) {
    refuse(function, std::string(name) + " is " + text(value) + " but must be positive, from " + text(1 / limit) +
                         " to " + text(limit));
  }
}

void check_mean_prior(std::span<const double> prior, std::int64_t n) {
  check_shape(function, "mean_prior", 1, std::ssize(prior), 1, n);
  require_finite(function, "mean_prior", matrix_view<const double>(prior.data(), 1, n));
  for (std::int64_t a = 0; a < n; ++a) {
    if (std::abs(prior[a]) > limit) {
      refuse(function, "mean_prior is " + text(prior[a]) + " at column " + text(a) +
                           " (counted from 0) but must be at most " + text(limit) + " in magnitude");
    }
  }
}

void check_covariance_prior(matrix_view<const double> prior, covariance_type type, std::int64_t n) {
  const bool is_matrix = type == covariance_type::full;
  check_shape(function, "covariance_prior", prior.n_rows(), prior.n_cols(), is_matrix ? n : 1, n);
  require_finite(function, "covariance_prior", prior);
  if (is_matrix) {
    check_symmetric(function, "covariance_prior", prior, covariance_type::tied);  // one matrix for all components
  }
}

void check_prior(const data_view& x, const bayesian_gmm_options& o) {
  if (o.prior != weight_prior::dirichlet && o.prior != weight_prior::dirichlet_process) {
    refuse(function, "prior is " + text(static_cast<std::int64_t>(o.prior)) + " but must be 0 or 1");
  }
  if (o.weight_concentration_prior != 0) {
    check_count("weight_concentration_prior", o.weight_concentration_prior);
  }
  check_count("mean_precision_prior", o.mean_precision_prior);
  if (!o.mean_prior.empty()) {
    check_mean_prior(o.mean_prior, x.n_cols);
  }
  const double least = static_cast<double>(x.n_cols - 1);
  if (o.degrees_of_freedom_prior != 0 &&
      (!(o.degrees_of_freedom_prior > least) || !std::isfinite(o.degrees_of_freedom_prior))) {
    refuse(function, "degrees_of_freedom_prior is " + text(o.degrees_of_freedom_prior) +
                         " but must be finite and above " + text(least) + ", the number of columns less 1");
  }
  if (!o.covariance_prior.empty()) {
    check_covariance_prior(o.covariance_prior, o.fit.covariance, x.n_cols);
  }
}

// ---- the prior ---------------------------------------------------------------------------------------------------

struct prior_distribution {
  core::normal_wishart_prior component() const {
    return {mean.data(), covariance.data(), mean_precision, degrees_of_freedom};
  }

  weight_prior weights;
  double concentration;
  double mean_precision;
  double degrees_of_freedom;
  std::vector<double> mean;
  std::vector<double> covariance;
  std::vector<double> factor;  // of the covariance
  double log_scale = 0;        // log sqrt det W0
};

std::vector<double> prior_covariance(const fit_setting& setting, const bayesian_gmm_options& o) {
  if (!o.covariance_prior.empty()) {
    return {o.covariance_prior.data(),
            o.covariance_prior.data() + o.covariance_prior.n_rows() * o.covariance_prior.n_cols()};
  }
  if (!(setting.sum_of_weights > 1)) {
    refuse(function,
           (setting.options.sample_weights.empty() ? "x has 1 row"
                                                   : "sample_weights sums to " + text(setting.sum_of_weights)) +
               std::string(", which has no covariance of a sample; covariance_prior must be given"));
  }
  std::vector<double> covariance = setting.all_rows->covariances;
  for (double& element : covariance) {
    element = core::sample_covariance(element, setting.sum_of_weights);
  }
  return covariance;
}

prior_distribution make_prior(const fit_setting& setting, const bayesian_gmm_options& o) {
  const parameters& all = *setting.all_rows;
  const std::int64_t n = all.n_cols;
  prior_distribution prior{
      o.prior,
      o.weight_concentration_prior == 0 ? core::equal_weight(o.fit.n_components) : o.weight_concentration_prior,
      o.mean_precision_prior,
      o.degrees_of_freedom_prior == 0 ? static_cast<double>(n) : o.degrees_of_freedom_prior,
      o.mean_prior.empty() ? all.means : std::vector<double>(o.mean_prior.begin(), o.mean_prior.end()),
      prior_covariance(setting, o),
      std::vector<double>(all.covariances.size())};
  const std::int64_t rank =
      all.type == covariance_type::full
          ? core::factor_prior(prior.covariance.data(), n, prior.factor.data(), prior.log_scale)
          : core::factor_prior_variances(prior.covariance.data(), n, prior.factor.data(), prior.log_scale);
  if (rank < n) {
    refuse(function, "covariance_prior is not positive definite at column " + text(rank) + " (counted from 0)");
  }
  return prior;
}

// ---- one run -----------------------------------------------------------------------------------------------------

/// Variational inference from one start.
class bayesian_run : public fit_run {
 public:
  bayesian_run(const problem& rows, const fit_setting& setting, const prior_distribution& prior, drawn_starts& drawn,
               std::int64_t restart)
      : bayesian_run(rows, setting, prior, restart, start_clusters(rows, setting, drawn, restart)) {}

  bayesian_gmm_model finish() {
    posterior_.mixture = fit_run::finish();
    return std::move(posterior_);
  }

 private:
  bayesian_run(const problem& rows, const fit_setting& setting, const prior_distribution& prior, std::int64_t restart,
               clusters start)
      : fit_run(setting, restart, std::move(start.mixture)),
        prior_(prior),
        log_weights_(mixture_.weights.size()),
        divergences_(mixture_.weights.size()) {
    sums_ = std::move(start.shares);
    posterior_.prior = prior.weights;
    posterior_.weight_concentration.resize(mixture_.weights.size() * (is_process() ? 2 : 1));
    posterior_.mean_precision.resize(mixture_.weights.size());
    posterior_.degrees_of_freedom.resize(mixture_.weights.size());
    maximise(rows, "at the start");
  }

  double objective_of(double total) const override {
    return core::mean_lower_bound(total, divergence_, setting_.sum_of_weights);
  }

  void maximise(const problem& rows, const std::string& when) override {
    for_components<&bayesian_run::move_component>(rows);
    update_weights();
    require_regular(rows, setting_.options, prepare(rows.ctx(), rows.function(), mixture_), mixture_, when);
    for_components<&bayesian_run::finish_component>(rows);
    add_divergences(when);
  }

  bool is_process() const { return prior_.weights == weight_prior::dirichlet_process; }
  bool is_triangle() const { return mixture_.type == covariance_type::full; }

  template <void (bayesian_run::*Member)(std::int64_t, bool, double*)>
  void for_components(const problem& rows) {
    // Threads cost more than they bring for small matrices.
    const std::int64_t work = mixture_.n_components * covariance_size(mixture_.type, mixture_.n_cols) * mixture_.n_cols;
    const int n_threads = work > (1 << 17) ? rows.ctx().n_threads() : 1;
    const std::int64_t size = 2 * mixture_.n_cols;
    const bool float_rows = rows.x().dtype == SAMEBITS_FLOAT32;
    std::vector<double> memory(n_threads * size);
    over_threads(n_threads, mixture_.n_components,
                 [&](std::int64_t k, int thread) { (this->*Member)(k, float_rows, memory.data() + thread * size); });
  }

  /// Mean and covariance of the posterior. A component without rows has those of the prior.
  void move_component(std::int64_t k, bool float_rows, double* work) {
    const std::int64_t n = mixture_.n_cols;
    const double sum_0 = sums_.sum_0[k];
    double* const mean = mixture_.means.data() + k * n;
    double* const covariance = mixture_.covariance(k);
    const std::int64_t size = covariance_size(mixture_.type, n);
    if (sum_0 > 0) {
      const core::component_shift shift{work, work + n, false};
      core::move_mean(sum_0, sums_.sum_1.data() + k * n, n, float_rows, shift, mean);
      const double* const sum_2 = sums_.sum_2.data() + k * size;
      is_triangle() ? core::component_covariance(sum_0, sum_2, shift, n, covariance)
                    : core::component_variances(sum_0, sum_2, shift, n, covariance);
      core::regularise(setting_.reg_covar.data(), n, is_triangle() ? n + 1 : 1, covariance);
    } else {
      std::copy(prior_.mean.begin(), prior_.mean.end(), mean);
      std::fill_n(covariance, size, 0.0);
    }
    const core::normal_wishart_prior prior = prior_.component();
    const core::posterior_update update(prior, sum_0);
    is_triangle() ? core::move_to_posterior(update, n, work, mean, covariance)
                  : core::move_variances_to_posterior(update, n, mean, covariance);
    posterior_.mean_precision[k] = update.mean_precision;
    posterior_.degrees_of_freedom[k] = update.degrees_of_freedom;
  }

  void update_weights() {
    const std::int64_t k = mixture_.n_components;
    double* const concentration = posterior_.weight_concentration.data();
    if (is_process()) {
      core::stick_parameters(sums_.sum_0.data(), k, prior_.concentration, concentration, concentration + k);
      core::stick_weights(concentration, concentration + k, k, mixture_.weights.data());
      core::stick_log_weights(concentration, concentration + k, k, log_weights_.data());
      return;
    }
    for (std::int64_t i = 0; i < k; ++i) {
      concentration[i] = core::posterior_count(prior_.concentration, sums_.sum_0[i]);
    }
    core::dirichlet_weights(concentration, k, mixture_.weights.data());
    core::dirichlet_log_weights(concentration, k, log_weights_.data());
  }

  /// The constant of the E-step, and the divergence from the prior.
  void finish_component(std::int64_t k, bool, double* work) {
    const std::int64_t n = mixture_.n_cols;
    const double* const factor = mixture_.inverse_factors.data() + k * covariance_size(mixture_.type, n);
    const double* const mean = mixture_.means.data() + k * n;
    const double mean_precision = posterior_.mean_precision[k];
    const double degrees_of_freedom = posterior_.degrees_of_freedom[k];
    const double log_determinant = core::log_determinant_of_factor(factor, n, is_triangle() ? n + 1 : 1);
    mixture_.log_constants[k] =
        core::expected_log_constant(log_weights_[k], log_determinant, mean_precision, degrees_of_freedom, n);
    const core::prior_distances distances =
        is_triangle() ? core::distances_from_prior(factor, mean, prior_.mean.data(), prior_.factor.data(), n, work)
                      : core::diagonal_distances_from_prior(factor, mean, prior_.mean.data(), prior_.factor.data(), n);
    divergences_[k] = core::normal_wishart_divergence(
        prior_.component(), mean_precision, degrees_of_freedom, n, distances,
        core::scale_log_determinant(log_determinant, degrees_of_freedom, n), prior_.log_scale);
  }

  void add_divergences(const std::string& when) {
    const std::int64_t k = mixture_.n_components;
    const double* const concentration = posterior_.weight_concentration.data();
    divergence_ = is_process() ? core::stick_divergence(concentration, concentration + k, k, prior_.concentration)
                               : core::dirichlet_divergence(concentration, k, prior_.concentration);
    for (const double divergence : divergences_) {
      divergence_ = core::add_divergence(divergence_, divergence);
    }
    if (!std::isfinite(divergence_)) {
      throw numerical_failure(std::string(function) + ": the divergence from the prior overflows " + when +
                              "; mean_prior is too far from x, or covariance_prior too far from that of x");
    }
  }

  const prior_distribution& prior_;
  bayesian_gmm_model posterior_;  // its mixture comes at the end
  std::vector<double> log_weights_;
  std::vector<double> divergences_;
  double divergence_ = 0;
};

bayesian_gmm_model fit(const context& ctx, const data_view& x, const bayesian_gmm_options& o) {
  const default_fp_environment environment;
  check_options(ctx, x, o.fit);
  check_prior(x, o);
  const problem rows(ctx, function, x, o.fit.sample_weights, o.fit.schedule);
  fit_setting setting = make_setting(rows, o.fit);
  setting.from_clusters = true;
  const prior_distribution prior = make_prior(setting, o);
  const run_maker start_run = [&](const problem& own, drawn_starts& drawn, std::int64_t restart) {
    return std::make_unique<bayesian_run>(own, setting, prior, drawn, restart);
  };
  return static_cast<bayesian_run&>(*best_run(rows, setting, start_run)).finish();
}

}  // namespace
}  // namespace gmm

bayesian_gmm_model bayesian_gmm_fit(const context& ctx, matrix_view<const double> x,
                                    const bayesian_gmm_options& options) {
  return gmm::fit(ctx, x, options);
}
bayesian_gmm_model bayesian_gmm_fit(const context& ctx, matrix_view<const float> x,
                                    const bayesian_gmm_options& options) {
  return gmm::fit(ctx, x, options);
}

}  // namespace samebits
