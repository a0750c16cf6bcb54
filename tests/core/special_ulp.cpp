// Accuracy and special values of core/special.hpp.
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
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
constexpr double digamma_bound = 2.2;

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
  exact_number exact;
  const auto draw = [](number_source& source, std::uint64_t i) {
    return i % 4 == 0   ? source.uniform(-1, 1)
           : i % 4 == 1 ? source.uniform(-0.05, 0.05)
           : i % 4 == 2 ? source.any_magnitude(-60, 0)
                        : std::fabs(source.any_magnitude(-1074, 1024));
  };

  expect_error_within({"log1p", log1p_bound}, samples(points(), draw), [&](double x) {
    exact.set(mpfr_log1p, x);
    return exact.error_of(core::log1p(x));
  });
}

TEST(special_of_double, expm1_is_within_its_bound_of_mpfr) {
  exact_number exact;
  const auto draw = [](number_source& source, std::uint64_t i) {
    return i % 4 == 0   ? source.uniform(-45, 709.782712893384)
           : i % 4 == 1 ? source.uniform(-2, 2)
           : i % 4 == 2 ? source.uniform(-0.4, 0.4)
                        : source.any_magnitude(-1074, 6);
  };

  expect_error_within({"expm1", expm1_bound}, samples(points(), draw), [&](double x) {
    exact.set(mpfr_expm1, x);
    return exact.error_of(core::expm1(x));
  });
}

TEST(special_of_double, atan_is_within_its_bound_of_mpfr) {
  exact_number exact;
  const auto draw = [](number_source& source, std::uint64_t i) {
    return i % 4 == 0   ? source.uniform(-3, 3)
           : i % 4 == 1 ? source.uniform(0.4, 0.6)
           : i % 4 == 2 ? source.any_magnitude(-30, 30)
                        : source.any_magnitude(-1021, 1024);
  };

  expect_error_within({"atan", atan_bound}, samples(points(), draw), [&](double x) {
    exact.set(mpfr_atan, x);
    return exact.error_of(core::atan(x));
  });
}

TEST(special_of_double, log1pmx_is_within_its_bound_of_mpfr) {
  exact_number exact(256);
  const auto draw = [](number_source& source, std::uint64_t i) {
    return i % 4 == 0   ? source.uniform(-1, 1)
           : i % 4 == 1 ? source.uniform(-0.35, 0.4)
           : i % 4 == 2 ? source.any_magnitude(-60, 0)
                        : std::fabs(source.any_magnitude(-10, 60));
  };

  expect_error_within({"log1pmx", log1pmx_bound}, samples(points(), draw), [&](double t) {
    exact.set(mpfr_log1p, t);
    mpfr_sub_d(exact.get(), exact.get(), t, MPFR_RNDN);
    return exact.error_of(core::log1pmx(t));
  });
}

TEST(special_of_double, normal_quantile_is_within_its_bound_of_mpfr) {
  exact_number tail;
  exact_number sqrt_half;
  sqrt_half.set(mpfr_sqrt, 0.5);
  const auto draw = [](number_source& source, std::uint64_t i) {
    return i % 4 == 0   ? source.uniform(0x1p-53, 0.5)
           : i % 4 == 1 ? source.uniform(0.1, 0.2)
           : i % 4 == 2 ? std::fabs(source.any_magnitude(-64, -1))
                        : 0.5 - std::fabs(source.any_magnitude(-54, -2));
  };

  expect_error_within({"normal_quantile", quantile_bound}, samples(points(), draw),
                      [&](double p) { return quantile_error(core::normal_quantile_lower(p), p, tail, sqrt_half); });
}

