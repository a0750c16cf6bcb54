// Distributions whose samples are rows of numbers.
//
// A row is made of n_inputs numbers: input j of row i is element i n_inputs + j of a sequence of the stream, standard
// normals or others. `make_row` turns the inputs, with workspace behind them, into the row. Everything is in double; a
// row of floats is the row of doubles, rounded.
#pragma once

#include "samebits/core/discrete.hpp"
#include "samebits/core/distributions.hpp"
#include "samebits/core/gamma.hpp"
#include "samebits/core/philox.hpp"
#include "samebits/core/sampler.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

/// What the inputs of a row are: standard normals, or for each column a distribution of its own (`component`).
enum class row_inputs { none, normals, components };

/// Which row: for samplers that draw while they make it.
struct row_position {
  std::uint64_t seed;
  std::uint64_t task;
  std::uint64_t row;
};

/// Element i of the stream's standard normal doubles.
SAMEBITS_HD SAMEBITS_INLINE double normal_element(std::uint64_t seed, std::uint64_t task, std::uint64_t i) {
  std::uint64_t draws[2];
  philox_draws(seed, task, i / 2, draws);
  double z[2];
  normal_pair<double>(draws[0], draws[1], z);
  return i % 2 == 0 ? z[0] : z[1];
}

/// What the samplers made of standard normals have in common.
struct normal_inputs {
  static constexpr row_inputs inputs = row_inputs::normals;

  SAMEBITS_HD double input(std::uint64_t seed, std::uint64_t task, std::uint64_t number, std::int64_t) const {
    return normal_element(seed, task, number);
  }
};

/// mean + factor z, factor lower triangular. Each element is one chain of fmas over the columns, in increasing order.
struct multivariate_normal_sampler : normal_inputs {
  std::int64_t n_cols;
  const double* mean;
  const double* factor;  // [n_cols x n_cols]

  SAMEBITS_HD multivariate_normal_sampler(std::int64_t n_cols_, const double* mean_and_factor)
      : n_cols(n_cols_), mean(mean_and_factor), factor(mean_and_factor + n_cols_) {}

  SAMEBITS_HD std::int64_t row_size() const { return n_cols; }
  SAMEBITS_HD std::int64_t n_inputs() const { return n_cols; }
  SAMEBITS_HD std::int64_t n_workspace() const { return 0; }

  template <class T>
  SAMEBITS_HD void make_row(row_position, double* z, T* row) const {
    for (std::int64_t a = 0; a < n_cols; ++a) {
      double x = mean[a];
      for (std::int64_t b = 0; b <= a; ++b) {
        x = fma(factor[a * n_cols + b], z[b], x);
      }
      row[a] = static_cast<T>(x);
    }
  }
};

/// A point on the unit sphere: normals over their length (M. E. Muller, "A note on a method for generating points
/// uniformly on n-dimensional spheres", CACM 2, 1959).
struct sphere_sampler : normal_inputs {
  std::int64_t n_cols;

  SAMEBITS_HD explicit sphere_sampler(std::int64_t n_cols_) : n_cols(n_cols_) {}

  SAMEBITS_HD std::int64_t row_size() const { return n_cols; }
  SAMEBITS_HD std::int64_t n_inputs() const { return n_cols; }
  SAMEBITS_HD std::int64_t n_workspace() const { return 0; }

  template <class T>
  SAMEBITS_HD void make_row(row_position, double* z, T* row) const {
    normalize(z, n_cols);
    for (std::int64_t a = 0; a < n_cols; ++a) {
      row[a] = static_cast<T>(z[a]);
    }
  }

  /// z / |z|; the first unit vector where z = 0, which a pair of normals is once in 2^53.
  SAMEBITS_HD static void normalize(double* z, std::int64_t n) {
    double sum = 0;
    for (std::int64_t a = 0; a < n; ++a) {
      sum = fma(z[a], z[a], sum);
    }
    const double length = sqrt(sum);
    for (std::int64_t a = 0; a < n; ++a) {
      z[a] = sum > 0 ? z[a] / length : a == 0 ? 1.0 : 0.0;
    }
  }
};

/// A rotation from the uniform (Haar) distribution on SO(n), row-major: G. W. Stewart, "The efficient generation of
/// random orthogonal matrices", SIAM J. Numer. Anal. 17, 1980. Rotation k takes the first axis of the last k
/// coordinates to a random direction and is applied to rotation k - 1; it is a reflection I - u u^T after one
/// coordinate's sign is changed, so that its determinant is 1.
struct rotation_sampler : normal_inputs {
  std::int64_t n;

  SAMEBITS_HD explicit rotation_sampler(std::int64_t n_) : n(n_) {}

  SAMEBITS_HD std::int64_t row_size() const { return n * n; }
  SAMEBITS_HD std::int64_t n_inputs() const { return n * (n + 1) / 2; }
  SAMEBITS_HD std::int64_t n_workspace() const { return n * n; }

