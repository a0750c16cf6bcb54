// `samebits random` and `samebits bench random` as people use them.
#include "samebits/random.hpp"

#include <gtest/gtest.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "cli/numbers.hpp"
#include "cli/output.hpp"
#include "samebits/digest.hpp"
#include "samebits/seed.hpp"
#include "tests/cli/process.hpp"

namespace samebits::tests {
namespace {

using cli::npy_header;
using nlohmann::json;

class random_command : public command_folder {
 protected:
  static outcome shell(const std::string& line) { return run_shell(line); }

  static outcome random(const std::string& arguments) { return shell("\"$samebits\" random " + arguments); }

  /// The record of what went to a file.
  static json record(const std::string& arguments) {
    const outcome result = random(arguments + " --json");
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return json::parse(result.out);
  }

  static void expect_refused(const std::string& arguments, const std::string& message) {
    const outcome result = random(arguments);
    EXPECT_EQ(result.exit_code, 2) << arguments;
    EXPECT_EQ(result.err, "samebits: " + message + "\n") << arguments;
    EXPECT_EQ(result.out, "") << arguments;
  }
};

/// Samples first, first + 1, ... as bytes, from the library itself.
template <class T>
std::string samples(const samebits_distribution& d, std::size_t n, stream_id stream = {}, std::uint64_t first = 0) {
  std::vector<T> values(n * static_cast<std::size_t>(row_size(d)));
  fill(context(), d, stream, first, std::span<T>(values));
  return std::string(cli::as_text(cli::little_endian_bytes(std::span<T>(values))));
}

/// The numbers of lines of decimals, as bytes.
template <class T>
std::string parsed(const std::string& text) {
  std::vector<T> values;
  for (const char* at = text.data(); at < text.data() + text.size();) {
    T value{};
    const auto [end, error] = std::from_chars(at, text.data() + text.size(), value);
    EXPECT_EQ(error, std::errc{}) << at;
    values.push_back(value);
    at = end + 1;  // the comma or the end of the line
  }
  return std::string(cli::as_text(cli::little_endian_bytes(std::span<T>(values))));
}

std::string digest_of(const std::string& bytes) {
  sha256 hash;
  hash.update(std::as_bytes(std::span(bytes)));
  return digest_text(hash.finish());
}

// ---- what it prints ----------------------------------------------------------------------------------------------

TEST_F(random_command, prints_a_sample_a_line_with_the_bits_of_the_library) {
  const outcome result = random("gamma --shape 2.5 --scale 3 --n 100 --seed 7 --task 8");

  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 100);
  EXPECT_EQ(parsed<double>(result.out), samples<double>(dist::gamma{2.5, 3}, 100, {7, 8}));
}

TEST_F(random_command, prints_rows_with_commas) {
  const outcome result = random("multinomial --trials 10 --weights 1,2,3 --n 2");

  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), ','), 4) << result.out;
  EXPECT_EQ(parsed<std::int64_t>(result.out),
            samples<std::int64_t>(dist::multinomial{10, std::vector<double>{1, 2, 3}}, 2));
}

TEST_F(random_command, prints_the_shortest_decimals_of_float32) {
  const outcome result = random("normal --n 50 --dtype float32");

  EXPECT_EQ(parsed<float>(result.out), samples<float>(dist::normal{}, 50));
  EXPECT_LE(result.out.find('\n'), std::string("-1.2345678e-10").size());
}

TEST_F(random_command, prints_nothing_for_no_samples) {
  const outcome result = random("normal --n 0");

  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out + result.err, "");
}

TEST_F(random_command, takes_dashes_and_underscores_in_names) {
  EXPECT_EQ(random("student-t --df 3 --n 5").out, random("student_t --df 3 --n 5").out);
}

TEST_F(random_command, takes_negative_and_infinite_parameters) {
  const outcome result = random("truncated-normal --mean -2.5 --low -inf --high -2 --n 20");

  EXPECT_EQ(parsed<double>(result.out), samples<double>(dist::truncated_normal{.mean = -2.5, .high = -2}, 20));
}

TEST_F(random_command, skips_to_the_tail_of_the_same_numbers) {
  for (const std::string d : {"words", "normal", "normal --dtype float32", "poisson --mean 100", "sphere --cols 3",
                              "dirichlet --concentrations 0.5,1,2", "rotation --dim 2"}) {
    const std::string whole = random(d + " --n 20").out;
    const std::string tail = random(d + " --n 7 --skip 13").out;

    EXPECT_FALSE(tail.empty()) << d;
    EXPECT_TRUE(whole.ends_with("\n" + tail)) << d;
  }
}

