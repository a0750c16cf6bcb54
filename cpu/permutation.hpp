// Permutations on the CPU, out of line so that code built for one instruction set shares no inline functions.
#pragma once

#include <cstdint>

#include "lib/backend.h"

namespace samebits::cpu {

samebits_status permute(samebits_call* call, std::uint64_t seed, std::uint64_t task, std::int64_t n, std::int64_t* out);

}  // namespace samebits::cpu
