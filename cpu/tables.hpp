// The functions behind the CPU backend's table, defined once per instruction set (SAMEBITS_TARGET).
#pragma once

#include "lib/backend.h"
#include "samebits/core/value.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

samebits_status map(samebits_call*, samebits_map_function, const double* in, std::int64_t n, double* out);
samebits_status fill(samebits_call*, const samebits_sampling*, std::int64_t n, void* out);
samebits_status gmm_open(samebits_call*, const samebits_gmm_data*, void** problem);
samebits_status gmm_step(samebits_call*, void* problem, samebits_gmm_order, std::int64_t n_steps, samebits_gmm_step*);
samebits_status gmm_rows(samebits_call*, void* problem, const samebits_gmm_components*, const samebits_gmm_rows*);
samebits_status gmm_seed(samebits_call*, void* problem, const samebits_gmm_seeding*);
void gmm_close(void* problem);
samebits_status summarize(samebits_call*, samebits_statistic, const samebits_rows*, double* node);
samebits_status sum_exactly(samebits_call*, const samebits_rows*, void* sums);
samebits_status histogram(samebits_call*, const samebits_rows*, const double*, std::int64_t, std::int64_t*, double*);
samebits_status matmul(samebits_call*, const samebits_product*);
samebits_status pairwise(samebits_call*, const samebits_pairs*);
samebits_status gmm_update(samebits_call*, const samebits_gmm_sums*, const samebits_gmm_rules*,
                           samebits_gmm_parameters*, samebits_gmm_defect*);

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
