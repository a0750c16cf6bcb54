// Sums, moments and covariances of rows: leaves of rows, and the tree over them.
#include <type_traits>

#include "cpu/gmm_engine.hpp"
#include "cpu/leaf_chunks.hpp"
#include "cpu/memory.hpp"
#include "cpu/parallel.hpp"
#include "cpu/report.hpp"
#include "cpu/tables.hpp"
#include "lib/fp_environment.hpp"
#include "lib/summary_nodes.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {
namespace {

// ---- leaves ------------------------------------------------------------------------------------------------------

/// What elements are multiplied by: nothing, their signs, a number each, or a number for each period of elements.
struct no_factors {
  template <class V>
  SAMEBITS_INLINE V get(std::int64_t, std::int64_t, V) const {
    return V(1.0);
  }
  double of_row(std::int64_t, std::int64_t) const { return 1.0; }
};
struct signs {
  template <class V>
  SAMEBITS_INLINE V get(std::int64_t, std::int64_t, V x) const {
    return sign_of(x);
  }
};
struct element_factors {
  const double* factors;
  template <class V>
  SAMEBITS_INLINE V get(std::int64_t, std::int64_t element, V) const {
    return load<V>(factors + element);
  }
  double of_row(std::int64_t i, std::int64_t n_cols) const { return factors[i * n_cols]; }
};
struct period_factors {
  const double* factors;
  template <class V>
  SAMEBITS_INLINE V get(std::int64_t p, std::int64_t, V) const {
    return V(factors[p]);
  }
  double of_row(std::int64_t i, std::int64_t) const { return factors[i]; }
};

/// The rows of a leaf as they lie in memory: elements that go round through the sums of one period.
struct leaf_elements {
  const double* x;
  std::int64_t n;
  std::int64_t period;
};

/// Calls body(V, n, e) for all elements e of a period, n packs of type V at a time that have equally many periods.
template <class Body>
SAMEBITS_INLINE void for_elements(const leaf_elements& leaf, const Body& body) {
  using vec = pack<double>;
  using several = std::integral_constant<int, 4>;
  using one = std::integral_constant<int, 1>;
  constexpr std::int64_t width = value_traits<vec>::width;
  const std::int64_t ends[] = {leaf.n % leaf.period, leaf.n < leaf.period ? leaf.n : leaf.period};
  std::int64_t e = 0;
  for (const std::int64_t end : ends) {
    for (; e + several::value * width <= end; e += several::value * width) {
      body(vec(0.0), several(), e);
    }
    for (; e + width <= end; e += width) {
      body(vec(0.0), one(), e);
    }
    for (; e < end; ++e) {
      body(0.0, one(), e);
    }
  }
}

/// Elements that are fetched ahead: a leaf of one column is a page, where the hardware's own prefetching ends.
constexpr std::int64_t fetched_ahead = 2048;

/// The sums of the elements e of all periods, each times its factor, to sums[e].
template <class Factors>
void add_leaf(const leaf_elements& leaf, const Factors& factors, double* sums) {
  const bool is_read_in_order = leaf.period <= fetched_ahead / 8;  // long rows are read by columns
  for_elements(leaf, [&](auto type, auto n_packs, std::int64_t e) {
    using V = decltype(type);
    constexpr int width = value_traits<V>::width;
    constexpr int n = decltype(n_packs)::value;
    V sum[n];
    SAMEBITS_UNROLL
    for (int v = 0; v < n; ++v) {
      sum[v] = empty_sum<V>();
    }
    std::int64_t p = 0;
    for (std::int64_t i = e; i < leaf.n; i += leaf.period, ++p) {
      SAMEBITS_UNROLL
      for (int v = 0; v < n; ++v) {
        const std::int64_t element = i + v * width;
        if (is_read_in_order) {
          __builtin_prefetch(leaf.x + element + fetched_ahead);
        }
        const V x = load<V>(leaf.x + element);
        sum[v] = add_product(sum[v], x, factors.get(p, element, x));
      }
    }
    SAMEBITS_UNROLL
    for (int v = 0; v < n; ++v) {
      store(sums + e + v * width, sum[v]);
    }
  });
}

template <class Factors>
void spread_leaf(const leaf_elements& leaf, const Factors& weights, const double* means, spread<double>* out) {
  for_elements(leaf, [&](auto type, auto n_packs, std::int64_t e) {
    using V = decltype(type);
    constexpr int width = value_traits<V>::width;
    constexpr int n = decltype(n_packs)::value;
    spread<V> s[n];
    V mean[n];
    SAMEBITS_UNROLL
    for (int v = 0; v < n; ++v) {
      s[v] = spread<V>::nothing();
      mean[v] = load<V>(means + e + v * width);
    }
    std::int64_t p = 0;
    for (std::int64_t i = e; i < leaf.n; i += leaf.period, ++p) {
      SAMEBITS_UNROLL
      for (int v = 0; v < n; ++v) {
        const std::int64_t element = i + v * width;
        const V x = load<V>(leaf.x + element);
        add_to_spread(x, weights.get(p, element, x), mean[v], s[v]);
      }
    }
    SAMEBITS_UNROLL
    for (int v = 0; v < n; ++v) {
      double numbers[4][width];
      store(numbers[0], s[v].rest);
      store(numbers[1], s[v].squares);
      store(numbers[2], s[v].least);
      store(numbers[3], s[v].largest);
      for (int j = 0; j < width; ++j) {
        out[e + v * width + j] = {numbers[0][j], numbers[1][j], numbers[2][j], numbers[3][j]};
      }
    }
  });
}

// ---- the pass ----------------------------------------------------------------------------------------------------

class summary_pass {
 public:
  summary_pass(samebits_statistic statistic, const samebits_rows& rows)
      : statistic_(statistic),
        rows_(rows),
        n_cols_(rows.n_cols),
        period_(rows.n_cols * row_lanes(rows.n_cols)),
        node_size_(node_size(statistic, rows.n_cols)),
        node_stride_(round_up(node_size_, lanes<double>)),
        n_leaves_((rows.n_rows + leaf_rows - 1) / leaf_rows),
        engine_(find_engine<double>(samebits_gmm_triangle, rows.n_cols)),
        block_rows_(round_up(engine_.block_rows(1, rows.n_cols), lanes<double>)) {}

