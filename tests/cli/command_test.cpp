// The command as people use it: what it prints, what it exits with, what it leaves behind.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cctype>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "samebits/digest.hpp"
#include "samebits/version.hpp"
#include "tests/cli/process.hpp"

namespace samebits::tests {
namespace {

using nlohmann::json;

/// Next to copies of the data.
class command : public command_folder {
 protected:
  command() {
    fs::copy_file(data_file("faithful.csv"), "faithful.csv");
    fs::copy_file(data_file("iris.csv"), "iris.csv");
  }

  static outcome run(const arguments& args, const std::string& out_file = "stdout.txt") {
    return run_samebits(args, out_file);
  }
  static json answer(const arguments& args) { return json_answer(args); }
};

arguments fit(const std::string& file, const arguments& more = {}) {
  arguments args = {"fit", file, "--components", "2"};
  args.insert(args.end(), more.begin(), more.end());
  return args;
}

// ---- help and usage ----------------------------------------------------------------------------------------------

TEST_F(command, has_help_for_itself_and_every_subcommand) {
  const arguments calls[] = {{},         {"info"},   {"fit"},   {"predict"},     {"score"},
                             {"sample"}, {"select"}, {"bench"}, {"bench", "em"}, {"check"}};
  for (arguments args : calls) {
    args.push_back("--help");

    const outcome result = run(args);

    EXPECT_EQ(result.exit_code, 0) << args[0];
    EXPECT_TRUE(contains(result.out, "--help")) << args[0];
    EXPECT_EQ(result.err, "");
  }
}

TEST_F(command, explains_every_option_in_the_help) {
  for (const char* const option : {"--components",
                                   "--covariance",
                                   "--dtype",
                                   "--seed",
                                   "--task",
                                   "--n-init",
                                   "--init",
                                   "--max-iter",
                                   "--tol",
                                   "--reg-covar",
                                   "--reg-covar-relative",
                                   "--weights",
                                   "--schedule",
                                   "--weights-init",
                                   "--means-init",
                                   "--covariances-init",
                                   "--precisions-init",
                                   "--responsibilities-init",
                                   "--warm-start",
                                   "--frozen-weights",
                                   "--frozen-means",
                                   "--frozen-covariances",
                                   "--bayesian",
                                   "--weight-concentration",
                                   "--mean-precision",
                                   "--mean-prior",
                                   "--degrees-of-freedom",
                                   "--covariance-prior",
                                   "--backend",
                                   "--isa",
                                   "--threads",
                                   "--device",
                                   "--out",
                                   "--trace",
                                   "--json"}) {
    EXPECT_TRUE(contains(run({"fit", "--help"}).out, option)) << option;
  }
  for (const char* const option :
       {"--rows", "--cols", "--components", "--iterations", "--threads", "--isa", "--backend", "--device"}) {
    EXPECT_TRUE(contains(run({"bench", "em", "--help"}).out, option)) << option;
  }
}

TEST_F(command, tells_its_version) { EXPECT_EQ(run({"--version"}).out, "samebits " SAMEBITS_VERSION "\n"); }

TEST_F(command, exits_with_2_on_bad_usage) {
  const arguments calls[] = {{},
                             {"fly"},
                             {"fit"},
                             {"fit", "faithful.csv"},
                             {"fit", "faithful.csv", "--components", "two"},
                             {"fit", "faithful.csv", "--components", "2", "--colour"},
                             {"fit", "faithful.csv", "--components", "2", "--threads", "1025"},
                             {"fit", "faithful.csv", "--components", "2", "--device", "first"},
                             {"fit", "faithful.csv", "--components", "2", "--device", "0,"},
                             {"fit", "faithful.csv", "--components", "2", "--device", "-1"},
                             {"bench"},
                             {"bench", "em", "--rows", "0"},
                             {"bench", "em", "--rows", "-5"},
                             {"predict", "model.json"},
                             {"score"},
                             {"sample", "model.json", "-n", "many"},
                             {"select"}};
  for (const arguments& args : calls) {
    const outcome result = run(args);

    EXPECT_EQ(result.exit_code, 2) << result.err;
    EXPECT_FALSE(result.err.empty() && result.out.empty());
  }
}

// ---- info --------------------------------------------------------------------------------------------------------

TEST_F(command, info_lists_backends_with_reasons) {
  const json info = answer({"info"});

  EXPECT_EQ(info["version"], SAMEBITS_VERSION);
  EXPECT_EQ(info["numerics"], SAMEBITS_NUMERICS_VERSION);
  for (const json& b : info["backends"]) {
    EXPECT_EQ(b["available"].get<bool>(), b["reason"].get<std::string>().empty()) << b;
  }
}

TEST_F(command, info_prints_a_table) {
  const outcome result = run({"info"});

  EXPECT_EQ(result.exit_code, 0);
  EXPECT_TRUE(contains(result.out, "cpu        scalar     yes\n")) << result.out;
}

TEST_F(command, info_shows_the_table_where_the_backend_asked_for_is_missing) {
  const environment_variable backend("SAMEBITS_BACKEND", "nowhere");

  const outcome result = run({"info"});

  EXPECT_EQ(result.exit_code, 3);
  EXPECT_NE(result.out.find("scalar"), std::string::npos);
  EXPECT_NE(result.out.find("chosen: none: context: backend nowhere is not available"), std::string::npos);
}

TEST_F(command, info_names_a_bad_environment) {
  const environment_variable isa("SAMEBITS_ISA", "sse9");

  expect_error(run({"info"}), 2, "context: isa is \"sse9\" but must be scalar, avx2 or avx512");
}

// ---- fit: the answer ---------------------------------------------------------------------------------------------

TEST_F(command, fit_answers_with_every_key) {
  const json model = answer(fit("faithful.csv", {"--seed", "3", "--task", "4", "--threads", "2"}));

  for (const char* const key :
       {"version", "numerics", "backend", "isa", "threads", "seed", "task", "n_rows", "n_cols", "n_components",
        "covariance_type", "weights", "means", "covariances", "log_likelihood", "n_iter", "converged", "digest"}) {
    EXPECT_TRUE(model.contains(key)) << key;
  }
  EXPECT_EQ(model["backend"], "cpu");
  EXPECT_EQ(model["threads"], 2);
  EXPECT_EQ(model["seed"], 3);
  EXPECT_EQ(model["task"], 4);
  EXPECT_EQ(model["n_rows"], 272);
  EXPECT_EQ(model["n_cols"], 2);
  EXPECT_EQ(model["n_components"], 2);
  EXPECT_EQ(model["covariance_type"], "full");
  EXPECT_EQ(model["converged"], true);
}

void add_numbers(const json& value, std::vector<double>& numbers) {
  if (value.is_array()) {
    for (const json& item : value) {
      add_numbers(item, numbers);
    }
  } else {
    numbers.push_back(value.get<double>());
  }
}

TEST_F(command, fit_prints_numbers_that_have_the_digest_when_read_again) {
  const json model = answer(fit("faithful.csv"));

  std::vector<double> numbers;
  for (const char* const key : {"weights", "means", "covariances", "log_likelihood"}) {
    add_numbers(model[key], numbers);
  }

  EXPECT_EQ(numbers.size(), 2u + 4 + 8 + 1);
  EXPECT_EQ(model["digest"], digest_text(numbers));
}

TEST_F(command, fit_prints_17_significant_digits) {
  const std::string out = run(fit("faithful.csv", {"--json"})).out;
  const std::size_t begin = out.find("\"log_likelihood\": ");
  ASSERT_NE(begin, std::string::npos) << out;

  const std::string number = out.substr(begin, out.find(',', begin) - begin);

  const auto is_digit = [](unsigned char c) { return std::isdigit(c) != 0; };
  EXPECT_GE(std::count_if(number.begin(), number.end(), is_digit), 15) << number << " (zeros at the end are left out)";
}

TEST_F(command, fit_finds_the_two_kinds_of_eruptions) {
  const json model = answer(fit("faithful.csv", {"--tol", "1e-10"}));

  EXPECT_NEAR(model["log_likelihood"].get<double>() * 272, -1130.263960184742, 1e-2);
}

TEST_F(command, fit_has_the_same_digest_on_any_threads_and_instruction_set) {
  const std::string expected = answer(fit("iris.csv"))["digest"];
  const json info = answer({"info"});
  for (const json& b : info["backends"]) {
    if (b["backend"] != "cpu" || !b["available"].get<bool>()) {
      continue;
    }
    for (const char* const n_threads : {"1", "2", "3", "8"}) {
      const std::string isa = b["isa"];
      const json model = answer(fit("iris.csv", {"--isa", isa, "--threads", n_threads}));
      EXPECT_EQ(model["digest"], expected) << isa << ' ' << n_threads;
      EXPECT_EQ(model["isa"], isa);
    }
  }
}

TEST_F(command, fit_has_the_same_digest_on_any_devices) {
  const environment_variable plugins("SAMEBITS_PLUGIN_DIR", test_plugins().string());
  const std::string expected = answer(fit("iris.csv"))["digest"];
  for (const char* const device : {"0", "2", "0,1", "all"}) {
    EXPECT_EQ(answer(fit("iris.csv", {"--backend", "cuda-emulated", "--device", device}))["digest"], expected)
        << device;
  }
}

TEST_F(command, check_takes_devices) {
  const environment_variable plugins("SAMEBITS_PLUGIN_DIR", test_plugins().string());

  expect_error(run({"check", "--backend", "cuda-emulated", "--device", "0,3"}), 3,
               "context: backend cuda-emulated is not available: device is 3 but there are 3, counted from 0");
}

TEST_F(command, fit_prints_a_table_with_the_names_of_the_columns) {
  const outcome result = run(fit("faithful.csv"));

  EXPECT_EQ(result.exit_code, 0);
  EXPECT_TRUE(contains(result.out, "272 rows x 2 columns, 2 components")) << result.out;
  EXPECT_TRUE(contains(result.out, "eruptions"));
  EXPECT_TRUE(contains(result.out, "digest sha256:"));
}

TEST_F(command, fit_gives_different_answers_for_different_seeds_and_tasks) {
  std::set<std::string> digests;
  for (const char* const seed : {"1", "2"}) {
    for (const char* const task : {"1", "2"}) {
      digests.insert(answer(
          {"fit", "iris.csv", "--components", "3", "--max-iter", "1", "--seed", seed, "--task", task})["digest"]);
    }
  }

  EXPECT_EQ(digests.size(), 4u);
}

// ---- fit: files --------------------------------------------------------------------------------------------------

std::string little_endian(std::uint64_t value, int n_bytes) {
  std::string bytes;
  for (int i = 0; i < n_bytes; ++i) {
    bytes += static_cast<char>(value >> (8 * i) & 0xff);
  }
  return bytes;
}

/// A .npy file of two columns.
std::string npy(const std::vector<double>& values, const std::string& dtype = "<f8", bool fortran_order = false) {
  const std::string header = "{'descr': '" + dtype + "', 'fortran_order': " + (fortran_order ? "True" : "False") +
                             ", 'shape': (" + std::to_string(values.size() / 2) + ", 2), }\n";
  std::string bytes = "\x93NUMPY\x01" + std::string(1, '\0') + little_endian(header.size(), 2) + header;
  for (const double value : values) {
    bytes += little_endian(std::bit_cast<std::uint64_t>(value), 8);
  }
  return bytes;
}

/// The numbers of a .csv file with a header.
std::vector<double> csv_numbers(const std::string& file) {
  std::string bytes = read_file(file);
  std::replace(bytes.begin(), bytes.end(), ',', ' ');
  std::istringstream text(bytes);
  std::string header;
  std::getline(text, header);
  return {std::istream_iterator<double>(text), {}};
}

TEST_F(command, fit_takes_npy_like_csv) {
  put_file("faithful.npy", npy(csv_numbers("faithful.csv")));

  EXPECT_EQ(answer(fit("faithful.npy"))["digest"], answer(fit("faithful.csv"))["digest"]);
}

TEST_F(command, fit_takes_csv_without_a_header_like_one_with) {
  const std::string text = read_file("faithful.csv");
  put_file("plain.csv", text.substr(text.find('\n') + 1));

  EXPECT_EQ(answer(fit("plain.csv"))["digest"], answer(fit("faithful.csv"))["digest"]);
}

TEST_F(command, fit_writes_to_a_file_what_it_prints) {
  const outcome result = run(fit("faithful.csv", {"--json", "--out", "model.json"}));

  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(read_file("model.json"), result.out);
}

TEST_F(command, fit_continues_from_the_parameters_of_another_fit) {
  const json once = answer({"fit", "faithful.csv", "--components", "2", "--tol", "-1", "--max-iter", "7"});
  const json first = answer({"fit", "faithful.csv", "--components", "2", "--tol", "-1", "--max-iter", "3"});
  const auto put_rows = [](const std::string& file, const json& values, int n_cols) {
    std::vector<double> numbers;
    add_numbers(values, numbers);
    std::string text;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      char digits[32];
      std::snprintf(digits, sizeof digits, "%.17g", numbers[i]);
      text += digits + std::string((i + 1) % static_cast<std::size_t>(n_cols) == 0 ? "\n" : ",");
    }
    put_file(file, text);
  };
  put_rows("weights.csv", first["weights"], 1);
  put_rows("means.csv", first["means"], 2);
  put_rows("covariances.csv", first["covariances"], 2);

