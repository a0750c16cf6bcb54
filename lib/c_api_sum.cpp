// The C interface: sums, summaries, products, histograms, and parts of sums.
#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "lib/c_api.hpp"
#include "samebits/exact_sum.hpp"
#include "samebits/histogram.hpp"
#include "samebits/matmul.hpp"
#include "samebits/sum.hpp"
#include "samebits/summary.hpp"

using samebits::matrix_view;
using samebits::c_api::array;
using samebits::c_api::complete;
using samebits::c_api::for_type;
using samebits::c_api::guard;
using samebits::c_api::require_array;
using samebits::c_api::require_matrix;
using samebits::c_api::require_pointer;
using samebits::c_api::to_enum;

struct samebits_partial_summary {
  samebits::partial_summary state;
};

struct samebits_exact_total {
  samebits::exact_total total;
};

namespace {

static_assert(SAMEBITS_NORM_MAX == static_cast<int>(samebits::norm_kind::max));
static_assert(SAMEBITS_STATISTIC_SUM == static_cast<int>(samebits::statistic::sum));
static_assert(SAMEBITS_STATISTIC_ABSOLUTE_SUM == static_cast<int>(samebits::statistic::absolute_sum));
static_assert(SAMEBITS_STATISTIC_PRODUCT == static_cast<int>(samebits::statistic::product));
static_assert(SAMEBITS_STATISTIC_MOMENTS == static_cast<int>(samebits::statistic::moments));
static_assert(SAMEBITS_STATISTIC_COVARIANCE == static_cast<int>(samebits::statistic::covariance));

/// Copies numbers to the caller's array, where there is one.
template <class T>
void copy_to(const std::vector<T>& numbers, T* out) {
  if (out != nullptr) {
    std::copy(numbers.begin(), numbers.end(), out);
  }
}

// ---- calls, for numbers of either type ---------------------------------------------------------------------------

/// One number of a list.
template <class Call>
samebits_status of_list(const char* function, samebits_context* context, samebits_dtype dtype, const void* x, int64_t n,
                        double* out, const char* out_name, const Call& call) {
  return guard([&] {
    require_pointer(context, function, "context");
    require_array(x, n, function, "x", "n");
    require_pointer(out, function, out_name);
    for_type(dtype, function, [&]<class T>(T) { *out = call(context->context, array(static_cast<const T*>(x), n)); });
  });
}

/// Something of rows; call(context, rows) writes it.
template <class Call>
samebits_status of_rows(const char* function, samebits_context* context, samebits_dtype dtype, const void* x,
                        int64_t n_rows, int64_t n_cols, const Call& call) {
  return guard([&] {
    require_pointer(context, function, "context");
    require_matrix(x, n_rows, n_cols, function, "x", "n_rows", "n_cols");
    for_type(dtype, function, [&]<class T>(T) {
      call(context->context, matrix_view<const T>(static_cast<const T*>(x), n_rows, n_cols));
    });
  });
}

/// One number of each column, which call(context, rows) returns.
template <class Call>
samebits_status of_columns(const char* function, samebits_context* context, samebits_dtype dtype, const void* x,
                           int64_t n_rows, int64_t n_cols, double* out, const char* out_name, const Call& call) {
  return of_rows(function, context, dtype, x, n_rows, n_cols, [&](const auto& ctx, auto rows) {
    require_array(out, n_cols, function, out_name, "n_cols");
    copy_to(call(ctx, rows), out);
  });
}

// ---- results -----------------------------------------------------------------------------------------------------

/// A summary as a program built against this header or an older one has it.
class summary_of_caller {
 public:
  summary_of_caller(samebits_summary* given, const char* function) : given_(given) {
    require_pointer(given, function, "summary");
    filled_ = complete(given, samebits_summary_init, function, "summary");
  }

  void write(const samebits::summary& s) {
    filled_.struct_size = given_->struct_size;
    filled_.n_rows = s.n_rows;
    filled_.weight = s.weight;
    std::memcpy(given_, &filled_, given_->struct_size);
    copy_to(s.sum, filled_.sum);
    copy_to(s.mean, filled_.mean);
    copy_to(s.variance, filled_.variance);
    copy_to(s.min, filled_.min);
    copy_to(s.max, filled_.max);
  }

