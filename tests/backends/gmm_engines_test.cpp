// What backends compute for mixtures, taken straight from their tables and compared bit by bit with the scalar CPU
// code: sums of passes, runs of passes and updates, outputs of rows, seeds.
#include <cmath>
#include <cstring>
#include <limits>
#include <set>

#include "lib/backend.h"
#include "lib/call.hpp"
#include "samebits/core/distributions.hpp"
#include "samebits/core/gmm.hpp"
#include "samebits/core/seeding.hpp"
#include "samebits/gmm.hpp"
#include "tests/backends/backend_test.hpp"

namespace samebits::tests {
namespace {

std::size_t in_memory(std::int64_t n) { return static_cast<std::size_t>(n); }

// ---- data ----------------------------------------------------------------------------------------------------------

/// Numbers that look random: splitmix64.
class scrambler {
 public:
  explicit scrambler(std::int64_t seed) : state_(static_cast<std::uint64_t>(seed) * 0x9e3779b97f4a7c15 + 1) {}
  std::uint64_t bits() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  double between(double low, double high) { return low + (high - low) * static_cast<double>(bits() >> 11) * 0x1p-53; }

 private:
  std::uint64_t state_;
};

/// Rows of both types in three loose groups, and weights for them: some 0, some 1.
struct data_set {
  data_set(std::int64_t rows, std::int64_t cols) : n_rows(rows), n_cols(cols) {
    scrambler random(rows * 100 + cols);
    for (std::int64_t i = 0; i < n_rows; ++i) {
      for (std::int64_t b = 0; b < n_cols; ++b) {
        doubles.push_back(static_cast<double>(i % 3) * 2.0 + random.between(-1.5, 1.5));
        floats.push_back(static_cast<float>(doubles.back()));
      }
      const double weight = random.between(0.0, 3.0);
      weights.push_back(i % 5 == 2 ? 0.0 : i % 5 == 4 ? 1.0 : weight);
    }
  }

  /// The last column becomes number(first column), in double.
  template <class Number>
  void set_last_column(const Number& number) {
    for (std::int64_t i = 0; i < n_rows; ++i) {
      doubles[in_memory((i + 1) * n_cols - 1)] = number(doubles[in_memory(i * n_cols)]);
    }
  }

  samebits_gmm_data view(samebits_dtype dtype, bool weighted) const { return view(dtype, weighted, 0, n_rows); }
  /// Some of the rows.
  samebits_gmm_data view(samebits_dtype dtype, bool weighted, std::int64_t first, std::int64_t n) const {
    const std::int64_t skipped = first * n_cols;
    const void* const x = dtype == SAMEBITS_FLOAT32 ? static_cast<const void*>(floats.data() + skipped)
                                                    : static_cast<const void*>(doubles.data() + skipped);
    return {x, dtype, n, n_cols, weighted ? weights.data() + first : nullptr};
  }

  std::int64_t n_rows;
  std::int64_t n_cols;
  std::vector<double> doubles;
  std::vector<float> floats;
  std::vector<double> weights;
};

constexpr std::int64_t row_counts[] = {1, 7, 511, 512, 513, 1537};
constexpr std::int64_t column_counts[] = {1, 2, 7, 8, 9, 19};
constexpr samebits_dtype dtypes[] = {SAMEBITS_FLOAT64, SAMEBITS_FLOAT32};
constexpr samebits_gmm_order orders[] = {samebits_gmm_by_rows, samebits_gmm_by_components};

const char* name_of_dtype(samebits_dtype dtype) { return dtype == SAMEBITS_FLOAT32 ? "float" : "double"; }

// ---- mixtures ------------------------------------------------------------------------------------------------------

bool is_triangle(covariance_type type) { return type == covariance_type::full || type == covariance_type::tied; }
bool is_spherical(covariance_type type) {
  return type == covariance_type::spherical || type == covariance_type::tied_spherical;
}
bool is_tied(covariance_type type) {
  return type == covariance_type::tied || type == covariance_type::tied_diag || type == covariance_type::tied_spherical;
}

const context& scalar_cpu() {
  static const context scalar({"cpu", "scalar", 1});
  return scalar;
}

/// A mixture as backends know it.
struct mixture {
  mixture(covariance_type type_, std::int64_t k, std::int64_t n)
      : type(type_),
        n_components(k),
        n_cols(n),
        covariance_size(is_triangle(type_) ? n * n : n),
        weights(in_memory(k)),
        means(in_memory(k * n)),
        covariances(in_memory(k * covariance_size)),
        inverse_factors(covariances.size()),
        log_constants(in_memory(k)),
        reg_covar(in_memory(n), 1e-3) {}

  /// Parameters that look random, prepared.
  static mixture scrambled(covariance_type type, std::int64_t k, std::int64_t n, std::int64_t seed = 1) {
    mixture m(type, k, n);
    scrambler random(seed);
    for (double& mean : m.means) {
      mean = random.between(-1.0, 5.0);
    }
    for (std::int64_t c = 0; c < k; ++c) {
      m.weights[in_memory(c)] = 1.0 / static_cast<double>(k);
      scrambler of_component(is_tied(type) ? seed : seed + c);
      m.scramble_covariance(of_component, m.covariances.data() + c * m.covariance_size);
    }
    m.update(nullptr, SAMEBITS_FLOAT64);
    return m;
  }

  /// New parameters from sums, or only the preparation of those there are.
  void update(const samebits_gmm_sums* sums, samebits_dtype dtype) {
    const samebits_gmm_rules update_rules = rules(dtype);
    samebits_gmm_parameters all = parameters();
    samebits_gmm_defect defect{-1, 0};
    samebits_call call = make_call(scalar_cpu());
    ASSERT_EQ(scalar_cpu().table()->gmm_update(&call, sums, &update_rules, &all, &defect), SAMEBITS_OK);
    ASSERT_EQ(defect.component, -1);
  }

  samebits_gmm_rules rules(samebits_dtype dtype) const {
    samebits_gmm_rules r{};
    r.dtype = dtype;
    r.covariance = static_cast<std::int32_t>(type);
    r.reg_covar = reg_covar.data();
    r.frozen_weights = frozen.empty() ? nullptr : frozen.data();
    r.frozen_means = r.frozen_weights;
    r.frozen_covariances = is_tied(type) ? nullptr : r.frozen_weights;
    return r;
  }
  samebits_gmm_parameters parameters() {
    return {n_components,        n_cols, weights.data(), means.data(), covariances.data(), inverse_factors.data(),
            log_constants.data()};
  }

  samebits_gmm_components components() const {
    return {n_components,
            n_cols,
            is_triangle(type) ? samebits_gmm_triangle : samebits_gmm_diagonal,
            means.data(),
            inverse_factors.data(),
            log_constants.data()};
  }

