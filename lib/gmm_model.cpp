// What one does with a mixture: labels, scores, samples.
#include "lib/gmm_model.hpp"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "lib/call.hpp"
#include "lib/fp_environment.hpp"
#include "lib/gmm_checks.hpp"
#include "lib/host_rows.hpp"
#include "lib/random.hpp"
#include "samebits/core/gmm.hpp"
#include "samebits/core/multivariate.hpp"

namespace samebits {
namespace gmm {

// ---- checks ------------------------------------------------------------------------------------------------------

namespace {

void require_size(const char* function, const char* name, const std::vector<double>& values, std::int64_t size) {
  if (std::ssize(values) != size) {
    refuse(function, std::string("model.") + name + " has " + counted(std::ssize(values), "element") +
                         " but must have " + text(size));
  }
}

void require_weights(const char* function, const std::vector<double>& weights) {
  double sum = 0;
  for (std::size_t k = 0; k < weights.size(); ++k) {
    if (!(weights[k] >= 0) || !std::isfinite(weights[k])) {
      refuse(function,
             "model.weights[" + std::to_string(k) + "] is " + text(weights[k]) + " but must be finite and at least 0");
    }
    sum += weights[k];
  }
  if (!(std::abs(sum - 1) <= 1e-6)) {
    refuse(function, "model.weights sums to " + text(sum) + " but must sum to 1");
  }
}

void require_shape(const char* function, const gmm_model& model) {
  if (std::find(std::begin(covariance_types), std::end(covariance_types), model.covariance) ==
      std::end(covariance_types)) {
    refuse(function, "model.covariance is " + text(static_cast<std::int64_t>(model.covariance)) + ", which is no type");
  }
  if (model.n_cols < 1) {
    refuse(function, "model.n_cols is " + text(model.n_cols) + " but must be at least 1");
  }
  check_components(function, model.n_components, model.covariance, model.n_cols);
  const matrix_shape shape = covariances_shape(model.covariance, model.n_components, model.n_cols);
  require_size(function, "weights", model.weights, model.n_components);
  require_size(function, "means", model.means, model.n_components * model.n_cols);
  require_size(function, "covariances", model.covariances, shape.n_rows * shape.n_cols);
}

/// All of the checks but that covariances are positive definite.
void require_numbers(const char* function, const gmm_model& model) {
  require_shape(function, model);
  require_weights(function, model.weights);
  const matrix_shape shape = covariances_shape(model.covariance, model.n_components, model.n_cols);
  require_finite(function, "model.means",
                 matrix_view<const double>(model.means.data(), model.n_components, model.n_cols));
  const matrix_view<const double> covariances(model.covariances.data(), shape.n_rows, shape.n_cols);
  require_finite(function, "model.covariances", covariances);
  if (shape_of(model.covariance) == samebits_gmm_triangle) {
    check_symmetric(function, "model.covariances", covariances, model.covariance);
  }
}

[[noreturn]] void refuse_covariance(const char* function, const gmm_model& model, std::int64_t k, std::int64_t column) {
  refuse(function, spread_name("model.covariances", k, model.covariance) + " is not positive definite at column " +
                       text(column) + " (counted from 0)");
}

void require_positive_definite(const char* function, const gmm_model& model) {
  const std::int64_t n = model.n_cols;
  std::vector<double> factor(n * n);
  for (std::int64_t i = 0; i < std::ssize(model.covariances); i += n * n) {
    const double* const covariance = model.covariances.data() + i;
    std::copy_n(covariance, n * n, factor.begin());
    const std::int64_t rank = core::cholesky_upper(factor.data(), covariance, n);
    if (rank < n) {
      refuse_covariance(function, model, i / (n * n), rank);
    }
  }
}

void require_positive(const char* function, const gmm_model& model) {
  const std::int64_t n = covariances_shape(model.covariance, model.n_components, model.n_cols).n_cols;
  for (std::int64_t i = 0; i < std::ssize(model.covariances); ++i) {
    if (!(model.covariances[i] > 0)) {
      refuse_covariance(function, model, i / n, i % n);
    }
  }
}

}  // namespace

void require_valid(const char* function, const gmm_model& model) {
  require_numbers(function, model);
  if (shape_of(model.covariance) == samebits_gmm_triangle) {
    require_positive_definite(function, model);
  } else {
    require_positive(function, model);
  }
}

parameters prepared(const context& ctx, const char* function, const gmm_model& model) {
  require_numbers(function, model);
  parameters p(model);
  const samebits_gmm_defect defect = prepare(ctx, function, p);
  if (defect.component >= 0) {
    refuse_covariance(function, model, defect.component, defect.column);
  }
  return p;
}

void require_columns(const char* function, const gmm_model& model, const data_view& x) {
  if (x.n_cols != model.n_cols) {
    refuse(function, "x has " + counted(x.n_cols, "column") + " but the model has " + text(model.n_cols));
  }
  if (x.n_rows != 0) {
    check_rows(function, x);
  }
}

void require_memory(const char* function, const char* name, const void* data, std::int64_t size) {
  if (data == nullptr && size > 0) {
    refuse(function, std::string(name) + " is NULL but must have room for " + counted(size, "element"));
  }
}

void require_memory(const char* function, const char* name, const void* data, std::int64_t n_rows,
                    std::int64_t n_cols) {
  if (data == nullptr && n_rows > 0 && n_cols > 0) {
    refuse(function,
           std::string(name) + " is NULL but must have room for " + text(n_rows) + " x " + text(n_cols) + " elements");
  }
}

void require_rows(const char* function, const gmm_model& model, const data_view& x) {
  check_rows(function, x);
  require_columns(function, model, x);
}

double sum_of_weights(const context& ctx, const char* function, std::span<const double> sample_weights,
                      const data_view& x) {
  check_sample_weights(ctx, function, sample_weights, x);
  if (sample_weights.empty()) {
    return static_cast<double>(x.n_rows);
  }
  row_sum sum;
  sum.add(sample_weights);
  return sum.finish();
}

// ---- rows --------------------------------------------------------------------------------------------------------

void refuse_row(const context& ctx, const char* function, const data_view& x, std::int64_t row) {
  require_finite(ctx, function, "x", x);
  throw numerical_failure(std::string(function) + ": row " + text(row) +
                          " of x (counted from 0) is so far from every component that its squared distances overflow");
}

std::int64_t block_rows(const context& ctx, std::int64_t values_per_row) {
  constexpr std::int64_t block_values = 1 << 20;
  const std::int64_t leaves = block_values / values_per_row / core::leaf_rows;
  return core::leaf_rows * std::max<std::int64_t>(leaves, ctx.n_threads());
}

namespace {

/// Where the results of rows go; each pointer may be NULL.
template <class T>
struct row_results {
  T* responsibilities = nullptr;   // [n_rows x k]
  T* log_likelihoods = nullptr;    // [n_rows]
  std::int64_t* labels = nullptr;  // [n_rows]

