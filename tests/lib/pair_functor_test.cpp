// Sums over pairs of rows of functions of one's own: against the built-in kernels and plain loops, on the host and
// through the kernels for devices, run by the block emulator.
#include "samebits/pair_functor.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include "kernels/launch.hpp"
#include "tests/support.hpp"
#if defined(SAMEBITS_TEST_HAS_CONTRACTED_PAIRS)
#include "tests/objects/contracted_pairs.hpp"
#endif

namespace samebits::tests {
namespace {

constexpr pairwise_mode modes[] = {pairwise_mode::cross, pairwise_mode::v, pairwise_mode::u, pairwise_mode::upper};

context cpu_with(int n_threads) { return context({"cpu", "", n_threads}); }

std::vector<double> numbers(std::int64_t n, std::uint64_t seed) {
  std::mt19937_64 bits(seed);
  std::vector<double> values;
  for (std::int64_t i = 0; i < n; ++i) {
    values.push_back(static_cast<double>(bits() >> 11) * 0x1p-52 - 0.7);
  }
  return values;
}

template <class T>
std::vector<T> typed(const std::vector<double>& values) {
  return std::vector<T>(values.begin(), values.end());
}

std::size_t size_of(std::int64_t n) { return static_cast<std::size_t>(n); }

/// The rows and weights of a call: x with y, or with itself.
template <class T>
struct rows {
  rows(std::int64_t n_x, std::int64_t n_others, std::int64_t n_cols, pairwise_mode pairs, bool is_weighted)
      : mode(pairs),
        x(typed<T>(numbers(n_x * n_cols, 1))),
        y(typed<T>(numbers(is_self() ? 0 : n_others * n_cols, 2))),
        x_weights(numbers(is_weighted ? n_x : 0, 3)),
        y_weights(numbers(is_weighted && !is_self() ? n_others : 0, 4)),
        typed_x_weights(typed<T>(x_weights)),
        typed_y_weights(typed<T>(y_weights)),
        x_view(x.data(), n_x, n_cols),
        y_view(is_self() ? matrix_view<const T>() : matrix_view<const T>(y.data(), n_others, n_cols)) {}

  bool is_self() const { return mode != pairwise_mode::cross; }
  std::size_t n_x() const { return size_of(x_view.n_rows()); }

  pair_functor_options options() const { return {mode, x_weights, y_weights}; }
  /// For sums of rows, which take no weights of x where there is a y.
  pair_functor_options row_options() const {
    return {mode, is_self() ? x_weights : std::span<const double>(), y_weights};
  }

  /// As a kernel gets them.
  functor_pairs<T> on_device() const {
    return {x.data(),
            x_view.n_rows(),
            y_view.data(),
            y_view.n_rows(),
            x_view.n_cols(),
            mode,
            x_weights.empty() ? nullptr : typed_x_weights.data(),
            y_weights.empty() ? nullptr : typed_y_weights.data()};
  }

  pairwise_mode mode;
  std::vector<T> x;
  std::vector<T> y;
  std::vector<double> x_weights;
  std::vector<double> y_weights;
  std::vector<T> typed_x_weights;
  std::vector<T> typed_y_weights;
  matrix_view<const T> x_view;
  matrix_view<const T> y_view;
};

struct shape {
  std::int64_t n_x;
  std::int64_t n_y;
  std::int64_t n_cols;
};

// Around leaves, blocks of rows, and what the threads of a block share; more rows of x than of y and the other way.
constexpr shape shapes[] = {{1, 1, 1},    {0, 3, 2},    {3, 0, 2},  {2, 511, 2},   {33, 512, 3},
                            {31, 513, 1}, {513, 31, 2}, {64, 5, 4}, {1100, 65, 1}, {5, 4609, 1}};

template <class Body>
void for_rows(const Body& body) {
  for (const shape& s : shapes) {
    for (const pairwise_mode mode : modes) {
      for (const bool is_weighted : {false, true}) {
        SCOPED_TRACE(testing::Message() << s.n_x << " and " << s.n_y << " rows of " << s.n_cols << ", " << name_of(mode)
                                        << (is_weighted ? ", weighted" : ""));
        body(rows<double>(s.n_x, s.n_y, s.n_cols, mode, is_weighted));
        body(rows<float>(s.n_x, s.n_y, s.n_cols, mode, is_weighted));
      }
    }
  }
}

// ---- functions ---------------------------------------------------------------------------------------------------

/// A kernel of pair_kernel by the formulas of the library.
template <pair_kernel Kernel>
struct built_in {
  static pairwise_options options(const pair_functor_options& o) {
    pairwise_options options;
    options.kernel = Kernel;
    options.bandwidth = 0.8;
    options.mode = o.mode;
    options.algorithm = pairwise_algorithm::direct;
    options.x_weights = o.x_weights;
    options.y_weights = o.y_weights;
    return options;
  }

