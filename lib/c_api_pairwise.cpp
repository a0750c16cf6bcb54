// The C interface: sums over pairs of rows, kernel densities, and tests of samples.
#include <algorithm>
#include <vector>

#include "lib/c_api.hpp"
#include "samebits/dependence.hpp"
#include "samebits/kernel_density.hpp"
#include "samebits/pairwise.hpp"
#include "samebits/permutation_test.hpp"
#include "samebits/two_sample.hpp"

using samebits::matrix_view;
using samebits::c_api::array;
using samebits::c_api::complete;
using samebits::c_api::for_type;
using samebits::c_api::guard;
using samebits::c_api::require_array;
using samebits::c_api::require_matrix;
using samebits::c_api::require_pointer;
using samebits::c_api::require_size;
using samebits::c_api::to_enum;

namespace {

// ---- arguments ---------------------------------------------------------------------------------------------------

constexpr auto last_kernel = static_cast<samebits::pair_kernel>(samebits::n_pair_kernels - 1);

static_assert(SAMEBITS_KERNEL_PRODUCT == static_cast<int>(samebits::pair_kernel::product));
static_assert(SAMEBITS_KERNEL_POLYNOMIAL == static_cast<int>(samebits::pair_kernel::polynomial));
static_assert(SAMEBITS_KERNEL_COSINE == static_cast<int>(samebits::pair_kernel::cosine));
static_assert(SAMEBITS_KERNEL_SQUARED_DISTANCE == static_cast<int>(samebits::pair_kernel::squared_distance));
static_assert(SAMEBITS_KERNEL_POWER == static_cast<int>(samebits::pair_kernel::power));
static_assert(SAMEBITS_KERNEL_GAUSSIAN == static_cast<int>(samebits::pair_kernel::gaussian));
static_assert(SAMEBITS_KERNEL_MATERN_1_2 == static_cast<int>(samebits::pair_kernel::matern_1_2));
static_assert(SAMEBITS_KERNEL_MATERN_3_2 == static_cast<int>(samebits::pair_kernel::matern_3_2));
static_assert(SAMEBITS_KERNEL_MATERN_5_2 == static_cast<int>(samebits::pair_kernel::matern_5_2));
static_assert(SAMEBITS_KERNEL_INVERSE_MULTIQUADRIC == static_cast<int>(samebits::pair_kernel::inverse_multiquadric));
static_assert(SAMEBITS_KERNEL_L1 == static_cast<int>(samebits::pair_kernel::l1));
static_assert(SAMEBITS_KERNEL_LAPLACIAN == static_cast<int>(samebits::pair_kernel::laplacian));
static_assert(SAMEBITS_KERNEL_LAPLACIAN == static_cast<int>(last_kernel));
static_assert(SAMEBITS_PAIRS_CROSS == static_cast<int>(samebits::pairwise_mode::cross));
static_assert(SAMEBITS_PAIRS_V == static_cast<int>(samebits::pairwise_mode::v));
static_assert(SAMEBITS_PAIRS_U == static_cast<int>(samebits::pairwise_mode::u));
static_assert(SAMEBITS_PAIRS_UPPER == static_cast<int>(samebits::pairwise_mode::upper));
static_assert(SAMEBITS_ALGORITHM_AUTOMATIC == static_cast<int>(samebits::pairwise_algorithm::automatic));
static_assert(SAMEBITS_ALGORITHM_DIRECT == static_cast<int>(samebits::pairwise_algorithm::direct));
static_assert(SAMEBITS_ESTIMATOR_V == static_cast<int>(samebits::estimator::v));
static_assert(SAMEBITS_ESTIMATOR_U == static_cast<int>(samebits::estimator::u));

/// One of the sets of rows of a call, as it came, with the names of its parameters.
struct rows_argument {
  const void* data;
  int64_t n_rows;
  int64_t n_cols;
  const char* name;
  const char* rows_name;
  const char* cols_name;

