// The C interface: versions, errors, contexts and mixtures.
#include "lib/c_api.hpp"

#include <cstddef>
#include <cstring>

#include "samebits/gmm.hpp"
#include "samebits/version.hpp"

using samebits::c_api::guard;
using samebits::c_api::require_pointer;

struct samebits_gmm_model {
  samebits::gmm_model model;
  std::string digest;
};

namespace {

thread_local std::string last_error;

/// The caller's options over the defaults: a caller built against an older header has a shorter struct.
template <class Options>
Options complete(const Options* given, void (*init)(Options*), const char* function) {
  Options options;
  init(&options);
  if (given != nullptr) {
    if (given->struct_size < sizeof(std::size_t) || given->struct_size > sizeof(Options)) {
      throw samebits::invalid_argument(std::string(function) + ": options.struct_size is " +
                                       std::to_string(given->struct_size) + "; call the _init function first");
    }
    std::memcpy(&options, given, given->struct_size);
    options.struct_size = sizeof(Options);
  }
  return options;
}

samebits::gmm_options to_cpp(const samebits_gmm_options& o, int64_t n_rows, int64_t n_cols) {
  samebits::gmm_options options;
  options.n_components = o.n_components;
  options.seed = o.seed;
  options.task = o.task;
  options.n_init = o.n_init;
  options.max_iter = o.max_iter;
  options.tol = o.tol;
  options.reg_covar = o.reg_covar;
  // Shapes are implied here, so impossible ones, which gmm_fit refuses, must not reach a size computation.
  const bool is_possible =
      n_cols > 0 && n_rows <= (int64_t{1} << 56) / n_cols && o.n_components > 0 && o.n_components <= n_rows;
  const int64_t k = is_possible ? o.n_components : 0;
  if (o.weights_init != nullptr) {
    options.weights_init = {o.weights_init, static_cast<std::size_t>(k)};
  }
  if (o.means_init != nullptr) {
    options.means_init = {o.means_init, k, n_cols};
  }
  if (o.covariances_init != nullptr) {
    options.covariances_init = {o.covariances_init, k * n_cols, n_cols};
  }
  if (o.callback != nullptr) {
    options.callback = [call = o.callback, user_data = o.user_data](const samebits::gmm_iteration& i) {
      return call(user_data, i.restart, i.iteration, i.log_likelihood) == 0;
    };
  }
  return options;
}

}  // namespace

samebits_status samebits::c_api::failed(samebits_status status, const char* message) noexcept {
  try {
    last_error = message;
  } catch (...) {
    last_error.clear();
  }
  return status;
}

extern "C" {

SAMEBITS_C_API const char* samebits_version(void) { return SAMEBITS_VERSION; }
SAMEBITS_C_API int32_t samebits_numerics_version(void) { return SAMEBITS_NUMERICS_VERSION; }
SAMEBITS_C_API const char* samebits_last_error(void) { return last_error.c_str(); }

SAMEBITS_C_API void samebits_context_options_init(samebits_context_options* options) {
  if (options != nullptr) {
    *options = {sizeof(samebits_context_options), nullptr, nullptr, 0};
  }
}

SAMEBITS_C_API samebits_status samebits_context_create(const samebits_context_options* options,
                                                       samebits_context** context) {
  return guard([&] {
    require_pointer(context, "context_create", "context");
    const samebits_context_options o = complete(options, samebits_context_options_init, "context_create");
    const samebits::context_options cpp{o.backend == nullptr ? "" : o.backend, o.isa == nullptr ? "" : o.isa,
                                        o.n_threads};
    *context = new samebits_context{samebits::context(cpp)};
  });
}

SAMEBITS_C_API void samebits_context_destroy(samebits_context* context) { delete context; }

SAMEBITS_C_API const char* samebits_context_backend(const samebits_context* context) {
  return context == nullptr ? "" : context->context.backend();
}
SAMEBITS_C_API const char* samebits_context_isa(const samebits_context* context) {
  return context == nullptr ? "" : context->context.isa();
}
SAMEBITS_C_API int32_t samebits_context_n_threads(const samebits_context* context) {
  return context == nullptr ? 0 : context->context.n_threads();
}

SAMEBITS_C_API void samebits_gmm_options_init(samebits_gmm_options* options) {
  if (options != nullptr) {
    const samebits::gmm_options d;
    *options = {sizeof(samebits_gmm_options),
                d.n_components,
                d.seed,
                d.task,
                d.n_init,
                d.max_iter,
                d.tol,
                d.reg_covar,
                nullptr,
                nullptr,
                nullptr,
                nullptr,
                nullptr};
  }
}

SAMEBITS_C_API samebits_status samebits_gmm_fit(samebits_context* context, const double* x, int64_t n_rows,
                                                int64_t n_cols, const samebits_gmm_options* options,
                                                samebits_gmm_model** model) {
  return guard([&] {
    require_pointer(context, "gmm_fit", "context");
    require_pointer(x, "gmm_fit", "x");
    require_pointer(model, "gmm_fit", "model");
    const samebits_gmm_options o = complete(options, samebits_gmm_options_init, "gmm_fit");
    samebits::gmm_model fitted = samebits::gmm_fit(context->context, {x, n_rows, n_cols}, to_cpp(o, n_rows, n_cols));
    std::string digest = samebits::gmm_digest(fitted);
    *model = new samebits_gmm_model{std::move(fitted), std::move(digest)};
  });
}

SAMEBITS_C_API void samebits_gmm_model_destroy(samebits_gmm_model* model) { delete model; }

SAMEBITS_C_API int64_t samebits_gmm_model_n_components(const samebits_gmm_model* m) { return m->model.n_components; }
SAMEBITS_C_API int64_t samebits_gmm_model_n_cols(const samebits_gmm_model* m) { return m->model.n_cols; }
SAMEBITS_C_API const double* samebits_gmm_model_weights(const samebits_gmm_model* m) { return m->model.weights.data(); }
SAMEBITS_C_API const double* samebits_gmm_model_means(const samebits_gmm_model* m) { return m->model.means.data(); }
SAMEBITS_C_API const double* samebits_gmm_model_covariances(const samebits_gmm_model* m) {
  return m->model.covariances.data();
}
SAMEBITS_C_API double samebits_gmm_model_log_likelihood(const samebits_gmm_model* m) { return m->model.log_likelihood; }
SAMEBITS_C_API int64_t samebits_gmm_model_n_iter(const samebits_gmm_model* m) { return m->model.n_iter; }
SAMEBITS_C_API int samebits_gmm_model_converged(const samebits_gmm_model* m) { return m->model.converged ? 1 : 0; }
SAMEBITS_C_API const char* samebits_gmm_model_digest(const samebits_gmm_model* m) { return m->digest.c_str(); }

}  // extern "C"
