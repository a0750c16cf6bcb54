// Fits of real data against tests/data/em_fits.json, on every backend.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/table.hpp"
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
  double log_likelihood_after_1;
  double log_likelihood;
  std::int64_t n_iter;
  std::vector<double> weights;
  std::vector<double> means;
};

double number(const json& text) { return std::stod(text.get<std::string>()); }

matrix read_matrix(const std::string& file) {
  cli::table t = cli::read_table(data_file(file).string());
  return matrix(t.n_rows, t.n_cols, std::move(t.values));
}

/// The reference fits with full covariances.
std::vector<reference_fit> reference_fits() {
  std::vector<reference_fit> fits;
  const json file = json::parse(read_file(data_file("em_fits.json")));
  for (const json& fit : file["fits"]) {
    if (fit["cov"] != "full") {
      continue;
    }
    const std::string dataset = fit["dataset"];
    reference_fit r{dataset + ", K = " + std::to_string(fit["K"].get<int>()),
                    read_matrix(dataset + ".csv"),
                    fit["K"],
                    number(fit["ll_after_1_em"]),
                    number(fit["ll_converged"]),
                    fit["iters_to_1e16"],
                    {},
                    {}};
    for (const json& weight : fit["weights"]) {
      r.weights.push_back(number(weight));
    }
    for (const json& mean : fit["means"]) {
      std::transform(mean.begin(), mean.end(), std::back_inserter(r.means), number);
    }
    fits.push_back(std::move(r));
  }
  EXPECT_EQ(fits.size(), 5u);
  return fits;
}

/// The start that em_fits.json describes: sort the rows by their first column, cut them into k slices, and take each
/// slice for a component.
gmm_start sliced_start(const matrix& x, std::int64_t n_components) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(x.n_rows));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) { return x(a, 0) < x(b, 0); });
  mixture m;
  for (std::int64_t k = 0; k < n_components; ++k) {
    long_vector shares = long_vector::Zero(x.n_rows);
    for (std::int64_t i = k * x.n_rows / n_components; i < (k + 1) * x.n_rows / n_components; ++i) {
      shares(order[static_cast<std::size_t>(i)]) = 1;
    }
    add_weighted_component(long_rows(x), shares, m);
  }
  return gmm_start(m);
}

gmm_model fit_from_slices(const context& ctx, const matrix& x, std::int64_t n_components, std::int64_t max_iter,
                          double tol) {
  const gmm_start start = sliced_start(x, n_components);
  gmm_options options = start.options();
  options.tol = tol;
  options.reg_covar = 0;
  options.max_iter = max_iter;
  return gmm_fit(ctx, x.view(), options);
}

double total(const gmm_model& model, const matrix& x) { return model.log_likelihood * static_cast<double>(x.n_rows); }

TEST_P(gmm_reference, log_likelihood_after_one_iteration_agrees) {
  for (const reference_fit& r : reference_fits()) {
    const gmm_model model = fit_from_slices(ctx(), r.x, r.n_components, 1, -1);

    EXPECT_NEAR(total(model, r.x), r.log_likelihood_after_1, 1e-9 * std::abs(r.log_likelihood_after_1)) << r.name;
  }
}

TEST_P(gmm_reference, converged_log_likelihood_agrees) {
  for (const reference_fit& r : reference_fits()) {
    const gmm_model model = fit_from_slices(ctx(), r.x, r.n_components, 1000, 0);

    EXPECT_TRUE(model.converged) << r.name;
    EXPECT_NEAR(total(model, r.x), r.log_likelihood, 1e-9 * std::abs(r.log_likelihood)) << r.name;
  }
}

TEST_P(gmm_reference, weights_and_means_after_the_same_iterations_agree) {
  for (const reference_fit& r : reference_fits()) {
    const gmm_model model = fit_from_slices(ctx(), r.x, r.n_components, r.n_iter, -1);

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

    const gmm_model model = fit_from_slices(ctx(), shifted, r.n_components, 1000, 0);

    EXPECT_NEAR(total(model, shifted), r.log_likelihood, 1e-6 * std::abs(r.log_likelihood)) << r.name;
  }
}

TEST_P(gmm_reference, a_random_start_with_restarts_finds_the_best_known_fit) {
  for (const reference_fit& r : reference_fits()) {
    gmm_options options;
    options.n_components = r.n_components;
    options.n_init = 20;
    options.tol = 1e-10;
    options.max_iter = 2000;

    const gmm_model model = gmm_fit(ctx(), r.x.view(), options);

    EXPECT_GT(total(model, r.x), r.log_likelihood - 1e-2) << r.name;
  }
}

}  // namespace
}  // namespace samebits::tests
