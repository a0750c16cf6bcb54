// k-means++ seeds of mixtures on the device: one exponential race per seed, those of many runs side by side.
#include "kernels/draw_stream.hpp"
#include "kernels/gmm_e_step.hpp"
#include "kernels/gmm_pack.hpp"
#include "kernels/gmm_passing_seeds.hpp"
#include "kernels/guard.hpp"
#include "kernels/race_winner.hpp"
#include "kernels/tables.hpp"
#include "kernels/work_space.hpp"

namespace samebits::kernels {
namespace {

/// The races of some runs, one each at a time.
template <class T>
struct seed_races {
  gmm_data<T> data;
  draw_stream draws;  // from the first seed of the first run on
  std::int64_t n_runs;
  std::int64_t n_seeds;  // of each run
  std::int64_t n_leaves;
  std::int64_t first_row;     // that counts
  std::int64_t centre_size;   // gmm_components::size
  T* centres;                 // [n_runs] the metric, centred on the seed drawn last: gmm_components::packed
  double* nearest;            // [n_runs x n_rows] squared distance to the nearest seed
  core::race_entry* winners;  // [n_runs x n_leaves]
  double* seeds;              // [n_runs x n_seeds x n_cols]

  /// Loses against every row.
  SAMEBITS_HD core::race_entry nobody() const { return {__builtin_huge_val(), data.n_rows}; }
};

/// A race for seed number `seed` of every run. A block per run and leaf of the batch finds the leaf's winner.
template <class T>
struct race_kernel {
  static constexpr int block_threads = 128;
  using block_memory = block_race<block_threads>;
  using thread_memory = no_state;

  seed_races<T> races;
  gmm_batch<T> batch;  // distances to each run's seed drawn last; of the first race without
  std::int64_t seed;

  std::int64_t n_blocks() const { return races.n_runs * batch.n_leaves; }

  SAMEBITS_HD int phases() const { return 1 + block_memory::n_rounds(); }
  SAMEBITS_HD void run(int phase, thread_position at, block_memory& shared, thread_memory&) const {
    const std::int64_t run = at.block / batch.n_leaves;
    const std::int64_t leaf = at.block % batch.n_leaves;
    if (phase == 0) {
      shared.entries[at.thread] = first_to_finish(run, leaf, at.thread);
    } else {
      shared.compare(phase - 1, at.thread);
    }
    if (phase == phases() - 1 && at.thread == 0) {
      races.winners[run * races.n_leaves + batch.first_row / leaf_rows + leaf] = shared.entries[0];
    }
  }

 private:
  /// Of a thread's rows of a leaf.
  SAMEBITS_HD core::race_entry first_to_finish(std::int64_t run, std::int64_t leaf, int thread) const {
    core::race_entry best = races.nobody();
    const std::int64_t end = batch.end_of_leaf(leaf);
    for (std::int64_t i = leaf * leaf_rows + thread; i < end; i += block_threads) {
      const std::int64_t row = batch.first_row + i;
      const std::uint64_t draw = races.draws((run * races.n_seeds + seed) * races.data.n_rows + row);
      const core::race_entry entry{core::race_time(rate(run, i), draw), row};
      if (core::wins(entry, best)) {
        best = entry;
      }
    }
    return best;
  }

  /// Lowers the distance of a row to the nearest seed.
  SAMEBITS_HD double rate(std::int64_t run, std::int64_t i) const {
    double& nearest = races.nearest[run * races.data.n_rows + batch.first_row + i];
    if (seed == 0) {
      nearest = __builtin_huge_val();
      return batch.weight(i);
    }
    const double squared = static_cast<double>(batch.values(run)[i]);
    nearest = core::select_less(squared, nearest, squared, nearest);
    return core::seed_rate(nearest, batch.weight(i));
  }
};

/// Takes the row that has won a race as a seed, and as the centre of the next one. A block per run.
template <class T>
struct take_seed_kernel {
  static constexpr int block_threads = 256;
  using block_memory = block_race<block_threads>;
  using thread_memory = no_state;

  seed_races<T> races;
  std::int64_t seed;

  SAMEBITS_HD int phases() const { return 2 + block_memory::n_rounds(); }
  SAMEBITS_HD void run(int phase, thread_position at, block_memory& shared, thread_memory&) const {
    if (phase == 0) {
      shared.entries[at.thread] = first_of_leaves(at.block, at.thread);
    } else if (phase < phases() - 1) {
      shared.compare(phase - 1, at.thread);
    } else {
      take_row(at.block, shared.entries[0].row, at.thread);
    }
  }

 private:
  SAMEBITS_HD core::race_entry first_of_leaves(std::int64_t run, int thread) const {
    core::race_entry best = races.nobody();
    for (std::int64_t leaf = thread; leaf < races.n_leaves; leaf += block_threads) {
      const core::race_entry entry = races.winners[run * races.n_leaves + leaf];
      if (core::wins(entry, best)) {
        best = entry;
      }
    }
    return best;
  }

