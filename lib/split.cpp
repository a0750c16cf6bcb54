#include "samebits/split.hpp"

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <vector>

namespace samebits {
namespace {

/// What rows are ordered by. Equal keys are as good as impossible, but the row decides even then.
struct row_key {
  std::int64_t label;
  std::uint64_t high;
  std::uint64_t low;
  std::int64_t row;

  friend bool operator<(const row_key& a, const row_key& b) {
    return std::tie(a.label, a.high, a.low, a.row) < std::tie(b.label, b.high, b.low, b.row);
  }
};

row_key key_of(stream_id stream, std::int64_t label, std::int64_t row) {
  std::uint64_t draws[2];
  core::philox_draws(stream.seed, stream.task, static_cast<std::uint64_t>(row), draws);
  return {label, draws[1], draws[0], row};
}

std::vector<row_key> keys_of(stream_id stream, std::size_t n_rows, std::span<const std::int64_t> labels) {
  std::vector<row_key> keys(n_rows);
  for (std::size_t i = 0; i < n_rows; ++i) {
    keys[i] = key_of(stream, labels.empty() ? 0 : labels[i], static_cast<std::int64_t>(i));
  }
  return keys;
}

void require_rows(const char* function, std::int64_t n_rows, const char* parameter, std::size_t size) {
  if (n_rows < 0) {
    throw invalid_argument(std::string(function) + ": n_rows is " + std::to_string(n_rows) +
                           " but must not be negative");
  }
  if (size != static_cast<std::uint64_t>(n_rows)) {
    throw invalid_argument(std::string(function) + ": " + parameter + " has " + std::to_string(size) +
                           " elements but n_rows is " + std::to_string(n_rows));
  }
}

/// Deals the rows, in the order of labels and keys, to the folds in turn.
void deal(const char* function, stream_id stream, std::span<const std::int64_t> labels, std::int64_t k,
          std::span<std::int64_t> fold) {
  if (k < 2) {
    throw invalid_argument(std::string(function) + ": k is " + std::to_string(k) + " but must be at least 2");
  }
  if (static_cast<std::uint64_t>(k) > fold.size()) {
    throw invalid_argument(std::string(function) + ": k is " + std::to_string(k) + " but there are " +
                           std::to_string(fold.size()) + " rows");
  }
  std::vector<row_key> keys = keys_of(stream, fold.size(), labels);
  std::sort(keys.begin(), keys.end());
  std::int64_t next = 0;
  for (const row_key& key : keys) {
    fold[static_cast<std::size_t>(key.row)] = next;
    next = next + 1 == k ? 0 : next + 1;
  }
}

}  // namespace

void k_fold(stream_id stream, std::int64_t n_rows, std::int64_t k, std::span<std::int64_t> fold) {
  require_rows("k_fold", n_rows, "fold", fold.size());
  deal("k_fold", stream, {}, k, fold);
}

void stratified_k_fold(stream_id stream, std::span<const std::int64_t> labels, std::int64_t k,
                       std::span<std::int64_t> fold) {
  if (fold.size() != labels.size()) {
    throw invalid_argument("stratified_k_fold: fold has " + std::to_string(fold.size()) + " elements but labels has " +
                           std::to_string(labels.size()));
  }
  deal("stratified_k_fold", stream, labels, k, fold);
}

void train_test_split(stream_id stream, std::int64_t n_rows, std::int64_t n_test, std::span<std::uint8_t> is_test) {
  require_rows("train_test_split", n_rows, "is_test", is_test.size());
  if (n_test < 0 || n_test > n_rows) {
    throw invalid_argument("train_test_split: n_test is " + std::to_string(n_test) + " but must be in [0, " +
                           std::to_string(n_rows) + "]");
  }
  std::vector<row_key> keys = keys_of(stream, is_test.size(), {});
  std::nth_element(keys.begin(), keys.begin() + n_test, keys.end());
  std::fill(is_test.begin(), is_test.end(), std::uint8_t{0});
  for (std::int64_t i = 0; i < n_test; ++i) {
    is_test[static_cast<std::size_t>(keys[static_cast<std::size_t>(i)].row)] = 1;
  }
}

}  // namespace samebits
