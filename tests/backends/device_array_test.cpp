// Arrays in the memory of the backend: copies, and every function of the table in docs/gpu.md, with the bits of the
// same call on the host's memory; and by name what is refused there. On the emulated device the host cannot touch that
// memory between calls, as on a GPU.
#include "samebits/device_array.hpp"

#include <limits>
#include <thread>

#include "samebits/bayesian_gmm.hpp"
#include "samebits/datasets.hpp"
#include "samebits/dependence.hpp"
#include "samebits/exact_sum.hpp"
#include "samebits/gmm.hpp"
#include "samebits/gmm_model.hpp"
#include "samebits/histogram.hpp"
#include "samebits/kernel_density.hpp"
#include "samebits/math.hpp"
#include "samebits/matmul.hpp"
#include "samebits/pair_functor.hpp"
#include "samebits/pairwise.hpp"
#include "samebits/permutation.hpp"
#include "samebits/random.hpp"
#include "samebits/sum.hpp"
#include "samebits/summary.hpp"
#include "samebits/two_sample.hpp"
#include "tests/backends/backend_test.hpp"

namespace samebits::tests {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr stream_id id{11, 3};

template <class T>
device_array<T> on_device(const context& ctx, const std::vector<T>& host) {
  return device_array<T>(ctx, std::span<const T>(host));
}

template <class T>
std::span<const T> constant(const std::vector<T>& host) {
  return host;
}

std::vector<double> normals(const context& ctx, std::int64_t n, std::uint64_t first = 0) {
  std::vector<double> numbers(static_cast<std::size_t>(n));
  fill_normal(ctx, id, first, numbers);
  return numbers;
}

std::vector<float> as_float(const std::vector<double>& numbers) { return {numbers.begin(), numbers.end()}; }

// ---- arrays ------------------------------------------------------------------------------------------------------

using device_array_of = backend_test;
SAMEBITS_ON_EVERY_BACKEND(device_array_of);
INSTANTIATE_TEST_SUITE_P(in_pieces_on, device_array_of, testing::Values("cuda-emulated-small"), backend_test_name);

TEST_P(device_array_of, numbers_gives_them_back) {
  const std::vector<double> host{1.5, -2, infinity, -0.0};

  const device_array<double> array = on_device(ctx(), host);

  EXPECT_EQ(array.size(), 4);
  EXPECT_NE(array.data(), host.data());
  EXPECT_EQ(array.to_host(), host);
  EXPECT_EQ(on_device(ctx(), std::vector<std::uint32_t>{7, 8}).to_host(), (std::vector<std::uint32_t>{7, 8}));
}

TEST_P(device_array_of, numbers_takes_new_ones) {
  device_array<std::int64_t> array(ctx(), 3);
  const std::vector<std::int64_t> host{4, 5, 6};

  array.copy_from(host);
  std::vector<std::int64_t> back(3);
  array.copy_to(back);

  EXPECT_EQ(back, host);
}

TEST_P(device_array_of, numbers_copies_within_the_device) {
  const device_array<float> from = on_device(ctx(), std::vector<float>{1, 2, 3});
  device_array<float> to(ctx(), 3);

  to.copy_from(from.span());

  EXPECT_EQ(to.to_host(), (std::vector<float>{1, 2, 3}));
}

TEST_P(device_array_of, numbers_moves) {
  device_array<double> first = on_device(ctx(), std::vector<double>{1, 2});
  const double* const address = first.data();

  device_array<double> second = std::move(first);
  device_array<double> third(ctx(), 5);
  third = std::move(second);

  EXPECT_EQ(third.data(), address);
  EXPECT_EQ(third.to_host(), (std::vector<double>{1, 2}));
}

TEST_P(device_array_of, nothing_has_no_memory) {
  device_array<double> none(ctx(), 0);

  none.copy_from({});

  EXPECT_EQ(none.data(), nullptr);
  EXPECT_TRUE(none.to_host().empty());
  EXPECT_EQ(sum(ctx(), none.span()), 0);
}

TEST_P(device_array_of, numbers_refuses_bad_sizes) {
  device_array<double> two(ctx(), 2);
  std::vector<double> three(3);

  EXPECT_EQ(error_of<invalid_argument>([&] { device_array<double>(ctx(), -1); }),
            "device_array: n is -1 but must be at least 0, with at most 2^56 bytes");
  EXPECT_EQ(error_of<invalid_argument>([&] { device_array<double>(ctx(), std::int64_t{1} << 60); }),
            "device_array: n is 1152921504606846976 but must be at least 0, with at most 2^56 bytes");
  EXPECT_EQ(error_of<invalid_argument>([&] { two.copy_from(three); }),
            "device_array::copy_from: the other array has 3 elements but the device_array has 2");
  EXPECT_EQ(error_of<invalid_argument>([&] { two.copy_to(three); }),
            "device_array::copy_to: the other array has 3 elements but the device_array has 2");
}

TEST_P(device_array_of, more_numbers_than_memory_is_refused) {
#if defined(SAMEBITS_TEST_ASAN) || defined(SAMEBITS_TEST_TSAN)
  GTEST_SKIP() << "the sanitizer ends the program";
#endif
  EXPECT_TRUE(contains(error_of<out_of_memory>([&] { device_array<double>(ctx(), std::int64_t{1} << 50); }),
                       "device_array: out of memory"));
}

TEST_P(device_array_of, a_context_on_a_stream_is_the_same_backend) {
  const context queued = ctx().on_one_thread().on_stream(nullptr);

  EXPECT_STREQ(queued.backend(), ctx().backend());
  EXPECT_EQ(queued.n_threads(), 1);
  EXPECT_EQ(queued.stream(), nullptr);
  EXPECT_NO_THROW(queued.synchronize());
}

TEST_P(device_array_of, another_thread_sees_them_after_a_wait) {
  device_array<double> x(ctx(), 1000);
  fill_normal(ctx(), id, 0, x.span());
  ctx().synchronize();
  double total = 0;

  std::thread([&] { total = sum(ctx(), x.span()); }).join();

  EXPECT_EQ(total, sum(ctx(), constant(normals(ctx(), 1000))));
}

/// Or the tests below would prove nothing.
TEST_P(device_array_of, emulated_numbers_are_out_of_the_hosts_reach) {
  if (!is_emulated()) {
    GTEST_SKIP() << "a matter of the machine";
  }
  const device_array<double> array = on_device(ctx(), std::vector<double>{1});
  const volatile double* const address = array.data();

  EXPECT_DEATH(std::exit(*address == 1 ? 0 : 1), "");
}

// ---- random numbers ----------------------------------------------------------------------------------------------

/// Fills part of an array on the device, at any place and from any number, and looks at all of it.
template <class T>
void expect_fill(const context& ctx, const samebits_distribution& distribution, std::int64_t row_size, T mark) {
  for (const std::int64_t n : {1, 2, 3, 8, 4500}) {
    for (const std::int64_t place : {0, 1, 2, 3}) {
      for (const std::uint64_t first : {0, 1, 2, 3, 5}) {
        SCOPED_TRACE(std::to_string(n) + " from " + std::to_string(first) + " at " + std::to_string(place));
        std::vector<T> expected(static_cast<std::size_t>(n * row_size + 8), mark);
        device_array<T> array = on_device(ctx, expected);
        const auto part = [&](std::span<T> all) {
          return all.subspan(static_cast<std::size_t>(place), static_cast<std::size_t>(n * row_size));
        };

        fill(ctx, distribution, id, first, part(array.span()));

        fill(ctx, distribution, id, first, part(expected));
        ASSERT_EQ(array.to_host(), expected);
      }
    }
  }
}

TEST_P(device_array_of, random_numbers_are_filled_in_place) {
  expect_fill<double>(ctx(), dist::normal{}, 1, -77);
  expect_fill<float>(ctx(), dist::uniform{}, 1, -77);
  expect_fill<std::uint32_t>(ctx(), dist::words{}, 1, 77);
  expect_fill<std::uint64_t>(ctx(), dist::words64{}, 1, 77);
}

TEST_P(device_array_of, words_and_uniform_numbers_are_filled_in_place) {
  std::vector<std::uint32_t> words(100);
  std::vector<double> uniform(100);
  device_array<std::uint32_t> device_words(ctx(), 100);
  device_array<double> device_uniform(ctx(), 100);

  fill_words(ctx(), id, 3, words);
  fill_words(ctx(), id, 3, device_words.span());
  fill_uniform(ctx(), id, 3, uniform);
  fill_uniform(ctx(), id, 3, device_uniform.span());

  EXPECT_EQ(device_words.to_host(), words);
  EXPECT_EQ(device_uniform.to_host(), uniform);
}

TEST_P(device_array_of, samples_of_other_layouts_are_filled_in_place) {
  const std::vector<double> weights{1, 2, 3};
  expect_fill<double>(ctx(), dist::gamma{.shape = 2.5}, 1, -77);
  expect_fill<std::int64_t>(ctx(), dist::poisson{.mean = 20}, 1, -77);
  expect_fill<std::uint64_t>(ctx(), dist::integers{.n = 10}, 1, 77);
  expect_fill<std::int64_t>(ctx(), dist::categorical{weights}, 1, -77);
  expect_fill<double>(ctx(), dist::dirichlet{weights}, 3, -77);
  expect_fill<std::int64_t>(ctx(), dist::multinomial{.n = 9, .weights = weights}, 3, -77);
}

/// make(out) fills part of an array of the host or the device.
template <class Make>
void expect_indices(const context& ctx, const Make& make) {
  for (const std::size_t n : {1, 2, 35, 4500}) {
    for (const std::size_t place : {0, 1, 3}) {
      SCOPED_TRACE(std::to_string(n) + " at " + std::to_string(place));
      std::vector<std::int64_t> expected(n + 8, -77);
      device_array<std::int64_t> array = on_device(ctx, expected);

      make(array.span().subspan(place, n));

      make(std::span(expected).subspan(place, n));
      EXPECT_EQ(array.to_host(), expected);
    }
  }
}

TEST_P(device_array_of, permutations_and_resamples_are_made_in_place) {
  expect_indices(ctx(), [&](std::span<std::int64_t> out) { permutation(ctx(), id, out); });
  expect_indices(ctx(), [&](std::span<std::int64_t> out) { bootstrap_indices(ctx(), id, 1'000'003, 5, out); });
}

// ---- elements and sums -------------------------------------------------------------------------------------------

TEST_P(device_array_of, elementary_functions_take_any_mix_of_addresses) {
  const std::vector<double> host = normals(ctx(), 1000);
  std::vector<double> expected(host.size());
  samebits::exp(ctx(), host, expected);
  const device_array<double> in = on_device(ctx(), host);
  device_array<double> out(ctx(), 1000);
  std::vector<double> back(host.size());

  samebits::exp(ctx(), in.span(), out.span());
  samebits::exp(ctx(), in.span(), back);
  EXPECT_EQ(out.to_host(), expected);
  EXPECT_EQ(back, expected);

  samebits::exp(ctx(), host, out.span());
  EXPECT_EQ(out.to_host(), expected);

  out.copy_from(host);
  samebits::exp(ctx(), out.span(), out.span());
  EXPECT_EQ(out.to_host(), expected);

  samebits::log(ctx(), expected, back);
  samebits::log(ctx(), out.span(), out.span());
  EXPECT_EQ(out.to_host(), back);
}

template <class T>
void expect_sums(const context& ctx, const std::vector<T>& x, const std::vector<T>& y) {
  const device_array<T> dx = on_device(ctx, x);
  const device_array<T> dy = on_device(ctx, y);
  const std::span<const T> on_x = dx.span();

  EXPECT_EQ(sum(ctx, on_x), sum(ctx, constant(x)));
  EXPECT_EQ(dot(ctx, on_x, dy.span()), dot(ctx, constant(x), constant(y)));
  EXPECT_EQ(dot(ctx, on_x, constant(y)), dot(ctx, constant(x), constant(y)));
  for (const norm_kind kind : {norm_kind::l1, norm_kind::l2, norm_kind::max}) {
    EXPECT_EQ(norm(ctx, on_x, kind), norm(ctx, constant(x), kind));
  }
  EXPECT_EQ(mean(ctx, on_x), mean(ctx, constant(x)));
  EXPECT_EQ(variance(ctx, on_x), variance(ctx, constant(x)));
  EXPECT_EQ(exact_sum(ctx, on_x), exact_sum(ctx, constant(x)));
  EXPECT_EQ(exact_dot(ctx, on_x, dy.span()), exact_dot(ctx, constant(x), constant(y)));
  EXPECT_EQ(exact_mean(ctx, on_x), exact_mean(ctx, constant(x)));
  exact_total total;
  exact_total expected;
  total.add(ctx, on_x);
  total.add_product(ctx, on_x, dy.span());
  expected.add(ctx, constant(x));
  expected.add_product(ctx, constant(x), constant(y));
  EXPECT_EQ(total, expected);
}

TEST_P(device_array_of, numbers_are_summed_in_place) {
  const std::vector<double> x = normals(ctx(), 3000);
  const std::vector<double> y = normals(ctx(), 3000, 3000);

  expect_sums(ctx(), x, y);
  expect_sums(ctx(), as_float(x), as_float(y));
}

TEST_P(device_array_of, tiny_and_huge_numbers_have_their_norm) {
  for (const double scale : {0x1p-700, 0x1p700}) {
    std::vector<double> x = normals(ctx(), 300);
    for (double& number : x) {
      number *= scale;
    }
    EXPECT_EQ(norm(ctx(), std::span<const double>(on_device(ctx(), x).span())), norm(ctx(), constant(x)));
  }
}

TEST_P(device_array_of, rows_are_summarised_in_place) {
  const matrix x(700, 3, normals(ctx(), 2100));
  const std::vector<double> weights(700, 0.5);
  const device_array<double> dx = on_device(ctx(), x.values);
  const matrix_view<const double> rows(dx.data(), 700, 3);

  const matrix y(700, 3, normals(ctx(), 2100, 2100));
  const device_array<double> dy = on_device(ctx(), y.values);

  EXPECT_EQ(summarize(ctx(), rows, weights).variance, summarize(ctx(), x.view(), weights).variance);
  EXPECT_EQ(covariance(ctx(), rows), covariance(ctx(), x.view()));
  EXPECT_EQ(exact_sum(ctx(), rows), exact_sum(ctx(), x.view()));
  EXPECT_EQ(exact_mean(ctx(), rows), exact_mean(ctx(), x.view()));
  EXPECT_EQ(exact_dot(ctx(), rows, {dy.data(), 700, 3}), exact_dot(ctx(), x.view(), y.view()));
}

TEST_P(device_array_of, more_columns_than_a_pass_takes_are_summed_exactly) {
  const std::int64_t n_cols = (1 << 16) + 3;
  const matrix x(2, n_cols, normals(ctx(), 2 * n_cols));
  const device_array<double> dx = on_device(ctx(), x.values);

  EXPECT_EQ(exact_sum(ctx(), matrix_view<const double>(dx.data(), 2, n_cols)), exact_sum(ctx(), x.view()));
}

TEST_P(device_array_of, numbers_are_counted_in_place) {
  const std::vector<double> x = normals(ctx(), 3000);
  const std::vector<double> edges{-1, 0, 0.5, 2};
  const std::vector<double> weights(x.size(), 0.25);
  const device_array<double> dx = on_device(ctx(), x);

  const histogram_result counted = histogram(ctx(), std::span<const double>(dx.span()), edges, weights);

  const histogram_result expected = histogram(ctx(), constant(x), edges, weights);
  EXPECT_EQ(counted.counts, expected.counts);
  EXPECT_EQ(counted.weights, expected.weights);
  EXPECT_EQ(counted.n_above, expected.n_above);
}

TEST_P(device_array_of, matrices_are_multiplied_in_place) {
  const matrix a(70, 20, normals(ctx(), 1400));
  const matrix b(20, 33, normals(ctx(), 660, 1400));
  matrix expected(70, 33);
  samebits::matmul(ctx(), a.view(), b.view(), expected.view());
  const device_array<double> da = on_device(ctx(), a.values);
  const device_array<double> db = on_device(ctx(), b.values);
  device_array<double> out(ctx(), 70 * 33);

  samebits::matmul(ctx(), {da.data(), 70, 20}, {db.data(), 20, 33}, {out.data(), 70, 33});
  EXPECT_EQ(out.to_host(), expected.values);

  samebits::matmul(ctx(), {da.data(), 70, 0}, {db.data(), 0, 33}, matrix_view<double>(out.data(), 70, 33));
  EXPECT_EQ(out.to_host(), std::vector<double>(70 * 33, 0.0));
}

// ---- pairs -------------------------------------------------------------------------------------------------------

/// Rows on the host and on the device.
template <class T>
struct twins {
  twins(const context& ctx, std::int64_t rows, std::int64_t cols, std::vector<T> numbers)
      : n_rows(rows), n_cols(cols), values(std::move(numbers)), array(on_device(ctx, values)) {}

