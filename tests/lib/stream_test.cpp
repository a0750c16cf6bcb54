// Streams beyond their words (tests/core/philox_test.cpp): seeking, the end, and children.
#include "samebits/stream.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <string>
#include <utility>

#include "tests/lib/stream_device_code.hpp"
#include "tests/support.hpp"

namespace samebits::tests {
namespace {

constexpr std::uint64_t last_block = ~std::uint64_t{0};
constexpr stream_id id{0x0123456789abcdef, 0xfedcba9876543210};
constexpr stream_position end_of_stream{last_block, 4};

std::string position_text(const stream& s) {
  return std::to_string(s.position().block) + ":" + std::to_string(s.position().word);
}

/// A stream of which `n` words, at most four, are left.
stream with_words_left(std::uint32_t n) {
  stream s(id);
  s.seek({last_block, 4 - n});
  return s;
}

// ---- seeking -----------------------------------------------------------------------------------------------------

TEST(stream_seek, gives_the_words_from_there_forwards_and_backwards) {
  stream s(id);
  for (const std::uint64_t n : {7, 3, 4, 0, 21, 20, 5}) {
    stream expected(id);
    expected.skip(n);

    s.seek({n / 4, static_cast<std::uint32_t>(n % 4)});

    EXPECT_EQ(s.position(), expected.position()) << n;
    EXPECT_EQ(s.next_u32(), expected.next_u32()) << n;
  }
}

TEST(stream_seek, goes_on_where_another_stream_of_the_name_was) {
  stream first(id);
  first.skip(1234567890123);
  first.next_u32();
  stream second(id);

  second.seek(first.position());

  EXPECT_EQ(second.next_u64(), first.next_u64());
}

TEST(stream_seek, takes_words_beyond_the_block) {
  stream s(id);
  stream far(id);

  s.seek({5, 11});
  far.seek({5, 0xffffffff});

  EXPECT_EQ(position_text(s), "7:3");
  EXPECT_EQ(position_text(far), std::to_string(5 + 0xffffffff / 4u) + ":3");
}

// ---- the end -----------------------------------------------------------------------------------------------------

TEST(stream_end, has_a_position_that_a_stream_can_be_taken_to) {
  stream drawn = with_words_left(1);
  stream skipped = with_words_left(4);
  stream sought(id);

  drawn.next_u32();
  skipped.skip(4);
  sought.seek(end_of_stream);

  EXPECT_EQ(drawn.position(), end_of_stream);
  EXPECT_EQ(skipped.position(), end_of_stream);
  EXPECT_EQ(sought.position(), end_of_stream);
}

TEST(stream_end, is_reached_by_skips_of_any_length) {
  stream s(id);
  s.skip(~std::uint64_t{0});
  s.skip(~std::uint64_t{0});
  s.skip(~std::uint64_t{0});
  s.skip(~std::uint64_t{0});

  s.skip(4);

  EXPECT_EQ(s.position(), end_of_stream);
}

TEST(stream_end, comes_after_the_last_words) {
  stream s(id);
  s.seek({last_block, 0});
  std::uint64_t draws[2];
  core::philox_draws(id.seed, id.task, last_block, draws);

  EXPECT_EQ(s.next_u64(), draws[0]);
  EXPECT_EQ(s.next_u64(), draws[1]);
  EXPECT_THROW(s.next_u32(), stream_exhausted);
}

TEST(stream_end, is_an_error_for_every_draw) {
  stream s = with_words_left(0);

  EXPECT_EQ(error_of<stream_exhausted>([&] { s.next_u32(); }),
            "next_u32: word 4 of block 18446744073709551615 is past the end of stream (seed 81985529216486895, task "
            "18364758544493064720), which has 2^64 blocks of 4 words");
  EXPECT_THROW(s.next_u32(), stream_exhausted);
  EXPECT_THROW(s(), stream_exhausted);
  EXPECT_THROW(s.next_u64(), stream_exhausted);
}

TEST(stream_end, leaves_the_stream_as_it_was) {
  for (std::uint32_t left = 0; left < 4; ++left) {
    for (const bool holds_its_block : {false, true}) {
      stream s = with_words_left(holds_its_block ? left + 1 : left);
      if (holds_its_block) {
        s.next_u32();
      }
      stream undisturbed = s;

      EXPECT_THROW(s.skip(left + 1), stream_exhausted);
      EXPECT_THROW(s.skip(~std::uint64_t{0}), stream_exhausted);
      EXPECT_THROW(s.seek({last_block, 5}), stream_exhausted);
      if (left < 2) {
        EXPECT_THROW(s.next_u64(), stream_exhausted);
      }

      EXPECT_EQ(s.position(), (stream_position{last_block, 4 - left}));
      EXPECT_FALSE(s.exhausted());
      for (std::uint32_t i = 0; i < left; ++i) {
        EXPECT_EQ(s.next_u32(), undisturbed.next_u32()) << left << " words left, word " << i;
      }
    }
  }
}

TEST(stream_end, names_what_was_asked_for) {
  stream s(1, 2);
  s.seek({last_block, 1});

  EXPECT_EQ(
      error_of<stream_exhausted>([&] { s.skip(4); }),
      "skip: 4 words from word 1 of block 18446744073709551615 pass the end of stream (seed 1, task 2), which has "
      "2^64 blocks of 4 words");
  EXPECT_EQ(error_of<stream_exhausted>([&] {
              s.seek({last_block, 9});
            }),
            "seek: word 9 of block 18446744073709551615 is past the end of stream (seed 1, task 2), which has 2^64 "
            "blocks of 4 words");
  s.skip(2);
  EXPECT_EQ(
      error_of<stream_exhausted>([&] { s.next_u64(); }),
      "next_u64: 2 words from word 3 of block 18446744073709551615 pass the end of stream (seed 1, task 2), which "
      "has 2^64 blocks of 4 words");
}

TEST(stream_end, has_a_status_of_its_own) {
  stream s = with_words_left(0);

  try {
    s.next_u32();
    FAIL() << "no error";
  } catch (const error& e) {
    EXPECT_EQ(e.status(), SAMEBITS_STREAM_EXHAUSTED);
  }
}

TEST(stream_end, is_no_trap_for_a_stream_that_goes_back) {
  stream s = with_words_left(0);
  EXPECT_THROW(s.next_u32(), stream_exhausted);

  s.seek({0, 0});

  EXPECT_EQ(s.next_u32(), stream(id).next_u32());
}

TEST(stream_end, gives_zeros_and_a_flag_in_device_code) {
  const device_stream_end end = device_code_draws_past_the_end(id.seed, id.task);
  stream host = with_words_left(1);

  EXPECT_EQ(end.draw, host.next_u32());  // its high half is past the end
  EXPECT_EQ(end.after, 0u);
  EXPECT_EQ(end.block, last_block);
  EXPECT_EQ(end.word, 4u);
  EXPECT_FALSE(end.before_exhausted);
  EXPECT_TRUE(end.exhausted);
  EXPECT_TRUE(end.exhausted_for_good);
  EXPECT_EQ(end.first_word, stream(id).next_u32());
  EXPECT_TRUE(device_code_skips_past_the_end());
  EXPECT_TRUE(device_code_seeks_past_the_end());
}

// ---- children ----------------------------------------------------------------------------------------------------

struct known_child {
  stream_id child;
  stream_id expected;
};

TEST(stream_child, has_the_known_answers) {
  const known_child answers[] = {
      {id.child(0), {0xc52ec7d966ecffd4, 0x78fc16ae1b8b538d}},
      {id.child(1), {0xd9038749035062c2, 0xa613dd8c71dca380}},
      {id.child(last_block), {0xd3b079c431e896ff, 0xe6ebc1fa6c239980}},
      {id.child(""), {0x37aa438856b8654b, 0x09ffdc3c7613b762}},
      {id.child("noise"), {0x8a2fc9ce53b5a65f, 0xb7472044c87f4393}},
      {id.child("dropout layer 12"), {0x653d55e652a15a1a, 0xcaa51dfd1afc4717}},
      {id.child(3).child("noise"), {0xc7fdc0a56a9e2ac3, 0x7d1c66a1d13231e7}},
  };

  for (const known_child& answer : answers) {
    EXPECT_EQ(answer.child.seed, answer.expected.seed);
    EXPECT_EQ(answer.child.task, answer.expected.task);
  }
}

TEST(stream_child, follows_the_documented_rule) {
  std::uint64_t c[4] = {7, 0, 0x76543210, 0xfedcba98};  // the index and the task, low words first
  std::uint32_t tag[2];
  std::memcpy(tag, "sb-index", 8);

  core::philox4x32(c, 0x89abcdef, 0x01234567);
  core::philox4x32(c, tag[0], tag[1]);

  const stream_id child = id.child(7);
  EXPECT_EQ(static_cast<std::uint32_t>(child.seed), static_cast<std::uint32_t>(c[0]));
  EXPECT_EQ(child.seed >> 32, static_cast<std::uint32_t>(c[1]));
  EXPECT_EQ(static_cast<std::uint32_t>(child.task), static_cast<std::uint32_t>(c[2]));
  EXPECT_EQ(child.task >> 32, static_cast<std::uint32_t>(c[3]));
}

TEST(stream_child, has_tags_that_can_be_read) {
  EXPECT_EQ(std::memcmp(&core::child_index_tag, "sb-index", 8), 0);
  EXPECT_EQ(std::memcmp(&core::child_text_tag, "sb--text", 8), 0);
  EXPECT_EQ(std::memcmp(&core::seed_tag, "sb--seed", 8), 0);
}

TEST(stream_child, does_not_depend_on_the_position) {
  stream s(id);
  s.skip(12345);
  s.next_u32();

  EXPECT_EQ(s.child(7), id.child(7));
  EXPECT_EQ(s.child("noise"), id.child("noise"));
  EXPECT_EQ(s.child(std::string("noise")), id.child("noise"));
}

TEST(stream_child, takes_zero_as_the_index) {
  EXPECT_EQ(id.child(0), id.child(std::uint64_t{0}));
  EXPECT_NE(id.child(0), id.child(""));
  EXPECT_NE(id.child(0), id.child("0"));
}

TEST(stream_child, takes_a_name_in_any_form) {
  const char* const pointer = "noise";
  char buffer[32] = "noise";
  buffer[10] = 'x';  // what lies after the text

  EXPECT_EQ(id.child(std::string("noise")), id.child("noise"));
  EXPECT_EQ(id.child(std::string_view("noise and more", 5)), id.child("noise"));
  EXPECT_EQ(id.child(pointer), id.child("noise"));
  EXPECT_EQ(id.child(buffer), id.child("noise"));
  EXPECT_EQ(id.child("noise and more", 5), id.child("noise"));
}

TEST(stream_child, tells_names_apart_that_differ_in_zeros_or_where_they_are_cut) {
  using namespace std::string_view_literals;
  const std::string_view names[] = {""sv,        "\0"sv,       "\0\0\0\0\0\0\0\0"sv, "a"sv,         "a\0"sv,
                                    "abcdefg"sv, "abcdefgh"sv, "abcdefgh\0"sv,       "abcdefghi"sv, "abcdefgh "sv};
  std::set<std::pair<std::uint64_t, std::uint64_t>> children;

  for (const std::string_view name : names) {
    const stream_id child = id.child(name);
    children.insert({child.seed, child.task});
  }
  const stream_id in_two_steps = id.child("a").child("b");
  children.insert({in_two_steps.seed, in_two_steps.task});
  const stream_id at_once = id.child("ab");
  children.insert({at_once.seed, at_once.task});

  EXPECT_EQ(children.size(), std::size(names) + 2);
}

TEST(stream_child, reads_letters_as_unsigned_bytes) {
  EXPECT_EQ(id.child("\xff\x80"), id.child(std::string("\xff\x80")));
  EXPECT_NE(id.child("\xff\x80"), id.child("\xff\x7f"));
}

TEST(stream_child, never_shares_a_name_with_others_of_its_seed) {
  std::set<std::pair<std::uint64_t, std::uint64_t>> names;

  for (std::uint64_t task = 0; task < 100; ++task) {
    names.insert({1, task});
    for (std::uint64_t index = 0; index < 100; ++index) {
      const stream_id child = stream_id{1, task}.child(index);
      names.insert({child.seed, child.task});
    }
  }

  EXPECT_EQ(names.size(), 100u + 100 * 100);
}

TEST(stream_child, has_half_of_its_bits_changed_by_any_bit_of_what_it_comes_from) {
  const stream_id child = id.child(5);
  int n_changed = 0;
  for (int bit = 0; bit < 64; ++bit) {
    const std::uint64_t flip = std::uint64_t{1} << bit;
    for (const stream_id& other : {id.child(5 ^ flip), stream_id{id.seed ^ flip, id.task}.child(5),
                                   stream_id{id.seed, id.task ^ flip}.child(5)}) {
      n_changed += __builtin_popcountll(child.seed ^ other.seed) + __builtin_popcountll(child.task ^ other.task);
    }
  }

  EXPECT_NEAR(n_changed / (3.0 * 64 * 128), 0.5, 0.015);  // five standard deviations
}

TEST(stream_child, is_the_same_in_device_code) {
  stream_id child = id;

  device_code_child(child.seed, child.task);

  EXPECT_EQ(child, id.child("noise"));
}

}  // namespace
}  // namespace samebits::tests
