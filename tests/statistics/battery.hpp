// A battery of statistical tests for sequences of 32-bit words.
//
// Each test is a function from words to a p-value: the probability, under the hypothesis of independent uniform words,
// of a statistic at least as large as the one seen. Values near 0 and near 1 are both evidence against the words.
//
//   Knuth            The Art of Computer Programming, volume 2, 3rd edition, section 3.3.2, tests A to K
//   Marsaglia, Tsay  Matrices and the structure of random number sequences, Linear Algebra Appl. 67, 1985
//   Marsaglia, Tsang Some difficult-to-pass tests of randomness, J. Stat. Softw. 7(3), 2002
//   L'Ecuyer, Simard TestU01: a C library for empirical testing of random number generators, ACM TOMS 33(4), 2007
//   Blackman, Vigna  Scrambled linear pseudorandom number generators, ACM TOMS 47(4), 2021, and
//                    A new test for Hamming-weight dependencies, ACM TOMACS 32(3), 2022
#pragma once

#include <algorithm>
#include <array>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/poisson.hpp>
#include <cmath>
#include <cstdint>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace samebits::tests {

using word_span = std::span<const std::uint32_t>;

// ---- reference distributions -------------------------------------------------------------------------------------

// Further than this many standard deviations from the mean a p-value is 0 or 1 for every purpose, and some of Boost's
// series overflow.
inline constexpr double far_out = 40;

inline double normal_p_value(double z) {
  if (!(std::fabs(z) < far_out)) return z < 0 ? 1 : 0;
  return boost::math::cdf(boost::math::complement(boost::math::normal(), z));
}

inline double chi_square_p_value(double statistic, double degrees) {
  const double z = (statistic - degrees) / std::sqrt(2 * degrees);
  if (!(std::fabs(z) < far_out)) return z < 0 ? 1 : 0;
  return boost::math::cdf(boost::math::complement(boost::math::chi_squared(degrees), statistic));
}

/// P(X > count) + P(X = count) / 2: without the half, the p-values of few large steps would not look uniform.
inline double poisson_p_value(double count, double mean) {
  const double z = (count - mean) / std::sqrt(mean);
  if (!(std::fabs(z) < far_out)) return z < 0 ? 1 : 0;
  const boost::math::poisson law(mean);
  return boost::math::cdf(boost::math::complement(law, count)) + boost::math::pdf(law, count) / 2;
}

/// Pearson's test (Knuth 3.3.1 B): the counts of cells against their probabilities, which sum to 1.
template <class Count>
double pearson_p_value(const std::vector<Count>& counts, const std::vector<double>& probabilities) {
  double n = 0;
  for (const Count count : counts) n += static_cast<double>(count);
  double statistic = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double expected = n * probabilities[i];
    const double excess = static_cast<double>(counts[i]) - expected;
    statistic += excess * excess / expected;
  }
  return chi_square_p_value(statistic, static_cast<double>(counts.size() - 1));
}

/// The same for equally likely cells.
template <class Count>
double pearson_p_value(const std::vector<Count>& counts) {
  return pearson_p_value(counts, std::vector<double>(counts.size(), 1.0 / static_cast<double>(counts.size())));
}

/// Kolmogorov and Smirnov's test of uniformity, with Stephens' correction for finite n (J. R. Stat. Soc. B 32, 1970).
inline double uniformity_p_value(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const double n = static_cast<double>(values.size());
  double distance = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double rank = static_cast<double>(i);
    distance = std::max({distance, (rank + 1) / n - values[i], values[i] - rank / n});
  }
  const double x = (std::sqrt(n) + 0.12 + 0.11 / std::sqrt(n)) * distance;
  if (x < 0.2) return 1;  // where the series converges slowly; off by less than 1e-12
  double p = 0;
  for (int k = 1; k <= 40; ++k) p += (k % 2 == 1 ? 2 : -2) * std::exp(-2.0 * k * k * x * x);
  return std::clamp(p, 0.0, 1.0);
}

// ---- bits --------------------------------------------------------------------------------------------------------

/// The number of ones in every byte; for tests, which are built for machines without an instruction for it too.
template <class U>
constexpr U ones_of_bytes(U u) {
  u -= (u >> 1) & static_cast<U>(0x5555555555555555);
  u = (u & static_cast<U>(0x3333333333333333)) + ((u >> 2) & static_cast<U>(0x3333333333333333));
  return (u + (u >> 4)) & static_cast<U>(0x0f0f0f0f0f0f0f0f);
}

