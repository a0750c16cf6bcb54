// The order of copies and work in staged_copy.hpp, on a model of a device: two queues that go on by themselves, in any
// way that the waits between them allow.
#include "kernels/staged_copy.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/copy_lane.hpp"

namespace samebits::kernels {
namespace {

// ---- the model -----------------------------------------------------------------------------------------------------

/// Which of the queues goes on without being waited for.
enum class habit { neither, copies_first, work_first, by_chance };

/// The waits that a lane may forget, for the tests of the test.
enum class forgotten { nothing, follow_work, lead_work, wait_copy, wait };

/// What a queue does, one after the other.
struct command {
  std::function<bool()> may_start;
  std::function<void()> run;
};

class device_model {
 public:
  static constexpr int work = 0;
  static constexpr int copies = 1;

  device_model(habit h, std::uint32_t seed) : habit_(h), random_(seed * 2654435761U + 1) {}

  void ask(int queue, const std::function<void()>& run) {
    ask_when(
        queue, [] { return true; }, run);
  }
  /// How many commands of a queue were asked for, and done.
  std::size_t asked(int queue) const { return done_[queue] + queues_[queue].size(); }
  std::size_t done(int queue) const { return done_[queue]; }
  void ask_to_wait(int queue, int for_queue, std::size_t number) {
    ask_when(
        queue, [this, for_queue, number] { return done_[for_queue] >= number; }, [] {});
  }

  /// The host waits.
  void wait(int queue, std::size_t number) {
    while (done_[queue] < number) {
      if (!step(queue) && !step(1 - queue)) {
        throw std::logic_error("the queues wait for each other");
      }
    }
  }

 private:
  void ask_when(int queue, const std::function<bool()>& may_start, const std::function<void()>& run) {
    queues_[queue].push_back({may_start, run});
    go_on();
  }

  bool step(int queue) {
    if (queues_[queue].empty() || !queues_[queue].front().may_start()) {
      return false;
    }
    const command first = queues_[queue].front();
    queues_[queue].pop_front();
    first.run();
    ++done_[queue];
    return true;
  }

  void go_on() {
    if (habit_ == habit::by_chance) {
      for (std::uint32_t n = next_random() % 4; n > 0; --n) {
        step(static_cast<int>(next_random() % 2));
      }
    } else if (habit_ != habit::neither) {
      while (step(habit_ == habit::copies_first ? copies : work)) {
      }
    }
  }
  std::uint32_t next_random() {
    random_ = random_ * 1664525U + 1013904223U;
    return random_ >> 16;
  }

  habit habit_;
  std::uint32_t random_;
  std::deque<command> queues_[2];
  std::size_t done_[2] = {};
};

/// What the lanes of a test work on.
struct model_machine {
  device_model* device;
  forgotten forgets;
  bool has_buffers;
};
model_machine machine;

class model_lane {
 public:
  static constexpr std::size_t buffer_bytes = 8;

  model_lane() : buffers_(2 * buffer_bytes) {}
  ~model_lane() { machine.device->wait(device_model::copies, machine.device->asked(device_model::copies)); }
  model_lane(const model_lane&) = delete;
  model_lane& operator=(const model_lane&) = delete;

  void start(void* to, const void* from, std::size_t bytes) {
    machine.device->ask(device_model::copies, [=] { std::memcpy(to, from, bytes); });
  }
  void mark_work(int turn) { work_[turn] = machine.device->asked(device_model::work); }
  void follow_work(int turn) {
    if (machine.forgets != forgotten::follow_work) {
      machine.device->ask_to_wait(device_model::copies, device_model::work, work_[turn]);
    }
  }
  void lead_work() {
    if (machine.forgets != forgotten::lead_work) {
      machine.device->ask_to_wait(device_model::work, device_model::copies,
                                  machine.device->asked(device_model::copies));
    }
  }
  void mark_copy(int turn) { copies_[turn] = machine.device->asked(device_model::copies); }
  void wait_copy(int turn) {
    if (machine.forgets != forgotten::wait_copy) {
      machine.device->wait(device_model::copies, copies_[turn]);
    }
  }
  void wait() {
    if (machine.forgets != forgotten::wait) {
      machine.device->wait(device_model::copies, machine.device->asked(device_model::copies));
    }
  }
  std::byte* buffer(int turn) { return machine.has_buffers ? buffers_.data() + turn * buffer_bytes : nullptr; }

