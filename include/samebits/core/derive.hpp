// Names of streams derived from other names: the rule behind stream_id::child and the seeds of samebits/seed.hpp.
//
// derive(parent, value, tag), with c the counter of Philox4x32-10 (core/philox.hpp):
//   c = (value low, value high, parent.task low, parent.task high)
//   c is encrypted with the key (parent.seed low, parent.seed high); that is block `value` of the parent stream
//   c is encrypted again with the key (tag low, tag high)
//   child.seed = words 0 and 1 of c, child.task = words 2 and 3, the low word first.
//
// For one seed and one tag this is a bijection of (value, task): children of streams of one seed never share a name.
// Across seeds, levels and tags the names are as good as drawn at random: n of them share one with probability about
// n^2 2^-129.
#pragma once

#include "samebits/core/philox.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

// The keys of the second encryption: eight letters, the first in the lowest byte.
inline constexpr std::uint64_t child_index_tag = 0x7865646e692d6273;  // "sb-index"
inline constexpr std::uint64_t child_text_tag = 0x747865742d2d6273;   // "sb--text"
inline constexpr std::uint64_t seed_tag = 0x646565732d2d6273;         // "sb--seed"

/// Turns the name (seed, task) into that of its child `value`.
SAMEBITS_HD SAMEBITS_INLINE void derive(std::uint64_t& seed, std::uint64_t& task, std::uint64_t value,
                                        std::uint64_t tag) {
  std::uint64_t draws[2];
  std::uint64_t child[2];
  philox_draws(seed, task, value, draws);
  philox_draws(tag, draws[1], draws[0], child);
  seed = child[0];
  task = child[1];
}

/// The same for a text of `size` bytes: derived from `size`, then from each eight bytes of the text as a number, the
/// first byte lowest, the last number filled up with zeros.
SAMEBITS_HD inline void derive_text(std::uint64_t& seed, std::uint64_t& task, const char* text, std::uint64_t size,
                                    std::uint64_t tag) {
  derive(seed, task, size, tag);
  for (std::uint64_t begin = 0; begin < size; begin += 8) {
    std::uint64_t value = 0;
    for (std::uint64_t i = begin; i < size && i < begin + 8; ++i) {
      value |= std::uint64_t{static_cast<unsigned char>(text[i])} << 8 * (i - begin);
    }
    derive(seed, task, value, tag);
  }
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
