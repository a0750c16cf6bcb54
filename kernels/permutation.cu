// Permutations on the device: the links between the steps of a shuffle (core/permutation.hpp), with a thread for each
// step or place. Steps enter lists in any order and lists are put in order before they are read, so the result is the
// same.
#include <cstdint>

#include "kernels/device_memory.hpp"
#include "kernels/guard.hpp"
#include "kernels/launch.hpp"
#include "kernels/tables.hpp"
#include "kernels/work_space.hpp"
#include "samebits/core/permutation.hpp"

namespace samebits::kernels {
namespace {

/// Links that the device can exchange at once.
using short_link = unsigned int;
using long_link = unsigned long long;

/// The emulator runs one thread after the other.
struct exchange_at_once {
  template <class Link>
  SAMEBITS_HD Link operator()(Link& link, Link value) const {
#if defined(__CUDA_ARCH__)
    return atomicExch(&link, value);
#else
    const Link before = link;
    link = value;
    return before;
#endif
  }
};

/// Does work(i) for every i below n, a thread each.
template <class Work>
struct element_kernel {
  static constexpr int block_threads = 256;
  using block_memory = no_state;
  using thread_memory = no_state;

  Work work;
  std::int64_t n;

  SAMEBITS_HD int phases() const { return 1; }
  SAMEBITS_HD void run(int, thread_position at, block_memory&, thread_memory&) const {
    const std::int64_t i = global_thread<element_kernel>(at);
    if (i < n) {
      work(static_cast<std::uint64_t>(i));
    }
  }
};

template <class Work>
void for_elements(std::int64_t n, const Work& work) {
  using kernel = element_kernel<Work>;
  launch(kernel{work, n}, blocks_for<kernel>(n));
}

template <class Link>
struct start_work {
  core::shuffle_links<Link> links;

  SAMEBITS_HD void operator()(std::uint64_t t) const { links.latest[t] = static_cast<Link>(t); }
};

template <class Link>
struct link_work {
  core::shuffle_links<Link> links;
  core::philox_keys keys;
  std::uint64_t task;
  std::uint64_t n;

  SAMEBITS_HD void operator()(std::uint64_t i) const {
    links.link(i, core::shuffle_partner(keys, task, i, n), exchange_at_once());
  }
};

template <class Link>
struct order_work {
  core::shuffle_links<Link> links;

  SAMEBITS_HD void operator()(std::uint64_t t) const { links.order(t); }
};

/// A thread reads of `earlier` only what it overwrites.
template <class Link>
struct result_work {
  core::shuffle_links<Link> links;

  SAMEBITS_HD void operator()(std::uint64_t i) const { links.earlier[i] = links.result(i); }
};

/// One kind of links lives where the result will be.
template <class Link>
void permute_device(std::uint64_t seed, std::uint64_t task, std::int64_t n, std::int64_t* out) {
  device_array<Link> latest;
  latest.make_room(n);
  const core::shuffle_links<Link> links{latest.data(), out};
  for_elements(n, start_work<Link>{links});
  for_elements(n, link_work<Link>{links, core::philox_keys(seed), task, static_cast<std::uint64_t>(n)});
  for_elements(n, order_work<Link>{links});
  for_elements(n, result_work<Link>{links});
}

}  // namespace

samebits_status permute(samebits_call* call, std::uint64_t seed, std::uint64_t task, std::int64_t n,
                        std::int64_t* out) {
  return guarded(call, [&] {
    device_output<std::int64_t>(out, n).piece(0, n, [&](std::int64_t* data) {
      n <= short_links ? permute_device<short_link>(seed, task, n, data)
                       : permute_device<long_link>(seed, task, n, data);
    });
  });
}

}  // namespace samebits::kernels
