// The nearest rows on the device: the smallest values of pairs and whose they are.
#include "kernels/pairwise_device.hpp"
#include "kernels/work_space.hpp"
#include "samebits/core/nearest.hpp"

namespace samebits::kernels {
namespace {

using core::nearest_heap;

/// A heap for every row of a batch and every chunk of leaves: that of row i and chunk c is number c n_rows + i.
template <class T>
struct nearest_heaps {
  T* values;
  std::int64_t* indices;
  std::int64_t size;
  std::int64_t n_rows;
  std::int64_t n_chunks;

  SAMEBITS_HD nearest_heap<T> heap(std::int64_t chunk, std::int64_t i) const {
    const std::int64_t number = chunk * n_rows + i;
    return {values + number, indices + number, size, n_chunks * n_rows};
  }
};

/// Fills the heaps. The chunks of leaves are the "leaves" of the batch.
template <class T>
struct nearest_rows {
  static constexpr int n_rows = 2;

  pair_rows<T> rows;
  pair_batch<n_rows> batch;
  std::int64_t chunk_leaves;
  pair_mapping<T> mapping;
  nearest_heaps<T> heaps;

  SAMEBITS_HD std::int64_t n_threads() const { return batch.n_threads(); }
  SAMEBITS_HD void reduce(std::int64_t number) const {
    const row_group<n_rows> mine = batch.rows(number);
    const std::int64_t chunk = batch.leaf(number);
    T last[n_rows];  // of the smallest values so far
    for (int r = 0; r < n_rows; ++r) {
      last[r] = core::math_constants<T>::infinity;
      if (mine.row(r) < batch.end()) {
        heap(mine, chunk, r).clear();
      }
    }
    const std::int64_t first = chunk * chunk_leaves;
    for (std::int64_t leaf = first; leaf < first + chunk_leaves && leaf < rows.n_leaves(); ++leaf) {
      const strip_range strips = rows.strips(mine, leaf);
      for (std::int64_t strip = strips.first; strip < strips.end; ++strip) {
        search(mine, chunk, strip, last);
      }
    }
  }

 private:
  SAMEBITS_HD nearest_heap<T> heap(const row_group<n_rows>& mine, std::int64_t chunk, int r) const {
    return heaps.heap(chunk, mine.row(r) - batch.first_row);
  }

  SAMEBITS_HD SAMEBITS_INLINE void search(const row_group<n_rows>& mine, std::int64_t chunk, std::int64_t strip,
                                          T (&last)[n_rows]) const {
    pair_values<T, n_rows> values;
    rows.template make_values<core::pair_map::value>(mapping, mine, strip, core::math_constants<T>::infinity, values);
    SAMEBITS_UNROLL
    for (int r = 0; r < n_rows; ++r) {
      T smallest = core::math_constants<T>::infinity;  // which passes over what is not a number
      SAMEBITS_UNROLL
      for (int s = 0; s < strip_rows; ++s) {
        smallest = core::select_less(values.of[r][s], smallest, values.of[r][s], smallest);
      }
      if (smallest < last[r] && mine.row(r) < batch.end()) {
        last[r] = take_strip(values.of[r], strip, heap(mine, chunk, r));
      }
    }
  }

  /// The values come in increasing order of rows, so that only smaller ones count.
  SAMEBITS_HD static T take_strip(const T (&values)[strip_rows], std::int64_t strip, const nearest_heap<T>& heap) {
    T kept[strip_rows];  // in memory: most strips never come here
    SAMEBITS_UNROLL
    for (int s = 0; s < strip_rows; ++s) {
      kept[s] = values[s];
    }
    for (int s = 0; s < strip_rows; ++s) {
      if (kept[s] < heap.value(0)) {
        heap.take(kept[s], strip * strip_rows + s);
      }
    }
    return heap.value(0);
  }
};

/// Merges the heaps of every second chunk that is left with those of the next. A thread per pair of chunks and row.
template <class T>
struct nearest_merge {
  nearest_heaps<T> heaps;
  std::int64_t apart;  // chunks that are left

  SAMEBITS_HD std::int64_t n_threads() const { return (heaps.n_chunks / (2 * apart) + 1) * heaps.n_rows; }
  SAMEBITS_HD void reduce(std::int64_t number) const {
    const std::int64_t left = number / heaps.n_rows * 2 * apart;
    if (left + apart < heaps.n_chunks) {
      heaps.heap(left, number % heaps.n_rows).take(heaps.heap(left + apart, number % heaps.n_rows));
    }
  }
};

/// The results, row after row.
template <class T>
struct nearest_results {
  nearest_heaps<T> heaps;
  double* values;
  std::int64_t* indices;

