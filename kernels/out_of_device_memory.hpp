// A device without room, apart from a host without room.
#pragma once

#include <new>

namespace samebits::kernels {

struct out_of_device_memory : std::bad_alloc {};

}  // namespace samebits::kernels
