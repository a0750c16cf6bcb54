#include "samebits/two_sample.hpp"

#include <algorithm>
#include <numeric>
#include <string>

#include "lib/fp_environment.hpp"
#include "lib/over_threads.hpp"
#include "lib/pairwise_totals.hpp"
#include "lib/permutation_test.hpp"
#include "samebits/core/summary.hpp"
#include "samebits/core/two_sample.hpp"
#include "samebits/permutation.hpp"

namespace samebits {
namespace {

using pairs::size_of;

/// Two samples and their statistic.
struct setting {
  const char* function;
  data_view x;
  data_view y;
  pairwise_options options;
  double sign;  // of the statistic, where the energy distance has 1
  estimator type;
};

// ---- arguments ---------------------------------------------------------------------------------------------------

void check_estimator(const setting& s) {
  if (static_cast<int>(s.type) < 0 || s.type > estimator::u) {
    refuse(s.function, "estimator is " + text(static_cast<std::int64_t>(s.type)) + " but must be 0 or 1");
  }
  const std::int64_t least = s.type == estimator::u ? 2 : 1;
  const auto check = [&](const char* name, const data_view& sample) {
    if (sample.n_rows < least) {
      refuse(s.function, std::string(name) + " has " + counted(sample.n_rows, "row") + " but must have at least " +
                             text(least) + (least == 2 ? " with estimator u" : ""));
    }
  };
  check("x", s.x);
  check("y", s.y);
}

void check(const context& ctx, const setting& s) {
  if (s.options.mode != pairwise_mode::cross) {
    refuse(s.function, "mode is " + text(static_cast<std::int64_t>(s.options.mode)) +
                           " but must be 0 (cross): which pairs count is a matter of the estimator");
  }
  if (!s.options.x_weights.empty() || !s.options.y_weights.empty()) {
    refuse(s.function, "weights are given but rows that change samples have none");
  }
  pairs::refuse_bandwidths(pairs::checked(ctx, s.function, s.x, s.y, s.options));
  check_estimator(s);
}

// ---- labellings --------------------------------------------------------------------------------------------------

/// Labellings that a thread works on together: a bit each of a word per row.
constexpr std::int64_t together = 64;

/// The sums of labellings that are worked on together, in the order of core::label_sums.
struct group_sums {
  double within[together];
  double lower[together];
  double upper[together];
  double own[together];

  void clear() {
    for (double* const sums : {within, lower, upper, own}) {
      std::fill_n(sums, together, core::empty_sum<double>());
    }
  }
  void add(const group_sums& right) {
    core::merge_sums(within, right.within, together);
    core::merge_sums(lower, right.lower, together);
    core::merge_sums(upper, right.upper, together);
    core::merge_sums(own, right.own, together);
  }
};

/// One thread's memory.
struct workspace {
  workspace(std::int64_t n_rows, std::int64_t n_leaves) : words(size_of(n_rows)), order(size_of(n_rows)) {
    std::size_t levels = 2;
    for (; n_leaves > 1; n_leaves /= 2) {
      ++levels;
    }
    nodes.resize(levels);
  }
  std::vector<std::uint64_t> words;
  std::vector<std::int64_t> order;
  std::vector<group_sums> nodes;
};

/// Labellings of the smaller sample as columns of a matrix, and the sums that belong to them. Number 0 has labels for
/// all rows, number 1 is that of the data, number 2 + b that of permutation b. They are worked on in blocks.
template <class T>
class labellings {
 public:
  labellings(const context& ctx, const setting& s, const permutation_test& test)
      : ctx_(ctx),
        test_(test),
        n_first_(s.x.n_rows),
        n_rows_(s.x.n_rows + s.y.n_rows),
        options_(with_pairs_once(s.options)),
        rows_(pooled(s)),
        arguments_{ctx, s.function, view(s), view(s), options_, true, {}},
        call_(arguments_, core::pair_map::value, {}),
        block_size_(std::min(size(), most_columns())),
        labels_(size_of(n_rows_ * block_size_)),
        values_(size_of(n_rows_ * block_size_)),
        row_sums_(size_of(n_rows_)),
        own_(size_of(n_rows_)),
        sums_(size_of(block_size_)),
        work_(size_of(std::min<std::int64_t>(ctx.n_threads(), n_groups(block_size_))), workspace(n_rows_, n_leaves())) {
    if (s.type == estimator::v) {
      pairs::fill_diagonal(call_.pairs(), *call_.pairs().kernels, own_);
    }
  }

