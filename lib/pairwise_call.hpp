// The arguments of functions of pairs, looked at once, and their call of a backend.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lib/backend.h"
#include "lib/checks.hpp"
#include "lib/host_rows.hpp"
#include "samebits/pairwise.hpp"

namespace samebits::pairs {

inline std::size_t size_of(std::int64_t n) { return static_cast<std::size_t>(n); }

/// What all functions take, looked at once.
struct arguments {
  const context& ctx;
  const char* function;
  data_view x;
  data_view y;  // x, where it is against itself
  const pairwise_options& options;
  bool is_self;
  std::span<const double> y_weights;  // of the rows of y, whichever they are

  bool is_float() const { return x.dtype == SAMEBITS_FLOAT32; }
};

/// A parameter or weight as it counts beside such rows.
inline double rounded_to_rows(double value, const data_view& x) {
  return x.dtype == SAMEBITS_FLOAT32 ? static_cast<double>(static_cast<float>(value)) : value;
}

/// Everything looked at. `y` belongs to mode `cross`.
arguments checked(const context& ctx, const char* function, const data_view& x, const data_view& y,
                  const pairwise_options& o);

/// Parts of it, for functions that know the rows by other names: the options but for weights, and the weights.
void check_options(const arguments& a);
void check_weights(const arguments& a);

[[noreturn]] void refuse_map(const arguments& a, const char* what);
void refuse_bandwidths(const arguments& a);
/// For results of rows, which have no use for the row's own weight.
void refuse_x_weights(const arguments& a);
void check_matrix(const arguments& a, const char* name, const data_view& x);
void check_present(const arguments& a, const char* name, const void* data, std::int64_t size);
void check_size(const arguments& a, const char* name, std::int64_t n, std::int64_t needed);

void require_finite_results(const arguments& a, const char* what, const double* values, std::int64_t n_rows,
                            std::int64_t row_size);
double require_finite_total(const arguments& a, double total);

/// The logarithms of the weights of the rows of y, none of which may be negative.
std::vector<double> log_weights(const arguments& a);

/// The constants of the kernel, or of the kernel with each of the bandwidths.
std::vector<samebits_pair_kernel> prepared_kernels(const pairwise_options& o);

/// Numbers in the type of the rows.
class typed_numbers {
 public:
  typed_numbers(std::span<const double> values, bool is_float) : values_(values) {
    if (is_float) {
      floats_.assign(values.begin(), values.end());
    }
  }
  const void* data() const {
    return values_.empty() ? nullptr : (floats_.empty() ? static_cast<const void*>(values_.data()) : floats_.data());
  }

 private:
  std::span<const double> values_;
  std::vector<float> floats_;
};

/// Rows of norm 1.
class normalised_rows {
 public:
  normalised_rows(const arguments& a, const data_view& x) : view_(x) {
    const host_rows read(a.ctx, a.function, x);
    x.dtype == SAMEBITS_FLOAT32 ? normalise(read.view(), floats_) : normalise(read.view(), doubles_);
  }
  normalised_rows(const normalised_rows&) = delete;
  normalised_rows& operator=(const normalised_rows&) = delete;
  const data_view& view() const { return view_; }

 private:
  template <class T>
  void normalise(const data_view& x, std::vector<T>& rows) {
    rows.resize(size_of(x.n_rows * x.n_cols));
    for (std::int64_t i = 0; i < x.n_rows; ++i) {
      core::normalise_row(static_cast<const T*>(x.x) + i * x.n_cols, x.n_cols, rows.data() + i * x.n_cols);
    }
    view_.x = rows.data();
  }

  data_view view_;
  std::vector<double> doubles_;
  std::vector<float> floats_;
};

/// Everything of a call but its reduction. Lives as long as the call.
class prepared_call {
 public:
  prepared_call(const arguments& a, core::pair_map map, std::span<const double> y_weights);
  prepared_call(const prepared_call&) = delete;
  prepared_call& operator=(const prepared_call&) = delete;

  samebits_pairs& pairs() { return pairs_; }

  void run(const context& ctx, samebits_pair_reduction reduction, double* out);

 private:
  void normalise();

  const arguments& arguments_;
  typed_numbers weights_;
  std::vector<samebits_pair_kernel> kernels_;
  std::unique_ptr<normalised_rows> x_;
  std::unique_ptr<normalised_rows> y_;
  samebits_pairs pairs_{};
};

}  // namespace samebits::pairs
