// Several devices of one backend as one: calls share out their rows, and the parts merge to the bits of one device.
// Entries of the table that are not taken over run on the first of the devices.
#pragma once

#include <vector>

#include "lib/backend.h"

/// Devices that share the work of a call.
struct samebits_device_list {
  const samebits_backend* each;  ///< the backend of one of them
  std::vector<int> numbers;
  samebits_backend table;  ///< of all of them together, for calls that have this list
};

namespace samebits {

/// Kept for ever, one for equal arguments.
const samebits_device_list* list_of_devices(const samebits_backend* each, const std::vector<int>& numbers);

}  // namespace samebits
