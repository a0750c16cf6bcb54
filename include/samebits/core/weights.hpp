// Tables made of weights, once per call and on the host: what the samplers of discrete.hpp and multivariate.hpp read.
#pragma once

#include "samebits/core/value.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

/// Sums of weights 0 .. j, added in order.
inline void cumulative_weights(const double* weights, std::int64_t n, double* cumulative) {
  double sum = 0;
  for (std::int64_t j = 0; j < n; ++j) {
    sum = sum + weights[j];
    cumulative[j] = sum;
  }
}

/// Weight j over the sum of weights j .. n - 1, added from the last on: the chance of category j if no earlier one came
/// up. 0 where that sum is 0, and 1 for the last category that has a weight, so that no trial is left over.
inline void conditional_weights(const double* weights, std::int64_t n, double* conditional) {
  double sum = 0;
  for (std::int64_t j = n - 1; j >= 0; --j) {
    sum = sum + weights[j];
    conditional[j] = sum > 0 ? weights[j] / sum : 0.0;
  }
}

/// The alias table of M. D. Vose, "A linear algorithm for generating random numbers with a given distribution", IEEE
/// Trans. Software Eng. 17, 1991. Column j keeps category j with probability keep[j]; else it is alias[j]. `order` is
/// workspace for n numbers; light columns are taken from its front, heavy ones from its back.
inline void alias_table(const double* weights, std::int64_t n, double* keep, double* alias, std::int64_t* order) {
  double sum = 0;
  std::int64_t heaviest = 0;
  for (std::int64_t j = 0; j < n; ++j) {
    sum = sum + weights[j];
    heaviest = weights[heaviest] < weights[j] ? j : heaviest;
  }
  std::int64_t n_light = 0;
  std::int64_t heavy = n;  // order[heavy ..] are the heavy columns
  for (std::int64_t j = n - 1; j >= 0; --j) {
    keep[j] = weights[j] / sum * static_cast<double>(n);
    alias[j] = static_cast<double>(j);
    order[keep[j] < 1 ? n_light++ : --heavy] = j;
  }
  while (n_light > 0 && heavy < n) {
    const std::int64_t light = order[--n_light];
    const std::int64_t giver = order[heavy];
    alias[light] = static_cast<double>(giver);
    keep[giver] = (keep[giver] + keep[light]) - 1;
    if (keep[giver] < 1) {
      ++heavy;
      order[n_light++] = giver;
    }
  }
  // What rounding left over: full columns, except that a category without weight gives way to the heaviest.
  while (n_light > 0) {
    const std::int64_t j = order[--n_light];
    keep[j] = weights[j] > 0 ? 1.0 : 0.0;
    alias[j] = static_cast<double>(heaviest);
  }
  while (heavy < n) {
    keep[order[heavy++]] = 1;
  }
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
