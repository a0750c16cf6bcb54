// Philox and the stream built on it: known answers, positions, and equality with other implementations.
#include "samebits/core/philox.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <sstream>
#include <type_traits>

#include "samebits/stream.hpp"
#include "tests/core/stream_words.hpp"
#include "tests/support.hpp"

namespace samebits::tests {
namespace {

static_assert(std::uniform_random_bit_generator<stream>);
static_assert(std::is_trivially_copyable_v<stream>);
static_assert(stream::min() == 0 && stream::max() == 0xffffffff);

// ---- known answers -----------------------------------------------------------------------------------------------

struct known_answer {
  int rounds;
  std::uint32_t counter[4];
  std::uint32_t key[2];
  std::uint32_t output[4];
};

/// A line such as `10 | c0 c1 c2 c3 | k0 k1 | x0 x1 x2 x3`, the words in hexadecimal digits.
known_answer parse_known_answer(std::string line) {
  std::replace(line.begin(), line.end(), '|', ' ');
  std::istringstream text(line);
  known_answer answer;
  text >> std::dec >> answer.rounds >> std::hex;
  for (std::uint32_t& word : answer.counter) text >> word;
  for (std::uint32_t& word : answer.key) text >> word;
  for (std::uint32_t& word : answer.output) text >> word;
  EXPECT_TRUE(text) << line;
  return answer;
}

std::vector<known_answer> known_answers() {
  std::istringstream file(read_file(data_file("philox_kat.txt")));
  std::vector<known_answer> answers;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with('#')) {
      answers.push_back(parse_known_answer(line));
    }
  }
  return answers;
}

template <int Rounds>
void expect_known_answers() {
  int n_answers = 0;
  for (const known_answer& answer : known_answers()) {
    if (answer.rounds != Rounds) {
      continue;
    }
    std::uint64_t words[4];
    std::copy_n(answer.counter, 4, words);

    core::philox4x32<Rounds>(words, answer.key[0], answer.key[1]);

    for (int j = 0; j < 4; ++j) {
      EXPECT_EQ(static_cast<std::uint32_t>(words[j]), answer.output[j]) << "answer " << n_answers << ", word " << j;
    }
    ++n_answers;
  }
  EXPECT_EQ(n_answers, 3);
}

TEST(philox, has_the_known_answers_of_10_rounds) { expect_known_answers<10>(); }
TEST(philox, has_the_known_answers_of_7_rounds) { expect_known_answers<7>(); }

TEST(philox, ignores_the_high_halves_of_its_words) {
  std::uint64_t clean[4] = {1, 2, 3, 4};
  std::uint64_t dirty[4] = {1 | std::uint64_t{5} << 32, 2 | std::uint64_t{6} << 32, 3, 4 | std::uint64_t{7} << 32};

  core::philox4x32(clean, 8, 9);
  core::philox4x32(dirty, 8, 9);

  for (int j = 0; j < 4; ++j) {
    EXPECT_EQ(static_cast<std::uint32_t>(dirty[j]), static_cast<std::uint32_t>(clean[j])) << j;
  }
}

TEST(philox, makes_the_same_draws_of_keys_that_were_made_before) {
  for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{0x0123456789abcdef}, ~std::uint64_t{0}}) {
    const core::philox_keys keys(seed);
    for (const std::uint64_t block : {std::uint64_t{0}, std::uint64_t{1} << 32, ~std::uint64_t{0}}) {
      std::uint64_t of_seed[2];
      std::uint64_t of_keys[2];

      core::philox_draws(seed, std::uint64_t{7} << 33, block, of_seed);
      core::philox_draws(keys, std::uint64_t{7} << 33, block, of_keys);

      EXPECT_EQ(std::to_array(of_keys), std::to_array(of_seed)) << seed << ", block " << block;
    }
  }
}

// C++26's std::philox4x32 with a seed is stream (seed, 0) from its start; its value number n is word (n - 1) % 4 of
// block (n - 1) / 4. After 2^66 values it goes on with stream (seed, 1).
TEST(stream, has_the_10000th_value_of_the_standard_philox_engine) {
  stream drawn(20111115, 0);  // the engine's default seed
  stream sought(20111115, 0);
  for (int i = 0; i < 9999; ++i) {
    drawn();
  }
  sought.seek({2499, 3});

  EXPECT_EQ(drawn.next_u32(), 1955073260u);  // [rand.predef] of C++26
  EXPECT_EQ(sought.next_u32(), 1955073260u);
}

