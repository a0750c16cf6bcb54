// Runs the checks of c_api_sum_test.c, and compares the bits of the C interface of sums with those of its C++ twin.
#include <gtest/gtest.h>

#include "samebits/exact_sum.hpp"
#include "samebits/histogram.hpp"
#include "samebits/matmul.hpp"
#include "samebits/sum.hpp"
#include "samebits/summary.hpp"
#include "tests/lib/c_api_test.h"
#include "tests/lib/c_api_twins.hpp"

namespace samebits::tests {
namespace {

#define SAMEBITS_TEST_OF_C_SUM_CHECK(name) \
  TEST(c_api_sum, name) { EXPECT_EQ(text_of(::name()), ""); }
SAMEBITS_C_SUM_CHECKS(SAMEBITS_TEST_OF_C_SUM_CHECK)

template <class T>
class c_api_sum_twins : public testing::Test {};
TYPED_TEST_SUITE(c_api_sum_twins, row_types);

TYPED_TEST(c_api_sum_twins, give_the_same_sums) {
  const twins<TypeParam> t;
  const auto numbers = t.list();
  const std::span<const TypeParam> others(t.y.data(), t.y.size());
  const std::int64_t n = std::ssize(others);
  const TypeParam* const x = t.x.data();

  t.expect_same(
      1, [&](double* out) { return samebits_sum(t.c_ctx, t.dtype, x, std::ssize(numbers), out); },
      [&] { return std::vector{sum(t.ctx, numbers)}; });
  t.expect_same(
      1, [&](double* out) { return samebits_dot(t.c_ctx, t.dtype, x, t.y.data(), n, out); },
      [&] { return std::vector{dot(t.ctx, numbers.first(others.size()), others)}; });
  t.expect_same(
      1, [&](double* out) { return samebits_mean(t.c_ctx, t.dtype, x, std::ssize(numbers), out); },
      [&] { return std::vector{mean(t.ctx, numbers)}; });
  t.expect_same(
      1, [&](double* out) { return samebits_variance(t.c_ctx, t.dtype, x, std::ssize(numbers), 1.5, out); },
      [&] { return std::vector{variance(t.ctx, numbers, 1.5)}; });
  for (const norm_kind kind : {norm_kind::l1, norm_kind::l2, norm_kind::max}) {
    const auto c_kind = static_cast<samebits_norm_kind>(kind);
    t.expect_same(
        1, [&](double* out) { return samebits_norm(t.c_ctx, t.dtype, x, std::ssize(numbers), c_kind, out); },
        [&] { return std::vector{norm(t.ctx, numbers, kind)}; });
  }
}

TYPED_TEST(c_api_sum_twins, give_the_same_summaries) {
  const twins<TypeParam> t;
  for (const bool has_weights : {false, true}) {
    const double* const weights = has_weights ? t.weights.data() : nullptr;
    const std::span<const double> cpp_weights = has_weights ? std::span<const double>(t.weights) : std::span<double>();
    std::vector<double> c(5 * t.cols);
    samebits_summary s;
    samebits_summary_init(&s);
    s.sum = c.data();
    s.mean = s.sum + t.cols;
    s.variance = s.mean + t.cols;
    s.min = s.variance + t.cols;
    s.max = s.min + t.cols;

    ASSERT_EQ(samebits_summarize(t.c_ctx, t.dtype, t.x.data(), t.n, t.cols, weights, 1, &s), SAMEBITS_OK);

    const summary cpp = summarize(t.ctx, t.x_view(), cpp_weights, 1);
    std::vector<double> expected;
    for (const std::vector<double>* part : {&cpp.sum, &cpp.mean, &cpp.variance, &cpp.min, &cpp.max}) {
      expected.insert(expected.end(), part->begin(), part->end());
    }
    EXPECT_EQ(bits_of(c), bits_of(expected));
    EXPECT_EQ(s.n_rows, cpp.n_rows);
    EXPECT_EQ(s.weight, cpp.weight);
    t.expect_same(
        t.cols * t.cols,
        [&](double* out) { return samebits_covariance(t.c_ctx, t.dtype, t.x.data(), t.n, t.cols, weights, 0.5, out); },
        [&] { return covariance(t.ctx, t.x_view(), cpp_weights, 0.5); });
  }
}

TYPED_TEST(c_api_sum_twins, give_the_same_exact_sums) {
  const twins<TypeParam> t;
  const TypeParam* const x = t.x.data();
  t.expect_same(
      t.cols, [&](double* out) { return samebits_exact_sum(t.c_ctx, t.dtype, x, t.n, t.cols, out); },
      [&] { return exact_sum(t.ctx, t.x_view()); });
  t.expect_same(
      t.cols, [&](double* out) { return samebits_exact_dot(t.c_ctx, t.dtype, x, t.y.data(), t.n_y, t.cols, out); },
      [&] { return exact_dot(t.ctx, t.head(), t.y_view()); });
  t.expect_same(
      t.cols, [&](double* out) { return samebits_exact_mean(t.c_ctx, t.dtype, x, t.n, t.cols, out); },
      [&] { return exact_mean(t.ctx, t.x_view()); });
  t.expect_same(
      1, [&](double* out) { return samebits_exact_mean(t.c_ctx, t.dtype, x, t.n * t.cols, 1, out); },
      [&] { return std::vector{exact_mean(t.ctx, t.list())}; });
}

TYPED_TEST(c_api_sum_twins, give_the_same_products) {
  const twins<TypeParam> t;
  constexpr std::int64_t n = 40;
  std::vector<TypeParam> c(n * n);
  std::vector<TypeParam> cpp(n * n);

  ASSERT_EQ(samebits_matmul(t.c_ctx, t.dtype, t.x.data(), t.y.data(), n, t.cols, n, c.data()), SAMEBITS_OK);

  matmul(t.ctx, matrix_view<const TypeParam>(t.x.data(), n, t.cols),
         matrix_view<const TypeParam>(t.y.data(), t.cols, n), matrix_view<TypeParam>(cpp.data(), n, n));
  EXPECT_EQ(c, cpp);
}

TYPED_TEST(c_api_sum_twins, give_the_same_histograms) {
  const twins<TypeParam> t;
  constexpr std::int64_t n_bins = 9;
  std::vector<std::int64_t> counts(n_bins);
  std::vector<double> sums(n_bins);
  std::vector<double> edges(n_bins + 1);
  std::int64_t n_below = 0;
  std::int64_t n_above = 0;

  ASSERT_EQ(samebits_equal_bins(-3, 4, n_bins, edges.data()), SAMEBITS_OK);
  ASSERT_EQ(samebits_histogram(t.c_ctx, t.dtype, t.x.data(), t.n, edges.data(), n_bins, t.weights.data(), counts.data(),
                               sums.data(), &n_below, &n_above),
            SAMEBITS_OK);

  const histogram_result cpp = histogram(t.ctx, t.list().first(t.n), equal_bins(-3, 4, n_bins), t.weights);
  EXPECT_EQ(bits_of(edges), bits_of(cpp.edges));
  EXPECT_EQ(counts, cpp.counts);
  EXPECT_EQ(bits_of(sums), bits_of(cpp.weights));
  EXPECT_EQ(n_below, cpp.n_below);
  EXPECT_EQ(n_above, cpp.n_above);
}

TYPED_TEST(c_api_sum_twins, give_the_same_partial_summaries) {
  const twins<TypeParam> t;
  constexpr std::int64_t cut = 100;
  samebits_partial_summary* c = nullptr;
  ASSERT_EQ(samebits_partial_summary_create(SAMEBITS_STATISTIC_COVARIANCE, t.cols, &c), SAMEBITS_OK);
  ASSERT_EQ(samebits_partial_summary_add(t.c_ctx, c, cut, t.dtype, t.x.data() + cut * t.cols, t.n - cut, t.cols,
                                         t.weights.data() + cut),
            SAMEBITS_OK);
  std::int64_t n_bytes = 0;
  ASSERT_EQ(samebits_partial_summary_bytes(c, nullptr, 0, &n_bytes), SAMEBITS_OK);
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(n_bytes));
  ASSERT_EQ(samebits_partial_summary_bytes(c, bytes.data(), n_bytes, &n_bytes), SAMEBITS_OK);