TEST(special_of_double, stirling_error_log_factorial_and_log_gamma_are_within_their_bounds_of_mpfr) {
  exact_number exact(192);
  exact_number log_gamma(192);
  exact_number factor(192);
  exact_number log_sqrt_two_pi(192);
  mpfr_const_pi(log_sqrt_two_pi.get(), MPFR_RNDN);
  mpfr_mul_2ui(log_sqrt_two_pi.get(), log_sqrt_two_pi.get(), 1, MPFR_RNDN);
  mpfr_log(log_sqrt_two_pi.get(), log_sqrt_two_pi.get(), MPFR_RNDN);
  mpfr_div_2ui(log_sqrt_two_pi.get(), log_sqrt_two_pi.get(), 1, MPFR_RNDN);
  const auto draw = [](number_source& source, std::uint64_t i) {
    return i % 4 == 0   ? source.uniform(1, 20)
           : i % 4 == 1 ? static_cast<double>(source.bits() % 1000 + 1)
           : i % 4 == 2 ? std::fabs(source.any_magnitude(0, 53))
                        : std::trunc(std::fabs(source.any_magnitude(0, 53)));
  };
  const auto errors_at = [&](double x) {
    exact.set(mpfr_lngamma, x);
    mpfr_set(log_gamma.get(), exact.get(), MPFR_RNDN);
    const double gamma_error = relative_or_absolute_error(core::log_gamma(x), exact);

    exact.set(mpfr_log, x);
    mpfr_add(exact.get(), exact.get(), log_gamma.get(), MPFR_RNDN);
    const double factorial_error = relative_or_absolute_error(core::log_factorial(x), exact);

    // log Gamma(x) - ((x - 1/2) log x - x + log(2 pi) / 2)
    mpfr_set_d(factor.get(), x, MPFR_RNDN);
    mpfr_sub_d(factor.get(), factor.get(), 0.5, MPFR_RNDN);
    exact.set(mpfr_log, x);
    mpfr_mul(exact.get(), exact.get(), factor.get(), MPFR_RNDN);
    mpfr_sub_d(exact.get(), exact.get(), x, MPFR_RNDN);
    mpfr_add(exact.get(), exact.get(), log_sqrt_two_pi.get(), MPFR_RNDN);
    mpfr_sub(exact.get(), log_gamma.get(), exact.get(), MPFR_RNDN);
    mpfr_sub_d(exact.get(), exact.get(), core::stirling_error(x), MPFR_RNDN);
    return std::array{std::fabs(mpfr_get_d(exact.get(), MPFR_RNDN)), factorial_error, gamma_error};
  };

  expect_errors_within({{"stirling_error, absolute", stirling_bound},
                        {"log_factorial, relative", log_factorial_bound},
                        {"log_gamma, relative", log_gamma_bound}},
                       samples(points(), draw), errors_at);
}

TEST(special_of_double, log_gamma_below_1_and_far_above_is_within_its_bound_of_mpfr) {
  exact_number exact;
  const auto draw = [](number_source& source, std::uint64_t i) {
    return i % 4 == 0   ? source.uniform(0, 1)
           : i % 4 == 1 ? source.uniform(0.9, 2.1)
           : i % 4 == 2 ? std::fabs(source.any_magnitude(-1074, 0))
                        : std::fabs(source.any_magnitude(53, 1000));
  };
  const auto errors_at = [&](double x) {
    exact.set(mpfr_lngamma, x);
    const double gamma_error = relative_or_absolute_error(core::log_gamma(x), exact);
    if (x > 3) return std::array{gamma_error, 0.0};
    mpfr_set_d(exact.get(), x, MPFR_RNDN);
    mpfr_add_ui(exact.get(), exact.get(), 1, MPFR_RNDN);
    mpfr_lngamma(exact.get(), exact.get(), MPFR_RNDN);
    return std::array{gamma_error, relative_or_absolute_error(core::log_factorial(x), exact)};
  };

  expect_errors_within({{"log_gamma, relative", log_gamma_bound}, {"log_factorial", log_factorial_bound}},
                       samples(points() / 4, draw), errors_at);
}

TEST(special_of_double, digamma_is_within_its_bound_of_mpfr) {
  const double root = 1.4616321449683622;
  exact_number exact(192);
  const auto draw = [&](number_source& source, std::uint64_t i) {
    return i % 8 == 0   ? source.uniform(0, 1)
           : i % 8 == 1 ? source.uniform(1, 2)
           : i % 8 == 2 ? source.uniform(2, 4)
           : i % 8 == 3 ? root + source.any_magnitude(-51, -5)
           : i % 8 == 4 ? 0.5 * static_cast<double>(source.bits() % 1000 + 1)
           : i % 8 == 5 ? source.uniform(1.9, 2.1)
           : i % 8 == 6 ? std::fabs(source.any_magnitude(-1023, 0))
                        : std::fabs(source.any_magnitude(2, 1023));
  };

  expect_error_within({"digamma", digamma_bound}, samples(points() / 4, draw), [&](double x) {
    exact.set(mpfr_digamma, x);
    return exact.error_of(core::digamma(x));
  });
}

