// Accuracy and special values of core/special.hpp.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <iostream>
#include <limits>
#include <type_traits>

#include "cpu/pack.hpp"
#include "samebits/core/special.hpp"
#include "tests/core/ulp.hpp"

namespace {

namespace core = samebits::core;
using namespace samebits::ulp;

// The documented bounds. The measured maxima are in special.hpp.
constexpr double log1p_bound = 1.0;
constexpr double log1pmx_bound = 5.0;
constexpr double expm1_bound = 1.4;
constexpr double atan_bound = 1.0;
constexpr double quantile_bound = 4.0;
constexpr double deviance_bound = 5.0;
constexpr double stirling_bound = 1e-16;       // absolute
constexpr double log_factorial_bound = 1e-15;  // relative or absolute
constexpr double log_gamma_bound = 1e-15;      // relative or absolute

template <class T>
class special : public testing::Test {};
using formats = testing::Types<double, float>;
TYPED_TEST_SUITE(special, formats);

/// |computed - exact|, or that over |exact| where this is smaller. Destroys `exact`.
double relative_or_absolute_error(double computed, exact_number& exact) {
  const double magnitude = std::fabs(mpfr_get_d(exact.get(), MPFR_RNDN));
  mpfr_sub_d(exact.get(), exact.get(), computed, MPFR_RNDN);
  const double error = std::fabs(mpfr_get_d(exact.get(), MPFR_RNDN));
  return magnitude > 1 ? error / magnitude : error;
}

/// The exact error of x as the normal quantile of p <= 1/2, in ulp of x: (Phi(x) - p) / phi(x).
double quantile_error(double x, double p, exact_number& tail, exact_number& sqrt_half) {
  mpfr_mul_d(tail.get(), sqrt_half.get(), -x, MPFR_RNDN);
  mpfr_erfc(tail.get(), tail.get(), MPFR_RNDN);
  mpfr_div_2ui(tail.get(), tail.get(), 1, MPFR_RNDN);
  mpfr_sub_d(tail.get(), tail.get(), p, MPFR_RNDN);
  const double density = std::exp(-0.5 * x * x) * 0.3989422804014327;
  return std::fabs(mpfr_get_d(tail.get(), MPFR_RNDN)) / density * std::ldexp(1.0, 52 - std::ilogb(x));
}

// ---- accuracy ----------------------------------------------------------------------------------------------------

TEST(special_of_double, log1p_is_within_its_bound_of_mpfr) {
  number_source source;
  exact_number exact;
  worst_case worst;
  const std::uint64_t n = points();

  for (std::uint64_t i = 0; i < n; ++i) {
    const double x = i % 4 == 0   ? source.uniform(-1, 1)
                     : i % 4 == 1 ? source.uniform(-0.05, 0.05)
                     : i % 4 == 2 ? source.any_magnitude(-60, 0)
                                  : std::fabs(source.any_magnitude(-1074, 1024));
    exact.set(mpfr_log1p, x);
    worst.add(exact.error_of(core::log1p(x)), x);
  }

  std::cout << "log1p: " << worst.text() << '\n';
  EXPECT_LE(worst.ulp, log1p_bound);
}

TEST(special_of_double, expm1_is_within_its_bound_of_mpfr) {
  number_source source;
  exact_number exact;
  worst_case worst;
  const std::uint64_t n = points();

  for (std::uint64_t i = 0; i < n; ++i) {
    const double x = i % 4 == 0   ? source.uniform(-45, 709.782712893384)
                     : i % 4 == 1 ? source.uniform(-2, 2)
                     : i % 4 == 2 ? source.uniform(-0.4, 0.4)
                                  : source.any_magnitude(-1074, 6);
    exact.set(mpfr_expm1, x);
    worst.add(exact.error_of(core::expm1(x)), x);
  }

  std::cout << "expm1: " << worst.text() << '\n';
  EXPECT_LE(worst.ulp, expm1_bound);
}

TEST(special_of_double, atan_is_within_its_bound_of_mpfr) {
  number_source source;
  exact_number exact;
  worst_case worst;
  const std::uint64_t n = points();

  for (std::uint64_t i = 0; i < n; ++i) {
    const double x = i % 4 == 0   ? source.uniform(-3, 3)
                     : i % 4 == 1 ? source.uniform(0.4, 0.6)
                     : i % 4 == 2 ? source.any_magnitude(-30, 30)
                                  : source.any_magnitude(-1021, 1024);
    exact.set(mpfr_atan, x);
    worst.add(exact.error_of(core::atan(x)), x);
  }

  std::cout << "atan: " << worst.text() << '\n';
  EXPECT_LE(worst.ulp, atan_bound);
}

TEST(special_of_double, log1pmx_is_within_its_bound_of_mpfr) {
  number_source source;
  exact_number exact(256);
  worst_case worst;
  const std::uint64_t n = points();

  for (std::uint64_t i = 0; i < n; ++i) {
    const double t = i % 4 == 0   ? source.uniform(-1, 1)
                     : i % 4 == 1 ? source.uniform(-0.35, 0.4)
                     : i % 4 == 2 ? source.any_magnitude(-60, 0)
                                  : std::fabs(source.any_magnitude(-10, 60));
    exact.set(mpfr_log1p, t);
    mpfr_sub_d(exact.get(), exact.get(), t, MPFR_RNDN);
    worst.add(exact.error_of(core::log1pmx(t)), t);
  }

  std::cout << "log1pmx: " << worst.text() << '\n';
  EXPECT_LE(worst.ulp, log1pmx_bound);
}

TEST(special_of_double, normal_quantile_is_within_its_bound_of_mpfr) {
  number_source source;
  exact_number tail;
  exact_number sqrt_half;
  sqrt_half.set(mpfr_sqrt, 0.5);
  worst_case worst;
  const std::uint64_t n = points();

  for (std::uint64_t i = 0; i < n; ++i) {
    const double p = i % 4 == 0   ? source.uniform(0x1p-53, 0.5)
                     : i % 4 == 1 ? source.uniform(0.1, 0.2)
                     : i % 4 == 2 ? std::fabs(source.any_magnitude(-64, -1))
                                  : 0.5 - std::fabs(source.any_magnitude(-54, -2));
    worst.add(quantile_error(core::normal_quantile_lower(p), p, tail, sqrt_half), p);
  }

  std::cout << "normal_quantile: " << worst.text() << '\n';
  EXPECT_LE(worst.ulp, quantile_bound);
}

TEST(special_of_double, stirling_error_log_factorial_and_log_gamma_are_within_their_bounds_of_mpfr) {
  number_source source;
  exact_number exact(192);
  exact_number log_gamma(192);
  exact_number factor(192);
  exact_number log_sqrt_two_pi(192);
  mpfr_const_pi(log_sqrt_two_pi.get(), MPFR_RNDN);
  mpfr_mul_2ui(log_sqrt_two_pi.get(), log_sqrt_two_pi.get(), 1, MPFR_RNDN);
  mpfr_log(log_sqrt_two_pi.get(), log_sqrt_two_pi.get(), MPFR_RNDN);
  mpfr_div_2ui(log_sqrt_two_pi.get(), log_sqrt_two_pi.get(), 1, MPFR_RNDN);
  worst_case worst_stirling, worst_factorial, worst_gamma;
  const std::uint64_t n = points();

  for (std::uint64_t i = 0; i < n; ++i) {
    const double x = i % 4 == 0   ? source.uniform(1, 20)
                     : i % 4 == 1 ? static_cast<double>(source.bits() % 1000 + 1)
                     : i % 4 == 2 ? std::fabs(source.any_magnitude(0, 53))
                                  : std::trunc(std::fabs(source.any_magnitude(0, 53)));
    exact.set(mpfr_lngamma, x);
    mpfr_set(log_gamma.get(), exact.get(), MPFR_RNDN);
    worst_gamma.add(relative_or_absolute_error(core::log_gamma(x), exact), x);

    exact.set(mpfr_log, x);
    mpfr_add(exact.get(), exact.get(), log_gamma.get(), MPFR_RNDN);
    worst_factorial.add(relative_or_absolute_error(core::log_factorial(x), exact), x);

    // log Gamma(x) - ((x - 1/2) log x - x + log(2 pi) / 2)
    mpfr_set_d(factor.get(), x, MPFR_RNDN);
    mpfr_sub_d(factor.get(), factor.get(), 0.5, MPFR_RNDN);
    exact.set(mpfr_log, x);
    mpfr_mul(exact.get(), exact.get(), factor.get(), MPFR_RNDN);
    mpfr_sub_d(exact.get(), exact.get(), x, MPFR_RNDN);
    mpfr_add(exact.get(), exact.get(), log_sqrt_two_pi.get(), MPFR_RNDN);
    mpfr_sub(exact.get(), log_gamma.get(), exact.get(), MPFR_RNDN);
    mpfr_sub_d(exact.get(), exact.get(), core::stirling_error(x), MPFR_RNDN);
    worst_stirling.add(std::fabs(mpfr_get_d(exact.get(), MPFR_RNDN)), x);
  }

  std::cout << "stirling_error: absolute " << worst_stirling.text() << "\nlog_factorial: relative "
            << worst_factorial.text() << "\nlog_gamma: relative " << worst_gamma.text() << '\n';
  EXPECT_LE(worst_stirling.ulp, stirling_bound);
  EXPECT_LE(worst_factorial.ulp, log_factorial_bound);
  EXPECT_LE(worst_gamma.ulp, log_gamma_bound);
}

TEST(special_of_double, log_gamma_below_1_and_far_above_is_within_its_bound_of_mpfr) {
  number_source source;
  exact_number exact;
  worst_case worst_gamma, worst_factorial;
  const std::uint64_t n = points() / 4;

  for (std::uint64_t i = 0; i < n; ++i) {
    const double x = i % 4 == 0   ? source.uniform(0, 1)
                     : i % 4 == 1 ? source.uniform(0.9, 2.1)
                     : i % 4 == 2 ? std::fabs(source.any_magnitude(-1074, 0))
                                  : std::fabs(source.any_magnitude(53, 1000));
    exact.set(mpfr_lngamma, x);
    worst_gamma.add(relative_or_absolute_error(core::log_gamma(x), exact), x);
    if (x > 3) continue;
    mpfr_set_d(exact.get(), x, MPFR_RNDN);
    mpfr_add_ui(exact.get(), exact.get(), 1, MPFR_RNDN);
    mpfr_lngamma(exact.get(), exact.get(), MPFR_RNDN);
    worst_factorial.add(relative_or_absolute_error(core::log_factorial(x), exact), x);
  }

  std::cout << "log_gamma: relative " << worst_gamma.text() << "\nlog_factorial: " << worst_factorial.text() << '\n';
  EXPECT_LE(worst_gamma.ulp, log_gamma_bound);
  EXPECT_LE(worst_factorial.ulp, log_factorial_bound);
}

TEST(special_of_double, deviance_is_within_its_bound_of_mpfr) {
  number_source source;
  exact_number exact(256);
  worst_case worst;
  const std::uint64_t n = points();

  for (std::uint64_t i = 0; i < n; ++i) {
    const double scale = std::fabs(source.any_magnitude(0, 53));
    const double x = i % 2 == 0 ? std::trunc(scale) : scale;
    const double m = i % 8 < 2   ? x * source.uniform(0.3, 3)
                     : i % 8 < 4 ? x + source.any_magnitude(-60, 1) * std::sqrt(x)
                     : i % 8 < 6 ? x * std::fabs(source.any_magnitude(-30, 30))
                                 : std::nextafter(x, infinity<double>);
    if (!(m > 0)) continue;
    mpfr_set_d(exact.get(), x, MPFR_RNDN);
    mpfr_div_d(exact.get(), exact.get(), m, MPFR_RNDN);
    mpfr_log(exact.get(), exact.get(), MPFR_RNDN);
    mpfr_mul_d(exact.get(), exact.get(), x, MPFR_RNDN);
    mpfr_add_d(exact.get(), exact.get(), m, MPFR_RNDN);
    mpfr_sub_d(exact.get(), exact.get(), x, MPFR_RNDN);
    worst.add(exact.error_of(core::deviance(x, m)), m / x);
  }

  std::cout << "deviance: " << worst.text() << " (m / x)\n";
  EXPECT_LE(worst.ulp, deviance_bound);
}

TEST(special_of_float, log1p_expm1_and_atan_are_within_their_bounds_of_double) {
  worst_case worst_log1p, worst_expm1, worst_atan;

  for_each_float([&](float x) {
    const double wide = x;
    if (std::isnan(x) || x < -1) {
      EXPECT_TRUE(std::isnan(core::log1p(x)));
    } else {
      worst_log1p.add(error_in_float_ulp(core::log1p(x), std::log1p(wide)), x);
    }
    if (std::isnan(x)) {
      EXPECT_TRUE(std::isnan(core::expm1(x)));
      EXPECT_TRUE(std::isnan(core::atan(x)));
    } else {
      worst_expm1.add(error_in_float_ulp(core::expm1(x), std::expm1(wide)), x);
      worst_atan.add(error_in_float_ulp(core::atan(x), std::atan(wide)), x);
    }
  });

  std::cout << "log1pf: " << worst_log1p.text() << "\nexpm1f: " << worst_expm1.text()
            << "\natanf: " << worst_atan.text() << '\n';
  EXPECT_LE(worst_log1p.ulp, log1p_bound);
  EXPECT_LE(worst_expm1.ulp, expm1_bound);
  EXPECT_LE(worst_atan.ulp, atan_bound);
}

TEST(special_of_float, log1pmx_is_within_its_bound_of_double) {
  worst_case worst;

  for_each_float([&](float t) {
    if (!(t > -1 && std::fabs(t) >= 0x1p-60f && t < infinity<float>)) return;
    worst.add(error_in_float_ulp(core::log1pmx(t), core::log1pmx(static_cast<double>(t))), t);
  });

  std::cout << "log1pmxf: " << worst.text() << '\n';
  EXPECT_LE(worst.ulp, log1pmx_bound);
}

TEST(special_of_float, normal_quantile_is_within_its_bound_of_double) {
  worst_case worst;

  for_each_float([&](float p) {
    if (!(p >= 0x1p-40f && p < 1)) return;
    worst.add(error_in_float_ulp(core::normal_quantile(p), core::normal_quantile(static_cast<double>(p))), p);
  });

  std::cout << "normal_quantilef: " << worst.text() << '\n';
  EXPECT_LE(worst.ulp, quantile_bound);
}

// ---- special values ----------------------------------------------------------------------------------------------

TYPED_TEST(special, log1p_of_special_values) {
  using T = TypeParam;

  EXPECT_TRUE(same_bits(core::log1p(T(0)), T(0)));
  EXPECT_TRUE(same_bits(core::log1p(T(-0.0)), T(-0.0)));
  EXPECT_TRUE(same_bits(core::log1p(std::numeric_limits<T>::denorm_min()), std::numeric_limits<T>::denorm_min()));
  EXPECT_TRUE(same_bits(core::log1p(T(-1)), -infinity<T>));
  EXPECT_TRUE(same_bits(core::log1p(infinity<T>), infinity<T>));
  EXPECT_TRUE(same_bits(core::log1p(std::numeric_limits<T>::max()), core::log(std::numeric_limits<T>::max())));
  EXPECT_TRUE(std::isnan(core::log1p(std::nextafter(T(-1), T(-2)))));
  EXPECT_TRUE(std::isnan(core::log1p(-infinity<T>)));
}

TYPED_TEST(special, log1pmx_of_zero_keeps_its_sign) {
  EXPECT_TRUE(same_bits(core::log1pmx(TypeParam(0)), TypeParam(0)));
  EXPECT_TRUE(same_bits(core::log1pmx(TypeParam(-0.0)), TypeParam(-0.0)));
}

TYPED_TEST(special, expm1_of_special_values) {
  using T = TypeParam;

  EXPECT_TRUE(same_bits(core::expm1(T(0)), T(0)));
  EXPECT_TRUE(same_bits(core::expm1(T(-0.0)), T(-0.0)));
  EXPECT_TRUE(same_bits(core::expm1(-std::numeric_limits<T>::denorm_min()), -std::numeric_limits<T>::denorm_min()));
  EXPECT_TRUE(same_bits(core::expm1(-infinity<T>), T(-1)));
  EXPECT_TRUE(same_bits(core::expm1(std::numeric_limits<T>::lowest()), T(-1)));
  EXPECT_TRUE(same_bits(core::expm1(infinity<T>), infinity<T>));
  EXPECT_TRUE(same_bits(core::expm1(std::numeric_limits<T>::max()), infinity<T>));
}

TYPED_TEST(special, atan_of_special_values) {
  using T = TypeParam;
  const T half_pi = static_cast<T>(1.5707963267948966);

  EXPECT_TRUE(same_bits(core::atan(T(0)), T(0)));
  EXPECT_TRUE(same_bits(core::atan(T(-0.0)), T(-0.0)));
  EXPECT_TRUE(same_bits(core::atan(std::numeric_limits<T>::denorm_min()), std::numeric_limits<T>::denorm_min()));
  EXPECT_TRUE(same_bits(core::atan(T(1)), half_pi / 2));
  EXPECT_TRUE(same_bits(core::atan(infinity<T>), half_pi));
  EXPECT_TRUE(same_bits(core::atan(-infinity<T>), -half_pi));
  EXPECT_TRUE(same_bits(core::atan(std::numeric_limits<T>::max()), half_pi));
}

TYPED_TEST(special, atan_is_odd) {
  using T = TypeParam;
  number_source source;

  for (int i = 0; i < 100000; ++i) {
    const T x = static_cast<T>(source.any_magnitude(-100, 100));
    ASSERT_TRUE(same_bits(core::atan(-x), -core::atan(x))) << x;
  }
}

TYPED_TEST(special, normal_quantile_of_special_values) {
  using T = TypeParam;

  EXPECT_EQ(core::normal_quantile(T(0.5)), 0);
  EXPECT_TRUE(same_bits(core::normal_quantile(T(0)), -infinity<T>));
  EXPECT_TRUE(same_bits(core::normal_quantile(T(-0.0)), -infinity<T>));
  EXPECT_TRUE(same_bits(core::normal_quantile(T(1)), infinity<T>));
  EXPECT_TRUE(std::isnan(core::normal_quantile(std::nextafter(T(1), T(2)))));
  EXPECT_TRUE(std::isnan(core::normal_quantile(-std::numeric_limits<T>::min())));
  EXPECT_TRUE(std::isnan(core::normal_quantile(infinity<T>)));
  EXPECT_TRUE(std::isnan(core::normal_quantile(-infinity<T>)));
}

TYPED_TEST(special, normal_quantile_is_symmetric_where_the_tails_are) {
  using T = TypeParam;

  for (int i = 1; i < 4096; ++i) {
    const T p = static_cast<T>(i) / 8192;
    ASSERT_TRUE(same_bits(core::normal_quantile(1 - p), -core::normal_quantile(p))) << p;
    ASSERT_TRUE(same_bits(core::normal_quantile_lower(p), core::normal_quantile(p))) << p;
  }
}

TYPED_TEST(special, every_kind_of_nan_stays_a_nan) {
  using T = TypeParam;
  using bits = core::bits_t<T>;
  const bits quiet = core::to_bits(infinity<T>) | core::to_bits(nan_of<T>);
  const bits sign = core::math_constants<T>::sign_mask;
  const bits payload = core::math_constants<T>::mantissa_mask;

  for (const bits u : {quiet, quiet | sign, quiet | payload, quiet | payload | sign, quiet | bits(5)}) {
    const T x = core::from_bits(u);
    EXPECT_TRUE(std::isnan(core::log1p(x)));
    EXPECT_TRUE(std::isnan(core::expm1(x)));
    EXPECT_TRUE(std::isnan(core::atan(x)));
    EXPECT_TRUE(std::isnan(core::normal_quantile(x)));
    if constexpr (std::is_same_v<T, double>) {
      EXPECT_TRUE(std::isnan(core::log_gamma(x)));
      EXPECT_TRUE(std::isnan(core::stirling_error(x)));
    }
  }
}

TEST(special_of_double, factorials_of_0_and_1_are_1) {
  EXPECT_TRUE(same_bits(core::log_factorial(0.0), 0.0));
  EXPECT_NEAR(core::log_factorial(1.0), 0, 1e-16);
}

TEST(special_of_double, stirling_error_of_0_completes_the_formula_for_the_logarithm_of_a_factorial) {
  for (int n = 0; n < 20; ++n) {
    const double m = n == 0 ? 1 : n;
    const double log_root = 0.5 * std::log(2 * 3.141592653589793 * m);
    EXPECT_NEAR(core::stirling_error(double(n)) + log_root + n * std::log(m) - n, std::lgamma(n + 1.0), 1e-14) << n;
  }
}

TEST(special_of_double, stirling_error_of_huge_numbers_is_tiny) {
  for (const double n : {0x1p53, 0x1p60, 1e300, infinity<double>}) {
    EXPECT_GT(core::stirling_error(n), 0);
    EXPECT_LT(core::stirling_error(n), 1e-16);
  }
}

TEST(special_of_double, log_gamma_of_special_values) {
  EXPECT_NEAR(core::log_gamma(1.0), 0, 1e-16);
  EXPECT_NEAR(core::log_gamma(2.0), 0, 1e-16);
  EXPECT_TRUE(same_bits(core::log_gamma(0.0), infinity<double>));
  EXPECT_TRUE(same_bits(core::log_gamma(-0.0), infinity<double>));
  EXPECT_TRUE(same_bits(core::log_gamma(infinity<double>), infinity<double>));
  EXPECT_TRUE(std::isnan(core::log_gamma(-0.5)));
  EXPECT_TRUE(std::isnan(core::log_gamma(-infinity<double>)));
}

TEST(special_of_double, deviance_is_0_only_where_both_agree) {
  number_source source;

  for (int i = 0; i < 10000; ++i) {
    const double x = std::fabs(source.any_magnitude(-10, 53));
    EXPECT_EQ(core::deviance(x, x), 0) << x;
    EXPECT_GT(core::deviance(x, std::nextafter(x, infinity<double>)), 0) << x;
    EXPECT_GT(core::deviance(x, std::nextafter(x, 0)), 0) << x;
    EXPECT_EQ(core::deviance(0.0, x), x) << x;
  }
}

}  // namespace