  /// How many there are.
  std::int64_t size() const { return 2 + test_.n_permutations(); }
  std::int64_t block_size() const { return block_size_; }

  /// The sums for labellings first .. first + n - 1, n at most block_size(); the block that starts with 0 comes first.
  std::span<const core::label_sums> sums(std::int64_t first, std::int64_t n) {
    over_threads(ctx_.n_threads(), n_groups(n), [&](std::int64_t group, int thread) {
      draw(first, n, group * together, work_[static_cast<std::size_t>(thread)]);
    });
    call_.pairs().columns = labels_.data();
    call_.pairs().n_columns = n;
    call_.run(ctx_, samebits_pair_products, values_.data());
    for (std::int64_t i = 0; first == 0 && i < n_rows_; ++i) {
      row_sums_[size_of(i)] = values_[size_of(i * n)];
    }
    over_threads(ctx_.n_threads(), n_groups(n), [&](std::int64_t group, int thread) {
      add_up(n, group * together, work_[static_cast<std::size_t>(thread)]);
    });
    return {sums_.data(), size_of(n)};
  }

 private:
  /// Columns of a block: labels and values take at most 128 MiB where this is not less than a panel of a product.
  std::int64_t most_columns() const {
    constexpr std::int64_t most_bytes = std::int64_t{1} << 27;
    constexpr std::int64_t panel = 6;
    constexpr std::int64_t most_panels = 341;
    const std::int64_t bytes = panel * n_rows_ * static_cast<std::int64_t>(sizeof(T) + sizeof(double));
    return panel * std::clamp<std::int64_t>(most_bytes / bytes, 1, most_panels);
  }

  /// How many of n labellings there are together.
  static std::int64_t n_groups(std::int64_t n) { return (n + together - 1) / together; }
  std::int64_t n_leaves() const { return (n_rows_ + core::leaf_rows - 1) / core::leaf_rows; }

  /// The rows of x, then those of y.
  static std::vector<T> pooled(const setting& s) {
    const auto numbers = [](const data_view& x) {
      return std::span(static_cast<const T*>(x.x), size_of(x.n_rows * x.n_cols));
    };
    std::vector<T> rows(numbers(s.x).begin(), numbers(s.x).end());
    rows.insert(rows.end(), numbers(s.y).begin(), numbers(s.y).end());
    return rows;
  }
  data_view view(const setting& s) const { return matrix_view<const T>(rows_.data(), n_rows_, s.x.n_cols); }

  static pairwise_options with_pairs_once(pairwise_options options) {
    options.mode = pairwise_mode::upper;
    return options;
  }

  // ---- labels ----------------------------------------------------------------------------------------------------

  /// Columns c and on of a block of n.
  void draw(std::int64_t first, std::int64_t n, std::int64_t c, workspace& work) {
    const std::int64_t n_together = std::min(n - c, together);
    std::fill(work.words.begin(), work.words.end(), std::uint64_t{0});
    for (std::int64_t k = 0; k < n_together; ++k) {
      mark_first(first + c + k, std::uint64_t{1} << k, work);
    }
    for (std::int64_t i = 0; i < n_rows_; ++i) {
      const std::uint64_t word = is_first_labelled() ? work.words[size_of(i)] : ~work.words[size_of(i)];
      T* const labels = labels_.data() + i * n + c;
      for (std::int64_t k = 0; k < n_together; ++k) {
        labels[k] = static_cast<T>(word >> k & 1);
      }
    }
  }

  /// Sets the bit for the rows of the first sample.
  void mark_first(std::int64_t number, std::uint64_t bit, workspace& work) const {
    if (number >= 2) {
      mark_permuted(test_.stream(number - 2), bit, work);
      return;
    }
    const std::int64_t n = number == 1 ? n_first_ : (is_first_labelled() ? n_rows_ : 0);
    for (std::int64_t i = 0; i < n; ++i) {
      work.words[size_of(i)] |= bit;
    }
  }
  bool is_first_labelled() const { return n_first_ <= n_rows_ - n_first_; }

