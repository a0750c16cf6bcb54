/* The C interface from a C program. */
#include "tests/lib/c_api_test.h"

#include <stddef.h>
#include <string.h>

#include "samebits/samebits.h"

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
#define REQUIRE(condition)                               \
  do {                                                   \
    if (!(condition)) {                                  \
      return "line " TEXT(__LINE__) ": not " #condition; \
    }                                                    \
  } while (0)
#define REQUIRE_ERROR(status, code, message)                \
  do {                                                      \
    REQUIRE((status) == (code));                            \
    REQUIRE(strcmp(samebits_last_error(), (message)) == 0); \
  } while (0)

enum { n_rows = 6, n_cols = 2, n_components = 2 };
static const double x[n_rows * n_cols] = {0, 0.5, 1, 0, 0.25, 1, 7, 8, 8, 7, 7.5, 7};

/* A context of one thread on the plain CPU, which every machine has. */
static samebits_context* scalar_context(void) {
  samebits_context_options options;
  samebits_context* context = NULL;
  samebits_context_options_init(&options);
  options.backend = "cpu";
  options.isa = "scalar";
  options.n_threads = 1;
  return samebits_context_create(&options, &context) == SAMEBITS_OK ? context : NULL;
}

static samebits_gmm_options two_components(void) {
  samebits_gmm_options options;
  samebits_gmm_options_init(&options);
  options.n_components = n_components;
  return options;
}

const char* tells_its_versions(void) {
  REQUIRE(strchr(samebits_version(), '.') != NULL);
  REQUIRE(samebits_numerics_version() >= 1);
  return NULL;
}

/* ---- context ----------------------------------------------------------------------------------------------------- */

const char* makes_a_context_without_options(void) {
  samebits_context* context = NULL;
  REQUIRE(samebits_context_create(NULL, &context) == SAMEBITS_OK);
  REQUIRE(samebits_context_n_threads(context) >= 1);
  REQUIRE(strlen(samebits_context_backend(context)) > 0);
  samebits_context_destroy(context);
  return NULL;
}

const char* makes_the_context_asked_for(void) {
  samebits_context_options options;
  samebits_context* context = NULL;
  samebits_context_options_init(&options);
  options.backend = "cpu";
  options.isa = "scalar";
  options.n_threads = 3;
  REQUIRE(samebits_context_create(&options, &context) == SAMEBITS_OK);
  REQUIRE(strcmp(samebits_context_backend(context), "cpu") == 0);
  REQUIRE(strcmp(samebits_context_isa(context), "scalar") == 0);
  REQUIRE(samebits_context_n_threads(context) == 3);
  samebits_context_destroy(context);
  return NULL;
}

const char* names_a_bad_instruction_set(void) {
  samebits_context_options options;
  samebits_context* context = NULL;
  samebits_context_options_init(&options);
  options.isa = "sse9";
  REQUIRE_ERROR(samebits_context_create(&options, &context), SAMEBITS_INVALID_ARGUMENT,
                "context: isa is \"sse9\" but must be scalar, avx2 or avx512");
  return NULL;
}

const char* tells_that_a_backend_is_unavailable(void) {
  samebits_context_options options;
  samebits_context* context = NULL;
  samebits_context_options_init(&options);
  options.backend = "not-there-3";
  REQUIRE_ERROR(samebits_context_create(&options, &context), SAMEBITS_BACKEND_UNAVAILABLE,
                "context: backend not-there-3 is not available: no plug-in samebits_not-there-3.so is installed");
  return NULL;
}

const char* writes_no_context_on_failure(void) {
  samebits_context_options options;
  samebits_context* const before = (samebits_context*)&options;
  samebits_context* context = before;
  samebits_context_options_init(&options);
  options.n_threads = -1;
  REQUIRE(samebits_context_create(&options, &context) == SAMEBITS_INVALID_ARGUMENT);
  REQUIRE(context == before);
  return NULL;
}

const char* refuses_null_for_the_context(void) {
  REQUIRE_ERROR(samebits_context_create(NULL, NULL), SAMEBITS_INVALID_ARGUMENT, "context_create: context is NULL");
  return NULL;
}

