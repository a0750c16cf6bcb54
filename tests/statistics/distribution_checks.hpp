// Do samples follow a law? Exact probabilities of the law on one side, one pass over the samples on the other.
//
// Every check ends in a probability under the hypothesis, from both sides: values too good are evidence too.
//
//   chi-square   counts of up to 4,096 equally likely cells (all values of a count that are expected 10 times)
//   streams      how much the cells differ between streams (chi-square of heterogeneity)
//   KS           Kolmogorov and Smirnov's distance at the borders of the cells: a lower bound of the distance anywhere
//   neighbours   independence of samples 1 and 2 apart, within groups of 4, in 16 x 16 cells
//   mean, variance, skewness   in standard errors, from exact moments
//   tail counts  samples beyond quantiles down to 1e-7 (5.2 sigma) at both ends: exact binomial probabilities
//   tail shapes  the samples beyond the first and last quantile 1/4096: KS of their conditional probabilities
//   extremes     the smallest and the largest sample
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/quadrature/gauss.hpp>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace samebits::tests {

// ---- probabilities of statistics ---------------------------------------------------------------------------------

/// P(T <= t) and P(T >= t) for an observed statistic t.
struct tails {
  double lower;
  double upper;

  /// How unlikely t is at both sides: uniform under the hypothesis.
  double two_sided() const { return std::min(1.0, 2 * std::min(lower, upper)); }
};

inline tails normal_tails(double z) {
  if (!(std::fabs(z) < 38)) return z < 0 ? tails{0, 1} : tails{1, 0};
  const boost::math::normal law;
  return {boost::math::cdf(law, z), boost::math::cdf(boost::math::complement(law, z))};
}

inline tails chi_square_tails(double statistic, double degrees) {
  const double z = (statistic - degrees) / std::sqrt(2 * degrees);
  if (!(std::fabs(z) < 40)) return z < 0 ? tails{0, 1} : tails{1, 0};  // and beyond it Boost's series may overflow
  const boost::math::chi_squared law(degrees);
  return {boost::math::cdf(law, statistic), boost::math::cdf(boost::math::complement(law, statistic))};
}

/// The limit law of sqrt(n) times Kolmogorov and Smirnov's distance: both series, each where it converges fast.
inline tails kolmogorov_tails(double x) {
  if (x < 0.05) return {0, 1};
  double upper = 0;
  double lower = 0;
  for (int k = 1; k <= 100; ++k) {
    const double odd = (2 * k - 1) * M_PI / x;
    upper += (k % 2 == 1 ? 2 : -2) * std::exp(-2.0 * k * k * x * x);
    lower += std::exp(-odd * odd / 8) * std::sqrt(2 * M_PI) / x;
  }
  return x < 1 ? tails{lower, 1 - lower} : tails{1 - upper, upper};
}

/// Of `count` among n, each with probability p.
inline tails binomial_tails(double count, double n, double p) {
  const double z = (count - n * p) / std::sqrt(n * p);
  if (!(std::fabs(z) < 1000)) return z < 0 ? tails{0, 1} : tails{1, 0};
  const boost::math::binomial law(n, p);
  return {boost::math::cdf(law, count), count > 0 ? boost::math::cdf(boost::math::complement(law, count - 1)) : 1};
}

/// Kolmogorov and Smirnov's test of uniformity, with Stephens' correction for finite n (J. R. Stat. Soc. B 32, 1970).
inline tails uniformity_tails(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const double n = static_cast<double>(values.size());
  double distance = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double rank = static_cast<double>(i);
    distance = std::max({distance, (rank + 1) / n - values[i], values[i] - rank / n});
  }
  return kolmogorov_tails((std::sqrt(n) + 0.12 + 0.11 / std::sqrt(n)) * distance);
}

