// Bulk fills from a stream on the CPU. Sequences are laid out by blocks of 16 bytes: block b of the stream is bytes
// 16 b .. 16 b + 15 of the sequence, so any range is whole blocks and at most two cut ones.
#include <cstring>

#include "cpu/pack.hpp"
#include "cpu/parallel.hpp"
#include "cpu/tables.hpp"
#include "samebits/core/distributions.hpp"
#include "samebits/core/philox.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {
namespace {

constexpr std::int64_t block_bytes = 16;
constexpr std::int64_t task_blocks = 1 << 14;

struct fill_job {
  std::uint64_t seed;
  std::uint64_t task;
  std::uint64_t first_byte;  // of the sequence
  std::int64_t n_bytes;
  unsigned char* out;
};

template <sequence Kind, class V>
SAMEBITS_INLINE void make_items(const fill_job& job, std::uint64_t block, bits_t<V> (&items)[2]) {
  bits_t<V> draws[2];
  philox_draws(job.seed, job.task, consecutive<V>(block), draws);
  sequence_items<Kind, V>(draws, items);
}

/// Writes the part of one block that lies in the range.
template <sequence Kind>
void fill_cut_block(const fill_job& job, std::uint64_t block) {
  std::uint64_t items[2];
  make_items<Kind, double>(job, block, items);
  unsigned char bytes[block_bytes];
  std::memcpy(bytes, items, block_bytes);
  const std::int64_t at = static_cast<std::int64_t>(block * block_bytes - job.first_byte);  // < 0 in the first block
  const std::int64_t skipped = at < 0 ? -at : 0;
  const std::int64_t end = at + block_bytes > job.n_bytes ? job.n_bytes - at : block_bytes;
  std::memcpy(job.out + at + skipped, bytes + skipped, static_cast<std::size_t>(end - skipped));
}

template <sequence Kind>
void fill_blocks(void* context, std::int64_t index, int) {
  using V = pack<double>;
  constexpr std::int64_t width = value_traits<V>::width;
  const fill_job& job = *static_cast<const fill_job*>(context);
  const std::uint64_t end_block =
      (job.first_byte + static_cast<std::uint64_t>(job.n_bytes) + block_bytes - 1) / block_bytes;
  std::uint64_t block = job.first_byte / block_bytes + static_cast<std::uint64_t>(index * task_blocks);
  const std::uint64_t last = end_block - block < std::uint64_t{task_blocks} ? end_block : block + task_blocks;
  while (block < last) {
    const std::int64_t at = static_cast<std::int64_t>(block * block_bytes - job.first_byte);
    if (at < 0 || at + width * block_bytes > job.n_bytes || block + width > last) {
      fill_cut_block<Kind>(job, block);
      ++block;
      continue;
    }
    bits_t<V> items[2];
    make_items<Kind, V>(job, block, items);
    store_pairs(job.out + at, items[0], items[1]);
    block += width;
  }
}

template <sequence Kind>
void run_fill(int n_threads, fill_job& job) {
  const std::uint64_t offset = job.first_byte % block_bytes;
  const std::int64_t n_blocks = (static_cast<std::int64_t>(offset) + job.n_bytes + block_bytes - 1) / block_bytes;
  cpu::parallel_for(n_threads, (n_blocks + task_blocks - 1) / task_blocks, fill_blocks<Kind>, &job);
}

}  // namespace

samebits_status fill(samebits_call* call, samebits_fill_kind kind, std::uint64_t seed, std::uint64_t task,
                     std::uint64_t first, std::int64_t n, void* out) {
  const std::int64_t size = kind == samebits_kind_words ? 4 : 8;
  fill_job job{seed, task, first * static_cast<std::uint64_t>(size), n * size, static_cast<unsigned char*>(out)};
  switch (kind) {
    case samebits_kind_words: run_fill<sequence::words>(call->n_threads, job); break;
    case samebits_kind_uniform: run_fill<sequence::uniform>(call->n_threads, job); break;
    case samebits_kind_normal: run_fill<sequence::normal>(call->n_threads, job); break;
  }
  return SAMEBITS_OK;
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