  row_results from(std::int64_t row, std::int64_t n_components) const {
    return {responsibilities == nullptr ? nullptr : responsibilities + row * n_components,
            log_likelihoods == nullptr ? nullptr : log_likelihoods + row, labels == nullptr ? nullptr : labels + row};
  }
};

/// The results of rows first .. first + n - 1 of x, in memory of their own. Rows with NaN or infinity have no finite
/// log-likelihood, so x needs no look before that happens.
template <class T>
void compute_block(const context& ctx, const char* function, const parameters& mixture, const data_view& x,
                   std::int64_t first, std::int64_t n, row_results<T> out) {
  std::vector<T> scratch;
  if (out.log_likelihoods == nullptr) {
    scratch.resize(n);
    out.log_likelihoods = scratch.data();
  }
  const samebits_gmm_rows rows{nullptr, nullptr, out.responsibilities, out.log_likelihoods, out.labels};
  problem(ctx, function, x.rows(first, n), {}).rows(mixture, rows);
  const matrix_view<const T> log_likelihoods(out.log_likelihoods, n, 1);
  if (is_finite_on_device(ctx, function, log_likelihoods)) {
    return;
  }
  const host_rows read(ctx, function, log_likelihoods);
  for (std::int64_t i = 0; i < n; ++i) {
    if (!std::isfinite(read.view()(i, 0))) {
      refuse_row(ctx, function, x, first + i);
    }
  }
}

/// Calls use(first, n) for blocks of rows of x that follow each other.
template <class Function>
void in_blocks(const context& ctx, const data_view& x, std::int64_t values_per_row, const Function& use) {
  const std::int64_t rows = block_rows(ctx, values_per_row);
  for (std::int64_t first = 0; first < x.n_rows; first += rows) {
    use(first, std::min(rows, x.n_rows - first));
  }
}

template <class T>
void compute_rows(const context& ctx, const char* function, const gmm_model& model, const data_view& x,
                  const row_results<T>& out) {
  const parameters mixture = prepared(ctx, function, model);
  require_columns(function, model, x);
  in_blocks(ctx, x, 1, [&](std::int64_t first, std::int64_t n) {
    compute_block(ctx, function, mixture, x, first, n, out.from(first, mixture.n_components));
  });
}

template <class T>
void compute_responsibilities(const context& ctx, const char* function, const parameters& mixture, const data_view& x,
                              const std::function<void(const row_block&)>& use) {
  std::vector<T> block;
  std::vector<double> wide;
  in_blocks(ctx, x, mixture.n_components, [&](std::int64_t first, std::int64_t n) {
    block.resize(n * mixture.n_components);
    compute_block<T>(ctx, function, mixture, x, first, n, {block.data(), nullptr, nullptr});
    if constexpr (std::is_same_v<T, double>) {
      use({first, n, block.data()});
    } else {
      wide.assign(block.begin(), block.end());
      use({first, n, wide.data()});
    }
  });
}

}  // namespace

void for_each_block(const context& ctx, const char* function, const parameters& mixture, const data_view& x,
                    const std::function<void(const row_block&)>& use) {
  if (x.dtype == SAMEBITS_FLOAT32) {
    compute_responsibilities<float>(ctx, function, mixture, x, use);
  } else {
    compute_responsibilities<double>(ctx, function, mixture, x, use);
  }
}

double total_log_likelihood(const context& ctx, const char* function, const parameters& mixture, const data_view& x,
                            std::span<const double> sample_weights) {
  const double total = problem(ctx, function, x, sample_weights).step(mixture, nullptr);
  if (!std::isfinite(total)) {
    for_each_block(ctx, function, mixture, x, [](const row_block&) {});  // throws if a row is the reason
    throw numerical_failure(std::string(function) + ": the log-likelihood of all rows overflows");
  }
  return total;
}

void log_of(const context& ctx, const char* function, std::span<const double> in, double* out) {
  samebits_call call = make_call(ctx);
  require_ok(host_backend(ctx)->map(&call, samebits_map_log, in.data(), static_cast<std::int64_t>(in.size()), out),
             call, function);
}

}  // namespace gmm

// ---- the model ---------------------------------------------------------------------------------------------------

void gmm_require_valid(const gmm_model& model) {
  const default_fp_environment environment;
  gmm::require_valid("gmm_require_valid", model);
}

std::vector<double> gmm_covariance(const gmm_model& model, std::int64_t k) {
  const default_fp_environment environment;
  gmm::require_shape("gmm_covariance", model);
  if (k < 0 || k >= model.n_components) {
    refuse("gmm_covariance", "k is " + text(k) + " but the model has " + counted(model.n_components, "component"));
  }
  const gmm::parameters p(model);
  const std::int64_t n = p.n_cols;
  if (gmm::shape_of(p.type) == samebits_gmm_triangle) {
    return {p.covariance(k), p.covariance(k) + n * n};
  }
  std::vector<double> covariance(n * n);
  for (std::int64_t a = 0; a < n; ++a) {
    covariance[a * n + a] = p.covariance(k)[a];
  }
  return covariance;
}

// ---- rows --------------------------------------------------------------------------------------------------------

namespace {

void require_length(const char* function, const char* name, std::size_t size, std::int64_t n_rows) {
  if (n_rows < 0 || static_cast<std::int64_t>(size) != n_rows) {
    refuse(function, std::string(name) + " has " + counted(static_cast<std::int64_t>(size), "element") + " but x has " +
                         counted(n_rows, "row"));
  }
}

template <class T>
void predict(const context& ctx, const gmm_model& model, matrix_view<const T> x, std::span<std::int64_t> labels) {
  const default_fp_environment environment;
  require_length("gmm_predict", "labels", labels.size(), x.n_rows());
  gmm::require_memory("gmm_predict", "labels", labels.data(), x.n_rows());
  gmm::compute_rows<T>(ctx, "gmm_predict", model, x, {nullptr, nullptr, labels.data()});
}

template <class T>
void predict_proba(const context& ctx, const gmm_model& model, matrix_view<const T> x, matrix_view<T> out) {
  const default_fp_environment environment;
  check_shape("gmm_predict_proba", "out", out.n_rows(), out.n_cols(), x.n_rows(), model.n_components);
  gmm::require_memory("gmm_predict_proba", "out", out.data(), out.n_rows(), out.n_cols());
  gmm::compute_rows<T>(ctx, "gmm_predict_proba", model, x, {out.data(), nullptr, nullptr});
}

template <class T>
void score_samples(const context& ctx, const gmm_model& model, matrix_view<const T> x, std::span<T> out) {
  const default_fp_environment environment;
  require_length("gmm_score_samples", "out", out.size(), x.n_rows());
  gmm::require_memory("gmm_score_samples", "out", out.data(), x.n_rows());
  gmm::compute_rows<T>(ctx, "gmm_score_samples", model, x, {nullptr, out.data(), nullptr});
}

double score(const context& ctx, const gmm_model& model, const data_view& x, std::span<const double> sample_weights) {
  const default_fp_environment environment;
  gmm::require_rows("gmm_score", model, x);
  const double sum = gmm::sum_of_weights(ctx, "gmm_score", sample_weights, x);
  const gmm::parameters mixture = gmm::prepared(ctx, "gmm_score", model);
  return core::mean_log_likelihood(gmm::total_log_likelihood(ctx, "gmm_score", mixture, x, sample_weights), sum);
}

}  // namespace

void gmm_predict(const context& ctx, const gmm_model& model, matrix_view<const double> x,
                 std::span<std::int64_t> labels) {
  predict(ctx, model, x, labels);
}
void gmm_predict(const context& ctx, const gmm_model& model, matrix_view<const float> x,
                 std::span<std::int64_t> labels) {
  predict(ctx, model, x, labels);
}

void gmm_predict_proba(const context& ctx, const gmm_model& model, matrix_view<const double> x,
                       matrix_view<double> out) {
  predict_proba(ctx, model, x, out);
}
void gmm_predict_proba(const context& ctx, const gmm_model& model, matrix_view<const float> x, matrix_view<float> out) {
  predict_proba(ctx, model, x, out);
}

void gmm_score_samples(const context& ctx, const gmm_model& model, matrix_view<const double> x, std::span<double> out) {
  score_samples(ctx, model, x, out);
}
void gmm_score_samples(const context& ctx, const gmm_model& model, matrix_view<const float> x, std::span<float> out) {
  score_samples(ctx, model, x, out);
}

double gmm_score(const context& ctx, const gmm_model& model, matrix_view<const double> x,
                 std::span<const double> sample_weights) {
  return score(ctx, model, x, sample_weights);
}
double gmm_score(const context& ctx, const gmm_model& model, matrix_view<const float> x,
                 std::span<const double> sample_weights) {
  return score(ctx, model, x, sample_weights);
}

// ---- samples -----------------------------------------------------------------------------------------------------

namespace {

/// What rows of samples are made with: for each component its mean, then its Cholesky factor or standard deviations.
struct sample_factors {
  explicit sample_factors(const gmm_model& model);

