// Gaussian mixtures, on every backend: shape of the work and golden bits, the long-double oracle, errors.
#include "samebits/gmm.hpp"

#include <cmath>
#include <cstdio>
#include <limits>
#include <numeric>
#include <set>

#include "tests/backends/backend_test.hpp"
#include "tests/backends/gmm_cases.hpp"
#include "tests/backends/gmm_oracle.hpp"

namespace samebits::tests {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

bool is_finite(const gmm_model& m) {
  const auto all_finite = [](const std::vector<double>& values) {
    return std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); });
  };
  return all_finite(m.weights) && all_finite(m.means) && all_finite(m.covariances) && std::isfinite(m.log_likelihood);
}

// ---- golden bits -------------------------------------------------------------------------------------------------

struct golden_fit {
  std::int64_t n_rows;
  std::int64_t n_cols;
  std::int64_t n_components;
  const char* digest;  // its first 16 hexadecimal digits
};

// The numbers change only with SAMEBITS_NUMERICS_VERSION. `backend_tests --gtest_also_run_disabled_tests
// --gtest_filter=gmm_goldens.DISABLED_print` prints the list anew, DISABLED_print_options the other one.
constexpr golden_fit golden_fits[] = {
#include "tests/backends/gmm_goldens.inc"
};

std::string short_digest(const context& ctx, std::int64_t n_rows, std::int64_t n_cols, std::int64_t n_components) {
  const matrix x = blobs(ctx, n_rows, n_cols, n_components);
  return gmm_digest(gmm_fit(ctx, x.view(), iterations(n_components, 2))).substr(7, 16);
}

/// A fit of another kind: any type of covariance, of rows, of start, with weights or without.
struct golden_option_fit {
  const char* covariance;
  const char* dtype;
  const char* init;
  bool is_weighted;
  std::int64_t n_rows;
  std::int64_t n_cols;
  std::int64_t n_components;
  const char* digest;
};

constexpr golden_option_fit golden_option_fits[] = {
#include "tests/backends/gmm_option_goldens.inc"
};

template <class T>
std::string digest_of(const context& ctx, const golden_option_fit& g, gmm_schedule schedule) {
  const rows_of<T> x(blobs(ctx, g.n_rows, g.n_cols, g.n_components));
  std::vector<double> weights;
  for (std::int64_t i = 0; g.is_weighted && i < g.n_rows; ++i) {
    weights.push_back(static_cast<double>((5 * i + 1) % 7) / 3);
  }
  gmm_options options = iterations(g.n_components, 2);
  options.covariance = covariance_type_named(g.covariance);
  options.init = gmm_init_named(g.init);
  options.sample_weights = weights;
  options.schedule = schedule;
  return gmm_digest(gmm_fit(ctx, x.view(), options)).substr(7, 16);
}

std::string short_digest(const context& ctx, const golden_option_fit& g, gmm_schedule schedule) {
  return g.dtype == std::string("float32") ? digest_of<float>(ctx, g, schedule) : digest_of<double>(ctx, g, schedule);
}

void print(golden_option_fit g) {
  const std::string digest = short_digest(context({"cpu", "scalar", 1}), g, gmm_schedule::rows);
  std::printf("{\"%s\", \"%s\", \"%s\", %s, %d, %d, %d, \"%s\"},\n", g.covariance, g.dtype, g.init,
              g.is_weighted ? "true" : "false", static_cast<int>(g.n_rows), static_cast<int>(g.n_cols),
              static_cast<int>(g.n_components), digest.c_str());
}

TEST(gmm_goldens, DISABLED_print_options) {
  for (const covariance_type type : covariance_types) {
    for (const char* const dtype : {"float64", "float32"}) {
      for (const std::int64_t n_cols : {1, 2, 7, 8, 9, 33}) {
        for (const std::int64_t n_rows : {511, 512, 513, 1037}) {
          print({name_of(type), dtype, "k-means++", false, n_rows, n_cols, 3, nullptr});
        }
        print({name_of(type), dtype, "k-means++", true, 1037, n_cols, 3, nullptr});
      }
      print({name_of(type), dtype, "k-means++", false, 9, 2, 3, nullptr});
      print({name_of(type), dtype, "k-means++", false, 1537, 3, 11, nullptr});
      print({name_of(type), dtype, "k-means++", false, 1537, 16, 5, nullptr});
      for (const char* const init : {"k-means", "random-rows", "random-responsibilities"}) {
        print({name_of(type), dtype, init, false, 513, 2, 4, nullptr});
        print({name_of(type), dtype, init, true, 513, 9, 4, nullptr});
      }
    }
  }
}

TEST(gmm_goldens, DISABLED_print) {
  const context scalar({"cpu", "scalar", 1});
  for (const std::int64_t n_cols : {1, 2, 3, 7, 8, 9, 16, 33}) {
    for (const std::int64_t n_rows : {1, 7, 8, 9, 511, 512, 513, 1024, 1537, 5000}) {
      for (const std::int64_t n_components : {1, 3, 9}) {
        if (n_components <= n_rows && n_components * n_cols <= 99) {
          std::printf("{%d, %d, %d, \"%s\"},\n", static_cast<int>(n_rows), static_cast<int>(n_cols),
                      static_cast<int>(n_components), short_digest(scalar, n_rows, n_cols, n_components).c_str());
        }
      }
    }
  }
}

