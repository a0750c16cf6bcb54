#include "lib/pairwise_call.hpp"

#include <cmath>

#include "lib/call.hpp"

namespace samebits::pairs {

using core::pair_map;

namespace {

/// What a number must be beside rows of float.
const char* as_float(const arguments& a) { return a.is_float() ? " as float" : ""; }

void check_kernel(const arguments& a) {
  const pairwise_options& o = a.options;
  const auto check_finite = [&](const char* name, double value) {
    if (!std::isfinite(rounded_to_rows(value, a.x))) {
      refuse(a.function, std::string(name) + " is " + text(value) + " but must be finite" + as_float(a));
    }
  };
  if (static_cast<int>(o.kernel) < 0 || static_cast<int>(o.kernel) >= n_pair_kernels) {
    refuse(a.function, "kernel is " + text(static_cast<std::int64_t>(o.kernel)) + " but must be 0 to " +
                           text(std::int64_t{n_pair_kernels - 1}));
  }
  const double scale = rounded_to_rows(core::prepare_pair_kernel(pair_kernel::power, o.exponent, 0, 0, 0).scale, a.x);
  if (o.kernel == pair_kernel::power && !(scale > 0 && o.exponent <= 2)) {
    refuse(a.function, "exponent is " + text(o.exponent) + " but must be above 0 and at most 2");
  }
  if (o.kernel == pair_kernel::polynomial) {
    check_finite("gamma", o.gamma);
    check_finite("offset", o.offset);
    if (o.degree < 1 || o.degree > 64) {
      refuse(a.function, "degree is " + text(std::int64_t{o.degree}) + " but must be 1 to 64");
    }
  }
}

void check_bandwidth(const arguments& a, const std::string& name, double bandwidth) {
  const double limit = a.is_float() ? 0x1p50 : 0x1p400;
  if (!(bandwidth >= 1 / limit && bandwidth <= limit)) {
    refuse(a.function, name + " is " + text(bandwidth) + " but must be from " + text(1 / limit) + " to " + text(limit));
  }
}

void check_bandwidths(const arguments& a) {
  if (core::has_bandwidth(a.options.kernel) && a.options.bandwidths.empty()) {
    check_bandwidth(a, "bandwidth", a.options.bandwidth);
  }
  if (!a.options.bandwidths.empty() && !core::has_bandwidth(a.options.kernel)) {
    refuse(a.function,
           std::string("bandwidths are given but kernel is ") + name_of(a.options.kernel) + ", which has no bandwidth");
  }
  for (std::int64_t k = 0; k < std::ssize(a.options.bandwidths); ++k) {
    check_bandwidth(a, "bandwidths[" + text(k) + "]", a.options.bandwidths[size_of(k)]);
  }
}

void check_rows(const arguments& a, const data_view& y) {
  check_matrix(a, "x", a.x);
  if (a.is_self) {
    if (y.x != nullptr || y.n_rows != 0) {
      refuse(a.function, std::string("y is given but mode is ") + name_of(a.options.mode) + ", x against itself");
    }
    return;
  }
  if (y.n_cols != a.x.n_cols) {
    refuse(a.function, "y has " + text(y.n_cols) + " columns but x has " + text(a.x.n_cols));
  }
  check_matrix(a, "y", y);
}

void check_weights(const arguments& a, const char* name, std::span<const double> weights, std::int64_t n_rows,
                   const char* rows) {
  require_on_host(a.ctx, a.function, name, weights.data());
  if (weights.empty()) {
    return;
  }
  if (std::ssize(weights) != n_rows) {
    refuse(a.function, std::string(name) + " has " + text(std::ssize(weights)) + " elements but " + rows + " has " +
                           text(n_rows) + (n_rows == 1 ? " row" : " rows"));
  }
  for (std::int64_t i = 0; i < n_rows; ++i) {
    const double weight = weights[size_of(i)];
    if (!std::isfinite(rounded_to_rows(weight, a.x))) {
      refuse(a.function,
             std::string(name) + "[" + text(i) + "] is " + text(weight) + " but must be finite" + as_float(a));
    }
  }
}

samebits_pair_set set_of(pairwise_mode mode) {
  switch (mode) {
    case pairwise_mode::u: return samebits_other_pairs;
    case pairwise_mode::upper: return samebits_upper_pairs;
    default: return samebits_all_pairs;
  }
}

}  // namespace

void check_matrix(const arguments& a, const char* name, const data_view& x) {
  if (x.n_rows < 0 || x.n_cols < 1 || x.n_rows > most_values / x.n_cols) {
    refuse(a.function, std::string(name) + " is " + text(x.n_rows) + " x " + text(x.n_cols) +
                           " but must have at least 0 rows, at least 1 column, and at most 2^56 values");
  }
  if (x.x == nullptr && x.n_rows > 0) {
    refuse(a.function, std::string(name) + " is NULL");
  }
  require_finite(a.ctx, a.function, name, x);
}

void check_options(const arguments& a) {
  const pairwise_options& o = a.options;
  if (static_cast<int>(o.mode) < 0 || o.mode > pairwise_mode::upper) {
    refuse(a.function, "mode is " + text(static_cast<std::int64_t>(o.mode)) + " but must be 0 to 3");
  }
  if (static_cast<int>(o.algorithm) < 0 || o.algorithm > pairwise_algorithm::direct) {
    refuse(a.function, "algorithm is " + text(static_cast<std::int64_t>(o.algorithm)) + " but must be 0 or 1");
  }
  check_kernel(a);
  check_bandwidths(a);
}

void check_weights(const arguments& a) {
  check_weights(a, "x_weights", a.options.x_weights, a.x.n_rows, "x");
  if (a.is_self && !a.options.y_weights.empty()) {
    refuse(a.function, std::string("y_weights are given but mode is ") + name_of(a.options.mode) +
                           ", where x_weights are those of both sides");
  }
  check_weights(a, "y_weights", a.options.y_weights, a.y.n_rows, "y");
}

arguments checked(const context& ctx, const char* function, const data_view& x, const data_view& y,
                  const pairwise_options& o) {
  const bool is_self = o.mode != pairwise_mode::cross;
  const arguments a{ctx, function, x, is_self ? x : y, o, is_self, is_self ? o.x_weights : o.y_weights};
  check_options(a);
  check_rows(a, y);
  check_weights(a);
  return a;
}

void refuse_map(const arguments& a, const char* what) {
  refuse(a.function, std::string("kernel is ") + name_of(a.options.kernel) + ", " + what);
}

void refuse_bandwidths(const arguments& a) {
  if (!a.options.bandwidths.empty()) {
    refuse(a.function, "bandwidths are given but there is one result for one bandwidth");
  }
}

void refuse_x_weights(const arguments& a) {
  if (!a.is_self && !a.options.x_weights.empty()) {
    refuse(a.function, "x_weights are given but belong to totals");
  }
}

void check_present(const arguments& a, const char* name, const void* data, std::int64_t size) {
  if (data == nullptr && size > 0) {
    refuse(a.function, std::string(name) + " is NULL");
  }
}

void check_size(const arguments& a, const char* name, std::int64_t n, std::int64_t needed) {
  if (n != needed) {
    refuse(a.function, std::string(name) + " has " + text(n) + " elements but must have " + text(needed));
  }
}

void require_finite_results(const arguments& a, const char* what, const double* values, std::int64_t n_rows,
                            std::int64_t row_size) {
  const matrix_view<const double> results(values, n_rows * row_size, 1);
  if (is_finite_on_device(a.ctx, a.function, results)) {
    return;
  }
  const host_rows read(a.ctx, a.function, results);
  for (std::int64_t i = 0; i < n_rows * row_size; ++i) {
    const double value = read.view()(i, 0);
    if (!std::isfinite(value)) {
      throw numerical_failure(std::string(a.function) + ": " + what + " of row " + text(i / row_size) + " is " +
                              text(value) + ": its values overflow");
    }
  }
}

double require_finite_total(const arguments& a, double total) {
  if (!std::isfinite(total)) {
    throw numerical_failure(std::string(a.function) + ": the total is " + text(total) + ": its values overflow");
  }
  return core::finished_sum(total);
}

std::vector<double> log_weights(const arguments& a) {
  std::vector<double> logs;
  for (std::int64_t j = 0; j < std::ssize(a.y_weights); ++j) {
    const double weight = a.y_weights[size_of(j)];
    if (weight < 0) {
      refuse(a.function, std::string(a.is_self ? "x_weights[" : "y_weights[") + text(j) + "] is " + text(weight) +
                             " but must not be negative");
    }
    logs.push_back(core::log(weight));
  }
  return logs;
}

// ---- the call of the backend -------------------------------------------------------------------------------------

std::vector<samebits_pair_kernel> prepared_kernels(const pairwise_options& o) {
  std::vector<samebits_pair_kernel> kernels;
  const auto add = [&](double parameter) {
    const core::pair_constants<double> c = core::prepare_pair_kernel(o.kernel, parameter, o.gamma, o.offset, o.degree);
    kernels.push_back({static_cast<std::int32_t>(o.kernel), c.degree, c.scale, c.offset, c.slope, c.rate});
  };
  for (const double bandwidth : o.bandwidths) {
    add(bandwidth);
  }
  if (kernels.empty()) {
    add(core::has_bandwidth(o.kernel) ? o.bandwidth : o.exponent);
  }
  return kernels;
}

prepared_call::prepared_call(const arguments& a, pair_map map, std::span<const double> y_weights)
    : arguments_(a), weights_(y_weights, a.is_float()), kernels_(prepared_kernels(a.options)) {
  pairs_.dtype = a.x.dtype;
  pairs_.n_x = a.x.n_rows;
  pairs_.n_y = a.y.n_rows;
  pairs_.n_cols = a.x.n_cols;
  pairs_.x = a.x.x;
  pairs_.y = a.y.x;
  if (a.options.kernel == pair_kernel::cosine) {
    normalise();
  }
  pairs_.set = set_of(a.options.mode);
  pairs_.kernels = kernels_.data();
  pairs_.n_kernels = std::ssize(kernels_);
  pairs_.map = static_cast<std::int32_t>(map);
  pairs_.y_weights = weights_.data();
}

void prepared_call::run(const context& ctx, samebits_pair_reduction reduction, double* out) {
  if (pairs_.n_x == 0) {
    return;
  }
  if (ctx.table()->pairwise == nullptr) {
    throw backend_failure(std::string(arguments_.function) + ": backend " + ctx.backend() + " has no sums over pairs");
  }
  pairs_.reduction = reduction;
  pairs_.out = out;
  samebits_call call = make_call(ctx);
  require_ok(ctx.table()->pairwise(&call, &pairs_), call, arguments_.function);
}

void prepared_call::normalise() {
  x_ = std::make_unique<normalised_rows>(arguments_, arguments_.x);
  pairs_.x = x_->view().x;
  pairs_.y = pairs_.x;
  if (!arguments_.is_self) {
    y_ = std::make_unique<normalised_rows>(arguments_, arguments_.y);
    pairs_.y = y_->view().x;
  }
}

}  // namespace samebits::pairs
