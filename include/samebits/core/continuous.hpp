// Continuous distributions whose samples take one word each, or two words for two samples.
//
// A sampler holds prepared parameters. Either `one` makes a sample of one word, or `two` makes two samples of two
// words. L. Devroye, "Non-Uniform Random Variate Generation", 1986, chapters II and IX.
#pragma once

#include "samebits/core/distributions.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

/// The addend that leaves every x as it is, the sign of a zero included, when the location is 0.
template <class T>
SAMEBITS_HD SAMEBITS_INLINE T addend(double location) {
  return location == 0 ? -T(0) : static_cast<T>(location);
}

/// 1 / shape, kept finite so that a product with a zero logarithm is zero. 0 where the scale is 0: then every sample
/// is.
template <class T>
SAMEBITS_HD SAMEBITS_INLINE T inverse_of_shape(double shape, double scale) {
  if (static_cast<T>(scale) == T(0)) {
    return T(0);
  }
  const double inverse = 1 / shape;
  return inverse < static_cast<double>(math_constants<T>::largest) ? static_cast<T>(inverse)
                                                                   : math_constants<T>::largest;
}

/// [low, high), standard [0, 1).
template <class T>
struct uniform_sampler {
  T low;
  T range;
  T high;
  T largest;  // below high: the sum may round up to high

  SAMEBITS_HD uniform_sampler(double from, double to)
      : low(addend<T>(from)),
        range(static_cast<T>(to) - static_cast<T>(from)),
        high(static_cast<T>(to)),
        largest(low < high ? below(high) : high) {}

  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE V one(bits_t<V> word) const {
    const V x = fma(uniform<V>(word), V(range), V(low));
    return select_less(x, V(high), x, V(largest));
  }

 private:
  SAMEBITS_HD static T below(T x) {
    if (x == T(0)) {
      return -math_constants<T>::min_subnormal;
    }
    return from_bits(to_bits(x) + (x < T(0) ? bits_t<T>(1) : ~bits_t<T>(0)));
  }
};

/// (0, 1].
template <class T>
struct uniform_positive_sampler {
  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE V one(bits_t<V> word) const {
    return uniform_positive<V>(word);
  }
};

/// (0, 1).
template <class T>
struct uniform_open_sampler {
  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE V one(bits_t<V> word) const {
    return uniform_open<V>(word);
  }
};

/// cuRAND's bits.
template <class T>
struct uniform_curand_sampler {
  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE V one(bits_t<V> word) const {
    return uniform_curand<V>(word);
  }
};

template <class T>
struct normal_sampler {
  T mean;
  T sd;

  SAMEBITS_HD normal_sampler(double mean_, double sd_) : mean(addend<T>(mean_)), sd(static_cast<T>(sd_)) {}

  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE void two(bits_t<V> word_0, bits_t<V> word_1, V (&x)[2]) const {
    V z[2];
    normal_pair<V>(word_0, word_1, z);
    x[0] = fma(z[0], V(sd), V(mean));
    x[1] = fma(z[1], V(sd), V(mean));
  }
};

/// exp of a normal: `mean` and `sd` are those of the logarithm.
template <class T>
struct lognormal_sampler {
  normal_sampler<T> logarithm;

  SAMEBITS_HD lognormal_sampler(double mean, double sd) : logarithm(mean, sd) {}

  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE void two(bits_t<V> word_0, bits_t<V> word_1, V (&x)[2]) const {
    logarithm.template two<V>(word_0, word_1, x);
    x[0] = exp(x[0]);
    x[1] = exp(x[1]);
  }
};

template <class T>
struct exponential_sampler {
  T scale;

  SAMEBITS_HD explicit exponential_sampler(double scale_) : scale(static_cast<T>(scale_)) {}

  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE V one(bits_t<V> word) const {
    return exponential<V>(word) * V(scale);
  }
};

/// location + scale x.
template <class T>
struct location_scale {
  T location;
  T scale;

  SAMEBITS_HD location_scale(double location_, double scale_)
      : location(addend<T>(location_)), scale(static_cast<T>(scale_)) {}

  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE V placed(V x) const {
    return fma(x, V(scale), V(location));
  }
};

template <class T>
struct cauchy_sampler : location_scale<T> {
  using location_scale<T>::location_scale;

  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE V one(bits_t<V> word) const {
    return this->placed(uniform_tangent<V>(word));
  }
};

/// An exponential with a random sign. The sign is a bit that the exponential does not use.
template <class T>
struct laplace_sampler : location_scale<T> {
  using location_scale<T>::location_scale;

  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE V one(bits_t<V> word) const {
    using U = bits_t<V>;
    V magnitude;
    U sign;
    if constexpr (is_double<V>) {
      magnitude = exponential<V>(word);
      sign = shift_left<63>(word);
    } else {
      magnitude = exponential<V>(shift_left<1>(word) | U(std::uint32_t{1}));
      sign = word & U(std::uint32_t{0x80000000});
    }
    return this->placed(from_bits(to_bits(magnitude) | sign));
  }
};

/// log(u / (1 - u)).
template <class T>
struct logistic_sampler : location_scale<T> {
  using location_scale<T>::location_scale;

  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE V one(bits_t<V> word) const {
    V u;
    V complement;
    complementary_uniforms(word, u, complement);
    return this->placed(log_normal(u / complement));
  }
};

/// -log(E), the limit law of maxima.
template <class T>
struct gumbel_sampler : location_scale<T> {
  using location_scale<T>::location_scale;

  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE V one(bits_t<V> word) const {
    return fnma(log_normal(positive_exponential<V>(word)), V(this->scale), V(this->location));
  }
};

/// scale exp(x / shape).
template <class T>
struct shape_scale {
  T inverse_shape;
  T scale;

  SAMEBITS_HD shape_scale(double shape, double scale_)
      : inverse_shape(inverse_of_shape<T>(shape, scale_)), scale(static_cast<T>(scale_)) {}

  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE V power(V x) const {
    return exp(x * V(inverse_shape)) * V(scale);
  }
};

/// scale E^(1 / shape).
template <class T>
struct weibull_sampler : shape_scale<T> {
  using shape_scale<T>::shape_scale;

  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE V one(bits_t<V> word) const {
    return this->power(log_normal(positive_exponential<V>(word)));
  }
};

/// scale u^(-1 / shape): never below scale.
template <class T>
struct pareto_sampler : shape_scale<T> {
  using shape_scale<T>::shape_scale;

  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE V one(bits_t<V> word) const {
    return this->power(exponential<V>(word));
  }
};

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