using gmm_bits = backend_test;
SAMEBITS_ON_EVERY_BACKEND(gmm_bits);
// The block emulator with so little work space that a pass takes many batches of leaves.
INSTANTIATE_TEST_SUITE_P(in_batches_on, gmm_bits, testing::Values("cuda-emulated-small"), backend_test_name);

TEST_P(gmm_bits, are_golden_for_any_shape_and_number_of_threads) {
  for (const int n_threads : {1, 2, 3, 8}) {
    const context threads = on_threads(n_threads);
    for (const golden_fit& g : golden_fits) {
      if (is_emulated() && (n_threads > 1 || g.n_rows > 1024 || g.n_components > 3)) {
        continue;
      }
      EXPECT_EQ(short_digest(threads, g.n_rows, g.n_cols, g.n_components), g.digest)
          << g.n_rows << " rows, " << g.n_cols << " columns, " << g.n_components << " components, " << n_threads
          << " threads";
    }
  }
}

TEST_P(gmm_bits, are_golden_for_all_options_with_any_number_of_threads_and_schedule) {
  for (const int n_threads : {1, 3}) {
    const context threads = on_threads(n_threads);
    for (const golden_option_fit& g : golden_option_fits) {
      if (is_emulated() && (n_threads > 1 || g.n_rows > 600 || g.n_cols > 9)) {
        continue;
      }
      for (const gmm_schedule schedule : {gmm_schedule::rows, gmm_schedule::components}) {
        EXPECT_EQ(short_digest(threads, g, schedule), g.digest)
            << g.covariance << ", " << g.dtype << ", " << g.init << (g.is_weighted ? ", weighted, " : ", ") << g.n_rows
            << " rows, " << g.n_cols << " columns, " << g.n_components << " components, " << n_threads
            << " threads, schedule " << static_cast<int>(schedule);
      }
    }
  }
}

TEST_P(gmm_bits, are_those_of_the_scalar_cpu_for_many_leaves) {
  const context scalar({"cpu", "scalar", 1});
  for (const std::int64_t n_cols : {2, 9}) {
    const matrix x = blobs(scalar, is_emulated() ? 9'000 : 100'003, n_cols, 3);
    const gmm_options options = iterations(3, 2);

    EXPECT_EQ(gmm_digest(gmm_fit(ctx(), x.view(), options)), gmm_digest(gmm_fit(scalar, x.view(), options)));
  }
}

TEST_P(gmm_bits, are_those_of_the_scalar_cpu_for_subnormal_and_huge_numbers) {
  const context scalar({"cpu", "scalar", 1});
  for (const double scale : {0x1p-1060, 0x1p-500, 0x1p400}) {
    matrix x = blobs(scalar, 600, 2, 2);
    for (double& value : x.values) {
      value *= scale;
    }
    x.values[5] = -0.0;
    matrix means(2, 2);
    std::copy_n(x.values.end() - 4, 4, means.values.begin());
    const matrix covariances(4, 2, {1, 0, 0, 1, 1, 0, 0, 1});
    gmm_options options = iterations(2, 2);
    options.means_init = means.view();
    options.covariances_init = covariances.view();
    const auto outcome = [&](const context& ctx) {
      try {
        return gmm_digest(gmm_fit(ctx, x.view(), options));
      } catch (const error& e) {
        return std::string(e.what());
      }
    };

    EXPECT_EQ(outcome(ctx()), outcome(scalar)) << scale;
  }
}

TEST_P(gmm_bits, stay_when_the_fit_is_repeated) {
  const matrix x = blobs(ctx(), 1537, 3, 3);
  const std::string first = gmm_digest(gmm_fit(ctx(), x.view(), iterations(3, 3)));

  EXPECT_EQ(gmm_digest(gmm_fit(ctx(), x.view(), iterations(3, 3))), first);
}

TEST_P(gmm_bits, of_random_starts_depend_on_seed_and_task) {
  const matrix x = blobs(ctx(), 500, 2, 3);
  std::set<std::string> digests;
  for (const std::uint64_t seed : {1, 2}) {
    for (const std::uint64_t task : {1, 2}) {
      gmm_options options = iterations(3, 1);
      options.seed = seed;
      options.task = task;
      digests.insert(gmm_digest(gmm_fit(ctx(), x.view(), options)));
    }
  }

  EXPECT_EQ(digests.size(), 4u);
}

// ---- the oracle --------------------------------------------------------------------------------------------------

using gmm_oracle = backend_test;
SAMEBITS_ON_EVERY_BACKEND(gmm_oracle);

