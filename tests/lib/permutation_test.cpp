// Permutations, samples and bijections: known answers, and whether they are as random as they say.
#include "samebits/permutation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <memory>
#include <numeric>
#include <string>
#include <type_traits>
#include <vector>

#include "samebits/bijection.hpp"
#include "samebits/random.hpp"
#include "tests/lib/stream_device_code.hpp"
#include "tests/support.hpp"

namespace samebits::tests {
namespace {

using numbers = std::vector<std::int64_t>;

static_assert(std::is_trivially_copyable_v<bijection>);

constexpr stream_id id{0x0123456789abcdef, 0xfedcba9876543210};

numbers permutation_of(stream_id stream, std::int64_t n) {
  numbers p(static_cast<std::size_t>(n), -1);
  permutation(stream, p);
  return p;
}

numbers sample_of(stream_id stream, std::int64_t n, std::int64_t k) {
  numbers sample(static_cast<std::size_t>(k), -1);
  sample_without_replacement(stream, n, sample);
  return sample;
}

numbers elements_of(const bijection& b, std::uint64_t n) {
  numbers p;
  for (std::uint64_t i = 0; i < n; ++i) {
    p.push_back(static_cast<std::int64_t>(b[i]));
  }
  return p;
}

bool is_permutation_of(numbers p, std::int64_t n) {
  std::sort(p.begin(), p.end());
  numbers all(static_cast<std::size_t>(n));
  std::iota(all.begin(), all.end(), std::int64_t{0});
  return p == all;
}

/// The number of a permutation among all in lexical order.
std::size_t rank_of(const numbers& p) {
  std::size_t rank = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    const auto n_smaller_behind = std::count_if(p.begin() + static_cast<std::ptrdiff_t>(i), p.end(),
                                                [&](std::int64_t other) { return other < p[i]; });
    rank = rank * (p.size() - i) + static_cast<std::size_t>(n_smaller_behind);
  }
  return rank;
}

/// How far the counts are from equal: chi-square less its degrees of freedom, in standard deviations.
double excess_of(const std::vector<double>& counts) {
  const double cells = static_cast<double>(counts.size());
  const double expected = std::accumulate(counts.begin(), counts.end(), 0.0) / cells;
  double chi_square = 0;
  for (const double count : counts) {
    chi_square += (count - expected) * (count - expected) / expected;
  }
  return (chi_square - (cells - 1)) / std::sqrt(2 * (cells - 1));
}

/// Counts how often each permutation of n comes up in `n_streams` streams.
template <class Make>
std::vector<double> counts_of_permutations(std::int64_t n, std::uint64_t n_streams, const Make& make) {
  std::size_t n_permutations = 1;
  for (std::size_t i = 2; i <= static_cast<std::size_t>(n); ++i) {
    n_permutations *= i;
  }
  std::vector<double> counts(n_permutations);
  for (std::uint64_t task = 0; task < n_streams; ++task) {
    ++counts[rank_of(make(stream_id{1, task}, n))];
  }
  return counts;
}

constexpr double five_sigma = 5;

// ---- permutation -------------------------------------------------------------------------------------------------

TEST(permutation, has_the_known_answers) {
  EXPECT_EQ(permutation_of(id, 10), (numbers{5, 3, 4, 2, 0, 7, 8, 9, 6, 1}));
  numbers first = permutation_of(id, 1000);
  first.resize(16);
  EXPECT_EQ(first, (numbers{537, 295, 285, 160, 288, 504, 611, 693, 127, 684, 821, 534, 536, 745, 560, 939}));
}

TEST(permutation, has_every_number_once) {
  for (const std::int64_t n : {0, 1, 2, 3, 10, 1000, 4097}) {
    EXPECT_TRUE(is_permutation_of(permutation_of(id, n), n)) << n;
  }
}

TEST(permutation, differs_between_seeds_and_between_tasks) {
  EXPECT_NE(permutation_of({1, 2}, 100), permutation_of({1, 3}, 100));
  EXPECT_NE(permutation_of({1, 2}, 100), permutation_of({2, 2}, 100));
}

TEST(permutation, is_each_of_all_permutations_equally_often) {
  for (std::int64_t n = 2; n <= 6; ++n) {
    EXPECT_LT(excess_of(counts_of_permutations(n, 200'000, permutation_of)), five_sigma) << n;
  }
}

// ---- sample_without_replacement ----------------------------------------------------------------------------------

TEST(sample_without_replacement, is_the_start_of_the_permutation) {
  for (const std::int64_t n : {1, 2, 7, 100, 1000, 5000}) {
    const numbers all = permutation_of(id, n);
    for (const std::int64_t k : {std::int64_t{0}, std::int64_t{1}, n / 7, n / 5, n / 4, n / 4 + 1, n / 2, n - 1, n}) {
      const numbers expected(all.begin(), all.begin() + k);

      EXPECT_EQ(sample_of(id, n, k), expected) << k << " of " << n;
    }
  }
}

TEST(sample_without_replacement, takes_few_of_many) {
  EXPECT_EQ(sample_of(id, std::int64_t{1} << 62, 4),
            (numbers{2480803684149809469, 1359518767146054328, 1311392411833038475, 730509120738589208}));
  EXPECT_EQ(sample_of(id, INT64_MAX, 0), numbers{});

  numbers many = sample_of(id, INT64_MAX, 10'000);
  std::sort(many.begin(), many.end());
  EXPECT_GE(many.front(), 0);
  EXPECT_EQ(std::adjacent_find(many.begin(), many.end()), many.end());
}

TEST(sample_without_replacement, never_repeats_a_number) {
  for (std::uint64_t task = 0; task < 200; ++task) {
    numbers sample = sample_of({1, task}, 500, 100);
    std::sort(sample.begin(), sample.end());
    ASSERT_EQ(std::adjacent_find(sample.begin(), sample.end()), sample.end()) << task;
    ASSERT_TRUE(sample.front() >= 0 && sample.back() < 500) << task;
  }
}

TEST(sample_without_replacement, refuses_what_it_cannot_draw) {
  numbers out(11, 7);

  EXPECT_EQ(error_of<invalid_argument>([&] { sample_without_replacement(id, 10, out); }),
            "sample_without_replacement: out has 11 elements but n is 10");
  EXPECT_EQ(error_of<invalid_argument>([&] { sample_without_replacement(id, -1, out); }),
            "sample_without_replacement: n is -1 but must not be negative");
  EXPECT_EQ(out, numbers(11, 7));
}

// ---- shuffle -----------------------------------------------------------------------------------------------------

TEST(shuffle, puts_elements_where_the_permutation_says) {
  const numbers p = permutation_of(id, 100);
  std::vector<std::string> words(100);
  for (std::size_t i = 0; i < words.size(); ++i) {
    words[i] = "word " + std::to_string(i);
  }

  shuffle(id, words);

  for (std::size_t i = 0; i < words.size(); ++i) {
    EXPECT_EQ(words[i], "word " + std::to_string(p[i]));
  }
}

TEST(shuffle, takes_any_random_access_range) {
  std::array<std::int64_t, 10> array;
  std::deque<std::int64_t> deque(10);
  std::int64_t plain[10];
  numbers vector(10);
  std::vector<std::unique_ptr<std::int64_t>> pointers(10);
  for (std::int64_t i = 0; i < 10; ++i) {
    const auto at = static_cast<std::size_t>(i);
    array[at] = deque[at] = plain[at] = vector[at] = i;
    pointers[at] = std::make_unique<std::int64_t>(i);
  }

  shuffle(id, array);
  shuffle(id, deque);
  shuffle(id, plain);
  shuffle(id, std::span<std::int64_t>(vector));
  shuffle(id, pointers);

  const numbers expected = permutation_of(id, 10);
  EXPECT_TRUE(std::equal(array.begin(), array.end(), expected.begin()));
  EXPECT_TRUE(std::equal(deque.begin(), deque.end(), expected.begin()));
  EXPECT_TRUE(std::equal(std::begin(plain), std::end(plain), expected.begin()));
  EXPECT_EQ(vector, expected);
  EXPECT_TRUE(std::equal(pointers.begin(), pointers.end(), expected.begin(),
                         [](const auto& pointer, std::int64_t number) { return *pointer == number; }));
}

TEST(shuffle, leaves_none_and_one_alone) {
  numbers none;
  numbers one{7};

  shuffle(id, none);
  shuffle(id, one);

  EXPECT_EQ(none, numbers{});
  EXPECT_EQ(one, numbers{7});
}

// ---- bijection ---------------------------------------------------------------------------------------------------

struct known_bijection {
  std::uint64_t n;
  std::vector<std::uint64_t> first;
};

TEST(bijection, has_the_known_answers) {
  const known_bijection answers[] = {
      {10, {1, 7, 3, 5, 0, 9, 6, 4, 2, 8}},
      {1000, {810, 995, 421, 592, 742, 210}},
      {1'000'000, {276061, 561945, 353098, 926373, 190124, 480377}},
      {std::uint64_t{1} << 32, {3761207021, 2905352000, 2468463450, 3541413907}},
      {~std::uint64_t{0}, {10582107232239086827u, 8745329680669570420u, 6955808174614174756u, 1349812576712057233u}},
  };

  for (const known_bijection& answer : answers) {
    const bijection b(id, answer.n);
    EXPECT_EQ(b.size(), answer.n);
    for (std::size_t i = 0; i < answer.first.size(); ++i) {
      EXPECT_EQ(b[i], answer.first[i]) << i << " of " << answer.n;
    }
  }
}

TEST(bijection, has_every_number_once_and_knows_where) {
  for (std::uint64_t n = 0; n <= 600; ++n) {
    const bijection b({1, n}, n);
    ASSERT_TRUE(is_permutation_of(elements_of(b, n), static_cast<std::int64_t>(n))) << n;
    for (std::uint64_t i = 0; i < n; ++i) {
      ASSERT_EQ(b.inverse(b[i]), i) << n;
    }
  }
}

TEST(bijection, has_an_inverse_at_any_size) {
  for (const int bits : {10, 17, 18, 31, 32, 33, 62, 63, 64}) {
    const std::uint64_t below = (std::uint64_t{1} << (bits - 1) << 1) - 1;  // 2^bits - 1
    for (const std::uint64_t n : {below, below / 2 + 1, below / 2 + 2, below / 3 * 2}) {
      const bijection b(id, n);
      for (std::uint64_t k = 0; k < 100; ++k) {
        for (const std::uint64_t i : {k, n - 1 - k}) {
          ASSERT_LT(b[i], n);
          ASSERT_EQ(b.inverse(b[i]), i) << n;
          ASSERT_EQ(b[b.inverse(i)], i) << n;
        }
      }
    }
  }
}

TEST(bijection, continues_in_a_copy) {
  const bijection original(id, 12345);
  const bijection copy = original;

  EXPECT_EQ(copy[77], original[77]);
}

TEST(bijection, differs_between_seeds_and_between_tasks) {
  EXPECT_NE(elements_of(bijection({1, 2}, 100), 100), elements_of(bijection({1, 3}, 100), 100));
  EXPECT_NE(elements_of(bijection({1, 2}, 100), 100), elements_of(bijection({2, 2}, 100), 100));
}

TEST(bijection, refuses_what_is_not_below_n) {
  const bijection b(id, 10);
  const bijection none(id, 0);

  EXPECT_EQ(error_of<invalid_argument>([&] { (void)b[10]; }), "bijection: i is 10 but must be below n, 10");
  EXPECT_EQ(error_of<invalid_argument>([&] { (void)b.inverse(12); }),
            "bijection::inverse: j is 12 but must be below n, 10");
  EXPECT_EQ(error_of<invalid_argument>([&] { (void)none[0]; }), "bijection: i is 0 but must be below n, 0");
  EXPECT_EQ(device_code_element_out_of_range(), 10u);
}

TEST(bijection, is_each_of_all_permutations_equally_often) {
  for (std::int64_t n = 2; n <= 6; ++n) {
    const std::vector<double> counts = counts_of_permutations(n, 1'000'000, [](stream_id stream, std::int64_t size) {
      return elements_of(bijection(stream, static_cast<std::uint64_t>(size)), static_cast<std::uint64_t>(size));
    });

    EXPECT_LT(excess_of(counts), five_sigma) << n;
  }
}

/// What the elements of many bijections of n look like, as far from those of random permutations as counted in standard
/// deviations.
struct bijection_quality {
  double images_of_first = 0;
  double images_of_last = 0;
  double steps = 0;
  double successions = 0;
  double fixed_points = 0;
  double sign = 0;
};

bijection_quality quality_of(std::uint64_t n, std::uint64_t n_streams) {
  std::vector<double> first(n);
  std::vector<double> last(n);
  std::vector<double> steps(n - 1);  // p[i + 1] - p[i] modulo n, from 1
  double n_fixed = 0;
  double sum_of_signs = 0;
  for (std::uint64_t task = 0; task < n_streams; ++task) {
    const numbers p = elements_of(bijection({2, task}, n), n);
    ++first[static_cast<std::size_t>(p.front())];
    ++last[static_cast<std::size_t>(p.back())];
    std::vector<bool> seen(n);
    std::uint64_t n_cycles = 0;
    for (std::size_t i = 0; i < n; ++i) {
      n_fixed += p[i] == static_cast<std::int64_t>(i) ? 1 : 0;
      if (i + 1 < n) {
        ++steps[static_cast<std::size_t>(p[i + 1] - p[i] - 1 + static_cast<std::int64_t>(n)) % n];
      }
      n_cycles += seen[i] ? 0 : 1;
      for (std::size_t j = i; !seen[j]; j = static_cast<std::size_t>(p[j])) {
        seen[j] = true;
      }
    }
    sum_of_signs += (n - n_cycles) % 2 == 0 ? 1 : -1;
  }
  const double t = static_cast<double>(n_streams);
  // Fixed points and successions have mean 1 and variance nearly 1.
  return {excess_of(first),
          excess_of(last),
          excess_of(steps),
          (steps[0] / t - 1) * std::sqrt(t),
          (n_fixed / t - 1) * std::sqrt(t),
          sum_of_signs / std::sqrt(t)};
}

TEST(bootstrap_indices, are_the_integers_of_the_stream) {
  constexpr std::int64_t n = 1'000'003;
  std::vector<std::uint64_t> integers(100);
  std::vector<std::int64_t> indices(90);

  fill(context(), dist::integers{n}, id, 5, std::span(integers));
  bootstrap_indices(id, n, 15, indices);

  EXPECT_TRUE(std::equal(indices.begin(), indices.end(), integers.begin() + 10,
                         [](std::int64_t a, std::uint64_t b) { return static_cast<std::uint64_t>(a) == b; }));
}

TEST(bootstrap_indices, refuse_an_empty_population) {
  std::vector<std::int64_t> out(3);

  EXPECT_EQ(error_of<invalid_argument>([&] {
              bootstrap_indices({1, 1}, 0, 0, out);
            }),
            "bootstrap_indices: n is 0 but must be positive");
}

TEST(bijection, looks_like_a_random_permutation) {
  struct size_and_streams {
    std::uint64_t n;
    std::uint64_t n_streams;
  };
  for (const auto [n, n_streams] :
       {size_and_streams{16, 20'000}, {17, 20'000}, {32, 10'000}, {100, 5'000}, {700, 500}}) {
    const bijection_quality quality = quality_of(n, n_streams);

    EXPECT_LT(quality.images_of_first, five_sigma) << n;
    EXPECT_LT(quality.images_of_last, five_sigma) << n;
    EXPECT_LT(quality.steps, five_sigma) << n;
    EXPECT_LT(std::abs(quality.successions), five_sigma) << n;
    EXPECT_LT(std::abs(quality.fixed_points), five_sigma) << n;
    EXPECT_LT(std::abs(quality.sign), five_sigma) << n;  // networks of exclusive or have even permutations only
  }
}

}  // namespace
}  // namespace samebits::tests
