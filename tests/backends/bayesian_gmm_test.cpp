// Mixtures with priors, on every backend: bits, a long-double oracle, the exact evidence, scikit-learn, behaviour,
// errors.
#include "samebits/bayesian_gmm.hpp"

#include <Eigen/LU>
#include <cmath>
#include <cstdio>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>

#include "cli/table.hpp"
#include "samebits/digest.hpp"
#include "tests/backends/backend_test.hpp"
#include "tests/backends/gmm_oracle.hpp"

namespace samebits::tests {
namespace {

constexpr covariance_type types[] = {covariance_type::full, covariance_type::diag};
constexpr weight_prior priors[] = {weight_prior::dirichlet, weight_prior::dirichlet_process};

const char* name_of(weight_prior prior) {
  return prior == weight_prior::dirichlet ? "dirichlet_distribution" : "dirichlet_process";
}

/// Calls body(type, prior) for every type of covariance and every prior of the weights.
template <class Body>
void for_all_kinds(const Body& body) {
  for (const covariance_type type : types) {
    for (const weight_prior prior : priors) {
      SCOPED_TRACE(std::string(name_of(type)) + ", " + name_of(prior));
      body(type, prior);
    }
  }
}

matrix read_matrix(const std::string& file) {
  cli::table t = cli::read_table(data_file(file).string());
  return matrix(t.n_rows, t.n_cols, std::move(t.values));
}

bayesian_gmm_options options_of(covariance_type type, weight_prior prior, std::int64_t n_components,
                                std::int64_t n_iterations) {
  bayesian_gmm_options o;
  o.prior = prior;
  o.fit.covariance = type;
  o.fit.n_components = n_components;
  o.fit.max_iter = n_iterations;
  o.fit.tol = -1;
  o.fit.reg_covar = 0;
  o.fit.seed = 5;
  return o;
}

std::string digest_of(const bayesian_gmm_model& m) {
  sha256 digest;
  for (const std::vector<double>* values :
       {&m.mixture.weights, &m.mixture.means, &m.mixture.covariances, &m.mixture.trace, &m.weight_concentration,
        &m.mean_precision, &m.degrees_of_freedom}) {
    digest.update(std::span(*values));
  }
  return digest_text(digest.finish()).substr(7, 16);
}

/// Every row belongs to every component, to one of them most of all.
matrix overlapping_shares(std::int64_t n_rows, std::int64_t n_components) {
  matrix shares(n_rows, n_components);
  for (std::int64_t i = 0; i < n_rows; ++i) {
    for (std::int64_t k = 0; k < n_components; ++k) {
      shares(i, k) = (i % n_components == k ? 8.0 : static_cast<double>((i + k) % 5 + 1)) / 16;
    }
  }
  return shares;
}

/// Sorted by the first column and cut into k slices, one for each component.
matrix sliced_shares(const matrix& x, std::int64_t n_components) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(x.n_rows));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) { return x(a, 0) < x(b, 0); });
  matrix shares(x.n_rows, n_components);
  for (std::int64_t k = 0; k < n_components; ++k) {
    for (std::int64_t i = k * x.n_rows / n_components; i < (k + 1) * x.n_rows / n_components; ++i) {
      shares(order[static_cast<std::size_t>(i)], k) = 1;
    }
  }
  return shares;
}

// ---- bits --------------------------------------------------------------------------------------------------------

struct golden_fit {
  std::int64_t n_rows;
  std::int64_t n_cols;
  covariance_type type;
  weight_prior prior;
  gmm_init init;
  const char* digest;
};

constexpr covariance_type full = covariance_type::full;
constexpr covariance_type diag = covariance_type::diag;
constexpr weight_prior dirichlet = weight_prior::dirichlet;
constexpr weight_prior process = weight_prior::dirichlet_process;

// The numbers change only with SAMEBITS_NUMERICS_VERSION. `backend_tests --gtest_also_run_disabled_tests
// --gtest_filter=bayesian_gmm_goldens.*` prints the list anew.
constexpr golden_fit golden_fits[] = {
    {513, 2, full, dirichlet, gmm_init::kmeans, "4bfc1cc7c46f537b"},
    {513, 2, full, process, gmm_init::kmeans_plus_plus, "3191a0bb911313c9"},
    {1025, 3, diag, dirichlet, gmm_init::random_rows, "f0c34c36f0b6a76c"},
    {1025, 3, diag, process, gmm_init::random_responsibilities, "047243b87e0b634f"},
    {600, 9, full, process, gmm_init::kmeans, "7accb3e0b8fba8ad"},
    {600, 9, diag, dirichlet, gmm_init::kmeans, "b1281116aa9d876b"},
};

std::string short_digest(const context& ctx, const golden_fit& g) {
  bayesian_gmm_options o = options_of(g.type, g.prior, 3, 2);
  o.fit.init = g.init;
  return digest_of(bayesian_gmm_fit(ctx, blobs(ctx, g.n_rows, g.n_cols, 2).view(), o));
}

TEST(bayesian_gmm_goldens, DISABLED_print) {
  for (const golden_fit& g : golden_fits) {
    std::printf("\"%s\"\n", short_digest(context({"cpu", "scalar", 1}), g).c_str());
  }
}

using bayesian_gmm_bits = backend_test;
SAMEBITS_ON_EVERY_BACKEND(bayesian_gmm_bits);

