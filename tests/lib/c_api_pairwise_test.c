/* The C interface of sums over pairs and of tests of samples from a C program. */
#include <math.h>

#include "tests/lib/c_api_require.h"
#include "tests/lib/c_api_test.h"

enum { n_x = 3, n_y = 2, n_cols = 2 };
static const double x[n_x * n_cols] = {0, 0, 3, 4, 0, 1};
static const double y[n_y * n_cols] = {0, 0, 6, 8};
static const float x_float[n_x * n_cols] = {0, 0, 3, 4, 0, 1};
static const float y_float[n_y * n_cols] = {0, 0, 6, 8};
static const double x_nan[n_x * n_cols] = {0, 0, 3, 4, NAN, 1};
static const double x_far[n_x * n_cols] = {0, 0, 1e200, 4, 0, 1};

static samebits_pairwise_options options_of(samebits_pairwise_kernel kernel, samebits_pairwise_mode mode) {
  samebits_pairwise_options options;
  samebits_pairwise_options_init(&options);
  options.kernel = kernel;
  options.mode = mode;
  return options;
}

/* ---- pairs ------------------------------------------------------------------------------------------------------- */

const char* names_kernels_and_modes(void) {
  samebits_pairwise_kernel kernel = SAMEBITS_KERNEL_PRODUCT;
  samebits_pairwise_mode mode = SAMEBITS_PAIRS_CROSS;
  REQUIRE(strcmp(samebits_pairwise_kernel_name(SAMEBITS_KERNEL_MATERN_3_2), "matern-3/2") == 0);
  REQUIRE(strcmp(samebits_pairwise_kernel_name((samebits_pairwise_kernel)12), "") == 0);
  REQUIRE(samebits_pairwise_kernel_named("laplacian", &kernel) == SAMEBITS_OK && kernel == SAMEBITS_KERNEL_LAPLACIAN);
  REQUIRE(samebits_pairwise_kernel_named("no kernel", &kernel) == SAMEBITS_INVALID_ARGUMENT);
  REQUIRE_ERROR(samebits_pairwise_kernel_named(NULL, &kernel), SAMEBITS_INVALID_ARGUMENT,
                "pairwise_kernel_named: name is NULL");
  REQUIRE_ERROR(samebits_pairwise_kernel_named("l1", NULL), SAMEBITS_INVALID_ARGUMENT,
                "pairwise_kernel_named: kernel is NULL");
  REQUIRE(kernel == SAMEBITS_KERNEL_LAPLACIAN);
  REQUIRE(strcmp(samebits_pairwise_mode_name(SAMEBITS_PAIRS_UPPER), "upper") == 0);
  REQUIRE(strcmp(samebits_pairwise_mode_name((samebits_pairwise_mode)4), "") == 0);
  REQUIRE(samebits_pairwise_mode_named("u", &mode) == SAMEBITS_OK && mode == SAMEBITS_PAIRS_U);
  REQUIRE_ERROR(samebits_pairwise_mode_named("u", NULL), SAMEBITS_INVALID_ARGUMENT,
                "pairwise_mode_named: mode is NULL");
  return NULL;
}

const char* sums_over_pairs(void) {
  static const double x_weights[n_x] = {1, 2, 0};
  static const double y_weights[n_y] = {-1, 1};
  samebits_context* const context = scalar_context();
  samebits_pairwise_options power = options_of(SAMEBITS_KERNEL_POWER, SAMEBITS_PAIRS_CROSS);
  double total = 0;
  REQUIRE(samebits_pairwise_sum(context, SAMEBITS_FLOAT64, x, 2, y, n_y, n_cols, &power, &total) == SAMEBITS_OK);
  REQUIRE(total == 20); /* 0, 10, 5, 5 */
  REQUIRE(samebits_pairwise_sum(context, SAMEBITS_FLOAT32, x_float, 2, y_float, n_y, n_cols, &power, &total) ==
          SAMEBITS_OK);
  REQUIRE(total == 20);
  power.x_weights = x_weights;
  power.y_weights = y_weights;
  REQUIRE(samebits_pairwise_sum(context, SAMEBITS_FLOAT64, x, n_x, y, n_y, n_cols, &power, &total) == SAMEBITS_OK);
  REQUIRE(total == 10);
  power = options_of(SAMEBITS_KERNEL_SQUARED_DISTANCE, SAMEBITS_PAIRS_UPPER);
  power.algorithm = SAMEBITS_ALGORITHM_DIRECT;
  REQUIRE(samebits_pairwise_sum(context, SAMEBITS_FLOAT64, x, n_x, NULL, 0, n_cols, &power, &total) == SAMEBITS_OK);
  REQUIRE(total == 44); /* 25, 1, 18 */
  power = options_of(SAMEBITS_KERNEL_POLYNOMIAL, SAMEBITS_PAIRS_CROSS);
  power.gamma = 2;
  power.offset = 1;
  power.degree = 3;
  REQUIRE(samebits_pairwise_sum(context, SAMEBITS_FLOAT64, x + 4, 1, x + 4, 1, n_cols, &power, &total) == SAMEBITS_OK);
  REQUIRE(total == 27);
  samebits_context_destroy(context);
  return NULL;
}

