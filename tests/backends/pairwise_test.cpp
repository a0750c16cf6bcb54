// Sums over pairs of rows, on every backend: plain loops as the golden bits, the long-double oracle, modes, errors.
#include "samebits/pairwise.hpp"

#include <cmath>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>

#include "tests/backends/pair_cases.hpp"

namespace samebits::tests {
namespace {

using core::pair_base;
using core::pair_map;

constexpr double infinity = std::numeric_limits<double>::infinity();

class pairwise : public backend_test {};
SAMEBITS_ON_EVERY_BACKEND(pairwise);
// The block emulator with so little work space that rows, and leaves, take several batches.
INSTANTIATE_TEST_SUITE_P(in_batches_on, pairwise, testing::Values("cuda-emulated-small"), backend_test_name);

constexpr pairwise_mode modes[] = {pairwise_mode::cross, pairwise_mode::v, pairwise_mode::u, pairwise_mode::upper};

// ---- data --------------------------------------------------------------------------------------------------------

pairwise_options options_of(pair_kernel kernel, pairwise_mode mode = pairwise_mode::cross) {
  pairwise_options o;
  o.kernel = kernel;
  o.bandwidth = 0.8;
  o.exponent = 1.3;
  o.gamma = 0.7;
  o.offset = 0.4;
  o.degree = 5;
  o.mode = mode;
  o.algorithm = pairwise_algorithm::direct;
  return o;
}

std::string text_of(const pairwise_options& o) { return std::string(name_of(o.kernel)) + ", " + name_of(o.mode); }

bool counts(pairwise_mode mode, std::int64_t i, std::int64_t j) {
  return mode == pairwise_mode::u ? i != j : (mode == pairwise_mode::upper ? i < j : true);
}

/// The pairs of a call: x with y, or with itself.
template <class T>
struct pairs {
  pairs(std::int64_t n_x, std::int64_t n_y, std::int64_t n_cols, pairwise_mode mode)
      : x(n_x, n_cols, 1),
        y(mode == pairwise_mode::cross ? n_y : n_x, n_cols, mode == pairwise_mode::cross ? 2 : 1),
        is_self(mode != pairwise_mode::cross) {}

  matrix_view<const T> x_view() const { return x.view(); }
  matrix_view<const T> y_view() const { return is_self ? matrix_view<const T>() : y.view(); }

  row_set<T> x;
  row_set<T> y;
  bool is_self;
};

// ---- the same sums as plain loops over the formulas of core/ -----------------------------------------------------

template <class T>
class plain_loops {
 public:
  plain_loops(const pairs<T>& p, const pairwise_options& o, pair_map map = pair_map::value)
      : pairs_(p), options_(o), map_(map), value_(o, map), x_(value_.prepared(p.x)), y_(value_.prepared(p.y)) {}

  const T* x(std::int64_t i) const { return x_.row(i); }
  const T* y(std::int64_t j) const { return y_.row(j); }
  T value(std::int64_t i, std::int64_t j) const { return value_(x(i), y(j), x_.n_cols); }

  /// add(j, sum) for the pairs of row i that count.
  template <class Add>
  double chain_sum(std::int64_t i, const Add& add) const {
    return sum_of_row<T>(y_.n_rows,
                         [&](std::int64_t j, T sum) { return counts(options_.mode, i, j) ? add(j, sum) : sum; });
  }

  double row_sum(std::int64_t i) const {
    const std::span<const double> weights = pairs_.is_self ? options_.x_weights : options_.y_weights;
    return chain_sum(i, [&](std::int64_t j, T sum) {
      if (!weights.empty()) {
        return core::fma(static_cast<T>(weights[static_cast<std::size_t>(j)]), value(i, j), sum);
      }
      const bool is_number = options_.kernel == pair_kernel::product && x_.n_cols == 1 && map_ == pair_map::value;
      return is_number ? core::fma(*x(i), *y(j), sum) : sum + value(i, j);
    });
  }
  std::vector<double> row_sums() const {
    std::vector<double> sums;
    for (std::int64_t i = 0; i < x_.n_rows; ++i) {
      sums.push_back(row_sum(i));
    }
    return sums;
  }

  double log_sum(std::int64_t i) const {
    const std::span<const double> weights = pairs_.is_self ? options_.x_weights : options_.y_weights;
    std::vector<core::log_node<double>> leaves;
    for (std::int64_t first = 0; first < y_.n_rows; first += core::leaf_rows) {
      std::vector<T> terms;
      T maximum = -core::math_constants<T>::infinity;
      for (std::int64_t j = first; j < std::min<std::int64_t>(first + core::leaf_rows, y_.n_rows); ++j) {
        if (counts(options_.mode, i, j)) {
          const double weight = weights.empty() ? 1.0 : weights[static_cast<std::size_t>(j)];
          terms.push_back(value(i, j) + static_cast<T>(core::log(weight)));
          maximum = core::max(maximum, terms.back());
        }
      }
      T sum = core::empty_sum<T>();
      for (const T term : terms) {
        sum = sum + core::shifted_exp(term, core::log_shift(maximum));
      }
      leaves.push_back({static_cast<double>(maximum), static_cast<double>(sum)});
    }
    const core::log_node<double> nothing{-infinity, -0.0};
    return core::log_of(
        tree_fold(leaves, nothing,
                  [](const core::log_node<double>& a, const core::log_node<double>& b) { return core::merge(a, b); }));
  }

  std::vector<std::pair<double, std::int64_t>> sorted_values(std::int64_t i) const {
    std::vector<std::pair<double, std::int64_t>> values;
    for (std::int64_t j = 0; j < y_.n_rows; ++j) {
      if (counts(options_.mode, i, j)) {
        values.push_back({static_cast<double>(value(i, j)), j});
      }
    }
    std::sort(values.begin(), values.end());
    return values;
  }

  std::int64_t n_x() const { return x_.n_rows; }

