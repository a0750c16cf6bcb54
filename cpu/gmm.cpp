// Gaussian mixtures on the CPU: problems and passes over their rows.
#include <new>

#include "cpu/gmm_pass.hpp"
#include "cpu/report.hpp"
#include "cpu/tables.hpp"
#include "lib/fp_environment.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {
samebits_status gmm_open(samebits_call* call, const double* x, std::int64_t n_rows, std::int64_t n_cols,
                         void** problem) {
  *problem = new (std::nothrow) gmm_problem{x, n_rows, n_cols, {}, {}, {}, {}};
  return *problem == nullptr ? cpu::out_of_memory(call, "a problem") : SAMEBITS_OK;
}

void gmm_close(void* problem) { delete static_cast<gmm_problem*>(problem); }

samebits_status gmm_step(samebits_call* call, void* problem, const samebits_gmm_components* components,
                         samebits_gmm_sums* sums) {
  const default_fp_environment environment;
  gmm_problem* const p = static_cast<gmm_problem*>(problem);
  const bool done = with_engine(
      p->n_cols, [&]<class Engine>() { return gmm_pass<Engine>::run(p, components, call->n_threads, sums); });
  return done ? SAMEBITS_OK : cpu::out_of_memory(call, "the sums of a mixture");
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
