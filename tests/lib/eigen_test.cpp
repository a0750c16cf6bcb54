// Eigen matrices in and out.
#include "samebits/eigen.hpp"

#include <gtest/gtest.h>

#include <type_traits>

#include "samebits/stream.hpp"
#include "tests/support.hpp"

namespace samebits::tests {
namespace {

template <class Matrix>
concept viewable = requires(Matrix&& m) {
  samebits::view(std::forward<Matrix>(m));
};

static_assert(viewable<row_major_matrix&> && viewable<const row_major_matrix&>);
static_assert(!viewable<row_major_matrix>, "a temporary would be gone before the view is used");

row_major_matrix counted(Eigen::Index rows, Eigen::Index cols) {
  row_major_matrix x(rows, cols);
  for (Eigen::Index i = 0; i < x.size(); ++i) {
    x.data()[i] = static_cast<double>(i);
  }
  return x;
}

TEST(eigen_view, looks_at_the_matrix_itself) {
  const row_major_matrix x = counted(3, 2);

  const matrix_view<const double> seen = samebits::view(x);

  EXPECT_EQ(seen.data(), x.data());
  EXPECT_EQ(seen.n_rows(), 3);
  EXPECT_EQ(seen.n_cols(), 2);
  EXPECT_EQ(seen(2, 1), x(2, 1));
}

TEST(eigen_view, takes_a_vector_for_one_column) {
  const Eigen::VectorXd x = Eigen::VectorXd::LinSpaced(4, 0, 3);

  const matrix_view<const double> seen = samebits::view(x);

  EXPECT_EQ(seen.n_rows(), 4);
  EXPECT_EQ(seen.n_cols(), 1);
  EXPECT_EQ(seen(3, 0), 3);
}

TEST(eigen_view, takes_a_matrix_of_fixed_size) {
  const Eigen::Matrix<double, 2, 3, Eigen::RowMajor> x = counted(2, 3);

  EXPECT_EQ(samebits::view(x).n_cols(), 3);
}

class eigen_model : public testing::Test {
 protected:
  eigen_model() {
    gmm_options options;
    options.n_components = 2;
    const context ctx({"cpu", "", 1});
    const matrix x = blobs(ctx, 300, 3, 2);
    const Eigen::Map<const row_major_matrix> map(x.values.data(), 300, 3);
    const row_major_matrix copy = map;
    model_ = gmm_fit(ctx, samebits::view(copy), options);
  }

  gmm_model model_;
};

TEST_F(eigen_model, has_weights_that_sum_to_1) {
  EXPECT_EQ(weights(model_).size(), 2);
  EXPECT_NEAR(weights(model_).sum(), 1, 1e-15);
}

TEST_F(eigen_model, has_one_mean_in_each_row) {
  EXPECT_EQ(means(model_).rows(), 2);
  EXPECT_EQ(means(model_).cols(), 3);
  EXPECT_EQ(means(model_)(1, 2), model_.means[5]);
}

TEST_F(eigen_model, has_symmetric_covariances) {
  for (const std::int64_t k : {0, 1}) {
    EXPECT_EQ(covariance(model_, k), covariance(model_, k).transpose());
    EXPECT_EQ(covariance(model_, k)(2, 1), model_.covariances[static_cast<std::size_t>(9 * k + 7)]);
  }
}

TEST_F(eigen_model, shares_the_memory_of_the_model) {
  EXPECT_EQ(weights(model_).data(), model_.weights.data());
  EXPECT_EQ(means(model_).data(), model_.means.data());
  EXPECT_EQ(covariance(model_, 1).data(), model_.covariances.data() + 9);
}

}  // namespace
}  // namespace samebits::tests
