// Compiled once per instruction set.
#include "tests/core/float_words.hpp"

#include "cpu/pack.hpp"
#include "samebits/core/continuous.hpp"

#define SAMEBITS_JOINED(a, b) a##b
#define SAMEBITS_JOIN(a, b) SAMEBITS_JOINED(a, b)

namespace samebits::core {
namespace {

template <bool Sine>
struct direction {
  template <class V>
  SAMEBITS_INLINE V one(bits_t<V> word) const {
    V sine;
    V cosine;
    uniform_direction<V>(word, sine, cosine);
    return Sine ? sine : cosine;
  }
};

template <class Sampler>
void samples(const Sampler& sampler, std::uint32_t first, int n, float* out) {
  using V = pack<float>;
  for (int i = 0; i < n; i += value_traits<V>::width) {
    const bits_t<V> words = consecutive<V>(first + static_cast<std::uint32_t>(i));
    store(out + i, sampler.template one<V>(words));
  }
}

}  // namespace

void SAMEBITS_JOIN(float_samples_, SAMEBITS_TARGET)(int function, std::uint32_t first, int n, float* out) {
  switch (function) {
    case 0: return samples(uniform_sampler<float>(0, 1), first, n, out);
    case 1: return samples(uniform_positive_sampler<float>(), first, n, out);
    case 2: return samples(uniform_open_sampler<float>(), first, n, out);
    case 3: return samples(uniform_curand_sampler<float>(), first, n, out);
    case 4: return samples(exponential_sampler<float>(1), first, n, out);
    case 5: return samples(cauchy_sampler<float>(0, 1), first, n, out);
    case 6: return samples(laplace_sampler<float>(0, 1), first, n, out);
    case 7: return samples(logistic_sampler<float>(0, 1), first, n, out);
    case 8: return samples(gumbel_sampler<float>(0, 1), first, n, out);
    case 9: return samples(weibull_sampler<float>(2, 1), first, n, out);
    case 10: return samples(pareto_sampler<float>(3, 1), first, n, out);
    case 11: return samples(direction<true>(), first, n, out);
    default: return samples(direction<false>(), first, n, out);
  }
}

}  // namespace samebits::core
