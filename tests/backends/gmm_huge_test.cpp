// More elements than a 32-bit number counts. A few megabytes of shared memory are mapped again and again into a long
// range of addresses, and others behind element 2^31: an index that wraps reads or writes in the wrong ones.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "samebits/gmm_model.hpp"
#include "tests/backends/gmm_oracle.hpp"

namespace samebits::tests {
namespace {

/// Some megabytes of shared memory, of which `map_at` makes pages anywhere.
template <class T>
class block_of_memory {
 public:
  static constexpr std::int64_t n_elements = std::int64_t{1} << 20;

  explicit block_of_memory(const std::vector<T>& elements) : file_(::memfd_create("samebits_test", 0)) {
    const auto n_bytes = static_cast<::ssize_t>(elements.size() * sizeof(T));
    is_filled_ = file_ >= 0 && elements.size() == n_elements &&
                 ::write(file_, elements.data(), static_cast<std::size_t>(n_bytes)) == n_bytes;
  }
  ~block_of_memory() {
    if (file_ >= 0) {
      ::close(file_);
    }
  }
  block_of_memory(const block_of_memory&) = delete;
  block_of_memory& operator=(const block_of_memory&) = delete;

  bool map_at(T* address) const {
    return is_filled_ &&
           ::mmap(address, sizeof(T) * n_elements, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file_, 0) == address;
  }

 private:
  int file_;
  bool is_filled_ = false;
};

/// n_blocks blocks of 2^20 elements: those before element 2^31 are `low`, the others `high`.
template <class T>
class long_array {
 public:
  static constexpr std::int64_t block = block_of_memory<T>::n_elements;
  static constexpr std::int64_t border = std::int64_t{1} << 31;

