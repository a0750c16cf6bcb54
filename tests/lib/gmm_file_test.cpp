#include "samebits/gmm_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <bit>
#include <cfenv>
#include <clocale>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "samebits/gmm_model.hpp"
#include "tests/support.hpp"

namespace samebits {
namespace {

using nlohmann::json;
using tests::error_of;
using tests::put_file;
using tests::read_file;

// ---- models ------------------------------------------------------------------------------------------------------

/// Variances that need all of their digits.
double variance(std::int64_t i) { return 1 + static_cast<double>(i) / 7; }

/// Covariances whose matrices have 0.1 beside the diagonal.
std::vector<double> some_covariances(covariance_type type, std::int64_t k, std::int64_t n) {
  const matrix_shape shape = covariances_shape(type, k, n);
  const bool is_matrix = type == covariance_type::full || type == covariance_type::tied;
  std::vector<double> values;
  for (std::int64_t i = 0; i < shape.n_rows; ++i) {
    for (std::int64_t j = 0; j < shape.n_cols; ++j) {
      values.push_back(is_matrix && j != i % n ? 0.1 : variance(i + j));
    }
  }
  return values;
}

gmm_model some_model(covariance_type type = covariance_type::full, std::int64_t k = 3, std::int64_t n = 2) {
  gmm_model m;
  m.covariance = type;
  m.n_components = k;
  m.n_cols = n;
  for (std::int64_t i = 0; i < k; ++i) {
    m.weights.push_back(1.0 / static_cast<double>(k));
  }
  for (std::int64_t i = 0; i < k * n; ++i) {
    m.means.push_back(std::sqrt(2.0) * static_cast<double>(i - 2));
  }
  m.covariances = some_covariances(type, k, n);
  m.log_likelihood = -1.0 / 3;
  m.n_iter = 12;
  m.converged = true;
  m.restart = 4;
  m.trace = {-3.5, -1.0 / 3};
  return m;
}

bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](double x, double y) {
    return std::bit_cast<std::uint64_t>(x) == std::bit_cast<std::uint64_t>(y);
  });
}

void expect_same(const gmm_model& a, const gmm_model& b) {
  EXPECT_EQ(a.covariance, b.covariance);
  EXPECT_EQ(a.n_components, b.n_components);
  EXPECT_EQ(a.n_cols, b.n_cols);
  EXPECT_TRUE(same_bits(a.weights, b.weights));
  EXPECT_TRUE(same_bits(a.means, b.means));
  EXPECT_TRUE(same_bits(a.covariances, b.covariances));
  EXPECT_TRUE(same_bits({a.log_likelihood}, {b.log_likelihood}));
  EXPECT_EQ(a.n_iter, b.n_iter);
  EXPECT_EQ(a.converged, b.converged);
  EXPECT_EQ(a.restart, b.restart);
  EXPECT_TRUE(same_bits(a.trace, b.trace));
}

// ---- what is written ---------------------------------------------------------------------------------------------

TEST(gmm_to_json, has_every_key_of_the_format) {
  const json file = json::parse(gmm_to_json(some_model()));

  EXPECT_EQ(file["format"], "samebits-gmm");
  EXPECT_EQ(file["format_version"], 1);
  EXPECT_EQ(file["samebits_version"], "0.1.0");
  EXPECT_EQ(file["numerics_version"], 1);
  EXPECT_EQ(file["covariance_type"], "full");
  EXPECT_EQ(file["n_components"], 3);
  EXPECT_EQ(file["n_cols"], 2);
  EXPECT_EQ(file["weights"].size(), 3u);
  EXPECT_EQ(file["means"].size(), 3u);
  EXPECT_EQ(file["means"][0].size(), 2u);
  EXPECT_EQ(file["n_iter"], 12);
  EXPECT_EQ(file["converged"], true);
  EXPECT_EQ(file["restart"], 4);
  EXPECT_EQ(file["trace"], json({-3.5, -1.0 / 3}));
  EXPECT_EQ(file["log_likelihood"], -1.0 / 3);
  EXPECT_EQ(file["digest"], gmm_digest(some_model()));
}

/// The sizes of nested arrays, outermost first.
std::vector<std::size_t> nesting(const json& value) {
  std::vector<std::size_t> sizes;
  for (const json* at = &value; at->is_array(); at = &at->front()) {
    sizes.push_back(at->size());
  }
  return sizes;
}