TEST_P(bayesian_gmm_bits, are_golden_for_any_number_of_threads) {
  for (const int n_threads : {1, 2, 3, 8}) {
    if (is_emulated() && n_threads > 1) {
      continue;
    }
    for (const golden_fit& g : golden_fits) {
      EXPECT_EQ(short_digest(on_threads(n_threads), g), g.digest)
          << g.n_rows << " x " << g.n_cols << ", " << n_threads << " threads";
    }
  }
}

TEST_P(bayesian_gmm_bits, are_those_of_the_scalar_cpu_with_float_rows_weights_and_restarts) {
  const context scalar({"cpu", "scalar", 1});
  const rows_of<float> x(blobs(scalar, 700, 2, 3));
  std::vector<double> weights;
  for (int i = 0; i < 700; ++i) {
    weights.push_back(0.25 * (i % 7));
  }
  for_all_kinds([&](covariance_type type, weight_prior prior) {
    bayesian_gmm_options o = options_of(type, prior, 4, 3);
    o.fit.n_init = 3;
    o.fit.sample_weights = weights;

    EXPECT_EQ(digest_of(bayesian_gmm_fit(ctx(), x.view(), o)), digest_of(bayesian_gmm_fit(scalar, x.view(), o)));
  });
}

TEST_P(bayesian_gmm_bits, stay_when_threads_share_out_the_components) {
  const matrix x = blobs(ctx(), 300, 40, 2);
  const bayesian_gmm_options o = options_of(full, dirichlet, 3, 1);

  EXPECT_EQ(digest_of(bayesian_gmm_fit(on_threads(3), x.view(), o)),
            digest_of(bayesian_gmm_fit(on_threads(1), x.view(), o)));
}

// ---- the oracle --------------------------------------------------------------------------------------------------

constexpr long double log_2_pi = 1.837877066409345483560659472811235279L;

/// By the recurrence to 30, and from there the asymptotic series.
long double digamma(long double x) {
  long double sum = 0;
  for (; x < 30; x += 1) {
    sum -= 1 / x;
  }
  const long double w = 1 / (x * x);
  return sum + std::log(x) - 1 / (2 * x) -
         w * (1.0L / 12 - w * (1.0L / 120 - w * (1.0L / 252 - w * (1.0L / 240 - w * (1.0L / 132 - w * 691 / 32760)))));
}

struct oracle_prior {
  weight_prior weights;
  long double concentration;
  long double mean_precision;
  long double degrees_of_freedom;
  long_vector mean;
  long_matrix covariance;  // W0^-1
};

/// Bishop's q(mu, Lambda), and the parameters of a Beta distribution or of the Dirichlet distribution.
struct oracle_component {
  long double first;
  long double second;
  long double mean_precision;
  long double degrees_of_freedom;
  long_vector mean;
  long_matrix w;
};
using oracle_posterior = std::vector<oracle_component>;

long_matrix of_type(const long_matrix& m, covariance_type type) {
  return type == covariance_type::diag ? long_matrix(m.diagonal().asDiagonal()) : m;
}

/// (10.51) to (10.53).
struct oracle_moments {
  oracle_moments(const long_matrix& x, const long_vector& shares)
      : count(shares.sum()),
        mean(x.transpose() * shares / count),
        covariance((x.rowwise() - mean.transpose()).transpose() * shares.asDiagonal() *
                   (x.rowwise() - mean.transpose()) / count) {}
  long double count;
  long_vector mean;
  long_matrix covariance;
};

oracle_posterior maximised(const long_matrix& x, const long_matrix& shares, const oracle_prior& p,
                           covariance_type type) {
  oracle_posterior q;
  for (Eigen::Index k = 0; k < shares.cols(); ++k) {
    const oracle_moments s(x, shares.col(k));
    const long double mean_precision = p.mean_precision + s.count;
    const long_vector d = s.mean - p.mean;
    const long_matrix inverse =
        p.covariance + s.count * s.covariance + p.mean_precision * s.count / mean_precision * d * d.transpose();
    const long double later = shares.rightCols(shares.cols() - 1 - k).sum();
    const bool is_process = p.weights == weight_prior::dirichlet_process;
    q.push_back({is_process ? 1 + s.count : p.concentration + s.count, p.concentration + later, mean_precision,
                 p.degrees_of_freedom + s.count, (p.mean_precision * p.mean + s.count * s.mean) / mean_precision,
                 of_type(inverse, type).inverse()});
  }
  return q;
}

/// E[log pi], (10.66) or of sticks.
long_vector log_weights(const oracle_posterior& q, weight_prior prior) {
  long_vector result(static_cast<Eigen::Index>(q.size()));
  long double sum = 0;
  for (const oracle_component& c : q) {
    sum += c.first;
  }
  long double left = 0;
  for (std::size_t k = 0; k < q.size(); ++k) {
    const oracle_component& c = q[k];
    if (prior == weight_prior::dirichlet) {
      result(static_cast<Eigen::Index>(k)) = digamma(c.first) - digamma(sum);
    } else {
      result(static_cast<Eigen::Index>(k)) = digamma(c.first) - digamma(c.first + c.second) + left;
      left += digamma(c.second) - digamma(c.first + c.second);
    }
  }
  return result;
}

/// E[log det Lambda] (10.65).
long double log_determinant(const oracle_component& c) {
  const Eigen::Index n = c.mean.size();
  long double sum = static_cast<long double>(n) * std::log(2.0L) + std::log(c.w.determinant());
  for (Eigen::Index i = 0; i < n; ++i) {
    sum += digamma((c.degrees_of_freedom - static_cast<long double>(i)) / 2);
  }
  return sum;
}

