#include "lib/gmm_em.hpp"

#include "samebits/core/gmm.hpp"

namespace samebits::gmm {
namespace {

/// Expectation-maximisation from one start.
class em_run : public fit_run {
 public:
  em_run(const problem& rows, const fit_setting& setting, drawn_starts& drawn, std::int64_t restart)
      : fit_run(setting, restart, make_start(rows, setting, drawn, restart)), rules_(setting.rules()) {
    const gmm_options& o = setting.options;
    rules_.frozen_weights = o.frozen_weights.empty() ? nullptr : o.frozen_weights.data();
    rules_.frozen_means = o.frozen_means.empty() ? nullptr : o.frozen_means.data();
    rules_.frozen_covariances = o.frozen_covariances.empty() ? nullptr : o.frozen_covariances.data();
  }

 private:
  double objective_of(double total) const override { return core::mean_log_likelihood(total, setting_.sum_of_weights); }

  const samebits_gmm_rules* plain_rules() const override { return &rules_; }

  void maximise(const problem& rows, const std::string& when) override {
    require_regular(rows, setting_.options, rows.update(mixture_, sums_, rules_), mixture_, when);
  }

  samebits_gmm_rules rules_;
};

}  // namespace

run_maker em_runs(const fit_setting& setting) {
  return [&setting](const problem& own, drawn_starts& drawn, std::int64_t restart) {
    return std::make_unique<em_run>(own, setting, drawn, restart);
  };
}

gmm_model fit(const context& ctx, const char* function, const data_view& x, const gmm_options& o) {
  const problem rows(ctx, function, x, o.sample_weights, o.schedule);
  const fit_setting setting = make_setting(rows, o);
  return best_run(rows, setting, em_runs(setting))->finish();
}

}  // namespace samebits::gmm
