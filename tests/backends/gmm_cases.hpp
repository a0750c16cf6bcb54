// What the mixture tests share: options, types to go through, closeness to the oracle, refusals.
#pragma once

#include <gtest/gtest.h>

#include "tests/backends/backend_test.hpp"
#include "tests/backends/gmm_oracle.hpp"

namespace samebits::tests {

/// A fixed number of iterations from a random start.
inline gmm_options iterations(std::int64_t n_components, std::int64_t n_iterations) {
  gmm_options o;
  o.n_components = n_components;
  o.seed = 11;
  o.task = 3;
  o.max_iter = n_iterations;
  o.tol = -1;
  return o;
}

/// Calls the test's body for every type of covariance and rows: body(type, T()).
template <class Body>
void for_every_type(const Body& body) {
  for (const covariance_type type : covariance_types) {
    for (const bool is_float : {false, true}) {
      SCOPED_TRACE(std::string(name_of(type)) + " covariances, rows of " + (is_float ? "float" : "double"));
      if (is_float) {
        body(type, float());
      } else {
        body(type, double());
      }
    }
  }
}

inline double largest(const long_matrix& m) { return static_cast<double>(m.cwiseAbs().maxCoeff()); }

/// Parameters within `tolerance` of their largest element.
inline void expect_close(const gmm_model& model, const mixture& expected, double tolerance) {
  const mixture found = mixture_of(model);
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t k = 0; k < expected.size(); ++k) {
    EXPECT_NEAR(model.weights[k], static_cast<double>(expected.weights[k]), tolerance) << "weight " << k;
    EXPECT_LE(largest(found.means[k] - expected.means[k]), tolerance * largest(expected.means[k])) << "mean " << k;
    EXPECT_LE(largest(found.covariances[k] - expected.covariances[k]), tolerance * largest(expected.covariances[k]))
        << "covariance " << k;
  }
}

/// Fits of a few rows that are refused for their arguments.
class gmm_refusals : public backend_test {
 protected:
  void SetUp() override {
    backend_test::SetUp();
    options_.n_components = 2;
  }

  std::string error() const {
    return error_of<invalid_argument>([&] { gmm_fit(ctx(), x_.view(), options_); });
  }

  matrix x_ = matrix(4, 2, {0, 1, 2, 3, 5, 4, 7, 7});
  gmm_options options_;
};

}  // namespace samebits::tests
