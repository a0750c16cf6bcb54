// Float samples over all 2^32 words, for every instruction set of this machine: their digest, their support, and their
// distance from the exact quantile of the word.
//
// Some ten minutes on one core, so ctest does not run it; `.ci/run exhaustive` does, and so can you:
// bin/float_exhaustive.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <thread>
#include <vector>

#include "samebits/context.hpp"
#include "tests/core/float_words.hpp"

namespace samebits::core {
namespace {

constexpr std::uint64_t n_words = std::uint64_t{1} << 32;
constexpr int n_at_once = 1 << 12;

using sample_function = void (*)(int, std::uint32_t, int, float*);

/// Every word and its sample, mixed (S. Vigna's splitmix64) and added: no order, so that nothing depends on it.
std::uint64_t mixed(std::uint32_t word, float sample) {
  std::uint64_t z = (std::uint64_t{word} << 32 | __builtin_bit_cast(std::uint32_t, sample)) * 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

/// Digests that change only with SAMEBITS_NUMERICS_VERSION.
constexpr std::array<std::uint64_t, n_float_functions> goldens = {
#include "tests/core/float_goldens.inc"
};

/// What all samples of a function have in common.
struct summary {
  std::uint64_t digest = 0;
  float low = std::numeric_limits<float>::infinity();
  float high = -std::numeric_limits<float>::infinity();
  std::uint64_t n_nan = 0;
};

/// Adds words begin .. end - 1, a multiple of n_at_once of them.
void add_words(sample_function samples, int function, std::uint64_t begin, std::uint64_t end, summary& all) {
  std::vector<float> out(n_at_once);
  for (std::uint64_t first = begin; first < end; first += n_at_once) {
    samples(function, static_cast<std::uint32_t>(first), n_at_once, out.data());
    for (std::uint32_t i = 0; i < n_at_once; ++i) {
      all.digest += mixed(static_cast<std::uint32_t>(first) + i, out[i]);
      all.low = out[i] < all.low ? out[i] : all.low;
      all.high = all.high < out[i] ? out[i] : all.high;
      all.n_nan += out[i] != out[i];
    }
  }
}

summary summary_of(sample_function samples, int function) {
  constexpr std::uint64_t n_parts = 8;
  std::array<summary, n_parts> parts;
  const auto add_part = [&](std::uint64_t part) {
    const std::uint64_t size = n_words / n_parts;
    add_words(samples, function, part * size, (part + 1) * size, parts[part]);
  };
  std::vector<std::thread> threads;
  for (std::uint64_t part = 0; part < n_parts; ++part) {
    threads.emplace_back(add_part, part);
  }
  summary all;
  for (std::uint64_t part = 0; part < n_parts; ++part) {
    threads[part].join();
    all.digest += parts[part].digest;
    all.low = std::fmin(all.low, parts[part].low);
    all.high = std::fmax(all.high, parts[part].high);
    all.n_nan += parts[part].n_nan;
  }
  return all;
}

bool can_run(const std::string& isa) {
  for (const backend_info& b : list_backends()) {
    if (b.isa == isa) {
      return b.available;
    }
  }
  return false;
}

/// The smallest and the largest sample.
struct support {
  float low;
  float high;
};
constexpr std::array<support, n_float_functions> supports = {{
    {0x0p+0F, 0x1.fffffep-1F},            // uniform: 0 to 0.99999994
    {0x1p-24F, 0x1p+0F},                  // uniform_positive: 5.96046e-08 to 1
    {0x1p-24F, 0x1.fffffep-1F},           // uniform_open: 5.96046e-08 to 0.99999994
    {0x1p-33F, 0x1p+0F},                  // uniform_curand: 1.16415e-10 to 1
    {0x1p-33F, 0x1.6dfb52p+4F},           // exponential: 1.16415e-10 to 22.873857
    {-0x1.45f306p+31F, 0x1.45f306p+31F},  // cauchy: -2.73426e+09 to 2.734261e+09
    {-0x1.5c6766p+4F, 0x1.5c6766p+4F},    // laplace: -21.7752 to 21.775244
    {-0x1.6dfb52p+4F, 0x1.6dfb52p+4F},    // logistic: -22.8739 to 22.873857
    {-0x1.90a3aap+1F, 0x1.6dfb52p+4F},    // gumbel: -3.12999 to 22.873857
    {0x1.6a09ep-17F, 0x1.321722p+2F},     // weibull(2): 1.07896e-05 to 4.7826619
    {0x1p+0F, 0x1.000008p+11F},           // pareto(3): 1 to 2048.001
    {-0x1p+0F, 0x1p+0F},                  // direction sine: -1 to 1
    {-0x1p+0F, 0x1p+0F},                  // direction cosine: -1 to 1
}};

void expect_goldens(const std::string& isa, sample_function samples) {
  if (!can_run(isa)) {
    GTEST_SKIP() << "this CPU has no " << isa;
  }
  for (int function = 0; function < n_float_functions; ++function) {
    const auto f = static_cast<std::size_t>(function);
    const summary all = summary_of(samples, function);
    EXPECT_EQ(all.digest, goldens[f]) << float_functions[f] << ": 0x" << std::hex << all.digest;
    EXPECT_EQ(all.low, supports[f].low) << float_functions[f];
    EXPECT_EQ(all.high, supports[f].high) << float_functions[f];
    EXPECT_EQ(all.n_nan, 0u) << float_functions[f];
    if (all.digest != goldens[f]) {
      std::printf("%-18s %a %a\n", float_functions[f], all.low, all.high);
    }
  }
}

TEST(float_samples_of_all_words, have_the_golden_digest_on_scalars) { expect_goldens("scalar", float_samples_generic); }
#if defined(SAMEBITS_TEST_HAS_PACKS)
TEST(float_samples_of_all_words, have_the_golden_digest_on_avx2) { expect_goldens("avx2", float_samples_avx2); }
TEST(float_samples_of_all_words, have_the_golden_digest_on_avx512) { expect_goldens("avx512", float_samples_avx512); }
#endif

// ---- against the exact quantile -----------------------------------------------------------------------------------

/// What the sample of a word should be, in double, and the largest error in units of the float's last place. The
/// uniform of a word is (word + 1/2) 2^-32 wherever the function is not defined with fewer bits.
struct oracle {
  double (*quantile)(double word);
  double max_error;
};

constexpr double scale = 0x1p-32;
double open_uniform(double word) { return (word + 0.5) * scale; }
double exponential_of(double word) {
  const double u = open_uniform(word);
  return word < 0x1p31 ? -std::log(u) : -std::log1p(-(0x1p32 - word - 0.5) * scale);
}

constexpr std::array<oracle, n_float_functions> oracles = {{
    {[](double w) { return std::floor(w / 256) * 0x1p-24; }, 0},
    {[](double w) { return (std::floor(w / 256) + 1) * 0x1p-24; }, 0},
    {[](double w) { return (std::floor(w / 512) + 0.5) * 0x1p-23; }, 0},
    {[](double w) { return w * scale + 0x1p-33; }, 1},
    {[](double w) { return exponential_of(w); }, 3},
    {[](double w) {
       // tan(pi (v - 1/2)) with the word's top bit as quadrant: two half branches of the tangent.
       const double top = w < 0x1p31 ? 0 : 1;
       const double angle = ((w - top * 0x1p31) * 2 + 1 - 0x1p31) * 0x1p-33 * std::numbers::pi;
       return top == 0 ? std::tan(angle) : -1 / std::tan(angle);
     },
     4},
    {[](double w) {
       const double magnitude = exponential_of(w < 0x1p31 ? w * 2 + 1 : w * 2 + 1 - 0x1p32);
       return w < 0x1p31 ? magnitude : -magnitude;
     },
     3},
    {[](double w) { return std::log((w + 0.5) / (0x1p32 - w - 0.5)); }, 6},
    {[](double w) { return -std::log(exponential_of(w)); }, 6},
    {[](double w) { return std::sqrt(exponential_of(w)); }, 9},
    {[](double w) { return std::exp(exponential_of(w) / 3); }, 12},
    {nullptr, 0},
    {nullptr, 0},
}};

/// Errors near a zero of the function are measured against this much of its range: there u / (1 - u) or E is near 1,
/// and its rounding is all that is left.
double unit_in_last_place(int function, double value) {
  const double least = function == 7 || function == 8 ? 0.25 : 0;
  int exponent;
  std::frexp(std::fmax(std::fabs(value), least), &exponent);
  return std::ldexp(1.0, exponent - 24);
}

TEST(float_samples_of_all_words, are_the_quantiles_of_their_words) {
  std::vector<float> out(n_at_once);
  for (int function = 0; function < n_float_functions; ++function) {
    const oracle& expected = oracles[static_cast<std::size_t>(function)];
    double worst = 0;
    // With this oracle all words would take hours: both ends and every 1,009th block of words.
    for (std::uint64_t block = 0; block < n_words / n_at_once && expected.quantile != nullptr; ++block) {
      if (block % 1'009 != 0 && block + 1 != n_words / n_at_once) {
        continue;
      }
      const std::uint64_t first = block * n_at_once;
      float_samples_generic(function, static_cast<std::uint32_t>(first), n_at_once, out.data());
      for (std::uint64_t i = 0; i < n_at_once; ++i) {
        const double exact = expected.quantile(static_cast<double>(first + i));
        worst = std::fmax(worst, std::fabs(out[i] - exact) / unit_in_last_place(function, exact));
      }
    }
    EXPECT_LE(worst, expected.max_error) << float_functions[function];
    std::printf("%-18s largest error %.3f ulp\n", float_functions[function], worst);
  }
}

}  // namespace
}  // namespace samebits::core
