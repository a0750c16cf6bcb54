// Functions beside exp, log and sincospi: log1p, expm1, atan, the normal quantile, and what probabilities of counts
// and their priors need (log n!, Stirling's remainder, the deviance, log Gamma, digamma).
//
// They follow the rules of core/math.hpp: branch-free, no tables, the operations of value.hpp alone. The constants come
// from scripts/coefficients.sollya. The exact rounding errors of sums are found as D. E. Knuth and T. J. Dekker did
// (J.-M. Muller et al., "Handbook of Floating-Point Arithmetic", 2nd ed., 2018, section 4.3).
//
// Errors are in ulp of the exact result where nothing else is said. The maxima for double are over 10,000,000 points
// measured against MPFR (2,000,000 for log n! and log Gamma), those for float over every float of the domain against
// double (tests/core/special_ulp.cpp). "NaN" promises a NaN, not its payload. Bits: the same on every target.
#pragma once

#include "samebits/core/math.hpp"
#include "samebits/core/value.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

/// |x|
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V magnitude(V x) {
  return from_bits(to_bits(x) & bits_t<V>(math_constants<scalar_t<V>>::sign_mask - 1));
}

/// `value` with the sign of x. It must be positive or zero, or have that sign already.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V with_sign_of(V x, V value) {
  return from_bits(to_bits(value) | (to_bits(x) & bits_t<V>(math_constants<scalar_t<V>>::sign_mask)));
}

// ---- log1p and expm1 ---------------------------------------------------------------------------------------------

/// 2^(1 - n), where the low bits of `shifted` hold n <= the largest exponent: 2^-n could be subnormal.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V twice_inverse_power(V shifted) {
  using constants = math_constants<scalar_t<V>>;
  using bits = bits_t<V>;
  return from_bits(bits(constants::bits_of_one + constants::mantissa_mask + 1) -
                   shift_left<constants::mantissa_bits>(to_bits(shifted)));
}

/// 1 + x = u + c = 2^e (1 + f) + c: u is rounded, and c its error.
template <class V>
struct one_plus {
  V u;
  V c;
  V e;
  V f;

  SAMEBITS_HD SAMEBITS_INLINE explicit one_plus(V x) : u(V(1) + x) {
    const V x_part = u - V(1);
    c = (V(1) - (u - x_part)) + (x - x_part);
    log_reduce(u, V(math_constants<scalar_t<V>>::log_bias), e, f);
  }

  /// c / u to a few bits, with 1 / (1 + f) = (1 - s) / (1 + s) = 1 - 2 s + 2 s^2 - ...
  SAMEBITS_HD SAMEBITS_INLINE V relative_error(V s) const {
    const V twice_scale = twice_inverse_power(e + V(math_constants<scalar_t<V>>::round_to_integer));
    return rounded(c * twice_scale * V(scalar_t<V>(0.5)) * fma(fma(s, V(2), V(-2)), s, V(1)));
  }
};

/// log(1 + x), as log u + c / u, where u + c = 1 + x.
///
/// Domain: all x.
/// Maximum error: double 0.88 ulp, float 0.88 ulp.
/// Special values: log1p(+-0) = +-0, log1p(-1) = -infinity, log1p(x < -1) = NaN, log1p(+infinity) = +infinity,
/// log1p(NaN) = NaN.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V log1p(V x) {
  using constants = math_constants<scalar_t<V>>;
  const one_plus<V> sum(x);
  const log_terms<V> terms = log_sum(sum.e, sum.f);
  const V rest = terms.rest + sum.relative_error(terms.s);
  const V finite = with_sign_of(x, fma(sum.e, V(constants::ln2_high), terms.high + rest));
  const V inside = select_less(x, V(constants::infinity), finite, x);
  const V outside = select_less(x, V(-1), V(constants::nan), x - V(constants::infinity));  // -1 and NaN stay
  return select_less(V(-1), x, inside, outside);
}

