// The steps of EM in the open: an EM of one's own from them, their values against the long-double oracle, their bits,
// their errors.
#include <cmath>
#include <limits>
#include <type_traits>

#include "samebits/gmm.hpp"
#include "tests/backends/backend_test.hpp"
#include "tests/backends/gmm_cases.hpp"
#include "tests/backends/gmm_oracle.hpp"

namespace samebits::tests {
namespace {

using gmm_steps = backend_test;
SAMEBITS_ON_EVERY_BACKEND(gmm_steps);
// The block emulator with so little work space that a pass takes many batches of leaves.
INSTANTIATE_TEST_SUITE_P(in_batches_on, gmm_steps, testing::Values("cuda-emulated-small"), backend_test_name);

/// Of parameters, relative to their largest element. With float rows see gmm_types_test.cpp.
template <class T>
constexpr double tolerance = std::is_same_v<T, float> ? 1e-4 : 2e-13;

/// What the E-step gives, in the type of the rows.
template <class T>
struct e_step {
  e_step(const context& ctx, const gmm_model& model, const rows_of<T>& x)
      : n_rows(x.n_rows),
        n_components(model.n_components),
        log_responsibilities(static_cast<std::size_t>(n_rows * n_components)),
        log_likelihoods(static_cast<std::size_t>(n_rows)) {
    gmm_expectation(ctx, model, x.view(), view(), log_likelihoods);
  }

  matrix_view<T> view() { return {log_responsibilities.data(), n_rows, n_components}; }
  matrix responsibilities() const {
    matrix r(n_rows, n_components);
    for (std::size_t i = 0; i < r.values.size(); ++i) {
      r.values[i] = std::exp(static_cast<double>(log_responsibilities[i]));
    }
    return r;
  }

