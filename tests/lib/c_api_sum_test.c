/* The C interface of sums from a C program. */
#include <math.h>
#include <stdlib.h>

#include "tests/lib/c_api_require.h"
#include "tests/lib/c_api_test.h"

enum { n_rows = 4, n_cols = 2 };
static const double x[n_rows * n_cols] = {1, -1, 2, 0, 3, 1, 6, -4};
static const float x_float[n_rows * n_cols] = {1, -1, 2, 0, 3, 1, 6, -4};
static const double x_nan[3] = {1, 2, NAN};
static const double weights[n_rows] = {1, 0, 2, 1};

/* ---- lists ------------------------------------------------------------------------------------------------------- */

const char* adds_numbers(void) {
  static const double y[3] = {4, 5, 6};
  samebits_context* const context = scalar_context();
  double result = 0;
  REQUIRE(samebits_sum(context, SAMEBITS_FLOAT64, x, 8, &result) == SAMEBITS_OK && result == 8);
  REQUIRE(samebits_sum(context, SAMEBITS_FLOAT32, x_float, 7, &result) == SAMEBITS_OK && result == 12);
  REQUIRE(samebits_dot(context, SAMEBITS_FLOAT64, x, y, 3, &result) == SAMEBITS_OK && result == 11);
  REQUIRE(samebits_mean(context, SAMEBITS_FLOAT64, x, 8, &result) == SAMEBITS_OK && result == 1);
  REQUIRE(samebits_variance(context, SAMEBITS_FLOAT64, y, 3, 1, &result) == SAMEBITS_OK && result == 1);
  REQUIRE(samebits_variance(context, SAMEBITS_FLOAT64, y, 3, 0, &result) == SAMEBITS_OK && result == 2.0 / 3);
  REQUIRE(samebits_norm(context, SAMEBITS_FLOAT64, x, 8, SAMEBITS_NORM_L1, &result) == SAMEBITS_OK && result == 18);
  REQUIRE(samebits_norm(context, SAMEBITS_FLOAT64, x + 3, 5, SAMEBITS_NORM_MAX, &result) == SAMEBITS_OK && result == 6);
  REQUIRE(samebits_norm(context, SAMEBITS_FLOAT64, y, 1, SAMEBITS_NORM_L2, &result) == SAMEBITS_OK && result == 4);
  samebits_context_destroy(context);
  return NULL;
}

const char* adds_no_numbers(void) {
  samebits_context* const context = scalar_context();
  double result = 7;
  REQUIRE(samebits_sum(context, SAMEBITS_FLOAT64, NULL, 0, &result) == SAMEBITS_OK && result == 0);
  result = 7;
  REQUIRE(samebits_dot(context, SAMEBITS_FLOAT32, NULL, NULL, 0, &result) == SAMEBITS_OK && result == 0);
  result = 7;
  REQUIRE(samebits_norm(context, SAMEBITS_FLOAT32, NULL, 0, SAMEBITS_NORM_MAX, &result) == SAMEBITS_OK && result == 0);
  result = 7;
  REQUIRE(samebits_mean(context, SAMEBITS_FLOAT64, NULL, 0, &result) == SAMEBITS_OK && result == 0);
  samebits_context_destroy(context);
  return NULL;
}

const char* refuses_bad_sums(void) {
  samebits_context* const context = scalar_context();
  double out = 7;
  REQUIRE_ERROR(samebits_sum(NULL, SAMEBITS_FLOAT64, x, 8, &out), SAMEBITS_INVALID_ARGUMENT, "sum: context is NULL");
  REQUIRE_ERROR(samebits_sum(context, SAMEBITS_FLOAT64, NULL, 8, &out), SAMEBITS_INVALID_ARGUMENT, "sum: x is NULL");
  REQUIRE_ERROR(samebits_sum(context, SAMEBITS_FLOAT64, x, 8, NULL), SAMEBITS_INVALID_ARGUMENT, "sum: sum is NULL");
  REQUIRE_ERROR(samebits_sum(context, SAMEBITS_FLOAT64, x, -1, &out), SAMEBITS_INVALID_ARGUMENT,
                "sum: n is -1 but must not be negative");
  REQUIRE_ERROR(samebits_sum(context, SAMEBITS_INT64, x, 8, &out), SAMEBITS_INVALID_ARGUMENT,
                "sum: dtype is 2 but must be SAMEBITS_FLOAT64 or SAMEBITS_FLOAT32");
  REQUIRE(samebits_sum(context, SAMEBITS_FLOAT64, x_nan, 3, &out) == SAMEBITS_INVALID_ARGUMENT);
  REQUIRE_ERROR(samebits_dot(context, SAMEBITS_FLOAT64, x, NULL, 8, &out), SAMEBITS_INVALID_ARGUMENT, "dot: y is NULL");
  REQUIRE_ERROR(samebits_mean(context, SAMEBITS_FLOAT64, x, 8, NULL), SAMEBITS_INVALID_ARGUMENT, "mean: mean is NULL");
  REQUIRE_ERROR(samebits_variance(context, SAMEBITS_FLOAT64, NULL, 8, 1, &out), SAMEBITS_INVALID_ARGUMENT,
                "variance: x is NULL");
  REQUIRE_ERROR(samebits_norm(context, SAMEBITS_FLOAT64, x, 8, (samebits_norm_kind)3, &out), SAMEBITS_INVALID_ARGUMENT,
                "norm: kind is 3 but must be 0 to 2");
  REQUIRE(out == 7);
  samebits_context_destroy(context);
  return NULL;
}

