// The smallest of many values and whose they are. The order of values and indices is total, so that the result does not
// depend on how the work is shared out.
#pragma once

#include <cstdint>

#include "samebits/core/math.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

/// Does (value, j) come before (other, other_j)? Of equal values the lower index does.
template <class T>
SAMEBITS_HD SAMEBITS_INLINE bool is_before(T value, std::int64_t j, T other, std::int64_t other_j) {
  return value < other || (!(other < value) && j < other_j);
}

/// The smallest values so far and whose they are, with the last of them in front: every one comes behind its two
/// children, numbers 2 p + 1 and 2 p + 2. Elements lie `apart`, so that neighbouring threads of a device have
/// neighbouring memory.
template <class T>
struct nearest_heap {
  T* values;
  std::int64_t* indices;
  std::int64_t size;
  std::int64_t apart;

  static constexpr std::int64_t nobody = -1;

  SAMEBITS_HD T value(std::int64_t place) const { return values[place * apart]; }
  SAMEBITS_HD std::int64_t index(std::int64_t place) const { return indices[place * apart]; }

  SAMEBITS_HD void clear() const {
    for (std::int64_t place = 0; place < size; ++place) {
      set(place, math_constants<T>::infinity, nobody);
    }
  }
  /// In place of the last one, if it comes before that.
  SAMEBITS_HD void take(T value, std::int64_t j) const {
    if (is_before(value, j, this->value(0), index(0))) {
      put(value, j, size);
    }
  }
  /// Those of another heap.
  SAMEBITS_HD void take(const nearest_heap& from) const {
    for (std::int64_t place = 0; place < from.size; ++place) {
      take(from.value(place), from.index(place));
    }
  }
  /// In increasing order.
  SAMEBITS_HD void sort() const {
    for (std::int64_t n = size - 1; n > 0; --n) {
      const T last = value(n);
      const std::int64_t j = index(n);
      set(n, value(0), index(0));
      put(last, j, n);
    }
  }

 private:
  SAMEBITS_HD void set(std::int64_t place, T value, std::int64_t j) const {
    values[place * apart] = value;
    indices[place * apart] = j;
  }
  SAMEBITS_HD bool is_place_before(std::int64_t a, std::int64_t b) const {
    return is_before(value(a), index(a), value(b), index(b));
  }

  /// Replaces the first of the first n.
  SAMEBITS_HD void put(T value, std::int64_t j, std::int64_t n) const {
    std::int64_t place = 0;
    for (std::int64_t child = 1; child < n; child = 2 * place + 1) {
      if (child + 1 < n && is_place_before(child, child + 1)) {
        ++child;
      }
      if (!is_before(value, j, this->value(child), index(child))) {
        break;
      }
      set(place, this->value(child), index(child));
      place = child;
    }
    set(place, value, j);
  }
};

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