/// The Hamming weight of a word.
constexpr int weight_of(std::uint32_t u) { return static_cast<int>(ones_of_bytes(u) * 0x01010101u >> 24); }

/// C(32, weight) / 2^32.
inline double weight_probability(int weight) {
  double p = 0x1p-32;
  for (int i = 0; i < weight; ++i) p = p * (32 - i) / (i + 1);
  return p;
}

/// How often each bit position of a[t] ^ b[t] is 1.
inline std::array<std::uint64_t, 32> count_differences(word_span a, word_span b) {
  constexpr std::size_t block = 252;  // as many as four counters in one word can take, and a multiple of SIMD widths
  std::array<std::uint64_t, 32> counts = {};
  std::size_t begin = 0;
  for (; begin + block <= a.size(); begin += block) {
    for (std::size_t shift = 0; shift < 8; ++shift) {
      std::uint32_t bytes = 0;  // counters of the bits shift, shift + 8, shift + 16, shift + 24
      for (std::size_t t = begin; t < begin + block; ++t) bytes += (a[t] ^ b[t]) >> shift & 0x01010101;
      for (std::size_t byte = 0; byte < 4; ++byte) counts[shift + 8 * byte] += bytes >> 8 * byte & 0xff;
    }
  }
  for (; begin < a.size(); ++begin) {
    for (std::size_t i = 0; i < 32; ++i) counts[i] += (a[begin] ^ b[begin]) >> i & 1;
  }
  return counts;
}

/// The sum over counts of n fair coins each of their squared standard scores: chi-squared.
inline double fair_coins_p_value(std::span<const std::uint64_t> counts, double n) {
  double statistic = 0;
  for (const std::uint64_t count : counts) {
    const double excess = static_cast<double>(count) - n / 2;
    statistic += excess * excess / (n / 4);
  }
  return chi_square_p_value(statistic, static_cast<double>(counts.size()));
}

/// Transposes a 32 x 32 matrix of bits by halving (Hacker's Delight, 2nd edition, section 7-3).
inline void transpose(std::uint32_t (&rows)[32]) {
  std::uint32_t mask = 0x0000ffff;
  for (int width = 16; width > 0; width /= 2, mask ^= mask << width) {
    for (int i = 0; i < 32; i = (i + width + 1) & ~width) {
      const std::uint32_t swapped = (rows[i] >> width ^ rows[i + width]) & mask;
      rows[i] ^= swapped << width;
      rows[i + width] ^= swapped;
    }
  }
}

// ---- frequency ---------------------------------------------------------------------------------------------------

/// Every bit position is a fair coin (the frequency test of NIST SP 800-22, position by position).
inline double bit_frequency(word_span words) {
  const std::vector<std::uint32_t> zeros(words.size());
  return fair_coins_p_value(count_differences(words, zeros), static_cast<double>(words.size()));
}

/// Equidistribution (Knuth A) of the 16 bits from bit `shift`.
inline double equidistribution(word_span words, int shift) {
  std::vector<std::uint32_t> counts(1 << 16);
  for (const std::uint32_t word : words) ++counts[word >> shift & 0xffff];
  return pearson_p_value(counts);
}

/// The serial test (Knuth B): pairs of the 8 bits from bit `shift` of successive words, which do not overlap.
inline double serial_pairs(word_span words, int shift) {
  std::vector<std::uint32_t> counts(1 << 16);
  for (std::size_t t = 0; t + 1 < words.size(); t += 2) {
    ++counts[(words[t] >> shift & 0xff) << 8 | (words[t + 1] >> shift & 0xff)];
  }
  return pearson_p_value(counts);
}

// ---- gaps --------------------------------------------------------------------------------------------------------

