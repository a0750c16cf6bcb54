// Arrays on the device. In the emulator the device is the host.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "kernels/copy_lane.hpp"
#include "kernels/staged_copy.hpp"

#if defined(__CUDACC__)
#include <map>
#include <mutex>

#include "kernels/cuda_error.hpp"
#else
#include <cstring>
#include <new>

#include "kernels/emulated_memory.hpp"
#endif

namespace samebits::kernels {

// ---- what differs between the two ----------------------------------------------------------------------------------

#if defined(__CUDACC__)

/// The memory of arrays on the current device, or null where it has no pools. A pool of our own: other users of the GPU
/// in the process keep their settings. What is freed stays in it until trim_memory_pool(): the pool's own threshold
/// counts what is in use, too, so that beside the rows of a large problem every wait would give work space back.
inline cudaMemPool_t make_memory_pool() {
  int has_pools = 0;
  check(cudaDeviceGetAttribute(&has_pools, cudaDevAttrMemoryPoolsSupported, current_device), "asking for memory pools");
  if (has_pools == 0) {
    return nullptr;
  }
  cudaMemPoolProps properties{};
  properties.allocType = cudaMemAllocationTypePinned;
  properties.location.type = cudaMemLocationTypeDevice;
  properties.location.id = current_device;
  cudaMemPool_t pool = nullptr;
  check(cudaMemPoolCreate(&pool, &properties), "making a memory pool");
  std::uint64_t threshold = ~std::uint64_t{0};
  check(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &threshold), "making a memory pool");
  return pool;
}
inline cudaMemPool_t memory_pool() {
  static std::mutex mutex;
  static std::map<int, cudaMemPool_t> pools;  // of each device, for ever
  const std::scoped_lock lock(mutex);
  const auto found = pools.find(current_device);
  return found != pools.end() ? found->second : pools.emplace(current_device, make_memory_pool()).first->second;
}

/// Bytes of a pool: what is in use, and what it keeps for later.
struct pool_bytes {
  std::uint64_t used = 0;
  std::uint64_t kept = 0;
};
inline pool_bytes bytes_of(cudaMemPool_t pool) {
  pool_bytes bytes;
  std::uint64_t reserved = 0;
  check(cudaMemPoolGetAttribute(pool, cudaMemPoolAttrUsedMemCurrent, &bytes.used), "asking a memory pool");
  check(cudaMemPoolGetAttribute(pool, cudaMemPoolAttrReservedMemCurrent, &reserved), "asking a memory pool");
  bytes.kept = reserved > bytes.used ? reserved - bytes.used : 0;
  return bytes;
}

/// At the end of a call: gives back what the pool has beyond a size that suits work spaces and rows of middling
/// problems.
inline void trim_memory_pool() {
  constexpr std::uint64_t most_kept = std::uint64_t{1} << 30;
  const cudaMemPool_t pool = memory_pool();
  if (pool == nullptr) {
    return;
  }
  const pool_bytes bytes = bytes_of(pool);
  if (bytes.kept > most_kept) {
    check(cudaMemPoolTrimTo(pool, bytes.used + most_kept), "giving memory back");
  }
}

/// Memory that new arrays may take.
inline std::int64_t free_bytes() {
  std::size_t free = 0;
  std::size_t total = 0;
  check(cudaMemGetInfo(&free, &total), "asking for the free memory of the device");
  const cudaMemPool_t pool = memory_pool();
  const std::uint64_t kept = pool == nullptr ? 0 : bytes_of(pool).kept;
  return static_cast<std::int64_t>(free + kept);
}

/// In the order of the stream, so that nothing waits: what was asked for in it before the memory is freed may still use
/// it. Not thrust::device_vector: it fills what it allocates, and throws when it is destroyed after a device failure.
template <class T>
T* allocate_on_device(std::int64_t n) {
  const std::size_t bytes = static_cast<std::size_t>(n) * sizeof(T);
  void* data = nullptr;
  const cudaMemPool_t pool = memory_pool();
  check(pool == nullptr ? cudaMalloc(&data, bytes) : cudaMallocFromPoolAsync(&data, bytes, pool, stream),
        "an allocation on the device");
  return static_cast<T*>(data);
}

