// Interleavings of streams with neighbouring names: one sequence of words in which every dependence between those
// streams shows as a dependence between near words.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "samebits/core/philox.hpp"
#include "samebits/stream.hpp"

namespace samebits::tests {

/// How the names of an interleaving's streams follow from its number `base`.
enum class family {
  tasks,             ///< (base, 0), (base, 1), ...
  seeds,             ///< (0, base), (1, base), ...
  weight_one_seeds,  ///< (2^0, base), ..., (2^63, base)
  swapped,           ///< (base, base + 1), (base + 1, base), (base, base + 2), (base + 2, base), ...
  children,          ///< the children 0, 1, ... of (base, 0)
  grandchildren      ///< the same number of children, within one, of each of the first children of (base, 0)
};

inline constexpr std::pair<const char*, family> family_names[] = {
    {"tasks", family::tasks},     {"seeds", family::seeds},       {"weight-one-seeds", family::weight_one_seeds},
    {"swapped", family::swapped}, {"children", family::children}, {"grandchildren", family::grandchildren}};

struct interleaving {
  family kind = family::tasks;
  std::uint64_t n_streams = 2;
  std::uint64_t base = 0;
};

/// Such as "tasks:16:0".
inline std::string name_of(const interleaving& i) {
  std::string name = "?";
  for (const auto& [text, kind] : family_names) {
    name = kind == i.kind ? text : name;
  }
  return name + ":" + std::to_string(i.n_streams) + ":" + std::to_string(i.base);
}

/// Reads FAMILY[:STREAMS[:BASE]].
/// @throws std::invalid_argument
inline interleaving parse_interleaving(const std::string& text) {
  const auto number = [&](std::size_t begin, std::size_t end) {
    const std::string digits = text.substr(begin, end - begin);
    if (digits.empty() || digits.size() > 19 || digits.find_first_not_of("0123456789") != std::string::npos) {
      throw std::invalid_argument("'" + digits + "' in '" + text + "' is not a number below 10^19");
    }
    return static_cast<std::uint64_t>(std::stoull(digits));
  };
  const std::size_t first = std::min(text.find(':'), text.size());
  const std::size_t second = std::min(text.find(':', first + 1), text.size());
  for (const auto& [name, kind] : family_names) {
    if (text.compare(0, first, name) != 0) continue;
    interleaving result;
    result.kind = kind;
    result.n_streams = kind == family::weight_one_seeds ? 64 : 2;
    if (first < text.size()) result.n_streams = number(first + 1, second);
    if (second < text.size()) result.base = number(second + 1, text.size());
    const std::uint64_t most = kind == family::weight_one_seeds ? 64 : std::uint64_t{1} << 24;
    if (result.n_streams < 1 || result.n_streams > most) {
      throw std::invalid_argument("'" + text + "' has " + std::to_string(result.n_streams) + " streams, not 1 to " +
                                  std::to_string(most));
    }
    return result;
  }
  throw std::invalid_argument("'" + text + "' is no interleaving FAMILY[:STREAMS[:BASE]]");
}

inline std::vector<stream_id> streams_of(const interleaving& i) {
  const stream_id root{i.base, 0};
  const auto width = static_cast<std::uint64_t>(std::ceil(std::sqrt(static_cast<double>(i.n_streams))));
  std::vector<stream_id> streams;
  for (std::uint64_t j = 0; j < i.n_streams; ++j) {
    const std::uint64_t other = i.base + 1 + j / 2;
    switch (i.kind) {
      case family::tasks: streams.push_back({i.base, j}); break;
      case family::seeds: streams.push_back({j, i.base}); break;
      case family::weight_one_seeds: streams.push_back({std::uint64_t{1} << j, i.base}); break;
      case family::swapped: streams.push_back(j % 2 == 0 ? stream_id{i.base, other} : stream_id{other, i.base}); break;
      case family::children: streams.push_back(root.child(j)); break;
      case family::grandchildren: streams.push_back(root.child(j / width).child(j % width)); break;
    }
  }
  return streams;
}

/// One block of each stream. `Rounds` other than 10 weaken Philox, for negative controls.
template <int Rounds>
void interleave_blocks(std::span<const stream_id> streams, std::uint64_t block, std::uint32_t* words) {
  const std::size_t m = streams.size();
  for (std::size_t j = 0; j < m; ++j) {
    const auto [seed, task] = streams[j];
    std::uint64_t draws[2];
    if constexpr (Rounds == 10) {
      core::philox_draws(seed, task, block, draws);
    } else {
      std::uint64_t c[4] = {block, block >> 32, task, task >> 32};
      core::philox4x32<Rounds>(c, static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32));
      draws[0] = (c[0] & 0xffffffff) | c[1] << 32;
      draws[1] = (c[2] & 0xffffffff) | c[3] << 32;
    }
    words[j] = static_cast<std::uint32_t>(draws[0]);
    words[m + j] = static_cast<std::uint32_t>(draws[0] >> 32);
    words[2 * m + j] = static_cast<std::uint32_t>(draws[1]);
    words[3 * m + j] = static_cast<std::uint32_t>(draws[1] >> 32);
  }
}

/// The words of m interleaved streams: word t is word t / m of stream t % m.
class interleaved_words {
 public:
  static constexpr int max_rounds = 10;

  explicit interleaved_words(std::vector<stream_id> streams, int rounds = max_rounds)
      : streams_(std::move(streams)), rounds_(rounds) {}

  /// The numbers of words that next() gives are the multiples of this: one block of each stream.
  std::size_t granularity() const { return streams_.size() * core::philox_words_per_block; }

  void next(std::span<std::uint32_t> words) {
    constexpr std::array blocks = {interleave_blocks<1>,         interleave_blocks<2>, interleave_blocks<3>,
                                   interleave_blocks<4>,         interleave_blocks<5>, interleave_blocks<6>,
                                   interleave_blocks<7>,         interleave_blocks<8>, interleave_blocks<9>,
                                   interleave_blocks<max_rounds>};
    if (words.size() % granularity() != 0) throw std::invalid_argument("interleaved_words: not whole blocks");
    for (; !words.empty(); words = words.subspan(granularity())) {
      blocks.at(static_cast<std::size_t>(rounds_ - 1))(streams_, block_++, words.data());
    }
  }

 private:
  std::vector<stream_id> streams_;
  int rounds_;
  std::uint64_t block_ = 0;
};

/// The first n_words words, which must be whole blocks.
inline std::vector<std::uint32_t> words_of(std::vector<stream_id> streams, std::size_t n_words,
                                           int rounds = interleaved_words::max_rounds) {
  std::vector<std::uint32_t> words(n_words);
  interleaved_words(std::move(streams), rounds).next(words);
  return words;
}

}  // namespace samebits::tests
