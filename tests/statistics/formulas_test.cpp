// The formulas behind the samples, with chosen random bits: what 10^7 samples cannot see, above all the far tails.
//
// Where one word makes one sample, the sample is compared with the quantile, for words that reach both ends. Where
// samples are accepted or rejected, the logarithm of the acceptance probability is compared with the ratio of
// densities, as far out as proposals go; and samples are drawn from proposals of a far tail alone.
#include <algorithm>
#include <cmath>

#include "samebits/core/samplers.hpp"
#include "tests/statistics/curand_uniforms.hpp"
#include "tests/statistics/distribution_laws.hpp"
#include "tests/statistics/distribution_report.hpp"

namespace samebits::tests {
namespace {

using real = long double;

constexpr real exact_pi = 3.14159265358979323846264338327950288L;

/// Words at both ends and in the middle, near all powers of two, and random ones.
template <class Word>
std::vector<Word> chosen_words() {
  std::vector<Word> words;
  const auto add = [&](Word w) {
    for (const Word near : {w, static_cast<Word>(w + 1), static_cast<Word>(w - 1)}) {
      words.push_back(near);
      words.push_back(static_cast<Word>(~near));
    }
  };
  const int n_bits = static_cast<int>(8 * sizeof(Word));
  for (int k = 0; k < n_bits; ++k) {
    add(static_cast<Word>(Word{1} << k));
    add(static_cast<Word>(Word{3} << k));
    add(static_cast<Word>((Word{1} << (n_bits - 1)) + (Word{1} << k)));
  }
  std::vector<std::uint64_t> random(100'000);
  fill(shared_context(), dist::words64{}, statistics_root.child("chosen words"), 0, random);
  for (std::size_t i = 0; i < random.size(); ++i) {
    words.push_back(static_cast<Word>(random[i]));
    words.push_back(static_cast<Word>(static_cast<Word>(random[i]) >> i % n_bits));  // both tails
    words.push_back(static_cast<Word>(~(static_cast<Word>(random[i]) >> i % n_bits)));
  }
  return words;
}

template <class T>
std::vector<core::bits_t<T>> words_for() {
  return chosen_words<core::bits_t<T>>();
}

template <class T>
constexpr bool is_float = std::is_same_v<T, float>;

// ---- the uniforms in exact arithmetic ----------------------------------------------------------------------------

/// A uniform and 1 minus it, both exact.
struct both {
  real u;
  real complement;
};

/// The uniform in (0, 1] of exponential(), the one in (0, 1) of positive_exponential(): the same in float.
template <class T>
both positive_uniform(core::bits_t<T> word) {
  if constexpr (is_float<T>) {
    return {(word + 0.5L) * 0x1p-32L, (static_cast<std::uint32_t>(~word) + 0.5L) * 0x1p-32L};
  } else {
    const std::uint64_t w = word >> 11;
    return {(static_cast<real>(w) + 1) * 0x1p-53L, static_cast<real>(0x1fffffffffffff - w) * 0x1p-53L};
  }
}
template <class T>
both open_uniform(core::bits_t<T> word) {
  if constexpr (is_float<T>) {
    return positive_uniform<T>(word);
  } else {
    const std::uint64_t w = word >> 12;
    return {(static_cast<real>(w) + 0.5L) * 0x1p-52L, (static_cast<real>(0xfffffffffffff - w) + 0.5L) * 0x1p-52L};
  }
}

real minus_log(const both& x) { return x.u < 0.5L ? -std::log(x.u) : -std::log1p(-x.complement); }

/// sin and cos of pi x for |x| <= 2, exact multiples of 1/2 taken out.
void exact_sincospi(real x, real& s, real& c) {
  const real n = std::floor(2 * x + 0.5L);
  const real r = (x - n / 2) * exact_pi;
  const real sine[] = {std::sin(r), std::cos(r), -std::sin(r), -std::cos(r)};
  const int quarter = static_cast<int>(n + 8) % 4;
  s = sine[quarter];
  c = sine[(quarter + 1) % 4];
}

// ---- one word, one sample ----------------------------------------------------------------------------------------

/// The largest error of sampler.one(word) against exact(word), in ulps of the exact result plus `absolute` machine
/// epsilons, where the formula adds numbers of size 1.
template <class T, class Sampler, class Exact>
double worst_error(const Sampler& sampler, const Exact& exact, double absolute = 0) {
  double worst = 0;
  for (const auto word : words_for<T>()) {
    const auto x = static_cast<real>(sampler.template one<T>(word));
    const real expected = exact(word);
    const double unit =
        ulp<T>(static_cast<double>(expected)) + absolute * static_cast<double>(std::numeric_limits<T>::epsilon());
    const double error = static_cast<double>(std::fabs(x - expected)) / unit;
    if (!(error <= worst)) worst = error;
  }
  return worst;
}

template <class T>
void note_error(const std::string& name, double error, double allowed) {
  EXPECT_LE(error, allowed) << name;
  char text[96];
  std::snprintf(text, sizeof text, ": %.2f, allowed %.2f", error, allowed);
  distribution_report::get().note("- error of " + name + (is_float<T> ? " float" : "") + " against its quantile, ulp" +
                                  text);
}

std::string short_text(double v) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", v);
  return text;
}

template <class T>
class formulas : public testing::Test {};

class type_names {
 public:
  template <class T>
  static std::string GetName(int) {
    return is_float<T> ? "float" : "double";
  }
};

using sample_types = testing::Types<double, float>;
TYPED_TEST_SUITE(formulas, sample_types, type_names);

TYPED_TEST(formulas, of_the_exponential_is_its_quantile) {
  using T = TypeParam;
  const auto exact = [](auto word) { return minus_log(positive_uniform<T>(word)); };
  // In float, u has 24 bits where log(u) is near -1/3.
  note_error<T>("exponential", worst_error<T>(core::exponential_sampler<T>(1), exact), is_float<T> ? 2.5 : 1);
}

TYPED_TEST(formulas, of_cauchy_is_its_quantile) {
  using T = TypeParam;
  const auto exact = [](auto word) {
    real s;
    real c;
    exact_sincospi(open_uniform<T>(word).u - (is_float<T> ? 0.25L : 0.5L), s, c);  // either way, half a turn
    return s / c;
  };
  note_error<T>("cauchy", worst_error<T>(core::cauchy_sampler<T>(0, 1), exact), 3);
}

TYPED_TEST(formulas, of_laplace_is_an_exponential_with_a_sign) {
  using T = TypeParam;
  using U = core::bits_t<T>;
  const auto exact = [](U word) {
    const bool is_negative = is_float<T> ? (word >> 31 & 1) != 0 : (word & 1) != 0;
    const real x = minus_log(positive_uniform<T>(is_float<T> ? static_cast<U>(word << 1 | 1) : word));
    return is_negative ? -x : x;
  };
  note_error<T>("laplace", worst_error<T>(core::laplace_sampler<T>(0, 1), exact), is_float<T> ? 2.5 : 1);
}

TYPED_TEST(formulas, of_the_logistic_is_its_quantile) {
  using T = TypeParam;
  const auto exact = [](auto word) {
    const both x = open_uniform<T>(word);
    const real excess = (x.u - x.complement) / x.complement;
    return std::fabs(excess) < 0.5L ? std::log1p(excess) : std::log(x.u) - std::log(x.complement);
  };
  note_error<T>("logistic", worst_error<T>(core::logistic_sampler<T>(0, 1), exact, 1), 1.5);
}

TYPED_TEST(formulas, of_gumbel_is_its_quantile) {
  using T = TypeParam;
  const auto exact = [](auto word) { return -std::log(minus_log(open_uniform<T>(word))); };
  note_error<T>("gumbel", worst_error<T>(core::gumbel_sampler<T>(0, 1), exact, 1), 1.5);
}

/// The largest error of exp(argument(word)), in epsilons times the size of the argument and of its own error.
template <class T, class Sampler, class Argument>
double worst_power_error(const Sampler& sampler, double inverse_shape, const Argument& argument) {
  const double smallest = std::log(static_cast<double>(std::numeric_limits<T>::min())) + 1;
  double worst = 0;
  for (const auto word : words_for<T>()) {
    const real x = argument(word) * inverse_shape;
    const auto sample = static_cast<real>(sampler.template one<T>(word));
    if (x < smallest) {
      EXPECT_LE(sample, 4 * static_cast<real>(std::numeric_limits<T>::min()));
      continue;
    }
    const real unit = (1 + std::fabs(x) + inverse_shape) * std::numeric_limits<T>::epsilon();
    worst = std::max(worst, static_cast<double>(std::fabs(sample / std::exp(x) - 1) / unit));
  }
  return worst;
}

TYPED_TEST(formulas, of_weibull_is_its_quantile) {
  using T = TypeParam;
  for (const double shape : {0.25, 1.0, 8.0}) {
    const auto argument = [](auto word) { return std::log(minus_log(open_uniform<T>(word))); };
    const double error = worst_power_error<T>(core::weibull_sampler<T>(shape, 1), 1 / shape, argument);
    note_error<T>("weibull " + short_text(shape) + " (in units of its logarithm)", error, 1.5);
  }
}

TYPED_TEST(formulas, of_pareto_is_its_quantile) {
  using T = TypeParam;
  for (const double shape : {0.5, 4.0}) {
    const auto argument = [](auto word) { return minus_log(positive_uniform<T>(word)); };
    const double error = worst_power_error<T>(core::pareto_sampler<T>(shape, 1), 1 / shape, argument);
    note_error<T>("pareto " + short_text(shape) + " (in units of its logarithm)", error, 1.5);
  }
}

/// Box and Muller's pairs in exact arithmetic.
TYPED_TEST(formulas, of_normals_are_those_of_box_and_muller) {
  using T = TypeParam;
  using U = core::bits_t<T>;
  const std::vector<U> words = words_for<T>();
  double worst = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const U word_1 = words[(i * 7919 + i / 1000) % words.size()];
    T z[2];
    core::normal_pair<T>(words[i], word_1, z);
    real turn;  // in units of pi
    if constexpr (is_float<T>) {
      const std::uint32_t in_quadrant = word_1 << 2 | 2;
      turn = static_cast<real>(word_1 >> 30) / 2 + (static_cast<real>(in_quadrant) - 0x1p31L) * 0x1p-33L;
    } else {
      turn = static_cast<real>(word_1 >> 11) * 0x1p-52L;
    }
    real exact[2];
    exact_sincospi(turn, exact[1], exact[0]);
    const real radius = std::sqrt(2 * minus_log(positive_uniform<T>(words[i])));
    for (int j = 0; j < 2; ++j) {
      const auto expected = static_cast<double>(radius * exact[j]);
      const double error = static_cast<double>(std::fabs(static_cast<real>(z[j]) - radius * exact[j]));
      if (error > 0) worst = std::max(worst, error / ulp<T>(expected));
    }
  }
  note_error<T>("normal pairs", worst, 3);
}

TYPED_TEST(formulas, reach_as_far_as_documented) {
  using T = TypeParam;
  using U = core::bits_t<T>;
  const U ones = static_cast<U>(~U{0});
  const double u = is_float<T> ? 0x1p-33 : 0x1p-53;
  T z[2];
  core::normal_pair<T>(0, 0, z);

  EXPECT_NEAR(std::hypot(z[0], z[1]), std::sqrt(-2 * std::log(u)), 1e-5);
  EXPECT_NEAR(core::exponential_sampler<T>(1).template one<T>(U{0}), -std::log(u), 1e-5);
  EXPECT_NEAR(core::gumbel_sampler<T>(0, 1).template one<T>(U{0}), -std::log(-std::log(u)), 1e-5);
  EXPECT_NEAR(core::gumbel_sampler<T>(0, 1).template one<T>(ones), -std::log(u), 1e-5);
  EXPECT_NEAR(core::logistic_sampler<T>(0, 1).template one<T>(U{0}), std::log(u), 1e-5);
  EXPECT_NEAR(core::logistic_sampler<T>(0, 1).template one<T>(ones), -std::log(u), 1e-5);
  EXPECT_EQ(core::exponential_sampler<T>(1).template one<T>(ones), is_float<T> ? T(0x1p-33) : T(0));
}

TYPED_TEST(formulas, of_uniforms_keep_their_intervals) {
  using T = TypeParam;
  const T below_1 = std::nextafter(T(1), T(0));
  const T least = is_float<T> ? T(0x1p-24) : T(0x1p-53);
  for (const auto word : words_for<T>()) {
    const T u = core::uniform_sampler<T>(0, 1).template one<T>(word);
    ASSERT_TRUE(u >= 0 && u <= below_1) << word;
    const T positive = core::uniform_positive_sampler<T>().template one<T>(word);
    ASSERT_TRUE(positive >= least && positive <= 1) << word;
    const T open = core::uniform_open_sampler<T>().template one<T>(word);
    ASSERT_TRUE(open >= least && open <= below_1) << word;
    const T curand = core::uniform_curand_sampler<T>().template one<T>(word);
    ASSERT_TRUE(curand > 0 && curand <= 1) << word;
  }
}

TYPED_TEST(formulas, of_uniforms_between_any_bounds_keep_them) {
  using T = TypeParam;
  constexpr T huge = std::numeric_limits<T>::max() / 2;
  constexpr T tiny = std::numeric_limits<T>::denorm_min();
  const std::pair<T, T> bounds[] = {{-3, 5},
                                    {1, std::nextafter(T(1), T(2))},
                                    {std::nextafter(T(1), T(0)), 1},
                                    {-huge, huge},
                                    {0, tiny},
                                    {-tiny, 0},
                                    {-tiny, tiny},
                                    {T(0.1), T(0.3)},
                                    {T(1e10), T(1e10) + 4096},
                                    {-1, 0},
                                    {T(-1e-30), 1},
                                    {7, 7},
                                    {0, 0}};
  for (const auto& [low, high] : bounds) {
    const core::uniform_sampler<T> sampler(static_cast<double>(low), static_cast<double>(high));
    for (const auto word : words_for<T>()) {
      const T x = sampler.template one<T>(word);
      ASSERT_TRUE(x >= low && (x < high || (low == high && x == low))) << low << " " << high << " " << x;
    }
  }
}

// ---- acceptance probabilities ------------------------------------------------------------------------------------

/// A word for which exponential() is 0: then a score is the logarithm of the acceptance probability.
constexpr std::uint64_t no_exponential = ~std::uint64_t{0};

/// (1 + t) log(1 + t) - t, accurate near 0.
real exact_entropy_term(real t) {
  if (std::fabs(t) > 0.05L) return t == -1 ? 1 : (1 + t) * std::log1p(t) - t;
  real sum = 0;
  for (int j = 16; j >= 2; --j) sum = sum * -t + 1.0L / (static_cast<real>(j) * (j - 1));
  return t * t * sum;
}

/// log k! - log(sqrt(2 pi k) (k / e)^k).
real exact_stirling_error(real k) {
  if (k < 100) return std::lgamma(k + 1) - ((k + 0.5L) * std::log(k) - k + std::log(2 * exact_pi) / 2);
  const real w = 1 / (k * k);
  return (1.0L / 12 - w * (1.0L / 360 - w * (1.0L / 1260 - w / 1680))) / k;
}

real exact_log_poisson(real k, real mean) {
  if (k == 0) return -mean;
  return -exact_stirling_error(k) - mean * exact_entropy_term((k - mean) / mean) - std::log(2 * exact_pi * k) / 2;
}

real exact_log_binomial(real k, real n, real p) {
  const real q = 1 - p;
  if (k == 0) return n * std::log1p(-p);
  if (k == n) return n * std::log(p);
  const real m = n * p;
  return exact_stirling_error(n) - exact_stirling_error(k) - exact_stirling_error(n - k) -
         m * exact_entropy_term((k - m) / m) - n * q * exact_entropy_term((m - k) / (n * q)) -
         std::log(2 * exact_pi * k * ((n - k) / n)) / 2;
}

/// The largest error of a score, relative to 1 + |score|, where the hat is Hoermann's in exact arithmetic.
template <class Sampler, class LogMass>
double score_error(const Sampler& sampler, double n, const LogMass& log_mass) {
  double worst = 0;
  for (const std::uint64_t word : words_for<double>()) {
    double score;
    const double k = sampler.template attempt<double>(word, no_exponential, score);
    const real u = open_uniform<double>(word).u - 0.5L;
    const real s = 0.5L - std::fabs(u);
    const real proposed = std::floor((2 * sampler.hat.a / s + sampler.hat.b) * u + sampler.hat.centre);
    if (proposed < 0 || proposed > n) {
      EXPECT_LT(score, 0) << "accepts a value outside the support: " << static_cast<double>(proposed);
      continue;
    }
    if (k > 0x1p50) continue;                          // far beyond anything that is ever accepted, and cut there
    EXPECT_NEAR(k, static_cast<double>(proposed), 1);  // where the proposal rounds to an integer
    const real expected = log_mass(k) - sampler.hat.log_height + std::log(sampler.hat.a / (s * s) + sampler.hat.b);
    const double error = static_cast<double>(std::fabs(score - expected) / (1 + std::fabs(expected)));
    if (!(error <= worst)) worst = error;
  }
  return worst;
}

/// Means from which counts are rejected and accepted, close together where the hat is tightest.
std::vector<double> many_means() {
  std::vector<double> means;
  for (double mean = 10; mean < 40; mean += 0.05) means.push_back(mean);
  for (double mean = 40; mean < 1e5; mean *= 1.1) means.push_back(mean);
  return means;
}

/// The largest logarithm of an acceptance probability, over words evenly spread.
template <class Sampler, class LogMass>
double largest_acceptance(const Sampler& sampler, const LogMass& log_mass) {
  double largest = -infinity;
  for (int i = 0; i < 4000; ++i) {
    const double u = (i + 0.5) / 4000 - 0.5;
    const double s = 0.5 - std::fabs(u);
    const double height = sampler.hat.a / (s * s) + sampler.hat.b;
    const double k = std::floor((2 * sampler.hat.a / s + sampler.hat.b) * u + sampler.hat.centre);
    if (k >= 0) largest = std::max(largest, log_mass(k) - sampler.hat.log_height + std::log(height));
  }
  return largest;
}

TEST(acceptance, of_poisson_counts_is_the_ratio_of_masses) {
  for (const double mean : {10.0, 10.3, 12.7, 20.0, 33.3, 100.0, 1234.5, 1e5, 1e7, 1e9, 1e12, 0x1p50}) {
    const auto exact = [=](double k) { return exact_log_poisson(k, mean); };

    EXPECT_LE(score_error(core::poisson_sampler(mean), infinity, exact), 1e-14) << mean;
  }
}

TEST(acceptance, of_poisson_counts_is_never_cut_at_1) {
  std::pair<double, double> worst = {-infinity, 0};
  for (const double mean : many_means()) {
    const auto mass = [=](double k) { return k * std::log(mean) - mean - std::lgamma(k + 1); };
    worst = std::max(worst, {largest_acceptance(core::poisson_sampler(mean), mass), mean});
  }
  EXPECT_LE(worst.first, 0) << "the hat is too low, most so for mean " << worst.second;
}

TEST(acceptance, of_binomial_counts_is_the_ratio_of_masses) {
  for (const auto& [n, p] : {std::pair{20.0, 0.5},
                             {21.0, 0.49},
                             {40.0, 0.25},
                             {100.0, 0.1},
                             {1000.0, 0.0101},
                             {1000.0, 0.3},
                             {1e6, 0.5},
                             {1e6, 1.1e-5},
                             {1e9, 0.01},
                             {1e12, 0.2},
                             {0x1p50, 1e-14},
                             {0x1p50, 1e-6},
                             {0x1p50, 0.5}}) {
    const auto exact = [n = n, p = p](double k) { return exact_log_binomial(k, n, p); };
    // 1 - p and n (1 - p) are rounded, which moves the mean by 2^-53 of itself.
    const double allowed = 1e-14 + 0x1p-53 * std::sqrt(n);

    EXPECT_LE(score_error(core::binomial_sampler(n, p), n, exact), allowed) << n << " " << p;
  }
}

TEST(acceptance, of_binomial_counts_is_never_cut_at_1) {
  std::pair<double, double> worst = {-infinity, 0};
  for (const double p : {1e-3, 0.1, 0.2, 0.3, 0.4, 0.45, 0.5}) {
    for (const double mean : many_means()) {
      const double n = std::ceil(mean / p);
      const auto mass = [=](double k) {
        if (k > n) return -infinity;
        return std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) + k * std::log(p) +
               (n - k) * std::log1p(-p);
      };
      if (n * p >= 10) worst = std::max(worst, {largest_acceptance(core::binomial_sampler(n, p), mass), n});
    }
  }
  EXPECT_LE(worst.first, 0) << "the hat is too low, most so for n " << worst.second;
}

