#include "cpu/report.hpp"

#include <cstdio>

#include "samebits/core/canary.hpp"

namespace samebits::cpu {

samebits_status out_of_memory(samebits_call* call, const char* what) {
  std::snprintf(call->message, samebits_message_size, "out of memory for %s", what);
  return SAMEBITS_OUT_OF_MEMORY;
}

samebits_status report_canaries(samebits_call* call, unsigned failures) {
  if (failures == 0) {
    return SAMEBITS_OK;
  }
  std::snprintf(call->message, samebits_message_size, "%s", core::canary_message(failures));
  return SAMEBITS_BACKEND_UNAVAILABLE;
}

}  // namespace samebits::cpu
