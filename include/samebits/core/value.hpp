// The value types that every formula of samebits is written for, and the few operations they may use.
//
// A formula in core/ is a template over a value type V. V is `double` or `float` in scalar and CUDA code and a SIMD
// pack in cpu/ (cpu/pack.hpp). A pack acts on each of its lanes exactly as the scalar does, so one formula gives one
// set of bits. The operations below are the whole vocabulary: IEEE-754 + - * /, sqrt, explicit fma, a comparison that
// selects, and integer operations on the bit pattern. All are correctly rounded or exact on every target.
#pragma once

#include <cstdint>

#if defined(__FAST_MATH__) || defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__)
#error "samebits: -ffast-math (or --use_fast_math) changes results; build without it"
#endif

#if defined(__CUDACC__)
#define SAMEBITS_HD __host__ __device__
#else
#define SAMEBITS_HD
#endif
#define SAMEBITS_INLINE inline __attribute__((always_inline))

// Before a loop with a short, constant trip count whose arrays must live in registers.
#if defined(__CUDACC__) && !defined(__CUDA_ARCH__)
#define SAMEBITS_UNROLL  // the host side of CUDA code: nvcc and g++ know no pragma in common
#elif defined(__clang__) || defined(__CUDACC__)
#define SAMEBITS_UNROLL _Pragma("unroll")
#else
#define SAMEBITS_UNROLL _Pragma("GCC unroll 16")
#endif

// Translation units built for one instruction set put their copies of these templates into a namespace of their own.
// Otherwise the linker could keep the AVX-512 copy of an inline function for the scalar code.
#if !defined(SAMEBITS_TARGET)
#define SAMEBITS_TARGET generic
#endif

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

/// What a formula may ask about its value type: the scalar type, the unsigned integer type that holds its bit pattern,
/// and the number of lanes.
template <class V>
struct value_traits;

template <>
struct value_traits<double> {
  using scalar_type = double;
  using bits_type = std::uint64_t;
  static constexpr int width = 1;
};

template <>
struct value_traits<float> {
  using scalar_type = float;
  using bits_type = std::uint32_t;
  static constexpr int width = 1;
};

template <class V>
using scalar_t = typename value_traits<V>::scalar_type;
template <class V>
using bits_t = typename value_traits<V>::bits_type;

// ---- a*b + c with one rounding ----------------------------------------------------------------------------------

SAMEBITS_HD SAMEBITS_INLINE double fma(double a, double b, double c) { return __builtin_fma(a, b, c); }
SAMEBITS_HD SAMEBITS_INLINE float fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }

/// c - a*b with one rounding.
SAMEBITS_HD SAMEBITS_INLINE double fnma(double a, double b, double c) { return __builtin_fma(-a, b, c); }
SAMEBITS_HD SAMEBITS_INLINE float fnma(float a, float b, float c) { return __builtin_fmaf(-a, b, c); }

// ---- a product that must be rounded ------------------------------------------------------------------------------

/// a, out of the compiler's sight. Compilers may contract a product into a later sum; that of user code is built with
/// flags of its own (samebits/sequence.hpp). The library is built without contraction, packs in it only.
SAMEBITS_HD SAMEBITS_INLINE double rounded(double a) {
#if defined(__CUDA_ARCH__) && defined(__CUDACC__)
  return __dadd_rn(a, -0.0);  // never contracted, and a itself
#elif defined(__x86_64__)
  asm("" : "+x"(a));
  return a;
#elif defined(__aarch64__)
  asm("" : "+w"(a));
  return a;
#else
  volatile double kept = a;
  return kept;
#endif
}
SAMEBITS_HD SAMEBITS_INLINE float rounded(float a) {
#if defined(__CUDA_ARCH__) && defined(__CUDACC__)
  return __fadd_rn(a, -0.0f);
#elif defined(__x86_64__)
  asm("" : "+x"(a));
  return a;
#elif defined(__aarch64__)
  asm("" : "+w"(a));
  return a;
#else
  volatile float kept = a;
  return kept;
#endif
}

// ---- square root, correctly rounded ------------------------------------------------------------------------------

SAMEBITS_HD SAMEBITS_INLINE double sqrt(double a) { return __builtin_sqrt(a); }
SAMEBITS_HD SAMEBITS_INLINE float sqrt(float a) { return __builtin_sqrtf(a); }

