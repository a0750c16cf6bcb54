// The C interface: Gaussian mixtures.
#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "lib/c_api.hpp"
#include "lib/fp_environment.hpp"
#include "lib/gmm_checks.hpp"
#include "lib/gmm_model.hpp"
#include "samebits/bayesian_gmm.hpp"
#include "samebits/gmm.hpp"
#include "samebits/gmm_file.hpp"
#include "samebits/gmm_fit_each.hpp"
#include "samebits/gmm_model.hpp"

using samebits::matrix_view;
using samebits::c_api::array;
using samebits::c_api::complete;
using samebits::c_api::guard;
using samebits::c_api::require_array;
using samebits::c_api::require_pointer;
using samebits::c_api::require_rows;
using samebits::c_api::to_enum;

struct samebits_gmm_model {
  explicit samebits_gmm_model(samebits::gmm_model m) : model(std::move(m)), digest(samebits::gmm_digest(model)) {}

  /// Made once it is asked for. Threads may share the model.
  const char* json() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (json_.empty()) {
      json_ = samebits::gmm_to_json(model);
    }
    return json_.c_str();
  }

  samebits::gmm_model model;
  std::string digest;

 private:
  mutable std::mutex mutex_;
  mutable std::string json_;
};

struct samebits_gmm_selection {
  explicit samebits_gmm_selection(samebits::gmm_selection s)
      : candidates(std::move(s.candidates)), best(s.best), model(std::move(s.model)) {}

  std::vector<samebits::gmm_candidate> candidates;
  int64_t best;
  samebits_gmm_model model;
};

struct samebits_gmm_outcomes {
  struct outcome {
    std::unique_ptr<samebits_gmm_model> model;
    std::string failure;
  };
  explicit samebits_gmm_outcomes(std::vector<samebits::gmm_fit_outcome> outcomes) {
    for (samebits::gmm_fit_outcome& o : outcomes) {
      const bool has_model = o.failure.empty();
      all.push_back(
          {has_model ? std::make_unique<samebits_gmm_model>(std::move(o.model)) : nullptr, std::move(o.failure)});
    }
  }
  bool has(int64_t index) const { return index >= 0 && index < std::ssize(all); }

  std::vector<outcome> all;
};

struct samebits_bayesian_gmm_model {
  explicit samebits_bayesian_gmm_model(samebits::bayesian_gmm_model m)
      : mixture(std::move(m.mixture)),
        prior(m.prior),
        weight_concentration(std::move(m.weight_concentration)),
        mean_precision(std::move(m.mean_precision)),
        degrees_of_freedom(std::move(m.degrees_of_freedom)) {}

  samebits_gmm_model mixture;
  samebits::weight_prior prior;
  std::vector<double> weight_concentration;
  std::vector<double> mean_precision;
  std::vector<double> degrees_of_freedom;
};

