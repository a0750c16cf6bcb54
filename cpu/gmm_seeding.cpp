// k-means++ seeds of mixtures on the CPU: one exponential race per seed.
#include "cpu/gmm_engine.hpp"
#include "cpu/parallel.hpp"
#include "cpu/report.hpp"
#include "cpu/tables.hpp"
#include "lib/fp_environment.hpp"
#include "samebits/core/seeding.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {
namespace {

/// Rows per task of the race.
constexpr std::int64_t race_rows = 64 * leaf_rows;

constexpr double infinity = __builtin_huge_val();

template <class T>
class seed_race {
 public:
  seed_race(gmm_problem* problem, const samebits_gmm_seeding& seeding)
      : problem_(*problem),
        seeding_(seeding),
        engine_(find_engine<T>(seeding.metric.shape, problem->data.n_cols)),
        block_rows_(round_up(engine_.block_rows(1, engine_.n_cols), lanes<T>)) {}

  /// Draws all seeds; false when there is no memory.
  bool run(int n_threads) {
    if (!prepare(n_threads)) {
      return false;
    }
    for (std::int64_t number = 0; number < seeding_.n_runs * seeding_.n_seeds; ++number) {
      is_first_ = number % seeding_.n_seeds == 0;
      first_draw_ = seeding_.first_draw + static_cast<std::uint64_t>(number * problem_.data.n_rows);
      if (!is_first_) {
        pack_seed(seeding_.seeds + (number - 1) * engine_.n_cols);
      }
      parallel_for<&seed_race::race_chunk>(n_threads, n_chunks(), *this);
      const std::int64_t first = winner();
      take_row(seed_row(first, weight(first), seeding_.first_row), seeding_.seeds + number * engine_.n_cols);
    }
    return true;
  }

 private:
  std::int64_t n_chunks() const { return (problem_.data.n_rows + race_rows - 1) / race_rows; }

  double weight(std::int64_t row) const {
    const double* const weights = problem_.data.sample_weights;
    return weights == nullptr ? 1.0 : weights[row];
  }

  struct workspace {
    workspace(const seed_race& race, double* start) {
      memory_plan plan(start);
      columns = plan.take<T>(race.block_rows_ * race.engine_.n_cols);
      squared = plan.take<T>(race.block_rows_);
      work = plan.take<T>(race.engine_.work_size(race.block_rows_, race.engine_.n_cols));
      rates = plan.take<double>(race.block_rows_);
      times = plan.take<double>(race.block_rows_);
      draws = plan.take<double>(race.block_rows_ + 3 * lanes<double>);
      size = plan.used();
    }
    T* columns;
    T* squared;
    T* work;
    double* rates;
    double* times;
    double* draws;  // 64-bit integers
    std::int64_t size;
  };

  bool prepare(int n_threads) {
    static_assert(sizeof(race_entry) == 2 * sizeof(double));
    thread_size_ = workspace(*this, nullptr).size;
    if (!problem_.components.allocate(static_cast<std::size_t>(doubles_for<T>(engine_.component_size))) ||
        !problem_.scratch.allocate(static_cast<std::size_t>(n_threads * thread_size_)) ||
        !problem_.shared.allocate(static_cast<std::size_t>(2 * n_chunks())) ||
        !problem_.seed_distances.allocate(static_cast<std::size_t>(problem_.data.n_rows))) {
      return false;
    }
    packed_ = memory_plan(problem_.components.data()).take<T>(engine_.component_size);
    winners_ = reinterpret_cast<race_entry*>(problem_.shared.data());
    return true;
  }

  /// The metric, centred on the seed drawn last.
  void pack_seed(const double* seed) {
    engine_.pack_component(seed, seeding_.metric.inverse_factors, engine_.n_cols, packed_);
  }

  /// The row that has won.
  std::int64_t winner() const {
    race_entry best = winners_[0];
    for (std::int64_t chunk = 1; chunk < n_chunks(); ++chunk) {
      if (wins(winners_[chunk], best)) {
        best = winners_[chunk];
      }
    }
    return best.row;
  }

  void take_row(std::int64_t row, double* seed) const {
    for (std::int64_t b = 0; b < engine_.n_cols; ++b) {
      seed[b] = static_cast<double>(problem_.row<T>(row)[b]);
    }
  }

