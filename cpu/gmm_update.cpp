// The parameters of a mixture from its sums, and their preparation for the next pass.
#include "cpu/memory.hpp"
#include "cpu/parallel.hpp"
#include "cpu/report.hpp"
#include "cpu/tables.hpp"
#include "lib/fp_environment.hpp"
#include "samebits/core/gmm.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {
namespace {

/// Work space of one component's update.
struct component_workspace {
  component_workspace(double* start, std::int64_t n, bool is_triangle)
      : shift(start), rest(start + n), factor(start + 2 * n), size(2 * n + (is_triangle ? n * n : 0)) {}
  double* shift;
  double* rest;
  double* factor;
  std::int64_t size;
};

bool is_set(const std::uint8_t* flags, std::int64_t k) { return flags != nullptr && flags[k] != 0; }

class gmm_updater {
 public:
  gmm_updater(const samebits_gmm_sums* sums, const samebits_gmm_rules& rules, const samebits_gmm_parameters& p)
      : sums_(sums),
        rules_(rules),
        p_(p),
        type_(static_cast<samebits_covariance_type>(rules.covariance)),
        is_triangle_(type_ == SAMEBITS_FULL || type_ == SAMEBITS_TIED),
        is_tied_(type_ == SAMEBITS_TIED || type_ == SAMEBITS_TIED_DIAG || type_ == SAMEBITS_TIED_SPHERICAL),
        covariance_size_(is_triangle_ ? p.n_cols * p.n_cols : p.n_cols),
        thread_size_(component_workspace(nullptr, p.n_cols, is_triangle_).size) {}

  bool run(int n_threads, samebits_gmm_defect* defect) {
    const std::int64_t n = p_.n_cols;
    // Threads cost more than they bring for small matrices.
    n_threads = p_.n_components * covariance_size_ * n > (1 << 17) ? n_threads : 1;
    cpu::buffer memory;
    if (!memory.allocate(static_cast<std::size_t>(n_threads * thread_size_ + p_.n_components))) {
      return false;
    }
    scratch_ = memory.data();
    static_assert(sizeof(std::int64_t) == sizeof(double));
    ranks_ = reinterpret_cast<std::int64_t*>(scratch_ + n_threads * thread_size_);
    if (sums_ != nullptr) {
      parallel_for<&gmm_updater::move_component>(n_threads, p_.n_components, *this);
      if (is_tied_) {
        pool_components();
      }
      update_weights();
    }
    parallel_for<&gmm_updater::prepare_component>(n_threads, is_tied_ ? 1 : p_.n_components, *this);
    share_tied_factor();
    *defect = first_defect();
    return true;
  }

 private:
  double* covariance(std::int64_t k) const { return p_.covariances + k * covariance_size_; }

  /// The mean and the covariance of one component. Tied covariances wait for the others before they are regularised.
  void move_component(std::int64_t k, int thread) const {
    const std::int64_t n = p_.n_cols;
    const double sum_0 = sums_->sum_0[k];
    if (!(sum_0 > 0.0)) {
      return;
    }
    const component_workspace memory(scratch_ + thread * thread_size_, n, is_triangle_);
    const component_shift shift{memory.shift, memory.rest, is_set(rules_.frozen_means, k)};
    move_mean(sum_0, sums_->sum_1 + k * n, n, rules_.dtype == SAMEBITS_FLOAT32, shift, p_.means + k * n);
    if (is_set(rules_.frozen_covariances, k)) {
      return;
    }
    const double* const sum_2 = sums_->sum_2 + k * covariance_size_;
    if (is_triangle_) {
      component_covariance(sum_0, sum_2, shift, n, covariance(k));
    } else {
      component_variances(sum_0, sum_2, shift, n, covariance(k));
    }
    if (!is_tied_) {
      regularise(covariance(k));
    }
  }

  /// Adds reg_covar, and makes variances equal where the type wants that.
  void regularise(double* covariance) const {
    const std::int64_t n = p_.n_cols;
    for (std::int64_t a = 0; a < n; ++a) {
      double& variance = covariance[is_triangle_ ? a * n + a : a];
      variance = variance + rules_.reg_covar[a];
    }
    if (type_ == SAMEBITS_SPHERICAL || type_ == SAMEBITS_TIED_SPHERICAL) {
      const double mean = mean_variance(covariance, n);
      for (std::int64_t a = 0; a < n; ++a) {
        covariance[a] = mean;
      }
    }
  }