TEST(acceptance, of_gammas_is_the_ratio_of_densities) {
  for (const double shape : {0.01, 0.999, 1.0, 1.5, 3.0, 100.0, 1e6, 1e12, 1e15}) {
    const core::gamma_proposal proposal(shape);
    double worst = 0;
    double largest = -infinity;
    for (const std::uint64_t word : words_for<double>()) {
      double score;
      const real w = proposal.attempt<double>(word, no_exponential, score);
      const real z = w / proposal.c;
      if (score == -1 && w <= -0x1.fffffffffep-1) continue;  // below 0, or all but
      // Marsaglia and Tsang: z^2 / 2 + d - d v + d log v with v = (1 + w)^3.
      real rest;  // (log1p(w) - w) 3 - 3 w^2 - w^3
      if (std::fabs(w) < 0.03L) {
        rest = 0;
        for (int j = 20; j >= 3; --j) rest = rest * -w + 1.0L / j;
        rest = 3 * (rest * w * w * w - w * w / 2);
      } else {
        rest = 3 * (std::log1p(w) - w);
      }
      const real expected = z * z / 2 + proposal.d * (rest - 3 * w * w - w * w * w);
      const real scale = 1 + z * z;
      worst = std::max(worst, static_cast<double>(std::fabs(score - expected) / scale));
      largest = std::max(largest, static_cast<double>(expected / scale));
    }
    EXPECT_LE(worst, 1e-14) << shape;
    EXPECT_LE(largest, 1e-14) << shape;
  }
}