/* ---- summaries --------------------------------------------------------------------------------------------------- */

struct columns {
  double sum[n_cols];
  double mean[n_cols];
  double variance[n_cols];
  double min[n_cols];
  double max[n_cols];
};

static samebits_summary summary_in(struct columns* columns) {
  samebits_summary summary;
  samebits_summary_init(&summary);
  summary.sum = columns->sum;
  summary.mean = columns->mean;
  summary.variance = columns->variance;
  summary.min = columns->min;
  summary.max = columns->max;
  return summary;
}

const char* summarizes_rows(void) {
  samebits_context* const context = scalar_context();
  struct columns c;
  samebits_summary summary = summary_in(&c);
  REQUIRE(samebits_summarize(context, SAMEBITS_FLOAT64, x, n_rows, n_cols, NULL, 1, &summary) == SAMEBITS_OK);
  REQUIRE(summary.struct_size == sizeof summary && summary.n_rows == 4 && summary.weight == 4);
  REQUIRE(c.sum[0] == 12 && c.sum[1] == -4);
  REQUIRE(c.mean[0] == 3 && c.mean[1] == -1);
  REQUIRE(c.variance[0] == 14.0 / 3 && c.variance[1] == 14.0 / 3);
  REQUIRE(c.min[0] == 1 && c.min[1] == -4 && c.max[0] == 6 && c.max[1] == 1);
  REQUIRE(samebits_summarize(context, SAMEBITS_FLOAT32, x_float, n_rows, n_cols, weights, 0, &summary) == SAMEBITS_OK);
  REQUIRE(summary.weight == 4 && c.sum[0] == 13 && c.sum[1] == -3);
  REQUIRE(samebits_summarize(context, SAMEBITS_FLOAT64, NULL, 0, n_cols, NULL, 1, &summary) == SAMEBITS_OK);
  REQUIRE(summary.n_rows == 0 && c.sum[0] == 0 && c.min[1] == INFINITY && c.max[1] == -INFINITY);
  samebits_context_destroy(context);
  return NULL;
}

const char* summarizes_what_is_wanted(void) {
  samebits_context* const context = scalar_context();
  double max[n_cols];
  samebits_summary summary;
  samebits_summary_init(&summary);
  REQUIRE(samebits_summarize(context, SAMEBITS_FLOAT64, x, n_rows, n_cols, NULL, 1, &summary) == SAMEBITS_OK);
  REQUIRE(summary.n_rows == 4);
  summary.max = max;
  REQUIRE(samebits_summarize(context, SAMEBITS_FLOAT64, x, n_rows, n_cols, NULL, 1, &summary) == SAMEBITS_OK);
  REQUIRE(max[0] == 6 && max[1] == 1);
  samebits_context_destroy(context);
  return NULL;
}

const char* takes_a_shorter_summary_of_an_older_program(void) {
  samebits_context* const context = scalar_context();
  struct columns c;
  samebits_summary summary = summary_in(&c);
  double* const not_a_pointer = (double*)&context;
  summary.struct_size = offsetof(samebits_summary, min);
  summary.min = not_a_pointer;
  summary.max = not_a_pointer;
  REQUIRE(samebits_summarize(context, SAMEBITS_FLOAT64, x, n_rows, n_cols, NULL, 1, &summary) == SAMEBITS_OK);
  REQUIRE(summary.struct_size == offsetof(samebits_summary, min));
  REQUIRE(summary.n_rows == 4 && c.mean[0] == 3);
  REQUIRE(summary.min == not_a_pointer && summary.max == not_a_pointer);
  samebits_context_destroy(context);
  return NULL;
}

const char* refuses_bad_summaries(void) {
  static const double negative[n_rows] = {1, 1, -0.5, 1};
  samebits_context* const context = scalar_context();
  struct columns c = {{7, 7}, {7, 7}, {7, 7}, {7, 7}, {7, 7}};
  samebits_summary summary = summary_in(&c);
  double out[n_cols * n_cols] = {7};
  REQUIRE_ERROR(samebits_summarize(NULL, SAMEBITS_FLOAT64, x, n_rows, n_cols, NULL, 1, &summary),
                SAMEBITS_INVALID_ARGUMENT, "summarize: context is NULL");
  REQUIRE_ERROR(samebits_summarize(context, SAMEBITS_FLOAT64, NULL, n_rows, n_cols, NULL, 1, &summary),
                SAMEBITS_INVALID_ARGUMENT, "summarize: x is NULL");
  REQUIRE_ERROR(samebits_summarize(context, SAMEBITS_FLOAT64, x, n_rows, n_cols, NULL, 1, NULL),
                SAMEBITS_INVALID_ARGUMENT, "summarize: summary is NULL");
  REQUIRE_ERROR(samebits_summarize(context, SAMEBITS_FLOAT64, x, -1, n_cols, NULL, 1, &summary),
                SAMEBITS_INVALID_ARGUMENT, "summarize: n_rows is -1 but must not be negative");
  REQUIRE_ERROR(samebits_summarize(context, SAMEBITS_FLOAT64, x, n_rows, -2, NULL, 1, &summary),
                SAMEBITS_INVALID_ARGUMENT, "summarize: n_cols is -2 but must not be negative");
  REQUIRE(samebits_summarize(context, SAMEBITS_FLOAT64, x, n_rows, 0, NULL, 1, &summary) == SAMEBITS_INVALID_ARGUMENT);
  REQUIRE_ERROR(samebits_summarize(context, SAMEBITS_FLOAT64, x, n_rows, n_cols, negative, 1, &summary),
                SAMEBITS_INVALID_ARGUMENT, "summarize: weights[2] is -0.5 but must be finite and at least 0");
  REQUIRE(samebits_summarize(context, SAMEBITS_FLOAT64, x_nan, 3, 1, NULL, 1, &summary) == SAMEBITS_INVALID_ARGUMENT);
  summary.struct_size = 0;
  REQUIRE_ERROR(samebits_summarize(context, SAMEBITS_FLOAT64, x, n_rows, n_cols, NULL, 1, &summary),
                SAMEBITS_INVALID_ARGUMENT, "summarize: summary.struct_size is 0; call the _init function first");
  REQUIRE_ERROR(samebits_covariance(context, SAMEBITS_FLOAT64, x, n_rows, n_cols, NULL, 1, NULL),
                SAMEBITS_INVALID_ARGUMENT, "covariance: covariance is NULL");
  REQUIRE(samebits_covariance(context, SAMEBITS_FLOAT64, x_nan, 3, 1, NULL, 1, out) == SAMEBITS_INVALID_ARGUMENT);
  REQUIRE(summary.n_rows == 0 && c.sum[0] == 7 && c.max[1] == 7 && out[0] == 7);
  samebits_context_destroy(context);
  return NULL;
}

