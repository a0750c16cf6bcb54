// The memory of the CPU as that of a device, out of line so that code built for one instruction set shares no inline
// functions.
#pragma once

#include <cstdint>

#include "lib/backend.h"

namespace samebits::cpu {

samebits_status allocate(samebits_call* call, std::int64_t bytes, void** memory);
samebits_status release(samebits_call* call, void* memory);
samebits_status copy(samebits_call* call, void* to, const void* from, std::int64_t bytes);
samebits_status synchronize(samebits_call* call);
std::int32_t count_devices();
std::int32_t is_on_device(const void* memory);

}  // namespace samebits::cpu
