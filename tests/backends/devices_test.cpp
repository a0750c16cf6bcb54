// One GPU of several, and several that share the work of a call: the bits are those of the CPU, for numbers of rows
// around those where the parts change. The emulator has three devices; what has fewer takes some of them twice.
#include <cmath>
#include <thread>

#include "lib/backend.h"
#include "samebits/datasets.hpp"
#include "samebits/dependence.hpp"
#include "samebits/device_array.hpp"
#include "samebits/digest.hpp"
#include "samebits/exact_sum.hpp"
#include "samebits/gmm.hpp"
#include "samebits/gmm_model.hpp"
#include "samebits/histogram.hpp"
#include "samebits/math.hpp"
#include "samebits/matmul.hpp"
#include "samebits/pairwise.hpp"
#include "samebits/permutation.hpp"
#include "samebits/random.hpp"
#include "samebits/sum.hpp"
#include "samebits/summary.hpp"
#include "samebits/two_sample.hpp"
#include "tests/backends/backend_test.hpp"

namespace samebits::tests {
namespace {

constexpr stream_id id{11, 3};

/// Parts are one leaf of 512 rows each up to 15 leaves on two devices and 23 on three, then two leaves.
constexpr std::int64_t row_counts[] = {1, 511, 512, 513, 1025, 8 * 512, 16 * 512 + 3, 25 * 512 - 1};

class devices_of : public backend_test {
 protected:
  context on(std::vector<int> numbers) const {
    context_options options = options_of(GetParam(), 2);
    for (int& number : numbers) {
      number %= ctx().available_devices();
    }
    options.devices = numbers;
    return context(options);
  }

