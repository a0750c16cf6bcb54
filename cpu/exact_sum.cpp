// Exact sums of columns on the CPU. Integers come out the same however the work is shared out.
#include "samebits/core/exact_sum.hpp"

#include "cpu/memory.hpp"
#include "cpu/pack.hpp"
#include "cpu/parallel.hpp"
#include "cpu/report.hpp"
#include "cpu/tables.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {
namespace {

/// Columns that are read together: 64 bytes of a row of doubles.
constexpr std::int64_t tile_cols = 8;
/// Rows that are turned at a time, so that the columns of a tile stay in the first-level cache.
constexpr std::int64_t tile_rows = 512;
/// Numbers that make a task of their own worth while.
constexpr std::int64_t task_numbers = 1 << 15;

constexpr std::int64_t smaller(std::int64_t a, std::int64_t b) { return a < b ? a : b; }

// ---- one column ----------------------------------------------------------------------------------------------------

/// Adds n numbers, or products where there are factors.
void add_column(exact_sum& sum, const double* x, const double* factors, std::int64_t n) {
  using V = pack<double>;
  if (factors == nullptr) {
    add_numbers<V>(sum, exact_array{x}, n);
  } else if constexpr (value_traits<V>::width > 1) {
    add_products<V>(sum, exact_array{x}, exact_array{factors}, n);
  } else {
    for (std::int64_t i = 0; i < n; ++i) {
      sum.add_product(x[i], factors[i]);  // without packs fma is a call
    }
  }
}

/// Floats are widened; a double holds the product of two.
void add_column(exact_sum& sum, const float* x, const float* factors, std::int64_t n) {
  alignas(64) double wide[exact_blocks::size];
  for (std::int64_t first = 0; first < n; first += exact_blocks::size) {
    const std::int64_t n_wide = smaller(exact_blocks::size, n - first);
    for (std::int64_t i = 0; i < n_wide; ++i) {
      wide[i] = static_cast<double>(x[first + i]);
    }
    for (std::int64_t i = 0; factors != nullptr && i < n_wide; ++i) {
      wide[i] = wide[i] * static_cast<double>(factors[first + i]);
    }
    add_column(sum, wide, nullptr, n_wide);
  }
}

// ---- neighbouring columns ------------------------------------------------------------------------------------------

/// A range of rows of some columns, and a sum for each of them.
template <class T>
struct tile {
  const T* x;
  const T* factors;  // or null
  std::int64_t stride;
  std::int64_t n_rows;
  std::int64_t n_cols;
  exact_sum* sums;
};

/// Columns, each with its numbers one after the other.
template <class T>
struct turned_tile {
  alignas(64) T columns[tile_cols][tile_rows];

  /// A few rows at a time: a row that comes from far away is read once, even where all rows fall into one set of the
  /// cache.
  void turn(const T* rows, std::int64_t stride, std::int64_t n_rows, std::int64_t n_cols) {
    constexpr std::int64_t width = value_traits<pack<T>>::width;
    const std::int64_t n_whole = n_rows - n_rows % width;
    for (std::int64_t i = 0; i < n_whole; i += width) {
      turn_packs(rows + i * stride, stride, i, n_cols);
    }
    turn_one_by_one(rows, stride, n_whole, n_rows, 0, n_cols);
  }

 private:
  /// As many rows as a pack has lanes, from row `first` on.
  void turn_packs(const T* rows, std::int64_t stride, std::int64_t first, std::int64_t n_cols) {
    constexpr int together = turned_cols<T>;
    const std::int64_t n_whole = n_cols - n_cols % together;
    for (std::int64_t j = 0; j < n_whole; j += together) {
      pack<T> turned[together];
      load_turned(rows + j, stride, turned);
      for (int c = 0; c < together; ++c) {
        store(columns[j + c] + first, turned[c]);
      }
    }
    turn_one_by_one(rows - first * stride, stride, first, first + value_traits<pack<T>>::width, n_whole, n_cols);
  }