 private:
  const pairs<T>& pairs_;
  const pairwise_options& options_;
  pair_map map_;
  plain_kernel<T> value_;
  row_set<T> x_;
  row_set<T> y_;
};

/// The narrow tree sum of numbers, each times its weight.
double weighted_sum(const std::vector<double>& values, std::span<const double> weights) {
  return narrow_sum(std::ssize(values), [&](std::int64_t i, double sum) {
    const auto at = static_cast<std::size_t>(i);
    return weights.empty() ? sum + values[at] : core::fma(weights[at], values[at], sum);
  });
}

template <class T>
double plain_total(const pairs<T>& p, pairwise_options o, pair_map map = pair_map::value) {
  const pairwise_mode mode = o.mode;
  std::vector<double> weights(o.x_weights.begin(), o.x_weights.end());
  for (double& weight : weights) {
    weight = static_cast<double>(static_cast<T>(weight));
  }
  o.x_weights = weights;
  if (mode == pairwise_mode::cross) {
    return weighted_sum(plain_loops<T>(p, o, map).row_sums(), o.x_weights) + 0.0;
  }
  o.mode = pairwise_mode::upper;
  const plain_loops<T> loops(p, o, map);
  const double upper = weighted_sum(loops.row_sums(), o.x_weights);
  if (mode == pairwise_mode::upper) {
    return upper + 0.0;
  }
  std::vector<double> diagonal;
  for (std::int64_t i = 0; i < (mode == pairwise_mode::v ? p.x.n_rows : 0); ++i) {
    const T weight = o.x_weights.empty() ? T(1) : static_cast<T>(o.x_weights[static_cast<std::size_t>(i)]);
    diagonal.push_back(static_cast<double>(weight * loops.value(i, i)));
  }
  return 2 * upper + weighted_sum(diagonal, o.x_weights) + 0.0;
}

// ---- equal bits --------------------------------------------------------------------------------------------------

// Around leaves, tiles, blocks of rows and groups of columns; more rows of x than of y and the other way round.
constexpr pair_shape shapes[] = {{1, 1, 1},   {3, 511, 2},  {33, 512, 3}, {31, 513, 4}, {65, 63, 5},
                                 {97, 64, 1}, {63, 65, 17}, {2, 1537, 3}, {129, 3, 2},  {260, 1025, 1}};

/// Calls body for double and float, all shapes and modes.
template <class Body>
void for_shapes(const Body& body) {
  for (const pair_shape& s : shapes) {
    for (const pairwise_mode mode : modes) {
      body(pairs<double>(s.n_x, s.n_y, s.n_cols, mode), mode);
      body(pairs<float>(s.n_x, s.n_y, s.n_cols, mode), mode);
    }
  }
}

TEST_P(pairwise, sums_of_rows_have_the_bits_of_plain_loops) {
  for_shapes([&](const auto& p, pairwise_mode mode) {
    for (const pair_kernel kernel : pair_kernels) {
      const pairwise_options o = options_of(kernel, mode);
      std::vector<double> out(static_cast<std::size_t>(p.x.n_rows));

      pairwise_rows(ctx(), p.x_view(), p.y_view(), o, out);

      ASSERT_EQ(bits_of(out), bits_of(plain_loops(p, o).row_sums())) << text_of(o) << ", " << p.x.n_rows << " rows";
    }
  });
}

TEST_P(pairwise, weighted_sums_of_rows_have_the_bits_of_plain_loops) {
  for_shapes([&](const auto& p, pairwise_mode mode) {
    const std::vector<double> weights = numbers(p.y.n_rows, 5);
    for (const pair_kernel kernel : {pair_kernel::product, pair_kernel::gaussian, pair_kernel::l1}) {
      pairwise_options o = options_of(kernel, mode);
      (p.is_self ? o.x_weights : o.y_weights) = weights;
      std::vector<double> out(static_cast<std::size_t>(p.x.n_rows));

      pairwise_rows(ctx(), p.x_view(), p.y_view(), o, out);

      ASSERT_EQ(bits_of(out), bits_of(plain_loops(p, o).row_sums())) << text_of(o) << ", " << p.x.n_rows << " rows";
    }
  });
}

TEST_P(pairwise, totals_have_the_bits_of_plain_loops) {
  for_shapes([&](const auto& p, pairwise_mode mode) {
    const std::vector<double> x_weights = numbers(p.x.n_rows, 5);
    const std::vector<double> y_weights = numbers(p.y.n_rows, 6);
    for (const pair_kernel kernel : pair_kernels) {
      pairwise_options o = options_of(kernel, mode);

      ASSERT_EQ(pairwise_sum(ctx(), p.x_view(), p.y_view(), o), plain_total(p, o)) << text_of(o);

      o.x_weights = x_weights;
      o.y_weights = p.is_self ? std::span<const double>() : y_weights;

      ASSERT_EQ(pairwise_sum(ctx(), p.x_view(), p.y_view(), o), plain_total(p, o)) << text_of(o) << ", weighted";
    }
  });
}

TEST_P(pairwise, derivatives_by_the_bandwidth_have_the_bits_of_plain_loops) {
  for_shapes([&](const auto& p, pairwise_mode mode) {
    for (const pair_kernel kernel : pair_kernels) {
      if (core::has_bandwidth(kernel)) {
        const pairwise_options o = options_of(kernel, mode);

        ASSERT_EQ(pairwise_bandwidth_gradient(ctx(), p.x_view(), p.y_view(), o),
                  plain_total(p, o, pair_map::d_bandwidth))
            << text_of(o);
      }
    }
  });
}

TEST_P(pairwise, logarithms_of_sums_have_the_bits_of_plain_loops) {
  for_shapes([&](const auto& p, pairwise_mode mode) {
    std::vector<double> weights = positive_numbers(p.y.n_rows, 5);
    weights[weights.size() / 2] = 0;
    for (const pair_kernel kernel : pair_kernels) {
      for (const bool is_weighted : {false, true}) {
        if (!core::has_map(kernel, pair_map::log)) {
          continue;
        }
        pairwise_options o = options_of(kernel, mode);
        if (is_weighted) {
          (p.is_self ? o.x_weights : o.y_weights) = weights;
        }
        std::vector<double> out(static_cast<std::size_t>(p.x.n_rows));

        pairwise_log_sum_exp(ctx(), p.x_view(), p.y_view(), o, out);

        const plain_loops loops(p, o, pair_map::log);
        for (std::int64_t i = 0; i < p.x.n_rows; ++i) {
          ASSERT_EQ(out[static_cast<std::size_t>(i)], loops.log_sum(i)) << text_of(o) << ", row " << i;
        }
      }
    }
  });
}

TEST_P(pairwise, nearest_rows_are_the_first_when_all_are_sorted) {
  for_shapes([&](const auto& p, pairwise_mode mode) {
    const std::int64_t n_pairs = p.y.n_rows - (mode == pairwise_mode::u ? 1 : 0);
    for (const pair_kernel kernel : {pair_kernel::squared_distance, pair_kernel::product, pair_kernel::l1}) {
      for (const std::int64_t k : {std::int64_t{1}, std::int64_t{7}, n_pairs}) {
        if (mode == pairwise_mode::upper || k < 1 || k > n_pairs) {
          continue;
        }
        const pairwise_options o = options_of(kernel, mode);
        std::vector<std::int64_t> indices(static_cast<std::size_t>(p.x.n_rows * k));
        std::vector<double> values(indices.size());

        pairwise_nearest(ctx(), p.x_view(), p.y_view(), o, {indices.data(), p.x.n_rows, k},
                         {values.data(), p.x.n_rows, k});

        const plain_loops loops(p, o);
        for (std::int64_t i = 0; i < p.x.n_rows; ++i) {
          const auto sorted = loops.sorted_values(i);
          for (std::int64_t r = 0; r < k; ++r) {
            const std::size_t at = static_cast<std::size_t>(i * k + r);
            ASSERT_EQ(indices[at], sorted[static_cast<std::size_t>(r)].second) << text_of(o) << ", row " << i;
            ASSERT_EQ(values[at], sorted[static_cast<std::size_t>(r)].first) << text_of(o) << ", row " << i;
          }
        }
      }
    }
  });
}

TEST_P(pairwise, products_with_matrices_have_the_bits_of_plain_loops) {
  for_shapes([&]<class T>(const pairs<T>& p, pairwise_mode mode) {
    const std::vector<double> weights = numbers(p.y.n_rows, 5);
    for (const std::int64_t n_columns : {1, 2, 5, 6, 7, 50}) {
      for (const bool is_weighted : {false, true}) {
        pairwise_options o = options_of(pair_kernel::gaussian, mode);
        if (is_weighted) {
          (p.is_self ? o.x_weights : o.y_weights) = weights;
        }
        const row_set<T> columns(p.y.n_rows, n_columns, 9);
        std::vector<double> out(static_cast<std::size_t>(p.x.n_rows * n_columns));

        pairwise_product(ctx(), p.x_view(), p.y_view(), columns.view(), o, {out.data(), p.x.n_rows, n_columns});

        const plain_loops loops(p, o);
        for (std::int64_t i = 0; i < p.x.n_rows; i += 1 + p.x.n_rows / 9) {
          for (std::int64_t b = 0; b < n_columns; ++b) {
            const double expected = loops.chain_sum(i, [&](std::int64_t j, T sum) {
              const T weight = is_weighted ? static_cast<T>(weights[static_cast<std::size_t>(j)]) : T(1);
              return core::fma(weight * loops.value(i, j), columns.row(j)[b], sum);
            });
            ASSERT_EQ(out[static_cast<std::size_t>(i * n_columns + b)], expected)
                << text_of(o) << ", row " << i << ", column " << b << " of " << n_columns;
          }
        }
      }
    }
  });
}

TEST_P(pairwise, gradients_have_the_bits_of_plain_loops) {
  for_shapes([&]<class T>(const pairs<T>& p, pairwise_mode mode) {
    for (const pair_kernel kernel : pair_kernels) {
      if (kernel == pair_kernel::cosine) {
        continue;
      }
      const pairwise_options o = options_of(kernel, mode);
      const pair_base base = core::base_of(kernel);
      std::vector<double> out(p.x.values.size());

      pairwise_gradient(ctx(), p.x_view(), p.y_view(), o, {out.data(), p.x.n_rows, p.x.n_cols});

      const plain_loops loops(p, o, pair_map::d_base);
      for (std::int64_t i = 0; i < p.x.n_rows; i += 1 + p.x.n_rows / 9) {
        for (std::int64_t c = 0; c < p.x.n_cols; ++c) {
          const double expected = loops.chain_sum(i, [&](std::int64_t j, T sum) {
            const T x = loops.x(i)[c];
            const T y = loops.y(j)[c];
            const T slope = loops.value(i, j);
            return base == pair_base::dot       ? core::add_gradient<pair_base::dot>(slope, x, y, sum)
                   : base == pair_base::squared ? core::add_gradient<pair_base::squared>(slope, x, y, sum)
                                                : core::add_gradient<pair_base::l1>(slope, x, y, sum);
          });
          ASSERT_EQ(out[static_cast<std::size_t>(i * p.x.n_cols + c)], core::gradient_factor(base) * expected)
              << text_of(o) << ", row " << i << ", column " << c;
        }
      }
    }
  });
}

/// Sums, logarithms and products of some rows of x against itself, of several leaves.
template <class T>
void expect_plain_rows(const context& ctx, pairwise_mode mode) {
  constexpr std::int64_t n = 1090;
  const pairs<T> p(n, n, 1, mode);
  const pairwise_options gaussian = options_of(pair_kernel::gaussian, mode);
  const pairwise_options product = options_of(pair_kernel::product, mode);
  const row_set<T> columns(n, 50, 9);
  std::vector<double> sums(n);
  std::vector<double> numbers_sums(n);
  std::vector<double> logs(n);
  std::vector<double> products(n * 50);

  pairwise_rows(ctx, p.x_view(), {}, gaussian, sums);
  pairwise_rows(ctx, p.x_view(), {}, product, numbers_sums);
  pairwise_log_sum_exp(ctx, p.x_view(), {}, gaussian, logs);
  pairwise_product(ctx, p.x_view(), {}, columns.view(), gaussian, {products.data(), n, 50});

  const plain_loops loops(p, gaussian);
  for (std::int64_t i = 0; i < n; i += 33) {
    const auto at = static_cast<std::size_t>(i);
    ASSERT_EQ(sums[at], loops.row_sum(i)) << name_of(mode) << ", row " << i;
    ASSERT_EQ(numbers_sums[at], plain_loops(p, product).row_sum(i)) << name_of(mode) << ", row " << i;
    ASSERT_EQ(logs[at], plain_loops(p, gaussian, pair_map::log).log_sum(i)) << name_of(mode) << ", row " << i;
    for (const std::int64_t b : {0, 3, 49}) {
      ASSERT_EQ(products[at * 50 + static_cast<std::size_t>(b)],
                loops.chain_sum(
                    i, [&](std::int64_t j, T sum) { return core::fma(loops.value(i, j), columns.row(j)[b], sum); }))
          << name_of(mode) << ", row " << i << ", column " << b;
    }
  }
}

TEST_P(pairwise, x_against_itself_has_the_bits_of_plain_loops_across_leaves) {
  for (const pairwise_mode mode : {pairwise_mode::v, pairwise_mode::u, pairwise_mode::upper}) {
    expect_plain_rows<double>(ctx(), mode);
    expect_plain_rows<float>(ctx(), mode);
  }
}

TEST_P(pairwise, several_bandwidths_have_the_bits_of_each_alone) {
  const std::vector<double> bandwidths = {0.1, 1, 0.3, 7, 25};
  for_shapes([&](const auto& p, pairwise_mode mode) {
    for (const pair_kernel kernel : {pair_kernel::gaussian, pair_kernel::matern_3_2, pair_kernel::laplacian}) {
      pairwise_options o = options_of(kernel, mode);
      o.bandwidths = bandwidths;
      const std::vector<double> totals = pairwise_sums(ctx(), p.x_view(), p.y_view(), o);
      std::vector<double> rows(bandwidths.size() * static_cast<std::size_t>(p.x.n_rows));
      pairwise_rows(ctx(), p.x_view(), p.y_view(), o, rows);

      std::vector<double> totals_alone;
      std::vector<double> rows_alone;
      for (const double bandwidth : bandwidths) {
        pairwise_options alone = options_of(kernel, mode);
        alone.bandwidth = bandwidth;
        totals_alone.push_back(pairwise_sum(ctx(), p.x_view(), p.y_view(), alone));
        std::vector<double> out(static_cast<std::size_t>(p.x.n_rows));
        pairwise_rows(ctx(), p.x_view(), p.y_view(), alone, out);
        rows_alone.insert(rows_alone.end(), out.begin(), out.end());
      }

      ASSERT_EQ(bits_of(totals), bits_of(totals_alone)) << text_of(o);
      ASSERT_EQ(bits_of(rows), bits_of(rows_alone)) << text_of(o);
    }
  });
}

/// Everything that can be computed, one number after the other.
template <class T>
std::vector<double> all_results(const context& ctx, const pairs<T>& p, pairwise_mode mode) {
  const pairwise_options o = options_of(pair_kernel::gaussian, mode);
  const std::int64_t n = p.x.n_rows;
  std::vector<double> results = {pairwise_sum(ctx, p.x_view(), p.y_view(), o),
                                 pairwise_bandwidth_gradient(ctx, p.x_view(), p.y_view(), o),
                                 pairwise_sum(ctx, p.x_view(), p.y_view(), options_of(pair_kernel::product, mode))};
  const auto append = [&](std::int64_t size, const auto& compute) {
    std::vector<double> out(static_cast<std::size_t>(size));
    compute(out);
    results.insert(results.end(), out.begin(), out.end());
  };
  append(n, [&](auto& out) { pairwise_rows(ctx, p.x_view(), p.y_view(), o, out); });
  append(n, [&](auto& out) { pairwise_log_sum_exp(ctx, p.x_view(), p.y_view(), o, out); });
  append(n * p.x.n_cols, [&](auto& out) {
    pairwise_gradient(ctx, p.x_view(), p.y_view(), o, {out.data(), n, p.x.n_cols});
  });
  const row_set<T> columns(p.y.n_rows, 51, 9);
  append(n * 51, [&](auto& out) {
    pairwise_product(ctx, p.x_view(), p.y_view(), columns.view(), o, {out.data(), n, 51});
  });
  if (mode != pairwise_mode::upper) {
    const pairwise_options squared = options_of(pair_kernel::squared_distance, mode);
    std::vector<std::int64_t> indices(static_cast<std::size_t>(n * 3));
    append(n * 3, [&](auto& out) {
      pairwise_nearest(ctx, p.x_view(), p.y_view(), squared, {indices.data(), n, 3}, {out.data(), n, 3});
    });
    results.insert(results.end(), indices.begin(), indices.end());
  }
  return results;
}

TEST_P(pairwise, has_the_same_bits_on_any_number_of_threads) {
  for (const pair_shape& s : {pair_shape{1, 40000, 2}, {40, 3100, 1}, {700, 650, 5}}) {
    for (const pairwise_mode mode : modes) {
      if (mode != pairwise_mode::cross && s.n_x == 1) {
        continue;
      }
      const pairs<double> doubles(s.n_x, s.n_y, s.n_cols, mode);
      const pairs<float> floats(s.n_x, s.n_y, s.n_cols, mode);
      const std::vector<double> serial = all_results(on_threads(1), doubles, mode);
      const std::vector<double> serial_floats = all_results(on_threads(1), floats, mode);

      for (const int n_threads : {2, 3, 8}) {
        if (is_emulated() && n_threads > 2) {
          continue;
        }
        EXPECT_EQ(bits_of(all_results(on_threads(n_threads), doubles, mode)), bits_of(serial))
            << name_of(mode) << ", " << s.n_x << " rows on " << n_threads << " threads";
        EXPECT_EQ(bits_of(all_results(on_threads(n_threads), floats, mode)), bits_of(serial_floats))
            << name_of(mode) << ", " << s.n_x << " rows of float on " << n_threads << " threads";
      }
    }
  }
}

TEST_P(pairwise, has_the_same_bits_in_a_hostile_floating_point_environment) {
  const pairs<double> p(70, 600, 3, pairwise_mode::v);
  const std::vector<double> calm = all_results(ctx(), p, pairwise_mode::v);

  const fp_mode hostile(flush_to_zero | round_upward);

  EXPECT_EQ(bits_of(all_results(ctx(), p, pairwise_mode::v)), bits_of(calm));
}

// ---- the oracle --------------------------------------------------------------------------------------------------

/// A sum with the size of its terms, for the tolerance.
struct long_sum {
  long double sum = 0;
  long double size = 0;

