// Cholesky factor and triangular inverse of one small symmetric matrix.
//
// Every element is one fma chain in increasing inner index. The loops run with the inner index outermost, so that the
// chains of a row advance together and the compiler can put them side by side in SIMD lanes without changing a bit. For
// the same reason many threads may share a matrix: step p of both divides row p by the pivot and takes its multiples
// off the rows below, in any order of their elements (kernels/gmm_update.cu).
// Golub, Van Loan: Matrix Computations, 4th ed., algorithms 4.2.1 (outer-product form) and 3.1.1.
#pragma once

#include "samebits/core/value.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

/// What is left of diagonal element `original` of an n x n matrix, where a factor can be built on it. What rounding
/// alone could have made (at most n epsilon times the element) counts as zero: the factor would be noise.
template <class T>
SAMEBITS_HD SAMEBITS_INLINE bool is_pivot(T left, T original, std::int64_t n) {
  const T tolerance = T(n) * (sizeof(T) == sizeof(double) ? T(0x1p-52) : T(0x1p-23));
  return left > tolerance * original;
}

/// An element of a row, which is divided by the root of its pivot.
template <class T>
SAMEBITS_HD SAMEBITS_INLINE T scaled_by_pivot(T element, T root) {
  return element / root;
}

/// An element of a row below, off which a multiple of that row is taken.
template <class T>
SAMEBITS_HD SAMEBITS_INLINE T eliminated(T factor, T above, T element) {
  return fnma(factor, above, element);
}

/// Factors the symmetric matrix `a` [n x n, row-major, both triangles filled] as R^T R and overwrites its upper
/// triangle with R (the transpose of the Cholesky factor L); the lower triangle is left as rubbish.
///
/// @param original  the same matrix in other memory, read for its diagonal
/// @return n when `a` is positive definite, otherwise the first column whose pivot is zero, negative or NaN
template <class T>
SAMEBITS_HD inline std::int64_t cholesky_upper(T* a, const T* original, std::int64_t n) {
  for (std::int64_t p = 0; p < n; ++p) {
    T* const row_p = a + p * n;
    if (!is_pivot(row_p[p], original[p * n + p], n)) {
      return p;
    }
    const T root = sqrt(row_p[p]);
    row_p[p] = root;
    for (std::int64_t j = p + 1; j < n; ++j) {
      row_p[j] = scaled_by_pivot(row_p[j], root);
    }
    for (std::int64_t i = p + 1; i < n; ++i) {
      T* const row_i = a + i * n;
      const T factor = row_p[i];
      for (std::int64_t j = i; j < n; ++j) {
        row_i[j] = eliminated(factor, row_p[j], row_i[j]);
      }
    }
  }
  return n;
}

/// Inverts the Cholesky factor L = R^T, given as R in the upper triangle of `r` [n x n].
///
/// `inverse` [n x n, row-major] receives L^-1: lower triangular, zeros above the diagonal.
template <class T>
SAMEBITS_HD inline void triangular_inverse(const T* r, std::int64_t n, T* inverse) {
  for (std::int64_t i = 0; i < n; ++i) {
    T* const row_i = inverse + i * n;
    for (std::int64_t j = 0; j < n; ++j) {
      row_i[j] = T(0);
    }
    // Row i of L^-1 is (e_i - sum_{p < i} L_ip row_p) / L_ii.
    for (std::int64_t p = 0; p < i; ++p) {
      const T factor = r[p * n + i];
      const T* const row_p = inverse + p * n;
      for (std::int64_t j = 0; j <= p; ++j) {
        row_i[j] = eliminated(factor, row_p[j], row_i[j]);
      }
    }
    row_i[i] = T(1);
    const T root = r[i * n + i];
    for (std::int64_t j = 0; j <= i; ++j) {
      row_i[j] = scaled_by_pivot(row_i[j], root);
    }
  }
}

/// The variance of a precision, and the other way round.
SAMEBITS_HD inline double inverse_of(double variance) { return 1.0 / variance; }

/// Inverts the symmetric matrix P = L L^T [n x n, both triangles filled]: P^-1 = W^T W with W = L^-1.
///
/// @param work     [2 n x n]
/// @param inverse  [n x n], out: both triangles; may be `matrix`
/// @return n, or the first column at which the matrix is not positive definite (`inverse` is then as before)
template <class T>
SAMEBITS_HD inline std::int64_t invert_positive_definite(const T* matrix, std::int64_t n, T* work, T* inverse) {
  T* const factor = work;
  T* const inverse_factor = work + n * n;
  for (std::int64_t i = 0; i < n * n; ++i) {
    factor[i] = matrix[i];
  }
  const std::int64_t rank = cholesky_upper(factor, matrix, n);
  if (rank < n) {
    return rank;
  }
  triangular_inverse(factor, n, inverse_factor);
  for (std::int64_t a = 0; a < n; ++a) {
    for (std::int64_t b = 0; b <= a; ++b) {
      T sum = T(0);
      for (std::int64_t p = a; p < n; ++p) {
        sum = fma(inverse_factor[p * n + a], inverse_factor[p * n + b], sum);
      }
      inverse[a * n + b] = sum;
      inverse[b * n + a] = sum;
    }
  }
  return n;
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
