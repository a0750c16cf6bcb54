// Runs the checks of c_api_pairwise_test.c, and compares the bits of the C interface of sums over pairs, and of the
// tests built on them, with those of its C++ twin.
#include <gtest/gtest.h>

#include "samebits/dependence.hpp"
#include "samebits/kernel_density.hpp"
#include "samebits/pairwise.hpp"
#include "samebits/two_sample.hpp"
#include "tests/lib/c_api_test.h"
#include "tests/lib/c_api_twins.hpp"

namespace samebits::tests {
namespace {

#define SAMEBITS_TEST_OF_C_PAIRWISE_CHECK(name) \
  TEST(c_api_pairwise, name) { EXPECT_EQ(text_of(::name()), ""); }
SAMEBITS_C_PAIRWISE_CHECKS(SAMEBITS_TEST_OF_C_PAIRWISE_CHECK)

template <class T>
class c_api_pairwise_twins : public testing::Test {};
TYPED_TEST_SUITE(c_api_pairwise_twins, row_types);

// ---- pairs -------------------------------------------------------------------------------------------------------

/// Options of both interfaces in which every field has a value of its own.
struct twin_options {
  twin_options(pair_kernel kernel, pairwise_mode mode) {
    samebits_pairwise_options_init(&c);
    c.kernel = static_cast<std::int32_t>(kernel);
    c.mode = static_cast<std::int32_t>(mode);
    c.algorithm = SAMEBITS_ALGORITHM_DIRECT;
    c.degree = 3;
    c.bandwidth = 1.75;
    c.exponent = 0.5;
    c.gamma = 0.25;
    c.offset = 0.75;
    cpp.kernel = kernel;
    cpp.mode = mode;
    cpp.algorithm = pairwise_algorithm::direct;
    cpp.degree = 3;
    cpp.bandwidth = 1.75;
    cpp.exponent = 0.5;
    cpp.gamma = 0.25;
    cpp.offset = 0.75;
  }

