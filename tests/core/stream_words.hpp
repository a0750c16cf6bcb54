// Other implementations of the stream's words, for comparison. Each has a source file of its own, because their headers
// claim many names.
#pragma once

#include <cstdint>

namespace samebits::tests {

/// Word number `position` of the stream by cuRAND's device generator.
std::uint32_t curand_word(std::uint64_t seed, std::uint64_t task, std::uint64_t position);

/// The same by Random123.
std::uint32_t random123_word(std::uint64_t seed, std::uint64_t task, std::uint64_t position);

}  // namespace samebits::tests
