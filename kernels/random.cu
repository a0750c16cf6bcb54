// Random streams filled on the device. A thread makes the 16 bytes of one Philox block.
#include "kernels/device_memory.hpp"
#include "kernels/guard.hpp"
#include "kernels/launch.hpp"
#include "kernels/tables.hpp"
#include "samebits/core/distributions.hpp"
#include "samebits/core/philox.hpp"

namespace samebits::kernels {
namespace {

/// Element has the size of the sequence's elements; their bits are moved, not their values.
template <core::sequence Kind, class Element>
struct fill_kernel {
  static constexpr int block_threads = 256;
  static constexpr int per_item = static_cast<int>(sizeof(std::uint64_t) / sizeof(Element));
  static constexpr int per_block = 2 * per_item;
  using block_memory = no_state;
  using thread_memory = no_state;

  std::uint64_t seed;
  std::uint64_t task;
  std::uint64_t first;  // the element that goes to out[0]
  std::uint64_t n;
  Element* out;

  SAMEBITS_HD int phases() const { return 1; }
  SAMEBITS_HD void run(int, thread_position at, block_memory&, thread_memory&) const {
    const std::uint64_t block = first / per_block + static_cast<std::uint64_t>(global_thread<fill_kernel>(at));
    std::uint64_t draws[2];
    core::philox_draws(seed, task, block, draws);
    std::uint64_t items[2];
    core::sequence_items<Kind, double>(draws, items);
    for (int j = 0; j < per_block; ++j) {
      // Elements before `first` wrap around to huge numbers.
      const std::uint64_t i = block * per_block + static_cast<std::uint64_t>(j) - first;
      if (i < n) {
        out[i] = static_cast<Element>(items[j / per_item] >> (j % per_item * 32));
      }
    }
  }
};

/// Elements per trip to the device: bounds the memory there.
constexpr std::int64_t chunk = std::int64_t{1} << 22;

template <core::sequence Kind, class Element>
void fill_chunks(std::uint64_t seed, std::uint64_t task, std::uint64_t first, std::int64_t n, void* out) {
  using kernel = fill_kernel<Kind, Element>;
  device_array<Element> elements;
  elements.make_room(n < chunk ? n : chunk);
  for (std::int64_t done = 0; done < n; done += chunk) {
    const std::int64_t count = n - done < chunk ? n - done : chunk;
    const std::uint64_t start = first + static_cast<std::uint64_t>(done);
    const auto within_block = static_cast<std::int64_t>(start % kernel::per_block);
    const std::int64_t n_blocks = (within_block + count - 1) / kernel::per_block + 1;
    launch(kernel{seed, task, start, static_cast<std::uint64_t>(count), elements.data()}, blocks_for<kernel>(n_blocks));
    download(static_cast<Element*>(out) + done, elements.data(), count);
  }
}

}  // namespace

samebits_status fill(samebits_call* call, samebits_fill_kind kind, std::uint64_t seed, std::uint64_t task,
                     std::uint64_t first, std::int64_t n, void* out) {
  return guarded(call, [&] {
    switch (kind) {
      case samebits_kind_words: return fill_chunks<core::sequence::words, std::uint32_t>(seed, task, first, n, out);
      case samebits_kind_uniform: return fill_chunks<core::sequence::uniform, std::uint64_t>(seed, task, first, n, out);
      case samebits_kind_normal: return fill_chunks<core::sequence::normal, std::uint64_t>(seed, task, first, n, out);
    }
  });
}

}  // namespace samebits::kernels
