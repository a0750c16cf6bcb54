// Bulk random numbers on the CPU: the loops over blocks, samples and rows for every sampler of core/.
#include <cstring>
#include <type_traits>

#include "cpu/memory.hpp"
#include "cpu/pack.hpp"
#include "cpu/parallel.hpp"
#include "cpu/report.hpp"
#include "cpu/tables.hpp"
#include "lib/fp_environment.hpp"
#include "samebits/core/philox.hpp"
#include "samebits/core/samplers.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {
namespace {

constexpr std::int64_t block_bytes = 16;
constexpr std::int64_t task_blocks = 1 << 14;

/// What all layouts need. `first` and `n` count samples.
template <class Sampler, class T>
struct fill_job {
  Sampler sampler;
  std::uint64_t seed;
  std::uint64_t task;
  std::uint64_t first;
  std::int64_t n;
  T* out;
};

/// Item `index` of at most task_items: where it begins and ends in [0, n).
struct item_range {
  std::int64_t begin;
  std::int64_t end;
};
item_range range_of(std::int64_t index, std::int64_t task_items, std::int64_t n) {
  const std::int64_t begin = index * task_items;
  return {begin, n - begin < task_items ? n : begin + task_items};
}
std::int64_t n_tasks(std::int64_t n, std::int64_t task_items) { return (n + task_items - 1) / task_items; }

// ---- sixteen bytes a block ----------------------------------------------------------------------------------------

/// Block b of the stream is bytes 16 b .. 16 b + 15 of the sequence, so any range is whole blocks and at most two cut
/// ones.
template <class Sampler, class T>
struct block_fill {
  using job_type = fill_job<Sampler, T>;

  const job_type& job;
  std::uint64_t first_byte;  // of the sequence
  std::int64_t n_bytes;
  unsigned char* out;

  explicit block_fill(const job_type& j)
      : job(j),
        first_byte(j.first * sizeof(T)),
        n_bytes(j.n * static_cast<std::int64_t>(sizeof(T))),
        out(reinterpret_cast<unsigned char*>(j.out)) {}

  std::int64_t n_blocks() const {
    return n_tasks(static_cast<std::int64_t>(first_byte % block_bytes) + n_bytes, block_bytes);
  }

  template <class D, class F>
  SAMEBITS_INLINE void make(std::uint64_t block, bits_t<D> (&items)[2]) const {
    bits_t<D> draws[2];
    philox_draws(job.seed, job.task, consecutive<D>(block), draws);
    block_items<T, D, F>(job.sampler, draws, items);
  }

  /// Writes the part of one block that lies in the range.
  void fill_cut_block(std::uint64_t block) const {
    std::uint64_t items[2];
    make<double, float>(block, items);
    unsigned char bytes[block_bytes];
    std::memcpy(bytes, items, block_bytes);
    const auto at = static_cast<std::int64_t>(block * block_bytes - first_byte);  // < 0 in the first block
    const std::int64_t skipped = at < 0 ? -at : 0;
    const std::int64_t end = at + block_bytes > n_bytes ? n_bytes - at : block_bytes;
    std::memcpy(out + at + skipped, bytes + skipped, static_cast<std::size_t>(end - skipped));
  }

  void fill(std::uint64_t block, std::uint64_t end) const {
    using D = pack<double>;
    constexpr std::int64_t width = value_traits<D>::width;
    while (block < end) {
      const auto at = static_cast<std::int64_t>(block * block_bytes - first_byte);
      if (at < 0 || at + width * block_bytes > n_bytes || block + width > end) {
        fill_cut_block(block);
        ++block;
        continue;
      }
      bits_t<D> items[2];
      make<D, pack<float>>(block, items);
      store_pairs(out + at, items[0], items[1]);
      block += width;
    }
  }

