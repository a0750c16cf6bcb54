// Random variates as functions of random bits. Each takes a fixed number of words, so sample i never depends on
// sample i - 1.
#pragma once

#include "samebits/core/math.hpp"
#include "samebits/core/value.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

/// The exact double value of an integer below 2^53, without a conversion instruction (AVX2 has none): the two halves
/// are planted into the mantissas of 2^52 and 2^84, and both subtractions are exact.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V exact_double(bits_t<V> u) {
  using U = bits_t<V>;
  const U low = (u & U(std::uint64_t{0xffffffff})) | U(std::uint64_t{0x4330000000000000});  // 2^52 + low half
  const U high = shift_right<32>(u) | U(std::uint64_t{0x4530000000000000});                 // 2^84 + 2^32 high half
  return (from_bits(high) - V(0x1.00000001p84)) + from_bits(low);
}

/// Uniform on [0, 1): a multiple of 2^-53. Takes one 64-bit draw.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V uniform(bits_t<V> draw) {
  return exact_double<V>(shift_right<11>(draw)) * V(0x1p-53);
}

/// Uniform on (0, 1]: the uniform above plus 2^-53, exact. For logarithms.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V uniform_positive(bits_t<V> draw) {
  return (exact_double<V>(shift_right<11>(draw)) + V(1.0)) * V(0x1p-53);
}

/// Exponential with mean 1: -log(u), u uniform on (0, 1]. Takes one 64-bit draw; the largest value is 53 log 2 = 36.7.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V exponential(bits_t<V> draw) {
  return V(0.0) - log_normal(uniform_positive<V>(draw));
}

/// Two independent standard normals from two 64-bit draws (Box and Muller, 1958): radius sqrt(2 E), angle uniform.
/// The largest possible magnitude is sqrt(106 log 2) = 8.57.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE void normal_pair(bits_t<V> draw_0, bits_t<V> draw_1, V (&normals)[2]) {
  const V exponential_0 = exponential<V>(draw_0);
  const V radius = sqrt(exponential_0 + exponential_0);
  const V turns = uniform<V>(draw_1);
  V sine;
  V cosine;
  sincospi(turns + turns, sine, cosine);
  normals[0] = radius * cosine;
  normals[1] = radius * sine;
}

// ---- what one Philox block becomes -------------------------------------------------------------------------------

/// The kinds of sequences that a stream can be read as. Every block of the stream becomes 16 bytes of any of them.
enum class sequence {
  words,    ///< four 32-bit words
  uniform,  ///< two doubles in [0, 1)
  normal    ///< two standard normal doubles
};

/// The 16 bytes of one block as two 64-bit patterns, from the block's two 64-bit draws.
template <sequence Kind, class V>
SAMEBITS_HD SAMEBITS_INLINE void sequence_items(const bits_t<V> (&draws)[2], bits_t<V> (&items)[2]) {
  if constexpr (Kind == sequence::words) {
    items[0] = draws[0];
    items[1] = draws[1];
  } else if constexpr (Kind == sequence::uniform) {
    items[0] = to_bits(uniform<V>(draws[0]));
    items[1] = to_bits(uniform<V>(draws[1]));
  } else {
    V normals[2];
    normal_pair<V>(draws[0], draws[1], normals);
    items[0] = to_bits(normals[0]);
    items[1] = to_bits(normals[1]);
  }
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