const char* refuses_options_without_their_size(void) {
  samebits_context_options options;
  samebits_context* context = NULL;
  samebits_context_options_init(&options);
  options.struct_size = 0;
  REQUIRE_ERROR(samebits_context_create(&options, &context), SAMEBITS_INVALID_ARGUMENT,
                "context_create: options.struct_size is 0; call the _init function first");
  options.struct_size = sizeof(options) + 8;
  REQUIRE(samebits_context_create(&options, &context) == SAMEBITS_INVALID_ARGUMENT);
  return NULL;
}

const char* takes_shorter_options_of_an_older_program(void) {
  samebits_context_options options;
  samebits_context* context = NULL;
  samebits_context_options_init(&options);
  options.struct_size = offsetof(samebits_context_options, isa);
  options.backend = "cpu";
  options.isa = "what an older program has there";
  options.n_threads = -12345;
  REQUIRE(samebits_context_create(&options, &context) == SAMEBITS_OK);
  REQUIRE(strcmp(samebits_context_backend(context), "cpu") == 0);
  samebits_context_destroy(context);
  return NULL;
}

const char* takes_null_where_there_is_nothing_to_do(void) {
  samebits_context_destroy(NULL);
  samebits_gmm_model_destroy(NULL);
  samebits_context_options_init(NULL);
  samebits_gmm_options_init(NULL);
  REQUIRE(strcmp(samebits_context_backend(NULL), "") == 0);
  REQUIRE(strcmp(samebits_context_isa(NULL), "") == 0);
  REQUIRE(samebits_context_n_threads(NULL) == 0);
  return NULL;
}

/* ---- random streams ---------------------------------------------------------------------------------------------- */

const char* parses_a_seed(void) {
  uint64_t seed = 7;
  uint64_t other = 7;
  REQUIRE(samebits_seed_parse("0xff", &seed) == SAMEBITS_OK && seed == 255);
  REQUIRE(samebits_seed_parse("experiment 7", &seed) == SAMEBITS_OK && seed == 0xc20c287a75a908d3u);
  REQUIRE(samebits_seed_parse("entropy", &seed) == SAMEBITS_OK);
  REQUIRE(samebits_seed_parse("entropy", &other) == SAMEBITS_OK && other != seed);
  REQUIRE_ERROR(samebits_seed_parse(NULL, &seed), SAMEBITS_INVALID_ARGUMENT, "seed_parse: text is NULL");
  REQUIRE_ERROR(samebits_seed_parse("1", NULL), SAMEBITS_INVALID_ARGUMENT, "seed_parse: seed is NULL");
  return NULL;
}

const char* names_the_children_of_a_stream(void) {
  uint64_t seed = 0x0123456789abcdefu;
  uint64_t task = 0xfedcba9876543210u;
  REQUIRE(samebits_stream_child(seed, task, 3, &seed, &task) == SAMEBITS_OK); /* in place */
  REQUIRE(samebits_stream_child_named(seed, task, "noise", &seed, &task) == SAMEBITS_OK);
  REQUIRE(seed == 0xc7fdc0a56a9e2ac3u && task == 0x7d1c66a1d13231e7u);
  return NULL;
}

const char* refuses_null_for_a_child(void) {
  uint64_t seed = 7;
  uint64_t task = 7;
  REQUIRE_ERROR(samebits_stream_child(1, 2, 3, NULL, &task), SAMEBITS_INVALID_ARGUMENT,
                "stream_child: child_seed is NULL");
  REQUIRE_ERROR(samebits_stream_child_named(1, 2, "noise", &seed, NULL), SAMEBITS_INVALID_ARGUMENT,
                "stream_child_named: child_task is NULL");
  REQUIRE_ERROR(samebits_stream_child_named(1, 2, NULL, &seed, &task), SAMEBITS_INVALID_ARGUMENT,
                "stream_child_named: name is NULL");
  REQUIRE(seed == 7 && task == 7);
  return NULL;
}

