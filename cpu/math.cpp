// Elementwise functions over arrays on the CPU.
#include "samebits/core/math.hpp"

#include "cpu/pack.hpp"
#include "cpu/parallel.hpp"
#include "cpu/tables.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {
namespace {

struct map_job {
  const double* in;
  double* out;
  std::int64_t n;
};

constexpr std::int64_t task_elements = 1 << 15;

template <samebits_map_function Function, class V>
SAMEBITS_INLINE V apply(V x) {
  if constexpr (Function == samebits_map_exp) {
    return exp(x);
  } else {
    return log(x);
  }
}

template <samebits_map_function Function>
void map_elements(void* context, std::int64_t index, int) {
  using V = pack<double>;
  constexpr std::int64_t width = value_traits<V>::width;
  const map_job& job = *static_cast<const map_job*>(context);
  const std::int64_t first = index * task_elements;
  const std::int64_t last = job.n - first < task_elements ? job.n : first + task_elements;
  std::int64_t i = first;
  for (; i + width <= last; i += width) {
    store(job.out + i, apply<Function>(load<V>(job.in + i)));
  }
  for (; i < last; ++i) {
    job.out[i] = apply<Function>(job.in[i]);
  }
}

}  // namespace

samebits_status map(samebits_call* call, samebits_map_function function, const double* in, std::int64_t n,
                    double* out) {
  map_job job{in, out, n};
  const std::int64_t n_tasks = (n + task_elements - 1) / task_elements;
  switch (function) {
    case samebits_map_exp: cpu::parallel_for(call->n_threads, n_tasks, map_elements<samebits_map_exp>, &job); break;
    case samebits_map_log: cpu::parallel_for(call->n_threads, n_tasks, map_elements<samebits_map_log>, &job); break;
  }
  return SAMEBITS_OK;
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
