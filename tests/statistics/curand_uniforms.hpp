// What cuRAND's own device code makes of a stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace samebits::tests {

/// curand_uniform() called n times.
std::vector<float> curand_uniforms(std::uint64_t seed, std::uint64_t task, std::size_t n);

/// The pairs of curand_uniform2_double(), n numbers.
std::vector<double> curand_uniforms_double(std::uint64_t seed, std::uint64_t task, std::size_t n);

}  // namespace samebits::tests
