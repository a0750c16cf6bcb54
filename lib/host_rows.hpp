// Rows in a device's memory, where the library itself must look at them.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "lib/data_view.hpp"
#include "samebits/context.hpp"

namespace samebits {

/// True for memory that the host cannot read.
bool is_on_device(const context& ctx, const void* memory);

/// Of an argument that the library reads or writes itself.
///
/// @throws invalid_argument  it lies in a device's memory
void require_on_host(const context& ctx, const char* function, const char* name, const void* memory);

/// Rows for the host to read: where they are, or a copy of those in a device's memory.
class host_rows {
 public:
  host_rows(const context& ctx, const char* function, const data_view& x);
  host_rows(const host_rows&) = delete;
  host_rows& operator=(const host_rows&) = delete;
  const data_view& view() const { return view_; }

 private:
  data_view view_;
  std::vector<std::byte> copy_;
};

/// Refuses the first NaN or infinity of a matrix, wherever it lies.
void require_finite(const context& ctx, const char* function, const char* name, const data_view& x);

/// True for numbers in a device's memory that are known to be finite, without a copy of them.
bool is_finite_on_device(const context& ctx, const char* function, const data_view& x);

}  // namespace samebits