const char* sums_over_pairs_with_default_options(void) {
  samebits_context* const context = scalar_context();
  double total = 0;
  REQUIRE(samebits_pairwise_sum(context, SAMEBITS_FLOAT64, x, 1, x, 1, n_cols, NULL, &total) == SAMEBITS_OK);
  REQUIRE(total == 1); /* gaussian */
  samebits_context_destroy(context);
  return NULL;
}

const char* takes_shorter_pairwise_options_of_an_older_program(void) {
  samebits_context* const context = scalar_context();
  samebits_pairwise_options options = options_of(SAMEBITS_KERNEL_POWER, SAMEBITS_PAIRS_CROSS);
  double total = 0;
  options.struct_size = offsetof(samebits_pairwise_options, bandwidths);
  options.n_bandwidths = -5;
  options.exponent = -3;
  REQUIRE(samebits_pairwise_sum(context, SAMEBITS_FLOAT64, x, 2, y, n_y, n_cols, &options, &total) == SAMEBITS_OK);
  REQUIRE(total == 20);
  samebits_context_destroy(context);
  return NULL;
}

const char* reduces_pairs_row_by_row(void) {
  static const double columns[n_y * 2] = {1, 0, 1, 10};
  samebits_context* const context = scalar_context();
  const samebits_pairwise_options power = options_of(SAMEBITS_KERNEL_POWER, SAMEBITS_PAIRS_CROSS);
  const samebits_pairwise_options others = options_of(SAMEBITS_KERNEL_POWER, SAMEBITS_PAIRS_U);
  const samebits_pairwise_options squared = options_of(SAMEBITS_KERNEL_SQUARED_DISTANCE, SAMEBITS_PAIRS_CROSS);
  const samebits_pairwise_options matern = options_of(SAMEBITS_KERNEL_MATERN_1_2, SAMEBITS_PAIRS_CROSS);
  double out[4] = {0, 0, 0, 0};
  int64_t indices[n_x] = {7, 7, 7};
  double values[n_x] = {7, 7, 7};
  REQUIRE(samebits_pairwise_rows(context, SAMEBITS_FLOAT64, x, 2, y, n_y, n_cols, &power, out) == SAMEBITS_OK);
  REQUIRE(out[0] == 10 && out[1] == 10);
  REQUIRE(samebits_pairwise_log_sum_exp(context, SAMEBITS_FLOAT64, x, 2, y + 2, 1, n_cols, &matern, out) ==
          SAMEBITS_OK);
  REQUIRE(out[0] == -10 && out[1] == -5);
  REQUIRE(samebits_pairwise_nearest(context, SAMEBITS_FLOAT64, x, n_x, NULL, 0, n_cols, &others, 1, indices, values) ==
          SAMEBITS_OK);
  REQUIRE(indices[0] == 2 && indices[1] == 2 && indices[2] == 0);
  REQUIRE(values[0] == 1 && values[2] == 1);
  REQUIRE(samebits_pairwise_nearest(context, SAMEBITS_FLOAT64, x, 2, y, n_y, n_cols, &power, 1, indices, NULL) ==
          SAMEBITS_OK);
  REQUIRE(indices[0] == 0 && indices[1] == 0); /* of equal values the lower index */
  REQUIRE(samebits_pairwise_product(context, SAMEBITS_FLOAT64, x, 2, y, n_y, n_cols, columns, 2, &power, out) ==
          SAMEBITS_OK);
  REQUIRE(out[0] == 10 && out[1] == 100 && out[2] == 10 && out[3] == 50);
  REQUIRE(samebits_pairwise_gradient(context, SAMEBITS_FLOAT64, x, 1, y, n_y, n_cols, &squared, out) == SAMEBITS_OK);
  REQUIRE(out[0] == -12 && out[1] == -16);
  samebits_context_destroy(context);
  return NULL;
}

const char* takes_several_bandwidths(void) {
  static const double bandwidths[2] = {1, 5};
  samebits_context* const context = scalar_context();
  samebits_pairwise_options options = options_of(SAMEBITS_KERNEL_MATERN_1_2, SAMEBITS_PAIRS_CROSS);
  double totals[2] = {7, 7};
  double rows[4] = {7, 7, 7, 7};
  double one[2] = {7, 7};
  REQUIRE(samebits_pairwise_sums(context, SAMEBITS_FLOAT64, x, 2, y, n_y, n_cols, &options, NULL) == SAMEBITS_OK);
  options.bandwidths = bandwidths;
  options.n_bandwidths = 2;
  REQUIRE(samebits_pairwise_sums(context, SAMEBITS_FLOAT64, x, 2, y, n_y, n_cols, &options, totals) == SAMEBITS_OK);
  REQUIRE(samebits_pairwise_rows(context, SAMEBITS_FLOAT64, x, 2, y, n_y, n_cols, &options, rows) == SAMEBITS_OK);
  options.n_bandwidths = 0;
  for (int i = 0; i < 2; ++i) {
    options.bandwidth = bandwidths[i];
    REQUIRE(samebits_pairwise_sum(context, SAMEBITS_FLOAT64, x, 2, y, n_y, n_cols, &options, one) == SAMEBITS_OK);
    REQUIRE(one[0] == totals[i]);
    REQUIRE(samebits_pairwise_rows(context, SAMEBITS_FLOAT64, x, 2, y, n_y, n_cols, &options, one) == SAMEBITS_OK);
    REQUIRE(one[0] == rows[2 * i] && one[1] == rows[2 * i + 1]);
  }
  samebits_context_destroy(context);
  return NULL;
}

