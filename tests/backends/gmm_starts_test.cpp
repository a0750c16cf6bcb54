// Where fits start, and restarts: every way to draw or give a start, on every backend.
#include <Eigen/LU>
#include <chrono>
#include <cmath>
#include <limits>
#include <mutex>
#include <numeric>
#include <set>
#include <thread>

#include "samebits/gmm.hpp"
#include "samebits/gmm_model.hpp"
#include "samebits/permutation.hpp"
#include "samebits/stream.hpp"
#include "tests/backends/backend_test.hpp"
#include "tests/backends/gmm_cases.hpp"
#include "tests/backends/gmm_oracle.hpp"

namespace samebits::tests {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr gmm_init all_inits[] = {gmm_init::kmeans_plus_plus, gmm_init::kmeans, gmm_init::random_rows,
                                  gmm_init::random_responsibilities};

/// What a run starts from: the first iteration that the callback sees of it.
template <class T>
gmm_model start_of(const context& ctx, matrix_view<const T> x, gmm_options options, std::int64_t restart = 0) {
  gmm_model start;
  options.max_iter = 1;
  options.n_init = restart + 1;
  options.callback = [&](const gmm_iteration& i) {
    if (i.restart == restart && i.iteration == 0) {
      start.covariance = options.covariance;
      start.n_components = options.n_components;
      start.n_cols = x.n_cols();
      start.weights.assign(i.weights.begin(), i.weights.end());
      start.means.assign(i.means.begin(), i.means.end());
      start.covariances.assign(i.covariances.begin(), i.covariances.end());
      start.log_likelihood = i.log_likelihood;
    }
    return true;
  };
  gmm_fit(ctx, x, options);
  return start;
}

void expect_near(std::span<const double> values, std::span<const double> expected, double tolerance,
                 const std::string& what) {
  ASSERT_EQ(values.size(), expected.size()) << what;
  const double largest = std::abs(*std::max_element(expected.begin(), expected.end(),
                                                    [](double a, double b) { return std::abs(a) < std::abs(b); }));
  for (std::size_t i = 0; i < values.size(); ++i) {
    ASSERT_NEAR(values[i], expected[i], tolerance * largest) << what << ", element " << i;
  }
}

void expect_near(const gmm_model& model, const mixture& expected, double tolerance) {
  const gmm_start rounded(expected, model.covariance);
  expect_near(model.weights, rounded.weights, tolerance, "weights");
  expect_near(model.means, rounded.means.values, tolerance, "means");
  expect_near(model.covariances, rounded.covariances.values, tolerance, "covariances");
}

/// What the maximisation makes of shares, with nothing there before.
mixture mixture_of_shares(const long_matrix& x, const long_matrix& shares, covariance_type type, double reg_covar) {
  mixture before;
  const auto k = static_cast<std::size_t>(shares.cols());
  before.weights.assign(k, 0);
  before.means.assign(k, long_vector::Zero(x.cols()));
  before.covariances.assign(k, long_matrix::Zero(x.cols(), x.cols()));
  em_rules rules;
  rules.type = type;
  rules.reg_covar = reg_covar;
  return maximised(x, shares, before, rules);
}

// ---- k-means -----------------------------------------------------------------------------------------------------

using gmm_starts = backend_test;
SAMEBITS_ON_EVERY_BACKEND(gmm_starts);
INSTANTIATE_TEST_SUITE_P(in_pieces_on, gmm_starts, testing::Values("cuda-emulated-small"), backend_test_name);

/// The nearest mean of each row in the metric of a covariance, one in the row of the winner.
long_matrix nearest_shares(const long_matrix& x, const long_matrix& means, const long_matrix& metric) {
  const Eigen::LLT<long_matrix> factor(metric);
  long_matrix shares = long_matrix::Zero(x.rows(), means.rows());
  for (Eigen::Index i = 0; i < x.rows(); ++i) {
    Eigen::Index nearest = 0;
    long double least = std::numeric_limits<long double>::infinity();
    for (Eigen::Index k = 0; k < means.rows(); ++k) {
      const long_vector away = (x.row(i) - means.row(k)).transpose();
      const long double distance = factor.matrixL().solve(away).squaredNorm();
      if (distance < least) {
        least = distance;
        nearest = k;
      }
    }
    shares(i, nearest) = 1;
  }
  return shares;
}

/// The shares that Lloyd's algorithm ends with.
long_matrix lloyd(const long_matrix& x, long_matrix means, const long_matrix& metric) {
  long_matrix shares = nearest_shares(x, means, metric);
  for (;;) {
    for (Eigen::Index k = 0; k < means.rows(); ++k) {
      if (shares.col(k).sum() > 0) {
        means.row(k) = shares.col(k).transpose() * x / shares.col(k).sum();
      }
    }
    const long_matrix next = nearest_shares(x, means, metric);
    if (next == shares) {
      return shares;
    }
    shares = next;
  }
}

/// The metric of k-means: the covariance of all rows in the shape of the type.
long_matrix metric_of(const long_matrix& x, covariance_type type) {
  mixture all;
  add_weighted_component(x, long_vector::Ones(x.rows()), all);
  const bool is_whole = type == covariance_type::full || type == covariance_type::tied;
  return restricted(all.covariances[0], is_whole ? covariance_type::full : covariance_type::diag);
}

TEST_P(gmm_starts, of_kmeans_are_the_clusters_of_lloyds_algorithm) {
  for (const covariance_type type : covariance_types) {
    for (const std::int64_t n_cols : {1, 2, 9}) {
      SCOPED_TRACE(std::string(name_of(type)) + ", " + std::to_string(n_cols) + " columns");
      const matrix x = blobs(ctx(), 700, n_cols, 4);
      const long_matrix rows = long_rows(x);
      gmm_options options = iterations(4, 1);
      options.covariance = type;
      const gmm_model seeds = start_of<double>(ctx(), x.view(), options);
      const long_matrix means = long_rows(matrix(4, n_cols, seeds.means));
      options.init = gmm_init::kmeans;

      const gmm_model start = start_of<double>(ctx(), x.view(), options);

      const long_matrix shares = lloyd(rows, means, metric_of(rows, type));
      expect_near(start, mixture_of_shares(rows, shares, type, options.reg_covar), 1e-12);
    }
  }
}

TEST_P(gmm_starts, of_kmeans_in_float_are_near_those_in_double) {
  for (const covariance_type type : covariance_types) {
    const matrix x = blobs(ctx(), 700, 3, 4);
    const rows_of<float> narrow(x);
    gmm_options options = iterations(4, 1);
    options.covariance = type;
    options.init = gmm_init::kmeans;

    const gmm_model expected = start_of<double>(ctx(), narrow.widened().view(), options);
    const gmm_model start = start_of<float>(ctx(), narrow.view(), options);

    expect_near(start.means, expected.means, 1e-5, name_of(type));
    expect_near(start.covariances, expected.covariances, 1e-4, name_of(type));
  }
}

TEST_P(gmm_starts, of_kmeans_give_a_cluster_without_rows_the_weight_of_one) {
  const matrix x(6, 1, {5, 7, 5, 7, 5, 5});
  gmm_options options = iterations(3, 1);
  options.init = gmm_init::kmeans;

  const gmm_model start = start_of<double>(ctx(), x.view(), options);

  std::vector<double> weights = start.weights;
  std::sort(weights.begin(), weights.end());
  expect_near(weights, std::vector{1.0 / 7, 2.0 / 7, 4.0 / 7}, 1e-15, "weights");
  EXPECT_EQ(start.weights[2], weights[0]) << "the third seed repeats the first row";
  EXPECT_EQ(start.means[2], 5);
}

TEST_P(gmm_starts, of_kmeans_count_the_weights_of_the_rows) {
  matrix x = blobs(ctx(), 301, 2, 3);
  x(300, 0) = 1e3;
  std::vector<double> weights(301, 1.0);
  weights.back() = 0;
  gmm_options options = iterations(3, 1);
  options.init = gmm_init::kmeans;
  options.sample_weights = weights;

  const gmm_model start = start_of<double>(ctx(), x.view(), options);

  EXPECT_LT(*std::max_element(start.means.begin(), start.means.end()), 100) << "the row of weight 0 is in no cluster";
  EXPECT_NEAR(std::accumulate(start.weights.begin(), start.weights.end(), 0.0), 1, 1e-15);
}

// ---- random rows and random shares -------------------------------------------------------------------------------

TEST_P(gmm_starts, never_take_a_row_of_weight_0_while_others_count) {
  matrix x(11, 2);
  std::vector<double> weights(11, 1.0);
  x(0, 0) = x(0, 1) = 100;
  weights[0] = 0;
  for (std::int64_t i = 1; i < 11; ++i) {
    x(i, 0) = static_cast<double>(i % 2);  // two different rows for three components
  }
  for (const gmm_init init : {gmm_init::kmeans_plus_plus, gmm_init::kmeans, gmm_init::random_rows}) {
    gmm_options options;
    options.n_components = 3;
    options.init = init;
    options.sample_weights = weights;

    const gmm_model model = gmm_fit(ctx(), x.view(), options);

    EXPECT_LT(*std::max_element(model.means.begin(), model.means.end()), 2) << name_of(init);
  }
}

TEST_P(gmm_starts, of_random_rows_are_a_sample_without_replacement) {
  const matrix x = blobs(ctx(), 50, 2, 3);
  gmm_options options = iterations(6, 1);
  options.init = gmm_init::random_rows;
  for (const std::int64_t restart : {0, 1, 5}) {
    std::vector<std::int64_t> drawn(6);
    sample_without_replacement(stream_id{11, 3}.child(static_cast<std::uint64_t>(restart)), 50, drawn);
    std::vector<double> expected;
    for (const std::int64_t row : drawn) {
      expected.insert(expected.end(), {x(row, 0), x(row, 1)});
    }

    const gmm_model start = start_of<double>(ctx(), x.view(), options, restart);

    EXPECT_EQ(start.means, expected) << "restart " << restart;
    EXPECT_EQ(start.weights, std::vector(6, 1.0 / 6));
  }
}

TEST_P(gmm_starts, of_random_rows_are_rows_that_count_as_long_as_there_are_some) {
  const matrix x(5, 1, {0, 1, 2, 3, 4});
  gmm_options options = iterations(3, 1);
  options.init = gmm_init::random_rows;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    options.seed = seed;
    const std::vector<double> two = {0, 1, 0, 0, 1};
    options.sample_weights = two;
    const std::vector<double> from_two = start_of<double>(ctx(), x.view(), options).means;
    const std::vector<double> three = {0, 1, 0, 1, 1};
    options.sample_weights = three;
    const std::vector<double> from_three = start_of<double>(ctx(), x.view(), options).means;

    EXPECT_EQ(std::set(from_two.begin(), from_two.begin() + 2), (std::set<double>{1, 4})) << "seed " << seed;
    EXPECT_EQ(std::set(from_two.begin(), from_two.end()).size(), 3u) << "seed " << seed;
    EXPECT_EQ(std::set(from_three.begin(), from_three.end()), (std::set<double>{1, 3, 4})) << "seed " << seed;
  }
}

