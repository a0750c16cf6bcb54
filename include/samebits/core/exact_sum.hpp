// Exact sums: integers that are wide enough for every sum of doubles, and of products of two doubles.
//
// An exact_sum is a number in fixed point, from 2^-2176, below the least product of two doubles, to 2^2112, above the
// sum of 2^62 of the largest. Adding to it rounds nothing, so that the order of the numbers does not matter: any
// grouping, on any number of threads, gives the same integer. Rounding happens once, when the result is read.
//
// Two ways lead into it. add() and add_product() shift the integer significand into its place; the limbs keep their
// carries (the "small superaccumulator" of R. M. Neal, "Fast exact summation using small and large superaccumulators",
// arXiv:1505.05571, 2015). add_numbers() and add_products() take blocks of numbers and first add them up in a few
// doubles, without an error: each number is cut at fixed powers of two, and pieces between the same two powers have
// exact sums (S. M. Rump, T. Ogita, S. Oishi, "Accurate floating-point summation part I: faithful rounding", SIAM J.
// Sci. Comput. 31, 2008; with sums that are cut and kept in one operation as in J. Demmel, H. D. Nguyen, "Parallel
// reproducible summation", IEEE Trans. Comput. 64, 2015). That is as fast as memory, where the numbers of a block lie
// within a factor of 2^30 or so; blocks that do not go the first way.
#pragma once

#include <cstdint>

#include "samebits/core/integers.hpp"
#include "samebits/core/math.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

// ---- the significand of a double -----------------------------------------------------------------------------------

/// |x| = significand 2^(exponent - 1075); the exponent is that of the format, and 1 for subnormal numbers.
struct split_double {
  SAMEBITS_HD explicit split_double(double x) {
    const std::uint64_t bits = to_bits(x);
    const int field = static_cast<int>(bits >> 52 & 0x7ff);
    significand = (bits & math_constants<double>::mantissa_mask) | (static_cast<std::uint64_t>(field != 0) << 52);
    exponent = field + (field == 0);
    is_finite = field != 0x7ff;
    sign = -static_cast<std::int64_t>(bits >> 63);
  }

  std::uint64_t significand;
  std::int64_t sign;  // 0, or -1 for negative numbers
  int exponent;
  bool is_finite;
};

// ---- rounding ------------------------------------------------------------------------------------------------------

/// The absolute value of an exact sum, or of a quotient of one: words of 32 bits, the lowest first.
struct exact_magnitude {
  static constexpr int n_words = 134;
  static constexpr int lowest_exponent = -2176;  // of the last bit of word 0

  std::uint32_t words[n_words];
  bool is_negative;
  bool has_more;  // something below the last bit

  /// Divides by n. A double needs 53 bits and the news whether anything follows, so that the quotient ends after its
  /// first four words.
  SAMEBITS_HD void divide(std::uint64_t n) {
    std::uint64_t remainder = 0;
    int n_made = 0;
    for (int i = n_words - 1; i >= 0; --i) {
      if (n_made == 4) {
        has_more = has_more || words[i] != 0;
        words[i] = 0;
      } else {
        words[i] = divide_word(words[i], n, &remainder);
        n_made += n_made > 0 || words[i] != 0;
      }
    }
    has_more = has_more || remainder != 0;
  }

  /// The nearest double, of two equally near ones the even one.
  SAMEBITS_HD double rounded() const {
    const int top = top_bit();
    if (top < 0) {
      return is_negative && has_more ? -0.0 : 0.0;
    }
    constexpr int bit_of_min_subnormal = -1074 - lowest_exponent;
    const int last = top - 52 > bit_of_min_subnormal ? top - 52 : bit_of_min_subnormal;
    std::uint64_t significand = bits_from(last);
    const bool is_half_or_more = bit(last - 1);
    const bool is_not_half = has_more || any_below(last - 1);
    if (is_half_or_more && (is_not_half || (significand & 1) != 0)) {
      ++significand;
    }
    // The leading bit of a significand adds 1 to the exponent, and where rounding carries into bit 53 it adds 2.
    const int exponent = last - bit_of_min_subnormal;
    const std::uint64_t bits_of_magnitude = exponent > 2045
                                                ? to_bits(math_constants<double>::infinity)
                                                : (static_cast<std::uint64_t>(exponent) << 52) + significand;
    return from_bits(bits_of_magnitude | (is_negative ? math_constants<double>::sign_mask : 0));
  }

