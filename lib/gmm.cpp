// Gaussian mixtures: argument checks, the start, the EM loop and its decisions. Nothing here knows a backend.
#include "samebits/gmm.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <string>

#include "lib/call.hpp"
#include "lib/fp_environment.hpp"
#include "lib/registry.hpp"
#include "samebits/core/gmm.hpp"
#include "samebits/digest.hpp"
#include "samebits/stream.hpp"

namespace samebits {
namespace {

std::string text(std::int64_t n) { return std::to_string(n); }

std::string text(double value) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%.17g", value);
  return digits;
}

[[noreturn]] void refuse(const std::string& what) { throw invalid_argument("gmm_fit: " + what); }

// ---- checks ------------------------------------------------------------------------------------------------------

/// Throws at the first value that is not finite.
void require_finite(const char* name, matrix_view<const double> x) {
  for (std::int64_t i = 0; i < x.n_rows(); ++i) {
    for (std::int64_t j = 0; j < x.n_cols(); ++j) {
      if (!std::isfinite(x(i, j))) {
        refuse(std::string(name) + " is " + text(x(i, j)) + " at row " + text(i) + ", column " + text(j) +
               " (counted from 0)");
      }
    }
  }
}

void check_weights(std::span<const double> weights, std::int64_t k) {
  if (static_cast<std::int64_t>(weights.size()) != k) {
    refuse("weights_init has " + text(static_cast<std::int64_t>(weights.size())) + " elements but n_components is " +
           text(k));
  }
  double sum = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (!(weights[i] > 0) || !std::isfinite(weights[i])) {
      refuse("weights_init[" + text(static_cast<std::int64_t>(i)) + "] is " + text(weights[i]) +
             " but must be positive");
    }
    sum += weights[i];
  }
  if (!(std::abs(sum - 1) <= 1e-6)) {
    refuse("weights_init sums to " + text(sum) + " but must sum to 1");
  }
}

void check_shape(const char* name, matrix_view<const double> x, std::int64_t n_rows, std::int64_t n_cols) {
  if (x.n_rows() != n_rows || x.n_cols() != n_cols) {
    refuse(std::string(name) + " is " + text(x.n_rows()) + " x " + text(x.n_cols()) + " but must be " + text(n_rows) +
           " x " + text(n_cols));
  }
  require_finite(name, x);
}

void check_symmetric(matrix_view<const double> covariances, std::int64_t n_cols) {
  for (std::int64_t i = 0; i < covariances.n_rows(); ++i) {
    const std::int64_t k = i / n_cols;
    const std::int64_t a = i % n_cols;
    for (std::int64_t b = 0; b < a; ++b) {
      const double lower = covariances(i, b);
      const double upper = covariances(k * n_cols + b, a);
      if (std::abs(lower - upper) > 1e-9 * (std::abs(lower) + std::abs(upper))) {
        refuse("covariances_init[" + text(k) + "] is not symmetric: row " + text(a) + ", column " + text(b) + " is " +
               text(lower) + " but its mirror is " + text(upper));
      }
    }
  }
}

