// Values of pairs, a tile at a time: a block of rows of x, turned on their side, with some rows of y.
//
// The work goes in phases over a tile in the first-level cache: base quantities, kernels in place, and a reduction.
// Each phase has its own short loop, so that base quantities, kernels and reductions add up instead of multiplying.
// SIMD runs across the rows of x.
#pragma once

#include <type_traits>

#include "cpu/gmm_layout.hpp"
#include "lib/pair_kernels.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

/// Vectors of rows of x side by side: a row of y is read once for all of them.
inline constexpr int pair_block_vecs = 4;

template <class T>
inline constexpr std::int64_t pair_block_rows = pair_block_vecs* vec_width<T>;

/// A block of rows of x: column b of row i at columns[b * pair_block_rows + i]. Rows behind the end are copies.
template <class T>
struct pair_block {
  const T* columns;
  std::int64_t first;  // row
};

/// The pairs of a block with rows first .. first + n_rows - 1 of y: pair (i, j) at values[j * pair_block_rows + i].
template <class T>
struct pair_tile {
  T* values;
  std::int64_t first;
  std::int64_t n_rows;
};

// ---- base quantities ---------------------------------------------------------------------------------------------

/// Adds Cols columns to the base quantities of a tile.
template <pair_base Base, int Cols, bool IsFirst, class T>
void add_columns(const T* x, const T* y, std::int64_t y_stride, std::int64_t n_rows, T* tile) {
  using vec = pack<T>;
  vec x_columns[Cols][pair_block_vecs];
  SAMEBITS_UNROLL
  for (int c = 0; c < Cols; ++c) {
    SAMEBITS_UNROLL
    for (int v = 0; v < pair_block_vecs; ++v) {
      x_columns[c][v] = load<vec>(x + c * pair_block_rows<T> + v * vec_width<T>);
    }
  }
  for (std::int64_t j = 0; j < n_rows; ++j, y += y_stride, tile += pair_block_rows<T>) {
    vec base[pair_block_vecs];
    SAMEBITS_UNROLL
    for (int v = 0; v < pair_block_vecs; ++v) {
      base[v] = IsFirst ? empty_sum<vec>() : load<vec>(tile + v * vec_width<T>);
    }
    SAMEBITS_UNROLL
    for (int c = 0; c < Cols; ++c) {
      const vec y_column(y[c]);
      SAMEBITS_UNROLL
      for (int v = 0; v < pair_block_vecs; ++v) {
        base[v] = add_column<Base>(x_columns[c][v], y_column, base[v]);
      }
    }
    SAMEBITS_UNROLL
    for (int v = 0; v < pair_block_vecs; ++v) {
      store(tile + v * vec_width<T>, base[v]);
    }
  }
}

template <pair_base Base, bool IsFirst, class T>
void add_some_columns(std::int64_t n, const T* x, const T* y, std::int64_t y_stride, std::int64_t n_rows, T* tile) {
  switch (n) {
    case 1: add_columns<Base, 1, IsFirst>(x, y, y_stride, n_rows, tile); break;
    case 2: add_columns<Base, 2, IsFirst>(x, y, y_stride, n_rows, tile); break;
    case 3: add_columns<Base, 3, IsFirst>(x, y, y_stride, n_rows, tile); break;
    default: add_columns<Base, 4, IsFirst>(x, y, y_stride, n_rows, tile); break;
  }
}

/// The base quantities of a tile, some columns after the others. y is row-major with its first row at `y`.
template <pair_base Base, class T>
void make_bases(const pair_block<T>& block, const T* y, std::int64_t n_cols, const pair_tile<T>& tile) {
  constexpr std::int64_t together = 4;
  add_some_columns<Base, true>(n_cols < together ? n_cols : together, block.columns, y, n_cols, tile.n_rows,
                               tile.values);
  for (std::int64_t c = together; c < n_cols; c += together) {
    const std::int64_t n = n_cols - c < together ? n_cols - c : together;
    add_some_columns<Base, false>(n, block.columns + c * pair_block_rows<T>, y + c, n_cols, tile.n_rows, tile.values);
  }
}

template <class T>
void make_bases(pair_base base, const pair_block<T>& block, const T* y, std::int64_t n_cols, const pair_tile<T>& tile) {
  switch (base) {
    case pair_base::dot: make_bases<pair_base::dot>(block, y, n_cols, tile); break;
    case pair_base::squared: make_bases<pair_base::squared>(block, y, n_cols, tile); break;
    case pair_base::l1: make_bases<pair_base::l1>(block, y, n_cols, tile); break;
  }
}

// ---- kernels -----------------------------------------------------------------------------------------------------

/// A kernel, what is made of it, and its constants.
template <class T>
struct pair_mapping {
  pair_kernel kernel;
  pair_map map;
  pair_constants<T> constants;
};

template <class T>
pair_mapping<T> mapping_of(const samebits_pair_kernel& c, pair_map map) {
  return {static_cast<pair_kernel>(c.kernel), map, constants_of<T>(c)};
}