  covariance_type type;
  std::int64_t n_components;
  std::int64_t n_cols;
  std::int64_t covariance_size;
  std::vector<double> weights;
  std::vector<double> means;
  std::vector<double> covariances;
  std::vector<double> inverse_factors;
  std::vector<double> log_constants;
  std::vector<double> reg_covar;
  std::vector<std::uint8_t> frozen;  // per component: weight, mean and covariance; empty: none

 private:
  /// Diagonally dominant, so that it is positive definite.
  void scramble_covariance(scrambler& random, double* covariance) const {
    const double variance = random.between(1.0, 2.0);
    for (std::int64_t a = 0; a < n_cols; ++a) {
      double& diagonal = covariance[is_triangle(type) ? a * n_cols + a : a];
      diagonal = is_spherical(type) ? variance : random.between(1.0, 2.0);
      for (std::int64_t b = 0; is_triangle(type) && b < a; ++b) {
        const double element = random.between(-0.5, 0.5) / static_cast<double>(n_cols);
        covariance[a * n_cols + b] = element;
        covariance[b * n_cols + a] = element;
      }
    }
  }
};

std::vector<mixture> several_mixtures(covariance_type type, std::int64_t n_mixtures, std::int64_t k, std::int64_t n) {
  std::vector<mixture> mixtures;
  for (std::int64_t m = 0; m < n_mixtures; ++m) {
    mixtures.push_back(mixture::scrambled(type, k, n, 1 + 17 * m));
  }
  return mixtures;
}

// ---- calls ---------------------------------------------------------------------------------------------------------

struct seed_request {
  std::int64_t n_runs = 1;
  std::int64_t n_seeds = 5;
  std::uint64_t first_draw = 3;
  std::int64_t first_row = 0;  // that counts
};

/// A problem on a backend.
class open_problem {
 public:
  open_problem(const context& ctx, const samebits_gmm_data& data) : ctx_(ctx) {
    samebits_call call = make_call(ctx_);
    require_ok(ctx_.table()->gmm_open(&call, &data, &handle_), call, "gmm_open");
  }
  ~open_problem() { ctx_.table()->gmm_close(handle_); }
  open_problem(const open_problem&) = delete;
  open_problem& operator=(const open_problem&) = delete;

  void step(samebits_gmm_order order, std::vector<samebits_gmm_step>& steps) const {
    samebits_call call = make_call(ctx_);
    require_ok(ctx_.table()->gmm_step(&call, handle_, order, static_cast<std::int64_t>(steps.size()), steps.data()),
               call, "gmm_step");
  }
  /// True where the backend made the runs on its own.
  bool run(const samebits_gmm_rules& rules, double tolerance, std::vector<samebits_gmm_run>& runs) const {
    samebits_call call = make_call(ctx_);
    std::int32_t answer = -1;
    require_ok(ctx_.table()->gmm_run(&call, handle_, &rules, tolerance, std::ssize(runs), runs.data(), &answer), call,
               "gmm_run");
    EXPECT_TRUE(answer == 0 || answer == 1) << answer;
    return answer == 1;
  }
  void rows(const samebits_gmm_components& components, const samebits_gmm_rows& out) const {
    samebits_call call = make_call(ctx_);
    require_ok(ctx_.table()->gmm_rows(&call, handle_, &components, &out), call, "gmm_rows");
  }
  /// The rows drawn as seeds, one run after the other.
  std::vector<double> seeds(const mixture& metric, const seed_request& r) const {
    std::vector<double> drawn(in_memory(r.n_runs * r.n_seeds * metric.n_cols), -7);
    const samebits_gmm_seeding seeding{metric.components(), 5,           6,           r.first_draw, r.n_runs,
                                       r.n_seeds,           r.first_row, drawn.data()};
    samebits_call call = make_call(ctx_);
    require_ok(ctx_.table()->gmm_seed(&call, handle_, &seeding), call, "gmm_seed");
    return drawn;
  }

 private:
  const context& ctx_;
  void* handle_ = nullptr;
};

/// Where responsibilities come from, and what is asked for.
struct share_kind {
  const char* name;
  samebits_gmm_shares shares;
  bool with_sums;
};
constexpr share_kind share_kinds[] = {
    {"soft", samebits_gmm_soft, true},   {"soft without sums", samebits_gmm_soft, false},
    {"hard", samebits_gmm_hard, true},   {"hard without sums", samebits_gmm_hard, false},
    {"given", samebits_gmm_given, true}, {"random", samebits_gmm_random, true}};

/// All sums of mixtures, one after the other: what a pass gives.
struct pass_result {
  pass_result(const std::vector<mixture>& mixtures, bool with_sums) {
    const mixture& first = mixtures.front();
    node_size_ = with_sums ? 1 + first.n_components * (1 + first.n_cols + first.covariance_size) : 1;
    numbers.resize(mixtures.size() * in_memory(node_size_));  // zeros: upper triangles are not written
  }
  samebits_gmm_sums sums_of(const mixture& m, std::size_t index) {
    double* const sum_0 = numbers.data() + index * in_memory(node_size_) + 1;
    if (node_size_ == 1) {
      return {0, nullptr, nullptr, nullptr};
    }
    return {0, sum_0, sum_0 + m.n_components, sum_0 + m.n_components * (1 + m.n_cols)};
  }
  void take_log_likelihoods(const std::vector<samebits_gmm_step>& steps) {
    for (std::size_t i = 0; i < steps.size(); ++i) {
      numbers[i * in_memory(node_size_)] = steps[i].sums.log_likelihood;
    }
  }

  std::vector<double> numbers;

