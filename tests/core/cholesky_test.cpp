// Cholesky factor and triangular inverse against Eigen in long double.
#include "samebits/core/cholesky.hpp"

#include <gtest/gtest.h>

#include <Eigen/Cholesky>
#include <random>
#include <vector>

namespace samebits::tests {
namespace {

using long_matrix = Eigen::Matrix<long double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using double_matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// A symmetric matrix of small integers, exact in double, whose diagonal makes it positive definite.
double_matrix positive_definite(Eigen::Index n) {
  std::mt19937 random(static_cast<unsigned>(n));
  double_matrix a(n, n);
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = 0; j <= i; ++j) {
      a(i, j) = a(j, i) = i == j ? 4.0 * static_cast<double>(n) : static_cast<double>(random() % 9) - 4;
    }
  }
  return a;
}

std::int64_t factor(double_matrix& a) {
  const double_matrix original = a;
  return core::cholesky_upper(a.data(), original.data(), a.rows());
}

TEST(cholesky, agrees_with_long_double) {
  for (const Eigen::Index n : {1, 2, 3, 7, 8, 9, 16, 33, 64}) {
    double_matrix r = positive_definite(n);
    const long_matrix expected = Eigen::LLT<long_matrix>(r.cast<long double>()).matrixU();

    ASSERT_EQ(factor(r), n);

    const double_matrix upper = r.triangularView<Eigen::Upper>();
    EXPECT_LE((upper.cast<long double>() - expected).cwiseAbs().maxCoeff() / expected.cwiseAbs().maxCoeff(), 2e-16L * n)
        << n;
  }
}

TEST(cholesky, inverse_agrees_with_long_double) {
  for (const Eigen::Index n : {1, 2, 3, 7, 8, 9, 16, 33, 64}) {
    double_matrix r = positive_definite(n);
    const long_matrix l = Eigen::LLT<long_matrix>(r.cast<long double>()).matrixL();
    const long_matrix expected = l.triangularView<Eigen::Lower>().solve(long_matrix::Identity(n, n));
    double_matrix inverse = double_matrix::Constant(n, n, -7);
    factor(r);

    core::triangular_inverse(r.data(), n, inverse.data());

    EXPECT_LE((inverse.cast<long double>() - expected).cwiseAbs().maxCoeff() / expected.cwiseAbs().maxCoeff(),
              2e-16L * n)
        << n;
  }
}

TEST(cholesky, inverse_is_zero_above_the_diagonal) {
  double_matrix r = positive_definite(5);
  double_matrix inverse = double_matrix::Constant(5, 5, -7);
  factor(r);

  core::triangular_inverse(r.data(), 5, inverse.data());

  for (Eigen::Index i = 0; i < 5; ++i) {
    for (Eigen::Index j = i + 1; j < 5; ++j) {
      EXPECT_EQ(inverse(i, j), 0) << i << ", " << j;
    }
  }
}

TEST(cholesky, inverse_of_the_matrix_agrees_with_long_double_and_is_symmetric) {
  for (const Eigen::Index n : {1, 2, 3, 7, 8, 9, 16, 33, 64}) {
    const double_matrix a = positive_definite(n);
    const long_matrix expected = Eigen::LLT<long_matrix>(a.cast<long double>()).solve(long_matrix::Identity(n, n));
    double_matrix inverse = a;
    std::vector<double> work(static_cast<std::size_t>(2 * n * n));

    ASSERT_EQ(core::invert_positive_definite(inverse.data(), n, work.data(), inverse.data()), n);

    EXPECT_EQ(inverse, inverse.transpose()) << n;
    EXPECT_LE((inverse.cast<long double>() - expected).cwiseAbs().maxCoeff() / expected.cwiseAbs().maxCoeff(),
              2e-16L * n)
        << n;
  }
}

TEST(cholesky, inverse_of_a_singular_matrix_is_refused_and_leaves_it) {
  const double_matrix a = double_matrix::Constant(2, 2, 3);
  double_matrix inverse = a;
  double work[8];

  EXPECT_EQ(core::invert_positive_definite(inverse.data(), 2, work, inverse.data()), 1);
  EXPECT_EQ(inverse, a);
}

TEST(cholesky, works_in_single_precision) {
  float a[] = {4, 2, 2, 10};
  const float original[] = {4, 2, 2, 10};
  float inverse[4];

  ASSERT_EQ(core::cholesky_upper(a, original, 2), 2);
  core::triangular_inverse(a, 2, inverse);

  EXPECT_EQ(std::vector(inverse, inverse + 4), (std::vector{0.5f, 0.f, -1 / 6.f, 1 / 3.f}));
}

TEST(cholesky, reports_the_first_column_that_depends_on_those_before) {
  for (const Eigen::Index n : {2, 3, 9, 33}) {
    for (Eigen::Index column = 1; column < n; ++column) {
      double_matrix a = positive_definite(n);
      a.row(column) = a.row(0);
      a.col(column) = a.col(0);

      EXPECT_EQ(factor(a), column) << n;
    }
  }
}

TEST(cholesky, reports_a_column_that_depends_on_another_up_to_rounding) {
  double_matrix a(2, 2);
  a << 1.0 / 3, 0.1, 0.1, 0.1 * 0.1 * 3.0;

  EXPECT_EQ(factor(a), 1);
}

TEST(cholesky, reports_zero_negative_and_nan_pivots) {
  for (const double pivot : {0.0, -0.0, -1.0, std::nan("")}) {
    double_matrix a = positive_definite(4);
    a(2, 2) = pivot;

    EXPECT_EQ(factor(a), 2) << pivot;
  }
}

TEST(cholesky, takes_matrices_of_any_scale) {
  for (const double scale : {0x1p-900, 0x1p-60, 0x1p60, 0x1p900}) {
    double_matrix r = positive_definite(3);
    double_matrix scaled = r * (scale * scale);
    if (scale == 0x1p-900 || scale == 0x1p900) {
      scaled = r * scale;
    }

    EXPECT_EQ(factor(scaled), 3) << scale;
  }
}

}  // namespace
}  // namespace samebits::tests
