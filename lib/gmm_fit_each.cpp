#include "samebits/gmm_fit_each.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <tuple>

#include "lib/call.hpp"
#include "lib/fp_environment.hpp"
#include "lib/gmm_checks.hpp"
#include "lib/gmm_em.hpp"
#include "lib/host_rows.hpp"
#include "lib/over_threads.hpp"
#include "samebits/core/gmm.hpp"
#include "samebits/device_array.hpp"

namespace samebits {
namespace gmm {
namespace {

constexpr const char* function = "gmm_fit_each";

std::int64_t n_leaves(const data_view& x) { return (x.n_rows + core::leaf_rows - 1) / core::leaf_rows; }

context one_host_thread(const context& ctx) {
  context_options cpu;
  cpu.backend = "cpu";
  return is_host(ctx) ? ctx.on_one_thread() : context(cpu).on_one_thread();
}

std::vector<context> each_device(const context& ctx) {
  std::vector<context> each;
  for (const int device : ctx.devices()) {
    each.push_back(ctx.on_device(device));
  }
  return each;
}

// ---- one fit -------------------------------------------------------------------------------------------------------

/// A data set, and what it is fitted with.
struct one_fit {
  data_view x;
  gmm_options options;
};

/// A fit whose runs a device iterates together with those of others: the host starts and ends them.
class staged_fit {
 public:
  staged_fit(std::int64_t number, const one_fit& fit) : number_(number), fit_(fit), x_(fit.x) {}

  std::int64_t number() const { return number_; }
  const data_view& x() const { return x_; }
  const gmm_options& options() const { return fit_.options; }
  /// Where the host can read the rows.
  void set_rows(const void* rows) { x_.x = rows; }

  void start(const context& host) {
    const problem rows = on(host);
    setting_.emplace(make_setting(rows, fit_.options));
    runs_.emplace(rows, *setting_, em_runs(*setting_));
  }

  /// Appends the runs that a device may go on with; its first row of this fit is `first_row`.
  void append_runs(std::int64_t first_row, std::vector<long_run>& all) {
    const std::vector<long_run> own = runs_ ? runs_->run_on(first_row) : std::vector<long_run>();
    n_runs_ = std::ssize(own);
    all.insert(all.end(), own.begin(), own.end());
  }
  bool has_runs() const { return n_runs_ > 0; }
  const samebits_gmm_rules& rules() const { return runs_->rules(); }
  /// Takes what its runs came to, from the first of those left.
  void take(std::span<const long_run>& left) {
    for (const long_run& run : left.first(static_cast<std::size_t>(n_runs_))) {
      totals_.push_back(run.log_likelihood);
    }
    left = left.subspan(static_cast<std::size_t>(n_runs_));
  }

  gmm_model finish(const context& host) { return runs_->finish(on(host), totals_)->finish(); }

 private:
  problem on(const context& host) const {
    return {host, function, x_, fit_.options.sample_weights, fit_.options.schedule};
  }

  std::int64_t number_;
  const one_fit& fit_;
  data_view x_;
  std::optional<fit_setting> setting_;
  std::optional<staged_runs> runs_;
  std::int64_t n_runs_ = 0;
  std::vector<double> totals_;
};

// ---- a batch of them -----------------------------------------------------------------------------------------------

/// Fits of equal numbers of columns and similar numbers of rows, all with weights or none, and their rows one below the
/// other.
class batch {
 public:
  void add(std::unique_ptr<staged_fit> fit) { fits_.push_back(std::move(fit)); }
  std::span<const std::unique_ptr<staged_fit>> fits() const { return fits_; }

  /// Brings the rows together.
  void gather(const context& ctx) {
    const bool is_float = front().x().dtype == SAMEBITS_FLOAT32;
    const std::size_t row_size =
        static_cast<std::size_t>(front().x().n_cols) * (is_float ? sizeof(float) : sizeof(double));
    for (const std::unique_ptr<staged_fit>& fit : fits_) {
      n_rows_ += fit->x().n_rows;
    }
    rows_.resize(static_cast<std::size_t>(n_rows_) * row_size);
    download_rows(ctx, row_size);
    std::byte* to = rows_.data();
    for (const std::unique_ptr<staged_fit>& fit : fits_) {
      const auto* const from = static_cast<const std::byte*>(fit->x().x);
      const std::size_t size = static_cast<std::size_t>(fit->x().n_rows) * row_size;
      if (!is_on_device(ctx, from)) {
        std::copy(from, from + size, to);
      }
      fit->set_rows(to);
      to += size;
      weights_.insert(weights_.end(), fit->options().sample_weights.begin(), fit->options().sample_weights.end());
    }
  }

