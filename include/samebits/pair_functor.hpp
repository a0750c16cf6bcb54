// Sums over all pairs of rows of a function of your own, on the host and in CUDA kernels: the shape of pairwise_rows
// and pairwise_sum (samebits/pairwise.hpp) with any values.
//
// The function is an object that takes two rows:
//
//   struct great_circle {
//     double radius;
//     SAMEBITS_HD double operator()(const double* x, const double* y, std::int64_t n_cols) const;
//   };
//
// Rows are double or float, and values are of their type. The sums have the same bits on every number of threads and on
// the device wherever the function gives the same values. It does where it is made of the vocabulary of
// samebits/core/value.hpp and the functions of samebits/core/math.hpp and special.hpp: + - * /, core::sqrt, core::exp,
// core::atan, ..., not those of <cmath>, whose bits differ between machines.
//
// Compilers turn a product and the sum that it goes into into one fma, which has other bits: write core::fma where you
// want it, core::rounded(a * b) + c where you do not, or compile host code with -ffp-contract=off and device code with
// -fmad=false. What is in this header keeps its bits under any flags but -ffast-math, and the values that your function
// returns are kept apart from the sums that they go into.
//
// For speed on the CPU compile with -O3 and -march=native, or at least -mfma: without the instruction every fma is a
// call of the C library. Functions without branches, of up to 4 columns, then become SIMD code, on rows of x side by
// side; others cost what they cost one pair at a time.
//
// A function that computes a kernel of pair_kernel by the formulas of core/pairwise.hpp gives the bits of
// pairwise_rows, and of pairwise_sum with algorithm `direct`. The one exception is `product` of single numbers without
// weights, where those do not round the products.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <type_traits>

#include "samebits/context.hpp"
#include "samebits/core/pairwise.hpp"
#include "samebits/core/row_sum.hpp"
#include "samebits/export.hpp"
#include "samebits/pairwise.hpp"
#include "samebits/view.hpp"

namespace samebits {

/// A function of two rows, which gives the same value whenever it is called with the same rows. Threads call it side by
/// side, and for pairs that count alone: in the modes `u` and `upper` never for a row with itself.
template <class F, class T>
concept pair_functor = std::copy_constructible<F> && requires(const F& f, const T* row, std::int64_t n_cols) {
  { f(row, row, n_cols) } -> std::same_as<T>;
};

/// As in pairwise_options.
struct pair_functor_options {
  pairwise_mode mode = pairwise_mode::cross;
  std::span<const double> x_weights = {};  ///< [n_x]
  std::span<const double> y_weights = {};  ///< [n_y]
};

/// The rows of a call, in the memory of whoever calls the function: for kernels in that of the device.
template <class T>
struct functor_pairs {
  const T* x = nullptr;  ///< row-major [n_x x n_cols]
  std::int64_t n_x = 0;
  const T* y = nullptr;  ///< row-major [n_y x n_cols]; null in the modes for x against itself
  std::int64_t n_y = 0;
  std::int64_t n_cols = 1;
  pairwise_mode mode = pairwise_mode::cross;
  /// As in pairwise_options, in the type of the rows, or null. In the modes for x against itself x_weights are those of
  /// both sides.
  const T* x_weights = nullptr;
  const T* y_weights = nullptr;

