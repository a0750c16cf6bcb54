// Messages of the CPU backend, out of line so that code built for one instruction set shares no inline functions.
#pragma once

#include "lib/backend.h"

namespace samebits::cpu {

/// The status of an allocation that failed.
samebits_status out_of_memory(samebits_call* call, const char* what);

/// Turns the mask of core::canary_failures() into a status and a reason.
samebits_status report_canaries(samebits_call* call, unsigned failures);

}  // namespace samebits::cpu
