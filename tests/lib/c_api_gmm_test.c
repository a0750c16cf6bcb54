/* The C interface of mixtures from a C program. */
#include "tests/lib/c_api_require.h"
#include "tests/lib/c_api_test.h"

enum { n_rows = 6, n_cols = 2, n_components = 2 };
static const double x[n_rows * n_cols] = {0, 0.5, 1, 0, 0.25, 1, 7, 8, 8, 7, 7.5, 7};

static samebits_gmm_options two_components(void) {
  samebits_gmm_options options;
  samebits_gmm_options_init(&options);
  options.n_components = n_components;
  return options;
}

/* ---- fits ---------------------------------------------------------------------------------------------------- */

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

/* A fit of two components that these options give, or NULL. */
static samebits_gmm_model* fitted(samebits_context* context, const samebits_gmm_options* options) {
  samebits_gmm_model* model = NULL;
  return samebits_gmm_fit(context, x, n_rows, n_cols, options, &model) == SAMEBITS_OK ? model : NULL;
}

static int same_digest(const samebits_gmm_model* a, const samebits_gmm_model* b) {
  return strcmp(samebits_gmm_model_digest(a), samebits_gmm_model_digest(b)) == 0;
}

const char* takes_shorter_gmm_options_of_an_older_program(void) {
  samebits_context* const context = scalar_context();
  samebits_gmm_options options = two_components();
  samebits_gmm_model* const expected = fitted(context, &options);
  samebits_gmm_model* model = NULL;
  options.struct_size = offsetof(samebits_gmm_options, covariance);
  memset((char*)&options + options.struct_size, 0x5a, sizeof(options) - options.struct_size);
  REQUIRE(samebits_gmm_fit(context, x, n_rows, n_cols, &options, &model) == SAMEBITS_OK);
  REQUIRE(same_digest(model, expected));
  samebits_gmm_model_destroy(model);
  samebits_gmm_model_destroy(expected);
  samebits_context_destroy(context);
  return NULL;
}

const char* fits_every_type_of_covariance(void) {
  static const int64_t n_covariance_rows[] = {n_components * n_cols, n_cols, n_components, n_components, 1, 1};
  static const int64_t n_covariance_cols[] = {n_cols, n_cols, n_cols, 1, n_cols, 1};
  samebits_context* const context = scalar_context();
  samebits_gmm_options options = two_components();
  for (int32_t type = SAMEBITS_FULL; type <= SAMEBITS_TIED_SPHERICAL; ++type) {
    samebits_gmm_model* model = NULL;
    options.covariance = type;
    REQUIRE(samebits_gmm_fit(context, x, n_rows, n_cols, &options, &model) == SAMEBITS_OK);
    REQUIRE((int32_t)samebits_gmm_model_covariance_type(model) == type);
    REQUIRE(samebits_gmm_model_covariances_n_rows(model) == n_covariance_rows[type]);
    REQUIRE(samebits_gmm_model_covariances_n_cols(model) == n_covariance_cols[type]);
    REQUIRE(samebits_gmm_model_covariances(model)[n_covariance_rows[type] * n_covariance_cols[type] - 1] > 0);
    samebits_gmm_model_destroy(model);
  }
  samebits_context_destroy(context);
  return NULL;
}

const char* fits_floats(void) {
  float floats[n_rows * n_cols];
  samebits_context* const context = scalar_context();
  samebits_gmm_options options = two_components();
  samebits_gmm_model* const doubles = fitted(context, &options);
  samebits_gmm_model* model = NULL;
  for (int i = 0; i < n_rows * n_cols; ++i) {
    floats[i] = (float)x[i];
  }
  REQUIRE(samebits_gmm_fit_float(context, floats, n_rows, n_cols, &options, &model) == SAMEBITS_OK);
  const double difference = samebits_gmm_model_log_likelihood(model) - samebits_gmm_model_log_likelihood(doubles);
  REQUIRE(difference < 1e-3 && difference > -1e-3);
  samebits_gmm_model_destroy(model);
  samebits_gmm_model_destroy(doubles);
  samebits_context_destroy(context);
  return NULL;
}

const char* tells_the_trace_of_a_fit(void) {
  samebits_context* const context = scalar_context();
  samebits_gmm_options options = two_components();
  options.n_init = 3;
  samebits_gmm_model* const model = fitted(context, &options);
  const int64_t n_iter = samebits_gmm_model_n_iter(model);
  REQUIRE(samebits_gmm_model_n_trace(model) == n_iter + 1);
  REQUIRE(samebits_gmm_model_trace(model)[n_iter] == samebits_gmm_model_log_likelihood(model));
  REQUIRE(samebits_gmm_model_restart(model) >= 0 && samebits_gmm_model_restart(model) < 3);
  REQUIRE(samebits_gmm_model_n_parameters(model) == 11);
  samebits_gmm_model_destroy(model);
  samebits_context_destroy(context);
  return NULL;
}