/// The gap test (Knuth D): the number of words between those whose `bits` bits from bit `shift` are 0 is geometric.
inline double gap(word_span words, int shift, int bits) {
  const double hit = std::ldexp(1.0, -bits);
  // A fixed number of gaps, which independent words fall short of with probability below 1e-40.
  const double n_hits = static_cast<double>(words.size()) * hit;
  const auto n_gaps = static_cast<std::uint64_t>(n_hits - 14 * std::sqrt(n_hits));
  // One cell per length while a cell expects 16 gaps or more, and one for the rest.
  std::vector<double> probabilities;
  double rest = 1;
  while (rest * hit * static_cast<double>(n_gaps) >= 16) {
    probabilities.push_back(rest * hit);
    rest *= 1 - hit;
  }
  if (probabilities.empty()) throw std::invalid_argument("gap: too few words");
  probabilities.push_back(rest);

  std::vector<std::uint64_t> counts(probabilities.size());
  const std::uint32_t mask = ((1u << bits) - 1) << shift;
  std::size_t length = 0;
  std::uint64_t found = 0;
  for (std::size_t t = 0; t < words.size() && found < n_gaps; ++t) {
    if ((words[t] & mask) != 0) {
      ++length;
    } else {
      ++counts[std::min(length, counts.size() - 1)];
      ++found;
      length = 0;
    }
  }
  return found < n_gaps ? 0 : pearson_p_value(counts, probabilities);
}

// ---- birthday spacings -------------------------------------------------------------------------------------------

/// Sorts numbers below 2^bits by their digits of 12 bits.
inline void radix_sort(std::vector<std::uint64_t>& numbers, int bits) {
  std::vector<std::uint64_t> sorted(numbers.size());
  for (int shift = 0; shift < bits; shift += 12) {
    std::array<std::uint32_t, 4097> begins = {};
    for (const std::uint64_t number : numbers) ++begins[(number >> shift & 0xfff) + 1];
    for (std::size_t i = 1; i < begins.size(); ++i) begins[i] += begins[i - 1];
    for (const std::uint64_t number : numbers) sorted[begins[number >> shift & 0xfff]++] = number;
    numbers.swap(sorted);
  }
}

/// How many of the spacings of birthdays in a year of 2^bits days equal another one. Overwrites the birthdays.
inline double equal_spacings(std::vector<std::uint64_t>& birthdays, int bits) {
  radix_sort(birthdays, bits);
  for (std::size_t i = birthdays.size() - 1; i > 0; --i) birthdays[i] -= birthdays[i - 1];
  radix_sort(birthdays, bits);
  int n_equal = 0;
  for (std::size_t i = 1; i < birthdays.size(); ++i) n_equal += birthdays[i] == birthdays[i - 1];
  return n_equal;
}

/// Birthday spacings (Marsaglia, Tsang): among m birthdays in n days, the number of equal spacings is Poisson. Its mean
/// m^3 / 4n with the next terms, for the sum over many years: m - 1 instead of one m, and less one for each triple.
inline double birthday_p_value(double n_equal, double n_years, double m, int bits) {
  const double n = std::ldexp(1.0, bits);
  const double mean = m * m * (m - 1) / (4 * n) - std::pow(m, 5) / (18 * n * n);
  return poisson_p_value(n_equal, n_years * mean);
}

/// Their own example: years of 2^32 days with 4096 birthdays, one a word.
inline double birthday_spacings(word_span words) {
  const std::size_t m = 4096;
  double n_equal = 0;
  double n_years = 0;
  for (; words.size() >= m; words = words.subspan(m), ++n_years) {
    std::vector<std::uint64_t> birthdays(words.begin(), words.begin() + m);
    n_equal += equal_spacings(birthdays, 32);
  }
  return birthday_p_value(n_equal, n_years, static_cast<double>(m), 32);
}

/// Years of 2^48 days with 2^17 birthdays, each the 24 bits from bit `shift` of two successive words.
inline double birthday_spacings_of_pairs(word_span words, int shift) {
  const std::size_t m = 1 << 17;
  double n_equal = 0;
  double n_years = 0;
  std::vector<std::uint64_t> birthdays(m);
  for (; words.size() >= 2 * m; words = words.subspan(2 * m), ++n_years) {
    for (std::size_t i = 0; i < m; ++i) {
      const std::uint64_t high = words[2 * i] >> shift & 0xffffff;
      birthdays[i] = high << 24 | (words[2 * i + 1] >> shift & 0xffffff);
    }
    n_equal += equal_spacings(birthdays, 48);
  }
  return birthday_p_value(n_equal, n_years, static_cast<double>(m), 48);
}

// ---- matrix rank -------------------------------------------------------------------------------------------------

/// The probability that a random n x n matrix over GF(2) has rank n - defect (Marsaglia, Tsay).
inline double rank_probability(int n, int defect) {
  const int rank = n - defect;
  double p = std::exp2(-static_cast<double>(defect) * defect);
  for (int i = 0; i < rank; ++i) {
    const double factor = 1 - std::exp2(i - n);
    p *= factor * factor / (1 - std::exp2(i - rank));
  }
  return p;
}