  bool run(int n_threads, double* node) {
    if (!prepare(n_threads)) {
      return false;
    }
    parallel_for<&summary_pass::sum_chunk>(n_threads, chunks_.size(), *this);
    chunks_.fold([&](std::int64_t left, std::int64_t right) { merge(chunk_node(left), chunk_node(right)); });
    for (std::int64_t j = 0; j < node_size_; ++j) {
      node[j] = chunk_node(0)[j];
    }
    return true;
  }

 private:
  bool is_float() const { return rows_.dtype == SAMEBITS_FLOAT32; }

  /// One thread's memory.
  struct workspace {
    workspace(const summary_pass& pass, double* start) {
      memory_plan plan(start);
      const std::int64_t most_rows = pass.rows_.n_rows < leaf_rows ? pass.rows_.n_rows : leaf_rows;
      const std::int64_t leaf_size = most_rows * pass.n_cols_;
      x = plan.take<double>(pass.is_float() ? leaf_size : 0);
      y = plan.take<double>(pass.is_float() && pass.rows_.y != nullptr ? leaf_size : 0);
      factors = plan.take<double>(pass.rows_.weights != nullptr && pass.period_ != pass.n_cols_ ? leaf_size : 0);
      sums = plan.take<double>(pass.period_);
      means = plan.take<double>(pass.period_);
      spreads = reinterpret_cast<spread<double>*>(plan.take<double>(4 * pass.period_));
      nodes = plan.take<double>(pass.levels_ * pass.node_stride_);
      if (pass.statistic_ == samebits_statistic_covariance) {
        no_factor = plan.take<double>(pass.n_cols_ * pass.n_cols_);
        component = plan.take<double>(pass.engine_.component_size);
        columns = plan.take<double>(pass.block_rows_ * pass.n_cols_);
        row_weights = plan.take<double>(pass.block_rows_);
        work = plan.take<double>(pass.engine_.work_size(pass.block_rows_, pass.n_cols_));
        lane_sums = plan.take<double>(pass.engine_.lane_sums_size);
        engine_sums = plan.take<double>(pass.engine_.sums_size);
        rest = plan.take<double>(pass.n_cols_);
      }
      size = plan.used();
    }
    double* x;
    double* y;
    double* factors;
    double* sums;
    double* means;
    spread<double>* spreads;
    double* nodes;
    // For covariances.
    double* no_factor = nullptr;
    double* component = nullptr;
    double* columns = nullptr;
    double* row_weights = nullptr;
    double* work = nullptr;
    double* lane_sums = nullptr;
    double* engine_sums = nullptr;
    double* rest = nullptr;
    std::int64_t size;  // doubles
  };

