#include "cpu/memory.hpp"

#include <cstdint>
#include <cstdlib>

namespace samebits::cpu {
namespace {

constexpr std::size_t alignment = 64;

// Not std::aligned_alloc: the C library takes large aligned blocks from the system every time, which then clears them
// page by page, while malloc keeps what was freed for the next call. A product of two 500 x 500 matrices takes 40 %
// less. The address that malloc gave lies before the first element.
double* allocate_aligned(std::size_t n) {
  constexpr std::size_t overhead = alignment + sizeof(void*);
  if (n > (SIZE_MAX - overhead) / sizeof(double)) {
    return nullptr;
  }
  void* const start = std::malloc(n * sizeof(double) + overhead);
  if (start == nullptr) {
    return nullptr;
  }
  const std::uintptr_t first = (reinterpret_cast<std::uintptr_t>(start) + overhead) / alignment * alignment;
  void** const data = reinterpret_cast<void**>(first);
  data[-1] = start;
  return reinterpret_cast<double*>(data);
}

void free_aligned(double* data) {
  if (data != nullptr) {
    std::free(reinterpret_cast<void**>(data)[-1]);
  }
}

}  // namespace

buffer::buffer() : data_(nullptr), size_(0) {}

buffer::~buffer() { free_aligned(data_); }

bool buffer::allocate(std::size_t n) {
  if (n <= size_ && data_ != nullptr) {
    return true;
  }
  double* const data = allocate_aligned(n);
  if (data == nullptr) {
    return false;
  }
  free_aligned(data_);
  data_ = data;
  size_ = n;
  return true;
}

void buffer::release() {
  free_aligned(data_);
  data_ = nullptr;
  size_ = 0;
}

double* buffer::data() const { return data_; }

}  // namespace samebits::cpu
