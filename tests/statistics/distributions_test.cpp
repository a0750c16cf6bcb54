// Each distribution of single numbers follows its law: 10^7 samples from 4 streams for each set of parameters. The
// rules are those of distribution_report.hpp.
#include "samebits/random.hpp"
#include "tests/statistics/distribution_laws.hpp"
#include "tests/statistics/distribution_report.hpp"

namespace samebits::tests {
namespace {

// ---- the distributions -------------------------------------------------------------------------------------------

struct distribution_case {
  std::string name;
  samebits_distribution distribution;
  samebits_dtype dtype;
  std::function<law()> make_law;
};

void PrintTo(const distribution_case& c, std::ostream* out) { *out << c.name; }

std::vector<distribution_case> all_cases() {
  constexpr samebits_dtype f64 = SAMEBITS_FLOAT64;
  constexpr samebits_dtype f32 = SAMEBITS_FLOAT32;
  constexpr samebits_dtype i64 = SAMEBITS_INT64;
  std::vector<distribution_case> all;
  const auto add = [&](const std::string& name, const samebits_distribution& d, samebits_dtype dtype,
                       std::function<law()> make_law) {
    all.push_back({name + (dtype == f32 ? " float" : ""), d, dtype, std::move(make_law)});
  };
  const auto text = [](double v) {
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, "%g", v);
    return std::string(buffer);
  };

  add("uniform", dist::uniform{}, f64, [] { return uniform_law(0, 1); });
  add("uniform", dist::uniform{}, f32, [] { return lattice_law(0, 0x1p-24, 0x1p24); });
  add("uniform -3 5", dist::uniform{-3, 5}, f64, [] { return uniform_law(-3, 5); });
  add("uniform -4 4", dist::uniform{-4, 4}, f32, [] { return lattice_law(-4, 0x1p-21, 0x1p24); });
  add("uniform_positive", dist::uniform_positive{}, f64, [] { return on(0x1p-53, 1, uniform_law(0, 1)); });
  add("uniform_positive", dist::uniform_positive{}, f32, [] { return lattice_law(0x1p-24, 0x1p-24, 0x1p24); });
  add("uniform_open", dist::uniform_open{}, f64, [] { return on(0x1p-53, 1 - 0x1p-53, uniform_law(0, 1)); });
  add("uniform_open", dist::uniform_open{}, f32, [] { return lattice_law(0x1p-24, 0x1p-23, 0x1p23); });
  add("uniform_curand", dist::uniform_curand{}, f64, [] { return on(0x1p-54, 1, uniform_law(0, 1)); });
  add("uniform_curand", dist::uniform_curand{}, f32, [] { return on(0x1p-33, 1, uniform_law(0, 1)); });