const char* makes_covariances(void) {
  samebits_context* const context = scalar_context();
  double c[n_cols * n_cols];
  REQUIRE(samebits_covariance(context, SAMEBITS_FLOAT64, x, n_rows, n_cols, NULL, 0, c) == SAMEBITS_OK);
  REQUIRE(c[0] == 3.5 && c[3] == 3.5);
  REQUIRE(c[1] == -2.5 && c[2] == -2.5);
  samebits_context_destroy(context);
  return NULL;
}

/* ---- exact sums, products, histograms ---------------------------------------------------------------------------- */

const char* sums_exactly(void) {
  static const double big[6] = {1e300, 3, 1, 0x1p-1074, -1e300, -3};
  static const double ones[6] = {1, 1, 1, 1, 1, 1};
  samebits_context* const context = scalar_context();
  double out[2];
  REQUIRE(samebits_exact_sum(context, SAMEBITS_FLOAT64, big, 3, 2, out) == SAMEBITS_OK);
  REQUIRE(out[0] == 1 && out[1] == 0x1p-1074);
  REQUIRE(samebits_exact_dot(context, SAMEBITS_FLOAT64, big, ones, 3, 2, out) == SAMEBITS_OK);
  REQUIRE(out[0] == 1 && out[1] == 0x1p-1074);
  REQUIRE(samebits_exact_mean(context, SAMEBITS_FLOAT64, big, 3, 2, out) == SAMEBITS_OK);
  REQUIRE(out[0] == 1.0 / 3 && out[1] == 0);
  REQUIRE(samebits_exact_sum(context, SAMEBITS_FLOAT32, x_float, 8, 1, out) == SAMEBITS_OK && out[0] == 8);
  REQUIRE(samebits_exact_sum(context, SAMEBITS_FLOAT64, NULL, 0, 2, out) == SAMEBITS_OK && out[0] == 0 && out[1] == 0);
  REQUIRE(samebits_exact_sum(context, SAMEBITS_FLOAT64, NULL, 3, 0, NULL) == SAMEBITS_OK);
  samebits_context_destroy(context);
  return NULL;
}

const char* refuses_bad_exact_sums(void) {
  samebits_context* const context = scalar_context();
  double out[2] = {7, 7};
  REQUIRE_ERROR(samebits_exact_sum(context, SAMEBITS_FLOAT64, NULL, n_rows, n_cols, out), SAMEBITS_INVALID_ARGUMENT,
                "exact_sum: x is NULL");
  REQUIRE_ERROR(samebits_exact_sum(context, SAMEBITS_FLOAT64, x, n_rows, n_cols, NULL), SAMEBITS_INVALID_ARGUMENT,
                "exact_sum: sums is NULL");
  REQUIRE_ERROR(samebits_exact_dot(context, SAMEBITS_FLOAT64, x, NULL, n_rows, n_cols, out), SAMEBITS_INVALID_ARGUMENT,
                "exact_dot: y is NULL");
  REQUIRE_ERROR(samebits_exact_mean(context, SAMEBITS_FLOAT64, x, -3, n_cols, out), SAMEBITS_INVALID_ARGUMENT,
                "exact_mean: n_rows is -3 but must not be negative");
  REQUIRE(samebits_exact_mean(context, SAMEBITS_FLOAT64, NULL, 0, n_cols, out) == SAMEBITS_INVALID_ARGUMENT);
  REQUIRE(samebits_exact_sum(context, SAMEBITS_FLOAT64, x_nan, 3, 1, out) == SAMEBITS_INVALID_ARGUMENT);
  REQUIRE(out[0] == 7 && out[1] == 7);
  samebits_context_destroy(context);
  return NULL;
}

