// The E-step of a mixture on the device, and the other sources of responsibilities.
#include "kernels/gmm_e_step.hpp"
#include "kernels/gmm_wide_distances.hpp"
#include "kernels/likeliest.hpp"

namespace samebits::kernels {
namespace {

/// The values of a row for one mixture of a batch.
template <class T>
SAMEBITS_HD row_of_mixture<T> row_of(const gmm_batch<T>& batch, std::int64_t mixture, std::int64_t i) {
  const std::int64_t n_components = batch.components.n_components;
  return {batch.values(mixture * n_components) + i, batch.n_rows, n_components};
}

template <class T>
SAMEBITS_HD void share(const gmm_batch<T>& batch, std::int64_t mixture, std::int64_t i, const likeliest<T>& best,
                       bool hard) {
  const double weight = batch.data.weight(batch.range(mixture).first + i);
  batch.log_likelihoods(mixture)[i] =
      row_of(batch, mixture, i).share(best, static_cast<T>(weight), hard, batch.with_sums);
}

/// Is there something to do for row i? A mixture may have come to its end, or have fewer rows than others.
template <class T>
SAMEBITS_HD bool has_row(const gmm_batch<T>& batch, std::int64_t mixture, std::int64_t i) {
  return !batch.has_ended(mixture) && i < batch.range(mixture).n;
}

/// A thread per mixture and row whose log-probs came from other threads.
template <class T>
struct share_kernel {
  static constexpr int block_threads = 128;
  using block_memory = no_state;
  using thread_memory = no_state;

  gmm_batch<T> batch;
  bool hard;

  SAMEBITS_HD int phases() const { return 1; }
  SAMEBITS_HD void run(int, thread_position at, block_memory&, thread_memory&) const {
    const std::int64_t item = global_thread<share_kernel>(at);
    const std::int64_t mixture = item / batch.n_rows;
    const std::int64_t i = item % batch.n_rows;
    if (mixture < batch.components.n_mixtures && has_row(batch, mixture, i)) {
      const row_of_mixture<T> row = row_of(batch, mixture, i);
      share(batch, mixture, i, likeliest_of(row.values, row.n_components, row.stride), hard);
    }
  }
};

// ---- distances and log-probs ---------------------------------------------------------------------------------------

/// A thread per row and group of components. A group that is a whole mixture goes on to responsibilities.
template <class T, class Shape, int Cols>
struct e_step_kernel {
  static constexpr int block_threads = 128;
  using block_memory = no_state;
  using thread_memory = no_state;

  gmm_batch<T> batch;
  std::int64_t group_size;
  e_step until;

  SAMEBITS_HD std::int64_t n_groups() const { return batch.components.n_all() / group_size; }
  std::int64_t n_blocks() const { return blocks_for<e_step_kernel>(n_groups() * batch.n_rows); }

  SAMEBITS_HD int phases() const { return 1; }
  SAMEBITS_HD void run(int, thread_position at, block_memory&, thread_memory&) const {
    const std::int64_t item = global_thread<e_step_kernel>(at);
    const std::int64_t group = item / batch.n_rows;
    const std::int64_t i = item % batch.n_rows;
    if (group >= n_groups()) {
      return;
    }
    const std::int64_t mixture = group_size == 1 ? group / batch.components.n_components : group;
    if (!has_row(batch, mixture, i)) {
      return;
    }
    const bool with_shares = until == e_step::soft || until == e_step::hard;
    const gmm_row<T, Shape, Cols> row(batch.data, batch.range(mixture).first + i);
    const row_of_mixture<T> values{batch.values(group * group_size) + i, batch.n_rows, group_size};
    const likeliest<T> best =
        values.measure(row, batch.components, group * group_size, until != e_step::squared_distances);
    if (with_shares) {
      share(batch, group, i, best, until == e_step::hard);
    }
  }
};

template <class T>
void measure_rows(const gmm_batch<T>& batch, samebits_gmm_shape shape, std::int64_t group_size, e_step until) {
  with_columns(shape, batch.data.n_cols, [&]<class Shape, int Cols>() {
    if constexpr (Shape::is_diagonal || Cols > 0) {
      const e_step_kernel<T, Shape, Cols> kernel{batch, group_size, until};
      launch(kernel, kernel.n_blocks());
    }
  });
}

template <class T>
void measure_wide(const gmm_batch<T>& batch, bool with_log_probs) {
  with_wide_tiles(batch.data.n_cols, [&]<int Tiles>() {
    with_units<T>([&]<class Units>() {
      const wide_distances_kernel<T, Tiles, Units> kernel(batch, with_log_probs);
      launch(kernel, kernel.n_blocks());
    });
  });
}

}  // namespace

template <class T>
void run_e_step(const gmm_batch<T>& batch, samebits_gmm_shape shape, samebits_gmm_order order, e_step until) {
  const bool with_shares = until == e_step::soft || until == e_step::hard;
  const bool is_wide = shape == samebits_gmm_triangle && batch.data.n_cols >= core::gmm_wide_cols;
  const bool by_components = order == samebits_gmm_by_components;
  if (is_wide) {
    measure_wide(batch, until != e_step::squared_distances);
  } else {
    measure_rows(batch, shape, by_components ? 1 : batch.components.n_components,
                 by_components && with_shares ? e_step::log_probs : until);
  }
  if (with_shares && (is_wide || by_components)) {
    launch(share_kernel<T>{batch, until == e_step::hard},
           blocks_for<share_kernel<T>>(batch.components.n_mixtures * batch.n_rows));
  }
}

template void run_e_step<double>(const gmm_batch<double>&, samebits_gmm_shape, samebits_gmm_order, e_step);
template void run_e_step<float>(const gmm_batch<float>&, samebits_gmm_shape, samebits_gmm_order, e_step);

// ---- given and random responsibilities -----------------------------------------------------------------------------

namespace {

/// A thread per mixture, component and row.
template <class T>
struct given_kernel {
  static constexpr int block_threads = 128;
  using block_memory = no_state;
  using thread_memory = no_state;

