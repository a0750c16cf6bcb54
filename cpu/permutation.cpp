// Permutations on the CPU: the host's, step by step. Threads would need the links of core/permutation.hpp, more memory
// and several passes over it.
#include "cpu/permutation.hpp"

#include <span>

#include "samebits/permutation.hpp"

namespace samebits::cpu {

samebits_status permute(samebits_call*, std::uint64_t seed, std::uint64_t task, std::int64_t n, std::int64_t* out) {
  permutation({seed, task}, std::span(out, static_cast<std::size_t>(n)));
  return SAMEBITS_OK;
}

}  // namespace samebits::cpu