  static void run_task(void* context, std::int64_t index, int) {
    const block_fill blocks(*static_cast<const job_type*>(context));
    const item_range range = range_of(index, task_blocks, blocks.n_blocks());
    const std::uint64_t origin = blocks.first_byte / block_bytes;
    blocks.fill(origin + static_cast<std::uint64_t>(range.begin), origin + static_cast<std::uint64_t>(range.end));
  }
};

template <class Sampler, class T>
samebits_status run_fill(sampling<layout::sixteen_bytes, T>, samebits_call* call, fill_job<Sampler, T>& job) {
  using blocks = block_fill<Sampler, T>;
  cpu::parallel_for(call->n_threads, n_tasks(blocks(job).n_blocks(), task_blocks), blocks::run_task, &job);
  return SAMEBITS_OK;
}

// ---- eight bytes a block ------------------------------------------------------------------------------------------

template <class Sampler>
concept takes_packs = value_traits<pack<double>>::width >
1 && requires(const Sampler& sampler, const bits_t<pack<double>> (&draws)[2]) { sampler.integer(draws); };

template <class V, class Sampler, class T>
SAMEBITS_INLINE bits_t<V> integer_at(const fill_job<Sampler, T>& job, std::int64_t i) {
  bits_t<V> draws[2];
  philox_draws(job.seed, job.task, consecutive<V>(job.first + static_cast<std::uint64_t>(i)), draws);
  return job.sampler.integer(draws);
}

template <class Sampler, class T>
void fill_integers(void* context, std::int64_t index, int) {
  const auto& job = *static_cast<const fill_job<Sampler, T>*>(context);
  const item_range range = range_of(index, task_blocks, job.n);
  std::int64_t i = range.begin;
  if constexpr (takes_packs<Sampler>) {
    using V = pack<double>;
    constexpr std::int64_t width = value_traits<V>::width;
    for (; i + width <= range.end; i += width) {
      store(reinterpret_cast<std::uint64_t*>(job.out + i), integer_at<V>(job, i));
    }
  }
  for (; i < range.end; ++i) {
    job.out[i] = static_cast<T>(integer_at<double>(job, i));
  }
}

template <class Sampler, class T>
samebits_status run_fill(sampling<layout::eight_bytes, T>, samebits_call* call, fill_job<Sampler, T>& job) {
  cpu::parallel_for(call->n_threads, n_tasks(job.n, task_blocks), fill_integers<Sampler, T>, &job);
  return SAMEBITS_OK;
}

// ---- attempts -----------------------------------------------------------------------------------------------------

template <class V, class Sampler, class T>
SAMEBITS_INLINE V sample_at(const fill_job<Sampler, T>& job, std::int64_t i, V& score) {
  sample_blocks<V> blocks(job.seed, job.task, consecutive<V>(job.first + static_cast<std::uint64_t>(i)));
  const V x = job.sampler.sample(blocks);
  score = blocks.score;
  return x;
}

template <class Sampler, class T>
void fill_attempts(void* context, std::int64_t index, int) {
  using V = pack<double>;
  constexpr std::int64_t width = value_traits<V>::width;
  const auto& job = *static_cast<const fill_job<Sampler, T>*>(context);
  const item_range range = range_of(index, task_blocks / 4, job.n);
  std::int64_t i = range.begin;
  double score;
  if constexpr (width > 1) {
    for (; i + width <= range.end; i += width) {
      alignas(64) double x[width];
      alignas(64) double scores[width];
      V lane_scores;
      store(x, sample_at<V>(job, i, lane_scores));
      store(scores, lane_scores);
      for (std::int64_t lane = 0; lane < width; ++lane) {
        const double value = scores[lane] < 0 ? sample_at<double>(job, i + lane, score) : x[lane];
        job.out[i + lane] = static_cast<T>(value);
      }
    }
  }
  for (; i < range.end; ++i) {
    job.out[i] = static_cast<T>(sample_at<double>(job, i, score));
  }
}

template <class Sampler, class T>
samebits_status run_fill(sampling<layout::attempts, T>, samebits_call* call, fill_job<Sampler, T>& job) {
  cpu::parallel_for(call->n_threads, n_tasks(job.n, task_blocks / 4), fill_attempts<Sampler, T>, &job);
  return SAMEBITS_OK;
}

// ---- rows ---------------------------------------------------------------------------------------------------------

/// Rows that share one pass over their inputs: 4,096 inputs, or a single row.
template <class Sampler>
std::int64_t rows_at_once(const Sampler& sampler) {
  const std::int64_t n_inputs = sampler.n_inputs();
  return n_inputs < 64 ? 64 : n_inputs < 4096 ? 4096 / n_inputs : 1;
}

template <class Sampler, class T>
struct row_fill {
  fill_job<Sampler, T> job;
  std::int64_t at_once;
  std::int64_t workspace_size;  // of a thread, in doubles
  double* workspace;

