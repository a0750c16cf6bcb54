// What becomes of the values of pairs, for a group of blocks of rows of x.
//
// A reduction is an object that all threads share. Each has
//   values_of_leaves    the values of a whole leaf lie in memory together
//   folds_leaves        its nodes are those of leaves, folded by the tree; else one node goes through a chunk of leaves
//   needs_values        tiles are filled for it
//   has_large_nodes     leaves go into few chunks, because every chunk takes a node
//   group()             blocks that go through the leaves together
//   nothing()           the value of a pair that does not count
//   node_size()         doubles of the node of a group
//   work_size()         numbers of type T that a thread needs for a leaf
//   begin(work, node), add(work, place, ...), end(work, node)   a leaf, or a chunk, with at least one tile
//   merges_itself       add() merges the node of a leaf as its place says
//   clear(node)         the node of nothing
//   merge(left, right)  a node into the one before it
//   finish(first, node) the results of a group whose first row is `first`
#pragma once

#include "cpu/pairwise_tile.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

/// One block with some rows of y, on its way through a reduction.
template <class T>
struct pair_step {
  pair_block<T> block;
  std::int64_t number;  // of the block in its group
  std::int64_t kernel;
  pair_tile<T> tile;
};

/// Where the node of a leaf goes, and how many nodes before it in memory it completes in the tree.
struct node_place {
  double* node;
  std::int64_t n_merges;
};

/// left += right. Nodes of blocks are whole vectors.
inline void add_node(double* left, const double* right, std::int64_t size) {
  using vec = pack<double>;
  for (std::int64_t i = 0; i < size; i += vec_width<double>) {
    store(left + i, load<vec>(left + i) + load<vec>(right + i));
  }
}

template <class T>
void fill(T* numbers, std::int64_t n, T value) {
  for (std::int64_t i = 0; i < n; ++i) {
    numbers[i] = value;
  }
}

template <class T>
void widen(const T* numbers, std::int64_t n, double* wide) {
  for (std::int64_t i = 0; i < n; ++i) {
    wide[i] = static_cast<double>(numbers[i]);
  }
}

/// What all reductions start from.
template <class T>
class pair_reduction {
 public:
  static constexpr bool values_of_leaves = false;
  static constexpr bool folds_leaves = true;
  static constexpr bool needs_values = true;
  static constexpr bool has_large_nodes = false;
  static constexpr bool merges_itself = false;
  static constexpr std::int64_t block_rows = pair_block_rows<T>;

  explicit pair_reduction(const samebits_pairs& pairs) : pairs_(pairs) {}
  std::int64_t group() const { return 1; }
  static T nothing() { return empty_sum<T>(); }

 protected:
  using vec = pack<T>;
  static constexpr int width = vec_width<T>;

  const T* y_row(std::int64_t j) const { return static_cast<const T*>(pairs_.y) + j * pairs_.n_cols; }
  const T* weights() const { return static_cast<const T*>(pairs_.y_weights); }
  /// Rows of a block that there are.
  std::int64_t n_rows(std::int64_t first) const {
    const std::int64_t left = pairs_.n_x - first;
    return left < block_rows ? left : block_rows;
  }

  const samebits_pairs& pairs_;
};

/// Reductions whose work and nodes are sums, a block of rows for each of n_sums().
template <class T, class Derived>
class pair_adder : public pair_reduction<T> {
 public:
  using pair_reduction<T>::pair_reduction;
  using pair_reduction<T>::block_rows;

  std::int64_t node_size() const { return size(); }
  std::int64_t work_size() const { return size(); }
  void begin(T* work, double*) const { fill(work, size(), empty_sum<T>()); }
  void end(T* work, double* node) const { widen(work, size(), node); }
  void clear(double* node) const { fill(node, size(), empty_sum<double>()); }
  void merge(double* left, const double* right) const { add_node(left, right, size()); }

