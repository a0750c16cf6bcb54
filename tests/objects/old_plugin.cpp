// A plug-in of another version of samebits.
#include "lib/backend.h"

extern "C" __attribute__((visibility("default"))) const samebits_backend* samebits_backend_table(void) {
  static const samebits_backend table = [] {
    samebits_backend t{};
    t.abi_version = SAMEBITS_BACKEND_ABI;
    t.struct_size = sizeof(samebits_backend);
    t.numerics_version = 0;  // other bits
    return t;
  }();
  return &table;
}
