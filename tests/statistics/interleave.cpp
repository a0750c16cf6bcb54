// Writes the words of an interleaving to standard output, raw, as 32-bit little-endian words, for external batteries.
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>

#include "tests/statistics/interleaving.hpp"

static_assert(std::endian::native == std::endian::little);

namespace samebits::tests {
namespace {

constexpr const char* usage =
    "usage: samebits_interleave FAMILY[:STREAMS[:BASE]] [--words N] [--rounds R]\n"
    "\n"
    "Writes 32-bit little-endian words until N are written or nobody reads on. Word t is word t / STREAMS of stream\n"
    "t % STREAMS; the streams (seed, task) are\n"
    "  tasks             (BASE, 0), (BASE, 1), ...\n"
    "  seeds             (0, BASE), (1, BASE), ...\n"
    "  weight-one-seeds  (2^0, BASE), ..., (2^63, BASE)\n"
    "  swapped           (BASE, BASE + 1), (BASE + 1, BASE), (BASE, BASE + 2), (BASE + 2, BASE), ...\n"
    "  children          the children of (BASE, 0)\n"
    "  grandchildren     children of the children of (BASE, 0)\n"
    "STREAMS is 2 (weight-one-seeds: 64) and BASE 0 where not given. Fewer than 10 rounds weaken the generator: a\n"
    "battery should notice.\n";

/// False when the reader has gone.
bool write_all(std::span<const std::uint32_t> words) {
  return std::fwrite(words.data(), sizeof(std::uint32_t), words.size(), stdout) == words.size();
}

int run(int argc, char** argv) {
  interleaving chosen;
  std::uint64_t n_words = ~std::uint64_t{0};
  int rounds = interleaved_words::max_rounds;
  if (argc == 2 && std::strcmp(argv[1], "--help") == 0) {
    std::fputs(usage, stdout);
    return 0;
  }
  if (argc % 2 != 0) throw std::invalid_argument("wrong number of arguments");
  chosen = parse_interleaving(argv[1]);
  for (int i = 2; i < argc; i += 2) {
    char* end = argv[i + 1];
    const unsigned long long value = *end >= '0' && *end <= '9' ? std::strtoull(end, &end, 10) : 0;
    if (std::strcmp(argv[i], "--words") == 0 && value > 0 && *end == 0) {
      n_words = value;
    } else if (std::strcmp(argv[i], "--rounds") == 0 && value > 0 && value <= interleaved_words::max_rounds &&
               *end == 0) {
      rounds = static_cast<int>(value);
    } else {
      throw std::invalid_argument(std::string("not understood: ") + argv[i] + " " + argv[i + 1]);
    }
  }

  interleaved_words source(streams_of(chosen), rounds);
  const std::size_t least = std::size_t{1} << 14;
  std::vector<std::uint32_t> words((least + source.granularity() - 1) / source.granularity() * source.granularity());
  for (std::uint64_t left = n_words; left > 0;) {
    const std::size_t n = static_cast<std::size_t>(std::min<std::uint64_t>(left, words.size()));
    source.next(words);
    if (!write_all({words.data(), n})) return 1;
    left -= n;
  }
  return std::fflush(stdout) == 0 ? 0 : 1;
}

}  // namespace
}  // namespace samebits::tests

int main(int argc, char** argv) {
  try {
    return samebits::tests::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "samebits_interleave: %s\n%s", error.what(), samebits::tests::usage);
    return 2;
  }
}
