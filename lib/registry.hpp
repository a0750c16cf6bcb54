// The backends that this process can use.
#pragma once

#include <string>

#include "lib/backend.h"

namespace samebits {

/// A backend ready to compute, or the reason why there is none.
struct backend_entry {
  const samebits_backend* table = nullptr;
  std::string reason;  ///< empty when it can compute
  bool usable() const { return table != nullptr && reason.empty(); }
};

/// The CPU variant of that instruction set.
///
/// @throws invalid_argument  there is no such instruction set, anywhere
backend_entry find_cpu(const std::string& isa);

/// The best CPU variant that this machine can run.
const samebits_backend* best_cpu();

/// A plug-in by name, ready to compute on that device. Loaded on first use and kept for ever, and so is what it said of
/// the device.
///
/// @throws invalid_argument  the name cannot be that of a plug-in
backend_entry find_plugin(const std::string& name, int device);

}  // namespace samebits
