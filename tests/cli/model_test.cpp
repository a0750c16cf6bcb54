// The commands of mixtures as people use them: fit with all of its options, predict, score, sample and select.
#include "cli/model.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "cli/numbers.hpp"
#include "cli/table.hpp"
#include "samebits/bayesian_gmm.hpp"
#include "samebits/digest.hpp"
#include "samebits/gmm_file.hpp"
#include "samebits/gmm_model.hpp"
#include "samebits/seed.hpp"
#include "tests/cli/process.hpp"

namespace samebits::tests {
namespace {

using cli::npy_header;
using nlohmann::json;

arguments operator+(arguments a, const arguments& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// Next to a table, also as a library would see it.
class model_command : public command_folder {
 protected:
  model_command() {
    fs::copy_file(data_file("iris.csv"), "iris.csv");
    const cli::table iris = cli::read_table("iris.csv");
    x_ = matrix(iris.n_rows, iris.n_cols, iris.values);
    floats_.assign(x_.values.begin(), x_.values.end());
  }

  static arguments fit(const arguments& more = {}) { return arguments{"fit", "iris.csv", "-k", "3"} + more; }
  static gmm_options three_components() {
    gmm_options o;
    o.n_components = 3;
    return o;
  }

  matrix_view<const double> doubles() const { return x_.view(); }
  matrix_view<const float> singles() const { return {floats_.data(), x_.n_rows, x_.n_cols}; }
  std::size_t n_rows() const { return static_cast<std::size_t>(x_.n_rows); }

  gmm_model fitted(const gmm_options& options = three_components()) const { return gmm_fit(ctx_, doubles(), options); }

  /// A model in a file.
  gmm_model saved(const std::string& file = "model.json") const {
    const gmm_model model = fitted();
    gmm_save(model, file);
    return model;
  }

  static void expect_refused(const arguments& args, const std::string& message) {
    expect_error(run_samebits(args), 2, message);
  }

  const context ctx_ = context({"cpu", "", 2});
  matrix x_ = matrix(0, 0);
  std::vector<float> floats_;
};

template <class T>
std::string bytes_of(std::vector<T> values) {
  return std::string(cli::as_text(cli::little_endian_bytes(std::span<T>(values))));
}

std::string digest_of(const std::string& bytes) {
  sha256 hash;
  hash.update(std::as_bytes(std::span(bytes)));
  return digest_text(hash.finish());
}

/// Numbers as lines of a table.
void put_table(const std::string& file, const std::vector<double>& values, std::size_t n_cols) {
  std::vector<double> copy = values;
  put_file(file, cli::lines(std::span<double>(copy), n_cols));
}

// ---- fit ---------------------------------------------------------------------------------------------------------

class fit_command : public model_command {};

TEST_F(fit_command, fits_every_type_of_covariance_in_both_precisions) {
  for (const covariance_type type : covariance_types) {
    gmm_options options = three_components();
    options.covariance = type;
    const arguments args = fit({"--covariance", name_of(type)});

    EXPECT_EQ(json_answer(args)["digest"], gmm_digest(fitted(options))) << name_of(type);
    EXPECT_EQ(json_answer(args + arguments{"--dtype", "float32"})["digest"],
              gmm_digest(gmm_fit(ctx_, singles(), options)))
        << name_of(type);
  }
}

TEST_F(fit_command, writes_a_model_that_the_library_loads) {
  for (const covariance_type type : covariance_types) {
    const json answer = json_answer(fit({"--covariance", name_of(type), "--out", "model.json"}));
    const gmm_model model = gmm_load("model.json");

    EXPECT_EQ(gmm_digest(model), answer["digest"]);
    EXPECT_EQ(model.covariance, type);
    EXPECT_EQ(model.n_iter, answer["n_iter"]);
    EXPECT_EQ(model.trace.size(), answer["trace"].size());
  }
}

TEST_F(fit_command, answers_with_every_key_of_a_model_file) {
  const json answer = json_answer(fit());
  const json file = json::parse(gmm_to_json(fitted()));
  for (const auto& [key, value] : file.items()) {
    EXPECT_EQ(answer[key], value) << key;
  }
  EXPECT_EQ(answer["dtype"], "float64");
}

TEST_F(fit_command, prints_covariances_as_the_type_has_them) {
  const auto count = [](const std::string& text, const std::string& part) {
    std::size_t n = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
      ++n;
    }
    return n;
  };
  const std::tuple<std::string, std::string, std::size_t> expected[] = {
      {"full", "  covariance ", 3},     {"tied", "  covariance ", 1},     {"diag", "  variances ", 3},
      {"spherical", "  variance  ", 3}, {"tied-diag", "  variances ", 1}, {"tied-spherical", "  variance  ", 1}};
  for (const auto& [type, label, n] : expected) {
    const std::string out = run_samebits(fit({"--covariance", type})).out;

    EXPECT_TRUE(contains(out, "3 components, " + type + " covariances, on cpu")) << out;
    EXPECT_EQ(count(out, label), n) << out;
    EXPECT_EQ(contains(out, "\nall components\n"), type.starts_with("tied")) << out;
  }
}

TEST_F(fit_command, takes_weights_of_rows) {
  std::vector<double> weights;
  for (std::size_t i = 0; i < n_rows(); ++i) {
    weights.push_back(static_cast<double>(i % 3));
  }
  put_table("weights.csv", weights, 1);
  gmm_options options = three_components();
  options.sample_weights = weights;

  EXPECT_EQ(json_answer(fit({"--weights", "weights.csv"}))["digest"], gmm_digest(fitted(options)));
}

TEST_F(fit_command, takes_every_way_to_start) {
  for (const gmm_init init :
       {gmm_init::kmeans_plus_plus, gmm_init::kmeans, gmm_init::random_rows, gmm_init::random_responsibilities}) {
    gmm_options options = three_components();
    options.init = init;
    options.max_iter = 3;
    options.seed = seed::parse("experiment 7");
    options.n_init = 4;

    EXPECT_EQ(json_answer(fit(
                  {"--init", name_of(init), "--max-iter", "3", "--seed", "experiment 7", "--n-init", "4"}))["digest"],
              gmm_digest(fitted(options)))
        << name_of(init);
  }
}

TEST_F(fit_command, has_the_same_digest_with_every_schedule) {
  const std::string expected = gmm_digest(fitted());
  for (const char* const schedule : {"automatic", "rows", "components"}) {
    EXPECT_EQ(json_answer(fit({"--schedule", schedule}))["digest"], expected) << schedule;
  }
}

TEST_F(fit_command, regularises_relative_to_the_columns) {
  gmm_options options = three_components();
  options.reg_covar = 0;
  options.reg_covar_relative = 0.01;

  EXPECT_EQ(json_answer(fit({"--reg-covar", "0", "--reg-covar-relative", "0.01"}))["digest"],
            gmm_digest(fitted(options)));
}

TEST_F(fit_command, makes_a_fixed_number_of_iterations_with_a_negative_tolerance) {
  const json answer = json_answer(fit({"--max-iter", "5", "--tol", "-1"}));

  EXPECT_EQ(answer["n_iter"], 5);
  EXPECT_EQ(answer["trace"].size(), 6u);
  EXPECT_EQ(answer["trace"][5], answer["log_likelihood"]);
}

TEST_F(fit_command, prints_the_trace_where_it_is_asked_for) {
  const arguments args = fit({"--max-iter", "2", "--tol", "-1"});
  const std::string title = "\niteration  log-likelihood, nats per row\n        0  -";

  EXPECT_TRUE(contains(run_samebits(args + arguments{"--trace"}).out, title));
  EXPECT_FALSE(contains(run_samebits(args).out, title));
}

TEST_F(fit_command, goes_on_from_a_model) {
  const arguments whole = fit({"--covariance", "tied", "--tol", "-1", "--max-iter", "7"});
  const arguments first = fit({"--covariance", "tied", "--tol", "-1", "--max-iter", "3", "--out", "first.json"});
  EXPECT_EQ(run_samebits(first).exit_code, 0);

  const json then = json_answer({"fit", "iris.csv", "--warm-start", "first.json", "--tol", "-1", "--max-iter", "4"});

  EXPECT_EQ(then["digest"], json_answer(whole)["digest"]);
  EXPECT_EQ(then["covariance_type"], "tied");
}

TEST_F(fit_command, starts_from_precisions_and_responsibilities) {
  const std::vector<double> means = {5, 3, 1.5, 0.2, 6, 3, 4, 1.3, 6.5, 3, 5.5, 2};
  const std::vector<double> precisions = {10, 5, 4};
  put_table("means.csv", means, 4);
  put_table("precisions.csv", precisions, 1);
  gmm_options options = three_components();
  options.covariance = covariance_type::spherical;
  options.means_init = {means.data(), 3, 4};
  options.precisions_init = {precisions.data(), 3, 1};
  std::vector<double> shares;
  for (std::size_t i = 0; i < n_rows(); ++i) {
    for (std::size_t k = 0; k < 3; ++k) {
      shares.push_back(i / 50 == k ? 0.8 : 0.1);
    }
  }
  put_table("shares.csv", shares, 3);
  gmm_options shared = three_components();
  shared.responsibilities_init = {shares.data(), x_.n_rows, 3};

  EXPECT_EQ(json_answer(fit({"--covariance", "spherical", "--means-init", "means.csv", "--precisions-init",
                             "precisions.csv"}))["digest"],
            gmm_digest(fitted(options)));
  EXPECT_EQ(json_answer(fit({"--responsibilities-init", "shares.csv"}))["digest"], gmm_digest(fitted(shared)));
}

TEST_F(fit_command, keeps_frozen_components) {
  const gmm_model start = saved();

  const json answer = json_answer({"fit", "iris.csv", "--warm-start", "model.json", "--frozen-means", "0,2..2",
                                   "--frozen-weights", "1", "--frozen-covariances", "0..1", "--reg-covar", "0.1"});

  const std::vector<double> mean = answer["means"][2];
  EXPECT_TRUE(std::equal(mean.begin(), mean.end(), start.means.begin() + 2 * 4));
  EXPECT_EQ(answer["weights"][1], start.weights[1]);
  EXPECT_NE(answer["weights"][0], start.weights[0]);
  EXPECT_EQ(answer["covariances"][1][3][3], start.covariances[2 * 16 - 1]);
  EXPECT_NE(answer["covariances"][2][3][3], start.covariances[3 * 16 - 1]);
}

TEST_F(fit_command, fits_with_priors) {
  const std::vector<double> mean = {6, 3, 4, 1};
  const std::vector<double> variances = {1, 1, 2, 1};
  put_table("mean.csv", mean, 4);
  put_table("variances.csv", variances, 4);
  bayesian_gmm_options options;
  options.fit = three_components();
  options.fit.covariance = covariance_type::diag;
  options.prior = weight_prior::dirichlet;
  options.weight_concentration_prior = 0.5;
  options.mean_precision_prior = 2;
  options.mean_prior = mean;
  options.degrees_of_freedom_prior = 5;
  options.covariance_prior = {variances.data(), 1, 4};
  const bayesian_gmm_model expected = bayesian_gmm_fit(ctx_, doubles(), options);

  const json answer = json_answer(
      fit({"--covariance", "diag", "--bayesian", "dirichlet", "--weight-concentration", "0.5", "--mean-precision", "2",
           "--mean-prior", "mean.csv", "--degrees-of-freedom", "5", "--covariance-prior", "variances.csv"}));

  EXPECT_EQ(answer["digest"], gmm_digest(expected.mixture));
  EXPECT_EQ(answer["bayesian"]["weight_prior"], "dirichlet");
  EXPECT_EQ(answer["bayesian"]["weight_concentration"], expected.weight_concentration);
  EXPECT_EQ(answer["bayesian"]["mean_precision"], expected.mean_precision);
  EXPECT_EQ(answer["bayesian"]["degrees_of_freedom"], expected.degrees_of_freedom);
}

TEST_F(fit_command, prints_the_lower_bound_of_a_fit_with_priors) {
  const outcome result = run_samebits(fit({"--bayesian", "dirichlet-process"}));

  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(contains(result.out, "\nlower bound -")) << result.out;
}

TEST_F(fit_command, names_bad_options) {
  saved();
  const std::pair<arguments, std::string> cases[] = {
      {{"--covariance", "Full"},
       "fit: --covariance is \"Full\" but must be full, tied, diag, spherical, tied-diag or tied-spherical"},
      {{"--init", "kmeans"},
       "fit: --init is \"kmeans\" but must be k-means++, k-means, random-rows or random-responsibilities"},
      {{"--schedule", "fast"}, "fit: --schedule is \"fast\" but must be automatic, rows or components"},
      {{"--dtype", "double"}, "fit: --dtype is \"double\" but must be float64 or float32"},
      {{"--bayesian", "yes"}, "fit: --bayesian is \"yes\" but must be dirichlet or dirichlet-process"},
      {{"--mean-precision", "2"}, "fit: --mean-precision needs --bayesian"},
      {{"--frozen-means", "3"}, "fit: --frozen-means is \"3\" but there are components 0 to 2"},
      {{"--frozen-weights", "0-1"}, "fit: --frozen-weights is \"0-1\" but must be whole numbers such as 2 or 1,2,5..8"},
      {{"--reg-covar-relative", "-1"}, "gmm_fit: reg_covar_relative is -1 but must be finite and at least 0"},
      {{"--weights", "none.csv"}, "none.csv: cannot open: No such file or directory"},
      {{"--warm-start", "none.json"}, "none.json: cannot read: No such file or directory"},
      {{"--warm-start", "iris.csv"}, "iris.csv: no JSON: a mistake at byte 15"},
      {{"--warm-start", "model.json", "--covariance", "tied"},
       "gmm_fit: warm_start has covariance full but covariance is tied"},
  };
  for (const auto& [args, message] : cases) {
    expect_refused(fit(args), message);
  }
  expect_refused({"fit", "iris.csv"}, "fit: --components is missing");
}

TEST_F(fit_command, names_weights_that_do_not_fit_the_rows) {
  put_file("weights.csv", "1\n2\n");

  expect_refused(fit({"--weights", "weights.csv"}), "gmm_fit: sample_weights has 2 elements but x has 150 rows");
}

TEST_F(fit_command, names_a_number_that_is_no_float) {
  put_file("x.csv", "1,2\n3,1e39\n");

  expect_refused({"fit", "x.csv", "-k", "1", "--dtype", "float32"},
                 "x.csv: row 1, column 1 (counted from 0): 1e+39 is outside the range of float32");
}

TEST_F(fit_command, stops_on_ctrl_c_and_leaves_an_earlier_model) {
  put_file("model.json", "earlier");

  const outcome result = run_shell(
      "\"$samebits\" fit iris.csv -k 20 --max-iter 100000000 --tol -1 --out model.json & "
      "sleep 1; kill -INT $!; wait $!");

  EXPECT_EQ(result.exit_code, 1);
  EXPECT_TRUE(result.err.starts_with("samebits: gmm_fit: stopped by the callback")) << result.err;
  EXPECT_EQ(read_file("model.json"), "earlier");
}

TEST_F(fit_command, stops_on_ctrl_c_while_it_reads) {
  const outcome result =
      run_shell("mkfifo pipe; exec 3<>pipe; \"$samebits\" fit pipe -k 1 & sleep 1; kill -INT $!; wait $!");

  EXPECT_EQ(result.exit_code, 1);
  EXPECT_TRUE(contains(result.err, "samebits: fit: stopped by Ctrl-C\n")) << result.err;
}

TEST(progress_of_a_fit, counts_one_run_where_the_start_is_given) {
  const std::vector<double> numbers = {1, 2};
  const gmm_model model;
  gmm_options random;
  random.n_init = 5;
  random.covariances_init = {numbers.data(), 1, 1};
  gmm_options from_means = random;
  from_means.means_init = {numbers.data(), 2, 1};
  gmm_options from_responsibilities = random;
  from_responsibilities.responsibilities_init = {numbers.data(), 2, 1};
  gmm_options from_a_model = random;
  from_a_model.warm_start = &model;

  EXPECT_EQ(cli::runs_of(random), 5);
  EXPECT_EQ(cli::runs_of(from_means), 1);
  EXPECT_EQ(cli::runs_of(from_responsibilities), 1);
  EXPECT_EQ(cli::runs_of(from_a_model), 1);
}

// ---- predict -----------------------------------------------------------------------------------------------------

class predict_command : public model_command {
 protected:
  std::vector<std::int64_t> labels(const gmm_model& model) const {
    std::vector<std::int64_t> expected(n_rows());
    gmm_predict(ctx_, model, doubles(), expected);
    return expected;
  }
};

TEST_F(predict_command, prints_the_component_of_each_row) {
  std::vector<std::int64_t> expected = labels(saved());

  const outcome result = run_samebits({"predict", "model.json", "iris.csv"});

  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, cli::lines(std::span<std::int64_t>(expected), 1));
}

TEST_F(predict_command, prints_the_probability_of_each_component) {
  const gmm_model model = saved();
  std::vector<double> expected(n_rows() * 3);
  gmm_predict_proba(ctx_, model, doubles(), {expected.data(), x_.n_rows, 3});

  const outcome result = run_samebits({"predict", "model.json", "iris.csv", "--proba"});

  EXPECT_EQ(result.out, cli::lines(std::span<double>(expected), 3));
}

TEST_F(predict_command, writes_files) {
  const gmm_model model = saved();
  std::vector<float> expected(n_rows() * 3);
  gmm_predict_proba(ctx_, model, singles(), {expected.data(), x_.n_rows, 3});

  const json labels_answer = json_answer({"predict", "model.json", "iris.csv", "--out", "labels.npy"});
  const json shares_answer =
      json_answer({"predict", "model.json", "iris.csv", "--proba", "--dtype", "float32", "--out", "shares.npy"});
  EXPECT_EQ(run_samebits({"predict", "model.json", "iris.csv", "--out", "labels.csv"}).exit_code, 0);

  const std::string label_bytes = bytes_of(labels(model));
  EXPECT_EQ(read_file("labels.npy"), npy_header(SAMEBITS_INT64, {n_rows()}) + label_bytes);
  EXPECT_EQ(read_file("shares.npy"), npy_header(SAMEBITS_FLOAT32, {n_rows(), 3}) + bytes_of(expected));
  EXPECT_EQ(read_file("labels.csv"), run_samebits({"predict", "model.json", "iris.csv"}).out);
  EXPECT_EQ(labels_answer["digest"], digest_of(label_bytes));
  EXPECT_EQ(labels_answer["dtype"], "int64");
  EXPECT_EQ(labels_answer["model_digest"], gmm_digest(model));
  EXPECT_EQ(shares_answer["digest"], digest_of(bytes_of(expected)));
  EXPECT_EQ(shares_answer["dtype"], "float32");
}

TEST_F(predict_command, takes_more_rows_than_a_chunk) {
  const gmm_model model = saved();
  constexpr std::uint64_t n = 1'000'000;
  EXPECT_EQ(run_samebits({"sample", "model.json", "-n", std::to_string(n), "--out", "x.npy"}).exit_code, 0);
  std::vector<double> x(n * 4);
  gmm_sample(ctx_, model, {}, 0, {x.data(), n, 4});
  std::vector<std::int64_t> expected_labels(n);
  gmm_predict(ctx_, model, {x.data(), n, 4}, expected_labels);
  std::vector<double> expected_scores(n);
  gmm_score_samples(ctx_, model, {x.data(), n, 4}, expected_scores);

  EXPECT_EQ(read_file("x.npy"), npy_header(SAMEBITS_FLOAT64, {n, 4}) + bytes_of(x));
  EXPECT_EQ(json_answer({"predict", "model.json", "x.npy", "--out", "labels.npy"})["digest"],
            digest_of(bytes_of(expected_labels)));
  EXPECT_EQ(json_answer({"score", "model.json", "x.npy", "--samples", "--out", "scores.npy"})["digest"],
            digest_of(bytes_of(expected_scores)));
}

TEST_F(predict_command, counts_rows_from_the_first_of_the_file) {
  saved();
  constexpr std::size_t n = 900'000;  // more than a chunk of 2^22 numbers, results among them
  std::vector<double> x(n * 4);
  x[850'000 * 4] = 1e200;
  put_file("x.npy", npy_header(SAMEBITS_FLOAT64, {n, 4}) + bytes_of(x));
  const std::string what =
      ": row 850000 of x (counted from 0) is so far from every component that its squared "
      "distances overflow";

  expect_error(run_samebits({"predict", "model.json", "x.npy", "--out", "y.npy"}), 1, "gmm_predict" + what);
  expect_error(run_samebits({"predict", "model.json", "x.npy", "--proba", "--out", "y.npy"}), 1, "gmm_predict" + what);
  expect_error(run_samebits({"score", "model.json", "x.npy", "--samples", "--out", "y.npy"}), 1,
               "gmm_score_samples" + what);
  EXPECT_FALSE(fs::exists("y.npy"));
}

TEST_F(predict_command, has_one_digest_on_every_instruction_set_and_number_of_threads) {
  saved();
  std::set<std::string> digests;
  for (const backend_info& b : list_backends()) {
    if (b.backend == "cpu" && b.available) {
      for (const char* const n_threads : {"1", "3"}) {
        digests.insert(json_answer({"predict", "model.json", "iris.csv", "--proba", "--out", "x.npy", "--isa", b.isa,
                                    "--threads", n_threads})["digest"]);
      }
    }
  }

  EXPECT_EQ(digests.size(), 1u);
}

TEST_F(predict_command, takes_a_model_of_another_program) {
  put_file("model.json", R"({"format": "samebits-gmm", "format_version": 1, "covariance_type": "tied-diag",
    "n_components": 2, "n_cols": 1, "weights": [0.5, 0.5], "means": [[0], [10]], "covariances": [1]})");
  put_file("x.csv", "-1\n4.9\n5.1\n");

  EXPECT_EQ(run_samebits({"predict", "model.json", "x.csv"}).out, "0\n0\n1\n");
}

TEST_F(predict_command, names_bad_input) {
  saved();
  put_file("x.csv", "1,2\n");
  expect_refused({"predict", "none.json", "iris.csv"}, "none.json: cannot read: No such file or directory");
  expect_refused({"predict", "iris.csv", "iris.csv"}, "iris.csv: no JSON: a mistake at byte 15");
  expect_refused({"predict", "model.json", "none.csv"}, "none.csv: cannot open: No such file or directory");
  expect_refused({"predict", "model.json", "x.csv"}, "gmm_predict: x has 2 columns but the model has 4");
  expect_refused({"predict", "model.json", "iris.csv", "--out", "x.txt"},
                 "predict: --out is \"x.txt\" but must end in .npy or .csv");
  expect_refused({"predict", "model.json", "iris.csv", "--json"},
                 "predict: --json needs --out with the name of a file");
  expect_refused({"predict", "model.json", "iris.csv", "--dtype", "int64"},
                 "predict: --dtype is \"int64\" but must be float64 or float32");
}

TEST_F(predict_command, leaves_an_earlier_file_when_it_fails) {
  saved();
  put_file("x.csv", "1,2\n");
  put_file("labels.csv", "earlier");

  EXPECT_EQ(run_samebits({"predict", "model.json", "x.csv", "--out", "labels.csv"}).exit_code, 2);

  EXPECT_EQ(read_file("labels.csv"), "earlier");
}

TEST_F(predict_command, exits_with_1_when_the_disk_is_full) {
  saved();
  fs::create_symlink("/dev/full", "full.csv");

  expect_error(run_samebits({"predict", "model.json", "iris.csv", "--out", "full.csv"}), 1,
               "full.csv: cannot write: No space left on device");
}

// ---- score -------------------------------------------------------------------------------------------------------

class score_command : public model_command {};

TEST_F(score_command, prints_the_mean_log_likelihood) {
  const gmm_model model = saved();

  const outcome result = run_samebits({"score", "model.json", "iris.csv"});

  EXPECT_EQ(result.exit_code, 0) << result.err;
  ASSERT_TRUE(result.out.starts_with("log-likelihood  -")) << result.out;
  EXPECT_EQ(std::stod(result.out.substr(16)), gmm_score(ctx_, model, doubles()));
}

TEST_F(score_command, answers_with_the_criteria) {
  const gmm_model model = saved();
  const gmm_criteria expected = gmm_evaluate(ctx_, model, doubles());

  const json answer = json_answer({"score", "model.json", "iris.csv", "--criteria"});

  EXPECT_EQ(answer["log_likelihood"], gmm_score(ctx_, model, doubles()));
  EXPECT_EQ(answer["total_log_likelihood"], expected.log_likelihood);
  EXPECT_EQ(answer["n_parameters"], expected.n_parameters);
  EXPECT_EQ(answer["aic"], expected.aic);
  EXPECT_EQ(answer["bic"], expected.bic);
  EXPECT_EQ(answer["entropy"], expected.entropy);
  EXPECT_EQ(answer["icl"], expected.icl);
  EXPECT_EQ(answer["model_digest"], gmm_digest(model));
  EXPECT_TRUE(contains(run_samebits({"score", "model.json", "iris.csv", "--criteria"}).out, "\nBIC "));
}

TEST_F(score_command, takes_weights_and_floats) {
  const gmm_model model = saved();
  std::vector<double> weights(n_rows(), 1.0);
  weights[7] = 100;
  put_table("weights.csv", weights, 1);

  EXPECT_EQ(json_answer({"score", "model.json", "iris.csv", "--weights", "weights.csv"})["log_likelihood"],
            gmm_score(ctx_, model, doubles(), weights));
  EXPECT_EQ(json_answer({"score", "model.json", "iris.csv", "--dtype", "float32"})["log_likelihood"],
            gmm_score(ctx_, model, singles()));
}

TEST_F(score_command, tells_the_score_of_each_row) {
  const gmm_model model = saved();
  std::vector<float> expected(n_rows());
  gmm_score_samples(ctx_, model, singles(), expected);
  const arguments args = {"score", "model.json", "iris.csv", "--samples", "--dtype", "float32"};

  EXPECT_EQ(run_samebits(args).out, cli::lines(std::span<float>(expected), 1));
  const json answer = json_answer(args + arguments{"--out", "scores.npy"});
  EXPECT_EQ(read_file("scores.npy"), npy_header(SAMEBITS_FLOAT32, {n_rows()}) + bytes_of(expected));
  EXPECT_EQ(answer["digest"], digest_of(bytes_of(expected)));
}

TEST_F(score_command, names_options_that_do_not_go_together) {
  saved();
  const std::pair<arguments, std::string> cases[] = {
      {{"--samples", "--criteria"}, "score: --samples and --criteria are both given"},
      {{"--samples", "--weights", "w.csv"},
       "score: --samples and --weights are both given, but weights do not change the score of a row"},
      {{"--out", "x.npy"}, "score: --out needs --samples"},
      {{"--samples", "--json"}, "score: --json with --samples needs --out with the name of a file"}};
  for (const auto& [args, message] : cases) {
    expect_refused(arguments{"score", "model.json", "iris.csv"} + args, message);
  }
}

TEST_F(score_command, exits_with_1_where_a_row_is_too_far_away) {
  saved();
  put_file("x.csv", "1e200,0,0,0\n");

  const outcome result = run_samebits({"score", "model.json", "x.csv"});

  EXPECT_EQ(result.exit_code, 1);
  EXPECT_TRUE(contains(result.err, "far from every component")) << result.err;
}

// ---- sample ------------------------------------------------------------------------------------------------------

class sample_command : public model_command {};

TEST_F(sample_command, prints_the_rows_of_the_library) {
  const gmm_model model = saved();
  std::vector<double> expected(20 * 4);
  gmm_sample(ctx_, model, {7, 8}, 5, {expected.data(), 20, 4});

  const outcome result =
      run_samebits({"sample", "model.json", "-n", "20", "--seed", "7", "--task", "8", "--skip", "5"});

  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, cli::lines(std::span<double>(expected), 4));
}

