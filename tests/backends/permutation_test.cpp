// Permutations and resamples by a backend: the numbers of the host's functions. In device memory:
// device_array_test.cpp.
#include "samebits/permutation.hpp"

#include "samebits/device_array.hpp"
#include "tests/backends/backend_test.hpp"

namespace samebits::tests {
namespace {

using numbers = std::vector<std::int64_t>;

constexpr stream_id id{0x0123456789abcdef, 0xfedcba9876543210};

using permutations = backend_test;
SAMEBITS_ON_EVERY_BACKEND(permutations);
// With links of 64 bits from 101 elements on.
INSTANTIATE_TEST_SUITE_P(with_long_links_on, permutations, testing::Values("cuda-emulated-small"), backend_test_name);

numbers host_permutation(stream_id stream, std::int64_t n) {
  numbers p(static_cast<std::size_t>(n));
  permutation(stream, p);
  return p;
}

numbers permutation_by(const context& ctx, stream_id stream, std::int64_t n) {
  numbers p(static_cast<std::size_t>(n), -1);
  permutation(ctx, stream, p);
  return p;
}

TEST_P(permutations, have_the_known_answers) {
  EXPECT_EQ(permutation_by(ctx(), id, 10), (numbers{5, 3, 4, 2, 0, 7, 8, 9, 6, 1}));
  numbers first = permutation_by(ctx(), id, 1000);
  first.resize(16);
  EXPECT_EQ(first, (numbers{537, 295, 285, 160, 288, 504, 611, 693, 127, 684, 821, 534, 536, 745, 560, 939}));
}

TEST_P(permutations, are_those_of_the_host) {
  for (const std::int64_t n : {0, 1, 2, 3, 35, 99, 100, 101, 255, 256, 257, 1000, 65'537, 1'000'003}) {
    EXPECT_TRUE(permutation_by(ctx(), id, n) == host_permutation(id, n)) << n;
  }
}

TEST_P(permutations, of_few_are_those_of_the_host_on_many_streams) {
  for (std::uint64_t task = 0; task < 2000; ++task) {
    const auto n = static_cast<std::int64_t>(task % 13);
    ASSERT_EQ(permutation_by(ctx(), {5, task}, n), host_permutation({5, task}, n)) << task;
  }
}

TEST_P(permutations, do_not_depend_on_threads) {
  EXPECT_EQ(permutation_by(on_threads(1), id, 5000), permutation_by(on_threads(7), id, 5000));
}

TEST_P(permutations, come_again_after_others) {
  const numbers first = permutation_by(ctx(), id, 4097);
  permutation_by(ctx(), {1, 2}, 9000);

  EXPECT_EQ(permutation_by(ctx(), id, 4097), first);
}

TEST_P(permutations, without_room_on_the_device_are_refused) {
  if (std::string(ctx().backend()) == "cpu") {
    GTEST_SKIP() << "needs no room of its own";
  }
  device_array<std::int64_t> one(ctx(), 1);
  const std::span<std::int64_t> too_many(one.data(), std::size_t{1} << 45);

  EXPECT_EQ(error_of<out_of_memory>([&] { permutation(ctx(), id, too_many); }),
            "permutation: out of memory on the device");
}

using bootstraps = backend_test;
SAMEBITS_ON_EVERY_BACKEND(bootstraps);

TEST_P(bootstraps, are_those_of_the_host) {
  constexpr auto largest = std::int64_t{INT64_MAX};
  for (const std::int64_t n : {std::int64_t{1}, std::int64_t{7}, std::int64_t{1'000'003}, largest}) {
    for (const std::uint64_t first : {0, 1, 15}) {
      numbers expected(5003);
      bootstrap_indices(id, n, first, expected);
      numbers out(expected.size(), -1);

      bootstrap_indices(ctx(), id, n, first, out);

      EXPECT_EQ(out, expected) << n << " from " << first;
    }
  }
}

TEST_P(bootstraps, refuse_an_empty_population_and_numbers_past_the_end) {
  numbers out(3, 7);
  const auto refusal = [&](std::int64_t n, std::uint64_t first) {
    return error_of<invalid_argument>([&] { bootstrap_indices(ctx(), id, n, first, out); });
  };

  EXPECT_EQ(refusal(0, 0), "bootstrap_indices: n is 0 but must be positive");
  EXPECT_EQ(refusal(-1, 0), "bootstrap_indices: n is -1 but must be positive");
  EXPECT_EQ(refusal(5, std::uint64_t{1} << 60),
            "bootstrap_indices: first is 1152921504606846976 and out has 3 samples, but a sequence of integers ends "
            "after 1152921504606846976");
  EXPECT_EQ(out, numbers(3, 7));
}

}  // namespace
}  // namespace samebits::tests
