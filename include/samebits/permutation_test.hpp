// What permutation tests have in common: options, result, p-value.
//
// The p-value counts the data as they are as one more permutation: (n_as_large + 1) / (B + 1), which is never 0 and is
// 1 without permutations. Phipson, Smyth: "Permutation p-values should never be zero", Stat. Appl. Genet. Mol. Biol. 9
// (2010). A permutation counts where its statistic is at least that of the data less 64 eps (of the type of the rows)
// times the magnitudes of what the latter is made of: permutations that do not change the samples, and those of equal
// rows, give the same statistic up to the rounding of sums in another order, and they must count.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "samebits/stream.hpp"

namespace samebits {

struct permutation_test_options {
  std::int64_t n_permutations = 9999;  ///< B, 0 to 2^53
  /// Permutation b is permutation() of the stream stream.child("permutation").child(b), whatever the others are: tests
  /// with more permutations begin with the same ones.
  stream_id stream{0, 0};
  /// Keep the statistic of every permutation, 8 B bytes.
  bool keep_statistics = false;
  /// Called now and then, on the thread of the caller, with the number of permutations done; false stops the test,
  /// which then throws interrupted.
  std::function<bool(std::int64_t)> callback = {};
};

struct permutation_test_result {
  double statistic = 0;             ///< of the data as they are
  double p_value = 1;               ///< (n_as_large + 1) / (n_permutations + 1)
  std::int64_t n_as_large = 0;      ///< permutations whose statistic is at least as large, up to rounding
  std::int64_t n_permutations = 0;  ///< B
  std::vector<double> statistics;   ///< [B] with keep_statistics
};

}  // namespace samebits
