// The nodes of each statistic of lib/backend.h: how large they are and how two become one.
#pragma once

#include "lib/backend.h"
#include "samebits/core/summary.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

/// Doubles of a node.
inline std::int64_t node_size(samebits_statistic statistic, std::int64_t n_cols) {
  switch (statistic) {
    case samebits_statistic_moments: return moments_node::size(n_cols);
    case samebits_statistic_covariance: return covariance_node::size(n_cols);
    default: return n_cols;
  }
}

/// left and right, as one, to the left. `right` is used up.
SAMEBITS_HD inline void merge_nodes(samebits_statistic statistic, double* left, double* right, std::int64_t n_cols) {
  switch (statistic) {
    case samebits_statistic_moments: return merge_moments(left, right, n_cols);
    case samebits_statistic_covariance: return merge_covariances(left, right, n_cols);
    default: return merge_sums(left, right, n_cols);
  }
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
