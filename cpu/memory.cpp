#include "cpu/memory.hpp"

#include <cstdint>
#include <cstdlib>

namespace samebits::cpu {

buffer::buffer() : data_(nullptr), size_(0) {}

buffer::~buffer() { std::free(data_); }

bool buffer::allocate(std::size_t n) {
  if (n <= size_ && data_ != nullptr) {
    return true;
  }
  constexpr std::size_t alignment = 64;
  if (n > (SIZE_MAX - alignment) / sizeof(double)) {
    return false;
  }
  const std::size_t bytes = (n * sizeof(double) + alignment) / alignment * alignment;
  void* const data = std::aligned_alloc(alignment, bytes);
  if (data == nullptr) {
    return false;
  }
  std::free(data_);
  data_ = static_cast<double*>(data);
  size_ = n;
  return true;
}

void buffer::release() {
  std::free(data_);
  data_ = nullptr;
  size_ = 0;
}

double* buffer::data() const { return data_; }

}  // namespace samebits::cpu
