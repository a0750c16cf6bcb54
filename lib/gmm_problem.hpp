// A mixture problem on a backend: rows, passes over them, parameters from sums. Shared by everything that works with
// mixtures; messages carry the name of the public function.
#pragma once

#include <string>
#include <vector>

#include "lib/backend.h"
#include "lib/checks.hpp"
#include "samebits/gmm.hpp"
#include "samebits/stream.hpp"

namespace samebits::gmm {

// ---- parameters and sums -----------------------------------------------------------------------------------------

samebits_gmm_shape shape_of(covariance_type type);
/// Numbers of one covariance in that shape: n^2 or n.
std::int64_t covariance_size(covariance_type type, std::int64_t n_cols);
bool is_tied(covariance_type type);
bool is_spherical(covariance_type type);

/// A mixture as backends know it: covariances in their shape, one for each component.
struct parameters {
  parameters(covariance_type type, std::int64_t k, std::int64_t n);
  /// From a model's own layout. Inverse factors are not made yet: prepare() does that.
  explicit parameters(const gmm_model& model);

  samebits_gmm_components components() const;
  samebits_gmm_parameters view();
  double* covariance(std::int64_t k) { return covariances.data() + k * covariance_size(type, n_cols); }
  const double* covariance(std::int64_t k) const { return covariances.data() + k * covariance_size(type, n_cols); }
  /// The covariances in the layout of covariances_shape, and back.
  std::vector<double> compact_covariances() const;
  void set_covariances(const double* compact);

  covariance_type type;
  std::int64_t n_components;
  std::int64_t n_cols;
  std::vector<double> weights;
  std::vector<double> means;
  std::vector<double> covariances;
  std::vector<double> inverse_factors;
  std::vector<double> log_constants;
};

struct sums {
  sums(covariance_type type, std::int64_t k, std::int64_t n);
  samebits_gmm_sums view();

  std::vector<double> sum_0;
  std::vector<double> sum_1;
  std::vector<double> sum_2;
};

/// How a pass shares out the rows, beside the E-step itself.
struct share_source {
  samebits_gmm_shares shares = samebits_gmm_soft;
  const double* responsibilities = nullptr;
  stream_id stream{};
  std::uint64_t first_draw = 0;
};

/// One mixture's part in a pass.
struct pass {
  const parameters* mixture;
  sums* into;  ///< nullptr: only the log-likelihood
  share_source source;
  double log_likelihood = 0;  ///< out: total, nats
};

/// Rows of a problem, and what an end of their runs is measured by.
struct run_rows {
  std::int64_t first;
  std::int64_t n;
  double sum_of_weights;
  double smallest_variance;  ///< a smaller one is a failure
  const double* reg_covar;   ///< [n_cols]
};

/// A run of passes and updates that a backend makes on its own.
struct long_run {
  run_rows rows;
  parameters* mixture;         ///< in: the first pass's; out: those of the last pass
  sums* into;                  ///< out: of the last pass
  std::vector<double>* trace;  ///< objectives so far; gets those of the passes before the last
  std::int64_t most_updates;
  double log_likelihood = 0;  ///< out: total of the last pass, nats
};

/// True on the CPU, where several problems over the same rows cost no memory and no copies.
bool is_host(const context& ctx);
/// The CPU backend that does what is done on the host: the context's own, so that a chosen instruction set covers the
/// whole fit, or the best.
const samebits_backend* host_backend(const context& ctx);

// ---- the problem -------------------------------------------------------------------------------------------------

/// Makes a mixture ready for the E-step without rows, on the context's own instruction set.
samebits_gmm_defect prepare(const context& ctx, const char* function, parameters& p);

/// The rows on the backend, closed at the end of the scope. One thread at a time may use it.
class problem {
 public:
  problem(const context& ctx, const char* function, const data_view& x, std::span<const double> sample_weights,
          gmm_schedule schedule = gmm_schedule::automatic);
  ~problem();
  problem(const problem&) = delete;
  problem& operator=(const problem&) = delete;

  const data_view& x() const { return x_; }
  const context& ctx() const { return ctx_; }
  const char* function() const { return function_; }
  /// The largest weight of a row.
  double largest_weight() const { return largest_weight_; }

  void step(std::span<pass> passes) const;
  /// One mixture: its total log-likelihood.
  double step(const parameters& p, sums* into, const share_source& source = {}) const;
  /// True where the backend has a loop for some runs.
  bool may_run_on() const { return has_run_loop_ && schedule_ != gmm_schedule::components; }
  /// Passes and updates of plain expectation-maximisation until a pass that may end a run or fail: what follows from
  /// that one is left to the caller. False, and nothing was done, where the backend leaves that to the host.
  bool run_on(std::span<long_run> runs, samebits_gmm_rules rules, double tolerance) const;
  void rows(const parameters& p, const samebits_gmm_rows& out) const;
  /// k-means++: [n_runs x n_seeds] rows. `first_row` is the first that counts.
  std::vector<double> draw_seeds(const parameters& metric, stream_id stream, std::uint64_t first_draw,
                                 std::int64_t n_runs, std::int64_t n_seeds, std::int64_t first_row) const;

  /// The next parameters from the sums. `rules.dtype` and `rules.covariance` are filled in here.
  samebits_gmm_defect update(parameters& p, sums& s, samebits_gmm_rules rules) const;

 private:
  void complete(samebits_gmm_rules& rules, const parameters& p) const;

  const context& ctx_;
  const char* function_;
  data_view x_;
  gmm_schedule schedule_;
  double largest_weight_ = 1;
  void* handle_ = nullptr;
  mutable bool has_run_loop_;  // as far as is known
};

}  // namespace samebits::gmm