  SAMEBITS_HD void take_row(std::int64_t run, std::int64_t winner, int thread) const {
    const gmm_data<T>& data = races.data;
    const std::int64_t row = core::seed_row(winner, data.weight(winner), races.first_row);
    for (std::int64_t b = thread; b < data.n_cols; b += block_threads) {
      const T number = data.columns[b * data.n_rows + row];
      races.centres[run * races.centre_size + b] = number;
      races.seeds[(run * races.n_seeds + seed) * data.n_cols + b] = static_cast<double>(number);
    }
  }
};

/// Draws the seeds of runs that the work space holds at once.
template <class T>
class seed_drawing {
 public:
  seed_drawing(gmm_problem_of<T>& problem, const samebits_gmm_seeding& seeding)
      : problem_(problem),
        seeding_(seeding),
        centres_(upload_mixtures<T>(
            seeding.n_runs, [&](std::int64_t) -> const samebits_gmm_components& { return seeding.metric; },
            problem.components)) {
    races_.data = problem.data();
    races_.draws = {seeding.seed, seeding.task, seeding.first_draw};
    races_.n_runs = seeding.n_runs;
    races_.n_seeds = seeding.n_seeds;
    races_.n_leaves = (problem.n_rows + leaf_rows - 1) / leaf_rows;
    races_.first_row = seeding.first_row;
    races_.centre_size = centres_.size();
    const std::int64_t leaf_bytes = leaf_rows * 2 * static_cast<std::int64_t>(sizeof(T)) * races_.n_runs;
    batch_leaves_ = fitting(races_.n_leaves, leaf_bytes);
    make_room();
  }

  /// How many runs to draw for at once, by the memory that each takes.
  static std::int64_t runs_at_once(const gmm_problem& problem, const samebits_gmm_seeding& s) {
    const std::int64_t centre = problem.n_cols + 1 + factor_size(s.metric.shape, problem.n_cols);
    const std::int64_t n_doubles = problem.n_rows + s.n_seeds * problem.n_cols;
    const std::int64_t n_numbers = 2 * problem.n_rows + centre;
    return fitting(s.n_runs, n_doubles * static_cast<std::int64_t>(sizeof(double)) +
                                 n_numbers * static_cast<std::int64_t>(sizeof(T)));
  }

  void run() const {
    for (std::int64_t seed = 0; seed < races_.n_seeds; ++seed) {
      for (std::int64_t leaf = 0; leaf < races_.n_leaves; leaf += batch_leaves_) {
        race(seed, leaf);
      }
      launch(take_seed_kernel<T>{races_, seed}, races_.n_runs);
    }
    download(seeding_.seeds, races_.seeds, races_.n_runs * races_.n_seeds * problem_.n_cols);
  }

 private:
  void make_room() {
    const std::int64_t batch_rows =
        batch_leaves_ * leaf_rows < problem_.n_rows ? batch_leaves_ * leaf_rows : problem_.n_rows;
    row_values_.make_room(2 * races_.n_runs * batch_rows);
    nearest_.make_room(races_.n_runs * problem_.n_rows);
    winners_.make_room(races_.n_runs * races_.n_leaves);
    seeds_.make_room(races_.n_runs * races_.n_seeds * problem_.n_cols);
    races_.centres = problem_.components.data();
    races_.nearest = nearest_.data();
    races_.winners = winners_.data();
    races_.seeds = seeds_.data();
  }

  /// One batch of leaves.
  void race(std::int64_t seed, std::int64_t first_leaf) const {
    const std::int64_t leaves_left = races_.n_leaves - first_leaf;
    const std::int64_t n_leaves = leaves_left < batch_leaves_ ? leaves_left : batch_leaves_;
    const std::int64_t first_row = first_leaf * leaf_rows;
    const std::int64_t rows_left = problem_.n_rows - first_row;
    const std::int64_t n_rows = rows_left < n_leaves * leaf_rows ? rows_left : n_leaves * leaf_rows;
    const gmm_batch<T> batch{races_.data, centres_, first_row, n_rows, row_values_.data(), false, n_leaves, nullptr, 0};
    if (seed > 0) {
      run_e_step(batch, seeding_.metric.shape, samebits_gmm_by_rows, e_step::squared_distances);
    }
    const race_kernel<T> kernel{races_, batch, seed};
    launch(kernel, kernel.n_blocks());
  }

  gmm_problem_of<T>& problem_;
  const samebits_gmm_seeding& seeding_;
  gmm_components<T> centres_;
  seed_races<T> races_{};
  std::int64_t batch_leaves_;
  device_array<T> row_values_;
  device_array<double> nearest_;
  device_array<core::race_entry> winners_;
  device_array<double> seeds_;
};

template <class T>
void draw_seeds(gmm_problem_of<T>& problem, const samebits_gmm_seeding& all) {
  const std::int64_t at_once = seed_drawing<T>::runs_at_once(problem, all);
  for (std::int64_t first = 0; first < all.n_runs; first += at_once) {
    samebits_gmm_seeding some = all;
    some.n_runs = all.n_runs - first < at_once ? all.n_runs - first : at_once;
    some.first_draw += static_cast<std::uint64_t>(first * all.n_seeds * problem.n_rows);
    some.seeds += first * all.n_seeds * problem.n_cols;
    seed_drawing<T>(problem, some).run();
  }
}

}  // namespace

samebits_status gmm_seed(samebits_call* call, void* problem, const samebits_gmm_seeding* seeding) {
  return guarded(call, [&] {
    with_problem(problem, [&](auto& p) {
      p.passes_through() ? draw_seeds_of_passing_rows(p, *seeding) : draw_seeds(p, *seeding);
    });
  });
}

}  // namespace samebits::kernels
