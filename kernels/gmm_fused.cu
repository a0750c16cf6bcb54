// Both steps of a pass in one reading of the rows: responsibilities never leave the block.
#include "kernels/gmm_fused.hpp"

namespace samebits::kernels {
namespace {

using core::lanes;

/// Threads of a block: the sums of many columns take many registers.
constexpr int fused_threads(std::int64_t n_cols) { return n_cols <= 4 ? 256 : 128; }

/// A block per mixture and leaf. It goes through the leaf a tile of rows at a time. In even phases a thread takes a row
/// to its responsibilities, in odd ones a component and a lane, whose sums stay in its registers. The threads of one
/// more group sum the log-likelihoods. Then the lanes of some sums at a time are folded.
template <class T, class Shape, int Cols>
struct fused_kernel {
  static constexpr int block_threads = fused_threads(Cols);
  static constexpr int n_moments = static_cast<int>(core::gmm_moments<Shape>(Cols));
  /// Numbers in shared memory: 19 KiB, so that two thousand threads fit a multiprocessor.
  static constexpr int n_numbers = 2432 * static_cast<int>(sizeof(double) / sizeof(T));
  static constexpr int sums_at_once = n_numbers / block_threads;
  struct block_memory {
    T numbers[n_numbers];
  };
  struct thread_memory {
    std::int32_t mixture;  // the block's; found once, because divisions take long
    std::int32_t leaf;
    T sums[n_moments];  // the last group: log-likelihoods in the first
  };

  gmm_batch<T> batch;
  bool hard;
  int tile_rows;
  int n_tiles;

  fused_kernel(const gmm_batch<T>& leaves, bool is_hard) : batch(leaves), hard(is_hard), tile_rows(block_threads) {
    while (n_groups() * (tile_rows + lanes<T>) > n_numbers) {
      tile_rows /= 2;
    }
    const std::int64_t rows = batch.n_rows < leaf_rows ? batch.n_rows : leaf_rows;
    n_tiles = static_cast<int>((rows + tile_rows - 1) / tile_rows);
  }

  std::int64_t n_blocks() const { return batch.components.n_mixtures * batch.n_leaves; }

  SAMEBITS_HD int n_summing_phases() const {
    return batch.with_sums ? (n_moments + sums_at_once - 1) / sums_at_once : 1;
  }
  SAMEBITS_HD int phases() const { return 2 * n_tiles + 2 * n_summing_phases(); }

  SAMEBITS_HD void run(int phase, thread_position at, block_memory& shared, thread_memory& own) const {
    if (phase == 0) {
      own.mixture = static_cast<std::int32_t>(at.block / batch.n_leaves);
      own.leaf = static_cast<std::int32_t>(at.block % batch.n_leaves);
    }
    const block_place place(own, at.thread);
    if (batch.has_ended(place.mixture)) {
      return;
    }
    if (phase == 0) {
      SAMEBITS_UNROLL
      for (int m = 0; m < n_moments; ++m) {
        own.sums[m] = core::empty_sum<T>();
      }
    }
    const int turn = phase / 2;
    if (turn < n_tiles) {
      const tile_of_rows tile(*this, place, turn);
      if (phase % 2 == 0) {
        share_row(place, tile, at.thread, shared);
      } else if (place.group < n_components()) {
        add_rows(place, tile, shared, own);
      } else if (place.group == n_components()) {
        add_log_likelihoods(place, tile, shared, own);
      }
    } else if (phase % 2 == 0) {
      put_sums(place, turn - n_tiles, shared, own);
    } else {
      fold_sums(place, turn - n_tiles, shared);
    }
  }

 private:
  SAMEBITS_HD int n_components() const { return static_cast<int>(batch.components.n_components); }
  SAMEBITS_HD int n_groups() const { return n_components() + 1; }
  /// From one component's values to the next; apart, so that the lanes of several lie in different banks.
  SAMEBITS_HD int stride() const { return tile_rows + lanes<T>; }

  /// What a thread works on between its rows. Blocks differ in the warps that do so: all four parts of a multiprocessor
  /// have their share of it.
  struct block_place {
    std::int64_t mixture;
    std::int64_t leaf;
    int slot;
    int group;
    int lane;

    SAMEBITS_HD block_place(const thread_memory& own, int thread) : mixture(own.mixture), leaf(own.leaf) {
      constexpr int warp = 32;
      slot = (thread + warp * static_cast<int>(leaf % (block_threads / warp))) % block_threads;
      group = slot / lanes<T>;
      lane = slot % lanes<T>;
    }
  };

  struct tile_of_rows {
    std::int64_t first;  // row of the data
    int n_rows;          // none behind the end of the leaf

