// Seeds of a mixture whose rows do not fit the device and pass through it.
#pragma once

#include "kernels/gmm_problem.hpp"

namespace samebits::kernels {

/// As gmm_seed, with a pass over the rows for each seed.
template <class T>
void draw_seeds_of_passing_rows(gmm_problem_of<T>& problem, const samebits_gmm_seeding& seeding);

}  // namespace samebits::kernels
