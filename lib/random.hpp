// fill() for numbers of any type.
#pragma once

#include "samebits/context.hpp"
#include "samebits/distributions.hpp"
#include "samebits/stream.hpp"

namespace samebits {

/// Fills out with n samples, under the name of the public function.
void fill_named(const char* function, const context& ctx, const samebits_distribution& distribution, stream_id stream,
                std::uint64_t first, std::uint64_t n, samebits_dtype dtype, void* out);

}  // namespace samebits