const char* fills_words_uniforms_and_normals(void) {
  samebits_context* const context = scalar_context();
  uint32_t words[4];
  double uniforms[2];
  double normals[2];
  REQUIRE(samebits_fill_words(context, 20111115, 0, 9996, 4, words) == SAMEBITS_OK);
  REQUIRE(samebits_fill_uniform(context, 20111115, 0, 4998, 2, uniforms) == SAMEBITS_OK);
  REQUIRE(samebits_fill_normal(context, 20111115, 0, 4998, 2, normals) == SAMEBITS_OK);
  REQUIRE(words[3] == 1955073260u); /* the 10000th value of C++26's philox4x32 */
  REQUIRE(uniforms[1] == (double)(((uint64_t)words[3] << 32 | words[2]) >> 11) * 0x1p-53);
  REQUIRE(normals[0] > -8.6 && normals[0] < 8.6 && normals[0] != normals[1]);
  samebits_context_destroy(context);
  return NULL;
}

const char* fills_nothing_into_null(void) {
  samebits_context* const context = scalar_context();
  REQUIRE(samebits_fill_words(context, 1, 2, 3, 0, NULL) == SAMEBITS_OK);
  samebits_context_destroy(context);
  return NULL;
}

const char* refuses_bad_fills(void) {
  samebits_context* const context = scalar_context();
  double out[1] = {7};
  REQUIRE_ERROR(samebits_fill_normal(NULL, 1, 2, 0, 1, out), SAMEBITS_INVALID_ARGUMENT, "fill_normal: context is NULL");
  REQUIRE_ERROR(samebits_fill_normal(context, 1, 2, 0, 1, NULL), SAMEBITS_INVALID_ARGUMENT, "fill_normal: out is NULL");
  REQUIRE_ERROR(samebits_fill_uniform(context, 1, 2, 0, -1, out), SAMEBITS_INVALID_ARGUMENT,
                "fill_uniform: n is -1 but must not be negative");
  REQUIRE(samebits_fill_uniform(context, 1, 2, UINT64_MAX, 1, out) == SAMEBITS_INVALID_ARGUMENT);
  REQUIRE(out[0] == 7);
  samebits_context_destroy(context);
  return NULL;
}

const char* permutes_and_samples(void) {
  static const int64_t expected[10] = {5, 3, 4, 2, 0, 7, 8, 9, 6, 1};
  const uint64_t seed = 0x0123456789abcdefu;
  const uint64_t task = 0xfedcba9876543210u;
  int64_t out[10];
  int64_t sample[4];
  REQUIRE(samebits_permutation(seed, task, 10, out) == SAMEBITS_OK);
  REQUIRE(memcmp(out, expected, sizeof out) == 0);
  REQUIRE(samebits_sample_without_replacement(seed, task, 10, 4, sample) == SAMEBITS_OK);
  REQUIRE(memcmp(sample, expected, sizeof sample) == 0);
  REQUIRE(samebits_permutation(seed, task, 0, NULL) == SAMEBITS_OK);
  REQUIRE(samebits_sample_without_replacement(seed, task, 10, 0, NULL) == SAMEBITS_OK);
  return NULL;
}

const char* deals_rows_to_folds(void) {
  static const int64_t expected[5] = {0, 1, 2, 1, 0};
  static const int64_t labels[17] = {2, 2, 2, 2, 2, 2, 2, -1, -1, -1, -1, -1, 5, 5, 5, 5, 5};
  static const int64_t expected_stratified[5] = {1, 2, 0, 2, 1};
  const uint64_t seed = 0x0123456789abcdefu;
  const uint64_t task = 0xfedcba9876543210u;
  int64_t fold[17];
  REQUIRE(samebits_k_fold(seed, task, 17, 3, fold) == SAMEBITS_OK);
  REQUIRE(memcmp(fold, expected, sizeof expected) == 0);
  REQUIRE(samebits_stratified_k_fold(seed, task, labels, 17, 3, fold) == SAMEBITS_OK);
  REQUIRE(memcmp(fold, expected_stratified, sizeof expected_stratified) == 0);
  return NULL;
}

