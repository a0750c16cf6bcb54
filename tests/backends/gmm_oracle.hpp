// Expectation-maximisation once more, in long double and with Eigen: the oracle of the mixture tests.
//
// Covariances are whole matrices here, whatever their type, so that one E-step serves all types; what a type means is
// in shared_covariances alone. Rows are those that the library sees, float rows as rounded to float.
#pragma once

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <vector>

#include "samebits/gmm.hpp"
#include "tests/support.hpp"

namespace samebits::tests {

using long_matrix = Eigen::Matrix<long double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using long_vector = Eigen::Matrix<long double, Eigen::Dynamic, 1>;

struct mixture {
  std::vector<long double> weights;
  std::vector<long_vector> means;
  std::vector<long_matrix> covariances;  // n x n each

  std::size_t size() const { return weights.size(); }
};

inline long_matrix long_rows(const matrix& x) {
  return Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(x.values.data(),
                                                                                                  x.n_rows, x.n_cols)
      .cast<long double>();
}

/// Rows of type T, rounded from double.
template <class T>
struct rows_of {
  explicit rows_of(const matrix& x) : values(x.values.begin(), x.values.end()), n_rows(x.n_rows), n_cols(x.n_cols) {}

  matrix_view<const T> view() const { return {values.data(), n_rows, n_cols}; }
  /// The same numbers in double.
  matrix widened() const { return matrix(n_rows, n_cols, std::vector<double>(values.begin(), values.end())); }

