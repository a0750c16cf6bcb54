// The rules by which tests of distributions judge p-values, and the table of these.
//
// Seeds are fixed, so the outcome is too. The rules were set before the first run, and no seed was chosen by its
// result:
//   - all p-values of these tests together are fewer than 5,000, and each lies in [b, 1 - b], b = 1e-3 / (2 * 5,000);
//   - moments lie within 5 standard errors;
//   - no sample lies outside the support.
// SAMEBITS_DISTRIBUTION_SAMPLES sets the number of samples (1e7), SAMEBITS_DISTRIBUTION_TABLE=FILE appends the p-values
// of a run to a file.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>

#include "samebits/random.hpp"
#include "tests/statistics/distribution_checks.hpp"
#include "tests/support.hpp"

namespace samebits::tests {

inline constexpr double overall_level = 1e-3;
inline constexpr std::size_t most_p_values = 5000;
inline constexpr double least_p_value = overall_level / (2.0 * most_p_values);
inline constexpr double most_standard_errors = 5;

inline constexpr stream_id statistics_root{2026, 1121};
inline constexpr std::size_t n_streams = 4;
inline constexpr std::size_t chunk = 100'000;  // samples that are made and counted at a time

/// Of each stream: whole chunks.
inline std::size_t samples_per_stream(double share = 1) {
#if defined(SAMEBITS_TEST_ASAN) || defined(SAMEBITS_TEST_TSAN)
  const double fallback = 4e5;
#else
  const double fallback = 1e7;
#endif
  const char* const text = std::getenv("SAMEBITS_DISTRIBUTION_SAMPLES");
  const double n = share * (text != nullptr ? std::atof(text) : fallback);
  return std::max(std::size_t{1}, static_cast<std::size_t>(n / n_streams / chunk + 0.5)) * chunk;
}

inline const context& shared_context() {
  static const context ctx(context_options{"cpu", "", 1});
  return ctx;
}

// ---- the table ---------------------------------------------------------------------------------------------------

/// The p-values of this run.
class distribution_report : public testing::Environment {
 public:
  static distribution_report& get() {
    static auto* const only = new distribution_report;  // GoogleTest deletes it
    return *only;
  }

  void add(const std::string& name, std::size_t n_cells, const std::vector<finding>& findings) {
    n_p_values_ += findings.size();
    std::map<std::string, double> smallest;
    for (const finding& f : findings) {
      const double p = f.p.two_sided();
      smallest_ = std::min(smallest_, p);
      const auto [at, is_new] = smallest.try_emplace(f.kind, p);
      if (!is_new) at->second = std::min(at->second, p);
      // Those of small counts have steps.
      if (!std::string(f.kind).ends_with(" tail") && f.kind != std::string("extremes")) {
        values_[f.kind].push_back(f.p.upper);
      }
    }
    rows_ += "| " + name + " | " + (n_cells > 0 ? std::to_string(n_cells) : "") + " |";
    for (const char* const kind : kinds) {
      rows_ += " ";
      if (smallest.contains(kind)) rows_ += format(smallest.at(kind));
      rows_ += " |";
    }
    rows_ += "\n";
  }

  /// A line below the table.
  void note(const std::string& line) { notes_ += line + "\n"; }

  void TearDown() override {
    EXPECT_LT(n_p_values_, most_p_values);
    const char* const path = std::getenv("SAMEBITS_DISTRIBUTION_TABLE");
    if (path == nullptr || n_p_values_ == 0) return;
    std::string head = "| distribution | cells |";
    std::string line = "|---|---|";
    for (const char* const kind : kinds) {
      head += std::string(" ") + kind + " |";
      line += "---|";
    }
    std::ofstream file(path, std::ios::app);
    file << head << "\n"
         << line << "\n"
         << rows_ << "\n"
         << n_p_values_ << " p-values, the smallest " << smallest_ << " (two-sided; rejected below "
         << 2 * least_p_value << ").\n\n"
         << "| one check over all distributions | p-values | uniform with p |\n|---|---|---|\n";
    for (const auto& [check, values] : values_) {
      if (values.size() < 20) continue;
      file << "| " << check << " | " << values.size() << " | " << format(uniformity_tails(values).upper) << " |\n";
    }
    file << "\n" << notes_;
  }

 private:
  static constexpr const char* kinds[] = {"chi-square", "streams",     "KS",       "neighbours",
                                          "mean",       "variance",    "skewness", "lower tail",
                                          "upper tail", "tail shapes", "extremes"};

  static std::string format(double p) {
    char text[32];
    std::snprintf(text, sizeof text, p < 1e-3 ? "%.0e" : "%.3f", p);
    return text;
  }

  std::string rows_;
  std::string notes_;
  std::size_t n_p_values_ = 0;
  double smallest_ = 1;
  std::map<std::string, std::vector<double>> values_;
};
inline const testing::Environment* const registered_report =
    testing::AddGlobalTestEnvironment(&distribution_report::get());

// ---- judging -----------------------------------------------------------------------------------------------------

inline bool is_rejected(const finding& f) {
  const std::string kind = f.kind;
  const bool is_moment = kind == "mean" || kind == "variance" || kind == "skewness";
  return !(f.p.lower >= least_p_value && f.p.upper >= least_p_value) ||
         (is_moment && !(std::fabs(f.statistic) <= most_standard_errors));
}

inline void expect_no_rejection(const std::string& name, std::size_t n_cells, const std::vector<finding>& findings) {
  distribution_report::get().add(name, n_cells, findings);
  EXPECT_FALSE(findings.empty()) << name;
  for (const finding& f : findings) {
    EXPECT_FALSE(is_rejected(f)) << name << ", " << f.check << ": statistic " << f.statistic << ", P(less) "
                                 << f.p.lower << ", P(more) " << f.p.upper;
  }
}

/// Whether one of the findings of this kind speaks against the samples.
inline bool rejects(const std::vector<finding>& findings, const std::string& kind) {
  return std::any_of(findings.begin(), findings.end(),
                     [&](const finding& f) { return f.kind == kind && is_rejected(f); });
}

/// Compares the samples that next(stream, first, out) gives with a law.
template <class T, class Next>
sample_checks<T> collect(const law& expected, const Next& next, std::size_t per_stream = samples_per_stream()) {
  sample_checks<T> checks(expected, static_cast<double>(n_streams * per_stream), n_streams);
  std::vector<T> x(chunk);
  for (std::size_t s = 0; s < n_streams; ++s) {
    for (std::size_t first = 0; first < per_stream; first += chunk) {
      next(s, first, std::span<T>(x));
      checks.add(s, x);
    }
  }
  return checks;
}

}  // namespace samebits::tests
