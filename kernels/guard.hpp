// The boundary of every call into the plug-in: floating-point environment, device, and errors as status codes.
#pragma once

#include <cstdio>
#include <exception>
#include <new>

#include "lib/backend.h"
#include "lib/fp_environment.hpp"

#if defined(__CUDACC__)
#include "kernels/cuda_error.hpp"
#endif

namespace samebits::kernels {

inline samebits_status fail(samebits_call* call, samebits_status status, const char* message) {
  std::snprintf(call->message, samebits_message_size, "%s", message);
  return status;
}

/// Makes the first device current and puts the caller's choice back at the end of the scope.
#if defined(__CUDACC__)
class device_scope {
 public:
  device_scope() {
    check(cudaGetDevice(&saved_), "choosing a device");
    if (saved_ != 0) {
      check(cudaSetDevice(0), "choosing a device");
    }
  }
  ~device_scope() {
    if (saved_ != 0) {
      cudaSetDevice(saved_);
    }
  }
  device_scope(const device_scope&) = delete;
  device_scope& operator=(const device_scope&) = delete;

 private:
  int saved_ = 0;
};
inline void forget_last_error() { cudaGetLastError(); }
#else
struct device_scope {
  device_scope() {}  // not trivial, so that an object of it is a used variable
};
inline void forget_last_error() {}
#endif

/// Runs work() and turns its exceptions into a status and a message.
template <class Work>
samebits_status guarded(samebits_call* call, const Work& work) noexcept {
  const default_fp_environment environment;
  try {
    const device_scope device;
    work();
    return SAMEBITS_OK;
  } catch (const std::bad_alloc&) {
    forget_last_error();
    return fail(call, SAMEBITS_OUT_OF_MEMORY, "out of memory on the device");
  } catch (const std::exception& error) {
    forget_last_error();
    return fail(call, SAMEBITS_BACKEND_FAILURE, error.what());
  } catch (...) {
    forget_last_error();
    return fail(call, SAMEBITS_BACKEND_FAILURE, "an unknown error");
  }
}

}  // namespace samebits::kernels