/// log(1 + t) - t without cancellation, near 0 and elsewhere.
///
/// Near 0, with s = t / (2 + t) and z = s^2, it is s (z q(z) - t). Elsewhere 1 + t = 2^e (1 + f) + c, and to this
/// expression in f comes e log 2 + (1 + f - u), whose second term has next to no rounding error, and c / u - c.
/// Domain: -1 < t < infinity.
/// Maximum error: double 3.9 ulp, float 3.2 ulp.
/// Special values: log1pmx(+-0) = +-0. Outside the domain, results have no meaning.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V log1pmx(V t) {
  using constants = math_constants<scalar_t<V>>;
  const one_plus<V> sum(t);
  const V e2 = sum.e * sum.e;
  const V f = select_less(V(0), e2, sum.f, t);
  const V s = f / (V(2) + f);
  const V z = s * s;
  const V near = rounded(s * fma(log_tail(z), z, -f));
  const V far = fma(sum.e, V(constants::ln2_high), (sum.f + V(1)) - sum.u);
  const V low = fma(sum.e, V(constants::ln2_low), sum.relative_error(s) - sum.c);
  return select_less(V(0), e2, far + (near + low), near);
}

/// q(r) in exp(r) - 1 = r + r^2 q(r) for |r| <= ln 2 / 2, relative to exp(r) - 1, for which exp_tail is too coarse.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V expm1_tail(V r, V r2) {
  if constexpr (is_double<V>) {
    const V even = horner(r2, 0x1p-1, 0x1.555555555554dp-5, 0x1.6c16c16c1aafdp-10, 0x1.a01a018e0ee81p-16,
                          0x1.27e5133c59068p-22, 0x1.1f1a2d6925cp-29);
    const V odd = horner(r2, 0x1.5555555555559p-3, 0x1.111111110f657p-7, 0x1.a01a01b0020dbp-13, 0x1.71ddf8142d678p-19,
                         0x1.af5f2264c003ap-26);
    return fma(odd, r, even);
  } else {
    const V even = horner(r2, 0x1p-1f, 0x1.5554fp-5f, 0x1.6d436ep-10f);
    const V odd = horner(r2, 0x1.555554p-3f, 0x1.111306p-7f, 0x1.9e0c12p-13f);
    return fma(odd, r, even);
  }
}

/// exp(x) - 1.
///
/// x = n ln 2 + r as in exp, with the rounding error of r kept. The result is 2^n ((1 - 2^-n) + r + r^2 q(r)), and the
/// rounding errors of the first two sums are kept too.
/// Domain: all x.
/// Maximum error: double 1.31 ulp, float 1.14 ulp.
/// Special values: expm1(+-0) = +-0, expm1(-infinity) = -1, expm1(+infinity) = +infinity, expm1(NaN) = NaN. It
/// overflows to +infinity where exp does.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V expm1(V x) {
  using T = scalar_t<V>;
  using constants = math_constants<T>;
  using bits = bits_t<V>;
  const V clamped = max(x, V(-40));  // exp(-40) is below a quarter of the last bit of 1
  const V shifted = fma(clamped, V(constants::log2_e), V(constants::round_to_integer));
  const V n = shifted - V(constants::round_to_integer);
  const V r_high = fnma(n, V(constants::ln2_high), clamped);  // exact
  const V r = fnma(n, V(constants::ln2_low), r_high);
  const V r_low = fnma(n, V(constants::ln2_low), r_high - r);
  const bits scale = shift_left<constants::mantissa_bits>(to_bits(shifted));
  const V twice_inverse = twice_inverse_power(shifted);
  const V one = fnma(twice_inverse, V(T(0.5)), V(1));
  const V one_low = fnma(twice_inverse, V(T(0.5)), V(1) - one);
  const V high = one + r;
  const V low = (r - (high - one)) + (one_low + r_low);
  const V sum = high + fma(expm1_tail(r, r * r) * r, r, low);
  const V finite = with_sign_of(x, from_bits(to_bits(sum) + scale));
  return select_less(x, V(constants::exp_overflow), finite, x + V(constants::infinity));
}

// ---- atan --------------------------------------------------------------------------------------------------------

