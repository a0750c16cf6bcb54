// Random numbers filled on the device, in chunks that bound the memory there.
#include "kernels/device_memory.hpp"
#include "kernels/guard.hpp"
#include "kernels/launch.hpp"
#include "kernels/tables.hpp"
#include "samebits/core/philox.hpp"
#include "samebits/core/samplers.hpp"

namespace samebits::kernels {
namespace {

/// What all layouts need. `first` counts samples.
struct position_in_stream {
  std::uint64_t seed;
  std::uint64_t task;
  std::uint64_t first;

  position_in_stream operator+(std::int64_t n) const { return {seed, task, first + static_cast<std::uint64_t>(n)}; }
};

// ---- sixteen bytes a block ----------------------------------------------------------------------------------------

/// The samples of one block: a single store of 16 bytes.
struct alignas(16) block_of_samples {
  std::uint64_t items[2];
};

/// A thread makes one Philox block of the sequence; `first` counts blocks.
template <class T, class Sampler>
struct block_kernel {
  static constexpr int block_threads = 256;
  using block_memory = no_state;
  using thread_memory = no_state;

  Sampler sampler;
  position_in_stream stream;
  std::int64_t n;
  block_of_samples* out;

  SAMEBITS_HD int phases() const { return 1; }
  SAMEBITS_HD void run(int, thread_position at, block_memory&, thread_memory&) const {
    const std::int64_t i = global_thread<block_kernel>(at);
    if (i < n) {
      std::uint64_t draws[2];
      core::philox_draws(stream.seed, stream.task, stream.first + static_cast<std::uint64_t>(i), draws);
      block_of_samples made;
      core::block_items<T, double, float>(sampler, draws, made.items);
      out[i] = made;
    }
  }
};

constexpr std::int64_t chunk_samples = std::int64_t{1} << 22;

/// Calls work(first, count) for one chunk of [0, n) after the other.
template <class Work>
void for_chunks(std::int64_t n, std::int64_t chunk, const Work& work) {
  for (std::int64_t first = 0; first < n; first += chunk) {
    work(first, n - first < chunk ? n - first : chunk);
  }
}

template <class T, class Sampler>
void fill_device(core::sampling<core::layout::sixteen_bytes, T>, const Sampler& sampler, position_in_stream stream,
                 std::int64_t n, T* out) {
  constexpr std::int64_t per_block = 16 / sizeof(T);
  device_array<block_of_samples> made;
  made.make_room((n < chunk_samples ? n : chunk_samples) / per_block + 2);
  for_chunks(n, chunk_samples, [&](std::int64_t done, std::int64_t count) {
    const position_in_stream start = stream + done;
    const auto within_block = static_cast<std::int64_t>(start.first % per_block);
    const std::int64_t n_blocks = (within_block + count + per_block - 1) / per_block;
    using kernel = block_kernel<T, Sampler>;
    launch(kernel{sampler, {start.seed, start.task, start.first / per_block}, n_blocks, made.data()},
           blocks_for<kernel>(n_blocks));
    download(out + done, reinterpret_cast<T*>(made.data()) + within_block, count);
  });
}

// ---- a sample per thread ------------------------------------------------------------------------------------------

template <core::layout Layout, class T, class Sampler>
struct sample_kernel {
  static constexpr int block_threads = 256;
  using block_memory = no_state;
  using thread_memory = no_state;

  Sampler sampler;
  position_in_stream stream;
  std::int64_t n;
  T* out;

