// Random streams keyed by (seed, task), for host and device code.
#pragma once

#include <cstdint>

#include "samebits/core/philox.hpp"

namespace samebits {

/// The name of a stream. Key parallel work by what it computes (the index of the task), never by who computes it.
struct stream_id {
  std::uint64_t seed = 0;
  std::uint64_t task = 0;
};

/// A position in a stream: draw number 4 * block + word.
struct stream_position {
  std::uint64_t block = 0;
  std::uint32_t word = 0;
};

/// A Philox4x32-10 stream: 2^66 32-bit words, each a function of (seed, task, position).
///
/// Trivially copyable, no state outside the object, usable in OpenMP loops and CUDA kernels. Word for word equal to
/// cuRAND's curand_init(seed, task, position) and to Random123 with the counter layout of core/philox.hpp. Satisfies
/// std::uniform_random_bit_generator.
///
/// @bits identical everywhere; docs/numerics.md, section 3
class stream {
 public:
  using result_type = std::uint32_t;

  SAMEBITS_HD stream(std::uint64_t seed, std::uint64_t task) : id_{seed, task} {}
  SAMEBITS_HD explicit stream(stream_id id) : id_(id) {}

  SAMEBITS_HD std::uint32_t next_u32() {
    if (!loaded_) {
      core::philox_draws(id_.seed, id_.task, position_.block, draws_);
      loaded_ = true;
    }
    const std::uint64_t draw = draws_[position_.word / 2];
    const std::uint32_t word = static_cast<std::uint32_t>(position_.word % 2 == 0 ? draw : draw >> 32);
    skip(1);
    return word;
  }

  /// The next two words, the earlier one in the low half.
  SAMEBITS_HD std::uint64_t next_u64() {
    const std::uint64_t low = next_u32();
    return low | static_cast<std::uint64_t>(next_u32()) << 32;
  }

  /// Moves on by n words in O(1).
  SAMEBITS_HD void skip(std::uint64_t n) {
    const std::uint64_t word = position_.word + n % 4;
    const std::uint64_t blocks = n / 4 + word / 4;
    position_.word = static_cast<std::uint32_t>(word % 4);
    position_.block += blocks;
    loaded_ = loaded_ && blocks == 0;
  }

  SAMEBITS_HD stream_id id() const { return id_; }
  SAMEBITS_HD stream_position position() const { return position_; }

  SAMEBITS_HD std::uint32_t operator()() { return next_u32(); }
  SAMEBITS_HD static constexpr std::uint32_t min() { return 0; }
  SAMEBITS_HD static constexpr std::uint32_t max() { return 0xffffffff; }

 private:
  stream_id id_;
  stream_position position_;
  std::uint64_t draws_[2] = {};  // the current block, when loaded
  bool loaded_ = false;
};

}  // namespace samebits