  matrix_view<const T> host() const { return {values.data(), n_rows, n_cols}; }
  matrix_view<const T> device() const { return {array.data(), n_rows, n_cols}; }

  std::int64_t n_rows;
  std::int64_t n_cols;
  std::vector<T> values;
  device_array<T> array;
};

template <class T>
void expect_pairs(const context& ctx, const twins<T>& x, const twins<T>& y, const pairwise_options& o) {
  SCOPED_TRACE(name_of(o.kernel));
  const std::int64_t n = x.n_rows;
  std::vector<double> expected(static_cast<std::size_t>(n));
  device_array<double> out(ctx, n);

  pairwise_rows(ctx, x.host(), y.host(), o, expected);
  pairwise_rows(ctx, x.device(), y.device(), o, out.span());
  EXPECT_EQ(out.to_host(), expected);
  EXPECT_EQ(pairwise_sum(ctx, x.device(), y.device(), o), pairwise_sum(ctx, x.host(), y.host(), o));

  std::vector<double> product(static_cast<std::size_t>(n * y.n_cols));
  device_array<double> device_product(ctx, n * y.n_cols);
  pairwise_product(ctx, x.host(), y.host(), y.host(), o, {product.data(), n, y.n_cols});
  pairwise_product(ctx, x.device(), y.device(), y.device(), o, {device_product.data(), n, y.n_cols});
  EXPECT_EQ(device_product.to_host(), product);
}

template <class T>
void expect_pairs_of_gaussian(const context& ctx, const twins<T>& x, const twins<T>& y) {
  const std::int64_t n = x.n_rows;
  const pairwise_options o{.kernel = pair_kernel::gaussian};
  std::vector<double> expected(static_cast<std::size_t>(n * x.n_cols));
  device_array<double> out(ctx, n * x.n_cols);
  pairwise_gradient(ctx, x.host(), y.host(), o, {expected.data(), n, x.n_cols});
  pairwise_gradient(ctx, x.device(), y.device(), o, {out.data(), n, x.n_cols});
  EXPECT_EQ(out.to_host(), expected);

  std::vector<double> logs(static_cast<std::size_t>(n));
  device_array<double> device_logs(ctx, n);
  pairwise_log_sum_exp(ctx, x.host(), y.host(), o, logs);
  pairwise_log_sum_exp(ctx, x.device(), y.device(), o, device_logs.span());
  EXPECT_EQ(device_logs.to_host(), logs);

  std::vector<std::int64_t> indices(static_cast<std::size_t>(2 * n));
  std::vector<double> values(indices.size());
  device_array<std::int64_t> device_indices(ctx, 2 * n);
  device_array<double> device_values(ctx, 2 * n);
  const pairwise_options near{.kernel = pair_kernel::squared_distance};
  pairwise_nearest(ctx, x.host(), y.host(), near, {indices.data(), n, 2}, {values.data(), n, 2});
  pairwise_nearest(ctx, x.device(), y.device(), near, {device_indices.data(), n, 2}, {device_values.data(), n, 2});
  EXPECT_EQ(device_indices.to_host(), indices);
  EXPECT_EQ(device_values.to_host(), values);

  const std::vector<double> bandwidths{0.5, 1, 3};
  const pairwise_options several{.kernel = pair_kernel::gaussian, .bandwidths = bandwidths};
  EXPECT_EQ(pairwise_sums(ctx, x.device(), y.device(), several), pairwise_sums(ctx, x.host(), y.host(), several));

  EXPECT_EQ(pairwise_median(ctx, x.device(), y.device(), near), pairwise_median(ctx, x.host(), y.host(), near));
  EXPECT_EQ(pairwise_bandwidth_gradient(ctx, x.device(), y.device(), o),
            pairwise_bandwidth_gradient(ctx, x.host(), y.host(), o));
}

TEST_P(device_array_of, pairs_of_rows_are_reduced_in_place) {
  const twins<double> x(ctx(), 40, 2, normals(ctx(), 80));
  const twins<double> y(ctx(), 30, 2, normals(ctx(), 60, 80));
  const twins<float> float_x(ctx(), 40, 2, as_float(x.values));
  const twins<float> float_y(ctx(), 30, 2, as_float(y.values));

  for (const pair_kernel kernel :
       {pair_kernel::gaussian, pair_kernel::product, pair_kernel::squared_distance, pair_kernel::cosine}) {
    expect_pairs(ctx(), x, y, {.kernel = kernel});
    expect_pairs(ctx(), float_x, float_y, {.kernel = kernel});
  }
  expect_pairs_of_gaussian(ctx(), x, y);
  expect_pairs_of_gaussian(ctx(), float_x, float_y);
}

TEST_P(device_array_of, rows_meet_themselves_in_place) {
  const twins<double> x(ctx(), 40, 2, normals(ctx(), 80));
  for (const pairwise_mode mode : {pairwise_mode::v, pairwise_mode::u, pairwise_mode::upper}) {
    for (const pair_kernel kernel : {pair_kernel::gaussian, pair_kernel::cosine, pair_kernel::product}) {
      const pairwise_options o{.kernel = kernel, .mode = mode};
      EXPECT_EQ(pairwise_sum(ctx(), x.device(), {}, o), pairwise_sum(ctx(), x.host(), {}, o));
    }
  }
}

void expect_same_test(const permutation_test_result& result, const permutation_test_result& expected) {
  EXPECT_EQ(result.statistic, expected.statistic);
  EXPECT_EQ(result.p_value, expected.p_value);
  EXPECT_EQ(result.n_as_large, expected.n_as_large);
  EXPECT_EQ(result.n_permutations, expected.n_permutations);
  EXPECT_EQ(result.statistics, expected.statistics);
}

template <class T>
void expect_statistics_of_samples(const context& ctx, const twins<T>& x, const twins<T>& y) {
  const permutation_test_options few{.n_permutations = 9, .keep_statistics = true};

  EXPECT_EQ(energy_distance(ctx, x.device(), y.device()), energy_distance(ctx, x.host(), y.host()));
  EXPECT_EQ(maximum_mean_discrepancy(ctx, x.device(), y.device(), {}),
            maximum_mean_discrepancy(ctx, x.host(), y.host(), {}));
  EXPECT_EQ(hsic(ctx, x.device(), y.device(), {}, {}), hsic(ctx, x.host(), y.host(), {}, {}));
  EXPECT_EQ(distance_covariance(ctx, x.device(), y.device()), distance_covariance(ctx, x.host(), y.host()));
  EXPECT_EQ(distance_correlation(ctx, x.device(), y.device()), distance_correlation(ctx, x.host(), y.host()));

  expect_same_test(energy_test(ctx, x.device(), y.device(), few), energy_test(ctx, x.host(), y.host(), few));
  expect_same_test(maximum_mean_discrepancy_test(ctx, x.device(), y.device(), few, {}),
                   maximum_mean_discrepancy_test(ctx, x.host(), y.host(), few, {}));
  expect_same_test(hsic_test(ctx, x.device(), y.device(), few, {}, {}),
                   hsic_test(ctx, x.host(), y.host(), few, {}, {}));
  expect_same_test(distance_covariance_test(ctx, x.device(), y.device(), few),
                   distance_covariance_test(ctx, x.host(), y.host(), few));
}

TEST_P(device_array_of, tests_of_samples_take_addresses) {
  const twins<double> x(ctx(), 30, 2, normals(ctx(), 60));
  const twins<double> y(ctx(), 30, 2, normals(ctx(), 60, 60));

  expect_statistics_of_samples(ctx(), x, y);
  expect_statistics_of_samples(ctx(), twins<float>(ctx(), 30, 2, as_float(x.values)),
                               twins<float>(ctx(), 30, 2, as_float(y.values)));
}

TEST_P(device_array_of, densities_take_addresses) {
  const twins<double> points(ctx(), 30, 2, normals(ctx(), 60));
  const twins<double> places(ctx(), 20, 2, normals(ctx(), 40, 60));
  std::vector<double> density(20);
  std::vector<double> expected(20);

  kernel_log_density(ctx(), points.device(), places.device(), {.kernel = pair_kernel::gaussian}, density);

  kernel_log_density(ctx(), points.host(), places.host(), {.kernel = pair_kernel::gaussian}, expected);
  EXPECT_EQ(density, expected);
}

// ---- mixtures ----------------------------------------------------------------------------------------------------

gmm_options short_fit(std::int64_t n_components) {
  gmm_options o;
  o.n_components = n_components;
  o.max_iter = 5;
  return o;
}

TEST_P(device_array_of, mixtures_are_fitted_in_place) {
  const matrix blob = blobs(ctx(), 400, 2, 3);
  const twins<double> x(ctx(), 400, 2, blob.values);
  const twins<float> floats(ctx(), 400, 2, as_float(blob.values));
  for (const gmm_init init : {gmm_init::kmeans_plus_plus, gmm_init::kmeans, gmm_init::random_rows}) {
    gmm_options o = short_fit(3);
    o.init = init;
    o.n_init = 2;
    EXPECT_EQ(gmm_digest(gmm_fit(ctx(), x.device(), o)), gmm_digest(gmm_fit(ctx(), x.host(), o)));
    EXPECT_EQ(gmm_digest(gmm_fit(ctx(), floats.device(), o)), gmm_digest(gmm_fit(ctx(), floats.host(), o)));
  }
}

TEST_P(device_array_of, mixtures_with_priors_are_fitted_in_place) {
  const twins<double> x(ctx(), 200, 2, blobs(ctx(), 200, 2, 3).values);
  bayesian_gmm_options o;
  o.fit = short_fit(3);

  const bayesian_gmm_model model = bayesian_gmm_fit(ctx(), x.device(), o);

  const bayesian_gmm_model expected = bayesian_gmm_fit(ctx(), x.host(), o);
  EXPECT_EQ(gmm_digest(model.mixture), gmm_digest(expected.mixture));
  EXPECT_EQ(model.weight_concentration, expected.weight_concentration);
  EXPECT_EQ(model.mean_precision, expected.mean_precision);
  EXPECT_EQ(model.degrees_of_freedom, expected.degrees_of_freedom);
}

template <class T>
void expect_choice(const context& ctx, const twins<T>& x) {
  const std::vector<covariance_type> types{covariance_type::full, covariance_type::tied_diag};
  const std::vector<std::int64_t> sizes{1, 3};

  const gmm_selection choice = gmm_select(ctx, x.device(), types, sizes, short_fit(1));

  const gmm_selection expected = gmm_select(ctx, x.host(), types, sizes, short_fit(1));
  EXPECT_EQ(gmm_digest(choice.model), gmm_digest(expected.model));
  EXPECT_EQ(choice.best, expected.best);
  ASSERT_EQ(choice.candidates.size(), 4);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(choice.candidates[i].criteria.bic, expected.candidates[i].criteria.bic);
    EXPECT_EQ(choice.candidates[i].n_iter, expected.candidates[i].n_iter);
    EXPECT_EQ(choice.candidates[i].failure, "");
  }
}

