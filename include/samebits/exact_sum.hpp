// Exact sums: rounded once, correctly, and the same for any order of the numbers.
//
// A sum is kept as an integer of 4288 bits (samebits/core/exact_sum.hpp has the method and its sources), which takes
// doubles and products of two doubles without rounding. What these functions return is the double nearest to the exact
// result, of two equally near ones the even one: infinity where it lies beyond the range of double, a subnormal number
// where it is that small. A result that is exactly 0, that of no numbers included, is +0.0, whatever the signs of zeros
// in the data; one that is negative and rounds to zero is -0.0. Floats are widened first, and the result is double.
//
// @bits identical on every backend, instruction set, thread count and device, for every order of the numbers, and for
//       every way of cutting them into parts
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "samebits/context.hpp"
#include "samebits/core/exact_sum.hpp"
#include "samebits/export.hpp"
#include "samebits/view.hpp"

namespace samebits {

/// x[0] + x[1] + ...
///
/// @throws invalid_argument  a number is not finite
SAMEBITS_API double exact_sum(const context& ctx, std::span<const double> x);
SAMEBITS_API double exact_sum(const context& ctx, std::span<const float> x);

/// x[0] y[0] + x[1] y[1] + ... Products may lie beyond the range of double as long as their sum does not.
///
/// @throws invalid_argument  the sizes differ, or a number is not finite
SAMEBITS_API double exact_dot(const context& ctx, std::span<const double> x, std::span<const double> y);
SAMEBITS_API double exact_dot(const context& ctx, std::span<const float> x, std::span<const float> y);

/// The sum over the number of elements, rounded once: no sum of doubles is too large for it.
///
/// @throws invalid_argument  x is empty, or a number is not finite
SAMEBITS_API double exact_mean(const context& ctx, std::span<const double> x);
SAMEBITS_API double exact_mean(const context& ctx, std::span<const float> x);

/// The same for each column. A matrix without rows has sums of 0 and no means.
///
/// @throws invalid_argument  as above, or the shapes differ
SAMEBITS_API std::vector<double> exact_sum(const context& ctx, matrix_view<const double> x);
SAMEBITS_API std::vector<double> exact_sum(const context& ctx, matrix_view<const float> x);
SAMEBITS_API std::vector<double> exact_dot(const context& ctx, matrix_view<const double> x,
                                           matrix_view<const double> y);
SAMEBITS_API std::vector<double> exact_dot(const context& ctx, matrix_view<const float> x, matrix_view<const float> y);
SAMEBITS_API std::vector<double> exact_mean(const context& ctx, matrix_view<const double> x);
SAMEBITS_API std::vector<double> exact_mean(const context& ctx, matrix_view<const float> x);

/// A sum to which numbers come in parts, in one process or in many: the same numbers in any order and any parts, added
/// and merged in any order, give the same bytes and the same results.
///
///   exact_total total;
///   total.add(ctx, part);                                   // here
///   total.merge(exact_total::from_bytes(received));         // elsewhere
///   double sum = total.sum();
///
/// A call that throws leaves the object as it was. The count of numbers is at most 2^62.
class SAMEBITS_API exact_total {
 public:
  /// Nothing, with the sum 0.
  exact_total();

  /// Adds every x[i].
  ///
  /// @throws invalid_argument  a number is not finite
  void add(const context& ctx, std::span<const double> x);
  void add(const context& ctx, std::span<const float> x);

  /// Adds every x[i] y[i], each of which counts as one number.
  ///
  /// @throws invalid_argument  the sizes differ, or a number is not finite
  void add_product(const context& ctx, std::span<const double> x, std::span<const double> y);
  void add_product(const context& ctx, std::span<const float> x, std::span<const float> y);

  /// Adds what `other` holds.
  ///
  /// @throws invalid_argument  the count would be above 2^62
  void merge(const exact_total& other);

  /// How many numbers and products were added.
  std::int64_t count() const;

  double sum() const;

  /// The exact sum over the count, rounded once.
  ///
  /// @throws invalid_argument  the count is 0
  double mean() const;

  /// The state, the same bytes on every machine: equal sums of equally many numbers have equal bytes. Version 1 is
  /// "SBES", the version, the count, and the sum over 2^-2176 as an integer of 4288 bits in two's complement; all
  /// integers have their lowest byte first.
  std::vector<std::byte> bytes() const;

  /// @throws invalid_argument  not the bytes of an exact_total, or of a later version
  static exact_total from_bytes(std::span<const std::byte> bytes);

  /// The same sum of as many numbers.
  friend SAMEBITS_API bool operator==(const exact_total& a, const exact_total& b);

 private:
  exact_total(const core::exact_sum& sum, std::int64_t count);

  core::exact_sum sum_;  // normalised
  std::int64_t count_ = 0;
};

}  // namespace samebits