/// Kernels whose value is the base quantity.
constexpr bool is_base(pair_kernel kernel, pair_map map) {
  return map == pair_map::value && (kernel == pair_kernel::product || kernel == pair_kernel::cosine ||
                                    kernel == pair_kernel::squared_distance || kernel == pair_kernel::l1);
}

template <pair_kernel Kernel, pair_map Map, class T>
void map_tile(const pair_constants<T>& c, const T* bases, std::int64_t n, T* values) {
  using vec = pack<T>;
  if constexpr (has_map(Kernel, Map)) {
    for (std::int64_t i = 0; i < n; i += 2 * vec_width<T>) {
      // Side by side: the steps of a polynomial wait for each other.
      const vec first = map_pair<Kernel, Map>(load<vec>(bases + i), c);
      const vec second = map_pair<Kernel, Map>(load<vec>(bases + i + vec_width<T>), c);
      store(values + i, first);
      store(values + i + vec_width<T>, second);
    }
  }
}

template <pair_kernel Kernel, class T>
void map_tile(pair_map map, const pair_constants<T>& c, const T* bases, std::int64_t n, T* values) {
  switch (map) {
    case pair_map::value: map_tile<Kernel, pair_map::value>(c, bases, n, values); break;
    case pair_map::log: map_tile<Kernel, pair_map::log>(c, bases, n, values); break;
    case pair_map::d_base: map_tile<Kernel, pair_map::d_base>(c, bases, n, values); break;
    case pair_map::d_bandwidth: map_tile<Kernel, pair_map::d_bandwidth>(c, bases, n, values); break;
  }
}

/// From n base quantities to values, in place or not; n is a multiple of two vectors.
template <class T>
void map_tile(const pair_mapping<T>& m, const T* bases, std::int64_t n, T* values) {
  if (bases == values && is_base(m.kernel, m.map)) {
    return;
  }
  switch (m.kernel) {
    case pair_kernel::product: map_tile<pair_kernel::product>(m.map, m.constants, bases, n, values); break;
    case pair_kernel::polynomial: map_tile<pair_kernel::polynomial>(m.map, m.constants, bases, n, values); break;
    case pair_kernel::cosine: map_tile<pair_kernel::cosine>(m.map, m.constants, bases, n, values); break;
    case pair_kernel::squared_distance:
      map_tile<pair_kernel::squared_distance>(m.map, m.constants, bases, n, values);
      break;
    case pair_kernel::power: map_tile<pair_kernel::power>(m.map, m.constants, bases, n, values); break;
    case pair_kernel::gaussian: map_tile<pair_kernel::gaussian>(m.map, m.constants, bases, n, values); break;
    case pair_kernel::matern_1_2: map_tile<pair_kernel::matern_1_2>(m.map, m.constants, bases, n, values); break;
    case pair_kernel::matern_3_2: map_tile<pair_kernel::matern_3_2>(m.map, m.constants, bases, n, values); break;
    case pair_kernel::matern_5_2: map_tile<pair_kernel::matern_5_2>(m.map, m.constants, bases, n, values); break;
    case pair_kernel::inverse_multiquadric:
      map_tile<pair_kernel::inverse_multiquadric>(m.map, m.constants, bases, n, values);
      break;
    case pair_kernel::l1: map_tile<pair_kernel::l1>(m.map, m.constants, bases, n, values); break;
    case pair_kernel::laplacian: map_tile<pair_kernel::laplacian>(m.map, m.constants, bases, n, values); break;
  }
}

// ---- pairs that are left out -------------------------------------------------------------------------------------

/// Puts `nothing` where a pair does not count: i == j, or j <= i.
template <class T>
void leave_out(samebits_pair_set set, const pair_block<T>& block, const pair_tile<T>& tile, T nothing) {
  if (set == samebits_all_pairs) {
    return;
  }
  const std::int64_t block_end = block.first + pair_block_rows<T>;
  const std::int64_t last = tile.first + tile.n_rows < block_end ? tile.first + tile.n_rows : block_end;
  for (std::int64_t j = tile.first < block.first && set == samebits_other_pairs ? block.first : tile.first; j < last;
       ++j) {
    T* const row = tile.values + (j - tile.first) * pair_block_rows<T>;
    const std::int64_t i = j < block.first ? 0 : j - block.first;
    const std::int64_t end = set == samebits_other_pairs ? i + 1 : pair_block_rows<T>;
    for (std::int64_t lane = i; lane < end; ++lane) {
      row[lane] = nothing;
    }
  }
}

/// Every value times the weight of its row of y.
template <class T>
void weigh(const T* weights, const pair_tile<T>& tile) {
  using vec = pack<T>;
  for (std::int64_t j = 0; j < tile.n_rows; ++j) {
    const vec weight(weights[tile.first + j]);
    T* const row = tile.values + j * pair_block_rows<T>;
    SAMEBITS_UNROLL
    for (int v = 0; v < pair_block_vecs; ++v) {
      store(row + v * vec_width<T>, weighed(weight, load<vec>(row + v * vec_width<T>)));
    }
  }
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
