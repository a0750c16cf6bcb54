// Partial results: ranges of rows as whole subtrees of the tree of leaves, and fragments of leaves at their ends.
#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <iterator>
#include <limits>
#include <map>
#include <utility>

#include "lib/bytes.hpp"
#include "lib/checks.hpp"
#include "lib/fp_environment.hpp"
#include "lib/host_rows.hpp"
#include "lib/registry.hpp"
#include "lib/summary.hpp"
#include "samebits/version.hpp"

namespace samebits {

using core::leaf_rows;

/// Ranges of rows, as whole subtrees of the tree of leaves and fragments of leaves.
struct partial_state {
  struct subtree {
    std::int64_t n_leaves;
    std::vector<double> node;
  };
  /// Neighbouring rows of a leaf that is not complete.
  struct fragment {
    std::vector<double> x;
    std::vector<double> y;        // for products
    std::vector<double> weights;  // empty: all 1
  };

  statistic what;
  std::int64_t n_cols;
  std::map<std::int64_t, subtree> subtrees;    // by their first leaf
  std::map<std::int64_t, fragment> fragments;  // by their first row

  std::int64_t rows_in(const fragment& f) const { return std::ssize(f.x) / n_cols; }

  // ---- ranges ------------------------------------------------------------------------------------------------------

  struct range {
    std::int64_t first;
    std::int64_t end;
  };

  range rows_of_entry(const std::pair<const std::int64_t, subtree>& entry) const {
    return {entry.first * leaf_rows, (entry.first + entry.second.n_leaves) * leaf_rows};
  }
  range rows_of_entry(const std::pair<const std::int64_t, fragment>& entry) const {
    return {entry.first, entry.first + rows_in(entry.second)};
  }

  template <class Visit>
  void for_each_range(const Visit& visit) const {
    for (const auto& entry : subtrees) {
      visit(rows_of_entry(entry));
    }
    for (const auto& entry : fragments) {
      visit(rows_of_entry(entry));
    }
  }

  void require_apart(const char* function, range added) const {
    constexpr std::int64_t none = std::numeric_limits<std::int64_t>::max();
    const std::int64_t row = std::min(first_common(subtrees, added.first / leaf_rows, added, none),
                                      first_common(fragments, added.first, added, none));
    if (row != none) {
      refuse(function, "row " + text(row) + " is in already");
    }
  }

  /// The first row of `added` that is in `parts`, whose ranges lie apart: in the one that starts at or before it, or in
  /// the next one. `key` is where it would be.
  template <class Parts>
  std::int64_t first_common(const Parts& parts, std::int64_t key, range added, std::int64_t none) const {
    auto next = parts.upper_bound(key);
    if (next != parts.begin() && rows_of_entry(*std::prev(next)).end > added.first && added.end > added.first) {
      return added.first;
    }
    return next != parts.end() && rows_of_entry(*next).first < added.end ? rows_of_entry(*next).first : none;
  }

  // ---- rows come in ------------------------------------------------------------------------------------------------

  template <class T>
  static std::vector<double> widened(const T* x, std::int64_t n) {
    return std::vector<double>(x, x + n);
  }

  template <class T>
  void add(const context& ctx, const char* function, std::int64_t first_row, const samebits_rows& rows) {
    const T* const x = static_cast<const T*>(rows.x);
    const T* const y = static_cast<const T*>(rows.y);
    for (std::int64_t i = 0; i < rows.n_rows;) {
      const std::int64_t row = first_row + i;
      const std::int64_t left = rows.n_rows - i;
      samebits_rows part = rows;
      part.x = x + i * rows.n_cols;
      part.y = y == nullptr ? nullptr : y + i * rows.n_cols;
      part.weights = rows.weights == nullptr ? nullptr : rows.weights + i;
      if (row % leaf_rows == 0 && left >= leaf_rows) {
        part.n_rows = left / leaf_rows * leaf_rows;
        add_leaves<T>(ctx, function, row / leaf_rows, part);
      } else {
        part.n_rows = std::min<std::int64_t>(left, leaf_rows - row % leaf_rows);
        add_fragment<T>(row, part);
      }
      i += part.n_rows;
    }
  }