 private:
  /// (remainder 2^32 + word) / n for remainder < n < 2^63, bit by bit: no target has this division.
  SAMEBITS_HD static std::uint32_t divide_word(std::uint32_t word, std::uint64_t n, std::uint64_t* remainder) {
    if (*remainder == 0 && word < n) {
      *remainder = word;
      return 0;
    }
    std::uint32_t quotient = 0;
    std::uint64_t rest = *remainder;
    for (int i = 31; i >= 0; --i) {
      rest = rest << 1 | (word >> i & 1);
      const bool fits = rest >= n;
      rest -= fits ? n : 0;
      quotient = quotient << 1 | static_cast<std::uint32_t>(fits);
    }
    *remainder = rest;
    return quotient;
  }

  SAMEBITS_HD std::uint64_t word(int i) const { return i < n_words ? words[i] : 0; }
  SAMEBITS_HD bool bit(int i) const { return (words[i / 32] >> (i % 32) & 1) != 0; }

  /// The number of the first bit that is 1, from above; -1 where there is none.
  SAMEBITS_HD int top_bit() const {
    for (int i = n_words - 1; i >= 0; --i) {
      if (words[i] != 0) {
        int top = 31;
        while ((words[i] >> top & 1) == 0) {
          --top;
        }
        return 32 * i + top;
      }
    }
    return -1;
  }

  /// 64 bits from bit `first` on.
  SAMEBITS_HD std::uint64_t bits_from(int first) const {
    const int i = first / 32;
    const int shift = first % 32;
    const std::uint64_t low = word(i) | word(i + 1) << 32;
    return shift == 0 ? low : low >> shift | word(i + 2) << (64 - shift);
  }

  SAMEBITS_HD bool any_below(int end) const {
    for (int i = 0; i < end / 32; ++i) {
      if (words[i] != 0) {
        return true;
      }
    }
    return (words[end / 32] & ((std::uint32_t{1} << end % 32) - 1)) != 0;
  }
};

// ---- the sum -------------------------------------------------------------------------------------------------------

/// A sum without rounding. Trivially copyable; clear() makes it 0.
///
/// The value is the sum of limbs[i] 2^(32 i - 2176). After normalise() every limb but the last lies in [0, 2^32) and
/// the last one holds the sign: a value has one such form, and equal sums have equal bytes. It holds the sum of any
/// 2^62 doubles or products. A number that is not finite only shows in n_refused; what is read then is NaN.
struct exact_sum {
  static constexpr int n_limbs = exact_magnitude::n_words;
  /// An add changes a limb by less than 2^52 + 2^32; 1023 of them, and those of another sum, stay within 63 bits.
  static constexpr int most_pending = 1023;

  std::int64_t limbs[n_limbs];
  std::int64_t n_pending;  // adds since the carries were propagated
  std::int64_t n_refused;  // above 0 once a number was not finite

  SAMEBITS_HD void clear() {
    for (std::int64_t& limb : limbs) {
      limb = 0;
    }
    n_pending = 0;
    n_refused = 0;
  }

  SAMEBITS_HD void add(double x) {
    const split_double a(x);
    if (!a.is_finite) {
      ++n_refused;
      return;
    }
    make_room();
    const int position = a.exponent - 1075 - exact_magnitude::lowest_exponent;
    const int shift = position & 31;
    std::int64_t* const limb = limbs + (position >> 5);
    add_word(limb[0], (a.significand << shift) & low_half, a.sign);
    add_word(limb[1], a.significand >> (32 - shift), a.sign);
  }

  /// Adds x y, of which all 106 bits count.
  SAMEBITS_HD void add_product(double x, double y) {
    const split_double a(x);
    const split_double b(y);
    if (!a.is_finite || !b.is_finite) {
      ++n_refused;
      return;
    }
    make_room();
    const std::uint64_t low = a.significand * b.significand;
    const std::uint64_t high = multiply_high(a.significand, b.significand);
    const std::int64_t sign = a.sign ^ b.sign;
    const int position = a.exponent + b.exponent - 2 * 1075 - exact_magnitude::lowest_exponent;
    const int shift = position & 31;
    const std::uint64_t part_0 = (low & low_half) << shift;
    const std::uint64_t part_1 = (low >> 32) << shift;
    const std::uint64_t part_2 = (high & low_half) << shift;
    const std::uint64_t part_3 = (high >> 32) << shift;  // below 2^41
    std::int64_t* const limb = limbs + (position >> 5);
    add_word(limb[0], part_0 & low_half, sign);
    add_word(limb[1], (part_0 >> 32) + (part_1 & low_half), sign);
    add_word(limb[2], (part_1 >> 32) + (part_2 & low_half), sign);
    add_word(limb[3], (part_2 >> 32) + part_3, sign);
  }

