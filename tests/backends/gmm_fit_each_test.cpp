// Many data sets in one call: every outcome has the bits of gmm_fit, and a fit that fails takes no other with it.
#include "samebits/gmm_fit_each.hpp"

#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "samebits/device_array.hpp"
#include "tests/backends/gmm_cases.hpp"

namespace samebits::tests {
namespace {

/// Data sets that are not alike, with their rows in both types.
struct many_data_sets {
  void add(std::int64_t n_rows, std::int64_t n_cols, bool is_weighted = false) {
    const auto number = static_cast<std::uint64_t>(doubles.size());
    matrix x(n_rows, n_cols);
    make_blobs(context({"cpu", "", 1}), {5, number}, 3, x.view());
    floats.emplace_back(x.values.begin(), x.values.end());
    doubles.push_back(std::move(x));
    weights.emplace_back();
    for (std::int64_t i = 0; is_weighted && i < n_rows; ++i) {
      weights.back().push_back(static_cast<double>((i * 7 + 3) % 5));
    }
  }

  template <class T>
  gmm_data_set<T> get(std::size_t i) const {
    if constexpr (std::is_same_v<T, float>) {
      return {{floats[i].data(), doubles[i].n_rows, doubles[i].n_cols}, weights[i]};
    } else {
      return {doubles[i].view(), weights[i]};
    }
  }
  template <class T>
  std::vector<gmm_data_set<T>> all() const {
    std::vector<gmm_data_set<T>> sets;
    for (std::size_t i = 0; i < doubles.size(); ++i) {
      sets.push_back(get<T>(i));
    }
    return sets;
  }

