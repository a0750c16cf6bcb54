// Seeds of a mixture whose rows pass through the device. The distances to the nearest chosen row pass through, too: of
// few columns they take as much memory as the rows.
#include <algorithm>
#include <vector>

#include "kernels/draw_stream.hpp"
#include "kernels/gmm_e_step.hpp"
#include "kernels/gmm_pack.hpp"
#include "kernels/gmm_passing_seeds.hpp"
#include "kernels/gmm_windows.hpp"
#include "kernels/race_winner.hpp"
#include "samebits/core/seeding.hpp"

namespace samebits::kernels {
namespace {

/// Lowers the distances of a window's rows to the nearest chosen row, and races. A block per leaf finds its winner.
template <class T>
struct passing_race_kernel {
  static constexpr int block_threads = 128;
  using block_memory = block_race<block_threads>;
  using thread_memory = no_state;

  gmm_batch<T> batch;    // with the distances to the row chosen last
  const double* before;  // to the nearest row chosen before; null: none has been chosen
  draw_stream draws;     // of the batch's rows
  double* nearest;
  core::race_entry* winners;  // one per leaf

  SAMEBITS_HD int phases() const { return 1 + block_memory::n_rounds(); }
  SAMEBITS_HD void run(int phase, thread_position at, block_memory& shared, thread_memory&) const {
    if (phase == 0) {
      shared.entries[at.thread] = first_to_finish(at.block, at.thread);
    } else {
      shared.compare(phase - 1, at.thread);
    }
    if (phase == phases() - 1 && at.thread == 0) {
      winners[at.block] = shared.entries[0];
    }
  }

 private:
  SAMEBITS_HD core::race_entry first_to_finish(std::int64_t leaf, int thread) const {
    core::race_entry best{__builtin_huge_val(), leaf * leaf_rows};
    for (std::int64_t i = leaf * leaf_rows + thread; i < batch.end_of_leaf(leaf); i += block_threads) {
      const core::race_entry entry{core::race_time(rate(i), draws(i)), i};
      if (core::wins(entry, best)) {
        best = entry;
      }
    }
    return best;
  }

  SAMEBITS_HD double rate(std::int64_t i) const {
    if (before == nullptr) {
      nearest[i] = __builtin_huge_val();
      return batch.weight(i);
    }
    const double squared = static_cast<double>(batch.values(0)[i]);
    nearest[i] = core::select_less(squared, before[i], squared, before[i]);
    return core::seed_rate(nearest[i], batch.weight(i));
  }
};

/// One race. `distances` are those to the nearest row chosen before, on the host.
template <class T>
class passing_race {
 public:
  passing_race(const samebits_gmm_race& race, std::vector<double>& distances, gmm_problem_of<T>& problem)
      : draws_{race.seed, race.task, race.first_draw},
        is_first_(race.is_first != 0),
        shape_(race.metric.shape),
        problem_(problem),
        centre_(upload_mixtures<T>(
            1, [&](std::int64_t) -> const samebits_gmm_components& { return race.metric; }, problem.components)),
        windows_(problem),
        before_(is_first_ ? nullptr : distances.data(), problem.n_rows),
        nearest_(distances.data(), problem.n_rows) {
    window_leaves_ =
        fitting(row_windows<T>::most_leaves(problem), leaf_rows * 2 * static_cast<std::int64_t>(sizeof(T)));
    row_values_.make_room(2 * window_leaves_ * leaf_rows);
    winners_.make_room(window_leaves_);
  }

  core::race_entry run() {
    const std::int64_t step = window_leaves_ * leaf_rows;
    for (std::int64_t first = 0; first < problem_.n_rows; first += step) {
      const std::int64_t left = problem_.n_rows - first;
      race(first, left < step ? left : step);
    }
    see_winners();
    return best_;
  }

 private:
  void race(std::int64_t first, std::int64_t n_rows) {
    const row_window<T> window = windows_.window(first, n_rows);
    const double* const before = before_.piece(first, n_rows);
    see_winners();  // waits: this window is on its way
    first_ = first;
    n_leaves_ = (n_rows - 1) / leaf_rows + 1;
    const gmm_batch<T> batch{window.data, centre_,   window.first_row, n_rows, row_values_.data(),
                             false,       n_leaves_, nullptr,          0};
    if (!is_first_) {
      run_e_step(batch, shape_, samebits_gmm_by_rows, e_step::squared_distances);
    }
    const draw_stream draws{draws_.seed, draws_.task, draws_.first_draw + static_cast<std::uint64_t>(first)};
    nearest_.piece(first, n_rows, [&](double* nearest) {
      launch(passing_race_kernel<T>{batch, before, draws, nearest, winners_.data()}, n_leaves_);
    });
  }

  /// Those of the last window.
  void see_winners() {
    if (n_leaves_ == 0) {
      return;
    }
    std::vector<core::race_entry> winners(static_cast<std::size_t>(n_leaves_));
    download(winners.data(), winners_.data(), n_leaves_);
    for (const core::race_entry& winner : winners) {
      const core::race_entry entry{winner.time, first_ + winner.row};
      best_ = core::wins(entry, best_) ? entry : best_;
    }
  }

  draw_stream draws_;
  bool is_first_;
  samebits_gmm_shape shape_;
  gmm_problem_of<T>& problem_;
  gmm_components<T> centre_;
  row_windows<T> windows_;
  device_input<double> before_;
  device_output<double> nearest_;
  device_array<core::race_entry> winners_;
  device_array<T> row_values_;
  std::int64_t window_leaves_ = 1;
  std::int64_t first_ = 0;     // row of the last window
  std::int64_t n_leaves_ = 0;  // of the last window
  core::race_entry best_{__builtin_huge_val(), 0};
};

}  // namespace

template <class T>
void draw_seeds_of_passing_rows(gmm_problem_of<T>& problem, const samebits_gmm_seeding& s) {
  std::vector<double> distances(static_cast<std::size_t>(problem.n_rows));
  std::vector<T> row(static_cast<std::size_t>(problem.n_cols));
  samebits_gmm_race race{s.metric, 0, s.seed, s.task, s.first_draw};
  for (std::int64_t number = 0; number < s.n_runs * s.n_seeds; ++number) {
    race.is_first = number % s.n_seeds == 0 ? 1 : 0;
    const std::int64_t winner = passing_race<T>(race, distances, problem).run().row;
    const double weight = problem.passing_weights == nullptr ? 1.0 : problem.passing_weights[winner];
    const std::int64_t chosen = core::seed_row(winner, weight, s.first_row);
    download(row.data(), problem.passing_rows + chosen * problem.n_cols, problem.n_cols);
    double* const seed = s.seeds + number * problem.n_cols;
    std::copy(row.begin(), row.end(), seed);
    race.metric.means = seed;
    race.first_draw += static_cast<std::uint64_t>(problem.n_rows);
  }
}

template <class T>
core::race_entry winner_of_passing_rows(gmm_problem_of<T>& problem, const samebits_gmm_race& race) {
  problem.passing_nearest.resize(static_cast<std::size_t>(problem.n_rows));
  return passing_race<T>(race, problem.passing_nearest, problem).run();
}

template void draw_seeds_of_passing_rows<double>(gmm_problem_of<double>&, const samebits_gmm_seeding&);
template void draw_seeds_of_passing_rows<float>(gmm_problem_of<float>&, const samebits_gmm_seeding&);
template core::race_entry winner_of_passing_rows<double>(gmm_problem_of<double>&, const samebits_gmm_race&);
template core::race_entry winner_of_passing_rows<float>(gmm_problem_of<float>&, const samebits_gmm_race&);

}  // namespace samebits::kernels
