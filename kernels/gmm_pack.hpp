// Mixtures from the caller's layout to the device's, and sums back.
#pragma once

#include <vector>

#include "kernels/gmm_problem.hpp"

namespace samebits::kernels {

/// Numbers of one inverse factor on the device.
inline std::int64_t factor_size(samebits_gmm_shape shape, std::int64_t n_cols) {
  return shape == samebits_gmm_triangle ? core::triangle_shape::size(n_cols) : core::diagonal_shape::size(n_cols);
}

/// Appends n numbers, rounded to T.
template <class T>
void append(const double* values, std::int64_t n, std::vector<T>& packed) {
  for (std::int64_t i = 0; i < n; ++i) {
    packed.push_back(static_cast<T>(values[i]));
  }
}

/// Appends the inverse factor of component k, of a triangle its lower half.
template <class T>
void append_factor(const samebits_gmm_components& components, std::int64_t k, std::vector<T>& packed) {
  const std::int64_t n = components.n_cols;
  if (components.shape == samebits_gmm_diagonal) {
    append(components.inverse_factors + k * n, n, packed);
    return;
  }
  for (std::int64_t a = 0; a < n; ++a) {
    append(components.inverse_factors + (k * n + a) * n, a + 1, packed);
  }
}

template <class T>
void append_mixture(const samebits_gmm_components& components, std::vector<T>& packed) {
  for (std::int64_t k = 0; k < components.n_components; ++k) {
    append(components.means + k * components.n_cols, components.n_cols, packed);
    append_factor(components, k, packed);
    append(components.log_constants + k, 1, packed);
  }
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
  std::vector<T> packed;
  packed.reserve(static_cast<std::size_t>(layout.n_all() * layout.size()));
  for (std::int64_t m = 0; m < n_mixtures; ++m) {
    append_mixture(mixture_of(m), packed);
  }
  upload_all(packed, array);
  gmm_components<T> components = layout;
  components.packed = array.data();
  return components;
}

/// The sums of one component from S0 on.
inline void unpack_component(const double* from, std::int64_t k, const samebits_gmm_components& components,
                             const samebits_gmm_sums& sums) {
  const std::int64_t n = components.n_cols;
  sums.sum_0[k] = *from++;
  for (std::int64_t a = 0; a < n; ++a) {
    sums.sum_1[k * n + a] = *from++;
  }
  for (std::int64_t a = 0; a < n; ++a) {
    if (components.shape == samebits_gmm_diagonal) {
      sums.sum_2[k * n + a] = *from++;
      continue;
    }
    for (std::int64_t b = 0; b <= a; ++b) {
      sums.sum_2[(k * n + a) * n + b] = *from++;
    }
  }
}

}  // namespace samebits::kernels
