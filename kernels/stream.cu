// Random streams filled on the device. A thread makes all elements of one Philox block.
#include "kernels/device_memory.hpp"
#include "kernels/guard.hpp"
#include "kernels/launch.hpp"
#include "kernels/tables.hpp"
#include "samebits/core/distributions.hpp"
#include "samebits/core/philox.hpp"

namespace samebits::kernels {
namespace {

struct word_elements {
  using type = std::uint32_t;
  static constexpr int per_block = 4;
  static SAMEBITS_HD void make(const std::uint64_t (&draws)[2], type (&elements)[per_block]) {
    for (int j = 0; j < per_block; ++j) {
      elements[j] = static_cast<type>(draws[j / 2] >> (j % 2 * 32));
    }
  }
};

struct uniform_elements {
  using type = double;
  static constexpr int per_block = 2;
  static SAMEBITS_HD void make(const std::uint64_t (&draws)[2], type (&elements)[per_block]) {
    elements[0] = core::uniform<double>(draws[0]);
    elements[1] = core::uniform<double>(draws[1]);
  }
};

struct normal_elements {
  using type = double;
  static constexpr int per_block = 2;
  static SAMEBITS_HD void make(const std::uint64_t (&draws)[2], type (&elements)[per_block]) {
    core::normal_pair<double>(draws[0], draws[1], elements);
  }
};

template <class Elements>
struct fill_kernel {
  static constexpr int block_threads = 256;
  using shared = no_state;
  using local = no_state;
  using type = typename Elements::type;

  std::uint64_t seed;
  std::uint64_t task;
  std::uint64_t first;  // element that goes to out[0]
  std::uint64_t n;
  type* out;

  SAMEBITS_HD int phases() const { return 1; }
  SAMEBITS_HD void run(int, thread_position at, shared&, local&) const {
    const std::uint64_t block = first / Elements::per_block + static_cast<std::uint64_t>(global_thread<fill_kernel>(at));
    std::uint64_t draws[2];
    core::philox_draws(seed, task, block, draws);
    type elements[Elements::per_block];
    Elements::make(draws, elements);
    for (int j = 0; j < Elements::per_block; ++j) {
      // Elements before `first` wrap around to huge numbers.
      const std::uint64_t i = block * Elements::per_block + static_cast<std::uint64_t>(j) - first;
      if (i < n) {
        out[i] = elements[j];
      }
    }
  }
};

/// Elements per trip to the device: bounds the memory there.
constexpr std::int64_t chunk = std::int64_t{1} << 22;

template <class Elements>
void fill_chunks(std::uint64_t seed, std::uint64_t task, std::uint64_t first, std::int64_t n, void* out) {
  using type = typename Elements::type;
  device_array<type> elements;
  elements.make_room(n < chunk ? n : chunk);
  for (std::int64_t done = 0; done < n; done += chunk) {
    const std::int64_t count = n - done < chunk ? n - done : chunk;
    const std::uint64_t start = first + static_cast<std::uint64_t>(done);
    const auto in_first_block = static_cast<std::int64_t>(start % Elements::per_block);
    const fill_kernel<Elements> kernel{seed, task, start, static_cast<std::uint64_t>(count), elements.data()};
    launch(kernel, blocks_for<fill_kernel<Elements>>((in_first_block + count - 1) / Elements::per_block + 1));
    download(static_cast<type*>(out) + done, elements.data(), count);
  }
}

}  // namespace

samebits_status fill(samebits_call* call, samebits_fill_kind kind, std::uint64_t seed, std::uint64_t task,
                     std::uint64_t first, std::int64_t n, void* out) {
  return guarded(call, [&] {
    switch (kind) {
      case samebits_kind_words: return fill_chunks<word_elements>(seed, task, first, n, out);
      case samebits_kind_uniform: return fill_chunks<uniform_elements>(seed, task, first, n, out);
      case samebits_kind_normal: return fill_chunks<normal_elements>(seed, task, first, n, out);
    }
  });
}

}  // namespace samebits::kernels