  gmm_batch<T> batch;
  const double* given;

  SAMEBITS_HD int phases() const { return 1; }
  SAMEBITS_HD void run(int, thread_position at, block_memory&, thread_memory&) const {
    const std::int64_t item = global_thread<given_kernel>(at);
    const std::int64_t n_components = batch.components.n_components;
    const std::int64_t number = item / batch.n_rows;
    const std::int64_t i = item % batch.n_rows;
    if (number >= batch.components.n_all()) {
      return;
    }
    const std::int64_t mixture = number / n_components;
    const std::int64_t k = number % n_components;
    const double share = given[(mixture * batch.n_rows + i) * n_components + k];
    batch.values(number)[i] = static_cast<T>(core::weighted_share(batch.weight(i), share));
    if (k == 0) {
      batch.log_likelihoods(mixture)[i] = T(0);
    }
  }
};

/// A thread per mixture and row.
template <class T>
struct random_kernel {
  static constexpr int block_threads = 128;
  using block_memory = no_state;
  using thread_memory = no_state;

  gmm_batch<T> batch;
  const draw_stream* streams;  // one per mixture

  SAMEBITS_HD int phases() const { return 1; }
  SAMEBITS_HD void run(int, thread_position at, block_memory&, thread_memory&) const {
    const std::int64_t item = global_thread<random_kernel>(at);
    const std::int64_t n_components = batch.components.n_components;
    const std::int64_t mixture = item / batch.n_rows;
    const std::int64_t i = item % batch.n_rows;
    if (mixture >= batch.components.n_mixtures) {
      return;
    }
    const draw_stream& stream = streams[mixture];
    const auto draw = [&](std::int64_t k) { return stream((batch.first_row + i) * n_components + k); };
    const double sum = core::random_share_sum(n_components, draw);
    for (std::int64_t k = 0; k < n_components; ++k) {
      const double share = core::random_share(draw(k), sum);
      batch.values(mixture * n_components + k)[i] = static_cast<T>(core::weighted_share(batch.weight(i), share));
    }
    batch.log_likelihoods(mixture)[i] = T(0);
  }
};

}  // namespace

template <class T>
void take_given_shares(const gmm_batch<T>& batch, const double* given) {
  launch(given_kernel<T>{batch, given}, blocks_for<given_kernel<T>>(batch.components.n_all() * batch.n_rows));
}

template <class T>
void draw_shares(const gmm_batch<T>& batch, const draw_stream* streams) {
  launch(random_kernel<T>{batch, streams}, blocks_for<random_kernel<T>>(batch.components.n_mixtures * batch.n_rows));
}

template void take_given_shares<double>(const gmm_batch<double>&, const double*);
template void take_given_shares<float>(const gmm_batch<float>&, const double*);
template void draw_shares<double>(const gmm_batch<double>&, const draw_stream*);
template void draw_shares<float>(const gmm_batch<float>&, const draw_stream*);

}  // namespace samebits::kernels