  template <class T>
  void add_leaves(const context& ctx, const char* function, std::int64_t first_leaf, const samebits_rows& rows) {
    core::for_each_subtree(first_leaf, rows.n_rows / leaf_rows, [&](std::int64_t first, std::int64_t n_leaves) {
      const std::int64_t skipped = (first - first_leaf) * leaf_rows;
      samebits_rows part = rows;
      part.n_rows = n_leaves * leaf_rows;
      part.x = static_cast<const T*>(rows.x) + skipped * rows.n_cols;
      part.y = rows.y == nullptr ? nullptr : static_cast<const T*>(rows.y) + skipped * rows.n_cols;
      part.weights = rows.weights == nullptr ? nullptr : rows.weights + skipped;
      subtrees[first] = {n_leaves, node_of(ctx, function, what, part)};
    });
  }

  template <class T>
  void add_fragment(std::int64_t first_row, const samebits_rows& rows) {
    const std::int64_t n = rows.n_rows * rows.n_cols;
    fragment& f = fragments[first_row];
    f.x = widened(static_cast<const T*>(rows.x), n);
    if (rows.y != nullptr) {
      f.y = widened(static_cast<const T*>(rows.y), n);
    }
    if (rows.weights != nullptr) {
      f.weights.assign(rows.weights, rows.weights + rows.n_rows);
    }
  }

  // ---- what is complete becomes one --------------------------------------------------------------------------------

  /// Joins neighbouring fragments of a leaf, and sums up the leaves that are full.
  void complete_leaves() {
    for (auto at = fragments.begin(); at != fragments.end();) {
      const auto next = std::next(at);
      const std::int64_t end = at->first + rows_in(at->second);
      if (next != fragments.end() && next->first == end && end % leaf_rows != 0) {
        append(at->second, next->second);
        fragments.erase(next);
      } else if (at->first % leaf_rows == 0 && end == at->first + leaf_rows) {
        subtrees[at->first / leaf_rows] = {1, node_of_fragment(at->second)};
        at = fragments.erase(at);
      } else {
        ++at;
      }
    }
  }

  void append(fragment& left, const fragment& right) const {
    fragment joined = left;
    if (!left.weights.empty() || !right.weights.empty()) {
      joined.weights.resize(static_cast<std::size_t>(rows_in(left)), 1.0);
      joined.weights.insert(joined.weights.end(), right.weights.begin(), right.weights.end());
      joined.weights.resize(static_cast<std::size_t>(rows_in(left) + rows_in(right)), 1.0);
    }
    joined.x.insert(joined.x.end(), right.x.begin(), right.x.end());
    joined.y.insert(joined.y.end(), right.y.begin(), right.y.end());
    left = std::move(joined);
  }

  /// On the CPU, whatever the context of the others: the bits are the same.
  std::vector<double> node_of_fragment(const fragment& f) const {
    samebits_rows rows = rows_of(matrix_view<const double>(f.x.data(), rows_in(f), n_cols));
    rows.y = f.y.empty() ? nullptr : f.y.data();
    rows.weights = f.weights.empty() ? nullptr : f.weights.data();
    std::vector<double> node(node_size());
    samebits_call call{};
    call.n_threads = 1;
    require_ok(best_cpu()->summarize(&call, to_c(what), &rows, node.data()), call, "partial_summary");
    return node;
  }

  std::size_t node_size() const { return static_cast<std::size_t>(core::node_size(to_c(what), n_cols)); }

