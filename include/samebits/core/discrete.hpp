// Discrete distributions. Values are integers held in doubles, exact below 2^53.
//
// Counts with a small mean are found by going up the cumulative probabilities with one uniform; others by W. Hoermann's
// transformed rejection ("The transformed rejection method for generating Poisson random variables", Insurance:
// Mathematics and Economics 12, 1993; "The generation of binomial random variates", J. Stat. Comput. Simul. 46, 1993).
// Logarithms of probabilities are C. Loader's saddle-point forms ("Fast and accurate computation of binomial
// probabilities", 2000), which do not cancel for means up to 2^50. Hoermann's squeezes are left out: they save scalar
// code a logarithm, and a SIMD pack nothing.
#pragma once

#include "samebits/core/distributions.hpp"
#include "samebits/core/gamma.hpp"
#include "samebits/core/integers.hpp"
#include "samebits/core/sampler.hpp"
#include "samebits/core/special.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

inline constexpr double largest_count = 0x1p50;
inline constexpr double least_rejection_mean = 10;
/// Cumulative sums end where, past the mean, a term is below this. For a mean below 10 that is before term 80.
inline constexpr double least_term = 0x1p-60;
inline constexpr int max_terms = 80;

/// floor(x) for |x| < 2^51.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V floor_small(V x) {
  const V rounded = (x + V(math_constants<double>::round_to_integer)) - V(math_constants<double>::round_to_integer);
  return select_less(x, rounded, rounded - V(1.0), rounded);
}

/// Hoermann's hat: k = floor((2 a / s + b) u + centre) for u uniform on (-1/2, 1/2), s = 1/2 - |u|, and the logarithm
/// of the hat's height there.
struct transformed_rejection {
  double a;
  double b;
  double centre;
  double log_height;

  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE V propose(bits_t<V> word, V& log_hat) const {
    const V u = uniform_open<V>(word) - V(0.5);
    const V s = V(0.5) - max(u, V(0.0) - u);
    const V a_over_s = V(a) / s;
    log_hat = V(log_height) - log(a_over_s / s + V(b));
    const V k = fma(a_over_s + (a_over_s + V(b)), u, V(centre));
    return floor_small(select_less(V(2 * largest_count), k, V(2 * largest_count), max(k, V(-1.0))));
  }
};

// ---- Poisson ------------------------------------------------------------------------------------------------------

/// log of the Poisson probability of k >= 0.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V log_poisson(V k, double mean) {
  const V at_least_1 = max(k, V(1.0));
  const V log_root = log(at_least_1 * V(0x1.921fb54442d18p2)) * V(0.5);  // log sqrt(2 pi k)
  const V saddle = V(0.0) - ((stirling_error(at_least_1) + deviance(at_least_1, V(mean))) + log_root);
  return select_less(k, V(0.5), V(-mean), saddle);
}

struct poisson_sampler {
  double mean;
  transformed_rejection hat;

  SAMEBITS_HD explicit poisson_sampler(double mean_) : mean(mean_), hat() {
    hat.b = fma(2.53, sqrt(mean), 0.931);
    hat.a = fma(0.02483, hat.b, -0.059);
    hat.centre = mean + 0.43;
    // Hoermann's rounded constants leave the hat up to 0.58 % below the probabilities, near a mean of 12.
    constexpr double log_margin = 0x1.880a8237a7261p-8;  // log 1.006
    hat.log_height = mean < least_rejection_mean ? 0 : log(1.1239 + 1.1328 / (hat.b - 3.4)) + log_margin;
  }

  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE V sample(sample_blocks<V>& blocks) const {
    return sample_at(blocks, {0, blocks_per_sample});
  }

  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE V sample_at(sample_blocks<V>& blocks, attempt_range range) const {
    return mean < least_rejection_mean ? count_terms(blocks, range.first) : first_accepted(blocks, range, *this);
  }

  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE V attempt(bits_t<V> word_0, bits_t<V> word_1, V& score) const {
    V log_hat;
    const V k = hat.propose(word_0, log_hat);
    // log(V / hat) <= log p(k), where -log(V) is exponential.
    const V difference = (log_poisson(k, mean) + exponential<V>(word_1)) - log_hat;
    score = select_less(k, V(0.0), V(-1.0), difference);
    return k;
  }

 private:
  /// The number of cumulative probabilities that are not above a uniform.
  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE V count_terms(const sample_blocks<V>& blocks, std::uint64_t block) const {
    bits_t<V> words[2];
    blocks.draws(block, words);
    const V u = uniform<V>(words[0]);
    double term = exp(-mean);
    double cumulative = term;
    V k = V(0.0);
    for (int i = 1; i <= max_terms; ++i) {
      k = k + select_less(u, V(cumulative), V(0.0), V(1.0));
      term = rounded(term * (mean / i));
      if (i > mean && term < least_term) {
        break;
      }
      cumulative = cumulative + term;
    }
    return k;
  }
};

// ---- binomial -----------------------------------------------------------------------------------------------------

/// Number of successes in n trials.
struct binomial_sampler {
  double n;
  double p;  // of the rarer outcome
  bool mirrored;
  double mean;
  transformed_rejection hat;

