/* The edge between libsamebits and a backend: a versioned table of C functions.
 *
 * A backend is linked in (the CPU, once per instruction set) or is a plug-in: a shared object named samebits_NAME.so
 * that exports one symbol, samebits_backend_table. No exception and no C++ type crosses this edge. Arguments are
 * checked before it; a backend reports only what it alone can know (memory, devices) as a samebits_status and a
 * message.
 */
#ifndef SAMEBITS_LIB_BACKEND_H
#define SAMEBITS_LIB_BACKEND_H

#include <stdint.h>

#include "samebits/samebits.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SAMEBITS_BACKEND_ABI 3u
#define SAMEBITS_BACKEND_SYMBOL "samebits_backend_table"

enum { samebits_message_size = 512 };

/* How to run one call, and where its error message goes. */
typedef struct samebits_call {
  int32_t n_threads;
  char message[samebits_message_size];
} samebits_call;

typedef enum samebits_map_function { samebits_map_exp = 0, samebits_map_log = 1 } samebits_map_function;

/* Which samples: a distribution whose arguments were checked, the tables that its sampler reads, and the range. */
typedef struct samebits_sampling {
  const samebits_distribution* distribution;
  const double* table; /* lib/distribution.hpp: weights made ready, or the distribution's values */
  int64_t n_table;
  samebits_dtype dtype;
  uint64_t seed;
  uint64_t task;
  uint64_t first;
} samebits_sampling;

/* ---- Gaussian mixtures: samebits/core/gmm.hpp has the formulas. Arrays are row-major and dense. ---- */

/* The rows of a problem. */
typedef struct samebits_gmm_data {
  const void* x;        /* [n_rows x n_cols] */
  samebits_dtype dtype; /* SAMEBITS_FLOAT64 or SAMEBITS_FLOAT32 */
  int64_t n_rows;
  int64_t n_cols;
  const double* sample_weights; /* [n_rows], or NULL: all 1 */
} samebits_gmm_data;

/* What inverse Cholesky factors and second moments look like. */
typedef enum samebits_gmm_shape {
  samebits_gmm_triangle = 0, /* [n_cols x n_cols] each, lower triangles */
  samebits_gmm_diagonal = 1  /* [n_cols] each */
} samebits_gmm_shape;

/* A mixture made ready for the E-step. For float rows a backend rounds everything to float. */
typedef struct samebits_gmm_components {
  int64_t n_components;
  int64_t n_cols;
  samebits_gmm_shape shape;
  const double* means;           /* [k x n_cols] */
  const double* inverse_factors; /* [k] of the shape */
  const double* log_constants;   /* [k] */
} samebits_gmm_components;

/* Sums over all rows, centred on the means given (as rounded to the type of the rows). */
typedef struct samebits_gmm_sums {
  double log_likelihood; /* total */
  double* sum_0;         /* [k] */
  double* sum_1;         /* [k x n_cols] */
  double* sum_2;         /* [k] of the shape, lower triangles */
} samebits_gmm_sums;

/* Where the responsibilities of a pass come from. */
typedef enum samebits_gmm_shares {
  samebits_gmm_soft = 0, /* the E-step */
  samebits_gmm_hard =
      1, /* 1 for the likeliest component, of equal ones the first; the log-likelihood is its log-prob */
  samebits_gmm_given = 2, /* an array */
  samebits_gmm_random = 3 /* drawn, uniform over all shares: samebits::core::random_share */
} samebits_gmm_shares;

/* How the work of a pass is shared out: by rows, or by components. No effect on the bits. */
typedef enum samebits_gmm_order { samebits_gmm_by_rows = 0, samebits_gmm_by_components = 1 } samebits_gmm_order;

/* One pass over the rows for one mixture. With `sums.sum_0` NULL only the log-likelihood is computed. */
typedef struct samebits_gmm_step {
  samebits_gmm_components components;
  samebits_gmm_shares shares;
  const double* responsibilities; /* given: [n_rows x k]; then, and when they are random, log_likelihood is 0 */
  uint64_t seed;                  /* random: element (i, j) takes 64-bit draw first_draw + i k + j */
  uint64_t task;
  uint64_t first_draw;
  samebits_gmm_sums sums;
} samebits_gmm_step;