const char* weighs_rows(void) {
  static const double ones[n_rows] = {1, 1, 1, 1, 1, 1};
  static const double without_the_last[n_rows] = {1, 1, 1, 1, 1, 0};
  samebits_context* const context = scalar_context();
  samebits_gmm_options options = two_components();
  samebits_gmm_model* const unweighted = fitted(context, &options);
  options.sample_weights = ones;
  samebits_gmm_model* const equal = fitted(context, &options);
  options.sample_weights = without_the_last;
  samebits_gmm_model* const fewer = fitted(context, &options);
  REQUIRE(same_digest(equal, unweighted));
  REQUIRE(fewer != NULL && !same_digest(fewer, unweighted));
  samebits_gmm_model_destroy(fewer);
  samebits_gmm_model_destroy(equal);
  samebits_gmm_model_destroy(unweighted);
  samebits_context_destroy(context);
  return NULL;
}

const char* goes_on_from_a_model(void) {
  samebits_context* const context = scalar_context();
  samebits_gmm_options options = two_components();
  options.tol = -1;
  options.max_iter = 5;
  samebits_gmm_model* const whole = fitted(context, &options);
  options.max_iter = 2;
  samebits_gmm_model* const first = fitted(context, &options);
  options.max_iter = 3;
  options.warm_start = first;
  samebits_gmm_model* const then = fitted(context, &options);
  REQUIRE(same_digest(then, whole));
  samebits_gmm_model_destroy(then);
  samebits_gmm_model_destroy(first);
  samebits_gmm_model_destroy(whole);
  samebits_context_destroy(context);
  return NULL;
}

const char* keeps_frozen_parameters(void) {
  static const double means[n_components * n_cols] = {7, 7, 0, 0};
  static const uint8_t first[n_components] = {1, 0};
  samebits_context* const context = scalar_context();
  samebits_gmm_options options = two_components();
  options.means_init = means;
  options.frozen_means = first;
  samebits_gmm_model* const model = fitted(context, &options);
  REQUIRE(samebits_gmm_model_means(model)[0] == 7 && samebits_gmm_model_means(model)[1] == 7);
  REQUIRE(samebits_gmm_model_means(model)[2] != 0);
  samebits_gmm_model_destroy(model);
  samebits_context_destroy(context);
  return NULL;
}

const char* starts_from_responsibilities_and_precisions(void) {
  static const double responsibilities[n_rows * n_components] = {1, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1};
  static const double means[n_components * n_cols] = {0, 0, 7, 7};
  static const double precisions[n_components * n_cols] = {1, 1, 1, 1};
  samebits_context* const context = scalar_context();
  samebits_gmm_options options = two_components();
  options.covariance = SAMEBITS_DIAG;
  options.responsibilities_init = responsibilities;
  samebits_gmm_model* const a = fitted(context, &options);
  options.responsibilities_init = NULL;
  options.means_init = means;
  options.precisions_init = precisions;
  samebits_gmm_model* const b = fitted(context, &options);
  REQUIRE(samebits_gmm_model_means(a)[0] < 1 && samebits_gmm_model_means(a)[2] > 7);
  REQUIRE(samebits_gmm_model_means(b)[0] < 1 && samebits_gmm_model_means(b)[2] > 7);
  samebits_gmm_model_destroy(b);
  samebits_gmm_model_destroy(a);
  samebits_context_destroy(context);
  return NULL;
}

const char* names_bad_enumerations(void) {
  samebits_context* const context = scalar_context();
  samebits_gmm_options options = two_components();
  samebits_gmm_model* model = NULL;
  options.covariance = 6;
  REQUIRE_ERROR(samebits_gmm_fit(context, x, n_rows, n_cols, &options, &model), SAMEBITS_INVALID_ARGUMENT,
                "gmm_fit: covariance is 6 but must be 0 to 5");
  options.covariance = 0;
  options.init = -1;
  REQUIRE_ERROR(samebits_gmm_fit(context, x, n_rows, n_cols, &options, &model), SAMEBITS_INVALID_ARGUMENT,
                "gmm_fit: init is -1 but must be 0 to 3");
  options.init = 0;
  options.schedule = 3;
  REQUIRE_ERROR(samebits_gmm_fit(context, x, n_rows, n_cols, &options, &model), SAMEBITS_INVALID_ARGUMENT,
                "gmm_fit: schedule is 3 but must be 0 to 2");
  samebits_context_destroy(context);
  return NULL;
}

/* ---- models ------------------------------------------------------------------------------------------------------ */

