// Whole numbers as bytes, the lowest first.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace samebits {

template <class Unsigned>
void append(std::vector<std::byte>& bytes, Unsigned value) {
  for (std::size_t i = 0; i < sizeof value; ++i) {
    bytes.push_back(static_cast<std::byte>(value >> 8 * i & 0xff));
  }
}

/// Reads an integer and moves on.
template <class Unsigned>
Unsigned take(std::span<const std::byte>& bytes) {
  Unsigned value = 0;
  for (std::size_t i = 0; i < sizeof value; ++i) {
    value |= static_cast<Unsigned>(std::to_integer<Unsigned>(bytes[i]) << 8 * i);
  }
  bytes = bytes.subspan(sizeof value);
  return value;
}

}  // namespace samebits