/// (10.46), [rows x k].
long_matrix log_rho(const long_matrix& x, const oracle_posterior& q, weight_prior prior) {
  const long_vector weights = log_weights(q, prior);
  const auto n = static_cast<long double>(x.cols());
  long_matrix result(x.rows(), weights.size());
  for (Eigen::Index k = 0; k < weights.size(); ++k) {
    const oracle_component& c = q[static_cast<std::size_t>(k)];
    const long_matrix d = x.rowwise() - c.mean.transpose();
    const long_vector distances = (d * c.w).cwiseProduct(d).rowwise().sum();
    result.col(k) = weights(k) + log_determinant(c) / 2 - n / 2 * log_2_pi -
                    (n / c.mean_precision + c.degrees_of_freedom * distances.array()) / 2;
  }
  return result;
}

/// log B(W, nu) (B.79).
long double log_wishart_norm(const long_matrix& w, long double degrees_of_freedom) {
  const auto n = static_cast<long double>(w.rows());
  long double sum = -degrees_of_freedom / 2 * std::log(w.determinant()) - degrees_of_freedom * n / 2 * std::log(2.0L) -
                    n * (n - 1) / 4 * std::log(std::acos(-1.0L));
  for (Eigen::Index i = 0; i < w.rows(); ++i) {
    sum -= std::lgamma((degrees_of_freedom - static_cast<long double>(i)) / 2);
  }
  return sum;
}

/// E[log p(pi)] - E[log q(pi)], (10.73) less (10.76), or of sticks.
long double weight_terms(const oracle_posterior& q, const oracle_prior& p) {
  long double sum = 0;
  if (p.weights == weight_prior::dirichlet_process) {
    for (const oracle_component& c : q) {
      const long double all = digamma(c.first + c.second);
      const long double log_beta = std::lgamma(c.first) + std::lgamma(c.second) - std::lgamma(c.first + c.second);
      sum += std::log(p.concentration) + (p.concentration - 1) * (digamma(c.second) - all) -
             ((c.first - 1) * (digamma(c.first) - all) + (c.second - 1) * (digamma(c.second) - all) - log_beta);
    }
    return sum;
  }
  const long_vector logs = log_weights(q, p.weights);
  long double total = 0;
  for (std::size_t k = 0; k < q.size(); ++k) {
    total += q[k].first;
    sum += (p.concentration - q[k].first) * logs(static_cast<Eigen::Index>(k)) - std::lgamma(p.concentration) +
           std::lgamma(q[k].first);
  }
  return sum + std::lgamma(p.concentration * static_cast<long double>(q.size())) - std::lgamma(total);
}

/// E[log p(mu, Lambda)] - E[log q(mu, Lambda)] of a component, (10.74) less (10.77).
long double component_terms(const oracle_component& c, const oracle_prior& p) {
  const auto n = static_cast<long double>(c.mean.size());
  const long_vector d = c.mean - p.mean;
  const long_matrix w0 = p.covariance.inverse();
  const long double log_lambda = log_determinant(c);
  const long double log_p =
      (n * std::log(p.mean_precision) - n * log_2_pi + log_lambda - n * p.mean_precision / c.mean_precision -
       p.mean_precision * c.degrees_of_freedom * d.dot(c.w * d)) /
          2 +
      log_wishart_norm(w0, p.degrees_of_freedom) + (p.degrees_of_freedom - n - 1) / 2 * log_lambda -
      c.degrees_of_freedom * (p.covariance * c.w).trace() / 2;
  const long double entropy = -log_wishart_norm(c.w, c.degrees_of_freedom) -
                              (c.degrees_of_freedom - n - 1) / 2 * log_lambda + c.degrees_of_freedom * n / 2;
  return log_p - (log_lambda / 2 + n / 2 * (std::log(c.mean_precision) - log_2_pi) - n / 2 - entropy);
}

/// The bound (10.70), term by term, for the shares of an E-step.
long double lower_bound(const long_matrix& x, const long_matrix& shares, const long_vector& row_weights,
                        const oracle_posterior& q, const oracle_prior& p) {
  const auto n = static_cast<long double>(x.cols());
  const long_vector logs = log_weights(q, p.weights);
  const long_matrix weighted = row_weights.asDiagonal() * shares;
  long double bound = weight_terms(q, p);
  for (Eigen::Index k = 0; k < shares.cols(); ++k) {
    const oracle_component& c = q[static_cast<std::size_t>(k)];
    const oracle_moments s(x, weighted.col(k));
    const long_vector d = s.mean - c.mean;
    bound += component_terms(c, p);
    bound += s.count / 2 *
             (log_determinant(c) - n / c.mean_precision - c.degrees_of_freedom * (s.covariance * c.w).trace() -
              c.degrees_of_freedom * d.dot(c.w * d) - n * log_2_pi);                       // (10.71)
    bound += s.count * logs(k);                                                            // (10.72)
    bound -= (weighted.col(k).array() * shares.col(k).array().max(1e-4000L).log()).sum();  // (10.75)
  }
  return bound;
}

