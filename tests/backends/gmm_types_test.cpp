// Every type of covariance, with double and float rows, with and without weights, on every backend: one iteration
// against the long-double oracle, and laws that bind fits to each other.
#include <cmath>
#include <type_traits>

#include "samebits/gmm_model.hpp"
#include "tests/backends/backend_test.hpp"
#include "tests/backends/gmm_cases.hpp"
#include "tests/backends/gmm_oracle.hpp"

namespace samebits::tests {
namespace {

using gmm_types = backend_test;
SAMEBITS_ON_EVERY_BACKEND(gmm_types);
// The block emulator with so little work space that a pass takes many batches of leaves.
INSTANTIATE_TEST_SUITE_P(in_batches_on, gmm_types, testing::Values("cuda-emulated-small"), backend_test_name);

// ---- tolerances --------------------------------------------------------------------------------------------------

/// Of weights, and of means and covariances relative to their largest element. Measured: at most 1/3 of these.
///
/// Rounding grows with the number of columns. A float has 2^-24 = 6e-8: squared distances of some hundreds make
/// responsibilities that are right to some 1e-5, and a leaf adds 512 rows.
template <class T>
double tolerance(std::int64_t n_cols) {
  return std::is_same_v<T, float> ? 1e-4 : 4e-15 * static_cast<double>(8 + n_cols);
}

/// Of log-likelihoods, in which errors of the rows cancel. Measured: at most 1/3 of these.
template <class T>
constexpr double log_likelihood_tolerance = std::is_same_v<T, float> ? 5e-7 : 2e-15;

std::vector<std::int64_t> column_counts(bool few) {
  return few ? std::vector<std::int64_t>{1, 3, 8, 17} : std::vector<std::int64_t>{1, 2, 3, 7, 8, 9, 16, 33};
}

/// Weights between 0 and 3 in halves, so that there are rows of weight 0 and weights that are no whole numbers.
std::vector<double> some_weights(std::int64_t n_rows) {
  std::vector<double> weights(static_cast<std::size_t>(n_rows));
  for (std::size_t i = 0; i < weights.size(); ++i) {
    weights[i] = static_cast<double>(i * 5 % 7) / 2;
  }
  return weights;
}

long_vector as_vector(const std::vector<double>& values) {
  return Eigen::Map<const Eigen::VectorXd>(values.data(), static_cast<Eigen::Index>(values.size())).cast<long double>();
}

/// One iteration without anything added to the variances.
gmm_options one_iteration(const gmm_start& start) {
  gmm_options o = start.options();
  o.max_iter = 1;
  o.tol = -1;
  o.reg_covar = 0;
  return o;
}

/// A fixed number of iterations from a random start.
gmm_options iterations(covariance_type type, std::int64_t n_components, std::int64_t n_iterations) {
  gmm_options o = tests::iterations(n_components, n_iterations);
  o.covariance = type;
  return o;
}

// ---- one iteration -----------------------------------------------------------------------------------------------

/// One iteration and the log-likelihoods before and after it against the oracle on the same rows.
template <class T>
void expect_oracle_iteration(const context& ctx, covariance_type type, std::int64_t n_cols,
                             const std::vector<double>& weights) {
  SCOPED_TRACE(std::to_string(n_cols) + " columns" + (weights.empty() ? "" : ", weighted"));
  const rows_of<T> x(blobs(ctx, 700, n_cols, 3));
  const long_matrix exact = long_rows(x.widened());
  const gmm_start start = spread_start(exact, 3, type);
  gmm_options options = one_iteration(start);
  options.sample_weights = weights;

  const gmm_model model = gmm_fit(ctx, x.view(), options);

  em_rules rules;
  rules.type = type;
  rules.row_weights = weights;
  expect_close(model, em_step(exact, start.rounded(), rules), tolerance<T>(n_cols));
  const long_vector v = weights.empty() ? long_vector(long_vector::Ones(x.n_rows)) : as_vector(weights);
  const double before = static_cast<double>(mean_log_likelihood(exact, start.rounded(), v));
  const double after = static_cast<double>(mean_log_likelihood(exact, mixture_of(model), v));
  ASSERT_EQ(model.trace.size(), 2u);
  EXPECT_NEAR(model.trace[0], before, log_likelihood_tolerance<T> * std::abs(before));
  EXPECT_NEAR(model.log_likelihood, after, log_likelihood_tolerance<T> * std::abs(after));
}

TEST_P(gmm_types, give_the_iteration_of_the_oracle) {
  for_every_type([&](covariance_type type, auto t) {
    for (const std::int64_t n_cols : column_counts(is_emulated())) {
      expect_oracle_iteration<decltype(t)>(ctx(), type, n_cols, {});
    }
  });
}

TEST_P(gmm_types, give_the_weighted_iteration_of_the_oracle) {
  for_every_type([&](covariance_type type, auto t) {
    for (const std::int64_t n_cols : column_counts(is_emulated())) {
      expect_oracle_iteration<decltype(t)>(ctx(), type, n_cols, some_weights(700));
    }
  });
}

TEST_P(gmm_types, add_reg_covar_to_every_variance) {
  for_every_type([&](covariance_type type, auto t) {
    const rows_of<decltype(t)> x(blobs(ctx(), 700, 3, 3));
    const long_matrix exact = long_rows(x.widened());
    const gmm_start start = spread_start(exact, 3, type);
    gmm_options options = one_iteration(start);
    options.reg_covar = 0.25;

    const gmm_model model = gmm_fit(ctx(), x.view(), options);

    em_rules rules;
    rules.type = type;
    rules.reg_covar = 0.25;
    expect_close(model, em_step(exact, start.rounded(), rules), tolerance<decltype(t)>(3));
  });
}

/// The variances of the columns over all rows.
long_vector column_variances(const long_matrix& x) {
  mixture all;
  add_weighted_component(x, long_vector::Ones(x.rows()), all);
  return all.covariances[0].diagonal();
}

TEST_P(gmm_types, add_reg_covar_relative_in_units_of_each_column) {
  for (const covariance_type type : {covariance_type::full, covariance_type::diag}) {
    matrix data = blobs(ctx(), 700, 3, 3);
    for (std::int64_t i = 0; i < data.n_rows; ++i) {
      data(i, 1) *= 1000;
    }
    const long_matrix exact = long_rows(data);
    const gmm_start start = spread_start(exact, 3, type);
    gmm_options options = one_iteration(start);
    options.reg_covar_relative = 0.25;

    const gmm_model model = gmm_fit(ctx(), data.view(), options);

    em_rules rules;
    rules.type = type;
    mixture expected = em_step(exact, start.rounded(), rules);
    for (long_matrix& covariance : expected.covariances) {
      covariance.diagonal() += column_variances(exact) / 4;
    }
    SCOPED_TRACE(name_of(type));
    expect_close(model, expected, tolerance<double>(3));
  }
}

// ---- weights -----------------------------------------------------------------------------------------------------

TEST_P(gmm_types, weights_of_1_give_the_bits_of_no_weights) {
  for_every_type([&](covariance_type type, auto t) {
    for (const std::int64_t n_cols : {2, 9}) {
      const rows_of<decltype(t)> x(blobs(ctx(), 700, n_cols, 3));
      const std::vector<double> ones(700, 1.0);
      gmm_options options = iterations(type, 3, 3);
      const std::string without = gmm_digest(gmm_fit(ctx(), x.view(), options));
      options.sample_weights = ones;

      EXPECT_EQ(gmm_digest(gmm_fit(ctx(), x.view(), options)), without) << n_cols << " columns";
    }
  });
}

/// Row i once more, i % 4 times in all.
matrix repeated_rows(const matrix& x) {
  std::vector<double> values;
  for (std::int64_t i = 0; i < x.n_rows; ++i) {
    for (std::int64_t copy = 0; copy < i % 4; ++copy) {
      const std::span<const double> row = x.view().row(i);
      values.insert(values.end(), row.begin(), row.end());
    }
  }
  const auto n_rows = static_cast<std::int64_t>(values.size()) / x.n_cols;
  return matrix(n_rows, x.n_cols, std::move(values));
}

TEST_P(gmm_types, whole_weights_count_as_repeated_rows) {
  for_every_type([&](covariance_type type, auto t) {
    for (const std::int64_t n_cols : {2, 9}) {
      const matrix data = blobs(ctx(), 700, n_cols, 3);
      const rows_of<decltype(t)> x(data);
      const rows_of<decltype(t)> repeated(repeated_rows(data));
      std::vector<double> weights(700);
      for (std::size_t i = 0; i < weights.size(); ++i) {
        weights[i] = static_cast<double>(i % 4);
      }
      const gmm_start start = spread_start(long_rows(data), 3, type);
      gmm_options options = one_iteration(start);
      const gmm_model of_rows = gmm_fit(ctx(), repeated.view(), options);
      options.sample_weights = weights;

      const gmm_model of_weights = gmm_fit(ctx(), x.view(), options);

      SCOPED_TRACE(std::to_string(n_cols) + " columns");
      const double limit = tolerance<decltype(t)>(n_cols);
      expect_close(of_weights, mixture_of(of_rows), limit);
      EXPECT_NEAR(of_weights.log_likelihood, of_rows.log_likelihood, limit * std::abs(of_rows.log_likelihood));
    }
  });
}

TEST_P(gmm_types, weights_have_no_unit) {
  for (const covariance_type type : covariance_types) {
    const matrix x = blobs(ctx(), 700, 3, 3);
    const std::vector<double> weights = some_weights(700);
    std::vector<double> in_thousands = weights;
    for (double& weight : in_thousands) {
      weight *= 1024;
    }
    gmm_options options = iterations(type, 3, 3);
    options.sample_weights = weights;
    const std::string digest = gmm_digest(gmm_fit(ctx(), x.view(), options));
    options.sample_weights = in_thousands;

    // A power of two changes no bit of a ratio.
    EXPECT_EQ(gmm_digest(gmm_fit(ctx(), x.view(), options)), digest) << name_of(type);
  }
}

// ---- frozen parameters -------------------------------------------------------------------------------------------

struct frozen_parts {
  std::vector<std::uint8_t> weights;
  std::vector<std::uint8_t> means;
  std::vector<std::uint8_t> covariances;
};

/// A fit with frozen parts, and that of the oracle.
template <class T>
void expect_oracle_with_frozen_parts(const context& ctx, covariance_type type, std::int64_t n_cols,
                                     const frozen_parts& frozen) {
  const rows_of<T> x(blobs(ctx, 700, n_cols, 3));
  const long_matrix exact = long_rows(x.widened());
  const gmm_start start = spread_start(exact, 3, type);
  gmm_options options = one_iteration(start);
  options.reg_covar = 0.25;
  options.frozen_weights = frozen.weights;
  options.frozen_means = frozen.means;
  options.frozen_covariances = frozen.covariances;

  const gmm_model model = gmm_fit(ctx, x.view(), options);

  em_rules rules{type, {}, frozen.weights, frozen.means, frozen.covariances, 0.25};
  expect_close(model, em_step(exact, start.rounded(), rules), tolerance<T>(n_cols));
  const mixture before = start.rounded();
  const mixture after = mixture_of(model);
  for (std::size_t k = 0; k < 3; ++k) {
    if (is_frozen(frozen.weights, k)) {
      EXPECT_EQ(after.weights[k], before.weights[k]) << "weight " << k;
    }
    if (is_frozen(frozen.means, k)) {
      EXPECT_EQ(after.means[k], before.means[k]) << "mean " << k;
    }
    if (is_frozen(frozen.covariances, k)) {
      EXPECT_EQ(after.covariances[k], before.covariances[k]) << "covariance " << k;
    }
  }
}

TEST_P(gmm_types, frozen_weights_stay_and_the_others_share_the_rest) {
  for_every_type([&](covariance_type type, auto t) {
    for (const std::int64_t n_cols : {2, 9}) {
      for (const std::vector<std::uint8_t>& frozen : {std::vector<std::uint8_t>{1, 0, 0}, {0, 1, 1}, {1, 1, 1}}) {
        expect_oracle_with_frozen_parts<decltype(t)>(ctx(), type, n_cols, {frozen, {}, {}});
      }
    }
  });
}

TEST_P(gmm_types, frozen_means_stay_and_covariances_are_about_them) {
  for_every_type([&](covariance_type type, auto t) {
    for (const std::int64_t n_cols : {2, 9}) {
      expect_oracle_with_frozen_parts<decltype(t)>(ctx(), type, n_cols, {{}, {0, 1, 0}, {}});
      expect_oracle_with_frozen_parts<decltype(t)>(ctx(), type, n_cols, {{}, {1, 1, 1}, {}});
    }
  });
}

TEST_P(gmm_types, frozen_covariances_stay) {
  for_every_type([&](covariance_type type, auto t) {
    for (const std::int64_t n_cols : {2, 9}) {
      if (!is_tied_type(type)) {
        expect_oracle_with_frozen_parts<decltype(t)>(ctx(), type, n_cols, {{}, {}, {0, 0, 1}});
        expect_oracle_with_frozen_parts<decltype(t)>(ctx(), type, n_cols, {{1, 0, 0}, {0, 1, 0}, {1, 1, 0}});
      }
    }
  });
}

TEST_P(gmm_types, frozen_covariances_of_a_tied_type_are_refused) {
  for (const covariance_type type :
       {covariance_type::tied, covariance_type::tied_diag, covariance_type::tied_spherical}) {
    const matrix x = blobs(ctx(), 100, 2, 2);
    const std::vector<std::uint8_t> frozen = {1, 0};
    gmm_options options = iterations(type, 2, 2);
    options.frozen_covariances = frozen;

    const std::string message = error_of<invalid_argument>([&] { gmm_fit(ctx(), x.view(), options); });

    EXPECT_TRUE(contains(message, "frozen_covariances")) << message;
    EXPECT_TRUE(contains(message, name_of(type))) << message;
  }
}

TEST_P(gmm_types, frozen_parts_stay_over_many_iterations) {
  const std::vector<std::uint8_t> frozen = {0, 1, 0};
  for_every_type([&](covariance_type type, auto t) {
    const rows_of<decltype(t)> x(blobs(ctx(), 700, 3, 3));
    const gmm_start start = spread_start(long_rows(x.widened()), 3, type);
    gmm_options options = start.options();
    options.max_iter = 10;
    options.tol = -1;
    options.frozen_weights = frozen;
    options.frozen_means = frozen;

    const gmm_model model = gmm_fit(ctx(), x.view(), options);

    EXPECT_EQ(model.weights[1], start.weights[1]);
    EXPECT_EQ(mixture_of(model).means[1], start.rounded().means[1]);
    EXPECT_NE(mixture_of(model).means[0], start.rounded().means[0]);
    EXPECT_NEAR(model.weights[0] + model.weights[1] + model.weights[2], 1, 1e-15);
  });
}

// ---- types among each other --------------------------------------------------------------------------------------

gmm_model one_iteration_of(const context& ctx, const matrix& x, const mixture& start, covariance_type type) {
  return gmm_fit(ctx, x.view(), one_iteration(gmm_start(start, type)));
}

TEST_P(gmm_types, tied_covariances_are_the_free_ones_pooled) {
  const std::pair<covariance_type, covariance_type> pairs[] = {
      {covariance_type::full, covariance_type::tied},
      {covariance_type::diag, covariance_type::tied_diag},
      {covariance_type::spherical, covariance_type::tied_spherical}};
  for (const auto& [free_type, tied_type] : pairs) {
    for (const std::int64_t n_cols : {1, 3, 9}) {
      const matrix x = blobs(ctx(), 700, n_cols, 3);
      const mixture start = spread_start(long_rows(x), 3, tied_type).rounded();  // equal covariances suit both types
      mixture pooled = mixture_of(one_iteration_of(ctx(), x, start, free_type));
      const long_vector weights = Eigen::Map<const long_vector>(pooled.weights.data(), 3);
      restrict_covariances(pooled.covariances, weights, tied_type);

      SCOPED_TRACE(std::string(name_of(tied_type)) + ", " + std::to_string(n_cols) + " columns");
      expect_close(one_iteration_of(ctx(), x, start, tied_type), pooled, tolerance<double>(n_cols));
    }
  }
}

TEST_P(gmm_types, diag_and_spherical_variances_are_those_of_full_covariances_with_the_same_shares) {
  for (const covariance_type type : {covariance_type::diag, covariance_type::spherical}) {
    for (const std::int64_t n_cols : {1, 3, 9}) {
      const matrix x = blobs(ctx(), 700, n_cols, 3);
      const mixture start = spread_start(long_rows(x), 3, type).rounded();
      mixture full = mixture_of(one_iteration_of(ctx(), x, start, covariance_type::full));
      restrict_covariances(full.covariances, long_vector::Ones(3), type);

      SCOPED_TRACE(std::string(name_of(type)) + ", " + std::to_string(n_cols) + " columns");
      expect_close(one_iteration_of(ctx(), x, start, type), full, tolerance<double>(n_cols));
    }
  }
}

TEST_P(gmm_types, of_one_column_with_free_covariances_agree) {
  const matrix x = blobs(ctx(), 700, 1, 3);
  const mixture start = spread_start(long_rows(x), 3, covariance_type::full).rounded();
  const gmm_model full = one_iteration_of(ctx(), x, start, covariance_type::full);

  for (const covariance_type type : {covariance_type::diag, covariance_type::spherical}) {
    SCOPED_TRACE(name_of(type));
    expect_close(one_iteration_of(ctx(), x, start, type), mixture_of(full), tolerance<double>(1));
  }
}

TEST_P(gmm_types, have_the_layout_they_declare) {
  const std::int64_t k = 3;
  const std::int64_t n = 4;
  const matrix x = blobs(ctx(), 300, n, k);
  const auto size_of = [&](covariance_type type) {
    return gmm_fit(ctx(), x.view(), iterations(type, k, 1)).covariances.size();
  };

  EXPECT_EQ(size_of(covariance_type::full), 48u);
  EXPECT_EQ(size_of(covariance_type::tied), 16u);
  EXPECT_EQ(size_of(covariance_type::diag), 12u);
  EXPECT_EQ(size_of(covariance_type::spherical), 3u);
  EXPECT_EQ(size_of(covariance_type::tied_diag), 4u);
  EXPECT_EQ(size_of(covariance_type::tied_spherical), 1u);
}

// ---- the loop ----------------------------------------------------------------------------------------------------

TEST_P(gmm_types, never_lose_log_likelihood) {
  for_every_type([&](covariance_type type, auto t) {
    // Float rows are summed with 24 bits, so that near the end their log-likelihood goes up and down by some 1e-6.
    const double slack = std::is_same_v<decltype(t), float> ? 3e-6 : 1e-14;
    const rows_of<decltype(t)> x(blobs(ctx(), 900, 3, 4));
    gmm_options options = iterations(type, 4, 15);
    options.reg_covar = 0;

    const gmm_model model = gmm_fit(ctx(), x.view(), options);

    ASSERT_EQ(model.trace.size(), 16u);
    for (std::size_t i = 1; i < model.trace.size(); ++i) {
      EXPECT_GE(model.trace[i], model.trace[i - 1] - slack * std::abs(model.trace[i])) << "at iteration " << i;
    }
    EXPECT_GT(model.trace.back(), model.trace.front());
  });
}

TEST_P(gmm_types, have_the_same_bits_with_every_schedule_and_number_of_threads) {
  for_every_type([&](covariance_type type, auto t) {
    for (const std::int64_t n_cols : {2, 9}) {
      for (const std::int64_t n_rows : {300, 1537}) {
        if (is_emulated() && n_rows > 300 && n_cols > 2) {
          continue;
        }
        const rows_of<decltype(t)> x(blobs(ctx(), n_rows, n_cols, 3));
        gmm_options options = iterations(type, 5, 2);
        const std::string digest = gmm_digest(gmm_fit(ctx(), x.view(), options));
        for (const int n_threads : {1, 2, 3}) {
          for (const gmm_schedule schedule : {gmm_schedule::automatic, gmm_schedule::rows, gmm_schedule::components}) {
            options.schedule = schedule;
            EXPECT_EQ(gmm_digest(gmm_fit(on_threads(n_threads), x.view(), options)), digest)
                << n_rows << " x " << n_cols << ", " << n_threads << " threads, schedule "
                << static_cast<int>(schedule);
          }
          if (is_emulated()) {
            break;
          }
        }
      }
    }
  });
}

TEST_P(gmm_types, have_the_bits_of_the_scalar_cpu) {
  const context scalar({"cpu", "scalar", 1});
  for_every_type([&](covariance_type type, auto t) {
    for (const std::int64_t n_cols : column_counts(is_emulated())) {
      for (const std::int64_t n_rows : {1, 15, 16, 17, 511, 513, 1537}) {
        if (is_emulated() && n_rows > 513) {
          continue;
        }
        const rows_of<decltype(t)> x(blobs(scalar, n_rows, n_cols, 1));
        gmm_options options = iterations(type, std::min<std::int64_t>(n_rows, 3), 2);

        EXPECT_EQ(gmm_digest(gmm_fit(ctx(), x.view(), options)), gmm_digest(gmm_fit(scalar, x.view(), options)))
            << n_rows << " x " << n_cols;
      }
    }
  });
}

TEST_P(gmm_types, have_the_bits_of_the_scalar_cpu_from_every_start) {
  const context scalar({"cpu", "scalar", 1});
  for_every_type([&](covariance_type type, auto t) {
    for (const gmm_init init :
         {gmm_init::kmeans_plus_plus, gmm_init::kmeans, gmm_init::random_rows, gmm_init::random_responsibilities}) {
      const rows_of<decltype(t)> x(blobs(scalar, 600, 3, 3));
      const std::vector<double> weights = some_weights(600);
      gmm_options options = iterations(type, 3, 2);
      options.init = init;
      options.n_init = 2;
      options.sample_weights = weights;

      EXPECT_EQ(gmm_digest(gmm_fit(ctx(), x.view(), options)), gmm_digest(gmm_fit(scalar, x.view(), options)))
          << name_of(init);
    }
  });
}

/// Fits with and without a callback, which a backend with a loop of its own must leave to the host.
template <class T>
void expect_same_when_seen(const context& ctx, const rows_of<T>& x, gmm_options options) {
  const gmm_model unseen = gmm_fit(ctx, x.view(), options);
  options.callback = [](const gmm_iteration&) { return true; };
  const gmm_model seen = gmm_fit(ctx, x.view(), options);

  EXPECT_EQ(gmm_digest(unseen), gmm_digest(seen));
  EXPECT_EQ(unseen.trace, seen.trace);
  EXPECT_EQ(unseen.n_iter, seen.n_iter);
  EXPECT_EQ(unseen.converged, seen.converged);
  EXPECT_EQ(unseen.restart, seen.restart);
}

TEST_P(gmm_types, have_the_same_bits_whether_or_not_somebody_looks_at_the_iterations) {
  for_every_type([&](covariance_type type, auto t) {
    for (const std::int64_t n_cols : {1, 2, 4, 5, 7}) {
      const rows_of<decltype(t)> x(blobs(ctx(), 1100, n_cols, 3));
      gmm_options options = iterations(type, 4, 40);
      options.tol = 1e-4;
      options.n_init = 3;
      expect_same_when_seen(ctx(), x, options);
      options.tol = -1;
      options.max_iter = 7;
      const std::vector<double> weights = some_weights(1100);
      options.sample_weights = weights;
      expect_same_when_seen(ctx(), x, options);
    }
  });
}

TEST_P(gmm_types, have_the_same_bits_with_as_many_components_as_a_block_can_take_and_with_more) {
  const rows_of<double> x(blobs(ctx(), 700, 2, 5));
  for (const std::int64_t n_components : {1, 15, 16, 31, 32}) {
    expect_same_when_seen(ctx(), x, iterations(covariance_type::full, n_components, 3));
  }
}

TEST_P(gmm_types, keep_what_is_frozen_when_nobody_looks_at_the_iterations) {
  for_every_type([&](covariance_type type, auto t) {
    const rows_of<decltype(t)> x(blobs(ctx(), 700, 2, 3));
    const std::vector<std::uint8_t> first{1, 0, 0};
    const std::vector<std::uint8_t> last{0, 0, 1};
    gmm_options options = iterations(type, 3, 6);
    options.frozen_weights = first;
    options.frozen_means = last;
    if (type == covariance_type::full || type == covariance_type::diag || type == covariance_type::spherical) {
      options.frozen_covariances = first;
    }
    expect_same_when_seen(ctx(), x, options);
  });
}

TEST_P(gmm_types, scores_have_the_bits_of_the_scalar_cpu) {
  const context scalar({"cpu", "scalar", 1});
  for_every_type([&](covariance_type type, auto t) {
    using T = decltype(t);
    for (const std::int64_t n_cols : {1, 2, 9}) {
      const rows_of<T> x(blobs(scalar, 600, n_cols, 3));
      const gmm_model model = gmm_fit(scalar, x.view(), iterations(type, 3, 2));
      const auto outputs = [&](const context& c) {
        std::vector<T> proba(600 * 3);
        std::vector<T> scores(600);
        std::vector<std::int64_t> labels(600);
        gmm_predict_proba(c, model, x.view(), matrix_view<T>(proba.data(), 600, 3));
        gmm_score_samples(c, model, x.view(), scores);
        gmm_predict(c, model, x.view(), labels);
        return std::tuple(proba, scores, labels, gmm_score(c, model, x.view()));
      };

      EXPECT_EQ(outputs(ctx()), outputs(scalar)) << n_cols << " columns";
    }
  });
}

}  // namespace
}  // namespace samebits::tests
