// The values of pairs times a matrix, and gradients, on the device. Both have a sum for every column of a matrix with
// the rows of y. A thread has the sums of some columns, a panel, in registers, and makes the values for them.
#include "kernels/pairwise_tree.hpp"

namespace samebits::kernels {
namespace {

/// Columns of a panel: many, so that values are not made often, or few where there are few.
inline constexpr int wide_panel = 16;
inline constexpr int narrow_panel = 4;

/// Rows of x, leaves and panels, shared out among threads.
template <int Rows, int Panel>
struct panel_batch {
  pair_batch<Rows> batch;
  std::int64_t n_columns;

  SAMEBITS_HD std::int64_t n_threads() const { return batch.n_threads() * ((n_columns + Panel - 1) / Panel); }
  SAMEBITS_HD std::int64_t first_column(std::int64_t number) const { return number / batch.n_threads() * Panel; }
  SAMEBITS_HD std::int64_t place(std::int64_t number) const { return number % batch.n_threads(); }
};

template <class T, int Rows, int Panel>
struct panel_sums {
  T of[Panel][Rows];

  SAMEBITS_HD void clear() {
    SAMEBITS_UNROLL
    for (int b = 0; b < Panel; ++b) {
      set_all(of[b], core::empty_sum<T>());
    }
  }
  SAMEBITS_HD void store(const panel_batch<Rows, Panel>& panels, std::int64_t number, const pair_nodes& out) const {
    const std::int64_t first = panels.first_column(number);
    SAMEBITS_UNROLL
    for (int b = 0; b < Panel; ++b) {
      if (first + b < panels.n_columns) {
        out.store(panels.batch, panels.place(number), first + b, of[b]);
      }
    }
  }

  /// Adds a strip: add(b, r, s, sum) is the next sum.
  template <class Add>
  SAMEBITS_HD SAMEBITS_INLINE void add_column(int b, const Add& add) {
    SAMEBITS_UNROLL
    for (int s = 0; s < strip_rows; ++s) {
      SAMEBITS_UNROLL
      for (int r = 0; r < Rows; ++r) {
        of[b][r] = add(r, s, of[b][r]);
      }
    }
  }
};

/// Every value times the weight of its row of y.
template <class T, int Rows>
SAMEBITS_HD SAMEBITS_INLINE void weigh(const strip_column<T>* weights, std::int64_t strip,
                                       pair_values<T, Rows>& values) {
  if (weights == nullptr) {
    return;
  }
  const strip_column<T> weight = weights[strip];
  SAMEBITS_UNROLL
  for (int r = 0; r < Rows; ++r) {
    SAMEBITS_UNROLL
    for (int s = 0; s < strip_rows; ++s) {
      values.of[r][s] = core::weighed(weight.of[s], values.of[r][s]);
    }
  }
}

// ---- products with a matrix --------------------------------------------------------------------------------------

template <class T, int Panel>
struct value_products {
  static constexpr int n_rows = 2;

  pair_rows<T> rows;
  panel_batch<n_rows, Panel> panels;
  pair_mapping<T> mapping;
  const strip_column<T>* weights;
  row_strips<T> columns;
  pair_nodes out;

  SAMEBITS_HD std::int64_t n_threads() const { return panels.n_threads(); }
  SAMEBITS_HD void reduce(std::int64_t number) const {
    const pair_batch<n_rows>& batch = panels.batch;
    const row_group<n_rows> mine = batch.rows(panels.place(number));
    const strip_range strips = rows.strips(mine, batch.first_leaf + batch.leaf(panels.place(number)));
    panel_sums<T, n_rows, Panel> sums;
    sums.clear();
    for (std::int64_t strip = strips.first; strip < strips.end; ++strip) {
      pair_values<T, n_rows> values;
      rows.template make_values<core::pair_map::value>(mapping, mine, strip, core::empty_sum<T>(), values);
      weigh(weights, strip, values);
      add_strip(panels.first_column(number), strip, values, sums);
    }
    sums.store(panels, number, out);
  }

 private:
  SAMEBITS_HD SAMEBITS_INLINE void add_strip(std::int64_t first, std::int64_t strip,
                                             const pair_values<T, n_rows>& values,
                                             panel_sums<T, n_rows, Panel>& sums) const {
    SAMEBITS_UNROLL
    for (int b = 0; b < Panel; ++b) {
      if (first + b < columns.n_cols) {
        const strip_column<T> column = columns.column(strip, first + b);
        sums.add_column(b, [&](int r, int s, T sum) { return core::add_weighted(values.of[r][s], column.of[s], sum); });
      }
    }
  }
};

// ---- gradients ---------------------------------------------------------------------------------------------------

/// The columns are those of y.
template <class T, int Panel>
struct value_gradients {
  static constexpr int n_rows = 2;

