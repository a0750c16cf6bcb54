// Sums of the values of pairs on the device. A thread has the chains of some rows of x for one leaf of y.
#include "kernels/pairwise_tree.hpp"

namespace samebits::kernels {
namespace {

using core::pair_map;

/// Adds a strip to the chains. `weights` has one column, or is null.
template <class T, int Rows>
SAMEBITS_HD SAMEBITS_INLINE void add_values(const strip_column<T>* weights, std::int64_t strip,
                                            const pair_values<T, Rows>& values, T (&sums)[Rows]) {
  if (weights == nullptr) {
    SAMEBITS_UNROLL
    for (int s = 0; s < strip_rows; ++s) {
      SAMEBITS_UNROLL
      for (int r = 0; r < Rows; ++r) {
        sums[r] = core::add_value(values.of[r][s], sums[r]);
      }
    }
  } else {
    const strip_column<T> weight = weights[strip];
    SAMEBITS_UNROLL
    for (int s = 0; s < strip_rows; ++s) {
      SAMEBITS_UNROLL
      for (int r = 0; r < Rows; ++r) {
        sums[r] = core::add_weighted(weight.of[s], values.of[r][s], sums[r]);
      }
    }
  }
}

// ---- sums of one kernel ------------------------------------------------------------------------------------------

template <class T, core::pair_map Map>
struct value_sums {
  static constexpr int n_rows = sizeof(T) == 4 ? 4 : 2;

  pair_rows<T> rows;
  pair_batch<n_rows> batch;
  pair_mapping<T> mapping;
  const strip_column<T>* weights;
  pair_nodes out;

  SAMEBITS_HD std::int64_t n_threads() const { return batch.n_threads(); }
  SAMEBITS_HD void reduce(std::int64_t number) const {
    const row_group<n_rows> mine = batch.rows(number);
    const strip_range strips = rows.strips(mine, batch.first_leaf + batch.leaf(number));
    T sums[n_rows];
    set_all(sums, core::empty_sum<T>());
    for (std::int64_t strip = strips.first; strip < strips.end; ++strip) {
      pair_values<T, n_rows> values;
      rows.template make_values<Map>(mapping, mine, strip, core::empty_sum<T>(), values);
      add_values(weights, strip, values, sums);
    }
    out.store(batch, number, 0, sums);
  }
};

// ---- sums of several kernels with one base quantity --------------------------------------------------------------

inline constexpr int most_kernels = 8;

template <class T>
struct pair_mappings {
  int n;
  pair_mapping<T> of[most_kernels];
};

template <class T>
struct kernel_sums {
  static constexpr int n_rows = sizeof(T) == 4 ? 4 : 2;

  pair_rows<T> rows;
  pair_batch<n_rows> batch;
  pair_mappings<T> mappings;
  const strip_column<T>* weights;
  pair_nodes out;

  SAMEBITS_HD std::int64_t n_threads() const { return batch.n_threads(); }
  SAMEBITS_HD void reduce(std::int64_t number) const {
    const row_group<n_rows> mine = batch.rows(number);
    const strip_range strips = rows.strips(mine, batch.first_leaf + batch.leaf(number));
    T sums[most_kernels][n_rows];  // in memory: read and written once a strip
    for (int k = 0; k < mappings.n; ++k) {
      set_all(sums[k], core::empty_sum<T>());
    }
    for (std::int64_t strip = strips.first; strip < strips.end; ++strip) {
      pair_values<T, n_rows> bases;
      rows.make_bases(core::base_of(mappings.of[0].kernel), mine, strip, bases);
      for (int k = 0; k < mappings.n; ++k) {
        pair_values<T, n_rows> values = bases;
        map_values<core::pair_map::value>(mappings.of[k], values, values);
        rows.leave_out(mine, strip, core::empty_sum<T>(), values);
        add_values(weights, strip, values, sums[k]);
      }
    }
    for (int k = 0; k < mappings.n; ++k) {
      out.store(batch, number, k, sums[k]);
    }
  }
};

// ---- sums of products of single numbers --------------------------------------------------------------------------

/// Straight from the rows: the products are not rounded. As many chains side by side as hide the time of an fma.
template <class T>
struct number_sums {
  static constexpr int n_rows = sizeof(T) == 4 ? 8 : 4;