  for (const samebits_dtype dtype : {f64, f32}) {
    const double far = dtype == f32 ? 6.77 : 8.58;
    add("normal", dist::normal{}, dtype, [=] { return on(-far, far, normal_law(0, 1)); });
    add("lognormal", dist::lognormal{}, dtype,
        [] { return on(0, infinity, with_its_moments(bm::lognormal_distribution<double, quiet>())); });
    add("exponential", dist::exponential{}, dtype,
        [] { return on(0, infinity, with_its_moments(bm::exponential_distribution<double, quiet>())); });
    add("cauchy", dist::cauchy{}, dtype, [] { return law_of(bm::cauchy_distribution<double, quiet>()); });
    add("laplace", dist::laplace{}, dtype, [] { return with_its_moments(bm::laplace_distribution<double, quiet>()); });
    add("logistic", dist::logistic{}, dtype,
        [] { return with_moments(0, pi / std::sqrt(3.0), law_of(bm::logistic_distribution<double, quiet>())); });
    add("gumbel", dist::gumbel{}, dtype,
        [] { return with_its_moments(bm::extreme_value_distribution<double, quiet>()); });
    for (const double shape : {0.5, 2.0}) {
      add("weibull " + text(shape), dist::weibull{shape}, dtype,
          [=] { return on(0, infinity, with_its_moments(bm::weibull_distribution<double, quiet>(shape))); });
    }
    for (const double shape : {0.5, 3.0, 20.0}) {
      add("pareto " + text(shape), dist::pareto{shape}, dtype, [=] {
        const bm::pareto_distribution<double, quiet> d(1, shape);
        return on(1, infinity, shape > 2 ? with_its_moments(d, shape) : law_of(d));
      });
    }
  }
  add("normal 100 0.001", dist::normal{100, 0.001}, f64, [] { return normal_law(100, 0.001); });
  add("normal -3 2", dist::normal{-3, 2}, f32, [] { return normal_law(-3, 2); });
  add("lognormal 1 0.1", dist::lognormal{1, 0.1}, f64,
      [] { return on(0, infinity, with_its_moments(bm::lognormal_distribution<double, quiet>(1, 0.1))); });
  add("lognormal 0 3", dist::lognormal{0, 3}, f64,
      [] { return on(0, infinity, with_its_moments(bm::lognormal_distribution<double, quiet>(0, 3))); });
  add("exponential 1e-9", dist::exponential{1e-9}, f64,
      [] { return on(0, infinity, with_its_moments(bm::exponential_distribution<double, quiet>(1e9))); });
  add("cauchy -1 0.5", dist::cauchy{-1, 0.5}, f64,
      [] { return law_of(bm::cauchy_distribution<double, quiet>(-1, 0.5)); });
  add("laplace 2 3", dist::laplace{2, 3}, f64,
      [] { return with_its_moments(bm::laplace_distribution<double, quiet>(2, 3)); });
  add("logistic 2 3", dist::logistic{2, 3}, f64,
      [] { return with_moments(2, 3 * pi / std::sqrt(3.0), law_of(bm::logistic_distribution<double, quiet>(2, 3))); });
  add("gumbel 2 3", dist::gumbel{2, 3}, f64,
      [] { return with_its_moments(bm::extreme_value_distribution<double, quiet>(2, 3)); });
  add("weibull 7 2", dist::weibull{7, 2}, f64,
      [] { return on(0, infinity, with_its_moments(bm::weibull_distribution<double, quiet>(7, 2))); });
  add("pareto 3 5", dist::pareto{3, 5}, f64,
      [] { return on(5, infinity, with_its_moments(bm::pareto_distribution<double, quiet>(5, 3), 3)); });

  for (const double shape : {0.01, 0.3, 0.999, 1.0, 1.001, 2.5, 100.0, 1e6, 1e15}) {
    add("gamma " + text(shape), dist::gamma{shape}, f64, [=] { return gamma_law(shape, 1); });
  }
  add("gamma 2.5 4", dist::gamma{2.5, 4}, f64, [] { return gamma_law(2.5, 4); });
  add("gamma 0.3", dist::gamma{0.3}, f32, [] { return gamma_law(0.3, 1); });
  add("gamma 2.5", dist::gamma{2.5}, f32, [] { return gamma_law(2.5, 1); });
  for (const auto& [a, b] :
       {std::pair{0.01, 0.01}, {0.01, 3.0}, {0.5, 0.5}, {1.0, 1.0}, {2.0, 3.0}, {1e3, 2e3}, {1e6, 0.5}}) {
    add("beta " + text(a) + " " + text(b), dist::beta{a, b}, f64,
        [a = a, b = b] { return on(0, 1, with_its_moments(bm::beta_distribution<double, quiet>(a, b))); });
  }
  add("beta 2 3", dist::beta{2, 3}, f32,
      [] { return on(0, 1, with_its_moments(bm::beta_distribution<double, quiet>(2, 3))); });
  for (const double df : {0.1, 1.0, 5.0, 1e5}) {
    add("chi_square " + text(df), dist::chi_square{df}, f64,
        [=] { return on(0, infinity, with_its_moments(bm::chi_squared_distribution<double, quiet>(df))); });
  }
  for (const double df : {0.5, 1.0, 3.0, 5.0, 20.0, 1e8}) {
    add("student_t " + text(df), dist::student_t{df}, f64, [=] {
      const bm::students_t_distribution<double, quiet> d(df);
      return df > 2 ? with_moments(0, std::sqrt(df / (df - 2)), law_of(d), df) : law_of(d);
    });
  }
  add("student_t 5", dist::student_t{5}, f32,
      [] { return with_moments(0, std::sqrt(5.0 / 3), law_of(bm::students_t_distribution<double, quiet>(5)), 5); });

  for (const double concentration : {0.0, 1e-6, 0.5, 4.0, 1e3, 1e12}) {
    add("von_mises 0 " + text(concentration), dist::von_mises{0, concentration}, f64,
        [=] { return von_mises_law(0, concentration, pi); });
  }
  add("von_mises 2.5 0.5", dist::von_mises{2.5, 0.5}, f64, [] { return von_mises_law(2.5, 0.5, pi); });
  add("von_mises -3.1 4", dist::von_mises{-3.1, 4}, f64, [] { return von_mises_law(-3.1, 4, pi); });
  add("von_mises 2.5 4", dist::von_mises{2.5, 4}, f32,
      [] { return von_mises_law(2.5, 4, static_cast<double>(static_cast<float>(pi))); });

