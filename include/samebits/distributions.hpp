// The distributions: their parameters, and what the library knows about each. docs/distributions.md has their
// definitions.
//
//   fill(ctx, dist::gamma{.shape = 2.5}, {seed, task}, 0, out);             // many samples, random.hpp
//   sequence<dist::gamma> waiting({.shape = 2.5}, {seed, task});            // one at a time, also in kernels,
//   sequence.hpp
#pragma once

#include <cstdint>
#include <span>

#include "samebits/core/samplers.hpp"
#include "samebits/export.hpp"
#include "samebits/samebits.h"

namespace samebits {

namespace dist {

namespace detail {

inline samebits_distribution describe(samebits_distribution_kind kind, double p0 = 0, double p1 = 0, double p2 = 0,
                                      double p3 = 0) {
  return {sizeof(samebits_distribution), kind, {p0, p1, p2, p3}, 0, nullptr, 0};
}
inline samebits_distribution describe_count(samebits_distribution_kind kind, std::uint64_t count, double p0 = 0,
                                            std::span<const double> values = {}) {
  return {sizeof(samebits_distribution),           kind, {p0, 0, 0, 0}, count, values.data(),
          static_cast<std::int64_t>(values.size())};
}

/// What a distribution's struct says about reading it as a sequence: the layout, the sampler, the usual type.
template <core::layout Layout, class Usual>
struct readable {
  static constexpr core::layout how = Layout;
  using usual_type = Usual;
};
template <class Usual = double>
using by_blocks = readable<core::layout::sixteen_bytes, Usual>;
template <class Usual = double>
using by_attempts = readable<core::layout::attempts, Usual>;

}  // namespace detail

// ---- words and uniforms -------------------------------------------------------------------------------------------

/// The stream's 32-bit words.
struct words {
  using reading = detail::by_blocks<std::uint32_t>;
  template <class T>
  SAMEBITS_HD core::word_sampler<T> sampler() const {
    return {};
  }
  operator samebits_distribution() const { return detail::describe(SAMEBITS_WORDS); }
};

/// Two words each, the earlier one in the low half.
struct words64 {
  using reading = detail::by_blocks<std::uint64_t>;
  template <class T>
  SAMEBITS_HD core::word_sampler<T> sampler() const {
    return {};
  }
  operator samebits_distribution() const { return detail::describe(SAMEBITS_WORDS64); }
};

/// [low, high), low <= high.
struct uniform {
  double low = 0;
  double high = 1;

  using reading = detail::by_blocks<>;
  template <class T>
  SAMEBITS_HD core::uniform_sampler<T> sampler() const {
    return {low, high};
  }
  operator samebits_distribution() const { return detail::describe(SAMEBITS_UNIFORM, low, high); }
};

/// (0, 1].
struct uniform_positive {
  using reading = detail::by_blocks<>;
  template <class T>
  SAMEBITS_HD core::uniform_positive_sampler<T> sampler() const {
    return {};
  }
  operator samebits_distribution() const { return detail::describe(SAMEBITS_UNIFORM_POSITIVE); }
};

/// (0, 1).
struct uniform_open {
  using reading = detail::by_blocks<>;
  template <class T>
  SAMEBITS_HD core::uniform_open_sampler<T> sampler() const {
    return {};
  }
  operator samebits_distribution() const { return detail::describe(SAMEBITS_UNIFORM_OPEN); }
};

/// (0, 1], the bits of cuRAND's curand_uniform (float) and curand_uniform2_double (double).
struct uniform_curand {
  using reading = detail::by_blocks<>;
  template <class T>
  SAMEBITS_HD core::uniform_curand_sampler<T> sampler() const {
    return {};
  }
  operator samebits_distribution() const { return detail::describe(SAMEBITS_UNIFORM_CURAND); }
};

/// Integers in [0, n), n >= 1.
struct integers {
  std::uint64_t n = 2;

