// Numbers to choose a mixture by.
#include <algorithm>

#include "lib/fp_environment.hpp"
#include "lib/gmm_model.hpp"
#include "samebits/core/gmm.hpp"

namespace samebits {
namespace {

/// Variances and covariances that the type leaves free.
std::int64_t n_free_covariances(const gmm_model& model) {
  const std::int64_t n = model.n_cols;
  const std::int64_t k = model.n_components;
  switch (model.covariance) {
    case covariance_type::full: return k * core::triangle_size(n);
    case covariance_type::tied: return core::triangle_size(n);
    case covariance_type::diag: return k * n;
    case covariance_type::spherical: return k;
    case covariance_type::tied_diag: return n;
    case covariance_type::tied_spherical: return 1;
  }
  return 0;
}

double total_entropy(const context& ctx, const gmm::parameters& mixture, const data_view& x,
                     std::span<const double> sample_weights) {
  constexpr const char* function = "gmm_evaluate";
  const std::int64_t k = mixture.n_components;
  row_sum sum;
  std::vector<double> logs;
  gmm::for_each_block(ctx, function, mixture, x, [&](const gmm::row_block& block) {
    logs.resize(block.n_rows * k);
    gmm::log_of(ctx, function, {block.responsibilities, logs.size()}, logs.data());
    gmm::add_entropies(ctx, block.n_rows, {block.responsibilities, logs.data(), k, k, 1},
                       sample_weights.empty() ? nullptr : sample_weights.data() + block.first, sum);
  });
  return sum.finish();
}

gmm_criteria evaluate(const context& ctx, const gmm_model& model, const data_view& x,
                      std::span<const double> sample_weights) {
  constexpr const char* function = "gmm_evaluate";
  const default_fp_environment environment;
  gmm::require_rows(function, model, x);
  const double n = gmm::sum_of_weights(ctx, function, sample_weights, x);
  const gmm::parameters mixture = gmm::prepared(ctx, function, model);
  gmm_criteria c{};
  c.n_parameters = gmm_n_parameters(model);
  const auto n_parameters = static_cast<double>(c.n_parameters);
  c.log_likelihood = gmm::total_log_likelihood(ctx, function, mixture, x, sample_weights);
  c.aic = core::akaike_criterion(c.log_likelihood, n_parameters);
  c.bic = core::bayesian_criterion(c.log_likelihood, n_parameters, n);
  c.entropy = total_entropy(ctx, mixture, x, sample_weights);
  c.icl = core::integrated_criterion(c.bic, c.entropy);
  return c;
}

}  // namespace

void gmm::add_entropies(const context& ctx, std::int64_t n_rows, const share_view& view, const double* weights,
                        row_sum& sum) {
  std::vector<double> entropies(n_rows);
  over_threads(threads_for(ctx, n_rows * view.n_components), (n_rows + core::leaf_rows - 1) / core::leaf_rows,
               [&](std::int64_t leaf) {
                 const std::int64_t first = leaf * core::leaf_rows;
                 for (std::int64_t i = first; i < std::min(n_rows, first + core::leaf_rows); ++i) {
                   entropies[i] =
                       core::row_entropy(weights == nullptr ? 1.0 : weights[i], view.shares + i * view.row_stride,
                                         view.logs + i * view.row_stride, view.n_components, view.component_stride);
                 }
               });
  sum.add(entropies);
}

std::int64_t gmm_n_parameters(const gmm_model& model) {
  return model.n_components - 1 + model.n_components * model.n_cols + n_free_covariances(model);
}

gmm_criteria gmm_evaluate(const context& ctx, const gmm_model& model, matrix_view<const double> x,
                          std::span<const double> sample_weights) {
  return evaluate(ctx, model, x, sample_weights);
}
gmm_criteria gmm_evaluate(const context& ctx, const gmm_model& model, matrix_view<const float> x,
                          std::span<const double> sample_weights) {
  return evaluate(ctx, model, x, sample_weights);
}

}  // namespace samebits
