// The formulas of sums over pairs of rows, and the shape of these sums.
//
// A pair (x, y) of rows has a base quantity, made by one chain over the columns in increasing order, and a kernel that
// turns the base quantity into a value:
//
//   base      a step of the chain          kernels
//   dot       fma(x, y, b)                 product b, polynomial (gamma b + offset)^degree, cosine (rows of norm 1: b)
//   squared   d = x - y, fma(d, d, b)      squared distance s = b, power s^(beta / 2), gaussian exp(-s / (2 h^2)),
//                                          Matern 1/2, 3/2, 5/2 of sqrt(s) / h, inverse multiquadric
//                                          1 / sqrt(1 + s / h^2)
//   l1        b + |x - y|                  L1 distance b, laplacian exp(-b / h)
//
// Rasmussen, Williams: Gaussian Processes for Machine Learning (2006), chapter 4, has the kernels; Szekely, Rizzo:
// "Energy statistics", J. Stat. Plan. Inference 143 (2013), the powers of distances.
//
// Shape of the sums. Rows of x are outputs. For row i the rows of y are cut into leaves of leaf_rows. Inside a leaf
// there is one chain in increasing j, in the type of the rows, that starts from empty_sum() and takes a step for every
// pair that counts:
//
//   sums of rows                   sum + value, or with weights fma(weight_j, value, sum)
//   sums of products of single     fma(x_i, y_j, sum): not rounded, without weights only
//     numbers
//   column b of K V                fma(value, v_jb, sum); with weights the value is rounded(weight_j value)
//   column c of a gradient         add_gradient(slope, x_ic, y_jc, sum); with weights as above
//   sums of products of values     fma(value, value of the companions of i and j, sum)
//   logarithm of a sum             the maximum of the terms of the leaf, each a logarithm plus that of its weight (0
//                                  without weights), then the chain sum + exp(term - maximum)
//
// Leaves are widened to double and folded by the dyadic tree over leaf numbers; nodes of logarithms by merge(). A total
// is the narrow tree sum (tree_sum.hpp) of the rows' sums, each times its own weight. SIMD and threads run across i and
// across leaves, so that nothing is ever folded across lanes.
#pragma once

#include <cstdint>

#include "samebits/core/special.hpp"
#include "samebits/core/tree_sum.hpp"
#include "samebits/core/value.hpp"

