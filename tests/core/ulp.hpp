// What the tests of accuracy share: numbers to test with, exact results, and errors in ulp.
//
// The functions of double are measured against MPFR in SAMEBITS_ULP_POINTS points each (200,000 unless set; the figures
// in the headers are for 10,000,000). The functions of float are measured against double in every float if
// SAMEBITS_EXHAUSTIVE=1, otherwise in every 4099th.
#pragma once

#include <gtest/gtest.h>
#include <mpfr.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "cpu/pack.hpp"
#include "samebits/core/math.hpp"

namespace samebits::ulp {

using core::store;  // for scalars; that of a pack is found beside its type

template <class T>
constexpr T infinity = std::numeric_limits<T>::infinity();
template <class T>
constexpr T nan_of = std::numeric_limits<T>::quiet_NaN();

inline std::uint64_t points() {
  const char* text = std::getenv("SAMEBITS_ULP_POINTS");
  return text == nullptr ? 200000 : std::strtoull(text, nullptr, 10);
}

inline std::uint32_t float_stride() {
  const char* text = std::getenv("SAMEBITS_EXHAUSTIVE");
  return text != nullptr && std::string(text) == "1" ? 1 : 4099;
}

/// Numbers to test with: splitmix64 (G. Steele et al., OOPSLA 2014).
class number_source {
 public:
  std::uint64_t bits() {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  double uniform(double low, double high) { return low + (high - low) * (static_cast<double>(bits() >> 11) * 0x1p-53); }
  /// Every bit pattern of a positive, finite number equally likely.
  double positive_finite() { return std::bit_cast<double>(bits() % std::bit_cast<std::uint64_t>(infinity<double>)); }
  /// Uniform in the logarithm, with either sign: 2^low <= |x| < 2^high.
  double any_magnitude(int low, int high) {
    const int exponent = low + static_cast<int>(bits() % static_cast<std::uint64_t>(high - low));
    const double x = std::ldexp(uniform(1, 2), exponent);
    return (bits() & 1) == 0 ? x : -x;
  }

 private:
  std::uint64_t state_ = 1;
};

/// The largest error seen so far, and where.
struct worst_case {
  double ulp = 0;
  double x = 0;

  void add(double error, double at) {
    if (!(error <= ulp)) {
      ulp = error;
      x = at;
    }
  }
  std::string text() const {
    std::ostringstream out;
    out << ulp << " ulp at " << std::hexfloat << x;
    return out.str();
  }
};

/// A number of MPFR, with more than twice the digits of a double unless more are asked for.
class exact_number {
 public:
  explicit exact_number(mpfr_prec_t bits = 128) { mpfr_init2(value_, bits); }
  exact_number(const exact_number&) = delete;
  exact_number& operator=(const exact_number&) = delete;
  ~exact_number() { mpfr_clear(value_); }

  using function = int (*)(mpfr_ptr, mpfr_srcptr, mpfr_rnd_t);

  void set(function f, double x) {
    mpfr_set_d(value_, x, MPFR_RNDN);
    f(value_, value_, MPFR_RNDN);
  }

  mpfr_ptr get() { return value_; }

  /// |computed - this| in ulp of this. Not for results that are subnormal.
  double error_of(double computed) {
    if (mpfr_zero_p(value_) || !std::isfinite(computed)) {
      return computed == mpfr_get_d(value_, MPFR_RNDN) ? 0 : infinity<double>;
    }
    const auto ulp_exponent = mpfr_get_exp(value_) - 53;
    mpfr_sub_d(value_, value_, computed, MPFR_RNDN);
    mpfr_mul_2si(value_, value_, -ulp_exponent, MPFR_RNDN);
    return std::fabs(mpfr_get_d(value_, MPFR_RNDN));
  }

 private:
  mpfr_t value_;
};

/// |computed - exact| in ulp of `exact`, which a double holds with some thirty bits to spare.
inline double error_in_float_ulp(float computed, double exact) {
  if (exact == 0 || !std::isfinite(computed)) {
    return computed == static_cast<float>(exact) ? 0 : infinity<double>;
  }
  return std::fabs(computed - exact) * std::ldexp(1.0, 23 - std::ilogb(exact));
}

// ---- the search for the largest error ----------------------------------------------------------------------------

/// Visits n numbers: draw(source, i) for i = 0, 1, ..., from a source of its own.
template <class Draw>
auto samples(std::uint64_t n, Draw draw) {
  return [n, draw](const auto& visit) {
    number_source source;
    for (std::uint64_t i = 0; i < n; ++i) visit(draw(source, i));
  };
}

/// Visits every float, or a sample of them.
inline constexpr auto floats = [](const auto& visit) {
  const std::uint32_t stride = float_stride();
  for (std::uint64_t bits = 0; bits < 0x100000000; bits += stride) {
    visit(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  }
};

/// A function under test, and what its error must not exceed.
struct bounded {
  const char* name;
  double bound;
};

/// Prints the largest error of each function over the numbers, and where; expects it within its bound.
///
/// @param errors_at  from a number to the error of each function there
template <std::size_t N, class Numbers, class Errors>
void expect_errors_within(const bounded (&functions)[N], const Numbers& numbers, const Errors& errors_at) {
  std::array<worst_case, N> worst;
  numbers([&](const auto& x) {
    const std::array<double, N> errors = errors_at(x);
    for (std::size_t i = 0; i < N; ++i) worst[i].add(errors[i], static_cast<double>(x));
  });
  for (std::size_t i = 0; i < N; ++i) {
    std::cout << functions[i].name << ": " << worst[i].text() << '\n';
    EXPECT_LE(worst[i].ulp, functions[i].bound) << functions[i].name;
  }
}

/// The same for one function.
template <class Numbers, class Error>
void expect_error_within(const bounded& function, const Numbers& numbers, const Error& error_at) {
  expect_errors_within({function}, numbers, [&](const auto& x) { return std::array<double, 1>{error_at(x)}; });
}

// ---- numbers, lanes, bits ----------------------------------------------------------------------------------------

/// The neighbours of x, in increasing order.
template <class T>
std::vector<T> neighbourhood(T x) {
  constexpr int reach = 500;
  for (int i = 0; i < reach; ++i) x = std::nextafter(x, -infinity<T>);
  std::vector<T> values;
  for (int i = 0; i < 2 * reach; ++i) {
    values.push_back(x);
    x = std::nextafter(x, infinity<T>);
  }
  return values;
}

/// Calls f with one lane after another set to x, the others to `other`; returns the lane's results.
template <class T, class Function>
std::vector<T> in_each_lane(T x, T other, Function f) {
  using V = core::pack<T>;
  constexpr std::size_t width = core::value_traits<V>::width;
  std::vector<T> results;
  for (std::size_t lane = 0; lane < width; ++lane) {
    std::array<T, width> values;
    values.fill(other);
    values[lane] = x;
    store(values.data(), f(core::load<V>(values.data())));
    results.push_back(values[lane]);
  }
  return results;
}

/// Equal bits, where all NaNs count as one.
template <class T>
bool same_bits(T a, T b) {
  return (std::isnan(a) && std::isnan(b)) || core::to_bits(a) == core::to_bits(b);
}

}  // namespace samebits::ulp
