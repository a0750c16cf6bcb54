// Data on which mixtures are known to fail, each case with its outcome: the right answer or an error that says why, and
// never a wrong answer without a word. docs/models.md has the table, and what scikit-learn makes of the same data.
//
// "Right" is what the long-double oracle finds for the same rows, from the same start, after the same iterations.
#include <cmath>
#include <limits>

#include "cli/table.hpp"
#include "samebits/gmm_model.hpp"
#include "tests/backends/backend_test.hpp"
#include "tests/backends/gmm_oracle.hpp"

namespace samebits::tests {
namespace {

using gmm_hard = backend_test;
SAMEBITS_ON_EVERY_BACKEND(gmm_hard);

// ---- data and outcomes -------------------------------------------------------------------------------------------

/// 272 eruptions: two clusters, standard deviations 1.1 and 13.6 in all.
matrix faithful() {
  cli::table t = cli::read_table(data_file("faithful.csv").string());
  return matrix(t.n_rows, t.n_cols, std::move(t.values));
}

matrix scaled(matrix x, double factor) {
  for (double& value : x.values) {
    value *= factor;
  }
  return x;
}

matrix shifted(matrix x, double offset) {
  for (double& value : x.values) {
    value += offset;
  }
  return x;
}

/// The rows with one more column.
template <class Column>
matrix with_column(const matrix& x, const Column& column) {
  matrix wider(x.n_rows, x.n_cols + 1);
  for (std::int64_t i = 0; i < x.n_rows; ++i) {
    std::copy_n(x.view().row(i).data(), x.n_cols, wider.view().row(i).data());
    wider(i, x.n_cols) = column(i);
  }
  return wider;
}

gmm_options iterations(gmm_options o, std::int64_t n_iterations, double reg_covar) {
  o.max_iter = n_iterations;
  o.tol = -1;
  o.reg_covar = reg_covar;
  return o;
}

/// Two components from a random start.
gmm_options two_components(covariance_type type) {
  gmm_options o;
  o.n_components = 2;
  o.covariance = type;
  return o;
}

double largest(const long_matrix& m) { return static_cast<double>(m.cwiseAbs().maxCoeff()); }

/// The largest of the distances between two mixtures: of weights, of means in standard deviations, of covariances in
/// products of standard deviations.
double distance(const mixture& found, const mixture& expected) {
  double d = 0;
  for (std::size_t k = 0; k < expected.size(); ++k) {
    const long_vector sd = expected.covariances[k].diagonal().cwiseSqrt();
    const long_matrix errors = found.covariances[k] - expected.covariances[k];
    d = std::max({d, static_cast<double>(std::abs(found.weights[k] - expected.weights[k])),
                  largest((found.means[k] - expected.means[k]).cwiseQuotient(sd)),
                  largest(sd.cwiseInverse().asDiagonal() * errors * sd.cwiseInverse().asDiagonal())});
  }
  return d;
}

mixture oracle_fit(const long_matrix& x, const gmm_start& start, std::int64_t n_iterations, double reg_covar) {
  em_rules rules;
  rules.type = start.type;
  rules.reg_covar = reg_covar;
  mixture m = start.rounded();
  for (std::int64_t i = 0; i < n_iterations; ++i) {
    m = em_step(x, m, rules);
  }
  return m;
}

/// How far a fit of some iterations is from that of the oracle; -1 when it is refused.
template <class T>
double distance_from_oracle(const context& ctx, const matrix& data, covariance_type type, std::int64_t n_components,
                            double reg_covar, std::int64_t n_iterations = 20) {
  const rows_of<T> x(data);
  const matrix exact = x.widened();
  const gmm_start start = sliced_start(exact, n_components, type);
  try {
    const gmm_model model = gmm_fit(ctx, x.view(), iterations(start.options(), n_iterations, reg_covar));
    const double d = distance(mixture_of(model), oracle_fit(long_rows(exact), start, n_iterations, reg_covar));
    return std::isfinite(d) ? d : std::numeric_limits<double>::infinity();
  } catch (const error& e) {
    EXPECT_TRUE(std::string(e.what()).starts_with("gmm_fit: ")) << e.what();
    return -1;
  }
}

template <class T>
void expect_right(const context& ctx, const matrix& x, double tolerance, double reg_covar = 0) {
  for (const covariance_type type : covariance_types) {
    const double d = distance_from_oracle<T>(ctx, x, type, 2, reg_covar);
    EXPECT_GE(d, 0) << name_of(type) << ": refused";
    EXPECT_LE(d, tolerance) << name_of(type);
  }
}

/// A model is what it says: its log-likelihood is that of its parameters, and its weights sum to 1.
void expect_consistent(const gmm_model& model, const matrix& x, double tolerance) {
  const long_matrix rows = long_rows(x);
  const mixture m = mixture_of(model);
  const double expected = static_cast<double>(log_likelihood(rows, m) / static_cast<long double>(x.n_rows));
  EXPECT_NEAR(model.log_likelihood, expected, tolerance * std::max(1.0, std::abs(expected)));
  EXPECT_NEAR(std::accumulate(model.weights.begin(), model.weights.end(), 0.0), 1, 1e-14);
}

// ---- far from the origin -----------------------------------------------------------------------------------------

// Outcome: right. The data themselves are rounded, and so are the means: to 6e-8 at 1e9. Nothing else is lost.
TEST_P(gmm_hard, double_rows_far_from_the_origin_are_fitted_right) {
  for (const double offset : {1e3, 1e6, 1e8, 1e9}) {
    SCOPED_TRACE(offset);
    expect_right<double>(ctx(), shifted(faithful(), offset), 1e-12 + 1e-15 * offset);
  }
}

// Outcome: right. The random start chooses as it does without the offset, and the log-likelihood is the same.
TEST_P(gmm_hard, double_rows_far_from_the_origin_are_fitted_as_if_they_were_near) {
  for (const covariance_type type : covariance_types) {
    const gmm_model near = gmm_fit(ctx(), faithful().view(), two_components(type));
    for (const double offset : {1e3, 1e6, 1e8, 1e9}) {
      const matrix x = shifted(faithful(), offset);

      const gmm_model far = gmm_fit(ctx(), x.view(), two_components(type));

      EXPECT_NEAR(far.log_likelihood, near.log_likelihood, 1e-5) << name_of(type) << ", offset " << offset;
    }
  }
}

// Outcome: right, for the rows as rounded to float. At 1e4 they are multiples of 1e-3 (a standard deviation of a
// cluster is 0.26), and the centres of a pass are rounded likewise.
TEST_P(gmm_hard, float_rows_far_from_the_origin_are_fitted_right) {
  for (const double offset : {1e3, 1e4}) {
    SCOPED_TRACE(offset);
    expect_right<float>(ctx(), shifted(faithful(), offset), 1e-6 + 2e-8 * offset);
  }
}

TEST_P(gmm_hard, float_rows_far_from_the_origin_are_fitted_as_if_they_were_near) {
  for (const covariance_type type : covariance_types) {
    const gmm_model near = gmm_fit(ctx(), faithful().view(), two_components(type));
    for (const double offset : {1e3, 1e4}) {
      const rows_of<float> x(shifted(faithful(), offset));

      const gmm_model far = gmm_fit(ctx(), x.view(), two_components(type));

      EXPECT_NEAR(far.log_likelihood, near.log_likelihood, 2e-3) << name_of(type) << ", offset " << offset;
    }
  }
}

// Outcome: right, with tied covariances as well: they are means over the components, each about its own mean.
TEST_P(gmm_hard, clusters_far_from_each_other_are_fitted_right) {
  for (const double apart : {1e4, 1e6, 1e8}) {
    matrix x = faithful();
    for (std::int64_t i = 0; i < x.n_rows; ++i) {
      const bool is_long = x(i, 0) > 3;
      x(i, 0) += is_long ? apart : 0;
      x(i, 1) += is_long ? apart : 0;
    }
    SCOPED_TRACE(apart);
    expect_right<double>(ctx(), x, 1e-12 + 1e-15 * apart);
  }
}

// ---- units -------------------------------------------------------------------------------------------------------

// Outcome: refused. The standard reg_covar of 1e-6 is 1e10 times the variances; every cluster would drown in it.
TEST_P(gmm_hard, reg_covar_above_the_variances_is_refused) {
  for (const covariance_type type : covariance_types) {
    const matrix x = scaled(faithful(), 1e-8);

    const std::string message = error_of<numerical_failure>([&] { gmm_fit(ctx(), x.view(), two_components(type)); });

    EXPECT_TRUE(contains(message, "reg_covar is 1e-06")) << name_of(type) << ": " << message;
    EXPECT_TRUE(contains(message, "reg_covar_relative")) << name_of(type) << ": " << message;
  }
}

// Outcome: refused, with a given start as well.
TEST_P(gmm_hard, reg_covar_above_the_variances_is_refused_with_a_given_start) {
  for (const covariance_type type : covariance_types) {
    const matrix x = scaled(faithful(), 1e-8);
    const gmm_start start = sliced_start(x, 2, type);

    const std::string message = error_of<numerical_failure>([&] { gmm_fit(ctx(), x.view(), start.options()); });

    EXPECT_TRUE(contains(message, "reg_covar is 1e-06")) << name_of(type) << ": " << message;
  }
}

// Outcome: right.
TEST_P(gmm_hard, small_and_large_units_are_fitted_right_without_reg_covar) {
  for (const double unit : {1e-8, 1e8}) {
    SCOPED_TRACE(unit);
    expect_right<double>(ctx(), scaled(faithful(), unit), 1e-13);
    expect_right<float>(ctx(), scaled(faithful(), unit), 3e-6);
  }
}

// Outcome: the model in the other unit. Only the constant of the log-densities is rounded differently.
TEST_P(gmm_hard, a_relative_reg_covar_has_no_unit) {
  for (const covariance_type type : covariance_types) {
    for (const double unit : {0x1p-27, 0x1p27}) {
      gmm_options options = two_components(type);
      options.reg_covar = 0;
      options.reg_covar_relative = 1e-6;
      const matrix x = scaled(faithful(), unit);

      mixture found = mixture_of(gmm_fit(ctx(), x.view(), iterations(options, 20, 0)));
      const mixture expected = mixture_of(gmm_fit(ctx(), faithful().view(), iterations(options, 20, 0)));

      for (std::size_t k = 0; k < found.size(); ++k) {
        found.means[k] /= unit;
        found.covariances[k] /= unit * unit;
      }
      EXPECT_LE(distance(found, expected), 1e-11) << name_of(type) << ", unit " << unit;
    }
  }
}

// Outcome: every bit of the model in the other unit, since one component has no responsibilities to round.
TEST_P(gmm_hard, one_component_in_units_of_a_power_of_two_is_exact) {
  for (const covariance_type type : covariance_types) {
    gmm_options options;
    options.covariance = type;
    options.reg_covar = 0;
    options.reg_covar_relative = 0x1p-20;
    const gmm_model expected = gmm_fit(ctx(), faithful().view(), options);
    for (const double unit : {0x1p-27, 0x1p27, 0x1p-300, 0x1p300}) {
      const matrix x = scaled(faithful(), unit);

      gmm_model model = gmm_fit(ctx(), x.view(), options);

      for (double& mean : model.means) {
        mean /= unit;
      }
      for (double& covariance : model.covariances) {
        covariance = covariance / unit / unit;
      }
      EXPECT_EQ(model.means, expected.means) << name_of(type) << ", unit " << unit;
      EXPECT_EQ(model.covariances, expected.covariances) << name_of(type) << ", unit " << unit;
    }
  }
}

// ---- constant and collinear columns ------------------------------------------------------------------------------

bool has_own_variances(covariance_type type) { return !is_spherical_type(type); }
bool has_correlations(covariance_type type) { return !is_spherical_type(type) && !is_diag_type(type); }

// Outcome: refused with the column's name, where the column has a variance of its own; else right.
TEST_P(gmm_hard, a_constant_column_without_reg_covar_is_named) {
  for (const double value : {0.0, 0.1, 1e8}) {
    const matrix x = with_column(faithful(), [&](std::int64_t) { return value; });
    for (const covariance_type type : covariance_types) {
      SCOPED_TRACE(std::string(name_of(type)) + ", constant " + std::to_string(value));
      gmm_options options = two_components(type);
      options.reg_covar = 0;
      if (has_own_variances(type)) {
        const std::string message = error_of<numerical_failure>([&] { gmm_fit(ctx(), x.view(), options); });
        EXPECT_TRUE(contains(message, "column 2")) << message;
        EXPECT_TRUE(contains(message, "reg_covar")) << message;
      } else {
        const double d = distance_from_oracle<double>(ctx(), x, type, 2, 0);
        EXPECT_GE(d, 0);
        EXPECT_LE(d, 1e-11 + 1e-14 * value);
      }
    }
  }
}

/// Adds reg_covar to the variances of a start.
gmm_start with_reg_covar(const gmm_start& start, double reg_covar) {
  mixture m = start.rounded();
  for (long_matrix& covariance : m.covariances) {
    covariance.diagonal().array() += static_cast<long double>(reg_covar);
  }
  return gmm_start(m, start.type);
}

// Outcome: the fit of the other columns; the constant one has variance reg_covar and adds the logarithm of its density.
TEST_P(gmm_hard, a_constant_column_with_reg_covar_changes_nothing_for_the_others) {
  constexpr double reg_covar = 1e-6;
  for (const covariance_type type :
       {covariance_type::full, covariance_type::tied, covariance_type::diag, covariance_type::tied_diag}) {
    for (const double value : {0.0, 0.1, 1e8}) {
      const matrix x = with_column(faithful(), [&](std::int64_t) { return value; });
      const gmm_start start = with_reg_covar(sliced_start(x, 2, type), reg_covar);
      const gmm_start start_of_others = with_reg_covar(sliced_start(faithful(), 2, type), reg_covar);

      const gmm_model model = gmm_fit(ctx(), x.view(), iterations(start.options(), 20, reg_covar));
      const gmm_model others = gmm_fit(ctx(), faithful().view(), iterations(start_of_others.options(), 20, reg_covar));

      SCOPED_TRACE(std::string(name_of(type)) + ", constant " + std::to_string(value));
      const mixture found = mixture_of(model);
      const mixture expected = mixture_of(others);
      for (std::size_t k = 0; k < 2; ++k) {
        EXPECT_LE(largest(found.means[k].head(2) - expected.means[k]), 1e-9);
        EXPECT_LE(largest(found.covariances[k].topLeftCorner(2, 2) - expected.covariances[k]), 1e-9);
        EXPECT_EQ(static_cast<double>(found.means[k](2)), value);
        EXPECT_NEAR(static_cast<double>(found.covariances[k](2, 2)), reg_covar, 1e-20);
      }
      const double constant = -0.5 * std::log(2 * std::acos(-1.0) * reg_covar);
      EXPECT_NEAR(model.log_likelihood, others.log_likelihood + constant, 1e-11);
    }
  }
}

matrix with_collinear_column(const matrix& x) {
  return with_column(x, [&](std::int64_t i) { return 2 * x(i, 1); });
}

matrix with_sum_column(const matrix& x) {
  return with_column(x, [&](std::int64_t i) { return x(i, 0) + x(i, 1); });
}

// Outcome: refused with the column's name, where there are correlations; else right.
TEST_P(gmm_hard, a_collinear_column_without_reg_covar_is_named) {
  for (const matrix& x : {with_collinear_column(faithful()), with_sum_column(faithful())}) {
    for (const covariance_type type : covariance_types) {
      SCOPED_TRACE(name_of(type));
      gmm_options options = two_components(type);
      options.reg_covar = 0;
      if (has_correlations(type)) {
        const std::string message = error_of<numerical_failure>([&] { gmm_fit(ctx(), x.view(), options); });
        EXPECT_TRUE(contains(message, "singular at column 2")) << message;
      } else {
        const double d = distance_from_oracle<double>(ctx(), x, type, 2, 0);
        EXPECT_GE(d, 0);
        EXPECT_LE(d, 1e-11);
      }
    }
  }
}

// Outcome: right. Covariances have condition numbers of 1e9, and half of the digits of a double are enough for that.
TEST_P(gmm_hard, collinear_columns_with_reg_covar_are_fitted_right) {
  for (const matrix& x : {with_collinear_column(faithful()), with_sum_column(faithful())}) {
    for (const covariance_type type : {covariance_type::full, covariance_type::tied}) {
      const gmm_start start = with_reg_covar(sliced_start(x, 2, type), 1e-6);

      const gmm_model model = gmm_fit(ctx(), x.view(), iterations(start.options(), 20, 1e-6));

      EXPECT_LE(distance(mixture_of(model), oracle_fit(long_rows(x), start, 20, 1e-6)), 1e-7) << name_of(type);
      expect_consistent(model, x, 1e-7);
    }
  }
}

// ---- few different rows ------------------------------------------------------------------------------------------

/// The corners of a square, 50 times.
matrix four_points() {
  matrix x(200, 2);
  for (std::int64_t i = 0; i < x.n_rows; ++i) {
    x(i, 0) = i % 2 == 0 ? 0 : 10;
    x(i, 1) = i % 4 < 2 ? 0 : 10;
  }
  return x;
}

// Outcome: right. The best there is: each point is a component, or several that are equal, with variances of reg_covar.
TEST_P(gmm_hard, more_components_than_different_rows_end_on_the_points) {
  const matrix x = four_points();
  const double best = std::log(0.25) - std::log(2 * std::acos(-1.0) * 1e-6);
  for (const covariance_type type : covariance_types) {
    gmm_options options;
    options.n_components = 7;
    options.covariance = type;

    const gmm_model model = gmm_fit(ctx(), x.view(), options);

    EXPECT_NEAR(model.log_likelihood, best, 1e-9) << name_of(type);
    expect_consistent(model, x, 1e-9);
  }
}

// Outcome: refused, since the likelihood has no bound.
TEST_P(gmm_hard, more_components_than_different_rows_without_reg_covar_are_refused) {
  const matrix x = four_points();
  for (const covariance_type type : covariance_types) {
    gmm_options options;
    options.n_components = 7;
    options.covariance = type;
    options.reg_covar = 0;

    const std::string message = error_of<numerical_failure>([&] { gmm_fit(ctx(), x.view(), options); });

    EXPECT_TRUE(contains(message, "singular at column")) << name_of(type) << ": " << message;
    EXPECT_TRUE(contains(message, "raise reg_covar or ask for fewer components")) << name_of(type) << ": " << message;
  }
}

matrix parabola(std::int64_t n_rows) {
  matrix x(n_rows, 2);
  for (std::int64_t i = 0; i < n_rows; ++i) {
    x(i, 0) = static_cast<double>(i);
    x(i, 1) = static_cast<double>(i * i);
  }
  return x;
}

// Outcome: right. From a start with a component on each row it stays there; from any other start the model is what it
// says.
TEST_P(gmm_hard, as_many_components_as_rows_are_fitted_right) {
  const matrix x = parabola(12);
  const double best = -std::log(12.0) - std::log(2 * std::acos(-1.0) * 1e-6);
  for (const covariance_type type : covariance_types) {
    mixture m;
    for (std::int64_t k = 0; k < 12; ++k) {
      m.weights.push_back(1.0L / 12);
      m.means.push_back(long_rows(x).row(k).transpose());
      m.covariances.push_back(long_matrix::Identity(2, 2) / 100);
    }
    const gmm_start start(m, type);

    const gmm_model on_rows = gmm_fit(ctx(), x.view(), start.options());
    gmm_options options;
    options.n_components = 12;
    options.covariance = type;
    const gmm_model random = gmm_fit(ctx(), x.view(), options);

    SCOPED_TRACE(name_of(type));
    EXPECT_NEAR(on_rows.log_likelihood, best, 1e-9);
    EXPECT_EQ(on_rows.means, x.values);
    expect_consistent(on_rows, x, 1e-9);
    expect_consistent(random, x, 1e-9);
  }
}

/// Few rows with many columns.
matrix wide_rows(std::int64_t n_rows, std::int64_t n_cols) {
  matrix x(n_rows, n_cols);
  for (std::int64_t i = 0; i < n_rows; ++i) {
    for (std::int64_t j = 0; j < n_cols; ++j) {
      x(i, j) = static_cast<double>((i * i * 7 + i * j * 3 + j) % 11);
    }
  }
  return x;
}

// Outcome: refused, where there are correlations, at the column where the rows have no direction left; else right.
TEST_P(gmm_hard, more_columns_than_rows_without_reg_covar_are_named) {
  const matrix x = wide_rows(5, 20);
  for (const covariance_type type : covariance_types) {
    SCOPED_TRACE(name_of(type));
    gmm_options options;
    options.covariance = type;
    options.reg_covar = 0;
    if (has_correlations(type)) {
      const std::string message = error_of<numerical_failure>([&] { gmm_fit(ctx(), x.view(), options); });
      EXPECT_TRUE(contains(message, "singular at column 4 ")) << message;
    } else {
      const double d = distance_from_oracle<double>(ctx(), x, type, 1, 0, 1);
      EXPECT_GE(d, 0);
      EXPECT_LE(d, 1e-12);
    }
  }
}

// Outcome: right. Columns without rows of their own have reg_covar.
TEST_P(gmm_hard, more_columns_than_rows_with_reg_covar_are_fitted_right) {
  const matrix x = wide_rows(5, 20);
  for (const covariance_type type : covariance_types) {
    const gmm_start start = with_reg_covar(sliced_start(x, 1, type), 1e-6);

    const gmm_model one = gmm_fit(ctx(), x.view(), iterations(start.options(), 2, 1e-6));
    const gmm_model two = gmm_fit(ctx(), x.view(), two_components(type));

    SCOPED_TRACE(name_of(type));
    EXPECT_LE(distance(mixture_of(one), oracle_fit(long_rows(x), start, 2, 1e-6)), 1e-12);
    expect_consistent(one, x, 1e-7);
    expect_consistent(two, x, 1e-7);
  }
}

// ---- the ends of the number range --------------------------------------------------------------------------------

// Outcome: right at 1e150; refused at 1e160, whose squares are no numbers.
TEST_P(gmm_hard, values_of_1e150_are_fitted_right) {
  expect_right<double>(ctx(), scaled(faithful(), 1e150), 1e-11);
  expect_right<double>(ctx(), scaled(faithful(), 1e150), 1e-11, 1e-6);
}

TEST_P(gmm_hard, values_of_1e160_are_refused) {
  const matrix x = scaled(faithful(), 1e160);
  for (const covariance_type type : covariance_types) {
    for (const gmm_init init :
         {gmm_init::kmeans_plus_plus, gmm_init::kmeans, gmm_init::random_rows, gmm_init::random_responsibilities}) {
      gmm_options options = two_components(type);
      options.init = init;

      const std::string message = error_of<numerical_failure>([&] { gmm_fit(ctx(), x.view(), options); });

      EXPECT_TRUE(contains(message, "overflow")) << name_of(type) << ", " << name_of(init) << ": " << message;
    }
  }
}

/// "right", "refused" or how wrong it is.
template <class T>
std::string outcome(const context& ctx, const matrix& x, covariance_type type, double tolerance) {
  const double d = distance_from_oracle<T>(ctx, x, type, 2, 0);
  return d < 0 ? "refused" : d <= tolerance ? "right" : "wrong by " + std::to_string(d);
}

struct unit_outcome {
  double unit;
  const char* expected;
};

// Outcome: right up to where squares overflow, and down to where variances are no longer normal numbers; refused
// beyond.
TEST_P(gmm_hard, units_at_the_ends_of_the_range_of_double_are_fitted_right_or_refused) {
  for (const unit_outcome& u : {unit_outcome{1e-300, "refused"},
                                {1e-170, "refused"},
                                {1e-162, "refused"},
                                {1e-160, "refused"},
                                {1e-158, "refused"},
                                {1e-140, "right"},
                                {1e-100, "right"},
                                {1e100, "right"},
                                {1e150, "right"},
                                {1e155, "refused"},
                                {1e200, "refused"},
                                {1e300, "refused"}}) {
    const matrix x = scaled(faithful(), u.unit);
    for (const covariance_type type : covariance_types) {
      EXPECT_EQ(outcome<double>(ctx(), x, type, 1e-13), u.expected) << name_of(type) << ", unit " << u.unit;
    }
  }
}

TEST_P(gmm_hard, units_at_the_ends_of_the_range_of_float_are_fitted_right_or_refused) {
  for (const unit_outcome& u : {unit_outcome{1e-36, "refused"},
                                {1e-24, "refused"},
                                {1e-22, "refused"},
                                {1e-21, "refused"},
                                {1e-14, "right"},
                                {1e-8, "right"},
                                {1e8, "right"},
                                {1e14, "right"},
                                {1e19, "refused"},
                                {1e30, "refused"}}) {
    const matrix x = scaled(faithful(), u.unit);
    for (const covariance_type type : covariance_types) {
      EXPECT_EQ(outcome<float>(ctx(), x, type, 3e-6), u.expected) << name_of(type) << ", unit " << u.unit;
    }
  }
}

// Outcome: refused, from every start and with every type. Their squares are 0.
TEST_P(gmm_hard, denormal_data_are_refused) {
  const matrix x = scaled(faithful(), 0x1p-1060);
  for (const covariance_type type : covariance_types) {
    gmm_options options = two_components(type);
    EXPECT_TRUE(contains(error_of<numerical_failure>([&] { gmm_fit(ctx(), x.view(), options); }), "reg_covar"))
        << name_of(type);

    options.reg_covar = 0;
    EXPECT_TRUE(contains(error_of<numerical_failure>([&] { gmm_fit(ctx(), x.view(), options); }), "singular"))
        << name_of(type);

    options.reg_covar_relative = 1e-3;
    EXPECT_TRUE(contains(error_of<numerical_failure>([&] { gmm_fit(ctx(), x.view(), options); }), "singular"))
        << name_of(type);
  }
}

// Outcome: right. Denormal numbers among others are what they are: nearly 0.
TEST_P(gmm_hard, a_denormal_column_with_reg_covar_counts_as_constant) {
  const matrix x = with_column(faithful(), [&](std::int64_t i) { return static_cast<double>(i) * 0x1p-1070; });
  for (const covariance_type type : {covariance_type::full, covariance_type::diag}) {
    const gmm_model model = gmm_fit(ctx(), x.view(), two_components(type));

    EXPECT_NEAR(static_cast<double>(mixture_of(model).covariances[0](2, 2)), 1e-6, 1e-20) << name_of(type);
    expect_consistent(model, x, 1e-9);
  }
}

// ---- a query far from everything ---------------------------------------------------------------------------------

/// Rows at growing distances on both sides.
matrix rows_at(std::initializer_list<double> distances) {
  matrix x(static_cast<std::int64_t>(distances.size()), 2);
  std::int64_t i = 0;
  for (const double distance : distances) {
    x(i, 0) = i % 2 == 0 ? distance : -distance;
    x(i, 1) = distance;
    ++i;
  }
  return x;
}

// Outcome: right: log-likelihoods, probabilities that sum to 1, labels.
TEST_P(gmm_hard, a_query_far_away_is_scored_right) {
  const matrix queries = rows_at({1e3, 1e3, 1e5, 1e5, 1e7, 1e7});
  const long_matrix rows = long_rows(queries);
  for (const covariance_type type : covariance_types) {
    const gmm_model model = gmm_fit(ctx(), faithful().view(), two_components(type));
    matrix proba(queries.n_rows, 2);
    std::vector<double> scores(static_cast<std::size_t>(queries.n_rows));
    std::vector<std::int64_t> labels(scores.size());

    gmm_predict_proba(ctx(), model, queries.view(), proba.view());
    gmm_score_samples(ctx(), model, queries.view(), scores);
    gmm_predict(ctx(), model, queries.view(), labels);

    const long_matrix expected = responsibilities(rows, mixture_of(model));
    const long_vector expected_scores = row_log_likelihoods(log_densities(rows, mixture_of(model)));
    for (std::int64_t i = 0; i < queries.n_rows; ++i) {
      const std::string where = std::string(name_of(type)) + ", row " + std::to_string(i);
      const auto row = static_cast<std::size_t>(i);
      const double score = static_cast<double>(expected_scores(i));
      EXPECT_NEAR(scores[row], score, 1e-12 * std::abs(score)) << where;
      EXPECT_NEAR(proba(i, 0), static_cast<double>(expected(i, 0)), 1e-6) << where;
      EXPECT_NEAR(proba(i, 0) + proba(i, 1), 1, 1e-15) << where;
      EXPECT_EQ(labels[row], expected(i, 0) >= expected(i, 1) ? 0 : 1) << where;
    }
  }
}

// Outcome: right log-likelihoods as long as their squares are numbers.
TEST_P(gmm_hard, a_query_at_1e150_has_a_finite_log_likelihood) {
  const matrix queries = rows_at({1e50, 1e100, 1e150});
  const long_matrix rows = long_rows(queries);
  for (const covariance_type type : covariance_types) {
    const gmm_model model = gmm_fit(ctx(), faithful().view(), two_components(type));
    std::vector<double> scores(3);

    gmm_score_samples(ctx(), model, queries.view(), scores);

    const long_vector expected = row_log_likelihoods(log_densities(rows, mixture_of(model)));
    for (std::size_t i = 0; i < 3; ++i) {
      const double score = static_cast<double>(expected(static_cast<Eigen::Index>(i)));
      EXPECT_NEAR(scores[i], score, 1e-12 * std::abs(score)) << name_of(type) << ", row " << i;
    }
  }
}

// Outcome: refused with the row's number, by every function of rows; what they would have filled stays.
template <class T>
void expect_far_row_named(const context& ctx, covariance_type type, double distance) {
  const gmm_model model = gmm_fit(ctx, faithful().view(), two_components(type));
  matrix data = faithful();
  data(200, 1) = -distance;
  const rows_of<T> x(data);
  std::vector<T> matrix_out(static_cast<std::size_t>(data.n_rows * 2), T(7));
  std::vector<T> scores(static_cast<std::size_t>(data.n_rows), T(7));
  std::vector<std::int64_t> labels(scores.size(), 7);
  const matrix_view<T> out(matrix_out.data(), data.n_rows, 2);
  const auto expect_named = [&](const char* function, const auto& call) {
    const std::string message = error_of<numerical_failure>(call);
    EXPECT_TRUE(message.starts_with(std::string(function) + ": ")) << name_of(type) << ": " << message;
    EXPECT_TRUE(contains(message, "row 200")) << name_of(type) << ": " << message;
  };

  expect_named("gmm_predict", [&] { gmm_predict(ctx, model, x.view(), labels); });
  expect_named("gmm_predict_proba", [&] { gmm_predict_proba(ctx, model, x.view(), out); });
  expect_named("gmm_score_samples", [&] { gmm_score_samples(ctx, model, x.view(), scores); });
  expect_named("gmm_score", [&] { gmm_score(ctx, model, x.view()); });
  expect_named("gmm_log_prob", [&] { gmm_log_prob(ctx, model, x.view(), out); });
  expect_named("gmm_expectation", [&] { gmm_expectation(ctx, model, x.view(), out, scores); });
}

TEST_P(gmm_hard, a_query_whose_distance_overflows_is_named) {
  for (const covariance_type type : covariance_types) {
    expect_far_row_named<double>(ctx(), type, 1e160);
    expect_far_row_named<double>(ctx(), type, 1e300);
    expect_far_row_named<float>(ctx(), type, 1e25);
  }
}

// ---- weights of 0 ------------------------------------------------------------------------------------------------

/// The eruptions, with outliers of weight 0 among them.
struct data_with_outliers {
  data_with_outliers() : x(faithful()), weights(static_cast<std::size_t>(x.n_rows), 1.0) {
    const double values[] = {1e6, 1e6, -1e6, 3, 0, -1e5};
    x.values.insert(x.values.begin() + 200, std::begin(values), std::end(values));
    x.n_rows += 3;
    weights.insert(weights.begin() + 100, 3, 0.0);
  }

