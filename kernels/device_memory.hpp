// Arrays on the device. In the emulator the device is the host.
#pragma once

#include <cstdint>
#include <utility>

#include "samebits/core/seeding.hpp"

#if defined(__CUDACC__)
#include <thrust/device_free.h>
#include <thrust/device_malloc.h>
#include <thrust/execution_policy.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/transform_reduce.h>

#include "kernels/cuda_error.hpp"
#else
#include <cstring>
#include <memory>
#endif

namespace samebits::kernels {

// ---- what differs between the two ----------------------------------------------------------------------------------

#if defined(__CUDACC__)

template <class T>
T* allocate_on_device(std::int64_t n) {
  return thrust::raw_pointer_cast(thrust::device_malloc<T>(static_cast<std::size_t>(n)));
}

template <class T>
void free_on_device(T* data) {
  thrust::device_free(thrust::device_ptr<T>(data));
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

#else

template <class T>
T* allocate_on_device(std::int64_t n) {
  T* const data = std::allocator<T>().allocate(static_cast<std::size_t>(n));
  std::memset(static_cast<void*>(data), 0xff, static_cast<std::size_t>(n) * sizeof(T));  // NaNs: nothing may rely on it
  return data;
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

// ---- the winner of a race ------------------------------------------------------------------------------------------

struct entry_of_row {
  const double* times;
  SAMEBITS_HD core::race_entry operator()(std::int64_t row) const { return {times[row], row}; }
};

struct first_to_finish {
  SAMEBITS_HD core::race_entry operator()(const core::race_entry& a, const core::race_entry& b) const {
    return core::wins(b, a) ? b : a;
  }
};

/// The entry that wins among rows 0 .. n_rows - 1 of `times`. A minimum is exact, so any order will do.
inline core::race_entry race_winner(const double* times, std::int64_t n_rows) {
  const core::race_entry nobody{__builtin_huge_val(), 0};
#if defined(__CUDACC__)
  return thrust::transform_reduce(thrust::cuda::par.on(stream), thrust::counting_iterator<std::int64_t>(0),
                                  thrust::counting_iterator<std::int64_t>(n_rows), entry_of_row{times}, nobody,
                                  first_to_finish());
#else
  core::race_entry best = nobody;
  for (std::int64_t row = 0; row < n_rows; ++row) {
    best = first_to_finish()(best, entry_of_row{times}(row));
  }
  return best;
#endif
}

}  // namespace samebits::kernels
