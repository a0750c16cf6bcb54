// Arrays in the memory of a context's backend: on a GPU the GPU's own, on the CPU ordinary memory. So one program runs
// on both. docs/gpu.md is the guide.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "samebits/context.hpp"
#include "samebits/export.hpp"

namespace samebits {

/// What device_array is made of: n elements of element_size bytes. copy_from and copy_to want n as it is.
///
/// @throws invalid_argument  n is negative, or another number in a copy
/// @throws out_of_memory     the device has no room
class SAMEBITS_API device_memory {
 public:
  device_memory(const context& ctx, std::int64_t n, std::size_t element_size);
  ~device_memory();
  device_memory(device_memory&& other) noexcept;
  device_memory& operator=(device_memory&& other) noexcept;

  void* data() const { return data_; }
  std::int64_t size() const { return n_; }
  void copy_from(const void* from, std::size_t n);
  void copy_to(void* to, std::size_t n) const;

 private:
  void require_size(const char* function, std::size_t n) const;

  context ctx_;
  std::int64_t n_;
  std::size_t element_size_;
  void* data_ = nullptr;
};

/// Numbers in the memory of a context's backend, for functions that are called with that context: docs/gpu.md lists
/// those that take such addresses for their rows and results, and the few that copy them.
///
///   device_array<double> x(ctx, n);
///   fill(ctx, dist::normal{}, {seed, task}, 0, x.span());  // the numbers never leave the device
///   const double total = sum(ctx, x.span());
///
/// The addresses are to be passed on, not read: on a GPU the host cannot read them. Copies go through the context's
/// stream, after what was asked for there before. The memory goes when the array does, after all work on the device;
/// so arrays want to be made once and used often.
template <class T>
class device_array {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  /// n elements, not initialised.
  ///
  /// @throws invalid_argument  n is negative or has no place in memory
  /// @throws out_of_memory
  device_array(const context& ctx, std::int64_t n) : memory_(ctx, n, sizeof(T)) {}
  /// A copy of an array.
  device_array(const context& ctx, std::span<const T> host) : device_array(ctx, std::ssize(host)) { copy_from(host); }

  T* data() { return static_cast<T*>(memory_.data()); }
  const T* data() const { return static_cast<const T*>(memory_.data()); }
  std::int64_t size() const { return memory_.size(); }
  std::span<T> span() { return {data(), static_cast<std::size_t>(size())}; }
  std::span<const T> span() const { return {data(), static_cast<std::size_t>(size())}; }

  /// Copies as many elements as the array has, from or to the host or the same device. The host's memory may be used
  /// again when it returns.
  ///
  /// @throws invalid_argument  the sizes differ
  void copy_from(std::span<const T> from) { memory_.copy_from(from.data(), from.size()); }
  void copy_to(std::span<T> to) const { memory_.copy_to(to.data(), to.size()); }
  std::vector<T> to_host() const {
    std::vector<T> host(static_cast<std::size_t>(size()));
    copy_to(host);
    return host;
  }

 private:
  device_memory memory_;
};

}  // namespace samebits
