// Canaries: a few operations whose results show that this code, on this machine, computes as the contract demands.
//
// Wrong compiler flags and a wrong floating-point environment change few bits of few results, so comparing end results
// finds them late or never. Each canary fails for certain when its rule is broken.
#pragma once

#include "samebits/core/value.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

enum canary : unsigned {
  canary_contraction = 1,  // a*b + c must round twice
  canary_fma = 2,          // fma(a, b, c) must round once
  canary_subnormal = 4,    // subnormal numbers are neither read nor written as zero
  canary_rounding = 8,     // to nearest, ties to even
  canary_division = 16,    // division and square root are correctly rounded
};

/// What the canaries compute with, for one format.
template <class T>
struct canary_values;

template <>
struct canary_values<double> {
  double a = 1 + 0x1p-30;
  double a_squared = 1 + 0x1p-29;  // rounded: 2^-60 is lost
  double lost = 0x1p-60;
  double one = 1;
  double half_ulp = 0x1p-53;
  double ulp = 0x1p-52;
  double half = 0.5;
  double min_normal = 0x1p-1022;
  double subnormal = 0x1p-1023;
  double three = 3;
  double third = 0x1.5555555555555p-2;
  double root_of_three = 0x1.bb67ae8584caap0;
};

template <>
struct canary_values<float> {
  float a = 1 + 0x1p-12f;
  float a_squared = 1 + 0x1p-11f;  // rounded: 2^-24 is lost
  float lost = 0x1p-24f;
  float one = 1;
  float half_ulp = 0x1p-24f;
  float ulp = 0x1p-23f;
  float half = 0.5f;
  float min_normal = 0x1p-126f;
  float subnormal = 0x1p-127f;
  float three = 3;
  float third = 0x1.555556p-2f;
  float root_of_three = 0x1.bb67aep0f;
};

/// Hand these over so that the compiler cannot see the values (from memory it knows nothing of, or as a kernel's
/// argument): it would fold the operations by its own rules, which are the right ones.
struct canary_inputs {
  canary_values<double> in_double;
  canary_values<float> in_float;
};

/// The canaries that failed in one format, as a mask of `canary` bits. Bit patterns are compared: a comparison of
/// floating-point values would itself read subnormal numbers as zero.
template <class T>
SAMEBITS_HD SAMEBITS_INLINE unsigned canary_failures(const canary_values<T>& in) {
  unsigned failures = 0;
  if (to_bits(in.a * in.a - in.a_squared) != to_bits(T(0))) {
    failures |= canary_contraction;
  }
  if (to_bits(fma(in.a, in.a, -in.a_squared)) != to_bits(in.lost)) {
    failures |= canary_fma;
  }
  if (to_bits(in.min_normal * in.half) != to_bits(in.subnormal) ||
      to_bits(in.subnormal + in.subnormal) != to_bits(in.min_normal)) {
    failures |= canary_subnormal;
  }
  // Ties go to even, down and up; more than a tie goes up in magnitude, on both sides of zero.
  const T next = in.one + in.ulp;
  const T more_than_half = fma(in.half_ulp, in.half, in.half_ulp);
  if (to_bits(in.one + in.half_ulp) != to_bits(in.one) || to_bits(next + in.half_ulp) != to_bits(next + in.ulp) ||
      to_bits(in.one + more_than_half) != to_bits(next) || to_bits(-in.one - more_than_half) != to_bits(-next)) {
    failures |= canary_rounding;
  }
  if (to_bits(in.one / in.three) != to_bits(in.third) || to_bits(sqrt(in.three)) != to_bits(in.root_of_three)) {
    failures |= canary_division;
  }
  return failures;
}

/// The canaries that failed in either format.
SAMEBITS_HD SAMEBITS_INLINE unsigned canary_failures(const canary_inputs& in) {
  return canary_failures(in.in_double) | canary_failures(in.in_float);
}

/// For people: what the lowest bit of the mask means.
inline const char* canary_message(unsigned failures) {
  if ((failures & canary_contraction) != 0) {
    return "contraction canary failed: built with fused multiply-add";
  }
  if ((failures & canary_fma) != 0) {
    return "fused multiply-add canary failed: fma rounds twice";
  }
  if ((failures & canary_subnormal) != 0) {
    return "subnormal canary failed: subnormal numbers are flushed to zero";
  }
  if ((failures & canary_rounding) != 0) {
    return "rounding canary failed: rounding is not to nearest";
  }
  return failures == 0 ? "" : "division canary failed: division or square root is not correctly rounded";
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