  using reading = detail::readable<core::layout::eight_bytes, std::uint64_t>;
  template <class T>
  SAMEBITS_HD core::integers_sampler sampler() const {
    return {n};
  }
  operator samebits_distribution() const { return detail::describe_count(SAMEBITS_INTEGERS, n); }
};

// ---- continuous ---------------------------------------------------------------------------------------------------

/// Standard deviation sd >= 0.
struct normal {
  double mean = 0;
  double sd = 1;

  using reading = detail::by_blocks<>;
  template <class T>
  SAMEBITS_HD core::normal_sampler<T> sampler() const {
    return core::normal_sampler<T>(mean, sd);
  }
  operator samebits_distribution() const { return detail::describe(SAMEBITS_NORMAL, mean, sd); }
};

/// exp of a normal with this mean and standard deviation sd >= 0.
struct lognormal {
  double mean = 0;
  double sd = 1;

  using reading = detail::by_blocks<>;
  template <class T>
  SAMEBITS_HD core::lognormal_sampler<T> sampler() const {
    return core::lognormal_sampler<T>(mean, sd);
  }
  operator samebits_distribution() const { return detail::describe(SAMEBITS_LOGNORMAL, mean, sd); }
};

/// Mean scale >= 0.
struct exponential {
  double scale = 1;

  using reading = detail::by_blocks<>;
  template <class T>
  SAMEBITS_HD core::exponential_sampler<T> sampler() const {
    return core::exponential_sampler<T>(scale);
  }
  operator samebits_distribution() const { return detail::describe(SAMEBITS_EXPONENTIAL, scale); }
};

/// Mean shape scale; shape > 0, scale >= 0.
struct gamma {
  double shape = 1;
  double scale = 1;

  using reading = detail::by_attempts<>;
  template <class T>
  SAMEBITS_HD core::gamma_sampler sampler() const {
    return core::gamma_sampler(shape, scale);
  }
  operator samebits_distribution() const { return detail::describe(SAMEBITS_GAMMA, shape, scale); }
};

/// a, b > 0.
struct beta {
  double a = 1;
  double b = 1;

  using reading = detail::by_attempts<>;
  template <class T>
  SAMEBITS_HD core::beta_sampler sampler() const {
    return core::beta_sampler(a, b);
  }
  operator samebits_distribution() const { return detail::describe(SAMEBITS_BETA, a, b); }
};

/// df > 0.
struct chi_square {
  double df = 1;

  using reading = detail::by_attempts<>;
  template <class T>
  SAMEBITS_HD core::gamma_sampler sampler() const {
    return core::gamma_sampler(0.5 * df, 2.0);
  }
  operator samebits_distribution() const { return detail::describe(SAMEBITS_CHI_SQUARE, df); }
};

/// df > 0.
struct student_t {
  double df = 1;

  using reading = detail::by_attempts<>;
  template <class T>
  SAMEBITS_HD core::student_t_sampler sampler() const {
    return core::student_t_sampler(df);
  }
  operator samebits_distribution() const { return detail::describe(SAMEBITS_STUDENT_T, df); }
};

/// scale >= 0.
struct cauchy {
  double location = 0;
  double scale = 1;

  using reading = detail::by_blocks<>;
  template <class T>
  SAMEBITS_HD core::cauchy_sampler<T> sampler() const {
    return core::cauchy_sampler<T>(location, scale);
  }
  operator samebits_distribution() const { return detail::describe(SAMEBITS_CAUCHY, location, scale); }
};

/// scale >= 0.
struct laplace {
  double location = 0;
  double scale = 1;

  using reading = detail::by_blocks<>;
  template <class T>
  SAMEBITS_HD core::laplace_sampler<T> sampler() const {
    return core::laplace_sampler<T>(location, scale);
  }
  operator samebits_distribution() const { return detail::describe(SAMEBITS_LAPLACE, location, scale); }
};

/// scale >= 0.
struct logistic {
  double location = 0;
  double scale = 1;

