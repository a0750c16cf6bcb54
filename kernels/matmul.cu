// Products of matrices on the device: tiles of out in registers, steps of a and b through shared memory.
#include "kernels/device_memory.hpp"
#include "kernels/guard.hpp"
#include "kernels/launch.hpp"
#include "kernels/tables.hpp"
#include "kernels/tensor_units.hpp"
#include "kernels/work_space.hpp"

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

/// A block per tile of out, of which each warp has a quarter: 64 x 64 doubles, 64 x 128 floats. Steps of the inner
/// dimension take turns in two halves of shared memory: while one is multiplied, the next is fetched.
template <class T, class Units>
struct matmul_kernel {
  static constexpr int block_threads = 4 * warp_place::size;
  static constexpr int row_tiles = 4;  // of a warp
  static constexpr int column_tiles = 32 / static_cast<int>(sizeof(T));
  static constexpr int warp_rows = tile_side * row_tiles;
  static constexpr int warp_cols = tile_side * column_tiles;
  static constexpr int tile_rows = 2 * warp_rows;
  static constexpr int tile_cols = 2 * warp_cols;
  using rows = typename Units::template rows<T, row_tiles>;
  using columns = typename Units::template columns<T, column_tiles>;
  static constexpr int a_stride = 2 * rows::size + panel_pad<T>;
  static constexpr int b_stride = 2 * columns::size + panel_pad<T>;
  static constexpr int step = 16;  // inner elements
  static constexpr int a_items = tile_rows * step / block_threads;
  static constexpr int b_items = tile_cols * step / block_threads;

  struct half_memory {
    alignas(16) T a[step][a_stride];
    alignas(16) T b[step][b_stride];
  };
  struct block_memory {
    half_memory halves[2];
  };
  /// Where in out a block works; found once, because divisions take long.
  struct place {
    std::int64_t first_row;
    std::int64_t first_col;
  };
  struct thread_memory {
    place here;
    warp_sums<T, row_tiles, column_tiles> sums;
  };
  /// What a thread fetches in a step.
  struct fetched {
    T a[a_items];
    T b[b_items];
  };

  matrix_product<T> product;

  SAMEBITS_HD std::int64_t n_col_tiles() const { return (product.n_cols + tile_cols - 1) / tile_cols; }
  std::int64_t n_blocks() const { return (product.n_rows + tile_rows - 1) / tile_rows * n_col_tiles(); }
  SAMEBITS_HD int n_steps() const { return static_cast<int>((product.n_inner + step - 1) / step); }

  SAMEBITS_HD int phases() const { return n_steps() + 1; }
  SAMEBITS_HD void run(int phase, thread_position at, block_memory& shared, thread_memory& local) const {
    if (phase == 0) {
      local.here = {at.block / n_col_tiles() * tile_rows, at.block % n_col_tiles() * tile_cols};
    }
    const warp_place in_tile(at.thread);
    fetched next;
    fetch(local.here, phase, at.thread, next);  // in the last phase nothing that is there
    if (phase == 0) {
      clear(local.sums);
    } else {
      multiply(in_tile, shared.halves[(phase - 1) % 2], local);
    }
    if (phase < n_steps()) {
      keep(at.thread, next, shared.halves[phase % 2]);
    } else {
      store(in_tile, local);
    }
  }

 private:
  /// Item number `item` of a thread is an element of a, then of b. Four neighbouring threads have neighbours in a row
  /// of a, so that neither side meets in banks or wastes what it reads.
  SAMEBITS_HD static int a_row(int thread, int item) { return thread / 4 + item / 4 * (block_threads / 4); }
  SAMEBITS_HD static int a_inner(int thread, int item) { return thread % 4 + item % 4 * 4; }
  SAMEBITS_HD static int b_inner(int thread, int item) { return (thread + item * block_threads) / tile_cols; }
  SAMEBITS_HD static int b_col(int thread) { return thread % tile_cols; }

  /// Inner elements that are not there are the empty sum times zero, which adds nothing. What is made of rows and
  /// columns that are not there is not stored.
  SAMEBITS_HD void fetch(const place& here, int number, int thread, fetched& next) const {
    const std::int64_t first = static_cast<std::int64_t>(number) * step;
    SAMEBITS_UNROLL
    for (int item = 0; item < a_items; ++item) {
      const std::int64_t row = here.first_row + a_row(thread, item);
      const std::int64_t k = first + a_inner(thread, item);
      const bool is_there = row < product.n_rows && k < product.n_inner;
      next.a[item] = is_there ? product.a[row * product.n_inner + k] : core::empty_sum<T>();
    }
    SAMEBITS_UNROLL
    for (int item = 0; item < b_items; ++item) {
      const std::int64_t k = first + b_inner(thread, item);
      const std::int64_t col = here.first_col + b_col(thread);
      next.b[item] = k < product.n_inner && col < product.n_cols ? product.b[k * product.n_cols + col] : T(0);
    }
  }

