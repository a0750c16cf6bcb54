// The shape of sums inside a leaf.
#include "samebits/core/tree_sum.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "samebits/core/row_sum.hpp"

namespace samebits::tests {
namespace {

static_assert(core::leaf_rows == 512, "part of the format: a change needs a new SAMEBITS_NUMERICS_VERSION");
static_assert(core::lanes<double> == 8 && core::lanes<float> == 16, "part of the format");

// A sum of doubles in one order: 1 and 2^-53 show every regrouping, because 1 + 2^-53 is 1 but 1 + (2^-53 + 2^-53) is
// not.
constexpr double one = 1;
constexpr double half_ulp = 0x1p-53;

TEST(tree_sum, folds_eight_lanes_by_halving) {
  const double lane[8] = {1e16, 1, -1e16, 3, 5, 7e-17, 2, -4};

  const double expected = ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));

  EXPECT_EQ(core::fold_lanes(lane), expected);
}

TEST(tree_sum, folds_lane_j_with_lane_j_plus_4_first) {
  for (int j = 1; j < 4; ++j) {
    double lane[8] = {};
    lane[0] = one;
    lane[j] = half_ulp;
    lane[j + 4] = half_ulp;

    EXPECT_EQ(core::fold_lanes(lane), 1 + 0x1p-52) << "lanes " << j << " and " << j + 4;
  }
}

TEST(tree_sum, adds_each_lane_to_lane_0_in_the_order_4_2_1) {
  const auto fold = [](int a, int b) {
    double lane[8] = {};
    lane[0] = one;
    lane[a] += half_ulp;
    lane[b] += half_ulp;
    return core::fold_lanes(lane);
  };

  EXPECT_EQ(fold(4, 2), 1) << "4 comes before 2, so each is lost alone";
  EXPECT_EQ(fold(2, 6), 1 + 0x1p-52) << "2 and 6 meet first";
  EXPECT_EQ(fold(1, 3), 1 + 0x1p-52) << "1 and 3 meet before they meet 0";
  EXPECT_EQ(fold(1, 2), 1) << "2 comes before 1";
}

TEST(tree_sum, folds_sixteen_lanes_of_float_by_halving) {
  float lane[16] = {};
  lane[0] = 1;
  lane[3] = 0x1p-24f;
  lane[11] = 0x1p-24f;

  EXPECT_EQ(core::fold_lanes(lane), 1 + 0x1p-23f);
}

TEST(tree_sum, of_nothing_is_minus_zero) {
  double lane[8];
  for (double& value : lane) {
    value = core::empty_sum<double>();
  }

  EXPECT_TRUE(std::signbit(core::fold_lanes(lane)));
}

TEST(tree_sum, of_nothing_and_a_number_has_the_bits_of_the_number) {
  for (const double value : {0.0, -0.0, 0x1p-1074, -3.5}) {
    EXPECT_EQ(core::to_bits(core::empty_sum<double>() + value), core::to_bits(value)) << value;
  }
}

// ---- nodes one after the other -----------------------------------------------------------------------------------

/// Numbers whose sum shows every regrouping.
std::vector<double> nodes(std::size_t n) {
  std::vector<double> values;
  for (std::size_t i = 0; i < n; ++i) {
    values.push_back(std::ldexp(1.0 + static_cast<double>(i * i % 7) / 3, static_cast<int>(i * 5 % 11)));
  }
  return values;
}

/// The dyadic tree level by level.
double dyadic_sum(std::vector<double> values) {
  while (values.size() > 1) {
    std::vector<double> next;
    for (std::size_t i = 0; i < values.size(); i += 2) {
      next.push_back(i + 1 < values.size() ? values[i] + values[i + 1] : values[i]);
    }
    values = next;
  }
  return values.empty() ? -0.0 : values[0];
}

TEST(node_sum, is_the_dyadic_tree_over_the_nodes) {
  core::node_sum sum;
  for (std::size_t n = 0; n <= 70; ++n) {
    for (const double node : nodes(n)) {
      sum.add(node);
    }

    EXPECT_EQ(core::to_bits(sum.finish()), core::to_bits(dyadic_sum(nodes(n)))) << n << " nodes";
  }
}

TEST(node_sum, takes_nodes_of_a_level_above) {
  core::node_sum leaves;
  core::node_sum whole;
  const std::vector<double> values = nodes(61);
  for (std::size_t first = 0; first < values.size(); first += 8) {
    for (std::size_t i = first; i < first + 8 && i < values.size(); ++i) {
      leaves.add(values[i]);
    }
    whole.add(leaves.finish());
  }

  EXPECT_EQ(whole.finish(), dyadic_sum(values));
}

}  // namespace
}  // namespace samebits::tests
