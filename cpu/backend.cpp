// The CPU backend's table for one instruction set.
#include "cpu/device_array.hpp"
#include "cpu/permutation.hpp"
#include "cpu/report.hpp"
#include "cpu/tables.hpp"
#include "lib/fp_environment.hpp"
#include "samebits/core/canary.hpp"
#include "samebits/version.hpp"

#define SAMEBITS_TEXT_OF(x) #x
#define SAMEBITS_TEXT(x) SAMEBITS_TEXT_OF(x)

namespace samebits::core {
inline namespace SAMEBITS_TARGET {
namespace {

samebits_status probe(samebits_call* call) {
  const default_fp_environment environment;
  canary_inputs inputs;
  asm volatile("" : : "r"(&inputs) : "memory");  // the compiler must forget their values
  return cpu::report_canaries(call, canary_failures(inputs));
}

}  // namespace

const samebits_backend* backend_table() {
  static constexpr samebits_backend table = {SAMEBITS_BACKEND_ABI,
                                             sizeof(samebits_backend),
                                             SAMEBITS_NUMERICS_VERSION,
                                             "cpu",
                                             SAMEBITS_TEXT(SAMEBITS_TARGET),
                                             cpu::count_devices,
                                             probe,
                                             map,
                                             fill,
                                             cpu::permute,
                                             gmm_open,
                                             gmm_step,
                                             gmm_rows,
                                             gmm_seed,
                                             nullptr,
                                             gmm_close,
                                             summarize,
                                             sum_exactly,
                                             histogram,
                                             matmul,
                                             pairwise,
                                             cpu::allocate,
                                             cpu::release,
                                             cpu::copy,
                                             cpu::synchronize,
                                             cpu::is_on_device,
                                             nullptr,
                                             nullptr,
                                             gmm_update};
  return &table;
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