  const json then =
      answer({"fit", "faithful.csv", "--components", "2", "--tol", "-1", "--max-iter", "4", "--weights-init",
              "weights.csv", "--means-init", "means.csv", "--covariances-init", "covariances.csv"});

  EXPECT_EQ(then["digest"], once["digest"]);
}

TEST_F(command, fit_exits_with_1_when_the_disk_is_full) {
  const outcome result = run(fit("faithful.csv", {"--out", "/dev/full"}));

  expect_error(result, 1, "/dev/full: cannot write: No space left on device");
}

TEST_F(command, fit_exits_with_1_when_standard_output_is_full) {
  const outcome result = run(fit("faithful.csv", {"--json"}), "/dev/full");

  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.err, "samebits: cannot write to standard output\n");
}

TEST_F(command, fit_leaves_nothing_where_it_cannot_write) {
  expect_error(run(fit("faithful.csv", {"--out", "no/such/folder/model.json"})), 1,
               "no/such/folder/model.json: cannot write: No such file or directory");

  EXPECT_EQ(names_here(), (std::set<std::string>{"faithful.csv", "iris.csv"}));
}

TEST_F(command, fit_leaves_an_earlier_result_when_it_fails) {
  put_file("model.json", "earlier");

  EXPECT_EQ(run({"fit", "faithful.csv", "--components", "0", "--out", "model.json"}).exit_code, 2);

  EXPECT_EQ(read_file("model.json"), "earlier");
}