  template <class T>
  SAMEBITS_HD T operator()(const T* x, const T* y, std::int64_t n_cols) const {
    const auto constants = core::rounded_to<T>(core::prepare_pair_kernel(Kernel, 0.8, 1, 0, 2));
    return core::pair_value<Kernel>(core::pair_base_of<core::base_of(Kernel)>(x, y, n_cols), constants);
  }
};
using gaussian = built_in<pair_kernel::gaussian>;

/// A product that a sum could take up.
struct product_of_first {
  template <class T>
  T operator()(const T* x, const T* y, std::int64_t) const {
    return x[0] * y[0];
  }
};

template <class T>
std::vector<double> sums_of_rows(const context& ctx, const rows<T>& r) {
  std::vector<double> out(r.n_x(), -1);
  pairwise_rows_of(ctx, r.x_view, r.y_view, gaussian(), r.row_options(), out);
  return out;
}

template <class T>
double total_of(const context& ctx, const rows<T>& r) {
  return pairwise_sum_of(ctx, r.x_view, r.y_view, gaussian(), r.options());
}

// ---- the bits of the built-in kernels ------------------------------------------------------------------------------

TEST(pair_functor, gives_the_sums_of_rows_of_the_library_with_its_formulas) {
  const context ctx = cpu_with(2);
  for_rows([&](const auto& r) {
    std::vector<double> expected(r.n_x());
    pairwise_rows(ctx, r.x_view, r.y_view, gaussian::options(r.row_options()), expected);

    EXPECT_EQ(sums_of_rows(ctx, r), expected);
  });
}

TEST(pair_functor, gives_the_totals_of_the_library_with_its_formulas) {
  const context ctx = cpu_with(2);
  for_rows([&](const auto& r) {
    EXPECT_EQ(total_of(ctx, r), pairwise_sum(ctx, r.x_view, r.y_view, gaussian::options(r.options())));
  });
}

TEST(pair_functor, gives_the_bits_of_other_kernels_too) {
  const context ctx = cpu_with(2);
  const rows<double> r(70, 600, 3, pairwise_mode::cross, false);
  const auto expect_equal = [&](auto kernel) {
    EXPECT_EQ(pairwise_sum_of(ctx, r.x_view, r.y_view, kernel),
              pairwise_sum(ctx, r.x_view, r.y_view, kernel.options({})));
  };

  expect_equal(built_in<pair_kernel::product>());
  expect_equal(built_in<pair_kernel::l1>());
  expect_equal(built_in<pair_kernel::matern_5_2>());
}

TEST(pair_functor, has_the_same_bits_on_every_number_of_threads) {
  for_rows([&](const auto& r) {
    const std::vector<double> sums = sums_of_rows(cpu_with(1), r);
    const double total = total_of(cpu_with(1), r);
    for (const int n_threads : {2, 3, 8}) {
      EXPECT_EQ(sums_of_rows(cpu_with(n_threads), r), sums) << n_threads << " threads";
      EXPECT_EQ(total_of(cpu_with(n_threads), r), total) << n_threads << " threads";
    }
  });
}

TEST(pair_functor, is_near_the_sum_in_long_double) {
  const rows<double> r(600, 1100, 2, pairwise_mode::cross, true);
  long double expected = 0;
  for (std::int64_t i = 0; i < r.x_view.n_rows(); ++i) {
    for (std::int64_t j = 0; j < r.y_view.n_rows(); ++j) {
      const long double dx = static_cast<long double>(r.x_view(i, 0)) - static_cast<long double>(r.y_view(j, 0));
      const long double dy = static_cast<long double>(r.x_view(i, 1)) - static_cast<long double>(r.y_view(j, 1));
      const long double value = std::exp(-(dx * dx + dy * dy) / (2 * 0.8L * 0.8L));
      expected +=
          static_cast<long double>(r.x_weights[size_of(i)]) * value * static_cast<long double>(r.y_weights[size_of(j)]);
    }
  }

  EXPECT_NEAR(total_of(cpu_with(2), r), static_cast<double>(expected), 1e-9);
}

// ---- in kernels --------------------------------------------------------------------------------------------------

template <class T>
std::vector<double> sums_in_kernel(const functor_pairs<T>& pairs) {
  std::vector<double> out(size_of(pairs.n_x), -1);
  const pair_rows_kernel<T, gaussian> kernel{pairs, {}, out.data()};
  kernels::launch(kernel, kernel.n_blocks());
  return out;
}

template <class T>
double total_in_kernel(const functor_pairs<T>& pairs) {
  functor_pairs<T> once = pairs;
  once.mode = pairs.is_self() ? pairwise_mode::upper : pairs.mode;
  const std::vector<double> sums = sums_in_kernel(once);
  double total = -1;
  kernels::launch(pair_total_kernel<T, gaussian>{pairs, {}, sums.data(), &total}, 1);
  return total;
}

TEST(pair_functor, gives_the_same_sums_of_rows_in_a_kernel) {
  for_rows([&](const auto& r) {
    functor_pairs pairs = r.on_device();
    pairs.x_weights = r.is_self() ? pairs.x_weights : nullptr;

    EXPECT_EQ(sums_in_kernel(pairs), sums_of_rows(cpu_with(2), r));
  });
}

TEST(pair_functor, gives_the_same_totals_in_a_kernel) {
  for_rows([&](const auto& r) { EXPECT_EQ(total_in_kernel(r.on_device()), total_of(cpu_with(2), r)); });
}

TEST(pair_functor, gives_the_same_total_in_a_kernel_that_takes_the_leaves_of_rows_in_turns) {
  const rows<float> r(300 * 512 + 1, 1, 1, pairwise_mode::cross, true);

  EXPECT_EQ(total_in_kernel(r.on_device()), total_of(cpu_with(2), r));
}

TEST(pair_functor, gives_the_sum_of_a_row_to_kernels_of_ones_own) {
  for_rows([&](const auto& r) {
    const std::vector<double> sums = sums_of_rows(cpu_with(1), r);
    for (std::int64_t i = 0; i < r.x_view.n_rows(); i += 1 + r.x_view.n_rows() / 5) {
      EXPECT_EQ(pair_row_sum(r.on_device(), gaussian(), i), sums[size_of(i)]) << "row " << i;
    }
  });
}

// ---- functions of all kinds --------------------------------------------------------------------------------------

double difference_of_first(const double* x, const double* y, std::int64_t) { return x[0] - y[0]; }

TEST(pair_functor, takes_lambdas_pointers_and_std_functions) {
  const context ctx = cpu_with(2);
  const rows<double> r(40, 50, 3, pairwise_mode::cross, false);
  const double expected = pairwise_sum_of(ctx, r.x_view, r.y_view, difference_of_first);
  const auto lambda = [](const double* x, const double* y, std::int64_t) { return x[0] - y[0]; };

  EXPECT_EQ(pairwise_sum_of(ctx, r.x_view, r.y_view, lambda), expected);
  EXPECT_EQ(pairwise_sum_of(ctx, r.x_view, r.y_view, &difference_of_first), expected);
  EXPECT_EQ(pairwise_sum_of(ctx, r.x_view, r.y_view,
                            std::function<double(const double*, const double*, std::int64_t)>(lambda)),
            expected);
}

TEST(pair_functor, gets_rows_and_the_number_of_columns) {
  const std::vector<double> x = {1, 2, 3, 4, 5, 6};
  const std::vector<double> y = {10, 20, 30};
  std::vector<double> out(2);

  pairwise_rows_of(
      cpu_with(1), {x.data(), 2, 3}, {y.data(), 1, 3},
      [](const double* a, const double* b, std::int64_t n) {
        return static_cast<double>(n) * 1000 + a[0] * b[0] + a[2] * b[2];
      },
      {}, out);

  EXPECT_EQ(out, (std::vector<double>{3000 + 10 + 90, 3000 + 40 + 180}));
}

TEST(pair_functor, need_not_be_symmetric_for_sums_of_rows) {
  const std::vector<double> x = {1, 10, 100};
  const auto less = [](const double* a, const double* b, std::int64_t) { return *a < *b ? 1.0 : 0.0; };
  std::vector<double> out(3);

  pairwise_rows_of(cpu_with(1), {x.data(), 3, 1}, {}, less, {.mode = pairwise_mode::v}, out);

  EXPECT_EQ(out, (std::vector<double>{2, 1, 0}));
}

TEST(pair_functor, is_not_called_for_a_row_with_itself_where_such_pairs_do_not_count) {
  const context ctx = cpu_with(2);
  const rows<double> r(600, 0, 1, pairwise_mode::u, false);
  const auto other = [](const double* x, const double* y, std::int64_t) {
    return x == y ? throw std::logic_error("a row with itself") : 1.0;
  };
  std::vector<double> out(600);

  pairwise_rows_of(ctx, r.x_view, {}, other, {.mode = pairwise_mode::u}, out);

  EXPECT_EQ(out, std::vector<double>(600, 599));
  EXPECT_EQ(pairwise_sum_of(ctx, r.x_view, {}, other, {.mode = pairwise_mode::u}), 600 * 599);
  EXPECT_EQ(pairwise_sum_of(ctx, r.x_view, {}, other, {.mode = pairwise_mode::upper}), 300 * 599);
  EXPECT_THROW(pairwise_sum_of(ctx, r.x_view, {}, other, {.mode = pairwise_mode::v}), std::logic_error);
}

TEST(pair_functor, is_called_once_for_a_pair) {
  const rows<double> r(600, 0, 1, pairwise_mode::v, false);
  std::atomic<std::int64_t> n_calls = 0;
  const auto count = [&](const double*, const double*, std::int64_t) {
    ++n_calls;
    return 1.0;
  };

  EXPECT_EQ(pairwise_sum_of(cpu_with(3), r.x_view, {}, count, {.mode = pairwise_mode::v}), 600 * 600);
  EXPECT_EQ(n_calls, 600 * 599 / 2 + 600);
}

TEST(pair_functor, runs_in_the_floating_point_environment_of_the_library) {
  const rows<double> r(600, 600, 1, pairwise_mode::cross, false);
  const auto third = [](const double* x, const double* y, std::int64_t) { return (*x - *y) / 3 * 0x1p-1020; };
  const double expected = pairwise_sum_of(cpu_with(3), r.x_view, r.y_view, third);
  double hostile = 0;
  {
    const fp_mode mode(flush_to_zero | round_upward);
    hostile = pairwise_sum_of(cpu_with(3), r.x_view, r.y_view, third);
  }

  EXPECT_NE(expected, 0);
  EXPECT_EQ(hostile, expected);
}

#if defined(SAMEBITS_TEST_HAS_CONTRACTED_PAIRS)
TEST(pair_functor, keeps_its_bits_in_code_of_users_that_may_be_contracted) {
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("fma") || !__builtin_cpu_supports("avx2")) {
    GTEST_SKIP() << "no fma here";
  }
#endif
  const auto expect_equal = [](const auto& r) {
    std::vector<double> sums(r.n_x());
    pairwise_rows_of(cpu_with(1), r.x_view, {}, product_of_first(), r.options(), sums);
    for (const bool row_by_row : {false, true}) {
      std::vector<double> contracted(r.n_x());

      contracted_product_sums(cpu_with(1), r.x_view, row_by_row, contracted);

      EXPECT_EQ(contracted, sums) << row_by_row;
    }
  };