// ---- the distributions -------------------------------------------------------------------------------------------

/// Options for those that have no standard member.
std::string required_options(const std::string& distribution) {
  const std::map<std::string, std::string> options = {
      {"integers", "--below 1000"},
      {"binomial", "--trials 10"},
      {"categorical", "--weights 1,2,3"},
      {"categorical_cumulative", "--weights 1,2,3"},
      {"multinomial", "--trials 10 --weights 1,2,3"},
      {"dirichlet", "--concentrations 1,2,3"},
      {"multivariate_normal", "--cols 2"},
      {"sphere", "--cols 3"},
      {"rotation", "--dim 3"},
  };
  const auto found = options.find(distribution);
  return found == options.end() ? "" : " " + found->second;
}

TEST_F(random_command, draws_every_distribution_of_the_library_in_every_type) {
  for (const distribution_info& info : list_distributions()) {
    for (const samebits_dtype dtype : info.dtypes) {
      const std::string name = info.name;
      const json answer =
          record(name + required_options(name) + " --n 3 --out x.bin --dtype " + cli::dtype_name(dtype));

      EXPECT_EQ(answer["distribution"], name);
      EXPECT_EQ(answer["dtype"], cli::dtype_name(dtype));
      EXPECT_EQ(answer["digest"], digest_of(read_file("x.bin"))) << name;
    }
  }
}

TEST_F(random_command, lists_every_distribution_with_options_that_it_takes) {
  const outcome table = random("--list");
  const json list = json::parse(random("--list --json").out)["distributions"];

  ASSERT_EQ(list.size(), list_distributions().size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string name = list_distributions()[i].name;
    EXPECT_EQ(list[i]["name"], name);
    EXPECT_TRUE(contains("\n" + table.out, "\n" + name + " ")) << table.out;
    for (const json& option : list[i]["options"]) {
      EXPECT_TRUE(contains(table.out, "--" + option["name"].get<std::string>() + " ")) << option;
    }
  }
}

TEST_F(random_command, lists_defaults) {
  const std::string table = random("--list").out;

  EXPECT_TRUE(contains(table, "--shape 1 --scale 1 ")) << table;
  EXPECT_TRUE(contains(table, "--mean 0 --sd 1 --low -inf --high inf ")) << table;
  EXPECT_TRUE(contains(table, "--trials N --p 0.5 ")) << table;
}

TEST_F(random_command, reads_lists_from_files) {
  put_file("column.csv", "w\n0.5\n0.25\n4\n");
  put_file("row.csv", "0.5,0.25,4\n");
  const std::string expected = random("categorical --weights 0.5,0.25,4 --n 50").out;

  EXPECT_EQ(random("categorical --weights @column.csv --n 50").out, expected);
  EXPECT_EQ(random("categorical --weights @row.csv --n 50").out, expected);
}

TEST_F(random_command, factors_a_covariance) {
  put_file("covariance.csv", "4,2\n2,10\n");
  put_file("factor.csv", "2,0\n1,3\n");
  put_file("mean.csv", "5\n-6\n");
  const std::vector<double> mean_and_factor = {5, -6, 2, 0, 1, 3};
  const std::string expected = samples<double>(dist::multivariate_normal{2, mean_and_factor}, 10);

  EXPECT_EQ(parsed<double>(random("multivariate-normal --mean 5,-6 --covariance covariance.csv --n 10").out), expected);
  EXPECT_EQ(parsed<double>(random("multivariate-normal --mean @mean.csv --factor factor.csv --n 10").out), expected);
}

TEST_F(random_command, draws_a_standard_normal_of_the_columns_asked_for) {
  const std::string rows = random("multivariate-normal --cols 2 --n 10").out;
  const std::string shifted = random("multivariate-normal --mean 0,0 --n 10").out;

  EXPECT_EQ(parsed<double>(rows), samples<double>(dist::normal{}, 20));
  EXPECT_EQ(shifted, rows);
}

// ---- streams -----------------------------------------------------------------------------------------------------

TEST_F(random_command, draws_from_children_by_name_and_index) {
  const stream_id child = stream_id{5, 6}.child("noise").child(3);

  const outcome result = random("normal --n 5 --seed 5 --task 6 --child noise --child 3");

  EXPECT_EQ(parsed<double>(result.out), samples<double>(dist::normal{}, 5, child));
}