  long_array(std::int64_t n_blocks, const block_of_memory<T>& low, const block_of_memory<T>& high)
      : n_bytes_(static_cast<std::size_t>(n_blocks * block) * sizeof(T)),
        base_(::mmap(nullptr, n_bytes_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {
    is_mapped_ = base_ != MAP_FAILED;
    for (std::int64_t i = 0; is_mapped_ && i < n_blocks; ++i) {
      is_mapped_ = (i * block < border ? low : high).map_at(data() + i * block);
    }
  }
  ~long_array() {
    if (base_ != MAP_FAILED) {
      ::munmap(base_, n_bytes_);
    }
  }
  long_array(const long_array&) = delete;
  long_array& operator=(const long_array&) = delete;

  bool is_mapped() const { return is_mapped_; }
  T* data() const { return static_cast<T*>(base_); }

 private:
  std::size_t n_bytes_;
  void* base_;
  bool is_mapped_ = false;
};

/// A block of values around a centre. As a block is whole leaves, every block has the same sums.
std::vector<float> rows_around(float centre) {
  std::vector<float> values(static_cast<std::size_t>(block_of_memory<float>::n_elements));
  std::uint32_t state = 1;
  for (float& value : values) {
    state = state * 1664525u + 1013904223u;
    value = centre + static_cast<float>(state >> 16) * 0x1p-15f - 1;  // uniform in [centre - 1, centre + 1)
  }
  return values;
}

/// Mean and variance of some values, in long double.
struct moments {
  explicit moments(const std::vector<float>& values) : n(static_cast<long double>(values.size())) {
    for (const float value : values) {
      sum += value;
      sum_of_squares += static_cast<long double>(value) * value;
    }
  }

  long double n;
  long double sum = 0;
  long double sum_of_squares = 0;
};

class gmm_huge : public testing::Test {
 protected:
  static constexpr std::int64_t n_low_blocks = long_array<float>::border / long_array<float>::block;
  static constexpr std::int64_t n_blocks = 2862;  // 3.0e9 elements

  void SetUp() override {
#if defined(SAMEBITS_TEST_ASAN) || defined(SAMEBITS_TEST_TSAN)
    GTEST_SKIP() << "sanitizers keep books on every address";
#endif
    if (std::string(ctx_.isa()) == "scalar") {
      GTEST_SKIP() << "too slow without SIMD";
    }
    if (!x_.is_mapped()) {
      GTEST_SKIP() << "12 GB of addresses cannot be mapped here";
    }
  }

  const std::vector<float> low_values_ = rows_around(0);
  const std::vector<float> high_values_ = rows_around(8);
  const block_of_memory<float> low_{low_values_};
  const block_of_memory<float> high_{high_values_};
  const long_array<float> x_{n_blocks, low_, high_};
  const context ctx_{{"cpu", "", 0}};
};

/// One component over both centres.
gmm_model broad_model(std::int64_t n_cols) {
  gmm_model m;
  m.covariance = covariance_type::diag;
  m.n_components = 1;
  m.n_cols = n_cols;
  m.weights = {1};
  m.means.assign(static_cast<std::size_t>(n_cols), 4);
  m.covariances.assign(static_cast<std::size_t>(n_cols), 16);
  return m;
}

/// One component on each centre.
gmm_model two_component_model(std::int64_t n_cols) {
  gmm_model m;
  m.covariance = covariance_type::tied_spherical;
  m.n_components = 2;
  m.n_cols = n_cols;
  m.weights = {0.5, 0.5};
  m.means.assign(static_cast<std::size_t>(n_cols), 0);
  m.means.insert(m.means.end(), static_cast<std::size_t>(n_cols), 8);
  m.covariances = {1};
  return m;
}

// 3,000,000,000 rows of one column: row numbers, and leaves and nodes of the sums.
TEST_F(gmm_huge, three_billion_rows_are_fitted) {
  const gmm_model start = broad_model(1);
  gmm_options options;
  options.covariance = covariance_type::diag;
  options.warm_start = &start;
  options.max_iter = 1;
  options.tol = -1;
  options.reg_covar = 0;

  const gmm_model model = gmm_fit(ctx_, matrix_view<const float>(x_.data(), n_blocks * x_.block, 1), options);

  const moments low(low_values_);
  const moments high(high_values_);
  const long double n_low = n_low_blocks;
  const long double n_high = n_blocks - n_low_blocks;
  const long double n = (n_low + n_high) * low.n;
  const long double mean = (n_low * low.sum + n_high * high.sum) / n;
  const long double variance = (n_low * low.sum_of_squares + n_high * high.sum_of_squares) / n - mean * mean;
  EXPECT_NEAR(model.means[0], static_cast<double>(mean), 1e-6);
  EXPECT_NEAR(model.covariances[0], static_cast<double>(variance), 1e-5);
  const double log_likelihood = -0.5 * std::log(2 * std::acos(-1.0) * static_cast<double>(variance)) - 0.5;
  EXPECT_NEAR(model.log_likelihood, log_likelihood, 1e-6);
}

// 375,000,000 rows of eight columns: products of row numbers and columns.
TEST_F(gmm_huge, three_billion_values_in_rows_of_eight_are_scored) {
  const gmm_model model = two_component_model(8);
  const std::int64_t block_rows = x_.block / 8;

  const double score = gmm_score(ctx_, model, matrix_view<const float>(x_.data(), n_blocks * block_rows, 8));

  const auto score_of = [&](const std::vector<float>& values) {
    return gmm_score(ctx_, model, matrix_view<const float>(values.data(), block_rows, 8));
  };
  const double share = static_cast<double>(n_low_blocks) / static_cast<double>(n_blocks);
  const double expected = share * score_of(low_values_) + (1 - share) * score_of(high_values_);
  EXPECT_NEAR(score, expected, 1e-9 * std::abs(expected));
}

// Outputs behind element 2^31 lie there: 2^28 rows with eight components each, and some more.
TEST_F(gmm_huge, outputs_behind_element_2_to_the_31_lie_there) {
  gmm_model model = two_component_model(4);
  model.n_components = 8;  // of one column
  model.n_cols = 1;
  model.weights.assign(8, 0.125);
  const block_of_memory<float> scratch(low_values_);
  const block_of_memory<float> last(low_values_);
  const long_array<float> out(n_low_blocks + 1, scratch, last);
  if (!out.is_mapped()) {
    GTEST_SKIP() << "8 GiB more of addresses cannot be mapped here";
  }
  const std::int64_t n_rows = (x_.border + x_.block) / 8;

  gmm_log_prob(ctx_, model, matrix_view<const float>(x_.data(), n_rows, 1), matrix_view<float>(out.data(), n_rows, 8));

  std::vector<float> expected(static_cast<std::size_t>(x_.block));
  gmm_log_prob(ctx_, model, matrix_view<const float>(low_values_.data(), x_.block / 8, 1),
               matrix_view<float>(expected.data(), x_.block / 8, 8));
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), out.data() + x_.border));
}

TEST_F(gmm_huge, labels_of_rows_behind_element_2_to_the_31_are_theirs) {
  const gmm_model model = two_component_model(1);
  const std::int64_t first = x_.border - 1000;
  std::vector<std::int64_t> labels(2000);

  gmm_predict(ctx_, model, matrix_view<const float>(x_.data() + first, 2000, 1), labels);

  EXPECT_EQ(std::count(labels.begin(), labels.begin() + 1000, 0), 1000);
  EXPECT_EQ(std::count(labels.begin() + 1000, labels.end(), 1), 1000);
}

TEST_F(gmm_huge, a_value_that_is_not_finite_behind_element_2_to_the_31_is_named) {
  std::vector<float> bad_values = high_values_;
  bad_values[17] = std::numeric_limits<float>::quiet_NaN();
  const block_of_memory<float> bad(bad_values);
  const long_array<float> x(n_low_blocks + 1, low_, bad);
  if (!x.is_mapped()) {
    GTEST_SKIP() << "8 GiB more of addresses cannot be mapped here";
  }
  const matrix_view<const float> rows(x.data(), (n_low_blocks + 1) * x.block / 8, 8);

  EXPECT_EQ(error_of<invalid_argument>([&] { gmm_score(ctx_, broad_model(8), rows); }),
            "gmm_score: x is nan at row 268435458, column 1 (counted from 0) but must be finite");
}

}  // namespace
}  // namespace samebits::tests
