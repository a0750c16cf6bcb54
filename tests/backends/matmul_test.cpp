// Products of matrices, on every backend.
#include "samebits/matmul.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <span>
#include <type_traits>

#include "samebits/core/tree_sum.hpp"
#include "samebits/digest.hpp"
#include "tests/backends/backend_test.hpp"

namespace samebits::tests {
namespace {

using matmul = backend_test;
SAMEBITS_ON_EVERY_BACKEND(matmul);
INSTANTIATE_TEST_SUITE_P(in_pieces_on, matmul, testing::Values("cuda-emulated-small"), backend_test_name);

struct shape {
  std::int64_t n_rows;
  std::int64_t n_inner;
  std::int64_t n_cols;
};

std::string text_of(const shape& s) {
  return std::to_string(s.n_rows) + " x " + std::to_string(s.n_inner) + " x " + std::to_string(s.n_cols);
}

std::int64_t work_of(const shape& s) { return s.n_rows * s.n_inner * s.n_cols; }

template <class T>
struct product {
  explicit product(const shape& of)
      : s(of),
        a(static_cast<std::size_t>(s.n_rows * s.n_inner)),
        b(static_cast<std::size_t>(s.n_inner * s.n_cols)),
        out(static_cast<std::size_t>(s.n_rows * s.n_cols)) {}

  matrix_view<const T> a_view() const { return {a.data(), s.n_rows, s.n_inner}; }
  matrix_view<const T> b_view() const { return {b.data(), s.n_inner, s.n_cols}; }
  matrix_view<T> out_view() { return {out.data(), s.n_rows, s.n_cols}; }
  void run(const context& ctx) { samebits::matmul(ctx, a_view(), b_view(), out_view()); }