/// The rank over GF(2) of square matrix whose rows are Units words each. Overwrites the matrix.
template <std::size_t Units>
int rank_of(std::vector<std::array<std::uint32_t, Units>>& rows) {
  int rank = 0;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const std::array<std::uint32_t, Units> pivot = rows[r];
    std::size_t unit = 0;
    while (unit < Units && pivot[unit] == 0) ++unit;
    if (unit == Units) continue;
    ++rank;
    const std::uint32_t bit = pivot[unit] & (0 - pivot[unit]);
    for (std::size_t s = r + 1; s < rows.size(); ++s) {
      const std::uint32_t mask = (rows[s][unit] & bit) != 0 ? ~0u : 0u;
      for (std::size_t u = 0; u < Units; ++u) rows[s][u] ^= pivot[u] & mask;
    }
  }
  return rank;
}

/// The matrix rank test: the numbers of matrices with rank n, n - 1 and less. The matrices come from `next_matrix`.
template <std::size_t Units, class NextMatrix>
double rank_p_value(std::size_t n_matrices, const NextMatrix& next_matrix) {
  const int n = static_cast<int>(32 * Units);
  std::vector<std::array<std::uint32_t, Units>> rows(32 * Units);
  std::vector<std::uint64_t> counts(3);
  for (std::size_t i = 0; i < n_matrices; ++i) {
    next_matrix(i, rows);
    ++counts[static_cast<std::size_t>(std::min(n - rank_of(rows), 2))];
  }
  const double full = rank_probability(n, 0);
  const double one_less = rank_probability(n, 1);
  return pearson_p_value(counts, {full, one_less, 1 - full - one_less});
}

/// Matrices of 32 Units x 32 Units bits, from all bits of successive words.
template <std::size_t Units>
double matrix_rank(word_span words) {
  const std::size_t size = 32 * Units * Units;
  return rank_p_value<Units>(words.size() / size, [&](std::size_t i, auto& rows) {
    for (std::size_t j = 0; j < size; ++j) rows[j / Units][j % Units] = words[i * size + j];
  });
}

/// Matrices of 64 x 64 bits, each the bit `shift` of a word.
inline double matrix_rank_of_bit(word_span words, int shift) {
  const std::size_t size = 64 * 64;
  return rank_p_value<2>(words.size() / size, [&](std::size_t i, auto& rows) {
    for (std::size_t row = 0; row < 64; ++row) {
      rows[row] = {};
      for (std::size_t j = 0; j < 64; ++j) {
        rows[row][j / 32] |= (words[i * size + row * 64 + j] >> shift & 1) << j % 32;
      }
    }
  });
}

// ---- serial correlation ------------------------------------------------------------------------------------------

/// Serial correlation (Knuth K) of words at a distance: the sum of products of centred words has mean 0, is normal.
inline double word_correlation(word_span words, std::size_t lag) {
  const std::size_t n = words.size() - lag;
  const auto centred = [](std::uint32_t word) { return static_cast<std::int32_t>(word ^ 0x80000000) + 0.5; };
  double sums[8] = {};
  for (std::size_t t = 0; t + 8 <= n; t += 8) {
    for (std::size_t j = 0; j < 8; ++j) sums[j] += centred(words[t + j]) * centred(words[t + lag + j]);
  }
  double sum = 0;
  for (const double part : sums) sum += part;
  const double variance = (0x1p64 - 1) / 12;
  return normal_p_value(sum / variance / std::sqrt(static_cast<double>(n / 8 * 8)));
}

/// Every bit position of a word agrees with the same position of the word `lag` later half of the time: Knuth's test K
/// bit by bit (L'Ecuyer, Simard: AutoCor).
inline double bit_correlation(word_span words, std::size_t lag) {
  const std::size_t n = words.size() - lag;
  return fair_coins_p_value(count_differences(words.first(n), words.subspan(lag)), static_cast<double>(n));
}

