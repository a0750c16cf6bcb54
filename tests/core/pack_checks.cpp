// Built once per instruction set: every lane of a pack must do what the scalar does.
#include <cstddef>

#include "cpu/pack.hpp"
#include "samebits/core/distributions.hpp"
#include "samebits/core/math.hpp"
#include "samebits/core/special.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {
namespace {

/// The same bits, or NaN on both sides.
template <class T>
bool same(T a, T b) {
  return to_bits(a) == to_bits(b) || (a != a && b != b);
}

/// Applies f to a pack and to each of its lanes, and compares.
template <class T, class Function>
bool lanes_agree(const T* x, const Function& f) {
  using V = pack<T>;
  T lanes[value_traits<V>::width];
  store(lanes, f(load<V>(x)));
  for (int j = 0; j < value_traits<V>::width; ++j) {
    if (!same(lanes[j], f(x[j]))) {
      return false;
    }
  }
  return true;
}

template <class V>
V sine(V x) {
  V s;
  V c;
  sincospi(x, s, c);
  return s;
}

template <class V>
V cosine(V x) {
  V s;
  V c;
  sincospi(x, s, c);
  return c;
}

template <class T>
const char* first_disagreement(const T* x, std::size_t n) {
  const auto differs = [&](const auto& f) {
    for (std::size_t i = 0; i + value_traits<pack<T>>::width <= n; i += value_traits<pack<T>>::width) {
      if (!lanes_agree(x + i, f)) {
        return true;
      }
    }
    return false;
  };
  if (differs([](auto v) { return exp(v); })) {
    return "exp";
  }
  if (differs([](auto v) { return log(v); })) {
    return "log";
  }
  if (differs([](auto v) { return sine(v); })) {
    return "sincospi, sine";
  }
  if (differs([](auto v) { return cosine(v); })) {
    return "sincospi, cosine";
  }
  if (differs([](auto v) { return log1p(v) + log1pmx(v); })) {
    return "log1p or log1pmx";
  }
  if (differs([](auto v) { return expm1(v); })) {
    return "expm1";
  }
  if (differs([](auto v) { return atan(v); })) {
    return "atan";
  }
  if (differs([](auto v) { return normal_quantile(v) + normal_quantile_lower(expm1(v)); })) {
    return "normal_quantile";
  }
  if constexpr (is_double<T>) {
    if (differs([](auto v) { return log_factorial(v) + stirling_error(v); })) {
      return "log_factorial or stirling_error";
    }
    if (differs([](auto v) { return log_gamma(v); })) {
      return "log_gamma";
    }
    if (differs([](auto v) { return digamma(v); })) {
      return "digamma";
    }
    if (differs([](auto v) { return deviance(magnitude(v), fma(v, v, decltype(v)(1))); })) {
      return "deviance";
    }
  }
  if (differs([](auto v) { return sqrt(v); })) {
    return "sqrt";
  }
  if (differs([](auto v) { return max(v, -v) / fnma(v, v, v); })) {
    return "max, fnma or division";
  }
  return nullptr;
}

}  // namespace

const char* pack_disagreement(const double* x, std::size_t n) { return first_disagreement(x, n); }
const char* pack_disagreement(const float* x, std::size_t n) { return first_disagreement(x, n); }

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
