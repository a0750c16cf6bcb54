// How work memory is shared out: whole cache lines for each array.
#pragma once

#include <cstdint>

#include "samebits/core/tree_sum.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

constexpr std::int64_t round_up(std::int64_t n, std::int64_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

/// Doubles that hold n numbers of type T, in whole cache lines.
template <class T>
constexpr std::int64_t doubles_for(std::int64_t n) {
  return round_up(n, lanes<T>) * static_cast<std::int64_t>(sizeof(T)) / static_cast<std::int64_t>(sizeof(double));
}

/// Hands out a buffer piece by piece. Without a buffer it only counts.
class memory_plan {
 public:
  explicit memory_plan(double* start) : start_(start) {}
  template <class T>
  T* take(std::int64_t n) {
    T* const piece = start_ == nullptr ? nullptr : reinterpret_cast<T*>(start_ + used_);
    used_ += doubles_for<T>(n);
    return piece;
  }
  /// Doubles handed out.
  std::int64_t used() const { return used_; }

 private:
  double* start_;
  std::int64_t used_ = 0;
};

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