TEST(acceptance, of_von_mises_angles_is_the_ratio_of_densities) {
  for (const double concentration : {1e-300, 1e-6, 0.5, 4.0, 1e3, 1e9, 1e150}) {
    const core::von_mises_proposal proposal(concentration);
    // The ratio of densities is that of c exp(1 - c) only if the two constants belong together.
    const real s = proposal.tangent_scale;
    const real least = proposal.least;
    EXPECT_NEAR(static_cast<double>(least / (2 * static_cast<real>(concentration) + least) / (s * s)), 1, 1e-14)
        << concentration;
    double worst = 0;
    for (const std::uint64_t word : words_for<double>()) {
      double score;
      const real t = proposal.attempt<double>(word, no_exponential, score);
      const real c = 2 * static_cast<real>(concentration) * (t * t / (1 + t * t)) + least;
      const real expected = std::log(c) + 1 - c;
      worst = std::max(worst, static_cast<double>(std::fabs(score - expected) / (1 + c)));
      EXPECT_LE(score, 1e-15);
    }
    EXPECT_LE(worst, 1e-15) << concentration;
  }
}

// ---- samples of a far tail ---------------------------------------------------------------------------------------

/// Accepted proposals whose first word has `n_bits` leading zeros, or ones.
template <class Proposal>
std::vector<double> tail_samples(const Proposal& proposal, int n_bits, bool upper, const std::string& name) {
  std::vector<std::uint64_t> words(2'000'000);
  fill(shared_context(), dist::words64{}, statistics_root.child(name).child(upper), 0, words);
  std::vector<double> accepted;
  for (std::size_t i = 0; i < words.size() && accepted.size() < 50'000; i += 2) {
    const std::uint64_t word = words[i] >> n_bits;
    double score;
    const double x = proposal.template attempt<double>(upper ? ~word : word, words[i + 1], score);
    if (score >= 0) accepted.push_back(x);
  }
  return accepted;
}

