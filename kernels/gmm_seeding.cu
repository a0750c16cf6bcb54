// k-means++ seeds of mixtures on the device: one exponential race per seed, those of many runs side by side.
#include <vector>

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

// ---- a race ---------------------------------------------------------------------------------------------------------

/// The races of some runs, one each.
template <class T>
struct seed_races {
  gmm_data<T> data;
  std::int64_t n_runs;
  std::int64_t n_leaves;
  double* nearest;            // [n_runs x n_rows] squared distance to the nearest seed
  core::race_entry* winners;  // [n_runs x n_leaves]

  /// Loses against every row.
  SAMEBITS_HD core::race_entry nobody() const { return {__builtin_huge_val(), data.n_rows}; }
};

/// Which draws a race takes, and what by.
struct race_rules {
  draw_stream draws;       // of row 0 of the first run
  std::int64_t run_draws;  // from a run to the next
  bool is_first;           // by weight alone
};

/// A block per run and leaf of the batch finds the leaf's winner.
template <class T>
struct race_kernel {
  static constexpr int block_threads = 128;
  using block_memory = block_race<block_threads>;
  using thread_memory = no_state;

  seed_races<T> races;
  gmm_batch<T> batch;  // distances to each run's seed drawn last; of the first race without
  race_rules rules;

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
      const std::uint64_t draw = rules.draws(run * rules.run_draws + row);
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
    if (rules.is_first) {
      nearest = __builtin_huge_val();
      return batch.weight(i);
    }
    const double squared = static_cast<double>(batch.values(run)[i]);
    nearest = core::select_less(squared, nearest, squared, nearest);
    return core::seed_rate(nearest, batch.weight(i));
  }
};

/// Where races are held, a batch of leaves at a time. `centres` has the metric for each run, centred on its last seed.
template <class T>
class race_track {
 public:
  race_track(gmm_problem_of<T>& problem, samebits_gmm_shape shape, const gmm_components<T>& centres,
             device_array<double>& nearest)
      : shape_(shape), centres_(centres) {
    races_.data = problem.data();
    races_.n_runs = centres.n_mixtures;
    races_.n_leaves = (problem.n_rows + leaf_rows - 1) / leaf_rows;
    const std::int64_t leaf_bytes = leaf_rows * 2 * static_cast<std::int64_t>(sizeof(T)) * races_.n_runs;
    batch_leaves_ = fitting(races_.n_leaves, leaf_bytes);
    row_values_.make_room(2 * races_.n_runs * smaller(batch_leaves_ * leaf_rows, problem.n_rows));
    nearest.make_room(races_.n_runs * problem.n_rows);
    winners_.make_room(races_.n_runs * races_.n_leaves);
    races_.nearest = nearest.data();
    races_.winners = winners_.data();
  }

  /// With the winners of the leaves.
  const seed_races<T>& races() const { return races_; }

  void race(const race_rules& rules) const {
    for (std::int64_t leaf = 0; leaf < races_.n_leaves; leaf += batch_leaves_) {
      const std::int64_t n_leaves = smaller(batch_leaves_, races_.n_leaves - leaf);
      const std::int64_t first_row = leaf * leaf_rows;
      const std::int64_t n_rows = smaller(n_leaves * leaf_rows, races_.data.n_rows - first_row);
      const gmm_batch<T> batch{races_.data, centres_, first_row, n_rows, row_values_.data(),
                               false,       n_leaves, nullptr,   0};
      if (!rules.is_first) {
        run_e_step(batch, shape_, samebits_gmm_by_rows, e_step::squared_distances);
      }
      const race_kernel<T> kernel{races_, batch, rules};
      launch(kernel, kernel.n_blocks());
    }
  }

 private:
  samebits_gmm_shape shape_;
  gmm_components<T> centres_;
  seed_races<T> races_{};
  std::int64_t batch_leaves_;
  device_array<T> row_values_;
  device_array<core::race_entry> winners_;
};

// ---- all seeds -----------------------------------------------------------------------------------------------------

/// Where the rows go that have won: among the seeds, and into the centres of the next races.
template <class T>
struct seed_places {
  std::int64_t first_row;    // that counts
  std::int64_t n_seeds;      // of each run
  double* seeds;             // [n_runs x n_seeds x n_cols]
  std::int64_t centre_size;  // gmm_components::size
  T* centres;                // [n_runs] gmm_components::packed
};

/// Takes the row that has won a race as seed number `seed`. A block per run.
template <class T>
struct take_seed_kernel {
  static constexpr int block_threads = 256;
  using block_memory = block_race<block_threads>;
  using thread_memory = no_state;