  void merge_subtrees() {
    for (auto at = subtrees.begin(); at != subtrees.end();) {
      const auto next = std::next(at);
      const bool are_siblings = next != subtrees.end() && next->first == at->first + at->second.n_leaves &&
                                next->second.n_leaves == at->second.n_leaves &&
                                at->first % (2 * at->second.n_leaves) == 0;
      if (!are_siblings) {
        ++at;
        continue;
      }
      core::merge_nodes(to_c(what), at->second.node.data(), next->second.node.data(), n_cols);
      at->second.n_leaves *= 2;
      subtrees.erase(next);
      if (at != subtrees.begin()) {
        --at;  // its sibling may have waited for it
      }
    }
  }

  /// Takes in the parts of `other`, whose rows are others, and sums up what they complete.
  void take(partial_state&& other) {
    subtrees.merge(other.subtrees);
    fragments.merge(other.fragments);
    complete_leaves();
    merge_subtrees();
  }

  // ---- the result --------------------------------------------------------------------------------------------------

  std::int64_t n_rows() const {
    std::int64_t n = 0;
    for_each_range([&](range present) { n += present.end - present.first; });
    return n;
  }

  /// The first row that is not in.
  std::int64_t first_missing() const {
    std::int64_t end = 0;
    for (bool is_longer = true; is_longer;) {
      const auto tree = subtrees.find(end / leaf_rows);
      const auto rows = fragments.find(end);
      is_longer = true;
      if (end % leaf_rows == 0 && tree != subtrees.end()) {
        end = rows_of_entry(*tree).end;
      } else if (rows != fragments.end()) {
        end = rows_of_entry(*rows).end;
      } else {
        is_longer = false;
      }
    }
    return end;
  }