  SAMEBITS_HD bool is_self() const { return mode != pairwise_mode::cross; }
  /// The rows that those of x meet.
  SAMEBITS_HD const T* others() const { return is_self() ? x : y; }
  SAMEBITS_HD std::int64_t n_others() const { return is_self() ? n_x : n_y; }
  SAMEBITS_HD std::int64_t n_leaves() const { return (n_others() + core::leaf_rows - 1) / core::leaf_rows; }
  /// The row behind the last of a leaf.
  SAMEBITS_HD std::int64_t end_of(std::int64_t leaf) const {
    const std::int64_t end = (leaf + 1) * core::leaf_rows;
    return end < n_others() ? end : n_others();
  }
};

// ---- in host and device code, for kernels of your own ----------------------------------------------------------

/// One more value, that of a pair with row j of the other side, in the sum of a leaf.
template <class T>
SAMEBITS_HD SAMEBITS_INLINE T add_value(const functor_pairs<T>& pairs, std::int64_t j, T value, T sum) {
  const T* const weights = pairs.is_self() ? pairs.x_weights : pairs.y_weights;
  return weights == nullptr ? core::add_value(value, sum) : core::add_weighted(weights[j], value, sum);
}

#if defined(__CUDACC__)
#pragma nv_exec_check_disable  // a function for the host alone has no place in a kernel, but may be summed on the host
#endif
/// Adds the values of row i with rows first .. last - 1, in order, to `sum`.
template <class T, pair_functor<T> F>
SAMEBITS_HD T add_pairs(const functor_pairs<T>& pairs, const F& f, std::int64_t i, std::int64_t first,
                        std::int64_t last, T sum) {
  const T* const x = pairs.x + i * pairs.n_cols;
  for (std::int64_t j = first; j < last; ++j) {
    const T value = core::rounded(f(x, pairs.others() + j * pairs.n_cols, pairs.n_cols));
    sum = add_value(pairs, j, value, sum);
  }
  return sum;
}

/// The sum of the values of row i in one leaf of 512 rows; -0.0 where no pair counts.
template <class T, pair_functor<T> F>
SAMEBITS_HD T pair_leaf_sum(const functor_pairs<T>& pairs, const F& f, std::int64_t i, std::int64_t leaf) {
  const std::int64_t first = leaf * core::leaf_rows;
  const std::int64_t last = pairs.end_of(leaf);
  T sum = core::empty_sum<T>();
  if (pairs.mode == pairwise_mode::u) {
    sum = add_pairs(pairs, f, i, first, i < last ? i : last, sum);
  }
  const bool is_beyond = pairs.mode == pairwise_mode::u || pairs.mode == pairwise_mode::upper;
  return add_pairs(pairs, f, i, is_beyond && first <= i ? i + 1 : first, last, sum);
}

/// The sum of the values of row i, as pairwise_rows_of gives it.
template <class T, pair_functor<T> F>
SAMEBITS_HD double pair_row_sum(const functor_pairs<T>& pairs, const F& f, std::int64_t i) {
  core::node_sum sum;
  for (std::int64_t leaf = 0; leaf < pairs.n_leaves(); ++leaf) {
    sum.add(static_cast<double>(pair_leaf_sum(pairs, f, i, leaf)));
  }
  return core::finished_sum(sum.finish());
}

/// What the pair of row i with itself adds to the sum of its row.
template <class T, pair_functor<T> F>
SAMEBITS_HD double pair_with_itself(const functor_pairs<T>& pairs, const F& f, std::int64_t i) {
  return static_cast<double>(add_pairs(pairs, f, i, i, i + 1, core::empty_sum<T>()));
}

// ---- on the CPU --------------------------------------------------------------------------------------------------

namespace detail {

/// Rows of x that threads take together, at most.
inline constexpr std::int64_t functor_block_rows = 64;

/// A function behind pointers, so that all but its calls lies in the library. The calls are templates of this header,
/// with the compiler's flags of whoever includes it.
template <class T>
struct pair_calls {
  const void* function;
  /// nodes[i - first] = the sum of row i in a leaf, for rows first .. last - 1 of a block.
  void (*leaf_sums)(const void* function, const functor_pairs<T>& pairs, std::int64_t first, std::int64_t last,
                    std::int64_t leaf, double* nodes);
  void (*with_themselves)(const void* function, const functor_pairs<T>& pairs, std::int64_t first, std::int64_t last,
                          double* values);
};

/// The sums of a block of rows in one leaf. Loops over the rows of the block are innermost, and Cols is a constant (0:
/// any number of columns), so that compilers turn them into SIMD where the function allows it.
template <class T, class F, int Cols>
class block_sums {
 public:
  block_sums(const functor_pairs<T>& pairs, const F& f, std::int64_t first, std::int64_t last)
      : pairs_(pairs), f_(f), first_(first), last_(last) {
    for (T& sum : sums_) {
      sum = core::empty_sum<T>();
    }
  }

