// What an E-step does with one row of a mixture. The row's values, one per component, lie `stride` apart.
#pragma once

#include "kernels/gmm_batch.hpp"
#include "kernels/likeliest.hpp"

namespace samebits::kernels {

/// How far an E-step goes: what it leaves in the values. The last two also make log-likelihoods, and the
/// responsibilities only for passes with sums.
enum class e_step { squared_distances, log_probs, soft, hard };

/// The values of a row for components number .. number + n_components - 1: log-probs, which become responsibilities.
template <class T>
struct row_of_mixture {
  T* values;
  std::int64_t stride;
  std::int64_t n_components;

  SAMEBITS_HD T& value(std::int64_t k) const { return values[k * stride]; }

  /// Squared distances, or log-probs; returns the likeliest component of these.
  template <class Row>
  SAMEBITS_HD likeliest<T> measure(const Row& row, const gmm_components<T>& components, std::int64_t number,
                                   bool with_log_probs) const {
    likeliest<T> best{};
    for (std::int64_t k = 0; k < n_components; ++k) {
      const T squared = row.squared_distance(components.mean(number + k), components.inverse_factor(number + k));
      if (with_log_probs) {
        const T log_prob = core::component_log_prob(components.log_constant(number + k), squared);
        value(k) = log_prob;
        best.see(k, log_prob);
      } else {
        value(k) = squared;
      }
    }
    return best;
  }

  /// Log-probs become responsibilities, of which nobody needs the last step without sums. Returns the weighted
  /// log-likelihood of the row.
  SAMEBITS_HD T share(const likeliest<T>& best, T weight, bool hard, bool with_sums) const {
    if (!hard) {
      return core::weighted_log_likelihood(weight, share_softly(best.log_prob, weight, with_sums));
    }
    for (std::int64_t k = 0; with_sums && k < n_components; ++k) {
      value(k) = k == best.component ? weight : T(0);
    }
    return core::weighted_log_likelihood(weight, best.log_prob);
  }

 private:
  SAMEBITS_HD T share_softly(T largest, T weight, bool with_sums) const {
    T sum = core::empty_sum<T>();
    for (std::int64_t k = 0; k < n_components; ++k) {
      const T share = core::unnormalised_responsibility(value(k), largest);
      value(k) = share;
      sum = sum + share;
    }
    if (with_sums) {
      const T scale = core::responsibility_scale(weight, sum);
      for (std::int64_t k = 0; k < n_components; ++k) {
        value(k) = value(k) * scale;
      }
    }
    return core::row_log_likelihood(largest, sum);
  }
};

}  // namespace samebits::kernels