  pair_rows<T> rows;
  pair_batch<n_rows> batch;
  pair_nodes out;

  SAMEBITS_HD std::int64_t n_threads() const { return batch.n_threads(); }
  SAMEBITS_HD void reduce(std::int64_t number) const {
    const row_group<n_rows> mine = batch.rows(number);
    const strip_range strips = rows.strips(mine, batch.first_leaf + batch.leaf(number));
    T x[n_rows];
    T sums[n_rows];
    set_all(sums, core::empty_sum<T>());
    SAMEBITS_UNROLL
    for (int r = 0; r < n_rows; ++r) {
      x[r] = rows.x.at(rows.present(mine.row(r)), 0);
    }
    for (std::int64_t strip = strips.first; strip < strips.end; ++strip) {
      add_strip(mine, strip, x, sums);
    }
    out.store(batch, number, 0, sums);
  }

 private:
  SAMEBITS_HD SAMEBITS_INLINE void add_strip(const row_group<n_rows>& mine, std::int64_t strip, const T (&x)[n_rows],
                                             T (&sums)[n_rows]) const {
    const strip_column<T> y = rows.y.column(strip, 0);
    if (rows.counts_all(mine, strip)) {
      add_products(
          x, y, [](int, int) { return true; }, sums);
    } else {
      add_products(
          x, y, [&](int r, int s) { return rows.counts(mine.row(r), strip * strip_rows + s); }, sums);
    }
  }

  template <class Counts>
  SAMEBITS_HD SAMEBITS_INLINE static void add_products(const T (&x)[n_rows], const strip_column<T>& y,
                                                       const Counts& counts, T (&sums)[n_rows]) {
    SAMEBITS_UNROLL
    for (int s = 0; s < strip_rows; ++s) {
      SAMEBITS_UNROLL
      for (int r = 0; r < n_rows; ++r) {
        const T sum = core::add_weighted(x[r], y.of[s], sums[r]);
        sums[r] = counts(r, s) ? sum : sums[r];
      }
    }
  }
};

// ---- launches ----------------------------------------------------------------------------------------------------

template <pair_map Map, class T>
void sum_values(const pair_call<T>& call, std::int64_t k) {
  const pair_mapping<T> mapping = mapping_of<T>(call.pairs().kernels[k]);
  sum_arrays<value_sums<T, Map>::n_rows>(call, k, 1, [&](const auto& batch, const pair_nodes& nodes) {
    launch_reduction(value_sums<T, Map>{call.rows(), batch, mapping, call.weights(), nodes});
  });
}

/// Of kernels `first` and up.
template <class T>
void sum_kernels(const pair_call<T>& call, std::int64_t first, std::int64_t n) {
  pair_mappings<T> mappings{static_cast<int>(n), {}};
  for (std::int64_t k = 0; k < n; ++k) {
    mappings.of[k] = mapping_of<T>(call.pairs().kernels[first + k]);
  }
  sum_arrays<kernel_sums<T>::n_rows>(call, first, n, [&](const auto& batch, const pair_nodes& nodes) {
    launch_reduction(kernel_sums<T>{call.rows(), batch, mappings, call.weights(), nodes});
  });
}

template <class T>
void sum_numbers(const pair_call<T>& call) {
  sum_arrays<number_sums<T>::n_rows>(call, 0, 1, [&](const auto& batch, const pair_nodes& nodes) {
    launch_reduction(number_sums<T>{call.rows(), batch, nodes});
  });
}

}  // namespace

template <class T>
void sum_pairs(const pair_call<T>& call) {
  const std::int64_t n = call.pairs().n_kernels;
  if (core::are_of_numbers(call.pairs())) {
    return sum_numbers(call);
  }
  if (call.pairs().map == static_cast<std::int32_t>(pair_map::d_bandwidth)) {
    for (std::int64_t k = 0; k < n; ++k) {
      sum_values<pair_map::d_bandwidth>(call, k);
    }
    return;
  }
  for (std::int64_t k = 0; k < n; k += most_kernels) {
    const std::int64_t left = n - k;
    left == 1 ? sum_values<pair_map::value>(call, k) : sum_kernels(call, k, left < most_kernels ? left : most_kernels);
  }
}

template void sum_pairs(const pair_call<float>&);
template void sum_pairs(const pair_call<double>&);

}  // namespace samebits::kernels
