// The likeliest component of a row.
#pragma once

#include <cstdint>

#include "samebits/core/value.hpp"

namespace samebits::kernels {

/// The largest log-prob seen so far and its component; of equal ones the first.
template <class T>
struct likeliest {
  T log_prob;
  std::int64_t component;

  /// Components come in increasing order, from 0 on.
  SAMEBITS_HD void see(std::int64_t k, T other) {
    if (k == 0 || log_prob < other) {
      log_prob = other;
      component = k;
    }
  }
};

/// Of n_components values, one `stride` after the other.
template <class T>
SAMEBITS_HD likeliest<T> likeliest_of(const T* log_probs, std::int64_t n_components, std::int64_t stride) {
  likeliest<T> best{};
  for (std::int64_t k = 0; k < n_components; ++k) {
    best.see(k, log_probs[k * stride]);
  }
  return best;
}

}  // namespace samebits::kernels
