// Edges of the parameters: what is defined there, and what is refused. No sample is ever NaN or outside the support.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "samebits/core/samplers.hpp"
#include "samebits/random.hpp"
#include "tests/support.hpp"

namespace samebits::tests {
namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double largest = std::numeric_limits<double>::max();
constexpr double smallest = std::numeric_limits<double>::denorm_min();
constexpr double pi = core::math_constants<double>::pi_high;
constexpr double float_max = std::numeric_limits<float>::max();
constexpr std::int64_t two_to_50 = std::int64_t{1} << 50;
constexpr stream_id id{31, 41};

/// Every instruction set that runs here.
const std::vector<context>& contexts() {
  static const std::vector<context> all = [] {
    std::vector<context> found;
    for (const char* const isa : {"scalar", "avx2", "avx512"}) {
      try {
        found.emplace_back(context_options{"cpu", isa, 1});
      } catch (const backend_unavailable&) {
      }
    }
    return found;
  }();
  return all;
}

template <class T>
std::vector<T> samples(const samebits_distribution& d, std::size_t n = 1000) {
  std::vector<T> out(n * static_cast<std::size_t>(row_size(d)));
  fill(contexts().back(), d, id, 0, out);
  return out;
}

template <class T, class Holds>
void expect_all(const std::string& what, const samebits_distribution& d, const Holds& holds, std::size_t n = 1000) {
  std::vector<T> out(n * static_cast<std::size_t>(row_size(d)));
  for (const context& ctx : contexts()) {
    fill(ctx, d, id, 0, out);
    for (const T x : out) ASSERT_TRUE(holds(x)) << what << " on " << ctx.isa() << " gives " << x;
  }
}

// ---- one value ---------------------------------------------------------------------------------------------------

TEST(edges, with_one_value_give_it) {
  struct sure {
    const char* what;
    samebits_distribution distribution;
    double value;
  };
  const sure all[] = {
      {"uniform [3, 3)", dist::uniform{3, 3}, 3},
      {"uniform [0, 0)", dist::uniform{0, 0}, 0},
      {"normal, sd 0", dist::normal{-2.5, 0}, -2.5},
      {"normal, mean 0, sd 0", dist::normal{0, 0}, 0},
      {"lognormal, sd 0", dist::lognormal{0, 0}, 1},
      {"lognormal of a large mean", dist::lognormal{1e10, 1}, inf},
      {"lognormal of a small mean", dist::lognormal{-1e10, 1}, 0},
      {"exponential, scale 0", dist::exponential{0}, 0},
      {"gamma, scale 0", dist::gamma{2.5, 0}, 0},
      {"gamma, shape tiny, scale 0", dist::gamma{smallest, 0}, 0},
      {"gamma, shape huge, scale 0", dist::gamma{largest, 0}, 0},
      {"gamma, shape tiny", dist::gamma{smallest, largest}, 0},
      {"gamma, shape and scale huge", dist::gamma{largest, largest}, inf},
      {"chi_square, df tiny", dist::chi_square{smallest}, 0},
      {"beta, b tiny", dist::beta{1, smallest}, 1},
      {"beta, a tiny", dist::beta{smallest, 1}, 0},
      {"beta, huge", dist::beta{1e300, 1e300}, 0.5},
      {"cauchy, scale 0", dist::cauchy{7, 0}, 7},
      {"laplace, scale 0", dist::laplace{7, 0}, 7},
      {"logistic, scale 0", dist::logistic{7, 0}, 7},
      {"gumbel, scale 0", dist::gumbel{7, 0}, 7},
      {"cauchy, all 0", dist::cauchy{0, 0}, 0},
      {"weibull, scale 0", dist::weibull{2, 0}, 0},
      {"weibull, shape tiny, scale 0", dist::weibull{smallest, 0}, 0},
      {"weibull, shape huge", dist::weibull{largest, 5}, 5},
      {"pareto, scale 0", dist::pareto{2, 0}, 0},
      {"pareto, shape tiny, scale 0", dist::pareto{smallest, 0}, 0},
      {"pareto, shape huge", dist::pareto{largest, 5}, 5},
      {"von_mises, concentration huge", dist::von_mises{pi, 1e150}, pi},
      {"truncated_normal, sd 0, mean inside", dist::truncated_normal{2, 0, 1, 3}, 2},
      {"truncated_normal, sd 0, mean below", dist::truncated_normal{0, 0, 1, 3}, 1},
      {"truncated_normal, sd 0, mean above", dist::truncated_normal{9, 0, 1, 3}, 3},
      {"truncated_normal, sd 0, no bounds", dist::truncated_normal{9, 0}, 9},
      {"truncated_normal, one point", dist::truncated_normal{9, 2, 1, 1}, 1},
      {"truncated_normal, sd tiny, mean below", dist::truncated_normal{0, smallest, 1, 3}, 1},
      {"truncated_normal, far out", dist::truncated_normal{0, 1e-300, -2e300, -1e300}, -1e300},
      {"truncated_normal, farther than doubles tell", dist::truncated_normal{0, 1, 1e200, inf}, 1e200},
  };
  for (const sure& edge : all) {
    expect_all<double>(edge.what, edge.distribution, [&](double x) { return x == edge.value; });
    if (edge.value > 1e38 && edge.value < inf) continue;
    const double(&p)[SAMEBITS_MAX_PARAMETERS] = edge.distribution.parameters;
    if (std::any_of(std::begin(p), std::end(p), [](double v) { return v > float_max && v < inf; })) continue;
    if (std::any_of(std::begin(p), std::end(p), [](double v) { return v < -float_max && v > -inf; })) continue;
    const float as_float = static_cast<float>(edge.value);
    expect_all<float>(std::string(edge.what) + " in float", edge.distribution, [&](float x) { return x == as_float; });
  }
}

TEST(edges, of_counts_with_one_value_give_it) {
  struct sure {
    const char* what;
    samebits_distribution distribution;
    std::int64_t value;
  };
  const double one[] = {3};
  const double single[] = {0, 0, 1e-300, 0};
  const sure all[] = {
      {"poisson 0", dist::poisson{0}, 0},
      {"poisson of a tiny mean", dist::poisson{smallest}, 0},
      {"binomial of 0 trials", dist::binomial{0, 0.5}, 0},
      {"binomial, p 0", dist::binomial{1000, 0}, 0},
      {"binomial, p 1", dist::binomial{1000, 1}, 1000},
      {"binomial of 2^50 trials, p 1", dist::binomial{two_to_50, 1}, two_to_50},
      {"binomial of 2^50 trials, p tiny", dist::binomial{two_to_50, smallest}, 0},
      {"binomial of 0 trials, p 1", dist::binomial{0, 1}, 0},
      {"negative_binomial, p 1", dist::negative_binomial{5, 1}, 0},
      {"negative_binomial, huge, p 1", dist::negative_binomial{largest, 1}, 0},
      {"negative_binomial, successes tiny", dist::negative_binomial{smallest, 0.5}, 0},
      {"negative_binomial, both tiny", dist::negative_binomial{smallest, smallest}, 0},
      {"geometric, p 1", dist::geometric{1}, 0},
      {"geometric, p tiny", dist::geometric{smallest}, two_to_50},
      {"categorical of one", dist::categorical{one}, 0},
      {"categorical_cumulative of one", dist::categorical_cumulative{one}, 0},
      {"categorical with one weight", dist::categorical{single}, 2},
      {"categorical_cumulative with one weight", dist::categorical_cumulative{single}, 2},
      {"multinomial of one", dist::multinomial{two_to_50, one}, two_to_50},
      {"multinomial of 0 trials", dist::multinomial{0, single}, 0},
  };
  for (const sure& edge : all) {
    expect_all<std::int64_t>(edge.what, edge.distribution, [&](std::int64_t x) { return x == edge.value; });
  }
  expect_all<std::uint64_t>("integers below 1", dist::integers{1}, [](std::uint64_t x) { return x == 0; });
}

TEST(edges, of_rows_with_one_value_give_it) {
  const double one[] = {0.3};
  const double mean_and_zeros[] = {5, -7, 0, 0, 0, 0};
  const double weights[] = {0, 2, 0};

  expect_all<double>("dirichlet of one", dist::dirichlet{one}, [](double x) { return x == 1; });
  expect_all<double>("rotation of one", dist::rotation{1}, [](double x) { return x == 1; });
  expect_all<double>("sphere of one", dist::sphere{1}, [](double x) { return std::fabs(x) == 1; });
  const std::vector<double> rows = samples<double>(dist::multivariate_normal{2, mean_and_zeros});
  const std::vector<std::int64_t> counts = samples<std::int64_t>(dist::multinomial{9, weights});
  for (std::size_t i = 0; i < 1000; ++i) {
    EXPECT_TRUE(rows[2 * i] == 5 && rows[2 * i + 1] == -7);
    EXPECT_TRUE(counts[3 * i] == 0 && counts[3 * i + 1] == 9 && counts[3 * i + 2] == 0);
  }
}

TEST(edges, of_integers_reach_both_ends) {
  expect_all<std::uint64_t>("integers below 2^64 - 1", dist::integers{~std::uint64_t{0}},
                            [](std::uint64_t x) { return x < ~std::uint64_t{0}; });
  const std::uint64_t ends[] = {0, ~std::uint64_t{0}};
  for (const std::uint64_t n : {std::uint64_t{1}, std::uint64_t{7}, (std::uint64_t{1} << 63) + 1, ~std::uint64_t{0}}) {
    EXPECT_EQ(core::bounded_integer({ends[0], ends[0]}, n), 0);
    EXPECT_EQ(core::bounded_integer({ends[1], ends[1]}, n), n - 1);
  }
}

// ---- two values --------------------------------------------------------------------------------------------------

template <class T>
void expect_two_values(const std::string& what, const samebits_distribution& d, T a, T b) {
  expect_all<T>(what, d, [&](T x) { return x == a || x == b; });
  const std::vector<T> all = samples<T>(d);
  const auto n = std::count(all.begin(), all.end(), a);
  EXPECT_TRUE(n > 300 && n < 700) << what << ": " << n << " of 1000";
}

TEST(edges, with_tiny_shapes_go_to_the_ends) {
  expect_two_values<double>("beta", dist::beta{1e-300, 1e-300}, 0, 1);
  expect_two_values<double>("beta of the smallest numbers", dist::beta{smallest, smallest}, 0, 1);
  expect_two_values<double>("student_t", dist::student_t{1e-300}, -inf, inf);
  expect_two_values<double>("student_t of the smallest number", dist::student_t{smallest}, -inf, inf);
  expect_all<double>("weibull", dist::weibull{1e-300, 3}, [](double x) { return x == 0 || x == inf; });
  expect_all<double>("pareto", dist::pareto{1e-300, 3}, [](double x) { return x == inf; });
  expect_all<double>("weibull in the limit", dist::weibull{smallest, 3}, [](double x) { return x == 0 || x == inf; });
}

TEST(edges, of_dirichlet_with_tiny_concentrations_choose_one) {
  for (const double a : {1e-300, 1e-308, smallest}) {
    const double concentrations[] = {a, a, a};
    const std::vector<double> rows = samples<double>(dist::dirichlet{concentrations});
    std::size_t firsts = 0;
    for (std::size_t i = 0; i < rows.size(); i += 3) {
      ASSERT_TRUE(std::count(&rows[i], &rows[i] + 3, 1.0) == 1 && std::count(&rows[i], &rows[i] + 3, 0.0) == 2)
          << a << ": " << rows[i] << " " << rows[i + 1] << " " << rows[i + 2];
      firsts += rows[i] == 1;
    }
    EXPECT_TRUE(firsts > 200 && firsts < 470) << a << ": " << firsts << " of 1000";
  }
}

TEST(edges, of_capped_counts_are_2_to_the_50) {
  expect_all<std::int64_t>("negative_binomial of a huge mean", dist::negative_binomial{1e300, 1e-300},
                           [](std::int64_t x) { return std::llabs(x - two_to_50) < (std::int64_t{1} << 29); });
  expect_all<std::int64_t>("geometric of a small p", dist::geometric{1e-15},
                           [](std::int64_t x) { return x >= 0 && x <= two_to_50; });
}

TEST(edges, in_float_overflow_to_infinity_and_underflow_to_zero) {
  expect_all<float>("gamma", dist::gamma{1e38, 1e3},
                    [](float x) { return x == std::numeric_limits<float>::infinity(); });
  expect_all<float>("exponential", dist::exponential{1e-60}, [](float x) { return x == 0; });
  expect_all<float>("weibull", dist::weibull{1e-3, 1e-60}, [](float x) { return x == 0; });
  expect_all<float>("pareto", dist::pareto{1e-3, 1e-60}, [](float x) { return x == 0; });
}

TEST(edges, of_narrow_intervals_are_kept) {
  const double next = std::nextafter(1.0, 2.0);
  expect_all<double>("uniform", dist::uniform{1, next}, [](double x) { return x == 1; });
  expect_all<double>("truncated_normal", dist::truncated_normal{0, 1, 1, next},
                     [&](double x) { return x == 1 || x == next; });
  expect_all<float>("uniform in float", dist::uniform{0.1, 0.1 + 1e-12}, [](float x) { return x == 0.1F; });
}

// ---- no NaN, nothing outside the support -------------------------------------------------------------------------

/// The closed support, as doubles; of the type T, its bounds are rounded to T.
struct bounds {
  double low;
  double high;
};
bounds support(const samebits_distribution& d) {
  const double(&p)[SAMEBITS_MAX_PARAMETERS] = d.parameters;
  switch (static_cast<samebits_distribution_kind>(d.kind)) {
    case SAMEBITS_UNIFORM: return {p[0], p[1]};
    case SAMEBITS_BETA: return {0, 1};
    case SAMEBITS_LOGNORMAL:
    case SAMEBITS_EXPONENTIAL:
    case SAMEBITS_GAMMA:
    case SAMEBITS_CHI_SQUARE:
    case SAMEBITS_WEIBULL: return {0, inf};
    case SAMEBITS_PARETO: return {p[1], inf};
    case SAMEBITS_VON_MISES: return {-pi, pi};
    case SAMEBITS_TRUNCATED_NORMAL: return {p[2], p[3]};
    case SAMEBITS_POISSON: return {0, 2 * 0x1p50};
    case SAMEBITS_NEGATIVE_BINOMIAL: return {0, 2 * 0x1p50};
    case SAMEBITS_GEOMETRIC: return {0, 0x1p50};
    case SAMEBITS_BINOMIAL: return {0, static_cast<double>(d.count)};
    default: return {-inf, inf};
  }
}

/// Extreme values for a parameter of this name; those that are refused are left out later.
std::vector<double> extremes(std::string_view name) {
  if (name == "p") return {0, smallest, 1e-300, 1e-17, 1e-3, 0.5, 1 - 0x1p-53, 1};
  if (name == "low" || name == "high" || name == "mean" || name == "location") {
    std::vector<double> all = {0};
    for (const double v : {smallest, 1e-300, 1e-3, 1.0, 1e8, 3e38, 1e150, largest, inf}) {
      all.push_back(v);
      all.push_back(-v);
    }
    return all;
  }
  return {0, smallest, 1e-310, 1e-300, 1e-45, 1e-20, 1e-3, 1, 3.5, 1e8, 1e20, 3e38, 1e150, 1e300, largest};
}

template <class T>
void scan(const samebits_distribution& d, const std::string& what) {
  constexpr std::size_t n = 50;
  std::vector<T> out(n);
  const bounds all = support(d);
  const T low = static_cast<T>(all.low);
  T high = static_cast<T>(all.high);
  if (d.kind == SAMEBITS_UNIFORM && low < high) high = static_cast<T>(std::nextafter(high, low));  // [low, high)
  for (const context& ctx : contexts()) {
    fill(ctx, d, id, 0, out);
    for (const T x : out) {
      ASSERT_TRUE(x >= low && x <= high) << what << (std::is_same_v<T, float> ? " float" : "") << " on " << ctx.isa()
                                         << " gives " << x;
    }
  }
}

/// Fills with the distribution if its parameters are valid for the type.
template <class T>
bool scan_if_valid(const samebits_distribution& d, const std::string& what) {
  try {
    fill(contexts().back(), d, id, 0, std::span<T>());
  } catch (const invalid_argument&) {
    return false;
  }
  scan<T>(d, what);
  return true;
}

void scan_all(samebits_distribution& d, const distribution_info& info, std::size_t next, int& n_scanned) {
  if (next < info.parameters.size()) {
    for (const double value : extremes(info.parameters[next].name)) {
      d.parameters[next] = value;
      scan_all(d, info, next + 1, n_scanned);
      if (testing::Test::HasFatalFailure()) return;
    }
    return;
  }
  std::string what = info.name;
  char text[32];
  for (std::size_t i = 0; i < info.parameters.size(); ++i) {
    std::snprintf(text, sizeof text, " %.17g", d.parameters[i]);
    what += text;
  }
  if (info.dtypes.front() == SAMEBITS_INT64) {
    n_scanned += scan_if_valid<std::int64_t>(d, what);
    return;
  }
  n_scanned += scan_if_valid<double>(d, what);
  if (testing::Test::HasFatalFailure()) return;
  n_scanned += scan_if_valid<float>(d, what);
}

class extreme_parameters : public testing::TestWithParam<int> {};

std::vector<int> kinds_with_parameters() {
  std::vector<int> kinds;
  for (const distribution_info& info : list_distributions()) {
    if (!info.parameters.empty()) kinds.push_back(info.kind);
  }
  return kinds;
}

std::string name_of_kind(const testing::TestParamInfo<int>& kind) {
  return list_distributions()[static_cast<std::size_t>(kind.param)].name;
}

INSTANTIATE_TEST_SUITE_P(, extreme_parameters, testing::ValuesIn(kinds_with_parameters()), name_of_kind);

TEST_P(extreme_parameters, never_give_nan_or_leave_the_support) {
  const distribution_info& info = list_distributions()[static_cast<std::size_t>(GetParam())];
  samebits_distribution d;
  samebits_distribution_init(&d, info.kind);
  int n_scanned = 0;
  for (const std::uint64_t count : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1000}, std::uint64_t{1} << 50}) {
    if (info.count == nullptr && count != 0) continue;
    d.count = count;
    scan_all(d, info, 0, n_scanned);
  }
  EXPECT_GT(n_scanned, 0);
}