TEST(special_of_double, deviance_is_within_its_bound_of_mpfr) {
  struct count {
    double x;
    double mean;
    explicit operator double() const { return mean / x; }
  };
  exact_number exact(256);
  const auto draw = [](number_source& source, std::uint64_t i) {
    const double scale = std::fabs(source.any_magnitude(0, 53));
    const double x = i % 2 == 0 ? std::trunc(scale) : scale;
    const double m = i % 8 < 2   ? x * source.uniform(0.3, 3)
                     : i % 8 < 4 ? x + source.any_magnitude(-60, 1) * std::sqrt(x)
                     : i % 8 < 6 ? x * std::fabs(source.any_magnitude(-30, 30))
                                 : std::nextafter(x, infinity<double>);
    return count{x, m};
  };

  expect_error_within({"deviance, at m / x", deviance_bound}, samples(points(), draw), [&](const count& at) {
    if (!(at.mean > 0)) return 0.0;
    mpfr_set_d(exact.get(), at.x, MPFR_RNDN);
    mpfr_div_d(exact.get(), exact.get(), at.mean, MPFR_RNDN);
    mpfr_log(exact.get(), exact.get(), MPFR_RNDN);
    mpfr_mul_d(exact.get(), exact.get(), at.x, MPFR_RNDN);
    mpfr_add_d(exact.get(), exact.get(), at.mean, MPFR_RNDN);
    mpfr_sub_d(exact.get(), exact.get(), at.x, MPFR_RNDN);
    return exact.error_of(core::deviance(at.x, at.mean));
  });
}

TEST(special_of_float, log1p_is_within_its_bound_of_double) {
  expect_error_within({"log1pf", log1p_bound}, floats, [](float x) {
    if (std::isnan(x) || x < -1) {
      EXPECT_TRUE(std::isnan(core::log1p(x)));
      return 0.0;
    }
    return error_in_float_ulp(core::log1p(x), std::log1p(static_cast<double>(x)));
  });
}

TEST(special_of_float, expm1_and_atan_are_within_their_bounds_of_double) {
  expect_errors_within({{"expm1f", expm1_bound}, {"atanf", atan_bound}}, floats, [](float x) {
    if (std::isnan(x)) {
      EXPECT_TRUE(std::isnan(core::expm1(x)));
      EXPECT_TRUE(std::isnan(core::atan(x)));
      return std::array{0.0, 0.0};
    }
    const double wide = x;
    return std::array{error_in_float_ulp(core::expm1(x), std::expm1(wide)),
                      error_in_float_ulp(core::atan(x), std::atan(wide))};
  });
}

TEST(special_of_float, log1pmx_is_within_its_bound_of_double) {
  expect_error_within({"log1pmxf", log1pmx_bound}, floats, [](float t) {
    if (!(t > -1 && std::fabs(t) >= 0x1p-60f && t < infinity<float>)) return 0.0;
    return error_in_float_ulp(core::log1pmx(t), core::log1pmx(static_cast<double>(t)));
  });
}

TEST(special_of_float, normal_quantile_is_within_its_bound_of_double) {
  expect_error_within({"normal_quantilef", quantile_bound}, floats, [](float p) {
    if (!(p >= 0x1p-40f && p < 1)) return 0.0;
    return error_in_float_ulp(core::normal_quantile(p), core::normal_quantile(static_cast<double>(p)));
  });
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
      EXPECT_TRUE(std::isnan(core::digamma(x)));
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

TEST(special_of_double, digamma_of_special_values) {
  EXPECT_DOUBLE_EQ(core::digamma(1.0), -0.5772156649015329);
  EXPECT_DOUBLE_EQ(core::digamma(2.0), 1 - 0.5772156649015329);
  EXPECT_TRUE(same_bits(core::digamma(0.0), -infinity<double>));
  EXPECT_TRUE(same_bits(core::digamma(-0.0), infinity<double>));
  EXPECT_TRUE(same_bits(core::digamma(std::numeric_limits<double>::denorm_min()), -infinity<double>));
  EXPECT_TRUE(same_bits(core::digamma(std::numeric_limits<double>::min()), -0x1p1022));
  EXPECT_TRUE(same_bits(core::digamma(infinity<double>), infinity<double>));
  EXPECT_TRUE(
      same_bits(core::digamma(std::numeric_limits<double>::max()), core::log(std::numeric_limits<double>::max())));
  EXPECT_TRUE(std::isnan(core::digamma(-std::numeric_limits<double>::denorm_min())));
  EXPECT_TRUE(std::isnan(core::digamma(-0.5)));
  EXPECT_TRUE(std::isnan(core::digamma(-infinity<double>)));
}

TEST(special_of_double, digamma_rises_across_the_ends_of_its_parts) {
  for (const double centre : {1.0, 2.0}) {
    double previous = -infinity<double>;
    for (const double x : neighbourhood(centre)) {
      const double y = core::digamma(x);
      EXPECT_LE(previous, y + 0x1p-53) << x;
      previous = y;
    }
  }
}

TEST(special_of_double, digamma_changes_sign_between_the_doubles_around_its_root) {
  const double below_root = 0x1.762d86356be3fp+0;

  EXPECT_LT(core::digamma(below_root), 0);
  EXPECT_GT(core::digamma(std::nextafter(below_root, 2)), 0);
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