  T operator[](std::int64_t i) const { return sums_[i]; }

  /// Goes through rows begin .. end - 1 of the other side.
  void add(std::int64_t begin, std::int64_t end) {
    if (pairs_.mode == pairwise_mode::cross || pairs_.mode == pairwise_mode::v) {
      add_all(begin, end);
      return;
    }
    // Some pairs of the rows of the block with each other do not count; of those before it all or none do.
    const std::int64_t before = within(first_, begin, end);
    const std::int64_t behind = within(last_, begin, end);
    if (pairs_.mode == pairwise_mode::u) {
      add_all(begin, before);
    }
    for (std::int64_t i = first_; i < last_; ++i) {
      T& sum = sums_[i - first_];
      if (pairs_.mode == pairwise_mode::u) {
        sum = add_pairs(pairs_, f_, i, before, within(i, before, behind), sum);
      }
      sum = add_pairs(pairs_, f_, i, within(i + 1, before, behind), behind, sum);
    }
    add_all(behind, end);
  }

 private:
  static std::int64_t within(std::int64_t j, std::int64_t begin, std::int64_t end) {
    return j < begin ? begin : (j < end ? j : end);
  }

  void add_all(std::int64_t begin, std::int64_t end) {
    const std::int64_t n_cols = Cols > 0 ? Cols : pairs_.n_cols;
    const std::int64_t n = last_ - first_;
    const T* const x = pairs_.x + first_ * n_cols;
    T values[functor_block_rows] = {};
    for (std::int64_t j = begin; j < end; ++j) {
      const T* const y = pairs_.others() + j * n_cols;
      for (std::int64_t i = 0; i < n; ++i) {
        values[i] = f_(x + i * n_cols, y, n_cols);
      }
      asm("" : "+m"(values));  // as core::rounded: no product in a value may become part of the sum
      for (std::int64_t i = 0; i < n; ++i) {
        sums_[i] = add_value(pairs_, j, values[i], sums_[i]);
      }
    }
  }