/// Counts of cells against their probabilities.
inline double pearson_statistic(std::span<const std::uint64_t> counts, std::span<const double> probabilities) {
  double n = 0;
  for (const std::uint64_t count : counts) n += static_cast<double>(count);
  double statistic = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double expected = n * probabilities[i];
    const double excess = static_cast<double>(counts[i]) - expected;
    statistic += excess * excess / expected;
  }
  return statistic;
}

// ---- laws --------------------------------------------------------------------------------------------------------

/// E Y^k for k = 0 .. 9.
using moments = std::array<double, 10>;

inline moments powers(double y) {
  moments all = {1};
  for (std::size_t k = 1; k < all.size(); ++k) all[k] = all[k - 1] * y;
  return all;
}

/// A distribution on the real line, or on the integers.
struct law {
  std::function<double(double)> below;           ///< P(X < x)
  std::function<double(double)> above;           ///< P(X >= x)
  std::function<double(double)> lower_quantile;  ///< x with P(X < x) = p, about, where X is an integer
  std::function<double(double)> upper_quantile;  ///< x with P(X >= x) = p
  double mean = std::numeric_limits<double>::quiet_NaN();
  double sd = std::numeric_limits<double>::quiet_NaN();
  double n_moments = std::numeric_limits<double>::infinity();  ///< E |X|^k is finite for k below it
  /// The moments of (X - centre) / scale; empty where they are integrals of the quantiles.
  std::function<moments(double centre, double scale)> moments_about = nullptr;
  std::function<double(double)> mass = nullptr;  ///< P(X = x) where X is an integer with a small standard deviation
  double least = -std::numeric_limits<double>::infinity();
  double largest = std::numeric_limits<double>::infinity();
  double step = 0;  ///< X is a multiple of it, up to a constant; 0 where that does not matter
  bool is_count = false;
};

/// The integral of f over [a, b] by Gauss and Legendre's rule of 20 points.
template <class Function>
double integrate_panel(const Function& f, double a, double b) {
  using rule = boost::math::quadrature::gauss<double, 20>;
  const double centre = (a + b) / 2;
  const double half = (b - a) / 2;
  double sum = 0;
  for (std::size_t i = 0; i < rule::abscissa().size(); ++i) {
    const double offset = half * rule::abscissa()[i];
    sum += rule::weights()[i] * (f(centre - offset) + f(centre + offset));
  }
  return sum * half;
}

/// A law known by its density up to a factor, on a finite interval outside of which it may be neglected.
class density_law {
 public:
  density_law(std::function<double(double)> density, double low, double high)
      : density_(std::move(density)), low_(low), width_((high - low) / n_panels) {
    std::array<double, n_panels> masses;
    for (int i = 0; i < n_panels; ++i) masses[i] = integrate_panel(density_, border(i), border(i + 1));
    for (int i = 0; i < n_panels; ++i) {
      below_[i + 1] = below_[i] + masses[i];
      above_[n_panels - 1 - i] = above_[n_panels - i] + masses[n_panels - 1 - i];
    }
  }

  double below(double x) const {
    if (x <= low_) return 0;
    const int i = panel(x);
    return i >= n_panels ? 1 : (below_[i] + integrate_panel(density_, border(i), x)) / below_[n_panels];
  }
  double above(double x) const {
    if (x <= low_) return 1;
    const int i = panel(x);
    return i >= n_panels ? 0 : (above_[i + 1] + integrate_panel(density_, x, border(i + 1))) / above_[0];
  }
  double lower_quantile(double p) const {
    return solve([&](double x) { return below(x) - p; });
  }
  double upper_quantile(double p) const {
    return solve([&](double x) { return p - above(x); });
  }
  moments moments_about(double centre, double scale) const {
    moments all = {};
    for (std::size_t k = 0; k < all.size(); ++k) {
      const auto term = [&](double x) { return density_(x) * powers((x - centre) / scale)[k]; };
      for (int i = 0; i < n_panels; ++i) all[k] += integrate_panel(term, border(i), border(i + 1));
      all[k] /= below_[n_panels];
    }
    return all;
  }

