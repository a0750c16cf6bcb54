// Memory that programs allocate on the device, and their copies.
#include "kernels/device_memory.hpp"
#include "kernels/guard.hpp"
#include "kernels/tables.hpp"

namespace samebits::kernels {
namespace {

#if defined(__CUDACC__)

/// Not from the pool: any stream may use it, and cudaFree waits for all of them.
void* allocate_for_all(std::size_t bytes) {
  void* memory = nullptr;
  check(cudaMalloc(&memory, bytes), "an allocation on the device");
  return memory;
}
void free_for_all(void* memory) { check(cudaFree(memory), "freeing memory of the device"); }

#else

void* allocate_for_all(std::size_t bytes) { return emulated_memory::instance().allocate(bytes); }
void free_for_all(void* memory) { emulated_memory::instance().release(memory); }

#endif

}  // namespace

samebits_status allocate(samebits_call* call, std::int64_t bytes, void** memory) {
  return guarded(call, [&] { *memory = allocate_for_all(static_cast<std::size_t>(bytes)); });
}

samebits_status release(samebits_call* call, void* memory) {
  return guarded(call, [&] { free_for_all(memory); });
}

samebits_status copy(samebits_call* call, void* to, const void* from, std::int64_t bytes) {
  return guarded(call, [&] {
    const bool reaches_host = !lies_on_device(to) || !lies_on_device(from);
    copy_on_device(static_cast<char*>(to), static_cast<const char*>(from), bytes);
    if (reaches_host) {
      synchronize();
    }
  });
}

samebits_status synchronize(samebits_call* call) {
  return guarded(call, [] { synchronize(); });
}

std::int32_t is_on_device(const void* memory) {
  try {
    return memory != nullptr && device_of(memory) != no_device ? 1 : 0;
  } catch (const std::exception&) {  // the driver does not work: the next call tells
    forget_last_error();
    return 0;
  }
}

}  // namespace samebits::kernels
