// From the description of a distribution (samebits.h) to its sampler.
#pragma once

#include "samebits/core/bounded.hpp"
#include "samebits/core/continuous.hpp"
#include "samebits/core/discrete.hpp"
#include "samebits/core/gamma.hpp"
#include "samebits/core/multivariate.hpp"
#include "samebits/core/sampler.hpp"
#include "samebits/samebits.h"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

/// How a sampler is read and the type of its numbers.
template <layout Layout, class T>
struct sampling {
  static constexpr layout how = Layout;
  using value_type = T;
};

namespace detail {

/// Calls visitor(sampling<...>, sampler) for float or double numbers; make(T) gives the sampler.
template <layout Layout, class Visitor, class Make>
void visit_real(bool is_float, const Visitor& visitor, const Make& make) {
  if (is_float) {
    visitor(sampling<Layout, float>(), make(float()));
  } else {
    visitor(sampling<Layout, double>(), make(double()));
  }
}

}  // namespace detail

/// Calls visitor(sampling<layout, T>, sampler) for the distribution, whose arguments have been checked. `values` is its
/// table as the samplers want it (lib/distribution.hpp), where they will run.
template <class Visitor>
void visit_sampler(const samebits_distribution& d, const double* values, bool is_float, const Visitor& visitor) {
  using detail::visit_real;
  constexpr layout sixteen_bytes = layout::sixteen_bytes;
  constexpr layout attempts = layout::attempts;
  constexpr layout rows = layout::rows;
  const double(&p)[SAMEBITS_MAX_PARAMETERS] = d.parameters;
  const auto count = static_cast<std::int64_t>(d.count);
  const auto real = [&](const auto& make) { visit_real<sixteen_bytes>(is_float, visitor, make); };
  const auto attempted = [&](const auto& sampler) {
    visit_real<attempts>(is_float, visitor, [&](auto) { return sampler; });
  };
  const auto counted = [&](const auto& sampler) { visitor(sampling<attempts, std::int64_t>(), sampler); };
  const auto row = [&](const auto& sampler) { visit_real<rows>(is_float, visitor, [&](auto) { return sampler; }); };
  switch (static_cast<samebits_distribution_kind>(d.kind)) {
    case SAMEBITS_WORDS: return visitor(sampling<sixteen_bytes, std::uint32_t>(), word_sampler<std::uint32_t>());
    case SAMEBITS_WORDS64: return visitor(sampling<sixteen_bytes, std::uint64_t>(), word_sampler<std::uint64_t>());
    case SAMEBITS_UNIFORM: return real([&](auto t) { return uniform_sampler<decltype(t)>(p[0], p[1]); });
    case SAMEBITS_UNIFORM_POSITIVE: return real([&](auto t) { return uniform_positive_sampler<decltype(t)>(); });
    case SAMEBITS_UNIFORM_OPEN: return real([&](auto t) { return uniform_open_sampler<decltype(t)>(); });
    case SAMEBITS_UNIFORM_CURAND: return real([&](auto t) { return uniform_curand_sampler<decltype(t)>(); });
    case SAMEBITS_INTEGERS: return visitor(sampling<layout::eight_bytes, std::uint64_t>(), integers_sampler{d.count});
    case SAMEBITS_NORMAL: return real([&](auto t) { return normal_sampler<decltype(t)>(p[0], p[1]); });
    case SAMEBITS_LOGNORMAL: return real([&](auto t) { return lognormal_sampler<decltype(t)>(p[0], p[1]); });
    case SAMEBITS_EXPONENTIAL: return real([&](auto t) { return exponential_sampler<decltype(t)>(p[0]); });
    case SAMEBITS_GAMMA: return attempted(gamma_sampler(p[0], p[1]));
    case SAMEBITS_BETA: return attempted(beta_sampler(p[0], p[1]));
    case SAMEBITS_CHI_SQUARE: return attempted(gamma_sampler(0.5 * p[0], 2));
    case SAMEBITS_STUDENT_T: return attempted(student_t_sampler(p[0]));
    case SAMEBITS_CAUCHY: return real([&](auto t) { return cauchy_sampler<decltype(t)>(p[0], p[1]); });
    case SAMEBITS_LAPLACE: return real([&](auto t) { return laplace_sampler<decltype(t)>(p[0], p[1]); });
    case SAMEBITS_LOGISTIC: return real([&](auto t) { return logistic_sampler<decltype(t)>(p[0], p[1]); });
    case SAMEBITS_GUMBEL: return real([&](auto t) { return gumbel_sampler<decltype(t)>(p[0], p[1]); });
    case SAMEBITS_WEIBULL: return real([&](auto t) { return weibull_sampler<decltype(t)>(p[0], p[1]); });
    case SAMEBITS_PARETO: return real([&](auto t) { return pareto_sampler<decltype(t)>(p[0], p[1]); });
    case SAMEBITS_VON_MISES: return attempted(von_mises_sampler(p[0], p[1]));
    case SAMEBITS_TRUNCATED_NORMAL: return attempted(truncated_normal_sampler(p[0], p[1], p[2], p[3]));
    case SAMEBITS_POISSON: return counted(poisson_sampler(p[0]));
    case SAMEBITS_BINOMIAL: return counted(binomial_sampler(static_cast<double>(count), p[0]));
    case SAMEBITS_NEGATIVE_BINOMIAL: return counted(negative_binomial_sampler(p[0], p[1]));
    case SAMEBITS_GEOMETRIC: return counted(geometric_sampler(p[0]));
    case SAMEBITS_CATEGORICAL:
      return visitor(sampling<layout::eight_bytes, std::int64_t>(),
                     categorical_sampler{values, values + d.n_values, static_cast<std::uint64_t>(d.n_values)});
    case SAMEBITS_CATEGORICAL_CUMULATIVE:
      return visitor(sampling<layout::eight_bytes, std::int64_t>(),
                     cumulative_sampler{values, static_cast<std::uint64_t>(d.n_values)});
    case SAMEBITS_MULTINOMIAL:
      return visitor(sampling<rows, std::int64_t>(), multinomial_sampler(count, d.n_values, values));
    case SAMEBITS_DIRICHLET: return row(dirichlet_sampler(d.n_values, values));
    case SAMEBITS_MULTIVARIATE_NORMAL: return row(multivariate_normal_sampler(count, values));
    case SAMEBITS_SPHERE: return row(sphere_sampler(count));
    case SAMEBITS_ROTATION: return row(rotation_sampler(count));
  }
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