 private:
  samebits_summary* given_;
  samebits_summary filled_;
};

void write_bytes(const std::vector<std::byte>& state, const char* function, uint8_t* bytes, int64_t size,
                 int64_t* n_bytes) {
  require_pointer(n_bytes, function, "n_bytes");
  const int64_t n = std::ssize(state);
  if (bytes != nullptr) {
    if (size < n) {
      throw samebits::invalid_argument(std::string(function) + ": size is " + std::to_string(size) +
                                       " but the state has " + std::to_string(n) + " bytes");
    }
    std::memcpy(bytes, state.data(), state.size());
  }
  *n_bytes = n;
}

std::span<const std::byte> read_bytes(const uint8_t* bytes, int64_t n_bytes, const char* function) {
  require_array(bytes, n_bytes, function, "bytes", "n_bytes");
  return std::as_bytes(array(bytes, n_bytes));
}

void write_histogram(const samebits::histogram_result& h, int64_t* counts, double* weight_sums, int64_t* n_below,
                     int64_t* n_above) {
  copy_to(h.counts, counts);
  if (weight_sums != nullptr && h.weights.empty()) {
    std::fill_n(weight_sums, h.counts.size(), 0.0);
  } else {
    copy_to(h.weights, weight_sums);
  }
  if (n_below != nullptr) {
    *n_below = h.n_below;
  }
  if (n_above != nullptr) {
    *n_above = h.n_above;
  }
}

void require_bins(int64_t n_bins, const char* function) {
  constexpr int64_t most_bins = int64_t{1} << 56;
  if (n_bins < 1 || n_bins > most_bins) {
    throw samebits::invalid_argument(std::string(function) + ": n_bins is " + std::to_string(n_bins) +
                                     " but must be 1 to 2^56");
  }
}

}  // namespace

