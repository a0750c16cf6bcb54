// A permutation test on its way: its permutations, what their statistics add up to, and its end by the callback.
#pragma once

#include <cstdint>
#include <span>

#include "samebits/permutation_test.hpp"
#include "samebits/samebits.h"

namespace samebits {

class permutation_test {
 public:
  /// Keeps references to both.
  ///
  /// @throws invalid_argument  options are out of range
  permutation_test(const char* function, const permutation_test_options& options);

  std::int64_t n_permutations() const { return options_.n_permutations; }
  /// The stream whose permutation() is number b.
  stream_id stream(std::int64_t b) const { return permutations_.child(static_cast<std::uint64_t>(b)); }

  /// Takes the statistic of the data as they are, and the sum of the magnitudes of its terms. `dtype` is that of the
  /// rows. Before any add().
  ///
  /// @throws numerical_failure  it is not finite
  void observe(double statistic, double magnitude, samebits_dtype dtype);

  /// Takes the statistics of the next permutations, and asks the callback whether to go on.
  ///
  /// @throws numerical_failure  one is not finite
  /// @throws interrupted        the callback returned false
  void add(std::span<const double> statistics);

  /// After all permutations.
  permutation_test_result finish();

 private:
  void require_finite_statistic(double statistic, std::int64_t b) const;
  void ask_callback() const;

  const char* function_;
  const permutation_test_options& options_;
  stream_id permutations_;
  permutation_test_result result_;
  double tolerance_ = 0;
  std::int64_t n_done_ = 0;
};

}  // namespace samebits
