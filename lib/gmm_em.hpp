// Plain expectation-maximisation.
#pragma once

#include "lib/gmm_runs.hpp"

namespace samebits::gmm {

/// Makes runs of it. The setting stays where it is.
run_maker em_runs(const fit_setting& setting);

/// gmm_fit for the public function of that name, with arguments that were checked.
gmm_model fit(const context& ctx, const char* function, const data_view& x, const gmm_options& o);

}  // namespace samebits::gmm