TEST_F(sample_command, writes_rows_and_labels) {
  const gmm_model model = saved();
  std::vector<double> rows(100 * 4);
  std::vector<std::int64_t> labels(100);
  gmm_sample(ctx_, model, {seed::parse("experiment 7").value(), 0}, 0, {rows.data(), 100, 4}, labels);
  const arguments args = {"sample", "model.json", "--n", "100", "--seed", "experiment 7"};

  const json answer = json_answer(args + arguments{"--out", "x.npy", "--labels", "labels.npy"});
  EXPECT_EQ(run_samebits(args + arguments{"--out", "x.csv", "--labels", "labels.csv"}).exit_code, 0);

  EXPECT_EQ(read_file("x.npy"), npy_header(SAMEBITS_FLOAT64, {100, 4}) + bytes_of(rows));
  EXPECT_EQ(read_file("labels.npy"), npy_header(SAMEBITS_INT64, {100}) + bytes_of(labels));
  EXPECT_EQ(read_file("x.csv"), cli::lines(std::span<double>(rows), 4));
  EXPECT_EQ(read_file("labels.csv"), cli::lines(std::span<std::int64_t>(labels), 1));
  EXPECT_EQ(answer["digest"], digest_of(bytes_of(rows)));
  EXPECT_EQ(answer["labels_digest"], digest_of(bytes_of(labels)));
  EXPECT_EQ(answer["seed"], seed::parse("experiment 7").value());
  EXPECT_EQ(answer["n"], 100);
}