  std::int64_t n_rows;
  std::int64_t n_components;
  std::vector<T> log_responsibilities;
  std::vector<T> log_likelihoods;
};

template <class T>
std::vector<T> log_probs(const context& ctx, const gmm_model& model, const rows_of<T>& x) {
  std::vector<T> out(static_cast<std::size_t>(x.n_rows * model.n_components));
  gmm_log_prob(ctx, model, x.view(), matrix_view<T>(out.data(), x.n_rows, model.n_components));
  return out;
}

// ---- an EM of one's own ------------------------------------------------------------------------------------------

TEST_P(gmm_steps, make_an_em_that_reaches_the_fit) {
  for_every_type([&](covariance_type type, auto t) {
    using T = decltype(t);
    for (const std::int64_t n_cols : {2, 9}) {
      const rows_of<T> x(blobs(ctx(), 600, n_cols, 3));
      const gmm_start start = spread_start(long_rows(x.widened()), 3, type);
      gmm_options options = start.options();
      options.max_iter = 6;
      options.tol = -1;
      const gmm_model fitted = gmm_fit(ctx(), x.view(), options);

      gmm_model own = start.model();
      for (int i = 0; i < 6; ++i) {
        const matrix shares = e_step<T>(ctx(), own, x).responsibilities();
        own = gmm_maximization(ctx(), x.view(), shares.view(), options);
      }

      SCOPED_TRACE(std::to_string(n_cols) + " columns");
      expect_close(own, mixture_of(fitted), std::is_same_v<T, float> ? 1e-3 : 1e-11);
      EXPECT_EQ(own.log_likelihood, 0);
      EXPECT_EQ(own.n_iter, 0);
      EXPECT_EQ(own.covariance, type);
    }
  });
}

TEST_P(gmm_steps, make_a_weighted_em_that_reaches_the_fit) {
  for_every_type([&](covariance_type type, auto t) {
    using T = decltype(t);
    const rows_of<T> x(blobs(ctx(), 600, 3, 3));
    const gmm_start start = spread_start(long_rows(x.widened()), 3, type);
    std::vector<double> weights(600);
    for (std::size_t i = 0; i < weights.size(); ++i) {
      weights[i] = static_cast<double>(i % 5) / 2;
    }
    gmm_options options = start.options();
    options.max_iter = 4;
    options.tol = -1;
    options.sample_weights = weights;
    const gmm_model fitted = gmm_fit(ctx(), x.view(), options);

    gmm_model own = start.model();
    for (int i = 0; i < 4; ++i) {
      const matrix shares = e_step<T>(ctx(), own, x).responsibilities();
      own = gmm_maximization(ctx(), x.view(), shares.view(), options);
    }

    expect_close(own, mixture_of(fitted), std::is_same_v<T, float> ? 1e-3 : 1e-11);
  });
}

// ---- values ------------------------------------------------------------------------------------------------------

TEST_P(gmm_steps, log_probs_are_those_of_the_oracle) {
  for_every_type([&](covariance_type type, auto t) {
    using T = decltype(t);
    for (const std::int64_t n_cols : {1, 2, 7, 8, 17}) {
      const rows_of<T> x(blobs(ctx(), 530, n_cols, 3));
      const gmm_start start = spread_start(long_rows(x.widened()), 3, type);

      const std::vector<T> found = log_probs(ctx(), start.model(), x);

      const long_matrix expected = log_densities(long_rows(x.widened()), start.rounded());
      const double limit = std::is_same_v<T, float> ? 3e-5 : 1e-13;
      for (std::size_t i = 0; i < found.size(); ++i) {
        const double value = static_cast<double>(expected.data()[i]);
        ASSERT_NEAR(static_cast<double>(found[i]), value, limit * (1 + std::abs(value)))
            << n_cols << " columns, row " << i / 3 << ", component " << i % 3;
      }
    }
  });
}

TEST_P(gmm_steps, the_expectation_is_that_of_the_oracle) {
  for_every_type([&](covariance_type type, auto t) {
    using T = decltype(t);
    for (const std::int64_t n_cols : {1, 2, 9}) {
      const rows_of<T> x(blobs(ctx(), 530, n_cols, 3));
      const gmm_start start = spread_start(long_rows(x.widened()), 3, type);

      const e_step<T> found(ctx(), start.model(), x);

      const long_matrix densities = log_densities(long_rows(x.widened()), start.rounded());
      const long_vector scores = row_log_likelihoods(densities);
      const double limit = std::is_same_v<T, float> ? 3e-5 : 1e-13;
      for (std::int64_t i = 0; i < x.n_rows; ++i) {
        const double score = static_cast<double>(scores(i));
        ASSERT_NEAR(found.log_likelihoods[static_cast<std::size_t>(i)], score, limit * (1 + std::abs(score))) << i;
        double sum = 0;
        for (std::int64_t k = 0; k < 3; ++k) {
          const double log_share = found.log_responsibilities[static_cast<std::size_t>(3 * i + k)];
          const double expected = static_cast<double>(densities(i, k) - scores(i));
          ASSERT_NEAR(log_share, expected, limit * (1 + std::abs(score) + std::abs(expected))) << i << ", " << k;
          sum += std::exp(log_share);
        }
        ASSERT_NEAR(sum, 1, limit * (3 + std::abs(score))) << i;
      }
    }
  });
}

TEST_P(gmm_steps, the_expectation_is_made_of_the_log_probs) {
  const rows_of<double> x(blobs(ctx(), 530, 3, 3));
  const gmm_model model = spread_start(long_rows(x.widened()), 3, covariance_type::full).model();

  const std::vector<double> densities = log_probs(ctx(), model, x);
  const e_step<double> found(ctx(), model, x);

  for (std::size_t i = 0; i < densities.size(); ++i) {
    ASSERT_EQ(found.log_responsibilities[i], densities[i] - found.log_likelihoods[i / 3]) << i;
  }
}

/// Shares that sum to anything, and are 0 here and there.
matrix some_shares(std::int64_t n_rows, std::int64_t n_components) {
  matrix shares(n_rows, n_components);
  for (std::int64_t i = 0; i < n_rows; ++i) {
    for (std::int64_t k = 0; k < n_components; ++k) {
      shares(i, k) = static_cast<double>((i * 3 + k * k * 5 + i * k) % 7) / 4;
    }
  }
  return shares;
}

TEST_P(gmm_steps, the_maximization_is_that_of_the_oracle) {
  for_every_type([&](covariance_type type, auto t) {
    using T = decltype(t);
    for (const std::int64_t n_cols : {1, 2, 7, 8, 17}) {
      for (const bool weighted : {false, true}) {
        const rows_of<T> x(blobs(ctx(), 530, n_cols, 3));
        const matrix shares = some_shares(530, 3);
        std::vector<double> weights(weighted ? 530 : 0);
        for (std::size_t i = 0; i < weights.size(); ++i) {
          weights[i] = static_cast<double>(i % 4) / 2;
        }
        gmm_options options;
        options.covariance = type;
        options.reg_covar = 0.125;
        options.sample_weights = weights;

        const gmm_model model = gmm_maximization(ctx(), x.view(), shares.view(), options);

        em_rules rules;
        rules.type = type;
        rules.row_weights = weights;
        rules.reg_covar = 0.125;
        const long_matrix exact = long_rows(x.widened());
        const mixture before = spread_start(exact, 3, type).rounded();  // of which nothing is left
        SCOPED_TRACE(std::to_string(n_cols) + " columns");
        expect_close(model, maximised(exact, long_rows(shares), before, rules), tolerance<T>);
      }
    }
  });
}

TEST_P(gmm_steps, the_maximization_far_from_the_origin_is_that_of_the_oracle) {
  for (const covariance_type type : covariance_types) {
    for (const double offset : {1e6, -1e8}) {
      matrix x = blobs(ctx(), 530, 3, 3);
      for (double& value : x.values) {
        value += offset;
      }
      const matrix shares = some_shares(530, 3);
      gmm_options options;
      options.covariance = type;
      options.reg_covar = 0;

      const gmm_model model = gmm_maximization(ctx(), x.view(), shares.view(), options);

      em_rules rules;
      rules.type = type;
      const mixture expected =
          maximised(long_rows(x), long_rows(shares), spread_start(long_rows(x), 3, type).rounded(), rules);
      SCOPED_TRACE(std::string(name_of(type)) + ", offset " + std::to_string(offset));
      expect_close(model, expected, 1e-12);
    }
  }
}

TEST_P(gmm_steps, the_maximization_gives_a_component_without_rows_the_moments_of_all) {
  for_every_type([&](covariance_type type, auto t) {
    using T = decltype(t);
    const rows_of<T> x(blobs(ctx(), 530, 3, 3));
    matrix shares = some_shares(530, 3);
    for (std::int64_t i = 0; i < shares.n_rows; ++i) {
      shares(i, 1) = 0;
    }
    gmm_options options;
    options.covariance = type;
    options.reg_covar = 0;

    const gmm_model model = gmm_maximization(ctx(), x.view(), shares.view(), options);

    const mixture found = mixture_of(model);
    mixture all;
    add_weighted_component(long_rows(x.widened()), long_vector::Ones(530), all);
    EXPECT_EQ(model.weights[1], 0);
    EXPECT_NEAR(model.weights[0] + model.weights[2], 1, 1e-15);
    EXPECT_LE(largest(found.means[1] - all.means[0]), tolerance<T> * largest(all.means[0]));
    if (!is_tied_type(type)) {
      const long_matrix expected = restricted(all.covariances[0], type);
      EXPECT_LE(largest(found.covariances[1] - expected), tolerance<T> * largest(expected));
    }
  });
}

// ---- bits --------------------------------------------------------------------------------------------------------

TEST_P(gmm_steps, have_the_bits_of_the_scalar_cpu) {
  const context scalar({"cpu", "scalar", 1});
  for_every_type([&](covariance_type type, auto t) {
    using T = decltype(t);
    for (const std::int64_t n_cols : {1, 2, 7, 8, 17}) {
      for (const std::int64_t n_rows : {3, 17, 513, 1030}) {
        if (is_emulated() && n_rows * n_cols > 5000) {
          continue;
        }
        const rows_of<T> x(blobs(scalar, n_rows, n_cols, 3));
        const gmm_model model = spread_start(long_rows(blobs(scalar, 300, n_cols, 3)), 3, type).model();
        const matrix shares = some_shares(n_rows, 3);
        gmm_options options;
        options.covariance = type;
        options.reg_covar = 1;  // three rows have no covariance of their own
        const auto results = [&](const context& c) {
          const e_step<T> e(c, model, x);
          return std::tuple(log_probs(c, model, x), e.log_responsibilities, e.log_likelihoods,
                            gmm_digest(gmm_maximization(c, x.view(), shares.view(), options)));
        };

        EXPECT_EQ(results(ctx()), results(scalar)) << n_rows << " x " << n_cols;
      }
    }
  });
}

TEST_P(gmm_steps, of_a_part_of_the_rows_have_the_bits_of_the_whole) {
  const rows_of<double> x(blobs(ctx(), 1030, 3, 3));
  const gmm_model model = spread_start(long_rows(x.widened()), 3, covariance_type::full).model();
  const std::vector<double> whole = log_probs(ctx(), model, x);
  std::vector<double> part(100 * 3);

  gmm_log_prob(ctx(), model, {x.values.data() + 777 * 3, 100, 3}, {part.data(), 100, 3});

  EXPECT_TRUE(std::equal(part.begin(), part.end(), whole.begin() + 777 * 3));
}

// ---- shapes and errors -------------------------------------------------------------------------------------------

TEST_P(gmm_steps, take_one_output_without_the_other) {
  const rows_of<double> x(blobs(ctx(), 100, 2, 2));
  const gmm_model model = spread_start(long_rows(x.widened()), 2, covariance_type::diag).model();
  const e_step<double> both(ctx(), model, x);
  std::vector<double> log_responsibilities(200);
  std::vector<double> log_likelihoods(100);

  gmm_expectation(ctx(), model, x.view(), {log_responsibilities.data(), 100, 2}, {});
  gmm_expectation(ctx(), model, x.view(), {}, log_likelihoods);

  EXPECT_EQ(log_responsibilities, both.log_responsibilities);
  EXPECT_EQ(log_likelihoods, both.log_likelihoods);
}

class gmm_step_errors : public backend_test {
 protected:
  void SetUp() override {
    backend_test::SetUp();
    if (!IsSkipped() && !HasFatalFailure()) {
      x_ = blobs(ctx(), 100, 2, 2);
      model_ = gmm_start(spread_start(long_rows(x_), 3, covariance_type::full)).model();
    }
  }

