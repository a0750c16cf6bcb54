// Runs the checks of c_api_test.c and c_api_gmm_test.c, and what C alone cannot test.
#include "tests/lib/c_api_test.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "samebits/bayesian_gmm.hpp"
#include "samebits/gmm.hpp"
#include "samebits/gmm_model.hpp"
#include "samebits/samebits.h"
#include "tests/support.hpp"

namespace samebits::tests {
namespace {

std::string text_of(const char* failure) { return failure == nullptr ? "" : failure; }

#define SAMEBITS_TEST_OF_C_CHECK(name) \
  TEST(c_api, name) { EXPECT_EQ(text_of(::name()), ""); }
SAMEBITS_C_CHECKS(SAMEBITS_TEST_OF_C_CHECK)

#define SAMEBITS_TEST_OF_C_GMM_CHECK(name) \
  TEST(c_api_gmm, name) {                  \
    const temporary_folder folder;         \
    EXPECT_EQ(text_of(::name()), "");      \
  }
SAMEBITS_C_GMM_CHECKS(SAMEBITS_TEST_OF_C_GMM_CHECK)

TEST(c_api, keeps_the_last_error_of_each_thread_apart) {
  samebits_context_create(nullptr, nullptr);
  std::string in_new_thread = "not set";

  std::thread([&] { in_new_thread = samebits_last_error(); }).join();

  EXPECT_EQ(in_new_thread, "");
  EXPECT_STREQ(samebits_last_error(), "context_create: context is NULL");
}

/// A problem for both interfaces: rows of doubles and floats, weights, a context and a mixture of each.
struct both_interfaces {
  both_interfaces() {
    samebits_context_options options;
    samebits_context_options_init(&options);
    options.backend = "cpu";
    options.n_threads = 2;
    EXPECT_EQ(samebits_context_create(&options, &c_ctx), SAMEBITS_OK);
    samebits_gmm_options c;
    samebits_gmm_options_init(&c);
    c.n_components = k;
    c.seed = 5;
    c.task = 6;
    c.covariance = SAMEBITS_DIAG;
    c.sample_weights = weights.data();
    EXPECT_EQ(samebits_gmm_fit(c_ctx, x.values.data(), n, cols, &c, &c_model), SAMEBITS_OK);
    EXPECT_EQ(samebits_gmm_fit_float(c_ctx, floats.data(), n, cols, &c, &c_float_model), SAMEBITS_OK);
  }
  ~both_interfaces() {
    samebits_gmm_model_destroy(c_float_model);
    samebits_gmm_model_destroy(c_model);
    samebits_context_destroy(c_ctx);
  }
  both_interfaces(const both_interfaces&) = delete;
  both_interfaces& operator=(const both_interfaces&) = delete;

  gmm_options options() const {
    gmm_options o;
    o.n_components = k;
    o.seed = 5;
    o.task = 6;
    o.covariance = covariance_type::diag;
    o.sample_weights = weights;
    return o;
  }
  matrix_view<const double> doubles() const { return x.view(); }
  matrix_view<const float> singles() const { return {floats.data(), n, cols}; }

  static std::vector<double> some_weights() {
    std::vector<double> values;
    for (std::int64_t i = 0; i < n; ++i) {
      values.push_back(static_cast<double>(i % 4));
    }
    return values;
  }

