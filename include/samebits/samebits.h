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
  SAMEBITS_INTERNAL = 7,            /* a defect of samebits */
  SAMEBITS_STREAM_EXHAUSTED = 8,    /* a stream was asked for more than its 2^66 words */
  SAMEBITS_FILE_ERROR = 9           /* a file cannot be read or written; the message has the system's reason */
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
  const char* backend;    /* "cpu" or "cuda"; NULL: SAMEBITS_BACKEND, else the best available */
  const char* isa;        /* "scalar", "avx2", "avx512"; NULL: SAMEBITS_ISA, else the best of this CPU */
  int32_t n_threads;      /* 1 to 1024; 0: SAMEBITS_NUM_THREADS, else all that the process may use */
  const int32_t* devices; /* [n_devices] in place of `device`: they share the work of every call; NULL: one device */
  int32_t n_devices;
  int32_t device; /* counted from 0; -1: SAMEBITS_DEVICE for a GPU, else 0. The CPU is one device, 0 */
} samebits_context_options;

SAMEBITS_C_API void samebits_context_options_init(samebits_context_options* options);
/* `options` may be NULL. A context is immutable: threads may share it. */
SAMEBITS_C_API samebits_status samebits_context_create(const samebits_context_options* options,
                                                       samebits_context** context);
SAMEBITS_C_API void samebits_context_destroy(samebits_context* context);
SAMEBITS_C_API const char* samebits_context_backend(const samebits_context* context);
SAMEBITS_C_API const char* samebits_context_isa(const samebits_context* context);
SAMEBITS_C_API int32_t samebits_context_n_threads(const samebits_context* context);
/* The device that it works on, of several the first. */
SAMEBITS_C_API int32_t samebits_context_device(const samebits_context* context);
/* How many devices it works on, and the number of each; -1 where there is none at that index. */
SAMEBITS_C_API int32_t samebits_context_n_devices(const samebits_context* context);
SAMEBITS_C_API int32_t samebits_context_device_at(const samebits_context* context, int32_t index);
/* How many devices its backend has here. */
SAMEBITS_C_API int32_t samebits_context_available_devices(const samebits_context* context);
/* A context of the same backend with its work in that queue, a cudaStream_t; NULL: the backend's own, one for each host
 * thread. The queue must outlive its use. On the CPU it has no effect.
 *
 * SAMEBITS_INVALID_ARGUMENT: the context works on several devices. */
SAMEBITS_C_API samebits_status samebits_context_on_stream(const samebits_context* context, void* cuda_stream,
                                                          samebits_context** queued);
/* Waits until everything asked for in the context's queue is done. */
SAMEBITS_C_API samebits_status samebits_context_synchronize(const samebits_context* context);

/* ---- memory of the backend: on a GPU its own, on the CPU ordinary memory ---------------------------------------- */

/* Functions that are called with that context take addresses in it for their rows and results: docs/gpu.md lists which.
 * Results there may be under way when a call returns.
 *
 * SAMEBITS_INVALID_ARGUMENT: bytes is negative. SAMEBITS_OUT_OF_MEMORY: the device has no room. */
SAMEBITS_C_API samebits_status samebits_device_allocate(const samebits_context* context, int64_t bytes, void** memory);
/* When all work on the device is done. NULL is fine. */
SAMEBITS_C_API samebits_status samebits_device_release(const samebits_context* context, void* memory);
/* From or to the host or the same device; the host's memory may be used again when it returns. */
SAMEBITS_C_API samebits_status samebits_device_copy(const samebits_context* context, void* to, const void* from,
                                                    int64_t bytes);

/* ---- random streams --------------------------------------------------------------------------------------------- */

/* A seed as people write it: decimal digits or 0x and up to 16 hexadecimal digits give that number, 0x and 17 to 32 of
 * them a number made of all 128 bits, "entropy" a number that the system draws; any other text gives a number made of
 * its bytes. See samebits::seed::parse. The number in decimal digits gives itself: write it down. */
SAMEBITS_C_API samebits_status samebits_seed_parse(const char* text, uint64_t* seed);

/* The name (seed, task) of the stream that is child `index`, or the child called `name`, of stream (seed, task). A
 * function of its arguments alone. See samebits::stream_id::child. */
SAMEBITS_C_API samebits_status samebits_stream_child(uint64_t seed, uint64_t task, uint64_t index, uint64_t* child_seed,
                                                     uint64_t* child_task);
SAMEBITS_C_API samebits_status samebits_stream_child_named(uint64_t seed, uint64_t task, const char* name,
                                                           uint64_t* child_seed, uint64_t* child_task);

/* Elements first .. first + n - 1 of a sequence of stream (seed, task): 32-bit words, doubles in [0, 1), standard
 * normal doubles. An element depends on (seed, task) and its number alone. first + n is at most 2^60. */
SAMEBITS_C_API samebits_status samebits_fill_words(samebits_context* context, uint64_t seed, uint64_t task,
                                                   uint64_t first, int64_t n, uint32_t* out);
SAMEBITS_C_API samebits_status samebits_fill_uniform(samebits_context* context, uint64_t seed, uint64_t task,
                                                     uint64_t first, int64_t n, double* out);
SAMEBITS_C_API samebits_status samebits_fill_normal(samebits_context* context, uint64_t seed, uint64_t task,
                                                    uint64_t first, int64_t n, double* out);

/* A permutation of 0 .. n - 1. */
SAMEBITS_C_API samebits_status samebits_permutation(uint64_t seed, uint64_t task, int64_t n, int64_t* out);
/* The same permutation by a backend, into the host's memory or that of the context's device. */
SAMEBITS_C_API samebits_status samebits_fill_permutation(samebits_context* context, uint64_t seed, uint64_t task,
                                                         int64_t n, int64_t* out);
/* Its first n_drawn elements in memory that n does not matter for. */
SAMEBITS_C_API samebits_status samebits_sample_without_replacement(uint64_t seed, uint64_t task, int64_t n,
                                                                   int64_t n_drawn, int64_t* out);

/* The fold in [0, k) of each of n_rows rows; stratified: with the same share of each label in every fold. See
 * samebits/split.hpp. */
SAMEBITS_C_API samebits_status samebits_k_fold(uint64_t seed, uint64_t task, int64_t n_rows, int64_t k, int64_t* fold);
SAMEBITS_C_API samebits_status samebits_stratified_k_fold(uint64_t seed, uint64_t task, const int64_t* labels,
                                                          int64_t n_rows, int64_t k, int64_t* fold);

/* ---- distributions ---------------------------------------------------------------------------------------------- */

