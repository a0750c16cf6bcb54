// The elementary functions of samebits: exp, log, sin and cos of pi x.
//
// Each is one branch-free polynomial formula over a value type V (double, float or a pack of either), written only
// with the operations of value.hpp. All of these are correctly rounded or exact, so a function gives the same bits on
// every instruction set, at every optimisation level and on a GPU. There are no tables (a gather costs more than the
// polynomial, and diverges on a GPU) and no conversions between integers and floating point (AVX2 has none for 64-bit
// lanes): an integer n is read from the low mantissa bits of n + 1.5 * 2^52.
//
// The constants come from scripts/coefficients.sollya. The methods are those of J.-M. Muller, "Elementary Functions:
// Algorithms and Implementation", 3rd ed., 2016, chapters 3, 4 and 11.
//
// Errors are in ulp of the exact result. The maxima for double are over 10,000,000 points measured against MPFR, those
// for float over every float of the domain (tests/core/math_ulp.cpp). "NaN" promises a NaN, not its payload.
#pragma once

#include <cstdint>
#include <type_traits>

#include "samebits/core/value.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

/// The constants that depend on the floating-point format alone.
template <class T>
struct math_constants;

template <>
struct math_constants<double> {
  static constexpr int mantissa_bits = 52;
  static constexpr std::uint64_t mantissa_mask = 0x000fffffffffffff;
  static constexpr std::uint64_t sign_mask = 0x8000000000000000;
  static constexpr std::uint64_t bits_of_one = 0x3ff0000000000000;
  static constexpr double min_subnormal = 0x1p-1074;
  static constexpr double min_normal = 0x1p-1022;
  static constexpr double largest = 0x1.fffffffffffffp1023;
  static constexpr double infinity = __builtin_huge_val();
  static constexpr double nan = __builtin_nan("");

  /// Adding it rounds to an integer, which the low bits of the sum then hold: 1.5 * 2^52.
  static constexpr double round_to_integer = 0x1.8p52;

  static constexpr double log2_e = 0x1.71547652b82fep0;
  static constexpr double ln2_high = 0x1.62e42fefa39efp-1;
  static constexpr double ln2_low = 0x1.abc9e3b39803fp-56;
  static constexpr double pi_high = 0x1.921fb54442d18p1;
  static constexpr double pi_low = 0x1.1a62633145c07p-53;

  /// Below this, exp gives 0; from the other one on, infinity.
  static constexpr double exp_lowest = -708.0;
  static constexpr double exp_overflow = 0x1.62e42fefa39fp9;

  /// log scales the mantissa to [0.6875, 1.375).
  static constexpr std::uint64_t bits_of_log_lowest = 0x3fe6000000000000;
  static constexpr std::uint64_t bits_of_integer_unit = 0x4330000000000000;  // 2^52, whose last bit is worth 1
  static constexpr double log_bias = 0x1p52 + 1023;
  static constexpr double log_scale = 0x1p54;
  static constexpr double log_scale_exponent = 54;
};

template <>
struct math_constants<float> {
  static constexpr int mantissa_bits = 23;
  static constexpr std::uint32_t mantissa_mask = 0x007fffff;
  static constexpr std::uint32_t sign_mask = 0x80000000;
  static constexpr std::uint32_t bits_of_one = 0x3f800000;
  static constexpr float min_subnormal = 0x1p-149f;
  static constexpr float min_normal = 0x1p-126f;
  static constexpr float largest = 0x1.fffffep127f;
  static constexpr float infinity = __builtin_huge_valf();
  static constexpr float nan = __builtin_nanf("");
  static constexpr float round_to_integer = 0x1.8p23f;
  static constexpr float log2_e = 0x1.715476p0f;
  static constexpr float ln2_high = 0x1.62e43p-1f;
  static constexpr float ln2_low = -0x1.05c61p-29f;
  static constexpr float pi_high = 0x1.921fb4p1f;
  static constexpr float pi_low = 0x1.4442d2p-23f;
  static constexpr float exp_lowest = -87.328125f;
  static constexpr float exp_overflow = 0x1.62e43p6f;
  static constexpr std::uint32_t bits_of_log_lowest = 0x3f300000;
  static constexpr std::uint32_t bits_of_integer_unit = 0x4b000000;
  static constexpr float log_bias = 0x1p23f + 127;
  static constexpr float log_scale = 0x1p25f;
  static constexpr float log_scale_exponent = 25;
};