TEST(extreme_weights, never_give_nan_or_a_category_without_weight) {
  const std::vector<double> tables[] = {{0x1p1000, 0, 0}, {smallest, 0, 1},  {0, smallest, 0x1p999},
                                        {0x1p-1000, 0},   {0, 0x1p-1000, 0}, {1e-300, 1e300, 0, 1e-300},
                                        {0, 0, 0, 1}};
  for (const std::vector<double>& weights : tables) {
    const auto has_weight = [&](std::int64_t x) {
      return x >= 0 && x < static_cast<std::int64_t>(weights.size()) && weights[static_cast<std::size_t>(x)] > 0;
    };
    expect_all<std::int64_t>("categorical", dist::categorical{weights}, has_weight);
    expect_all<std::int64_t>("categorical_cumulative", dist::categorical_cumulative{weights}, has_weight);
    const std::vector<std::int64_t> rows = samples<std::int64_t>(dist::multinomial{100, weights});
    for (std::size_t i = 0; i < rows.size(); ++i) {
      EXPECT_TRUE(rows[i] >= 0 && (rows[i] == 0 || weights[i % weights.size()] > 0));
    }
  }
}

TEST(extreme_concentrations, never_give_nan) {
  const std::vector<double> tables[] = {{largest, largest}, {smallest, largest},  {1e-300, 1, 1e300},
                                        {smallest, 1},      {smallest, smallest}, {1e-310, 1e-308, 1e-306}};
  for (const std::vector<double>& concentrations : tables) {
    const std::vector<double> rows = samples<double>(dist::dirichlet{concentrations}, 10'000);
    const std::size_t n = concentrations.size();
    for (std::size_t i = 0; i < rows.size(); i += n) {
      ASSERT_NEAR(std::accumulate(&rows[i], &rows[i] + n, 0.0), 1, 1e-15) << concentrations[0];
      for (std::size_t j = 0; j < n; ++j) ASSERT_TRUE(rows[i + j] >= 0 && rows[i + j] <= 1);
    }
  }
}

/// Samplers whose samples are functions of one word or two, with the words that extreme uniforms come from.
template <class T, class Sampler>
void scan_words(const std::string& what, const Sampler& sampler, double low) {
  using U = core::bits_t<T>;
  constexpr U top = static_cast<U>(U{1} << (8 * sizeof(U) - 1));
  const U words[] = {0,   1,       0x7ff,   0x800,   0xfff,         static_cast<U>(~U{0}),    static_cast<U>(~U{0xfff}),
                     top, top - 1, top / 2, top + 1, top + top / 2, static_cast<U>(~U{0} - 1)};
  for (const U word : words) {
    for (const U other : words) {
      T x[2];
      if constexpr (core::detail::makes_two<T, Sampler>) {
        sampler.template two<T>(word, other, x);
      } else {
        x[0] = sampler.template one<T>(word);
        x[1] = x[0];
      }
      ASSERT_TRUE(x[0] >= low && x[1] >= low) << what << " gives " << x[0] << " " << x[1] << " for " << word;
    }
  }
}

template <class T>
void scan_chosen_words() {
  for (const double a : extremes("location")) {
    if (std::fabs(a) > static_cast<double>(std::numeric_limits<T>::max())) continue;  // infinity among them
    for (const double b : extremes("scale")) {
      if (b > static_cast<double>(std::numeric_limits<T>::max())) continue;
      char with_text[64];
      std::snprintf(with_text, sizeof with_text, " %.17g %.17g", a, b);
      const std::string with = with_text;
      if (testing::Test::HasFatalFailure()) return;
      scan_words<T>("normal" + with, core::normal_sampler<T>(a, b), -inf);
      scan_words<T>("lognormal" + with, core::lognormal_sampler<T>(a, b), 0);
      scan_words<T>("exponential" + with, core::exponential_sampler<T>(b), 0);
      scan_words<T>("cauchy" + with, core::cauchy_sampler<T>(a, b), -inf);
      scan_words<T>("laplace" + with, core::laplace_sampler<T>(a, b), -inf);
      scan_words<T>("logistic" + with, core::logistic_sampler<T>(a, b), -inf);
      scan_words<T>("gumbel" + with, core::gumbel_sampler<T>(a, b), -inf);
      if (a <= 0) continue;
      scan_words<T>("weibull" + with, core::weibull_sampler<T>(a, b), 0);
      scan_words<T>("pareto" + with, core::pareto_sampler<T>(a, b), static_cast<double>(static_cast<T>(b)));
    }
  }
}

TEST(extreme_words, never_give_nan) { scan_chosen_words<double>(); }
TEST(extreme_words, never_give_nan_in_float) { scan_chosen_words<float>(); }

// ---- what is refused ---------------------------------------------------------------------------------------------

template <class T>
std::string refusal(const samebits_distribution& d) {
  return error_of<invalid_argument>([&] { fill(contexts().back(), d, id, 0, std::span<T>()); });
}

/// The message for the usual type of the distribution.
std::string refusal_of(const samebits_distribution& d) {
  switch (list_distributions()[static_cast<std::size_t>(d.kind)].dtypes.front()) {
    case SAMEBITS_FLOAT64: return refusal<double>(d);
    case SAMEBITS_INT64: return refusal<std::int64_t>(d);
    case SAMEBITS_UINT64: return refusal<std::uint64_t>(d);
    default: return refusal<std::uint32_t>(d);
  }
}

TEST(refusals, name_a_parameter_that_is_nan) {
  const double weights[] = {1, 2};
  for (const distribution_info& info : list_distributions()) {
    for (std::size_t i = 0; i < info.parameters.size(); ++i) {
      samebits_distribution d;
      samebits_distribution_init(&d, info.kind);
      d.values = weights;
      d.n_values = info.values != nullptr ? 2 : 0;
      d.count = info.count != nullptr ? 2 : 0;
      EXPECT_EQ(refusal_of(d), "no error") << info.name;
      d.parameters[i] = nan;

      const std::string expected =
          std::string("fill: ") + info.name + "." + info.parameters[i].name + " is nan but must ";
      EXPECT_TRUE(refusal_of(d).starts_with(expected)) << refusal_of(d);
    }
  }
}

TEST(refusals, name_the_parameter_its_value_and_the_rule) {
  const struct {
    samebits_distribution distribution;
    const char* message;
  } all[] = {
      {dist::uniform{2, 1}, "uniform.low is 2 but high is 1"},
      {dist::uniform{-inf, 1}, "uniform.low is -inf but must be finite"},
      {dist::uniform{0, inf}, "uniform.high is inf but must be finite"},
      {dist::integers{0}, "integers.n is 0 but must be positive"},
      {dist::normal{inf, 1}, "normal.mean is inf but must be finite"},
      {dist::normal{0, -1}, "normal.sd is -1 but must be finite and not negative"},
      {dist::normal{0, inf}, "normal.sd is inf but must be finite and not negative"},
      {dist::lognormal{-inf, 1}, "lognormal.mean is -inf but must be finite"},
      {dist::lognormal{0, -smallest}, "lognormal.sd is -4.9406564584124654e-324 but must be finite and not negative"},
      {dist::exponential{-0.5}, "exponential.scale is -0.5 but must be finite and not negative"},
      {dist::gamma{0, 1}, "gamma.shape is 0 but must be finite and positive"},
      {dist::gamma{-1, 1}, "gamma.shape is -1 but must be finite and positive"},
      {dist::gamma{inf, 1}, "gamma.shape is inf but must be finite and positive"},
      {dist::gamma{1, -1}, "gamma.scale is -1 but must be finite and not negative"},
      {dist::beta{0, 1}, "beta.a is 0 but must be finite and positive"},
      {dist::beta{1, 0}, "beta.b is 0 but must be finite and positive"},
      {dist::chi_square{0}, "chi_square.df is 0 but must be finite and positive"},
      {dist::student_t{0}, "student_t.df is 0 but must be finite and positive"},
      {dist::student_t{inf}, "student_t.df is inf but must be finite and positive"},
      {dist::cauchy{0, -1}, "cauchy.scale is -1 but must be finite and not negative"},
      {dist::laplace{inf, 1}, "laplace.location is inf but must be finite"},
      {dist::logistic{0, -1}, "logistic.scale is -1 but must be finite and not negative"},
      {dist::gumbel{-inf, 1}, "gumbel.location is -inf but must be finite"},
      {dist::weibull{0, 1}, "weibull.shape is 0 but must be finite and positive"},
      {dist::weibull{1, inf}, "weibull.scale is inf but must be finite and not negative"},
      {dist::pareto{-2, 1}, "pareto.shape is -2 but must be finite and positive"},
      {dist::pareto{1, -1}, "pareto.scale is -1 but must be finite and not negative"},
      {dist::von_mises{4, 1}, "von_mises.mean is 4 but must lie in [-pi, pi]"},
      {dist::von_mises{-4, 1}, "von_mises.mean is -4 but must lie in [-pi, pi]"},
      {dist::von_mises{0, -1}, "von_mises.concentration is -1 but must lie in [0, 1e150]"},
      {dist::von_mises{0, 1e151}, "von_mises.concentration is 1e+151 but must lie in [0, 1e150]"},
      {dist::truncated_normal{inf, 1, 0, 1}, "truncated_normal.mean is inf but must be finite"},
      {dist::truncated_normal{0, -1, 0, 1}, "truncated_normal.sd is -1 but must be finite and not negative"},
      {dist::truncated_normal{0, 1, 2, 1}, "truncated_normal.low is 2 but high is 1"},
      {dist::truncated_normal{0, 1, inf, inf}, "truncated_normal.low is inf but must be below infinity"},
      {dist::truncated_normal{0, 1, -inf, -inf}, "truncated_normal.high is -inf but must be above -infinity"},
      {dist::truncated_normal{0, 1, nan, 1}, "truncated_normal.low is nan but must be a number or infinite"},
      {dist::poisson{-1}, "poisson.mean is -1 but must lie in [0, 2^50]"},
      {dist::poisson{std::nextafter(0x1p50, inf)}, "poisson.mean is 1125899906842624.2 but must lie in [0, 2^50]"},
      {dist::binomial{-1, 0.5}, "binomial.n is -1 but must lie in [0, 2^50]"},
      {dist::binomial{two_to_50 + 1, 0.5}, "binomial.n is 1125899906842625 but must lie in [0, 2^50]"},
      {dist::binomial{1, -0.1}, "binomial.p is -0.10000000000000001 but must lie in [0, 1]"},
      {dist::binomial{1, 1.5}, "binomial.p is 1.5 but must lie in [0, 1]"},
      {dist::negative_binomial{0, 0.5}, "negative_binomial.successes is 0 but must be finite and positive"},
      {dist::negative_binomial{1, 0}, "negative_binomial.p is 0 but must lie in (0, 1]"},
      {dist::geometric{0}, "geometric.p is 0 but must lie in (0, 1]"},
      {dist::geometric{2}, "geometric.p is 2 but must lie in (0, 1]"},
      {dist::sphere{0}, "sphere.n_cols is 0 but must lie in [1, 2^20]"},
      {dist::sphere{-3}, "sphere.n_cols is -3 but must lie in [1, 2^20]"},
      {dist::rotation{0}, "rotation.n is 0 but must lie in [1, 256]"},
      {dist::rotation{257}, "rotation.n is 257 but must lie in [1, 256]"},
  };
  for (const auto& [distribution, message] : all) {
    EXPECT_EQ(refusal_of(distribution), std::string("fill: ") + message);
  }
}

TEST(refusals, name_the_element_of_a_table) {
  const double negative[] = {1, -2, 3};
  const double with_nan[] = {1, 2, nan};
  const double infinite[] = {inf, 2};
  const double zeros[] = {0, 0};
  const double too_small[] = {smallest, smallest};
  const double too_large[] = {largest, largest};
  const double normal[] = {0, 0, 1, 0, nan, 1};
  const struct {
    samebits_distribution distribution;
    const char* message;
  } all[] = {
      {dist::categorical{negative}, "categorical.weights[1] is -2 but must be finite and not negative"},
      {dist::categorical_cumulative{with_nan},
       "categorical_cumulative.weights[2] is nan but must be finite and not negative"},
      {dist::multinomial{3, infinite}, "multinomial.weights[0] is inf but must be finite and not negative"},
      {dist::multinomial{-3, zeros}, "multinomial.n is -3 but must lie in [0, 2^50]"},
      {dist::categorical{zeros}, "categorical.weights has the sum 0 but it must lie in [2^-1000, 2^1000]"},
      {dist::categorical{too_large}, "categorical.weights has the sum inf but it must lie in [2^-1000, 2^1000]"},
      {dist::categorical{{}}, "categorical.weights is empty"},
      {dist::dirichlet{zeros}, "dirichlet.concentrations[0] is 0 but must be finite and positive"},
      {dist::dirichlet{infinite}, "dirichlet.concentrations[0] is inf but must be finite and positive"},
      {dist::dirichlet{{}}, "dirichlet.concentrations is empty"},
      {dist::multivariate_normal{2, normal}, "multivariate_normal.mean_and_factor[4] is nan but must be finite"},
      {dist::multivariate_normal{3, normal},
       "multivariate_normal.mean_and_factor has 6 values but n_cols is 3, which takes 12"},
      {dist::multivariate_normal{0, normal}, "multivariate_normal.n_cols is 0 but must lie in [1, 2^20]"},
  };
  for (const auto& [distribution, message] : all) {
    EXPECT_EQ(refusal_of(distribution), std::string("fill: ") + message);
  }
  EXPECT_TRUE(contains(refusal_of(dist::categorical{too_small}), "categorical.weights has the sum "));
}

TEST(refusals, of_uniforms_name_a_bound_that_is_too_far_from_the_other) {
  for (const std::string& message :
       {refusal<double>(dist::uniform{-largest, largest}), refusal<float>(dist::uniform{-3e38, 3e38})}) {
    EXPECT_TRUE(message.starts_with("fill: uniform.high is ")) << message;
    EXPECT_TRUE(contains(message, "distance from low")) << message;
  }
  EXPECT_EQ(refusal<double>(dist::uniform{-3e38, 3e38}), "no error");
}

TEST(refusals, name_a_type_that_does_not_suit) {
  EXPECT_EQ(refusal<float>(dist::poisson{1}), "fill: dtype is float32 but samples of poisson are int64");
  EXPECT_EQ(refusal<std::int64_t>(dist::normal{}), "fill: dtype is int64 but samples of normal are float64 or float32");
  EXPECT_EQ(refusal<std::uint32_t>(dist::words64{}), "fill: dtype is uint32 but samples of words64 are uint64");
  EXPECT_EQ(refusal<std::uint64_t>(dist::words{}), "fill: dtype is uint64 but samples of words are uint32");
  EXPECT_EQ(refusal<std::int64_t>(dist::integers{3}), "fill: dtype is int64 but samples of integers are uint64");
}

TEST(refusals, of_float_samples_name_a_parameter_that_is_no_float) {
  EXPECT_EQ(refusal<float>(dist::normal{1e39, 1}),
            "fill: normal.mean is 9.9999999999999994e+38 but is above the largest float32");
  EXPECT_EQ(refusal<float>(dist::exponential{1e39}),
            "fill: exponential.scale is 9.9999999999999994e+38 but is above the largest float32");
  EXPECT_EQ(refusal<float>(dist::truncated_normal{}), "no error");
  EXPECT_EQ(refusal<double>(dist::normal{1e39, 1}), "no error");
}

TEST(edges, of_float_intervals_that_rounding_makes_too_long_are_refused_or_kept) {
  // Below the largest float apart, and above it once both bounds are floats.
  const dist::uniform too_long{-(0x1p127 - 0x1p104 - 0x1p103 - 0x1p102 + 0x1p80), 0x1p127 + 0x1p103 + 0x1p80};
  if (refusal<float>(too_long) != "no error") return;
  const std::vector<float> all = samples<float>(too_long);
  EXPECT_GT(std::count_if(all.begin(), all.end(), [](float x) { return x < 0; }), 400);
}

TEST(refusals, of_descriptions_say_what_is_wrong) {
  samebits_distribution d;
  samebits_distribution_init(&d, SAMEBITS_NORMAL);
  d.struct_size = 8;
  EXPECT_EQ(refusal<double>(d), "fill: distribution.struct_size is 8; call samebits_distribution_init first");
  samebits_distribution_init(&d, SAMEBITS_NORMAL);
  d.kind = static_cast<decltype(d.kind)>(SAMEBITS_N_DISTRIBUTIONS);
  EXPECT_EQ(refusal<double>(d), "fill: distribution.kind is 33 but must lie in [0, 33)");
  d.kind = static_cast<decltype(d.kind)>(-1);
  EXPECT_TRUE(contains(refusal<double>(d), "distribution.kind is -1"));
  const double weights[] = {1, 2, 3};
  std::vector<std::int64_t> out(4);
  EXPECT_EQ(error_of<invalid_argument>([&] {
              fill(contexts().back(), dist::multinomial{5, weights}, id, 0, out);
            }),
            "fill: out has 4 elements, but a sample has 3");
}

TEST(refusals, leave_the_array_as_it_was) {
  std::vector<double> out(10, 7);
  EXPECT_NE(error_of<invalid_argument>([&] { fill(contexts().back(), dist::gamma{-1}, id, 0, out); }), "no error");
  EXPECT_EQ(out, std::vector<double>(10, 7));
}

}  // namespace
}  // namespace samebits::tests