  matrix x;
  std::vector<double> weights;
};

// Outcome: the fit without them, and no start on them.
TEST_P(gmm_hard, rows_of_weight_0_do_not_count) {
  const data_with_outliers data;
  for (const covariance_type type : covariance_types) {
    const gmm_start start = sliced_start(faithful(), 2, type);
    gmm_options options = iterations(start.options(), 20, 0);
    const gmm_model expected = gmm_fit(ctx(), faithful().view(), options);
    options.sample_weights = data.weights;

    const gmm_model model = gmm_fit(ctx(), data.x.view(), options);

    EXPECT_LE(distance(mixture_of(model), mixture_of(expected)), 1e-11) << name_of(type);
    EXPECT_NEAR(model.log_likelihood, expected.log_likelihood, 1e-11) << name_of(type);
  }
}

TEST_P(gmm_hard, rows_of_weight_0_are_no_start) {
  const data_with_outliers data;
  for (const gmm_init init : {gmm_init::kmeans_plus_plus, gmm_init::kmeans, gmm_init::random_rows}) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      gmm_options options = two_components(covariance_type::full);
      options.init = init;
      options.seed = seed;
      options.sample_weights = data.weights;
      options.callback = [&](const gmm_iteration& i) {
        for (const double mean : i.means) {
          EXPECT_GT(mean, 1) << name_of(init) << ", seed " << seed;
          EXPECT_LT(mean, 100) << name_of(init) << ", seed " << seed;
        }
        return false;
      };
      EXPECT_THROW(gmm_fit(ctx(), data.x.view(), options), interrupted);
    }
  }
}

