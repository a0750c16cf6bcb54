// What one does with a mixture, on every backend: labels, scores, samples, marginal and conditional mixtures, against
// the long-double oracle, on edges, and with the bits of the scalar CPU.
#include "samebits/gmm_model.hpp"

#include <cmath>
#include <limits>

#include "samebits/digest.hpp"
#include "samebits/random.hpp"
#include "tests/backends/backend_test.hpp"
#include "tests/backends/gmm_oracle.hpp"

namespace samebits::tests {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// Components that overlap, so that every row belongs to several.
gmm_model spread_model(const matrix& x, std::int64_t n_components, covariance_type type) {
  return spread_start(long_rows(x), n_components, type).model();
}

/// Everything that is computed for rows.
template <class T>
struct row_values {
  row_values(const context& ctx, const gmm_model& model, matrix_view<const T> x)
      : labels(x.n_rows()), proba(x.n_rows() * model.n_components), scores(x.n_rows()) {
    gmm_predict(ctx, model, x, labels);
    gmm_predict_proba(ctx, model, x, {proba.data(), x.n_rows(), model.n_components});
    gmm_score_samples(ctx, model, x, scores);
  }

  bool operator==(const row_values&) const = default;

  std::vector<double> all() const {
    std::vector<double> values(labels.begin(), labels.end());
    values.insert(values.end(), proba.begin(), proba.end());
    values.insert(values.end(), scores.begin(), scores.end());
    return values;
  }

