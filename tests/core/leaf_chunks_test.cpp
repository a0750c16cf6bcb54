// How the leaves of a tree sum are shared out among threads.
#include "cpu/leaf_chunks.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace samebits::tests {
namespace {

using core::leaf_chunks;

/// A node by the leaves in it, as the tree brackets them.
std::string tree(std::int64_t first, std::int64_t size, std::int64_t n_leaves) {
  if (first >= n_leaves) {
    return "";
  }
  if (size == 1) {
    return std::to_string(first);
  }
  const std::string left = tree(first, size / 2, n_leaves);
  const std::string right = tree(first + size / 2, size / 2, n_leaves);
  return right.empty() ? left : '(' + left + ' ' + right + ')';
}

template <class Check>
void for_many_plans(const Check& check) {
  for (const std::int64_t n_leaves : {1, 2, 3, 7, 8, 9, 31, 40, 63, 64, 65, 98, 255, 300}) {
    for (const std::int64_t largest : {1, 2, 4, 16, 64}) {
      for (std::int64_t smallest = 1; smallest <= largest; smallest *= 2) {
        for (const std::int64_t n_threads : {1, 2, 3, 9}) {
          SCOPED_TRACE(testing::Message() << n_leaves << " leaves, chunks of " << largest << " to " << smallest << ", "
                                          << n_threads << " threads");
          check(leaf_chunks(n_leaves, largest, smallest, n_threads), n_leaves);
        }
      }
    }
  }
}

TEST(leaf_chunks, hold_every_leaf_once_and_are_whole_subtrees) {
  for_many_plans([](const leaf_chunks& chunks, std::int64_t n_leaves) {
    std::int64_t next = 0;
    for (std::int64_t i = 0; i < chunks.size(); ++i) {
      const leaf_chunks::chunk chunk = chunks[i];
      EXPECT_EQ(chunk.first_leaf, next);
      EXPECT_GT(chunk.n_leaves, 0);
      if (i + 1 < chunks.size()) {
        EXPECT_EQ(chunk.n_leaves & (chunk.n_leaves - 1), 0);
        EXPECT_EQ(chunk.first_leaf % chunk.n_leaves, 0);
      }
      next += chunk.n_leaves;
    }
    EXPECT_EQ(next, n_leaves);
  });
}

TEST(leaf_chunks, fold_along_the_dyadic_tree_whatever_their_sizes) {
  for_many_plans([](const leaf_chunks& chunks, std::int64_t n_leaves) {
    std::vector<std::string> nodes;
    for (std::int64_t i = 0; i < chunks.size(); ++i) {
      std::int64_t size = 1;
      while (size < chunks[i].n_leaves) {
        size *= 2;
      }
      nodes.push_back(tree(chunks[i].first_leaf, size, n_leaves));
    }

    chunks.fold([&](std::int64_t left, std::int64_t right) {
      nodes[static_cast<std::size_t>(left)] =
          '(' + nodes[static_cast<std::size_t>(left)] + ' ' + nodes[static_cast<std::size_t>(right)] + ')';
    });

    EXPECT_EQ(nodes.front(), tree(0, 512, n_leaves));
  });
}

TEST(leaf_chunks, of_nothing_are_none) { EXPECT_EQ(leaf_chunks(0, 4, 1, 2).size(), 0); }

TEST(leaf_chunks, get_smaller_towards_the_end) {
  const leaf_chunks chunks(98, 4, 1, 2);

  EXPECT_EQ(chunks[0].n_leaves, 4);
  EXPECT_EQ(chunks[chunks.size() - 1].n_leaves, 1);
  for (std::int64_t i = 1; i < chunks.size(); ++i) {
    EXPECT_LE(chunks[i].n_leaves, chunks[i - 1].n_leaves);
  }
}

}  // namespace
}  // namespace samebits::tests