// ---- fit: bad input ----------------------------------------------------------------------------------------------

class bad_input : public command {
 protected:
  static void expect_refused(const std::string& file, const std::string& message, const arguments& more = {}) {
    expect_error(run(fit(file, more)), 2, message);
  }
  static void expect_text_refused(const std::string& text, const std::string& message) {
    put_file("x.csv", text);
    expect_refused("x.csv", message);
  }
};

TEST_F(bad_input, a_missing_file_is_named) {
  expect_refused("not-there.csv", "not-there.csv: cannot open: No such file or directory");
}
TEST_F(bad_input, a_folder_is_named) { expect_refused(".", ".: cannot read: Is a directory"); }
TEST_F(bad_input, an_empty_file_is_named) { expect_text_refused("", "x.csv: the file is empty"); }
TEST_F(bad_input, a_ragged_row_is_named) { expect_text_refused("a,b\n1,2\n3\n", "x.csv:3: 1 cell, but line 1 has 2"); }
TEST_F(bad_input, a_cell_of_text_is_named) {
  expect_text_refused("a,b\n1,2\n3,x\n", "x.csv:3: column 2 (\"b\"): \"x\" is not a number");
}
TEST_F(bad_input, a_cell_of_text_in_the_first_row_is_named) {
  expect_text_refused("1,NA\n3,4\n",
                      "x.csv:1: column 2: \"NA\" is not a number, but column 1 is; a header has no numbers");
}
TEST_F(bad_input, nan_is_named) {
  expect_text_refused("a,b\n1,2\n3,nan\n", "x.csv:3: column 2 (\"b\"): nan is not finite");
}
TEST_F(bad_input, infinity_is_named) {
  expect_text_refused("a,b\n1,2\n-inf,4\n", "x.csv:3: column 1 (\"a\"): -inf is not finite");
}
TEST_F(bad_input, one_row_is_too_few_for_two_components) {
  expect_text_refused("a,b\n1,2\n", "gmm_fit: n_components is 2 but x has 1 row");
}
TEST_F(bad_input, more_components_than_rows_are_named) {
  expect_error(run({"fit", "faithful.csv", "--components", "273"}), 2,
               "gmm_fit: n_components is 273 but x has 272 rows");
}
TEST_F(bad_input, no_components_are_named) {
  expect_error(run({"fit", "faithful.csv", "--components", "0"}), 2,
               "gmm_fit: n_components is 0 but must be at least 1");
}
TEST_F(bad_input, a_truncated_npy_is_named) {
  std::string bytes = npy({1, 2, 3, 4});
  bytes.resize(bytes.size() - 2);
  put_file("x.npy", bytes);
  expect_refused("x.npy", "x.npy: truncated: 30 bytes after the header are too few for 2 x 2 values");
}
TEST_F(bad_input, a_fortran_ordered_npy_is_named) {
  put_file("x.npy", npy({1, 2, 3, 4}, "<f8", true));
  expect_refused("x.npy", "x.npy: in Fortran order; save np.ascontiguousarray(a) instead");
}
TEST_F(bad_input, a_big_endian_npy_is_named) {
  put_file("x.npy", npy({1, 2, 3, 4}, ">f8"));
  expect_refused("x.npy", "x.npy: big-endian dtype \">f8\" is not supported; save a.astype('<f8') instead");
}
TEST_F(bad_input, means_of_another_shape_are_named) {
  put_file("means.csv", "1,2\n3,4\n5,6\n");
  expect_refused("faithful.csv", "gmm_fit: means_init is 3 x 2 but must be 2 x 2", {"--means-init", "means.csv"});
}
TEST_F(bad_input, a_missing_start_is_named) {
  expect_refused("faithful.csv", "means.csv: cannot open: No such file or directory", {"--means-init", "means.csv"});
}
TEST_F(bad_input, an_unknown_instruction_set_is_named) {
  expect_refused("faithful.csv", "context: isa is \"sse9\" but must be scalar, avx2 or avx512", {"--isa", "sse9"});
}
TEST_F(bad_input, a_missing_backend_exits_with_3) {
  expect_error(run(fit("faithful.csv", {"--backend", "not-there"})), 3,
               "context: backend not-there is not available: no plug-in samebits_not-there.so is installed");
}
TEST_F(bad_input, a_device_that_the_cpu_has_not_is_named) {
  expect_refused("faithful.csv", "context: device is 1 but backend cpu has only device 0", {"--device", "1"});
}