TEST_F(random_command, takes_seeds_as_people_write_them) {
  for (const char* const text : {"12", "0x1f", "0x0123456789abcdef0123456789abcdef", "experiment 7", "-1", ""}) {
    const outcome result = random("normal --n 3 --seed '" + std::string(text) + "'");

    EXPECT_EQ(parsed<double>(result.out), samples<double>(dist::normal{}, 3, {seed::parse(text), 0})) << text;
    EXPECT_EQ(result.err, "");
  }
}

TEST_F(random_command, tells_the_seed_that_it_took_from_entropy) {
  const outcome result = random("normal --n 3 --seed entropy");

  const std::string before = "samebits: the seed is ";
  ASSERT_TRUE(result.err.starts_with(before)) << result.err;
  const std::string seed = result.err.substr(before.size(), result.err.find('\n') - before.size());
  EXPECT_EQ(random("normal --n 3 --seed " + seed).out, result.out);
  EXPECT_NE(random("normal --n 3 --seed entropy").out, result.out);
}

// ---- files -------------------------------------------------------------------------------------------------------

std::string dictionary(const std::string& type, const std::string& shape) {
  return "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }";
}

/// The text of a .npy file's header, without spaces at its end.
std::string header_text(const std::string& bytes) {
  EXPECT_EQ(bytes.substr(0, 8), std::string("\x93NUMPY\x01\0", 8));
  const std::size_t size = static_cast<unsigned char>(bytes.at(8)) + 256u * static_cast<unsigned char>(bytes.at(9));
  EXPECT_EQ((10 + size) % 64, 0u);
  EXPECT_EQ(bytes.at(9 + size), '\n');
  const std::string text = bytes.substr(10, size - 1);
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

TEST(npy_header_of, every_type_names_it_as_numpy_does) {
  EXPECT_EQ(header_text(npy_header(SAMEBITS_FLOAT64, {3})), dictionary("<f8", "(3,)"));
  EXPECT_EQ(header_text(npy_header(SAMEBITS_FLOAT32, {3})), dictionary("<f4", "(3,)"));
  EXPECT_EQ(header_text(npy_header(SAMEBITS_INT64, {3})), dictionary("<i8", "(3,)"));
  EXPECT_EQ(header_text(npy_header(SAMEBITS_UINT64, {3})), dictionary("<u8", "(3,)"));
  EXPECT_EQ(header_text(npy_header(SAMEBITS_UINT32, {3})), dictionary("<u4", "(3,)"));
}

TEST(npy_header_of, any_shape_ends_on_a_multiple_of_64_bytes) {
  for (std::uint64_t n = 1; n < std::uint64_t{1} << 60; n *= 8) {
    header_text(npy_header(SAMEBITS_FLOAT64, {n, n, n}));
  }
}

TEST_F(random_command, writes_npy_of_the_shape_of_its_samples) {
  const std::map<std::string, std::string> shapes = {{"normal", "(5,)"},
                                                     {"dirichlet --concentrations 1,2,3", "(5, 3)"},
                                                     {"sphere --cols 1", "(5, 1)"},
                                                     {"rotation --dim 2", "(5, 2, 2)"}};
  for (const auto& [distribution, shape] : shapes) {
    EXPECT_EQ(random(distribution + " --n 5 --out x.npy").exit_code, 0);

    EXPECT_EQ(header_text(read_file("x.npy")), dictionary("<f8", shape)) << distribution;
  }
}

TEST_F(random_command, writes_the_same_numbers_in_every_format) {
  for (const char* const name : {"x.npy", "x.raw", "x.bin", "x.csv"}) {
    EXPECT_EQ(random("sphere --cols 3 --n 1000 --out " + std::string(name)).exit_code, 0);
  }

  const std::string numbers = samples<double>(dist::sphere{3}, 1000);
  EXPECT_EQ(read_file("x.npy"), npy_header(SAMEBITS_FLOAT64, {1000, 3}) + numbers);
  EXPECT_EQ(read_file("x.raw"), numbers);
  EXPECT_EQ(read_file("x.bin"), numbers);
  EXPECT_EQ(parsed<double>(read_file("x.csv")), numbers);
}

TEST_F(random_command, writes_more_than_a_chunk) {
  const json answer = record("words --n 3000000 --out x.bin");

  EXPECT_EQ(answer["digest"], digest_of(samples<std::uint32_t>(dist::words{}, 3'000'000)));
  EXPECT_EQ(fs::file_size("x.bin"), 12'000'000u);
}

TEST_F(random_command, writes_files_that_fit_reads) {
  for (const char* const name : {"x.npy", "x.csv"}) {
    random("multivariate-normal --cols 2 --n 50 --out " + std::string(name));

    EXPECT_EQ(shell("\"$samebits\" fit --components 1 " + std::string(name)).exit_code, 0) << name;
  }
}

TEST_F(random_command, records_all_that_the_numbers_depend_on) {
  const json answer =
      record("binomial --trials 10 --p 0.25 --n 5 --seed 1 --task 2 --skip 3 --child a --child 4 --out x.csv");

  const stream_id stream = stream_id{1, 2}.child("a").child(4);
  EXPECT_EQ(answer["distribution"], "binomial");
  EXPECT_EQ(answer["parameters"], (json{{"trials", 10}, {"p", 0.25}}));
  EXPECT_EQ(answer["seed"], 1);
  EXPECT_EQ(answer["task"], 2);
  EXPECT_EQ(answer["children"], (json{"a", 4}));
  EXPECT_EQ(answer["stream"], (json{{"seed", stream.seed}, {"task", stream.task}}));
  EXPECT_EQ(answer["skip"], 3);
  EXPECT_EQ(answer["n"], 5);
  EXPECT_EQ(answer["dtype"], "int64");
  EXPECT_EQ(answer["digest"], digest_of(samples<std::int64_t>(dist::binomial{10, 0.25}, 5, stream, 3)));
  EXPECT_TRUE(answer.contains("version") && answer.contains("numerics"));
}

TEST_F(random_command, records_the_factor_and_infinite_bounds) {
  put_file("covariance.csv", "4,2\n2,10\n");

  const json normal = record("multivariate-normal --covariance covariance.csv --n 1 --out x.bin");
  const json truncated = record("truncated-normal --low 1 --n 1 --out x.bin");

  EXPECT_EQ(normal["parameters"]["factor"], (json{{2, 0}, {1, 3}}));
  EXPECT_EQ(truncated["parameters"], (json{{"mean", 0}, {"sd", 1}, {"low", 1}, {"high", "inf"}}));
}

TEST_F(random_command, has_one_digest_on_every_instruction_set_number_of_threads_and_format) {
  for (const std::string d : {"words", "normal --dtype float32", "gamma --shape 0.5", "sphere --cols 5"}) {
    std::set<std::string> digests;
    for (const backend_info& b : list_backends()) {
      if (b.backend == "cpu" && b.available) {
        for (const char* const more : {" --threads 1 --out x.npy", " --threads 3 --out x.csv"}) {
          digests.insert(record(d + " --n 10001 --isa " + b.isa + more)["digest"]);
        }
      }
    }

    EXPECT_EQ(digests.size(), 1u) << d;
  }
}

TEST_F(random_command, leaves_an_earlier_file_when_it_fails) {
  put_file("x.npy", "earlier");

  EXPECT_EQ(random("gamma --shape -1 --n 5 --out x.npy").exit_code, 2);

  EXPECT_EQ(read_file("x.npy"), "earlier");
}

TEST_F(random_command, leaves_no_part_of_a_file_when_it_is_interrupted) {
  put_file("x.bin", "earlier");

  // The shell has background jobs ignore Ctrl-C, until the command says otherwise.
  const outcome result = shell(
      "\"$samebits\" random gamma --n 100000000 --isa scalar --out x.bin & "
      "until ls .samebits-* >/dev/null 2>&1; do sleep 0.01; done; kill -INT $!; wait $!");

  EXPECT_EQ(result.exit_code, 1);
  EXPECT_TRUE(contains(result.err, "samebits: random: stopped by Ctrl-C\n")) << result.err;
  EXPECT_EQ(names_here(), (std::set<std::string>{"x.bin"}));
  EXPECT_EQ(read_file("x.bin"), "earlier");
}

TEST_F(random_command, exits_with_1_when_the_disk_is_full) {
  fs::create_symlink("/dev/full", "full.bin");

  const outcome result = random("normal --n 5 --out full.bin");

  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.err, "samebits: full.bin: cannot write: No space left on device\n");
}