// Rounding grows with the number of columns; measured: at most 1/4 of these.
double tolerance(std::int64_t n_cols) { return 2e-15 * static_cast<double>(8 + n_cols); }

void expect_near(std::span<const double> values, const long_matrix& expected, double scale, const std::string& what) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    ASSERT_NEAR(values[i], static_cast<double>(expected.data()[i]), scale) << what << ", element " << i;
  }
}

void expect_near(const gmm_model& model, const mixture& expected, double tolerance) {
  const std::size_t n = static_cast<std::size_t>(model.n_cols);
  for (std::size_t k = 0; k < expected.size(); ++k) {
    const std::string component = "component " + std::to_string(k);
    const double largest_mean = static_cast<double>(expected.means[k].cwiseAbs().maxCoeff());
    const double largest_covariance = static_cast<double>(expected.covariances[k].cwiseAbs().maxCoeff());
    EXPECT_NEAR(model.weights[k], static_cast<double>(expected.weights[k]), tolerance) << component;
    expect_near(std::span(model.means).subspan(k * n, n), expected.means[k], tolerance * largest_mean,
                "mean of " + component);
    expect_near(std::span(model.covariances).subspan(k * n * n, n * n), expected.covariances[k],
                tolerance * largest_covariance, "covariance of " + component);
  }
}

/// A mixture whose components overlap, so that every row belongs to several.
mixture overlapping_start(const matrix& x, std::int64_t n_components) {
  const long_matrix rows = long_rows(x);
  mixture all;
  add_weighted_component(rows, long_vector::Ones(rows.rows()), all);
  mixture m;
  for (std::int64_t k = 0; k < n_components; ++k) {
    const double share = static_cast<double>(k + 1);
    m.weights.push_back(2 * share / static_cast<double>(n_components * (n_components + 1)));
    m.means.push_back(rows.row(k * (x.n_rows / n_components)).transpose());
    m.covariances.push_back(all.covariances[0] / share);
  }
  return m;
}

TEST_P(gmm_oracle, gives_the_same_iteration_and_log_likelihood) {
  for (const std::int64_t n_cols : {1, 2, 3, 5, 7, 8, 9, 12, 16, 33}) {
    const matrix x = blobs(ctx(), 700, n_cols, 3);
    const gmm_start start(overlapping_start(x, 3));
    gmm_options options = start.options();
    options.max_iter = 1;
    options.tol = -1;
    options.reg_covar = 0;
    std::vector<double> log_likelihoods;
    options.callback = [&](const gmm_iteration& i) {
      log_likelihoods.push_back(i.log_likelihood);
      return true;
    };

    const gmm_model model = gmm_fit(ctx(), x.view(), options);

    SCOPED_TRACE(std::to_string(n_cols) + " columns");
    const long_matrix rows = long_rows(x);
    const mixture before = mixture_of(start.weights, start.means.values, start.covariances.values);
    const double start_likelihood = static_cast<double>(log_likelihood(rows, before) / 700);
    const double end_likelihood = static_cast<double>(log_likelihood(rows, mixture_of(model)) / 700);
    expect_near(model, em_step(rows, before), tolerance(n_cols));
    EXPECT_NEAR(log_likelihoods.at(0), start_likelihood, tolerance(n_cols) * std::abs(start_likelihood));
    EXPECT_NEAR(model.log_likelihood, end_likelihood, tolerance(n_cols) * std::abs(end_likelihood));
  }
}

TEST_P(gmm_oracle, gives_the_same_iteration_for_more_components_than_fit_into_registers) {
  const matrix x = blobs(ctx(), 700, 3, 4);
  const gmm_start start(overlapping_start(x, 12));
  gmm_options options = start.options();
  options.max_iter = 1;
  options.tol = -1;
  options.reg_covar = 0;

  const gmm_model model = gmm_fit(ctx(), x.view(), options);

  expect_near(model, em_step(long_rows(x), mixture_of(start.weights, start.means.values, start.covariances.values)),
              tolerance(3));
}

TEST_P(gmm_oracle, adds_reg_covar_to_the_diagonal) {
  const matrix x = blobs(ctx(), 100, 2, 1);
  gmm_options options = iterations(1, 1);
  options.reg_covar = 0;
  const gmm_model plain = gmm_fit(ctx(), x.view(), options);
  options.reg_covar = 0.25;

  const gmm_model regularised = gmm_fit(ctx(), x.view(), options);

  EXPECT_NEAR(regularised.covariances[0], plain.covariances[0] + 0.25, 1e-14);
  EXPECT_NEAR(regularised.covariances[1], plain.covariances[1], 1e-14);
  EXPECT_NEAR(regularised.covariances[3], plain.covariances[3] + 0.25, 1e-14);
}

TEST_P(gmm_oracle, never_loses_log_likelihood) {
  const matrix x = blobs(ctx(), 900, 3, 4);
  gmm_options options = iterations(4, 20);
  options.reg_covar = 0;
  double before = -infinity;
  options.callback = [&](const gmm_iteration& i) {
    EXPECT_GE(i.log_likelihood, before - 1e-14 * std::abs(before)) << "at iteration " << i.iteration;
    before = i.log_likelihood;
    return true;
  };

  gmm_fit(ctx(), x.view(), options);
}

