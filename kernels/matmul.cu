// Products of matrices on the device: tiles of out in registers, steps of a and b through shared memory.
#include "kernels/device_memory.hpp"
#include "kernels/guard.hpp"
#include "kernels/launch.hpp"
#include "kernels/tables.hpp"
#include "samebits/core/gmm.hpp"

namespace samebits::kernels {
namespace {

/// out = a b in the device's memory, row-major and dense.
template <class T>
struct matrix_product {
  const T* a;
  const T* b;
  T* out;
  std::int64_t n_rows;
  std::int64_t n_inner;
  std::int64_t n_cols;
};

/// A block per tile of out; a thread holds Rows x Cols sums, in every edge_rows-th row and edge_cols-th column. Steps
/// of the inner dimension take turns in two halves of shared memory: while one is added up, the next is fetched.
template <class T, int Rows, int Cols>
struct matmul_kernel {
  static constexpr int edge_rows = 8;
  static constexpr int edge_cols = 16;
  static constexpr int block_threads = edge_rows * edge_cols;
  static constexpr int tile_rows = Rows * edge_rows;
  static constexpr int tile_cols = Cols * edge_cols;
  static constexpr int step = 16;  // inner elements
  static constexpr int a_items = tile_rows * step / block_threads;
  static constexpr int b_items = tile_cols * step / block_threads;

  struct block_memory {
    // One row more than the tile has, so that neighbouring threads, which write columns, do not meet in a memory bank.
    T a[2][step][tile_rows + 1];
    T b[2][step][tile_cols];
  };
  struct thread_memory {
    T sums[Rows][Cols];
  };
  /// What a thread fetches in a step.
  struct fetched {
    T a[a_items];
    T b[b_items];
  };
  /// Where in out a block works.
  struct place {
    std::int64_t first_row;
    std::int64_t first_col;
  };

  matrix_product<T> product;

  SAMEBITS_HD std::int64_t n_col_tiles() const { return (product.n_cols + tile_cols - 1) / tile_cols; }
  std::int64_t n_blocks() const { return (product.n_rows + tile_rows - 1) / tile_rows * n_col_tiles(); }
  SAMEBITS_HD int n_steps() const { return static_cast<int>((product.n_inner + step - 1) / step); }

  SAMEBITS_HD int phases() const { return n_steps() + 1; }
  SAMEBITS_HD void run(int phase, thread_position at, block_memory& shared, thread_memory& local) const {
    const place here{at.block / n_col_tiles() * tile_rows, at.block % n_col_tiles() * tile_cols};
    fetched next;
    fetch(here, phase, at.thread, next);  // in the last phase nothing but zeros
    if (phase == 0) {
      clear(local);
    } else {
      add_step(phase - 1, at.thread, shared, local);
    }
    if (phase < n_steps()) {
      keep(phase, at.thread, next, shared);
    } else {
      store(here, at.thread, local);
    }
  }

 private:
  /// Item number `item` of a thread is an element of a, then of b: neighbouring threads have neighbouring addresses.
  SAMEBITS_HD static int a_row(int thread, int item) { return (thread + item * block_threads) / step; }
  SAMEBITS_HD static int a_inner(int thread) { return thread % step; }
  SAMEBITS_HD static int b_inner(int thread, int item) { return (thread + item * block_threads) / tile_cols; }
  SAMEBITS_HD static int b_col(int thread) { return thread % tile_cols; }

  SAMEBITS_HD static void clear(thread_memory& local) {
    SAMEBITS_UNROLL
    for (int i = 0; i < Rows; ++i) {
      SAMEBITS_UNROLL
      for (int j = 0; j < Cols; ++j) {
        local.sums[i][j] = core::empty_sum<T>();
      }
    }
  }