namespace samebits {

/// What a pair of rows contributes; samebits/pairwise.hpp says what the parameters mean. h is the bandwidth.
enum class pair_kernel : std::int32_t {
  product,               ///< x . y
  polynomial,            ///< (gamma x . y + offset)^degree
  cosine,                ///< x . y / (|x| |y|), 0 where a row is 0
  squared_distance,      ///< |x - y|^2
  power,                 ///< |x - y|^exponent
  gaussian,              ///< exp(-|x - y|^2 / (2 h^2))
  matern_1_2,            ///< exp(-r), r = |x - y| / h
  matern_3_2,            ///< (1 + t) exp(-t), t = sqrt(3) |x - y| / h
  matern_5_2,            ///< (1 + t + t^2 / 3) exp(-t), t = sqrt(5) |x - y| / h
  inverse_multiquadric,  ///< 1 / sqrt(1 + |x - y|^2 / h^2)
  l1,                    ///< the sum of |x_a - y_a| over the columns
  laplacian              ///< exp(-L1 distance / h)
};
inline constexpr int n_pair_kernels = 12;

namespace core {

/// What is made of the base quantity: the kernel, its logarithm, or a derivative.
enum class pair_map : std::int32_t {
  value,
  log,          ///< of the kernel; for kernels that end in an exponential
  d_base,       ///< by the base quantity; 0 where the distance is 0 and the derivative does not exist
  d_bandwidth,  ///< by h
};

enum class pair_base : std::int32_t { dot, squared, l1 };

inline namespace SAMEBITS_TARGET {

constexpr pair_base base_of(pair_kernel kernel) {
  switch (kernel) {
    case pair_kernel::product:
    case pair_kernel::polynomial:
    case pair_kernel::cosine: return pair_base::dot;
    case pair_kernel::l1:
    case pair_kernel::laplacian: return pair_base::l1;
    default: return pair_base::squared;
  }
}

constexpr bool has_bandwidth(pair_kernel kernel) {
  switch (kernel) {
    case pair_kernel::gaussian:
    case pair_kernel::matern_1_2:
    case pair_kernel::matern_3_2:
    case pair_kernel::matern_5_2:
    case pair_kernel::inverse_multiquadric:
    case pair_kernel::laplacian: return true;
    default: return false;
  }
}

/// Values grow with the distance of rows, while those of other kernels fall or have no such order.
constexpr bool is_distance(pair_kernel kernel) {
  return kernel == pair_kernel::squared_distance || kernel == pair_kernel::power || kernel == pair_kernel::l1;
}

/// True where there is a formula below.
constexpr bool has_map(pair_kernel kernel, pair_map map) {
  switch (map) {
    case pair_map::value: return true;
    case pair_map::log: return has_bandwidth(kernel) && kernel != pair_kernel::inverse_multiquadric;
    case pair_map::d_base: return kernel != pair_kernel::cosine;
    case pair_map::d_bandwidth: return has_bandwidth(kernel);
  }
  return false;
}

// ---- parameters --------------------------------------------------------------------------------------------------

/// What the formulas below read of a kernel's parameters.
template <class T>
struct pair_constants {
  T scale;   ///< of the base quantity, or of its root
  T offset;  ///< of a polynomial
  T slope;   ///< factor of the derivative by the base quantity
  T rate;    ///< factor of the derivative by h
  std::int32_t degree;
};

/// The constants of a kernel, in double for rows of either type. `parameter` is h or the exponent.
SAMEBITS_HD inline pair_constants<double> prepare_pair_kernel(pair_kernel kernel, double parameter, double gamma,
                                                              double offset, std::int32_t degree) {
  constexpr double sqrt_3 = 0x1.bb67ae8584caap+0;
  constexpr double sqrt_5 = 0x1.1e3779b97f4a8p+1;
  const double h = parameter;
  switch (kernel) {
    case pair_kernel::polynomial: return {gamma, offset, static_cast<double>(degree) * gamma, 0, degree};
    case pair_kernel::power: return {0.5 * parameter, 0, 0.5 * parameter, 0, 0};
    case pair_kernel::gaussian: return {-0.5 / (h * h), 0, -0.5 / (h * h), 2 / h, 0};
    case pair_kernel::matern_1_2: return {1 / h, 0, -0.5 / h, 1 / h, 0};
    case pair_kernel::matern_3_2: return {sqrt_3 / h, 0, -1.5 / (h * h), 1 / h, 0};
    case pair_kernel::matern_5_2: return {sqrt_5 / h, 0, -5 / (6 * (h * h)), 1 / (3 * h), 0};
    case pair_kernel::inverse_multiquadric: return {1 / (h * h), 0, -0.5 / (h * h), 1 / h, 0};
    case pair_kernel::laplacian: return {-1 / h, 0, -1 / h, 1 / h, 0};
    default: return {1, 0, 1, 0, 0};
  }
}

template <class T>
SAMEBITS_HD SAMEBITS_INLINE pair_constants<T> rounded_to(const pair_constants<double>& c) {
  return {static_cast<T>(c.scale), static_cast<T>(c.offset), static_cast<T>(c.slope), static_cast<T>(c.rate), c.degree};
}

// ---- base quantities ---------------------------------------------------------------------------------------------

/// Adds a column to the base quantity, which starts from empty_sum().
template <pair_base Base, class V>
SAMEBITS_HD SAMEBITS_INLINE V add_column(V x, V y, V base) {
  if constexpr (Base == pair_base::dot) {
    return fma(x, y, base);
  } else {
    const V d = x - y;
    return Base == pair_base::squared ? fma(d, d, base) : base + magnitude(d);
  }
}

// ---- kernels -----------------------------------------------------------------------------------------------------

/// factor(t) exp(-t) for t >= 0, 0 where the exponential is: the factor may be infinite there.
template <class V, class Factor>
SAMEBITS_HD SAMEBITS_INLINE V damped(V t, const Factor& factor) {
  return select_less(V(-math_constants<scalar_t<V>>::exp_lowest), t, V(0), factor(t) * exp_normal(-t));
}

/// x^n for n >= 1 by squaring, from the highest bit of n down.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V whole_power(V x, std::int32_t n) {
  int bit = 0;
  while (n >> (bit + 1) != 0) {
    ++bit;
  }
  V result = x;
  for (--bit; bit >= 0; --bit) {
    result = result * result;
    result = (n >> bit & 1) != 0 ? result * x : result;
  }
  return result;
}

/// s^p for s >= 0 and p in (0, 1]. Exact roots where p is 1/2 or 1/4; elsewhere the error grows with |p log s|, to
/// about that many ulp. 0 at 0, because log(0) is -infinity.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V distance_power(V s, scalar_t<V> p) {
  using T = scalar_t<V>;
  if (p == T(0.5)) {
    return sqrt(s);
  }
  if (p == T(1)) {
    return s;
  }
  if (p == T(0.25)) {
    return sqrt(sqrt(s));
  }
  return exp(V(p) * log(s));
}

template <pair_kernel Kernel, class V>
SAMEBITS_HD SAMEBITS_INLINE V pair_value(V b, const pair_constants<scalar_t<V>>& c) {
  using T = scalar_t<V>;
  if constexpr (Kernel == pair_kernel::polynomial) {
    return whole_power(fma(b, V(c.scale), V(c.offset)), c.degree);
  } else if constexpr (Kernel == pair_kernel::power) {
    return distance_power(b, c.scale);
  } else if constexpr (Kernel == pair_kernel::gaussian || Kernel == pair_kernel::laplacian) {
    return exp_nonpositive(b * V(c.scale));
  } else if constexpr (Kernel == pair_kernel::matern_1_2) {
    return exp_nonpositive(-(sqrt(b) * V(c.scale)));
  } else if constexpr (Kernel == pair_kernel::matern_3_2) {
    return damped(sqrt(b) * V(c.scale), [](V t) { return V(1) + t; });
  } else if constexpr (Kernel == pair_kernel::matern_5_2) {
    return damped(sqrt(b) * V(c.scale), [](V t) { return fma(fma(t, V(T(1) / T(3)), V(1)), t, V(1)); });
  } else if constexpr (Kernel == pair_kernel::inverse_multiquadric) {
    return V(1) / sqrt(fma(b, V(c.scale), V(1)));
  } else {
    return b;
  }
}

/// The logarithm of the kernel.
template <pair_kernel Kernel, class V>
SAMEBITS_HD SAMEBITS_INLINE V pair_log(V b, const pair_constants<scalar_t<V>>& c) {
  using T = scalar_t<V>;
  // At infinity log(1 + t) - t is not a number, but -t is.
  const auto log_plus = [](V factor, V t) {
    return select_less(t, V(math_constants<T>::largest), log(factor) - t, -t);
  };
  if constexpr (Kernel == pair_kernel::gaussian || Kernel == pair_kernel::laplacian) {
    return b * V(c.scale);
  } else if constexpr (Kernel == pair_kernel::matern_1_2) {
    return -(sqrt(b) * V(c.scale));
  } else if constexpr (Kernel == pair_kernel::matern_3_2) {
    const V t = sqrt(b) * V(c.scale);
    return log_plus(V(1) + t, t);
  } else {
    const V t = sqrt(b) * V(c.scale);
    return log_plus(fma(fma(t, V(T(1) / T(3)), V(1)), t, V(1)), t);
  }
}

/// The derivative of the kernel by the base quantity.
template <pair_kernel Kernel, class V>
SAMEBITS_HD SAMEBITS_INLINE V pair_slope(V b, const pair_constants<scalar_t<V>>& c) {
  if constexpr (Kernel == pair_kernel::polynomial) {
    const V inner = fma(b, V(c.scale), V(c.offset));
    return c.degree == 1 ? V(c.slope) : V(c.slope) * whole_power(inner, c.degree - 1);
  } else if constexpr (Kernel == pair_kernel::power) {
    const V slope = V(c.slope) * (distance_power(b, c.scale) / b);
    return c.scale == 1 ? V(1) : select_less(V(0), b, slope, V(0));
  } else if constexpr (Kernel == pair_kernel::gaussian || Kernel == pair_kernel::laplacian) {
    return V(c.slope) * pair_value<Kernel>(b, c);
  } else if constexpr (Kernel == pair_kernel::matern_1_2) {
    const V r = sqrt(b);
    return select_less(V(0), r, V(c.slope) * (exp_nonpositive(-(r * V(c.scale))) / r), V(0));
  } else if constexpr (Kernel == pair_kernel::matern_3_2) {
    return V(c.slope) * exp_nonpositive(-(sqrt(b) * V(c.scale)));
  } else if constexpr (Kernel == pair_kernel::matern_5_2) {
    return V(c.slope) * damped(sqrt(b) * V(c.scale), [](V t) { return V(1) + t; });
  } else if constexpr (Kernel == pair_kernel::inverse_multiquadric) {
    const V k = pair_value<Kernel>(b, c);
    return V(c.slope) * (k * (k * k));
  } else {
    return V(c.slope);
  }
}

/// The derivative of the kernel by h.
template <pair_kernel Kernel, class V>
SAMEBITS_HD SAMEBITS_INLINE V pair_rate(V b, const pair_constants<scalar_t<V>>& c) {
  if constexpr (Kernel == pair_kernel::gaussian || Kernel == pair_kernel::laplacian) {
    return V(c.rate) * damped(-(b * V(c.scale)), [](V t) { return t; });
  } else if constexpr (Kernel == pair_kernel::matern_1_2) {
    return V(c.rate) * damped(sqrt(b) * V(c.scale), [](V t) { return t; });
  } else if constexpr (Kernel == pair_kernel::matern_3_2) {
    return V(c.rate) * damped(sqrt(b) * V(c.scale), [](V t) { return t * t; });
  } else if constexpr (Kernel == pair_kernel::matern_5_2) {
    return V(c.rate) * damped(sqrt(b) * V(c.scale), [](V t) { return t * fma(t, t, t); });
  } else {
    // q / (1 + q), q = b / h^2, which is 1 where q is infinite.
    const V share = V(1) / (V(1) + V(1) / (b * V(c.scale)));
    return V(c.rate) * (share * pair_value<Kernel>(b, c));
  }
}

template <pair_kernel Kernel>
struct known_kernel {
  static constexpr pair_kernel kernel = Kernel;
};

template <pair_kernel Kernel, pair_map Map, class V>
SAMEBITS_HD SAMEBITS_INLINE V map_pair(V base, const pair_constants<scalar_t<V>>& c) {
  static_assert(has_map(Kernel, Map));
  if constexpr (Map == pair_map::value) {
    return pair_value<Kernel>(base, c);
  } else if constexpr (Map == pair_map::log) {
    return pair_log<Kernel>(base, c);
  } else if constexpr (Map == pair_map::d_base) {
    return pair_slope<Kernel>(base, c);
  } else {
    return pair_rate<Kernel>(base, c);
  }
}

/// The same for a kernel that is known when it runs.
template <pair_map Map, class V>
SAMEBITS_HD inline V map_pair(pair_kernel kernel, V base, const pair_constants<scalar_t<V>>& c) {
  const auto of = [&]([[maybe_unused]] auto known) {
    constexpr pair_kernel k = decltype(known)::kernel;
    if constexpr (has_map(k, Map)) {
      return map_pair<k, Map>(base, c);
    } else {
      return base;
    }
  };
  switch (kernel) {
    case pair_kernel::product: return of(known_kernel<pair_kernel::product>());
    case pair_kernel::polynomial: return of(known_kernel<pair_kernel::polynomial>());
    case pair_kernel::cosine: return of(known_kernel<pair_kernel::cosine>());
    case pair_kernel::squared_distance: return of(known_kernel<pair_kernel::squared_distance>());
    case pair_kernel::power: return of(known_kernel<pair_kernel::power>());
    case pair_kernel::gaussian: return of(known_kernel<pair_kernel::gaussian>());
    case pair_kernel::matern_1_2: return of(known_kernel<pair_kernel::matern_1_2>());
    case pair_kernel::matern_3_2: return of(known_kernel<pair_kernel::matern_3_2>());
    case pair_kernel::matern_5_2: return of(known_kernel<pair_kernel::matern_5_2>());
    case pair_kernel::inverse_multiquadric: return of(known_kernel<pair_kernel::inverse_multiquadric>());
    case pair_kernel::l1: return of(known_kernel<pair_kernel::l1>());
    case pair_kernel::laplacian: return of(known_kernel<pair_kernel::laplacian>());
  }
  return base;
}
template <class V>
SAMEBITS_HD inline V map_pair(pair_kernel kernel, pair_map map, V base, const pair_constants<scalar_t<V>>& c) {
  switch (map) {
    case pair_map::value: return map_pair<pair_map::value>(kernel, base, c);
    case pair_map::log: return map_pair<pair_map::log>(kernel, base, c);
    case pair_map::d_base: return map_pair<pair_map::d_base>(kernel, base, c);
    case pair_map::d_bandwidth: return map_pair<pair_map::d_bandwidth>(kernel, base, c);
  }
  return base;
}

/// The base quantity of two rows.
template <pair_base Base, class T>
SAMEBITS_HD inline T pair_base_of(const T* x, const T* y, std::int64_t n_cols) {
  T base = empty_sum<T>();
  for (std::int64_t c = 0; c < n_cols; ++c) {
    base = add_column<Base>(x[c], y[c], base);
  }
  return base;
}
template <class T>
SAMEBITS_HD inline T pair_base_of(pair_base base, const T* x, const T* y, std::int64_t n_cols) {
  switch (base) {
    case pair_base::dot: return pair_base_of<pair_base::dot>(x, y, n_cols);
    case pair_base::squared: return pair_base_of<pair_base::squared>(x, y, n_cols);
    case pair_base::l1: return pair_base_of<pair_base::l1>(x, y, n_cols);
  }
  return empty_sum<T>();
}

/// A row divided by its norm; a row of zeros stays one. Divided by its largest element first, so that no square
/// overflows.
template <class T>
SAMEBITS_HD inline void normalise_row(const T* x, std::int64_t n_cols, T* out) {
  T largest = T(0);
  for (std::int64_t c = 0; c < n_cols; ++c) {
    largest = max(largest, magnitude(x[c]));
  }
  T squares = empty_sum<T>();
  for (std::int64_t c = 0; c < n_cols; ++c) {
    out[c] = largest == T(0) ? T(0) : x[c] / largest;
    squares = fma(out[c], out[c], squares);
  }
  const T norm = sqrt(squares);
  for (std::int64_t c = 0; c < n_cols && largest != T(0); ++c) {
    out[c] = out[c] / norm;
  }
}

// ---- reductions --------------------------------------------------------------------------------------------------

/// One more value in the chain of a leaf.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V add_value(V value, V sum) {
  return sum + value;
}