TEST(gmm_to_json, nests_covariances_as_the_type_has_them) {
  using sizes = std::vector<std::size_t>;
  const std::pair<covariance_type, sizes> expected[] = {
      {covariance_type::full, {3, 2, 2}}, {covariance_type::tied, {2, 2}},   {covariance_type::diag, {3, 2}},
      {covariance_type::spherical, {3}},  {covariance_type::tied_diag, {2}}, {covariance_type::tied_spherical, {}}};
  for (const auto& [type, shape] : expected) {
    const json file = json::parse(gmm_to_json(some_model(type)));

    EXPECT_EQ(nesting(file["covariances"]), shape) << name_of(type);
    EXPECT_EQ(file["covariance_type"], name_of(type));
  }
}

TEST(gmm_to_json, writes_the_shortest_decimals_and_shows_that_they_are_real) {
  gmm_model m = some_model(covariance_type::spherical, 1, 3);
  m.means = {0.1, 3, -0.0};
  m.weights = {1};

  EXPECT_TRUE(tests::contains(gmm_to_json(m), "[0.1, 3.0, -0.0]")) << gmm_to_json(m);
}

TEST(gmm_to_json, puts_rows_of_numbers_on_lines_of_their_own) {
  const std::string text = gmm_to_json(some_model(covariance_type::diag, 2, 1));

  EXPECT_TRUE(tests::contains(text, "  \"covariances\": [\n    [1.0],\n    [1.1428571428571428]\n  ],\n")) << text;
}

TEST(gmm_to_json, refuses_what_is_no_model) {
  gmm_model m = some_model();
  m.weights[1] = -1;

  EXPECT_EQ(error_of<invalid_argument>([&] { gmm_to_json(m); }),
            "gmm_to_json: model.weights[1] is -1 but must be finite and at least 0");
}

TEST(gmm_to_json, refuses_what_json_has_no_number_for) {
  gmm_model m = some_model();
  m.log_likelihood = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(error_of<invalid_argument>([&] { gmm_to_json(m); }),
            "gmm_to_json: model.log_likelihood is nan but must be finite");
  m.log_likelihood = 0;
  m.trace[1] = -std::numeric_limits<double>::infinity();
  EXPECT_EQ(error_of<invalid_argument>([&] { gmm_to_json(m); }),
            "gmm_to_json: model.trace[1] is infinite but must be finite");
}

// ---- what is read ------------------------------------------------------------------------------------------------

TEST(gmm_from_json, gives_back_every_bit_of_every_type) {
  for (const covariance_type type : covariance_types) {
    for (const std::int64_t k : {1, 3}) {
      for (const std::int64_t n : {1, 2, 5}) {
        const gmm_model m = some_model(type, k, n);
        expect_same(gmm_from_json(gmm_to_json(m)), m);
      }
    }
  }
}

TEST(gmm_from_json, gives_back_extreme_numbers) {
  gmm_model m = some_model(covariance_type::diag, 1, 4);
  m.weights = {1};
  m.means = {-0.0, 5e-324, -std::numeric_limits<double>::max(), std::nextafter(1.0, 2.0)};
  m.covariances = {5e-324, std::numeric_limits<double>::max(), std::numeric_limits<double>::min(), 0.1 + 0.2};
  m.trace.clear();

  expect_same(gmm_from_json(gmm_to_json(m)), m);
}

TEST(gmm_from_json, does_not_depend_on_the_locale) {
  const std::string before = std::setlocale(LC_ALL, nullptr);
  const gmm_model m = some_model();
  for (const char* const name : {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8"}) {
    if (std::setlocale(LC_ALL, name) != nullptr) {
      expect_same(gmm_from_json(gmm_to_json(m)), m);
    }
  }
  std::setlocale(LC_ALL, before.c_str());
}

// The C library reads numbers by the mode that std::fesetround sets.
TEST(gmm_from_json, does_not_depend_on_the_rounding_mode) {
  const gmm_model m = some_model();
  const std::string text = gmm_to_json(m);
  for (const int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
    std::fesetround(mode);
    std::string text_there;
    gmm_model read;
    const std::string error_there = error_of<error>([&] {
      gmm_require_valid(m);
      text_there = gmm_to_json(m);
      read = gmm_from_json(text);
    });
    const int mode_afterwards = std::fegetround();
    std::fesetround(FE_TONEAREST);

    EXPECT_EQ(error_there, "no error");
    EXPECT_EQ(text_there, text);
    expect_same(read, m);
    EXPECT_EQ(mode_afterwards, mode);
  }
}

/// The file of a model with a change.
template <class Change>
std::string changed(const Change& change, covariance_type type = covariance_type::full) {
  json file = json::parse(gmm_to_json(some_model(type)));
  change(file);
  return file.dump();
}

TEST(gmm_from_json, needs_only_what_makes_a_mixture) {
  const gmm_model m = gmm_from_json(R"({"format": "samebits-gmm", "format_version": 1, "covariance_type": "spherical",
    "n_components": 2, "n_cols": 1, "weights": [0.25, 0.75], "means": [[0], [-3]], "covariances": [1, 4e0]})");

  EXPECT_EQ(m.means, (std::vector<double>{0, -3}));
  EXPECT_EQ(m.covariances, (std::vector<double>{1, 4}));
  EXPECT_EQ(m.n_iter, 0);
  EXPECT_FALSE(m.converged);
  EXPECT_TRUE(m.trace.empty());
}

