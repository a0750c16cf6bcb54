// Distributions on an interval that need several attempts: von Mises and the truncated normal.
#pragma once

#include "samebits/core/distributions.hpp"
#include "samebits/core/sampler.hpp"
#include "samebits/core/special.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

// ---- von Mises ----------------------------------------------------------------------------------------------------

/// D. J. Best and N. I. Fisher, "Efficient simulation of the von Mises distribution", Applied Statistics 28, 1979: a
/// wrapped Cauchy proposal. Their cosines are written with the tangent t of half the angle, so that nothing cancels for
/// any concentration: 1 - cos = 2 t^2 / (1 + t^2), and with their rho, t = (1 - rho) / (1 + rho) tan(pi u).
struct von_mises_proposal {
  double concentration;
  double tangent_scale;  // (1 - rho) / (1 + rho)
  double least;          // concentration (r - 1), the smallest of their c

  SAMEBITS_HD explicit von_mises_proposal(double concentration_) : concentration(concentration_) {
    const double twice = 2 * concentration;
    const double s = sqrt(fma(twice, twice, 1.0));
    const double g = sqrt(2 * (1 + s));
    const double denominator = (1 + s) + g;
    const double rho = twice / denominator;
    const double rest = (1 + 1 / (s + twice) + g) / denominator;  // 1 - rho
    tangent_scale = rest / (1 + rho);
    least = rest * rest * denominator * 0.25;
  }

  /// The tangent of half the angle.
  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE V attempt(bits_t<V> word_0, bits_t<V> word_1, V& score) const {
    const V t = uniform_tangent<V>(word_0) * V(tangent_scale);
    const V t2 = rounded(t * t);
    const V c = fma(V(concentration + concentration), t2 / (t2 + V(1.0)), V(least));
    score = (log(c) + V(1.0)) - (c - exponential<V>(word_1));
    return t;
  }
};

struct von_mises_sampler {
  double mean;
  von_mises_proposal proposal;

  SAMEBITS_HD von_mises_sampler(double mean_, double concentration) : mean(mean_), proposal(concentration) {}

  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE V sample(sample_blocks<V>& blocks) const {
    const V t = first_accepted(blocks, {0, blocks_per_sample}, proposal);
    const V angle = fma(atan(t), V(2.0), V(mean));
    const V pi = V(math_constants<double>::pi_high);
    const V two_pi = pi + pi;
    const V lowered = select_less(pi, angle, angle - two_pi, angle);
    const V raised = select_less(lowered, V(0.0) - pi, lowered + two_pi, lowered);
    return max(select_less(pi, raised, pi, raised), V(0.0) - pi);
  }
};

// ---- truncated normal ---------------------------------------------------------------------------------------------

/// C. P. Robert, "Simulation of truncated normal variables", Statistics and Computing 5, 1995. Depending on the
/// interval, proposals are normal, uniform, or exponential from the end that is nearer to the mean.
struct truncated_normal_proposal {
  enum class method { point, normal, uniform_around_0, uniform_in_tail, exponential_in_tail };

  method how;
  double low;   // of the standard normal; in a tail, the upper one: low >= 0
  double high;  // may be infinite, and with it the range
  double range;
  double rate;

  /// `range` is high - low, which the caller has without cancellation.
  SAMEBITS_HD truncated_normal_proposal(double low_, double high_, double range_)
      : low(low_), high(high_), range(range_), rate(0) {
    if (low < 0) {
      how = range < 0x1.40d931ff62706p1 ? method::uniform_around_0 : method::normal;  // sqrt(2 pi)
      return;
    }
    // Beyond 10^8 standard deviations the tail is exponential as far as doubles can tell.
    const double root = low < 1e8 ? sqrt(fma(low, low, 4.0)) : low;
    rate = low < 1e8 ? 0.5 * (low + root) : low;
    // Robert's bound on the range above which exponential proposals are the better ones.
    const double longest = exp(low < 1e8 ? fma(0.5 * low, 0.5 * (low - root), 0.5) : 0.0) / rate;
    how = range < longest ? method::uniform_in_tail : method::exponential_in_tail;
  }

  /// The distance from 0 (normal, uniform_around_0) or from low (in a tail).
  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE V attempt(bits_t<V> word_0, bits_t<V> word_1, V& score) const {
    if (how == method::normal) {
      const V z = normal_quantile(uniform_open<V>(word_0));
      const V room = select_less(V(high), z, V(-1.0), V(0.0));
      score = select_less(z, V(low), V(-1.0), room);
      return z;
    }
    const V e = exponential<V>(word_1);
    if (how == method::uniform_around_0) {
      const V z = fma(uniform_open<V>(word_0), V(range), V(low));
      score = fnma(z * V(0.5), z, e);
      return z;
    }
    if (how == method::uniform_in_tail) {
      const V x = rounded(uniform_open<V>(word_0) * V(range));
      score = fnma(x * V(0.5), x + V(low + low), e);
      return x;
    }
    const V x = exponential<V>(word_0) / V(rate);
    const V off = x - V(rate - low);
    score = select_less(V(range), x, V(-1.0), fnma(off * V(0.5), off, e));
    return x;
  }
};

struct truncated_normal_sampler {
  double mean;
  double sd;
  double low;
  double high;
  double sign;  // -1: the proposal is for the mirrored interval
  truncated_normal_proposal proposal;

  SAMEBITS_HD truncated_normal_sampler(double mean_, double sd_, double low_, double high_)
      : mean(mean_), sd(sd_), low(low_), high(high_), sign(high_ < mean_ ? -1 : 1), proposal(standardized()) {}

  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE V sample(sample_blocks<V>& blocks) const {
    using method = truncated_normal_proposal::method;
    if (proposal.how == method::point) {
      return V(mean < low ? low : high < mean ? high : mean);
    }
    const V distance = first_accepted(blocks, {0, blocks_per_sample}, proposal);
    const bool in_tail = proposal.how == method::uniform_in_tail || proposal.how == method::exponential_in_tail;
    const double origin = !in_tail ? mean : sign < 0 ? high : low;
    const V x = fma(distance, V(sign * sd), V(origin));
    return select_less(V(high), x, V(high), max(x, V(low)));
  }

 private:
  SAMEBITS_HD truncated_normal_proposal standardized() const {
    if (sd == 0 || !(low < high)) {
      truncated_normal_proposal point(0, 1, 1);
      point.how = truncated_normal_proposal::method::point;
      return point;
    }
    const double range = (high - low) / sd;
    return sign < 0 ? truncated_normal_proposal((mean - high) / sd, (mean - low) / sd, range)
                    : truncated_normal_proposal((low - mean) / sd, (high - mean) / sd, range);
  }
};

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