const char* tells_nothing_of_a_model_that_is_null(void) {
  REQUIRE(samebits_gmm_model_covariance_type(NULL) == SAMEBITS_FULL);
  REQUIRE(samebits_gmm_model_n_components(NULL) == 0 && samebits_gmm_model_n_cols(NULL) == 0);
  REQUIRE(samebits_gmm_model_weights(NULL) == NULL && samebits_gmm_model_means(NULL) == NULL);
  REQUIRE(samebits_gmm_model_covariances(NULL) == NULL);
  REQUIRE(samebits_gmm_model_covariances_n_rows(NULL) == 0 && samebits_gmm_model_covariances_n_cols(NULL) == 0);
  REQUIRE(samebits_gmm_model_log_likelihood(NULL) == 0 && samebits_gmm_model_n_iter(NULL) == 0);
  REQUIRE(samebits_gmm_model_converged(NULL) == 0 && samebits_gmm_model_restart(NULL) == 0);
  REQUIRE(samebits_gmm_model_trace(NULL) == NULL && samebits_gmm_model_n_trace(NULL) == 0);
  REQUIRE(samebits_gmm_model_n_parameters(NULL) == 0);
  REQUIRE(strcmp(samebits_gmm_model_digest(NULL), "") == 0);
  REQUIRE(samebits_gmm_selection_n_candidates(NULL) == 0 && samebits_gmm_selection_best(NULL) == -1);
  REQUIRE(samebits_gmm_selection_model(NULL) == NULL);
  REQUIRE(samebits_gmm_outcomes_size(NULL) == 0 && samebits_gmm_outcomes_model(NULL, 0) == NULL);
  REQUIRE(strcmp(samebits_gmm_outcomes_failure(NULL, 0), "") == 0);
  REQUIRE(samebits_bayesian_gmm_model_mixture(NULL) == NULL);
  REQUIRE(samebits_bayesian_gmm_model_prior(NULL) == SAMEBITS_PRIOR_DIRICHLET);
  REQUIRE(samebits_bayesian_gmm_model_weight_concentration(NULL) == NULL);
  REQUIRE(samebits_bayesian_gmm_model_mean_precision(NULL) == NULL);
  REQUIRE(samebits_bayesian_gmm_model_degrees_of_freedom(NULL) == NULL);
  return NULL;
}

static const double own_weights[n_components] = {0.25, 0.75};
static const double own_means[n_components * n_cols] = {0, 1, 8, 7};
static const double own_variances[n_components] = {1, 4};

/* A spherical mixture, or NULL. */
static samebits_gmm_model* own_model(void) {
  samebits_gmm_model* model = NULL;
  return samebits_gmm_model_create(SAMEBITS_SPHERICAL, n_components, n_cols, own_weights, own_means, own_variances,
                                   &model) == SAMEBITS_OK
             ? model
             : NULL;
}

const char* makes_a_model_of_numbers(void) {
  samebits_gmm_model* const model = own_model();
  REQUIRE(samebits_gmm_model_covariance_type(model) == SAMEBITS_SPHERICAL);
  REQUIRE(memcmp(samebits_gmm_model_means(model), own_means, sizeof own_means) == 0);
  REQUIRE(memcmp(samebits_gmm_model_weights(model), own_weights, sizeof own_weights) == 0);
  REQUIRE(memcmp(samebits_gmm_model_covariances(model), own_variances, sizeof own_variances) == 0);
  REQUIRE(samebits_gmm_model_n_trace(model) == 0);
  samebits_gmm_model_destroy(model);
  return NULL;
}

const char* refuses_numbers_that_make_no_model(void) {
  static const double negative[n_components] = {1, -4};
  samebits_gmm_model* model = NULL;
  REQUIRE_ERROR(
      samebits_gmm_model_create(SAMEBITS_SPHERICAL, n_components, n_cols, own_weights, own_means, negative, &model),
      SAMEBITS_INVALID_ARGUMENT,
      "gmm_model_create: model.covariances[1] is not positive definite at column 0 (counted from 0)");
  REQUIRE_ERROR(samebits_gmm_model_create(SAMEBITS_FULL, -1, n_cols, own_weights, own_means, negative, &model),
                SAMEBITS_INVALID_ARGUMENT, "gmm_model_create: n_components is -1 but must be at least 1");
  REQUIRE(samebits_gmm_model_create(SAMEBITS_FULL, INT64_MAX, INT64_MAX, own_weights, own_means, negative, &model) ==
          SAMEBITS_INVALID_ARGUMENT);
  REQUIRE_ERROR(samebits_gmm_model_create(SAMEBITS_FULL, n_components, 0, own_weights, own_means, negative, &model),
                SAMEBITS_INVALID_ARGUMENT, "gmm_model_create: n_cols is 0 but must be at least 1");
  REQUIRE_ERROR(samebits_gmm_model_create(SAMEBITS_DIAG, n_components, n_cols, own_weights, NULL, negative, &model),
                SAMEBITS_INVALID_ARGUMENT, "gmm_model_create: means is NULL");
  REQUIRE(model == NULL);
  return NULL;
}

const char* saves_and_loads_a_model(void) {
  samebits_gmm_model* const model = own_model();
  samebits_gmm_model* loaded = NULL;
  REQUIRE(samebits_gmm_save(model, "model.json") == SAMEBITS_OK);
  REQUIRE(samebits_gmm_load("model.json", &loaded) == SAMEBITS_OK);
  REQUIRE(same_digest(loaded, model));
  REQUIRE_ERROR(samebits_gmm_save(model, "no/such/model.json"), SAMEBITS_FILE_ERROR,
                "gmm_save: no/such/model.json: cannot write: No such file or directory");
  REQUIRE_ERROR(samebits_gmm_load("nothing.json", &loaded), SAMEBITS_FILE_ERROR,
                "gmm_load: nothing.json: cannot read: No such file or directory");
  REQUIRE_ERROR(samebits_gmm_save(NULL, "model.json"), SAMEBITS_INVALID_ARGUMENT, "gmm_save: model is NULL");
  REQUIRE_ERROR(samebits_gmm_load(NULL, &loaded), SAMEBITS_INVALID_ARGUMENT, "gmm_load: file is NULL");
  samebits_gmm_model_destroy(loaded);
  samebits_gmm_model_destroy(model);
  return NULL;
}

