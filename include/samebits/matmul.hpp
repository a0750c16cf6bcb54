// Products of matrices, with the same bits everywhere.
#pragma once

#include "samebits/context.hpp"
#include "samebits/export.hpp"
#include "samebits/view.hpp"

namespace samebits {

/// out = a b: a is n_rows x n_inner, b is n_inner x n_cols, out is n_rows x n_cols. Sizes may be 0; without inner
/// elements out is 0 everywhere.
///
/// Element (i, j) is one chain of fused multiply-adds in increasing inner index, in the type of the matrices:
///   s = a(i, 0) b(0, j), then s = fma(a(i, k), b(k, j), s) for k = 1, 2, ...
/// so |error| <= n u / (1 - n u) sum over k of |a(i, k) b(k, j)|, n = n_inner and u = 2^-53 (float: 2^-24), if nothing
/// overflows or is subnormal (Higham: Accuracy and Stability of Numerical Algorithms, 2nd ed., section 3.1).
///
/// Infinities and NaN are taken and travel as IEEE 754 has it: 0 times infinity and infinity less infinity are NaN.
///
/// @throws invalid_argument     shapes that do not fit, more than 2^56 elements, a matrix without data, or out
///                              overlapping a or b
/// @throws out_of_memory        no room for work space; out is untouched
/// @throws backend_failure      the device failed
/// @bits   identical on every backend, instruction set, thread count and device; NaN is NaN everywhere
SAMEBITS_API void matmul(const context& ctx, matrix_view<const double> a, matrix_view<const double> b,
                         matrix_view<double> out);
SAMEBITS_API void matmul(const context& ctx, matrix_view<const float> a, matrix_view<const float> b,
                         matrix_view<float> out);

}  // namespace samebits
