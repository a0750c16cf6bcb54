// Distances on the globe, for great_circle.cpp and great_circle.cu: a function of two places for sums over all pairs.
#pragma once

#include <cstdint>
#include <cstdio>
#include <samebits/core/special.hpp>
#include <vector>

/// The length of the shorter arc between two places (degrees north, degrees east), in km, by the haversine formula
/// (R. W. Sinnott: "Virtues of the haversine", Sky and Telescope 68, 1984). Made of operations and functions that have
/// the same bits everywhere; the one product that goes into a sum is an fma.
struct great_circle {
  static constexpr double radius = 6371.0088;  // km, the mean radius of the earth (IUGG)

  SAMEBITS_HD double operator()(const double* a, const double* b, std::int64_t) const {
    namespace core = samebits::core;
    double north_south, east_west, cosine_a, cosine_b, unused;
    core::sincospi((b[0] - a[0]) / 360, north_south, unused);  // of x pi: half the difference
    core::sincospi((b[1] - a[1]) / 360, east_west, unused);
    core::sincospi(a[0] / 180, unused, cosine_a);
    core::sincospi(b[0] / 180, unused, cosine_b);
    const double haversine = core::fma(cosine_a * cosine_b, east_west * east_west, north_south * north_south);
    const double at_most_one = core::select_less(haversine, 1.0, haversine, 1.0);
    return 2 * radius * core::atan(core::sqrt(at_most_one / (1 - at_most_one)));
  }
};

inline constexpr std::int64_t n_cities = 10;
inline constexpr const char* city_names[n_cities] = {"Berlin",  "Cairo",     "Delhi",  "Lima",  "Mexico City",
                                                     "Nairobi", "Reykjavik", "Sydney", "Tokyo", "Vancouver"};
/// Degrees north and east.
inline constexpr double cities[n_cities * 2] = {52.52,  13.41,  30.04,  31.24,  28.61, 77.21,  -12.05,
                                                -77.04, 19.43,  -99.13, -1.29,  36.82, 64.15,  -21.94,
                                                -33.87, 151.21, 35.68,  139.69, 49.28, -123.12};

/// n places spread evenly over the globe, on a spiral (A. Gonzalez: "Measurement of areas on a sphere using Fibonacci
/// and latitude-longitude lattices", Mathematical Geosciences 42, 2010).
inline std::vector<double> spread_places(std::int64_t n) {
  namespace core = samebits::core;
  constexpr double golden_angle = 137.50776405003785;
  constexpr double degrees = 57.29577951308232;
  std::vector<double> places;
  for (std::int64_t i = 0; i < n; ++i) {
    const double height = static_cast<double>(2 * i + 1) / static_cast<double>(n) - 1;
    places.push_back(degrees * core::atan(height / core::sqrt(core::fnma(height, height, 1.0))));
    places.push_back(golden_angle * static_cast<double>(i));
  }
  return places;
}

/// What both programs print.
inline void print_results(const double* city_sums, double total, std::int64_t n_places) {
  std::int64_t nearest = 0;
  for (std::int64_t i = 1; i < n_cities; ++i) {
    nearest = city_sums[i] < city_sums[nearest] ? i : nearest;
  }
  const double n_pairs = static_cast<double>(n_places * (n_places - 1) / 2);
  std::printf("%s is nearest to the others, %.17g km on average\n", city_names[nearest],
              city_sums[nearest] / (n_cities - 1));
  std::printf("all over the globe places are %.17g km from each other\n", total / n_pairs);
}