 private:
  std::int64_t size() const {
    const Derived& derived = static_cast<const Derived&>(*this);
    return derived.group() * derived.n_sums() * block_rows;
  }
};

// ---- sums --------------------------------------------------------------------------------------------------------

template <class T>
class pair_sums : public pair_adder<T, pair_sums<T>> {
 public:
  using pair_adder<T, pair_sums<T>>::pair_adder;
  using pair_reduction<T>::block_rows;

  std::int64_t n_sums() const { return pairs_.n_kernels; }

  void add(T* work, const node_place&, const pair_step<T>& step) const {
    if (this->weights() == nullptr) {
      add_tile(step.tile, work + step.kernel * block_rows,
               [](std::int64_t, vec value, vec sum) { return add_value(value, sum); });
    } else {
      add_tile(step.tile, work + step.kernel * block_rows,
               [w = this->weights() + step.tile.first](std::int64_t j, vec value, vec sum) {
                 return add_weighted(vec(w[j]), value, sum);
               });
    }
  }

  void finish(std::int64_t first, const double* node) const {
    for (std::int64_t k = 0; k < n_sums(); ++k) {
      for (std::int64_t i = 0; i < this->n_rows(first); ++i) {
        pairs_.out[k * pairs_.n_x + first + i] = finished_sum(node[k * block_rows + i]);
      }
    }
  }

 private:
  using pair_reduction<T>::pairs_;
  using typename pair_reduction<T>::vec;
  using pair_reduction<T>::width;

  template <class Add>
  SAMEBITS_INLINE static void add_tile(const pair_tile<T>& tile, T* sums, const Add& add) {
    vec sum[pair_block_vecs];
    SAMEBITS_UNROLL
    for (int v = 0; v < pair_block_vecs; ++v) {
      sum[v] = load<vec>(sums + v * width);
    }
    for (std::int64_t j = 0; j < tile.n_rows; ++j) {
      SAMEBITS_UNROLL
      for (int v = 0; v < pair_block_vecs; ++v) {
        sum[v] = add(j, load<vec>(tile.values + j * block_rows + v * width), sum[v]);
      }
    }
    SAMEBITS_UNROLL
    for (int v = 0; v < pair_block_vecs; ++v) {
      store(sums + v * width, sum[v]);
    }
  }
};

/// Sums of products of single numbers, straight from the rows: as many chains side by side as hide the time of an fma.
template <class T>
class number_products : public pair_adder<T, number_products<T>> {
 public:
  static constexpr bool needs_values = false;
  static constexpr bool values_of_leaves = true;  // sums stay in registers for a leaf
  using pair_adder<T, number_products<T>>::pair_adder;
  using pair_reduction<T>::block_rows;

  std::int64_t group() const { return n_blocks; }
  std::int64_t n_sums() const { return 1; }

  void add(T* work, const node_place&, const pair_step<T>& step) const {
    if (step.number != 0) {
      return;  // all blocks at once
    }
    const std::int64_t first = step.tile.first;
    const std::int64_t last = first + step.tile.n_rows;
    if (pairs_.set == samebits_all_pairs || last <= step.block.first || step.block.first + n_numbers <= first) {
      add_all(step.block.columns, this->y_row(first), step.tile.n_rows, work);
    } else {
      add_counted(step.block, first, last, work);
    }
  }

  void finish(std::int64_t first, const double* node) const {
    for (std::int64_t i = 0; i < n_numbers && first + i < pairs_.n_x; ++i) {
      pairs_.out[first + i] = finished_sum(node[i]);
    }
  }

 private:
  using pair_reduction<T>::pairs_;
  using typename pair_reduction<T>::vec;
  using pair_reduction<T>::width;
  static constexpr int n_blocks = width > 1 ? 3 : 2;
  static constexpr int n_vecs = n_blocks * pair_block_vecs;
  static constexpr std::int64_t n_numbers = n_vecs * width;