const char* multiplies_matrices(void) {
  static const double a[6] = {1, 2, 3, 4, 5, 6};
  static const double b[3] = {1, 0, -1};
  static const float a_float[2] = {1.5f, 2};
  float out_float[4];
  samebits_context* const context = scalar_context();
  double out[2] = {7, 7};
  REQUIRE(samebits_matmul(context, SAMEBITS_FLOAT64, a, b, 2, 3, 1, out) == SAMEBITS_OK);
  REQUIRE(out[0] == -2 && out[1] == -2);
  REQUIRE(samebits_matmul(context, SAMEBITS_FLOAT32, a_float, a_float, 2, 1, 2, out_float) == SAMEBITS_OK);
  REQUIRE(out_float[0] == 2.25f && out_float[1] == 3 && out_float[3] == 4);
  REQUIRE(samebits_matmul(context, SAMEBITS_FLOAT64, NULL, NULL, 2, 0, 1, out) == SAMEBITS_OK);
  REQUIRE(out[0] == 0 && out[1] == 0);
  REQUIRE(samebits_matmul(context, SAMEBITS_FLOAT64, NULL, b, 0, 3, 1, NULL) == SAMEBITS_OK);
  samebits_context_destroy(context);
  return NULL;
}

const char* refuses_bad_products(void) {
  samebits_context* const context = scalar_context();
  double out[8] = {7, 7, 7, 7, 7, 7, 7, 7};
  REQUIRE_ERROR(samebits_matmul(NULL, SAMEBITS_FLOAT64, x, x, 2, 2, 2, out), SAMEBITS_INVALID_ARGUMENT,
                "matmul: context is NULL");
  REQUIRE_ERROR(samebits_matmul(context, SAMEBITS_FLOAT64, NULL, x, 2, 2, 2, out), SAMEBITS_INVALID_ARGUMENT,
                "matmul: a is NULL");
  REQUIRE_ERROR(samebits_matmul(context, SAMEBITS_FLOAT64, x, NULL, 2, 2, 2, out), SAMEBITS_INVALID_ARGUMENT,
                "matmul: b is NULL");
  REQUIRE_ERROR(samebits_matmul(context, SAMEBITS_FLOAT64, x, x, 2, 2, 2, NULL), SAMEBITS_INVALID_ARGUMENT,
                "matmul: out is NULL");
  REQUIRE_ERROR(samebits_matmul(context, SAMEBITS_FLOAT64, x, x, 2, -2, 2, out), SAMEBITS_INVALID_ARGUMENT,
                "matmul: n_inner is -2 but must not be negative");
  REQUIRE(samebits_matmul(context, SAMEBITS_UINT32, x, x, 2, 2, 2, out) == SAMEBITS_INVALID_ARGUMENT);
  REQUIRE(samebits_matmul(context, SAMEBITS_FLOAT64, out, x, 2, 2, 2, out + 3) == SAMEBITS_INVALID_ARGUMENT);
  REQUIRE(out[0] == 7 && out[3] == 7 && out[7] == 7);
  samebits_context_destroy(context);
  return NULL;
}

const char* counts_by_bins(void) {
  static const double numbers[6] = {-1, 0, 0.5, 1, 2, 9};
  static const double number_weights[6] = {1, 2, 3, 4, 5, 6};
  samebits_context* const context = scalar_context();
  double edges[3];
  int64_t counts[2];
  double sums[2];
  int64_t below = 7;
  int64_t above = 7;
  REQUIRE(samebits_equal_bins(0, 2, 2, edges) == SAMEBITS_OK);
  REQUIRE(edges[0] == 0 && edges[1] == 1 && edges[2] == 2);
  REQUIRE(samebits_histogram(context, SAMEBITS_FLOAT64, numbers, 6, edges, 2, number_weights, counts, sums, &below,
                             &above) == SAMEBITS_OK);
  REQUIRE(counts[0] == 2 && counts[1] == 2 && below == 1 && above == 1);
  REQUIRE(sums[0] == 5 && sums[1] == 9);
  REQUIRE(samebits_histogram(context, SAMEBITS_FLOAT32, x_float, 8, edges, 2, NULL, counts, NULL, NULL, NULL) ==
          SAMEBITS_OK);
  REQUIRE(counts[0] == 1 && counts[1] == 3);
  REQUIRE(samebits_histogram(context, SAMEBITS_FLOAT64, NULL, 0, edges, 2, NULL, NULL, NULL, &below, NULL) ==
          SAMEBITS_OK);
  REQUIRE(below == 0);
  samebits_context_destroy(context);
  return NULL;
}