 private:
  std::vector<std::byte> buffers_;
  std::size_t work_[2] = {};
  std::size_t copies_[2] = {};
};

// ---- arrays through it
// -----------------------------------------------------------------------------------------------

using numbers = std::vector<std::int32_t>;

numbers counted(std::size_t n) {
  numbers counted(n);
  std::iota(counted.begin(), counted.end(), 1);
  return counted;
}

constexpr std::size_t bytes_of(std::size_t n) { return n * sizeof(std::int32_t); }

/// A "kernel" reads every piece where it was brought to.
numbers uploaded(const numbers& host, std::size_t step, bool is_direct) {
  numbers seen(host.size());
  numbers buffers[2] = {numbers(step, -1), numbers(step, -1)};
  {
    staged_upload<model_lane> upload(buffers[0].data(), buffers[1].data(), is_direct);
    for (std::size_t first = 0; first < host.size(); first += step) {
      const std::size_t n = std::min(step, host.size() - first);
      const void* const piece = upload.bring(host.data() + first, bytes_of(n));
      std::int32_t* const to = seen.data() + first;
      machine.device->ask(device_model::work, [=] { std::memcpy(to, piece, bytes_of(n)); });
    }
  }
  machine.device->wait(device_model::work, machine.device->asked(device_model::work));
  return seen;
}

/// A "kernel" makes every piece.
numbers downloaded(const numbers& made, std::size_t step, bool is_direct) {
  numbers host(made.size(), -1);
  numbers buffers[2] = {numbers(step, -2), numbers(step, -2)};
  staged_download<model_lane> download(buffers[0].data(), buffers[1].data(), is_direct);
  for (std::size_t first = 0; first < made.size(); first += step) {
    const std::size_t n = std::min(step, made.size() - first);
    download.take(host.data() + first, bytes_of(n), [&](void* piece) {
      const std::int32_t* const from = made.data() + first;
      machine.device->ask(device_model::work, [=] { std::memcpy(piece, from, bytes_of(n)); });
    });
  }
  download.finish();
  return host;
}

using transfer = numbers (*)(const numbers&, std::size_t, bool);

/// Any sizes, in all habits: is what arrives what was sent?
bool arrives(transfer through, bool is_direct, bool has_buffers, forgotten forgets) {
  for (const habit h : {habit::neither, habit::copies_first, habit::work_first, habit::by_chance}) {
    for (std::uint32_t seed = 0; seed < (h == habit::by_chance ? 20U : 1U); ++seed) {
      for (const std::size_t n : {1, 2, 3, 5, 6, 7, 12, 13, 40}) {
        for (const std::size_t step : {1, 2, 3, 5, 6}) {
          device_model device(h, seed);
          machine = {&device, forgets, has_buffers};
          const numbers sent = counted(n);
          const numbers arrived = through(sent, step, is_direct);
          if (arrived != sent) {
            return false;
          }
        }
      }
    }
  }
  return true;
}

TEST(staged_copy, uploads_arrive_whatever_the_queues_do) {
  EXPECT_TRUE(arrives(uploaded, false, true, forgotten::nothing));
  EXPECT_TRUE(arrives(uploaded, true, true, forgotten::nothing));
  EXPECT_TRUE(arrives(uploaded, false, false, forgotten::nothing)) << "without buffers of the host";
}

TEST(staged_copy, downloads_arrive_whatever_the_queues_do) {
  EXPECT_TRUE(arrives(downloaded, false, true, forgotten::nothing));
  EXPECT_TRUE(arrives(downloaded, true, true, forgotten::nothing));
  EXPECT_TRUE(arrives(downloaded, false, false, forgotten::nothing)) << "without buffers of the host";
}

TEST(staged_copy, every_wait_is_needed) {
  for (const bool is_direct : {false, true}) {
    EXPECT_FALSE(arrives(uploaded, is_direct, true, forgotten::follow_work));
    EXPECT_FALSE(arrives(uploaded, is_direct, true, forgotten::lead_work));
    EXPECT_FALSE(arrives(downloaded, is_direct, true, forgotten::follow_work));
  }
  EXPECT_FALSE(arrives(uploaded, false, true, forgotten::wait_copy));
  EXPECT_FALSE(arrives(downloaded, false, true, forgotten::wait_copy));
  EXPECT_FALSE(arrives(downloaded, true, true, forgotten::wait));
}

// ---- what overlaps
// ---------------------------------------------------------------------------------------------------

TEST(staged_copy, the_next_piece_comes_while_work_on_the_one_before_is_under_way) {
  device_model device(habit::copies_first, 0);
  machine = {&device, forgotten::nothing, true};
  const numbers host = counted(6);
  numbers buffers[2] = {numbers(2, -1), numbers(2, -1)};
  staged_upload<model_lane> upload(buffers[0].data(), buffers[1].data(), true);
  const auto ask_for_work = [&] { device.ask(device_model::work, [] {}); };

  upload.bring(host.data(), bytes_of(2));
  ask_for_work();
  const void* const second = upload.bring(host.data() + 2, bytes_of(2));
  ask_for_work();
  const numbers on_device(static_cast<const std::int32_t*>(second), static_cast<const std::int32_t*>(second) + 2);
  const void* const third = upload.bring(host.data() + 4, bytes_of(2));

  EXPECT_EQ(on_device, (numbers{3, 4}));  // no work has been done
  EXPECT_NE(third, second);
  EXPECT_EQ(*static_cast<const std::int32_t*>(third), 1) << "the first piece is still to be worked on";
}

TEST(staged_copy, a_piece_is_fetched_while_the_next_one_is_made) {
  device_model device(habit::neither, 0);
  machine = {&device, forgotten::nothing, true};
  std::int32_t buffers[2] = {};
  std::int32_t host[2] = {};
  bool is_made[2] = {};
  staged_download<model_lane> download(&buffers[0], &buffers[1], false);
  const auto take = [&](int i) {
    download.take(&host[i], sizeof(host[i]), [&](void* piece) {
      device.ask(device_model::work, [&is_made, piece, i] {
        *static_cast<std::int32_t*>(piece) = i + 7;
        is_made[i] = true;
      });
    });
  };

  take(0);
  EXPECT_FALSE(is_made[0]);
  take(1);

  EXPECT_EQ(host[0], 7);
  EXPECT_FALSE(is_made[1]);
}

// ---- errors
// ----------------------------------------------------------------------------------------------------------

TEST(staged_copy, no_copy_is_under_way_after_an_error) {
  for (const bool is_direct : {false, true}) {
    device_model device(habit::neither, 0);
    machine = {&device, forgotten::nothing, true};
    const numbers host = counted(6);
    numbers buffers[2] = {numbers(3), numbers(3)};

    EXPECT_THROW(
        {
          staged_upload<model_lane> upload(buffers[0].data(), buffers[1].data(), is_direct);
          upload.bring(host.data(), bytes_of(3));
          upload.bring(host.data() + 3, bytes_of(3));
          throw std::runtime_error("a kernel launch failed");
        },
        std::runtime_error);

    EXPECT_EQ(device.done(device_model::copies), device.asked(device_model::copies));
  }
}

TEST(staged_copy, pieces_before_a_failure_arrive) {
  device_model device(habit::neither, 0);
  machine = {&device, forgotten::nothing, true};
  numbers buffers[2] = {numbers(3), numbers(3)};
  numbers host(9, -1);
  staged_download<model_lane> download(buffers[0].data(), buffers[1].data(), false);
  const auto make = [&](void* piece) {
    device.ask(device_model::work, [piece] { std::memset(piece, 0, bytes_of(3)); });
  };

  download.take(host.data(), bytes_of(3), make);
  EXPECT_THROW(download.take(host.data() + 3, bytes_of(3), [](void*) { throw std::runtime_error("no launch"); }),
               std::runtime_error);
  download.finish();

  EXPECT_EQ(host, (numbers{0, 0, 0, -1, -1, -1, -1, -1, -1}));
}

// ---- the emulator's lane
// ---------------------------------------------------------------------------------------------

TEST(copy_lane, copies_nothing_before_somebody_waits) {
  const std::int32_t from[2] = {3, 4};
  std::int32_t to[2] = {};
  copy_lane lane;

  lane.start(&to[0], &from[0], sizeof(from[0]));
  lane.mark_copy(0);
  lane.start(&to[1], &from[1], sizeof(from[1]));
  EXPECT_EQ(to[0], -1);

  lane.wait_copy(0);
  EXPECT_EQ(to[0], 3);
  EXPECT_EQ(to[1], -1);

  lane.lead_work();
  EXPECT_EQ(to[1], 4);
}

TEST(copy_lane, uploads_and_downloads_pieces_larger_than_its_buffers) {
  const numbers sent = counted(5000);
  numbers buffers[2] = {numbers(2000), numbers(2000)};
  numbers back(sent.size());
  staged_upload<copy_lane> upload(buffers[0].data(), buffers[1].data(), false);
  numbers made[2] = {numbers(2000), numbers(2000)};
  staged_download<copy_lane> download(made[0].data(), made[1].data(), false);

  for (std::size_t first = 0; first < sent.size(); first += 2000) {
    const std::size_t n = std::min<std::size_t>(2000, sent.size() - first);
    const void* const piece = upload.bring(sent.data() + first, bytes_of(n));
    download.take(back.data() + first, bytes_of(n), [&](void* out) { std::memcpy(out, piece, bytes_of(n)); });
  }
  download.finish();

  EXPECT_EQ(back, sent);
}

}  // namespace
}  // namespace samebits::kernels
