// Arrays of the host that pass through the device piece after piece, and rows of mixtures that do not fit it: the bits
// of the CPU, for sizes around those of a piece. On the emulated device a copy is made only when somebody waits for it.
#include <gtest/gtest.h>

#include <thread>

#include "samebits/device_array.hpp"
#include "samebits/exact_sum.hpp"
#include "samebits/gmm.hpp"
#include "samebits/gmm_model.hpp"
#include "samebits/histogram.hpp"
#include "samebits/math.hpp"
#include "samebits/matmul.hpp"
#include "samebits/pairwise.hpp"
#include "samebits/random.hpp"
#include "samebits/sum.hpp"
#include "samebits/summary.hpp"
#include "tests/backends/backend_test.hpp"

namespace samebits::tests {
namespace {

constexpr stream_id id{21, 4};

std::size_t in_memory(std::int64_t n) { return static_cast<std::size_t>(n); }

/// Devices whose memory is not the host's. The first is emulated, with pieces so small that tests need several.
class staging : public backend_test {
 protected:
  /// Numbers of a piece: piece_numbers in kernels/work_space.hpp.
  std::int64_t piece() const { return is_emulated() ? 1501 : std::int64_t{1} << 22; }

  std::vector<std::int64_t> sizes() const {
    const std::int64_t p = piece();
    return is_emulated() ? std::vector<std::int64_t>{1, p - 1, p, p + 1, 2 * p, 2 * p + 1, 5 * p + 7}
                         : std::vector<std::int64_t>{p + 1, 3 * p + 7};
  }

  const context& cpu() const { return cpu_; }

  std::vector<double> normals(std::int64_t n, std::uint64_t first = 0) const {
    std::vector<double> numbers(in_memory(n));
    fill_normal(cpu_, id, first, numbers);
    return numbers;
  }

