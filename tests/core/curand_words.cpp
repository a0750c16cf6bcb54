#include <cuda_runtime.h>

// cuRAND's device functions are plain C++ once they are not declared as device functions.
#define QUALIFIERS static inline
#include <curand_kernel.h>

#include "tests/core/stream_words.hpp"

namespace samebits::tests {

std::uint32_t curand_word(std::uint64_t seed, std::uint64_t task, std::uint64_t position) {
  curandStatePhilox4_32_10_t state;
  curand_init(seed, task, position, &state);
  return curand(&state);
}

}  // namespace samebits::tests
