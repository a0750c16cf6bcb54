// The values of pairs times a matrix, as in a matrix product whose first factor is made on the way.
#pragma once

#include "cpu/pairwise_reductions.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

/// The columns of a matrix are taken in panels, whose sums fit the registers.
template <class T>
inline constexpr int pair_panel_cols = vec_width<T>* static_cast<int>(sizeof(T)) == 64 ? 6 : 3;

/// The values of a leaf times a matrix, as in a matrix product. The matrix lies in panels of columns, leaf after leaf:
/// element (j, b) of a panel at panel[(j - first of the leaf) * pair_panel_cols + b].
template <class T>
class pair_products : public pair_adder<T, pair_products<T>> {
 public:
  static constexpr bool values_of_leaves = true;
  using pair_reduction<T>::block_rows;
  static constexpr int panel_cols = pair_panel_cols<T>;

  pair_products(const samebits_pairs& pairs, const T* panels)
      : pair_adder<T, pair_products<T>>(pairs), panels_(panels) {}

  static std::int64_t n_panels(const samebits_pairs& pairs) { return (pairs.n_columns + panel_cols - 1) / panel_cols; }
  static std::int64_t leaf_size(const samebits_pairs& pairs) { return n_panels(pairs) * panel_cols * leaf_rows; }

  /// Copies the rows of a leaf into its panels. Columns behind the last are zeros.
  static void pack_leaf(const samebits_pairs& pairs, std::int64_t leaf, T* panels) {
    const std::int64_t first = leaf * leaf_rows;
    const std::int64_t n_rows = pairs.n_y - first < leaf_rows ? pairs.n_y - first : leaf_rows;
    const T* const columns = static_cast<const T*>(pairs.columns) + first * pairs.n_columns;
    for (std::int64_t j = 0; j < n_rows; ++j) {
      T* packed = panels + j * panel_cols;
      for (std::int64_t b = 0; b < pairs.n_columns; b += panel_cols, packed += leaf_rows * panel_cols) {
        for (std::int64_t c = 0; c < panel_cols; ++c) {
          packed[c] = b + c < pairs.n_columns ? columns[j * pairs.n_columns + b + c] : T(0);
        }
      }
    }
  }

  /// With many columns several blocks take turns with a panel, which then comes from the first-level cache.
  std::int64_t group() const { return n_panels(pairs_) >= 8 ? 4 : 1; }
  std::int64_t n_sums() const { return n_panels(pairs_) * panel_cols; }

  // The sums of a leaf go straight from the registers into the tree.
  static constexpr bool merges_itself = true;
  std::int64_t work_size() const { return 0; }
  void begin(T*, double*) const {}
  void end(T*, double*) const {}

  void add(T*, const node_place& place, const pair_step<T>& step) const {
    if (this->weights() != nullptr) {
      weigh(this->weights(), step.tile);
    }
    if (step.number + 1 < group()) {
      return;  // all blocks at once
    }
    const std::int64_t tile_size = leaf_rows * block_rows;
    const T* const first_values = step.tile.values - step.number * tile_size;
    const T* panel = panels_ + step.tile.first / leaf_rows * leaf_size(pairs_);
    for (std::int64_t b = 0; b < n_sums(); b += panel_cols, panel += leaf_rows * panel_cols) {
      const std::int64_t n = pairs_.n_columns - b < panel_cols ? pairs_.n_columns - b : panel_cols;
      for (std::int64_t g = 0; g < group(); ++g) {
        const node_place sums{place.node + (g * n_sums() + b) * block_rows, place.n_merges};
        const panel_part part{panel, panel + leaf_rows * (panel_cols + g * fetched_ahead)};
        multiply_some<panel_cols>(n, first_values + g * tile_size, part, {n_left_out(step, g), step.tile.n_rows}, sums);
      }
    }
  }

  void finish(std::int64_t first, const double* node) const {
    for (std::int64_t g = 0; g < group() && first + g * block_rows < pairs_.n_x; ++g) {
      const double* const sums = node + g * n_sums() * block_rows;
      for (std::int64_t b = 0; b < pairs_.n_columns; b += panel_cols) {
        const std::int64_t n = pairs_.n_columns - b < panel_cols ? pairs_.n_columns - b : panel_cols;
        write_panel(sums + b * block_rows, first + g * block_rows, b, n);
      }
    }
  }

