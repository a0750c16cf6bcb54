// A sum that your own kernel makes, with the same bits on a GPU and on the CPU, whatever the grid: leaves of 512
// numbers are summed by whoever has time, then folded in a fixed tree.
//
//   ./leaf_sums
//
// Exits with 77 where there is no device.
#include <cstdint>
#include <cstdio>
#include <vector>

#include "samebits/tree_sum.hpp"

// Basel's problem: the terms sum to pi^2 / 6. Compile with -fmad=false: without it a * b + c rounds once or twice as
// the compiler likes.
struct term {
  SAMEBITS_HD double operator()(std::int64_t i) const {
    const double k = static_cast<double>(i + 1);
    return 1.0 / (k * k);
  }
};

__global__ void sum_leaves(std::int64_t n, double* leaves) {
  const std::int64_t n_threads = std::int64_t{gridDim.x} * blockDim.x;
  for (std::int64_t leaf = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x; leaf < samebits::n_leaves(n);
       leaf += n_threads) {
    leaves[leaf] = samebits::leaf_sum(n, leaf, term());
  }
}

static bool ok(cudaError_t status) {
  if (status != cudaSuccess) {
    std::fprintf(stderr, "leaf_sums: %s\n", cudaGetErrorString(status));
  }
  return status == cudaSuccess;
}

static bool sum_on_device(std::int64_t n, int n_blocks, std::vector<double>& leaves) {
  double* device = nullptr;
  const std::size_t bytes = leaves.size() * sizeof(double);
  if (!ok(cudaMalloc(&device, bytes))) {
    return false;
  }
  sum_leaves<<<static_cast<unsigned>(n_blocks), 128>>>(n, device);
  const bool done = ok(cudaGetLastError()) && ok(cudaMemcpy(leaves.data(), device, bytes, cudaMemcpyDeviceToHost));
  return ok(cudaFree(device)) && done;
}

int main() {
  constexpr std::int64_t n = 100'000'000;
  std::vector<double> leaves(static_cast<std::size_t>(samebits::n_leaves(n)));
  for (std::size_t leaf = 0; leaf < leaves.size(); ++leaf) {
    leaves[leaf] = samebits::leaf_sum(n, static_cast<std::int64_t>(leaf), term());
  }
  const double on_host = samebits::fold_leaves(leaves.data(), samebits::n_leaves(n));
  std::printf("CPU: %.17g\n", on_host);

  int n_devices = 0;
  if (cudaGetDeviceCount(&n_devices) != cudaSuccess || n_devices == 0) {
    std::fprintf(stderr, "leaf_sums: no CUDA device\n");
    return 77;
  }
  for (const int n_blocks : {1, 100, 2000}) {
    if (!sum_on_device(n, n_blocks, leaves)) {
      return 1;
    }
    const double on_device = samebits::fold_leaves(leaves.data(), samebits::n_leaves(n));
    std::printf("GPU, %4d blocks: %.17g\n", n_blocks, on_device);
    if (on_device != on_host) {
      return 1;
    }
  }
}
