#include "cli/table.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/support.hpp"

namespace samebits::cli {
namespace {

namespace fs = std::filesystem;
using namespace std::string_literals;
using tests::put_file;
using values = std::vector<double>;
using names = std::vector<std::string>;

/// Runs in a folder of its own, so that paths and messages are short.
class folder_test : public testing::Test {
 protected:
  static std::string error_of_reading(const std::string& path) {
    return tests::error_of<input_error>([&] { read_table(path); });
  }

 private:
  tests::temporary_folder folder_;
};

using read_table_from = folder_test;

TEST_F(read_table_from, a_missing_file_fails) {
  EXPECT_EQ(error_of_reading("x.csv"), "x.csv: cannot open: No such file or directory");
}

TEST_F(read_table_from, a_folder_fails) {
  fs::create_directory("x.csv");

  EXPECT_EQ(error_of_reading("x.csv"), "x.csv: cannot read: Is a directory");
}

TEST_F(read_table_from, a_binary_file_fails) {
  put_file("x.csv", "1,2\n\0,3\n"s);

  EXPECT_EQ(error_of_reading("x.csv"), "x.csv: a binary file, neither CSV nor .npy: the byte at offset 4 is zero");
}

/// A table of some megabytes.
void put_large_file(const std::string& path) {
  std::string text;
  while (text.size() < 5'000'000) text += "1.25,-3\n";
  put_file(path, text);
}

TEST_F(read_table_from, a_large_file_tells_how_far_it_is) {
  put_large_file("x.csv");
  std::vector<std::string> stages;
  std::vector<double> shares;

  read_table("x.csv", [&](const char* stage, double share) {
    stages.push_back(stage);
    shares.push_back(share);
  });

  const auto parsing = std::find(stages.begin(), stages.end(), "parsing");
  EXPECT_EQ(std::count(stages.begin(), parsing, "reading"), parsing - stages.begin());
  EXPECT_GE(std::count(parsing, stages.end(), "parsing"), 4);
  const auto first_parsed = shares.begin() + (parsing - stages.begin());
  EXPECT_TRUE(std::is_sorted(shares.begin(), first_parsed));
  EXPECT_TRUE(std::is_sorted(first_parsed, shares.end()));
  EXPECT_GE(*std::min_element(shares.begin(), shares.end()), 0);
  EXPECT_LE(*std::max_element(shares.begin(), shares.end()), 1);
}

TEST_F(read_table_from, a_large_file_can_be_stopped) {
  put_large_file("x.csv");
  const auto stop_while = [](const std::string& unwanted) {
    read_table("x.csv", [&](const char* stage, double) {
      if (stage == unwanted) throw std::runtime_error("stopped while " + unwanted);
    });
  };

  EXPECT_EQ(tests::error_of<std::runtime_error>([&] { stop_while("reading"); }), "stopped while reading");
  EXPECT_EQ(tests::error_of<std::runtime_error>([&] { stop_while("parsing"); }), "stopped while parsing");
}

TEST_F(read_table_from, a_fifo_reads_to_its_end) {
  ASSERT_EQ(::mkfifo("fifo", 0600), 0);
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "1,2\n";
  std::thread writer([&] { put_file("fifo", text); });

  const table read = read_table("fifo");

  writer.join();
  EXPECT_EQ(read.n_rows, 100'000);
}

TEST_F(read_table_from, a_longer_path_names_it_as_given) {
  fs::create_directory("data");
  put_file("data/x.csv", "");

  EXPECT_EQ(error_of_reading("./data/../data/x.csv"), "./data/../data/x.csv: the file is empty");
}

class read_csv : public folder_test {
 protected:
  static table read(const std::string& text) {
    put_file("x.csv", text);
    return read_table("x.csv");
  }
  static std::string error_of(const std::string& text) {
    put_file("x.csv", text);
    return error_of_reading("x.csv");
  }
};

// ---- what it reads -----------------------------------------------------------------------------------------------

TEST_F(read_csv, takes_rows_in_order) { EXPECT_EQ(read("1,2\n3,4\n5,6\n").values, (values{1, 2, 3, 4, 5, 6})); }

TEST_F(read_csv, counts_rows_and_columns) {
  const table result = read("1,2,3\n4,5,6\n");

  EXPECT_EQ(result.n_rows, 2);
  EXPECT_EQ(result.n_cols, 3);
}

TEST_F(read_csv, has_no_names_without_a_header) { EXPECT_EQ(read("1,2\n").column_names, names{}); }

TEST_F(read_csv, takes_names_from_a_header) { EXPECT_EQ(read("a,b\n1,2\n").column_names, (names{"a", "b"})); }

TEST_F(read_csv, does_not_count_the_header_as_a_row) { EXPECT_EQ(read("a,b\n1,2\n").n_rows, 1); }

TEST_F(read_csv, takes_a_first_line_of_numbers_for_a_row) {
  EXPECT_EQ(read("2019,2020\n1,2\n").values, (values{2019, 2020, 1, 2}));
}

TEST_F(read_csv, takes_quotes_off_names) { EXPECT_EQ(read("\"a\",\"b\"\n1,2\n").column_names, (names{"a", "b"})); }

TEST_F(read_csv, takes_doubled_quotes_in_names_for_one) {
  EXPECT_EQ(read("\"the \"\"a\"\"\",\"\"\"\"\n1,2\n").column_names, (names{"the \"a\"", "\""}));
}

TEST_F(read_csv, takes_separators_in_quotes_for_text) {
  EXPECT_EQ(read("\"a,b\",\"c;d\te\"\n1,2\n").column_names, (names{"a,b", "c;d\te"}));
}

TEST_F(read_csv, takes_quotes_inside_a_cell_for_text) {
  EXPECT_EQ(read("5\" disk;x\n1;2\n").column_names, (names{"5\" disk", "x"}));
}

TEST_F(read_csv, takes_numbers_in_quotes) { EXPECT_EQ(read("\"1\", \" 2 \" \n").values, (values{1, 2})); }

TEST_F(read_csv, may_have_empty_names) { EXPECT_EQ(read(",b\n1,2\n").column_names, (names{"", "b"})); }

TEST_F(read_csv, skips_a_byte_order_mark_before_numbers) {
  const table result = read(
      "\xef\xbb\xbf"
      "1,2\n");

  EXPECT_EQ(result.values, (values{1, 2}));
}

TEST_F(read_csv, skips_a_byte_order_mark_before_a_quoted_name) {
  EXPECT_EQ(read("\xef\xbb\xbf\"a\",b\n1,2\n").column_names, (names{"a", "b"}));
}

TEST_F(read_csv, takes_windows_line_ends) {
  const table result = read("a,b\r\n1,2\r\n3,4\r\n");

  EXPECT_EQ(result.column_names, (names{"a", "b"}));
  EXPECT_EQ(result.values, (values{1, 2, 3, 4}));
}

TEST_F(read_csv, needs_no_newline_at_the_end) { EXPECT_EQ(read("1,2\n3,4").values, (values{1, 2, 3, 4})); }

TEST_F(read_csv, skips_blank_lines_at_the_end) { EXPECT_EQ(read("1,2\n\n  \r\n\n").n_rows, 1); }

TEST_F(read_csv, takes_semicolons) { EXPECT_EQ(read("1;2\n3;4\n").values, (values{1, 2, 3, 4})); }

TEST_F(read_csv, takes_tabs) { EXPECT_EQ(read("1\t2\n3\t4\n").values, (values{1, 2, 3, 4})); }

TEST_F(read_csv, prefers_tabs_to_commas_in_names) {
  EXPECT_EQ(read("height, m\tweight, kg\n1\t2\n").column_names, (names{"height, m", "weight, kg"}));
}

TEST_F(read_csv, keeps_empty_cells_between_tabs) { EXPECT_EQ(read("a\t\t\"c\"\n1\t2\t3\n").n_cols, 3); }

TEST_F(read_csv, takes_one_column) {
  const table result = read("x\n1\n2\n");

  EXPECT_EQ(result.n_cols, 1);
  EXPECT_EQ(result.values, (values{1, 2}));
}

TEST_F(read_csv, takes_one_row) { EXPECT_EQ(read("1,2").n_rows, 1); }

TEST_F(read_csv, trims_spaces) { EXPECT_EQ(read("  1 ,2  \n").values, (values{1, 2})); }

TEST_F(read_csv, takes_signs_and_exponents) {
  EXPECT_EQ(read("+1,-2,.5,5.,+1e3,1E-3\n").values, (values{1, -2, 0.5, 5, 1000, 0.001}));
}

TEST_F(read_csv, rounds_numbers_correctly) {
  EXPECT_EQ(read("9007199254740993,0.1000000000000000055511151231257827,4.9e-324,1.7976931348623157e308\n").values,
            (values{9007199254740992.0, 0.1, 0x1p-1074, 0x1.fffffffffffffp1023}));
}

TEST_F(read_csv, keeps_the_sign_of_zero) { EXPECT_TRUE(std::signbit(read("-0.0\n").values[0])); }

TEST_F(read_csv, takes_long_files) {
  std::string text = "a,b\n";
  for (int i = 0; i < 50'000; ++i) text += std::to_string(i) + ",0.5\n";

  const table result = read(text);

  EXPECT_EQ(result.n_rows, 50'000);
  EXPECT_EQ(result.values[2 * 49'999], 49'999);
}

// ---- what it refuses ---------------------------------------------------------------------------------------------

TEST_F(read_csv, refuses_an_empty_file) { EXPECT_EQ(error_of(""), "x.csv: the file is empty"); }

TEST_F(read_csv, refuses_a_file_of_blank_lines) { EXPECT_EQ(error_of("\n \r\n"), "x.csv: the file is empty"); }

TEST_F(read_csv, refuses_a_byte_order_mark_alone) { EXPECT_EQ(error_of("\xef\xbb\xbf"), "x.csv: the file is empty"); }

TEST_F(read_csv, refuses_a_header_alone) { EXPECT_EQ(error_of("a,b\n\n"), "x.csv: a header but no rows"); }

TEST_F(read_csv, names_line_column_and_header_of_a_bad_number) {
  EXPECT_EQ(error_of("eruptions,waiting\n3.6,79\n1.8,abc\n"),
            "x.csv:3: column 2 (\"waiting\"): \"abc\" is not a number");
}

TEST_F(read_csv, names_line_and_column_without_a_header) {
  EXPECT_EQ(error_of("1,2\nx,4\n"), "x.csv:2: column 1: \"x\" is not a number");
}

TEST_F(read_csv, counts_lines_from_one_with_windows_line_ends) {
  EXPECT_EQ(error_of("1\r\n2\r\nx\r\n"), "x.csv:3: column 1: \"x\" is not a number");
}

TEST_F(read_csv, names_the_first_bad_cell_of_a_line) {
  EXPECT_EQ(error_of("1,2,3\n4,x,y\n"), "x.csv:2: column 2: \"x\" is not a number");
}

TEST_F(read_csv, leaves_an_empty_name_out) {
  EXPECT_EQ(error_of(",b\nx,2\n"), "x.csv:2: column 1: \"x\" is not a number");
}

TEST_F(read_csv, refuses_a_first_line_of_text_and_numbers) {
  EXPECT_EQ(error_of("1,NA\n2,3\n"),
            "x.csv:1: column 2: \"NA\" is not a number, but column 1 is; a header has no numbers");
  EXPECT_EQ(error_of(",2\n3,4\n"), "x.csv:1: column 1: \"\" is not a number, but column 2 is; a header has no numbers");
}

TEST_F(read_csv, refuses_a_header_with_numbers) {
  EXPECT_EQ(error_of("year,\"2019\"\n1,2\n"),
            "x.csv:1: column 1: \"year\" is not a number, but column 2 is; a header has no numbers");
}

TEST_F(read_csv, refuses_an_empty_cell) { EXPECT_EQ(error_of("1,2\n3,\n"), "x.csv:2: column 2: \"\" is not a number"); }

TEST_F(read_csv, refuses_what_only_starts_with_a_number) {
  for (const char* text : {"1e", "0x10", "1 2", "1.2.3", "+-1", "++1", "+", "-", ".", "1_000", "1f"}) {
    EXPECT_EQ(error_of("1\n"s + text + "\n"), "x.csv:2: column 1: \""s + text + "\" is not a number");
  }
}

TEST_F(read_csv, refuses_decimal_commas) {
  EXPECT_EQ(error_of("a;b\n3,6;79\n"), "x.csv:2: column 1 (\"a\"): \"3,6\" is not a number");
}

TEST_F(read_csv, cuts_a_long_cell_in_the_message) {
  EXPECT_EQ(error_of("1\n" + std::string(1000, 'x') + "\n"),
            "x.csv:2: column 1: \"" + std::string(40, 'x') + "...\" is not a number");
}

TEST_F(read_csv, cuts_a_long_cell_between_characters) {
  EXPECT_EQ(error_of("1\n" + std::string(39, 'x') + "\xc3\xa9\xc3\xa9\n"),
            "x.csv:2: column 1: \"" + std::string(39, 'x') + "...\" is not a number");
}

TEST_F(read_csv, shows_no_control_characters) {
  EXPECT_EQ(error_of("1\n\x1b[2J\n"), "x.csv:2: column 1: \"?[2J\" is not a number");
}

TEST_F(read_csv, refuses_too_many_cells) { EXPECT_EQ(error_of("1,2\n3,4,5\n"), "x.csv:2: 3 cells, but line 1 has 2"); }

TEST_F(read_csv, refuses_too_few_cells) { EXPECT_EQ(error_of("a,b\n1\n"), "x.csv:2: 1 cell, but line 1 has 2"); }

TEST_F(read_csv, tells_a_wrong_number_of_cells_before_a_bad_one) {
  EXPECT_EQ(error_of("1,2\nx,4,5\n"), "x.csv:2: 3 cells, but line 1 has 2");
}

TEST_F(read_csv, refuses_nan) { EXPECT_EQ(error_of("1\n2\n3\nnan\n"), "x.csv:4: column 1: nan is not finite"); }

TEST_F(read_csv, refuses_infinities) {
  EXPECT_EQ(error_of("a,b\n1,-Inf\n"), "x.csv:2: column 2 (\"b\"): -Inf is not finite");
}

TEST_F(read_csv, refuses_nan_in_the_first_line_and_takes_it_for_no_header) {
  EXPECT_EQ(error_of("1,nan\n2,3\n"), "x.csv:1: column 2: nan is not finite");
}

TEST_F(read_csv, refuses_numbers_too_large_for_double) {
  EXPECT_EQ(error_of("1\n-1e309\n"), "x.csv:2: column 1: -1e309 is outside the range of double");
}

TEST_F(read_csv, refuses_numbers_too_small_for_double) {
  EXPECT_EQ(error_of("1\n1e-400\n"), "x.csv:2: column 1: 1e-400 is outside the range of double");
}

TEST_F(read_csv, refuses_a_number_too_large_in_the_first_line) {
  EXPECT_EQ(error_of("1e309\n1\n"), "x.csv:1: column 1: 1e309 is outside the range of double");
}

TEST_F(read_csv, refuses_a_blank_line_between_rows) {
  EXPECT_EQ(error_of("1,2\n\n3,4\n"), "x.csv:2: the line is blank");
}

TEST_F(read_csv, refuses_a_blank_first_line) { EXPECT_EQ(error_of("\n1,2\n"), "x.csv:1: the line is blank"); }

TEST_F(read_csv, refuses_a_quote_that_does_not_end) {
  EXPECT_EQ(error_of("a,\"b\n1,2\n"), "x.csv:1: column 2: the closing quote is missing");
}

TEST_F(read_csv, refuses_a_quote_that_ends_in_a_doubled_one) {
  EXPECT_EQ(error_of("a,\"b\"\"\n1,2\n"), "x.csv:1: column 2: the closing quote is missing");
}

TEST_F(read_csv, refuses_text_after_a_closing_quote) {
  EXPECT_EQ(error_of("a,b\n1,\"2\"3\n"), "x.csv:2: column 2 (\"b\"): text after the closing quote");
}

TEST_F(read_csv, refuses_old_macintosh_line_ends) {
  EXPECT_EQ(error_of("a,b\r1,2\r"), "x.csv:1: a carriage return inside the line");
}

TEST_F(read_csv, refuses_utf_16) {
  EXPECT_EQ(error_of("\xff\xfe"
                     "1\0\n\0"s),
            "x.csv: a binary file, neither CSV nor .npy: the byte at offset 3 is zero");
}

// ---- NPY ---------------------------------------------------------------------------------------------------------

std::string little_endian(std::uint64_t value, int n_bytes) {
  std::string bytes;
  for (int i = 0; i < n_bytes; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
  return bytes;
}

std::string doubles(const values& numbers) {
  std::string bytes;
  for (const double number : numbers) bytes += little_endian(std::bit_cast<std::uint64_t>(number), 8);
  return bytes;
}

std::string floats(const std::vector<float>& numbers) {
  std::string bytes;
  for (const float number : numbers) bytes += little_endian(std::bit_cast<std::uint32_t>(number), 4);
  return bytes;
}

std::string npy_version(int major, const std::string& header, const std::string& data) {
  return "\x93NUMPY" + little_endian(static_cast<std::uint64_t>(major), 2) +
         little_endian(header.size(), major == 1 ? 2 : 4) + header + data;
}

std::string npy(const std::string& dtype, const std::string& shape, const std::string& data) {
  return npy_version(1, "{'descr': '" + dtype + "', 'fortran_order': False, 'shape': " + shape + ", }   \n", data);
}

std::string fortran_npy(const std::string& shape, const std::string& data) {
  return npy_version(1, "{'descr': '<f8', 'fortran_order': True, 'shape': " + shape + ", }\n", data);
}

class read_npy : public folder_test {
 protected:
  static table read(const std::string& bytes) {
    put_file("x.npy", bytes);
    return read_table("x.npy");
  }
  static std::string error_of(const std::string& bytes) {
    put_file("x.npy", bytes);
    return error_of_reading("x.npy");
  }
};

TEST_F(read_npy, takes_rows_in_order) {
  EXPECT_EQ(read(npy("<f8", "(2, 2)", doubles({1, 2.5, -3, 4e300}))).values, (values{1, 2.5, -3, 4e300}));
}

TEST_F(read_npy, counts_rows_and_columns) {
  const table result = read(npy("<f8", "(3, 2)", doubles({1, 2, 3, 4, 5, 6})));

  EXPECT_EQ(result.n_rows, 3);
  EXPECT_EQ(result.n_cols, 2);
}

TEST_F(read_npy, has_no_names) { EXPECT_EQ(read(npy("<f8", "(1, 1)", doubles({1}))).column_names, names{}); }

TEST_F(read_npy, makes_one_dimension_one_column) {
  const table result = read(npy("<f8", "(3,)", doubles({1, 2, 3})));

  EXPECT_EQ(result.n_rows, 3);
  EXPECT_EQ(result.n_cols, 1);
}

TEST_F(read_npy, widens_single_precision_exactly) {
  EXPECT_EQ(read(npy("<f4", "(2,)", floats({0.1f, 0x1p-149f}))).values, (values{0x1.99999ap-4, 0x1p-149}));
}

TEST_F(read_npy, keeps_the_sign_of_zero) {
  EXPECT_TRUE(std::signbit(read(npy("<f4", "(1,)", floats({-0.0f}))).values[0]));
}

TEST_F(read_npy, takes_versions_1_to_3) {
  const std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }\n";

  for (const int version : {1, 2, 3}) {
    EXPECT_EQ(read(npy_version(version, header, doubles({7}))).values, values{7}) << version;
  }
}

TEST_F(read_npy, takes_the_keys_in_any_order_and_double_quotes) {
  const std::string header = R"({"shape":(1,),"fortran_order":False,"descr":"<f8"})";

  EXPECT_EQ(read(npy_version(1, header, doubles({7}))).values, values{7});
}

TEST_F(read_npy, takes_long_integers_of_python_2) {
  EXPECT_EQ(read(npy("<f8", "(1L, 2L)", doubles({1, 2}))).n_cols, 2);
}

TEST_F(read_npy, is_known_by_its_first_bytes_not_its_name) {
  put_file("x.csv", npy("<f8", "(1,)", doubles({7})));

  EXPECT_EQ(read_table("x.csv").values, values{7});
}

TEST_F(read_npy, takes_fortran_order_where_it_is_the_same) {
  EXPECT_EQ(read(fortran_npy("(2, 1)", doubles({1, 2}))).values, (values{1, 2}));
  EXPECT_EQ(read(fortran_npy("(1, 2)", doubles({1, 2}))).values, (values{1, 2}));
  EXPECT_EQ(read(fortran_npy("(2,)", doubles({1, 2}))).values, (values{1, 2}));
}

TEST_F(read_npy, refuses_fortran_order) {
  EXPECT_EQ(error_of(fortran_npy("(2, 2)", doubles({1, 2, 3, 4}))),
            "x.npy: in Fortran order; save np.ascontiguousarray(a) instead");
}

TEST_F(read_npy, refuses_big_endian_values) {
  EXPECT_EQ(error_of(npy(">f8", "(1,)", doubles({1}))),
            "x.npy: big-endian dtype \">f8\" is not supported; save a.astype('<f8') instead");
}

TEST_F(read_npy, refuses_other_dtypes) {
  for (const char* dtype : {"<i8", "|b1", "<f2", "|O", "<U3", "<f16", "|u1"}) {
    EXPECT_EQ(error_of(npy(dtype, "(1,)", doubles({1}))),
              "x.npy: dtype \""s + dtype + "\" is not supported; save a.astype('<f8') instead");
  }
}

TEST_F(read_npy, refuses_structured_arrays) {
  const std::string header = "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,), }\n";

  EXPECT_EQ(error_of(npy_version(1, header, doubles({1}))),
            "x.npy: a structured array; save one plain array, see numpy.lib.recfunctions.structured_to_unstructured");
}

TEST_F(read_npy, refuses_no_dimensions) {
  EXPECT_EQ(error_of(npy("<f8", "()", doubles({1}))),
            "x.npy: the array has no dimensions; save a.reshape(1, 1) instead");
}

TEST_F(read_npy, refuses_three_dimensions) {
  EXPECT_EQ(error_of(npy("<f8", "(1, 1, 1)", doubles({1}))),
            "x.npy: the array has 3 dimensions; save a.reshape(len(a), -1) instead");
}

TEST_F(read_npy, refuses_no_rows) { EXPECT_EQ(error_of(npy("<f8", "(0, 2)", "")), "x.npy: the array has no rows"); }

TEST_F(read_npy, refuses_no_columns) {
  EXPECT_EQ(error_of(npy("<f8", "(2, 0)", "")), "x.npy: the array has no columns");
}

TEST_F(read_npy, refuses_truncated_data) {
  EXPECT_EQ(error_of(npy("<f8", "(3, 2)", doubles({1, 2, 3, 4, 5}))),
            "x.npy: truncated: 40 bytes after the header are too few for 3 x 2 values");
}

TEST_F(read_npy, refuses_a_value_cut_in_the_middle) {
  EXPECT_EQ(error_of(npy("<f8", "(1,)", "1234567")),
            "x.npy: truncated: 7 bytes after the header are too few for 1 x 1 values");
}

TEST_F(read_npy, refuses_trailing_bytes) {
  EXPECT_EQ(error_of(npy("<f8", "(1, 2)", doubles({1, 2, 3}))),
            "x.npy: 8 bytes too many after 1 x 2 values; save one array in a file");
}

TEST_F(read_npy, refuses_a_shape_larger_than_the_file) {
  EXPECT_EQ(error_of(npy("<f8", "(1000000000000, 2)", doubles({1, 2}))),
            "x.npy: truncated: 16 bytes after the header are too few for 1000000000000 x 2 values");
}

TEST_F(read_npy, refuses_a_shape_whose_product_overflows) {
  EXPECT_EQ(error_of(npy("<f8", "(4294967296, 4294967296)", "")),
            "x.npy: truncated: 0 bytes after the header are too few for 4294967296 x 4294967296 values");
}

TEST_F(read_npy, refuses_a_shape_whose_size_in_bytes_overflows) {
  EXPECT_EQ(error_of(npy("<f8", "(2305843009213693953,)", doubles({1}))),
            "x.npy: truncated: 8 bytes after the header are too few for 2305843009213693953 x 1 values");
}

TEST_F(read_npy, refuses_a_dimension_that_overflows) {
  EXPECT_EQ(error_of(npy("<f8", "(18446744073709551616,)", "")),
            "x.npy: the NPY header is malformed: expected a number below 2^64 at offset 51 of it");
}

TEST_F(read_npy, refuses_nan_and_says_where) {
  EXPECT_EQ(error_of(npy("<f8", "(2, 3)", doubles({1, 2, 3, 4, 5, NAN}))),
            "x.npy: row 1, column 2: nan is not finite (rows and columns count from 0, as in NumPy)");
}

TEST_F(read_npy, refuses_infinities_and_says_where) {
  EXPECT_EQ(error_of(npy("<f4", "(2,)", floats({1, -INFINITY}))),
            "x.npy: row 1, column 0: -inf is not finite (rows and columns count from 0, as in NumPy)");
}

TEST_F(read_npy, refuses_other_versions) {
  EXPECT_EQ(error_of(npy_version(4, "{}", "")),
            "x.npy: NPY version 4.0 is not supported; versions 1.0, 2.0 and 3.0 are");
}

TEST_F(read_npy, refuses_a_file_cut_anywhere_in_its_header) {
  const std::string whole = npy("<f8", "(1,)", "");

  for (std::size_t size = 6; size < whole.size(); ++size) {
    EXPECT_EQ(error_of(whole.substr(0, size)), "x.npy: truncated: the file ends inside the NPY header") << size;
  }
}

TEST_F(read_npy, refuses_a_header_longer_than_the_file) {
  EXPECT_EQ(error_of("\x93NUMPY\x02" + std::string(1, '\0') + "\xff\xff\xff\xff{}"),
            "x.npy: truncated: the file ends inside the NPY header");
}

struct malformed_header {
  const char* header;
  const char* expected;
};

TEST_F(read_npy, refuses_malformed_headers) {
  const malformed_header cases[] = {
      {"", "expected { at offset 0"},
      {"[]", "expected { at offset 0"},
      {"{", "expected a string at offset 1"},
      {"{}", "expected 'descr', 'fortran_order' and 'shape' before it at offset 2"},
      {"{'descr'}", "expected : at offset 8"},
      {"{'descr", "expected a string that ends at offset 2"},
      {"{'descr': 5}", "expected a string at offset 10"},
      {"{'fortran_order': 1}", "expected False at offset 18"},
      {"{'shape': 3}", "expected ( at offset 10"},
      {"{'shape': (-1,)}", "expected a number at offset 11"},
      {"{'shape': (1 2)}", "expected ) at offset 13"},
      {"{'shape': (1,", "expected a number at offset 13"},
      {"{'descr': '<f8' 'shape': (1,)}", "expected } at offset 16"},
      {"{'other': 1}", "expected each of 'descr', 'fortran_order' and 'shape' once at offset 9"},
      {"{'descr': '<f8', 'descr': '<f8'}", "expected each of 'descr', 'fortran_order' and 'shape' once at offset 25"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (1,)} x", "expected nothing more at offset 56"},
  };

  for (const auto& [header, expected] : cases) {
    EXPECT_EQ(error_of(npy_version(1, header, "")), "x.npy: the NPY header is malformed: "s + expected + " of it");
  }
}

}  // namespace
}  // namespace samebits::cli