TEST_F(sample_command, prints_nothing_for_no_rows) {
  saved();

  const outcome result = run_samebits({"sample", "model.json", "-n", "0"});

  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out + result.err, "");
}

TEST_F(sample_command, prints_lines_until_nobody_reads) {
  saved();

  const outcome result = run_shell("{ \"$samebits\" sample model.json -n 100000000; echo $? >status; } | head -n 3");

  EXPECT_EQ(read_file("status"), "0\n");
  EXPECT_EQ(result.out, run_samebits({"sample", "model.json", "-n", "3"}).out);
}

TEST_F(sample_command, leaves_earlier_labels_when_nobody_reads_all_rows) {
  saved();
  put_file("labels.csv", "earlier");

  const outcome result =
      run_shell("{ \"$samebits\" sample model.json -n 100000000 --labels labels.csv; echo $? >status; } | head -n 3");

  EXPECT_EQ(read_file("status"), "0\n");
  EXPECT_EQ(result.out, run_samebits({"sample", "model.json", "-n", "3"}).out);
  EXPECT_EQ(read_file("labels.csv"), "earlier");
}

TEST_F(sample_command, writes_labels_beside_rows_on_standard_output) {
  saved();
  const arguments args = {"sample", "model.json", "-n", "7"};
  EXPECT_EQ(run_samebits(args + arguments{"--out", "x.csv", "--labels", "expected.csv"}).exit_code, 0);

  const outcome result = run_samebits(args + arguments{"--labels", "labels.csv"});

  EXPECT_EQ(result.out, read_file("x.csv"));
  EXPECT_EQ(read_file("labels.csv"), read_file("expected.csv"));
}