// Odd, but not bad: these have an answer.

TEST_F(command, fit_takes_a_constant_column) {
  put_file("x.csv", "a,b\n1,5\n2,5\n3,5\n4,5\n");

  EXPECT_EQ(answer(fit("x.csv"))["means"][0][1], 5);
}

TEST_F(command, fit_takes_duplicated_rows) {
  put_file("x.csv", "1,5\n1,5\n1,5\n2,6\n2,6\n");

  EXPECT_EQ(answer(fit("x.csv"))["n_rows"], 5);
}

TEST_F(command, fit_takes_one_row_for_one_component) {
  put_file("x.csv", "1,5\n");

  EXPECT_EQ(answer({"fit", "x.csv", "--components", "1"})["weights"][0], 1);
}

TEST_F(command, fit_exits_with_1_where_a_covariance_is_singular) {
  put_file("x.csv", "a,b\n1,5\n2,5\n3,5\n4,5\n");

  expect_error(run(fit("x.csv", {"--reg-covar", "0"})), 1,
               "gmm_fit: the covariance of x is singular at column 1 (counted from 0) with reg_covar 0; raise "
               "reg_covar, or drop or rescale the column");
}

// ---- bench -------------------------------------------------------------------------------------------------------

arguments tiny_bench(const arguments& more = {}) {
  arguments args = {"bench",        "em", "--rows",       "20000", "--cols",   "2",
                    "--components", "3",  "--iterations", "2",     "--repeat", "2"};
  args.insert(args.end(), more.begin(), more.end());
  return args;
}

