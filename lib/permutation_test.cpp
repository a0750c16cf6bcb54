#include "lib/permutation_test.hpp"

#include <cmath>
#include <string>
#include <utility>

#include "lib/checks.hpp"
#include "lib/fp_environment.hpp"
#include "samebits/core/permutation_test.hpp"

namespace samebits {

permutation_test::permutation_test(const char* function, const permutation_test_options& options)
    : function_(function), options_(options), permutations_(options.stream.child("permutation")) {
  constexpr std::int64_t most_permutations = std::int64_t{1} << 53;
  if (options.n_permutations < 0 || options.n_permutations > most_permutations) {
    refuse(function, "n_permutations is " + text(options.n_permutations) + " but must be 0 to 2^53");
  }
  result_.n_permutations = options.n_permutations;
}

void permutation_test::observe(double statistic, double magnitude, samebits_dtype dtype) {
  if (!std::isfinite(statistic)) {
    throw numerical_failure(std::string(function_) + ": the statistic is " + text(statistic) + ": its values overflow");
  }
  result_.statistic = statistic;
  tolerance_ = dtype == SAMEBITS_FLOAT32 ? core::permutation_tolerance<float>(magnitude)
                                         : core::permutation_tolerance<double>(magnitude);
}

void permutation_test::add(std::span<const double> statistics) {
  for (const double statistic : statistics) {
    require_finite_statistic(statistic, n_done_);
    result_.n_as_large += core::is_as_large(statistic, result_.statistic, tolerance_) ? 1 : 0;
    ++n_done_;
  }
  if (options_.keep_statistics) {
    result_.statistics.insert(result_.statistics.end(), statistics.begin(), statistics.end());
  }
  ask_callback();
}

permutation_test_result permutation_test::finish() {
  result_.p_value = core::permutation_p_value(result_.n_as_large, result_.n_permutations);
  return std::move(result_);
}

void permutation_test::require_finite_statistic(double statistic, std::int64_t b) const {
  if (!std::isfinite(statistic)) {
    throw numerical_failure(std::string(function_) + ": the statistic of permutation " + text(b) + " is " +
                            text(statistic) + ": its values overflow");
  }
}

/// A floating-point mode that the callback sets ends with it.
void permutation_test::ask_callback() const {
  if (!options_.callback) {
    return;
  }
  const default_fp_environment environment;
  if (!options_.callback(n_done_)) {
    throw interrupted(std::string(function_) + ": stopped by the callback after " + counted(n_done_, "permutation"));
  }
}

}  // namespace samebits