  partial_summary cpp(statistic::covariance, t.cols);
  cpp.add(t.ctx, cut, {t.x.data() + cut * t.cols, t.n - cut, t.cols}, std::span(t.weights).subspan(cut));
  const auto expected = cpp.bytes();
  ASSERT_EQ(n_bytes, std::ssize(expected));
  EXPECT_EQ(std::memcmp(bytes.data(), expected.data(), bytes.size()), 0);

  ASSERT_EQ(samebits_partial_summary_add(t.c_ctx, c, 0, t.dtype, t.x.data(), cut, t.cols, t.weights.data()),
            SAMEBITS_OK);
  t.expect_same(
      t.cols * t.cols, [&](double* out) { return samebits_partial_summary_covariance(c, 1, out); },
      [&] { return covariance(t.ctx, t.x_view(), t.weights, 1); });
  samebits_partial_summary_destroy(c);
}

TYPED_TEST(c_api_sum_twins, give_the_same_exact_totals) {
  const twins<TypeParam> t;
  const auto others = std::span<const TypeParam>(t.y);
  samebits_exact_total* c = nullptr;
  ASSERT_EQ(samebits_exact_total_create(&c), SAMEBITS_OK);
  ASSERT_EQ(samebits_exact_total_add(t.c_ctx, c, t.dtype, t.x.data(), std::ssize(t.x)), SAMEBITS_OK);
  ASSERT_EQ(samebits_exact_total_add_product(t.c_ctx, c, t.dtype, t.x.data(), t.y.data(), std::ssize(others)),
            SAMEBITS_OK);
  std::int64_t n_bytes = 0;
  ASSERT_EQ(samebits_exact_total_bytes(c, nullptr, 0, &n_bytes), SAMEBITS_OK);
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(n_bytes));
  ASSERT_EQ(samebits_exact_total_bytes(c, bytes.data(), n_bytes, &n_bytes), SAMEBITS_OK);

  exact_total cpp;
  cpp.add(t.ctx, t.list());
  cpp.add_product(t.ctx, t.list().first(others.size()), others);
  EXPECT_EQ(exact_total::from_bytes(std::as_bytes(std::span(bytes))), cpp);
  t.expect_same(
      1, [&](double* out) { return samebits_exact_total_mean(c, out); }, [&] { return std::vector{cpp.mean()}; });
  samebits_exact_total_destroy(c);
}

}  // namespace
}  // namespace samebits::tests