  SAMEBITS_HD binomial_sampler(double n_, double p_)
      : n(n_), p(p_ <= 0.5 ? p_ : 1 - p_), mirrored(p_ > 0.5), mean(rounded(n * p)), hat() {
    if (mean < least_rejection_mean) {
      return;
    }
    const double sd = sqrt(mean * (1 - p));
    hat.b = fma(2.53, sd, 1.15);
    hat.a = fma(0.0248, hat.b, fma(0.01, p, -0.0873));
    hat.centre = mean + 0.5;
    const double mode = floor_small(fma(n, p, p));
    hat.log_height = log((2.83 + 5.1 / hat.b) * sd) + log_probability(mode);
  }

  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE V sample(sample_blocks<V>& blocks) const {
    return sample_at(blocks, {0, blocks_per_sample});
  }

  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE V sample_at(sample_blocks<V>& blocks, attempt_range range) const {
    const V k = mean < least_rejection_mean ? count_terms(blocks, range.first) : first_accepted(blocks, range, *this);
    return mirrored ? V(n) - k : k;
  }

  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE V attempt(bits_t<V> word_0, bits_t<V> word_1, V& score) const {
    V log_hat;
    const V k = hat.propose(word_0, log_hat);
    const V possible = select_less(V(n), k, V(n), max(k, V(0.0)));
    const V difference = (log_probability(possible) + exponential<V>(word_1)) - log_hat;
    const V too_high = select_less(V(n), k, V(-1.0), difference);
    score = select_less(k, V(0.0), V(-1.0), too_high);
    return possible;
  }

 private:
  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE V log_probability(V k) const {
    const double q = 1 - p;
    // Inside, 0 < k < n: Loader's form. At the ends, q^n and p^n.
    const V inner = select_less(V(n - 1), k, V(n - 1), max(k, V(1.0)));
    const V rest = V(n) - inner;
    const V corrections = V(stirling_error(n)) - (stirling_error(inner) + stirling_error(rest));
    const V deviances = deviance(inner, V(mean)) + deviance(rest, V(rounded(n * q)));
    const V log_root = log(inner * (rest / V(n)) * V(0x1.921fb54442d18p2)) * V(0.5);
    const V saddle = (corrections - deviances) - log_root;
    const V upper = select_less(V(n - 0.5), k, V(n * log(p)), saddle);
    return select_less(k, V(0.5), V(n * log1p(-p)), upper);
  }

  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE V count_terms(const sample_blocks<V>& blocks, std::uint64_t block) const {
    bits_t<V> words[2];
    blocks.draws(block, words);
    const V u = uniform<V>(words[0]);
    const double odds = p / (1 - p);
    double term = exp(n * log1p(-p));
    double cumulative = term;
    V k = V(0.0);
    const int terms = n < max_terms ? static_cast<int>(n) : max_terms;
    for (int i = 1; i <= terms; ++i) {
      k = k + select_less(u, V(cumulative), V(0.0), V(1.0));
      term = rounded(term * (((n - (i - 1)) / i) * odds));
      if (i > mean && term < least_term) {
        break;
      }
      cumulative = cumulative + term;
    }
    return k;
  }
};

// ---- waiting times ------------------------------------------------------------------------------------------------

/// Failures before the first success: floor(E / -log(1 - p)). At most 2^50.
struct geometric_sampler {
  double rate;

  SAMEBITS_HD explicit geometric_sampler(double p) : rate(p < 1 ? -log1p(-p) : math_constants<double>::infinity) {}

  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE V sample(sample_blocks<V>& blocks) const {
    bits_t<V> words[2];
    blocks.draws(0, words);
    const V x = positive_exponential<V>(words[0]) / V(rate);
    return floor_small(select_less(V(largest_count), x, V(largest_count), x));
  }
};

/// Failures before success number `successes` (any positive real): Poisson with a gamma mean, of at most 2^50.
struct negative_binomial_sampler {
  unit_gamma successes;
  double odds;  // of failure

  SAMEBITS_HD negative_binomial_sampler(double successes_, double p) : successes(successes_), odds(failure_odds(p)) {}

  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE V sample(sample_blocks<V>& blocks) const {
    if constexpr (value_traits<V>::width == 1) {
      const double mean = rounded(successes.sample(blocks, first_gamma) * odds);
      return poisson_sampler(mean < largest_count ? mean : largest_count).sample_at(blocks, {128, 128});
    } else {
      blocks.score = V(-1.0);  // every lane would have constants of its own: left to the scalars
      return V(0.0);
    }
  }

 private:
  /// Finite, so that a gamma variate of 0 leaves a mean of 0.
  SAMEBITS_HD static double failure_odds(double p) {
    const double exact = (1 - p) / p;
    return exact < math_constants<double>::largest ? exact : math_constants<double>::largest;
  }
};

// ---- eight bytes a block ------------------------------------------------------------------------------------------

/// [0, n).
struct integers_sampler {
  std::uint64_t n;

  template <class U>
  SAMEBITS_HD SAMEBITS_INLINE U integer(const U (&draws)[2]) const {
    return bounded_integer(draws, U(n));
  }
};

/// One of n categories by A. J. Walker's alias method ("An efficient method for generating discrete random variables
/// with general distributions", ACM TOMS 3, 1977). Column j of the table keeps its category with probability keep[j]
/// and gives alias[j] otherwise.
struct categorical_sampler {
  const double* keep;
  const double* alias;  // whole numbers
  std::uint64_t n;

  SAMEBITS_HD SAMEBITS_INLINE std::uint64_t integer(const std::uint64_t (&draws)[2]) const {
    const std::uint64_t column = multiply_high(draws[0], n);
    return uniform<double>(draws[1]) < keep[column] ? column : static_cast<std::uint64_t>(alias[column]);
  }
};

/// One of n categories: the first whose cumulative weight is above u times the total.
struct cumulative_sampler {
  const double* cumulative;
  std::uint64_t n;

  SAMEBITS_HD SAMEBITS_INLINE std::uint64_t integer(const std::uint64_t (&draws)[2]) const {
    const double target = uniform<double>(draws[0]) * cumulative[n - 1];
    std::uint64_t low = 0;
    std::uint64_t high = n - 1;
    while (low < high) {
      const std::uint64_t middle = low + (high - low) / 2;
      if (target < cumulative[middle]) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }
};

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