 private:
  std::int64_t node_size_ = 0;
};

/// Shares from outside: mostly positive, rows that do not sum to 1.
std::vector<double> scrambled_shares(std::int64_t n_rows, std::int64_t n_components) {
  scrambler random(n_rows + n_components);
  std::vector<double> shares(in_memory(n_rows * n_components));
  for (double& share : shares) {
    share = random.between(-0.2, 1.0);
    share = share < 0 ? 0 : share;
  }
  return shares;
}

pass_result run_pass(const open_problem& problem, const std::vector<mixture>& mixtures, const share_kind& kind,
                     const std::vector<double>& given, samebits_gmm_order order) {
  pass_result result(mixtures, kind.with_sums);
  std::vector<samebits_gmm_step> steps;
  for (std::size_t i = 0; i < mixtures.size(); ++i) {
    steps.push_back(
        {mixtures[i].components(), kind.shares, given.data(), 11 + i, 12, 13 + 2 * i, result.sums_of(mixtures[i], i)});
  }
  problem.step(order, steps);
  result.take_log_likelihoods(steps);
  return result;
}

// ---- comparison ----------------------------------------------------------------------------------------------------

template <class T>
testing::AssertionResult same_bits(const std::vector<T>& result, const std::vector<T>& expected) {
  if (result.size() != expected.size()) {
    return testing::AssertionFailure() << result.size() << " numbers, not " << expected.size();
  }
  for (std::size_t i = 0; i < result.size(); ++i) {
    if (std::memcmp(&result[i], &expected[i], sizeof(T)) != 0) {
      return testing::AssertionFailure() << "number " << i << " of " << result.size() << " is " << std::hexfloat
                                         << result[i] << ", not " << expected[i];
    }
  }
  return testing::AssertionSuccess();
}

testing::AssertionResult all_finite(const std::vector<double>& numbers) {
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (!std::isfinite(numbers[i])) {
      return testing::AssertionFailure() << "number " << i << " is " << numbers[i];
    }
  }
  return testing::AssertionSuccess();
}

/// The backends of all tests, and one that takes many batches for few rows.
class gmm_engines : public backend_test {
 protected:
  /// Passes for all kinds of shares and both orders are those of the scalar CPU code by rows.
  void expect_scalar_passes(const data_set& data, samebits_dtype dtype, bool weighted,
                            const std::vector<mixture>& mixtures) const {
    const open_problem problem(ctx(), data.view(dtype, weighted));
    const open_problem reference(scalar_cpu(), data.view(dtype, weighted));
    const std::vector<double> given = scrambled_shares(data.n_rows, mixtures.front().n_components);
    for (const share_kind& kind : share_kinds) {
      const pass_result expected = run_pass(reference, mixtures, kind, given, samebits_gmm_by_rows);
      ASSERT_TRUE(all_finite(expected.numbers)) << kind.name;
      for (const samebits_gmm_order order : orders) {
        const pass_result result = run_pass(problem, mixtures, kind, given, order);
        ASSERT_TRUE(same_bits(result.numbers, expected.numbers))
            << kind.name << (order == samebits_gmm_by_rows ? " by rows" : " by components") << ", "
            << name_of_dtype(dtype) << (weighted ? " weighted " : " ") << data.n_rows << " x " << data.n_cols << ", "
            << name_of(mixtures.front().type) << ", " << mixtures.front().n_components << " components, "
            << mixtures.size() << " mixtures";
      }
    }
  }
};

// ---- passes --------------------------------------------------------------------------------------------------------

TEST_P(gmm_engines, sums_have_the_bits_of_the_scalar_cpu_at_every_edge_of_a_leaf) {
  for (const std::int64_t n_rows : row_counts) {
    for (const std::int64_t n_cols : column_counts) {
      const data_set data(n_rows, n_cols);
      for (const covariance_type type : {covariance_type::full, covariance_type::diag}) {
        const std::vector<mixture> mixtures = several_mixtures(type, 2, 3, n_cols);
        for (const samebits_dtype dtype : dtypes) {
          expect_scalar_passes(data, dtype, false, mixtures);
          expect_scalar_passes(data, dtype, true, mixtures);
        }
      }
    }
  }
}

TEST_P(gmm_engines, sums_have_the_bits_of_the_scalar_cpu_for_columns_of_several_panels) {
  for (const std::int64_t n_cols : {16, 17, 32, 49, 64, 65, 67, 96, 97, 130}) {
    const data_set data(is_emulated() ? 135 : 645, n_cols);
    for (const covariance_type type : {covariance_type::full, covariance_type::diag}) {
      for (const samebits_dtype dtype : dtypes) {
        expect_scalar_passes(data, dtype, true, several_mixtures(type, 1, 2, n_cols));
      }
    }
  }
}

TEST_P(gmm_engines, sums_have_the_bits_of_the_scalar_cpu_for_chunks_of_all_sizes) {
  const data_set data(is_emulated() ? 20'000 : 150 * 512 + 77, 2);
  expect_scalar_passes(data, SAMEBITS_FLOAT64, false, several_mixtures(covariance_type::full, 1, 2, 2));
}

TEST_P(gmm_engines, sums_have_the_bits_of_the_scalar_cpu_for_any_number_of_components) {
  for (const std::int64_t n_cols : {2, 33}) {
    const data_set data(300, n_cols);
    for (const std::int64_t n_components : {1, 8, 9, 20}) {
      for (const covariance_type type : {covariance_type::full, covariance_type::diag}) {
        for (const samebits_dtype dtype : dtypes) {
          expect_scalar_passes(data, dtype, true, several_mixtures(type, 1, n_components, n_cols));
        }
      }
    }
  }
}

TEST_P(gmm_engines, mixtures_side_by_side_have_the_bits_of_one_at_a_time) {
  const data_set data(1100, 3);
  for (const covariance_type type : {covariance_type::full, covariance_type::diag}) {
    const std::vector<mixture> mixtures = several_mixtures(type, 23, 4, 3);
    const open_problem problem(ctx(), data.view(SAMEBITS_FLOAT64, true));
    const std::vector<double> given = scrambled_shares(data.n_rows, 4);
    for (const share_kind& kind : share_kinds) {
      const pass_result together = run_pass(problem, mixtures, kind, given, samebits_gmm_by_rows);
      if (kind.shares == samebits_gmm_random) {
        continue;  // run_pass gives each its own stream by its place
      }
      std::vector<double> alone;
      for (const mixture& m : mixtures) {
        const pass_result one = run_pass(problem, {m}, kind, given, samebits_gmm_by_components);
        alone.insert(alone.end(), one.numbers.begin(), one.numbers.end());
      }
      EXPECT_TRUE(same_bits(together.numbers, alone)) << kind.name;
    }
  }
}

TEST_P(gmm_engines, many_mixtures_have_the_bits_of_the_scalar_cpu) {
  const data_set data(1100, 9);
  for (const samebits_dtype dtype : dtypes) {
    expect_scalar_passes(data, dtype, true, several_mixtures(covariance_type::full, 23, 4, 9));
    expect_scalar_passes(data, dtype, false, several_mixtures(covariance_type::diag, 23, 4, 9));
  }
}

TEST_P(gmm_engines, weights_of_one_change_no_bit) {
  data_set data(700, 5);
  data.weights.assign(data.weights.size(), 1.0);
  const std::vector<mixture> mixtures = several_mixtures(covariance_type::full, 1, 3, 5);
  const std::vector<double> given = scrambled_shares(700, 3);
  for (const samebits_dtype dtype : dtypes) {
    const open_problem plain(ctx(), data.view(dtype, false));
    const open_problem weighted(ctx(), data.view(dtype, true));
    for (const share_kind& kind : share_kinds) {
      EXPECT_TRUE(same_bits(run_pass(weighted, mixtures, kind, given, samebits_gmm_by_rows).numbers,
                            run_pass(plain, mixtures, kind, given, samebits_gmm_by_rows).numbers))
          << kind.name << ", " << name_of_dtype(dtype);
    }
  }
}

TEST_P(gmm_engines, given_and_random_shares_have_no_log_likelihood) {
  const data_set data(513, 2);
  const std::vector<mixture> mixtures = several_mixtures(covariance_type::full, 1, 2, 2);
  const open_problem problem(ctx(), data.view(SAMEBITS_FLOAT64, true));
  for (const samebits_gmm_shares shares : {samebits_gmm_given, samebits_gmm_random}) {
    const pass_result result =
        run_pass(problem, mixtures, {"", shares, true}, scrambled_shares(513, 2), samebits_gmm_by_rows);
    EXPECT_EQ(result.numbers[0], 0.0);
    EXPECT_FALSE(std::signbit(result.numbers[0]));
  }
}

TEST_P(gmm_engines, hard_shares_of_equal_components_go_to_the_first) {
  const data_set data(600, 2);
  mixture twins = mixture::scrambled(covariance_type::diag, 1, 2);
  twins.n_components = 3;
  for (std::vector<double>* part :
       {&twins.weights, &twins.means, &twins.covariances, &twins.inverse_factors, &twins.log_constants}) {
    const std::vector<double> one = *part;
    part->insert(part->end(), one.begin(), one.end());
    part->insert(part->end(), one.begin(), one.end());
  }
  const open_problem problem(ctx(), data.view(SAMEBITS_FLOAT64, false));
  for (const samebits_gmm_order order : orders) {
    const pass_result result = run_pass(problem, {twins}, {"", samebits_gmm_hard, true}, {}, order);
    EXPECT_EQ(result.numbers[1], 600.0);
    EXPECT_EQ(result.numbers[2], 0.0);
    EXPECT_EQ(result.numbers[3], 0.0);
  }
}

TEST_P(gmm_engines, iterations_of_every_covariance_type_have_the_bits_of_the_scalar_cpu) {
  for (const std::int64_t n_cols : {2, 9}) {
    const data_set data(1537, n_cols);
    for (const covariance_type type : covariance_types) {
      for (const samebits_dtype dtype : dtypes) {
        const open_problem problem(ctx(), data.view(dtype, true));
        const open_problem reference(scalar_cpu(), data.view(dtype, true));
        std::vector<mixture> mixtures = several_mixtures(type, 1, 3, n_cols);
        for (int iteration = 0; iteration < 4; ++iteration) {
          const share_kind& kind = share_kinds[0];
          pass_result result = run_pass(problem, mixtures, kind, {}, samebits_gmm_by_rows);
          const pass_result expected = run_pass(reference, mixtures, kind, {}, samebits_gmm_by_rows);
          ASSERT_TRUE(all_finite(expected.numbers));
          ASSERT_TRUE(same_bits(result.numbers, expected.numbers))
              << name_of(type) << ", " << name_of_dtype(dtype) << ", iteration " << iteration;
          const samebits_gmm_sums sums = result.sums_of(mixtures[0], 0);
          mixtures[0].update(&sums, dtype);
        }
      }
    }
  }
}

// ---- runs ----------------------------------------------------------------------------------------------------------

/// The rows of a run, and when it comes to an end.
struct ending_rows {
  std::int64_t first;
  std::int64_t n;
  double sum_of_weights;
  double tolerance;
  double smallest_variance = 0;
};

/// A run of passes and updates with its memory.
struct long_run {
  long_run(const mixture& start, std::int64_t most)
      : m(start),
        sum_0(in_memory(m.n_components)),
        sum_1(m.means.size()),
        sum_2(m.covariances.size()),
        trace(in_memory(most)),
        most_updates(most) {}

  samebits_gmm_sums sums() { return {log_likelihood, sum_0.data(), sum_1.data(), sum_2.data()}; }

  /// Pass by pass with calls of the host, as the contract of gmm_run has it.
  void make_on_host(const open_problem& problem, samebits_dtype dtype, const ending_rows& ending) {
    double before = std::numeric_limits<double>::quiet_NaN();
    for (n_updates = 0;; ++n_updates) {
      std::vector<samebits_gmm_step> steps{{m.components(), samebits_gmm_soft, nullptr, 0, 0, 0, sums()}};
      problem.step(samebits_gmm_by_rows, steps);
      log_likelihood = steps[0].sums.log_likelihood;
      const double now = core::mean_log_likelihood(log_likelihood, ending.sum_of_weights);
      if (n_updates == most_updates || core::has_converged(before, now, ending.tolerance)) {
        return;
      }
      trace[in_memory(n_updates)] = before = now;
      const samebits_gmm_sums all = sums();
      m.update(&all, dtype);
    }
  }

  /// All that a run sets or leaves as it was.
  std::vector<double> numbers() const {
    std::vector<double> all{log_likelihood, static_cast<double>(n_updates)};
    for (const std::vector<double>* part :
         {&m.weights, &m.means, &m.covariances, &m.inverse_factors, &m.log_constants, &sum_0, &sum_1, &sum_2, &trace}) {
      all.insert(all.end(), part->begin(), part->end());
    }
    return all;
  }

  mixture m;
  std::vector<double> sum_0;
  std::vector<double> sum_1;
  std::vector<double> sum_2;
  std::vector<double> trace;  // zeros after those of the updates
  std::int64_t most_updates;
  std::int64_t n_updates = -7;
  double log_likelihood = -7;
};

/// By the backend, all at once, with the ending of each or one for all. False where it left that to the host.
bool run_on_backend(const open_problem& problem, samebits_dtype dtype, const std::vector<ending_rows>& endings,
                    std::vector<long_run>& runs) {
  std::vector<samebits_gmm_run> views;
  for (long_run& run : runs) {
    const ending_rows& ending = endings[views.size() % endings.size()];
    views.push_back({ending.first, ending.n, ending.sum_of_weights, ending.smallest_variance, run.m.reg_covar.data(),
                     run.m.parameters(), run.sums(), std::numeric_limits<double>::quiet_NaN(), run.most_updates,
                     run.n_updates, run.trace.data()});
  }
  samebits_gmm_rules rules = runs.front().m.rules(dtype);
  rules.reg_covar = nullptr;  // each run has its own
  const bool ran = problem.run(rules, endings.front().tolerance, views);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    runs[i].n_updates = views[i].n_updates;
    runs[i].log_likelihood = views[i].sums.log_likelihood;
  }
  return ran;
}

std::vector<long_run> runs_from(const std::vector<mixture>& starts, std::int64_t most_updates) {
  std::vector<long_run> runs;
  for (const mixture& start : starts) {
    runs.emplace_back(start, most_updates);
  }
  return runs;
}

ending_rows ending_of(const data_set& data, double tolerance) {
  double sum_of_weights = 0;
  for (const double weight : data.weights) {
    sum_of_weights += weight;
  }
  return {0, data.n_rows, sum_of_weights, tolerance};
}

/// Backends whose updates are not the host's.
class gmm_run_loop : public gmm_engines {
 protected:
  void SetUp() override {
    gmm_engines::SetUp();
    if (!IsSkipped() && !HasFatalFailure() && ctx().table()->gmm_run == nullptr) {
      GTEST_SKIP() << "runs are the host's";
    }
  }