  SAMEBITS_HD void merge(const exact_sum& other) {
    for (int i = 0; i < n_limbs; ++i) {
      limbs[i] += other.limbs[i];
    }
    n_pending += other.n_pending + 1;
    n_refused += other.n_refused;
    if (n_pending > most_pending) {
      normalise();
    }
  }

  /// Propagates the carries.
  SAMEBITS_HD void normalise() {
    std::int64_t carry = 0;
    for (int i = 0; i < n_limbs - 1; ++i) {
      const std::int64_t limb = limbs[i] + carry;
      limbs[i] = limb & static_cast<std::int64_t>(low_half);
      carry = limb >> 32;
    }
    limbs[n_limbs - 1] += carry;
    n_pending = 0;
  }

  /// The nearest double, of two equally near ones the even one; infinity from 2^1024 - 2^970 on. A sum that is 0 gives
  /// +0.0, whatever the signs of zeros in it, and so does the sum of nothing.
  SAMEBITS_HD double rounded() const { return n_refused != 0 ? math_constants<double>::nan : magnitude().rounded(); }

  /// The nearest double to sum / n for n > 0: one rounding for both.
  SAMEBITS_HD double mean(std::int64_t n) const {
    if (n_refused != 0) {
      return math_constants<double>::nan;
    }
    exact_magnitude quotient = magnitude();
    quotient.divide(static_cast<std::uint64_t>(n));
    return quotient.rounded();
  }

 private:
  static constexpr std::uint64_t low_half = 0xffffffff;

  /// limb += word, or limb -= word where sign is -1.
  SAMEBITS_HD SAMEBITS_INLINE static void add_word(std::int64_t& limb, std::uint64_t word, std::int64_t sign) {
    limb += (static_cast<std::int64_t>(word) ^ sign) - sign;
  }

  SAMEBITS_HD SAMEBITS_INLINE void make_room() {
    if (n_pending == most_pending) {
      normalise();
    }
    ++n_pending;
  }

  SAMEBITS_HD exact_magnitude magnitude() const {
    exact_sum normal = *this;
    normal.normalise();
    exact_magnitude result;
    result.is_negative = normal.limbs[n_limbs - 1] < 0;
    result.has_more = false;
    // The two's complement of a negative number: all bits inverted, plus 1.
    const std::uint32_t inverted = result.is_negative ? 0xffffffff : 0;
    std::uint64_t carry = result.is_negative ? 1 : 0;
    for (int i = 0; i < n_limbs; ++i) {
      carry += static_cast<std::uint32_t>(normal.limbs[i]) ^ inverted;
      result.words[i] = static_cast<std::uint32_t>(carry);
      carry >>= 32;
    }
    return result;
  }
};

// ---- blocks of numbers ---------------------------------------------------------------------------------------------

// Numbers come from a reader: at<V>(i) is a V whose first number is number i.

/// Numbers one after the other.
struct exact_array {
  const double* numbers;

  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE V at(std::int64_t i) const {
    return load<V>(numbers + i);
  }
};

/// Products as they are rounded. With what rounding cut off they are exact, see products_split().
template <class Reader>
struct rounded_products {
  Reader x;
  Reader y;

  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE V at(std::int64_t i) const {
    return rounded(x.template at<V>(i) * y.template at<V>(i));
  }
};

/// What rounding cut off the products.
template <class Reader>
struct product_errors {
  Reader x;
  Reader y;

  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE V at(std::int64_t i) const {
    const V a = x.template at<V>(i);
    const V b = y.template at<V>(i);
    return fma(a, b, -rounded(a * b));
  }
};