const char* tells_medians_and_densities(void) {
  samebits_context* const context = scalar_context();
  samebits_pairwise_options options = options_of(SAMEBITS_KERNEL_POWER, SAMEBITS_PAIRS_CROSS);
  double out[n_x] = {7, 7, 7};
  REQUIRE(samebits_pairwise_median(context, SAMEBITS_FLOAT64, x, 2, y, n_y, n_cols, &options, out) == SAMEBITS_OK);
  REQUIRE(out[0] == 5);
  options = options_of(SAMEBITS_KERNEL_LAPLACIAN, SAMEBITS_PAIRS_CROSS);
  options.bandwidth = 0.5; /* the product of two densities of height 1 */
  REQUIRE(samebits_kernel_log_density(context, SAMEBITS_FLOAT64, y, 1, x, n_x, n_cols, &options, out) == SAMEBITS_OK);
  REQUIRE(fabs(out[0]) < 1e-15 && fabs(out[1] + 14) < 1e-14 && fabs(out[2] + 2) < 1e-15);
  samebits_context_destroy(context);
  return NULL;
}

const char* takes_null_for_no_pairs(void) {
  samebits_context* const context = scalar_context();
  const samebits_pairwise_options power = options_of(SAMEBITS_KERNEL_POWER, SAMEBITS_PAIRS_CROSS);
  const samebits_pairwise_options others = options_of(SAMEBITS_KERNEL_GAUSSIAN, SAMEBITS_PAIRS_U);
  double out[n_x * n_cols] = {7, 7, 7, 7, 7, 7};
  REQUIRE(samebits_pairwise_sum(context, SAMEBITS_FLOAT64, NULL, 0, NULL, 0, n_cols, &power, out) == SAMEBITS_OK);
  REQUIRE(out[0] == 0);
  REQUIRE(samebits_pairwise_sum(context, SAMEBITS_FLOAT64, NULL, 0, NULL, 0, n_cols, &others, out) == SAMEBITS_OK);
  REQUIRE(out[0] == 0);
  REQUIRE(samebits_pairwise_rows(context, SAMEBITS_FLOAT64, NULL, 0, y, n_y, n_cols, &power, NULL) == SAMEBITS_OK);
  REQUIRE(samebits_pairwise_rows(context, SAMEBITS_FLOAT64, x, n_x, NULL, 0, n_cols, &power, out) == SAMEBITS_OK);
  REQUIRE(out[0] == 0 && out[2] == 0 && out[3] == 7);
  REQUIRE(samebits_pairwise_log_sum_exp(context, SAMEBITS_FLOAT64, x, 1, NULL, 0, n_cols, NULL, out) == SAMEBITS_OK);
  REQUIRE(out[0] == -INFINITY);
  REQUIRE(samebits_pairwise_nearest(context, SAMEBITS_FLOAT64, NULL, 0, y, n_y, n_cols, &power, 1, NULL, NULL) ==
          SAMEBITS_OK);
  REQUIRE(samebits_pairwise_product(context, SAMEBITS_FLOAT64, x, n_x, NULL, 0, n_cols, NULL, 1, &power, out) ==
          SAMEBITS_OK);
  REQUIRE(out[0] == 0);
  REQUIRE(samebits_pairwise_gradient(context, SAMEBITS_FLOAT64, NULL, 0, y, n_y, n_cols, &power, NULL) == SAMEBITS_OK);
  REQUIRE(samebits_pairwise_median(context, SAMEBITS_FLOAT64, x, n_x, NULL, 0, n_cols, &power, out) == SAMEBITS_OK);
  REQUIRE(isnan(out[0]));
  samebits_context_destroy(context);
  return NULL;
}

