#include "samebits/random.hpp"

#include "lib/call.hpp"

namespace samebits {
namespace {

template <class T>
void fill(const char* function, samebits_fill_kind kind, const context& ctx, stream_id stream, std::uint64_t first,
          std::span<T> out) {
  constexpr std::uint64_t limit = std::uint64_t{1} << 60;
  if (first > limit || out.size() > limit - first) {
    throw invalid_argument(std::string(function) + ": first is " + std::to_string(first) + " and out has " +
                           std::to_string(out.size()) + " elements, but a sequence ends at 2^60");
  }
  if (out.empty()) {
    return;
  }
  samebits_call call = make_call(ctx);
  require_ok(ctx.table()->fill(&call, kind, stream.seed, stream.task, first, static_cast<std::int64_t>(out.size()),
                               out.data()),
             call, function);
}

}  // namespace

void fill_words(const context& ctx, stream_id stream, std::uint64_t first, std::span<std::uint32_t> out) {
  fill("fill_words", samebits_kind_words, ctx, stream, first, out);
}
void fill_uniform(const context& ctx, stream_id stream, std::uint64_t first, std::span<double> out) {
  fill("fill_uniform", samebits_kind_uniform, ctx, stream, first, out);
}
void fill_normal(const context& ctx, stream_id stream, std::uint64_t first, std::span<double> out) {
  fill("fill_normal", samebits_kind_normal, ctx, stream, first, out);
}

}  // namespace samebits
