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

#define SAMEBITS_BACKEND_ABI 2u
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

/* A mixture made ready for the E-step. All arrays are row-major and dense. */
typedef struct samebits_gmm_components {
  int64_t n_components;
  int64_t n_cols;
  const double* means;           /* [k x n_cols] */
  const double* inverse_factors; /* [k x n_cols x n_cols], inverse Cholesky factors, lower triangular */
  const double* log_constants;   /* [k] */
} samebits_gmm_components;

/* Sums over all rows, centred on the means given. */
typedef struct samebits_gmm_sums {
  double log_likelihood; /* total */
  double* sum_0;         /* [k] */
  double* sum_1;         /* [k x n_cols] */
  double* sum_2;         /* [k x n_cols x n_cols], lower triangles */
} samebits_gmm_sums;

/* The parameters of a mixture and their prepared form; see samebits/core/gmm.hpp. */
typedef struct samebits_gmm_parameters {
  int64_t n_components;
  int64_t n_cols;
  double* weights;         /* [k] */
  double* means;           /* [k x n_cols] */
  double* covariances;     /* [k x n_cols x n_cols] */
  double* inverse_factors; /* [k x n_cols x n_cols] */
  double* log_constants;   /* [k] */
} samebits_gmm_parameters;

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

  /* A problem keeps what a fit needs on the backend: a copy of the rows on a device, work space on the CPU. */
  samebits_status (*gmm_open)(samebits_call* call, const double* x, int64_t n_rows, int64_t n_cols, void** problem);
  /* One pass over the rows. With `sums->sum_0` NULL only the log-likelihood is computed. */
  samebits_status (*gmm_step)(samebits_call* call, void* problem, const samebits_gmm_components* components,
                              samebits_gmm_sums* sums);
  /* One k-means++ draw by exponential race: lowers each row's squared distance to that of the nearest chosen row and
   * picks a row with probability proportional to it (samebits/core/seeding.hpp). `chosen` is the row picked last, or -1
   * to start over with equal probabilities. Distances are squared Mahalanobis distances under `metric`, whose mean is
   * ignored. Row i takes 64-bit draw `first_draw + i` of the stream. */
  samebits_status (*gmm_seed)(samebits_call* call, void* problem, const samebits_gmm_components* metric, uint64_t seed,
                              uint64_t task, uint64_t first_draw, int64_t chosen, int64_t* picked);
  void (*gmm_close)(void* problem);

  /* Host control, from the CPU backends only (NULL elsewhere): the new parameters from the sums (`sums` NULL: keep
   * them) and their prepared form. A component without weight keeps its mean and covariance. */
  samebits_status (*gmm_update)(samebits_call* call, const samebits_gmm_sums* sums, double reg_covar,
                                samebits_gmm_parameters* parameters, samebits_gmm_defect* defect);
} samebits_backend;

typedef const samebits_backend* (*samebits_backend_table_function)(void);

#ifdef __cplusplus
}
#endif

#endif