const char* writes_and_reads_json(void) {
  samebits_gmm_model* const model = own_model();
  samebits_gmm_model* read = NULL;
  const char* json = NULL;
  const char* again = NULL;
  REQUIRE(samebits_gmm_model_to_json(model, &json) == SAMEBITS_OK);
  REQUIRE(strstr(json, "\"samebits-gmm\"") != NULL);
  REQUIRE(samebits_gmm_model_to_json(model, &again) == SAMEBITS_OK && again == json);
  REQUIRE(samebits_gmm_model_from_json(json, &read) == SAMEBITS_OK);
  REQUIRE(same_digest(read, model));
  samebits_gmm_model_destroy(read);
  read = NULL;
  REQUIRE_ERROR(samebits_gmm_model_from_json("{", &read), SAMEBITS_INVALID_ARGUMENT,
                "gmm_from_json: no JSON: a mistake at byte 2");
  REQUIRE_ERROR(samebits_gmm_model_from_json(NULL, &read), SAMEBITS_INVALID_ARGUMENT, "gmm_from_json: json is NULL");
  REQUIRE_ERROR(samebits_gmm_model_from_json(json, NULL), SAMEBITS_INVALID_ARGUMENT, "gmm_from_json: model is NULL");
  REQUIRE_ERROR(samebits_gmm_model_to_json(NULL, &json), SAMEBITS_INVALID_ARGUMENT, "gmm_to_json: model is NULL");
  REQUIRE_ERROR(samebits_gmm_model_to_json(model, NULL), SAMEBITS_INVALID_ARGUMENT, "gmm_to_json: json is NULL");
  REQUIRE(read == NULL);
  samebits_gmm_model_destroy(model);
  return NULL;
}

const char* tells_the_covariance_of_a_component(void) {
  static const double expected[n_cols * n_cols] = {4, 0, 0, 4};
  double covariance[n_cols * n_cols] = {-1, -1, -1, -1};
  samebits_gmm_model* const model = own_model();
  REQUIRE(samebits_gmm_model_covariance(model, 1, covariance) == SAMEBITS_OK);
  REQUIRE(memcmp(covariance, expected, sizeof expected) == 0);
  REQUIRE_ERROR(samebits_gmm_model_covariance(model, 2, covariance), SAMEBITS_INVALID_ARGUMENT,
                "gmm_covariance: k is 2 but the model has 2 components");
  REQUIRE(samebits_gmm_model_covariance(model, -1, covariance) == SAMEBITS_INVALID_ARGUMENT);
  REQUIRE(memcmp(covariance, expected, sizeof expected) == 0);
  REQUIRE_ERROR(samebits_gmm_model_covariance(NULL, 0, covariance), SAMEBITS_INVALID_ARGUMENT,
                "gmm_covariance: model is NULL");
  REQUIRE_ERROR(samebits_gmm_model_covariance(model, 0, NULL), SAMEBITS_INVALID_ARGUMENT,
                "gmm_covariance: out is NULL");
  samebits_gmm_model_destroy(model);
  return NULL;
}

/* ---- what one does with a model ---------------------------------------------------------------------------------- */

const char* takes_the_steps_of_em(void) {
  double responsibilities[n_rows * n_components];
  double log_likelihoods[n_rows];
  samebits_context* const context = scalar_context();
  samebits_gmm_model* const start = own_model();
  samebits_gmm_options options = two_components();
  samebits_gmm_model* next = NULL;
  double before = 0;
  double after = 0;
  REQUIRE(samebits_gmm_expectation(context, start, x, n_rows, n_cols, NULL, log_likelihoods) == SAMEBITS_OK);
  REQUIRE(samebits_gmm_predict_proba(context, start, x, n_rows, n_cols, responsibilities) == SAMEBITS_OK);
  options.covariance = SAMEBITS_SPHERICAL;
  REQUIRE(samebits_gmm_maximization(context, x, n_rows, n_cols, responsibilities, &options, &next) == SAMEBITS_OK);
  REQUIRE(samebits_gmm_score(context, start, x, n_rows, n_cols, NULL, &before) == SAMEBITS_OK);
  REQUIRE(samebits_gmm_score(context, next, x, n_rows, n_cols, NULL, &after) == SAMEBITS_OK);
  REQUIRE(after > before);
  REQUIRE(log_likelihoods[0] < 0);
  samebits_gmm_model_destroy(next);
  samebits_gmm_model_destroy(start);
  samebits_context_destroy(context);
  return NULL;
}

