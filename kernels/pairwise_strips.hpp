// Values of pairs of rows on the device. A thread has some rows of x and goes through y a strip of rows at a time: base
// quantities, kernel, and pairs that do not count, each for the whole strip in registers, so that what to compute is
// chosen once for many pairs.
#pragma once

#include "kernels/launch.hpp"
#include "lib/backend.h"
#include "samebits/core/pairwise.hpp"

namespace samebits::kernels {

/// Rows of a strip of y, and of one of x, where neighbouring threads have neighbouring rows.
inline constexpr int strip_rows = 8;
inline constexpr int tall_strip_rows = 32;
inline constexpr std::int64_t strips_per_leaf = core::leaf_rows / strip_rows;
static_assert(core::leaf_rows % strip_rows == 0);

/// One column of the rows of a strip.
template <class T, int Height = strip_rows>
struct alignas(16) strip_column {
  T of[Height];
};

/// A matrix in strips of rows, so that a thread reads a column of a strip with few instructions, or neighbouring
/// threads neighbouring rows. Rows behind the last are zeros.
template <class T, int Height = strip_rows>
struct row_strips {
  using column_type = strip_column<T, Height>;

  const column_type* columns;
  std::int64_t n_rows;
  std::int64_t n_cols;

  SAMEBITS_HD static constexpr std::int64_t strips_of(std::int64_t n_rows) { return (n_rows + Height - 1) / Height; }
  SAMEBITS_HD const column_type& column(std::int64_t strip, std::int64_t c) const {
    return columns[strip * n_cols + c];
  }
  SAMEBITS_HD const T& at(std::int64_t i, std::int64_t c) const { return column(i / Height, c).of[i % Height]; }
};

/// Fills strips from rows of a dense matrix. Row i of the strips is row `rows[i]`, or i without such an array. A thread
/// per element.
template <class T, int Height>
struct strips_kernel {
  static constexpr int block_threads = 256;
  using block_memory = no_state;
  using thread_memory = no_state;

  const T* matrix;
  const std::int64_t* rows;  // or null
  std::int64_t n_rows;
  std::int64_t n_cols;
  strip_column<T, Height>* columns;

  std::int64_t size() const { return row_strips<T, Height>::strips_of(n_rows) * n_cols * Height; }

  SAMEBITS_HD int phases() const { return 1; }
  SAMEBITS_HD void run(int, thread_position at, block_memory&, thread_memory&) const {
    const std::int64_t element = global_thread<strips_kernel>(at);
    const std::int64_t column = element / Height;
    const std::int64_t i = column / n_cols * Height + element % Height;
    if (column / n_cols * Height < n_rows) {
      columns[column].of[element % Height] = i < n_rows ? matrix[source(i) * n_cols + column % n_cols] : T(0);
    }
  }

 private:
  SAMEBITS_HD std::int64_t source(std::int64_t i) const { return rows == nullptr ? i : rows[i]; }
};

// ---- who has which pairs -----------------------------------------------------------------------------------------

/// Some rows of x, every `apart`-th one.
template <int Rows>
struct row_group {
  std::int64_t lowest;  // row of all neighbouring threads that have the same strips
  std::int64_t first;
  std::int64_t apart;

  SAMEBITS_HD std::int64_t row(int r) const { return first + r * apart; }
  SAMEBITS_HD std::int64_t last() const { return row(Rows - 1); }
};

/// Rows of x and leaves of y, shared out among threads: neighbouring threads have neighbouring rows and one leaf.
template <int Rows>
struct pair_batch {
  std::int64_t first_row;
  std::int64_t n_rows;
  std::int64_t first_leaf;
  std::int64_t n_leaves;

  static constexpr std::int64_t most_lanes = 32;
  SAMEBITS_HD std::int64_t lanes() const {
    const std::int64_t needed = (n_rows + Rows - 1) / Rows;
    return needed < most_lanes ? needed : most_lanes;
  }
  SAMEBITS_HD std::int64_t threads_per_leaf() const {
    return (n_rows + Rows * lanes() - 1) / (Rows * lanes()) * lanes();
  }
  SAMEBITS_HD std::int64_t n_threads() const { return threads_per_leaf() * n_leaves; }

