#include "samebits/pair_functor.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <limits>
#include <mutex>
#include <vector>

#include "lib/fp_environment.hpp"
#include "lib/over_threads.hpp"
#include "lib/pairwise_totals.hpp"

namespace samebits::detail {
namespace {

using pairs::arguments;
using pairs::size_of;
using pairs::typed_numbers;

constexpr const char* rows_name = "pairwise_rows_of";
constexpr const char* sum_name = "pairwise_sum_of";

/// The exception of the first of all tasks that throw. Tasks start in order: those behind one that threw may be left
/// out, those before it are not.
class first_exception {
 public:
  template <class Task>
  void watch(std::int64_t number, const Task& task) {
    if (number > number_) {
      return;
    }
    try {
      task();
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (number < number_) {
        number_ = number;
        exception_ = std::current_exception();
      }
    }
  }

  void rethrow() const {
    if (exception_) {
      std::rethrow_exception(exception_);
    }
  }

 private:
  std::atomic<std::int64_t> number_ = std::numeric_limits<std::int64_t>::max();
  std::mutex mutex_;
  std::exception_ptr exception_;
};

/// A function called for all pairs: threads take blocks of rows of x, and chunks of leaves where there are few of
/// those.
template <class T>
class functor_job {
 public:
  functor_job(const functor_pairs<T>& pairs, const pair_calls<T>& calls, int n_threads)
      : pairs_(pairs), calls_(calls), n_threads_(is_small() ? 1 : n_threads), block_rows_(block_rows()) {
    while (chunk_leaves_ < pairs_.n_leaves() && (n_threads_ == 1 || n_tasks() > 16 * n_threads_)) {
      chunk_leaves_ *= 2;
    }
    nodes_.resize(size_of(pairs_.n_x * std::max<std::int64_t>(n_chunks(), 1)));
  }

  std::vector<double> row_sums() {
    run<&functor_job::sum_chunk>(n_tasks());
    std::vector<double> sums;
    for (std::int64_t i = 0; i < pairs_.n_x; ++i) {
      core::node_sum sum;
      for (std::int64_t chunk = 0; chunk < n_chunks(); ++chunk) {
        sum.add(nodes_[size_of(chunk * pairs_.n_x + i)]);
      }
      sums.push_back(core::finished_sum(sum.finish()));
    }
    return sums;
  }

  std::vector<double> rows_with_themselves() {
    run<&functor_job::call_with_themselves>(n_blocks());
    return {nodes_.begin(), nodes_.begin() + pairs_.n_x};
  }

 private:
  /// Done before other threads have woken up, unless the function takes very long.
  bool is_small() const { return pairs_.n_others() == 0 || pairs_.n_x < (1 << 8) / pairs_.n_others(); }

  /// Few rows go in small blocks, so that many threads have work. Depends on the pairs alone, and so does which
  /// exception is the first.
  std::int64_t block_rows() const {
    std::int64_t rows = functor_block_rows;
    while (rows > 8 && n_blocks_of(rows) * pairs_.n_leaves() < 32) {
      rows /= 2;
    }
    return rows;
  }
  std::int64_t n_blocks_of(std::int64_t rows) const { return (pairs_.n_x + rows - 1) / rows; }

  std::int64_t n_blocks() const { return n_blocks_of(block_rows_); }
  std::int64_t n_chunks() const { return (pairs_.n_leaves() + chunk_leaves_ - 1) / chunk_leaves_; }
  std::int64_t n_tasks() const { return n_blocks() * n_chunks(); }
  std::int64_t end_of(std::int64_t block) const { return std::min((block + 1) * block_rows_, pairs_.n_x); }

  template <auto Task>
  void run(std::int64_t n_tasks) {
    over_threads(n_threads_, n_tasks, [this](std::int64_t task) { thrown_.watch(task, [&] { (this->*Task)(task); }); });
    thrown_.rethrow();
  }

  void sum_chunk(std::int64_t task) {
    const std::int64_t first = task / n_chunks() * block_rows_;
    const std::int64_t last = end_of(task / n_chunks());
    const std::int64_t chunk = task % n_chunks();
    core::node_sum sums[functor_block_rows];
    double nodes[functor_block_rows];
    for (std::int64_t leaf = chunk * chunk_leaves_; leaf < (chunk + 1) * chunk_leaves_; ++leaf) {
      if (leaf < pairs_.n_leaves()) {
        calls_.leaf_sums(calls_.function, pairs_, first, last, leaf, nodes);
        for (std::int64_t i = first; i < last; ++i) {
          sums[i - first].add(nodes[i - first]);
        }
      }
    }
    for (std::int64_t i = first; i < last; ++i) {
      nodes_[size_of(chunk * pairs_.n_x + i)] = sums[i - first].finish();
    }
  }

  void call_with_themselves(std::int64_t block) {
    const std::int64_t first = block * block_rows_;
    calls_.with_themselves(calls_.function, pairs_, first, end_of(block), nodes_.data() + first);
  }