  std::vector<T> values;
  std::int64_t n_rows;
  std::int64_t n_cols;
};

/// Mean and covariance of the rows, each counted with its share.
inline void add_weighted_component(const long_matrix& x, const long_vector& shares, mixture& m) {
  const long double sum = shares.sum();
  const long_vector mean = x.transpose() * shares / sum;
  const long_matrix centred = x.rowwise() - mean.transpose();
  m.weights.push_back(sum / static_cast<long double>(x.rows()));
  m.means.push_back(mean);
  m.covariances.push_back(centred.transpose() * shares.asDiagonal() * centred / sum);
}

// ---- E-step ------------------------------------------------------------------------------------------------------

/// log(weight_k) + log N(x_i; mean_k, covariance_k), [rows x k].
inline long_matrix log_densities(const long_matrix& x, const mixture& m) {
  const long double log_2_pi = std::log(2 * std::acos(-1.0L));
  long_matrix densities(x.rows(), static_cast<Eigen::Index>(m.size()));
  for (std::size_t k = 0; k < m.size(); ++k) {
    const Eigen::LLT<long_matrix> factor(m.covariances[k]);
    const long_matrix factor_l = factor.matrixL();
    const long_matrix centred = (x.rowwise() - m.means[k].transpose()).transpose();
    const long_matrix z = factor.matrixL().solve(centred);
    const long double constant = std::log(m.weights[k]) - static_cast<long double>(x.cols()) / 2 * log_2_pi -
                                 factor_l.diagonal().array().log().sum();
    densities.col(static_cast<Eigen::Index>(k)) = constant - z.colwise().squaredNorm().array() / 2;
  }
  return densities;
}

/// log sum_k exp(densities), [rows].
inline long_vector row_log_likelihoods(const long_matrix& densities) {
  const long_vector largest = densities.rowwise().maxCoeff();
  return largest.array() + (densities.colwise() - largest).array().exp().rowwise().sum().log();
}

/// Total log-likelihood of the rows, in nats.
inline long double log_likelihood(const long_matrix& x, const mixture& m) {
  return row_log_likelihoods(log_densities(x, m)).sum();
}

/// Mean log-likelihood of weighted rows.
inline long double mean_log_likelihood(const long_matrix& x, const mixture& m, const long_vector& row_weights) {
  return row_log_likelihoods(log_densities(x, m)).dot(row_weights) / row_weights.sum();
}

/// The probability of each component, given the row: [rows x k].
inline long_matrix responsibilities(const long_matrix& x, const mixture& m) {
  const long_matrix densities = log_densities(x, m);
  return (densities.colwise() - row_log_likelihoods(densities)).array().exp();
}

// ---- M-step ------------------------------------------------------------------------------------------------------

/// What decides about an M-step beside the responsibilities. Empty: no weights, nothing frozen.
struct em_rules {
  covariance_type type = covariance_type::full;
  std::vector<double> row_weights;
  std::vector<std::uint8_t> frozen_weights;
  std::vector<std::uint8_t> frozen_means;
  std::vector<std::uint8_t> frozen_covariances;
  double reg_covar = 0;
};

inline bool is_frozen(const std::vector<std::uint8_t>& frozen, std::size_t k) { return !frozen.empty() && frozen[k]; }

inline bool is_tied_type(covariance_type t) {
  return t == covariance_type::tied || t == covariance_type::tied_diag || t == covariance_type::tied_spherical;
}
inline bool is_diag_type(covariance_type t) { return t == covariance_type::diag || t == covariance_type::tied_diag; }
inline bool is_spherical_type(covariance_type t) {
  return t == covariance_type::spherical || t == covariance_type::tied_spherical;
}

/// The covariance of the type that is nearest in likelihood: the diagonal, or the mean of it.
inline long_matrix restricted(const long_matrix& covariance, covariance_type type) {
  if (is_diag_type(type)) {
    return covariance.diagonal().asDiagonal();
  }
  if (is_spherical_type(type)) {
    return long_matrix::Identity(covariance.rows(), covariance.cols()) * covariance.diagonal().mean();
  }
  return covariance;
}

/// What the covariances of the components become in a mixture of that type. Tied ones are the mean over all rows.
inline void restrict_covariances(std::vector<long_matrix>& covariances, const long_vector& sums, covariance_type type) {
  if (is_tied_type(type)) {
    long_matrix pool = long_matrix::Zero(covariances[0].rows(), covariances[0].cols());
    for (std::size_t k = 0; k < covariances.size(); ++k) {
      const long double share = sums(static_cast<Eigen::Index>(k)) / sums.sum();
      pool += share > 0 ? (share * covariances[k]).eval() : long_matrix::Zero(pool.rows(), pool.cols()).eval();
    }
    covariances.assign(covariances.size(), pool);
  }
  for (long_matrix& covariance : covariances) {
    covariance = restricted(covariance, type);
  }
}

/// The weights from the sums of the shares: free components divide what the frozen ones leave.
inline std::vector<long double> new_weights(const long_vector& sums, const std::vector<long double>& before,
                                            const std::vector<std::uint8_t>& frozen) {
  long double kept = 0;
  long double free_sum = 0;
  for (std::size_t k = 0; k < before.size(); ++k) {
    (is_frozen(frozen, k) ? kept : free_sum) += is_frozen(frozen, k) ? before[k] : sums(static_cast<Eigen::Index>(k));
  }
  std::vector<long double> weights = before;
  for (std::size_t k = 0; k < before.size(); ++k) {
    if (!is_frozen(frozen, k)) {
      weights[k] = sums(static_cast<Eigen::Index>(k)) / free_sum * (1 - kept);
    }
  }
  return weights;
}

/// The mixture that the shares [rows x k] make of `before`. A component without shares keeps its mean and covariance.
inline mixture maximised(const long_matrix& x, long_matrix shares, const mixture& before, const em_rules& rules) {
  for (Eigen::Index i = 0; i < x.rows() && !rules.row_weights.empty(); ++i) {
    shares.row(i) *= rules.row_weights[static_cast<std::size_t>(i)];
  }
  const long_vector sums = shares.colwise().sum().transpose();
  mixture next = before;
  next.weights = new_weights(sums, before.weights, rules.frozen_weights);
  for (std::size_t k = 0; k < before.size(); ++k) {
    const auto column = static_cast<Eigen::Index>(k);
    if (sums(column) > 0) {
      if (!is_frozen(rules.frozen_means, k)) {
        next.means[k] = x.transpose() * shares.col(column) / sums(column);
      }
      const long_matrix centred = x.rowwise() - next.means[k].transpose();
      next.covariances[k] = centred.transpose() * shares.col(column).asDiagonal() * centred / sums(column);
    }
  }
  restrict_covariances(next.covariances, sums, rules.type);
  for (std::size_t k = 0; k < before.size(); ++k) {
    const bool kept =
        is_frozen(rules.frozen_covariances, k) || (!is_tied_type(rules.type) && sums(Eigen::Index(k)) == 0);
    if (kept) {
      next.covariances[k] = before.covariances[k];
    } else {
      next.covariances[k].diagonal().array() += static_cast<long double>(rules.reg_covar);
    }
  }
  return next;
}

/// The mixture after one iteration.
inline mixture em_step(const long_matrix& x, const mixture& m, const em_rules& rules = {}) {
  return maximised(x, responsibilities(x, m), m, rules);
}

// ---- the library's models ----------------------------------------------------------------------------------------

/// Component k of covariances in the layout of covariances_shape, as a whole matrix.
inline long_matrix whole_covariance(std::span<const double> values, covariance_type type, std::size_t k,
                                    std::size_t n) {
  const std::size_t component = is_tied_type(type) ? 0 : k;
  const auto size = static_cast<Eigen::Index>(n);
  long_matrix covariance = long_matrix::Zero(size, size);
  for (std::size_t a = 0; a < n; ++a) {
    const auto i = static_cast<Eigen::Index>(a);
    if (is_spherical_type(type)) {
      covariance(i, i) = values[component];
    } else if (is_diag_type(type)) {
      covariance(i, i) = values[component * n + a];
    } else {
      for (std::size_t b = 0; b < n; ++b) {
        covariance(i, static_cast<Eigen::Index>(b)) = values[(component * n + a) * n + b];
      }
    }
  }
  return covariance;
}

inline mixture mixture_of(std::span<const double> weights, std::span<const double> means,
                          std::span<const double> covariances, covariance_type type = covariance_type::full) {
  const std::size_t k = weights.size();
  const std::size_t n = means.size() / k;
  mixture m;
  for (std::size_t i = 0; i < k; ++i) {
    m.weights.push_back(weights[i]);
    const std::span<const double> mean = means.subspan(i * n, n);
    m.means.push_back(Eigen::Map<const Eigen::VectorXd>(mean.data(), static_cast<Eigen::Index>(n)).cast<long double>());
    m.covariances.push_back(whole_covariance(covariances, type, i, n));
  }
  return m;
}

inline mixture mixture_of(const gmm_model& model) {
  return mixture_of(model.weights, model.means, model.covariances, model.covariance);
}

/// Covariances in the layout of covariances_shape, rounded to double.
inline matrix compact_covariances(const mixture& m, covariance_type type) {
  const Eigen::Index n = m.means.front().size();
  const bool whole = !is_diag_type(type) && !is_spherical_type(type);
  const auto n_kept = static_cast<std::int64_t>(is_tied_type(type) ? 1 : m.size());
  std::vector<double> values;
  for (std::int64_t k = 0; k < n_kept; ++k) {
    const long_matrix& covariance = m.covariances[static_cast<std::size_t>(k)];
    for (Eigen::Index a = 0; a < (is_spherical_type(type) ? 1 : n); ++a) {
      for (Eigen::Index b = whole ? 0 : a; b < (whole ? n : a + 1); ++b) {
        values.push_back(static_cast<double>(covariance(a, b)));
      }
    }
  }
  return matrix(whole ? n_kept * n : n_kept, is_spherical_type(type) ? 1 : n, std::move(values));
}

/// A mixture in memory of its own, rounded to double, as the start of a fit.
struct gmm_start {
  explicit gmm_start(const mixture& m, covariance_type t = covariance_type::full)
      : type(t),
        weights(m.weights.begin(), m.weights.end()),
        means(static_cast<std::int64_t>(m.size()), m.means.front().size()),
        covariances(compact_covariances(m, t)) {
    for (std::int64_t k = 0; k < means.n_rows; ++k) {
      for (std::int64_t a = 0; a < means.n_cols; ++a) {
        means(k, a) = static_cast<double>(m.means[static_cast<std::size_t>(k)](a));
      }
    }
  }