const char* tells_the_component_of_each_row(void) {
  static const int64_t expected[n_rows] = {0, 0, 0, 1, 1, 1};
  int64_t labels[n_rows];
  samebits_context* const context = scalar_context();
  samebits_gmm_model* const model = own_model();
  REQUIRE(samebits_gmm_predict(context, model, x, n_rows, n_cols, labels) == SAMEBITS_OK);
  REQUIRE(memcmp(labels, expected, sizeof expected) == 0);
  samebits_gmm_model_destroy(model);
  samebits_context_destroy(context);
  return NULL;
}

const char* draws_samples_of_a_model(void) {
  double whole[6 * n_cols];
  double tail[2 * n_cols];
  int64_t labels[6];
  int64_t tail_labels[2];
  samebits_context* const context = scalar_context();
  samebits_gmm_model* const model = own_model();
  REQUIRE(samebits_gmm_sample(context, model, 5, 6, 0, 6, whole, labels) == SAMEBITS_OK);
  REQUIRE(samebits_gmm_sample(context, model, 5, 6, 4, 2, tail, tail_labels) == SAMEBITS_OK);
  REQUIRE(memcmp(tail, whole + 4 * n_cols, sizeof tail) == 0);
  REQUIRE(memcmp(tail_labels, labels + 4, sizeof tail_labels) == 0);
  REQUIRE(samebits_gmm_sample(context, model, 5, 6, 4, 2, tail, NULL) == SAMEBITS_OK);
  REQUIRE(memcmp(tail, whole + 4 * n_cols, sizeof tail) == 0);
  REQUIRE_ERROR(samebits_gmm_sample(context, model, 5, 6, 0, -1, tail, NULL), SAMEBITS_INVALID_ARGUMENT,
                "gmm_sample: n is -1 but must not be negative");
  samebits_gmm_model_destroy(model);
  samebits_context_destroy(context);
  return NULL;
}

const char* makes_marginals_and_conditionals(void) {
  static const int64_t second[1] = {1};
  static const double value[1] = {7};
  samebits_gmm_model* const model = own_model();
  samebits_gmm_model* marginal = NULL;
  samebits_gmm_model* conditional = NULL;
  REQUIRE(samebits_gmm_marginal(model, second, 1, &marginal) == SAMEBITS_OK);
  REQUIRE(samebits_gmm_model_n_cols(marginal) == 1 && samebits_gmm_model_means(marginal)[1] == 7);
  REQUIRE(samebits_gmm_conditional(model, second, value, 1, &conditional) == SAMEBITS_OK);
  REQUIRE(samebits_gmm_model_n_cols(conditional) == 1 && samebits_gmm_model_means(conditional)[1] == 8);
  REQUIRE(samebits_gmm_model_weights(conditional)[1] > 0.75);
  REQUIRE_ERROR(samebits_gmm_marginal(model, second, -1, &marginal), SAMEBITS_INVALID_ARGUMENT,
                "gmm_marginal: n_columns is -1 but must not be negative");
  samebits_gmm_model_destroy(conditional);
  samebits_gmm_model_destroy(marginal);
  samebits_gmm_model_destroy(model);
  return NULL;
}

const char* merges_components(void) {
  static const double weights[3] = {0.25, 0.25, 0.5};
  static const double means[3 * n_cols] = {0, 0.5, 7.5, 7.5, 0.5, 0.5};
  static const double variance[1] = {1};
  int64_t kept[2] = {-1, -1};
  int64_t joined[2] = {-1, -1};
  int64_t clusters[3] = {-1, -1, -1};
  double entropies[3] = {-1, -1, -1};
  samebits_context* const context = scalar_context();
  samebits_gmm_model* model = NULL;
  REQUIRE(samebits_gmm_model_create(SAMEBITS_TIED_SPHERICAL, 3, n_cols, weights, means, variance, &model) ==
          SAMEBITS_OK);
  REQUIRE(samebits_gmm_merge(context, model, x, n_rows, n_cols, NULL, kept, joined, entropies) == SAMEBITS_OK);
  REQUIRE(kept[0] == 0 && joined[0] == 2 && kept[1] == 0 && joined[1] == 1);
  REQUIRE(entropies[0] > entropies[1] && entropies[1] >= entropies[2]);
  REQUIRE(samebits_gmm_merge_clusters(kept, joined, 3, 2, clusters) == SAMEBITS_OK);
  REQUIRE(clusters[0] == 0 && clusters[1] == 1 && clusters[2] == 0);
  joined[0] = 3;
  REQUIRE_ERROR(samebits_gmm_merge_clusters(kept, joined, 3, 2, clusters), SAMEBITS_INVALID_ARGUMENT,
                "gmm_merge_clusters: merger 0 joins 3 into 0, but there are components 0 to 2 and the lower number is "
                "kept");
  REQUIRE(samebits_gmm_merge_clusters(NULL, NULL, 1, 1, clusters) == SAMEBITS_OK && clusters[0] == 0);
  clusters[0] = -1;
  REQUIRE_ERROR(samebits_gmm_merge_clusters(NULL, NULL, 0, 1, clusters), SAMEBITS_INVALID_ARGUMENT,
                "gmm_merge_clusters: n_components is 0 but must be at least 1");
  REQUIRE_ERROR(samebits_gmm_merge_clusters(kept, joined, INT64_MIN, 1, clusters), SAMEBITS_INVALID_ARGUMENT,
                "gmm_merge_clusters: n_components is -9223372036854775808 but must be at least 1");
  REQUIRE(clusters[0] == -1);
  samebits_gmm_model_destroy(model);
  samebits_context_destroy(context);
  return NULL;
}

