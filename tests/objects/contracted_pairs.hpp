// Sums over pairs of rows in a translation unit whose compiler may contract a * b + c, as a user's may.
#pragma once

#include <span>

#include "samebits/context.hpp"
#include "samebits/view.hpp"

namespace samebits::tests {

/// out[i] = the sum over j of the products x_i y_j, each rounded, for rows of one number against themselves: by
/// pairwise_rows_of, or row by row as in a kernel.
void contracted_product_sums(const context& ctx, matrix_view<const double> x, bool row_by_row, std::span<double> out);
void contracted_product_sums(const context& ctx, matrix_view<const float> x, bool row_by_row, std::span<double> out);

}  // namespace samebits::tests
