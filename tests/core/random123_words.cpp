#include <Random123/philox.h>

#include "tests/core/stream_words.hpp"

namespace samebits::tests {

std::uint32_t random123_word(std::uint64_t seed, std::uint64_t task, std::uint64_t position) {
  const auto low = [](std::uint64_t u) { return static_cast<std::uint32_t>(u); };
  const auto high = [](std::uint64_t u) { return static_cast<std::uint32_t>(u >> 32); };
  const std::uint64_t block = position / 4;
  const r123::Philox4x32::ctr_type counter = {{low(block), high(block), low(task), high(task)}};
  const r123::Philox4x32::key_type key = {{low(seed), high(seed)}};
  return r123::Philox4x32()(counter, key)[position % 4];
}

}  // namespace samebits::tests