 private:
  static constexpr int n_panels = 200;

  double border(int i) const { return low_ + i * width_; }
  int panel(double x) const { return static_cast<int>(std::min((x - low_) / width_, double{n_panels})); }

  /// The zero of an increasing function: bisection down to a panel, then Newton's steps, kept inside.
  template <class Function>
  double solve(const Function& f) const {
    double a = low_;
    double b = border(n_panels);
    while (b - a > width_) {
      const double middle = a + (b - a) / 2;
      (f(middle) < 0 ? a : b) = middle;
    }
    double x = a + (b - a) / 2;
    for (int i = 0; i < 60; ++i) {
      const double value = f(x);
      (value < 0 ? a : b) = x;
      const double next = x - value * below_[n_panels] / density_(x);
      const double kept = next > a && next < b ? next : a + (b - a) / 2;
      if (std::fabs(kept - x) <= 1e-14 * (b - a + std::fabs(x))) break;
      x = kept;
    }
    return x;
  }

  std::function<double(double)> density_;
  double low_;
  double width_;
  std::array<double, n_panels + 1> below_ = {};
  std::array<double, n_panels + 1> above_ = {};
};

/// The law with this density; its mean and standard deviation come from integrals.
inline law law_of_density(std::function<double(double)> density, double low, double high) {
  const auto base = std::make_shared<density_law>(std::move(density), low, high);
  law x;
  x.below = [=](double v) { return base->below(v); };
  x.above = [=](double v) { return base->above(v); };
  x.lower_quantile = [=](double p) { return base->lower_quantile(p); };
  x.upper_quantile = [=](double p) { return base->upper_quantile(p); };
  x.moments_about = [=](double centre, double scale) { return base->moments_about(centre, scale); };
  x.mean = x.moments_about(0, 1)[1];
  x.sd = std::sqrt(x.moments_about(x.mean, 1)[2]);
  x.least = low;
  x.largest = high;
  return x;
}

/// The law of location + scale X, where scale may be negative.
inline law affine(const law& x, double location, double scale) {
  law y = x;
  const auto back = [=](double v) { return (v - location) / scale; };
  const auto forth = [=](double v) { return location + scale * v; };
  y.mean = forth(x.mean);
  y.sd = std::fabs(scale) * x.sd;
  y.below = [=](double v) { return scale > 0 ? x.below(back(v)) : x.above(back(v)); };
  y.above = [=](double v) { return scale > 0 ? x.above(back(v)) : x.below(back(v)); };
  y.lower_quantile = [=](double p) { return forth(scale > 0 ? x.lower_quantile(p) : x.upper_quantile(p)); };
  y.upper_quantile = [=](double p) { return forth(scale > 0 ? x.upper_quantile(p) : x.lower_quantile(p)); };
  if (x.moments_about) {
    y.moments_about = [=](double centre, double unit) { return x.moments_about(back(centre), unit / scale); };
  }
  y.least = forth(scale > 0 ? x.least : x.largest);
  y.largest = forth(scale > 0 ? x.largest : x.least);
  return y;
}

/// The moments of (X - mean) / sd as integrals of the quantiles over p = exp(-s) / 2 from both ends, s up to 100.
inline moments moments_from_quantiles(const law& x) {
  std::vector<double> borders = {0};
  for (int i = 16; i > 0; --i) borders.push_back(std::ldexp(1.0, -i));
  for (int i = 1; i <= 100; ++i) borders.push_back(i);
  using rule = boost::math::quadrature::gauss<double, 10>;
  moments sums = {};
  for (std::size_t b = 0; b + 1 < borders.size(); ++b) {
    const double half = (borders[b + 1] - borders[b]) / 2;
    for (std::size_t i = 0; i < rule::abscissa().size(); ++i) {
      for (const double sign : {-1.0, 1.0}) {
        const double p = std::exp(-(borders[b] + half + sign * half * rule::abscissa()[i])) / 2;
        const moments low = powers((x.lower_quantile(p) - x.mean) / x.sd);
        const moments high = powers((x.upper_quantile(p) - x.mean) / x.sd);
        for (std::size_t k = 0; k < sums.size(); ++k) sums[k] += rule::weights()[i] * half * p * (low[k] + high[k]);
      }
    }
  }
  return sums;
}