TEST_P(device_array_of, mixtures_are_chosen_in_place) {
  const std::vector<double> blob = blobs(ctx(), 200, 2, 3).values;

  expect_choice(ctx(), twins<double>(ctx(), 200, 2, blob));
  expect_choice(ctx(), twins<float>(ctx(), 200, 2, as_float(blob)));
}

/// Of clusters and of shares from outside.
template <class T>
void expect_steps_of_mixture(const context& ctx, const gmm_model& model, const twins<T>& x) {
  const gmm_merging merging = gmm_merge(ctx, model, x.device());
  const gmm_merging expected = gmm_merge(ctx, model, x.host());
  EXPECT_EQ(merging.entropy, expected.entropy);
  ASSERT_EQ(merging.mergers.size(), 2);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(merging.mergers[i].kept, expected.mergers[i].kept);
    EXPECT_EQ(merging.mergers[i].joined, expected.mergers[i].joined);
    EXPECT_EQ(merging.mergers[i].entropy, expected.mergers[i].entropy);
  }

  matrix shares(x.n_rows, 3);
  fill_uniform(ctx, id, 0, shares.values);
  EXPECT_EQ(gmm_digest(gmm_maximization(ctx, x.device(), shares.view(), short_fit(3))),
            gmm_digest(gmm_maximization(ctx, x.host(), shares.view(), short_fit(3))));
}