  const functor_pairs<T>& pairs_;
  const pair_calls<T>& calls_;
  int n_threads_;
  std::int64_t block_rows_;
  std::int64_t chunk_leaves_ = 1;  // a power of two
  std::vector<double> nodes_;      // of the rows, chunk after chunk
  first_exception thrown_;
};

// ---- calls -------------------------------------------------------------------------------------------------------

pairwise_options options_of(const pair_functor_options& o) {
  pairwise_options options;
  options.mode = o.mode;
  options.x_weights = o.x_weights;
  options.y_weights = o.y_weights;
  return options;
}

/// The arguments of a call. Lives as long as it.
template <class T>
class functor_call {
 public:
  functor_call(const char* function, const context& ctx, matrix_view<const T> x, matrix_view<const T> y,
               const pair_calls<T>& calls, const pair_functor_options& o)
      : options_(options_of(o)),
        arguments_(
            pairs::checked(ctx, function, on_host(ctx, function, "x", x), on_host(ctx, function, "y", y), options_)),
        x_weights_(o.x_weights, arguments_.is_float()),
        y_weights_(o.y_weights, arguments_.is_float()),
        calls_(calls),
        n_threads_(ctx.n_threads()) {
    pairs_ = {x.data(), x.n_rows(), y.data(), y.n_rows(), x.n_cols(), o.mode, typed(x_weights_), typed(y_weights_)};
  }
  functor_call(const functor_call&) = delete;
  functor_call& operator=(const functor_call&) = delete;

  void rows(std::span<double> out) {
    pairs::refuse_x_weights(arguments_);
    pairs::check_size(arguments_, "out", std::ssize(out), pairs_.n_x);
    require_on_host(arguments_.ctx, arguments_.function, "out", out.data());
    const std::vector<double> sums = functor_job<T>(pairs_, calls_, n_threads_).row_sums();
    for (std::int64_t i = 0; i < pairs_.n_x; ++i) {
      require_finite_sum("the sum of row " + text(i), sums[size_of(i)]);
    }
    std::copy(sums.begin(), sums.end(), out.begin());
  }

  double total() {
    functor_pairs<T> once = pairs_;
    once.mode = pairs_.is_self() ? pairwise_mode::upper : pairs_.mode;
    double total = total_of(functor_job<T>(once, calls_, n_threads_).row_sums());
    if (pairs_.mode == pairwise_mode::v) {
      const std::vector<double> own = functor_job<T>(pairs_, calls_, n_threads_).rows_with_themselves();
      total = core::symmetric_total(total, total_of(own));
    } else if (pairs_.mode == pairwise_mode::u) {
      total = core::symmetric_total(total, core::empty_sum<double>());
    }
    require_finite_sum("the total", total);
    return core::finished_sum(total);
  }

 private:
  /// What the program's own function reads.
  static matrix_view<const T> on_host(const context& ctx, const char* function, const char* name,
                                      matrix_view<const T> rows) {
    require_on_host(ctx, function, name, rows.data());
    return rows;
  }

  static const T* typed(const typed_numbers& numbers) { return static_cast<const T*>(numbers.data()); }

  double total_of(const std::vector<double>& rows) const {
    const std::span<const double> weights = options_.x_weights;
    std::vector<double> rounded;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      rounded.push_back(static_cast<double>(pairs_.x_weights[i]));
    }
    return pairs::total_of_rows(rows.data(), std::ssize(rows), rounded);
  }

  void require_finite_sum(const std::string& what, double sum) const {
    if (!std::isfinite(sum)) {
      throw numerical_failure(std::string(arguments_.function) + ": " + what + " is " + text(sum) +
                              ": values of pairs are not finite, or their sum overflows");
    }
  }

  pairwise_options options_;
  arguments arguments_;
  typed_numbers x_weights_;
  typed_numbers y_weights_;
  const pair_calls<T>& calls_;
  int n_threads_;
  functor_pairs<T> pairs_;
};

}  // namespace

void rows_of(const context& ctx, matrix_view<const double> x, matrix_view<const double> y,
             const pair_calls<double>& calls, const pair_functor_options& options, std::span<double> out) {
  const default_fp_environment environment;
  functor_call<double>(rows_name, ctx, x, y, calls, options).rows(out);
}
void rows_of(const context& ctx, matrix_view<const float> x, matrix_view<const float> y, const pair_calls<float>& calls,
             const pair_functor_options& options, std::span<double> out) {
  const default_fp_environment environment;
  functor_call<float>(rows_name, ctx, x, y, calls, options).rows(out);
}

double sum_of(const context& ctx, matrix_view<const double> x, matrix_view<const double> y,
              const pair_calls<double>& calls, const pair_functor_options& options) {
  const default_fp_environment environment;
  return functor_call<double>(sum_name, ctx, x, y, calls, options).total();
}
double sum_of(const context& ctx, matrix_view<const float> x, matrix_view<const float> y,
              const pair_calls<float>& calls, const pair_functor_options& options) {
  const default_fp_environment environment;
  return functor_call<float>(sum_name, ctx, x, y, calls, options).total();
}

}  // namespace samebits::detail
