// A shuffle as links between its steps, beside the shuffle itself, for every sequence of partners of few elements and
// for sequences of many that make long lists and long chains.
#include "samebits/core/permutation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "samebits/stream.hpp"

namespace samebits::tests {
namespace {

using numbers = std::vector<std::int64_t>;
using places = std::vector<std::uint64_t>;

places in_order(std::size_t n) {
  places all(n);
  std::iota(all.begin(), all.end(), std::uint64_t{0});
  return all;
}

places backwards(std::size_t n) {
  places all = in_order(n);
  std::reverse(all.begin(), all.end());
  return all;
}

places mixed(std::size_t n, std::uint64_t task) {
  places all = in_order(n);
  std::shuffle(all.begin(), all.end(), stream(17, task));
  return all;
}

/// Step after step.
numbers exchanged(const places& partners) {
  numbers p(partners.size());
  std::iota(p.begin(), p.end(), std::int64_t{0});
  for (std::size_t i = 0; i < p.size(); ++i) {
    std::swap(p[i], p[partners[i]]);
  }
  return p;
}

enum class lists { put_in_order, left_as_they_are };

/// By links that are made, put in order and read in the given order.
template <class Link>
numbers linked(const places& partners, const places& order, lists what = lists::put_in_order) {
  std::vector<Link> latest(partners.size());
  std::iota(latest.begin(), latest.end(), Link{0});
  numbers out(partners.size(), -1);
  const core::shuffle_links<Link> links{latest.data(), out.data()};
  for (const std::uint64_t i : order) {
    links.link(i, partners[i], [](Link& link, Link value) { return std::exchange(link, value); });
  }
  for (const std::uint64_t t : order) {
    if (what == lists::put_in_order) {
      links.order(t);
    }
  }
  for (const std::uint64_t i : order) {
    out[i] = links.result(i);
  }
  return out;
}

template <class Link>
void expect_shuffle(const places& partners) {
  const std::size_t n = partners.size();
  const numbers expected = exchanged(partners);
  EXPECT_EQ(linked<Link>(partners, in_order(n)), expected);
  EXPECT_EQ(linked<Link>(partners, backwards(n)), expected);
  EXPECT_EQ(linked<Link>(partners, mixed(n, 1)), expected);
  EXPECT_EQ(linked<Link>(partners, mixed(n, 2)), expected);
}

void expect_shuffle_of_all_links(const places& partners) {
  expect_shuffle<std::uint32_t>(partners);
  expect_shuffle<std::uint64_t>(partners);
}

/// The next of the n! sequences of partners; false after the last one.
bool advance(places& partners) {
  for (std::size_t i = 0; i < partners.size(); ++i) {
    if (++partners[i] < partners.size()) {
      return true;
    }
    partners[i] = i;
  }
  return false;
}

TEST(shuffle_links, give_every_shuffle_of_few_elements) {
  for (std::size_t n = 0; n <= 7; ++n) {
    places partners = in_order(n);
    do {
      expect_shuffle_of_all_links(partners);
      ASSERT_FALSE(HasFailure()) << testing::PrintToString(partners);
    } while (advance(partners));
  }
}

TEST(shuffle_links, give_shuffles_of_long_lists_and_chains) {
  constexpr std::size_t n = 1000;
  const auto with_partners = [](const auto& partner) {
    places partners;
    for (std::size_t i = 0; i < n; ++i) {
      partners.push_back(partner(i));
    }
    expect_shuffle_of_all_links(partners);
  };
  with_partners([](std::size_t) { return n - 1; });                               // one list of all
  with_partners([](std::size_t i) { return std::min(i + 1, n - 1); });            // one chain of all
  with_partners([](std::size_t i) { return i; });                                 // no list
  with_partners([](std::size_t i) { return std::max(i, n - 1 - i); });            // pairs
  with_partners([](std::size_t i) { return std::min(i / 10 * 10 + 9, n - 1); });  // lists of ten
  with_partners([](std::size_t i) { return std::min((i | 7) + 8 * (i % 2), n - 1); });
}

TEST(shuffle_links, give_random_shuffles) {
  for (const std::uint64_t n : {8, 35, 300, 5000, 65'537}) {
    for (std::uint64_t task = 0; task < 200'000 / n; ++task) {
      places partners;
      for (std::uint64_t i = 0; i < n; ++i) {
        partners.push_back(core::shuffle_partner(std::uint64_t{3}, task, i, n));
      }
      expect_shuffle_of_all_links(partners);
      ASSERT_FALSE(HasFailure()) << "task " << task << " of " << n;
    }
  }
}

/// Or the orders above would prove nothing.
TEST(shuffle_links, matter_in_order) {
  places partners;
  for (std::uint64_t i = 0; i < 300; ++i) {
    partners.push_back(core::shuffle_partner(std::uint64_t{3}, 1, i, 300));
  }

  EXPECT_EQ(linked<std::uint32_t>(partners, in_order(300), lists::left_as_they_are), exchanged(partners));
  EXPECT_NE(linked<std::uint32_t>(partners, backwards(300), lists::left_as_they_are), exchanged(partners));
}

TEST(shuffle_steps, come_in_order_after_their_announcements) {
  for (const std::uint64_t n : {0, 1, 2, 63, 64, 65, 129, 1000}) {
    places announced;
    places exchanged_with;
    core::for_shuffle_steps(
        1, 2, n, n, [&](std::uint64_t j) { announced.push_back(j); },
        [&](std::uint64_t i, std::uint64_t j) {
          EXPECT_EQ(i, exchanged_with.size());
          EXPECT_EQ(j, core::shuffle_partner(std::uint64_t{1}, 2, i, n));
          exchanged_with.push_back(j);
          EXPECT_GE(announced.size(), exchanged_with.size());
        });

    EXPECT_EQ(exchanged_with.size(), n);
    EXPECT_EQ(announced, exchanged_with);
  }
}

}  // namespace
}  // namespace samebits::tests