TEST(gmm_from_json, ignores_keys_that_it_does_not_know) {
  const std::string text = changed([](json& file) {
    file["comment"] = {{"anything", nullptr}};
    file["samebits_version"] = "77";
    file["numerics_version"] = 99;
  });

  expect_same(gmm_from_json(text), some_model());
}

std::string refusal(const std::string& text) {
  return error_of<invalid_argument>([&] { gmm_from_json(text); });
}

TEST(gmm_from_json, names_a_missing_key) {
  for (const char* const key :
       {"format", "format_version", "covariance_type", "n_components", "n_cols", "weights", "means", "covariances"}) {
    EXPECT_EQ(refusal(changed([&](json& file) { file.erase(key); })),
              "gmm_from_json: " + std::string(key) + " is missing");
  }
}

TEST(gmm_from_json, names_what_is_wrong) {
  using change = void (*)(json&);
  const std::pair<change, const char*> cases[] = {
      {[](json& f) { f["format"] = "samebits"; }, "format is \"samebits\" but must be \"samebits-gmm\""},
      {[](json& f) { f["format"] = 1; }, "format is 1 but must be a string"},
      {[](json& f) { f["format_version"] = 2; }, "format_version is 2 but samebits 0.1.0 reads version 1"},
      {[](json& f) { f["format_version"] = "1"; }, "format_version is \"1\" but samebits 0.1.0 reads version 1"},
      {[](json& f) { f["covariance_type"] = "Full"; },
       "covariance_type is \"Full\" but must be one of full, tied, diag, spherical, tied-diag, tied-spherical"},
      {[](json& f) { f["n_components"] = 0; }, "n_components is 0 but must be a whole number, at least 1"},
      {[](json& f) { f["n_components"] = 3.0; }, "n_components is 3.0 but must be a whole number, at least 1"},
      {[](json& f) { f["n_cols"] = -2; }, "n_cols is -2 but must be a whole number, at least 1"},
      {[](json& f) { f["n_cols"] = 18446744073709551615u; },
       "n_cols is 18446744073709551615 but must be a whole number, at least 1"},
      {[](json& f) { f["n_components"] = 9223372036854775807; },
       "weights has 3 elements but must have 9223372036854775807"},
      {[](json& f) { f["weights"] = 1; }, "weights is 1 but must be an array"},
      {[](json& f) { f["weights"][2] = nullptr; }, "weights[2] is null but must be a number"},
      {[](json& f) { f["weights"][0] = 0.5; }, "model.weights sums to 1.1666666666666665 but must sum to 1"},
      {[](json& f) { f["means"].erase(1); }, "means has 2 elements but must have 3"},
      {[](json& f) { f["means"][1].push_back(3); }, "means[1] has 3 elements but must have 2"},
      {[](json& f) { f["means"][2][0] = "x"; }, "means[2][0] is \"x\" but must be a number"},
      {[](json& f) { f["covariances"][1][0] = 7; }, "covariances[1][0] is 7 but must be an array"},
      {[](json& f) { f["covariances"][1][1][0] = true; }, "covariances[1][1][0] is true but must be a number"},
      {[](json& f) { f["log_likelihood"] = "a long text that nobody wants to see in a message"; },
       "log_likelihood is a string but must be a number"},
      {[](json& f) { f["n_iter"] = -1; }, "n_iter is -1 but must be a whole number, at least 0"},
      {[](json& f) { f["converged"] = 1; }, "converged is 1 but must be true or false"},
      {[](json& f) { f["restart"] = 0.5; }, "restart is 0.5 but must be a whole number, at least 0"},
      {[](json& f) { f["trace"] = 1; }, "trace is 1 but must be an array"},
      {[](json& f) { f["trace"][1] = json::array(); }, "trace[1] is [] but must be a number"},
      {[](json& f) { f["digest"] = 3; }, "digest is 3 but must be a string"},
  };
  for (const auto& [make_change, message] : cases) {
    EXPECT_EQ(refusal(changed(make_change)), std::string("gmm_from_json: ") + message);
  }
}

