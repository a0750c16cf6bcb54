// Numbers that one thread of a kernel computes side by side, as a value type for the formulas of core/: every constant
// is loaded once for all of them, and while one waits for a result another one goes on.
#pragma once

#include <cstdint>
#include <type_traits>

#include "samebits/core/value.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

/// T is double, float, or the unsigned integer of the same size.
template <class T, int N>
struct thread_pack {
  using bits = thread_pack<std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>, N>;

  T lane[N];

  thread_pack() = default;
  SAMEBITS_HD SAMEBITS_INLINE thread_pack(T a) {
    SAMEBITS_UNROLL
    for (int i = 0; i < N; ++i) {
      lane[i] = a;
    }
  }

  /// f(0), f(1), ...
  template <class Function>
  SAMEBITS_HD static SAMEBITS_INLINE thread_pack of(const Function& f) {
    thread_pack made;
    SAMEBITS_UNROLL
    for (int i = 0; i < N; ++i) {
      made.lane[i] = f(i);
    }
    return made;
  }

  SAMEBITS_HD friend SAMEBITS_INLINE thread_pack operator+(thread_pack a, thread_pack b) {
    return of([&](int i) { return a.lane[i] + b.lane[i]; });
  }
  SAMEBITS_HD friend SAMEBITS_INLINE thread_pack operator-(thread_pack a, thread_pack b) {
    return of([&](int i) { return a.lane[i] - b.lane[i]; });
  }
  SAMEBITS_HD friend SAMEBITS_INLINE thread_pack operator*(thread_pack a, thread_pack b) {
    return of([&](int i) { return a.lane[i] * b.lane[i]; });
  }
  SAMEBITS_HD friend SAMEBITS_INLINE thread_pack operator/(thread_pack a, thread_pack b) {
    return of([&](int i) { return a.lane[i] / b.lane[i]; });
  }
  SAMEBITS_HD friend SAMEBITS_INLINE thread_pack operator-(thread_pack a) {
    return of([&](int i) { return -a.lane[i]; });
  }
  SAMEBITS_HD friend SAMEBITS_INLINE thread_pack operator&(thread_pack a, thread_pack b) {
    return of([&](int i) { return a.lane[i] & b.lane[i]; });
  }
  SAMEBITS_HD friend SAMEBITS_INLINE thread_pack operator|(thread_pack a, thread_pack b) {
    return of([&](int i) { return a.lane[i] | b.lane[i]; });
  }
  SAMEBITS_HD friend SAMEBITS_INLINE thread_pack operator^(thread_pack a, thread_pack b) {
    return of([&](int i) { return a.lane[i] ^ b.lane[i]; });
  }
  SAMEBITS_HD friend SAMEBITS_INLINE thread_pack multiply_low32(thread_pack a, thread_pack b) {
    return of([&](int i) { return multiply_low32(a.lane[i], b.lane[i]); });
  }
  SAMEBITS_HD friend SAMEBITS_INLINE thread_pack fma(thread_pack a, thread_pack b, thread_pack c) {
    return of([&](int i) { return fma(a.lane[i], b.lane[i], c.lane[i]); });
  }
  SAMEBITS_HD friend SAMEBITS_INLINE thread_pack fnma(thread_pack a, thread_pack b, thread_pack c) {
    return of([&](int i) { return fnma(a.lane[i], b.lane[i], c.lane[i]); });
  }
  SAMEBITS_HD friend SAMEBITS_INLINE thread_pack sqrt(thread_pack a) {
    return of([&](int i) { return core::sqrt(a.lane[i]); });
  }
  SAMEBITS_HD friend SAMEBITS_INLINE thread_pack select_less(thread_pack a, thread_pack b, thread_pack x,
                                                             thread_pack y) {
    return of([&](int i) { return select_less(a.lane[i], b.lane[i], x.lane[i], y.lane[i]); });
  }
  SAMEBITS_HD friend SAMEBITS_INLINE thread_pack select_odd(bits n, thread_pack x, thread_pack y) {
    return of([&](int i) { return (n.lane[i] & 1) != 0 ? x.lane[i] : y.lane[i]; });
  }
  SAMEBITS_HD friend SAMEBITS_INLINE bits to_bits(thread_pack a) {
    return bits::of([&](int i) { return to_bits(a.lane[i]); });
  }
};

template <int N>
struct value_traits<thread_pack<double, N>> {
  using scalar_type = double;
  using bits_type = thread_pack<std::uint64_t, N>;
  static constexpr int width = N;
};
template <int N>
struct value_traits<thread_pack<float, N>> {
  using scalar_type = float;
  using bits_type = thread_pack<std::uint32_t, N>;
  static constexpr int width = N;
};

template <int N>
SAMEBITS_HD SAMEBITS_INLINE thread_pack<double, N> from_bits(thread_pack<std::uint64_t, N> u) {
  return thread_pack<double, N>::of([&](int i) { return from_bits(u.lane[i]); });
}
template <int N>
SAMEBITS_HD SAMEBITS_INLINE thread_pack<float, N> from_bits(thread_pack<std::uint32_t, N> u) {
  return thread_pack<float, N>::of([&](int i) { return from_bits(u.lane[i]); });
}

template <int Count, class U, int N>
SAMEBITS_HD SAMEBITS_INLINE thread_pack<U, N> shift_left(thread_pack<U, N> u) {
  return thread_pack<U, N>::of([&](int i) { return u.lane[i] << Count; });
}
template <int Count, class U, int N>
SAMEBITS_HD SAMEBITS_INLINE thread_pack<U, N> shift_right(thread_pack<U, N> u) {
  return thread_pack<U, N>::of([&](int i) { return u.lane[i] >> Count; });
}

/// The same bits as twice as many 32-bit lanes, the low half of each 64-bit lane first, and back.
template <int N>
SAMEBITS_HD SAMEBITS_INLINE thread_pack<std::uint32_t, 2 * N> as_halves(thread_pack<std::uint64_t, N> u) {
  return thread_pack<std::uint32_t, 2 * N>::of(
      [&](int i) { return static_cast<std::uint32_t>(u.lane[i / 2] >> 32 * (i % 2)); });
}
template <int N>
SAMEBITS_HD SAMEBITS_INLINE thread_pack<std::uint64_t, N / 2> as_wholes(thread_pack<std::uint32_t, N> u) {
  return thread_pack<std::uint64_t, N / 2>::of(
      [&](int i) { return u.lane[2 * i] | std::uint64_t{u.lane[2 * i + 1]} << 32; });
}

#if defined(__CUDA_ARCH__) && defined(__CUDACC__)
template <int N>
SAMEBITS_HD SAMEBITS_INLINE thread_pack<double, N> converted(thread_pack<std::uint64_t, N> u) {
  return thread_pack<double, N>::of([&](int i) { return converted(u.lane[i]); });
}
template <int N>
SAMEBITS_HD SAMEBITS_INLINE thread_pack<float, N> converted(thread_pack<std::uint32_t, N> u) {
  return thread_pack<float, N>::of([&](int i) { return converted(u.lane[i]); });
}
template <int N>
SAMEBITS_HD SAMEBITS_INLINE thread_pack<float, N> converted_signed(thread_pack<std::uint32_t, N> u) {
  return thread_pack<float, N>::of([&](int i) { return converted_signed(u.lane[i]); });
}
#endif

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
