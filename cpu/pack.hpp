// SIMD packs for the formulas of core/: a thin layer over Highway, for translation units built for one instruction
// set. docs/decisions/0002-simd-library.md says why Highway. Without SAMEBITS_SIMD the pack is the scalar itself.
#pragma once

#include "samebits/core/value.hpp"

#if defined(SAMEBITS_SIMD)
// The build gives the whole feature set by -march; Highway must not ask for more than that.
#define HWY_DISABLE_PCLMUL_AES
#include <hwy/highway.h>

static_assert(HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL,
              "fma must be one instruction: Highway's MulAdd rounds twice on targets without it");

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

namespace hn = hwy::HWY_NAMESPACE;

/// Unsigned integer lanes beside a pack of the same width.
template <class U>
struct integer_pack {
  using lane_type = U;
  using tag = hn::ScalableTag<U>;
  static constexpr int width = static_cast<int>(HWY_LANES(U));

  integer_pack() = default;
  SAMEBITS_INLINE integer_pack(hn::Vec<tag> lanes) : v(lanes) {}
  SAMEBITS_INLINE integer_pack(U u) : v(hn::Set(tag(), u)) {}
  static SAMEBITS_INLINE integer_pack load(const U* p) { return hn::LoadU(tag(), p); }

  friend SAMEBITS_INLINE integer_pack operator+(integer_pack a, integer_pack b) { return hn::Add(a.v, b.v); }
  friend SAMEBITS_INLINE integer_pack operator-(integer_pack a, integer_pack b) { return hn::Sub(a.v, b.v); }
  friend SAMEBITS_INLINE integer_pack operator&(integer_pack a, integer_pack b) { return hn::And(a.v, b.v); }
  friend SAMEBITS_INLINE integer_pack operator|(integer_pack a, integer_pack b) { return hn::Or(a.v, b.v); }
  friend SAMEBITS_INLINE integer_pack operator^(integer_pack a, integer_pack b) { return hn::Xor(a.v, b.v); }

  hn::Vec<tag> v;
};

template <int N, class U>
SAMEBITS_INLINE integer_pack<U> shift_left(integer_pack<U> a) {
  return hn::ShiftLeft<N>(a.v);
}
template <int N, class U>
SAMEBITS_INLINE integer_pack<U> shift_right(integer_pack<U> a) {
  return hn::ShiftRight<N>(a.v);
}
template <class U>
SAMEBITS_INLINE void store(U* p, integer_pack<U> a) {
  hn::StoreU(a.v, typename integer_pack<U>::tag(), p);
}
/// a[0], b[0], a[1], b[1], ... to any address.
SAMEBITS_INLINE void store_pairs(void* out, integer_pack<std::uint64_t> a, integer_pack<std::uint64_t> b) {
  hn::StoreInterleaved2(a.v, b.v, integer_pack<std::uint64_t>::tag(), static_cast<std::uint64_t*>(out));
}
SAMEBITS_INLINE integer_pack<std::uint64_t> multiply_low32(integer_pack<std::uint64_t> a,
                                                           integer_pack<std::uint64_t> b) {
  const hn::Repartition<std::uint32_t, integer_pack<std::uint64_t>::tag> halves;
  return hn::MulEven(hn::BitCast(halves, a.v), hn::BitCast(halves, b.v));
}

SAMEBITS_INLINE integer_pack<std::uint64_t> multiply_low64(integer_pack<std::uint64_t> a,
                                                           integer_pack<std::uint64_t> b) {
  const integer_pack<std::uint64_t> cross =
      multiply_low32(a, shift_right<32>(b)) + multiply_low32(shift_right<32>(a), b);
  return multiply_low32(a, b) + shift_left<32>(cross);
}

/// Floating-point lanes.
template <class T>
struct pack {
  using tag = hn::ScalableTag<T>;
  static constexpr int width = static_cast<int>(HWY_LANES(T));

  pack() = default;
  SAMEBITS_INLINE pack(hn::Vec<tag> lanes) : v(lanes) {}
  SAMEBITS_INLINE pack(T a) : v(hn::Set(tag(), a)) {}
  static SAMEBITS_INLINE pack load(const T* p) { return hn::LoadU(tag(), p); }
  /// p[at], lane by lane.
  template <class U>
  static SAMEBITS_INLINE pack gather(const T* p, integer_pack<U> at) {
    return hn::GatherIndex(tag(), p, hn::BitCast(hn::RebindToSigned<tag>(), at.v));
  }

