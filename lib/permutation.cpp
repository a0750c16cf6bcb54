#include "samebits/permutation.hpp"

#include <bit>
#include <cstddef>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "lib/call.hpp"
#include "lib/random.hpp"
#include "samebits/distributions.hpp"
#include "samebits/error.hpp"

namespace samebits {
namespace {

/// An array 0, 1, 2, ... of which few elements change: a hash table of those that did.
class sparse_array {
 public:
  explicit sparse_array(std::size_t max_changes)
      : shift_(64 - static_cast<int>(std::bit_width(2 * max_changes + 1))),
        slots_(std::size_t{1} << (64 - shift_), slot{empty, 0}) {}

  std::int64_t operator[](std::int64_t i) const {
    const slot& s = slots_[find(i)];
    return s.index == empty ? i : s.value;
  }

  void set(std::int64_t i, std::int64_t value) { slots_[find(i)] = {i, value}; }

 private:
  static constexpr std::int64_t empty = -1;

  struct slot {
    std::int64_t index;
    std::int64_t value;
  };

  /// Where `i` is or belongs. At least half of the slots are empty.
  std::size_t find(std::int64_t i) const {
    std::size_t at = static_cast<std::size_t>(static_cast<std::uint64_t>(i) * 0x9e3779b97f4a7c15 >> shift_);
    while (slots_[at].index != empty && slots_[at].index != i) {
      at = (at + 1) & (slots_.size() - 1);
    }
    return at;
  }

  int shift_;
  std::vector<slot> slots_;
};

void require_population(std::int64_t n) {
  if (n < 1) {
    throw invalid_argument("bootstrap_indices: n is " + std::to_string(n) + " but must be positive");
  }
}

}  // namespace

void permutation(stream_id stream, std::span<std::int64_t> out) {
  std::iota(out.begin(), out.end(), std::int64_t{0});
  shuffle(stream, out);
}

void permutation(const context& ctx, stream_id stream, std::span<std::int64_t> out) {
  if (out.empty()) {
    return;
  }
  samebits_call call = make_call(ctx);
  const auto n = static_cast<std::int64_t>(out.size());
  require_ok(ctx.table()->permute(&call, stream.seed, stream.task, n, out.data()), call, "permutation");
}

void sample_without_replacement(stream_id stream, std::int64_t n, std::span<std::int64_t> out) {
  if (n < 0) {
    throw invalid_argument("sample_without_replacement: n is " + std::to_string(n) + " but must not be negative");
  }
  if (out.size() > static_cast<std::uint64_t>(n)) {
    throw invalid_argument("sample_without_replacement: out has " + std::to_string(out.size()) + " elements but n is " +
                           std::to_string(n));
  }
  // A plain array takes at most the memory of the table, and less time.
  if (static_cast<std::uint64_t>(n) / 4 <= out.size()) {
    std::vector<std::int64_t> all(static_cast<std::size_t>(n));
    std::iota(all.begin(), all.end(), std::int64_t{0});
    const auto fetch = [&](std::uint64_t j) { __builtin_prefetch(&all[j], 1); };
    const auto exchange = [&](std::uint64_t i, std::uint64_t j) {
      std::swap(all[i], all[j]);
      out[i] = all[i];
    };
    core::for_shuffle_steps(stream.seed, stream.task, out.size(), all.size(), fetch, exchange);
    return;
  }
  sparse_array all(out.size());
  for (std::size_t k = 0; k < out.size(); ++k) {
    const std::int64_t i = static_cast<std::int64_t>(k);
    const std::int64_t j =
        static_cast<std::int64_t>(core::shuffle_partner(stream.seed, stream.task, k, static_cast<std::uint64_t>(n)));
    out[k] = all[j];
    all.set(j, all[i]);  // nothing looks at i again
  }
}

void bootstrap_indices(stream_id stream, std::int64_t n, std::uint64_t first, std::span<std::int64_t> out) {
  require_population(n);
  for (std::size_t i = 0; i < out.size(); ++i) {
    std::uint64_t draws[2];
    core::philox_draws(stream.seed, stream.task, first + i, draws);
    out[i] = static_cast<std::int64_t>(core::bounded_integer(draws, static_cast<std::uint64_t>(n)));
  }
}

void bootstrap_indices(const context& ctx, stream_id stream, std::int64_t n, std::uint64_t first,
                       std::span<std::int64_t> out) {
  require_population(n);
  fill_named("bootstrap_indices", ctx, dist::integers{static_cast<std::uint64_t>(n)}, stream, first, out.size(),
             SAMEBITS_UINT64, out.data());
}

}  // namespace samebits
