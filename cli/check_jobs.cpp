#include "cli/check_jobs.hpp"

#include <string_view>

#include "cli/check_stages.hpp"
#include "samebits/datasets.hpp"
#include "samebits/gmm_fit_each.hpp"
#include "samebits/math.hpp"
#include "samebits/permutation.hpp"
#include "samebits/random.hpp"

namespace samebits::cli {
namespace {

// ---- streams and functions ---------------------------------------------------------------------------------------

constexpr std::size_t n_elements = n_check_elements;
constexpr stream_id stream = check_stream;

std::vector<stage> words_job(const context& ctx) {
  std::vector<std::uint32_t> words(n_elements);
  fill_words(ctx, stream, 5, words);
  sha256 digest;
  digest.update(std::as_bytes(std::span(words)));
  return {{"fill", short_digest(digest)}};
}

template <auto Fill>
std::vector<stage> fill_job(const context& ctx) {
  std::vector<double> values(n_elements);
  Fill(ctx, stream, 5, values);
  return {stage_of("fill", {values})};
}

template <class T>
stage filled_stage(const context& ctx, const std::string& name, const samebits_distribution& d, std::size_t n) {
  std::vector<T> samples(n * static_cast<std::size_t>(row_size(d)));
  fill(ctx, d, stream, 5, std::span<T>(samples));
  sha256 digest;
  digest.update(std::as_bytes(std::span<const T>(samples)));
  return {name, short_digest(digest)};
}

stage distribution_stage(const context& ctx, const distribution_info& info, const samebits_distribution& d,
                         samebits_dtype dtype, std::size_t n) {
  const std::string name = info.name;
  switch (dtype) {
    case SAMEBITS_FLOAT64: return filled_stage<double>(ctx, name, d, n);
    case SAMEBITS_FLOAT32: return filled_stage<float>(ctx, name + " float32", d, n);
    case SAMEBITS_INT64: return filled_stage<std::int64_t>(ctx, name, d, n);
    case SAMEBITS_UINT64: return filled_stage<std::uint64_t>(ctx, name, d, n);
    case SAMEBITS_UINT32: break;
  }
  return filled_stage<std::uint32_t>(ctx, name, d, n);
}

/// Every distribution, in every type of its samples: the standard member of each family, tables where it needs some.
std::vector<stage> distributions_job(const context& ctx) {
  constexpr std::size_t n_samples = 5'003;
  static constexpr double table[] = {0.5, 2, 0.25, 1, 0, 3};  // also mean (0.5, 2) and factor ((0.25, 1), (0, 3))
  std::vector<stage> stages;
  for (const distribution_info& info : list_distributions()) {
    samebits_distribution d;
    samebits_distribution_init(&d, info.kind);
    d.count = info.count == nullptr            ? 0
              : info.kind == SAMEBITS_BINOMIAL ? 100
              : info.kind == SAMEBITS_INTEGERS ? 1000
                                               : 2;
    if (info.values != nullptr) {
      d.values = table;
      d.n_values = info.kind == SAMEBITS_DIRICHLET ? 4 : 6;
    }
    for (const samebits_dtype dtype : info.dtypes) {
      stages.push_back(distribution_stage(ctx, info, d, dtype, n_samples));
    }
  }
  return stages;
}

std::vector<stage> permutation_job(const context& ctx) {
  std::vector<std::int64_t> numbers(n_elements);
  permutation(ctx, stream, numbers);
  return {stage_of("permute", std::as_bytes(std::span(numbers)))};
}

/// Arguments over the whole domain: exp over [-750, 750), log over its results and their reciprocals.
std::vector<double> arguments(const context& ctx) {
  std::vector<double> x(n_elements);
  fill_uniform(ctx, stream, 0, x);
  for (double& value : x) {
    value = value * 1500 - 750;
  }
  return x;
}

std::vector<stage> exp_job(const context& ctx) {
  std::vector<double> x = arguments(ctx);
  exp(ctx, x, x);
  return {stage_of("map", {x})};
}

std::vector<stage> log_job(const context& ctx) {
  std::vector<double> x = arguments(ctx);
  exp(ctx, x, x);
  log(ctx, x, x);
  return {stage_of("map", {x})};
}

// ---- mixtures ----------------------------------------------------------------------------------------------------

/// What decides about a fit, beside its size.
struct em_kind {
  covariance_type covariance = covariance_type::full;
  gmm_init init = gmm_init::kmeans_plus_plus;
  bool is_weighted = false;
  gmm_schedule schedule = gmm_schedule::automatic;
};

/// A fit from a random start: the start (seeding), then per iteration the log-likelihood and the parameters.
template <std::int64_t Rows, std::int64_t Cols, std::int64_t Components, class T = double, em_kind Kind = em_kind{}>
std::vector<stage> em_job(const context& ctx) {
  std::vector<double> data(Rows * Cols);
  make_blobs(ctx, {7, Cols}, Components, {data.data(), Rows, Cols});
  const std::vector<T> x(data.begin(), data.end());
  std::vector<stage> stages{stage_of("data", {data})};
  const std::vector<double> weights = Kind.is_weighted ? check_weights(Rows) : std::vector<double>();
  gmm_options options;
  options.n_components = Components;
  options.covariance = Kind.covariance;
  options.init = Kind.init;
  options.schedule = Kind.schedule;
  options.sample_weights = weights;
  options.seed = 11;
  options.task = 3;
  options.max_iter = 6;
  options.tol = -1;
  options.callback = [&](const gmm_iteration& i) {
    const std::string iteration = "iteration " + std::to_string(i.iteration);
    stages.push_back(
        stage_of(i.iteration == 0 ? "start" : iteration + ", m-step", {i.weights, i.means, i.covariances}));
    stages.push_back(stage_of(iteration + ", e-step", {std::span(&i.log_likelihood, 1)}));
    return true;
  };
  gmm_fit(ctx, matrix_view<const T>(x.data(), Rows, Cols), options);
  return stages;
}

constexpr em_kind kind_of(covariance_type type) { return {type, gmm_init::kmeans_plus_plus, false, {}}; }
constexpr em_kind by_components{covariance_type::full, gmm_init::kmeans_plus_plus, false, gmm_schedule::components};
constexpr em_kind from_kmeans{covariance_type::tied, gmm_init::kmeans, true, gmm_schedule::rows};
constexpr em_kind from_rows{covariance_type::diag, gmm_init::random_rows, true, gmm_schedule::components};
constexpr em_kind from_shares{covariance_type::spherical, gmm_init::random_responsibilities, true, gmm_schedule::rows};

/// Fits of data sets that are not alike in one call.
std::vector<stage> data_sets_job(const context& ctx) {
  constexpr std::int64_t shapes[][2] = {{300, 2}, {1'100, 2}, {3, 2}, {513, 2}, {300, 5}, {90, 9}};
  std::vector<std::vector<double>> rows;
  std::vector<gmm_data_set<double>> data_sets;
  for (const auto& [n_rows, n_cols] : shapes) {
    std::vector<double>& x = rows.emplace_back(static_cast<std::size_t>(n_rows * n_cols));
    make_blobs(ctx, {9, rows.size()}, 3, {x.data(), n_rows, n_cols});
    data_sets.push_back({{x.data(), n_rows, n_cols}, {}});
  }
  gmm_options options;
  options.n_components = 3;
  options.seed = 12;
  options.n_init = 3;
  options.max_iter = 30;
  std::vector<stage> stages;
  for (const gmm_fit_outcome& o : gmm_fit_each(ctx, std::span<const gmm_data_set<double>>(data_sets), options)) {
    if (!o.failure.empty()) {
      throw numerical_failure(o.failure);
    }
    stages.push_back(stage_of("data set " + std::to_string(stages.size()),
                              {o.model.weights, o.model.means, o.model.covariances, o.model.trace}));
  }
  return stages;
}

// ---- goldens -----------------------------------------------------------------------------------------------------

struct golden {
  std::string_view job;
  std::uint64_t digest;
};

// Made by `samebits check --print-goldens`; they change only with SAMEBITS_NUMERICS_VERSION.
constexpr golden goldens[] = {
#include "cli/goldens.inc"
};

std::vector<check_job> joined(std::vector<check_job> jobs, const std::vector<check_job>& more) {
  jobs.insert(jobs.end(), more.begin(), more.end());
  return jobs;
}

}  // namespace

std::vector<double> check_weights(std::int64_t n_rows) {
  std::vector<double> weights(static_cast<std::size_t>(n_rows));
  for (std::size_t i = 0; i < weights.size(); ++i) {
    weights[i] = static_cast<double>((5 * i + 1) % 7) / 3;
  }
  return weights;
}

const std::vector<check_job>& check_jobs() {
  static const std::vector<check_job> jobs = joined(
      {
          {"words", words_job},
          {"uniform", fill_job<fill_uniform>},
          {"normal", fill_job<fill_normal>},
          {"distributions", distributions_job},
          {"permutation", permutation_job},
          {"exp", exp_job},
          {"log", log_job},
          {"em 1 column", em_job<1025, 1, 3>},
          {"em 2 columns", em_job<20'011, 2, 4>},
          {"em 7 columns", em_job<4'099, 7, 9>},
          {"em 8 columns", em_job<4'099, 8, 3>},
          {"em 19 columns", em_job<2'050, 19, 5>},
          {"em 64 columns", em_job<1'537, 64, 2>},
          {"em tied", em_job<2'050, 5, 4, double, kind_of(covariance_type::tied)>},
          {"em tied wide", em_job<1'030, 11, 4, double, kind_of(covariance_type::tied)>},
          {"em diag", em_job<2'050, 5, 4, double, kind_of(covariance_type::diag)>},
          {"em diag wide", em_job<1'030, 40, 4, double, kind_of(covariance_type::diag)>},
          {"em spherical", em_job<2'050, 5, 4, double, kind_of(covariance_type::spherical)>},
          {"em tied-diag", em_job<2'050, 5, 4, double, kind_of(covariance_type::tied_diag)>},
          {"em tied-spherical", em_job<2'050, 5, 4, double, kind_of(covariance_type::tied_spherical)>},
          {"em float 2 columns", em_job<20'011, 2, 4, float>},
          {"em float 7 columns", em_job<4'099, 7, 9, float>},
          {"em float 19 columns", em_job<2'050, 19, 5, float>},
          {"em float tied", em_job<2'050, 5, 4, float, kind_of(covariance_type::tied)>},
          {"em float diag", em_job<2'050, 5, 4, float, kind_of(covariance_type::diag)>},
          {"em float diag 64 columns", em_job<1'537, 64, 6, float, kind_of(covariance_type::diag)>},
          {"em float spherical", em_job<2'050, 5, 4, float, kind_of(covariance_type::spherical)>},
          {"em by components", em_job<3'001, 12, 7, double, by_components>},
          {"em float by components", em_job<3'001, 3, 7, float, by_components>},
          {"em weighted k-means", em_job<2'050, 3, 5, double, from_kmeans>},
          {"em weighted rows", em_job<2'050, 9, 5, double, from_rows>},
          {"em weighted shares", em_job<2'050, 9, 5, float, from_shares>},
          {"em data sets", data_sets_job},
      },
      sum_jobs());
  return jobs;
}

std::vector<std::uint64_t> golden_digests(const std::string& job) {
  std::vector<std::uint64_t> digests;
  for (const golden& g : goldens) {
    if (g.job == job) {
      digests.push_back(g.digest);
    }
  }
  return digests;
}

}  // namespace samebits::cli