/// Every bit position of a word agrees with every position of the word `lag` later half of the time: 32 x 32 fair
/// coins.
inline double bit_pair_correlation(word_span words, std::size_t lag) {
  constexpr std::size_t length = 16;  // 64-bit units of each bit position in one go: their counts fit into bytes
  constexpr std::size_t block = 64 * length;
  std::array<std::uint64_t, 32 * 32> counts = {};
  const auto planes_of = [](word_span part, std::uint64_t(&planes)[32][length]) {
    for (std::size_t unit = 0; unit < length; ++unit) {
      std::uint32_t halves[2][32];
      for (std::size_t half = 0; half < 2; ++half) {
        std::copy_n(part.begin() + static_cast<std::ptrdiff_t>(64 * unit + 32 * half), 32, halves[half]);
        transpose(halves[half]);
      }
      for (std::size_t i = 0; i < 32; ++i) planes[i][unit] = halves[0][i] | std::uint64_t{halves[1][i]} << 32;
    }
  };
  std::size_t n = 0;
  for (; n + lag + block <= words.size(); n += block) {
    std::uint64_t a[32][length];
    std::uint64_t b[32][length];
    planes_of(words.subspan(n, block), a);
    planes_of(words.subspan(n + lag, block), b);
    for (std::size_t i = 0; i < 32; ++i) {
      for (std::size_t j = 0; j < 32; ++j) {
        std::uint64_t bytes = 0;
        for (std::size_t unit = 0; unit < length; ++unit) bytes += ones_of_bytes(a[i][unit] ^ b[j][unit]);
        const std::uint64_t even_and_odd = (bytes & 0x00ff00ff00ff00ff) + (bytes >> 8 & 0x00ff00ff00ff00ff);
        counts[32 * i + j] += even_and_odd * 0x0001000100010001 >> 48;
      }
    }
  }
  return fair_coins_p_value(counts, static_cast<double>(n));
}

// ---- Hamming weights ---------------------------------------------------------------------------------------------

/// Weights of words are binomial (L'Ecuyer, Simard: HammingWeight). Rare weights share the first and the last cell.
inline double weight_frequency(word_span words) {
  const int least = 6;  // 2^21 words expect 561 of this weight or less
  std::vector<std::uint64_t> counts(33 - 2 * least);
  std::vector<double> probabilities(counts.size());
  for (int weight = 0; weight <= 32; ++weight) {
    probabilities[static_cast<std::size_t>(std::clamp(weight, least, 32 - least) - least)] +=
        weight_probability(weight);
  }
  for (const std::uint32_t word : words) {
    ++counts[static_cast<std::size_t>(std::clamp(weight_of(word), least, 32 - least) - least)];
  }
  return pearson_p_value(counts, probabilities);
}

/// Hamming-weight dependence (Blackman, Vigna): is the weight of a word independent of the weights of 8 words before
/// it, `stride` apart, each known as small, middle or large?
///
/// The weight is correlated with every product of functions of those 8 from an orthonormal set of three: 1, an odd and
/// an even one. The 3^8 correlations are standard normal and independent; those with c functions other than 1 form
/// category c. The p-value is that of the largest correlation in its category, then of the smallest in 8 categories.
inline double weight_dependence(word_span words, std::size_t stride) {
  constexpr int n_before = 8;
  constexpr std::size_t n_signatures = 6561;  // 3^8
  constexpr int largest_small = 14;
  constexpr int smallest_large = 32 - largest_small;

  std::vector<double> sums(n_signatures);  // of the centred weights that follow a signature
  std::vector<std::uint32_t> signatures(stride);
  std::size_t n = 0;
  for (std::size_t t = 0, phase = 0; t < words.size(); ++t) {
    const int weight = weight_of(words[t]);
    std::uint32_t& signature = signatures[phase];
    if (t >= n_before * stride) {
      sums[signature] += weight - 16;
      ++n;
    }
    const std::uint32_t digit = (weight > largest_small) + (weight >= smallest_large);
    signature = (signature * 3 + digit) % n_signatures;
    phase = phase + 1 == stride ? 0 : phase + 1;
  }

  double small = 0;
  for (int weight = 0; weight <= largest_small; ++weight) small += weight_probability(weight);
  const double outside = 2 * small;
  const double odd = 1 / std::sqrt(outside);
  const double outer = std::sqrt((1 - outside) / outside);
  const double middle = -1 / outer;
  for (std::size_t width = 1; width < n_signatures; width *= 3) {
    for (std::size_t i = 0; i < n_signatures; ++i) {
      if (i / width % 3 != 0) continue;
      const double s[3] = {sums[i], sums[i + width], sums[i + 2 * width]};
      sums[i] = s[0] + s[1] + s[2];
      sums[i + width] = odd * (s[2] - s[0]);
      sums[i + 2 * width] = outer * (s[0] + s[2]) + middle * s[1];
    }
  }

  std::array<double, n_before + 1> largest = {};
  std::array<double, n_before + 1> members = {};
  const double scale = 1 / std::sqrt(8.0 * static_cast<double>(n));  // a weight has variance 8
  for (std::size_t i = 0; i < n_signatures; ++i) {
    std::size_t category = 0;
    for (std::size_t digits = i; digits > 0; digits /= 3) category += digits % 3 != 0;
    largest[category] = std::max(largest[category], std::fabs(sums[i]) * scale);
    ++members[category];
  }
  const auto smallest_of = [](double p, double how_many) { return -std::expm1(how_many * std::log1p(-p)); };
  double p = 1;
  for (std::size_t category = 1; category <= n_before; ++category) {
    p = std::min(p, smallest_of(std::min(1.0, 2 * normal_p_value(largest[category])), members[category]));
  }
  return smallest_of(p, n_before);
}