  /// Iterates the runs of all fits, if the device has a loop for them. Otherwise the host does.
  void iterate(const context& device) {
    std::vector<long_run> runs;
    std::int64_t first_row = 0;
    for (const std::unique_ptr<staged_fit>& fit : fits_) {
      fit->append_runs(first_row, runs);
      first_row += fit->x().n_rows;
    }
    if (runs.empty()) {
      return;
    }
    const data_view all(rows_.data(), front().x().dtype, n_rows_, front().x().n_cols);
    const problem rows(device, function, all, weights_, front().options().schedule);
    const auto starter = std::find_if(fits_.begin(), fits_.end(), [](const auto& fit) { return fit->has_runs(); });
    if (rows.may_run_on() && rows.run_on(runs, (*starter)->rules(), front().options().tol)) {
      std::span<const long_run> left(runs);
      for (const std::unique_ptr<staged_fit>& fit : fits_) {
        fit->take(left);
      }
    }
  }

 private:
  const staged_fit& front() const { return *fits_.front(); }

  /// Rows in device memory to their places, all in one piece: each copy to the host has to be waited for. The places
  /// of other rows, which nobody has set yet, come with it.
  void download_rows(const context& ctx, std::size_t row_size) {
    std::optional<device_array<std::byte>> piece;
    std::size_t place = 0;
    for (const std::unique_ptr<staged_fit>& fit : fits_) {
      const std::size_t size = static_cast<std::size_t>(fit->x().n_rows) * row_size;
      if (is_on_device(ctx, fit->x().x)) {
        if (!piece) {
          piece.emplace(ctx, std::ssize(rows_));
        }
        samebits_call call = make_call(ctx);
        require_ok(ctx.table()->copy(&call, piece->data() + place, fit->x().x, static_cast<std::int64_t>(size)), call,
                   function);
      }
      place += size;
    }
    if (piece) {
      piece->copy_to(rows_);
    }
  }

  std::vector<std::unique_ptr<staged_fit>> fits_;
  std::int64_t n_rows_ = 0;
  std::vector<std::byte> rows_;
  std::vector<double> weights_;
};

/// What fits of a batch have in common: columns, weights, and the leaves to a power of two, so that none has many
/// blocks without rows.
auto batch_key(const one_fit& fit) {
  const auto leaves = static_cast<std::uint64_t>(n_leaves(fit.x));
  return std::tuple(fit.x.n_cols, fit.options.sample_weights.empty(), std::bit_ceil(leaves));
}

/// Batches that take little memory of the host, each as many fits as a group of restarts has runs; at least one for
/// each device.
std::vector<batch> make_batches(const std::vector<one_fit>& fits, std::vector<std::int64_t> numbers,
                                std::int64_t n_devices) {
  constexpr std::int64_t most_values = 1 << 23;
  std::stable_sort(numbers.begin(), numbers.end(),
                   [&](std::int64_t a, std::int64_t b) { return batch_key(fits[a]) < batch_key(fits[b]); });
  const std::int64_t fair = (std::ssize(numbers) + n_devices - 1) / n_devices;
  std::vector<batch> batches;
  std::int64_t n_fits = 0;
  std::int64_t n_values = 0;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const one_fit& fit = fits[numbers[i]];
    const std::int64_t size = fit.x.n_rows * fit.x.n_cols;
    const bool is_full = n_fits == fair || n_values + size > most_values ||
                         (n_fits + 1) * n_restarts(fit.options) > group_size(fit.x.n_cols, fit.options);
    if (i == 0 || is_full || batch_key(fits[numbers[i - 1]]) != batch_key(fit)) {
      batches.emplace_back();
      n_fits = n_values = 0;
    }
    batches.back().add(std::make_unique<staged_fit>(numbers[i], fit));
    ++n_fits;
    n_values += size;
  }
  return batches;
}

// ---- all fits ------------------------------------------------------------------------------------------------------

class study {
 public:
  study(const context& ctx, const std::vector<one_fit>& fits, const gmm_fit_each_callback& callback)
      : ctx_(ctx), fits_(fits), callback_(callback), outcomes_(fits.size()) {}