  void fill(std::int64_t begin, std::int64_t end, double* inputs) const {
    const Sampler& sampler = job.sampler;
    const std::int64_t n_inputs = sampler.n_inputs();
    const std::int64_t row_size = sampler.row_size();
    const std::uint64_t first_row = job.first + static_cast<std::uint64_t>(begin);
    const std::uint64_t first_input = first_row * static_cast<std::uint64_t>(n_inputs);
    const std::int64_t count = (end - begin) * n_inputs;
    // A row is made in a copy of its inputs, with workspace behind it.
    double* const inputs_of_row = inputs + count;
    if constexpr (Sampler::inputs == row_inputs::normals) {
      const fill_job<normal_sampler<double>, double> normals{
          normal_sampler<double>(0, 1), job.seed, job.task, first_input, count, inputs};
      const block_fill<normal_sampler<double>, double> blocks(normals);
      const std::uint64_t origin = blocks.first_byte / block_bytes;
      blocks.fill(origin, origin + static_cast<std::uint64_t>(blocks.n_blocks()));
    } else if constexpr (Sampler::inputs == row_inputs::components) {
      for (std::int64_t j = 0; j < n_inputs; ++j) {
        fill_component(j, first_input + static_cast<std::uint64_t>(j), end - begin, inputs + j);
      }
    }
    for (std::int64_t i = begin; i < end; ++i) {
      std::memcpy(inputs_of_row, inputs + (i - begin) * n_inputs, static_cast<std::size_t>(n_inputs) * sizeof(double));
      sampler.make_row(row_position{job.seed, job.task, job.first + static_cast<std::uint64_t>(i)}, inputs_of_row,
                       job.out + i * row_size);
    }
  }

  /// Input j of n rows: every n_inputs-th number from `first` on, to every n_inputs-th place.
  void fill_component(std::int64_t j, std::uint64_t first, std::int64_t n, double* out) const {
    using V = pack<double>;
    constexpr std::int64_t width = value_traits<V>::width;
    const std::int64_t stride = job.sampler.n_inputs();
    const auto component = job.sampler.component(j);
    const auto number = [&](std::int64_t i) { return first + static_cast<std::uint64_t>(i * stride); };
    const auto scalar = [&](std::int64_t i) {
      sample_blocks<double> blocks(job.seed, job.task, number(i));
      out[i * stride] = Sampler::input(component, blocks);
    };
    std::int64_t i = 0;
    if constexpr (width > 1) {
      for (; i + width <= n; i += width) {
        sample_blocks<V> blocks(job.seed, job.task, strided<V>(number(i), static_cast<std::uint64_t>(stride)));
        alignas(64) double x[width];
        alignas(64) double scores[width];
        store(x, Sampler::input(component, blocks));
        store(scores, blocks.score);
        for (std::int64_t lane = 0; lane < width; ++lane) {
          out[(i + lane) * stride] = x[lane];
          if (scores[lane] < 0) {
            scalar(i + lane);
          }
        }
      }
    }
    for (; i < n; ++i) {
      scalar(i);
    }
  }

  static void run_task(void* context, std::int64_t index, int thread) {
    const row_fill& rows = *static_cast<const row_fill*>(context);
    const item_range range = range_of(index, rows.at_once, rows.job.n);
    rows.fill(range.begin, range.end, rows.workspace + thread * rows.workspace_size);
  }
};

template <class Sampler, class T>
samebits_status run_fill(sampling<layout::rows, T>, samebits_call* call, fill_job<Sampler, T>& job) {
  const std::int64_t at_once = rows_at_once(job.sampler);
  const std::int64_t size = (at_once + 1) * job.sampler.n_inputs() + job.sampler.n_workspace();
  const std::int64_t tasks = n_tasks(job.n, at_once);
  const std::int64_t used = tasks < call->n_threads ? tasks : call->n_threads;
  cpu::buffer workspace;
  if (!workspace.allocate(static_cast<std::size_t>(size * used))) {
    return cpu::out_of_memory(call, "the inputs of rows");
  }
  row_fill<Sampler, T> rows{job, at_once, size, workspace.data()};
  cpu::parallel_for(static_cast<int>(used), tasks, row_fill<Sampler, T>::run_task, &rows);
  return SAMEBITS_OK;
}

}  // namespace

samebits_status fill(samebits_call* call, const samebits_sampling* sampling, std::int64_t n, void* out) {
  const default_fp_environment environment;
  samebits_status status = SAMEBITS_OK;
  visit_sampler(*sampling->distribution, sampling->table, sampling->dtype == SAMEBITS_FLOAT32,
                [&]<class How, class Sampler>(How how, const Sampler& sampler) {
                  using T = typename How::value_type;
                  fill_job<Sampler, T> job{sampler, sampling->seed,      sampling->task, sampling->first,
                                           n,       static_cast<T*>(out)};
                  status = run_fill(how, call, job);
                });
  return status;
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
