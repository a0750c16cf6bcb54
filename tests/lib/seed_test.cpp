// Seeds: what texts and bits become, and that origins bring them back.
#include "samebits/seed.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <type_traits>

#include "samebits/stream.hpp"
#include "tests/support.hpp"

namespace samebits::tests {
namespace {

static_assert(std::is_trivially_copyable_v<seed>);

TEST(seed, is_the_number_it_is_made_of) {
  EXPECT_EQ(seed(0).value(), 0u);
  EXPECT_EQ(seed(~std::uint64_t{0}).value(), ~std::uint64_t{0});
}

TEST(seed, stands_for_its_number) {
  const seed s(42);

  EXPECT_EQ(stream(s, 7).next_u64(), stream(42, 7).next_u64());
  EXPECT_EQ((stream_id{s, 7}), (stream_id{42, 7}));
}

TEST(seed, has_the_known_answers) {
  EXPECT_EQ(seed::from_bits(0, 0).value(), 0xab4d1e8be7302fbeu);
  EXPECT_EQ(seed::from_bits(0x0123456789abcdef, 0xfedcba9876543210).value(), 0x885122648ca2f2a5u);
  EXPECT_EQ(seed::from_text("").value(), 0x8025bd35124fb9afu);
  EXPECT_EQ(seed::from_text("experiment 7").value(), 0xc20c287a75a908d3u);
  EXPECT_EQ(seed::from_text("0x").value(), 0xed00356516f1ddc6u);
}

TEST(seed, depends_on_all_of_its_bits) {
  std::set<std::uint64_t> values{seed::from_bits(1, 1)};
  for (int bit = 0; bit < 64; ++bit) {
    values.insert(seed::from_bits(1 ^ std::uint64_t{1} << bit, 1));
    values.insert(seed::from_bits(1, 1 ^ std::uint64_t{1} << bit));
  }

  EXPECT_EQ(values.size(), 129u);
}

TEST(seed, depends_on_every_byte_of_a_text) {
  const std::string text = "The quick brown fox jumps over the lazy dog";
  std::set<std::uint64_t> values{seed::from_text(text)};
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    values.insert(seed::from_text(changed));
    values.insert(seed::from_text(text.substr(0, i)));
  }

  EXPECT_EQ(values.size(), 2 * text.size() + 1);
}

// ---- parse -------------------------------------------------------------------------------------------------------

TEST(seed_parse, reads_decimal_digits) {
  EXPECT_EQ(seed::parse("0"), 0u);
  EXPECT_EQ(seed::parse("20111115"), 20111115u);
  EXPECT_EQ(seed::parse("007"), 7u);
  EXPECT_EQ(seed::parse("18446744073709551615"), ~std::uint64_t{0});
  EXPECT_EQ(seed::parse("00000000000000000000000000000000000000018446744073709551615"), ~std::uint64_t{0});
}

TEST(seed_parse, reads_hexadecimal_digits) {
  EXPECT_EQ(seed::parse("0x0"), 0u);
  EXPECT_EQ(seed::parse("0xff"), 255u);
  EXPECT_EQ(seed::parse("0XfF"), 255u);
  EXPECT_EQ(seed::parse("0x00000000000000ff"), 255u);
  EXPECT_EQ(seed::parse("0xffffffffffffffff"), ~std::uint64_t{0});
}

TEST(seed_parse, takes_more_than_16_hexadecimal_digits_as_128_bits) {
  EXPECT_EQ(seed::parse("0x0123456789abcdeffedcba9876543210"), seed::from_bits(0x0123456789abcdef, 0xfedcba9876543210));
  EXPECT_EQ(seed::parse("0x10000000000000000"), seed::from_bits(1, 0));
  EXPECT_EQ(seed::parse("0x000000000000000ff"), seed::from_bits(0, 255));  // 17 digits
}

TEST(seed_parse, takes_anything_else_as_text) {
  for (const char* const text : {"",
                                 " ",
                                 "experiment 7",
                                 "-1",
                                 "+1",
                                 " 1",
                                 "1 ",
                                 "1e3",
                                 "1.0",
                                 "0x",
                                 "x1",
                                 "0xg",
                                 "0x 1",
                                 "0x-1",
                                 "0x1 ",
                                 "0b1",
                                 "0x0123456789abcdef-edcba9876543210",
                                 "0x0123456789abcdeffedcba98765432100",
                                 "18446744073709551616",
                                 "99999999999999999999999999",
                                 "Entropy",
                                 "entropy "}) {
    EXPECT_EQ(seed::parse(text), seed::from_text(text)) << '"' << text << '"';
  }
}

TEST(seed_parse, does_not_read_beyond_the_text) {
  EXPECT_EQ(seed::parse(std::string_view("1234567", 3)), 123u);
  EXPECT_EQ(seed::parse(std::string_view("0x1234567", 4)), 0x12u);
  EXPECT_EQ(seed::parse(std::string_view("0x1234567", 2)), seed::from_text("0x"));
}

TEST(seed_parse, draws_from_the_entropy_of_the_system) { EXPECT_NE(seed::parse("entropy"), seed::parse("entropy")); }

// ---- origin ------------------------------------------------------------------------------------------------------

TEST(seed_origin, is_what_the_seed_was_made_of) {
  EXPECT_EQ(seed(42).origin(), "42");
  EXPECT_EQ(seed::parse("0x2a").origin(), "42");
  EXPECT_EQ(seed::from_bits(0x0123456789abcdef, 42).origin(), "0x0123456789abcdef000000000000002a");
  EXPECT_EQ(seed::from_text("experiment 7").origin(), std::to_string(0xc20c287a75a908d3));
}

TEST(seed_origin, brings_the_seed_back) {
  for (const seed& s : {seed(0), seed(~std::uint64_t{0}), seed::from_bits(0, 0), seed::from_bits(~std::uint64_t{0}, 1),
                        seed::from_text("0x"), seed::from_entropy(), seed::from_entropy()}) {
    EXPECT_EQ(seed::parse(s.origin()), s.value()) << s.origin();
    EXPECT_EQ(seed::parse(s.origin()).origin(), s.origin());
  }
}

TEST(seed_origin, has_all_128_bits_of_the_entropy) {
  const std::string origin = seed::from_entropy().origin();

  EXPECT_EQ(origin.size(), 34u);
  EXPECT_NE(origin, seed::from_entropy().origin());
}

}  // namespace
}  // namespace samebits::tests
