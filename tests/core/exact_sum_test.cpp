// Exact sums against MPFR, with so many bits that it rounds nothing either.
#include "samebits/core/exact_sum.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <random>
#include <type_traits>

#include "tests/core/ulp.hpp"

namespace samebits::tests {
namespace {

using limits = std::numeric_limits<double>;
using ulp::number_source;

constexpr double largest = limits::max();
constexpr double tiny = limits::denorm_min();

static_assert(std::is_trivially_copyable_v<core::exact_sum>);
static_assert(sizeof(core::exact_sum) == 8 * 136);

// ---- the oracle ----------------------------------------------------------------------------------------------------

/// A sum with room for every bit.
class wide_sum {
 public:
  wide_sum() {
    for (const mpfr_ptr number : {value_, factor_, product_, distance_}) {
      mpfr_init2(number, 4600);
      mpfr_set_zero(number, 1);
    }
  }
  ~wide_sum() {
    for (const mpfr_ptr number : {value_, factor_, product_, distance_}) {
      mpfr_clear(number);
    }
  }
  wide_sum(const wide_sum&) = delete;
  wide_sum& operator=(const wide_sum&) = delete;

  void add(double x) { EXPECT_EQ(mpfr_add_d(value_, value_, x, MPFR_RNDN), 0) << "the oracle rounds"; }
  void add_product(double x, double y) {
    mpfr_set_d(factor_, x, MPFR_RNDN);
    EXPECT_EQ(mpfr_mul_d(product_, factor_, y, MPFR_RNDN), 0) << "the oracle rounds";
    EXPECT_EQ(mpfr_add(value_, value_, product_, MPFR_RNDN), 0) << "the oracle rounds";
  }

  double rounded() const { return mpfr_zero_p(value_) != 0 ? 0.0 : mpfr_get_d(value_, MPFR_RNDN); }

  /// True where no finite double is nearer to value / n, and of two equally near ones this is the even one.
  bool has_mean(double mean, std::int64_t n) {
    const bool is_even = (core::to_bits(mean) & 1) == 0;
    return std::isfinite(mean) && is_as_near(mean, std::nextafter(mean, limits::infinity()), n, is_even) &&
           is_as_near(mean, std::nextafter(mean, -limits::infinity()), n, is_even);
  }

 private:
  /// |a n - value| against |b n - value|.
  bool is_as_near(double a, double b, std::int64_t n, bool wins_ties) {
    if (std::isinf(b)) {
      return true;
    }
    distance_to(product_, a, n);
    distance_to(distance_, b, n);
    const int order = mpfr_cmpabs(product_, distance_);
    return wins_ties ? order <= 0 : order < 0;
  }
  void distance_to(mpfr_ptr distance, double x, std::int64_t n) {
    mpfr_set_d(distance, x, MPFR_RNDN);
    EXPECT_EQ(mpfr_mul_si(distance, distance, n, MPFR_RNDN), 0) << "the oracle rounds";
    EXPECT_EQ(mpfr_sub(distance, distance, value_, MPFR_RNDN), 0) << "the oracle rounds";
  }