const char* refuses_bad_histograms(void) {
  static const double edges[3] = {0, 1, 2};
  static const double falling[3] = {0, 2, 1};
  samebits_context* const context = scalar_context();
  int64_t counts[2] = {7, 7};
  double sums[2] = {7, 7};
  double out[2] = {7, 7};
  REQUIRE_ERROR(samebits_histogram(NULL, SAMEBITS_FLOAT64, x, 8, edges, 2, NULL, counts, NULL, NULL, NULL),
                SAMEBITS_INVALID_ARGUMENT, "histogram: context is NULL");
  REQUIRE_ERROR(samebits_histogram(context, SAMEBITS_FLOAT64, NULL, 8, edges, 2, NULL, counts, NULL, NULL, NULL),
                SAMEBITS_INVALID_ARGUMENT, "histogram: x is NULL");
  REQUIRE_ERROR(samebits_histogram(context, SAMEBITS_FLOAT64, x, 8, NULL, 2, NULL, counts, NULL, NULL, NULL),
                SAMEBITS_INVALID_ARGUMENT, "histogram: edges is NULL");
  REQUIRE_ERROR(samebits_histogram(context, SAMEBITS_FLOAT64, x, 8, edges, 0, NULL, counts, NULL, NULL, NULL),
                SAMEBITS_INVALID_ARGUMENT, "histogram: n_bins is 0 but must be 1 to 2^56");
  REQUIRE_ERROR(samebits_histogram(context, SAMEBITS_FLOAT64, x, 8, edges, 2, NULL, counts, sums, NULL, NULL),
                SAMEBITS_INVALID_ARGUMENT, "histogram: weight_sums are asked for but weights is NULL");
  REQUIRE(samebits_histogram(context, SAMEBITS_FLOAT64, x, 8, falling, 2, NULL, counts, NULL, NULL, NULL) ==
          SAMEBITS_INVALID_ARGUMENT);
  REQUIRE(samebits_histogram(context, SAMEBITS_FLOAT64, x_nan, 3, edges, 2, NULL, counts, NULL, NULL, NULL) ==
          SAMEBITS_INVALID_ARGUMENT);
  REQUIRE_ERROR(samebits_equal_bins(0, 1, 1, NULL), SAMEBITS_INVALID_ARGUMENT, "equal_bins: edges is NULL");
  REQUIRE(samebits_equal_bins(0, 1, 0, out) == SAMEBITS_INVALID_ARGUMENT);
  REQUIRE(samebits_equal_bins(1, 0, 1, out) == SAMEBITS_INVALID_ARGUMENT);
  REQUIRE(counts[0] == 7 && counts[1] == 7 && sums[0] == 7 && out[0] == 7 && out[1] == 7);
  samebits_context_destroy(context);
  return NULL;
}

/* ---- parts ------------------------------------------------------------------------------------------------------- */

const char* puts_parts_together(void) {
  samebits_context* const context = scalar_context();
  samebits_partial_summary* first = NULL;
  samebits_partial_summary* second = NULL;
  struct columns c;
  samebits_summary summary = summary_in(&c);
  REQUIRE(samebits_partial_summary_create(SAMEBITS_STATISTIC_MOMENTS, n_cols, &first) == SAMEBITS_OK);
  REQUIRE(samebits_partial_summary_create(SAMEBITS_STATISTIC_MOMENTS, n_cols, &second) == SAMEBITS_OK);
  REQUIRE(samebits_partial_summary_add(context, second, 1, SAMEBITS_FLOAT64, x + n_cols, 3, n_cols, NULL) ==
          SAMEBITS_OK);
  REQUIRE(samebits_partial_summary_is_whole(second) == 0);
  REQUIRE(samebits_partial_summary_add(context, first, 0, SAMEBITS_FLOAT32, x_float, 1, n_cols, NULL) == SAMEBITS_OK);
  REQUIRE(samebits_partial_summary_is_whole(first) == 1);
  REQUIRE(samebits_partial_summary_merge(first, second) == SAMEBITS_OK);
  REQUIRE(samebits_partial_summary_what(first) == SAMEBITS_STATISTIC_MOMENTS);
  REQUIRE(samebits_partial_summary_n_cols(first) == n_cols && samebits_partial_summary_n_rows(first) == n_rows);
  REQUIRE(samebits_partial_summary_moments(first, 1, &summary) == SAMEBITS_OK);
  REQUIRE(summary.n_rows == 4 && c.mean[0] == 3 && c.variance[0] == 14.0 / 3 && c.min[1] == -4);
  samebits_partial_summary_destroy(second);
  samebits_partial_summary_destroy(first);
  samebits_context_destroy(context);
  return NULL;
}

const char* collects_sums_products_and_covariances(void) {
  samebits_context* const context = scalar_context();
  samebits_partial_summary* sums = NULL;
  samebits_partial_summary* products = NULL;
  samebits_partial_summary* covariance = NULL;
  double out[n_cols * n_cols];
  REQUIRE(samebits_partial_summary_create(SAMEBITS_STATISTIC_ABSOLUTE_SUM, n_cols, &sums) == SAMEBITS_OK);
  REQUIRE(samebits_partial_summary_create(SAMEBITS_STATISTIC_PRODUCT, n_cols, &products) == SAMEBITS_OK);
  REQUIRE(samebits_partial_summary_create(SAMEBITS_STATISTIC_COVARIANCE, n_cols, &covariance) == SAMEBITS_OK);
  REQUIRE(samebits_partial_summary_sums(sums, out) == SAMEBITS_OK && out[0] == 0 && out[1] == 0); /* of nothing */
  REQUIRE(samebits_partial_summary_add(context, sums, 0, SAMEBITS_FLOAT64, x, n_rows, n_cols, NULL) == SAMEBITS_OK);
  REQUIRE(samebits_partial_summary_sums(sums, out) == SAMEBITS_OK && out[0] == 12 && out[1] == 6);
  REQUIRE(samebits_partial_summary_add_product(context, products, 0, SAMEBITS_FLOAT64, x, x, n_rows, n_cols) ==
          SAMEBITS_OK);
  REQUIRE(samebits_partial_summary_sums(products, out) == SAMEBITS_OK && out[0] == 50 && out[1] == 18);
  REQUIRE(samebits_partial_summary_add(context, covariance, 0, SAMEBITS_FLOAT64, x, n_rows, n_cols, weights) ==
          SAMEBITS_OK);
  REQUIRE(samebits_partial_summary_covariance(covariance, 1, out) == SAMEBITS_OK && out[1] == out[2]);
  samebits_partial_summary_destroy(covariance);
  samebits_partial_summary_destroy(products);
  samebits_partial_summary_destroy(sums);
  samebits_context_destroy(context);
  return NULL;
}