  static void add_all(const T* x, const T* y, std::int64_t n, T* sums) {
    vec numbers[n_vecs];
    vec sum[n_vecs];
    SAMEBITS_UNROLL
    for (int v = 0; v < n_vecs; ++v) {
      numbers[v] = load<vec>(x + v * width);
      sum[v] = load<vec>(sums + v * width);
    }
    for (std::int64_t j = 0; j < n; ++j) {
      const vec other(y[j]);
      SAMEBITS_UNROLL
      for (int v = 0; v < n_vecs; ++v) {
        sum[v] = add_weighted(numbers[v], other, sum[v]);
      }
    }
    SAMEBITS_UNROLL
    for (int v = 0; v < n_vecs; ++v) {
      store(sums + v * width, sum[v]);
    }
  }

  /// Near the diagonal.
  void add_counted(const pair_block<T>& block, std::int64_t first, std::int64_t last, T* sums) const {
    for (std::int64_t j = first; j < last; ++j) {
      const T other = *this->y_row(j);
      for (std::int64_t lane = 0; lane < n_numbers; ++lane) {
        const std::int64_t i = block.first + lane;
        if (pairs_.set == samebits_other_pairs ? i != j : i < j) {
          sums[lane] = add_weighted(block.columns[lane], other, sums[lane]);
        }
      }
    }
  }
};

// ---- logarithms of sums of exponentials --------------------------------------------------------------------------

/// Two passes over the values of a leaf: their maximum, and the sum of the exponentials of what they fall short of it.
template <class T>
class pair_log_sums : public pair_reduction<T> {
 public:
  static constexpr bool values_of_leaves = true;
  using pair_reduction<T>::pair_reduction;
  using pair_reduction<T>::block_rows;

  static T nothing() { return -math_constants<T>::infinity; }
  /// Maxima, then sums.
  std::int64_t node_size() const { return 2 * block_rows; }
  std::int64_t work_size() const { return 2 * block_rows; }
  void begin(T* work, double*) const {
    fill(work, block_rows, nothing());
    fill(work + block_rows, block_rows, empty_sum<T>());
  }
  void end(T* work, double* node) const { widen(work, 2 * block_rows, node); }
  void clear(double* node) const {
    fill(node, block_rows, -math_constants<double>::infinity);
    fill(node + block_rows, block_rows, empty_sum<double>());
  }

  void add(T* work, const node_place&, const pair_step<T>& step) const {
    vec maximum[pair_block_vecs];
    find_maxima(step.tile, maximum);
    vec shift[pair_block_vecs];
    vec sum[pair_block_vecs];
    SAMEBITS_UNROLL
    for (int v = 0; v < pair_block_vecs; ++v) {
      shift[v] = log_shift(maximum[v]);
      sum[v] = empty_sum<vec>();
    }
    for (const T* row = step.tile.values; row < step.tile.values + step.tile.n_rows * block_rows; row += block_rows) {
      SAMEBITS_UNROLL
      for (int v = 0; v < pair_block_vecs; ++v) {
        sum[v] = add_exp(load<vec>(row + v * width), shift[v], sum[v]);
      }
    }
    SAMEBITS_UNROLL
    for (int v = 0; v < pair_block_vecs; ++v) {
      store(work + v * width, maximum[v]);
      store(work + block_rows + v * width, sum[v]);
    }
  }

  void merge(double* left, const double* right) const {
    using wide = pack<double>;
    for (std::int64_t i = 0; i < block_rows; i += vec_width<double>) {
      const log_node<wide> node =
          core::merge(log_node<wide>{load<wide>(left + i), load<wide>(left + block_rows + i)},
                      log_node<wide>{load<wide>(right + i), load<wide>(right + block_rows + i)});
      store(left + i, node.maximum);
      store(left + block_rows + i, node.sum);
    }
  }

  void finish(std::int64_t first, const double* node) const {
    for (std::int64_t i = 0; i < this->n_rows(first); ++i) {
      pairs_.out[first + i] = log_of(log_node<double>{node[i], node[block_rows + i]});
    }
  }

