// The winner of the exponential race that picks a seed (samebits/core/seeding.hpp).
#pragma once

#include "samebits/core/seeding.hpp"

#if defined(__CUDACC__)
#include <thrust/execution_policy.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/transform_reduce.h>

#include "kernels/cuda_error.hpp"
#endif

namespace samebits::kernels {

struct entry_of_row {
  const double* times;
  SAMEBITS_HD core::race_entry operator()(std::int64_t row) const { return {times[row], row}; }
};

struct first_to_finish {
  SAMEBITS_HD core::race_entry operator()(const core::race_entry& a, const core::race_entry& b) const {
    return core::wins(b, a) ? b : a;
  }
};

/// The entry that wins among rows 0 .. n_rows - 1 of `times`, which lie on the device. A minimum is exact, so any order
/// of comparing will do.
inline core::race_entry race_winner(const double* times, std::int64_t n_rows) {
  const core::race_entry nobody{__builtin_huge_val(), 0};
#if defined(__CUDACC__)
  return thrust::transform_reduce(thrust::cuda::par.on(stream), thrust::counting_iterator<std::int64_t>(0),
                                  thrust::counting_iterator<std::int64_t>(n_rows), entry_of_row{times}, nobody,
                                  first_to_finish());
#else
  core::race_entry best = nobody;
  for (std::int64_t row = 0; row < n_rows; ++row) {
    best = first_to_finish()(best, entry_of_row{times}(row));
  }
  return best;
#endif
}

}  // namespace samebits::kernels
