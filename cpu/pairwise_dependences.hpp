// The values of pairs times those of the rows that permutations put with them: what HSIC and distance covariance need.
#pragma once

#include "cpu/pairwise_reductions.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

/// For every permutation the values of the companions of a leaf are made again, some rows at a time. Several blocks
/// take turns with rows that a permutation has scattered in memory, so that they are gathered once for all of them.
template <class T>
class pair_dependences : public pair_adder<T, pair_dependences<T>> {
 public:
  static constexpr bool values_of_leaves = true;
  static constexpr bool has_large_nodes = true;
  using pair_reduction<T>::block_rows;

  explicit pair_dependences(const samebits_pairs& pairs)
      : pair_adder<T, pair_dependences<T>>(pairs), mapping_(mapping_of<T>(pairs.companion->kernel, pair_map::value)) {}

  std::int64_t group() const { return n_blocks; }
  std::int64_t n_sums() const { return companion().n_permutations; }

  /// The sums, then what is made of one permutation.
  std::int64_t work_size() const { return this->node_size() + scratch::size(n_cols()); }

  void add(T* work, const node_place&, const pair_step<T>& step) const {
    if (step.number + 1 < group()) {
      return;  // all blocks at once
    }
    const leaf_values leaf{step.tile.values - step.number * leaf_rows * block_rows,
                           step.block.first - step.number * block_rows, step.tile.first, step.tile.n_rows};
    const scratch memory(work + this->node_size(), n_cols());
    for (std::int64_t p = 0; p < n_sums(); ++p) {
      add_permutation(leaf, companion().permutations + p * pairs_.n_x, memory, work + p * n_blocks * block_rows);
    }
  }

  void finish(std::int64_t first, const double* node) const {
    for (std::int64_t p = 0; p < n_sums(); ++p, node += n_blocks * block_rows) {
      for (std::int64_t i = 0; i < n_blocks * block_rows && first + i < pairs_.n_x; ++i) {
        pairs_.out[p * pairs_.n_x + first + i] = finished_sum(node[i]);
      }
    }
  }

 private:
  using pair_reduction<T>::pairs_;
  using typename pair_reduction<T>::vec;
  using pair_reduction<T>::width;
  static constexpr std::int64_t n_blocks = 4;
  static constexpr std::int64_t tile_rows = 64;  // their values stay in the first-level cache

  /// The values of some blocks, one after the other, with the rows of a leaf.
  struct leaf_values {
    const T* values;
    std::int64_t first_x;
    std::int64_t first_y;
    std::int64_t n_rows;  // of the leaf
  };

  struct scratch {
    scratch(T* start, std::int64_t n_cols)
        : values(start), columns(values + tile_rows * block_rows), rows(columns + n_blocks * block_rows * n_cols) {}
    static std::int64_t size(std::int64_t n_cols) {
      return tile_rows * block_rows + (n_blocks * block_rows + tile_rows) * n_cols;
    }
    T* values;   // of a block with some rows of the leaf
    T* columns;  // the companions of the blocks, turned on their side
    T* rows;     // those of the rows of the leaf
  };

  const samebits_pair_companion& companion() const { return *pairs_.companion; }
  std::int64_t n_cols() const { return companion().n_cols; }

  /// Blocks with a pair that counts among those with rows of y before `end`.
  std::int64_t blocks_before(std::int64_t first, std::int64_t end) const {
    const std::int64_t last = pairs_.set == samebits_upper_pairs && end - 1 < pairs_.n_x ? end - 1 : pairs_.n_x;
    const std::int64_t n = last <= first ? 0 : (last - first + block_rows - 1) / block_rows;
    return n < n_blocks ? n : n_blocks;
  }

  void add_permutation(const leaf_values& leaf, const std::int64_t* permutation, const scratch& memory, T* sums) const {
    turn_blocks(permutation, leaf.first_x, blocks_before(leaf.first_x, leaf.first_y + leaf.n_rows), memory.columns);
    for (std::int64_t j = 0; j < leaf.n_rows; j += tile_rows) {
      const std::int64_t n = leaf.n_rows - j < tile_rows ? leaf.n_rows - j : tile_rows;
      const std::int64_t n_counted = blocks_before(leaf.first_x, leaf.first_y + j + n);
      gather(permutation + leaf.first_y + j, n_counted == 0 ? 0 : n, memory.rows);
      for (std::int64_t g = 0; g < n_counted; ++g) {
        make_bases(base_of(mapping_.kernel), {memory.columns + g * block_rows * n_cols(), 0}, memory.rows, n_cols(),
                   pair_tile<T>{memory.values, 0, n});
        map_tile(mapping_, memory.values, n * block_rows, memory.values);
        add_products(leaf.values + (g * leaf_rows + j) * block_rows, memory.values, n, sums + g * block_rows);
      }
    }
  }

  const T* companion_row(std::int64_t i) const { return static_cast<const T*>(companion().z) + i * n_cols(); }

  void gather(const std::int64_t* numbers, std::int64_t n, T* rows) const {
    for (std::int64_t j = 0; j < n; ++j, rows += n_cols()) {
      const T* const z = companion_row(numbers[j]);
      for (std::int64_t c = 0; c < n_cols(); ++c) {
        rows[c] = z[c];
      }
    }
  }

  /// Rows behind the last are copies of it.
  void turn_blocks(const std::int64_t* permutation, std::int64_t first, std::int64_t n, T* columns) const {
    for (std::int64_t g = 0; g < n; ++g, columns += n_cols() * block_rows) {
      for (std::int64_t lane = 0; lane < block_rows; ++lane) {
        const std::int64_t i = first + g * block_rows + lane;
        const T* const z = companion_row(permutation[i < pairs_.n_x ? i : pairs_.n_x - 1]);
        for (std::int64_t c = 0; c < n_cols(); ++c) {
          columns[c * block_rows + lane] = z[c];
        }
      }
    }
  }

  static void add_products(const T* values, const T* companions, std::int64_t n, T* sums) {
    vec sum[pair_block_vecs];
    SAMEBITS_UNROLL
    for (int v = 0; v < pair_block_vecs; ++v) {
      sum[v] = load<vec>(sums + v * width);
    }
    for (std::int64_t j = 0; j < n; ++j, values += block_rows, companions += block_rows) {
      SAMEBITS_UNROLL
      for (int v = 0; v < pair_block_vecs; ++v) {
        sum[v] = add_weighted(load<vec>(values + v * width), load<vec>(companions + v * width), sum[v]);
      }
    }
    SAMEBITS_UNROLL
    for (int v = 0; v < pair_block_vecs; ++v) {
      store(sums + v * width, sum[v]);
    }
  }

  pair_mapping<T> mapping_;
};

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