template <class T>
void free_on_device(T* data) {
  memory_pool() == nullptr ? cudaFree(data) : cudaFreeAsync(data, stream);
}

/// The device whose memory this is, or no_device. Managed memory counts as the host's, which may read it when a call
/// returns.
inline int device_of(const void* memory) {
  cudaPointerAttributes about{};
  check(cudaPointerGetAttributes(&about, memory), "asking where memory lies");
  return about.type == cudaMemoryTypeDevice ? about.device : no_device;
}

/// The host may touch its side again after synchronize().
template <class T>
void copy_on_device(T* to, const T* from, std::int64_t n) {
  check(cudaMemcpyAsync(to, from, static_cast<std::size_t>(n) * sizeof(T), cudaMemcpyDefault, stream), "a copy");
}

template <class T>
void fill_zeros(T* data, std::int64_t n) {
  check(cudaMemsetAsync(data, 0, static_cast<std::size_t>(n) * sizeof(T), stream), "filling with zeros");
}

/// Waits until the device has done everything asked for in the stream.
inline void synchronize() { check(cudaStreamSynchronize(stream), "work on the device"); }

#else

inline void trim_memory_pool() {}

inline constexpr std::int64_t emulated_bytes = std::int64_t{1} << 40;

inline std::int64_t free_bytes() {
#if defined(SAMEBITS_DEVICE_BYTES)
  return SAMEBITS_DEVICE_BYTES;
#else
  return emulated_bytes;
#endif
}

template <class T>
T* allocate_on_device(std::int64_t n) {
  if (n > emulated_bytes / static_cast<std::int64_t>(sizeof(T))) {
    throw out_of_device_memory();
  }
  const std::size_t bytes = static_cast<std::size_t>(n) * sizeof(T);
  void* const data = ::operator new(bytes);
  return static_cast<T*>(std::memset(data, 0xff, bytes));  // NaNs: nothing may rely on the contents
}

template <class T>
void free_on_device(T* data) {
  ::operator delete(data);
}

inline int device_of(const void* memory) { return emulated_memory::instance().device_of(memory); }

template <class T>
void copy_on_device(T* to, const T* from, std::int64_t n) {
  std::memmove(to, from, static_cast<std::size_t>(n) * sizeof(T));
}

template <class T>
void fill_zeros(T* data, std::int64_t n) {
  std::memset(data, 0, static_cast<std::size_t>(n) * sizeof(T));
}

inline void synchronize() {}

#endif

/// Can kernels of this call work on the memory as it is?
inline bool lies_on_device(const void* memory) {
  const int device = memory == nullptr ? no_device : device_of(memory);
  if (device != no_device && device != current_device) {
    throw std::invalid_argument("an array lies in the memory of device " + std::to_string(device) +
                                " but must lie in that of device " + std::to_string(current_device) +
                                " or of the host");
  }
  return device != no_device;
}

// ---- copies --------------------------------------------------------------------------------------------------------

/// Both return when the host's memory may be used again. The other side may lie on the device, too.
template <class T>
void upload(T* device, const T* from, std::int64_t n) {
  copy_on_device(device, from, n);
  synchronize();
}

template <class T>
void download(T* to, const T* device, std::int64_t n) {
  copy_on_device(to, device, n);
  synchronize();
}

/// From the device to an array of the caller. Waits only where that is the host's.
template <class T>
void deliver(T* to, const T* device, std::int64_t n) {
  const bool waits = !lies_on_device(to);
  copy_on_device(to, device, n);
  if (waits) {
    synchronize();
  }
}

// ---- arrays --------------------------------------------------------------------------------------------------------