TEST_F(random_command, needs_no_more_memory_for_more_numbers) {
#if defined(SAMEBITS_TEST_ASAN) || defined(SAMEBITS_TEST_TSAN)
  GTEST_SKIP() << "sanitizers need memory of their own";
#endif
  fs::create_symlink("/dev/null", "null.bin");

  const outcome result =
      shell("ulimit -v 300000; exec \"$samebits\" random words --n 100000000 --threads 1 --out null.bin");

  EXPECT_EQ(result.exit_code, 0) << result.err;
}

TEST_F(random_command, keeps_an_earlier_file_until_a_new_one_is_finished) {
  put_file("x.bin", "earlier");
  {
    cli::output_file file("x.bin");
    file.write("half");
    EXPECT_EQ(read_file("x.bin"), "earlier");
  }
  EXPECT_EQ(read_file("x.bin"), "earlier");
  EXPECT_EQ(names_here(), (std::set<std::string>{"x.bin"}));

  cli::output_file file("x.bin");
  file.write("all ");
  file.write("of it");
  file.finish();

  EXPECT_EQ(read_file("x.bin"), "all of it");
}

// ---- standard output ---------------------------------------------------------------------------------------------

TEST_F(random_command, streams_as_many_numbers_as_asked_for) {
  EXPECT_EQ(random("normal --n 1000 --out -").out, samples<double>(dist::normal{}, 1000));
}