  seed_races<T> races;
  seed_places<T> places;
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
    const std::int64_t row = core::seed_row(winner, data.weight(winner), places.first_row);
    for (std::int64_t b = thread; b < data.n_cols; b += block_threads) {
      const T number = data.columns[b * data.n_rows + row];
      places.centres[run * places.centre_size + b] = number;
      places.seeds[(run * places.n_seeds + seed) * data.n_cols + b] = static_cast<double>(number);
    }
  }
};

/// How many runs to draw for at once, by the memory that each takes.
template <class T>
std::int64_t runs_at_once(const gmm_problem& problem, const samebits_gmm_seeding& s) {
  const std::int64_t centre = problem.n_cols + 1 + factor_size(s.metric.shape, problem.n_cols);
  const std::int64_t n_doubles = problem.n_rows + s.n_seeds * problem.n_cols;
  const std::int64_t n_numbers = 2 * problem.n_rows + centre;
  return fitting(s.n_runs, n_doubles * static_cast<std::int64_t>(sizeof(double)) +
                               n_numbers * static_cast<std::int64_t>(sizeof(T)));
}

/// Draws the seeds of runs that the work space holds at once.
template <class T>
void draw_seeds_at_once(gmm_problem_of<T>& problem, const samebits_gmm_seeding& s) {
  const auto metric_of = [&](std::int64_t) -> const samebits_gmm_components& { return s.metric; };
  const gmm_components<T> centres = upload_mixtures<T>(s.n_runs, metric_of, problem.components);
  device_array<double> nearest;
  const race_track<T> track(problem, s.metric.shape, centres, nearest);
  device_array<double> seeds;
  seeds.make_room(s.n_runs * s.n_seeds * problem.n_cols);
  const seed_places<T> places{s.first_row, s.n_seeds, seeds.data(), centres.size(), problem.components.data()};
  for (std::int64_t seed = 0; seed < s.n_seeds; ++seed) {
    const std::uint64_t first_draw = s.first_draw + static_cast<std::uint64_t>(seed * problem.n_rows);
    track.race({{s.seed, s.task, first_draw}, s.n_seeds * problem.n_rows, seed == 0});
    launch(take_seed_kernel<T>{track.races(), places, seed}, s.n_runs);
  }
  download(s.seeds, seeds.data(), s.n_runs * s.n_seeds * problem.n_cols);
}

template <class T>
void draw_seeds(gmm_problem_of<T>& problem, const samebits_gmm_seeding& all) {
  const std::int64_t at_once = runs_at_once<T>(problem, all);
  for (std::int64_t first = 0; first < all.n_runs; first += at_once) {
    samebits_gmm_seeding some = all;
    some.n_runs = smaller(at_once, all.n_runs - first);
    some.first_draw += static_cast<std::uint64_t>(first * all.n_seeds * problem.n_rows);
    some.seeds += first * all.n_seeds * problem.n_cols;
    draw_seeds_at_once(problem, some);
  }
}

// ---- one race ------------------------------------------------------------------------------------------------------

template <class T>
core::race_entry winner_of(gmm_problem_of<T>& problem, const samebits_gmm_race& r) {
  const auto metric_of = [&](std::int64_t) -> const samebits_gmm_components& { return r.metric; };
  const gmm_components<T> centre = upload_mixtures<T>(1, metric_of, problem.components);
  const race_track<T> track(problem, r.metric.shape, centre, problem.nearest);
  track.race({{r.seed, r.task, r.first_draw}, 0, r.is_first != 0});
  const seed_races<T>& races = track.races();
  std::vector<core::race_entry> winners(static_cast<std::size_t>(races.n_leaves));
  download(winners.data(), races.winners, races.n_leaves);
  core::race_entry best = races.nobody();
  for (const core::race_entry& winner : winners) {
    best = core::wins(winner, best) ? winner : best;
  }
  return best;
}

}  // namespace

samebits_status gmm_seed(samebits_call* call, void* problem, const samebits_gmm_seeding* seeding) {
  return guarded(call, [&] {
    with_problem(problem, [&](auto& p) {
      p.passes_through() ? draw_seeds_of_passing_rows(p, *seeding) : draw_seeds(p, *seeding);
    });
  });
}

samebits_status gmm_race(samebits_call* call, void* problem, const samebits_gmm_race* race, double* time,
                         std::int64_t* row) {
  return guarded(call, [&] {
    with_problem(problem, [&](auto& p) {
      const core::race_entry best = p.passes_through() ? winner_of_passing_rows(p, *race) : winner_of(p, *race);
      *time = best.time;
      *row = best.row;
    });
  });
}

}  // namespace samebits::kernels
