// Where to compute: the backend, the instruction set and the number of threads. Results do not depend on any of them.
#pragma once

#include <string>
#include <vector>

#include "samebits/error.hpp"
#include "samebits/export.hpp"

struct samebits_backend;

namespace samebits {

struct context_options {
  /// "cpu", "cuda", or the name of another plug-in. Empty: SAMEBITS_BACKEND, else CUDA where there is a device, else
  /// CPU.
  std::string backend;
  /// CPU instruction set: "scalar", "avx2", "avx512". Empty: SAMEBITS_ISA, else the best of this CPU.
  std::string isa;
  /// CPU threads, 1 to 1024. 0: SAMEBITS_NUM_THREADS, else all that the process may use.
  int n_threads = 0;
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
  /// "scalar", "avx2", "avx512", or the architecture of the device.
  const char* isa() const;
  int n_threads() const { return n_threads_; }
  /// The same backend with one thread.
  context on_one_thread() const {
    context one = *this;
    one.n_threads_ = 1;
    return one;
  }
  /// The same backend with its work in that queue, a cudaStream_t on the first GPU, after what is there. NULL: the
  /// backend's own, one for each host thread. The CPU has no queues: it works before a call returns. docs/gpu.md
  context on_stream(void* cuda_stream) const {
    context queued = *this;
    queued.stream_ = cuda_stream;
    return queued;
  }
  void* stream() const { return stream_; }
  /// Waits until everything asked for in the queue is done: results in device memory are complete.
  ///
  /// @throws backend_failure  some of that work failed
  void synchronize() const;

  /// The backend's function table (lib/backend.h), for the library itself.
  const samebits_backend* table() const { return table_; }

 private:
  const samebits_backend* table_;
  int n_threads_;
  void* stream_ = nullptr;
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