/// Shares uniform over the simplex, as docs/numerics.md says: exponentials of draws, over their sum.
long_matrix random_shares(std::int64_t n_rows, std::int64_t k, std::int64_t restart) {
  stream draws(11, 3);
  draws.skip(static_cast<std::uint64_t>(2 * restart * n_rows * k));
  long_matrix shares(n_rows, k);
  for (std::int64_t i = 0; i < n_rows; ++i) {
    for (std::int64_t j = 0; j < k; ++j) {
      const long double u = (static_cast<long double>(draws.next_u64() >> 11) + 1) * 0x1p-53L;
      shares(i, j) = -std::log(u);
    }
    shares.row(i) /= shares.row(i).sum();
  }
  return shares;
}

TEST_P(gmm_starts, of_random_responsibilities_are_the_mixture_of_random_shares) {
  for (const covariance_type type : covariance_types) {
    for (const std::int64_t restart : {0, 2}) {
      SCOPED_TRACE(std::string(name_of(type)) + ", restart " + std::to_string(restart));
      const matrix x = blobs(ctx(), 530, 2, 3);
      gmm_options options = iterations(3, 1);
      options.covariance = type;
      options.init = gmm_init::random_responsibilities;

      const gmm_model start = start_of<double>(ctx(), x.view(), options, restart);

      const long_matrix shares = random_shares(530, 3, restart);
      expect_near(start, mixture_of_shares(long_rows(x), shares, type, options.reg_covar), 1e-13);
    }
  }
}