/// E Y^k of the standardized Y = (X - mean) / sd; infinite where it does not exist.
inline moments standard_moments(const law& x) {
  moments m = {};
  if (x.moments_about) {
    m = x.moments_about(x.mean, x.sd);
  } else if (x.mass) {
    const double from = std::max(x.least, std::floor(x.mean - 40 * x.sd - 100));
    const double to = std::min(x.largest, x.mean + 60 * x.sd + 100);
    for (double k = from; k <= to; ++k) {
      const moments values = powers((k - x.mean) / x.sd);
      const double mass = x.mass(k);
      for (std::size_t i = 0; i < m.size(); ++i) m[i] += mass * values[i];
    }
  } else {
    m = moments_from_quantiles(x);
  }
  for (std::size_t k = 0; k < m.size(); ++k) {
    if (!(static_cast<double>(k) < x.n_moments)) m[k] = std::numeric_limits<double>::infinity();
  }
  return m;
}

// ---- cells -------------------------------------------------------------------------------------------------------

/// Borders between cells, with the probabilities on either side. Cell j holds borders[j - 1] <= x < borders[j].
struct cells {
  static constexpr int n_equal = 4096;

  std::vector<double> borders;
  std::vector<double> below;
  std::vector<double> above;
  std::vector<double> probabilities;

  std::size_t size() const { return probabilities.size(); }
};

/// The distance from |x| to the next number of the sample type.
template <class T>
double ulp(double x) {
  if constexpr (std::is_integral_v<T>) {
    return 0;
  } else {
    const T a = std::fabs(static_cast<T>(x));
    return static_cast<double>(std::nextafter(a, std::numeric_limits<T>::infinity()) - a);
  }
}

/// Whether samples of type T are numbers fine enough to tell x from y: 500 of them lie between.
template <class T>
bool is_resolved(double x, double y) {
  // exp() ends a little above the subnormal numbers.
  const double smallest = std::is_same_v<T, float> ? 1e-36 : 1e-300;
  if constexpr (std::is_integral_v<T>) return true;
  return std::fabs(x) > smallest && std::fabs(x - y) > 500 * ulp<T>(x);
}

/// Cells for n samples of type T: each is expected 10 times or more.
template <class T>
cells make_cells(const law& x, double n) {
  std::vector<double> candidates;
  if (x.is_count && x.upper_quantile(1e-6) - x.lower_quantile(1e-6) < 8000) {
    for (double k = std::floor(x.lower_quantile(1e-6)); k <= x.upper_quantile(1e-6) + 1; ++k) candidates.push_back(k);
  } else {
    for (int j = 1; j < cells::n_equal; ++j) {
      const double p = static_cast<double>(j) / cells::n_equal;
      const double border = p < 0.5 ? x.lower_quantile(p) : x.upper_quantile(1 - p);
      candidates.push_back(x.is_count ? std::ceil(border) : static_cast<double>(static_cast<T>(border)));
    }
  }
  cells all;
  double last = -std::numeric_limits<double>::infinity();
  double last_below = 0;
  double last_above = 1;
  for (const double border : candidates) {
    const double below = x.below(border);
    const double above = x.above(border);
    const double mass = below < 0.5 ? below - last_below : last_above - above;
    if (!(std::isfinite(border) && border > last && mass * n >= 10 && above * n >= 10)) continue;
    if (!x.is_count && border != 0 && !is_resolved<T>(border, last)) continue;
    all.borders.push_back(border);
    all.below.push_back(below);
    all.above.push_back(above);
    all.probabilities.push_back(mass);
    last = border;
    last_below = below;
    last_above = above;
  }
  all.probabilities.push_back(last_above);
  return all;
}

