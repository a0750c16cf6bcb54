// A distribution as the command line names it: gamma --shape 2.5, multinomial --trials 10 --weights 0.2,0.3,0.5.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "samebits/distributions.hpp"

namespace samebits::cli {

/// One distribution with its parameters.
class chosen_distribution {
 public:
  const distribution_info& info() const { return *info_; }

  /// Lives as long as this object.
  samebits_distribution description() const;

  /// Of one sample: nothing, or {columns}, or {rows, columns}.
  std::vector<std::uint64_t> shape() const;

  /// The parameters under the names of their options, but of a covariance the factor.
  nlohmann::ordered_json parameters() const;

  /// A message of the library with the option in place of the parameter: "fill: gamma.shape is -1 but ..." becomes
  /// "random: --shape is -1 but ...".
  std::string in_options(const std::string& message) const;

 private:
  friend class distribution_options;
  const distribution_info* info_ = nullptr;
  samebits_distribution description_ = {};  // without its values
  std::vector<double> values_;
};

/// The options of all distributions.
class distribution_options {
 public:
  void add_to(CLI::App& app);

  /// The distribution of this name, in which `-` may stand for `_`. Throws invalid_argument if there is none, where an
  /// option is not one of its own or has a bad value, and where one is missing.
  chosen_distribution choose(const std::string& name) const;

 private:
  struct given_option {
    std::string name;
    std::string text;
    CLI::Option* option;
  };

  const std::string* text_of(const std::string& name) const;
  void read_multivariate_normal(chosen_distribution& d) const;

  std::vector<std::unique_ptr<given_option>> options_;
};

/// The distributions as people read them, with their options and defaults.
std::string distribution_table();
nlohmann::ordered_json distributions_json();

/// The number that the text is; `name` is what messages call it. Throw invalid_argument.
std::uint64_t whole_number(const std::string& name, const std::string& text);
double real_number(const std::string& name, const std::string& text);

}  // namespace samebits::cli
