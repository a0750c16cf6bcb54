// The median by digits: values that are at least 0 are ordered like their bits, read as whole numbers, so the digits of
// the median are found from the highest one down, each from counts of the values that begin with the digits before it.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "lib/fp_environment.hpp"
#include "lib/pairwise_call.hpp"

namespace samebits {
namespace {

/// What is known of the value in search.
struct search {
  std::uint64_t prefix = 0;
  int n_left;         // bits behind the prefix
  std::int64_t rank;  // among the values that have the prefix, -1 where it follows from the counts
};

constexpr std::size_t most_digits = std::size_t{1} << samebits_pair_digit_bits;

/// Counts the values by their next digit and takes the one of the median. False where there are no values.
bool take_digit(const context& ctx, pairs::prepared_call& call, search& s) {
  std::array<std::int64_t, most_digits> counts{};
  const int n_bits = std::min<int>(s.n_left, samebits_pair_digit_bits);
  const samebits_pair_digits digits{s.prefix, s.n_left - n_bits, n_bits, counts.data()};
  call.pairs().digits = &digits;
  call.run(ctx, samebits_pair_counts, nullptr);
  if (s.rank < 0) {
    const std::int64_t n_pairs = std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
    if (n_pairs == 0) {
      return false;
    }
    s.rank = (n_pairs - 1) / 2;
  }
  std::size_t digit = 0;
  for (; s.rank >= counts[digit]; ++digit) {
    s.rank -= counts[digit];
  }
  s.prefix = s.prefix << n_bits | digit;
  s.n_left -= n_bits;
  return true;
}

template <class T>
double find_median(const context& ctx, pairs::prepared_call& call) {
  search s{0, static_cast<int>(8 * sizeof(T)) - 1, -1};  // the sign is known
  while (s.n_left > 0) {
    if (!take_digit(ctx, call, s)) {
      return std::numeric_limits<double>::quiet_NaN();
    }
  }
  return static_cast<double>(core::from_bits(static_cast<core::bits_t<T>>(s.prefix)));
}

/// Every pair of mode u is there twice, with the same value: the median is that of one half.
pairwise_options with_pairs_once(pairwise_options o) {
  o.mode = o.mode == pairwise_mode::u ? pairwise_mode::upper : o.mode;
  return o;
}

void check_median(const pairs::arguments& a) {
  const pair_kernel kernel = a.options.kernel;
  pairs::refuse_bandwidths(a);
  if (core::base_of(kernel) == core::pair_base::dot) {
    pairs::refuse_map(a, "whose values may be negative");
  }
  if (a.options.mode == pairwise_mode::v) {
    refuse(a.function, "mode is v, which counts every row with itself, but must be cross, u or upper");
  }
  if (!a.options.x_weights.empty() || !a.options.y_weights.empty()) {
    refuse(a.function, "weights are given but a median has none");
  }
}

double median(const context& ctx, const data_view& x, const data_view& y, const pairwise_options& o) {
  const default_fp_environment environment;
  const pairs::arguments given = pairs::checked(ctx, "pairwise_median", x, y, o);
  check_median(given);
  const pairwise_options once = with_pairs_once(o);
  const pairs::arguments a{ctx, given.function, given.x, given.y, once, given.is_self, {}};
  pairs::prepared_call call(a, core::pair_map::value, {});
  const double found = a.is_float() ? find_median<float>(ctx, call) : find_median<double>(ctx, call);
  if (std::isinf(found)) {
    throw numerical_failure("pairwise_median: the median is inf: values overflow");
  }
  return found;
}

}  // namespace

double pairwise_median(const context& ctx, matrix_view<const double> x, matrix_view<const double> y,
                       const pairwise_options& options) {
  return median(ctx, x, y, options);
}
double pairwise_median(const context& ctx, matrix_view<const float> x, matrix_view<const float> y,
                       const pairwise_options& options) {
  return median(ctx, x, y, options);
}

}  // namespace samebits