  std::vector<std::int64_t> labels;
  std::vector<T> proba;
  std::vector<T> scores;
};

/// Calls body(type) for every type of covariance.
template <class Body>
void for_every_type(const Body& body) {
  for (const covariance_type type : covariance_types) {
    SCOPED_TRACE(name_of(type));
    body(type);
  }
}

template <class T>
void expect_near(std::span<const T> values, const long_matrix& expected, double tolerance, const char* what) {
  ASSERT_EQ(std::ssize(values), expected.size());
  for (std::int64_t i = 0; i < std::ssize(values); ++i) {
    ASSERT_NEAR(values[i], static_cast<double>(expected.data()[i]), tolerance) << what << ", element " << i;
  }
}

// ---- rows --------------------------------------------------------------------------------------------------------

using gmm_of_rows = backend_test;
SAMEBITS_ON_EVERY_BACKEND(gmm_of_rows);
INSTANTIATE_TEST_SUITE_P(in_pieces_on, gmm_of_rows, testing::Values("cuda-emulated-small"), backend_test_name);

/// Log-probs of rows 5 apart have up to four digits before the point; what is left of them decides.
template <class T>
constexpr double row_tolerance = std::is_same_v<T, float> ? 2e-3 : 2e-12;

template <class T>
void expect_oracle(const context& ctx, const gmm_model& model, const rows_of<T>& x) {
  const long_matrix rows = long_rows(x.widened());
  const mixture m = mixture_of(model);
  const long_matrix shares = responsibilities(rows, m);
  const row_values<T> values(ctx, model, x.view());

  expect_near<T>(values.proba, shares, row_tolerance<T>, "probabilities");
  expect_near<T>(values.scores, row_log_likelihoods(log_densities(rows, m)), row_tolerance<T>, "log-likelihoods");
  for (std::int64_t i = 0; i < x.n_rows; ++i) {
    EXPECT_GE(shares(i, values.labels[i]), shares.row(i).maxCoeff() - row_tolerance<T>) << "row " << i;
  }
  const double mean = static_cast<double>(log_likelihood(rows, m)) / static_cast<double>(x.n_rows);
  EXPECT_NEAR(gmm_score(ctx, model, x.view()), mean, row_tolerance<T>);
}

TEST_P(gmm_of_rows, agree_with_the_oracle) {
  for_every_type([&](covariance_type type) {
    for (const std::int64_t n_cols : {1, 3, 9}) {
      const matrix x = blobs(ctx(), 700, n_cols, 3);
      const gmm_model model = spread_model(x, 4, type);

      expect_oracle(ctx(), model, rows_of<double>(x));
      expect_oracle(ctx(), model, rows_of<float>(x));
    }
  });
}

TEST_P(gmm_of_rows, have_the_bits_of_the_scalar_cpu_on_any_number_of_threads) {
  const context scalar({"cpu", "scalar", 1});
  const matrix x = blobs(scalar, is_emulated() ? 1030 : 20'011, 3, 3);
  for_every_type([&](covariance_type type) {
    const gmm_model model = spread_model(x, 4, type);
    const row_values<double> expected(scalar, model, x.view());
    const row_values<float> float_expected(scalar, model, rows_of<float>(x).view());
    for (const int n_threads : {1, 3}) {
      const context threads = on_threads(n_threads);

      EXPECT_EQ(row_values<double>(threads, model, x.view()), expected);
      EXPECT_EQ(row_values<float>(threads, model, rows_of<float>(x).view()), float_expected);
      EXPECT_EQ(gmm_score(threads, model, x.view()), gmm_score(scalar, model, x.view()));
      EXPECT_EQ(gmm_score(threads, model, rows_of<float>(x).view()),
                gmm_score(scalar, model, rows_of<float>(x).view()));
    }
  });
}

TEST_P(gmm_of_rows, do_not_depend_on_the_rows_around_them) {
  const matrix x = blobs(ctx(), 1000, 2, 3);
  const gmm_model model = spread_model(x, 3, covariance_type::full);
  const row_values<double> all(ctx(), model, x.view());
  for (const std::int64_t first : {1, 511, 513, 999}) {
    const matrix_view<const double> rest(x.view().row(first).data(), 1000 - first, 2);
    const row_values<double> part(ctx(), model, rest);

    EXPECT_EQ(part.scores, std::vector(all.scores.begin() + first, all.scores.end()));
    EXPECT_EQ(part.proba, std::vector(all.proba.begin() + first * 3, all.proba.end()));
    EXPECT_EQ(part.labels, std::vector(all.labels.begin() + first, all.labels.end()));
  }
}

TEST_P(gmm_of_rows, may_be_none) {
  const gmm_model model = spread_model(blobs(ctx(), 10, 2, 1), 2, covariance_type::diag);

  EXPECT_TRUE(row_values<double>(ctx(), model, {nullptr, 0, 2}).all().empty());
  EXPECT_TRUE(row_values<float>(ctx(), model, {nullptr, 0, 2}).all().empty());
}

TEST_P(gmm_of_rows, belong_to_a_single_component) {
  const matrix x = blobs(ctx(), 50, 2, 1);
  const row_values<double> values(ctx(), spread_model(x, 1, covariance_type::tied), x.view());

  EXPECT_EQ(values.labels, std::vector<std::int64_t>(50, 0));
  EXPECT_EQ(values.proba, std::vector(50, 1.0));
}

TEST_P(gmm_of_rows, belong_to_the_first_of_equal_components) {
  gmm_model model = spread_model(matrix(2, 1, {-1, 1}), 2, covariance_type::tied_spherical);
  model.weights = {0.5, 0.5};
  const matrix between(1, 1, {0});

  const row_values<double> values(ctx(), model, between.view());

  EXPECT_EQ(values.labels, std::vector<std::int64_t>{0});
  EXPECT_EQ(values.proba, (std::vector{0.5, 0.5}));
}

TEST_P(gmm_of_rows, never_belong_to_a_component_without_weight) {
  const matrix x = blobs(ctx(), 60, 2, 2);
  gmm_model model = spread_model(x, 3, covariance_type::full);
  model.weights = {0.25, 0, 0.75};

  const row_values<double> values(ctx(), model, x.view());

  for (std::int64_t i = 0; i < 60; ++i) {
    EXPECT_NE(values.labels[i], 1);
    EXPECT_EQ(values.proba[3 * i + 1], 0);
    EXPECT_NEAR(values.proba[3 * i] + values.proba[3 * i + 2], 1, 1e-15);
  }
}

TEST_P(gmm_of_rows, far_from_everything_have_shares_that_sum_to_1) {
  const gmm_model model = spread_model(blobs(ctx(), 60, 2, 2), 3, covariance_type::full);
  for (const double far : {1e8, 1e30, 1e150}) {
    const matrix x(1, 2, {far, -far});

    const row_values<double> values(ctx(), model, x.view());

    EXPECT_NEAR(values.proba[0] + values.proba[1] + values.proba[2], 1, 1e-15) << far;
    EXPECT_TRUE(std::isfinite(values.scores[0])) << far;
  }
}

TEST_P(gmm_of_rows, whose_distances_overflow_are_named) {
  const gmm_model model = spread_model(blobs(ctx(), 60, 2, 2), 3, covariance_type::full);
  matrix x = blobs(ctx(), 1300, 2, 2);
  x(1200, 1) = 1e160;
  const std::string reason =
      ": row 1200 of x (counted from 0) is so far from every component that its squared distances overflow";

  EXPECT_EQ(error_of<numerical_failure>([&] { row_values<double>(ctx(), model, x.view()); }), "gmm_predict" + reason);
  EXPECT_EQ(error_of<numerical_failure>([&] { gmm_score(ctx(), model, x.view()); }), "gmm_score" + reason);
  x(1200, 1) = 1e30;
  const rows_of<float> narrow(x);
  std::vector<float> scores(1300);
  EXPECT_EQ(error_of<numerical_failure>([&] { gmm_score_samples(ctx(), model, narrow.view(), scores); }),
            "gmm_score_samples" + reason);
}

TEST_P(gmm_of_rows, that_are_not_finite_are_named) {
  const gmm_model model = spread_model(blobs(ctx(), 60, 2, 2), 3, covariance_type::diag);
  for (const double value : {nan, infinity, -infinity}) {
    matrix x = blobs(ctx(), 1300, 2, 2);
    x(700, 0) = 1e160;
    x(1200, 1) = value;
    std::vector<double> proba(3900);
    const std::string what = ": x is " +
                             std::string(std::isnan(value) ? "nan"
                                         : value > 0       ? "inf"
                                                           : "-inf") +
                             " at row 1200, column 1 (counted from 0) but must be finite";

    EXPECT_EQ(error_of<invalid_argument>([&] {
                gmm_predict_proba(ctx(), model, x.view(), {proba.data(), 1300, 3});
              }),
              "gmm_predict_proba" + what);
    EXPECT_EQ(error_of<invalid_argument>([&] { gmm_score(ctx(), model, x.view()); }), "gmm_score" + what);
  }
}

TEST_P(gmm_of_rows, with_weights_count_as_often) {
  const matrix x = blobs(ctx(), 40, 2, 2);
  const gmm_model model = spread_model(x, 3, covariance_type::full);
  std::vector<double> weights(40);
  matrix repeated(0, 2);
  for (std::int64_t i = 0; i < 40; ++i) {
    weights[i] = static_cast<double>(i % 4);
    for (std::int64_t copy = 0; copy < i % 4; ++copy) {
      repeated.values.insert(repeated.values.end(), x.view().row(i).begin(), x.view().row(i).end());
      ++repeated.n_rows;
    }
  }

  EXPECT_NEAR(gmm_score(ctx(), model, x.view(), weights), gmm_score(ctx(), model, repeated.view()), 1e-14);
  EXPECT_EQ(gmm_score(ctx(), model, x.view(), std::vector(40, 1.0)), gmm_score(ctx(), model, x.view()));
}

TEST_P(gmm_of_rows, of_another_shape_are_refused) {
  const gmm_model model = spread_model(blobs(ctx(), 60, 2, 2), 3, covariance_type::full);
  const matrix x = blobs(ctx(), 4, 2, 1);
  const matrix wide = blobs(ctx(), 4, 3, 1);
  std::vector<std::int64_t> labels(4);
  std::vector<double> out(12);

  const auto error = [](const auto& call) { return error_of<invalid_argument>(call); };
  EXPECT_EQ(error([&] { gmm_predict(ctx(), model, wide.view(), labels); }),
            "gmm_predict: x has 3 columns but the model has 2");
  EXPECT_EQ(error([&] { gmm_predict(ctx(), model, x.view(), std::span(labels).first(3)); }),
            "gmm_predict: labels has 3 elements but x has 4 rows");
  EXPECT_EQ(error([&] {
              gmm_predict_proba(ctx(), model, x.view(), {out.data(), 4, 2});
            }),
            "gmm_predict_proba: out is 4 x 2 but must be 4 x 3");
  EXPECT_EQ(error([&] { gmm_score_samples(ctx(), model, x.view(), out); }),
            "gmm_score_samples: out has 12 elements but x has 4 rows");
  EXPECT_EQ(error([&] {
              gmm_predict(ctx(), model, x.view(), {static_cast<std::int64_t*>(nullptr), 4});
            }),
            "gmm_predict: labels is NULL but must have room for 4 elements");
  EXPECT_EQ(error([&] {
              gmm_predict_proba(ctx(), model, x.view(), {nullptr, 4, 3});
            }),
            "gmm_predict_proba: out is NULL but must have room for 4 x 3 elements");
  EXPECT_EQ(error([&] {
              gmm_score_samples(ctx(), model, x.view(), {static_cast<double*>(nullptr), 4});
            }),
            "gmm_score_samples: out is NULL but must have room for 4 elements");
  EXPECT_EQ(error([&] { gmm_score(ctx(), model, matrix(0, 2).view()); }),
            "gmm_score: x is 0 x 2 but must not be empty");
  EXPECT_EQ(error([&] { gmm_score(ctx(), model, x.view(), std::vector{1.0}); }),
            "gmm_score: sample_weights has 1 elements but x has 4 rows");
  EXPECT_EQ(error([&] {
              gmm_score(ctx(), model, x.view(), std::vector{1.0, -1.0, 0.0, 0.0});
            }),
            "gmm_score: sample_weights[1] is -1 but must be finite and at least 0");
}

// ---- the model ---------------------------------------------------------------------------------------------------

class gmm_validity : public testing::Test {
 protected:
  std::string error() const {
    return error_of<invalid_argument>([&] { gmm_require_valid(model_); });
  }

  gmm_model model_ = spread_model(matrix(4, 2, {0, 1, 2, 3, 5, 4, 7, 7}), 2, covariance_type::full);
};

TEST_F(gmm_validity, is_that_of_every_type) {
  for_every_type([&](covariance_type type) {
    model_ = spread_model(matrix(4, 2, {0, 1, 2, 3, 5, 4, 7, 7}), 2, type);

    EXPECT_EQ(error(), "no error");
  });
}

TEST_F(gmm_validity, names_shapes) {
  model_.means.push_back(0);
  EXPECT_EQ(error(), "gmm_require_valid: model.means has 5 elements but must have 4");
  model_.covariance = covariance_type::tied;
  model_.means.pop_back();
  EXPECT_EQ(error(), "gmm_require_valid: model.covariances has 8 elements but must have 4");
  model_.covariance = static_cast<covariance_type>(17);
  EXPECT_EQ(error(), "gmm_require_valid: model.covariance is 17, which is no type");
  EXPECT_EQ(error_of<invalid_argument>([] { gmm_require_valid(gmm_model()); }),
            "gmm_require_valid: model.n_cols is 0 but must be at least 1");
}

TEST_F(gmm_validity, names_weights) {
  model_.weights = {1.5, -0.5};
  EXPECT_EQ(error(), "gmm_require_valid: model.weights[1] is -0.5 but must be finite and at least 0");
  model_.weights = {0.5, nan};
  EXPECT_EQ(error(), "gmm_require_valid: model.weights[1] is nan but must be finite and at least 0");
  model_.weights = {0.5, 0.25};
  EXPECT_EQ(error(), "gmm_require_valid: model.weights sums to 0.75 but must sum to 1");
}

TEST_F(gmm_validity, names_numbers_that_are_not_finite) {
  model_.means[3] = infinity;
  EXPECT_EQ(error(), "gmm_require_valid: model.means is inf at row 1, column 1 (counted from 0) but must be finite");
  model_.means[3] = 0;
  model_.covariances[6] = nan;
  EXPECT_EQ(error(),
            "gmm_require_valid: model.covariances is nan at row 3, column 0 (counted from 0) but must be finite");
}

TEST_F(gmm_validity, names_covariances_that_are_none) {
  model_.covariances = {1, 0, 0, 1, 1, 0.5, 0.25, 1};
  EXPECT_EQ(error(),
            "gmm_require_valid: model.covariances[1] is not symmetric: row 1, column 0 is 0.25 but its mirror is 0.5");
  model_.covariances = {1, 0, 0, 1, 1, 1, 1, 1};
  EXPECT_EQ(error(), "gmm_require_valid: model.covariances[1] is not positive definite at column 1 (counted from 0)");
  model_.covariance = covariance_type::tied;
  model_.covariances = {1, 1, 1, 1};
  EXPECT_EQ(error(), "gmm_require_valid: model.covariances is not positive definite at column 1 (counted from 0)");
  model_.covariance = covariance_type::diag;
  model_.covariances = {1, 1, 0, 1};
  EXPECT_EQ(error(), "gmm_require_valid: model.covariances[1] is not positive definite at column 0 (counted from 0)");
  model_.covariance = covariance_type::spherical;
  model_.covariances = {1, -1};
  EXPECT_EQ(error(), "gmm_require_valid: model.covariances[1] is not positive definite at column 0 (counted from 0)");
}

TEST_F(gmm_validity, is_asked_of_every_model) {
  const context ctx({"cpu", "scalar", 1});
  const matrix x(1, 2, {0, 0});
  matrix row(1, 2);
  model_.covariances = {1, 0, 0, 1, 1, 1, 1, 1};
  const std::string what = ": model.covariances[1] is not positive definite at column 1 (counted from 0)";
  const std::vector<std::int64_t> columns = {0};

  const auto error_in = [](const auto& call) { return error_of<invalid_argument>(call); };
  EXPECT_EQ(error_in([&] { gmm_score(ctx, model_, x.view()); }), "gmm_score" + what);
  EXPECT_EQ(error_in([&] { gmm_evaluate(ctx, model_, x.view()); }), "gmm_evaluate" + what);
  EXPECT_EQ(error_in([&] { gmm_merge(ctx, model_, x.view()); }), "gmm_merge" + what);
  EXPECT_EQ(error_in([&] { gmm_sample(ctx, model_, {1, 2}, 0, row.view()); }), "gmm_sample" + what);
  EXPECT_EQ(error_in([&] { gmm_marginal(model_, columns); }), "gmm_marginal" + what);
  EXPECT_EQ(error_in([&] { gmm_conditional(model_, columns, std::vector{0.0}); }), "gmm_conditional" + what);
}

TEST(gmm_covariance, is_whole_for_every_type) {
  for_every_type([&](covariance_type type) {
    const gmm_model model = spread_model(matrix(4, 2, {0, 1, 2, 3, 5, 4, 7, 7}), 2, type);
    const mixture m = mixture_of(model);
    for (std::int64_t k = 0; k < 2; ++k) {
      const std::vector<double> covariance = gmm_covariance(model, k);

      expect_near<double>(covariance, m.covariances[k], 0, "covariance");
    }
    EXPECT_EQ(error_of<invalid_argument>([&] { gmm_covariance(model, 2); }),
              "gmm_covariance: k is 2 but the model has 2 components");
  });
}

// ---- samples -----------------------------------------------------------------------------------------------------

using gmm_samples = backend_test;
SAMEBITS_ON_EVERY_BACKEND(gmm_samples);

struct sample {
  sample(const context& ctx, const gmm_model& model, std::uint64_t first, std::int64_t n)
      : rows(n, model.n_cols), labels(n) {
    gmm_sample(ctx, model, {5, 6}, first, rows.view(), labels);
  }

  matrix rows;
  std::vector<std::int64_t> labels;
};

gmm_model three_components(covariance_type type) {
  gmm_model model = spread_model(blobs(context({"cpu", "scalar", 1}), 300, 3, 3), 3, type);
  model.weights = {0.5, 0.2, 0.3};
  return model;
}

TEST_P(gmm_samples, are_mean_plus_factor_times_normals) {
  const std::int64_t n = 200;
  std::vector<double> normals(3 * n);
  fill_normal(ctx(), stream_id{5, 6}.child(1), 0, normals);
  for_every_type([&](covariance_type type) {
    const gmm_model model = three_components(type);
    const mixture m = mixture_of(model);
    std::vector<std::int64_t> labels(n);
    fill(ctx(), dist::categorical{model.weights}, stream_id{5, 6}.child(0), 0, labels);

    const sample drawn(ctx(), model, 0, n);

    EXPECT_EQ(drawn.labels, labels);
    const long_matrix z = long_rows(matrix(n, 3, normals));
    for (std::int64_t i = 0; i < n; ++i) {
      const long_matrix factor = Eigen::LLT<long_matrix>(m.covariances[labels[i]]).matrixL();
      const long_matrix expected = m.means[labels[i]] + factor * z.row(i).transpose();
      expect_near<double>(drawn.rows.view().row(i), expected, 2e-14, "row");
    }
  });
}

TEST_P(gmm_samples, have_the_moments_of_the_mixture) {
  const std::int64_t n = is_emulated() ? 4'000 : 200'000;
  for_every_type([&](covariance_type type) {
    const gmm_model model = three_components(type);
    const sample drawn(ctx(), model, 0, n);
    const long_matrix rows = long_rows(drawn.rows);
    for (std::int64_t k = 0; k < 3; ++k) {
      long_vector shares(n);
      for (std::int64_t i = 0; i < n; ++i) {
        shares(i) = drawn.labels[i] == k ? 1 : 0;
      }
      mixture found;
      add_weighted_component(rows, shares, found);

      // Five standard errors.
      const mixture expected = mixture_of(model);
      const double count = static_cast<double>(shares.sum());
      const double weight = model.weights[k];
      EXPECT_NEAR(count / static_cast<double>(n), weight,
                  5 * std::sqrt(weight * (1 - weight) / static_cast<double>(n)));
      const long_matrix& s = expected.covariances[k];
      for (std::int64_t a = 0; a < 3; ++a) {
        EXPECT_NEAR(static_cast<double>(found.means[0](a) - expected.means[k](a)), 0,
                    5 * std::sqrt(static_cast<double>(s(a, a)) / count));
        for (std::int64_t b = 0; b < 3; ++b) {
          const double variance = static_cast<double>(s(a, a) * s(b, b) + s(a, b) * s(a, b));
          EXPECT_NEAR(static_cast<double>(found.covariances[0](a, b) - s(a, b)), 0, 5 * std::sqrt(variance / count));
        }
      }
    }
  });
}

TEST_P(gmm_samples, are_the_same_from_anywhere_on_any_backend_and_number_of_threads) {
  const context scalar({"cpu", "scalar", 1});
  for (const covariance_type type : {covariance_type::full, covariance_type::diag}) {
    const gmm_model model = three_components(type);
    const sample all(scalar, model, 0, 1100);
    for (const std::int64_t first : {0, 1, 255, 513}) {
      for (const int n_threads : {1, 3}) {
        const sample part(on_threads(n_threads), model, static_cast<std::uint64_t>(first), 1000 - first);

        EXPECT_EQ(part.rows.values, std::vector(all.rows.values.begin() + 3 * first, all.rows.values.begin() + 3000));
        EXPECT_EQ(part.labels, std::vector(all.labels.begin() + first, all.labels.begin() + 1000));
      }
    }
  }
}

TEST_P(gmm_samples, are_the_same_without_labels) {
  const gmm_model model = three_components(covariance_type::tied);
  matrix rows(100, 3);
  gmm_sample(ctx(), model, {5, 6}, 0, rows.view());

  EXPECT_EQ(rows.values, sample(ctx(), model, 0, 100).rows.values);
}

TEST_P(gmm_samples, may_be_none) {
  const gmm_model model = three_components(covariance_type::tied);

  gmm_sample(ctx(), model, {5, 6}, 1000, matrix_view<double>(nullptr, 0, 3));
}

TEST_P(gmm_samples, of_components_without_weight_do_not_exist) {
  gmm_model model = three_components(covariance_type::full);
  model.weights = {0, 1, 0};

  EXPECT_EQ(sample(ctx(), model, 0, 500).labels, std::vector<std::int64_t>(500, 1));
}

TEST_P(gmm_samples, reach_to_the_end_of_the_sequence_of_normals) {
  const gmm_model model = three_components(covariance_type::full);
  const std::uint64_t length = (std::uint64_t{1} << 60) / 3;
  matrix rows(2, 3);

  gmm_sample(ctx(), model, {5, 6}, length - 2, rows.view());

  EXPECT_TRUE(std::isfinite(rows(1, 2)));
  EXPECT_EQ(error_of<invalid_argument>([&] {
              gmm_sample(ctx(), model, {5, 6}, length - 1, rows.view());
            }),
            "gmm_sample: first is 384307168202282324 and out has 2 rows, but the sample of 3 columns ends after "
            "384307168202282325");
}

TEST_P(gmm_samples, of_another_shape_are_refused) {
  const gmm_model model = three_components(covariance_type::full);
  matrix narrow(4, 2);
  matrix rows(4, 3);
  std::vector<std::int64_t> labels(3);

  EXPECT_EQ(error_of<invalid_argument>([&] {
              gmm_sample(ctx(), model, {1, 2}, 0, narrow.view());
            }),
            "gmm_sample: out is 4 x 2 but the model has 3 columns");
  EXPECT_EQ(error_of<invalid_argument>([&] {
              gmm_sample(ctx(), model, {1, 2}, 0, rows.view(), labels);
            }),
            "gmm_sample: labels has 3 elements but out has 4 rows");
  EXPECT_EQ(error_of<invalid_argument>([&] {
              gmm_sample(ctx(), model, {1, 2}, 0, {nullptr, 4, 3});
            }),
            "gmm_sample: out is NULL but must have room for 4 x 3 elements");
  EXPECT_EQ(error_of<invalid_argument>([&] {
              gmm_sample(ctx(), model, {1, 2}, 0, rows.view(), {static_cast<std::int64_t*>(nullptr), 4});
            }),
            "gmm_sample: labels is NULL but must have room for 4 elements");
}

// ---- marginal and conditional mixtures ---------------------------------------------------------------------------

using columns = std::vector<std::int64_t>;

/// Five columns that depend on each other, a different scale each.
gmm_model five_columns(covariance_type type) {
  const context scalar({"cpu", "scalar", 1});
  matrix x = blobs(scalar, 300, 5, 3);
  for (std::int64_t i = 0; i < x.n_rows; ++i) {
    x(i, 1) = 0.3 * x(i, 1) + 0.2 * x(i, 0) - 7;
    x(i, 3) = 5 * x(i, 3) - 2 * x(i, 4);
  }
  return spread_model(x, 4, type);
}

long_matrix part_of(const long_matrix& whole, const columns& rows, const columns& cols) {
  long_matrix part(rows.size(), cols.size());
  for (std::size_t a = 0; a < rows.size(); ++a) {
    for (std::size_t b = 0; b < cols.size(); ++b) {
      part(static_cast<Eigen::Index>(a), static_cast<Eigen::Index>(b)) = whole(rows[a], cols[b]);
    }
  }
  return part;
}

void expect_mixture(const gmm_model& model, const mixture& expected, double tolerance) {
  gmm_require_valid(model);
  const mixture found = mixture_of(model);
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t k = 0; k < found.size(); ++k) {
    const double scale = static_cast<double>(expected.covariances[k].cwiseAbs().maxCoeff());
    EXPECT_NEAR(static_cast<double>(found.weights[k] - expected.weights[k]), 0, tolerance);
    EXPECT_LE(static_cast<double>((found.means[k] - expected.means[k]).cwiseAbs().maxCoeff()),
              tolerance * (1 + static_cast<double>(expected.means[k].cwiseAbs().maxCoeff())));
    EXPECT_LE(static_cast<double>((found.covariances[k] - expected.covariances[k]).cwiseAbs().maxCoeff()),
              tolerance * scale);
  }
}

TEST(gmm_marginal, has_the_columns_asked_for_in_their_order) {
  for_every_type([&](covariance_type type) {
    const gmm_model model = five_columns(type);
    const mixture m = mixture_of(model);
    const columns kept = {3, 0, 4};
    mixture expected;
    expected.weights = m.weights;
    for (std::size_t k = 0; k < m.size(); ++k) {
      expected.means.push_back(part_of(m.means[k], kept, {0}));
      expected.covariances.push_back(part_of(m.covariances[k], kept, kept));
    }

    const gmm_model marginal = gmm_marginal(model, kept);

    EXPECT_EQ(marginal.covariance, type);
    EXPECT_EQ(marginal.n_cols, 3);
    expect_mixture(marginal, expected, 0);
  });
}

TEST(gmm_marginal, of_all_columns_is_the_mixture) {
  for_every_type([&](covariance_type type) {
    const gmm_model model = five_columns(type);

    EXPECT_EQ(gmm_digest(gmm_marginal(model, columns{0, 1, 2, 3, 4})), gmm_digest(model));
  });
}

/// The formulas of the header, in long double and with a solver instead of an inverse.
mixture conditional_oracle(const mixture& m, const columns& kept, const columns& given, const long_vector& values) {
  mixture result;
  long_vector log_probs(m.size());
  for (std::size_t k = 0; k < m.size(); ++k) {
    const long_matrix of_given = part_of(m.covariances[k], given, given);
    const long_matrix cross = part_of(m.covariances[k], kept, given);
    const Eigen::LLT<long_matrix> factor(of_given);
    const long_vector difference = values - part_of(m.means[k], given, {0});
    result.means.push_back(part_of(m.means[k], kept, {0}) + cross * factor.solve(difference));
    result.covariances.push_back(part_of(m.covariances[k], kept, kept) - cross * factor.solve(cross.transpose()));
    mixture one{{m.weights[k]}, {part_of(m.means[k], given, {0})}, {of_given}};
    log_probs(static_cast<Eigen::Index>(k)) = log_densities(values.transpose(), one)(0, 0);
  }
  const long_vector shares = (log_probs.array() - log_probs.maxCoeff()).exp();
  for (Eigen::Index k = 0; k < shares.size(); ++k) {
    result.weights.push_back(shares(k) / shares.sum());
  }
  return result;
}

TEST(gmm_conditional, agrees_with_the_oracle) {
  for_every_type([&](covariance_type type) {
    const gmm_model model = five_columns(type);
    for (const columns& given : {columns{2}, columns{4, 0}, columns{1, 2, 3, 4}}) {
      columns kept;
      std::vector<double> values;
      long_vector long_values(given.size());
      for (std::int64_t j = 0; j < 5; ++j) {
        if (std::find(given.begin(), given.end(), j) == given.end()) {
          kept.push_back(j);
        }
      }
      for (std::size_t i = 0; i < given.size(); ++i) {
        values.push_back(model.means[given[i]] + 0.3 * static_cast<double>(i) - 0.7);
        long_values(static_cast<Eigen::Index>(i)) = values[i];
      }

      const gmm_model conditional = gmm_conditional(model, given, values);

      EXPECT_EQ(conditional.covariance, type);
      expect_mixture(conditional, conditional_oracle(mixture_of(model), kept, given, long_values), 1e-13);
    }
  });
}

TEST(gmm_conditional, makes_the_joint_density_with_the_marginal) {
  const context scalar({"cpu", "scalar", 1});
  const columns given = {3, 1};
  const std::vector<double> values = {4, -6};
  const matrix rest(1, 3, {1, 2, 3});
  const matrix joint(1, 5, {1, -6, 2, 4, 3});
  const matrix given_row(1, 2, values);
  for_every_type([&](covariance_type type) {
    const gmm_model model = five_columns(type);

    const double of_rest = gmm_score(scalar, gmm_conditional(model, given, values), rest.view());

    EXPECT_NEAR(of_rest + gmm_score(scalar, gmm_marginal(model, given), given_row.view()),
                gmm_score(scalar, model, joint.view()), 1e-12);
  });
}

TEST(gmm_conditional, keeps_components_without_weight_without_it) {
  for (const covariance_type type : {covariance_type::full, covariance_type::diag}) {
    gmm_model model = five_columns(type);
    model.weights = {0, 0.5, 0, 0.5};

    const gmm_model conditional = gmm_conditional(model, columns{0}, std::vector{0.0});

    EXPECT_EQ(conditional.weights[0], 0);
    EXPECT_EQ(conditional.weights[2], 0);
    EXPECT_NEAR(conditional.weights[1] + conditional.weights[3], 1, 1e-15);
  }
}

TEST(gmm_conditional, far_from_everything_still_has_weights) {
  for_every_type([&](covariance_type type) {
    const gmm_model conditional = gmm_conditional(five_columns(type), columns{0}, std::vector{1e100});

    gmm_require_valid(conditional);
    EXPECT_EQ(error_of<numerical_failure>([&] { gmm_conditional(five_columns(type), columns{0}, std::vector{1e160}); }),
              "gmm_conditional: values[0] is 1e+160 for column 0 (counted from 0), so far from every component that "
              "squared distances overflow");
    EXPECT_TRUE(contains(error_of<numerical_failure>([&] {
                           gmm_conditional(five_columns(type), columns{4, 1, 2}, std::vector{5.0, -1e170, 1e160});
                         }),
                         "values[1] is -1e+170 for column 1 (counted from 0)"));
  });
}

/// Two components, the first far narrower than the second, with some covariance between columns.
gmm_model narrow_and_wide(double narrow, double wide) {
  gmm_model model;
  model.covariance = covariance_type::full;
  model.n_components = 2;
  model.n_cols = 3;
  model.weights = {0.5, 0.5};
  model.means = {1, 2, 3, 4, 5, 6};
  for (const double sd : {narrow, wide}) {
    for (const double correlation : {1.0, 0.5, 0.5, 0.5, 1.0, 0.5, 0.5, 0.5, 1.0}) {
      model.covariances.push_back(sd * sd * correlation);
    }
  }
  return model;
}

TEST(gmm_conditional, gives_a_component_out_of_reach_its_marginal_mean) {
  const gmm_model model = narrow_and_wide(1e-150, 1e150);
  // With two values infinities of both signs meet in the distance.
  for (const columns& given : {columns{0}, columns{0, 1}}) {
    const gmm_model conditional = gmm_conditional(model, given, std::vector(given.size(), 1e160));

    gmm_require_valid(conditional);
    EXPECT_EQ(conditional.weights, (std::vector<double>{0, 1}));
    EXPECT_EQ(conditional.means[0], given.size() == 1 ? 2 : 3);
    EXPECT_NEAR(conditional.means.back(), given.size() == 1 ? 5e159 : 1e160 * 2 / 3, 1e148);
  }
}

TEST(gmm_conditional, names_a_component_with_weight_whose_mean_overflows) {
  gmm_model model = narrow_and_wide(1, 1);
  model.n_cols = 2;
  model.means = {0, 1e308, 0, 1e308};
  model.covariances = {1, 9e153, 9e153, 1e308, 1, 9e153, 9e153, 1e308};

  EXPECT_EQ(error_of<numerical_failure>([&] { gmm_conditional(model, columns{0}, std::vector{1.3e154}); }),
            "gmm_conditional: the mean of component 0 overflows");
}

TEST(gmm_conditional, names_a_column_that_the_given_ones_determine) {
  gmm_model model = spread_model(matrix(2, 2, {0, 0, 1, 1}), 1, covariance_type::spherical);
  model.covariance = covariance_type::full;
  // As good as collinear: what is left of column 0 is below the rounding of what is subtracted.
  model.covariances = {0x1.1ep+1, 0x1.c1fc962c78f9p+0, 0x1.c1fc962c78f9p+0, 0x1.62p+0};
  gmm_require_valid(model);

  EXPECT_EQ(error_of<numerical_failure>([&] { gmm_conditional(model, columns{1}, std::vector{0.5}); }),
            "gmm_conditional: the covariance of component 0 is singular in column 0 (counted from 0), which the given "
            "ones determine");
}

TEST(gmm_conditional, and_marginal_name_bad_columns) {
  const gmm_model model = five_columns(covariance_type::full);
  const auto marginal_error = [&](const columns& c) {
    return error_of<invalid_argument>([&] { gmm_marginal(model, c); });
  };
  const auto error = [&](const columns& c, const std::vector<double>& values) {
    return error_of<invalid_argument>([&] { gmm_conditional(model, c, values); });
  };

  EXPECT_EQ(marginal_error({}), "gmm_marginal: columns is empty");
  EXPECT_EQ(marginal_error({1, 5}), "gmm_marginal: columns[1] is 5 but the model has 5 columns");
  EXPECT_EQ(marginal_error({-1}), "gmm_marginal: columns[0] is -1 but the model has 5 columns");
  EXPECT_EQ(marginal_error({3, 1, 3}), "gmm_marginal: columns[2] is 3, as is columns[0]");
  EXPECT_EQ(error({0, 1, 2, 3, 4}, std::vector(5, 0.0)), "gmm_conditional: columns has all 5 columns of the model");
  EXPECT_EQ(error({0, 1}, {1}), "gmm_conditional: values has 1 element but columns has 2");
  EXPECT_EQ(error({0, 1}, {1, nan}), "gmm_conditional: values[1] is nan but must be finite");
}

// ---- golden bits -------------------------------------------------------------------------------------------------

/// Everything of this file for one type, as a digest. The model is a fit: that of the oracle is not the same on every
/// machine, because its long double is not.
std::string all_digest(const context& ctx, covariance_type type) {
  const matrix x = blobs(ctx, 700, 3, 3);
  gmm_options options;
  options.covariance = type;
  options.n_components = 3;
  options.max_iter = 2;
  const gmm_model model = gmm_fit(ctx, x.view(), options);
  std::vector<double> values = row_values<double>(ctx, model, x.view()).all();
  const auto add = [&](const std::vector<double>& more) { values.insert(values.end(), more.begin(), more.end()); };
  add(row_values<float>(ctx, model, rows_of<float>(x).view()).all());
  add(sample(ctx, model, 3, 100).rows.values);
  const gmm_model conditional = gmm_conditional(model, columns{1}, std::vector{2.5});
  add(conditional.weights);
  add(conditional.means);
  add(conditional.covariances);
  return digest_text(values).substr(7, 16);
}

TEST_P(gmm_of_rows, have_golden_bits) {
  const char* const goldens[] = {"3b3b2524aae2ac24", "d3c2b6da6cfa76c7", "dd9e1acff3188aef",
                                 "cd1f3705273ce563", "a42b6bce512cf5cf", "56c208378ab8f113"};
  for_every_type([&](covariance_type type) { EXPECT_EQ(all_digest(ctx(), type), goldens[static_cast<int>(type)]); });
}

}  // namespace
}  // namespace samebits::tests