/// The same times its weight, the product not being rounded. The weight is that of a row of y; in K V, and in sums of
/// products, it is the first factor.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V add_weighted(V weight, V value, V sum) {
  return fma(weight, value, sum);
}

/// A value times the weight of its row of y, for what has another use for the product.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V weighed(V weight, V value) {
  return weight * value;
}

/// Adds the gradient of a kernel by one column of x. `slope` is the derivative by the base quantity. For squared
/// distances twice this is missing, which is exact and comes at the end.
template <pair_base Base, class V>
SAMEBITS_HD SAMEBITS_INLINE V add_gradient(V slope, V x, V y, V sum) {
  if constexpr (Base == pair_base::dot) {
    return fma(slope, y, sum);
  } else if constexpr (Base == pair_base::squared) {
    return fma(slope, x - y, sum);
  } else {
    const V none = empty_sum<V>();
    return sum + select_less(y, x, slope, select_less(x, y, -slope, none));
  }
}

/// What the sums of gradients are multiplied with at the end.
SAMEBITS_HD SAMEBITS_INLINE constexpr double gradient_factor(pair_base base) {
  return base == pair_base::squared ? 2.0 : 1.0;
}

/// A sum that goes out, times what is missing.
SAMEBITS_HD SAMEBITS_INLINE double finished_sum(double factor, double sum) { return finished_sum(factor * sum); }

