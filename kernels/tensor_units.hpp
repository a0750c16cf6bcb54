// The tensor cores' way to products of small matrices of doubles (kernels/warp_tile.hpp), and whether to trust it.
#pragma once

#include <type_traits>

#include "kernels/warp_tile.hpp"

namespace samebits::kernels {

#if defined(__CUDACC__)

/// Four steps of the depth at a time. NVIDIA says nothing of the order in which an element's four products are added:
/// kernels use this only where tensor_cores_agree().
struct tensor_units {
  template <class, int Tiles>
  using rows = in_order<Tiles>;
  template <class, int Tiles>
  using columns = in_order<Tiles>;

  template <class Tiles, int Rows, int Columns, class A, class B>
  __device__ static void multiply(const A& a, const B& b, int depth, const warp_place& at,
                                  warp_sums<double, Rows, Columns>& sums) {
    constexpr int steps = 4;
    for (int step = 0; step < depth; step += steps) {
      const int own = step + at.column / 2;
      double of_a[Rows];
      SAMEBITS_UNROLL
      for (int i = 0; i < Rows; ++i) {
        of_a[i] = a(own, i, at.row);
      }
      SAMEBITS_UNROLL
      for (int j = 0; j < Columns; ++j) {
        const double of_b = b(own, j, at.row);
        SAMEBITS_UNROLL
        for (int i = 0; i < Rows; i += 2) {
          add_pair<Tiles>(i, j, of_a, of_b, sums);
        }
      }
    }
  }

 private:
  /// Tiles (i, j) and (i + 1, j), as far as they count: two at once is what Hopper is fast at.
  template <class Tiles, int Rows, int Columns>
  __device__ static void add_pair(int i, int j, const double (&of_a)[Rows], double of_b,
                                  warp_sums<double, Rows, Columns>& sums) {
    static_assert(Rows % 2 == 0);
    if (Tiles::has(i, j) && Tiles::has(i + 1, j)) {
      add_two(of_a[i], of_a[i + 1], of_b, sums[i][j], sums[i + 1][j]);
    } else if (Tiles::has(i, j)) {
      add_one(of_a[i], of_b, sums[i][j]);
    } else if (Tiles::has(i + 1, j)) {
      add_one(of_a[i + 1], of_b, sums[i + 1][j]);
    }
  }

  // Volatile: all threads of a warp take part, so that the compiler must not move it under a condition.
  __device__ static void add_one(double a, double b, double (&sum)[2]) {
    asm volatile("mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64 {%0, %1}, {%2}, {%3}, {%0, %1};"
                 : "+d"(sum[0]), "+d"(sum[1])
                 : "d"(a), "d"(b));
  }

  __device__ static void add_two(double upper, double lower, double b, double (&above)[2], double (&below)[2]) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    asm volatile("mma.sync.aligned.m16n8k4.row.col.f64.f64.f64.f64 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
                 : "+d"(above[0]), "+d"(above[1]), "+d"(below[0]), "+d"(below[1])
                 : "d"(upper), "d"(lower), "d"(b));
#else
    add_one(upper, b, above);
    add_one(lower, b, below);
#endif
  }
};

/// True where tensor cores multiply matrices of doubles with the bits of chains of fmas: found out once for each
/// device, by products of difficult numbers. False without such cores, and where the environment variable
/// SAMEBITS_TENSOR_CORES is "off".
bool tensor_cores_agree();
/// Why they are used or not, for people to read.
const char* tensor_cores_state();

#endif

/// Calls visit.template operator()<Units>() with what is faster for products of T.
template <class T, class Visitor>
void with_units(const Visitor& visit) {
#if defined(__CUDACC__)
  if constexpr (std::is_same_v<T, double>) {
    if (tensor_cores_agree()) {
      return visit.template operator()<tensor_units>();
    }
  }
#endif
  visit.template operator()<arithmetic_units>();
}

/// Calls visit.template operator()<Tiles>() with the tiles side by side that suit that many columns: many do more for
/// what they read, few waste less of the last.
template <class Visitor>
void with_wide_tiles(std::int64_t n_cols, const Visitor& visit) {
  const std::int64_t unused_of_64 = (64 - n_cols % 64) % 64;
  if (n_cols <= 16) {
    visit.template operator()<2>();
  } else if (n_cols <= 32 || unused_of_64 >= 32) {
    visit.template operator()<4>();
  } else {
    visit.template operator()<8>();
  }
}

}  // namespace samebits::kernels