extern "C" {

// ---- sums of lists -----------------------------------------------------------------------------------------------

SAMEBITS_C_API samebits_status samebits_sum(samebits_context* context, samebits_dtype dtype, const void* x, int64_t n,
                                            double* sum) {
  return of_list("sum", context, dtype, x, n, sum, "sum",
                 [](const auto& ctx, auto numbers) { return samebits::sum(ctx, numbers); });
}
SAMEBITS_C_API samebits_status samebits_dot(samebits_context* context, samebits_dtype dtype, const void* x,
                                            const void* y, int64_t n, double* dot) {
  return of_list("dot", context, dtype, x, n, dot, "dot", [&]<class T>(const auto& ctx, std::span<const T> numbers) {
    require_array(y, n, "dot", "y", "n");
    return samebits::dot(ctx, numbers, array(static_cast<const T*>(y), n));
  });
}
SAMEBITS_C_API samebits_status samebits_mean(samebits_context* context, samebits_dtype dtype, const void* x, int64_t n,
                                             double* mean) {
  return of_list("mean", context, dtype, x, n, mean, "mean",
                 [](const auto& ctx, auto numbers) { return samebits::mean(ctx, numbers); });
}
SAMEBITS_C_API samebits_status samebits_variance(samebits_context* context, samebits_dtype dtype, const void* x,
                                                 int64_t n, double ddof, double* variance) {
  return of_list("variance", context, dtype, x, n, variance, "variance",
                 [&](const auto& ctx, auto numbers) { return samebits::variance(ctx, numbers, ddof); });
}
SAMEBITS_C_API samebits_status samebits_norm(samebits_context* context, samebits_dtype dtype, const void* x, int64_t n,
                                             samebits_norm_kind kind, double* norm) {
  return of_list("norm", context, dtype, x, n, norm, "norm", [&](const auto& ctx, auto numbers) {
    return samebits::norm(ctx, numbers, to_enum(kind, samebits::norm_kind::max, "norm", "kind"));
  });
}

// ---- summaries of rows -------------------------------------------------------------------------------------------

SAMEBITS_C_API void samebits_summary_init(samebits_summary* summary) {
  if (summary != nullptr) {
    *summary = {};
    summary->struct_size = sizeof(samebits_summary);
  }
}
SAMEBITS_C_API samebits_status samebits_summarize(samebits_context* context, samebits_dtype dtype, const void* x,
                                                  int64_t n_rows, int64_t n_cols, const double* weights, double ddof,
                                                  samebits_summary* summary) {
  return of_rows("summarize", context, dtype, x, n_rows, n_cols, [&](const auto& ctx, auto rows) {
    summary_of_caller out(summary, "summarize");
    out.write(samebits::summarize(ctx, rows, array(weights, n_rows), ddof));
  });
}
SAMEBITS_C_API samebits_status samebits_covariance(samebits_context* context, samebits_dtype dtype, const void* x,
                                                   int64_t n_rows, int64_t n_cols, const double* weights, double ddof,
                                                   double* covariance) {
  return of_rows("covariance", context, dtype, x, n_rows, n_cols, [&](const auto& ctx, auto rows) {
    require_pointer(covariance, "covariance", "covariance");
    copy_to(samebits::covariance(ctx, rows, array(weights, n_rows), ddof), covariance);
  });
}

// ---- exact sums --------------------------------------------------------------------------------------------------

SAMEBITS_C_API samebits_status samebits_exact_sum(samebits_context* context, samebits_dtype dtype, const void* x,
                                                  int64_t n_rows, int64_t n_cols, double* sums) {
  return of_columns("exact_sum", context, dtype, x, n_rows, n_cols, sums, "sums",
                    [](const auto& ctx, auto rows) { return samebits::exact_sum(ctx, rows); });
}
SAMEBITS_C_API samebits_status samebits_exact_dot(samebits_context* context, samebits_dtype dtype, const void* x,
                                                  const void* y, int64_t n_rows, int64_t n_cols, double* dots) {
  return of_columns("exact_dot", context, dtype, x, n_rows, n_cols, dots, "dots",
                    [&]<class T>(const auto& ctx, matrix_view<const T> rows) {
                      require_matrix(y, n_rows, n_cols, "exact_dot", "y", "n_rows", "n_cols");
                      return samebits::exact_dot(ctx, rows, {static_cast<const T*>(y), n_rows, n_cols});
                    });
}
SAMEBITS_C_API samebits_status samebits_exact_mean(samebits_context* context, samebits_dtype dtype, const void* x,
                                                   int64_t n_rows, int64_t n_cols, double* means) {
  return of_columns("exact_mean", context, dtype, x, n_rows, n_cols, means, "means",
                    [](const auto& ctx, auto rows) { return samebits::exact_mean(ctx, rows); });
}

// ---- products and histograms -------------------------------------------------------------------------------------

SAMEBITS_C_API samebits_status samebits_matmul(samebits_context* context, samebits_dtype dtype, const void* a,
                                               const void* b, int64_t n_rows, int64_t n_inner, int64_t n_cols,
                                               void* out) {
  return guard([&] {
    const char* const function = "matmul";
    require_pointer(context, function, "context");
    require_matrix(a, n_rows, n_inner, function, "a", "n_rows", "n_inner");
    require_matrix(b, n_inner, n_cols, function, "b", "n_inner", "n_cols");
    require_matrix(out, n_rows, n_cols, function, "out", "n_rows", "n_cols");
    for_type(dtype, function, [&]<class T>(T) {
      samebits::matmul(context->context, {static_cast<const T*>(a), n_rows, n_inner},
                       {static_cast<const T*>(b), n_inner, n_cols},
                       matrix_view<T>(static_cast<T*>(out), n_rows, n_cols));
    });
  });
}

SAMEBITS_C_API samebits_status samebits_histogram(samebits_context* context, samebits_dtype dtype, const void* x,
                                                  int64_t n, const double* edges, int64_t n_bins, const double* weights,
                                                  int64_t* counts, double* weight_sums, int64_t* n_below,
                                                  int64_t* n_above) {
  return guard([&] {
    const char* const function = "histogram";
    require_pointer(context, function, "context");
    require_array(x, n, function, "x", "n");
    require_bins(n_bins, function);
    require_pointer(edges, function, "edges");
    if (weight_sums != nullptr && weights == nullptr && n > 0) {
      throw samebits::invalid_argument("histogram: weight_sums are asked for but weights is NULL");
    }
    for_type(dtype, function, [&]<class T>(T) {
      write_histogram(samebits::histogram(context->context, array(static_cast<const T*>(x), n),
                                          array(edges, n_bins + 1), array(weights, n)),
                      counts, weight_sums, n_below, n_above);
    });
  });
}
SAMEBITS_C_API samebits_status samebits_equal_bins(double low, double high, int64_t n_bins, double* edges) {
  return guard([&] {
    require_pointer(edges, "equal_bins", "edges");
    copy_to(samebits::equal_bins(low, high, n_bins), edges);
  });
}

// ---- partial summaries -------------------------------------------------------------------------------------------

SAMEBITS_C_API samebits_status samebits_partial_summary_create(samebits_partial_statistic what, int64_t n_cols,
                                                               samebits_partial_summary** state) {
  return guard([&] {
    const char* const function = "partial_summary_create";
    require_pointer(state, function, "state");
    const samebits::statistic statistic = to_enum(what, samebits::statistic::covariance, function, "what");
    *state = new samebits_partial_summary{samebits::partial_summary(statistic, n_cols)};
  });
}
SAMEBITS_C_API void samebits_partial_summary_destroy(samebits_partial_summary* state) { delete state; }

SAMEBITS_C_API samebits_status samebits_partial_summary_add(samebits_context* context, samebits_partial_summary* state,
                                                            int64_t first_row, samebits_dtype dtype, const void* x,
                                                            int64_t n_rows, int64_t n_cols, const double* weights) {
  const char* const function = "partial_summary_add";
  return of_rows(function, context, dtype, x, n_rows, n_cols, [&](const auto& ctx, auto rows) {
    require_pointer(state, function, "state");
    state->state.add(ctx, first_row, rows, array(weights, n_rows));
  });
}
SAMEBITS_C_API samebits_status samebits_partial_summary_add_product(samebits_context* context,
                                                                    samebits_partial_summary* state, int64_t first_row,
                                                                    samebits_dtype dtype, const void* x, const void* y,
                                                                    int64_t n_rows, int64_t n_cols) {
  const char* const function = "partial_summary_add_product";
  return of_rows(function, context, dtype, x, n_rows, n_cols, [&](const auto& ctx, auto rows) {
    require_pointer(state, function, "state");
    require_matrix(y, n_rows, n_cols, function, "y", "n_rows", "n_cols");
    const decltype(rows) others(static_cast<decltype(rows.data())>(y), n_rows, n_cols);
    state->state.add_product(ctx, first_row, rows, others);
  });
}
SAMEBITS_C_API samebits_status samebits_partial_summary_merge(samebits_partial_summary* state,
                                                              const samebits_partial_summary* other) {
  return guard([&] {
    require_pointer(state, "partial_summary_merge", "state");
    require_pointer(other, "partial_summary_merge", "other");
    state->state.merge(other->state);
  });
}

SAMEBITS_C_API samebits_partial_statistic samebits_partial_summary_what(const samebits_partial_summary* s) {
  return s == nullptr ? SAMEBITS_STATISTIC_SUM : static_cast<samebits_partial_statistic>(s->state.what());
}
SAMEBITS_C_API int64_t samebits_partial_summary_n_cols(const samebits_partial_summary* s) {
  return s == nullptr ? 0 : s->state.n_cols();
}
SAMEBITS_C_API int64_t samebits_partial_summary_n_rows(const samebits_partial_summary* s) {
  return s == nullptr ? 0 : s->state.n_rows();
}
SAMEBITS_C_API int samebits_partial_summary_is_whole(const samebits_partial_summary* s) {
  return s != nullptr && s->state.is_whole() ? 1 : 0;
}

SAMEBITS_C_API samebits_status samebits_partial_summary_sums(const samebits_partial_summary* state, double* sums) {
  return guard([&] {
    require_pointer(state, "partial_summary_sums", "state");
    require_pointer(sums, "partial_summary_sums", "sums");
    copy_to(state->state.sums(), sums);
  });
}
SAMEBITS_C_API samebits_status samebits_partial_summary_moments(const samebits_partial_summary* state, double ddof,
                                                                samebits_summary* summary) {
  return guard([&] {
    require_pointer(state, "partial_summary_moments", "state");
    summary_of_caller out(summary, "partial_summary_moments");
    out.write(state->state.moments(ddof));
  });
}
SAMEBITS_C_API samebits_status samebits_partial_summary_covariance(const samebits_partial_summary* state, double ddof,
                                                                   double* covariance) {
  return guard([&] {
    require_pointer(state, "partial_summary_covariance", "state");
    require_pointer(covariance, "partial_summary_covariance", "covariance");
    copy_to(state->state.covariance(ddof), covariance);
  });
}

SAMEBITS_C_API samebits_status samebits_partial_summary_bytes(const samebits_partial_summary* state, uint8_t* bytes,
                                                              int64_t size, int64_t* n_bytes) {
  return guard([&] {
    require_pointer(state, "partial_summary_bytes", "state");
    write_bytes(state->state.bytes(), "partial_summary_bytes", bytes, size, n_bytes);
  });
}
SAMEBITS_C_API samebits_status samebits_partial_summary_from_bytes(const uint8_t* bytes, int64_t n_bytes,
                                                                   samebits_partial_summary** state) {
  return guard([&] {
    const char* const function = "partial_summary_from_bytes";
    require_pointer(state, function, "state");
    *state = new samebits_partial_summary{samebits::partial_summary::from_bytes(read_bytes(bytes, n_bytes, function))};
  });
}

// ---- exact totals ------------------------------------------------------------------------------------------------

SAMEBITS_C_API samebits_status samebits_exact_total_create(samebits_exact_total** total) {
  return guard([&] {
    require_pointer(total, "exact_total_create", "total");
    *total = new samebits_exact_total{};
  });
}
SAMEBITS_C_API void samebits_exact_total_destroy(samebits_exact_total* total) { delete total; }

SAMEBITS_C_API samebits_status samebits_exact_total_add(samebits_context* context, samebits_exact_total* total,
                                                        samebits_dtype dtype, const void* x, int64_t n) {
  return guard([&] {
    const char* const function = "exact_total_add";
    require_pointer(context, function, "context");
    require_pointer(total, function, "total");
    require_array(x, n, function, "x", "n");
    for_type(dtype, function,
             [&]<class T>(T) { total->total.add(context->context, array(static_cast<const T*>(x), n)); });
  });
}
SAMEBITS_C_API samebits_status samebits_exact_total_add_product(samebits_context* context, samebits_exact_total* total,
                                                                samebits_dtype dtype, const void* x, const void* y,
                                                                int64_t n) {
  return guard([&] {
    const char* const function = "exact_total_add_product";
    require_pointer(context, function, "context");
    require_pointer(total, function, "total");
    require_array(x, n, function, "x", "n");
    require_array(y, n, function, "y", "n");
    for_type(dtype, function, [&]<class T>(T) {
      total->total.add_product(context->context, array(static_cast<const T*>(x), n),
                               array(static_cast<const T*>(y), n));
    });
  });
}
SAMEBITS_C_API samebits_status samebits_exact_total_merge(samebits_exact_total* total,
                                                          const samebits_exact_total* other) {
  return guard([&] {
    require_pointer(total, "exact_total_merge", "total");
    require_pointer(other, "exact_total_merge", "other");
    total->total.merge(other->total);
  });
}

SAMEBITS_C_API int64_t samebits_exact_total_count(const samebits_exact_total* total) {
  return total == nullptr ? 0 : total->total.count();
}
SAMEBITS_C_API samebits_status samebits_exact_total_sum(const samebits_exact_total* total, double* sum) {
  return guard([&] {
    require_pointer(total, "exact_total_sum", "total");
    require_pointer(sum, "exact_total_sum", "sum");
    *sum = total->total.sum();
  });
}
SAMEBITS_C_API samebits_status samebits_exact_total_mean(const samebits_exact_total* total, double* mean) {
  return guard([&] {
    require_pointer(total, "exact_total_mean", "total");
    require_pointer(mean, "exact_total_mean", "mean");
    *mean = total->total.mean();
  });
}

SAMEBITS_C_API samebits_status samebits_exact_total_bytes(const samebits_exact_total* total, uint8_t* bytes,
                                                          int64_t size, int64_t* n_bytes) {
  return guard([&] {
    require_pointer(total, "exact_total_bytes", "total");
    write_bytes(total->total.bytes(), "exact_total_bytes", bytes, size, n_bytes);
  });
}
SAMEBITS_C_API samebits_status samebits_exact_total_from_bytes(const uint8_t* bytes, int64_t n_bytes,
                                                               samebits_exact_total** total) {
  return guard([&] {
    const char* const function = "exact_total_from_bytes";
    require_pointer(total, function, "total");
    *total = new samebits_exact_total{samebits::exact_total::from_bytes(read_bytes(bytes, n_bytes, function))};
  });
}

}  // extern "C"
