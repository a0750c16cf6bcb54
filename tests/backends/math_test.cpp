// Elementary functions over arrays, on every backend.
#include "samebits/math.hpp"

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <span>

#include "samebits/core/math.hpp"
#include "tests/backends/backend_test.hpp"

namespace samebits::tests {
namespace {

using math = backend_test;
SAMEBITS_ON_EVERY_BACKEND(math);

struct function {
  const char* name;
  void (*map)(const context&, std::span<const double>, std::span<double>);
  double (*scalar)(double);
};

constexpr function functions[] = {
    {"exp", samebits::exp, [](double x) { return core::exp(x); }},
    {"log", samebits::log, [](double x) { return core::log(x); }},
};

/// A NaN equals a NaN: its payload is not promised.
bool same_value(double a, double b) {
  return (std::isnan(a) && std::isnan(b)) || std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

void expect_elementwise(const context& ctx, const std::vector<double>& x) {
  for (const function& f : functions) {
    std::vector<double> y(x.size());

    f.map(ctx, x, y);

    for (std::size_t i = 0; i < x.size(); ++i) {
      ASSERT_TRUE(same_value(y[i], f.scalar(x[i]))) << f.name << '(' << x[i] << ") is " << y[i];
    }
  }
}

TEST_P(math, equals_the_scalar_formula_at_special_values) {
  using limits = std::numeric_limits<double>;
  std::vector<double> x;
  for (const double value : {0.0, 1.0, 0.5, 2.0, 0.6875, 1.375, 708.0, 709.782712893384, 745.2, 1e300, limits::min(),
                             limits::max(), limits::denorm_min(), limits::epsilon(), limits::infinity()}) {
    for (const double neighbour :
         {value, std::nextafter(value, -limits::infinity()), std::nextafter(value, limits::infinity())}) {
      x.push_back(neighbour);
      x.push_back(-neighbour);
    }
  }
  x.push_back(limits::quiet_NaN());

  expect_elementwise(ctx(), x);
}

TEST_P(math, equals_the_scalar_formula_at_any_bit_pattern) {
  std::mt19937_64 bits(1);
  std::vector<double> x(is_emulated() ? 10'000 : 200'003);
  for (double& value : x) {
    value = std::bit_cast<double>(bits());
  }

  expect_elementwise(ctx(), x);
}

TEST_P(math, equals_the_scalar_formula_in_the_range_of_exp) {
  std::mt19937_64 bits(2);
  std::vector<double> x(is_emulated() ? 10'000 : 200'003);
  for (double& value : x) {
    value = static_cast<double>(static_cast<std::int64_t>(bits())) * 0x1p-53;
  }

  expect_elementwise(ctx(), x);
}

TEST_P(math, takes_any_number_of_elements) {
  for (const std::size_t n : {0u, 1u, 2u, 3u, 7u, 8u, 9u, 15u, 16u, 17u, 32'767u, 32'768u, 32'769u}) {
    std::vector<double> x(n);
    for (std::size_t i = 0; i < n; ++i) {
      x[i] = 0.001 * static_cast<double>(i + 1);
    }

    expect_elementwise(ctx(), x);
  }
}

TEST_P(math, leaves_what_lies_behind_the_result_alone) {
  for (const function& f : functions) {
    std::vector<double> x(24, 1.0);

    f.map(ctx(), std::span(x).first(9), std::span(x).first(9));

    EXPECT_EQ(std::vector(x.begin() + 9, x.end()), std::vector(15, 1.0)) << f.name;
  }
}

TEST_P(math, works_in_place) {
  for (const function& f : functions) {
    const std::vector<double> x = {0.25, 0.5, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    std::vector<double> apart(x.size());
    std::vector<double> in_place = x;

    f.map(ctx(), x, apart);
    f.map(ctx(), in_place, in_place);

    EXPECT_EQ(in_place, apart) << f.name;
  }
}

TEST_P(math, has_the_same_bits_on_any_number_of_threads) {
  for (const function& f : functions) {
    std::vector<double> x(is_emulated() ? 40'000 : 200'003);
    for (std::size_t i = 0; i < x.size(); ++i) {
      x[i] = 1e-3 * static_cast<double>(i + 1);
    }
    std::vector<double> serial(x.size());
    f.map(on_threads(1), x, serial);

    for (const int n_threads : {2, 3, 8}) {
      std::vector<double> parallel(x.size());
      f.map(on_threads(n_threads), x, parallel);

      EXPECT_EQ(parallel, serial) << f.name << " on " << n_threads << " threads";
    }
  }
}

TEST_P(math, refuses_arrays_of_two_sizes) {
  std::vector<double> in(3);
  std::vector<double> out(2);

  EXPECT_EQ(error_of<invalid_argument>([&] { samebits::exp(ctx(), in, out); }), "exp: in has 3 elements but out has 2");
  EXPECT_EQ(error_of<invalid_argument>([&] { samebits::log(ctx(), in, out); }), "log: in has 3 elements but out has 2");
}

}  // namespace
}  // namespace samebits::tests
