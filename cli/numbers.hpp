// Random numbers of any type: their names, their bytes in files, their text.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "samebits/samebits.h"

namespace samebits::cli {

/// "float64" and so on, as NumPy calls them.
const char* dtype_name(samebits_dtype dtype);

/// Calls `action` with a 0 of the type.
template <class Action>
decltype(auto) with_type(samebits_dtype dtype, const Action& action) {
  switch (dtype) {
    case SAMEBITS_FLOAT32: return action(float{});
    case SAMEBITS_INT64: return action(std::int64_t{});
    case SAMEBITS_UINT64: return action(std::uint64_t{});
    case SAMEBITS_UINT32: return action(std::uint32_t{});
    default: return action(double{});
  }
}

/// The bytes of the values, of each the lowest first. On a machine with another order it turns the values over.
template <class T>
std::span<const std::byte> little_endian_bytes(std::span<T> values) {
  const std::span<std::byte> bytes = std::as_writable_bytes(values);
  if constexpr (std::endian::native == std::endian::big) {
    for (std::size_t i = 0; i < bytes.size(); i += sizeof(T)) {
      std::reverse(bytes.begin() + i, bytes.begin() + i + sizeof(T));
    }
  }
  return bytes;
}

inline std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Appends the shortest decimals that give the same value when they are read as its type.
template <class T>
void append_number(std::string& text, T value) {
  std::array<char, 32> digits;  // the longest is -2.2250738585072014e-308
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  text.append(digits.data(), end);
}

/// Rows of n_cols numbers as lines.
template <class T>
std::string lines(std::span<T> values, std::size_t n_cols) {
  std::string text;
  for (std::size_t i = 0; i < values.size(); ++i) {
    append_number(text, values[i]);
    text += (i + 1) % n_cols == 0 ? '\n' : ',';
  }
  return text;
}

/// What a .npy file has before its values, which follow in C order.
std::string npy_header(samebits_dtype dtype, const std::vector<std::uint64_t>& shape);

}  // namespace samebits::cli
