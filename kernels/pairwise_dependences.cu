// Sums of the values of pairs times those of the rows that permutations put with them, on the device.
#include "kernels/pairwise_tree.hpp"

namespace samebits::kernels {
namespace {

/// Companions of the rows in the order of some permutations, as rows of x and of y: one matrix after the other.
template <class T>
struct permuted_companions {
  const strip_column<T, tall_strip_rows>* x;
  const strip_column<T>* y;
  std::int64_t n_permutations;
  std::int64_t n_rows;
  std::int64_t n_cols;
  pair_mapping<T> mapping;

  SAMEBITS_HD pair_rows<T> permuted(std::int64_t p) const {
    const std::int64_t x_size = row_strips<T, tall_strip_rows>::strips_of(n_rows) * n_cols;
    const std::int64_t y_size = row_strips<T>::strips_of(n_rows) * n_cols;
    return {{x + p * x_size, n_rows, n_cols}, {y + p * y_size, n_rows, n_cols}, samebits_all_pairs, 0};
  }
};

/// A thread takes several permutations, for which it makes the values of the pairs once.
template <class T>
struct dependence_sums {
  static constexpr int n_rows = 2;
  static constexpr int together = 8;

  pair_rows<T> rows;
  pair_batch<n_rows> batch;
  pair_mapping<T> mapping;
  permuted_companions<T> companions;
  pair_nodes out;

  SAMEBITS_HD std::int64_t n_threads() const {
    return batch.n_threads() * ((companions.n_permutations + together - 1) / together);
  }
  SAMEBITS_HD void reduce(std::int64_t number) const {
    const std::int64_t place = number % batch.n_threads();
    const std::int64_t first = number / batch.n_threads() * together;
    const std::int64_t left = companions.n_permutations - first;
    const int n = left < together ? static_cast<int>(left) : together;
    T sums[together][n_rows];  // in memory: read and written once a strip
    add_leaf(batch.rows(place), batch.first_leaf + batch.leaf(place), first, n, sums);
    for (int p = 0; p < n; ++p) {
      out.store(batch, place, first + p, sums[p]);
    }
  }

 private:
  SAMEBITS_HD SAMEBITS_INLINE void add_leaf(const row_group<n_rows>& mine, std::int64_t leaf, std::int64_t first, int n,
                                            T (&sums)[together][n_rows]) const {
    for (int p = 0; p < n; ++p) {
      set_all(sums[p], core::empty_sum<T>());
    }
    const strip_range strips = rows.strips(mine, leaf);
    for (std::int64_t strip = strips.first; strip < strips.end; ++strip) {
      pair_values<T, n_rows> values;
      rows.template make_values<core::pair_map::value>(mapping, mine, strip, core::empty_sum<T>(), values);
      for (int p = 0; p < n; ++p) {
        add_products(mine, strip, first + p, values, sums[p]);
      }
    }
  }

  SAMEBITS_HD SAMEBITS_INLINE void add_products(const row_group<n_rows>& mine, std::int64_t strip, std::int64_t p,
                                                const pair_values<T, n_rows>& values, T (&sums)[n_rows]) const {
    pair_values<T, n_rows> others;
    companions.permuted(p).make_bases(core::base_of(companions.mapping.kernel), mine, strip, others);
    map_values<core::pair_map::value>(companions.mapping, others, others);
    rows.leave_out(mine, strip, T(1), others);  // -0.0 times a value behind the end might not be a number
    SAMEBITS_UNROLL
    for (int s = 0; s < strip_rows; ++s) {
      SAMEBITS_UNROLL
      for (int r = 0; r < n_rows; ++r) {
        sums[r] = core::add_weighted(values.of[r][s], others.of[r][s], sums[r]);
      }
    }
  }
};

/// The memory of the companions in the order of some permutations.
template <class T>
class permuted_memory {
 public:
  permuted_memory(const samebits_pairs& pairs, std::int64_t n_permutations)
      : n_rows_(pairs.n_x), n_cols_(pairs.companion->n_cols) {
    z_.make_room(n_rows_ * n_cols_);
    order_.make_room(n_rows_);
    x_.make_room(n_permutations * x_size());
    y_.make_room(n_permutations * y_size());
    upload(z_.data(), static_cast<const T*>(pairs.companion->z), n_rows_ * n_cols_);
  }
  /// Bytes for one permutation.
  static std::int64_t bytes(const samebits_pairs& pairs) {
    return 2 * (pairs.n_x + tall_strip_rows) * pairs.companion->n_cols * static_cast<std::int64_t>(sizeof(T));
  }

  /// Fills the matrices of the permutations.
  permuted_companions<T> permute(const samebits_pair_companion& companion, std::int64_t first, std::int64_t n) {
    for (std::int64_t p = 0; p < n; ++p) {
      upload(order_.data(), companion.permutations + (first + p) * n_rows_, n_rows_);
      fill<tall_strip_rows>(x_.data() + p * x_size());
      fill<strip_rows>(y_.data() + p * y_size());
    }
    return {x_.data(), y_.data(), n, n_rows_, n_cols_, mapping_of<T>(companion.kernel)};
  }

 private:
  std::int64_t x_size() const { return row_strips<T, tall_strip_rows>::strips_of(n_rows_) * n_cols_; }
  std::int64_t y_size() const { return row_strips<T>::strips_of(n_rows_) * n_cols_; }
  template <int Height>
  void fill(strip_column<T, Height>* columns) const {
    const strips_kernel<T, Height> kernel{z_.data(), order_.data(), n_rows_, n_cols_, columns};
    launch(kernel, blocks_for<strips_kernel<T, Height>>(kernel.size()));
  }

  std::int64_t n_rows_;
  std::int64_t n_cols_;
  device_array<T> z_;
  device_array<std::int64_t> order_;
  device_array<strip_column<T, tall_strip_rows>> x_;
  device_array<strip_column<T>> y_;
};

}  // namespace

/// As many permutations at a time as fit the work space.
template <class T>
void sum_dependences(const pair_call<T>& call) {
  const std::int64_t n_permutations = call.pairs().companion->n_permutations;
  const std::int64_t most = fitting(n_permutations, permuted_memory<T>::bytes(call.pairs()));
  permuted_memory<T> memory(call.pairs(), most);
  for (std::int64_t first = 0; first < n_permutations; first += most) {
    const std::int64_t n = n_permutations - first < most ? n_permutations - first : most;
    const permuted_companions<T> companions = memory.permute(*call.pairs().companion, first, n);
    sum_arrays<dependence_sums<T>::n_rows>(call, first, n, [&](const auto& batch, const pair_nodes& nodes) {
      launch_reduction(dependence_sums<T>{call.rows(), batch, call.mapping(), companions, nodes});
    });
  }
}

template void sum_dependences(const pair_call<float>&);
template void sum_dependences(const pair_call<double>&);

}  // namespace samebits::kernels