TEST_P(device_array_of, components_are_merged_and_maximised_in_place) {
  const twins<double> x(ctx(), 200, 2, blobs(ctx(), 200, 2, 3).values);
  const gmm_model model = gmm_fit(ctx(), x.host(), short_fit(3));

  expect_steps_of_mixture(ctx(), model, x);
  expect_steps_of_mixture(ctx(), model, twins<float>(ctx(), 200, 2, as_float(x.values)));
}

template <class T>
void expect_rows_of_mixture(const context& ctx, const gmm_model& model, const twins<T>& x) {
  const std::int64_t n = x.n_rows;
  const std::int64_t k = model.n_components;
  const auto size = static_cast<std::size_t>(n * k);
  std::vector<T> expected(size);
  std::vector<std::int64_t> labels(static_cast<std::size_t>(n));
  std::vector<T> scores(static_cast<std::size_t>(n));
  device_array<T> out(ctx, n * k);
  device_array<std::int64_t> device_labels(ctx, n);
  device_array<T> device_scores(ctx, n);

  gmm_predict(ctx, model, x.host(), labels);
  gmm_predict(ctx, model, x.device(), device_labels.span());
  EXPECT_EQ(device_labels.to_host(), labels);
  gmm_score_samples(ctx, model, x.host(), scores);
  gmm_score_samples(ctx, model, x.device(), device_scores.span());
  EXPECT_EQ(device_scores.to_host(), scores);
  gmm_predict_proba(ctx, model, x.host(), {expected.data(), n, k});
  gmm_predict_proba(ctx, model, x.device(), {out.data(), n, k});
  EXPECT_EQ(out.to_host(), expected);
  gmm_log_prob(ctx, model, x.host(), {expected.data(), n, k});
  gmm_log_prob(ctx, model, x.device(), {out.data(), n, k});
  EXPECT_EQ(out.to_host(), expected);
  gmm_expectation(ctx, model, x.host(), {expected.data(), n, k}, scores);
  gmm_expectation(ctx, model, x.device(), {out.data(), n, k}, device_scores.span());
  EXPECT_EQ(out.to_host(), expected);
  EXPECT_EQ(device_scores.to_host(), scores);
  EXPECT_EQ(gmm_score(ctx, model, x.device()), gmm_score(ctx, model, x.host()));
  EXPECT_EQ(gmm_evaluate(ctx, model, x.device()).icl, gmm_evaluate(ctx, model, x.host()).icl);
}