/* docs/distributions.md has the definition, the parameters and the method of each. Numbers are never reused. */
typedef enum samebits_distribution_kind {
  SAMEBITS_WORDS = 0,                   /* uint32: the words of the stream */
  SAMEBITS_WORDS64 = 1,                 /* uint64: two words each, the earlier one low */
  SAMEBITS_UNIFORM = 2,                 /* [low, high) */
  SAMEBITS_UNIFORM_POSITIVE = 3,        /* (0, 1] */
  SAMEBITS_UNIFORM_OPEN = 4,            /* (0, 1) */
  SAMEBITS_UNIFORM_CURAND = 5,          /* the bits of cuRAND's uniforms */
  SAMEBITS_INTEGERS = 6,                /* uint64 in [0, count) */
  SAMEBITS_NORMAL = 7,                  /* mean, sd */
  SAMEBITS_LOGNORMAL = 8,               /* mean, sd of the logarithm */
  SAMEBITS_EXPONENTIAL = 9,             /* scale */
  SAMEBITS_GAMMA = 10,                  /* shape, scale */
  SAMEBITS_BETA = 11,                   /* a, b */
  SAMEBITS_CHI_SQUARE = 12,             /* df */
  SAMEBITS_STUDENT_T = 13,              /* df */
  SAMEBITS_CAUCHY = 14,                 /* location, scale */
  SAMEBITS_LAPLACE = 15,                /* location, scale */
  SAMEBITS_LOGISTIC = 16,               /* location, scale */
  SAMEBITS_GUMBEL = 17,                 /* location, scale */
  SAMEBITS_WEIBULL = 18,                /* shape, scale */
  SAMEBITS_PARETO = 19,                 /* shape, scale */
  SAMEBITS_VON_MISES = 20,              /* mean, concentration */
  SAMEBITS_TRUNCATED_NORMAL = 21,       /* mean, sd, low, high */
  SAMEBITS_POISSON = 22,                /* mean */
  SAMEBITS_BINOMIAL = 23,               /* p; count: trials */
  SAMEBITS_NEGATIVE_BINOMIAL = 24,      /* successes, p; a sample is a number of failures */
  SAMEBITS_GEOMETRIC = 25,              /* p; a sample is a number of failures */
  SAMEBITS_CATEGORICAL = 26,            /* values: weights; by an alias table */
  SAMEBITS_CATEGORICAL_CUMULATIVE = 27, /* values: weights; by their cumulative sums */
  SAMEBITS_MULTINOMIAL = 28,            /* count: trials; values: weights; a sample is a row of counts */
  SAMEBITS_DIRICHLET = 29,              /* values: concentrations; a sample is a row */
  SAMEBITS_MULTIVARIATE_NORMAL = 30,    /* count: columns d; values: mean [d], then a lower factor [d x d] */
  SAMEBITS_SPHERE = 31,                 /* count: columns; a sample is a point on the unit sphere */
  SAMEBITS_ROTATION = 32                /* count: dimension d; a sample is a d x d rotation matrix */
} samebits_distribution_kind;

enum { SAMEBITS_N_DISTRIBUTIONS = 33 };

/* The type of the numbers of an array. */
typedef enum samebits_dtype {
  SAMEBITS_FLOAT64 = 0,
  SAMEBITS_FLOAT32 = 1,
  SAMEBITS_INT64 = 2,
  SAMEBITS_UINT64 = 3,
  SAMEBITS_UINT32 = 4
} samebits_dtype;

enum { SAMEBITS_MAX_PARAMETERS = 4 };

typedef struct samebits_distribution {
  size_t struct_size;
  int32_t kind;                               /* samebits_distribution_kind */
  double parameters[SAMEBITS_MAX_PARAMETERS]; /* in the order given with the kind */
  uint64_t count;
  const double* values; /* not copied: must live until the call returns */
  int64_t n_values;
} samebits_distribution;

/* The standard member of the kind: location 0, scale 1, and so on. */
SAMEBITS_C_API void samebits_distribution_init(samebits_distribution* distribution, samebits_distribution_kind kind);
/* Samples first .. first + n - 1 of stream (seed, task). Sample i depends on (seed, task, i) and the parameters alone.
 * `out` has n samples of type `dtype`, rows one after the other: continuous distributions give FLOAT64 or FLOAT32,
 * counts INT64, integers and words64 UINT64, words UINT32. */
SAMEBITS_C_API samebits_status samebits_fill(samebits_context* context, const samebits_distribution* distribution,
                                             uint64_t seed, uint64_t task, uint64_t first, int64_t n,
                                             samebits_dtype dtype, void* out);
/* Numbers in a row of one sample: 1 for most. */
SAMEBITS_C_API samebits_status samebits_distribution_row_size(const samebits_distribution* distribution, int64_t* size);

/* ---- Gaussian mixtures ------------------------------------------------------------------------------------------
 *
 * The C++ headers samebits/gmm.hpp, gmm_model.hpp, bayesian_gmm.hpp and gmm_file.hpp say what each function does; a
 * function here does the same. k is the number of components. Functions that read rows come twice: for double, and with
 * the suffix _float for float. Where n_rows is 0, arrays of rows may be NULL. */

typedef struct samebits_gmm_model samebits_gmm_model;

/* What the covariances of the components have in common. See samebits::covariance_type. */
typedef enum samebits_covariance_type {
  SAMEBITS_FULL = 0,          /* covariances are [k n_cols x n_cols], one below the other */
  SAMEBITS_TIED = 1,          /* [n_cols x n_cols] */
  SAMEBITS_DIAG = 2,          /* [k x n_cols] */
  SAMEBITS_SPHERICAL = 3,     /* [k x 1] */
  SAMEBITS_TIED_DIAG = 4,     /* [1 x n_cols] */
  SAMEBITS_TIED_SPHERICAL = 5 /* [1 x 1] */
} samebits_covariance_type;

/* Where means that are not given come from. See samebits::gmm_init. */
typedef enum samebits_gmm_init {
  SAMEBITS_INIT_KMEANS_PLUS_PLUS = 0,
  SAMEBITS_INIT_KMEANS = 1,
  SAMEBITS_INIT_RANDOM_ROWS = 2,
  SAMEBITS_INIT_RANDOM_RESPONSIBILITIES = 3
} samebits_gmm_init;

/* How threads share the work. It changes the time, never the bits. */
typedef enum samebits_gmm_schedule {
  SAMEBITS_SCHEDULE_AUTOMATIC = 0,
  SAMEBITS_SCHEDULE_ROWS = 1,
  SAMEBITS_SCHEDULE_COMPONENTS = 2
} samebits_gmm_schedule;

/* See samebits::gmm_options for what each means. Pointers may be NULL; what they point to is not copied. */
typedef struct samebits_gmm_options {
  size_t struct_size;
  int64_t n_components;
  uint64_t seed;
  uint64_t task;
  int64_t n_init;
  int64_t max_iter;
  double tol;
  double reg_covar;
  const double* weights_init;     /* [k] */
  const double* means_init;       /* [k x n_cols] */
  const double* covariances_init; /* as the type has them */
  /* Called after every pass over the rows with the mean log-likelihood; a return value other than 0 stops the fit with
   * SAMEBITS_INTERRUPTED. Never called by two threads at once. */
  int (*callback)(void* user_data, int64_t restart, int64_t iteration, double log_likelihood);
  void* user_data;
  int32_t covariance; /* samebits_covariance_type */
  int32_t init;       /* samebits_gmm_init */
  int32_t schedule;   /* samebits_gmm_schedule */
  double reg_covar_relative;
  const double* sample_weights;         /* [n_rows] */
  const double* precisions_init;        /* as the type has covariances */
  const double* responsibilities_init;  /* [n_rows x k] */
  const samebits_gmm_model* warm_start; /* of the same type and shape */
  const uint8_t* frozen_weights;        /* [k] of 0 and 1 */
  const uint8_t* frozen_means;          /* [k] of 0 and 1 */
  const uint8_t* frozen_covariances;    /* [k] of 0 and 1 */
} samebits_gmm_options;

