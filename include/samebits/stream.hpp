// Random streams keyed by (seed, task), for host and device code. Header only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "samebits/core/derive.hpp"
#include "samebits/error.hpp"

namespace samebits {

/// The name of a stream. Key parallel work by what it computes (the index of the task), never by who computes it.
struct stream_id {
  std::uint64_t seed = 0;
  std::uint64_t task = 0;

  /// The name of child number `index`, for numbers that a task needs of its own: `id.child(epoch).child("dropout")`.
  ///
  /// A function of this name and the index alone, so children need no order and no bookkeeping. Children by index of
  /// streams of one seed never share a name; any other two of n names do with probability about n^2 2^-129.
  /// core/derive.hpp has the rule.
  ///
  /// @bits identical everywhere
  SAMEBITS_HD stream_id child(std::uint64_t index) const {
    stream_id id = *this;
    core::derive(id.seed, id.task, index, core::child_index_tag);
    return id;
  }

  /// The name of the child with a name: the bytes of the text. A literal or another array of char ends at its first 0.
  SAMEBITS_HD stream_id child(const char* text, std::size_t size) const {
    stream_id id = *this;
    core::derive_text(id.seed, id.task, text, size, core::child_text_tag);
    return id;
  }
  template <std::size_t N>
  SAMEBITS_HD stream_id child(const char (&text)[N]) const {
    std::size_t size = 0;
    while (size < N && text[size] != '\0') {
      ++size;
    }
    return child(text, size);
  }
  stream_id child(std::string_view text) const { return child(text.data(), text.size()); }

  friend SAMEBITS_HD bool operator==(const stream_id& a, const stream_id& b) {
    return a.seed == b.seed && a.task == b.task;
  }
};

/// A position in a stream: draw number 4 * block + word, with word below 4. The end, draw number 2^66, is word 4 of the
/// last block.
struct stream_position {
  std::uint64_t block = 0;
  std::uint32_t word = 0;

  friend SAMEBITS_HD bool operator==(const stream_position& a, const stream_position& b) {
    return a.block == b.block && a.word == b.word;
  }
};

/// A Philox4x32-10 stream: 2^66 32-bit words, each a function of (seed, task, position).
///
/// Trivially copyable, no state outside the object, usable in OpenMP loops and CUDA kernels. Word for word equal to
/// cuRAND's curand_init(seed, task, position) and to Random123 with the counter layout of core/philox.hpp. Satisfies
/// std::uniform_random_bit_generator.
///
/// A stream ends; it does not start over. Host code that goes past the end throws stream_exhausted and leaves the
/// stream as it was. Device code cannot throw: it gets zeros, and exhausted() is true from then on.
///
/// @bits identical everywhere; docs/numerics.md, section 3
class stream {
 public:
  using result_type = std::uint32_t;

  SAMEBITS_HD stream(std::uint64_t seed, std::uint64_t task) : id_{seed, task} {}
  SAMEBITS_HD explicit stream(stream_id id) : id_(id) {}

  SAMEBITS_HD std::uint32_t next_u32() {
    if (n_held_ == 0 && !draw_block()) {
      return past_end("next_u32", position());
    }
    const std::uint32_t word = static_cast<std::uint32_t>(held_[0]);
    drop_word();
    return word;
  }

  /// The next two words, the earlier one in the low half.
  SAMEBITS_HD std::uint64_t next_u64() {
    if (n_held_ == 0 && !draw_block()) {
      return past_end("next_u64", position(), 2);
    }
    if (n_held_ % 2 == 0) {
      const std::uint64_t draw = held_[0];
      held_[0] = held_[1];
      n_held_ -= 2;
      return draw;
    }
    if (n_held_ == 1 && block_ == last_block) {
      const std::uint64_t word = held_[0];
      past_end("next_u64", position(), 2);
      return word;
    }
    const std::uint64_t low = next_u32();
    return low | static_cast<std::uint64_t>(next_u32()) << 32;
  }

  /// Moves on by n words in O(1).
  SAMEBITS_HD void skip(std::uint64_t n) {
    if (n <= n_held_) {
      for (; n > 0; --n) {
        drop_word();
      }
      return;
    }
    const stream_position from = position();
    if (!move(from.block, n / 4, from.word + static_cast<std::uint32_t>(n % 4))) {
      past_end("skip", from, n);
    }
  }

