// The laws of the distributions, from Boost.Math or, where it has none or is too slow, from their densities.
#pragma once

#include <boost/math/distributions.hpp>
#include <cmath>

#include "tests/statistics/distribution_checks.hpp"

namespace samebits::tests {

namespace bm = boost::math;

inline constexpr double infinity = std::numeric_limits<double>::infinity();
inline constexpr double pi = 0x1.921fb54442d18p1;

using quiet = bm::policies::policy<bm::policies::overflow_error<bm::policies::ignore_error>,
                                   bm::policies::underflow_error<bm::policies::ignore_error>,
                                   bm::policies::evaluation_error<bm::policies::ignore_error>,
                                   bm::policies::discrete_quantile<bm::policies::integer_round_nearest>>;

template <class Distribution>
inline law law_of(const Distribution& d) {
  law x;
  x.below = [d](double v) { return bm::cdf(d, v); };
  x.above = [d](double v) { return bm::cdf(bm::complement(d, v)); };
  x.lower_quantile = [d](double p) { return bm::quantile(d, p); };
  x.upper_quantile = [d](double p) { return bm::quantile(bm::complement(d, p)); };
  return x;
}

/// For counts: P(X < k) is P(X <= k - 1).
template <class Distribution>
inline law count_law(const Distribution& d, double largest = infinity) {
  law x = law_of(d);
  x.below = [d, largest](double k) { return k <= 0 ? 0 : k > largest ? 1 : bm::cdf(d, k - 1); };
  x.above = [d, largest](double k) { return k <= 0 ? 1 : k > largest ? 0 : bm::cdf(bm::complement(d, k - 1)); };
  x.mass = [d](double k) { return bm::pdf(d, k); };
  x.mean = bm::mean(d);
  x.sd = bm::standard_deviation(d);
  x.least = 0;
  x.largest = largest;
  x.step = 1;
  x.is_count = true;
  return x;
}

inline law on(double least, double largest, law x) {
  x.least = least;
  x.largest = largest;
  return x;
}

inline law with_moments(double mean, double sd, law x, double n_moments = infinity) {
  x.mean = mean;
  x.sd = sd;
  x.n_moments = n_moments;
  return x;
}

template <class Distribution>
inline law with_its_moments(const Distribution& d, double n_moments = infinity) {
  return with_moments(bm::mean(d), bm::standard_deviation(d), law_of(d), n_moments);
}

/// Multiples of `step` from `least` on, n of them: in float the lattice shows at 10^7 samples.
inline law lattice_law(double least, double step, double n) {
  law x;
  const auto n_below = [=](double v) { return std::clamp(std::ceil((v - least) / step), 0.0, n); };
  x.below = [=](double v) { return n_below(v) / n; };
  x.above = [=](double v) { return (n - n_below(v)) / n; };
  x.lower_quantile = [=](double p) { return least + std::floor(p * n) * step; };
  x.upper_quantile = [=](double p) { return least + (n - std::floor(p * n)) * step; };
  x.mean = least + step * (n - 1) / 2;
  x.sd = step * std::sqrt((n * n - 1) / 12);
  x.least = least;
  x.largest = least + step * (n - 1);
  x.step = step;
  return x;
}

inline law uniform_law(double low, double high) {
  law x = law_of(bm::uniform_distribution<double, quiet>(low, high));
  x.mean = low + (high - low) / 2;
  x.sd = (high - low) / std::sqrt(12.0);
  return on(low, std::nextafter(high, low), x);
}

inline law normal_law(double mean, double sd) {
  return affine(with_its_moments(bm::normal_distribution<double, quiet>()), mean, sd);
}

/// log(1 + t) - t without cancellation near 0.
inline double log1p_minus(double t) {
  if (std::fabs(t) > 0.01) return std::log1p(t) - t;
  double sum = 0;
  for (int j = 9; j >= 2; --j) sum = sum * -t + 1.0 / j;
  return -t * t * sum;
}

/// (1 + t) log(1 + t) - t without cancellation near 0.
inline double entropy_term(double t) { return (1 + t) * log1p_minus(t) + t * t; }

inline law gamma_law(double shape, double scale) {
  if (shape < 1e10) {
    return affine(on(0, infinity, with_its_moments(bm::gamma_distribution<double, quiet>(shape, 1))), 0, scale);
  }
  // Boost's series are too long here. The density of the standardized variate, up to 16 standard deviations.
  const double root = std::sqrt(shape);
  const law x =
      law_of_density([=](double z) { return std::exp(shape * log1p_minus(z / root) - std::log1p(z / root)); }, -16, 16);
  return on(0, infinity, affine(with_moments(0, 1, x), shape * scale, root * scale));
}

inline law von_mises_law(double mean, double concentration, double largest) {
  // In units of 1 / sqrt(concentration), up to 16 of them, or the whole circle.
  const double unit = 1 / std::sqrt(std::max(concentration, 1.0));
  const double end = std::min(pi, 16 * unit) / unit;
  const auto density = [=](double t) {
    const double s = std::sin(t * unit / 2);
    return std::exp(-2 * concentration * s * s);
  };
  if (mean == 0) return on(-largest, largest, affine(law_of_density(density, -end, end), 0, unit));
  return on(-largest, largest, law_of_density([=](double v) { return density((v - mean) / unit); }, -pi, pi));
}

/// The standard normal given that it lies in [low, low + range], 0 <= low: its distance from low.
inline law normal_tail_law(double low, double range) {
  // In units in which the density falls by e or more.
  const double unit = 1 / std::max(low, 1.0);
  const auto density = [=](double t) { return std::exp(-t * unit * (low + t * unit / 2)); };
  const double end = std::min(range / unit, 130.0);
  return affine(law_of_density(density, 0, end), 0, unit);
}

inline law truncated_law(double mean, double sd, double low, double high) {
  const double a = (low - mean) / sd;
  const double b = (high - mean) / sd;
  if (a >= 0) return on(low, high, affine(normal_tail_law(a, (high - low) / sd), low, sd));
  if (b <= 0) return on(low, high, affine(normal_tail_law(-b, (high - low) / sd), high, -sd));
  const law z = law_of_density([](double t) { return std::exp(-t * t / 2); }, std::max(a, -16.0), std::min(b, 16.0));
  return on(low, high, affine(z, mean, sd));
}

/// Counts whose standard deviation is 1e4 or more, from a smooth log probability of the standardized count: sums are
/// integrals from half to half, within 1e-9.
template <class LogMass>
inline law smooth_count_law(double mean, double sd, const LogMass& log_mass) {
  law x =
      affine(with_moments(0, 1, law_of_density([=](double z) { return std::exp(log_mass(z)); }, -16, 16)), mean, sd);
  const auto below = x.below;
  const auto above = x.above;
  x.below = [=](double k) { return below(k - 0.5); };
  x.above = [=](double k) { return above(k - 0.5); };
  x.step = 1;
  x.is_count = true;
  return x;
}

inline law poisson_law(double mean) {
  if (mean < 1e8) return count_law(bm::poisson_distribution<double, quiet>(mean));
  const double sd = std::sqrt(mean);
  return on(0, infinity, smooth_count_law(mean, sd, [=](double z) {
              return -mean * entropy_term(z / sd) - std::log1p(z / sd) / 2;
            }));
}

inline law binomial_law(double n, double p) {
  const double q = 1 - p;
  if (n > 1e9 && p < 1e-9) return poisson_law(n * p);  // within p in total variation (Barbour and Hall, 1984)
  if (n * p * q < 1e8) return count_law(bm::binomial_distribution<double, quiet>(n, p), n);
  const double sd = std::sqrt(n * p * q);
  return on(0, n, smooth_count_law(n * p, sd, [=](double z) {
              const double s = z * sd / (n * p);
              const double t = -z * sd / (n * q);
              return -n * p * entropy_term(s) - n * q * entropy_term(t) - (std::log1p(s) + std::log1p(t)) / 2;
            }));
}

inline law geometric_law(double p) {
  const double rate = -std::log1p(-p);
  law x;
  x.below = [=](double k) { return k <= 0 ? 0 : -std::expm1(-rate * k); };
  x.above = [=](double k) { return k <= 0 ? 1 : std::exp(-rate * k); };
  x.lower_quantile = [=](double q) { return -std::log1p(-q) / rate; };
  x.upper_quantile = [=](double q) { return -std::log(q) / rate; };
  x.mean = (1 - p) / p;
  x.sd = std::sqrt(1 - p) / p;
  if (x.sd < 1e6) x.mass = [=](double k) { return p * std::exp(-rate * k); };
  x.least = 0;
  x.step = 1;
  x.is_count = true;
  return x;
}

inline law negative_binomial_law(double successes, double p) {
  const bm::negative_binomial_distribution<double, quiet> d(successes, p);
  law x = count_law(d);
  if (x.sd > 1e4) {
    // Boost's quantiles are slow there. Those of the gamma law of the mean place the cells.
    const law mean = gamma_law(successes, (1 - p) / p);
    const double ratio = x.sd / mean.sd;
    x.lower_quantile = [=](double q) { return x.mean + ratio * (mean.lower_quantile(q) - mean.mean); };
    x.upper_quantile = [=](double q) { return x.mean + ratio * (mean.upper_quantile(q) - mean.mean); };
    x.mass = nullptr;
  }
  return x;
}

}  // namespace samebits::tests