  /// Of thread `number`: the leaf in the batch, and its rows. Some may lie behind the last one.
  SAMEBITS_HD std::int64_t leaf(std::int64_t number) const { return number / threads_per_leaf(); }
  SAMEBITS_HD row_group<Rows> rows(std::int64_t number) const {
    const std::int64_t thread = number % threads_per_leaf();
    const std::int64_t lane = thread % lanes();
    const std::int64_t lowest = first_row + (thread - lane) * Rows;
    return {lowest, lowest + lane, lanes()};
  }
  SAMEBITS_HD std::int64_t end() const { return first_row + n_rows; }
};

// ---- values ------------------------------------------------------------------------------------------------------

template <class T>
struct pair_mapping {
  pair_kernel kernel;
  core::pair_constants<T> constants;
};

/// Values of the pairs of a thread with one strip.
template <class T, int Rows>
struct pair_values {
  T of[Rows][strip_rows];
};

/// Strips first .. end - 1 of y.
struct strip_range {
  std::int64_t first;
  std::int64_t end;
};

/// Calls body with the kernel as a type.
template <class Body>
SAMEBITS_HD SAMEBITS_INLINE void with_kernel(pair_kernel kernel, const Body& body) {
  using core::known_kernel;
  switch (kernel) {
    case pair_kernel::product: return body(known_kernel<pair_kernel::product>());
    case pair_kernel::polynomial: return body(known_kernel<pair_kernel::polynomial>());
    case pair_kernel::cosine: return body(known_kernel<pair_kernel::cosine>());
    case pair_kernel::squared_distance: return body(known_kernel<pair_kernel::squared_distance>());
    case pair_kernel::power: return body(known_kernel<pair_kernel::power>());
    case pair_kernel::gaussian: return body(known_kernel<pair_kernel::gaussian>());
    case pair_kernel::matern_1_2: return body(known_kernel<pair_kernel::matern_1_2>());
    case pair_kernel::matern_3_2: return body(known_kernel<pair_kernel::matern_3_2>());
    case pair_kernel::matern_5_2: return body(known_kernel<pair_kernel::matern_5_2>());
    case pair_kernel::inverse_multiquadric: return body(known_kernel<pair_kernel::inverse_multiquadric>());
    case pair_kernel::l1: return body(known_kernel<pair_kernel::l1>());
    case pair_kernel::laplacian: return body(known_kernel<pair_kernel::laplacian>());
  }
}

/// From base quantities to values, in place or not.
template <core::pair_map Map, class T, int Rows>
SAMEBITS_HD SAMEBITS_INLINE void map_values(const pair_mapping<T>& mapping, const pair_values<T, Rows>& bases,
                                            pair_values<T, Rows>& values) {
  with_kernel(mapping.kernel, [&]([[maybe_unused]] auto known) {
    constexpr pair_kernel kernel = decltype(known)::kernel;
    if constexpr (core::has_map(kernel, Map)) {
      SAMEBITS_UNROLL
      for (int r = 0; r < Rows; ++r) {
        SAMEBITS_UNROLL
        for (int s = 0; s < strip_rows; ++s) {
          values.of[r][s] = core::map_pair<kernel, Map>(bases.of[r][s], mapping.constants);
        }
      }
    }
  });
}

/// The two matrices, and which of their pairs count.
template <class T>
struct pair_rows {
  row_strips<T, tall_strip_rows> x;
  row_strips<T> y;
  samebits_pair_set set;
  std::int64_t first_row;  // of y, where row 0 of x is that row

  SAMEBITS_HD std::int64_t n_leaves() const {
    return y.n_rows == 0 ? 1 : (y.n_rows + core::leaf_rows - 1) / core::leaf_rows;
  }
  /// Behind the last row of x there are copies of it, for threads with nothing to do.
  SAMEBITS_HD std::int64_t present(std::int64_t i) const { return i < x.n_rows ? i : x.n_rows - 1; }