const char* refuses_bad_pairs(void) {
  samebits_context* const context = scalar_context();
  double out = 7;
  REQUIRE_ERROR(samebits_pairwise_sum(NULL, SAMEBITS_FLOAT64, x, n_x, y, n_y, n_cols, NULL, &out),
                SAMEBITS_INVALID_ARGUMENT, "pairwise_sum: context is NULL");
  REQUIRE_ERROR(samebits_pairwise_sum(context, SAMEBITS_FLOAT64, NULL, n_x, y, n_y, n_cols, NULL, &out),
                SAMEBITS_INVALID_ARGUMENT, "pairwise_sum: x is NULL");
  REQUIRE_ERROR(samebits_pairwise_sum(context, SAMEBITS_FLOAT64, x, n_x, NULL, n_y, n_cols, NULL, &out),
                SAMEBITS_INVALID_ARGUMENT, "pairwise_sum: y is NULL");
  REQUIRE_ERROR(samebits_pairwise_sum(context, SAMEBITS_FLOAT64, x, n_x, y, n_y, n_cols, NULL, NULL),
                SAMEBITS_INVALID_ARGUMENT, "pairwise_sum: total is NULL");
  REQUIRE_ERROR(samebits_pairwise_sum(context, SAMEBITS_FLOAT64, x, -3, y, n_y, n_cols, NULL, &out),
                SAMEBITS_INVALID_ARGUMENT, "pairwise_sum: n_x is -3 but must not be negative");
  REQUIRE_ERROR(samebits_pairwise_sum(context, SAMEBITS_FLOAT64, x, n_x, y, -1, n_cols, NULL, &out),
                SAMEBITS_INVALID_ARGUMENT, "pairwise_sum: n_y is -1 but must not be negative");
  REQUIRE(samebits_pairwise_sum(context, SAMEBITS_FLOAT64, x, n_x, y, n_y, 0, NULL, &out) == SAMEBITS_INVALID_ARGUMENT);
  REQUIRE_ERROR(samebits_pairwise_sum(context, SAMEBITS_UINT64, x, n_x, y, n_y, n_cols, NULL, &out),
                SAMEBITS_INVALID_ARGUMENT, "pairwise_sum: dtype is 3 but must be SAMEBITS_FLOAT64 or SAMEBITS_FLOAT32");
  REQUIRE_ERROR(samebits_pairwise_sum(context, SAMEBITS_FLOAT64, x_nan, n_x, y, n_y, n_cols, NULL, &out),
                SAMEBITS_INVALID_ARGUMENT,
                "pairwise_sum: x is nan at row 2, column 0 (counted from 0) but must be finite");
  REQUIRE_ERROR(samebits_pairwise_median(context, SAMEBITS_FLOAT64, x, n_x, y, n_y, n_cols, NULL, NULL),
                SAMEBITS_INVALID_ARGUMENT, "pairwise_median: median is NULL");
  REQUIRE_ERROR(samebits_pairwise_bandwidth_gradient(context, SAMEBITS_FLOAT64, x, n_x, y, n_y, n_cols, NULL, NULL),
                SAMEBITS_INVALID_ARGUMENT, "pairwise_bandwidth_gradient: derivative is NULL");
  REQUIRE(out == 7);
  samebits_context_destroy(context);
  return NULL;
}

const char* refuses_bad_pairwise_options(void) {
  static const double weights[n_x] = {1, 1, 1};
  samebits_context* const context = scalar_context();
  samebits_pairwise_options options = options_of((samebits_pairwise_kernel)12, SAMEBITS_PAIRS_CROSS);
  double out[2] = {7, 7};
  REQUIRE_ERROR(samebits_pairwise_sum(context, SAMEBITS_FLOAT64, x, n_x, y, n_y, n_cols, &options, out),
                SAMEBITS_INVALID_ARGUMENT, "pairwise_sum: kernel is 12 but must be 0 to 11");
  options = options_of(SAMEBITS_KERNEL_L1, (samebits_pairwise_mode)-1);
  REQUIRE_ERROR(samebits_pairwise_rows(context, SAMEBITS_FLOAT64, x, n_x, y, n_y, n_cols, &options, out),
                SAMEBITS_INVALID_ARGUMENT, "pairwise_rows: mode is -1 but must be 0 to 3");
  options = options_of(SAMEBITS_KERNEL_L1, SAMEBITS_PAIRS_CROSS);
  options.algorithm = 2;
  REQUIRE_ERROR(samebits_pairwise_sum(context, SAMEBITS_FLOAT64, x, n_x, y, n_y, n_cols, &options, out),
                SAMEBITS_INVALID_ARGUMENT, "pairwise_sum: algorithm is 2 but must be 0 to 1");
  options = options_of(SAMEBITS_KERNEL_GAUSSIAN, SAMEBITS_PAIRS_CROSS);
  options.bandwidth = -1;
  REQUIRE(samebits_pairwise_sum(context, SAMEBITS_FLOAT64, x, n_x, y, n_y, n_cols, &options, out) ==
          SAMEBITS_INVALID_ARGUMENT);
  options.n_bandwidths = 2;
  REQUIRE_ERROR(samebits_pairwise_sums(context, SAMEBITS_FLOAT64, x, n_x, y, n_y, n_cols, &options, out),
                SAMEBITS_INVALID_ARGUMENT, "pairwise_sums: bandwidths is NULL");
  options.bandwidths = weights;
  REQUIRE_ERROR(samebits_pairwise_sums(context, SAMEBITS_FLOAT64, x, n_x, y, n_y, n_cols, &options, NULL),
                SAMEBITS_INVALID_ARGUMENT, "pairwise_sums: totals is NULL");
  options.n_bandwidths = -1;
  REQUIRE_ERROR(samebits_pairwise_sums(context, SAMEBITS_FLOAT64, x, n_x, y, n_y, n_cols, &options, out),
                SAMEBITS_INVALID_ARGUMENT, "pairwise_sums: n_bandwidths is -1 but must not be negative");
  options = options_of(SAMEBITS_KERNEL_L1, SAMEBITS_PAIRS_V);
  options.y_weights = weights;
  REQUIRE_ERROR(samebits_pairwise_sum(context, SAMEBITS_FLOAT64, x, n_x, NULL, 0, n_cols, &options, out),
                SAMEBITS_INVALID_ARGUMENT,
                "pairwise_sum: y_weights are given but mode is v, where x_weights are those of both sides");
  options = options_of(SAMEBITS_KERNEL_L1, SAMEBITS_PAIRS_V);
  REQUIRE(samebits_pairwise_sum(context, SAMEBITS_FLOAT64, x, n_x, y, n_y, n_cols, &options, out) ==
          SAMEBITS_INVALID_ARGUMENT);
  options.struct_size = sizeof options + 1;
  REQUIRE(samebits_pairwise_sum(context, SAMEBITS_FLOAT64, x, n_x, y, n_y, n_cols, &options, out) ==
          SAMEBITS_INVALID_ARGUMENT);
  REQUIRE(out[0] == 7 && out[1] == 7);
  samebits_context_destroy(context);
  return NULL;
}