const char* refuses_bad_permutations_and_folds(void) {
  int64_t out[3] = {7, 7, 7};
  REQUIRE_ERROR(samebits_permutation(1, 2, -1, out), SAMEBITS_INVALID_ARGUMENT,
                "permutation: n is -1 but must not be negative");
  REQUIRE_ERROR(samebits_permutation(1, 2, 3, NULL), SAMEBITS_INVALID_ARGUMENT, "permutation: out is NULL");
  REQUIRE_ERROR(samebits_sample_without_replacement(1, 2, 2, 3, out), SAMEBITS_INVALID_ARGUMENT,
                "sample_without_replacement: out has 3 elements but n is 2");
  REQUIRE_ERROR(samebits_sample_without_replacement(1, 2, 2, -3, out), SAMEBITS_INVALID_ARGUMENT,
                "sample_without_replacement: n_drawn is -3 but must not be negative");
  REQUIRE_ERROR(samebits_k_fold(1, 2, 3, 4, out), SAMEBITS_INVALID_ARGUMENT, "k_fold: k is 4 but there are 3 rows");
  REQUIRE_ERROR(samebits_k_fold(1, 2, 3, 2, NULL), SAMEBITS_INVALID_ARGUMENT, "k_fold: fold is NULL");
  REQUIRE_ERROR(samebits_stratified_k_fold(1, 2, NULL, 3, 2, out), SAMEBITS_INVALID_ARGUMENT,
                "stratified_k_fold: labels is NULL");
  REQUIRE(out[0] == 7 && out[1] == 7 && out[2] == 7);
  return NULL;
}

/* ---- Gaussian mixtures ------------------------------------------------------------------------------------------- */

const char* fits_with_default_options(void) {
  samebits_context* const context = scalar_context();
  samebits_gmm_model* model = NULL;
  REQUIRE(samebits_gmm_fit(context, x, n_rows, n_cols, NULL, &model) == SAMEBITS_OK);
  REQUIRE(samebits_gmm_model_n_components(model) == 1);
  REQUIRE(samebits_gmm_model_n_cols(model) == n_cols);
  REQUIRE(samebits_gmm_model_weights(model)[0] == 1);
  REQUIRE(samebits_gmm_model_covariances(model)[1] == samebits_gmm_model_covariances(model)[2]);
  REQUIRE(samebits_gmm_model_converged(model) == 1);
  REQUIRE(samebits_gmm_model_n_iter(model) >= 1);
  REQUIRE(samebits_gmm_model_log_likelihood(model) < 0);
  REQUIRE(strncmp(samebits_gmm_model_digest(model), "sha256:", 7) == 0);
  samebits_gmm_model_destroy(model);
  samebits_context_destroy(context);
  return NULL;
}

const char* fits_from_a_given_start(void) {
  static const double weights[n_components] = {0.5, 0.5};
  static const double means[n_components * n_cols] = {7, 7, 0, 0};
  static const double covariances[n_components * n_cols * n_cols] = {1, 0, 0, 1, 1, 0, 0, 1};
  samebits_context* const context = scalar_context();
  samebits_gmm_options options = two_components();
  samebits_gmm_model* model = NULL;
  options.weights_init = weights;
  options.means_init = means;
  options.covariances_init = covariances;
  REQUIRE(samebits_gmm_fit(context, x, n_rows, n_cols, &options, &model) == SAMEBITS_OK);
  REQUIRE(samebits_gmm_model_means(model)[0] > 7); /* the components keep the order of the start */
  REQUIRE(samebits_gmm_model_means(model)[2] < 1);
  samebits_gmm_model_destroy(model);
  samebits_context_destroy(context);
  return NULL;
}

struct calls {
  int n;
  int64_t last_iteration;
  int stop_at;
};

static int count_calls(void* user_data, int64_t restart, int64_t iteration, double log_likelihood) {
  struct calls* const calls = user_data;
  (void)log_likelihood;
  calls->last_iteration = iteration;
  return ++calls->n == calls->stop_at || restart != 0;
}

const char* calls_the_callback(void) {
  struct calls calls = {0, -1, -1};
  samebits_context* const context = scalar_context();
  samebits_gmm_options options = two_components();
  samebits_gmm_model* model = NULL;
  options.callback = count_calls;
  options.user_data = &calls;
  REQUIRE(samebits_gmm_fit(context, x, n_rows, n_cols, &options, &model) == SAMEBITS_OK);
  REQUIRE(calls.last_iteration == samebits_gmm_model_n_iter(model));
  REQUIRE(calls.n == calls.last_iteration + 1);
  samebits_gmm_model_destroy(model);
  samebits_context_destroy(context);
  return NULL;
}