static int stop_at_two(void* user_data, int64_t n_done) {
  *(int64_t*)user_data = n_done;
  return n_done == 2;
}

/* The rows whole, without the last, and of one place only: that fit fails. */
const char* fits_each_of_many_data_sets(void) {
  static const double one_place[4 * n_cols] = {1, 2, 1, 2, 1, 2, 1, 2};
  static const double weights[n_rows] = {1, 1, 2, 1, 0, 1};
  static const double* const data_sets[4] = {x, x, one_place, x};
  static const double* const all_weights[4] = {NULL, NULL, NULL, weights};
  static const int64_t sizes[4] = {n_rows, n_rows - 1, 4, n_rows};
  samebits_context* const context = scalar_context();
  samebits_gmm_options options = two_components();
  samebits_gmm_outcomes* outcomes = NULL;
  options.reg_covar = 0;
  options.covariance = SAMEBITS_TIED_SPHERICAL;
  REQUIRE(samebits_gmm_fit_each(context, data_sets, sizes, 4, n_cols, all_weights, &options, NULL, NULL, &outcomes) ==
          SAMEBITS_OK);
  REQUIRE(samebits_gmm_outcomes_size(outcomes) == 4);
  REQUIRE(samebits_gmm_outcomes_model(outcomes, 2) == NULL);
  REQUIRE(strncmp(samebits_gmm_outcomes_failure(outcomes, 2), "gmm_fit_each: the covariance of x is singular", 45) ==
          0);
  for (int64_t i = 0; i < 4; ++i) {
    if (i != 2) {
      samebits_gmm_model* model = NULL;
      options.task = (uint64_t)i;
      options.sample_weights = all_weights[i];
      REQUIRE(samebits_gmm_fit(context, data_sets[i], sizes[i], n_cols, &options, &model) == SAMEBITS_OK);
      REQUIRE(strcmp(samebits_gmm_model_digest(model),
                     samebits_gmm_model_digest(samebits_gmm_outcomes_model(outcomes, i))) == 0);
      REQUIRE(strcmp(samebits_gmm_outcomes_failure(outcomes, i), "") == 0);
      samebits_gmm_model_destroy(model);
    }
  }
  REQUIRE(samebits_gmm_outcomes_model(outcomes, 4) == NULL && samebits_gmm_outcomes_model(outcomes, -1) == NULL);
  REQUIRE(strcmp(samebits_gmm_outcomes_failure(outcomes, 4), "") == 0);
  samebits_gmm_outcomes_destroy(outcomes);
  samebits_context_destroy(context);
  return NULL;
}

const char* fits_each_of_many_data_sets_or_says_why_not(void) {
  static const double* const data_sets[2] = {x, NULL};
  static const int64_t sizes[2] = {n_rows, n_rows};
  samebits_context* const context = scalar_context();
  samebits_gmm_outcomes* outcomes = NULL;
  int64_t n_done = 0;
  REQUIRE_ERROR(samebits_gmm_fit_each(context, data_sets, sizes, 2, n_cols, NULL, NULL, NULL, NULL, &outcomes),
                SAMEBITS_INVALID_ARGUMENT, "gmm_fit_each: x[1] is NULL");
  REQUIRE_ERROR(samebits_gmm_fit_each(context, NULL, sizes, 2, n_cols, NULL, NULL, NULL, NULL, &outcomes),
                SAMEBITS_INVALID_ARGUMENT, "gmm_fit_each: x is NULL");
  static const double* const twice[2] = {x, x};
  REQUIRE_ERROR(samebits_gmm_fit_each(context, twice, sizes, 2, n_cols, NULL, NULL, stop_at_two, &n_done, &outcomes),
                SAMEBITS_INTERRUPTED, "gmm_fit_each: stopped by the callback after 2 fits");
  REQUIRE(n_done == 2);
  REQUIRE(outcomes == NULL);
  samebits_context_destroy(context);
  return NULL;
}