  SAMEBITS_HD static void keep(int thread, const fetched& next, half_memory& half) {
    SAMEBITS_UNROLL
    for (int item = 0; item < a_items; ++item) {
      const int row = a_row(thread, item);
      half.a[a_inner(thread, item)][row / warp_rows * rows::size + place_in<rows>(row % warp_rows)] = next.a[item];
    }
    SAMEBITS_UNROLL
    for (int item = 0; item < b_items; ++item) {
      const int col = b_col(thread);
      half.b[b_inner(thread, item)][col / warp_cols * columns::size + place_in<columns>(col % warp_cols)] =
          next.b[item];
    }
  }

  SAMEBITS_HD static void multiply(const warp_place& in_tile, const half_memory& half, thread_memory& local) {
    const panel<T, rows> a{half.a[0] + in_tile.warp / 2 * rows::size, a_stride};
    const panel<T, columns> b{half.b[0] + in_tile.warp % 2 * columns::size, b_stride};
    Units::template multiply<all_tiles>(a, b, step, in_tile, local.sums);
  }

  SAMEBITS_HD void store(const warp_place& in_tile, const thread_memory& local) const {
    SAMEBITS_UNROLL
    for (int i = 0; i < row_tiles; ++i) {
      const std::int64_t row = local.here.first_row + in_tile.warp / 2 * warp_rows + tile_side * i + in_tile.row;
      SAMEBITS_UNROLL
      for (int j = 0; j < column_tiles; ++j) {
        const std::int64_t col = local.here.first_col + in_tile.warp % 2 * warp_cols + tile_side * j + in_tile.column;
        put(local.sums[i][j][0], row, col);
        put(local.sums[i][j][1], row, col + 1);
      }
    }
  }

  SAMEBITS_HD void put(T sum, std::int64_t row, std::int64_t col) const {
    if (row < product.n_rows && col < product.n_cols) {
      product.out[row * product.n_cols + col] = sum;
    }
  }
};

/// Rows of a and out that are on the device at a time where one of them is the host's: a piece of numbers, or more that
/// make blocks for all multiprocessors.
template <class Kernel>
std::int64_t rows_of_a_piece(const samebits_product& p) {
  constexpr std::int64_t enough_blocks = piece_numbers / 8192;  // 512
  const std::int64_t widest = p.n_inner > p.n_cols ? p.n_inner : p.n_cols;
  const std::int64_t row_tiles = piece_numbers / (widest * Kernel::tile_rows);
  const std::int64_t col_tiles = (p.n_cols - 1) / Kernel::tile_cols + 1;
  const std::int64_t least_tiles = enough_blocks / col_tiles + 1;
  return (row_tiles > least_tiles ? row_tiles : least_tiles) * Kernel::tile_rows;
}

template <class T, class Kernel>
void multiply_by(const samebits_product& p) {
  device_input<T> a(static_cast<const T*>(p.a), p.n_rows * p.n_inner);
  device_input<T> b(static_cast<const T*>(p.b), p.n_inner * p.n_cols);
  device_output<T> out(static_cast<T*>(p.out), p.n_rows * p.n_cols);
  const T* const b_data = b.piece(0, p.n_inner * p.n_cols);
  const std::int64_t step = a.is_there() && out.is_there() ? p.n_rows : rows_of_a_piece<Kernel>(p);
  for (std::int64_t first = 0; first < p.n_rows; first += step) {
    const std::int64_t n_rows = p.n_rows - first < step ? p.n_rows - first : step;
    const T* const a_data = a.piece(first * p.n_inner, n_rows * p.n_inner);
    out.piece(first * p.n_cols, n_rows * p.n_cols, [&](T* data) {
      if (p.n_inner == 0) {
        return fill_zeros(data, n_rows * p.n_cols);
      }
      const Kernel kernel{{a_data, b_data, data, n_rows, p.n_inner, p.n_cols}};
      launch(kernel, kernel.n_blocks());
    });
  }
}

template <class T>
void multiply(const samebits_product& p) {
  with_units<T>([&]<class Units>() { multiply_by<T, matmul_kernel<T, Units>>(p); });
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