  void make_row(std::int64_t label, double* normals, double* row) const {
    const double* const mean = means_and_factors.data() + label * stride;
    if (is_diagonal) {
      core::diagonal_normal_row(mean, mean + n_cols, n_cols, normals, row);
    } else {
      core::multivariate_normal_sampler(n_cols, mean).make_row({}, normals, row);
    }
  }

  bool is_diagonal;
  std::int64_t n_cols;
  std::int64_t stride;
  std::vector<double> means_and_factors;
};

/// L of the covariance L L^T.
void lower_factor(const double* covariance, std::int64_t n, double* lower) {
  std::vector<double> upper(covariance, covariance + n * n);
  core::cholesky_upper(upper.data(), covariance, n);
  for (std::int64_t a = 0; a < n; ++a) {
    for (std::int64_t b = 0; b <= a; ++b) {
      lower[a * n + b] = upper[b * n + a];
    }
  }
}

sample_factors::sample_factors(const gmm_model& model)
    : is_diagonal(gmm::shape_of(model.covariance) == samebits_gmm_diagonal),
      n_cols(model.n_cols),
      stride(n_cols + gmm::covariance_size(model.covariance, n_cols)),
      means_and_factors(model.n_components * stride) {
  const gmm::parameters p(model);
  for (std::int64_t k = 0; k < p.n_components; ++k) {
    double* const mean = means_and_factors.data() + k * stride;
    std::copy_n(p.means.data() + k * n_cols, n_cols, mean);
    if (is_diagonal) {
      core::standard_deviations(p.covariance(k), n_cols, mean + n_cols);
    } else {
      lower_factor(p.covariance(k), n_cols, mean + n_cols);
    }
  }
}

void check_sample(const context& ctx, const gmm_model& model, std::uint64_t first, matrix_view<double> out,
                  std::span<std::int64_t> labels) {
  constexpr const char* function = "gmm_sample";
  require_on_host(ctx, function, "out", out.data());
  require_on_host(ctx, function, "labels", labels.data());
  gmm::require_valid(function, model);
  if (out.n_rows() < 0 || out.n_cols() != model.n_cols) {
    refuse(function, "out is " + text(out.n_rows()) + " x " + text(out.n_cols()) + " but the model has " +
                         counted(model.n_cols, "column"));
  }
  gmm::require_memory(function, "out", out.data(), out.n_rows(), out.n_cols());
  if (!labels.empty() && std::ssize(labels) != out.n_rows()) {
    refuse(function,
           "labels has " + counted(std::ssize(labels), "element") + " but out has " + counted(out.n_rows(), "row"));
  }
  gmm::require_memory(function, "labels", labels.data(), std::ssize(labels));
  const std::uint64_t length = (std::uint64_t{1} << 60) / static_cast<std::uint64_t>(model.n_cols);
  if (first > length || static_cast<std::uint64_t>(out.n_rows()) > length - first) {
    refuse(function, "first is " + std::to_string(first) + " and out has " + counted(out.n_rows(), "row") +
                         ", but the sample of " + counted(model.n_cols, "column") + " ends after " +
                         std::to_string(length));
  }
}

/// Rows first .. first + n - 1 of the sample.
void sample_block(const context& ctx, const gmm_model& model, const sample_factors& factors, stream_id stream,
                  std::uint64_t first, std::int64_t n, double* out, std::int64_t* labels) {
  constexpr std::int64_t task_rows = 256;
  const std::int64_t n_cols = factors.n_cols;
  const auto size = static_cast<std::uint64_t>(n);
  const auto row_size = static_cast<std::uint64_t>(n_cols);
  std::vector<double> normals(n * n_cols);
  fill_named("gmm_sample", ctx, dist::categorical{model.weights}, stream.child(0), first, size, SAMEBITS_INT64, labels);
  fill_named("gmm_sample", ctx, dist::normal{}, stream.child(1), first * row_size, size * row_size, SAMEBITS_FLOAT64,
             normals.data());
  over_threads(gmm::threads_for(ctx, n * n_cols), (n + task_rows - 1) / task_rows, [&](std::int64_t task) {
    for (std::int64_t i = task * task_rows; i < std::min(n, (task + 1) * task_rows); ++i) {
      factors.make_row(labels[i], normals.data() + i * n_cols, out + i * n_cols);
    }
  });
}

}  // namespace

void gmm_sample(const context& ctx, const gmm_model& model, stream_id stream, std::uint64_t first,
                matrix_view<double> out, std::span<std::int64_t> labels) {
  const default_fp_environment environment;
  check_sample(ctx, model, first, out, labels);
  const sample_factors factors(model);
  const std::int64_t rows = std::min(out.n_rows(), gmm::block_rows(ctx, model.n_cols));
  std::vector<std::int64_t> block_labels(labels.empty() ? rows : 0);
  for (std::int64_t done = 0; done < out.n_rows(); done += rows) {
    sample_block(ctx, model, factors, stream, first + static_cast<std::uint64_t>(done),
                 std::min(rows, out.n_rows() - done), out.data() + done * model.n_cols,
                 labels.empty() ? block_labels.data() : labels.data() + done);
  }
}

}  // namespace samebits