/// q(z) in atan(t) = t + t z q(z), z = t^2, for |t| <= 1/2.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V atan_tail(V z) {
  if constexpr (is_double<V>) {
    return horner(z, -0x1.5555555555516p-2, 0x1.999999999111p-3, -0x1.249249215c439p-3, 0x1.c71c70903ed5fp-4,
                  -0x1.745cf4b8b34eep-4, 0x1.3b113c8a3ee69p-4, -0x1.10f3121556cc1p-4, 0x1.dfe8c0eb24511p-5,
                  -0x1.a3952130f243dp-5, 0x1.56ec629b006a6p-5, -0x1.c16115bad4e4ep-6, 0x1.4b584f700a178p-7);
  } else {
    return horner(z, -0x1.555512p-2f, 0x1.997b1ap-3f, -0x1.224b4ep-3f, 0x1.a00fd2p-4f, -0x1.a429bep-5f);
  }
}

/// One of three values for the parts of atan's domain.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V select_part(V a, V small, V middle, V large) {
  return select_less(a, V(scalar_t<V>(0.5)), small, select_less(a, V(2), middle, large));
}

/// The arc tangent of x, in [-pi / 2, pi / 2].
///
/// |x| < 1/2 is taken as it is; up to 2 atan |x| = pi / 4 + atan(t) with t = (|x| - 1) / (|x| + 1), and beyond it
/// pi / 2 + atan(-1 / |x|): one division for all three. In the middle its rounding errors count; their correction
/// uses 1 / (|x| + 1) = (1 - t) / 2.
/// Domain: all x.
/// Maximum error: double 0.72 ulp, float 0.78 ulp.
/// Special values: atan(+-0) = +-0, atan(+-infinity) = +-pi / 2, atan(NaN) = NaN. Odd: atan(-x) = -atan(x).
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V atan(V x) {
  using T = scalar_t<V>;
  using constants = math_constants<T>;
  const V a = magnitude(x);
  const V half = V(T(0.5));
  const V a_plus_1 = a + V(1);
  const V numerator = select_part(a, a, a - V(1), V(-1));
  const V denominator = select_part(a, V(1), a_plus_1, a);
  const V t = numerator / denominator;
  const V a_plus_1_low = a - (a_plus_1 - V(1));
  const V remainder = fnma(t, a_plus_1_low, fnma(t, a_plus_1, numerator));
  const V t_low = select_part(a, V(0), rounded(remainder * fnma(t, half, half)), V(0));
  const V base = select_part(a, V(0), V(constants::pi_high * T(0.25)), V(constants::pi_high * T(0.5)));
  const V base_low = select_part(a, V(0), V(constants::pi_low * T(0.25)), V(constants::pi_low * T(0.5)));
  const V high = base + t;
  const V low = (t - (high - base)) + (base_low + t_low);
  const V z = t * t;
  const V result = high + fma(atan_tail(z) * z, t, low);
  return with_sign_of(x, result);
}

// ---- the normal quantile -----------------------------------------------------------------------------------------

