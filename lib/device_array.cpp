#include "samebits/device_array.hpp"

#include "lib/call.hpp"
#include "lib/checks.hpp"

namespace samebits {

device_memory::device_memory(const context& ctx, std::int64_t n, std::size_t element_size)
    : ctx_(ctx), n_(n), element_size_(element_size) {
  if (n < 0 || n > most_values / static_cast<std::int64_t>(element_size)) {
    refuse("device_array", "n is " + text(n) + " but must be at least 0, with at most 2^56 bytes");
  }
  if (n > 0) {
    samebits_call call = make_call(ctx_);
    require_ok(ctx_.table()->allocate(&call, n * static_cast<std::int64_t>(element_size), &data_), call,
               "device_array");
  }
}

device_memory::~device_memory() {
  if (data_ != nullptr) {
    samebits_call call = make_call(ctx_);
    ctx_.table()->release(&call, data_);
  }
}

device_memory::device_memory(device_memory&& other) noexcept
    : ctx_(other.ctx_),
      n_(std::exchange(other.n_, 0)),
      element_size_(other.element_size_),
      data_(std::exchange(other.data_, nullptr)) {}

device_memory& device_memory::operator=(device_memory&& other) noexcept {
  std::swap(ctx_, other.ctx_);
  std::swap(n_, other.n_);
  std::swap(element_size_, other.element_size_);
  std::swap(data_, other.data_);
  return *this;
}

void device_memory::require_size(const char* function, std::size_t n) const {
  if (n != static_cast<std::size_t>(n_)) {
    refuse(function, "the other array has " + counted(static_cast<std::int64_t>(n), "element") +
                         " but the device_array has " + text(n_));
  }
}

void device_memory::copy_from(const void* from, std::size_t n) {
  require_size("device_array::copy_from", n);
  if (n > 0) {
    samebits_call call = make_call(ctx_);
    require_ok(ctx_.table()->copy(&call, data_, from, static_cast<std::int64_t>(n * element_size_)), call,
               "device_array::copy_from");
  }
}

void device_memory::copy_to(void* to, std::size_t n) const {
  require_size("device_array::copy_to", n);
  if (n > 0) {
    samebits_call call = make_call(ctx_);
    require_ok(ctx_.table()->copy(&call, to, data_, static_cast<std::int64_t>(n * element_size_)), call,
               "device_array::copy_to");
  }
}

}  // namespace samebits