  shape s;
  std::vector<T> a;
  std::vector<T> b;
  std::vector<T> out;
};

/// Values of either sign over a few powers of two, so that another order of the sums would show.
template <class T>
void fill_at_random(std::uint64_t seed, std::vector<T>& values) {
  std::mt19937_64 bits(seed);
  for (T& value : values) {
    const std::uint64_t word = bits();
    const auto mantissa = static_cast<double>(static_cast<std::int64_t>(word)) * 0x1p-63;
    value = static_cast<T>(std::ldexp(mantissa, static_cast<int>(word % 7)));
  }
}

template <class T>
product<T> random_product(const shape& s) {
  product<T> p(s);
  fill_at_random(1, p.a);
  fill_at_random(2, p.b);
  fill_at_random(3, p.out);  // what is there before must not matter
  return p;
}

/// The definition: one chain per element, in the scalar type.
template <class T>
T plain_element(const product<T>& p, std::int64_t i, std::int64_t j) {
  T sum = p.s.n_inner > 0 ? core::empty_sum<T>() : T(0);
  for (std::int64_t k = 0; k < p.s.n_inner; ++k) {
    sum = core::fma(p.a_view()(i, k), p.b_view()(k, j), sum);
  }
  return sum;
}

/// A NaN equals a NaN: its payload is not promised.
template <class T>
bool same_value(T a, T b) {
  using bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  return (std::isnan(a) && std::isnan(b)) || std::bit_cast<bits>(a) == std::bit_cast<bits>(b);
}

/// Compares every `every`-th element.
template <class T>
void expect_plain_chains(const context& ctx, product<T>& p, std::int64_t every = 1) {
  p.run(ctx);

  for (std::int64_t element = 0; element < p.s.n_rows * p.s.n_cols; element += every) {
    const std::int64_t i = element / p.s.n_cols;
    const std::int64_t j = element % p.s.n_cols;
    const T expected = plain_element(p, i, j);
    const T value = p.out_view()(i, j);
    ASSERT_TRUE(same_value(value, expected)) << text_of(p.s) << " of " << sizeof(T) << " bytes: element (" << i << ", "
                                             << j << ") is " << value << " but should be " << expected;
  }
}

void expect_plain_chains(const context& ctx, const shape& s, std::int64_t every = 1) {
  product<double> doubles = random_product<double>(s);
  expect_plain_chains(ctx, doubles, every);
  product<float> floats = random_product<float>(s);
  expect_plain_chains(ctx, floats, every);
}

/// Shapes for which backends have ways of their own: tiny, thin, of one column, cached, large.
std::vector<shape> shapes_of_every_way(bool is_emulated) {
  if (is_emulated) {
    return {{3, 4, 5}, {1, 40, 300}, {300, 40, 1}, {70, 30, 140}};
  }
  return {{3, 4, 5},        {1, 400, 1'300}, {20, 400, 1'300}, {1'300, 400, 1},
          {1'300, 400, 30}, {70, 200, 130},  {90, 700, 310}};
}

// ---- the bits
// --------------------------------------------------------------------------------------------------------

TEST_P(matmul, is_one_chain_per_element_for_small_sizes) {
  for (const std::int64_t n_rows : {0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17}) {
    for (const std::int64_t n_cols : {0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 23, 24, 25, 33, 47, 48, 49}) {
      for (const std::int64_t n_inner : {0, 1, 2, 15, 16, 17}) {
        expect_plain_chains(ctx(), {n_rows, n_inner, n_cols});
      }
    }
  }
}

TEST_P(matmul, is_one_chain_per_element_around_the_edges_of_tiles_and_blocks) {
  for (const std::int64_t n_rows : {31, 63, 64, 65, 129, 191, 192, 193}) {
    for (const std::int64_t n_cols : {63, 64, 65, 127, 128, 129, 193}) {
      for (const std::int64_t n_inner : {3, 255, 256, 257, 513}) {
        const shape s{n_rows, n_inner, n_cols};
        if (!is_emulated() || work_of(s) < 500'000) {
          expect_plain_chains(ctx(), s, 11);
        }
      }
    }
  }
}

TEST_P(matmul, is_one_chain_per_element_for_thin_matrices) {
  const std::int64_t n = is_emulated() ? 1'000 : 20'001;
  for (const std::int64_t thin : {1, 2, 3, 8, 13}) {
    expect_plain_chains(ctx(), {thin, 19, n});
    expect_plain_chains(ctx(), {n, 19, thin});
    expect_plain_chains(ctx(), {thin, n, thin});
    expect_plain_chains(ctx(), {thin, 301, 1'025});
    expect_plain_chains(ctx(), {1'025, 301, thin});
  }
}

TEST_P(matmul, is_one_chain_per_element_for_large_matrices) {
  if (is_emulated()) {
    GTEST_SKIP() << "too slow in the emulator";
  }
  expect_plain_chains(ctx(), {301, 300, 307});
  expect_plain_chains(ctx(), {40, 900, 2'801}, 37);   // several slabs of columns and of the inner dimension
  expect_plain_chains(ctx(), {2'801, 400, 211}, 37);  // of rows
}

TEST_P(matmul, has_the_same_bits_on_any_number_of_threads) {
  for (const shape& s : shapes_of_every_way(is_emulated())) {
    product<double> serial = random_product<double>(s);
    serial.run(on_threads(1));

    for (const int n_threads : {2, 3, 8}) {
      product<double> parallel = random_product<double>(s);
      parallel.run(on_threads(n_threads));

      EXPECT_EQ(parallel.out, serial.out) << text_of(s) << " on " << n_threads << " threads";
    }
  }
}

TEST_P(matmul, takes_any_address) {
  for (const shape& s : shapes_of_every_way(is_emulated())) {
    product<double> aligned = random_product<double>(s);
    aligned.run(ctx());
    for (const std::int64_t shift : {1, 3, 7}) {
      std::vector<double> a(static_cast<std::size_t>(shift));
      std::vector<double> b = a;
      a.insert(a.end(), aligned.a.begin(), aligned.a.end());
      b.insert(b.end(), aligned.b.begin(), aligned.b.end());
      std::vector<double> out(aligned.out.size() + static_cast<std::size_t>(shift));

      samebits::matmul(ctx(), matrix_view<const double>(a.data() + shift, s.n_rows, s.n_inner),
                       matrix_view<const double>(b.data() + shift, s.n_inner, s.n_cols),
                       matrix_view<double>(out.data() + shift, s.n_rows, s.n_cols));

      EXPECT_TRUE(std::equal(aligned.out.begin(), aligned.out.end(), out.begin() + shift))
          << text_of(s) << ", shifted by " << shift;
    }
  }
}

TEST_P(matmul, multiplies_a_matrix_by_itself) {
  product<double> p = random_product<double>({40, 40, 40});
  p.b = p.a;
  p.run(ctx());
  std::vector<double> square(p.out.size());

  samebits::matmul(ctx(), p.a_view(), p.a_view(), {square.data(), 40, 40});

  EXPECT_EQ(square, p.out);
}

struct golden {
  shape s;
  const char* doubles;
  const char* floats;
};

// The numbers change only with SAMEBITS_NUMERICS_VERSION. `backend_tests --gtest_also_run_disabled_tests
// --gtest_filter=matmul_goldens.*` prints the list anew.
constexpr golden goldens[] = {
    {{7, 5, 3}, "4128a9bb29c0412b", "133dd24fb72ea2f5"},
    {{1, 1'000, 50}, "88dbce0045bc5b3f", "5255a444b9669a71"},
    {{100, 1'000, 1}, "1ea6ad97f1334042", "7348425f92b5336b"},
    {{129, 257, 65}, "783886752128d352", "4bb78a206722ee1b"},
};

template <class T>
std::string digest_of(const context& ctx, const shape& s) {
  product<T> p = random_product<T>(s);
  p.run(ctx);
  const std::vector<double> values(p.out.begin(), p.out.end());
  return digest_text(std::span(values)).substr(7, 16);
}

TEST(matmul_goldens, DISABLED_print) {
  const context scalar({"cpu", "scalar", 1});
  for (const golden& g : goldens) {
    std::printf("%s: \"%s\", \"%s\"\n", text_of(g.s).c_str(), digest_of<double>(scalar, g.s).c_str(),
                digest_of<float>(scalar, g.s).c_str());
  }
}

TEST_P(matmul, has_the_bits_it_always_had) {
  for (const golden& g : goldens) {
    EXPECT_EQ(digest_of<double>(ctx(), g.s), g.doubles) << text_of(g.s);
    EXPECT_EQ(digest_of<float>(ctx(), g.s), g.floats) << text_of(g.s);
  }
}

// ---- the values
// ------------------------------------------------------------------------------------------------------

/// Largest error over the bound that matmul.hpp states.
template <class T>
long double worst_error(const product<T>& p) {
  const long double u = std::numeric_limits<T>::epsilon() / 2;
  const long double n_u = static_cast<long double>(p.s.n_inner) * u;
  long double worst = 0;
  for (std::int64_t i = 0; i < p.s.n_rows; ++i) {
    for (std::int64_t j = 0; j < p.s.n_cols; ++j) {
      long double exact = 0;
      long double sizes = 0;
      for (std::int64_t k = 0; k < p.s.n_inner; ++k) {
        const long double term = static_cast<long double>(p.a_view()(i, k)) * p.b_view()(k, j);
        exact += term;
        sizes += std::abs(term);
      }
      const long double error = std::abs(p.out[static_cast<std::size_t>(i * p.s.n_cols + j)] - exact);
      worst = std::max(worst, error / (n_u / (1 - n_u) * sizes));
    }
  }
  return worst;
}

TEST_P(matmul, is_as_exact_as_it_says) {
  for (const shape& s : {shape{1, 1, 1}, shape{20, 3, 20}, shape{31, 100, 29}, shape{2, 20'000, 3}}) {
    product<double> doubles = random_product<double>(s);
    doubles.run(ctx());
    EXPECT_LE(worst_error(doubles), 1) << text_of(s);

    product<float> floats = random_product<float>(s);
    floats.run(ctx());
    EXPECT_LE(worst_error(floats), 1) << text_of(s);
  }
}

TEST_P(matmul, is_exact_for_small_integers) {
  product<double> p({3, 2, 2});
  p.a = {1, 2, 3, 4, 5, 6};
  p.b = {7, 8, 9, 10};

  p.run(ctx());

  EXPECT_EQ(p.out, std::vector<double>({25, 28, 57, 64, 89, 100}));
}

TEST_P(matmul, is_zero_without_inner_elements) {
  product<double> p = random_product<double>({3, 0, 4});
  p.run(ctx());
  for (const double value : p.out) {
    EXPECT_TRUE(same_value(value, 0.0));
  }
  product<float> q = random_product<float>({3, 0, 4});
  q.run(ctx());
  for (const float value : q.out) {
    EXPECT_TRUE(same_value(value, 0.0f));
  }
}

TEST_P(matmul, keeps_the_sign_of_zeros) {
  for (const shape& s : shapes_of_every_way(is_emulated())) {
    product<double> p(s);
    std::fill(p.a.begin(), p.a.end(), -0.0);
    std::fill(p.b.begin(), p.b.end(), 1.0);

    p.run(ctx());

    for (const double value : p.out) {
      ASSERT_TRUE(same_value(value, -0.0)) << text_of(s);
    }
  }
}

TEST_P(matmul, passes_infinities_and_nan_on_as_ieee_754_says) {
  using limits = std::numeric_limits<double>;
  for (const shape& s : shapes_of_every_way(is_emulated())) {
    product<double> p = random_product<double>(s);
    p.a[0] = limits::infinity();
    p.a.back() = limits::quiet_NaN();
    p.b[p.b.size() / 2] = 0.0;
    p.b[1] = -limits::infinity();
    p.b[2] = limits::max();
    expect_plain_chains(ctx(), p);
    EXPECT_TRUE(std::isnan(p.out.back())) << text_of(s);
  }
}

TEST_P(matmul, keeps_subnormal_numbers) {
  product<double> p({1, 1, 2});
  p.a = {0x1p-600};
  p.b = {0x1p-450, 0x1p-474};

  p.run(ctx());

  EXPECT_EQ(p.out, std::vector<double>({0x1p-1050, 0x1p-1074}));
}

TEST_P(matmul, has_the_same_bits_in_other_floating_point_modes) {
  const shape s{20, 30, 40};
  product<double> p = random_product<double>(s);
  p.run(ctx());
  product<double> q = random_product<double>(s);
  {
    const fp_mode hostile(flush_to_zero | round_upward);
    q.run(ctx());
  }
  EXPECT_EQ(p.out, q.out);
}

// ---- what is around it
// -----------------------------------------------------------------------------------------------

TEST_P(matmul, leaves_what_lies_around_the_result_alone) {
  constexpr std::size_t guard = 64;
  for (const shape& s : shapes_of_every_way(is_emulated())) {
    product<float> p = random_product<float>(s);
    std::vector<float> out(p.out.size() + 2 * guard, 42.0f);

    samebits::matmul(ctx(), p.a_view(), p.b_view(), {out.data() + guard, s.n_rows, s.n_cols});

    const auto is_guard = [](float x) { return x == 42.0f; };
    EXPECT_TRUE(std::all_of(out.begin(), out.begin() + guard, is_guard)) << text_of(s);
    EXPECT_TRUE(std::all_of(out.end() - guard, out.end(), is_guard)) << text_of(s);
  }
}

TEST_P(matmul, uses_nothing_around_the_matrices) {
  for (const shape& s : shapes_of_every_way(is_emulated())) {
    product<double> p = random_product<double>(s);
    p.run(ctx());
    const auto with_nan_around = [](const std::vector<double>& values) {
      std::vector<double> around(values.size() + 16, std::numeric_limits<double>::quiet_NaN());
      std::copy(values.begin(), values.end(), around.begin() + 8);
      return around;
    };
    const std::vector<double> a = with_nan_around(p.a);
    const std::vector<double> b = with_nan_around(p.b);
    std::vector<double> out(p.out.size());

    samebits::matmul(ctx(), {a.data() + 8, s.n_rows, s.n_inner}, {b.data() + 8, s.n_inner, s.n_cols},
                     {out.data(), s.n_rows, s.n_cols});

    EXPECT_EQ(out, p.out) << text_of(s);
  }
}

TEST_P(matmul, accepts_empty_matrices_without_data) {
  const matrix_view<const double> none(nullptr, 0, 3);
  const std::vector<double> b(6, 1.0);

  EXPECT_NO_THROW(samebits::matmul(ctx(), none, {b.data(), 3, 2}, matrix_view<double>(nullptr, 0, 2)));
  EXPECT_NO_THROW(
      samebits::matmul(ctx(), matrix_view<const double>(), matrix_view<const double>(), matrix_view<double>()));
}

// ---- errors
// ----------------------------------------------------------------------------------------------------------

std::string error_of_shapes(const context& ctx, matrix_view<const double> a, matrix_view<const double> b,
                            matrix_view<double> out) {
  return error_of<invalid_argument>([&] { samebits::matmul(ctx, a, b, out); });
}

TEST_P(matmul, refuses_shapes_that_do_not_fit) {
  const std::vector<double> x(12, 1.0);
  std::vector<double> out(12, 42.0);

  EXPECT_EQ(error_of_shapes(ctx(), {x.data(), 2, 3}, {x.data(), 4, 2}, {out.data(), 2, 2}),
            "matmul: a is 2 x 3 but b is 4 x 2: the columns of a must be as many as the rows of b");
  EXPECT_EQ(error_of_shapes(ctx(), {x.data(), 2, 3}, {x.data(), 3, 2}, {out.data(), 3, 2}),
            "matmul: out is 3 x 2 but must be 2 x 2");
  EXPECT_EQ(error_of_shapes(ctx(), {x.data(), 2, 3}, {x.data(), 3, 2}, {out.data(), 2, 1}),
            "matmul: out is 2 x 1 but must be 2 x 2");
  EXPECT_EQ(out, std::vector<double>(12, 42.0));
}

TEST_P(matmul, refuses_impossible_matrices) {
  const std::vector<double> x(12, 1.0);
  std::vector<double> out(12, 42.0);
  constexpr std::int64_t huge = std::int64_t{1} << 40;

  EXPECT_EQ(error_of_shapes(ctx(), {x.data(), -2, 3}, {x.data(), 3, 2}, {out.data(), 2, 2}),
            "matmul: a is -2 x 3 but sizes must not be negative");
  EXPECT_EQ(error_of_shapes(ctx(), {nullptr, 2, 3}, {x.data(), 3, 2}, {out.data(), 2, 2}),
            "matmul: a is 2 x 3 but its data is NULL");
  EXPECT_EQ(error_of_shapes(ctx(), {x.data(), 2, 3}, {nullptr, 3, 2}, {out.data(), 2, 2}),
            "matmul: b is 3 x 2 but its data is NULL");
  EXPECT_EQ(error_of_shapes(ctx(), {x.data(), 2, 3}, {x.data(), 3, 2}, {nullptr, 2, 2}),
            "matmul: out is 2 x 2 but its data is NULL");
  EXPECT_EQ(error_of_shapes(ctx(), {x.data(), huge, 0}, {x.data(), 0, huge}, {out.data(), huge, huge}),
            "matmul: out is 1099511627776 x 1099511627776, which is more than 2^56 values");
  EXPECT_EQ(out, std::vector<double>(12, 42.0));
}

TEST_P(matmul, refuses_a_result_that_overlaps_what_it_is_made_of) {
  std::vector<double> x(13, 1.0);
  std::vector<double> other(4, 1.0);

  EXPECT_EQ(error_of_shapes(ctx(), {x.data(), 2, 2}, {other.data(), 2, 2}, {x.data() + 3, 2, 2}),
            "matmul: out (2 x 2) overlaps a (2 x 2) in memory but must lie apart");
  EXPECT_EQ(error_of_shapes(ctx(), {other.data(), 2, 2}, {x.data() + 3, 2, 3}, {x.data(), 2, 3}),
            "matmul: out (2 x 3) overlaps b (2 x 3) in memory but must lie apart");
  EXPECT_EQ(x, std::vector<double>(13, 1.0));
  EXPECT_EQ(error_of_shapes(ctx(), {x.data(), 2, 2}, {x.data(), 2, 2}, {x.data() + 4, 2, 2}), "no error");
}

}  // namespace
}  // namespace samebits::tests