  /// The root of the tree. Empty without rows.
  std::vector<double> root(const char* function, std::initializer_list<statistic> kinds) const {
    if (std::find(kinds.begin(), kinds.end(), what) == kinds.end()) {
      refuse(function, "the state collects something else");
    }
    if (first_missing() != n_rows()) {
      refuse(function, "row " + text(first_missing()) + " is missing");
    }
    std::vector<double> node;
    if (!fragments.empty()) {
      node = node_of_fragment(fragments.begin()->second);
    }
    for (auto at = subtrees.rbegin(); at != subtrees.rend(); ++at) {
      std::vector<double> left = at->second.node;
      if (!node.empty()) {
        core::merge_nodes(to_c(what), left.data(), node.data(), n_cols);
      }
      node = std::move(left);
    }
    require_finite_node(function, node);
    return node;
  }
};

namespace {

/// All checks of rows about to come in.
void check_rows(const partial_state& state, const char* function, std::int64_t first_row, const samebits_rows& rows,
                std::span<const double> weights) {
  constexpr std::int64_t most_rows = std::int64_t{1} << 62;
  check_summary(function, state.what, rows, weights);
  if (rows.n_cols != state.n_cols) {
    refuse(function, "x has " + counted(rows.n_cols, "column") + " but the state has " + text(state.n_cols));
  }
  if (first_row < 0 || first_row > most_rows - rows.n_rows) {
    refuse(function, "first_row is " + text(first_row) + " but must be 0 to 2^62 - n_rows");
  }
  if (!weights.empty() && state.what != statistic::moments && state.what != statistic::covariance) {
    refuse(function, "weights are for moments and covariances");
  }
  require_finite(function, "x", data_view(rows.x, rows.dtype, rows.n_rows, rows.n_cols));
  require_finite(function, "y", data_view(rows.y, rows.dtype, rows.y == nullptr ? 0 : rows.n_rows, rows.n_cols));
  state.require_apart(function, {first_row, first_row + rows.n_rows});
}

/// The rows as a state of their own.
template <class T>
partial_state state_of_rows(const partial_state& whole, const context& ctx, const char* function,
                            std::int64_t first_row, samebits_rows rows, std::span<const double> weights) {
  require_on_host(ctx, function, "x", rows.x);
  require_on_host(ctx, function, "y", rows.y);
  require_on_host(ctx, function, "weights", weights.data());
  check_rows(whole, function, first_row, rows, weights);
  rows.weights = weights.empty() ? nullptr : weights.data();
  partial_state part{whole.what, whole.n_cols, {}, {}};
  part.template add<T>(ctx, function, first_row, rows);
  return part;
}

/// States are shared by copies until one of these changes.
void put_together(std::shared_ptr<partial_state>& state, partial_state&& part) {
  if (state.use_count() > 1) {
    state = std::make_shared<partial_state>(*state);
  }
  std::atomic_thread_fence(std::memory_order_acquire);  // after whoever gave up the last copy, on whatever thread
  state->take(std::move(part));
}

void require_products(const char* function, const partial_state& state, bool are_products) {
  if ((state.what == statistic::product) != are_products) {
    refuse(function,
           are_products ? "the state does not collect products" : "the state collects products: use add_product");
  }
}

}  // namespace

partial_summary::partial_summary(statistic what, std::int64_t n_cols) {
  if (static_cast<int>(what) < 0 || what > statistic::covariance) {
    refuse("partial_summary", "what is " + text(static_cast<std::int64_t>(what)) + " but must be 0 to 4");
  }
  if (n_cols < 1 || n_cols > most_columns) {
    refuse("partial_summary", "n_cols is " + text(n_cols) + " but must be 1 to 2^24");
  }
  state_ = std::make_shared<partial_state>(partial_state{what, n_cols, {}, {}});
}

partial_summary::partial_summary(partial_state&& state) : state_(std::make_shared<partial_state>(std::move(state))) {}

void partial_summary::add(const context& ctx, std::int64_t first_row, matrix_view<const double> x,
                          std::span<const double> weights) {
  constexpr const char* function = "partial_summary::add";
  const default_fp_environment environment;
  require_products(function, *state_, false);
  put_together(state_, state_of_rows<double>(*state_, ctx, function, first_row, rows_of(x), weights));
}

void partial_summary::add(const context& ctx, std::int64_t first_row, matrix_view<const float> x,
                          std::span<const double> weights) {
  constexpr const char* function = "partial_summary::add";
  const default_fp_environment environment;
  require_products(function, *state_, false);
  put_together(state_, state_of_rows<float>(*state_, ctx, function, first_row, rows_of(x), weights));
}

template <class T>
void partial_summary::add_products(const context& ctx, std::int64_t first_row, matrix_view<const T> x,
                                   matrix_view<const T> y) {
  constexpr const char* function = "partial_summary::add_product";
  const default_fp_environment environment;
  require_products(function, *state_, true);
  check_shape(function, "y", y.n_rows(), y.n_cols(), x.n_rows(), x.n_cols());
  samebits_rows rows = rows_of(x);
  rows.y = y.data();
  if (rows.y == nullptr && x.n_rows() > 0) {
    refuse(function, "y is " + shape_text(y.n_rows(), y.n_cols()) + " but its data is NULL");
  }
  put_together(state_, state_of_rows<T>(*state_, ctx, function, first_row, rows, {}));
}

void partial_summary::add_product(const context& ctx, std::int64_t first_row, matrix_view<const double> x,
                                  matrix_view<const double> y) {
  add_products(ctx, first_row, x, y);
}
void partial_summary::add_product(const context& ctx, std::int64_t first_row, matrix_view<const float> x,
                                  matrix_view<const float> y) {
  add_products(ctx, first_row, x, y);
}

void partial_summary::merge(const partial_summary& other) {
  constexpr const char* function = "partial_summary::merge";
  const default_fp_environment environment;
  if (what() != other.what() || n_cols() != other.n_cols()) {
    refuse(function, "the states collect different things");
  }
  other.state_->for_each_range([&](partial_state::range added) { state_->require_apart(function, added); });
  put_together(state_, partial_state(*other.state_));
}

statistic partial_summary::what() const { return state_->what; }
std::int64_t partial_summary::n_cols() const { return state_->n_cols; }
std::int64_t partial_summary::n_rows() const { return state_->n_rows(); }
bool partial_summary::is_whole() const { return state_->first_missing() == state_->n_rows(); }

std::vector<double> partial_summary::sums() const {
  const default_fp_environment environment;
  std::vector<double> node =
      state_->root("partial_summary::sums", {statistic::sum, statistic::absolute_sum, statistic::product});
  node.resize(static_cast<std::size_t>(n_cols()), 0.0);
  return node;
}

summary partial_summary::moments(double ddof) const {
  const default_fp_environment environment;
  check_ddof("partial_summary::moments", ddof);
  std::vector<double> node = state_->root("partial_summary::moments", {statistic::moments});
  return summary_of(node, n_rows(), n_cols(), ddof);
}

std::vector<double> partial_summary::covariance(double ddof) const {
  const default_fp_environment environment;
  check_ddof("partial_summary::covariance", ddof);
  std::vector<double> node = state_->root("partial_summary::covariance", {statistic::covariance});
  return covariance_of(node, n_cols(), ddof);
}

// ---- bytes -------------------------------------------------------------------------------------------------------
//
// Words of 64 bits, the lowest byte first: a mark, the version of this form and of the numerics, what, n_cols; then the
// number of subtrees and for each its first leaf, its leaves and its node; then the number of fragments and for each
// its first row, its rows, whether it has weights, and the numbers.

namespace {

constexpr std::uint64_t mark = 0x6d75732073746962;  // "bits sum"
constexpr std::uint64_t form = 1;

class word_writer {
 public:
  void put(std::uint64_t word) { append(bytes_, word); }
  void put(std::int64_t number) { put(static_cast<std::uint64_t>(number)); }
  void put(const std::vector<double>& numbers) {
    for (const double number : numbers) {
      put(std::bit_cast<std::uint64_t>(number));
    }
  }
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

[[noreturn]] void refuse_bytes(const std::string& what) { refuse("partial_summary::from_bytes", what); }

class word_reader {
 public:
  explicit word_reader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::uint64_t word() {
    if (bytes_.size() < 8) {
      refuse_bytes("the bytes end too early");
    }
    return take<std::uint64_t>(bytes_);
  }
  /// A number between 0 and `largest`.
  std::int64_t number(const char* name, std::uint64_t largest) {
    const std::uint64_t n = word();
    if (n > largest) {
      refuse_bytes(std::string(name) + " is " + std::to_string(n) + " but can be at most " + std::to_string(largest));
    }
    return static_cast<std::int64_t>(n);
  }
  std::vector<double> numbers(std::int64_t n) {
    if (static_cast<std::uint64_t>(n) > bytes_.size() / 8) {
      refuse_bytes("the bytes end too early");
    }
    std::vector<double> all(static_cast<std::size_t>(n));
    for (double& value : all) {
      value = std::bit_cast<double>(word());
    }
    return all;
  }
  bool at_end() const { return bytes_.empty(); }