  void require(const char* function) const {
    require_matrix(data, n_rows, n_cols, function, name, rows_name, cols_name);
  }
  template <class T>
  matrix_view<const T> view() const {
    return {static_cast<const T*>(data), n_rows, n_cols};
  }
};

/// Both of them.
struct samples {
  rows_argument x;
  rows_argument y;
};

samples pairs_of(const void* x, int64_t n_x, const void* y, int64_t n_y, int64_t n_cols) {
  return {{x, n_x, n_cols, "x", "n_x", "n_cols"}, {y, n_y, n_cols, "y", "n_y", "n_cols"}};
}

samples joint(const void* x, int64_t n_x_cols, const void* y, int64_t n_y_cols, int64_t n_rows) {
  return {{x, n_rows, n_x_cols, "x", "n_rows", "n_x_cols"}, {y, n_rows, n_y_cols, "y", "n_rows", "n_y_cols"}};
}

/// Weights of y have no size in a mode without y, where C++ could not see them.
void refuse_weights_of_y(const samebits_pairwise_options& o, const std::string& where) {
  if (o.mode != SAMEBITS_PAIRS_CROSS && o.y_weights != nullptr) {
    throw samebits::invalid_argument(where + ": y_weights are given but mode is " +
                                     name_of(static_cast<samebits::pairwise_mode>(o.mode)) +
                                     ", where x_weights are those of both sides");
  }
}

/// Of functions with options of two kinds, messages name the parameter.
samebits::pairwise_options to_cpp(const samebits_pairwise_options* given, int64_t n_x, int64_t n_y,
                                  const std::string& function, const std::string& name = "") {
  const std::string where = name.empty() ? function : function + ": " + name;
  const samebits_pairwise_options o =
      complete(given, samebits_pairwise_options_init, function.c_str(), name.empty() ? "options" : name.c_str());
  samebits::pairwise_options options;
  options.kernel = to_enum(o.kernel, last_kernel, where, "kernel");
  options.mode = to_enum(o.mode, samebits::pairwise_mode::upper, where, "mode");
  options.algorithm = to_enum(o.algorithm, samebits::pairwise_algorithm::direct, where, "algorithm");
  options.degree = o.degree;
  options.bandwidth = o.bandwidth;
  require_array(o.bandwidths, o.n_bandwidths, where.c_str(), "bandwidths", "n_bandwidths");
  options.bandwidths = array(o.bandwidths, o.n_bandwidths);
  options.exponent = o.exponent;
  options.gamma = o.gamma;
  options.offset = o.offset;
  options.x_weights = array(o.x_weights, n_x);
  refuse_weights_of_y(o, where);
  options.y_weights = array(o.y_weights, n_y);
  return options;
}

samebits::estimator to_cpp(const samebits_estimator& estimator, const char* function) {
  return to_enum(estimator, samebits::estimator::u, function, "estimator");
}

samebits::permutation_test_options to_cpp(const samebits_permutation_test_options* given, const char* function,
                                          bool keep_statistics) {
  const samebits_permutation_test_options o = complete(given, samebits_permutation_test_options_init, function, "test");
  samebits::permutation_test_options options;
  options.n_permutations = o.n_permutations;
  options.stream = {o.seed, o.task};
  options.keep_statistics = keep_statistics;
  if (o.callback != nullptr) {
    options.callback = [call = o.callback, user_data = o.user_data](int64_t n_done) {
      return call(user_data, n_done) == 0;
    };
  }
  return options;
}

// ---- calls, for rows of either type ------------------------------------------------------------------------------

/// call(context, x, y)
template <class Call>
samebits_status with_samples(const char* function, samebits_context* context, samebits_dtype dtype, const samples& rows,
                             const Call& call) {
  return guard([&] {
    require_pointer(context, function, "context");
    rows.x.require(function);
    rows.y.require(function);
    for_type(dtype, function, [&]<class T>(T) { call(context->context, rows.x.view<T>(), rows.y.view<T>()); });
  });
}

/// One number, which call(context, x, y) returns.
template <class Call>
samebits_status one_number(const char* function, samebits_context* context, samebits_dtype dtype, const samples& rows,
                           double* out, const char* out_name, const Call& call) {
  return with_samples(function, context, dtype, rows, [&](const auto& ctx, auto x, auto y) {
    require_pointer(out, function, out_name);
    *out = call(ctx, x, y);
  });
}

/// A result of many numbers. The C++ functions may have written some of them when they fail, so they get a copy.
template <class T>
class results {
 public:
  results(const char* function, T* out, const char* name, int64_t n_rows, int64_t n_cols)
      : out_(out), n_rows_(std::max<int64_t>(n_rows, 0)), n_cols_(std::max<int64_t>(n_cols, 0)) {
    constexpr int64_t most_values = int64_t{1} << 56;
    if (n_rows_ > 0 && n_cols_ > most_values / n_rows_) {
      throw samebits::invalid_argument(std::string(function) + ": " + name + " is " + std::to_string(n_rows_) + " x " +
                                       std::to_string(n_cols_) + ", which is more than 2^56 values");
    }
    require_matrix(out, n_rows_, n_cols_, function, name, "n_rows", "n_cols");
    values_.resize(static_cast<std::size_t>(n_rows_ * n_cols_));
  }

