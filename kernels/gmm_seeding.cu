// k-means++ seeds of a mixture on the device: one exponential race per seed.
#include <vector>

#include "kernels/gmm_pack.hpp"
#include "kernels/guard.hpp"
#include "kernels/launch.hpp"
#include "kernels/race_winner.hpp"
#include "kernels/tables.hpp"
#include "samebits/core/seeding.hpp"

namespace samebits::kernels {
namespace {

/// Copies one row out of the rows that lie on their side. A thread per column.
struct take_row_kernel {
  static constexpr int block_threads = 64;
  using block_memory = no_state;
  using thread_memory = no_state;

  gmm_rows rows;
  std::int64_t row;
  double* out;

  SAMEBITS_HD int phases() const { return 1; }
  SAMEBITS_HD void run(int, thread_position at, block_memory&, thread_memory&) const {
    const std::int64_t b = global_thread<take_row_kernel>(at);
    if (b < rows.n_cols) {
      out[b] = rows.columns[b * rows.n_rows + row];
    }
  }
};

/// A row's time in the race. Row i takes 64-bit draw first_draw + i of the stream.
struct race_stream {
  std::uint64_t seed;
  std::uint64_t task;
  std::uint64_t first_draw;

  SAMEBITS_HD double time(std::int64_t row, double squared_distance) const {
    const std::uint64_t draw = first_draw + static_cast<std::uint64_t>(row);
    std::uint64_t draws[2];
    core::philox_draws(seed, task, draw / 2, draws);
    return core::race_time(squared_distance, draw % 2 == 0 ? draws[0] : draws[1]);
  }
};

/// The first race, at equal rates: no row has been chosen yet. A thread per row.
struct start_race_kernel {
  static constexpr int block_threads = 128;
  using block_memory = no_state;
  using thread_memory = no_state;

  std::int64_t n_rows;
  race_stream stream;
  double* nearest;
  double* times;

  SAMEBITS_HD int phases() const { return 1; }
  SAMEBITS_HD void run(int, thread_position at, block_memory&, thread_memory&) const {
    const std::int64_t i = global_thread<start_race_kernel>(at);
    if (i < n_rows) {
      nearest[i] = __builtin_huge_val();
      times[i] = stream.time(i, 1.0);
    }
  }
};

/// Lowers the rows' distances to the nearest chosen row, and races. A thread per row.
template <int Cols>
struct race_kernel {
  static constexpr int block_threads = 128;
  using block_memory = no_state;
  using thread_memory = no_state;

  gmm_rows rows;
  const double* chosen_row;
  const double* inverse_factor;  // packed
  race_stream stream;
  double* nearest;
  double* times;

  SAMEBITS_HD int phases() const { return 1; }
  SAMEBITS_HD void run(int, thread_position at, block_memory&, thread_memory&) const {
    const std::int64_t i = global_thread<race_kernel>(at);
    if (i < rows.n_rows) {
      const double squared = gmm_row<Cols>(rows, i).squared_distance(chosen_row, inverse_factor);
      const double distance = core::select_less(squared, nearest[i], squared, nearest[i]);
      nearest[i] = distance;
      times[i] = stream.time(i, distance);
    }
  }
};

void start_race(const race_stream& stream, gmm_problem& p) {
  const start_race_kernel kernel{p.n_rows, stream, p.seed_distances.data(), p.race_times.data()};
  launch(kernel, blocks_for<start_race_kernel>(p.n_rows));
}

void continue_race(const race_stream& stream, std::int64_t chosen, const double* inverse_factor, gmm_problem& p) {
  std::vector<double> metric(static_cast<std::size_t>(p.n_cols));  // room for the chosen row
  append_triangle(inverse_factor, p.n_cols, metric);
  upload_all(metric, p.components);
  double* const chosen_row = p.components.data();
  launch(take_row_kernel{p.rows(), chosen, chosen_row}, blocks_for<take_row_kernel>(p.n_cols));
  with_columns(p.n_cols, [&]<int Cols>() {
    const race_kernel<Cols> kernel{
        p.rows(), chosen_row, chosen_row + p.n_cols, stream, p.seed_distances.data(), p.race_times.data()};
    launch(kernel, blocks_for<race_kernel<Cols>>(p.n_rows));
  });
}

}  // namespace

samebits_status gmm_seed(samebits_call* call, void* problem, const samebits_gmm_components* metric, std::uint64_t seed,
                         std::uint64_t task, std::uint64_t first_draw, std::int64_t chosen, std::int64_t* picked) {
  return guarded(call, [&] {
    gmm_problem& p = *static_cast<gmm_problem*>(problem);
    p.seed_distances.make_room(p.n_rows);
    p.race_times.make_room(p.n_rows);
    const race_stream stream{seed, task, first_draw};
    if (chosen < 0) {
      start_race(stream, p);
    } else {
      continue_race(stream, chosen, metric->inverse_factors, p);
    }
    *picked = race_winner(p.race_times.data(), p.n_rows).row;
  });
}

}  // namespace samebits::kernels
