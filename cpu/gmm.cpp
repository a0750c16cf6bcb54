// Gaussian mixtures on the CPU: problems and passes over their rows.
#include <new>

#include "cpu/gmm_pass.hpp"
#include "cpu/report.hpp"
#include "cpu/tables.hpp"
#include "lib/fp_environment.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {
namespace {

template <class T>
bool run_step(gmm_problem* problem, samebits_gmm_order order, int n_threads, samebits_gmm_step* step) {
  const samebits_gmm_components& c = step->components;
  const std::int64_t shape_size = c.shape == samebits_gmm_triangle ? c.n_cols * c.n_cols : c.n_cols;
  if (is_small_pass(problem->data.n_rows, c.n_components, shape_size)) {
    n_threads = 1;
  }
  return order == samebits_gmm_by_components ? pass_by_components<T>(problem, n_threads, step)
                                             : pass_by_rows<T>(problem, n_threads, step);
}

}  // namespace

samebits_status gmm_open(samebits_call* call, const samebits_gmm_data* data, void** problem) {
  *problem = new (std::nothrow) gmm_problem{*data, {}, {}, {}, {}};
  return *problem == nullptr ? cpu::out_of_memory(call, "a problem") : SAMEBITS_OK;
}

void gmm_close(void* problem) { delete static_cast<gmm_problem*>(problem); }

samebits_status gmm_step(samebits_call* call, void* problem, samebits_gmm_order order, std::int64_t n_steps,
                         samebits_gmm_step* steps) {
  const default_fp_environment environment;
  gmm_problem* const p = static_cast<gmm_problem*>(problem);
  p->seed_distances.release();  // seeds have been drawn
  for (std::int64_t i = 0; i < n_steps; ++i) {
    const bool done = p->data.dtype == SAMEBITS_FLOAT32 ? run_step<float>(p, order, call->n_threads, steps + i)
                                                        : run_step<double>(p, order, call->n_threads, steps + i);
    if (!done) {
      return cpu::out_of_memory(call, "the sums of a mixture");
    }
  }
  return SAMEBITS_OK;
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
