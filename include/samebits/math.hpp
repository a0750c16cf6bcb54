// Elementary functions over arrays, with the same bits everywhere. For single values in host or device code use
// samebits/core/math.hpp, where domains and errors are documented.
#pragma once

#include <span>

#include "samebits/context.hpp"
#include "samebits/export.hpp"

namespace samebits {

/// out[i] = exp(in[i]), out[i] = log(in[i]). `in` and `out` have one size and may be the same array.
///
/// @throws invalid_argument  the sizes differ
/// @bits   identical on every backend, instruction set, thread count and device; NaN is NaN everywhere
SAMEBITS_API void exp(const context& ctx, std::span<const double> in, std::span<double> out);
SAMEBITS_API void log(const context& ctx, std::span<const double> in, std::span<double> out);

}  // namespace samebits