SAMEBITS_C_API void samebits_gmm_options_init(samebits_gmm_options* options);

/* Fits a mixture to x [n_rows x n_cols], finite. `options` may be NULL. */
SAMEBITS_C_API samebits_status samebits_gmm_fit(samebits_context* context, const double* x, int64_t n_rows,
                                                int64_t n_cols, const samebits_gmm_options* options,
                                                samebits_gmm_model** model);
SAMEBITS_C_API samebits_status samebits_gmm_fit_float(samebits_context* context, const float* x, int64_t n_rows,
                                                      int64_t n_cols, const samebits_gmm_options* options,
                                                      samebits_gmm_model** model);

/* A fit for each of many data sets, as in studies over simulated data: x[i] is [n_rows[i] x n_cols]. Outcome i is that
 * of samebits_gmm_fit with task options->task + i; one that fails takes no other with it. See samebits::gmm_fit_each.
 */
typedef struct samebits_gmm_outcomes samebits_gmm_outcomes;

/* `sample_weights` is NULL, or has [n_rows[i]] weights for each data set, or NULL for one without. `options` may be
 * NULL and has no weights and no callback of its own. `callback` may be NULL: it gets the number of fits that are over,
 * never from two threads at once; a return value other than 0 stops the call with SAMEBITS_INTERRUPTED. */
SAMEBITS_C_API samebits_status samebits_gmm_fit_each(samebits_context* context, const double* const* x,
                                                     const int64_t* n_rows, int64_t n_data_sets, int64_t n_cols,
                                                     const double* const* sample_weights,
                                                     const samebits_gmm_options* options,
                                                     int (*callback)(void* user_data, int64_t n_done), void* user_data,
                                                     samebits_gmm_outcomes** outcomes);
SAMEBITS_C_API samebits_status samebits_gmm_fit_each_float(samebits_context* context, const float* const* x,
                                                           const int64_t* n_rows, int64_t n_data_sets, int64_t n_cols,
                                                           const double* const* sample_weights,
                                                           const samebits_gmm_options* options,
                                                           int (*callback)(void* user_data, int64_t n_done),
                                                           void* user_data, samebits_gmm_outcomes** outcomes);
SAMEBITS_C_API void samebits_gmm_outcomes_destroy(samebits_gmm_outcomes* outcomes);

/* Of NULL, or where there is no outcome of that number, these give 0, NULL and "". Models and texts belong to the
 * outcomes. */
SAMEBITS_C_API int64_t samebits_gmm_outcomes_size(const samebits_gmm_outcomes* outcomes);
SAMEBITS_C_API const samebits_gmm_model* samebits_gmm_outcomes_model(const samebits_gmm_outcomes* outcomes,
                                                                     int64_t index); /* NULL: the fit failed */
SAMEBITS_C_API const char* samebits_gmm_outcomes_failure(const samebits_gmm_outcomes* outcomes, int64_t index);

/* A mixture of numbers of one's own: weights [k], means [k x n_cols], covariances as the type has them. Copies them. */
SAMEBITS_C_API samebits_status samebits_gmm_model_create(samebits_covariance_type covariance, int64_t n_components,
                                                         int64_t n_cols, const double* weights, const double* means,
                                                         const double* covariances, samebits_gmm_model** model);
SAMEBITS_C_API void samebits_gmm_model_destroy(samebits_gmm_model* model);

/* Of NULL these give 0, NULL or "". Arrays live as long as the model. */
SAMEBITS_C_API samebits_covariance_type samebits_gmm_model_covariance_type(const samebits_gmm_model* model);
SAMEBITS_C_API int64_t samebits_gmm_model_n_components(const samebits_gmm_model* model);
SAMEBITS_C_API int64_t samebits_gmm_model_n_cols(const samebits_gmm_model* model);
SAMEBITS_C_API const double* samebits_gmm_model_weights(const samebits_gmm_model* model);     /* [k] */
SAMEBITS_C_API const double* samebits_gmm_model_means(const samebits_gmm_model* model);       /* [k x n_cols] */
SAMEBITS_C_API const double* samebits_gmm_model_covariances(const samebits_gmm_model* model); /* of this shape: */
SAMEBITS_C_API int64_t samebits_gmm_model_covariances_n_rows(const samebits_gmm_model* model);
SAMEBITS_C_API int64_t samebits_gmm_model_covariances_n_cols(const samebits_gmm_model* model);
SAMEBITS_C_API double samebits_gmm_model_log_likelihood(const samebits_gmm_model* model); /* nats per row */
SAMEBITS_C_API int64_t samebits_gmm_model_n_iter(const samebits_gmm_model* model);
SAMEBITS_C_API int samebits_gmm_model_converged(const samebits_gmm_model* model);
SAMEBITS_C_API int64_t samebits_gmm_model_restart(const samebits_gmm_model* model); /* the run that won */
/* The log-likelihood of the start and after each iteration, nats per row. */
SAMEBITS_C_API const double* samebits_gmm_model_trace(const samebits_gmm_model* model);
SAMEBITS_C_API int64_t samebits_gmm_model_n_trace(const samebits_gmm_model* model);
/* Free parameters. */
SAMEBITS_C_API int64_t samebits_gmm_model_n_parameters(const samebits_gmm_model* model);
/* "sha256:..." over the little-endian bytes of weights, means, covariances and log-likelihood. */
SAMEBITS_C_API const char* samebits_gmm_model_digest(const samebits_gmm_model* model);
/* The covariance of component k, whatever the type: out [n_cols x n_cols]. */
SAMEBITS_C_API samebits_status samebits_gmm_model_covariance(const samebits_gmm_model* model, int64_t k, double* out);

/* A file of JSON that every language can read; samebits fit --out writes it as well. */
SAMEBITS_C_API samebits_status samebits_gmm_save(const samebits_gmm_model* model, const char* file);
SAMEBITS_C_API samebits_status samebits_gmm_load(const char* file, samebits_gmm_model** model);
/* The text of such a file. It belongs to the model and lives as long. */
SAMEBITS_C_API samebits_status samebits_gmm_model_to_json(const samebits_gmm_model* model, const char** json);
SAMEBITS_C_API samebits_status samebits_gmm_model_from_json(const char* json, samebits_gmm_model** model);

/* The steps, for an EM of one's own. log_prob and log_responsibilities are [n_rows x k], log_likelihoods [n_rows]; of
 * the two of gmm_expectation one may be NULL. gmm_maximization takes its k from options->n_components. */
SAMEBITS_C_API samebits_status samebits_gmm_log_prob(samebits_context* context, const samebits_gmm_model* model,
                                                     const double* x, int64_t n_rows, int64_t n_cols, double* log_prob);
SAMEBITS_C_API samebits_status samebits_gmm_log_prob_float(samebits_context* context, const samebits_gmm_model* model,
                                                           const float* x, int64_t n_rows, int64_t n_cols,
                                                           float* log_prob);
