// Synthetic data with the same bits everywhere.
#pragma once

#include <cstdint>

#include "samebits/context.hpp"
#include "samebits/export.hpp"
#include "samebits/stream.hpp"
#include "samebits/view.hpp"

namespace samebits {

/// Fills x with n_blobs standard normal clouds, one after the other: row i belongs to blob b = i n_blobs / n_rows,
/// whose centre is 5 b in every coordinate. Element e of x in memory is normal number e of the stream, plus the centre.
///
/// @throws invalid_argument  n_blobs is not in [1, n_rows]
/// @bits   identical on every backend, instruction set, thread count and device
SAMEBITS_API void make_blobs(const context& ctx, stream_id stream, std::int64_t n_blobs, matrix_view<double> x);

}  // namespace samebits
