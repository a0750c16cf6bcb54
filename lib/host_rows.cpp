#include "lib/host_rows.hpp"

#include <algorithm>
#include <cmath>

#include "lib/call.hpp"
#include "lib/checks.hpp"
#include "lib/summary.hpp"

namespace samebits {

bool is_on_device(const context& ctx, const void* memory) { return ctx.table()->is_on_device(memory) != 0; }

void require_on_host(const context& ctx, const char* function, const char* name, const void* memory) {
  if (is_on_device(ctx, memory)) {
    refuse(function, std::string(name) + " lies in the memory of a device but must lie in that of the host");
  }
}

host_rows::host_rows(const context& ctx, const char* function, const data_view& x) : view_(x) {
  if (x.n_rows <= 0 || x.n_cols <= 0 || !is_on_device(ctx, x.x)) {
    return;
  }
  const std::int64_t size = x.dtype == SAMEBITS_FLOAT32 ? sizeof(float) : sizeof(double);
  copy_.resize(static_cast<std::size_t>(x.n_rows * x.n_cols * size));
  view_.x = copy_.data();
  samebits_call call = make_call(ctx);
  require_ok(ctx.table()->copy(&call, copy_.data(), x.x, std::ssize(copy_)), call, function);
}

bool is_finite_on_device(const context& ctx, const char* function, const data_view& x) {
  if (x.n_rows <= 0 || x.n_cols <= 0 || !is_on_device(ctx, x.x)) {
    return false;
  }
  const samebits_rows rows{x.x, nullptr, nullptr, x.dtype, x.n_rows, x.n_cols};
  const std::vector<double> sums = node_of(ctx, function, statistic::absolute_sum, rows);
  return std::all_of(sums.begin(), sums.end(), [](double sum) { return std::isfinite(sum); });
}

void require_finite(const context& ctx, const char* function, const char* name, const data_view& x) {
  if (!is_finite_on_device(ctx, function, x)) {
    require_finite(function, name, host_rows(ctx, function, x).view());
  }
}

}  // namespace samebits