// ---- positions ---------------------------------------------------------------------------------------------------

void expect_position(const stream& s, std::uint64_t block, std::uint32_t word) {
  EXPECT_EQ(s.position().block, block);
  EXPECT_EQ(s.position().word, word);
}

TEST(stream, starts_at_position_0) { expect_position(stream(1, 2), 0, 0); }

TEST(stream, remembers_its_name) {
  EXPECT_EQ(stream(1, 2).id().seed, 1u);
  EXPECT_EQ(stream(stream_id{1, 2}).id().task, 2u);
}

TEST(stream, moves_on_by_one_with_each_word_and_by_two_with_each_64_bit_draw) {
  stream s(1, 2);

  s.next_u32();
  expect_position(s, 0, 1);
  s();
  expect_position(s, 0, 2);
  s.next_u64();
  expect_position(s, 1, 0);
}

TEST(stream, puts_the_earlier_word_of_a_64_bit_draw_into_the_low_half) {
  for (std::uint64_t n = 0; n < 8; ++n) {
    stream words(1, 2);
    stream draws(1, 2);
    words.skip(n);
    draws.skip(n);

    const std::uint64_t low = words.next_u32();
    const std::uint64_t high = words.next_u32();

    EXPECT_EQ(draws.next_u64(), low | high << 32) << n;
  }
}

TEST(stream, skips_as_if_the_words_had_been_drawn) {
  for (int before = 0; before < 9; ++before) {
    for (int skipped = 0; skipped < 14; ++skipped) {
      stream drawn(1, 2);
      stream skipping(1, 2);
      for (int i = 0; i < before; ++i) {
        drawn();
        skipping();
      }

      for (int i = 0; i < skipped; ++i) {
        drawn();
      }
      skipping.skip(static_cast<std::uint64_t>(skipped));

      ASSERT_EQ(skipping(), drawn()) << before << " drawn, " << skipped << " skipped";
    }
  }
}

TEST(stream, skips_far_in_steps_as_at_once) {
  stream steps(1, 2);
  stream at_once(1, 2);
  steps.skip(~std::uint64_t{0});
  steps.skip(5);
  for (int i = 0; i < 4; ++i) {
    at_once.skip(std::uint64_t{1} << 62);
  }
  at_once.skip(4);

  expect_position(steps, (std::uint64_t{1} << 62) + 1, 0);
  expect_position(at_once, (std::uint64_t{1} << 62) + 1, 0);
  EXPECT_EQ(steps(), at_once());
}

TEST(stream, continues_in_a_copy) {
  stream original(1, 2);
  original.skip(3);
  original();
  stream copy = original;

  EXPECT_EQ(copy(), original());
}

TEST(stream, works_with_the_standard_library) {
  std::array<int, 100> numbers;
  std::iota(numbers.begin(), numbers.end(), 0);

  std::shuffle(numbers.begin(), numbers.end(), stream(1, 2));

  EXPECT_FALSE(std::is_sorted(numbers.begin(), numbers.end()));
}

// ---- other implementations ---------------------------------------------------------------------------------------

/// A million random names and positions: small and large ones, around multiples of 2^32 too.
template <class Word>
void expect_a_million_words(const Word& word) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 1'000'000; ++i) {
    const std::uint64_t seed = random() >> random() % 64;
    const std::uint64_t task = random() >> random() % 64;
    const std::uint64_t position =
        i % 8 == 0 ? (random() >> random() % 30 << 34) - random() % 8 : random() >> random() % 64;
    stream s(seed, task);
    s.skip(position);
    ASSERT_EQ(s.next_u32(), word(seed, task, position)) << seed << ", " << task << ", " << position;
  }
}

TEST(stream, equals_cuda_random_numbers_word_for_word) {
#if defined(SAMEBITS_TEST_HAS_CURAND)
  expect_a_million_words(curand_word);
#else
  GTEST_SKIP() << "built without the headers of cuRAND (curand_kernel.h)";
#endif
}

TEST(stream, equals_random123_word_for_word) {
#if defined(SAMEBITS_TEST_HAS_RANDOM123)
  expect_a_million_words(random123_word);
#else
  GTEST_SKIP() << "built without Random123 (Random123/philox.h)";
#endif
}

}  // namespace
}  // namespace samebits::tests
