// The boundary of every call into the plug-in: floating-point environment, device, and errors as status codes.
#pragma once

#include <cstdio>
#include <exception>
#include <new>
#include <stdexcept>

#include "kernels/device_memory.hpp"
#include "kernels/out_of_device_memory.hpp"
#include "lib/backend.h"
#include "lib/fp_environment.hpp"

namespace samebits::kernels {

inline samebits_status fail(samebits_call* call, samebits_status status, const char* message) {
  std::snprintf(call->message, samebits_message_size, "%s", message);
  return status;
}

/// Makes the device of the call current, and puts the caller's choice back at the end of the scope; makes the stream of
/// the call that of the thread.
#if defined(__CUDACC__)
class device_scope {
 public:
  explicit device_scope(const samebits_call& call) {
    stream = call.stream == nullptr ? cudaStreamPerThread : static_cast<cudaStream_t>(call.stream);
    current_device = call.device;
    check(cudaGetDevice(&saved_), "choosing a device");
    if (saved_ != current_device) {
      check(cudaSetDevice(current_device), "choosing a device");
    }
  }
  ~device_scope() {
    if (saved_ != current_device) {
      cudaSetDevice(saved_);
    }
  }
  device_scope(const device_scope&) = delete;
  device_scope& operator=(const device_scope&) = delete;

 private:
  int saved_ = 0;
};
inline void forget_last_error() { cudaGetLastError(); }
/// A call that failed leaves nothing under way.
inline void abandon() { cudaStreamSynchronize(stream); }
#else
class device_scope {
 public:
  explicit device_scope(const samebits_call& call) {
    current_device = call.device;
    emulated_memory::instance().begin_call(current_device);
  }
  ~device_scope() { emulated_memory::instance().end_call(current_device); }
  device_scope(const device_scope&) = delete;
  device_scope& operator=(const device_scope&) = delete;
};
inline void forget_last_error() {}
inline void abandon() {}
#endif

/// Runs work() and turns its exceptions into a status and a message.
template <class Work>
samebits_status guarded(samebits_call* call, const Work& work) noexcept {
  const default_fp_environment environment;
  try {
    const device_scope device(*call);
    try {
      work();
      trim_memory_pool();
    } catch (...) {
      abandon();
      throw;
    }
    return SAMEBITS_OK;
  } catch (const out_of_device_memory&) {
    forget_last_error();
    return fail(call, SAMEBITS_OUT_OF_MEMORY, "out of memory on the device");
  } catch (const std::bad_alloc&) {
    return fail(call, SAMEBITS_OUT_OF_MEMORY, "out of memory on the host");
  } catch (const std::invalid_argument& error) {
    forget_last_error();
    return fail(call, SAMEBITS_INVALID_ARGUMENT, error.what());
  } catch (const std::exception& error) {
    forget_last_error();
    return fail(call, SAMEBITS_BACKEND_FAILURE, error.what());
  } catch (...) {
    forget_last_error();
    return fail(call, SAMEBITS_BACKEND_FAILURE, "an unknown error");
  }
}

}  // namespace samebits::kernels
