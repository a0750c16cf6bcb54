// How samplers read a stream: which words belong to sample i.
//
// Sample i of a distribution is a function of (seed, task, i) alone. Four layouts:
//
//   sixteen_bytes  every block becomes 16 bytes of samples: two doubles or four floats (`one` or `two`), or its words
//   eight_bytes    block i is sample i, a 64-bit integer (`integer`)
//   attempts       samples may need several tries: sample i owns blocks 256 i .. 256 i + 255 (`sample`)
//   rows           sample i is a row of numbers (`make_row`), made of n_inputs numbers of its own
#pragma once

#include <type_traits>

#include "samebits/core/philox.hpp"
#include "samebits/core/value.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

enum class layout { sixteen_bytes, eight_bytes, attempts, rows };

/// The stream's own words, as a sampler.
template <class Word>
struct word_sampler {
  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE bits_t<V> one(bits_t<V> word) const {
    return word;
  }
};

// ---- sixteen bytes a block ----------------------------------------------------------------------------------------

namespace detail {

template <class V, class Sampler>
concept makes_two = requires(const Sampler& sampler, bits_t<V> word, V (&x)[2]) {
  sampler.template two<V>(word, word, x);
};

/// Words stay; numbers become their bit patterns.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE bits_t<V> pattern(bits_t<V> u) {
  return u;
}
template <class V>
SAMEBITS_HD SAMEBITS_INLINE bits_t<V> pattern(V x) requires(!std::is_same_v<V, bits_t<V>>) {
  return to_bits(x);
}

template <class V, class Sampler>
SAMEBITS_HD SAMEBITS_INLINE void two_samples(const Sampler& sampler, bits_t<V> word_0, bits_t<V> word_1,
                                             bits_t<V> (&items)[2]) {
  if constexpr (makes_two<V, Sampler>) {
    V x[2];
    sampler.template two<V>(word_0, word_1, x);
    items[0] = to_bits(x[0]);
    items[1] = to_bits(x[1]);
  } else {
    items[0] = pattern<V>(sampler.template one<V>(word_0));
    items[1] = pattern<V>(sampler.template one<V>(word_1));
  }
}

}  // namespace detail

/// The 16 bytes of a block, from its two 64-bit draws. T is the sample type, D is double or a pack of doubles, and F
/// the float or the pack of floats with as many bits.
///
/// In float, words 0 and 2 of a block go together, and words 1 and 3: so the two draws, cut into 32-bit lanes, need no
/// shuffle, and samples 0 and 2 are those of the first pair.
template <class T, class D, class F, class Sampler>
SAMEBITS_HD SAMEBITS_INLINE void block_items(const Sampler& sampler, const bits_t<D> (&draws)[2],
                                             bits_t<D> (&items)[2]) {
  if constexpr (sizeof(T) == 8) {
    detail::two_samples<D>(sampler, draws[0], draws[1], items);
  } else if constexpr (value_traits<D>::width == 1) {
    std::uint32_t early[2];
    std::uint32_t late[2];
    detail::two_samples<F>(sampler, static_cast<std::uint32_t>(draws[0]), static_cast<std::uint32_t>(draws[1]), early);
    detail::two_samples<F>(sampler, static_cast<std::uint32_t>(draws[0] >> 32),
                           static_cast<std::uint32_t>(draws[1] >> 32), late);
    items[0] = early[0] | std::uint64_t{late[0]} << 32;
    items[1] = early[1] | std::uint64_t{late[1]} << 32;
  } else {
    bits_t<F> halves[2];
    detail::two_samples<F>(sampler, as_halves(draws[0]), as_halves(draws[1]), halves);
    items[0] = as_wholes(halves[0]);
    items[1] = as_wholes(halves[1]);
  }
}

// ---- attempts -----------------------------------------------------------------------------------------------------

inline constexpr int blocks_per_sample_log2 = 8;
inline constexpr std::uint64_t blocks_per_sample = std::uint64_t{1} << blocks_per_sample_log2;

/// The blocks of one sample, or of one sample per lane.
template <class V>
struct sample_blocks {
  std::uint64_t seed;
  std::uint64_t task;
  bits_t<V> first_block;
  V score = V(0.0);  // packs only: below 0 in the lanes that need another attempt

  SAMEBITS_HD SAMEBITS_INLINE sample_blocks(std::uint64_t seed_, std::uint64_t task_, bits_t<V> sample)
      : seed(seed_), task(task_), first_block(shift_left<blocks_per_sample_log2>(sample)) {}

  SAMEBITS_HD SAMEBITS_INLINE void draws(std::uint64_t block, bits_t<V> (&words)[2]) const {
    philox_draws(seed, task, first_block + bits_t<V>(block), words);
  }
};

/// Blocks first .. first + count - 1 of a sample, an attempt each.
struct attempt_range {
  std::uint64_t first;
  std::uint64_t count;
};

/// The first attempt that proposal.attempt accepts: score >= 0. If none does, the last; the least lucky of our
/// proposals is accepted half of the time, so that happens to one sample in 2^100.
///
/// In packs a single attempt is made and its score kept: whoever fills an array repeats the few rejected lanes as
/// scalars, from their first attempt.
template <class V, class Proposal>
SAMEBITS_HD SAMEBITS_INLINE V first_accepted(sample_blocks<V>& blocks, attempt_range range, const Proposal& proposal) {
  bits_t<V> words[2];
  V score;
  if constexpr (value_traits<V>::width == 1) {
    for (std::uint64_t i = 0;; ++i) {
      blocks.draws(range.first + i, words);
      const V x = proposal.template attempt<V>(words[0], words[1], score);
      if (!(score < V(0.0)) || i + 1 == range.count) {
        return x;
      }
    }
  } else {
    blocks.draws(range.first, words);
    const V x = proposal.template attempt<V>(words[0], words[1], score);
    blocks.score = select_less(score, blocks.score, score, blocks.score);
    return x;
  }
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