template <class V>
inline constexpr bool is_double = std::is_same_v<scalar_t<V>, double>;

/// c0 + c1 x + c2 x^2 + ... by Horner's rule: one fma for each coefficient but the last.
template <class V, class... Rest>
SAMEBITS_HD SAMEBITS_INLINE V horner(V x, scalar_t<V> c0, Rest... rest) {
  if constexpr (sizeof...(rest) == 0) {
    return V(c0);
  } else {
    return fma(horner(x, rest...), x, V(c0));
  }
}

// ---- exp ---------------------------------------------------------------------------------------------------------

/// q(r) in exp(r) = 1 + r + r^2 q(r) for |r| <= ln 2 / 2. Even and odd powers form two chains of half the length.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V exp_tail(V r, V r2) {
  if constexpr (is_double<V>) {
    const V even = horner(r2, 0x1.000000000000ap-1, 0x1.55555555506b3p-5, 0x1.6c16c1847a2c2p-10, 0x1.a01999543bda3p-16,
                          0x1.28ae084f0fc7bp-22);
    const V odd = horner(r2, 0x1.55555555554fep-3, 0x1.1111111126b34p-7, 0x1.a01a012ff3da4p-13, 0x1.71df18d46bba9p-19,
                         0x1.ad9330b2bad5ep-26);
    return fma(odd, r, even);
  } else {
    const V even = horner(r2, 0x1.fffffap-2f, 0x1.555a26p-5f, 0x1.694cbap-10f);
    const V odd = horner(r2, 0x1.555492p-3f, 0x1.123984p-7f);
    return fma(odd, r, even);
  }
}

/// exp(x) where the result is a normal number; rubbish elsewhere.
///
/// x = n ln 2 + r with Cody and Waite's subtraction in two steps. The first step is exact: with fma the product is not
/// rounded, and ln2_high and x are multiples of half an ulp of ln 2, so that the difference fits the mantissa (where
/// n = 0 there is nothing to subtract). The last two steps are fmas, 1 + r (1 + r q): with r + r^2 q rounded before 1
/// is added, the error was 1.04 ulp (where r < 0 the result is below 1, and its ulp only twice that of r).
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V exp_normal(V x) {
  using constants = math_constants<scalar_t<V>>;
  const V shifted = fma(x, V(constants::log2_e), V(constants::round_to_integer));
  const V n = shifted - V(constants::round_to_integer);
  const V r = fnma(n, V(constants::ln2_low), fnma(n, V(constants::ln2_high), x));
  const V p = fma(fma(exp_tail(r, r * r), r, V(1)), r, V(1));
  // 2^n: the low bits of `shifted` are n, and the shift leaves only what belongs into the exponent.
  return from_bits(to_bits(p) + shift_left<constants::mantissa_bits>(to_bits(shifted)));
}

/// exp(x) for x <= 0, -infinity included: the same bits as exp(x), without its upper limit. Not for NaN.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V exp_nonpositive(V x) {
  return select_less(x, V(math_constants<scalar_t<V>>::exp_lowest), V(0), exp_normal(x));
}

/// e to the power of x.
///
/// Domain: all x. Results are never subnormal: double x < -708 and float x < -87.328125 give +0, on purpose.
/// Maximum error: double 0.91 ulp, float 0.95 ulp.
/// Special values: x > 709.782712893384 (double) or x > 88.722832 (float) gives +infinity, as do the true values;
/// exp(+-0) = 1, exp(-infinity) = +0, exp(+infinity) = +infinity, exp(NaN) = NaN.
/// Bits: the same on every target.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V exp(V x) {
  using constants = math_constants<scalar_t<V>>;
  // A NaN is not below the limit, and x + infinity keeps it; the integer addition in exp_normal would not.
  return select_less(x, V(constants::exp_overflow), exp_nonpositive(x), x + V(constants::infinity));
}

// ---- log ---------------------------------------------------------------------------------------------------------

