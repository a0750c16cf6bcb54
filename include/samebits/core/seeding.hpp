// k-means++ seeding as an exponential race.
//
// Arthur, Vassilvitskii: "k-means++: the advantages of careful seeding", SODA 2007, picks a row with probability
// proportional to its squared distance d to the nearest seed chosen so far. Usually that takes a cumulative sum, whose
// rounding depends on its order. Here every row draws an exponential E and the row with the smallest E / d wins, which
// has the same probabilities (the minimum of independent exponentials with rates d). The minimum is exact in any order,
// so rows can be split over threads, devices and processes at will. Ties go to the lowest row.
#pragma once

#include "samebits/core/distributions.hpp"
#include "samebits/core/philox.hpp"
#include "samebits/core/value.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

/// The row's time in the race; rows of distance zero never finish (+inf), whatever they draw.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V race_time(V squared_distance, bits_t<V> draw) {
  const V time = exponential<V>(draw) / squared_distance;
  return select_less(V(0.0), squared_distance, time, V(__builtin_huge_val()));
}

/// The rate of a row that counts `weight` times.
SAMEBITS_HD SAMEBITS_INLINE double seed_rate(double squared_distance, double weight) {
  return squared_distance * weight;
}

/// A row and its time; the earlier one wins, then the lower row.
struct race_entry {
  double time;
  std::int64_t row;
};

SAMEBITS_HD SAMEBITS_INLINE bool wins(const race_entry& a, const race_entry& b) {
  return a.time < b.time || (!(b.time < a.time) && a.row < b.row);
}

/// The seed where `winner` has won. A row that does not count wins where nobody finishes: all rows that count lie on
/// seeds, and the first of them is taken again.
SAMEBITS_HD SAMEBITS_INLINE std::int64_t seed_row(std::int64_t winner, double weight, std::int64_t first_that_counts) {
  return weight == 0.0 ? first_that_counts : winner;
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