namespace {

// ---- arguments ---------------------------------------------------------------------------------------------------

template <class T>
matrix_view<T> matrix(T* first, int64_t n_rows, int64_t n_cols) {
  return first == nullptr ? matrix_view<T>() : matrix_view<T>(first, n_rows, n_cols);
}

samebits::covariance_type to_covariance_type(int32_t value, const char* function, const std::string& name) {
  return to_enum(value, samebits::covariance_type::tied_spherical, function, name);
}

static_assert(SAMEBITS_TIED_SPHERICAL == static_cast<int>(samebits::covariance_type::tied_spherical));
static_assert(SAMEBITS_INIT_RANDOM_RESPONSIBILITIES == static_cast<int>(samebits::gmm_init::random_responsibilities));
static_assert(SAMEBITS_SCHEDULE_COMPONENTS == static_cast<int>(samebits::gmm_schedule::components));
static_assert(SAMEBITS_CRITERION_ICL == static_cast<int>(samebits::gmm_criterion::icl));
static_assert(SAMEBITS_PRIOR_DIRICHLET_PROCESS == static_cast<int>(samebits::weight_prior::dirichlet_process));

/// Where to start from and what to keep. The shapes follow from n_rows, n_cols and k, so impossible ones, which the
/// call refuses, must not reach a size computation.
void add_start(const samebits_gmm_options& o, int64_t n_rows, int64_t n_cols, samebits::gmm_options& options) {
  const int64_t k = o.n_components;
  const bool is_possible = n_cols > 0 && n_rows <= (int64_t{1} << 56) / n_cols && k > 0 && k <= n_rows;
  if (!is_possible) {
    return;
  }
  const samebits::matrix_shape shape = covariances_shape(options.covariance, k, n_cols);
  options.weights_init = array(o.weights_init, k);
  options.means_init = matrix(o.means_init, k, n_cols);
  options.covariances_init = matrix(o.covariances_init, shape.n_rows, shape.n_cols);
  options.precisions_init = matrix(o.precisions_init, shape.n_rows, shape.n_cols);
  options.responsibilities_init = matrix(o.responsibilities_init, n_rows, k);
  options.frozen_weights = array(o.frozen_weights, k);
  options.frozen_means = array(o.frozen_means, k);
  options.frozen_covariances = array(o.frozen_covariances, k);
}

samebits::gmm_options to_cpp(const samebits_gmm_options* given, int64_t n_rows, int64_t n_cols, const char* function) {
  const samebits_gmm_options o = complete(given, samebits_gmm_options_init, function);
  samebits::gmm_options options;
  options.n_components = o.n_components;
  options.covariance = to_covariance_type(o.covariance, function, "covariance");
  options.seed = o.seed;
  options.task = o.task;
  options.n_init = o.n_init;
  options.init = to_enum(o.init, samebits::gmm_init::random_responsibilities, function, "init");
  options.max_iter = o.max_iter;
  options.tol = o.tol;
  options.reg_covar = o.reg_covar;
  options.reg_covar_relative = o.reg_covar_relative;
  options.schedule = to_enum(o.schedule, samebits::gmm_schedule::components, function, "schedule");
  options.warm_start = o.warm_start == nullptr ? nullptr : &o.warm_start->model;
  options.sample_weights = array(o.sample_weights, n_rows);
  add_start(o, n_rows, n_cols, options);
  if (o.callback != nullptr) {
    options.callback = [call = o.callback, user_data = o.user_data](const samebits::gmm_iteration& i) {
      return call(user_data, i.restart, i.iteration, i.log_likelihood) == 0;
    };
  }
  return options;
}

samebits::bayesian_gmm_options to_cpp(const samebits_gmm_options* given, const samebits_gmm_priors* priors,
                                      int64_t n_rows, int64_t n_cols) {
  const char* const function = "bayesian_gmm_fit";
  const samebits_gmm_priors p = complete(priors, samebits_gmm_priors_init, function, "priors");
  samebits::bayesian_gmm_options options;
  options.fit = to_cpp(given, n_rows, n_cols, function);
  options.prior = to_enum(p.weights, samebits::weight_prior::dirichlet_process, function, "priors.weights");
  options.weight_concentration_prior = p.weight_concentration_prior;
  options.mean_precision_prior = p.mean_precision_prior;
  options.mean_prior = array(p.mean_prior, n_cols);
  options.degrees_of_freedom_prior = p.degrees_of_freedom_prior;
  const bool is_diag = options.fit.covariance == samebits::covariance_type::diag;
  options.covariance_prior = matrix(p.covariance_prior, is_diag ? 1 : n_cols, n_cols);
  return options;
}

// ---- calls, for rows of either type ------------------------------------------------------------------------------

/// A call with a mixture and rows.
template <class T, class Call>
samebits_status with_rows(const char* function, samebits_context* context, const samebits_gmm_model* model, const T* x,
                          int64_t n_rows, int64_t n_cols, const Call& call) {
  return guard([&] {
    require_pointer(context, function, "context");
    require_pointer(model, function, "model");
    require_rows(x, n_rows, function, "x");
    call(context->context, model->model, matrix_view<const T>(x, n_rows, n_cols));
  });
}

/// One that writes something for each row.
template <class T, class Call>
samebits_status for_rows(const char* function, samebits_context* context, const samebits_gmm_model* model, const T* x,
                         int64_t n_rows, int64_t n_cols, const void* out, const char* out_name, const Call& call) {
  return with_rows(function, context, model, x, n_rows, n_cols, [&](const auto& ctx, const auto& m, auto rows) {
    require_rows(out, n_rows, function, out_name);
    call(ctx, m, rows);
  });
}

/// One that writes something for all of them.
template <class T, class Call>
samebits_status over_rows(const char* function, samebits_context* context, const samebits_gmm_model* model, const T* x,
                          int64_t n_rows, int64_t n_cols, const void* out, const char* out_name, const Call& call) {
  return with_rows(function, context, model, x, n_rows, n_cols, [&](const auto& ctx, const auto& m, auto rows) {
    require_pointer(out, function, out_name);
    call(ctx, m, rows);
  });
}

template <class T>
samebits_status fit(samebits_context* context, const T* x, int64_t n_rows, int64_t n_cols,
                    const samebits_gmm_options* options, samebits_gmm_model** model) {
  return guard([&] {
    require_pointer(context, "gmm_fit", "context");
    require_rows(x, n_rows, "gmm_fit", "x");
    require_pointer(model, "gmm_fit", "model");
    *model = new samebits_gmm_model(samebits::gmm_fit(context->context, matrix_view<const T>(x, n_rows, n_cols),
                                                      to_cpp(options, n_rows, n_cols, "gmm_fit")));
  });
}

template <class T>
samebits_status fit_each(samebits_context* context, const T* const* x, const int64_t* n_rows, int64_t n_data_sets,
                         int64_t n_cols, const double* const* sample_weights, const samebits_gmm_options* options,
                         int (*callback)(void*, int64_t), void* user_data, samebits_gmm_outcomes** outcomes) {
  return guard([&] {
    const char* const function = "gmm_fit_each";
    require_pointer(context, function, "context");
    require_array(x, n_data_sets, function, "x", "n_data_sets");
    require_array(n_rows, n_data_sets, function, "n_rows", "n_data_sets");
    require_pointer(outcomes, function, "outcomes");
    std::vector<samebits::gmm_data_set<T>> data_sets;
    for (int64_t i = 0; i < n_data_sets; ++i) {
      require_rows(x[i], n_rows[i], function, ("x[" + std::to_string(i) + "]").c_str());
      const double* const weights = sample_weights == nullptr ? nullptr : sample_weights[i];
      data_sets.push_back({matrix_view<const T>(x[i], n_rows[i], n_cols), array(weights, n_rows[i])});
    }
    samebits::gmm_fit_each_callback count;
    if (callback != nullptr) {
      count = [=](int64_t n_done) { return callback(user_data, n_done) == 0; };
    }
    const int64_t first_rows = n_data_sets > 0 ? n_rows[0] : 0;
    *outcomes = new samebits_gmm_outcomes(samebits::gmm_fit_each(context->context,
                                                                 std::span<const samebits::gmm_data_set<T>>(data_sets),
                                                                 to_cpp(options, first_rows, n_cols, function), count));
  });
}

template <class T>
samebits_status log_prob(samebits_context* context, const samebits_gmm_model* model, const T* x, int64_t n_rows,
                         int64_t n_cols, T* out) {
  return for_rows("gmm_log_prob", context, model, x, n_rows, n_cols, out, "log_prob",
                  [&](const auto& ctx, const auto& m, auto rows) {
                    samebits::gmm_log_prob(ctx, m, rows, matrix_view<T>(out, n_rows, m.n_components));
                  });
}

template <class T>
samebits_status expectation(samebits_context* context, const samebits_gmm_model* model, const T* x, int64_t n_rows,
                            int64_t n_cols, T* log_responsibilities, T* log_likelihoods) {
  const T* const out = log_responsibilities != nullptr ? log_responsibilities : log_likelihoods;
  return for_rows("gmm_expectation", context, model, x, n_rows, n_cols, out, "log_responsibilities",
                  [&](const auto& ctx, const auto& m, auto rows) {
                    samebits::gmm_expectation(ctx, m, rows, matrix(log_responsibilities, n_rows, m.n_components),
                                              array(log_likelihoods, n_rows));
                  });
}

template <class T>
samebits_status maximization(samebits_context* context, const T* x, int64_t n_rows, int64_t n_cols,
                             const double* responsibilities, const samebits_gmm_options* given,
                             samebits_gmm_model** model) {
  return guard([&] {
    const char* const function = "gmm_maximization";
    require_pointer(context, function, "context");
    require_rows(x, n_rows, function, "x");
    require_rows(responsibilities, n_rows, function, "responsibilities");
    require_pointer(model, function, "model");
    const samebits::gmm_options options = to_cpp(given, n_rows, n_cols, function);
    *model = new samebits_gmm_model(
        samebits::gmm_maximization(context->context, matrix_view<const T>(x, n_rows, n_cols),
                                   matrix_view<const double>(responsibilities, n_rows, options.n_components), options));
  });
}

template <class T>
samebits_status predict(samebits_context* context, const samebits_gmm_model* model, const T* x, int64_t n_rows,
                        int64_t n_cols, int64_t* labels) {
  return for_rows(
      "gmm_predict", context, model, x, n_rows, n_cols, labels, "labels",
      [&](const auto& ctx, const auto& m, auto rows) { samebits::gmm_predict(ctx, m, rows, array(labels, n_rows)); });
}

template <class T>
samebits_status predict_proba(samebits_context* context, const samebits_gmm_model* model, const T* x, int64_t n_rows,
                              int64_t n_cols, T* out) {
  return for_rows("gmm_predict_proba", context, model, x, n_rows, n_cols, out, "probabilities",
                  [&](const auto& ctx, const auto& m, auto rows) {
                    samebits::gmm_predict_proba(ctx, m, rows, matrix_view<T>(out, n_rows, m.n_components));
                  });
}

template <class T>
samebits_status score_samples(samebits_context* context, const samebits_gmm_model* model, const T* x, int64_t n_rows,
                              int64_t n_cols, T* out) {
  return for_rows("gmm_score_samples", context, model, x, n_rows, n_cols, out, "log_likelihoods",
                  [&](const auto& ctx, const auto& m, auto rows) {
                    samebits::gmm_score_samples(ctx, m, rows, array(out, n_rows));
                  });
}

template <class T>
samebits_status score(samebits_context* context, const samebits_gmm_model* model, const T* x, int64_t n_rows,
                      int64_t n_cols, const double* sample_weights, double* out) {
  return over_rows("gmm_score", context, model, x, n_rows, n_cols, out, "score",
                   [&](const auto& ctx, const auto& m, auto rows) {
                     *out = samebits::gmm_score(ctx, m, rows, array(sample_weights, n_rows));
                   });
}

samebits_gmm_criteria to_c(const samebits::gmm_criteria& c) {
  return {c.log_likelihood, c.n_parameters, c.aic, c.bic, c.entropy, c.icl};
}

template <class T>
samebits_status evaluate(samebits_context* context, const samebits_gmm_model* model, const T* x, int64_t n_rows,
                         int64_t n_cols, const double* sample_weights, samebits_gmm_criteria* out) {
  return over_rows("gmm_evaluate", context, model, x, n_rows, n_cols, out, "criteria",
                   [&](const auto& ctx, const auto& m, auto rows) {
                     *out = to_c(samebits::gmm_evaluate(ctx, m, rows, array(sample_weights, n_rows)));
                   });
}

template <class T>
samebits_status bayesian_fit(samebits_context* context, const T* x, int64_t n_rows, int64_t n_cols,
                             const samebits_gmm_options* options, const samebits_gmm_priors* priors,
                             samebits_bayesian_gmm_model** model) {
  return guard([&] {
    require_pointer(context, "bayesian_gmm_fit", "context");
    require_rows(x, n_rows, "bayesian_gmm_fit", "x");
    require_pointer(model, "bayesian_gmm_fit", "model");
    *model = new samebits_bayesian_gmm_model(samebits::bayesian_gmm_fit(
        context->context, matrix_view<const T>(x, n_rows, n_cols), to_cpp(options, priors, n_rows, n_cols)));
  });
}

template <class T>
samebits_status merge(samebits_context* context, const samebits_gmm_model* model, const T* x, int64_t n_rows,
                      int64_t n_cols, const double* sample_weights, int64_t* kept, int64_t* joined, double* entropies) {
  return over_rows("gmm_merge", context, model, x, n_rows, n_cols, entropies, "entropies",
                   [&](const auto& ctx, const auto& m, auto rows) {
                     require_array(kept, m.n_components - 1, "gmm_merge", "kept", "n_components - 1");
                     require_array(joined, m.n_components - 1, "gmm_merge", "joined", "n_components - 1");
                     const samebits::gmm_merging merging =
                         samebits::gmm_merge(ctx, m, rows, array(sample_weights, n_rows));
                     *entropies = merging.entropy;
                     for (const samebits::gmm_merger& merger : merging.mergers) {
                       *kept++ = merger.kept;
                       *joined++ = merger.joined;
                       *++entropies = merger.entropy;
                     }
                   });
}

template <class T>
samebits_status select(samebits_context* context, const T* x, int64_t n_rows, int64_t n_cols,
                       const samebits_covariance_type* types, int64_t n_types, const int64_t* n_components,
                       int64_t n_sizes, const samebits_gmm_options* options, samebits_gmm_criterion criterion,
                       samebits_gmm_selection** selection) {
  return guard([&] {
    const char* const function = "gmm_select";
    require_pointer(context, function, "context");
    require_rows(x, n_rows, function, "x");
    require_array(types, n_types, function, "types", "n_types");
    require_array(n_components, n_sizes, function, "n_components", "n_sizes");
    require_pointer(selection, function, "selection");
    std::vector<samebits::covariance_type> cpp_types;
    for (int64_t i = 0; i < n_types; ++i) {
      cpp_types.push_back(to_covariance_type(types[i], function, "types[" + std::to_string(i) + "]"));
    }
    *selection = new samebits_gmm_selection(
        samebits::gmm_select(context->context, matrix_view<const T>(x, n_rows, n_cols), cpp_types,
                             array(n_components, n_sizes), to_cpp(options, n_rows, n_cols, function),
                             to_enum(criterion, samebits::gmm_criterion::icl, function, "criterion")));
  });
}

samebits::gmm_model make_model(samebits_covariance_type covariance, int64_t k, int64_t n_cols, const double* weights,
                               const double* means, const double* covariances) {
  if (n_cols < 1) {
    samebits::refuse("gmm_model_create", "n_cols is " + std::to_string(n_cols) + " but must be at least 1");
  }
  const samebits::default_fp_environment environment;
  samebits::gmm_model m;
  m.covariance = to_covariance_type(covariance, "gmm_model_create", "covariance");
  m.n_components = k;
  m.n_cols = n_cols;
  samebits::gmm::check_components("gmm_model_create", k, m.covariance, n_cols);
  const samebits::matrix_shape shape = covariances_shape(m.covariance, k, n_cols);
  m.weights.assign(weights, weights + k);
  m.means.assign(means, means + k * n_cols);
  m.covariances.assign(covariances, covariances + shape.n_rows * shape.n_cols);
  samebits::gmm::require_valid("gmm_model_create", m);
  return m;
}

}  // namespace

