// Where to compute: the backend, the instruction set and the number of threads. Results do not depend on any of them.
#pragma once

#include <string>
#include <vector>

#include "samebits/error.hpp"
#include "samebits/export.hpp"

struct samebits_backend;
struct samebits_device_list;

namespace samebits {

struct context_options {
  /// "cpu", "cuda", or the name of another plug-in. Empty: SAMEBITS_BACKEND, else CUDA where there is a device, else
  /// CPU.
  std::string backend;
  /// CPU instruction set: "scalar", "avx2", "avx512". Empty: SAMEBITS_ISA, else the best of this CPU.
  std::string isa;
  /// CPU threads, 1 to 1024. 0: SAMEBITS_NUM_THREADS, else all that the process may use.
  int n_threads = 0;
  /// Which of the backend's devices, counted from 0. -1: SAMEBITS_DEVICE for a GPU, else 0. The CPU is one device, 0.
  int device = -1;
  /// In place of `device`, devices that share the work of every call: docs/gpu.md. One that is named twice gets two
  /// shares.
  std::vector<int> devices = {};
};

/// An immutable choice of backend. Cheap to copy; threads may share one.
///
/// @throws invalid_argument     a name or number makes no sense
/// @throws backend_unavailable  it cannot run here, with the reason
class SAMEBITS_API context {
 public:
  context() : context(context_options()) {}
  explicit context(const context_options& options);

  /// "cpu", "cuda", ...
  const char* backend() const;
  /// "scalar", "avx2", "avx512", or the architecture of the first GPU.
  const char* isa() const;
  int n_threads() const { return n_threads_; }
  /// The device that it works on, of several the first.
  int device() const { return device_; }
  /// All devices that it works on.
  std::vector<int> devices() const;
  /// How many devices its backend has here.
  int available_devices() const;
  /// The same backend with one thread.
  context on_one_thread() const {
    context one = *this;
    one.n_threads_ = 1;
    return one;
  }
  /// The same backend on one of its devices alone.
  ///
  /// @throws invalid_argument  it does not work on that one
  context on_device(int device) const;
  /// The same backend with its work in that queue, a cudaStream_t of its device, after what is there. NULL: the
  /// backend's own, one for each host thread. The CPU has no queues: it works before a call returns. docs/gpu.md
  ///
  /// @throws invalid_argument  it works on several devices
  context on_stream(void* cuda_stream) const;
  void* stream() const { return stream_; }
  /// Waits until everything asked for in the queue is done: results in device memory are complete.
  ///
  /// @throws backend_failure  some of that work failed
  void synchronize() const;

  /// The backend's function table (lib/backend.h), for the library itself.
  const samebits_backend* table() const { return table_; }
  /// The devices that share the work (lib/several_devices.hpp), or null, for the library itself.
  const samebits_device_list* device_list() const { return device_list_; }

 private:
  const samebits_backend* table_;
  int n_threads_;
  void* stream_ = nullptr;
  int device_ = 0;
  const samebits_device_list* device_list_ = nullptr;
};

/// One backend or instruction set that this library knows of.
struct backend_info {
  std::string backend;
  std::string isa;  ///< empty when the backend could not be loaded
  bool available;
  std::string reason;  ///< why not, empty when available
};

/// All backends and instruction sets, with the reason for each that cannot run here.
SAMEBITS_API std::vector<backend_info> list_backends();

}  // namespace samebits