  const functor_pairs<T>& pairs_;
  const F& f_;
  std::int64_t first_;
  std::int64_t last_;
  T sums_[functor_block_rows];
};

template <class T, class F, int Cols>
void block_leaf_sums(const functor_pairs<T>& pairs, const F& f, std::int64_t first, std::int64_t last,
                     std::int64_t leaf, double* nodes) {
  block_sums<T, F, Cols> sums(pairs, f, first, last);
  sums.add(leaf * core::leaf_rows, pairs.end_of(leaf));
  for (std::int64_t i = 0; i < last - first; ++i) {
    nodes[i] = static_cast<double>(sums[i]);
  }
}

template <class T, class F>
void leaf_sums(const void* function, const functor_pairs<T>& pairs, std::int64_t first, std::int64_t last,
               std::int64_t leaf, double* nodes) {
  const F& f = *static_cast<const F*>(function);
  switch (pairs.n_cols) {
    case 1: return block_leaf_sums<T, F, 1>(pairs, f, first, last, leaf, nodes);
    case 2: return block_leaf_sums<T, F, 2>(pairs, f, first, last, leaf, nodes);
    case 3: return block_leaf_sums<T, F, 3>(pairs, f, first, last, leaf, nodes);
    case 4: return block_leaf_sums<T, F, 4>(pairs, f, first, last, leaf, nodes);
    default: return block_leaf_sums<T, F, 0>(pairs, f, first, last, leaf, nodes);
  }
}

template <class T, class F>
void with_themselves(const void* function, const functor_pairs<T>& pairs, std::int64_t first, std::int64_t last,
                     double* values) {
  for (std::int64_t i = first; i < last; ++i) {
    values[i - first] = pair_with_itself(pairs, *static_cast<const F*>(function), i);
  }
}

template <class T, class F>
pair_calls<T> calls_of(const F& f) {
  return {static_cast<const void*>(&f), &leaf_sums<T, F>, &with_themselves<T, F>};
}

SAMEBITS_API void rows_of(const context& ctx, matrix_view<const double> x, matrix_view<const double> y,
                          const pair_calls<double>& calls, const pair_functor_options& options, std::span<double> out);
SAMEBITS_API void rows_of(const context& ctx, matrix_view<const float> x, matrix_view<const float> y,
                          const pair_calls<float>& calls, const pair_functor_options& options, std::span<double> out);
SAMEBITS_API double sum_of(const context& ctx, matrix_view<const double> x, matrix_view<const double> y,
                           const pair_calls<double>& calls, const pair_functor_options& options);
SAMEBITS_API double sum_of(const context& ctx, matrix_view<const float> x, matrix_view<const float> y,
                           const pair_calls<float>& calls, const pair_functor_options& options);

}  // namespace detail

/// The sum of each row's values f(x_i, y_j), times the weights of the rows they come from.
///
/// Runs on the CPU, on the threads of the context, whatever its backend. An exception of `f` ends the call and comes
/// out of it, of several always the same.
///
/// @param x    row-major [n_x x n_cols], finite
/// @param y    row-major [n_y x n_cols], finite; {} for x against itself
/// @param out  [n_x], as it was where the call fails
/// @throws invalid_argument   as pairwise_rows
/// @throws numerical_failure  the sum of a row is not finite
/// @bits   identical on every thread count and device where those of f are; docs/numerics.md
template <pair_functor<double> F>
void pairwise_rows_of(const context& ctx, matrix_view<const double> x, matrix_view<const double> y, F f,
                      const pair_functor_options& options, std::span<double> out) {
  detail::rows_of(ctx, x, y, detail::calls_of<double>(f), options, out);
}
template <pair_functor<float> F>
void pairwise_rows_of(const context& ctx, matrix_view<const float> x, matrix_view<const float> y, F f,
                      const pair_functor_options& options, std::span<double> out) {
  detail::rows_of(ctx, x, y, detail::calls_of<float>(f), options, out);
}

/// The sum of the values of all pairs. In the modes `v` and `u` every pair i < j is computed once, as by pairwise_sum:
/// f must be symmetric there.
///
/// @return   the total; 0 where there are no pairs
/// @throws as pairwise_rows_of
/// @bits   identical on every thread count and device where those of f are
template <pair_functor<double> F>
double pairwise_sum_of(const context& ctx, matrix_view<const double> x, matrix_view<const double> y, F f,
                       const pair_functor_options& options = {}) {
  return detail::sum_of(ctx, x, y, detail::calls_of<double>(f), options);
}
template <pair_functor<float> F>
double pairwise_sum_of(const context& ctx, matrix_view<const float> x, matrix_view<const float> y, F f,
                       const pair_functor_options& options = {}) {
  return detail::sum_of(ctx, x, y, detail::calls_of<float>(f), options);
}

// ---- in CUDA -----------------------------------------------------------------------------------------------------
//
// A kernel is a class that runs in phases, with a barrier between two of them. The tests run the same classes on the
// CPU, thread by thread.

/// The sums of rows: eight threads of a block go through the leaves of a row.
template <class T, class F>
struct pair_rows_kernel {
  static constexpr int block_rows = 32;
  static constexpr int window = 8;  // leaves
  static constexpr int block_threads = block_rows * window;
  struct block_memory {
    double nodes[window][block_rows];
  };
  using thread_memory = core::node_sum;

  functor_pairs<T> pairs;
  F f;
  double* out;