  static constexpr std::int64_t n = 400;
  static constexpr std::int64_t cols = 2;
  static constexpr std::int64_t k = 3;
  const context ctx = context({"cpu", "", 2});
  const matrix x = blobs(ctx, n, cols, k);
  const std::vector<float> floats = std::vector<float>(x.values.begin(), x.values.end());
  const std::vector<double> weights = some_weights();
  const gmm_model model = gmm_fit(ctx, doubles(), options());
  samebits_context* c_ctx = nullptr;
  samebits_gmm_model* c_model = nullptr;
  samebits_gmm_model* c_float_model = nullptr;
};

TEST(c_api, gives_the_models_of_the_cpp_interface) {
  const both_interfaces b;

  EXPECT_EQ(samebits_gmm_model_digest(b.c_model), gmm_digest(b.model));
  EXPECT_EQ(samebits_gmm_model_n_iter(b.c_model), b.model.n_iter);
  EXPECT_EQ(samebits_gmm_model_log_likelihood(b.c_model), b.model.log_likelihood);
  EXPECT_EQ(samebits_gmm_model_digest(b.c_float_model), gmm_digest(gmm_fit(b.ctx, b.singles(), b.options())));
}

/// What both interfaces give for rows of doubles or floats is the same.
#define SAMEBITS_EXPECT_ROWS(T, n_values, c_call, cpp_call) \
  {                                                         \
    std::vector<T> c(static_cast<std::size_t>(n_values));   \
    std::vector<T> cpp(c.size());                           \
    EXPECT_EQ(c_call, SAMEBITS_OK);                         \
    cpp_call;                                               \
    EXPECT_EQ(c, cpp);                                      \
  }

TEST(c_api, gives_the_rows_of_the_cpp_interface) {
  const both_interfaces b;
  const std::int64_t n = b.n;
  const std::int64_t k = b.k;
  const double* const x = b.x.values.data();
  const float* const f = b.floats.data();

  SAMEBITS_EXPECT_ROWS(double, n* k, samebits_gmm_log_prob(b.c_ctx, b.c_model, x, n, 2, c.data()),
                       gmm_log_prob(b.ctx, b.model, b.doubles(), {cpp.data(), n, k}))
  SAMEBITS_EXPECT_ROWS(float, n* k, samebits_gmm_log_prob_float(b.c_ctx, b.c_model, f, n, 2, c.data()),
                       gmm_log_prob(b.ctx, b.model, b.singles(), {cpp.data(), n, k}))
  SAMEBITS_EXPECT_ROWS(double, n* k, samebits_gmm_expectation(b.c_ctx, b.c_model, x, n, 2, c.data(), nullptr),
                       gmm_expectation(b.ctx, b.model, b.doubles(), {cpp.data(), n, k}, {}))
  SAMEBITS_EXPECT_ROWS(float, n, samebits_gmm_expectation_float(b.c_ctx, b.c_model, f, n, 2, nullptr, c.data()),
                       gmm_expectation(b.ctx, b.model, b.singles(), {}, cpp))
  SAMEBITS_EXPECT_ROWS(std::int64_t, n, samebits_gmm_predict(b.c_ctx, b.c_model, x, n, 2, c.data()),
                       gmm_predict(b.ctx, b.model, b.doubles(), cpp))
  SAMEBITS_EXPECT_ROWS(std::int64_t, n, samebits_gmm_predict_float(b.c_ctx, b.c_model, f, n, 2, c.data()),
                       gmm_predict(b.ctx, b.model, b.singles(), cpp))
  SAMEBITS_EXPECT_ROWS(double, n* k, samebits_gmm_predict_proba(b.c_ctx, b.c_model, x, n, 2, c.data()),
                       gmm_predict_proba(b.ctx, b.model, b.doubles(), {cpp.data(), n, k}))
  SAMEBITS_EXPECT_ROWS(float, n* k, samebits_gmm_predict_proba_float(b.c_ctx, b.c_model, f, n, 2, c.data()),
                       gmm_predict_proba(b.ctx, b.model, b.singles(), {cpp.data(), n, k}))
  SAMEBITS_EXPECT_ROWS(double, n, samebits_gmm_score_samples(b.c_ctx, b.c_model, x, n, 2, c.data()),
                       gmm_score_samples(b.ctx, b.model, b.doubles(), cpp))
  SAMEBITS_EXPECT_ROWS(float, n, samebits_gmm_score_samples_float(b.c_ctx, b.c_model, f, n, 2, c.data()),
                       gmm_score_samples(b.ctx, b.model, b.singles(), cpp))
  SAMEBITS_EXPECT_ROWS(double, n * 2, samebits_gmm_sample(b.c_ctx, b.c_model, 1, 2, 3, n, c.data(), nullptr),
                       gmm_sample(b.ctx, b.model, {1, 2}, 3, {cpp.data(), n, 2}))
}

TEST(c_api, gives_the_scores_of_the_cpp_interface) {
  const both_interfaces b;
  double score = 0;
  samebits_gmm_criteria criteria;

  ASSERT_EQ(samebits_gmm_score(b.c_ctx, b.c_model, b.x.values.data(), b.n, 2, b.weights.data(), &score), SAMEBITS_OK);
  EXPECT_EQ(score, gmm_score(b.ctx, b.model, b.doubles(), b.weights));
  ASSERT_EQ(samebits_gmm_score_float(b.c_ctx, b.c_model, b.floats.data(), b.n, 2, nullptr, &score), SAMEBITS_OK);
  EXPECT_EQ(score, gmm_score(b.ctx, b.model, b.singles()));
  for (const bool of_floats : {false, true}) {
    const gmm_criteria expected = of_floats ? gmm_evaluate(b.ctx, b.model, b.singles(), b.weights)
                                            : gmm_evaluate(b.ctx, b.model, b.doubles(), b.weights);
    ASSERT_EQ(
        of_floats
            ? samebits_gmm_evaluate_float(b.c_ctx, b.c_model, b.floats.data(), b.n, 2, b.weights.data(), &criteria)
            : samebits_gmm_evaluate(b.c_ctx, b.c_model, b.x.values.data(), b.n, 2, b.weights.data(), &criteria),
        SAMEBITS_OK);
    EXPECT_EQ(criteria.log_likelihood, expected.log_likelihood);
    EXPECT_EQ(criteria.n_parameters, expected.n_parameters);
    EXPECT_EQ(criteria.aic, expected.aic);
    EXPECT_EQ(criteria.bic, expected.bic);
    EXPECT_EQ(criteria.entropy, expected.entropy);
    EXPECT_EQ(criteria.icl, expected.icl);
  }
}

TEST(c_api, maximises_like_the_cpp_interface) {
  const both_interfaces b;
  std::vector<double> shares(static_cast<std::size_t>(b.n * b.k));
  gmm_predict_proba(b.ctx, b.model, b.doubles(), {shares.data(), b.n, b.k});
  const matrix_view<const double> responsibilities(shares.data(), b.n, b.k);
  samebits_gmm_options c;
  samebits_gmm_options_init(&c);
  c.n_components = b.k;
  c.covariance = SAMEBITS_DIAG;
  c.sample_weights = b.weights.data();
  samebits_gmm_model* model = nullptr;

  ASSERT_EQ(samebits_gmm_maximization(b.c_ctx, b.x.values.data(), b.n, 2, shares.data(), &c, &model), SAMEBITS_OK);
  EXPECT_EQ(samebits_gmm_model_digest(model),
            gmm_digest(gmm_maximization(b.ctx, b.doubles(), responsibilities, b.options())));
  samebits_gmm_model_destroy(model);
  ASSERT_EQ(samebits_gmm_maximization_float(b.c_ctx, b.floats.data(), b.n, 2, shares.data(), &c, &model), SAMEBITS_OK);
  EXPECT_EQ(samebits_gmm_model_digest(model),
            gmm_digest(gmm_maximization(b.ctx, b.singles(), responsibilities, b.options())));
  samebits_gmm_model_destroy(model);
}

TEST(c_api, makes_a_model_of_numbers_whatever_the_floating_point_modes) {
  const double weight = 1;
  const double mean = 0;
  const double subnormal = 1e-310;
  samebits_gmm_model* model = nullptr;
  samebits_gmm_model* read = nullptr;
  const char* json = nullptr;
  const fp_mode mode(flush_to_zero | round_upward);

  const samebits_status created = samebits_gmm_model_create(SAMEBITS_DIAG, 1, 1, &weight, &mean, &subnormal, &model);
  const samebits_status written = samebits_gmm_model_to_json(model, &json);
  const samebits_status has_read = samebits_gmm_model_from_json(json, &read);

  EXPECT_EQ(created, SAMEBITS_OK);
  EXPECT_EQ(written, SAMEBITS_OK);
  EXPECT_EQ(has_read, SAMEBITS_OK);
  EXPECT_STREQ(samebits_gmm_model_digest(read), samebits_gmm_model_digest(model));
  samebits_gmm_model_destroy(read);
  samebits_gmm_model_destroy(model);
}

TEST(c_api, weighs_rows_in_a_sweep_whatever_the_number_of_components_in_the_options) {
  const both_interfaces b;
  const covariance_type type = covariance_type::full;
  const samebits_covariance_type c_type = SAMEBITS_FULL;
  const std::int64_t sizes[] = {1, 2};
  samebits_gmm_options c;
  samebits_gmm_options_init(&c);
  c.n_components = 1'000'000;
  c.sample_weights = b.weights.data();
  gmm_options cpp;
  cpp.sample_weights = b.weights;
  samebits_gmm_selection* selection = nullptr;

  ASSERT_EQ(samebits_gmm_select(b.c_ctx, b.x.values.data(), b.n, 2, &c_type, 1, sizes, 2, &c, SAMEBITS_CRITERION_AIC,
                                &selection),
            SAMEBITS_OK);

  const gmm_selection expected = gmm_select(b.ctx, b.doubles(), {&type, 1}, sizes, cpp, gmm_criterion::aic);
  EXPECT_EQ(samebits_gmm_model_digest(samebits_gmm_selection_model(selection)), gmm_digest(expected.model));
  EXPECT_EQ(samebits_gmm_selection_best(selection), expected.best);
  samebits_gmm_selection_destroy(selection);

  ASSERT_EQ(samebits_gmm_select_float(b.c_ctx, b.floats.data(), b.n, 2, &c_type, 1, sizes, 2, &c,
                                      SAMEBITS_CRITERION_AIC, &selection),
            SAMEBITS_OK);

  const gmm_selection of_floats = gmm_select(b.ctx, b.singles(), {&type, 1}, sizes, cpp, gmm_criterion::aic);
  EXPECT_EQ(samebits_gmm_model_digest(samebits_gmm_selection_model(selection)), gmm_digest(of_floats.model));
  samebits_gmm_selection_destroy(selection);
}

TEST(c_api, merges_like_the_cpp_interface) {
  const both_interfaces b;
  const auto k = static_cast<std::size_t>(b.k);
  for (const bool of_floats : {false, true}) {
    const gmm_merging expected = of_floats ? gmm_merge(b.ctx, b.model, b.singles(), b.weights)
                                           : gmm_merge(b.ctx, b.model, b.doubles(), b.weights);
    std::vector<std::int64_t> kept(k - 1);
    std::vector<std::int64_t> joined(k - 1);
    std::vector<double> entropies(k);

    ASSERT_EQ(of_floats ? samebits_gmm_merge_float(b.c_ctx, b.c_model, b.floats.data(), b.n, 2, b.weights.data(),
                                                   kept.data(), joined.data(), entropies.data())
                        : samebits_gmm_merge(b.c_ctx, b.c_model, b.x.values.data(), b.n, 2, b.weights.data(),
                                             kept.data(), joined.data(), entropies.data()),
              SAMEBITS_OK);

    EXPECT_EQ(entropies[0], expected.entropy);
    for (std::size_t i = 0; i + 1 < k; ++i) {
      EXPECT_EQ(kept[i], expected.mergers[i].kept);
      EXPECT_EQ(joined[i], expected.mergers[i].joined);
      EXPECT_EQ(entropies[i + 1], expected.mergers[i].entropy);
    }
  }
}

TEST(c_api, fits_with_priors_like_the_cpp_interface) {
  const both_interfaces b;
  const std::vector<double> mean = {1, -1};
  const std::vector<double> variances = {2, 3};
  samebits_gmm_options c;
  samebits_gmm_options_init(&c);
  c.n_components = b.k;
  c.covariance = SAMEBITS_DIAG;
  samebits_gmm_priors priors;
  samebits_gmm_priors_init(&priors);
  priors.mean_prior = mean.data();
  priors.covariance_prior = variances.data();
  priors.mean_precision_prior = 2;
  bayesian_gmm_options cpp;
  cpp.fit.n_components = b.k;
  cpp.fit.covariance = covariance_type::diag;
  cpp.mean_prior = mean;
  cpp.covariance_prior = {variances.data(), 1, 2};
  cpp.mean_precision_prior = 2;
  samebits_bayesian_gmm_model* model = nullptr;

  ASSERT_EQ(samebits_bayesian_gmm_fit_float(b.c_ctx, b.floats.data(), b.n, 2, &c, &priors, &model), SAMEBITS_OK);

  const bayesian_gmm_model expected = bayesian_gmm_fit(b.ctx, b.singles(), cpp);
  EXPECT_EQ(samebits_gmm_model_digest(samebits_bayesian_gmm_model_mixture(model)), gmm_digest(expected.mixture));
  const double* const concentration = samebits_bayesian_gmm_model_weight_concentration(model);
  EXPECT_EQ(std::vector<double>(concentration, concentration + 2 * b.k), expected.weight_concentration);
  samebits_bayesian_gmm_model_destroy(model);
}

}  // namespace
}  // namespace samebits::tests