TEST_P(gmm_oracle, gives_weights_that_sum_to_1_and_symmetric_covariances) {
  const matrix x = blobs(ctx(), 900, 9, 4);

  const gmm_model model = gmm_fit(ctx(), x.view(), iterations(4, 3));

  EXPECT_NEAR(std::accumulate(model.weights.begin(), model.weights.end(), 0.0), 1, 1e-15);
  for (const long_matrix& covariance : mixture_of(model).covariances) {
    EXPECT_EQ(covariance, covariance.transpose());
  }
}

// ---- the random start --------------------------------------------------------------------------------------------

using gmm_seeds = backend_test;
SAMEBITS_ON_EVERY_BACKEND(gmm_seeds);

/// The means that a fit starts from.
matrix first_means(const context& ctx, const matrix& x, gmm_options options) {
  matrix means(options.n_components, x.n_cols);
  options.callback = [&](const gmm_iteration& i) {
    means.values.assign(i.means.begin(), i.means.end());
    return false;
  };
  EXPECT_THROW(gmm_fit(ctx, x.view(), options), interrupted);
  return means;
}

TEST_P(gmm_seeds, are_rows_of_the_data) {
  for (const std::int64_t n_cols : {1, 2, 8, 9}) {
    const matrix x = blobs(ctx(), 1100, n_cols, 5);
    std::set<std::vector<double>> rows;
    for (std::int64_t i = 0; i < x.n_rows; ++i) {
      rows.emplace(x.view().row(i).begin(), x.view().row(i).end());
    }

    const matrix means = first_means(ctx(), x, iterations(6, 1));

    for (std::int64_t k = 0; k < 6; ++k) {
      EXPECT_TRUE(rows.contains({means.view().row(k).begin(), means.view().row(k).end()})) << n_cols << " columns";
    }
  }
}

TEST_P(gmm_seeds, are_different_where_rows_are) {
  matrix x(1200, 2);
  for (std::int64_t i = 0; i < x.n_rows; ++i) {
    x(i, 0) = static_cast<double>(i % 4);
    x(i, 1) = static_cast<double>(i % 4 / 2);
  }

  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    gmm_options options = iterations(4, 1);
    options.seed = seed;
    const matrix means = first_means(ctx(), x, options);
    std::set<double> first_columns;
    for (std::int64_t k = 0; k < 4; ++k) {
      first_columns.insert(means(k, 0));
    }
    EXPECT_EQ(first_columns.size(), 4u) << "seed " << seed;
  }
}

TEST_P(gmm_seeds, repeat_the_first_row_where_there_are_too_few_different_ones) {
  const matrix x(4, 1, {5, 7, 5, 7});

  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    gmm_options options = iterations(4, 1);
    options.seed = seed;
    const matrix means = first_means(ctx(), x, options);
    EXPECT_EQ(means(0, 0) + means(1, 0), 12) << "seed " << seed;
    EXPECT_EQ(means(2, 0), 5) << "seed " << seed;
    EXPECT_EQ(means(3, 0), 5) << "seed " << seed;
  }
}

TEST_P(gmm_seeds, lie_one_in_each_of_clusters_far_apart) {
  const context scalar({"cpu", "scalar", 1});
  matrix x = blobs(scalar, 900, 2, 1);
  for (std::int64_t i = 0; i < x.n_rows; ++i) {
    x(i, 0) = 1e-6 * x(i, 0) + (i % 3 == 1 ? 1 : 0);
    x(i, 1) = 1e-6 * x(i, 1) + (i % 3 == 2 ? 1 : 0);
  }

  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    gmm_options options = iterations(3, 1);
    options.seed = seed;
    const matrix means = first_means(ctx(), x, options);
    std::set<std::pair<long, long>> clusters;
    for (std::int64_t k = 0; k < 3; ++k) {
      clusters.emplace(std::lround(means(k, 0)), std::lround(means(k, 1)));
    }
    EXPECT_EQ(clusters.size(), 3u) << "seed " << seed;
  }
}

TEST_P(gmm_seeds, follow_the_squared_distance) {
  const matrix x(3, 1, {0, 1, 3});
  int after_first[3][3] = {};
  const int n_tasks = 2000;

  for (std::uint64_t task = 0; task < n_tasks; ++task) {
    gmm_options options = iterations(2, 1);
    options.task = task;
    const matrix means = first_means(ctx(), x, options);
    const auto row_of = [](double value) { return static_cast<int>(value > 2 ? 2 : value); };
    ++after_first[row_of(means(0, 0))][row_of(means(1, 0))];
  }

  // Squared distances 1 and 9 from row 0, 1 and 4 from row 1, 9 and 4 from row 2; five standard errors.
  const double expected[3][3] = {{0, 1.0 / 10, 9.0 / 10}, {1.0 / 5, 0, 4.0 / 5}, {9.0 / 13, 4.0 / 13, 0}};
  for (int first = 0; first < 3; ++first) {
    const int n = after_first[first][0] + after_first[first][1] + after_first[first][2];
    EXPECT_NEAR(n, n_tasks / 3.0, 5 * std::sqrt(n_tasks * 2.0 / 9)) << "first seed " << first;
    for (int second = 0; second < 3; ++second) {
      const double p = expected[first][second];
      EXPECT_NEAR(after_first[first][second], n * p, 5 * std::sqrt(n * p * (1 - p))) << first << ", " << second;
    }
  }
}