const char* refuses_null_for_results_of_rows(void) {
  samebits_context* const context = scalar_context();
  int64_t indices[n_x] = {7, 7, 7};
  double out = 7;
  REQUIRE_ERROR(samebits_pairwise_rows(context, SAMEBITS_FLOAT64, x, n_x, y, n_y, n_cols, NULL, NULL),
                SAMEBITS_INVALID_ARGUMENT, "pairwise_rows: out is NULL");
  REQUIRE_ERROR(samebits_pairwise_log_sum_exp(context, SAMEBITS_FLOAT64, x, n_x, y, n_y, n_cols, NULL, NULL),
                SAMEBITS_INVALID_ARGUMENT, "pairwise_log_sum_exp: out is NULL");
  REQUIRE_ERROR(samebits_pairwise_nearest(context, SAMEBITS_FLOAT64, x, n_x, y, n_y, n_cols, NULL, 1, NULL, NULL),
                SAMEBITS_INVALID_ARGUMENT, "pairwise_nearest: indices is NULL");
  REQUIRE_ERROR(samebits_pairwise_nearest(context, SAMEBITS_FLOAT64, x, n_x, y, n_y, n_cols, NULL, -1, indices, NULL),
                SAMEBITS_INVALID_ARGUMENT, "pairwise_nearest: k is -1 but must not be negative");
  REQUIRE(samebits_pairwise_nearest(context, SAMEBITS_FLOAT64, x, n_x, y, n_y, n_cols, NULL, 0, NULL, NULL) ==
          SAMEBITS_INVALID_ARGUMENT);
  REQUIRE_ERROR(
      samebits_pairwise_nearest(context, SAMEBITS_FLOAT64, x, n_x, y, n_y, n_cols, NULL, 4000000000, indices, NULL),
      SAMEBITS_INVALID_ARGUMENT, "pairwise_nearest: k is 4000000000 but a row has at most 3 pairs");
  REQUIRE(samebits_pairwise_nearest(context, SAMEBITS_FLOAT64, x, n_x, y, n_y, n_cols, NULL, 3, indices, NULL) ==
          SAMEBITS_INVALID_ARGUMENT);
  REQUIRE_ERROR(samebits_pairwise_product(context, SAMEBITS_FLOAT64, x, n_x, y, n_y, n_cols, NULL, 1, NULL, &out),
                SAMEBITS_INVALID_ARGUMENT, "pairwise_product: columns is NULL");
  REQUIRE_ERROR(samebits_pairwise_product(context, SAMEBITS_FLOAT64, x, n_x, y, n_y, n_cols, x, -1, NULL, &out),
                SAMEBITS_INVALID_ARGUMENT, "pairwise_product: n_columns is -1 but must not be negative");
  REQUIRE_ERROR(samebits_pairwise_product(context, SAMEBITS_FLOAT64, x, n_x, y, n_y, n_cols, x, 1, NULL, NULL),
                SAMEBITS_INVALID_ARGUMENT, "pairwise_product: out is NULL");
  REQUIRE_ERROR(samebits_pairwise_gradient(context, SAMEBITS_FLOAT64, x, n_x, y, n_y, n_cols, NULL, NULL),
                SAMEBITS_INVALID_ARGUMENT, "pairwise_gradient: out is NULL");
  REQUIRE_ERROR(samebits_kernel_log_density(context, SAMEBITS_FLOAT64, NULL, n_x, y, n_y, n_cols, NULL, &out),
                SAMEBITS_INVALID_ARGUMENT, "kernel_log_density: points is NULL");
  REQUIRE_ERROR(samebits_kernel_log_density(context, SAMEBITS_FLOAT64, x, n_x, NULL, n_y, n_cols, NULL, &out),
                SAMEBITS_INVALID_ARGUMENT, "kernel_log_density: at is NULL");
  REQUIRE_ERROR(samebits_kernel_log_density(context, SAMEBITS_FLOAT64, x, n_x, y, n_y, n_cols, NULL, NULL),
                SAMEBITS_INVALID_ARGUMENT, "kernel_log_density: out is NULL");
  REQUIRE(indices[0] == 7 && out == 7);
  samebits_context_destroy(context);
  return NULL;
}

