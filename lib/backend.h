/* The edge between libsamebits and a backend: a versioned table of C functions.
 *
 * A backend is linked in (the CPU, once per instruction set) or is a plug-in: a shared object named samebits_NAME.so
 * that exports one symbol, samebits_backend_table. No exception and no C++ type crosses this edge. Arguments are
 * checked before it; a backend reports only what it alone can know (memory, devices) as a samebits_status and a
 * message.
 *
 * Rows that a call reads and arrays that it fills may lie in the host's memory or in that of the backend's device; all
 * else is the host's. A call returns when results in the host's memory are there; those in device memory may be under
 * way in the call's stream.
 */
#ifndef SAMEBITS_LIB_BACKEND_H
#define SAMEBITS_LIB_BACKEND_H

#include <stdint.h>

#include "samebits/samebits.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SAMEBITS_BACKEND_ABI 8u
#define SAMEBITS_BACKEND_SYMBOL "samebits_backend_table"

enum { samebits_message_size = 512 };

/* Devices that share the work of a call: lib/several_devices.hpp. No plug-in knows it. */
struct samebits_device_list;

/* How to run one call, and where its error message goes. */
typedef struct samebits_call {
  int32_t n_threads;
  void* stream;   /* on a GPU a cudaStream_t, or NULL: the backend's own, one for each host thread */
  int32_t device; /* below count_devices(): where the work is done */
  const struct samebits_device_list* devices; /* in place of `device`, or NULL */
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

/* k-means++ seeds of several runs, each by an exponential race (samebits/core/seeding.hpp). Seed j of run r is a row
 * that is picked with probability proportional to its weight times its squared distance to the nearest seed of the run
 * so far; the first by weight alone. Distances are squared Mahalanobis distances under `metric`. */
typedef struct samebits_gmm_seeding {
  samebits_gmm_components metric; /* one component, whose mean is ignored */
  uint64_t seed;                  /* row i takes 64-bit draw first_draw + (r n_seeds + j) n_rows + i */
  uint64_t task;
  uint64_t first_draw;
  int64_t n_runs;
  int64_t n_seeds;   /* of each run */
  int64_t first_row; /* the first of positive weight: picked where all of them lie on seeds */
  double* seeds;     /* [n_runs x n_seeds x n_cols] out: the rows that were picked */
} samebits_gmm_seeding;

/* The race for one of these seeds over the rows of a problem that has a part of them. It leaves the distances to the
 * nearest seed with the problem, for the next race of the run. */
typedef struct samebits_gmm_race {
  samebits_gmm_components metric; /* one component, whose mean is the seed drawn last */
  int32_t is_first;               /* of its run: by weight alone, and the mean is ignored */
  uint64_t seed;                  /* row i of the problem takes 64-bit draw first_draw + i */
  uint64_t task;
  uint64_t first_draw;
} samebits_gmm_race;

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

/* A run of passes and updates over some of a problem's rows, which have a tree of sums of their own. */
typedef struct samebits_gmm_run {
  int64_t first_row;
  int64_t n_rows;
  double sum_of_weights;              /* of these rows: objectives are means per unit of weight */
  double smallest_variance;           /* a smaller one is a failure */
  const double* reg_covar;            /* [n_cols], in place of that of the rules */
  samebits_gmm_parameters parameters; /* in: the first pass's, ready for it; out: those of the last pass */
  samebits_gmm_sums sums;             /* out: of the last pass */
  double before;                      /* objective of the pass before the first, or NaN */
  int64_t most_updates;
  int64_t n_updates; /* out */
  double* trace;     /* [most_updates] out: objectives of the passes before the last, n_updates of them */
} samebits_gmm_run;

/* ---- Sums over rows. Rows are row-major and dense; those of float are widened to double, element by element. ---- */

typedef struct samebits_rows {
  const void* x;         /* [n_rows x n_cols] */
  const void* y;         /* the same shape, for products; else NULL */
  const double* weights; /* [n_rows], or NULL: all 1; for moments and histograms */
  samebits_dtype dtype;  /* of x and y */
  int64_t n_rows;
  int64_t n_cols;
} samebits_rows;

/* What is summed up: samebits/core/summary.hpp has the nodes and how two of them merge. */
typedef enum samebits_statistic {
  samebits_statistic_sum = 0,       /* sums of the columns */
  samebits_statistic_absolute = 1,  /* sums of absolute values */
  samebits_statistic_product = 2,   /* sums of x * y, column by column */
  samebits_statistic_moments = 3,   /* weight, sums, means, second moments about them, extremes, column by column */
  samebits_statistic_covariance = 4 /* weight, means, second moments of all pairs of columns about them */
} samebits_statistic;

/* A product of matrices, row-major and dense, of one type: out = a b. */
typedef struct samebits_product {
  const void* a; /* [n_rows x n_inner] */
  const void* b; /* [n_inner x n_cols] */
  void* out;     /* [n_rows x n_cols], apart from a and b */
  samebits_dtype dtype;
  int64_t n_rows;
  int64_t n_inner;
  int64_t n_cols;
} samebits_product;

/* ---- Sums over pairs of rows: samebits/core/pairwise.hpp has the formulas and the shape of the sums. ---- */

/* Which pairs (i, j) count: row i of x with row j of y. For the last two x is y, or some rows of it: first_row. */
typedef enum samebits_pair_set {
  samebits_all_pairs = 0,
  samebits_other_pairs = 1, /* i != j */
  samebits_upper_pairs = 2  /* i < j */
} samebits_pair_set;

/* A kernel made ready: samebits::pair_kernel and the constants of samebits::core::prepare_pair_kernel. */
typedef struct samebits_pair_kernel {
  int32_t kernel;
  int32_t degree;
  double scale;
  double offset;
  double slope;
  double rate;
} samebits_pair_kernel;

/* What is made of the values of a row's pairs. The arrays are those of samebits_pairs. */
typedef enum samebits_pair_reduction {
  samebits_pair_sums = 0,      /* out [n_kernels x n_x]: weighted sums */
  samebits_pair_log_sums = 1,  /* out [n_x]: the log of the weighted sum of exponentials */
  samebits_pair_nearest = 2,   /* out, indices [n_x x n_nearest]: the smallest values, in order */
  samebits_pair_products = 3,  /* out [n_x x n_columns]: the matrix of values times `columns` */
  samebits_pair_gradients = 4, /* out [n_x x n_cols]: of the weighted sum, by the row of x */
  samebits_pair_dependences =
      5, /* out [n_permutations x n_x]: sums of the products with the values of other rows; y is x, no weights */
  samebits_pair_counts = 6 /* counts: of the values by their next bits; whole numbers, so in any order */
} samebits_pair_reduction;

/* For samebits_pair_dependences: row i of x has a row of z with it, or in permutation p row permutations[p n_x + i].
 * The values of pairs of z are those of `kernel`, as they are (samebits::core::pair_map::value). */
typedef struct samebits_pair_companion {
  const void* z; /* [n_x x n_cols] of dtype */
  int64_t n_cols;
  samebits_pair_kernel kernel;
  const int64_t* permutations; /* [n_permutations x n_x] */
  int64_t n_permutations;
} samebits_pair_companion;

/* For samebits_pair_counts: values are at least 0; the bits of a value are those of its type, as a whole number. Counts
 * the values whose bits from `shift + n_bits` up equal `prefix`, by the n_bits bits from `shift` up. */
enum { samebits_pair_digit_bits = 11 };
typedef struct samebits_pair_digits {
  uint64_t prefix;
  int32_t shift;   /* at least 0; shift + n_bits is below the bits of the type, so that the sign is in the prefix */
  int32_t n_bits;  /* of a digit, at most samebits_pair_digit_bits */
  int64_t* counts; /* [2^n_bits], set */
} samebits_pair_digits;

typedef struct samebits_pairs {
  const void* x; /* [n_x x n_cols] */
  const void* y; /* [n_y x n_cols] */
  samebits_dtype dtype;
  int64_t n_x;
  int64_t n_y;
  int64_t n_cols;
  samebits_pair_set set;
  int64_t first_row; /* row i of x is row first_row + i of y, where the set is not all pairs; 0 on the CPU */
  const samebits_pair_kernel* kernels; /* [n_kernels], one unless they are summed; all have the same base quantity */
  int64_t n_kernels;
  int32_t map; /* samebits::core::pair_map */
  samebits_pair_reduction reduction;
  const void* y_weights; /* [n_y] of dtype, or NULL: all 1; for log sums the logarithms of the weights */
  const void* columns;   /* [n_y x n_columns] of dtype */
  int64_t n_columns;
  int64_t n_nearest; /* at most the number of pairs of a row */
  double* out;
  int64_t* indices;
  const samebits_pair_companion* companion;
  const samebits_pair_digits* digits;
} samebits_pairs;

typedef struct samebits_backend {
  uint32_t abi_version;      /* SAMEBITS_BACKEND_ABI */
  uint32_t struct_size;      /* sizeof(samebits_backend) of the backend's own build */
  uint32_t numerics_version; /* SAMEBITS_NUMERICS_VERSION of the backend's own build: other bits are refused */
  const char* name;          /* "cpu", "cuda" */
  const char* isa;           /* "scalar", "avx2", "avx512"; the device architecture for "cuda" */

  /* 1 on the CPU; 0 where a plug-in finds none. */
  int32_t (*count_devices)(void);
  /* Ready to compute on the call's device? Runs the canaries. On failure `message` is the reason, for people to read.
   * Comes before all other calls for that device, which may be none that is there. */
  samebits_status (*probe)(samebits_call* call);

  samebits_status (*map)(samebits_call* call, samebits_map_function function, const double* in, int64_t n, double* out);

  /* Samples first .. first + n - 1 of the distribution along the stream. */
  samebits_status (*fill)(samebits_call* call, const samebits_sampling* sampling, int64_t n, void* out);

  /* The permutation of 0 .. n - 1 that a shuffle in order makes (samebits/core/permutation.hpp); n > 0. */
  samebits_status (*permute)(samebits_call* call, uint64_t seed, uint64_t task, int64_t n, int64_t* out);

  /* A problem keeps what a fit needs on the backend: a copy of the rows on a device that has room for it, work space on
   * the CPU. Rows and weights stay as they are until it is closed. One thread at a time may use it, in calls for the
   * device that it was opened on. */
  samebits_status (*gmm_open)(samebits_call* call, const samebits_gmm_data* data, void** problem);
  /* Passes for mixtures of equal shape and size and with the same `shares`, side by side where that is faster. */
  samebits_status (*gmm_step)(samebits_call* call, void* problem, samebits_gmm_order order, int64_t n_steps,
                              samebits_gmm_step* steps);
  samebits_status (*gmm_rows)(samebits_call* call, void* problem, const samebits_gmm_components* components,
                              const samebits_gmm_rows* rows);
  /* Draws seeds, those of several runs side by side where that is faster. */
  samebits_status (*gmm_seed)(samebits_call* call, void* problem, const samebits_gmm_seeding* seeding);
  /* The winner of a race and its time. NULL on the CPU, which has all rows. */
  samebits_status (*gmm_race)(samebits_call* call, void* problem, const samebits_gmm_race* race, double* time,
                              int64_t* row);
  void (*gmm_close)(void* problem);

  /* The node of all rows (samebits/core/summary.hpp). They start with the first row of a leaf and are a whole subtree
   * of the tree of sums, or such a tree as the end of the data leaves incomplete. */
  samebits_status (*summarize)(samebits_call* call, samebits_statistic statistic, const samebits_rows* rows,
                               double* node);
  /* Adds the columns of x, or the products with y, to exact sums: [n_cols] of samebits/core/exact_sum.hpp. */
  samebits_status (*sum_exactly)(samebits_call* call, const samebits_rows* rows, void* sums);
  /* Counts the numbers x of one column by bins [edges[b], edges[b + 1]), the last bin with its right edge; others are
   * left out. `sums` is NULL without weights, else the sums of the weights of every bin: a chain per bin inside a leaf,
   * the dyadic tree over leaves. Sets both. */
  samebits_status (*histogram)(samebits_call* call, const samebits_rows* rows, const double* edges, int64_t n_bins,
                               int64_t* counts, double* sums);
  /* Every element of the product is one fma chain in increasing inner index. */
  samebits_status (*matmul)(samebits_call* call, const samebits_product* product);

  /* Reduces the values of the pairs of every row of x. */
  samebits_status (*pairwise)(samebits_call* call, const samebits_pairs* pairs);

  /* Memory of the device, or of the CPU where that is the device. Given back when all work on the device is done. */
  samebits_status (*allocate)(samebits_call* call, int64_t bytes, void** memory);
  samebits_status (*release)(samebits_call* call, void* memory);
  /* In any direction. */
  samebits_status (*copy)(samebits_call* call, void* to, const void* from, int64_t bytes);
  /* Waits until everything in the call's stream is done. */
  samebits_status (*synchronize)(samebits_call* call);
  /* 1 for memory of a device, any of them, that the host cannot read, else 0. */
  int32_t (*is_on_device)(const void* memory);

  /* Passes of soft shares, each with the update after it, until one that ends a run: its objective has converged or is
   * not finite, its update would fail, or there were most_updates. What follows from the last pass is left to the
   * caller. `answer` is 0, and nothing was done, where a backend has no such loop for these runs. NULL on the CPU. */
  samebits_status (*gmm_run)(samebits_call* call, void* problem, const samebits_gmm_rules* rules, double tolerance,
                             int64_t n_runs, samebits_gmm_run* runs, int32_t* answer);

  /* 1 where gmm_run has a loop for mixtures of that size, over so many rows that the device holds, else 0. NULL with
   * gmm_run. */
  int32_t (*gmm_has_run)(samebits_dtype dtype, samebits_gmm_shape shape, int64_t n_components, int64_t n_cols,
                         int64_t n_rows);

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
