// k-means++ seeds of a mixture on the device: one exponential race per seed.
#include <vector>

#include "kernels/draw_stream.hpp"
#include "kernels/gmm_e_step.hpp"
#include "kernels/gmm_pack.hpp"
#include "kernels/guard.hpp"
#include "kernels/race_winner.hpp"
#include "kernels/tables.hpp"
#include "kernels/work_space.hpp"
#include "samebits/core/seeding.hpp"

namespace samebits::kernels {
namespace {

/// Copies one row out of the rows that lie on their side. A thread per column.
template <class T>
struct take_row_kernel {
  static constexpr int block_threads = 64;
  using block_memory = no_state;
  using thread_memory = no_state;

  gmm_data<T> data;
  std::int64_t row;
  T* out;

  SAMEBITS_HD int phases() const { return 1; }
  SAMEBITS_HD void run(int, thread_position at, block_memory&, thread_memory&) const {
    const std::int64_t b = global_thread<take_row_kernel>(at);
    if (b < data.n_cols) {
      out[b] = data.columns[b * data.n_rows + row];
    }
  }
};

/// The rows in the race: row i takes draw i.
struct race {
  draw_stream draws;
  double* nearest;  // squared distance to the nearest chosen row
  double* times;

  SAMEBITS_HD void run(std::int64_t row, double squared_distance, double rate) const {
    nearest[row] = squared_distance;
    times[row] = core::race_time(rate, draws(row));
  }
};

/// The first race, at rates by weight: no row has been chosen yet. A thread per row.
template <class T>
struct start_race_kernel {
  static constexpr int block_threads = 128;
  using block_memory = no_state;
  using thread_memory = no_state;

  gmm_data<T> data;
  race all_rows;

  SAMEBITS_HD int phases() const { return 1; }
  SAMEBITS_HD void run(int, thread_position at, block_memory&, thread_memory&) const {
    const std::int64_t row = global_thread<start_race_kernel>(at);
    if (row < data.n_rows) {
      all_rows.run(row, __builtin_huge_val(), data.weight(row));
    }
  }
};

/// Lowers the distances of a batch's rows to the nearest chosen row, and races. A thread per row.
template <class T>
struct race_kernel {
  static constexpr int block_threads = 128;
  using block_memory = no_state;
  using thread_memory = no_state;

  gmm_batch<T> batch;  // distances to the row chosen last
  race all_rows;

  SAMEBITS_HD int phases() const { return 1; }
  SAMEBITS_HD void run(int, thread_position at, block_memory&, thread_memory&) const {
    const std::int64_t i = global_thread<race_kernel>(at);
    if (i < batch.n_rows) {
      const std::int64_t row = batch.first_row + i;
      const double squared = static_cast<double>(batch.values(0)[i]);
      const double before = all_rows.nearest[row];
      const double nearest = core::select_less(squared, before, squared, before);
      all_rows.run(row, nearest, core::seed_rate(nearest, batch.weight(i)));
    }
  }
};

/// The metric, centred on the chosen row.
template <class T>
gmm_components<T> upload_metric(const samebits_gmm_components& metric, std::int64_t chosen, gmm_problem_of<T>& p) {
  const gmm_components<T> components = upload_mixtures<T>(
      1, [&](std::int64_t) -> const samebits_gmm_components& { return metric; }, p.components);
  launch(take_row_kernel<T>{p.data(), chosen, p.components.data()}, blocks_for<take_row_kernel<T>>(p.n_cols));
  return components;
}

template <class T>
void continue_race(const race& all_rows, std::int64_t chosen, const samebits_gmm_components& metric,
                   gmm_problem_of<T>& p) {
  const gmm_components<T> centre = upload_metric(metric, chosen, p);
  const std::int64_t chunk_rows = fitting(p.n_rows, 2 * sizeof(T));
  p.row_values.make_room(2 * chunk_rows);
  for (std::int64_t first = 0; first < p.n_rows; first += chunk_rows) {
    const std::int64_t n_rows = p.n_rows - first < chunk_rows ? p.n_rows - first : chunk_rows;
    const gmm_batch<T> batch{p.data(), centre, first, n_rows, p.row_values.data(), false, 0, nullptr, 0};
    run_e_step(batch, metric.shape, samebits_gmm_by_rows, e_step::squared_distances);
    launch(race_kernel<T>{batch, all_rows}, blocks_for<race_kernel<T>>(n_rows));
  }
}

template <class T>
std::int64_t draw_seed(const draw_stream& draws, std::int64_t chosen, const samebits_gmm_components& metric,
                       gmm_problem_of<T>& p) {
  p.seed_distances.make_room(p.n_rows);
  p.race_times.make_room(p.n_rows);
  const race all_rows{draws, p.seed_distances.data(), p.race_times.data()};
  if (chosen < 0) {
    launch(start_race_kernel<T>{p.data(), all_rows}, blocks_for<start_race_kernel<T>>(p.n_rows));
  } else {
    continue_race(all_rows, chosen, metric, p);
  }
  return race_winner(p.race_times.data(), p.n_rows).row;
}

}  // namespace

samebits_status gmm_seed(samebits_call* call, void* problem, const samebits_gmm_components* metric, std::uint64_t seed,
                         std::uint64_t task, std::uint64_t first_draw, std::int64_t chosen, std::int64_t* picked) {
  return guarded(call, [&] {
    with_problem(problem, [&](auto& p) { *picked = draw_seed({seed, task, first_draw}, chosen, *metric, p); });
  });
}

}  // namespace samebits::kernels