void check_arguments(matrix_view<const double> x, const gmm_options& o) {
  if (x.empty() || x.n_rows() < 0 || x.n_cols() < 0) {
    refuse("x is " + text(x.n_rows()) + " x " + text(x.n_cols()) + " but must not be empty");
  }
  if (x.n_rows() > (std::int64_t{1} << 56) / x.n_cols()) {
    refuse("x is " + text(x.n_rows()) + " x " + text(x.n_cols()) + ", which is more than 2^56 values");
  }
  if (o.n_components < 1) {
    refuse("n_components is " + text(o.n_components) + " but must be at least 1");
  }
  if (o.n_components > x.n_rows()) {
    refuse("n_components is " + text(o.n_components) + " but x has " + text(x.n_rows()) +
           (x.n_rows() == 1 ? " row" : " rows"));
  }
  if (o.n_components > (std::int64_t{1} << 56) / x.n_cols() / x.n_cols()) {
    refuse("n_components is " + text(o.n_components) + " with " + text(x.n_cols()) +
           " columns, whose covariances have more than 2^56 elements");
  }
  if (o.n_init < 1) {
    refuse("n_init is " + text(o.n_init) + " but must be at least 1");
  }
  if (o.max_iter < 1) {
    refuse("max_iter is " + text(o.max_iter) + " but must be at least 1");
  }
  if (!std::isfinite(o.tol)) {
    refuse("tol is " + text(o.tol) + " but must be finite");
  }
  if (!(o.reg_covar >= 0) || !std::isfinite(o.reg_covar)) {
    refuse("reg_covar is " + text(o.reg_covar) + " but must be finite and at least 0");
  }
  if (!o.weights_init.empty()) {
    check_weights(o.weights_init, o.n_components);
  }
  if (!o.means_init.empty()) {
    check_shape("means_init", o.means_init, o.n_components, x.n_cols());
  }
  if (!o.covariances_init.empty()) {
    check_shape("covariances_init", o.covariances_init, o.n_components * x.n_cols(), x.n_cols());
    check_symmetric(o.covariances_init, x.n_cols());
  }
}

// ---- parameters and sums in memory -------------------------------------------------------------------------------

struct parameters {
  parameters(std::int64_t k, std::int64_t n)
      : n_components(k),
        n_cols(n),
        weights(k),
        means(k * n),
        covariances(k * n * n),
        inverse_factors(k * n * n),
        log_constants(k) {}

  samebits_gmm_components components() const {
    return {n_components, n_cols, means.data(), inverse_factors.data(), log_constants.data()};
  }

  std::int64_t n_components;
  std::int64_t n_cols;
  std::vector<double> weights;
  std::vector<double> means;
  std::vector<double> covariances;
  std::vector<double> inverse_factors;
  std::vector<double> log_constants;
};

struct sums {
  sums(std::int64_t k, std::int64_t n) : sum_0(k), sum_1(k * n), sum_2(k * n * n) {}

  samebits_gmm_sums view() { return {0, sum_0.data(), sum_1.data(), sum_2.data()}; }

  std::vector<double> sum_0;
  std::vector<double> sum_1;
  std::vector<double> sum_2;
};

/// The problem on the backend, closed at the end of the scope.
class problem {
 public:
  problem(const context& ctx, matrix_view<const double> x) : ctx_(ctx), control_(best_cpu()), x_(x) {
    // A CPU backend updates parameters itself, so that a chosen instruction set covers the whole fit.
    if (ctx.table()->gmm_update != nullptr) {
      control_ = ctx.table();
    }
    samebits_call call = make_call(ctx_);
    require_ok(ctx_.table()->gmm_open(&call, x.data(), x.n_rows(), x.n_cols(), &handle_), call, "gmm_fit");
  }
  ~problem() { ctx_.table()->gmm_close(handle_); }
  problem(const problem&) = delete;
  problem& operator=(const problem&) = delete;

  matrix_view<const double> x() const { return x_; }

  /// One pass over the rows: the mean log-likelihood, and the sums when asked for.
  double step(const parameters& p, sums* s) const {
    samebits_call call = make_call(ctx_);
    const samebits_gmm_components components = p.components();
    samebits_gmm_sums view = s == nullptr ? samebits_gmm_sums{0, nullptr, nullptr, nullptr} : s->view();
    require_ok(ctx_.table()->gmm_step(&call, handle_, &components, &view), call, "gmm_fit");
    return core::mean_log_likelihood(view.log_likelihood, x_.n_rows());
  }

