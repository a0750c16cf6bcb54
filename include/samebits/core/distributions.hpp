// Random variates as functions of random bits: the parts that all distributions are made of.
//
// A word is 64 random bits for double and 32 for float (bits_t<V>). Each function takes a fixed number of words, so
// sample i never depends on sample i - 1. In double, u has 53 bits: a log of it ends at 36.7. In float it has all
// 32 bits of the word, rounded to 24 where they do not fit, so that both tails reach 2^-33.
#pragma once

#include "samebits/core/math.hpp"
#include "samebits/core/value.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

// ---- integers to floating point -----------------------------------------------------------------------------------

/// The exact double value of an integer of at most 53 bits, zeros behind them not counted. A GPU has an instruction for
/// it. Elsewhere (AVX2 has none) the two halves are planted into the mantissas of 2^52 and 2^84, and both additions are
/// exact.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V exact_double(bits_t<V> u) {
#if defined(__CUDA_ARCH__) && defined(__CUDACC__)
  return converted(u);
#else
  using U = bits_t<V>;
  const U low = (u & U(std::uint64_t{0xffffffff})) | U(std::uint64_t{0x4330000000000000});  // 2^52 + low half
  const U high = shift_right<32>(u) | U(std::uint64_t{0x4530000000000000});                 // 2^84 + 2^32 high half
  return (from_bits(high) - V(0x1.00000001p84)) + from_bits(low);
#endif
}

/// The word without its last N bits, exactly: uniform on [0, 2^64).
template <int N, class V>
SAMEBITS_HD SAMEBITS_INLINE V leading_bits(bits_t<V> word) {
  return exact_double<V>(word & bits_t<V>(~std::uint64_t{0} << N));
}

/// The same plus 2^11, exactly, for N = 11 or 12: uniform on (0, 2^64], or on (0, 2^64).
template <int N, class V>
SAMEBITS_HD SAMEBITS_INLINE V positive_bits(bits_t<V> word) {
  return leading_bits<N, V>(word) + V(0x1p11);
}

/// The float nearest to u - Origin, for u below 2^32 and Origin 0 or 2^31: halves as above, in the mantissas of 2^23
/// and 2^39. Only the last addition rounds.
template <class V, std::uint32_t Origin = 0>
SAMEBITS_HD SAMEBITS_INLINE V rounded_float(bits_t<V> u) {
  static_assert(Origin == 0 || Origin == 0x80000000);
#if defined(__CUDA_ARCH__) && defined(__CUDACC__)
  if constexpr (Origin == 0) {
    return converted(u);
  } else {
    return converted_signed(u ^ bits_t<V>(Origin));
  }
#else
  using U = bits_t<V>;
  const U low = (u & U(std::uint32_t{0xffff})) | U(std::uint32_t{0x4b000000});
  const U high = shift_right<16>(u) | U(std::uint32_t{0x53000000});
  return (from_bits(high) - V(0x1.0001p39F + static_cast<float>(Origin))) + from_bits(low);
#endif
}

// ---- uniform ------------------------------------------------------------------------------------------------------

/// Uniform on [0, 1): a multiple of 2^-53, or of 2^-24 in float.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V uniform(bits_t<V> word) {
  if constexpr (is_double<V>) {
    return leading_bits<11, V>(word) * V(0x1p-64);
  } else {
    return rounded_float<V>(shift_right<8>(word)) * V(0x1p-24F);
  }
}

/// Uniform on (0, 1]: the uniform above plus 2^-53 or 2^-24, exact.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V uniform_positive(bits_t<V> word) {
  if constexpr (is_double<V>) {
    return positive_bits<11, V>(word) * V(0x1p-64);
  } else {
    return (rounded_float<V>(shift_right<8>(word)) + V(1.0F)) * V(0x1p-24F);
  }
}

/// Uniform on (0, 1), symmetric about 1/2: an odd multiple of 2^-53 or 2^-24.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V uniform_open(bits_t<V> word) {
  if constexpr (is_double<V>) {
    return positive_bits<12, V>(word) * V(0x1p-64);
  } else {
    return (rounded_float<V>(shift_right<9>(word)) + V(0.5F)) * V(0x1p-23F);
  }
}

/// The same bits as cuRAND's curand_uniform (float) and curand_uniform2_double (double, two a block), on (0, 1].
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V uniform_curand(bits_t<V> word) {
  if constexpr (is_double<V>) {
    using U = bits_t<V>;
    const U mixed = (word & U(std::uint64_t{0xffffffff})) ^ (shift_left<21>(shift_right<32>(word)));
    return fma(exact_double<V>(mixed), V(0x1p-53), V(0x1p-54));
  } else {
    return fma(rounded_float<V>(word), V(0x1p-32F), V(0x1p-33F));
  }
}

