// The parameters of a mixture from its sums, and their preparation for the next pass.
#include "cpu/memory.hpp"
#include "cpu/parallel.hpp"
#include "cpu/report.hpp"
#include "cpu/tables.hpp"
#include "lib/fp_environment.hpp"
#include "samebits/core/gmm.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {
namespace {

struct gmm_update_task {
  const samebits_gmm_sums* sums;
  double reg_covar;
  double total;  // of sum_0
  samebits_gmm_parameters* parameters;
  double* scratch;      // per thread: n_cols + n_cols^2
  std::int64_t* ranks;  // per component
};

void update_one(void* context, std::int64_t k, int thread) {
  const gmm_update_task& task = *static_cast<const gmm_update_task*>(context);
  const samebits_gmm_parameters& p = *task.parameters;
  const std::int64_t n = p.n_cols;
  double* const shift = task.scratch + thread * (n + n * n);
  double* const covariance = p.covariances + k * n * n;
  if (task.sums != nullptr) {
    const double sum_0 = task.sums->sum_0[k];
    p.weights[k] = sum_0 / task.total;
    if (sum_0 > 0.0) {
      update_component(sum_0, task.sums->sum_1 + k * n, task.sums->sum_2 + k * n * n, n, task.reg_covar, shift,
                       p.means + k * n, covariance);
    }
  }
  task.ranks[k] =
      prepare_component(p.weights[k], covariance, n, shift + n, p.inverse_factors + k * n * n, p.log_constants[k]);
}

}  // namespace

samebits_status gmm_update(samebits_call* call, const samebits_gmm_sums* sums, double reg_covar,
                           samebits_gmm_parameters* parameters, samebits_gmm_defect* defect) {
  const default_fp_environment environment;
  const std::int64_t n = parameters->n_cols;
  const std::int64_t n_components = parameters->n_components;
  // Threads cost more than they bring for small matrices.
  const int n_threads = n_components * n * n * n > (1 << 17) ? call->n_threads : 1;
  cpu::buffer memory;
  if (!memory.allocate(static_cast<std::size_t>(n_threads * (n + n * n) + n_components))) {
    return cpu::out_of_memory(call, "the factors of a mixture");
  }
  double total = 0.0;
  for (std::int64_t k = 0; sums != nullptr && k < n_components; ++k) {
    total = total + sums->sum_0[k];
  }
  static_assert(sizeof(std::int64_t) == sizeof(double));
  std::int64_t* const ranks = reinterpret_cast<std::int64_t*>(memory.data() + n_threads * (n + n * n));
  gmm_update_task task{sums, reg_covar, total, parameters, memory.data(), ranks};
  cpu::parallel_for(n_threads, n_components, update_one, &task);
  *defect = {-1, 0};
  for (std::int64_t k = n_components - 1; k >= 0; --k) {
    if (ranks[k] < n) {
      *defect = {k, ranks[k]};
    }
  }
  return SAMEBITS_OK;
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
