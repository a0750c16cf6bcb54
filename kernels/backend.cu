// The plug-in's table and its start-up checks.
#include <cstdio>
#include <string>

#include "kernels/device_memory.hpp"
#include "kernels/guard.hpp"
#include "kernels/launch.hpp"
#include "kernels/tables.hpp"
#include "samebits/core/canary.hpp"
#include "samebits/version.hpp"

#if !defined(SAMEBITS_BACKEND_NAME)
#if defined(__CUDACC__)
#define SAMEBITS_BACKEND_NAME "cuda"
#else
#define SAMEBITS_BACKEND_NAME "cuda-emulated"
#endif
#endif

namespace samebits::kernels {
namespace {

// ---- the device ----------------------------------------------------------------------------------------------------

#if defined(__CUDACC__)

/// How many devices there are. Where there are none, the reason.
std::int32_t find_devices(char (&reason)[samebits_message_size]) {
  int n_devices = 0;
  const cudaError_t status = cudaGetDeviceCount(&n_devices);
  if (status == cudaSuccess && n_devices > 0) {
    return n_devices;
  }
  forget_last_error();
  const char* const what =
      status == cudaErrorInsufficientDriver ? "CUDA driver is missing or too old" : "no CUDA device";
  std::snprintf(reason, sizeof(reason), "%s: %s", what, cudaGetErrorString(status));
  return 0;
}

/// Of the first device: "sm_90", or "none" without a device.
const char* device_isa() {
  static char isa[16] = "none";
  int major = 0;
  int minor = 0;
  if (cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, 0) == cudaSuccess &&
      cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, 0) == cudaSuccess) {
    std::snprintf(isa, sizeof(isa), "sm_%d%d", major, minor);
  }
  forget_last_error();
  return isa;
}

#else

std::int32_t find_devices(char (&)[samebits_message_size]) { return n_emulated_devices; }
const char* device_isa() { return "emulated"; }

#endif

// ---- canaries ------------------------------------------------------------------------------------------------------

struct canary_kernel {
  static constexpr int block_threads = 1;
  using block_memory = no_state;
  using thread_memory = no_state;

  core::canary_inputs inputs;
  unsigned* failures;

  SAMEBITS_HD int phases() const { return 1; }
  SAMEBITS_HD void run(int, thread_position, block_memory&, thread_memory&) const {
    *failures = core::canary_failures(inputs);
  }
};

unsigned failures_on_device(const core::canary_inputs& inputs) {
  device_array<unsigned> device_failures;
  device_failures.make_room(1);
  launch(canary_kernel{inputs, device_failures.data()}, 1);
  unsigned failures = 0;
  download(&failures, device_failures.data(), 1);
  return failures;
}

samebits_status run_canaries(samebits_call* call) {
  unsigned failures = 0;
  const samebits_status status = guarded(call, [&] {
    core::canary_inputs inputs;
    asm volatile("" : : "r"(&inputs) : "memory");  // the compiler must forget their values
    failures = core::canary_failures(inputs) | failures_on_device(inputs);
  });
  if (status != SAMEBITS_OK) {
    return SAMEBITS_BACKEND_UNAVAILABLE;  // the message tells why
  }
  return failures == 0 ? SAMEBITS_OK : fail(call, SAMEBITS_BACKEND_UNAVAILABLE, core::canary_message(failures));
}

samebits_status probe(samebits_call* call) {
  const std::int32_t n_devices = find_devices(call->message);
  if (n_devices == 0) {
    return SAMEBITS_BACKEND_UNAVAILABLE;
  }
  if (call->device >= n_devices) {
    std::snprintf(call->message, sizeof(call->message), "device is %d but there %s, counted from 0",
                  static_cast<int>(call->device),
                  n_devices == 1 ? "is 1" : ("are " + std::to_string(n_devices)).c_str());
    return SAMEBITS_BACKEND_UNAVAILABLE;
  }
  return run_canaries(call);
}

}  // namespace

std::int32_t count_devices() {
  char reason[samebits_message_size];
  return find_devices(reason);
}

}  // namespace samebits::kernels

extern "C" __attribute__((visibility("default"))) const samebits_backend* samebits_backend_table(void) {
  namespace kernels = samebits::kernels;
  static const samebits_backend table = {SAMEBITS_BACKEND_ABI,
                                         sizeof(samebits_backend),
                                         SAMEBITS_NUMERICS_VERSION,
                                         SAMEBITS_BACKEND_NAME,
                                         kernels::device_isa(),
                                         kernels::count_devices,
                                         kernels::probe,
                                         kernels::map,
                                         kernels::fill,
                                         kernels::permute,
                                         kernels::gmm_open,
                                         kernels::gmm_step,
                                         kernels::gmm_rows,
                                         kernels::gmm_seed,
                                         kernels::gmm_race,
                                         kernels::gmm_close,
                                         kernels::summarize,
                                         kernels::sum_exactly,
                                         kernels::histogram,
                                         kernels::matmul,
                                         kernels::pairwise,
                                         kernels::allocate,
                                         kernels::release,
                                         kernels::copy,
                                         kernels::synchronize,
                                         kernels::is_on_device,
                                         kernels::gmm_run,
                                         kernels::gmm_has_run,
                                         nullptr};
  return &table;
}