/// Finds cells: a binary search without branches.
class cell_finder {
 public:
  explicit cell_finder(const std::vector<double>& borders)
      : half_(std::bit_ceil(borders.size() + 1) / 2), borders_(2 * half_, std::numeric_limits<double>::infinity()) {
    std::copy(borders.begin(), borders.end(), borders_.begin());
  }
  std::size_t operator()(double x) const {
    std::size_t at = 0;
    for (std::size_t half = half_; half > 0; half /= 2) at += half * (borders_[at + half - 1] <= x);
    return at;
  }

 private:
  std::size_t half_;
  std::vector<double> borders_;
};

// ---- the checks --------------------------------------------------------------------------------------------------

struct finding {
  const char* kind;
  std::string check;  ///< the kind, and which one of several
  double statistic;
  tails p;
};

inline finding find(const char* kind, double statistic, tails p) { return {kind, kind, statistic, p}; }

/// Collects samples of type T and compares them with a law.
template <class T>
class sample_checks {
 public:
  sample_checks(const law& expected, double n, std::size_t n_streams)
      : law_(expected),
        cells_(make_cells<T>(expected, n / static_cast<double>(n_streams))),
        find_cell_(cells_.borders),
        counts_(n_streams, std::vector<std::uint64_t>(cells_.size())),
        low_tail_(tail(1.0 / cells::n_equal, false)),
        high_tail_(tail(1.0 / cells::n_equal, true)) {
    centre_ = std::isfinite(law_.mean) ? law_.mean : 0;
    scale_ = std::isfinite(law_.sd) ? 1 / law_.sd : 0;
    classes_.resize(cells_.size());
    for (std::size_t j = 0; j < cells_.size(); ++j) {
      const double middle = (j == 0 ? 0 : cells_.below[j - 1]) + cells_.probabilities[j] / 2;
      classes_[j] = static_cast<std::uint8_t>(std::min(n_classes - 1, static_cast<int>(middle * n_classes)));
    }
  }

