// SHA-256 (FIPS 180-4), to name data and results by their bits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "samebits/export.hpp"

namespace samebits {

/// A running SHA-256. Give it the message in pieces of any length, then call finish().
class SAMEBITS_API sha256 {
 public:
  /// Adds bytes to the message.
  void update(std::span<const std::byte> bytes);

  /// Adds the bit pattern of each value, eight bytes with the lowest first, on every machine.
  void update(std::span<const double> values);

  /// The digest of everything added so far. Afterwards the object is ready for a new message.
  std::array<std::uint8_t, 32> finish();

 private:
  static constexpr std::size_t block_size = 64;
  static constexpr std::array<std::uint32_t, 8> initial_state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                                                 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

  std::size_t fill_block(std::span<const std::byte> bytes);

  std::array<std::uint32_t, 8> state_ = initial_state;
  std::array<std::byte, block_size> block_ = {};  // the start of a block that is not full yet
  std::size_t block_used_ = 0;
  std::uint64_t n_bytes_ = 0;
};

/// `sha256:` and the digest as 64 lower-case hexadecimal digits.
SAMEBITS_API std::string digest_text(const std::array<std::uint8_t, 32>& digest);

/// The same for the digest of the values, as sha256::update takes them.
SAMEBITS_API std::string digest_text(std::span<const double> values);

}  // namespace samebits