/// A term of a sum of exponentials, from the logarithms of a value and of its weight.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V log_term(V log_value, V log_weight) {
  return log_value + log_weight;
}

/// A maximum made fit for subtraction: terms -infinity less the maximum of nothing would not be numbers.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V log_shift(V maximum) {
  return select_less(maximum, V(-math_constants<scalar_t<V>>::largest), V(0), maximum);
}

/// exp(term - maximum) for a sum of exponentials.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V shifted_exp(V term, V shift) {
  return exp_nonpositive(term - shift);
}
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V add_exp(V term, V shift, V sum) {
  return sum + shifted_exp(term, shift);
}

/// The sum of exponentials sum exp(maximum), as a node of the tree over leaves; (-infinity, -0.0) is nothing.
template <class V>
struct log_node {
  V maximum;
  V sum;
};

template <class V>
SAMEBITS_HD SAMEBITS_INLINE log_node<V> merge(const log_node<V>& a, const log_node<V>& b) {
  const V maximum = max(a.maximum, b.maximum);
  const V shift = log_shift(maximum);
  return {maximum, fma(a.sum, shifted_exp(a.maximum, shift), b.sum * shifted_exp(b.maximum, shift))};
}

/// -infinity for nothing.
template <class V>
SAMEBITS_HD SAMEBITS_INLINE V log_of(const log_node<V>& node) {
  return log_shift(node.maximum) + log(node.sum);
}