  void race_chunk(std::int64_t chunk, int thread) const {
    const workspace memory(*this, problem_.scratch.data() + thread * thread_size_);
    const std::int64_t first = chunk * race_rows;
    const std::int64_t last = first + race_rows < problem_.data.n_rows ? first + race_rows : problem_.data.n_rows;
    race_entry best{infinity, first};
    for (std::int64_t row = first; row < last; row += block_rows_) {
      const std::int64_t n_rows = last - row < block_rows_ ? last - row : block_rows_;
      lower_distances(row, n_rows, memory);
      const race_entry entry = race_block(row, n_rows, memory);
      if (wins(entry, best)) {
        best = entry;
      }
    }
    winners_[chunk] = best;
  }

  /// The rows' distances to the nearest row chosen so far.
  void lower_distances(std::int64_t first, std::int64_t n_rows, const workspace& memory) const {
    double* const nearest = problem_.seed_distances.data() + first;
    if (is_first_) {
      for (std::int64_t i = 0; i < n_rows; ++i) {
        nearest[i] = infinity;
      }
      return;
    }
    const column_block<T> x{memory.columns, block_rows_, n_rows, engine_.n_cols};
    engine_.turn(problem_.row<T>(first), n_rows, engine_.n_cols, block_rows_, memory.columns);
    engine_.distances(x, packed_, engine_.n_cols, memory.work, memory.squared);
    for (std::int64_t i = 0; i < n_rows; ++i) {
      const double squared = static_cast<double>(memory.squared[i]);
      nearest[i] = select_less(squared, nearest[i], squared, nearest[i]);
    }
  }

  /// The first of a block of rows to finish.
  race_entry race_block(std::int64_t first, std::int64_t n_rows, const workspace& memory) const {
    using vec = pack<double>;
    const std::uint64_t* const draws = draw_for(first, n_rows, memory);
    set_rates(first, n_rows, memory.rates);
    for (std::int64_t i = 0; i < n_rows; i += vec_width<double>) {
      store(memory.times + i, race_time(load<vec>(memory.rates + i), load_bits<vec>(draws + i)));
    }
    race_entry best{infinity, first};
    for (std::int64_t i = 0; i < n_rows; ++i) {
      const race_entry entry{memory.times[i], first + i};
      if (wins(entry, best)) {
        best = entry;
      }
    }
    return best;
  }

  /// The rows' own 64-bit draws, and some more.
  const std::uint64_t* draw_for(std::int64_t first, std::int64_t n_rows, const workspace& memory) const {
    using bits = bits_t<pack<double>>;
    std::uint64_t* const draws = reinterpret_cast<std::uint64_t*>(memory.draws);
    const std::uint64_t start = first_draw_ + static_cast<std::uint64_t>(first);
    const std::int64_t skipped = static_cast<std::int64_t>(start % 2);
    for (std::int64_t i = 0; i < skipped + round_up(n_rows, vec_width<double>); i += 2 * vec_width<double>) {
      bits pair[2];
      philox_draws(seeding_.seed, seeding_.task,
                   consecutive<pack<double>>(start / 2 + static_cast<std::uint64_t>(i / 2)), pair);
      store_pairs(draws + i, pair[0], pair[1]);
    }
    return draws + skipped;
  }

  /// Rows that pad a block have rate 0: they never finish.
  void set_rates(std::int64_t first, std::int64_t n_rows, double* rates) const {
    const double* const nearest = problem_.seed_distances.data() + first;
    for (std::int64_t i = 0; i < n_rows; ++i) {
      rates[i] = is_first_ ? weight(first + i) : seed_rate(nearest[i], weight(first + i));
    }
    for (std::int64_t i = n_rows; i < round_up(n_rows, vec_width<double>); ++i) {
      rates[i] = 0.0;
    }
  }

  gmm_problem& problem_;
  const samebits_gmm_seeding& seeding_;
  gmm_engine<T> engine_;
  std::int64_t block_rows_;
  std::int64_t thread_size_ = 0;
  T* packed_ = nullptr;
  race_entry* winners_ = nullptr;  // per chunk

  // Of the race under way:
  bool is_first_ = true;  // of its run: rates are the weights
  std::uint64_t first_draw_ = 0;
};

}  // namespace

samebits_status gmm_seed(samebits_call* call, void* problem, const samebits_gmm_seeding* seeding) {
  const default_fp_environment environment;
  gmm_problem* const p = static_cast<gmm_problem*>(problem);
  const bool done = p->data.dtype == SAMEBITS_FLOAT32 ? seed_race<float>(p, *seeding).run(call->n_threads)
                                                      : seed_race<double>(p, *seeding).run(call->n_threads);
  return done ? SAMEBITS_OK : cpu::out_of_memory(call, "the distances to seeds");
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