const char* sends_parts_as_bytes(void) {
  samebits_context* const context = scalar_context();
  samebits_partial_summary* state = NULL;
  samebits_partial_summary* received = NULL;
  int64_t n_bytes = 0;
  int64_t n_again = 0;
  uint8_t* bytes = NULL;
  double out[n_cols];
  REQUIRE(samebits_partial_summary_create(SAMEBITS_STATISTIC_SUM, n_cols, &state) == SAMEBITS_OK);
  REQUIRE(samebits_partial_summary_add(context, state, 0, SAMEBITS_FLOAT64, x, n_rows, n_cols, NULL) == SAMEBITS_OK);
  REQUIRE(samebits_partial_summary_bytes(state, NULL, 0, &n_bytes) == SAMEBITS_OK && n_bytes > 0);
  bytes = calloc((size_t)n_bytes, 1);
  REQUIRE(samebits_partial_summary_bytes(state, bytes, n_bytes - 1, &n_again) == SAMEBITS_INVALID_ARGUMENT);
  REQUIRE(n_again == 0 && bytes[0] == 0);
  REQUIRE(samebits_partial_summary_bytes(state, bytes, n_bytes, &n_again) == SAMEBITS_OK && n_again == n_bytes);
  REQUIRE(samebits_partial_summary_from_bytes(bytes, n_bytes, &received) == SAMEBITS_OK);
  REQUIRE(samebits_partial_summary_sums(received, out) == SAMEBITS_OK && out[0] == 12 && out[1] == -4);
  samebits_partial_summary_destroy(received);
  received = state;
  for (int64_t n = 0; n < n_bytes; ++n) { /* cut short */
    REQUIRE(samebits_partial_summary_from_bytes(bytes, n, &received) == SAMEBITS_INVALID_ARGUMENT);
  }
  bytes[3] ^= 1;
  REQUIRE(samebits_partial_summary_from_bytes(bytes, n_bytes, &received) == SAMEBITS_INVALID_ARGUMENT);
  REQUIRE(received == state);
  free(bytes);
  samebits_partial_summary_destroy(state);
  samebits_context_destroy(context);
  return NULL;
}

