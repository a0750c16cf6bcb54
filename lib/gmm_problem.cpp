#include "lib/gmm_problem.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lib/call.hpp"
#include "lib/registry.hpp"
#include "samebits/core/tree_sum.hpp"

namespace samebits::gmm {

// ---- parameters and sums -----------------------------------------------------------------------------------------

samebits_gmm_shape shape_of(covariance_type type) {
  return type == covariance_type::full || type == covariance_type::tied ? samebits_gmm_triangle : samebits_gmm_diagonal;
}

std::int64_t covariance_size(covariance_type type, std::int64_t n_cols) {
  return shape_of(type) == samebits_gmm_triangle ? n_cols * n_cols : n_cols;
}

bool is_tied(covariance_type type) {
  return type == covariance_type::tied || type == covariance_type::tied_diag || type == covariance_type::tied_spherical;
}

bool is_spherical(covariance_type type) {
  return type == covariance_type::spherical || type == covariance_type::tied_spherical;
}

namespace {

std::size_t in_memory(std::int64_t n) { return static_cast<std::size_t>(n); }

}  // namespace

parameters::parameters(covariance_type type_, std::int64_t k, std::int64_t n)
    : type(type_),
      n_components(k),
      n_cols(n),
      weights(in_memory(k)),
      means(in_memory(k * n)),
      covariances(in_memory(k * covariance_size(type_, n))),
      inverse_factors(covariances.size()),
      log_constants(in_memory(k)) {}

parameters::parameters(const gmm_model& model) : parameters(model.covariance, model.n_components, model.n_cols) {
  weights = model.weights;
  means = model.means;
  set_covariances(model.covariances.data());
}

samebits_gmm_components parameters::components() const {
  return {n_components, n_cols, shape_of(type), means.data(), inverse_factors.data(), log_constants.data()};
}

samebits_gmm_parameters parameters::view() {
  return {n_components,        n_cols, weights.data(), means.data(), covariances.data(), inverse_factors.data(),
          log_constants.data()};
}

std::vector<double> parameters::compact_covariances() const {
  const matrix_shape shape = covariances_shape(type, n_components, n_cols);
  if (!is_spherical(type)) {
    return {covariances.begin(), covariances.begin() + shape.n_rows * shape.n_cols};
  }
  std::vector<double> variances(in_memory(shape.n_rows));
  for (std::int64_t k = 0; k < shape.n_rows; ++k) {
    variances[in_memory(k)] = *covariance(k);
  }
  return variances;
}

void parameters::set_covariances(const double* compact) {
  const std::int64_t size = covariance_size(type, n_cols);
  for (std::int64_t k = 0; k < n_components; ++k) {
    const double* const from = compact + (is_tied(type) ? 0 : k * (is_spherical(type) ? 1 : size));
    for (std::int64_t i = 0; i < size; ++i) {
      covariance(k)[i] = from[is_spherical(type) ? 0 : i];
    }
  }
}

sums::sums(covariance_type type, std::int64_t k, std::int64_t n)
    : sum_0(in_memory(k)), sum_1(in_memory(k * n)), sum_2(in_memory(k * covariance_size(type, n))) {}

samebits_gmm_sums sums::view() { return {0, sum_0.data(), sum_1.data(), sum_2.data()}; }

bool is_host(const context& ctx) { return ctx.table()->gmm_update != nullptr; }

const samebits_backend* host_backend(const context& ctx) { return is_host(ctx) ? ctx.table() : best_cpu(); }

// ---- the problem -------------------------------------------------------------------------------------------------

namespace {

samebits_gmm_defect update_parameters(const context& ctx, const char* function, const samebits_gmm_sums* sums,
                                      const samebits_gmm_rules& rules, parameters& p) {
  samebits_call call = make_call(ctx);
  samebits_gmm_parameters view = p.view();
  samebits_gmm_defect defect{-1, 0};
  require_ok(host_backend(ctx)->gmm_update(&call, sums, &rules, &view, &defect), call, function);
  return defect;
}

/// Of passes side by side. By components where that keeps more threads busy.
samebits_gmm_order order_of(gmm_schedule schedule, const context& ctx, const data_view& x, std::int64_t n_components,
                            std::int64_t n_passes) {
  const std::int64_t n_leaves = n_passes * ((x.n_rows + core::leaf_rows - 1) / core::leaf_rows);
  const std::int64_t n_threads = ctx.n_threads();
  const bool by_components = schedule == gmm_schedule::components ||
                             (schedule == gmm_schedule::automatic && n_leaves < n_threads && n_leaves < n_components);
  return by_components ? samebits_gmm_by_components : samebits_gmm_by_rows;
}

}  // namespace

samebits_gmm_defect prepare(const context& ctx, const char* function, parameters& p) {
  samebits_gmm_rules rules{};
  rules.covariance = static_cast<std::int32_t>(p.type);
  return update_parameters(ctx, function, nullptr, rules, p);
}

problem::problem(const context& ctx, const char* function, const data_view& x, std::span<const double> sample_weights,
                 gmm_schedule schedule)
    : ctx_(ctx), function_(function), x_(x), schedule_(schedule), has_run_loop_(ctx.table()->gmm_run != nullptr) {
  if (!sample_weights.empty()) {
    largest_weight_ = *std::max_element(sample_weights.begin(), sample_weights.end());
  }
  samebits_call call = make_call(ctx_);
  const samebits_gmm_data data{x.x, x.dtype, x.n_rows, x.n_cols,
                               sample_weights.empty() ? nullptr : sample_weights.data()};
  require_ok(ctx_.table()->gmm_open(&call, &data, &handle_), call, function_);
}

problem::~problem() { ctx_.table()->gmm_close(handle_); }

void problem::step(std::span<pass> passes) const {
  std::vector<samebits_gmm_step> steps;
  for (const pass& p : passes) {
    const samebits_gmm_sums into = p.into == nullptr ? samebits_gmm_sums{} : p.into->view();
    steps.push_back({p.mixture->components(), p.source.shares, p.source.responsibilities, p.source.stream.seed,
                     p.source.stream.task, p.source.first_draw, into});
  }
  samebits_call call = make_call(ctx_);
  const samebits_gmm_order order =
      order_of(schedule_, ctx_, x_, passes.front().mixture->n_components, std::ssize(passes));
  require_ok(ctx_.table()->gmm_step(&call, handle_, order, std::ssize(steps), steps.data()), call, function_);
  for (std::size_t i = 0; i < passes.size(); ++i) {
    passes[i].log_likelihood = steps[i].sums.log_likelihood;
  }
}

double problem::step(const parameters& p, sums* into, const share_source& source) const {
  pass one{&p, into, source};
  step(std::span(&one, 1));
  return one.log_likelihood;
}

bool problem::run_on(std::span<long_run> runs, samebits_gmm_rules rules, double tolerance) const {
  constexpr std::int64_t most_at_once = 4096;  // they take memory
  complete(rules, *runs.front().mixture);
  std::vector<samebits_gmm_run> all;
  std::vector<std::vector<double>> traces;
  for (const long_run& r : runs) {
    const std::int64_t most_updates = std::min(r.most_updates, most_at_once);
    traces.emplace_back(in_memory(most_updates));
    const double before = r.trace->empty() ? std::numeric_limits<double>::quiet_NaN() : r.trace->back();
    all.push_back({r.rows.first, r.rows.n, r.rows.sum_of_weights, r.rows.smallest_variance, r.rows.reg_covar,
                   r.mixture->view(), r.into->view(), before, most_updates, 0, traces.back().data()});
  }
  samebits_call call = make_call(ctx_);
  std::int32_t has_loop = 0;
  require_ok(ctx_.table()->gmm_run(&call, handle_, &rules, tolerance, std::ssize(all), all.data(), &has_loop), call,
             function_);
  has_run_loop_ = has_loop != 0;
  for (std::size_t i = 0; has_run_loop_ && i < runs.size(); ++i) {
    runs[i].log_likelihood = all[i].sums.log_likelihood;
    runs[i].trace->insert(runs[i].trace->end(), traces[i].begin(), traces[i].begin() + all[i].n_updates);
  }
  return has_run_loop_;
}

void problem::rows(const parameters& p, const samebits_gmm_rows& out) const {
  samebits_call call = make_call(ctx_);
  const samebits_gmm_components components = p.components();
  require_ok(ctx_.table()->gmm_rows(&call, handle_, &components, &out), call, function_);
}

std::vector<double> problem::draw_seeds(const parameters& metric, stream_id stream, std::uint64_t first_draw,
                                        std::int64_t n_runs, std::int64_t n_seeds, std::int64_t first_row) const {
  std::vector<double> seeds(in_memory(n_runs * n_seeds * x_.n_cols));
  const samebits_gmm_seeding seeding{metric.components(), stream.seed, stream.task, first_draw, n_runs, n_seeds,
                                     first_row,           seeds.data()};
  samebits_call call = make_call(ctx_);
  require_ok(ctx_.table()->gmm_seed(&call, handle_, &seeding), call, function_);
  return seeds;
}

void problem::complete(samebits_gmm_rules& rules, const parameters& p) const {
  rules.dtype = x_.dtype;
  rules.covariance = static_cast<std::int32_t>(p.type);
}

samebits_gmm_defect problem::update(parameters& p, sums& s, samebits_gmm_rules rules) const {
  complete(rules, p);
  const samebits_gmm_sums view = s.view();
  return update_parameters(ctx_, function_, &view, rules, p);
}

}  // namespace samebits::gmm
