// Mixture components from the caller's layout to the device's.
#pragma once

#include <vector>

#include "kernels/gmm_problem.hpp"

namespace samebits::kernels {

/// Appends the lower triangle of an n x n matrix.
inline void append_triangle(const double* matrix, std::int64_t n, std::vector<double>& packed) {
  for (std::int64_t a = 0; a < n; ++a) {
    packed.insert(packed.end(), matrix + a * n, matrix + a * n + a + 1);
  }
}

inline void upload_all(const std::vector<double>& values, device_array<double>& array) {
  const auto n = static_cast<std::int64_t>(values.size());
  array.make_room(n);
  upload(array.data(), values.data(), n);
}

/// Copies components into `array`, packed (gmm_component_size).
inline gmm_components upload_components(const samebits_gmm_components& components, device_array<double>& array) {
  const std::int64_t n = components.n_cols;
  std::vector<double> packed;
  packed.reserve(static_cast<std::size_t>(components.n_components * gmm_component_size(n)));
  for (std::int64_t k = 0; k < components.n_components; ++k) {
    packed.insert(packed.end(), components.means + k * n, components.means + (k + 1) * n);
    append_triangle(components.inverse_factors + k * n * n, n, packed);
    packed.push_back(components.log_constants[k]);
  }
  upload_all(packed, array);
  return {array.data(), components.n_components, n};
}

}  // namespace samebits::kernels
