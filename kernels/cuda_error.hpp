// Errors of the CUDA runtime as exceptions, and the stream that everything runs on. Only for nvcc.
#pragma once

#include <cuda_runtime_api.h>

#include <stdexcept>
#include <string>

#include "kernels/current_device.hpp"
#include "kernels/out_of_device_memory.hpp"

namespace samebits::kernels {

/// The queue of the call that runs in this host thread: what it asks for, it asks for there. Where the caller has none,
/// one per host thread: calls from different threads overlap, and other users of the GPU in the process are not held
/// up.
inline thread_local cudaStream_t stream = cudaStreamPerThread;

/// @throws out_of_device_memory or std::runtime_error naming `what`
inline void check(cudaError_t status, const char* what) {
  if (status == cudaErrorMemoryAllocation) {
    throw out_of_device_memory();
  }
  if (status != cudaSuccess) {
    throw std::runtime_error(std::string(what) + " failed: " + cudaGetErrorString(status));
  }
}

}  // namespace samebits::kernels