 private:
  std::span<const std::byte> bytes_;
};

constexpr std::uint64_t most_leaves = std::uint64_t{1} << 53;

void read_subtree(word_reader& in, partial_state& state) {
  const std::int64_t first = in.number("a first leaf", most_leaves);
  const std::int64_t n_leaves = in.number("a number of leaves", most_leaves - static_cast<std::uint64_t>(first));
  if (!std::has_single_bit(static_cast<std::uint64_t>(n_leaves)) || first % n_leaves != 0) {
    refuse_bytes("leaves " + std::to_string(first) + " and on, " + std::to_string(n_leaves) +
                 " of them, are no subtree");
  }
  state.require_apart("partial_summary::from_bytes", {first * leaf_rows, (first + n_leaves) * leaf_rows});
  state.subtrees[first] = {n_leaves, in.numbers(core::node_size(to_c(state.what), state.n_cols))};
}

/// What add() would have refused.
void check_numbers(const partial_state::fragment& rows) {
  const auto is_finite = [](double number) { return std::isfinite(number); };
  const auto is_weight = [](double weight) { return weight >= 0 && std::isfinite(weight); };
  if (!std::all_of(rows.x.begin(), rows.x.end(), is_finite) || !std::all_of(rows.y.begin(), rows.y.end(), is_finite)) {
    refuse_bytes("a number is not finite");
  }
  if (!std::all_of(rows.weights.begin(), rows.weights.end(), is_weight)) {
    refuse_bytes("a weight is not finite and at least 0");
  }
}

void read_fragment(word_reader& in, partial_state& state) {
  const std::int64_t first = in.number("a first row", most_leaves * leaf_rows);
  const std::int64_t n_rows = in.number("a number of rows", leaf_rows - 1);
  const bool has_weights = in.number("a flag", 1) != 0;
  if (n_rows < 1 || first % leaf_rows + n_rows > leaf_rows) {
    refuse_bytes("rows " + std::to_string(first) + " and on, " + std::to_string(n_rows) +
                 " of them, are no part of a leaf");
  }
  state.require_apart("partial_summary::from_bytes", {first, first + n_rows});
  partial_state::fragment rows;
  rows.x = in.numbers(n_rows * state.n_cols);
  rows.y = in.numbers(state.what == statistic::product ? n_rows * state.n_cols : 0);
  rows.weights = in.numbers(has_weights ? n_rows : 0);
  check_numbers(rows);
  state.fragments[first] = std::move(rows);
}

}  // namespace

std::vector<std::byte> partial_summary::bytes() const {
  word_writer out;
  out.put(mark);
  out.put(form);
  out.put(std::uint64_t{SAMEBITS_NUMERICS_VERSION});
  out.put(static_cast<std::uint64_t>(what()));
  out.put(n_cols());
  out.put(std::ssize(state_->subtrees));
  for (const auto& [first, tree] : state_->subtrees) {
    out.put(first);
    out.put(tree.n_leaves);
    out.put(tree.node);
  }
  out.put(std::ssize(state_->fragments));
  for (const auto& [first, rows] : state_->fragments) {
    out.put(first);
    out.put(state_->rows_in(rows));
    out.put(std::uint64_t{!rows.weights.empty()});
    out.put(rows.x);
    out.put(rows.y);
    out.put(rows.weights);
  }
  return out.take();
}

partial_summary partial_summary::from_bytes(std::span<const std::byte> bytes) {
  const default_fp_environment environment;
  word_reader in(bytes);
  if (in.word() != mark) {
    refuse_bytes("these are not the bytes of a partial_summary");
  }
  if (const std::uint64_t found = in.word(); found != form) {
    refuse_bytes("the bytes have form " + std::to_string(found) + " but this library reads form " +
                 std::to_string(form));
  }
  if (const std::uint64_t found = in.word(); found != SAMEBITS_NUMERICS_VERSION) {
    refuse_bytes("the bytes have numerics version " + std::to_string(found) + " but this library has " +
                 std::to_string(SAMEBITS_NUMERICS_VERSION));
  }
  partial_state state;
  state.what = static_cast<statistic>(in.number("what", static_cast<std::uint64_t>(statistic::covariance)));
  state.n_cols = in.number("n_cols", most_columns);
  if (state.n_cols < 1) {
    refuse_bytes("n_cols is 0 but must be at least 1");
  }
  for (std::int64_t left = in.number("the number of subtrees", most_leaves); left > 0; --left) {
    read_subtree(in, state);
  }
  for (std::int64_t left = in.number("the number of fragments", most_leaves); left > 0; --left) {
    read_fragment(in, state);
  }
  if (!in.at_end()) {
    refuse_bytes("there are more bytes than the state has");
  }
  state.complete_leaves();
  state.merge_subtrees();
  return partial_summary(std::move(state));
}

}  // namespace samebits