 private:
  context cpu_{context_options{"cpu", "", 2}};
};

INSTANTIATE_TEST_SUITE_P(on, staging, testing::Values("cuda-emulated-small", "cuda"), backend_test_name);

std::vector<float> as_float(const std::vector<double>& numbers) { return {numbers.begin(), numbers.end()}; }

template <class T>
std::span<const T> constant(const std::vector<T>& host) {
  return host;
}

// ---- arrays
// ----------------------------------------------------------------------------------------------------------

TEST_P(staging, functions_of_elements_read_and_write_pieces) {
  for (const std::int64_t n : sizes()) {
    SCOPED_TRACE(n);
    const std::vector<double> x = normals(n);
    std::vector<double> expected(x.size());
    samebits::exp(cpu(), x, expected);
    std::vector<double> out(x.size());
    device_array<double> there(ctx(), n);

    samebits::exp(ctx(), x, out);
    EXPECT_EQ(out, expected);

    samebits::exp(ctx(), x, there.span());
    EXPECT_EQ(there.to_host(), expected);

    there.copy_from(x);
    samebits::exp(ctx(), there.span(), out);
    EXPECT_EQ(out, expected);

    out = x;
    samebits::exp(ctx(), out, out);
    EXPECT_EQ(out, expected) << "in place";
  }
}

template <class T>
void expect_fill(const context& ctx, const context& cpu, const samebits_distribution& d, std::int64_t size) {
  std::vector<T> expected(in_memory(size));
  std::vector<T> out(in_memory(size) + 1, T(77));
  fill(cpu, d, id, 5, std::span<T>(expected));

  fill(ctx, d, id, 5, std::span<T>(out).first(in_memory(size)));

  EXPECT_EQ(out.back(), T(77));
  out.pop_back();
  EXPECT_EQ(out, expected);
}

TEST_P(staging, random_numbers_are_written_in_pieces) {
  const std::vector<double> weights{1, 2, 3};
  for (const std::int64_t n : sizes()) {
    SCOPED_TRACE(n);
    expect_fill<double>(ctx(), cpu(), dist::normal{}, n);
    expect_fill<float>(ctx(), cpu(), dist::uniform{}, n);
    expect_fill<std::uint32_t>(ctx(), cpu(), dist::words{}, n);
    expect_fill<double>(ctx(), cpu(), dist::gamma{.shape = 2.5}, n);
    expect_fill<double>(ctx(), cpu(), dist::dirichlet{weights}, 3 * (n / 3 + 1));
  }
}

template <class T>
void expect_sums(const context& ctx, const context& cpu, const std::vector<T>& x, const std::vector<T>& y,
                 const std::vector<double>& weights) {
  EXPECT_EQ(sum(ctx, constant(x)), sum(cpu, constant(x)));
  EXPECT_EQ(dot(ctx, constant(x), constant(y)), dot(cpu, constant(x), constant(y)));
  EXPECT_EQ(exact_dot(ctx, constant(x), constant(y)), exact_dot(cpu, constant(x), constant(y)));
  const matrix_view<const T> rows(x.data(), std::ssize(x) / 3, 3);
  const std::span<const double> of_rows(weights.data(), x.size() / 3);
  EXPECT_EQ(summarize(ctx, rows, of_rows).variance, summarize(cpu, rows, of_rows).variance);
  EXPECT_EQ(covariance(ctx, rows, of_rows), covariance(cpu, rows, of_rows));
  EXPECT_EQ(exact_sum(ctx, rows), exact_sum(cpu, rows));
  const std::vector<double> edges{-1, 0, 0.5, 2};
  const histogram_result counted = histogram(ctx, constant(x), edges, weights);
  const histogram_result expected = histogram(cpu, constant(x), edges, weights);
  EXPECT_EQ(counted.counts, expected.counts);
  EXPECT_EQ(counted.weights, expected.weights);
}

TEST_P(staging, sums_read_pieces) {
  for (const std::int64_t n : sizes()) {
    SCOPED_TRACE(n);
    const std::vector<double> x = normals(n + 5);
    const std::vector<double> y = normals(n + 5, 1 << 30);
    std::vector<double> weights(x.size());
    fill_uniform(cpu(), id, 0, weights);
    expect_sums(ctx(), cpu(), x, y, weights);
    expect_sums(ctx(), cpu(), as_float(x), as_float(y), weights);
  }
}

TEST_P(staging, matrices_are_multiplied_in_pieces_of_rows) {
  const std::int64_t n_inner = is_emulated() ? 9 : 64;
  const std::int64_t n_cols = is_emulated() ? 13 : 64;
  for (const std::int64_t n_rows : {piece() / 64, piece() / n_cols + 1, 3 * piece() / n_cols + 2}) {
    SCOPED_TRACE(n_rows);
    const matrix a(n_rows, n_inner, normals(n_rows * n_inner));
    const matrix b(n_inner, n_cols, normals(n_inner * n_cols, 1 << 30));
    matrix expected(n_rows, n_cols);
    matrix product(n_rows, n_cols);
    samebits::matmul(cpu(), a.view(), b.view(), expected.view());

    samebits::matmul(ctx(), a.view(), b.view(), product.view());
    EXPECT_EQ(product.values, expected.values);

    const device_array<double> there(ctx(), constant(a.values));
    std::fill(product.values.begin(), product.values.end(), -7.0);
    samebits::matmul(ctx(), {there.data(), n_rows, n_inner}, b.view(), product.view());
    EXPECT_EQ(product.values, expected.values) << "a on the device";

    device_array<double> out(ctx(), n_rows * n_cols);
    samebits::matmul(ctx(), a.view(), b.view(), {out.data(), n_rows, n_cols});
    EXPECT_EQ(out.to_host(), expected.values) << "the product on the device";
  }
}

TEST_P(staging, rows_of_pairs_come_in_pieces) {
  const std::int64_t n = piece() + 5;
  const matrix x(n, 2, normals(2 * n));
  const matrix y(3, 2, normals(6, 1 << 30));
  pairwise_options o;
  o.kernel = pair_kernel::gaussian;
  o.bandwidth = 1.5;
  std::vector<double> expected(in_memory(n));
  std::vector<double> out(in_memory(n));

  pairwise_rows(cpu(), x.view(), y.view(), o, expected);
  pairwise_rows(ctx(), x.view(), y.view(), o, out);

  EXPECT_EQ(out, expected);
}

TEST_P(staging, host_threads_have_pieces_of_their_own) {
  const std::int64_t n = 3 * piece() + 7;
  const std::vector<double> x = normals(n);
  std::vector<double> expected(x.size());
  samebits::exp(cpu(), x, expected);
  std::vector<double> out[3];
  std::vector<std::thread> threads;

  for (std::vector<double>& mine : out) {
    mine.resize(x.size());
    threads.emplace_back([&] { samebits::exp(ctx(), x, mine); });
  }
  for (std::thread& t : threads) {
    t.join();
  }

  for (const std::vector<double>& one : out) {
    EXPECT_EQ(one, expected);
  }
}

// ---- mixtures whose rows pass through
// ----------------------------------------------------------------------------------

/// Takes the device's memory, but for less than a mixture asks for beside its rows.
class crowd {
 public:
  explicit crowd(const context& ctx) {
    constexpr std::int64_t size = std::int64_t{1} << 26;  // 512 MiB
    try {
      while (true) {
        arrays_.emplace_back(ctx, size);
      }
    } catch (const out_of_memory&) {
      if (!arrays_.empty()) {
        arrays_.pop_back();
      }
    }
  }

