// The steps of EM on their own: log-densities, the E-step and the M-step.
#include <algorithm>
#include <cmath>
#include <iterator>

#include "lib/fp_environment.hpp"
#include "lib/gmm_checks.hpp"
#include "lib/gmm_model.hpp"
#include "lib/gmm_start.hpp"
#include "lib/host_rows.hpp"
#include "samebits/gmm.hpp"

namespace samebits {
namespace gmm {
namespace {

/// Throws at the first row whose values show that no component could reach it.
template <class T, class IsBad>
void require_reached(const context& ctx, const char* function, const data_view& x, matrix_view<const T> results,
                     const IsBad& is_bad) {
  if (is_finite_on_device(ctx, function, results)) {
    return;
  }
  const host_rows read(ctx, function, results);
  const matrix_view<const T> values(static_cast<const T*>(read.view().x), results.n_rows(), results.n_cols());
  for (std::int64_t i = 0; i < values.n_rows(); ++i) {
    if (is_bad(values.row(i))) {
      refuse_row(ctx, function, x, i);
    }
  }
}

/// A weight of 0 or a distance that overflows gives -infinity, which is right as long as another component is finite.
template <class T>
bool has_no_log_prob(std::span<const T> log_probs) {
  bool is_reached = false;
  for (const T log_prob : log_probs) {
    if (std::isnan(log_prob)) {
      return true;
    }
    is_reached = is_reached || std::isfinite(log_prob);
  }
  return !is_reached;
}

template <class T>
bool has_nan(std::span<const T> values) {
  return std::any_of(values.begin(), values.end(), [](T value) { return std::isnan(value); });
}

template <class T>
void log_prob(const context& ctx, const gmm_model& model, matrix_view<const T> x, matrix_view<T> out) {
  constexpr const char* function = "gmm_log_prob";
  const default_fp_environment environment;
  const parameters mixture = prepared(ctx, function, model);
  require_columns(function, model, x);
  check_shape(function, "out", out.n_rows(), out.n_cols(), x.n_rows(), model.n_components);
  require_memory(function, "out", out.data(), out.n_rows(), out.n_cols());
  if (x.n_rows() == 0) {
    return;
  }
  samebits_gmm_rows rows{};
  rows.log_probs = out.data();
  problem(ctx, function, x, {}).rows(mixture, rows);
  require_reached<T>(ctx, function, x, out, has_no_log_prob<T>);
}

template <class T>
void expectation(const context& ctx, const gmm_model& model, matrix_view<const T> x,
                 matrix_view<T> log_responsibilities, std::span<T> log_likelihoods) {
  constexpr const char* function = "gmm_expectation";
  const default_fp_environment environment;
  const parameters mixture = prepared(ctx, function, model);
  require_columns(function, model, x);
  if (!log_responsibilities.empty()) {
    check_shape(function, "log_responsibilities", log_responsibilities.n_rows(), log_responsibilities.n_cols(),
                x.n_rows(), model.n_components);
  }
  if (!log_likelihoods.empty() && std::ssize(log_likelihoods) != x.n_rows()) {
    refuse(function, "log_likelihoods has " + counted(std::ssize(log_likelihoods), "element") + " but x has " +
                         counted(x.n_rows(), "row"));
  }
  require_memory(function, "log_responsibilities", log_responsibilities.data(), log_responsibilities.n_rows(),
                 log_responsibilities.n_cols());
  require_memory(function, "log_likelihoods", log_likelihoods.data(), std::ssize(log_likelihoods));
  if (x.n_rows() == 0 || (log_responsibilities.empty() && log_likelihoods.empty())) {
    return;
  }
  samebits_gmm_rows rows{};
  rows.log_responsibilities = log_responsibilities.empty() ? nullptr : log_responsibilities.data();
  rows.log_likelihoods = log_likelihoods.empty() ? nullptr : log_likelihoods.data();
  problem(ctx, function, x, {}).rows(mixture, rows);
  require_reached<T>(ctx, function, x, log_responsibilities, has_nan<T>);
  const matrix_view<const T> column(log_likelihoods.data(), std::ssize(log_likelihoods), 1);
  require_reached<T>(ctx, function, x, column, has_no_log_prob<T>);
}

/// What gmm_maximization reads of its options.
gmm_options maximization_options(const gmm_options& given, std::int64_t n_components) {
  gmm_options o;
  o.n_components = n_components;
  o.covariance = given.covariance;
  o.reg_covar = given.reg_covar;
  o.reg_covar_relative = given.reg_covar_relative;
  o.sample_weights = given.sample_weights;
  o.schedule = given.schedule;
  return o;
}

gmm_model maximization(const context& ctx, const data_view& x, matrix_view<const double> responsibilities,
                       const gmm_options& options) {
  constexpr const char* function = "gmm_maximization";
  const default_fp_environment environment;
  const gmm_options o = maximization_options(options, responsibilities.n_cols());
  check_maximization(ctx, function, x, responsibilities, o);
  const problem rows(ctx, function, x, o.sample_weights, o.schedule);
  const fit_setting setting = make_setting(rows, o);
  parameters p = like_all_rows(*setting.all_rows, o.covariance, o.n_components, false);
  maximise(rows, setting, {samebits_gmm_given, responsibilities.data(), {}, 0}, "after the maximisation", p);
  return model_of(std::move(p));
}

}  // namespace
}  // namespace gmm

void gmm_log_prob(const context& ctx, const gmm_model& model, matrix_view<const double> x, matrix_view<double> out) {
  gmm::log_prob(ctx, model, x, out);
}
void gmm_log_prob(const context& ctx, const gmm_model& model, matrix_view<const float> x, matrix_view<float> out) {
  gmm::log_prob(ctx, model, x, out);
}

void gmm_expectation(const context& ctx, const gmm_model& model, matrix_view<const double> x,
                     matrix_view<double> log_responsibilities, std::span<double> log_likelihoods) {
  gmm::expectation(ctx, model, x, log_responsibilities, log_likelihoods);
}
void gmm_expectation(const context& ctx, const gmm_model& model, matrix_view<const float> x,
                     matrix_view<float> log_responsibilities, std::span<float> log_likelihoods) {
  gmm::expectation(ctx, model, x, log_responsibilities, log_likelihoods);
}

gmm_model gmm_maximization(const context& ctx, matrix_view<const double> x, matrix_view<const double> responsibilities,
                           const gmm_options& options) {
  return gmm::maximization(ctx, x, responsibilities, options);
}
gmm_model gmm_maximization(const context& ctx, matrix_view<const float> x, matrix_view<const double> responsibilities,
                           const gmm_options& options) {
  return gmm::maximization(ctx, x, responsibilities, options);
}

}  // namespace samebits