// ---- kinds of tests ----------------------------------------------------------------------------------------------

struct p_value {
  std::string test;
  double value = 0;
};

/// The tests of one kind for an interleaving of `n_streams` streams.
struct test_kind {
  const char* name;
  std::vector<p_value> (*run)(word_span words, std::size_t n_streams);
};

inline std::vector<p_value> frequency_tests(word_span words, std::size_t) {
  return {{"bits", bit_frequency(words)},
          {"low 16 bits", equidistribution(words, 0)},
          {"high 16 bits", equidistribution(words, 16)},
          {"pairs of low bytes", serial_pairs(words, 0)},
          {"pairs of middle bits", serial_pairs(words, 12)},
          {"pairs of high bytes", serial_pairs(words, 24)}};
}

inline std::vector<p_value> gap_tests(word_span words, std::size_t) {
  return {{"high 4 bits", gap(words, 28, 4)},
          {"middle 4 bits", gap(words, 14, 4)},
          {"low 4 bits", gap(words, 0, 4)},
          {"high 8 bits", gap(words, 24, 8)},
          {"low 8 bits", gap(words, 0, 8)}};
}

inline std::vector<p_value> birthday_tests(word_span words, std::size_t) {
  return {{"words", birthday_spacings(words)},
          {"pairs, low bits", birthday_spacings_of_pairs(words, 0)},
          {"pairs, high bits", birthday_spacings_of_pairs(words, 8)}};
}

inline std::vector<p_value> rank_tests(word_span words, std::size_t) {
  return {{"32 x 32", matrix_rank<1>(words)},
          {"256 x 256", matrix_rank<8>(words)},
          {"64 x 64 of bit 0", matrix_rank_of_bit(words, 0)},
          {"64 x 64 of bit 31", matrix_rank_of_bit(words, 31)}};
}

/// Neighbouring streams are 1, 2, ... apart, a stream's own successive words n_streams.
inline std::vector<p_value> correlation_tests(word_span words, std::size_t n_streams) {
  std::set<std::size_t> lags = {1, 2, 3, 4, 5, 6, 7, 8, 16, n_streams, n_streams + 1, 2 * n_streams, 4 * n_streams};
  if (n_streams > 1) lags.insert(n_streams - 1);
  std::vector<p_value> values;
  for (const std::size_t lag : lags) {
    values.push_back({"words, lag " + std::to_string(lag), word_correlation(words, lag)});
    values.push_back({"bits, lag " + std::to_string(lag), bit_correlation(words, lag)});
  }
  for (const std::size_t lag : std::set<std::size_t>{1, n_streams}) {
    values.push_back({"pairs of bits, lag " + std::to_string(lag), bit_pair_correlation(words, lag)});
  }
  return values;
}

inline std::vector<p_value> weight_tests(word_span words, std::size_t n_streams) {
  std::vector<p_value> values = {{"weights", weight_frequency(words)}};
  for (const std::size_t stride : std::set<std::size_t>{1, n_streams}) {
    values.push_back({"dependence, stride " + std::to_string(stride), weight_dependence(words, stride)});
  }
  return values;
}

inline constexpr test_kind test_kinds[] = {{"frequency", frequency_tests},
                                           {"gap", gap_tests},
                                           {"birthday_spacings", birthday_tests},
                                           {"matrix_rank", rank_tests},
                                           {"serial_correlation", correlation_tests},
                                           {"hamming_weight", weight_tests}};

}  // namespace samebits::tests
