// The distributions whose bits are frozen in tests/data/distributions.json: each kind, with parameters on both sides of
// every change of method.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "samebits/distributions.hpp"

namespace samebits::tests {

struct distribution_case {
  std::string name;
  samebits_distribution distribution;
};

/// The name with the parameters: "gamma(0.5, 1)".
inline std::string case_name(const samebits_distribution& d) {
  const distribution_info& info = list_distributions()[static_cast<std::size_t>(d.kind)];
  std::string arguments;
  const auto add = [&](const std::string& text) { arguments += (arguments.empty() ? "" : ", ") + text; };
  if (info.count != nullptr) {
    add(std::to_string(d.count));
  }
  for (std::size_t i = 0; i < info.parameters.size(); ++i) {
    char text[32];
    std::snprintf(text, sizeof text, "%g", d.parameters[i]);
    add(text);
  }
  if (info.values != nullptr) {
    add(std::to_string(d.n_values) + " " + info.values);
  }
  return std::string(info.name) + "(" + arguments + ")";
}

inline const std::vector<distribution_case>& distribution_cases() {
  using namespace dist;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  static const std::vector<double> weights = {1, 0, 2.5, 4, 0.25, 0, 3, 0.125};
  static const std::vector<double> concentrations = {0.01, 0.5, 1, 3, 40};
  static const std::vector<double> mean_and_factor = {1, -2, 0.5, 2, 0, 0, 0.5, 1, 0, -0.25, 0.75, 0.5};
  static const std::vector<samebits_distribution> all = {
      words{},
      words64{},
      uniform{},
      uniform{-3, 5},
      uniform_positive{},
      uniform_open{},
      uniform_curand{},
      integers{6},
      integers{(std::uint64_t{1} << 63) + 1},
      normal{},
      normal{10, 0.5},
      lognormal{},
      exponential{},
      exponential{2.5},
      gamma{0.05, 1},
      gamma{0.5, 1},
      gamma{1, 1},
      gamma{2.5, 3},
      gamma{1e6, 1},
      beta{0.01, 0.01},
      beta{2, 3},
      chi_square{4},
      student_t{0.5},
      student_t{5},
      cauchy{},
      laplace{},
      logistic{},
      gumbel{},
      weibull{0.5, 1},
      weibull{2, 3},
      pareto{3, 2},
      von_mises{0, 0},
      von_mises{1, 2},
      von_mises{-3, 1e6},
      truncated_normal{0, 1, -0.5, 0.75},
      truncated_normal{0, 1, -1, infinity},
      truncated_normal{2, 3, 14, infinity},
      truncated_normal{0, 1, -8.5, -8},
      poisson{0.3},
      poisson{9.5},
      poisson{10},
      poisson{1000},
      poisson{1e12},
      binomial{20, 0.3},
      binomial{100, 0.75},
      binomial{1'000'000'000'000, 0.001},
      negative_binomial{3, 0.4},
      negative_binomial{0.5, 0.001},
      geometric{0.25},
      geometric{1e-9},
      categorical{weights},
      categorical_cumulative{weights},
      multinomial{100, weights},
      dirichlet{concentrations},
      multivariate_normal{3, mean_and_factor},
      sphere{1},
      sphere{2},
      sphere{3},
      rotation{2},
      rotation{3},
      rotation{7},
  };
  static const std::vector<distribution_case> cases = [] {
    std::vector<distribution_case> named;
    for (const samebits_distribution& d : all) {
      named.push_back({case_name(d), d});
    }
    return named;
  }();
  return cases;
}

}  // namespace samebits::tests
