// A call of sums over pairs, its rows on the device, and its reductions.
#pragma once

#include "kernels/device_memory.hpp"
#include "kernels/pairwise_strips.hpp"
#include "kernels/reduce.hpp"
#include "kernels/work_space.hpp"
#include "lib/pair_kernels.hpp"

namespace samebits::kernels {

// ---- matrices ----------------------------------------------------------------------------------------------------

/// A dense matrix of the caller in strips on the device.
template <class T, int Height = strip_rows>
class device_strips {
 public:
  void fill(const T* matrix, std::int64_t n_rows, std::int64_t n_cols) {
    columns_.make_room(row_strips<T, Height>::strips_of(n_rows) * n_cols);
    view_ = {columns_.data(), n_rows, n_cols};
    device_input<T> rows(matrix, n_rows * n_cols);
    const std::int64_t chunk_rows = rows.is_there() ? n_rows : (piece_numbers / n_cols / Height + 1) * Height;
    for (std::int64_t first = 0; first < n_rows; first += chunk_rows) {
      const std::int64_t n = n_rows - first < chunk_rows ? n_rows - first : chunk_rows;
      const T* const chunk = rows.piece(first * n_cols, n * n_cols);
      const strips_kernel<T, Height> kernel{chunk, nullptr, n, n_cols, columns_.data() + first / Height * n_cols};
      launch(kernel, blocks_for<strips_kernel<T, Height>>(kernel.size()));
    }
  }
  const row_strips<T, Height>& view() const { return view_; }

 private:
  device_array<strip_column<T, Height>> columns_;
  row_strips<T, Height> view_{nullptr, 0, 0};
};

// ---- calls -------------------------------------------------------------------------------------------------------

template <class T>
pair_mapping<T> mapping_of(const samebits_pair_kernel& c) {
  return {static_cast<pair_kernel>(c.kernel), core::constants_of<T>(c)};
}

/// The arguments of a call, and its rows and weights on the device.
template <class T>
class pair_call {
 public:
  explicit pair_call(const samebits_pairs& pairs) : pairs_(pairs) {
    x_.fill(static_cast<const T*>(pairs.x), pairs.n_x, pairs.n_cols);
    y_.fill(static_cast<const T*>(pairs.y), pairs.n_y, pairs.n_cols);
    if (pairs.y_weights != nullptr) {
      weights_.fill(static_cast<const T*>(pairs.y_weights), pairs.n_y, 1);
    }
  }

  const samebits_pairs& pairs() const { return pairs_; }
  pair_rows<T> rows() const { return {x_.view(), y_.view(), pairs_.set, pairs_.first_row}; }
  std::int64_t n_leaves() const { return rows().n_leaves(); }
  pair_mapping<T> mapping() const { return mapping_of<T>(pairs_.kernels[0]); }
  /// Null where all are 1.
  const strip_column<T>* weights() const { return weights_.view().columns; }

 private:
  const samebits_pairs& pairs_;
  device_strips<T, tall_strip_rows> x_;
  device_strips<T> y_;
  device_strips<T> weights_;
};

// ---- reductions, each in a file of its own -----------------------------------------------------------------------

template <class T>
void sum_pairs(const pair_call<T>& call);
template <class T>
void sum_pair_logs(const pair_call<T>& call);
template <class T>
void find_nearest(const pair_call<T>& call);
template <class T>
void multiply_pairs(const pair_call<T>& call);
template <class T>
void differentiate_pairs(const pair_call<T>& call);
template <class T>
void sum_dependences(const pair_call<T>& call);
template <class T>
void count_pairs(const pair_call<T>& call);

}  // namespace samebits::kernels
