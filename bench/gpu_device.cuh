// CUDA calls of the benchmarks: what fails throws.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>

namespace samebits::bench {

inline void require(cudaError_t status, const char* what) {
  if (status != cudaSuccess) {
    throw std::runtime_error(std::string(what) + ": " + cudaGetErrorString(status));
  }
}

/// Device memory that goes with its last owner.
template <class T>
std::shared_ptr<T> device_buffer(std::size_t n) {
  void* data = nullptr;
  require(cudaMalloc(&data, n * sizeof(T)), "cudaMalloc");
  return {static_cast<T*>(data), [](T* p) { cudaFree(p); }};
}

/// Enough blocks to fill the device several times over.
inline unsigned full_grid(int blocks_per_processor = 32) {
  int n_processors = 1;
  cudaDeviceGetAttribute(&n_processors, cudaDevAttrMultiProcessorCount, 0);
  return static_cast<unsigned>(n_processors * blocks_per_processor);
}

}  // namespace samebits::bench