  void add(long double value) {
    sum += value;
    size += std::abs(value);
  }
};

template <class T>
constexpr long double tolerance = std::is_same_v<T, double> ? 1e-13L : 3e-5L;

template <class T>
void expect_near(double computed, const long_sum& exact, const std::string& what) {
  EXPECT_LE(std::abs(computed - exact.sum), tolerance<T> * exact.size)
      << what << ": " << computed << " is not " << static_cast<double>(exact.sum);
}

template <class T>
void expect_oracle(const context& ctx, std::int64_t n_cols, pair_kernel kernel) {
  const pairs<T> p(37, 601, n_cols, pairwise_mode::cross);
  const std::vector<double> x_weights = numbers(37, 3);
  const std::vector<double> y_weights = numbers(601, 4);
  pairwise_options o = options_of(kernel);
  o.y_weights = y_weights;
  const std::string what = text_of(o) + ", " + std::to_string(n_cols) + " columns";
  std::vector<double> rows(37);

  pairwise_rows(ctx, p.x_view(), p.y_view(), o, rows);
  o.x_weights = x_weights;
  const double total = pairwise_sum(ctx, p.x_view(), p.y_view(), o);

  long_sum exact_total;
  for (std::size_t i = 0; i < 37; ++i) {
    long_sum row;
    for (std::size_t j = 0; j < 601; ++j) {
      const long double value =
          long_value(p.x.row(static_cast<std::int64_t>(i)), p.y.row(static_cast<std::int64_t>(j)), n_cols, o);
      row.add(y_weights[j] * value);
      exact_total.add(x_weights[i] * y_weights[j] * value);
    }
    // The values of the product kernels are sums of terms that may cancel.
    row.size += 601;
    exact_total.size += 37 * 601;
    expect_near<T>(rows[i], row, what);
  }
  expect_near<T>(total, exact_total, what);
}

TEST_P(pairwise, agrees_with_the_long_double_oracle) {
  for (const std::int64_t n_cols : {1, 2, 3, 4, 5, 17}) {
    for (const pair_kernel kernel : pair_kernels) {
      expect_oracle<double>(ctx(), n_cols, kernel);
      expect_oracle<float>(ctx(), n_cols, kernel);
    }
  }
}

TEST_P(pairwise, agrees_with_the_oracle_for_every_exponent) {
  const pairs<double> p(20, 600, 3, pairwise_mode::cross);
  for (const double exponent : {0.01, 0.5, 0.9, 1.0, 1.5, 1.99, 2.0}) {
    pairwise_options o = options_of(pair_kernel::power);
    o.exponent = exponent;
    long_sum exact;
    for (std::int64_t i = 0; i < 20; ++i) {
      for (std::int64_t j = 0; j < 600; ++j) {
        exact.add(long_value(p.x.row(i), p.y.row(j), 3, o));
      }
    }

    expect_near<double>(pairwise_sum(ctx(), p.x_view(), p.y_view(), o), exact, std::to_string(exponent));
  }
}

TEST_P(pairwise, logarithms_of_sums_agree_with_the_oracle) {
  const pairs<double> p(20, 1100, 2, pairwise_mode::cross);
  const std::vector<double> weights = positive_numbers(1100, 4);
  for (const pair_kernel kernel : pair_kernels) {
    if (!core::has_map(kernel, pair_map::log)) {
      continue;
    }
    pairwise_options o = options_of(kernel);
    o.y_weights = weights;
    std::vector<double> out(20);

    pairwise_log_sum_exp(ctx(), p.x_view(), p.y_view(), o, out);

    for (std::size_t i = 0; i < 20; ++i) {
      long double sum = 0;
      for (std::size_t j = 0; j < 1100; ++j) {
        sum +=
            weights[j] * long_value(p.x.row(static_cast<std::int64_t>(i)), p.y.row(static_cast<std::int64_t>(j)), 2, o);
      }
      EXPECT_NEAR(out[i], static_cast<double>(std::log(sum)), 1e-14 * 10) << text_of(o);
    }
  }
}

TEST_P(pairwise, gradients_agree_with_differences_of_the_oracle) {
  const pairs<double> p(5, 600, 3, pairwise_mode::cross);
  const std::vector<double> weights = numbers(600, 4);
  for (const pair_kernel kernel : pair_kernels) {
    if (kernel == pair_kernel::cosine) {
      continue;
    }
    pairwise_options o = options_of(kernel);
    o.y_weights = weights;
    std::vector<double> out(15);

    pairwise_gradient(ctx(), p.x_view(), p.y_view(), o, {out.data(), 5, 3});

    constexpr long double step = 1e-6L;
    for (std::size_t at = 0; at < 15; ++at) {
      long double change = 0;
      for (std::size_t j = 0; j < 600; ++j) {
        long double x[3];
        long double y[3];
        std::copy_n(p.x.row(static_cast<std::int64_t>(at / 3)), 3, x);
        std::copy_n(p.y.row(static_cast<std::int64_t>(j)), 3, y);
        x[at % 3] += step;
        const long double above = long_value(x, y, 3, o);
        x[at % 3] -= 2 * step;
        change += weights[j] * (above - long_value(x, y, 3, o)) / (2 * step);
      }
      EXPECT_NEAR(out[at], static_cast<double>(change), 1e-6 * (1 + std::abs(static_cast<double>(change))))
          << text_of(o);
    }
  }
}

TEST_P(pairwise, derivatives_by_the_bandwidth_agree_with_differences_of_the_oracle) {
  const pairs<double> p(9, 600, 3, pairwise_mode::cross);
  for (const pair_kernel kernel : pair_kernels) {
    if (!core::has_bandwidth(kernel)) {
      continue;
    }
    const pairwise_options o = options_of(kernel);

    const double derivative = pairwise_bandwidth_gradient(ctx(), p.x_view(), p.y_view(), o);

    constexpr double step = 0x1p-18;
    pairwise_options above = o;
    pairwise_options below = o;
    above.bandwidth += step;
    below.bandwidth -= step;
    long double change = 0;
    for (std::int64_t i = 0; i < 9; ++i) {
      for (std::int64_t j = 0; j < 600; ++j) {
        change += long_value(p.x.row(i), p.y.row(j), 3, above) - long_value(p.x.row(i), p.y.row(j), 3, below);
      }
    }
    EXPECT_NEAR(derivative, static_cast<double>(change / (2 * step)), 1e-8 * std::abs(derivative)) << text_of(o);
  }
}

// ---- algebra -----------------------------------------------------------------------------------------------------

TEST_P(pairwise, totals_by_algebra_agree_with_the_oracle) {
  for (const pairwise_mode mode : modes) {
    for (const bool is_weighted : {false, true}) {
      for (const pair_kernel kernel : {pair_kernel::product, pair_kernel::squared_distance, pair_kernel::power}) {
        const pairs<double> p(300, 130, 4, mode);
        const std::vector<double> x_weights = numbers(300, 3);
        const std::vector<double> y_weights = numbers(130, 4);
        pairwise_options o = options_of(kernel, mode);
        o.algorithm = pairwise_algorithm::automatic;
        o.exponent = 2;
        if (is_weighted) {
          o.x_weights = x_weights;
          o.y_weights = p.is_self ? std::span<const double>() : y_weights;
        }
        long_sum exact;
        for (std::int64_t i = 0; i < 300; ++i) {
          for (std::int64_t j = 0; j < p.y.n_rows; ++j) {
            const std::span<const double> weights = p.is_self ? o.x_weights : o.y_weights;
            const long double weight = is_weighted ? static_cast<long double>(x_weights[static_cast<std::size_t>(i)]) *
                                                         weights[static_cast<std::size_t>(j)]
                                                   : 1;
            if (counts(mode, i, j)) {
              exact.add(weight * long_value(p.x.row(i), p.y.row(j), 4, o));
            }
          }
        }

        expect_near<double>(pairwise_sum(ctx(), p.x_view(), p.y_view(), o), exact, text_of(o));
      }
    }
  }
}

TEST_P(pairwise, squared_distances_by_algebra_keep_their_accuracy_far_from_the_origin) {
  row_set<double> x(100, 2, 1);
  for (double& value : x.values) {
    value += 1e8;
  }
  pairwise_options o = options_of(pair_kernel::squared_distance, pairwise_mode::v);
  long_sum exact;
  for (std::int64_t i = 0; i < 100; ++i) {
    for (std::int64_t j = 0; j < 100; ++j) {
      exact.add(long_value(x.row(i), x.row(j), 2, o));
    }
  }

  o.algorithm = pairwise_algorithm::automatic;

  expect_near<double>(pairwise_sum(ctx(), x.view(), {}, o), exact, "shifted by 1e8");
}

// ---- reference values --------------------------------------------------------------------------------------------

matrix iris() {
  std::ifstream file(data_file("iris.csv"));
  std::vector<double> values;
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::vector<double> row;
    for (std::string field; std::getline(fields, field, ',') && row.size() < 4;) {
      char* end = nullptr;
      const double value = std::strtod(field.c_str(), &end);
      if (end != field.c_str()) {
        row.push_back(value);
      }
    }
    if (row.size() == 4) {
      values.insert(values.end(), row.begin(), row.end());
    }
  }
  return matrix(static_cast<std::int64_t>(values.size() / 4), 4, values);
}

double reference(const char* name) {
  std::ifstream file(data_file("pairwise.json"));
  return std::stod(nlohmann::json::parse(file)["pairwise_iris"][name].get<std::string>());
}

TEST_P(pairwise, gives_the_reference_values_of_the_iris_data) {
  const matrix all = iris();
  ASSERT_EQ(all.n_rows, 150);
  const matrix_view<const double> x = all.view();
  const matrix_view<const double> setosa(x.data(), 50, 4);
  const matrix_view<const double> versicolor(x.data() + 200, 50, 4);
  pairwise_options distance = options_of(pair_kernel::power, pairwise_mode::upper);
  distance.exponent = 1;
  pairwise_options gaussian = options_of(pair_kernel::gaussian, pairwise_mode::v);
  gaussian.bandwidth = 1;
  const auto relative = [&](double value, const char* name) { return value / reference(name) - 1; };
  const auto mean_in = [&](pairwise_options o, pairwise_mode mode, matrix_view<const double> a,
                           matrix_view<const double> b) {
    o.mode = mode;
    const double n_pairs = mode == pairwise_mode::u ? 50 * 49 : 50 * 50;
    return pairwise_sum(ctx(), a, b, o) / n_pairs;
  };
  const auto contrast = [&](const pairwise_options& o, pairwise_mode own) {
    return 2 * mean_in(o, pairwise_mode::cross, setosa, versicolor) - mean_in(o, own, setosa, {}) -
           mean_in(o, own, versicolor, {});
  };

  EXPECT_NEAR(relative(pairwise_sum(ctx(), x, {}, distance), "sum all i<j euclid iris"), 0, 1e-12);
  EXPECT_NEAR(relative(pairwise_sum(ctx(), x, {}, gaussian), "sum_ij RBF iris sigma=1.0"), 0, 1e-12);
  EXPECT_NEAR(contrast(distance, pairwise_mode::v),
              reference("energy dist (V) setosa/versicolor  2E|X-Y|-E|X-X|-E|Y-Y|"), 1e-12);
  EXPECT_NEAR(contrast(distance, pairwise_mode::v) * 25, reference("energy test stat nm/(n+m)*that"), 1e-12 * 124);
  EXPECT_NEAR(-contrast(gaussian, pairwise_mode::v), reference("MMD2 biased sigma=1.0"), 1e-12);
  EXPECT_NEAR(-contrast(gaussian, pairwise_mode::u), reference("MMD2 unbiased sigma=1.0"), 1e-12);
}

// ---- edges -------------------------------------------------------------------------------------------------------

TEST_P(pairwise, sums_over_nothing_are_zero) {
  const row_set<double> none(0, 3, 1);
  const row_set<double> one(1, 3, 1);
  for (const pair_kernel kernel : pair_kernels) {
    for (const pairwise_algorithm algorithm : {pairwise_algorithm::automatic, pairwise_algorithm::direct}) {
      pairwise_options o = options_of(kernel);
      o.algorithm = algorithm;
      const auto expect_zero = [&](const row_set<double>& x, matrix_view<const double> y) {
        const double total = pairwise_sum(ctx(), x.view(), y, o);
        EXPECT_EQ(total, 0) << text_of(o);
        EXPECT_FALSE(std::signbit(total)) << text_of(o);
      };
      expect_zero(none, none.view());
      expect_zero(one, none.view());
      expect_zero(none, one.view());
      o.mode = pairwise_mode::v;
      expect_zero(none, {});
      o.mode = pairwise_mode::u;
      expect_zero(none, {});
      expect_zero(one, {});
      o.mode = pairwise_mode::upper;
      expect_zero(one, {});
    }
  }
}

TEST_P(pairwise, rows_without_pairs_are_zero_and_their_logarithm_minus_infinity) {
  const row_set<double> one(1, 2, 1);
  const row_set<double> none(0, 2, 1);
  std::vector<double> sum = {7};
  std::vector<double> log = {7};
  std::vector<double> product = {7, 7};
  std::vector<double> gradient = {7, 7};

  pairwise_rows(ctx(), one.view(), {}, options_of(pair_kernel::gaussian, pairwise_mode::u), sum);
  pairwise_log_sum_exp(ctx(), one.view(), none.view(), options_of(pair_kernel::gaussian), log);
  pairwise_product(ctx(), one.view(), none.view(), none.view(), options_of(pair_kernel::gaussian),
                   {product.data(), 1, 2});
  pairwise_gradient(ctx(), one.view(), none.view(), options_of(pair_kernel::gaussian), {gradient.data(), 1, 2});

  EXPECT_EQ(bits_of(sum), bits_of(std::vector<double>{0}));
  EXPECT_EQ(log[0], -infinity);
  EXPECT_EQ(bits_of(product), bits_of({0, 0}));
  EXPECT_EQ(bits_of(gradient), bits_of({0, 0}));
}

TEST_P(pairwise, equal_rows_have_the_value_at_distance_zero) {
  const matrix x(3, 2, {0.1, 0.2, 0.1, 0.2, 0.1, 0.2});
  for (const pair_kernel kernel : pair_kernels) {
    if (core::base_of(kernel) == pair_base::dot) {
      continue;
    }
    pairwise_options o = options_of(kernel, pairwise_mode::v);
    std::vector<double> gradient(6);

    pairwise_gradient(ctx(), x.view(), {}, o, {gradient.data(), 3, 2});

    EXPECT_EQ(pairwise_sum(ctx(), x.view(), {}, o), core::has_bandwidth(kernel) ? 9 : 0) << text_of(o);
    EXPECT_EQ(gradient, std::vector<double>(6, 0.0)) << text_of(o);
  }
}

TEST_P(pairwise, values_of_rows_far_apart_underflow_to_zero_but_their_logarithms_do_not) {
  const matrix x(1, 1, {0});
  const matrix y(2, 1, {1000, 1001});
  pairwise_options o = options_of(pair_kernel::gaussian);
  o.bandwidth = 1;
  std::vector<double> log(1);

  pairwise_log_sum_exp(ctx(), x.view(), y.view(), o, log);

  EXPECT_EQ(pairwise_sum(ctx(), x.view(), y.view(), o), 0);
  EXPECT_NEAR(log[0], -500000.0 + std::log1p(std::exp(-1000.5)), 1e-9);
}

TEST_P(pairwise, kernels_that_fall_off_are_zero_where_the_squared_distance_overflows) {
  const matrix x(1, 1, {-1e200});
  const matrix y(1, 1, {1e200});
  for (const pair_kernel kernel : pair_kernels) {
    if (!core::has_bandwidth(kernel)) {
      continue;
    }
    const pairwise_options o = options_of(kernel);
    std::vector<double> gradient(1);
    std::vector<double> log(1);

    pairwise_gradient(ctx(), x.view(), y.view(), o, {gradient.data(), 1, 1});
    if (core::has_map(kernel, pair_map::log)) {
      pairwise_log_sum_exp(ctx(), x.view(), y.view(), o, log);
      EXPECT_LT(log[0], -1e200) << text_of(o);
    }

    EXPECT_EQ(pairwise_sum(ctx(), x.view(), y.view(), o), 0) << text_of(o);
    EXPECT_EQ(pairwise_bandwidth_gradient(ctx(), x.view(), y.view(), o), 0) << text_of(o);
    EXPECT_EQ(gradient[0], 0) << text_of(o);
  }
}

TEST_P(pairwise, values_that_overflow_are_a_failure) {
  const matrix x(2, 1, {1, -1e200});
  const matrix y(1, 1, {1e200});
  std::vector<double> out(2);
  std::vector<std::int64_t> index(2);
  for (const pairwise_algorithm algorithm : {pairwise_algorithm::automatic, pairwise_algorithm::direct}) {
    pairwise_options o = options_of(pair_kernel::squared_distance);
    o.algorithm = algorithm;
    EXPECT_EQ(error_of<numerical_failure>([&] { pairwise_sum(ctx(), x.view(), y.view(), o); }),
              "pairwise_sum: the total is inf: its values overflow");
  }
  const matrix small(1, 1, {1});
  const pairwise_options o = options_of(pair_kernel::squared_distance);
  EXPECT_EQ(error_of<numerical_failure>([&] { pairwise_rows(ctx(), x.view(), small.view(), o, out); }),
            "pairwise_rows: the sum of row 1 is inf: its values overflow");
  EXPECT_EQ(error_of<numerical_failure>([&] {
              pairwise_nearest(ctx(), x.view(), small.view(), o, {index.data(), 2, 1}, {});
            }),
            "pairwise_nearest: a value of row 1 is inf: its values overflow");
}

TEST_P(pairwise, the_cosine_of_a_row_of_zeros_is_zero_and_no_norm_overflows) {
  const matrix x(3, 2, {0, 0, 3e300, 4e300, 3e-300, 4e-300});
  const matrix y(1, 2, {0, 2});
  std::vector<double> out(3);

  pairwise_rows(ctx(), x.view(), y.view(), options_of(pair_kernel::cosine), out);

  EXPECT_EQ(out[0], 0);
  EXPECT_NEAR(out[1], 0.8, 1e-15);
  EXPECT_NEAR(out[2], 0.8, 1e-15);
}

TEST_P(pairwise, of_equally_near_rows_the_first_come_first) {
  const std::int64_t n = 20000;  // enough for several threads
  std::vector<double> y(static_cast<std::size_t>(n), 3.0);
  y[700] = 2;
  y[15000] = 2;
  const matrix x(1, 1, {0});
  std::vector<std::int64_t> indices(4);
  for (const int n_threads : {1, 2, 8}) {
    pairwise_nearest(on_threads(n_threads), x.view(), matrix_view<const double>(y.data(), n, 1),
                     options_of(pair_kernel::l1), {indices.data(), 1, 4}, {});

    EXPECT_EQ(indices, (std::vector<std::int64_t>{700, 15000, 0, 1})) << n_threads << " threads";
  }
}

TEST_P(pairwise, leaves_what_lies_behind_the_results_alone) {
  const pairs<double> p(5, 7, 2, pairwise_mode::cross);
  std::vector<double> out(9, 42);

  pairwise_rows(ctx(), p.x_view(), p.y_view(), options_of(pair_kernel::gaussian), std::span(out).first(5));

  EXPECT_EQ(std::vector(out.begin() + 5, out.end()), std::vector(4, 42.0));
}

// ---- errors ------------------------------------------------------------------------------------------------------

/// The message for a change of valid arguments.
class refusal {
 public:
  explicit refusal(const context& ctx) : ctx_(ctx) {}

