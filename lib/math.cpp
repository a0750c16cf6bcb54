#include "samebits/math.hpp"

#include "lib/call.hpp"

namespace samebits {
namespace {

void map(const char* name, samebits_map_function function, const context& ctx, std::span<const double> in,
         std::span<double> out) {
  if (in.size() != out.size()) {
    throw invalid_argument(std::string(name) + ": in has " + std::to_string(in.size()) + " elements but out has " +
                           std::to_string(out.size()));
  }
  samebits_call call = make_call(ctx);
  require_ok(ctx.table()->map(&call, function, in.data(), static_cast<std::int64_t>(in.size()), out.data()), call,
             name);
}

}  // namespace

void exp(const context& ctx, std::span<const double> in, std::span<double> out) {
  map("exp", samebits_map_exp, ctx, in, out);
}
void log(const context& ctx, std::span<const double> in, std::span<double> out) {
  map("log", samebits_map_log, ctx, in, out);
}

}  // namespace samebits