SAMEBITS_C_API samebits_status samebits_gmm_expectation(samebits_context* context, const samebits_gmm_model* model,
                                                        const double* x, int64_t n_rows, int64_t n_cols,
                                                        double* log_responsibilities, double* log_likelihoods);
SAMEBITS_C_API samebits_status samebits_gmm_expectation_float(samebits_context* context,
                                                              const samebits_gmm_model* model, const float* x,
                                                              int64_t n_rows, int64_t n_cols,
                                                              float* log_responsibilities, float* log_likelihoods);
SAMEBITS_C_API samebits_status samebits_gmm_maximization(samebits_context* context, const double* x, int64_t n_rows,
                                                         int64_t n_cols, const double* responsibilities,
                                                         const samebits_gmm_options* options,
                                                         samebits_gmm_model** model);
SAMEBITS_C_API samebits_status samebits_gmm_maximization_float(samebits_context* context, const float* x,
                                                               int64_t n_rows, int64_t n_cols,
                                                               const double* responsibilities,
                                                               const samebits_gmm_options* options,
                                                               samebits_gmm_model** model);

/* labels, log_likelihoods: [n_rows]; probabilities: [n_rows x k]. */
SAMEBITS_C_API samebits_status samebits_gmm_predict(samebits_context* context, const samebits_gmm_model* model,
                                                    const double* x, int64_t n_rows, int64_t n_cols, int64_t* labels);
SAMEBITS_C_API samebits_status samebits_gmm_predict_float(samebits_context* context, const samebits_gmm_model* model,
                                                          const float* x, int64_t n_rows, int64_t n_cols,
                                                          int64_t* labels);
SAMEBITS_C_API samebits_status samebits_gmm_predict_proba(samebits_context* context, const samebits_gmm_model* model,
                                                          const double* x, int64_t n_rows, int64_t n_cols,
                                                          double* probabilities);
SAMEBITS_C_API samebits_status samebits_gmm_predict_proba_float(samebits_context* context,
                                                                const samebits_gmm_model* model, const float* x,
                                                                int64_t n_rows, int64_t n_cols, float* probabilities);
SAMEBITS_C_API samebits_status samebits_gmm_score_samples(samebits_context* context, const samebits_gmm_model* model,
                                                          const double* x, int64_t n_rows, int64_t n_cols,
                                                          double* log_likelihoods);
SAMEBITS_C_API samebits_status samebits_gmm_score_samples_float(samebits_context* context,
                                                                const samebits_gmm_model* model, const float* x,
                                                                int64_t n_rows, int64_t n_cols, float* log_likelihoods);

/* The mean log-likelihood of the rows. sample_weights, here and below, is [n_rows] or NULL. */
SAMEBITS_C_API samebits_status samebits_gmm_score(samebits_context* context, const samebits_gmm_model* model,
                                                  const double* x, int64_t n_rows, int64_t n_cols,
                                                  const double* sample_weights, double* score);
SAMEBITS_C_API samebits_status samebits_gmm_score_float(samebits_context* context, const samebits_gmm_model* model,
                                                        const float* x, int64_t n_rows, int64_t n_cols,
                                                        const double* sample_weights, double* score);

/* Numbers to choose a model by. See samebits::gmm_criteria. */
typedef struct samebits_gmm_criteria {
  double log_likelihood; /* total, nats */
  int64_t n_parameters;
  double aic;
  double bic;
  double entropy;
  double icl;
} samebits_gmm_criteria;

SAMEBITS_C_API samebits_status samebits_gmm_evaluate(samebits_context* context, const samebits_gmm_model* model,
                                                     const double* x, int64_t n_rows, int64_t n_cols,
                                                     const double* sample_weights, samebits_gmm_criteria* criteria);
SAMEBITS_C_API samebits_status samebits_gmm_evaluate_float(samebits_context* context, const samebits_gmm_model* model,
                                                           const float* x, int64_t n_rows, int64_t n_cols,
                                                           const double* sample_weights,
                                                           samebits_gmm_criteria* criteria);

/* Rows first .. first + n - 1 of the sample that stream (seed, task) is of the mixture: out [n x n_cols], labels [n] or
 * NULL. */
SAMEBITS_C_API samebits_status samebits_gmm_sample(samebits_context* context, const samebits_gmm_model* model,
                                                   uint64_t seed, uint64_t task, uint64_t first, int64_t n, double* out,
                                                   int64_t* labels);

/* The mixture of some columns; the mixture of the others where these have the values given. */
SAMEBITS_C_API samebits_status samebits_gmm_marginal(const samebits_gmm_model* model, const int64_t* columns,
                                                     int64_t n_columns, samebits_gmm_model** marginal);
SAMEBITS_C_API samebits_status samebits_gmm_conditional(const samebits_gmm_model* model, const int64_t* columns,
                                                        const double* values, int64_t n_columns,
                                                        samebits_gmm_model** conditional);

/* Joins components to clusters, two at a time: merger i puts cluster joined[i] into kept[i] and leaves entropies[i +
 * 1]; entropies[0] is that of the components. kept and joined are [k - 1], entropies [k]. */
SAMEBITS_C_API samebits_status samebits_gmm_merge(samebits_context* context, const samebits_gmm_model* model,
                                                  const double* x, int64_t n_rows, int64_t n_cols,
                                                  const double* sample_weights, int64_t* kept, int64_t* joined,
                                                  double* entropies);
SAMEBITS_C_API samebits_status samebits_gmm_merge_float(samebits_context* context, const samebits_gmm_model* model,
                                                        const float* x, int64_t n_rows, int64_t n_cols,
                                                        const double* sample_weights, int64_t* kept, int64_t* joined,
                                                        double* entropies);
/* The cluster of each component, clusters [k], when n_clusters of them are left. */
SAMEBITS_C_API samebits_status samebits_gmm_merge_clusters(const int64_t* kept, const int64_t* joined,
                                                           int64_t n_components, int64_t n_clusters, int64_t* clusters);

/* ---- choice of a mixture ---- */

typedef struct samebits_gmm_selection samebits_gmm_selection;

typedef enum samebits_gmm_criterion {
  SAMEBITS_CRITERION_BIC = 0,
  SAMEBITS_CRITERION_AIC = 1,
  SAMEBITS_CRITERION_ICL = 2
} samebits_gmm_criterion;

/* One fit of a sweep. */
typedef struct samebits_gmm_candidate {
  samebits_covariance_type covariance;
  int64_t n_components;
  samebits_gmm_criteria criteria; /* 0 where the fit has failed */
  int64_t n_iter;
  int converged;
  const char* failure; /* why there is no fit, or ""; lives as long as the selection */
} samebits_gmm_candidate;

/* Fits every type with every number of components and keeps the fit with the lowest criterion.
 * options->n_components and options->covariance do not count; `options` may be NULL. */
SAMEBITS_C_API samebits_status samebits_gmm_select(samebits_context* context, const double* x, int64_t n_rows,
                                                   int64_t n_cols, const samebits_covariance_type* types,
                                                   int64_t n_types, const int64_t* n_components, int64_t n_sizes,
                                                   const samebits_gmm_options* options,
                                                   samebits_gmm_criterion criterion,
                                                   samebits_gmm_selection** selection);