// Outcome: refused, naming the weights.
TEST_P(gmm_hard, weights_that_are_all_0_are_refused) {
  const matrix x = faithful();
  const std::vector<double> zeros(static_cast<std::size_t>(x.n_rows), 0.0);
  gmm_options options = two_components(covariance_type::full);
  options.sample_weights = zeros;

  EXPECT_TRUE(contains(error_of<invalid_argument>([&] { gmm_fit(ctx(), x.view(), options); }), "sample_weights"));
  const gmm_model model = gmm_fit(ctx(), x.view(), two_components(covariance_type::full));
  EXPECT_TRUE(
      contains(error_of<invalid_argument>([&] { gmm_score(ctx(), model, x.view(), zeros); }), "sample_weights"));
}

// Outcome: refused, naming the weight.
TEST_P(gmm_hard, weights_that_are_none_are_named) {
  const matrix x = faithful();
  for (const double bad : {-1.0, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    std::vector<double> weights(static_cast<std::size_t>(x.n_rows), 1.0);
    weights[17] = bad;
    gmm_options options = two_components(covariance_type::full);
    options.sample_weights = weights;

    const std::string message = error_of<invalid_argument>([&] { gmm_fit(ctx(), x.view(), options); });

    EXPECT_TRUE(contains(message, "sample_weights[17] is ")) << message;
  }
}

// Outcome: right. Only the ratios of weights count.
TEST_P(gmm_hard, weights_of_any_unit_are_taken) {
  const matrix x = faithful();
  for (const covariance_type type : covariance_types) {
    const gmm_start start = sliced_start(x, 2, type);
    gmm_options options = iterations(start.options(), 10, 0);
    const gmm_model expected = gmm_fit(ctx(), x.view(), options);
    for (const double unit : {1e-200, 1e-8, 1e8, 1e200}) {
      const std::vector<double> weights(static_cast<std::size_t>(x.n_rows), unit);
      options.sample_weights = weights;

      const gmm_model model = gmm_fit(ctx(), x.view(), options);

      EXPECT_LE(distance(mixture_of(model), mixture_of(expected)), 1e-11) << name_of(type) << ", unit " << unit;
      EXPECT_NEAR(model.log_likelihood, expected.log_likelihood, 1e-11) << name_of(type) << ", unit " << unit;
    }
  }
}

// Outcome: right or refused, though weights and variances are each in range and their products are not.
TEST_P(gmm_hard, small_weights_of_rows_in_small_units_are_taken_or_refused) {
  for (const double unit : {1e-70, 1e-60, 1e-56, 1e-40}) {
    const matrix x = scaled(faithful(), unit);
    const std::vector<double> weights(static_cast<std::size_t>(x.n_rows), 1e-200);
    for (const covariance_type type : covariance_types) {
      const gmm_start start = sliced_start(x, 2, type);
      gmm_options options = iterations(start.options(), 10, 0);
      options.sample_weights = weights;
      try {
        const mixture found = mixture_of(gmm_fit(ctx(), x.view(), options));
        EXPECT_LE(distance(found, oracle_fit(long_rows(x), start, 10, 0)), 1e-10) << name_of(type) << ", unit " << unit;
      } catch (const numerical_failure& failure) {
        EXPECT_LT(unit, 1e-50) << failure.what();
      }
    }
  }
}

// Outcome: refused. Their products with squares would leave the range of numbers.
TEST_P(gmm_hard, weights_at_the_ends_of_the_range_are_refused) {
  const matrix x = faithful();
  const rows_of<float> narrow(x);
  for (const double unit : {1e-250, 1e250, 1e-20, 1e20}) {
    const std::vector<double> weights(static_cast<std::size_t>(x.n_rows), unit);
    gmm_options options = two_components(covariance_type::full);
    options.sample_weights = weights;
    const auto error_with = [&](const auto& rows) {
      return error_of<invalid_argument>([&] { gmm_fit(ctx(), rows.view(), options); });
    };

    EXPECT_EQ(contains(error_with(x), "sample_weights is "), std::abs(std::log10(unit)) > 100) << unit;
    EXPECT_TRUE(contains(error_with(narrow), "sample_weights is ")) << unit;
  }
}

// ---- components without rows -------------------------------------------------------------------------------------

/// A start of which the second component is far from every row.
gmm_start start_with_far_component(covariance_type type) {
  mixture m = sliced_start(faithful(), 2, type).rounded();
  m.means[1] = long_vector::Constant(2, 1e6);
  return gmm_start(m, type);
}

// Outcome: weight 0; it keeps its mean, and its covariance where it has one of its own. The other is fitted right.
TEST_P(gmm_hard, a_component_without_rows_keeps_its_mean_and_covariance) {
  const matrix x = faithful();
  for (const covariance_type type : covariance_types) {
    const gmm_start start = start_with_far_component(type);

    const gmm_model model = gmm_fit(ctx(), x.view(), iterations(start.options(), 5, 0));

    SCOPED_TRACE(name_of(type));
    const mixture found = mixture_of(model);
    const double alone =
        distance(mixture_of(gmm_fit(ctx(), x.view(), iterations(sliced_start(x, 1, type).options(), 5, 0))),
                 {{found.weights[0]}, {found.means[0]}, {found.covariances[0]}});
    EXPECT_EQ(model.weights, (std::vector<double>{1, 0}));
    EXPECT_LE(alone, 1e-12);
    EXPECT_EQ(found.means[1], start.rounded().means[1]);
    EXPECT_EQ(found.covariances[1], is_tied_type(type) ? found.covariances[0] : start.rounded().covariances[1]);
    EXPECT_TRUE(std::isfinite(model.log_likelihood));
  }
}

// Outcome: right. Nothing belongs to a component of weight 0, not even a row on its mean.
TEST_P(gmm_hard, a_component_of_weight_0_gets_no_rows) {
  for (const covariance_type type : covariance_types) {
    const gmm_model model =
        gmm_fit(ctx(), faithful().view(), iterations(start_with_far_component(type).options(), 5, 0));
    const matrix queries(2, 2, {1e6, 1e6, 3, 70});
    matrix proba(2, 2);
    std::vector<std::int64_t> labels(2);
    std::vector<double> scores(2);

    gmm_predict_proba(ctx(), model, queries.view(), proba.view());
    gmm_predict(ctx(), model, queries.view(), labels);
    gmm_score_samples(ctx(), model, queries.view(), scores);

    EXPECT_EQ(proba.values, (std::vector<double>{1, 0, 1, 0})) << name_of(type);
    EXPECT_EQ(labels, (std::vector<std::int64_t>{0, 0})) << name_of(type);
    EXPECT_TRUE(std::isfinite(scores[0]) && std::isfinite(scores[1])) << name_of(type);
  }
}

// ---- identity ----------------------------------------------------------------------------------------------------

/// The digest or the message.
template <class T>
std::string end_of(const context& ctx, const matrix& data, const gmm_options& options) {
  const rows_of<T> x(data);
  try {
    return gmm_digest(gmm_fit(ctx, x.view(), options));
  } catch (const error& e) {
    return e.what();
  }
}

// Outcome: hard data have the same bits, or the same message, everywhere.
TEST_P(gmm_hard, have_the_outcome_of_the_scalar_cpu) {
  const context scalar({"cpu", "scalar", 1});
  const matrix data[] = {shifted(faithful(), 1e9),
                         scaled(faithful(), 1e-8),
                         scaled(faithful(), 1e150),
                         scaled(faithful(), 1e160),
                         scaled(faithful(), 0x1p-1060),
                         scaled(faithful(), 1e-40),
                         with_collinear_column(faithful()),
                         four_points(),
                         parabola(12),
                         wide_rows(5, 20)};
  for (std::size_t i = 0; i < std::size(data); ++i) {
    for (const covariance_type type : covariance_types) {
      for (const double reg_covar : {0.0, 1e-6}) {
        gmm_options options = iterations(two_components(type), 5, reg_covar);
        options.reg_covar_relative = reg_covar;

        EXPECT_EQ(end_of<double>(ctx(), data[i], options), end_of<double>(scalar, data[i], options))
            << "data " << i << ", " << name_of(type);
        EXPECT_EQ(end_of<float>(ctx(), data[i], options), end_of<float>(scalar, data[i], options))
            << "float data " << i << ", " << name_of(type);
      }
    }
  }
}

}  // namespace
}  // namespace samebits::tests