TEST(gmm_from_json, notices_a_changed_number) {
  const std::string text = changed([](json& file) { file["means"][0][0] = 7.5; });

  const std::string message = refusal(text);

  EXPECT_TRUE(message.starts_with("gmm_from_json: digest is \"sha256:")) << message;
  EXPECT_TRUE(message.ends_with("leave it out after a change")) << message;
}

TEST(gmm_from_json, takes_a_changed_number_without_a_digest) {
  const std::string text = changed([](json& file) {
    file["means"][0][0] = 7.5;
    file.erase("digest");
  });

  EXPECT_EQ(gmm_from_json(text).means[0], 7.5);
}

TEST(gmm_from_json, refuses_covariances_that_are_none) {
  const std::string text = changed([](json& file) {
    file["covariances"][1] = {{1, 2}, {2, 1}};
    file.erase("digest");
  });

  EXPECT_EQ(refusal(text), "gmm_from_json: model.covariances[1] is not positive definite at column 1 (counted from 0)");
}

TEST(gmm_from_json, refuses_what_is_no_json) {
  EXPECT_EQ(refusal(""), "gmm_from_json: no JSON: a mistake at byte 1");
  EXPECT_EQ(refusal("{\"format\": nan}"), "gmm_from_json: no JSON: a mistake at byte 13");
  EXPECT_EQ(refusal("[1, 2]"), "gmm_from_json: the text is [1,2] but must be an object");
  EXPECT_EQ(refusal(std::string("\0\0", 2)), "gmm_from_json: no JSON: a mistake at byte 1");
  EXPECT_EQ(refusal("{\"a\": 1e999}"), "gmm_from_json: a number is outside the range of double");
}

TEST(gmm_from_json, refuses_every_part_of_a_file) {
  const std::string text = gmm_to_json(some_model(covariance_type::diag));
  for (std::size_t size = 0; size < text.rfind('}'); ++size) {
    EXPECT_TRUE(refusal(text.substr(0, size)).starts_with("gmm_from_json: no JSON")) << size;
  }
}

TEST(gmm_from_json, survives_deep_nesting) {
  EXPECT_TRUE(refusal(std::string(1'000'000, '[')).starts_with("gmm_from_json: no JSON"));
}

// ---- files -------------------------------------------------------------------------------------------------------

class gmm_file : public testing::Test {
 private:
  tests::temporary_folder folder_;
};

TEST_F(gmm_file, gives_back_what_was_saved) {
  gmm_save(some_model(), "model.json");

  EXPECT_EQ(read_file("model.json"), gmm_to_json(some_model()));
  expect_same(gmm_load("model.json"), some_model());
}

TEST_F(gmm_file, replaces_an_earlier_one_and_leaves_nothing_beside_it) {
  put_file("model.json", "earlier");

  gmm_save(some_model(), "model.json");

  expect_same(gmm_load("model.json"), some_model());
  EXPECT_EQ(tests::names_here(), (std::set<std::string>{"model.json"}));
}

TEST_F(gmm_file, is_left_as_it_was_by_a_failure) {
  put_file("model.json", "earlier");
  gmm_model m = some_model();
  m.means.pop_back();

  EXPECT_EQ(error_of<invalid_argument>([&] { gmm_save(m, "model.json"); }),
            "gmm_save: model.means has 5 elements but must have 6");

  EXPECT_EQ(read_file("model.json"), "earlier");
  EXPECT_EQ(tests::names_here(), (std::set<std::string>{"model.json"}));
}

TEST_F(gmm_file, that_cannot_be_written_is_named) {
  EXPECT_EQ(error_of<file_error>([] { gmm_save(some_model(), "no/such/model.json"); }),
            "gmm_save: no/such/model.json: cannot write: No such file or directory");
  EXPECT_EQ(error_of<file_error>([] { gmm_save(some_model(), "/dev/full"); }),
            "gmm_save: /dev/full: cannot write: No space left on device");
}

TEST_F(gmm_file, that_cannot_be_read_is_named) {
  EXPECT_EQ(error_of<file_error>([] { gmm_load("model.json"); }),
            "gmm_load: model.json: cannot read: No such file or directory");
  EXPECT_EQ(error_of<file_error>([] { gmm_load("."); }), "gmm_load: .: cannot read: Is a directory");
}

TEST_F(gmm_file, that_is_no_model_is_named) {
  put_file("model.json", "{}");

  EXPECT_EQ(error_of<invalid_argument>([] { gmm_load("model.json"); }), "gmm_load: model.json: format is missing");
}

TEST_F(gmm_file, has_a_status_of_its_own) {
  try {
    gmm_load("model.json");
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(e.status(), SAMEBITS_FILE_ERROR);
  }
}

}  // namespace
}  // namespace samebits
