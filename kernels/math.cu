// Elementary functions over arrays on the device.
#include "kernels/device_memory.hpp"
#include "kernels/guard.hpp"
#include "kernels/launch.hpp"
#include "kernels/tables.hpp"
#include "kernels/work_space.hpp"
#include "samebits/core/math.hpp"

namespace samebits::kernels {
namespace {

struct exp_function {
  static SAMEBITS_HD double apply(double x) { return core::exp(x); }
};
struct log_function {
  static SAMEBITS_HD double apply(double x) { return core::log(x); }
};

template <class Function>
struct map_kernel {
  static constexpr int block_threads = 256;
  using block_memory = no_state;
  using thread_memory = no_state;

  const double* in;
  std::int64_t n;
  double* out;

  SAMEBITS_HD int phases() const { return 1; }
  SAMEBITS_HD void run(int, thread_position at, block_memory&, thread_memory&) const {
    const std::int64_t i = global_thread<map_kernel>(at);
    if (i < n) {
      out[i] = Function::apply(in[i]);
    }
  }
};

template <class Function>
void map_chunks(const double* in, std::int64_t n, double* out) {
  device_input<double> input(in, n);
  device_output<double> output(out, n);
  const std::int64_t chunk = input.is_there() && output.is_there() ? n : piece_numbers;
  for (std::int64_t first = 0; first < n; first += chunk) {
    const std::int64_t count = n - first < chunk ? n - first : chunk;
    const double* const from = input.piece(first, count);
    output.piece(first, count, [&](double* to) {
      launch(map_kernel<Function>{from, count, to}, blocks_for<map_kernel<Function>>(count));
    });
  }
}

}  // namespace

samebits_status map(samebits_call* call, samebits_map_function function, const double* in, std::int64_t n,
                    double* out) {
  return guarded(call, [&] {
    switch (function) {
      case samebits_map_exp: return map_chunks<exp_function>(in, n, out);
      case samebits_map_log: return map_chunks<log_function>(in, n, out);
    }
  });
}

}  // namespace samebits::kernels