TEST_F(random_command, streams_until_nobody_reads) {
  const outcome result =
      shell("{ \"$samebits\" random words --skip 5 --out -; echo $? >status; } | head -c 6000000 >numbers");

  EXPECT_EQ(read_file("status"), "0\n");
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(read_file("numbers"), samples<std::uint32_t>(dist::words{}, 1'500'000, {}, 5));
}

TEST_F(random_command, prints_lines_until_nobody_reads) {
  const outcome result = shell("{ \"$samebits\" random normal --n 100000000; echo $? >status; } | head -n 3");

  EXPECT_EQ(read_file("status"), "0\n");
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(result.out, random("normal --n 3").out);
}

TEST_F(random_command, exits_with_1_when_standard_output_is_full) {
  const outcome result = random("normal --out - >/dev/full");

  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.err, "samebits: standard output: cannot write: No space left on device\n");
}

// ---- bad usage ---------------------------------------------------------------------------------------------------

TEST_F(random_command, names_bad_distributions_and_options) {
  expect_refused("", "random: DIST is missing; samebits random --list shows the distributions");
  expect_refused("gama --n 1", "random: \"gama\" is not a distribution; samebits random --list shows them");
  expect_refused("normal --n 1 --shape 2", "random: normal has no option --shape");
  expect_refused("words --n 1 --covariance x.csv", "random: words has no option --covariance");
  expect_refused("normal --n 1 --dtype float16",
                 "random: --dtype is \"float16\" but samples of normal are float64 or float32");
  expect_refused("poisson --n 1 --dtype float64", "random: --dtype is \"float64\" but samples of poisson are int64");
  expect_refused("normal --n 1 --isa sse9", "context: isa is \"sse9\" but must be scalar, avx2 or avx512");
}

TEST_F(random_command, names_bad_counts) {
  const std::string rule = " but must be a whole number below 2^64";
  expect_refused("normal", "random: --n is missing; only --out - goes without");
  expect_refused("normal --out x.npy", "random: --n is missing; only --out - goes without");
  expect_refused("normal --n -1", "random: --n is \"-1\"" + rule);
  expect_refused("normal --n 1e6", "random: --n is \"1e6\"" + rule);
  expect_refused("normal --n 18446744073709551616", "random: --n is \"18446744073709551616\"" + rule);
  expect_refused("normal --n 1 --skip two", "random: --skip is \"two\"" + rule);
  expect_refused("normal --n 1 --task -2", "random: --task is \"-2\"" + rule);
  expect_refused("normal --n 1 --child 18446744073709551616", "random: --child is \"18446744073709551616\"" + rule);
  expect_refused("binomial --n 1 --trials 2.5", "random: --trials is \"2.5\"" + rule);
  expect_refused("integers --n 1 --below 0", "random: --below is 0 but must be positive");
  expect_refused("rotation --n 1 --dim 257", "random: --dim is 257 but must lie in [1, 256]");
  expect_refused("sphere --n 1", "random: sphere needs --cols");
}