  double sum_of(const std::uint8_t* skipped) const {
    double total = 0.0;
    for (std::int64_t k = 0; k < p_.n_components; ++k) {
      total = is_set(skipped, k) ? total : total + sums_->sum_0[k];
    }
    return total;
  }

  /// The covariance of all components, each with its share of the rows, into the first.
  void pool_components() const {
    const double total = sum_of(nullptr);
    if (!(total > 0.0)) {
      return;
    }
    double* const pool = covariance(0);
    for (std::int64_t i = 0; i < covariance_size_; ++i) {
      double element = empty_sum<double>();
      for (std::int64_t k = 0; k < p_.n_components; ++k) {
        if (sums_->sum_0[k] > 0.0) {
          element = pooled(sums_->sum_0[k] / total, covariance(k)[i], element);
        }
      }
      pool[i] = element;
    }
    regularise(pool);
  }

  void update_weights() const {
    const double free_sum = sum_of(rules_.frozen_weights);
    if (!(free_sum > 0.0)) {
      return;  // every row belongs to components with frozen weights
    }
    double frozen = 0.0;
    for (std::int64_t k = 0; k < p_.n_components; ++k) {
      frozen = is_set(rules_.frozen_weights, k) ? frozen + p_.weights[k] : frozen;
    }
    for (std::int64_t k = 0; k < p_.n_components; ++k) {
      if (!is_set(rules_.frozen_weights, k)) {
        p_.weights[k] = component_weight(sums_->sum_0[k], free_sum, frozen);
      }
    }
  }

  void prepare_component(std::int64_t k, int thread) const {
    const std::int64_t n = p_.n_cols;
    const component_workspace memory(scratch_ + thread * thread_size_, n, is_triangle_);
    double* const inverse_factor = p_.inverse_factors + k * covariance_size_;
    double log_determinant = 0.0;
    ranks_[k] = is_triangle_ ? factor_covariance(covariance(k), n, memory.factor, inverse_factor, log_determinant)
                             : factor_variances(covariance(k), n, inverse_factor, log_determinant);
    const std::int64_t last = is_tied_ ? p_.n_components : k + 1;
    for (std::int64_t j = k; j < last; ++j) {
      p_.log_constants[j] = log_constant(p_.weights[j], n, log_determinant);
    }
  }

  void share_tied_factor() const {
    for (std::int64_t k = 1; is_tied_ && k < p_.n_components; ++k) {
      for (std::int64_t i = 0; i < covariance_size_; ++i) {
        covariance(k)[i] = covariance(0)[i];
        p_.inverse_factors[k * covariance_size_ + i] = p_.inverse_factors[i];
      }
    }
  }

  samebits_gmm_defect first_defect() const {
    const std::int64_t n_prepared = is_tied_ ? 1 : p_.n_components;
    for (std::int64_t k = 0; k < n_prepared; ++k) {
      if (ranks_[k] < p_.n_cols) {
        return {k, ranks_[k]};
      }
    }
    return {-1, 0};
  }

  const samebits_gmm_sums* sums_;
  const samebits_gmm_rules& rules_;
  const samebits_gmm_parameters& p_;
  samebits_covariance_type type_;
  bool is_triangle_;
  bool is_tied_;
  std::int64_t covariance_size_;
  std::int64_t thread_size_;  // doubles of scratch per thread
  double* scratch_ = nullptr;
  std::int64_t* ranks_ = nullptr;  // per component
};

}  // namespace

samebits_status gmm_update(samebits_call* call, const samebits_gmm_sums* sums, const samebits_gmm_rules* rules,
                           samebits_gmm_parameters* parameters, samebits_gmm_defect* defect) {
  const default_fp_environment environment;
  return gmm_updater(sums, *rules, *parameters).run(call->n_threads, defect)
             ? SAMEBITS_OK
             : cpu::out_of_memory(call, "the factors of a mixture");
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