  pair_rows<T> rows;
  panel_batch<n_rows, Panel> panels;
  pair_mapping<T> mapping;
  const strip_column<T>* weights;
  pair_nodes out;

  SAMEBITS_HD std::int64_t n_threads() const { return panels.n_threads(); }
  SAMEBITS_HD void reduce(std::int64_t number) const {
    const pair_batch<n_rows>& batch = panels.batch;
    const row_group<n_rows> mine = batch.rows(panels.place(number));
    const strip_range strips = rows.strips(mine, batch.first_leaf + batch.leaf(panels.place(number)));
    const std::int64_t first = panels.first_column(number);
    panel_sums<T, n_rows, Panel> sums;
    sums.clear();
    for (std::int64_t strip = strips.first; strip < strips.end; ++strip) {
      pair_values<T, n_rows> slopes;
      rows.template make_values<core::pair_map::d_base>(mapping, mine, strip, core::empty_sum<T>(), slopes);
      weigh(weights, strip, slopes);
      switch (core::base_of(mapping.kernel)) {
        case core::pair_base::dot: add_strip<core::pair_base::dot>(mine, first, strip, slopes, sums); break;
        case core::pair_base::squared: add_strip<core::pair_base::squared>(mine, first, strip, slopes, sums); break;
        case core::pair_base::l1: add_strip<core::pair_base::l1>(mine, first, strip, slopes, sums); break;
      }
    }
    sums.store(panels, number, out);
  }

 private:
  template <core::pair_base Base>
  SAMEBITS_HD SAMEBITS_INLINE void add_strip(const row_group<n_rows>& mine, std::int64_t first, std::int64_t strip,
                                             const pair_values<T, n_rows>& slopes,
                                             panel_sums<T, n_rows, Panel>& sums) const {
    SAMEBITS_UNROLL
    for (int b = 0; b < Panel; ++b) {
      if (first + b < rows.y.n_cols) {
        const strip_column<T> y = rows.y.column(strip, first + b);
        T x[n_rows];
        SAMEBITS_UNROLL
        for (int r = 0; r < n_rows; ++r) {
          x[r] = rows.x.at(rows.present(mine.row(r)), first + b);
        }
        sums.add_column(
            b, [&](int r, int s, T sum) { return core::add_gradient<Base>(slopes.of[r][s], x[r], y.of[s], sum); });
      }
    }
  }
};

// ---- launches ----------------------------------------------------------------------------------------------------

template <int Panel, class T>
void multiply(const pair_call<T>& call) {
  using reduction = value_products<T, Panel>;
  const samebits_pairs& pairs = call.pairs();
  device_strips<T> columns;
  columns.fill(static_cast<const T*>(pairs.columns), pairs.n_y, pairs.n_columns);
  sum_columns<reduction::n_rows>(call, pairs.n_columns, 1.0, [&](const auto& batch, const pair_nodes& nodes) {
    launch_reduction(
        reduction{call.rows(), {batch, pairs.n_columns}, call.mapping(), call.weights(), columns.view(), nodes});
  });
}

template <int Panel, class T>
void differentiate(const pair_call<T>& call) {
  using reduction = value_gradients<T, Panel>;
  const std::int64_t n_cols = call.pairs().n_cols;
  const double factor = core::gradient_factor(core::base_of(call.mapping().kernel));
  sum_columns<reduction::n_rows>(call, n_cols, factor, [&](const auto& batch, const pair_nodes& nodes) {
    launch_reduction(reduction{call.rows(), {batch, n_cols}, call.mapping(), call.weights(), nodes});
  });
}

}  // namespace

template <class T>
void multiply_pairs(const pair_call<T>& call) {
  call.pairs().n_columns <= narrow_panel ? multiply<narrow_panel>(call) : multiply<wide_panel>(call);
}
template <class T>
void differentiate_pairs(const pair_call<T>& call) {
  call.pairs().n_cols <= narrow_panel ? differentiate<narrow_panel>(call) : differentiate<wide_panel>(call);
}

template void multiply_pairs(const pair_call<float>&);
template void multiply_pairs(const pair_call<double>&);
template void differentiate_pairs(const pair_call<float>&);
template void differentiate_pairs(const pair_call<double>&);

}  // namespace samebits::kernels