const char* writes_no_results_where_values_overflow(void) {
  static const double ones[n_x] = {1, 1, 1};
  samebits_context* const context = scalar_context();
  const samebits_pairwise_options squared = options_of(SAMEBITS_KERNEL_SQUARED_DISTANCE, SAMEBITS_PAIRS_V);
  double out[n_x * n_cols] = {7, 7, 7, 7, 7, 7};
  int64_t indices[n_x * 3] = {7, 7, 7, 7, 7, 7, 7, 7, 7};
  REQUIRE(samebits_pairwise_sum(context, SAMEBITS_FLOAT64, x_far, n_x, NULL, 0, n_cols, &squared, out) ==
          SAMEBITS_NUMERICAL_FAILURE);
  REQUIRE(samebits_pairwise_rows(context, SAMEBITS_FLOAT64, x_far, n_x, NULL, 0, n_cols, &squared, out) ==
          SAMEBITS_NUMERICAL_FAILURE);
  REQUIRE(samebits_pairwise_product(context, SAMEBITS_FLOAT64, x_far, n_x, NULL, 0, n_cols, ones, 1, &squared, out) ==
          SAMEBITS_NUMERICAL_FAILURE);
  REQUIRE(samebits_pairwise_nearest(context, SAMEBITS_FLOAT64, x_far, n_x, NULL, 0, n_cols, &squared, 3, indices,
                                    NULL) == SAMEBITS_NUMERICAL_FAILURE);
  for (int i = 0; i < n_x * n_cols; ++i) {
    REQUIRE(out[i] == 7);
  }
  for (int i = 0; i < n_x * 3; ++i) {
    REQUIRE(indices[i] == 7);
  }
  samebits_context_destroy(context);
  return NULL;
}

/* ---- tests of samples -------------------------------------------------------------------------------------------- */

enum { n_many = 40 };

/* Two samples of numbers that lie apart. */
static void make_samples(double* a, double* b) {
  for (int i = 0; i < n_many; ++i) {
    a[i] = i;
    b[i] = 100 + i;
  }
}

const char* tells_how_far_samples_are_apart(void) {
  samebits_context* const context = scalar_context();
  double result = 7;
  REQUIRE(samebits_energy_distance(context, SAMEBITS_FLOAT64, x, 1, y + 2, 1, n_cols, 1, SAMEBITS_ESTIMATOR_V,
                                   &result) == SAMEBITS_OK);
  REQUIRE(result == 20);
  REQUIRE(samebits_maximum_mean_discrepancy(context, SAMEBITS_FLOAT32, x_float, 2, x_float, 2, n_cols, NULL,
                                            SAMEBITS_ESTIMATOR_V, &result) == SAMEBITS_OK);
  REQUIRE(fabs(result) < 1e-6);
  samebits_context_destroy(context);
  return NULL;
}

const char* tests_two_samples(void) {
  samebits_context* const context = scalar_context();
  double a[n_many];
  double b[n_many];
  double statistics[200];
  samebits_permutation_test_options test;
  samebits_permutation_test_result result = {7, 7, 7, 7};
  int64_t n_as_large = 0;
  make_samples(a, b);
  samebits_permutation_test_options_init(&test);
  REQUIRE(test.n_permutations == 9999 && test.seed == 0 && test.callback == NULL);
  test.n_permutations = 199;
  test.seed = 5;
  statistics[199] = 7;
  REQUIRE(samebits_energy_test(context, SAMEBITS_FLOAT64, a, n_many, b, n_many, 1, 1, SAMEBITS_ESTIMATOR_V, &test,
                               &result, statistics) == SAMEBITS_OK);
  REQUIRE(result.n_permutations == 199 && result.n_as_large == 0 && result.p_value == 1.0 / 200);
  REQUIRE(statistics[199] == 7);
  for (int i = 0; i < 199; ++i) {
    REQUIRE(statistics[i] < result.statistic);
  }
  REQUIRE(samebits_maximum_mean_discrepancy_test(context, SAMEBITS_FLOAT64, a, n_many, a, n_many, 1, NULL,
                                                 SAMEBITS_ESTIMATOR_U, &test, &result, statistics) == SAMEBITS_OK);
  for (int i = 0; i < 199; ++i) {
    n_as_large += statistics[i] >= result.statistic;
  }
  REQUIRE(result.n_as_large >= n_as_large && result.p_value > 0.5);
  test.n_permutations = 0;
  REQUIRE(samebits_energy_test(context, SAMEBITS_FLOAT64, a, n_many, b, n_many, 1, 1, SAMEBITS_ESTIMATOR_V, &test,
                               &result, NULL) == SAMEBITS_OK);
  REQUIRE(result.n_permutations == 0 && result.p_value == 1);
  samebits_context_destroy(context);
  return NULL;
}

