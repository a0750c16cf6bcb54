// The comparison of packs with scalars, one per instruction set.
#pragma once

#include <cstddef>

namespace samebits::core {
namespace avx2 {
/// The first function for which a lane of a pack differs from the scalar on x [n], or nullptr.
const char* pack_disagreement(const double* x, std::size_t n);
const char* pack_disagreement(const float* x, std::size_t n);
}  // namespace avx2
namespace avx512 {
const char* pack_disagreement(const double* x, std::size_t n);
const char* pack_disagreement(const float* x, std::size_t n);
}  // namespace avx512
}  // namespace samebits::core