  /// compute(context) gives numbers: those of the CPU, on one device, on another and on several.
  template <class Compute>
  void expect_bits_of_cpu(const Compute& compute) const {
    const std::string expected = digest_text(compute(context({"cpu", "scalar", 1})));
    const std::vector<int> lists[] = {{0}, {2}, {0, 1}, {1, 2, 0}};
    for (const std::vector<int>& numbers : lists) {
      EXPECT_EQ(digest_text(compute(on(numbers))), expected) << numbers.size() << " from device " << numbers.front();
    }
  }
  template <class Compute>
  void expect_bits_of_cpu_for_all_rows(const Compute& compute) const {
    for (const std::int64_t n_rows : row_counts) {
      SCOPED_TRACE(n_rows);
      expect_bits_of_cpu([&](const context& where) { return compute(where, n_rows); });
    }
  }
};
INSTANTIATE_TEST_SUITE_P(on, devices_of, testing::Values("cuda-emulated", "cuda-emulated-small", "cuda"),
                         backend_test_name);

std::vector<double> normals(std::int64_t n) {
  std::vector<double> numbers(static_cast<std::size_t>(n));
  fill_normal(context({"cpu", "", 1}), id, 0, numbers);
  return numbers;
}

matrix normal_rows(std::int64_t n_rows, std::int64_t n_cols) { return {n_rows, n_cols, normals(n_rows * n_cols)}; }

std::vector<double> weights_of(std::int64_t n_rows) {
  std::vector<double> weights = normals(n_rows);
  for (double& weight : weights) {
    weight = std::abs(weight);
  }
  return weights;
}

std::vector<float> as_float(const std::vector<double>& numbers) { return {numbers.begin(), numbers.end()}; }

template <class Numbers>
void append(std::vector<double>& all, const Numbers& more) {
  all.insert(all.end(), more.begin(), more.end());
}

// ---- elements ----------------------------------------------------------------------------------------------------

template <class T>
std::vector<double> filled(const context& where, const samebits_distribution& distribution, std::size_t n) {
  std::vector<T> numbers(n);
  fill(where, distribution, id, 5, std::span<T>(numbers));
  return {numbers.begin(), numbers.end()};
}

TEST_P(devices_of, elements_have_the_bits_of_the_cpu) {
  for (const std::size_t n : {0, 1, 63, 64, 65, 129, 1000}) {
    SCOPED_TRACE(n);
    expect_bits_of_cpu([&](const context& where) {
      std::vector<double> all = filled<double>(where, dist::normal{}, n);
      append(all, filled<float>(where, dist::uniform{}, n));
      append(all, filled<std::uint32_t>(where, dist::words{}, n));
      append(all, filled<std::int64_t>(where, dist::poisson{.mean = 20}, n));
      append(all, filled<double>(where, dist::dirichlet{std::vector<double>{1, 2, 3}}, 3 * n));
      std::vector<double> out(all.size());
      samebits::exp(where, all, out);
      append(all, out);
      return all;
    });
  }
}

TEST_P(devices_of, permutations_have_the_bits_of_the_cpu) {
  for (const std::size_t n : {0, 1, 65, 1000}) {
    SCOPED_TRACE(n);
    expect_bits_of_cpu([&](const context& where) {
      std::vector<std::int64_t> numbers(n);
      permutation(where, id, numbers);
      return std::vector<double>(numbers.begin(), numbers.end());
    });
  }
}

TEST_P(devices_of, products_of_matrices_have_the_bits_of_the_cpu) {
  for (const std::int64_t n_rows : {0, 1, 64, 65, 300}) {
    SCOPED_TRACE(n_rows);
    const matrix a = normal_rows(n_rows, 7);
    const matrix b = normal_rows(7, 5);
    expect_bits_of_cpu([&](const context& where) {
      matrix out(n_rows, 5);
      matmul(where, a.view(), b.view(), out.view());
      std::vector<float> floats(out.values.size());
      const std::vector<float> a_floats = as_float(a.values);
      const std::vector<float> b_floats = as_float(b.values);
      matmul(where, {a_floats.data(), n_rows, 7}, {b_floats.data(), 7, 5}, {floats.data(), n_rows, 5});
      append(out.values, floats);
      return out.values;
    });
  }
}

// ---- sums --------------------------------------------------------------------------------------------------------

TEST_P(devices_of, summaries_have_the_bits_of_the_cpu) {
  expect_bits_of_cpu_for_all_rows([](const context& where, std::int64_t n_rows) {
    const matrix x = normal_rows(n_rows, 3);
    const std::vector<double> weights = weights_of(n_rows);
    const std::vector<float> floats = as_float(x.values);
    const summary s = summarize(where, x.view(), weights);
    std::vector<double> all{s.weight};
    append(all, s.sum);
    append(all, s.variance);
    append(all, s.min);
    append(all, covariance(where, x.view(), weights, 0));
    append(all, std::vector<double>{sum(where, std::span<const float>(floats)), dot(where, x.values, x.values),
                                    norm(where, x.values, norm_kind::l1)});
    return all;
  });
}

TEST_P(devices_of, exact_sums_have_the_bits_of_the_cpu) {
  expect_bits_of_cpu_for_all_rows([](const context& where, std::int64_t n_rows) {
    const matrix x = normal_rows(n_rows, 3);
    std::vector<double> all = exact_sum(where, x.view());
    append(all, exact_dot(where, x.view(), x.view()));
    exact_total total;
    total.add(where, x.values);
    total.add(where, x.values);
    all.push_back(total.sum());
    return all;
  });
}

TEST_P(devices_of, histograms_have_the_bits_of_the_cpu) {
  const std::vector<double> edges{-3, -1, 0, 0.5, 100, 200};
  expect_bits_of_cpu_for_all_rows([&](const context& where, std::int64_t n) {
    const std::vector<double> x = normals(n);
    const histogram_result counted = histogram(where, x, edges);
    const histogram_result weighed = histogram(where, x, edges, weights_of(n));
    std::vector<double> all = weighed.weights;
    append(all, counted.counts);
    append(all, weighed.counts);
    return all;
  });
}

/// All but one lie in a bin that many parts have nothing in.
TEST_P(devices_of, a_bin_that_one_part_fills_has_the_bits_of_the_cpu) {
  std::vector<double> x(5000, 0.5);
  x[4000] = 1.5;
  std::vector<double> weights = weights_of(5000);
  weights[4000] = -0.0;  // which +0 from other parts would make +0
  expect_bits_of_cpu([&](const context& where) {
    return histogram(where, x, std::vector<double>{0, 1, 2, 3}, weights).weights;
  });
}

TEST_P(devices_of, no_rows_are_none_anywhere) {
  expect_bits_of_cpu([](const context& where) {
    return std::vector<double>{
        sum(where, std::span<const double>()), exact_sum(where, std::span<const double>()),
        static_cast<double>(histogram(where, std::span<const double>(), std::vector<double>{0, 1}).counts.front())};
  });
}

TEST_P(devices_of, what_is_not_finite_is_named_as_on_one) {
  std::vector<double> x = normals(5000);
  x[4999] = std::nan("");
  const std::string expected = error_of<invalid_argument>([&] { sum(context({"cpu", "", 1}), x); });

  EXPECT_EQ(error_of<invalid_argument>([&] { sum(on({0, 1}), x); }), expected);
}

// ---- mixtures ----------------------------------------------------------------------------------------------------

gmm_options short_fit(std::int64_t n_components) {
  gmm_options o;
  o.n_components = n_components;
  o.max_iter = 2;
  o.tol = -1;
  return o;
}

void append(std::vector<double>& all, const gmm_model& model) {
  append(all, model.weights);
  append(all, model.means);
  append(all, model.covariances);
  append(all, model.trace);
}

TEST_P(devices_of, mixtures_have_the_bits_of_the_cpu) {
  for (const std::int64_t n_rows : {2, 511, 513, 8 * 512, 16 * 512 + 3}) {
    SCOPED_TRACE(n_rows);
    const matrix x = normal_rows(n_rows, 2);
    expect_bits_of_cpu([&](const context& where) {
      std::vector<double> all;
      append(all, gmm_fit(where, x.view(), short_fit(2)));
      return all;
    });
  }
}

TEST_P(devices_of, mixtures_of_every_start_and_type_have_the_bits_of_the_cpu) {
  constexpr std::int64_t n_rows = 1500;
  const matrix x = blobs(context({"cpu", "", 1}), n_rows, 3, 3);
  const std::vector<float> floats = as_float(x.values);
  const std::vector<double> weights = weights_of(n_rows);
  for (const gmm_init init : {gmm_init::kmeans, gmm_init::random_rows, gmm_init::random_responsibilities}) {
    for (const covariance_type type : {covariance_type::tied, covariance_type::diag}) {
      SCOPED_TRACE(std::string(name_of(init)) + " " + name_of(type));
      expect_bits_of_cpu([&](const context& where) {
        gmm_options o = short_fit(3);
        o.init = init;
        o.covariance = type;
        o.n_init = 2;
        std::vector<double> all;
        append(all, gmm_fit(where, matrix_view<const float>(floats.data(), n_rows, 3), o));
        o.sample_weights = weights;
        append(all, gmm_fit(where, x.view(), o));
        return all;
      });
    }
  }
}

/// A seed is the first row to finish in all parts; where none does, the first row that counts. Few numbers are the
/// CPU's, from 2^17 on they are the devices'.
TEST_P(devices_of, seeds_have_the_bits_of_the_cpu) {
  for (const std::int64_t n_rows : {20, 513, 8 * 512, 8 * 512 + 3}) {
    SCOPED_TRACE(n_rows);
    const std::int64_t n_cols = n_rows < 8 * 512 ? 3 : 32;
    const matrix x = normal_rows(n_rows, n_cols);
    matrix few = x;
    for (std::size_t i = 0; i < few.values.size(); ++i) {
      few.values[i] = i / static_cast<std::size_t>(n_cols) % 4 == 1 ? 1.0 : 2.0;
    }
    std::vector<double> weights = weights_of(n_rows);
    weights[0] = 0;
    expect_bits_of_cpu([&](const context& where) {
      gmm_options o = short_fit(5);
      o.init = gmm_init::kmeans_plus_plus;
      o.n_init = 2;
      std::vector<double> all;
      append(all, gmm_fit(where, x.view(), o));
      o.sample_weights = weights;
      append(all, gmm_fit(where, x.view(), o));
      append(all, gmm_fit(where, few.view(), o));
      return all;
    });
  }
}

TEST_P(devices_of, rows_of_a_mixture_have_the_bits_of_the_cpu) {
  const context cpu({"cpu", "", 1});
  for (const std::int64_t n_rows : {1, 512, 513, 5000}) {
    SCOPED_TRACE(n_rows);
    const matrix x = normal_rows(n_rows, 2);
    const gmm_model model = gmm_fit(cpu, blobs(cpu, 500, 2, 3).view(), short_fit(3));
    const std::vector<float> floats = as_float(x.values);
    const auto n = static_cast<std::size_t>(n_rows);
    expect_bits_of_cpu([&](const context& where) {
      matrix shares(n_rows, 3);
      std::vector<double> scores(n);
      std::vector<std::int64_t> labels(n);
      std::vector<float> float_shares(3 * n);
      gmm_expectation(where, model, x.view(), shares.view(), scores);
      gmm_predict(where, model, x.view(), labels);
      gmm_predict_proba(where, model, matrix_view<const float>(floats.data(), n_rows, 2),
                        {float_shares.data(), n_rows, 3});
      for (double& share : shares.values) {
        share = std::exp(share);
      }
      std::vector<double> all;
      append(all, gmm_maximization(where, x.view(), shares.view(), short_fit(3)));
      append(all, shares.values);
      append(all, scores);
      append(all, labels);
      append(all, float_shares);
      all.push_back(gmm_score(where, model, x.view()));
      return all;
    });
  }
}

// ---- pairs -------------------------------------------------------------------------------------------------------

template <class T>
std::vector<double> reductions_of_pairs(const context& where, matrix_view<const T> x, matrix_view<const T> y) {
  const auto n_x = static_cast<std::size_t>(x.n_rows());
  const std::vector<double> bandwidths{0.5, 1, 2};
  const pairwise_options several{.bandwidths = bandwidths};
  std::vector<double> all = pairwise_sums(where, x, y, several);
  std::vector<double> rows(n_x);
  std::vector<double> values(2 * n_x);
  std::vector<std::int64_t> indices(2 * n_x);
  std::vector<T> columns(static_cast<std::size_t>(3 * y.n_rows()), T(0.25));
  std::vector<double> products(3 * n_x);
  std::vector<double> gradients(static_cast<std::size_t>(x.n_rows() * x.n_cols()));
  pairwise_rows(where, x, y, {}, rows);
  append(all, rows);
  pairwise_log_sum_exp(where, x, y, {}, rows);
  append(all, rows);
  pairwise_nearest(where, x, y, {}, {indices.data(), x.n_rows(), 2}, {values.data(), x.n_rows(), 2});
  append(all, values);
  append(all, indices);
  pairwise_product(where, x, y, {columns.data(), y.n_rows(), 3}, {}, {products.data(), x.n_rows(), 3});
  append(all, products);
  pairwise_gradient(where, x, y, {}, {gradients.data(), x.n_rows(), x.n_cols()});
  append(all, gradients);
  all.push_back(pairwise_median(where, x, y, {.kernel = pair_kernel::power}));
  return all;
}

TEST_P(devices_of, pairs_have_the_bits_of_the_cpu) {
  for (const std::int64_t n_x : {1, 63, 64, 65, 200}) {
    SCOPED_TRACE(n_x);
    const matrix x = normal_rows(n_x, 3);
    const matrix y = normal_rows(130, 3);
    const std::vector<float> x_floats = as_float(x.values);
    const std::vector<float> y_floats = as_float(y.values);
    expect_bits_of_cpu([&](const context& where) { return reductions_of_pairs<double>(where, x.view(), y.view()); });
    expect_bits_of_cpu([&](const context& where) {
      return reductions_of_pairs<float>(where, {x_floats.data(), n_x, 3}, {y_floats.data(), 130, 3});
    });
  }
}

/// Where it matters which row of y a row of x is: around strips of 8 and 32 rows and parts of 64.
std::vector<double> reductions_within(const context& where, matrix_view<const double> x, pairwise_mode mode) {
  const auto n = static_cast<std::size_t>(x.n_rows());
  std::vector<double> rows(n);
  std::vector<double> columns(2 * n, 0.25);
  std::vector<double> products(2 * n);
  std::vector<double> gradients(static_cast<std::size_t>(x.n_rows() * x.n_cols()));
  std::vector<double> all{pairwise_sum(where, x, {}, {.mode = mode}),
                          pairwise_sum(where, x, {}, {.kernel = pair_kernel::product, .mode = mode})};
  pairwise_rows(where, x, {}, {.mode = mode}, rows);
  append(all, rows);
  pairwise_log_sum_exp(where, x, {}, {.mode = mode}, rows);
  append(all, rows);
  pairwise_product(where, x, {}, {columns.data(), x.n_rows(), 2}, {.mode = mode}, {products.data(), x.n_rows(), 2});
  append(all, products);
  pairwise_gradient(where, x, {}, {.mode = mode}, {gradients.data(), x.n_rows(), x.n_cols()});
  append(all, gradients);
  if (mode != pairwise_mode::v) {
    all.push_back(pairwise_median(where, x, {}, {.kernel = pair_kernel::power, .mode = mode}));
  }
  if (mode != pairwise_mode::upper) {
    std::vector<std::int64_t> indices(2 * n);
    pairwise_nearest(where, x, {}, {.mode = mode}, {indices.data(), x.n_rows(), 2}, {products.data(), x.n_rows(), 2});
    append(all, products);
    append(all, indices);
  }
  return all;
}

TEST_P(devices_of, pairs_of_a_sample_with_itself_have_the_bits_of_the_cpu) {
  for (const std::int64_t n_rows : {3, 64, 65, 127, 200, 1100}) {
    const matrix x = normal_rows(n_rows, 2);
    for (const pairwise_mode mode : {pairwise_mode::v, pairwise_mode::u, pairwise_mode::upper}) {
      SCOPED_TRACE(testing::Message() << n_rows << " rows, mode " << name_of(mode));
      expect_bits_of_cpu([&](const context& where) { return reductions_within(where, x.view(), mode); });
    }
  }
}

TEST_P(devices_of, tests_by_permutations_have_the_bits_of_the_cpu) {
  const matrix x = normal_rows(200, 2);
  const matrix z = normal_rows(200, 3);
  for (const std::int64_t n_permutations : {0, 1, 5, 20}) {
    SCOPED_TRACE(n_permutations);
    expect_bits_of_cpu([&](const context& where) {
      const permutation_test_options test{.n_permutations = n_permutations};
      std::vector<double> all;
      for (const permutation_test_result& result :
           {hsic_test(where, x.view(), z.view(), test, {}, {}),
            energy_test(where, x.view(), matrix_view<const double>(z.values.data(), 300, 2), test)}) {
        append(all, std::vector<double>{result.statistic, result.p_value});
      }
      return all;
    });
  }
}

// ---- which device ------------------------------------------------------------------------------------------------

TEST_P(devices_of, a_context_knows_its_devices) {
  const context one = on({1});
  const context two = on({1, 0});

  EXPECT_EQ(one.device(), 1 % ctx().available_devices());
  EXPECT_EQ(one.devices(), std::vector<int>{one.device()});
  EXPECT_EQ(two.device(), one.device());
  EXPECT_EQ(two.devices(), (std::vector<int>{one.device(), 0}));
  EXPECT_EQ(two.available_devices(), ctx().available_devices());
  EXPECT_STREQ(two.backend(), GetParam());
  EXPECT_STREQ(two.isa(), ctx().isa());
  EXPECT_EQ(two.on_one_thread().devices(), two.devices());
}

TEST_P(devices_of, the_environment_chooses_one) {
  const environment_variable device("SAMEBITS_DEVICE", std::to_string(ctx().available_devices() - 1));
  context_options zero = options_of(GetParam(), 1);
  zero.device = 0;

  EXPECT_EQ(on_threads(1).device(), ctx().available_devices() - 1);
  EXPECT_EQ(context(zero).device(), 0);
}

TEST_P(devices_of, a_device_that_is_not_there_is_told) {
  const int n = ctx().available_devices();
  context_options options = options_of(GetParam(), 1);
  const std::string there = n == 1 ? "there is 1" : "there are " + std::to_string(n);
  const std::string expected = "context: backend " + options.backend + " is not available: device is " +
                               std::to_string(n) + " but " + there + ", counted from 0";

  options.device = n;
  EXPECT_EQ(error_of<backend_unavailable>([&] { context{options}; }), expected);
  options.device = -1;
  options.devices = {0, n};
  EXPECT_EQ(error_of<backend_unavailable>([&] { context{options}; }), expected);
  const environment_variable device("SAMEBITS_DEVICE", std::to_string(n));
  EXPECT_EQ(error_of<backend_unavailable>([&] { on_threads(1); }), expected);
}

TEST_P(devices_of, memory_belongs_to_one_device) {
  const context first = on({0});
  const context second = on({1});
  const std::vector<double> numbers = normals(600);
  device_array<double> x(first, numbers);
  device_array<double> there(second, std::span<const double>(numbers));
  const double expected = sum(first, numbers);

  EXPECT_EQ(sum(first, std::span<const double>(x.span())), expected);
  EXPECT_EQ(sum(second, std::span<const double>(there.span())), expected);
  if (second.device() == 0) {
    return;
  }
  const std::string refusal =
      ": an array lies in the memory of device 0 but must lie in that of device 1 or of the host";
  EXPECT_EQ(error_of<invalid_argument>([&] { sum(second, std::span<const double>(x.span())); }), "sum" + refusal);
  EXPECT_EQ(error_of<invalid_argument>([&] { fill_normal(second, id, 0, x.span()); }), "fill_normal" + refusal);
  EXPECT_EQ(error_of<invalid_argument>([&] { there.copy_from(x.span()); }), "device_array::copy_from" + refusal);
}

TEST_P(devices_of, several_take_no_memory_of_one) {
  const context several = on({0, 1});
  device_array<double> x(on({0}), 600);
  device_array<std::int64_t> numbers(on({0}), 600);
  const std::string refusal =
      ": an array lies in the memory of a device but must lie in that of the host, because the context works on "
      "several "
      "devices";

  EXPECT_EQ(error_of<invalid_argument>([&] { device_array<double>(several, 1); }),
            "device_array: the context works on several devices: memory of a device belongs to contexts of one");
  EXPECT_EQ(error_of<invalid_argument>([&] { sum(several, std::span<const double>(x.span())); }), "sum" + refusal);
  EXPECT_EQ(error_of<invalid_argument>([&] { fill_normal(several, id, 0, x.span()); }), "fill_normal" + refusal);
  EXPECT_EQ(error_of<invalid_argument>([&] { permutation(several, id, numbers.span()); }), "permutation" + refusal);
  EXPECT_EQ(
      error_of<invalid_argument>([&] { gmm_fit(several, matrix_view<const double>(x.data(), 300, 2), short_fit(2)); }),
      "gmm_fit" + refusal);
}

TEST_P(devices_of, several_have_no_stream) {
  int queue = 0;

  EXPECT_EQ(error_of<invalid_argument>([&] {
              on({0, 1}).on_stream(&queue);
            }),
            "context::on_stream: the context works on several devices but a stream belongs to one");
  EXPECT_NO_THROW(on({0, 1}).synchronize());
}

TEST_P(devices_of, host_threads_work_on_devices_of_their_own) {
  const matrix x = blobs(context({"cpu", "", 1}), 2000, 2, 3);
  const std::string expected = gmm_digest(gmm_fit(context({"cpu", "", 1}), x.view(), short_fit(3)));
  const context places[] = {on({0}), on({1}), on({0, 1, 2})};
  std::string digests[std::size(places)];
  std::vector<std::thread> threads;

  for (std::size_t i = 0; i < std::size(places); ++i) {
    threads.emplace_back([&, i] {
      for (int repeat = 0; repeat < 3; ++repeat) {
        device_array<double> own(places[i].devices().size() == 1 ? places[i] : places[0], x.values);
        digests[i] = gmm_digest(gmm_fit(places[i], x.view(), short_fit(3)));
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }

  for (const std::string& digest : digests) {
    EXPECT_EQ(digest, expected);
  }
}

TEST_P(devices_of, a_problem_of_a_mixture_belongs_to_one_device) {
  if (ctx().available_devices() < 2) {
    GTEST_SKIP() << "there is one device";
  }
  const samebits_backend& table = *on({1}).table();
  const std::vector<double> rows = normals(10);
  const samebits_gmm_data data{rows.data(), SAMEBITS_FLOAT64, 10, 1, nullptr};
  samebits_call call{};
  call.device = 1;
  void* problem = nullptr;
  ASSERT_EQ(table.gmm_open(&call, &data, &problem), SAMEBITS_OK) << call.message;
  const samebits_gmm_components components{};
  const samebits_gmm_rows nothing{};

  call.device = 0;

  EXPECT_EQ(table.gmm_rows(&call, problem, &components, &nothing), SAMEBITS_INVALID_ARGUMENT);
  EXPECT_STREQ(call.message, "the problem lies on device 1 but the call is for device 0");
  table.gmm_close(problem);
}

// ---- the CPU -----------------------------------------------------------------------------------------------------

TEST(devices_of_the_cpu, is_one) {
  const environment_variable device("SAMEBITS_DEVICE", "5");
  const context cpu({"cpu", "", 1});

  EXPECT_EQ(cpu.device(), 0);
  EXPECT_EQ(cpu.devices(), std::vector<int>{0});
  EXPECT_EQ(cpu.available_devices(), 1);
  EXPECT_NO_THROW(context({"cpu", "", 1, 0}));
  EXPECT_EQ(error_of<invalid_argument>([] {
              context({"cpu", "", 1, 1});
            }),
            "context: device is 1 but backend cpu has only device 0");
  EXPECT_EQ(error_of<invalid_argument>([] {
              context({"cpu", "", 1, -1, {0, 2}});
            }),
            "context: device is 2 but backend cpu has only device 0");
}

TEST(devices_of_a_context, must_make_sense) {
  EXPECT_EQ(error_of<invalid_argument>([] {
              context({"cuda", "", 1, -2});
            }),
            "context: device is -2 but must be at least 0, or -1 for the default");
  EXPECT_EQ(error_of<invalid_argument>([] {
              context({"cuda", "", 1, 1, {0, 1}});
            }),
            "context: device is 1 but devices are given too");
  EXPECT_EQ(error_of<invalid_argument>([] {
              context({"cuda", "", 1, -1, {0, -1}});
            }),
            "context: devices[1] is -1 but must be at least 0");
  for (const char* const text : {"x", "1x", "-1", "0,1", "99999999999"}) {
    const environment_variable device("SAMEBITS_DEVICE", text);
    EXPECT_EQ(
        error_of<invalid_argument>([] {
          context({"cuda", "", 1});
        }),
        "context: SAMEBITS_DEVICE is \"" + std::string(text) + "\" but must be the number of a device, counted from 0");
  }
}

}  // namespace
}  // namespace samebits::tests
