// The memory of the emulated devices that programs allocate: pages that nobody can touch except while a call of the
// backend for their device runs. Who reads a device address on the host, or on another device, is found out as on a
// GPU.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstring>
#include <functional>
#include <iterator>
#include <map>
#include <mutex>

#include "kernels/current_device.hpp"
#include "kernels/out_of_device_memory.hpp"

namespace samebits::kernels {

inline constexpr int n_emulated_devices = 3;

class emulated_memory {
 public:
  static emulated_memory& instance() {
    static emulated_memory memory;
    return memory;
  }

  /// On the current device.
  void* allocate(std::size_t bytes) {
    const std::scoped_lock lock(mutex_);
    void* const start = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) {
      throw out_of_device_memory();
    }
    std::memset(start, 0xff, bytes);  // NaNs: nothing may rely on the contents
    ranges_.emplace(static_cast<char*>(start), range{bytes, current_device});
    return start;
  }
  void release(void* start) {
    const std::scoped_lock lock(mutex_);
    const auto found = ranges_.find(static_cast<char*>(start));
    if (found != ranges_.end()) {
      munmap(found->first, found->second.bytes);
      ranges_.erase(found);
    }
  }
  /// The device that the memory belongs to, or no_device.
  int device_of(const void* address) {
    const std::scoped_lock lock(mutex_);
    const auto next = ranges_.upper_bound(static_cast<const char*>(address));
    if (next == ranges_.begin()) {
      return no_device;
    }
    const auto& [start, found] = *std::prev(next);
    return static_cast<const char*>(address) < start + found.bytes ? found.device : no_device;
  }

  /// Around a call of the backend.
  void begin_call(int device) {
    const std::scoped_lock lock(mutex_);
    if (n_calls_[device]++ == 0) {
      protect(device, PROT_READ | PROT_WRITE);
    }
  }
  void end_call(int device) {
    const std::scoped_lock lock(mutex_);
    if (--n_calls_[device] == 0) {
      protect(device, PROT_NONE);
    }
  }

 private:
  struct range {
    std::size_t bytes;
    int device;
  };

  void protect(int device, int access) {
    for (const auto& [start, found] : ranges_) {
      if (found.device == device) {
        mprotect(start, found.bytes, access);
      }
    }
  }

  std::mutex mutex_;
  std::map<char*, range, std::less<>> ranges_;
  int n_calls_[n_emulated_devices] = {};
};

}  // namespace samebits::kernels