// ---- selection ---------------------------------------------------------------------------------------------------

/// a < b ? x : y. False when a or b is NaN.
SAMEBITS_HD SAMEBITS_INLINE double select_less(double a, double b, double x, double y) { return a < b ? x : y; }
SAMEBITS_HD SAMEBITS_INLINE float select_less(float a, float b, float x, float y) { return a < b ? x : y; }

/// a < b ? b : a. Library functions named max differ on signed zeros and NaN between targets; this one does not.
SAMEBITS_HD SAMEBITS_INLINE double max(double a, double b) { return a < b ? b : a; }
SAMEBITS_HD SAMEBITS_INLINE float max(float a, float b) { return a < b ? b : a; }

// ---- bit patterns ------------------------------------------------------------------------------------------------

SAMEBITS_HD SAMEBITS_INLINE std::uint64_t to_bits(double a) { return __builtin_bit_cast(std::uint64_t, a); }
SAMEBITS_HD SAMEBITS_INLINE std::uint32_t to_bits(float a) { return __builtin_bit_cast(std::uint32_t, a); }
SAMEBITS_HD SAMEBITS_INLINE double from_bits(std::uint64_t u) { return __builtin_bit_cast(double, u); }
SAMEBITS_HD SAMEBITS_INLINE float from_bits(std::uint32_t u) { return __builtin_bit_cast(float, u); }

template <int N>
SAMEBITS_HD SAMEBITS_INLINE std::uint64_t shift_left(std::uint64_t u) {
  return u << N;
}
template <int N>
SAMEBITS_HD SAMEBITS_INLINE std::uint32_t shift_left(std::uint32_t u) {
  return u << N;
}
/// Logical shift: zeros come in from the left. AVX2 has no arithmetic shift of 64-bit lanes.
template <int N>
SAMEBITS_HD SAMEBITS_INLINE std::uint64_t shift_right(std::uint64_t u) {
  return u >> N;
}
template <int N>
SAMEBITS_HD SAMEBITS_INLINE std::uint32_t shift_right(std::uint32_t u) {
  return u >> N;
}

/// The 64-bit product of the low 32 bits of both operands. The high halves are ignored: on SIMD lanes that is one
/// instruction, and it lets Philox leave rubbish there.
SAMEBITS_HD SAMEBITS_INLINE std::uint64_t multiply_low32(std::uint64_t a, std::uint64_t b) {
  const auto low_a = static_cast<std::uint32_t>(a);
  const auto low_b = static_cast<std::uint32_t>(b);
#if defined(__CUDA_ARCH__) && defined(__CUDACC__)
  std::uint64_t product;  // without it the compiler makes a 64-bit product, and adds the halves that are 0
  asm("mul.wide.u32 %0, %1, %2;" : "=l"(product) : "r"(low_a), "r"(low_b));
  return product;
#else
  return static_cast<std::uint64_t>(low_a) * low_b;
#endif
}

/// The low 64 bits of the product.
SAMEBITS_HD SAMEBITS_INLINE std::uint64_t multiply_low64(std::uint64_t a, std::uint64_t b) { return a * b; }

#if defined(__CUDA_ARCH__) && defined(__CUDACC__)
/// The nearest number to an integer: one instruction, on a GPU.
SAMEBITS_HD SAMEBITS_INLINE double converted(std::uint64_t u) { return __ull2double_rn(u); }
SAMEBITS_HD SAMEBITS_INLINE float converted(std::uint32_t u) { return __uint2float_rn(u); }
SAMEBITS_HD SAMEBITS_INLINE float converted_signed(std::uint32_t u) { return __int2float_rn(static_cast<int>(u)); }
#endif

// ---- memory ------------------------------------------------------------------------------------------------------

template <class V>
SAMEBITS_HD SAMEBITS_INLINE V load(const scalar_t<V>* p) {
  if constexpr (value_traits<V>::width == 1) {
    return *p;
  } else {
    return V::load(p);
  }
}

SAMEBITS_HD SAMEBITS_INLINE void store(double* p, double a) { *p = a; }
SAMEBITS_HD SAMEBITS_INLINE void store(float* p, float a) { *p = a; }

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
