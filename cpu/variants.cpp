#include "cpu/variants.hpp"

#include <omp.h>
#if defined(SAMEBITS_HAS_AVX2) || defined(SAMEBITS_HAS_AVX512)
#include <cpuid.h>
#endif

namespace samebits::core {
namespace scalar {
const samebits_backend* backend_table();
}
#if defined(SAMEBITS_HAS_AVX2)
namespace avx2 {
const samebits_backend* backend_table();
}
#endif
#if defined(SAMEBITS_HAS_AVX512)
namespace avx512 {
const samebits_backend* backend_table();
}
#endif
}  // namespace samebits::core

namespace samebits::cpu {
namespace {

#if defined(SAMEBITS_HAS_AVX2) || defined(SAMEBITS_HAS_AVX512)
// The features of -march=x86-64-v3 and -v4, which these variants are built for. Both imply that the operating system
// saves the registers: __builtin_cpu_supports looks at XGETBV too.
bool has_avx2() {
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  // Compilers do not know all of these by name.
  const bool has_movbe_f16c =
      __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_MOVBE) != 0 && (ecx & bit_F16C) != 0;
  const bool has_lzcnt = __get_cpuid(0x80000001, &eax, &ebx, &ecx, &edx) != 0 && (ecx & (1u << 5)) != 0;
  return has_movbe_f16c && has_lzcnt && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
}
#endif
#if defined(SAMEBITS_HAS_AVX512)
bool has_avx512() {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#endif

}  // namespace

std::span<const variant> variants() {
  static const variant all[] = {
    {core::scalar::backend_table(), nullptr},
#if defined(SAMEBITS_HAS_AVX2)
    {core::avx2::backend_table(), has_avx2() ? nullptr : "this CPU has no AVX2 with FMA"},
#endif
#if defined(SAMEBITS_HAS_AVX512)
    {core::avx512::backend_table(), has_avx512() ? nullptr : "this CPU has no AVX-512 (F, BW, CD, DQ, VL)"},
#endif
  };
  return all;
}

int available_threads() { return omp_get_num_procs(); }

}  // namespace samebits::cpu