namespace exact_blocks {

/// Numbers of a block: at most 2^log_size.
inline constexpr int log_size = 10;
inline constexpr std::int64_t size = std::int64_t{1} << log_size;

/// Independent chains, so that one operation need not wait for the one before it.
inline constexpr int chains = 4;

/// Numbers that the chains take at a time. Blocks are multiples of it.
template <class V>
inline constexpr int step = int{chains} * value_traits<V>::width;

template <class V>
SAMEBITS_HD SAMEBITS_INLINE V magnitude(V x) {
  return from_bits(to_bits(x) & bits_t<V>(~math_constants<double>::sign_mask));
}

/// True where a lane is neither 0.0 nor -0.0.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE bool has_magnitude(bits_t<V> bits) {
  double lanes[value_traits<V>::width];
  store(lanes, from_bits(bits));
  std::uint64_t all = 0;
  for (const double lane : lanes) {
    all |= to_bits(lane);
  }
  return (all & ~math_constants<double>::sign_mask) != 0;
}

/// The largest |x|; NaN counts as nothing.
template <class V, class Reader>
SAMEBITS_HD double largest_magnitude(const Reader& x, std::int64_t first, std::int64_t end) {
  V found[chains];
  for (V& value : found) {
    value = V(0.0);
  }
  for (std::int64_t i = first; i < end; i += step<V>) {
    SAMEBITS_UNROLL
    for (int c = 0; c < chains; ++c) {
      found[c] = max(found[c], magnitude(x.template at<V>(i + c * value_traits<V>::width)));
    }
  }
  double largest = 0;
  for (const V& value : found) {
    double lanes[value_traits<V>::width];
    store(lanes, value);
    for (const double lane : lanes) {
      largest = max(largest, lane);
    }
  }
  return largest;
}

/// Adds a block of numbers up in `Folds` doubles per lane, without an error.
///
/// Fold f starts as 1.5 2^s and stays in [2^s, 2^(s + 1)], where doubles are multiples of 2^(s - 52). Adding a number
/// rounds it to such a multiple; what that cuts off, at most 2^(s - 53), goes to the next fold. All of it is exact. A
/// block of 2^log_size numbers below B has room if their sum is at most 2^(s - 1): s = log2 B + log_size + 1 for the
/// first fold, and s - 52 + log_size for the one after it.
template <int Folds, class V>
class folded_block {
 public:
  /// Ready for numbers below 2^(exponent - 1022). False where the first fold would overflow.
  SAMEBITS_HD SAMEBITS_INLINE bool start(int exponent) {
    int fold_exponent = exponent + log_size + 2;
    if (fold_exponent > 2046) {
      return false;
    }
    for (int f = 0; f < Folds; ++f) {
      start_[f] = from_bits(static_cast<std::uint64_t>(fold_exponent) << 52 | std::uint64_t{1} << 51);
      for (int c = 0; c < chains; ++c) {
        folds_[c][f] = V(start_[f]);
      }
      // Exponent 1 has multiples of 2^-1074: it cuts off nothing.
      fold_exponent = fold_exponent > 53 - log_size ? fold_exponent - 52 + log_size : 1;
    }
    rest_ = bits_t<V>(std::uint64_t{0});
    return true;
  }

  SAMEBITS_HD SAMEBITS_INLINE void add(int chain, V x) {
    SAMEBITS_UNROLL
    for (int f = 0; f < Folds; ++f) {
      const V before = folds_[chain][f];
      folds_[chain][f] = before + x;
      x = x - (folds_[chain][f] - before);
    }
    rest_ = rest_ | to_bits(x);
  }

  /// True where the folds hold all of the numbers.
  SAMEBITS_HD SAMEBITS_INLINE bool is_exact() const { return !has_magnitude<V>(rest_); }

  /// The numbers in a fold. Adding lanes up is exact too, since the whole block has room.
  SAMEBITS_HD SAMEBITS_INLINE double total(int fold) const {
    double sum = 0;
    for (int c = 0; c < chains; ++c) {
      double lanes[value_traits<V>::width];
      store(lanes, folds_[c][fold] - V(start_[fold]));
      for (const double lane : lanes) {
        sum = sum + lane;
      }
    }
    return sum;
  }

 private:
  double start_[Folds];
  V folds_[chains][Folds];
  bits_t<V> rest_;
};