  expect_equal(rows<double>(700, 0, 1, pairwise_mode::v, false));
  expect_equal(rows<float>(700, 0, 1, pairwise_mode::v, false));
}
#endif

// A value of another type would be rounded where its author does not see it.
static_assert(pair_functor<gaussian, double> && pair_functor<gaussian, float>);
static_assert(!pair_functor<decltype([](const float*, const float*, std::int64_t) { return 1.0; }), float>);
static_assert(!pair_functor<decltype([](const double*, const double*) { return 1.0; }), double>);

// ---- errors --------------------------------------------------------------------------------------------------------

struct error_case {
  matrix_view<const double> x;
  matrix_view<const double> y;
  pair_functor_options options;
  std::size_t out_size;
  std::string message;  // after the name of the function
};

constexpr double three[] = {1, 2, 3};
constexpr double not_finite[] = {1, std::numeric_limits<double>::quiet_NaN(), 3};
constexpr double two_weights[] = {1, 2};

TEST(pair_functor_errors, name_what_is_wrong_and_leave_the_results_alone) {
  const matrix_view<const double> x(three, 3, 1);
  const std::vector<error_case> cases = {
      {x, {three, 1, 3}, {}, 3, "y has 3 columns but x has 1"},
      {{three, 3, 0}, {three, 3, 0}, {}, 3, "x is 3 x 0 but must have at least 0 rows, at least 1 column"},
      {{three, -1, 1}, x, {}, 3, "x is -1 x 1 but"},
      {{nullptr, 3, 1}, x, {}, 3, "x is NULL"},
      {x, {nullptr, 3, 1}, {}, 3, "y is NULL"},
      {{not_finite, 3, 1}, x, {}, 3, "x is nan at row 1, column 0 (counted from 0) but must be finite"},
      {x, {not_finite, 3, 1}, {}, 3, "y is nan at row 1, column 0 (counted from 0) but must be finite"},
      {x, x, {.mode = pairwise_mode::u}, 3, "y is given but mode is u"},
      {x, x, {.mode = static_cast<pairwise_mode>(7)}, 3, "mode is 7 but must be 0 to 3"},
      {x, x, {.y_weights = two_weights}, 3, "y_weights has 2 elements but y has 3 rows"},
      {x, {}, {.mode = pairwise_mode::v, .y_weights = three}, 3, "y_weights are given but mode is v"},
      {x, {}, {.mode = pairwise_mode::v, .x_weights = not_finite}, 3, "x_weights[1] is nan but must be finite"},
      {x, x, {.x_weights = three}, 3, "x_weights are given but belong to totals"},
      {x, x, {}, 2, "out has 2 elements but must have 3"},
  };
  const context ctx = cpu_with(1);
  for (const error_case& c : cases) {
    std::vector<double> out(c.out_size, 42);

    const std::string rows_error =
        error_of<invalid_argument>([&] { pairwise_rows_of(ctx, c.x, c.y, difference_of_first, c.options, out); });

    EXPECT_TRUE(contains(rows_error, "pairwise_rows_of: " + c.message)) << rows_error;
    EXPECT_EQ(out, std::vector<double>(c.out_size, 42)) << c.message;
    if (!contains(c.message, "out has") && !contains(c.message, "totals")) {
      const std::string sum_error =
          error_of<invalid_argument>([&] { pairwise_sum_of(ctx, c.x, c.y, difference_of_first, c.options); });
      EXPECT_TRUE(contains(sum_error, "pairwise_sum_of: " + c.message)) << sum_error;
    }
  }
}

TEST(pair_functor_errors, name_the_row_whose_sum_is_not_finite) {
  const matrix_view<const double> x(three, 3, 1);
  std::vector<double> out(3, 42);
  const auto inverse = [](const double* a, const double* b, std::int64_t) { return 1 / (*a + *b - 5); };

  const std::string rows_error =
      error_of<numerical_failure>([&] { pairwise_rows_of(cpu_with(1), x, x, inverse, {}, out); });
  const std::string sum_error = error_of<numerical_failure>([&] { pairwise_sum_of(cpu_with(1), x, x, inverse); });

  EXPECT_EQ(rows_error,
            "pairwise_rows_of: the sum of row 1 is inf: values of pairs are not finite, or their sum overflows");
  EXPECT_EQ(sum_error, "pairwise_sum_of: the total is inf: values of pairs are not finite, or their sum overflows");
  EXPECT_EQ(out, std::vector<double>(3, 42));
}

TEST(pair_functor_errors, of_the_function_come_out_on_any_number_of_threads_the_first_of_them) {
  std::vector<double> number(2000);
  for (std::size_t i = 0; i < number.size(); ++i) {
    number[i] = static_cast<double>(i);
  }
  const auto throwing = [](const double* a, const double* b, std::int64_t) {
    const auto i = static_cast<std::int64_t>(*a);
    return i % 700 == 650 && *b == 3 ? throw std::runtime_error("row " + std::to_string(i)) : 1.0;
  };
  const matrix_view<const double> rows(number.data(), 2000, 1);
  for (const int n_threads : {1, 2, 3, 8}) {
    std::vector<double> out(2000, 42);

    const std::string message =
        error_of<std::runtime_error>([&] { pairwise_rows_of(cpu_with(n_threads), rows, rows, throwing, {}, out); });

    EXPECT_EQ(message, "row 650") << n_threads << " threads";
    EXPECT_EQ(out, std::vector<double>(2000, 42)) << n_threads << " threads";
    EXPECT_EQ(error_of<std::runtime_error>([&] { pairwise_sum_of(cpu_with(n_threads), rows, rows, throwing); }),
              "row 650");
  }
}

}  // namespace
}  // namespace samebits::tests
