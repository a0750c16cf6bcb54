// Seeds from numbers, from texts, and from the system's entropy.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "samebits/export.hpp"

namespace samebits {

/// A 64-bit seed that remembers what it was made of. Converts to the number wherever a seed is wanted:
/// `stream(seed::from_text("experiment 7"), task)`.
///
/// Any number is as good a seed as any other: 0, 1, 2 give streams as unrelated as numbers drawn at random.
///
/// @bits the value is a function of what the seed is made of, the same everywhere
class SAMEBITS_API seed {
 public:
  /// The number itself.
  explicit seed(std::uint64_t value) : value_(value) {}

  /// 64 bits derived from 128: derive((high, low), 128, seed tag) of core/derive.hpp, and of the result the first half.
  static seed from_bits(std::uint64_t high, std::uint64_t low);

  /// Derived from the bytes of a text of any length: derive_text((0, 0), text, seed tag) of core/derive.hpp, and of the
  /// result the first half. Two of n texts share a seed with probability about n^2 2^-65.
  static seed from_text(std::string_view text);

  /// from_bits of 128 bits that the system draws (getrandom). Write down origin(): it brings the seed back.
  ///
  /// @throws error  the system has no entropy to give
  static seed from_entropy();

  /// A seed as people write it:
  ///
  ///   what the whole text is                       the seed
  ///   decimal digits, at most 18446744073709551615  the number; zeros in front do not matter
  ///   0x or 0X and 1 to 16 hexadecimal digits       the number
  ///   0x or 0X and 17 to 32 hexadecimal digits      from_bits; the last 16 digits are `low`
  ///   entropy                                       from_entropy()
  ///   anything else                                 from_text(text), so "-1", " 1", "1e3" and "" are texts
  ///
  /// @throws error  the text is "entropy" and the system has none to give
  static seed parse(std::string_view text);

  std::uint64_t value() const { return value_; }
  operator std::uint64_t() const { return value_; }

  /// A text that parse() reads back to the same value: 0x and 32 hexadecimal digits for a seed of 128 bits, else the
  /// value in decimal digits.
  std::string origin() const;

 private:
  std::uint64_t value_;
  std::uint64_t high_ = 0;  // the 128 bits, if it was made of them
  std::uint64_t low_ = 0;
  bool has_bits_ = false;
};

}  // namespace samebits