TEST_P(gmm_seeds, do_not_depend_on_the_units_of_the_columns) {
  const matrix x = blobs(ctx(), 600, 2, 3);
  matrix scaled = x;
  for (std::int64_t i = 0; i < x.n_rows; ++i) {
    scaled(i, 0) *= 0x1p20;
  }
  gmm_options options = iterations(4, 1);
  options.reg_covar = 0;

  const matrix means = first_means(ctx(), x, options);
  const matrix scaled_means = first_means(ctx(), scaled, options);

  for (std::int64_t k = 0; k < 4; ++k) {
    EXPECT_EQ(scaled_means(k, 0), means(k, 0) * 0x1p20);
    EXPECT_EQ(scaled_means(k, 1), means(k, 1));
  }
}

// ---- restarts and the end of a fit -------------------------------------------------------------------------------

using gmm_loop = backend_test;
SAMEBITS_ON_EVERY_BACKEND(gmm_loop);

/// What a callback saw last of each restart.
struct finished_run {
  double log_likelihood;
  std::vector<double> means;
};

gmm_model fit_and_watch(const context& ctx, const matrix& x, gmm_options options, std::vector<finished_run>& runs) {
  options.callback = [&](const gmm_iteration& i) {
    const std::size_t restart = static_cast<std::size_t>(i.restart);
    runs.resize(std::max(runs.size(), restart + 1));
    runs[restart] = {i.log_likelihood, {i.means.begin(), i.means.end()}};
    return true;
  };
  return gmm_fit(ctx, x.view(), options);
}

TEST_P(gmm_loop, returns_the_best_restart) {
  const matrix x = blobs(ctx(), 600, 2, 5);
  gmm_options options = iterations(5, 6);
  options.n_init = 8;
  std::vector<finished_run> runs;

  const gmm_model model = fit_and_watch(ctx(), x, options, runs);

  const auto best = std::max_element(runs.begin(), runs.end(), [](const finished_run& a, const finished_run& b) {
    return a.log_likelihood < b.log_likelihood;
  });
  ASSERT_EQ(runs.size(), 8u);
  EXPECT_GT(best->log_likelihood, runs[0].log_likelihood) << "the test needs a first restart that is not the best";
  EXPECT_EQ(model.log_likelihood, best->log_likelihood);
  EXPECT_EQ(model.means, best->means);
}

TEST_P(gmm_loop, returns_the_first_of_equal_restarts) {
  const matrix x(2, 1, {-1, 1});
  gmm_options options = iterations(2, 2);
  options.n_init = 16;
  std::vector<finished_run> runs;

  const gmm_model model = fit_and_watch(ctx(), x, options, runs);

  ASSERT_TRUE(std::any_of(runs.begin(), runs.end(), [&](const finished_run& run) {
    return run.log_likelihood == runs[0].log_likelihood && run.means != runs[0].means;
  })) << "the test needs two restarts that differ and are equally good";
  EXPECT_EQ(model.means, runs[0].means);
}

TEST_P(gmm_loop, runs_given_means_once) {
  const matrix x = blobs(ctx(), 300, 2, 2);
  const matrix means(2, 2, {0, 0, 5, 5});
  gmm_options options = iterations(2, 4);
  options.means_init = means.view();
  const std::string once = gmm_digest(gmm_fit(ctx(), x.view(), options));
  options.n_init = 5;
  std::vector<finished_run> runs;

  const gmm_model model = fit_and_watch(ctx(), x, options, runs);

  EXPECT_EQ(runs.size(), 1u);
  EXPECT_EQ(gmm_digest(model), once);
}

TEST_P(gmm_loop, takes_all_iterations_when_tol_is_negative) {
  const matrix x(4, 1, {0, 0, 1, 1});

  const gmm_model model = gmm_fit(ctx(), x.view(), iterations(1, 37));

  EXPECT_EQ(model.n_iter, 37);
  EXPECT_FALSE(model.converged);
}

