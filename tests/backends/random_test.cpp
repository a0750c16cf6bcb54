// Bulk random numbers, on every backend.
#include "samebits/random.hpp"

#include <span>

#include "samebits/core/distributions.hpp"
#include "samebits/digest.hpp"
#include "samebits/stream.hpp"
#include "tests/backends/backend_test.hpp"

namespace samebits::tests {
namespace {

using stream_fill = backend_test;
SAMEBITS_ON_EVERY_BACKEND(stream_fill);

constexpr stream_id id{0x0123456789abcdef, 0xfedcba9876543210};

std::vector<std::uint32_t> words(const context& ctx, std::uint64_t first, std::size_t n) {
  std::vector<std::uint32_t> out(n);
  fill_words(ctx, id, first, out);
  return out;
}
std::vector<double> uniforms(const context& ctx, std::uint64_t first, std::size_t n) {
  std::vector<double> out(n);
  fill_uniform(ctx, id, first, out);
  return out;
}
std::vector<double> normals(const context& ctx, std::uint64_t first, std::size_t n) {
  std::vector<double> out(n);
  fill_normal(ctx, id, first, out);
  return out;
}

// ---- what the elements are ---------------------------------------------------------------------------------------

TEST_P(stream_fill, gives_the_words_of_the_stream) {
  stream expected(id);

  for (const std::uint32_t word : words(ctx(), 0, 10'007)) {
    ASSERT_EQ(word, expected.next_u32());
  }
}

TEST_P(stream_fill, gives_the_words_at_the_end_of_the_sequence) {
  constexpr std::uint64_t first = (std::uint64_t{1} << 60) - 9;
  stream expected(id);
  expected.skip(first);

  for (const std::uint32_t word : words(ctx(), first, 9)) {
    EXPECT_EQ(word, expected.next_u32());
  }
}

TEST_P(stream_fill, gives_the_words_where_the_block_number_passes_2_to_the_32) {
  constexpr std::uint64_t first = (std::uint64_t{1} << 34) - 37;
  stream expected(id);
  expected.skip(first);

  for (const std::uint32_t word : words(ctx(), first, 80)) {
    EXPECT_EQ(word, expected.next_u32());
  }
}

TEST_P(stream_fill, gives_uniforms_in_0_to_1_that_are_multiples_of_2_to_the_minus_53) {
  stream expected(id);

  for (const double uniform : uniforms(ctx(), 0, 10'007)) {
    ASSERT_EQ(uniform, static_cast<double>(expected.next_u64() >> 11) * 0x1p-53);
    ASSERT_GE(uniform, 0);
    ASSERT_LT(uniform, 1);
  }
}

TEST_P(stream_fill, gives_the_normals_of_the_scalar_formula) {
  stream source(id);
  const std::vector<double> filled = normals(ctx(), 0, 10'006);

  for (std::size_t i = 0; i < filled.size(); i += 2) {
    double pair[2];
    const std::uint64_t draw_0 = source.next_u64();
    const std::uint64_t draw_1 = source.next_u64();
    core::normal_pair<double>(draw_0, draw_1, pair);
    ASSERT_EQ(filled[i], pair[0]) << i;
    ASSERT_EQ(filled[i + 1], pair[1]) << i;
  }
}

TEST_P(stream_fill, gives_normals_of_mean_0_and_variance_1) {
  const std::vector<double> filled = normals(ctx(), 0, 10'000);
  double sum = 0;
  double sum_of_squares = 0;
  for (const double normal : filled) {
    sum += normal;
    sum_of_squares += normal * normal;
  }

  EXPECT_NEAR(sum / 10'000, 0, 0.05);  // five standard errors
  EXPECT_NEAR(sum_of_squares / 10'000, 1, 0.07);
}

TEST_P(stream_fill, differs_between_seeds_and_between_tasks) {
  std::vector<std::uint32_t> other_seed(16);
  std::vector<std::uint32_t> other_task(16);
  fill_words(ctx(), {id.seed ^ std::uint64_t{1} << 63, id.task}, 0, other_seed);
  fill_words(ctx(), {id.seed, id.task ^ std::uint64_t{1} << 63}, 0, other_task);

  EXPECT_NE(other_seed, words(ctx(), 0, 16));
  EXPECT_NE(other_task, words(ctx(), 0, 16));
  EXPECT_NE(other_task, other_seed);
}

// ---- the shape of the work ---------------------------------------------------------------------------------------

/// Any part filled alone equals that part of the whole.
template <class Fill>
void expect_parts_of_the_whole(const context& ctx, const Fill& fill) {
  const auto whole = fill(ctx, 0, 64);
  for (std::size_t first = 0; first < 10; ++first) {
    for (std::size_t n = 0; n <= 40; ++n) {
      const auto begin = whole.begin() + static_cast<std::ptrdiff_t>(first);
      ASSERT_EQ(fill(ctx, first, n), std::vector(begin, begin + static_cast<std::ptrdiff_t>(n)))
          << "from " << first << ", " << n << " elements";
    }
  }
}

TEST_P(stream_fill, gives_any_part_of_the_words_alone) { expect_parts_of_the_whole(ctx(), words); }
TEST_P(stream_fill, gives_any_part_of_the_uniforms_alone) { expect_parts_of_the_whole(ctx(), uniforms); }
TEST_P(stream_fill, gives_any_part_of_the_normals_alone) { expect_parts_of_the_whole(ctx(), normals); }

/// A GPU's blocks make `group` elements each: parts that begin and end around there.
template <class Fill>
void expect_parts_around_groups(const context& ctx, const Fill& fill, std::size_t group) {
  const auto whole = fill(ctx, 0, 2 * group + 16);
  for (const std::size_t first : {std::size_t{0}, std::size_t{1}, std::size_t{3}, group - 1, group}) {
    for (const std::size_t end : {group - 1, group, group + 1, group + 15, group + 17, 2 * group, 2 * group + 1}) {
      const auto at = [&](std::size_t i) { return whole.begin() + static_cast<std::ptrdiff_t>(i); };
      if (first <= end) {
        ASSERT_EQ(fill(ctx, first, end - first), std::vector(at(first), at(end))) << "from " << first << " to " << end;
      }
    }
  }
}

TEST_P(stream_fill, gives_any_part_around_the_groups_of_a_gpu) {
  expect_parts_around_groups(ctx(), words, 4'096);
  expect_parts_around_groups(ctx(), uniforms, 2'048);
  expect_parts_around_groups(ctx(), normals, 2'048);
}

template <class Fill>
void expect_a_large_part_of_the_whole(const context& ctx, const Fill& fill, std::size_t n) {
  const auto whole = fill(ctx, 0, n);

  const auto part = fill(ctx, 12'347, n - 20'000);

  EXPECT_EQ(part, std::vector(whole.begin() + 12'347, whole.end() - 7'653));
}

TEST_P(stream_fill, gives_a_large_part_alone) {
  const std::size_t n = is_emulated() ? 50'001 : 200'003;

  expect_a_large_part_of_the_whole(ctx(), words, n);
  expect_a_large_part_of_the_whole(ctx(), uniforms, n);
  expect_a_large_part_of_the_whole(ctx(), normals, n);
}

TEST_P(stream_fill, leaves_what_lies_around_the_part_alone) {
  std::vector<std::uint32_t> out(40, 7);

  fill_words(ctx(), id, 3, std::span(out).subspan(5, 22));

  EXPECT_EQ(std::vector(out.begin(), out.begin() + 5), std::vector(5, 7u));
  EXPECT_EQ(std::vector(out.begin() + 27, out.end()), std::vector(13, 7u));
}

TEST_P(stream_fill, has_the_same_bits_on_any_number_of_threads) {
  const std::size_t n = is_emulated() ? 40'000 : 200'003;
  const auto serial_words = words(on_threads(1), 1, n);
  const auto serial_uniforms = uniforms(on_threads(1), 1, n);
  const auto serial_normals = normals(on_threads(1), 1, n);

  for (const int n_threads : {2, 3, 8}) {
    EXPECT_EQ(words(on_threads(n_threads), 1, n), serial_words) << n_threads;
    EXPECT_EQ(uniforms(on_threads(n_threads), 1, n), serial_uniforms) << n_threads;
    EXPECT_EQ(normals(on_threads(n_threads), 1, n), serial_normals) << n_threads;
  }
}

// ---- golden bits, which change only with SAMEBITS_NUMERICS_VERSION ---------------------------------------------

TEST_P(stream_fill, has_the_golden_words) {
  const std::vector<std::uint32_t> filled = words(ctx(), 5, 4'099);

  sha256 digest;
  digest.update(std::as_bytes(std::span(filled)));

  EXPECT_EQ(digest_text(digest.finish()), "sha256:1bba43495c8a1655b157fd436d28aac2d2ba8c89678fdede01fd42b6541411a7");
}

TEST_P(stream_fill, has_the_golden_uniforms) {
  EXPECT_EQ(digest_text(uniforms(ctx(), 5, 4'099)),
            "sha256:b05489b374bb849c58d99779dcd0f2374cea18f9c52bc42045a269d725a2d990");
}

TEST_P(stream_fill, has_the_golden_normals) {
  EXPECT_EQ(digest_text(normals(ctx(), 5, 4'099)),
            "sha256:0394d45e03e7987c6906b5304b96493554963024e84e614431a221da0c78372a");
}

// ---- errors ------------------------------------------------------------------------------------------------------

TEST_P(stream_fill, refuses_to_pass_the_end_of_the_sequence) {
  constexpr std::uint64_t end = std::uint64_t{1} << 60;

  EXPECT_EQ(error_of<invalid_argument>([&] { words(ctx(), end - 8, 9); }),
            "fill_words: first is 1152921504606846968 and out has 9 samples, but a sequence of words ends after "
            "1152921504606846976");
  EXPECT_TRUE(contains(error_of<invalid_argument>([&] { uniforms(ctx(), end + 1, 0); }), "fill_uniform: first is"));
  EXPECT_TRUE(
      contains(error_of<invalid_argument>([&] { normals(ctx(), ~std::uint64_t{0}, 1); }), "fill_normal: first"));
}

TEST_P(stream_fill, takes_an_empty_part_at_the_end_of_the_sequence) {
  EXPECT_TRUE(words(ctx(), std::uint64_t{1} << 60, 0).empty());
}

}  // namespace
}  // namespace samebits::tests
