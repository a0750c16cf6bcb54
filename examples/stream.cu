// A kernel of your own with samebits streams: the Monte-Carlo loop of stream_openmp.cpp on a GPU, with the same count.
//
//   ./stream_cuda
//
// Exits with 77 where there is no device.
#include <cstdint>
#include <cstdio>

#include "samebits/stream.hpp"

// One thread per task. The stream is keyed by the task, so neither the launch geometry nor the device changes anything.
__global__ void count_points_kernel(std::uint64_t seed, std::int64_t n_tasks, std::int64_t points_per_task,
                                    unsigned long long* n_inside) {
  const std::int64_t task = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (task >= n_tasks) {
    return;
  }
  samebits::stream random(seed, static_cast<std::uint64_t>(task));
  unsigned long long inside = 0;
  for (std::int64_t i = 0; i < points_per_task; ++i) {
    const std::uint64_t x = random.next_u32();
    const std::uint64_t y = random.next_u32();
    inside += ((x * x) >> 2) + ((y * y) >> 2) < (std::uint64_t{1} << 62) ? 1 : 0;
  }
  atomicAdd(n_inside, inside);  // integers: the order does not matter
}

static bool ok(cudaError_t status) {
  if (status != cudaSuccess) {
    std::fprintf(stderr, "stream_cuda: %s\n", cudaGetErrorString(status));
  }
  return status == cudaSuccess;
}

int main() {
  constexpr std::uint64_t seed = 2024;
  constexpr std::int64_t n_tasks = 1000;
  constexpr std::int64_t points_per_task = 10'000;

  int n_devices = 0;
  if (cudaGetDeviceCount(&n_devices) != cudaSuccess || n_devices == 0) {
    std::fprintf(stderr, "stream_cuda: no CUDA device\n");
    return 77;
  }
  unsigned long long* device_count = nullptr;
  unsigned long long n_inside = 0;
  if (!ok(cudaMalloc(&device_count, sizeof n_inside)) || !ok(cudaMemset(device_count, 0, sizeof n_inside))) {
    return 1;
  }
  constexpr int block = 128;
  count_points_kernel<<<(n_tasks + block - 1) / block, block>>>(seed, n_tasks, points_per_task, device_count);
  if (!ok(cudaGetLastError()) || !ok(cudaMemcpy(&n_inside, device_count, sizeof n_inside, cudaMemcpyDeviceToHost)) ||
      !ok(cudaFree(device_count))) {
    return 1;
  }
  std::printf("points in the quarter circle %llu of %lld\npi is about %.6f\n", n_inside,
              static_cast<long long>(n_tasks * points_per_task),
              4.0 * static_cast<double>(n_inside) / static_cast<double>(n_tasks * points_per_task));
  return 0;
}