/// A problem for the library and for the oracle.
template <class T>
struct oracle_case {
  oracle_case(const context& ctx, std::int64_t n_cols, covariance_type t, weight_prior weight, bool has_weights)
      : x(blobs(ctx, 400, n_cols, 3)),
        wide(x.widened()),
        shares(overlapping_shares(400, 3)),
        type(t),
        row_weights(400, has_weights ? 0 : 1) {
    for (std::size_t i = 0; has_weights && i < row_weights.size(); ++i) {
      row_weights[i] = 0.5 * static_cast<double>(i % 5);
    }
    const long_matrix rows = long_rows(wide);
    const long_vector weights = long_row_weights();
    const oracle_moments all(rows, weights);
    const auto n = static_cast<double>(n_cols);
    prior = {weight, 0.375, 1.5, n + 1.25, all.mean, of_type(all.covariance * all.count / (all.count - 1), type)};
    options = options_of(type, weight, 3, 1);
    options.weight_concentration_prior = 0.375;
    options.mean_precision_prior = 1.5;
    options.degrees_of_freedom_prior = n + 1.25;
    options.fit.responsibilities_init = shares.view();
    if (has_weights) {
      options.fit.sample_weights = row_weights;
    }
  }

  long_vector long_row_weights() const {
    return Eigen::Map<const Eigen::VectorXd>(row_weights.data(), std::ssize(row_weights)).cast<long double>();
  }

  rows_of<T> x;
  matrix wide;
  matrix shares;
  covariance_type type;
  std::vector<double> row_weights;
  oracle_prior prior;
  bayesian_gmm_options options;
};

void expect_near(const bayesian_gmm_model& found, const oracle_posterior& q, covariance_type type, double tolerance) {
  const auto n = static_cast<std::size_t>(found.mixture.n_cols);
  for (std::size_t k = 0; k < q.size(); ++k) {
    const oracle_component& c = q[k];
    const long_matrix covariance = (c.w * c.degrees_of_freedom).inverse();
    const long_vector sd = covariance.diagonal().cwiseSqrt();
    const long_matrix errors = whole_covariance(found.mixture.covariances, type, k, n) - covariance;
    EXPECT_LE((sd.cwiseInverse().asDiagonal() * errors * sd.cwiseInverse().asDiagonal()).cwiseAbs().maxCoeff(),
              tolerance)
        << "covariance of component " << k;
    for (std::size_t a = 0; a < n; ++a) {
      const auto i = static_cast<Eigen::Index>(a);
      EXPECT_NEAR(found.mixture.means[k * n + a], static_cast<double>(c.mean(i)),
                  tolerance * static_cast<double>(sd(i)))
          << "mean of component " << k;
    }
    const auto near = [&](double value, long double expected) {
      EXPECT_NEAR(value, static_cast<double>(expected), tolerance * static_cast<double>(expected)) << "component " << k;
    };
    near(found.mean_precision[k], c.mean_precision);
    near(found.degrees_of_freedom[k], c.degrees_of_freedom);
    near(found.weight_concentration[k], c.first);
    if (found.prior == weight_prior::dirichlet_process) {
      near(found.weight_concentration[q.size() + k], c.second);
    }
  }
}

void expect_mean_weights(const bayesian_gmm_model& found, const oracle_posterior& q, double tolerance) {
  std::vector<long double> expected;
  long double left = 1;
  long double sum = 0;
  for (const oracle_component& c : q) {
    const bool is_process = found.prior == weight_prior::dirichlet_process;
    expected.push_back(is_process ? left * c.first / (c.first + c.second) : c.first);
    left *= c.second / (c.first + c.second);
    sum += expected.back();
  }
  for (std::size_t k = 0; k < q.size(); ++k) {
    EXPECT_NEAR(found.mixture.weights[k], static_cast<double>(expected[k] / sum), tolerance) << "weight " << k;
  }
}

/// One iteration from given shares: parameters, and the bounds before and after it.
template <class T>
void expect_oracle(const context& ctx, const oracle_case<T>& c, double tolerance) {
  const long_matrix x = long_rows(c.wide);
  const long_vector row_weights = c.long_row_weights();
  const bayesian_gmm_model found = bayesian_gmm_fit(ctx, c.x.view(), c.options);
  ASSERT_EQ(found.mixture.trace.size(), 2u);
  oracle_posterior q = maximised(x, row_weights.asDiagonal() * long_rows(c.shares), c.prior, c.type);
  for (std::size_t i = 0; i < 2; ++i) {
    const long_matrix log_p = log_rho(x, q, c.prior.weights);
    const long_matrix shares = (log_p.colwise() - row_log_likelihoods(log_p)).array().exp();
    const auto bound = static_cast<double>(lower_bound(x, shares, row_weights, q, c.prior) / row_weights.sum());
    EXPECT_NEAR(found.mixture.trace[i], bound, tolerance * std::abs(bound)) << "bound " << i;
    if (i == 0) {
      q = maximised(x, row_weights.asDiagonal() * shares, c.prior, c.type);
    }
  }
  expect_near(found, q, c.type, tolerance);
  expect_mean_weights(found, q, tolerance);
}

using bayesian_gmm_oracle = backend_test;
SAMEBITS_ON_EVERY_BACKEND(bayesian_gmm_oracle);

TEST_P(bayesian_gmm_oracle, gives_the_same_iteration_and_bound) {
  for (const std::int64_t n_cols : {1, 2, 3, 7, 8, 9, 16}) {
    for_all_kinds([&](covariance_type type, weight_prior prior) {
      SCOPED_TRACE(std::to_string(n_cols) + " columns");
      expect_oracle(ctx(), oracle_case<double>(ctx(), n_cols, type, prior, false), 2e-14);
    });
  }
}

