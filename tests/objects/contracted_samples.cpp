// Built with -ffp-contract=fast for a machine with fma, in a namespace of its own (SAMEBITS_TARGET).
#include "tests/objects/contracted_samples.hpp"

#include <type_traits>

#include "samebits/core/samplers.hpp"

namespace samebits::tests {
namespace {

template <core::layout Layout, class T, class Sampler>
T sample(const Sampler& sampler, std::uint64_t seed, std::uint64_t task, std::uint64_t i) {
  if constexpr (Layout == core::layout::attempts) {
    core::sample_blocks<double> blocks(seed, task, i);
    return static_cast<T>(sampler.sample(blocks));
  } else {
    constexpr std::uint64_t per_block = 16 / sizeof(T);
    std::uint64_t draws[2];
    core::philox_draws(seed, task, i / per_block, draws);
    std::uint64_t items[2];
    core::block_items<T, double, float>(sampler, draws, items);
    T all[per_block];
    __builtin_memcpy(all, items, sizeof all);
    return all[i % per_block];
  }
}

}  // namespace

bool contracted_samples(const samebits_distribution& d, bool is_float, std::uint64_t seed, std::uint64_t task,
                        std::uint64_t first, std::int64_t n, std::uint64_t* bits) {
  bool done = false;
  core::visit_sampler(d, nullptr, is_float,
                      [&]<core::layout Layout, class T>(core::sampling<Layout, T>, const auto& sampler) {
                        if constexpr (Layout == core::layout::attempts || Layout == core::layout::sixteen_bytes) {
                          for (std::int64_t i = 0; i < n; ++i) {
                            const T x = sample<Layout, T>(sampler, seed, task, first + static_cast<std::uint64_t>(i));
                            bits[i] = 0;
                            __builtin_memcpy(bits + i, &x, sizeof x);
                          }
                          done = true;
                        }
                      });
  return done;
}

bool contracts(double a, double b, double c) { return a * b + c != 0; }

}  // namespace samebits::tests