  friend SAMEBITS_INLINE pack operator+(pack a, pack b) { return hn::Add(a.v, b.v); }
  friend SAMEBITS_INLINE pack operator-(pack a, pack b) { return hn::Sub(a.v, b.v); }
  friend SAMEBITS_INLINE pack operator*(pack a, pack b) { return hn::Mul(a.v, b.v); }
  friend SAMEBITS_INLINE pack operator/(pack a, pack b) { return hn::Div(a.v, b.v); }
  friend SAMEBITS_INLINE pack operator-(pack a) { return hn::Neg(a.v); }

  friend SAMEBITS_INLINE pack fma(pack a, pack b, pack c) { return hn::MulAdd(a.v, b.v, c.v); }
  friend SAMEBITS_INLINE pack fnma(pack a, pack b, pack c) { return hn::NegMulAdd(a.v, b.v, c.v); }
  friend SAMEBITS_INLINE pack rounded(pack a) { return a; }
  friend SAMEBITS_INLINE pack sqrt(pack a) { return hn::Sqrt(a.v); }
  friend SAMEBITS_INLINE pack select_less(pack a, pack b, pack x, pack y) {
    return hn::IfThenElse(hn::Lt(a.v, b.v), x.v, y.v);
  }
  /// maxpd(x, y) is x > y ? x : y, so maxpd(b, a) is exactly a < b ? b : a.
  friend SAMEBITS_INLINE pack max(pack a, pack b) { return hn::Max(b.v, a.v); }
  friend SAMEBITS_INLINE void store(T* p, pack a) { hn::StoreU(a.v, tag(), p); }

  hn::Vec<tag> v;
};

template <>
struct value_traits<pack<double>> {
  using scalar_type = double;
  using bits_type = integer_pack<std::uint64_t>;
  static constexpr int width = pack<double>::width;
};
template <>
struct value_traits<pack<float>> {
  using scalar_type = float;
  using bits_type = integer_pack<std::uint32_t>;
  static constexpr int width = pack<float>::width;
};

template <class T>
SAMEBITS_INLINE bits_t<pack<T>> to_bits(pack<T> a) {
  return hn::BitCast(typename bits_t<pack<T>>::tag(), a.v);
}
SAMEBITS_INLINE pack<double> from_bits(integer_pack<std::uint64_t> u) { return hn::BitCast(pack<double>::tag(), u.v); }
SAMEBITS_INLINE pack<float> from_bits(integer_pack<std::uint32_t> u) { return hn::BitCast(pack<float>::tag(), u.v); }

/// The same bits as twice as many 32-bit lanes, the low half of each 64-bit lane first, and back.
SAMEBITS_INLINE integer_pack<std::uint32_t> as_halves(integer_pack<std::uint64_t> u) {
  return hn::BitCast(integer_pack<std::uint32_t>::tag(), u.v);
}
SAMEBITS_INLINE integer_pack<std::uint64_t> as_wholes(integer_pack<std::uint32_t> u) {
  return hn::BitCast(integer_pack<std::uint64_t>::tag(), u.v);
}

/// start, start + 1, ... one per lane of V.
template <class V>
SAMEBITS_INLINE bits_t<V> consecutive(std::uint64_t start) {
  if constexpr (value_traits<V>::width == 1) {
    return static_cast<bits_t<V>>(start);
  } else {
    using U = typename bits_t<V>::lane_type;
    return bits_t<V>(static_cast<U>(start)) + bits_t<V>(hn::Iota(typename bits_t<V>::tag(), 0));
  }
}

/// start, start + stride, ... one per lane of V.
template <class V>
SAMEBITS_INLINE bits_t<V> strided(std::uint64_t start, std::uint64_t stride) {
  alignas(64) std::uint64_t lanes[value_traits<V>::width];
  for (std::uint64_t j = 0; j < value_traits<V>::width; ++j) {
    lanes[j] = start + j * stride;
  }
  return bits_t<V>::load(lanes);
}

/// Bit patterns, one per lane of V.
template <class V>
SAMEBITS_INLINE bits_t<V> load_bits(const typename bits_t<V>::lane_type* p) {
  return bits_t<V>::load(p);
}

/// p[0] .. p[n - 1], n < width, and zeros; nothing behind them is read.
template <class V>
SAMEBITS_INLINE V load_first(const scalar_t<V>* p, std::int64_t n) {
  const typename V::tag tag;
  return hn::MaskedLoad(hn::FirstN(tag, static_cast<std::size_t>(n < 0 ? 0 : n)), tag, p);
}

/// Neighbouring columns that load_turned() reads together: 16 bytes of a row.
template <class T>
inline constexpr int turned_cols = 16 / static_cast<int>(sizeof(T));