  std::int32_t has_run(covariance_type type, samebits_dtype dtype, std::int64_t n_components, std::int64_t n_cols,
                       std::int64_t n_rows) const {
    const samebits_gmm_shape shape = is_triangle(type) ? samebits_gmm_triangle : samebits_gmm_diagonal;
    return ctx().table()->gmm_has_run(dtype, shape, n_components, n_cols, n_rows);
  }

  /// Three runs that end by themselves or with the last update, and have the numbers of the host's calls.
  void expect_runs_of_the_host(covariance_type type, samebits_dtype dtype, double tolerance,
                               std::int64_t n_components = 3, std::int64_t n_cols = 2,
                               const std::vector<std::uint8_t>& frozen = {}) const {
    const std::int64_t most_updates = tolerance < 0 ? 6 : 60;
    const data_set data(700, n_cols);
    const ending_rows ending = ending_of(data, tolerance);
    const open_problem problem(ctx(), data.view(dtype, true));
    std::vector<long_run> runs = runs_from(several_mixtures(type, 3, n_components, n_cols), most_updates);
    for (long_run& run : runs) {
      run.m.frozen = frozen;
    }
    std::vector<long_run> expected = runs;

    const bool must_fit = n_components * n_cols <= 6 || GetParam() != std::string("cuda-emulated-small");
    const bool ran = run_on_backend(problem, dtype, {ending}, runs);
    ASSERT_TRUE(ran || !must_fit);
    if (!ran) {  // rows that take more than 48 KiB with their weights and seeds pass through the device
      const bool rows_fit = 700 * (n_cols * (dtype == SAMEBITS_FLOAT32 ? 4 : 8) + 24) <= 48 << 10;
      EXPECT_TRUE(!rows_fit || has_run(type, dtype, n_components, n_cols, 700) == 0);
      return;
    }
    EXPECT_EQ(has_run(type, dtype, n_components, n_cols, 700), 1);

    for (std::size_t i = 0; i < runs.size(); ++i) {
      expected[i].make_on_host(problem, dtype, ending);
      EXPECT_GT(runs[i].n_updates, 1);
      EXPECT_EQ(runs[i].n_updates == most_updates, tolerance < 0);
      EXPECT_TRUE(all_finite(runs[i].numbers()));
      EXPECT_TRUE(same_bits(runs[i].numbers(), expected[i].numbers())) << "run " << i;
    }
  }