const char* refuses_bad_parts(void) {
  samebits_context* const context = scalar_context();
  samebits_partial_summary* state = NULL;
  samebits_partial_summary* other = NULL;
  double out[n_cols] = {7, 7};
  int64_t n_bytes = 7;
  samebits_summary summary;
  samebits_summary_init(&summary);
  REQUIRE_ERROR(samebits_partial_summary_create(SAMEBITS_STATISTIC_SUM, n_cols, NULL), SAMEBITS_INVALID_ARGUMENT,
                "partial_summary_create: state is NULL");
  REQUIRE_ERROR(samebits_partial_summary_create((samebits_partial_statistic)5, n_cols, &state),
                SAMEBITS_INVALID_ARGUMENT, "partial_summary_create: what is 5 but must be 0 to 4");
  REQUIRE(samebits_partial_summary_create(SAMEBITS_STATISTIC_SUM, 0, &state) == SAMEBITS_INVALID_ARGUMENT);
  REQUIRE(state == NULL);
  REQUIRE(samebits_partial_summary_create(SAMEBITS_STATISTIC_SUM, n_cols, &state) == SAMEBITS_OK);
  REQUIRE(samebits_partial_summary_create(SAMEBITS_STATISTIC_PRODUCT, n_cols, &other) == SAMEBITS_OK);

  REQUIRE_ERROR(samebits_partial_summary_add(NULL, state, 0, SAMEBITS_FLOAT64, x, 1, n_cols, NULL),
                SAMEBITS_INVALID_ARGUMENT, "partial_summary_add: context is NULL");
  REQUIRE_ERROR(samebits_partial_summary_add(context, NULL, 0, SAMEBITS_FLOAT64, x, 1, n_cols, NULL),
                SAMEBITS_INVALID_ARGUMENT, "partial_summary_add: state is NULL");
  REQUIRE_ERROR(samebits_partial_summary_add(context, state, 0, SAMEBITS_FLOAT64, NULL, 1, n_cols, NULL),
                SAMEBITS_INVALID_ARGUMENT, "partial_summary_add: x is NULL");
  REQUIRE_ERROR(samebits_partial_summary_add(context, state, 0, SAMEBITS_FLOAT64, x, -1, n_cols, NULL),
                SAMEBITS_INVALID_ARGUMENT, "partial_summary_add: n_rows is -1 but must not be negative");
  REQUIRE(samebits_partial_summary_add(context, state, -1, SAMEBITS_FLOAT64, x, 1, n_cols, NULL) ==
          SAMEBITS_INVALID_ARGUMENT);
  REQUIRE(samebits_partial_summary_add(context, state, 0, SAMEBITS_FLOAT64, x, 1, 3, NULL) ==
          SAMEBITS_INVALID_ARGUMENT);
  REQUIRE(samebits_partial_summary_add(context, state, 0, SAMEBITS_FLOAT64, x, 1, n_cols, weights) ==
          SAMEBITS_INVALID_ARGUMENT);
  REQUIRE(samebits_partial_summary_add_product(context, state, 0, SAMEBITS_FLOAT64, x, x, 1, n_cols) ==
          SAMEBITS_INVALID_ARGUMENT);
  REQUIRE_ERROR(samebits_partial_summary_add_product(context, other, 0, SAMEBITS_FLOAT64, x, NULL, 1, n_cols),
                SAMEBITS_INVALID_ARGUMENT, "partial_summary_add_product: y is NULL");
  REQUIRE(samebits_partial_summary_n_rows(state) == 0 && samebits_partial_summary_n_rows(other) == 0);

  REQUIRE(samebits_partial_summary_add(context, state, 2, SAMEBITS_FLOAT64, x, 2, n_cols, NULL) == SAMEBITS_OK);
  REQUIRE(samebits_partial_summary_add(context, state, 3, SAMEBITS_FLOAT64, x, 2, n_cols, NULL) ==
          SAMEBITS_INVALID_ARGUMENT); /* row 3 is in already */
  REQUIRE(samebits_partial_summary_n_rows(state) == 2);
  REQUIRE_ERROR(samebits_partial_summary_merge(state, NULL), SAMEBITS_INVALID_ARGUMENT,
                "partial_summary_merge: other is NULL");
  REQUIRE_ERROR(samebits_partial_summary_merge(NULL, state), SAMEBITS_INVALID_ARGUMENT,
                "partial_summary_merge: state is NULL");
  REQUIRE(samebits_partial_summary_merge(state, other) == SAMEBITS_INVALID_ARGUMENT);
  REQUIRE(samebits_partial_summary_merge(state, state) == SAMEBITS_INVALID_ARGUMENT);

  REQUIRE(samebits_partial_summary_sums(state, out) == SAMEBITS_INVALID_ARGUMENT); /* row 0 is missing */
  REQUIRE_ERROR(samebits_partial_summary_sums(NULL, out), SAMEBITS_INVALID_ARGUMENT,
                "partial_summary_sums: state is NULL");
  REQUIRE_ERROR(samebits_partial_summary_sums(state, NULL), SAMEBITS_INVALID_ARGUMENT,
                "partial_summary_sums: sums is NULL");
  REQUIRE(samebits_partial_summary_moments(other, 1, &summary) == SAMEBITS_INVALID_ARGUMENT);
  REQUIRE_ERROR(samebits_partial_summary_moments(other, 1, NULL), SAMEBITS_INVALID_ARGUMENT,
                "partial_summary_moments: summary is NULL");
  REQUIRE(samebits_partial_summary_covariance(other, 1, out) == SAMEBITS_INVALID_ARGUMENT);
  REQUIRE(out[0] == 7 && out[1] == 7);

  REQUIRE_ERROR(samebits_partial_summary_bytes(state, NULL, 0, NULL), SAMEBITS_INVALID_ARGUMENT,
                "partial_summary_bytes: n_bytes is NULL");
  REQUIRE_ERROR(samebits_partial_summary_bytes(NULL, NULL, 0, &n_bytes), SAMEBITS_INVALID_ARGUMENT,
                "partial_summary_bytes: state is NULL");
  REQUIRE(n_bytes == 7);
  REQUIRE_ERROR(samebits_partial_summary_from_bytes(NULL, 5, &state), SAMEBITS_INVALID_ARGUMENT,
                "partial_summary_from_bytes: bytes is NULL");
  REQUIRE(samebits_partial_summary_from_bytes(NULL, 0, &state) == SAMEBITS_INVALID_ARGUMENT);
  REQUIRE_ERROR(samebits_partial_summary_from_bytes((const uint8_t*)x, -1, &state), SAMEBITS_INVALID_ARGUMENT,
                "partial_summary_from_bytes: n_bytes is -1 but must not be negative");
  REQUIRE(samebits_partial_summary_from_bytes((const uint8_t*)x, sizeof x, &state) == SAMEBITS_INVALID_ARGUMENT);
  REQUIRE_ERROR(samebits_partial_summary_from_bytes((const uint8_t*)x, sizeof x, NULL), SAMEBITS_INVALID_ARGUMENT,
                "partial_summary_from_bytes: state is NULL");
  samebits_partial_summary_destroy(other);
  samebits_partial_summary_destroy(state);
  samebits_context_destroy(context);
  return NULL;
}

