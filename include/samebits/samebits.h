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
  SAMEBITS_STREAM_EXHAUSTED = 8     /* a stream was asked for more than its 2^66 words */
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

/* A permutation of 0 .. n - 1, and its first n_drawn elements in memory that n does not matter for. */
SAMEBITS_C_API samebits_status samebits_permutation(uint64_t seed, uint64_t task, int64_t n, int64_t* out);
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
