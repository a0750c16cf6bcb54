// A thread's pack gives every lane the bits of the scalar formula.
#include "kernels/thread_pack.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "samebits/core/distributions.hpp"

namespace samebits::tests {
namespace {

using core::bits_t;
using core::thread_pack;
using core::to_bits;

/// Random words, and those at either end.
template <class Word>
std::vector<Word> words() {
  std::mt19937_64 random(1);
  std::vector<Word> made{0, 1, 2047, 4096, static_cast<Word>(~Word{0}), static_cast<Word>(~Word{0} << 12)};
  while (made.size() < 4'000) {
    made.push_back(static_cast<Word>(random()));
  }
  return made;
}

/// Compares formula(word, other word, results), lane by lane.
template <class T, class Formula>
void expect_bits_of_scalars(const Formula& formula) {
  constexpr int width = 4;
  using V = thread_pack<T, width>;
  const auto all = words<bits_t<T>>();

  for (std::size_t first = 0; first + width < all.size(); ++first) {
    const auto word = [&](int i) { return all[first + static_cast<std::size_t>(i)]; };
    const auto other = [&](int i) { return all[all.size() - 1 - first - static_cast<std::size_t>(i)]; };
    V packs[2];
    formula(bits_t<V>::of(word), bits_t<V>::of(other), packs);
    for (int i = 0; i < width; ++i) {
      T scalars[2];
      formula(word(i), other(i), scalars);
      ASSERT_EQ(to_bits(packs[0].lane[i]), to_bits(scalars[0])) << word(i) << ", " << other(i);
      ASSERT_EQ(to_bits(packs[1].lane[i]), to_bits(scalars[1])) << word(i) << ", " << other(i);
    }
  }
}

template <class T>
void expect_same_samples() {
  expect_bits_of_scalars<T>([]<class V>(auto a, auto b, V(&x)[2]) { core::normal_pair<V>(a, b, x); });
  expect_bits_of_scalars<T>([]<class V>(auto a, auto b, V(&x)[2]) {
    x[0] = core::exp(core::exponential<V>(a));
    x[1] = core::uniform_tangent<V>(b);
  });
  expect_bits_of_scalars<T>([]<class V>(auto a, auto b, V(&x)[2]) {
    x[0] = core::log_normal(core::positive_exponential<V>(a));
    x[1] = core::uniform_curand<V>(b) - core::uniform_open<V>(a);
  });
}

TEST(thread_pack, gives_samples_in_double_the_bits_of_scalars) { expect_same_samples<double>(); }
TEST(thread_pack, gives_samples_in_float_the_bits_of_scalars) { expect_same_samples<float>(); }

TEST(thread_pack, cuts_words_into_halves_low_ones_first) {
  const auto wholes =
      thread_pack<std::uint64_t, 2>::of([](int i) { return i == 0 ? 0x0000000200000001ULL : 0x0000000400000003ULL; });

  const auto halves = as_halves(wholes);

  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(halves.lane[i], static_cast<std::uint32_t>(i + 1));
  }
  EXPECT_EQ(as_wholes(halves).lane[0], wholes.lane[0]);
  EXPECT_EQ(as_wholes(halves).lane[1], wholes.lane[1]);
}

}  // namespace
}  // namespace samebits::tests
