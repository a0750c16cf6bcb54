// Logarithms of sums of exponentials over pairs on the device.
#include "kernels/pairwise_tree.hpp"

namespace samebits::kernels {
namespace {

/// Two passes over the values of a leaf, which are made twice: their maximum, and the sum of the exponentials of what
/// they fall short of it. A node has two parts: maximum and sum.
template <class T>
struct log_sums {
  static constexpr int n_rows = 2;

  pair_rows<T> rows;
  pair_batch<n_rows> batch;
  pair_mapping<T> mapping;
  const strip_column<T>* log_weights;  // or null: all 0
  pair_nodes out;

  SAMEBITS_HD std::int64_t n_threads() const { return batch.n_threads(); }
  SAMEBITS_HD void reduce(std::int64_t number) const {
    const row_group<n_rows> mine = batch.rows(number);
    const strip_range strips = rows.strips(mine, batch.first_leaf + batch.leaf(number));
    T maxima[n_rows];
    set_all(maxima, nothing());
    for (std::int64_t strip = strips.first; strip < strips.end; ++strip) {
      for_terms(mine, strip, [&](int r, T term) { maxima[r] = core::max(maxima[r], term); });
    }
    T sums[n_rows];
    set_all(sums, core::empty_sum<T>());
    for (std::int64_t strip = strips.first; strip < strips.end; ++strip) {
      for_terms(mine, strip,
                [&](int r, T term) { sums[r] = core::add_exp(term, core::log_shift(maxima[r]), sums[r]); });
    }
    out.store(batch, number, 0, maxima);
    out.store(batch, number, 1, sums);
  }

 private:
  SAMEBITS_HD static T nothing() { return -core::math_constants<T>::infinity; }

  /// Calls body for the values of a strip, with the logarithms of the weights added.
  template <class Body>
  SAMEBITS_HD SAMEBITS_INLINE void for_terms(const row_group<n_rows>& mine, std::int64_t strip,
                                             const Body& body) const {
    pair_values<T, n_rows> values;
    rows.template make_values<core::pair_map::log>(mapping, mine, strip, nothing(), values);
    strip_column<T> weight;
    set_all(weight.of, T(0));
    if (log_weights != nullptr) {
      weight = log_weights[strip];
    }
    SAMEBITS_UNROLL
    for (int s = 0; s < strip_rows; ++s) {
      SAMEBITS_UNROLL
      for (int r = 0; r < n_rows; ++r) {
        body(r, core::log_term(values.of[r][s], weight.of[s]));
      }
    }
  }
};

/// One step of the fold over nodes of logarithms that lie one after the other: merges every second node that is left
/// with the next. A thread per pair of nodes and row.
struct log_fold {
  double* nodes;
  std::int64_t n_nodes;
  std::int64_t n_rows;
  std::int64_t apart;  // nodes that are left

  SAMEBITS_HD std::int64_t n_threads() const { return n_nodes / (2 * apart) * n_rows + n_rows; }
  SAMEBITS_HD void reduce(std::int64_t number) const {
    const std::int64_t left = number / n_rows * 2 * apart;
    if (left + apart < n_nodes) {
      merge_into(row_of(left, number % n_rows), row_of(left + apart, number % n_rows));
    }
  }

 private:
  SAMEBITS_HD double* row_of(std::int64_t node, std::int64_t i) const { return nodes + node * 2 * n_rows + i; }
  SAMEBITS_HD void merge_into(double* left, const double* right) const {
    const core::log_node<double> node =
        core::merge(core::log_node<double>{left[0], left[n_rows]}, core::log_node<double>{right[0], right[n_rows]});
    left[0] = node.maximum;
    left[n_rows] = node.sum;
  }
};

void fold_logs(double* nodes, std::int64_t n_nodes, std::int64_t n_rows) {
  for (std::int64_t apart = 1; apart < n_nodes; apart *= 2) {
    launch_reduction(log_fold{nodes, n_nodes, n_rows, apart});
  }
}

struct finished_logs {
  const double* node;
  std::int64_t n_rows;
  double* out;

  SAMEBITS_HD std::int64_t n_threads() const { return n_rows; }
  SAMEBITS_HD void reduce(std::int64_t i) const {
    out[i] = core::log_of(core::log_node<double>{node[i], node[n_rows + i]});
  }
};

}  // namespace

template <class T>
void sum_pair_logs(const pair_call<T>& call) {
  leaf_tree tree(call.pairs().n_x, call.n_leaves(), 2);
  tree.run<log_sums<T>::n_rows>(
      [&](const auto& batch, const pair_nodes& nodes) {
        launch_reduction(log_sums<T>{call.rows(), batch, call.mapping(), call.weights(), nodes});
      },
      fold_logs,
      [&](std::int64_t first_row, std::int64_t n_rows, const double* node) {
        launch_reduction(finished_logs{node, n_rows, tree.out()});
        deliver(call.pairs().out + first_row, tree.out(), n_rows);
      });
}

template void sum_pair_logs(const pair_call<float>&);
template void sum_pair_logs(const pair_call<double>&);

}  // namespace samebits::kernels