  std::span<T> list() { return values_; }
  matrix_view<T> matrix() { return {values_.data(), n_rows_, n_cols_}; }
  void write() const { std::copy(values_.begin(), values_.end(), out_); }

 private:
  T* out_;
  int64_t n_rows_;
  int64_t n_cols_;
  std::vector<T> values_;
};

/// Keeps a number of neighbours that no mode allows from a large allocation. C++ has the rules of each mode.
void require_neighbours(int64_t k, int64_t n_x, int64_t n_y, const char* function) {
  require_size(k, function, "k");
  const int64_t most = std::max(n_x, n_y);
  if (n_x > 0 && k > most) {
    throw samebits::invalid_argument(std::string(function) + ": k is " + std::to_string(k) + " but a row has at most " +
                                     std::to_string(most) + " pairs");
  }
}

/// The result of a permutation test, which call(context, x, y, options) returns.
template <class Call>
samebits_status test_of(const char* function, samebits_context* context, samebits_dtype dtype, const samples& rows,
                        const samebits_permutation_test_options* test, samebits_permutation_test_result* result,
                        double* statistics, const Call& call) {
  return with_samples(function, context, dtype, rows, [&](const auto& ctx, auto x, auto y) {
    require_pointer(result, function, "result");
    const samebits::permutation_test_result r = call(ctx, x, y, to_cpp(test, function, statistics != nullptr));
    *result = {r.statistic, r.p_value, r.n_as_large, r.n_permutations};
    std::copy(r.statistics.begin(), r.statistics.end(), statistics);
  });
}

/// "" for values that have no name.
template <class Given, class Enum>
const char* name_or_nothing(const Given& value, Enum last) {
  const int32_t number = samebits::c_api::number_of(value);
  return number < 0 || number > static_cast<int32_t>(last) ? "" : name_of(static_cast<Enum>(number));
}

}  // namespace

