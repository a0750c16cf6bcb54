// The functions behind the backend's table; lib/backend.h describes them.
#pragma once

#include <cstdint>

#include "lib/backend.h"

namespace samebits::kernels {

samebits_status map(samebits_call*, samebits_map_function, const double* in, std::int64_t n, double* out);
samebits_status fill(samebits_call*, const samebits_sampling*, std::int64_t n, void* out);
samebits_status permute(samebits_call*, std::uint64_t seed, std::uint64_t task, std::int64_t n, std::int64_t* out);
samebits_status gmm_open(samebits_call*, const samebits_gmm_data*, void** problem);
samebits_status gmm_step(samebits_call*, void* problem, samebits_gmm_order, std::int64_t n_steps, samebits_gmm_step*);
samebits_status gmm_rows(samebits_call*, void* problem, const samebits_gmm_components*, const samebits_gmm_rows*);
samebits_status gmm_seed(samebits_call*, void* problem, const samebits_gmm_seeding*);
samebits_status gmm_race(samebits_call*, void* problem, const samebits_gmm_race*, double* time, std::int64_t* row);
std::int32_t gmm_has_run(samebits_dtype dtype, samebits_gmm_shape shape, std::int64_t n_components, std::int64_t n_cols,
                         std::int64_t n_rows);
samebits_status gmm_run(samebits_call*, void* problem, const samebits_gmm_rules*, double tolerance, std::int64_t n_runs,
                        samebits_gmm_run*, std::int32_t* answer);
void gmm_close(void* problem);
samebits_status summarize(samebits_call*, samebits_statistic, const samebits_rows*, double* node);
samebits_status sum_exactly(samebits_call*, const samebits_rows*, void* sums);
samebits_status histogram(samebits_call*, const samebits_rows*, const double*, std::int64_t, std::int64_t*, double*);
samebits_status matmul(samebits_call*, const samebits_product*);
samebits_status pairwise(samebits_call*, const samebits_pairs*);
samebits_status allocate(samebits_call*, std::int64_t bytes, void** memory);
samebits_status release(samebits_call*, void* memory);
samebits_status copy(samebits_call*, void* to, const void* from, std::int64_t bytes);
samebits_status synchronize(samebits_call*);
std::int32_t count_devices();
std::int32_t is_on_device(const void* memory);

}  // namespace samebits::kernels
