// Random access to a pseudo-random permutation of any size, without memory, for host and device code. Header only.
#pragma once

#include <cstdint>
#include <string>

#include "samebits/core/integers.hpp"
#include "samebits/core/philox.hpp"
#include "samebits/error.hpp"
#include "samebits/stream.hpp"

namespace samebits {

/// A permutation of 0, 1, ..., n - 1 by a formula: element i, or the place of element j, costs 8 to 24 Philox blocks,
/// above n = 131072 about 110 ns on a CPU. Use it to visit rows in a random order of which each thread needs a part, or
/// of which there are too many to store; permutation.hpp makes a whole order faster, and exactly.
///
/// Up to n = 16: one of all n! permutations with equal probability within 2^-83, drawn from block 0 of the stream.
/// Above: a Feistel network with addition modulo a and b, where a = 2^m is within a factor 1.5 of sqrt(n) and
/// b = ceil(n / a), whose round functions are blocks of the stream, and cycle walking over the fewer than a numbers by
/// which a b exceeds n.
///
/// 24 rounds up to n = 512, 16 up to 131072, 8 above. The fault that takes most rounds to go is that p[i + 1] = p[i] +
/// 1 is too frequent: measured, with 4, 6, 8 and 10 rounds at n = 17, by 27%, 5.3%, 1.0% and 0.22%, so by a factor of
/// about a less for every two rounds. Extrapolated, it is 3e-8 at n = 17, 1e-7 at n = 513, 8e-6 at n = 131073, and
/// falls with n. From n = 35 on most of the n! permutations are out of reach, as for every generator: a name has only
/// 128 bits. It is not encryption: the key is the seed.
///
/// M. Luby, C. Rackoff: "How to construct pseudorandom permutations from pseudorandom functions", SIAM J. Comput. 17,
/// 1988. J. Black, P. Rogaway: "Ciphers with arbitrary finite domains", CT-RSA 2002. R. Mitchell, D. Stokes, E. Frank,
/// G. Holmes: "Bandwidth-optimal random shuffling for GPUs", ACM TOPC 9, 2022.
///
/// Trivially copyable. Uses the blocks of the stream that it is named after, so give it a name of its own
/// (stream_id::child).
///
/// @bits identical everywhere
class bijection {
 public:
  SAMEBITS_HD bijection(stream_id id, std::uint64_t n) : id_(id), n_(n) {
    if (n <= max_listed) {
      list();
      return;
    }
    low_bits_ = 0;
    while ((n - 1) >> low_bits_ >> low_bits_ > 1) {
      ++low_bits_;
    }
    n_high_ = ((n - 1) >> low_bits_) + 1;
    n_rounds_ = low_bits_ <= 4 ? 24 : low_bits_ <= 8 ? 16 : 8;
  }

  SAMEBITS_HD std::uint64_t size() const { return n_; }

  /// Element i of the permutation.
  ///
  /// @throws invalid_argument  i is not below n; device code gets i back
  SAMEBITS_HD std::uint64_t operator[](std::uint64_t i) const {
    if (i >= n_) {
      return out_of_range("bijection", "i", i);
    }
    if (n_ <= max_listed) {
      return listed_ >> 4 * i & 15;
    }
    do {
      i = encrypt(i);
    } while (i >= n_);
    return i;
  }

  /// The i with (*this)[i] == j.
  ///
  /// @throws invalid_argument  j is not below n; device code gets j back
  SAMEBITS_HD std::uint64_t inverse(std::uint64_t j) const {
    if (j >= n_) {
      return out_of_range("bijection::inverse", "j", j);
    }
    if (n_ <= max_listed) {
      return listed_inverse_ >> 4 * j & 15;
    }
    do {
      j = decrypt(j);
    } while (j >= n_);
    return j;
  }

 private:
  static constexpr std::uint64_t max_listed = 16;

  /// Draws one of the n! permutations by its number, as four bits per element.
  SAMEBITS_HD void list() {
    std::uint64_t n_permutations = 1;
    for (std::uint64_t i = 2; i <= n_; ++i) {
      n_permutations *= i;
    }
    std::uint64_t draws[2];
    core::philox_draws(id_.seed, id_.task, std::uint64_t{0}, draws);
    std::uint64_t number = core::bounded_integer(draws, n_permutations);
    listed_ = 0xfedcba9876543210;
    for (std::uint64_t i = 0; i < n_; ++i) {
      const std::uint64_t j = i + number % (n_ - i);
      number /= n_ - i;
      const std::uint64_t difference = (listed_ >> 4 * i ^ listed_ >> 4 * j) & 15;
      listed_ ^= difference << 4 * i;
      listed_ ^= difference << 4 * j;
    }
    for (std::uint64_t i = 0; i < n_; ++i) {
      listed_inverse_ |= i << 4 * (listed_ >> 4 * i & 15);
    }
  }

  /// What round number `round` adds to the other part: a number below `bound`, which is at most 2^32.
  SAMEBITS_HD SAMEBITS_INLINE std::uint64_t addend(std::uint32_t round, std::uint64_t part, std::uint64_t bound) const {
    std::uint64_t draws[2];
    core::philox_draws(id_.seed, id_.task, std::uint64_t{round} << 32 | part, draws);
    return core::multiply_high(draws[1], bound);
  }

  SAMEBITS_HD std::uint64_t encrypt(std::uint64_t i) const {
    const std::uint64_t n_low = std::uint64_t{1} << low_bits_;
    std::uint64_t low = i & (n_low - 1);
    std::uint64_t high = i >> low_bits_;
    for (std::uint32_t round = 0; round < n_rounds_; round += 2) {
      high += addend(round, low, n_high_);
      high -= high < n_high_ ? 0 : n_high_;
      low = (low + addend(round + 1, high, n_low)) & (n_low - 1);
    }
    return high << low_bits_ | low;
  }

  SAMEBITS_HD std::uint64_t decrypt(std::uint64_t i) const {
    const std::uint64_t n_low = std::uint64_t{1} << low_bits_;
    std::uint64_t low = i & (n_low - 1);
    std::uint64_t high = i >> low_bits_;
    for (std::uint32_t round = n_rounds_; round > 0; round -= 2) {
      low = (low - addend(round - 1, high, n_low)) & (n_low - 1);
      high += n_high_ - addend(round - 2, low, n_high_);
      high -= high < n_high_ ? 0 : n_high_;
    }
    return high << low_bits_ | low;
  }

  SAMEBITS_HD std::uint64_t out_of_range(const char* function, const char* parameter, std::uint64_t value) const {
#if defined(__CUDA_ARCH__)
    (void)function;
    (void)parameter;
    return value;
#else
    throw invalid_argument(std::string(function) + ": " + parameter + " is " + std::to_string(value) +
                           " but must be below n, " + std::to_string(n_));
#endif
  }

  stream_id id_;
  std::uint64_t n_;
  std::uint64_t listed_ = 0;  // up to n = 16: the permutation, and where each element is
  std::uint64_t listed_inverse_ = 0;
  std::uint64_t n_high_ = 0;  // above: the number i is high << low_bits_ | low, with high below n_high_
  std::uint32_t low_bits_ = 0;
  std::uint32_t n_rounds_ = 0;
};

}  // namespace samebits
