// Counts of the values of pairs by some of their bits, on the device. Counts are whole numbers: threads may add to them
// in any order.
#include <vector>

#include "kernels/pairwise_device.hpp"
#include "kernels/work_space.hpp"

namespace samebits::kernels {
namespace {

/// The emulator runs one thread after the other.
template <class Number>
SAMEBITS_HD inline void add_at_once(Number& counter, Number n) {
#if defined(__CUDA_ARCH__)
  atomicAdd(&counter, n);
#else
  counter += n;
#endif
}

using pair_count = unsigned long long;  // what the device can add to at once

struct clear_counts {
  pair_count* counts;
  std::int64_t n;

  SAMEBITS_HD std::int64_t n_threads() const { return n; }
  SAMEBITS_HD void reduce(std::int64_t i) const { counts[i] = 0; }
};

/// Which values count, and where. The bits of values that are at least 0 are ordered like these.
template <class T>
struct value_digits {
  core::bits_t<T> lowest;  // the prefix, with zeros behind it
  std::int32_t shift;
  std::int32_t n_digits;

  static constexpr int nowhere = -1;

  explicit value_digits(const samebits_pair_digits& digits)
      : lowest(static_cast<core::bits_t<T>>(digits.prefix << digits.n_bits << digits.shift)),
        shift(digits.shift),
        n_digits(1 << digits.n_bits) {}

  SAMEBITS_HD int digit(T value) const {
    const core::bits_t<T> digit = (core::to_bits(value) - lowest) >> shift;
    return digit < static_cast<core::bits_t<T>>(n_digits) ? static_cast<int>(digit) : nowhere;
  }
};

/// Counts in the memory of a block first. A block has few enough pairs for 32 bits.
template <class T>
struct count_kernel {
  static constexpr int block_threads = 128;
  static constexpr int n_rows = 2;
  static constexpr int most_digits = 1 << samebits_pair_digit_bits;
  struct block_memory {
    unsigned counts[most_digits];
  };
  using thread_memory = no_state;

  pair_rows<T> rows;
  pair_batch<n_rows> batch;
  pair_mapping<T> mapping;
  value_digits<T> digits;
  pair_count* counts;

  SAMEBITS_HD int phases() const { return 3; }
  SAMEBITS_HD void run(int phase, thread_position at, block_memory& shared, thread_memory&) const {
    const std::int64_t number = global_thread<count_kernel>(at);
    switch (phase) {
      case 0: return clear(at.thread, shared);
      case 1: return number < batch.n_threads() ? count_leaf(number, shared) : void();
      default: return add_up(at.thread, shared);
    }
  }

 private:
  SAMEBITS_HD void clear(int thread, block_memory& shared) const {
    for (int digit = thread; digit < digits.n_digits; digit += block_threads) {
      shared.counts[digit] = 0;
    }
  }
  SAMEBITS_HD void add_up(int thread, const block_memory& shared) const {
    for (int digit = thread; digit < digits.n_digits; digit += block_threads) {
      if (shared.counts[digit] != 0) {
        add_at_once(counts[digit], pair_count{shared.counts[digit]});
      }
    }
  }

  /// Values with the digit of the one before. Many have the same one, and threads would wait for each other.
  struct run_of_values {
    int digit = value_digits<T>::nowhere;
    unsigned n = 0;
  };

  SAMEBITS_HD void count_leaf(std::int64_t number, block_memory& shared) const {
    const row_group<n_rows> mine = batch.rows(number);
    const strip_range strips = rows.strips(mine, batch.first_leaf + batch.leaf(number));
    run_of_values last;
    for (std::int64_t strip = strips.first; strip < strips.end; ++strip) {
      pair_values<T, n_rows> values;
      rows.template make_values<core::pair_map::value>(mapping, mine, strip, T(0), values);
      count_strip(mine, strip, values, last, shared);
    }
    add_run(last, shared);
  }

  SAMEBITS_HD void count_strip(const row_group<n_rows>& mine, std::int64_t strip, const pair_values<T, n_rows>& values,
                               run_of_values& last, block_memory& shared) const {
    const bool all = rows.counts_all(mine, strip) && mine.last() < batch.end();
    SAMEBITS_UNROLL
    for (int r = 0; r < n_rows; ++r) {
      SAMEBITS_UNROLL
      for (int s = 0; s < strip_rows; ++s) {
        if (all || (rows.counts(mine.row(r), strip * strip_rows + s) && mine.row(r) < batch.end())) {
          add_value(digits.digit(values.of[r][s]), last, shared);
        }
      }
    }
  }

  SAMEBITS_HD static void add_value(int digit, run_of_values& last, block_memory& shared) {
    if (digit != last.digit) {
      add_run(last, shared);
      last = {digit, 0};
    }
    ++last.n;
  }
  SAMEBITS_HD static void add_run(const run_of_values& last, block_memory& shared) {
    if (last.digit != value_digits<T>::nowhere) {
      add_at_once(shared.counts[last.digit], last.n);
    }
  }
};

/// Batches small enough for one launch.
template <class T>
void count_batches(const pair_call<T>& call, pair_count* counts) {
  constexpr std::int64_t most_rows = std::int64_t{1} << 20;
  constexpr std::int64_t most_leaves = 1024;
  const value_digits<T> digits(*call.pairs().digits);
  for (std::int64_t first = 0; first < call.pairs().n_x; first += most_rows) {
    for (std::int64_t leaf = 0; leaf < call.n_leaves(); leaf += most_leaves) {
      const pair_batch<count_kernel<T>::n_rows> batch{first, smaller(most_rows, call.pairs().n_x - first), leaf,
                                                      smaller(most_leaves, call.n_leaves() - leaf)};
      launch(count_kernel<T>{call.rows(), batch, call.mapping(), digits, counts},
             blocks_for<count_kernel<T>>(batch.n_threads()));
    }
  }
}

}  // namespace

template <class T>
void count_pairs(const pair_call<T>& call) {
  const samebits_pair_digits& digits = *call.pairs().digits;
  const std::int64_t n = std::int64_t{1} << digits.n_bits;
  device_array<pair_count> counts;
  counts.make_room(n);
  launch_reduction(clear_counts{counts.data(), n});
  count_batches(call, counts.data());
  std::vector<pair_count> found(static_cast<std::size_t>(n));
  download(found.data(), counts.data(), n);
  for (std::int64_t d = 0; d < n; ++d) {
    digits.counts[d] = static_cast<std::int64_t>(found[static_cast<std::size_t>(d)]);
  }
}

template void count_pairs(const pair_call<float>&);
template void count_pairs(const pair_call<double>&);

}  // namespace samebits::kernels