  std::vector<gmm_fit_outcome> run() {
    std::vector<std::int64_t> side_by_side;
    std::vector<std::int64_t> batched;
    std::vector<std::int64_t> in_turn;
    for (std::int64_t i = 0; i < std::ssize(fits_); ++i) {
      (belongs_to_thread(fits_[i]) ? side_by_side : belongs_to_batch(fits_[i]) ? batched : in_turn).push_back(i);
    }
    over_threads(ctx_.n_threads(), std::ssize(side_by_side),
                 [&](std::int64_t i) { fit_whole(host_, side_by_side[i]); });
    run_batches(batched);
    for (const std::int64_t i : in_turn) {
      fit_whole(ctx_, i);
    }
    if (stop_) {
      std::rethrow_exception(stop_);
    }
    return std::move(outcomes_);
  }

 private:
  /// A loop over passes on each of the devices, for mixtures of that size and so many rows.
  bool has_loop(const one_fit& fit) const {
    const samebits_backend& table = *devices_.front().table();
    return table.gmm_has_run != nullptr && fit.options.schedule != gmm_schedule::components &&
           table.gmm_has_run(fit.x.dtype, shape_of(fit.options.covariance), fit.options.n_components, fit.x.n_cols,
                             fit.x.n_rows) != 0;
  }

  /// Whole fits on a thread of the host each: on the CPU where there are enough of them, and beside a device what it
  /// has no loop for and would be bound by launches.
  bool belongs_to_thread(const one_fit& fit) const {
    if (is_host(ctx_)) {
      return std::ssize(fits_) >= ctx_.n_threads();
    }
    const std::int64_t size = covariance_size(fit.options.covariance, fit.x.n_cols);
    return !has_loop(fit) && core::is_small_pass(fit.x.n_rows, fit.options.n_components, size) &&
           !is_on_device(ctx_, fit.x.x);
  }

  /// Fits that a device makes together: with fewer blocks, in their leaves and restarts, than fill it, and not larger
  /// than a thread of the host can start in little time and memory.
  bool belongs_to_batch(const one_fit& fit) const {
    constexpr std::int64_t blocks_of_a_device = 2048;
    constexpr std::int64_t most_leaves = 16;
    constexpr std::int64_t most_work = std::int64_t{1} << 27;  // fmas, about, of a pass
    const std::int64_t n_runs = n_restarts(fit.options);
    const std::int64_t row_work =
        fit.options.n_components * (covariance_size(fit.options.covariance, fit.x.n_cols) + 32);
    return !is_host(ctx_) && has_loop(fit) && n_leaves(fit.x) <= most_leaves && fit.x.n_rows <= most_work / row_work &&
           n_leaves(fit.x) * n_runs < blocks_of_a_device && n_runs <= group_size(fit.x.n_cols, fit.options);
  }

  /// Does a part of fit i, and keeps what it throws.
  template <class Work>
  void attempt(std::int64_t i, const Work& work) {
    try {
      outcomes_[i].failure = failure_of(work);
    } catch (...) {
      stop(std::current_exception());
    }
  }
  /// Why there is no fit, or nothing.
  template <class Work>
  static std::string failure_of(const Work& work) {
    try {
      work();
      return {};
    } catch (const numerical_failure& failure) {
      return failure.what();
    } catch (const invalid_argument& failure) {  // rows that are not finite, known late
      return failure.what();
    }
  }
  void stop(std::exception_ptr why) {
    const std::scoped_lock lock(mutex_);
    stop_ = stop_ ? stop_ : std::move(why);
  }
  bool is_stopped() {
    const std::scoped_lock lock(mutex_);
    return stop_ != nullptr;
  }

  /// One more fit is over.
  void count() {
    const std::scoped_lock lock(mutex_);
    ++n_done_;
    if (!callback_ || stop_) {
      return;
    }
    try {
      const default_fp_environment environment;
      if (!callback_(n_done_)) {
        throw interrupted(std::string(function) + ": stopped by the callback after " + counted(n_done_, "fit"));
      }
    } catch (...) {
      stop_ = std::current_exception();
    }
  }

