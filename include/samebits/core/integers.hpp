// Random integers below any 64-bit bound.
#pragma once

#include "samebits/core/value.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

/// The high 64 bits of the 128-bit product a b, from four products of halves (SIMD lanes have no wider multiply).
template <class U>
SAMEBITS_HD SAMEBITS_INLINE U multiply_high(U a, U b) {
  const U low_half = U(std::uint64_t{0xffffffff});
  const U a_high = shift_right<32>(a);
  const U b_high = shift_right<32>(b);
  const U low_high = multiply_low32(a, b_high);
  const U high_low = multiply_low32(a_high, b);
  // The middle sums stay below 2^64: (2^32 - 1)^2 + 2 (2^32 - 1) = 2^64 - 1.
  const U middle = shift_right<32>(multiply_low32(a, b)) + (low_high & low_half);
  const U carry = shift_right<32>(middle + (high_low & low_half));
  return multiply_low32(a_high, b_high) + shift_right<32>(low_high) + shift_right<32>(high_low) + carry;
}

/// An integer in [0, n) from a block's two 64-bit draws, read as one 128-bit fraction u: floor(u n).
///
/// Each value has probability 1/n within 2^-128, so that all of them together are off by less than 2^-64 for any n, and
/// nothing is rejected: the consumption is one block (D. Lemire, "Fast random integer generation in an interval", ACM
/// TOMACS 29, 2019, without its rejection step).
template <class U>
SAMEBITS_HD SAMEBITS_INLINE U bounded_integer(const U (&draws)[2], U n) {
  const U product = multiply_low64(draws[1], n);
  const U carry_in = multiply_high(draws[0], n);
  const U sum = product + carry_in;
  // Integer lanes have no comparison: the carry out of the top bit by the majority rule of a full adder.
  const U carry = shift_right<63>((product & carry_in) | ((product | carry_in) & (sum ^ U(~std::uint64_t{0}))));
  return multiply_high(draws[1], n) + carry;
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