TEST_F(sample_command, leaves_no_part_of_a_file_when_it_is_interrupted) {
  saved();
  put_file("x.csv", "earlier");

  const outcome result = run_shell(
      "\"$samebits\" sample model.json -n 100000000 --out x.csv --labels labels.csv & "
      "until ls .samebits-* >/dev/null 2>&1; do sleep 0.01; done; kill -INT $!; wait $!");

  EXPECT_EQ(result.exit_code, 1);
  EXPECT_TRUE(contains(result.err, "samebits: sample: stopped by Ctrl-C\n")) << result.err;
  EXPECT_EQ(read_file("x.csv"), "earlier");
  EXPECT_EQ(names_here(), (std::set<std::string>{"iris.csv", "model.json", "x.csv"}));
}

TEST_F(sample_command, names_bad_ranges_and_files) {
  saved();
  const arguments sample = {"sample", "model.json", "-n"};
  expect_refused(sample + arguments{"1", "--skip", "288230376151711744"},
                 "sample: --skip is 288230376151711744 and -n is 1, but the sample of 4 columns ends after "
                 "288230376151711744");
  expect_refused(sample + arguments{"18446744073709551615", "--skip", "1"},
                 "sample: --skip is 1 and -n is 18446744073709551615, beyond any sample");
  expect_refused(sample + arguments{"1", "--labels", "x.txt"},
                 "sample: --labels is \"x.txt\" but must end in .npy or .csv");
  fs::create_symlink("x.npy", "link.npy");
  put_file("x.npy", "");
  for (const char* const same : {"x.npy", "./x.npy", "link.npy"}) {
    expect_refused(sample + arguments{"1", "--out", "x.npy", "--labels", same},
                   "sample: --labels is \"" + std::string(same) + "\", which is the file of --out");
  }
  expect_refused(sample + arguments{"1", "--json"}, "sample: --json needs --out with the name of a file");
  EXPECT_EQ(run_samebits(sample + arguments{"-1"}).exit_code, 2);
  EXPECT_EQ(run_samebits({"sample", "model.json"}).exit_code, 2);
}