TEST_P(gmm_loop, stops_when_the_log_likelihood_changes_by_at_most_tol) {
  const matrix x = blobs(ctx(), 600, 2, 3);
  gmm_options options;
  options.n_components = 3;
  options.tol = 1e-4;
  std::vector<double> log_likelihoods;
  options.callback = [&](const gmm_iteration& i) {
    log_likelihoods.push_back(i.log_likelihood);
    return true;
  };

  const gmm_model model = gmm_fit(ctx(), x.view(), options);

  EXPECT_TRUE(model.converged);
  ASSERT_EQ(static_cast<std::int64_t>(log_likelihoods.size()), model.n_iter + 1);
  for (std::size_t i = 1; i < log_likelihoods.size(); ++i) {
    EXPECT_EQ(std::abs(log_likelihoods[i] - log_likelihoods[i - 1]) <= 1e-4, i + 1 == log_likelihoods.size());
  }
}

TEST_P(gmm_loop, shows_the_callback_each_iteration_with_its_parameters) {
  const matrix x = blobs(ctx(), 300, 2, 2);
  std::vector<std::int64_t> seen;
  gmm_options options = iterations(2, 3);
  options.callback = [&](const gmm_iteration& i) {
    seen.push_back(i.iteration);
    EXPECT_EQ(i.weights.size(), 2u);
    EXPECT_EQ(i.means.size(), 4u);
    EXPECT_EQ(i.covariances.size(), 8u);
    return true;
  };

  gmm_fit(ctx(), x.view(), options);

  EXPECT_EQ(seen, (std::vector<std::int64_t>{0, 1, 2, 3}));
}

TEST_P(gmm_loop, is_interrupted_by_the_callback) {
  const matrix x = blobs(ctx(), 300, 2, 2);
  gmm_options options = iterations(2, 10);
  options.callback = [](const gmm_iteration& i) { return i.iteration < 4; };

  EXPECT_EQ(error_of<interrupted>([&] { gmm_fit(ctx(), x.view(), options); }),
            "gmm_fit: stopped by the callback at iteration 4 of restart 0");
}

TEST_P(gmm_loop, passes_on_what_the_callback_throws) {
  const matrix x = blobs(ctx(), 300, 2, 2);
  gmm_options options = iterations(2, 10);
  options.callback = [](const gmm_iteration&) -> bool { throw std::logic_error("mine"); };

  EXPECT_EQ(error_of<std::logic_error>([&] { gmm_fit(ctx(), x.view(), options); }), "mine");
}

TEST_P(gmm_loop, starts_from_given_weights_and_covariances_with_drawn_means) {
  const matrix x = blobs(ctx(), 300, 2, 2);
  const std::vector<double> weights = {0.25, 0.75};
  const matrix covariances(4, 2, {1, 0, 0, 1, 2, 0.5, 0.5, 3});
  gmm_options options = iterations(2, 1);
  options.weights_init = weights;
  options.covariances_init = covariances.view();
  options.callback = [&](const gmm_iteration& i) {
    EXPECT_EQ(std::vector(i.weights.begin(), i.weights.end()), weights);
    EXPECT_EQ(std::vector(i.covariances.begin(), i.covariances.end()), covariances.values);
    return false;
  };

  EXPECT_THROW(gmm_fit(ctx(), x.view(), options), interrupted);
}

// ---- degenerate data ---------------------------------------------------------------------------------------------

using gmm_degenerate = backend_test;
SAMEBITS_ON_EVERY_BACKEND(gmm_degenerate);

TEST_P(gmm_degenerate, one_row_is_its_own_mean) {
  const matrix x(1, 3, {1, -2, 3});

  const gmm_model model = gmm_fit(ctx(), x.view(), gmm_options());

  EXPECT_EQ(model.weights, std::vector{1.0});
  EXPECT_EQ(model.means, x.values);
  EXPECT_EQ(model.covariances, (std::vector{1e-6, 0., 0., 0., 1e-6, 0., 0., 0., 1e-6}));
}

TEST_P(gmm_degenerate, as_many_components_as_rows_fit) {
  for (const std::int64_t n_cols : {1, 3, 9}) {
    const matrix x = blobs(ctx(), 12, n_cols, 1);

    EXPECT_TRUE(is_finite(gmm_fit(ctx(), x.view(), iterations(12, 5)))) << n_cols << " columns";
  }
}

TEST_P(gmm_degenerate, duplicated_rows_fit) {
  for (const std::int64_t n_cols : {2, 9}) {
    matrix x(600, n_cols);
    for (std::int64_t i = 0; i < x.n_rows; ++i) {
      for (std::int64_t j = 0; j < n_cols; ++j) {
        x(i, j) = static_cast<double>((i + j) % 3);
      }
    }

    EXPECT_TRUE(is_finite(gmm_fit(ctx(), x.view(), iterations(5, 20)))) << n_cols << " columns";
  }
}

TEST_P(gmm_degenerate, equal_rows_fit) {
  for (const double value : {0.0, 0.1, -1e9, 1e15}) {
    const matrix x(600, 2, std::vector(1200, value));

    const gmm_model model = gmm_fit(ctx(), x.view(), iterations(2, 5));

    EXPECT_TRUE(is_finite(model)) << value;
    EXPECT_EQ(model.means, std::vector(4, value));
  }
}