TEST_P(bayesian_gmm_oracle, gives_the_same_iteration_and_bound_for_weighted_rows) {
  for_all_kinds([&](covariance_type type, weight_prior prior) {
    expect_oracle(ctx(), oracle_case<double>(ctx(), 3, type, prior, true), 2e-14);
  });
}

TEST_P(bayesian_gmm_oracle, gives_the_same_iteration_and_bound_for_float_rows) {
  for (const std::int64_t n_cols : {2, 9}) {
    for_all_kinds([&](covariance_type type, weight_prior prior) {
      SCOPED_TRACE(std::to_string(n_cols) + " columns");
      expect_oracle(ctx(), oracle_case<float>(ctx(), n_cols, type, prior, true), 1e-4);
    });
  }
}

/// log p(x) of one component with its prior, in closed form: K. P. Murphy, "Conjugate Bayesian analysis of the Gaussian
/// distribution" (2007), section 9.
long double log_evidence(const long_matrix& x, const oracle_prior& p) {
  const oracle_posterior q = maximised(x, long_matrix::Ones(x.rows(), 1), p, covariance_type::full);
  const auto n = static_cast<long double>(x.cols());
  return log_wishart_norm(p.covariance.inverse(), p.degrees_of_freedom) -
         log_wishart_norm(q[0].w, q[0].degrees_of_freedom) +
         n / 2 * (std::log(p.mean_precision / q[0].mean_precision) - static_cast<long double>(x.rows()) * log_2_pi);
}

TEST_P(bayesian_gmm_oracle, the_bound_of_one_component_is_the_logarithm_of_the_evidence) {
  for (const std::int64_t n_cols : {1, 2, 5}) {
    const oracle_case<double> c(ctx(), n_cols, covariance_type::full, weight_prior::dirichlet, false);
    bayesian_gmm_options o = c.options;
    o.fit.n_components = 1;
    o.fit.responsibilities_init = {};

    const bayesian_gmm_model found = bayesian_gmm_fit(ctx(), c.x.view(), o);

    const auto expected = static_cast<double>(log_evidence(long_rows(c.wide), c.prior) / 400);
    EXPECT_NEAR(found.mixture.log_likelihood, expected, 1e-13 * std::abs(expected)) << n_cols;
  }
}

// ---- scikit-learn ------------------------------------------------------------------------------------------------

using bayesian_gmm_reference = backend_test;
SAMEBITS_ON_EVERY_BACKEND(bayesian_gmm_reference);

/// Options of bayesian_gmm.json, and what their arrays lie in.
struct reference_options {
  explicit reference_options(const nlohmann::json& given)
      : mean(given["mean_prior"].get<std::vector<double>>()),
        covariance(std::ssize(mean), std::ssize(mean)),
        variances(1, std::ssize(mean)),
        numbers(given) {
    for (std::size_t a = 0; a < mean.size(); ++a) {
      const auto row = given["covariance_prior"][a].get<std::vector<double>>();
      std::copy(row.begin(), row.end(), covariance.values.begin() + std::ssize(mean) * static_cast<std::ptrdiff_t>(a));
      variances.values[a] = row[a];
    }
  }

  void set(bayesian_gmm_options& o) const {
    o.fit.reg_covar = numbers["reg_covar"];
    o.weight_concentration_prior = numbers["weight_concentration_prior"];
    o.mean_precision_prior = numbers["mean_precision_prior"];
    o.mean_prior = mean;
    o.degrees_of_freedom_prior = numbers["degrees_of_freedom_prior"];
    o.covariance_prior = o.fit.covariance == covariance_type::full ? covariance.view() : variances.view();
  }

  std::vector<double> mean;
  matrix covariance;
  matrix variances;
  nlohmann::json numbers;
};

void expect_all_near(std::span<const double> found, const nlohmann::json& expected, const char* what) {
  ASSERT_EQ(found.size(), expected.size()) << what;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double value = expected[i];
    EXPECT_NEAR(found[i], value, 1e-8 * (1 + std::abs(value))) << what << ", element " << i;
  }
}

TEST_P(bayesian_gmm_reference, fits_are_those_of_scikit_learn) {
  const nlohmann::json file = nlohmann::json::parse(read_file(data_file("bayesian_gmm.json")));
  const reference_options given(file["options"]);
  for (const nlohmann::json& fit : file["fits"]) {
    const covariance_type type = covariance_type_named(fit["covariance"].get<std::string>());
    const weight_prior prior = fit["prior"] == "dirichlet_process" ? process : dirichlet;
    const matrix x = read_matrix(fit["dataset"].get<std::string>() + ".csv");
    const matrix shares = sliced_shares(x, fit["n_components"]);
    bayesian_gmm_options o = options_of(type, prior, fit["n_components"], fit["n_iter"]);
    o.fit.responsibilities_init = shares.view();
    if (fit["has_options"]) {
      given.set(o);
    }
    SCOPED_TRACE(fit["dataset"].get<std::string>() + ", " + fit["covariance"].get<std::string>() + ", " +
                 fit["prior"].get<std::string>() + ", " + std::to_string(o.fit.max_iter) + " iterations");

    const bayesian_gmm_model found = bayesian_gmm_fit(ctx(), x.view(), o);

    expect_all_near(found.mixture.weights, fit["weights"], "weights");
    expect_all_near(found.mixture.means, fit["means"], "means");
    expect_all_near(found.mixture.covariances, fit["covariances"], "covariances");
    expect_all_near(found.mean_precision, fit["mean_precision"], "mean_precision");
    expect_all_near(found.degrees_of_freedom, fit["degrees_of_freedom"], "degrees_of_freedom");
    expect_all_near(found.weight_concentration, fit["weight_concentration"], "weight_concentration");
  }
}

