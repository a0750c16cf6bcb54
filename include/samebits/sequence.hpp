// One sample at a time, on the host and in your own kernels: the same bits as fill() gives.
#pragma once

#include <type_traits>
#include <utility>

#include "samebits/distributions.hpp"
#include "samebits/stream.hpp"

namespace samebits {

/// The samples of a distribution along a stream, by number: z[i] is element i of fill(ctx, distribution, id, 0, ...).
///
/// Trivially copyable; no state but the position of next(). T is double or float for continuous distributions. The
/// parameters are not checked here (device code cannot throw): fill() of no elements checks them. Independent
/// quantities want streams of their own: `id.child("noise")`, `id.child("waiting")`.
///
/// A sequence ends where its stream does, after 2^60 samples, or 2^56 where a sample may take several attempts; beyond
/// it samples repeat.
///
/// The formulas keep their bits under any flags of a compiler but -ffast-math: products that meet a sum are written as
/// fma or kept apart from it.
///
/// @bits identical everywhere; docs/numerics.md
template <class Distribution, class T = typename Distribution::reading::usual_type>
class sequence {
 public:
  using value_type = T;

  SAMEBITS_HD sequence(const Distribution& distribution, stream_id id)
      : sampler_(distribution.template sampler<T>()), id_(id) {}

  SAMEBITS_HD T operator[](std::uint64_t i) const {
    if constexpr (how == core::layout::attempts) {
      core::sample_blocks<double> blocks(id_.seed, id_.task, i);
      const double sample = core::rounded(sampler_.sample(blocks));
      return static_cast<T>(sample);
    } else if constexpr (how == core::layout::eight_bytes) {
      std::uint64_t draws[2];
      core::philox_draws(id_.seed, id_.task, i, draws);
      return static_cast<T>(sampler_.integer(draws));
    } else {
      return in_block(i);
    }
  }

  SAMEBITS_HD T next() { return (*this)[position_++]; }
  SAMEBITS_HD void skip(std::uint64_t n) { position_ += n; }
  SAMEBITS_HD std::uint64_t position() const { return position_; }
  SAMEBITS_HD stream_id id() const { return id_; }

 private:
  static constexpr core::layout how = Distribution::reading::how;
  using usual_type = typename Distribution::reading::usual_type;
  static_assert(std::is_same_v<T, usual_type> || (std::is_same_v<T, float> && std::is_same_v<usual_type, double>),
                "samples are double or float for continuous distributions; others have one type");
  using sampler_type = decltype(std::declval<const Distribution&>().template sampler<T>());

  SAMEBITS_HD T in_block(std::uint64_t i) const {
    constexpr std::uint64_t per_block = 16 / sizeof(T);
    std::uint64_t draws[2];
    core::philox_draws(id_.seed, id_.task, i / per_block, draws);
    std::uint64_t items[2];
    core::block_items<T, double, float>(sampler_, draws, items);
    if constexpr (sizeof(T) == 8) {
      return whole(__builtin_bit_cast(T, i % 2 == 0 ? items[0] : items[1]));
    } else {
      const std::uint64_t pair = i % 4 < 2 ? items[0] : items[1];
      return whole(__builtin_bit_cast(T, static_cast<std::uint32_t>(pair >> (i % 2 * 32))));
    }
  }

  /// A sample that ends in a product must not become part of the caller's sum unrounded.
  SAMEBITS_HD static T whole(T sample) {
    if constexpr (std::is_floating_point_v<T>) {
      return core::rounded(sample);
    } else {
      return sample;
    }
  }

  sampler_type sampler_;
  stream_id id_;
  std::uint64_t position_ = 0;
};

}  // namespace samebits
