// What gpu_bench measures, with data and results in the memory of the backend.
#include <algorithm>
#include <memory>
#include <span>
#include <utility>

#include "gpu_bench.hpp"
#include "samebits/datasets.hpp"
#include "samebits/device_array.hpp"
#include "samebits/digest.hpp"
#include "samebits/distributions.hpp"
#include "samebits/exact_sum.hpp"
#include "samebits/gmm_fit_each.hpp"
#include "samebits/histogram.hpp"
#include "samebits/math.hpp"
#include "samebits/matmul.hpp"
#include "samebits/pairwise.hpp"
#include "samebits/permutation.hpp"
#include "samebits/random.hpp"
#include "samebits/sum.hpp"
#include "samebits/two_sample.hpp"

namespace samebits::bench {
namespace {

template <class T>
constexpr bool is_float = std::is_same_v<T, float>;

/// "sum float32"
template <class T>
std::string named(const std::string& name) {
  return name + (std::is_integral_v<T> ? " uint" : " float") + std::to_string(8 * sizeof(T));
}

/// Operations in the type of the rows.
template <class T>
work computing(double flop) {
  return is_float<T> ? work{.flop_float = flop} : work{.flop_double = flop};
}

std::string count_text(std::int64_t n) { return std::to_string(n); }

/// Of all numbers, or of 16 pieces of a long array: SHA-256 is slower than any GPU.
template <class T>
std::string digest_of(std::span<const T> host) {
  constexpr std::size_t n_pieces = 16;
  constexpr std::size_t most = (std::size_t{4} << 20) / sizeof(T);
  const std::size_t stride = host.size() / n_pieces;
  sha256 digest;
  if (stride <= most) {
    digest.update(std::as_bytes(host));
  } else {
    for (std::size_t i = 0; i < n_pieces; ++i) {
      digest.update(std::as_bytes(host.subspan(i * stride, most)));
    }
  }
  return digest_text(digest.finish());
}
template <class T>
std::string digest_of(const device_array<T>& numbers) {
  return digest_of(std::span<const T>(numbers.to_host()));
}

/// A job whose result are numbers of the host.
template <class Compute>
job numbers_job(const Compute& compute) {
  const auto numbers = std::make_shared<std::vector<double>>();
  return {[=] { *numbers = compute(); }, [=] { return digest_text(std::span<const double>(*numbers)); }};
}

/// Normals of the stream {1, task} on the device.
template <class T>
std::shared_ptr<device_array<T>> normals(const context& ctx, std::uint64_t task, std::int64_t n) {
  auto x = std::make_shared<device_array<T>>(ctx, n);
  fill(ctx, dist::normal{}, {1, task}, 0, x->span());
  return x;
}

template <class T>
matrix_view<const T> view_of(const std::shared_ptr<device_array<T>>& x, std::int64_t n_cols) {
  return {x->data(), x->size() / n_cols, n_cols};
}

// ---- streams -----------------------------------------------------------------------------------------------------

template <class T, class Distribution>
operation fill_operation(const std::string& name, const Distribution& distribution, std::int64_t n_bytes) {
  const auto n = n_bytes / static_cast<std::int64_t>(sizeof(T));
  return {named<T>("fill " + name),
          count_text(n),
          n,
          {.bytes_written = static_cast<double>(n_bytes)},
          [=](const context& ctx) {
            const auto out = std::make_shared<device_array<T>>(ctx, n);
            return job{[=] { fill(ctx, distribution, {1, 2}, 0, out->span()); }, [=] { return digest_of(*out); }};
          }};
}

/// Links and elements in order, and 2 reads and 1 exchange of them anywhere, for each of which a sector of 32 bytes
/// moves: docs/performance.md.
operation permutation_operation(std::int64_t n) {
  const auto size = static_cast<double>(n);
  return {"permutation int64",
          count_text(n),
          n,
          {.bytes_read = (12 + 3 * 32) * size, .bytes_written = (24 + 32) * size},
          [=](const context& ctx) {
            const auto out = std::make_shared<device_array<std::int64_t>>(ctx, n);
            return job{[=] { permutation(ctx, {1, 2}, out->span()); }, [=] { return digest_of(*out); }};
          }};
}

// ---- copies ------------------------------------------------------------------------------------------------------

std::shared_ptr<double> ordinary_memory(std::int64_t n) {
  return {new double[static_cast<std::size_t>(n)], [](double* p) { delete[] p; }};
}

/// A function that takes no time beside the copies of its numbers to the device and back.
operation host_operation(const std::string& memory, std::int64_t n,
                         const std::function<std::shared_ptr<double>(std::int64_t)>& allocate) {
  return {"exp of " + memory + " memory float64",
          count_text(n),
          n,
          {.bytes_each_way = static_cast<double>(n) * sizeof(double)},
          [=](const context& ctx) {
            const auto x = allocate(n);
            const auto out = allocate(n);
            const std::span<double> all(x.get(), static_cast<std::size_t>(n));
            const std::span<double> results(out.get(), all.size());
            fill(ctx, dist::normal{}, {1, 2}, 0, all);
            return job{[ctx, x, out, all, results] { samebits::exp(ctx, all, results); },
                       [out, results] { return digest_of(std::span<const double>(results)); }};
          }};
}

// ---- sums --------------------------------------------------------------------------------------------------------

template <class T, class Reduce>
operation reduction(const std::string& name, std::int64_t n_bytes, const Reduce& reduce) {
  const auto n = n_bytes / static_cast<std::int64_t>(sizeof(T));
  return {named<T>(name), count_text(n), n, {.bytes_read = static_cast<double>(n_bytes)}, [=](const context& ctx) {
            const auto x = normals<T>(ctx, 0, n);
            return numbers_job([=] { return reduce(ctx, std::span<const T>(x->span())); });
          }};
}

template <class T>
std::vector<operation> reductions(std::int64_t n_bytes) {
  const auto sum_of = [](const context& c, std::span<const T> x) { return std::vector<double>{sum(c, x)}; };
  const auto exact = [](const context& c, std::span<const T> x) { return std::vector<double>{exact_sum(c, x)}; };
  const auto counts = [](const context& c, std::span<const T> x) {
    const histogram_result h = histogram(c, x, equal_bins(-8, 8, 100));
    return std::vector<double>(h.counts.begin(), h.counts.end());
  };
  return {reduction<T>("sum", n_bytes, sum_of), reduction<T>("exact sum", n_bytes, exact),
          reduction<T>("histogram", n_bytes, counts)};
}

// ---- mixtures ----------------------------------------------------------------------------------------------------

struct em_shape {
  std::int64_t rows;
  std::int64_t cols;
  std::int64_t components;
  std::int64_t iterations;
};

/// Per row and component, with d columns: d differences, triangles of d (d + 1) / 2 fmas for W dx and for dx dx^T, d
/// fmas each for |W dx|^2 and the first moment, d products with the share, an exponential (30 operations, of floats 20)
/// and 6 more for constants, maximum, sum and share. Per row: a logarithm (40, of floats 25) and a division (10).
template <class T>
double em_flop(const em_shape& s) {
  const auto d = static_cast<double>(s.cols);
  const double each = 2 * d * (d + 1) + 6 * d + (is_float<T> ? 20 : 30) + 6;
  const double row = static_cast<double>(s.components) * each + (is_float<T> ? 35 : 50);
  return row * static_cast<double>(s.rows) * static_cast<double>(s.iterations);
}

/// Blobs, and the row in the middle of each as the start of a mean, with unit covariances: the problem of
/// `samebits bench em`.
struct em_problem {
  explicit em_problem(const em_shape& s)
      : shape(s),
        x(static_cast<std::size_t>(s.rows * s.cols)),
        covariances(static_cast<std::size_t>(s.components * s.cols * s.cols)) {
    make_blobs(context({"cpu", "", 0}), {1, 0}, s.components, {x.data(), s.rows, s.cols});
    for (std::int64_t k = 0; k < s.components; ++k) {
      const std::int64_t row = (2 * k + 1) * s.rows / (2 * s.components);
      means.insert(means.end(), x.begin() + row * s.cols, x.begin() + (row + 1) * s.cols);
      for (std::int64_t j = 0; j < s.cols; ++j) {
        covariances[static_cast<std::size_t>((k * s.cols + j) * s.cols + j)] = 1;
      }
    }
  }

