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
  canary_fused = 2,        // fma(a, b, c) must round once
  canary_subnormal = 4,    // subnormal numbers are neither read nor written as zero
  canary_rounding = 8,     // to nearest, ties to even
};

/// What the canaries compute with. Hand them over so that the compiler cannot see the values (through volatile memory,
/// as a kernel's argument): it would fold the operations by its own rules, which are the right ones.
template <class T>
struct canary_inputs;

template <>
struct canary_inputs<double> {
  double a = 1 + 0x1p-30;
  double a_squared = 1 + 0x1p-29;  // rounded: 2^-60 is lost
  double lost = 0x1p-60;
  double one = 1;
  double half_ulp = 0x1p-53;
  double ulp = 0x1p-52;
  double half = 0.5;
  double min_normal = 0x1p-1022;
  double subnormal = 0x1p-1023;
};

template <>
struct canary_inputs<float> {
  float a = 1 + 0x1p-12f;
  float a_squared = 1 + 0x1p-11f;  // rounded: 2^-24 is lost
  float lost = 0x1p-24f;
  float one = 1;
  float half_ulp = 0x1p-24f;
  float ulp = 0x1p-23f;
  float half = 0.5f;
  float min_normal = 0x1p-126f;
  float subnormal = 0x1p-127f;
};

/// Both formats: what a backend runs.
struct canary_suite {
  canary_inputs<double> in_double;
  canary_inputs<float> in_float;
};

/// The canaries that failed, as a mask of `canary` bits. Bit patterns are compared: a comparison of floating-point
/// values would itself read subnormal numbers as zero.
template <class T>
SAMEBITS_HD inline unsigned canary_failures(const canary_inputs<T>& in) {
  unsigned failures = 0;
  if (to_bits(in.a * in.a - in.a_squared) != to_bits(T(0))) {
    failures |= canary_contraction;
  }
  if (to_bits(fma(in.a, in.a, -in.a_squared)) != to_bits(in.lost)) {
    failures |= canary_fused;
  }
  if (to_bits(in.min_normal * in.half) != to_bits(in.subnormal) ||
      to_bits(in.subnormal + in.subnormal) != to_bits(in.min_normal)) {
    failures |= canary_subnormal;
  }
  // Ties go to even, both ways; more than a tie goes up, in magnitude, on both sides of zero.
  const T next = in.one + in.ulp;
  const T more_than_half = in.half_ulp + in.half_ulp * in.half;
  if (to_bits(in.one + in.half_ulp) != to_bits(in.one) || to_bits(next + in.half_ulp) != to_bits(next + in.ulp) ||
      to_bits(in.one + more_than_half) != to_bits(next) || to_bits(-in.one - more_than_half) != to_bits(-next)) {
    failures |= canary_rounding;
  }
  return failures;
}

SAMEBITS_HD inline unsigned canary_failures(const canary_suite& in) {
  return canary_failures(in.in_double) | canary_failures(in.in_float);
}

/// For people: what the lowest failure of a mask means.
inline const char* canary_message(unsigned failures) {
  if (failures & canary_contraction) {
    return "contraction canary failed: built with fused multiply-add";
  }
  if (failures & canary_fused) {
    return "fused multiply-add canary failed: fma rounds twice";
  }
  if (failures & canary_subnormal) {
    return "subnormal canary failed: subnormal numbers are flushed to zero";
  }
  return failures & canary_rounding ? "rounding canary failed: not to nearest, ties to even" : "";
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
