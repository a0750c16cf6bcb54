// Counts of the values of pairs by some of their bits.
#pragma once

#include "cpu/pairwise_reductions.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

/// Counts values that are at least 0, whose bits are ordered like the numbers. A node holds counters, which are whole
/// numbers: they go into each other, and at the end into those of the call, in any order.
template <class T>
class pair_counts : public pair_reduction<T> {
 public:
  static constexpr bool folds_leaves = false;
  static constexpr bool has_large_nodes = true;
  using pair_reduction<T>::block_rows;

  explicit pair_counts(const samebits_pairs& pairs)
      : pair_reduction<T>(pairs),
        digits_(*pairs.digits),
        n_digits_(bits{1} << digits_.n_bits),
        lowest_(static_cast<bits>(digits_.prefix << digits_.n_bits << digits_.shift)) {
    for (bits d = 0; d < n_digits_; ++d) {
      digits_.counts[d] = 0;
    }
  }

  /// Below all values, so that its bits are above theirs.
  static T nothing() { return -math_constants<T>::infinity; }
  /// A counter comes to the threads' common ones once for several blocks.
  std::int64_t group() const { return 4; }
  std::int64_t node_size() const { return round_up(n_tables * table_size(), lanes<double>); }
  std::int64_t work_size() const { return 0; }
  void begin(T*, double* node) const { clear(node); }
  void end(T*, double*) const {}
  void clear(double* node) const { fill(counters(node), node_size(), std::int64_t{0}); }

  void add(T*, const node_place& place, const pair_step<T>& step) const {
    const std::int64_t n = this->n_rows(step.block.first);
    for (std::int64_t j = 0; j < step.tile.n_rows; ++j) {
      bits digits[block_rows];
      if (find_digits(step.tile.values + j * block_rows, digits)) {
        for (std::int64_t i = 0; i < n; ++i) {
          ++counters(place.node)[i % n_tables * table_size() + static_cast<std::int64_t>(digits[i])];
        }
      }
    }
  }

  void merge(double* left, double* right) const {
    for (std::int64_t d = 0; d < n_tables * table_size(); ++d) {
      counters(left)[d] += counters(right)[d];
    }
  }

  void finish(std::int64_t, double* node) const {
    for (std::int64_t d = 0; d < static_cast<std::int64_t>(n_digits_); ++d) {
      std::int64_t count = 0;
      for (std::int64_t t = 0; t < n_tables; ++t) {
        count += counters(node)[t * table_size() + d];
      }
      if (count != 0) {
        __atomic_fetch_add(digits_.counts + d, count, __ATOMIC_RELAXED);
      }
    }
  }

 private:
  using bits = bits_t<T>;

  /// Neighbours count in different tables: a counter that was just written is not ready to be read again.
  static constexpr std::int64_t n_tables = 2;

  /// The last counter is that of values that do not count.
  std::int64_t table_size() const { return static_cast<std::int64_t>(n_digits_) + 1; }
  static std::int64_t* counters(double* node) { return reinterpret_cast<std::int64_t*>(node); }

  /// The digits of a row of a tile, n_digits_ where the prefix is another. Are there any others?
  bool find_digits(const T* values, bits* digits) const {
    bits least = n_digits_;
    for (std::int64_t i = 0; i < block_rows; ++i) {
      const bits digit = (to_bits(values[i]) - lowest_) >> digits_.shift;
      digits[i] = digit < n_digits_ ? digit : n_digits_;
      least = digits[i] < least ? digits[i] : least;
    }
    return least < n_digits_;
  }

  const samebits_pair_digits& digits_;
  bits n_digits_;
  bits lowest_;  // bits of the prefix, with zeros behind it
};

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