  /// The next parameters from the sums, or with none only their preparation.
  samebits_gmm_defect update(parameters& p, sums* s, double reg_covar) const {
    samebits_call call = make_call(ctx_);
    samebits_gmm_parameters view{p.n_components,        p.n_cols,
                                 p.weights.data(),      p.means.data(),
                                 p.covariances.data(),  p.inverse_factors.data(),
                                 p.log_constants.data()};
    const samebits_gmm_sums sums_view = s == nullptr ? samebits_gmm_sums{} : s->view();
    samebits_gmm_defect defect{-1, 0};
    require_ok(control_->gmm_update(&call, s == nullptr ? nullptr : &sums_view, reg_covar, &view, &defect), call,
               "gmm_fit");
    return defect;
  }

  std::int64_t draw_seed(const parameters& metric, stream_id stream, std::uint64_t first_draw,
                         std::int64_t chosen) const {
    samebits_call call = make_call(ctx_);
    const samebits_gmm_components components = metric.components();
    std::int64_t picked = 0;
    require_ok(
        ctx_.table()->gmm_seed(&call, handle_, &components, stream.seed, stream.task, first_draw, chosen, &picked),
        call, "gmm_fit");
    return picked;
  }

 private:
  const context& ctx_;
  const samebits_backend* control_;
  matrix_view<const double> x_;
  void* handle_ = nullptr;
};

/// Passes over rows with NaN or infinity have no finite log-likelihood, so the rows need no look before that happens.
void require_finite_result(const problem& rows, double log_likelihood, const std::string& where) {
  if (!std::isfinite(log_likelihood)) {
    require_finite("x", rows.x());
    throw numerical_failure("gmm_fit: the log-likelihood overflows " + where +
                            "; x reaches too far from the means for its covariances");
  }
}

// ---- the start ---------------------------------------------------------------------------------------------------

/// Makes the first component's covariance the identity, ready for a pass.
void set_unit_covariance(const problem& rows, parameters& p) {
  std::fill(p.covariances.begin(), p.covariances.end(), 0.0);
  for (std::int64_t a = 0; a < p.n_cols; ++a) {
    p.covariances[a * p.n_cols + a] = 1;
  }
  rows.update(p, nullptr, 0);
}

/// Mean and covariance of all rows, as a mixture of one component: a pass to find the mean and one centred on it.
parameters fit_all_rows(const problem& rows, double reg_covar) {
  parameters p(1, rows.x().n_cols());
  sums s(1, rows.x().n_cols());
  p.weights[0] = 1;
  const std::span<const double> first_row = rows.x().row(0);
  p.means.assign(first_row.begin(), first_row.end());
  samebits_gmm_defect defect{-1, 0};
  for (int pass = 0; pass < 2; ++pass) {
    set_unit_covariance(rows, p);
    require_finite_result(rows, rows.step(p, &s), "at the start");
    defect = rows.update(p, &s, reg_covar);
  }
  if (defect.component >= 0) {
    throw numerical_failure("gmm_fit: the covariance of x is singular at column " + text(defect.column) +
                            " (counted from 0) with reg_covar " + text(reg_covar) +
                            "; raise reg_covar, or drop or rescale the column");
  }
  return p;
}

/// Rows drawn by k-means++ as means. Draw number (restart k + j) n_rows + i of the stream decides for seed j and row i.
void draw_means(const problem& rows, const parameters& all_rows, const gmm_options& o, std::int64_t restart,
                parameters& p) {
  const std::uint64_t n_rows = static_cast<std::uint64_t>(rows.x().n_rows());
  std::int64_t chosen = -1;
  for (std::int64_t j = 0; j < p.n_components; ++j) {
    const std::uint64_t first_draw = static_cast<std::uint64_t>(restart * p.n_components + j) * n_rows;
    chosen = rows.draw_seed(all_rows, {o.seed, o.task}, first_draw, chosen);
    const std::span<const double> row = rows.x().row(chosen);
    std::copy(row.begin(), row.end(), p.means.begin() + j * p.n_cols);
  }
}