  /// Five runs over rows of their own, one data set below the other.
  void expect_runs_over_some_of_the_rows(covariance_type type, samebits_dtype dtype, std::int64_t n_components,
                                         std::int64_t n_cols) const {
    SCOPED_TRACE(testing::Message() << name_of(type) << ", " << n_components << " components, " << n_cols
                                    << " columns");
    const std::int64_t sizes[] = {70, 512, 3, 513, 1100};
    const data_set data(70 + 512 + 3 + 513 + 1100, n_cols);
    const open_problem problem(ctx(), data.view(dtype, true));
    std::vector<long_run> runs = runs_from(several_mixtures(type, 5, n_components, n_cols), 7);
    std::vector<ending_rows> endings;
    std::int64_t first = 0;
    for (std::size_t i = 0; i < runs.size(); ++i) {
      endings.push_back({first, sizes[i], static_cast<double>(sizes[i]) + 0.5, 1e-3});
      runs[i].m.reg_covar.assign(static_cast<std::size_t>(n_cols), 0.125 * static_cast<double>(i + 1));
      first += sizes[i];
    }
    std::vector<long_run> expected = runs;

    ASSERT_TRUE(run_on_backend(problem, dtype, endings, runs));

    for (std::size_t i = 0; i < runs.size(); ++i) {
      const open_problem part(ctx(), data.view(dtype, true, endings[i].first, endings[i].n));
      expected[i].make_on_host(part, dtype, endings[i]);
      EXPECT_GT(runs[i].n_updates, 0);
      EXPECT_TRUE(same_bits(runs[i].numbers(), expected[i].numbers())) << "run " << i;
    }
  }

  void expect_run_ends_at_once(const data_set& data, covariance_type type, double smallest_variance) const {
    const open_problem problem(ctx(), data.view(SAMEBITS_FLOAT64, true));
    std::vector<long_run> runs = runs_from(several_mixtures(type, 2, 3, data.n_cols), 6);
    for (long_run& run : runs) {
      run.m.reg_covar.assign(in_memory(data.n_cols), 0.0);
    }
    const std::vector<long_run> before = runs;
    ending_rows ending = ending_of(data, -1);
    ending.smallest_variance = smallest_variance;

    ASSERT_TRUE(run_on_backend(problem, SAMEBITS_FLOAT64, {ending}, runs));

    for (std::size_t i = 0; i < runs.size(); ++i) {
      EXPECT_EQ(runs[i].n_updates, 0);
      EXPECT_TRUE(same_bits(runs[i].m.means, before[i].m.means));
      EXPECT_TRUE(same_bits(runs[i].m.inverse_factors, before[i].m.inverse_factors));
      long_run pass = before[i];
      pass.most_updates = 0;
      pass.make_on_host(problem, SAMEBITS_FLOAT64, ending);
      EXPECT_TRUE(same_bits(runs[i].sum_2, pass.sum_2));
      EXPECT_EQ(runs[i].log_likelihood, pass.log_likelihood);
    }
  }