  struct interval {
    double mean, sd, low, high;
  };
  for (const auto& [mean, sd, low, high] : {
           interval{0, 1, -infinity, infinity},  // normal proposals
           interval{0, 1, -1, infinity},
           interval{0, 1, -0.01, 4},
           interval{5, 2, -infinity, 5},
           interval{1, 2, -20, 30},
           interval{0, 1, -1, 1},  // uniform ones around the mean
           interval{0, 1, -0.5, 2},
           interval{1, 2, 0.999, 1.001},
           interval{0, 1, 0, 0.5},  // uniform ones in a tail
           interval{0, 1, 3, 3.1},
           interval{0, 1, -20.001, -20},
           interval{0, 1, 0, infinity},  // exponential ones
           interval{0, 1, 0.5, 4},
           interval{0, 1, 2, infinity},
           interval{0, 1, 8, infinity},
           interval{0, 1, -infinity, -20},
           interval{10, 3, -infinity, -200},
           interval{-1e6, 1, 0, infinity},
           interval{-1e9, 1, 0, infinity},
           interval{-1e9, 1, 0, 1e-9},
           interval{-1e6, 1, 0, 1e-6},
           interval{1e6, 1, -1e-6, 0},
       }) {
    add("truncated_normal " + text(mean) + " " + text(sd) + " " + text(low) + " " + text(high),
        dist::truncated_normal{mean, sd, low, high}, f64,
        [mean = mean, sd = sd, low = low, high = high] { return truncated_law(mean, sd, low, high); });
  }
  add("truncated_normal 0 1 -1 3", dist::truncated_normal{0, 1, -1, 3}, f32, [] { return truncated_law(0, 1, -1, 3); });