/// q(z) in log((1 + s) / (1 - s)) = 2 s + s z q(z), z = s^2, for |s| <= 5/27.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V log_tail(V z) {
  if constexpr (is_double<V>) {
    return horner(z, 0x1.555555555560ap-1, 0x1.999999995820fp-2, 0x1.24924964b24bcp-2, 0x1.c71c365041a05p-3,
                  0x1.746bccbaee647p-3, 0x1.391652a2ffc2p-3, 0x1.34580e05b265cp-3);
  } else {
    return horner(z, 0x1.55559p-1f, 0x1.99491cp-2f, 0x1.342bc4p-2f);
  }
}

/// log(2^e (1 + f)) as e ln2_high + (high + rest).
template <class V>
struct log_terms {
  V high;
  V rest;
  V s;  ///< f / (2 + f)
};

/// The terms for f in [-0.3125, 0.375).
///
/// With s = f / (2 + f), z = s^2 and h = f^2 / 2, log(1 + f) = f - h + s (h + z q(z)), as in K. C. Ng's log of fdlibm
/// (1993). A polynomial in f without the division needs 21 coefficients: a third slower, and less accurate. f - h is
/// kept as a sum `high + low`: its rounding error was the largest after that of the last step.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE log_terms<V> log_sum(V e, V f) {
  using constants = math_constants<scalar_t<V>>;
  const V s = f / (V(2) + f);
  const V z = s * s;
  const V minus_half_f = f * V(scalar_t<V>(-0.5));
  const V high = fma(minus_half_f, f, f);
  const V h = f - high;  // exact, and f^2 / 2 up to the rounding of `high`
  const V low = fma(minus_half_f, f, h);
  return {high, fma(s, fma(log_tail(z), z, h), fma(e, V(constants::ln2_low), low)), s};
}

/// log(2^e (1 + f)) for f in [-0.3125, 0.375).
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V log_kernel(V e, V f) {
  const log_terms<V> terms = log_sum(e, f);
  return fma(e, V(math_constants<scalar_t<V>>::ln2_high), terms.high + terms.rest);
}

/// x 2^-k = 2^e (1 + f) for positive normal x, where bias is log_bias + k.
///
/// 1 + f lies in [0.6875, 1.375), so that e = 0 around 1 and a logarithm keeps its relative accuracy there. f is exact.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE void log_reduce(V x, V bias, V& e, V& f) {
  using constants = math_constants<scalar_t<V>>;
  using bits = bits_t<V>;
  // After this addition the exponent field changes where the mantissa wraps from 1.375 to 0.6875.
  const bits aligned = to_bits(x) + bits(constants::bits_of_one - constants::bits_of_log_lowest);
  const bits exponent = shift_right<constants::mantissa_bits>(aligned);
  e = from_bits(exponent | bits(constants::bits_of_integer_unit)) - bias;
  f = from_bits((aligned & bits(constants::mantissa_mask)) + bits(constants::bits_of_log_lowest)) - V(1);
}

/// log(x 2^-k) for positive normal x, where bias is log_bias + k.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V log_scaled(V x, V bias) {
  V e;
  V f;
  log_reduce(x, bias, e, f);
  return log_kernel(e, f);
}

/// log(x) for positive, normal, finite x: the same bits as log(x), without the special cases.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V log_normal(V x) {
  return log_scaled(x, V(math_constants<scalar_t<V>>::log_bias));
}

/// The natural logarithm of x.
///
/// Domain: all x, subnormal numbers included.
/// Maximum error: double 0.81 ulp, float 0.81 ulp.
/// Special values: log(+-0) = -infinity, log(x < 0) = NaN, log(1) = +0, log(+infinity) = +infinity, log(NaN) = NaN.
/// Bits: the same on every target.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V log(V x) {
  using constants = math_constants<scalar_t<V>>;
  const V smallest = V(constants::min_normal);
  const V scaled = select_less(x, smallest, x * V(constants::log_scale), x);
  const V bias =
      select_less(x, smallest, V(constants::log_bias + constants::log_scale_exponent), V(constants::log_bias));
  const V finite = log_scaled(scaled, bias);
  const V positive = select_less(x, V(constants::infinity), finite, x + x);  // infinity and NaN stay
  const V not_positive = select_less(x, V(0), V(constants::nan), V(-constants::infinity));
  return select_less(x, V(constants::min_subnormal), not_positive, positive);
}

