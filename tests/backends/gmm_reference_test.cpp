// Fits of real data against tests/data/em_fits.json, on every backend.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/table.hpp"
#include "samebits/gmm_model.hpp"
#include "tests/backends/backend_test.hpp"
#include "tests/backends/gmm_oracle.hpp"

namespace samebits::tests {
namespace {

using nlohmann::json;
using gmm_reference = backend_test;
SAMEBITS_ON_EVERY_BACKEND(gmm_reference);

struct reference_fit {
  std::string name;
  matrix x;
  std::int64_t n_components;
  covariance_type covariance;
  double log_likelihood_of_start;
  double log_likelihood_after_1;
  double log_likelihood_after_2;
  double log_likelihood;
  double aic;
  double bic;
  std::int64_t n_iter;
  std::vector<double> weights;
  std::vector<double> means;
};

double number(const json& text) { return std::stod(text.get<std::string>()); }

matrix read_matrix(const std::string& file) {
  cli::table t = cli::read_table(data_file(file).string());
  return matrix(t.n_rows, t.n_cols, std::move(t.values));
}

reference_fit read_fit(const json& fit) {
  const std::string dataset = fit["dataset"];
  const std::string covariance = fit["cov"];
  reference_fit r{dataset + ", K = " + std::to_string(fit["K"].get<int>()) + ", " + covariance,
                  read_matrix(dataset + ".csv"),
                  fit["K"],
                  covariance_type_named(covariance),
                  number(fit["ll_after_hard_mstep"]),
                  number(fit["ll_after_1_em"]),
                  number(fit["ll_after_2_em"]),
                  number(fit["ll_converged"]),
                  number(fit["aic"]),
                  number(fit["bic"]),
                  fit["iters_to_1e16"],
                  {},
                  {}};
  for (const json& weight : fit["weights"]) {
    r.weights.push_back(number(weight));
  }
  for (const json& mean : fit["means"]) {
    std::transform(mean.begin(), mean.end(), std::back_inserter(r.means), number);
  }
  return r;
}

/// All reference fits: faithful and iris, one to three components, full, tied, diag and spherical.
std::vector<reference_fit> reference_fits() {
  std::vector<reference_fit> fits;
  const json file = json::parse(read_file(data_file("em_fits.json")));
  for (const json& fit : file["fits"]) {
    fits.push_back(read_fit(fit));
  }
  EXPECT_EQ(fits.size(), 17u);
  return fits;
}

gmm_model fit_from_slices(const context& ctx, const matrix& x, const reference_fit& r, std::int64_t max_iter,
                          double tol) {
  const gmm_start start = sliced_start(x, r.n_components, r.covariance);
  gmm_options options = start.options();
  options.tol = tol;
  options.reg_covar = 0;
  options.max_iter = max_iter;
  return gmm_fit(ctx, x.view(), options);
}

double total(const gmm_model& model, const matrix& x) { return model.log_likelihood * static_cast<double>(x.n_rows); }

TEST_P(gmm_reference, log_likelihood_of_the_start_and_after_each_iteration_agrees) {
  for (const reference_fit& r : reference_fits()) {
    const gmm_model model = fit_from_slices(ctx(), r.x, r, 2, -1);

    ASSERT_EQ(model.trace.size(), 3u) << r.name;
    const double expected[] = {r.log_likelihood_of_start, r.log_likelihood_after_1, r.log_likelihood_after_2};
    for (std::size_t t = 0; t < 3; ++t) {
      EXPECT_NEAR(model.trace[t] * static_cast<double>(r.x.n_rows), expected[t], 1e-9 * std::abs(expected[t]))
          << r.name << " after " << t << " iterations";
    }
  }
}

TEST_P(gmm_reference, log_likelihood_after_one_iteration_agrees) {
  for (const reference_fit& r : reference_fits()) {
    const gmm_model model = fit_from_slices(ctx(), r.x, r, 1, -1);

    EXPECT_NEAR(total(model, r.x), r.log_likelihood_after_1, 1e-9 * std::abs(r.log_likelihood_after_1)) << r.name;
  }
}

TEST_P(gmm_reference, converged_log_likelihood_agrees) {
  for (const reference_fit& r : reference_fits()) {
    const gmm_model model = fit_from_slices(ctx(), r.x, r, 1000, 0);

    EXPECT_TRUE(model.converged) << r.name;
    EXPECT_NEAR(total(model, r.x), r.log_likelihood, 1e-9 * std::abs(r.log_likelihood)) << r.name;
  }
}

TEST_P(gmm_reference, converged_criteria_agree) {
  for (const reference_fit& r : reference_fits()) {
    const gmm_criteria criteria = gmm_evaluate(ctx(), fit_from_slices(ctx(), r.x, r, 1000, 0), r.x.view());

    EXPECT_NEAR(criteria.aic, r.aic, 1e-9 * std::abs(r.aic)) << r.name;
    EXPECT_NEAR(criteria.bic, r.bic, 1e-9 * std::abs(r.bic)) << r.name;
  }
}

TEST_P(gmm_reference, weights_and_means_after_the_same_iterations_agree) {
  for (const reference_fit& r : reference_fits()) {
    const gmm_model model = fit_from_slices(ctx(), r.x, r, r.n_iter, -1);

    for (std::size_t i = 0; i < r.weights.size(); ++i) {
      EXPECT_NEAR(model.weights[i], r.weights[i], 1e-12) << r.name << ", weight " << i;
    }
    for (std::size_t i = 0; i < r.means.size(); ++i) {
      EXPECT_NEAR(model.means[i], r.means[i], 1e-12 * std::max(1.0, std::abs(r.means[i]))) << r.name << ", mean " << i;
    }
  }
}

TEST_P(gmm_reference, data_far_from_the_origin_converge_to_the_same_log_likelihood) {
  for (const reference_fit& r : reference_fits()) {
    matrix shifted = r.x;
    for (double& value : shifted.values) {
      value += 1e8;
    }

    const gmm_model model = fit_from_slices(ctx(), shifted, r, 1000, 0);

    EXPECT_NEAR(total(model, shifted), r.log_likelihood, 1e-6 * std::abs(r.log_likelihood)) << r.name;
  }
}

TEST_P(gmm_reference, float_rows_converge_to_the_same_log_likelihood) {
  for (const reference_fit& r : reference_fits()) {
    const rows_of<float> x(r.x);
    const gmm_start start = sliced_start(r.x, r.n_components, r.covariance);
    gmm_options options = start.options();
    options.tol = 0;
    options.reg_covar = 0;
    options.max_iter = 1000;

    const gmm_model model = gmm_fit(ctx(), x.view(), options);

    // The data have two to four digits; rounding them to float moves each by at most 2^-25 of its value.
    EXPECT_NEAR(total(model, r.x), r.log_likelihood, 1e-5 * std::abs(r.log_likelihood)) << r.name;
  }
}

TEST_P(gmm_reference, a_random_start_with_restarts_finds_the_best_known_fit) {
  for (const reference_fit& r : reference_fits()) {
    gmm_options options;
    options.n_components = r.n_components;
    options.covariance = r.covariance;
    options.n_init = 20;
    options.tol = 1e-10;
    options.max_iter = 2000;

    const gmm_model model = gmm_fit(ctx(), r.x.view(), options);

    EXPECT_GT(total(model, r.x), r.log_likelihood - 1e-2) << r.name;
  }
}

}  // namespace
}  // namespace samebits::tests
