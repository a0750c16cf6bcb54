// Folds and test sets: known answers, sizes, and what moves when rows are added.
#include "samebits/split.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "tests/lib/stream_device_code.hpp"
#include "tests/support.hpp"

namespace samebits::tests {
namespace {

using numbers = std::vector<std::int64_t>;

constexpr stream_id id{0x0123456789abcdef, 0xfedcba9876543210};

numbers k_fold_of(stream_id stream, std::int64_t n_rows, std::int64_t k) {
  numbers fold(static_cast<std::size_t>(n_rows), -1);
  k_fold(stream, n_rows, k, fold);
  return fold;
}

numbers stratified_of(stream_id stream, const numbers& labels, std::int64_t k) {
  numbers fold(labels.size(), -1);
  stratified_k_fold(stream, labels, k, fold);
  return fold;
}

std::vector<std::uint8_t> test_rows_of(stream_id stream, std::int64_t n_rows, std::int64_t n_test) {
  std::vector<std::uint8_t> is_test(static_cast<std::size_t>(n_rows), 9);
  train_test_split(stream, n_rows, n_test, is_test);
  return is_test;
}

/// Largest less smallest of the counts of 0 .. k - 1.
std::int64_t spread_of(const numbers& fold, std::int64_t k) {
  numbers sizes(static_cast<std::size_t>(k));
  for (const std::int64_t f : fold) {
    ++sizes.at(static_cast<std::size_t>(f));
  }
  const auto [smallest, largest] = std::minmax_element(sizes.begin(), sizes.end());
  return *largest - *smallest;
}

// ---- k_fold ------------------------------------------------------------------------------------------------------

TEST(k_fold, has_the_known_answer) {
  EXPECT_EQ(k_fold_of(id, 17, 3), (numbers{0, 1, 2, 1, 0, 0, 2, 1, 0, 0, 0, 1, 2, 2, 1, 1, 2}));
}

TEST(k_fold, makes_folds_of_equal_sizes) {
  for (const std::int64_t n_rows : {2, 3, 10, 97, 100, 1000}) {
    for (const std::int64_t k : {2, 3, 5, 10, 97}) {
      if (k <= n_rows) {
        EXPECT_LE(spread_of(k_fold_of(id, n_rows, k), k), 1) << n_rows << " rows, " << k << " folds";
      }
    }
  }
}

TEST(k_fold, leaves_one_out) {
  numbers fold = k_fold_of(id, 50, 50);

  EXPECT_EQ(spread_of(fold, 50), 0);
}

TEST(k_fold, gives_every_pair_of_rows_the_same_chance_of_a_fold) {
  constexpr int n_streams = 20'000;
  double n_together = 0;
  for (std::uint64_t task = 0; task < n_streams; ++task) {
    const numbers fold = k_fold_of({1, task}, 10, 5);
    n_together += fold[0] == fold[1] ? 1 : 0;
  }

  EXPECT_NEAR(n_together / n_streams, 1.0 / 9, 5 * std::sqrt(1.0 / 9 * 8 / 9 / n_streams));
}

TEST(k_fold, refuses_what_cannot_be_dealt) {
  numbers fold(10, 7);

  EXPECT_EQ(error_of<invalid_argument>([&] { k_fold(id, 10, 1, fold); }), "k_fold: k is 1 but must be at least 2");
  EXPECT_EQ(error_of<invalid_argument>([&] { k_fold(id, 10, 11, fold); }), "k_fold: k is 11 but there are 10 rows");
  EXPECT_EQ(error_of<invalid_argument>([&] { k_fold(id, 9, 2, fold); }),
            "k_fold: fold has 10 elements but n_rows is 9");
  EXPECT_EQ(error_of<invalid_argument>([&] { k_fold(id, -1, 2, fold); }),
            "k_fold: n_rows is -1 but must not be negative");
  EXPECT_EQ(error_of<invalid_argument>([&] { k_fold(id, 0, 2, {}); }), "k_fold: k is 2 but there are 0 rows");
  EXPECT_EQ(fold, numbers(10, 7));
}

// ---- stratified_k_fold -------------------------------------------------------------------------------------------

TEST(stratified_k_fold, has_the_known_answer) {
  EXPECT_EQ(stratified_of(id, {2, 2, 2, 2, 2, 2, 2, -1, -1, -1, -1, -1, 5, 5, 5, 5, 5}, 3),
            (numbers{1, 2, 0, 2, 1, 0, 2, 0, 0, 2, 1, 1, 1, 0, 2, 1, 0}));
}

TEST(stratified_k_fold, makes_folds_of_equal_sizes_within_every_label_and_in_all) {
  numbers labels;
  for (std::int64_t i = 0; i < 1000; ++i) {
    labels.push_back(i % 7 == 0 ? INT64_MIN : i % 11 == 0 ? INT64_MAX : i % 2 - 1);
  }

  const numbers fold = stratified_of(id, labels, 7);

  EXPECT_LE(spread_of(fold, 7), 1);
  std::map<std::int64_t, numbers> folds_of_label;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    folds_of_label[labels[i]].push_back(fold[i]);
  }
  for (const auto& [label, folds] : folds_of_label) {
    EXPECT_LE(spread_of(folds, 7), 1) << label;
  }
}

TEST(stratified_k_fold, depends_on_the_order_of_labels_alone) {
  EXPECT_EQ(stratified_of(id, {0, 1, 2, 0, 1, 2, 0, 1, 2}, 2),
            stratified_of(id, {-5, 7, 100, -5, 7, 100, -5, 7, 100}, 2));
}

TEST(stratified_k_fold, is_k_fold_for_a_single_label) {
  EXPECT_EQ(stratified_of(id, numbers(100, 3), 7), k_fold_of(id, 100, 7));
}

TEST(stratified_k_fold, takes_labels_with_fewer_rows_than_folds) {
  const numbers fold = stratified_of(id, {4, 3, 2, 1}, 4);

  EXPECT_EQ(fold, (numbers{3, 2, 1, 0}));
}

TEST(stratified_k_fold, refuses_what_cannot_be_dealt) {
  const numbers labels(10, 1);
  numbers fold(10, 7);
  numbers short_fold(9, 7);

  EXPECT_EQ(error_of<invalid_argument>([&] { stratified_k_fold(id, labels, 0, fold); }),
            "stratified_k_fold: k is 0 but must be at least 2");
  EXPECT_EQ(error_of<invalid_argument>([&] { stratified_k_fold(id, labels, 11, fold); }),
            "stratified_k_fold: k is 11 but there are 10 rows");
  EXPECT_EQ(error_of<invalid_argument>([&] { stratified_k_fold(id, labels, 2, short_fold); }),
            "stratified_k_fold: fold has 9 elements but labels has 10");
  EXPECT_EQ(fold, numbers(10, 7));
}

// ---- keyed_fold --------------------------------------------------------------------------------------------------

TEST(keyed_fold, has_the_known_answers) {
  numbers fold;
  for (std::uint64_t key = 0; key < 17; ++key) {
    fold.push_back(keyed_fold(id, key, 3));
  }

  EXPECT_EQ(fold, (numbers{1, 0, 0, 0, 0, 1, 1, 2, 0, 2, 2, 1, 1, 2, 1, 2, 0}));
}

TEST(keyed_fold, makes_folds_of_equal_sizes_on_average) {
  constexpr int n_rows = 100'000;
  std::vector<double> sizes(7);
  for (std::uint64_t key = 0; key < n_rows; ++key) {
    ++sizes.at(static_cast<std::size_t>(keyed_fold(id, key << 40, 7)));
  }

  for (const double size : sizes) {
    EXPECT_NEAR(size, n_rows / 7.0, 5 * std::sqrt(n_rows / 7.0));
  }
}

TEST(keyed_fold, takes_any_number_of_folds_from_one) {
  EXPECT_EQ(keyed_fold(id, 5, 1), 0);
  EXPECT_GE(keyed_fold(id, 5, INT64_MAX), 0);
  EXPECT_EQ(error_of<invalid_argument>([] { (void)keyed_fold(id, 5, 0); }),
            "keyed_fold: k is 0 but must be at least 1");
  EXPECT_EQ(error_of<invalid_argument>([] { (void)keyed_fold(id, 5, -3); }),
            "keyed_fold: k is -3 but must be at least 1");
  EXPECT_EQ(device_code_fold_of_none(), 0);
}

// ---- train_test_split --------------------------------------------------------------------------------------------

TEST(train_test_split, has_the_known_answer) {
  EXPECT_EQ(test_rows_of(id, 17, 5), (std::vector<std::uint8_t>{0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(train_test_split, takes_as_many_rows_as_asked_for_and_those_of_smaller_sets_first) {
  std::vector<std::uint8_t> smaller(100, 0);
  for (std::int64_t n_test = 0; n_test <= 100; ++n_test) {
    const std::vector<std::uint8_t> is_test = test_rows_of(id, 100, n_test);

    EXPECT_EQ(std::count(is_test.begin(), is_test.end(), 1), n_test);
    EXPECT_EQ(std::count(is_test.begin(), is_test.end(), 0), 100 - n_test);
    for (std::size_t i = 0; i < 100; ++i) {
      EXPECT_LE(smaller[i], is_test[i]) << n_test << " rows, row " << i;
    }
    smaller = is_test;
  }
}

TEST(train_test_split, takes_no_rows_of_none) { EXPECT_TRUE(test_rows_of(id, 0, 0).empty()); }

TEST(train_test_split, refuses_what_cannot_be_split) {
  std::vector<std::uint8_t> is_test(10, 9);

  EXPECT_EQ(error_of<invalid_argument>([&] { train_test_split(id, 10, 11, is_test); }),
            "train_test_split: n_test is 11 but must be in [0, 10]");
  EXPECT_EQ(error_of<invalid_argument>([&] { train_test_split(id, 10, -1, is_test); }),
            "train_test_split: n_test is -1 but must be in [0, 10]");
  EXPECT_EQ(error_of<invalid_argument>([&] { train_test_split(id, 11, 5, is_test); }),
            "train_test_split: is_test has 10 elements but n_rows is 11");
  EXPECT_EQ(is_test, std::vector<std::uint8_t>(10, 9));
}

}  // namespace
}  // namespace samebits::tests