  using reading = detail::by_blocks<>;
  template <class T>
  SAMEBITS_HD core::logistic_sampler<T> sampler() const {
    return core::logistic_sampler<T>(location, scale);
  }
  operator samebits_distribution() const { return detail::describe(SAMEBITS_LOGISTIC, location, scale); }
};

/// Of maxima; scale >= 0.
struct gumbel {
  double location = 0;
  double scale = 1;

  using reading = detail::by_blocks<>;
  template <class T>
  SAMEBITS_HD core::gumbel_sampler<T> sampler() const {
    return core::gumbel_sampler<T>(location, scale);
  }
  operator samebits_distribution() const { return detail::describe(SAMEBITS_GUMBEL, location, scale); }
};

/// shape > 0, scale >= 0.
struct weibull {
  double shape = 1;
  double scale = 1;

  using reading = detail::by_blocks<>;
  template <class T>
  SAMEBITS_HD core::weibull_sampler<T> sampler() const {
    return core::weibull_sampler<T>(shape, scale);
  }
  operator samebits_distribution() const { return detail::describe(SAMEBITS_WEIBULL, shape, scale); }
};

/// On [scale, infinity); shape > 0, scale >= 0.
struct pareto {
  double shape = 1;
  double scale = 1;

  using reading = detail::by_blocks<>;
  template <class T>
  SAMEBITS_HD core::pareto_sampler<T> sampler() const {
    return core::pareto_sampler<T>(shape, scale);
  }
  operator samebits_distribution() const { return detail::describe(SAMEBITS_PARETO, shape, scale); }
};

/// Angles in [-pi, pi]; mean in [-pi, pi], concentration >= 0.
struct von_mises {
  double mean = 0;
  double concentration = 1;

  using reading = detail::by_attempts<>;
  template <class T>
  SAMEBITS_HD core::von_mises_sampler sampler() const {
    return core::von_mises_sampler(mean, concentration);
  }
  operator samebits_distribution() const { return detail::describe(SAMEBITS_VON_MISES, mean, concentration); }
};

/// The normal (mean, sd) given that it lies in [low, high]; either bound may be infinite.
struct truncated_normal {
  double mean = 0;
  double sd = 1;
  double low = -core::math_constants<double>::infinity;
  double high = core::math_constants<double>::infinity;

  using reading = detail::by_attempts<>;
  template <class T>
  SAMEBITS_HD core::truncated_normal_sampler sampler() const {
    return core::truncated_normal_sampler(mean, sd, low, high);
  }
  operator samebits_distribution() const { return detail::describe(SAMEBITS_TRUNCATED_NORMAL, mean, sd, low, high); }
};

// ---- counts -------------------------------------------------------------------------------------------------------

/// 0 <= mean <= 2^50.
struct poisson {
  double mean = 1;

  using reading = detail::by_attempts<std::int64_t>;
  template <class T>
  SAMEBITS_HD core::poisson_sampler sampler() const {
    return core::poisson_sampler(mean);
  }
  operator samebits_distribution() const { return detail::describe(SAMEBITS_POISSON, mean); }
};

/// Failures before the given number of successes (any number > 0), each of probability p in (0, 1].
struct negative_binomial {
  double successes = 1;
  double p = 0.5;

  using reading = detail::by_attempts<std::int64_t>;
  template <class T>
  SAMEBITS_HD core::negative_binomial_sampler sampler() const {
    return core::negative_binomial_sampler(successes, p);
  }
  operator samebits_distribution() const { return detail::describe(SAMEBITS_NEGATIVE_BINOMIAL, successes, p); }
};

/// Failures before the first success; p in (0, 1]. At most 2^50.
struct geometric {
  double p = 0.5;