 private:
  using pair_reduction<T>::pairs_;
  using typename pair_reduction<T>::vec;
  using pair_reduction<T>::width;

  /// Adds the logarithms of the weights on the way.
  void find_maxima(const pair_tile<T>& tile, vec (&maximum)[pair_block_vecs]) const {
    SAMEBITS_UNROLL
    for (int v = 0; v < pair_block_vecs; ++v) {
      maximum[v] = vec(nothing());
    }
    for (std::int64_t j = 0; j < tile.n_rows; ++j) {
      T* const row = tile.values + j * block_rows;
      const vec log_weight(this->weights() == nullptr ? T(0) : this->weights()[tile.first + j]);
      SAMEBITS_UNROLL
      for (int v = 0; v < pair_block_vecs; ++v) {
        const vec term = log_term(load<vec>(row + v * width), log_weight);
        store(row + v * width, term);
        maximum[v] = max(maximum[v], term);
      }
    }
  }
};

// ---- gradients ---------------------------------------------------------------------------------------------------

/// The gradients of the sums by the rows of x, from the derivatives of the kernel by the base quantity.
template <class T>
class pair_gradients : public pair_adder<T, pair_gradients<T>> {
 public:
  using pair_reduction<T>::block_rows;

  explicit pair_gradients(const samebits_pairs& pairs)
      : pair_adder<T, pair_gradients<T>>(pairs), base_(base_of(static_cast<pair_kernel>(pairs.kernels[0].kernel))) {}

  std::int64_t n_sums() const { return pairs_.n_cols; }

  void add(T* work, const node_place&, const pair_step<T>& step) const {
    if (this->weights() != nullptr) {
      weigh(this->weights(), step.tile);
    }
    switch (base_) {
      case pair_base::dot: add_columns<pair_base::dot>(step, work); break;
      case pair_base::squared: add_columns<pair_base::squared>(step, work); break;
      case pair_base::l1: add_columns<pair_base::l1>(step, work); break;
    }
  }

  void finish(std::int64_t first, const double* node) const {
    for (std::int64_t i = 0; i < this->n_rows(first); ++i) {
      for (std::int64_t c = 0; c < pairs_.n_cols; ++c) {
        pairs_.out[(first + i) * pairs_.n_cols + c] = finished_sum(gradient_factor(base_), node[c * block_rows + i]);
      }
    }
  }

 private:
  using pair_reduction<T>::pairs_;
  using typename pair_reduction<T>::vec;
  using pair_reduction<T>::width;

  template <pair_base Base>
  void add_columns(const pair_step<T>& step, T* sums) const {
    for (std::int64_t c = 0; c < pairs_.n_cols; ++c) {
      add_one_column<Base>(step, c, sums + c * block_rows);
    }
  }

  template <pair_base Base>
  void add_one_column(const pair_step<T>& step, std::int64_t c, T* sums) const {
    vec x[pair_block_vecs];
    vec sum[pair_block_vecs];
    SAMEBITS_UNROLL
    for (int v = 0; v < pair_block_vecs; ++v) {
      x[v] = load<vec>(step.block.columns + c * block_rows + v * width);
      sum[v] = load<vec>(sums + v * width);
    }
    const T* y = this->y_row(step.tile.first) + c;
    const T* slopes = step.tile.values;
    for (std::int64_t j = 0; j < step.tile.n_rows; ++j, y += pairs_.n_cols, slopes += block_rows) {
      SAMEBITS_UNROLL
      for (int v = 0; v < pair_block_vecs; ++v) {
        sum[v] = add_gradient<Base>(load<vec>(slopes + v * width), x[v], vec(*y), sum[v]);
      }
    }
    SAMEBITS_UNROLL
    for (int v = 0; v < pair_block_vecs; ++v) {
      store(sums + v * width, sum[v]);
    }
  }

  pair_base base_;
};

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
