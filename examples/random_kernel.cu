// A kernel of your own with samebits distributions: particles that fly through a wall, one task each. The same function
// runs on the GPU and on the CPU, with the same bits.
//
//   ./random_kernel
//
// Without a GPU it says so and prints what a GPU would. Compile your own kernels with -fmad=false and host code with
// -ffp-contract=off, as samebits does: otherwise a compiler may fuse your products with the sums that they go into.
#include <cstdint>
#include <cstdio>
#include <vector>

#include "samebits/sequence.hpp"
#include "samebits/stream.hpp"

struct flight {
  double distance;
  enum { transmitted, reflected, absorbed } end;
};

// Flies particle number `task`. Distances come from one child of the particle's stream and decisions from another, so
// that neither has to count how much the other has drawn.
__host__ __device__ flight fly(std::uint64_t seed, std::uint64_t task, double thickness) {
  const samebits::stream_id particle{seed, task};
  samebits::sequence<samebits::dist::exponential> steps({.scale = 1}, particle.child("steps"));
  samebits::stream decisions(particle.child("decisions"));
  double depth = 0;
  double distance = 0;
  bool is_forward = true;
  for (;;) {
    const double step = steps.next();
    distance += step;
    depth = is_forward ? depth + step : depth - step;
    if (depth < 0 || depth > thickness) {
      return {distance, depth < 0 ? flight::reflected : flight::transmitted};
    }
    if (decisions.next_u32() < 0x40000000) {  // one collision in four
      return {distance, flight::absorbed};
    }
    is_forward = decisions.next_u32() % 2 == 0;
  }
}

// Neither the launch geometry nor the device is part of a result: it is written to the place of its task.
__global__ void fly_kernel(std::uint64_t seed, double thickness, std::int64_t n_tasks, flight* flights) {
  const std::int64_t task = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (task < n_tasks) {
    flights[task] = fly(seed, static_cast<std::uint64_t>(task), thickness);
  }
}

static bool ok(cudaError_t status) {
  if (status != cudaSuccess) {
    std::fprintf(stderr, "random_kernel: %s\n", cudaGetErrorString(status));
  }
  return status == cudaSuccess;
}

static bool fly_on_gpu(std::uint64_t seed, double thickness, std::vector<flight>& flights) {
  const auto n_tasks = static_cast<std::int64_t>(flights.size());
  const std::size_t size = flights.size() * sizeof(flight);
  constexpr int block = 128;
  flight* on_device = nullptr;
  if (!ok(cudaMalloc(&on_device, size))) {
    return false;
  }
  fly_kernel<<<static_cast<unsigned>((n_tasks + block - 1) / block), block>>>(seed, thickness, n_tasks, on_device);
  const bool is_done =
      ok(cudaGetLastError()) && ok(cudaMemcpy(flights.data(), on_device, size, cudaMemcpyDeviceToHost));
  return ok(cudaFree(on_device)) && is_done;
}

int main() {
  constexpr std::uint64_t seed = 2024;
  constexpr double thickness = 3;
  std::vector<flight> flights(100'000);

  int n_devices = 0;
  if (cudaGetDeviceCount(&n_devices) == cudaSuccess && n_devices > 0) {
    if (!fly_on_gpu(seed, thickness, flights)) {
      return 1;
    }
  } else {
    std::printf("no GPU here: on the CPU\n");
    for (std::size_t task = 0; task < flights.size(); ++task) {
      flights[task] = fly(seed, task, thickness);
    }
  }

  long long n_ended[3] = {};
  double distance = 0;
  for (const flight& f : flights) {  // in the order of the tasks
    ++n_ended[f.end];
    distance += f.distance;
  }
  std::printf("transmitted %lld, reflected %lld, absorbed %lld\nmean distance %.17g\n", n_ended[flight::transmitted],
              n_ended[flight::reflected], n_ended[flight::absorbed], distance / static_cast<double>(flights.size()));
  return 0;
}