// ---- select ------------------------------------------------------------------------------------------------------

class select_command : public model_command {};

TEST_F(select_command, answers_with_all_candidates_and_the_best_model) {
  const covariance_type types[] = {covariance_type::tied, covariance_type::diag};
  const std::int64_t sizes[] = {1, 2, 3, 6};
  gmm_options options;
  options.seed = 4;
  options.n_init = 2;
  const gmm_selection expected = gmm_select(ctx_, doubles(), types, sizes, options, gmm_criterion::icl);

  const json answer = json_answer({"select", "iris.csv", "--components", "1..3,6", "--covariance", "tied,diag",
                                   "--criterion", "icl", "--seed", "4", "--n-init", "2", "--out", "best.json"});

  ASSERT_EQ(answer["candidates"].size(), 8u);
  for (std::size_t i = 0; i < 8; ++i) {
    const json& candidate = answer["candidates"][i];
    EXPECT_EQ(candidate["covariance_type"], name_of(types[i / 4]));
    EXPECT_EQ(candidate["n_components"], sizes[i % 4]);
    EXPECT_EQ(candidate["icl"], expected.candidates[i].criteria.icl);
    EXPECT_EQ(candidate["n_iter"], expected.candidates[i].n_iter);
  }
  EXPECT_EQ(answer["best"], expected.best);
  EXPECT_EQ(answer["model"]["digest"], gmm_digest(expected.model));
  EXPECT_EQ(gmm_digest(gmm_load("best.json")), gmm_digest(expected.model));
}

