// Samples by the header-only formulas in a translation unit whose compiler may contract a * b + c, as a user's may.
#pragma once

#include <cstdint>

#include "samebits/samebits.h"

namespace samebits::tests {

/// The bits of samples first .. first + n - 1, each in a uint64; false for distributions of rows and from tables.
bool contracted_samples(const samebits_distribution& d, bool is_float, std::uint64_t seed, std::uint64_t task,
                        std::uint64_t first, std::int64_t n, std::uint64_t* bits);

/// True where the compiler did contract.
bool contracts(double a, double b, double c);

}  // namespace samebits::tests