 private:
  std::vector<device_array<double>> arrays_;
};

class passing_rows : public staging {
 protected:
  void SetUp() override {
    staging::SetUp();
    if (!IsSkipped() && !HasFatalFailure() && !is_emulated()) {
      crowd_.emplace(ctx());
    }
  }
  void TearDown() override {
    crowd_.reset();
    staging::TearDown();
  }

  /// The emulated device has room for some 1,500 rows of two columns.
  std::int64_t many_rows() const { return is_emulated() ? 2600 : 3'000'000; }

 private:
  std::optional<crowd> crowd_;
};

INSTANTIATE_TEST_SUITE_P(on, passing_rows, testing::Values("cuda-emulated-small", "cuda"), backend_test_name);

gmm_options short_fit(std::int64_t n_components) {
  gmm_options o;
  o.n_components = n_components;
  o.seed = 11;
  o.task = 3;
  o.max_iter = 3;
  o.tol = -1;
  return o;
}

TEST_P(passing_rows, give_the_same_fit_from_any_start) {
  const std::int64_t n_rows = many_rows();
  std::vector<double> weights(in_memory(n_rows));
  fill_uniform(cpu(), id, 0, weights);
  for (const std::int64_t n_cols : {1, 2, 9}) {
    const matrix x = blobs(cpu(), n_rows, n_cols, 3);
    const std::vector<float> floats = as_float(x.values);
    const matrix_view<const float> float_rows(floats.data(), n_rows, n_cols);
    for (const gmm_init init :
         {gmm_init::kmeans_plus_plus, gmm_init::kmeans, gmm_init::random_rows, gmm_init::random_responsibilities}) {
      SCOPED_TRACE(testing::Message() << n_cols << " columns, " << name_of(init));
      gmm_options o = short_fit(3);
      o.init = init;
      EXPECT_EQ(gmm_digest(gmm_fit(ctx(), x.view(), o)), gmm_digest(gmm_fit(cpu(), x.view(), o)));
      EXPECT_EQ(gmm_digest(gmm_fit(ctx(), float_rows, o)), gmm_digest(gmm_fit(cpu(), float_rows, o)));
      o.sample_weights = weights;
      o.n_init = 2;
      EXPECT_EQ(gmm_digest(gmm_fit(ctx(), x.view(), o)), gmm_digest(gmm_fit(cpu(), x.view(), o))) << "weighted";
    }
  }
}

TEST_P(passing_rows, give_the_same_fit_from_responsibilities) {
  const std::int64_t n_rows = many_rows();
  const matrix x = blobs(cpu(), n_rows, 2, 2);
  matrix shares(n_rows, 2);
  fill_uniform(cpu(), id, 0, shares.values);
  gmm_options o = short_fit(2);
  o.responsibilities_init = shares.view();

  EXPECT_EQ(gmm_digest(gmm_fit(ctx(), x.view(), o)), gmm_digest(gmm_fit(cpu(), x.view(), o)));
}

TEST_P(passing_rows, may_lie_on_the_device) {
  const std::int64_t n_rows = is_emulated() ? many_rows() : 1'000'000;
  const matrix x = blobs(cpu(), n_rows, 2, 3);
  const device_array<double> there(ctx(), constant(x.values));
  const matrix_view<const double> rows(there.data(), n_rows, 2);

  EXPECT_EQ(gmm_digest(gmm_fit(ctx(), rows, short_fit(3))), gmm_digest(gmm_fit(cpu(), x.view(), short_fit(3))));
}

TEST_P(passing_rows, have_the_same_results) {
  const std::int64_t n_rows = many_rows();
  const matrix x = blobs(cpu(), n_rows, 2, 3);
  const gmm_model model = gmm_fit(cpu(), x.view(), short_fit(3));
  std::vector<std::int64_t> labels(in_memory(n_rows));
  std::vector<std::int64_t> expected_labels(labels.size());
  std::vector<double> scores(in_memory(n_rows));
  std::vector<double> expected_scores(scores.size());
  matrix shares(n_rows, 3);
  matrix expected_shares(n_rows, 3);

  gmm_predict(ctx(), model, x.view(), labels);
  gmm_predict(cpu(), model, x.view(), expected_labels);
  EXPECT_EQ(labels, expected_labels);

  gmm_expectation(ctx(), model, x.view(), shares.view(), scores);
  gmm_expectation(cpu(), model, x.view(), expected_shares.view(), expected_scores);
  EXPECT_EQ(shares.values, expected_shares.values);
  EXPECT_EQ(scores, expected_scores);

  gmm_predict_proba(ctx(), model, x.view(), shares.view());
  gmm_predict_proba(cpu(), model, x.view(), expected_shares.view());
  EXPECT_EQ(shares.values, expected_shares.values);
  EXPECT_EQ(gmm_score(ctx(), model, x.view()), gmm_score(cpu(), model, x.view()));
}

TEST_P(passing_rows, that_all_lie_on_seeds_have_one_more) {
  matrix x(many_rows(), 2);
  for (std::int64_t i = 0; i < x.n_rows; ++i) {
    x(i, 0) = static_cast<double>(i % 2);
    x(i, 1) = static_cast<double>(i / 7 % 2);
  }
  gmm_options o = short_fit(5);
  o.reg_covar = 0.1;

  EXPECT_EQ(gmm_digest(gmm_fit(ctx(), x.view(), o)), gmm_digest(gmm_fit(cpu(), x.view(), o)));
}

TEST_P(passing_rows, of_an_interrupted_fit_are_left_alone) {
  const matrix x = blobs(cpu(), many_rows(), 2, 3);
  gmm_options o = short_fit(3);
  o.callback = [](const gmm_iteration&) { return false; };

  EXPECT_THROW(gmm_fit(ctx(), x.view(), o), interrupted);

  o.callback = nullptr;
  EXPECT_EQ(gmm_digest(gmm_fit(ctx(), x.view(), o)), gmm_digest(gmm_fit(cpu(), x.view(), o)));
}

}  // namespace
}  // namespace samebits::tests
