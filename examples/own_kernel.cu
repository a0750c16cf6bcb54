// A stream and a kernel of your own between calls of samebits: the library fills an array, the kernel changes it, the
// library sums it up, all in one stream and in the memory of the GPU.
//
//   ./own_kernel
//
// Exits with 77 where there is no device.
#include <cstdio>
#include <samebits/samebits.hpp>

__global__ void square_kernel(double* x, std::int64_t n) {
  const std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i < n) {
    x[i] = x[i] * x[i];
  }
}

static bool ok(cudaError_t status) {
  if (status != cudaSuccess) {
    std::fprintf(stderr, "own_kernel: %s\n", cudaGetErrorString(status));
  }
  return status == cudaSuccess;
}

// Returns at once but for the sum: it waits for what comes before it in the stream.
static double mean_square(cudaStream_t stream, std::int64_t n) {
  const samebits::context ctx = samebits::context({.backend = "cuda"}).on_stream(stream);
  samebits::device_array<double> x(ctx, n);
  samebits::fill_normal(ctx, {1, 0}, 0, x.span());
  square_kernel<<<static_cast<unsigned>((n + 255) / 256), 256, 0, stream>>>(x.data(), n);
  return ok(cudaGetLastError()) ? samebits::sum(ctx, std::span<const double>(x.span())) / static_cast<double>(n) : -1;
}

static double mean_square_on_host(std::int64_t n) {
  const samebits::context ctx({.backend = "cpu"});
  std::vector<double> x(static_cast<std::size_t>(n));
  samebits::fill_normal(ctx, {1, 0}, 0, x);
  for (double& number : x) {
    number = number * number;
  }
  return samebits::sum(ctx, std::span<const double>(x)) / static_cast<double>(n);
}

int main() {
  int n_devices = 0;
  if (cudaGetDeviceCount(&n_devices) != cudaSuccess || n_devices == 0) {
    std::printf("no GPU here\n");
    return 77;
  }
  constexpr std::int64_t n = 1000000;
  cudaStream_t stream;
  if (!ok(cudaStreamCreate(&stream))) {
    return 1;
  }
  const double there = mean_square(stream, n);
  const double here = mean_square_on_host(n);
  cudaStreamDestroy(stream);
  std::printf("mean square %.17g on the GPU, %.17g on the CPU\n", there, here);
  return there == here ? 0 : 1;
}
