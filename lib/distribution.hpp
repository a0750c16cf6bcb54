// Checks of a distribution's parameters, and the tables that its sampler reads.
#pragma once

#include <string>
#include <vector>

#include "samebits/distributions.hpp"

namespace samebits {

/// Throws invalid_argument unless the distribution can be sampled into numbers of this type. Messages begin with
/// `function` and name the parameter: "fill: gamma.shape is -1 but must be positive".
const distribution_info& require_valid(const char* function, const samebits_distribution& d, samebits_dtype dtype);

/// What the sampler reads instead of the values: an alias table, cumulative weights, ...; empty where it reads them as
/// they are, or has none.
std::vector<double> sampler_table(const samebits_distribution& d);

/// row_size() of a distribution that was checked.
std::int64_t checked_row_size(const samebits_distribution& d);

/// Samples that a stream has room for: each owns a number of blocks of its own.
std::uint64_t sequence_length(const samebits_distribution& d);

}  // namespace samebits