// ---- sin and cos of pi x -----------------------------------------------------------------------------------------

/// s(r^2) in sin(pi r) = pi r + r^3 s(r^2) for |r| <= 1/4.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V sinpi_tail(V r2) {
  if constexpr (is_double<V>) {
    return horner(r2, -0x1.4abbce625be46p2, 0x1.466bc67758c6ap1, -0x1.32d2cce31fa29p-1, 0x1.5078300841253p-4,
                  -0x1.e3009539b825ap-8, 0x1.e3fe157a22827p-12);
  } else {
    return horner(r2, -0x1.4abbbep2f, 0x1.465fc4p1f, -0x1.2dbd92p-1f);
  }
}

/// c(r^2) in cos(pi r) = 1 + r^2 c(r^2) for |r| <= 1/4.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V cospi_tail(V r2) {
  if constexpr (is_double<V>) {
    return horner(r2, -0x1.3bd3cc9be45dep2, 0x1.03c1f081b5a67p2, -0x1.55d3c7e3c325cp0, 0x1.e1f5067b90e22p-3,
                  -0x1.a6d1e7297d362p-6, 0x1.f9c89cce8e2fp-10, -0x1.b1673f09c8cadp-14);
  } else {
    return horner(r2, -0x1.3bd3ccp2f, 0x1.03c1b8p2f, -0x1.55b7cep0f, 0x1.d684aap-3f);
  }
}

/// n odd ? x : y
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V select_odd(bits_t<V> n, V x, V y) {
  constexpr int top = static_cast<int>(8 * sizeof(scalar_t<V>)) - 1;
  const V parity = from_bits(shift_left<top>(n) | bits_t<V>(math_constants<scalar_t<V>>::bits_of_one));
  return select_less(parity, V(0), x, y);
}

/// s = sin(pi (n / 2 + r)) and c = cos(pi (n / 2 + r)) for |r| <= 1/4, where the low two bits of `quarter` are those of
/// n.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE void sincospi_kernel(V r, bits_t<V> quarter, V& s, V& c) {
  using constants = math_constants<scalar_t<V>>;
  using bits = bits_t<V>;
  constexpr int top = static_cast<int>(8 * sizeof(scalar_t<V>)) - 1;
  const V r2 = r * r;
  const V sine = fma(r, V(constants::pi_high), r * fma(sinpi_tail(r2), r2, V(constants::pi_low)));
  const V cosine = fma(cospi_tail(r2), r2, V(1));
  // Each quarter turn maps (sin, cos) to (cos, -sin): odd n exchanges them, bit 1 of n and of n + 1 are their signs.
  const V unsigned_s = select_odd(quarter, cosine, sine);
  const V unsigned_c = select_odd(quarter, sine, cosine);
  const bits sign_mask = bits(constants::sign_mask);
  s = from_bits(to_bits(unsigned_s) ^ (shift_left<top - 1>(quarter) & sign_mask));
  c = from_bits(to_bits(unsigned_c) ^ (shift_left<top - 1>(quarter + bits(1)) & sign_mask));
}

/// s = sin(pi x) and c = cos(pi x), as for Box and Muller's method with x = 2u.
///
/// x = n / 2 + r with |r| <= 1/4 is exact, so multiples of 1/2 give exact results and large x lose nothing.
/// Domain: double |x| <= 2^50, float |x| <= 2^21. Beyond it, results are finite or NaN, without meaning.
/// Maximum error: double sin 0.87 ulp, cos 0.88 ulp; float sin 0.88 ulp, cos 0.88 ulp. A sine near the smallest normal
/// number, where a term of the sum is subnormal, may err by 1 ulp.
/// Special values: s(+-0) = +-0; elsewhere, where the result is 0, its sign is not that of IEEE 754's sinPi and cosPi.
/// Infinity and NaN give NaN.
/// Bits: the same on every target.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE void sincospi(V x, V& s, V& c) {
  using constants = math_constants<scalar_t<V>>;
  const V shifted = fma(x, V(2), V(constants::round_to_integer));
  const V n = shifted - V(constants::round_to_integer);
  const V r = fma(n, V(scalar_t<V>(-0.5)), x);
  sincospi_kernel(r, to_bits(shifted), s, c);
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
