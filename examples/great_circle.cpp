// Sums over all pairs of a function of one's own: distances on the globe. Which of ten cities is nearest to the others,
// and how far are two places on the globe from each other on average (pi / 2 times the radius, 10007.557 km, for very
// many of them)?
//
//   ./great_circle
//
// Prints the same on every machine and number of threads; great_circle.cu does it on a GPU.
#include "great_circle.hpp"

#include <samebits/pair_functor.hpp>

int main() {
  const samebits::context ctx;

  // Of each city to all others.
  std::vector<double> city_sums(n_cities);
  samebits::pairwise_rows_of(ctx, {cities, n_cities, 2}, {}, great_circle(), {.mode = samebits::pairwise_mode::u},
                             city_sums);

  // Of all pairs, each once.
  constexpr std::int64_t n_places = 2000;
  const std::vector<double> places = spread_places(n_places);
  const double total = samebits::pairwise_sum_of(ctx, {places.data(), n_places, 2}, {}, great_circle(),
                                                 {.mode = samebits::pairwise_mode::upper});

  print_results(city_sums.data(), total, n_places);
  return 0;
}
