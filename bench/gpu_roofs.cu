// The roofs of this device, measured: bandwidth, rates of arithmetic, latency of launches.
#include <algorithm>
#include <cstdint>
#include <exception>
#include <string>

#include "gpu_bench.hpp"
#include "gpu_device.cuh"
#include "kernels/tensor_units.hpp"

namespace samebits::bench {
namespace {

constexpr int block_threads = 256;

// ---- memory ------------------------------------------------------------------------------------------------------

__device__ inline std::size_t first_of_thread() {
  return static_cast<std::size_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}
__device__ inline std::size_t n_threads() { return static_cast<std::size_t>(gridDim.x) * blockDim.x; }

__global__ void store_kernel(uint4* out, std::size_t n) {
  for (std::size_t i = first_of_thread(); i < n; i += n_threads()) {
    const auto word = static_cast<unsigned>(i);
    out[i] = {word, word, word, word};
  }
}

__device__ inline uint4 mixed(uint4 a, uint4 b) { return {a.x ^ b.x, a.y ^ b.y, a.z ^ b.z, a.w ^ b.w}; }

/// Reads everything and never stores, which the compiler does not know.
__global__ void read_kernel(const uint4* in, std::size_t n, uint4* out) {
  constexpr std::size_t n_ahead = 4;
  uint4 total = {0, 0, 0, 0};
  std::size_t i = first_of_thread();
  for (; i + (n_ahead - 1) * n_threads() < n; i += n_ahead * n_threads()) {
    uint4 next[n_ahead];
#pragma unroll
    for (std::size_t k = 0; k < n_ahead; ++k) {
      next[k] = __ldcs(in + i + k * n_threads());
    }
#pragma unroll
    for (std::size_t k = 0; k < n_ahead; ++k) {
      total = mixed(total, next[k]);
    }
  }
  for (; i < n; i += n_threads()) {
    total = mixed(total, in[i]);
  }
  constexpr unsigned impossible = 0x9e3779b9;
  if (total.x == impossible && total.y == impossible && total.z == impossible && total.w == impossible) {
    *out = total;
  }
}

__global__ void copy_kernel(const uint4* in, std::size_t n, uint4* out) {
  for (std::size_t i = first_of_thread(); i < n; i += n_threads()) {
    out[i] = in[i];
  }
}

// ---- arithmetic --------------------------------------------------------------------------------------------------

constexpr int n_chains = 8;
constexpr int n_steps = 4096;

__device__ inline double multiply_add(double a, double b, double c) { return __fma_rn(a, b, c); }
__device__ inline float multiply_add(float a, float b, float c) { return __fmaf_rn(a, b, c); }

/// Independent chains that stay finite; the store never happens.
template <class T>
__global__ void fma_kernel(T factor, T* out) {
  T chain[n_chains];
  for (int c = 0; c < n_chains; ++c) {
    chain[c] = static_cast<T>(threadIdx.x + c);
  }
  for (int step = 0; step < n_steps; ++step) {
#pragma unroll
    for (int c = 0; c < n_chains; ++c) {
      chain[c] = multiply_add(chain[c], factor, factor);
    }
  }
  T total = 0;
  for (int c = 0; c < n_chains; ++c) {
    total += chain[c];
  }
  if (total == static_cast<T>(-1)) {
    *out = total;
  }
}

__global__ void exponential_kernel(float start, float* out) {
  float chain[n_chains];
  for (int c = 0; c < n_chains; ++c) {
    chain[c] = start + static_cast<float>(c);
  }
  for (int step = 0; step < n_steps; ++step) {
#pragma unroll
    for (int c = 0; c < n_chains; ++c) {
      asm volatile("ex2.approx.ftz.f32 %0, %0;" : "+f"(chain[c]));
    }
  }
  float total = 0;
  for (int c = 0; c < n_chains; ++c) {
    total += chain[c];
  }
  if (total == -1) {
    *out = total;
  }
}

/// Products of 8 x 4 by 4 x 8 doubles.
__global__ void tensor_kernel(double factor, double* out) {
  double sums[n_chains][2] = {};
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  for (int step = 0; step < n_steps; ++step) {
#pragma unroll
    for (int c = 0; c < n_chains; ++c) {
      asm volatile("mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64 {%0, %1}, {%2}, {%2}, {%0, %1};"
                   : "+d"(sums[c][0]), "+d"(sums[c][1])
                   : "d"(factor));
    }
  }
#endif
  for (int c = 0; c < n_chains; ++c) {
    if (sums[c][0] == -1) {
      *out = sums[c][1];
    }
  }
}

/// Products of 16 x 16 by 16 x 8 doubles, the largest that Hopper has.
__global__ void large_tensor_kernel(double factor, double* out) {
  constexpr int n_products = 4;
  double sums[n_products][4] = {};
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  for (int step = 0; step < n_steps; ++step) {
#pragma unroll
    for (int c = 0; c < n_products; ++c) {
      asm volatile(
          "mma.sync.aligned.m16n8k16.row.col.f64.f64.f64.f64 {%0, %1, %2, %3}, {%4, %4, %4, %4, %4, %4, %4, %4}, "
          "{%4, %4, %4, %4}, {%0, %1, %2, %3};"
          : "+d"(sums[c][0]), "+d"(sums[c][1]), "+d"(sums[c][2]), "+d"(sums[c][3])
          : "d"(factor));
    }
  }
#endif
  for (int c = 0; c < n_products; ++c) {
    if (sums[c][0] == -1) {
      *out = sums[c][1] + sums[c][2] + sums[c][3];
    }
  }
}

__global__ void empty_kernel() {}

// ---- measuring ---------------------------------------------------------------------------------------------------

constexpr int n_repeats = 7;

template <class Run>
double seconds_of(const Run& run) {
  std::vector<contender> one = {{"roof", [&] {
                                   run();
                                   require(cudaGetLastError(), "launch");
                                 }}};
  measure_in_turn(one, n_repeats, wait_for_device);
  if (one.front().seconds.empty()) {
    throw std::runtime_error(one.front().note);
  }
  return best(one.front().seconds);
}

void add_bandwidths(std::vector<roof>& roofs) {
  constexpr std::size_t n_bytes = std::size_t{1} << 31;
  constexpr std::size_t n = n_bytes / sizeof(uint4);
  const auto a = device_buffer<uint4>(n);
  const auto b = device_buffer<uint4>(n);
  const unsigned blocks = full_grid();
  const auto rate = [](double bytes, double seconds) { return bytes / seconds; };
  roofs.push_back(
      {"store", "bytes/s", rate(n_bytes, seconds_of([&] { store_kernel<<<blocks, block_threads>>>(a.get(), n); }))});
  roofs.push_back({"read", "bytes/s",
                   rate(n_bytes, seconds_of([&] { read_kernel<<<blocks, block_threads>>>(a.get(), n, b.get()); }))});
  roofs.push_back(
      {"copy", "bytes read and written/s",
       rate(2.0 * n_bytes, seconds_of([&] { copy_kernel<<<blocks, block_threads>>>(a.get(), n, b.get()); }))});
}

/// From pinned memory, and to it.
void add_copies(std::vector<roof>& roofs) {
  constexpr std::size_t n = std::size_t{1} << 25;
  constexpr std::size_t n_bytes = n * sizeof(double);
  const auto device = device_buffer<double>(n);
  const auto host = pinned_memory(n);
  const auto add = [&](const char* name, void* to, const void* from) {
    const auto copy = [=] { require(cudaMemcpyAsync(to, from, n_bytes, cudaMemcpyDefault, nullptr), "copy"); };
    roofs.push_back({name, "bytes/s", n_bytes / seconds_of(copy)});
  };
  add("upload", device.get(), host.get());
  add("download", host.get(), device.get());
}

/// `per_thread` operations of every thread.
template <class Launch>
double operations_per_second(double per_thread, const Launch& launch) {
  const unsigned blocks = full_grid();
  return per_thread * blocks * block_threads / seconds_of([&] { launch(blocks); });
}

void add_rates(std::vector<roof>& roofs) {
  const auto out = device_buffer<double>(1);
  const auto out_float = device_buffer<float>(1);
  constexpr double n = static_cast<double>(n_chains) * n_steps;
  roofs.push_back({"double", "flop/s", operations_per_second(2 * n, [&](unsigned blocks) {
                     fma_kernel<double><<<blocks, block_threads>>>(0.5, out.get());
                   })});
  roofs.push_back({"float", "flop/s", operations_per_second(2 * n, [&](unsigned blocks) {
                     fma_kernel<float><<<blocks, block_threads>>>(0.5f, out_float.get());
                   })});
  roofs.push_back({"ex2", "1/s", operations_per_second(n, [&](unsigned blocks) {
                     exponential_kernel<<<blocks, block_threads>>>(0.5f, out_float.get());
                   })});
}

void add_tensor_rates(std::vector<roof>& roofs) {
  int major = 0;
  require(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, 0), "compute capability");
  const auto out = device_buffer<double>(1);
  double rate = 0;
  if (major >= 8) {  // a warp of 32 threads makes a product of 2 * 8 * 8 * 4 operations
    rate = operations_per_second(512.0 / 32 * n_chains * n_steps,
                                 [&](unsigned blocks) { tensor_kernel<<<blocks, block_threads>>>(0.5, out.get()); });
    roofs.push_back({"double tensor m8n8k4", "flop/s", rate});
  }
  if (major == 9) {
    const double large = operations_per_second(4096.0 / 32 * 4 * n_steps, [&](unsigned blocks) {
      large_tensor_kernel<<<blocks, block_threads>>>(0.5, out.get());
    });
    roofs.push_back({"double tensor m16n8k16", "flop/s", large});
    rate = std::max(rate, large);
  }
  if (rate > 0) {
    roofs.push_back({"double tensor", "flop/s", rate});
  }
}

void add_latencies(std::vector<roof>& roofs) {
  roofs.push_back({"launch", "s", seconds_of([] { empty_kernel<<<1, 32>>>(); })});
  roofs.push_back({"launch and wait", "s", seconds_of([] {
                     empty_kernel<<<1, 32>>>();
                     require(cudaStreamSynchronize(nullptr), "wait");
                   })});
}

}  // namespace