  template <class T>
  SAMEBITS_HD void make_row(row_position, double* z, T* row) const {
    double* const q = z + n_inputs();
    for (std::int64_t i = 0; i < n * n; ++i) {
      q[i] = i % (n + 1) == 0 ? 1.0 : 0.0;
    }
    double* direction = z + 1;  // the single coordinate of rotation 1 has no say
    for (std::int64_t k = 2; k <= n; ++k) {
      rotate(direction, k, q);
      direction += k;
    }
    for (std::int64_t i = 0; i < n * n; ++i) {
      row[i] = static_cast<T>(q[i]);
    }
  }

 private:
  /// Applies rotation k, whose first axis goes to `direction`, to the last k rows of q.
  SAMEBITS_HD void rotate(double* direction, std::int64_t k, double* q) const {
    sphere_sampler::normalize(direction, k);
    // u = (x + sign e1) / sqrt(1 + |x_1|): the reflection takes e1 to -sign x, without cancellation.
    const double sign = direction[0] < 0 ? -1.0 : 1.0;
    direction[0] = direction[0] + sign;
    const double length = sqrt(direction[0] * sign);
    for (std::int64_t a = 0; a < k; ++a) {
      direction[a] = direction[a] / length;
    }
    const std::int64_t top = n - k;
    const std::int64_t flipped = sign < 0 ? n - 1 : top;
    for (std::int64_t column = top; column < n; ++column) {
      q[flipped * n + column] = -q[flipped * n + column];
      double dot = 0;
      for (std::int64_t a = 0; a < k; ++a) {
        dot = fma(direction[a], q[(top + a) * n + column], dot);
      }
      for (std::int64_t a = 0; a < k; ++a) {
        q[(top + a) * n + column] = fnma(dot, direction[a], q[(top + a) * n + column]);
      }
    }
  }
};

/// Gammas over their sum, by way of their logarithms: concentrations near 0 do not end in 0 / 0.
struct dirichlet_sampler {
  static constexpr row_inputs inputs = row_inputs::components;

  std::int64_t n_components;
  const double* concentrations;

  SAMEBITS_HD dirichlet_sampler(std::int64_t n, const double* concentrations_)
      : n_components(n), concentrations(concentrations_) {}

  SAMEBITS_HD std::int64_t row_size() const { return n_components; }
  SAMEBITS_HD std::int64_t n_inputs() const { return n_components; }
  SAMEBITS_HD std::int64_t n_workspace() const { return 0; }

  /// The distribution of a component's input: the logarithm of a gamma variate.
  SAMEBITS_HD unit_gamma component(std::int64_t j) const { return unit_gamma(concentrations[j]); }

  template <class V>
  SAMEBITS_HD SAMEBITS_INLINE static V input(const unit_gamma& gamma, sample_blocks<V>& blocks) {
    return gamma.sample_log(blocks, first_gamma);
  }
  SAMEBITS_HD double input(std::uint64_t seed, std::uint64_t task, std::uint64_t number, std::int64_t j) const {
    sample_blocks<double> blocks(seed, task, number);
    return input(component(j), blocks);
  }

  template <class T>
  SAMEBITS_HD void make_row(row_position, double* logs, T* row) const {
    double largest = logs[0];
    for (std::int64_t j = 1; j < n_components; ++j) {
      largest = max(largest, logs[j]);
    }
    double sum = 0;
    for (std::int64_t j = 0; j < n_components; ++j) {
      logs[j] = exp(logs[j] - largest);
      sum = sum + logs[j];
    }
    for (std::int64_t j = 0; j < n_components; ++j) {
      row[j] = static_cast<T>(logs[j] / sum);
    }
  }
};

/// Counts of n trials over categories: binomials, one category after the other, each with what the earlier ones left.
struct multinomial_sampler {
  static constexpr row_inputs inputs = row_inputs::none;

  std::int64_t n_trials;
  std::int64_t n_categories;
  const double* conditional;  // weight j over the sum of the weights from j on

  SAMEBITS_HD multinomial_sampler(std::int64_t n_trials_, std::int64_t n_categories_, const double* conditional_)
      : n_trials(n_trials_), n_categories(n_categories_), conditional(conditional_) {}

  SAMEBITS_HD std::int64_t row_size() const { return n_categories; }
  SAMEBITS_HD std::int64_t n_inputs() const { return 0; }
  SAMEBITS_HD std::int64_t n_workspace() const { return 0; }

  template <class T>
  SAMEBITS_HD void make_row(row_position at, double*, T* row) const {
    double left = static_cast<double>(n_trials);
    for (std::int64_t j = 0; j < n_categories; ++j) {
      sample_blocks<double> blocks(at.seed, at.task,
                                   at.row * static_cast<std::uint64_t>(n_categories) + static_cast<std::uint64_t>(j));
      const double count = left > 0 ? binomial_sampler(left, conditional[j]).sample(blocks) : 0;
      row[j] = static_cast<T>(count);
      left = left - count;
    }
  }
};

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