const char* keeps_an_exact_total(void) {
  static const double big[3] = {1e300, 1, -1e300};
  samebits_context* const context = scalar_context();
  samebits_exact_total* total = NULL;
  samebits_exact_total* received = NULL;
  int64_t n_bytes = 0;
  uint8_t* bytes = NULL;
  double out = 7;
  REQUIRE(samebits_exact_total_create(&total) == SAMEBITS_OK);
  REQUIRE(samebits_exact_total_count(total) == 0);
  REQUIRE(samebits_exact_total_sum(total, &out) == SAMEBITS_OK && out == 0);
  REQUIRE(samebits_exact_total_add(context, total, SAMEBITS_FLOAT64, big, 2) == SAMEBITS_OK);
  REQUIRE(samebits_exact_total_add(context, total, SAMEBITS_FLOAT32, x_float, 2) == SAMEBITS_OK);
  REQUIRE(samebits_exact_total_add_product(context, total, SAMEBITS_FLOAT64, big + 2, x, 1) == SAMEBITS_OK);
  REQUIRE(samebits_exact_total_bytes(total, NULL, 0, &n_bytes) == SAMEBITS_OK && n_bytes > 0);
  bytes = malloc((size_t)n_bytes);
  REQUIRE(samebits_exact_total_bytes(total, bytes, n_bytes, &n_bytes) == SAMEBITS_OK);
  REQUIRE(samebits_exact_total_from_bytes(bytes, n_bytes, &received) == SAMEBITS_OK);
  REQUIRE(samebits_exact_total_count(received) == 5);
  REQUIRE(samebits_exact_total_sum(received, &out) == SAMEBITS_OK && out == 1);
  REQUIRE(samebits_exact_total_merge(total, received) == SAMEBITS_OK);
  REQUIRE(samebits_exact_total_count(total) == 10);
  REQUIRE(samebits_exact_total_mean(total, &out) == SAMEBITS_OK && out == 0.2);
  samebits_exact_total_destroy(received);
  received = total;
  REQUIRE(samebits_exact_total_from_bytes(bytes, n_bytes - 1, &received) == SAMEBITS_INVALID_ARGUMENT);
  bytes[0] ^= 1;
  REQUIRE(samebits_exact_total_from_bytes(bytes, n_bytes, &received) == SAMEBITS_INVALID_ARGUMENT);
  REQUIRE(received == total);
  free(bytes);
  samebits_exact_total_destroy(total);
  samebits_context_destroy(context);
  return NULL;
}

const char* refuses_bad_exact_totals(void) {
  samebits_context* const context = scalar_context();
  samebits_exact_total* total = NULL;
  int64_t n_bytes = 7;
  uint8_t byte = 7;
  double out = 7;
  REQUIRE_ERROR(samebits_exact_total_create(NULL), SAMEBITS_INVALID_ARGUMENT, "exact_total_create: total is NULL");
  REQUIRE(samebits_exact_total_create(&total) == SAMEBITS_OK);
  REQUIRE_ERROR(samebits_exact_total_add(NULL, total, SAMEBITS_FLOAT64, x, 1), SAMEBITS_INVALID_ARGUMENT,
                "exact_total_add: context is NULL");
  REQUIRE_ERROR(samebits_exact_total_add(context, NULL, SAMEBITS_FLOAT64, x, 1), SAMEBITS_INVALID_ARGUMENT,
                "exact_total_add: total is NULL");
  REQUIRE_ERROR(samebits_exact_total_add(context, total, SAMEBITS_FLOAT64, NULL, 1), SAMEBITS_INVALID_ARGUMENT,
                "exact_total_add: x is NULL");
  REQUIRE(samebits_exact_total_add(context, total, SAMEBITS_UINT64, x, 1) == SAMEBITS_INVALID_ARGUMENT);
  REQUIRE(samebits_exact_total_add(context, total, SAMEBITS_FLOAT64, x_nan, 3) == SAMEBITS_INVALID_ARGUMENT);
  REQUIRE_ERROR(samebits_exact_total_add_product(context, total, SAMEBITS_FLOAT64, x, NULL, 1),
                SAMEBITS_INVALID_ARGUMENT, "exact_total_add_product: y is NULL");
  REQUIRE_ERROR(samebits_exact_total_merge(total, NULL), SAMEBITS_INVALID_ARGUMENT, "exact_total_merge: other is NULL");
  REQUIRE(samebits_exact_total_count(total) == 0);
  REQUIRE_ERROR(samebits_exact_total_sum(NULL, &out), SAMEBITS_INVALID_ARGUMENT, "exact_total_sum: total is NULL");
  REQUIRE_ERROR(samebits_exact_total_sum(total, NULL), SAMEBITS_INVALID_ARGUMENT, "exact_total_sum: sum is NULL");
  REQUIRE(samebits_exact_total_mean(total, &out) == SAMEBITS_INVALID_ARGUMENT); /* of nothing */
  REQUIRE_ERROR(samebits_exact_total_bytes(total, NULL, 0, NULL), SAMEBITS_INVALID_ARGUMENT,
                "exact_total_bytes: n_bytes is NULL");
  REQUIRE(samebits_exact_total_bytes(total, &byte, 1, &n_bytes) == SAMEBITS_INVALID_ARGUMENT);
  REQUIRE_ERROR(samebits_exact_total_from_bytes(NULL, 1, &total), SAMEBITS_INVALID_ARGUMENT,
                "exact_total_from_bytes: bytes is NULL");
  REQUIRE(out == 7 && n_bytes == 7 && byte == 7);
  samebits_exact_total_destroy(total);
  samebits_context_destroy(context);
  return NULL;
}

const char* tells_nothing_of_parts_that_are_null(void) {
  samebits_summary_init(NULL);
  samebits_partial_summary_destroy(NULL);
  samebits_exact_total_destroy(NULL);
  REQUIRE(samebits_partial_summary_what(NULL) == SAMEBITS_STATISTIC_SUM);
  REQUIRE(samebits_partial_summary_n_cols(NULL) == 0 && samebits_partial_summary_n_rows(NULL) == 0);
  REQUIRE(samebits_partial_summary_is_whole(NULL) == 0);
  REQUIRE(samebits_exact_total_count(NULL) == 0);
  return NULL;
}
