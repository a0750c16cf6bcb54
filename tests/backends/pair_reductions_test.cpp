// Reductions of pairs as the backends have them (lib/backend.h): counts of digits, products with the values of other
// rows, and many kernels at once, against plain loops over the formulas of core/.
#include <numeric>
#include <random>
#include <utility>

#include "lib/call.hpp"
#include "lib/pair_kernels.hpp"
#include "tests/backends/pair_cases.hpp"

namespace samebits::tests {
namespace {

class pair_reductions : public backend_test {};
SAMEBITS_ON_EVERY_BACKEND(pair_reductions);
// The block emulator with so little work space that rows, leaves and permutations take several batches.
INSTANTIATE_TEST_SUITE_P(in_batches_on, pair_reductions, testing::Values("cuda-emulated-small"), backend_test_name);

constexpr samebits_pair_set sets[] = {samebits_all_pairs, samebits_other_pairs, samebits_upper_pairs};

bool counts(samebits_pair_set set, std::int64_t i, std::int64_t j) {
  return set == samebits_all_pairs || (set == samebits_other_pairs ? i != j : i < j);
}

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

samebits_pair_kernel kernel_of(pair_kernel kernel, double parameter = 0.8) {
  const core::pair_constants<double> c = core::prepare_pair_kernel(kernel, parameter, 0.7, 0.4, 3);
  return {static_cast<std::int32_t>(kernel), c.degree, c.scale, c.offset, c.slope, c.rate};
}

template <class T>
T value_of(const samebits_pair_kernel& k, const T* x, const T* y, std::int64_t n_cols) {
  const auto kernel = static_cast<pair_kernel>(k.kernel);
  return core::map_pair<core::pair_map::value>(kernel, core::pair_base_of(core::base_of(kernel), x, y, n_cols),
                                               core::constants_of<T>(k));
}

template <class T>
samebits_pairs pairs_of(const row_set<T>& x, const row_set<T>& y, samebits_pair_set set,
                        const samebits_pair_kernel& kernel) {
  samebits_pairs pairs{};
  pairs.x = x.values.data();
  pairs.y = y.values.data();
  pairs.dtype = sizeof(T) == sizeof(float) ? SAMEBITS_FLOAT32 : SAMEBITS_FLOAT64;
  pairs.n_x = x.n_rows;
  pairs.n_y = y.n_rows;
  pairs.n_cols = x.n_cols;
  pairs.set = set;
  pairs.kernels = &kernel;
  pairs.n_kernels = 1;
  pairs.map = static_cast<std::int32_t>(core::pair_map::value);
  return pairs;
}

void run(const context& ctx, const samebits_pairs& pairs) {
  samebits_call call = make_call(ctx);
  ASSERT_EQ(ctx.table()->pairwise(&call, &pairs), SAMEBITS_OK) << call.message;
}

// ---- counts ------------------------------------------------------------------------------------------------------

struct digit_place {
  std::uint64_t prefix;
  int shift;
  int n_bits;
};

template <class T>
void expect_plain_counts(const context& ctx, const samebits_pairs& pairs, const std::vector<T>& values,
                         const digit_place& place) {
  std::vector<std::int64_t> found(std::size_t{1} << place.n_bits, -1);
  const samebits_pair_digits digits{place.prefix, place.shift, place.n_bits, found.data()};
  samebits_pairs call = pairs;
  call.reduction = samebits_pair_counts;
  call.digits = &digits;

  run(ctx, call);

  std::vector<std::int64_t> expected(found.size());
  for (const T value : values) {
    const std::uint64_t bits = core::to_bits(value);
    if (bits >> place.shift >> place.n_bits == place.prefix) {
      ++expected[bits >> place.shift & (expected.size() - 1)];
    }
  }
  ASSERT_EQ(found, expected) << pairs.n_x << " and " << pairs.n_y << " rows, set " << pairs.set << ", shift "
                             << place.shift;
}

template <class T>
void expect_plain_counts(const context& ctx, std::int64_t n_x, std::int64_t n_y, samebits_pair_set set) {
  for (const pair_kernel kernel : {pair_kernel::squared_distance, pair_kernel::gaussian, pair_kernel::l1}) {
    const row_set<T> x(n_x, 2, 1);
    const row_set<T> y(n_y, 2, set == samebits_all_pairs ? 2 : 1);
    const samebits_pair_kernel k = kernel_of(kernel);
    std::vector<T> values;
    for (std::int64_t i = 0; i < n_x; ++i) {
      for (std::int64_t j = 0; j < n_y; ++j) {
        if (counts(set, i, j)) {
          values.push_back(value_of(k, x.row(i), y.row(j), 2));
        }
      }
    }
    const int top = 8 * static_cast<int>(sizeof(T)) - 1 - samebits_pair_digit_bits;
    const std::uint64_t bits = values.empty() ? 0 : core::to_bits(values[values.size() / 2]);
    const samebits_pairs pairs = pairs_of(x, y, set, k);
    expect_plain_counts(ctx, pairs, values, {0, top, samebits_pair_digit_bits});
    expect_plain_counts(ctx, pairs, values, {bits >> top, top - samebits_pair_digit_bits, samebits_pair_digit_bits});
    expect_plain_counts(ctx, pairs, values, {bits >> 3, 0, 3});
    expect_plain_counts(ctx, pairs, values, {bits >> 1, 0, 1});
  }
}

TEST_P(pair_reductions, counts_of_digits_are_those_of_plain_loops) {
  for (const auto& [n_x, n_y] : {std::pair{1, 1}, {3, 511}, {70, 65}, {33, 513}, {300, 1030}}) {
    expect_plain_counts<double>(ctx(), n_x, n_y, samebits_all_pairs);
    expect_plain_counts<float>(ctx(), n_x, n_y, samebits_all_pairs);
  }
  for (const std::int64_t n : {1, 2, 33, 513, 700}) {
    for (const samebits_pair_set set : {samebits_other_pairs, samebits_upper_pairs}) {
      expect_plain_counts<double>(ctx(), n, n, set);
      expect_plain_counts<float>(ctx(), n, n, set);
    }
  }
}

TEST_P(pair_reductions, counts_of_no_pairs_are_zero) {
  const row_set<double> x(5, 2, 1);
  const row_set<double> none(0, 2, 1);
  const samebits_pair_kernel k = kernel_of(pair_kernel::l1);

  expect_plain_counts<double>(ctx(), pairs_of(x, none, samebits_all_pairs, k), {}, {0, 52, samebits_pair_digit_bits});
}

// ---- products with the values of other rows ----------------------------------------------------------------------

std::vector<std::int64_t> permutations_of(std::int64_t n, std::int64_t n_permutations) {
  std::mt19937_64 bits(7);
  std::vector<std::int64_t> all;
  for (std::int64_t p = 0; p < n_permutations; ++p) {
    std::vector<std::int64_t> order(at(n));
    std::iota(order.begin(), order.end(), std::int64_t{0});
    if (p > 0) {
      std::shuffle(order.begin(), order.end(), bits);
    }
    all.insert(all.end(), order.begin(), order.end());
  }
  return all;
}

template <class T>
void expect_plain_dependences(const context& ctx, std::int64_t n, std::int64_t n_permutations, samebits_pair_set set,
                              pair_kernel z_kernel) {
  const row_set<T> x(n, 2, 1);
  const row_set<T> z(n, 3, 2);
  const samebits_pair_kernel k = kernel_of(pair_kernel::gaussian);
  const std::vector<std::int64_t> permutations = permutations_of(n, n_permutations);
  const samebits_pair_companion companion{z.values.data(), 3, kernel_of(z_kernel), permutations.data(), n_permutations};
  std::vector<double> out(permutations.size() + 1, 42.0);
  samebits_pairs pairs = pairs_of(x, x, set, k);
  pairs.reduction = samebits_pair_dependences;
  pairs.companion = &companion;
  pairs.out = out.data();

  run(ctx, pairs);

  for (std::int64_t p = 0; p < n_permutations; p += 1 + n_permutations / 5) {
    const std::int64_t* const order = permutations.data() + p * n;
    for (std::int64_t i = 0; i < n; i += 1 + n / 7) {
      const double expected = sum_of_row<T>(n, [&](std::int64_t j, T sum) {
        return counts(set, i, j) ? core::fma(value_of(k, x.row(i), x.row(j), 2),
                                             value_of(companion.kernel, z.row(order[i]), z.row(order[j]), 3), sum)
                                 : sum;
      });
      ASSERT_EQ(bits_of(out[at(p * n + i)]), bits_of(expected))
          << n << " rows, set " << set << ", permutation " << p << " of " << n_permutations << ", row " << i;
    }
  }
  ASSERT_EQ(out.back(), 42.0) << "behind the results";
}

TEST_P(pair_reductions, dependences_have_the_bits_of_plain_loops) {
  for (const auto& [n, n_permutations] : {std::pair{1, 1}, {2, 3}, {33, 8}, {65, 20}, {513, 9}, {1030, 3}}) {
    for (const samebits_pair_set set : sets) {
      for (const pair_kernel z_kernel : {pair_kernel::polynomial, pair_kernel::power, pair_kernel::laplacian}) {
        expect_plain_dependences<double>(ctx(), n, n_permutations, set, z_kernel);
        expect_plain_dependences<float>(ctx(), n, n_permutations, set, z_kernel);
      }
    }
  }
}

// ---- many kernels ------------------------------------------------------------------------------------------------

template <class T>
void expect_plain_sums(const context& ctx, core::pair_map map, bool is_weighted) {
  constexpr std::int64_t n_x = 40;
  constexpr std::int64_t n_y = 1030;
  const row_set<T> x(n_x, 2, 1);
  const row_set<T> y(n_y, 2, 2);
  const row_set<T> weights(n_y, 1, 3);
  std::vector<samebits_pair_kernel> kernels;
  for (const double bandwidth : {0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 7.0}) {
    kernels.push_back(kernel_of(pair_kernel::matern_3_2, bandwidth));
  }
  for (const std::int64_t n_kernels : {2, 8, 9, 11}) {
    std::vector<double> out(at(n_kernels * n_x));
    samebits_pairs pairs = pairs_of(x, y, samebits_all_pairs, kernels[0]);
    pairs.map = static_cast<std::int32_t>(map);
    pairs.kernels = kernels.data();
    pairs.n_kernels = n_kernels;
    pairs.y_weights = is_weighted ? weights.values.data() : nullptr;
    pairs.out = out.data();

    run(ctx, pairs);

    for (std::int64_t k = 0; k < n_kernels; ++k) {
      const auto constants = core::constants_of<T>(kernels[at(k)]);
      for (std::int64_t i = 0; i < n_x; i += 13) {
        const double expected = sum_of_row<T>(n_y, [&](std::int64_t j, T sum) {
          const T base = core::pair_base_of(core::pair_base::squared, x.row(i), y.row(j), 2);
          const T value = core::map_pair(pair_kernel::matern_3_2, map, base, constants);
          return is_weighted ? core::fma(weights.values[at(j)], value, sum) : sum + value;
        });
        ASSERT_EQ(out[at(k * n_x + i)], expected) << "kernel " << k << " of " << n_kernels << ", row " << i;
      }
    }
  }
}

TEST_P(pair_reductions, sums_of_many_kernels_have_the_bits_of_plain_loops) {
  for (const core::pair_map map : {core::pair_map::value, core::pair_map::d_bandwidth}) {
    for (const bool is_weighted : {false, true}) {
      expect_plain_sums<double>(ctx(), map, is_weighted);
      expect_plain_sums<float>(ctx(), map, is_weighted);
    }
  }
}

}  // namespace
}  // namespace samebits::tests