TEST_F(random_command, names_the_end_of_a_sequence) {
  expect_refused("normal --n 2 --skip 1152921504606846975",
                 "random: --skip is 1152921504606846975 and --n is 2, but a sequence of normal ends after "
                 "1152921504606846976");
  expect_refused("normal --n 2 --skip 18446744073709551615",
                 "random: --skip is 18446744073709551615 and --n is 2, beyond any sequence");
  EXPECT_EQ(random("normal --n 1 --skip 1152921504606846975").exit_code, 0);
}

TEST_F(random_command, names_bad_parameters) {
  expect_refused("gamma --n 1 --shape -1", "random: --shape is -1 but must be finite and positive");
  expect_refused("gamma --n 1 --shape inf", "random: --shape is inf but must be finite and positive");
  expect_refused("gamma --n 1 --shape nan", "random: --shape is \"nan\" but must be a number");
  expect_refused("gamma --n 1 --shape two", "random: --shape is \"two\" but must be a number");
  expect_refused("gamma --n 1 --shape 2x", "random: --shape is \"2x\" but must be a number");
  expect_refused("gamma --n 1 --shape 1e999", "random: --shape is 1e999, which is outside the range of float64");
  expect_refused("uniform --n 1 --low 2", "random: --low is 2 but high is 1");
  expect_refused("geometric --n 1 --p 1.5", "random: --p is 1.5 but must lie in (0, 1]");
}

TEST_F(random_command, names_bad_lists_and_tables) {
  put_file("square.csv", "1,2\n2,1\n");
  put_file("other.csv", "1,2\n3,10\n");
  put_file("row.csv", "1,2,3\n");
  put_file("unit.csv", "1,0\n0,1\n");
  expect_refused("categorical --n 1", "random: categorical needs --weights");
  expect_refused("categorical --n 1 --weights ''", "random: --weights is empty");
  expect_refused("categorical --n 1 --weights 1,,2", "random: --weights[1] is \"\" but must be a number");
  expect_refused("categorical --n 1 --weights 1,-2", "random: --weights[1] is -2 but must be finite and not negative");
  expect_refused("categorical --n 1 --weights @no.csv", "no.csv: cannot open: No such file or directory");
  expect_refused("categorical --n 1 --weights @unit.csv",
                 "random: --weights: unit.csv is 2 x 2 but must be one row or one column");
  const std::string normal = "multivariate-normal --n 1 ";
  expect_refused(normal, "random: multivariate_normal needs --covariance, --factor, --mean or --cols");
  expect_refused(normal + "--cols 0", "random: --cols is 0 but must lie in [1, 2^20]");
  expect_refused(normal + "--covariance row.csv", "random: --covariance: row.csv is 1 x 3 but must be square");
  expect_refused(normal + "--covariance square.csv",
                 "random: --covariance: square.csv is not positive definite at column 1 (counted from 0)");
  expect_refused(normal + "--covariance other.csv",
                 "random: --covariance: other.csv is not symmetric: row 1, column 0 is 3 but its mirror is 2 (counted "
                 "from 0)");
  expect_refused(
      normal + "--factor square.csv",
      "random: --factor: square.csv: row 0, column 1 is 2 but a factor is lower triangular (counted from 0)");
  expect_refused(normal + "--factor unit.csv --covariance unit.csv",
                 "random: --covariance and --factor exclude each other");
  expect_refused(normal + "--factor unit.csv --mean 1", "random: --factor has 2 columns but --mean has 1");
  expect_refused(normal + "--factor unit.csv --cols 3", "random: --factor has 2 columns but --cols has 3");
}

TEST_F(random_command, names_bad_places) {
  expect_refused("normal --n 1 --out x.txt",
                 "random: --out is \"x.txt\" but must end in .npy, .csv, .bin or .raw, or be -");
  expect_refused("normal --n 1 --json", "random: --json needs --out with the name of a file");
  expect_refused("normal --n 1 --json --out -", "random: --json needs --out with the name of a file");
  EXPECT_EQ(random("normal --n 1 --out no/x.npy").err, "samebits: no/x.npy: cannot write: No such file or directory\n");
}

TEST_F(random_command, exits_with_2_on_an_option_without_its_value) {
  for (const char* const arguments : {"normal --n", "gamma --n 1 --shape", "normal --colour red", "normal uniform"}) {
    EXPECT_EQ(random(arguments).exit_code, 2) << arguments;
  }
}