std::shared_ptr<double> pinned_memory(std::int64_t n) {
  void* data = nullptr;
  if (cudaHostAlloc(&data, static_cast<std::size_t>(n) * sizeof(double), cudaHostAllocDefault) == cudaSuccess) {
    return {static_cast<double*>(data), [](double* p) { cudaFreeHost(p); }};
  }
  cudaGetLastError();
  return {new double[static_cast<std::size_t>(n)], [](double* p) { delete[] p; }};
}

void wait_for_device() { require(cudaDeviceSynchronize(), "the device"); }

facts device_facts() {
  cudaDeviceProp device{};
  require(cudaGetDeviceProperties(&device, 0), "device 0");
  int driver = 0;
  int runtime = 0;
  cudaDriverGetVersion(&driver);
  cudaRuntimeGetVersion(&runtime);
  return {{"device", device.name},
          {"compute_capability", std::to_string(device.major) + "." + std::to_string(device.minor)},
          {"multiprocessors", std::to_string(device.multiProcessorCount)},
          {"memory_bytes", std::to_string(device.totalGlobalMem)},
          {"cuda_driver", std::to_string(driver)},
          {"cuda_runtime", std::to_string(runtime)},
          {"tensor_cores", kernels::tensor_cores_state()}};
}

std::vector<roof> measured_roofs() {
  std::vector<roof> roofs;
  const auto add = [&](const char* name, void (*measure)(std::vector<roof>&)) {
    try {
      measure(roofs);
    } catch (const std::exception& e) {  // rows can do without
      roofs.push_back({std::string(name) + ": " + e.what(), "FAILED", 0});
    }
  };
  add("bandwidths", add_bandwidths);
  add("copies", add_copies);
  add("rates", add_rates);
  add("tensor cores", add_tensor_rates);
  add("latencies", add_latencies);
  return roofs;
}

}  // namespace samebits::bench
