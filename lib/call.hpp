// One call into a backend: its arguments, and its failure as an exception.
#pragma once

#include <string>

#include "lib/backend.h"
#include "samebits/context.hpp"
#include "samebits/error.hpp"

namespace samebits {

inline samebits_call make_call(const context& ctx) {
  samebits_call call{};
  call.n_threads = ctx.n_threads();
  call.stream = ctx.stream();
  call.device = ctx.device();
  call.devices = ctx.device_list();
  return call;
}

/// Throws what a backend reported, under the name of the public function.
inline void require_ok(samebits_status status, const samebits_call& call, const char* function) {
  const std::string message = std::string(function) + ": " + call.message;
  switch (status) {
    case SAMEBITS_OK: return;
    case SAMEBITS_INVALID_ARGUMENT: throw invalid_argument(message);
    case SAMEBITS_OUT_OF_MEMORY: throw out_of_memory(message);
    case SAMEBITS_BACKEND_UNAVAILABLE: throw backend_unavailable(message);
    default: throw backend_failure(message);
  }
}

}  // namespace samebits
