#include "samebits/digest.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace samebits {
namespace {

using namespace std::string_view_literals;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string digest_of(std::string_view text) {
  sha256 hash;
  hash.update(bytes_of(text));
  return digest_text(hash.finish());
}

std::string digest_in_pieces(std::string_view text, std::size_t piece_size) {
  sha256 hash;
  for (; !text.empty(); text.remove_prefix(std::min(piece_size, text.size()))) {
    hash.update(bytes_of(text.substr(0, piece_size)));
  }
  return digest_text(hash.finish());
}

// The first four answers are the examples that NIST gives for FIPS 180.

TEST(sha256_of, the_empty_message_is_the_known_answer) {
  EXPECT_EQ(digest_of(""), "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(sha256_of, abc_is_the_known_answer) {
  EXPECT_EQ(digest_of("abc"), "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(sha256_of, a_message_whose_length_needs_a_second_block_is_the_known_answer) {
  EXPECT_EQ(digest_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "sha256:248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(sha256_of, a_million_times_a_is_the_known_answer) {
  EXPECT_EQ(digest_of(std::string(1'000'000, 'a')),
            "sha256:cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(sha256_of, a_message_of_one_full_block_is_the_known_answer) {
  EXPECT_EQ(digest_of(std::string(64, 'a')), "sha256:ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb");
}

TEST(sha256_of, a_message_is_the_same_however_it_is_cut) {
  const std::string text(1000, 'a');
  const std::string whole = digest_of(text);

  for (const std::size_t piece_size : {1u, 7u, 55u, 56u, 63u, 64u, 65u, 128u, 999u}) {
    EXPECT_EQ(digest_in_pieces(text, piece_size), whole) << piece_size;
  }
}

TEST(sha256_of, messages_of_every_length_around_a_block_differ) {
  std::vector<std::string> digests;

  for (std::size_t size = 0; size < 200; ++size) digests.push_back(digest_of(std::string(size, '\0')));

  std::sort(digests.begin(), digests.end());
  EXPECT_EQ(std::adjacent_find(digests.begin(), digests.end()), digests.end());
}

TEST(sha256_of, values_is_that_of_their_bytes_lowest_first) {
  const std::vector<double> values = {1.0, -2.5};

  EXPECT_EQ(digest_text(values), digest_of("\0\0\0\0\0\0\xf0\x3f\0\0\0\0\0\0\x04\xc0"sv));
}

TEST(sha256_of, values_tells_the_two_zeros_apart) {
  EXPECT_NE(digest_text(std::vector{0.0}), digest_text(std::vector{-0.0}));
}

TEST(sha256_of, values_after_odd_bytes_continues_the_message) {
  sha256 hash;

  hash.update(bytes_of("abc"));
  hash.update(std::span<const double>(std::vector{1.0}));

  EXPECT_EQ(digest_text(hash.finish()), digest_of("abc\0\0\0\0\0\0\xf0\x3f"sv));
}

TEST(sha256_of, a_second_message_starts_afresh) {
  sha256 hash;
  hash.update(bytes_of("something else"));
  hash.finish();

  hash.update(bytes_of("abc"));

  EXPECT_EQ(digest_text(hash.finish()), digest_of("abc"));
}

}  // namespace
}  // namespace samebits