  mpfr_t value_;
  mpfr_t factor_;
  mpfr_t product_;
  mpfr_t distance_;
};

// ---- sums in every way ---------------------------------------------------------------------------------------------

using numbers = std::vector<double>;

core::exact_sum empty() {
  core::exact_sum sum;
  sum.clear();
  return sum;
}

core::exact_sum one_by_one(const numbers& x) {
  core::exact_sum sum = empty();
  for (const double value : x) {
    sum.add(value);
  }
  return sum;
}

core::exact_sum in_blocks(const numbers& x) {
  core::exact_sum sum = empty();
  core::add_numbers<double>(sum, core::exact_array{x.data()}, std::ssize(x));
  return sum;
}

core::exact_sum products_one_by_one(const numbers& x, const numbers& y) {
  core::exact_sum sum = empty();
  for (std::size_t i = 0; i < x.size(); ++i) {
    sum.add_product(x[i], y[i]);
  }
  return sum;
}

core::exact_sum products_in_blocks(const numbers& x, const numbers& y) {
  core::exact_sum sum = empty();
  core::add_products<double>(sum, core::exact_array{x.data()}, core::exact_array{y.data()}, std::ssize(x));
  return sum;
}

bool same_bytes(core::exact_sum a, core::exact_sum b) {
  a.normalise();
  b.normalise();
  return std::memcmp(&a, &b, sizeof a) == 0;
}

std::uint64_t bits(double x) { return core::to_bits(x); }

/// Compares every way of adding x up, in this order and backwards, with the oracle.
void expect_exact(const numbers& x) {
  wide_sum oracle;
  for (const double value : x) {
    oracle.add(value);
  }
  const core::exact_sum sum = one_by_one(x);

  EXPECT_EQ(bits(sum.rounded()), bits(oracle.rounded())) << sum.rounded() << " of " << x.size();
  EXPECT_TRUE(same_bytes(sum, in_blocks(x))) << "in blocks, of " << x.size();
  EXPECT_TRUE(same_bytes(sum, in_blocks(numbers(x.rbegin(), x.rend())))) << "backwards, of " << x.size();
  if (!x.empty() && std::isfinite(sum.rounded())) {
    EXPECT_TRUE(oracle.has_mean(sum.mean(std::ssize(x)), std::ssize(x))) << sum.mean(std::ssize(x));
  }
}

void expect_exact_products(const numbers& x, const numbers& y) {
  wide_sum oracle;
  for (std::size_t i = 0; i < x.size(); ++i) {
    oracle.add_product(x[i], y[i]);
  }
  const core::exact_sum sum = products_one_by_one(x, y);

  EXPECT_EQ(bits(sum.rounded()), bits(oracle.rounded())) << sum.rounded() << " of " << x.size();
  EXPECT_TRUE(same_bytes(sum, products_in_blocks(x, y))) << "in blocks, of " << x.size();
}

numbers drawn(std::size_t n, const std::function<double()>& draw) {
  numbers x(n);
  std::generate(x.begin(), x.end(), draw);
  return x;
}

constexpr std::size_t sizes[] = {0, 1, 2, 3, 4, 5, 31, 32, 33, 1023, 1024, 1025, 1028, 2047, 2048, 3001};

// ---- numbers of every kind -----------------------------------------------------------------------------------------

TEST(exact_sum, is_that_of_mpfr_for_numbers_of_any_magnitude) {
  number_source source;
  for (const std::size_t n : sizes) {
    for (const int width : {1, 20, 30, 34, 38, 70, 110, 200}) {
      for (const int low : {-1074, -1030, -600, -1, 400, 823}) {
        expect_exact(drawn(n, [&] { return source.any_magnitude(low, low + width); }));
      }
    }
    expect_exact(drawn(n, [&] { return source.any_magnitude(-1074, 1024); }));
    expect_exact(drawn(n, [&] { return source.uniform(-1, 1); }));
    expect_exact(drawn(n, [&] { return source.positive_finite(); }));
  }
}

TEST(exact_sum, is_that_of_mpfr_when_almost_everything_cancels) {
  number_source source;
  std::mt19937_64 order(1);
  for (int round = 0; round < 50; ++round) {
    numbers x = drawn(1500, [&] { return source.any_magnitude(-1074, 1024); });
    const numbers copy = x;
    for (const double value : copy) {
      x.push_back(-value);
    }
    x.push_back(source.any_magnitude(-1074, 1024));
    std::shuffle(x.begin(), x.end(), order);

    expect_exact(x);
  }
}

TEST(exact_sum, keeps_a_small_number_beside_large_ones_that_cancel) {
  EXPECT_EQ(one_by_one({1e308, -1e308, 1e-308}).rounded(), 1e-308);
  EXPECT_EQ(one_by_one({1e308, 1e308, tiny, -1e308, -1e308}).rounded(), tiny);
  EXPECT_EQ(one_by_one({largest, largest, largest, -largest, -largest}).rounded(), largest);
  EXPECT_EQ(one_by_one({1e16, 1, -1e16}).rounded(), 1);
}

TEST(exact_sum, adds_subnormal_numbers) {
  EXPECT_EQ(one_by_one({tiny, tiny}).rounded(), 2 * tiny);
  EXPECT_EQ(one_by_one({limits::min(), -tiny}).rounded(), limits::min() - tiny);
  EXPECT_EQ(one_by_one({limits::min() - tiny, tiny}).rounded(), limits::min());
  EXPECT_EQ(one_by_one({-limits::min(), tiny}).rounded(), -(limits::min() - tiny));
  number_source source;
  for (const std::size_t n : sizes) {
    expect_exact(drawn(n, [&] { return core::from_bits(source.bits() >> 12); }));
    expect_exact(drawn(n, [&] { return tiny; }));
  }
}

/// Every exponent at which the folds of a block may overflow or underflow, with sums as large as they can be.
TEST(exact_sum, holds_blocks_of_equal_numbers) {
  for (const double significand :
       {1.0, 1.5, 2 - limits::epsilon(), 1 + limits::epsilon(), 1 + 0x1p-40, 1 + 3 * 0x1p-43}) {
    for (const int exponent : {-1074, -1073, -1060, -1040, -1022, -1000, -970, -930, -1, 0, 52, 1000, 1009, 1010, 1011,
                               1012, 1013, 1022, 1023}) {
      for (const double sign : {1.0, -1.0}) {
        expect_exact(numbers(1024, sign * std::ldexp(significand, exponent)));
      }
    }
  }
}

TEST(exact_sum, holds_blocks_of_a_large_number_and_many_that_lie_between_two_folds) {
  for (int shift = 1; shift < 160; ++shift) {
    numbers x(1024, std::ldexp(1 + limits::epsilon(), -shift));
    x[0] = 1;
    expect_exact(x);
    for (std::size_t i = 1; i < x.size(); i += 3) {
      x[i] = -x[i] * 0.75;
    }
    expect_exact(x);
  }
}

TEST(exact_sum, of_millions_of_equal_numbers_is_their_number_times_one) {
  constexpr std::int64_t n = 3'000'000;
  for (const double value : {0.1, -0.1, tiny, -largest, 1.0}) {
    wide_sum oracle;
    oracle.add_product(value, n);
    const numbers x(n, value);

    const core::exact_sum sum = one_by_one(x);

    EXPECT_EQ(sum.rounded(), oracle.rounded());
    EXPECT_EQ(sum.mean(n), value);
    EXPECT_TRUE(same_bytes(sum, in_blocks(x)));
  }
}

// ---- rounding ------------------------------------------------------------------------------------------------------

TEST(exact_sum, rounds_halfway_cases_to_even) {
  constexpr double half = 0x1p-53;
  EXPECT_EQ(one_by_one({1, half}).rounded(), 1);
  EXPECT_EQ(one_by_one({1 + 2 * half, half}).rounded(), 1 + 4 * half);
  EXPECT_EQ(one_by_one({-1, -half}).rounded(), -1);
  EXPECT_EQ(one_by_one({-1 - 2 * half, -half}).rounded(), -1 - 4 * half);
  EXPECT_EQ(one_by_one({2, -half}).rounded(), 2);
  EXPECT_EQ(one_by_one({2, -half, -half}).rounded(), 2 - 2 * half);
}

TEST(exact_sum, is_not_fooled_by_what_lies_far_below_a_halfway_case) {
  constexpr double half = 0x1p-53;
  for (const double sign : {1.0, -1.0}) {
    EXPECT_EQ(one_by_one({sign, sign * half, sign * tiny}).rounded(), sign * (1 + 2 * half));
    EXPECT_EQ(one_by_one({sign, sign * half, -sign * tiny}).rounded(), sign);
    EXPECT_EQ(one_by_one({sign * (1 + 2 * half), sign * half, -sign * tiny}).rounded(), sign * (1 + 2 * half));
  }
}

TEST(exact_sum, overflows_where_the_nearest_double_would_be_2_to_the_1024) {
  constexpr double half_ulp = 0x1p970;
  for (const double sign : {1.0, -1.0}) {
    EXPECT_EQ(one_by_one({sign * largest, sign * half_ulp}).rounded(), sign * limits::infinity());
    EXPECT_EQ(one_by_one({sign * largest, sign * half_ulp, -sign * tiny}).rounded(), sign * largest);
    EXPECT_EQ(one_by_one({sign * largest, sign * largest}).rounded(), sign * limits::infinity());
    EXPECT_EQ(one_by_one({sign * 0x1p1023, sign * 0x1p1023}).rounded(), sign * limits::infinity());
  }
}

TEST(exact_sum, of_zero_is_plus_zero) {
  for (const numbers& x :
       {numbers{}, {-0.0}, {-0.0, -0.0}, {0.0, -0.0}, {1.5, -1.5}, {-tiny, tiny}, numbers(100, -0.0)}) {
    EXPECT_EQ(bits(one_by_one(x).rounded()), bits(0.0));
    EXPECT_EQ(bits(in_blocks(x).rounded()), bits(0.0));
    EXPECT_EQ(bits(one_by_one(x).mean(3)), bits(0.0));
    EXPECT_TRUE(same_bytes(one_by_one(x), empty()));
  }
}

// ---- means ---------------------------------------------------------------------------------------------------------

TEST(exact_mean, is_rounded_once) {
  EXPECT_EQ(one_by_one({1, 1 + 0x1p-52}).mean(2), 1) << "a tie";
  EXPECT_EQ(one_by_one({1 + 0x1p-52, 1 + 0x1p-51}).mean(2), 1 + 0x1p-51) << "a tie";
  EXPECT_EQ(one_by_one({tiny}).mean(2), 0) << "a tie";
  EXPECT_EQ(one_by_one({tiny, tiny, tiny}).mean(2), 2 * tiny) << "a tie";
  EXPECT_EQ(one_by_one({tiny}).mean(3), 0);
  EXPECT_EQ(one_by_one({tiny, tiny}).mean(3), tiny);
  EXPECT_EQ(bits(one_by_one({-tiny}).mean(3)), bits(-0.0)) << "negative, and too small";
  EXPECT_EQ(one_by_one({1, 1, 1}).mean(1), 3);
}

TEST(exact_mean, of_numbers_whose_sum_is_no_double_is_fine) {
  EXPECT_EQ(one_by_one({largest, largest}).mean(2), largest);
  EXPECT_EQ(one_by_one({-largest, -largest, -largest}).mean(3), -largest);
  EXPECT_EQ(one_by_one({largest, largest}).mean(1), limits::infinity());
}

TEST(exact_mean, is_the_nearest_double_for_any_divisor) {
  number_source source;
  for (int i = 0; i < 3000; ++i) {
    const int low = -1074 + static_cast<int>(source.bits() % 2000);
    const numbers x = drawn(1 + source.bits() % 5, [&] { return source.any_magnitude(low, low + 60); });
    wide_sum oracle;
    for (const double value : x) {
      oracle.add(value);
    }
    const core::exact_sum sum = one_by_one(x);
    for (const std::int64_t n :
         {std::int64_t{1}, std::int64_t{3}, static_cast<std::int64_t>(source.bits() >> 33) + 1, std::int64_t{1} << 32,
          (std::int64_t{1} << 32) + 1, std::int64_t{1} << 62, static_cast<std::int64_t>(source.bits() >> 1) | 1,
          std::numeric_limits<std::int64_t>::max()}) {
      if (std::isfinite(sum.mean(n))) {
        EXPECT_TRUE(oracle.has_mean(sum.mean(n), n)) << sum.mean(n) << " for " << n;
      }
    }
  }
}

// ---- products ------------------------------------------------------------------------------------------------------

TEST(exact_products, add_up_to_the_sum_of_mpfr) {
  number_source source;
  for (const std::size_t n : sizes) {
    for (const int width : {1, 15, 40, 100}) {
      for (const int low : {-1074, -540, -500, -460, -20, 300, 500, 900}) {
        expect_exact_products(drawn(n, [&] { return source.any_magnitude(low, low + width); }),
                              drawn(n, [&] { return source.any_magnitude(low, low + width); }));
        expect_exact_products(drawn(n, [&] { return source.any_magnitude(low, low + width); }),
                              drawn(n, [&] { return source.uniform(-1, 1); }));
      }
    }
    expect_exact_products(drawn(n, [&] { return source.any_magnitude(-1074, 1024); }),
                          drawn(n, [&] { return source.any_magnitude(-1074, 1024); }));
  }
}

TEST(exact_products, of_which_some_are_zero_are_exact) {
  number_source source;
  numbers x = drawn(1024, [&] { return source.uniform(-1, 1); });
  numbers y = drawn(1024, [&] { return source.uniform(-1, 1); });
  for (std::size_t i = 0; i < x.size(); i += 7) {
    (i % 2 == 0 ? x : y)[i] = i % 3 == 0 ? 0.0 : -0.0;
  }

  expect_exact_products(x, y);
}

TEST(exact_products, may_lie_beyond_the_range_of_double) {
  EXPECT_EQ(products_one_by_one({1e200, 1e200, 1}, {1e200, -1e200, 1}).rounded(), 1);
  EXPECT_EQ(products_one_by_one({largest, largest}, {largest, largest}).rounded(), limits::infinity());
  EXPECT_EQ(products_one_by_one({-largest}, {largest}).rounded(), -limits::infinity());
  EXPECT_EQ(products_one_by_one({tiny, tiny}, {0.5, 0.5}).rounded(), tiny);
  EXPECT_EQ(products_one_by_one({tiny}, {0.5}).rounded(), 0) << "a tie";
  EXPECT_EQ(products_one_by_one({tiny, tiny}, {0.5, tiny}).rounded(), tiny) << "above a tie, by 2^-2148";
  EXPECT_EQ(bits(products_one_by_one({-tiny}, {tiny}).rounded()), bits(-0.0)) << "negative, and too small";
  EXPECT_EQ(products_one_by_one({1, -tiny, 0x1p-53}, {1, tiny, 1}).rounded(), 1) << "below a tie, by 2^-2148";
}

TEST(exact_products, that_underflow_in_a_block_are_exact) {
  for (const int exponent : {-1074, -1020, -1000, -975, -974, -973, -972, -971, -970, -969,
                             -968,  -960,  -959,  -955, -900, -540, -500, -482, -480, -479}) {
    numbers x(1024, 1 + limits::epsilon());
    numbers y(1024, 1 - limits::epsilon());
    x[513] = std::ldexp(1 + limits::epsilon(), exponent);
    expect_exact_products(x, y);
    y[513] = std::ldexp(1 + 5 * limits::epsilon(), exponent);
    expect_exact_products(x, y);
  }
}

TEST(exact_products, that_are_equal_have_room_in_a_block_with_their_errors) {
  number_source source;
  for (int i = 0; i < 300; ++i) {
    expect_exact_products(numbers(1024, source.uniform(-2, 2)), numbers(1024, source.uniform(1, 2)));
  }
}

// ---- merging -------------------------------------------------------------------------------------------------------

TEST(exact_merge, of_any_parts_in_any_order_has_the_bytes_of_the_whole) {
  number_source source;
  std::mt19937_64 order(2);
  const numbers x = drawn(20'000, [&] { return source.any_magnitude(-1074, 1024); });
  const core::exact_sum whole = in_blocks(x);
  for (const std::size_t n_parts : {1u, 2u, 3u, 17u, 20'000u}) {
    std::vector<core::exact_sum> parts(n_parts, empty());
    for (const double value : x) {
      parts[order() % n_parts].add(value);
    }
    core::exact_sum merged = empty();
    for (const core::exact_sum& part : parts) {
      merged.merge(part);
    }
    EXPECT_TRUE(same_bytes(merged, whole)) << n_parts << " parts";
  }
}

TEST(exact_merge, of_sums_with_as_many_adds_pending_as_there_can_be_loses_nothing) {
  for (int exponent = 0; exponent < 32; ++exponent) {  // every place in a limb
    const double value = std::ldexp(2 - limits::epsilon(), exponent);
    const numbers x(core::exact_sum::most_pending, exponent % 2 == 0 ? value : -value);
    core::exact_sum sum = one_by_one(x);
    const core::exact_sum other = sum;

    sum.merge(other);
    sum.merge(other);

    EXPECT_EQ(sum.mean(3 * std::ssize(x)), x[0]);
    EXPECT_TRUE(same_bytes(sum, in_blocks(numbers(3 * x.size(), x[0])))) << exponent;
  }
}

TEST(exact_merge, has_room_for_2_to_the_62_of_the_largest_numbers_and_products) {
  for (const double sign : {1.0, -1.0}) {
    core::exact_sum sum = one_by_one({sign * largest});
    core::exact_sum products = products_one_by_one({sign * largest}, {largest});
    for (int i = 0; i < 62; ++i) {
      sum.merge(core::exact_sum(sum));
      products.merge(core::exact_sum(products));
    }
    EXPECT_EQ(sum.mean(std::int64_t{1} << 62), sign * largest);

    core::exact_sum opposite = products_one_by_one({-sign * largest}, {largest});
    for (int i = 0; i < 62; ++i) {
      opposite.merge(core::exact_sum(opposite));
    }
    EXPECT_EQ(products.rounded(), sign * limits::infinity());
    products.merge(opposite);
    EXPECT_TRUE(same_bytes(products, empty()));
  }
}

TEST(exact_merge, knows_one_form_of_every_value) {
  EXPECT_TRUE(same_bytes(one_by_one({0.5, 0.5}), one_by_one({1})));
  EXPECT_TRUE(same_bytes(one_by_one({1, -2}), one_by_one({-1})));
  EXPECT_TRUE(same_bytes(one_by_one({0x1p40, -tiny, -0x1p40}), one_by_one({-tiny})));
  EXPECT_TRUE(same_bytes(products_one_by_one({3}, {5}), one_by_one({7, 8})));
}

// ---- what is no number ---------------------------------------------------------------------------------------------

TEST(exact_sum, that_meets_a_number_which_is_not_finite_is_nan) {
  for (const double bad : {limits::quiet_NaN(), limits::infinity(), -limits::infinity()}) {
    for (const std::size_t place : {0u, 1u, 2u, 3u, 500u, 1023u, 1024u, 1026u}) {
      numbers x(1027, 1.0);
      x[place] = bad;
      const numbers ones(1027, 1.0);
      const numbers zeros(1027, 0.0);

      EXPECT_TRUE(std::isnan(one_by_one(x).rounded()));
      EXPECT_TRUE(std::isnan(in_blocks(x).rounded())) << bad << " at " << place;
      EXPECT_TRUE(std::isnan(in_blocks(x).mean(7)));
      EXPECT_TRUE(std::isnan(products_one_by_one(ones, x).rounded()));
      EXPECT_TRUE(std::isnan(products_in_blocks(x, ones).rounded())) << bad << " at " << place;
      EXPECT_TRUE(std::isnan(products_in_blocks(zeros, x).rounded())) << bad << " at " << place;
      core::exact_sum merged = empty();
      merged.merge(in_blocks(x));
      EXPECT_TRUE(std::isnan(merged.rounded()));
    }
  }
}

}  // namespace
}  // namespace samebits::tests
