// The memory of the emulated device that programs allocate: pages that the host cannot touch except while a call of the
// backend runs. Who reads a device address on the host is found out as on a GPU.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstring>
#include <functional>
#include <iterator>
#include <map>
#include <mutex>
#include <new>

namespace samebits::kernels {

class emulated_memory {
 public:
  static emulated_memory& instance() {
    static emulated_memory memory;
    return memory;
  }

  void* allocate(std::size_t bytes) {
    const std::scoped_lock lock(mutex_);
    void* const start = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) {
      throw std::bad_alloc();
    }
    std::memset(start, 0xff, bytes);  // NaNs: nothing may rely on the contents
    ranges_.emplace(static_cast<char*>(start), bytes);
    return start;
  }
  void release(void* start) {
    const std::scoped_lock lock(mutex_);
    const auto range = ranges_.find(static_cast<char*>(start));
    if (range != ranges_.end()) {
      munmap(range->first, range->second);
      ranges_.erase(range);
    }
  }
  bool has(const void* address) {
    const std::scoped_lock lock(mutex_);
    const auto next = ranges_.upper_bound(static_cast<const char*>(address));
    if (next == ranges_.begin()) {
      return false;
    }
    const auto& [start, bytes] = *std::prev(next);
    return static_cast<const char*>(address) < start + bytes;
  }

  /// Around a call of the backend.
  void begin_call() {
    const std::scoped_lock lock(mutex_);
    if (n_calls_++ == 0) {
      protect(PROT_READ | PROT_WRITE);
    }
  }
  void end_call() {
    const std::scoped_lock lock(mutex_);
    if (--n_calls_ == 0) {
      protect(PROT_NONE);
    }
  }

 private:
  void protect(int access) {
    for (const auto& [start, bytes] : ranges_) {
      mprotect(start, bytes, access);
    }
  }

  std::mutex mutex_;
  std::map<char*, std::size_t, std::less<>> ranges_;
  int n_calls_ = 0;
};

}  // namespace samebits::kernels