extern "C" {

// ---- sums over pairs ---------------------------------------------------------------------------------------------

SAMEBITS_C_API const char* samebits_pairwise_kernel_name(samebits_pairwise_kernel kernel) {
  return name_or_nothing(kernel, last_kernel);
}
SAMEBITS_C_API const char* samebits_pairwise_mode_name(samebits_pairwise_mode mode) {
  return name_or_nothing(mode, samebits::pairwise_mode::upper);
}
SAMEBITS_C_API samebits_status samebits_pairwise_kernel_named(const char* name, samebits_pairwise_kernel* kernel) {
  return guard([&] {
    require_pointer(name, "pairwise_kernel_named", "name");
    require_pointer(kernel, "pairwise_kernel_named", "kernel");
    *kernel = static_cast<samebits_pairwise_kernel>(samebits::pair_kernel_named(name));
  });
}
SAMEBITS_C_API samebits_status samebits_pairwise_mode_named(const char* name, samebits_pairwise_mode* mode) {
  return guard([&] {
    require_pointer(name, "pairwise_mode_named", "name");
    require_pointer(mode, "pairwise_mode_named", "mode");
    *mode = static_cast<samebits_pairwise_mode>(samebits::pairwise_mode_named(name));
  });
}

SAMEBITS_C_API void samebits_pairwise_options_init(samebits_pairwise_options* options) {
  if (options == nullptr) {
    return;
  }
  const samebits::pairwise_options d;
  *options = {};
  options->struct_size = sizeof(samebits_pairwise_options);
  options->kernel = static_cast<int32_t>(d.kernel);
  options->mode = static_cast<int32_t>(d.mode);
  options->algorithm = static_cast<int32_t>(d.algorithm);
  options->degree = d.degree;
  options->bandwidth = d.bandwidth;
  options->exponent = d.exponent;
  options->gamma = d.gamma;
  options->offset = d.offset;
}

SAMEBITS_C_API samebits_status samebits_pairwise_sum(samebits_context* context, samebits_dtype dtype, const void* x,
                                                     int64_t n_x, const void* y, int64_t n_y, int64_t n_cols,
                                                     const samebits_pairwise_options* options, double* total) {
  const char* const function = "pairwise_sum";
  return one_number(function, context, dtype, pairs_of(x, n_x, y, n_y, n_cols), total, "total",
                    [&](const auto& ctx, auto a, auto b) {
                      return samebits::pairwise_sum(ctx, a, b, to_cpp(options, n_x, n_y, function));
                    });
}
SAMEBITS_C_API samebits_status samebits_pairwise_sums(samebits_context* context, samebits_dtype dtype, const void* x,
                                                      int64_t n_x, const void* y, int64_t n_y, int64_t n_cols,
                                                      const samebits_pairwise_options* options, double* totals) {
  const char* const function = "pairwise_sums";
  return with_samples(function, context, dtype, pairs_of(x, n_x, y, n_y, n_cols), [&](const auto& ctx, auto a, auto b) {
    const samebits::pairwise_options o = to_cpp(options, n_x, n_y, function);
    require_array(totals, std::ssize(o.bandwidths), function, "totals", "n_bandwidths");
    const std::vector<double> values = samebits::pairwise_sums(ctx, a, b, o);
    std::copy(values.begin(), values.end(), totals);
  });
}
SAMEBITS_C_API samebits_status samebits_pairwise_rows(samebits_context* context, samebits_dtype dtype, const void* x,
                                                      int64_t n_x, const void* y, int64_t n_y, int64_t n_cols,
                                                      const samebits_pairwise_options* options, double* out) {
  const char* const function = "pairwise_rows";
  return with_samples(function, context, dtype, pairs_of(x, n_x, y, n_y, n_cols), [&](const auto& ctx, auto a, auto b) {
    const samebits::pairwise_options o = to_cpp(options, n_x, n_y, function);
    results r(function, out, "out", std::max<int64_t>(std::ssize(o.bandwidths), 1), n_x);
    samebits::pairwise_rows(ctx, a, b, o, r.list());
    r.write();
  });
}
SAMEBITS_C_API samebits_status samebits_pairwise_log_sum_exp(samebits_context* context, samebits_dtype dtype,
                                                             const void* x, int64_t n_x, const void* y, int64_t n_y,
                                                             int64_t n_cols, const samebits_pairwise_options* options,
                                                             double* out) {
  const char* const function = "pairwise_log_sum_exp";
  return with_samples(function, context, dtype, pairs_of(x, n_x, y, n_y, n_cols), [&](const auto& ctx, auto a, auto b) {
    results r(function, out, "out", n_x, 1);
    samebits::pairwise_log_sum_exp(ctx, a, b, to_cpp(options, n_x, n_y, function), r.list());
    r.write();
  });
}
SAMEBITS_C_API samebits_status samebits_pairwise_nearest(samebits_context* context, samebits_dtype dtype, const void* x,
                                                         int64_t n_x, const void* y, int64_t n_y, int64_t n_cols,
                                                         const samebits_pairwise_options* options, int64_t k,
                                                         int64_t* indices, double* values) {
  const char* const function = "pairwise_nearest";
  return with_samples(function, context, dtype, pairs_of(x, n_x, y, n_y, n_cols), [&](const auto& ctx, auto a, auto b) {
    require_neighbours(k, n_x, n_y, function);
    results whose(function, indices, "indices", n_x, k);
    results what(function, values, "values", values == nullptr ? 0 : n_x, k);
    samebits::pairwise_nearest(ctx, a, b, to_cpp(options, n_x, n_y, function), whose.matrix(),
                               values == nullptr ? matrix_view<double>() : what.matrix());
    whose.write();
    what.write();
  });
}
SAMEBITS_C_API samebits_status samebits_pairwise_product(samebits_context* context, samebits_dtype dtype, const void* x,
                                                         int64_t n_x, const void* y, int64_t n_y, int64_t n_cols,
                                                         const void* columns, int64_t n_columns,
                                                         const samebits_pairwise_options* options, double* out) {
  const char* const function = "pairwise_product";
  return with_samples(function, context, dtype, pairs_of(x, n_x, y, n_y, n_cols),
                      [&]<class T>(const auto& ctx, matrix_view<const T> a, matrix_view<const T> b) {
                        const samebits::pairwise_options o = to_cpp(options, n_x, n_y, function);
                        const int64_t n_rows = o.mode == samebits::pairwise_mode::cross ? n_y : n_x;
                        const rows_argument factor{columns, n_rows, n_columns, "columns", "n_rows", "n_columns"};
                        factor.require(function);
                        results r(function, out, "out", n_x, n_columns);
                        samebits::pairwise_product(ctx, a, b, factor.view<T>(), o, r.matrix());
                        r.write();
                      });
}
SAMEBITS_C_API samebits_status samebits_pairwise_gradient(samebits_context* context, samebits_dtype dtype,
                                                          const void* x, int64_t n_x, const void* y, int64_t n_y,
                                                          int64_t n_cols, const samebits_pairwise_options* options,
                                                          double* out) {
  const char* const function = "pairwise_gradient";
  return with_samples(function, context, dtype, pairs_of(x, n_x, y, n_y, n_cols), [&](const auto& ctx, auto a, auto b) {
    results r(function, out, "out", n_x, n_cols);
    samebits::pairwise_gradient(ctx, a, b, to_cpp(options, n_x, n_y, function), r.matrix());
    r.write();
  });
}
SAMEBITS_C_API samebits_status samebits_pairwise_bandwidth_gradient(samebits_context* context, samebits_dtype dtype,
                                                                    const void* x, int64_t n_x, const void* y,
                                                                    int64_t n_y, int64_t n_cols,
                                                                    const samebits_pairwise_options* options,
                                                                    double* derivative) {
  const char* const function = "pairwise_bandwidth_gradient";
  return one_number(function, context, dtype, pairs_of(x, n_x, y, n_y, n_cols), derivative, "derivative",
                    [&](const auto& ctx, auto a, auto b) {
                      return samebits::pairwise_bandwidth_gradient(ctx, a, b, to_cpp(options, n_x, n_y, function));
                    });
}
SAMEBITS_C_API samebits_status samebits_pairwise_median(samebits_context* context, samebits_dtype dtype, const void* x,
                                                        int64_t n_x, const void* y, int64_t n_y, int64_t n_cols,
                                                        const samebits_pairwise_options* options, double* median) {
  const char* const function = "pairwise_median";
  return one_number(function, context, dtype, pairs_of(x, n_x, y, n_y, n_cols), median, "median",
                    [&](const auto& ctx, auto a, auto b) {
                      return samebits::pairwise_median(ctx, a, b, to_cpp(options, n_x, n_y, function));
                    });
}

SAMEBITS_C_API samebits_status samebits_kernel_log_density(samebits_context* context, samebits_dtype dtype,
                                                           const void* points, int64_t n_points, const void* at,
                                                           int64_t n_at, int64_t n_cols,
                                                           const samebits_pairwise_options* options, double* out) {
  const char* const function = "kernel_log_density";
  const samples rows = {{points, n_points, n_cols, "points", "n_points", "n_cols"},
                        {at, n_at, n_cols, "at", "n_at", "n_cols"}};
  return with_samples(function, context, dtype, rows, [&](const auto& ctx, auto a, auto b) {
    results r(function, out, "out", n_at, 1);
    samebits::kernel_log_density(ctx, a, b, to_cpp(options, n_at, n_points, function), r.list());
    r.write();
  });
}

// ---- two samples -------------------------------------------------------------------------------------------------

SAMEBITS_C_API void samebits_permutation_test_options_init(samebits_permutation_test_options* options) {
  if (options != nullptr) {
    const samebits::permutation_test_options d;
    *options = {
        sizeof(samebits_permutation_test_options), d.n_permutations, d.stream.seed, d.stream.task, nullptr, nullptr};
  }
}

SAMEBITS_C_API samebits_status samebits_energy_distance(samebits_context* context, samebits_dtype dtype, const void* x,
                                                        int64_t n_x, const void* y, int64_t n_y, int64_t n_cols,
                                                        double exponent, samebits_estimator estimator,
                                                        double* distance) {
  const char* const function = "energy_distance";
  return one_number(function, context, dtype, pairs_of(x, n_x, y, n_y, n_cols), distance, "distance",
                    [&](const auto& ctx, auto a, auto b) {
                      return samebits::energy_distance(ctx, a, b, exponent, to_cpp(estimator, function));
                    });
}
SAMEBITS_C_API samebits_status samebits_maximum_mean_discrepancy(samebits_context* context, samebits_dtype dtype,
                                                                 const void* x, int64_t n_x, const void* y, int64_t n_y,
                                                                 int64_t n_cols,
                                                                 const samebits_pairwise_options* options,
                                                                 samebits_estimator estimator, double* discrepancy) {
  const char* const function = "maximum_mean_discrepancy";
  return one_number(function, context, dtype, pairs_of(x, n_x, y, n_y, n_cols), discrepancy, "discrepancy",
                    [&](const auto& ctx, auto a, auto b) {
                      return samebits::maximum_mean_discrepancy(ctx, a, b, to_cpp(options, n_x, n_y, function),
                                                                to_cpp(estimator, function));
                    });
}
SAMEBITS_C_API samebits_status samebits_energy_test(samebits_context* context, samebits_dtype dtype, const void* x,
                                                    int64_t n_x, const void* y, int64_t n_y, int64_t n_cols,
                                                    double exponent, samebits_estimator estimator,
                                                    const samebits_permutation_test_options* test,
                                                    samebits_permutation_test_result* result, double* statistics) {
  const char* const function = "energy_test";
  return test_of(function, context, dtype, pairs_of(x, n_x, y, n_y, n_cols), test, result, statistics,
                 [&](const auto& ctx, auto a, auto b, const auto& t) {
                   return samebits::energy_test(ctx, a, b, t, exponent, to_cpp(estimator, function));
                 });
}
SAMEBITS_C_API samebits_status samebits_maximum_mean_discrepancy_test(
    samebits_context* context, samebits_dtype dtype, const void* x, int64_t n_x, const void* y, int64_t n_y,
    int64_t n_cols, const samebits_pairwise_options* options, samebits_estimator estimator,
    const samebits_permutation_test_options* test, samebits_permutation_test_result* result, double* statistics) {
  const char* const function = "maximum_mean_discrepancy_test";
  return test_of(function, context, dtype, pairs_of(x, n_x, y, n_y, n_cols), test, result, statistics,
                 [&](const auto& ctx, auto a, auto b, const auto& t) {
                   return samebits::maximum_mean_discrepancy_test(ctx, a, b, t, to_cpp(options, n_x, n_y, function),
                                                                  to_cpp(estimator, function));
                 });
}

// ---- dependence --------------------------------------------------------------------------------------------------

SAMEBITS_C_API samebits_status samebits_hsic(samebits_context* context, samebits_dtype dtype, const void* x,
                                             int64_t n_x_cols, const void* y, int64_t n_y_cols, int64_t n_rows,
                                             const samebits_pairwise_options* x_options,
                                             const samebits_pairwise_options* y_options, double* hsic) {
  const char* const function = "hsic";
  return one_number(function, context, dtype, joint(x, n_x_cols, y, n_y_cols, n_rows), hsic, "hsic",
                    [&](const auto& ctx, auto a, auto b) {
                      return samebits::hsic(ctx, a, b, to_cpp(x_options, n_rows, n_rows, function, "x_options"),
                                            to_cpp(y_options, n_rows, n_rows, function, "y_options"));
                    });
}
SAMEBITS_C_API samebits_status samebits_distance_covariance(samebits_context* context, samebits_dtype dtype,
                                                            const void* x, int64_t n_x_cols, const void* y,
                                                            int64_t n_y_cols, int64_t n_rows, double exponent,
                                                            double* covariance) {
  return one_number(
      "distance_covariance", context, dtype, joint(x, n_x_cols, y, n_y_cols, n_rows), covariance, "covariance",
      [&](const auto& ctx, auto a, auto b) { return samebits::distance_covariance(ctx, a, b, exponent); });
}
SAMEBITS_C_API samebits_status samebits_distance_correlation(samebits_context* context, samebits_dtype dtype,
                                                             const void* x, int64_t n_x_cols, const void* y,
                                                             int64_t n_y_cols, int64_t n_rows, double exponent,
                                                             double* correlation) {
  return one_number(
      "distance_correlation", context, dtype, joint(x, n_x_cols, y, n_y_cols, n_rows), correlation, "correlation",
      [&](const auto& ctx, auto a, auto b) { return samebits::distance_correlation(ctx, a, b, exponent); });
}
SAMEBITS_C_API samebits_status samebits_hsic_test(samebits_context* context, samebits_dtype dtype, const void* x,
                                                  int64_t n_x_cols, const void* y, int64_t n_y_cols, int64_t n_rows,
                                                  const samebits_pairwise_options* x_options,
                                                  const samebits_pairwise_options* y_options,
                                                  const samebits_permutation_test_options* test,
                                                  samebits_permutation_test_result* result, double* statistics) {
  const char* const function = "hsic_test";
  return test_of(function, context, dtype, joint(x, n_x_cols, y, n_y_cols, n_rows), test, result, statistics,
                 [&](const auto& ctx, auto a, auto b, const auto& t) {
                   return samebits::hsic_test(ctx, a, b, t, to_cpp(x_options, n_rows, n_rows, function, "x_options"),
                                              to_cpp(y_options, n_rows, n_rows, function, "y_options"));
                 });
}
SAMEBITS_C_API samebits_status samebits_distance_covariance_test(samebits_context* context, samebits_dtype dtype,
                                                                 const void* x, int64_t n_x_cols, const void* y,
                                                                 int64_t n_y_cols, int64_t n_rows, double exponent,
                                                                 const samebits_permutation_test_options* test,
                                                                 samebits_permutation_test_result* result,
                                                                 double* statistics) {
  return test_of("distance_covariance_test", context, dtype, joint(x, n_x_cols, y, n_y_cols, n_rows), test, result,
                 statistics, [&](const auto& ctx, auto a, auto b, const auto& t) {
                   return samebits::distance_covariance_test(ctx, a, b, t, exponent);
                 });
}

}  // extern "C"