TEST_F(command, bench_answers_with_seconds_rate_and_digest) {
  const json result = answer(tiny_bench());

  EXPECT_EQ(result["seconds"]["runs"].size(), 2u);
  EXPECT_GT(result["seconds"]["min"], 0);
  EXPECT_GE(result["seconds"]["median"], result["seconds"]["min"]);
  EXPECT_DOUBLE_EQ(result["rows_per_second"], 40'000 / result["seconds"]["min"].get<double>());
  EXPECT_TRUE(result["digest"].get<std::string>().starts_with("sha256:"));
  EXPECT_EQ(result["n_iter"], 2);
}

TEST_F(command, bench_has_the_same_digest_on_any_number_of_threads) {
  const std::string expected = answer(tiny_bench({"--threads", "1"}))["digest"];

  for (const char* const n_threads : {"2", "3", "8"}) {
    EXPECT_EQ(answer(tiny_bench({"--threads", n_threads}))["digest"], expected) << n_threads;
  }
}

TEST_F(command, bench_has_the_same_digest_on_every_instruction_set) {
  const json all = answer(tiny_bench({"--all"}));

  ASSERT_FALSE(all["results"].empty());
  for (const json& result : all["results"]) {
    EXPECT_EQ(result["digest"], all["results"][0]["digest"]) << result["isa"];
  }
}

TEST_F(command, bench_prints_a_table) {
  const outcome result = run(tiny_bench());

  EXPECT_EQ(result.exit_code, 0);
  EXPECT_TRUE(contains(result.out, "Mrows/s")) << result.out;
}

TEST_F(command, bench_refuses_more_components_than_rows) {
  expect_error(run({"bench", "em", "--rows", "3", "--components", "4"}), 2,
               "bench em: components is 4 but there are 3 rows");
}

TEST_F(command, bench_needs_at_most_64_mib_beside_the_data) {
#if defined(SAMEBITS_TEST_ASAN) || defined(SAMEBITS_TEST_TSAN)
  GTEST_SKIP() << "sanitizers need memory of their own";
#endif
  for (const char* const cols : {"2", "40"}) {
    const json result = answer({"bench", "em", "--rows", "200000", "--cols", cols, "--components", "8", "--iterations",
                                "1", "--repeat", "1", "--threads", "8"});

    EXPECT_LE(result["peak_memory_mib"].get<double>() - result["data_mib"].get<double>(), 64) << cols << " columns";
  }
}

// ---- check -------------------------------------------------------------------------------------------------------

TEST_F(command, check_finds_the_golden_bits_here) {
  const outcome result = run({"check"});

  EXPECT_EQ(result.exit_code, 0) << result.out;
  EXPECT_TRUE(contains(result.out, "\nidentical: ")) << result.out;
}

TEST_F(command, check_answers_in_json) {
  const json result = answer({"check", "--isa", "scalar", "--threads", "2"});

  EXPECT_EQ(result["identical"], true);
  EXPECT_EQ(result["results"][0]["isa"], "scalar");
  EXPECT_EQ(result["results"][0]["threads"], 2);
}

TEST_F(command, check_exits_with_3_without_the_backend) {
  EXPECT_EQ(run({"check", "--backend", "not-there"}).exit_code, 3);
}

// ---- check: negative controls, which must not pass ---------------------------------------------------------------

// No formula of core/ has a product and a sum that a compiler could contract, so contraction alone changes no result of
// check; only its canary tells.

class negative_control : public command {
 protected:
  static bool is_built(const std::string& name) { return fs::exists(test_plugins() / ("samebits_" + name + ".so")); }

  /// What check says about the jobs on that plug-in.
  static json check(const std::string& name) {
    const outcome result = run({"check", "--backend", name, "--json"});
    EXPECT_EQ(result.exit_code, 1) << result.err;
    return json::parse(result.out);
  }

 private:
  environment_variable plugins_ = environment_variable("SAMEBITS_PLUGIN_DIR", test_plugins().string());
};

TEST_F(negative_control, with_another_order_of_sums_differs_and_the_first_place_is_named) {
  if (!is_built("control-order")) {
    GTEST_SKIP() << "the plug-in control-order is not built here";
  }

  const json result = check("control-order");

  EXPECT_EQ(result["identical"], false);
  int n_sums_different = 0;
  for (const json& job : result["results"]) {
    const std::string name = job["job"];
    const bool is_fit = name.starts_with("em ");
    if (name.starts_with("sum")) {  // "sums", "summary": a change of order does not show in every sum
      n_sums_different += job["same"].get<bool>() ? 0 : 1;
    } else {
      EXPECT_EQ(job["same"].get<bool>(), !is_fit) << job;
    }
    if (is_fit) {
      const std::string difference = job["difference"];
      EXPECT_TRUE(difference == "first differs at start" || difference.starts_with("first differs at iteration ") ||
                  difference == "first differs at data set 0")
          << job;
    }
  }
  EXPECT_GT(n_sums_different, 0);
}

TEST_F(negative_control, with_contraction_is_refused_by_its_canary) {
  if (!is_built("control-contracted")) {
    GTEST_SKIP() << "the plug-in control-contracted is not built here";
  }

  expect_error(run({"check", "--backend", "control-contracted"}), 3,
               "context: backend control-contracted is not available: contraction canary failed: built with fused "
               "multiply-add");
}

}  // namespace
}  // namespace samebits::tests
