// The floating-point environment that the bits are defined in: round to nearest, subnormals kept, no traps.
#pragma once

#if defined(__SSE2__)
#include <xmmintrin.h>
#else
#include <cfenv>
#endif
#include <cstdint>

#include "samebits/core/value.hpp"

namespace samebits {

/// Sets the default environment and puts the caller's back at the end of the scope.
///
/// Another library in the process may have set flush-to-zero or another rounding mode (loading one object built with
/// -ffast-math is enough), and new threads inherit it. Always inlined: code of all instruction sets uses it, and must
/// not share a copy.
class default_fp_environment {
 public:
#if defined(__SSE2__)
  SAMEBITS_INLINE default_fp_environment() : saved_(_mm_getcsr()) { _mm_setcsr(default_mxcsr); }
  SAMEBITS_INLINE ~default_fp_environment() { _mm_setcsr(saved_); }
#elif defined(__aarch64__)
  SAMEBITS_INLINE default_fp_environment() {
    asm volatile("mrs %0, fpcr" : "=r"(saved_));
    set(0);
  }
  SAMEBITS_INLINE ~default_fp_environment() { set(saved_); }
#else
  SAMEBITS_INLINE default_fp_environment() {
    std::fegetenv(&saved_);
    std::fesetenv(FE_DFL_ENV);
  }
  SAMEBITS_INLINE ~default_fp_environment() { std::fesetenv(&saved_); }
#endif
  default_fp_environment(const default_fp_environment&) = delete;
  default_fp_environment& operator=(const default_fp_environment&) = delete;

 private:
#if defined(__SSE2__)
  static constexpr unsigned default_mxcsr = 0x1f80;  // all exceptions masked, round to nearest, no FTZ, no DAZ
  unsigned saved_;
#elif defined(__aarch64__)
  static void set(std::uint64_t fpcr) { asm volatile("msr fpcr, %0" : : "r"(fpcr)); }
  std::uint64_t saved_;
#else
  std::fenv_t saved_;
#endif
};

}  // namespace samebits