TEST_P(device_array_of, rows_of_a_mixture_are_described_in_place) {
  const matrix blob = blobs(ctx(), 400, 2, 3);
  const twins<double> x(ctx(), 400, 2, blob.values);
  const gmm_model model = gmm_fit(ctx(), x.host(), short_fit(3));

  expect_rows_of_mixture(ctx(), model, x);
  expect_rows_of_mixture(ctx(), model, twins<float>(ctx(), 400, 2, as_float(blob.values)));
}

// ---- errors ------------------------------------------------------------------------------------------------------

TEST_P(device_array_of, what_is_not_finite_is_found_there_too) {
  std::vector<double> numbers = normals(ctx(), 600);
  numbers[301] = -infinity;
  const twins<double> x(ctx(), 300, 2, numbers);
  const std::span<const double> list = x.array.span();
  const auto expect_same_error = [](const auto& on_host, const auto& there) {
    EXPECT_NE(error_of<invalid_argument>(on_host), "no error");
    EXPECT_EQ(error_of<invalid_argument>(there), error_of<invalid_argument>(on_host));
  };
  const gmm_options o = short_fit(2);

  expect_same_error([&] { sum(ctx(), constant(numbers)); }, [&] { sum(ctx(), list); });
  expect_same_error([&] { exact_sum(ctx(), constant(numbers)); }, [&] { exact_sum(ctx(), list); });
  expect_same_error([&] { summarize(ctx(), x.host()); }, [&] { summarize(ctx(), x.device()); });
  expect_same_error(
      [&] {
        histogram(ctx(), constant(numbers), std::vector<double>{0, 1});
      },
      [&] {
        histogram(ctx(), list, std::vector<double>{0, 1});
      });
  expect_same_error([&] { pairwise_sum(ctx(), x.host(), x.host(), {}); },
                    [&] { pairwise_sum(ctx(), x.device(), x.device(), {}); });
  expect_same_error([&] { gmm_fit(ctx(), x.host(), o); }, [&] { gmm_fit(ctx(), x.device(), o); });
}