/// The samples are those of the law, given that they lie beyond x.
void expect_tail(const std::string& name, const std::vector<double>& samples, const law& expected, double x,
                 bool upper) {
  const double mass = upper ? expected.above(x) : expected.below(x);
  std::vector<double> conditional;
  for (const double v : samples) {
    const double p = (upper ? expected.above(v) : expected.below(v)) / mass;
    EXPECT_LE(p, 1 + 1e-9) << name << ": " << v;
    conditional.push_back(p);
  }
  ASSERT_GT(samples.size(), 1000) << name;
  const auto n = static_cast<double>(samples.size());
  char text[96];
  std::snprintf(text, sizeof text, ": %zu samples beyond a tail of %.1e", samples.size(), mass);
  distribution_report::get().note("- " + name + text);
  expect_no_rejection(name, 0, {{"tail shapes", "far tail", n, uniformity_tails(conditional)}});
}

TEST(far_tails, of_gammas_follow_their_law) {
  for (const double shape : {1.0, 2.5, 100.0, 1e6}) {
    const core::gamma_proposal proposal(shape);
    const law expected = gamma_law(shape, 1);
    const auto variate = [&](double w) { return static_cast<double>(proposal.d * std::pow(1 + real{w}, 3)); };
    for (const bool upper : {false, true}) {
      for (const int n_bits : {15, 30}) {
        const std::string name =
            "gamma " + short_text(shape) + (upper ? " upper " : " lower ") + std::to_string(n_bits);
        std::vector<double> samples = tail_samples(proposal, n_bits, upper, name);
        for (double& w : samples) w = variate(w);
        const double z = bm::quantile(bm::normal_distribution<double, quiet>(), std::ldexp(1.0, -n_bits));
        const double w = (upper ? -z : z) * proposal.c;
        if (w <= -1) continue;
        expect_tail(name, samples, expected, variate(w), upper);
      }
    }
  }
}

