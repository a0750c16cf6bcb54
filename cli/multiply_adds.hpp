// Fused multiply-adds in registers, as many as there can be: the roof of everything that computes.
#pragma once

#include <cstdint>

#include "cpu/pack.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

/// Chains enough to hide the latency of an fma.
inline constexpr int n_fma_chains = 12;

/// Floating-point operations of a step; an fma is two.
template <class T>
inline constexpr double flop_of_fma_step = 2.0 * n_fma_chains* value_traits<pack<T>>::width;

/// Takes steps of all chains. The result is of no use, but without one a compiler could leave the work out.
template <class T>
inline T multiply_adds(std::int64_t n_steps) {
  using vec = pack<T>;
  vec sums[n_fma_chains];
  for (int i = 0; i < n_fma_chains; ++i) {
    sums[i] = vec(static_cast<T>(i));
  }
  const vec a(static_cast<T>(0.999));
  const vec b(static_cast<T>(0.001));
  for (std::int64_t k = 0; k < n_steps; ++k) {
    SAMEBITS_UNROLL
    for (int i = 0; i < n_fma_chains; ++i) {
      sums[i] = fma(sums[i], a, b);
    }
  }
  vec total = sums[0];
  for (int i = 1; i < n_fma_chains; ++i) {
    total = total + sums[i];
  }
  T values[value_traits<vec>::width];
  store(values, total);
  return values[0];
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