  SAMEBITS_HD bool counts(std::int64_t i, std::int64_t j) const {
    const std::int64_t own = first_row + i;
    const bool is_in_set = set == samebits_all_pairs || (set == samebits_other_pairs ? own != j : own < j);
    return is_in_set && j < y.n_rows;
  }
  /// Do all pairs of the rows with a strip count?
  template <int Rows>
  SAMEBITS_HD bool counts_all(const row_group<Rows>& rows, std::int64_t strip) const {
    const std::int64_t first = strip * strip_rows;
    const std::int64_t end = first + strip_rows;
    const bool is_apart = set == samebits_all_pairs || first_row + rows.last() < first ||
                          (set == samebits_other_pairs && end <= first_row + rows.first);
    return is_apart && end <= y.n_rows;
  }

  /// The strips of a leaf that have pairs which count.
  template <int Rows>
  SAMEBITS_HD strip_range strips(const row_group<Rows>& rows, std::int64_t leaf) const {
    const std::int64_t first = leaf * strips_per_leaf;
    const std::int64_t end = (y.n_rows + strip_rows - 1) / strip_rows;
    const std::int64_t first_in_set = set == samebits_upper_pairs ? (first_row + rows.lowest + 1) / strip_rows : 0;
    return {first < first_in_set ? first_in_set : first, first + strips_per_leaf < end ? first + strips_per_leaf : end};
  }

  template <int Rows>
  SAMEBITS_HD SAMEBITS_INLINE void make_bases(core::pair_base base, const row_group<Rows>& rows, std::int64_t strip,
                                              pair_values<T, Rows>& bases) const {
    switch (base) {
      case core::pair_base::dot: return make_bases<core::pair_base::dot>(rows, strip, bases);
      case core::pair_base::squared: return make_bases<core::pair_base::squared>(rows, strip, bases);
      case core::pair_base::l1: return make_bases<core::pair_base::l1>(rows, strip, bases);
    }
  }

  /// Puts `nothing` where a pair does not count.
  template <int Rows>
  SAMEBITS_HD SAMEBITS_INLINE void leave_out(const row_group<Rows>& rows, std::int64_t strip, T nothing,
                                             pair_values<T, Rows>& values) const {
    if (counts_all(rows, strip)) {
      return;
    }
    SAMEBITS_UNROLL
    for (int r = 0; r < Rows; ++r) {
      SAMEBITS_UNROLL
      for (int s = 0; s < strip_rows; ++s) {
        values.of[r][s] = counts(rows.row(r), strip * strip_rows + s) ? values.of[r][s] : nothing;
      }
    }
  }

  template <core::pair_map Map, int Rows>
  SAMEBITS_HD SAMEBITS_INLINE void make_values(const pair_mapping<T>& mapping, const row_group<Rows>& rows,
                                               std::int64_t strip, T nothing, pair_values<T, Rows>& values) const {
    make_bases(core::base_of(mapping.kernel), rows, strip, values);
    map_values<Map>(mapping, values, values);
    leave_out(rows, strip, nothing, values);
  }

 private:
  template <core::pair_base Base, int Rows>
  SAMEBITS_HD SAMEBITS_INLINE void make_bases(const row_group<Rows>& rows, std::int64_t strip,
                                              pair_values<T, Rows>& bases) const {
    SAMEBITS_UNROLL
    for (int r = 0; r < Rows; ++r) {
      SAMEBITS_UNROLL
      for (int s = 0; s < strip_rows; ++s) {
        bases.of[r][s] = core::empty_sum<T>();
      }
    }
    for (std::int64_t c = 0; c < y.n_cols; ++c) {
      const strip_column<T> y_column = y.column(strip, c);
      SAMEBITS_UNROLL
      for (int r = 0; r < Rows; ++r) {
        const T x_number = x.at(present(rows.row(r)), c);
        SAMEBITS_UNROLL
        for (int s = 0; s < strip_rows; ++s) {
          bases.of[r][s] = core::add_column<Base>(x_number, y_column.of[s], bases.of[r][s]);
        }
      }
    }
  }
};

}  // namespace samebits::kernels
