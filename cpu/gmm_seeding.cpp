// k-means++ seeds of a mixture on the CPU: one exponential race per seed.
#include "cpu/gmm_engine.hpp"
#include "cpu/parallel.hpp"
#include "cpu/report.hpp"
#include "cpu/tables.hpp"
#include "lib/fp_environment.hpp"
#include "samebits/core/seeding.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {
namespace {

struct seed_race {
  gmm_problem* problem;
  std::uint64_t seed;
  std::uint64_t task;
  std::uint64_t first_draw;
  bool start;       // no row chosen yet: equal rates
  double* packed;   // the metric, centred on the row chosen last
  double* scratch;  // per thread
  std::int64_t thread_size;
  race_entry* winners;  // per chunk
};

/// Rows per task of the race.
constexpr std::int64_t race_rows = 64 * leaf_rows;

constexpr double infinity = __builtin_huge_val();

/// Lowers the distances of a block of rows and returns the first to finish.
template <class Engine>
race_entry race_block(const seed_race& race, std::int64_t first, std::int64_t n_rows, double* scratch) {
  const gmm_problem& p = *race.problem;
  const std::int64_t stride = round_up(Engine::block_rows(1, p.n_cols), row_lanes);
  double* const squared = scratch + stride * p.n_cols;
  double* const nearest = p.seed_distances.data() + first;
  if (race.start) {
    for (std::int64_t i = 0; i < n_rows; ++i) {
      nearest[i] = infinity;
    }
  } else {
    const column_block x = Engine::turn(p.x + first * p.n_cols, n_rows, p.n_cols, stride, scratch);
    Engine::distances(x, race.packed, p.n_cols, squared + stride, squared);
    for (std::int64_t i = 0; i < n_rows; ++i) {
      nearest[i] = select_less(squared[i], nearest[i], squared[i], nearest[i]);
    }
  }
  race_entry best{infinity, first};
  for (std::int64_t i = 0; i < n_rows; ++i) {
    std::uint64_t draws[2];
    const std::uint64_t draw = race.first_draw + static_cast<std::uint64_t>(first + i);
    philox_draws(race.seed, race.task, draw / 2, draws);
    const race_entry entry{race_time(race.start ? 1.0 : nearest[i], draws[draw % 2]), first + i};
    if (wins(entry, best)) {
      best = entry;
    }
  }
  return best;
}

template <class Engine>
void race_chunk(void* context, std::int64_t chunk, int thread) {
  const seed_race& race = *static_cast<const seed_race*>(context);
  const std::int64_t block = Engine::block_rows(1, race.problem->n_cols);
  const std::int64_t first = chunk * race_rows;
  const std::int64_t last = first + race_rows < race.problem->n_rows ? first + race_rows : race.problem->n_rows;
  race_entry best{infinity, first};
  for (std::int64_t row = first; row < last; row += block) {
    const std::int64_t n_rows = last - row < block ? last - row : block;
    const race_entry entry = race_block<Engine>(race, row, n_rows, race.scratch + thread * race.thread_size);
    if (wins(entry, best)) {
      best = entry;
    }
  }
  race.winners[chunk] = best;
}

template <class Engine>
bool run_race(int n_threads, seed_race& race, const samebits_gmm_components& metric, std::int64_t chosen,
              std::int64_t* picked) {
  gmm_problem& p = *race.problem;
  const std::int64_t n_chunks = (p.n_rows + race_rows - 1) / race_rows;
  const std::int64_t packed_size = round_up(Engine::component_size(p.n_cols), row_lanes);
  const std::int64_t block = round_up(Engine::block_rows(1, p.n_cols), row_lanes);
  race.thread_size = block * (p.n_cols + 1) + Engine::work_size(block, p.n_cols) + row_lanes;
  static_assert(sizeof(race_entry) == 2 * sizeof(double));
  if (!p.components.allocate(static_cast<std::size_t>(packed_size)) ||
      !p.scratch.allocate(static_cast<std::size_t>(n_threads * race.thread_size)) ||
      !p.nodes.allocate(static_cast<std::size_t>(2 * n_chunks)) ||
      !p.seed_distances.allocate(static_cast<std::size_t>(p.n_rows))) {
    return false;
  }
  race.packed = p.components.data();
  race.scratch = p.scratch.data();
  race.winners = reinterpret_cast<race_entry*>(p.nodes.data());
  if (!race.start) {
    Engine::pack_component(p.x + chosen * p.n_cols, metric.inverse_factors, p.n_cols, race.packed);
  }
  cpu::parallel_for(n_threads, n_chunks, race_chunk<Engine>, &race);
  race_entry best = race.winners[0];
  for (std::int64_t chunk = 1; chunk < n_chunks; ++chunk) {
    if (wins(race.winners[chunk], best)) {
      best = race.winners[chunk];
    }
  }
  *picked = best.row;
  return true;
}

}  // namespace

samebits_status gmm_seed(samebits_call* call, void* problem, const samebits_gmm_components* metric, std::uint64_t seed,
                         std::uint64_t task, std::uint64_t first_draw, std::int64_t chosen, std::int64_t* picked) {
  const default_fp_environment environment;
  seed_race race{static_cast<gmm_problem*>(problem), seed, task, first_draw, chosen < 0, nullptr, nullptr, 0, nullptr};
  const bool done = with_engine(race.problem->n_cols, [&]<class Engine>() {
    return run_race<Engine>(call->n_threads, race, *metric, chosen, picked);
  });
  return done ? SAMEBITS_OK : cpu::out_of_memory(call, "the distances to seeds");
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
