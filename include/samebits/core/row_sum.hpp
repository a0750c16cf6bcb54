// Tree sums of numbers that come one after the other, for host and device code; core/tree_sum.hpp has their shape.
#pragma once

#include <cstdint>
#include <span>

#include "samebits/core/tree_sum.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

/// The dyadic tree over nodes 0, 1, 2, ..., which may be those of leaves or of any one level above.
class node_sum {
 public:
  SAMEBITS_HD void add(double node) {
    int level = 0;
    for (; is_open(level); ++level) {
      node = open_[level] + node;
    }
    open_[level] = node;
    ++n_nodes_;
  }

  /// The node of everything added so far, -0.0 where that is nothing. Afterwards the object is ready for a new sum.
  SAMEBITS_HD double finish() {
    double sum = empty_sum<double>();
    for (int level = 0; n_nodes_ >> level != 0; ++level) {
      if (is_open(level)) {
        sum = open_[level] + sum;
      }
    }
    n_nodes_ = 0;
    return sum;
  }

 private:
  /// Level l holds a node as long as its right neighbour is missing: where bit l of the number of nodes is 1.
  SAMEBITS_HD bool is_open(int level) const { return (n_nodes_ >> level & 1) != 0; }

  std::uint64_t n_nodes_ = 0;
  double open_[56];  // 2^55 leaves and more are out of reach of 64-bit row numbers
};

/// Adds numbers up in the shape of docs/numerics.md, section 4: the narrow order of rows of double. The pieces may be
/// of any length; only the order of the rows counts. The bits are those of a backend's pass over the same numbers.
class row_sum {
 public:
  void add(std::span<const double> values) {
    for (const double value : values) {
      add(value);
    }
  }

  SAMEBITS_HD void add(double value) {
    double& lane = next_lane();
    lane = lane + value;
    end_row();
  }

  /// Adds the product of two numbers, which is not rounded.
  SAMEBITS_HD void add_product(double a, double b) {
    double& lane = next_lane();
    lane = fma(a, b, lane);
    end_row();
  }

  /// The sum of everything added so far, -0.0 where that is nothing. Afterwards the object is ready for a new sum.
  SAMEBITS_HD double finish() {
    if (n_held_ > 0) {
      close_leaf();
    }
    return leaves_.finish();
  }

 private:
  static constexpr int n_lanes = lanes<double>;

  SAMEBITS_HD double& next_lane() {
    if (n_held_ == 0) {
      for (double& lane : lanes_) {
        lane = empty_sum<double>();
      }
    }
    return lanes_[n_held_ % n_lanes];
  }

  SAMEBITS_HD void end_row() {
    if (++n_held_ == leaf_rows) {
      close_leaf();
    }
  }

  SAMEBITS_HD void close_leaf() {
    leaves_.add(fold_lanes(lanes_));
    n_held_ = 0;
  }

  double lanes_[n_lanes];
  int n_held_ = 0;  // rows of the leaf that is not full yet
  node_sum leaves_;
};

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