extern "C" {

// ---- models ------------------------------------------------------------------------------------------------------

SAMEBITS_C_API void samebits_gmm_options_init(samebits_gmm_options* options) {
  if (options == nullptr) {
    return;
  }
  const samebits::gmm_options d;
  *options = {};
  options->struct_size = sizeof(samebits_gmm_options);
  options->n_components = d.n_components;
  options->seed = d.seed;
  options->task = d.task;
  options->n_init = d.n_init;
  options->max_iter = d.max_iter;
  options->tol = d.tol;
  options->reg_covar = d.reg_covar;
  options->covariance = static_cast<int32_t>(d.covariance);
  options->init = static_cast<int32_t>(d.init);
  options->schedule = static_cast<int32_t>(d.schedule);
  options->reg_covar_relative = d.reg_covar_relative;
}

SAMEBITS_C_API samebits_status samebits_gmm_fit(samebits_context* context, const double* x, int64_t n_rows,
                                                int64_t n_cols, const samebits_gmm_options* options,
                                                samebits_gmm_model** model) {
  return fit(context, x, n_rows, n_cols, options, model);
}
SAMEBITS_C_API samebits_status samebits_gmm_fit_float(samebits_context* context, const float* x, int64_t n_rows,
                                                      int64_t n_cols, const samebits_gmm_options* options,
                                                      samebits_gmm_model** model) {
  return fit(context, x, n_rows, n_cols, options, model);
}

SAMEBITS_C_API samebits_status samebits_gmm_fit_each(samebits_context* context, const double* const* x,
                                                     const int64_t* n_rows, int64_t n_data_sets, int64_t n_cols,
                                                     const double* const* sample_weights,
                                                     const samebits_gmm_options* options,
                                                     int (*callback)(void* user_data, int64_t n_done), void* user_data,
                                                     samebits_gmm_outcomes** outcomes) {
  return fit_each(context, x, n_rows, n_data_sets, n_cols, sample_weights, options, callback, user_data, outcomes);
}
SAMEBITS_C_API samebits_status samebits_gmm_fit_each_float(samebits_context* context, const float* const* x,
                                                           const int64_t* n_rows, int64_t n_data_sets, int64_t n_cols,
                                                           const double* const* sample_weights,
                                                           const samebits_gmm_options* options,
                                                           int (*callback)(void* user_data, int64_t n_done),
                                                           void* user_data, samebits_gmm_outcomes** outcomes) {
  return fit_each(context, x, n_rows, n_data_sets, n_cols, sample_weights, options, callback, user_data, outcomes);
}
SAMEBITS_C_API void samebits_gmm_outcomes_destroy(samebits_gmm_outcomes* outcomes) { delete outcomes; }
SAMEBITS_C_API int64_t samebits_gmm_outcomes_size(const samebits_gmm_outcomes* outcomes) {
  return outcomes == nullptr ? 0 : std::ssize(outcomes->all);
}
SAMEBITS_C_API const samebits_gmm_model* samebits_gmm_outcomes_model(const samebits_gmm_outcomes* outcomes,
                                                                     int64_t index) {
  return outcomes == nullptr || !outcomes->has(index) ? nullptr : outcomes->all[index].model.get();
}
SAMEBITS_C_API const char* samebits_gmm_outcomes_failure(const samebits_gmm_outcomes* outcomes, int64_t index) {
  return outcomes == nullptr || !outcomes->has(index) ? "" : outcomes->all[index].failure.c_str();
}

SAMEBITS_C_API samebits_status samebits_gmm_model_create(samebits_covariance_type covariance, int64_t n_components,
                                                         int64_t n_cols, const double* weights, const double* means,
                                                         const double* covariances, samebits_gmm_model** model) {
  return guard([&] {
    require_pointer(weights, "gmm_model_create", "weights");
    require_pointer(means, "gmm_model_create", "means");
    require_pointer(covariances, "gmm_model_create", "covariances");
    require_pointer(model, "gmm_model_create", "model");
    *model = new samebits_gmm_model(make_model(covariance, n_components, n_cols, weights, means, covariances));
  });
}
SAMEBITS_C_API void samebits_gmm_model_destroy(samebits_gmm_model* model) { delete model; }

SAMEBITS_C_API samebits_covariance_type samebits_gmm_model_covariance_type(const samebits_gmm_model* m) {
  return m == nullptr ? SAMEBITS_FULL : static_cast<samebits_covariance_type>(m->model.covariance);
}
SAMEBITS_C_API int64_t samebits_gmm_model_n_components(const samebits_gmm_model* m) {
  return m == nullptr ? 0 : m->model.n_components;
}
SAMEBITS_C_API int64_t samebits_gmm_model_n_cols(const samebits_gmm_model* m) {
  return m == nullptr ? 0 : m->model.n_cols;
}
SAMEBITS_C_API const double* samebits_gmm_model_weights(const samebits_gmm_model* m) {
  return m == nullptr ? nullptr : m->model.weights.data();
}
SAMEBITS_C_API const double* samebits_gmm_model_means(const samebits_gmm_model* m) {
  return m == nullptr ? nullptr : m->model.means.data();
}
SAMEBITS_C_API const double* samebits_gmm_model_covariances(const samebits_gmm_model* m) {
  return m == nullptr ? nullptr : m->model.covariances.data();
}
SAMEBITS_C_API int64_t samebits_gmm_model_covariances_n_rows(const samebits_gmm_model* m) {
  return m == nullptr ? 0 : covariances_shape(m->model.covariance, m->model.n_components, m->model.n_cols).n_rows;
}
SAMEBITS_C_API int64_t samebits_gmm_model_covariances_n_cols(const samebits_gmm_model* m) {
  return m == nullptr ? 0 : covariances_shape(m->model.covariance, m->model.n_components, m->model.n_cols).n_cols;
}
SAMEBITS_C_API double samebits_gmm_model_log_likelihood(const samebits_gmm_model* m) {
  return m == nullptr ? 0 : m->model.log_likelihood;
}
SAMEBITS_C_API int64_t samebits_gmm_model_n_iter(const samebits_gmm_model* m) {
  return m == nullptr ? 0 : m->model.n_iter;
}
SAMEBITS_C_API int samebits_gmm_model_converged(const samebits_gmm_model* m) {
  return m != nullptr && m->model.converged ? 1 : 0;
}
SAMEBITS_C_API int64_t samebits_gmm_model_restart(const samebits_gmm_model* m) {
  return m == nullptr ? 0 : m->model.restart;
}
SAMEBITS_C_API const double* samebits_gmm_model_trace(const samebits_gmm_model* m) {
  return m == nullptr ? nullptr : m->model.trace.data();
}
SAMEBITS_C_API int64_t samebits_gmm_model_n_trace(const samebits_gmm_model* m) {
  return m == nullptr ? 0 : static_cast<int64_t>(m->model.trace.size());
}
SAMEBITS_C_API int64_t samebits_gmm_model_n_parameters(const samebits_gmm_model* m) {
  return m == nullptr ? 0 : samebits::gmm_n_parameters(m->model);
}
SAMEBITS_C_API const char* samebits_gmm_model_digest(const samebits_gmm_model* m) {
  return m == nullptr ? "" : m->digest.c_str();
}
SAMEBITS_C_API samebits_status samebits_gmm_model_covariance(const samebits_gmm_model* model, int64_t k, double* out) {
  return guard([&] {
    require_pointer(model, "gmm_covariance", "model");
    require_pointer(out, "gmm_covariance", "out");
    const std::vector<double> covariance = samebits::gmm_covariance(model->model, k);
    std::copy(covariance.begin(), covariance.end(), out);
  });
}

SAMEBITS_C_API samebits_status samebits_gmm_model_to_json(const samebits_gmm_model* model, const char** json) {
  return guard([&] {
    require_pointer(model, "gmm_to_json", "model");
    require_pointer(json, "gmm_to_json", "json");
    *json = model->json();
  });
}
SAMEBITS_C_API samebits_status samebits_gmm_model_from_json(const char* json, samebits_gmm_model** model) {
  return guard([&] {
    require_pointer(json, "gmm_from_json", "json");
    require_pointer(model, "gmm_from_json", "model");
    *model = new samebits_gmm_model(samebits::gmm_from_json(json));
  });
}

SAMEBITS_C_API samebits_status samebits_gmm_save(const samebits_gmm_model* model, const char* file) {
  return guard([&] {
    require_pointer(model, "gmm_save", "model");
    require_pointer(file, "gmm_save", "file");
    samebits::gmm_save(model->model, file);
  });
}
SAMEBITS_C_API samebits_status samebits_gmm_load(const char* file, samebits_gmm_model** model) {
  return guard([&] {
    require_pointer(file, "gmm_load", "file");
    require_pointer(model, "gmm_load", "model");
    *model = new samebits_gmm_model(samebits::gmm_load(file));
  });
}

// ---- steps -------------------------------------------------------------------------------------------------------

SAMEBITS_C_API samebits_status samebits_gmm_log_prob(samebits_context* context, const samebits_gmm_model* model,
                                                     const double* x, int64_t n_rows, int64_t n_cols, double* out) {
  return log_prob(context, model, x, n_rows, n_cols, out);
}
SAMEBITS_C_API samebits_status samebits_gmm_log_prob_float(samebits_context* context, const samebits_gmm_model* model,
                                                           const float* x, int64_t n_rows, int64_t n_cols, float* out) {
  return log_prob(context, model, x, n_rows, n_cols, out);
}
SAMEBITS_C_API samebits_status samebits_gmm_expectation(samebits_context* context, const samebits_gmm_model* model,
                                                        const double* x, int64_t n_rows, int64_t n_cols,
                                                        double* log_responsibilities, double* log_likelihoods) {
  return expectation(context, model, x, n_rows, n_cols, log_responsibilities, log_likelihoods);
}
SAMEBITS_C_API samebits_status samebits_gmm_expectation_float(samebits_context* context,
                                                              const samebits_gmm_model* model, const float* x,
                                                              int64_t n_rows, int64_t n_cols,
                                                              float* log_responsibilities, float* log_likelihoods) {
  return expectation(context, model, x, n_rows, n_cols, log_responsibilities, log_likelihoods);
}
SAMEBITS_C_API samebits_status samebits_gmm_maximization(samebits_context* context, const double* x, int64_t n_rows,
                                                         int64_t n_cols, const double* responsibilities,
                                                         const samebits_gmm_options* options,
                                                         samebits_gmm_model** model) {
  return maximization(context, x, n_rows, n_cols, responsibilities, options, model);
}
SAMEBITS_C_API samebits_status samebits_gmm_maximization_float(samebits_context* context, const float* x,
                                                               int64_t n_rows, int64_t n_cols,
                                                               const double* responsibilities,
                                                               const samebits_gmm_options* options,
                                                               samebits_gmm_model** model) {
  return maximization(context, x, n_rows, n_cols, responsibilities, options, model);
}

// ---- rows --------------------------------------------------------------------------------------------------------

SAMEBITS_C_API samebits_status samebits_gmm_predict(samebits_context* context, const samebits_gmm_model* model,
                                                    const double* x, int64_t n_rows, int64_t n_cols, int64_t* labels) {
  return predict(context, model, x, n_rows, n_cols, labels);
}
SAMEBITS_C_API samebits_status samebits_gmm_predict_float(samebits_context* context, const samebits_gmm_model* model,
                                                          const float* x, int64_t n_rows, int64_t n_cols,
                                                          int64_t* labels) {
  return predict(context, model, x, n_rows, n_cols, labels);
}
SAMEBITS_C_API samebits_status samebits_gmm_predict_proba(samebits_context* context, const samebits_gmm_model* model,
                                                          const double* x, int64_t n_rows, int64_t n_cols,
                                                          double* out) {
  return predict_proba(context, model, x, n_rows, n_cols, out);
}
SAMEBITS_C_API samebits_status samebits_gmm_predict_proba_float(samebits_context* context,
                                                                const samebits_gmm_model* model, const float* x,
                                                                int64_t n_rows, int64_t n_cols, float* out) {
  return predict_proba(context, model, x, n_rows, n_cols, out);
}
SAMEBITS_C_API samebits_status samebits_gmm_score_samples(samebits_context* context, const samebits_gmm_model* model,
                                                          const double* x, int64_t n_rows, int64_t n_cols,
                                                          double* out) {
  return score_samples(context, model, x, n_rows, n_cols, out);
}
SAMEBITS_C_API samebits_status samebits_gmm_score_samples_float(samebits_context* context,
                                                                const samebits_gmm_model* model, const float* x,
                                                                int64_t n_rows, int64_t n_cols, float* out) {
  return score_samples(context, model, x, n_rows, n_cols, out);
}
SAMEBITS_C_API samebits_status samebits_gmm_score(samebits_context* context, const samebits_gmm_model* model,
                                                  const double* x, int64_t n_rows, int64_t n_cols,
                                                  const double* sample_weights, double* out) {
  return score(context, model, x, n_rows, n_cols, sample_weights, out);
}
SAMEBITS_C_API samebits_status samebits_gmm_score_float(samebits_context* context, const samebits_gmm_model* model,
                                                        const float* x, int64_t n_rows, int64_t n_cols,
                                                        const double* sample_weights, double* out) {
  return score(context, model, x, n_rows, n_cols, sample_weights, out);
}
SAMEBITS_C_API samebits_status samebits_gmm_evaluate(samebits_context* context, const samebits_gmm_model* model,
                                                     const double* x, int64_t n_rows, int64_t n_cols,
                                                     const double* sample_weights, samebits_gmm_criteria* criteria) {
  return evaluate(context, model, x, n_rows, n_cols, sample_weights, criteria);
}
SAMEBITS_C_API samebits_status samebits_gmm_evaluate_float(samebits_context* context, const samebits_gmm_model* model,
                                                           const float* x, int64_t n_rows, int64_t n_cols,
                                                           const double* sample_weights,
                                                           samebits_gmm_criteria* criteria) {
  return evaluate(context, model, x, n_rows, n_cols, sample_weights, criteria);
}

SAMEBITS_C_API samebits_status samebits_gmm_sample(samebits_context* context, const samebits_gmm_model* model,
                                                   uint64_t seed, uint64_t task, uint64_t first, int64_t n, double* out,
                                                   int64_t* labels) {
  return guard([&] {
    require_pointer(context, "gmm_sample", "context");
    require_pointer(model, "gmm_sample", "model");
    require_array(out, n, "gmm_sample", "out", "n");
    samebits::gmm_sample(context->context, model->model, {seed, task}, first,
                         matrix_view<double>(out, n, model->model.n_cols), array(labels, n));
  });
}

// ---- other mixtures ----------------------------------------------------------------------------------------------

SAMEBITS_C_API samebits_status samebits_gmm_marginal(const samebits_gmm_model* model, const int64_t* columns,
                                                     int64_t n_columns, samebits_gmm_model** marginal) {
  return guard([&] {
    require_pointer(model, "gmm_marginal", "model");
    require_array(columns, n_columns, "gmm_marginal", "columns", "n_columns");
    require_pointer(marginal, "gmm_marginal", "marginal");
    *marginal = new samebits_gmm_model(samebits::gmm_marginal(model->model, array(columns, n_columns)));
  });
}
SAMEBITS_C_API samebits_status samebits_gmm_conditional(const samebits_gmm_model* model, const int64_t* columns,
                                                        const double* values, int64_t n_columns,
                                                        samebits_gmm_model** conditional) {
  return guard([&] {
    require_pointer(model, "gmm_conditional", "model");
    require_array(columns, n_columns, "gmm_conditional", "columns", "n_columns");
    require_array(values, n_columns, "gmm_conditional", "values", "n_columns");
    require_pointer(conditional, "gmm_conditional", "conditional");
    *conditional = new samebits_gmm_model(
        samebits::gmm_conditional(model->model, array(columns, n_columns), array(values, n_columns)));
  });
}

SAMEBITS_C_API samebits_status samebits_gmm_merge(samebits_context* context, const samebits_gmm_model* model,
                                                  const double* x, int64_t n_rows, int64_t n_cols,
                                                  const double* sample_weights, int64_t* kept, int64_t* joined,
                                                  double* entropies) {
  return merge(context, model, x, n_rows, n_cols, sample_weights, kept, joined, entropies);
}
SAMEBITS_C_API samebits_status samebits_gmm_merge_float(samebits_context* context, const samebits_gmm_model* model,
                                                        const float* x, int64_t n_rows, int64_t n_cols,
                                                        const double* sample_weights, int64_t* kept, int64_t* joined,
                                                        double* entropies) {
  return merge(context, model, x, n_rows, n_cols, sample_weights, kept, joined, entropies);
}
SAMEBITS_C_API samebits_status samebits_gmm_merge_clusters(const int64_t* kept, const int64_t* joined,
                                                           int64_t n_components, int64_t n_clusters,
                                                           int64_t* clusters) {
  return guard([&] {
    const char* const function = "gmm_merge_clusters";
    if (n_components < 1) {
      samebits::refuse(function, "n_components is " + std::to_string(n_components) + " but must be at least 1");
    }
    require_pointer(clusters, function, "clusters");
    require_array(kept, n_components - 1, function, "kept", "n_components - 1");
    require_array(joined, n_components - 1, function, "joined", "n_components - 1");
    samebits::gmm_merging merging;
    for (int64_t i = 0; i < n_components - 1; ++i) {
      if (kept[i] < 0 || kept[i] >= joined[i] || joined[i] >= n_components) {
        throw samebits::invalid_argument(std::string(function) + ": merger " + std::to_string(i) + " joins " +
                                         std::to_string(joined[i]) + " into " + std::to_string(kept[i]) + ", but " +
                                         "there are components 0 to " + std::to_string(n_components - 1) +
                                         " and the lower number is kept");
      }
      merging.mergers.push_back({kept[i], joined[i], 0});
    }
    const std::vector<int64_t> result = merging.clusters(n_clusters);
    std::copy(result.begin(), result.end(), clusters);
  });
}

// ---- choice of a mixture -----------------------------------------------------------------------------------------

SAMEBITS_C_API samebits_status samebits_gmm_select(samebits_context* context, const double* x, int64_t n_rows,
                                                   int64_t n_cols, const samebits_covariance_type* types,
                                                   int64_t n_types, const int64_t* n_components, int64_t n_sizes,
                                                   const samebits_gmm_options* options,
                                                   samebits_gmm_criterion criterion,
                                                   samebits_gmm_selection** selection) {
  return select(context, x, n_rows, n_cols, types, n_types, n_components, n_sizes, options, criterion, selection);
}
SAMEBITS_C_API samebits_status samebits_gmm_select_float(samebits_context* context, const float* x, int64_t n_rows,
                                                         int64_t n_cols, const samebits_covariance_type* types,
                                                         int64_t n_types, const int64_t* n_components, int64_t n_sizes,
                                                         const samebits_gmm_options* options,
                                                         samebits_gmm_criterion criterion,
                                                         samebits_gmm_selection** selection) {
  return select(context, x, n_rows, n_cols, types, n_types, n_components, n_sizes, options, criterion, selection);
}
SAMEBITS_C_API void samebits_gmm_selection_destroy(samebits_gmm_selection* selection) { delete selection; }

SAMEBITS_C_API int64_t samebits_gmm_selection_n_candidates(const samebits_gmm_selection* selection) {
  return selection == nullptr ? 0 : static_cast<int64_t>(selection->candidates.size());
}
SAMEBITS_C_API int64_t samebits_gmm_selection_best(const samebits_gmm_selection* selection) {
  return selection == nullptr ? -1 : selection->best;
}
SAMEBITS_C_API const samebits_gmm_model* samebits_gmm_selection_model(const samebits_gmm_selection* selection) {
  return selection == nullptr ? nullptr : &selection->model;
}
SAMEBITS_C_API samebits_status samebits_gmm_selection_candidate(const samebits_gmm_selection* selection, int64_t index,
                                                                samebits_gmm_candidate* candidate) {
  return guard([&] {
    const char* const function = "gmm_selection_candidate";
    require_pointer(selection, function, "selection");
    require_pointer(candidate, function, "candidate");
    const int64_t n = samebits_gmm_selection_n_candidates(selection);
    if (index < 0 || index >= n) {
      throw samebits::invalid_argument(std::string(function) + ": index is " + std::to_string(index) +
                                       " but there are " + std::to_string(n) + " candidates");
    }
    const samebits::gmm_candidate& c = selection->candidates[static_cast<std::size_t>(index)];
    *candidate = {static_cast<samebits_covariance_type>(c.covariance),
                  c.n_components,
                  c.failure.empty() ? to_c(c.criteria) : samebits_gmm_criteria{},
                  c.n_iter,
                  c.converged ? 1 : 0,
                  c.failure.c_str()};
  });
}

// ---- mixtures with priors ----------------------------------------------------------------------------------------

SAMEBITS_C_API void samebits_gmm_priors_init(samebits_gmm_priors* priors) {
  if (priors != nullptr) {
    const samebits::bayesian_gmm_options d;
    *priors = {sizeof(samebits_gmm_priors),
               static_cast<int32_t>(d.prior),
               d.weight_concentration_prior,
               d.mean_precision_prior,
               nullptr,
               d.degrees_of_freedom_prior,
               nullptr};
  }
}

SAMEBITS_C_API samebits_status samebits_bayesian_gmm_fit(samebits_context* context, const double* x, int64_t n_rows,
                                                         int64_t n_cols, const samebits_gmm_options* options,
                                                         const samebits_gmm_priors* priors,
                                                         samebits_bayesian_gmm_model** model) {
  return bayesian_fit(context, x, n_rows, n_cols, options, priors, model);
}
SAMEBITS_C_API samebits_status samebits_bayesian_gmm_fit_float(samebits_context* context, const float* x,
                                                               int64_t n_rows, int64_t n_cols,
                                                               const samebits_gmm_options* options,
                                                               const samebits_gmm_priors* priors,
                                                               samebits_bayesian_gmm_model** model) {
  return bayesian_fit(context, x, n_rows, n_cols, options, priors, model);
}
SAMEBITS_C_API void samebits_bayesian_gmm_model_destroy(samebits_bayesian_gmm_model* model) { delete model; }

SAMEBITS_C_API const samebits_gmm_model* samebits_bayesian_gmm_model_mixture(const samebits_bayesian_gmm_model* m) {
  return m == nullptr ? nullptr : &m->mixture;
}
SAMEBITS_C_API samebits_weight_prior samebits_bayesian_gmm_model_prior(const samebits_bayesian_gmm_model* m) {
  return m == nullptr ? SAMEBITS_PRIOR_DIRICHLET : static_cast<samebits_weight_prior>(m->prior);
}
SAMEBITS_C_API const double* samebits_bayesian_gmm_model_weight_concentration(const samebits_bayesian_gmm_model* m) {
  return m == nullptr ? nullptr : m->weight_concentration.data();
}
SAMEBITS_C_API const double* samebits_bayesian_gmm_model_mean_precision(const samebits_bayesian_gmm_model* m) {
  return m == nullptr ? nullptr : m->mean_precision.data();
}
SAMEBITS_C_API const double* samebits_bayesian_gmm_model_degrees_of_freedom(const samebits_bayesian_gmm_model* m) {
  return m == nullptr ? nullptr : m->degrees_of_freedom.data();
}

}  // extern "C"