  void fit_whole(const context& ctx, std::int64_t i) {
    if (!is_stopped()) {
      attempt(i, [&] { outcomes_[i].model = fit(ctx, function, fits_[i].x, fits_[i].options); });
      count();
    }
  }

  // ---- on devices ----

  void run_batches(const std::vector<std::int64_t>& numbers) {
    std::vector<batch> batches = make_batches(fits_, numbers, std::ssize(devices_));
    for (std::span<batch> left(batches); !left.empty() && !is_stopped();) {
      const std::size_t n = std::min(devices_.size(), left.size());
      run_on_devices(left.first(n));
      left = left.subspan(n);
    }
  }

  /// A batch on each device.
  void run_on_devices(std::span<batch> batches) {
    std::vector<staged_fit*> all;
    for (std::size_t i = 0; i < batches.size(); ++i) {
      batches[i].gather(devices_[i]);
      for (const std::unique_ptr<staged_fit>& fit : batches[i].fits()) {
        all.push_back(fit.get());
      }
    }
    for_each(all, [&](staged_fit& fit) { attempt(fit.number(), [&] { fit.start(host_); }); });
    over_threads(static_cast<int>(batches.size()), std::ssize(batches), [&](std::int64_t i) {
      try {
        batches[i].iterate(devices_[i]);
      } catch (...) {
        stop(std::current_exception());
      }
    });
    for_each(all, [&](staged_fit& fit) {
      if (outcomes_[fit.number()].failure.empty()) {  // so far
        attempt(fit.number(), [&] { outcomes_[fit.number()].model = fit.finish(host_); });
      }
      count();
    });
    for (batch& over : batches) {
      over = batch();
    }
  }

  /// On the threads of the host.
  template <class Work>
  void for_each(const std::vector<staged_fit*>& fits, const Work& work) {
    over_threads(ctx_.n_threads(), std::ssize(fits), [&](std::int64_t i) {
      if (!is_stopped()) {
        work(*fits[i]);
      }
    });
  }

  const context& ctx_;
  const context host_ = one_host_thread(ctx_);
  const std::vector<context> devices_ = each_device(ctx_);
  const std::vector<one_fit>& fits_;
  const gmm_fit_each_callback& callback_;
  std::vector<gmm_fit_outcome> outcomes_;
  std::mutex mutex_;
  std::int64_t n_done_ = 0;
  std::exception_ptr stop_;
};

// ---- arguments -----------------------------------------------------------------------------------------------------

void check_options(const gmm_options& o) {
  if (!o.sample_weights.empty()) {
    refuse(function, "options.sample_weights has " + counted(std::ssize(o.sample_weights), "element") +
                         " but must be empty: each data set has its own");
  }
  if (o.callback) {
    refuse(function, "options.callback is set but must be empty: there is one of gmm_fit_each itself");
  }
}

template <class T>
std::vector<gmm_fit_outcome> fit_each(const context& ctx, std::span<const gmm_data_set<T>> data_sets,
                                      const gmm_options& options, const gmm_fit_each_callback& callback) {
  const default_fp_environment environment;
  check_options(options);
  std::vector<one_fit> fits;
  fits.reserve(data_sets.size());
  for (const gmm_data_set<T>& data_set : data_sets) {
    one_fit fit{data_set.x, options};
    fit.options.task += fits.size();
    fit.options.sample_weights = data_set.sample_weights;
    const std::string name = std::string(function) + ": data set " + std::to_string(fits.size());
    check_fit(ctx, name.c_str(), fit.x, fit.options);
    if (ctx.devices().size() > 1) {
      require_on_host(ctx, name.c_str(), "x", fit.x.x);
    }
    fits.push_back(std::move(fit));
  }
  return study(ctx, fits, callback).run();
}

}  // namespace
}  // namespace gmm

std::vector<gmm_fit_outcome> gmm_fit_each(const context& ctx, std::span<const gmm_data_set<double>> data_sets,
                                          const gmm_options& options, const gmm_fit_each_callback& callback) {
  return gmm::fit_each(ctx, data_sets, options, callback);
}
std::vector<gmm_fit_outcome> gmm_fit_each(const context& ctx, std::span<const gmm_data_set<float>> data_sets,
                                          const gmm_options& options, const gmm_fit_each_callback& callback) {
  return gmm::fit_each(ctx, data_sets, options, callback);
}

}  // namespace samebits