  SAMEBITS_HD std::int64_t n_blocks() const { return (pairs.n_x + block_rows - 1) / block_rows; }
  SAMEBITS_HD std::int64_t n_windows() const { return (pairs.n_leaves() + window - 1) / window; }
  SAMEBITS_HD int phases() const { return n_windows() > 0 ? static_cast<int>(2 * n_windows()) : 2; }

  template <class Position>
  SAMEBITS_HD void run(int phase, const Position& at, block_memory& shared, thread_memory& sum) const {
    const int column = at.thread % block_rows;
    const std::int64_t row = at.block * block_rows + column;
    if (phase == 0) {
      sum = core::node_sum();
    }
    if (phase % 2 == 0) {
      const int place = at.thread / block_rows;
      const std::int64_t leaf = std::int64_t{phase / 2} * window + place;
      const bool is_there = row < pairs.n_x && leaf < pairs.n_leaves();
      shared.nodes[place][column] =
          is_there ? static_cast<double>(pair_leaf_sum(pairs, f, row, leaf)) : core::empty_sum<double>();
    } else if (at.thread < block_rows && row < pairs.n_x) {
      for (int place = 0; place < window; ++place) {
        sum.add(shared.nodes[place][column]);
      }
      if (phase == phases() - 1) {
        out[row] = core::finished_sum(sum.finish());
      }
    }
  }
};

/// The total of the rows' sums, and of the pairs of rows with themselves in mode v: a thread per leaf of rows, one
/// block.
template <class T, class F>
struct pair_total_kernel {
  static constexpr int block_threads = 256;
  struct block_memory {
    double nodes[block_threads];
  };
  struct thread_memory {
    core::node_sum sum;
    double upper;
  };

  functor_pairs<T> pairs;
  F f;
  const double* row_sums;  // of mode `upper` in the modes for x against itself
  double* total;

  SAMEBITS_HD std::int64_t n_leaves() const { return (pairs.n_x + core::leaf_rows - 1) / core::leaf_rows; }
  /// Of one sum.
  SAMEBITS_HD int n_phases() const {
    return n_leaves() > 0 ? static_cast<int>(2 * ((n_leaves() + block_threads - 1) / block_threads)) : 2;
  }
  SAMEBITS_HD int phases() const { return (pairs.mode == pairwise_mode::v ? 2 : 1) * n_phases(); }

  template <class Position>
  SAMEBITS_HD void run(int phase, const Position& at, block_memory& shared, thread_memory& local) const {
    const bool is_diagonal = phase >= n_phases();
    const int step = is_diagonal ? phase - n_phases() : phase;
    if (step % 2 == 0) {
      shared.nodes[at.thread] = leaf_of_rows(std::int64_t{step / 2} * block_threads + at.thread, is_diagonal);
    } else if (at.thread == 0) {
      fold(step == 1, shared, local.sum);
      if (step == n_phases() - 1) {
        finish(is_diagonal, local);
      }
    }
  }

 private:
  SAMEBITS_HD double leaf_of_rows(std::int64_t leaf, bool is_diagonal) const {
    core::row_sum sum;
    const std::int64_t first = leaf * core::leaf_rows;
    for (std::int64_t i = first; i < first + core::leaf_rows && i < pairs.n_x; ++i) {
      const double value = is_diagonal ? pair_with_itself(pairs, f, i) : row_sums[i];
      pairs.x_weights == nullptr ? sum.add(value) : sum.add_product(static_cast<double>(pairs.x_weights[i]), value);
    }
    return sum.finish();
  }

  SAMEBITS_HD static void fold(bool is_first, const block_memory& shared, core::node_sum& sum) {
    if (is_first) {
      sum = core::node_sum();
    }
    for (const double node : shared.nodes) {
      sum.add(node);
    }
  }