 private:
  using pair_reduction<T>::pairs_;
  using typename pair_reduction<T>::vec;
  using pair_reduction<T>::width;

  /// Numbers of the next panel that are fetched in every step, so that a group has it all in the second-level cache
  /// when its turn comes: a fifth faster where large matrices come from memory.
  static constexpr std::int64_t fetched_ahead = 2;

  /// A panel, and the part of the next one to fetch meanwhile.
  struct panel_part {
    const T* first;
    const T* next;
  };

  void write_panel(const double* sums, std::int64_t first, std::int64_t b, std::int64_t n) const {
    for (std::int64_t i = 0; i < this->n_rows(first); ++i) {
      for (std::int64_t c = 0; c < n; ++c) {
        pairs_.out[(first + i) * pairs_.n_columns + b + c] = finished_sum(sums[c * block_rows + i]);
      }
    }
  }

  /// Rows of a leaf.
  struct row_range {
    std::int64_t first;
    std::int64_t last;
  };

  /// Rows at the start of a leaf that come with none of the rows of block g of the group: half of the leaves that lie
  /// on the diagonal.
  std::int64_t n_left_out(const pair_step<T>& step, std::int64_t g) const {
    const std::int64_t block_first = step.block.first - (step.number - g) * block_rows;
    const std::int64_t n = block_first + 1 - step.tile.first;
    return pairs_.set != samebits_upper_pairs || n < 0 ? 0 : (n < step.tile.n_rows ? n : step.tile.n_rows);
  }

  template <int N>
  void multiply_some(std::int64_t n, const T* values, const panel_part& panel, const row_range& rows,
                     const node_place& sums) const {
    if constexpr (N > 0) {
      if (n == N) {
        multiply<N>(values, panel, rows, sums);
      } else {
        multiply_some<N - 1>(n, values, panel, rows, sums);
      }
    }
  }

  /// N chains for each row of the block.
  template <int N>
  void multiply(const T* values, const panel_part& panel, const row_range& rows, const node_place& sums) const {
    vec sum[N][pair_block_vecs];
    SAMEBITS_UNROLL
    for (int b = 0; b < N; ++b) {
      SAMEBITS_UNROLL
      for (int v = 0; v < pair_block_vecs; ++v) {
        sum[b][v] = empty_sum<vec>();
      }
    }
    for (std::int64_t j = rows.first; j < rows.last; ++j) {
      if (j % 4 == 0) {
        __builtin_prefetch(panel.next + j * fetched_ahead, 0, 2);
      }
      vec value[pair_block_vecs];
      SAMEBITS_UNROLL
      for (int v = 0; v < pair_block_vecs; ++v) {
        value[v] = load<vec>(values + j * block_rows + v * width);
      }
      SAMEBITS_UNROLL
      for (int b = 0; b < N; ++b) {
        const vec factor(panel.first[j * panel_cols + b]);
        SAMEBITS_UNROLL
        for (int v = 0; v < pair_block_vecs; ++v) {
          sum[b][v] = add_weighted(value[v], factor, sum[b][v]);
        }
      }
    }
    alignas(64) T leaf[N * block_rows];
    SAMEBITS_UNROLL
    for (int b = 0; b < N; ++b) {
      SAMEBITS_UNROLL
      for (int v = 0; v < pair_block_vecs; ++v) {
        store(leaf + b * block_rows + v * width, sum[b][v]);
      }
    }
    merge_leaf(leaf, N * block_rows, sums);
  }

  /// Up the tree as far as the leaf completes nodes.
  void merge_leaf(const T* leaf, std::int64_t n, const node_place& sums) const {
    using wide = pack<double>;
    double* const top = sums.node - sums.n_merges * this->node_size();
    for (std::int64_t i = 0; i < n; i += vec_width<double>) {
      alignas(64) double lanes[vec_width<double>];
      widen(leaf + i, vec_width<double>, lanes);
      wide sum = load<wide>(lanes);
      for (std::int64_t m = 1; m <= sums.n_merges; ++m) {
        sum = load<wide>(sums.node - m * this->node_size() + i) + sum;
      }
      store(top + i, sum);
    }
  }

  const T* panels_;
};

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
