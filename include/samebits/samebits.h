/* samebits in C.
 *
 * The same inputs and the same (seed, task) give the same bits on every CPU instruction set, thread count and GPU.
 *
 * Every function returns a samebits_status; samebits_last_error() gives the message of the last failure in the calling
 * thread. On failure no handle is written; an array that was being filled may be filled in part after
 * SAMEBITS_OUT_OF_MEMORY or SAMEBITS_BACKEND_FAILURE. Arrays are row-major and dense. The library never prints, aborts
 * or exits. Option structs start with struct_size: fill them with their _init function first, so that a program built
 * against an older header keeps working with a newer library.
 */
#ifndef SAMEBITS_SAMEBITS_H
#define SAMEBITS_SAMEBITS_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define SAMEBITS_C_API __attribute__((visibility("default")))
#else
#define SAMEBITS_C_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Status codes are never reused. */
typedef enum samebits_status {
  SAMEBITS_OK = 0,
  SAMEBITS_INVALID_ARGUMENT = 1,    /* the message names the function, the parameter and the value */
  SAMEBITS_OUT_OF_MEMORY = 2,       /* host or device */
  SAMEBITS_BACKEND_UNAVAILABLE = 3, /* the backend or instruction set asked for cannot run here */
  SAMEBITS_BACKEND_FAILURE = 4,     /* a device failed while computing */
  SAMEBITS_NUMERICAL_FAILURE = 5,   /* the data and options have no finite answer, such as a singular covariance */
  SAMEBITS_INTERRUPTED = 6,         /* a callback asked to stop */
  SAMEBITS_INTERNAL = 7             /* a defect of samebits */
} samebits_status;

/* "0.1.0" */
SAMEBITS_C_API const char* samebits_version(void);
/* Changes whenever the bits of any result change. */
SAMEBITS_C_API int32_t samebits_numerics_version(void);
/* The message of the calling thread's last failure; valid until its next failure. */
SAMEBITS_C_API const char* samebits_last_error(void);

/* ---- context: which backend, which instruction set, how many threads ------------------------------------------- */

typedef struct samebits_context samebits_context;

typedef struct samebits_context_options {
  size_t struct_size;
  const char* backend; /* "cpu" or "cuda"; NULL: SAMEBITS_BACKEND, else the best available */
  const char* isa;     /* "scalar", "avx2", "avx512"; NULL: SAMEBITS_ISA, else the best of this CPU */
  int32_t n_threads;   /* 1 to 1024; 0: SAMEBITS_NUM_THREADS, else all that the process may use */
} samebits_context_options;

SAMEBITS_C_API void samebits_context_options_init(samebits_context_options* options);
/* `options` may be NULL. A context is immutable: threads may share it. */
SAMEBITS_C_API samebits_status samebits_context_create(const samebits_context_options* options,
                                                       samebits_context** context);
SAMEBITS_C_API void samebits_context_destroy(samebits_context* context);
SAMEBITS_C_API const char* samebits_context_backend(const samebits_context* context);
SAMEBITS_C_API const char* samebits_context_isa(const samebits_context* context);
SAMEBITS_C_API int32_t samebits_context_n_threads(const samebits_context* context);

/* ---- random streams --------------------------------------------------------------------------------------------- */

/* Elements first .. first + n - 1 of a sequence of stream (seed, task): 32-bit words, doubles in [0, 1), standard
 * normal doubles. An element depends on (seed, task) and its number alone. first + n is at most 2^60. */
SAMEBITS_C_API samebits_status samebits_fill_words(samebits_context* context, uint64_t seed, uint64_t task,
                                                   uint64_t first, int64_t n, uint32_t* out);
SAMEBITS_C_API samebits_status samebits_fill_uniform(samebits_context* context, uint64_t seed, uint64_t task,
                                                     uint64_t first, int64_t n, double* out);
SAMEBITS_C_API samebits_status samebits_fill_normal(samebits_context* context, uint64_t seed, uint64_t task,
                                                    uint64_t first, int64_t n, double* out);

/* ---- Gaussian mixtures ------------------------------------------------------------------------------------------ */

typedef struct samebits_gmm_model samebits_gmm_model;

/* See samebits::gmm_options in samebits/gmm.hpp for what each means. */
typedef struct samebits_gmm_options {
  size_t struct_size;
  int64_t n_components;
  uint64_t seed;
  uint64_t task;
  int64_t n_init;
  int64_t max_iter;
  double tol;
  double reg_covar;
  const double* weights_init;     /* [k] or NULL */
  const double* means_init;       /* [k x n_cols] or NULL */
  const double* covariances_init; /* [k x n_cols x n_cols] or NULL */
  /* Called after every pass over the rows with the mean log-likelihood; a return value other than 0 stops the fit with
   * SAMEBITS_INTERRUPTED. May be NULL. */
  int (*callback)(void* user_data, int64_t restart, int64_t iteration, double log_likelihood);
  void* user_data;
} samebits_gmm_options;

SAMEBITS_C_API void samebits_gmm_options_init(samebits_gmm_options* options);
/* Fits a mixture to x [n_rows x n_cols], finite. `options` may be NULL. */
SAMEBITS_C_API samebits_status samebits_gmm_fit(samebits_context* context, const double* x, int64_t n_rows,
                                                int64_t n_cols, const samebits_gmm_options* options,
                                                samebits_gmm_model** model);
SAMEBITS_C_API void samebits_gmm_model_destroy(samebits_gmm_model* model);
SAMEBITS_C_API int64_t samebits_gmm_model_n_components(const samebits_gmm_model* model);
SAMEBITS_C_API int64_t samebits_gmm_model_n_cols(const samebits_gmm_model* model);
SAMEBITS_C_API const double* samebits_gmm_model_weights(const samebits_gmm_model* model); /* [k] */
SAMEBITS_C_API const double* samebits_gmm_model_means(const samebits_gmm_model* model);   /* [k x n_cols] */
SAMEBITS_C_API const double* samebits_gmm_model_covariances(
    const samebits_gmm_model* model);                                                     /* [k x n_cols x n_cols] */
SAMEBITS_C_API double samebits_gmm_model_log_likelihood(const samebits_gmm_model* model); /* nats per row */
SAMEBITS_C_API int64_t samebits_gmm_model_n_iter(const samebits_gmm_model* model);
SAMEBITS_C_API int samebits_gmm_model_converged(const samebits_gmm_model* model);
/* "sha256:..." over the little-endian bytes of weights, means, covariances and log-likelihood. */
SAMEBITS_C_API const char* samebits_gmm_model_digest(const samebits_gmm_model* model);

#ifdef __cplusplus
}
#endif

#endif