/// False, and nothing happens, where the folds cannot hold the numbers.
template <int Folds, class V, class Reader>
SAMEBITS_HD bool add_in_folds(exact_sum& sum, const Reader& x, std::int64_t first, std::int64_t end, double largest) {
  folded_block<Folds, V> block;
  if (!block.start(split_double(largest).exponent)) {
    return false;
  }
  for (std::int64_t i = first; i < end; i += step<V>) {
    SAMEBITS_UNROLL
    for (int c = 0; c < chains; ++c) {
      block.add(c, x.template at<V>(i + c * value_traits<V>::width));
    }
  }
  if (!block.is_exact()) {
    return false;
  }
  for (int f = 0; f < Folds; ++f) {
    sum.add(block.total(f));
  }
  return true;
}

/// Adds a block of numbers none of which is larger than `largest`. NaNs are left over by all folds.
template <class V, class Reader>
SAMEBITS_HD void add_block(exact_sum& sum, const Reader& x, std::int64_t first, std::int64_t end, double largest) {
  if (add_in_folds<2, V>(sum, x, first, end, largest) || add_in_folds<4, V>(sum, x, first, end, largest)) {
    return;
  }
  for (std::int64_t i = first; i < end; ++i) {
    sum.add(x.template at<double>(i));
  }
}

/// True where every product of the block is exactly what rounded_products and product_errors read: the first must not
/// overflow, and the last bit of the second, which is worth at least 2^-105 of the product, must not underflow.
template <class V, class Reader>
SAMEBITS_HD bool products_split(const rounded_products<Reader>& products, std::int64_t first, std::int64_t end,
                                double largest) {
  constexpr double lowest = 0x1p-960;
  bits_t<V> lost(std::uint64_t{0});
  for (std::int64_t i = first; i < end; i += value_traits<V>::width) {
    const V a = magnitude(products.x.template at<V>(i));
    const V b = magnitude(products.y.template at<V>(i));
    const V smaller = select_less(a, b, a, b);  // 0 where the product is
    lost = lost | to_bits(select_less(magnitude(products.template at<V>(i)), V(lowest), smaller, V(0.0)));
  }
  return largest < math_constants<double>::infinity && !has_magnitude<V>(lost);
}

/// Adds a block of products.
template <class V, class Reader>
SAMEBITS_HD void add_product_block(exact_sum& sum, const Reader& x, const Reader& y, std::int64_t first,
                                   std::int64_t end) {
  const rounded_products<Reader> products{x, y};
  const double largest = largest_magnitude<V>(products, first, end);
  if (products_split<V>(products, first, end, largest)) {
    add_block<V>(sum, products, first, end, largest);
    add_block<V>(sum, product_errors<Reader>{x, y}, first, end, largest * 0x1p-53);
    return;
  }
  for (std::int64_t i = first; i < end; ++i) {
    sum.add_product(x.template at<double>(i), y.template at<double>(i));
  }
}

/// The end of the block that starts with number `first`, of n.
SAMEBITS_HD SAMEBITS_INLINE std::int64_t end_of(std::int64_t first, std::int64_t n) {
  return n - first < size ? n : first + size;
}

}  // namespace exact_blocks

/// Adds numbers 0 .. n - 1 of a reader.
template <class V, class Reader>
SAMEBITS_HD void add_numbers(exact_sum& sum, const Reader& x, std::int64_t n) {
  namespace blocks = exact_blocks;
  const std::int64_t n_whole = n - n % blocks::step<V>;
  for (std::int64_t first = 0; first < n_whole; first += blocks::size) {
    const std::int64_t end = blocks::end_of(first, n_whole);
    blocks::add_block<V>(sum, x, first, end, blocks::largest_magnitude<V>(x, first, end));
  }
  for (std::int64_t i = n_whole; i < n; ++i) {
    sum.add(x.template at<double>(i));
  }
}

/// Adds the products of numbers 0 .. n - 1 of two readers. Worth it where V has an fma.
template <class V, class Reader>
SAMEBITS_HD void add_products(exact_sum& sum, const Reader& x, const Reader& y, std::int64_t n) {
  namespace blocks = exact_blocks;
  const std::int64_t n_whole = n - n % blocks::step<V>;
  for (std::int64_t first = 0; first < n_whole; first += blocks::size) {
    blocks::add_product_block<V>(sum, x, y, first, blocks::end_of(first, n_whole));
  }
  for (std::int64_t i = n_whole; i < n; ++i) {
    sum.add_product(x.template at<double>(i), y.template at<double>(i));
  }
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