const char* tests_dependence(void) {
  samebits_context* const context = scalar_context();
  double a[n_many];
  double b[n_many];
  double result_of_all = 7;
  double statistics[99];
  samebits_permutation_test_options test;
  samebits_permutation_test_result result;
  make_samples(a, b);
  samebits_permutation_test_options_init(&test);
  test.n_permutations = 99;
  REQUIRE(samebits_distance_correlation(context, SAMEBITS_FLOAT64, a, 1, a, 1, n_many, 1, &result_of_all) ==
          SAMEBITS_OK);
  REQUIRE(result_of_all == 1);
  REQUIRE(samebits_distance_covariance(context, SAMEBITS_FLOAT64, a, 1, b, 1, n_many, 1, &result_of_all) ==
          SAMEBITS_OK);
  REQUIRE(samebits_distance_covariance_test(context, SAMEBITS_FLOAT64, a, 1, b, 1, n_many, 1, &test, &result,
                                            statistics) == SAMEBITS_OK);
  REQUIRE(result.statistic == result_of_all && result.n_as_large == 0 && result.p_value == 1.0 / 100);
  REQUIRE(statistics[98] < result.statistic);
  REQUIRE(samebits_hsic(context, SAMEBITS_FLOAT64, a, 1, b, 1, n_many, NULL, NULL, &result_of_all) == SAMEBITS_OK);
  REQUIRE(samebits_hsic_test(context, SAMEBITS_FLOAT64, a, 1, b, 1, n_many, NULL, NULL, &test, &result, NULL) ==
          SAMEBITS_OK);
  REQUIRE(result.statistic == result_of_all && result.n_as_large == 0);
  samebits_context_destroy(context);
  return NULL;
}

struct calls {
  int n;
  int stop_at;
};

static int count_calls(void* user_data, int64_t n_done) {
  struct calls* const calls = user_data;
  ++calls->n;
  return n_done >= 0 && calls->n == calls->stop_at;
}

const char* is_interrupted_in_a_permutation_test(void) {
  samebits_context* const context = scalar_context();
  double a[n_many];
  double b[n_many];
  struct calls calls = {0, 0};
  double statistics[99] = {7};
  samebits_permutation_test_options test;
  samebits_permutation_test_result result = {7, 7, 7, 7};
  make_samples(a, b);
  samebits_permutation_test_options_init(&test);
  test.n_permutations = 99;
  test.callback = count_calls;
  test.user_data = &calls;
  REQUIRE(samebits_energy_test(context, SAMEBITS_FLOAT64, a, n_many, b, n_many, 1, 1, SAMEBITS_ESTIMATOR_V, &test,
                               &result, NULL) == SAMEBITS_OK);
  REQUIRE(calls.n >= 1 && result.n_permutations == 99);
  calls.n = 0;
  calls.stop_at = 1;
  result.statistic = 7;
  REQUIRE(samebits_energy_test(context, SAMEBITS_FLOAT64, a, n_many, b, n_many, 1, 1, SAMEBITS_ESTIMATOR_V, &test,
                               &result, statistics) == SAMEBITS_INTERRUPTED);
  REQUIRE(strlen(samebits_last_error()) > 0);
  calls.n = 0;
  REQUIRE(samebits_maximum_mean_discrepancy_test(context, SAMEBITS_FLOAT64, a, n_many, b, n_many, 1, NULL,
                                                 SAMEBITS_ESTIMATOR_V, &test, &result,
                                                 statistics) == SAMEBITS_INTERRUPTED);
  calls.n = 0;
  REQUIRE(samebits_distance_covariance_test(context, SAMEBITS_FLOAT64, a, 1, b, 1, n_many, 1, &test, &result,
                                            statistics) == SAMEBITS_INTERRUPTED);
  calls.n = 0;
  REQUIRE(samebits_hsic_test(context, SAMEBITS_FLOAT64, a, 1, b, 1, n_many, NULL, NULL, &test, &result, statistics) ==
          SAMEBITS_INTERRUPTED);
  REQUIRE(result.statistic == 7 && result.n_permutations == 99 && statistics[0] == 7);
  samebits_context_destroy(context);
  return NULL;
}

