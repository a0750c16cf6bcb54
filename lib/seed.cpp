#include "samebits/seed.hpp"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "samebits/core/derive.hpp"
#include "samebits/error.hpp"

namespace samebits {
namespace {

/// Reads a number of which `text` holds all digits and nothing else.
bool read_digits(std::string_view text, int base, std::uint64_t& number) {
  const char* const end = text.data() + text.size();
  const auto [stop, status] = std::from_chars(text.data(), end, number, base);
  return !text.empty() && stop == end && status == std::errc{};
}

}  // namespace

seed seed::from_bits(std::uint64_t high, std::uint64_t low) {
  std::uint64_t value = high;
  std::uint64_t rest = low;
  core::derive(value, rest, 128, core::seed_tag);
  seed result(value);
  result.high_ = high;
  result.low_ = low;
  result.has_bits_ = true;
  return result;
}

seed seed::from_text(std::string_view text) {
  std::uint64_t value = 0;
  std::uint64_t rest = 0;
  core::derive_text(value, rest, text.data(), text.size(), core::seed_tag);
  return seed(value);
}

seed seed::from_entropy() {
  std::array<std::uint64_t, 2> bits;
  ssize_t n_bytes = 0;
  do {
    n_bytes = ::getrandom(bits.data(), sizeof bits, 0);
  } while (n_bytes < 0 && errno == EINTR);
  if (n_bytes != static_cast<ssize_t>(sizeof bits)) {
    throw error(SAMEBITS_INTERNAL, std::string("seed::from_entropy: getrandom: ") +
                                       (n_bytes < 0 ? std::strerror(errno) : "fewer bytes than asked for"));
  }
  return from_bits(bits[0], bits[1]);
}

seed seed::parse(std::string_view text) {
  std::uint64_t number = 0;
  if (read_digits(text, 10, number)) {
    return seed(number);
  }
  if (text.starts_with("0x") || text.starts_with("0X")) {
    const std::string_view digits = text.substr(2);
    if (digits.size() <= 16 && read_digits(digits, 16, number)) {
      return seed(number);
    }
    std::uint64_t high = 0;
    if (digits.size() > 16 && digits.size() <= 32 && read_digits(digits.substr(0, digits.size() - 16), 16, high) &&
        read_digits(digits.substr(digits.size() - 16), 16, number)) {
      return from_bits(high, number);
    }
  }
  return text == "entropy" ? from_entropy() : from_text(text);
}

std::string seed::origin() const {
  if (!has_bits_) {
    return std::to_string(value_);
  }
  std::string text = "0x";
  for (const std::uint64_t half : {high_, low_}) {
    for (int shift = 60; shift >= 0; shift -= 4) {
      text += "0123456789abcdef"[half >> shift & 15];
    }
  }
  return text;
}

}  // namespace samebits
