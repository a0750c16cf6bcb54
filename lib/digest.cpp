#include "samebits/digest.hpp"

#include <algorithm>
#include <bit>

namespace samebits {
namespace {

constexpr std::size_t length_size = 8;  // a message ends with its length in bits

constexpr std::array<std::uint32_t, 64> round_constants = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

std::uint32_t load_big_endian(const std::byte* p) {
  return std::to_integer<std::uint32_t>(p[0]) << 24 | std::to_integer<std::uint32_t>(p[1]) << 16 |
         std::to_integer<std::uint32_t>(p[2]) << 8 | std::to_integer<std::uint32_t>(p[3]);
}

std::uint32_t big_sigma_0(std::uint32_t x) { return std::rotr(x, 2) ^ std::rotr(x, 13) ^ std::rotr(x, 22); }
std::uint32_t big_sigma_1(std::uint32_t x) { return std::rotr(x, 6) ^ std::rotr(x, 11) ^ std::rotr(x, 25); }
std::uint32_t small_sigma_0(std::uint32_t x) { return std::rotr(x, 7) ^ std::rotr(x, 18) ^ (x >> 3); }
std::uint32_t small_sigma_1(std::uint32_t x) { return std::rotr(x, 17) ^ std::rotr(x, 19) ^ (x >> 10); }
std::uint32_t choose(std::uint32_t x, std::uint32_t y, std::uint32_t z) { return z ^ (x & (y ^ z)); }
std::uint32_t majority(std::uint32_t x, std::uint32_t y, std::uint32_t z) { return (x & y) | (z & (x | y)); }

std::array<std::uint32_t, 64> message_schedule(const std::byte* block) {
  std::array<std::uint32_t, 64> w;
  for (std::size_t t = 0; t < 16; ++t) w[t] = load_big_endian(block + 4 * t);
  for (std::size_t t = 16; t < 64; ++t) {
    w[t] = small_sigma_1(w[t - 2]) + w[t - 7] + small_sigma_0(w[t - 15]) + w[t - 16];
  }
  return w;
}

void compress(std::array<std::uint32_t, 8>& state, const std::byte* block) {
  const auto w = message_schedule(block);
  auto [a, b, c, d, e, f, g, h] = state;
  // The eight variables change roles instead of places: eight rounds written out save eight moves a round.
  const auto round = [&w](std::size_t t, std::uint32_t ra, std::uint32_t rb, std::uint32_t rc, std::uint32_t& rd,
                          std::uint32_t re, std::uint32_t rf, std::uint32_t rg, std::uint32_t& rh) {
    const std::uint32_t sum = rh + big_sigma_1(re) + choose(re, rf, rg) + round_constants[t] + w[t];
    rd += sum;
    rh = sum + big_sigma_0(ra) + majority(ra, rb, rc);
  };
  for (std::size_t t = 0; t < 64; t += 8) {
    round(t + 0, a, b, c, d, e, f, g, h);
    round(t + 1, h, a, b, c, d, e, f, g);
    round(t + 2, g, h, a, b, c, d, e, f);
    round(t + 3, f, g, h, a, b, c, d, e);
    round(t + 4, e, f, g, h, a, b, c, d);
    round(t + 5, d, e, f, g, h, a, b, c);
    round(t + 6, c, d, e, f, g, h, a, b);
    round(t + 7, b, c, d, e, f, g, h, a);
  }
  const std::array<std::uint32_t, 8> change = {a, b, c, d, e, f, g, h};
  for (std::size_t i = 0; i < state.size(); ++i) state[i] += change[i];
}

/// The lowest byte of `value` last, as SHA-256 writes numbers.
template <class Byte, class Unsigned>
void store_big_endian(Byte* p, Unsigned value) {
  for (std::size_t i = sizeof(Unsigned); i-- > 0; value >>= 8) p[i] = static_cast<Byte>(value & 0xff);
}

}  // namespace

/// Moves bytes into the block that is not full yet and returns how many it took.
std::size_t sha256::fill_block(std::span<const std::byte> bytes) {
  const std::size_t n = std::min(bytes.size(), block_size - block_used_);
  std::copy_n(bytes.begin(), n, block_.begin() + static_cast<std::ptrdiff_t>(block_used_));
  block_used_ += n;
  if (block_used_ == block_size) {
    compress(state_, block_.data());
    block_used_ = 0;
  }
  return n;
}

void sha256::update(std::span<const std::byte> bytes) {
  n_bytes_ += bytes.size();
  if (block_used_ > 0) bytes = bytes.subspan(fill_block(bytes));
  for (; bytes.size() >= block_size; bytes = bytes.subspan(block_size)) compress(state_, bytes.data());
  fill_block(bytes);
}

void sha256::update(std::span<const double> values) {
  if constexpr (std::endian::native == std::endian::little) {
    update(std::as_bytes(values));
  } else {
    for (const double value : values) {
      auto bytes = std::bit_cast<std::array<std::byte, sizeof(double)>>(value);
      std::reverse(bytes.begin(), bytes.end());
      update(bytes);
    }
  }
}

std::array<std::uint8_t, 32> sha256::finish() {
  std::array<std::byte, length_size> length;
  store_big_endian(length.data(), n_bytes_ * 8);
  // One bit, then zeros up to the length, which ends a block.
  constexpr std::array<std::byte, block_size> padding = {std::byte{0x80}};
  const std::size_t n_padding = block_size - (block_used_ + length_size) % block_size;
  update(std::span(padding).first(n_padding));
  update(length);

  std::array<std::uint8_t, 32> digest;
  for (std::size_t i = 0; i < state_.size(); ++i) store_big_endian(digest.data() + 4 * i, state_[i]);
  *this = sha256();
  return digest;
}

std::string digest_text(const std::array<std::uint8_t, 32>& digest) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text = "sha256:";
  for (const std::uint8_t byte : digest) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

std::string digest_text(std::span<const double> values) {
  sha256 hash;
  hash.update(values);
  return digest_text(hash.finish());
}

}  // namespace samebits