  SAMEBITS_HD void finish(bool is_diagonal, thread_memory& local) const {
    const double sum = local.sum.finish();
    if (is_diagonal) {
      *total = core::finished_sum(core::symmetric_total(local.upper, sum));
    } else if (pairs.mode == pairwise_mode::u) {
      *total = core::finished_sum(core::symmetric_total(sum, core::empty_sum<double>()));
    } else {
      local.upper = sum;
      *total = core::finished_sum(sum);
    }
  }
};

#if defined(__CUDACC__)

namespace detail {

struct block_position {
  std::int64_t block;
  int thread;
};

template <class Kernel>
__global__ void __launch_bounds__(Kernel::block_threads) run_pair_kernel(const Kernel kernel) {
  __shared__ typename Kernel::block_memory shared;
  typename Kernel::thread_memory local;
  const block_position at{blockIdx.x, static_cast<int>(threadIdx.x)};
  const int phases = kernel.phases();
  for (int phase = 0; phase < phases; ++phase) {
    if (phase > 0) {
      __syncthreads();
    }
    kernel.run(phase, at, shared, local);
  }
}

template <class Kernel>
cudaError_t launch_pair_kernel(const Kernel& kernel, std::int64_t n_blocks, cudaStream_t stream) {
  static_assert(std::is_trivially_copyable_v<Kernel>, "functions of kernels must be trivially copyable");
  if (n_blocks > 0x7fffffff) {
    return cudaErrorInvalidValue;
  }
  if (n_blocks > 0) {
    run_pair_kernel<<<static_cast<unsigned>(n_blocks), Kernel::block_threads, 0, stream>>>(kernel);
  }
  return cudaGetLastError();
}

/// False for what the functions for the CPU refuse without a look at the numbers.
template <class T>
bool is_valid(const functor_pairs<T>& pairs) {
  const bool has_y = pairs.y != nullptr || pairs.n_y != 0 || pairs.y_weights != nullptr;
  return pairs.mode >= pairwise_mode::cross && pairs.mode <= pairwise_mode::upper && pairs.n_x >= 0 && pairs.n_y >= 0 &&
         pairs.n_cols >= 1 && (pairs.x != nullptr || pairs.n_x == 0) &&
         (pairs.is_self() ? !has_y : pairs.y != nullptr || pairs.n_y == 0);
}

}  // namespace detail

/// pairwise_rows_of on a device: launches a kernel and returns. Everything that is pointed to lies in the memory of the
/// device. Numbers are not looked at: where they, or sums, are not finite, NaN or infinity comes out.
///
/// @param out  [n_x]
/// @return cudaErrorInvalidValue where shapes and pointers make no sense, or what the launch gives
/// @bits   those of pairwise_rows_of on the host, where those of f are
template <class T, pair_functor<T> F>
cudaError_t launch_pairwise_rows_of(const functor_pairs<T>& pairs, F f, double* out, cudaStream_t stream) {
  if (!detail::is_valid(pairs) || (out == nullptr && pairs.n_x > 0)) {
    return cudaErrorInvalidValue;
  }
  const pair_rows_kernel<T, F> kernel{pairs, f, out};
  return detail::launch_pair_kernel(kernel, kernel.n_blocks(), stream);
}

/// pairwise_sum_of on a device, the same way.
///
/// @param work   [n_x], overwritten
/// @param total  one number
template <class T, pair_functor<T> F>
cudaError_t launch_pairwise_sum_of(const functor_pairs<T>& pairs, F f, double* work, double* total,
                                   cudaStream_t stream) {
  if (total == nullptr || !detail::is_valid(pairs)) {
    return cudaErrorInvalidValue;
  }
  functor_pairs<T> once = pairs;
  once.mode = pairs.is_self() ? pairwise_mode::upper : pairs.mode;
  const cudaError_t status = launch_pairwise_rows_of(once, f, work, stream);
  return status != cudaSuccess ? status
                               : detail::launch_pair_kernel(pair_total_kernel<T, F>{pairs, f, work, total}, 1, stream);
}

#endif

}  // namespace samebits
