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

/// The exact double value of an integer below 2^53, without a conversion instruction (AVX2 has none): the two halves
/// are planted into the mantissas of 2^52 and 2^84, and both subtractions are exact.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V exact_double(bits_t<V> u) {
  using U = bits_t<V>;
  const U low = (u & U(std::uint64_t{0xffffffff})) | U(std::uint64_t{0x4330000000000000});  // 2^52 + low half
  const U high = shift_right<32>(u) | U(std::uint64_t{0x4530000000000000});                 // 2^84 + 2^32 high half
  return (from_bits(high) - V(0x1.00000001p84)) + from_bits(low);
}

/// The float nearest to u - origin, for u below 2^32 and origin a multiple of 2^16 up to 2^31: halves as above, in the
/// mantissas of 2^23 and 2^39. Only the last addition rounds.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V rounded_float(bits_t<V> u, float origin = 0) {
  using U = bits_t<V>;
  const U low = (u & U(std::uint32_t{0xffff})) | U(std::uint32_t{0x4b000000});
  const U high = shift_right<16>(u) | U(std::uint32_t{0x53000000});
  return (from_bits(high) - V(0x1.0001p39F + origin)) + from_bits(low);
}

// ---- uniform ------------------------------------------------------------------------------------------------------

/// Uniform on [0, 1): a multiple of 2^-53, or of 2^-24 in float.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V uniform(bits_t<V> word) {
  if constexpr (is_double<V>) {
    return exact_double<V>(shift_right<11>(word)) * V(0x1p-53);
  } else {
    return rounded_float<V>(shift_right<8>(word)) * V(0x1p-24F);
  }
}

/// Uniform on (0, 1]: the uniform above plus 2^-53 or 2^-24, exact.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V uniform_positive(bits_t<V> word) {
  if constexpr (is_double<V>) {
    return (exact_double<V>(shift_right<11>(word)) + V(1.0)) * V(0x1p-53);
  } else {
    return (rounded_float<V>(shift_right<8>(word)) + V(1.0F)) * V(0x1p-24F);
  }
}

/// Uniform on (0, 1), symmetric about 1/2: an odd multiple of 2^-53 or 2^-24.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V uniform_open(bits_t<V> word) {
  if constexpr (is_double<V>) {
    return (exact_double<V>(shift_right<12>(word)) + V(0.5)) * V(0x1p-52);
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

/// Exponential with mean 1 in float: -log(u) for u = (word + 1/2) 2^-32, by way of 1 - u where u is near 1. Between
/// 2^-33 and 22.9.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V float_exponential(bits_t<V> word) {
  using constants = math_constants<float>;
  V u;
  V complement;  // 1 - u
  complementary_uniforms(word, u, complement);
  V e;
  V f;
  log_reduce(u, V(constants::log_bias + 32), e, f);
  const V near_one = V(0x1.4p30F);  // 0.3125: where log_kernel takes -complement as it is
  e = select_less(complement, near_one, V(0.0F), e);
  f = select_less(complement, near_one, complement * V(-0x1p-32F), f);
  return V(0.0F) - log_kernel(e, f);
}

/// Exponential with mean 1. In double -log(u), u uniform on (0, 1]: from 0 to 53 log 2 = 36.7.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V exponential(bits_t<V> word) {
  if constexpr (is_double<V>) {
    return V(0.0) - log_normal(uniform_positive<V>(word));
  } else {
    return float_exponential<V>(word);
  }
}

/// Exponential with mean 1, never 0: at least 2^-53 in double and 2^-33 in float.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V positive_exponential(bits_t<V> word) {
  if constexpr (is_double<V>) {
    return V(0.0) - log_normal(uniform_open<V>(word));
  } else {
    return float_exponential<V>(word);
  }
}

// ---- angles and normals -------------------------------------------------------------------------------------------

/// Sine and cosine of a uniform angle. In double the angle is 2 pi u, u uniform on [0, 1). In float the top two bits of
/// the word are the quadrant, and the others, centred, the angle in it: no bit is lost and neither result is ever 0.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE void uniform_direction(bits_t<V> word, V& sine, V& cosine) {
  if constexpr (is_double<V>) {
    const V turns = uniform<V>(word);
    sincospi(turns + turns, sine, cosine);
  } else {
    using U = bits_t<V>;
    const V angle = rounded_float<V>(shift_left<2>(word) | U(std::uint32_t{2}), 0x1p31F) * V(0x1p-33F);
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
    const V angle = rounded_float<V>(shift_left<1>(word) | U(std::uint32_t{1}), 0x1p31F) * V(0x1p-33F);
    sincospi_kernel(angle, shift_right<31>(word), sine, cosine);
  }
  return sine / cosine;
}

/// Two independent standard normals from two words (Box and Muller, 1958): radius sqrt(2 E), angle uniform. The largest
/// magnitude is sqrt(106 log 2) = 8.57 in double and sqrt(66 log 2) = 6.76 in float.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE void normal_pair(bits_t<V> word_0, bits_t<V> word_1, V (&normals)[2]) {
  const V exponential_0 = exponential<V>(word_0);
  const V radius = sqrt(exponential_0 + exponential_0);
  V sine;
  V cosine;
  uniform_direction(word_1, sine, cosine);
  normals[0] = radius * cosine;
  normals[1] = radius * sine;
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