/// The standard normal quantile of p <= 1/2: the x <= 0 with Phi(x) = p. The quantile of 1 - p is minus that of p;
/// where p is small, only this way keeps its accuracy.
///
/// The division into a centre and a tail in sqrt(-2 log p) is that of M. J. Wichura, "Algorithm AS 241", Applied
/// Statistics 37, 1988; the rational functions P / Q are our own. For p >= 9/64 it is (p - 1/2) (5/2 + P(y) / Q(y))
/// with y = (23/64)^2 - (p - 1/2)^2, below P(y) / Q(y) - r with r = sqrt(-2 log p) and y = r - 63/32. With 5/2 and r
/// taken out, the error of the quotient counts less; with y shifted so, Q does not cancel. One division serves both.
/// Domain: double 2^-64 <= p <= 1/2, float 2^-40 <= p <= 1/2. Below it, normal numbers have less accurate results.
/// Maximum error: double 3.5 ulp, float 3.3 ulp.
/// Special values: p = 1/2 gives 0. Outside the domain, results have no meaning.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V normal_quantile_lower(V p) {
  using T = scalar_t<V>;
  const V q = p - V(T(0.5));
  const V y_centre = fnma(q, q, V(T(529.0 / 4096)));
  const V r = sqrt(log_normal(p) * V(-2));
  const V y_tail = r - V(T(63.0 / 32));
  V centre_p;
  V centre_q;
  V tail_p;
  V tail_q;
  if constexpr (is_double<V>) {
    centre_p = horner(y_centre, 0x1.fe4373e2b6f6ap-2, 0x1.67101b3472ac1p2, -0x1.249ab815d4d6ep3, -0x1.2c6a7ed4bb755p8,
                      -0x1.18dc5033da85dp10, -0x1.4c6c1ea5661f3p10, -0x1.7282b55d45793p8);
    centre_q = horner(y_centre, 1.0, 0x1.6c3cd8ec2c36bp4, 0x1.831ba25466708p7, 0x1.7c055fb561d47p9,
                      0x1.5859b6505a111p10, 0x1.f18e12b466db7p9, 0x1.709fcdfa3262bp7);
    tail_p = horner(y_tail, 0x1.cff99e2b1d387p-1, 0x1.3d85967799c73p0, 0x1.569c1b55197fcp-1, 0x1.7ddaa30fedc22p-3,
                    0x1.dd9b6148ab827p-6, 0x1.3fb9399e06624p-9, 0x1.7c9006462416p-14, 0x1.10e073c8f8c4fp-20,
                    0x1.2580cfdcb1ea4p-31);
    tail_q = horner(y_tail, 1.0, 0x1.a4e8f3b231815p0, 0x1.19826bceed037p0, 0x1.90872209cb802p-2, 0x1.4bb740dad2c8ep-4,
                    0x1.4230e3025394ap-7, 0x1.51381daf1696cp-11, 0x1.372a458e518a2p-16, 0x1.48cfead355a35p-23);
  } else {
    centre_p = horner(y_centre, 0x1.fe4374p-2f, -0x1.6b082ep-5f, -0x1.79125p4f, -0x1.256e36p5f);
    centre_q = horner(y_centre, 1.0f, 0x1.6d583p3f, 0x1.1057d2p5f, 0x1.59ef06p4f);
    tail_p = horner(y_tail, 0x1.cff99ep-1f, 0x1.03a6f2p-1f, 0x1.dd0936p-5f, 0x1.c388a8p-12f, -0x1.62a804p-18f);
    tail_q = horner(y_tail, 1.0f, 0x1.ab928ep-1f, 0x1.9eed74p-3f, 0x1.a83aeep-7f);
  }
  const V boundary = V(T(9.0 / 64));
  const V numerator = select_less(p, boundary, tail_p, q * centre_p);
  const V quotient = numerator / select_less(p, boundary, tail_q, centre_q);
  return fma(select_less(p, boundary, V(-1), V(T(2.5))), select_less(p, boundary, r, q), quotient);
}

/// The standard normal quantile of p: the x with Phi(x) = p.
///
/// Domain: double 2^-64 <= p < 1, float 2^-40 <= p < 1. Smaller p lose accuracy.
/// Maximum error: that of normal_quantile_lower; 1 - p is exact for p >= 1/2.
/// Special values: 0 gives -infinity, 1 gives +infinity, p < 0 or p > 1 NaN, NaN gives NaN.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V normal_quantile(V p) {
  using T = scalar_t<V>;
  using constants = math_constants<T>;
  const V half = V(T(0.5));
  const V tail = select_less(half, p, V(1) - p, p);
  const V outside = select_less(tail, V(0), V(constants::nan), tail - V(constants::infinity));  // 0 and NaN stay
  const V x = select_less(V(0), tail, normal_quantile_lower(tail), outside);
  return select_less(half, p, -x, x);
}

// ---- counts ------------------------------------------------------------------------------------------------------

inline constexpr double log_sqrt_two_pi = 0x1.d67f1c864beb5p-1;             // log(2 pi) / 2
inline constexpr double log_sqrt_two_pi_minus_half = 0x1.acfe390c97d69p-2;  // log(2 pi) / 2 - 1/2