TEST_P(device_array_of, what_overflows_is_told_in_place) {
  const twins<double> x(ctx(), 3, 1, {1e200, 1, 2});
  std::vector<double> out(3);
  device_array<double> there(ctx(), 3);
  const pairwise_options o{.kernel = pair_kernel::squared_distance};

  EXPECT_EQ(error_of<numerical_failure>([&] { pairwise_rows(ctx(), x.device(), x.device(), o, there.span()); }),
            error_of<numerical_failure>([&] { pairwise_rows(ctx(), x.host(), x.host(), o, out); }));
}

/// On the CPU its own memory is the host's.
template <class Call>
void expect_refused_on_device(const char* backend, const std::string& argument, const Call& call) {
  EXPECT_EQ(error_of<invalid_argument>(call),
            std::string(backend).starts_with("cpu-")
                ? "no error"
                : argument + " lies in the memory of a device but must lie in that of the host");
}

TEST_P(device_array_of, what_the_host_must_read_is_refused_on_a_device) {
  const twins<double> x(ctx(), 30, 2, normals(ctx(), 60));
  const device_array<double> weights = on_device(ctx(), std::vector<double>(30, 1.0));
  const std::span<const double> there = weights.span();
  const device_array<double> edges = on_device(ctx(), std::vector<double>{-1, 0, 2});
  const auto expect_refused = [&](const std::string& argument, const auto& call) {
    expect_refused_on_device(GetParam(), argument, call);
  };
  const auto same = [](const double*, const double*, std::int64_t) { return 1.0; };
  partial_summary parts(statistic::sum, 2);
  gmm_options weighted_fit = short_fit(2);
  weighted_fit.sample_weights = there;

  expect_refused("histogram: edges", [&] { histogram(ctx(), std::span<const double>(x.array.span()), edges.span()); });
  expect_refused("summarize: weights", [&] { summarize(ctx(), x.device(), there); });
  expect_refused("gmm_fit: sample_weights", [&] { gmm_fit(ctx(), x.device(), weighted_fit); });
  expect_refused("pairwise_sum: y_weights", [&] { pairwise_sum(ctx(), x.device(), x.device(), {.y_weights = there}); });
  expect_refused("partial_summary::add: x", [&] { parts.add(ctx(), 0, x.device()); });
  expect_refused("pairwise_sum_of: x", [&] { pairwise_sum_of(ctx(), x.device(), x.host(), same, {}); });
}

