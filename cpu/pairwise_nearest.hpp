// The nearest rows: the smallest values of pairs and whose they are.
#pragma once

#include "cpu/pairwise_reductions.hpp"

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
    fill(node, block_rows * n_nearest(), math_constants<double>::infinity);
    fill(indices(node), block_rows * n_nearest(), nobody);
  }
  void end(T*, double*) const {}

  void add(T*, const node_place& place, const pair_step<T>& step) const {
    alignas(64) T smallest[block_rows];
    find_minima(step.tile, smallest);
    for (std::int64_t i = 0; i < this->n_rows(step.block.first); ++i) {
      const heap of_row = heap_of(place.node, i);
      if (static_cast<double>(smallest[i]) < of_row.values[0]) {
        search(step.tile, i, of_row);
      }
    }
  }

  void merge(double* left, double* right) const {
    for (std::int64_t i = 0; i < block_rows; ++i) {
      const heap from = heap_of(right, i);
      for (std::int64_t r = 0; r < n_nearest(); ++r) {
        heap_of(left, i).take(from.values[r], from.indices[r]);
      }
    }
  }

  void finish(std::int64_t first, double* node) const {
    for (std::int64_t i = 0; i < this->n_rows(first); ++i) {
      const heap of_row = heap_of(node, i);
      of_row.sort();
      for (std::int64_t r = 0; r < n_nearest(); ++r) {
        pairs_.out[(first + i) * n_nearest() + r] = of_row.values[r];
        pairs_.indices[(first + i) * n_nearest() + r] = of_row.indices[r];
      }
    }
  }

 private:
  using pair_reduction<T>::pairs_;
  using typename pair_reduction<T>::vec;
  using pair_reduction<T>::width;
  static constexpr std::int64_t nobody = -1;

  /// The values of a row: every one comes behind its two children, numbers 2 p + 1 and 2 p + 2.
  struct heap {
    double* values;
    std::int64_t* indices;
    std::int64_t size;

    /// In place of the last one, if it comes before that.
    void take(double value, std::int64_t j) const {
      if (is_before(value, j, values[0], indices[0])) {
        put(value, j, size);
      }
    }

    /// In increasing order.
    void sort() const {
      for (std::int64_t n = size - 1; n > 0; --n) {
        const double value = values[n];
        const std::int64_t j = indices[n];
        values[n] = values[0];
        indices[n] = indices[0];
        put(value, j, n);
      }
    }

   private:
    /// Replaces the first of the first n.
    void put(double value, std::int64_t j, std::int64_t n) const {
      std::int64_t place = 0;
      for (std::int64_t child = 1; child < n; child = 2 * place + 1) {
        if (child + 1 < n && is_before(values[child], indices[child], values[child + 1], indices[child + 1])) {
          ++child;
        }
        if (!is_before(value, j, values[child], indices[child])) {
          break;
        }
        values[place] = values[child];
        indices[place] = indices[child];
        place = child;
      }
      values[place] = value;
      indices[place] = j;
    }
  };

  std::int64_t n_nearest() const { return pairs_.n_nearest; }
  std::int64_t* indices(double* node) const { return reinterpret_cast<std::int64_t*>(node + block_rows * n_nearest()); }
  heap heap_of(double* node, std::int64_t i) const {
    return {node + i * n_nearest(), indices(node) + i * n_nearest(), n_nearest()};
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
      if (value < of_row.values[0]) {
        of_row.take(value, tile.first + j);
      }
    }
  }
};

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