/// Two complementary uniforms on (0, 1), scaled: a / (a + b) is uniform, and both keep their relative accuracy.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE void complementary_uniforms(bits_t<V> word, V& a, V& b) {
  if constexpr (is_double<V>) {
    a = uniform_open<V>(word);
    b = V(1.0) - a;
  } else {
    using U = bits_t<V>;
    a = rounded_float<V>(word) + V(0.5F);
    b = rounded_float<V>(word ^ U(~std::uint32_t{0})) + V(0.5F);
  }
}

// ---- exponential --------------------------------------------------------------------------------------------------

/// log(u) in double, for u = 2^-64 positive_bits.
template <int N, class V>
SAMEBITS_HD SAMEBITS_INLINE V log_of_positive_bits(bits_t<V> word) {
  return log_scaled(positive_bits<N, V>(word), V(math_constants<double>::log_bias + 64));
}

/// log(u) in float, for u = (word + 1/2) 2^-32, by way of 1 - u where u is near 1. Between -22.9 and -2^-33.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V log_of_float_uniform(bits_t<V> word) {
  using constants = math_constants<float>;
  V u;
  V complement;  // 1 - u
  complementary_uniforms(word, u, complement);
  V e;
  V f;
  log_reduce(u, V(constants::log_bias + 32), e, f);
  const V near_one = V(0x1.4p30F);  // 0.3125: where e is 0, and log_kernel takes -complement as it is
  f = select_less(complement, near_one, complement * V(-0x1p-32F), f);
  return log_kernel(e, f);
}

/// log(u), u uniform on (0, 1]. In double from -53 log 2 = -36.7 to 0.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V log_uniform(bits_t<V> word) {
  if constexpr (is_double<V>) {
    return log_of_positive_bits<11, V>(word);
  } else {
    return log_of_float_uniform<V>(word);
  }
}

/// Exponential with mean 1: -log(u).
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V exponential(bits_t<V> word) {
  return V(0) - log_uniform<V>(word);
}

/// Exponential with mean 1, never 0: at least 2^-53 in double and 2^-33 in float.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V positive_exponential(bits_t<V> word) {
  if constexpr (is_double<V>) {
    return V(0) - log_of_positive_bits<12, V>(word);
  } else {
    return exponential<V>(word);
  }
}

// ---- angles and normals -------------------------------------------------------------------------------------------

/// Sine and cosine of a uniform angle. In double the angle is 2 pi u, u uniform on [0, 1). In float the top two bits of
/// the word are the quadrant, and the others, centred, the angle in it: no bit is lost and neither result is ever 0.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE void uniform_direction(bits_t<V> word, V& sine, V& cosine) {
  if constexpr (is_double<V>) {
    // The steps of sincospi: the sum is rounded to a multiple of half a turn, whose number is in its low bits.
    const V shift = V(0.5 * math_constants<double>::round_to_integer);
    const V bits = leading_bits<11, V>(word);
    const V shifted = fma(bits, V(0x1p-63), shift);
    sincospi_kernel(fma(bits, V(0x1p-63), shift - shifted), to_bits(shifted), sine, cosine);
  } else {
    using U = bits_t<V>;
    const V angle = rounded_float<V, 0x80000000>(shift_left<2>(word) | U(std::uint32_t{2})) * V(0x1p-33F);
    sincospi_kernel(angle, shift_right<30>(word), sine, cosine);
  }
}

/// tan(pi (u - 1/2)), u uniform on (0, 1): half a turn, poles excluded.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V uniform_tangent(bits_t<V> word) {
  V sine;
  V cosine;
  if constexpr (is_double<V>) {
    sincospi(uniform_open<V>(word) - V(0.5), sine, cosine);
  } else {
    using U = bits_t<V>;
    const V angle = rounded_float<V, 0x80000000>(shift_left<1>(word) | U(std::uint32_t{1})) * V(0x1p-33F);
    sincospi_kernel(angle, shift_right<31>(word), sine, cosine);
  }
  return sine / cosine;
}

/// Two independent standard normals from two words (Box and Muller, 1958): radius sqrt(2 E), angle uniform. The largest
/// magnitude is sqrt(106 log 2) = 8.57 in double and sqrt(66 log 2) = 6.76 in float.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE void normal_pair(bits_t<V> word_0, bits_t<V> word_1, V (&normals)[2]) {
  const V radius = sqrt(fnma(log_uniform<V>(word_0), V(2), V(0)));
  V sine;
  V cosine;
  uniform_direction(word_1, sine, cosine);
  normals[0] = radius * cosine;
  normals[1] = radius * sine;
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
