// Random numbers filled on the device: where they belong, or for the host in chunks that bound the memory there.
#include <cstring>
#include <type_traits>

#include "kernels/device_memory.hpp"
#include "kernels/guard.hpp"
#include "kernels/launch.hpp"
#include "kernels/tables.hpp"
#include "kernels/thread_pack.hpp"
#include "kernels/work_space.hpp"
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

/// The samples of a block by a single instruction, of which compilers make two otherwise.
SAMEBITS_HD inline void store_block(const std::uint64_t (&items)[2], void* out) {
#if defined(__CUDA_ARCH__)
  __stwb(static_cast<ulonglong2*>(out), make_ulonglong2(items[0], items[1]));
#else
  std::memcpy(out, items, sizeof(items));
#endif
}

template <class T>
inline constexpr std::int64_t block_samples = 16 / sizeof(T);

/// A thread makes some Philox blocks of the sequence, block_threads apart. Side by side they share the loads of the
/// constants of formulas, and hide latency. The first sample that is wanted may lie within its Philox block, and the
/// last one too.
template <class T, class Sampler>
struct block_kernel {
  static constexpr int block_threads = 256;
  static constexpr int per_thread = 4;  // Philox blocks
  static constexpr std::int64_t group = per_thread * block_threads;
  using block_memory = no_state;
  using thread_memory = no_state;

  Sampler sampler;
  core::philox_keys keys;
  std::uint64_t task;
  std::uint64_t first_block;  // that of the first sample
  std::int64_t within_block;  // of the first sample
  std::int64_t n;
  T* out;

  std::int64_t n_groups() const {
    const std::int64_t n_blocks = (within_block + n + block_samples<T> - 1) / block_samples<T>;
    return (n_blocks + group - 1) / group;
  }

  SAMEBITS_HD int phases() const { return 1; }
  SAMEBITS_HD void run(int, thread_position at, block_memory&, thread_memory&) const {
    constexpr std::int64_t stride = block_threads * block_samples<T>;
    const std::int64_t first = at.block * group * block_samples<T> - within_block;  // sample of the whole group
    const std::int64_t own = first + at.thread * block_samples<T>;
    words items[2];
    make(first_block + static_cast<std::uint64_t>(at.block * group + at.thread), items);
    const bool is_whole = first >= 0 && first + group * block_samples<T> <= n;
    if (is_whole && reinterpret_cast<std::uintptr_t>(out + first) % 16 == 0) {
      SAMEBITS_UNROLL
      for (int k = 0; k < per_thread; ++k) {
        store_block({items[0].lane[k], items[1].lane[k]}, out + own + k * stride);
      }
    } else {
      SAMEBITS_UNROLL
      for (int k = 0; k < per_thread; ++k) {
        store_samples({items[0].lane[k], items[1].lane[k]}, own + k * stride);
      }
    }
  }

 private:
  using doubles = core::thread_pack<double, per_thread>;
  using floats = core::thread_pack<float, 2 * per_thread>;
  using words = core::bits_t<doubles>;

  SAMEBITS_HD void make(std::uint64_t block, words (&items)[2]) const {
    words draws[2];
    core::philox_draws(keys, task,
                       words::of([&](int k) { return block + static_cast<std::uint64_t>(k * block_threads); }), draws);
    core::block_items<T, doubles, floats>(sampler, draws, items);
  }
  SAMEBITS_HD void store_samples(const std::uint64_t (&items)[2], std::int64_t first) const {
    SAMEBITS_UNROLL
    for (std::int64_t k = 0; k < block_samples<T>; ++k) {
      if (first + k >= 0 && first + k < n) {
        out[first + k] = sample(items, k);
      }
    }
  }
  SAMEBITS_HD static T sample(const std::uint64_t (&items)[2], std::int64_t k) {
    constexpr int bits = 8 * sizeof(T);
    const auto own = static_cast<std::conditional_t<bits == 64, std::uint64_t, std::uint32_t>>(items[k * bits / 64] >>
                                                                                               k * bits % 64);
    T made;
    std::memcpy(&made, &own, sizeof(made));
    return made;
  }
};

/// Calls fill(first, count, data) for one chunk of samples [0, n) after the other, each of `size` numbers of `out`.
template <class T, class Fill>
void for_chunks(std::int64_t n, std::int64_t chunk, std::int64_t size, T* out, const Fill& fill) {
  device_output<T> output(out, n * size);
  for (std::int64_t first = 0; first < n; first += chunk) {
    const std::int64_t count = n - first < chunk ? n - first : chunk;
    output.piece(first * size, count * size, [&](T* data) { fill(first, count, data); });
  }
}

/// Samples of one number each at a time: all of them where they stay on the device.
template <class T>
std::int64_t chunk_of(std::int64_t n, const T* out) {
  return lies_on_device(out) ? n : piece_numbers;
}

template <class T, class Sampler>
void fill_device(core::sampling<core::layout::sixteen_bytes, T>, const Sampler& sampler, position_in_stream stream,
                 std::int64_t n, T* out) {
  using kernel_type = block_kernel<T, Sampler>;
  constexpr std::int64_t per_block = block_samples<T>;
  for_chunks(n, chunk_of(n, out), 1, out, [&](std::int64_t done, std::int64_t count, T* data) {
    const position_in_stream start = stream + done;
    const auto within_block = static_cast<std::int64_t>(start.first % per_block);
    const kernel_type kernel{
        sampler, core::philox_keys(start.seed), start.task, start.first / per_block, within_block, count, data};
    launch(kernel, kernel.n_groups());
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
  for_chunks(n, chunk_of(n, out), 1, out, [&](std::int64_t done, std::int64_t count, T* data) {
    launch(kernel{sampler, stream + done, count, data}, blocks_for<kernel>(count));
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
  const std::int64_t fitting = piece_numbers / (row_size + workspace_size);
  const std::int64_t chunk_rows = fitting < 1 ? 1 : fitting < n ? fitting : n;
  device_array<double> workspace;
  workspace.make_room(chunk_rows * workspace_size + 1);
  for_chunks(n, chunk_rows, row_size, out, [&](std::int64_t done, std::int64_t count, T* data) {
    launch(kernel{sampler, stream + done, count, workspace.data(), data}, blocks_for<kernel>(count));
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
