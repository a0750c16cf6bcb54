// Exact sums of columns on the device. Every thread adds numbers of one column to a sum of its own; the sums of a
// column are then merged. They are integers: neither the number of threads nor the order shows.
#include <vector>

#include "kernels/device_memory.hpp"
#include "kernels/guard.hpp"
#include "kernels/reduce.hpp"
#include "kernels/tables.hpp"
#include "kernels/work_space.hpp"
#include "samebits/core/exact_sum.hpp"

namespace samebits::kernels {
namespace {

/// Every n-th number of an array, as doubles.
template <class T>
struct strided_numbers {
  const T* numbers;
  std::int64_t stride;

  template <class V>
  SAMEBITS_HD V at(std::int64_t i) const {
    return static_cast<V>(numbers[i * stride]);
  }
};

/// Sums of `n_parts` parts of each column: part p of column j is number p n_cols + j.
struct partial_sums {
  core::exact_sum* sums;
  std::int64_t n_cols;
  std::int64_t n_parts;

  SAMEBITS_HD std::int64_t size() const { return n_cols * n_parts; }
};

struct cleared_parts {
  partial_sums partial;

  SAMEBITS_HD std::int64_t n_threads() const { return partial.size(); }
  SAMEBITS_HD void reduce(std::int64_t i) const { partial.sums[i].clear(); }
};

/// Part p has rows p, p + n_parts, ... of its column, so that neighbouring threads read neighbouring numbers.
template <class T>
struct added_rows {
  const T* x;
  const T* y;  // or null
  std::int64_t n_rows;
  partial_sums partial;

  SAMEBITS_HD std::int64_t n_threads() const { return partial.size(); }
  SAMEBITS_HD void reduce(std::int64_t i) const {
    const std::int64_t part = i / partial.n_cols;
    const std::int64_t n = part < n_rows ? (n_rows - part - 1) / partial.n_parts + 1 : 0;
    const strided_numbers<T> column{x + i, partial.size()};
    if (y == nullptr) {
      core::add_numbers<double>(partial.sums[i], column, n);
    } else {
      core::add_products<double>(partial.sums[i], column, strided_numbers<T>{y + i, partial.size()}, n);
    }
  }
};

/// Merges aligned groups of `width` parts into their first ones, which lie `stride` parts apart. A thread per group and
/// column.
struct merged_parts {
  static constexpr int width = 32;

  partial_sums partial;
  std::int64_t stride;

  SAMEBITS_HD std::int64_t n_threads() const { return ((partial.n_parts - 1) / (width * stride) + 1) * partial.n_cols; }
  SAMEBITS_HD void reduce(std::int64_t i) const {
    const std::int64_t first = i / partial.n_cols * width * stride;
    core::exact_sum* const column = partial.sums + i % partial.n_cols;
    core::exact_sum& sum = column[first * partial.n_cols];
    for (std::int64_t part = first + stride; part < first + width * stride && part < partial.n_parts; part += stride) {
      sum.merge(column[part * partial.n_cols]);
    }
    sum.normalise();
  }
};

/// Merges all parts into the first of each column.
void merge_parts(const partial_sums& partial) {
  for (std::int64_t stride = 1; stride < partial.n_parts; stride *= merged_parts::width) {
    launch_reduction(merged_parts{partial, stride});
  }
}

/// Columns whose sums are on the device, threads at most (or as many as columns), and rows that make a part of a column
/// worth while.
constexpr std::int64_t most_cols = std::int64_t{1} << 16;
constexpr std::int64_t most_threads = std::int64_t{1} << 14;
constexpr std::int64_t part_rows = 256;

/// Neighbouring columns.
struct column_range {
  std::int64_t first;
  std::int64_t n;
};

template <class T>
class exact_pass {
 public:
  exact_pass(const samebits_rows& rows, core::exact_sum* sums)
      : rows_(rows),
        sums_(sums),
        x_(static_cast<const T*>(rows.x), rows.n_rows * rows.n_cols),
        y_(static_cast<const T*>(rows.y), rows.n_rows * rows.n_cols) {}

  void run() {
    std::vector<core::exact_sum> found(static_cast<std::size_t>(rows_.n_cols));
    for (std::int64_t first = 0; first < rows_.n_cols; first += most_cols) {
      sum_up({first, smaller(most_cols, rows_.n_cols - first)}, found.data() + first);
    }
    for (std::int64_t j = 0; j < rows_.n_cols; ++j) {
      sums_[j].merge(found[static_cast<std::size_t>(j)]);
      sums_[j].normalise();
    }
  }

 private:
  void sum_up(column_range columns, core::exact_sum* found) {
    const std::int64_t chunk_rows =
        are_there(columns) ? rows_.n_rows : smaller(rows_.n_rows, (piece_numbers - 1) / columns.n + 1);
    const partial_sums partial = cleared_sums(columns.n, chunk_rows);
    for (std::int64_t first = 0; first < rows_.n_rows; first += chunk_rows) {
      const std::int64_t n = smaller(chunk_rows, rows_.n_rows - first);
      const T* const x = piece(x_, static_cast<const T*>(rows_.x), some_x_, columns, first, n);
      const T* const y = piece(y_, static_cast<const T*>(rows_.y), some_y_, columns, first, n);
      launch_reduction(added_rows<T>{x, y, n, partial});
    }
    merge_parts(partial);
    download(found, partial.sums, columns.n);
  }

  partial_sums cleared_sums(std::int64_t n_cols, std::int64_t chunk_rows) {
    const std::int64_t n_parts = smaller(most_threads / n_cols, chunk_rows / part_rows);
    const std::int64_t size = n_cols * (n_parts < 1 ? 1 : n_parts);
    partial_.make_room(size);
    const partial_sums partial{partial_.data(), n_cols, size / n_cols};
    launch_reduction(cleared_parts{partial});
    return partial;
  }

  /// True where kernels read all rows as they are.
  bool are_there(column_range columns) const {
    return columns.n == rows_.n_cols && x_.is_there() && (rows_.y == nullptr || y_.is_there());
  }

  /// Rows first .. first + n - 1 of the columns, dense. `some` has room for those of some columns.
  const T* piece(device_input<T>& rows, const T* matrix, device_array<T>& some, column_range columns,
                 std::int64_t first, std::int64_t n) const {
    if (columns.n == rows_.n_cols || matrix == nullptr) {
      return rows.piece(first * columns.n, n * columns.n);
    }
    some.make_room(n * columns.n);
    const T* const start = matrix + first * rows_.n_cols + columns.first;
    for (std::int64_t i = 0; i < n; ++i) {
      upload(some.data() + i * columns.n, start + i * rows_.n_cols, columns.n);
    }
    return some.data();
  }

  const samebits_rows& rows_;
  core::exact_sum* sums_;
  device_input<T> x_;
  device_input<T> y_;
  device_array<T> some_x_;
  device_array<T> some_y_;
  device_array<core::exact_sum> partial_;
};

}  // namespace

samebits_status sum_exactly(samebits_call* call, const samebits_rows* rows, void* sums) {
  return guarded(call, [&] {
    auto* const exact_sums = static_cast<core::exact_sum*>(sums);
    if (rows->dtype == SAMEBITS_FLOAT32) {
      exact_pass<float>(*rows, exact_sums).run();
    } else {
      exact_pass<double>(*rows, exact_sums).run();
    }
  });
}

}  // namespace samebits::kernels
