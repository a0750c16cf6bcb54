// The commands of sums over pairs as people use them: pairwise, two-sample and bench pairwise.
#include "samebits/pairwise.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "cli/numbers.hpp"
#include "cli/table.hpp"
#include "samebits/digest.hpp"
#include "samebits/seed.hpp"
#include "samebits/two_sample.hpp"
#include "tests/cli/process.hpp"

namespace samebits::tests {
namespace {

using nlohmann::json;

arguments operator+(arguments a, const arguments& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

double reference(const char* name) {
  std::ifstream file(data_file("pairwise.json"));
  return std::stod(json::parse(file)["pairwise_iris"][name].get<std::string>());
}

/// The reference has 12 or 13 digits.
void expect_reference(const json& value, const char* name) {
  EXPECT_NEAR(value.get<double>() / reference(name), 1, 1e-12) << name;
}

/// Next to the iris data, of which setosa.csv and versicolor.csv are the first 50 rows and the next.
class pair_commands : public command_folder {
 protected:
  pair_commands() {
    fs::copy_file(data_file("iris.csv"), "iris.csv");
    const cli::table iris = cli::read_table("iris.csv");
    x_ = matrix(iris.n_rows, iris.n_cols, iris.values);
    floats_.assign(x_.values.begin(), x_.values.end());
    put_rows("setosa.csv", 0, 50);
    put_rows("versicolor.csv", 50, 50);
  }

  static void put_numbers(const std::string& file, std::vector<double> values, std::size_t n_cols) {
    put_file(file, cli::lines(std::span<double>(values), n_cols));
  }
  void put_rows(const std::string& file, std::int64_t first, std::int64_t n) const {
    put_numbers(file, {x_.values.begin() + 4 * first, x_.values.begin() + 4 * (first + n)}, 4);
  }

  matrix_view<const double> all() const { return x_.view(); }
  matrix_view<const double> setosa() const { return {x_.values.data(), 50, 4}; }
  matrix_view<const double> versicolor() const { return {x_.values.data() + 200, 50, 4}; }
  matrix_view<const float> singles() const { return {floats_.data(), x_.n_rows, x_.n_cols}; }

  static void expect_refused(const arguments& args, const std::string& message) {
    expect_error(run_samebits(args), 2, message);
  }

  const context ctx_ = context({"cpu", "", 2});
  matrix x_ = matrix(0, 0);
  std::vector<float> floats_;
};

std::vector<std::string> keys_of(const std::string& text) {
  std::vector<std::string> keys;
  const auto answer = nlohmann::ordered_json::parse(text);
  for (const auto& [key, value] : answer.items()) {
    keys.push_back(key);
  }
  return keys;
}

std::vector<double> numbers_in(const std::string& text) {
  std::string spaced = text;
  std::replace(spaced.begin(), spaced.end(), ',', ' ');
  std::istringstream stream(spaced);
  return {std::istream_iterator<double>(stream), {}};
}

// ---- pairwise: totals --------------------------------------------------------------------------------------------

class pairwise_command : public pair_commands {
 protected:
  static arguments pairwise(const arguments& more = {}) { return arguments{"pairwise", "iris.csv"} + more; }
  static json value_of(const arguments& more) { return json_answer(pairwise(more))["value"]; }
};

TEST_F(pairwise_command, explains_every_option_in_the_help) {
  for (const char* const option :
       {"FILE2", "--kernel", "--bandwidth", "--exponent", "--gamma", "--offset", "--degree", "--reduction", "--mode",
        "--weights", "--weights2", "--algorithm", "--dtype", "--out", "--json", "--backend", "--isa", "--threads"}) {
    EXPECT_TRUE(contains(run_samebits({"pairwise", "--help"}).out, option)) << option;
  }
}

TEST_F(pairwise_command, gives_the_reference_values_of_the_iris_data) {
  expect_reference(value_of({"--kernel", "power", "--mode", "upper"}), "sum all i<j euclid iris");
  expect_reference(value_of({"--kernel", "gaussian", "--bandwidth", "1"}), "sum_ij RBF iris sigma=1.0");
}

TEST_F(pairwise_command, answers_with_its_keys_in_one_order) {
  const outcome one = run_samebits(pairwise({"--json"}));
  const outcome two = run_samebits({"pairwise", "setosa.csv", "iris.csv", "--kernel", "polynomial", "--json"});

  EXPECT_EQ(keys_of(one.out),
            (std::vector<std::string>{"version", "numerics", "backend", "isa", "threads", "n_rows", "n_cols", "dtype",
                                      "kernel", "bandwidth", "mode", "reduction", "algorithm", "value", "digest"}));
  EXPECT_EQ(keys_of(two.out),
            (std::vector<std::string>{"version", "numerics", "backend", "isa", "threads", "n_rows", "n_rows2", "n_cols",
                                      "dtype", "kernel", "gamma", "offset", "degree", "mode", "reduction", "algorithm",
                                      "value", "digest"}));
}

TEST_F(pairwise_command, answers_what_was_asked) {
  const json answer = json_answer({"pairwise", "setosa.csv", "iris.csv", "--kernel", "power", "--exponent", "0.5",
                                   "--algorithm", "direct", "--dtype", "float32"});

  EXPECT_EQ(answer["n_rows"], 50);
  EXPECT_EQ(answer["n_rows2"], 150);
  EXPECT_EQ(answer["n_cols"], 4);
  EXPECT_EQ(answer["dtype"], "float32");
  EXPECT_EQ(answer["kernel"], "power");
  EXPECT_EQ(answer["exponent"], 0.5);
  EXPECT_EQ(answer["mode"], "cross");
  EXPECT_EQ(answer["reduction"], "total");
  EXPECT_EQ(answer["algorithm"], "direct");
  EXPECT_FALSE(answer.contains("bandwidth"));
}

TEST_F(pairwise_command, gives_the_bits_of_the_library_for_every_kernel_mode_and_type) {
  for (int kernel = 0; kernel < n_pair_kernels; ++kernel) {
    for (const pairwise_mode mode : {pairwise_mode::v, pairwise_mode::u, pairwise_mode::upper}) {
      pairwise_options options;
      options.kernel = static_cast<pair_kernel>(kernel);
      options.mode = mode;
      const arguments args = {"--kernel", name_of(options.kernel), "--mode", name_of(mode)};

      EXPECT_EQ(value_of(args), pairwise_sum(ctx_, all(), {}, options)) << args[1] << ' ' << args[3];
      EXPECT_EQ(value_of(args + arguments{"--dtype", "float32"}), pairwise_sum(ctx_, singles(), {}, options))
          << args[1] << ' ' << args[3];
    }
  }
}

TEST_F(pairwise_command, takes_the_parameters_of_kernels) {
  pairwise_options power;
  power.kernel = pair_kernel::power;
  power.exponent = 0.75;
  power.mode = pairwise_mode::v;
  pairwise_options polynomial;
  polynomial.kernel = pair_kernel::polynomial;
  polynomial.gamma = 0.5;
  polynomial.offset = -1.25;
  polynomial.degree = 3;
  polynomial.mode = pairwise_mode::v;

  EXPECT_EQ(value_of({"--kernel", "power", "--exponent", "0.75"}), pairwise_sum(ctx_, all(), {}, power));
  EXPECT_EQ(value_of({"--kernel", "polynomial", "--gamma", "0.5", "--offset", "-1.25", "--degree", "3"}),
            pairwise_sum(ctx_, all(), {}, polynomial));
}

TEST_F(pairwise_command, sums_over_two_files) {
  EXPECT_EQ(json_answer({"pairwise", "setosa.csv", "versicolor.csv"})["value"],
            pairwise_sum(ctx_, setosa(), versicolor(), {}));
}

TEST_F(pairwise_command, counts_every_pair_twice_without_the_rows_themselves_in_mode_u) {
  const double upper = value_of({"--mode", "upper"});

  EXPECT_EQ(value_of({"--mode", "u"}), 2 * upper);
  EXPECT_NEAR(value_of({"--mode", "v"}), 2 * upper + 150, 1e-9);
}

TEST_F(pairwise_command, takes_weights_of_rows_on_both_sides) {
  std::vector<double> weights(150);
  std::vector<double> others(50);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    weights[i] = static_cast<double>(i % 5) - 1;
  }
  for (std::size_t i = 0; i < others.size(); ++i) {
    others[i] = static_cast<double>(i) / 50;
  }
  put_numbers("weights.csv", weights, 1);
  put_numbers("others.csv", others, 1);
  pairwise_options options;
  options.x_weights = weights;
  options.y_weights = others;
  pairwise_options alone;
  alone.mode = pairwise_mode::u;
  alone.x_weights = weights;

  EXPECT_EQ(json_answer({"pairwise", "iris.csv", "setosa.csv", "--weights", "weights.csv", "--weights2",
                         "others.csv"})["value"],
            pairwise_sum(ctx_, all(), setosa(), options));
  EXPECT_EQ(value_of({"--mode", "u", "--weights", "weights.csv"}), pairwise_sum(ctx_, all(), {}, alone));
}

TEST_F(pairwise_command, looks_at_every_pair_where_it_is_asked_to) {
  pairwise_options direct;
  direct.kernel = pair_kernel::squared_distance;
  direct.mode = pairwise_mode::v;
  direct.algorithm = pairwise_algorithm::direct;
  const double looked_at = value_of({"--kernel", "squared-distance", "--algorithm", "direct"});

  EXPECT_EQ(looked_at, pairwise_sum(ctx_, all(), {}, direct));
  EXPECT_NEAR(value_of({"--kernel", "squared-distance"}).get<double>() / looked_at, 1, 1e-12);
}

TEST_F(pairwise_command, takes_several_bandwidths_at_once) {
  const json answer = json_answer(pairwise({"--kernel", "laplacian", "--bandwidth", "0.5,1,2e1"}));

  EXPECT_EQ(answer["bandwidths"], (std::vector<double>{0.5, 1, 20}));
  ASSERT_EQ(answer["values"].size(), 3u);
  const char* const bandwidths[] = {"0.5", "1", "20"};
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_EQ(answer["values"][k], value_of({"--kernel", "laplacian", "--bandwidth", bandwidths[k]})) << k;
  }
  EXPECT_EQ(answer["digest"], digest_text(answer["values"].get<std::vector<double>>()));
}

TEST_F(pairwise_command, takes_the_median_of_the_distances_as_bandwidth) {
  std::vector<double> euclidean;
  std::vector<double> l1;
  for (std::int64_t i = 0; i < 150; ++i) {
    for (std::int64_t j = i + 1; j < 150; ++j) {
      double squares = 0;
      double sum = 0;
      for (std::int64_t a = 0; a < 4; ++a) {
        squares += (x_(i, a) - x_(j, a)) * (x_(i, a) - x_(j, a));
        sum += std::abs(x_(i, a) - x_(j, a));
      }
      euclidean.push_back(std::sqrt(squares));
      l1.push_back(sum);
    }
  }
  const auto median_of = [](std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[(values.size() - 1) / 2];
  };

  const json gaussian = json_answer(pairwise({"--bandwidth", "median"}));
  const json laplacian = json_answer(pairwise({"--kernel", "laplacian", "--bandwidth", "median"}));

  EXPECT_NEAR(gaussian["bandwidth"].get<double>(), median_of(euclidean), 1e-14);
  EXPECT_NEAR(laplacian["bandwidth"].get<double>(), median_of(l1), 1e-14);
  pairwise_options options;
  options.mode = pairwise_mode::v;
  options.bandwidth = gaussian["bandwidth"];
  EXPECT_EQ(gaussian["value"], pairwise_sum(ctx_, all(), {}, options));
}

TEST_F(pairwise_command, takes_the_median_distance_between_two_files) {
  pairwise_options distance;
  distance.kernel = pair_kernel::power;

  EXPECT_EQ(json_answer({"pairwise", "setosa.csv", "versicolor.csv", "--bandwidth", "median"})["bandwidth"],
            pairwise_median(ctx_, setosa(), versicolor(), distance));
}

TEST_F(pairwise_command, has_the_same_digest_on_any_threads_and_instruction_set) {
  const json expected = json_answer(pairwise({"--bandwidth", "median"}))["digest"];
  const json info = json_answer({"info"});
  for (const json& b : info["backends"]) {
    for (const char* const n_threads : {"1", "2", "3", "8"}) {
      if (b["backend"] != "cpu" || !b["available"].get<bool>()) {
        continue;
      }
      const std::string isa = b["isa"];
      EXPECT_EQ(json_answer(pairwise({"--bandwidth", "median", "--isa", isa, "--threads", n_threads}))["digest"],
                expected)
          << isa << ' ' << n_threads;
    }
  }
}

TEST_F(pairwise_command, prints_a_total_for_each_bandwidth) {
  put_file("x.csv", "0\n3\n");

  EXPECT_EQ(run_samebits({"pairwise", "x.csv", "--kernel", "power", "--mode", "u"}).out,
            "kernel power with exponent 1, mode u\ntotal           6\n");
  EXPECT_EQ(run_samebits({"pairwise", "x.csv", "--bandwidth", "0.001,0.002", "--mode", "v"}).out,
            "kernel gaussian, mode v\nbandwidth       0.001\ntotal           2\n"
            "bandwidth       0.002\ntotal           2\n");
  EXPECT_EQ(run_samebits({"pairwise", "x.csv", "--kernel", "polynomial", "--offset", "1"}).out,
            "kernel polynomial with gamma 1, offset 1, degree 2, mode v\ntotal           103\n");
}

TEST_F(pairwise_command, has_0_for_one_row_without_itself) {
  put_file("x.csv", "1,2\n");

  EXPECT_EQ(json_answer({"pairwise", "x.csv", "--mode", "u"})["value"], 0);
}

// ---- pairwise: rows ----------------------------------------------------------------------------------------------

TEST_F(pairwise_command, prints_the_sum_of_each_row_as_a_line) {
  std::vector<double> expected(150);
  pairwise_options options;
  options.mode = pairwise_mode::u;
  pairwise_rows(ctx_, all(), {}, options, expected);

  const outcome result = run_samebits(pairwise({"--reduction", "rows", "--mode", "u"}));

  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(numbers_in(result.out), expected);
}

TEST_F(pairwise_command, writes_the_sums_of_rows_to_a_file) {
  std::vector<double> expected(50);
  pairwise_rows(ctx_, setosa(), all(), {}, expected);
  const arguments args = {"pairwise", "setosa.csv", "iris.csv", "--reduction", "rows", "--out"};

  const json npy = json_answer(args + arguments{"rows.npy"});
  const json csv = json_answer(args + arguments{"rows.csv"});

  EXPECT_EQ(cli::read_table("rows.npy").values, expected);
  EXPECT_EQ(cli::read_table("rows.csv").values, expected);
  EXPECT_EQ(npy["digest"], digest_text(expected));
  EXPECT_EQ(csv["digest"], npy["digest"]);
  EXPECT_EQ(npy["reduction"], "rows");
  EXPECT_FALSE(npy.contains("value"));
}

TEST_F(pairwise_command, writes_a_column_for_each_bandwidth) {
  const arguments rows = {"--reduction", "rows", "--out", "rows.npy"};

  EXPECT_EQ(run_samebits(pairwise({"--bandwidth", "0.5,3"}) + rows).exit_code, 0);
  const cli::table both = cli::read_table("rows.npy");
  EXPECT_EQ(run_samebits(pairwise({"--bandwidth", "3"}) + rows).exit_code, 0);
  const cli::table second = cli::read_table("rows.npy");

  ASSERT_EQ(both.n_rows, 150);
  ASSERT_EQ(both.n_cols, 2);
  for (std::size_t i = 0; i < 150; ++i) {
    EXPECT_EQ(both.values[2 * i + 1], second.values[i]) << i;
  }
}

TEST_F(pairwise_command, weighs_the_rows_of_the_second_file) {
  put_numbers("weights.csv", std::vector<double>(150, 0.25), 1);
  const arguments rows = {"pairwise", "setosa.csv", "iris.csv", "--reduction", "rows"};

  const std::vector<double> plain = numbers_in(run_samebits(rows).out);
  const std::vector<double> weighted = numbers_in(run_samebits(rows + arguments{"--weights2", "weights.csv"}).out);

  ASSERT_EQ(plain.size(), weighted.size());
  for (std::size_t i = 0; i < plain.size(); ++i) {
    EXPECT_EQ(weighted[i], 0.25 * plain[i]) << i;
  }
}

TEST_F(pairwise_command, leaves_an_earlier_file_when_it_fails) {
  put_file("rows.csv", "earlier");
  put_file("x.csv", "1e200,1\n-1e200,2\n");

  const outcome result =
      run_samebits({"pairwise", "x.csv", "--kernel", "squared-distance", "--reduction", "rows", "--out", "rows.csv"});

  expect_error(result, 1, "pairwise_rows: the sum of row 0 is inf: its values overflow");
  EXPECT_EQ(read_file("rows.csv"), "earlier");
}

// ---- pairwise: bad input -----------------------------------------------------------------------------------------

TEST_F(pairwise_command, names_an_option_with_a_bad_value) {
  expect_refused(pairwise({"--kernel", "cubic"}),
                 "pairwise: --kernel is \"cubic\" but must be product, polynomial, cosine, squared-distance, power, "
                 "gaussian, matern-1/2, matern-3/2, matern-5/2, inverse-multiquadric, l1 or laplacian");
  expect_refused(pairwise({"--mode", "w"}), "pairwise: --mode is \"w\" but must be v, u or upper");
  expect_refused(pairwise({"--reduction", "mean"}), "pairwise: --reduction is \"mean\" but must be total or rows");
  expect_refused(pairwise({"--algorithm", "fast"}),
                 "pairwise: --algorithm is \"fast\" but must be automatic or direct");
  expect_refused(pairwise({"--dtype", "float16"}), "pairwise: --dtype is \"float16\" but must be float64 or float32");
  expect_refused(pairwise({"--bandwidth", "1,x"}),
                 "pairwise: --bandwidth is \"1,x\" but must be median, or numbers such as 0.5 or 0.5,1,2");
  expect_refused(pairwise({"--reduction", "rows", "--out", "rows.txt"}),
                 "pairwise: --out is \"rows.txt\" but must end in .npy or .csv");
}

TEST_F(pairwise_command, refuses_options_that_have_no_effect) {
  expect_refused(pairwise({"--exponent", "1"}), "pairwise: --exponent needs --kernel power");
  expect_refused(pairwise({"--kernel", "product", "--gamma", "1"}), "pairwise: --gamma needs --kernel polynomial");
  expect_refused(pairwise({"--offset", "1"}), "pairwise: --offset needs --kernel polynomial");
  expect_refused(pairwise({"--degree", "2"}), "pairwise: --degree needs --kernel polynomial");
  expect_refused(pairwise({"--kernel", "l1", "--bandwidth", "1"}),
                 "pairwise: --bandwidth is given but --kernel is l1, which has no bandwidth");
  expect_refused(pairwise({"--out", "rows.npy"}), "pairwise: --out needs --reduction rows");
  expect_refused(pairwise({"--reduction", "rows", "--json"}),
                 "pairwise: --json with --reduction rows needs --out with the name of a file");
  expect_refused(pairwise({"--weights2", "iris.csv"}), "pairwise: --weights2 needs FILE2");
  expect_refused(pairwise({"setosa.csv", "--mode", "u"}),
                 "pairwise: --mode is u, which is for one file, but there are two");
  expect_refused(pairwise({"setosa.csv", "--reduction", "rows", "--weights", "iris.csv"}),
                 "pairwise: --weights and --reduction rows are both given with two files, but the sum of a row of FILE "
                 "does not depend on its own weight; --weights2 has the weights of the rows of FILE2");
}

TEST_F(pairwise_command, passes_on_what_the_library_refuses) {
  put_file("two.csv", "1,2\n3,4\n");
  put_file("one.csv", "1\n");

  expect_refused(pairwise({"--bandwidth", "0"}), error_of<invalid_argument>([&] {
                   pairwise_options options;
                   options.mode = pairwise_mode::v;
                   options.bandwidth = 0;
                   pairwise_sum(ctx_, all(), {}, options);
                 }));
  expect_refused(pairwise({"--kernel", "power", "--exponent", "2.5"}),
                 "pairwise_sum: exponent is 2.5 but must be above 0 and at most 2");
  expect_refused(pairwise({"two.csv"}), "pairwise_sum: y has 2 columns but x has 4");
  expect_refused(pairwise({"--weights", "one.csv"}), "pairwise_sum: x_weights has 1 elements but x has 150 rows");
}

TEST_F(pairwise_command, names_files_that_are_missing_or_bad) {
  put_file("bad.csv", "1,2\n3,x\n");

  expect_refused({"pairwise", "not-there.csv"}, "not-there.csv: cannot open: No such file or directory");
  expect_refused(pairwise({"not-there.csv"}), "not-there.csv: cannot open: No such file or directory");
  expect_refused(pairwise({"--weights", "not-there.csv"}), "not-there.csv: cannot open: No such file or directory");
  expect_refused({"pairwise", "bad.csv"}, "bad.csv:2: column 2: \"x\" is not a number");
}

TEST_F(pairwise_command, tells_why_there_is_no_median) {
  put_file("one.csv", "1,2\n");
  put_file("same.csv", "1,2\n1,2\n1,2\n");

  expect_refused({"pairwise", "one.csv", "--bandwidth", "median"},
                 "pairwise: --bandwidth is median, but there are no pairs of different rows");
  expect_refused({"pairwise", "same.csv", "--bandwidth", "median"},
                 "pairwise: --bandwidth is median, but the median distance is 0");
}

TEST_F(pairwise_command, exits_with_1_where_values_overflow_and_3_without_the_backend) {
  put_file("x.csv", "1e200\n-1e200\n");

  EXPECT_EQ(run_samebits({"pairwise", "x.csv", "--kernel", "squared-distance"}).exit_code, 1);
  EXPECT_EQ(run_samebits(pairwise({"--backend", "not-there"})).exit_code, 3);
}

TEST_F(pairwise_command, exits_with_2_on_bad_usage) {
  for (const arguments& args :
       {arguments{"pairwise"}, pairwise({"setosa.csv", "versicolor.csv"}), pairwise({"--degree", "two"}),
        pairwise({"--colour"}), arguments{"two-sample", "iris.csv"}, arguments{"bench", "pairwise", "--n", "0"},
        arguments{"bench", "pairwise", "--only", "cosine"}}) {
    EXPECT_EQ(run_samebits(args).exit_code, 2) << args.back();
  }
}

// ---- two-sample --------------------------------------------------------------------------------------------------

class two_sample_command : public pair_commands {
 protected:
  static arguments test(const arguments& more = {}) {
    return arguments{"two-sample", "setosa.csv", "versicolor.csv"} + more;
  }
  static arguments few(const arguments& more = {}) { return test(arguments{"--permutations", "99"} + more); }
};

TEST_F(two_sample_command, explains_every_option_in_the_help) {
  for (const char* const option :
       {"--test", "--permutations", "--seed", "--task", "--kernel", "--bandwidth", "--exponent", "--estimator",
        "--dtype", "--json", "--backend", "--isa", "--threads"}) {
    EXPECT_TRUE(contains(run_samebits({"two-sample", "--help"}).out, option)) << option;
  }
}

TEST_F(two_sample_command, gives_the_reference_values_of_the_iris_data) {
  const auto statistic = [](const arguments& more) {
    return json_answer(test({"--permutations", "0"}) + more)["statistic"];
  };

  expect_reference(statistic({}), "energy dist (V) setosa/versicolor  2E|X-Y|-E|X-X|-E|Y-Y|");
  expect_reference(statistic({"--test", "mmd", "--bandwidth", "1"}), "MMD2 biased sigma=1.0");
  expect_reference(statistic({"--test", "mmd", "--bandwidth", "1", "--estimator", "u"}), "MMD2 unbiased sigma=1.0");
}

TEST_F(two_sample_command, answers_with_its_keys_in_one_order) {
  const std::vector<std::string> before = {"version",  "numerics", "backend", "isa",   "threads", "seed",     "task",
                                           "n_rows_a", "n_rows_b", "n_cols",  "dtype", "test",    "estimator"};
  const std::vector<std::string> after = {"n_permutations", "statistic", "n_as_large", "p_value", "digest"};
  const auto with = [&](const arguments& between) { return before + between + after; };

  EXPECT_EQ(keys_of(run_samebits(few({"--json"})).out), with({"kernel", "exponent"}));
  EXPECT_EQ(keys_of(run_samebits(few({"--test", "mmd", "--json"})).out), with({"kernel", "bandwidth"}));
}

TEST_F(two_sample_command, gives_the_bits_of_the_library) {
  permutation_test_options options;
  options.n_permutations = 99;
  options.stream = {7, 3};
  options.keep_statistics = true;
  pairwise_options matern;
  matern.kernel = pair_kernel::matern_3_2;
  matern.bandwidth = 2.5;
  const permutation_test_result energy = energy_test(ctx_, setosa(), versicolor(), options, 1.5, estimator::u);
  const permutation_test_result mmd =
      maximum_mean_discrepancy_test(ctx_, setosa(), versicolor(), options, matern, estimator::v);
  const auto digest_of = [](const permutation_test_result& r) {
    std::vector<double> numbers = {r.statistic};
    numbers.insert(numbers.end(), r.statistics.begin(), r.statistics.end());
    return digest_text(numbers);
  };
  const arguments stream = {"--seed", "7", "--task", "3"};

  const json of_energy = json_answer(few(stream + arguments{"--exponent", "1.5", "--estimator", "u"}));
  const json of_mmd =
      json_answer(few(stream + arguments{"--test", "mmd", "--kernel", "matern-3/2", "--bandwidth", "2.5"}));

  EXPECT_EQ(of_energy["statistic"], energy.statistic);
  EXPECT_EQ(of_energy["p_value"], energy.p_value);
  EXPECT_EQ(of_energy["digest"], digest_of(energy));
  EXPECT_EQ(of_mmd["statistic"], mmd.statistic);
  EXPECT_EQ(of_mmd["digest"], digest_of(mmd));
}

TEST_F(two_sample_command, counts_the_data_among_the_permutations) {
  const json answer = json_answer(few());

  EXPECT_EQ(answer["n_permutations"], 99);
  EXPECT_EQ(answer["n_as_large"], 0);
  EXPECT_EQ(answer["p_value"], 0.01);
}

TEST_F(two_sample_command, finds_no_difference_between_halves_of_one_sample) {
  put_rows("first.csv", 0, 25);
  put_rows("second.csv", 25, 25);

  const json answer = json_answer({"two-sample", "first.csv", "second.csv", "--permutations", "199"});

  EXPECT_GT(answer["p_value"], 0.02);
  EXPECT_EQ(answer["p_value"], (answer["n_as_large"].get<double>() + 1) / 200);
}

TEST_F(two_sample_command, makes_9999_permutations_by_default) {
  EXPECT_EQ(json_answer(test())["n_permutations"], 9999);
}

TEST_F(two_sample_command, draws_other_permutations_for_other_seeds_and_tasks) {
  std::set<std::string> digests;
  for (const char* const seed : {"1", "2", "study"}) {
    for (const char* const task : {"0", "1"}) {
      digests.insert(json_answer(few({"--seed", seed, "--task", task}))["digest"]);
    }
  }

  EXPECT_EQ(digests.size(), 6u);
}

TEST_F(two_sample_command, has_the_same_digest_on_any_threads_and_instruction_set) {
  const json expected = json_answer(few({"--test", "mmd"}))["digest"];
  const json info = json_answer({"info"});
  for (const json& b : info["backends"]) {
    for (const char* const n_threads : {"1", "2", "3", "8"}) {
      if (b["backend"] != "cpu" || !b["available"].get<bool>()) {
        continue;
      }
      const std::string isa = b["isa"];
      EXPECT_EQ(json_answer(few({"--test", "mmd", "--isa", isa, "--threads", n_threads}))["digest"], expected)
          << isa << ' ' << n_threads;
    }
  }
}

TEST_F(two_sample_command, takes_the_median_distance_of_both_samples_together) {
  pairwise_options distance;
  distance.kernel = pair_kernel::power;
  distance.mode = pairwise_mode::upper;
  const matrix_view<const double> both(x_.values.data(), 100, 4);

  EXPECT_EQ(json_answer(few({"--test", "mmd"}))["bandwidth"], pairwise_median(ctx_, both, {}, distance));
  EXPECT_EQ(json_answer(few({"--test", "mmd", "--bandwidth", "median"}))["bandwidth"],
            pairwise_median(ctx_, both, {}, distance));
}

TEST_F(two_sample_command, takes_rows_as_floats) {
  const json doubles = json_answer(few());
  const json floats = json_answer(few({"--dtype", "float32"}));

  EXPECT_EQ(floats["dtype"], "float32");
  EXPECT_NE(floats["statistic"], doubles["statistic"]);
  EXPECT_NEAR(floats["statistic"].get<double>(), doubles["statistic"].get<double>(), 1e-5);
}

TEST_F(two_sample_command, prints_the_statistic_and_the_p_value) {
  const outcome result = run_samebits(few());

  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(contains(result.out, "50 and 50 rows x 4 columns, kernel power with exponent 1, on cpu (")) << result.out;
  EXPECT_TRUE(contains(result.out, "\nenergy distance 4.942152599")) << result.out;
  EXPECT_TRUE(contains(result.out, "\np-value         0.01: of 99 permutations 0 have one as large\n")) << result.out;
  EXPECT_TRUE(contains(run_samebits(few({"--test", "mmd"})).out, "\nMMD^2 "));
}

TEST_F(two_sample_command, names_an_option_with_a_bad_value) {
  expect_refused(few({"--test", "t"}), "two-sample: --test is \"t\" but must be energy or mmd");
  expect_refused(few({"--estimator", "w"}), "two-sample: --estimator is \"w\" but must be v or u");
  expect_refused(few({"--test", "mmd", "--bandwidth", "1,2"}),
                 "two-sample: --bandwidth is \"1,2\" but must be median or one number");
  expect_refused(few({"--kernel", "gaussian"}), "two-sample: --kernel needs --test mmd");
  expect_refused(few({"--bandwidth", "1"}), "two-sample: --bandwidth needs --test mmd");
  expect_refused(few({"--test", "mmd", "--exponent", "1"}), "two-sample: --exponent needs --kernel power");
  expect_refused(few({"--exponent", "2"}), "energy_test: exponent is 2 but must be above 0 and below 2");
  expect_refused(test({"--permutations", "-1"}), "energy_test: n_permutations is -1 but must be 0 to 2^53");
}

TEST_F(two_sample_command, names_samples_that_do_not_fit) {
  put_file("two.csv", "1,2\n3,4\n");
  put_file("one.csv", "1,2,3,4\n");

  expect_refused({"two-sample", "setosa.csv", "two.csv"}, "energy_test: y has 2 columns but x has 4");
  expect_refused({"two-sample", "setosa.csv", "two.csv", "--test", "mmd"},
                 "maximum_mean_discrepancy_test: y has 2 columns but x has 4");
  expect_refused({"two-sample", "setosa.csv", "one.csv", "--estimator", "u"},
                 "energy_test: y has 1 row but must have at least 2 with estimator u");
  expect_refused({"two-sample", "one.csv", "one.csv", "--test", "mmd"},
                 "two-sample: --bandwidth is median, but the median distance is 0");
}

TEST_F(two_sample_command, stops_when_the_user_presses_ctrl_c) {
  // The shell has background jobs ignore Ctrl-C, until the command says otherwise.
  const outcome result = run_shell(
      "\"$samebits\" two-sample setosa.csv versicolor.csv --permutations 1000000000 & sleep 1; kill -INT $!; wait $!");

  EXPECT_EQ(result.exit_code, 1);
  EXPECT_TRUE(contains(result.err, "samebits: energy_test: stopped by the callback after ")) << result.err;
  EXPECT_EQ(result.out, "");
}

// ---- bench pairwise ----------------------------------------------------------------------------------------------

arguments tiny_bench(const arguments& more = {}) {
  return arguments{"bench", "pairwise", "--n", "600", "--sample", "40", "--permutations", "50", "--repeat", "1"} + more;
}

TEST(bench_pairwise_command, answers_with_rates_and_digests_of_all_jobs) {
  const environment_variable backend("SAMEBITS_BACKEND", "cpu");
  const temporary_folder folder;

  const json answer = json_answer(tiny_bench());

  ASSERT_EQ(answer["results"].size(), 5u);
  for (const json& r : answer["results"]) {
    EXPECT_DOUBLE_EQ(r["pairs_per_second"], r["pairs"].get<double>() / r["seconds"]["min"].get<double>()) << r;
    EXPECT_TRUE(r["digest"].get<std::string>().starts_with("sha256:"));
    if (!r["fma_flop_per_second"].is_null()) {
      EXPECT_GT(r["share_of_fma_peak"], 0) << r;
    }
  }
  EXPECT_EQ(answer["results"][0]["pairs"], 360'000);
}

TEST(bench_pairwise_command, has_the_same_digests_on_every_instruction_set) {
  const environment_variable backend("SAMEBITS_BACKEND", "cpu");
  const temporary_folder folder;

  const outcome result = run_samebits(tiny_bench({"--all"}));

  EXPECT_EQ(result.exit_code, 0) << result.out;
  EXPECT_TRUE(contains(result.out, "Gpairs/s")) << result.out;
}

TEST(bench_pairwise_command, measures_one_job_alone) {
  const environment_variable backend("SAMEBITS_BACKEND", "cpu");
  const temporary_folder folder;

  const json answer = json_answer(tiny_bench({"--only", "product"}));

  ASSERT_EQ(answer["results"].size(), 1u);
  EXPECT_EQ(answer["results"][0]["job"], "product");
}

}  // namespace
}  // namespace samebits::tests
