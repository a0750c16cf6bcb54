// Built once for every instruction set that has an fma.
#include "cli/multiply_adds.hpp"

namespace samebits::cli::SAMEBITS_TARGET {
namespace {

volatile double sink;

}  // namespace

double take_fma_steps(bool is_float, std::int64_t n_steps);

double take_fma_steps(bool is_float, std::int64_t n_steps) {
  if (is_float) {
    sink = static_cast<double>(core::multiply_adds<float>(n_steps));
    return core::flop_of_fma_step<float>;
  }
  sink = core::multiply_adds<double>(n_steps);
  return core::flop_of_fma_step<double>;
}

}  // namespace samebits::cli::SAMEBITS_TARGET