TEST(far_tails, of_von_mises_angles_follow_their_law) {
  for (const double concentration : {0.5, 4.0, 100.0}) {
    const core::von_mises_proposal proposal(concentration);
    const law expected = von_mises_law(0, concentration, pi);
    for (const bool upper : {false, true}) {
      const int n_bits = concentration > 50 ? 3 : 5;
      const std::string name = "von_mises " + short_text(concentration) + (upper ? " upper" : " lower");
      std::vector<double> samples = tail_samples(proposal, n_bits, upper, name);
      for (double& t : samples) t = 2 * std::atan(t);
      const double t = std::tan(pi * (std::ldexp(1.0, -n_bits) - 0.5)) * proposal.tangent_scale;
      expect_tail(name, samples, expected, 2 * std::atan(upper ? -t : t), upper);
    }
  }
}

TEST(far_tails, of_truncated_normals_follow_their_law) {
  for (const auto& [low, n_bits] : {std::pair{0.0, 5}, {2.0, 8}, {8.0, 20}, {1e4, 20}}) {
    const core::truncated_normal_proposal proposal = core::truncated_normal_sampler(0, 1, low, infinity).proposal;
    const std::string name = "truncated_normal " + short_text(low);
    const std::vector<double> samples = tail_samples(proposal, n_bits, false, name);  // small uniforms: long distances
    expect_tail(name, samples, normal_tail_law(low, infinity), n_bits * std::log(2.0) / proposal.rate, true);
  }
}

#if defined(SAMEBITS_TEST_HAS_CURAND)

// ---- cuRAND's uniforms -------------------------------------------------------------------------------------------

TEST(uniform_curand, has_the_bits_of_curand_uniform) {
  const stream_id id = statistics_root.child("curand");
  std::vector<float> filled(1'000'000);
  fill(shared_context(), dist::uniform_curand{}, id, 0, filled);

  EXPECT_EQ(filled, curand_uniforms(id.seed, id.task, filled.size()));
}

TEST(uniform_curand, has_the_bits_of_curand_uniform2_double) {
  const stream_id id = statistics_root.child("curand");
  std::vector<double> filled(1'000'000);
  fill(shared_context(), dist::uniform_curand{}, id, 0, filled);

  EXPECT_EQ(filled, curand_uniforms_double(id.seed, id.task, filled.size()));
}

#endif

}  // namespace
}  // namespace samebits::tests