/// The total over all pairs of x with itself, from that over i < j and that of the pairs of a row with itself.
SAMEBITS_HD SAMEBITS_INLINE double symmetric_total(double upper, double diagonal) { return fma(2.0, upper, diagonal); }

/// The other way round: the total over the pairs of different rows; and half of it, the total over i < j.
SAMEBITS_HD SAMEBITS_INLINE double others_total(double all, double diagonal) { return all - diagonal; }
SAMEBITS_HD SAMEBITS_INLINE double upper_total(double others) { return 0.5 * others; }

/// The weight of a row's pair with itself.
SAMEBITS_HD SAMEBITS_INLINE double own_pair_weight(double weight) { return weight * weight; }

/// Inner products of what pair_moments_total needs. x = p + a and y = q + b, p and q points of the two sets, d = p - q;
/// a and b are sums over rows, each times its weight.
struct pair_moments {
  double weight_x;
  double weight_y;
  double squares_x;  ///< the sum of |a|^2
  double squares_y;
  double a_b;
  double a_d;
  double b_d;
  double d_d;
};

/// A column of a = x - p, of b and of d.
SAMEBITS_HD SAMEBITS_INLINE double offset_from(double x, double point) { return x - point; }

/// The sum of |x - y|^2 = |a|^2 + |b|^2 + |d|^2 - 2 a.b + 2 a.d - 2 b.d over all pairs.
SAMEBITS_HD SAMEBITS_INLINE double pair_moments_total(const pair_moments& m) {
  double total = fma(m.weight_y, m.squares_x, m.weight_x * m.squares_y);
  total = fma(m.weight_x * m.weight_y, m.d_d, total);
  total = fma(-2.0, m.a_b, total);
  total = fma(2.0 * m.weight_y, m.a_d, total);
  return fma(-2.0 * m.weight_x, m.b_d, total);
}

}  // namespace SAMEBITS_TARGET
}  // namespace core
}  // namespace samebits