TEST_P(device_array_of, starts_of_fits_are_refused_on_a_device) {
  const twins<double> x(ctx(), 30, 2, normals(ctx(), 60));
  const device_array<double> halves = on_device(ctx(), std::vector<double>(60, 0.5));
  const auto expect_refused = [&](const std::string& argument, const auto& change) {
    gmm_options o = short_fit(2);
    change(o);
    expect_refused_on_device(GetParam(), "gmm_fit: " + argument, [&] { gmm_fit(ctx(), x.device(), o); });
  };

  expect_refused("weights_init", [&](gmm_options& o) { o.weights_init = std::span(halves.data(), 2); });
  expect_refused("means_init", [&](gmm_options& o) { o.means_init = {x.array.data(), 2, 2}; });
  expect_refused("responsibilities_init", [&](gmm_options& o) { o.responsibilities_init = {halves.data(), 30, 2}; });
  expect_refused_on_device(GetParam(), "gmm_maximization: responsibilities", [&] {
    gmm_maximization(ctx(), x.device(), {halves.data(), 30, 2}, short_fit(2));
  });
}

TEST_P(device_array_of, results_that_the_host_makes_are_refused_on_a_device) {
  const twins<double> x(ctx(), 30, 2, normals(ctx(), 60));
  const gmm_model model = gmm_fit(ctx(), x.host(), short_fit(2));
  std::vector<double> host(60);
  device_array<double> there(ctx(), 60);
  device_array<std::int64_t> labels(ctx(), 30);
  const matrix_view<double> rows(there.data(), 30, 2);
  const auto expect_refused = [&](const std::string& argument, const auto& call) {
    expect_refused_on_device(GetParam(), argument, call);
  };

  expect_refused("gmm_sample: out", [&] { gmm_sample(ctx(), model, id, 0, rows); });
  expect_refused("gmm_sample: labels", [&] { gmm_sample(ctx(), model, id, 0, {host.data(), 30, 2}, labels.span()); });
  expect_refused("make_blobs: x", [&] { make_blobs(ctx(), id, 3, rows); });
  expect_refused("kernel_log_density: out",
                 [&] { kernel_log_density(ctx(), x.device(), x.device(), {}, std::span(there.data(), 30)); });
}

}  // namespace
}  // namespace samebits::tests