  samebits_pairwise_options c;
  pairwise_options cpp;
};

TYPED_TEST(c_api_pairwise_twins, give_the_same_totals_of_pairs) {
  const twins<TypeParam> t;
  for (int kernel = 0; kernel < n_pair_kernels; ++kernel) {
    for (const pairwise_mode mode : {pairwise_mode::cross, pairwise_mode::v, pairwise_mode::u, pairwise_mode::upper}) {
      const bool is_cross = mode == pairwise_mode::cross;
      twin_options o(static_cast<pair_kernel>(kernel), mode);
      o.c.x_weights = t.weights.data();
      o.cpp.x_weights = t.weights;
      if (is_cross) {
        o.c.y_weights = t.weights.data();
        o.cpp.y_weights = t.y_weights();
      }
      t.expect_same(
          1,
          [&](double* out) {
            return samebits_pairwise_sum(t.c_ctx, t.dtype, t.x.data(), t.n, is_cross ? t.y.data() : nullptr,
                                         is_cross ? t.n_y : 0, t.cols, &o.c, out);
          },
          [&] {
            return std::vector{
                pairwise_sum(t.ctx, t.x_view(), is_cross ? t.y_view() : matrix_view<const TypeParam>(), o.cpp)};
          });
    }
  }
}

TYPED_TEST(c_api_pairwise_twins, give_the_same_rows_of_pairs) {
  const twins<TypeParam> t;
  const TypeParam* const x = t.x.data();
  const TypeParam* const y = t.y.data();
  const std::int64_t n = t.n;
  twin_options o(pair_kernel::gaussian, pairwise_mode::cross);
  o.c.y_weights = t.weights.data();
  o.cpp.y_weights = t.y_weights();
  std::vector<double> cpp(static_cast<std::size_t>(n));

  t.expect_same(
      n, [&](double* out) { return samebits_pairwise_rows(t.c_ctx, t.dtype, x, n, y, t.n_y, t.cols, &o.c, out); },
      [&] {
        pairwise_rows(t.ctx, t.x_view(), t.y_view(), o.cpp, cpp);
        return cpp;
      });
  t.expect_same(
      n,
      [&](double* out) { return samebits_pairwise_log_sum_exp(t.c_ctx, t.dtype, x, n, y, t.n_y, t.cols, &o.c, out); },
      [&] {
        pairwise_log_sum_exp(t.ctx, t.x_view(), t.y_view(), o.cpp, cpp);
        return cpp;
      });
  t.expect_same(
      1,
      [&](double* out) {
        return samebits_pairwise_bandwidth_gradient(t.c_ctx, t.dtype, x, n, y, t.n_y, t.cols, &o.c, out);
      },
      [&] { return std::vector{pairwise_bandwidth_gradient(t.ctx, t.x_view(), t.y_view(), o.cpp)}; });
  cpp.resize(static_cast<std::size_t>(n * t.cols));
  t.expect_same(
      n * t.cols,
      [&](double* out) { return samebits_pairwise_gradient(t.c_ctx, t.dtype, x, n, y, t.n_y, t.cols, &o.c, out); },
      [&] {
        pairwise_gradient(t.ctx, t.x_view(), t.y_view(), o.cpp, {cpp.data(), n, t.cols});
        return cpp;
      });
  t.expect_same(
      n * t.cols,
      [&](double* out) {
        return samebits_pairwise_product(t.c_ctx, t.dtype, x, n, y, t.n_y, t.cols, y, t.cols, &o.c, out);
      },
      [&] {
        pairwise_product(t.ctx, t.x_view(), t.y_view(), t.y_view(), o.cpp, {cpp.data(), n, t.cols});
        return cpp;
      });
}

TYPED_TEST(c_api_pairwise_twins, give_the_same_products_of_x_with_itself) {
  const twins<TypeParam> t;
  const twin_options o(pair_kernel::laplacian, pairwise_mode::u);
  t.expect_same(
      t.n * 2,
      [&](double* out) {
        return samebits_pairwise_product(t.c_ctx, t.dtype, t.x.data(), t.n, nullptr, 0, t.cols, t.x.data(), 2, &o.c,
                                         out);
      },
      [&] {
        std::vector<double> cpp(static_cast<std::size_t>(t.n * 2));
        pairwise_product(t.ctx, t.x_view(), {}, matrix_view<const TypeParam>(t.x.data(), t.n, 2), o.cpp,
                         {cpp.data(), t.n, 2});
        return cpp;
      });
}

TYPED_TEST(c_api_pairwise_twins, give_the_same_neighbours) {
  const twins<TypeParam> t;
  constexpr std::int64_t k = 4;
  const twin_options o(pair_kernel::power, pairwise_mode::cross);
  std::vector<std::int64_t> indices(static_cast<std::size_t>(t.n * k));
  std::vector<std::int64_t> cpp_indices(indices.size());
  std::vector<double> cpp(indices.size());

  t.expect_same(
      t.n * k,
      [&](double* out) {
        return samebits_pairwise_nearest(t.c_ctx, t.dtype, t.x.data(), t.n, t.y.data(), t.n_y, t.cols, &o.c, k,
                                         indices.data(), out);
      },
      [&] {
        pairwise_nearest(t.ctx, t.x_view(), t.y_view(), o.cpp, {cpp_indices.data(), t.n, k}, {cpp.data(), t.n, k});
        return cpp;
      });
  EXPECT_EQ(indices, cpp_indices);
}

TYPED_TEST(c_api_pairwise_twins, give_the_same_results_for_several_bandwidths) {
  const twins<TypeParam> t;
  const std::vector<double> bandwidths = {0.5, 1, 3};
  twin_options o(pair_kernel::matern_3_2, pairwise_mode::v);
  o.c.bandwidths = bandwidths.data();
  o.c.n_bandwidths = std::ssize(bandwidths);
  o.cpp.bandwidths = bandwidths;

  t.expect_same(
      3,
      [&](double* out) {
        return samebits_pairwise_sums(t.c_ctx, t.dtype, t.x.data(), t.n, nullptr, 0, t.cols, &o.c, out);
      },
      [&] { return pairwise_sums(t.ctx, t.x_view(), {}, o.cpp); });
  t.expect_same(
      3 * t.n,
      [&](double* out) {
        return samebits_pairwise_rows(t.c_ctx, t.dtype, t.x.data(), t.n, nullptr, 0, t.cols, &o.c, out);
      },
      [&] {
        std::vector<double> cpp(static_cast<std::size_t>(3 * t.n));
        pairwise_rows(t.ctx, t.x_view(), {}, o.cpp, cpp);
        return cpp;
      });
}

TYPED_TEST(c_api_pairwise_twins, give_the_same_medians_and_densities) {
  const twins<TypeParam> t;
  const twin_options distance(pair_kernel::power, pairwise_mode::upper);
  twin_options gaussian(pair_kernel::gaussian, pairwise_mode::cross);
  gaussian.c.y_weights = t.weights.data();
  gaussian.cpp.y_weights = t.weights;

  t.expect_same(
      1,
      [&](double* out) {
        return samebits_pairwise_median(t.c_ctx, t.dtype, t.x.data(), t.n, nullptr, 0, t.cols, &distance.c, out);
      },
      [&] { return std::vector{pairwise_median(t.ctx, t.x_view(), {}, distance.cpp)}; });
  t.expect_same(
      t.n_y,
      [&](double* out) {
        return samebits_kernel_log_density(t.c_ctx, t.dtype, t.x.data(), t.n, t.y.data(), t.n_y, t.cols, &gaussian.c,
                                           out);
      },
      [&] {
        std::vector<double> cpp(static_cast<std::size_t>(t.n_y));
        kernel_log_density(t.ctx, t.x_view(), t.y_view(), gaussian.cpp, cpp);
        return cpp;
      });
}

// ---- tests of samples --------------------------------------------------------------------------------------------

constexpr std::int64_t n_permutations = 60;

samebits_permutation_test_options c_test() {
  samebits_permutation_test_options test;
  samebits_permutation_test_options_init(&test);
  test.n_permutations = n_permutations;
  test.seed = 3;
  test.task = 4;
  return test;
}

permutation_test_options cpp_test() {
  permutation_test_options test;
  test.n_permutations = n_permutations;
  test.stream = {3, 4};
  test.keep_statistics = true;
  return test;
}

/// The statistics of permutations, with the numbers of the result behind them.
std::vector<double> numbers_of(const permutation_test_result& r) {
  std::vector<double> numbers = r.statistics;
  numbers.insert(numbers.end(),
                 {r.statistic, r.p_value, static_cast<double>(r.n_as_large), static_cast<double>(r.n_permutations)});
  return numbers;
}

/// The same of a call of C, which writes a result and statistics.
template <class Call>
samebits_status write_test(double* out, const Call& call) {
  samebits_permutation_test_result r;
  const samebits_status status = call(&r, out);
  if (status == SAMEBITS_OK) {
    const double numbers[] = {r.statistic, r.p_value, static_cast<double>(r.n_as_large),
                              static_cast<double>(r.n_permutations)};
    std::copy(std::begin(numbers), std::end(numbers), out + n_permutations);
  }
  return status;
}

TYPED_TEST(c_api_pairwise_twins, give_the_same_tests_of_two_samples) {
  const twins<TypeParam> t;
  const samebits_permutation_test_options test = c_test();
  const twin_options o(pair_kernel::laplacian, pairwise_mode::cross);
  const TypeParam* const x = t.x.data();
  const TypeParam* const y = t.y.data();

  for (const estimator type : {estimator::v, estimator::u}) {
    const auto c_type = static_cast<samebits_estimator>(type);
    t.expect_same(
        1,
        [&](double* out) {
          return samebits_energy_distance(t.c_ctx, t.dtype, x, t.n, y, t.n_y, t.cols, 0.5, c_type, out);
        },
        [&] { return std::vector{energy_distance(t.ctx, t.x_view(), t.y_view(), 0.5, type)}; });
    t.expect_same(
        1,
        [&](double* out) {
          return samebits_maximum_mean_discrepancy(t.c_ctx, t.dtype, x, t.n, y, t.n_y, t.cols, &o.c, c_type, out);
        },
        [&] { return std::vector{maximum_mean_discrepancy(t.ctx, t.x_view(), t.y_view(), o.cpp, type)}; });
    t.expect_same(
        n_permutations + 4,
        [&](double* out) {
          return write_test(out, [&](samebits_permutation_test_result* r, double* statistics) {
            return samebits_energy_test(t.c_ctx, t.dtype, x, t.n, y, t.n_y, t.cols, 0.5, c_type, &test, r, statistics);
          });
        },
        [&] { return numbers_of(energy_test(t.ctx, t.x_view(), t.y_view(), cpp_test(), 0.5, type)); });
    t.expect_same(
        n_permutations + 4,
        [&](double* out) {
          return write_test(out, [&](samebits_permutation_test_result* r, double* statistics) {
            return samebits_maximum_mean_discrepancy_test(t.c_ctx, t.dtype, x, t.n, y, t.n_y, t.cols, &o.c, c_type,
                                                          &test, r, statistics);
          });
        },
        [&] {
          return numbers_of(maximum_mean_discrepancy_test(t.ctx, t.x_view(), t.y_view(), cpp_test(), o.cpp, type));
        });
  }
}

TYPED_TEST(c_api_pairwise_twins, give_the_same_tests_of_dependence) {
  const twins<TypeParam> t;
  const samebits_permutation_test_options test = c_test();
  const twin_options gaussian(pair_kernel::gaussian, pairwise_mode::cross);
  const twin_options laplacian(pair_kernel::laplacian, pairwise_mode::cross);
  const std::int64_t n = t.n_y;
  const TypeParam* const x = t.x.data();
  const TypeParam* const y = t.y.data();
  const matrix_view<const TypeParam> y_column(y, n, 1);

  t.expect_same(
      1,
      [&](double* out) { return samebits_hsic(t.c_ctx, t.dtype, x, t.cols, y, 1, n, &gaussian.c, &laplacian.c, out); },
      [&] { return std::vector{hsic(t.ctx, t.head(), y_column, gaussian.cpp, laplacian.cpp)}; });
  t.expect_same(
      1, [&](double* out) { return samebits_distance_covariance(t.c_ctx, t.dtype, x, t.cols, y, 1, n, 0.5, out); },
      [&] { return std::vector{distance_covariance(t.ctx, t.head(), y_column, 0.5)}; });
  t.expect_same(
      1, [&](double* out) { return samebits_distance_correlation(t.c_ctx, t.dtype, x, t.cols, y, 1, n, 0.5, out); },
      [&] { return std::vector{distance_correlation(t.ctx, t.head(), y_column, 0.5)}; });
  t.expect_same(
      n_permutations + 4,
      [&](double* out) {
        return write_test(out, [&](samebits_permutation_test_result* r, double* statistics) {
          return samebits_hsic_test(t.c_ctx, t.dtype, x, t.cols, y, 1, n, &gaussian.c, &laplacian.c, &test, r,
                                    statistics);
        });
      },
      [&] { return numbers_of(hsic_test(t.ctx, t.head(), y_column, cpp_test(), gaussian.cpp, laplacian.cpp)); });
  t.expect_same(
      n_permutations + 4,
      [&](double* out) {
        return write_test(out, [&](samebits_permutation_test_result* r, double* statistics) {
          return samebits_distance_covariance_test(t.c_ctx, t.dtype, x, t.cols, y, 1, n, 0.5, &test, r, statistics);
        });
      },
      [&] { return numbers_of(distance_covariance_test(t.ctx, t.head(), y_column, cpp_test(), 0.5)); });
}

}  // namespace
}  // namespace samebits::tests