matrix with_constant_column(const context& ctx, std::int64_t n_cols, std::int64_t column, double value) {
  matrix x = blobs(ctx, 600, n_cols, 2);
  for (std::int64_t i = 0; i < x.n_rows; ++i) {
    x(i, column) = value;
  }
  return x;
}

TEST_P(gmm_degenerate, a_constant_column_fits_with_reg_covar) {
  for (const std::int64_t n_cols : {2, 9}) {
    for (const double value : {0.0, 0.1, 1e8}) {
      const matrix x = with_constant_column(ctx(), n_cols, 1, value);

      EXPECT_TRUE(is_finite(gmm_fit(ctx(), x.view(), iterations(2, 20)))) << n_cols << " columns, value " << value;
    }
  }
}

TEST_P(gmm_degenerate, a_constant_column_without_reg_covar_is_named) {
  for (const std::int64_t n_cols : {2, 9}) {
    for (const double value : {0.0, 0.1, 1e8}) {
      const matrix x = with_constant_column(ctx(), n_cols, 1, value);
      gmm_options options = iterations(2, 20);
      options.reg_covar = 0;

      EXPECT_EQ(error_of<numerical_failure>([&] { gmm_fit(ctx(), x.view(), options); }),
                "gmm_fit: the covariance of x is singular at column 1 (counted from 0) with reg_covar 0; raise "
                "reg_covar, or drop or rescale the column")
          << n_cols << " columns, value " << value;
    }
  }
}

TEST_P(gmm_degenerate, a_component_on_one_row_without_reg_covar_is_named) {
  matrix x = blobs(ctx(), 300, 2, 1);
  x(0, 0) = 1e6;
  const matrix means(2, 2, {0, 0, 1e6, x(0, 1)});
  gmm_options options = iterations(2, 20);
  options.reg_covar = 0;
  options.means_init = means.view();
  const matrix covariances(4, 2, {1, 0, 0, 1, 1, 0, 0, 1});
  options.covariances_init = covariances.view();

  EXPECT_EQ(error_of<numerical_failure>([&] { gmm_fit(ctx(), x.view(), options); }),
            "gmm_fit: the covariance of component 1 is singular at column 0 (counted from 0) after iteration 1 with "
            "reg_covar 0; raise reg_covar or ask for fewer components");
}

TEST_P(gmm_degenerate, a_component_without_rows_keeps_its_mean_and_covariance) {
  const matrix x = blobs(ctx(), 300, 2, 1);
  const matrix means(2, 2, {0, 0, 1e6, 1e6});
  const matrix covariances(4, 2, {1, 0, 0, 1, 2, 0.5, 0.5, 2});
  gmm_options options = iterations(2, 5);
  options.means_init = means.view();
  options.covariances_init = covariances.view();

  const gmm_model model = gmm_fit(ctx(), x.view(), options);

  EXPECT_EQ(model.weights, (std::vector{1.0, 0.0}));
  EXPECT_EQ(model.means[2], 1e6);
  EXPECT_EQ(std::vector(model.covariances.begin() + 4, model.covariances.end()), (std::vector{2.0, 0.5, 0.5, 2.0}));
  EXPECT_TRUE(std::isfinite(model.log_likelihood));
}

TEST_P(gmm_degenerate, data_too_far_for_the_covariances_are_reported) {
  const matrix x(2, 1, {1e200, -1e200});
  const matrix means(1, 1, {0});
  const matrix covariances(1, 1, {1});
  gmm_options options = iterations(1, 1);
  options.means_init = means.view();
  options.covariances_init = covariances.view();

  EXPECT_EQ(error_of<numerical_failure>([&] { gmm_fit(ctx(), x.view(), options); }),
            "gmm_fit: the log-likelihood overflows at iteration 0; x reaches too far from the means for its "
            "covariances");
}

TEST_P(gmm_degenerate, huge_data_are_reported_and_not_fitted_to_nonsense) {
  const matrix x(3, 1, {-1.7e308, 0, 1.7e308});

  EXPECT_TRUE(contains(error_of<numerical_failure>([&] { gmm_fit(ctx(), x.view(), gmm_options()); }), "gmm_fit: the "));
}

// ---- errors ------------------------------------------------------------------------------------------------------

using gmm_errors = gmm_refusals;
SAMEBITS_ON_EVERY_BACKEND(gmm_errors);

TEST_P(gmm_errors, name_the_first_value_that_is_not_finite) {
  for (const double value : {nan, infinity, -infinity}) {
    matrix x = blobs(ctx(), 1300, 2, 2);
    x(1200, 1) = value;
    x(1250, 0) = value;
    const std::string message = error_of<invalid_argument>([&] { gmm_fit(ctx(), x.view(), options_); });

    EXPECT_TRUE(contains(message, "gmm_fit: x is ")) << message;
    EXPECT_TRUE(contains(message, " at row 1200, column 1")) << message;
  }
}

TEST_P(gmm_errors, name_a_value_that_is_not_finite_with_a_given_start) {
  const gmm_start start(overlapping_start(x_, 2));
  options_ = start.options();
  for (const double value : {nan, infinity, -infinity}) {
    x_(3, 0) = value;

    EXPECT_TRUE(contains(error(), " at row 3, column 0")) << error();
  }
}

