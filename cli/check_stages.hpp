// What the jobs of `samebits check` say about what they computed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "cli/check_jobs.hpp"
#include "samebits/digest.hpp"
#include "samebits/stream.hpp"

namespace samebits::cli {

inline constexpr std::size_t n_check_elements = 100'003;
inline constexpr stream_id check_stream{0x0123456789abcdef, 0xfedcba9876543210};

inline std::uint64_t short_digest(sha256& digest) {
  std::uint64_t first = 0;
  const std::array<std::uint8_t, 32> bytes = digest.finish();
  for (std::size_t i = 0; i < 8; ++i) {
    first = first << 8 | bytes[i];
  }
  return first;
}

inline stage stage_of(const std::string& name, std::initializer_list<std::span<const double>> parts) {
  sha256 digest;
  for (const std::span<const double> part : parts) {
    digest.update(part);
  }
  return {name, short_digest(digest)};
}

inline stage stage_of(const std::string& name, std::span<const std::byte> bytes) {
  sha256 digest;
  digest.update(bytes);
  return {name, short_digest(digest)};
}

/// (5 i + 1) mod 7 thirds.
std::vector<double> check_weights(std::int64_t n_rows);

/// The jobs of sums, products of matrices and sums over pairs.
std::vector<check_job> sum_jobs();

}  // namespace samebits::cli
