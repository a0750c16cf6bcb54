// Mixtures from the caller's layout to the device's, and sums back.
#pragma once

#include <vector>

#include "kernels/gmm_problem.hpp"

namespace samebits::kernels {

/// Numbers of one inverse factor on the device.
inline std::int64_t factor_size(samebits_gmm_shape shape, std::int64_t n_cols) {
  return shape == samebits_gmm_triangle ? core::triangle_shape::size(n_cols) : core::diagonal_shape::size(n_cols);
}

/// Copies the numbers of a shape between its own layout, of a triangle its lower half row after row, and the caller's,
/// [n x n] or [n]: calls copy(own, callers) with the two places of each.
template <class Copy>
SAMEBITS_HD void for_shape(bool is_triangle, std::int64_t n, const Copy& copy) {
  std::int64_t own = 0;
  for (std::int64_t a = 0; a < n; ++a) {
    for (std::int64_t b = is_triangle ? 0 : a; b <= a; ++b) {
      copy(own++, is_triangle ? a * n + b : a);
    }
  }
}

/// A component as gmm_components has it, rounded to T. Returns the end.
template <class T>
SAMEBITS_HD T* pack_component(const double* mean, const double* inverse_factor, double log_constant, bool is_triangle,
                              std::int64_t n, T* to) {
  for (std::int64_t a = 0; a < n; ++a) {
    *to++ = static_cast<T>(mean[a]);
  }
  std::int64_t size = 0;
  for_shape(is_triangle, n, [&](std::int64_t own, std::int64_t callers) {
    to[own] = static_cast<T>(inverse_factor[callers]);
    size = own + 1;
  });
  to[size] = static_cast<T>(log_constant);
  return to + size + 1;
}

/// The sums of component k from S0 on.
SAMEBITS_HD inline void unpack_component(const double* from, std::int64_t k, bool is_triangle, std::int64_t n,
                                         double* sum_0, double* sum_1, double* sum_2) {
  sum_0[k] = *from++;
  for (std::int64_t a = 0; a < n; ++a) {
    sum_1[k * n + a] = *from++;
  }
  double* const second = sum_2 + k * (is_triangle ? n * n : n);
  for_shape(is_triangle, n, [&](std::int64_t own, std::int64_t callers) { second[callers] = from[own]; });
}

template <class T>
void upload_all(const std::vector<T>& values, device_array<T>& array) {
  const auto n = static_cast<std::int64_t>(values.size());
  array.make_room(n);
  upload(array.data(), values.data(), n);
}

/// Copies the components of mixtures of equal shape and size into `array`: mixture m is that of mixture_of(m).
template <class T, class Mixtures>
gmm_components<T> upload_mixtures(std::int64_t n_mixtures, const Mixtures& mixture_of, device_array<T>& array) {
  const samebits_gmm_components& first = mixture_of(0);
  const gmm_components<T> layout{nullptr, n_mixtures, first.n_components, first.n_cols,
                                 factor_size(first.shape, first.n_cols)};
  std::vector<T> packed(static_cast<std::size_t>(layout.n_all() * layout.size()));
  T* to = packed.data();
  for (std::int64_t m = 0; m < n_mixtures; ++m) {
    const samebits_gmm_components& c = mixture_of(m);
    const bool is_triangle = c.shape == samebits_gmm_triangle;
    const std::int64_t n = c.n_cols;
    for (std::int64_t k = 0; k < c.n_components; ++k) {
      to = pack_component(c.means + k * n, c.inverse_factors + k * (is_triangle ? n * n : n), c.log_constants[k],
                          is_triangle, n, to);
    }
  }
  upload_all(packed, array);
  gmm_components<T> components = layout;
  components.packed = array.data();
  return components;
}

}  // namespace samebits::kernels
