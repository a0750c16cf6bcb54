// The Lane of staged_copy.hpp: on a GPU a stream for copies, in the emulator copies that are put off as long as may be.
#pragma once

#include <cstddef>

#if defined(__CUDACC__)
#include <memory>
#include <mutex>
#include <utility>

#include "kernels/cuda_error.hpp"
#else
#include <cstring>
#include <deque>
#include <vector>
#endif

namespace samebits::kernels {

#if defined(__CUDACC__)

/// Can copies read and write this memory of the host on their own? Managed memory counts, too. Both ends are looked at:
/// programs may pin part of an array.
inline bool is_pinned(const void* first, const void* last) {
  for (const void* end : {first, last}) {
    cudaPointerAttributes about{};
    check(cudaPointerGetAttributes(&about, end), "asking where memory lies");
    if (about.type == cudaMemoryTypeUnregistered) {
      return false;
    }
  }
  return true;
}

/// What a lane needs. Making it takes long, so that it is kept for the next call.
struct lane_kit {
  static constexpr std::size_t buffer_bytes = std::size_t{4} << 20;

  explicit lane_kit(int of) : device(of) {}
  void make() {
    check(cudaStreamCreateWithFlags(&copies, cudaStreamNonBlocking), "making a stream for copies");
    for (cudaEvent_t* event : {&work[0], &work[1], &copy[0], &copy[1], &ahead}) {
      check(cudaEventCreateWithFlags(event, cudaEventDisableTiming), "making an event");
    }
    void* memory = nullptr;
    if (cudaHostAlloc(&memory, 2 * buffer_bytes, cudaHostAllocDefault) == cudaSuccess) {
      buffers = static_cast<std::byte*>(memory);
    } else {
      cudaGetLastError();  // copies are slower without it
    }
  }
  ~lane_kit() {
    for (cudaEvent_t event : {work[0], work[1], copy[0], copy[1], ahead}) {
      if (event != nullptr) {
        cudaEventDestroy(event);
      }
    }
    if (buffers != nullptr) {
      cudaFreeHost(buffers);
    }
    if (copies != nullptr) {
      cudaStreamDestroy(copies);
    }
  }
  lane_kit(const lane_kit&) = delete;
  lane_kit& operator=(const lane_kit&) = delete;

  int device;
  cudaStream_t copies = nullptr;
  cudaEvent_t work[2] = {};
  cudaEvent_t copy[2] = {};
  cudaEvent_t ahead = nullptr;
  std::byte* buffers = nullptr;
  std::unique_ptr<lane_kit> next;  // in the list of those that nobody uses
};

/// Those that nobody uses, for ever: at the end of the process CUDA may have ended before.
class lane_kits {
 public:
  static lane_kits& instance() {
    static lane_kits* const kits = new lane_kits;
    return *kits;
  }

  /// For the current device.
  std::unique_ptr<lane_kit> take() {
    int device = 0;
    check(cudaGetDevice(&device), "asking for the device");
    {
      const std::scoped_lock lock(mutex_);
      for (std::unique_ptr<lane_kit>* place = &first_; *place != nullptr; place = &(*place)->next) {
        if ((*place)->device == device) {
          std::unique_ptr<lane_kit> kit = std::move(*place);
          *place = std::move(kit->next);
          return kit;
        }
      }
    }
    auto kit = std::make_unique<lane_kit>(device);
    kit->make();
    return kit;
  }
  void give_back(std::unique_ptr<lane_kit> kit) {
    const std::scoped_lock lock(mutex_);
    kit->next = std::move(first_);
    first_ = std::move(kit);
  }

 private:
  std::mutex mutex_;
  std::unique_ptr<lane_kit> first_;
};

class copy_lane {
 public:
  static constexpr std::size_t buffer_bytes = lane_kit::buffer_bytes;

  copy_lane() : kit_(lane_kits::instance().take()) {}
  ~copy_lane() {
    cudaStreamSynchronize(kit_->copies);
    lane_kits::instance().give_back(std::move(kit_));
  }
  copy_lane(const copy_lane&) = delete;
  copy_lane& operator=(const copy_lane&) = delete;

  void start(void* to, const void* from, std::size_t bytes) {
    check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, kit_->copies), "a copy");
  }
  void mark_work(int turn) { check(cudaEventRecord(kit_->work[turn], stream), "marking work"); }
  void follow_work(int turn) { check(cudaStreamWaitEvent(kit_->copies, kit_->work[turn], 0), "ordering a copy"); }
  void lead_work() {
    check(cudaEventRecord(kit_->ahead, kit_->copies), "marking a copy");
    check(cudaStreamWaitEvent(stream, kit_->ahead, 0), "ordering work");
  }
  void mark_copy(int turn) { check(cudaEventRecord(kit_->copy[turn], kit_->copies), "marking a copy"); }
  void wait_copy(int turn) { check(cudaEventSynchronize(kit_->copy[turn]), "a copy"); }
  void wait() { check(cudaStreamSynchronize(kit_->copies), "a copy"); }
  std::byte* buffer(int turn) const { return kit_->buffers == nullptr ? nullptr : kit_->buffers + turn * buffer_bytes; }

 private:
  std::unique_ptr<lane_kit> kit_;
};

#else

inline bool is_pinned(const void*, const void*) { return false; }

/// Kernels run when they are launched, so that marks of work have nothing to do. A copy is made when somebody waits for
/// it; until then NaNs lie where it goes to, and what is done to its source shows.
class copy_lane {
 public:
  static constexpr std::size_t buffer_bytes = 4096;

  copy_lane() : buffers_(2 * buffer_bytes) {}
  ~copy_lane() { wait(); }
  copy_lane(const copy_lane&) = delete;
  copy_lane& operator=(const copy_lane&) = delete;

  void start(void* to, const void* from, std::size_t bytes) {
    std::memset(to, 0xff, bytes);
    asked_.push_back({to, from, bytes});
  }
  void mark_work(int) {}
  void follow_work(int) {}
  void lead_work() { wait(); }
  void mark_copy(int turn) { marks_[turn] = n_done_ + asked_.size(); }
  void wait_copy(int turn) {
    while (n_done_ < marks_[turn]) {
      make_first();
    }
  }
  void wait() {
    while (!asked_.empty()) {
      make_first();
    }
  }
  std::byte* buffer(int turn) { return buffers_.data() + static_cast<std::size_t>(turn) * buffer_bytes; }

 private:
  struct copy {
    void* to;
    const void* from;
    std::size_t bytes;
  };

  void make_first() {
    std::memcpy(asked_.front().to, asked_.front().from, asked_.front().bytes);
    asked_.pop_front();
    ++n_done_;
  }

  std::vector<std::byte> buffers_;
  std::deque<copy> asked_;
  std::size_t n_done_ = 0;
  std::size_t marks_[2] = {};
};

#endif

}  // namespace samebits::kernels
