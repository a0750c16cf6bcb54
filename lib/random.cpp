#include "samebits/random.hpp"

#include "lib/call.hpp"
#include "lib/distribution.hpp"
#include "lib/random.hpp"

namespace samebits {

void fill_named(const char* function, const context& ctx, const samebits_distribution& distribution, stream_id stream,
                std::uint64_t first, std::uint64_t n, samebits_dtype dtype, void* out) {
  const distribution_info& info = require_valid(function, distribution, dtype);
  const std::uint64_t length = sequence_length(distribution);
  if (first > length || n > length - first) {
    throw invalid_argument(std::string(function) + ": first is " + std::to_string(first) + " and out has " +
                           std::to_string(n) + " samples, but a sequence of " + info.name + " ends after " +
                           std::to_string(length));
  }
  if (n == 0) {
    return;
  }
  const std::vector<double> table = sampler_table(distribution);
  const samebits_sampling sampling{
      &distribution, table.data(), static_cast<std::int64_t>(table.size()), dtype, stream.seed, stream.task, first};
  samebits_call call = make_call(ctx);
  require_ok(ctx.table()->fill(&call, &sampling, static_cast<std::int64_t>(n), out), call, function);
}

namespace {

template <class T>
void fill_rows(const context& ctx, const samebits_distribution& distribution, stream_id stream, std::uint64_t first,
               std::span<T> out, samebits_dtype dtype) {
  require_valid("fill", distribution, dtype);
  const auto size = static_cast<std::size_t>(row_size(distribution));
  if (out.size() % size != 0) {
    throw invalid_argument("fill: out has " + std::to_string(out.size()) + " elements, but a sample has " +
                           std::to_string(size));
  }
  fill_named("fill", ctx, distribution, stream, first, out.size() / size, dtype, out.data());
}

}  // namespace

void fill_words(const context& ctx, stream_id stream, std::uint64_t first, std::span<std::uint32_t> out) {
  fill_named("fill_words", ctx, dist::words{}, stream, first, out.size(), SAMEBITS_UINT32, out.data());
}
void fill_uniform(const context& ctx, stream_id stream, std::uint64_t first, std::span<double> out) {
  fill_named("fill_uniform", ctx, dist::uniform{}, stream, first, out.size(), SAMEBITS_FLOAT64, out.data());
}
void fill_normal(const context& ctx, stream_id stream, std::uint64_t first, std::span<double> out) {
  fill_named("fill_normal", ctx, dist::normal{}, stream, first, out.size(), SAMEBITS_FLOAT64, out.data());
}

void fill(const context& ctx, const samebits_distribution& distribution, stream_id stream, std::uint64_t first,
          std::span<double> out) {
  fill_rows(ctx, distribution, stream, first, out, SAMEBITS_FLOAT64);
}
void fill(const context& ctx, const samebits_distribution& distribution, stream_id stream, std::uint64_t first,
          std::span<float> out) {
  fill_rows(ctx, distribution, stream, first, out, SAMEBITS_FLOAT32);
}
void fill(const context& ctx, const samebits_distribution& distribution, stream_id stream, std::uint64_t first,
          std::span<std::int64_t> out) {
  fill_rows(ctx, distribution, stream, first, out, SAMEBITS_INT64);
}
void fill(const context& ctx, const samebits_distribution& distribution, stream_id stream, std::uint64_t first,
          std::span<std::uint64_t> out) {
  fill_rows(ctx, distribution, stream, first, out, SAMEBITS_UINT64);
}
void fill(const context& ctx, const samebits_distribution& distribution, stream_id stream, std::uint64_t first,
          std::span<std::uint32_t> out) {
  fill_rows(ctx, distribution, stream, first, out, SAMEBITS_UINT32);
}

}  // namespace samebits