  /// The first elements of the permutation of the stream, as by sample_without_replacement.
  void mark_permuted(stream_id stream, std::uint64_t bit, workspace& work) const {
    std::iota(work.order.begin(), work.order.end(), std::int64_t{0});
    for (std::size_t i = 0; i < size_of(n_first_); ++i) {
      std::swap(work.order[i], work.order[core::shuffle_partner(stream.seed, stream.task, i, work.order.size())]);
      work.words[size_of(work.order[i])] |= bit;
    }
  }

  // ---- sums ------------------------------------------------------------------------------------------------------

  /// For columns c and on of a block of n: leaves, and the tree over them with one open node per level.
  void add_up(std::int64_t n, std::int64_t c, workspace& work) {
    const std::int64_t n_together = std::min(n - c, together);
    std::size_t depth = 0;
    for (std::int64_t leaf = 0; leaf < n_leaves(); ++leaf) {
      work.nodes[depth].clear();
      for (std::int64_t i = leaf * core::leaf_rows; i < std::min((leaf + 1) * core::leaf_rows, n_rows_); ++i) {
        add_row(i, n_together, i * n + c, work.nodes[depth]);
      }
      ++depth;
      for (std::int64_t filled = leaf; filled & 1; filled >>= 1, --depth) {
        work.nodes[depth - 2].add(work.nodes[depth - 1]);
      }
    }
    for (; depth > 1; --depth) {
      work.nodes[depth - 2].add(work.nodes[depth - 1]);
    }
    const group_sums& all = work.nodes.front();
    for (std::int64_t k = 0; k < n_together; ++k) {
      sums_[size_of(c + k)] = {all.within[k], all.lower[k], all.upper[k], all.own[k]};
    }
  }

  void add_row(std::int64_t i, std::int64_t n_together, std::int64_t place, group_sums& sums) const {
    const T* const labels = labels_.data() + place;
    const double* const values = values_.data() + place;
    const double row_sum = row_sums_[size_of(i)];
    const double own = own_[size_of(i)];
    core::merge_sums(sums.upper, values, n_together);
    for (std::int64_t k = 0; k < n_together; ++k) {
      const double label = static_cast<double>(labels[k]);
      sums.within[k] = core::add_labelled(sums.within[k], label, values[k]);
      sums.lower[k] = core::add_labelled(sums.lower[k], label, row_sum);
      sums.own[k] = core::add_labelled(sums.own[k], label, own);
    }
  }