// ---- behaviour ---------------------------------------------------------------------------------------------------

using bayesian_gmm = backend_test;
SAMEBITS_ON_EVERY_BACKEND(bayesian_gmm);

TEST_P(bayesian_gmm, the_bound_never_falls) {
  for (const char* name : {"faithful.csv", "iris.csv"}) {
    const matrix x = read_matrix(name);
    for_all_kinds([&](covariance_type type, weight_prior prior) {
      for (const gmm_init init : {gmm_init::kmeans, gmm_init::random_responsibilities}) {
        bayesian_gmm_options o = options_of(type, prior, 6, 200);
        o.fit.init = init;

        const std::vector<double> trace = bayesian_gmm_fit(ctx(), x.view(), o).mixture.trace;

        for (std::size_t i = 1; i < trace.size(); ++i) {
          EXPECT_GE(trace[i], trace[i - 1] - 1e-13 * std::abs(trace[i])) << name << ", iteration " << i;
        }
      }
    });
  }
}

TEST_P(bayesian_gmm, the_result_is_that_of_the_last_iteration) {
  const matrix x = read_matrix("faithful.csv");
  bayesian_gmm_options o = options_of(full, process, 3, 500);
  o.fit.tol = 1e-9;
  std::vector<double> seen;
  std::vector<double> means;
  o.fit.callback = [&](const gmm_iteration& i) {
    EXPECT_EQ(i.iteration, std::ssize(seen));
    seen.push_back(i.log_likelihood);
    means.assign(i.means.begin(), i.means.end());
    return true;
  };

  const bayesian_gmm_model model = bayesian_gmm_fit(ctx(), x.view(), o);

  EXPECT_TRUE(model.mixture.converged);
  EXPECT_EQ(model.mixture.trace, seen);
  EXPECT_EQ(model.mixture.means, means);
  EXPECT_EQ(model.mixture.log_likelihood, seen.back());
  EXPECT_EQ(model.mixture.n_iter, std::ssize(seen) - 1);
  EXPECT_LE(seen.back() - seen[seen.size() - 2], 1e-9);
}

/// Components with more than two rows' weight: a stick without rows keeps the weight of about one.
std::int64_t n_alive(const bayesian_gmm_model& model, std::int64_t n_rows) {
  return std::count_if(model.mixture.weights.begin(), model.mixture.weights.end(),
                       [&](double weight) { return weight * static_cast<double>(n_rows) > 2; });
}

TEST_P(bayesian_gmm, a_small_concentration_empties_components) {
  const matrix x = read_matrix("faithful.csv");
  for (const weight_prior prior : priors) {
    bayesian_gmm_options o = options_of(full, prior, 6, 300);
    o.weight_concentration_prior = 1e-3;

    EXPECT_EQ(n_alive(bayesian_gmm_fit(ctx(), x.view(), o), x.n_rows), 2) << name_of(prior);
  }
}

TEST_P(bayesian_gmm, a_large_dirichlet_concentration_keeps_all_components) {
  const matrix x = read_matrix("faithful.csv");
  bayesian_gmm_options o = options_of(full, dirichlet, 6, 300);
  o.weight_concentration_prior = 1e3;

  EXPECT_EQ(n_alive(bayesian_gmm_fit(ctx(), x.view(), o), x.n_rows), 6);
}

TEST_P(bayesian_gmm, a_huge_dirichlet_concentration_makes_weights_equal) {
  bayesian_gmm_options o = options_of(diag, dirichlet, 4, 5);
  o.weight_concentration_prior = 1e12;

  for (const double weight : bayesian_gmm_fit(ctx(), read_matrix("iris.csv").view(), o).mixture.weights) {
    EXPECT_NEAR(weight, 0.25, 1e-9);
  }
}

TEST_P(bayesian_gmm, a_component_without_rows_is_the_prior) {
  const matrix x = blobs(ctx(), 100, 2, 2);
  matrix shares(100, 3);
  for (std::int64_t i = 0; i < 100; ++i) {
    shares(i, 2 * (i % 2)) = 1;
  }
  const std::vector<double> mean = {1e9, -1e9};  // no row comes back to it
  const matrix covariance(2, 2, {2, 0.5, 0.5, 1});
  for_all_kinds([&](covariance_type type, weight_prior prior) {
    bayesian_gmm_options o = options_of(type, prior, 3, 1);
    o.fit.responsibilities_init = shares.view();
    o.mean_precision_prior = 1e-6;
    o.mean_prior = mean;
    o.degrees_of_freedom_prior = 4;
    const matrix variances(1, 2, {2, 1});
    o.covariance_prior = type == full ? covariance.view() : variances.view();

    const bayesian_gmm_model m = bayesian_gmm_fit(ctx(), x.view(), o);

    EXPECT_EQ(std::vector(m.mixture.means.begin() + 2, m.mixture.means.begin() + 4), mean);
    EXPECT_EQ(m.mean_precision[1], 1e-6);
    EXPECT_EQ(m.degrees_of_freedom[1], 4);
    const std::vector<double>& covariances = m.mixture.covariances;
    EXPECT_EQ(type == full ? std::vector(covariances.begin() + 4, covariances.begin() + 8)
                           : std::vector(covariances.begin() + 2, covariances.begin() + 4),
              (type == full ? std::vector<double>{0.5, 0.125, 0.125, 0.25} : std::vector<double>{0.5, 0.25}));
  });
}

