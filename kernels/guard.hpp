// The boundary of every call into the plug-in: floating-point environment, device, and errors as status codes.
#pragma once

#include <cstdio>
#include <exception>
#include <new>
#include <stdexcept>

#include "lib/backend.h"
#include "lib/fp_environment.hpp"

#if defined(__CUDACC__)
#include "kernels/cuda_error.hpp"
#else
#include "kernels/emulated_memory.hpp"
#endif

namespace samebits::kernels {

inline samebits_status fail(samebits_call* call, samebits_status status, const char* message) {
  std::snprintf(call->message, samebits_message_size, "%s", message);
  return status;
}

/// Makes the device current, and puts the caller's choice back at the end of the scope; makes the stream of the call
/// that of the thread.
#if defined(__CUDACC__)
class device_scope {
 public:
  explicit device_scope(const samebits_call& call) {
    stream = call.stream == nullptr ? cudaStreamPerThread : static_cast<cudaStream_t>(call.stream);
    check(cudaGetDevice(&saved_), "choosing a device");
    if (saved_ != the_device) {
      check(cudaSetDevice(the_device), "choosing a device");
    }
  }
  ~device_scope() {
    if (saved_ != the_device) {
      cudaSetDevice(saved_);
    }
  }
  device_scope(const device_scope&) = delete;
  device_scope& operator=(const device_scope&) = delete;

 private:
  int saved_ = the_device;
};
inline void forget_last_error() { cudaGetLastError(); }
/// A call that failed leaves nothing under way.
inline void abandon() { cudaStreamSynchronize(stream); }
#else
class device_scope {
 public:
  explicit device_scope(const samebits_call&) { emulated_memory::instance().begin_call(); }
  ~device_scope() { emulated_memory::instance().end_call(); }
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
    } catch (...) {
      abandon();
      throw;
    }
    return SAMEBITS_OK;
  } catch (const std::bad_alloc&) {
    forget_last_error();
    return fail(call, SAMEBITS_OUT_OF_MEMORY, "out of memory on the device");
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
