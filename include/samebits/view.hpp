// Non-owning views of dense, row-major data.
#pragma once

#include <cstdint>
#include <span>
#include <type_traits>

namespace samebits {

/// A row-major matrix in someone else's memory: element (i, j) at data[i * n_cols + j].
template <class T>
class matrix_view {
 public:
  constexpr matrix_view() = default;
  constexpr matrix_view(T* data, std::int64_t n_rows, std::int64_t n_cols)
      : data_(data), n_rows_(n_rows), n_cols_(n_cols) {}
  /// A view of constant data from one of mutable data.
  template <class U>
  requires std::is_same_v<const U, T>
  constexpr matrix_view(matrix_view<U> other) : matrix_view(other.data(), other.n_rows(), other.n_cols()) {}

  constexpr T* data() const { return data_; }
  constexpr std::int64_t n_rows() const { return n_rows_; }
  constexpr std::int64_t n_cols() const { return n_cols_; }
  constexpr bool empty() const { return data_ == nullptr || n_rows_ == 0 || n_cols_ == 0; }
  constexpr T& operator()(std::int64_t row, std::int64_t col) const { return data_[row * n_cols_ + col]; }
  constexpr std::span<T> row(std::int64_t i) const { return {data_ + i * n_cols_, static_cast<std::size_t>(n_cols_)}; }

 private:
  T* data_ = nullptr;
  std::int64_t n_rows_ = 0;
  std::int64_t n_cols_ = 0;
};

}  // namespace samebits