  const context& ctx_;
  const permutation_test& test_;
  std::int64_t n_first_;
  std::int64_t n_rows_;
  pairwise_options options_;
  std::vector<T> rows_;
  pairs::arguments arguments_;
  pairs::prepared_call call_;
  std::int64_t block_size_;
  std::vector<T> labels_;         // [n_rows x n] of a block
  std::vector<double> values_;    // [n_rows x n]: the values of pairs i < j, times the labels
  std::vector<double> row_sums_;  // [n_rows]: the sums over j > i
  std::vector<double> own_;       // [n_rows]: of the rows with themselves, 0 where they do not count
  std::vector<core::label_sums> sums_;
  std::vector<workspace> work_;  // per thread that may have work
};

// ---- tests -------------------------------------------------------------------------------------------------------

core::pair_numbers numbers_of_pairs(const setting& s) {
  const auto [n_labelled, n_others] = std::minmax(s.x.n_rows, s.y.n_rows);
  return core::numbers_of(static_cast<double>(n_labelled), static_cast<double>(n_others),
                          s.type == estimator::u ? 1 : 0);
}

template <class T>
permutation_test_result run_typed(const context& ctx, const setting& s, const permutation_test_options& options) {
  permutation_test test(s.function, options);
  labellings<T> all(ctx, s, test);
  const core::pair_numbers numbers = numbers_of_pairs(s);
  core::label_sums total{};
  std::vector<double> statistics;
  for (std::int64_t first = 0; first < all.size(); first += all.block_size()) {
    std::span<const core::label_sums> sums = all.sums(first, std::min(all.block_size(), all.size() - first));
    if (first == 0) {
      total = sums[0];
      const core::pair_means observed = core::means_of(sums[1], total, numbers);
      test.observe(core::two_sample_statistic(observed, s.sign), core::magnitude_of(observed), s.x.dtype);
      sums = sums.subspan(2);
    }
    statistics.clear();
    for (const core::label_sums& of_permutation : sums) {
      const core::pair_means means = core::means_of(of_permutation, total, numbers);
      statistics.push_back(core::two_sample_statistic(means, s.sign));
    }
    if (!statistics.empty()) {
      test.add(statistics);
    }
  }
  return test.finish();
}

/// A distance makes the discrepancy the negative of an energy distance, which is small where samples differ.
void refuse_distances(const char* function, pair_kernel kernel) {
  if (core::is_distance(kernel)) {
    refuse(function, std::string("kernel is ") + name_of(kernel) + ", a distance: use energy_test");
  }
}

permutation_test_result run(const context& ctx, const setting& s, const permutation_test_options& options) {
  const default_fp_environment environment;
  check(ctx, s);
  const host_rows x(ctx, s.function, s.x);
  const host_rows y(ctx, s.function, s.y);
  const setting read{s.function, x.view(), y.view(), s.options, s.sign, s.type};
  return s.x.dtype == SAMEBITS_FLOAT32 ? run_typed<float>(ctx, read, options) : run_typed<double>(ctx, read, options);
}

/// The statistic alone.
double statistic_of(const context& ctx, const setting& s) {
  permutation_test_options none;
  none.n_permutations = 0;
  return run(ctx, s, none).statistic;
}

setting energy(const char* function, const data_view& x, const data_view& y, double exponent, estimator type) {
  if (!(exponent > 0 && pairs::rounded_to_rows(exponent, x) < 2)) {
    refuse(function, "exponent is " + text(exponent) + " but must be above 0 and below 2");
  }
  pairwise_options options;
  options.kernel = pair_kernel::power;
  options.exponent = exponent;
  return {function, x, y, options, 1, type};
}

setting mmd(const char* function, const data_view& x, const data_view& y, const pairwise_options& options,
            estimator type) {
  return {function, x, y, options, -1, type};
}

}  // namespace

double energy_distance(const context& ctx, matrix_view<const double> x, matrix_view<const double> y, double exponent,
                       estimator type) {
  return statistic_of(ctx, energy("energy_distance", x, y, exponent, type));
}
double energy_distance(const context& ctx, matrix_view<const float> x, matrix_view<const float> y, double exponent,
                       estimator type) {
  return statistic_of(ctx, energy("energy_distance", x, y, exponent, type));
}

double maximum_mean_discrepancy(const context& ctx, matrix_view<const double> x, matrix_view<const double> y,
                                const pairwise_options& options, estimator type) {
  return statistic_of(ctx, mmd("maximum_mean_discrepancy", x, y, options, type));
}
double maximum_mean_discrepancy(const context& ctx, matrix_view<const float> x, matrix_view<const float> y,
                                const pairwise_options& options, estimator type) {
  return statistic_of(ctx, mmd("maximum_mean_discrepancy", x, y, options, type));
}

permutation_test_result energy_test(const context& ctx, matrix_view<const double> x, matrix_view<const double> y,
                                    const permutation_test_options& test, double exponent, estimator type) {
  return run(ctx, energy("energy_test", x, y, exponent, type), test);
}
permutation_test_result energy_test(const context& ctx, matrix_view<const float> x, matrix_view<const float> y,
                                    const permutation_test_options& test, double exponent, estimator type) {
  return run(ctx, energy("energy_test", x, y, exponent, type), test);
}

permutation_test_result maximum_mean_discrepancy_test(const context& ctx, matrix_view<const double> x,
                                                      matrix_view<const double> y, const permutation_test_options& test,
                                                      const pairwise_options& options, estimator type) {
  refuse_distances("maximum_mean_discrepancy_test", options.kernel);
  return run(ctx, mmd("maximum_mean_discrepancy_test", x, y, options, type), test);
}
permutation_test_result maximum_mean_discrepancy_test(const context& ctx, matrix_view<const float> x,
                                                      matrix_view<const float> y, const permutation_test_options& test,
                                                      const pairwise_options& options, estimator type) {
  refuse_distances("maximum_mean_discrepancy_test", options.kernel);
  return run(ctx, mmd("maximum_mean_discrepancy_test", x, y, options, type), test);
}

}  // namespace samebits
