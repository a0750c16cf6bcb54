#include "tests/statistics/curand_uniforms.hpp"

#include <cuda_runtime.h>

// cuRAND's device functions are plain C++ once they are not declared as device functions.
#define QUALIFIERS static inline
#include <curand_kernel.h>

namespace samebits::tests {

std::vector<float> curand_uniforms(std::uint64_t seed, std::uint64_t task, std::size_t n) {
  curandStatePhilox4_32_10_t state;
  curand_init(seed, task, 0, &state);
  std::vector<float> out(n);
  for (float& x : out) x = curand_uniform(&state);
  return out;
}

std::vector<double> curand_uniforms_double(std::uint64_t seed, std::uint64_t task, std::size_t n) {
  curandStatePhilox4_32_10_t state;
  curand_init(seed, task, 0, &state);
  std::vector<double> out(n);
  for (std::size_t i = 0; i + 1 < n; i += 2) {
    const double2 pair = curand_uniform2_double(&state);
    out[i] = pair.x;
    out[i + 1] = pair.y;
  }
  return out;
}

}  // namespace samebits::tests