  /// Every chunk has a node: large ones (covariances of many columns) go into few chunks.
  bool prepare(int n_threads) {
    constexpr std::int64_t large_node = 1 << 16;
    const std::int64_t wanted = (node_size_ > large_node ? 2 : 16) * static_cast<std::int64_t>(n_threads);
    std::int64_t largest = 1;
    while (n_leaves_ > wanted * largest) {
      largest *= 2;
    }
    const std::int64_t smallest = node_size_ > large_node || largest < 4 ? largest : 4;
    chunks_ = leaf_chunks(n_leaves_, largest, smallest, n_threads);
    while ((std::int64_t{1} << (levels_ - 2)) < largest) {
      ++levels_;
    }
    thread_size_ = workspace(*this, nullptr).size;
    n_threads = chunks_.size() < n_threads ? static_cast<int>(chunks_.size()) : n_threads;
    return scratch_.allocate(static_cast<std::size_t>(n_threads * thread_size_)) &&
           nodes_.allocate(static_cast<std::size_t>(chunks_.size() * node_stride_));
  }

  double* chunk_node(std::int64_t i) const { return nodes_.data() + i * node_stride_; }

  void merge(double* left, double* right) const { merge_nodes(statistic_, left, right, n_cols_); }

  void sum_chunk(std::int64_t number, int thread) const {
    const workspace memory(*this, scratch_.data() + thread * thread_size_);
    const leaf_chunks::chunk chunk = chunks_[number];
    const auto at = [&](std::int64_t depth) { return memory.nodes + depth * node_stride_; };
    std::int64_t depth = 0;
    for (std::int64_t i = 0; i < chunk.n_leaves; ++i) {
      make_leaf(chunk, i, memory, at(depth));
      ++depth;
      for (std::int64_t filled = i; filled & 1; filled >>= 1, --depth) {
        merge(at(depth - 2), at(depth - 1));
      }
    }
    for (; depth > 1; --depth) {
      merge(at(depth - 2), at(depth - 1));
    }
    for (std::int64_t j = 0; j < node_size_; ++j) {
      chunk_node(number)[j] = at(0)[j];
    }
  }

  /// Rows `first` and on, as doubles: where they lie, or widened.
  const double* doubles(const void* data, std::int64_t first, std::int64_t n_rows, double* copy) const {
    if (!is_float()) {
      return static_cast<const double*>(data) + first * n_cols_;
    }
    const float* const from = static_cast<const float*>(data) + first * n_cols_;
    constexpr std::int64_t line = 64 / sizeof(float);
    for (std::int64_t i = 0; i < n_rows * n_cols_; i += line) {
      __builtin_prefetch(from + i + fetched_ahead);
    }
    for (std::int64_t i = 0; i < n_rows * n_cols_; ++i) {
      copy[i] = static_cast<double>(from[i]);
    }
    return copy;
  }

  void make_leaf(const leaf_chunks::chunk& chunk, std::int64_t i, const workspace& memory, double* node) const {
    const std::int64_t first = (chunk.first_leaf + i) * leaf_rows;
    const std::int64_t left = rows_.n_rows - first;
    const std::int64_t n_rows = left < leaf_rows ? left : leaf_rows;
    if (statistic_ < samebits_statistic_moments) {
      sum_leaf(first, n_rows, memory, node);
      return;
    }
    const leaf_elements leaf{doubles(rows_.x, first, n_rows, memory.x), n_rows * n_cols_, period_};
    if (rows_.weights == nullptr) {
      spread_of_leaf(leaf, no_factors(), static_cast<double>(n_rows), memory, node);
      return;
    }
    const double* const weights = rows_.weights + first;
    double weight[lanes<double>];
    add_weights(weights, n_rows, weight);
    if (period_ == n_cols_) {
      spread_of_leaf(leaf, period_factors{weights}, weight[0], memory, node);
      return;
    }
    for (std::int64_t row = 0; row < n_rows; ++row) {
      for (std::int64_t a = 0; a < n_cols_; ++a) {
        memory.factors[row * n_cols_ + a] = weights[row];
      }
    }
    spread_of_leaf(leaf, element_factors{memory.factors}, weight[0], memory, node);
  }

  /// The sum of the weights of a leaf, as that of a single column, to weight[0].
  static void add_weights(const double* weights, std::int64_t n_rows, double (&weight)[lanes<double>]) {
    clear(weight, lanes<double>);
    add_leaf({weights, n_rows, lanes<double>}, no_factors(), weight);
    fold_row_lanes(weight, 1, 0);
  }

  static void clear(double* sums, std::int64_t n) {
    for (std::int64_t j = 0; j < n; ++j) {
      sums[j] = empty_sum<double>();
    }
  }