TEST_P(gmm_starts, differ_between_restarts_seeds_and_tasks) {
  const matrix x = blobs(ctx(), 400, 2, 3);
  for (const gmm_init init : all_inits) {
    std::set<std::vector<double>> starts;
    for (const std::uint64_t seed : {1, 2}) {
      for (const std::uint64_t task : {1, 2}) {
        for (const std::int64_t restart : {0, 1}) {
          gmm_options options = iterations(12, 1);
          options.init = init;
          options.seed = seed;
          options.task = task;
          starts.insert(start_of<double>(ctx(), x.view(), options, restart).means);
        }
      }
    }

    EXPECT_EQ(starts.size(), 8u) << name_of(init);
  }
}

// ---- given starts ------------------------------------------------------------------------------------------------

TEST_P(gmm_starts, are_the_mixture_of_given_responsibilities) {
  for (const covariance_type type : covariance_types) {
    const matrix x = blobs(ctx(), 530, 2, 3);
    matrix shares(530, 3);
    for (std::int64_t i = 0; i < x.n_rows; ++i) {
      shares(i, i % 3) = 1 + static_cast<double>(i % 7);
      shares(i, (i + 1) % 3) = 0.25;
    }
    gmm_options options = iterations(3, 1);
    options.covariance = type;
    options.responsibilities_init = shares.view();

    const gmm_model start = start_of<double>(ctx(), x.view(), options);

    SCOPED_TRACE(name_of(type));
    expect_near(start, mixture_of_shares(long_rows(x), long_rows(shares), type, options.reg_covar), 1e-13);
  }
}

TEST_P(gmm_starts, from_given_responsibilities_are_right_for_clusters_far_apart) {
  const matrix near = blobs(ctx(), 600, 2, 1);
  matrix x = near;
  matrix shares(600, 2);
  for (std::int64_t i = 0; i < x.n_rows; ++i) {
    x(i, 0) += i % 2 == 0 ? 1e9 : -1e9;
    shares(i, i % 2) = 1;
  }
  gmm_options options = iterations(2, 1);
  options.reg_covar = 0;
  options.responsibilities_init = shares.view();

  const gmm_model start = start_of<double>(ctx(), x.view(), options);

  // The rows themselves are rounded to 1e-7; a covariance centred on the mean of all would be off by 100.
  expect_near(start, mixture_of_shares(long_rows(x), long_rows(shares), covariance_type::full, 0), 1e-12);
}