TEST_P(bayesian_gmm, repeated_rows_need_no_regularisation_with_a_prior_of_their_scale) {
  const matrix x(6, 2, {1, 2, 1, 2, 1, 2, 4, 0, 4, 0, 4, 0});
  const matrix covariance(2, 2, {1, 0, 0, 1});
  for_all_kinds([&](covariance_type type, weight_prior prior) {
    matrix shares = sliced_shares(x, 6);
    bayesian_gmm_options o = options_of(type, prior, 6, 50);
    o.fit.responsibilities_init = shares.view();
    o.fit.reg_covar = 1e-6;  // the covariance of all rows is singular
    o.degrees_of_freedom_prior = 1 + 1e-3;
    const matrix variances(1, 2, {1, 1});
    o.covariance_prior = type == full ? covariance.view() : variances.view();

    const bayesian_gmm_model m = bayesian_gmm_fit(ctx(), x.view(), o);

    for (const double value : m.mixture.covariances) {
      EXPECT_TRUE(std::isfinite(value));
    }
    EXPECT_NEAR(std::accumulate(m.mixture.weights.begin(), m.mixture.weights.end(), 0.0), 1, 1e-14);
  });
}

TEST_P(bayesian_gmm, data_far_from_the_origin_give_the_same_fit) {
  const matrix x = read_matrix("faithful.csv");
  matrix far = x;
  for (double& value : far.values) {
    value += 1e8;
  }
  for_all_kinds([&](covariance_type type, weight_prior prior) {
    bayesian_gmm_options o = options_of(type, prior, 3, 20);
    const matrix shares = sliced_shares(x, 3);
    o.fit.responsibilities_init = shares.view();

    const bayesian_gmm_model near = bayesian_gmm_fit(ctx(), x.view(), o);
    const bayesian_gmm_model shifted = bayesian_gmm_fit(ctx(), far.view(), o);

    // The shift rounds the rows to 1.5e-8.
    EXPECT_NEAR(shifted.mixture.log_likelihood, near.mixture.log_likelihood, 1e-6);
    for (std::size_t i = 0; i < near.mixture.means.size(); ++i) {
      EXPECT_NEAR(shifted.mixture.means[i] - 1e8, near.mixture.means[i], 1e-5) << i;
    }
  });
}

TEST_P(bayesian_gmm, rows_of_weight_2_are_rows_given_twice) {
  const matrix x = blobs(ctx(), 120, 2, 2);
  matrix twice = x;
  twice.n_rows = 240;
  twice.values.insert(twice.values.end(), x.values.begin(), x.values.end());
  const std::vector<double> weights(120, 2.0);
  const matrix means(3, 2, {x(0, 0), x(0, 1), x(1, 0), x(1, 1), x(2, 0), x(2, 1)});
  for_all_kinds([&](covariance_type type, weight_prior prior) {
    bayesian_gmm_options o = options_of(type, prior, 3, 10);
    o.fit.means_init = means.view();
    const bayesian_gmm_model expected = bayesian_gmm_fit(ctx(), twice.view(), o);
    o.fit.sample_weights = weights;

    const bayesian_gmm_model found = bayesian_gmm_fit(ctx(), x.view(), o);

    EXPECT_NEAR(found.mixture.log_likelihood, expected.mixture.log_likelihood, 1e-12);
    for (std::size_t k = 0; k < 3; ++k) {
      EXPECT_NEAR(found.mean_precision[k], expected.mean_precision[k], 1e-9);
      EXPECT_NEAR(found.mixture.weights[k], expected.mixture.weights[k], 1e-11);
    }
  });
}

TEST_P(bayesian_gmm, every_start_and_restarts_work) {
  const matrix x = read_matrix("faithful.csv");
  for (const gmm_init init :
       {gmm_init::kmeans_plus_plus, gmm_init::kmeans, gmm_init::random_rows, gmm_init::random_responsibilities}) {
    bayesian_gmm_options o = options_of(full, process, 4, 3);
    o.fit.init = init;
    std::vector<double> bounds;
    for (o.fit.n_init = 1; o.fit.n_init <= 4; ++o.fit.n_init) {
      const gmm_model m = bayesian_gmm_fit(ctx(), x.view(), o).mixture;
      EXPECT_LT(m.restart, o.fit.n_init);
      EXPECT_EQ(m.trace.size(), 4u);
      bounds.push_back(m.log_likelihood);
    }
    EXPECT_TRUE(std::is_sorted(bounds.begin(), bounds.end())) << name_of(init);
  }
}

TEST_P(bayesian_gmm, a_callback_can_stop_it) {
  bayesian_gmm_options o = options_of(diag, dirichlet, 2, 50);
  o.fit.callback = [](const gmm_iteration& i) { return i.iteration < 2; };

  EXPECT_EQ(error_of<interrupted>([&] { bayesian_gmm_fit(ctx(), blobs(ctx(), 50, 2, 2).view(), o); }),
            "bayesian_gmm_fit: stopped by the callback at iteration 2 of restart 0");
}

// ---- errors ------------------------------------------------------------------------------------------------------

using bayesian_gmm_errors = backend_test;
SAMEBITS_ON_EVERY_BACKEND(bayesian_gmm_errors);

