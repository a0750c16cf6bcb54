// Gamma variates and what is made of them: beta, chi-square, Student's t.
#pragma once

#include "samebits/core/distributions.hpp"
#include "samebits/core/sampler.hpp"
#include "samebits/core/special.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

/// Gamma variates of scale 1: G. Marsaglia and W. W. Tsang, "A simple method for generating gamma variables", ACM TOMS
/// 26, 2000. For shape < 1 a variate of shape + 1 is multiplied by u^(1 / shape), as they say.
struct gamma_proposal {
  double d;
  double c;  // 1 / sqrt(9 d)

  SAMEBITS_HD SAMEBITS_INLINE explicit gamma_proposal(double shape) {
    d = (shape < 1 ? shape + 1 : shape) - 0x1.5555555555555p-2;
    c = 1 / (3 * sqrt(d));
  }

  /// Proposes w, where d (1 + w)^3 is the variate. The score is log(acceptance probability) - log(uniform). With
  /// log1p(w) - w as one function it does not cancel, however large the shape: its terms are near z^2 / 2.
  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE V attempt(bits_t<V> word_0, bits_t<V> word_1, V& score) const {
    const V z = normal_quantile(uniform_open<V>(word_0));
    const V w = rounded(z * V(c));
    const V inside = max(w, V(-0x1.fffffffffep-1));  // where 1 + w would be 0 or less; variates below d 2^-120 go too
    const V cubic = fnma(inside * inside, inside + V(3.0), V(3.0) * log1pmx(inside));
    const V log_ratio = fma(V(d), cubic, fma(z * V(0.5), z, exponential<V>(word_1)));
    score = select_less(w, inside, V(-1.0), log_ratio);
    return inside;
  }
};

/// Where the numbers of one gamma variate lie among the blocks of its sample.
struct gamma_blocks {
  attempt_range attempts;
  std::uint64_t boost;  // for shape < 1
};
inline constexpr gamma_blocks first_gamma = {{0, 126}, 126};
inline constexpr gamma_blocks second_gamma = {{128, 126}, 254};
inline constexpr std::uint64_t spare_block = 127;  // for what a distribution needs beside them

template <class V>
struct gamma_variate {
  V w;
  V boost;  // an exponential over the shape: the variate is d (1 + w)^3 exp(-boost)
};

/// Smaller shapes are taken for this one: the variate is 0 or, for its logarithm, far below any other.
inline constexpr double least_shape = 1e-300;

/// A gamma distribution of scale 1.
struct unit_gamma {
  gamma_proposal proposal;
  double log_d;
  double inverse_shape;  // of the boost, or 0

  SAMEBITS_HD SAMEBITS_INLINE explicit unit_gamma(double shape) : proposal(shape), log_d(log(proposal.d)) {
    inverse_shape = shape < least_shape ? 1 / least_shape : shape < 1 ? 1 / shape : 0;
  }

  /// The variate.
  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE V sample(sample_blocks<V>& blocks, gamma_blocks where) const {
    const gamma_variate<V> parts = sample_parts(blocks, where);
    const V root = parts.w + V(1.0);
    const V whole = (root * root) * (root * V(proposal.d));
    return inverse_shape == 0 ? whole : whole * exp(V(0.0) - parts.boost);
  }

  /// Its logarithm, which is finite for any shape where the variate itself would be 0.
  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE V sample_log(sample_blocks<V>& blocks, gamma_blocks where) const {
    const gamma_variate<V> parts = sample_parts(blocks, where);
    return fma(log1p(parts.w), V(3.0), V(log_d) - parts.boost);
  }

 private:
  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE gamma_variate<V> sample_parts(sample_blocks<V>& blocks, gamma_blocks where) const {
    gamma_variate<V> parts;
    parts.w = first_accepted(blocks, where.attempts, proposal);
    parts.boost = V(0.0);
    if (inverse_shape != 0) {
      bits_t<V> words[2];
      blocks.draws(where.boost, words);
      parts.boost = rounded(positive_exponential<V>(words[0]) * V(inverse_shape));
    }
    return parts;
  }
};

struct gamma_sampler {
  unit_gamma unit;
  double scale;

  SAMEBITS_HD gamma_sampler(double shape, double scale_) : unit(shape), scale(scale_) {}

  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE V sample(sample_blocks<V>& blocks) const {
    return unit.sample(blocks, first_gamma) * V(scale);
  }
};

/// X / (X + Y) of two gammas, from their logarithms: small shapes do not end in 0 / 0.
struct beta_sampler {
  unit_gamma x;
  unit_gamma y;

  SAMEBITS_HD beta_sampler(double a, double b) : x(a), y(b) {}

  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE V sample(sample_blocks<V>& blocks) const {
    const V log_x = x.sample_log(blocks, first_gamma);
    const V log_y = y.sample_log(blocks, second_gamma);
    return V(1.0) / (exp(log_y - log_x) + V(1.0));
  }
};

/// z sqrt(df / X), X chi-square: z exp((log(df / 2) - log(gamma)) / 2).
struct student_t_sampler {
  unit_gamma half_chi_square;
  double log_half_df;

  SAMEBITS_HD explicit student_t_sampler(double df)
      : half_chi_square(0.5 * df), log_half_df(log(0.5 * df < least_shape ? least_shape : 0.5 * df)) {}

  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE V sample(sample_blocks<V>& blocks) const {
    const V log_gamma_variate = half_chi_square.sample_log(blocks, first_gamma);
    bits_t<V> words[2];
    blocks.draws(spare_block, words);
    const V z = normal_quantile(uniform_open<V>(words[0]));
    return z * exp((V(log_half_df) - log_gamma_variate) * V(0.5));
  }
};

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
