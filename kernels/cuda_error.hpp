// Errors of the CUDA runtime as exceptions, and the one stream that everything runs on. Only for nvcc.
#pragma once

#include <cuda_runtime_api.h>
#include <thrust/system/cuda/error.h>
#include <thrust/system_error.h>

namespace samebits::kernels {

/// One queue per host thread: calls from different threads overlap, and other users of the GPU in the process are not
/// held up.
inline const cudaStream_t stream = cudaStreamPerThread;

/// @throws thrust::system_error naming `what`
inline void check(cudaError_t status, const char* what) {
  if (status != cudaSuccess) {
    throw thrust::system_error(status, thrust::cuda_category(), what);
  }
}

}  // namespace samebits::kernels