TEST_P(bayesian_gmm_errors, name_the_function_the_option_and_its_value) {
  const matrix x = blobs(ctx(), 20, 2, 2);
  const std::vector<double> three = {1, 2, 3};
  const std::vector<double> halves = {0.5, 0.5};
  const std::vector<double> not_finite = {1, std::numeric_limits<double>::quiet_NaN()};
  const std::vector<double> huge = {-1e200, 0};
  const std::vector<std::uint8_t> frozen = {1, 0};
  const matrix lopsided(2, 2, {1, 0.5, 0.25, 1});
  const matrix indefinite(2, 2, {1, 2, 2, 1});
  const matrix row(1, 2, {1, 0});
  const gmm_model model;
  const auto message = [&](const auto& change) {
    bayesian_gmm_options o = options_of(full, process, 2, 5);
    change(o);
    return error_of<invalid_argument>([&] { bayesian_gmm_fit(ctx(), x.view(), o); });
  };
  const auto expect = [&](const std::string& text, const auto& change) {
    EXPECT_EQ(message(change), "bayesian_gmm_fit: " + text);
  };

  expect("covariance is tied but must be full or diag", [](auto& o) { o.fit.covariance = covariance_type::tied; });
  expect("covariance is 77 but must be 0 to 5", [](auto& o) { o.fit.covariance = static_cast<covariance_type>(77); });
  expect("weights_init is given but is no option of this fit", [&](auto& o) { o.fit.weights_init = halves; });
  expect("covariances_init is given but is no option of this fit",
         [&](auto& o) { o.fit.covariances_init = lopsided.view(); });
  expect("precisions_init is given but is no option of this fit",
         [&](auto& o) { o.fit.precisions_init = lopsided.view(); });
  expect("warm_start is given but is no option of this fit", [&](auto& o) { o.fit.warm_start = &model; });
  expect("frozen_weights is given but is no option of this fit", [&](auto& o) { o.fit.frozen_weights = frozen; });
  expect("frozen_means is given but is no option of this fit", [&](auto& o) { o.fit.frozen_means = frozen; });
  expect("frozen_covariances is given but is no option of this fit",
         [&](auto& o) { o.fit.frozen_covariances = frozen; });
  expect("n_components is 0 but must be at least 1", [](auto& o) { o.fit.n_components = 0; });
  expect("prior is 7 but must be 0 or 1", [](auto& o) { o.prior = static_cast<weight_prior>(7); });
  EXPECT_TRUE(contains(message([](auto& o) { o.weight_concentration_prior = -1; }),
                       "bayesian_gmm_fit: weight_concentration_prior is -1 but must be positive"));
  EXPECT_TRUE(contains(message([](auto& o) { o.mean_precision_prior = 0; }),
                       "bayesian_gmm_fit: mean_precision_prior is 0 but must be positive"));
  expect("mean_prior is 1 x 3 but must be 1 x 2", [&](auto& o) { o.mean_prior = three; });
  expect("mean_prior is -1e+200 at column 0 (counted from 0) but must be at most 3.273390607896142e+150 in magnitude",
         [&](auto& o) { o.mean_prior = huge; });
  expect("mean_prior is nan at row 0, column 1 (counted from 0) but must be finite",
         [&](auto& o) { o.mean_prior = not_finite; });
  expect("degrees_of_freedom_prior is 1 but must be finite and above 1, the number of columns less 1",
         [](auto& o) { o.degrees_of_freedom_prior = 1; });
  expect("covariance_prior is 1 x 2 but must be 2 x 2", [&](auto& o) { o.covariance_prior = row.view(); });
  expect("covariance_prior is not symmetric: row 1, column 0 is 0.25 but its mirror is 0.5",
         [&](auto& o) { o.covariance_prior = lopsided.view(); });
  expect("covariance_prior is not positive definite at column 1 (counted from 0)",
         [&](auto& o) { o.covariance_prior = indefinite.view(); });
  expect("covariance_prior is not positive definite at column 1 (counted from 0)", [&](auto& o) {
    o.fit.covariance = diag;
    o.covariance_prior = row.view();
  });
}

TEST_P(bayesian_gmm_errors, say_when_rows_are_too_few_for_a_covariance) {
  const matrix x(1, 2, {1, 2});
  bayesian_gmm_options o = options_of(full, process, 1, 5);
  o.fit.reg_covar = 0;
  EXPECT_TRUE(contains(error_of<error>([&] { bayesian_gmm_fit(ctx(), x.view(), o); }), "bayesian_gmm_fit: "));

  const matrix two(2, 1, {1, 2});
  const std::vector<double> weights = {0.25, 0.25};
  o.fit.sample_weights = weights;
  EXPECT_EQ(error_of<invalid_argument>([&] { bayesian_gmm_fit(ctx(), two.view(), o); }),
            "bayesian_gmm_fit: sample_weights sums to 0.5, which has no covariance of a sample; covariance_prior must "
            "be given");
}

TEST_P(bayesian_gmm_errors, name_the_row_that_is_not_finite) {
  matrix x = blobs(ctx(), 20, 2, 2);
  x(3, 1) = std::numeric_limits<double>::infinity();

  EXPECT_EQ(error_of<invalid_argument>([&] { bayesian_gmm_fit(ctx(), x.view(), options_of(full, process, 2, 5)); }),
            "bayesian_gmm_fit: x is inf at row 3, column 1 (counted from 0) but must be finite");
}

}  // namespace
}  // namespace samebits::tests