namespace detail {
/// 16 bytes from each of `Rows` rows, side by side.
template <int Rows, class T>
SAMEBITS_INLINE auto load_pieces(const T* first, std::int64_t stride) {
  if constexpr (Rows == 1) {
    return hn::LoadU(hn::Full128<T>(), first);
  } else {
    const auto low = load_pieces<Rows / 2>(first, stride);
    const auto high = load_pieces<Rows / 2>(first + Rows / 2 * stride, stride);
    return hn::Combine(hn::FixedTag<T, static_cast<std::size_t>(Rows) * turned_cols<T>>(), high, low);
  }
}
}  // namespace detail

/// Reads turned_cols<T> neighbouring columns of pack<T>::width rows: columns[b] receives column b, a row in each lane.
template <class T>
SAMEBITS_INLINE void load_turned(const T* rows, std::int64_t stride, pack<T> (&columns)[turned_cols<T>]) {
  const typename pack<T>::tag tag;
  constexpr int n = turned_cols<T>;
  const auto every_nth = [&](int first) {
    return detail::load_pieces<pack<T>::width / n>(rows + first * stride, n * stride);
  };
  if constexpr (n == 2) {
    const auto even = every_nth(0);
    const auto odd = every_nth(1);
    columns[0] = hn::InterleaveLower(tag, even, odd);
    columns[1] = hn::InterleaveUpper(tag, even, odd);
  } else {
    const auto row_0 = every_nth(0);
    const auto row_1 = every_nth(1);
    const auto row_2 = every_nth(2);
    const auto row_3 = every_nth(3);
    const auto left_even = hn::InterleaveLower(tag, row_0, row_2);
    const auto left_odd = hn::InterleaveLower(tag, row_1, row_3);
    const auto right_even = hn::InterleaveUpper(tag, row_0, row_2);
    const auto right_odd = hn::InterleaveUpper(tag, row_1, row_3);
    columns[0] = hn::InterleaveLower(tag, left_even, left_odd);
    columns[1] = hn::InterleaveUpper(tag, left_even, left_odd);
    columns[2] = hn::InterleaveLower(tag, right_even, right_odd);
    columns[3] = hn::InterleaveUpper(tag, right_even, right_odd);
  }
}

/// Reads pack<T>::width consecutive rows of Cols columns: columns[b] receives column b, a row in each lane.
template <int Cols, class T>
SAMEBITS_INLINE void load_rows(const T* rows, pack<T> (&columns)[Cols]) {
  const typename pack<T>::tag tag;
  if constexpr (Cols == 1) {
    columns[0] = hn::LoadU(tag, rows);
  } else if constexpr (Cols == 2) {
    hn::LoadInterleaved2(tag, rows, columns[0].v, columns[1].v);
  } else if constexpr (Cols == 3) {
    hn::LoadInterleaved3(tag, rows, columns[0].v, columns[1].v, columns[2].v);
  } else if constexpr (Cols == 4) {
    hn::LoadInterleaved4(tag, rows, columns[0].v, columns[1].v, columns[2].v, columns[3].v);
  } else {
    alignas(64) T turned[Cols][pack<T>::width];
    for (int i = 0; i < pack<T>::width; ++i) {
      for (int b = 0; b < Cols; ++b) {
        turned[b][i] = rows[i * Cols + b];
      }
    }
    for (int b = 0; b < Cols; ++b) {
      columns[b] = load<pack<T>>(turned[b]);
    }
  }
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
#else
namespace samebits::core {
inline namespace SAMEBITS_TARGET {
template <class T>
using pack = T;
template <class U>
using integer_pack = U;

template <class V>
SAMEBITS_INLINE bits_t<V> consecutive(std::uint64_t start) {
  return static_cast<bits_t<V>>(start);
}
template <class V>
SAMEBITS_INLINE bits_t<V> strided(std::uint64_t start, std::uint64_t) {
  return start;
}
SAMEBITS_INLINE void store(std::uint64_t* p, std::uint64_t a) { *p = a; }
SAMEBITS_INLINE void store_pairs(void* out, std::uint64_t a, std::uint64_t b) {
  const std::uint64_t pair[2] = {a, b};
  __builtin_memcpy(out, pair, sizeof pair);
}

template <class V>
SAMEBITS_INLINE bits_t<V> load_bits(const bits_t<V>* p) {
  return *p;
}

template <class V>
SAMEBITS_INLINE V load_first(const V*, std::int64_t) {
  return V(0);  // n < 1
}

template <class T>
inline constexpr int turned_cols = 1;
template <class T>
SAMEBITS_INLINE void load_turned(const T* rows, std::int64_t, T (&columns)[1]) {
  columns[0] = *rows;
}

template <int Cols, class T>
SAMEBITS_INLINE void load_rows(const T* rows, T (&columns)[Cols]) {
  for (int b = 0; b < Cols; ++b) {
    columns[b] = rows[b];
  }
}
}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
#endif