    SAMEBITS_HD tile_of_rows(const fused_kernel& kernel, const block_place& place, int number) {
      const row_range rows = kernel.batch.range(place.mixture);
      const std::int64_t begin = place.leaf * leaf_rows + number * kernel.tile_rows;
      const std::int64_t end = (place.leaf + 1) * leaf_rows;
      const std::int64_t left = (end < rows.n ? end : rows.n) - begin;
      first = rows.first + begin;
      n_rows = static_cast<int>(left < 0 ? 0 : left < kernel.tile_rows ? left : kernel.tile_rows);
    }
  };

  SAMEBITS_HD std::int64_t number(const block_place& place, std::int64_t k) const {
    return place.mixture * n_components() + k;
  }

  SAMEBITS_HD void share_row(const block_place& place, const tile_of_rows& tile, int r, block_memory& shared) const {
    if (r >= tile.n_rows) {
      return;
    }
    const gmm_row<T, Shape, Cols> row(batch.data, tile.first + r);
    const row_of_mixture<T> values{shared.numbers + r, stride(), n_components()};
    const likeliest<T> best = values.measure(row, batch.components, number(place, 0), true);
    shared.numbers[n_components() * stride() + r] =
        values.share(best, static_cast<T>(batch.data.weight(tile.first + r)), hard, batch.with_sums);
  }

  SAMEBITS_HD void add_rows(const block_place& place, const tile_of_rows& tile, const block_memory& shared,
                            thread_memory& own) const {
    if (!batch.with_sums) {
      return;
    }
    const T* const mean = batch.components.mean(number(place, place.group));
    const T* const responsibilities = shared.numbers + place.group * stride();
    for (int r = place.lane; r < tile.n_rows; r += lanes<T>) {
      const gmm_row<T, Shape, Cols> row(batch.data, tile.first + r);
      T dx[Cols];
      row.centre(mean, dx);
      core::add_moments<Shape>(responsibilities[r], dx, own.sums);
    }
  }

  SAMEBITS_HD void add_log_likelihoods(const block_place& place, const tile_of_rows& tile, const block_memory& shared,
                                       thread_memory& own) const {
    const T* const log_likelihoods = shared.numbers + n_components() * stride();
    for (int r = place.lane; r < tile.n_rows; r += lanes<T>) {
      own.sums[0] = own.sums[0] + log_likelihoods[r];
    }
  }

  /// Some of the sums of every thread, one after the other.
  SAMEBITS_HD void put_sums(const block_place& place, int turn, block_memory& shared, const thread_memory& own) const {
    SAMEBITS_UNROLL
    for (int m = 0; m < n_moments; ++m) {
      if (m / sums_at_once == turn) {
        shared.numbers[m % sums_at_once * block_threads + place.slot] = own.sums[m];
      }
    }
  }

  SAMEBITS_HD void fold_sums(const block_place& place, int turn, const block_memory& shared) const {
    const int first = turn * sums_at_once;
    const int left = n_moments - first;
    const int n = left < sums_at_once ? left : sums_at_once;
    for (int item = place.slot; item < n * n_groups(); item += block_threads) {
      const int group = item % n_groups();
      const int m = item / n_groups();
      const T* const sums = shared.numbers + m * block_threads + group * lanes<T>;
      if (group < n_components()) {
        if (batch.with_sums) {
          batch.component_sums(place.leaf, number(place, group))[first + m] =
              static_cast<double>(core::fold_lanes(sums));
        }
      } else if (first + m == 0) {
        batch.node(place.leaf)[place.mixture] = static_cast<double>(core::fold_lanes(sums));
      }
    }
  }
};

}  // namespace

template <class T>
bool fits_fused_pass(const gmm_components<T>& components) {
  const std::int64_t n_groups = components.n_components + 1;
  return components.n_cols < core::gmm_wide_cols && n_groups * lanes<T> <= fused_threads(components.n_cols);
}

template <class T>
void fused_pass(const gmm_batch<T>& batch, samebits_gmm_shape shape, bool hard) {
  with_columns(shape, batch.data.n_cols, [&]<class Shape, int Cols>() {
    if constexpr (Cols > 0) {
      const fused_kernel<T, Shape, Cols> kernel(batch, hard);
      launch(kernel, kernel.n_blocks());
    }
  });
}

template bool fits_fused_pass<double>(const gmm_components<double>&);
template bool fits_fused_pass<float>(const gmm_components<float>&);
template void fused_pass<double>(const gmm_batch<double>&, samebits_gmm_shape, bool);
template void fused_pass<float>(const gmm_batch<float>&, samebits_gmm_shape, bool);

}  // namespace samebits::kernels
