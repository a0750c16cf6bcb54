// The sums of an M-step on the device.
#include "kernels/gmm_moments.hpp"
#include "kernels/gmm_wide_diagonal.hpp"
#include "kernels/gmm_wide_moments.hpp"

namespace samebits::kernels {
namespace {

using core::lanes;

// ---- sums in lanes -------------------------------------------------------------------------------------------------

/// Sums of single row values over leaves: the log-likelihoods and, for the wide order, S0 of each component. A thread
/// per value, leaf and lane.
template <class T>
struct lane_sums_kernel {
  static constexpr int block_threads = 128;
  struct block_memory {
    T sums[block_threads];
  };
  using thread_memory = no_state;

  gmm_batch<T> batch;
  std::int64_t n_values;  // log-likelihoods, or these and all components

  std::int64_t n_blocks() const { return blocks_for<lane_sums_kernel>(n_values * batch.n_leaves * lanes<T>); }

  SAMEBITS_HD int phases() const { return 2; }
  SAMEBITS_HD void run(int phase, thread_position at, block_memory& shared, thread_memory&) const {
    const std::int64_t group = global_thread<lane_sums_kernel>(at) / lanes<T>;
    const std::int64_t value = group / batch.n_leaves;
    const std::int64_t leaf = group % batch.n_leaves;
    const int lane = at.thread % lanes<T>;
    if (value >= n_values) {
      return;
    }
    const std::int64_t number = value - batch.components.n_mixtures;  // of the component, where it is not negative
    const std::int64_t mixture = number < 0 ? value : number / batch.components.n_components;
    if (batch.has_ended(mixture)) {
      return;
    }
    if (phase == 0) {
      const std::int64_t end = batch.end_of_leaf(leaf, batch.range(mixture));
      shared.sums[at.thread] = sum_of_lane(batch.row_values + value * batch.n_rows, leaf * leaf_rows + lane, end);
    } else if (lane == 0) {
      double* const sum = number < 0 ? batch.node(leaf) + value : batch.component_sums(leaf, number);
      *sum = static_cast<double>(core::fold_lanes(shared.sums + at.thread));
    }
  }

 private:
  SAMEBITS_HD static T sum_of_lane(const T* values, std::int64_t first, std::int64_t end) {
    T sum = core::empty_sum<T>();
    for (std::int64_t i = first; i < end; i += lanes<T>) {
      sum = sum + values[i];
    }
    return sum;
  }
};

/// All sums of a component, narrow order. A thread per leaf, component and lane.
template <class T, class Shape, int Cols>
struct narrow_moments_kernel {
  static constexpr int block_threads = 128;
  static constexpr int n_moments = static_cast<int>(core::gmm_moments<Shape>(Cols));
  struct block_memory {
    T sums[n_moments][block_threads];
  };
  using thread_memory = no_state;

  gmm_batch<T> batch;

  SAMEBITS_HD std::int64_t n_groups() const { return batch.n_leaves * batch.components.n_all(); }
  std::int64_t n_blocks() const { return blocks_for<narrow_moments_kernel>(n_groups() * lanes<T>); }

  SAMEBITS_HD int phases() const { return 2; }
  SAMEBITS_HD void run(int phase, thread_position at, block_memory& shared, thread_memory&) const {
    const std::int64_t group = global_thread<narrow_moments_kernel>(at) / lanes<T>;
    if (group >= n_groups()) {
      return;
    }
    const leaf_and_component of(batch, group);
    if (batch.has_ended(of.mixture)) {
      return;
    }
    if (phase == 0) {
      sum_lane(of, at.thread, shared);
    } else {
      fold(at.thread, shared, batch.component_sums(of.leaf, of.number));
    }
  }

 private:
  SAMEBITS_HD void sum_lane(const leaf_and_component& of, int thread, block_memory& shared) const {
    T sums[n_moments];
    SAMEBITS_UNROLL
    for (int m = 0; m < n_moments; ++m) {
      sums[m] = core::empty_sum<T>();
    }
    const T* const mean = batch.components.mean(of.number);
    const T* const responsibilities = batch.values(of.number);
    const row_range rows = batch.range(of.mixture);
    const std::int64_t end = batch.end_of_leaf(of.leaf, rows);
    for (std::int64_t i = of.leaf * leaf_rows + thread % lanes<T>; i < end; i += lanes<T>) {
      const gmm_row<T, Shape, Cols> row(batch.data, rows.first + i);
      T dx[Cols];
      row.centre(mean, dx);
      core::add_moments<Shape>(responsibilities[i], dx, sums);
    }
    SAMEBITS_UNROLL
    for (int m = 0; m < n_moments; ++m) {
      shared.sums[m][thread] = sums[m];
    }
  }

  /// The threads of a group share the moments out among themselves.
  SAMEBITS_HD void fold(int thread, const block_memory& shared, double* sums) const {
    const int lane = thread % lanes<T>;
    for (int m = lane; m < n_moments; m += lanes<T>) {
      sums[m] = static_cast<double>(core::fold_lanes(shared.sums[m] + (thread - lane)));
    }
  }
};

// ---- launches ------------------------------------------------------------------------------------------------------

template <class Kernel, class T>
void launch_on(const gmm_batch<T>& batch) {
  const Kernel kernel{batch};
  launch(kernel, kernel.n_blocks());
}

/// The triangles of all parts of S2 on its diagonal, and the rectangles below it.
template <class T, int Tiles>
void sum_triangles(const gmm_batch<T>& batch) {
  with_units<T>([&]<class Units>() {
    launch_on<wide_moments_kernel<T, Tiles, Tiles, lower_tiles, Units>>(batch);
    if constexpr (Tiles > 2) {  // two tiles are the whole triangle
      if (batch.data.n_cols > tile_side * Tiles) {
        launch_on<wide_moments_kernel<T, Tiles, Tiles / 2, all_tiles, Units>>(batch);
      }
    }
  });
}

template <class T>
void sum_wide(const gmm_batch<T>& batch, samebits_gmm_shape shape) {
  if (shape == samebits_gmm_diagonal) {
    return launch_on<wide_diagonal_kernel<T>>(batch);
  }
  with_wide_tiles(batch.data.n_cols, [&]<int Tiles>() { sum_triangles<T, Tiles>(batch); });
}

}  // namespace

template <class T>
void sum_leaves(const gmm_batch<T>& batch, samebits_gmm_shape shape) {
  std::int64_t n_lane_sums = batch.components.n_mixtures;
  if (batch.with_sums) {
    with_columns(shape, batch.data.n_cols, [&]<class Shape, int Cols>() {
      if constexpr (Cols > 0) {
        launch_on<narrow_moments_kernel<T, Shape, Cols>>(batch);
      } else {
        sum_wide(batch, shape);
        n_lane_sums += batch.components.n_all();
      }
    });
  }
  const lane_sums_kernel<T> kernel{batch, n_lane_sums};
  launch(kernel, kernel.n_blocks());
}

template void sum_leaves<double>(const gmm_batch<double>&, samebits_gmm_shape);
template void sum_leaves<float>(const gmm_batch<float>&, samebits_gmm_shape);

}  // namespace samebits::kernels
