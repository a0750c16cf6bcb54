// A plug-in of another version of samebits.
#include "lib/backend.h"

extern "C" __attribute__((visibility("default"))) const samebits_backend* samebits_backend_table(void) {
  static const samebits_backend table = [] {
    samebits_backend t{};
    t.abi_version = SAMEBITS_BACKEND_ABI + 1;
    t.struct_size = sizeof(samebits_backend);
    return t;
  }();
  return &table;
}
