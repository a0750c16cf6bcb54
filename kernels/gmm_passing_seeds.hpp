// Seeds of a mixture whose rows do not fit the device and pass through it.
#pragma once

#include "kernels/gmm_problem.hpp"
#include "samebits/core/seeding.hpp"

namespace samebits::kernels {

/// As gmm_seed, with a pass over the rows for each seed.
template <class T>
void draw_seeds_of_passing_rows(gmm_problem_of<T>& problem, const samebits_gmm_seeding& seeding);

/// As gmm_race, with a pass over the rows.
template <class T>
core::race_entry winner_of_passing_rows(gmm_problem_of<T>& problem, const samebits_gmm_race& race);

}  // namespace samebits::kernels