  std::vector<matrix> doubles;
  std::vector<std::vector<float>> floats;
  std::vector<std::vector<double>> weights;
};

/// Around a leaf of 512 rows; narrow and wide; with weights and without.
many_data_sets different_data_sets() {
  many_data_sets data;
  for (const std::int64_t n_rows : {300, 17, 512, 513, 1100, 299, 40, 3}) {
    data.add(n_rows, 2);
  }
  for (const std::int64_t n_cols : {1, 3, 9}) {
    data.add(60, n_cols);
    data.add(75, n_cols, true);
  }
  data.add(301, 2, true);
  return data;
}

gmm_options study_options() {
  gmm_options o;
  o.n_components = 3;
  o.seed = 21;
  o.task = 4;
  o.n_init = 2;
  o.max_iter = 40;
  o.tol = 1e-4;
  return o;
}

void expect_same(const gmm_model& found, const gmm_model& expected) {
  EXPECT_EQ(gmm_digest(found), gmm_digest(expected));
  EXPECT_EQ(found.n_iter, expected.n_iter);
  EXPECT_EQ(found.converged, expected.converged);
  EXPECT_EQ(found.restart, expected.restart);
  EXPECT_EQ(found.trace, expected.trace);
}

/// What gmm_fit_each promises to be equal to, by the CPU.
template <class T>
gmm_fit_outcome outcome_of_gmm_fit(const gmm_data_set<T>& data_set, gmm_options o, std::size_t i) {
  o.task += i;
  o.sample_weights = data_set.sample_weights;
  gmm_fit_outcome outcome;
  try {
    outcome.model = gmm_fit(context({"cpu", "scalar", 1}), data_set.x, o);
  } catch (const error& e) {
    outcome.failure = e.what();
  }
  return outcome;
}

class gmm_fit_each_test : public backend_test {
 protected:
  template <class T>
  void expect_fits(const context& where, const std::vector<gmm_data_set<T>>& data_sets, const gmm_options& o) const {
    const std::vector<gmm_fit_outcome> outcomes = gmm_fit_each(where, std::span(data_sets), o);
    ASSERT_EQ(outcomes.size(), data_sets.size());
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      SCOPED_TRACE(testing::Message() << "data set " << i);
      const gmm_fit_outcome expected = outcome_of_gmm_fit(data_sets[i], o, i);
      EXPECT_EQ(outcomes[i].failure.empty(), expected.failure.empty()) << outcomes[i].failure << expected.failure;
      if (expected.failure.empty()) {
        expect_same(outcomes[i].model, expected.model);
      }
    }
  }
  template <class T>
  void expect_fits(const many_data_sets& data, const gmm_options& o) const {
    expect_fits(ctx(), data.all<T>(), o);
  }
};
SAMEBITS_ON_EVERY_BACKEND(gmm_fit_each_test);
INSTANTIATE_TEST_SUITE_P(on_small_work_space, gmm_fit_each_test, testing::Values("cuda-emulated-small"),
                         backend_test_name);

TEST_P(gmm_fit_each_test, outcomes_have_the_bits_of_gmm_fit_for_every_type) {
  const many_data_sets data = different_data_sets();
  for_every_type([&]<class T>(covariance_type type, T) {
    gmm_options o = study_options();
    o.covariance = type;
    expect_fits<T>(data, o);
  });
}

TEST_P(gmm_fit_each_test, outcomes_have_the_bits_of_gmm_fit_for_every_start) {
  const many_data_sets data = different_data_sets();
  for (const gmm_init init : {gmm_init::kmeans, gmm_init::random_rows, gmm_init::random_responsibilities}) {
    SCOPED_TRACE(name_of(init));
    gmm_options o = study_options();
    o.init = init;
    expect_fits<double>(data, o);
  }
}

TEST_P(gmm_fit_each_test, outcomes_have_the_bits_of_gmm_fit_from_a_given_start) {
  many_data_sets data;
  for (const std::int64_t n_rows : {300, 200, 100}) {
    data.add(n_rows, 2);
  }
  gmm_options o = study_options();
  const gmm_model start = outcome_of_gmm_fit(data.get<double>(0), o, 0).model;
  o.warm_start = &start;
  expect_fits<double>(data, o);
  o.max_iter = 1;
  expect_fits<double>(data, o);
}

TEST_P(gmm_fit_each_test, regularisation_that_depends_on_the_data_is_each_fits_own) {
  many_data_sets data;
  data.add(300, 2);
  data.add(200, 2);
  for (double& value : data.doubles[1].values) {
    value *= 1000;
  }
  gmm_options o = study_options();
  o.reg_covar_relative = 0.125;
  expect_fits<double>(data, o);
}

TEST_P(gmm_fit_each_test, threads_make_no_difference) {
  const many_data_sets data = different_data_sets();
  for (const int n_threads : {1, 3, 8}) {
    SCOPED_TRACE(n_threads);
    expect_fits(on_threads(n_threads), data.all<double>(), study_options());
  }
}

TEST_P(gmm_fit_each_test, a_fit_that_fills_a_device_takes_its_turn) {
  many_data_sets data;
  data.add(30, 1);
  data.add(40, 1);
  gmm_options o = study_options();
  o.n_components = 2;
  o.n_init = 2048;
  o.max_iter = 2;
  expect_fits<double>(data, o);
}

/// Wide: a device has no loop for them, and the larger ones are not the host's either.
TEST_P(gmm_fit_each_test, a_fit_that_is_not_small_takes_its_turn) {
  many_data_sets data;
  data.add(1100, 9);
  data.add(40, 9);
  data.add(1100, 9, true);
  gmm_options o = study_options();
  o.max_iter = 3;
  expect_fits<double>(data, o);
  expect_fits<float>(data, o);
}

TEST_P(gmm_fit_each_test, a_fit_that_fails_takes_no_other_with_it) {
  many_data_sets data;
  for (int i = 0; i < 6; ++i) {
    data.add(50, 2);
  }
  data.doubles[1](7, 1) = std::numeric_limits<double>::quiet_NaN();
  for (std::int64_t row = 0; row < 50; ++row) {
    data.doubles[3](row, 0) = 2.5;
  }
  gmm_options o = study_options();
  o.reg_covar = 0;

  const std::vector<gmm_data_set<double>> sets = data.all<double>();
  const std::vector<gmm_fit_outcome> outcomes = gmm_fit_each(ctx(), std::span(sets), o);

  EXPECT_EQ(outcomes[1].failure, "gmm_fit_each: x is nan at row 7, column 1 (counted from 0) but must be finite");
  EXPECT_EQ(outcomes[1].model.n_components, 0);
  EXPECT_TRUE(contains(outcomes[3].failure, "gmm_fit_each: the covariance of x is singular at column 0"))
      << outcomes[3].failure;
  expect_fits(ctx(), sets, o);
}

/// Components that are to have fewer different rows than they need fail on the way, in the loop of a device.
TEST_P(gmm_fit_each_test, a_fit_that_fails_on_the_way_takes_no_other_with_it) {
  many_data_sets data;
  for (int i = 0; i < 3; ++i) {
    data.add(60, 2);
  }
  for (std::int64_t row = 0; row < 60; ++row) {
    data.doubles[1](row, 0) = static_cast<double>(row % 3);
    data.doubles[1](row, 1) = static_cast<double>(row % 3 == 1);
  }
  gmm_options o = study_options();
  o.reg_covar = 0;
  o.max_iter = 200;
  const std::vector<gmm_data_set<double>> sets = data.all<double>();
  EXPECT_FALSE(gmm_fit_each(ctx(), std::span(sets), o)[1].failure.empty());
  expect_fits(ctx(), sets, o);
}

TEST_P(gmm_fit_each_test, rows_may_lie_in_device_memory) {
  many_data_sets data;
  for (const std::int64_t n_rows : {300, 513, 40}) {
    data.add(n_rows, 2);
  }
  std::vector<device_array<double>> there;
  std::vector<gmm_data_set<double>> sets;
  for (const matrix& x : data.doubles) {
    there.emplace_back(ctx(), std::span<const double>(x.values));
    sets.push_back({{there.back().data(), x.n_rows, x.n_cols}, {}});
  }
  for (const bool all : {true, false}) {
    sets[1].x = all ? sets[1].x : data.get<double>(1).x;
    const std::vector<gmm_fit_outcome> outcomes = gmm_fit_each(ctx(), std::span(std::as_const(sets)), study_options());
    for (std::size_t i = 0; i < sets.size(); ++i) {
      expect_same(outcomes[i].model, outcome_of_gmm_fit(data.get<double>(i), study_options(), i).model);
    }
  }
}

TEST_P(gmm_fit_each_test, several_devices_share_out_the_fits) {
  if (std::string(ctx().backend()) == "cpu") {
    GTEST_SKIP() << "the CPU is one device";
  }
  for (const std::vector<int>& numbers : {std::vector<int>{0, 1}, std::vector<int>{1, 2, 0}}) {
    context_options options = options_of(GetParam(), 2);
    options.devices = numbers;
    for (int& number : options.devices) {
      number %= ctx().available_devices();
    }
    expect_fits(context(options), different_data_sets().all<double>(), study_options());
  }
}

TEST_P(gmm_fit_each_test, rows_in_device_memory_are_refused_by_several_devices) {
  if (std::string(ctx().backend()) == "cpu") {
    GTEST_SKIP() << "the CPU is one device";
  }
  many_data_sets data;
  data.add(30, 2);
  const device_array<double> there(ctx(), std::span<const double>(data.doubles[0].values));
  std::vector<gmm_data_set<double>> sets = data.all<double>();
  sets.push_back({{there.data(), 30, 2}, {}});
  context_options options = options_of(GetParam(), 2);
  options.devices = {0, 0};
  EXPECT_EQ(error_of<invalid_argument>(
                [&] { gmm_fit_each(context(options), std::span(std::as_const(sets)), study_options()); }),
            "gmm_fit_each: data set 1: x lies in the memory of a device but must lie in that of the host");
}

TEST_P(gmm_fit_each_test, no_data_sets_have_no_outcomes) {
  EXPECT_TRUE(gmm_fit_each(ctx(), std::span<const gmm_data_set<double>>(), study_options()).empty());
}

TEST_P(gmm_fit_each_test, the_callback_counts_the_fits) {
  const many_data_sets data = different_data_sets();
  std::multiset<std::int64_t> counts;
  const std::vector<gmm_data_set<double>> sets = data.all<double>();
  gmm_fit_each(ctx(), std::span(sets), study_options(), [&](std::int64_t n_done) {
    counts.insert(n_done);
    return true;
  });
  std::multiset<std::int64_t> expected;
  for (std::int64_t i = 1; i <= std::ssize(sets); ++i) {
    expected.insert(i);
  }
  EXPECT_EQ(counts, expected);
}

TEST_P(gmm_fit_each_test, the_callback_stops_the_call) {
  const many_data_sets data = different_data_sets();
  const std::vector<gmm_data_set<double>> sets = data.all<double>();
  std::int64_t n_calls = 0;
  EXPECT_EQ(error_of<interrupted>([&] {
              gmm_fit_each(ctx(), std::span(sets), study_options(), [&](std::int64_t) { return ++n_calls < 2; });
            }),
            "gmm_fit_each: stopped by the callback after 2 fits");
  EXPECT_EQ(n_calls, 2);
  EXPECT_THROW(gmm_fit_each(ctx(), std::span(sets), study_options(),
                            [](std::int64_t) -> bool { throw std::runtime_error("the caller's own"); }),
               std::runtime_error);
}

TEST_P(gmm_fit_each_test, bad_arguments_are_refused_with_the_number_of_the_data_set) {
  many_data_sets data;
  data.add(30, 2);
  std::vector<gmm_data_set<double>> sets = data.all<double>();
  sets.push_back({{data.doubles[0].values.data(), 2, 2}, {}});
  const auto error = [&](const gmm_options& o) {
    return error_of<invalid_argument>([&] { gmm_fit_each(ctx(), std::span(sets), o); });
  };
  EXPECT_TRUE(contains(error(study_options()), "gmm_fit_each: data set 1: n_components is 3"))
      << error(study_options());
  gmm_options o = study_options();
  const std::vector<double> weights(30, 1.0);
  o.sample_weights = weights;
  EXPECT_EQ(error(o),
            "gmm_fit_each: options.sample_weights has 30 elements but must be empty: each data set has its own");
  o = study_options();
  o.callback = [](const gmm_iteration&) { return true; };
  EXPECT_EQ(error(o), "gmm_fit_each: options.callback is set but must be empty: there is one of gmm_fit_each itself");
}

}  // namespace
}  // namespace samebits::tests