parameters start(const problem& rows, const std::optional<parameters>& all_rows, const gmm_options& o,
                 std::int64_t restart) {
  const std::int64_t n = rows.x().n_cols();
  const std::int64_t k = o.n_components;
  parameters p(k, n);
  if (o.weights_init.empty()) {
    std::fill(p.weights.begin(), p.weights.end(), core::equal_weight(k));
  } else {
    std::copy(o.weights_init.begin(), o.weights_init.end(), p.weights.begin());
  }
  if (o.means_init.empty()) {
    draw_means(rows, *all_rows, o, restart, p);
  } else {
    std::copy_n(o.means_init.data(), k * n, p.means.begin());
  }
  if (o.covariances_init.empty()) {
    for (std::int64_t i = 0; i < k * n * n; ++i) {
      p.covariances[i] = core::shrunk_covariance(all_rows->covariances[i % (n * n)], k, n);
    }
  } else {
    std::copy_n(o.covariances_init.data(), k * n * n, p.covariances.begin());
  }
  const samebits_gmm_defect defect = rows.update(p, nullptr, 0);
  if (defect.component >= 0) {
    refuse("covariances_init[" + text(defect.component) + "] is not positive definite at column " +
           text(defect.column) + " (counted from 0)");
  }
  return p;
}

// ---- the loop ----------------------------------------------------------------------------------------------------

/// Asks the callback. A floating-point mode that it sets ends with it.
bool goes_on(const gmm_options& o, const gmm_iteration& iteration) {
  const default_fp_environment environment;
  return !o.callback || o.callback(iteration);
}

gmm_model run(const problem& rows, const gmm_options& o, std::int64_t restart, parameters p) {
  sums s(p.n_components, p.n_cols);
  double before = 0;
  for (std::int64_t iteration = 0;; ++iteration) {
    const bool last = iteration == o.max_iter;
    const double log_likelihood = rows.step(p, last ? nullptr : &s);
    require_finite_result(rows, log_likelihood, "at iteration " + text(iteration));
    if (!goes_on(o, {restart, iteration, log_likelihood, p.weights, p.means, p.covariances})) {
      throw interrupted("gmm_fit: stopped by the callback at iteration " + text(iteration) + " of restart " +
                        text(restart));
    }
    const bool converged = iteration > 0 && core::has_converged(before, log_likelihood, o.tol);
    if (converged || last) {
      return {
          p.n_components, p.n_cols, std::move(p.weights), std::move(p.means), std::move(p.covariances), log_likelihood,
          iteration,      converged};
    }
    before = log_likelihood;
    const samebits_gmm_defect defect = rows.update(p, &s, o.reg_covar);
    if (defect.component >= 0) {
      throw numerical_failure("gmm_fit: the covariance of component " + text(defect.component) +
                              " is singular at column " + text(defect.column) + " (counted from 0) after iteration " +
                              text(iteration + 1) + " with reg_covar " + text(o.reg_covar) +
                              "; raise reg_covar or ask for fewer components");
    }
  }
}

}  // namespace

gmm_model gmm_fit(const context& ctx, matrix_view<const double> x, const gmm_options& options) {
  const default_fp_environment environment;
  check_arguments(x, options);
  const problem rows(ctx, x);
  std::optional<parameters> all_rows;
  if (options.means_init.empty() || options.covariances_init.empty()) {
    all_rows = fit_all_rows(rows, options.reg_covar);
  }
  const std::int64_t n_restarts = options.means_init.empty() ? options.n_init : 1;
  gmm_model best = run(rows, options, 0, start(rows, all_rows, options, 0));
  for (std::int64_t restart = 1; restart < n_restarts; ++restart) {
    gmm_model model = run(rows, options, restart, start(rows, all_rows, options, restart));
    if (best.log_likelihood < model.log_likelihood) {
      best = std::move(model);
    }
  }
  return best;
}

std::string gmm_digest(const gmm_model& model) {
  sha256 digest;
  digest.update(std::span(model.weights));
  digest.update(std::span(model.means));
  digest.update(std::span(model.covariances));
  digest.update(std::span(&model.log_likelihood, 1));
  return digest_text(digest.finish());
}

}  // namespace samebits