/// Stirling's remainder mu(n) = log n! - log(sqrt(2 pi n) (n / e)^n) = 1 / (12 n) - 1 / (360 n^3) + ...
///
/// n mu(n) is approximated by a rational function of 1 / n^2, here with numerator and denominator multiplied by n^14.
/// For real n, n! is Gamma(n + 1).
/// Domain: n = 0 and real n >= 1, infinity included. double only.
/// Maximum error: 6e-17, absolute.
/// Special values: n < 1 gives -log(2 pi) / 2. With this value, and m = max(n, 1), log n! = mu(n) + log(2 pi m) / 2 +
/// n log m - n holds for n = 0 too. Infinity gives a number below 1e-19, NaN gives NaN.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V stirling_error(V n) {
  static_assert(is_double<V>);
  const V limited = select_less(V(0x1p60), n, V(0x1p60), n);  // n^15 must not overflow
  const V w = limited * limited;
  const V p = horner(w, 0x1.54227fffcab1ep-8, 0x1.555e48703dd96p-2, 0x1.982dc58129ee4p1, 0x1.3181149d1e561p3,
                     0x1.69a7f231b257dp3, 0x1.6e18a9076e185p2, 0x1.33857c2c8f9ccp0, 0x1.5555555555543p-4);
  const V q = horner(w, 0x1.bff2e0c2cfb27p-4, 0x1.327fe83cbbbf7p2, 0x1.4a39cde1ee562p5, 0x1.da5e4d8247479p6,
                     0x1.1396ba9138cf2p7, 0x1.1475ea35a55c3p6, 0x1.ce594b53e81c8p3, 1.0);
  return select_less(n, V(1), V(-log_sqrt_two_pi), p / (limited * q));
}

/// log Gamma(z) for z >= 1, with `log_z` the logarithm of z: (z - 1/2) (log z - 1) + log(2 pi) / 2 - 1/2 + mu(z).
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V log_gamma_from_1(V z_minus_half, V z, V log_z) {
  return fma(z_minus_half, log_z - V(1), stirling_error(z) + V(log_sqrt_two_pi_minus_half));
}

/// log n!, that is log Gamma(n + 1).
///
/// Domain: real n >= 0. double only.
/// Maximum error for n <= 2^53: 7e-16, relative or absolute, whichever is smaller.
/// Special values: log_factorial(0) = 0. Negative numbers, infinity and NaN give results without meaning.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V log_factorial(V n) {
  static_assert(is_double<V>);
  const V z = n + V(1);
  return log_gamma_from_1(n + V(0.5), z, log_normal(z));
}

/// log Gamma(x); for x < 1 by way of Gamma(x) = Gamma(x + 1) / x.
///
/// Domain: x > 0, subnormal numbers included. double only.
/// Maximum error: 6e-16, relative or absolute, whichever is smaller: around its zeros at 1 and 2 it is absolute.
/// Special values: log_gamma(+-0) = +infinity, log_gamma(x < 0) = NaN, log_gamma(+infinity) = +infinity,
/// log_gamma(NaN) = NaN.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V log_gamma(V x) {
  static_assert(is_double<V>);
  const V z = select_less(x, V(1), x + V(1), x);
  const V from_1 = log_gamma_from_1(z - V(0.5), z, log(z));
  return from_1 - select_less(x, V(1), log(x), V(0));
}