TEST_P(gmm_starts, with_given_weights_and_covariances_keep_them_whatever_the_means_come_from) {
  const matrix x = blobs(ctx(), 300, 2, 2);
  const std::vector<double> weights = {0.25, 0.75};
  const matrix covariances(2, 1, {2, 3});
  for (const gmm_init init : all_inits) {
    gmm_options options = iterations(2, 1);
    options.covariance = covariance_type::spherical;
    options.init = init;
    options.weights_init = weights;
    options.covariances_init = covariances.view();

    const gmm_model start = start_of<double>(ctx(), x.view(), options);

    EXPECT_EQ(start.weights, weights) << name_of(init);
    EXPECT_EQ(start.covariances, covariances.values) << name_of(init);
  }
}

TEST_P(gmm_starts, from_precisions_are_those_from_their_inverses) {
  const matrix x = blobs(ctx(), 300, 2, 2);
  for (const covariance_type type : covariance_types) {
    const gmm_start given = spread_start(long_rows(x), 2, type);
    mixture inverse = given.rounded();
    for (long_matrix& covariance : inverse.covariances) {
      covariance = covariance.inverse().eval();
    }
    const matrix precisions = compact_covariances(inverse, type);
    gmm_options options = given.options();
    options.covariances_init = {};
    options.precisions_init = precisions.view();

    const gmm_model start = start_of<double>(ctx(), x.view(), options);

    expect_near(start.covariances, given.covariances.values, 1e-13, name_of(type));
  }
}

TEST_P(gmm_starts, share_one_covariance_that_is_shrunk_to_the_volume_of_all_rows) {
  const matrix x = blobs(ctx(), 530, 3, 3);
  mixture all;
  add_weighted_component(long_rows(x), long_vector::Ones(530), all);
  all.covariances[0].diagonal().array() += 1e-6L;
  for (const covariance_type type : covariance_types) {
    gmm_options options = iterations(4, 1);
    options.covariance = type;

    const gmm_model start = start_of<double>(ctx(), x.view(), options);

    const long_matrix expected = restricted(all.covariances[0], type) * std::pow(4.0L, -2.0L / 3);
    for (const long_matrix& covariance : mixture_of(start).covariances) {
      EXPECT_LE((covariance - expected).cwiseAbs().maxCoeff(), 1e-14L * expected.cwiseAbs().maxCoeff())
          << name_of(type);
    }
  }
}

template <class T>
void expect_warm_start_goes_on(const context& ctx, covariance_type type) {
  const rows_of<T> x(blobs(ctx, 530, 3, 3));
  gmm_options options = iterations(3, 9);
  options.covariance = type;
  const gmm_model all_at_once = gmm_fit(ctx, x.view(), options);
  options.max_iter = 4;
  const gmm_model before = gmm_fit(ctx, x.view(), options);
  options.max_iter = 5;
  options.warm_start = &before;

  const gmm_model after = gmm_fit(ctx, x.view(), options);

  EXPECT_EQ(gmm_digest(after), gmm_digest(all_at_once)) << name_of(type);
  EXPECT_EQ(after.n_iter, 5);
}

TEST_P(gmm_starts, from_a_model_go_on_where_it_ended) {
  for (const covariance_type type : covariance_types) {
    expect_warm_start_goes_on<double>(ctx(), type);
    expect_warm_start_goes_on<float>(ctx(), type);
  }
}

TEST_P(gmm_starts, from_a_model_leave_it_alone) {
  const matrix x = blobs(ctx(), 300, 2, 2);
  const gmm_model model = gmm_fit(ctx(), x.view(), iterations(2, 2));
  const std::string before = gmm_digest(model);
  gmm_options options = iterations(2, 3);
  options.warm_start = &model;
  gmm_fit(ctx(), x.view(), options);
  options.callback = [](const gmm_iteration&) { return false; };
  EXPECT_THROW(gmm_fit(ctx(), x.view(), options), interrupted);

  EXPECT_EQ(gmm_digest(model), before);
}

TEST_P(gmm_starts, that_are_given_run_once) {
  const matrix x = blobs(ctx(), 300, 2, 2);
  const gmm_model model = gmm_fit(ctx(), x.view(), iterations(2, 2));
  const matrix shares(300, 2, std::vector(600, 0.5));
  for (const bool warm : {false, true}) {
    gmm_options options = iterations(2, 2);
    options.n_init = 7;
    options.warm_start = warm ? &model : nullptr;
    options.responsibilities_init = warm ? matrix_view<const double>() : shares.view();
    int n_starts = 0;
    options.callback = [&](const gmm_iteration& i) {
      n_starts += i.iteration == 0;
      return true;
    };

    gmm_fit(ctx(), x.view(), options);

    EXPECT_EQ(n_starts, 1);
  }
}

// ---- bits --------------------------------------------------------------------------------------------------------

template <class T>
std::string digest_of_fit(const context& ctx, std::int64_t n_rows, gmm_init init, covariance_type type,
                          gmm_schedule schedule) {
  const context scalar({"cpu", "scalar", 1});
  const rows_of<T> x(blobs(scalar, n_rows, 2, 3));
  gmm_options options = iterations(3, 2);
  options.init = init;
  options.covariance = type;
  options.schedule = schedule;
  options.n_init = 3;
  return gmm_digest(gmm_fit(ctx, x.view(), options));
}