  using reading = detail::by_attempts<std::int64_t>;
  template <class T>
  SAMEBITS_HD core::geometric_sampler sampler() const {
    return core::geometric_sampler(p);
  }
  operator samebits_distribution() const { return detail::describe(SAMEBITS_GEOMETRIC, p); }
};

/// Successes in n trials, n <= 2^50, each of probability p in [0, 1].
struct binomial {
  std::int64_t n = 1;
  double p = 0.5;

  using reading = detail::by_attempts<std::int64_t>;
  template <class T>
  SAMEBITS_HD core::binomial_sampler sampler() const {
    return core::binomial_sampler(static_cast<double>(n), p);
  }
  operator samebits_distribution() const {
    return detail::describe_count(SAMEBITS_BINOMIAL, static_cast<std::uint64_t>(n), p);
  }
};

// ---- from tables: for fill() alone. What a span points at must live until the call returns ------------------------

/// Category j with probability weights[j] over their sum, by an alias table: two words decide.
struct categorical {
  std::span<const double> weights;
  operator samebits_distribution() const { return detail::describe_count(SAMEBITS_CATEGORICAL, 0, 0, weights); }
};

/// The same by cumulative weights: monotone in the uniform, so that similar weights give similar samples.
struct categorical_cumulative {
  std::span<const double> weights;
  operator samebits_distribution() const {
    return detail::describe_count(SAMEBITS_CATEGORICAL_CUMULATIVE, 0, 0, weights);
  }
};

/// A row of counts: n trials over the categories.
struct multinomial {
  std::int64_t n = 1;
  std::span<const double> weights;
  operator samebits_distribution() const {
    return detail::describe_count(SAMEBITS_MULTINOMIAL, static_cast<std::uint64_t>(n), 0, weights);
  }
};

/// A row of proportions.
struct dirichlet {
  std::span<const double> concentrations;
  operator samebits_distribution() const { return detail::describe_count(SAMEBITS_DIRICHLET, 0, 0, concentrations); }
};

/// A row: mean + factor z, z standard normal. The factor of covariance S is its Cholesky factor, S = factor factor^T.
struct multivariate_normal {
  std::int64_t n_cols = 1;
  std::span<const double> mean_and_factor;  ///< mean [n_cols], then factor [n_cols x n_cols], lower triangular
  operator samebits_distribution() const {
    return detail::describe_count(SAMEBITS_MULTIVARIATE_NORMAL, static_cast<std::uint64_t>(n_cols), 0, mean_and_factor);
  }
};

/// A row: a point on the unit sphere of n_cols dimensions.
struct sphere {
  std::int64_t n_cols = 3;
  operator samebits_distribution() const {
    return detail::describe_count(SAMEBITS_SPHERE, static_cast<std::uint64_t>(n_cols));
  }
};

/// A row: an n x n rotation matrix, row-major, from the uniform (Haar) distribution on SO(n); n <= 256.
struct rotation {
  std::int64_t n = 3;
  operator samebits_distribution() const {
    return detail::describe_count(SAMEBITS_ROTATION, static_cast<std::uint64_t>(n));
  }
};

}  // namespace dist

// ---- what the library knows about each ----------------------------------------------------------------------------

struct distribution_parameter {
  const char* name;
  double standard;  ///< the value of the standard member of the family
};

struct distribution_info {
  samebits_distribution_kind kind;
  const char* name;  ///< as in the namespace dist
  std::span<const distribution_parameter> parameters;
  const char* count;  ///< what the count means, or NULL
  std::uint64_t standard_count;
  const char* values;                      ///< what the values are, or NULL
  std::span<const samebits_dtype> dtypes;  ///< the types of its samples, the usual one first
};

/// All distributions, by kind.
SAMEBITS_API std::span<const distribution_info> list_distributions();

/// Numbers in a row of one sample. @throws invalid_argument as fill() does
SAMEBITS_API std::int64_t row_size(const samebits_distribution& distribution);

}  // namespace samebits
