// The block emulator itself: geometry, barriers, and memory that starts with rubbish.
#include "kernels/launch.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "kernels/emulated_memory.hpp"

namespace samebits::kernels {
namespace {

// ---- geometry ------------------------------------------------------------------------------------------------------

/// Counts how often every thread of the grid runs.
template <int BlockThreads>
struct counting_kernel {
  static constexpr int block_threads = BlockThreads;
  using block_memory = no_state;
  using thread_memory = no_state;

  int* visits;

  int phases() const { return 1; }
  void run(int, thread_position at, block_memory&, thread_memory&) const {
    ++visits[global_thread<counting_kernel>(at)];
  }
};

template <int BlockThreads>
void expect_one_visit_each(std::int64_t n_blocks) {
  std::vector<int> visits(static_cast<std::size_t>(n_blocks * BlockThreads));
  launch(counting_kernel<BlockThreads>{visits.data()}, n_blocks);
  EXPECT_EQ(visits, std::vector<int>(visits.size(), 1)) << n_blocks << " blocks of " << BlockThreads;
}

TEST(launch, runs_every_thread_once) {
  for (const std::int64_t n_blocks : {0, 1, 2, 3, 7, 31, 100}) {
    expect_one_visit_each<1>(n_blocks);
    expect_one_visit_each<3>(n_blocks);
    expect_one_visit_each<64>(n_blocks);
    expect_one_visit_each<129>(n_blocks);
  }
}

TEST(launch, blocks_for_is_the_smallest_grid_that_holds_the_threads) {
  using kernel = counting_kernel<64>;
  EXPECT_EQ(blocks_for<kernel>(0), 0);
  EXPECT_EQ(blocks_for<kernel>(1), 1);
  EXPECT_EQ(blocks_for<kernel>(64), 1);
  EXPECT_EQ(blocks_for<kernel>(65), 2);
  EXPECT_EQ(blocks_for<kernel>(std::int64_t{1} << 40), std::int64_t{1} << 34);
}

// ---- barriers ------------------------------------------------------------------------------------------------------

/// Passes values around a ring of threads: in each round every thread writes its value and then takes its neighbour's.
struct ring_kernel {
  static constexpr int block_threads = 37;
  struct block_memory {
    std::int64_t slots[block_threads];
  };
  struct thread_memory {
    std::int64_t value;
  };

  int rounds;
  std::int64_t* out;

  int phases() const { return 2 * rounds; }
  void run(int phase, thread_position at, block_memory& shared, thread_memory& local) const {
    const std::int64_t self = global_thread<ring_kernel>(at);
    if (phase == 0) {
      local.value = self;
    }
    if (phase % 2 == 0) {
      shared.slots[at.thread] = local.value;
      return;
    }
    local.value = shared.slots[(at.thread + 1) % block_threads];
    out[self] = local.value;
  }
};

TEST(launch, a_phase_sees_all_writes_of_the_phase_before) {
  constexpr std::int64_t n_blocks = 5;
  constexpr int n_threads = ring_kernel::block_threads;
  for (const int rounds : {1, 2, 36, 37, 50}) {
    std::vector<std::int64_t> out(n_blocks * n_threads);
    launch(ring_kernel{rounds, out.data()}, n_blocks);
    for (std::int64_t i = 0; i < n_blocks * n_threads; ++i) {
      const std::int64_t block = i / n_threads;
      ASSERT_EQ(out[static_cast<std::size_t>(i)], block * n_threads + (i + rounds - block * n_threads) % n_threads)
          << "thread " << i << " after " << rounds << " rounds";
    }
  }
}

/// Wrong on purpose: reads within a phase what another thread writes in it.
struct racing_kernel {
  static constexpr int block_threads = 8;
  struct block_memory {
    std::int64_t slots[block_threads];
  };
  using thread_memory = no_state;

  std::int64_t* out;

  int phases() const { return 1; }
  void run(int, thread_position at, block_memory& shared, thread_memory&) const {
    shared.slots[at.thread] = at.thread;
    const int neighbour = at.thread == 0 ? 0 : at.thread - 1;
    out[global_thread<racing_kernel>(at)] = shared.slots[neighbour];
  }
};

TEST(launch, finds_out_code_that_leans_on_an_order_within_a_phase) {
  std::vector<std::int64_t> out(2 * racing_kernel::block_threads);
  launch(racing_kernel{out.data()}, 2);
  const std::size_t last = racing_kernel::block_threads - 1;
  EXPECT_EQ(out[last], racing_kernel::block_threads - 2);                                 // by luck
  EXPECT_NE(out[racing_kernel::block_threads + last], racing_kernel::block_threads - 2);  // the other way round
}

// ---- memory --------------------------------------------------------------------------------------------------------

/// Reports what it finds in its memory, and leaves something else there for the next block.
struct finding_kernel {
  static constexpr int block_threads = 4;
  struct block_memory {
    double values[block_threads];
  };
  struct thread_memory {
    double value;
  };

  double* found_shared;
  double* found_local;

  int phases() const { return 1; }
  void run(int, thread_position at, block_memory& shared, thread_memory& local) const {
    const std::int64_t self = global_thread<finding_kernel>(at);
    found_shared[self] = shared.values[at.thread];
    found_local[self] = local.value;
    shared.values[at.thread] = 1.0;
    local.value = 1.0;
  }
};

TEST(launch, memory_starts_as_not_a_number_in_every_block) {
  std::vector<double> shared(3 * finding_kernel::block_threads);
  std::vector<double> local(shared.size());
  launch(finding_kernel{shared.data(), local.data()}, 3);
  for (std::size_t i = 0; i < shared.size(); ++i) {
    EXPECT_TRUE(std::isnan(shared[i])) << "shared, thread " << i;
    EXPECT_TRUE(std::isnan(local[i])) << "local, thread " << i;
  }
}

// ---- memory of the devices -----------------------------------------------------------------------------------------

/// Allocates on the first device, and reads while a call of some device runs.
void read_during_call_of(int device) {
  emulated_memory& memory = emulated_memory::instance();
  memory.begin_call(0);
  const volatile char* const address = static_cast<char*>(memory.allocate(1));
  memory.end_call(0);
  memory.begin_call(device);
  std::exit(*address == char(-1) ? 0 : 1);
}

TEST(emulated_memory_of_a_device, is_for_calls_of_that_device) {
  EXPECT_EXIT(read_during_call_of(0), testing::ExitedWithCode(0), "");
  EXPECT_DEATH(read_during_call_of(1), "");
}

TEST(emulated_memory_of_a_device, is_known) {
  emulated_memory& memory = emulated_memory::instance();
  current_device = 2;
  memory.begin_call(2);
  char* const start = static_cast<char*>(memory.allocate(10));
  memory.end_call(2);
  current_device = 0;

  EXPECT_EQ(memory.device_of(start), 2);
  EXPECT_EQ(memory.device_of(start + 9), 2);
  EXPECT_EQ(memory.device_of(start + 10), no_device);
  EXPECT_EQ(memory.device_of(&memory), no_device);
  memory.release(start);
  EXPECT_EQ(memory.device_of(start), no_device);
}

}  // namespace
}  // namespace samebits::kernels
