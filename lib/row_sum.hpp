// The tree sum of one number per row, for rows that arrive in pieces.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "samebits/core/tree_sum.hpp"

namespace samebits {

/// Adds numbers up in the shape of docs/numerics.md, section 4: the narrow order of rows of double. The pieces may be
/// of any length; only the order of the rows counts. The bits are those of a backend's pass over the same numbers.
class row_sum {
 public:
  void add(std::span<const double> values) {
    for (const double value : values) {
      add(value);
    }
  }

  void add(double value) {
    double& lane = lanes_[n_held_ % lanes_.size()];
    lane = lane + value;
    if (++n_held_ == core::leaf_rows) {
      close_leaf();
    }
  }

  /// The sum of everything added so far, -0.0 where that is nothing. Afterwards the object is ready for a new sum.
  double finish() {
    if (n_held_ > 0) {
      close_leaf();
    }
    double sum = core::empty_sum<double>();
    for (std::size_t level = 0; n_leaves_ >> level != 0; ++level) {
      if (is_open(level)) {
        sum = open_[level] + sum;
      }
    }
    n_leaves_ = 0;
    return sum;
  }

 private:
  using lane_sums = std::array<double, core::lanes<double>>;

  static lane_sums empty_lanes() {
    lane_sums lanes;
    lanes.fill(core::empty_sum<double>());
    return lanes;
  }

  /// Level l holds a node as long as its right neighbour is missing: where bit l of the number of leaves is 1.
  bool is_open(std::size_t level) const { return (n_leaves_ >> level & 1) != 0; }

  void close_leaf() {
    double node = core::fold_lanes(lanes_.data());
    std::size_t level = 0;
    for (; is_open(level); ++level) {
      node = open_[level] + node;
    }
    open_[level] = node;
    ++n_leaves_;
    lanes_ = empty_lanes();
    n_held_ = 0;
  }

  lane_sums lanes_ = empty_lanes();
  std::size_t n_held_ = 0;  // rows of the leaf that is not full yet
  std::uint64_t n_leaves_ = 0;
  std::array<double, 56> open_;  // 2^55 leaves and more are out of reach of 64-bit row numbers
};

}  // namespace samebits
