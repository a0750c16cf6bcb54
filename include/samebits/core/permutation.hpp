// Random permutations: the steps of a shuffle one after the other, and its result without their order.
//
// R. A. Fisher, F. Yates: "Statistical tables", 1938. R. Durstenfeld: "Algorithm 235: Random permutation", CACM 7,
// 1964. J. Shun, Y. Gu, G. E. Blelloch, J. T. Fineman, P. B. Gibbons: "Sequential random permutation, list contraction
// and tree contraction are highly parallel", SODA 2015: with high probability the steps depend on each other in chains
// of O(log n).
#pragma once

#include "samebits/core/integers.hpp"
#include "samebits/core/philox.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

/// The place that element i of n changes with in a shuffle: i + d, where d is an integer in [0, n - i) from block i.
/// `key` is the seed, or its philox_keys.
template <class Key>
SAMEBITS_HD SAMEBITS_INLINE std::uint64_t shuffle_partner(const Key& key, std::uint64_t task, std::uint64_t i,
                                                          std::uint64_t n) {
  std::uint64_t draws[2];
  philox_draws(key, task, i, draws);
  return i + bounded_integer(draws, n - i);
}

/// The first n_steps steps of a shuffle of n: calls exchange(i, j) for i = 0, 1, ... and the partner j of i. Some steps
/// before it calls announce(j), which may fetch the element from memory: partners are anywhere.
template <class Announce, class Exchange>
SAMEBITS_INLINE void for_shuffle_steps(std::uint64_t seed, std::uint64_t task, std::uint64_t n_steps, std::uint64_t n,
                                       const Announce& announce, const Exchange& exchange) {
  constexpr std::uint64_t n_ahead = 64;
  std::uint64_t partners[n_ahead];
  const auto prepare = [&](std::uint64_t i) {
    if (i < n_steps) {
      partners[i % n_ahead] = shuffle_partner(seed, task, i, n);
      announce(partners[i % n_ahead]);
    }
  };
  for (std::uint64_t i = 0; i < n_ahead; ++i) {
    prepare(i);
  }
  for (std::uint64_t i = 0; i < n_steps; ++i) {
    exchange(i, partners[i % n_ahead]);
    prepare(i + n_ahead);
  }
}

/// A shuffle as links between its steps.
///
/// Step i takes what place H(i) >= i holds, and leaves there what place i held. What place t holds just before step i
/// <= t is therefore what place j held just before step j, for the last step j < i with H(j) = t; without such a step
/// it is t. So a step has two links: to the last one that changed its own place, and to the last one before it that
/// changed its partner's.
///
/// Steps are linked in any order. Then the lists of all places are put in order, and then all results may be read.
template <class Link>
struct shuffle_links {
  /// [n]. At first latest[t] = t. Then the head of the list of steps j < t with H(j) = t; once that is in order, the
  /// last of them.
  Link* latest;
  /// [n]. The next step of the list that i is in, behind the last one its place t = H(i) > i. Once the list is in order
  /// that is the last step before i with that partner, or the partner. Where H(i) = i it is i, which is in no list.
  std::int64_t* earlier;

  /// Step i. exchange(link, value) sets a link that other steps may set at the same time, and returns what it was.
  template <class Exchange>
  SAMEBITS_HD void link(std::uint64_t i, std::uint64_t partner, const Exchange& exchange) const {
    const Link before = partner == i ? static_cast<Link>(i) : exchange(latest[partner], static_cast<Link>(i));
    earlier[i] = static_cast<std::int64_t>(before);
  }

  /// Puts the list of place t in order, the last step first. A list has fewer than log n steps on average.
  SAMEBITS_HD void order(std::uint64_t t) const {
    std::uint64_t head = latest[t];
    std::uint64_t end = head;  // of what is in order
    while (end != t && next(end) != t) {
      const std::uint64_t step = next(end);
      if (step < end) {
        end = step;
        continue;
      }
      set_next(end, next(step));
      if (step > head) {
        set_next(step, head);
        head = step;
      } else {
        insert_behind(head, step);
      }
    }
    latest[t] = static_cast<Link>(head);
  }

  /// Element i of the permutation. earlier[i] may be overwritten with it.
  SAMEBITS_HD std::int64_t result(std::uint64_t i) const {
    std::uint64_t j = next(i);
    if (j > i) {
      return static_cast<std::int64_t>(j);  // no step before i changed the partner's place
    }
    while (latest[j] != j) {
      j = latest[j];
    }
    return static_cast<std::int64_t>(j);
  }

 private:
  SAMEBITS_HD std::uint64_t next(std::uint64_t step) const { return static_cast<std::uint64_t>(earlier[step]); }
  SAMEBITS_HD void set_next(std::uint64_t step, std::uint64_t to) const {
    earlier[step] = static_cast<std::int64_t>(to);
  }
  /// A step that is before `other`, and not before the last of the steps in order.
  SAMEBITS_HD void insert_behind(std::uint64_t other, std::uint64_t step) const {
    while (next(other) > step) {
      other = next(other);
    }
    set_next(step, next(other));
    set_next(other, step);
  }
};

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