SAMEBITS_C_API samebits_status samebits_gmm_select_float(samebits_context* context, const float* x, int64_t n_rows,
                                                         int64_t n_cols, const samebits_covariance_type* types,
                                                         int64_t n_types, const int64_t* n_components, int64_t n_sizes,
                                                         const samebits_gmm_options* options,
                                                         samebits_gmm_criterion criterion,
                                                         samebits_gmm_selection** selection);
SAMEBITS_C_API void samebits_gmm_selection_destroy(samebits_gmm_selection* selection);

/* Candidates stand in the order of the types and, in each, of the numbers of components. Of NULL these give 0, -1 for
 * the best, and NULL for its model, which belongs to the selection. */
SAMEBITS_C_API int64_t samebits_gmm_selection_n_candidates(const samebits_gmm_selection* selection);
SAMEBITS_C_API int64_t samebits_gmm_selection_best(const samebits_gmm_selection* selection);
SAMEBITS_C_API const samebits_gmm_model* samebits_gmm_selection_model(const samebits_gmm_selection* selection);
SAMEBITS_C_API samebits_status samebits_gmm_selection_candidate(const samebits_gmm_selection* selection, int64_t index,
                                                                samebits_gmm_candidate* candidate);

/* ---- mixtures with priors ---- */

typedef struct samebits_bayesian_gmm_model samebits_bayesian_gmm_model;

typedef enum samebits_weight_prior {
  SAMEBITS_PRIOR_DIRICHLET = 0,
  SAMEBITS_PRIOR_DIRICHLET_PROCESS = 1
} samebits_weight_prior;

/* See samebits::bayesian_gmm_options for what each means. */
typedef struct samebits_gmm_priors {
  size_t struct_size;
  int32_t weights;                   /* samebits_weight_prior */
  double weight_concentration_prior; /* 0: 1 / n_components */
  double mean_precision_prior;
  const double* mean_prior;        /* [n_cols]; NULL: the mean of the rows */
  double degrees_of_freedom_prior; /* 0: n_cols */
  const double* covariance_prior;  /* [n_cols x n_cols], SAMEBITS_DIAG: [n_cols]; NULL: that of all rows */
} samebits_gmm_priors;

SAMEBITS_C_API void samebits_gmm_priors_init(samebits_gmm_priors* priors);

/* Fits by variational inference. `options` and `priors` may be NULL; of the options those count that
 * samebits::bayesian_gmm_options lists. */
SAMEBITS_C_API samebits_status samebits_bayesian_gmm_fit(samebits_context* context, const double* x, int64_t n_rows,
                                                         int64_t n_cols, const samebits_gmm_options* options,
                                                         const samebits_gmm_priors* priors,
                                                         samebits_bayesian_gmm_model** model);
SAMEBITS_C_API samebits_status samebits_bayesian_gmm_fit_float(samebits_context* context, const float* x,
                                                               int64_t n_rows, int64_t n_cols,
                                                               const samebits_gmm_options* options,
                                                               const samebits_gmm_priors* priors,
                                                               samebits_bayesian_gmm_model** model);
SAMEBITS_C_API void samebits_bayesian_gmm_model_destroy(samebits_bayesian_gmm_model* model);

/* The mixture at the means of the posterior, and the posterior; all of it belongs to the model. Of NULL these are NULL,
 * and the prior is SAMEBITS_PRIOR_DIRICHLET. Concentrations are [k] for a Dirichlet prior, [2 x k] for a process. */
SAMEBITS_C_API const samebits_gmm_model* samebits_bayesian_gmm_model_mixture(const samebits_bayesian_gmm_model* model);
SAMEBITS_C_API samebits_weight_prior samebits_bayesian_gmm_model_prior(const samebits_bayesian_gmm_model* model);
SAMEBITS_C_API const double* samebits_bayesian_gmm_model_weight_concentration(const samebits_bayesian_gmm_model* model);
SAMEBITS_C_API const double* samebits_bayesian_gmm_model_mean_precision(const samebits_bayesian_gmm_model* model);
SAMEBITS_C_API const double* samebits_bayesian_gmm_model_degrees_of_freedom(const samebits_bayesian_gmm_model* model);

/* ---- sums -------------------------------------------------------------------------------------------------------
 *
 * The C++ headers samebits/sum.hpp, summary.hpp, exact_sum.hpp, matmul.hpp and histogram.hpp say what each function
 * computes and how; a function here does the same and gives the same bits.
 *
 * `dtype` is SAMEBITS_FLOAT64 or SAMEBITS_FLOAT32, the type of the numbers of x, and of y where there is one; all other
 * arrays are of the type shown. An array without elements may be NULL. NULL elsewhere, sizes that do not fit and
 * numbers that are not finite give SAMEBITS_INVALID_ARGUMENT. On failure, from here to the end of this header, nothing
 * is written, except that samebits_matmul may leave a part of its result. */

/* Of x [n]. The dot product is that of x [n] and y [n]; the variance is over n - ddof. */
SAMEBITS_C_API samebits_status samebits_sum(samebits_context* context, samebits_dtype dtype, const void* x, int64_t n,
                                            double* sum);
SAMEBITS_C_API samebits_status samebits_dot(samebits_context* context, samebits_dtype dtype, const void* x,
                                            const void* y, int64_t n, double* dot);
SAMEBITS_C_API samebits_status samebits_mean(samebits_context* context, samebits_dtype dtype, const void* x, int64_t n,
                                             double* mean);
SAMEBITS_C_API samebits_status samebits_variance(samebits_context* context, samebits_dtype dtype, const void* x,
                                                 int64_t n, double ddof, double* variance);

typedef enum samebits_norm_kind {
  SAMEBITS_NORM_L1 = 0, /* the sum of the absolute values */
  SAMEBITS_NORM_L2 = 1, /* the square root of the sum of squares */
  SAMEBITS_NORM_MAX = 2 /* the largest absolute value */
} samebits_norm_kind;

SAMEBITS_C_API samebits_status samebits_norm(samebits_context* context, samebits_dtype dtype, const void* x, int64_t n,
                                             samebits_norm_kind kind, double* norm);

/* What is known of the columns of some rows. The caller says where the numbers of columns go: arrays [n_cols], or NULL
 * for those that are not wanted. See samebits::summary. */
typedef struct samebits_summary {
  size_t struct_size;
  int64_t n_rows; /* written, as is the weight */
  double weight;  /* the sum of the weights; n_rows without weights */
  double* sum;
  double* mean;
  double* variance; /* over weight - ddof */
  double* min;
  double* max;
} samebits_summary;

SAMEBITS_C_API void samebits_summary_init(samebits_summary* summary);

/* Of x [n_rows x n_cols], n_cols at least 1; weights [n_rows], finite and not negative, or NULL. covariance is
 * [n_cols x n_cols]. */
SAMEBITS_C_API samebits_status samebits_summarize(samebits_context* context, samebits_dtype dtype, const void* x,
                                                  int64_t n_rows, int64_t n_cols, const double* weights, double ddof,
                                                  samebits_summary* summary);
SAMEBITS_C_API samebits_status samebits_covariance(samebits_context* context, samebits_dtype dtype, const void* x,
                                                   int64_t n_rows, int64_t n_cols, const double* weights, double ddof,
                                                   double* covariance);

