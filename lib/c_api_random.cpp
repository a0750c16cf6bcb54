// The C interface: random streams.
#include "lib/c_api.hpp"
#include "lib/random.hpp"
#include "samebits/permutation.hpp"
#include "samebits/random.hpp"
#include "samebits/seed.hpp"
#include "samebits/split.hpp"
#include "samebits/stream.hpp"

using samebits::stream_id;
using samebits::c_api::array;
using samebits::c_api::guard;
using samebits::c_api::require_array;
using samebits::c_api::require_pointer;

namespace {

template <class T, class Fill>
samebits_status fill(const char* function, samebits_context* context, uint64_t seed, uint64_t task, uint64_t first,
                     int64_t n, T* out, const Fill& fill_function) {
  return guard([&] {
    require_pointer(context, function, "context");
    require_array(out, n, function, "out", "n");
    fill_function(context->context, stream_id{seed, task}, first, array(out, n));
  });
}

void write_child(stream_id child, const char* function, uint64_t* child_seed, uint64_t* child_task) {
  require_pointer(child_seed, function, "child_seed");
  require_pointer(child_task, function, "child_task");
  *child_seed = child.seed;
  *child_task = child.task;
}

}  // namespace

extern "C" {

SAMEBITS_C_API samebits_status samebits_seed_parse(const char* text, uint64_t* seed) {
  return guard([&] {
    require_pointer(text, "seed_parse", "text");
    require_pointer(seed, "seed_parse", "seed");
    *seed = samebits::seed::parse(text);
  });
}

SAMEBITS_C_API samebits_status samebits_stream_child(uint64_t seed, uint64_t task, uint64_t index, uint64_t* child_seed,
                                                     uint64_t* child_task) {
  return guard([&] { write_child(stream_id{seed, task}.child(index), "stream_child", child_seed, child_task); });
}
SAMEBITS_C_API samebits_status samebits_stream_child_named(uint64_t seed, uint64_t task, const char* name,
                                                           uint64_t* child_seed, uint64_t* child_task) {
  return guard([&] {
    require_pointer(name, "stream_child_named", "name");
    write_child(stream_id{seed, task}.child(std::string_view(name)), "stream_child_named", child_seed, child_task);
  });
}

SAMEBITS_C_API samebits_status samebits_fill_words(samebits_context* context, uint64_t seed, uint64_t task,
                                                   uint64_t first, int64_t n, uint32_t* out) {
  return fill("fill_words", context, seed, task, first, n, out, samebits::fill_words);
}
SAMEBITS_C_API samebits_status samebits_fill_uniform(samebits_context* context, uint64_t seed, uint64_t task,
                                                     uint64_t first, int64_t n, double* out) {
  return fill("fill_uniform", context, seed, task, first, n, out, samebits::fill_uniform);
}
SAMEBITS_C_API samebits_status samebits_fill_normal(samebits_context* context, uint64_t seed, uint64_t task,
                                                    uint64_t first, int64_t n, double* out) {
  return fill("fill_normal", context, seed, task, first, n, out, samebits::fill_normal);
}

SAMEBITS_C_API void samebits_distribution_init(samebits_distribution* distribution, samebits_distribution_kind kind) {
  if (distribution == nullptr) {
    return;
  }
  *distribution = {sizeof(samebits_distribution), kind, {}, 0, nullptr, 0};
  if (kind >= 0 && static_cast<int>(kind) < SAMEBITS_N_DISTRIBUTIONS) {
    const samebits::distribution_info& info = samebits::list_distributions()[static_cast<std::size_t>(kind)];
    distribution->count = info.standard_count;
    double* next = distribution->parameters;
    for (const samebits::distribution_parameter& parameter : info.parameters) {
      *next++ = parameter.standard;
    }
  }
}
SAMEBITS_C_API samebits_status samebits_distribution_row_size(const samebits_distribution* distribution,
                                                              int64_t* size) {
  return guard([&] {
    require_pointer(distribution, "distribution_row_size", "distribution");
    require_pointer(size, "distribution_row_size", "size");
    *size = samebits::row_size(*distribution);
  });
}
SAMEBITS_C_API samebits_status samebits_fill(samebits_context* context, const samebits_distribution* distribution,
                                             uint64_t seed, uint64_t task, uint64_t first, int64_t n,
                                             samebits_dtype dtype, void* out) {
  return guard([&] {
    require_pointer(context, "fill", "context");
    require_pointer(distribution, "fill", "distribution");
    require_array(out, n, "fill", "out", "n");
    samebits::fill_named("fill", context->context, *distribution, stream_id{seed, task}, first,
                         static_cast<uint64_t>(n), dtype, out);
  });
}

SAMEBITS_C_API samebits_status samebits_permutation(uint64_t seed, uint64_t task, int64_t n, int64_t* out) {
  return guard([&] {
    require_array(out, n, "permutation", "out", "n");
    samebits::permutation({seed, task}, array(out, n));
  });
}
SAMEBITS_C_API samebits_status samebits_fill_permutation(samebits_context* context, uint64_t seed, uint64_t task,
                                                         int64_t n, int64_t* out) {
  return guard([&] {
    require_pointer(context, "fill_permutation", "context");
    require_array(out, n, "fill_permutation", "out", "n");
    samebits::permutation(context->context, {seed, task}, array(out, n));
  });
}
SAMEBITS_C_API samebits_status samebits_sample_without_replacement(uint64_t seed, uint64_t task, int64_t n,
                                                                   int64_t n_drawn, int64_t* out) {
  return guard([&] {
    require_array(out, n_drawn, "sample_without_replacement", "out", "n_drawn");
    samebits::sample_without_replacement({seed, task}, n, array(out, n_drawn));
  });
}
SAMEBITS_C_API samebits_status samebits_k_fold(uint64_t seed, uint64_t task, int64_t n_rows, int64_t k, int64_t* fold) {
  return guard([&] {
    require_array(fold, n_rows, "k_fold", "fold", "n_rows");
    samebits::k_fold({seed, task}, n_rows, k, array(fold, n_rows));
  });
}
SAMEBITS_C_API samebits_status samebits_stratified_k_fold(uint64_t seed, uint64_t task, const int64_t* labels,
                                                          int64_t n_rows, int64_t k, int64_t* fold) {
  return guard([&] {
    require_array(labels, n_rows, "stratified_k_fold", "labels", "n_rows");
    require_array(fold, n_rows, "stratified_k_fold", "fold", "n_rows");
    samebits::stratified_k_fold({seed, task}, array(labels, n_rows), k, array(fold, n_rows));
  });
}

}  // extern "C"
