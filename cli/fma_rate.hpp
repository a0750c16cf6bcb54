// What the processor can compute at most, measured.
#pragma once

#include <cstdint>
#include <optional>

#include "samebits/context.hpp"

namespace samebits::cli {

/// Floating-point operations a second, an fma counted as two, of fused multiply-adds in registers on all threads of the
/// context: the best of some short runs. Nothing where the context is no CPU, or its instruction set has no fma.
std::optional<double> measured_fma_rate(const context& ctx, bool is_float);

/// Runs n_steps of chains on one thread; returns the operations of a step. One function for every instruction set.
using fma_steps = double (*)(bool is_float, std::int64_t n_steps);
namespace avx512 {
double take_fma_steps(bool is_float, std::int64_t n_steps);
}
namespace avx2 {
double take_fma_steps(bool is_float, std::int64_t n_steps);
}
namespace scalar {
double take_fma_steps(bool is_float, std::int64_t n_steps);
}

}  // namespace samebits::cli