  gmm_options options() const {
    gmm_options o;
    o.n_components = means.n_rows;
    o.covariance = type;
    o.weights_init = weights;
    o.means_init = means.view();
    o.covariances_init = covariances.view();
    return o;
  }

  /// What the fit starts from, exactly.
  mixture rounded() const { return mixture_of(weights, means.values, covariances.values, type); }

  /// The same as a model.
  gmm_model model() const {
    gmm_model m;
    m.covariance = type;
    m.n_components = means.n_rows;
    m.n_cols = means.n_cols;
    m.weights = weights;
    m.means = means.values;
    m.covariances = covariances.values;
    return m;
  }

  covariance_type type;
  std::vector<double> weights;
  matrix means;
  matrix covariances;
};

/// A start whose components overlap, so that every row belongs to several, whatever the number of columns: means near
/// that of all rows, covariances somewhat smaller than theirs (tied types: equal to it), weights as 1 : 2 : ...
inline gmm_start spread_start(const long_matrix& x, std::int64_t n_components, covariance_type type) {
  mixture all;
  add_weighted_component(x, long_vector::Ones(x.rows()), all);
  const long double distance = 1 / std::sqrt(static_cast<long double>(x.cols()));
  mixture m;
  for (std::int64_t k = 0; k < n_components; ++k) {
    const auto share = static_cast<long double>(k + 1);
    const long_vector row = x.row(k * (x.rows() / n_components)).transpose();
    m.weights.push_back(2 * share / static_cast<long double>(n_components * (n_components + 1)));
    m.means.push_back(all.means[0] + (row - all.means[0]) * distance);
    m.covariances.push_back(restricted(all.covariances[0], type) / (is_tied_type(type) ? 1 : 1 + share / 8));
  }
  return gmm_start(m, type);
}

/// The start that em_fits.json describes: sort the rows by their first column, cut them into k slices, and take each
/// slice for a component.
inline gmm_start sliced_start(const matrix& x, std::int64_t n_components,
                              covariance_type type = covariance_type::full) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(x.n_rows));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) { return x(a, 0) < x(b, 0); });
  mixture m;
  long_vector sums(n_components);
  for (std::int64_t k = 0; k < n_components; ++k) {
    long_vector shares = long_vector::Zero(x.n_rows);
    for (std::int64_t i = k * x.n_rows / n_components; i < (k + 1) * x.n_rows / n_components; ++i) {
      shares(order[static_cast<std::size_t>(i)]) = 1;
    }
    add_weighted_component(long_rows(x), shares, m);
    sums(k) = shares.sum();
  }
  restrict_covariances(m.covariances, sums, type);
  return gmm_start(m, type);
}

}  // namespace samebits::tests