  /// The iterations of the shape, no fewer.
  gmm_options options() const {
    gmm_options o;
    o.n_components = shape.components;
    o.max_iter = shape.iterations;
    o.tol = -1;
    o.means_init = {means.data(), shape.components, shape.cols};
    o.covariances_init = {covariances.data(), shape.components * shape.cols, shape.cols};
    return o;
  }

  em_shape shape;
  std::vector<double> x;
  std::vector<double> means;
  std::vector<double> covariances;
};

template <class T>
std::shared_ptr<device_array<T>> on_device(const context& ctx, const std::vector<double>& x) {
  const std::vector<T> host(x.begin(), x.end());
  return std::make_shared<device_array<T>>(ctx, std::span<const T>(host));
}

job fit_job(const std::function<gmm_model()>& fit) {
  const auto model = std::make_shared<gmm_model>();
  return {[=] { *model = fit(); }, [=] { return gmm_digest(*model); }};
}

template <class T>
operation em_operation(const em_shape& s) {
  work needs = computing<T>(em_flop<T>(s));
  needs.bytes_read = static_cast<double>(s.rows * s.cols * s.iterations) * sizeof(T);
  const std::string cols = std::to_string(s.cols);
  return {named<T>("em " + cols + " columns"),
          count_text(s.rows) + " x " + cols + ", K = " + std::to_string(s.components) + ", " +
              std::to_string(s.iterations) + " iterations",
          s.rows, needs, [=](const context& ctx) {
            const auto problem = std::make_shared<em_problem>(s);
            const auto x = on_device<T>(ctx, problem->x);
            problem->x = {};
            return fit_job([=] { return gmm_fit(ctx, view_of(x, s.cols), problem->options()); });
          }};
}

/// One small problem from many random starts, with scikit-learn's tolerance.
operation fits_operation(std::int64_t n_fits) {
  const em_shape s = {300, 2, 3, 100};
  return {"fits", std::to_string(n_fits) + " fits of 300 x 2, K = 3", n_fits, {}, [=](const context& ctx) {
            em_problem problem(s);
            for (std::size_t i = 0; i < problem.x.size(); ++i) {
              problem.x[i] -= 3.0 * static_cast<double>(i / 200);  // blobs that overlap
            }
            const auto x = on_device<double>(ctx, problem.x);
            gmm_options options;
            options.n_components = s.components;
            options.n_init = n_fits;
            options.tol = 1e-3;
            options.max_iter = s.iterations;
            return fit_job([=] { return gmm_fit(ctx, view_of(x, s.cols), options); });
          }};
}

/// Data sets of 300 rows in three blobs, in the host's memory.
struct study_data {
  study_data(std::int64_t n, std::int64_t cols) : x(static_cast<std::size_t>(n * rows * cols)) {
    for (std::int64_t i = 0; i < n; ++i) {
      double* const own = x.data() + i * rows * cols;
      make_blobs(context({"cpu", "", 1}), {1, static_cast<std::uint64_t>(i)}, 3, {own, rows, cols});
      sets.push_back({{own, rows, cols}, {}});
    }
  }
  static constexpr std::int64_t rows = 300;
  std::vector<double> x;
  std::vector<gmm_data_set<double>> sets;
};

/// As many problems of that size, each from one start: what a study over data sets asks for.
operation data_sets_operation(const std::string& name, std::int64_t n_fits, std::int64_t cols) {
  const std::string shape = std::to_string(n_fits) + " of 300 x " + std::to_string(cols) + ", K = 3";
  return {name, shape, n_fits, {}, [=](const context& ctx) {
            const auto data = std::make_shared<study_data>(n_fits, cols);
            gmm_options options;
            options.n_components = 3;
            options.tol = 1e-3;
            options.max_iter = 100;
            return numbers_job([=] {
              std::vector<double> means;
              for (const gmm_fit_outcome& o : gmm_fit_each(ctx, std::span(std::as_const(data->sets)), options)) {
                means.insert(means.end(), o.model.means.begin(), o.model.means.end());
              }
              return means;
            });
          }};
}

// ---- pairs -------------------------------------------------------------------------------------------------------

template <class T>
operation pairs_operation(const std::string& name, pair_kernel kernel, std::int64_t n, std::int64_t n_cols,
                          double flop_per_pair) {
  return {named<T>(name), count_text(n) + " x " + count_text(n) + " rows of " + std::to_string(n_cols), n,
          computing<T>(flop_per_pair * static_cast<double>(n) * static_cast<double>(n)), [=](const context& ctx) {
            const auto x = normals<T>(ctx, 0, n * n_cols);
            const auto y = normals<T>(ctx, 1, n * n_cols);
            pairwise_options options;
            options.kernel = kernel;
            options.algorithm = pairwise_algorithm::direct;
            return numbers_job([=] {
              return std::vector<double>{pairwise_sum(ctx, view_of(x, n_cols), view_of(y, n_cols), options)};
            });
          }};
}

/// The gaussian matrix times 16 columns: 41 operations (float 31) without the sum, and 16 fmas.
template <class T>
operation columns_operation(std::int64_t n) {
  constexpr std::int64_t n_columns = 16;
  const double flop = (is_float<T> ? 62.0 : 72.0) * static_cast<double>(n) * static_cast<double>(n);
  return {named<T>("pairwise columns"), count_text(n) + " x " + count_text(n) + " rows of 3, 16 columns", n,
          computing<T>(flop), [=](const context& ctx) {
            const auto x = normals<T>(ctx, 0, n * 3);
            const auto y = normals<T>(ctx, 1, n * 3);
            const auto columns = normals<T>(ctx, 2, n * n_columns);
            const auto out = std::make_shared<device_array<double>>(ctx, n * n_columns);
            return job{[=] {
                         pairwise_product(ctx, view_of(x, 3), view_of(y, 3), view_of(columns, n_columns), {},
                                          {out->data(), n, n_columns});
                       },
                       [=] { return digest_of(*out); }};
          }};
}

/// 2 B + 10 operations for each pair i < j: docs/performance.md.
operation permutations_operation(std::int64_t n_sample, std::int64_t n_permutations) {
  const auto n = static_cast<double>(2 * n_sample);
  return {"permutation test float64",
          "2 x " + std::to_string(n_sample) + " rows, " + std::to_string(n_permutations) + " permutations", n_sample,
          computing<double>(n * (n - 1) / 2 * (2 * static_cast<double>(n_permutations) + 10)), [=](const context& ctx) {
            const auto x = normals<double>(ctx, 0, n_sample * 3);
            const auto y = normals<double>(ctx, 1, n_sample * 3);
            permutation_test_options test;
            test.n_permutations = n_permutations;
            test.stream = {1, 2};
            return numbers_job([=] {
              const permutation_test_result r = energy_test(ctx, view_of(x, 3), view_of(y, 3), test);
              return std::vector<double>{r.statistic, r.p_value};
            });
          }};
}

// ---- matrices ----------------------------------------------------------------------------------------------------

template <class T>
operation matmul_operation(std::int64_t n) {
  const auto size = static_cast<double>(n);
  return {named<T>("matmul"), std::to_string(n) + " x " + std::to_string(n), n, computing<T>(2 * size * size * size),
          [=](const context& ctx) {
            const auto a = normals<T>(ctx, 0, n * n);
            const auto b = normals<T>(ctx, 1, n * n);
            const auto out = std::make_shared<device_array<T>>(ctx, n * n);
            return job{[=] {
                         matmul(ctx, view_of(a, n), view_of(b, n), {out->data(), n, n});
                       },
                       [=] { return digest_of(*out); }};
          }};
}

// ---- all ---------------------------------------------------------------------------------------------------------

void add(std::vector<operation>& all, std::vector<operation> more) {
  std::move(more.begin(), more.end(), std::back_inserter(all));
}

void add_fills(std::vector<operation>& all, std::int64_t n_bytes) {
  add(all, {fill_operation<std::uint32_t>("words", dist::words{}, n_bytes),
            fill_operation<std::uint64_t>("words", dist::words64{}, n_bytes),
            fill_operation<double>("uniform", dist::uniform{}, n_bytes),
            fill_operation<float>("uniform", dist::uniform{}, n_bytes),
            fill_operation<double>("normal", dist::normal{}, n_bytes),
            fill_operation<float>("normal", dist::normal{}, n_bytes)});
}

void add_mixtures(std::vector<operation>& all, const std::vector<em_shape>& shapes, std::int64_t n_fits) {
  for (const em_shape& s : shapes) {
    all.push_back(em_operation<double>(s));
  }
  add(all,
      {em_operation<float>(shapes.back()), fits_operation(n_fits), data_sets_operation("fits of data sets", n_fits, 2),
       data_sets_operation("fits of wide data sets", n_fits, 16)});
}

template <class T>
void add_pairs(std::vector<operation>& all, std::int64_t n, std::int64_t n_in_columns) {
  add(all, {pairs_operation<T>("gaussian sum", pair_kernel::gaussian, n, 3, is_float<T> ? 31 : 41),
            pairs_operation<T>("product sum", pair_kernel::product, n, 1, 2), columns_operation<T>(n_in_columns)});
}

}  // namespace

std::vector<operation> operations(bool small) {
  std::vector<operation> all;
  const std::int64_t n_bytes = small ? 8 * 1'000'003 : std::int64_t{1} << 30;
  add_fills(all, n_bytes);
  all.push_back(permutation_operation(small ? 1'000'003 : 100'000'000));
  const std::int64_t n_host = (std::int64_t{1} << (small ? 23 : 25)) + 3;  // several pieces
  add(all, {host_operation("ordinary", n_host, ordinary_memory), host_operation("pinned", n_host, pinned_memory)});
  add(all, reductions<float>(n_bytes));
  add(all, reductions<double>(n_bytes));
  if (small) {
    add_mixtures(all, {{40'009, 2, 4, 3}, {6'007, 16, 16, 2}, {9'001, 64, 64, 1}}, 20);
  } else {
    add_mixtures(all, {{4'000'000, 2, 4, 25}, {1'000'000, 16, 16, 5}, {1'000'000, 64, 64, 5}}, 800);
  }
  add_pairs<float>(all, small ? 3'001 : 1'000'000, small ? 1'201 : 200'000);
  add_pairs<double>(all, small ? 3'001 : 1'000'000, small ? 1'201 : 200'000);
  all.push_back(permutations_operation(small ? 201 : 2'000, small ? 199 : 9'999));
  add(all, {matmul_operation<float>(small ? 259 : 4096), matmul_operation<double>(small ? 259 : 4096)});
  return all;
}

}  // namespace samebits::bench