/* Of each column of x [n_rows x n_cols], rounded once: sums, dots and means are [n_cols]. Columns of 0 rows have no
 * mean: SAMEBITS_INVALID_ARGUMENT. A list of n numbers is a matrix [n x 1]. */
SAMEBITS_C_API samebits_status samebits_exact_sum(samebits_context* context, samebits_dtype dtype, const void* x,
                                                  int64_t n_rows, int64_t n_cols, double* sums);
SAMEBITS_C_API samebits_status samebits_exact_dot(samebits_context* context, samebits_dtype dtype, const void* x,
                                                  const void* y, int64_t n_rows, int64_t n_cols, double* dots);
SAMEBITS_C_API samebits_status samebits_exact_mean(samebits_context* context, samebits_dtype dtype, const void* x,
                                                   int64_t n_rows, int64_t n_cols, double* means);

/* out [n_rows x n_cols] = a [n_rows x n_inner] b [n_inner x n_cols], all of type `dtype`, and out apart from a and b.
 * Infinities and NaN are taken. After SAMEBITS_BACKEND_FAILURE out may be filled in part. */
SAMEBITS_C_API samebits_status samebits_matmul(samebits_context* context, samebits_dtype dtype, const void* a,
                                               const void* b, int64_t n_rows, int64_t n_inner, int64_t n_cols,
                                               void* out);

/* Counts x [n] by bins: edges [n_bins + 1] increase, n_bins is at least 1, and the last bin has its right edge too.
 * weights are [n] or NULL. counts and weight_sums, of the weights of each bin, are [n_bins]; n_below and n_above count
 * the numbers outside. What is not wanted may be NULL; weight_sums must be without weights. */
SAMEBITS_C_API samebits_status samebits_histogram(samebits_context* context, samebits_dtype dtype, const void* x,
                                                  int64_t n, const double* edges, int64_t n_bins, const double* weights,
                                                  int64_t* counts, double* weight_sums, int64_t* n_below,
                                                  int64_t* n_above);
/* The edges [n_bins + 1] of n_bins bins of equal width from `low` to `high`. */
SAMEBITS_C_API samebits_status samebits_equal_bins(double low, double high, int64_t n_bins, double* edges);

/* ---- parts of sums ----
 *
 * A state of some rows of a whole, or of some numbers: computed where these are, sent as bytes, and merged in any
 * order. Where all is in, the result has the bits of one pass. A function that fails leaves the state as it was.
 * Threads may share a state that none of them changes. */

typedef struct samebits_partial_summary samebits_partial_summary;

/* What a partial summary collects. See samebits::statistic. */
typedef enum samebits_partial_statistic {
  SAMEBITS_STATISTIC_SUM = 0,
  SAMEBITS_STATISTIC_ABSOLUTE_SUM = 1,
  SAMEBITS_STATISTIC_PRODUCT = 2, /* of two matrices, column by column */
  SAMEBITS_STATISTIC_MOMENTS = 3, /* everything of samebits_summary */
  SAMEBITS_STATISTIC_COVARIANCE = 4
} samebits_partial_statistic;

/* A state without rows. */
SAMEBITS_C_API samebits_status samebits_partial_summary_create(samebits_partial_statistic what, int64_t n_cols,
                                                               samebits_partial_summary** state);
SAMEBITS_C_API void samebits_partial_summary_destroy(samebits_partial_summary* state);

/* Adds rows first_row .. first_row + n_rows - 1 of the whole. weights [n_rows] or NULL are for moments and covariances.
 * Rows that are in already give SAMEBITS_INVALID_ARGUMENT. */
SAMEBITS_C_API samebits_status samebits_partial_summary_add(samebits_context* context, samebits_partial_summary* state,
                                                            int64_t first_row, samebits_dtype dtype, const void* x,
                                                            int64_t n_rows, int64_t n_cols, const double* weights);
/* The same for SAMEBITS_STATISTIC_PRODUCT; x and y are [n_rows x n_cols]. */
SAMEBITS_C_API samebits_status samebits_partial_summary_add_product(samebits_context* context,
                                                                    samebits_partial_summary* state, int64_t first_row,
                                                                    samebits_dtype dtype, const void* x, const void* y,
                                                                    int64_t n_rows, int64_t n_cols);
/* Adds what is in `other`, which collects the same of other rows. */
SAMEBITS_C_API samebits_status samebits_partial_summary_merge(samebits_partial_summary* state,
                                                              const samebits_partial_summary* other);

/* Of NULL these give SAMEBITS_STATISTIC_SUM and 0. */
SAMEBITS_C_API samebits_partial_statistic samebits_partial_summary_what(const samebits_partial_summary* state);
SAMEBITS_C_API int64_t samebits_partial_summary_n_cols(const samebits_partial_summary* state);
SAMEBITS_C_API int64_t samebits_partial_summary_n_rows(const samebits_partial_summary* state); /* that are in */
/* 1 where these are rows 0 .. n_rows - 1, else 0. */
SAMEBITS_C_API int samebits_partial_summary_is_whole(const samebits_partial_summary* state);

/* The result, where no row is missing before others: sums [n_cols] of sums, absolute sums and products; the summary of
 * moments; covariance [n_cols x n_cols]. A state that collects something else gives SAMEBITS_INVALID_ARGUMENT. */
SAMEBITS_C_API samebits_status samebits_partial_summary_sums(const samebits_partial_summary* state, double* sums);
SAMEBITS_C_API samebits_status samebits_partial_summary_moments(const samebits_partial_summary* state, double ddof,
                                                                samebits_summary* summary);
SAMEBITS_C_API samebits_status samebits_partial_summary_covariance(const samebits_partial_summary* state, double ddof,
                                                                   double* covariance);

/* The state as bytes that every machine reads. n_bytes is written on success, and all that is with bytes NULL: call
 * first with bytes NULL, then with an array of at least so many bytes and its size. Bytes that are no state give
 * SAMEBITS_INVALID_ARGUMENT. */
SAMEBITS_C_API samebits_status samebits_partial_summary_bytes(const samebits_partial_summary* state, uint8_t* bytes,
                                                              int64_t size, int64_t* n_bytes);
SAMEBITS_C_API samebits_status samebits_partial_summary_from_bytes(const uint8_t* bytes, int64_t n_bytes,
                                                                   samebits_partial_summary** state);

/* An exact sum to which numbers come in any order and any parts. See samebits::exact_total. */
typedef struct samebits_exact_total samebits_exact_total;

SAMEBITS_C_API samebits_status samebits_exact_total_create(samebits_exact_total** total);
SAMEBITS_C_API void samebits_exact_total_destroy(samebits_exact_total* total);
/* Adds every x[i], or every x[i] y[i], each of which counts as one number. */
SAMEBITS_C_API samebits_status samebits_exact_total_add(samebits_context* context, samebits_exact_total* total,
                                                        samebits_dtype dtype, const void* x, int64_t n);
SAMEBITS_C_API samebits_status samebits_exact_total_add_product(samebits_context* context, samebits_exact_total* total,
                                                                samebits_dtype dtype, const void* x, const void* y,
                                                                int64_t n);
