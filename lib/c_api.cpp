// The C interface: each function is a call of its C++ twin behind guard().
#include <cstddef>
#include <cstring>
#include <new>
#include <string>

#include "samebits/context.hpp"
#include "samebits/error.hpp"
#include "samebits/gmm.hpp"
#include "samebits/random.hpp"
#include "samebits/samebits.h"
#include "samebits/version.hpp"

struct samebits_context {
  samebits::context context;
};

struct samebits_gmm_model {
  samebits::gmm_model model;
  std::string digest;
};

namespace {

thread_local std::string last_error;

samebits_status failed(samebits_status status, const char* message) noexcept {
  try {
    last_error = message;
  } catch (...) {
    last_error.clear();
  }
  return status;
}

/// Runs the body and turns what it throws into a status and the thread's last error.
template <class Body>
samebits_status guard(const Body& body) noexcept {
  try {
    body();
    return SAMEBITS_OK;
  } catch (const samebits::error& e) {
    return failed(e.status(), e.what());
  } catch (const std::bad_alloc&) {
    return failed(SAMEBITS_OUT_OF_MEMORY, "out of memory");
  } catch (const std::exception& e) {
    return failed(SAMEBITS_INTERNAL, e.what());
  } catch (...) {
    return failed(SAMEBITS_INTERNAL, "an unknown exception");
  }
}

void require_pointer(const void* pointer, const char* function, const char* parameter) {
  if (pointer == nullptr) {
    throw samebits::invalid_argument(std::string(function) + ": " + parameter + " is NULL");
  }
}

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

template <class T, class Fill>
samebits_status fill(const char* function, samebits_context* context, uint64_t seed, uint64_t task, uint64_t first,
                     int64_t n, T* out, const Fill& fill_function) {
  return guard([&] {
    require_pointer(context, function, "context");
    if (n < 0) {
      throw samebits::invalid_argument(std::string(function) + ": n is " + std::to_string(n) +
                                       " but must not be negative");
    }
    if (n > 0) {
      require_pointer(out, function, "out");
    }
    fill_function(context->context, samebits::stream_id{seed, task}, first,
                  std::span<T>(out, static_cast<std::size_t>(n)));
  });
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

SAMEBITS_C_API samebits_status samebits_fill_words(samebits_context* context, uint64_t seed, uint64_t task,
                                                   uint64_t first, int64_t n, uint32_t* out) {
  return fill("fill_words", context, seed, task, first, n, out, samebits::fill_words);
}
SAMEBITS_C_API samebits_status samebits_fill_uniform(samebits_context* context, uint64_t seed, uint64_t task,
                                                     uint64_t first, int64_t n, double* out) {
  return fill("fill_uniform", context, seed, task, first, n, out, samebits::fill_uniform);
}
SAMEBITS_C_API samebits_status samebits_fill_normal(samebits_context* context, uint64_t seed, uint64_t task,
                                                    uint64_t first, int64_t n, double* out) {
  return fill("fill_normal", context, seed, task, first, n, out, samebits::fill_normal);
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