  /// Elements outside the matrices are zeros; what is made of them is not stored.
  SAMEBITS_HD void fetch(const place& here, int number, int thread, fetched& next) const {
    const std::int64_t first = static_cast<std::int64_t>(number) * step;
    SAMEBITS_UNROLL
    for (int item = 0; item < a_items; ++item) {
      const std::int64_t row = here.first_row + a_row(thread, item);
      const std::int64_t k = first + a_inner(thread);
      next.a[item] = row < product.n_rows && k < product.n_inner ? product.a[row * product.n_inner + k] : T(0);
    }
    SAMEBITS_UNROLL
    for (int item = 0; item < b_items; ++item) {
      const std::int64_t k = first + b_inner(thread, item);
      const std::int64_t col = here.first_col + b_col(thread);
      next.b[item] = k < product.n_inner && col < product.n_cols ? product.b[k * product.n_cols + col] : T(0);
    }
  }

  SAMEBITS_HD static void keep(int number, int thread, const fetched& next, block_memory& shared) {
    SAMEBITS_UNROLL
    for (int item = 0; item < a_items; ++item) {
      shared.a[number % 2][a_inner(thread)][a_row(thread, item)] = next.a[item];
    }
    SAMEBITS_UNROLL
    for (int item = 0; item < b_items; ++item) {
      shared.b[number % 2][b_inner(thread, item)][b_col(thread)] = next.b[item];
    }
  }

  /// The terms of one step. A last step may have fewer: a zero more would turn a sum of -0 into +0.
  SAMEBITS_HD void add_step(int number, int thread, const block_memory& shared, thread_memory& local) const {
    const std::int64_t left = product.n_inner - static_cast<std::int64_t>(number) * step;
    const int n_terms = left < step ? static_cast<int>(left) : step;
    for (int k = 0; k < n_terms; ++k) {
      add_term(shared.a[number % 2][k] + thread / edge_cols, shared.b[number % 2][k] + thread % edge_cols, local);
    }
  }

  SAMEBITS_HD static void add_term(const T* a, const T* b, thread_memory& local) {
    T y[Cols];
    SAMEBITS_UNROLL
    for (int j = 0; j < Cols; ++j) {
      y[j] = b[j * edge_cols];
    }
    SAMEBITS_UNROLL
    for (int i = 0; i < Rows; ++i) {
      const T x = a[i * edge_rows];
      SAMEBITS_UNROLL
      for (int j = 0; j < Cols; ++j) {
        local.sums[i][j] = core::chain(x, y[j], local.sums[i][j]);
      }
    }
  }

  SAMEBITS_HD void store(const place& here, int thread, const thread_memory& local) const {
    SAMEBITS_UNROLL
    for (int i = 0; i < Rows; ++i) {
      const std::int64_t row = here.first_row + thread / edge_cols + i * edge_rows;
      SAMEBITS_UNROLL
      for (int j = 0; j < Cols; ++j) {
        const std::int64_t col = here.first_col + thread % edge_cols + j * edge_cols;
        if (row < product.n_rows && col < product.n_cols) {
          product.out[row * product.n_cols + col] = local.sums[i][j];
        }
      }
    }
  }
};

/// 64 x 64 doubles, 64 x 128 floats: enough products per element read to keep the arithmetic units busy.
template <class T>
using kernel_for = matmul_kernel<T, 8, static_cast<int>(32 / sizeof(T))>;

template <class T>
void multiply(const samebits_product& p) {
  device_input<T> a(static_cast<const T*>(p.a));
  device_input<T> b(static_cast<const T*>(p.b));
  const T* const a_data = a.piece(0, p.n_rows * p.n_inner);
  const T* const b_data = b.piece(0, p.n_inner * p.n_cols);
  const std::int64_t n = p.n_rows * p.n_cols;
  device_output<T>(static_cast<T*>(p.out)).piece(0, n, [&](T* out) {
    if (p.n_inner == 0) {
      return fill_zeros(out, n);
    }
    const kernel_for<T> kernel{{a_data, b_data, out, p.n_rows, p.n_inner, p.n_cols}};
    launch(kernel, kernel.n_blocks());
  });
}

}  // namespace

samebits_status matmul(samebits_call* call, const samebits_product* product) {
  return guarded(call, [&] {
    if (product->n_rows * product->n_cols > 0) {
      product->dtype == SAMEBITS_FLOAT32 ? multiply<float>(*product) : multiply<double>(*product);
    }
  });
}

}  // namespace samebits::kernels