  /// Adds samples of one stream; their number is a multiple of 4.
  void add(std::size_t stream, std::span<const T> samples) {
    std::vector<std::uint64_t>& counts = counts_[stream];
    moments sums = {};
    std::size_t found[4];
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const double x = static_cast<double>(samples[i]);
      n_outside_ += !(x >= law_.least && x <= law_.largest);
      const double y = (x - centre_) * scale_;
      sums[1] += y;
      sums[2] += y * y;
      sums[3] += y * y * y;
      const std::size_t cell = find_cell_(x);
      ++counts[cell];
      if (x < low_tail_) low_values_.push_back(x);
      if (x >= high_tail_) high_values_.push_back(x);
      smallest_ = std::min(smallest_, x);
      largest_ = std::max(largest_, x);
      found[i % 4] = classes_[cell];
      if (i % 4 == 3) {
        for (const auto& [a, b] : {std::pair{0, 1}, {2, 3}}) ++pairs_[0][found[a] * n_classes + found[b]];
        for (const auto& [a, b] : {std::pair{0, 2}, {1, 3}}) ++pairs_[1][found[a] * n_classes + found[b]];
      }
    }
    for (std::size_t k = 1; k <= 3; ++k) sums_[k] += sums[k];
    n_added_ += static_cast<double>(samples.size());
  }

  /// Samples that are not in the support, NaN among them.
  std::uint64_t n_outside() const { return n_outside_; }
  std::size_t n_cells() const { return cells_.size(); }

  /// What the law's own formulas say against each other; empty if nothing.
  std::string inconsistency() const {
    if (!std::isfinite(law_.sd)) return "";
    const moments m = standard_moments(law_);
    const bool first = !std::isfinite(m[1]) || std::fabs(m[1]) < 2e-5;
    const bool second = !std::isfinite(m[2]) || std::fabs(m[2] - 1) < 2e-4;
    return first && second ? "" : "E Y = " + std::to_string(m[1]) + ", E Y^2 = " + std::to_string(m[2]);
  }

  std::vector<finding> findings() const {
    std::vector<finding> all;
    add_cells(all);
    add_neighbours(all);
    add_moments(all);
    add_tails(all);
    return all;
  }

 private:
  static constexpr int n_classes = 16;

  /// The quantile p of the lower or upper end; NaN where there is none, or where samples cannot resolve it.
  double tail(double p, bool upper) const {
    const double none = std::numeric_limits<double>::quiet_NaN();
    const double x = upper ? law_.upper_quantile(p) : law_.lower_quantile(p);
    if (!std::isfinite(x)) return none;
    if (law_.is_count) {
      const double k = upper ? std::ceil(x) + 1 : std::floor(x);
      const double mass = upper ? law_.above(k) : law_.below(k);
      return mass > 0 && mass < 4 * p ? k : none;
    }
    const double beyond = upper ? law_.upper_quantile(p / 10) : law_.lower_quantile(p / 10);
    return is_resolved<T>(x, beyond) ? x : none;
  }

  void add_cells(std::vector<finding>& all) const {
    const double degrees = static_cast<double>(cells_.size()) - 1;
    if (degrees < 1) return;
    std::vector<std::uint64_t> total(cells_.size());
    double sum_of_streams = 0;
    for (const std::vector<std::uint64_t>& counts : counts_) {
      sum_of_streams += pearson_statistic(counts, cells_.probabilities);
      for (std::size_t j = 0; j < total.size(); ++j) total[j] += counts[j];
    }
    const double of_total = pearson_statistic(total, cells_.probabilities);
    all.push_back(find("chi-square", of_total, chi_square_tails(of_total, degrees)));
    if (counts_.size() > 1) {
      const double between = sum_of_streams - of_total;
      const double between_degrees = degrees * static_cast<double>(counts_.size() - 1);
      all.push_back(find("streams", between, chi_square_tails(between, between_degrees)));
    }
    if (law_.is_count) return;  // the limit law is one of continuous distributions
    double distance = 0;
    double seen = 0;
    for (std::size_t j = 0; j < cells_.borders.size(); ++j) {
      seen += static_cast<double>(total[j]);
      distance = std::max(distance, std::fabs(seen / n_added_ - cells_.below[j]));
    }
    all.push_back(find("KS", distance, kolmogorov_tails(distance * std::sqrt(n_added_))));
  }

  void add_neighbours(std::vector<finding>& all) const {
    std::array<double, n_classes> shares = {};
    for (std::size_t j = 0; j < cells_.size(); ++j) shares[classes_[j]] += cells_.probabilities[j];
    for (int lag = 1; lag <= 2; ++lag) {
      std::vector<double> expected = {0};  // the pairs that are expected less than 10 times, together
      std::vector<double> seen = {0};
      for (int a = 0; a < n_classes; ++a) {
        for (int b = 0; b < n_classes; ++b) {
          const double mean = n_added_ / 2 * shares[a] * shares[b];
          const auto count = static_cast<double>(pairs_[lag - 1][a * n_classes + b]);
          if (mean < 10) {
            expected[0] += mean;
            seen[0] += count;
          } else {
            expected.push_back(mean);
            seen.push_back(count);
          }
        }
      }
      double statistic = 0;
      double degrees = -1;
      for (std::size_t j = expected[0] < 10 ? 1 : 0; j < expected.size(); ++j) {
        statistic += (seen[j] - expected[j]) * (seen[j] - expected[j]) / expected[j];
        ++degrees;
      }
      if (degrees < 1) continue;
      const std::string name = "neighbours " + std::to_string(lag);
      all.push_back({"neighbours", name, statistic, chi_square_tails(statistic, degrees)});
    }
  }

  /// A moment is compared where the central limit theorem describes it even 5 standard errors out: by Edgeworth's first
  /// term, where the skewness of Y^k is below sqrt(n) / 100.
  void add_moments(std::vector<finding>& all) const {
    if (!std::isfinite(law_.sd) || law_.sd == 0) return;
    const moments m = standard_moments(law_);
    const char* const names[] = {"", "mean", "variance", "skewness"};
    for (std::size_t k = 1; k <= 3; ++k) {
      const double expected = k == 1 ? 0 : k == 2 ? 1 : m[3];
      const double variance = m[2 * k] - expected * expected;
      const double third = m[3 * k] - 3 * m[2 * k] * expected + 2 * expected * expected * expected;
      const bool is_normal = std::fabs(third) / std::pow(variance, 1.5) < std::sqrt(n_added_) / 100;
      if (!(std::isfinite(variance) && variance > 1e-12 && std::isfinite(third) && is_normal)) continue;
      const double z = (sums_[k] / n_added_ - expected) / std::sqrt(variance / n_added_);
      all.push_back(find(names[k], z, normal_tails(z)));
    }
  }

  void add_tails(std::vector<finding>& all) const {
    const std::vector<double>* const values[] = {&low_values_, &high_values_};
    for (const bool upper : {false, true}) {
      const std::string side = upper ? "upper" : "lower";
      const double begin = upper ? high_tail_ : low_tail_;
      if (std::isnan(begin)) continue;
      double last = begin;
      bool to_the_end = true;
      for (const double p : {1e-4, 1e-5, 1e-6, 1e-7}) {
        const double x = tail(p, upper);
        if (std::isnan(x)) to_the_end = false;
        if (std::isnan(x) || x == last) continue;
        last = x;
        const auto is_beyond = [&](double v) { return upper ? v >= x : v < x; };
        const auto count = static_cast<double>(std::count_if(values[upper]->begin(), values[upper]->end(), is_beyond));
        char name[32];
        std::snprintf(name, sizeof name, "%s tail %.0e", side.c_str(), p);
        const double mass = upper ? law_.above(x) : law_.below(x);
        all.push_back({upper ? "upper tail" : "lower tail", name, count, binomial_tails(count, n_added_, mass)});
      }
      if (!law_.is_count && to_the_end && values[upper]->size() >= 10) {
        const double mass = upper ? law_.above(begin) : law_.below(begin);
        std::vector<double> conditional;
        for (const double x : *values[upper]) conditional.push_back((upper ? law_.above(x) : law_.below(x)) / mass);
        const auto size = static_cast<double>(conditional.size());
        all.push_back({"tail shapes", side + " tail shape", size, uniformity_tails(conditional)});
      }
      if (to_the_end) {
        // P(no sample of n is as extreme), P(none is more extreme)
        const double x = upper ? largest_ : smallest_;
        const double at_least = upper ? law_.above(x) : law_.below(x + law_.step);
        const double beyond = upper ? law_.above(x + law_.step) : law_.below(x);
        all.push_back({"extremes",
                       upper ? "largest" : "smallest",
                       x,
                       {-std::expm1(n_added_ * std::log1p(-at_least)), std::exp(n_added_ * std::log1p(-beyond))}});
      }
    }
  }

  law law_;
  cells cells_;
  cell_finder find_cell_;
  std::vector<std::vector<std::uint64_t>> counts_;
  std::vector<std::uint8_t> classes_;
  std::array<std::array<std::uint64_t, n_classes * n_classes>, 2> pairs_ = {};
  double centre_;
  double scale_;
  moments sums_ = {};
  double low_tail_;
  double high_tail_;
  std::vector<double> low_values_;
  std::vector<double> high_values_;
  double smallest_ = std::numeric_limits<double>::infinity();
  double largest_ = -std::numeric_limits<double>::infinity();
  std::uint64_t n_outside_ = 0;
  double n_added_ = 0;
};

}  // namespace samebits::tests