  std::string error_of_log_prob() {
    return error_of<error>([&] { gmm_log_prob(ctx(), model_, x_.view(), out_.view()); });
  }
  std::string error_of_maximization() {
    return error_of<error>([&] { gmm_maximization(ctx(), x_.view(), shares_.view(), options_); });
  }

  matrix x_ = matrix(0, 0);
  matrix out_ = matrix(100, 3);
  matrix shares_ = matrix(100, 3, std::vector(300, 0.25));
  gmm_model model_;
  gmm_options options_;
};
SAMEBITS_ON_EVERY_BACKEND(gmm_step_errors);

TEST_P(gmm_step_errors, name_outputs_of_another_shape) {
  out_ = matrix(100, 2);
  EXPECT_EQ(error_of_log_prob(), "gmm_log_prob: out is 100 x 2 but must be 100 x 3");

  EXPECT_EQ(error_of<invalid_argument>([&] { gmm_expectation(ctx(), model_, x_.view(), out_.view(), {}); }),
            "gmm_expectation: log_responsibilities is 100 x 2 but must be 100 x 3");
  std::vector<double> scores(99);
  EXPECT_EQ(error_of<invalid_argument>([&] { gmm_expectation(ctx(), model_, x_.view(), {}, scores); }),
            "gmm_expectation: log_likelihoods has 99 elements but x has 100 rows");
}

TEST_P(gmm_step_errors, name_rows_and_outputs_without_memory) {
  const matrix_view<const double> no_rows(nullptr, 100, 2);
  const matrix_view<double> no_matrix(nullptr, 100, 3);
  const std::span<double> no_scores(static_cast<double*>(nullptr), 100);
  std::vector<double> scores(100);
  const auto error = [](const auto& call) { return error_of<invalid_argument>(call); };

  EXPECT_EQ(error([&] { gmm_log_prob(ctx(), model_, no_rows, out_.view()); }),
            "gmm_log_prob: x is 100 x 2 but must not be empty");
  EXPECT_EQ(error([&] { gmm_expectation(ctx(), model_, no_rows, out_.view(), scores); }),
            "gmm_expectation: x is 100 x 2 but must not be empty");
  EXPECT_EQ(error([&] { gmm_log_prob(ctx(), model_, x_.view(), no_matrix); }),
            "gmm_log_prob: out is NULL but must have room for 100 x 3 elements");
  EXPECT_EQ(error([&] { gmm_expectation(ctx(), model_, x_.view(), no_matrix, scores); }),
            "gmm_expectation: log_responsibilities is NULL but must have room for 100 x 3 elements");
  EXPECT_EQ(error([&] { gmm_expectation(ctx(), model_, x_.view(), out_.view(), no_scores); }),
            "gmm_expectation: log_likelihoods is NULL but must have room for 100 elements");
}

TEST_P(gmm_step_errors, name_more_rows_than_there_can_be) {
  const matrix_view<const double> endless(x_.values.data(), std::int64_t{1} << 56, 2);
  std::vector<double> scores(100);

  EXPECT_EQ(error_of<invalid_argument>([&] { gmm_expectation(ctx(), model_, endless, {}, {}); }),
            "gmm_expectation: x is 72057594037927936 x 2, which is more than 2^56 values");
}

TEST_P(gmm_step_errors, name_rows_with_other_columns) {
  x_ = matrix(100, 3);

  EXPECT_EQ(error_of_log_prob(), "gmm_log_prob: x has 3 columns but the model has 2");
}

TEST_P(gmm_step_errors, name_values_that_are_not_finite) {
  x_(41, 1) = std::numeric_limits<double>::quiet_NaN();

  EXPECT_TRUE(contains(error_of_log_prob(), "gmm_log_prob: x is nan at row 41, column 1")) << error_of_log_prob();
  EXPECT_TRUE(contains(error_of_maximization(), "gmm_maximization: x is nan at row 41, column 1"))
      << error_of_maximization();
}

TEST_P(gmm_step_errors, name_models_that_are_none) {
  model_.covariances[4] = -1;
  EXPECT_TRUE(contains(error_of_log_prob(), "gmm_log_prob: ")) << error_of_log_prob();
  EXPECT_TRUE(contains(error_of_log_prob(), "not positive definite")) << error_of_log_prob();
}

TEST_P(gmm_step_errors, name_shares_that_are_none) {
  for (const double bad : {-0.5, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    shares_(7, 2) = bad;

    EXPECT_TRUE(contains(error_of_maximization(), "gmm_maximization: responsibilities is ")) << bad;
    EXPECT_TRUE(contains(error_of_maximization(), " at row 7, column 2")) << bad;
  }
}

TEST_P(gmm_step_errors, name_shares_that_are_all_0) {
  shares_ = matrix(100, 3);

  EXPECT_EQ(error_of_maximization(), "gmm_maximization: responsibilities is 0 everywhere");
}

TEST_P(gmm_step_errors, name_shares_of_another_number_of_rows) {
  shares_ = matrix(99, 3, std::vector(297, 0.25));

  EXPECT_EQ(error_of_maximization(), "gmm_maximization: responsibilities is 99 x 3 but must be 100 x 3");
}

TEST_P(gmm_step_errors, name_a_singular_covariance) {
  for (std::int64_t i = 0; i < 100; ++i) {
    x_(i, 1) = 5;
  }
  options_.reg_covar = 0;

  EXPECT_TRUE(contains(error_of_maximization(), "singular at column 1")) << error_of_maximization();
}

}  // namespace
}  // namespace samebits::tests