  void turn_one_by_one(const T* rows, std::int64_t stride, std::int64_t first_row, std::int64_t end_row,
                       std::int64_t first_col, std::int64_t end_col) {
    for (std::int64_t i = first_row; i < end_row; ++i) {
      for (std::int64_t j = first_col; j < end_col; ++j) {
        columns[j][i] = rows[i * stride + j];
      }
    }
  }
};

/// At most tile_rows rows.
template <class T>
void add_turned(const tile<T>& part) {
  turned_tile<T> x;
  x.turn(part.x, part.stride, part.n_rows, part.n_cols);
  turned_tile<T> factors;
  if (part.factors != nullptr) {
    factors.turn(part.factors, part.stride, part.n_rows, part.n_cols);
  }
  for (std::int64_t j = 0; j < part.n_cols; ++j) {
    add_column(part.sums[j], x.columns[j], part.factors == nullptr ? nullptr : factors.columns[j], part.n_rows);
  }
}

template <class T>
void add_tile(const tile<T>& whole) {
  if (whole.stride == 1) {
    add_column(*whole.sums, whole.x, whole.factors, whole.n_rows);
    return;
  }
  for (std::int64_t first = 0; first < whole.n_rows; first += tile_rows) {
    tile<T> part = whole;
    part.x += first * whole.stride;
    part.factors = whole.factors == nullptr ? nullptr : whole.factors + first * whole.stride;
    part.n_rows = smaller(tile_rows, whole.n_rows - first);
    add_turned(part);
  }
}

// ---- all columns ---------------------------------------------------------------------------------------------------

/// Tasks are tiles of columns, cut into slices of rows where there are too few of them. A slice has sums of its own.
template <class T>
class exact_pass {
 public:
  exact_pass(const samebits_rows& rows, exact_sum* sums, int n_threads)
      : rows_(rows),
        sums_(sums),
        n_tiles_((rows.n_cols + tile_cols - 1) / tile_cols),
        n_slices_(slices_for(n_threads)),
        slice_rows_((rows.n_rows + n_slices_ - 1) / n_slices_) {}

  /// False, and nothing happens, when there is no memory.
  bool run(int n_threads) {
    if (!make_slice_sums()) {
      return false;
    }
    parallel_for<&exact_pass::add_task>(n_threads, n_tiles_ * n_slices_, *this);
    for (std::int64_t i = 0; i < (n_slices_ - 1) * rows_.n_cols; ++i) {
      sums_[i % rows_.n_cols].merge(slice_sums_[i]);
    }
    for (std::int64_t j = 0; j < rows_.n_cols; ++j) {
      sums_[j].normalise();
    }
    return true;
  }

 private:
  /// Enough tasks for threads that differ in speed. The sums of at most 8 n_threads tiles are held.
  std::int64_t slices_for(int n_threads) const {
    const std::int64_t wanted = n_threads > 1 ? (8 * n_threads + n_tiles_ - 1) / n_tiles_ : 1;
    const std::int64_t rows_worth = task_numbers / smaller(tile_cols, rows_.n_cols);
    return smaller(wanted, rows_.n_rows / rows_worth + 1);
  }

  /// For all slices but the first, which adds to the result itself.
  bool make_slice_sums() {
    const std::int64_t n = (n_slices_ - 1) * rows_.n_cols;
    static_assert(sizeof(exact_sum) % sizeof(double) == 0);
    if (n == 0) {
      return true;
    }
    if (!memory_.allocate(static_cast<std::size_t>(n) * (sizeof(exact_sum) / sizeof(double)))) {
      return false;
    }
    slice_sums_ = reinterpret_cast<exact_sum*>(memory_.data());
    for (std::int64_t i = 0; i < n; ++i) {
      slice_sums_[i].clear();
    }
    return true;
  }

  void add_task(std::int64_t task, int) const {
    const std::int64_t slice = task / n_tiles_;
    const std::int64_t first_col = task % n_tiles_ * tile_cols;
    const std::int64_t first_row = smaller(slice * slice_rows_, rows_.n_rows);
    const std::int64_t at = first_row * rows_.n_cols + first_col;
    exact_sum* const sums = slice == 0 ? sums_ : slice_sums_ + (slice - 1) * rows_.n_cols;
    tile<T> part;
    part.x = static_cast<const T*>(rows_.x) + at;
    part.factors = rows_.y == nullptr ? nullptr : static_cast<const T*>(rows_.y) + at;
    part.stride = rows_.n_cols;
    part.n_rows = smaller(slice_rows_, rows_.n_rows - first_row);
    part.n_cols = smaller(tile_cols, rows_.n_cols - first_col);
    part.sums = sums + first_col;
    add_tile(part);
  }

  const samebits_rows& rows_;
  exact_sum* sums_;
  std::int64_t n_tiles_;
  std::int64_t n_slices_;
  std::int64_t slice_rows_;
  cpu::buffer memory_;
  exact_sum* slice_sums_ = nullptr;
};

template <class T>
samebits_status run(samebits_call* call, const samebits_rows& rows, void* sums) {
  exact_pass<T> pass(rows, static_cast<exact_sum*>(sums), call->n_threads);
  return pass.run(call->n_threads) ? SAMEBITS_OK : cpu::out_of_memory(call, "exact sums");
}

}  // namespace

samebits_status sum_exactly(samebits_call* call, const samebits_rows* rows, void* sums) {
  return rows->dtype == SAMEBITS_FLOAT32 ? run<float>(call, *rows, sums) : run<double>(call, *rows, sums);
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