const char* is_interrupted_by_the_callback(void) {
  struct calls calls = {0, -1, 2};
  samebits_context* const context = scalar_context();
  samebits_gmm_options options = two_components();
  samebits_gmm_model* model = NULL;
  options.callback = count_calls;
  options.user_data = &calls;
  REQUIRE_ERROR(samebits_gmm_fit(context, x, n_rows, n_cols, &options, &model), SAMEBITS_INTERRUPTED,
                "gmm_fit: stopped by the callback at iteration 1 of restart 0");
  samebits_context_destroy(context);
  return NULL;
}

const char* refuses_null_in_a_fit(void) {
  samebits_context* const context = scalar_context();
  samebits_gmm_model* model = NULL;
  REQUIRE_ERROR(samebits_gmm_fit(NULL, x, n_rows, n_cols, NULL, &model), SAMEBITS_INVALID_ARGUMENT,
                "gmm_fit: context is NULL");
  REQUIRE_ERROR(samebits_gmm_fit(context, NULL, n_rows, n_cols, NULL, &model), SAMEBITS_INVALID_ARGUMENT,
                "gmm_fit: x is NULL");
  REQUIRE_ERROR(samebits_gmm_fit(context, x, n_rows, n_cols, NULL, NULL), SAMEBITS_INVALID_ARGUMENT,
                "gmm_fit: model is NULL");
  samebits_context_destroy(context);
  return NULL;
}

const char* refuses_bad_shapes_of_a_fit(void) {
  static const double means[n_components * n_cols] = {7, 7, 0, 0};
  samebits_context* const context = scalar_context();
  samebits_gmm_options options = two_components();
  samebits_gmm_model* model = NULL;
  options.means_init = means;
  REQUIRE_ERROR(samebits_gmm_fit(context, x, -1, n_cols, &options, &model), SAMEBITS_INVALID_ARGUMENT,
                "gmm_fit: x is -1 x 2 but must not be empty");
  REQUIRE_ERROR(samebits_gmm_fit(context, x, n_rows, -1, &options, &model), SAMEBITS_INVALID_ARGUMENT,
                "gmm_fit: x is 6 x -1 but must not be empty");
  REQUIRE(samebits_gmm_fit(context, x, INT64_MAX, INT64_MAX, &options, &model) == SAMEBITS_INVALID_ARGUMENT);
  options.n_components = -1;
  REQUIRE_ERROR(samebits_gmm_fit(context, x, n_rows, n_cols, &options, &model), SAMEBITS_INVALID_ARGUMENT,
                "gmm_fit: n_components is -1 but must be at least 1");
  options.n_components = INT64_MAX;
  options.covariances_init = means;
  REQUIRE_ERROR(samebits_gmm_fit(context, x, n_rows, n_cols, &options, &model), SAMEBITS_INVALID_ARGUMENT,
                "gmm_fit: n_components is 9223372036854775807 but x has 6 rows");
  samebits_context_destroy(context);
  return NULL;
}

const char* reports_a_singular_covariance(void) {
  static const double equal_rows[n_rows * n_cols] = {0};
  samebits_context* const context = scalar_context();
  samebits_gmm_options options = two_components();
  samebits_gmm_model* model = NULL;
  options.reg_covar = 0;
  REQUIRE(samebits_gmm_fit(context, equal_rows, n_rows, n_cols, &options, &model) == SAMEBITS_NUMERICAL_FAILURE);
  REQUIRE(strstr(samebits_last_error(), "singular at column 0") != NULL);
  samebits_context_destroy(context);
  return NULL;
}

const char* writes_no_model_on_failure(void) {
  samebits_context* const context = scalar_context();
  samebits_gmm_options options = two_components();
  samebits_gmm_model* const before = (samebits_gmm_model*)&options;
  samebits_gmm_model* model = before;
  options.n_components = 0;
  REQUIRE(samebits_gmm_fit(context, x, n_rows, n_cols, &options, &model) == SAMEBITS_INVALID_ARGUMENT);
  REQUIRE(model == before);
  samebits_context_destroy(context);
  return NULL;
}
