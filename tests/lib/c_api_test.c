/* The C interface from a C program. */
#include "tests/lib/c_api_test.h"

#include "tests/lib/c_api_require.h"

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

const char* chooses_devices(void) {
  const int32_t zero_and_two[2] = {0, 2};
  samebits_context_options options;
  samebits_context* context = NULL;
  samebits_context_options_init(&options);
  options.backend = "cpu";
  options.device = 0;
  REQUIRE(samebits_context_create(&options, &context) == SAMEBITS_OK);
  REQUIRE(samebits_context_device(context) == 0);
  REQUIRE(samebits_context_n_devices(context) == 1);
  REQUIRE(samebits_context_device_at(context, 0) == 0 && samebits_context_device_at(context, 1) == -1);
  REQUIRE(samebits_context_available_devices(context) == 1);
  samebits_context_destroy(context);
  options.device = 1;
  REQUIRE_ERROR(samebits_context_create(&options, &context), SAMEBITS_INVALID_ARGUMENT,
                "context: device is 1 but backend cpu has only device 0");
  options.device = -1;
  options.devices = zero_and_two;
  options.n_devices = 2;
  REQUIRE_ERROR(samebits_context_create(&options, &context), SAMEBITS_INVALID_ARGUMENT,
                "context: device is 2 but backend cpu has only device 0");
  options.n_devices = -1;
  REQUIRE_ERROR(samebits_context_create(&options, &context), SAMEBITS_INVALID_ARGUMENT,
                "context_create: options.n_devices is -1 but must not be negative");
  options.devices = NULL;
  options.n_devices = 1;
  REQUIRE_ERROR(samebits_context_create(&options, &context), SAMEBITS_INVALID_ARGUMENT,
                "context_create: options.devices is NULL");
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
  samebits_gmm_priors_init(NULL);
  samebits_gmm_selection_destroy(NULL);
  samebits_bayesian_gmm_model_destroy(NULL);
  REQUIRE(strcmp(samebits_context_backend(NULL), "") == 0);
  REQUIRE(strcmp(samebits_context_isa(NULL), "") == 0);
  REQUIRE(samebits_context_n_threads(NULL) == 0);
  REQUIRE(samebits_context_device(NULL) == 0);
  REQUIRE(samebits_context_n_devices(NULL) == 0 && samebits_context_device_at(NULL, 0) == -1);
  REQUIRE(samebits_context_available_devices(NULL) == 0);
  return NULL;
}

/* ---- memory of the backend -------------------------------------------------------------------------------------- */

const char* queues_a_context(void) {
  samebits_context* context = scalar_context();
  samebits_context* queued = NULL;
  REQUIRE(samebits_context_on_stream(context, NULL, &queued) == SAMEBITS_OK);
  REQUIRE(strcmp(samebits_context_isa(queued), "scalar") == 0);
  REQUIRE(samebits_context_synchronize(queued) == SAMEBITS_OK);
  samebits_context_destroy(queued);
  REQUIRE_ERROR(samebits_context_on_stream(NULL, NULL, &queued), SAMEBITS_INVALID_ARGUMENT,
                "context_on_stream: context is NULL");
  REQUIRE_ERROR(samebits_context_on_stream(context, NULL, NULL), SAMEBITS_INVALID_ARGUMENT,
                "context_on_stream: queued is NULL");
  REQUIRE_ERROR(samebits_context_synchronize(NULL), SAMEBITS_INVALID_ARGUMENT, "context_synchronize: context is NULL");
  samebits_context_destroy(context);
  return NULL;
}

const char* copies_to_the_backend_and_back(void) {
  samebits_context* context = scalar_context();
  const double numbers[3] = {1.5, -2.0, 4.0};
  double back[3] = {0, 0, 0};
  void* memory = NULL;
  REQUIRE(samebits_device_allocate(context, sizeof(numbers), &memory) == SAMEBITS_OK);
  REQUIRE(samebits_device_copy(context, memory, numbers, sizeof(numbers)) == SAMEBITS_OK);
  REQUIRE(samebits_device_copy(context, back, memory, sizeof(numbers)) == SAMEBITS_OK);
  REQUIRE(memcmp(back, numbers, sizeof(numbers)) == 0);
  REQUIRE(samebits_fill_uniform(context, 1, 2, 0, 3, (double*)memory) == SAMEBITS_OK);
  REQUIRE(samebits_device_release(context, memory) == SAMEBITS_OK);
  REQUIRE(samebits_device_release(context, NULL) == SAMEBITS_OK);
  REQUIRE(samebits_device_allocate(context, 0, &memory) == SAMEBITS_OK);
  REQUIRE(memory == NULL);
  samebits_context_destroy(context);
  return NULL;
}

const char* refuses_bad_device_memory(void) {
  samebits_context* context = scalar_context();
  double number = 0;
  void* memory = NULL;
  REQUIRE_ERROR(samebits_device_allocate(context, -8, &memory), SAMEBITS_INVALID_ARGUMENT,
                "device_allocate: bytes is -8 but must not be negative");
  REQUIRE_ERROR(samebits_device_allocate(context, 8, NULL), SAMEBITS_INVALID_ARGUMENT,
                "device_allocate: memory is NULL");
  REQUIRE_ERROR(samebits_device_copy(context, NULL, &number, 8), SAMEBITS_INVALID_ARGUMENT, "device_copy: to is NULL");
  REQUIRE_ERROR(samebits_device_copy(context, &number, NULL, 8), SAMEBITS_INVALID_ARGUMENT,
                "device_copy: from is NULL");
  REQUIRE_ERROR(samebits_device_copy(context, &number, &number, -1), SAMEBITS_INVALID_ARGUMENT,
                "device_copy: bytes is -1 but must not be negative");
  REQUIRE_ERROR(samebits_device_release(NULL, &number), SAMEBITS_INVALID_ARGUMENT, "device_release: context is NULL");
  samebits_context_destroy(context);
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
  samebits_context* const context = scalar_context();
  int64_t filled[10];
  REQUIRE(samebits_fill_permutation(context, seed, task, 10, filled) == SAMEBITS_OK);
  REQUIRE(memcmp(filled, expected, sizeof filled) == 0);
  REQUIRE(samebits_fill_permutation(context, seed, task, 0, NULL) == SAMEBITS_OK);
  samebits_context_destroy(context);
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
  samebits_context* const context = scalar_context();
  REQUIRE_ERROR(samebits_fill_permutation(NULL, 1, 2, 3, out), SAMEBITS_INVALID_ARGUMENT,
                "fill_permutation: context is NULL");
  REQUIRE_ERROR(samebits_fill_permutation(context, 1, 2, -1, out), SAMEBITS_INVALID_ARGUMENT,
                "fill_permutation: n is -1 but must not be negative");
  REQUIRE_ERROR(samebits_fill_permutation(context, 1, 2, 3, NULL), SAMEBITS_INVALID_ARGUMENT,
                "fill_permutation: out is NULL");
  samebits_context_destroy(context);
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