TEST_P(gmm_errors, name_more_components_than_rows) {
  options_.n_components = 9;

  EXPECT_EQ(error(), "gmm_fit: n_components is 9 but x has 4 rows");
}

TEST_P(gmm_errors, name_two_components_for_one_row) {
  x_ = matrix(1, 2, {1, 2});

  EXPECT_EQ(error(), "gmm_fit: n_components is 2 but x has 1 row");
}

TEST_P(gmm_errors, name_no_components) {
  options_.n_components = 0;

  EXPECT_EQ(error(), "gmm_fit: n_components is 0 but must be at least 1");
}

TEST_P(gmm_errors, name_an_empty_matrix) {
  x_ = matrix(0, 2);
  EXPECT_EQ(error(), "gmm_fit: x is 0 x 2 but must not be empty");

  x_ = matrix(2, 0);
  EXPECT_EQ(error(), "gmm_fit: x is 2 x 0 but must not be empty");
}

TEST_P(gmm_errors, name_options_out_of_range) {
  const auto error_with = [&](auto gmm_options::*option, auto value) {
    const gmm_options before = options_;
    options_.*option = value;
    const std::string message = error();
    options_ = before;
    return message;
  };

  EXPECT_EQ(error_with(&gmm_options::n_init, 0), "gmm_fit: n_init is 0 but must be at least 1");
  EXPECT_EQ(error_with(&gmm_options::max_iter, -3), "gmm_fit: max_iter is -3 but must be at least 1");
  EXPECT_EQ(error_with(&gmm_options::tol, nan), "gmm_fit: tol is nan but must be finite");
  EXPECT_EQ(error_with(&gmm_options::reg_covar, -1), "gmm_fit: reg_covar is -1 but must be finite and at least 0");
  EXPECT_EQ(error_with(&gmm_options::reg_covar, infinity),
            "gmm_fit: reg_covar is inf but must be finite and at least 0");
}

TEST_P(gmm_errors, name_bad_weights) {
  const auto error_with = [&](const std::vector<double>& weights) {
    options_.weights_init = weights;
    return error();
  };

  EXPECT_EQ(error_with({1}), "gmm_fit: weights_init has 1 elements but n_components is 2");
  EXPECT_EQ(error_with({0.5, 0.25}), "gmm_fit: weights_init sums to 0.75 but must sum to 1");
  EXPECT_EQ(error_with({1, 0}), "gmm_fit: weights_init[1] is 0 but must be positive");
  EXPECT_EQ(error_with({-1, 2}), "gmm_fit: weights_init[0] is -1 but must be positive");
  EXPECT_EQ(error_with({nan, 1}), "gmm_fit: weights_init[0] is nan but must be positive");
}

TEST_P(gmm_errors, name_means_of_another_shape) {
  const matrix means(3, 2);
  options_.means_init = means.view();

  EXPECT_EQ(error(), "gmm_fit: means_init is 3 x 2 but must be 2 x 2");
}

TEST_P(gmm_errors, name_means_that_are_not_finite) {
  const matrix means(2, 2, {0, 0, infinity, 0});
  options_.means_init = means.view();

  EXPECT_EQ(error(), "gmm_fit: means_init is inf at row 1, column 0 (counted from 0) but must be finite");
}

TEST_P(gmm_errors, name_covariances_of_another_shape) {
  const matrix covariances(2, 2, {1, 0, 0, 1});
  options_.covariances_init = covariances.view();

  EXPECT_EQ(error(), "gmm_fit: covariances_init is 2 x 2 but must be 4 x 2");
}

TEST_P(gmm_errors, name_a_covariance_that_is_not_symmetric) {
  const matrix covariances(4, 2, {1, 0, 0, 1, 1, 0.5, 0.25, 1});
  options_.covariances_init = covariances.view();

  EXPECT_EQ(error(), "gmm_fit: covariances_init[1] is not symmetric: row 1, column 0 is 0.25 but its mirror is 0.5");
}

TEST_P(gmm_errors, name_a_covariance_that_is_singular) {
  const matrix covariances(4, 2, {1, 0, 0, 1, 1, 1, 1, 1});
  options_.covariances_init = covariances.view();

  EXPECT_EQ(error(), "gmm_fit: covariances_init[1] is not positive definite at column 1 (counted from 0)");
}

TEST_P(gmm_errors, leave_the_next_fit_alone) {
  const matrix x = blobs(ctx(), 1300, 2, 2);
  const std::string before = gmm_digest(gmm_fit(ctx(), x.view(), options_));
  matrix bad = x;
  bad(1200, 1) = nan;

  EXPECT_THROW(gmm_fit(ctx(), bad.view(), options_), invalid_argument);

  EXPECT_EQ(gmm_digest(gmm_fit(ctx(), x.view(), options_)), before);
}

}  // namespace
}  // namespace samebits::tests