  /// Moves to a position, forwards or backwards, in O(1). `to.word` may be any number.
  SAMEBITS_HD void seek(stream_position to) {
    if (!move(to.block, 0, to.word)) {
      past_end("seek", to);
    }
  }

  /// Where the next word comes from.
  SAMEBITS_HD stream_position position() const {
    if (n_held_ > 0) {
      return {block_, 4 - n_held_};
    }
    const bool is_next_block = next_word_ == 4 && block_ != last_block;
    return is_next_block ? stream_position{block_ + 1, 0} : stream_position{block_, next_word_};
  }

  /// Device code: whether the stream was asked for a word past its end.
  SAMEBITS_HD bool exhausted() const { return is_exhausted_; }

  SAMEBITS_HD stream_id id() const { return id_; }

  /// The names of this stream's children; the position plays no part. See stream_id::child.
  SAMEBITS_HD stream_id child(std::uint64_t index) const { return id_.child(index); }
  SAMEBITS_HD stream_id child(const char* text, std::size_t size) const { return id_.child(text, size); }
  template <std::size_t N>
  SAMEBITS_HD stream_id child(const char (&text)[N]) const {
    return id_.child(text);
  }
  stream_id child(std::string_view text) const { return id_.child(text); }

  SAMEBITS_HD std::uint32_t operator()() { return next_u32(); }
  SAMEBITS_HD static constexpr std::uint32_t min() { return 0; }
  SAMEBITS_HD static constexpr std::uint32_t max() { return 0xffffffff; }

 private:
  static constexpr std::uint64_t last_block = ~std::uint64_t{0};

  SAMEBITS_HD SAMEBITS_INLINE void drop_word() {
    held_[0] = n_held_ == 3 ? held_[1] : held_[0] >> 32;
    --n_held_;
  }

  /// Draws the block that the next word comes from, when nothing is held. False at the end of the stream.
  SAMEBITS_HD bool draw_block() {
    const stream_position at = position();
    if (at.word == 4) {
      return false;
    }
    core::philox_draws(id_.seed, id_.task, at.block, held_);
    block_ = at.block;
    next_word_ = 4;
    n_held_ = 4;
    for (std::uint32_t word = 0; word < at.word; ++word) {
      drop_word();
    }
    return true;
  }

  /// Moves to `word`, any number, of block number from + blocks. False, and nothing done, if that lies past the end.
  SAMEBITS_HD bool move(std::uint64_t from, std::uint64_t blocks, std::uint32_t word) {
    blocks += word / 4;
    word %= 4;
    const std::uint64_t blocks_left = last_block - from;
    if (blocks > blocks_left) {
      if (blocks - blocks_left > 1 || word > 0) {
        return false;
      }
      blocks = blocks_left;
      word = 4;
    }
    block_ = from + blocks;
    next_word_ = word;
    n_held_ = 0;
    return true;
  }

  /// Throws in host code. In device code the stream stays at its end. n_words is 0 where `from` itself is past the end.
  SAMEBITS_HD SAMEBITS_INLINE std::uint32_t past_end(const char* function, stream_position from,
                                                     std::uint64_t n_words = 0) {
#if defined(__CUDA_ARCH__)
    (void)function;
    (void)from;
    (void)n_words;
    move(last_block, 0, 4);
    is_exhausted_ = true;
    return 0;
#else
    throw_exhausted(function, id_, from, n_words);
#endif
  }

  // Takes copies: a stream whose address is known outside a loop could not live in registers.
  [[noreturn]] static void throw_exhausted(const char* function, stream_id id, stream_position from,
                                           std::uint64_t n_words) {
    throw stream_exhausted(
        std::string(function) + ": " + (n_words == 0 ? "" : std::to_string(n_words) + " words from ") + "word " +
        std::to_string(from.word) + " of block " + std::to_string(from.block) + (n_words == 0 ? " is past" : " pass") +
        " the end of stream (seed " + std::to_string(id.seed) + ", task " + std::to_string(id.task) +
        "), which has 2^64 blocks of 4 words");
  }

  stream_id id_;
  std::uint64_t held_[2] = {};   // the two draws of block_; the next word is the low half of the first
  std::uint64_t block_ = 0;      // once nothing is held, the next word is
  std::uint32_t next_word_ = 0;  //   this one of block_, where 4 stands for word 0 of the next block
  std::uint32_t n_held_ = 0;     // words of block_ that are left
  bool is_exhausted_ = false;
};

}  // namespace samebits