TEST_F(select_command, computes_with_floats) {
  const std::int64_t sizes[] = {1, 3};
  const covariance_type type = covariance_type::tied;
  const gmm_selection expected = gmm_select(ctx_, singles(), {&type, 1}, sizes, {});

  const json answer = json_answer({"select", "iris.csv", "-k", "1,3", "--covariance", "tied", "--dtype", "float32"});

  EXPECT_EQ(answer["dtype"], "float32");
  EXPECT_EQ(answer["best"], expected.best);
  EXPECT_EQ(answer["model"]["digest"], gmm_digest(expected.model));
}

TEST_F(select_command, marks_the_best_in_a_table) {
  const outcome result = run_samebits({"select", "iris.csv", "-k", "1..2", "--covariance", "full,spherical"});

  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(contains(result.out, "\n* full                    2 ")) << result.out;
  EXPECT_TRUE(contains(result.out, "\n  spherical               1 ")) << result.out;
  EXPECT_TRUE(contains(result.out, "Sepal.Length")) << result.out;
}

TEST_F(select_command, tries_every_type_where_none_is_named) {
  const json answer = json_answer({"select", "iris.csv", "-k", "2"});

  std::set<std::string> types;
  for (const json& candidate : answer["candidates"]) {
    types.insert(candidate["covariance_type"]);
  }
  EXPECT_EQ(types.size(), std::size(covariance_types));
}