const char* selects_a_model(void) {
  static const samebits_covariance_type types[2] = {SAMEBITS_SPHERICAL, SAMEBITS_TIED_SPHERICAL};
  static const int64_t sizes[3] = {1, 2, 3};
  samebits_context* const context = scalar_context();
  samebits_gmm_selection* selection = NULL;
  samebits_gmm_candidate candidate;
  REQUIRE(samebits_gmm_select(context, x, n_rows, n_cols, types, 2, sizes, 3, NULL, SAMEBITS_CRITERION_BIC,
                              &selection) == SAMEBITS_OK);
  REQUIRE(samebits_gmm_selection_n_candidates(selection) == 6);
  const int64_t best = samebits_gmm_selection_best(selection);
  REQUIRE(samebits_gmm_selection_candidate(selection, best, &candidate) == SAMEBITS_OK);
  const double best_bic = candidate.criteria.bic;
  REQUIRE(samebits_gmm_model_n_components(samebits_gmm_selection_model(selection)) == candidate.n_components);
  REQUIRE(samebits_gmm_model_covariance_type(samebits_gmm_selection_model(selection)) == candidate.covariance);
  for (int64_t i = 0; i < 6; ++i) {
    REQUIRE(samebits_gmm_selection_candidate(selection, i, &candidate) == SAMEBITS_OK);
    REQUIRE(candidate.covariance == types[i / 3] && candidate.n_components == sizes[i % 3]);
    REQUIRE(candidate.failure[0] != '\0' || candidate.criteria.bic >= best_bic);
  }
  REQUIRE_ERROR(samebits_gmm_selection_candidate(selection, 6, &candidate), SAMEBITS_INVALID_ARGUMENT,
                "gmm_selection_candidate: index is 6 but there are 6 candidates");
  samebits_gmm_selection_destroy(selection);
  samebits_context_destroy(context);
  return NULL;
}

const char* tells_why_a_candidate_has_no_fit(void) {
  static const double equal_columns[n_rows * n_cols] = {0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5};
  static const samebits_covariance_type types[2] = {SAMEBITS_FULL, SAMEBITS_DIAG};
  static const int64_t size = 1;
  samebits_context* const context = scalar_context();
  samebits_gmm_options options = two_components();
  samebits_gmm_selection* selection = NULL;
  samebits_gmm_candidate candidate;
  options.reg_covar = 0;
  REQUIRE(samebits_gmm_select(context, equal_columns, n_rows, n_cols, types, 2, &size, 1, &options,
                              SAMEBITS_CRITERION_ICL, &selection) == SAMEBITS_OK);
  REQUIRE(samebits_gmm_selection_best(selection) == 1);
  REQUIRE(samebits_gmm_selection_candidate(selection, 0, &candidate) == SAMEBITS_OK);
  REQUIRE(strstr(candidate.failure, "singular") != NULL && candidate.criteria.bic == 0);
  samebits_gmm_selection_destroy(selection);
  samebits_context_destroy(context);
  return NULL;
}

const char* refuses_bad_sweeps(void) {
  static const samebits_covariance_type full[1] = {SAMEBITS_FULL};
  static const int64_t size = 1;
  samebits_context* const context = scalar_context();
  samebits_gmm_selection* selection = NULL;
  REQUIRE_ERROR(
      samebits_gmm_select(context, x, n_rows, n_cols, NULL, 1, &size, 1, NULL, SAMEBITS_CRITERION_BIC, &selection),
      SAMEBITS_INVALID_ARGUMENT, "gmm_select: types is NULL");
  REQUIRE_ERROR(
      samebits_gmm_select(context, x, n_rows, n_cols, full, 1, &size, -1, NULL, SAMEBITS_CRITERION_BIC, &selection),
      SAMEBITS_INVALID_ARGUMENT, "gmm_select: n_sizes is -1 but must not be negative");
  REQUIRE_ERROR(samebits_gmm_select(context, x, n_rows, n_cols, full, 1, &size, 1, NULL, SAMEBITS_CRITERION_BIC, NULL),
                SAMEBITS_INVALID_ARGUMENT, "gmm_select: selection is NULL");
  samebits_context_destroy(context);
  return NULL;
}

const char* fits_with_priors(void) {
  samebits_context* const context = scalar_context();
  samebits_gmm_options options = two_components();
  samebits_gmm_priors priors;
  samebits_bayesian_gmm_model* model = NULL;
  samebits_gmm_priors_init(&priors);
  priors.weights = SAMEBITS_PRIOR_DIRICHLET;
  REQUIRE(samebits_bayesian_gmm_fit(context, x, n_rows, n_cols, &options, &priors, &model) == SAMEBITS_OK);
  REQUIRE(samebits_gmm_model_n_components(samebits_bayesian_gmm_model_mixture(model)) == n_components);
  REQUIRE(samebits_bayesian_gmm_model_prior(model) == SAMEBITS_PRIOR_DIRICHLET);
  REQUIRE(samebits_bayesian_gmm_model_weight_concentration(model)[0] > 0);
  REQUIRE(samebits_bayesian_gmm_model_mean_precision(model)[0] > 1);
  REQUIRE(samebits_bayesian_gmm_model_degrees_of_freedom(model)[1] > n_cols);
  samebits_bayesian_gmm_model_destroy(model);
  REQUIRE(samebits_bayesian_gmm_fit(context, x, n_rows, n_cols, &options, NULL, &model) == SAMEBITS_OK);
  REQUIRE(samebits_bayesian_gmm_model_prior(model) == SAMEBITS_PRIOR_DIRICHLET_PROCESS);
  samebits_bayesian_gmm_model_destroy(model);
  priors.weights = 2;
  REQUIRE_ERROR(samebits_bayesian_gmm_fit(context, x, n_rows, n_cols, &options, &priors, &model),
                SAMEBITS_INVALID_ARGUMENT, "bayesian_gmm_fit: priors.weights is 2 but must be 0 to 1");
  priors.struct_size = 0;
  REQUIRE_ERROR(samebits_bayesian_gmm_fit(context, x, n_rows, n_cols, &options, &priors, &model),
                SAMEBITS_INVALID_ARGUMENT, "bayesian_gmm_fit: priors.struct_size is 0; call the _init function first");
  samebits_context_destroy(context);
  return NULL;
}