SAMEBITS_C_API samebits_status samebits_exact_total_merge(samebits_exact_total* total,
                                                          const samebits_exact_total* other);
/* How many numbers were added; 0 of NULL. */
SAMEBITS_C_API int64_t samebits_exact_total_count(const samebits_exact_total* total);
SAMEBITS_C_API samebits_status samebits_exact_total_sum(const samebits_exact_total* total, double* sum);
/* Of no numbers: SAMEBITS_INVALID_ARGUMENT. */
SAMEBITS_C_API samebits_status samebits_exact_total_mean(const samebits_exact_total* total, double* mean);
/* As those of partial summaries. Equal sums of equally many numbers have equal bytes. */
SAMEBITS_C_API samebits_status samebits_exact_total_bytes(const samebits_exact_total* total, uint8_t* bytes,
                                                          int64_t size, int64_t* n_bytes);
SAMEBITS_C_API samebits_status samebits_exact_total_from_bytes(const uint8_t* bytes, int64_t n_bytes,
                                                               samebits_exact_total** total);

/* ---- sums over pairs of rows ------------------------------------------------------------------------------------
 *
 * As in samebits/pairwise.hpp. `dtype`, NULL and failures are as for sums. x is [n_x x n_cols] and y [n_y x n_cols];
 * in the modes for x against itself y is NULL and n_y 0. `options` may be NULL. Results that are not finite because
 * values overflow give SAMEBITS_NUMERICAL_FAILURE. A kernel of one's own needs C++: samebits/pair_functor.hpp. */

/* See samebits::pair_kernel. h is the bandwidth. */
typedef enum samebits_pairwise_kernel {
  SAMEBITS_KERNEL_PRODUCT = 0,              /* x . y */
  SAMEBITS_KERNEL_POLYNOMIAL = 1,           /* (gamma x . y + offset)^degree */
  SAMEBITS_KERNEL_COSINE = 2,               /* x . y / (|x| |y|) */
  SAMEBITS_KERNEL_SQUARED_DISTANCE = 3,     /* |x - y|^2 */
  SAMEBITS_KERNEL_POWER = 4,                /* |x - y|^exponent */
  SAMEBITS_KERNEL_GAUSSIAN = 5,             /* exp(-|x - y|^2 / (2 h^2)) */
  SAMEBITS_KERNEL_MATERN_1_2 = 6,           /* exp(-r), r = |x - y| / h */
  SAMEBITS_KERNEL_MATERN_3_2 = 7,           /* (1 + t) exp(-t), t = sqrt(3) r */
  SAMEBITS_KERNEL_MATERN_5_2 = 8,           /* (1 + t + t^2 / 3) exp(-t), t = sqrt(5) r */
  SAMEBITS_KERNEL_INVERSE_MULTIQUADRIC = 9, /* 1 / sqrt(1 + r^2) */
  SAMEBITS_KERNEL_L1 = 10,                  /* the sum of |x_a - y_a| over the columns */
  SAMEBITS_KERNEL_LAPLACIAN = 11            /* exp(-L1 distance / h) */
} samebits_pairwise_kernel;

/* Which pairs count. All but SAMEBITS_PAIRS_CROSS are for x against itself. */
typedef enum samebits_pairwise_mode {
  SAMEBITS_PAIRS_CROSS = 0, /* every row of x with every row of y */
  SAMEBITS_PAIRS_V = 1,     /* every row of x with every row of x */
  SAMEBITS_PAIRS_U = 2,     /* without the pairs of a row with itself */
  SAMEBITS_PAIRS_UPPER = 3  /* i < j */
} samebits_pairwise_mode;

typedef enum samebits_pairwise_algorithm {
  SAMEBITS_ALGORITHM_AUTOMATIC = 0, /* totals follow from sums over rows where algebra allows it */
  SAMEBITS_ALGORITHM_DIRECT = 1     /* every pair is looked at */
} samebits_pairwise_algorithm;

/* The names of samebits/pairwise.hpp, as in "matern-3/2" and "upper"; "" for a value that has none. */
SAMEBITS_C_API const char* samebits_pairwise_kernel_name(samebits_pairwise_kernel kernel);
SAMEBITS_C_API const char* samebits_pairwise_mode_name(samebits_pairwise_mode mode);
/* What has a name. A name of nothing gives SAMEBITS_INVALID_ARGUMENT. */
SAMEBITS_C_API samebits_status samebits_pairwise_kernel_named(const char* name, samebits_pairwise_kernel* kernel);
SAMEBITS_C_API samebits_status samebits_pairwise_mode_named(const char* name, samebits_pairwise_mode* mode);

/* See samebits::pairwise_options for what each means, and for its range. What pointers point to is not copied. */
typedef struct samebits_pairwise_options {
  size_t struct_size;
  int32_t kernel;    /* samebits_pairwise_kernel */
  int32_t mode;      /* samebits_pairwise_mode */
  int32_t algorithm; /* samebits_pairwise_algorithm */
  int32_t degree;    /* of the polynomial */
  double bandwidth;
  const double* bandwidths; /* [n_bandwidths], instead of `bandwidth`, for pairwise_sums and pairwise_rows; or NULL */
  int64_t n_bandwidths;
  double exponent;
  double gamma;
  double offset;
  const double* x_weights; /* [n_x] or NULL: all 1 */
  const double* y_weights; /* [n_y] or NULL; NULL in the modes for x against itself */
} samebits_pairwise_options;

SAMEBITS_C_API void samebits_pairwise_options_init(samebits_pairwise_options* options);

/* The total; and the totals [n_bandwidths] for all of options->bandwidths. */
SAMEBITS_C_API samebits_status samebits_pairwise_sum(samebits_context* context, samebits_dtype dtype, const void* x,
                                                     int64_t n_x, const void* y, int64_t n_y, int64_t n_cols,
                                                     const samebits_pairwise_options* options, double* total);
SAMEBITS_C_API samebits_status samebits_pairwise_sums(samebits_context* context, samebits_dtype dtype, const void* x,
                                                      int64_t n_x, const void* y, int64_t n_y, int64_t n_cols,
                                                      const samebits_pairwise_options* options, double* totals);
/* The sum of each row of x: out [n_x], with options->bandwidths [n_bandwidths x n_x]. The logarithm of that sum, for
 * kernels that are exponentials: out [n_x], nats. */
SAMEBITS_C_API samebits_status samebits_pairwise_rows(samebits_context* context, samebits_dtype dtype, const void* x,
                                                      int64_t n_x, const void* y, int64_t n_y, int64_t n_cols,
                                                      const samebits_pairwise_options* options, double* out);
SAMEBITS_C_API samebits_status samebits_pairwise_log_sum_exp(samebits_context* context, samebits_dtype dtype,
                                                             const void* x, int64_t n_x, const void* y, int64_t n_y,
                                                             int64_t n_cols, const samebits_pairwise_options* options,
                                                             double* out);
/* The k smallest values of each row, in increasing order: whose they are, indices [n_x x k], and what they are, values
 * [n_x x k] or NULL. */