TEST_F(select_command, tries_no_more_components_than_rows_where_none_are_named) {
  put_file("x.csv", "0,0\n1,5\n2,1\n");

  const json answer = json_answer({"select", "x.csv", "--covariance", "diag"});

  ASSERT_EQ(answer["candidates"].size(), 3u);
  EXPECT_EQ(answer["candidates"][2]["n_components"], 3);
  expect_refused({"select", "x.csv", "-k", "1..8"}, "gmm_select: n_components is 4 but x has 3 rows");
}

TEST_F(select_command, tells_why_a_candidate_has_no_fit) {
  put_file("x.csv", "0,0\n1,1\n2,2\n3,3\n4,4\n");
  const arguments args = {"select", "x.csv", "-k", "1", "--covariance", "full,diag", "--reg-covar", "0"};

  const json answer = json_answer(args);

  EXPECT_TRUE(contains(answer["candidates"][0]["failure"], "singular")) << answer;
  EXPECT_EQ(answer["best"], 1);
  EXPECT_TRUE(contains(run_samebits(args).out, "singular"));
}

TEST_F(select_command, names_bad_options) {
  const std::pair<arguments, std::string> cases[] = {
      {{"-k", "0..3"}, "gmm_select: n_components is 0 but must be at least 1"},
      {{"-k", "3..1"}, "select: --components is \"3..1\" but must be whole numbers such as 2 or 1,2,5..8"},
      {{"-k", "1,,2"}, "select: --components is \"1,,2\" but must be whole numbers such as 2 or 1,2,5..8"},
      {{"-k", "1..99999999999"}, "select: --components is \"1..99999999999\", which is more than a million numbers"},
      {{"-k", "1..600000,1..600000"},
       "select: --components is \"1..600000,1..600000\", which is more than a million numbers"},
      {{"-k", "9223372036854775806..9223372036854775807"},
       "select: --components is \"9223372036854775806..9223372036854775807\" but its numbers must be 0 to "
       "9007199254740992"},
      {{"--components=-9223372036854775808..9223372036854775807"},
       "select: --components is \"-9223372036854775808..9223372036854775807\" but its numbers must be 0 to "
       "9007199254740992"},
      {{"-k", "151"}, "gmm_select: n_components is 151 but x has 150 rows"},
      {{"--covariance", "full,round"},
       "select: --covariance is \"round\" but must be full, tied, diag, spherical, tied-diag or tied-spherical"},
      {{"--dtype", "half"}, "select: --dtype is \"half\" but must be float64 or float32"},
      {{"--criterion", "BIC"}, "select: --criterion is \"BIC\" but must be bic, aic or icl"},
      {{"--n-init", "0"}, "gmm_select: n_init is 0 but must be at least 1"}};
  for (const auto& [args, message] : cases) {
    expect_refused(arguments{"select", "iris.csv"} + args, message);
  }
}

TEST_F(select_command, stops_on_ctrl_c) {
  const outcome result = run_shell(
      "\"$samebits\" select iris.csv -k 1..20 --max-iter 100000000 --tol -1 & sleep 1; kill -INT $!; wait $!");

  EXPECT_EQ(result.exit_code, 1);
  EXPECT_TRUE(contains(result.err, "stopped by the callback")) << result.err;
}

}  // namespace
}  // namespace samebits::tests
