// Arrays on the device. In the emulator the device is the host.
#pragma once

#include <cstdint>
#include <utility>

#if defined(__CUDACC__)
#include "kernels/cuda_error.hpp"
#else
#include <cstring>
#include <new>
#endif

namespace samebits::kernels {

// ---- what differs between the two ----------------------------------------------------------------------------------

#if defined(__CUDACC__)

/// Not thrust::device_vector: it fills what it allocates, and throws when it is destroyed after a device failure.
template <class T>
T* allocate_on_device(std::int64_t n) {
  void* data = nullptr;
  check(cudaMalloc(&data, static_cast<std::size_t>(n) * sizeof(T)), "an allocation on the device");
  return static_cast<T*>(data);
}

template <class T>
void free_on_device(T* data) {
  cudaFree(data);
}

/// Both copies return when the host's memory may be used again.
template <class T>
void upload(T* device, const T* host, std::int64_t n) {
  check(cudaMemcpyAsync(device, host, static_cast<std::size_t>(n) * sizeof(T), cudaMemcpyHostToDevice, stream),
        "a copy to the device");
  check(cudaStreamSynchronize(stream), "a copy to the device");
}

template <class T>
void download(T* host, const T* device, std::int64_t n) {
  check(cudaMemcpyAsync(host, device, static_cast<std::size_t>(n) * sizeof(T), cudaMemcpyDeviceToHost, stream),
        "a copy from the device");
  check(cudaStreamSynchronize(stream), "a copy from the device");
}

template <class T>
void copy_on_device(T* to, const T* from, std::int64_t n) {
  check(cudaMemcpyAsync(to, from, static_cast<std::size_t>(n) * sizeof(T), cudaMemcpyDeviceToDevice, stream),
        "a copy on the device");
}

/// Waits until the device has done everything asked for by this host thread.
inline void synchronize() { check(cudaStreamSynchronize(stream), "work on the device"); }

#else

template <class T>
T* allocate_on_device(std::int64_t n) {
  const std::size_t bytes = static_cast<std::size_t>(n) * sizeof(T);
  void* const data = ::operator new(bytes);
  return static_cast<T*>(std::memset(data, 0xff, bytes));  // NaNs: nothing may rely on the contents
}

template <class T>
void free_on_device(T* data) {
  ::operator delete(data);
}

template <class T>
void upload(T* device, const T* host, std::int64_t n) {
  std::memcpy(device, host, static_cast<std::size_t>(n) * sizeof(T));
}

template <class T>
void download(T* host, const T* device, std::int64_t n) {
  std::memcpy(host, device, static_cast<std::size_t>(n) * sizeof(T));
}

template <class T>
void copy_on_device(T* to, const T* from, std::int64_t n) {
  std::memcpy(to, from, static_cast<std::size_t>(n) * sizeof(T));
}

inline void synchronize() {}

#endif

// ---- arrays --------------------------------------------------------------------------------------------------------

/// An array on the device, not initialised.
template <class T>
class device_array {
 public:
  device_array() = default;
  ~device_array() { release(); }
  device_array(const device_array&) = delete;
  device_array& operator=(const device_array&) = delete;

  /// Makes room for n elements; keeps what it has when that is enough, loses the contents otherwise.
  /// @throws std::bad_alloc
  void make_room(std::int64_t n) {
    if (n > size_) {
      release();
      data_ = allocate_on_device<T>(n);
      size_ = n;
    }
  }
  T* data() const { return data_; }

 private:
  void release() {
    if (data_ != nullptr) {
      free_on_device(std::exchange(data_, nullptr));
      size_ = 0;
    }
  }

  T* data_ = nullptr;
  std::int64_t size_ = 0;
};

}  // namespace samebits::kernels
