// The functions behind the backend's table; lib/backend.h describes them.
#pragma once

#include <cstdint>

#include "lib/backend.h"

namespace samebits::kernels {

samebits_status map(samebits_call*, samebits_map_function, const double* in, std::int64_t n, double* out);
samebits_status fill(samebits_call*, const samebits_sampling*, std::int64_t n, void* out);
samebits_status gmm_open(samebits_call*, const double* x, std::int64_t n_rows, std::int64_t n_cols, void** problem);
samebits_status gmm_step(samebits_call*, void* problem, const samebits_gmm_components*, samebits_gmm_sums*);
samebits_status gmm_seed(samebits_call*, void* problem, const samebits_gmm_components* metric, std::uint64_t seed,
                         std::uint64_t task, std::uint64_t first_draw, std::int64_t chosen, std::int64_t* picked);
void gmm_close(void* problem);

}  // namespace samebits::kernels
