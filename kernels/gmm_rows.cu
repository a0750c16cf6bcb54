// What a mixture says about each row, on the device: log-probs, responsibilities, labels.
#include "kernels/gmm_e_step.hpp"
#include "kernels/gmm_pack.hpp"
#include "kernels/gmm_windows.hpp"
#include "kernels/guard.hpp"
#include "kernels/likeliest.hpp"
#include "kernels/tables.hpp"
#include "kernels/work_space.hpp"

namespace samebits::kernels {
namespace {

/// What the outputs of a row have in common, one of each per row; the log-likelihoods are in the batch.
template <class T>
struct row_summaries {
  T* largest;
  T* scale;  // of its responsibilities
  std::int64_t* labels;
};

/// A thread per row.
template <class T>
struct summary_kernel {
  static constexpr int block_threads = 128;
  using block_memory = no_state;
  using thread_memory = no_state;

  gmm_batch<T> batch;
  row_summaries<T> out;

  SAMEBITS_HD int phases() const { return 1; }
  SAMEBITS_HD void run(int, thread_position at, block_memory&, thread_memory&) const {
    const std::int64_t i = global_thread<summary_kernel>(at);
    if (i >= batch.n_rows) {
      return;
    }
    const std::int64_t n_components = batch.components.n_components;
    const likeliest<T> best = likeliest_of(batch.values(0) + i, n_components, batch.n_rows);
    T sum = core::empty_sum<T>();
    for (std::int64_t k = 0; k < n_components; ++k) {
      sum = sum + core::unnormalised_responsibility(batch.values(k)[i], best.log_prob);
    }
    batch.log_likelihoods(0)[i] = core::row_log_likelihood(best.log_prob, sum);
    out.largest[i] = best.log_prob;
    out.scale[i] = core::responsibility_scale(T(1), sum);
    out.labels[i] = best.component;
  }
};

enum class row_output { log_probs, log_responsibilities, responsibilities };

/// A thread per row and component, which are neighbours in the caller's layout.
template <class T>
struct output_kernel {
  static constexpr int block_threads = 128;
  using block_memory = no_state;
  using thread_memory = no_state;

  gmm_batch<T> batch;
  row_summaries<T> summaries;
  row_output kind;
  T* out;

  SAMEBITS_HD int phases() const { return 1; }
  SAMEBITS_HD void run(int, thread_position at, block_memory&, thread_memory&) const {
    const std::int64_t item = global_thread<output_kernel>(at);
    const std::int64_t n_components = batch.components.n_components;
    const std::int64_t i = item / n_components;
    if (i < batch.n_rows) {
      out[item] = output(i, batch.values(item % n_components)[i]);
    }
  }

 private:
  SAMEBITS_HD T output(std::int64_t i, T log_prob) const {
    switch (kind) {
      case row_output::log_responsibilities: return core::log_responsibility(log_prob, batch.log_likelihoods(0)[i]);
      case row_output::responsibilities:
        return core::unnormalised_responsibility(log_prob, summaries.largest[i]) * summaries.scale[i];
      default: return log_prob;
    }
  }
};

/// Fills the outputs some rows at a time, so that the device holds no array of rows x components.
template <class T>
class row_outputs {
 public:
  row_outputs(gmm_problem_of<T>& problem, const samebits_gmm_components& components, const samebits_gmm_rows& out)
      : problem_(problem),
        shape_(components.shape),
        components_(upload_mixtures<T>(
            1, [&](std::int64_t) -> const samebits_gmm_components& { return components; }, problem.components)),
        windows_(problem),
        log_probs_(static_cast<T*>(out.log_probs), problem.n_rows * components.n_components),
        log_responsibilities_(static_cast<T*>(out.log_responsibilities), problem.n_rows * components.n_components),
        responsibilities_(static_cast<T*>(out.responsibilities), problem.n_rows * components.n_components),
        log_likelihoods_(static_cast<T*>(out.log_likelihoods), problem.n_rows),
        labels_out_(out.labels, problem.n_rows),
        chunk_rows_(rows_at_once()) {
    row_values_.make_room(chunk_rows_ * (1 + components.n_components));
    summaries_.make_room(chunk_rows_ * 2);
    labels_.make_room(chunk_rows_);
  }

  void run() {
    for (std::int64_t first = 0; first < problem_.n_rows; first += chunk_rows_) {
      const std::int64_t left = problem_.n_rows - first;
      fill_chunk(first, left < chunk_rows_ ? left : chunk_rows_);
    }
    synchronize();  // a call on a problem ends when its work is done
  }

 private:
  /// Of each row there are its values, summaries and label, and every array of the host has two pieces there.
  std::int64_t rows_at_once() const {
    const std::int64_t k = components_.n_components;
    const std::int64_t n_numbers = (1 + k) + 2 + 2 * (3 * k + 1);
    const std::int64_t most = row_windows<T>::most_leaves(problem_) * leaf_rows;
    return fitting(
        most < problem_.n_rows ? most : problem_.n_rows,
        n_numbers * static_cast<std::int64_t>(sizeof(T)) + 3 * static_cast<std::int64_t>(sizeof(std::int64_t)));
  }

  void fill_chunk(std::int64_t first, std::int64_t n_rows) {
    const row_window<T> window = windows_.window(first, n_rows);
    const gmm_batch<T> batch{window.data, components_, window.first_row, n_rows, row_values_.data(),
                             false,       0,           nullptr,          0};
    const row_summaries<T> summaries{summaries_.data(), summaries_.data() + n_rows, labels_.data()};
    run_e_step(batch, shape_, samebits_gmm_by_rows, e_step::log_probs);
    launch(summary_kernel<T>{batch, summaries}, blocks_for<summary_kernel<T>>(n_rows));
    const std::int64_t k = components_.n_components;
    const auto fill = [&](row_output kind, device_output<T>& out) {
      out.piece(first * k, n_rows * k, [&](T* data) {
        launch(output_kernel<T>{batch, summaries, kind, data}, blocks_for<output_kernel<T>>(n_rows * k));
      });
    };
    fill(row_output::log_probs, log_probs_);
    fill(row_output::log_responsibilities, log_responsibilities_);
    fill(row_output::responsibilities, responsibilities_);
    log_likelihoods_.piece(first, n_rows, [&](T* data) { copy_on_device(data, batch.log_likelihoods(0), n_rows); });
    labels_out_.piece(first, n_rows, [&](std::int64_t* data) { copy_on_device(data, labels_.data(), n_rows); });
  }

  gmm_problem_of<T>& problem_;
  samebits_gmm_shape shape_;
  gmm_components<T> components_;
  row_windows<T> windows_;
  device_output<T> log_probs_;
  device_output<T> log_responsibilities_;
  device_output<T> responsibilities_;
  device_output<T> log_likelihoods_;
  device_output<std::int64_t> labels_out_;
  std::int64_t chunk_rows_;
  device_array<T> row_values_;
  device_array<T> summaries_;
  device_array<std::int64_t> labels_;
};

}  // namespace

samebits_status gmm_rows(samebits_call* call, void* problem, const samebits_gmm_components* components,
                         const samebits_gmm_rows* rows) {
  return guarded(call, [&] {
    with_problem(problem, [&]<class T>(gmm_problem_of<T>& p) { row_outputs<T>(p, *components, *rows).run(); });
  });
}

}  // namespace samebits::kernels
