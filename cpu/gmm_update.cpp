// The parameters of a mixture from its sums, and their preparation for the next pass.
#include "cpu/memory.hpp"
#include "cpu/parallel.hpp"
#include "cpu/report.hpp"
#include "cpu/tables.hpp"
#include "lib/fp_environment.hpp"
#include "lib/gmm_parameters.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {
namespace {

class gmm_updater {
 public:
  explicit gmm_updater(const mixture_update& update) : update_(update) {}

  bool run(int n_threads, bool with_sums, samebits_gmm_defect* defect) {
    const std::int64_t n_components = update_.n_components;
    // Threads cost more than they bring for small matrices.
    n_threads = n_components * update_.covariance_size() * update_.n_cols > (1 << 17) ? n_threads : 1;
    cpu::buffer memory;
    if (!memory.allocate(static_cast<std::size_t>(n_threads * update_.work_size() + n_components))) {
      return false;
    }
    work_ = memory.data();
    static_assert(sizeof(std::int64_t) == sizeof(double));
    ranks_ = reinterpret_cast<std::int64_t*>(work_ + n_threads * update_.work_size());
    if (with_sums) {
      parallel_for<&gmm_updater::move>(n_threads, n_components, *this);
      if (update_.type.is_tied) {
        pool();
      }
      update_.update_weights();
    }
    parallel_for<&gmm_updater::prepare>(n_threads, update_.n_prepared(), *this);
    for (std::int64_t k = 1; update_.type.is_tied && k < n_components; ++k) {
      update_.share_factor(k);
    }
    *defect = first_defect();
    return true;
  }

 private:
  double* work(int thread) const { return work_ + thread * update_.work_size(); }

  void move(std::int64_t k, int thread) const { update_.move(k, work(thread)); }
  void prepare(std::int64_t k, int thread) const { ranks_[k] = update_.prepare(k, work(thread)); }

  void pool() const {
    const double total = update_.pooled_rows();
    if (!(total > 0.0)) {
      return;
    }
    for (std::int64_t i = 0; i < update_.covariance_size(); ++i) {
      update_.pool(i, total);
    }
    update_.regularise_pool();
  }

  samebits_gmm_defect first_defect() const {
    for (std::int64_t k = 0; k < update_.n_prepared(); ++k) {
      if (ranks_[k] < update_.n_cols) {
        return {k, ranks_[k]};
      }
    }
    return {-1, 0};
  }

  const mixture_update& update_;
  double* work_ = nullptr;         // work_size() doubles per thread
  std::int64_t* ranks_ = nullptr;  // per component
};

}  // namespace

samebits_status gmm_update(samebits_call* call, const samebits_gmm_sums* sums, const samebits_gmm_rules* rules,
                           samebits_gmm_parameters* parameters, samebits_gmm_defect* defect) {
  const default_fp_environment environment;
  const samebits_gmm_sums none{};
  const mixture_update update = make_mixture_update(sums == nullptr ? none : *sums, *rules, *parameters);
  return gmm_updater(update).run(call->n_threads, sums != nullptr, defect)
             ? SAMEBITS_OK
             : cpu::out_of_memory(call, "the factors of a mixture");
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
