#include "cpu/device_array.hpp"

#include <cstdlib>
#include <cstring>

#include "cpu/report.hpp"

namespace samebits::cpu {

samebits_status allocate(samebits_call* call, std::int64_t bytes, void** memory) {
  constexpr std::size_t alignment = 64;
  const std::size_t whole_lines = (static_cast<std::size_t>(bytes) + alignment - 1) / alignment * alignment;
  void* const found = std::aligned_alloc(alignment, whole_lines);
  if (found == nullptr) {
    return out_of_memory(call, "an array");
  }
  *memory = found;
  return SAMEBITS_OK;
}

samebits_status release(samebits_call*, void* memory) {
  std::free(memory);
  return SAMEBITS_OK;
}

samebits_status copy(samebits_call*, void* to, const void* from, std::int64_t bytes) {
  std::memmove(to, from, static_cast<std::size_t>(bytes));
  return SAMEBITS_OK;
}

samebits_status synchronize(samebits_call*) { return SAMEBITS_OK; }

std::int32_t count_devices() { return 1; }

std::int32_t is_on_device(const void*) { return 0; }

}  // namespace samebits::cpu
