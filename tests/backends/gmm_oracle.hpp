// Expectation-maximisation once more, in long double and with Eigen: the oracle of the mixture tests.
#pragma once

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <cmath>
#include <vector>

#include "samebits/gmm.hpp"
#include "tests/support.hpp"

namespace samebits::tests {

using long_matrix = Eigen::Matrix<long double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using long_vector = Eigen::Matrix<long double, Eigen::Dynamic, 1>;

struct mixture {
  std::vector<long double> weights;
  std::vector<long_vector> means;
  std::vector<long_matrix> covariances;

  std::size_t size() const { return weights.size(); }
};

inline long_matrix long_rows(const matrix& x) {
  return Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(x.values.data(),
                                                                                                  x.n_rows, x.n_cols)
      .cast<long double>();
}

/// Mean and covariance of the rows, each counted with its share.
inline void add_weighted_component(const long_matrix& x, const long_vector& shares, mixture& m) {
  const long double sum = shares.sum();
  const long_vector mean = x.transpose() * shares / sum;
  const long_matrix centred = x.rowwise() - mean.transpose();
  m.weights.push_back(sum / static_cast<long double>(x.rows()));
  m.means.push_back(mean);
  m.covariances.push_back(centred.transpose() * shares.asDiagonal() * centred / sum);
}

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

/// The mixture after one iteration.
inline mixture em_step(const long_matrix& x, const mixture& m) {
  const long_matrix densities = log_densities(x, m);
  const long_matrix shares = (densities.colwise() - row_log_likelihoods(densities)).array().exp();
  mixture next;
  for (Eigen::Index k = 0; k < shares.cols(); ++k) {
    add_weighted_component(x, shares.col(k), next);
  }
  return next;
}

inline mixture mixture_of(std::span<const double> weights, std::span<const double> means,
                          std::span<const double> covariances) {
  const std::size_t k = weights.size();
  const std::size_t n = means.size() / k;
  const auto rows = [](std::span<const double> values, std::size_t n_rows, std::size_t n_cols) {
    return long_rows(matrix(static_cast<std::int64_t>(n_rows), static_cast<std::int64_t>(n_cols),
                            std::vector(values.begin(), values.end())));
  };
  mixture m;
  for (std::size_t i = 0; i < k; ++i) {
    m.weights.push_back(weights[i]);
    m.means.push_back(rows(means.subspan(i * n, n), n, 1));
    m.covariances.push_back(rows(covariances.subspan(i * n * n, n * n), n, n));
  }
  return m;
}

inline mixture mixture_of(const gmm_model& model) { return mixture_of(model.weights, model.means, model.covariances); }

/// A mixture in memory of its own, rounded to double, as the start of a fit.
struct gmm_start {
  explicit gmm_start(const mixture& m)
      : weights(m.weights.begin(), m.weights.end()),
        means(static_cast<std::int64_t>(m.size()), m.means.front().size()),
        covariances(means.n_rows * means.n_cols, means.n_cols) {
    for (std::int64_t k = 0; k < means.n_rows; ++k) {
      const auto i = static_cast<std::size_t>(k);
      for (std::int64_t a = 0; a < means.n_cols; ++a) {
        means(k, a) = static_cast<double>(m.means[i](a));
        for (std::int64_t b = 0; b < means.n_cols; ++b) {
          covariances(k * means.n_cols + a, b) = static_cast<double>(m.covariances[i](a, b));
        }
      }
    }
  }

  gmm_options options() const {
    gmm_options o;
    o.n_components = means.n_rows;
    o.weights_init = weights;
    o.means_init = means.view();
    o.covariances_init = covariances.view();
    return o;
  }

  std::vector<double> weights;
  matrix means;
  matrix covariances;
};

}  // namespace samebits::tests