/* What the E-step gives for each row, in the type of the rows; each array may be NULL. */
typedef struct samebits_gmm_rows {
  void* log_probs;            /* [n_rows x k] */
  void* log_responsibilities; /* [n_rows x k] */
  void* responsibilities;     /* [n_rows x k] */
  void* log_likelihoods;      /* [n_rows] */
  int64_t* labels;            /* [n_rows] */
} samebits_gmm_rows;

/* The parameters of a mixture and their prepared form. Tied covariances are repeated for each component. */
typedef struct samebits_gmm_parameters {
  int64_t n_components;
  int64_t n_cols;
  double* weights;         /* [k] */
  double* means;           /* [k x n_cols] */
  double* covariances;     /* [k] of the shape, both triangles */
  double* inverse_factors; /* [k] of the shape */
  double* log_constants;   /* [k] */
} samebits_gmm_parameters;

/* How parameters follow from sums. */
typedef struct samebits_gmm_rules {
  samebits_dtype dtype;              /* of the rows: what the centres of the sums are rounded to */
  int32_t covariance;                /* samebits_covariance_type */
  const double* reg_covar;           /* [n_cols], added to the diagonals */
  const uint8_t* frozen_weights;     /* [k] of 0 and 1, or NULL */
  const uint8_t* frozen_means;       /* the same */
  const uint8_t* frozen_covariances; /* the same; not for tied types */
} samebits_gmm_rules;

/* Where a covariance stopped being positive definite; component is -1 when none did. */
typedef struct samebits_gmm_defect {
  int64_t component;
  int64_t column;
} samebits_gmm_defect;

typedef struct samebits_backend {
  uint32_t abi_version;      /* SAMEBITS_BACKEND_ABI */
  uint32_t struct_size;      /* sizeof(samebits_backend) of the backend's own build */
  uint32_t numerics_version; /* SAMEBITS_NUMERICS_VERSION of the backend's own build: other bits are refused */
  const char* name;          /* "cpu", "cuda" */
  const char* isa;           /* "scalar", "avx2", "avx512"; the device architecture for "cuda" */

  /* Ready to compute here? Runs the canaries. On failure `message` is the reason, for people to read. */
  samebits_status (*probe)(samebits_call* call);

  samebits_status (*map)(samebits_call* call, samebits_map_function function, const double* in, int64_t n, double* out);

  /* Samples first .. first + n - 1 of the distribution along the stream. */
  samebits_status (*fill)(samebits_call* call, const samebits_sampling* sampling, int64_t n, void* out);

  /* A problem keeps what a fit needs on the backend: a copy of the rows on a device, work space on the CPU. One thread
   * at a time may use it. */
  samebits_status (*gmm_open)(samebits_call* call, const samebits_gmm_data* data, void** problem);
  /* Passes for mixtures of equal shape and size and with the same `shares`, side by side where that is faster. */
  samebits_status (*gmm_step)(samebits_call* call, void* problem, samebits_gmm_order order, int64_t n_steps,
                              samebits_gmm_step* steps);
  samebits_status (*gmm_rows)(samebits_call* call, void* problem, const samebits_gmm_components* components,
                              const samebits_gmm_rows* rows);
  /* One k-means++ draw by exponential race: lowers each row's squared distance to that of the nearest chosen row and
   * picks a row with probability proportional to it times its weight (samebits/core/seeding.hpp). `chosen` is the row
   * picked last, or -1 to start over with probabilities by weight. Distances are squared Mahalanobis distances under
   * `metric`, whose mean is ignored. Row i takes 64-bit draw `first_draw + i` of the stream. */
  samebits_status (*gmm_seed)(samebits_call* call, void* problem, const samebits_gmm_components* metric, uint64_t seed,
                              uint64_t task, uint64_t first_draw, int64_t chosen, int64_t* picked);
  void (*gmm_close)(void* problem);

  /* Host control, from the CPU backends only (NULL elsewhere): the new parameters from the sums (`sums` NULL: keep
   * them) and their prepared form. A component without weight keeps its mean and covariance. */
  samebits_status (*gmm_update)(samebits_call* call, const samebits_gmm_sums* sums, const samebits_gmm_rules* rules,
                                samebits_gmm_parameters* parameters, samebits_gmm_defect* defect);
} samebits_backend;

typedef const samebits_backend* (*samebits_backend_table_function)(void);

#ifdef __cplusplus
}
#endif

#endif