TEST_P(gmm_starts, have_the_bits_of_the_scalar_cpu_with_any_number_of_threads) {
  const context scalar({"cpu", "scalar", 1});
  for (const gmm_init init : all_inits) {
    for (const covariance_type type : {covariance_type::full, covariance_type::tied_diag}) {
      for (const std::int64_t n_rows : {40, 513, 9'001}) {
        if (is_emulated() && n_rows > 600) {
          continue;
        }
        SCOPED_TRACE(std::string(name_of(init)) + ", " + name_of(type) + ", " + std::to_string(n_rows) + " rows");
        const std::string expected = digest_of_fit<double>(scalar, n_rows, init, type, gmm_schedule::rows);
        const std::string expected_float = digest_of_fit<float>(scalar, n_rows, init, type, gmm_schedule::rows);
        for (const int n_threads : {1, 3}) {
          for (const gmm_schedule schedule : {gmm_schedule::rows, gmm_schedule::components}) {
            const context threads = on_threads(n_threads);
            EXPECT_EQ(digest_of_fit<double>(threads, n_rows, init, type, schedule), expected) << n_threads;
            EXPECT_EQ(digest_of_fit<float>(threads, n_rows, init, type, schedule), expected_float) << n_threads;
          }
        }
      }
    }
  }
}

/// The means that all restarts start from, in the order of restarts.
template <class T>
std::vector<double> starts_of(const context& ctx, matrix_view<const T> x, gmm_options options) {
  std::vector<double> means;
  options.max_iter = 1;
  options.callback = [&](const gmm_iteration& i) {
    const std::size_t size = i.means.size();
    means.resize(size * static_cast<std::size_t>(options.n_init));
    if (i.iteration == 0) {
      std::copy(i.means.begin(), i.means.end(), means.begin() + i.restart * static_cast<std::int64_t>(size));
    }
    return true;
  };
  gmm_fit(ctx, x, options);
  return means;
}

/// Rows of which some do not count and some repeat.
struct uneven_rows {
  explicit uneven_rows(std::int64_t n_rows)
      : x(blobs(context({"cpu", "scalar", 1}), n_rows, 2, 3)), weights(static_cast<std::size_t>(n_rows), 1.0) {
    for (std::int64_t i = 0; i < n_rows; ++i) {
      weights[static_cast<std::size_t>(i)] = i % 4 == 0 ? 0.0 : i % 4 == 1 ? 0.5 : 1.0;
      if (i % 3 == 2) {
        x(i, 0) = x(i - 1, 0);
        x(i, 1) = x(i - 1, 1);
      }
    }
  }
  matrix x;
  std::vector<double> weights;
};

/// Of rows of both types.
void expect_starts_of_the_scalar_cpu(const context& ctx, std::int64_t n_rows, gmm_init init, std::int64_t n_init) {
  SCOPED_TRACE(testing::Message() << name_of(init) << ", " << n_init << " restarts, " << n_rows << " rows");
  const context scalar({"cpu", "scalar", 1});
  const uneven_rows data(n_rows);
  const rows_of<float> narrow(data.x);
  gmm_options options = iterations(3, 1);
  options.sample_weights = data.weights;
  options.init = init;
  options.n_init = n_init;
  EXPECT_EQ(starts_of<double>(ctx, data.x.view(), options), starts_of<double>(scalar, data.x.view(), options));
  EXPECT_EQ(starts_of<float>(ctx, narrow.view(), options), starts_of<float>(scalar, narrow.view(), options));
}

TEST_P(gmm_starts, of_any_number_of_restarts_are_those_of_the_scalar_cpu) {
  for (const std::int64_t n_rows : {300, 512, 513}) {
    for (const std::int64_t n_init : {1, 2, 65, 200}) {
      expect_starts_of_the_scalar_cpu(ctx(), n_rows, gmm_init::kmeans_plus_plus, n_init);
      expect_starts_of_the_scalar_cpu(ctx(), n_rows, gmm_init::random_rows, n_init);
    }
  }
}

TEST_P(gmm_starts, that_take_passes_are_those_of_the_scalar_cpu_for_many_restarts) {
  for (const gmm_init init : {gmm_init::kmeans, gmm_init::random_responsibilities}) {
    expect_starts_of_the_scalar_cpu(ctx(), 300, init, 65);
  }
}

// ---- restarts ----------------------------------------------------------------------------------------------------

using gmm_restarts = backend_test;
SAMEBITS_ON_EVERY_BACKEND(gmm_restarts);

TEST_P(gmm_restarts, are_what_each_is_alone) {
  const matrix x = blobs(ctx(), 300, 2, 4);
  gmm_options options = iterations(4, 5);
  options.n_init = 70;
  std::vector<std::vector<double>> traces(70);
  options.callback = [&](const gmm_iteration& i) {
    std::vector<double>& trace = traces[static_cast<std::size_t>(i.restart)];
    EXPECT_EQ(i.iteration, std::ssize(trace)) << "iterations of a restart come in order";
    trace.push_back(i.log_likelihood);
    return true;
  };

  const gmm_model model = gmm_fit(ctx(), x.view(), options);

  const auto best = std::max_element(traces.begin(), traces.end(), [](const auto& a, const auto& b) {
    return a.back() < b.back();  // the first of equals
  });
  EXPECT_EQ(model.restart, best - traces.begin());
  EXPECT_EQ(model.trace, *best);
  options.callback = {};
  EXPECT_EQ(gmm_digest(gmm_fit(ctx(), x.view(), options)), gmm_digest(model));
  EXPECT_EQ(gmm_digest(gmm_fit(on_threads(1), x.view(), options)), gmm_digest(model));
  EXPECT_EQ(gmm_digest(gmm_fit(on_threads(8), x.view(), options)), gmm_digest(model));
}

TEST_P(gmm_restarts, have_the_bits_of_the_scalar_cpu_however_many_there_are) {
  const context scalar({"cpu", "scalar", 1});
  const matrix x = blobs(scalar, 20, 1, 2);
  gmm_options options = iterations(2, 2);
  options.n_init = 4'100;  // more than a device takes at once

  const gmm_model model = gmm_fit(ctx(), x.view(), options);
  const gmm_model expected = gmm_fit(scalar, x.view(), options);

  EXPECT_EQ(gmm_digest(model), gmm_digest(expected));
  EXPECT_EQ(model.restart, expected.restart);
}

TEST_P(gmm_restarts, of_many_rows_are_those_of_one_thread) {
  const matrix x = blobs(ctx(), is_emulated() ? 1'500 : 30'000, 3, 4);
  gmm_options options = iterations(4, 3);
  options.n_init = 4;

  EXPECT_EQ(gmm_digest(gmm_fit(ctx(), x.view(), options)), gmm_digest(gmm_fit(on_threads(1), x.view(), options)));
}

TEST_P(gmm_restarts, report_the_run_that_won) {
  const matrix x = blobs(ctx(), 300, 2, 4);
  gmm_options options;
  options.n_components = 4;
  options.n_init = 6;
  options.covariance = covariance_type::tied;

  const gmm_model model = gmm_fit(ctx(), x.view(), options);

  EXPECT_EQ(model.covariance, covariance_type::tied);
  EXPECT_EQ(model.n_components, 4);
  EXPECT_EQ(model.n_cols, 2);
  EXPECT_EQ(std::ssize(model.trace), model.n_iter + 1);
  EXPECT_EQ(model.trace.back(), model.log_likelihood);
  EXPECT_TRUE(model.converged);
}

TEST_P(gmm_restarts, never_call_back_from_two_threads_at_once) {
  const matrix x = blobs(ctx(), 100, 2, 3);
  gmm_options options = iterations(3, 5);
  options.n_init = 16;
  std::mutex mutex;
  int n_calls = 0;
  options.callback = [&](const gmm_iteration&) {
    const std::unique_lock lock(mutex, std::try_to_lock);
    EXPECT_TRUE(lock.owns_lock());
    std::this_thread::sleep_for(std::chrono::microseconds(100));
    ++n_calls;
    return true;
  };

  gmm_fit(on_threads(4), x.view(), options);

  EXPECT_EQ(n_calls, 16 * 6);
}

TEST_P(gmm_restarts, all_stop_when_the_callback_says_so) {
  const matrix x = blobs(ctx(), 100, 2, 3);
  gmm_options options = iterations(3, 50);
  options.n_init = 16;
  int n_calls = 0;
  options.callback = [&](const gmm_iteration&) { return ++n_calls < 30; };

  const std::string message = error_of<interrupted>([&] { gmm_fit(on_threads(4), x.view(), options); });

  EXPECT_TRUE(contains(message, "gmm_fit: stopped by the callback at iteration ")) << message;
  EXPECT_EQ(n_calls, 30) << "nobody is asked again";
}

TEST_P(gmm_restarts, all_stop_when_the_callback_throws) {
  const matrix x = blobs(ctx(), 100, 2, 3);
  gmm_options options = iterations(3, 50);
  options.n_init = 16;
  int n_calls = 0;
  options.callback = [&](const gmm_iteration&) -> bool {
    if (++n_calls == 100) {
      throw numerical_failure("mine");
    }
    return true;
  };

  EXPECT_EQ(error_of<numerical_failure>([&] { gmm_fit(on_threads(4), x.view(), options); }), "mine");
  EXPECT_EQ(n_calls, 100);
}

TEST_P(gmm_restarts, that_fail_are_passed_over) {
  // Without reg_covar a component that closes in on the equal rows fails; within few iterations not all get there.
  matrix x = blobs(ctx(), 24, 1, 2);
  std::fill_n(x.values.begin(), 4, 100.0);
  const std::int64_t last = 5;
  gmm_options options = iterations(3, last);
  options.reg_covar = 0;
  options.init = gmm_init::random_rows;
  options.n_init = 12;
  std::set<std::int64_t> ended;
  options.callback = [&](const gmm_iteration& i) {
    if (i.iteration == last) {
      ended.insert(i.restart);
    }
    return true;
  };

  const gmm_model model = gmm_fit(ctx(), x.view(), options);

  ASSERT_LT(ended.size(), 12u) << "the test needs restarts that fail";
  EXPECT_TRUE(ended.contains(model.restart));
}

TEST_P(gmm_restarts, that_all_fail_give_the_reason_of_the_first) {
  const matrix x(6, 1, {1, 1, 1, 5, 5, 5});
  gmm_options options = iterations(2, 30);
  options.reg_covar = 0;
  const std::string alone = error_of<numerical_failure>([&] { gmm_fit(ctx(), x.view(), options); });
  options.n_init = 8;

  EXPECT_EQ(error_of<numerical_failure>([&] { gmm_fit(on_threads(4), x.view(), options); }), alone);
  EXPECT_TRUE(contains(alone, "is singular at column 0 (counted from 0) after iteration ")) << alone;
}

// ---- errors ------------------------------------------------------------------------------------------------------

using gmm_option_errors = gmm_refusals;
SAMEBITS_ON_EVERY_BACKEND(gmm_option_errors);

TEST_P(gmm_option_errors, name_numbers_out_of_range) {
  options_.reg_covar_relative = -1;
  EXPECT_EQ(error(), "gmm_fit: reg_covar_relative is -1 but must be finite and at least 0");
  options_.reg_covar_relative = nan;
  EXPECT_EQ(error(), "gmm_fit: reg_covar_relative is nan but must be finite and at least 0");
  options_ = gmm_options();
  options_.covariance = static_cast<covariance_type>(6);
  EXPECT_EQ(error(), "gmm_fit: covariance is 6 but must be 0 to 5");
  options_ = gmm_options();
  options_.init = static_cast<gmm_init>(-1);
  EXPECT_EQ(error(), "gmm_fit: init is -1 but must be 0 to 3");
  options_ = gmm_options();
  options_.schedule = static_cast<gmm_schedule>(3);
  EXPECT_EQ(error(), "gmm_fit: schedule is 3 but must be 0 to 2");
  options_ = gmm_options();
  options_.n_init = std::int64_t{1} << 61;
  EXPECT_EQ(error(),
            "gmm_fit: n_init is 2305843009213693952, which with 4 rows and 1 components takes more than 2^62 random "
            "numbers");
}

TEST_P(gmm_option_errors, name_covariances_in_the_layout_of_another_type) {
  const matrix covariances(4, 2, {1, 0, 0, 1, 1, 0, 0, 1});
  options_.covariances_init = covariances.view();
  const auto error_for = [&](covariance_type type) {
    options_.covariance = type;
    return error();
  };

  EXPECT_EQ(error_for(covariance_type::tied), "gmm_fit: covariances_init is 4 x 2 but must be 2 x 2");
  EXPECT_EQ(error_for(covariance_type::diag), "gmm_fit: covariances_init is 4 x 2 but must be 2 x 2");
  EXPECT_EQ(error_for(covariance_type::spherical), "gmm_fit: covariances_init is 4 x 2 but must be 2 x 1");
  EXPECT_EQ(error_for(covariance_type::tied_diag), "gmm_fit: covariances_init is 4 x 2 but must be 1 x 2");
  EXPECT_EQ(error_for(covariance_type::tied_spherical), "gmm_fit: covariances_init is 4 x 2 but must be 1 x 1");
}

TEST_P(gmm_option_errors, name_variances_that_are_not_positive) {
  const matrix variances(2, 2, {1, 1, 0, 1});
  options_.covariance = covariance_type::diag;
  options_.covariances_init = variances.view();

  EXPECT_EQ(error(), "gmm_fit: covariances_init is 0 at row 1, column 0 (counted from 0) but must be positive");
}

TEST_P(gmm_option_errors, name_precisions_that_are_singular) {
  const matrix precisions(4, 2, {1, 0, 0, 1, 1, 1, 1, 1});
  options_.precisions_init = precisions.view();
  EXPECT_EQ(error(), "gmm_fit: precisions_init[1] is not positive definite at column 1 (counted from 0)");

  const matrix common(2, 2, {1, 2, 2, 1});
  options_.covariance = covariance_type::tied;
  options_.precisions_init = common.view();
  EXPECT_EQ(error(), "gmm_fit: precisions_init is not positive definite at column 1 (counted from 0)");
}

TEST_P(gmm_option_errors, name_two_starts_that_exclude_each_other) {
  const matrix two(2, 2, {1, 2, 3, 4});
  const matrix covariances(4, 2, {1, 0, 0, 1, 1, 0, 0, 1});
  const matrix shares(4, 2, std::vector(8, 0.5));
  const gmm_model model = gmm_fit(ctx(), x_.view(), iterations(2, 1));
  options_.means_init = two.view();
  options_.responsibilities_init = shares.view();
  EXPECT_EQ(error(), "gmm_fit: means_init and responsibilities_init are both given");
  options_.responsibilities_init = {};
  options_.warm_start = &model;
  EXPECT_EQ(error(), "gmm_fit: warm_start and means_init are both given");
  options_ = gmm_options();
  options_.n_components = 2;
  options_.covariances_init = covariances.view();
  options_.precisions_init = covariances.view();
  EXPECT_EQ(error(), "gmm_fit: covariances_init and precisions_init are both given");
}

TEST_P(gmm_option_errors, name_bad_responsibilities) {
  matrix shares(4, 2, std::vector(8, 0.5));
  options_.responsibilities_init = shares.view();
  shares(2, 1) = -0.5;
  EXPECT_EQ(error(),
            "gmm_fit: responsibilities_init is -0.5 at row 2, column 1 (counted from 0) but must be finite and at "
            "least 0");
  shares.values.assign(8, 0.0);
  EXPECT_EQ(error(), "gmm_fit: responsibilities_init is 0 everywhere");
  shares(2, 1) = 1;
  const std::vector<double> weights = {1, 1, 0, 1};
  options_.sample_weights = weights;
  EXPECT_EQ(error(), "gmm_fit: the responsibilities of all rows, times their weights, are 0");
  options_.n_components = 3;
  EXPECT_EQ(error(), "gmm_fit: responsibilities_init is 4 x 2 but must be 4 x 3");
}

TEST_P(gmm_option_errors, name_responsibilities_whose_products_would_overflow) {
  const matrix huge(4, 2, std::vector<double>(8, 1e308));
  options_.responsibilities_init = huge.view();

  EXPECT_TRUE(contains(error(), "gmm_fit: the largest of responsibilities_init is 1e+308 but must be from "))
      << error();
}

TEST_P(gmm_option_errors, name_a_model_that_does_not_fit) {
  gmm_model model = gmm_fit(ctx(), x_.view(), iterations(2, 1));
  options_.warm_start = &model;
  options_.covariance = covariance_type::diag;
  EXPECT_EQ(error(), "gmm_fit: warm_start has covariance full but covariance is diag");
  options_.covariance = covariance_type::full;
  options_.n_components = 3;
  EXPECT_EQ(error(), "gmm_fit: warm_start has n_components 2 but n_components is 3");
  options_.n_components = 2;
  model.weights[0] = 2;
  EXPECT_TRUE(contains(error(), "gmm_fit: model.weights sums to ")) << error();
  model.n_cols = 1;
  EXPECT_EQ(error(), "gmm_fit: warm_start has 1 columns but x has 2");
}

TEST_P(gmm_option_errors, name_bad_flags_of_frozen_parameters) {
  const std::vector<std::uint8_t> one = {1};
  const std::vector<std::uint8_t> two = {0, 2};
  options_.frozen_means = one;
  EXPECT_EQ(error(), "gmm_fit: frozen_means has 1 elements but n_components is 2");
  options_.frozen_means = two;
  EXPECT_EQ(error(), "gmm_fit: frozen_means[1] is 2 but must be 0 or 1");
}

TEST_P(gmm_option_errors, name_frozen_weights_that_leave_nothing) {
  const std::vector<double> weights = {1.0000005, 1e-7};
  const std::vector<std::uint8_t> frozen = {1, 0};
  options_.weights_init = weights;
  options_.frozen_weights = frozen;

  EXPECT_EQ(error(),
            "gmm_fit: frozen_weights keeps weights that sum to 1.0000005, which leaves nothing for the free ones");
}

TEST_P(gmm_option_errors, name_reg_covar_that_swamps_the_data) {
  matrix x = x_;
  for (double& value : x.values) {
    value *= 0x1p-20;
  }
  const std::string message = error_of<numerical_failure>([&] { gmm_fit(ctx(), x.view(), options_); });

  EXPECT_TRUE(contains(message, "gmm_fit: reg_covar is 1e-06 but the largest variance of a column of x is "))
      << message;
  EXPECT_TRUE(contains(message, "; set reg_covar_relative instead, or rescale x")) << message;
}

// ---- names -------------------------------------------------------------------------------------------------------

TEST(gmm_names, read_back_as_what_they_name) {
  for (const covariance_type type : covariance_types) {
    EXPECT_EQ(covariance_type_named(name_of(type)), type);
  }
  for (const gmm_init init : all_inits) {
    EXPECT_EQ(gmm_init_named(name_of(init)), init);
  }
}

TEST(gmm_names, that_are_unknown_are_refused_with_those_that_exist) {
  EXPECT_EQ(error_of<invalid_argument>([] { covariance_type_named("round"); }),
            "covariance_type_named: there is no type of covariance named \"round\"; there are full, tied, diag, "
            "spherical, tied-diag, tied-spherical");
  EXPECT_EQ(error_of<invalid_argument>([] { gmm_init_named(""); }),
            "gmm_init_named: there is no start named \"\"; there are k-means++, k-means, random-rows, "
            "random-responsibilities");
}

TEST(gmm_names, of_numbers_that_are_no_types_are_unknown) {
  EXPECT_STREQ(name_of(static_cast<covariance_type>(17)), "unknown");
  EXPECT_STREQ(name_of(static_cast<gmm_init>(-1)), "unknown");
}

}  // namespace
}  // namespace samebits::tests