  SAMEBITS_HD int phases() const { return 1; }
  SAMEBITS_HD void run(int, thread_position at, block_memory&, thread_memory&) const {
    const std::int64_t i = global_thread<sample_kernel>(at);
    if (i >= n) {
      return;
    }
    const std::uint64_t sample = stream.first + static_cast<std::uint64_t>(i);
    if constexpr (Layout == core::layout::eight_bytes) {
      std::uint64_t draws[2];
      core::philox_draws(stream.seed, stream.task, sample, draws);
      out[i] = static_cast<T>(sampler.integer(draws));
    } else {
      core::sample_blocks<double> blocks(stream.seed, stream.task, sample);
      out[i] = static_cast<T>(sampler.sample(blocks));
    }
  }
};

template <core::layout Layout, class T, class Sampler>
void fill_device(core::sampling<Layout, T>, const Sampler& sampler, position_in_stream stream, std::int64_t n, T* out) {
  using kernel = sample_kernel<Layout, T, Sampler>;
  device_array<T> samples;
  samples.make_room(n < chunk_samples ? n : chunk_samples);
  for_chunks(n, chunk_samples, [&](std::int64_t done, std::int64_t count) {
    launch(kernel{sampler, stream + done, count, samples.data()}, blocks_for<kernel>(count));
    download(out + done, samples.data(), count);
  });
}

// ---- rows ---------------------------------------------------------------------------------------------------------

/// A thread makes one row, in workspace of its own.
template <class T, class Sampler>
struct row_kernel {
  static constexpr int block_threads = 128;
  using block_memory = no_state;
  using thread_memory = no_state;

  Sampler sampler;
  position_in_stream stream;
  std::int64_t n;
  double* workspace;
  T* out;

  SAMEBITS_HD int phases() const { return 1; }
  SAMEBITS_HD void run(int, thread_position at, block_memory&, thread_memory&) const {
    const std::int64_t i = global_thread<row_kernel>(at);
    if (i >= n) {
      return;
    }
    const std::int64_t n_inputs = sampler.n_inputs();
    double* const inputs = workspace + i * (n_inputs + sampler.n_workspace());
    const std::uint64_t row = stream.first + static_cast<std::uint64_t>(i);
    if constexpr (Sampler::inputs != core::row_inputs::none) {
      for (std::int64_t j = 0; j < n_inputs; ++j) {
        const std::uint64_t number = row * static_cast<std::uint64_t>(n_inputs) + static_cast<std::uint64_t>(j);
        inputs[j] = sampler.input(stream.seed, stream.task, number, j);
      }
    }
    sampler.make_row(core::row_position{stream.seed, stream.task, row}, inputs, out + i * sampler.row_size());
  }
};

template <class T, class Sampler>
void fill_device(core::sampling<core::layout::rows, T>, const Sampler& sampler, position_in_stream stream,
                 std::int64_t n, T* out) {
  using kernel = row_kernel<T, Sampler>;
  const std::int64_t row_size = sampler.row_size();
  const std::int64_t workspace_size = sampler.n_inputs() + sampler.n_workspace();
  const std::int64_t fitting = chunk_samples / (row_size + workspace_size);
  const std::int64_t chunk_rows = fitting < 1 ? 1 : fitting < n ? fitting : n;
  device_array<T> rows;
  rows.make_room(chunk_rows * row_size);
  device_array<double> workspace;
  workspace.make_room(chunk_rows * workspace_size + 1);
  for_chunks(n, chunk_rows, [&](std::int64_t done, std::int64_t count) {
    launch(kernel{sampler, stream + done, count, workspace.data(), rows.data()}, blocks_for<kernel>(count));
    download(out + done * row_size, rows.data(), count * row_size);
  });
}

}  // namespace

samebits_status fill(samebits_call* call, const samebits_sampling* sampling, std::int64_t n, void* out) {
  return guarded(call, [&] {
    device_array<double> table;
    if (sampling->n_table > 0) {
      table.make_room(sampling->n_table);
      upload(table.data(), sampling->table, sampling->n_table);
    }
    const position_in_stream stream{sampling->seed, sampling->task, sampling->first};
    core::visit_sampler(*sampling->distribution, table.data(), sampling->dtype == SAMEBITS_FLOAT32,
                        [&]<class How, class Sampler>(How how, const Sampler& sampler) {
                          using T = typename How::value_type;
                          fill_device(how, sampler, stream, n, static_cast<T*>(out));
                        });
  });
}

}  // namespace samebits::kernels