const char* refuses_null_where_a_model_is_used(void) {
  double out[n_rows * n_components];
  int64_t labels[n_rows];
  samebits_gmm_criteria criteria;
  samebits_context* const context = scalar_context();
  samebits_gmm_model* const model = own_model();
  REQUIRE_ERROR(samebits_gmm_log_prob(NULL, model, x, n_rows, n_cols, out), SAMEBITS_INVALID_ARGUMENT,
                "gmm_log_prob: context is NULL");
  REQUIRE_ERROR(samebits_gmm_expectation(context, model, x, n_rows, n_cols, NULL, NULL), SAMEBITS_INVALID_ARGUMENT,
                "gmm_expectation: log_responsibilities is NULL");
  REQUIRE_ERROR(samebits_gmm_predict(context, NULL, x, n_rows, n_cols, labels), SAMEBITS_INVALID_ARGUMENT,
                "gmm_predict: model is NULL");
  REQUIRE_ERROR(samebits_gmm_predict_proba(context, model, NULL, n_rows, n_cols, out), SAMEBITS_INVALID_ARGUMENT,
                "gmm_predict_proba: x is NULL");
  REQUIRE_ERROR(samebits_gmm_score_samples(context, model, x, n_rows, n_cols, NULL), SAMEBITS_INVALID_ARGUMENT,
                "gmm_score_samples: log_likelihoods is NULL");
  REQUIRE_ERROR(samebits_gmm_evaluate(context, NULL, x, n_rows, n_cols, NULL, &criteria), SAMEBITS_INVALID_ARGUMENT,
                "gmm_evaluate: model is NULL");
  REQUIRE_ERROR(samebits_gmm_score(context, model, x, n_rows, 3, NULL, out), SAMEBITS_INVALID_ARGUMENT,
                "gmm_score: x has 3 columns but the model has 2");
  REQUIRE(samebits_gmm_predict(context, model, x, -1, n_cols, labels) == SAMEBITS_INVALID_ARGUMENT);
  REQUIRE(samebits_gmm_predict_proba(context, model, x, INT64_MAX, n_cols, out) == SAMEBITS_INVALID_ARGUMENT);
  samebits_gmm_model_destroy(model);
  samebits_context_destroy(context);
  return NULL;
}

const char* takes_null_for_no_rows(void) {
  double score = 5;
  samebits_context* const context = scalar_context();
  samebits_gmm_model* const model = own_model();
  samebits_gmm_options options = two_components();
  samebits_gmm_model* fit = NULL;
  REQUIRE(samebits_gmm_log_prob(context, model, NULL, 0, n_cols, NULL) == SAMEBITS_OK);
  REQUIRE(samebits_gmm_expectation_float(context, model, NULL, 0, n_cols, NULL, NULL) == SAMEBITS_OK);
  REQUIRE(samebits_gmm_predict(context, model, NULL, 0, n_cols, NULL) == SAMEBITS_OK);
  REQUIRE(samebits_gmm_predict_proba_float(context, model, NULL, 0, n_cols, NULL) == SAMEBITS_OK);
  REQUIRE(samebits_gmm_score_samples(context, model, NULL, 0, n_cols, NULL) == SAMEBITS_OK);
  REQUIRE_ERROR(samebits_gmm_predict(context, model, NULL, 0, 3, NULL), SAMEBITS_INVALID_ARGUMENT,
                "gmm_predict: x has 3 columns but the model has 2");
  REQUIRE_ERROR(samebits_gmm_score(context, model, NULL, 0, n_cols, NULL, &score), SAMEBITS_INVALID_ARGUMENT,
                "gmm_score: x is 0 x 2 but must not be empty");
  REQUIRE(score == 5);
  REQUIRE_ERROR(samebits_gmm_score(context, model, NULL, 0, n_cols, NULL, NULL), SAMEBITS_INVALID_ARGUMENT,
                "gmm_score: score is NULL");
  REQUIRE_ERROR(samebits_gmm_fit(context, NULL, 0, n_cols, &options, &fit), SAMEBITS_INVALID_ARGUMENT,
                "gmm_fit: x is 0 x 2 but must not be empty");
  REQUIRE_ERROR(samebits_gmm_maximization(context, NULL, 0, n_cols, NULL, &options, &fit), SAMEBITS_INVALID_ARGUMENT,
                "gmm_maximization: x is 0 x 2 but must not be empty");
  samebits_gmm_model_destroy(model);
  samebits_context_destroy(context);
  return NULL;
}