const char* refuses_bad_tests(void) {
  samebits_context* const context = scalar_context();
  samebits_permutation_test_options test;
  samebits_permutation_test_result result = {7, 7, 7, 7};
  samebits_pairwise_options options = options_of(SAMEBITS_KERNEL_GAUSSIAN, SAMEBITS_PAIRS_U);
  double out = 7;
  samebits_permutation_test_options_init(&test);
  REQUIRE_ERROR(samebits_energy_distance(NULL, SAMEBITS_FLOAT64, x, n_x, y, n_y, n_cols, 1, SAMEBITS_ESTIMATOR_V, &out),
                SAMEBITS_INVALID_ARGUMENT, "energy_distance: context is NULL");
  REQUIRE_ERROR(
      samebits_energy_distance(context, SAMEBITS_FLOAT64, x, n_x, NULL, n_y, n_cols, 1, SAMEBITS_ESTIMATOR_V, &out),
      SAMEBITS_INVALID_ARGUMENT, "energy_distance: y is NULL");
  REQUIRE_ERROR(
      samebits_energy_distance(context, SAMEBITS_FLOAT64, x, n_x, y, n_y, n_cols, 1, (samebits_estimator)2, &out),
      SAMEBITS_INVALID_ARGUMENT, "energy_distance: estimator is 2 but must be 0 to 1");
  REQUIRE_ERROR(
      samebits_energy_distance(context, SAMEBITS_FLOAT64, x, n_x, y, n_y, n_cols, 1, SAMEBITS_ESTIMATOR_V, NULL),
      SAMEBITS_INVALID_ARGUMENT, "energy_distance: distance is NULL");
  REQUIRE(samebits_energy_distance(context, SAMEBITS_FLOAT64, x, n_x, y, n_y, n_cols, 3, SAMEBITS_ESTIMATOR_V, &out) ==
          SAMEBITS_INVALID_ARGUMENT);
  REQUIRE(samebits_energy_distance(context, SAMEBITS_FLOAT64, x_nan, n_x, y, n_y, n_cols, 1, SAMEBITS_ESTIMATOR_V,
                                   &out) == SAMEBITS_INVALID_ARGUMENT);
  REQUIRE(samebits_maximum_mean_discrepancy(context, SAMEBITS_FLOAT64, x, n_x, y, n_y, n_cols, &options,
                                            SAMEBITS_ESTIMATOR_V, &out) == SAMEBITS_INVALID_ARGUMENT);
  REQUIRE_ERROR(samebits_energy_test(context, SAMEBITS_FLOAT64, x, n_x, y, n_y, n_cols, 1, SAMEBITS_ESTIMATOR_V, &test,
                                     NULL, NULL),
                SAMEBITS_INVALID_ARGUMENT, "energy_test: result is NULL");
  REQUIRE_ERROR(samebits_hsic(context, SAMEBITS_FLOAT64, x, n_cols, NULL, 1, n_x, NULL, NULL, &out),
                SAMEBITS_INVALID_ARGUMENT, "hsic: y is NULL");
  REQUIRE_ERROR(samebits_hsic(context, SAMEBITS_FLOAT64, x, n_cols, x, -1, n_x, NULL, NULL, &out),
                SAMEBITS_INVALID_ARGUMENT, "hsic: n_y_cols is -1 but must not be negative");
  REQUIRE_ERROR(samebits_hsic(context, SAMEBITS_FLOAT64, x, n_cols, x, n_cols, -1, NULL, NULL, &out),
                SAMEBITS_INVALID_ARGUMENT, "hsic: n_rows is -1 but must not be negative");
  REQUIRE_ERROR(samebits_hsic(context, SAMEBITS_FLOAT64, x, n_cols, x, n_cols, n_x, NULL, NULL, NULL),
                SAMEBITS_INVALID_ARGUMENT, "hsic: hsic is NULL");
  REQUIRE(samebits_hsic(context, SAMEBITS_FLOAT64, x, n_cols, x, n_cols, n_x, NULL, &options, &out) ==
          SAMEBITS_INVALID_ARGUMENT);
  options.kernel = -1;
  REQUIRE_ERROR(samebits_hsic(context, SAMEBITS_FLOAT64, x, n_cols, x, n_cols, n_x, NULL, &options, &out),
                SAMEBITS_INVALID_ARGUMENT, "hsic: y_options: kernel is -1 but must be 0 to 11");
  options.struct_size = 0;
  REQUIRE_ERROR(samebits_hsic(context, SAMEBITS_FLOAT64, x, n_cols, x, n_cols, n_x, NULL, &options, &out),
                SAMEBITS_INVALID_ARGUMENT, "hsic: y_options.struct_size is 0; call the _init function first");
  REQUIRE_ERROR(samebits_distance_correlation(context, SAMEBITS_INT64, x, n_cols, x, n_cols, n_x, 1, &out),
                SAMEBITS_INVALID_ARGUMENT,
                "distance_correlation: dtype is 2 but must be SAMEBITS_FLOAT64 or SAMEBITS_FLOAT32");
  test.n_permutations = -1;
  REQUIRE(samebits_distance_covariance_test(context, SAMEBITS_FLOAT64, x, n_cols, x, n_cols, n_x, 1, &test, &result,
                                            &out) == SAMEBITS_INVALID_ARGUMENT);
  test.struct_size = 4;
  REQUIRE_ERROR(
      samebits_hsic_test(context, SAMEBITS_FLOAT64, x, n_cols, x, n_cols, n_x, NULL, NULL, &test, &result, NULL),
      SAMEBITS_INVALID_ARGUMENT, "hsic_test: test.struct_size is 4; call the _init function first");
  REQUIRE(out == 7 && result.statistic == 7 && result.n_permutations == 7);
  samebits_pairwise_options_init(NULL);
  samebits_permutation_test_options_init(NULL);
  samebits_context_destroy(context);
  return NULL;
}
