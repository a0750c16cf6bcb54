// A mixture's parameters as backends get them, for core/gmm_update.hpp. Shared by the library's backends.
#pragma once

#include "lib/backend.h"
#include "samebits/core/gmm_update.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

inline covariance_rules covariance_rules_of(std::int32_t covariance) {
  switch (static_cast<samebits_covariance_type>(covariance)) {
    case SAMEBITS_FULL: return {true, false, false};
    case SAMEBITS_TIED: return {true, true, false};
    case SAMEBITS_DIAG: return {false, false, false};
    case SAMEBITS_SPHERICAL: return {false, false, true};
    case SAMEBITS_TIED_DIAG: return {false, true, false};
    case SAMEBITS_TIED_SPHERICAL: return {false, true, true};
  }
  return {};
}

inline mixture_update make_mixture_update(const samebits_gmm_sums& sums, const samebits_gmm_rules& rules,
                                          const samebits_gmm_parameters& p) {
  return {p.n_components,
          p.n_cols,
          covariance_rules_of(rules.covariance),
          rules.dtype == SAMEBITS_FLOAT32,
          sums.sum_0,
          sums.sum_1,
          sums.sum_2,
          rules.reg_covar,
          rules.frozen_weights,
          rules.frozen_means,
          rules.frozen_covariances,
          p.weights,
          p.means,
          p.covariances,
          p.inverse_factors,
          p.log_constants};
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