  /// The backend has no loop for so many rows and components, and leaves the run as it was.
  void expect_run_is_left_to_the_host(std::int64_t n_components, std::int64_t n_cols, std::int64_t n_rows) const {
    const data_set data(n_rows, n_cols);
    const open_problem problem(ctx(), data.view(SAMEBITS_FLOAT64, true));
    std::vector<long_run> runs = runs_from(several_mixtures(covariance_type::full, 1, n_components, n_cols), 6);
    const std::vector<double> before = runs[0].numbers();

    EXPECT_FALSE(run_on_backend(problem, SAMEBITS_FLOAT64, {ending_of(data, -1)}, runs));

    EXPECT_TRUE(same_bits(runs[0].numbers(), before));
  }
};

TEST_P(gmm_engines, runs_are_left_to_the_host_on_the_cpu_only) {
  EXPECT_EQ(ctx().table()->gmm_run == nullptr, std::string(GetParam()).starts_with("cpu-"));
}

TEST_P(gmm_run_loop, runs_have_the_bits_of_passes_and_updates_of_the_host) {
  for (const covariance_type type : covariance_types) {
    for (const samebits_dtype dtype : dtypes) {
      for (const double tolerance : {-1.0, 1e-2}) {
        SCOPED_TRACE(testing::Message() << name_of(type) << ", " << name_of_dtype(dtype) << ", tolerance "
                                        << tolerance);
        expect_runs_of_the_host(type, dtype, tolerance);
      }
    }
  }
}

/// Other kernels than those of few columns: around the columns of a warp, and behind those of the tiles of a pass.
TEST_P(gmm_run_loop, runs_of_many_columns_have_the_bits_of_passes_and_updates_of_the_host) {
  for (const std::int64_t n_cols : {8, 32, 70}) {
    for (const covariance_type type : covariance_types) {
      for (const samebits_dtype dtype : dtypes) {
        SCOPED_TRACE(testing::Message() << n_cols << " columns, " << name_of(type) << ", " << name_of_dtype(dtype));
        expect_runs_of_the_host(type, dtype, -1, 3, n_cols);
      }
    }
  }
  expect_runs_of_the_host(covariance_type::full, SAMEBITS_FLOAT64, 1e-2, 3, 9);
  expect_runs_of_the_host(covariance_type::diag, SAMEBITS_FLOAT64, 1e-2, 11, 9);
  for (const std::int64_t n_cols : {9, 31, 33, 257}) {
    SCOPED_TRACE(n_cols);
    expect_runs_of_the_host(covariance_type::full, SAMEBITS_FLOAT64, -1, 1, n_cols);
    expect_runs_of_the_host(covariance_type::spherical, SAMEBITS_FLOAT64, -1, 1, n_cols);
  }
}

/// Its mean and covariance stay, and its weight becomes 0.
TEST_P(gmm_run_loop, runs_with_a_component_without_rows_have_the_bits_of_the_host) {
  if (GetParam() == std::string("cuda-emulated-small")) {
    GTEST_SKIP() << "the rows do not fit";
  }
  for (const std::int64_t n_cols : {2, 9}) {
    for (const covariance_type type : covariance_types) {
      SCOPED_TRACE(testing::Message() << n_cols << " columns, " << name_of(type));
      const data_set data(300, n_cols);
      const ending_rows ending = ending_of(data, -1);
      const open_problem problem(ctx(), data.view(SAMEBITS_FLOAT64, true));
      std::vector<mixture> starts = several_mixtures(type, 1, 3, n_cols);
      std::fill_n(starts[0].means.begin() + n_cols, n_cols, 1e6);
      std::vector<long_run> runs = runs_from(starts, 1);
      std::vector<long_run> expected = runs;
      ASSERT_TRUE(run_on_backend(problem, SAMEBITS_FLOAT64, {ending}, runs));
      expected[0].make_on_host(problem, SAMEBITS_FLOAT64, ending);
      EXPECT_EQ(runs[0].sum_0[1], 0.0);
      EXPECT_TRUE(same_bits(runs[0].numbers(), expected[0].numbers()));
    }
  }
}

TEST_P(gmm_run_loop, runs_with_frozen_parts_have_the_bits_of_passes_and_updates_of_the_host) {
  for (const std::int64_t n_cols : {2, 9}) {
    for (const covariance_type type : covariance_types) {
      SCOPED_TRACE(testing::Message() << n_cols << " columns, " << name_of(type));
      expect_runs_of_the_host(type, SAMEBITS_FLOAT32, -1, 3, n_cols, {0, 1, 0});
    }
  }
}

/// More than the block of a fused pass has groups of threads for.
TEST_P(gmm_run_loop, runs_of_many_components_have_the_bits_of_passes_and_updates_of_the_host) {
  expect_runs_of_the_host(covariance_type::full, SAMEBITS_FLOAT64, -1, 32, 2);
  expect_runs_of_the_host(covariance_type::diag, SAMEBITS_FLOAT32, -1, 16, 3);
}

/// Of which some end early, so that blocks with components of several runs find one that has ended; over all rows, and
/// over a part of them each.
TEST_P(gmm_run_loop, many_runs_have_the_bits_of_passes_and_updates_of_the_host) {
  const bool is_small = GetParam() == std::string("cuda-emulated-small");
  for (const std::int64_t n_cols : {2, is_small ? 1 : 9}) {
    const data_set data(600, n_cols);
    const open_problem problem(ctx(), data.view(SAMEBITS_FLOAT64, true));
    const std::vector<ending_rows> all{ending_of(data, -1)};
    const std::vector<ending_rows> parts{{0, 350, 400.5, -1}, {350, 250, 300.25, -1}};
    for (const std::vector<ending_rows>& endings : {all, parts}) {
      SCOPED_TRACE(testing::Message() << n_cols << " columns, " << endings.size() << " parts");
      std::vector<long_run> runs;
      for (const mixture& start : several_mixtures(covariance_type::full, 150, 3, n_cols)) {
        runs.emplace_back(start, (std::ssize(runs) + 2) % 6);
      }
      std::vector<long_run> expected = runs;

      ASSERT_TRUE(run_on_backend(problem, SAMEBITS_FLOAT64, endings, runs));

      for (std::size_t i = 0; i < runs.size(); ++i) {
        const ending_rows& ending = endings[i % endings.size()];
        const open_problem rows(ctx(), data.view(SAMEBITS_FLOAT64, true, ending.first, ending.n));
        expected[i].make_on_host(rows, SAMEBITS_FLOAT64, ending);
        EXPECT_TRUE(same_bits(runs[i].numbers(), expected[i].numbers())) << "run " << i;
      }
    }
  }
}

/// Of several data sets in one problem: around a leaf of 512 rows, and each regularised in its own way.
TEST_P(gmm_run_loop, runs_over_some_of_the_rows_have_the_bits_of_a_problem_of_these) {
  if (GetParam() == std::string("cuda-emulated-small")) {
    GTEST_SKIP() << "they do not fit";
  }
  constexpr covariance_type full = covariance_type::full;
  for (const samebits_dtype dtype : dtypes) {
    SCOPED_TRACE(name_of_dtype(dtype));
    expect_runs_over_some_of_the_rows(full, dtype, 2, 2);
    expect_runs_over_some_of_the_rows(full, dtype, 2, 9);
    expect_runs_over_some_of_the_rows(full, dtype, 3, 67);
    expect_runs_over_some_of_the_rows(covariance_type::diag, dtype, 11, 20);
    expect_runs_over_some_of_the_rows(full, dtype, 33, 2);
  }
}

/// A covariance that is singular or underflows ends a run before its update: it keeps its parameters and has the sums.
TEST_P(gmm_run_loop, runs_end_before_an_update_that_fails) {
  if (GetParam() == std::string("cuda-emulated-small")) {
    GTEST_SKIP() << "the rows do not fit";
  }
  for (const std::int64_t n_cols : {3, 9, 40}) {
    data_set constant(300, n_cols);
    constant.set_last_column([](double) { return 2.0; });
    data_set repeated(300, n_cols);
    repeated.set_last_column([](double first) { return first; });
    for (const covariance_type type : {covariance_type::full, covariance_type::diag, covariance_type::tied}) {
      SCOPED_TRACE(testing::Message() << name_of(type) << ", " << n_cols << " columns");
      expect_run_ends_at_once(constant, type, 1e-9);
      if (is_triangle(type)) {
        expect_run_ends_at_once(repeated, type, 0);
      }
    }
  }
}

TEST_P(gmm_run_loop, runs_over_rows_that_do_not_fit_the_device_are_left_to_the_host) {
  if (GetParam() != std::string("cuda-emulated-small")) {
    GTEST_SKIP() << "they fit";
  }
  expect_run_is_left_to_the_host(3, 2, 1300);
}

TEST_P(gmm_run_loop, runs_that_do_not_fit_the_work_space_are_left_to_the_host) {
  EXPECT_EQ(has_run(covariance_type::full, SAMEBITS_FLOAT64, 64, 64, std::int64_t{1} << 30), 0);
  EXPECT_EQ(has_run(covariance_type::diag, SAMEBITS_FLOAT32, 64, 64, std::int64_t{1} << 30), 0);
  if (GetParam() == std::string("cuda-emulated-small")) {
    EXPECT_EQ(has_run(covariance_type::full, SAMEBITS_FLOAT64, 16, 70, 70), 0);
    expect_run_is_left_to_the_host(16, 70, 70);
  }
}

// ---- outputs of rows -----------------------------------------------------------------------------------------------

/// All outputs of a mixture, in memory that starts with other numbers.
template <class T>
struct row_arrays {
  row_arrays(const open_problem& problem, const mixture& m, std::int64_t n_rows)
      : log_probs(in_memory(n_rows * m.n_components), T(-7)),
        log_responsibilities(log_probs),
        responsibilities(log_probs),
        log_likelihoods(in_memory(n_rows), T(-7)),
        labels(in_memory(n_rows), -7) {
    problem.rows(m.components(), {log_probs.data(), log_responsibilities.data(), responsibilities.data(),
                                  log_likelihoods.data(), labels.data()});
  }