TEST_F(random_command, has_help) {
  const std::string help = random("--help").out;

  for (const char* const option : {"--n ", "--seed ", "--task ", "--child ", "--skip ", "--dtype ", "--out ", "--json ",
                                   "--list ", "--isa ", "--threads ", "--shape ", "--weights ", "--covariance "}) {
    EXPECT_TRUE(contains(help, option)) << option;
  }
}

// ---- bench random ------------------------------------------------------------------------------------------------

class bench_random : public random_command {
 protected:
  static outcome bench(const std::string& arguments) {
    return shell("\"$samebits\" bench random --n 4096 --repeat 2 " + arguments);
  }

  /// A program in the place of Python.
  static void put_python(const std::string& script) {
    put_file("python", "#!/bin/sh\n" + script);
    fs::permissions("python", fs::perms::owner_all);
  }
};

TEST_F(bench_random, measures_without_numpy) {
  const outcome result = bench("--json --python ./not-there");

  ASSERT_EQ(result.exit_code, 0) << result.err;
  const json answer = json::parse(result.out);
  EXPECT_EQ(answer["numpy"], nullptr);
  const json& words = answer["results"][0];
  EXPECT_EQ(words["distribution"], "words");
  EXPECT_EQ(words["dtype"], "uint32");
  EXPECT_EQ(words["threads"], 1);
  EXPECT_EQ(words["buffer"]["seconds"]["runs"].size(), 2u);
  EXPECT_DOUBLE_EQ(words["buffer"]["bytes_per_second"].get<double>(),
                   4 * words["buffer"]["samples_per_second"].get<double>());
  EXPECT_GT(words["refilled"]["samples_per_second"], 0);
  EXPECT_EQ(words["digest"], digest_of(samples<std::uint32_t>(dist::words{}, 4096, {1, 0})));
}

TEST_F(bench_random, has_one_digest_a_distribution_on_every_instruction_set) {
  const outcome result = bench("--json --all --threads 2 --python ./not-there");

  ASSERT_EQ(result.exit_code, 0) << result.err;
  std::map<std::string, std::set<std::string>> digests;
  const json answer = json::parse(result.out);
  for (const json& r : answer["results"]) {
    digests[r["distribution"].get<std::string>() + " " + r["dtype"].get<std::string>()].insert(r["digest"]);
  }
  EXPECT_GE(digests.size(), 20u);
  for (const auto& [name, of_it] : digests) {
    EXPECT_EQ(of_it.size(), 1u) << name;
  }
}

TEST_F(bench_random, puts_numpy_beside_it) {
  put_python("echo 9.8.7\nwhile read -r work; do echo \"$work\" >>asked; echo 0.5; done\n");

  const outcome result = bench("--json --python ./python");

  ASSERT_EQ(result.exit_code, 0) << result.err;
  const json answer = json::parse(result.out);
  EXPECT_EQ(answer["numpy"], "9.8.7");
  for (const json& r : answer["results"]) {
    if (r["distribution"] == "truncated_normal 1 3") {
      EXPECT_EQ(r["numpy"], nullptr);
    } else {
      EXPECT_EQ(r["numpy"]["buffer"]["seconds"]["runs"], (json{0.5, 0.5})) << r["distribution"];
    }
  }
  EXPECT_TRUE(contains(read_file("asked"), "\nuint64 4096 1 g.bit_generator.random_raw(n)\n")) << read_file("asked");
}

TEST_F(bench_random, names_what_numpy_failed_at) {
  put_python("echo 9.8.7\n");

  const outcome result = bench("--python ./python");

  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.err, "samebits: bench random: NumPy failed at g.integers(0, 2**32, n, dtype=np.uint32)\n");
}

TEST_F(bench_random, prints_a_table) {
  const outcome result = bench("--python ./not-there");

  EXPECT_EQ(result.exit_code, 0);
  EXPECT_TRUE(contains(result.out, "GB/s")) << result.out;
  EXPECT_TRUE(contains(result.out, "there is no NumPy in ./not-there")) << result.out;
}

TEST_F(bench_random, leaves_nothing_behind) {
  bench("");

  EXPECT_EQ(names_here(), std::set<std::string>{});
}

TEST_F(bench_random, exits_with_2_on_bad_usage) {
  for (const char* const arguments : {"--n 0", "--n -5", "--repeat 0", "--threads 1025", "--isa sse9"}) {
    EXPECT_EQ(shell("\"$samebits\" bench random " + std::string(arguments)).exit_code, 2) << arguments;
  }
}

}  // namespace
}  // namespace samebits::tests