SAMEBITS_C_API samebits_status samebits_pairwise_nearest(samebits_context* context, samebits_dtype dtype, const void* x,
                                                         int64_t n_x, const void* y, int64_t n_y, int64_t n_cols,
                                                         const samebits_pairwise_options* options, int64_t k,
                                                         int64_t* indices, double* values);
/* The matrix of all values times columns [n_y x n_columns] of type `dtype`, in the modes for x against itself
 * [n_x x n_columns]: out [n_x x n_columns]. */
SAMEBITS_C_API samebits_status samebits_pairwise_product(samebits_context* context, samebits_dtype dtype, const void* x,
                                                         int64_t n_x, const void* y, int64_t n_y, int64_t n_cols,
                                                         const void* columns, int64_t n_columns,
                                                         const samebits_pairwise_options* options, double* out);
/* The gradient of the sum of each row by that row, out [n_x x n_cols]; the derivative of the total by the bandwidth. */
SAMEBITS_C_API samebits_status samebits_pairwise_gradient(samebits_context* context, samebits_dtype dtype,
                                                          const void* x, int64_t n_x, const void* y, int64_t n_y,
                                                          int64_t n_cols, const samebits_pairwise_options* options,
                                                          double* out);
SAMEBITS_C_API samebits_status samebits_pairwise_bandwidth_gradient(samebits_context* context, samebits_dtype dtype,
                                                                    const void* x, int64_t n_x, const void* y,
                                                                    int64_t n_y, int64_t n_cols,
                                                                    const samebits_pairwise_options* options,
                                                                    double* derivative);
/* The median of all values. */
SAMEBITS_C_API samebits_status samebits_pairwise_median(samebits_context* context, samebits_dtype dtype, const void* x,
                                                        int64_t n_x, const void* y, int64_t n_y, int64_t n_cols,
                                                        const samebits_pairwise_options* options, double* median);

/* The logarithm of the kernel density estimate from `points` [n_points x n_cols] at the rows of `at` [n_at x n_cols],
 * both of type `dtype`: out [n_at], nats. options->y_weights are those of the points. See samebits/kernel_density.hpp.
 */
SAMEBITS_C_API samebits_status samebits_kernel_log_density(samebits_context* context, samebits_dtype dtype,
                                                           const void* points, int64_t n_points, const void* at,
                                                           int64_t n_at, int64_t n_cols,
                                                           const samebits_pairwise_options* options, double* out);

/* ---- tests of samples -------------------------------------------------------------------------------------------
 *
 * As in samebits/two_sample.hpp, dependence.hpp and permutation_test.hpp. Arguments and failures are as for sums over
 * pairs. */

typedef enum samebits_estimator {
  SAMEBITS_ESTIMATOR_V = 0, /* over all pairs of a sample, a row with itself included */
  SAMEBITS_ESTIMATOR_U = 1  /* over pairs of different rows */
} samebits_estimator;

typedef struct samebits_permutation_test_options {
  size_t struct_size;
  int64_t n_permutations;
  uint64_t seed;
  uint64_t task;
  /* Called now and then with the number of permutations done; a return value other than 0 stops the test with
   * SAMEBITS_INTERRUPTED. */
  int (*callback)(void* user_data, int64_t n_done);
  void* user_data;
} samebits_permutation_test_options;

SAMEBITS_C_API void samebits_permutation_test_options_init(samebits_permutation_test_options* options);

typedef struct samebits_permutation_test_result {
  double statistic;   /* of the data as they are */
  double p_value;     /* (n_as_large + 1) / (n_permutations + 1) */
  int64_t n_as_large; /* permutations whose statistic is at least as large, up to rounding */
  int64_t n_permutations;
} samebits_permutation_test_result;

/* Do x [n_x x n_cols] and y [n_y x n_cols] come from one distribution? */
SAMEBITS_C_API samebits_status samebits_energy_distance(samebits_context* context, samebits_dtype dtype, const void* x,
                                                        int64_t n_x, const void* y, int64_t n_y, int64_t n_cols,
                                                        double exponent, samebits_estimator estimator,
                                                        double* distance);
/* Of `options`, here and in the test, mode and weights must be left alone. */
SAMEBITS_C_API samebits_status samebits_maximum_mean_discrepancy(samebits_context* context, samebits_dtype dtype,
                                                                 const void* x, int64_t n_x, const void* y, int64_t n_y,
                                                                 int64_t n_cols,
                                                                 const samebits_pairwise_options* options,
                                                                 samebits_estimator estimator, double* discrepancy);

/* The permutation tests. `test` may be NULL; statistics, that of every permutation, is [n_permutations] or NULL. */
SAMEBITS_C_API samebits_status samebits_energy_test(samebits_context* context, samebits_dtype dtype, const void* x,
                                                    int64_t n_x, const void* y, int64_t n_y, int64_t n_cols,
                                                    double exponent, samebits_estimator estimator,
                                                    const samebits_permutation_test_options* test,
                                                    samebits_permutation_test_result* result, double* statistics);
SAMEBITS_C_API samebits_status samebits_maximum_mean_discrepancy_test(
    samebits_context* context, samebits_dtype dtype, const void* x, int64_t n_x, const void* y, int64_t n_y,
    int64_t n_cols, const samebits_pairwise_options* options, samebits_estimator estimator,
    const samebits_permutation_test_options* test, samebits_permutation_test_result* result, double* statistics);

/* Does x [n_rows x n_x_cols] depend on y [n_rows x n_y_cols], row by row? Distance covariance and correlation are the
 * squared ones. */
SAMEBITS_C_API samebits_status samebits_hsic(samebits_context* context, samebits_dtype dtype, const void* x,
                                             int64_t n_x_cols, const void* y, int64_t n_y_cols, int64_t n_rows,
                                             const samebits_pairwise_options* x_options,
                                             const samebits_pairwise_options* y_options, double* hsic);
SAMEBITS_C_API samebits_status samebits_distance_covariance(samebits_context* context, samebits_dtype dtype,
                                                            const void* x, int64_t n_x_cols, const void* y,
                                                            int64_t n_y_cols, int64_t n_rows, double exponent,
                                                            double* covariance);
SAMEBITS_C_API samebits_status samebits_distance_correlation(samebits_context* context, samebits_dtype dtype,
                                                             const void* x, int64_t n_x_cols, const void* y,
                                                             int64_t n_y_cols, int64_t n_rows, double exponent,
                                                             double* correlation);
SAMEBITS_C_API samebits_status samebits_hsic_test(samebits_context* context, samebits_dtype dtype, const void* x,
                                                  int64_t n_x_cols, const void* y, int64_t n_y_cols, int64_t n_rows,
                                                  const samebits_pairwise_options* x_options,
                                                  const samebits_pairwise_options* y_options,
                                                  const samebits_permutation_test_options* test,
                                                  samebits_permutation_test_result* result, double* statistics);
SAMEBITS_C_API samebits_status samebits_distance_covariance_test(samebits_context* context, samebits_dtype dtype,
                                                                 const void* x, int64_t n_x_cols, const void* y,
                                                                 int64_t n_y_cols, int64_t n_rows, double exponent,
                                                                 const samebits_permutation_test_options* test,
                                                                 samebits_permutation_test_result* result,
                                                                 double* statistics);

#ifdef __cplusplus
}
#endif

#endif