  for (const double mean : {1e-3, 0.1, 1.0, 3.0, 9.99, 10.0, 10.5, 11.0, 30.0, 100.0, 1e4, 1e6, 1e12, 0x1p50}) {
    add("poisson " + text(mean), dist::poisson{mean}, i64, [=] { return poisson_law(mean); });
  }
  for (const auto& [n, p] : {std::pair{std::int64_t{1}, 0.3},
                             {20, 0.1},
                             {20, 0.499},
                             {20, 0.5},
                             {20, 0.51},
                             {20, 0.95},
                             {21, 0.5},
                             {40, 0.3},
                             {100, 0.0999},
                             {100, 0.1001},
                             {1000, 0.7},
                             {1'000'000, 1e-6},
                             {1'000'000, 9e-6},
                             {1'000'000, 1.1e-5},
                             {1'000'000, 0.25},
                             {1'000'000'000'000, 0.9},
                             {std::int64_t{1} << 50, 1e-15},
                             {std::int64_t{1} << 50, 1e-13},
                             {std::int64_t{1} << 50, 0.3},
                             {std::int64_t{1} << 50, 0.5}}) {
    add("binomial " + text(static_cast<double>(n)) + " " + text(p), dist::binomial{n, p}, i64,
        [n = static_cast<double>(n), p = p] { return binomial_law(n, p); });
  }
  for (const auto& [successes, p] : {std::pair{0.01, 0.5},
                                     {0.3, 0.1},
                                     {1.0, 0.5},
                                     {2.5, 0.001},
                                     {5.0, 0.3},
                                     {100.0, 0.9},
                                     {1e6, 0.5},
                                     {3.0, 1e-9},
                                     {1e10, 0.01}}) {
    add("negative_binomial " + text(successes) + " " + text(p), dist::negative_binomial{successes, p}, i64,
        [s = successes, p = p] { return negative_binomial_law(s, p); });
  }
  for (const double p : {1e-9, 1e-4, 0.1, 0.5, 0.9, 0.9999}) {
    add("geometric " + text(p), dist::geometric{p}, i64, [=] { return geometric_law(p); });
  }
  return all;
}

std::string test_name(const testing::TestParamInfo<distribution_case>& info) {
  std::string name;
  for (const char c : info.param.name) {
    if (c == '-') {
      name += "minus_";
    } else if (c != '+') {
      name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
    }
  }
  return name;
}

template <class T>
void check_distribution(const distribution_case& c) {
  const stream_id id = statistics_root.child(c.name);
  const auto checks = collect<T>(c.make_law(), [&](std::size_t s, std::size_t first, std::span<T> out) {
    fill(shared_context(), c.distribution, id.child(s), first, out);
  });
  EXPECT_EQ(checks.n_outside(), 0) << "samples outside the support";
  EXPECT_EQ(checks.inconsistency(), "") << "the law that samples are compared with";
  expect_no_rejection(c.name, checks.n_cells(), checks.findings());
}

class distribution : public testing::TestWithParam<distribution_case> {};

TEST_P(distribution, follows_its_law) {
  switch (GetParam().dtype) {
    case SAMEBITS_FLOAT32: return check_distribution<float>(GetParam());
    case SAMEBITS_INT64: return check_distribution<std::int64_t>(GetParam());
    default: return check_distribution<double>(GetParam());
  }
}

INSTANTIATE_TEST_SUITE_P(, distribution, testing::ValuesIn(all_cases()), test_name);

// ---- integers and categories -------------------------------------------------------------------------------------

/// Compares how often n_cells cells come up with their probabilities.
template <class T, class Cell>
std::vector<finding> check_cells(const std::string& name, const samebits_distribution& d,
                                 const std::vector<double>& probabilities, const Cell& cell_of) {
  const stream_id id = statistics_root.child(name);
  const std::size_t per_stream = samples_per_stream();
  std::vector<std::uint64_t> total(probabilities.size());
  double of_streams = 0;
  std::vector<T> x(chunk);
  for (std::size_t s = 0; s < n_streams; ++s) {
    std::vector<std::uint64_t> counts(probabilities.size());
    for (std::size_t first = 0; first < per_stream; first += chunk) {
      fill(shared_context(), d, id.child(s), first, x);
      for (const T value : x) ++counts.at(cell_of(value));
    }
    of_streams += pearson_statistic(counts, probabilities);
    for (std::size_t j = 0; j < total.size(); ++j) total[j] += counts[j];
  }
  const double degrees = static_cast<double>(probabilities.size()) - 1;
  if (degrees == 0) return {};
  const double of_total = pearson_statistic(total, probabilities);
  return {find("chi-square", of_total, chi_square_tails(of_total, degrees)),
          find("streams", of_streams - of_total, chi_square_tails(of_streams - of_total, degrees * (n_streams - 1)))};
}

class integers : public testing::TestWithParam<std::uint64_t> {};
class wide_integers : public integers {};

const auto wide = testing::Values((std::uint64_t{1} << 32) + 1, (std::uint64_t{1} << 63) + 1, std::uint64_t{3} << 62,
                                  ~std::uint64_t{0});
INSTANTIATE_TEST_SUITE_P(few, integers, testing::Values(2, 3, 10, 1000));
INSTANTIATE_TEST_SUITE_P(many, integers, wide);
INSTANTIATE_TEST_SUITE_P(, wide_integers, wide);

TEST_P(integers, are_equally_likely) {
  using product = unsigned __int128;
  const std::uint64_t n = GetParam();
  const auto n_cells = static_cast<std::size_t>(std::min(n, std::uint64_t{4096}));
  // Cell j is [ceil(j n / n_cells), ceil((j + 1) n / n_cells)).
  const auto begin = [&](std::size_t j) {
    return static_cast<std::uint64_t>((product{j} * n + n_cells - 1) / n_cells);
  };
  std::vector<double> probabilities(n_cells);
  for (std::size_t j = 0; j < n_cells; ++j) {
    probabilities[j] = static_cast<double>(begin(j + 1) - begin(j)) / static_cast<double>(n);
  }
  const std::string name = "integers " + std::to_string(n);

  expect_no_rejection(name, n_cells,
                      check_cells<std::uint64_t>(name, dist::integers{n}, probabilities, [&](std::uint64_t x) {
                        return static_cast<std::size_t>(product{x} * n_cells / n);
                      }));
}

TEST_P(wide_integers, have_equally_likely_remainders) {
  const std::uint64_t n = GetParam();
  const std::size_t n_cells = 4093;  // a prime
  std::vector<double> probabilities(n_cells);
  for (std::size_t j = 0; j < n_cells; ++j) {
    const std::uint64_t count = n / n_cells + (j < n % n_cells ? 1 : 0);
    probabilities[j] = static_cast<double>(count) / static_cast<double>(n);
  }
  const std::string name = "integers " + std::to_string(n) + " mod 4093";

  expect_no_rejection(name, n_cells,
                      check_cells<std::uint64_t>(name, dist::integers{n}, probabilities, [&](std::uint64_t x) {
                        return static_cast<std::size_t>(x % n_cells);
                      }));
}

TEST(integers_below_1, are_0) {
  EXPECT_TRUE(
      check_cells<std::uint64_t>("integers 1", dist::integers{1}, {1}, [](std::uint64_t x) { return x; }).empty());
}

struct weights_case {
  std::string name;
  std::vector<double> weights;
};

void PrintTo(const weights_case& c, std::ostream* out) { *out << c.name; }

class categories : public testing::TestWithParam<weights_case> {};

INSTANTIATE_TEST_SUITE_P(, categories,
                         testing::Values(weights_case{"equal", std::vector<double>(10, 0.7)},
                                         weights_case{"two", {1e-3, 1}},
                                         weights_case{"with_zeros", {0, 1, 0, 0, 2.5, 0.5, 0}},
                                         weights_case{"huge", {1e300, 2e300, 3e300}},
                                         weights_case{"tiny", {1e-300, 2e-300, 0, 3e-300}},
                                         weights_case{"rising",
                                                      [] {
                                                        std::vector<double> w;
                                                        for (int j = 0; j < 1000; ++j) w.push_back(j * j % 997 + 100);
                                                        return w;
                                                      }()},
                                         weights_case{"geometric",
                                                      [] {
                                                        std::vector<double> w;
                                                        for (int j = 0; j < 18; ++j) w.push_back(std::ldexp(1.0, -j));
                                                        return w;
                                                      }()}),
                         [](const auto& test) { return test.param.name; });

/// Counts come up as the weights say; a category without weight never does.
void check_categories(const std::string& name, const samebits_distribution& d, const std::vector<double>& weights) {
  const double largest = *std::max_element(weights.begin(), weights.end());
  double sum = 0;
  for (const double w : weights) sum += w / largest;
  std::vector<double> probabilities;
  std::vector<std::size_t> cells(weights.size(), weights.size());
  for (std::size_t j = 0; j < weights.size(); ++j) {
    if (weights[j] == 0) continue;
    cells[j] = probabilities.size();
    probabilities.push_back(weights[j] / largest / sum);
  }

  expect_no_rejection(name, probabilities.size(),
                      check_cells<std::int64_t>(name, d, probabilities, [&](std::int64_t x) {
                        return cells.at(static_cast<std::size_t>(x));  // beyond all cells: no weight
                      }));
}

TEST_P(categories, by_alias_table_have_their_weights) {
  check_categories("categorical " + GetParam().name, dist::categorical{GetParam().weights}, GetParam().weights);
}

TEST_P(categories, by_cumulative_weights_have_their_weights) {
  check_categories("categorical_cumulative " + GetParam().name, dist::categorical_cumulative{GetParam().weights},
                   GetParam().weights);
}

// ---- what the checks find ----------------------------------------------------------------------------------------

constexpr std::size_t n_for_controls = 2'500'000;  // of each stream, whatever the environment says

/// Normals that something was done to: change(i, x) for the samples of a stream.
template <class Change>
std::vector<finding> check_changed_normals(const Change& change) {
  const stream_id id = statistics_root.child("changed normals");
  const auto next = [&](std::size_t s, std::size_t first, std::span<double> out) {
    fill(shared_context(), dist::normal{}, id.child(s), first, out);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = change(s, i, out);
  };
  return collect<double>(normal_law(0, 1), next, n_for_controls).findings();
}

TEST(distribution_checks, find_nothing_in_normals) {
  const auto findings = check_changed_normals([](auto, std::size_t i, std::span<double> x) { return x[i]; });

  EXPECT_TRUE(std::none_of(findings.begin(), findings.end(), is_rejected));
}

TEST(distribution_checks, find_a_standard_deviation_of_1_003) {
  const auto findings = check_changed_normals([](auto, std::size_t i, std::span<double> x) { return 1.003 * x[i]; });

  EXPECT_TRUE(rejects(findings, "variance"));
}

TEST(distribution_checks, find_a_mean_of_0_003) {
  const auto findings = check_changed_normals([](auto, std::size_t i, std::span<double> x) { return x[i] + 0.003; });

  EXPECT_TRUE(rejects(findings, "mean"));
  EXPECT_TRUE(rejects(findings, "KS"));
}

TEST(distribution_checks, find_that_tails_end_at_4_sigma) {
  const auto findings = check_changed_normals(
      [](auto, std::size_t i, std::span<double> x) { return std::fabs(x[i]) < 4 ? x[i] : x[i] / 2; });

  EXPECT_TRUE(rejects(findings, "lower tail"));
  EXPECT_TRUE(rejects(findings, "upper tail"));
}

TEST(distribution_checks, find_that_tails_are_lighter_from_3_5_sigma_on) {
  const auto findings = check_changed_normals(
      [](auto, std::size_t i, std::span<double> x) { return std::fabs(x[i]) < 3.5 ? x[i] : 0.97 * x[i]; });

  EXPECT_TRUE(rejects(findings, "tail shapes"));
}

TEST(distribution_checks, find_steps_of_2_to_the_minus_10) {
  const auto findings =
      check_changed_normals([](auto, std::size_t i, std::span<double> x) { return std::round(x[i] * 1024) / 1024; });

  EXPECT_TRUE(rejects(findings, "chi-square"));
}

TEST(distribution_checks, find_that_neighbours_are_similar) {
  const auto findings = check_changed_normals([](auto, std::size_t i, std::span<double> x) {
    return i % 2 == 0 ? x[i] : std::sqrt(1 - 0.01 * 0.01) * x[i] + 0.01 * x[i - 1];
  });

  EXPECT_TRUE(rejects(findings, "neighbours"));
}

TEST(distribution_checks, find_that_one_stream_differs) {
  const auto findings = check_changed_normals(
      [](std::size_t s, std::size_t i, std::span<double> x) { return s == 2 ? x[i] + 0.05 : x[i]; });

  EXPECT_TRUE(rejects(findings, "streams"));
}

TEST(distribution_checks, find_an_outlier) {
  const auto findings = check_changed_normals(
      [](std::size_t s, std::size_t i, std::span<double> x) { return s == 2 && i == 7 ? 9 : x[i]; });

  EXPECT_TRUE(rejects(findings, "extremes"));
}

TEST(distribution_checks, find_a_poisson_mean_of_3_006) {
  const stream_id id = statistics_root.child("changed counts");
  const auto next = [&](std::size_t s, std::size_t first, std::span<std::int64_t> out) {
    fill(shared_context(), dist::poisson{3.006}, id.child(s), first, out);
  };
  const auto findings = collect<std::int64_t>(poisson_law(3), next, n_for_controls).findings();

  EXPECT_TRUE(rejects(findings, "mean"));
}

TEST(distribution_checks, find_a_normal_that_poses_as_a_poisson_count) {
  const stream_id id = statistics_root.child("posing");
  const auto next = [&](std::size_t s, std::size_t first, std::span<std::int64_t> out) {
    std::vector<double> z(out.size());
    fill(shared_context(), dist::normal{1e4, 100}, id.child(s), first, z);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = std::lround(z[i]);
  };
  const auto findings = collect<std::int64_t>(poisson_law(1e4), next, n_for_controls).findings();

  EXPECT_TRUE(rejects(findings, "chi-square"));
  EXPECT_TRUE(rejects(findings, "skewness"));
}

TEST(distribution_checks, count_what_is_not_in_the_support) {
  sample_checks<double> checks(on(0, 1, uniform_law(0, 1)), 1e5, 1);
  const double samples[] = {0.5, 1, -0.0, std::nextafter(1, 2), -1e-300, std::nan(""), infinity, 0.25};

  checks.add(0, samples);

  EXPECT_EQ(checks.n_outside(), 4);
}

TEST(distribution_checks, have_the_critical_values_of_tables) {
  EXPECT_NEAR(kolmogorov_tails(1.3581).upper, 0.05, 1e-5);
  EXPECT_NEAR(kolmogorov_tails(0.5196).lower, 0.05, 1e-4);
  EXPECT_NEAR(chi_square_tails(18.307038053, 10).upper, 0.05, 1e-9);
  EXPECT_NEAR(chi_square_tails(3.940299136, 10).lower, 0.05, 1e-9);
  EXPECT_NEAR(normal_tails(-1.959963985).lower, 0.025, 1e-9);
  EXPECT_NEAR(binomial_tails(0, 10, 0.1).lower, std::pow(0.9, 10), 1e-12);
  EXPECT_NEAR(binomial_tails(1, 10, 0.1).upper, 1 - std::pow(0.9, 10), 1e-12);
}

}  // namespace
}  // namespace samebits::tests
