#include "cli/json.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace samebits::cli {
namespace {

using nlohmann::ordered_json;

TEST(to_json, gives_a_double_17_digits) { EXPECT_EQ(to_json(0.1), "0.10000000000000001"); }

TEST(to_json, shows_that_a_whole_double_is_a_double) { EXPECT_EQ(to_json(3.0), "3.0"); }

TEST(to_json, keeps_the_sign_of_zero) { EXPECT_EQ(to_json(-0.0), "-0.0"); }

TEST(to_json, writes_large_doubles_with_an_exponent) { EXPECT_EQ(to_json(1e22), "1e+22"); }

TEST(to_json, writes_a_whole_double_of_17_digits_with_a_point) { EXPECT_EQ(to_json(1e16), "10000000000000000.0"); }

TEST(to_json, writes_integers_as_integers) { EXPECT_EQ(to_json(-9223372036854775807), "-9223372036854775807"); }

TEST(to_json, writes_unsigned_integers_in_full) {
  EXPECT_EQ(to_json(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
}

TEST(to_json, makes_nan_null) { EXPECT_EQ(to_json(std::numeric_limits<double>::quiet_NaN()), "null"); }

TEST(to_json, makes_infinities_null) {
  const double infinity = std::numeric_limits<double>::infinity();

  EXPECT_EQ(to_json({infinity, -infinity}), "[null, null]");
}

TEST(to_json, gives_back_every_double_bit_for_bit) {
  const std::vector<double> values = {0.1,
                                      1.0 / 3.0,
                                      -0.0,
                                      123456789.123456789,
                                      9007199254740993.0,
                                      std::numeric_limits<double>::denorm_min(),
                                      -std::numeric_limits<double>::min(),
                                      std::numeric_limits<double>::max()};

  const auto read = ordered_json::parse(to_json(values)).get<std::vector<double>>();

  ASSERT_EQ(read.size(), values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(std::bit_cast<std::uint64_t>(read[i]), std::bit_cast<std::uint64_t>(values[i])) << values[i];
  }
}

TEST(to_json, writes_other_scalars_as_json_does) {
  EXPECT_EQ(to_json({true, nullptr, "text"}, -1), R"([true,null,"text"])");
}

TEST(to_json, escapes_strings_and_keys) {
  const ordered_json value = {{"a\"key\"", "line\nbreak"}};

  EXPECT_EQ(to_json(value, -1), R"({"a\"key\"":"line\nbreak"})");
}

TEST(to_json, replaces_bytes_that_are_not_utf8) { EXPECT_EQ(to_json("caf\xe9"), "\"caf\xef\xbf\xbd\""); }

TEST(to_json, puts_an_array_of_numbers_on_one_line) { EXPECT_EQ(to_json({1, 2.5, 3u}), "[1, 2.5, 3]"); }

TEST(to_json, puts_each_array_of_numbers_in_an_array_on_its_line) {
  const ordered_json matrix = {{1.0, 2.0}, {3.0, 4.0}};

  EXPECT_EQ(to_json(matrix), "[\n  [1.0, 2.0],\n  [3.0, 4.0]\n]");
}

TEST(to_json, indents_objects_in_their_order) {
  const ordered_json value = {{"z", 1}, {"a", {{"b", "text"}}}};

  EXPECT_EQ(to_json(value), "{\n  \"z\": 1,\n  \"a\": {\n    \"b\": \"text\"\n  }\n}");
}

TEST(to_json, indents_by_as_much_as_asked) {
  const ordered_json value = {{"a", 1}};

  EXPECT_EQ(to_json(value, 4), "{\n    \"a\": 1\n}");
}

TEST(to_json, writes_empty_arrays_and_objects_short) {
  const ordered_json value = {{"array", ordered_json::array()}, {"object", ordered_json::object()}};

  EXPECT_EQ(to_json(value), "{\n  \"array\": [],\n  \"object\": {}\n}");
}

TEST(to_json, writes_everything_on_one_line_for_a_negative_indent) {
  const ordered_json value = {{"numbers", {1, 2.5}}, {"mixed", {1, "a"}}};

  EXPECT_EQ(to_json(value, -1), R"({"numbers":[1,2.5],"mixed":[1,"a"]})");
}

TEST(to_json, differs_from_dump_only_in_layout_and_digits) {
  const ordered_json value = {{"a", {1, 2, {{"b", nullptr}}}}, {"c", "text"}, {"d", {0.5, 0.25}}};

  EXPECT_EQ(ordered_json::parse(to_json(value)), value);
}

}  // namespace
}  // namespace samebits::cli