  /// The columns' sums of a leaf.
  void sum_leaf(std::int64_t first, std::int64_t n_rows, const workspace& memory, double* node) const {
    clear(memory.sums, period_);
    const leaf_elements leaf{doubles(rows_.x, first, n_rows, memory.x), n_rows * n_cols_, period_};
    if (statistic_ == samebits_statistic_product) {
      add_leaf(leaf, element_factors{doubles(rows_.y, first, n_rows, memory.y)}, memory.sums);
    } else if (statistic_ == samebits_statistic_absolute) {
      add_leaf(leaf, signs(), memory.sums);
    } else {
      add_leaf(leaf, no_factors(), memory.sums);
    }
    for (std::int64_t a = 0; a < n_cols_; ++a) {
      fold_row_lanes(memory.sums, n_cols_, a);
      node[a] = memory.sums[a];
    }
  }

  /// Moments or covariances of a leaf: first the means, then what lies about them.
  template <class Weights>
  void spread_of_leaf(const leaf_elements& leaf, const Weights& weights, double weight, const workspace& memory,
                      double* node) const {
    clear(memory.sums, period_);
    add_leaf(leaf, weights, memory.sums);
    for (std::int64_t a = 0; a < n_cols_; ++a) {
      fold_row_lanes(memory.sums, n_cols_, a);
    }
    for (std::int64_t e = 0; e < period_; ++e) {
      memory.means[e] = per_weight(memory.sums[e % n_cols_], weight);
    }
    *node = weight;
    if (statistic_ == samebits_statistic_moments) {
      moments_of_leaf(leaf, weights, memory, moments_node(node, n_cols_));
    } else {
      covariance_of_leaf(leaf, weights, memory, covariance_node(node, n_cols_));
    }
  }

  template <class Weights>
  void moments_of_leaf(const leaf_elements& leaf, const Weights& weights, const workspace& memory,
                       const moments_node& node) const {
    for (std::int64_t e = 0; e < period_; ++e) {
      memory.spreads[e] = spread<double>::nothing();
    }
    spread_leaf(leaf, weights, memory.means, memory.spreads);
    for (std::int64_t a = 0; a < n_cols_; ++a) {
      node.sum[a] = memory.sums[a];
      node.mean[a] = memory.means[a];
      close_column(fold_spreads(memory.spreads, n_cols_, a), a, node);
    }
  }

  /// Second moments are those of a mixture with one component at the leaf's mean, which every row belongs to with its
  /// weight.
  template <class Weights>
  void covariance_of_leaf(const leaf_elements& leaf, const Weights& weights, const workspace& memory,
                          const covariance_node& node) const {
    const std::int64_t n_rows = leaf.n / n_cols_;
    clear(memory.no_factor, n_cols_ * n_cols_);  // not needed for sums
    engine_.pack_component(memory.means, memory.no_factor, n_cols_, memory.component);
    clear(memory.lane_sums, engine_.lane_sums_size);
    for (std::int64_t first = 0; first < n_rows; first += block_rows_) {
      const std::int64_t n = n_rows - first < block_rows_ ? n_rows - first : block_rows_;
      const double* const rows = leaf.x + first * n_cols_;
      engine_.turn(rows, n, n_cols_, block_rows_, memory.columns);
      for (std::int64_t i = 0; i < round_up(n, lanes<double>); ++i) {
        memory.row_weights[i] = i < n ? weights.of_row(first + i, n_cols_) : 0.0;
      }
      engine_.add_block({memory.columns, block_rows_, n, n_cols_}, rows, memory.component, memory.row_weights, n_cols_,
                        memory.work, memory.lane_sums);
    }
    double weight = 0.0;
    engine_.fold_sums(memory.lane_sums, n_cols_, memory.engine_sums);
    engine_.unpack_sums(memory.engine_sums, n_cols_, &weight, memory.rest, node.second);
    for (std::int64_t a = 0; a < n_cols_; ++a) {
      node.mean[a] = memory.means[a];
    }
    close_covariance(memory.rest, n_cols_, node);
  }

  samebits_statistic statistic_;
  const samebits_rows& rows_;
  std::int64_t n_cols_;
  std::int64_t period_;
  std::int64_t node_size_;
  std::int64_t node_stride_;
  std::int64_t n_leaves_;
  gmm_engine<double> engine_;
  std::int64_t block_rows_;
  std::int64_t levels_ = 2;  // of open nodes in a chunk
  std::int64_t thread_size_ = 0;
  leaf_chunks chunks_{0, 1, 1, 1};
  cpu::buffer scratch_;
  cpu::buffer nodes_;
};

}  // namespace

samebits_status summarize(samebits_call* call, samebits_statistic statistic, const samebits_rows* rows, double* node) {
  const default_fp_environment environment;
  return summary_pass(statistic, *rows).run(call->n_threads, node) ? SAMEBITS_OK
                                                                   : cpu::out_of_memory(call, "the sums of rows");
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
