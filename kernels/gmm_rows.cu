// What a mixture says about each row, on the device: log-probs, responsibilities, labels.
#include "kernels/gmm_e_step.hpp"
#include "kernels/gmm_pack.hpp"
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
        out_(out) {
    constexpr auto size = static_cast<std::int64_t>(sizeof(T));
    const std::int64_t k = components.n_components;
    chunk_rows_ =
        fitting(problem.n_rows, size * (1 + k) + size * (2 + k) + static_cast<std::int64_t>(sizeof(*out.labels)));
    problem.row_values.make_room(chunk_rows_ * (1 + k));
    summaries_.make_room(chunk_rows_ * 2);
    labels_.make_room(chunk_rows_);
  }

  void run() const {
    for (std::int64_t first = 0; first < problem_.n_rows; first += chunk_rows_) {
      const std::int64_t left = problem_.n_rows - first;
      fill_chunk(first, left < chunk_rows_ ? left : chunk_rows_);
    }
    synchronize();  // a call on a problem ends when its work is done
  }

 private:
  void fill_chunk(std::int64_t first, std::int64_t n_rows) const {
    const gmm_batch<T> batch{problem_.data(), components_, first,   n_rows, problem_.row_values.data(),
                             false,           0,           nullptr, 0};
    const row_summaries<T> summaries{summaries_.data(), summaries_.data() + n_rows, labels_.data()};
    run_e_step(batch, shape_, samebits_gmm_by_rows, e_step::log_probs);
    launch(summary_kernel<T>{batch, summaries}, blocks_for<summary_kernel<T>>(n_rows));
    fill(batch, summaries, row_output::log_probs, out_.log_probs);
    fill(batch, summaries, row_output::log_responsibilities, out_.log_responsibilities);
    fill(batch, summaries, row_output::responsibilities, out_.responsibilities);
    if (out_.log_likelihoods != nullptr) {
      deliver(static_cast<T*>(out_.log_likelihoods) + first, batch.log_likelihoods(0), n_rows);
    }
    if (out_.labels != nullptr) {
      deliver(out_.labels + first, labels_.data(), n_rows);
    }
  }

  void fill(const gmm_batch<T>& batch, const row_summaries<T>& summaries, row_output kind, void* out) const {
    if (out != nullptr) {
      const std::int64_t k = components_.n_components;
      device_output<T>(static_cast<T*>(out)).piece(batch.first_row * k, batch.n_rows * k, [&](T* data) {
        launch(output_kernel<T>{batch, summaries, kind, data}, blocks_for<output_kernel<T>>(batch.n_rows * k));
      });
    }
  }

  gmm_problem_of<T>& problem_;
  samebits_gmm_shape shape_;
  gmm_components<T> components_;
  const samebits_gmm_rows& out_;
  std::int64_t chunk_rows_;
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
