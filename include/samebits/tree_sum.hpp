// Sums of numbers that your own threads or kernels compute, with the bits of samebits::sum over the same numbers.
//
// Numbers are summed leaf by leaf, 512 each, by whoever has time, and the leaves are then folded in a fixed tree
// (docs/numerics.md, section 4). So the sum depends neither on the number of threads nor on the grid of a kernel:
//
//   __global__ void sum_leaves(std::int64_t n, double* leaves) {                   // n_leaves(n) of them
//     const std::int64_t leaf = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
//     if (leaf < samebits::n_leaves(n)) {
//       leaves[leaf] = samebits::leaf_sum(n, leaf, [](std::int64_t i) { return loss(i); });
//     }
//   }
//   ...
//   const double total = samebits::fold_leaves(leaves, samebits::n_leaves(n));     // on the host or in a kernel
//
// Compile with -ffp-contract=off, nvcc with -fmad=false, or what your own numbers are depends on the compiler.
#pragma once

#include <cstdint>

#include "samebits/core/row_sum.hpp"

namespace samebits {

/// Leaves of n numbers.
SAMEBITS_HD constexpr std::int64_t n_leaves(std::int64_t n) { return (n + core::leaf_rows - 1) / core::leaf_rows; }

/// The sum of one leaf, from any thread: of value(i) for its numbers i < n in increasing order. Floats are widened
/// first.
///
/// @param leaf  0 .. n_leaves(n) - 1
template <class Value>
SAMEBITS_HD double leaf_sum(std::int64_t n, std::int64_t leaf, const Value& value) {
  constexpr int n_lanes = core::lanes<double>;
  double sums[n_lanes];
  for (int lane = 0; lane < n_lanes; ++lane) {
    sums[lane] = core::empty_sum<double>();
  }
  const std::int64_t first = leaf * core::leaf_rows;
  const std::int64_t end = n - first < core::leaf_rows ? n : first + core::leaf_rows;
  for (std::int64_t i = first; i < end; i += n_lanes) {
    SAMEBITS_UNROLL
    for (int lane = 0; lane < n_lanes; ++lane) {
      if (i + lane < end) {
        sums[lane] = sums[lane] + static_cast<double>(value(i + lane));
      }
    }
  }
  return core::fold_lanes(sums);
}

/// The sum of all numbers from the sums of their leaves; 0 for no leaves.
SAMEBITS_HD inline double fold_leaves(const double* leaves, std::int64_t n) {
  core::node_sum sum;
  for (std::int64_t leaf = 0; leaf < n; ++leaf) {
    sum.add(leaves[leaf]);
  }
  return core::finished_sum(sum.finish());
}

}  // namespace samebits
