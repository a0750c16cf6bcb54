#include "samebits/random.hpp"

#include "lib/call.hpp"
#include "lib/distribution.hpp"
#include "lib/random.hpp"

namespace samebits {

namespace {

/// Samples of a distribution that was checked.
void fill_checked(const char* function, const context& ctx, const samebits_distribution& distribution,
                  const distribution_info& info, stream_id stream, std::uint64_t first, std::uint64_t n,
                  samebits_dtype dtype, void* out) {
  const std::uint64_t length = sequence_length(distribution);
  if (first > length || n > length - first) {
    throw invalid_argument(std::string(function) + ": first is " + std::to_string(first) + " and out has " +
                           std::to_string(n) + " samples, but a sequence of " + info.name + " ends after " +
                           std::to_string(length));
  }
  if (n == 0) {
    return;
  }
  const std::vector<double> made = sampler_table(distribution);
  const bool as_given = info.values != nullptr && made.empty();
  const samebits_sampling sampling{&distribution,
                                   as_given ? distribution.values : made.data(),
                                   as_given ? distribution.n_values : static_cast<std::int64_t>(made.size()),
                                   dtype,
                                   stream.seed,
                                   stream.task,
                                   first};
  samebits_call call = make_call(ctx);
  require_ok(ctx.table()->fill(&call, &sampling, static_cast<std::int64_t>(n), out), call, function);
}

template <class T>
void fill_rows(const context& ctx, const samebits_distribution& distribution, stream_id stream, std::uint64_t first,
               std::span<T> out, samebits_dtype dtype) {
  const distribution_info& info = require_valid("fill", distribution, dtype);
  const auto size = static_cast<std::size_t>(checked_row_size(distribution));
  if (out.size() % size != 0) {
    throw invalid_argument("fill: out has " + std::to_string(out.size()) + " elements, but a sample has " +
                           std::to_string(size));
  }
  fill_checked("fill", ctx, distribution, info, stream, first, out.size() / size, dtype, out.data());
}

}  // namespace

void fill_named(const char* function, const context& ctx, const samebits_distribution& distribution, stream_id stream,
                std::uint64_t first, std::uint64_t n, samebits_dtype dtype, void* out) {
  const distribution_info& info = require_valid(function, distribution, dtype);
  fill_checked(function, ctx, distribution, info, stream, first, n, dtype, out);
}

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
