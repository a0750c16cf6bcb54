// Kernels as classes, and two ways to launch them: on a GPU, or thread by thread in the block emulator.
//
// A kernel is a trivially copyable class whose members are its arguments:
//
//   struct example_kernel {
//     static constexpr int block_threads = 128;
//     struct block_memory { ... };   // one per block
//     struct thread_memory { ... };  // one per thread, kept from phase to phase
//     SAMEBITS_HD int phases() const;
//     SAMEBITS_HD void run(int phase, thread_position at, block_memory&, thread_memory&) const;
//   };
//
// A barrier lies between two phases, and only there: within a phase, threads of a block must not read what others
// write. Neither memory starts with a known value. The same source runs both ways: the emulator needs no GPU and no
// CUDA, works under sanitizers, and proves the indexing and the order of every sum.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <type_traits>

#include "samebits/core/value.hpp"

#if defined(__CUDACC__)
#include "kernels/cuda_error.hpp"
#else
#include <cstring>
#include <memory>
#endif

namespace samebits::kernels {

struct thread_position {
  std::int64_t block;
  int thread;  // in its block
};

/// For kernels that need no such memory.
struct no_state {};

/// A thread's number in the whole grid.
template <class Kernel>
SAMEBITS_HD constexpr std::int64_t global_thread(const thread_position& at) {
  return at.block * Kernel::block_threads + at.thread;
}

/// Blocks that n_threads threads fill.
template <class Kernel>
constexpr std::int64_t blocks_for(std::int64_t n_threads) {
  return (n_threads + Kernel::block_threads - 1) / Kernel::block_threads;
}

/// What every device that the kernels are made for has for a block (compute capability 8.6 has the least), aligned as
/// the launch aligns it.
template <class Memory>
inline constexpr bool fits_block = sizeof(Memory) <= (99 << 10) && alignof(Memory) <= 16;

#if defined(__CUDACC__)

/// Bytes of block memory that a launch has to ask for: more than this the compiler cannot set aside by itself.
template <class Kernel>
inline constexpr std::size_t large_memory_bytes = sizeof(typename Kernel::block_memory) > (48 << 10)
                                                      ? sizeof(typename Kernel::block_memory)
                                                      : 0;

template <class Kernel>
__device__ typename Kernel::block_memory& memory_of_block() {
  if constexpr (large_memory_bytes<Kernel> != 0) {
    extern __shared__ __align__(16) unsigned char large_memory[];
    return *reinterpret_cast<typename Kernel::block_memory*>(large_memory);
  } else {
    __shared__ typename Kernel::block_memory memory;
    return memory;
  }
}

template <class Kernel>
__global__ void __launch_bounds__(Kernel::block_threads) run_kernel(const __grid_constant__ Kernel kernel) {
  typename Kernel::block_memory& shared = memory_of_block<Kernel>();
  typename Kernel::thread_memory local;
  const thread_position at{blockIdx.x, static_cast<int>(threadIdx.x)};
  const int phases = kernel.phases();
  for (int phase = 0; phase < phases; ++phase) {
    if (phase > 0) {
      __syncthreads();
    }
    kernel.run(phase, at, shared, local);
  }
}

/// Runs n_blocks blocks of the kernel, after everything launched or copied before by this host thread.
template <class Kernel>
void launch(const Kernel& kernel, std::int64_t n_blocks) {
  static_assert(std::is_trivially_copyable_v<Kernel> && fits_block<typename Kernel::block_memory>);
  constexpr std::int64_t most_blocks = 0x7fffffff;
  if (n_blocks > most_blocks) {
    throw std::runtime_error("a kernel would need more blocks than a grid has");
  }
  if (n_blocks > 0) {
    constexpr std::size_t bytes = large_memory_bytes<Kernel>;
    if constexpr (bytes != 0) {
      check(cudaFuncSetAttribute(run_kernel<Kernel>, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes),
            "asking for the shared memory of a kernel");
    }
    run_kernel<<<static_cast<unsigned>(n_blocks), Kernel::block_threads, bytes, stream>>>(kernel);
    check(cudaGetLastError(), "a kernel launch");
  }
}

#else

/// The block emulator: block after block, phase after phase, thread after thread. Memory that a GPU would hand out with
/// rubbish holds NaNs, and threads take turns backwards in every other phase, so that code which leans on an order
/// within a phase is found out.
template <class Kernel>
void launch(const Kernel& kernel, std::int64_t n_blocks) {
  using block_memory = typename Kernel::block_memory;
  using thread_memory = typename Kernel::thread_memory;
  static_assert(std::is_trivially_copyable_v<Kernel> && std::is_trivially_copyable_v<block_memory> &&
                std::is_trivially_copyable_v<thread_memory> && fits_block<block_memory>);
  constexpr int n_threads = Kernel::block_threads;
  constexpr int rubbish = 0xff;
  const auto shared = std::make_unique<block_memory>();
  const auto locals = std::make_unique<thread_memory[]>(n_threads);
  const int phases = kernel.phases();
  for (std::int64_t block = 0; block < n_blocks; ++block) {
    std::memset(static_cast<void*>(shared.get()), rubbish, sizeof(block_memory));
    std::memset(static_cast<void*>(locals.get()), rubbish, sizeof(thread_memory) * n_threads);
    for (int phase = 0; phase < phases; ++phase) {
      const bool backwards = (block + phase) % 2 != 0;
      for (int i = 0; i < n_threads; ++i) {
        const int thread = backwards ? n_threads - 1 - i : i;
        kernel.run(phase, thread_position{block, thread}, *shared, locals.get()[thread]);
      }
    }
  }
}

#endif

}  // namespace samebits::kernels