/// psi(x) = d log Gamma(x) / dx.
///
/// Up to 2 it is (y - y0) (1 + P(y) / Q(y)) with y = x - 1 and psi(1 + y0) = 0, y0 kept to twice the precision, so that
/// the relative accuracy is kept around that root; for x < 1 y is x, and 1 / x is taken off. From 2 on it is log x -
/// 1 / (2 x) - w P(w) / Q(w) with w = 1 / x^2. One division serves both quotients.
/// Domain: x > 0, subnormal numbers included. double only.
/// Maximum error: 2.05 ulp.
/// Special values: digamma(+-0) = -+infinity, -infinity too where 1 / x overflows, digamma(x < 0) = NaN,
/// digamma(+infinity) = +infinity, digamma(NaN) = NaN.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V digamma(V x) {
  static_assert(is_double<V>);
  constexpr double root_high = 0x1.d8b618d5af8fep-2;
  constexpr double root_low = -0x1.1e563779a1f5bp-56;
  constexpr double slope_at_root = 0x1.ef72bc8ee38acp-1;
  const V y = select_less(x, V(1), x, x - V(1));
  const V near_p = horner(y, 0x1.0063a69894978p-2, -0x1.3d00fd630eb9fp-2, -0x1.6246155841a1ap-1, -0x1.6b3ebc00dcd92p-2,
                          -0x1.23735cb5a786bp-4, -0x1.69bfeb914495dp-8, -0x1.f48e8b3abad03p-14);
  const V near_q = horner(y, 1.0, 0x1.16ad65259c04ep1, 0x1.a9bf32a0bb7acp0, 0x1.246015d6a895ep-1, 0x1.7539385d2a729p-4,
                          0x1.8fd563129c5eap-8, 0x1.f92059df5b1d1p-14);
  const V inverse = V(1) / x;
  const V w = inverse * inverse;
  const V far_p = horner(w, 0x1.5555555555541p-4, 0x1.4996985b7ea26p0, 0x1.87b5f22aa3cbdp2, 0x1.55fa129a36481p3,
                         0x1.95f31e0e0cd11p2, 0x1.beb4418b719a9p-1);
  const V far_q = horner(w, 1.0, 0x1.f19517bc708a9p3, 0x1.2bcff61303517p6, 0x1.0e17a461b4c3p7, 0x1.5af341e79eda3p6,
                         0x1.e996683139379p3, 0x1.1d41b1ce2004ep-2);
  const V quotient = select_less(x, V(2), near_p, far_p) / select_less(x, V(2), near_q, far_q);
  const V t = y - V(root_high);
  const V near = t + fma(t, quotient, V(-root_low * slope_at_root));
  const V far = log(x) - fma(w, quotient, inverse * V(0.5));
  const V inside = select_less(x, V(2), near - select_less(x, V(1), inverse, V(0)), far);
  return select_less(x, V(0), V(math_constants<double>::nan), inside);
}

/// The deviance x log(x / m) + m - x >= 0 of a count x with mean m: the exponent of binomial and Poisson probabilities
/// in the form of C. Loader, "Fast and accurate computation of binomial probabilities", 2000.
///
/// Let m' = 2^e m be within a factor [0.6875, 1.375] of x. With d = x - m', which is exact, s = d / (x + m') and
/// z = s^2, Loader's identity x log(x / m') + m' - x = d s + x s z q(z) (q as in log) does not cancel. What is left,
/// x e log 2 + m - m', has next to no rounding error, and is 0 where x is near m.
/// Domain: x = 0 or normal, m normal and positive, x / m in [2^-1000, 2^1000]. double only.
/// Maximum error: 4.7 ulp, measured for 1 <= x <= 2^53.
/// Special values: deviance(0, m) = m, deviance(m, m) = 0.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V deviance(V x, V m) {
  static_assert(is_double<V>);
  using constants = math_constants<double>;
  using bits = bits_t<V>;
  constexpr std::uint64_t offset = 4096;  // keeps the difference of the exponents positive
  const bits difference =
      shift_right<constants::mantissa_bits>(to_bits(x)) - shift_right<constants::mantissa_bits>(to_bits(m));
  const V rough_e = from_bits((difference + bits(offset)) | bits(constants::bits_of_integer_unit)) - V(0x1p52 + offset);
  const V rough = m * from_bits(shift_left<constants::mantissa_bits>(difference) + bits(constants::bits_of_one));
  // x / rough lies between 1/2 and 2.
  const V twice = rough + rough;
  const V half = rough * V(0.5);
  const V above = rough * V(1.375);
  const V below = rough * V(0.6875);
  const V scaled_m = select_less(above, x, twice, select_less(x, below, half, rough));
  const V e = select_less(above, x, rough_e + V(1), select_less(x, below, rough_e - V(1), rough_e));
  const V d = x - scaled_m;
  const V s = d / (x + scaled_m);
  const V z = s * s;
  const V near = s * fma(x * z, log_tail(z), d);
  const V x_e = x * e;
  const V far = fma(x_e, V(constants::ln2_high), m - scaled_m);
  const V result = far + fma(x_e, V(constants::ln2_low), near);
  return select_less(V(0), x, result, m);
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