  std::vector<T> log_probs;
  std::vector<T> log_responsibilities;
  std::vector<T> responsibilities;
  std::vector<T> log_likelihoods;
  std::vector<std::int64_t> labels;
};

template <class T>
void expect_same_rows(const row_arrays<T>& result, const row_arrays<T>& expected) {
  EXPECT_TRUE(same_bits(result.log_probs, expected.log_probs));
  EXPECT_TRUE(same_bits(result.log_responsibilities, expected.log_responsibilities));
  EXPECT_TRUE(same_bits(result.responsibilities, expected.responsibilities));
  EXPECT_TRUE(same_bits(result.log_likelihoods, expected.log_likelihoods));
  EXPECT_TRUE(same_bits(result.labels, expected.labels));
}

TEST_P(gmm_engines, outputs_of_rows_have_the_bits_of_the_scalar_cpu) {
  for (const std::int64_t n_rows : row_counts) {
    for (const std::int64_t n_cols : column_counts) {
      const data_set data(n_rows, n_cols);
      for (const covariance_type type : {covariance_type::full, covariance_type::diag}) {
        for (const std::int64_t n_components : {1, 3, 11}) {
          SCOPED_TRACE(testing::Message()
                       << n_rows << " x " << n_cols << ", " << name_of(type) << ", " << n_components << " components");
          const mixture m = mixture::scrambled(type, n_components, n_cols);
          const open_problem doubles(ctx(), data.view(SAMEBITS_FLOAT64, false));
          const open_problem expected_doubles(scalar_cpu(), data.view(SAMEBITS_FLOAT64, false));
          expect_same_rows(row_arrays<double>(doubles, m, n_rows), row_arrays<double>(expected_doubles, m, n_rows));
          const open_problem floats(ctx(), data.view(SAMEBITS_FLOAT32, true));
          const open_problem expected_floats(scalar_cpu(), data.view(SAMEBITS_FLOAT32, true));
          expect_same_rows(row_arrays<float>(floats, m, n_rows), row_arrays<float>(expected_floats, m, n_rows));
        }
      }
    }
  }
}

TEST_P(gmm_engines, outputs_of_rows_come_one_by_one_too) {
  const data_set data(1537, 3);
  const mixture m = mixture::scrambled(covariance_type::full, 4, 3);
  const open_problem problem(ctx(), data.view(SAMEBITS_FLOAT64, false));
  const row_arrays<double> all(problem, m, 1537);
  std::vector<double> matrix(1537 * 4);
  std::vector<double> column(1537);
  std::vector<std::int64_t> labels(1537);
  problem.rows(m.components(), {matrix.data(), nullptr, nullptr, nullptr, nullptr});
  EXPECT_TRUE(same_bits(matrix, all.log_probs));
  problem.rows(m.components(), {nullptr, matrix.data(), nullptr, nullptr, nullptr});
  EXPECT_TRUE(same_bits(matrix, all.log_responsibilities));
  problem.rows(m.components(), {nullptr, nullptr, matrix.data(), nullptr, nullptr});
  EXPECT_TRUE(same_bits(matrix, all.responsibilities));
  problem.rows(m.components(), {nullptr, nullptr, nullptr, column.data(), nullptr});
  EXPECT_TRUE(same_bits(column, all.log_likelihoods));
  problem.rows(m.components(), {nullptr, nullptr, nullptr, nullptr, labels.data()});
  EXPECT_EQ(labels, all.labels);
  problem.rows(m.components(), {nullptr, nullptr, nullptr, nullptr, nullptr});
}

// ---- seeds ---------------------------------------------------------------------------------------------------------

/// The numbers of rows that differ from each other.
std::vector<std::int64_t> rows_of(const data_set& data, const std::vector<double>& seeds) {
  std::vector<std::int64_t> rows;
  for (auto seed = seeds.begin(); seed != seeds.end(); seed += data.n_cols) {
    std::int64_t row = 0;
    while (row < data.n_rows && !std::equal(seed, seed + data.n_cols, data.doubles.begin() + row * data.n_cols)) {
      ++row;
    }
    rows.push_back(row);
  }
  return rows;
}

TEST_P(gmm_engines, seeds_are_those_of_the_scalar_cpu) {
  for (const std::int64_t n_rows : row_counts) {
    for (const std::int64_t n_cols : column_counts) {
      const data_set data(n_rows, n_cols);
      for (const covariance_type type : {covariance_type::full, covariance_type::diag}) {
        const mixture metric = mixture::scrambled(type, 1, n_cols);
        for (const samebits_dtype dtype : dtypes) {
          for (const bool weighted : {false, true}) {
            const open_problem problem(ctx(), data.view(dtype, weighted));
            const open_problem reference(scalar_cpu(), data.view(dtype, weighted));
            ASSERT_TRUE(same_bits(problem.seeds(metric, {.n_runs = 2}), reference.seeds(metric, {.n_runs = 2})))
                << n_rows << " x " << n_cols << ", " << name_of(type) << ", " << name_of_dtype(dtype)
                << (weighted ? ", weighted" : "");
          }
        }
      }
    }
  }
}

TEST_P(gmm_engines, seeds_of_many_runs_are_what_those_of_each_are_alone) {
  for (const std::int64_t n_rows : {300, 512, 1537}) {
    const data_set data(n_rows, 2);
    const mixture metric = mixture::scrambled(covariance_type::full, 1, 2);
    for (const samebits_dtype dtype : dtypes) {
      const open_problem problem(ctx(), data.view(dtype, true));
      const open_problem reference(scalar_cpu(), data.view(dtype, true));
      std::vector<double> alone;
      for (std::int64_t run = 0; run < 200; ++run) {
        const auto first_draw = static_cast<std::uint64_t>(3 + run * 3 * n_rows);
        const std::vector<double> one = reference.seeds(metric, {.n_seeds = 3, .first_draw = first_draw});
        alone.insert(alone.end(), one.begin(), one.end());
      }
      for (const std::int64_t n_runs : {1, 2, 65, 200}) {
        const std::vector<double> expected(alone.begin(), alone.begin() + n_runs * 3 * 2);
        EXPECT_TRUE(same_bits(problem.seeds(metric, {.n_runs = n_runs, .n_seeds = 3}), expected))
            << n_runs << " runs, " << n_rows << " rows of " << name_of_dtype(dtype);
      }
    }
  }
}

TEST_P(gmm_engines, seeds_of_many_rows_are_those_of_the_scalar_cpu) {
  const data_set data(9'001, 2);  // more than a small work space holds
  const mixture metric = mixture::scrambled(covariance_type::full, 1, 2);
  for (const samebits_dtype dtype : dtypes) {
    const open_problem problem(ctx(), data.view(dtype, true));
    const open_problem reference(scalar_cpu(), data.view(dtype, true));
    EXPECT_TRUE(same_bits(problem.seeds(metric, {.n_runs = 3}), reference.seeds(metric, {.n_runs = 3})))
        << name_of_dtype(dtype);
  }
}

TEST_P(gmm_engines, seeds_of_rows_that_repeat_are_those_of_the_scalar_cpu) {
  data_set data(700, 2);
  for (std::int64_t i = 0; i < 700; ++i) {
    std::copy_n(data.doubles.begin() + i % 3 * 2, 2, data.doubles.begin() + i * 2);
    std::copy_n(data.floats.begin() + i % 3 * 2, 2, data.floats.begin() + i * 2);
  }
  data.weights[0] = 0;
  const mixture metric = mixture::scrambled(covariance_type::full, 1, 2);
  const seed_request more_than_rows{.n_runs = 7, .n_seeds = 6, .first_row = 1};
  for (const samebits_dtype dtype : dtypes) {
    const open_problem problem(ctx(), data.view(dtype, true));
    const open_problem reference(scalar_cpu(), data.view(dtype, true));
    EXPECT_TRUE(same_bits(problem.seeds(metric, more_than_rows), reference.seeds(metric, more_than_rows)))
        << name_of_dtype(dtype);
  }
}

TEST_P(gmm_engines, a_row_of_weight_zero_is_never_a_seed) {
  data_set data(40, 2);
  data.weights.assign(40, 0.0);
  data.weights[17] = 2.0;
  data.weights[31] = 0.5;
  const mixture metric = mixture::scrambled(covariance_type::full, 1, 2);
  const open_problem problem(ctx(), data.view(SAMEBITS_FLOAT64, true));
  for (const std::int64_t n_runs : {1, 9}) {
    const std::vector<double> seeds = problem.seeds(metric, {.n_runs = n_runs, .n_seeds = 4, .first_row = 17});
    const std::vector<std::int64_t> rows = rows_of(data, seeds);
    for (std::size_t run = 0; run < rows.size(); run += 4) {
      EXPECT_EQ(std::set(rows.begin() + run, rows.begin() + run + 2), (std::set<std::int64_t>{17, 31}));
      EXPECT_EQ(rows[run + 2], 17) << "all rows that count lie on seeds";
      EXPECT_EQ(rows[run + 3], 17);
    }
  }
}

TEST_P(gmm_engines, the_lowest_row_is_the_seed_where_nobody_finishes) {
  const data_set data(600, 2);
  mixture metric = mixture::scrambled(covariance_type::diag, 1, 2);
  metric.inverse_factors.assign(2, 0.0);  // all rows lie at the same place
  const open_problem problem(ctx(), data.view(SAMEBITS_FLOAT64, true));

  const std::vector<std::int64_t> rows = rows_of(data, problem.seeds(metric, {.n_seeds = 3}));

  EXPECT_NE(rows[0], 0) << "the test needs another first seed";
  EXPECT_EQ(rows[1], 0);
  EXPECT_EQ(rows[2], 0);
}

TEST_P(gmm_engines, seeds_follow_the_formula_of_the_race) {
  const data_set data(700, 3);
  const mixture metric = mixture::scrambled(covariance_type::diag, 1, 3);
  const open_problem problem(ctx(), data.view(SAMEBITS_FLOAT64, true));
  const std::vector<std::int64_t> rows = rows_of(data, problem.seeds(metric, {.n_seeds = 2, .first_draw = 101}));

  core::race_entry best_start{HUGE_VAL, 0};
  core::race_entry best{HUGE_VAL, 0};
  for (std::int64_t i = 0; i < 700; ++i) {
    const auto time_of = [&](std::uint64_t first_draw, double rate) {
      const std::uint64_t draw = first_draw + static_cast<std::uint64_t>(i);
      std::uint64_t draws[2];
      core::philox_draws(5, 6, draw / 2, draws);
      return core::race_time(rate, draws[draw % 2]);
    };
    double squared = 0;
    for (std::int64_t b = 0; b < 3; ++b) {
      const double dx = data.doubles[in_memory(i * 3 + b)] - data.doubles[in_memory(rows[0] * 3 + b)];
      squared = core::add_scaled_square(dx, metric.inverse_factors[in_memory(b)], squared);
    }
    const double weight = data.weights[in_memory(i)];
    const core::race_entry start{time_of(101, weight), i};
    const core::race_entry entry{time_of(801, core::seed_rate(squared, weight)), i};
    best_start = core::wins(start, best_start) ? start : best_start;
    best = core::wins(entry, best) ? entry : best;
  }
  EXPECT_EQ(rows, (std::vector<std::int64_t>{best_start.row, best.row}));
}

SAMEBITS_ON_EVERY_BACKEND(gmm_engines);
INSTANTIATE_TEST_SUITE_P(on_small_work_space, gmm_engines, testing::Values("cuda-emulated-small"), backend_test_name);
SAMEBITS_ON_EVERY_BACKEND(gmm_run_loop);
INSTANTIATE_TEST_SUITE_P(on_small_work_space, gmm_run_loop, testing::Values("cuda-emulated-small"), backend_test_name);

}  // namespace
}  // namespace samebits::tests
