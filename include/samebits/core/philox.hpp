// Philox4x32-10: the counter-based generator behind every stream.
//
// Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
//
// Layout of a samebits stream (docs/numerics.md, section 3):
//   key = (seed low, seed high), counter = (block low, block high, task low, task high);
//   draw number n is word n % 4 of block n / 4.
// It is the layout of Random123's philox4x32 with that counter and of cuRAND's curand_init(seed, task, n).
#pragma once

#include "samebits/core/value.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

inline constexpr std::uint32_t philox_multiplier_0 = 0xd2511f53;
inline constexpr std::uint32_t philox_multiplier_1 = 0xcd9e8d57;
inline constexpr std::uint32_t philox_weyl_0 = 0x9e3779b9;
inline constexpr std::uint32_t philox_weyl_1 = 0xbb67ae85;

inline constexpr int philox_words_per_block = 4;

template <class U>
SAMEBITS_HD SAMEBITS_INLINE void philox_round(U (&c)[4], std::uint32_t key_0, std::uint32_t key_1) {
  const U product_0 = multiply_low32(c[0], U(std::uint64_t{philox_multiplier_0}));
  const U product_1 = multiply_low32(c[2], U(std::uint64_t{philox_multiplier_1}));
  c[0] = shift_right<32>(product_1) ^ c[1] ^ U(std::uint64_t{key_0});
  c[1] = product_1;
  c[2] = shift_right<32>(product_0) ^ c[3] ^ U(std::uint64_t{key_1});
  c[3] = product_0;
}

/// Encrypts the counter `c` in place.
///
/// U is std::uint64_t or a pack of them. Each lane carries one 32-bit word in its low half; the high half holds
/// rubbish on return, because the multiply ignores it and clearing it every round would cost two instructions.
template <int Rounds = 10, class U>
SAMEBITS_HD SAMEBITS_INLINE void philox4x32(U (&c)[4], std::uint32_t key_0, std::uint32_t key_1) {
  for (int round = 0; round < Rounds; ++round) {
    philox_round(c, key_0, key_1);
    key_0 += philox_weyl_0;
    key_1 += philox_weyl_1;
  }
}

/// The keys of all ten rounds, for whoever reads them from memory faster than they are made: a GPU, where they are
/// arguments of the kernel.
struct philox_keys {
  static constexpr int rounds = 10;
  std::uint32_t key_0[rounds];
  std::uint32_t key_1[rounds];

  explicit philox_keys(std::uint64_t seed)
      : key_0{static_cast<std::uint32_t>(seed)}, key_1{static_cast<std::uint32_t>(seed >> 32)} {
    for (int round = 1; round < rounds; ++round) {
      key_0[round] = key_0[round - 1] + philox_weyl_0;
      key_1[round] = key_1[round - 1] + philox_weyl_1;
    }
  }
};

template <class U>
SAMEBITS_HD SAMEBITS_INLINE void philox4x32(U (&c)[4], const philox_keys& keys) {
  SAMEBITS_UNROLL
  for (int round = 0; round < philox_keys::rounds; ++round) {
    philox_round(c, keys.key_0[round], keys.key_1[round]);
  }
}
template <class U>
SAMEBITS_HD SAMEBITS_INLINE void philox4x32(U (&c)[4], std::uint64_t seed) {
  philox4x32(c, static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32));
}

namespace detail {

template <class Key, class U>
SAMEBITS_HD SAMEBITS_INLINE void philox_draws(const Key& key, std::uint64_t task, U block, U (&draws)[2]) {
  U c[4] = {block, shift_right<32>(block), U(task), U(task >> 32)};
  philox4x32(c, key);
  const U low_half = U(std::uint64_t{0xffffffff});
  draws[0] = (c[0] & low_half) | shift_left<32>(c[1]);
  draws[1] = (c[2] & low_half) | shift_left<32>(c[3]);
}

}  // namespace detail

/// Block `block` of stream (seed, task) as two 64-bit draws: words 0 and 1, words 2 and 3, the earlier word in the low
/// half. A pack has a block in each lane.
template <class U>
SAMEBITS_HD SAMEBITS_INLINE void philox_draws(std::uint64_t seed, std::uint64_t task, U block, U (&draws)[2]) {
  detail::philox_draws(seed, task, block, draws);
}
/// The same, from the keys that belong to the seed.
template <class U>
SAMEBITS_HD SAMEBITS_INLINE void philox_draws(const philox_keys& keys, std::uint64_t task, U block, U (&draws)[2]) {
  detail::philox_draws(keys, task, block, draws);
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
