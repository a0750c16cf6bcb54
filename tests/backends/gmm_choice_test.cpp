// The choice of a mixture, on every backend: sums over rows, criteria, merging, sweeps.
#include <atomic>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <thread>

#include "lib/row_sum.hpp"
#include "samebits/digest.hpp"
#include "samebits/gmm_model.hpp"
#include "tests/backends/backend_test.hpp"
#include "tests/backends/gmm_oracle.hpp"

namespace samebits::tests {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

gmm_model spread_model(const matrix& x, std::int64_t n_components, covariance_type type) {
  return spread_start(long_rows(x), n_components, type).model();
}

std::vector<double> some_weights(std::int64_t n) {
  std::vector<double> weights(n);
  for (std::int64_t i = 0; i < n; ++i) {
    weights[i] = static_cast<double>(i * 7 % 5) / 4;
  }
  return weights;
}

/// As many copies of each row as its weight says.
matrix repeated(const matrix& x, const std::vector<double>& weights) {
  matrix copies(0, x.n_cols);
  for (std::int64_t i = 0; i < x.n_rows; ++i) {
    for (int copy = 0; copy < static_cast<int>(weights[i]); ++copy) {
      copies.values.insert(copies.values.end(), x.view().row(i).begin(), x.view().row(i).end());
      ++copies.n_rows;
    }
  }
  return copies;
}

template <class Body>
void for_every_type(const Body& body) {
  for (const covariance_type type : covariance_types) {
    SCOPED_TRACE(name_of(type));
    body(type);
  }
}

// ---- sums over rows ----------------------------------------------------------------------------------------------

using gmm_row_sum = backend_test;
SAMEBITS_ON_EVERY_BACKEND(gmm_row_sum);

TEST_P(gmm_row_sum, has_the_bits_of_a_pass_over_the_rows) {
  for (const std::int64_t n_rows : {1, 7, 511, 512, 513, 1537, is_emulated() ? 2600 : 70'001}) {
    const matrix x = blobs(ctx(), n_rows, 2, 1);
    const gmm_model model = spread_model(matrix(2, 2, {-1, 1, 1, 3}), 1, covariance_type::spherical);
    std::vector<double> scores(n_rows);
    gmm_score_samples(ctx(), model, x.view(), scores);

    row_sum sum;
    sum.add(scores);

    EXPECT_EQ(sum.finish() / static_cast<double>(n_rows), gmm_score(ctx(), model, x.view())) << n_rows << " rows";
  }
}

TEST(gmm_row_sums, does_not_depend_on_the_pieces) {
  const matrix x = blobs(context({"cpu", "scalar", 1}), 5000, 1, 1);
  row_sum whole;
  whole.add(x.values);
  const double expected = whole.finish();
  for (const std::size_t piece : {1, 3, 511, 512, 513, 1024, 4999}) {
    row_sum sum;
    for (std::size_t first = 0; first < 5000; first += piece) {
      sum.add(std::span(x.values).subspan(first, std::min<std::size_t>(piece, 5000 - first)));
    }

    EXPECT_EQ(sum.finish(), expected) << piece;
  }
}

TEST(gmm_row_sums, starts_anew_after_its_end) {
  row_sum sum;
  sum.add(std::vector(1300, 3.0));

  EXPECT_EQ(sum.finish(), 3900);
  EXPECT_EQ(sum.finish(), 0);
  EXPECT_TRUE(std::signbit(sum.finish())) << "nothing is -0.0";
  sum.add(0.0);
  EXPECT_FALSE(std::signbit(sum.finish()));
}

// ---- criteria ----------------------------------------------------------------------------------------------------

using gmm_criteria_of = backend_test;
SAMEBITS_ON_EVERY_BACKEND(gmm_criteria_of);

TEST(gmm_n_parameters, counts_what_the_type_leaves_free) {
  gmm_model model;
  model.n_components = 3;
  model.n_cols = 4;
  const std::int64_t weights_and_means = 2 + 12;
  const std::int64_t covariances[] = {30, 10, 12, 3, 4, 1};
  for_every_type([&](covariance_type type) {
    model.covariance = type;

    EXPECT_EQ(gmm_n_parameters(model), weights_and_means + covariances[static_cast<int>(type)]);
  });
}

/// -sum v r log r.
long double entropy_of(const long_matrix& shares, const std::vector<double>& weights) {
  long double entropy = 0;
  for (Eigen::Index i = 0; i < shares.rows(); ++i) {
    const long double weight = weights.empty() ? 1 : weights[i];
    for (Eigen::Index k = 0; k < shares.cols(); ++k) {
      entropy -= shares(i, k) > 0 ? weight * shares(i, k) * std::log(shares(i, k)) : 0;
    }
  }
  return entropy;
}

/// `tolerance` is relative to the log-likelihood, and absolute per row for the entropy.
void expect_criteria(const gmm_criteria& c, const long_matrix& x, const gmm_model& model,
                     const std::vector<double>& weights, double tolerance) {
  const mixture m = mixture_of(model);
  long_vector v = long_vector::Ones(x.rows());
  for (std::size_t i = 0; i < weights.size(); ++i) {
    v(static_cast<Eigen::Index>(i)) = weights[i];
  }
  const double log_likelihood = static_cast<double>(row_log_likelihoods(log_densities(x, m)).dot(v));
  const double entropy = static_cast<double>(entropy_of(responsibilities(x, m), weights));
  const double n = static_cast<double>(v.sum());
  const double p = static_cast<double>(gmm_n_parameters(model));
  const double limit = tolerance * std::abs(log_likelihood);
  EXPECT_EQ(c.n_parameters, gmm_n_parameters(model));
  EXPECT_NEAR(c.log_likelihood, log_likelihood, limit);
  EXPECT_NEAR(c.aic, -2 * log_likelihood + 2 * p, 2 * limit);
  EXPECT_NEAR(c.bic, -2 * log_likelihood + p * std::log(n), 2 * limit);
  EXPECT_NEAR(c.entropy, entropy, tolerance * n);
  EXPECT_NEAR(c.icl, c.bic + 2 * c.entropy, 1e-15 * std::abs(c.icl));
}

/// The numbers that an evaluation and a merging give.
std::vector<double> numbers_of(const gmm_criteria& c) { return {c.log_likelihood, c.aic, c.bic, c.entropy, c.icl}; }
std::vector<double> numbers_of(const gmm_merging& merging) {
  std::vector<double> numbers = {merging.entropy};
  for (const gmm_merger& m : merging.mergers) {
    numbers.insert(numbers.end(), {static_cast<double>(m.kept), static_cast<double>(m.joined), m.entropy});
  }
  return numbers;
}

TEST_P(gmm_criteria_of, rows_agree_with_the_oracle) {
  const matrix x = blobs(ctx(), 1100, 2, 3);
  for_every_type([&](covariance_type type) {
    const gmm_model model = spread_model(x, 4, type);
    for (const std::vector<double>& weights : {std::vector<double>(), some_weights(1100)}) {
      const rows_of<float> narrow(x);

      expect_criteria(gmm_evaluate(ctx(), model, x.view(), weights), long_rows(x), model, weights, 1e-13);
      expect_criteria(gmm_evaluate(ctx(), model, narrow.view(), weights), long_rows(narrow.widened()), model, weights,
                      1e-5);
    }
  });
}

TEST_P(gmm_criteria_of, rows_in_several_blocks_agree_with_the_oracle) {
  if (is_emulated()) {
    GTEST_SKIP() << "blocks are cut in front of the backends";
  }
  const matrix x = blobs(ctx(), 4200, 1, 3);
  const gmm_model model = spread_model(x, 250, covariance_type::tied_spherical);

  const gmm_criteria in_blocks = gmm_evaluate(on_threads(1), model, x.view());

  expect_criteria(in_blocks, long_rows(x), model, {}, 1e-12);
  EXPECT_EQ(numbers_of(gmm_evaluate(on_threads(16), model, x.view())), numbers_of(in_blocks)) << "in one block";
}

TEST_P(gmm_criteria_of, repeated_rows_are_those_of_weights) {
  const matrix x = blobs(ctx(), 60, 2, 2);
  const gmm_model model = spread_model(x, 3, covariance_type::full);
  std::vector<double> weights(60);
  for (std::int64_t i = 0; i < 60; ++i) {
    weights[i] = static_cast<double>(i % 3);
  }

  const gmm_criteria weighted = gmm_evaluate(ctx(), model, x.view(), weights);
  const gmm_criteria copied = gmm_evaluate(ctx(), model, repeated(x, weights).view());

  EXPECT_NEAR(weighted.bic, copied.bic, 1e-14 * copied.bic);
  EXPECT_NEAR(weighted.entropy, copied.entropy, 1e-14 * copied.entropy);
  EXPECT_EQ(gmm_evaluate(ctx(), model, x.view(), std::vector(60, 1.0)).icl, gmm_evaluate(ctx(), model, x.view()).icl);
}

TEST_P(gmm_criteria_of, a_single_component_have_no_entropy) {
  const matrix x = blobs(ctx(), 700, 2, 1);

  const gmm_criteria c = gmm_evaluate(ctx(), spread_model(x, 1, covariance_type::full), x.view());

  EXPECT_EQ(c.entropy, 0);
  EXPECT_FALSE(std::signbit(c.entropy));
  EXPECT_EQ(c.icl, c.bic);
}

TEST_P(gmm_criteria_of, rows_far_from_equal_components_see_them_as_equal) {
  gmm_model model = spread_model(matrix(2, 1, {-1, 1}), 2, covariance_type::tied_spherical);
  model.weights = {0.5, 0.5};
  model.means = {0, 0};
  for (const double far : {1e4, 1e9, 1e100}) {
    const matrix x(3, 1, {far, -far, far});

    EXPECT_NEAR(gmm_evaluate(ctx(), model, x.view()).entropy, 3 * std::log(2.0), 1e-15) << far;
  }
  const rows_of<float> narrow(matrix(1, 1, {1e9}));
  EXPECT_NEAR(gmm_evaluate(ctx(), model, narrow.view()).entropy, std::log(2.0), 1e-15);
}

TEST_P(gmm_criteria_of, rows_and_mergers_have_the_bits_of_the_scalar_cpu_on_any_number_of_threads) {
  const context scalar({"cpu", "scalar", 1});
  const matrix x = blobs(scalar, is_emulated() ? 1030 : 20'011, 2, 3);
  const rows_of<float> narrow(x);
  const std::vector<double> weights = some_weights(x.n_rows);
  for (const covariance_type type : {covariance_type::full, covariance_type::spherical}) {
    const gmm_model model = spread_model(x, 5, type);
    for (const int n_threads : {1, 3}) {
      const context threads = on_threads(n_threads);

      EXPECT_EQ(numbers_of(gmm_evaluate(threads, model, x.view(), weights)),
                numbers_of(gmm_evaluate(scalar, model, x.view(), weights)));
      EXPECT_EQ(numbers_of(gmm_evaluate(threads, model, narrow.view())),
                numbers_of(gmm_evaluate(scalar, model, narrow.view())));
      EXPECT_EQ(numbers_of(gmm_merge(threads, model, x.view(), weights)),
                numbers_of(gmm_merge(scalar, model, x.view(), weights)));
    }
  }
}

// ---- merging -----------------------------------------------------------------------------------------------------

using gmm_mergers = backend_test;
SAMEBITS_ON_EVERY_BACKEND(gmm_mergers);

/// Greedy merging by the definition: try each pair, keep the one that leaves the lowest entropy.
gmm_merging merging_oracle(long_matrix shares, const std::vector<double>& weights) {
  gmm_merging merging{static_cast<double>(entropy_of(shares, weights)), {}};
  std::vector<std::int64_t> names(shares.cols());
  std::iota(names.begin(), names.end(), 0);
  while (shares.cols() > 1) {
    long_matrix best;
    Eigen::Index kept = 0;
    Eigen::Index joined = 0;
    for (Eigen::Index a = 0; a < shares.cols(); ++a) {
      for (Eigen::Index b = a + 1; b < shares.cols(); ++b) {
        long_matrix after(shares.rows(), shares.cols() - 1);
        after << shares.leftCols(b), shares.rightCols(shares.cols() - b - 1);
        after.col(a) += shares.col(b);
        if (best.size() == 0 || entropy_of(after, weights) < entropy_of(best, weights)) {
          best = after;
          kept = a;
          joined = b;
        }
      }
    }
    shares = best;
    merging.mergers.push_back({names[kept], names[joined], static_cast<double>(entropy_of(shares, weights))});
    names.erase(names.begin() + joined);
  }
  return merging;
}

TEST_P(gmm_mergers, agree_with_the_oracle) {
  const matrix x = blobs(ctx(), 700, 2, 3);
  for_every_type([&](covariance_type type) {
    const gmm_model model = spread_model(x, 6, type);
    for (const std::vector<double>& weights : {std::vector<double>(), some_weights(700)}) {
      const gmm_merging expected = merging_oracle(responsibilities(long_rows(x), mixture_of(model)), weights);

      const gmm_merging merging = gmm_merge(ctx(), model, x.view(), weights);

      EXPECT_NEAR(merging.entropy, expected.entropy, 1e-10);
      ASSERT_EQ(merging.mergers.size(), 5u);
      for (std::size_t i = 0; i < 5; ++i) {
        EXPECT_EQ(merging.mergers[i].kept, expected.mergers[i].kept) << "merger " << i;
        EXPECT_EQ(merging.mergers[i].joined, expected.mergers[i].joined) << "merger " << i;
        EXPECT_NEAR(merging.mergers[i].entropy, expected.mergers[i].entropy, 1e-10) << "merger " << i;
      }
    }
  });
}

TEST_P(gmm_mergers, join_the_components_of_one_cluster_first) {
  const matrix x = blobs(ctx(), 600, 2, 2);
  gmm_model model = spread_model(x, 4, covariance_type::spherical);
  model.weights = {0.25, 0.25, 0.25, 0.25};
  model.means = {0, 0, 5, 5, 0.5, 0, 5, 5.5};
  model.covariances = {1, 1, 1, 1};

  const gmm_merging merging = gmm_merge(ctx(), model, x.view());

  EXPECT_EQ(merging.clusters(4), (std::vector<std::int64_t>{0, 1, 2, 3}));
  EXPECT_EQ(merging.clusters(2), (std::vector<std::int64_t>{0, 1, 0, 1}));
  EXPECT_EQ(merging.clusters(1), (std::vector<std::int64_t>{0, 0, 0, 0}));
  EXPECT_EQ(merging.mergers.back().entropy, 0);
}

TEST_P(gmm_mergers, of_float_rows_are_those_of_the_same_numbers_in_double) {
  const rows_of<float> narrow(blobs(ctx(), 700, 2, 3));
  const matrix wide = narrow.widened();
  const gmm_model model = spread_model(wide, 6, covariance_type::full);
  const std::vector<double> weights = some_weights(700);

  const gmm_merging merging = gmm_merge(ctx(), model, narrow.view(), weights);

  const gmm_merging expected = gmm_merge(ctx(), model, wide.view(), weights);
  EXPECT_NEAR(merging.entropy, expected.entropy, 1e-2);
  EXPECT_EQ(merging.clusters(3), expected.clusters(3));
  EXPECT_EQ(numbers_of(merging), numbers_of(gmm_merge(context({"cpu", "scalar", 1}), model, narrow.view(), weights)));
}

TEST(gmm_merging, numbers_clusters_by_their_lowest_component) {
  const gmm_merging merging{9, {{1, 4, 5}, {0, 3, 4}, {1, 2, 3}, {0, 1, 0}}};

  EXPECT_EQ(merging.clusters(4), (std::vector<std::int64_t>{0, 1, 2, 3, 1}));
  EXPECT_EQ(merging.clusters(3), (std::vector<std::int64_t>{0, 1, 2, 0, 1}));
  EXPECT_EQ(merging.clusters(2), (std::vector<std::int64_t>{0, 1, 1, 0, 1}));
  EXPECT_EQ(error_of<invalid_argument>([&] { merging.clusters(0); }),
            "gmm_merging::clusters: n_clusters is 0 but must be in [1, 5]");
  EXPECT_EQ(error_of<invalid_argument>([&] { merging.clusters(6); }),
            "gmm_merging::clusters: n_clusters is 6 but must be in [1, 5]");
}

TEST_P(gmm_mergers, of_equal_losses_are_the_first) {
  const matrix x = blobs(ctx(), 100, 2, 1);
  gmm_model model = spread_model(x, 4, covariance_type::full);
  model.weights = {0, 0, 1, 0};

  const gmm_merging merging = gmm_merge(ctx(), model, x.view());

  EXPECT_EQ(numbers_of(merging), (std::vector<double>{0, 0, 1, 0, 0, 2, 0, 0, 3, 0}));
}

TEST_P(gmm_mergers, of_one_component_are_none) {
  const matrix x = blobs(ctx(), 100, 2, 1);

  const gmm_merging merging = gmm_merge(ctx(), spread_model(x, 1, covariance_type::full), x.view());

  EXPECT_TRUE(merging.mergers.empty());
  EXPECT_EQ(merging.entropy, 0);
  EXPECT_EQ(merging.clusters(1), std::vector<std::int64_t>{0});
}

TEST_P(gmm_mergers, name_rows_that_make_no_sense) {
  matrix x = blobs(ctx(), 100, 2, 1);
  const gmm_model model = spread_model(x, 2, covariance_type::full);
  x(7, 1) = nan;

  EXPECT_EQ(error_of<invalid_argument>([&] { gmm_merge(ctx(), model, x.view()); }),
            "gmm_merge: x is nan at row 7, column 1 (counted from 0) but must be finite");
  EXPECT_EQ(error_of<invalid_argument>([&] { gmm_evaluate(ctx(), model, x.view()); }),
            "gmm_evaluate: x is nan at row 7, column 1 (counted from 0) but must be finite");
  EXPECT_EQ(error_of<invalid_argument>([&] { gmm_merge(ctx(), model, x.view(), some_weights(5)); }),
            "gmm_merge: sample_weights has 5 elements but x has 100 rows");
}

// ---- sweeps ------------------------------------------------------------------------------------------------------

class gmm_sweep : public backend_test {
 protected:
  gmm_selection select(const context& ctx, gmm_criterion criterion = gmm_criterion::bic) const {
    return gmm_select(ctx, x_.view(), types_, numbers_, options_, criterion);
  }
  std::string error() const {
    return error_of<invalid_argument>([&] { select(ctx()); });
  }

  void SetUp() override {
    backend_test::SetUp();
    options_.max_iter = 20;
    x_ = blobs(context({"cpu", "scalar", 1}), 240, 2, 3);
  }

  matrix x_ = matrix(0, 0);
  std::vector<covariance_type> types_ = {covariance_type::spherical, covariance_type::full, covariance_type::tied};
  std::vector<std::int64_t> numbers_ = {4, 1, 3, 2};
  gmm_options options_;
};
SAMEBITS_ON_EVERY_BACKEND(gmm_sweep);

TEST_P(gmm_sweep, finds_the_mixture_that_the_rows_are_from) {
  options_.n_init = 5;
  for (const gmm_criterion criterion : {gmm_criterion::bic, gmm_criterion::icl}) {
    const gmm_selection selection = select(ctx(), criterion);

    EXPECT_EQ(selection.best, 2);
    EXPECT_EQ(selection.model.n_components, 3);
    EXPECT_EQ(selection.model.covariance, covariance_type::spherical);
  }
}

TEST_P(gmm_sweep, has_the_fits_of_its_candidates_alone) {
  const std::vector<double> weights = some_weights(240);
  options_.sample_weights = weights;
  const gmm_selection selection = select(ctx());

  ASSERT_EQ(selection.candidates.size(), 12u);
  for (std::size_t i = 0; i < 12; ++i) {
    const gmm_candidate& candidate = selection.candidates[i];
    EXPECT_EQ(candidate.covariance, types_[i / 4]);
    EXPECT_EQ(candidate.n_components, numbers_[i % 4]);
    gmm_options alone = options_;
    alone.covariance = candidate.covariance;
    alone.n_components = candidate.n_components;
    const gmm_model model = gmm_fit(ctx(), x_.view(), alone);
    EXPECT_EQ(numbers_of(candidate.criteria), numbers_of(gmm_evaluate(ctx(), model, x_.view(), weights)));
    EXPECT_EQ(candidate.n_iter, model.n_iter);
    EXPECT_EQ(candidate.converged, model.converged);
    EXPECT_EQ(candidate.failure, "");
    EXPECT_GE(candidate.criteria.bic, selection.candidates[selection.best].criteria.bic);
    if (static_cast<std::int64_t>(i) == selection.best) {
      EXPECT_EQ(gmm_digest(selection.model), gmm_digest(model));
    }
  }
}

TEST_P(gmm_sweep, does_not_depend_on_backend_and_threads) {
  const gmm_selection expected = select(context({"cpu", "scalar", 1}), gmm_criterion::aic);
  for (const int n_threads : {1, 2, 8}) {
    const gmm_selection selection = select(on_threads(n_threads), gmm_criterion::aic);

    EXPECT_EQ(selection.best, expected.best);
    EXPECT_EQ(gmm_digest(selection.model), gmm_digest(expected.model));
    for (std::size_t i = 0; i < 12; ++i) {
      EXPECT_EQ(numbers_of(selection.candidates[i].criteria), numbers_of(expected.candidates[i].criteria));
    }
  }
}

TEST_P(gmm_sweep, takes_float_rows) {
  const rows_of<float> narrow(x_);
  types_ = {covariance_type::spherical, covariance_type::full};
  numbers_ = {3, 2};
  for (const int n_threads : {1, 3}) {
    const context threads = on_threads(n_threads);

    const gmm_selection selection = gmm_select(threads, narrow.view(), types_, numbers_, options_);

    for (std::int64_t i = 0; i < 4; ++i) {
      const gmm_candidate& candidate = selection.candidates[i];
      gmm_options alone = options_;
      alone.covariance = candidate.covariance;
      alone.n_components = candidate.n_components;
      const gmm_model model = gmm_fit(ctx(), narrow.view(), alone);
      EXPECT_EQ(numbers_of(candidate.criteria), numbers_of(gmm_evaluate(ctx(), model, narrow.view())));
      if (i == selection.best) {
        EXPECT_EQ(gmm_digest(selection.model), gmm_digest(model));
      }
    }
  }
}

TEST_P(gmm_sweep, names_rows_that_are_not_finite_as_a_fit_does) {
  x_(7, 1) = nan;
  for (const int n_threads : {1, 3}) {
    const context threads = on_threads(n_threads);

    EXPECT_EQ(error_of<invalid_argument>([&] { select(threads); }),
              "gmm_fit: x is nan at row 7, column 1 (counted from 0) but must be finite");
  }
}

TEST_P(gmm_sweep, keeps_the_first_of_equal_candidates) {
  types_ = {covariance_type::full, covariance_type::full};
  numbers_ = {2, 2};

  EXPECT_EQ(select(ctx()).best, 0);
}

TEST_P(gmm_sweep, records_candidates_that_fail) {
  for (std::int64_t i = 0; i < x_.n_rows; ++i) {
    x_(i, 1) = 2 * x_(i, 0);
  }
  options_.reg_covar = 0;
  numbers_ = {1, 2};

  const gmm_selection selection = select(ctx());

  EXPECT_EQ(selection.candidates[0].failure, "");
  EXPECT_TRUE(contains(selection.candidates[2].failure, "gmm_fit: the covariance of x is singular at column 1"))
      << selection.candidates[2].failure;
  EXPECT_LT(selection.best, 2);
  types_ = {covariance_type::full};
  EXPECT_TRUE(contains(error_of<numerical_failure>([&] { select(ctx()); }),
                       "gmm_select: no candidate could be fitted; the first: gmm_fit: the covariance of x is"));
}

TEST_P(gmm_sweep, calls_back_for_one_fit_at_a_time) {
  std::atomic<int> inside{0};
  int n_calls = 0;
  options_.callback = [&](const gmm_iteration&) {
    EXPECT_EQ(++inside, 1);
    ++n_calls;
    std::this_thread::yield();
    --inside;
    return true;
  };

  const gmm_selection selection = select(ctx());

  std::int64_t n_passes = 0;
  for (const gmm_candidate& candidate : selection.candidates) {
    n_passes += candidate.n_iter + 1;
  }
  EXPECT_EQ(n_calls, n_passes);
}

TEST_P(gmm_sweep, ends_when_the_callback_says_so) {
  int n_calls = 0;
  options_.callback = [&](const gmm_iteration&) { return ++n_calls < 5; };

  EXPECT_THROW(select(ctx()), interrupted);
  EXPECT_EQ(n_calls, 5);
}

TEST_P(gmm_sweep, passes_on_what_the_callback_throws) {
  int n_calls = 0;
  options_.callback = [&](const gmm_iteration&) -> bool {
    ++n_calls;
    throw std::logic_error("mine");
  };

  EXPECT_EQ(error_of<std::logic_error>([&] { select(ctx()); }), "mine");
  EXPECT_EQ(n_calls, 1);
}

TEST_P(gmm_sweep, refuses_arguments_before_any_work) {
  int n_calls = 0;
  options_.callback = [&](const gmm_iteration&) { return ++n_calls > 0; };
  numbers_ = {2, 241};
  EXPECT_EQ(error(), "gmm_select: n_components is 241 but x has 240 rows");
  numbers_ = {2, 0};
  EXPECT_EQ(error(), "gmm_select: n_components is 0 but must be at least 1");
  numbers_ = {};
  EXPECT_EQ(error(), "gmm_select: n_components is empty");
  numbers_ = {2};
  options_.max_iter = 0;
  EXPECT_EQ(error(), "gmm_select: max_iter is 0 but must be at least 1");
  options_.max_iter = 5;
  types_ = {};
  EXPECT_EQ(error(), "gmm_select: types is empty");
  types_ = {covariance_type::full};
  EXPECT_EQ(error_of<invalid_argument>([&] { select(ctx(), static_cast<gmm_criterion>(9)); }),
            "gmm_select: criterion is 9 but must be 0 to 2");
  EXPECT_EQ(n_calls, 0);
}

TEST_P(gmm_sweep, refuses_parameters_that_cannot_suit_all_candidates) {
  const matrix two(2, 2, {1, 0, 0, 1});
  const std::vector<double> weights = {0.5, 0.5};
  const std::vector<std::uint8_t> frozen = {1, 0};
  const gmm_model model = spread_model(x_, 2, covariance_type::full);
  const auto error_with = [&](const char* name, const auto& set) {
    const gmm_options before = options_;
    set(options_);
    EXPECT_EQ(error(), std::string("gmm_select: ") + name +
                           " is given, but candidates differ in the shapes of their parameters");
    options_ = before;
  };

  error_with("weights_init", [&](gmm_options& o) { o.weights_init = weights; });
  error_with("means_init", [&](gmm_options& o) { o.means_init = two.view(); });
  error_with("covariances_init", [&](gmm_options& o) { o.covariances_init = two.view(); });
  error_with("precisions_init", [&](gmm_options& o) { o.precisions_init = two.view(); });
  error_with("responsibilities_init", [&](gmm_options& o) { o.responsibilities_init = two.view(); });
  error_with("warm_start", [&](gmm_options& o) { o.warm_start = &model; });
  error_with("frozen_weights", [&](gmm_options& o) { o.frozen_weights = frozen; });
  error_with("frozen_means", [&](gmm_options& o) { o.frozen_means = frozen; });
  error_with("frozen_covariances", [&](gmm_options& o) { o.frozen_covariances = frozen; });
}

// ---- golden bits -------------------------------------------------------------------------------------------------

TEST_P(gmm_criteria_of, rows_and_mergers_have_golden_bits) {
  const matrix x = blobs(ctx(), 700, 2, 3);
  gmm_options options;
  options.n_components = 4;
  options.max_iter = 2;
  const gmm_model model = gmm_fit(ctx(), x.view(), options);
  std::vector<double> numbers = numbers_of(gmm_evaluate(ctx(), model, x.view(), some_weights(700)));
  for (const std::vector<double>& more : {numbers_of(gmm_evaluate(ctx(), model, rows_of<float>(x).view())),
                                          numbers_of(gmm_merge(ctx(), model, x.view()))}) {
    numbers.insert(numbers.end(), more.begin(), more.end());
  }

  EXPECT_EQ(digest_text(numbers).substr(7, 16), "fff2bd39c68d457f");
}

}  // namespace
}  // namespace samebits::tests
