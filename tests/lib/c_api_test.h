/* The checks of the C programs c_api_*test.c: each returns NULL, or the text of the first one that failed. */
#ifndef SAMEBITS_TESTS_C_API_TEST_H
#define SAMEBITS_TESTS_C_API_TEST_H

#ifdef __cplusplus
extern "C" {
#endif

#define SAMEBITS_C_CHECKS(CHECK)                   \
  CHECK(tells_its_versions)                        \
  CHECK(makes_a_context_without_options)           \
  CHECK(makes_the_context_asked_for)               \
  CHECK(names_a_bad_instruction_set)               \
  CHECK(tells_that_a_backend_is_unavailable)       \
  CHECK(chooses_devices)                           \
  CHECK(writes_no_context_on_failure)              \
  CHECK(refuses_null_for_the_context)              \
  CHECK(refuses_options_without_their_size)        \
  CHECK(takes_shorter_options_of_an_older_program) \
  CHECK(takes_null_where_there_is_nothing_to_do)   \
  CHECK(queues_a_context)                          \
  CHECK(copies_to_the_backend_and_back)            \
  CHECK(refuses_bad_device_memory)                 \
  CHECK(parses_a_seed)                             \
  CHECK(names_the_children_of_a_stream)            \
  CHECK(refuses_null_for_a_child)                  \
  CHECK(fills_words_uniforms_and_normals)          \
  CHECK(fills_nothing_into_null)                   \
  CHECK(refuses_bad_fills)                         \
  CHECK(permutes_and_samples)                      \
  CHECK(deals_rows_to_folds)                       \
  CHECK(refuses_bad_permutations_and_folds)

#define SAMEBITS_C_GMM_CHECKS(CHECK)                   \
  CHECK(fits_with_default_options)                     \
  CHECK(fits_from_a_given_start)                       \
  CHECK(calls_the_callback)                            \
  CHECK(is_interrupted_by_the_callback)                \
  CHECK(refuses_null_in_a_fit)                         \
  CHECK(refuses_bad_shapes_of_a_fit)                   \
  CHECK(reports_a_singular_covariance)                 \
  CHECK(writes_no_model_on_failure)                    \
  CHECK(takes_shorter_gmm_options_of_an_older_program) \
  CHECK(fits_every_type_of_covariance)                 \
  CHECK(fits_floats)                                   \
  CHECK(tells_the_trace_of_a_fit)                      \
  CHECK(weighs_rows)                                   \
  CHECK(goes_on_from_a_model)                          \
  CHECK(keeps_frozen_parameters)                       \
  CHECK(starts_from_responsibilities_and_precisions)   \
  CHECK(names_bad_enumerations)                        \
  CHECK(tells_nothing_of_a_model_that_is_null)         \
  CHECK(makes_a_model_of_numbers)                      \
  CHECK(refuses_numbers_that_make_no_model)            \
  CHECK(saves_and_loads_a_model)                       \
  CHECK(writes_and_reads_json)                         \
  CHECK(tells_the_covariance_of_a_component)           \
  CHECK(takes_the_steps_of_em)                         \
  CHECK(tells_the_component_of_each_row)               \
  CHECK(draws_samples_of_a_model)                      \
  CHECK(makes_marginals_and_conditionals)              \
  CHECK(merges_components)                             \
  CHECK(fits_each_of_many_data_sets)                   \
  CHECK(fits_each_of_many_data_sets_or_says_why_not)   \
  CHECK(selects_a_model)                               \
  CHECK(tells_why_a_candidate_has_no_fit)              \
  CHECK(refuses_bad_sweeps)                            \
  CHECK(fits_with_priors)                              \
  CHECK(refuses_null_where_a_model_is_used)            \
  CHECK(takes_null_for_no_rows)

#define SAMEBITS_C_SUM_CHECKS(CHECK)                 \
  CHECK(adds_numbers)                                \
  CHECK(adds_no_numbers)                             \
  CHECK(refuses_bad_sums)                            \
  CHECK(summarizes_rows)                             \
  CHECK(summarizes_what_is_wanted)                   \
  CHECK(takes_a_shorter_summary_of_an_older_program) \
  CHECK(refuses_bad_summaries)                       \
  CHECK(makes_covariances)                           \
  CHECK(sums_exactly)                                \
  CHECK(refuses_bad_exact_sums)                      \
  CHECK(multiplies_matrices)                         \
  CHECK(refuses_bad_products)                        \
  CHECK(counts_by_bins)                              \
  CHECK(refuses_bad_histograms)                      \
  CHECK(puts_parts_together)                         \
  CHECK(collects_sums_products_and_covariances)      \
  CHECK(sends_parts_as_bytes)                        \
  CHECK(refuses_bad_parts)                           \
  CHECK(keeps_an_exact_total)                        \
  CHECK(refuses_bad_exact_totals)                    \
  CHECK(tells_nothing_of_parts_that_are_null)

#define SAMEBITS_C_PAIRWISE_CHECKS(CHECK)                   \
  CHECK(names_kernels_and_modes)                            \
  CHECK(sums_over_pairs)                                    \
  CHECK(sums_over_pairs_with_default_options)               \
  CHECK(takes_shorter_pairwise_options_of_an_older_program) \
  CHECK(reduces_pairs_row_by_row)                           \
  CHECK(takes_several_bandwidths)                           \
  CHECK(tells_medians_and_densities)                        \
  CHECK(takes_null_for_no_pairs)                            \
  CHECK(refuses_bad_pairs)                                  \
  CHECK(refuses_bad_pairwise_options)                       \
  CHECK(refuses_null_for_results_of_rows)                   \
  CHECK(writes_no_results_where_values_overflow)            \
  CHECK(tells_how_far_samples_are_apart)                    \
  CHECK(tests_two_samples)                                  \
  CHECK(tests_dependence)                                   \
  CHECK(is_interrupted_in_a_permutation_test)               \
  CHECK(refuses_bad_tests)

#define SAMEBITS_DECLARE_C_CHECK(name) const char* name(void);
SAMEBITS_C_CHECKS(SAMEBITS_DECLARE_C_CHECK)
SAMEBITS_C_GMM_CHECKS(SAMEBITS_DECLARE_C_CHECK)
SAMEBITS_C_SUM_CHECKS(SAMEBITS_DECLARE_C_CHECK)
SAMEBITS_C_PAIRWISE_CHECKS(SAMEBITS_DECLARE_C_CHECK)
#undef SAMEBITS_DECLARE_C_CHECK

#ifdef __cplusplus
}
#endif

#endif
