// What the library sees of the CPU backend.
#pragma once

#include <span>

#include "lib/backend.h"

namespace samebits::cpu {

/// One build of the CPU backend.
struct variant {
  const samebits_backend* table;
  const char* missing;  ///< what this machine lacks to run it, or nullptr
};

/// The variants built into this library, slowest first.
std::span<const variant> variants();

/// Threads that this process may use.
int available_threads();

}  // namespace samebits::cpu
