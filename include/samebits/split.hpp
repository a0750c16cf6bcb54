// Which rows go together: folds of a cross-validation, training and test data. Every row has a key, block `row` of the
// stream as a 128-bit number, and the keys decide.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "samebits/core/integers.hpp"
#include "samebits/core/philox.hpp"
#include "samebits/error.hpp"
#include "samebits/export.hpp"
#include "samebits/stream.hpp"

namespace samebits {

/// fold[i] = the fold of row i, in [0, k): the rows in the order of their keys are dealt to folds 0, 1, ..., k - 1, 0,
/// ... Sizes differ by at most one, the first folds having the more.
///
/// @throws invalid_argument  fold does not have n_rows elements, or k is not in [2, n_rows]
/// @bits   identical everywhere
SAMEBITS_API void k_fold(stream_id stream, std::int64_t n_rows, std::int64_t k, std::span<std::int64_t> fold);

/// The same, with the labels in increasing order and within a label the rows in the order of their keys: within each
/// label and in all, sizes differ by at most one. A label of fewer than k rows is missing from some folds.
///
/// @throws invalid_argument  fold and labels differ in size, or k is not in [2, labels.size()]
/// @bits   identical everywhere
SAMEBITS_API void stratified_k_fold(stream_id stream, std::span<const std::int64_t> labels, std::int64_t k,
                                    std::span<std::int64_t> fold);

/// The fold in [0, k) of a row by a key of its own, such as its number in a data base: rows that come or go move no
/// other row. Sizes are equal on average only. It is the integer in [0, k) from block `row_key` of the stream.
///
/// @throws invalid_argument  k is below 1; device code gets 0
/// @bits   identical everywhere
SAMEBITS_HD inline std::int64_t keyed_fold(stream_id stream, std::uint64_t row_key, std::int64_t k) {
  if (k < 1) {
#if defined(__CUDA_ARCH__)
    return 0;
#else
    throw invalid_argument("keyed_fold: k is " + std::to_string(k) + " but must be at least 1");
#endif
  }
  std::uint64_t draws[2];
  core::philox_draws(stream.seed, stream.task, row_key, draws);
  return static_cast<std::int64_t>(core::bounded_integer(draws, static_cast<std::uint64_t>(k)));
}

/// is_test[i] = 1 for the n_test rows with the smallest keys, 0 for the others. A larger test set contains the smaller.
///
/// @throws invalid_argument  is_test does not have n_rows elements, or n_test is not in [0, n_rows]
/// @bits   identical everywhere
SAMEBITS_API void train_test_split(stream_id stream, std::int64_t n_rows, std::int64_t n_test,
                                   std::span<std::uint8_t> is_test);

}  // namespace samebits
