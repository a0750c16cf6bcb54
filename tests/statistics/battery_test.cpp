// The words of streams whose names are near each other pass a battery of statistical tests; weak generators do not.
//
// Seeds are fixed, so the outcome is too. The rules were set before the first run, and seeds were not tried:
//   - pass: of N p-values of one kind, all lie in [level / 2N, 1 - level / 2N] with level = 1e-4, and the test of
//     Kolmogorov and Smirnov finds them uniform with a p-value of at least `level`;
//   - caught: a p-value outside [1e-10, 1 - 1e-10], the criterion of L'Ecuyer and Simard (2007).
// SAMEBITS_BATTERY_LOG2_WORDS sets the words of each interleaving (24; at least 21).
#include "tests/statistics/battery.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <iostream>
#include <random>
#include <stdexcept>

#include "samebits/stream.hpp"
#include "tests/statistics/interleaving.hpp"
#include "tests/support.hpp"

namespace samebits::tests {

// How GoogleTest shows the parameter of a test.
static void PrintTo(const test_kind& kind, std::ostream* out) { *out << kind.name; }

namespace {

constexpr double level = 1e-4;
constexpr double caught_level = 1e-10;

std::size_t battery_words() {
  const char* const text = std::getenv("SAMEBITS_BATTERY_LOG2_WORDS");
#if defined(SAMEBITS_TEST_ASAN) || defined(SAMEBITS_TEST_TSAN)
  const int fallback = 21;
#else
  const int fallback = 24;
#endif
  const int log2_words = text != nullptr ? std::atoi(text) : fallback;
  if (log2_words < 21 || log2_words > 32) throw std::runtime_error("SAMEBITS_BATTERY_LOG2_WORDS is not 21 to 32");
  return std::size_t{1} << log2_words;
}

/// Controls make do with fewer words: what they look for is strong.
std::size_t control_words() { return std::max(std::size_t{1} << 21, battery_words() / 8); }

/// Every family with 2, 16, 256 and 65,536 streams, numbered from 1 so that no two share more than one stream.
std::vector<interleaving> interleavings() {
  std::vector<interleaving> all;
  for (const auto& [name, kind] : family_names) {
    const std::vector<std::uint64_t> sizes = kind == family::weight_one_seeds
                                                 ? std::vector<std::uint64_t>{64}
                                                 : std::vector<std::uint64_t>{2, 16, 256, 65536};
    for (const std::uint64_t size : sizes) all.push_back({kind, size, all.size() + 1});
  }
  return all;
}

// ---- judging -----------------------------------------------------------------------------------------------------

bool is_caught(const std::vector<p_value>& values) {
  return std::any_of(values.begin(), values.end(),
                     [](const p_value& p) { return !(p.value >= caught_level && p.value <= 1 - caught_level); });
}

void expect_passes(const std::vector<p_value>& values) {
  const double bound = level / (2 * static_cast<double>(values.size()));
  std::vector<double> numbers;
  for (const p_value& p : values) {
    numbers.push_back(p.value);
    EXPECT_GE(p.value, bound) << p.test;
    EXPECT_LE(p.value, 1 - bound) << p.test;
  }
  const double uniformity = uniformity_p_value(numbers);
  EXPECT_GE(uniformity, level);
  const auto [smallest, largest] = std::minmax_element(numbers.begin(), numbers.end());
  std::cout << numbers.size() << " p-values from " << *smallest << " to 1 - " << 1 - *largest << ", bounds " << bound
            << ", uniformity " << uniformity << "\n";
}

std::string name_of_kind(const testing::TestParamInfo<test_kind>& kind) { return kind.param.name; }

class battery : public testing::TestWithParam<test_kind> {};

INSTANTIATE_TEST_SUITE_P(, battery, testing::ValuesIn(test_kinds), name_of_kind);

// ---- the parts of the battery ------------------------------------------------------------------------------------

TEST(p_values, are_those_of_tables) {
  EXPECT_NEAR(normal_p_value(1.959963985), 0.025, 1e-9);
  EXPECT_NEAR(chi_square_p_value(18.307038053, 10), 0.05, 1e-9);
  EXPECT_NEAR(poisson_p_value(0, std::log(2.0)), 0.75, 1e-12);  // 1/2 above, 1/2 at 0
  EXPECT_EQ(normal_p_value(1e300), 0);
  EXPECT_EQ(normal_p_value(-1e300), 1);
  EXPECT_EQ(chi_square_p_value(0, 65535), 1);
  EXPECT_EQ(chi_square_p_value(1e300, 2), 0);
  EXPECT_EQ(poisson_p_value(1e9, 4), 0);
}

TEST(p_values, of_which_many_are_equal_are_not_uniform) {
  EXPECT_LT(uniformity_p_value(std::vector<double>(50, 0.5)), 1e-9);
  EXPECT_LT(uniformity_p_value({0.9, 0.91, 0.92, 0.93, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99}), 1e-6);
}

TEST(p_values, at_a_critical_distance_are_uniform_with_its_probability) {
  std::vector<double> values;
  for (int i = 1; i <= 10; ++i) values.push_back(std::max(0.0, i / 10.0 - 0.40925));  // the 5 % point for n = 10

  EXPECT_NEAR(uniformity_p_value(values), 0.05, 0.002);
}

TEST(p_values, spread_evenly_are_uniform) {
  std::vector<double> values;
  for (int i = 0; i < 100; ++i) values.push_back((i + 0.5) / 100);
  EXPECT_EQ(uniformity_p_value(values), 1);
}

TEST(matrix_rank, has_the_probabilities_of_all_small_matrices) {
  std::array<int, 4> counts = {};
  for (unsigned bits = 0; bits < 512; ++bits) {
    std::vector<std::array<std::uint32_t, 1>> rows = {{bits & 7}, {bits >> 3 & 7}, {bits >> 6}};
    ++counts[static_cast<std::size_t>(3 - rank_of(rows))];
  }
  for (int defect = 0; defect <= 3; ++defect) {
    EXPECT_NEAR(counts[static_cast<std::size_t>(defect)] / 512.0, rank_probability(3, defect), 1e-12) << defect;
  }
}

TEST(bits, are_counted_position_by_position) {
  std::vector<std::uint32_t> a(1000);
  std::vector<std::uint32_t> b(1000);
  std::array<std::uint64_t, 32> expected = {};
  std::mt19937 random(1);
  for (std::size_t t = 0; t < a.size(); ++t) {
    a[t] = static_cast<std::uint32_t>(random() & random());
    b[t] = static_cast<std::uint32_t>(random());
    for (std::size_t i = 0; i < 32; ++i) expected[i] += (a[t] ^ b[t]) >> i & 1;
    ASSERT_EQ(weight_of(a[t]), std::popcount(a[t]));
  }

  EXPECT_EQ(count_differences(a, b), expected);
}

TEST(bits, are_transposed) {
  std::uint32_t rows[32];
  std::mt19937 random(1);
  for (std::uint32_t& row : rows) row = static_cast<std::uint32_t>(random());
  std::uint32_t columns[32];
  std::copy_n(rows, 32, columns);

  transpose(columns);

  for (int i = 0; i < 32; ++i) {
    for (int j = 0; j < 32; ++j) ASSERT_EQ(columns[j] >> i & 1, rows[i] >> j & 1) << i << ", " << j;
  }
}

TEST(birthdays, are_found_to_have_equal_spacings) {
  std::vector<std::uint64_t> birthdays = {1000000, 7, 3, 1000004, 11, 500};  // spacings 3 4 4 489 999500 4

  EXPECT_EQ(equal_spacings(birthdays, 24), 2);
}

// ---- streams -----------------------------------------------------------------------------------------------------

TEST(interleaving, has_the_words_of_its_streams_in_turn) {
  for (interleaving chosen : interleavings()) {
    const std::vector<stream_id> ids = streams_of(chosen);
    ASSERT_EQ(ids.size(), chosen.n_streams);
    std::vector<stream> streams;
    for (const stream_id& id : ids) streams.emplace_back(id);

    const std::vector<std::uint32_t> words = words_of(ids, 8 * ids.size());

    for (std::size_t t = 0; t < words.size(); ++t) {
      ASSERT_EQ(words[t], streams[t % streams.size()].next_u32()) << name_of(chosen) << ", word " << t;
    }
  }
}

TEST(interleaving, reads_its_own_name) {
  for (const interleaving& chosen : interleavings()) {
    EXPECT_EQ(name_of(parse_interleaving(name_of(chosen))), name_of(chosen));
  }
  EXPECT_EQ(name_of(parse_interleaving("seeds")), "seeds:2:0");
  EXPECT_EQ(name_of(parse_interleaving("weight-one-seeds")), "weight-one-seeds:64:0");
}

TEST(interleaving, refuses_what_is_not_a_name) {
  for (const char* text : {"", ":", "task", "tasks:", "tasks:0", "tasks:2:", "tasks:-1", "tasks:2x", "tasks:2:0:0",
                           "tasks:99999999999999999999", "tasks:16777217", "weight-one-seeds:65"}) {
    EXPECT_THROW(parse_interleaving(text), std::invalid_argument) << text;
  }
}

TEST_P(battery, finds_streams_with_neighbouring_names_independent) {
  std::vector<p_value> values;
  for (const interleaving& chosen : interleavings()) {
    const std::vector<std::uint32_t> words = words_of(streams_of(chosen), battery_words());
    for (const p_value& p : GetParam().run(words, chosen.n_streams)) {
      values.push_back({name_of(chosen) + ", " + p.test, p.value});
    }
  }

  expect_passes(values);
}

// ---- controls ----------------------------------------------------------------------------------------------------

/// n_words words of generators in turn.
template <class Generator>
std::vector<std::uint32_t> interleave(std::vector<Generator> generators, std::size_t n_words) {
  std::vector<std::uint32_t> words(n_words);
  for (std::size_t t = 0; t < n_words; ++t) words[t] = static_cast<std::uint32_t>(generators[t % generators.size()]());
  return words;
}

TEST_P(battery, passes_another_good_generator) {
  std::vector<p_value> values;
  for (std::uint32_t seed = 1; seed <= 8; ++seed) {
    const std::vector<std::uint32_t> words = interleave(std::vector{std::mt19937(seed)}, control_words());
    for (const p_value& p : GetParam().run(words, 16)) {
      values.push_back({"seed " + std::to_string(seed) + ", " + p.test, p.value});
    }
  }

  expect_passes(values);
}

TEST_P(battery, catches_workers_with_the_same_seed) {
  for (const std::size_t n_workers : {2, 16, 256, 65536}) {
    const std::vector<stream_id> ids(n_workers, stream_id{1, 2});

    EXPECT_TRUE(is_caught(GetParam().run(words_of(ids, control_words()), n_workers))) << n_workers << " workers";
  }
}

/// The generator of Numerical Recipes, 2nd edition, section 7.1.
struct linear_congruential {
  std::uint32_t state;
  std::uint32_t operator()() { return state = 1664525 * state + 1013904223; }
};

TEST_P(battery, catches_linear_congruential_generators_with_consecutive_seeds) {
  for (const std::size_t n_seeds : {2, 16, 256}) {
    std::vector<linear_congruential> generators;
    for (std::uint32_t seed = 0; seed < n_seeds; ++seed) generators.push_back({seed});

    EXPECT_TRUE(is_caught(GetParam().run(interleave(generators, control_words()), n_seeds))) << n_seeds << " seeds";
  }
}

/// Marsaglia, Xorshift RNGs, J. Stat. Softw. 8(14), 2003.
struct xorshift32 {
  std::uint32_t state;
  std::uint32_t operator()() {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
  }
};

TEST(matrix_rank, catches_linear_recurrences_over_bits) {
  const std::vector<std::uint32_t> words = interleave(std::vector{xorshift32{2463534242}}, control_words());

  EXPECT_LT(matrix_rank<1>(words), caught_level);
  EXPECT_LT(matrix_rank<8>(words), caught_level);
  EXPECT_LT(matrix_rank_of_bit(words, 0), caught_level);
}

/// Salmon et al. (SC 2011) found 7 rounds enough for BigCrush of TestU01, which reads 2^38 words.
TEST_P(battery, catches_philox_with_up_to_5_rounds) {
  int caught = 0;
  std::string where;
  const auto some_interleaving_is_caught = [&](int rounds) {
    for (const interleaving& chosen : interleavings()) {
      const std::vector<std::uint32_t> words = words_of(streams_of(chosen), control_words(), rounds);
      if (is_caught(GetParam().run(words, chosen.n_streams))) {
        where = name_of(chosen);
        return true;
      }
    }
    return false;
  };
  while (caught + 1 < interleaved_words::max_rounds && some_interleaving_is_caught(caught + 1)) ++caught;

  EXPECT_GE(caught, 5);
  std::cout << "caught with up to " << caught << " rounds, first in " << where << "\n";
}

}  // namespace
}  // namespace samebits::tests
