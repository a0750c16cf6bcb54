// Accuracy and special values of core/math.hpp.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "cpu/pack.hpp"
#include "samebits/core/math.hpp"
#include "tests/core/ulp.hpp"

namespace {

namespace core = samebits::core;
using namespace samebits::ulp;

// The documented bounds. The measured maxima are in math.hpp.
constexpr double exp_bound = 0.95;
constexpr double log_bound = 0.85;
constexpr double sin_bound = 1.0;
constexpr double cos_bound = 0.9;
constexpr float exp_lowest = -87.328125f;

template <class T>
class math : public testing::Test {};
using formats = testing::Types<double, float>;
TYPED_TEST_SUITE(math, formats);

// ---- accuracy ----------------------------------------------------------------------------------------------------

TEST(math_of_double, exp_is_within_its_bound_of_mpfr) {
  exact_number exact;
  const auto draw = [](number_source& source, std::uint64_t i) {
    return i % 4 == 0   ? source.uniform(-708, 709.782712893384)
           : i % 4 == 1 ? source.uniform(-1, 1)
           : i % 4 == 2 ? source.uniform(-40, 0)
                        : source.any_magnitude(-60, 9);
  };

  expect_error_within({"exp", exp_bound}, samples(points(), draw), [&](double x) {
    exact.set(mpfr_exp, x);
    return exact.error_of(core::exp(x));
  });
}

TEST(math_of_double, log_is_within_its_bound_of_mpfr) {
  exact_number exact;
  const auto draw = [](number_source& source, std::uint64_t i) {
    return i % 4 == 0   ? source.positive_finite()
           : i % 4 == 1 ? source.uniform(0.5, 3)
           : i % 4 == 2 ? source.uniform(0.95, 1.05)
                        : std::fabs(source.any_magnitude(-1074, -1022));
  };

  expect_error_within({"log", log_bound}, samples(points(), draw), [&](double x) {
    exact.set(mpfr_log, x);
    return exact.error_of(core::log(x));
  });
}

TEST(math_of_double, sincospi_is_within_its_bounds_of_mpfr) {
  exact_number exact_s, exact_c;
  const auto draw = [](number_source& source, std::uint64_t i) {
    return i % 2 == 0   ? source.uniform(0, 2)
           : i % 4 == 1 ? source.any_magnitude(-60, 50)
                        : source.any_magnitude(-1023, 0);
  };

  expect_errors_within({{"sinpi", sin_bound}, {"cospi", cos_bound}}, samples(points(), draw), [&](double x) {
    double s, c;
    core::sincospi(x, s, c);
    exact_s.set(mpfr_sinpi, x);
    exact_c.set(mpfr_cospi, x);
    return std::array{exact_s.error_of(s), exact_c.error_of(c)};
  });
}

TEST(math_of_float, exp_is_within_its_bound_of_double) {
  expect_error_within({"expf", exp_bound}, floats, [](float x) {
    const float y = core::exp(x);
    if (std::isnan(x)) {
      EXPECT_TRUE(std::isnan(y));
      return 0.0;
    }
    return error_in_float_ulp(y, x < exp_lowest ? 0.0 : std::exp(static_cast<double>(x)));
  });
}

TEST(math_of_float, log_is_within_its_bound_of_double) {
  expect_error_within({"logf", log_bound}, floats, [](float x) {
    const float y = core::log(x);
    if (std::isnan(x) || x < 0) {
      EXPECT_TRUE(std::isnan(y));
      return 0.0;
    }
    return error_in_float_ulp(y, std::log(static_cast<double>(x)));
  });
}

TEST(math_of_float, sincospi_is_within_its_bounds_of_double) {
  expect_errors_within({{"sinpif", sin_bound}, {"cospif", cos_bound}}, floats, [](float x) {
    if (!(std::fabs(x) <= 0x1p21f)) return std::array{0.0, 0.0};
    float s, c;
    double exact_s, exact_c;
    core::sincospi(x, s, c);
    core::sincospi(static_cast<double>(x), exact_s, exact_c);
    const bool subnormal = x != 0 && std::fabs(exact_s) < std::numeric_limits<float>::min();
    return std::array{subnormal ? 0.0 : error_in_float_ulp(s, exact_s), error_in_float_ulp(c, exact_c)};
  });
}

// ---- special values ----------------------------------------------------------------------------------------------

TYPED_TEST(math, exp_of_special_values) {
  using T = TypeParam;

  EXPECT_TRUE(same_bits(core::exp(T(0)), T(1)));
  EXPECT_TRUE(same_bits(core::exp(T(-0.0)), T(1)));
  EXPECT_TRUE(same_bits(core::exp(std::numeric_limits<T>::denorm_min()), T(1)));
  EXPECT_TRUE(same_bits(core::exp(-infinity<T>), T(0)));
  EXPECT_TRUE(same_bits(core::exp(std::numeric_limits<T>::lowest()), T(0)));
  EXPECT_TRUE(same_bits(core::exp(infinity<T>), infinity<T>));
  EXPECT_TRUE(same_bits(core::exp(std::numeric_limits<T>::max()), infinity<T>));
}

TYPED_TEST(math, log_of_special_values) {
  using T = TypeParam;

  EXPECT_TRUE(same_bits(core::log(T(1)), T(0)));
  EXPECT_TRUE(same_bits(core::log(T(0)), -infinity<T>));
  EXPECT_TRUE(same_bits(core::log(T(-0.0)), -infinity<T>));
  EXPECT_TRUE(same_bits(core::log(infinity<T>), infinity<T>));
  EXPECT_TRUE(std::isnan(core::log(-infinity<T>)));
  EXPECT_TRUE(std::isnan(core::log(T(-1))));
  EXPECT_TRUE(std::isnan(core::log(-std::numeric_limits<T>::denorm_min())));
}

TYPED_TEST(math, every_kind_of_nan_stays_a_nan) {
  using T = TypeParam;
  using bits = core::bits_t<T>;
  const bits quiet = core::to_bits(infinity<T>) | core::to_bits(nan_of<T>);
  const bits sign = core::math_constants<T>::sign_mask;
  const bits payload = core::math_constants<T>::mantissa_mask;

  for (const bits u : {quiet, quiet | sign, quiet | payload, quiet | payload | sign, quiet | bits(5)}) {
    const T x = core::from_bits(u);
    T s, c;
    core::sincospi(x, s, c);
    EXPECT_TRUE(std::isnan(core::exp(x)));
    EXPECT_TRUE(std::isnan(core::log(x)));
    EXPECT_TRUE(std::isnan(s));
    EXPECT_TRUE(std::isnan(c));
  }
}

TYPED_TEST(math, sincospi_of_infinity_is_nan) {
  using T = TypeParam;

  for (const T x : {infinity<T>, -infinity<T>}) {
    T s, c;
    core::sincospi(x, s, c);
    EXPECT_TRUE(std::isnan(s));
    EXPECT_TRUE(std::isnan(c));
  }
}

TYPED_TEST(math, sincospi_is_exact_at_quarter_turns) {
  using T = TypeParam;
  const std::array<T, 4> sine = {0, 1, 0, -1};
  const std::array<T, 4> cosine = {1, 0, -1, 0};

  for (int quarter = -1000; quarter <= 1000; ++quarter) {
    T s, c;
    core::sincospi(T(0.5) * static_cast<T>(quarter), s, c);
    EXPECT_EQ(s, sine[static_cast<std::size_t>(quarter) % 4]);
    EXPECT_EQ(c, cosine[static_cast<std::size_t>(quarter) % 4]);
  }
}

TYPED_TEST(math, sinpi_of_zero_keeps_its_sign) {
  using T = TypeParam;

  for (const T x : {T(0), T(-0.0)}) {
    T s, c;
    core::sincospi(x, s, c);
    EXPECT_TRUE(same_bits(s, x));
    EXPECT_TRUE(same_bits(c, T(1)));
  }
}

// ---- limits ------------------------------------------------------------------------------------------------------

TYPED_TEST(math, exp_rises_across_its_limits_and_is_never_subnormal) {
  using T = TypeParam;
  const bool wide = sizeof(T) == 8;

  for (const T centre : {wide ? T(-708) : T(exp_lowest), T(-1), T(1), wide ? T(709.782712893384) : T(88.72283)}) {
    T previous = 0;
    for (const T x : neighbourhood(centre)) {
      const T y = core::exp(x);
      EXPECT_LE(previous, y) << x;
      EXPECT_TRUE(y == 0 || y >= std::numeric_limits<T>::min()) << x;
      previous = y;
    }
  }
}

TEST(math_of_double, exp_is_zero_below_minus_708_and_infinite_above_709_782712893384) {
  EXPECT_GT(core::exp(-708.0), 0);
  EXPECT_EQ(core::exp(std::nextafter(-708.0, -infinity<double>)), 0);
  EXPECT_LT(core::exp(709.782712893384), infinity<double>);
  EXPECT_EQ(core::exp(std::nextafter(709.782712893384, infinity<double>)), infinity<double>);
}

TEST(math_of_float, exp_is_zero_below_its_limit_and_infinite_where_the_true_value_overflows) {
  EXPECT_GT(core::exp(exp_lowest), 0);
  EXPECT_EQ(core::exp(std::nextafter(exp_lowest, -infinity<float>)), 0);
  EXPECT_LT(core::exp(0x1.62e42ep6f), infinity<float>);
  EXPECT_EQ(core::exp(0x1.62e43p6f), infinity<float>);
}

TYPED_TEST(math, log_rises_across_the_ends_of_its_interval_and_the_subnormal_numbers) {
  using T = TypeParam;

  for (const T centre : {T(0.6875), T(1), T(1.375), T(2.75), std::numeric_limits<T>::min()}) {
    T previous = -infinity<T>;
    for (const T x : neighbourhood(centre)) {
      const T y = core::log(x);
      EXPECT_LE(previous, y) << x;
      previous = y;
    }
  }
}

// ---- one formula -------------------------------------------------------------------------------------------------

TYPED_TEST(math, exp_nonpositive_has_the_bits_of_exp) {
  using T = TypeParam;
  number_source source;

  for (int i = 0; i < 100000; ++i) {
    const T x = static_cast<T>(i % 2 == 0 ? source.uniform(-720, 0) : -std::fabs(source.any_magnitude(-1074, 100)));
    ASSERT_TRUE(same_bits(core::exp_nonpositive(x), core::exp(x))) << x;
  }
  EXPECT_TRUE(same_bits(core::exp_nonpositive(T(0)), T(1)));
  EXPECT_TRUE(same_bits(core::exp_nonpositive(T(-0.0)), T(1)));
  EXPECT_TRUE(same_bits(core::exp_nonpositive(-infinity<T>), T(0)));
}

TYPED_TEST(math, log_normal_has_the_bits_of_log) {
  using T = TypeParam;
  using bits = core::bits_t<T>;
  number_source source;
  const bits first = core::to_bits(std::numeric_limits<T>::min());
  const bits count = core::to_bits(infinity<T>) - first;

  for (int i = 0; i < 100000; ++i) {
    const T x = core::from_bits(first + static_cast<bits>(source.bits() % count));
    ASSERT_TRUE(same_bits(core::log_normal(x), core::log(x))) << x;
  }
  EXPECT_TRUE(same_bits(core::log_normal(std::numeric_limits<T>::min()), core::log(std::numeric_limits<T>::min())));
  EXPECT_TRUE(same_bits(core::log_normal(std::numeric_limits<T>::max()), core::log(std::numeric_limits<T>::max())));
}

TYPED_TEST(math, each_lane_of_a_pack_has_the_bits_of_the_scalar) {
  using T = TypeParam;
  using bits = core::bits_t<T>;
  using V = core::pack<T>;
  number_source source;
  const auto sine = [](V x) {
    V s, c;
    core::sincospi(x, s, c);
    return s;
  };
  const auto cosine = [](V x) {
    V s, c;
    core::sincospi(x, s, c);
    return c;
  };
  const T nothing = 0;

  for (int i = 0; i < 20000; ++i) {
    const T x = i % 2 == 0 ? core::from_bits(static_cast<bits>(source.bits())) : T(source.uniform(-100, 100));
    T s, c;
    core::sincospi(x, s, c);
    for (const T y : in_each_lane(x, nothing, [](V v) { return core::exp(v); })) {
      ASSERT_TRUE(same_bits(y, core::exp(x))) << x;
    }
    for (const T y : in_each_lane(x, nothing, [](V v) { return core::log(v); })) {
      ASSERT_TRUE(same_bits(y, core::log(x))) << x;
    }
    for (const T y : in_each_lane(x, nothing, sine)) ASSERT_TRUE(same_bits(y, s)) << x;
    for (const T y : in_each_lane(x, nothing, cosine)) ASSERT_TRUE(same_bits(y, c)) << x;
  }
}

}  // namespace
