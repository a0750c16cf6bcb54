// The nearest rows: the smallest values of pairs and whose they are.
#pragma once

#include "cpu/pairwise_reductions.hpp"
#include "samebits/core/nearest.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

/// For every row the smallest values so far and whose they are, as a heap with the last of them in front. The node of a
/// block holds the values of its rows, then the indices. A tile is searched only where its minimum belongs to them.
template <class T>
class pair_nearest : public pair_reduction<T> {
 public:
  static constexpr bool folds_leaves = false;
  using pair_reduction<T>::pair_reduction;
  using pair_reduction<T>::block_rows;

  static T nothing() { return math_constants<T>::infinity; }
  std::int64_t node_size() const { return 2 * block_rows * n_nearest(); }
  std::int64_t work_size() const { return 0; }

  void begin(T*, double* node) const {
    for (std::int64_t i = 0; i < block_rows; ++i) {
      heap_of(node, i).clear();
    }
  }
  void end(T*, double*) const {}

  void add(T*, const node_place& place, const pair_step<T>& step) const {
    alignas(64) T smallest[block_rows];
    find_minima(step.tile, smallest);
    for (std::int64_t i = 0; i < this->n_rows(step.block.first); ++i) {
      const heap of_row = heap_of(place.node, i);
      if (static_cast<double>(smallest[i]) < of_row.value(0)) {
        search(step.tile, i, of_row);
      }
    }
  }

  void merge(double* left, double* right) const {
    for (std::int64_t i = 0; i < block_rows; ++i) {
      heap_of(left, i).take(heap_of(right, i));
    }
  }

  void finish(std::int64_t first, double* node) const {
    for (std::int64_t i = 0; i < this->n_rows(first); ++i) {
      const heap of_row = heap_of(node, i);
      of_row.sort();
      for (std::int64_t r = 0; r < n_nearest(); ++r) {
        pairs_.out[(first + i) * n_nearest() + r] = of_row.value(r);
        pairs_.indices[(first + i) * n_nearest() + r] = of_row.index(r);
      }
    }
  }

 private:
  using pair_reduction<T>::pairs_;
  using typename pair_reduction<T>::vec;
  using pair_reduction<T>::width;
  using heap = nearest_heap<double>;

  std::int64_t n_nearest() const { return pairs_.n_nearest; }
  std::int64_t* indices(double* node) const { return reinterpret_cast<std::int64_t*>(node + block_rows * n_nearest()); }
  heap heap_of(double* node, std::int64_t i) const {
    return {node + i * n_nearest(), indices(node) + i * n_nearest(), n_nearest(), 1};
  }

  static void find_minima(const pair_tile<T>& tile, T* smallest) {
    vec minimum[pair_block_vecs];
    SAMEBITS_UNROLL
    for (int v = 0; v < pair_block_vecs; ++v) {
      minimum[v] = vec(nothing());
    }
    for (std::int64_t j = 0; j < tile.n_rows; ++j) {
      SAMEBITS_UNROLL
      for (int v = 0; v < pair_block_vecs; ++v) {
        const vec value = load<vec>(tile.values + j * block_rows + v * width);
        minimum[v] = select_less(value, minimum[v], value, minimum[v]);
      }
    }
    SAMEBITS_UNROLL
    for (int v = 0; v < pair_block_vecs; ++v) {
      store(smallest + v * width, minimum[v]);
    }
  }

  static void search(const pair_tile<T>& tile, std::int64_t lane, const heap& of_row) {
    for (std::int64_t j = 0; j < tile.n_rows; ++j) {
      const double value = static_cast<double>(tile.values[j * block_rows + lane]);
      if (value < of_row.value(0)) {
        of_row.take(value, tile.first + j);
      }
    }
  }
};

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