/// An array on the device, not initialised. Its memory is freed in the order of the stream of the call that frees it:
/// arrays that outlive a call belong to calls that end when their work is done (gmm_problem).
template <class T>
class device_array {
 public:
  device_array() = default;
  ~device_array() { release(); }
  device_array(const device_array&) = delete;
  device_array& operator=(const device_array&) = delete;

  /// Makes room for n elements; keeps what it has when that is enough, loses the contents otherwise.
  /// @throws out_of_device_memory
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

/// Numbers of the caller that kernels read, piece after piece: where they are if that is the device, else uploaded. A
/// piece of some of them comes while kernels work on the one before, unless the host waits for these first.
template <class T>
class device_input {
 public:
  /// `numbers`, `size` in all, may be null: then so are the pieces. They must stay as they are until the end of this
  /// object.
  device_input(const T* numbers, std::int64_t size)
      : numbers_(numbers), size_(size), is_there_(lies_on_device(numbers)) {}

  /// True where nothing needs room on the device, so that one piece is enough.
  bool is_there() const { return is_there_; }

  /// n numbers from `first` on, for kernels that are launched before the next piece.
  const T* piece(std::int64_t first, std::int64_t n) {
    if (numbers_ == nullptr || n == 0) {
      return nullptr;
    }
    if (is_there_) {
      return numbers_ + first;
    }
    if (n == size_) {
      buffers_[0].make_room(n);
      upload(buffers_[0].data(), numbers_, n);
      return buffers_[0].data();
    }
    if (!pieces_ || n > room_) {
      make_room(n);
    }
    return static_cast<const T*>(pieces_->bring(numbers_ + first, static_cast<std::size_t>(n) * sizeof(T)));
  }

 private:
  void make_room(std::int64_t n) {
    pieces_.reset();
    buffers_[0].make_room(n);
    buffers_[1].make_room(n);
    room_ = n;
    pieces_.emplace(buffers_[0].data(), buffers_[1].data(), is_pinned(numbers_, numbers_ + size_ - 1));
  }

  const T* numbers_;
  std::int64_t size_;
  bool is_there_;
  std::int64_t room_ = 0;  // for a piece
  device_array<T> buffers_[2];
  std::optional<staged_upload<copy_lane>> pieces_;  // ends before the buffers do
};

/// An array of the caller that kernels fill, piece after piece: where it is if that is the device, else downloaded, a
/// piece while kernels fill the next one.
template <class T>
class device_output {
 public:
  /// `size` numbers in all; null: nobody wants them, and pieces are not filled.
  device_output(T* numbers, std::int64_t size) : numbers_(numbers), size_(size), is_there_(lies_on_device(numbers)) {}

  bool is_there() const { return is_there_; }

  /// Calls fill(data) for elements first .. first + n - 1, which lie at `data` on the device. Pieces come in order, the
  /// largest first; after the one that ends the array all are there, where that is the host's.
  template <class Fill>
  void piece(std::int64_t first, std::int64_t n, const Fill& fill) {
    if (numbers_ == nullptr) {
      return;
    }
    if (is_there_) {
      return fill(numbers_ + first);
    }
    if (n == size_) {
      buffers_[0].make_room(n);
      fill(buffers_[0].data());
      return download(numbers_, buffers_[0].data(), n);
    }
    if (!pieces_) {
      buffers_[0].make_room(n);
      buffers_[1].make_room(n);
      pieces_.emplace(buffers_[0].data(), buffers_[1].data(), is_pinned(numbers_, numbers_ + size_ - 1));
    }
    pieces_->take(numbers_ + first, static_cast<std::size_t>(n) * sizeof(T),
                  [&](void* data) { fill(static_cast<T*>(data)); });
    if (first + n == size_) {
      pieces_->finish();
    }
  }

 private:
  T* numbers_;
  std::int64_t size_;
  bool is_there_;
  device_array<T> buffers_[2];
  std::optional<staged_download<copy_lane>> pieces_;  // ends before the buffers do
};

}  // namespace samebits::kernels