  std::string of(const std::function<void(pairwise_options&)>& change, pair_kernel kernel = pair_kernel::gaussian) {
    pairwise_options o = options_of(kernel);
    change(o);
    const bool is_self = o.mode != pairwise_mode::cross;
    return error_of<invalid_argument>(
        [&] { pairwise_sum(ctx_, x_.view(), is_self ? matrix_view<const double>() : y_.view(), o); });
  }

 private:
  const context& ctx_;
  matrix x_{3, 2};
  matrix y_{4, 2};
};

TEST_P(pairwise, refuses_options_out_of_range) {
  refusal refused(ctx());
  const std::vector<double> bad_weights = {1, std::numeric_limits<double>::quiet_NaN(), 1};
  const std::vector<double> weights = {1, 2, 3};
  const std::vector<double> bandwidths = {1, -1};

  EXPECT_EQ(refused.of([](pairwise_options& o) { o.bandwidth = 0; }).substr(0, 45),
            "pairwise_sum: bandwidth is 0 but must be from");
  EXPECT_EQ(refused.of([](pairwise_options& o) { o.bandwidth = -1; }).substr(0, 46),
            "pairwise_sum: bandwidth is -1 but must be from");
  EXPECT_EQ(refused.of([](pairwise_options& o) { o.bandwidth = infinity; }).substr(0, 47),
            "pairwise_sum: bandwidth is inf but must be from");
  EXPECT_EQ(refused.of([&](pairwise_options& o) { o.bandwidths = bandwidths; }).substr(0, 50),
            "pairwise_sum: bandwidths[1] is -1 but must be from");
  EXPECT_EQ(refused.of([](pairwise_options& o) { o.exponent = 2.5; }, pair_kernel::power),
            "pairwise_sum: exponent is 2.5 but must be above 0 and at most 2");
  EXPECT_EQ(refused.of([](pairwise_options& o) { o.degree = 0; }, pair_kernel::polynomial),
            "pairwise_sum: degree is 0 but must be 1 to 64");
  EXPECT_EQ(refused.of([](pairwise_options& o) { o.gamma = infinity; }, pair_kernel::polynomial),
            "pairwise_sum: gamma is inf but must be finite");
  EXPECT_EQ(refused.of([&](pairwise_options& o) { o.x_weights = bad_weights; }),
            "pairwise_sum: x_weights[1] is nan but must be finite");
  EXPECT_EQ(refused.of([&](pairwise_options& o) { o.y_weights = weights; }),
            "pairwise_sum: y_weights has 3 elements but y has 4 rows");
  EXPECT_EQ(refused.of([&](pairwise_options& o) {
    o.mode = pairwise_mode::u;
    o.y_weights = weights;
  }),
            "pairwise_sum: y_weights are given but mode is u, where x_weights are those of both sides");
  EXPECT_EQ(refused.of([](pairwise_options& o) { o.kernel = static_cast<pair_kernel>(99); }),
            "pairwise_sum: kernel is 99 but must be 0 to 11");
  EXPECT_EQ(refused.of([](pairwise_options& o) { o.mode = static_cast<pairwise_mode>(9); }),
            "pairwise_sum: mode is 9 but must be 0 to 3");
}

TEST_P(pairwise, refuses_rows_that_do_not_fit_or_are_not_finite) {
  const matrix x(3, 2);
  const matrix wide(3, 3);
  matrix bad(4, 2);
  bad(2, 1) = infinity;
  const auto message = [&](const matrix& a, const matrix& b) {
    return error_of<invalid_argument>(
        [&] { pairwise_sum(ctx(), a.view(), b.view(), options_of(pair_kernel::gaussian)); });
  };

  EXPECT_EQ(message(x, wide), "pairwise_sum: y has 3 columns but x has 2");
  EXPECT_EQ(message(x, bad), "pairwise_sum: y is inf at row 2, column 1 (counted from 0) but must be finite");
  EXPECT_EQ(message(bad, x), "pairwise_sum: x is inf at row 2, column 1 (counted from 0) but must be finite");
  EXPECT_EQ(error_of<invalid_argument>([&] { pairwise_sum(ctx(), x.view(), {}, options_of(pair_kernel::gaussian)); }),
            "pairwise_sum: y has 0 columns but x has 2");
  EXPECT_EQ(error_of<invalid_argument>(
                [&] { pairwise_sum(ctx(), x.view(), x.view(), options_of(pair_kernel::gaussian, pairwise_mode::v)); }),
            "pairwise_sum: y is given but mode is v, x against itself");
}

TEST_P(pairwise, refuses_results_that_do_not_fit) {
  const matrix x(3, 2);
  std::vector<double> out(20, 5);
  std::vector<std::int64_t> index(20);
  const std::vector<double> weights = {1, -2, 3};
  const std::vector<double> bandwidths = {1, 2};
  pairwise_options o = options_of(pair_kernel::gaussian);
  const auto message = [&](const auto& call) { return error_of<invalid_argument>(call); };

  EXPECT_EQ(message([&] { pairwise_rows(ctx(), x.view(), x.view(), o, out); }),
            "pairwise_rows: out has 20 elements but must have 3");
  EXPECT_EQ(message([&] {
              pairwise_gradient(ctx(), x.view(), x.view(), o, {out.data(), 3, 1});
            }),
            "pairwise_gradient: out is 3 x 1 but must be 3 x 2");
  EXPECT_EQ(message([&] {
              pairwise_product(ctx(), x.view(), x.view(), matrix(2, 2).view(), o, {out.data(), 3, 2});
            }),
            "pairwise_product: columns is 2 x 2 but must be 3 x 2");
  EXPECT_EQ(message([&] {
              pairwise_nearest(ctx(), x.view(), x.view(), o, {index.data(), 3, 4}, {});
            }),
            "pairwise_nearest: indices have 4 columns but a row has 3 pairs");
  EXPECT_EQ(message([&] {
              pairwise_nearest(ctx(), x.view(), {}, options_of(pair_kernel::l1, pairwise_mode::upper),
                               {index.data(), 3, 1}, {});
            }),
            "pairwise_nearest: mode is upper, in which rows have different numbers of pairs");
  EXPECT_EQ(message([&] {
              pairwise_log_sum_exp(ctx(), x.view(), x.view(), options_of(pair_kernel::product),
                                   std::span(out).first(3));
            }),
            "pairwise_log_sum_exp: kernel is product, which is not an exponential");
  EXPECT_EQ(message([&] { pairwise_bandwidth_gradient(ctx(), x.view(), x.view(), options_of(pair_kernel::l1)); }),
            "pairwise_bandwidth_gradient: kernel is l1, which has no bandwidth");
  o.y_weights = weights;
  EXPECT_EQ(message([&] { pairwise_log_sum_exp(ctx(), x.view(), x.view(), o, std::span(out).first(3)); }),
            "pairwise_log_sum_exp: y_weights[1] is -2 but must not be negative");
  o.y_weights = {};
  o.x_weights = weights;
  EXPECT_EQ(message([&] { pairwise_rows(ctx(), x.view(), x.view(), o, std::span(out).first(3)); }),
            "pairwise_rows: x_weights are given but belong to totals");
  o.x_weights = {};
  o.bandwidths = bandwidths;
  EXPECT_EQ(message([&] { pairwise_sum(ctx(), x.view(), x.view(), o); }),
            "pairwise_sum: bandwidths are given but there is one result for one bandwidth");
  o.kernel = pair_kernel::power;
  EXPECT_EQ(message([&] { pairwise_sums(ctx(), x.view(), x.view(), o); }),
            "pairwise_sums: bandwidths are given but kernel is power, which has no bandwidth");
  EXPECT_EQ(out, std::vector<double>(20, 5)) << "nothing was written";
}

TEST_P(pairwise, rounds_weights_to_float_beside_float_rows_with_and_without_algebra) {
  const std::vector<float> rows = {1, 2, 4, 8};
  const matrix_view<const float> x(rows.data(), 4, 1);
  const std::vector<double> weights(4, 0.1);
  pairwise_options o = options_of(pair_kernel::product);
  o.mode = pairwise_mode::v;
  o.x_weights = weights;
  o.algorithm = pairwise_algorithm::automatic;
  const double tenth = static_cast<double>(0.1F);

  EXPECT_NEAR(pairwise_sum(ctx(), x, {}, o), 15 * 15 * tenth * tenth, 1e-14);
  o.algorithm = pairwise_algorithm::direct;
  EXPECT_NEAR(pairwise_sum(ctx(), x, {}, o), 15 * 15 * tenth * tenth, 1e-6);
}

TEST_P(pairwise, refuses_exponents_that_round_to_0_and_results_without_memory) {
  const std::vector<float> rows = {1, 1};
  const std::vector<double> wide = {1, 1};
  const matrix_view<const float> x(rows.data(), 2, 1);
  const matrix_view<const double> y(wide.data(), 2, 1);
  pairwise_options o = options_of(pair_kernel::power);
  o.exponent = 1e-46;

  EXPECT_EQ(error_of<invalid_argument>([&] { pairwise_sum(ctx(), x, x, o); }),
            "pairwise_sum: exponent is 1e-46 but must be above 0 and at most 2");
  EXPECT_EQ(pairwise_sum(ctx(), y, y, o), 0);
  EXPECT_EQ(error_of<invalid_argument>([&] {
              pairwise_product(ctx(), y, y, y, options_of(pair_kernel::gaussian), {nullptr, 2, 1});
            }),
            "pairwise_product: out is NULL");
  EXPECT_EQ(error_of<invalid_argument>([&] { pairwise_sums(ctx(), y, y, options_of(pair_kernel::product)); }),
            "pairwise_sums: kernel is product, which has no bandwidth");
}

TEST(pairwise_names, go_both_ways) {
  for (const pair_kernel kernel : pair_kernels) {
    EXPECT_EQ(pair_kernel_named(name_of(kernel)), kernel);
  }
  for (const pairwise_mode mode : modes) {
    EXPECT_EQ(pairwise_mode_named(name_of(mode)), mode);
  }
  EXPECT_EQ(error_of<invalid_argument>([] { pair_kernel_named("box"); }),
            "pair_kernel_named: there is no kernel \"box\"");
}

}  // namespace
}  // namespace samebits::tests