  SAMEBITS_HD std::int64_t n_threads() const { return heaps.n_rows; }
  SAMEBITS_HD void reduce(std::int64_t i) const {
    const nearest_heap<T> heap = heaps.heap(0, i);
    heap.sort();
    for (std::int64_t place = 0; place < heaps.size; ++place) {
      values[i * heaps.size + place] = static_cast<double>(heap.value(place));
      indices[i * heaps.size + place] = heap.index(place);
    }
  }
};

// ---- launches ----------------------------------------------------------------------------------------------------

/// One chunk of all leaves where the rows keep the device busy. Every chunk has several times as many rows as it may
/// keep, and the heaps fit the work space.
template <class T>
std::int64_t leaves_per_chunk(const pair_call<T>& call, std::int64_t n_rows) {
  constexpr std::int64_t enough_heaps = std::int64_t{1} << 17;
  constexpr std::int64_t times = 4;
  const std::int64_t size = call.pairs().n_nearest;
  const std::int64_t most_heaps = fitting(enough_heaps, size * static_cast<std::int64_t>(sizeof(T) + sizeof(size)));
  const std::int64_t most_chunks = most_heaps < n_rows ? 1 : most_heaps / n_rows;
  const std::int64_t shared_out = (call.n_leaves() + most_chunks - 1) / most_chunks;
  const std::int64_t least = times * size / core::leaf_rows + 1;
  return shared_out < least ? least : shared_out;
}

/// Heaps and results of a batch of rows.
template <class T>
class nearest_memory {
 public:
  nearest_memory(std::int64_t n_rows, std::int64_t n_chunks, std::int64_t size) {
    heap_values_.make_room(n_chunks * n_rows * size);
    heap_indices_.make_room(n_chunks * n_rows * size);
    values_.make_room(n_rows * size);
    indices_.make_room(n_rows * size);
  }
  /// Bytes for a row with one heap.
  static constexpr std::int64_t bytes(std::int64_t size) {
    return size * static_cast<std::int64_t>(sizeof(T) + sizeof(double) + 2 * sizeof(std::int64_t));
  }

  nearest_heaps<T> heaps(std::int64_t size, std::int64_t n_rows, std::int64_t n_chunks) const {
    return {heap_values_.data(), heap_indices_.data(), size, n_rows, n_chunks};
  }
  double* values() const { return values_.data(); }
  std::int64_t* indices() const { return indices_.data(); }

 private:
  device_array<T> heap_values_;
  device_array<std::int64_t> heap_indices_;
  device_array<double> values_;
  device_array<std::int64_t> indices_;
};

}  // namespace

template <class T>
void find_nearest(const pair_call<T>& call) {
  const samebits_pairs& pairs = call.pairs();
  const std::int64_t size = pairs.n_nearest;
  const std::int64_t batch_rows = fitting(pairs.n_x, nearest_memory<T>::bytes(size));
  const std::int64_t chunk_leaves = leaves_per_chunk(call, batch_rows);
  const std::int64_t n_chunks = (call.n_leaves() + chunk_leaves - 1) / chunk_leaves;
  const nearest_memory<T> memory(batch_rows, n_chunks, size);
  for (std::int64_t first = 0; first < pairs.n_x; first += batch_rows) {
    const std::int64_t n = pairs.n_x - first < batch_rows ? pairs.n_x - first : batch_rows;
    const nearest_heaps<T> heaps = memory.heaps(size, n, n_chunks);
    launch_reduction(nearest_rows<T>{call.rows(), {first, n, 0, n_chunks}, chunk_leaves, call.mapping(), heaps});
    for (std::int64_t apart = 1; apart < n_chunks; apart *= 2) {
      launch_reduction(nearest_merge<T>{heaps, apart});
    }
    launch_reduction(nearest_results<T>{heaps, memory.values(), memory.indices()});
    deliver(pairs.out + first * size, memory.values(), n * size);
    deliver(pairs.indices + first * size, memory.indices(), n * size);
  }
}

template void find_nearest(const pair_call<float>&);
template void find_nearest(const pair_call<double>&);

}  // namespace samebits::kernels
